"""What an evaluated range answers with: bounds, a log-linear answer, a summary.

Each says in print which middle it shows and what its ends mean. A bare tuple was rejected: the
central case, the median and the mean of a wide range are a factor of two apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llm_economics.core.display import range_text, short_number

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["Bounds", "LogLinear", "Summary", "with_kind"]


class Bounds(NamedTuple):
    """Certain ends of a range: nothing outside them while inputs stay in their quoted ranges."""

    low: Quantity
    """Never above the smallest value."""

    high: Quantity
    """Never below the largest value."""

    def __str__(self) -> str:
        low, high = float(self.low.magnitude), float(self.high.magnitude)
        text = f"{short_number(low)} .. {short_number(high)} {self.low.unit_text}".rstrip()
        return f"{text} (guaranteed while every input stays in its quoted range)"

    def __repr__(self) -> str:
        return str(self)


class LogLinear(NamedTuple):
    """First-order answer on the log scale: exact for products of log-normal ranges."""

    median: Quantity
    """The formula at the medians of its inputs."""

    low: Quantity
    """Lower end."""

    high: Quantity
    """Upper end."""

    geometric_std: float
    """Factor that one standard deviation of the logarithm is."""

    level: float
    """Probability between the ends."""

    def __str__(self) -> str:
        text = _shown(self.median, self.low, self.high)
        return with_kind(text, self.median.unit_text, "log-linear", self.level)

    def __repr__(self) -> str:
        return str(self)


class Summary(NamedTuple):
    """What a range amounts to; says which middle is which, and how it was computed."""

    median: Quantity
    """Exceeded with probability one half."""

    mean: Quantity
    """Expected value."""

    central: Quantity
    """The formula at the medians of its inputs."""

    low: Quantity
    """Lower end."""

    high: Quantity
    """Upper end."""

    level: float
    """Probability between the ends."""

    points: int
    """How many points were evaluated."""

    method: str
    """How the points were chosen."""

    def __str__(self) -> str:
        text = _shown(self.median, self.low, self.high)
        return with_kind(text, self.median.unit_text, "median", self.level)

    def __repr__(self) -> str:
        return str(self)


def _shown(middle: Quantity, low: Quantity, high: Quantity) -> str:
    return range_text(float(middle.magnitude), float(low.magnitude), float(high.magnitude))


def with_kind(text: str, unit: str, kind: str, level: float) -> str:
    """Add to a range its unit, what its middle is, and the probability inside.

    Examples
    --------
    >>> with_kind("16.5 [5.9 – 27.3]", "MW", "median", 0.9)
    '16.5 [5.9 – 27.3] MW (median, 90 %)'
    """
    return f"{text} {unit}".rstrip() + f" ({kind}, {100 * level:.3g} %)"
