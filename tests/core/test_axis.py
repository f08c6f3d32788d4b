"""An axis: made from whatever a person would type, and usable in place of a value."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.axis import axis
from llm_economics.core.errors import DimensionError, NotationError, RangeError
from llm_economics.core.reading import between, quantity
from llm_economics.core.uncertain.axes import Swept

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity


def swept(made: Quantity) -> tuple[Swept, str]:
    """What an axis runs through, and its unit."""
    distribution: Swept = made.magnitude.payload.distribution
    assert made.magnitude.payload.unit == made.unit_text
    return distribution, made.unit_text


@pytest.mark.parametrize(
    ("given", "values", "unit"),
    [
        ((0.03, 0.20, 200, "USD/kWh"), Swept(0.03, 0.2, 200), "USD/kWh"),
        ((0.03, 0.20, 200.0), Swept(0.03, 0.2, 200), ""),
        (("0.03 USD/kWh", "0.20 USD/kWh", 5), Swept(0.03, 0.2, 5), "USD/kWh"),
        ((3, "5 MW", 5), Swept(3.0, 5.0, 5), "MW"),
        ((quantity("3 MW"), 5, 5), Swept(3.0, 5.0, 5), "MW"),
        (("3000 kW", "5 MW", 5), Swept(3.0, 5.0, 5), "MW"),
        (("3 MW", "5 MW", 5, "kW"), Swept(3000.0, 5000.0, 5), "kW"),
        (([0.3, 0.4, 0.5],), Swept.through([0.3, 0.4, 0.5]), ""),
        (([30, 40], None, None, "%"), Swept.through([30.0, 40.0]), "%"),
        (((8, 16, 64),), Swept.through([8.0, 16.0, 64.0]), ""),
        ((np.array([1, 2]),), Swept.through([1.0, 2.0]), ""),
        ((quantity(np.array([1.0, 2.0]), "MW"),), Swept.through([1.0, 2.0]), "MW"),
        ((["1 MW", "2000 kW"],), Swept.through([1.0, 2.0]), "MW"),
        (([quantity("1 MW")],), Swept.through([1.0]), "MW"),
    ],
    ids=range(14),
)
def test_made_from(given: tuple[Any, ...], values: Swept, unit: str) -> None:
    """Two ends and a number, or the values, as numbers, texts or quantities."""
    assert swept(axis(*given)) == (values, unit)


def test_labels() -> None:
    """Spacing, name and source are kept; two axes are two inputs."""
    made = axis(1, 100, 3, "MW", spacing="log", name="load", source="assumed")
    assert swept(made)[0] == Swept(1.0, 100.0, 3, "log")
    variable = made.magnitude.payload
    assert (variable.name, variable.source) == ("load", "assumed")
    assert made.inputs == ("load",)
    assert axis([1, 2]) != axis([1, 2])
    assert axis([1, 2], None, None, "MW").inputs == ("1–2 MW",)


def test_calculates_like_a_value() -> None:
    """It cancels against itself, has bounds, and is itself after a pickle."""
    load = axis(10, 30, 3, "kW", name="load")
    assert (load - load).bounds().low.magnitude == 0.0
    product = (load * between(1, 2, "hour")).to("kWh")
    assert [end.magnitude for end in product.bounds()] == pytest.approx([10.0, 60.0])
    assert pickle.loads(pickle.dumps(product)) == product


def test_it_has_no_quantiles() -> None:
    """Whoever asks how likely a value is, is told to sweep."""
    for ask in ("median", "mean", "central", "interval", "summary", "linear", "contributions"):
        product = axis(10, 30, 3, "kW") * between(1, 2, "hour")
        with pytest.raises(RangeError, match=r"is swept: use .sweep\(\)"):
            getattr(product, ask)()


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ((1,), RangeError, "one value is no axis; got 1"),
        (("3 MW",), RangeError, "one value is no axis; got '3 MW'"),
        ((1, 2), RangeError, "needs both ends and the number of values"),
        ((1, None, 5), RangeError, "needs both ends and the number of values"),
        (([1, 2], 3, 5), RangeError, "needs both ends and the number of values"),
        (([],), RangeError, "needs one value or more"),
        ((1, 2, 1), RangeError, "count must be a whole number from 2"),
        (("3 MW", "5 MWh", 5), DimensionError, "needs energy|needs power"),
        (([1, 2], None, None, "kWH"), NotationError, "kWH"),
        (("2-3 MW", "5 MW", 5), NotationError, "one number; got the range"),
        ((float("nan"), 1, 5), RangeError, "finite"),
        (([1, "x"],), NotationError, "x"),
    ],
    ids=range(12),
)
def test_refusals(given: tuple[Any, ...], error: type[Exception], message: str) -> None:
    """What is no axis is refused, with what to write."""
    with pytest.raises(error, match=message):
        axis(*given)


def test_a_list_has_its_own_spacing() -> None:
    """Spacing belongs to two ends."""
    with pytest.raises(RangeError, match="spacing; got 'log'"):
        axis([1, 2], spacing="log")
