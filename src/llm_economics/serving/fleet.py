"""`size_fleet`: how few replicas, accelerators and servers carry a load within a latency target.

The fewest replicas are a whole number that follows from a queue, so it is searched for in each of
some hundred joint draws of what is not known, all at once; the answer is that number and its
quantiles. Rejected: demand over throughput, which forgets that requests wait; a continuous number
of replicas, of which nobody can rent half a one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias, Unpack, cast

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.reading import empirical
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.serving.case import Case, case_of
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.discrepancy import discrepancy
from llm_economics.serving.fleet_search import (
    FleetTimes,
    Sized,
    central_value,
    drawn_values,
    limits_of,
    read_record,
    sized,
    times_of,
)
from llm_economics.serving.latency import LatencyTarget, OpenLoopTimeToFirstToken
from llm_economics.serving.load import Lengths as LoadLengths
from llm_economics.serving.load import Load
from llm_economics.serving.memory import largest_batch
from llm_economics.serving.pools import longest_context
from llm_economics.serving.power import (
    PowerConstants,
    power_assumptions,
    power_constants,
)
from llm_economics.workload.assumptions import assumed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike
    from llm_economics.hardware.server import Server

__all__ = ["Counts", "Fleet", "load_of_users", "size_fleet"]

Array: TypeAlias = npt.NDArray[np.float64]

_LEVELS: Final = (0.05, 0.5, 0.95)
_USERS = Dimension(name="a number of users", unit="user", example="5000", bare_numbers=True)
_PER_USER = Dimension(
    name="requests of one user per time", unit="request/user/hour", example="12 request/user/hour"
)


def load_of_users(
    *,
    users: QuantityLike,
    requests_per_user: QuantityLike,
    variability: QuantityLike,
    peak_to_mean: QuantityLike | None = None,
    **lengths: Unpack[LoadLengths],
) -> Load:
    """Make the open load of users who are there at the same time.

    Parameters
    ----------
    users : number or quantity
        Users at the busiest time: 5000.
    requests_per_user : text or quantity
        Requests of each while there: "12 request/user/hour".
    variability : number, text or quantity
        Squared coefficient of variation of the times between arrivals; 1 for Poisson.
    peak_to_mean : number, range, text or quantity, optional
        Users at the busiest time over the mean of the day, for energy and money.
    **lengths
        The other fields of `Load`: `input_tokens` and `output_tokens` are needed.

    Returns
    -------
    Load
        An open load at the busiest time.

    Raises
    ------
    DimensionError
        If the requests have no unit.
    MissingInputError
        If a length is not given.

    Examples
    --------
    >>> load = load_of_users(
    ...     users=6000,
    ...     requests_per_user="12 request/user/hour",
    ...     variability=1.0,
    ...     input_tokens="1000 token",
    ...     output_tokens="300 token",
    ... )
    >>> print(load.request_rate)
    20 request/s
    """
    there = _USERS.read(users, name="users")
    each = _PER_USER.read(requests_per_user, name="requests_per_user")
    made = Load.open(rate=(there * each).to("request/s"), variability=variability, **lengths)
    return made if peak_to_mean is None else made.evolve(peak_to_mean=peak_to_mean)


@attrs.frozen(kw_only=True)
class Counts:
    """A whole number that rests on what is not known; None where no number suffices."""

    central: int
    """At central values of all inputs."""

    low: int | None
    """Exceeded with a probability of 95 %."""

    median: int | None
    """Exceeded with a probability of one half."""

    high: int | None
    """Exceeded with a probability of 5 %."""

    def __str__(self) -> str:
        told = ["none suffices" if n is None else f"{n:,}" for n in (self.low, self.high)]
        return f"{self.central:,} [{told[0]} – {told[1]}] (central, 90 %)"

    @classmethod
    def of(cls, central: float, drawn: Array) -> Counts:
        """From draws, infinite where no number suffices."""
        found = np.quantile(drawn, _LEVELS, method="inverted_cdf")
        low, median, high = (int(n) if np.isfinite(n) else None for n in found)
        return cls(central=int(central), low=low, median=median, high=high)


@attrs.frozen(eq=False)
class _Count(Step):
    """A line whose value is a whole number with whole quantiles."""

    counts: Counts | None = None

    @property
    def shown(self) -> str:
        """Number and quantiles."""
        return str(self.counts)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Fleet(Breakdown):
    """Fewest replicas that carry a load within a target, and what they are and take."""

    deployment: Deployment
    """One replica."""

    load: Load
    """What arrives."""

    target: LatencyTarget
    """What users may have to wait."""

    replicas: Counts
    """Copies of the model."""

    accelerators: Counts
    """Accelerators of the replicas."""

    servers: Counts | None
    """Whole servers that hold them; None if no server was given."""

    paid_accelerators: Counts
    """Accelerators that are paid: those of whole servers, where there is one."""

    batch_limit: int
    """Most requests that a replica may take at once for the time per output token to be met."""

    batch: float
    """Mean requests at once on a replica at the busiest time."""

    time_per_output_token: Quantity
    """TPOT with a full batch, at central values (s/token)."""

    time_to_first_token: OpenLoopTimeToFirstToken
    """TTFT at the busiest time at the percentile of the target, at central values."""

    met_share: float
    """Share of the draws in which some number of replicas meets the target."""

    _money: Quantity | MissingInputError
    _power: Quantity | MissingInputError
    _facility_power: Quantity | MissingInputError

    @property
    def money_per_month(self) -> Quantity:
        """Rent of all accelerators that are paid (USD/month).

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._money)

    @property
    def power(self) -> Quantity:
        """Mean power of the accelerators (kW).

        Raises
        ------
        MissingInputError
            If the rated power of the accelerator is not known.
        """
        return given(self._power)

    @property
    def facility_power(self) -> Quantity:
        """Mean power with servers, network and cooling (kW).

        Raises
        ------
        MissingInputError
            If the rated power of the accelerator is not known.
        """
        return given(self._facility_power)

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from the times to the fleet."""
        yield Step(
            "batch limit",
            ureg.Quantity(float(self.batch_limit), "request"),
            "largest that fits and meets the time per output token",
        )
        how = "at a full batch, central"
        yield Step("time per output token", self.time_per_output_token, how, "ms/token")
        yield Step(
            f"time to first token, {self.time_to_first_token.kind}",
            self.time_to_first_token.value,
            "wait for a place + prefill + waiting, central",
            "ms",
        )
        named = {
            "replicas": (self.replicas, "", "fewest that meet the target at the busiest time"),
            "accelerators": (self.accelerators, "accelerator", "replicas x accelerators of one"),
            "servers": (self.servers, "server", "whole servers that hold the replicas"),
        }
        for name, (counts, unit, how) in named.items():
            if counts is not None:
                value = ureg.Quantity(float(counts.central), unit)
                yield _Count(name, value, how, counts=counts)
        how = "price x accelerators paid"
        yield Step("money", self._money, how, "USD/month")
        how = "rated power x use at the mean rate x accelerators"
        yield Step("power, accelerators", self._power, how, "kW")
        how = "with servers, network, idle machines, cooling"
        yield Step("power, facility", self._facility_power, how, "kW")


# -- the fleet ------------------------------------------------------------------------------------


def size_fleet(
    deployment: Deployment,
    load: Load,
    target: LatencyTarget,
    *,
    server: Server | None = None,
) -> Fleet:
    """Find the fewest replicas that carry a load within a latency target.

    Parameters
    ----------
    deployment : Deployment
        One replica; its number of replicas has no part.
    load : Load
        An open load at the busiest time, as `Load.open_from_demand` and `load_of_users` make it.
    target : LatencyTarget
        With a percentile.
    server : Server, optional
        For whole servers; by default that of the deployment. A replica stands in one server where
        it fits in one.

    Returns
    -------
    Fleet
        Replicas, accelerators, servers, money and power.

    Raises
    ------
    RangeError
        If the load is closed, the target has no percentile, not one request fits, or no number of
        replicas meets the target: which part misses, and by how much.
    MissingInputError
        If a figure of model or accelerator is not known.

    Notes
    -----
    Each replica takes at most as many requests at once as fit and meet the time per output token;
    more wait. The wait is that of `SlotFarm`. Ranges come from 512 joint draws of all inputs, in
    each of which the fewest replicas are searched for. Power is that at the mean rate, if the peak
    over the mean is known, else at the busiest time.

    Examples
    --------
    >>> import llm_economics as le
    >>> deployment = Deployment(
    ...     model=le.models["Llama 3.1 70B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     tensor_parallel=4,
    ...     weights="fp8",
    ...     engine="vLLM",
    ...     software_date="2026-01",
    ... )
    >>> load = load_of_users(
    ...     users=20_000,
    ...     requests_per_user="6 request/user/hour",
    ...     variability=1.0,
    ...     input_tokens="1000 token",
    ...     output_tokens="300 token",
    ... )
    >>> target = LatencyTarget(ttft="2 s", tpot="40 ms/token", percentile=0.95)
    >>> fleet = size_fleet(deployment, load, target, server=le.servers["DGX H100"])
    >>> fleet.servers.central <= fleet.replicas.central <= 2 * fleet.servers.central
    True
    """
    if not load.is_open:
        message = "size_fleet(load) needs an open load: Load.open(...) or load_of_users(...)"
        raise RangeError(message)
    if target.percentile is None:
        message = (
            "size_fleet(target) needs the percentile of the requests that shall meet it: "
            "target.evolve(percentile=0.95)"
        )
        raise RangeError(message)
    taken: list[Assumption] = []
    case = case_of(deployment.evolve(replicas=1), load, taken)
    most = _most(deployment, load)
    middle = sized(times_of(case, central_value), limits_of(target, central_value), most)
    if not np.all(middle.possible):
        raise RangeError(_impossible(deployment, times_of(case, central_value), target))
    off = [discrepancy(of, has_experts=case.has_experts) for of in ("per_token", "first_token")]
    taken += [*case.constants.assumptions(), *off]
    taken += power_assumptions()
    if load.output_variation is None:
        why = "lengths vary as much as their mean; give Load(output_variation=...)"
        taken.append(Assumption(name="output_variation", value=1.0, why=why))
    return _fleet(case, target, (middle, most), server or deployment.server, taken)


def _most(deployment: Deployment, load: Load) -> int:
    """Requests that fit on a replica."""
    longest = longest_context(deployment.model, load)
    most = largest_batch(deployment, longest)
    if most < 1:
        message = (
            f"size_fleet: not one request of {longest} fits on a replica of "
            f"{deployment.accelerators_per_replica} x {deployment.accelerator.name}; more "
            "tensor_parallel or cache='fp8' would do"
        )
        raise RangeError(message)
    return most


def _impossible(deployment: Deployment, times: FleetTimes, target: LatencyTarget) -> str:
    """Which parts one request alone misses already."""
    percentile = cast("float", target.percentile)
    first = ureg.Quantity(float(times.first_token(1.0)), "second").to("ms")
    missed = target.shortfalls(
        ttft=OpenLoopTimeToFirstToken(first, percentile),
        tpot=ureg.Quantity(1e3 * float(times.per_token(1.0)), "ms/token"),
        end_to_end=ureg.Quantity(float(times.end_to_end(1.0)), "second"),
    )
    return (
        f"no number of replicas of {deployment.model.name} on "
        f"{deployment.accelerators_per_replica} x {deployment.accelerator.name} meets the target: "
        f"one request alone on a replica has {'; '.join(map(str, missed))}. More tensor_parallel, "
        "smaller weights or faster accelerators would do"
    )


def _fleet(
    case: Case,
    target: LatencyTarget,
    found: tuple[Sized, int],
    server: Server | None,
    taken: list[Assumption],
) -> Fleet:
    middle, most = found
    times, limits = times_of(case, drawn_values), limits_of(target, drawn_values)
    drawn = sized(times, limits, most)
    deployment, central = case.deployment, times_of(case, central_value)
    replicas = float(middle.replicas)
    each = deployment.accelerators_per_replica
    holding = _holding(server, each)
    paid = [_paid(n, holding, each) for n in (replicas, drawn.replicas)]
    first = float(middle.wait + central.first_token(np.maximum(middle.batch, 1.0)))
    percentile = cast("float", target.percentile)
    power = attempt(lambda: _power(case, times, drawn))
    facility = attempt(lambda: _facility(deployment, given(power), taken))
    return Fleet(
        title=f"{deployment.model.name} on {each} x {deployment.accelerator.name} a replica, "
        f"{case.load.request_rate:.4g} at the busiest time",
        deployment=deployment,
        load=case.load,
        target=target,
        replicas=Counts.of(replicas, drawn.replicas),
        accelerators=Counts.of(replicas * each, drawn.replicas * each),
        servers=None if holding is None else _servers(replicas, drawn.replicas, holding),
        paid_accelerators=Counts.of(paid[0], paid[1]),
        batch_limit=int(middle.slots),
        batch=float(middle.batch),
        time_per_output_token=ureg.Quantity(float(central.per_token(middle.slots)), "second/token"),
        time_to_first_token=OpenLoopTimeToFirstToken(ureg.Quantity(first, "second"), percentile),
        met_share=float(np.mean(drawn.possible)),
        money=attempt(lambda: _money(deployment, paid[1])),
        power=power,
        facility_power=facility,
        assumptions=tuple(taken),
        input_sources=(*deployment.model.sources, *deployment.accelerator.sources),
    )


@attrs.frozen
class _Holding:
    """How replicas stand in servers."""

    size: int
    """Accelerators of a server."""

    replicas: int
    """Replicas in a server; 1 if they are larger."""

    servers: int
    """Servers of a replica; 1 if it is smaller."""


def _holding(server: Server | None, each: int) -> _Holding | None:
    if server is None:
        return None
    if server.accelerators is None:
        message = (
            f"the accelerators of {server.name} are not known; give server.evolve(accelerators=8)"
        )
        raise MissingInputError(message)
    size = int(server.accelerators.central().number("accelerator"))
    return _Holding(size, max(size // each, 1), -(-each // size))


def _whole_servers(replicas: Any, holding: _Holding) -> Any:
    return np.ceil(replicas / holding.replicas) * holding.servers


def _servers(central: float, drawn: Array, holding: _Holding) -> Counts:
    return Counts.of(float(_whole_servers(central, holding)), _whole_servers(drawn, holding))


def _paid(replicas: Any, holding: _Holding | None, each: int) -> Any:
    """Accelerators that are paid: whole servers, if they are known."""
    if holding is None:
        return replicas * each
    return _whole_servers(replicas, holding) * holding.size


def _range(values: Any, unit: str) -> Quantity:
    """A range spread as finite draws are."""
    kept = np.ravel(np.asarray(values, dtype=np.float64))
    kept = kept[np.isfinite(kept)]
    if np.ptp(kept) <= _SAME * np.max(np.abs(kept)):
        return ureg.Quantity(float(kept[0]), unit)
    return empirical(kept, unit)


_SAME: Final = 1e-12


def _money(deployment: Deployment, paid: Any) -> Quantity:
    """Rent per month, in the draws in which the target can be met."""
    own = deployment.rental_price
    price = own if own is not None else deployment.accelerator.require("rental_price")
    hourly = drawn_values(price.to("USD/accelerator/month").magnitude)
    return _range(paid * hourly, "USD/month")


def _power(case: Case, times: FleetTimes, drawn: Sized) -> Quantity:
    """Mean power of all accelerators, in the draws in which the target can be met."""
    rated = drawn_values(case.deployment.accelerator.require("power").to("kW").magnitude)
    load = case.load
    mean = load.request_rate if load.peak_to_mean is None else load.mean_request_rate
    rate = drawn_values(cast("Quantity", mean).to("request/s").magnitude)
    batch = drawn.farm.concurrency(rate)
    batch = np.where(np.isfinite(batch), batch, drawn.slots)
    constants = cast("PowerConstants", read_record(power_constants(), drawn_values))
    fraction = times.power_fraction(batch, constants)
    count = drawn.replicas * case.deployment.accelerators_per_replica
    return _range(count * rated * fraction, "kW")


def _facility(deployment: Deployment, power: Quantity, taken: list[Assumption]) -> Quantity:
    """Power with servers, network, idle machines and the building."""
    site = deployment.facility
    pue = ureg.Quantity(1.0) if site is None else site.power_usage_effectiveness
    if site is None:
        why = "no facility was given: the facility boundary ends at the IT equipment"
        taken.append(Assumption(name="power_usage_effectiveness", value=1.0, why=why))
    server = power * assumed("serving_server_factor", None, taken)
    idle = assumed("serving_network_and_idle_share", None, taken)
    return (server * (1.0 + idle) * pue).to("kW")
