"""The laws of slopes over boxes, from which `bounds()` knows in which direction an input acts.

1. Mean value: between any two points of a box, the difference of an operation's values lies in
   the sum of slope times step. So too for a whole formula, with its steps, turns and choices.
2. The derivative at a point of a box lies in the slopes over the box.
3. Inclusion: the slopes over a part of a box lie in those over the box.
4. Rounding: image and slopes hold what exact arithmetic finds, not only its float.
5. Slopes of one sign mean that the formula is monotone in that input.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.reading import uniform
from llm_economics.core.uncertain.operations import OPERATIONS, multiply_intervals
from llm_economics.core.uncertain.program import Program, compile_program
from tests.engine.formula import CHOICES, SIGNED, STEPS, evaluate, examples, formulas
from tests.property.test_interval_algebra import (
    ULP,
    arguments,
    assert_in,
    each_operation,
    inside,
    part,
    point,
    shares,
)

if TYPE_CHECKING:
    from llm_economics.core.uncertain.operations import Interval


def slopes_of(name: str, inner: tuple[Interval, ...]) -> tuple[Interval, ...]:
    """Slopes by each argument; the exponent of a power is fixed, and no one asks for its slope."""
    operation = OPERATIONS[name]
    slopes = operation.interval_partials(operation.interval(*inner), *inner)
    assert all(low <= high for low, high in slopes)
    return slopes[:1] if name == "power" else slopes


def sloping(name: str) -> st.SearchStrategy[tuple[Interval, ...]]:
    """Draw arguments of an operation; the power 0 is a constant, which is tested with graphs."""
    drawn = arguments(name)
    return drawn.filter(lambda inner: inner[1][0] != 0) if name == "power" else drawn


def total(slopes: Any, steps: Any) -> tuple[Interval, float]:
    """Sum of slope times step, and the size of its largest part."""
    parts = [multiply_intervals(s, point(h)) for s, h in zip(slopes, steps, strict=True)]
    finite = [abs(float(end)) for part_ in parts for end in part_ if np.isfinite(end)]
    with np.errstate(invalid="ignore"):
        low, high = (sum((p[side] for p in parts), start=np.float64(0.0)) for side in (0, 1))
    # Infinity less infinity could be anything.
    low, high = (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)
    return (low, high), max(finite, default=0.0)


@each_operation
@examples(0.5)
@given(st.data())
def test_1_mean_value_of_an_operation(name: str, data: st.DataObject) -> None:
    """All arguments may move at once."""
    inner = data.draw(sloping(name))
    one, other = ([inside(box, data.draw(shares)) for box in inner] for _ in range(2))
    function = OPERATIONS[name].function
    before, after = function(*one), function(*other)
    slopes = slopes_of(name, inner)
    steps = [b - a for a, b in zip(one, other, strict=True)]
    found, largest = total(slopes, steps[: len(slopes)])
    assert_in(after - before, found, 32 * ULP * max(abs(before), abs(after), largest))


@each_operation
@examples(0.5)
@given(st.data())
def test_2_derivative_of_an_operation(name: str, data: st.DataObject) -> None:
    """The slopes of the backward sweep lie in those over the box."""
    inner = data.draw(sloping(name))
    values = [inside(box, data.draw(shares)) for box in inner]
    assume(name != "absolute" or values[0] != 0)  # a kink has no derivative
    operation = OPERATIONS[name]
    with np.errstate(divide="ignore"):
        derivatives = operation.partials(operation.function(*values), *values)
    for derivative, slope in zip(derivatives, slopes_of(name, inner), strict=False):
        assert_in(derivative, slope, 16 * ULP * abs(np.nan_to_num(derivative, posinf=0.0)))


@each_operation
@examples(0.5)
@given(st.data())
def test_3_inclusion(name: str, data: st.DataObject) -> None:
    """A smaller box has no steeper slopes."""
    whole = data.draw(sloping(name))
    parts = tuple(part(box, data.draw(shares), data.draw(shares)) for box in whole)
    assume(name != "absolute" or parts[0] != (0, 0))  # a kink has no slope
    for inner, outer in zip(slopes_of(name, parts), slopes_of(name, whole), strict=True):
        slack = 32 * ULP * max((abs(end) for end in outer if np.isfinite(end)), default=0.0)
        assert_in(tuple(np.float64(end) for end in inner), outer, slack)


# -- formulas --------------------------------------------------------------------------------------

random_formulas = formulas(*SIGNED, *CHOICES, *STEPS, leaves=("x", "y", "3.0", "(-x)"), size=7)
Places: TypeAlias = tuple[float | None, ...]
places = st.tuples(shares, shares)
sides = st.tuples(st.floats(0.1, 20), st.floats(1.0, 4)).map(
    lambda pair: (np.float64(pair[0]), np.float64(pair[0] * pair[1]))
)


def program_of(text: str) -> Program:
    """Program of a formula of x and y, in this order."""
    x, y = uniform(1, 2, name="x"), uniform(1, 2, name="y")
    return compile_program((0.0 * x + 0.0 * y + evaluate(text, x=x, y=y, **CONSTANTS)).magnitude)


@examples(3)
@given(random_formulas, sides, sides, st.tuples(shares, shares), st.tuples(shares, shares))
def test_1_mean_value_of_a_formula(
    text: str,
    x: Interval,
    y: Interval,
    one: tuple[float | None, ...],
    other: tuple[float | None, ...],
) -> None:
    """Whatever a formula is made of, its slopes hold each difference of its values."""
    program, box = program_of(text), (x, y)
    start, end = ([inside(s, u) for s, u in zip(box, u, strict=True)] for u in (one, other))
    traces = program.trace(start), program.trace(end)
    found, largest = total(
        program.interval_gradient(box)[1], [b - a for a, b in zip(start, end, strict=True)]
    )
    # Terms that cancel leave their rounding.
    rounding = max(largest, *(abs(float(v)) for trace in traces for v in trace))
    assert_in(float(traces[1][-1]) - float(traces[0][-1]), found, 128 * ULP * rounding)


@examples(2)
@given(random_formulas, sides, sides, places)
def test_2_derivative_of_a_formula(text: str, x: Interval, y: Interval, at: Places) -> None:
    """The gradient at a point lies in the slopes over the box."""
    program, box = program_of(text), (x, y)
    point_ = [float(inside(s, u)) for s, u in zip(box, at, strict=True)]
    gradient = program.gradient(point_)[1]
    steepest = max(1.0, *map(abs, gradient), *(abs(float(v)) for v in program.trace(point_)))
    for derivative, slope in zip(gradient, program.interval_gradient(box)[1], strict=True):
        assert_in(derivative, slope, 1e-12 * steepest)


@given(random_formulas, sides, sides)
def test_5_one_sign_is_one_direction(text: str, x: Interval, y: Interval) -> None:
    """An input that acts in one direction has its extremes at its ends, whatever the other."""
    program = program_of(text)
    low, high = program.interval_gradient((x, y))[1][0]
    across = np.linspace(*y, 5)
    values = [np.asarray(program.run([np.full(5, u), across])) for u in np.linspace(*x, 9)]
    rounding = 1e-12 * max(1.0, *(np.abs(v).max() for v in values))
    differences = np.diff(values, axis=0)
    if low >= 0:
        assert differences.min() >= -rounding
    if high <= 0:
        assert differences.max() <= rounding


# What fractions can compute exactly; the letters stand for floats that are not short in binary.
CONSTANTS = {"a": 0.1, "b": 0.2, "c": 0.7}
RATIONAL = ("({} + {})", "({} - {})", "({} * {})", "({} / c)", "({} / (({}) ** 2 + a))")
exact_formulas = formulas(*RATIONAL, leaves=("x", "y", "a", "(b * x)", "(c * x)"), size=8)


@examples(3)
@given(exact_formulas, sides, sides, shares, shares)
def test_4_slopes_hold_in_exact_arithmetic(
    text: str, x: Interval, y: Interval, u: float | None, v: float | None
) -> None:
    """Values and difference quotients in fractions lie in image and slopes, without any slack."""
    program = program_of(text)
    image, slopes = program.interval_gradient((x, point(y[0])))
    exact = {name: Fraction(value) for name, value in CONSTANTS.items()}
    at = [Fraction(float(inside(x, share))) for share in (u, v)]
    one, other = (evaluate(text, x=place, y=Fraction(float(y[0])), **exact) for place in at)
    assert_exactly_in(one, image)
    if at[0] != at[1]:
        assert_exactly_in((one - other) / (at[0] - at[1]), slopes[0])


def assert_exactly_in(value: Fraction, box: Interval) -> None:
    low, high = (Fraction(float(end)) for end in box)
    assert low <= value <= high


def test_4_the_smallest_sum_of_slopes() -> None:
    """The slope of 0.1 x + 0.2 x is no float; its slopes are the two floats around it."""
    box = np.float64(-1000.0), np.float64(-1.0)
    slopes = program_of("a * x + b * x").interval_gradient((box, point(1.0)))[1]
    assert_exactly_in(Fraction(0.1) + Fraction(0.2), slopes[0])


def test_4_bounds_are_true_where_slopes_cancel() -> None:
    """Where slopes cancel but for rounding, bounds still hold each value in exact arithmetic."""
    a, b, c = 0.8250608764154556, 0.05260157516164069, 0.8776624515770962
    x = uniform(-1000, -1)
    low, high = (float(end.magnitude) for end in ((a * x + b * x) - c * x).bounds())
    slope = Fraction(a) + Fraction(b) - Fraction(c)
    for end in (-1000, -1):
        assert_exactly_in(slope * end, (low, high))


def test_a_kink_has_slopes_in_order() -> None:
    """At the kink itself the slopes are still an interval, lower end first."""
    slopes_of("absolute", (point(0.0),))


def test_slopes_of_what_has_no_bounds() -> None:
    """A quotient by what reaches zero has no slopes either, and says which input."""
    with pytest.raises(RangeError, match=r"reaches zero.*depends on 'x'$"):
        program_of("y / (x - 1.5)").interval_gradient((point(1.5), point(1.0)))
