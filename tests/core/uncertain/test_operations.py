"""The four meanings of an operation agree: value, derivative, image of a box, slopes over a box."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.operations import OPERATIONS, hull, multiply_intervals, outward

Box = tuple[tuple[float, float], ...]
Array = np.ndarray[Any, Any]

# Boxes on which each operation is smooth enough for a difference quotient, arguments in order.
POSITIVE = ((0.5, 2.0), (3.0, 4.5))
BOXES: dict[str, list[Box]] = {
    "add": [POSITIVE, ((-1.0, 2.0), (-3.0, -2.0))],
    "subtract": [POSITIVE, ((-1.0, 2.0), (-3.0, 2.0))],
    "multiply": [POSITIVE, ((-1.0, 2.0), (-3.0, 2.0)), ((-2.0, -1.0), (-3.0, 0.0))],
    "divide": [POSITIVE, ((-1.0, 2.0), (-3.0, -0.5))],
    "negative": [((-1.0, 2.0),)],
    "absolute": [((-1.0, 2.0),), ((1.0, 2.0),), ((-2.0, -1.0),)],
    "maximum": [POSITIVE, ((-1.0, 3.0), (0.0, 2.0)), ((3.0, 4.0), (1.0, 2.0))],
    "minimum": [POSITIVE, ((-1.0, 3.0), (0.0, 2.0)), ((3.0, 4.0), (1.0, 2.0))],
    "ceil": [((-1.2, 2.7),)],
    "floor": [((-1.2, 2.7),)],
    "exp": [((-1.0, 2.0),)],
    "log": [((0.5, 2.0),)],
    "sqrt": [((0.5, 2.0),), ((0.0, 2.0),)],
    "less": [POSITIVE, ((-1.0, 3.0), (0.0, 2.0))],
}
POWERS = [
    (2.0, (-1.0, 2.0)),
    (3.0, (-1.0, 2.0)),
    (0.5, (0.0, 2.0)),
    (0.5, (0.5, 2.0)),
    (1.0, (-1.0, 2.0)),
    (1.5, (0.0, 2.0)),
    (-1.0, (0.5, 2.0)),
    (-2.0, (-2.0, -0.5)),
    (-0.5, (0.5, 2.0)),
]
CASES: list[tuple[str, Box, tuple[float, ...]]] = [
    *((name, box, ()) for name, boxes in BOXES.items() for box in boxes),
    *(("power", (side,), (exponent,)) for exponent, side in POWERS),
]
each_case = pytest.mark.parametrize(
    ("name", "box", "fixed"), CASES, ids=[f"{name} {box} {fixed}" for name, box, fixed in CASES]
)


def grid(box: Box, count: int = 13) -> list[Array]:
    """Return points of a box, one array per argument."""
    sides = [np.linspace(low, high, count) for low, high in box]
    return [axis.ravel() for axis in np.meshgrid(*sides)]


def intervals(box: Box, fixed: tuple[float, ...] = ()) -> list[tuple[Any, Any]]:
    ends = [*box, *((x, x) for x in fixed)]
    return [(np.float64(low), np.float64(high)) for low, high in ends]


@each_case
def test_image_holds_every_value(name: str, box: Box, fixed: tuple[float, ...]) -> None:
    """No point of the box has a value outside the image, and the image is no wider than that."""
    low, high = OPERATIONS[name].interval(*intervals(box, fixed))
    values = OPERATIONS[name].function(*grid(box), *fixed)
    assert low <= values.min()
    assert values.max() <= high
    assert high - low <= (values.max() - values.min()) * (1 + 1e-9) + 1e-9


@each_case
def test_slopes_hold_every_difference_quotient(
    name: str, box: Box, fixed: tuple[float, ...]
) -> None:
    """Between any two points that differ in one argument, the slope is inside the slopes."""
    operation, inner = OPERATIONS[name], intervals(box, fixed)
    slopes = operation.interval_partials(operation.interval(*inner), *inner)
    for place, side in enumerate(box):
        low, high = slopes[place]
        for start, end in itertools.combinations(np.linspace(*side, 7), 2):
            before, after = (
                operation.function(*with_argument(grid(box, 5), place, x), *fixed)
                for x in (start, end)
            )
            quotient = (after - before) / (end - start)
            assert np.all((low - 1e-9 <= quotient) & (quotient <= high + 1e-9))


def with_argument(points: list[Array], place: int, value: float) -> list[Array]:
    return [np.full_like(x, value) if i == place else x for i, x in enumerate(points)]


@pytest.mark.parametrize("name", sorted(set(BOXES) - {"ceil", "floor", "less"}))
def test_derivative_is_the_limit_of_difference_quotients(name: str) -> None:
    """The partial derivatives at a point agree with small steps."""
    operation, step = OPERATIONS[name], 1e-6
    point = [1.3, 3.7][: operation.arity]
    slopes = operation.partials(operation.function(*point), *point)
    for place, slope in enumerate(slopes):
        up, down = ([*point] for _ in range(2))
        up[place] += step
        down[place] -= step
        quotient = (operation.function(*up) - operation.function(*down)) / (2 * step)
        assert float(slope) == pytest.approx(float(quotient), rel=1e-6)


def test_derivative_of_steps_is_that_of_the_ramp() -> None:
    """A first-order answer about whole servers uses the ramp under the stairs."""
    assert OPERATIONS["ceil"].partials(4.0, 3.2) == (1.0,)
    assert OPERATIONS["floor"].partials(3.0, 3.2) == (1.0,)
    assert OPERATIONS["less"].partials(1.0, 3.0, 4.0) == (0.0, 0.0)


def test_derivative_of_a_power() -> None:
    """The exponent is fixed, so only the base has a slope."""
    assert OPERATIONS["power"].partials(8.0, 2.0, 3.0) == (12.0, 0.0)


@pytest.mark.parametrize(
    ("condition", "image", "slopes"),
    [
        ((1.0, 1.0), (2.0, 3.0), [(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)]),
        ((-2.0, -1.0), (2.0, 3.0), [(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)]),
        ((0.0, 0.0), (5.0, 6.0), [(0.0, 0.0), (0.0, 0.0), (1.0, 1.0)]),
        ((0.0, 1.0), (2.0, 6.0), [(-np.inf, 0.0), (0.0, 1.0), (0.0, 1.0)]),
        ((-1.0, 1.0), (2.0, 6.0), [(-np.inf, np.inf), (0.0, 1.0), (0.0, 1.0)]),
    ],
    ids=["sure", "sure, negative", "never", "open", "open, any sign"],
)
def test_choice_over_a_box(
    condition: tuple[float, float], image: tuple[float, float], slopes: list[tuple[float, float]]
) -> None:
    """A sure condition takes one branch; an open one both, with a step of any height between."""
    inner = intervals((condition, (2.0, 3.0), (5.0, 6.0)))
    where = OPERATIONS["where"]
    assert where.interval(*inner) == image
    assert [tuple(map(float, s)) for s in where.interval_partials(image, *inner)] == slopes


def test_choice_at_a_point() -> None:
    """At a point the branch that is taken has the slope."""
    where = OPERATIONS["where"]
    assert [float(s) for s in where.partials(2.0, 1.0, 2.0, 5.0)] == [0.0, 1.0, 0.0]
    assert [float(s) for s in where.partials(5.0, 0.0, 2.0, 5.0)] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "box", "fixed", "message"),
    [
        ("divide", ((1.0, 2.0), (-1.0, 1.0)), (), "a divisor's range reaches zero"),
        ("divide", ((1.0, 2.0), (0.0, 1.0)), (), "a divisor's range reaches zero"),
        ("power", ((0.0, 1.0),), (-1.0,), "a negative power of a range that reaches zero"),
        ("power", ((-1.0, 1.0),), (0.5,), "power 0.5 of a range that reaches below zero"),
        ("log", ((0.0, 1.0),), (), r"log\(\) of a range that reaches 0 has no bounds"),
        ("log", ((-1.0, 1.0),), (), r"log\(\) of a range that reaches -1 has no bounds"),
        ("sqrt", ((-1.0, 1.0),), (), r"sqrt\(\) of a range that reaches -1 has no bounds"),
    ],
    ids=str,
)
def test_what_has_no_bounds_is_refused(
    name: str, box: Box, fixed: tuple[float, ...], message: str
) -> None:
    """An image that does not exist is an error, not a number."""
    with pytest.raises(RangeError, match=message):
        OPERATIONS[name].interval(*intervals(box, fixed))


def test_unbounded_times_zero_is_zero() -> None:
    """A slope of zero behind a step of any height stays zero."""
    low, high = multiply_intervals((0.0, 0.0), (-np.inf, np.inf))
    assert (float(low), float(high)) == (0.0, 0.0)
    low, high = multiply_intervals((0.0, 2.0), (0.0, np.inf))
    assert (float(low), float(high)) == (0.0, np.inf)


def test_outward_widens_and_keeps_zero_and_infinity() -> None:
    """Ends move away from each other by more than a rounding error, except where they cannot."""
    low, high = outward((np.array([-1.0, 0.0, 1.0, np.inf]), np.array([-1.0, 0.0, 1.0, np.inf])))
    assert np.all(low[[0, 2]] < [-1.0, 1.0])
    assert np.all(high[[0, 2]] > [-1.0, 1.0])
    assert list(low[[1, 3]]) == list(high[[1, 3]]) == [0.0, np.inf]


def test_hull_holds_both() -> None:
    """The hull reaches from the lowest to the highest end."""
    assert hull((1.0, 2.0), (5.0, 6.0)) == (1.0, 6.0)
