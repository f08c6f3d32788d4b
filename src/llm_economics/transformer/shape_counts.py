"""Counting a shape with the laws: its parameters and its key-value cache.

The laws know one kind of layer; here a shape is taken apart into its kinds. Rejected: methods of
`Architecture`, whose file would then hold the fields and their arithmetic; one long formula with a
case for every family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.core.errors import MissingInputError
from llm_economics.core.number_format import number_format
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.laws import (
    key_value_cache,
    key_value_cache_per_token,
    latent_cache_per_token,
)
from llm_economics.transformer.parameters import (
    PARAMETER,
    active_parameters,
    attention_parameters,
    bias_parameters,
    compressed_projection_parameters,
    embedding_parameters,
    feed_forward_parameters,
    latent_attention_parameters,
    normalization_parameters,
    projection_parameters,
    router_parameters,
    total_parameters,
)

if TYPE_CHECKING:
    from llm_economics.transformer.architecture import Architecture

__all__ = [
    "active_count",
    "cache_of_sequence",
    "cache_per_token",
    "full_layers",
    "head_width",
    "total_count",
]

_NOTHING = 0.0 * PARAMETER


def total_count(shape: Architecture) -> Quantity:
    """All parameters of a shape.

    Parameters
    ----------
    shape : Architecture
        The shape.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    MissingInputError
        If the shape is incomplete.
    """
    dense = _dense_part(shape)
    if not shape.experts:
        return dense
    return dense + total_parameters(
        layers=_number(shape.layers - _dense_layers(shape)),
        attention=_attention(shape) + _router(shape),
        feed_forward=_feed_forward(shape, _expert_width(shape)),
        experts=_number(shape.experts + (shape.shared_experts or 0)),
        shared=_NOTHING,
    )


def active_count(shape: Architecture) -> Quantity:
    """Parameters of a shape that each token passes through.

    Parameters
    ----------
    shape : Architecture
        The shape.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    MissingInputError
        If the shape is incomplete.
    """
    dense = _dense_part(shape)
    if not shape.experts:
        return dense
    active = _require(shape, "active_experts") + (shape.shared_experts or 0)
    return dense + active_parameters(
        layers=_number(shape.layers - _dense_layers(shape)),
        attention=_attention(shape) + _router(shape),
        feed_forward=_feed_forward(shape, _expert_width(shape)),
        active_experts=_number(active),
        shared=_NOTHING,
    )


def cache_per_token(shape: Architecture, format: str, layers: int) -> Quantity:  # noqa: A002
    """Cache that a token takes in some layers of a shape.

    Parameters
    ----------
    shape : Architecture
        The shape.
    format : str
        Number format of the cache.
    layers : int
        How many layers.

    Returns
    -------
    Quantity
        Cache per token (byte/token).

    Raises
    ------
    MissingInputError
        If the shape is incomplete.
    """
    element = ureg.Quantity(number_format(format).bytes_per_element, "byte/token")
    if shape.key_value_compression:
        return latent_cache_per_token(
            layers=_number(layers),
            compression=_number(shape.key_value_compression),
            rotary_head_dimension=_number(_require(shape, "rotary_head_dimension", _CACHE)),
            element=element,
        )
    if not (shape.key_value_heads and shape.head_dimension):
        message = f"{_CACHE} needs key_value_heads and head_dimension; give both"
        raise MissingInputError(message)
    return key_value_cache_per_token(
        layers=_number(layers),
        key_value_heads=_number(shape.key_value_heads),
        head_dimension=_number(head_width(shape)),
        element=element,
    )


def cache_of_sequence(shape: Architecture, context: Quantity, format: str) -> Quantity:  # noqa: A002
    """Cache of one sequence: layers with a window keep the window at most.

    Parameters
    ----------
    shape : Architecture
        The shape.
    context : Quantity
        Length of the sequence (token).
    format : str
        Number format of the cache.

    Returns
    -------
    Quantity
        Cache (byte).

    Raises
    ------
    MissingInputError
        If the shape is incomplete.
    """
    full, sliding = full_layers(shape), shape.sliding_layers or 0
    # Without such layers any window gives the same.
    length = _require(shape, "sliding_window", _CACHE) if sliding else 1
    return key_value_cache(
        full=cache_per_token(shape, format, full),
        sliding=cache_per_token(shape, format, sliding),
        context=context,
        window=ureg.Quantity(float(length), "token"),
    )


def full_layers(shape: Architecture) -> int:
    """Layers that see the whole context.

    Parameters
    ----------
    shape : Architecture
        The shape.

    Returns
    -------
    int
        How many.

    Raises
    ------
    MissingInputError
        If there is a window and nobody says in how many layers.
    """
    if shape.sliding_window and shape.sliding_layers is None:
        message = (
            "the layers with sliding_window are not known; give "
            "Architecture(sliding_layers=...), 0 if the window is not in use"
        )
        raise MissingInputError(message)
    return shape.layers - (shape.sliding_layers or 0) - (shape.linear_layers or 0)


def head_width(shape: Architecture) -> float:
    """Mean size of a head of keys and a head of values.

    Parameters
    ----------
    shape : Architecture
        The shape; its head dimension has to be known.

    Returns
    -------
    float
        Elements: the head dimension, unless values have another size.
    """
    keys = _require(shape, "head_dimension")
    return (keys + (shape.value_head_dimension or keys)) / 2


_CACHE = "the key-value cache"
_PARAMETERS = "the number of parameters"


def _number(value: float) -> Quantity:
    return ureg.Quantity(float(value))


def _require(shape: Architecture, field: str, what: str = _PARAMETERS) -> int:
    value: int | None = getattr(shape, field)
    if value is None:
        message = f"{what} needs {field}; give Architecture({field}=...)"
        raise MissingInputError(message)
    return int(value)


def _dense_layers(shape: Architecture) -> int:
    return (shape.dense_layers or 0) if shape.experts else shape.layers


def _expert_width(shape: Architecture) -> int:
    return shape.expert_intermediate_size or _require(shape, "intermediate_size")


def _dense_part(shape: Architecture) -> Quantity:
    """Layers without experts, embeddings and normalisations."""
    if shape.linear_layers:
        message = (
            "the parameters of layers with linear attention are not counted; give "
            "Model(parameters=..., active_parameters=...)"
        )
        raise MissingInputError(message)
    layers, shared = _dense_layers(shape), _shared(shape)
    if not layers:
        return shared
    return total_parameters(
        layers=_number(layers),
        attention=_attention(shape),
        feed_forward=_feed_forward(shape, _require(shape, "intermediate_size")),
        experts=_number(1),
        shared=shared,
    )


def _attention(shape: Architecture) -> Quantity:
    """Attention of one layer."""
    hidden = _number(shape.hidden_size)
    latent = shape.key_value_compression or shape.query_compression
    found = _latent_attention(shape) if latent else _plain_attention(shape)
    if shape.relative_positions:
        found = found + projection_parameters(inputs=hidden, outputs=hidden, element=PARAMETER)
    return found


def _plain_attention(shape: Architecture) -> Quantity:
    hidden, width = _number(shape.hidden_size), head_width(shape)
    queries, keys = _require(shape, "attention_heads"), _require(shape, "key_value_heads")
    found = attention_parameters(
        hidden_size=hidden,
        attention_heads=_number(queries),
        key_value_heads=_number(keys),
        head_dimension=_number(width),
        element=PARAMETER,
    )
    if not shape.projection_biases:
        return found
    inner = queries * _require(shape, "head_dimension") + 2 * keys * width
    return found + bias_parameters(hidden_size=hidden, inner_size=_number(inner), element=PARAMETER)


def _latent_attention(shape: Architecture) -> Quantity:
    hidden, heads = _number(shape.hidden_size), _require(shape, "attention_heads")
    size, rotary = _require(shape, "head_dimension"), _require(shape, "rotary_head_dimension")
    values = shape.value_head_dimension or size
    return latent_attention_parameters(
        queries=_queries(shape, _number(heads * size)),
        keys_and_values=compressed_projection_parameters(
            inputs=hidden,
            rank=_number(_require(shape, "key_value_compression")),
            outputs=_number(heads * (size - rotary + values)),
            element=PARAMETER,
        ),
        rotary_key=projection_parameters(inputs=hidden, outputs=_number(rotary), element=PARAMETER),
        output=projection_parameters(
            inputs=_number(heads * values), outputs=hidden, element=PARAMETER
        ),
    )


def _queries(shape: Architecture, outputs: Quantity) -> Quantity:
    hidden = _number(shape.hidden_size)
    if not shape.query_compression:
        return projection_parameters(inputs=hidden, outputs=outputs, element=PARAMETER)
    return compressed_projection_parameters(
        inputs=hidden, rank=_number(shape.query_compression), outputs=outputs, element=PARAMETER
    )


def _router(shape: Architecture) -> Quantity:
    return router_parameters(
        hidden_size=_number(shape.hidden_size),
        experts=_number(_require(shape, "experts")),
        element=PARAMETER,
    )


def _feed_forward(shape: Architecture, width: int) -> Quantity:
    """Feed-forward part of one layer, or one expert."""
    hidden, matrices = _number(shape.hidden_size), 3 if _require(shape, "gated_mlp") else 2
    found = feed_forward_parameters(
        hidden_size=hidden,
        intermediate_size=_number(width),
        matrices=_number(matrices),
        element=PARAMETER,
    )
    if not shape.projection_biases:
        return found
    return found + bias_parameters(
        hidden_size=hidden, inner_size=_number((matrices - 1) * width), element=PARAMETER
    )


def _shared(shape: Architecture) -> Quantity:
    """Embeddings, of positions too, and normalisations."""
    hidden = _number(shape.hidden_size)
    found = embedding_parameters(
        vocabulary_size=_number(_require(shape, "vocabulary_size")),
        hidden_size=hidden,
        tables=_number(1 if _require(shape, "tied_embeddings") else 2),
        element=PARAMETER,
    ) + normalization_parameters(
        hidden_size=hidden, layers=_number(shape.layers), element=PARAMETER
    )
    # A table of positions is one more embedding, with positions for tokens.
    return found + embedding_parameters(
        vocabulary_size=_number(shape.learned_positions or 0),
        hidden_size=hidden,
        tables=_number(1),
        element=PARAMETER,
    )
