"""`ReinforcementBreakdown`, and how it is filled from a `ReinforcementWorkload`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.breakdown import Step, attempt, given
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import MissingInputError
from llm_economics.core.functions import maximum
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import EnergyByBoundary
from llm_economics.facility.water import water_by_site
from llm_economics.hardware.laws import accelerator_time
from llm_economics.hardware.machine import peak_16_bit
from llm_economics.training.estimate import TrainingBreakdown
from llm_economics.training.laws import model_flops_utilization
from llm_economics.training.power import Phase, mean_power, power_by_load
from llm_economics.training.timing import Timing, duration_of
from llm_economics.training.totals import added, added_cost, added_energy, noted_once, total
from llm_economics.transformer.laws import (
    FORWARD,
    TRAINING,
    AttentionConvention,
    computation_per_token,
    training_computation,
)
from llm_economics.workload.assumptions import assumed
from llm_economics.workload.operation import (
    MeanPower,
    Units,
    operate,
    per_accelerator,
    taken_from_accelerator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.facility.site import Facility
    from llm_economics.training.reinforcement import ReinforcementWorkload
    from llm_economics.transformer.model import Model

__all__ = ["ReinforcementBreakdown", "ReinforcementPart", "estimate_reinforcement"]

_UNITS = Units(energy="MWh", money="MUSD", carbon="tCO2e")
_HOURS = "accelerator*hour"

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class ReinforcementPart:
    """One kind of work of a reinforcement stage."""

    computation: Quantity
    """Model FLOP; none while time is lost."""

    accelerator_time: Quantity
    """Accelerator-hours."""

    energy: EnergyByBoundary
    """Energy by boundary."""

    cost: CostByScope
    """Cost by scope; machines are bought for the whole stage, not for a part."""

    carbon_or_reason: Maybe
    """Carbon, or why it is unknown."""

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of the electricity.

        Raises
        ------
        MissingInputError
            If the facility's grid is unknown.
        """
        return given(self.carbon_or_reason)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ReinforcementBreakdown(TrainingBreakdown):
    """Time, energy, cost and carbon of a reinforcement stage, in all and part by part."""

    parts: dict[str, ReinforcementPart]
    """"generation" (if there is any), "scoring" (if anything scores), "training", "lost time";
    they sum to the whole."""

    def share(self, part: str) -> Quantity:
        """Share of the accelerator-time that a part takes; 0 for one that there is not."""
        if part not in self.parts:
            return ureg.Quantity(0.0)
        return (self.parts[part].accelerator_time / self.accelerator_time).to("")

    def steps(self) -> Iterator[Step]:
        """Go through the lines, each part first, then the whole."""
        for name, part in self.parts.items():
            if name != _LOST:
                yield Step(f"computation, {name}", part.computation, _HOW[name])
        for name, part in self.parts.items():
            time = part.accelerator_time
            yield Step(f"accelerator-time, {name}", time, _HOW_TIME[name], _HOURS)
        for name, part in self.parts.items():
            how = "as for the whole, with the time and the power of the part"
            yield Step(f"energy at the facility, {name}", part.energy.facility, how, "MWh")
        yield from super().steps()


_GENERATION, _SCORING, _TRAINING, _LOST = "generation", "scoring", "training", "lost time"
_HOW = {
    _GENERATION: "forward pass of the policy x (tokens written + prompts read once)",
    _SCORING: "forward pass of each model that scores x tokens of the rollouts",
    _TRAINING: "forward and backward pass x tokens trained on; a critic's too",
}
_HOW_TIME = {
    _GENERATION: "computation / (peak x utilization of generation), or tokens / throughput",
    _SCORING: "computation / (peak x utilization of scoring)",
    _TRAINING: "computation / (peak x utilization), or tokens / token rate of a step",
    _LOST: "restarts, stragglers, waiting: what goodput and the slower side leave unused",
}


@attrs.frozen(kw_only=True, eq=False)
class _Work:
    """Computation and productive accelerator-time of one kind of work."""

    computation: Quantity
    time: Quantity


@attrs.frozen(kw_only=True, eq=False)
class _Trainer:
    """How the training part runs."""

    timing: Timing
    work: _Work
    gross: Quantity
    """Accelerator-time with what training loses."""


def estimate_reinforcement(workload: ReinforcementWorkload) -> ReinforcementBreakdown:
    """Compute time, energy, cost and carbon of a reinforcement stage.

    Parameters
    ----------
    workload : ReinforcementWorkload
        The stage.

    Returns
    -------
    ReinforcementBreakdown
        Every intermediate quantity.

    Raises
    ------
    MissingInputError
        If the model's parameters, the accelerator's power or the facility is unknown.
    """
    taken: list[Assumption] = []
    accelerators = cast("Quantity", workload.accelerators)
    works, timing = _works(workload, taken)
    parts = _parts(workload, works, timing, taken)
    time = added(part.accelerator_time for part in parts.values())
    energy = added_energy(part.energy for part in parts.values())
    duration = (time / accelerators).to("day")
    power = (energy.facility / duration).to("MW")
    computation = added(part.computation for part in parts.values())
    buy = attempt(lambda: taken_from_accelerator(workload, "system_price", taken) * accelerators)
    return ReinforcementBreakdown(
        title=_title(workload),
        assumptions=noted_once(taken),
        input_sources=workload.sources,
        accelerator=workload.accelerator.name,
        computation=computation,
        how_computed="generation, scoring and training together",
        utilization=formula(model_flops_utilization)(
            computation=computation, accelerator_time=time, peak=_peak(workload, taken)
        ).to(""),
        accelerators=accelerators,
        duration=duration,
        accelerator_time=time,
        power=power,
        energy=energy,
        cost=added_cost(
            {name: part.cost for name, part in parts.items()},
            acquisition=buy if isinstance(buy, MissingInputError) else buy.to("MUSD"),
        ),
        carbon=total({name: part.carbon_or_reason for name, part in parts.items()}),
        water=water_by_site(energy, cast("Facility", workload.facility)),
        workload=workload,
        step=timing.step,
        phases=_phases(workload, parts, duration, power),
        parts=parts,
    )


def _title(workload: ReinforcementWorkload) -> str:
    subject = workload.name or f"reinforcement stage of {workload.policy.name}"
    where = f" at {workload.facility.name}" if workload.facility else ""
    count = str(workload.accelerators).replace(" accelerator", "").partition(" (median")[0]
    return f"{subject} on {count} x {workload.accelerator.name}{where}"


def _works(
    workload: ReinforcementWorkload, taken: list[Assumption]
) -> tuple[dict[str, _Work], Timing]:
    """Each kind of work with its accelerator-time; the lost time last."""
    convention = _convention(workload, taken)
    works: dict[str, _Work] = {}
    if workload.generates:
        works[_GENERATION] = _generation(workload, convention, taken)
    scoring = _scoring(workload, convention, taken)
    if scoring is not None:
        works[_SCORING] = scoring
    trainer = _training(workload, convention, taken)
    works[_TRAINING] = trainer.work
    if workload.duration is not None:
        # The computed times count by their proportion only, and a goodput cancels there.
        taken[:] = [assumption for assumption in taken if assumption.name != "goodput"]
        return _shared_out(workload, works), trainer.timing
    return {**works, _LOST: _lost(workload, works, trainer, taken)}, trainer.timing


def _convention(workload: ReinforcementWorkload, taken: list[Assumption]) -> AttentionConvention:
    if workload.attention is not None:
        return workload.attention
    why = "weights alone; attention adds a tenth and more at responses of ten thousand tokens"
    taken.append(Assumption(name="attention", value=AttentionConvention.NONE.value, why=why))
    return AttentionConvention.NONE


def _peak(workload: ReinforcementWorkload, taken: list[Assumption]) -> Quantity:
    """Peak of the number format that given utilizations are a share of."""
    if workload.number_format is not None:
        return per_accelerator(workload.accelerator.peak(workload.number_format))
    why = "utilizations are usually quoted against the dense bf16 peak"
    taken.append(Assumption(name="number_format", value="bf16", why=why))
    return per_accelerator(peak_16_bit(workload.accelerator))


def _time(
    workload: ReinforcementWorkload,
    computation: Quantity,
    stated: Quantity | None,
    name: str,
    taken: list[Assumption],
) -> Quantity:
    """Accelerator-time by a utilization, given or assumed (then of the 16-bit peak)."""
    peak = _peak(workload, taken)
    if stated is None:
        peak = per_accelerator(peak_16_bit(workload.accelerator))
    utilization = assumed(name, stated, taken)
    # Products of checked quantities; checking a computed range would draw it once more.
    found = formula(accelerator_time)(
        computation=computation, peak=peak, model_flops_utilization=utilization
    )
    return cast("Quantity", found).to(_HOURS)


def _passes(
    model: Model, tokens: Quantity, per_parameter: Quantity, attention: Quantity
) -> Quantity:
    """FLOP of tokens that pass through a model."""
    per_token = computation_per_token(
        active_parameters=model.computing_parameters,
        computation_per_parameter=per_parameter,
        attention=attention,
    )
    return cast(
        "Quantity",
        formula(training_computation)(computation_per_token=per_token, tokens=tokens),
    ).to("FLOP")


def _generation(
    workload: ReinforcementWorkload, convention: AttentionConvention, taken: list[Assumption]
) -> _Work:
    model = workload.policy
    seen_whole = convention
    if convention is not AttentionConvention.NONE:
        # While reading, a token sees half of the text on average; a written one sees all of it.
        seen_whole = AttentionConvention.FULL
    before = workload.prompt_tokens + workload.response_tokens / 2.0
    attention = model.attention_computation_per_token
    written = _passes(
        model, workload.generated_tokens, FORWARD, attention(seen_whole, before, training=False)
    )
    read = _passes(
        model,
        (workload.prompts * workload.prompt_tokens).to("token"),
        FORWARD,
        attention(convention, workload.prompt_tokens, training=False),
    )
    if workload.rollout_throughput is not None:
        rate = per_accelerator(workload.rollout_throughput)
        time = (workload.generated_tokens / rate).to(_HOURS)
        return _Work(computation=written + read, time=time)
    name = f"{'experts_' if model.has_experts else ''}decode_model_flops_utilization"
    writing = _time(workload, written, workload.rollout_model_flops_utilization, name, taken)
    return _Work(computation=written + read, time=writing + _reading(workload, read, taken))


def _reading(
    workload: ReinforcementWorkload, computation: Quantity, taken: list[Assumption]
) -> Quantity:
    stated = workload.scoring_model_flops_utilization
    return _time(workload, computation, stated, "prefill_model_flops_utilization", taken)


def _scoring(
    workload: ReinforcementWorkload, convention: AttentionConvention, taken: list[Assumption]
) -> _Work | None:
    length, tokens = workload.rollout_length, workload.scored_tokens
    passes = [
        _passes(
            model,
            tokens,
            FORWARD,
            model.attention_computation_per_token(convention, length, training=False),
        )
        for model in workload.scoring_models
    ]
    if not passes:
        return None
    computation = added(passes)
    return _Work(computation=computation, time=_reading(workload, computation, taken))


def _training(
    workload: ReinforcementWorkload, convention: AttentionConvention, taken: list[Assumption]
) -> _Trainer:
    """Training on the rollouts, by the same path as any training run."""
    policy = _trained(workload.policy, workload, workload.seen_tokens, convention)
    share = workload.rollout_accelerator_share
    accelerators = cast("Quantity", workload.accelerators)
    trainer = attrs.evolve(
        workload,
        accelerators=accelerators if share is None else accelerators * (1.0 - share),
        sequence_length=workload.sequence_length or workload.rollout_length,
        duration=cast("Any", None),
    )
    timing = duration_of(trainer, policy, _peak(workload, taken), taken)
    gross = (timing.duration * cast("Quantity", trainer.accelerators)).to(_HOURS)
    computation = policy
    if workload.critic is not None:
        tokens = workload.trained_rollout_tokens
        computation = policy + _trained(workload.critic, workload, tokens, convention)
        # The critic is trained at the utilization of the policy.
        gross = gross * (computation / policy).to("")
    productive = gross if timing.goodput is None else gross * timing.goodput
    work = _Work(computation=computation, time=productive)
    return _Trainer(timing=timing, work=work, gross=gross)


def _trained(
    model: Model, workload: ReinforcementWorkload, tokens: Quantity, convention: AttentionConvention
) -> Quantity:
    length = workload.sequence_length or workload.rollout_length
    attention = model.attention_computation_per_token(convention, length, training=True)
    return _passes(model, tokens, TRAINING, attention)


def _lost(
    workload: ReinforcementWorkload,
    works: dict[str, _Work],
    trainer: _Trainer,
    taken: list[Assumption],
) -> _Work:
    """Time that goodput takes, and waiting where two sides work at the same time."""
    goodput = trainer.timing.goodput
    if goodput is None:
        goodput = assumed("goodput", workload.goodput, taken)
    none = ureg.Quantity(0.0, _HOURS)
    generation = works[_GENERATION].time / goodput if _GENERATION in works else none
    rest = trainer.gross
    if _SCORING in works:
        rest = rest + works[_SCORING].time / goodput
    whole, share = generation + rest, workload.rollout_accelerator_share
    if share is not None:
        whole = maximum(generation / share, rest / (1.0 - share))
    lost = whole - added(work.time for work in works.values())
    # Nothing is lost at a goodput of 1, also where rounding leaves a last digit.
    return _Work(computation=ureg.Quantity(0.0, "FLOP"), time=maximum(lost, none).to(_HOURS))


def _shared_out(workload: ReinforcementWorkload, works: dict[str, _Work]) -> dict[str, _Work]:
    """Times in the proportion of the computed ones that fill the duration that was given."""
    duration = cast("Quantity", workload.duration)
    whole = (cast("Quantity", workload.accelerators) * duration).to(_HOURS)
    working = whole if workload.goodput is None else whole * workload.goodput
    factor = (working / added(work.time for work in works.values())).to("")
    found = {n: attrs.evolve(work, time=work.time * factor) for n, work in works.items()}
    if workload.goodput is None:
        return found
    lost = _Work(computation=ureg.Quantity(0.0, "FLOP"), time=whole - working)
    return {**found, _LOST: lost}


def _parts(
    workload: ReinforcementWorkload,
    works: dict[str, _Work],
    timing: Timing,
    taken: list[Assumption],
) -> dict[str, ReinforcementPart]:
    parts: dict[str, ReinforcementPart] = {}
    for name, work in works.items():
        found = operate(
            workload,
            work.time,
            stage="training",
            units=_UNITS,
            taken=taken,
            power=_power(workload, name, timing, taken),
        )
        parts[name] = ReinforcementPart(
            computation=work.computation,
            accelerator_time=work.time,
            energy=found.energy,
            cost=found.cost,
            carbon_or_reason=found.carbon,
        )
    return parts


def _power(
    workload: ReinforcementWorkload, name: str, timing: Timing, taken: list[Assumption]
) -> MeanPower | None:
    """Mean power of one kind of work; None for what is given, or usual in training."""
    server = workload.server
    if server is not None and server.power is not None and workload.server_factor is None:
        return None
    if name == _GENERATION:
        load = assumed("serving_accelerator_load", workload.accelerator_load, taken)
        factor = assumed("serving_server_factor", workload.server_factor, taken)
        return MeanPower(accelerator=load, server=load * factor)
    if workload.accelerator_load is not None or workload.server_factor is not None:
        return None
    if name == _LOST:
        return power_by_load(ureg.Quantity(0.0), taken)
    return mean_power(workload, attrs.evolve(timing, goodput=None), taken)


def _phases(
    workload: ReinforcementWorkload,
    parts: dict[str, ReinforcementPart],
    duration: Quantity,
    power: Quantity,
) -> tuple[Phase, ...]:
    """Power over time; one phase where generation and training go on at the same time."""
    if workload.rollout_accelerator_share is not None:
        return (Phase(name="run", duration=duration, power=power),)
    accelerators = cast("Quantity", workload.accelerators)
    found = []
    for name, part in parts.items():
        if not float(part.accelerator_time.central().magnitude):
            continue
        lasts = (part.accelerator_time / accelerators).to("day")
        found.append(
            Phase(name=name, duration=lasts, power=(part.energy.facility / lasts).to("MW"))
        )
    return tuple(found)
