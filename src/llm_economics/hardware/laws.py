"""First laws of hardware: the ridge of the roofline and the time a computation takes."""

from __future__ import annotations

from typing import Annotated

from llm_economics.core.dimensions import (
    AcceleratorTime,
    Bandwidth,
    Computation,
    ComputeRate,
    ComputeRatePerAccelerator,
    Dimension,
    Power,
    Share,
    law,
)
from llm_economics.core.registry import Quantity

__all__ = ["accelerator_time", "partial_load_power", "ridge_point"]

ArithmeticIntensity = Annotated[
    Quantity, Dimension(name="arithmetic intensity", unit="FLOP/byte", example="295 FLOP/byte")
]


@law("FLOP/byte")
def ridge_point(*, peak: ComputeRate, memory_bandwidth: Bandwidth) -> ArithmeticIntensity:
    r"""Arithmetic intensity above which an accelerator is bound by computation.

    Parameters
    ----------
    peak : Quantity
        Dense peak compute rate (FLOP/s).
    memory_bandwidth : Quantity
        Peak memory bandwidth (byte/s).

    Returns
    -------
    Quantity
        Intensity at the ridge of the roofline (FLOP/byte).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: I^* = P / B

    Valid for work that reads each byte once from memory; caches move the ridge.

    References
    ----------
    Williams, Waterman, Patterson, "Roofline", Communications of the ACM 52(4), 2009.

    Examples
    --------
    >>> import llm_economics as le
    >>> h100 = le.accelerators["H100 SXM"]
    >>> print(ridge_point(peak=h100.peak("bf16"), memory_bandwidth=h100.memory_bandwidth))
    295.343 FLOP/B
    """
    return peak / memory_bandwidth


@law("accelerator*hour")
def accelerator_time(
    *,
    computation: Computation,
    peak: ComputeRatePerAccelerator,
    model_flops_utilization: Share,
) -> AcceleratorTime:
    r"""Accelerator-hours that a computation takes.

    Parameters
    ----------
    computation : Quantity
        Model FLOP of the work (FLOP), recomputation not counted.
    peak : Quantity
        Dense peak of one accelerator (FLOP/s/accelerator).
    model_flops_utilization : Quantity
        Share of the peak that becomes model FLOP, 0 to 1.

    Returns
    -------
    Quantity
        Accelerator-time (accelerator-hours).

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the utilization is outside [0, 1].

    Notes
    -----
    .. math:: n t = C / (P \cdot \mathrm{MFU})

    Valid when peak and utilization refer to the same number format, dense.

    References
    ----------
    Chowdhery et al., "PaLM", arXiv:2204.02311, appendix B (definition of MFU).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     accelerator_time(
    ...         computation=le.quantity("3.6e21 FLOP"),
    ...         peak=le.quantity("1000 TFLOP/s/accelerator"),
    ...         model_flops_utilization=le.quantity(0.4),
    ...     )
    ... )
    2,500 accelerator·h
    """
    return computation / (peak * model_flops_utilization)


@law("watt")
def partial_load_power(*, idle: Power, loaded: Power, busy: Share) -> Power:
    r"""Mean power of a machine that works for a share of the time.

    Parameters
    ----------
    idle : Quantity
        Power at rest (W).
    loaded : Quantity
        Power while it works (W).
    busy : Quantity
        Share of the time at work, 0 to 1.

    Returns
    -------
    Quantity
        Mean power (W).

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the share is outside [0, 1].

    Notes
    -----
    .. math:: \bar P = P_{\mathrm{idle}} + (P_{\mathrm{loaded}} - P_{\mathrm{idle}}) u

    Valid for machines that wait at rest; accelerators that wait in a loop draw more.

    References
    ----------
    Fan, Weber, Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     partial_load_power(
    ...         idle=le.quantity("2 kW"), loaded=le.quantity("7 kW"), busy=le.quantity(0.8)
    ...     ).to("kW")
    ... )
    6 kW
    """
    return idle + (loaded - idle) * busy
