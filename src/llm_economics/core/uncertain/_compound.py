"""Distributions made of others: a mixture of sources, and one kept inside physical limits.

Rejected: clipping at a limit (it piles probability up on the limit itself) and the hull of
disagreeing sources (it puts weight where no source does).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import accumulate
from typing import TYPE_CHECKING, ClassVar, cast

import attrs
import numpy as np

from llm_economics.core.uncertain._base import (
    Distribution,
    check_distribution,
    quantile_at,
    weighted_std,
    weighted_sum,
)
from llm_economics.core.uncertain._checks import (
    check_ordered,
    checked_factor,
    plain_or_none,
    plain_tuple,
    refusal,
    shares,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "Mixture",
    "Truncated",
]

_LEAST_MASS = 1e-6  # a truncation that keeps less is taken for a slip
_INSIDE = 2.0**-53  # keeps the share of a mixture's component off 0 and 1


def _as_tuple(parts: Iterable[Distribution]) -> tuple[Distribution, ...]:
    """Turn a sequence into a tuple; leave anything else for the check to name."""
    given: object = parts
    if isinstance(given, Iterable):
        return tuple(parts)
    return cast("tuple[Distribution, ...]", parts)


@attrs.frozen
class Mixture(Distribution):
    """Disagreeing sources: every sample follows one of them, drawn by weight.

    Parameters
    ----------
    components : sequence of Distribution
        Two or more.
    weights : sequence of float
        Above 0, one for each component; brought to a sum of 1. Equal when left out.

    Notes
    -----
    `quantile` gives each component its own stretch of u, as wide as its weight: it preserves
    measure but does not increase over the whole of (0, 1). The quoted ends are the hull.

    Examples
    --------
    >>> from llm_economics.core.uncertain.distributions import Uniform
    >>> Mixture([Uniform(0.0, 1.0), Uniform(2.0, 3.0)]).mean()
    1.5
    """

    components: tuple[Distribution, ...] = attrs.field(converter=_as_tuple)
    weights: tuple[float, ...] = attrs.field(default=(), converter=plain_tuple)

    kind: ClassVar[str] = "mixture"

    def __attrs_post_init__(self) -> None:
        """Refuse what is not a distribution and bring the weights to a sum of 1."""
        parts: object = self.components
        if not isinstance(parts, tuple) or len(parts) < 2:  # noqa: PLR2004
            advice = "use the component itself where there is only one"
            raise refusal(self, "components", "two or more distributions", parts, advice)
        for part in parts:
            check_distribution(self, "components", part)
        object.__setattr__(self, "weights", shares(self, self.weights, len(parts)))

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest end of the components' supports."""
        return _hull([part.support for part in self.components])

    @property
    def quoted(self) -> tuple[float, float]:
        """Smallest and largest quoted end of the components."""
        return _hull([part.quoted for part in self.components])

    @property
    def level(self) -> float:
        """Probability inside the hull of the quoted ends."""
        low, high = self.quoted
        return self.cdf(high) - self.below(low)

    @property
    def ordered(self) -> bool:
        """False: quantiles increase within each component only."""
        return False

    def mean(self) -> float:
        """Weighted mean of the means."""
        return weighted_sum([part.mean() for part in self.components], self.weights)

    def std(self) -> float:
        """Spread within the components and between their means."""
        within = weighted_sum([part.std() * part.std() for part in self.components], self.weights)
        between = weighted_std([part.mean() for part in self.components], self.weights)
        return math.hypot(math.sqrt(within), between)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the component whose stretch of (0, 1) each of `u` falls into."""
        return self.quantile_within(u, -math.inf, math.inf)

    def quantile_within(
        self, u: NDArray[np.float64], lower: float, upper: float
    ) -> NDArray[np.float64]:
        """Like `quantile`, each component weighted by what it has between the limits."""
        u = np.asarray(u, dtype=np.float64)
        masses = [part.cdf(upper) - part.below(lower) for part in self.components]
        kept = [
            (part, weight * mass)
            for part, weight, mass in zip(self.components, self.weights, masses, strict=True)
            if mass > 0.0
        ]
        edges = np.array([0.0, *accumulate(mass for _, mass in kept)])
        edges /= edges[-1]
        chosen = np.searchsorted(edges[1:-1], u, side="right")
        out = np.empty_like(u)
        for place, (part, _) in enumerate(kept):
            mine = chosen == place
            share = (u[mine] - edges[place]) / (edges[place + 1] - edges[place])
            share = np.clip(share, _INSIDE, 1.0 - _INSIDE)
            out[mine] = part.quantile_within(share, lower, upper)
        return out

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        return min(weighted_sum([part.cdf(x) for part in self.components], self.weights), 1.0)

    def below(self, x: float) -> float:
        """Probability of less than x."""
        return min(weighted_sum([part.below(x) for part in self.components], self.weights), 1.0)

    def scaled(self, factor: float) -> Mixture:
        """Every component times `factor`, which must be above 0."""
        return Mixture([part.scaled(factor) for part in self.components], self.weights)

    def describe(self) -> str:
        """Name the components with their weights."""
        parts = (
            f"{text(100.0 * weight)} % {part.describe()}"
            for part, weight in zip(self.components, self.weights, strict=True)
        )
        return f"mixture of {'; '.join(parts)}"


@attrs.frozen
class Truncated(Distribution):
    """A distribution kept inside physical limits, its probability brought back to 1.

    Parameters
    ----------
    base : Distribution
        What is truncated.
    lower, upper : float or None
        The limits; one of them may be None.

    Notes
    -----
    ``quantile(u) = base.quantile(Fa + u (Fb - Fa))``, Fa and Fb the base's probabilities at the
    limits. Moments are integrated numerically.

    Examples
    --------
    >>> from llm_economics.core.uncertain.distributions import LogNormal
    >>> Truncated(LogNormal(1.05, 1.4), lower=1.0).describe()
    'log-normal, 90 % in 1.05 to 1.4, at least 1'
    """

    base: Distribution
    lower: float | None = attrs.field(default=None, converter=plain_or_none)
    upper: float | None = attrs.field(default=None, converter=plain_or_none)

    kind: ClassVar[str] = "truncated"

    def __attrs_post_init__(self) -> None:
        """Refuse limits that are missing, reversed, or leave (almost) nothing of the base."""
        check_distribution(self, "base", self.base)
        for field, limit in (("lower", self.lower), ("upper", self.upper)):
            _check_limit(self, field, limit)
        if self.lower is None and self.upper is None:
            raise refusal(self, "lower", "given, or upper", None, "use the base itself")
        if self.lower is not None and self.upper is not None:
            check_ordered(self, self.lower, self.upper, ("lower", "upper"))
        low, high = self.support
        if low >= high or self._mass() < _LEAST_MASS:
            needed = f"such that some of {self.base.describe()} is left"
            came = (self.lower, self.upper)
            raise refusal(self, "lower to upper", needed, came, "check limits and unit")

    @property
    def support(self) -> tuple[float, float]:
        """The base's support, cut at the limits."""
        return self._cut(self.base.support)

    @property
    def quoted(self) -> tuple[float, float]:
        """The base's quoted ends, cut at the limits; the 5 % and 95 % points if nothing is left."""
        low, high = self._cut(self.base.quoted)
        return (low, high) if low < high else (quantile_at(self, 0.05), quantile_at(self, 0.95))

    @property
    def level(self) -> float:
        """Probability inside the quoted ends, after the truncation."""
        low, high = self.quoted
        return self.cdf(high) - self.below(low)

    @property
    def ordered(self) -> bool:
        """Whether the base's quantiles increase."""
        return self.base.ordered

    @property
    def tabulated(self) -> bool:
        """As the base."""
        return self.base.tabulated

    def _cut(self, ends: tuple[float, float]) -> tuple[float, float]:
        """Two ends, moved inside the limits."""
        lower = -math.inf if self.lower is None else self.lower
        upper = math.inf if self.upper is None else self.upper
        return min(max(ends[0], lower), upper), max(min(ends[1], upper), lower)

    def _mass(self) -> float:
        """Probability of the base that is kept."""
        low, high = self.support
        return self.base.cdf(high) - self.base.below(low)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values below which the shares `u` lie (as far as the base's quantiles increase)."""
        return self.base.quantile_within(u, *self.support)

    def quantile_within(
        self, u: NDArray[np.float64], lower: float, upper: float
    ) -> NDArray[np.float64]:
        """Like `quantile`, for x known to be between `lower` and `upper` too."""
        low, high = self.support
        return self.base.quantile_within(u, max(low, lower), min(high, upper))

    def cdf(self, x: float) -> float:
        """Probability of x or less."""
        return self._share(self.base.cdf(x))

    def below(self, x: float) -> float:
        """Probability of less than x."""
        return self._share(self.base.below(x))

    def _share(self, probability: float) -> float:
        """Turn a probability of the base into one of what is kept."""
        start = self.base.below(self.support[0])
        return min(max((probability - start) / self._mass(), 0.0), 1.0)

    def scaled(self, factor: float) -> Truncated:
        """Multiply base and limits by `factor`, which must be above 0."""
        base, factor = self.base.scaled(factor), checked_factor(self, factor)
        lower, upper = (None if x is None else x * factor for x in (self.lower, self.upper))
        return Truncated(base, lower, upper)

    def describe(self) -> str:
        """Name the base and the limits."""
        parts = [self.base.describe()]
        parts += [] if self.lower is None else [f"at least {text(self.lower)}"]
        parts += [] if self.upper is None else [f"at most {text(self.upper)}"]
        return ", ".join(parts)


def _check_limit(owner: Truncated, field: str, limit: object) -> None:
    """Refuse a limit that is neither None nor a finite number."""
    if limit is not None and not (isinstance(limit, float) and math.isfinite(limit)):
        raise refusal(owner, field, "a finite number or None", limit, "write 0 or 1, say")


def _hull(ends: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Smallest lower and largest upper end."""
    return min(low for low, _ in ends), max(high for _, high in ends)
