"""Sobol indices: which inputs the spread of a result comes from, with interactions.

A first-order index is the share of the variance that would be gone, on average, if that input
became known; a total index is the share that would remain if it alone stayed unknown. Unlike shares
of a linear answer they see both branches of a `maximum`, jumps, and inputs that matter only
together. Two independent sets of points A and B serve all inputs: for each input only A with
that one column taken from B is evaluated anew.

Rejected: rank correlations (two sorts per input, and blind to what rises and falls again), indices
of an input that is correlated with others (not defined without an order among them; such inputs
are one factor here), and a library for it (a hundred times slower, since it keeps the points).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.lattice import SHIFTS, lattice_grid, lattice_values
from llm_economics.core.uncertain.normal import normal_quantile_of_grid
from llm_economics.core.uncertain.program import Program, compile_program
from llm_economics.core.uncertain.sampling import rows_of, seed_of

if TYPE_CHECKING:
    from llm_economics.core.uncertain.graph import Uncertain
    from llm_economics.core.uncertain.variable import Variable

__all__ = ["DEFAULT_POINTS", "SobolIndex", "SobolIndices", "sobol"]

Array: TypeAlias = npt.NDArray[np.float64]

DEFAULT_POINTS = 2**13
"""Points per input: the indices of a wide formula to 0.003, on the linear scale to 0.03."""

_POSSIBLE_POINTS = frozenset(2**n for n in range(7, 21))

# Evaluated at once, so that the intermediate arrays stay inside the processor's cache.
_BLOCK = 2**14

# A spread below this share of the value is rounding, not a range.
_ROUNDING = 2.0**-40

_MOST_DECIMALS = 3


@attrs.frozen
class SobolIndex:
    """How much of the spread of a result comes from one input, alone and with others."""

    name: str
    """The input; correlated inputs are one factor, named "a & b"."""

    first: float
    """Share of the variance that this input explains alone (first-order index)."""

    total: float
    """Share of the variance that it takes part in, interactions included (total-order index)."""

    first_error: float
    """Sampling error of `first`, one standard error."""

    total_error: float
    """Sampling error of `total`, one standard error."""

    source: str = ""
    """Where the input's range comes from."""


@attrs.frozen
class SobolIndices:
    """Sobol indices of every input, largest total index first."""

    rows: tuple[SobolIndex, ...]
    """One per input."""

    first_sum: float
    """Sum of the first-order indices; what is missing to 1 is due to inputs acting together."""

    first_sum_error: float
    """Sampling error of the sum, one standard error."""

    scale: Literal["log", "linear"]
    """"log" if the variance is that of the logarithm of the result, otherwise "linear"."""

    points: int
    """Points per input; the formula was evaluated (inputs + 2) times as often."""

    @property
    def method(self) -> str:
        """How the indices were computed, in a line."""
        of = "ln(result), log scale" if self.scale == "log" else "the result, linear scale"
        return (
            f"Sobol indices of {of}: {self.points} points, ± sampling error from {SHIFTS} lattices"
        )

    def __str__(self) -> str:
        shares = [
            (_share(r.first, r.first_error), _share(r.total, r.total_error)) for r in self.rows
        ]
        cells = [(r.name, *share) for r, share in zip(self.rows, shares, strict=True)]
        cells = [("input", "first-order", "total"), *cells]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        lines = [
            "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in cells
        ]
        end = f"sum of first-order: {_share(self.first_sum, self.first_sum_error)}"
        return "\n".join([self.method, *(f"  {line}" for line in lines), end])

    def __repr__(self) -> str:
        return str(self)


def sobol(
    node: Uncertain,
    *,
    points: int = DEFAULT_POINTS,
    rng: int | np.random.Generator | None = None,
    log: bool | None = None,
) -> SobolIndices:
    """Sobol indices of the inputs of an uncertain number, first-order and total.

    Parameters
    ----------
    node : Uncertain
        The number; one number, not an array.
    points : int
        Points per input, a power of two from 2**7 to 2**20; four times as many bring the errors
        down to about half.
    rng : int or numpy.random.Generator, optional
        Seed; None stands for 0, so that results repeat to the last digit.
    log : bool, optional
        Whether the variance of the logarithm is shared out, or that of the number itself. By
        default the logarithm, if the number is positive at every point: wide ranges compare as
        ratios, and the indices are steadier.

    Returns
    -------
    SobolIndices
        One row per input, or per group of correlated inputs.

    Raises
    ------
    RangeError
        If the number is an array, does not vary, is undefined or infinite somewhere, or is not
        positive although `log` is True; or if `points` or `rng` is out of range.

    Notes
    -----
    With the uniform numbers of A and B from the two halves of a lattice of twice as many
    dimensions as inputs, and AB_i like A but with input i from B, on centred results y,

    ``S_i = mean(y_B (y_AB_i - y_A)) / V`` and ``T_i = mean((y_A - y_AB_i)**2) / (2 V)``,

    V being the variance over A and B. The points are split over 8 lattices with independent
    shifts, folded by ``1 - abs(2 u - 1)``; the sampling error is that of a ratio of means over
    them. Indices of a small effect can come out below zero within their error. Valid for
    independent factors and a result (or logarithm) of finite variance.

    References
    ----------
    A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259, table 2, (b) and (f), the latter
    after M. J. W. Jansen, Comput. Phys. Commun. 117 (1999) 35. Folding: F. J. Hickernell, in Monte
    Carlo and Quasi-Monte Carlo Methods 2000 (2002) 274.

    Examples
    --------
    >>> import llm_economics as le
    >>> power, time = le.between(7, 15, "MW", name="power"), le.between(30, 90, "day", name="time")
    >>> print(sobol((power * time).magnitude))
    Sobol indices of ln(result), log scale: 8192 points, ± sampling error from 8 lattices
      input  first-order    total
      time   0.675 ± 0.001  0.675 ± 0.001
      power  0.325 ± 0.001  0.325 ± 0.001
    sum of first-order: 1.000 ± 0.001
    """
    program = compile_program(node)
    if program.shape:
        message = (
            f"sobol() needs one number; got an array of shape {program.shape}: "
            "ask its elements one by one"
        )
        raise RangeError(message)
    _check_points(points)
    factors = _factors(program.variables)
    y = _evaluated(program, factors, points, seed_of(rng))
    _check_results(y)
    logarithmic = _is_log(y, log)
    *shares, total = _estimated(np.log(y) if logarithmic else y).tolist()
    rows = [
        _row([program.variables[place] for place in factor], share)
        for factor, share in zip(factors, shares, strict=True)
    ]
    return SobolIndices(
        tuple(sorted(rows, key=lambda row: -row.total)),
        first_sum=total[0],
        first_sum_error=total[2],
        scale="log" if logarithmic else "linear",
        points=points,
    )


def _row(inputs: list[Variable], share: list[float]) -> SobolIndex:
    first, total, first_error, total_error = share
    name = " & ".join(variable.name for variable in inputs)
    source = "; ".join(dict.fromkeys(variable.source for variable in inputs if variable.source))
    return SobolIndex(name, first, total, first_error, total_error, source)


def _factors(variables: tuple[Variable, ...]) -> list[list[int]]:
    """Places of the inputs that vary together: one each, or all members of one joint."""
    found: dict[object, list[int]] = {}
    for place, variable in enumerate(variables):
        found.setdefault(variable if variable.joint is None else variable.joint, []).append(place)
    return list(found.values())


def _evaluated(program: Program, factors: list[list[int]], points: int, seed: int) -> Array:
    """Results at A, at B, and at A with each factor taken from B: shape (2 + factors, points)."""
    # Not the shifts of quantiles() with this seed, nor those of a neighbouring seed.
    key = int(np.random.SeedSequence((seed, 1)).generate_state(1, np.uint64)[0])
    rows = rows_of(program.variables)
    last = 1 + max((max(places) for places in rows), default=0)
    grids = _grids(points, key)
    a = _draw(program.variables, rows, grids, key)
    b = _draw(program.variables, [tuple(last + i for i in places) for places in rows], grids, key)
    y = np.empty((2 + len(factors), points))
    # What is undefined in a branch that is not taken does no harm; the results are looked at.
    with np.errstate(all="ignore"):
        for start in range(0, points, _BLOCK):
            block = slice(start, start + _BLOCK)
            _run(program, factors, ([x[block] for x in a], [x[block] for x in b]), y[:, block])
    return y


def _grids(points: int, key: int) -> tuple[Array, Array]:
    """Numbers that lattice rows are made of, uniform and normal."""
    grid = lattice_grid(points, shift_key=key)
    normal = normal_quantile_of_grid(grid)
    return np.hstack([grid, grid]), np.hstack([normal, normal])


def _draw(
    variables: tuple[Variable, ...],
    rows: list[tuple[int, ...]],
    grids: tuple[Array, Array],
    key: int,
) -> list[Array]:
    """Values of all inputs for one half of the points, from the lattice rows of each."""
    uniform, normal = grids
    drawn: list[Array] = []
    for variable, places in zip(variables, rows, strict=True):
        distribution, joint = variable.distribution, variable.joint
        if joint is not None:
            weights = joint.factor[variable.member, : len(places)].tolist()
            z = [lattice_values(normal, place, shift_key=key) for place in places]
            mixed: Array = sum(w * x for w, x in zip(weights, z, strict=True))
            drawn.append(distribution.from_normal(mixed))
        elif distribution.normal_based:
            drawn.append(
                distribution.from_normal(lattice_values(normal, places[-1], shift_key=key))
            )
        else:
            drawn.append(distribution.quantile(lattice_values(uniform, places[-1], shift_key=key)))
    return drawn


def _run(
    program: Program,
    factors: list[list[int]],
    halves: tuple[list[Array], list[Array]],
    out: Array,
) -> None:
    a, b = halves
    out[0], out[1] = program.run(a), program.run(b)
    for row, factor in enumerate(factors, start=2):
        mixed = a.copy()
        for place in factor:
            mixed[place] = b[place]
        out[row] = program.run(mixed)


def _estimated(y: Array) -> Array:
    """First-order and total index of every factor with their errors, and the sum of the first.

    Returns rows (first, total, error of first, error of total), one per factor; in the last row
    the sums over factors.
    """
    y = y.reshape(y.shape[0], SHIFTS, -1)
    y = y - y[:2].mean()
    a, b, mixed = y[0], y[1], y[2:]
    variance = 0.5 * np.mean(a**2 + b**2, axis=-1)
    first = np.mean(b * (mixed - a), axis=-1)
    total = 0.5 * np.mean((a - mixed) ** 2, axis=-1)
    parts = np.stack([first, total], axis=1)
    parts = np.concatenate([parts, parts.sum(axis=0, keepdims=True)])
    whole = variance.mean()
    shares = parts.mean(axis=-1) / whole
    # Error of a ratio of means: of what is left when the ratio is taken out.
    left = parts - shares[..., None] * variance
    errors = left.std(axis=-1, ddof=1) / (math.sqrt(SHIFTS) * whole)
    return np.hstack([shares, errors])


def _is_log(y: Array, log: bool | None) -> bool:  # noqa: FBT001 - the caller's own argument
    if log is False:
        return False
    below = y <= 0
    if log and below.any():
        message = (
            f"sobol(log=True) needs a positive result; {100 * below.mean():.3g} % of its values "
            f"are not, the lowest is {y.min():.6g}: write log=False, or give the inputs limits, "
            "as in limits=(0, None)"
        )
        raise RangeError(message)
    return not below.any()


def _check_results(y: Array) -> None:
    bad = ~np.isfinite(y)
    if bad.any():
        message = (
            f"sobol() needs finite results; {100 * bad.mean():.3g} % of the values are infinite "
            "or undefined, such as a quotient by zero or the root of a negative number: give the "
            "input limits, as in limits=(0, None)"
        )
        raise RangeError(message)
    if np.ptp(y[:2]) <= _ROUNDING * np.max(np.abs(y)):
        message = (
            f"sobol() shares out the spread of a result, and this one has none: it is "
            f"{y[0, 0]:.6g} at every point"
        )
        raise RangeError(message)


def _check_points(points: object) -> None:
    whole = isinstance(points, (int, np.integer)) and not isinstance(points, bool)
    if not whole or points not in _POSSIBLE_POINTS:
        message = (
            "sobol: points needs a power of two from 2**7 to 2**20, such as "
            f"{DEFAULT_POINTS}; got {points!r}"
        )
        raise RangeError(message)


def _share(share: float, error: float) -> str:
    """Write a share with the digits that its error leaves."""
    if error == 0:
        return f"{share:.{_MOST_DECIMALS}g}"
    decimals = min(max(0, -math.floor(math.log10(error))), _MOST_DECIMALS)
    least = 10.0**-decimals
    shown = round(share, decimals) + 0.0  # so that nothing reads "-0"
    return f"{shown:.{decimals}f} ± {max(error, least):.{decimals}f}"
