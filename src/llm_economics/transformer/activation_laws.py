"""Laws of activations: what a layer, or the output, keeps of one token for the backward pass.

Plain products of widths and element sizes; which of them a shape has is told in `activations`.
"""

from __future__ import annotations

from typing import Annotated

from llm_economics.core.dimensions import Dimension, InformationPerToken, Number, TokenCount, law
from llm_economics.core.registry import Quantity

__all__ = [
    "attention_activations_per_token",
    "dispatched_activations_per_token",
    "divided_activations_per_token",
    "feed_forward_activations_per_token",
    "input_activations_per_token",
    "latent_activations_per_token",
    "output_activations_per_token",
    "residual_activations_per_token",
    "score_activations_per_token",
]

InformationPerPair = Annotated[
    Quantity,
    Dimension(
        name="information per token and position", unit="byte/token**2", example="5 byte/token**2"
    ),
]


@law("byte/token")
def residual_activations_per_token(
    *,
    hidden_size: Number,
    element: InformationPerToken,
    mask: InformationPerToken,
) -> InformationPerToken:
    r"""Activations of one layer that are as wide as the residual stream, per token.

    Parameters
    ----------
    hidden_size : Quantity
        Width of the model; a plain number.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.
    mask : Quantity
        Size of one element of a dropout mask (byte/token): 1 byte/token, or 0 without dropout.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = H (4 b + 2 b_{\mathrm{mask}})

    Inputs of both norms, of the projections of attention, of the feed-forward part. Tensor
    parallelism alone does not divide them; sequence parallelism does.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     residual_activations_per_token(
    ...         hidden_size=le.quantity(12288),
    ...         element=le.quantity("2 byte/token"),
    ...         mask=le.quantity("1 byte/token"),
    ...     )
    ... )
    122,880 B/token
    """
    return hidden_size * (4.0 * element + 2.0 * mask)


@law("byte/token")
def attention_activations_per_token(
    *,
    attention_heads: Number,
    key_value_heads: Number,
    head_dimension: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Queries, keys, values and output of attention of one layer, per token.

    Parameters
    ----------
    attention_heads, key_value_heads, head_dimension : Quantity
        Shape of the layer; plain numbers. If heads of values have another size than those of keys,
        the mean of both. Under latent attention each head has keys and values of its own.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = 2 d_h (n_q + n_{kv}) b

    Valid where keys and values are kept once for each group. The output is the input of the last
    projection and kept once.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.1. Ainslie et al., arXiv:2305.13245 (groups).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     attention_activations_per_token(
    ...         attention_heads=le.quantity(32),
    ...         key_value_heads=le.quantity(8),
    ...         head_dimension=le.quantity(128),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    20,480 B/token
    """
    return 2.0 * head_dimension * (attention_heads + key_value_heads) * element


@law("byte/token")
def latent_activations_per_token(
    *,
    query_compression: Number,
    key_value_compression: Number,
    rotary_head_dimension: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Compressed vectors of latent attention of one layer, per token.

    Parameters
    ----------
    query_compression, key_value_compression : Quantity
        Ranks; plain numbers, 0 where queries are not compressed.
    rotary_head_dimension : Quantity
        Size of the rotary part of the keys, which all heads share; a plain number.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = (2 r_q + 2 r_{kv} + d_r) b

    Each is kept before and after its norm. They come on top of the heads that are made from them.

    References
    ----------
    DeepSeek-AI, "DeepSeek-V2", arXiv:2405.04434, section 2.1 (the shape).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     latent_activations_per_token(
    ...         query_compression=le.quantity(1536),
    ...         key_value_compression=le.quantity(512),
    ...         rotary_head_dimension=le.quantity(64),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    8,320 B/token
    """
    return (2.0 * (query_compression + key_value_compression) + rotary_head_dimension) * element


@law("byte/token")
def score_activations_per_token(
    *,
    attention_heads: Number,
    context: TokenCount,
    element: InformationPerPair,
    mask: InformationPerPair,
) -> InformationPerToken:
    r"""Scores of attention of one layer, per token, where they are kept.

    Parameters
    ----------
    attention_heads : Quantity
        Query heads; a plain number.
    context : Quantity
        Sequence length (token).
    element : Quantity
        Size of one score (byte/token**2): 2 byte/token**2 for bf16.
    mask : Quantity
        Size of one element of the dropout mask (byte/token**2): 1, or 0 without dropout.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = n T (2 b + b_{\mathrm{mask}})

    Output of the softmax, mask, and output of the dropout. Nothing of it is kept with fused
    attention or selective recomputation.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     score_activations_per_token(
    ...         attention_heads=le.quantity(96),
    ...         context=le.quantity("2048 token"),
    ...         element=le.quantity("2 byte/token**2"),
    ...         mask=le.quantity("1 byte/token**2"),
    ...     )
    ... )
    983,040 B/token
    """
    return attention_heads * context * (2.0 * element + mask)


@law("byte/token")
def feed_forward_activations_per_token(
    *,
    intermediate_size: Number,
    matrices: Number,
    experts: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Activations of inner width of the feed-forward part of one layer, per token.

    Parameters
    ----------
    intermediate_size : Quantity
        Inner width, of one expert if there are several; a plain number.
    matrices : Quantity
        3 if the part is gated, otherwise 2; a plain number.
    experts : Quantity
        Experts that a token passes through, 1 without experts; a plain number.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = k F E_{\mathrm{active}} b

    Gated: gate, up, and their product. Plain: before and after the activation.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     feed_forward_activations_per_token(
    ...         intermediate_size=le.quantity(14336),
    ...         matrices=le.quantity(3),
    ...         experts=le.quantity(1),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    86,016 B/token
    """
    return matrices * intermediate_size * experts * element


@law("byte/token")
def dispatched_activations_per_token(
    *,
    hidden_size: Number,
    experts: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Copies of a token that are sent to experts in one layer, per token.

    Parameters
    ----------
    hidden_size : Quantity
        Width of the model; a plain number.
    experts : Quantity
        Experts to which the router sends a token; a plain number.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = H E_{\mathrm{routed}} b

    Valid where no token is dropped and the load is even, and where weights of the router are
    applied inside the experts, so that their outputs need not be kept.

    References
    ----------
    Fedus et al., "Switch transformers", arXiv:2101.03961, section 2.2 (dispatch).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     dispatched_activations_per_token(
    ...         hidden_size=le.quantity(7168),
    ...         experts=le.quantity(8),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    114,688 B/token
    """
    return hidden_size * experts * element


@law("byte/token")
def input_activations_per_token(
    *,
    hidden_size: Number,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Input of one layer, per token: all that full recomputation keeps.

    Parameters
    ----------
    hidden_size : Quantity
        Width of the model; a plain number.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = H b

    Besides, the layer at work has all its activations for the moment.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, table 2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     input_activations_per_token(
    ...         hidden_size=le.quantity(12288),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    24,576 B/token
    """
    return hidden_size * element


@law("byte/token")
def output_activations_per_token(
    *,
    vocabulary_size: Number,
    hidden_size: Number,
    logit: InformationPerToken,
    element: InformationPerToken,
) -> InformationPerToken:
    r"""Logits, and inputs of the last norm and of the output head, per token.

    Parameters
    ----------
    vocabulary_size, hidden_size : Quantity
        Shape of the model; plain numbers.
    logit : Quantity
        Size of one logit (byte/token): 4 byte/token for fp32.
    element : Quantity
        Size of one element (byte/token): 2 byte/token for bf16.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = V b_{\mathrm{logit}} + 2 H b

    On the accelerators with the output head, for one micro-batch at a time. Software that keeps
    logits and their gradients, or both in bf16 and fp32, needs more; loss in chunks needs less.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     output_activations_per_token(
    ...         vocabulary_size=le.quantity(51200),
    ...         hidden_size=le.quantity(12288),
    ...         logit=le.quantity("4 byte/token"),
    ...         element=le.quantity("2 byte/token"),
    ...     )
    ... )
    253,952 B/token
    """
    return vocabulary_size * logit + 2.0 * hidden_size * element


@law("byte/token")
def divided_activations_per_token(
    *,
    replicated: InformationPerToken,
    divided: InformationPerToken,
    sequence_parallel: Number,
    tensor_parallel: Number,
) -> InformationPerToken:
    r"""Activations of one layer on each accelerator, per token of the whole sequence.

    Parameters
    ----------
    replicated : Quantity
        What tensor parallelism alone repeats (byte/token): `LayerActivations.replicated`.
    divided : Quantity
        What it divides (byte/token): `LayerActivations.divided`.
    sequence_parallel : Quantity
        Accelerators over which the rest is divided: as tensor_parallel, or 1 without sequence
        parallelism; a plain number.
    tensor_parallel : Quantity
        Accelerators that share a layer; a plain number.

    Returns
    -------
    Quantity
        Memory per token (byte/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = \frac{m_{\mathrm{replicated}}}{s} + \frac{m_{\mathrm{divided}}}{t}

    For GPT in bf16 with dropout: h (10 + 24/t + 5 a s / (h t)), with sequence parallelism
    h (34/t + 5 a s / (h t)).

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, table 2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     divided_activations_per_token(
    ...         replicated=le.quantity("122880 byte/token"),
    ...         divided=le.quantity("294912 byte/token"),
    ...         sequence_parallel=le.quantity(8),
    ...         tensor_parallel=le.quantity(8),
    ...     )
    ... )
    52,224 B/token
    """
    return replicated / sequence_parallel + divided / tensor_parallel
