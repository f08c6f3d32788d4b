"""Tables of quantiles, by which random numbers become random values at the price of a look-up.

Most of the time of a Monte Carlo run goes into drawing: a normal number costs five uniform ones,
and the exponential that makes it log-normal three more. A table of the quantile function, straight
between its knots, gives values of any continuous distribution for three uniform numbers. It has
8192 equal cells, and in both tails 64 cells per halving of the probability, down to 2**-54, so that
values deviate from the exact quantile by less than 2e-4 of a standard deviation (in ln x, for a
log-normal). No Monte Carlo run of fewer than 1e8 samples can tell.

Rejected: NumPy's normal and log-normal generators (two to three times slower), one table without
cells for the tails (wrong there), and inverting the cumulative probability anew at every draw.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.uncertain.normal import normal_quantile

if TYPE_CHECKING:
    from llm_economics.core.uncertain.distributions import Distribution

__all__ = ["QuantileTable", "Scratch", "quantile_table"]

Array: TypeAlias = npt.NDArray[np.float64]

_CELLS = 2**13
_TAIL_CELLS = 16  # so many cells at either end have a finer table
_TAIL = _TAIL_CELLS / _CELLS
_MANTISSA = 52 - 6  # bits of a float that are dropped to get its tail cell: 2**6 cells per halving
_LEAST = 2.0**-54
_TABLES_KEPT = 64


class Scratch:
    """Room that filling a block from a table needs; one per thread.

    Parameters
    ----------
    size : int
        Numbers in the largest block.
    """

    __slots__ = ("cells", "numbers")

    def __init__(self, size: int) -> None:
        self.cells: npt.NDArray[np.intp] = np.empty(size, dtype=np.intp)
        self.numbers: Array = np.empty(size)


@attrs.frozen(eq=False)
class QuantileTable:
    """Quantiles of one distribution as straight lines ``intercept + slope u`` in cells of u."""

    intercept: Array
    slope: Array
    tail_intercept: Array
    """The finer cells: those of the lower tail, then those of the upper one."""
    tail_slope: Array
    limits: tuple[float, float] | None
    """Hard limits, which rounding must not cross."""

    def fill(self, generator: np.random.Generator, out: Array, scratch: Scratch) -> None:
        """Fill an array with random values.

        Parameters
        ----------
        generator : numpy.random.Generator
            Source of uniform numbers.
        out : ndarray
            One-dimensional; filled.
        scratch : Scratch
            At least as large as `out`.
        """
        cells, numbers = scratch.cells[: out.size], scratch.numbers[: out.size]
        generator.random(out=out)
        np.multiply(out, float(_CELLS), out=numbers)
        np.copyto(cells, numbers, casting="unsafe")
        # Far from the middle: in the first or the last few cells.
        numbers -= _CELLS / 2.0
        np.abs(numbers, out=numbers)
        tail = np.flatnonzero(numbers > _CELLS / 2.0 - _TAIL_CELLS)
        u = out[tail]
        # "wrap" takes the quickest way; every cell exists.
        self.slope.take(cells, out=numbers, mode="wrap")
        np.multiply(out, numbers, out=out)
        self.intercept.take(cells, out=numbers, mode="wrap")
        np.add(out, numbers, out=out)
        out[tail] = self._in_tails(u)
        if self.limits is not None:
            np.clip(out, *self.limits, out=out)

    def _in_tails(self, u: Array) -> Array:
        """Values far out, from the probability beyond them."""
        upper = u > 0.5  # noqa: PLR2004 - the middle
        np.subtract(1.0, u, out=u, where=upper)
        np.maximum(u, _LEAST, out=u)
        cells = u.view(np.int64) >> _MANTISSA
        cells -= _first_cell()
        cells[upper] += self.tail_slope.size // 2
        return self.tail_intercept.take(cells) + self.tail_slope.take(cells) * u


@lru_cache(maxsize=_TABLES_KEPT)
def quantile_table(distribution: Distribution) -> QuantileTable:
    """Table of a distribution; the last few are kept.

    Parameters
    ----------
    distribution : Distribution
        One whose quantiles are continuous: its `tabulated` is true.

    Returns
    -------
    QuantileTable
        The table.
    """
    knots, inner, tails = _knots()
    if distribution.normal_based:
        values = distribution.from_normal(_normal_knots().copy())
    else:
        values = distribution.quantile(knots)
    body, lower, upper = np.split(values, [inner.size, inner.size + tails.size])
    lines = [_lines(inner, body), _lines(tails, lower), _lines(tails, upper)]
    low, high = distribution.support
    limited = not distribution.normal_based and (math.isfinite(low) or math.isfinite(high))
    return QuantileTable(
        *lines[0],
        np.concatenate([lines[1][0], lines[2][0]]),
        np.concatenate([lines[1][1], lines[2][1]]),
        (low, high) if limited else None,
    )


def _lines(knots: Array, values: Array) -> tuple[Array, Array]:
    slope = np.diff(values) / np.diff(knots)
    return values[:-1] - slope * knots[:-1], slope


def _first_cell() -> int:
    return int(np.float64(_LEAST).view(np.int64)) >> _MANTISSA


@lru_cache(maxsize=1)
def _knots() -> tuple[Array, Array, Array]:
    """Where quantiles are computed: all of them, those of the equal cells, and tail probabilities.

    In the upper tail the knots are ``1 - p``, and the lines are in p.
    """
    inner = np.arange(_CELLS + 1) / _CELLS
    last = int(np.float64(_TAIL).view(np.int64)) >> _MANTISSA
    cells = np.arange(_first_cell(), last + 2, dtype=np.int64)
    tails = (cells << _MANTISSA).view(np.float64)
    inside = np.clip(inner, _LEAST, 1.0 - 2.0**-53)
    return np.concatenate([inside, tails, np.minimum(1.0 - tails, 1.0 - 2.0**-53)]), inner, tails


@lru_cache(maxsize=1)
def _normal_knots() -> Array:
    knots, _, tails = _knots()
    z = normal_quantile(knots[: -tails.size])
    # 1 - p is rounded; by symmetry the upper tail is known as well as the lower one.
    return np.concatenate([z, -z[-tails.size :]])
