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

__all__ = ["Architecture"]


def _positive(_: Any, attribute: Any, value: int | None) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"needs a whole number from 1, such as 32; got {value!r}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, field_transformer=named_fields)
class Architecture(Noun):
    """The shape of a transformer.

    Examples
    --------
    >>> import llm_economics as le
    >>> shape = le.models["Llama 3.1 405B"].architecture
    >>> shape.layers, shape.key_value_heads
    (126, 8)
    """

    layers: int = attrs.field(validator=_positive)
    """Transformer blocks."""

    hidden_size: int = attrs.field(validator=_positive)
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

    gated_mlp: bool | None = attrs.field(default=None)
    """Whether the feed-forward layer is gated: three matrices instead of two."""

    tied_embeddings: bool | None = attrs.field(default=None)
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
        >>> shape = le.Architecture(layers=28, hidden_size=3584, attention_heads=28,
        ...                         key_value_heads=4, head_dimension=128)
        >>> print(shape.key_value_cache_per_token("bf16").to("KiB/token"))
        56 KiB/token
        """
        if not (self.key_value_heads and self.head_dimension):
            message = "the key-value cache needs key_value_heads and head_dimension; give both"
            raise MissingInputError(message)
        return key_value_cache_per_token(
            layers=ureg.Quantity(float(self.layers)),
            key_value_heads=ureg.Quantity(float(self.key_value_heads)),
            head_dimension=ureg.Quantity(float(self.head_dimension)),
            element=ureg.Quantity(number_format(format).bytes_per_element, "byte/token"),
        )
