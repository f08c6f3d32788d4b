"""What all distributions share: the interface, and numerical defaults for what has no closed form.

Rejected: moments from random draws (they would differ from run to run) and from adaptive quadrature
(scipy); one fixed rule over quantiles serves every kind, since all have a quantile function.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, cast

import attrs
import numpy as np

from llm_economics.core.uncertain._checks import refusal
from llm_economics.core.uncertain.normal import normal_cdf_of_array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "Distribution",
    "check_distribution",
    "field_names",
    "quantile_at",
    "weighted_std",
    "weighted_sum",
]

_NODES = 2**14  # of the numerical integrals over quantiles
_NEVER = 1e-12  # x <= 0 with less probability than this is taken for impossible
_LEAST = 2.0**-53  # keeps a probability off 0 and 1
_HALF = 0.5  # the cumulative probability at the median


class Distribution(ABC):
    """What every distribution of one uncertain number can do.

    Probabilities are dimensionless; everything else has the unit of the number described. A
    subclass gives `support`, `quantile`, `cdf`, `scaled` and `describe`; the rest has defaults,
    moments among them (numerical integration over quantiles), overridden where a closed form is
    known.
    """

    __slots__ = ()

    kind: ClassVar[str]

    normal_based: ClassVar[bool] = False
    """Whether `from_normal` is the direct way, and `quantile` goes through it."""

    continuous: ClassVar[bool] = False
    """Whether quantiles have no jumps, but are costly: a class for which a table of them pays."""

    @property
    def tabulated(self) -> bool:
        """Whether random draws use a table of quantiles."""
        return self.continuous

    @property
    @abstractmethod
    def support(self) -> tuple[float, float]:
        """Ends that x never leaves, possibly infinite."""

    @property
    def quoted(self) -> tuple[float, float]:
        """Ends as quoted, inside the support; what a bounding calculation uses."""
        return self.support

    @property
    def level(self) -> float:
        """Probability inside the quoted ends; 1.0 for hard limits."""
        return 1.0

    @property
    def ordered(self) -> bool:
        """Whether `quantile` is increasing, so that ``quantile(0.5)`` is the median."""
        return True

    @abstractmethod
    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map uniform numbers in (0, 1) to numbers that have this distribution."""

    def from_normal(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Map standard normal numbers to numbers that have this distribution; may use up `z`."""
        return self.quantile(np.clip(normal_cdf_of_array(z), _LEAST, 1.0 - _LEAST))

    @abstractmethod
    def cdf(self, x: float) -> float:
        """Probability of x or less."""

    @abstractmethod
    def scaled(self, factor: float) -> Distribution:
        """Return the distribution of `factor` times x, for a factor above 0 (a change of unit)."""

    @abstractmethod
    def describe(self) -> str:
        """One line for people, such as "log-normal, 90 % in 7 to 15"."""

    def form(self) -> str:
        """What it looks like whatever its unit: `describe` with the larger end as 1."""
        size = max(map(abs, self.quoted))
        return self.scaled(1.0 / size).describe() if size else self.describe()

    def below(self, x: float) -> float:
        """Probability of less than x; differs from `cdf` only where single values have weight."""
        return self.cdf(x)

    def median(self) -> float:
        """Value that x is as likely to be below as above."""
        return quantile_at(self, 0.5) if self.ordered else _bisected_median(self)

    def mean(self) -> float:
        """Mean of x."""
        return _moments(self)[0]

    def std(self) -> float:
        """Return the standard deviation of x."""
        return _moments(self)[1]

    def log_std(self) -> float:
        """Return the standard deviation of ln x, dimensionless; NaN if P(x <= 0) is above 1e-12."""
        return _log_spread(self)

    def quantile_within(
        self, u: NDArray[np.float64], lower: float, upper: float
    ) -> NDArray[np.float64]:
        """Like `quantile`, for x known to be between `lower` and `upper`."""
        start, end = self.below(lower), self.cdf(upper)
        return np.clip(self.quantile(start + u * (end - start)), lower, upper)

    def to_dict(self) -> dict[str, object]:
        """Plain data for files; `from_dict` brings the same distribution back.

        Examples
        --------
        >>> from llm_economics.core.uncertain.distributions import Uniform
        >>> Uniform(1.0, 2.0).to_dict()
        {'kind': 'uniform', 'low': 1.0, 'high': 2.0}
        """
        fields = {name: _to_plain(getattr(self, name)) for name in field_names(type(self))}
        return {"kind": self.kind, **fields}


def check_distribution(owner: object, field: str, value: object) -> None:
    """Refuse what is not a distribution."""
    if not isinstance(value, Distribution):
        raise refusal(owner, field, "a distribution", value, "write Uniform(low, high), say")


def field_names(cls: type[Distribution], *, needed_only: bool = False) -> tuple[str, ...]:
    """Names of the fields of a kind, or only of those that have no default."""
    fields: tuple[attrs.Attribute[object], ...] = attrs.fields(
        cast("type[attrs.AttrsInstance]", cls)
    )
    return tuple(f.name for f in fields if not needed_only or f.default is attrs.NOTHING)


def _to_plain(value: object) -> object:
    """Turn a field into what a file can hold."""
    if isinstance(value, tuple):
        return [_to_plain(item) for item in value]
    return value.to_dict() if isinstance(value, Distribution) else value


def weighted_sum(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted sum."""
    return math.fsum(value * weight for value, weight in zip(values, weights, strict=True))


def weighted_std(values: Sequence[float], weights: Sequence[float]) -> float:
    """Weighted standard deviation."""
    mean = weighted_sum(values, weights)
    return math.sqrt(weighted_sum([(value - mean) ** 2 for value in values], weights))


def quantile_at(distribution: Distribution, u: float) -> float:
    """One quantile."""
    return float(distribution.quantile(np.array([u]))[0])


@lru_cache(maxsize=1)
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Places in (0, 1) and weights of the integrals over quantiles.

    Midpoints, crowded towards both ends by ``u = v**3 (10 - 15 v + 6 v**2)``, so that the tails of
    an unbounded distribution count down to a probability of about 3e-13.
    """
    v = (np.arange(_NODES) + 0.5) / _NODES
    weights = (v * (1.0 - v)) ** 2
    return v**3 * (10.0 + v * (6.0 * v - 15.0)), weights / weights.sum()


@lru_cache(maxsize=1024)
def _moments(distribution: Distribution) -> tuple[float, float]:
    """Mean and standard deviation, integrated over quantiles."""
    u, weights = _nodes()
    x = distribution.quantile(u)
    mean = float(weights @ x)
    return mean, math.sqrt(float(weights @ (x - mean) ** 2))


@lru_cache(maxsize=1024)
def _log_spread(distribution: Distribution) -> float:
    """Integrate the standard deviation of ln x over quantiles; NaN if x can be 0 or less."""
    if distribution.cdf(0.0) > _NEVER:
        return math.nan
    u, weights = _nodes()
    x = distribution.quantile(u)
    logs = np.log(np.maximum(x, x[x > 0.0].min()))
    return math.sqrt(float(weights @ (logs - weights @ logs) ** 2))


def _bisected_median(distribution: Distribution) -> float:
    """Smallest x with a cumulative probability of one half or more."""
    x = np.sort(distribution.quantile(_nodes()[0])).tolist()
    place = bisect_left(x, _HALF, key=distribution.cdf)
    high = x[place]
    low = x[place - 1] if place > 0 else high
    # Down to neighbouring floats; between two nodes that takes some fifty halvings.
    while low < (middle := low / 2.0 + high / 2.0) < high:
        low, high = (low, middle) if distribution.cdf(middle) >= _HALF else (middle, high)
    return float(high)
