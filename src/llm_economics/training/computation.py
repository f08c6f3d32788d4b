"""Model FLOP of a training run: given, counted, or published."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llm_economics.core.errors import MissingInputError
from llm_economics.core.sources import Assumption
from llm_economics.transformer.laws import (
    AttentionConvention,
    computation_per_token,
    training_computation,
)

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.training.workload import TrainingWorkload
    from llm_economics.transformer.model import Model

__all__ = ["computation_of", "how_computed", "tokens_of"]


def how_computed(workload: TrainingWorkload) -> str:
    """Say in words how the computation of a run is found.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.

    Returns
    -------
    str
        A few words.
    """
    model = workload.model
    if workload.computation is not None:
        return "as given"
    if workload.tokens is None and (model is None or model.training_tokens is None):
        return "as published or estimated for the model"
    times = f"{workload.passes.per_parameter.magnitude:g} N D"
    if workload.attention in {None, AttentionConvention.NONE}:
        return times
    return f"{times} and the attention term ({workload.attention})"


def computation_of(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    """Model FLOP of a run: as given, counted from model and tokens, or as published.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    Quantity
        Computation (FLOP).

    Raises
    ------
    MissingInputError
        If neither tokens and parameters nor the computation are known.
    """
    if workload.computation is not None:
        return workload.computation.to("FLOP")
    model = workload.model
    if model is None:
        message = "the computation is not known; give TrainingWorkload(model=..., tokens=...)"
        raise MissingInputError(message)
    tokens = tokens_of(workload, model, taken)
    if tokens is None:
        return _published_computation(workload, taken)
    convention = _convention(workload, taken)
    context = workload.sequence_length
    if context is None and convention is not AttentionConvention.NONE:
        message = f"attention={convention.value!r} needs sequence_length, such as '8192 token'"
        raise MissingInputError(message)
    per_token = computation_per_token(
        active_parameters=model.computing_parameters,
        computation_per_parameter=workload.passes.per_parameter,
        attention=model.attention_computation_per_token(
            convention, cast("Quantity", context), training=True
        ),
    )
    return training_computation(computation_per_token=per_token, tokens=tokens)


def tokens_of(workload: TrainingWorkload, model: Model, taken: list[Assumption]) -> Quantity | None:
    """Tokens of a run: as given, or the model's, noted as taken.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    model : Model
        Its model.
    taken : list of Assumption
        Grows by the tokens if they are the model's.

    Returns
    -------
    Quantity or None
        Tokens (token), if anybody knows.
    """
    if workload.seen_tokens is not None or model.training_tokens is None:
        return workload.seen_tokens
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
