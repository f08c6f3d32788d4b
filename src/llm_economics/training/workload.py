"""`TrainingWorkload`: one training run, before or after it happened.

The computation follows from tokens and parameters, or is given. The duration follows from the
number of accelerators and their utilization, or is given. A utilization (MFU) that is not given
follows from the time of a step, or is taken from published runs of the generation: wide, listed
among what was assumed, and never silent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import (
    as_accelerators,
    as_computation,
    as_number,
    as_share,
    as_text,
    as_time,
    as_tokens,
    named_fields,
)
from llm_economics.core.references import holds
from llm_economics.core.registry import Quantity
from llm_economics.hardware.network import Network
from llm_economics.training.estimate import TrainingBreakdown, estimate_training
from llm_economics.training.layout import Layout
from llm_economics.training.step import StepBreakdown, estimate_step, find_layouts
from llm_economics.transformer.computation import KindOfPass, Recomputation
from llm_economics.transformer.laws import AttentionConvention, as_attention_convention
from llm_economics.transformer.training_memory import Optimizer
from llm_economics.workload.workload import Workload

if TYPE_CHECKING:
    from llm_economics.training.search import LayoutSearch

__all__ = ["TrainingWorkload"]


def _as_recomputation(value: str) -> Recomputation:
    return Recomputation(value)


def _as_optimizer(value: str) -> Optimizer:
    return Optimizer(value)


def _layout(_instance: Any, _attribute: Any, value: object) -> None:
    if value is not None and not isinstance(value, Layout):
        message = f"needs a Layout, such as le.training.Layout(data_parallel=8); got {value!r}"
        raise RangeError(message)


def _date(_instance: Any, _attribute: Any, value: str) -> None:
    if value and not re.fullmatch(r"(19|20)\d\d(-(0[1-9]|1[0-2])(-\d\d)?)?", value):
        message = f"needs a year or a month, such as '2025-06'; got {value!r}"
        raise RangeError(message)


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

    global_batch: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Tokens of one step, all accelerators together (token), for the time of a step."""

    layout: Layout | None = attrs.field(default=None, validator=_layout)
    """How the model lies over the accelerators; by default the fastest layout that fits."""

    recomputation: Recomputation | None = attrs.field(
        default=None, converter=attrs.converters.optional(_as_recomputation)
    )
    """What is computed again in the backward pass: "none", "selective" or "full"; by default what
    the layout says, or the fastest that fits."""

    network: Network | None = attrs.field(default=None, validator=holds(Network, "networks"))
    """Network between accelerators; by default the server's, or usual for the accelerator."""

    optimizer: Optimizer | None = attrs.field(
        default=None, converter=attrs.converters.optional(_as_optimizer)
    )
    """What keeps states beside the weights: "adam", "adam 8-bit" or "sgd"; assumed to be Adam."""

    software_date: str = attrs.field(default="", converter=as_text, validator=_date)
    """When the software is from: "2025-06"; for the time of a step."""

    development_multiple: Quantity | None = attrs.field(default=None, converter=as_number)
    """Experiments, failed runs and tests over the final run, this one included: 3.4 for LLaMA."""

    staff_multiple: Quantity | None = attrs.field(default=None, converter=as_number)
    """Money for people over money for computing, development included."""

    def __attrs_post_init__(self) -> None:
        """Refuse a run without accelerators, and multiples below what they include."""
        super().__attrs_post_init__()
        if self.accelerators is None:
            message = "TrainingWorkload needs accelerators, such as accelerators=16_384"
            raise MissingInputError(message)
        multiple = self.development_multiple
        if multiple is not None and float(multiple.bounds().low.magnitude) < 1.0:
            message = (
                "TrainingWorkload.development_multiple needs at least 1, as the final run is part "
                f"of the development; got {multiple}"
            )
            raise RangeError(message)

    @property
    def passes(self) -> KindOfPass:
        """What is done with each token: forward and backward pass."""
        return KindOfPass.TRAINING

    @property
    def seen_tokens(self) -> Quantity | None:
        """Tokens that pass through the model in training (token), where given."""
        return self.tokens

    def trained(self) -> dict[str, float]:
        """What the backward pass costs, and which share of the parameters is trained.

        Returns
        -------
        dict
            ``backward`` (1: forward, gradients of activations and of weights) and
            ``trained_share`` (1: all parameters).
        """
        return {"backward": 1.0, "trained_share": 1.0}

    def step(self) -> StepBreakdown:
        """Compute time and memory of one step, on the given layout or the fastest that fits.

        Returns
        -------
        StepBreakdown
            Every part, with what was assumed.

        Raises
        ------
        MissingInputError
            If a figure of the accelerator or the model is not known.
        RangeError
            If the layout does not fit, or none does: by how much, and what would.
        """
        return estimate_step(self, [])

    def search_layouts(self, **fixed: Any) -> LayoutSearch:
        """Evaluate all layouts that divide, and sort those that fit.

        Parameters
        ----------
        **fixed
            Axes that are given, one value or several: ``tensor_parallel=8``,
            ``recomputation="full"``.

        Returns
        -------
        LayoutSearch
            Those that fit, fastest first.

        Raises
        ------
        MissingInputError
            If a figure of the accelerator or the model is not known.
        RangeError
            If none fits: by how much, and what would.
        """
        return find_layouts(self, fixed)

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
