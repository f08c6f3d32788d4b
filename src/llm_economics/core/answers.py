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
    """How many points were evaluated; 0 where none was needed."""

    method: str
    """How the points were chosen."""

    median_error: Quantity
    """Standard error that the median has from sampling."""

    mean_error: Quantity
    """Standard error of the mean."""

    low_error: Quantity
    """Standard error of the lower end."""

    high_error: Quantity
    """Standard error of the upper end."""

    @property
    def sampling_error(self) -> float:
        """Largest standard error of median, lower and upper end, as a share of the figure."""
        pairs = (
            (self.median, self.median_error),
            (self.low, self.low_error),
            (self.high, self.high_error),
        )
        return max(_share(float(v.magnitude), float(e.magnitude)) for v, e in pairs)

    def __str__(self) -> str:
        errors = (self.median_error, self.low_error, self.high_error)
        text = _shown(self.median, self.low, self.high, errors)
        shown = with_kind(text, self.median.unit_text, "median", self.level)
        share = self.sampling_error
        if not share:
            return shown
        return f"{shown[:-1]}; {self.points:,} points, sampling error {100 * share:.1g} %)"

    def __repr__(self) -> str:
        return str(self)


def _shown(
    middle: Quantity, low: Quantity, high: Quantity, errors: tuple[Quantity, ...] = ()
) -> str:
    first, second, third = (float(q.magnitude) for q in (middle, low, high))
    blurred = [float(q.magnitude) for q in errors] or [0.0, 0.0, 0.0]
    return range_text(first, second, third, errors=(blurred[0], blurred[1], blurred[2]))


def _share(value: float, error: float) -> float:
    """Error as a share of a value; of a value of zero, none can be given."""
    return error / abs(value) if value else float(error > 0)


def with_kind(text: str, unit: str, kind: str, level: float) -> str:
    """Add to a range its unit, what its middle is, and the probability inside.

    Examples
    --------
    >>> with_kind("16.5 [5.9 – 27.3]", "MW", "median", 0.9)
    '16.5 [5.9 – 27.3] MW (median, 90 %)'
    """
    return f"{text} {unit}".rstrip() + f" ({kind}, {100 * level:.3g} %)"
