"""How far measured steps and runs lie from estimated ones: inputs like any other, with a name.

Both were estimated on published measurements that were left out of the fit: groups of one model on
one accelerator in one number format for the step, whole runs for what a run keeps of it.
"""

from __future__ import annotations

from functools import lru_cache

from llm_economics.core.reading import between
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.training.sources import SOURCES
from llm_economics.workload.assumptions import SOURCES as RUNS

__all__ = ["discrepancy", "run_tuning"]

# Four of five left-out steps lie within these factors of the estimate, log-normal.
_DENSE = (0.877, 1.14)
_EXPERTS = (0.72, 1.39)
# Of the rate of the best layout, whole runs kept 0.74 in the median, lost time included.
_RUN = (0.675, 1.2)


@lru_cache(maxsize=2)
def discrepancy(*, has_experts: bool) -> Assumption:
    """Measured over estimated time of a step.

    Parameters
    ----------
    has_experts : bool
        Whether the model is a mixture of experts.

    Returns
    -------
    Assumption
        A factor around 1.

    Examples
    --------
    >>> print(discrepancy(has_experts=False).value)
    1 [0.845 – 1.18] (median, 90 %)
    """
    low, high = _EXPERTS if has_experts else _DENSE
    kind = "mixtures of experts" if has_experts else "dense models"
    name = "model discrepancy of the step"
    value = between(
        low,
        high,
        "",
        shape="log-normal",
        level=0.8,
        key=f"training step/discrepancy, {kind}",
        name=name,
    )
    provenance = Provenance(
        sources=tuple(
            SOURCES[k] for k in ("llm-foundry-throughput", "megatron-bridge-performance")
        ),
        kind="derived",
        date="2026-11",
        confidence="seen",
    )
    why = f"measured over estimated step times of {kind} that were left out of the fit"
    return Assumption(name=name, value=value, why=why, provenance=provenance)


@lru_cache(maxsize=1)
def run_tuning() -> Assumption:
    """Rate that whole runs keep of the estimated one while they make progress.

    Returns
    -------
    Assumption
        A factor below and around 1: layouts are not the best, data and checkpoints slow steps.
    """
    name = "run tuning"
    value = between(*_RUN, "", shape="log-normal", level=0.8, key="training run/tuning", name=name)
    provenance = Provenance(
        sources=(RUNS["training-runs-survey-2026"],),
        kind="derived",
        date="2026-11",
        confidence="seen",
    )
    why = "steps of whole runs over those of the fastest layout; published runs, goodput apart"
    return Assumption(name=name, value=value, why=why, provenance=provenance)
