"""From a deployment and a load to a `ServingPoint`.

A closed load says how many requests are in flight; for an open one the batch is what Little's law
gives at central values, and the wait before it comes from `SlotFarm`. Rejected: a batch with a
range for an open load, which would be an equation to solve in every draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from llm_economics.core.breakdown import attempt
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.functions import minimum
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.facility.energy import EnergyByBoundary, energy_by_boundary
from llm_economics.serving.case import Case, case_of, seconds_at
from llm_economics.serving.discrepancy import discrepancy, discrepancy_factor
from llm_economics.serving.latency import (
    ClosedLoopTimeToFirstToken,
    OpenLoopTimeToFirstToken,
    UnloadedTimeToFirstToken,
)
from llm_economics.serving.load import Load
from llm_economics.serving.memory import RESERVE, largest_batch
from llm_economics.serving.money import money
from llm_economics.serving.point import ServingPoint
from llm_economics.serving.power import power_assumptions, power_fraction
from llm_economics.serving.queueing import SlotFarm
from llm_economics.serving.timing import peak_seconds
from llm_economics.workload.assumptions import assumed

if TYPE_CHECKING:
    from llm_economics.serving.deployment import Deployment
    from llm_economics.serving.timing import Seconds

__all__ = ["serve", "unloaded"]

_OPEN = ("per_token", "first_token", "power")


class _Flight(NamedTuple):
    """How full a replica is."""

    batch: float
    """Requests that it decodes together, at least 1."""

    mean: float
    """Requests in flight on it, less than 1 if it is idle at times."""

    wait: float
    """Wait before a place in the batch, at the percentile (s)."""


def serve(deployment: Deployment, load: Load, percentile: float) -> ServingPoint:
    """Estimate a deployment at a load.

    Parameters
    ----------
    deployment : Deployment
        The deployment.
    load : Load
        The load.
    percentile : float
        Share of the requests that wait no longer than the time to first token of an open load.

    Returns
    -------
    ServingPoint
        Latency, rates, power, energy, money.

    Raises
    ------
    RangeError
        If it does not fit, the context is longer than the model's, or it cannot keep up.
    MissingInputError
        If a figure of model or accelerator is not known.
    """
    taken: list[Assumption] = []
    _check_context(deployment, load)
    case = case_of(deployment, load, taken)
    most = largest_batch(deployment, _longest(load))
    why = "runtime, activations and graphs; a share of the memory"
    taken.append(Assumption(name="memory reserve", value=RESERVE, why=why))
    flight = _flight(case, percentile, most, taken)
    if flight.batch > most:
        raise RangeError(_too_many(deployment, load, flight.batch, most))
    off = [discrepancy(name, has_experts=case.has_experts) for name in _OPEN]
    taken += [*case.constants.assumptions(), *off, *power_assumptions()]
    return _point(case, flight, percentile, taken)


def unloaded(deployment: Deployment, tokens: Quantity) -> UnloadedTimeToFirstToken:
    """Time to the first token on an idle deployment.

    Parameters
    ----------
    deployment : Deployment
        The deployment.
    tokens : Quantity
        Length of the input (token), of which nothing is in a prefix cache.

    Returns
    -------
    UnloadedTimeToFirstToken
        Fixed time and prefill.

    Raises
    ------
    RangeError
        If the model's context is shorter.
    """
    length = tokens / ureg.Quantity(1.0, "request")
    load = Load.closed(
        concurrency=1, input_tokens=length, output_tokens="1 token", prefix_cache_hit_share=0.0
    )
    _check_context(deployment, load)
    case = case_of(deployment, load, [])
    constants = case.constants.ranges()
    seconds = seconds_at(case, case.machine, constants, 1.0)
    alone = ureg.Quantity(constants.first_token_time + seconds.prefill, "second")
    factor = discrepancy_factor("first_token", has_experts=case.has_experts)
    return UnloadedTimeToFirstToken(alone * factor)


def _longest(load: Load) -> Quantity:
    """Context of a mean request at its end."""
    one = ureg.Quantity(1.0, "request")
    return ((load.input_tokens + load.written_tokens) * one).central().to("token")


def _check_context(deployment: Deployment, load: Load) -> None:
    limit, needed = deployment.model.context_length, _longest(load)
    if limit is None or needed.magnitude <= limit.central().number("token"):
        return
    message = (
        f"the Load needs a context of {needed} (input_tokens and what is written), and "
        f"{deployment.model.name} takes {limit.to('token')}; give shorter input_tokens or "
        "output_tokens, or another model"
    )
    raise RangeError(message)


def _too_many(deployment: Deployment, load: Load, batch: float, most: int) -> str:
    return (
        f"a batch of {batch:g} requests does not fit: {most} requests of {_longest(load)} fit on a "
        f"replica of {deployment.accelerators_per_replica} x {deployment.accelerator.name}; more "
        "replicas or tensor_parallel, cache='fp8' or shorter contexts would do"
    )


def _flight(case: Case, percentile: float, most: int, taken: list[Assumption]) -> _Flight:
    """How full a replica is, at central values."""
    load, replicas = case.load, case.deployment.replicas
    if load.concurrency is not None:
        if load.concurrency.is_range:
            middle = load.concurrency.central()
            why = "the batch is taken at the central value of its range"
            taken.append(Assumption(name="concurrency", value=middle, why=why))
        mean = float(load.concurrency.central().number("request")) / replicas
        return _Flight(max(mean, 1.0), mean, 0.0)
    if most < 1:
        raise RangeError(_too_many(case.deployment, load, 1.0, most))
    constants, machine = case.constants.central(), case.machine.central()
    at_middle = case.central()

    def end_to_end(batch: Any) -> Any:
        return seconds_at(at_middle, machine, constants, batch).end_to_end(
            at_middle.lengths.written
        )

    farm = SlotFarm(
        end_to_end=end_to_end,
        slots=most,
        replicas=replicas,
        variability=_variability(load, taken),
    )
    rate = float(cast("Quantity", load.request_rate).central().number("request/s"))
    mean = float(farm.concurrency(rate))
    return _Flight(max(mean, 1.0), mean, float(farm.queue(rate).wait(percentile)))


def _variability(load: Load, taken: list[Assumption]) -> tuple[float, float]:
    """Squared coefficients of variation of times between arrivals and of service times."""
    arrivals = _plain(cast("Quantity", load.arrival_variability))
    if load.output_variation is not None:
        return arrivals, _plain(load.output_variation) ** 2
    why = "lengths vary as much as their mean; give Load(output_variation=...)"
    taken.append(Assumption(name="output_variation", value=1.0, why=why))
    return arrivals, 1.0


def _point(case: Case, flight: _Flight, percentile: float, taken: list[Assumption]) -> ServingPoint:
    deployment, load = case.deployment, case.load
    seconds = seconds_at(case, case.machine, case.constants.ranges(), flight.batch)
    parts = _parts(case, seconds)
    per_token = (_sum(parts) / ureg.Quantity(1.0, "token")).to("s/token")
    off = discrepancy_factor("first_token", has_experts=case.has_experts)
    first = ureg.Quantity(seconds.first_token, "second") * off
    one = ureg.Quantity(1.0, "token/request")
    request = ureg.Quantity(1.0, "request")
    whole = (first + (load.written_tokens - one) * request * per_token).to("second")
    throughput = _throughput(case, flight.mean, whole)
    power = attempt(lambda: _power(case, flight.mean, per_token))
    energy = _energy(case, power, throughput, taken)
    return ServingPoint(
        title=f"{deployment.model.name} on {deployment.accelerators} x "
        f"{deployment.accelerator.name}, {flight.batch:.4g} requests at once on each replica",
        load=load,
        batch=flight.batch,
        accelerators=deployment.accelerators,
        parts=parts,
        time_per_output_token=per_token,
        time_to_first_token=_first_token(load, first, flight.wait, percentile),
        prefill_time=ureg.Quantity(seconds.prefill, "second"),
        end_to_end=whole,
        output_throughput=throughput,
        power=power,
        energy=energy,
        **money(case, throughput, whole, parts, taken),
        carbon=attempt(lambda: _carbon(deployment, energy)),
        assumptions=tuple(taken),
        input_sources=(*deployment.model.sources, *deployment.accelerator.sources),
    )


def _parts(case: Case, seconds: Seconds) -> dict[str, Quantity]:
    """Time per output token by part, with what the model leaves open."""
    speculation = case.speculation
    factor = discrepancy_factor("per_token", has_experts=case.has_experts)
    yielded = speculation.tokens_per_pass
    found = {
        name: factor * ureg.Quantity(value / yielded, "second")
        for name, value in seconds.parts.parts().items()
    }
    if speculation.drafts:
        checking = seconds.parts.total - seconds.parts.interference
        drafting = checking * speculation.draft_share / yielded
        found["drafting"] = factor * ureg.Quantity(drafting, "second")
    return found


def _sum(parts: dict[str, Quantity]) -> Quantity:
    first, *rest = parts.values()
    return sum(rest, first)


def _throughput(case: Case, flight: float, whole: Quantity) -> Quantity:
    """Tokens written per second: of an open load as they arrive, else by Little's law."""
    load = case.load
    if load.request_rate is not None:
        return (load.request_rate * load.written_tokens).to("token/s")
    requests = ureg.Quantity(flight * case.deployment.replicas, "request")
    return (requests * load.written_tokens / whole).to("token/s")


def _first_token(
    load: Load, first: Quantity, wait: float, percentile: float
) -> ClosedLoopTimeToFirstToken | OpenLoopTimeToFirstToken:
    if not load.is_open:
        return ClosedLoopTimeToFirstToken(first)
    return OpenLoopTimeToFirstToken(first + ureg.Quantity(wait, "second"), percentile)


def _power(case: Case, flight: float, per_token: Quantity) -> Quantity:
    """Mean power of one accelerator."""
    rated = case.deployment.accelerator.require("power")
    setup = case.setup(case.machine, case.constants.ranges())
    memory, arithmetic = peak_seconds(setup, case.lengths, flight, case.speculation)
    step = per_token.to("s/token").magnitude * case.speculation.tokens_per_pass
    fraction = power_fraction(memory / step, arithmetic / step)
    power: Quantity = (rated * ureg.Quantity(fraction)).to("W")
    # However far the model is off, an accelerator does not draw more than it is rated for.
    off = discrepancy_factor("power", has_experts=case.has_experts)
    drawn: Quantity = minimum(power * off, 1.05 * rated.to("W"))
    return drawn


def _energy(
    case: Case,
    power: Quantity | MissingInputError,
    throughput: Quantity,
    taken: list[Assumption],
) -> EnergyByBoundary | MissingInputError:
    """Energy over tokens written, by boundary."""
    if isinstance(power, MissingInputError):
        return power
    deployment = case.deployment
    accelerators = (power * float(deployment.accelerators) / throughput).to("J/token")
    factor = assumed("serving_server_factor", None, taken)
    facility = deployment.facility
    pue = ureg.Quantity(1.0) if facility is None else facility.power_usage_effectiveness
    if facility is None:
        why = "no facility was given: the facility boundary ends at the IT equipment"
        taken.append(Assumption(name="power_usage_effectiveness", value=1.0, why=why))
    return energy_by_boundary(
        accelerator_energy=accelerators,
        server_energy=accelerators * factor,
        network_and_idle_share=assumed("serving_network_and_idle_share", None, taken),
        power_usage_effectiveness=pue,
        unit="J/token",
    )


def _carbon(deployment: Deployment, energy: EnergyByBoundary | MissingInputError) -> Quantity:
    if deployment.facility is None:
        message = "no facility was given; give Deployment(facility=le.facilities['us-hyperscale'])"
        raise MissingInputError(message)
    if isinstance(energy, MissingInputError):
        raise energy
    return (energy.facility * deployment.facility.carbon_intensity).to("gCO2e/Mtoken")


def _plain(value: Any) -> float:
    return float(ureg.Quantity(value).central().magnitude)
