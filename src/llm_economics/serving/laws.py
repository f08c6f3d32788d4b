"""Laws of serving: accelerator-time of a request, from throughput or from FLOP.

Two published ways to the energy of one query meet in the accelerator-time that it takes; from
there both go the same path through the boundaries.
"""

from __future__ import annotations

from typing import Annotated

from llm_economics.core.dimensions import (
    ComputationPerToken,
    ComputeRatePerAccelerator,
    Dimension,
    Energy,
    EnergyPerRequest,
    EnergyPerToken,
    MoneyPerTime,
    MoneyPerToken,
    Power,
    PowerPerAccelerator,
    PowerUsageEffectiveness,
    RequestRate,
    Share,
    Time,
    TokenRate,
    TokenRatePerAccelerator,
    TokensPerRequest,
    law,
)
from llm_economics.core.registry import Quantity

__all__ = [
    "accelerator_time_per_request",
    "accelerator_time_per_request_from_throughput",
    "cost_per_token",
    "energy_per_token",
    "request_energy",
    "training_share_per_request",
]

AcceleratorTimePerRequest = Annotated[
    Quantity,
    Dimension(
        name="accelerator-time per request",
        unit="accelerator*second/request",
        example="2 accelerator*second/request",
    ),
]


@law("accelerator*second/request")
def accelerator_time_per_request(
    *,
    tokens: TokensPerRequest,
    computation_per_token: ComputationPerToken,
    peak: ComputeRatePerAccelerator,
    model_flops_utilization: Share,
) -> AcceleratorTimePerRequest:
    r"""Accelerator-time that a request takes, from its FLOP.

    Parameters
    ----------
    tokens : Quantity
        Tokens processed for one request (token/request): of the input or of the output.
    computation_per_token : Quantity
        Forward pass of one token (FLOP/token): ``2 N_active`` and the attention term.
    peak : Quantity
        Dense peak of one accelerator (FLOP/s/accelerator).
    model_flops_utilization : Quantity
        Share of the peak that becomes model FLOP in this phase.

    Returns
    -------
    Quantity
        Accelerator-time (accelerator-seconds per request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \tau = \frac{L c}{P \, \mathrm{MFU}}

    Valid on the average over a batch. The utilization while writing is far below that of
    training, as decoding is bound by memory bandwidth.

    References
    ----------
    J. You, "How much energy does ChatGPT use?", Epoch AI, 2025 (the example).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     accelerator_time_per_request(
    ...         tokens=le.quantity("500 token/request"),
    ...         computation_per_token=le.quantity("200 GFLOP/token"),
    ...         peak=le.quantity("989 TFLOP/s/accelerator"),
    ...         model_flops_utilization=le.quantity(0.1),
    ...     )
    ... )
    1.01112 accelerator·s/request
    """
    return tokens * computation_per_token / (peak * model_flops_utilization)


@law("accelerator*second/request")
def accelerator_time_per_request_from_throughput(
    *, output_tokens: TokensPerRequest, throughput: TokenRatePerAccelerator
) -> AcceleratorTimePerRequest:
    r"""Accelerator-time that a request takes, from measured throughput.

    Parameters
    ----------
    output_tokens : Quantity
        Tokens written for one request (token/request).
    throughput : Quantity
        Output tokens per second and accelerator (token/s/accelerator), at the load and lengths
        of the workload; its time for reading the inputs is included in it.

    Returns
    -------
    Quantity
        Accelerator-time (accelerator-seconds per request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \tau = L_{\mathrm{out}} / R

    References
    ----------
    Oviedo et al., arXiv:2509.20241, equation for the energy of a query.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     accelerator_time_per_request_from_throughput(
    ...         output_tokens=le.quantity("500 token/request"),
    ...         throughput=le.quantity("407.185 token/s/accelerator"),
    ...     )
    ... )
    1.22794 accelerator·s/request
    """
    return output_tokens / throughput


@law("Wh/request")
def request_energy(
    *,
    accelerator_time: AcceleratorTimePerRequest,
    power: PowerPerAccelerator,
    load: Share,
    power_usage_effectiveness: PowerUsageEffectiveness,
) -> EnergyPerRequest:
    r"""Facility energy of a request, in one line.

    Parameters
    ----------
    accelerator_time : Quantity
        Accelerator-time of the request (accelerator-seconds per request).
    power : Quantity
        Rated power of the server per accelerator (W/accelerator).
    load : Quantity
        Share of that power which is drawn.
    power_usage_effectiveness : Quantity
        PUE, at least 1.

    Returns
    -------
    Quantity
        Energy (Wh per request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: E = \tau P f \, \mathrm{PUE}

    Idle machines and network are left out; `InferenceWorkload` counts them.

    References
    ----------
    J. You, "How much energy does ChatGPT use?", Epoch AI, 2025 (the example, 0.3 Wh).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     request_energy(
    ...         accelerator_time=le.quantity("1.01112 accelerator*second/request"),
    ...         power=le.quantity("1275 W/accelerator"),
    ...         load=le.quantity(0.7),
    ...         power_usage_effectiveness=le.quantity(1.2),
    ...     )
    ... )
    0.300808 Wh/request
    """
    return accelerator_time * power * load * power_usage_effectiveness


@law("joule/token")
def energy_per_token(*, power: Power, token_rate: TokenRate) -> EnergyPerToken:
    r"""Energy of one token, from power and token rate of a system.

    Parameters
    ----------
    power : Quantity
        Power inside the boundary that the result shall have (W).
    token_rate : Quantity
        Tokens per second of the same system: output tokens or all tokens, and the result is per
        token of that kind.

    Returns
    -------
    Quantity
        Energy per token (J/token).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: e = P / R

    "Tokens per watt" is its reciprocal: tokens per second and watt are tokens per joule.

    References
    ----------
    Definition; the example is NVIDIA's figure for one megawatt of Hopper accelerators.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(energy_per_token(power=le.quantity("1 MW"), token_rate=le.quantity("180000 token/s")))
    5.55556 J/token
    """
    return power / token_rate


@law("USD/Mtoken")
def cost_per_token(*, money_per_time: MoneyPerTime, token_rate: TokenRate) -> MoneyPerToken:
    r"""Cost of tokens, from the price of a system per hour and its token rate.

    Parameters
    ----------
    money_per_time : Quantity
        Price of the system (USD/hour).
    token_rate : Quantity
        Tokens per second that are used; for a system that stands idle part of the time, its
        rate at load times that share.

    Returns
    -------
    Quantity
        Cost (USD per million tokens).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: k = p / R

    References
    ----------
    NVIDIA, "LLM Inference Benchmarking: How Much Does Your LLM Inference Cost?", 2025.

    Examples
    --------
    >>> import llm_economics as le
    >>> cost = cost_per_token(
    ...     money_per_time=le.quantity("5 USD/hour"), token_rate=le.quantity("814.37 token/s")
    ... )
    >>> print(f"{cost:.3g}")
    1.71 USD/Mtoken
    """
    return money_per_time / token_rate


@law("Wh/request")
def training_share_per_request(
    *, training_energy: Energy, requests: RequestRate, lifetime: Time
) -> EnergyPerRequest:
    r"""Training energy spread over the requests of the model's life.

    Parameters
    ----------
    training_energy : Quantity
        Energy of the training (J), of the same boundary as that of the request.
    requests : Quantity
        Mean request rate over the life (request/s).
    lifetime : Quantity
        How long the trained model serves.

    Returns
    -------
    Quantity
        Energy (Wh per request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: e = \frac{E_{\mathrm{training}}}{q T}

    A convention of accounting: the consumer score of SCI for AI excludes training.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     training_share_per_request(
    ...         training_energy=le.quantity("50 GWh"),
    ...         requests=le.quantity("1e9 request/day"),
    ...         lifetime=le.quantity("500 day"),
    ...     )
    ... )
    0.1 Wh/request
    """
    return training_energy / (requests * lifetime)
