"""Laws of the transformer: FLOP per token, FLOP of a training, bytes of cache.

How attention is counted is a named convention, since authors differ by up to a factor of two at
long context: "full" (every pair of positions), "causal" (half of them), "none" (weights only).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from llm_economics.core.dimensions import (
    Computation,
    ComputationPerToken,
    Dimension,
    InformationPerToken,
    Number,
    ParameterCount,
    TokenCount,
    law,
)
from llm_economics.core.errors import UnknownNameError
from llm_economics.core.registry import Quantity, ureg

__all__ = [
    "BACKWARD",
    "FORWARD",
    "TRAINING",
    "AttentionConvention",
    "as_attention_convention",
    "attention_computation_per_token",
    "computation_per_token",
    "key_value_cache_per_token",
    "training_computation",
]

PerParameter = Annotated[
    Quantity,
    Dimension(
        name="computation per parameter and token",
        unit="FLOP/parameter/token",
        example="6 FLOP/parameter/token",
    ),
]
PerPair = Annotated[
    Quantity,
    Dimension(
        name="computation per token and position", unit="FLOP/token**2", example="12 FLOP/token**2"
    ),
]

FORWARD: Quantity = ureg.Quantity(2.0, "FLOP/parameter/token")
"""A multiplication and an addition for every active parameter and token."""

BACKWARD: Quantity = ureg.Quantity(4.0, "FLOP/parameter/token")
"""Gradients of activations and of weights: twice the forward pass."""

TRAINING: Quantity = FORWARD + BACKWARD
"""Forward and backward pass together: the 6 of ``6 N D`` (Kaplan et al., arXiv:2001.08361)."""


class AttentionConvention(StrEnum):
    """How the products of queries, keys and values are counted."""

    NONE = "none"
    """Not at all: 6 N D alone."""
    CAUSAL = "causal"
    """Only positions that a token can see: 6 L H Q T per token in training."""
    FULL = "full"
    """All positions, as PaLM's appendix B does: 12 L H Q T per token in training."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        hint = f"It is one of {', '.join(cls)}."
        raise UnknownNameError(str(value), list(cls), "attention convention", hint=hint)

    @property
    def forward_factor(self) -> Quantity:
        """FLOP per token, position, and unit of layers x heads x head size, in a forward pass."""
        factor = {"none": 0.0, "causal": 2.0, "full": 4.0}[self.value]
        return ureg.Quantity(factor, "FLOP/token**2")

    @property
    def training_factor(self) -> Quantity:
        """The same for forward and backward pass together."""
        return 3.0 * self.forward_factor


def as_attention_convention(value: str) -> AttentionConvention:
    """Read an attention convention: "none", "causal" or "full"."""
    return AttentionConvention(value)


@law("FLOP/token")
def attention_computation_per_token(
    *,
    layers: Number,
    attention_heads: Number,
    head_dimension: Number,
    context: TokenCount,
    factor: PerPair,
) -> ComputationPerToken:
    r"""FLOP that attention adds for each token.

    Parameters
    ----------
    layers, attention_heads, head_dimension : Quantity
        Shape of the model; plain numbers.
    context : Quantity
        Sequence length (token).
    factor : Quantity
        FLOP per token and position, from `AttentionConvention`.

    Returns
    -------
    Quantity
        Computation per token (FLOP/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: c_{\mathrm{attention}} = k \, L H Q T

    with k = 12 (full) or 6 (causal) in training, 4 or 2 in a forward pass. Valid for attention
    over the whole context; sliding windows cut T to the window.

    References
    ----------
    Chowdhery et al., "PaLM", arXiv:2204.02311, appendix B.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     attention_computation_per_token(
    ...         layers=le.quantity(126),
    ...         attention_heads=le.quantity(128),
    ...         head_dimension=le.quantity(128),
    ...         context=le.quantity("8192 token"),
    ...         factor=AttentionConvention.CAUSAL.training_factor,
    ...     ).to("GFLOP/token")
    ... )
    101.469 GFLOP/token
    """
    return factor * layers * attention_heads * head_dimension * context


@law("FLOP/token")
def computation_per_token(
    *,
    active_parameters: ParameterCount,
    computation_per_parameter: PerParameter,
    attention: ComputationPerToken,
) -> ComputationPerToken:
    r"""FLOP per token: weights and attention.

    Parameters
    ----------
    active_parameters : Quantity
        Parameters that each token passes through (parameter); for a mixture of experts not the
        total.
    computation_per_parameter : Quantity
        `FORWARD` (2) or `TRAINING` (6) FLOP/parameter/token.
    attention : Quantity
        What attention adds (FLOP/token); 0 FLOP/token for the convention "none".

    Returns
    -------
    Quantity
        Computation per token (FLOP/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: c = k N_{\mathrm{active}} + c_{\mathrm{attention}}

    Normalisations, softmax and rotary embeddings are left out: below a percent.

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     computation_per_token(
    ...         active_parameters=le.quantity("100 Gparameter"),
    ...         computation_per_parameter=FORWARD,
    ...         attention=le.quantity("0 FLOP/token"),
    ...     ).to("GFLOP/token")
    ... )
    200 GFLOP/token
    """
    return computation_per_parameter * active_parameters + attention


@law("FLOP")
def training_computation(
    *, computation_per_token: ComputationPerToken, tokens: TokenCount
) -> Computation:
    r"""Model FLOP of a training run.

    Parameters
    ----------
    computation_per_token : Quantity
        Forward and backward pass of one token (FLOP/token): ``6 N`` and the attention term.
    tokens : Quantity
        Tokens seen in training (token), each epoch counted.

    Returns
    -------
    Quantity
        Computation (FLOP). Recomputed activations are not counted.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: C = c D \approx 6 N D

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, appendix F.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     training_computation(
    ...         computation_per_token=le.quantity("2430 GFLOP/token"),
    ...         tokens=le.quantity("15.6 Ttoken"),
    ...     )
    ... )
    3.7908e25 FLOP
    """
    return computation_per_token * tokens


@law("byte/token")
def key_value_cache_per_token(
    *,
    layers: Number,
    key_value_heads: Number,
    head_dimension: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Memory of keys and values per token of context.

    Parameters
    ----------
    layers, key_value_heads, head_dimension : Quantity
        Shape of the model; plain numbers. Heads of keys and values, not of queries.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Cache per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = 2 \, L H_{kv} d_h b

    The 2 stands for key and value. Not valid for latent attention (DeepSeek), which stores one
    compressed vector.

    References
    ----------
    Ainslie et al., "GQA", arXiv:2305.13245.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     key_value_cache_per_token(
    ...         layers=le.quantity(28),
    ...         key_value_heads=le.quantity(4),
    ...         head_dimension=le.quantity(128),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    57,344 B/token
    """
    return 2.0 * layers * key_value_heads * head_dimension * element
