"""`Layout`: how a training run is spread over accelerators.

Exact whole numbers and words, like a shape. Whether a layout fits a model is asked of
`check_layout`, since it depends on the model, the accelerators and the batch. Rejected: filling in
what is not given beyond "not split": a layout that nobody chose would look like a choice.
"""

from __future__ import annotations

from typing import Any

import attrs

from llm_economics.core.dimensions import Number, law
from llm_economics.core.errors import RangeError
from llm_economics.core.fields import named_fields
from llm_economics.core.nouns import Noun
from llm_economics.transformer.computation import Recomputation
from llm_economics.transformer.training_memory import Sharding

__all__ = ["Layout", "micro_batches"]

# More than any run has, and little enough that messages stay short.
_MOST = 10**6


def _as_recomputation(value: str) -> Recomputation:
    return Recomputation(value)


def _as_sharding(value: str) -> Sharding:
    return Sharding(value)


def _whole(_instance: Any, _attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
        shown = repr(value) if not isinstance(value, int) or value < _MOST else "one beyond 1e6"
        message = f"needs a whole number from 1, such as 8; got {shown}"
        raise RangeError(message)


def _flag(_instance: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        message = f"needs True or False; got {value!r}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Layout(Noun):
    """How a training run is spread over accelerators.

    Examples
    --------
    >>> layout = Layout(data_parallel=128, tensor_parallel=8, pipeline_parallel=16)
    >>> layout.accelerators, layout.model_parallel
    (16384, 128)
    """

    data_parallel: int = attrs.field(default=1, validator=_whole)
    """Copies of the model, each with its own sequences."""

    tensor_parallel: int = attrs.field(default=1, validator=_whole)
    """Parts of each layer."""

    pipeline_parallel: int = attrs.field(default=1, validator=_whole)
    """Stages: parts of the layers, one after the other."""

    context_parallel: int = attrs.field(default=1, validator=_whole)
    """Parts of each sequence."""

    expert_parallel: int = attrs.field(default=1, validator=_whole)
    """Parts of the experts, spread over the data and context parallel accelerators of a stage; an
    expert itself is not split."""

    virtual_stages: int = attrs.field(default=1, validator=_whole)
    """Parts of the layers on each accelerator: more than 1 in an interleaved schedule."""

    micro_batch: int = attrs.field(default=1, validator=_whole)
    """Sequences that pass through a pipeline together."""

    sequence_parallel: bool = attrs.field(default=False, validator=_flag)
    """Whether normalisations are split along the sequence among the tensor parallel parts."""

    uneven_stages: bool = attrs.field(default=False, validator=_flag)
    """Whether stages may hold different numbers of layers; the largest one sets the pace."""

    sharding: Sharding = attrs.field(default=Sharding.NONE, converter=_as_sharding)
    """What data-parallel copies split: "none", "optimizer", "gradients" or "parameters"."""

    recomputation: Recomputation = attrs.field(
        default=Recomputation.NONE, converter=_as_recomputation
    )
    """Activations that are computed again: "none", "selective" or "full"."""

    @property
    def accelerators(self) -> int:
        """Accelerators that the layout takes."""
        return self.data_parallel * self.context_parallel * self.model_parallel

    @property
    def model_parallel(self) -> int:
        """Accelerators that share one copy of the parameters: tensor x pipeline parallel."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def stages(self) -> int:
        """Parts of the layers, virtual ones counted."""
        return self.pipeline_parallel * self.virtual_stages


@law("dimensionless")
def micro_batches(*, global_batch: Number, data_parallel: Number, micro_batch: Number) -> Number:
    r"""Micro-batches that pass through each pipeline in a step.

    Parameters
    ----------
    global_batch : Quantity
        Sequences of a step, in all; a plain number.
    data_parallel : Quantity
        Copies of the model; a plain number.
    micro_batch : Quantity
        Sequences of a micro-batch; a plain number.

    Returns
    -------
    Quantity
        Micro-batches; a plain number, whole for a layout that `check_layout` lets pass.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = \frac{B}{d \, b}

    References
    ----------
    Narayanan et al., arXiv:2104.04473, section 3.1.

    Examples
    --------
    >>> print(
    ...     micro_batches(
    ...         global_batch=le.quantity(2048),
    ...         data_parallel=le.quantity(128),
    ...         micro_batch=le.quantity(1),
    ...     )
    ... )
    16
    """
    return global_batch / (data_parallel * micro_batch)
