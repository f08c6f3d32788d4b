"""`StepBreakdown`: one step of a training run, part by part, with ranges.

The layout is the one given, or the fastest of those that fit. Every constant is an input with a
range, and so is the discrepancy of the model: how far measured steps lay from estimated ones that
had no part in the fit. Without it no range could hold what happens.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.hardware.machine import Machine, format_16_bit, machine_of
from llm_economics.training.discrepancy import discrepancy
from llm_economics.training.efficiency import ConstantSet, constants_for
from llm_economics.training.layout import Layout
from llm_economics.training.layout_check import check_layout
from llm_economics.training.search import LayoutSearch, axes_of, search
from llm_economics.training.step_memory import (
    RESERVE,
    MemoryParts,
    activation_bytes,
    memory_parts,
)
from llm_economics.training.step_shape import StepShape, step_shape
from llm_economics.training.step_time import Work, step_parts
from llm_economics.transformer.architecture import Architecture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.number_format import NumberFormat
    from llm_economics.training.workload import TrainingWorkload

__all__ = ["StepBreakdown", "case_of", "estimate_step", "find_layouts", "software_year"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class StepBreakdown(Breakdown):
    """Time and memory of one training step, with every part.

    Examples
    --------
    >>> import llm_economics as le
    >>> run = le.TrainingWorkload(
    ...     model=le.models["Llama 3.1 8B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=8,
    ...     global_batch="1 Mtoken",
    ...     sequence_length="8192 token",
    ...     software_date="2025-06",
    ... )
    >>> step = run.step()
    >>> print(f"{step.token_rate:.2g}")
    8,400 [7,100 – 10,000] token/accelerator/s (median, 90 %)
    >>> step.bottleneck
    'matrices'
    """

    layout: Layout
    """How the model lies over the accelerators."""

    parts: dict[str, Quantity]
    """Time by part; they sum to the step (s)."""

    memory: dict[str, Quantity]
    """Memory on the fullest accelerator by part (GB)."""

    tokens: Quantity
    """Tokens of a step (token)."""

    _computation_per_token: Quantity
    _recomputed: Quantity
    _peak: Quantity
    _busy: Quantity

    @property
    def step_time(self) -> Quantity:
        """Time of a step (s)."""
        first, *rest = self.parts.values()
        return sum(rest, first)

    @property
    def token_rate(self) -> Quantity:
        """Tokens per second and accelerator."""
        accelerators = ureg.Quantity(float(self.layout.accelerators), "accelerator")
        return (self.tokens / self.step_time / accelerators).to("token/second/accelerator")

    @property
    def model_flops_utilization(self) -> Quantity:
        """Share of the dense peak of the number format that becomes model FLOP (causal)."""
        rate = self.token_rate * self._computation_per_token
        return (rate / self._peak).to("")

    @property
    def hardware_flops_utilization(self) -> Quantity:
        """The same with recomputed work counted."""
        whole = self._computation_per_token + self._recomputed
        return (self.model_flops_utilization * whole / self._computation_per_token).to("")

    @property
    def busy(self) -> Quantity:
        """Share of the step in which accelerators compute or move their memory."""
        return self._busy

    @property
    def memory_total(self) -> Quantity:
        """Memory on the fullest accelerator (GB)."""
        first, *rest = self.memory.values()
        return sum(rest, first)

    @property
    def bottleneck(self) -> str:
        """Name of the longest part."""
        central = {name: float(v.central().magnitude) for name, v in self.parts.items()}
        return max(central, key=lambda name: central[name])

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from parts to results."""
        for name, value in self.parts.items():
            # What a layout does not have, such as a pipeline, is no line.
            if float(value.central().magnitude) > 0.0:
                yield Step(f"time, {name}", value, _HOW[name], "ms")
        yield Step("step time", self.step_time, "sum of the parts", "s")
        yield Step("token rate", self.token_rate, "tokens of a step / (step time x accelerators)")
        yield Step(
            "model FLOPs utilization",
            self.model_flops_utilization,
            "token rate x model FLOP per token, causal attention / dense peak",
            "%",
        )
        yield Step(
            "hardware FLOPs utilization",
            self.hardware_flops_utilization,
            "the same with recomputed FLOP",
            "%",
        )
        for name, value in self.memory.items():
            yield Step(f"memory, {name}", value, _HOW_MEMORY[name], "GB")
        yield Step("memory", self.memory_total, "sum of its parts, on the fullest one", "GB")


_HOW = {
    "matrices": "FLOP of matrices / (peak x share reached)",
    "attention": "FLOP of attention / (bf16 peak x share reached)",
    "memory traffic": "bytes of norms, activations, residuals / memory bandwidth",
    "expert dispatch": "bytes of copies for experts / memory bandwidth",
    "tensor parallel": "reductions within layers that nothing hides / links",
    "expert parallel": "exchange with experts that nothing hides / links and network",
    "sharding": "gathering of sharded parameters that nothing hides / links and network",
    "gradients": "reduction of gradients that nothing hides / links and network",
    "bubble": "stages waiting for the first and last micro-batches",
    "optimizer": "bytes of optimizer states / memory bandwidth",
    "fixed": "fixed times of layers, micro-batches and the step",
    "waiting": "waiting for the slowest, growing with the number of accelerators",
}
_HOW_MEMORY = {
    "weights": "bf16",
    "gradients": "fp32",
    "optimizer": "states of the optimizer",
    "activations": "kept for the backward pass, micro-batches in flight counted",
    "logits": "fp32, and their input",
    "gathered": "two layers of sharded parameters",
}


@attrs.frozen(kw_only=True, eq=False)
class _Case:
    """What a step needs, taken out of the workload."""

    work: Work
    machine: Machine
    constants: ConstantSet
    architecture: Architecture | None
    """The shape; None where usual proportions stand in for it."""
    has_experts: bool

    def middle(self) -> _Case:
        """The same with central values for ranges of parameters."""
        work = attrs.evolve(self.work, shape=self.work.shape.central())
        return attrs.evolve(self, work=work)


def find_layouts(workload: TrainingWorkload, fixed: dict[str, Any]) -> LayoutSearch:
    """Evaluate the layouts of a run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    fixed : mapping
        Axes that are given, as for `enumerate_layouts`.

    Returns
    -------
    LayoutSearch
        Those that fit, fastest first.

    Raises
    ------
    MissingInputError
        If a figure of the accelerator or the model is not known.
    RangeError
        If none fits.
    """
    return _search(case_of(workload, []), workload, fixed)


def _search(case: _Case, workload: TrainingWorkload, fixed: dict[str, Any]) -> LayoutSearch:
    if workload.recomputation is not None:
        fixed = {"recomputation": str(workload.recomputation)} | fixed
    return search(
        case.middle().work,
        case.machine.central(),
        case.constants.central(),
        architecture=case.architecture,
        fixed=fixed,
    )


def estimate_step(workload: TrainingWorkload, taken: list[Assumption]) -> StepBreakdown:
    """Time and memory of one step of a run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    StepBreakdown
        Every part.

    Raises
    ------
    MissingInputError
        If a figure of the accelerator or the model is not known.
    RangeError
        If the layout does not fit, or none does.
    """
    case = case_of(workload, taken)
    layout = workload.layout
    if layout is None:
        layout = _search(case, workload, {}).best
        why = "fastest of the layouts that fit, at central values; give layout= to fix it"
        taken.append(Assumption(name="layout", value=layout, why=why))
    else:
        if workload.recomputation is not None:
            layout = layout.evolve(recomputation=str(workload.recomputation))
        _check(layout, case)
    taken += [*_OF_MEMORY, *case.constants.assumptions]
    factor = discrepancy(has_experts=case.has_experts)
    taken.append(factor)
    return _breakdown(case, layout, cast("Quantity", factor.value), workload, taken)


_OF_MEMORY = (
    Assumption(
        name="memory reserve",
        value=ureg.Quantity(RESERVE),
        why="share of the memory that runtime, buffers and fragmentation keep",
    ),
    Assumption(
        name="training formats",
        value="weights in bf16, gradients in fp32",
        why="usual in mixed precision; decides which layouts fit",
    ),
)


def case_of(workload: TrainingWorkload, taken: list[Assumption]) -> _Case:
    """What a step needs, taken out of a run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    _Case
        Model and batch, machine, constants, shape.

    Raises
    ------
    MissingInputError
        If a figure of the accelerator or the model is not known.
    RangeError
        If the accelerators are a range or none, or the batch is less than a sequence.
    UnknownNameError
        If the accelerator lacks the number format.
    """
    if workload.model is None:
        message = "a step needs the model; give TrainingWorkload(model=...)"
        raise MissingInputError(message)
    number_format = _number_format(workload, taken)
    length = _sequence_length(workload, taken)
    shape = step_shape(workload.model, length)
    if shape.assumed:
        taken.append(Assumption(name="shape", value=shape.assumed, why="give Model(architecture=)"))
    accelerators = _accelerators(cast("Quantity", workload.accelerators))
    batch = _global_batch(workload, shape, accelerators, taken)
    return _Case(
        work=Work(
            shape=shape,
            global_batch=batch,
            accelerators=accelerators,
            optimizer=_optimizer(workload, taken),
            **workload.trained(),
        ),
        machine=machine_of(
            workload.accelerator,
            number_format,
            server=workload.server,
            network=workload.network,
            taken=taken,
        ),
        constants=constants_for(
            workload.accelerator,
            number_format,
            software_year(workload, taken),
            has_experts=workload.model.has_experts,
        ),
        architecture=None if shape.assumed else workload.model.architecture,
        has_experts=workload.model.has_experts,
    )


def _accelerators(stated: Quantity) -> int:
    # A share of all accelerators need not be whole.
    number = 0 if stated.is_range else round(float(stated.to("accelerator").magnitude))
    if number < 1:
        message = (
            "TrainingWorkload.accelerators needs a number from 1 for a step, such as 1024, and no "
            f"range; got {stated}"
        )
        raise RangeError(message)
    return number


def _number_format(workload: TrainingWorkload, taken: list[Assumption]) -> NumberFormat:
    if workload.number_format is not None:
        return workload.number_format
    found = format_16_bit(workload.accelerator)
    why = "16 bits are the usual format of training"
    if all(assumption.name != "number_format" for assumption in taken):
        taken.append(Assumption(name="number_format", value=str(found), why=why))
    return found


def _optimizer(workload: TrainingWorkload, taken: list[Assumption]) -> str:
    if workload.optimizer is not None:
        return str(workload.optimizer)
    why = "usual; 12 bytes of states per parameter beside weights and gradients"
    taken.append(Assumption(name="optimizer", value="adam", why=why))
    return "adam"


_USUAL_LENGTH = 4096.0
_USUAL_BATCH, _LARGEST_BATCH = 4e6, 1.7e7


def _sequence_length(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    stated = workload.sequence_length
    if stated is not None:
        if stated.is_range:
            why = "middle of the range given; the sequences of a step have one length"
            taken.append(Assumption(name="sequence_length", value=stated.central(), why=why))
        return stated
    found = ureg.Quantity(_USUAL_LENGTH, "token")
    taken.append(Assumption(name="sequence_length", value=found, why="usual in pre-training"))
    return found


def _global_batch(
    workload: TrainingWorkload, shape: StepShape, accelerators: int, taken: list[Assumption]
) -> float:
    """Sequences of a step."""
    stated = workload.global_batch
    if stated is not None:
        return _stated_batch(stated, shape.sequence_length, taken)
    wanted = _USUAL_BATCH / shape.sequence_length
    sequences = float(max(1, round(wanted / accelerators)) * accelerators)
    if sequences * shape.sequence_length > _LARGEST_BATCH:
        most = max(int(_LARGEST_BATCH / shape.sequence_length), 1)
        # A part of the accelerators for each sequence, all parts alike.
        sequences = float(max(d for d in range(1, most + 1) if accelerators % d == 0))
    found = ureg.Quantity(sequences * shape.sequence_length, "token")
    why = "4 to 17 million tokens, whole sequences on each accelerator if so; give global_batch="
    taken.append(Assumption(name="global_batch", value=found, why=why))
    return sequences


def _stated_batch(stated: Quantity, length: float, taken: list[Assumption]) -> float:
    tokens = float(stated.to("token").central().magnitude)
    if tokens < length:
        message = (
            f"TrainingWorkload.global_batch needs a sequence of {length:,.0f} token at least, such "
            f"as '4 Mtoken'; got {stated}. It counts tokens, not sequences"
        )
        raise RangeError(message)
    sequences = _whole_sequences(tokens / length)
    if stated.is_range or sequences * length != tokens:
        found = ureg.Quantity(sequences * length, "token")
        why = f"{sequences:.0f} whole sequences, which split well, for the {stated} given"
        taken.append(Assumption(name="global_batch", value=found, why=why))
    return sequences


def _whole_sequences(sequences: float) -> float:
    """Whole sequences; "4 Mtoken" of 8192 is a rounded way to say 512 of them.

    A number that is not whole becomes one that splits well: a multiple of a power of two.
    """
    if sequences == round(sequences) or sequences < _FEW:
        return float(max(1, round(sequences)))
    unit = 2.0 ** math.floor(math.log2(sequences / 6.0))
    return unit * round(sequences / unit)


_FEW = 12.0


def software_year(workload: TrainingWorkload, taken: list[Assumption]) -> float:
    """When the software of a run is from, in years.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    taken : list of Assumption
        Grows by the date if it is not given.

    Returns
    -------
    float
        The middle of its month or year: 2025-06 is 2025.46, 2025 is 2025.5.
    """
    if workload.software_date:
        year, _, month = workload.software_date.partition("-")
        return float(year) + (float(month[:2]) - 0.5) / 12.0 if month else float(year) + 0.5
    found = _DEFAULT_SOFTWARE
    why = "software gets faster every year; give software_date='2025-06'"
    taken.append(Assumption(name="software_date", value=found.isoformat()[:7], why=why))
    return found.year + (found.month - 0.5) / 12.0


_DEFAULT_SOFTWARE = dt.date(2025, 6, 1)


def _check(layout: Layout, case: _Case) -> None:
    check_layout(
        layout,
        case.architecture or _obliging(layout, case.work.shape),
        accelerators=case.work.accelerators,
        global_batch=round(case.work.global_batch),
    )
    memory = _memory(case.middle(), layout)
    needs, has = float(memory.total) / 1e9, case.machine.memory * (1.0 - RESERVE) / 1e9
    if needs > has:
        largest = max(memory.parts(), key=lambda name: float(memory.parts()[name]))
        message = (
            f"TrainingWorkload.layout does not fit: it needs {needs:.4g} GB on the fullest "
            f"accelerator and {has:.4g} GB are free ({RESERVE:.0%} kept for the runtime); short by "
            f"{needs - has:.3g} GB, most of it {largest}. {_REMEDY[largest]}"
        )
        raise RangeError(message)


def _obliging(layout: Layout, shape: StepShape) -> Architecture:
    """A shape that splits as the layout has it: only accelerators and batch can be wrong."""
    has_experts = shape.experts > 1.0
    return Architecture(
        layers=layout.stages,
        hidden_size=round(shape.hidden_size),
        attention_heads=layout.tensor_parallel,
        key_value_heads=layout.tensor_parallel,
        experts=layout.expert_parallel if has_experts else None,
        active_experts=1 if has_experts else None,
    )


_REMEDY = {
    "weights": "More tensor or pipeline parallel parts, or sharding='parameters', would do",
    "gradients": "More tensor or pipeline parallel parts, or sharding='gradients', would do",
    "optimizer": "sharding='optimizer', or more data parallel copies, would do",
    "activations": "A smaller micro-batch, recomputation='full', or more parts would do",
    "logits": "A smaller micro-batch, or more tensor parallel parts, would do",
    "gathered": "More tensor parallel parts would do",
}


def _memory(case: _Case, layout: Layout) -> MemoryParts:
    axes = axes_of(layout)
    kept = activation_bytes(case.architecture, case.work.shape)
    return memory_parts(case.work, kept, axes, axes.sharding)


def _model_computation(work: Work) -> Any:
    """FLOP per token: weights without a gradient of their own take less, attention has none."""
    shape = work.shape
    return work.backward * (shape.model_computation - shape.attention) + shape.attention


def _breakdown(
    case: _Case,
    layout: Layout,
    factor: Quantity,
    workload: TrainingWorkload,
    taken: list[Assumption],
) -> StepBreakdown:
    axes, shape = axes_of(layout), case.work.shape
    parts = step_parts(case.work, case.machine, case.constants.ranges(), axes)
    memory = _memory(case, layout).parts()
    recomputed = (
        2.0 * float(axes.full_recomputation) * (shape.dense_parameters + shape.routed_parameters)
        + float(axes.attention_recomputation) * shape.attention / 3.0
    )
    return StepBreakdown(
        title=f"one step of {workload.name or _model_name(workload)} on {case.work.accelerators} x "
        f"{workload.accelerator.name}",
        assumptions=tuple(taken),
        input_sources=workload.sources,
        layout=layout,
        parts={k: factor * ureg.Quantity(v, "second") for k, v in parts.parts().items()},
        memory={k: ureg.Quantity(v / 1e9, "GB") for k, v in memory.items()},
        tokens=ureg.Quantity(case.work.global_batch * shape.sequence_length, "token"),
        computation_per_token=ureg.Quantity(_model_computation(case.work), "FLOP/token"),
        recomputed=ureg.Quantity(recomputed, "FLOP/token"),
        peak=ureg.Quantity(case.machine.peak, "FLOP/second/accelerator"),
        busy=ureg.Quantity(parts.busy / parts.total),
    )


def _model_name(workload: TrainingWorkload) -> str:
    return workload.model.name if workload.model is not None else "a model"
