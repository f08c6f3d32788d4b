"""Quantiles of a stream of numbers that is too long to be kept.

Numbers are counted in cells that follow their binary form: sign, exponent, and the first ten bits
of the mantissa, so that a cell is a thousandth of its numbers wide, whatever their size. Inside a
cell quantiles are interpolated. Counts are whole numbers, so that threads may count in any order.

Rejected: keeping the numbers (800 MB for 1e8), t-digests (their digits depend on the order), and a
histogram with fixed ends (the ends are not known beforehand).
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Digest"]

Array: TypeAlias = npt.NDArray[np.float64]

_SHIFT = 52 - 10  # bits of the mantissa that are dropped


class Digest:
    """Counts of numbers by cell, and sums for mean and standard deviation."""

    def __init__(self) -> None:
        self._positive = _Counts()
        self._negative = _Counts()
        self._zeros = 0
        self._sums: dict[int, tuple[float, float]] = {}

    def add(self, place: int, numbers: Array) -> None:
        """Count numbers.

        Parameters
        ----------
        place : int
            Which part of the stream they are; sums are taken in this order.
        numbers : ndarray
            One-dimensional, without NaN.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            # Not np.dot: its digits depend on how many threads it takes.
            self._sums[place] = (float(numbers.sum()), float(np.square(numbers).sum()))
        above = numbers[numbers > 0.0] if numbers.min() <= 0.0 else numbers
        self._positive.add(above)
        if above.size < numbers.size:
            below = numbers[numbers < 0.0]
            self._negative.add(-below)
            self._zeros += numbers.size - above.size - below.size

    def merge(self, other: Digest) -> None:
        """Take in what another thread counted."""
        self._positive.merge(other._positive)
        self._negative.merge(other._negative)
        self._zeros += other._zeros
        self._sums.update(other._sums)

    @property
    def count(self) -> int:
        """How many numbers were counted."""
        return self._negative.total + self._zeros + self._positive.total

    def mean(self) -> float:
        """Mean of the numbers."""
        return math.fsum(self._sums[place][0] for place in sorted(self._sums)) / self.count

    def mean_error(self) -> float:
        """Standard error of the mean."""
        mean_square = math.fsum(self._sums[p][1] for p in sorted(self._sums)) / self.count
        return math.sqrt(max(mean_square - self.mean() ** 2, 0.0) / self.count)

    def quantiles(self, levels: Array) -> Array:
        """Quantiles, by interpolation inside a cell.

        Parameters
        ----------
        levels : ndarray
            Probabilities in [0, 1].

        Returns
        -------
        ndarray
            One value per level, within a thousandth of a number that was counted.
        """
        ranks = np.asarray(levels) * (self.count - 1)
        negative, zeros = self._negative.total, self._zeros
        found = np.zeros(ranks.shape)
        low = ranks < negative
        found[low] = -self._negative.at(negative - 1 - ranks[low])
        high = ranks > negative + zeros - 1
        high &= ~low
        found[high] = self._positive.at(np.maximum(ranks[high] - negative - zeros, 0.0))
        return found


class _Counts:
    """Counts of positive numbers, in an array that grows to where they lie."""

    def __init__(self) -> None:
        self.first = 0
        self.counts = np.zeros(0, dtype=np.int64)
        self.total = 0

    def add(self, numbers: Array) -> None:
        if numbers.size:
            cells = numbers.view(np.int64) >> _SHIFT
            first = int(cells.min())
            cells -= first
            self._take_in(first, np.bincount(cells), numbers.size)

    def merge(self, other: _Counts) -> None:
        if other.total:
            self._take_in(other.first, other.counts, other.total)

    def _take_in(self, first: int, counts: npt.NDArray[np.int64], total: int) -> None:
        if not self.total:
            self.first = first
        start = min(self.first, first)
        stop = max(self.first + self.counts.size, first + counts.size)
        if stop - start > self.counts.size:
            grown = np.zeros(stop - start, dtype=np.int64)
            grown[self.first - start : self.first - start + self.counts.size] = self.counts
            self.first, self.counts = start, grown
        self.counts[first - start : first - start + counts.size] += counts
        self.total += total

    def at(self, ranks: Array) -> Array:
        """Numbers of these ranks, counted from 0 upwards."""
        if not ranks.size:
            return ranks
        below = np.concatenate([[0], np.cumsum(self.counts)])
        cells = np.searchsorted(below, ranks, side="right") - 1
        cells = np.minimum(cells, self.counts.size - 1)
        low = ((cells + self.first) << _SHIFT).view(np.float64)
        high = ((cells + self.first + 1) << _SHIFT).view(np.float64)
        # The j-th of n numbers in a cell is taken to lie at (j + 1/2) / n of its width.
        inside = np.minimum((ranks - below[cells] + 0.5) / self.counts[cells], 1.0)
        with np.errstate(invalid="ignore"):
            between = low + (high - low) * inside
        return np.where(np.isfinite(high), between, low)
