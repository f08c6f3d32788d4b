"""What each operation of the expression graph means: value, derivative, interval.

One record per operation holds its NumPy function, its partial derivatives at a point, its image
of a box, and its partial derivatives over a box. Everything that evaluates a graph reads this
table, so that a new operation is added in one place. Scattering the four meanings over the four
evaluators was rejected: they would drift apart.

An interval is a pair of arrays (lower ends, upper ends), one element per box.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import attrs
import numpy as np

from llm_economics.core.errors import RangeError

__all__ = ["OPERATIONS", "Interval", "Operation", "hull", "multiply_intervals", "outward"]

Interval: TypeAlias = tuple[Any, Any]
"""Lower and upper ends: numbers or arrays with one element per box."""

# One unit in the last place is 2**-52; twice that covers the rounding of one operation.
_LESS, _MORE = 1.0 - 2.0**-51, 1.0 + 2.0**-51


def outward(interval: Interval) -> Interval:
    """Widen an interval by more than the rounding of one operation, so that it stays true.

    Parameters
    ----------
    interval : pair of arrays
        Lower and upper ends.

    Returns
    -------
    pair of arrays
        Slightly wider ends; zero and infinity stay as they are.
    """
    low, high = interval
    return np.minimum(low * _LESS, low * _MORE), np.maximum(high * _LESS, high * _MORE)


def hull(first: Interval, second: Interval) -> Interval:
    """Smallest interval that holds both."""
    return np.minimum(first[0], second[0]), np.maximum(first[1], second[1])


def multiply_intervals(a: Interval, b: Interval) -> Interval:
    """Interval of the products of every number in `a` with every number in `b`.

    An unbounded slope times a slope of exactly zero counts as zero.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        low, high = _ends([x * y for x in a for y in b])
        if np.isnan(low).any():
            # Rare, so that the common case need not look for zeros.
            low, high = _ends([np.where((x == 0) | (y == 0), 0.0, x * y) for x in a for y in b])
    return low, high


def _ends(products: list[Any]) -> Interval:
    first, second, third, fourth = products
    low = np.minimum(np.minimum(first, second), np.minimum(third, fourth))
    return low, np.maximum(np.maximum(first, second), np.maximum(third, fourth))


def _reciprocal(a: Interval) -> Interval:
    if np.any((a[0] <= 0) & (a[1] >= 0)):
        message = "a divisor's range reaches zero, so the quotient has no bounds"
        raise RangeError(message)
    return outward((1.0 / a[1], 1.0 / a[0]))


@attrs.frozen(eq=False)
class Operation:
    """The four meanings of one operation."""

    name: str
    arity: int
    function: Callable[..., Any]
    """Value, on floats and arrays."""
    partials: Callable[..., tuple[Any, ...]]
    """Partial derivatives at a point: called with the result and the arguments."""
    interval: Callable[..., Interval]
    """Image of a box: called with one interval per argument."""
    interval_partials: Callable[..., tuple[Interval, ...]]
    """Partial derivatives over a box: called with the result's interval and the arguments'."""


def _constant(value: float) -> Interval:
    return np.float64(value), np.float64(value)


_ZERO, _ONE, _MINUS_ONE = _constant(0.0), _constant(1.0), _constant(-1.0)
_RISING: Interval = (np.float64(0.0), np.float64(np.inf))
_FALLING: Interval = (np.float64(-np.inf), np.float64(0.0))


def _quotient(a: Interval, b: Interval) -> Interval:
    return outward(multiply_intervals(a, _reciprocal(b)))


def _negate(a: Interval) -> Interval:
    return -a[1], -a[0]


def _power_interval(a: Interval, b: Interval) -> Interval:
    # The exponent of a node is a fixed number (graph.py sees to it), so both ends are equal.
    exponent = float(b[0])
    if exponent < 0 and np.any((a[0] <= 0) & (a[1] >= 0)):
        message = "a negative power of a range that reaches zero has no bounds"
        raise RangeError(message)
    if exponent % 1 and np.any(a[0] < 0):
        message = f"the power {exponent:g} of a range that reaches below zero is not defined"
        raise RangeError(message)
    ends = (np.power(a[0], exponent), np.power(a[1], exponent))
    spans_zero = (a[0] < 0) & (a[1] > 0) & (exponent % 2 == 0)
    low = np.where(spans_zero, 0.0, np.minimum(*ends))
    # NumPy's power is good to a few units in the last place, not to one.
    return outward(outward((low, np.maximum(*ends))))


def _power_slope(a: Any, b: Any) -> Any:
    return b * np.power(a, b - 1.0)


def _power_slope_interval(a: Interval, b: Interval) -> Interval:
    exponent = b[0] - 1.0
    if -1 < exponent < 0 and np.any(a[0] <= 0):
        # A root is infinitely steep at zero.
        with np.errstate(divide="ignore"):
            steep = np.power(np.maximum(a[0], 0.0), exponent)
            return b[0] * np.power(np.maximum(a[1], 0.0), exponent), b[0] * steep
    return multiply_intervals(b, _power_interval(a, (exponent, exponent)))


def _root_slope_interval(root: Interval, _: Interval) -> tuple[Interval]:
    with np.errstate(divide="ignore"):
        return (outward((0.5 / np.maximum(root[1], 0.0), 0.5 / np.maximum(root[0], 0.0))),)


def _choice_slopes(first: Interval, second: Interval) -> tuple[Interval, Interval]:
    """Slopes of max(first, second): 1 for the certain winner, [0, 1] while both can win."""
    wins = first[0] > second[1]
    loses = first[1] < second[0]
    upper = np.where(loses, 0.0, 1.0)
    lower = np.where(wins, 1.0, 0.0)
    return (lower, upper), (1.0 - upper, 1.0 - lower)


def _maximum_slopes(_: Interval, a: Interval, b: Interval) -> tuple[Interval, Interval]:
    return _choice_slopes(a, b)


def _minimum_slopes(_: Interval, a: Interval, b: Interval) -> tuple[Interval, Interval]:
    # Each of them wins here where it loses in max(a, b).
    of_a, of_b = _choice_slopes(a, b)
    return of_b, of_a


def _absolute_interval(a: Interval) -> Interval:
    ends = np.abs(a[0]), np.abs(a[1])
    spans_zero = (a[0] < 0) & (a[1] > 0)
    return np.where(spans_zero, 0.0, np.minimum(*ends)), np.maximum(*ends)


def _absolute_slope(_: Interval, a: Interval) -> tuple[Interval]:
    # At zero alone, any slope from -1 to 1.
    rises, falls = (a[0] >= 0) & (a[1] > 0), (a[1] <= 0) & (a[0] < 0)
    return ((np.where(rises, 1.0, -1.0), np.where(falls, -1.0, 1.0)),)


def _monotone(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    def interval(a: Interval) -> Interval:
        with np.errstate(invalid="raise", divide="raise"):
            try:
                return outward(outward((function(a[0]), function(a[1]))))
            except FloatingPointError:
                message = (
                    f"{function.__name__}() of a range that reaches "
                    f"{float(np.min(a[0])):.6g} has no bounds; it needs positive numbers"
                )
                raise RangeError(message) from None

    return interval


def _steps(function: Callable[[Any], Any]) -> Callable[[Interval], Interval]:
    return lambda a: (function(a[0]), function(a[1]))


def _less(a: Any, b: Any) -> Any:
    return np.where(np.less(a, b), 1.0, 0.0)


def _less_interval(a: Interval, b: Interval) -> Interval:
    return np.where(a[1] < b[0], 1.0, 0.0), np.where(a[0] < b[1], 1.0, 0.0)


def _where(condition: Any, first: Any, second: Any) -> Any:
    return np.where(np.asarray(condition) != 0, first, second)


def _where_interval(condition: Interval, first: Interval, second: Interval) -> Interval:
    both = hull(first, second)
    sure, never = _certain(condition)
    low = np.where(sure, first[0], np.where(never, second[0], both[0]))
    high = np.where(sure, first[1], np.where(never, second[1], both[1]))
    return low, high


def _certain(condition: Interval) -> tuple[Any, Any]:
    """Where the condition holds for sure, and where it surely does not."""
    sure = (condition[0] > 0) | (condition[1] < 0)
    return sure, (condition[0] == 0) & (condition[1] == 0)


def _where_slopes(
    _: Interval, condition: Interval, first: Interval, second: Interval
) -> tuple[Interval, Interval, Interval]:
    sure, never = _certain(condition)
    of_first = (np.where(sure, 1.0, 0.0), np.where(never, 0.0, 1.0))
    # The choice is a step of any height at zero: upwards only, if the condition is a share.
    fixed = sure | never
    fall = np.where(fixed | (condition[0] >= 0), 0.0, -np.inf)
    step = (fall, np.where(fixed, 0.0, np.inf))
    height = (first[0] - second[1], first[1] - second[0])
    return multiply_intervals(step, height), of_first, (1.0 - of_first[1], 1.0 - of_first[0])


def _tie(a: Any, b: Any) -> Any:
    return np.where(np.greater_equal(a, b), 1.0, 0.0)


_ALL = (
    Operation(
        "add",
        2,
        np.add,
        lambda _r, _a, _b: (1.0, 1.0),
        lambda a, b: outward((a[0] + b[0], a[1] + b[1])),
        lambda _r, _a, _b: (_ONE, _ONE),
    ),
    Operation(
        "subtract",
        2,
        np.subtract,
        lambda _r, _a, _b: (1.0, -1.0),
        lambda a, b: outward((a[0] - b[1], a[1] - b[0])),
        lambda _r, _a, _b: (_ONE, _MINUS_ONE),
    ),
    Operation(
        "multiply",
        2,
        np.multiply,
        lambda _r, a, b: (b, a),
        lambda a, b: outward(multiply_intervals(a, b)),
        lambda _r, a, b: (b, a),
    ),
    Operation(
        "divide",
        2,
        np.divide,
        lambda r, _a, b: (1.0 / b, -r / b),
        _quotient,
        lambda r, _a, b: (_reciprocal(b), _quotient(_negate(r), b)),
    ),
    Operation(
        "power",
        2,
        np.power,
        lambda _r, a, b: (_power_slope(a, b), 0.0),
        _power_interval,
        lambda _r, a, b: (_power_slope_interval(a, b), _ZERO),
    ),
    Operation(
        "negative",
        1,
        np.negative,
        lambda _r, _a: (-1.0,),
        _negate,
        lambda _r, _a: (_MINUS_ONE,),
    ),
    Operation(
        "absolute",
        1,
        np.absolute,
        lambda _r, a: (np.where(np.asarray(a) < 0, -1.0, 1.0),),
        _absolute_interval,
        _absolute_slope,
    ),
    Operation(
        "maximum",
        2,
        np.maximum,
        lambda _r, a, b: (_tie(a, b), 1.0 - _tie(a, b)),
        lambda a, b: (np.maximum(a[0], b[0]), np.maximum(a[1], b[1])),
        _maximum_slopes,
    ),
    Operation(
        "minimum",
        2,
        np.minimum,
        lambda _r, a, b: (1.0 - _tie(a, b), _tie(a, b)),
        lambda a, b: (np.minimum(a[0], b[0]), np.minimum(a[1], b[1])),
        _minimum_slopes,
    ),
    # The slope of a staircase is taken as that of the ramp beneath it, which is what a
    # first-order answer about whole servers should say.
    Operation(
        "ceil",
        1,
        np.ceil,
        lambda _r, _a: (1.0,),
        _steps(np.ceil),
        lambda _r, _a: (_RISING,),
    ),
    Operation(
        "floor",
        1,
        np.floor,
        lambda _r, _a: (1.0,),
        _steps(np.floor),
        lambda _r, _a: (_RISING,),
    ),
    Operation("exp", 1, np.exp, lambda r, _a: (r,), _monotone(np.exp), lambda r, _a: (r,)),
    Operation(
        "log",
        1,
        np.log,
        lambda _r, a: (1.0 / a,),
        _monotone(np.log),
        lambda _r, a: (_reciprocal(a),),
    ),
    Operation(
        "sqrt",
        1,
        np.sqrt,
        lambda r, _a: (0.5 / r,),
        _monotone(np.sqrt),
        _root_slope_interval,
    ),
    Operation(
        "less",
        2,
        _less,
        lambda _r, _a, _b: (0.0, 0.0),
        _less_interval,
        lambda _r, _a, _b: (_FALLING, _RISING),
    ),
    Operation(
        "where",
        3,
        _where,
        lambda _r, c, _a, _b: (0.0, _where(c, 1.0, 0.0), _where(c, 0.0, 1.0)),
        _where_interval,
        _where_slopes,
    ),
)

OPERATIONS: dict[str, Operation] = {operation.name: operation for operation in _ALL}
"""Every operation of the graph, by name."""
