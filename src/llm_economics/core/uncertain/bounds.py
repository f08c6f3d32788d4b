"""Bounds that hold for certain while every input stays inside its quoted range.

Plain interval arithmetic is true but wide: it treats a repeated input as if its copies moved
apart. Corners of the box are exact only for monotone formulas, and samples never reach the ends.
So: derivative intervals tell which inputs act in one direction only, and these are put to an
end; what remains is cut into boxes, discarding those that cannot hold the extreme, until the
bound is known to the tolerance. The result is a true bound whenever the search stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.program import Instruction, Program, compile_program

if TYPE_CHECKING:
    from llm_economics.core.uncertain.graph import Uncertain

__all__ = ["MAXIMUM_BOXES", "TOLERANCE", "bounds"]

Array: TypeAlias = npt.NDArray[np.float64]

TOLERANCE = 1e-3
"""Relative width to which a bound is tight, unless the search runs into `MAXIMUM_BOXES`."""

MAXIMUM_BOXES = 2**17
"""Boxes examined before the search stops with a bound that is true but less tight."""

# An end near zero is pinned down to this share of the first estimate's size instead.
_NEAR_ZERO = 1e-9

_HUGE = 1e300
_POINT = 2.0**-48  # relative width of a box that is not cut any more


def bounds(node: Uncertain, *, tolerance: float = TOLERANCE) -> tuple[float, float]:
    """Smallest and largest value while every input stays in its quoted range.

    Parameters
    ----------
    node : Uncertain
        The number; one number, not an array.
    tolerance : float
        Relative width to which each end is pinned down.

    Returns
    -------
    low, high : float
        Bounds; each is outside the truth by at most about `tolerance`, never inside.

    Raises
    ------
    RangeError
        If a divisor's range reaches zero, or the number is an array.
    """
    program = compile_program(node)
    if program.shape:
        message = f"bounds() works on one number; got an array of shape {program.shape}"
        raise RangeError(message)
    return node.remembered(("bounds", tolerance), lambda: _both_ends(program, tolerance))


def _both_ends(program: Program, tolerance: float) -> tuple[float, float]:
    if not program.variables:
        program.interval_trace([])  # where a fixed divisor is zero there are no bounds
        value = float(program.value([]))
        return value, value
    # Overflow gives infinity, which is a true bound.
    with np.errstate(all="ignore"):
        ends = _ends_of_monotone(program)
        if ends is not None:
            return ends
        # Zero is added so that no end reads "-0".
        low = 0.0 - _largest(_negated(program), tolerance)
        return low, _largest(program, tolerance)


def _ends_of_monotone(program: Program) -> tuple[float, float] | None:
    """Both bounds where every input acts in one direction only, as in a product; else None."""
    low, high = _quoted(program)
    _, least, most = _slopes(program, low, high)
    rises = least >= 0
    if not np.all(rises | (most <= 0)):
        return None
    # One column gives the smallest value, the other the largest.
    corners = np.hstack([np.where(rises, low, high), np.where(rises, high, low)])
    image = program.interval_trace([(row, row) for row in corners])[-1]
    return 0.0 + float(image[0][0]), float(image[1][1])


def _quoted(program: Program) -> tuple[Array, Array]:
    quoted = np.array([v.distribution.quoted for v in program.variables], dtype=np.float64)
    return quoted[:, :1], quoted[:, 1:]


def _negated(program: Program) -> Program:
    last = len(program.instructions) - 1
    steps = (*program.instructions, Instruction("negative", (last,)))
    return Program(steps, program.variables, program.shape)


def _largest(program: Program, tolerance: float) -> float:
    """Upper bound of a program over the box of its inputs' quoted ranges."""
    low, high = _quoted(program)
    whole = program.interval_trace([(low[i], high[i]) for i in range(len(low))])[-1]
    floor = _NEAR_ZERO * float(np.clip(np.max(np.abs(whole)), 0.0, _HUGE))
    reached, settled = -np.inf, -np.inf
    examined = 0
    while low.shape[1]:
        low, high, upper, reach = _settle(program, low, high)
        reached = max(reached, _best_value(program, low, high))
        # Boxes that are points, or as good as (where the formula jumps), are done; their image's
        # upper end is the answer they offer.
        done = np.all(high - low <= _POINT * np.maximum(np.abs(low), np.abs(high)), axis=0)
        goal = reached + max(tolerance * abs(reached), floor)
        done |= upper <= max(goal, settled)
        settled = max(settled, float(np.max(upper[done], initial=-np.inf)))
        examined += low.shape[1]
        open_boxes = ~done & (upper > settled)
        if examined > MAXIMUM_BOXES:
            return max(settled, float(np.max(upper[open_boxes], initial=-np.inf)))
        low, high = _halve(low[:, open_boxes], high[:, open_boxes], reach[:, open_boxes])
    return settled


def _settle(program: Program, low: Array, high: Array) -> tuple[Array, Array, Array, Array]:
    """Put every input that acts in one direction to the end that makes the result large.

    Returns the boxes, the upper end of each box's image, and how far each input moves it.
    """
    upper, least, most = _slopes(program, low, high)
    # Every pass puts at least one more input to an end, so this ends.
    while np.any(one_way := (low < high) & ((least >= 0) | (most <= 0))):
        rises = least >= 0
        low, high = np.where(one_way & rises, high, low), np.where(one_way & ~rises, low, high)
        upper, least, most = _slopes(program, low, high)
    size = np.minimum(np.maximum(np.abs(least), np.abs(most)), _HUGE)
    reach = np.where(low < high, size * (high - low), -1.0)
    return low, high, upper, reach


def _slopes(program: Program, low: Array, high: Array) -> tuple[Array, Array, Array]:
    """Upper end of the image, and smallest and largest slope by every input, of each box."""
    image, slopes = program.interval_gradient(list(zip(low, high, strict=True)))
    least = np.array([_spread(slope[0], low, -np.inf) for slope in slopes])
    most = np.array([_spread(slope[1], low, np.inf) for slope in slopes])
    return _spread(image[1], low, np.inf), least, most


def _spread(values: object, like: Array, unknown: float) -> Array:
    """One number per box; what came out undefined (infinity less infinity) could be anything."""
    numbers = np.broadcast_to(np.asarray(values, dtype=np.float64), like.shape[1:])
    return np.where(np.isnan(numbers), unknown, numbers)


def _best_value(program: Program, low: Array, high: Array) -> float:
    # Any value that is reached is a floor under the largest: try both ends and the middle.
    best = -np.inf
    for corner in (low, high, 0.5 * (low + high)):
        found = np.asarray(program.run(list(corner)), dtype=np.float64)
        best = max(best, float(np.max(found[~np.isnan(found)], initial=-np.inf)))
    return best


def _halve(low: Array, high: Array, reach: Array) -> tuple[Array, Array]:
    """Cut every box across the input that moves its result most."""
    # Where no slope is finite, the widest side decides.
    widest = np.argmax(reach, axis=0)
    columns = np.arange(low.shape[1])
    middle = 0.5 * (low[widest, columns] + high[widest, columns])
    left_high, right_low = high.copy(), low.copy()
    left_high[widest, columns] = middle
    right_low[widest, columns] = middle
    return np.hstack([low, right_low]), np.hstack([left_high, high])
