"""Bounds that hold for certain while every input stays inside its quoted range.

Plain interval arithmetic is true but wide: it treats a repeated input as if its copies moved
apart. Corners of the box are exact only for monotone formulas, and samples never reach the ends.
So: derivative intervals tell which inputs act in one direction only, and these are put to an
end; what remains is cut into boxes, discarding those that cannot hold the extreme, until the
bound is known to the tolerance. The result is a true bound whenever the search stops.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.operations import Interval
from llm_economics.core.uncertain.program import Instruction, Program, compile_program

__all__ = ["MAXIMUM_BOXES", "TOLERANCE", "bounds"]

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-3
"""Relative width to which a bound is tight, unless the search runs into `MAXIMUM_BOXES`."""

MAXIMUM_BOXES = 2**17
"""Boxes examined before the search stops with a bound that is true but less tight."""

# A formula of only these, whose inputs keep their sign, is tight after the first pass.
_ROUNDS = 64


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
    key = ("bounds", tolerance)
    if key not in node._memory:
        low = -_largest(_negated(program), tolerance)
        node._memory[key] = (low, _largest(program, tolerance))
    found: tuple[float, float] = node._memory[key]
    return found


def _negated(program: Program) -> Program:
    last = len(program.instructions) - 1
    steps = (*program.instructions, Instruction("negative", (last,)))
    return Program(steps, program.variables, program.shape)


def _largest(program: Program, tolerance: float) -> float:
    """Upper bound of a program over the box of its inputs' quoted ranges."""
    if not program.variables:
        return float(program.run([]))
    quoted = np.array([v.distribution.quoted for v in program.variables], dtype=np.float64)
    low, high = quoted[:, :1], quoted[:, 1:]
    reached, settled = -np.inf, -np.inf
    examined = 0
    while low.shape[1]:
        low, high, image, slopes = _settle(program, low, high)
        reached = max(reached, _best_value(program, low, high))
        # Boxes that are points are done; their image's upper end is the answer they offer.
        done = np.all(low == high, axis=0)
        goal = reached + tolerance * abs(reached)
        done |= image[1] <= max(goal, settled)
        settled = max(settled, float(np.max(image[1][done], initial=-np.inf)))
        examined += low.shape[1]
        open_boxes = ~done & (image[1] > settled)
        if examined > MAXIMUM_BOXES:
            return max(settled, float(np.max(image[1][open_boxes], initial=-np.inf)))
        low, high = _halve(low[:, open_boxes], high[:, open_boxes], slopes[:, open_boxes])
    return settled


def _settle(program: Program, low: Array, high: Array) -> tuple[Array, Array, Interval, Array]:
    """Put every input that acts in one direction to the end that makes the result large."""
    for _ in range(_ROUNDS):
        boxes = [(low[i], high[i]) for i in range(len(low))]
        image, slopes = program.interval_gradient(boxes)
        lower, upper = (np.array([_spread(s[e], low) for s in slopes]) for e in (0, 1))
        free = low < high
        rising, falling = free & (lower >= 0), free & (upper <= 0)
        if not np.any(rising | falling):
            break
        low, high = np.where(rising, high, low), np.where(falling & ~rising, low, high)
    size = np.maximum(np.abs(lower), np.abs(upper))
    reach = np.where(low < high, np.minimum(size, 1e300) * (high - low), -1.0)
    return low, high, (_spread(image[0], low), _spread(image[1], low)), reach


def _spread(values: object, like: Array) -> Array:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), like.shape[1:])


def _best_value(program: Program, low: Array, high: Array) -> float:
    # Any value that is reached is a floor under the largest: try both ends and the middle.
    best = -np.inf
    for corner in (low, high, 0.5 * (low + high)):
        found = np.asarray(program.run(list(corner)), dtype=np.float64)
        best = max(best, float(np.max(found)))
    return best


def _halve(low: Array, high: Array, reach: Array) -> tuple[Array, Array]:
    """Cut every box across the input that moves its result most."""
    if not low.shape[1]:
        return low, high
    # Where no slope is finite, the widest side decides.
    widest = np.argmax(reach, axis=0)
    columns = np.arange(low.shape[1])
    middle = 0.5 * (low[widest, columns] + high[widest, columns])
    left_high, right_low = high.copy(), low.copy()
    left_high[widest, columns] = middle
    right_low[widest, columns] = middle
    return np.hstack([low, right_low]), np.hstack([left_high, high])
