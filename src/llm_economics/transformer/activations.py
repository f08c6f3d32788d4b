"""Activations that a training step keeps for its backward pass, per token.

Kept of one layer, for each token, in elements of the format of the activations (bf16: 2 bytes):

================================  ==============================================================
inputs of both norms              2 x hidden size
input of the projections          hidden size (attention), hidden size (feed-forward, router)
queries, keys, values             heads x size, groups x size, groups x size of values
output of attention               heads x size of values (input of its last projection)
feed-forward, gated               gate, up, their product: 3 x inner width of each active expert
feed-forward, plain               before and after the activation: 2 x inner width
inputs of the experts             hidden size for each routed expert of the token
compressed vectors (latent)       twice the ranks (before and after their norm), the rotary key
scores, unless fused              2 x heads x context, and one byte of mask
dropout, if any                   2 x hidden size, one byte each
================================  ==============================================================

For a GPT with heads of full width and four times wider feed-forward layers this is
``h (34 + 5 a s / h)`` bytes. Left out, below a percent: the sums of fused attention, logits of the
router, gates of norms. Rejected: that formula for all models, which is half of a mixture of
experts and twice of a narrow model with grouped queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import as_tokens
from llm_economics.core.number_format import number_format
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.activation_laws import (
    attention_activations_per_token,
    dispatched_activations_per_token,
    feed_forward_activations_per_token,
    input_activations_per_token,
    latent_activations_per_token,
    residual_activations_per_token,
    score_activations_per_token,
)
from llm_economics.transformer.computation import Recomputation
from llm_economics.transformer.shape_counts import head_width

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.transformer.architecture import Architecture

__all__ = ["LayerActivations", "layer_activations"]


@attrs.frozen(kw_only=True, eq=False)
class LayerActivations:
    """What one layer keeps of one token, tensor by tensor.

    Examples
    --------
    >>> import llm_economics as le
    >>> kept = layer_activations(le.models["Llama 3.1 8B"].architecture, recomputation="none")
    >>> for name, size in kept.parts().items():
    ...     print(name, size)
    residual 32,768 B/token
    attention 20,480 B/token
    scores 0 B/token
    feed forward 86,016 B/token
    dispatched 0 B/token
    >>> print(kept.total.to("KiB/token"))
    136 KiB/token
    """

    residual: Quantity
    """Tensors as wide as the residual stream (byte/token)."""

    attention: Quantity
    """Queries, keys, values, output, compressed vectors (byte/token)."""

    scores: Quantity
    """Scores of attention (byte/token)."""

    feed_forward: Quantity
    """Tensors of inner width (byte/token)."""

    dispatched: Quantity
    """Copies of the token for its experts (byte/token)."""

    @property
    def replicated(self) -> Quantity:
        """What tensor parallelism repeats unless the sequence is divided too (byte/token)."""
        return self.residual + self.dispatched

    @property
    def divided(self) -> Quantity:
        """What tensor parallelism divides (byte/token)."""
        return self.attention + self.scores + self.feed_forward

    @property
    def total(self) -> Quantity:
        """All of it (byte/token)."""
        return self.replicated + self.divided

    def parts(self) -> dict[str, Quantity]:
        """Return the parts by name."""
        return {f.name.replace("_", " "): getattr(self, f.name) for f in attrs.fields(type(self))}


def layer_activations(
    shape: Architecture,
    *,
    recomputation: str,
    context: QuantityLike | None = None,
    format: str = "bf16",  # noqa: A002
    dropout: bool = False,
) -> LayerActivations:
    """Activations that the mean layer of a shape keeps for one token.

    Parameters
    ----------
    shape : Architecture
        The shape.
    recomputation : str
        "none", "selective" or "full".
    context : quantity, optional
        Sequence length (token), if scores of attention are kept; leave it out for fused attention
        (flash attention), which keeps none. Without effect if they are recomputed.
    format : str
        Number format of the activations.
    dropout : bool
        Whether there is dropout, whose masks are kept.

    Returns
    -------
    LayerActivations
        Bytes per token, part by part; the mean where layers with and without experts differ.

    Raises
    ------
    MissingInputError
        If the shape is incomplete, or has layers with linear attention.
    UnknownNameError
        If the recomputation or the format has another name.

    Notes
    -----
    To be multiplied by layers, tokens of a micro-batch, and micro-batches in flight.

    Examples
    --------
    >>> import llm_economics as le
    >>> shape = le.models["GPT-3 175B"].architecture
    >>> for recomputation in ("none", "selective", "full"):
    ...     kept = layer_activations(
    ...         shape, recomputation=recomputation, context="2048 token", dropout=True
    ...     )
    ...     print((kept.total / shape.hidden_size).to("byte/token"))
    114 B/token
    34 B/token
    2 B/token
    """
    kind, size = Recomputation(recomputation), number_format(format).bytes_per_element
    if kind is Recomputation.FULL:
        return _inputs(shape, size)
    if shape.linear_layers:
        message = "the activations of layers with linear attention are not counted"
        raise MissingInputError(message)
    mask, kept = float(dropout), kind is Recomputation.NONE and context is not None
    return LayerActivations(
        residual=residual_activations_per_token(
            hidden_size=_number(shape.hidden_size), element=_bytes(size), mask=_bytes(mask)
        ),
        attention=_attention(shape, size),
        scores=score_activations_per_token(
            attention_heads=_number(_require(shape, "attention_heads")),
            context=as_tokens(context if kept and context is not None else "0 token"),
            element=ureg.Quantity(size, "byte/token**2"),
            mask=ureg.Quantity(mask, "byte/token**2"),
        ),
        feed_forward=_feed_forward(shape, size),
        dispatched=_dispatched(shape, size),
    )


def _inputs(shape: Architecture, size: float) -> LayerActivations:
    nothing = _bytes(0.0)
    return LayerActivations(
        residual=input_activations_per_token(
            hidden_size=_number(shape.hidden_size), element=_bytes(size)
        ),
        attention=nothing,
        scores=nothing,
        feed_forward=nothing,
        dispatched=nothing,
    )


def _attention(shape: Architecture, size: float) -> Quantity:
    heads = _require(shape, "attention_heads")
    _require(shape, "head_dimension")
    latent = shape.key_value_compression
    heads_kept = attention_activations_per_token(
        attention_heads=_number(heads),
        # Latent attention makes keys and values of every head.
        key_value_heads=_number(heads if latent else _require(shape, "key_value_heads")),
        head_dimension=_number(head_width(shape)),
        element=_bytes(size),
    )
    if not latent:
        return heads_kept
    return heads_kept + latent_activations_per_token(
        query_compression=_number(shape.query_compression or 0),
        key_value_compression=_number(latent),
        rotary_head_dimension=_number(_require(shape, "rotary_head_dimension")),
        element=_bytes(size),
    )


def _feed_forward(shape: Architecture, size: float) -> Quantity:
    """Mean of layers with and without experts."""
    dense = _dense_share(shape)
    kinds = [(dense, shape.intermediate_size, 1)]
    if shape.experts:
        width = shape.expert_intermediate_size or shape.intermediate_size
        experts = _require(shape, "active_experts") + (shape.shared_experts or 0)
        kinds.append((1.0 - dense, width, experts))
    found = _bytes(0.0)
    for share, width, experts in kinds:
        if share:
            found = found + share * feed_forward_activations_per_token(
                intermediate_size=_number(width or _require(shape, "intermediate_size")),
                matrices=_number(3 if _require(shape, "gated_mlp") else 2),
                experts=_number(experts),
                element=_bytes(size),
            )
    return found


def _dispatched(shape: Architecture, size: float) -> Quantity:
    experts = _require(shape, "active_experts") if shape.experts else 0
    return (1.0 - _dense_share(shape)) * dispatched_activations_per_token(
        hidden_size=_number(shape.hidden_size), experts=_number(experts), element=_bytes(size)
    )


def _dense_share(shape: Architecture) -> float:
    return (shape.dense_layers or 0) / shape.layers if shape.experts else 1.0


def _require(shape: Architecture, field: str) -> int:
    value: int | None = getattr(shape, field)
    if value is None:
        message = f"the activations need {field}; give Architecture({field}=...)"
        raise MissingInputError(message)
    return int(value)


def _bytes(size: float) -> Quantity:
    return ureg.Quantity(size, "byte/token")


def _number(value: float) -> Quantity:
    return ureg.Quantity(float(value))
