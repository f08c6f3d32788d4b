"""`Load`: what drives a serving system, and how long its requests are.

A load is closed (a fixed number of requests in flight, as benchmarks drive a system) or open
(requests arrive at a rate, as users do). The two answer different questions, so none is turned
into the other here. Rejected: defaults for the peak over the mean, for the variability of arrivals
or for lengths; each of them moves the answer by a factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

import attrs
import numpy as np

from llm_economics.core.dimensions import (
    Dimension,
    Number,
    RequestRate,
    TokensPerRequest,
    law,
)
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.core.fields import as_number, as_request_rate, as_share, named_fields
from llm_economics.core.functions import sqrt
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = [
    "Lengths",
    "Load",
    "as_concurrency",
    "as_length",
    "as_peak_to_mean",
    "peak_rate",
    "typical_length",
]

_CONCURRENCY = Dimension(
    name="a number of requests in flight", unit="request", example="64", bare_numbers=True
)
# A bare number could be thousands of tokens, or characters; the unit is asked for.
_LENGTH = Dimension(
    name="tokens per request",
    unit="token/request",
    example="1000 token",
    also=(("token", "request"),),
)
_PEAK = Dimension(
    name="a peak over the mean",
    unit="dimensionless",
    example="1.5-3",
    bare_numbers=True,
    lower=1.0,
)


def as_concurrency(value: QuantityLike) -> Quantity:
    """Read a number of requests in flight: 64 or "64 request"."""
    return _CONCURRENCY.read(value)


def as_length(value: QuantityLike) -> Quantity:
    """Read tokens per request, with a unit: "1000 token" or "1000 token/request"."""
    return _LENGTH.read(value)


def as_peak_to_mean(value: QuantityLike) -> Quantity:
    """Read the rate of the busiest time over the mean rate: "1.5-3", at least 1."""
    return _PEAK.read(value)


# The readers of facts see by this that the field holds a figure.
as_concurrency.dimension = _CONCURRENCY  # type: ignore[attr-defined]
as_length.dimension = _LENGTH  # type: ignore[attr-defined]
as_peak_to_mean.dimension = _PEAK  # type: ignore[attr-defined]


def _positive(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and np.any(value.bounds().low.magnitude <= 0):
        message = f"needs more than zero; got {value}"
        raise RangeError(message)


@law("request/second")
def peak_rate(*, mean_rate: RequestRate, peak_to_mean: Number) -> RequestRate:
    r"""Rate of arrivals at the busiest time, from the mean rate.

    Parameters
    ----------
    mean_rate : Quantity
        Requests over a day, per second (request/s).
    peak_to_mean : Quantity
        Rate of the busiest time over the mean; a plain number, at least 1.

    Returns
    -------
    Quantity
        Rate (request/s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \lambda = \kappa \, \bar\lambda

    References
    ----------
    Definition.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(peak_rate(mean_rate=le.quantity("864000 request/day"), peak_to_mean=le.quantity(2)))
    20 request/s
    """
    return mean_rate * peak_to_mean


@law("token/request")
def typical_length(*, mean: TokensPerRequest, variation: Number) -> TokensPerRequest:
    r"""Median length of requests whose lengths are log-normal, from their mean.

    Parameters
    ----------
    mean : Quantity
        Mean tokens per request (token/request).
    variation : Quantity
        Standard deviation of the lengths over their mean; a plain number.

    Returns
    -------
    Quantity
        Median (token/request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = \frac{\bar L}{\sqrt{1 + v^2}}

    Costs follow the mean, the request that a user has in mind is the median.

    References
    ----------
    A property of the log-normal distribution.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(typical_length(mean=le.quantity("500 token/request"), variation=le.quantity(0.75)))
    400 token/request
    """
    median: Quantity = mean / sqrt(1.0 + variation * variation)
    return median


class Lengths(TypedDict, total=False):
    """What `Load.closed` and `Load.open` take besides what drives the load: fields of `Load`."""

    input_tokens: QuantityLike
    output_tokens: QuantityLike
    reasoning_tokens: QuantityLike
    input_variation: QuantityLike
    output_variation: QuantityLike
    prefix_cache_hit_share: QuantityLike


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Load(Noun):
    """What a serving system has to do; made by `closed`, `open` or `open_from_demand`.

    Raises
    ------
    MissingInputError
        If it is neither closed nor open, or open without a variability.
    RangeError
        If it is both or half of each, or a rate, a concurrency or a length is not above zero.

    Examples
    --------
    >>> load = Load.open(
    ...     rate="30 request/s",
    ...     variability=1.0,
    ...     input_tokens="1000-3000 token",
    ...     output_tokens="500 token",
    ...     output_variation=0.75,
    ... )
    >>> print(load.typical_output)
    400 token/request
    >>> Load.closed(concurrency=0, input_tokens="1000 token", output_tokens="500 token")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.RangeError: Load.concurrency needs more than zero; got 0 request
    """

    concurrency: Quantity | None = attrs.field(
        default=None, converter=as_concurrency, validator=_positive
    )
    """Requests in flight, kept constant (request); only of a closed load."""

    request_rate: Quantity | None = attrs.field(
        default=None, converter=as_request_rate, validator=_positive
    )
    """Requests that arrive per second at the busiest time (request/s); only of an open load."""

    arrival_variability: Quantity | None = attrs.field(default=None, converter=as_number)
    """Squared coefficient of variation of the times between arrivals: 1 for Poisson, more for
    bursts; only of an open load."""

    peak_to_mean: Quantity | None = attrs.field(default=None, converter=as_peak_to_mean)
    """Rate of the busiest time over the mean rate; None: unknown."""

    input_tokens: Quantity = attrs.field(converter=as_length, validator=_positive)
    """Mean tokens that a request brings (token/request), those in a prefix cache included."""

    output_tokens: Quantity = attrs.field(converter=as_length, validator=_positive)
    """Mean tokens that a request is shown (token/request)."""

    reasoning_tokens: Quantity | None = attrs.field(default=None, converter=as_length)
    """Mean tokens written before these and not shown (token/request); None: none."""

    input_variation: Quantity | None = attrs.field(default=None, converter=as_number)
    """Standard deviation of the input lengths over their mean; None: unknown."""

    output_variation: Quantity | None = attrs.field(default=None, converter=as_number)
    """Standard deviation of the lengths of what is written over their mean; None: unknown."""

    prefix_cache_hit_share: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of the input tokens whose keys and values are in a cache; None: unknown."""

    def __attrs_post_init__(self) -> None:
        """Refuse what is neither closed nor open, or half of each."""
        if self.concurrency is not None and self.request_rate is not None:
            message = (
                "a Load is closed (concurrency) or open (request_rate), not both; got "
                f"concurrency={self.concurrency} and request_rate={self.request_rate}"
            )
            raise RangeError(message)
        if self.concurrency is None and self.request_rate is None:
            message = (
                "a Load needs what drives it: Load.closed(concurrency=64, ...) or "
                "Load.open(rate='30 request/s', variability=1.0, ...)"
            )
            raise MissingInputError(message)
        of_open = {"variability": self.arrival_variability, "peak_to_mean": self.peak_to_mean}
        surplus = [name for name, value in of_open.items() if value is not None]
        if not self.is_open and surplus:
            message = f"a closed Load takes no {surplus[0]}: its requests wait for each other"
            raise RangeError(message)
        if self.is_open and self.arrival_variability is None:
            message = (
                "an open Load needs variability, the squared coefficient of variation of the "
                "times between arrivals: 1.0 for Poisson, more for bursts"
            )
            raise MissingInputError(message)

    @classmethod
    def closed(cls, *, concurrency: QuantityLike, **lengths: Unpack[Lengths]) -> Self:
        """Make a load with a fixed number of requests in flight.

        Parameters
        ----------
        concurrency : number, text or quantity
            Requests in flight (request): 64.
        **lengths
            The other fields: `input_tokens` and `output_tokens` are needed.

        Returns
        -------
        Load
            A closed load.

        Raises
        ------
        MissingInputError
            If a length is not given.
        RangeError
            If the concurrency is not above zero.
        """
        return cls(concurrency=concurrency, **_complete("closed", lengths))

    @classmethod
    def open(
        cls, *, rate: QuantityLike, variability: QuantityLike, **lengths: Unpack[Lengths]
    ) -> Self:
        """Make a load that arrives at a rate.

        Parameters
        ----------
        rate : text or quantity
            Requests that arrive per second (request/s): "30 request/s".
        variability : number, text or quantity
            Squared coefficient of variation of the times between arrivals; 1 for Poisson.
        **lengths
            The other fields: `input_tokens` and `output_tokens` are needed.

        Returns
        -------
        Load
            An open load.

        Raises
        ------
        DimensionError
            If the rate has no unit.
        MissingInputError
            If a length is not given.
        RangeError
            If the rate is not above zero.
        """
        complete = _complete("open", lengths)
        return cls(request_rate=rate, arrival_variability=variability, **complete)

    @classmethod
    def open_from_demand(
        cls,
        *,
        requests_per_day: QuantityLike,
        variability: QuantityLike,
        peak_to_mean: QuantityLike | None = None,
        **lengths: Unpack[Lengths],
    ) -> Self:
        """Make the load of the busiest time of a day, from the demand of the day.

        Parameters
        ----------
        requests_per_day : text or quantity
            Demand: "2e6 request/day".
        variability : number, text or quantity
            Squared coefficient of variation of the times between arrivals; 1 for Poisson.
        peak_to_mean : number, range, text or quantity
            Rate of the busiest time over the mean rate: "1.5-3". There is no default.
        **lengths
            The other fields: `input_tokens` and `output_tokens` are needed.

        Returns
        -------
        Load
            An open load at the peak rate; `mean_request_rate` is that of the day.

        Raises
        ------
        DimensionError
            If the demand has no unit.
        MissingInputError
            If the peak or a length is not given.

        Examples
        --------
        >>> load = Load.open_from_demand(
        ...     requests_per_day="864000 request/day",
        ...     peak_to_mean=2.0,
        ...     variability=1.0,
        ...     input_tokens="1000 token",
        ...     output_tokens="500 token",
        ... )
        >>> print(load.request_rate, load.mean_request_rate, sep=" and ")
        20 request/s and 10 request/s
        """
        if peak_to_mean is None:
            message = (
                "Load.open_from_demand needs peak_to_mean, the rate of the busiest time over the "
                "mean, such as '1.5-3': a system is built for the peak"
            )
            raise MissingInputError(message)
        complete = _complete("open_from_demand", lengths)
        demand = _named(RequestRate, requests_per_day, "requests_per_day", "2e6 request/day")
        peak = _named(_PEAK, peak_to_mean, "peak_to_mean", "1.5-3")
        return cls(
            request_rate=peak_rate(mean_rate=demand, peak_to_mean=peak),
            arrival_variability=variability,
            peak_to_mean=peak,
            **complete,
        )

    @property
    def is_open(self) -> bool:
        """Whether requests arrive at a rate, whatever the system does."""
        return self.request_rate is not None

    @property
    def mean_request_rate(self) -> Quantity:
        """Mean rate over the day (request/s), for energy and money; the rate sizes the system.

        Raises
        ------
        MissingInputError
            If the load is closed, or its peak over the mean is unknown.
        """
        if self.request_rate is None or self.peak_to_mean is None:
            message = (
                "the mean request rate needs an open Load with peak_to_mean, such as "
                "load.evolve(peak_to_mean='1.5-3')"
            )
            raise MissingInputError(message)
        return (self.request_rate / self.peak_to_mean).to("request/second")

    @property
    def written_tokens(self) -> Quantity:
        """Tokens that are decoded (token/request): those shown and the reasoning before."""
        if self.reasoning_tokens is None:
            return self.output_tokens
        return self.output_tokens + self.reasoning_tokens

    @property
    def computed_input(self) -> Quantity:
        """Input tokens that prefill computes (token/request): those not in a prefix cache.

        Raises
        ------
        MissingInputError
            If the share of the cache is unknown; unknown is not zero.
        """
        if self.prefix_cache_hit_share is None:
            message = (
                "the computed input needs Load.prefix_cache_hit_share; give "
                "load.evolve(prefix_cache_hit_share=0.0) if there is no cache"
            )
            raise MissingInputError(message)
        return self.input_tokens * (1.0 - self.prefix_cache_hit_share)

    @property
    def typical_input(self) -> Quantity:
        """Median input (token/request), if lengths are log-normal; as `typical_output`."""
        return _typical(self.input_tokens, self.input_variation, "input_variation")

    @property
    def typical_output(self) -> Quantity:
        """Median of what is written (token/request), if lengths are log-normal.

        Raises
        ------
        MissingInputError
            If the spread of the lengths is unknown.
        """
        return _typical(self.written_tokens, self.output_variation, "output_variation")


def _typical(mean: Quantity, variation: Quantity | None, field: str) -> Quantity:
    if variation is None:
        message = f"a median length needs Load.{field}; give load.evolve({field}=1.0), say"
        raise MissingInputError(message)
    return typical_length(mean=mean, variation=variation)


def _complete(maker: str, lengths: Lengths) -> dict[str, Any]:
    for name, example in (("input_tokens", "1000 token"), ("output_tokens", "500 token")):
        if lengths.get(name) is None:
            message = f"Load.{maker} needs {name}, such as {name}='{example}'"
            raise MissingInputError(message)
    return dict(lengths)


def _named(kind: Any, value: QuantityLike, name: str, example: str) -> Quantity:
    dimension = kind if isinstance(kind, Dimension) else kind.__metadata__[0]
    typed = attrs.evolve(dimension, example=example)
    try:
        read: Quantity = typed.read(value, name=name)
    except (DimensionError, RangeError) as error:
        message = f"Load.open_from_demand({name}) {error}"
        raise type(error)(message) from None
    return read
