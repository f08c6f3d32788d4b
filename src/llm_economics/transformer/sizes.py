"""`Sizes`: the sizes of a model that decide time and memory, as plain numbers in SI.

A search evaluates a hundred thousand configurations at once, so the sizes are taken out of the
model here, once. Where only the number of parameters is known, a decoder of usual proportions
stands in, and says so. Rejected: asking the model anew in each formula; refusing models whose shape
nobody tells, which are most of the closed ones.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.functions import maximum, minimum
from llm_economics.core.registry import ureg
from llm_economics.transformer.computation import matrix_parameters
from llm_economics.transformer.shape_counts import full_layers, head_width

if TYPE_CHECKING:
    from llm_economics.transformer.architecture import Architecture
    from llm_economics.transformer.model import Model

__all__ = ["Sizes", "sizes_of"]

# Width over depth of decoders from 7 to 400 billion parameters is 102 to 130.
_WIDTH_PER_LAYER = 128.0
_PER_LAYER = 12.0
_HEAD = 128.0
# Heads come in multiples that a server's accelerators can share; most share keys by eight.
_HEADS, _GROUPS = 8.0, 8.0
# A usual mixture, for models whose experts nobody tells.
_EXPERTS, _ACTIVE, _ROUTED = 64.0, 4.0, 0.75
# What is stated for a model need not agree with the experts of its shape.
_MOST_ROUTED = 0.95


@attrs.frozen(kw_only=True, eq=False)
class Sizes:
    """Sizes of a model; plain numbers.

    Examples
    --------
    >>> import llm_economics as le
    >>> sizes = sizes_of(le.models["Llama 3.1 8B"])
    >>> sizes.layers, sizes.hidden_size, sizes.cache_parts
    (32.0, 4096.0, 8.0)
    >>> float(sizes.cached_elements(1000.0))
    65536000.0
    """

    layers: float
    """Transformer blocks."""

    hidden_size: float
    """Width of the residual stream."""

    active_width: float
    """Inner width of the feed-forward part that a token passes through, all its experts."""

    attention_heads: float
    """Query heads."""

    query_width: float
    """Query heads x size of a head, summed over the layers whose attention grows with length."""

    cached_width: float
    """The same of the keys and values that are cached: wider than the heads under latent attention,
    whose decoding works on the compressed vector."""

    full_share: float
    """Share of those layers that see the whole context."""

    window: float
    """Tokens that the others see; without effect if there are none."""

    full_elements: float
    """Elements per token in the cache of layers that see the whole context, all of them."""

    window_elements: float
    """Elements per token in the cache of layers with a window, all of them."""

    cache_parts: float
    """Parts into which the cache can be divided: heads of keys, 1 for a latent vector."""

    dense_parameters: Any
    """Matrix parameters of the layers that every token passes through."""

    routed_parameters: Any
    """Matrix parameters of the routed experts that a token passes through, all layers."""

    one_expert: Any
    """Matrix parameters of one routed expert, all layers; 0 without experts."""

    head_parameters: float
    """Parameters of the output head; 0 if they are not known apart."""

    embedding_parameters: float
    """Parameters of the tables at both ends; one table if they are tied."""

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

    def central(self) -> Sizes:
        """Return the same with central values in place of ranges.

        Returns
        -------
        Sizes
            Floats only.
        """
        numbers: dict[str, Any] = {
            field.name: float(ureg.Quantity(getattr(self, field.name)).central().magnitude)
            for field in attrs.fields(Sizes)
            if field.name != "assumed"
        }
        return Sizes(**numbers, assumed=self.assumed)

    @property
    def all_routed_parameters(self) -> Any:
        """Parameters of all routed experts, all layers."""
        return self.one_expert * self.experts

    def attended(self, context: Any) -> Any:
        """Tokens that one more token sees, in the mean of the layers.

        Parameters
        ----------
        context : number or array
            Tokens so far.

        Returns
        -------
        same kind
            Tokens.
        """
        seen = minimum(context, self.window)
        return self.full_share * context + (1.0 - self.full_share) * seen

    def attended_on_average(self, past: Any, tokens: Any) -> Any:
        r"""Tokens that each of several new tokens sees, in the mean of tokens and layers.

        Parameters
        ----------
        past : number or array
            Tokens before, which are not computed.
        tokens : number or array
            New tokens, which see those before them.

        Returns
        -------
        same kind
            Tokens.

        Notes
        -----
        .. math:: \frac{1}{T} \int_s^{s + T} \min(t, w) \, dt

        for layers with a window w, and s + T / 2 for the others.

        Examples
        --------
        >>> import llm_economics as le
        >>> sizes = sizes_of(le.models["Llama 3.1 8B"])
        >>> (
        ...     float(sizes.attended_on_average(0.0, 1000.0)),
        ...     float(sizes.attended_on_average(500.0, 1000.0)),
        ... )
        (500.0, 1000.0)
        """
        everything = past + 0.5 * tokens
        end, start = self._area(past + tokens), self._area(past)
        windowed = (end - start) / maximum(tokens, 1.0)
        return self.full_share * everything + (1.0 - self.full_share) * windowed

    def _area(self, tokens: Any) -> Any:
        """Positions seen by all tokens up to one in a layer with a window."""
        inside = minimum(tokens, self.window)
        return inside * (tokens - 0.5 * inside)

    def cached_elements(self, context: Any) -> Any:
        """Elements that the cache of one request holds, all layers.

        Parameters
        ----------
        context : number or array
            Tokens of the request.

        Returns
        -------
        same kind
            Elements; times the bytes of one it is memory.
        """
        windowed = self.window_elements * minimum(context, self.window)
        return self.full_elements * context + windowed


@lru_cache(maxsize=256)
def sizes_of(model: Model) -> Sizes:
    """Take the sizes out of a model.

    Parameters
    ----------
    model : Model
        The model; with its architecture, or at least its parameters.

    Returns
    -------
    Sizes
        The sizes.

    Raises
    ------
    MissingInputError
        If not even the parameters are known, or a window without its layers.
    """
    shape = model.architecture
    if shape is None or not shape.attention_heads or not shape.head_dimension:
        return _usual(model)
    matrices = matrix_parameters(model, training=True)
    layers = matrices.layers.to("parameter").magnitude
    one = _one_expert(shape)
    active = minimum(one * float(shape.active_experts or 0), _MOST_ROUTED * layers)
    head = 0.0 if matrices.head is None else float(matrices.head.to("parameter").magnitude)
    return Sizes(
        layers=float(shape.layers),
        hidden_size=float(shape.hidden_size),
        active_width=_active_width(shape),
        attention_heads=float(shape.attention_heads),
        **_attention(shape),
        dense_parameters=layers - active,
        routed_parameters=active,
        one_expert=one,
        head_parameters=head,
        embedding_parameters=head if shape.tied_embeddings else 2.0 * head,
        experts=float(shape.experts or 1),
        active_experts=float(shape.active_experts or 0) if shape.experts else 0.0,
        expert_layers=_expert_layers(shape),
        expert_width=_expert_width(shape),
        vocabulary=float(shape.vocabulary_size or 0),
    )


def _attention(shape: Architecture) -> dict[str, Any]:
    """What attention computes and keeps."""
    full, windowed = float(full_layers(shape)), float(shape.sliding_layers or 0)
    width = float(shape.attention_heads or 0) * head_width(shape)
    if shape.key_value_compression:
        rotary = float(shape.rotary_head_dimension or 0)
        element, parts = shape.key_value_compression + rotary, 1
        # Scores take the latent vector and the rotary part, values the latent vector alone.
        cached = float(shape.attention_heads or 0) * (shape.key_value_compression + 0.5 * rotary)
    else:
        parts = shape.key_value_heads or shape.attention_heads or 1
        element, cached = 2.0 * parts * head_width(shape), width
    return {
        "query_width": width * (full + windowed),
        "cached_width": cached * (full + windowed),
        "full_share": full / max(full + windowed, 1.0),
        "window": float(shape.sliding_window or 1),
        "full_elements": element * full,
        "window_elements": element * windowed,
        "cache_parts": float(parts),
    }


def _expert_layers(shape: Architecture) -> float:
    return float(shape.layers - (shape.dense_layers or 0)) if shape.experts else 0.0


def _expert_width(shape: Architecture) -> float:
    width = shape.expert_intermediate_size or shape.intermediate_size
    return float(width or 4 * shape.hidden_size)


def _active_width(shape: Architecture) -> float:
    if not shape.experts:
        return float(shape.intermediate_size or 4 * shape.hidden_size)
    return _expert_width(shape) * float((shape.active_experts or 1) + (shape.shared_experts or 0))


def _one_expert(shape: Architecture) -> float:
    if not shape.experts:
        return 0.0
    matrices = 2.0 if shape.gated_mlp is False else 3.0
    return matrices * shape.hidden_size * _expert_width(shape) * _expert_layers(shape)


def _usual(model: Model) -> Sizes:
    """A decoder of usual proportions with as many parameters."""
    known = model.architecture
    parameters = model.computing_parameters.to("parameter").magnitude
    central = float(model.computing_parameters.to("parameter").central().magnitude)
    hidden = float((central * _WIDTH_PER_LAYER / _PER_LAYER) ** (1.0 / 3.0))
    layers = max(1.0, round(hidden / _WIDTH_PER_LAYER))
    if known is not None:
        hidden, layers = float(known.hidden_size), float(known.layers)
    heads = _HEADS * max(1.0, round(hidden / _HEAD / _HEADS))
    groups = float((known.key_value_heads if known else None) or min(heads, _GROUPS))
    size = float((known.head_dimension if known else None) or _HEAD)
    linear = float((known.linear_layers if known else None) or 0)
    experts = float((known.experts if known else None) or _EXPERTS)
    active = float((known.active_experts if known else None) or _ACTIVE)
    one, routed = _usual_experts(model, parameters, experts, active)
    return Sizes(
        layers=layers,
        hidden_size=hidden,
        active_width=4.0 * hidden,
        attention_heads=heads,
        query_width=heads * size * (layers - linear),
        cached_width=heads * size * (layers - linear),
        full_share=1.0,
        window=1.0,
        full_elements=2.0 * groups * size * (layers - linear),
        window_elements=0.0,
        cache_parts=groups,
        dense_parameters=parameters - routed,
        routed_parameters=routed,
        one_expert=one,
        head_parameters=0.0,
        embedding_parameters=0.0,
        experts=experts if model.has_experts else 1.0,
        active_experts=active if model.has_experts else 0.0,
        expert_layers=layers if model.has_experts else 0.0,
        expert_width=_expert_width(known) if known else hidden,
        vocabulary=float((known.vocabulary_size if known else None) or 0),
        assumed=f"a decoder of {layers:.0f} layers, {hidden:.0f} wide, as its shape is not known",
    )


def _usual_experts(model: Model, parameters: Any, experts: float, active: float) -> tuple[Any, Any]:
    """Parameters of one routed expert and of those of a token, counted or from the totals."""
    if not model.has_experts:
        return 0.0, 0.0
    known = model.architecture
    if (
        known is not None
        and known.experts
        and (known.expert_intermediate_size or known.intermediate_size)
    ):
        one = _one_expert(known)
        return one, minimum(one * active, _MOST_ROUTED * parameters)
    routed = _ROUTED * parameters
    total = parameters if model.parameters is None else model.parameters.to("parameter").magnitude
    return maximum(total - parameters + routed, routed) / experts, routed
