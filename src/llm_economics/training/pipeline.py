"""Laws of pipeline parallelism: idle time, micro-batches in flight, time of a step.

A pipeline of p stages works on m micro-batches in turn. It idles while it fills and drains, and
its first stage keeps the activations of all micro-batches that are under way. The schedule is
"one forward, one backward" (1F1B), interleaved if each accelerator has several virtual stages.
Rejected: schedules that split the backward pass (zero-bubble, DualPipe); they need the times of
its parts, which no source gives for a model before it runs.
"""

from __future__ import annotations

from typing import Any

from llm_economics.core.dimensions import Number, Share, Time, formula, law
from llm_economics.core.functions import less, minimum, where

__all__ = [
    "interleaved_micro_batches",
    "micro_batches_in_flight",
    "pipeline_bubble",
    "pipeline_bubble_share",
    "step_time",
]


@law("dimensionless")
def pipeline_bubble(
    *, pipeline_parallel: Number, micro_batches: Number, virtual_stages: Number
) -> Number:
    r"""Idle time of a pipeline over the time in which it works.

    Parameters
    ----------
    pipeline_parallel : Quantity
        Stages, p; a plain number.
    micro_batches : Quantity
        Micro-batches of a step that pass through, m; a plain number.
    virtual_stages : Quantity
        Parts of the model on each accelerator, v; 1 without interleaving.

    Returns
    -------
    Quantity
        Bubble over ideal time; a plain number, above 1 if there are few micro-batches.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: b = \frac{p - 1}{m v}

    Valid for 1F1B, where all stages take the same time and sending is hidden.

    References
    ----------
    Narayanan et al., "Efficient Large-Scale Language Model Training on GPU Clusters Using
    Megatron-LM", arXiv:2104.04473, section 2.2.

    Examples
    --------
    >>> print(
    ...     pipeline_bubble(
    ...         pipeline_parallel=le.quantity(8),
    ...         micro_batches=le.quantity(32),
    ...         virtual_stages=le.quantity(2),
    ...     ).to("%")
    ... )
    10.9375 %
    """
    return (pipeline_parallel - 1.0) / (micro_batches * virtual_stages)


@law("dimensionless")
def pipeline_bubble_share(
    *, pipeline_parallel: Number, micro_batches: Number, virtual_stages: Number
) -> Share:
    r"""Idle time of a pipeline over the whole time.

    Parameters
    ----------
    pipeline_parallel : Quantity
        Stages, p; a plain number.
    micro_batches : Quantity
        Micro-batches of a step that pass through, m; a plain number.
    virtual_stages : Quantity
        Parts of the model on each accelerator, v; 1 without interleaving.

    Returns
    -------
    Quantity
        Share of the time; a plain number below 1.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: s = \frac{p - 1}{m v + p - 1} = \frac{b}{1 + b}

    with b from `pipeline_bubble`, and valid as that is.

    References
    ----------
    Huang et al., "GPipe", arXiv:1811.06965, section 2.3; Narayanan et al., arXiv:2104.04473,
    section 2.2.

    Examples
    --------
    >>> print(
    ...     pipeline_bubble_share(
    ...         pipeline_parallel=le.quantity(8),
    ...         micro_batches=le.quantity(32),
    ...         virtual_stages=le.quantity(1),
    ...     ).to("%")
    ... )
    17.9487 %
    """
    idle = pipeline_parallel - 1.0
    return idle / (micro_batches * virtual_stages + idle)


@law("dimensionless")
def interleaved_micro_batches(*, pipeline_parallel: Number, virtual_stages: Number) -> Number:
    r"""Micro-batches whose activations the first stage keeps in an interleaved schedule.

    Parameters
    ----------
    pipeline_parallel : Quantity
        Stages, p; a plain number.
    virtual_stages : Quantity
        Parts of the model on each accelerator, v; 2 or more.

    Returns
    -------
    Quantity
        Micro-batches, in activations of all layers of the stage; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: k = p \left( 1 + \frac{p - 1}{p v} \right)

    Not valid for v = 1, where 1F1B keeps p; `micro_batches_in_flight` takes either, and no more
    than there are.

    References
    ----------
    Korthikanti et al., "Reducing Activation Recomputation in Large Transformer Models",
    arXiv:2205.05198, section 4.2.3.

    Examples
    --------
    >>> print(
    ...     interleaved_micro_batches(
    ...         pipeline_parallel=le.quantity(8), virtual_stages=le.quantity(2)
    ...     )
    ... )
    11.5
    """
    return pipeline_parallel * (
        1.0 + (pipeline_parallel - 1.0) / (pipeline_parallel * virtual_stages)
    )


@law("second")
def step_time(
    *, micro_batches: Number, micro_batch_time: Time, bubble: Number, exposed: Time
) -> Time:
    r"""Time of a training step.

    Parameters
    ----------
    micro_batches : Quantity
        Micro-batches of a step that pass through one pipeline, m; a plain number.
    micro_batch_time : Quantity
        Forward and backward pass of one of them on one stage, with all communication that nothing
        hides (s); of the slowest stage.
    bubble : Quantity
        Idle time over working time, from `pipeline_bubble`; a plain number.
    exposed : Quantity
        What comes once a step and nothing hides: the rest of the gradient exchange, the optimizer
        (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: T = m \, t \, (1 + b) + t_{\mathrm{exposed}}

    Valid where all stages wait for the slowest one, and steps do not overlap.

    References
    ----------
    Narayanan et al., arXiv:2104.04473, section 2.2 (without the exposed part).

    Examples
    --------
    >>> print(
    ...     step_time(
    ...         micro_batches=le.quantity(32),
    ...         micro_batch_time=le.quantity("250 ms"),
    ...         bubble=le.quantity("10.9375 %"),
    ...         exposed=le.quantity("0.2 s"),
    ...     )
    ... )
    9.075 s
    """
    return micro_batches * micro_batch_time * (1.0 + bubble) + exposed


def micro_batches_in_flight(
    *, pipeline_parallel: Any, virtual_stages: Any, micro_batches: Any
) -> Any:
    r"""Micro-batches whose activations the first stage keeps, in either schedule.

    Parameters
    ----------
    pipeline_parallel, virtual_stages, micro_batches : number, array or Quantity
        Stages, parts of the model on each accelerator, and micro-batches of a step.

    Returns
    -------
    same kind
        Micro-batches, in activations of all layers of the stage; a plain number.

    Notes
    -----
    .. math:: k = \min(m, p) \quad (v = 1), \qquad
        k = \min\left(m, p + \frac{p - 1}{v}\right) \quad (v > 1)

    No law, since it is a choice of schedule; on arrays of layouts it chooses one by one.

    References
    ----------
    Narayanan et al., arXiv:2104.04473, section 2.2; Korthikanti et al., arXiv:2205.05198, section
    4.2.3.

    Examples
    --------
    >>> micro_batches_in_flight(
    ...     pipeline_parallel=8,
    ...     virtual_stages=np.array([1, 2, 2]),
    ...     micro_batches=np.array([32, 32, 8]),
    ... )
    array([ 8. , 11.5,  8. ])
    """
    interleaved = formula(interleaved_micro_batches)(
        pipeline_parallel=pipeline_parallel, virtual_stages=virtual_stages
    )
    return minimum(
        micro_batches, where(less(1.0, virtual_stages), interleaved, 1.0 * pipeline_parallel)
    )
