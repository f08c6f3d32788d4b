"""What holds for every unit: a change of unit changes nothing, and dimensions are never mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pint
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_economics.core.errors import DimensionError
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import ureg

UNITS = {
    "power": ["W", "kW", "MW", "GWh/year", "J/day"],
    "energy": ["J", "kWh", "MWh", "GW*day"],
    "time": ["s", "minute", "hour", "day", "month", "year"],
    "money": ["USD", "MUSD", "thousand USD", "billion USD"],
    "euros": ["EUR", "MEUR"],
    "information": ["byte", "bit", "GB", "GiB"],
    "tokens": ["token", "Mtoken", "trillion token"],
    "requests": ["request", "thousand request"],
    "counts": ["accelerator", "kaccelerator"],
    "intensity": ["gCO2e/kWh", "tCO2e/GWh"],
    "share": ["", "percent"],
}
units = st.sampled_from(sorted(UNITS)).flatmap(lambda kind: st.sampled_from(UNITS[kind]))
pairs = st.sampled_from(sorted(UNITS)).flatmap(
    lambda kind: st.tuples(*[st.sampled_from(UNITS[kind])] * 2)
)
numbers = st.floats(1e-6, 1e6)
THEIRS: Any = pint.UnitRegistry()  # noqa: TID251 - a user's own


@given(numbers, pairs)
def test_conversion_there_and_back(number: float, pair: tuple[str, str]) -> None:
    """A quantity converted to another unit and back is equal, and hashes alike."""
    one = quantity(number, pair[0])
    other = one.to(pair[1])
    assert other.to(pair[0]).magnitude == pytest.approx(number, rel=1e-12)
    assert one == other
    assert hash(one) == hash(other)


@given(numbers, st.floats(1.1, 50), pairs)
def test_ranges_do_not_depend_on_the_unit(low: float, ratio: float, pair: tuple[str, str]) -> None:
    """Quantiles and bounds in one unit are those in another, and the range is equal."""
    one = between(low, low * ratio, pair[0])
    other = one.to(pair[1])
    assert one == other
    assert hash(one) == hash(other)
    for ask in (lambda q: q.quantiles(0.05, 0.95, points=128), lambda q: q.bounds().high):
        np.testing.assert_allclose(ask(other).to(pair[0]).magnitude, ask(one).magnitude, rtol=1e-11)


@given(numbers, numbers, pairs, pairs)
def test_products_do_not_depend_on_the_units(
    x: float, y: float, of_x: tuple[str, str], of_y: tuple[str, str]
) -> None:
    """Changing the units of the factors does not change the product."""
    first, second = quantity(x, of_x[0]), quantity(y, of_y[0])
    one = first * second
    other = first.to(of_x[1]) * second.to(of_y[1])
    assert other.to(one.units).magnitude == pytest.approx(one.magnitude, rel=1e-12)


@given(numbers, numbers, units, units)
def test_sums_need_one_dimension(x: float, y: float, of_x: str, of_y: str) -> None:
    """Unlike dimensions never add up, on either side."""
    first, second = quantity(x, of_x), quantity(y, of_y)
    assume(first.dimensionality != second.dimensionality)
    for left, right in ((first, second), (second, first)):
        with pytest.raises(DimensionError, match="needs"):
            left + right


@given(numbers, st.sampled_from(["W", "kW", "hour", "GB", "kg", "m", "horsepower", "mile/hour"]))
def test_foreign_quantities_are_equal(number: float, unit: str) -> None:
    """A foreign quantity read by us is the same amount in SI units."""
    foreign = THEIRS.Quantity(number, unit)
    ours = quantity(foreign)
    assume(unit != "GB")
    root = foreign.to_root_units()
    assert ours.to(f"{root.units:D}").magnitude == pytest.approx(root.magnitude, rel=1e-12)


@given(numbers, units)
def test_texts_come_back(number: float, unit: str) -> None:
    """What is printed with all digits can be read again."""
    value = ureg.Quantity(number, unit)
    assert quantity(f"{number!r} {value.unit_text}".strip()) == value
