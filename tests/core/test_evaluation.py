"""Every question about a range has an answer for exact values and arrays too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.answers import Bounds, LogLinear, Summary
from llm_economics.core.errors import RangeError
from llm_economics.core.reading import between, quantity

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

MW = quantity("5 MW")
ARRAY = quantity(np.array([1.0, 3.0]), "MW")
RANGE = between(4, 9, "MW", name="load")


def test_exact_values_answer_themselves() -> None:
    """An exact value has no spread."""
    assert list(MW.quantiles(0.1, 0.9).magnitude) == [5.0, 5.0]
    assert list(MW.samples(3).magnitude) == [5.0, 5.0, 5.0]
    assert MW.bounds() == (MW, MW)
    assert MW.linear() == MW.median() == MW.mean() == MW.central() == MW
    assert MW.log_linear() == (MW, MW, MW, 1.0, 0.9)
    assert MW.contributions() == ()
    assert MW.inputs == ()
    assert MW.interval() == (MW, MW)


def test_arrays_answer_element_by_element() -> None:
    """An array has quantiles on the first axis and samples on the last."""
    assert ARRAY.quantiles(0.1, 0.9).magnitude.tolist() == [[1.0, 3.0], [1.0, 3.0]]
    assert ARRAY.samples(2).magnitude.tolist() == [[1.0, 1.0], [3.0, 3.0]]
    assert ARRAY.mean() == quantity("2 MW")
    with pytest.raises(RangeError, match="probabilities between 0 and 1"):
        ARRAY.quantiles(5)


def test_arrays_of_ranges() -> None:
    """A range times an array has one answer per element."""
    product = RANGE * np.array([1.0, 2.0])
    np.testing.assert_allclose(product.central().magnitude, [6.0, 12.0])
    np.testing.assert_allclose(product.median().magnitude, [6.0, 12.0], rtol=1e-3)
    assert product.mean().magnitude.shape == (2,)
    assert (product - product).central().magnitude.tolist() == [0.0, 0.0]
    assert product.interval()[0].magnitude.shape == (2,)


def test_ranges() -> None:
    """Median, mean and central case are three things, each with its name."""
    assert RANGE.number("MW") == pytest.approx(6.0, rel=1e-3)
    spread = math.log(9 / 4) / (2 * 1.6448536)
    assert RANGE.mean().magnitude == pytest.approx(6 * math.exp(spread**2 / 2), rel=1e-3)
    two = RANGE + between(4, 9, "MW")
    assert two.central() == quantity("12 MW")
    assert two.median() > two.central()
    low, high = RANGE.interval(0.9)
    assert (low.magnitude, high.magnitude) == pytest.approx((4, 9), rel=1e-3)
    assert RANGE.inputs == ("load",)


def test_answers_say_what_they_are() -> None:
    """Texts of answers carry unit, kind and level."""
    assert isinstance(RANGE.bounds(), Bounds)
    assert (
        str(RANGE.bounds()) == "4 .. 9 MW (guaranteed while every input stays in its quoted range)"
    )
    assert isinstance(RANGE.log_linear(), LogLinear)
    assert str(RANGE.log_linear()) == "6 [4 – 9] MW (log-linear, 90 %)"
    assert isinstance(RANGE.summary(), Summary)
    assert str(RANGE.summary()) == "6 [4 – 9] MW (median, 90 %)"
    assert str(RANGE.summary(0.5)).endswith("MW (median, 50 %)")
    assert RANGE.summary().points == 2**14
    assert str(between(1, 2).bounds()).startswith("1 .. 2 (guaranteed")
    assert str(MW.summary()) == "5 [5 – 5] MW (median, 90 %)"


@pytest.mark.parametrize(
    "ask",
    [
        lambda q: q.quantiles(0.05, 0.5),
        lambda q: q.samples(10),
        lambda q: q.median(),
        lambda q: q.mean(),
        lambda q: q.central(),
        lambda q: q.linear(warn=False),
        lambda q: q.bounds().low,
        lambda q: q.log_linear().high,
        lambda q: q.interval()[0],
    ],
    ids=str,
)
def test_answers_do_not_depend_on_the_unit(ask: Callable[[Quantity], Any]) -> None:
    """Asking in kilowatts gives the same as asking in megawatts."""
    for value in (RANGE, MW, RANGE * between(1, 2)):
        there = ask(value.to("kW")).to("MW").magnitude
        here = ask(value).magnitude
        if hasattr(here, "nominal_value"):
            here, there = here.nominal_value, there.nominal_value
        np.testing.assert_allclose(there, here, rtol=1e-9)


def test_levels_widen() -> None:
    """A higher level gives wider ends."""
    wide, narrow = RANGE.log_linear(0.99), RANGE.log_linear(0.5)
    assert wide.low < narrow.low < narrow.high < wide.high
