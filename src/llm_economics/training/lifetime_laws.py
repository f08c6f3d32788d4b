"""Laws of a model's whole life: training and inference weighed against each other.

At a fixed loss a smaller model needs more training tokens, and each token that it serves costs
less. Where the sum is lowest follows from one equation with one unknown, the share of the
reducible loss that is left to the tokens. Searching over N was rejected: the share lies between
two known ends whatever the budget, and Newton's steps on it need no guard.
"""

from __future__ import annotations

from typing import Annotated

from llm_economics.core.dimensions import (
    Computation,
    ComputeRatePerAccelerator,
    Dimension,
    MoneyPerAcceleratorTime,
    Number,
    ParameterCount,
    Share,
    TokenCount,
    law,
)
from llm_economics.core.functions import exp, log, maximum, minimum
from llm_economics.core.registry import Quantity
from llm_economics.transformer.laws import PerParameter

__all__ = [
    "MoneyPerComputation",
    "computation_of_tokens",
    "inference_demand",
    "lifetime_computation",
    "lifetime_token_share",
    "price_of_computation",
]

MoneyPerComputation = Annotated[
    Quantity,
    Dimension(name="a price of computation", unit="USD/FLOP", example="1.4 USD/EFLOP"),
]
"""Money per model FLOP."""

# Seven steps reach the last digit for every demand from 1e-12 to 1e30; one more to be safe.
_NEWTON_STEPS = 8


@law("FLOP")
def computation_of_tokens(
    *, computation_per_parameter: PerParameter, parameters: ParameterCount, tokens: TokenCount
) -> Computation:
    r"""FLOP of the weights for a number of tokens, in training or in inference.

    Parameters
    ----------
    computation_per_parameter : Quantity
        FLOP per parameter and token: 6 in training, 2 in inference.
    parameters : Quantity
        Parameters that each token passes through (parameter).
    tokens : Quantity
        Tokens trained on, or tokens read and written while serving (token).

    Returns
    -------
    Quantity
        Computation (FLOP).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: C = k N D

    Attention is left out; at long context it adds much to inference.

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     computation_of_tokens(
    ...         computation_per_parameter=le.quantity("2 FLOP/parameter/token"),
    ...         parameters=le.quantity("13 Gparameter"),
    ...         tokens=le.quantity("2 Ttoken"),
    ...     )
    ... )
    5.2e22 FLOP
    """
    return computation_per_parameter * parameters * tokens


@law("FLOP")
def lifetime_computation(
    *, training: Computation, inference: Computation, inference_weight: Number
) -> Computation:
    r"""Computation of training and inference, in FLOP of training.

    Parameters
    ----------
    training : Quantity
        Computation of the training (FLOP).
    inference : Quantity
        Computation of all inference over the life of the model (FLOP).
    inference_weight : Quantity
        Cost of one FLOP of inference over that of one FLOP of training; 1 counts FLOP alone.

    Returns
    -------
    Quantity
        Weighted sum (FLOP).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: C = C_{\mathrm{training}} + w \, C_{\mathrm{inference}}

    With w the ratio of two `price_of_computation` the sum is proportional to the cost.

    References
    ----------
    Sardana et al., arXiv:2401.00448, sections 2 and 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     lifetime_computation(
    ...         training=le.quantity("5e22 FLOP"),
    ...         inference=le.quantity("2e22 FLOP"),
    ...         inference_weight=le.quantity(2.5),
    ...     )
    ... )
    1e23 FLOP
    """
    return training + inference_weight * inference


@law("dimensionless")
def inference_demand(
    *,
    inference: PerParameter,
    inference_tokens: TokenCount,
    training: PerParameter,
    tokens: TokenCount,
    inference_weight: Number,
) -> Number:
    r"""Inference over training, for the fewest tokens that could reach the loss at all.

    Parameters
    ----------
    inference : Quantity
        FLOP per parameter and token of inference; 2.
    inference_tokens : Quantity
        Tokens read and written over the life of the model (token).
    training : Quantity
        FLOP per parameter and token of training; 6.
    tokens : Quantity
        Training tokens with which a model without end reaches the loss (token).
    inference_weight : Quantity
        Cost of one FLOP of inference over that of one FLOP of training; a plain number.

    Returns
    -------
    Quantity
        Demand; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \rho = \frac{w \, 2 D_{\mathrm{inference}}}{6 D_\infty}

    References
    ----------
    Sardana et al., arXiv:2401.00448, section 2, in other variables.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     inference_demand(
    ...         inference=le.quantity("2 FLOP/parameter/token"),
    ...         inference_tokens=le.quantity("3 Ttoken"),
    ...         training=le.quantity("6 FLOP/parameter/token"),
    ...         tokens=le.quantity("0.1 Ttoken"),
    ...         inference_weight=le.quantity(1),
    ...     )
    ... )
    10
    """
    return inference_weight * inference * inference_tokens / (training * tokens)


@law("dimensionless")
def lifetime_token_share(
    *, parameter_exponent: Number, token_exponent: Number, demand: Number
) -> Share:
    r"""Share of the reducible loss left to the tokens, where training and inference cost least.

    Parameters
    ----------
    parameter_exponent, token_exponent : Quantity
        alpha and beta of the scaling law; plain numbers, more than zero.
    demand : Quantity
        `inference_demand`; a plain number, 0 for training alone.

    Returns
    -------
    Quantity
        Share y of the reducible loss; a plain number. It falls as the demand grows.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: (\alpha + \beta) \, y + \beta \rho \, y^{1 + 1/\beta} = \alpha

    With L' the reducible loss, N and D follow from the two terms (1 - y) L' and y L', and the
    equation says that 6 N D + 2 w N D_inference does not change to first order. Its logarithm is
    convex and nearly straight in ln y, so that eight Newton steps from the solution for training
    alone reach the last digit; as their number is fixed, the same formula runs on arrays and
    records itself on ranges. For those, quantiles are right and bounds are true but wide.

    References
    ----------
    Sardana et al., arXiv:2401.00448, section 2, who solve for N.

    Examples
    --------
    >>> import llm_economics as le
    >>> alpha, beta = le.quantity(0.3), le.quantity(0.2)
    >>> alone = le.quantity(0)
    >>> print(lifetime_token_share(parameter_exponent=alpha, token_exponent=beta, demand=alone))
    0.6
    >>> much = le.quantity(100)
    >>> found = lifetime_token_share(parameter_exponent=alpha, token_exponent=beta, demand=much)
    >>> print(f"{found:.3g}")
    0.41
    """
    power = 1.0 + 1.0 / token_exponent
    slope = parameter_exponent + token_exponent
    pull = token_exponent * demand
    highest = parameter_exponent / slope
    lowest = parameter_exponent / (slope + pull * highest ** (power - 1.0))
    share = highest
    for _ in range(_NEWTON_STEPS):
        linear, steep = slope * share, pull * share**power
        both = linear + steep
        step = log(parameter_exponent / both) * both / (linear + power * steep)
        # No step leaves these ends; that it is said keeps the bounds of ranges finite.
        share = maximum(minimum(share * exp(step), highest), lowest)
    return share


@law("USD/EFLOP")
def price_of_computation(
    *, price: MoneyPerAcceleratorTime, peak: ComputeRatePerAccelerator, utilization: Share
) -> MoneyPerComputation:
    r"""Money for one model FLOP on accelerators that are paid by the hour.

    Parameters
    ----------
    price : Quantity
        Price of an accelerator-hour (USD/accelerator/hour).
    peak : Quantity
        Dense peak of one accelerator (FLOP/s/accelerator).
    utilization : Quantity
        Share of the peak that becomes model FLOP (MFU), over all hours paid; a plain number.

    Returns
    -------
    Quantity
        Price (USD/EFLOP).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: p = \frac{\mathrm{price}}{P \cdot \mathrm{MFU}}

    The price of inference over that of training is the weight of `lifetime_computation`. Writing
    tokens one at a time has a far lower utilization than reading them.

    References
    ----------
    Sardana et al., arXiv:2401.00448, section 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = price_of_computation(
    ...     price=le.quantity("1.8 USD/accelerator/hour"),
    ...     peak=le.quantity("1 PFLOP/s/accelerator"),
    ...     utilization=le.quantity(0.5),
    ... )
    >>> print(found)
    1 USD/EFLOP
    """
    return price / (peak * utilization)
