"""Containment: nothing that the inputs can do inside their quoted ranges lies outside `bounds()`.

For the cost of fifteen inputs, samples clipped to the quoted ranges and all 2**15 corners are
tested in `tests/core/uncertain/test_bounds.py`; for random formulas a grid, its corners, and
smaller boxes in `tests/property/test_interval_algebra.py`. Here: boxes inside boxes, and samples
of every shape of range.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.reading import alternatives, between, mixture, most_likely, uniform
from llm_economics.core.uncertain.bounds import TOLERANCE
from llm_economics.core.uncertain.program import compile_program
from tests.engine.formula import (
    CHOICES,
    ENDS,
    SIGNED,
    STEPS,
    evaluate,
    formulas,
    training_cost,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

SHAPES: dict[str, Callable[[float], Quantity]] = {
    "log-normal": lambda low: between(low, 3 * low, shape="log-normal"),
    "normal": lambda low: between(low, 3 * low, shape="normal"),
    "uniform": lambda low: uniform(low, 3 * low),
    "log-uniform": lambda low: between(low, 3 * low, shape="log-uniform"),
    "PERT": lambda low: most_likely(low, 2 * low, 4 * low),
    "discrete": lambda low: alternatives([low, 2 * low, 5 * low]),
    "mixture": lambda low: mixture(between(low, 2 * low), uniform(3 * low, 4 * low)),
}
shapes = st.sampled_from(sorted(SHAPES))


def ends_of(number: Any) -> tuple[float, float]:
    low, high = number.bounds()
    return float(low.magnitude), float(high.magnitude)


def assert_inside(inner: tuple[float, float], outer: tuple[float, float]) -> None:
    """An end may be outside the truth by the tolerance, so it may pass another by as much."""
    slack = 1.01 * TOLERANCE * max(map(abs, (*inner, *outer, 1e-6)))
    assert outer[0] - slack <= inner[0]
    assert inner[1] <= outer[1] + slack


def clipped(number: Any, size: int = 512) -> Any:
    """Values at samples of the inputs, put to the nearest end where they lie outside."""
    program = compile_program(number.magnitude)
    u = np.random.default_rng(2).uniform(1e-12, 1.0, (len(program.variables), size))
    inputs = [
        np.clip(v.distribution.quantile(row), *v.distribution.quoted)
        for v, row in zip(program.variables, u, strict=True)
    ]
    return np.asarray(program.run(inputs))


@pytest.mark.parametrize("towards", [0.0, 0.3, 1.0])
def test_boxes_of_the_cost_inside_each_other(towards: float) -> None:
    """Knowing all fifteen inputs better never widens the bounds, and again, down to a point."""
    outer = (-np.inf, np.inf)
    for share in (1.0, 0.6, 0.2, 1e-6):
        inputs = {}
        for name, (low, high, _) in ENDS.items():
            start = low + towards * (1 - share) * (high - low)
            inputs[name] = between(start, start + share * (high - low), name=name, shape="uniform")
        inner = ends_of(training_cost(inputs))
        assert outer[0] * (1 - 1.01 * TOLERANCE) <= inner[0] <= inner[1]
        assert inner[1] <= outer[1] * (1 + 1.01 * TOLERANCE)
        outer = inner
    assert outer[1] / outer[0] < 1.01


random_formulas = formulas(*SIGNED, *CHOICES, *STEPS, leaves=("x", "y", "3.0"), size=6)
shares = st.tuples(st.floats(0.05, 1), st.floats(0, 1))


@given(random_formulas, st.floats(0.1, 50), st.floats(1.1, 4), shares, shares)
def test_boxes_of_random_formulas_inside_each_other(
    text: str, low: float, ratio: float, first: tuple[float, float], second: tuple[float, float]
) -> None:
    """The bounds of a part of a part are inside those of the part, and these in the whole's."""
    box, outer = (low, low * ratio), None
    for width, place in ((1.0, 0.0), first, second):
        length = width * (box[1] - box[0])
        start = box[0] + place * (box[1] - box[0] - length)
        box = start, max(start + length, start * (1 + 1e-9))
        x, y = between(*box, shape="uniform"), between(2, 3, shape="uniform")
        number = evaluate(text, x=x, y=y) + 0.0 * x
        inner = ends_of(number)
        drawn = clipped(number, 64)
        for ends in (inner, outer or inner):
            assert_inside((float(drawn.min()), float(drawn.max())), ends)
            assert_inside(inner, ends)
        outer = inner


@given(random_formulas, shapes, shapes, st.floats(0.1, 50))
def test_samples_of_every_shape_are_inside(text: str, one: str, other: str, low: float) -> None:
    """Samples clipped to the quoted ranges give no value outside, not even by rounding."""
    x, y = SHAPES[one](low), SHAPES[other](2.0)
    number = evaluate(text, x=x, y=y) + 0.0 * x
    low_end, high_end = ends_of(number)
    drawn = clipped(number)
    assert low_end <= drawn.min()
    assert drawn.max() <= high_end
