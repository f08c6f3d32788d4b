"""Laws of size: how many parameters a shape has, and how many of them a token passes through.

Counted: matrices of embedding, attention, feed-forward layers and routers, the scales of the
normalisations, and biases where every projection has one. Left out: biases of queries, keys and
values alone, of normalisations, and norms of single heads (below 0.1 % together); prediction of
further tokens, and whatever reads images or sound. Rejected: one formula for all, since no reader
could check it against a paper.
"""

from __future__ import annotations

from llm_economics.core.dimensions import Number, ParameterCount, law
from llm_economics.core.registry import Quantity, ureg

__all__ = [
    "PARAMETER",
    "active_parameters",
    "attention_parameters",
    "bias_parameters",
    "compressed_projection_parameters",
    "embedding_parameters",
    "feed_forward_parameters",
    "latent_attention_parameters",
    "normalization_parameters",
    "projection_parameters",
    "router_parameters",
    "total_parameters",
]

PARAMETER: Quantity = ureg.Quantity(1.0, "parameter")
"""What one element of a matrix is: one parameter."""


@law("parameter")
def embedding_parameters(
    *, vocabulary_size: Number, hidden_size: Number, tables: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of the input and output embeddings.

    Parameters
    ----------
    vocabulary_size, hidden_size : Quantity
        Tokens in the vocabulary and width of the model; plain numbers.
    tables : Quantity
        1 if input and output share one table (tied), 2 if not.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{embedding}} = k V H

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762, section 3.4.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     embedding_parameters(
    ...         vocabulary_size=le.quantity(128256),
    ...         hidden_size=le.quantity(4096),
    ...         tables=le.quantity(2),
    ...         element=PARAMETER,
    ...     ).to("Gparameter")
    ... )
    1.05067 Gparameter
    """
    return tables * vocabulary_size * hidden_size * element


@law("parameter")
def attention_parameters(
    *,
    hidden_size: Number,
    attention_heads: Number,
    key_value_heads: Number,
    head_dimension: Number,
    element: ParameterCount,
) -> ParameterCount:
    r"""Parameters of the attention of one layer: projections of queries, keys, values, output.

    Parameters
    ----------
    hidden_size, attention_heads, key_value_heads, head_dimension : Quantity
        Shape of the layer; plain numbers. If heads of values have another size than those of
        keys, the mean of both.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters of one layer (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{attention}} = 2 H d_h (n_q + n_{kv})

    With as many key and value heads as query heads this is four square matrices. Not valid for
    latent attention: see `latent_attention_parameters`.

    References
    ----------
    Ainslie et al., "GQA", arXiv:2305.13245.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     attention_parameters(
    ...         hidden_size=le.quantity(4096),
    ...         attention_heads=le.quantity(32),
    ...         key_value_heads=le.quantity(8),
    ...         head_dimension=le.quantity(128),
    ...         element=PARAMETER,
    ...     ).to("Mparameter")
    ... )
    41.943 Mparameter
    """
    return 2.0 * hidden_size * head_dimension * (attention_heads + key_value_heads) * element


@law("parameter")
def projection_parameters(
    *, inputs: Number, outputs: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of one projection: a matrix without bias.

    Parameters
    ----------
    inputs, outputs : Quantity
        Size of the vector that goes in and of the one that comes out; plain numbers.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{projection}} = n_{\mathrm{in}} n_{\mathrm{out}}

    References
    ----------
    Vaswani et al., "Attention is all you need", arXiv:1706.03762, section 3.2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     projection_parameters(
    ...         inputs=le.quantity(7168), outputs=le.quantity(64), element=PARAMETER
    ...     )
    ... )
    458,752 parameter
    """
    return inputs * outputs * element


@law("parameter")
def compressed_projection_parameters(
    *, inputs: Number, rank: Number, outputs: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of a projection through a narrow vector: one matrix down, one up.

    Parameters
    ----------
    inputs, outputs : Quantity
        Size of the vector that goes in and of the one that comes out; plain numbers.
    rank : Quantity
        Size of the narrow vector between; a plain number.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N = r (n_{\mathrm{in}} + n_{\mathrm{out}})

    References
    ----------
    DeepSeek-AI, "DeepSeek-V2", arXiv:2405.04434, section 2.1.2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     compressed_projection_parameters(
    ...         inputs=le.quantity(7168),
    ...         rank=le.quantity(1536),
    ...         outputs=le.quantity(128 * 192),
    ...         element=PARAMETER,
    ...     ).to("Mparameter")
    ... )
    48.7588 Mparameter
    """
    return rank * (inputs + outputs) * element


@law("parameter")
def latent_attention_parameters(
    *,
    queries: ParameterCount,
    keys_and_values: ParameterCount,
    rotary_key: ParameterCount,
    output: ParameterCount,
) -> ParameterCount:
    r"""Parameters of multi-head latent attention of one layer.

    Parameters
    ----------
    queries : Quantity
        Projection of queries, compressed or not (parameter).
    keys_and_values : Quantity
        Compressed projection of keys, without their rotary part, and values (parameter).
    rotary_key : Quantity
        Projection to the rotary part of the keys, which all heads share (parameter).
    output : Quantity
        Projection of the heads back to the width of the model (parameter).

    Returns
    -------
    Quantity
        Parameters of one layer (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math::

        N_{\mathrm{attention}} = r_q (H + n d_h) + r_{kv} (H + n (d_h - d_r + d_v))
        + H d_r + n d_v H

    with heads :math:`n`, whose queries and keys have :math:`d_h` elements, :math:`d_r` of them
    rotary, and whose values have :math:`d_v`. The four terms are the four arguments. Left out:
    the normalisations of the two narrow vectors.

    References
    ----------
    DeepSeek-AI, "DeepSeek-V2", arXiv:2405.04434, section 2.1 and appendix B.

    Examples
    --------
    The layer of DeepSeek-V3 (arXiv:2412.19437, section 4.2):

    >>> import llm_economics as le
    >>> heads, hidden = le.quantity(128), le.quantity(7168)
    >>> print(
    ...     latent_attention_parameters(
    ...         queries=compressed_projection_parameters(
    ...             inputs=hidden, rank=le.quantity(1536), outputs=192 * heads, element=PARAMETER
    ...         ),
    ...         keys_and_values=compressed_projection_parameters(
    ...             inputs=hidden, rank=le.quantity(512), outputs=256 * heads, element=PARAMETER
    ...         ),
    ...         rotary_key=projection_parameters(
    ...             inputs=hidden, outputs=le.quantity(64), element=PARAMETER
    ...         ),
    ...         output=projection_parameters(inputs=128 * heads, outputs=hidden, element=PARAMETER),
    ...     ).to("Mparameter")
    ... )
    187.105 Mparameter
    """
    return queries + keys_and_values + rotary_key + output


@law("parameter")
def feed_forward_parameters(
    *, hidden_size: Number, intermediate_size: Number, matrices: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of one feed-forward layer, or of one expert.

    Parameters
    ----------
    hidden_size, intermediate_size : Quantity
        Width outside and inside; plain numbers.
    matrices : Quantity
        3 if gated, 2 if plain.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{feed\,forward}} = k H F

    References
    ----------
    Shazeer, "GLU variants improve transformer", arXiv:2002.05202.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     feed_forward_parameters(
    ...         hidden_size=le.quantity(4096),
    ...         intermediate_size=le.quantity(14336),
    ...         matrices=le.quantity(3),
    ...         element=PARAMETER,
    ...     ).to("Mparameter")
    ... )
    176.161 Mparameter
    """
    return matrices * hidden_size * intermediate_size * element


@law("parameter")
def bias_parameters(
    *, hidden_size: Number, inner_size: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of the biases of an attention or feed-forward block.

    Parameters
    ----------
    hidden_size : Quantity
        Width of the model: the last projection of the block has so many; a plain number.
    inner_size : Quantity
        Elements that the other projections of the block give together: all queries, keys and
        values, or one or two times the inner width; a plain number.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{bias}} = H + I

    References
    ----------
    Radford et al., "Language models are unsupervised multitask learners" (2019), whose code
    gives every projection a bias.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     bias_parameters(
    ...         hidden_size=le.quantity(768), inner_size=le.quantity(3072), element=PARAMETER
    ...     )
    ... )
    3,840 parameter
    """
    return (hidden_size + inner_size) * element


@law("parameter")
def normalization_parameters(
    *, hidden_size: Number, layers: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of the normalisations: two per layer and one at the end, scales only.

    Parameters
    ----------
    hidden_size, layers : Quantity
        Shape; plain numbers.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{norm}} = (2 L + 1) H

    References
    ----------
    Zhang and Sennrich, "Root mean square layer normalization", arXiv:1910.07467.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     normalization_parameters(
    ...         hidden_size=le.quantity(4096), layers=le.quantity(32), element=PARAMETER
    ...     )
    ... )
    266,240 parameter
    """
    return (2.0 * layers + 1.0) * hidden_size * element


@law("parameter")
def router_parameters(
    *, hidden_size: Number, experts: Number, element: ParameterCount
) -> ParameterCount:
    r"""Parameters of the router of one layer, which picks experts for a token.

    Parameters
    ----------
    hidden_size, experts : Quantity
        Width of the model and experts per layer; plain numbers.
    element : Quantity
        What one element is (parameter): `PARAMETER`.

    Returns
    -------
    Quantity
        Parameters of one layer (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{router}} = H E

    References
    ----------
    Shazeer et al., arXiv:1701.06538, section 2.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     router_parameters(
    ...         hidden_size=le.quantity(4096), experts=le.quantity(8), element=PARAMETER
    ...     )
    ... )
    32,768 parameter
    """
    return hidden_size * experts * element


@law("parameter")
def total_parameters(
    *,
    layers: Number,
    attention: ParameterCount,
    feed_forward: ParameterCount,
    experts: Number,
    shared: ParameterCount,
) -> ParameterCount:
    r"""All parameters of a model: they decide its memory.

    Parameters
    ----------
    layers : Quantity
        Transformer blocks; a plain number.
    attention : Quantity
        Parameters of one layer's attention and router (parameter).
    feed_forward : Quantity
        Parameters of one layer's feed-forward part, or of one expert (parameter).
    experts : Quantity
        Experts per layer; 1 for a dense model.
    shared : Quantity
        Embeddings and normalisations (parameter).

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N = L (a + E f) + s

    Valid if all layers have one shape. A model whose first layers are dense is the sum of both
    kinds of layers. Experts that every token passes through count as experts.

    References
    ----------
    Jiang et al., "Mixtral of experts", arXiv:2401.04088 (the example).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     total_parameters(
    ...         layers=le.quantity(32),
    ...         attention=le.quantity("41.98 Mparameter"),
    ...         feed_forward=le.quantity("176.16 Mparameter"),
    ...         experts=le.quantity(8),
    ...         shared=le.quantity("262.4 Mparameter"),
    ...     ).to("Gparameter")
    ... )
    46.7027 Gparameter
    """
    return layers * (attention + experts * feed_forward) + shared


@law("parameter")
def active_parameters(
    *,
    layers: Number,
    attention: ParameterCount,
    feed_forward: ParameterCount,
    active_experts: Number,
    shared: ParameterCount,
) -> ParameterCount:
    r"""Parameters that each token passes through: they decide FLOP.

    Parameters
    ----------
    layers : Quantity
        Transformer blocks; a plain number.
    attention : Quantity
        Parameters of one layer's attention and router (parameter).
    feed_forward : Quantity
        Parameters of one expert (parameter).
    active_experts : Quantity
        Experts that a token passes through in each layer; 1 for a dense model.
    shared : Quantity
        Embeddings and normalisations (parameter). Some authors leave the input table out, as it
        is looked up and not multiplied.

    Returns
    -------
    Quantity
        Parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{active}} = L (a + E_{\mathrm{active}} f) + s

    Experts that every token passes through are active.

    References
    ----------
    Jiang et al., "Mixtral of experts", arXiv:2401.04088 (the example).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     active_parameters(
    ...         layers=le.quantity(32),
    ...         attention=le.quantity("41.98 Mparameter"),
    ...         feed_forward=le.quantity("176.16 Mparameter"),
    ...         active_experts=le.quantity(2),
    ...         shared=le.quantity("262.4 Mparameter"),
    ...     ).to("Gparameter")
    ... )
    12.88 Gparameter
    """
    return layers * (attention + active_experts * feed_forward) + shared
