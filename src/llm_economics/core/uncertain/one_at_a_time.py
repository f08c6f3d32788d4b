"""One input at a time: the result at both ends of each input, the others at their medians.

The numbers behind a tornado diagram. All points are evaluated together, so that the answer costs
no more than one pass over the formula. It shows direction and size of each effect in the unit of
the result, which no share of variance does; what inputs do together it does not show.

Rejected: the mean instead of the median as the centre (it is not a value of a wide range that
people know, and it moves with the tail), and conditional means instead of ends (they need samples
and hide where a branch changes).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.program import Program, compile_program
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.uncertain.distributions import Distribution
    from llm_economics.core.uncertain.graph import Uncertain

__all__ = ["DEFAULT_ENDS", "Ends", "Swing", "Swings", "one_at_a_time"]

Array: TypeAlias = npt.NDArray[np.float64]

Ends: TypeAlias = Literal["quoted"] | tuple[float, float]
"""Which ends of an input: as quoted, or two probabilities such as (0.05, 0.95)."""

DEFAULT_ENDS: Ends = (0.05, 0.95)
"""Ends of equal probability, so that the bars of unlike inputs can be compared."""

# Quantiles of a distribution whose quantile function does not increase: so many are sorted.
_NODES = 2**14

_ROUNDING = 2.0**-40


@attrs.frozen
class Swing:
    """What one input does to the result."""

    variable: Variable
    """The input."""

    low: float
    """Its lower end, in its own unit."""

    high: float
    """Its upper end, in its own unit."""

    result_low: float
    """The result at the lower end of the input; not always the smaller one."""

    result_high: float
    """The result at the upper end of the input."""

    span: float
    """Largest over smallest of the results at both ends and the centre, or their difference."""

    changes_branch: bool
    """Whether a `maximum`, `minimum`, `less` or `where` decides otherwise at an end."""


@attrs.frozen
class Swings:
    """What every input does to the result by itself, largest span first."""

    rows: tuple[Swing, ...]
    """One per input."""

    central: float
    """The result at the medians of all inputs."""

    scale: Literal["log", "linear"]
    """"log" if spans are ratios (all results are positive), "linear" if they are differences."""


def one_at_a_time(node: Uncertain, *, ends: Ends = DEFAULT_ENDS) -> Swings:
    """Result at both ends of each input, with all other inputs at their medians.

    Parameters
    ----------
    node : Uncertain
        The number; one number, not an array.
    ends : "quoted" or pair of float
        Ends of an input: two probabilities below and above which it lies, or the ends as quoted.

    Returns
    -------
    Swings
        One row per input, largest span first.

    Raises
    ------
    RangeError
        If the number is an array, a result is undefined or infinite, or `ends` is neither.

    Notes
    -----
    An input that rises and falls again between its ends shows less than it does. Correlated inputs
    are moved one by one too, although they would not move so.

    Examples
    --------
    >>> import llm_economics as le
    >>> power, time = le.between(8, 18, "MW", name="power"), le.between(25, 100, "day", name="time")
    >>> for row in one_at_a_time((power * time).magnitude).rows:
    ...     print(row.variable.name, f"{row.result_low:.0f} to {row.result_high:.0f}")
    time 300 to 1200
    power 400 to 900
    """
    program = compile_program(node)
    if program.shape:
        message = (
            f"tornado() needs one number; got an array of shape {program.shape}: "
            "ask its elements one by one"
        )
        raise RangeError(message)
    low, high = _input_ends(program.variables, ends)
    trace = _trace(program, low, high)
    results = _results(program, trace)
    spans, scale = _spans(results)
    columns = (low, high, results[1::2], results[2::2], spans, _switched(program, trace))
    numbers = zip(*(column.tolist() for column in columns), strict=True)
    rows = [Swing(v, *row) for v, row in zip(program.variables, numbers, strict=True)]
    ranked = tuple(sorted(rows, key=lambda row: -row.span))
    return Swings(ranked, central=float(results[0]), scale=scale)


def _input_ends(variables: Sequence[Variable], ends: Ends) -> tuple[Array, Array]:
    """Lower and upper end of every input."""
    levels = _levels(ends)
    pairs = [
        v.distribution.quoted if levels is None else _quantiles(v.distribution, levels)
        for v in variables
    ]
    table = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _levels(ends: object) -> Array | None:
    """Probabilities of both ends, or None for the ends as quoted."""
    if isinstance(ends, str) and ends == "quoted":
        return None
    if isinstance(ends, (tuple, list)) and all(isinstance(end, (int, float)) for end in ends):
        levels = np.asarray(ends, dtype=np.float64)
        if levels.shape == (2,) and 0 < levels[0] < levels[1] < 1:
            return levels
    message = (
        "tornado: ends needs 'quoted' or two probabilities between 0 and 1, the lower first, such "
        f"as (0.05, 0.95); got {ends!r}"
    )
    raise RangeError(message)


def _quantiles(distribution: Distribution, levels: Array) -> Array:
    if distribution.ordered:
        found = distribution.quantile(levels)
    else:
        drawn = distribution.quantile((np.arange(_NODES) + 0.5) / _NODES)
        found = np.asarray(np.quantile(drawn, levels, method="inverted_cdf"))
    # An end that is the quoted one but for rounding would cross a ceil() that it should not.
    quoted = np.asarray(distribution.quoted)
    return np.where(np.abs(found - quoted) <= _ROUNDING * np.abs(quoted), quoted, found)


def _trace(program: Program, low: Array, high: Array) -> list[Any]:
    """Value of every step at the centre and, input by input, at its lower and upper end."""
    place = np.arange(len(program.variables))
    medians = np.array([v.distribution.median() for v in program.variables])
    values = np.repeat(medians[:, None], 2 * place.size + 1, axis=1)
    values[place, 1 + 2 * place], values[place, 2 + 2 * place] = low, high
    # What is undefined in a branch that is not taken does no harm; the results are looked at.
    with np.errstate(all="ignore"):
        return program.trace(list(values))


def _results(program: Program, trace: list[Any]) -> Array:
    results = _everywhere(program, trace[-1]).astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(results))
    if bad.size:
        place, upper = divmod(int(bad[0]) - 1, 2)
        name = "" if place < 0 else f"{program.variables[place].name!r} at its "
        where = (
            f"{name}{'upper' if upper else 'lower'} end" if name else "all inputs at their medians"
        )
        message = (
            f"tornado() needs finite results; with {where} the result is {results[bad[0]]}: give "
            "the input limits, as in limits=(0, None), or other ends"
        )
        raise RangeError(message)
    return results


def _spans(results: Array) -> tuple[Array, Literal["log", "linear"]]:
    three = np.stack([np.full_like(results[1::2], results[0]), results[1::2], results[2::2]])
    largest, smallest = three.max(axis=0), three.min(axis=0)
    if np.all(results > 0):
        return largest / smallest, "log"
    return largest - smallest, "linear"


def _switched(program: Program, trace: list[Any]) -> npt.NDArray[np.bool_]:
    """Whether any choice is made otherwise at an end of each input than at the centre."""
    found = np.zeros(len(program.variables), dtype=np.bool_)
    for step, value in zip(program.instructions, trace, strict=True):
        if step.operation in {"maximum", "minimum"}:
            first, second = (trace[i] for i in step.arguments)
            choice = _everywhere(program, np.greater_equal(first, second))
        elif step.operation == "where":
            choice = _everywhere(program, np.not_equal(trace[step.arguments[0]], 0))
        elif step.operation == "less":
            choice = _everywhere(program, value)
        else:
            continue
        found |= (choice[1::2] != choice[0]) | (choice[2::2] != choice[0])
    return found


def _everywhere(program: Program, value: Any) -> npt.NDArray[Any]:
    # A step that depends on no input is one number.
    return np.broadcast_to(value, (2 * len(program.variables) + 1,))
