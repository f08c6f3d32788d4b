"""`FineTuningWorkload`: training on from a model that exists, whole or with an adapter.

An adapter (LoRA) leaves the weights as they are: no gradients of weights, so two thirds of the
work, and states for a few parameters only. The adapter's own work, 6 FLOP for each of its
parameters and tokens, is below a percent and left out. A run that is repeated, month after month,
says how often, so that "continuous fine-tuning" has an energy per year. Rejected: frozen weights in
4 bits (QLoRA): they save memory, but each pass turns them back to 16 bits, and no measurement says
how long that takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import as_number, as_time, named_fields
from llm_economics.core.registry import Quantity
from llm_economics.training.workload import TrainingWorkload
from llm_economics.transformer.adapters import AdapterPlacement, adapter_parameters
from llm_economics.transformer.choices import Choice
from llm_economics.transformer.computation import KindOfPass

if TYPE_CHECKING:
    from llm_economics.training.estimate import TrainingBreakdown
    from llm_economics.transformer.model import Model

__all__ = ["FineTuningMethod", "FineTuningWorkload"]


class FineTuningMethod(Choice):
    """What of the model is trained."""

    FULL = "full"
    """All weights: as pre-training on fewer tokens."""
    ADAPTER = "adapter"
    """Low-rank matrices beside frozen weights (LoRA)."""


def _as_method(value: str) -> FineTuningMethod:
    return FineTuningMethod("adapter" if str(value).casefold() in {"lora", "peft"} else value)


def _as_placement(value: str) -> AdapterPlacement:
    return AdapterPlacement(value)


def _above_zero(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and float(value.bounds().low.magnitude) <= 0.0:
        message = f"needs more than zero; got {value}"
        raise RangeError(message)


def _rank(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        message = f"needs a whole number from 1, such as 16; got {value!r}"
        raise RangeError(message)


def _counted(model: Model) -> Quantity:
    """All parameters, counted from the shape, since nobody states them."""
    if model.architecture is None:
        message = f"the parameters of {model.name} are not known; give Model(parameters=...)"
        raise MissingInputError(message)
    return model.architecture.total_parameters()


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class FineTuningWorkload(TrainingWorkload):
    """Fine-tuning or continued pre-training of a model, once or again and again.

    Examples
    --------
    >>> import llm_economics as le
    >>> tuning = FineTuningWorkload(
    ...     model=le.models["Llama 3.1 8B"],
    ...     tokens="2 Gtoken",
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=8,
    ...     method="lora",
    ...     adapter_rank=16,
    ...     every="1 month",
    ...     model_flops_utilization=0.35,
    ...     goodput=0.9,
    ...     attention="none",
    ...     facility=le.facilities["us-hyperscale"],
    ... )
    >>> print(f"{tuning.estimate().computation:.3g}")
    6.42e19 FLOP
    >>> print(f"{tuning.per_year(tuning.estimate().accelerator_time):.3g}")
    687 accelerator·h/year
    """

    method: FineTuningMethod = attrs.field(default=FineTuningMethod.FULL, converter=_as_method)
    """"full", or "adapter" (also "lora"): what is trained."""

    adapter_rank: int | None = attrs.field(default=None, validator=_rank)
    """Rank of the adapter's matrices."""

    adapter_placement: AdapterPlacement = attrs.field(
        default=AdapterPlacement.ALL, converter=_as_placement
    )
    """Which matrices have an adapter: "attention" or "all"."""

    every: Quantity | None = attrs.field(default=None, converter=as_time, validator=_above_zero)
    """Time from one run to the next, where it is repeated: "1 month"."""

    epochs: Quantity | None = attrs.field(default=None, converter=as_number, validator=_above_zero)
    """How often the data are seen; `tokens` are those of one pass where this is given."""

    def __attrs_post_init__(self) -> None:
        """Refuse an adapter without a rank, and a rank without an adapter."""
        super().__attrs_post_init__()
        if self.adapter_rank is not None and self.method is FineTuningMethod.FULL:
            message = (
                "FineTuningWorkload.adapter_rank goes with method='adapter'; method='full' trains "
                "all weights"
            )
            raise RangeError(message)
        if self.method is FineTuningMethod.ADAPTER and self.adapter_rank is None:
            message = (
                "FineTuningWorkload.adapter_rank is needed for method='adapter', such as "
                "adapter_rank=16"
            )
            raise MissingInputError(message)

    @property
    def passes(self) -> KindOfPass:
        """What is done with each token."""
        is_adapter = self.method is FineTuningMethod.ADAPTER
        return KindOfPass.ADAPTER if is_adapter else KindOfPass.TRAINING

    @property
    def seen_tokens(self) -> Quantity | None:
        """Tokens that pass through the model, each epoch counted (token)."""
        if self.tokens is None or self.epochs is None:
            return self.tokens
        return self.tokens * self.epochs

    @property
    def trained_parameters(self) -> Quantity:
        """Parameters that change (parameter).

        Raises
        ------
        MissingInputError
            If the model or, for an adapter, its shape is not known.
        """
        model = self.model
        if model is None:
            message = "the model is not known; give FineTuningWorkload(model=...)"
            raise MissingInputError(message)
        if self.method is FineTuningMethod.FULL:
            return model.parameters if model.parameters is not None else _counted(model)
        if model.architecture is None:
            message = f"an adapter needs the architecture of {model.name}; give it"
            raise MissingInputError(message)
        return adapter_parameters(
            model.architecture,
            rank=cast("int", self.adapter_rank),
            placement=str(self.adapter_placement),
        )

    def trained(self) -> dict[str, float]:
        """What the backward pass costs, and which share of the parameters is trained.

        Returns
        -------
        dict
            ``backward`` and ``trained_share``.

        Raises
        ------
        MissingInputError
            If the shape that an adapter needs is not known.
        """
        if self.method is FineTuningMethod.FULL:
            return super().trained()
        trained, model = self.trained_parameters, cast("Model", self.model)
        every = model.parameters if model.parameters is not None else _counted(model)
        share = (trained / every).to("").central().magnitude
        return {"backward": 2.0 / 3.0, "trained_share": float(share)}

    def per_year(self, of_one_run: Quantity) -> Quantity:
        """Amount per year of something that one run takes.

        Parameters
        ----------
        of_one_run : Quantity
            Energy, money, accelerator-time, ... of one run.

        Returns
        -------
        Quantity
            The same per year.

        Raises
        ------
        MissingInputError
            If nobody said how often the run is repeated.
        """
        if self.every is None:
            message = (
                "how often the run is repeated is not known; give "
                "FineTuningWorkload(every='1 month')"
            )
            raise MissingInputError(message)
        return of_one_run / self.every.to("year")

    def estimate(self) -> TrainingBreakdown:
        """Compute time, energy, cost and carbon of one run.

        Returns
        -------
        TrainingBreakdown
            Every intermediate quantity, with what was assumed.

        Raises
        ------
        MissingInputError
            If an input that everything rests on is unknown; also the tokens, since those of the
            model's own training are not those of its tuning.
        """
        if self.tokens is None and self.computation is None and self.duration is None:
            message = (
                "FineTuningWorkload.tokens are needed, such as '2 Gtoken'; those of the model's "
                "own training are others"
            )
            raise MissingInputError(message)
        return super().estimate()
