"""The search for the fewest replicas: at central values and in many joint draws, by the same text.

Rejected: ranges as expression graphs, which would hold each step of the search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.serving.discrepancy import discrepancy_factor
from llm_economics.serving.power import PowerConstants, power_fraction
from llm_economics.serving.queueing import SlotFarm
from llm_economics.serving.speculation import Speculation
from llm_economics.serving.step_time import Setup
from llm_economics.serving.timing import Lengths, peak_seconds, replica_seconds

if TYPE_CHECKING:
    from llm_economics.serving.case import Case
    from llm_economics.serving.latency import LatencyTarget

__all__ = [
    "DRAWS",
    "FleetTimes",
    "Limits",
    "Sized",
    "central_value",
    "drawn_values",
    "limits_of",
    "read_record",
    "sized",
    "times_of",
]

Array: TypeAlias = npt.NDArray[np.float64]

DRAWS: Final = 512
"""Joint draws of all inputs."""


@attrs.frozen(kw_only=True, eq=False)
class FleetTimes:
    """Times of a replica, in one case (floats) or in many draws (arrays)."""

    setup: Setup
    lengths: Lengths
    speculation: Speculation
    per_token_factor: Any
    first_token_factor: Any
    rate: Any
    arrivals: Any
    lengths_vary: Any

    def per_token(self, batch: Any) -> Any:
        """TPOT (s) at a batch."""
        return self._seconds(batch).per_token * self.per_token_factor

    def first_token(self, batch: Any) -> Any:
        """TTFT (s) at a batch, without a wait for a place in it."""
        return self._seconds(batch).first_token * self.first_token_factor

    def end_to_end(self, batch: Any) -> Any:
        """From a place in the batch to the last token (s)."""
        found = self._seconds(batch)
        rest = (self.lengths.written - 1.0) * found.per_token * self.per_token_factor
        return found.first_token * self.first_token_factor + rest

    def power_fraction(self, batch: Any, constants: PowerConstants) -> Any:
        """Power of an accelerator over its rated power, at mean requests in flight."""
        memory, arithmetic = peak_seconds(self.setup, self.lengths, batch, self.speculation)
        step = self.per_token(np.maximum(batch, 1.0)) * self.speculation.tokens_per_pass
        return power_fraction(memory / step, arithmetic / step, constants)

    def _seconds(self, batch: Any) -> Any:
        return replica_seconds(self.setup, self.lengths, batch, self.speculation)


Read: TypeAlias = Callable[[Any], Any]


def drawn_values(value: Any) -> Any:
    """Draw a range jointly with others: row i of all used the same value of shared inputs.

    Parameters
    ----------
    value : number or range
        The value.

    Returns
    -------
    number or ndarray
        `DRAWS` draws of a range.
    """
    if not isinstance(value, Uncertain):
        return value
    return ureg.Quantity(value).samples(DRAWS, rng=0).magnitude


def central_value(value: Any) -> Any:
    """Take the central value of a range.

    Parameters
    ----------
    value : number or range
        The value.

    Returns
    -------
    number
        The value.
    """
    return ureg.Quantity(value).central().magnitude if isinstance(value, Uncertain) else value


def read_record(record: Any, read: Read) -> Any:
    """Read the ranges of a record, and of records inside it.

    Parameters
    ----------
    record : attrs instance
        Plain numbers.
    read : callable
        `drawn_values` or `central_value`.

    Returns
    -------
    same kind
        Arrays or floats.
    """
    changes = {}
    for field in attrs.fields(type(record)):
        value = getattr(record, field.name)
        nested = attrs.has(type(value)) and not isinstance(value, Uncertain)
        changes[field.name] = read_record(value, read) if nested else read(value)
    return attrs.evolve(record, **changes)


def times_of(case: Case, read: Read) -> FleetTimes:
    """Take times of a replica, at central values or in draws.

    Parameters
    ----------
    case : Case
        Deployment and open load.
    read : callable
        `drawn_values` or `central_value`.

    Returns
    -------
    FleetTimes
        Times at any batch.
    """
    load = case.load
    found = FleetTimes(
        setup=case.setup(case.machine, case.constants.ranges()),
        lengths=case.lengths,
        speculation=case.speculation,
        per_token_factor=discrepancy_factor("per_token", has_experts=case.has_experts).magnitude,
        first_token_factor=discrepancy_factor(
            "first_token", has_experts=case.has_experts
        ).magnitude,
        rate=cast("Quantity", load.request_rate).to("request/s").magnitude,
        arrivals=cast("Quantity", load.arrival_variability).to("").magnitude,
        lengths_vary=1.0
        if load.output_variation is None
        else (load.output_variation**2).to("").magnitude,
    )
    return cast("FleetTimes", read_record(found, read))


@attrs.frozen(kw_only=True, eq=False)
class Limits:
    """The target as plain numbers; infinite where there is none."""

    first_token: Any
    per_token: Any
    end_to_end: Any
    percentile: float

    def met(self, times: FleetTimes, batch: Any, wait: Any) -> Any:
        """Whether times at a batch and after a wait are within it."""
        running = np.maximum(batch, 1.0)
        # Without limits on times a queue that grows for ever would be within them.
        return (
            np.isfinite(wait)
            & (wait + times.first_token(running) <= self.first_token)
            & (times.per_token(running) <= self.per_token)
            & (wait + times.end_to_end(running) <= self.end_to_end)
        )


def limits_of(target: LatencyTarget, read: Read) -> Limits:
    """Take a target as plain numbers.

    Parameters
    ----------
    target : LatencyTarget
        With a percentile.
    read : callable
        `drawn_values` or `central_value`.

    Returns
    -------
    Limits
        Seconds.
    """
    parts = {
        "first_token": (target.ttft, "second"),
        "per_token": (target.time_per_output_token, "second/token"),
        "end_to_end": (target.end_to_end, "second"),
    }
    plain = {n: np.inf if v is None else read(v.to(u).magnitude) for n, (v, u) in parts.items()}
    return Limits(**plain, percentile=cast("float", target.percentile))


@attrs.frozen(kw_only=True, eq=False)
class Sized:
    """What was found; floats, or arrays of draws."""

    replicas: Any
    slots: Any
    farm: SlotFarm
    batch: Any
    wait: Any
    possible: Any


def sized(times: FleetTimes, limits: Limits, most: int) -> Sized:
    """Find the fewest replicas.

    Parameters
    ----------
    times : FleetTimes
        Floats, or arrays of draws.
    limits : Limits
        What users may have to wait.
    most : int
        Requests that fit on a replica at once.

    Returns
    -------
    Sized
        Replicas are infinite where no number meets the target.
    """
    shapes = (times.per_token(1.0), times.rate, times.arrivals, limits.first_token)
    alone = np.ones(np.broadcast_shapes(*(np.shape(value) for value in shapes)))
    possible = limits.met(times, alone, 0.0) & (alone > 0.0)
    slots = _largest(lambda batch: times.per_token(batch) <= limits.per_token, alone, most)

    def farm(replicas: Any) -> SlotFarm:
        return SlotFarm(
            end_to_end=times.end_to_end,
            slots=slots,
            replicas=replicas,
            variability=(times.arrivals, times.lengths_vary),
            on_overload="infinite",
        )

    def enough(replicas: Any) -> Any:
        made = farm(replicas)
        wait = made.queue(times.rate).wait(limits.percentile)
        batch = made.concurrency(times.rate)
        batch = np.where(np.isfinite(batch), batch, slots)
        return limits.met(times, batch, wait) | ~possible

    # So many or fewer are overloaded: all their places are taken for ever.
    overloaded = np.floor(times.rate * times.end_to_end(slots) / slots) * alone
    found = _fewest(enough, np.where(possible, overloaded, 0.0))
    made = farm(found)
    return Sized(
        replicas=np.where(possible, found, np.inf),
        slots=slots,
        farm=made,
        batch=made.concurrency(times.rate),
        wait=made.queue(times.rate).wait(limits.percentile),
        possible=possible,
    )


def _largest(within: Callable[[Any], Any], least: Array, most: int) -> Any:
    """Largest whole batch that is within a limit; at least 1, at most what fits."""
    low, high = least, np.full_like(least, float(most))
    low = np.where(within(high), high, low)
    for _ in range(int(np.ceil(np.log2(most + 1.0)))):
        middle = np.floor(0.5 * (low + high + 1.0))
        fine = within(middle)
        low, high = np.where(fine, middle, low), np.where(fine, high, np.maximum(middle - 1.0, low))
    return low


def _fewest(enough: Callable[[Any], Any], too_few: Any) -> Any:
    """Smallest whole number that is enough, above one that is not: steps that double, halvings."""
    low, high, step = too_few, too_few + 1.0, 1.0
    while np.any(short := ~enough(high)):
        step *= 2.0
        low, high = np.where(short, high, low), np.where(short, high + step, high)
    while np.any(high - low > 1.0):
        middle = np.where(high - low > 1.0, np.floor(0.5 * (low + high)), high)
        fine = enough(middle)
        low, high = np.where(fine, low, middle), np.where(fine, middle, high)
    return high
