"""How long a run takes, by what is known: its duration, its utilization, or only its step.

Goodput (restarts, evaluation, stragglers) stands apart from the utilization of the steps; but the
utilization of published runs, taken where nothing better is known, has lost time in it, and then
goodput is 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.breakdown import given
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.hardware.laws import accelerator_time
from llm_economics.hardware.machine import peak_16_bit
from llm_economics.training.computation import tokens_of
from llm_economics.training.discrepancy import run_tuning
from llm_economics.training.laws import training_duration
from llm_economics.training.prior import prior_utilization
from llm_economics.training.step import StepBreakdown, estimate_step
from llm_economics.workload.assumptions import assumed
from llm_economics.workload.operation import per_accelerator

if TYPE_CHECKING:
    from llm_economics.core.sources import Assumption
    from llm_economics.training.workload import TrainingWorkload

__all__ = ["Timing", "duration_of"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class Timing:
    """Duration of a run, and what it follows from."""

    duration: Quantity
    """Wall time (day)."""

    goodput: Quantity | None = None
    """Share of it that makes progress, where it is known apart."""

    step: StepBreakdown | None = None
    """The step that it follows from, if it does."""

    used: float = 1.0
    """Share of the accelerators that the layout of the step takes."""


def duration_of(
    workload: TrainingWorkload, computation: Maybe, peak: Quantity, taken: list[Assumption]
) -> Timing:
    r"""Wall time of a run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    computation : Quantity or MissingInputError
        Its model FLOP.
    peak : Quantity
        Dense peak of one accelerator (FLOP/s/accelerator).
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    Timing
        Duration and what it follows from.

    Raises
    ------
    MissingInputError
        If the computation is unknown and the duration is not given.
    RangeError
        If the run does not fit on its accelerators.

    Notes
    -----
    .. math:: T = \frac{C}{n P u g}, \qquad T = \frac{D}{n q \, r \, g}

    by utilization u with computation C, n accelerators of peak P and goodput g; or by the rate q of
    a step for each of the n accelerators of its layout, with D tokens and the share r of that rate
    that whole runs keep. Where no step can be computed, u is that of published runs against the
    16-bit peak, and g is 1.
    """
    if workload.duration is not None:
        return Timing(duration=workload.duration.to("day"), goodput=workload.goodput)
    utilization = workload.model_flops_utilization
    if utilization is None:
        step = _step(workload, taken)
        if step is not None:
            return _by_step(workload, step, taken)
        return _by_prior(workload, given(computation), taken)
    goodput = assumed("goodput", workload.goodput, taken)
    productive = accelerator_time(
        computation=given(computation), peak=peak, model_flops_utilization=utilization
    )
    duration = training_duration(
        accelerator_time=productive,
        accelerators=cast("Quantity", workload.accelerators),
        goodput=goodput,
    )
    return Timing(duration=duration, goodput=goodput)


def _by_prior(workload: TrainingWorkload, computation: Quantity, taken: list[Assumption]) -> Timing:
    """Duration by what published runs kept of the 16-bit peak, lost time included."""
    if workload.goodput is not None:
        message = (
            "TrainingWorkload.goodput was given and no utilization that it would apply to: what is "
            "known of published runs has lost time in it; give model_flops_utilization=(0.3, 0.45)"
        )
        raise MissingInputError(message)
    found = prior_utilization(workload.accelerator, _has_experts(workload))
    taken.append(found)
    productive = accelerator_time(
        computation=computation,
        peak=per_accelerator(peak_16_bit(workload.accelerator)),
        model_flops_utilization=cast("Quantity", found.value),
    )
    duration = training_duration(
        accelerator_time=productive,
        accelerators=cast("Quantity", workload.accelerators),
        goodput=ureg.Quantity(1.0),
    )
    return Timing(duration=duration)


def _has_experts(workload: TrainingWorkload) -> bool:
    return workload.model is not None and workload.model.has_experts


def _step(workload: TrainingWorkload, taken: list[Assumption]) -> StepBreakdown | None:
    """One step, if enough is known for it and the layout is one of whole accelerators."""
    accelerators = cast("Quantity", workload.accelerators)
    model = workload.model
    if accelerators.is_range or model is None or workload.computation is not None:
        return None
    noted: list[Assumption] = []
    try:
        if tokens_of(workload, model, noted) is None:
            return None
        step = estimate_step(workload, noted)
    except MissingInputError:
        return None
    except RangeError:
        # A stand-in for an unknown shape is no proof that nothing fits.
        if workload.layout is not None or model.architecture is not None:
            raise
        return None
    taken += [a for a in noted if a.name not in {t.name for t in taken}]
    return step


def _by_step(workload: TrainingWorkload, step: StepBreakdown, taken: list[Assumption]) -> Timing:
    tokens = tokens_of(workload, cast("Any", workload.model), [])
    tuning = run_tuning()
    taken.append(tuning)
    goodput = assumed("goodput", workload.goodput, taken)
    rate = step.token_rate * cast("Quantity", tuning.value)
    productive = cast("Quantity", tokens) / rate
    # Both shares were checked where they were given.
    every = float(cast("Quantity", workload.accelerators).to("accelerator").magnitude)
    # Those beyond the layout are paid for and do nothing.
    used = min(1.0, step.layout.accelerators / every)
    duration = formula(training_duration)(
        accelerator_time=productive,
        accelerators=ureg.Quantity(used * every, "accelerator"),
        goodput=goodput,
    )
    return Timing(duration=duration.to("day"), goodput=goodput, step=step, used=used)
