"""`TrainingWorkload`: one training run, before or after it happened.

The computation follows from tokens and parameters, or is given. The duration follows from the
number of accelerators and their utilization, or is given. The utilization (MFU) is never guessed.
"""

from __future__ import annotations

import attrs

from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import (
    as_accelerators,
    as_computation,
    as_share,
    as_time,
    as_tokens,
    named_fields,
)
from llm_economics.core.registry import Quantity
from llm_economics.training.estimate import TrainingBreakdown, estimate_training
from llm_economics.transformer.laws import AttentionConvention, as_attention_convention
from llm_economics.workload.workload import Workload

__all__ = ["TrainingWorkload"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class TrainingWorkload(Workload):
    """A training run: what is trained, on how many accelerators, where.

    Examples
    --------
    >>> import llm_economics as le
    >>> run = le.TrainingWorkload(
    ...     model=le.models["Llama 3.1 405B"],
    ...     tokens="15.6 Ttoken",
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=16_384,
    ...     model_flops_utilization=(0.38, 0.43),
    ...     facility=le.facilities["us-hyperscale"],
    ... )
    >>> print(f"{run.estimate().duration:.2g}")
    83 [68 – 110] day (median, 90 %)
    """

    tokens: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Tokens seen in training (token); by default the model's."""

    computation: Quantity | None = attrs.field(default=None, converter=as_computation)
    """Model FLOP of the run, where it is known better than tokens and parameters."""

    accelerators: Quantity | None = attrs.field(default=None, converter=as_accelerators)
    """How many accelerators work together (accelerator)."""

    model_flops_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """MFU: share of the dense peak of `number_format` that becomes model FLOP. Steady while the run
    makes progress; or over all hours charged, and then `goodput` has to be 1, or lost time counts
    twice."""

    goodput: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of the wall time that makes progress; 1 if the utilization counts lost time. Not
    used where the duration is given."""

    duration: Quantity | None = attrs.field(default=None, converter=as_time)
    """Wall time, where it is known; otherwise it is computed."""

    attention: AttentionConvention | None = attrs.field(
        default=None, converter=as_attention_convention
    )
    """How attention is counted: "none" (6 N D alone), "causal" or "full"."""

    sequence_length: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Length of a training sequence (token), for the attention term."""

    def __attrs_post_init__(self) -> None:
        """Refuse a run whose duration cannot follow from what is given."""
        super().__attrs_post_init__()
        if self.duration is None and self.model_flops_utilization is None:
            message = (
                "TrainingWorkload needs duration, or model_flops_utilization to compute it, such "
                "as model_flops_utilization=(0.3, 0.45)"
            )
            raise MissingInputError(message)
        if self.accelerators is None:
            message = "TrainingWorkload needs accelerators, such as accelerators=16_384"
            raise MissingInputError(message)

    def estimate(self) -> TrainingBreakdown:
        """Compute time, energy, cost and carbon of the run.

        Returns
        -------
        TrainingBreakdown
            Every intermediate quantity, with what was assumed.

        Raises
        ------
        MissingInputError
            If an input that everything rests on is unknown.
        """
        return estimate_training(self)
