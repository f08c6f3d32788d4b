"""`StepShape`: the sizes of a model that decide how long a training step takes, as plain numbers.

A step is evaluated for a hundred thousand layouts at once, so the sizes are taken out of the model
here, once, in SI. Where only the number of parameters is known, a shape with usual proportions
stands in, and says so. Rejected: asking the model anew in each formula.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.registry import ureg
from llm_economics.transformer.laws import AttentionConvention
from llm_economics.transformer.sizes import Sizes, sizes_of

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.transformer.model import Model

__all__ = ["StepShape", "step_shape"]


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
    sizes = sizes_of(model)
    common = {name: getattr(sizes, name) for name in _COMMON}
    return StepShape(**common, sequence_length=length, attention=_attention(model, sizes, length))


_COMMON = (
    *("layers", "hidden_size", "active_width", "attention_heads"),
    *("dense_parameters", "routed_parameters", "all_routed_parameters", "head_parameters"),
    *("experts", "active_experts", "expert_layers", "expert_width", "vocabulary", "assumed"),
)


def _attention(model: Model, sizes: Sizes, length: float) -> Any:
    """FLOP of attention per token in training, only positions that a token sees."""
    if sizes.assumed:
        return 6.0 * sizes.query_width * length
    counted = model.attention_computation_per_token(
        AttentionConvention.CAUSAL, ureg.Quantity(length, "token"), training=True
    )
    return counted.to("FLOP/token").magnitude
