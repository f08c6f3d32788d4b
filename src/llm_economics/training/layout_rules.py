"""Which layouts fit a model: the divisibility rules, each written once for numbers and arrays.

`check_layout` asks them of one layout and says what to do; `enumerate_layouts` asks them of a
hundred thousand at once. Each rule returns True where it is kept. Rejected: a table of rules with
message templates; the messages need the neighbours that would do, which differ by rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llm_economics.core.errors import MissingInputError, RangeError

if TYPE_CHECKING:
    from llm_economics.transformer.architecture import Architecture

__all__ = [
    "check_count",
    "dense_width",
    "divides",
    "divisors",
    "fills_rounds",
    "heads_of",
    "replicates_heads",
    "splits_layers",
]


def check_count(name: str, value: Any) -> None:
    """Refuse what is no whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"{name} needs a whole number from 1, such as 1024; got {value!r}"
        raise RangeError(message)


def divides(divisor: Any, number: Any) -> Any:
    """Whether a number splits into equal whole parts."""
    return np.equal(number % divisor, 0)


def divisors(number: int) -> Any:
    """Return all divisors of a number, ascending, as an array."""
    low = np.arange(1, int(number**0.5) + 1)
    low = low[number % low == 0]
    return np.unique(np.concatenate([low, number // low]))


def replicates_heads(tensor_parallel: Any, key_value_heads: int) -> Any:
    """Whether key and value heads split, or are replicated evenly where they are too few."""
    return np.logical_or(
        divides(tensor_parallel, key_value_heads), divides(key_value_heads, tensor_parallel)
    )


def splits_layers(stages: Any, layers: int, *, uneven: bool) -> Any:
    """Whether every stage gets layers: the same number, or at least one if they may differ."""
    return np.less_equal(stages, layers) if uneven else divides(stages, layers)


def fills_rounds(micro_batches: Any, pipeline_parallel: Any, virtual_stages: Any) -> Any:
    """Whether an interleaved schedule has stages, and rounds that its micro-batches fill."""
    interleaved = np.greater(virtual_stages, 1)
    fits = np.logical_and(
        np.greater(pipeline_parallel, 1), divides(pipeline_parallel, micro_batches)
    )
    return np.logical_or(~interleaved, fits)


def heads_of(architecture: Architecture) -> tuple[int, int]:
    """Return the heads of queries, and those of keys and values.

    Parameters
    ----------
    architecture : Architecture
        The shape of the model.

    Returns
    -------
    tuple of int
        Query heads; key and value heads, as many as query heads where they are not given.

    Raises
    ------
    MissingInputError
        If the query heads are not known: then nobody can say how they split.
    """
    heads = architecture.attention_heads
    if heads is None:
        message = (
            "the attention heads of the architecture are not known, so how tensor_parallel splits "
            "them cannot be checked; give architecture.evolve(attention_heads=32)"
        )
        raise MissingInputError(message)
    # Latent attention makes the keys of all heads from one vector, which every part keeps.
    latent = architecture.key_value_compression is not None
    return heads, heads if latent else architecture.key_value_heads or heads


def dense_width(architecture: Architecture) -> int | None:
    """Inner width of the layers without experts, which tensor parallelism splits; None if none."""
    if architecture.experts is not None and architecture.expert_intermediate_size is None:
        return None
    return architecture.intermediate_size
