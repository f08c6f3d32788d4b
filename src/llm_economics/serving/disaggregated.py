"""`DisaggregatedDeployment`: one pool of replicas reads inputs, another writes outputs.

Apart, neither disturbs the other, and each has its own layout; the price is moving keys and values
between them, and pools that match only nearly. What a fluid balance of rates leaves out (requests
that come in bursts, pools that run empty) stands in three named factors. Rejected: simulating both
schedulers, which takes traces; a free ratio of pools, which no whole replicas can have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import as_bandwidth, named_fields
from llm_economics.core.functions import minimum
from llm_economics.core.nouns import Noun
from llm_economics.core.references import holds
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Source
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.facility.energy import EnergyByBoundary, energy_by_boundary
from llm_economics.serving.case import Case, case_of
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.discrepancy import discrepancy
from llm_economics.serving.latency import (
    ClosedLoopTimeToFirstToken,
    OpenLoopTimeToFirstToken,
)
from llm_economics.serving.load import Load
from llm_economics.serving.memory import largest_batch
from llm_economics.serving.point import ServingPoint
from llm_economics.serving.pools import (
    ROUNDING,
    Pools,
    PoolSeconds,
    deratings,
    longest_context,
    middle,
    pools_of,
)
from llm_economics.serving.power import power_assumptions, power_constants
from llm_economics.serving.queueing import Queue, SlotFarm
from llm_economics.workload.assumptions import assumed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["DisaggregatedDeployment", "DisaggregatedPoint", "ServingComparison"]

_PERCENTILE = 0.95
_HALVINGS = 60


@attrs.frozen(kw_only=True, eq=False, repr=False)
class DisaggregatedPoint(Breakdown):
    """One point of operation of two pools, with the parts of both."""

    load: Load
    """What drives it."""

    batch: float
    """Requests that a decode replica writes at once."""

    prefill_accelerators: int
    """Accelerators that read inputs."""

    decode_accelerators: int
    """Accelerators that write outputs."""

    prefill_time: Quantity
    """Time to read one input (s)."""

    transfer_size: Quantity
    """Keys and values of one input (GB)."""

    transfer_time: Quantity
    """Time to move them (s), not hidden behind the prefill."""

    parts: dict[str, Quantity]
    """Time of a decode step by part, without interference (s)."""

    time_per_output_token: Quantity
    """TPOT (s/token)."""

    time_to_first_token: ClosedLoopTimeToFirstToken | OpenLoopTimeToFirstToken
    """TTFT: wait, prefill, transfer, first step; of the kind that fits the load."""

    prefill_capacity: Quantity
    """Requests that the prefill pool can read per second."""

    decode_capacity: Quantity
    """Requests that the decode pool writes per second at this batch."""

    request_rate: Quantity
    """Requests answered per second: what comes, or what the slower pool does."""

    balance: Quantity
    """Decode replicas for each prefill replica with which both pools are as fast."""

    _prefill_power: Quantity | MissingInputError
    _decode_power: Quantity | MissingInputError
    _energy: EnergyByBoundary | MissingInputError
    _cost: Quantity | MissingInputError

    @property
    def accelerators(self) -> int:
        """Accelerators of both pools."""
        return self.prefill_accelerators + self.decode_accelerators

    @property
    def interactivity(self) -> Quantity:
        """Tokens per second that one user sees: 1 / TPOT."""
        return (1.0 / self.time_per_output_token).to("token/s")

    @property
    def output_throughput(self) -> Quantity:
        """Tokens written per second."""
        return (self.request_rate * self.load.written_tokens).to("token/s")

    @property
    def output_throughput_per_accelerator(self) -> Quantity:
        """Tokens written per second over the accelerators of both pools."""
        return self.output_throughput / ureg.Quantity(float(self.accelerators), "accelerator")

    @property
    def prefill_power(self) -> Quantity:
        """Mean power of an accelerator that reads, at work and at rest in between (W).

        Raises
        ------
        MissingInputError
            If its rated power is not known.
        """
        return given(self._prefill_power)

    @property
    def decode_power(self) -> Quantity:
        """Mean power of an accelerator that writes (W).

        Raises
        ------
        MissingInputError
            If its rated power is not known.
        """
        return given(self._decode_power)

    @property
    def energy_per_output_token(self) -> EnergyByBoundary:
        """Energy of both pools over tokens written (J/token), by boundary.

        Raises
        ------
        MissingInputError
            If the rated power of an accelerator is not known.
        """
        if isinstance(self._energy, MissingInputError):
            raise self._energy
        return self._energy

    @property
    def cost_per_output_token(self) -> Quantity:
        """Money for both pools over tokens written (USD/Mtoken).

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._cost)

    @property
    def bottleneck(self) -> str:
        """The slower pool: "prefill" or "decode"."""
        prefill = self.prefill_capacity.central()
        return "prefill" if middle(self.decode_capacity / prefill) >= 1.0 else "decode"

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from parts to results."""
        yield Step("prefill time", self.prefill_time, "FLOP / peak + collectives", "ms")
        yield Step("transfer", self.transfer_size, "cache of the input", "GB")
        yield Step("transfer time", self.transfer_time, "bytes of an accelerator / network", "ms")
        for name, value in self.parts.items():
            if middle(value) > 0.0:
                yield Step(f"step, {name}", value, "as in aggregated serving", "ms")
        yield Step("time per output token", self.time_per_output_token, "sum", "ms/token")
        yield Step(
            f"time to first token, {self.time_to_first_token.kind}",
            self.time_to_first_token.value,
            "wait + (fixed + prefill + transfer) x factor + first step",
            "ms",
        )
        yield Step("interactivity", self.interactivity, "1 / TPOT", "token/s")
        yield from self._rates()
        yield from self._resources()

    def _rates(self) -> Iterator[Step]:
        how = "replicas / prefill time x rate matching"
        yield Step("prefill pool", self.prefill_capacity, how, "request/s")
        how = "replicas x batch / (tokens x TPOT) x rate matching"
        yield Step("decode pool", self.decode_capacity, how, "request/s")
        yield Step("balance", self.balance, "decode replicas for each prefill replica")
        yield Step("request rate", self.request_rate, "arrivals, or the slower pool", "request/s")
        yield Step(
            "output throughput",
            self.output_throughput_per_accelerator,
            "request rate x tokens / accelerators of both pools",
            "token/s/accelerator",
        )

    def _resources(self) -> Iterator[Step]:
        how = "of an accelerator: busy and at rest"
        yield Step("prefill power", self._prefill_power, how, "W")
        yield Step("decode power", self._decode_power, "rated x use of memory, peak", "W")
        if isinstance(self._energy, EnergyByBoundary):
            for boundary, energy in self._energy.by_boundary().items():
                yield Step(f"energy, {boundary}", energy, "power of both / throughput", "J/token")
        else:
            yield Step("energy", self._energy, "power of both / throughput", "J/token")
        how = "price of both / throughput / paid utilization"
        yield Step("cost, all", self._cost, how, "USD/Mtoken")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServingComparison(Breakdown):
    """Disaggregated over aggregated serving at one load."""

    disaggregated: DisaggregatedPoint
    """Two pools."""

    aggregated: ServingPoint
    """Replicas that do both."""

    def steps(self) -> Iterator[Step]:
        """Go through the ratios; above 1: the pools have more of it."""
        pools, whole = self.disaggregated, self.aggregated
        first = pools.time_to_first_token.value - whole.time_to_first_token.value
        yield Step("interactivity", _ratio(pools.interactivity, whole.interactivity), _OVER)
        yield Step(
            "output throughput per accelerator",
            _ratio(
                pools.output_throughput_per_accelerator, whole.output_throughput_per_accelerator
            ),
            _OVER,
        )
        yield Step("time to first token", first, "disaggregated - aggregated", "ms")
        energy = attempt(
            lambda: _ratio(
                pools.energy_per_output_token.server, whole.energy_per_output_token.server
            )
        )
        yield Step("energy, server", energy, _OVER)
        cost = attempt(lambda: _ratio(pools.cost_per_output_token, whole.cost_per_output_token))
        yield Step("cost, all", cost, _OVER)


_OVER = "disaggregated / aggregated"


def _ratio(one: Quantity, other: Quantity) -> Quantity:
    return (one / other).to("")


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class DisaggregatedDeployment(Noun):
    """Two pools of replicas of one model: one reads, the other writes.

    Raises
    ------
    RangeError
        If the pools hold different models or caches, or stand in different facilities.

    References
    ----------
    Zhong et al., DistServe, arXiv:2401.09670; Patel et al., Splitwise, arXiv:2311.18677.

    Examples
    --------
    >>> import llm_economics as le
    >>> pool = Deployment(
    ...     model=le.models["Llama 3.1 70B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     tensor_parallel=4,
    ...     weights="fp8",
    ...     engine="vLLM",
    ...     software_date="2026-01",
    ... )
    >>> pools = DisaggregatedDeployment(prefill=pool, decode=pool.evolve(replicas=2))
    >>> load = Load.closed(concurrency=64, input_tokens="4096 token", output_tokens="512 token")
    >>> print(f"{pools.at(load).transfer_size:.3g}, {pools.accelerators} accelerators")
    1.34 GB, 12 accelerators
    """

    prefill: Deployment = attrs.field(validator=holds(Deployment, "models"))
    """Replicas that read inputs."""

    decode: Deployment = attrs.field(validator=holds(Deployment, "models"))
    """Replicas that write outputs."""

    transfer_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """What one accelerator sends to the other pool, one way (byte/s); by default what software
    reaches of its part of the network between servers."""

    def __attrs_post_init__(self) -> None:
        """Refuse pools that do not fit each other."""
        for field in ("model", "cache", "facility"):
            one, other = getattr(self.prefill, field), getattr(self.decode, field)
            if one is not other and _called(one) != _called(other):
                message = (
                    f"DisaggregatedDeployment needs one {field} for both pools; got "
                    f"{_called(one)} for prefill and {_called(other)} for decode"
                )
                raise RangeError(message)

    @property
    def accelerators(self) -> int:
        """Accelerators of both pools."""
        return self.prefill.accelerators + self.decode.accelerators

    def at(self, load: Load) -> DisaggregatedPoint:
        """Estimate latency, rates, energy and money at a load.

        Parameters
        ----------
        load : Load
            Requests in flight (closed), in whichever pool, or arriving (open).

        Returns
        -------
        DisaggregatedPoint
            Every part, with ranges.

        Raises
        ------
        RangeError
            If it does not fit, or cannot keep up with the arrivals.

        Notes
        -----
        With requests in flight held constant, the batch is the one at which both pools hold all
        of them (Little's law), or at which decoding keeps up with prefill if that is slower; then
        requests wait before the prefill. With arrivals, waits for a prefill replica and for a
        place in a batch are those of queues, at the 95th percentile.
        """
        return _serve(self, load)

    def beside_aggregated(
        self, load: Load, aggregated: Deployment | None = None
    ) -> ServingComparison:
        """Compare with replicas that read and write, at the same load.

        Parameters
        ----------
        load : Load
            The load.
        aggregated : Deployment, optional
            By default replicas like those that decode, as many as the accelerators of both pools
            make.

        Returns
        -------
        ServingComparison
            Both points, and their ratios; inputs that they share move both.

        Raises
        ------
        RangeError
            If one of them does not fit or cannot keep up.
        """
        if aggregated is None:
            count = max(self.accelerators // self.decode.accelerators_per_replica, 1)
            aggregated = self.decode.evolve(replicas=count)
        pools, whole = self.at(load), aggregated.at(load)
        return ServingComparison(
            title=f"{pools.title}, over {whole.title}",
            assumptions=pools.assumptions,
            input_sources=(*pools.input_sources, *whole.input_sources),
            disaggregated=pools,
            aggregated=whole,
        )


def _called(value: Any) -> str:
    return str(value.name if isinstance(value, Noun) and hasattr(value, "name") else value)


# -- one point ------------------------------------------------------------------------------------


def _serve(deployment: DisaggregatedDeployment, load: Load) -> DisaggregatedPoint:
    taken: list[Assumption] = []
    prefill = case_of(deployment.prefill, load, taken)
    cases = prefill, case_of(deployment.decode, load, taken)
    bandwidth = _bandwidth(deployment, prefill, taken)
    most = _most(deployment, load)
    central = pools_of(cases, middle(bandwidth), central=True)
    batch, wait = _flight(deployment, load, central, most)
    pools = pools_of(cases, bandwidth, central=False)
    taken += [*deratings().values(), *prefill.constants.assumptions()]
    off = discrepancy("per_token", has_experts=prefill.has_experts)
    taken += [off, *power_assumptions()]
    return _point(deployment, cases[1].load, pools, (batch, wait), taken)


def _bandwidth(deployment: DisaggregatedDeployment, case: Case, taken: list[Assumption]) -> Any:
    """What an accelerator sends to the other pool (byte/s)."""
    if deployment.transfer_bandwidth is not None:
        return deployment.transfer_bandwidth.to("byte/s").magnitude
    usual = case.machine.scale_out
    why = "four fifths of an accelerator's part of the network between servers"
    value = ureg.Quantity(usual, "byte/s").to("GB/s")
    taken.append(Assumption(name="transfer bandwidth", value=value, why=why))
    return usual


def _most(deployment: DisaggregatedDeployment, load: Load) -> int:
    """Requests that fit on a decode replica; refuses what fits on neither."""
    longest = longest_context(deployment.decode.model, load)
    fitting = {
        name: largest_batch(pool, longest)
        for name, pool in (("prefill", deployment.prefill), ("decode", deployment.decode))
    }
    for name, count in fitting.items():
        if count < 1:
            message = (
                f"not one request of {longest} fits on a {name} replica; more tensor_parallel or "
                "cache='fp8' would do"
            )
            raise RangeError(message)
    return fitting["decode"]


def _flight(
    deployment: DisaggregatedDeployment, load: Load, pools: Pools, most: int
) -> tuple[float, float]:
    """Batch of a decode replica, and the wait (s)."""
    if load.is_open:
        return _of_open(deployment, load, pools, most)
    return _of_closed(deployment, load, pools, most)


def _of_closed(
    deployment: DisaggregatedDeployment, load: Load, pools: Pools, most: int
) -> tuple[float, float]:
    """Batch at which both pools hold all requests, or the slower pool all that it can."""
    flight = middle(cast("Quantity", load.concurrency))
    replicas, readers = deployment.decode.replicas, deployment.prefill.replicas
    low, high = 0.0, min(flight / replicas, float(most))
    for _ in range(_HALVINGS):
        half = 0.5 * (low + high)
        at = pools.seconds(half)
        rate = replicas * at.decode_rate
        more = rate * at.before_first_step + replicas * half > flight
        more = more or rate > readers * at.prefill_rate * (1.0 + ROUNDING)
        low, high = (low, half) if more else (half, high)
    at = pools.seconds(high)
    rate = replicas * at.decode_rate
    # Requests that neither pool holds wait before the prefill.
    held = rate * at.before_first_step + replicas * high
    waiting = max(flight - held, 0.0)
    return high, 0.0 if waiting < ROUNDING * flight else waiting / rate


def _of_open(
    deployment: DisaggregatedDeployment, load: Load, pools: Pools, most: int
) -> tuple[float, float]:
    """Batch by Little's law, and the waits for a prefill and for a place in a batch."""
    rate = middle(cast("Quantity", load.request_rate).to("request/s"))
    arrivals = middle(cast("Quantity", load.arrival_variability))
    spreads = [
        1.0 if given is None else middle(given) ** 2
        for given in (load.input_variation, load.output_variation)
    ]
    queue = Queue(
        rate=rate,
        service_time=1.0 / pools.seconds(1.0).prefill_rate,
        servers=deployment.prefill.replicas,
        variability=(arrivals, spreads[0]),
    )
    farm = SlotFarm(
        end_to_end=lambda batch: batch / pools.seconds(batch).decode_rate,
        slots=most,
        replicas=deployment.decode.replicas,
        variability=(arrivals, spreads[1]),
    )
    wait = queue.wait(_PERCENTILE) + farm.queue(rate).wait(_PERCENTILE)
    return float(farm.concurrency(rate)), float(wait)


def _point(
    deployment: DisaggregatedDeployment,
    load: Load,
    pools: Pools,
    flight: tuple[float, float],
    taken: list[Assumption],
) -> DisaggregatedPoint:
    batch, wait = flight
    at = pools.seconds(batch)
    prefill = _rate(at.prefill_rate, deployment.prefill)
    decode = _rate(at.decode_rate, deployment.decode)
    rate = load.request_rate if load.request_rate is not None else minimum(prefill, decode)
    busy = minimum((rate / prefill).to(""), 1.0).magnitude
    fractions = pools.power_fractions(at, batch, busy, power_constants())
    powers = (
        attempt(lambda: _watts(deployment.prefill, fractions[0])),
        attempt(lambda: _watts(deployment.decode, fractions[1])),
    )
    throughput = (rate * load.written_tokens).to("token/s")
    first = ureg.Quantity(at.before_first_step + at.per_token + wait, "second")
    return DisaggregatedPoint(
        title=_title(deployment, batch),
        load=load,
        batch=batch,
        prefill_accelerators=deployment.prefill.accelerators,
        decode_accelerators=deployment.decode.accelerators,
        prefill_time=ureg.Quantity(at.prefill, "second"),
        transfer_size=_transfer_size(pools),
        transfer_time=ureg.Quantity(at.transfer, "second"),
        parts=_parts(pools, at),
        time_per_output_token=ureg.Quantity(at.per_token, "second/token"),
        time_to_first_token=_kind(load, first),
        prefill_capacity=prefill,
        decode_capacity=decode,
        request_rate=rate,
        balance=ureg.Quantity(at.prefill_rate / at.decode_rate, ""),
        energy=_energy(deployment, powers, throughput, taken),
        prefill_power=powers[0],
        decode_power=powers[1],
        cost=attempt(lambda: _cost(deployment, throughput)),
        assumptions=tuple({item.name: item for item in taken}.values()),
        input_sources=_sources(deployment),
    )


def _title(deployment: DisaggregatedDeployment, batch: float) -> str:
    return (
        f"{deployment.decode.model.name}: prefill on {_count(deployment.prefill)}, decode on "
        f"{_count(deployment.decode)}, {batch:.4g} requests at once on each decode replica"
    )


def _sources(deployment: DisaggregatedDeployment) -> tuple[Source, ...]:
    chips = (pool.accelerator for pool in (deployment.prefill, deployment.decode))
    return (*deployment.decode.model.sources, *(s for chip in chips for s in chip.sources))


def _watts(pool: Deployment, fraction: Any) -> Quantity:
    """Mean power of one accelerator of a pool."""
    return (pool.accelerator.require("power") * ureg.Quantity(fraction)).to("W")


def _transfer_size(pools: Pools) -> Quantity:
    """Keys and values of one input."""
    length = pools.lengths.computed + pools.lengths.cached
    whole = pools.decode.formats.cache * pools.decode.sizes.cached_elements(length)
    return ureg.Quantity(whole, "byte").to("GB")


def _rate(of_replica: Any, pool: Deployment) -> Quantity:
    return ureg.Quantity(of_replica * float(pool.replicas), "request/s")


def _parts(pools: Pools, at: PoolSeconds) -> dict[str, Quantity]:
    """Time per output token by part; they sum to it."""
    drafting, factor = pools.speculation, pools.factors.per_token
    parts = {name: v for name, v in at.parts.parts().items() if name != "interference"}
    share = drafting.draft_share
    if isinstance(share, Uncertain) or share > 0.0:
        parts["drafting"] = at.parts.total * share
    scale = factor / drafting.tokens_per_pass
    return {name: ureg.Quantity(value * scale, "second") for name, value in parts.items()}


def _count(pool: Deployment) -> str:
    return f"{pool.accelerators} x {pool.accelerator.name}"


def _kind(load: Load, first: Quantity) -> ClosedLoopTimeToFirstToken | OpenLoopTimeToFirstToken:
    if load.is_open:
        return OpenLoopTimeToFirstToken(first, _PERCENTILE)
    return ClosedLoopTimeToFirstToken(first)


def _energy(
    deployment: DisaggregatedDeployment,
    powers: Sequence[Quantity | MissingInputError],
    throughput: Quantity,
    taken: list[Assumption],
) -> EnergyByBoundary | MissingInputError:
    """Energy of both pools over tokens written, by boundary."""
    pools = (deployment.prefill, deployment.decode)
    drawn: Quantity | None = None
    for pool, power in zip(pools, powers, strict=True):
        if isinstance(power, MissingInputError):
            return power
        part = power * float(pool.accelerators)
        drawn = part if drawn is None else drawn + part
    accelerators = (cast("Quantity", drawn) / throughput).to("J/token")
    facility = deployment.decode.facility
    pue = ureg.Quantity(1.0) if facility is None else facility.power_usage_effectiveness
    if facility is None:
        why = "no facility was given: the facility boundary ends at the IT equipment"
        taken.append(Assumption(name="power_usage_effectiveness", value=1.0, why=why))
    return energy_by_boundary(
        accelerator_energy=accelerators,
        server_energy=accelerators * assumed("serving_server_factor", None, taken),
        network_and_idle_share=assumed("serving_network_and_idle_share", None, taken),
        power_usage_effectiveness=pue,
        unit="J/token",
    )


def _cost(deployment: DisaggregatedDeployment, throughput: Quantity) -> Quantity:
    """Money for both pools over tokens written."""
    prices = []
    for pool in (deployment.prefill, deployment.decode):
        own = pool.rental_price
        price = own if own is not None else pool.accelerator.require("rental_price")
        share = ureg.Quantity(1.0) if pool.paid_utilization is None else pool.paid_utilization
        prices.append(price * ureg.Quantity(float(pool.accelerators), "accelerator") / share)
    return ((prices[0] + prices[1]) / throughput).to("USD/Mtoken")
