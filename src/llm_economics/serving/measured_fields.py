"""What the fields of a measured point hold: words, latencies by statistic, figures above zero.

Rejected: one latency per point (a mean and a 99th percentile are not the same figure, and some
files do not say which they give), and free words (a misspelt one would be one kind more).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import numpy as np

from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import NotationError, RangeError
from llm_economics.core.fields import as_mapping
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = [
    "LatencyFigures",
    "LoadKind",
    "PowerBoundary",
    "Serving",
    "as_boundary",
    "as_degree",
    "as_energy_per_token",
    "as_load",
    "as_requests",
    "as_serving",
    "as_time_per_output_token",
    "as_time_to_first_token",
    "positive",
]

Word = TypeVar("Word", bound=StrEnum)


class LoadKind(StrEnum):
    """How a point was driven."""

    CONCURRENCY = "concurrency"
    """Closed loop: so many requests are in flight, a finished one is replaced."""
    STATIC_BATCH = "static batch"
    """So many requests start and end together."""
    REQUEST_RATE = "request rate"
    """Open loop: requests arrive at a rate, whatever the engine does."""
    SATURATION = "saturation"
    """All requests are there from the start: the most that the engine does."""
    SERVER = "server"
    """Open loop of MLPerf's server scenario."""
    TRACE = "trace"
    """Requests arrive as recorded."""


class Serving(StrEnum):
    """Where the input is read: with the decoding, or on accelerators of its own."""

    AGGREGATED = "aggregated"
    DISAGGREGATED = "disaggregated"


class PowerBoundary(StrEnum):
    """What power was measured of."""

    ONE_ACCELERATOR = "one accelerator"
    ALL_ACCELERATORS = "all accelerators"
    SERVER = "server"
    FACILITY = "facility"
    UNSTATED = "unstated"


_TTFT: Final = Dimension(name="time to first token", unit="second", example="300 ms")
_TPOT: Final = Dimension(name="time per output token", unit="second/token", example="20 ms/token")
_ENERGY: Final = Dimension(name="energy per token", unit="joule/token", example="0.5 J/token")
_REQUESTS: Final = Dimension(
    name="a number of requests", unit="request", example="64", bare_numbers=True
)
_STATISTIC: Final = re.compile(r"mean|median|unstated|p\d{1,2}(\.\d+)?")
_TYPICAL: Final = ("median", "mean", "unstated")


@attrs.frozen(eq=False)
class LatencyFigures:
    """One latency of a point, by statistic.

    Examples
    --------
    >>> from llm_economics.serving.measured import MeasuredPoint
    >>> point = MeasuredPoint(time_per_output_token={"mean": "21 ms/token", "p99": "30 ms/token"})
    >>> print(point.time_per_output_token.mean, point.time_per_output_token.percentile(99))
    21 ms/token 30 ms/token
    """

    by_statistic: Mapping[str, Quantity] = attrs.field(converter=as_mapping)
    """Figures by "mean", "median", "p99" (a percentile) or "unstated" (the file does not say)."""

    @property
    def mean(self) -> Quantity | None:
        """Mean over requests; None if unknown."""
        return self.by_statistic.get("mean")

    @property
    def median(self) -> Quantity | None:
        """Median over requests; None if unknown."""
        return self.by_statistic.get("median")

    def percentile(self, percent: float) -> Quantity | None:
        """Percentile over requests; None if unknown.

        Parameters
        ----------
        percent : float
            Which: 99, 99.9.

        Returns
        -------
        Quantity or None
            The figure.
        """
        return self.by_statistic.get(f"p{percent:g}")

    @property
    def statistic(self) -> str | None:
        """Statistic of `typical`; None if there are percentiles only."""
        return next((name for name in _TYPICAL if name in self.by_statistic), None)

    @property
    def typical(self) -> Quantity | None:
        """Median if known, otherwise the mean, otherwise the figure of unstated statistic."""
        return None if self.statistic is None else self.by_statistic[self.statistic]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.by_statistic.items())


def _figures(value: Any, dimension: Dimension) -> LatencyFigures:
    if isinstance(value, LatencyFigures):
        value = value.by_statistic
    given = value if isinstance(value, Mapping) else {"unstated": value}
    if not given:
        raise NotationError("needs at least one statistic; leave out what is unknown")
    for name in given:
        if not _STATISTIC.fullmatch(name):
            message = (
                "needs statistics named 'mean', 'median', 'p99' (a percentile) or 'unstated'; "
                f"got {name!r}"
            )
            raise NotationError(message)
    named = {"median" if name == "p50" else name: item for name, item in given.items()}
    return LatencyFigures({name: dimension.read(item) for name, item in named.items()})


def as_time_to_first_token(
    value: LatencyFigures | Mapping[str, Any] | QuantityLike,
) -> LatencyFigures:
    """Read TTFT: "300 ms" of unstated statistic, or figures by statistic."""
    return _figures(value, _TTFT)


def as_time_per_output_token(
    value: LatencyFigures | Mapping[str, Any] | QuantityLike,
) -> LatencyFigures:
    """Read TPOT: "20 ms/token" of unstated statistic, or figures by statistic."""
    return _figures(value, _TPOT)


def as_energy_per_token(value: QuantityLike) -> Quantity:
    """Read energy per token: "0.5 J/token"."""
    return _ENERGY.read(value)


def as_requests(value: QuantityLike) -> Quantity:
    """Read a number of requests: 64."""
    return _REQUESTS.read(value)


def as_degree(value: float) -> int:
    """Read a degree of parallelism: 8."""
    given: object = value
    number = value if isinstance(given, (int, float)) and not isinstance(given, bool) else 0.0
    if not (number >= 1.0 and float(number).is_integer()):
        raise RangeError(f"needs a whole number, at least 1; got {value!r}")
    return int(number)


def as_load(value: str) -> LoadKind:
    """Read how a point was driven: "concurrency"."""
    return _member(LoadKind, value)


def as_serving(value: str) -> Serving:
    """Read where the input is read: "aggregated"."""
    return _member(Serving, value)


def as_boundary(value: str) -> PowerBoundary:
    """Read what power was measured of: "all accelerators"."""
    return _member(PowerBoundary, value)


def _member(kind: type[Word], value: str) -> Word:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(repr(str(member)) for member in kind)
        raise NotationError(f"needs one of {words}; got {value!r}") from None


def positive(_: Any, __: Any, value: Any) -> None:
    """Refuse ranges, and zero: a rate or time of zero is a run that failed."""
    if isinstance(value, LatencyFigures):
        for figure in value.by_statistic.values():
            positive(_, __, figure)
    elif isinstance(value, Quantity):
        if value.is_range or np.ndim(value.magnitude):
            raise RangeError(f"needs one measured number; got {value}")
        if not value.magnitude > 0.0:
            raise RangeError(f"needs more than 0; got {value}")
