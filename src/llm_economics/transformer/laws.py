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
    Information,
    InformationPerToken,
    Number,
    ParameterCount,
    TokenCount,
    law,
)
from llm_economics.core.errors import UnknownNameError
from llm_economics.core.functions import maximum, minimum
from llm_economics.core.registry import Quantity, ureg

__all__ = [
    "BACKWARD",
    "FORWARD",
    "TRAINING",
    "AttentionConvention",
    "as_attention_convention",
    "attention_computation_per_token",
    "computation_per_token",
    "key_value_cache",
    "key_value_cache_per_token",
    "latent_cache_per_token",
    "training_computation",
    "windowed_context",
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
    over the whole context; for layers with a sliding window T is `windowed_context`. If heads of
    values have another size than those of keys, Q is the mean of both.

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


@law("token")
def windowed_context(*, context: TokenCount, window: TokenCount) -> TokenCount:
    r"""Length of a whole causal context that costs as much as one with a sliding window.

    Parameters
    ----------
    context : Quantity
        Sequence length (token).
    window : Quantity
        Positions that a token sees at most, itself included (token).

    Returns
    -------
    Quantity
        Length to put for the context where attention is counted as causal (token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: T' = \min(T, W) \left( 2 - \frac{W}{\max(T, W)} \right)

    The mean token of a causal context sees T / 2 positions; with a window the first W tokens see
    W / 2 in the mean and all others W, which is T' / 2. Attention to chunks instead of a window
    costs half of this at long context.

    References
    ----------
    Beltagy et al., "Longformer", arXiv:2004.05150, section 3.1 (the window).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(windowed_context(context=le.quantity("8192 token"), window=le.quantity("4096 token")))
    6,144 token
    """
    seen = minimum(context, window)
    length: TokenCount = seen * (2.0 - window / maximum(context, window))
    return length


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
        Shape of the model; plain numbers. Heads of keys and values, not of queries; if values
        have another size than keys, the mean of both.
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

    The 2 stands for key and value. Not valid for latent attention, which stores one compressed
    vector: see `latent_cache_per_token`.

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


@law("byte/token")
def latent_cache_per_token(
    *,
    layers: Number,
    compression: Number,
    rotary_head_dimension: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Memory of multi-head latent attention per token of context.

    Parameters
    ----------
    layers : Quantity
        Transformer blocks; a plain number.
    compression : Quantity
        Size of the vector from which all keys and values are made; a plain number.
    rotary_head_dimension : Quantity
        Size of the rotary part of the keys, which all heads share; a plain number.
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
    .. math:: m = L (r_{kv} + d_r) b

    Valid where the compressed vector is kept, as the authors do and serving software does; one
    that keeps full keys and values needs `key_value_cache_per_token`.

    References
    ----------
    DeepSeek-AI, "DeepSeek-V2", arXiv:2405.04434, section 2.1.4, table 1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     latent_cache_per_token(
    ...         layers=le.quantity(61),
    ...         compression=le.quantity(512),
    ...         rotary_head_dimension=le.quantity(64),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    70,272 B/token
    """
    return layers * (compression + rotary_head_dimension) * element


@law("byte")
def key_value_cache(
    *,
    full: InformationPerToken,
    sliding: InformationPerToken,
    context: TokenCount,
    window: TokenCount,
) -> Information:
    r"""Memory of keys and values of one sequence.

    Parameters
    ----------
    full : Quantity
        Cache per token of the layers that see the whole context (byte/token).
    sliding : Quantity
        Cache per token of the layers that see a window only (byte/token).
    context : Quantity
        Length of the sequence (token).
    window : Quantity
        Length of the window (token).

    Returns
    -------
    Quantity
        Cache of the sequence (byte).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: M = m_{\mathrm{full}} T + m_{\mathrm{sliding}} \min(T, W)

    Valid where what has left the window is thrown away. Pages that are filled in part, and
    software that keeps the whole context in each layer, need more.

    References
    ----------
    Jiang et al., "Mistral 7B", arXiv:2310.06825, section 2 (rolling buffer cache).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     key_value_cache(
    ...         full=le.quantity("0 byte/token"),
    ...         sliding=le.quantity("128 KiB/token"),
    ...         context=le.quantity("32768 token"),
    ...         window=le.quantity("4096 token"),
    ...     ).to("MiB")
    ... )
    512 MiB
    """
    cache: Information = full * context + sliding * minimum(context, window)
    return cache
