"""`Architecture`: the shape of a transformer, as its configuration file states it.

Plain whole numbers, since a shape is exact. Rejected: guessing missing numbers from others (a
head dimension is not always hidden size over heads), which is how wrong cache sizes arise.
"""

from __future__ import annotations

from typing import Any

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import named_fields
from llm_economics.core.nouns import Noun
from llm_economics.core.number_format import number_format
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.laws import key_value_cache_per_token
from llm_economics.transformer.parameters import (
    PARAMETER,
    active_parameters,
    attention_parameters,
    embedding_parameters,
    feed_forward_parameters,
    normalization_parameters,
    router_parameters,
    total_parameters,
)

__all__ = ["Architecture"]


def _positive(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"needs a whole number from 1, such as 32; got {value!r}"
        raise RangeError(message)


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
    """Size of one head."""

    intermediate_size: int | None = attrs.field(default=None, validator=_positive)
    """Inner width of the feed-forward layer (of one expert, if there are several)."""

    vocabulary_size: int | None = attrs.field(default=None, validator=_positive)
    """Tokens in the vocabulary."""

    gated_mlp: bool | None = attrs.field(default=None, validator=_flag)
    """Whether the feed-forward layer is gated: three matrices instead of two."""

    tied_embeddings: bool | None = attrs.field(default=None, validator=_flag)
    """Whether input and output embeddings are one matrix."""

    experts: int | None = attrs.field(default=None, validator=_positive)
    """Experts per layer; None for a dense model."""

    active_experts: int | None = attrs.field(default=None, validator=_positive)
    """Experts that each token passes through."""

    def __attrs_post_init__(self) -> None:
        """Refuse shapes that contradict themselves."""
        if self.active_experts and self.active_experts > (self.experts or 1):
            message = (
                f"Architecture.active_experts needs at most experts = {self.experts or 1}; "
                f"got {self.active_experts}"
            )
            raise RangeError(message)
        heads, key_value_heads = self.attention_heads, self.key_value_heads
        if heads and key_value_heads and heads % key_value_heads:
            message = (
                f"Architecture.key_value_heads needs a divisor of attention_heads = {heads}; "
                f"got {key_value_heads}"
            )
            raise RangeError(message)

    def key_value_cache_per_token(self, format: str = "bf16") -> Quantity:  # noqa: A002
        """Memory that one token of context takes in the key-value cache.

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
            If heads or head dimension are unknown.

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
        """
        if not (self.key_value_heads and self.head_dimension):
            message = "the key-value cache needs key_value_heads and head_dimension; give both"
            raise MissingInputError(message)
        return key_value_cache_per_token(
            layers=_number(self.layers),
            key_value_heads=_number(self.key_value_heads),
            head_dimension=_number(self.head_dimension),
            element=ureg.Quantity(number_format(format).bytes_per_element, "byte/token"),
        )

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
        return total_parameters(
            layers=_number(self.layers),
            attention=self._attention(),
            feed_forward=self._feed_forward(),
            experts=_number(self.experts or 1),
            shared=self._shared(),
        )

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
        active = self._require("active_experts") if self.experts else 1
        return active_parameters(
            layers=_number(self.layers),
            attention=self._attention(),
            feed_forward=self._feed_forward(),
            active_experts=_number(active),
            shared=self._shared(),
        )

    def _require(self, field: str) -> int:
        value: int | None = getattr(self, field)
        if value is None:
            message = f"the number of parameters needs {field}; give Architecture({field}=...)"
            raise MissingInputError(message)
        return int(value)

    def _attention(self) -> Quantity:
        """Attention and router of one layer."""
        matrices = attention_parameters(
            hidden_size=_number(self.hidden_size),
            attention_heads=_number(self._require("attention_heads")),
            key_value_heads=_number(self._require("key_value_heads")),
            head_dimension=_number(self._require("head_dimension")),
            element=PARAMETER,
        )
        if not self.experts:
            return matrices
        hidden, experts = _number(self.hidden_size), _number(self.experts)
        return matrices + router_parameters(hidden_size=hidden, experts=experts, element=PARAMETER)

    def _feed_forward(self) -> Quantity:
        """Feed-forward part of one layer, or one expert."""
        return feed_forward_parameters(
            hidden_size=_number(self.hidden_size),
            intermediate_size=_number(self._require("intermediate_size")),
            matrices=_number(3 if self._require("gated_mlp") else 2),
            element=PARAMETER,
        )

    def _shared(self) -> Quantity:
        """Embeddings and normalisations."""
        hidden = _number(self.hidden_size)
        embedding = embedding_parameters(
            vocabulary_size=_number(self._require("vocabulary_size")),
            hidden_size=hidden,
            tables=_number(1 if self._require("tied_embeddings") else 2),
            element=PARAMETER,
        )
        return embedding + normalization_parameters(
            hidden_size=hidden, layers=_number(self.layers), element=PARAMETER
        )


def _number(value: int) -> Quantity:
    return ureg.Quantity(float(value))
