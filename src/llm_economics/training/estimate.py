"""`TrainingBreakdown`, and how it is filled from a `TrainingWorkload`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import EnergyByBoundary
from llm_economics.hardware.laws import accelerator_time
from llm_economics.training.laws import model_flops_utilization, training_duration
from llm_economics.transformer.laws import (
    TRAINING,
    AttentionConvention,
    computation_per_token,
    training_computation,
)
from llm_economics.workload.assumptions import assumed
from llm_economics.workload.operation import (
    Units,
    operate,
    per_accelerator,
    taken_from_accelerator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.training.workload import TrainingWorkload
    from llm_economics.transformer.model import Model

__all__ = ["TrainingBreakdown", "estimate_training"]

_UNITS = Units(energy="MWh", money="MUSD", carbon="tCO2e")

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TrainingBreakdown(Breakdown):
    """Time, energy, cost and carbon of a training run, with every step in between."""

    accelerator: str
    """Name of the accelerator."""

    _computation: Maybe
    _how_computed: str

    _utilization: Maybe

    accelerators: Quantity
    """Accelerators that work together."""

    duration: Quantity
    """Wall time (day)."""

    accelerator_time: Quantity
    """Accelerator-hours, lost time included: what is paid for."""

    power: Quantity
    """Mean power of the facility during the run (MW)."""

    energy: EnergyByBoundary
    """Energy by boundary."""

    cost: CostByScope
    """Cost of the final run by scope: rental, amortised, acquisition."""

    _carbon: Maybe

    @property
    def computation(self) -> Quantity:
        """Model FLOP of the run.

        Raises
        ------
        MissingInputError
            If neither tokens and parameters nor the computation are known.
        """
        return given(self._computation)

    @property
    def model_flops_utilization(self) -> Quantity:
        """MFU over the whole wall time: the given one times goodput, or as the duration implies.

        Raises
        ------
        MissingInputError
            If the computation is unknown.
        """
        return given(self._utilization)

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of the electricity.

        Raises
        ------
        MissingInputError
            If the facility's grid is unknown.
        """
        return given(self._carbon)

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from inputs to results."""
        yield Step("computation", self._computation, self._how_computed)
        yield Step("model FLOPs utilization", self._utilization, "computation / (time x peak)", "%")
        yield Step("accelerators", self.accelerators, "as given")
        yield Step("duration", self.duration, _HOW["duration"], "day")
        yield Step(
            "accelerator-time", self.accelerator_time, "accelerators x duration", "accelerator*hour"
        )
        yield Step("power", self.power, "facility energy / duration", "MW")
        for boundary, energy in self.energy.by_boundary().items():
            yield Step(f"energy, {boundary}", energy, _HOW[boundary], "GWh")
        for scope, cost in self.cost.by_scope().items():
            yield Step(f"cost, {scope}", cost, _HOW[scope], "MUSD")
        yield Step("carbon", self._carbon, "facility energy x location-based intensity", "tCO2e")


_HOW = {
    "duration": "as given, or computation / (accelerators x peak x utilization x goodput)",
    "accelerator": "accelerator-time x rated power x load",
    "server": "accelerator energy x server factor, or accelerator-time x power of the server",
    "it": "server energy x (1 + network and idle share)",
    "facility": "IT energy x PUE",
    "rental": "accelerator-time x rental price",
    "amortised": "accelerator-time x system price / (life x utilization), and electricity",
    "acquisition": "accelerators x system price",
}


def estimate_training(workload: TrainingWorkload) -> TrainingBreakdown:
    """Compute time, energy, cost and carbon of a training run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.

    Returns
    -------
    TrainingBreakdown
        Every intermediate quantity.

    Raises
    ------
    MissingInputError
        If the run's duration, the accelerator's power or the facility is unknown.
    """
    taken: list[Assumption] = []
    accelerators = cast("Quantity", workload.accelerators)
    computation = attempt(lambda: _computation(workload, taken))
    peak = per_accelerator(_peak(workload, taken))
    duration = _duration(workload, computation, peak, taken)
    time = (accelerators * duration).to("accelerator*hour")
    operation = operate(workload, time, stage="training", units=_UNITS, taken=taken)
    cost = attrs.evolve(
        operation.cost,
        acquisition=attempt(
            lambda: (accelerators * taken_from_accelerator(workload, "system_price", taken)).to(
                "MUSD"
            )
        ),
    )
    return TrainingBreakdown(
        title=_title(workload),
        assumptions=tuple(taken),
        input_sources=workload.sources,
        accelerator=workload.accelerator.name,
        computation=computation,
        how_computed=_how_computed(workload),
        utilization=attempt(
            lambda: model_flops_utilization(
                computation=given(computation), accelerator_time=time, peak=peak
            )
        ),
        accelerators=accelerators,
        duration=duration,
        accelerator_time=time,
        power=(operation.energy.facility / duration).to("MW"),
        energy=operation.energy,
        cost=cost,
        carbon=operation.carbon,
    )


def _title(workload: TrainingWorkload) -> str:
    model = workload.model.name if workload.model else "a model"
    subject = workload.name or f"training of {model}"
    where = f" at {workload.facility.name}" if workload.facility else ""
    count = str(workload.accelerators).replace(" accelerator", "").partition(" (median")[0]
    return f"{subject} on {count} x {workload.accelerator.name}{where}"


def _how_computed(workload: TrainingWorkload) -> str:
    model = workload.model
    if workload.computation is not None:
        return "as given"
    if workload.tokens is None and (model is None or model.training_tokens is None):
        return "as published or estimated for the model"
    if workload.attention in {None, AttentionConvention.NONE}:
        return "6 N D"
    return f"6 N D and the attention term ({workload.attention})"


def _computation(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    if workload.computation is not None:
        return workload.computation.to("FLOP")
    model = workload.model
    if model is None:
        message = "the computation is not known; give TrainingWorkload(model=..., tokens=...)"
        raise MissingInputError(message)
    tokens = _tokens(workload, model, taken)
    if tokens is None:
        return _published_computation(workload, taken)
    convention = _convention(workload, taken)
    context = workload.sequence_length
    if context is None and convention is not AttentionConvention.NONE:
        message = f"attention={convention.value!r} needs sequence_length, such as '8192 token'"
        raise MissingInputError(message)
    per_token = computation_per_token(
        active_parameters=model.computing_parameters,
        computation_per_parameter=TRAINING,
        attention=model.attention_computation_per_token(
            convention, cast("Quantity", context), training=True
        ),
    )
    return training_computation(computation_per_token=per_token, tokens=tokens)


def _tokens(workload: TrainingWorkload, model: Model, taken: list[Assumption]) -> Quantity | None:
    if workload.tokens is not None or model.training_tokens is None:
        return workload.tokens
    taken.append(
        Assumption(
            name="tokens",
            value=model.training_tokens,
            why=f"training tokens of {model.name}, since the workload gives none",
            provenance=model.provenance.get("training_tokens"),
        )
    )
    return model.training_tokens


def _published_computation(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    model = workload.model
    if model is None or model.training_computation is None:
        message = (
            "the computation is not known; give TrainingWorkload(tokens=...) with a model whose "
            "parameters are known, or TrainingWorkload(computation='2e25 FLOP')"
        )
        raise MissingInputError(message)
    taken.append(
        Assumption(
            name="training computation",
            value=model.training_computation,
            why=f"published or estimated for {model.name}; no token count is known",
            provenance=model.provenance.get("training_computation"),
        )
    )
    return model.training_computation.to("FLOP")


def _convention(workload: TrainingWorkload, taken: list[Assumption]) -> AttentionConvention:
    if workload.attention is not None:
        return workload.attention
    why = "6 N D alone; short by about 5 % at a context of 8192 tokens, more at longer ones"
    taken.append(Assumption(name="attention", value=AttentionConvention.NONE.value, why=why))
    return AttentionConvention.NONE


def _peak(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    if workload.number_format is not None:
        return workload.accelerator.peak(workload.number_format)
    why = "utilizations are usually quoted against the dense bf16 peak"
    taken.append(Assumption(name="number_format", value="bf16", why=why))
    return workload.accelerator.peak("bf16")


def _duration(
    workload: TrainingWorkload, computation: Maybe, peak: Quantity, taken: list[Assumption]
) -> Quantity:
    if workload.duration is not None:
        return workload.duration.to("day")
    productive = accelerator_time(
        computation=given(computation),
        peak=peak,
        model_flops_utilization=cast("Quantity", workload.model_flops_utilization),
    )
    return training_duration(
        accelerator_time=productive,
        accelerators=cast("Quantity", workload.accelerators),
        goodput=assumed("goodput", workload.goodput, taken),
    )
