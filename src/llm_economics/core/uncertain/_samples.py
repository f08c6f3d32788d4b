"""Distributions given by a list of values: alternatives with weights, and measurements.

Rejected: a kernel density over measurements (it invents a bandwidth and crosses physical limits).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar

import attrs
import numpy as np

from llm_economics.core.uncertain._base import Distribution, weighted_std, weighted_sum
from llm_economics.core.uncertain._checks import (
    check_all_finite,
    check_ordered,
    checked_factor,
    plain_tuple,
    refusal,
    shares,
    text,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Discrete",
    "Empirical",
]


@attrs.frozen
class Discrete(Distribution):
    """One of several values, each with its weight.

    Parameters
    ----------
    values : sequence of float
        Two or more different values.
    weights : sequence of float
        Above 0, one for each value; brought to a sum of 1. Equal when left out.

    Examples
    --------
    >>> Discrete([8, 4], [3, 1])
    Discrete(values=(4.0, 8.0), weights=(0.25, 0.75))
    """

    values: tuple[float, ...] = attrs.field(converter=plain_tuple, validator=check_all_finite)
    weights: tuple[float, ...] = attrs.field(default=(), converter=plain_tuple)

    kind: ClassVar[str] = "discrete"

    def __attrs_post_init__(self) -> None:
        """Sort by value, so that quantiles increase, and bring the weights to a sum of 1."""
        weights = shares(self, self.weights, len(self.values))
        if len(set(self.values)) < len(self.values):
            advice = "write it once, with the sum of its weights"
            raise refusal(self, "values", "all different", self.values, advice)
        pairs = sorted(zip(self.values, weights, strict=True))
        object.__setattr__(self, "values", tuple(value for value, _ in pairs))
        object.__setattr__(self, "weights", tuple(weight for _, weight in pairs))

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value."""
        return self.values[0], self.values[-1]

    def mean(self) -> float:
        """Weighted mean."""
        return weighted_sum(self.values, self.weights)

    def std(self) -> float:
        """Weighted standard deviation."""
        return weighted_std(self.values, self.weights)

    def log_std(self) -> float:
        """Weighted standard deviation of ln x; NaN if a value is not above 0."""
        if self.values[0] <= 0.0:
            return math.nan
        return weighted_std(tuple(map(math.log, self.values)), self.weights)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Smallest values that at least the shares `u` do not exceed."""
        edges = np.array(self._edges()[1:-1])
        out: NDArray[np.float64] = np.array(self.values)[np.searchsorted(edges, u, side="left")]
        return out

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        return self._edges()[bisect_right(self.values, x)]

    def below(self, x: float) -> float:
        """Probability of less than x."""
        return self._edges()[bisect_left(self.values, x)]

    def _edges(self) -> list[float]:
        """Cumulative weights: 0, those after each value but the last, and 1."""
        return [0.0, *accumulate(self.weights[:-1]), 1.0]

    def scaled(self, factor: float) -> Discrete:
        """Every value times `factor`, which must be above 0."""
        factor = checked_factor(self, factor)
        return Discrete([value * factor for value in self.values], self.weights)

    def describe(self) -> str:
        """Name the values with their weights."""
        parts = (
            f"{text(value)} ({text(100.0 * weight)} %)"
            for value, weight in zip(self.values, self.weights, strict=True)
        )
        return f"discrete, {', '.join(parts)}"


@attrs.frozen
class Empirical(Distribution):
    """A sample of measurements, interpolated linearly between neighbours.

    Parameters
    ----------
    values : sequence of float
        Two or more numbers, not all equal, in any order; smallest and largest are hard limits.

    Notes
    -----
    The i-th of n sorted values is the quantile ``(i - 1) / (n - 1)``.

    Examples
    --------
    >>> Empirical([3, 1, 2]).mean()
    2.0
    """

    values: tuple[float, ...] = attrs.field(converter=plain_tuple, validator=check_all_finite)

    kind: ClassVar[str] = "empirical"

    def __attrs_post_init__(self) -> None:
        """Sort the values and refuse a sample without spread."""
        object.__setattr__(self, "values", tuple(sorted(self.values)))
        check_ordered(self, self.values[0], self.values[-1], ("the smallest", "the largest"))

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value."""
        return self.values[0], self.values[-1]

    def mean(self) -> float:
        """Mean of the interpolated sample."""
        values = np.array(self.values)
        return float(np.mean(values[:-1] / 2.0 + values[1:] / 2.0))

    def std(self) -> float:
        """Return the standard deviation of the interpolated sample."""
        values = np.array(self.values)
        middles, widths = values[:-1] / 2.0 + values[1:] / 2.0, np.diff(values)
        return math.sqrt(np.mean((middles - middles.mean()) ** 2 + widths**2 / 12.0))

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        return np.interp(u, np.linspace(0.0, 1.0, len(self.values)), self.values)

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        return self._share(x, bisect_right(self.values, x))

    def below(self, x: float) -> float:
        """Probability of less than x."""
        return self._share(x, bisect_left(self.values, x))

    def _share(self, x: float, rank: int) -> float:
        """Cumulative probability at x, which comes after `rank` of the values."""
        cells = len(self.values) - 1
        if not 0 < rank <= cells:
            return float(rank > 0)
        left, right = self.values[rank - 1], self.values[rank]
        return (rank - 1 + (x - left) / (right - left)) / cells

    def scaled(self, factor: float) -> Empirical:
        """Every value times `factor`, which must be above 0."""
        factor = checked_factor(self, factor)
        return Empirical([value * factor for value in self.values])

    def describe(self) -> str:
        """Size and limits."""
        low, high = self.support
        return f"empirical, {len(self.values)} values in {text(low)} to {text(high)}"
