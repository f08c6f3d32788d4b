"""Time of one training step, part by part: a roofline of each kind of work plus named fixed times.

    step = micro-batches x micro-batch x (1 + bubble) + gradients + optimizer, and waiting

A micro-batch is matrix multiplications at the share of the peak that they reach, attention at its
own share, operations that are bound by memory, copies of tokens for their experts, exchanges that
nothing hides, and a fixed time per layer. The same text runs on floats, on arrays of layouts and
on ranges. Rejected: one utilization for all, which cannot tell a small model from a large one;
times of single kernels, which take a database for each accelerator and version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.dimensions import formula
from llm_economics.core.functions import ceil, less, log, maximum, minimum, where
from llm_economics.training.pipeline import pipeline_bubble
from llm_economics.training.step_shape import StepShape

if TYPE_CHECKING:
    from llm_economics.hardware.machine import Machine
    from llm_economics.training.efficiency import StepConstants

__all__ = [
    "Axes",
    "Held",
    "StepParts",
    "Work",
    "held_parameters",
    "kept_parameters",
    "step_parts",
]

# Forward, gradients of activations, gradients of weights: a third of the matrix work each.
_THIRD = 1.0 / 3.0
_TRAINING = 6.0
# Fused attention computes its scores once more in the backward pass: seven products for six.
_FUSED_BACKWARD = 7.0 / 6.0
# Bytes of an activation and of a gradient that are exchanged.
_ELEMENT = 2.0
_GRADIENT = 4.0
# Two reductions forward and two backward for each layer (Megatron), each in two phases.
_REDUCTIONS = 4.0
_PHASES = 2.0
# Optimizer: reads and writes of master weights, both moments and gradient in fp32, and weights.
_OPTIMIZER_TRAFFIC = 20.0
# What a network card's domain holds; beyond it waiting for the slowest grows.
_SERVER = 8.0


@attrs.frozen(kw_only=True, eq=False)
class Axes:
    """A layout, or many as arrays: plain numbers."""

    data_parallel: Any
    tensor_parallel: Any
    pipeline_parallel: Any
    context_parallel: Any
    expert_parallel: Any
    virtual_stages: Any
    micro_batch: Any
    full_recomputation: Any
    """1 where whole layers are computed again, else 0."""
    attention_recomputation: Any
    """1 where attention is computed again, also as part of the layer, else 0."""
    sharded_parameters: Any
    """1 where parameters are sharded (ZeRO 3), else 0."""
    sharding: Any = 0
    """Position in `Sharding`."""

    @property
    def accelerators(self) -> Any:
        """Accelerators of the layout."""
        return self.data_parallel * self.context_parallel * self.model_parallel

    @property
    def model_parallel(self) -> Any:
        """Accelerators that share one copy of the parameters."""
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def copies(self) -> Any:
        """Accelerators that hold the same parameters."""
        return self.data_parallel * self.context_parallel


@attrs.frozen(kw_only=True, eq=False)
class Work:
    """What is trained in a step: plain numbers."""

    shape: StepShape
    """Sizes of the model."""

    global_batch: float
    """Sequences of a step."""

    accelerators: int
    """Accelerators of the run."""

    backward: float = 1.0
    """Matrix work of a token over that of full training: 1, or 2/3 for an adapter, whose frozen
    weights need no gradients."""

    trained_share: float = 1.0
    """Parameters that are trained over all: 1, or little for an adapter."""

    optimizer: str = "adam"
    """Name of the optimizer, for its states."""


@attrs.frozen(kw_only=True, eq=False)
class StepParts:
    """Seconds of a step by part; they sum to the step.

    Examples
    --------
    >>> parts = StepParts(**dict.fromkeys((f.name for f in attrs.fields(StepParts)), 0.5))
    >>> parts.total, parts.busy
    (6.0, 2.5)
    """

    matrices: Any
    """Matrix multiplications, repeated ones included."""

    attention: Any
    """Products of attention."""

    memory_traffic: Any
    """Operations that are bound by memory: norms, activations, residuals, unfused scores."""

    expert_dispatch: Any
    """Copies of tokens for their experts."""

    tensor_parallel: Any
    """Reductions within layers that nothing hides."""

    expert_parallel: Any
    """Exchange of tokens with experts elsewhere that nothing hides."""

    sharding: Any
    """Gathering of sharded parameters that nothing hides."""

    gradients: Any
    """Reduction of gradients that nothing hides."""

    bubble: Any
    """Stages that wait for the first and the last micro-batches."""

    optimizer: Any
    """Update of the parameters."""

    fixed: Any
    """Launches and starts of collectives."""

    waiting: Any
    """Waiting for the slowest accelerator."""

    def parts(self) -> dict[str, Any]:
        """Return the parts by name."""
        return {f.name.replace("_", " "): getattr(self, f.name) for f in attrs.fields(type(self))}

    @property
    def total(self) -> Any:
        """Seconds of the step."""
        return sum(self.parts().values())

    @property
    def busy(self) -> Any:
        """Seconds in which the accelerator computes or moves its memory."""
        return (
            self.matrices
            + self.attention
            + self.memory_traffic
            + self.expert_dispatch
            + self.optimizer
        )


@attrs.frozen(kw_only=True, eq=False)
class _MicroBatch:
    """What one micro-batch means on one accelerator."""

    tokens: Any
    layers: Any
    """Layers of the largest stage."""
    imbalance: Any
    """Layers of the largest stage over those of the mean one."""
    count: Any
    """Micro-batches of a step."""


def step_parts(work: Work, machine: Machine, constants: StepConstants, axes: Axes) -> StepParts:
    r"""Time of a step by part.

    Parameters
    ----------
    work : Work
        Model and batch.
    machine : Machine
        Peaks, memory and network of the accelerators.
    constants : StepConstants
        Shares and fixed times: floats, or ranges.
    axes : Axes
        One layout or arrays of layouts.

    Returns
    -------
    StepParts
        Seconds by part: floats, arrays, or ranges.

    Notes
    -----
    .. math::

        T = (1 + w \log_2 \max(n / 8, 1))
            \left( m (t + g) (1 + b) + r + o + t_0 \right)

    with m micro-batches, each of t seconds and g of gathering parameters that nothing hides, the
    bubble b, the reduction of gradients r as far as nothing hides it, the optimizer o, fixed times
    :math:`t_0`, and the loss w for each doubling of the n accelerators beyond one server.

    Valid for 1F1B, interleaved or not, with sequences split along with tensor parallelism, fused
    attention and gradients in fp32; stages wait for the largest one.

    References
    ----------
    Narayanan et al., arXiv:2104.04473 (bubble); Rajbhandari et al., arXiv:1910.02054, section 7
    (traffic of sharding); Dao, arXiv:2307.08691, section 3.1 (seven products of fused attention).

    Examples
    --------
    >>> from llm_economics.core.number_format import number_format
    >>> from llm_economics.training.efficiency import constants_for
    >>> from llm_economics.training.layout import Layout
    >>> from llm_economics.hardware.machine import machine_of
    >>> from llm_economics.training.search import axes_of
    >>> from llm_economics.training.step_shape import step_shape
    >>> chip, bf16 = le.accelerators["H100 SXM"], number_format("bf16")
    >>> shape = step_shape(le.models["Llama 3.1 8B"], le.quantity("8192 token"))
    >>> parts = step_parts(
    ...     Work(shape=shape, global_batch=128.0, accelerators=8),
    ...     machine_of(chip, bf16, server=le.servers["DGX H100"], network=None, taken=[]).central(),
    ...     constants_for(chip, bf16, 2025.5, has_experts=False).central(),
    ...     axes_of(Layout(data_parallel=8, sharding="parameters")),
    ... )
    >>> max(parts.parts(), key=parts.parts().get), bool(parts.busy < parts.total)
    ('matrices', True)
    """
    micro = _micro_batch(work, axes)
    one = _compute(work, machine, constants, axes, micro)
    inside = sum(one.values())
    held = held_parameters(work.shape, axes)
    gathered = _gather_time(work, machine, axes, held)
    # A gather hides behind computing, except for the share that does not.
    sharding = maximum(gathered - inside, 0.0) + constants.exposed_sharding * minimum(
        inside, gathered
    )
    bubble = formula(pipeline_bubble)(
        pipeline_parallel=axes.pipeline_parallel,
        micro_batches=micro.count,
        virtual_stages=axes.virtual_stages,
    )
    each = {name: micro.count * value for name, value in (one | {"sharding": sharding}).items()}
    reduced = _gradient_time(work, machine, axes, held)
    room = 2.0 * _THIRD * (inside + sharding)  # the backward pass of the last micro-batch
    gradients = maximum(reduced - room, 0.0) + constants.exposed_sharding * minimum(reduced, room)
    optimizer = (
        _OPTIMIZER_TRAFFIC
        * kept_parameters(held, axes, axes.sharding, 1)
        * work.trained_share
        / (machine.memory_bandwidth * constants.memory_efficiency)
    )
    idle = micro.count * (inside + sharding) * bubble
    fixed = each.pop("fixed") + constants.step_time
    steady = sum(each.values()) + idle + gradients + optimizer + fixed
    spread = log(maximum(axes.accelerators / _SERVER, 1.0)) / log(2.0)
    return StepParts(
        **each,
        gradients=gradients,
        bubble=idle,
        optimizer=optimizer,
        fixed=fixed,
        waiting=constants.loss_per_doubling * spread * steady,
    )


def _micro_batch(work: Work, axes: Axes) -> _MicroBatch:
    stages = axes.pipeline_parallel * axes.virtual_stages
    layers = ceil(work.shape.layers / stages) * axes.virtual_stages
    return _MicroBatch(
        tokens=axes.micro_batch * work.shape.sequence_length / axes.context_parallel,
        layers=layers,
        imbalance=layers * axes.pipeline_parallel / work.shape.layers,
        count=work.global_batch / (axes.data_parallel * axes.micro_batch),
    )


def _compute(
    work: Work, machine: Machine, constants: StepConstants, axes: Axes, micro: _MicroBatch
) -> dict[str, Any]:
    """Seconds of one micro-batch on one accelerator, nothing hidden."""
    # What one accelerator has of each token: its part of the layers of its stage.
    share = micro.tokens * micro.imbalance / axes.model_parallel
    return {
        "matrices": share * _matrix_time(work, machine, constants, axes),
        "attention": share * _attention_time(work, machine, constants, axes),
        "memory_traffic": share * _memory_time(work, machine, constants, axes),
        "expert_dispatch": share * _dispatch_time(work, machine, constants, axes),
        "tensor_parallel": _tensor_parallel_time(work, machine, constants, axes, micro),
        "expert_parallel": _expert_parallel_time(work, machine, constants, axes, micro),
        "fixed": micro.layers
        * (
            constants.layer_time
            + constants.expert_layer_time * work.shape.expert_layers / work.shape.layers
        ),
    }


def _passes(work: Work, axes: Axes) -> Any:
    """Forward and backward passes of the layers, in units of training once."""
    return work.backward + _THIRD * axes.full_recomputation


def _matrix_time(work: Work, machine: Machine, constants: StepConstants, axes: Axes) -> Any:
    """Seconds per token of matrix multiplications, undivided."""
    shape = work.shape
    # Matrices that tensor parallelism cuts narrow reach less of the peak, and so do experts.
    narrow = 1.0 + constants.narrow_width * axes.tensor_parallel / shape.hidden_size
    grouped = 1.0 + constants.expert_half_width / shape.expert_width
    layers = shape.dense_parameters + shape.routed_parameters * grouped
    in_format = _passes(work, axes) * layers / (machine.peak * constants.matrix_efficiency)
    # The output head stays in 16 bits.
    head = work.backward * shape.head_parameters
    in_16_bits = head / (machine.peak_16_bit * constants.matrix_efficiency_16_bit)
    return _TRAINING * narrow * (in_format + in_16_bits)


def _attention_time(work: Work, machine: Machine, constants: StepConstants, axes: Axes) -> Any:
    """Seconds per token of the products of attention, undivided."""
    times = _FUSED_BACKWARD + _THIRD * axes.attention_recomputation
    return times * work.shape.attention / (machine.peak_16_bit * constants.attention_efficiency)


def _memory_time(work: Work, machine: Machine, constants: StepConstants, axes: Axes) -> Any:
    """Seconds per token of what is bound by memory: norms, activations, residuals, scores."""
    shape = work.shape
    width = shape.hidden_size + 0.5 * shape.active_width
    scores = constants.score_traffic * shape.attention_heads * shape.sequence_length
    traffic = shape.layers * (constants.elementwise_traffic * width + scores)
    return _passes(work, axes) * traffic / (machine.memory_bandwidth * constants.memory_efficiency)


def _dispatch_time(work: Work, machine: Machine, constants: StepConstants, axes: Axes) -> Any:
    """Seconds per token of copies for its experts, undivided."""
    shape = work.shape
    traffic = (
        constants.dispatch_traffic * shape.expert_layers * shape.active_experts * shape.hidden_size
    )
    return _passes(work, axes) * traffic / (machine.memory_bandwidth * constants.memory_efficiency)


def _tensor_parallel_time(
    work: Work, machine: Machine, constants: StepConstants, axes: Axes, micro: _MicroBatch
) -> Any:
    """Seconds of reductions among the parts of a layer, for one micro-batch."""
    parts = axes.tensor_parallel
    bandwidth = machine.ring(parts, 1.0)
    traffic = _PHASES * (parts - 1.0) / parts * micro.tokens * _ELEMENT * work.shape.hidden_size
    reductions = _REDUCTIONS + 0.5 * _REDUCTIONS * axes.full_recomputation
    return constants.exposed_tensor_parallel * micro.layers * reductions * traffic / bandwidth


def _expert_parallel_time(
    work: Work, machine: Machine, constants: StepConstants, axes: Axes, micro: _MicroBatch
) -> Any:
    """Seconds of sending tokens to their experts and back, for one micro-batch."""
    shape, parts = work.shape, axes.expert_parallel
    # A token goes to each accelerator once, however many of its experts live there.
    copies = minimum(shape.active_experts, parts)
    traffic = micro.tokens * copies * _ELEMENT * shape.hidden_size / axes.tensor_parallel
    exchanges = _REDUCTIONS + 0.5 * _REDUCTIONS * axes.full_recomputation
    layers = micro.layers * shape.expert_layers / shape.layers
    per_byte = machine.exchange_time_per_byte(parts, axes.tensor_parallel)
    return constants.exposed_expert_parallel * layers * exchanges * traffic * per_byte


@attrs.frozen
class Held:
    """Parameters that one accelerator holds before sharding; plain numbers."""

    dense: Any
    """Of layers without experts, attention, embeddings."""

    routed: Any
    """Of experts."""

    @property
    def total(self) -> Any:
        """Both."""
        return self.dense + self.routed


def held_parameters(shape: StepShape, axes: Axes) -> Held:
    """Parameters that one accelerator holds before sharding.

    Parameters
    ----------
    shape : StepShape
        Sizes of the model.
    axes : Axes
        One layout or arrays of layouts.

    Returns
    -------
    Held
        Plain numbers.

    Notes
    -----
    Means over the stages: those that hold the embedding or the output head hold more, unless they
    have fewer layers. Both embeddings count, also where they are one table, since the first and
    the last stage each need it.

    Examples
    --------
    >>> from llm_economics.training.layout import Layout
    >>> from llm_economics.training.search import axes_of
    >>> from llm_economics.training.step_shape import step_shape
    >>> shape = step_shape(le.models["Mixtral 8x7B"], le.quantity("4096 token"))
    >>> held = held_parameters(shape, axes_of(Layout(data_parallel=8, expert_parallel=8)))
    >>> print(f"{held.dense:.3g} {held.routed:.3g}")
    1.61e+09 5.64e+09
    """
    return Held(
        (shape.dense_parameters + 2.0 * shape.head_parameters) / axes.model_parallel,
        shape.all_routed_parameters / (axes.expert_parallel * axes.pipeline_parallel),
    )


def kept_parameters(held: Held, axes: Axes, sharding: Any, level: int) -> Any:
    """Parameters of which an accelerator keeps something that is spread over the copies.

    Parameters
    ----------
    held : Held
        Parameters that it holds before sharding.
    axes : Axes
        One layout or arrays of layouts.
    sharding : int or array
        Position in ``list(Sharding)``.
    level : int
        Position from which on the something is spread: 1 states of the optimizer, 2 gradients,
        3 weights.

    Returns
    -------
    same kind
        A plain number; experts have fewer copies, since they are spread already.

    Examples
    --------
    >>> from llm_economics.training.layout import Layout
    >>> from llm_economics.training.search import axes_of
    >>> axes = axes_of(Layout(data_parallel=8, expert_parallel=4))
    >>> held = Held(dense=8e9, routed=2e9)
    >>> [float(kept_parameters(held, axes, sharding, 1)) for sharding in (0, 1)]
    [10000000000.0, 2000000000.0]
    """
    spread = np.greater_equal(sharding, level) * 1.0
    whole, copies = 1.0 - spread, axes.copies
    of_dense = held.dense * (whole + spread / copies)
    return of_dense + held.routed * (whole + spread * axes.expert_parallel / copies)


def _gather_time(work: Work, machine: Machine, axes: Axes, held: Held) -> Any:
    """Seconds of gathering sharded parameters twice and of scattering gradients."""
    elements = 2.0 * _ELEMENT + _ELEMENT * work.trained_share
    return axes.sharded_parameters * elements * _ring_time(machine, axes, held)


def _gradient_time(work: Work, machine: Machine, axes: Axes, held: Held) -> Any:
    """Seconds of reducing gradients and gathering what was updated, once in a step."""
    # Without sharding, what is gathered are the sums of the gradients in fp32.
    gathered = where(less(axes.sharding, 1.0), _GRADIENT, _ELEMENT)
    elements = (_GRADIENT + gathered) * work.trained_share
    return (1.0 - axes.sharded_parameters) * elements * _ring_time(machine, axes, held)


def _ring_time(machine: Machine, axes: Axes, held: Held) -> Any:
    """Seconds for each byte per parameter that goes once around all copies of a parameter."""
    copies, parts = axes.copies, axes.expert_parallel
    # An expert has copies only where the parts of the experts repeat.
    of_expert = copies / parts
    dense = (copies - 1.0) / copies * held.dense / machine.ring(copies, axes.model_parallel)
    apart = machine.ring(of_expert, axes.model_parallel * parts)
    return dense + (of_expert - 1.0) / of_expert * held.routed / apart
