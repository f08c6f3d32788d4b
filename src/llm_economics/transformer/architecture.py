"""`Architecture`: the shape of a transformer, as its configuration file states it.

Plain whole numbers, since a shape is exact. Rejected: guessing missing numbers from others (a
head dimension is not always hidden size over heads), which is how wrong cache sizes arise; one
class for each kind of attention, since a configuration mixes them (dense and routed layers, whole
and sliding attention).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import RangeError
from llm_economics.core.fields import as_tokens, named_fields
from llm_economics.core.nouns import Noun
from llm_economics.transformer.shape_counts import (
    active_count,
    cache_of_sequence,
    cache_per_token,
    full_layers,
    total_count,
)

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.core.registry import Quantity

__all__ = ["Architecture"]


def _whole(value: Any, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
        message = f"needs a whole number from {least}, such as 32; got {_brief(value)}"
        raise RangeError(message)


# More than any shape has, and little enough that products stay exact in a float.
_MOST = 10**9


def _brief(value: Any) -> str:
    """Text of a value for a message, without the digits of absurd numbers."""
    if isinstance(value, int) and abs(value) > _MOST:
        return f"one beyond {_MOST:.0e}"
    return repr(value)


def _positive(_instance: Any, _attribute: Any, value: Any) -> None:
    _whole(value, 1)


def _from_zero(_instance: Any, _attribute: Any, value: Any) -> None:
    _whole(value, 0)


def _given(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is None:
        message = "needs a whole number from 1, such as 32; got None"
        raise RangeError(message)


def _flag(_instance: Any, _attribute: Any, value: Any) -> None:
    if not (value is None or isinstance(value, bool)):
        message = f"needs True, False or None (unknown); got {value!r}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Architecture(Noun):
    """The shape of a transformer.

    What does not fit is left out rather than bent: then sizes are not counted, and an error says
    which number is missing.

    Examples
    --------
    >>> import llm_economics as le
    >>> shape = le.models["Llama 3.1 405B"].architecture
    >>> shape.layers, shape.key_value_heads
    (126, 8)
    """

    layers: int = attrs.field(validator=[_given, _positive])
    """Transformer blocks."""

    hidden_size: int = attrs.field(validator=[_given, _positive])
    """Width of the residual stream."""

    attention_heads: int | None = attrs.field(default=None, validator=_positive)
    """Query heads."""

    key_value_heads: int | None = attrs.field(default=None, validator=_positive)
    """Key and value heads: as many as query heads (MHA), fewer (GQA), one (MQA)."""

    head_dimension: int | None = attrs.field(default=None, validator=_positive)
    """Size of one head of queries and keys; under latent attention with its rotary part."""

    intermediate_size: int | None = attrs.field(default=None, validator=_positive)
    """Inner width of the feed-forward layers: of one expert, if there are several, unless
    `expert_intermediate_size` is given; then of the layers without experts."""

    vocabulary_size: int | None = attrs.field(default=None, validator=_positive)
    """Tokens in the vocabulary."""

    gated_mlp: bool | None = attrs.field(default=None, validator=_flag)
    """Whether the feed-forward layers are gated: three matrices instead of two."""

    tied_embeddings: bool | None = attrs.field(default=None, validator=_flag)
    """Whether input and output embeddings are one matrix."""

    experts: int | None = attrs.field(default=None, validator=_positive)
    """Experts per layer among which a router chooses; None for a dense model."""

    active_experts: int | None = attrs.field(default=None, validator=_positive)
    """Experts that the router picks for each token."""

    shared_experts: int | None = attrs.field(default=None, validator=_from_zero)
    """Experts that every token passes through besides; a wide one counts as several."""

    expert_intermediate_size: int | None = attrs.field(default=None, validator=_positive)
    """Inner width of one expert, where it differs from that of the layers without experts."""

    dense_layers: int | None = attrs.field(default=None, validator=_from_zero)
    """Layers without experts in a model that has experts; None counts as none."""

    query_compression: int | None = attrs.field(default=None, validator=_positive)
    """Rank of the queries in multi-head latent attention; None: not compressed."""

    key_value_compression: int | None = attrs.field(default=None, validator=_positive)
    """Rank of keys and values in multi-head latent attention; None: no latent attention."""

    rotary_head_dimension: int | None = attrs.field(default=None, validator=_positive)
    """Part of `head_dimension` that carries the position in latent attention."""

    value_head_dimension: int | None = attrs.field(default=None, validator=_positive)
    """Size of one head of values; None: as `head_dimension`."""

    sliding_window: int | None = attrs.field(default=None, validator=_positive)
    """Tokens that a layer with a sliding window, or with chunks, sees."""

    sliding_layers: int | None = attrs.field(default=None, validator=_from_zero)
    """Layers with the sliding window."""

    linear_layers: int | None = attrs.field(default=None, validator=_from_zero)
    """Layers with linear attention or a state space: no cache that grows, not counted in size."""

    prediction_layers: int | None = attrs.field(default=None, validator=_from_zero)
    """Layers that predict further tokens, in training alone (DeepSeek-V3 has one); in no size."""

    learned_positions: int | None = attrs.field(default=None, validator=_positive)
    """Positions with a learned embedding (GPT-2, OPT); None for rotary or other positions."""

    relative_positions: bool | None = attrs.field(default=None, validator=_flag)
    """Whether each layer projects relative positions with a matrix of its own (Gopher)."""

    projection_biases: bool | None = attrs.field(default=None, validator=_flag)
    """Whether every projection has a bias (GPT-2, gpt-oss); biases of some alone do not count."""

    def __attrs_post_init__(self) -> None:
        """Refuse shapes that contradict themselves."""
        self._check_most("active_experts", "experts", self.experts or 1)
        self._check_most("dense_layers", "layers", self.layers)
        windows = self.sliding_layers or 0
        self._check_most("sliding_layers", "layers", self.layers)
        self._check_most("linear_layers", "layers - sliding_layers", self.layers - windows)
        if self.head_dimension is not None:
            self._check_most("rotary_head_dimension", "head_dimension", self.head_dimension)
        heads, key_value_heads = self.attention_heads, self.key_value_heads
        if heads and key_value_heads and heads % key_value_heads:
            message = (
                f"Architecture.key_value_heads needs a divisor of attention_heads = {heads}; "
                f"got {key_value_heads}"
            )
            raise RangeError(message)
        if self.projection_biases and self.key_value_compression:
            message = (
                "Architecture.projection_biases needs False or None with key_value_compression; "
                "got True"
            )
            raise RangeError(message)

    def _check_most(self, field: str, limit: str, most: int) -> None:
        value: int | None = getattr(self, field)
        if value is not None and value > most:
            message = f"Architecture.{field} needs at most {limit} = {most}; got {value}"
            raise RangeError(message)

    @property
    def full_attention_layers(self) -> int:
        """Layers that see the whole context: neither a window nor linear attention.

        Raises
        ------
        MissingInputError
            If there is a window and nobody says in how many layers.

        Examples
        --------
        >>> import llm_economics as le
        >>> shape = le.Architecture(
        ...     layers=24, hidden_size=2880, sliding_window=128, sliding_layers=12
        ... )
        >>> shape.full_attention_layers
        12
        """
        return full_layers(self)

    def key_value_cache_per_token(self, format: str = "bf16") -> Quantity:  # noqa: A002
        """Memory that one more token of context takes in the key-value cache.

        Layers with a sliding window do not count here: what they hold stops growing at the
        window. `key_value_cache` counts them.

        Parameters
        ----------
        format : str
            Number format of the cache.

        Returns
        -------
        Quantity
            Bytes per token.

        Raises
        ------
        MissingInputError
            If heads and head dimension, or the ranks of latent attention, are unknown.

        Examples
        --------
        >>> import llm_economics as le
        >>> shape = le.Architecture(
        ...     layers=28,
        ...     hidden_size=3584,
        ...     attention_heads=28,
        ...     key_value_heads=4,
        ...     head_dimension=128,
        ... )
        >>> print(shape.key_value_cache_per_token("bf16").to("KiB/token"))
        56 KiB/token

        DeepSeek-V3 keeps one vector per layer, from which all heads are made:

        >>> latent = le.Architecture(
        ...     layers=61, hidden_size=7168, key_value_compression=512, rotary_head_dimension=64
        ... )
        >>> print(latent.key_value_cache_per_token("bf16"))
        70,272 B/token
        """
        return cache_per_token(self, format, full_layers(self))

    def key_value_cache(
        self,
        context: QuantityLike,
        format: str = "bf16",  # noqa: A002
    ) -> Quantity:
        """Memory of the key-value cache of one sequence.

        Parameters
        ----------
        context : quantity
            Length of the sequence (token).
        format : str
            Number format of the cache.

        Returns
        -------
        Quantity
            Bytes.

        Raises
        ------
        DimensionError
            If the context is no number of tokens.
        MissingInputError
            If the shape is incomplete.

        Notes
        -----
        States of linear attention are left out: they do not grow with the context.

        Examples
        --------
        Every other layer of gpt-oss-20b sees 128 tokens:

        >>> import llm_economics as le
        >>> shape = le.Architecture(
        ...     layers=24,
        ...     hidden_size=2880,
        ...     key_value_heads=8,
        ...     head_dimension=64,
        ...     sliding_window=128,
        ...     sliding_layers=12,
        ... )
        >>> print(shape.key_value_cache("131072 token").to("GiB"))
        3.00293 GiB
        """
        return cache_of_sequence(self, as_tokens(context), format)

    def total_parameters(self) -> Quantity:
        """Parameters that the shape has in all (parameter).

        Raises
        ------
        MissingInputError
            If the shape is incomplete.

        Examples
        --------
        >>> import llm_economics as le
        >>> shape = le.models["Mixtral 8x7B"].architecture
        >>> print(f"{shape.total_parameters().to('Gparameter'):.4g}")
        46.7 Gparameter
        """
        return total_count(self)

    def active_parameters(self) -> Quantity:
        """Parameters that each token passes through, embeddings included (parameter).

        Raises
        ------
        MissingInputError
            If the shape is incomplete.

        Examples
        --------
        >>> import llm_economics as le
        >>> shape = le.models["Mixtral 8x7B"].architecture
        >>> print(f"{shape.active_parameters().to('Gparameter'):.4g}")
        12.88 Gparameter
        """
        return active_count(self)
