"""Metamorphic: what may change the inputs of a formula without changing its result.

Other units of the inputs, the order in which they are made and in which they stand in the formula
change nothing; a price that is scaled scales the cost. How exact values and their texts stand
changes of unit is tested in `tests/property/test_units.py`, and that doubling is exact sample by
sample in `tests/core/test_functions.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.reading import between
from tests.engine.formula import (
    ENDS,
    OTHER_UNITS,
    UNITS,
    cost_in_dollars,
    cost_ranges,
    evaluate,
    examples,
    training_cost,
)
from tests.engine.processes import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

LEVELS = (0.0, 0.05, 0.5, 0.95, 1.0)
RANGES = cost_ranges(UNITS)
COST = cost_in_dollars(RANGES)


def ends_of(number: Quantity) -> list[float]:
    return [float(end.magnitude) for end in number.bounds()]


def linear_of(number: Quantity) -> list[float]:
    answer = number.linear(warn=False).magnitude
    return [answer.nominal_value, answer.std_dev]


ANSWERS: dict[str, Callable[[Quantity], Any]] = {
    "quantiles": lambda number: number.quantiles(*LEVELS).magnitude,
    "mean": lambda number: number.mean().magnitude,
    "central": lambda number: number.central().magnitude,
    "bounds": ends_of,
    "linear": linear_of,
    "contributions": lambda number: [row.share for row in number.contributions()],
}
each_answer = pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))


@each_answer
@pytest.mark.parametrize(
    "other",
    [cost_ranges(OTHER_UNITS), cost_ranges(UNITS, reversed(ENDS))],
    ids=["other units", "made in another order"],
)
def test_other_inputs_of_the_same_meaning(
    answer: Callable[[Quantity], Any], other: dict[str, Quantity]
) -> None:
    """Giving the fifteen inputs in other units, or making them in another order, does nothing."""
    same = cost_in_dollars(other)
    np.testing.assert_allclose(answer(same), answer(COST), rtol=1e-12, atol=1e-15)
    assert str(same) == str(COST)


SAMPLES = """
import json
import llm_economics as le
made = [le.between({}, name="named"), le.between({})]
print(json.dumps([x.to("W").samples(8).magnitude.tolist() for x in made]))
"""


def test_random_streams_do_not_depend_on_the_unit() -> None:
    """A script that quotes the same range in other units draws the same samples of it."""
    one, other = (
        json.loads(elsewhere(SAMPLES.format(ends, ends)))
        for ends in ("650, 720, 'W'", "0.65, 0.72, 'kW'")
    )
    np.testing.assert_allclose(one, other, rtol=1e-12)


def test_the_unit_of_the_result() -> None:
    """The cost in another unit is the same range, digit by digit."""
    million = COST.to("million USD")
    np.testing.assert_allclose(
        1e6 * million.quantiles(*LEVELS).magnitude, COST.quantiles(*LEVELS).magnitude, rtol=1e-14
    )
    assert million == COST
    assert (million - COST).to("USD").quantiles(0, 1).magnitude == pytest.approx([0, 0], abs=1e-7)


@pytest.mark.parametrize("method", ["lattice", "monte-carlo"])
@pytest.mark.parametrize(("factor", "rounding"), [(2.0, 0.0), (0.25, 0.0), (3.7, 1e-15)])
def test_scaling_the_prices_scales_the_cost(factor: float, rounding: float, method: Any) -> None:
    """Power at a price and machines at a price: both dearer by a factor, so is every sample."""
    dear = {name: factor * RANGES[name] for name in ("tariff", "capital")}
    scaled = cost_in_dollars({**RANGES, **dear})
    np.testing.assert_allclose(
        scaled.samples(256, method=method).magnitude,
        factor * COST.samples(256, method=method).magnitude,
        rtol=rounding,
    )
    np.testing.assert_allclose(ends_of(scaled), factor * np.array(ends_of(COST)), rtol=2e-3)
    np.testing.assert_allclose(
        linear_of(scaled), factor * np.array(linear_of(COST)), rtol=max(rounding, 1e-14)
    )


def rearranged_cost(x: dict[str, Quantity]) -> Quantity:
    """Terms and factors of the cost in another order."""
    floor, work = x["exchange"] * x["tokens"], x["tokens"] * x["parameters"] * x["flop_each"]
    time = f.maximum(floor, work / (x["utilization"] * x["peak"] * x["count"]))
    servers = 8.0 * f.ceil(x["count"] / 8.0)
    power = x["effectiveness"] * x["overhead"] * x["fraction"] * x["board"] * servers
    capital = time * x["capital"] * x["count"] / (x["use"] * x["life"])
    cost: Quantity = capital + x["tariff"] * time * power
    return cost


PLAIN = cost_ranges()
BOTH = training_cost(PLAIN), rearranged_cost(PLAIN)


@each_answer
def test_another_order_of_terms_and_factors(answer: Callable[[Quantity], Any]) -> None:
    """The same inputs in another order give the same answers, to rounding."""
    one, other = map(answer, BOTH)
    np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_another_order_gives_the_same_samples() -> None:
    """Random streams belong to inputs, not to places in a formula."""
    one, other = (number.samples(1024).magnitude for number in BOTH)
    np.testing.assert_allclose(one, other, rtol=1e-12)


@examples(0.4)
@given(st.permutations("abcd"), st.sampled_from(["+", "*"]))
def test_equal_numbers_print_alike(order: list[str], symbol: str) -> None:
    """A sum or product in any order is printed with the same digits."""
    x = {name: between(1, 3 + i, name=name) for i, name in enumerate("abcd")}
    one, other = (evaluate(f" {symbol} ".join(names), **x) for names in ("abcd", order))
    assert str(one) == str(other)
