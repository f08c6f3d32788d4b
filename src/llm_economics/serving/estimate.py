"""`InferenceBreakdown`, and how it is filled from an `InferenceWorkload`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step, given
from llm_economics.core.errors import MissingInputError, UnknownNameError
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import Boundary, EnergyByBoundary
from llm_economics.serving.laws import (
    accelerator_time_per_request,
    accelerator_time_per_request_from_throughput,
)
from llm_economics.transformer.laws import FORWARD, AttentionConvention, computation_per_token
from llm_economics.workload.assumptions import assumed
from llm_economics.workload.operation import Units, operate, per_accelerator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.serving.workload import InferenceWorkload

__all__ = ["Form", "InferenceBreakdown", "estimate_inference"]

_SCOPES = ("rental", "amortised")
_UNITS = Units(energy="Wh/request", money="USD/request", carbon="gCO2e/request")

Maybe = Quantity | MissingInputError


class Form(StrEnum):
    """How the accelerator-time of a request is found."""

    THROUGHPUT = "throughput"
    """From measured output tokens per second."""
    FLOP = "flop"
    """From FLOP per token, peak and utilization."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        hint = f"It is one of {', '.join(cls)}."
        raise UnknownNameError(str(value), list(cls), "form", hint=hint)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class InferenceBreakdown(Breakdown):
    """Energy, cost and carbon of one request, with every step in between."""

    accelerator: str
    """Name of the accelerator."""

    form: Form
    """How the accelerator-time was found."""

    input_tokens: Quantity | None
    """Tokens read (token/request)."""

    output_tokens: Quantity
    """Tokens written (token/request)."""

    prefill_time: Quantity | None
    """Accelerator-time for reading the input (accelerator-seconds per request)."""

    accelerator_time: Quantity
    """Accelerator-time in all (accelerator-seconds per request)."""

    energy: EnergyByBoundary
    """Energy of one request by boundary (Wh/request)."""

    cost: CostByScope
    """Cost of one request by scope (USD/request)."""

    _carbon: Maybe

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of one request (gCO2e/request).

        Raises
        ------
        MissingInputError
            If the facility's grid is unknown.
        """
        return given(self._carbon)

    def energy_per_output_token(self, boundary: Boundary | str = Boundary.FACILITY) -> Quantity:
        """Energy over tokens written (J/token), inside a boundary.

        Parameters
        ----------
        boundary : Boundary or str
            "accelerator", "server", "it" or "facility".

        Returns
        -------
        Quantity
            Energy per output token; reading the input is in it.

        Raises
        ------
        UnknownNameError
            If there is no such boundary.
        """
        return (self.energy.at(boundary) / self.output_tokens).to("joule/token")

    def energy_per_token(self, boundary: Boundary | str = Boundary.FACILITY) -> Quantity:
        """Energy over tokens read and written (J/token), inside a boundary.

        Parameters
        ----------
        boundary : Boundary or str
            "accelerator", "server", "it" or "facility".

        Returns
        -------
        Quantity
            Energy per token of either kind.

        Raises
        ------
        UnknownNameError
            If there is no such boundary.
        MissingInputError
            If the input tokens are unknown.
        """
        if self.input_tokens is None:
            message = "energy_per_token() counts all tokens; give InferenceWorkload(input_tokens=)"
            raise MissingInputError(message)
        total = self.input_tokens + self.output_tokens
        return (self.energy.at(boundary) / total).to("joule/token")

    def cost_per_output_token(self, scope: str = "rental") -> Quantity:
        """Cost over tokens written (USD/Mtoken), by scope.

        Parameters
        ----------
        scope : {"rental", "amortised"}
            Renting the accelerators, or owning them.

        Returns
        -------
        Quantity
            Cost (USD/Mtoken).

        Raises
        ------
        UnknownNameError
            If there is no such scope; buying whole machines is no cost of one token.
        MissingInputError
            If a price is unknown.
        """
        if scope not in _SCOPES:
            hint = f"It is one of {', '.join(_SCOPES)}."
            raise UnknownNameError(scope, _SCOPES, "cost scope of one request", hint=hint)
        return (given(self.cost.by_scope()[scope]) / self.output_tokens).to("USD/Mtoken")

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from inputs to results."""
        if self.input_tokens is not None:
            yield Step("input tokens", self.input_tokens, "as given")
        yield Step("output tokens", self.output_tokens, "as given")
        if self.prefill_time is not None:
            yield Step("accelerator-time, reading", self.prefill_time, _HOW["prefill"])
        yield Step("accelerator-time", self.accelerator_time, _HOW[self.form.value])
        for boundary, energy in self.energy.by_boundary().items():
            yield Step(f"energy, {boundary}", energy, _HOW[boundary])
        yield Step(
            "energy per output token",
            self.energy_per_output_token(),
            "facility energy / output tokens",
        )
        for scope in _SCOPES:
            yield Step(f"cost, {scope}", self.cost.by_scope()[scope], _HOW[scope])
        yield Step("carbon", self._carbon, "facility energy x location-based intensity")


_HOW = {
    "prefill": "input tokens x FLOP per token / (peak x utilization while reading)",
    "throughput": "output tokens / throughput per accelerator",
    "flop": "reading, and output tokens x FLOP per token / (peak x utilization while writing)",
    "accelerator": "accelerator-time x rated power x load",
    "server": "accelerator energy x server factor, or accelerator-time x power of the server",
    "it": "server energy x (1 + network and idle share)",
    "facility": "IT energy x PUE",
    "rental": "accelerator-time x rental price",
    "amortised": "accelerator-time x system price / (life x utilization), and electricity",
}


def estimate_inference(workload: InferenceWorkload, form: Form | None = None) -> InferenceBreakdown:
    """Compute energy, cost and carbon of one request.

    Parameters
    ----------
    workload : InferenceWorkload
        The request, and what serves it.
    form : Form, optional
        By throughput if the workload gives it, otherwise by FLOP.

    Returns
    -------
    InferenceBreakdown
        Every intermediate quantity.

    Raises
    ------
    MissingInputError
        If the form needs what is not given.
    """
    taken: list[Assumption] = []
    chosen = form or (Form.FLOP if workload.throughput is None else Form.THROUGHPUT)
    prefill = None
    if chosen is Form.THROUGHPUT:
        time = _time_from_throughput(workload)
    else:
        prefill = _prefill_time(workload, taken)
        decode = _decode_time(workload, taken)
        time = decode if prefill is None else prefill + decode
    operation = operate(workload, time, stage="serving", units=_UNITS, taken=taken)
    return InferenceBreakdown(
        title=_title(workload),
        assumptions=tuple(taken),
        input_sources=workload.sources,
        accelerator=workload.accelerator.name,
        form=chosen,
        input_tokens=workload.input_tokens,
        output_tokens=workload.output_tokens,
        prefill_time=prefill,
        accelerator_time=time,
        energy=operation.energy,
        cost=operation.cost,
        carbon=operation.carbon,
    )


def _title(workload: InferenceWorkload) -> str:
    model = workload.model.name if workload.model else "a model"
    subject = workload.name or f"one request to {model}"
    where = f" at {workload.facility.name}" if workload.facility else ""
    return f"{subject} on {workload.accelerator.name}{where}"


def _time_from_throughput(workload: InferenceWorkload) -> Quantity:
    if workload.throughput is None:
        message = (
            "the throughput form needs InferenceWorkload(throughput='400 token/s') per accelerator"
        )
        raise MissingInputError(message)
    return accelerator_time_per_request_from_throughput(
        output_tokens=workload.output_tokens, throughput=per_accelerator(workload.throughput)
    )


def _prefill_time(workload: InferenceWorkload, taken: list[Assumption]) -> Quantity | None:
    if workload.input_tokens is None:
        why = "no input tokens were given, so reading them is left out"
        taken.append(Assumption(name="input_tokens", value="not counted", why=why))
        return None
    return _time(workload, workload.input_tokens, _convention(workload, taken), "prefill", taken)


def _decode_time(workload: InferenceWorkload, taken: list[Assumption]) -> Quantity:
    convention = _convention(workload, taken)
    if convention is not AttentionConvention.NONE:
        # While reading, a token sees half of the text on average; a written one sees all of it.
        convention = AttentionConvention.FULL
    return _time(workload, workload.output_tokens, convention, "decode", taken)


def _time(
    workload: InferenceWorkload,
    tokens: Quantity,
    convention: AttentionConvention,
    phase: str,
    taken: list[Assumption],
) -> Quantity:
    given_utilization, name = (
        (workload.prefill_model_flops_utilization, "prefill_model_flops_utilization")
        if phase == "prefill"
        else (workload.model_flops_utilization, _decode_assumption(workload))
    )
    per_token = _forward(workload, convention)
    peak = _peak(workload, taken, assumed_utilization=given_utilization is None)
    return accelerator_time_per_request(
        tokens=tokens,
        computation_per_token=per_token,
        peak=per_accelerator(peak),
        model_flops_utilization=assumed(name, given_utilization, taken),
    )


def _decode_assumption(workload: InferenceWorkload) -> str:
    mixture = workload.model is not None and workload.model.has_experts
    return f"{'experts_' if mixture else ''}decode_model_flops_utilization"


def _convention(workload: InferenceWorkload, taken: list[Assumption]) -> AttentionConvention:
    if workload.attention is not None:
        return workload.attention
    why = "2 N alone; the attention term adds a few percent at contexts of some thousand tokens"
    _note(taken, Assumption(name="attention", value=AttentionConvention.NONE.value, why=why))
    return AttentionConvention.NONE


def _forward(workload: InferenceWorkload, convention: AttentionConvention) -> Quantity:
    if workload.model is None:
        message = "the FLOP form needs InferenceWorkload(model=...), or give throughput instead"
        raise MissingInputError(message)
    if workload.context is None and convention is not AttentionConvention.NONE:
        message = f"attention={workload.attention!s} needs context, such as context='4096 token'"
        raise MissingInputError(message)
    return computation_per_token(
        active_parameters=workload.model.computing_parameters,
        computation_per_parameter=FORWARD,
        attention=workload.model.attention_computation_per_token(
            convention, cast("Quantity", workload.context), training=False
        ),
    )


def _peak(
    workload: InferenceWorkload, taken: list[Assumption], *, assumed_utilization: bool
) -> Quantity:
    """Peak that the utilization is a share of."""
    accelerator, stated = workload.accelerator, workload.number_format
    if stated is None:
        why = "utilizations are usually quoted against the dense bf16 peak"
        _note(taken, Assumption(name="number_format", value="bf16", why=why))
        return accelerator.peak("bf16")
    if assumed_utilization and NumberFormat.BF16 in accelerator.peaks:
        if stated is not NumberFormat.BF16:
            why = (
                f"an assumed utilization is a share of the dense bf16 peak, also for {stated}; "
                f"give model_flops_utilization against the {stated} peak to use that"
            )
            name = "peak of assumed utilization"
            _note(taken, Assumption(name=name, value="bf16", why=why))
        return accelerator.peak("bf16")
    return accelerator.peak(stated)


def _note(taken: list[Assumption], assumption: Assumption) -> None:
    # Reading and writing rest on the same assumptions; one line for both is enough.
    if all(known.name != assumption.name for known in taken):
        taken.append(assumption)
