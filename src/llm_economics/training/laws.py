"""Laws of training: how long a run takes, and which utilization a run had."""

from __future__ import annotations

from llm_economics.core.dimensions import (
    AcceleratorCount,
    AcceleratorTime,
    Computation,
    ComputeRatePerAccelerator,
    Share,
    Time,
    law,
)

__all__ = ["model_flops_utilization", "training_duration"]


@law("day")
def training_duration(
    *, accelerator_time: AcceleratorTime, accelerators: AcceleratorCount, goodput: Share
) -> Time:
    r"""Wall time of a training run.

    Parameters
    ----------
    accelerator_time : Quantity
        Productive accelerator-hours.
    accelerators : Quantity
        Accelerators working together.
    goodput : Quantity
        Share of the wall time that makes progress: restarts, evaluation and stragglers excluded.

    Returns
    -------
    Quantity
        Duration (day).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: T = \frac{n t}{n \, g}

    References
    ----------
    Definition; the example is JetMoE, Shen et al., arXiv:2404.07413.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     training_duration(
    ...         accelerator_time=le.quantity("30000 accelerator*hour"),
    ...         accelerators=le.quantity("96 accelerator"),
    ...         goodput=le.quantity(1.0),
    ...     )
    ... )
    13.0208 day
    """
    return accelerator_time / (accelerators * goodput)


@law("dimensionless")
def model_flops_utilization(
    *,
    computation: Computation,
    accelerator_time: AcceleratorTime,
    peak: ComputeRatePerAccelerator,
) -> Share:
    r"""Share of the dense peak that became model FLOP (MFU).

    Parameters
    ----------
    computation : Quantity
        Model FLOP of the run (FLOP), recomputation not counted.
    accelerator_time : Quantity
        Accelerator-hours that it took.
    peak : Quantity
        Dense peak of one accelerator in the number format used (FLOP/s/accelerator).

    Returns
    -------
    Quantity
        Utilization; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \mathrm{MFU} = \frac{C}{n t P}

    Above 1 means that the hours, the FLOP or the peak are wrong, or the peak is of another format.

    References
    ----------
    Chowdhery et al., "PaLM", arXiv:2204.02311, appendix B.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     model_flops_utilization(
    ...         computation=le.quantity("4.8e24 FLOP"),
    ...         accelerator_time=le.quantity("13760 accelerator") * le.quantity("48 day"),
    ...         peak=le.quantity("312 TFLOP/s/accelerator"),
    ...     ).to("%")
    ... )
    26.9596 %
    """
    return computation / (accelerator_time * peak)
