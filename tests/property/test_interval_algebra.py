"""What holds for every interval: images contain values, bounds contain samples and sub-boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.reading import uniform
from llm_economics.core.uncertain.operations import OPERATIONS, hull, multiply_intervals, outward
from llm_economics.core.uncertain.program import compile_program

ends = st.floats(-50, 50).map(lambda x: round(x, 3))
positive = st.floats(0.1, 50).map(lambda x: round(x, 3))


@st.composite
def intervals(draw: st.DrawFn, end: st.SearchStrategy[float] = ends) -> tuple[float, float]:
    first, second = draw(end), draw(end)
    return min(first, second), max(first, second)


# Formulas of two inputs above zero; all operations, turns, steps and choices.
leaves = st.sampled_from([lambda x, _y: x, lambda _x, y: y, lambda _x, _y: 3.0, lambda x, _y: -x])
formulas: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: lambda x, y: a(x, y) + b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: a(x, y) - b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: a(x, y) * b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: a(x, y) / (1 + abs(b(x, y))), inner, inner),
        st.builds(lambda a, b: lambda x, y: f.maximum(a(x, y), b(x, y)), inner, inner),
        st.builds(lambda a, b: lambda x, y: f.minimum(a(x, y), b(x, y)), inner, inner),
        st.builds(lambda a: lambda x, y: f.ceil(a(x, y)), inner),
        st.builds(lambda a: lambda x, y: f.floor(a(x, y)), inner),
        st.builds(lambda a: lambda x, y: f.sqrt(abs(a(x, y))), inner),
        st.builds(lambda a: lambda x, y: a(x, y) ** 2, inner),
        st.builds(lambda a: lambda x, y: f.exp(f.minimum(a(x, y), 3.0)), inner),
        st.builds(lambda a: lambda x, y: f.log(1 + abs(a(x, y))), inner),
        st.builds(
            lambda a, b, c: lambda x, y: f.where(f.less(a(x, y), b(x, y)), b(x, y), c(x, y)),
            inner,
            inner,
            inner,
        ),
    ),
    max_leaves=6,
)


@given(intervals(), intervals(), st.floats(0, 1), st.floats(0, 1))
def test_products_are_inside(
    a: tuple[float, float], b: tuple[float, float], u: float, v: float
) -> None:
    """Every number of one times every number of the other is in the product."""
    low, high = outward(multiply_intervals(a, b))
    x, y = a[0] + u * (a[1] - a[0]), b[0] + v * (b[1] - b[0])
    x, y = min(max(x, a[0]), a[1]), min(max(y, b[0]), b[1])
    assert low <= x * y <= high


@given(intervals(), intervals())
def test_products_commute(a: tuple[float, float], b: tuple[float, float]) -> None:
    """The order of factors does not matter."""
    assert multiply_intervals(a, b) == multiply_intervals(b, a)


@given(intervals(), intervals(), intervals())
def test_hulls_grow(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> None:
    """The hull of more is never smaller, and holds each."""
    two, three = hull(a, b), hull(hull(a, b), c)
    assert three[0] <= two[0] <= min(a[0], b[0])
    assert max(a[1], b[1]) <= two[1] <= three[1]


@given(intervals(), intervals(), st.sampled_from(["add", "subtract", "multiply", "maximum"]))
def test_images_grow_with_their_arguments(
    a: tuple[float, float], b: tuple[float, float], name: str
) -> None:
    """The image of a part is inside the image of the whole."""
    middle = (a[0] + a[1]) / 2
    part = OPERATIONS[name].interval((a[0], middle), b)
    whole = OPERATIONS[name].interval(a, b)
    assert whole[0] <= part[0]
    assert part[1] <= whole[1]


def ends_of(number: Any) -> tuple[float, float]:
    low, high = number.bounds()
    return float(low.magnitude), float(high.magnitude)


@given(formulas, positive, positive, st.floats(1.1, 4), st.floats(1.1, 4))
def test_bounds_hold_every_sample(
    formula: Any, x0: float, y0: float, wide_x: float, wide_y: float
) -> None:
    """Whatever the formula: no point of the box has a value outside the bounds."""
    x, y = uniform(x0, x0 * wide_x), uniform(y0, y0 * wide_y)
    number = formula(x, y) + 0.0 * x
    low, high = ends_of(number)
    program = compile_program(number.magnitude)
    sides = [np.array(v.distribution.quoted) for v in program.variables]
    grid = np.meshgrid(*(np.linspace(side[0], side[1], 33) for side in sides))
    values = np.asarray(program.run([axis.ravel() for axis in grid]))
    slack = 1e-12 * max(abs(low), abs(high), 1.0)
    assert low - slack <= values.min()
    assert values.max() <= high + slack


@given(formulas, positive, st.floats(1.1, 4), st.floats(0.1, 0.9))
def test_bounds_of_a_smaller_box_are_inside(
    formula: Any, x0: float, wide: float, share: float
) -> None:
    """Knowing an input better never widens the bounds by more than their tolerance."""
    whole = uniform(x0, x0 * wide)
    part = uniform(x0, x0 * (1 + share * (wide - 1)))
    outer = ends_of(formula(whole, 2.0) + 0.0 * whole)
    inner = ends_of(formula(part, 2.0) + 0.0 * part)
    slack = 1.01e-3 * max(abs(x) for x in (*outer, 1e-6))
    assert outer[0] - slack <= inner[0]
    assert inner[1] <= outer[1] + slack
