"""Distributions given by two ends or by two limits and a most likely value.

Rejected: triangular (PERT says the same with a smoother shape) and the beta quantile by iteration
(a table is ten times faster and as good as anybody knows such a range).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Self

import attrs
import numpy as np

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain._base import Distribution
from llm_economics.core.uncertain._checks import (
    check_finite,
    check_level,
    check_ordered,
    checked_factor,
    plain,
    refusal,
    text,
)
from llm_economics.core.uncertain.normal import normal_cdf, normal_quantile, two_sided_z

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LogNormal",
    "LogUniform",
    "Normal",
    "Pert",
    "Uniform",
]

_LARGEST_EXPONENT = 709.0  # exp of more overflows
_NARROW = 1e-3  # half-width in ln x below which closed forms cancel; two terms of the series serve
_LOGIT_END, _CELLS = 36.0, 8192  # of the beta table


@attrs.frozen
class _Interval(Distribution):
    """A distribution given by two ends, lower first."""

    low: float = attrs.field(converter=plain, validator=check_finite)
    high: float = attrs.field(converter=plain, validator=check_finite)

    _positive: ClassVar[bool] = False

    def __attrs_post_init__(self) -> None:
        """Refuse ends without a width, in the wrong order, or not positive where they must be."""
        if self._positive and self.low <= 0.0:
            advice = "write Normal or Uniform for a range that reaches 0"
            raise refusal(self, "low", "above 0", self.low, advice)
        check_ordered(self, self.low, self.high)

    @property
    def support(self) -> tuple[float, float]:
        """The two ends, as hard limits."""
        return self.low, self.high

    def scaled(self, factor: float) -> Self:
        """Both ends times `factor`, which must be above 0."""
        factor = checked_factor(self, factor)
        return attrs.evolve(self, low=self.low * factor, high=self.high * factor)

    def form(self) -> str:
        """Kind, level, and the ends relative to the larger one."""
        size = max(abs(self.low), abs(self.high))
        return f"{self.kind} {self.level:.6g} {self.low / size:.6g} {self.high / size:.6g}"

    def describe(self) -> str:
        """Kind, level and ends."""
        share = "" if self.level == 1.0 else f"{text(100.0 * self.level)} % in "
        return f"{self.kind}, {share}{text(self.low)} to {text(self.high)}"


@attrs.frozen
class LogNormal(_Interval):
    """Log-normal: ln x is normal; for positive numbers known within a factor.

    Parameters
    ----------
    low, high : float
        Quoted ends, above 0; the median is ``sqrt(low * high)``.
    level : float
        Probability between them, in equal tails.

    Notes
    -----
    ``x = median * exp(sigma * z)``, ``sigma = ln(high / low) / (2 * z_level)``; mean
    ``median * exp(sigma**2 / 2)``.

    Examples
    --------
    >>> LogNormal(7.0, 15.0).describe()
    'log-normal, 90 % in 7 to 15'
    """

    level: float = attrs.field(default=0.9, converter=plain, validator=check_level)

    kind: ClassVar[str] = "log-normal"
    normal_based: ClassVar[bool] = True
    continuous: ClassVar[bool] = True
    _positive: ClassVar[bool] = True

    @classmethod
    def from_median(cls, median: float, geometric_std: float) -> LogNormal:
        """Build from the median and the factor (above 1) that one standard deviation of ln x is.

        Examples
        --------
        >>> round(LogNormal.from_median(10.0, 2.0).log_std(), 6) == round(math.log(2.0), 6)
        True
        """
        if not 1.0 < geometric_std < math.inf:
            msg = f"LogNormal: geometric_std must be above 1; got {geometric_std!r}; write 1.3"
            raise RangeError(msg)
        spread = geometric_std ** two_sided_z(0.9)
        return cls(median / spread, median * spread)

    @property
    def quoted(self) -> tuple[float, float]:
        """The two ends as quoted."""
        return self.low, self.high

    @property
    def support(self) -> tuple[float, float]:
        """Every number above 0."""
        return 0.0, math.inf

    def median(self) -> float:
        """Geometric middle of the ends."""
        return math.sqrt(self.low) * math.sqrt(self.high)

    def mean(self) -> float:
        """Mean, above the median by ``exp(sigma**2 / 2)``; infinite where that overflows."""
        return self.median() * _exp(self.log_std() ** 2 / 2.0)

    def std(self) -> float:
        """Return the standard deviation of x."""
        variance = self.log_std() ** 2
        growth = math.expm1(variance) if variance < _LARGEST_EXPONENT else math.inf
        return self.mean() * math.sqrt(growth)

    def log_std(self) -> float:
        """Return the standard deviation of ln x."""
        ratio = math.log(self.high) - math.log(self.low)
        return ratio / (2.0 * two_sided_z(self.level))

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        return self.from_normal(normal_quantile(u))

    def from_normal(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values as many standard deviations of ln x from the median as `z` says."""
        z *= self.log_std()
        np.exp(z, out=z)
        z *= self.median()
        return z

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        if x <= 0.0:
            return 0.0
        return normal_cdf((math.log(x) - math.log(self.median())) / self.log_std())


@attrs.frozen
class Normal(_Interval):
    """Normal: for narrow ranges, and for numbers that may be negative.

    Parameters
    ----------
    low, high : float
        Quoted ends; the mean is the middle.
    level : float
        Probability between them, in equal tails.

    Notes
    -----
    ``std = (high - low) / (2 * z_level)``, as in GUM 4.3.4 and NIST TN 1297 4.3 for an interval
    with a stated level. The spread of ln x is given where x <= 0 is practically impossible (mean
    above seven standard deviations), which every range with high/low below 1.5 satisfies.

    Examples
    --------
    >>> Normal(90.0, 110.0).mean()
    100.0
    """

    level: float = attrs.field(default=0.9, converter=plain, validator=check_level)

    kind: ClassVar[str] = "normal"
    normal_based: ClassVar[bool] = True
    continuous: ClassVar[bool] = True

    @classmethod
    def from_mean(cls, mean: float, std: float, level: float = 0.9) -> Normal:
        """Build from mean and standard deviation; the ends are quoted at `level`.

        Examples
        --------
        >>> round(Normal.from_mean(700.0, 35.0).std(), 9)
        35.0
        """
        if not 0.0 < std < math.inf:
            msg = f"Normal: std must be above 0; got {std!r}; use a plain number for a sure value"
            raise RangeError(msg)
        half = std * two_sided_z(level)
        return cls(mean - half, mean + half, level)

    @property
    def quoted(self) -> tuple[float, float]:
        """The two ends as quoted."""
        return self.low, self.high

    @property
    def support(self) -> tuple[float, float]:
        """Every number."""
        return -math.inf, math.inf

    def median(self) -> float:
        """Middle of the ends."""
        return self.mean()

    def mean(self) -> float:
        """Middle of the ends."""
        return self.low / 2.0 + self.high / 2.0

    def std(self) -> float:
        """Half-width over the two-sided factor of the level."""
        return (self.high / 2.0 - self.low / 2.0) / two_sided_z(self.level)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        return self.from_normal(normal_quantile(u))

    def from_normal(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values as many standard deviations from the mean as `z` says."""
        z *= self.std()
        z += self.mean()
        return z

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        return normal_cdf((x - self.mean()) / self.std())


@attrs.frozen
class Uniform(_Interval):
    """Uniform between hard limits, such as those of a specification.

    Parameters
    ----------
    low, high : float
        The limits.

    Notes
    -----
    ``std = (high - low) / sqrt(12)``. With ``h = ln(high / low) / 2`` the variance of ln x is
    ``1 - (h / sinh h)**2``.
    """

    kind: ClassVar[str] = "uniform"

    def mean(self) -> float:
        """Middle of the limits."""
        return self.low / 2.0 + self.high / 2.0

    def std(self) -> float:
        """Width over the square root of 12."""
        return (self.high / 2.0 - self.low / 2.0) / math.sqrt(3.0)

    def log_std(self) -> float:
        """Return the standard deviation of ln x; NaN if x can be negative."""
        if self.low <= 0.0:
            return 1.0 if self.low == 0.0 else math.nan
        half = (math.log(self.high) - math.log(self.low)) / 2.0
        if half < _NARROW:
            return half * math.sqrt(1.0 / 3.0 - half * half / 15.0)
        # h / sinh h, written so that a huge h gives 0 instead of an overflow.
        shrink = 2.0 * half * math.exp(-half) / -math.expm1(-2.0 * half)
        return math.sqrt((1.0 - shrink) * (1.0 + shrink))

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        return self.low * (1.0 - u) + self.high * u

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        x = min(max(x, self.low), self.high)
        return (x / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)


@attrs.frozen
class LogUniform(_Interval):
    """Log-uniform between hard limits: every factor equally likely.

    Parameters
    ----------
    low, high : float
        The limits, above 0.

    Notes
    -----
    With ``w = ln(high / low)``: ``mean = (high - low) / w``, and the spread of ln x is
    ``w / sqrt(12)``.
    """

    kind: ClassVar[str] = "log-uniform"
    continuous: ClassVar[bool] = True
    _positive: ClassVar[bool] = True

    def _width(self) -> float:
        """Width in ln x."""
        return math.log(self.high) - math.log(self.low)

    def median(self) -> float:
        """Geometric middle of the limits."""
        return math.sqrt(self.low) * math.sqrt(self.high)

    def mean(self) -> float:
        """Mean of x."""
        return (self.high - self.low) / self._width()

    def std(self) -> float:
        """Return the standard deviation of x."""
        # (std / mean)**2 = h coth(h) - 1 with h half the width in ln x.
        half, middle = self._width() / 2.0, self.mean()
        if half < _NARROW:
            return middle * half * math.sqrt(1.0 / 3.0 - half * half / 45.0)
        return middle * math.sqrt(half / math.tanh(half) - 1.0)

    def log_std(self) -> float:
        """Return the standard deviation of ln x."""
        return self._width() / math.sqrt(12.0)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        out: NDArray[np.float64] = self.low * np.exp(self._width() * u)
        return np.clip(out, self.low, self.high)

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        x = min(max(x, self.low), self.high)
        return (math.log(x) - math.log(self.low)) / self._width()


@attrs.frozen
class Pert(Distribution):
    """Beta-PERT: hard limits and a most likely value.

    Parameters
    ----------
    low, mode, high : float
        Lower limit, most likely value (may equal a limit), upper limit.

    Notes
    -----
    A beta distribution over the limits with ``alpha = 1 + 4 (mode - low) / (high - low)`` and
    ``beta = 6 - alpha``; mean ``(low + 4 mode + high) / 6``. Quantiles come from a table, good to
    1e-6 of the width. Source: D. G. Malcolm et al., Operations Research 7 (1959) 646-669.

    Examples
    --------
    >>> Pert(1.0, 2.0, 9.0).mean()
    3.0
    """

    low: float = attrs.field(converter=plain, validator=check_finite)
    mode: float = attrs.field(converter=plain, validator=check_finite)
    high: float = attrs.field(converter=plain, validator=check_finite)

    kind: ClassVar[str] = "pert"
    continuous: ClassVar[bool] = True

    def __attrs_post_init__(self) -> None:
        """Refuse limits without a width and a most likely value outside them."""
        check_ordered(self, self.low, self.high)
        if not self.low <= self.mode <= self.high:
            advice = "write the limits first and last"
            raise refusal(self, "mode", "between low and high", self.mode, advice)

    @property
    def support(self) -> tuple[float, float]:
        """The two limits."""
        return self.low, self.high

    def _alpha(self) -> float:
        """First parameter of the beta distribution, 1 to 5."""
        return 1.0 + 4.0 * (self.mode - self.low) / (self.high - self.low)

    def mean(self) -> float:
        """Mean; the most likely value counts four times."""
        return (self.low + 4.0 * self.mode + self.high) / 6.0

    def std(self) -> float:
        """Return the standard deviation of x."""
        return math.sqrt((self.mean() - self.low) * (self.high - self.mean()) / 7.0)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie."""
        logits, places = _beta_table(self._alpha())
        with np.errstate(divide="ignore", invalid="ignore"):
            logit = np.log(u) - np.log1p(-u)
        share = 1.0 / (1.0 + np.exp(-np.interp(logit, logits, places)))
        out: NDArray[np.float64] = self.low * (1.0 - share) + self.high * share
        return out

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        if not self.low < x < self.high:
            return 1.0 if x >= self.high else 0.0
        logits, places = _beta_table(self._alpha())
        place = math.log(x - self.low) - math.log(self.high - x)
        return float(1.0 / (1.0 + np.exp(-np.interp(place, places, logits))))

    def scaled(self, factor: float) -> Pert:
        """All three values times `factor`, which must be above 0."""
        factor = checked_factor(self, factor)
        return Pert(self.low * factor, self.mode * factor, self.high * factor)

    def describe(self) -> str:
        """Kind, most likely value and limits."""
        limits = f"{text(self.low)} to {text(self.high)}"
        return f"PERT, most likely {text(self.mode)}, {limits}"


def _exp(x: float) -> float:
    """Exponential; infinite instead of an overflow."""
    return math.exp(x) if x < _LARGEST_EXPONENT else math.inf


@lru_cache(maxsize=256)
def _beta_table(alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cumulative probability of the beta distribution (alpha, 6 - alpha), as logits.

    Against the logit y of the place the logit of the probability is smooth and straight at both
    ends, so linear interpolation is good everywhere. The density in y is
    ``exp(alpha ln x + beta ln(1 - x))``; each cell is integrated by four-point Gauss-Legendre, from
    both ends so that neither tail cancels.
    """
    beta = 6.0 - alpha
    places = np.linspace(-_LOGIT_END, _LOGIT_END, _CELLS + 1)
    points, weights = np.polynomial.legendre.leggauss(4)
    half = _LOGIT_END / _CELLS
    y = (places[:-1] + half)[:, None] + half * points
    mass = half * np.exp(-alpha * np.logaddexp(0.0, -y) - beta * np.logaddexp(0.0, y)) @ weights
    ends = np.exp(-alpha * _LOGIT_END) / alpha, np.exp(-beta * _LOGIT_END) / beta
    lower = ends[0] + np.concatenate([[0.0], np.cumsum(mass)])
    upper = ends[1] + np.concatenate([[0.0], np.cumsum(mass[::-1])])[::-1]
    return np.log(lower) - np.log(upper), places
