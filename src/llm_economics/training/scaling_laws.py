"""Laws of scaling: loss from parameters and tokens, and the best split of a compute budget.

Parameters N and tokens D enter the fitted laws as plain numbers, in units of one parameter and one
token, as the papers have it; `ScalingLaw` takes and returns quantities. A coefficient with a unit
such as parameter**0.34 was rejected: its exponent is itself a range.
"""

from __future__ import annotations

from typing import Annotated

from llm_economics.core.dimensions import (
    Computation,
    Dimension,
    Number,
    ParameterCount,
    Share,
    TokenCount,
    law,
)
from llm_economics.core.functions import exp, maximum, minimum, sqrt
from llm_economics.core.registry import Quantity
from llm_economics.transformer.laws import PerParameter

__all__ = [
    "ParameterTokens",
    "TokensPerParameter",
    "compute_balance",
    "compute_exponent",
    "compute_optimal_size",
    "effective_tokens",
    "parameter_tokens",
    "parameters_at_ratio",
    "pretraining_loss",
    "scaling_size",
    "scaling_term",
    "tokens_per_parameter",
]

ParameterTokens = Annotated[
    Quantity,
    Dimension(
        name="parameters times tokens", unit="parameter*token", example="1e23 parameter*token"
    ),
]
"""Product of parameters and tokens: computation over 6 FLOP."""

TokensPerParameter = Annotated[
    Quantity,
    Dimension(name="tokens per parameter", unit="token/parameter", example="20 token/parameter"),
]
"""Training tokens over parameters."""


@law("dimensionless")
def scaling_term(*, coefficient: Number, size: Number, exponent: Number) -> Number:
    r"""Loss that is due to a finite number of parameters, or to a finite number of tokens.

    Parameters
    ----------
    coefficient : Quantity
        A of the parameters or B of the tokens; a plain number.
    size : Quantity
        Number of parameters or of tokens; a plain number.
    exponent : Quantity
        alpha of the parameters or beta of the tokens; a plain number.

    Returns
    -------
    Quantity
        Loss (nat per token; a plain number).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \Delta L = \frac{A}{N^\alpha}

    Fitted from 70 million to 16 billion parameters and 5 to 500 billion tokens; beyond it is an
    extrapolation.

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, section 3.3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     scaling_term(
    ...         coefficient=le.quantity(406.4),
    ...         size=le.quantity(70e9),
    ...         exponent=le.quantity(0.34),
    ...     )
    ... )
    0.0834873
    """
    return coefficient / size**exponent


@law("dimensionless")
def scaling_size(*, coefficient: Number, loss: Number, exponent: Number) -> Number:
    r"""Parameters, or tokens, that leave a given loss: `scaling_term` solved for the size.

    Parameters
    ----------
    coefficient : Quantity
        A of the parameters or B of the tokens; a plain number.
    loss : Quantity
        Loss that their finite number may cause (nat per token); more than zero.
    exponent : Quantity
        alpha of the parameters or beta of the tokens; a plain number.

    Returns
    -------
    Quantity
        Number of parameters or of tokens; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N = \left( \frac{A}{\Delta L} \right)^{1/\alpha}

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, section 3.3, solved for N.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     scaling_size(
    ...         coefficient=le.quantity(400),
    ...         loss=le.quantity(0.04),
    ...         exponent=le.quantity(0.5),
    ...     )
    ... )
    1e8
    """
    return (coefficient / loss) ** (1.0 / exponent)


@law("dimensionless")
def pretraining_loss(*, irreducible: Number, of_parameters: Number, of_tokens: Number) -> Number:
    r"""Loss after one pass over the training tokens.

    Parameters
    ----------
    irreducible : Quantity
        Loss that no model can go below, E (nat per token).
    of_parameters : Quantity
        What the finite number of parameters adds: `scaling_term`.
    of_tokens : Quantity
        What the finite number of tokens adds: `scaling_term`.

    Returns
    -------
    Quantity
        Cross-entropy (nat per token; a plain number).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: L(N, D) = E + \frac{A}{N^\alpha} + \frac{B}{D^\beta}

    Losses of two laws cannot be compared: each has its own text and its own tokenizer.

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, equation 2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     pretraining_loss(
    ...         irreducible=le.quantity(1.69),
    ...         of_parameters=le.quantity(0.08),
    ...         of_tokens=le.quantity(0.16),
    ...     )
    ... )
    1.93
    """
    return irreducible + of_parameters + of_tokens


@law("dimensionless")
def compute_exponent(*, exponent: Number, other_exponent: Number) -> Share:
    r"""How parameters, or tokens, grow with the compute budget.

    Parameters
    ----------
    exponent : Quantity
        Exponent of what grows: alpha for parameters, beta for tokens.
    other_exponent : Quantity
        Exponent of the other one.

    Returns
    -------
    Quantity
        Exponent a of N ~ C^a, or b of D ~ C^b; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: a = \frac{\beta}{\alpha + \beta}

    The same number is the share of the reducible loss that is due to the parameters (or tokens)
    where training alone is optimal. Approaches 1 and 2 of the paper find 0.50 and 0.49 for the
    parameters, its approach 3 0.46.

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, equation 4.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = compute_exponent(exponent=le.quantity(0.3392), other_exponent=le.quantity(0.2849))
    >>> print(f"{found:.3g}")
    0.456
    """
    return other_exponent / (exponent + other_exponent)


@law("dimensionless")
def compute_balance(
    *,
    parameter_coefficient: Number,
    token_coefficient: Number,
    parameter_exponent: Number,
    token_exponent: Number,
) -> Number:
    r"""Prefactor G of the compute-optimal number of parameters.

    Parameters
    ----------
    parameter_coefficient, token_coefficient : Quantity
        A and B; plain numbers.
    parameter_exponent, token_exponent : Quantity
        alpha and beta; plain numbers.

    Returns
    -------
    Quantity
        G; a plain number. The prefactor of the tokens is 1 / G.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: G = \left( \frac{\alpha A}{\beta B} \right)^{1 / (\alpha + \beta)}

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, equation 4.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = compute_balance(
    ...     parameter_coefficient=le.quantity(406.4),
    ...     token_coefficient=le.quantity(410.7),
    ...     parameter_exponent=le.quantity(0.34),
    ...     token_exponent=le.quantity(0.28),
    ... )
    >>> print(f"{found:.3g}")
    1.34
    """
    odds = parameter_exponent * parameter_coefficient / (token_exponent * token_coefficient)
    return odds ** (1.0 / (parameter_exponent + token_exponent))


@law("dimensionless")
def compute_optimal_size(*, pairs: Number, balance: Number, exponent: Share) -> Number:
    r"""Parameters, or tokens, that give the lowest loss for a compute budget.

    Parameters
    ----------
    pairs : Quantity
        Parameters times tokens that the budget allows, C / 6; a plain number.
    balance : Quantity
        G of `compute_balance` for parameters, 1 / G for tokens.
    exponent : Quantity
        `compute_exponent` of parameters or of tokens.

    Returns
    -------
    Quantity
        Number of parameters or of tokens; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N_{\mathrm{opt}} = G \left( \frac{C}{6} \right)^a

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, equation 4.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = compute_optimal_size(
    ...     pairs=le.quantity(9.6e22), balance=le.quantity(1.3), exponent=le.quantity(0.4565)
    ... )
    >>> print(f"{found:.3g}")
    4.03e10
    """
    return balance * pairs**exponent


@law("parameter*token")
def parameter_tokens(
    *, computation: Computation, computation_per_parameter: PerParameter
) -> ParameterTokens:
    r"""Parameters times tokens that a compute budget allows.

    Parameters
    ----------
    computation : Quantity
        Compute budget of the training (FLOP).
    computation_per_parameter : Quantity
        FLOP per parameter and token; 6 for forward and backward pass.

    Returns
    -------
    Quantity
        Product (parameter*token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N D = \frac{C}{6}

    Attention is left out: some 5 % more at a context of 8192 tokens.

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     parameter_tokens(
    ...         computation=le.quantity("6e23 FLOP"),
    ...         computation_per_parameter=le.quantity("6 FLOP/parameter/token"),
    ...     )
    ... )
    1e23 parameter·token
    """
    return computation / computation_per_parameter


@law("parameter")
def parameters_at_ratio(
    *, parameter_tokens: ParameterTokens, tokens_per_parameter: TokensPerParameter
) -> ParameterCount:
    r"""Parameters for a compute budget at a fixed number of tokens per parameter.

    Parameters
    ----------
    parameter_tokens : Quantity
        Parameters times tokens (parameter*token).
    tokens_per_parameter : Quantity
        Tokens per parameter (token/parameter); 20 is the rule of thumb.

    Returns
    -------
    Quantity
        Number of parameters (parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: N = \sqrt{\frac{C / 6}{r}}

    Both grow as the square root of the budget, as approaches 1 and 2 of the paper find; its
    table has 20.0 tokens per parameter at 0.4 billion parameters and 22 at 67 billion.

    References
    ----------
    Hoffmann et al., arXiv:2203.15556, sections 3.1 and 3.2, tables 2 and 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = parameters_at_ratio(
    ...     parameter_tokens=le.quantity("9.6e22 parameter*token"),
    ...     tokens_per_parameter=le.quantity("20 token/parameter"),
    ... )
    >>> print(f"{found.to('Gparameter'):.3g}")
    69.3 Gparameter
    """
    return sqrt(parameter_tokens / tokens_per_parameter)  # type: ignore[no-any-return]


@law("token/parameter")
def tokens_per_parameter(*, tokens: TokenCount, parameters: ParameterCount) -> TokensPerParameter:
    r"""Training tokens per parameter.

    Parameters
    ----------
    tokens : Quantity
        Training tokens (token).
    parameters : Quantity
        Parameters of the model (parameter).

    Returns
    -------
    Quantity
        Ratio (token/parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: r = \frac{D}{N}

    References
    ----------
    Definition; the example is Chinchilla, Hoffmann et al., arXiv:2203.15556, table 4.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     tokens_per_parameter(
    ...         tokens=le.quantity("1.4 Ttoken"), parameters=le.quantity("70 Gparameter")
    ...     )
    ... )
    20 token/parameter
    """
    return tokens / parameters


@law("token")
def effective_tokens(*, unique_tokens: TokenCount, tokens: TokenCount, decay: Number) -> TokenCount:
    r"""Fresh tokens that are worth as much as tokens of which some were seen more than once.

    Parameters
    ----------
    unique_tokens : Quantity
        Different tokens at hand (token).
    tokens : Quantity
        Tokens seen in training (token), each epoch counted.
    decay : Quantity
        Repetitions after which a token has lost 63 % of its worth, R*; a plain number, 15.39 in
        the paper.

    Returns
    -------
    Quantity
        Effective tokens (token), to put for D in a scaling law.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: D' = U + U R^* \left( 1 - e^{-(D/U - 1) / R^*} \right)

    For fewer tokens than there are, D' = D. Fitted up to 9 billion parameters and 900 billion
    tokens; four epochs are nearly as good as fresh text. Too many parameters for the unique
    tokens cost as well, which is not in it.

    References
    ----------
    Muennighoff et al., "Scaling data-constrained language models", arXiv:2305.16264, section 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = effective_tokens(
    ...     unique_tokens=le.quantity("100 Gtoken"),
    ...     tokens=le.quantity("400 Gtoken"),
    ...     decay=le.quantity(15.39),
    ... )
    >>> print(f"{found.to('Gtoken'):.4g}")
    372.6 Gtoken
    """
    repetitions = maximum(tokens / unique_tokens, 1.0) - 1.0
    gained: TokenCount = decay * (1.0 - exp(-repetitions / decay))
    return minimum(unique_tokens, tokens) * (1.0 + gained)  # type: ignore[no-any-return]
