"""`StepShape`: the sizes of a model that decide how long a training step takes, as plain numbers.

A step is evaluated for a hundred thousand layouts at once, so the sizes are taken out of the model
here, once, in SI. Where only the number of parameters is known, a shape with usual proportions
stands in, and says so. Rejected: asking the model anew in each formula.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.functions import maximum, minimum
from llm_economics.core.registry import ureg
from llm_economics.transformer.computation import matrix_parameters
from llm_economics.transformer.laws import AttentionConvention

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.transformer.architecture import Architecture
    from llm_economics.transformer.model import Model

__all__ = ["StepShape", "step_shape"]

# Width over depth of decoders from 7 to 400 billion parameters is 102 to 130.
_WIDTH_PER_LAYER = 128.0
_HEAD = 128.0
# Heads come in multiples that a server's accelerators can share.
_HEADS = 8.0
_PER_LAYER = 12.0


@attrs.frozen(kw_only=True, eq=False)
class StepShape:
    """Sizes of a model for the time of a training step; plain numbers.

    Examples
    --------
    >>> import llm_economics as le
    >>> shape = step_shape(le.models["Llama 3.1 8B"], le.quantity("8192 token"))
    >>> shape.layers, shape.hidden_size, shape.expert_layers, shape.assumed
    (32.0, 4096.0, 0.0, '')
    """

    layers: float
    """Transformer blocks."""

    hidden_size: float
    """Width of the residual stream."""

    active_width: float
    """Inner width of the feed-forward part that a token passes through, all its experts."""

    attention_heads: float
    """Query heads."""

    sequence_length: float
    """Tokens of a sequence."""

    dense_parameters: Any
    """Matrix parameters of the layers that every token passes through."""

    routed_parameters: Any
    """Matrix parameters of the routed experts that a token passes through, all layers."""

    all_routed_parameters: Any
    """Matrix parameters of all routed experts, all layers."""

    head_parameters: float
    """Parameters of the output head; as many stand in the input embedding."""

    attention: Any
    """FLOP of attention per token in training, only positions that a token sees (causal)."""

    experts: float
    """Experts of a layer; 1 without."""

    active_experts: float
    """Routed experts of a token; 0 without."""

    expert_layers: float
    """Layers with experts."""

    expert_width: float
    """Inner width of one expert."""

    vocabulary: float
    """Tokens in the vocabulary; 0 if not known."""

    assumed: str = ""
    """What was assumed about the shape; empty if it is known."""

    @property
    def parameters(self) -> Any:
        """All parameters that are trained, both embeddings counted."""
        return self.dense_parameters + self.all_routed_parameters + 2.0 * self.head_parameters

    @property
    def model_computation(self) -> Any:
        """FLOP per token in training, causal attention."""
        layers = self.dense_parameters + self.routed_parameters
        return 6.0 * (layers + self.head_parameters) + self.attention

    def central(self) -> StepShape:
        """The same with central values in place of ranges, for searching layouts.

        Returns
        -------
        StepShape
            Floats only.
        """
        ranges = ("dense_parameters", "routed_parameters", "all_routed_parameters", "attention")
        found: dict[str, Any] = {
            name: float(ureg.Quantity(getattr(self, name)).central().magnitude) for name in ranges
        }
        return attrs.evolve(self, **found)


def step_shape(model: Model, sequence_length: Quantity) -> StepShape:
    """Take the sizes out of a model.

    Parameters
    ----------
    model : Model
        The model; with its architecture, or at least its parameters.
    sequence_length : Quantity
        Length of a training sequence (token).

    Returns
    -------
    StepShape
        The sizes.

    Raises
    ------
    MissingInputError
        If not even the parameters are known.
    """
    return _shape_of(model, float(sequence_length.to("token").central().magnitude))


@lru_cache(maxsize=256)
def _shape_of(model: Model, length: float) -> StepShape:
    shape = model.architecture
    if shape is None or not shape.attention_heads or not shape.head_dimension:
        return _usual(model, length)
    matrices = matrix_parameters(model, training=True)
    # A range where the parameters are stated as one and the shape is incomplete.
    layers = matrices.layers.to("parameter").magnitude
    active, every = _routed(shape)
    attention = model.attention_computation_per_token(
        AttentionConvention.CAUSAL, ureg.Quantity(length, "token"), training=True
    )
    head = 0.0 if matrices.head is None else float(matrices.head.to("parameter").magnitude)
    return StepShape(
        layers=float(shape.layers),
        hidden_size=float(shape.hidden_size),
        active_width=_active_width(shape),
        attention_heads=float(shape.attention_heads),
        sequence_length=length,
        # What is stated for a model need not agree with the experts of its shape.
        dense_parameters=layers - minimum(active, 0.95 * layers),
        routed_parameters=minimum(active, 0.95 * layers),
        all_routed_parameters=every,
        head_parameters=head,
        attention=attention.to("FLOP/token").magnitude,
        experts=float(shape.experts or 1),
        active_experts=float(shape.active_experts or 0) if shape.experts else 0.0,
        expert_layers=_expert_layers(shape),
        expert_width=_expert_width(shape),
        vocabulary=float(shape.vocabulary_size or 0),
    )


def _expert_layers(shape: Architecture) -> float:
    return float(shape.layers - (shape.dense_layers or 0)) if shape.experts else 0.0


def _expert_width(shape: Architecture) -> float:
    width = shape.expert_intermediate_size or shape.intermediate_size
    return float(width or 4 * shape.hidden_size)


def _active_width(shape: Architecture) -> float:
    if not shape.experts:
        return float(shape.intermediate_size or 4 * shape.hidden_size)
    return _expert_width(shape) * float((shape.active_experts or 1) + (shape.shared_experts or 0))


def _routed(shape: Architecture) -> tuple[float, float]:
    """Parameters of the routed experts of a token, and of all of them."""
    if not shape.experts:
        return 0.0, 0.0
    matrices = 2.0 if shape.gated_mlp is False else 3.0
    one = matrices * shape.hidden_size * _expert_width(shape) * _expert_layers(shape)
    return one * float(shape.active_experts or 1), one * float(shape.experts)


def _usual(model: Model, length: float) -> StepShape:
    """A decoder of usual proportions with as many parameters."""
    known = model.architecture
    parameters = model.computing_parameters.to("parameter").magnitude
    middle = float(model.computing_parameters.to("parameter").central().magnitude)
    hidden = (middle * _WIDTH_PER_LAYER / _PER_LAYER) ** (1.0 / 3.0)
    if known is not None:
        hidden = float(known.hidden_size)
    layers = (
        float(known.layers) if known is not None else max(1.0, round(hidden / _WIDTH_PER_LAYER))
    )
    every = model.parameters
    total = parameters if every is None else every.to("parameter").magnitude
    has_experts = model.has_experts
    routed = 0.75 * parameters if has_experts else 0.0
    vocabulary = float((known.vocabulary_size if known else None) or 0)
    return StepShape(
        layers=layers,
        hidden_size=hidden,
        active_width=4.0 * hidden,
        attention_heads=_HEADS * max(1.0, round(hidden / _HEAD / _HEADS)),
        sequence_length=length,
        dense_parameters=parameters - routed,
        routed_parameters=routed,
        all_routed_parameters=routed + maximum(total - parameters, 0.0) if has_experts else 0.0,
        head_parameters=0.0,
        attention=6.0 * layers * hidden * length,
        experts=_EXPERTS if has_experts else 1.0,
        active_experts=_ACTIVE if has_experts else 0.0,
        expert_layers=layers if has_experts else 0.0,
        expert_width=hidden if has_experts else 4.0 * hidden,
        vocabulary=vocabulary,
        assumed=f"a decoder of {layers:.0f} layers, {hidden:.0f} wide, as its shape is not known",
    )


# A usual mixture, for models whose shape nobody tells.
_EXPERTS, _ACTIVE = 64.0, 4.0
