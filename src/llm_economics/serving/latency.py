"""What users may have to wait: `LatencyTarget`, and three kinds of time to first token.

A time to first token means three different things in the literature: of one request on an idle
system; with a fixed number of requests in flight (closed loop, as most benchmarks measure); and
at a rate of arrivals, exceeded by a share of the requests (open loop, as users see it). They differ
by factors, so each is a type of its own and none turns into another without being told how.
Rejected: one number with a label, which is added and compared before anyone reads the label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import attrs
import numpy as np
from pint.facets.plain import PlainQuantity

from llm_economics.core.dimensions import Dimension, Share, Time
from llm_economics.core.display import short_number
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.core.fields import as_number, as_time, named_fields
from llm_economics.core.functions import less
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity, ureg

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = [
    "ClosedLoopTimeToFirstToken",
    "LatencyTarget",
    "OpenLoopTimeToFirstToken",
    "Shortfall",
    "TimeToFirstToken",
    "UnloadedTimeToFirstToken",
    "as_interactivity",
    "as_percentile",
    "as_time_per_output_token",
]

_TIME_PER_TOKEN = Dimension(
    name="a time per output token", unit="second/token", example="50 ms/token"
)
_INTERACTIVITY = Dimension(
    name="interactivity (tokens per second of one request)",
    unit="token/second",
    example="20 token/s",
)
_TIME: Dimension = Time.__metadata__[0]  # type: ignore[attr-defined]
_SHARE: Dimension = Share.__metadata__[0]  # type: ignore[attr-defined]


def as_time_per_output_token(value: QuantityLike) -> Quantity:
    """Read a time per output token: "50 ms/token"."""
    return _TIME_PER_TOKEN.read(value)


def as_interactivity(value: QuantityLike) -> Quantity:
    """Read interactivity, the tokens per second of one request: "20 token/s"."""
    return _INTERACTIVITY.read(value)


# The readers of facts see by this that the field holds a figure.
as_time_per_output_token.dimension = _TIME_PER_TOKEN  # type: ignore[attr-defined]
as_interactivity.dimension = _INTERACTIVITY  # type: ignore[attr-defined]


def as_percentile(value: QuantityLike) -> float:
    """Read a percentile as the share of the requests below it.

    Parameters
    ----------
    value : number, text or quantity
        0.95, "95 %"; exact, above 0 and below 1.

    Returns
    -------
    float
        The share.

    Raises
    ------
    RangeError
        If it is a range, or not between 0 and 1.

    Examples
    --------
    >>> as_percentile("95 %"), as_percentile(0.99)
    (0.95, 0.99)
    """
    read = _SHARE.read(value)
    number = read.to("").magnitude
    if not isinstance(number, (int, float)) or not 0.0 < number < 1.0:
        message = f"needs one percentile between 0 and 1, such as 0.95; got {value}"
        raise RangeError(message)
    # "95 %" is not quite 0.95 in floats, and percentiles are compared.
    return round(float(number), 12)


def _positive(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and np.any(value.bounds().low.magnitude <= 0):
        message = f"needs more than zero; got {value}"
        raise RangeError(message)


@attrs.frozen(eq=False, field_transformer=named_fields)
class TimeToFirstToken:
    """Base of the three kinds: a time that knows under which load it was had.

    Notes
    -----
    A plain time may be added (a network delay); a time of the same kind may be subtracted or
    compared, which gives a plain quantity. Two different kinds refuse all of it.
    """

    value: Quantity = attrs.field(converter=as_time)
    """The time (s)."""

    @property
    def kind(self) -> str:
        """Which of the three it is, in words."""
        return "of an unknown load"

    def taken_at_percentile(
        self, percentile: QuantityLike, *, factor: QuantityLike
    ) -> OpenLoopTimeToFirstToken:
        """Bridge to an open loop by a factor that the caller answers for.

        Parameters
        ----------
        percentile : number or text
            Share of the requests that shall wait no longer: 0.95.
        factor : number, text or quantity
            Time at that percentile over this time; a plain number, possibly a range.

        Returns
        -------
        OpenLoopTimeToFirstToken
            The time, scaled.

        Raises
        ------
        RangeError
            If the percentile is not between 0 and 1.
        """
        return OpenLoopTimeToFirstToken(self.value * as_number(factor), percentile)

    def __add__(self, other: Any) -> Self:
        return attrs.evolve(self, value=self.value + self._other("+", other))

    def __sub__(self, other: Any) -> Quantity:
        return self.value - self._other("-", other)

    def __lt__(self, other: Any) -> Any:
        return self.value < self._other("<", other)

    def __le__(self, other: Any) -> Any:
        return self.value <= self._other("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self.value > self._other(">", other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= self._other(">=", other)

    def __eq__(self, other: object) -> Any:
        if not isinstance(other, (TimeToFirstToken, PlainQuantity)):
            return NotImplemented
        return self.value == self._other("==", other)

    def __ne__(self, other: object) -> Any:
        same = self == other
        return same if same is NotImplemented else not same

    def __hash__(self) -> int:
        return hash((self.kind, self.value))

    def __str__(self) -> str:
        return f"{self.value} ({self.kind})"

    def _other(self, symbol: str, other: Any) -> Quantity:
        """Time on the other side; refuses another kind."""
        if not isinstance(other, TimeToFirstToken):
            return _TIME.read(other)
        if other.kind != self.kind:
            message = (
                f"a time to first token {self.kind} {symbol} one {other.kind}: these are "
                f"different quantities; bridge one with taken_at_percentile(0.95, factor=...), or "
                f"an unloaded one with after_wait(...), or take .value of both knowingly"
            )
            raise DimensionError(message)
        return other.value


@attrs.frozen(eq=False, field_transformer=named_fields)
class UnloadedTimeToFirstToken(TimeToFirstToken):
    """Time to first token of one request on an idle system: prefill and overheads.

    Examples
    --------
    >>> unloaded = UnloadedTimeToFirstToken("120 ms")
    >>> print(unloaded.after_wait("300 ms", percentile=0.95))
    420 ms (in an open loop at the 95th percentile)
    >>> unloaded < ClosedLoopTimeToFirstToken("500 ms")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.DimensionError: a time to first token of one request on an idle \
system < one in a closed loop of requests: these are different quantities; bridge one with \
taken_at_percentile(0.95, factor=...), or an unloaded one with after_wait(...), or take .value of \
both knowingly
    """

    @property
    def kind(self) -> str:
        """Which of the three it is, in words."""
        return "of one request on an idle system"

    def after_wait(
        self, wait: QuantityLike, *, percentile: QuantityLike
    ) -> OpenLoopTimeToFirstToken:
        """Bridge to an open loop: the wait at a percentile comes before.

        Parameters
        ----------
        wait : time
            Wait for a place that only the rest of the requests exceeds.
        percentile : number or text
            The percentile of that wait.

        Returns
        -------
        OpenLoopTimeToFirstToken
            Wait and this time together.

        Raises
        ------
        DimensionError
            If the wait is no time.
        RangeError
            If the percentile is not between 0 and 1.

        Notes
        -----
        Right if this time hardly varies. Where long inputs make it vary, its own percentile added
        to that of the wait is too long, its mean too short.
        """
        return OpenLoopTimeToFirstToken(self.value + as_time(wait), percentile)


@attrs.frozen(eq=False, field_transformer=named_fields)
class ClosedLoopTimeToFirstToken(TimeToFirstToken):
    """Mean time to first token with a fixed number of requests in flight, as benchmarks measure."""

    @property
    def kind(self) -> str:
        """Which of the three it is, in words."""
        return "in a closed loop of requests"


@attrs.frozen(eq=False, field_transformer=named_fields)
class OpenLoopTimeToFirstToken(TimeToFirstToken):
    """Time to first token at a rate of arrivals, at a percentile of the requests."""

    percentile: float = attrs.field(converter=as_percentile)
    """Share of the requests that wait no longer: 0.95."""

    @property
    def kind(self) -> str:
        """Which of the three it is, in words, with its percentile."""
        return f"in an open loop at the {_ordinal(self.percentile)} percentile"


def _ordinal(percentile: float) -> str:
    number = f"{100.0 * percentile:.6g}"
    ending = {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th")
    teen = number in {"11", "12", "13"}
    return f"{number}{'th' if teen else ending}"


@attrs.frozen(kw_only=True, eq=False)
class Shortfall:
    """One part of a target that is missed."""

    part: str
    """Which one: "time to first token"."""

    needed: Quantity
    """What the target allows."""

    got: Quantity
    """What there is; possibly a range."""

    probability: float
    """Chance that it is missed: 1 for an exact value."""

    @property
    def excess(self) -> Quantity:
        """How much too long; the median for a range, which may be negative."""
        return self.got.median() - self.needed.median()

    def __str__(self) -> str:
        """Say which part misses, and by how much."""
        middle, needed = self.got.median(), self.needed.median()
        unit = needed.units
        over, times = self.excess.to(unit), (middle / needed).to("").magnitude
        words = f"{self.part} {middle.to(unit):.3g}, where the target is {needed:.3g}: "
        if over.magnitude > 0:
            words += f"{over:.3g} too long ({short_number(float(times))} times the target)"
        else:
            words += "its median is within"
        exact = self.probability == 1.0
        return words if exact else f"{words}; missed with a probability of {self.probability:.2g}"


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class LatencyTarget(Noun):
    """What users may have to wait: any of time to first token, per token, and end to end.

    Raises
    ------
    MissingInputError
        If no part is given.
    RangeError
        If a part is not above zero, or the time per token is given twice.

    Notes
    -----
    With a `percentile` the target speaks of that share of the requests, and takes only a time to
    first token of an open loop at the same percentile. Time per token and end-to-end time carry
    no label: the caller sees to it that they are of that percentile too.

    Examples
    --------
    >>> target = LatencyTarget(ttft="500 ms", interactivity="20 token/s", percentile=0.95)
    >>> print(target.time_per_output_token.to("ms/token"))
    50 ms/token
    >>> ttft = OpenLoopTimeToFirstToken("800 ms", 0.95)
    >>> bool(target.met_by(ttft=ttft, tpot="40 ms/token"))
    False
    >>> for shortfall in target.shortfalls(ttft=ttft, tpot="40 ms/token"):
    ...     print(shortfall)
    time to first token 800 ms, where the target is 500 ms: 300 ms too long (1.6 times the target)
    """

    ttft: Quantity | None = attrs.field(default=None, converter=as_time, validator=_positive)
    """Longest time to first token (s)."""

    tpot: Quantity | None = attrs.field(
        default=None, converter=as_time_per_output_token, validator=_positive
    )
    """Longest time per output token (s/token)."""

    interactivity: Quantity | None = attrs.field(
        default=None, converter=as_interactivity, validator=_positive
    )
    """Fewest tokens per second of one request; the other way to give `tpot`."""

    end_to_end: Quantity | None = attrs.field(default=None, converter=as_time, validator=_positive)
    """Longest time from the request to its last token (s)."""

    percentile: float | None = attrs.field(default=None, converter=as_percentile)
    """Share of the requests that must meet it; None: the target is for the typical request."""

    def __attrs_post_init__(self) -> None:
        """Refuse an empty target, and a time per token that is given twice."""
        if self.tpot is not None and self.interactivity is not None:
            message = (
                "LatencyTarget takes tpot or interactivity, its reciprocal, not both; "
                f"got tpot={self.tpot} and interactivity={self.interactivity}"
            )
            raise RangeError(message)
        if not self._parts():
            message = (
                "LatencyTarget needs at least one of ttft='500 ms', tpot='50 ms/token', "
                "interactivity='20 token/s', end_to_end='10 s'"
            )
            raise MissingInputError(message)

    @property
    def time_per_output_token(self) -> Quantity | None:
        """Longest time per output token (s/token), however it was given; None: no limit."""
        if self.interactivity is None:
            return self.tpot
        return (ureg.Quantity(1.0) / self.interactivity).to("ms/token")

    def met_by(
        self,
        *,
        ttft: TimeToFirstToken | None = None,
        tpot: QuantityLike | None = None,
        end_to_end: QuantityLike | None = None,
    ) -> Quantity:
        """Whether all parts of the target are met.

        Parameters
        ----------
        ttft : one of the three kinds, optional
            Time to first token; needed if the target has one. So are the others.
        tpot : time per token, optional
            Time per output token, "40 ms/token".
        end_to_end : time, optional
            Time from request to last token.

        Returns
        -------
        Quantity
            1 where it is met, otherwise 0: exact ones and arrays can be used as conditions, and a
            range answers `probability()`.

        Raises
        ------
        DimensionError
            If the kind of the time to first token does not fit the target.
        MissingInputError
            If the target has a part that is not given.
        """
        met = ureg.Quantity(1.0)
        for _, needed, got in self._compared(ttft, tpot, end_to_end):
            met = met * (1.0 - less(needed, got))
        return met

    def shortfalls(
        self,
        *,
        ttft: TimeToFirstToken | None = None,
        tpot: QuantityLike | None = None,
        end_to_end: QuantityLike | None = None,
    ) -> tuple[Shortfall, ...]:
        """Which parts are missed, or can be, and by how much; arguments as for `met_by`.

        Parameters
        ----------
        ttft, tpot, end_to_end : optional
            As for `met_by`; one value or range each, no arrays.

        Returns
        -------
        tuple of Shortfall
            Empty if the target is met whatever the inputs.

        Raises
        ------
        DimensionError
            If the kind of the time to first token does not fit the target.
        MissingInputError
            If the target has a part that is not given.
        RangeError
            If a value is an array.
        """
        found = []
        for part, needed, got in self._compared(ttft, tpot, end_to_end):
            if getattr(got.magnitude, "ndim", 0):
                message = f"shortfalls() speaks of one point; the {part} is an array: use met_by()"
                raise RangeError(message)
            chance = less(needed, got).probability()
            if chance > 0.0:
                found.append(Shortfall(part=part, needed=needed, got=got, probability=chance))
        return tuple(found)

    def admit(self, ttft: TimeToFirstToken) -> Quantity:
        """Check the kind of a time to first token against the target.

        Parameters
        ----------
        ttft : one of the three kinds
            What shall be compared.

        Returns
        -------
        Quantity
            Its time.

        Raises
        ------
        DimensionError
            If it is none of the kinds, or not the one that the target speaks of.
        """
        given: object = ttft
        if not isinstance(given, TimeToFirstToken):
            message = (
                f"LatencyTarget(ttft) needs to know under which load: got {given}; write "
                "UnloadedTimeToFirstToken(...), ClosedLoopTimeToFirstToken(...) or "
                "OpenLoopTimeToFirstToken(..., percentile)"
            )
            raise DimensionError(message)
        own = getattr(ttft, "percentile", None)
        if own == self.percentile:
            return ttft.value
        wanted = "the typical request"
        bridge = f"give the target that percentile with target.evolve(percentile={own})"
        if self.percentile is not None:
            wanted = f"the {_ordinal(self.percentile)} percentile in an open loop"
            bridge = f"bridge it with taken_at_percentile({self.percentile}, factor=...)"
            if isinstance(ttft, UnloadedTimeToFirstToken):
                bridge += f" or after_wait(..., percentile={self.percentile})"
        message = (
            f"LatencyTarget speaks of {wanted}; got a time to first token {ttft.kind}; {bridge}"
        )
        raise DimensionError(message)

    def _parts(self) -> dict[str, Quantity]:
        parts = {
            "time to first token": self.ttft,
            "time per output token": self.time_per_output_token,
            "end-to-end time": self.end_to_end,
        }
        return {name: value for name, value in parts.items() if value is not None}

    def _compared(
        self,
        ttft: TimeToFirstToken | None,
        tpot: QuantityLike | None,
        end_to_end: QuantityLike | None,
    ) -> list[tuple[str, Quantity, Quantity]]:
        """Name, limit and value of each part of the target."""
        given = {
            "time to first token": None if ttft is None else self.admit(ttft),
            "time per output token": None if tpot is None else as_time_per_output_token(tpot),
            "end-to-end time": None if end_to_end is None else as_time(end_to_end),
        }
        rows = []
        for name, needed in self._parts().items():
            got = given[name]
            if got is None:
                argument = _ARGUMENTS[name]
                article = "an" if name.startswith("end") else "a"
                message = (
                    f"the target has {article} {name} of {needed}; give met_by({argument}=...)"
                )
                raise MissingInputError(message)
            rows.append((name, needed, got))
        return rows


_ARGUMENTS = {
    "time to first token": "ttft",
    "time per output token": "tpot",
    "end-to-end time": "end_to_end",
}
