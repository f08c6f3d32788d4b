"""Adapters of low rank: how many parameters they add to the projections of a shape.

Rejected: one share for all models, since it depends on rank, width and heads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import as_number
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.choices import Choice
from llm_economics.transformer.parameters import PARAMETER, compressed_projection_parameters

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike
    from llm_economics.transformer.architecture import Architecture

__all__ = ["AdapterPlacement", "adapter_parameters"]


class AdapterPlacement(Choice):
    """Which projections get an adapter."""

    ATTENTION = "attention"
    """Queries, keys, values and output of attention."""
    ALL = "all"
    """All projections of the layers, those of each expert too; not the head, not the router."""


def adapter_parameters(shape: Architecture, *, rank: QuantityLike, placement: str) -> Quantity:
    r"""Parameters of the adapters of low rank (LoRA) of a shape.

    Parameters
    ----------
    shape : Architecture
        The shape.
    rank : quantity
        Rank of each adapter; a plain number.
    placement : str
        "attention" or "all".

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    MissingInputError
        If the shape is incomplete, or has layers of other kinds.
    UnknownNameError
        If the placement has another name.

    Notes
    -----
    .. math:: N = r \sum_i (n_{\mathrm{in},i} + n_{\mathrm{out},i})

    Queries, keys and values count as three projections, gate and up projection as two. Software
    that joins them needs less: for queries, keys and values of Llama 2 70B half of it.

    References
    ----------
    Hu et al., "LoRA", arXiv:2106.09685, section 4.

    Examples
    --------
    >>> import llm_economics as le
    >>> shape = le.models["Llama 3.1 8B"].architecture
    >>> print(adapter_parameters(shape, rank=16, placement="all").to("Mparameter"))
    41.943 Mparameter
    """
    where = AdapterPlacement(placement)
    if shape.linear_layers:
        message = "adapters on layers with linear attention are not counted; give their parameters"
        raise MissingInputError(message)
    projections = list(_attention(shape))
    if where is AdapterPlacement.ALL:
        projections += _feed_forward(shape)
    return compressed_projection_parameters(
        inputs=_number(sum(times * inputs for times, inputs, _ in projections)),
        rank=as_number(rank),
        outputs=_number(sum(times * outputs for times, _, outputs in projections)),
        element=PARAMETER,
    )


def _attention(shape: Architecture) -> Iterator[tuple[int, int, int]]:
    """How many projections, from which to which width."""
    layers, hidden = shape.layers, shape.hidden_size
    heads, size = _require(shape, "attention_heads"), _require(shape, "head_dimension")
    values = shape.value_head_dimension or size
    yield layers, heads * values, hidden
    if shape.query_compression:
        yield layers, hidden, shape.query_compression
    yield layers, shape.query_compression or hidden, heads * size
    if shape.key_value_compression:
        rank, rotary = shape.key_value_compression, _require(shape, "rotary_head_dimension")
        yield layers, hidden, rank + rotary
        yield layers, rank, heads * (size - rotary + values)
    else:
        groups = _require(shape, "key_value_heads")
        yield layers, hidden, groups * size
        yield layers, hidden, groups * values


def _feed_forward(shape: Architecture) -> Iterator[tuple[int, int, int]]:
    hidden, up = shape.hidden_size, 2 if _require(shape, "gated_mlp") else 1
    dense = (shape.dense_layers or 0) if shape.experts else shape.layers
    kinds = [(dense, _require(shape, "intermediate_size"))] if dense else []
    if shape.experts:
        experts = (shape.layers - dense) * (shape.experts + (shape.shared_experts or 0))
        width = shape.expert_intermediate_size or _require(shape, "intermediate_size")
        kinds.append((experts, width))
    for times, width in kinds:
        yield up * times, hidden, width
        yield times, width, hidden


def _require(shape: Architecture, field: str) -> int:
    value: int | None = getattr(shape, field)
    if value is None:
        message = f"the parameters of adapters need {field}; give Architecture({field}=...)"
        raise MissingInputError(message)
    return int(value)


def _number(value: float) -> Quantity:
    return ureg.Quantity(float(value))
