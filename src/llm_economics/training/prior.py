"""Utilization of a training run that nobody measured yet: what published runs had.

Over the whole run against the dense bf16 peak, hours that were lost included: what 6 N D and the
hours charged imply. Rejected: steady utilizations from papers as a default, since they leave out
restarts and evaluation and are told more gladly where they are high.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from llm_economics.core.fields import as_share
from llm_economics.core.reading import between
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.workload.assumptions import SOURCES

if TYPE_CHECKING:
    from llm_economics.hardware.accelerator import Accelerator

__all__ = ["prior_utilization"]

_EXPERTS: Final = ("a mixture of experts", 0.15, 0.33)
_GENERATIONS: Final = {"A100": ("A100", 0.22, 0.48), "H100": ("H100", 0.16, 0.34)}
_OTHER: Final = ("any accelerator", 0.18, 0.46)


def prior_utilization(accelerator: Accelerator, has_experts: bool) -> Assumption:  # noqa: FBT001 - one yes or no
    """Utilization of the bf16 peak over a whole run, as published runs had it.

    Parameters
    ----------
    accelerator : Accelerator
        What computes; its generation counts.
    has_experts : bool
        Whether the model is a mixture of experts.

    Returns
    -------
    Assumption
        The range (80 % between its ends), lost time included.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = prior_utilization(le.accelerators["A100 SXM 80 GB"], has_experts=False)
    >>> print(found.value.bounds())
    0.22 .. 0.48 (guaranteed while every input stays in its quoted range)
    """
    own = (entry for name, entry in _GENERATIONS.items() if name in accelerator.name)
    of, low, high = _EXPERTS if has_experts else next(own, _OTHER)
    source = SOURCES["training-runs-survey-2026"]
    name = "model_flops_utilization"
    value = between(low, high, level=0.8, key=f"assumption/{name}/{of}", name=name)
    return Assumption(
        name=name,
        value=as_share(value),
        why=f"6 N D over hours charged and bf16 peak of published runs ({of}), lost time included",
        provenance=Provenance(sources=source, kind="derived", date=source.date, confidence="seen"),
    )
