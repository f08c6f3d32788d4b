"""Memory of an accelerator in a training run: model state, activations, logits, gathered layers.

Bytes come from the laws of `transformer`; here they are spread over a layout. What the runtime
keeps for itself (context, communication buffers, fragmentation) is a reserve that is assumed, 6 %
of the memory. The same text runs on floats and on arrays of layouts.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.dimensions import formula
from llm_economics.core.errors import MissingInputError
from llm_economics.core.functions import ceil, maximum
from llm_economics.training.pipeline import micro_batches_in_flight
from llm_economics.training.step_time import held_parameters, kept_parameters
from llm_economics.transformer.activation_laws import output_activations_per_token
from llm_economics.transformer.activations import layer_activations
from llm_economics.transformer.training_memory import model_state

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.training.step_shape import StepShape
    from llm_economics.training.step_time import Axes, Work
    from llm_economics.transformer.architecture import Architecture

__all__ = ["RESERVE", "ActivationBytes", "MemoryParts", "activation_bytes", "memory_parts"]

RESERVE = 0.06
"""Share of the memory that runtime, buffers and fragmentation keep; an assumption."""

_KINDS = ("none", "selective", "full")

# Positions in `Sharding` from which on a part is spread.
_OPTIMIZER, _GRADIENTS, _PARAMETERS = 1, 2, 3


@attrs.frozen(kw_only=True, eq=False)
class ActivationBytes:
    """Bytes that the mean layer keeps per token, by recomputation; plain numbers."""

    none: float
    """Nothing is computed again."""

    selective: float
    """Attention is."""

    full: float
    """Whole layers are; their input is kept."""


@attrs.frozen(kw_only=True, eq=False)
class MemoryParts:
    """Bytes on the fullest accelerator, by part; they sum to the whole."""

    weights: Any
    """Weights in 16 bits."""

    gradients: Any
    """Gradients in fp32."""

    optimizer: Any
    """States of the optimizer, master weights included."""

    activations: Any
    """Activations that are kept for the backward pass."""

    logits: Any
    """Logits of one micro-batch, and their input."""

    gathered: Any
    """Two layers of sharded parameters."""

    def parts(self) -> dict[str, Any]:
        """Return the parts by name."""
        return {f.name: getattr(self, f.name) for f in attrs.fields(type(self))}

    @property
    def total(self) -> Any:
        """All of them."""
        return sum(self.parts().values())


def activation_bytes(architecture: Architecture | None, shape: StepShape) -> ActivationBytes:
    """Bytes that a layer keeps per token: counted from the shape, else 34 per unit of width.

    Parameters
    ----------
    architecture : Architecture or None
        The shape of the model, where it is known.
    shape : StepShape
        Its sizes.

    Returns
    -------
    ActivationBytes
        By recomputation.

    Notes
    -----
    Without a complete shape ``18 h + 4 w`` with width h and active inner width w: the
    ``h (34 + ...)`` of a GPT whose feed-forward part is four times wider, attention fused.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 4.1.

    Examples
    --------
    >>> from llm_economics.training.step_shape import step_shape
    >>> model = le.models["Llama 3.1 8B"]
    >>> kept = activation_bytes(model.architecture, step_shape(model, le.quantity("8192 token")))
    >>> kept.none, kept.selective, kept.full
    (139264.0, 139264.0, 8192.0)
    """
    return ActivationBytes(
        **{
            kind: _kept(architecture, shape.hidden_size, shape.active_width, kind)
            for kind in _KINDS
        }
    )


@lru_cache(maxsize=512)
def _kept(architecture: Architecture | None, hidden: float, width: float, kind: str) -> float:
    try:
        counted = None if architecture is None else architecture.evolve(linear_layers=None)
        kept = None if counted is None else layer_activations(counted, recomputation=kind)
    except MissingInputError:
        kept = None
    if kept is not None:
        return float(kept.total.to("byte/token").magnitude)
    return 2.0 * hidden if kind == "full" else 18.0 * hidden + 4.0 * width


def memory_parts(work: Work, kept: ActivationBytes, axes: Axes, sharding: Any) -> MemoryParts:
    """Bytes on the fullest accelerator.

    Parameters
    ----------
    work : Work
        Model and batch.
    kept : ActivationBytes
        Bytes of a layer per token.
    axes : Axes
        One layout or arrays of layouts.
    sharding : int or array
        Position in ``list(Sharding)``.

    Returns
    -------
    MemoryParts
        Bytes by part.

    Notes
    -----
    Weights and the two layers that are gathered in 16 bits, gradients in fp32, states as the
    optimizer has them, each divided among the copies from its level of sharding on; activations of
    the largest stage for the micro-batches in flight, and the logits of one micro-batch in fp32.
    Valid with sequences split along with tensor parallelism; without that, norms and residuals
    are repeated and more is kept. Parameters are means over the stages.

    References
    ----------
    Rajbhandari et al., arXiv:1910.02054, sections 3.1 and 5; Korthikanti et al., arXiv:2205.05198,
    section 4.

    Examples
    --------
    >>> from llm_economics.training.layout import Layout
    >>> from llm_economics.training.search import axes_of
    >>> from llm_economics.training.step_shape import step_shape
    >>> from llm_economics.training.step_time import Work
    >>> model = le.models["Llama 3.1 8B"]
    >>> shape = step_shape(model, le.quantity("8192 token"))
    >>> parts = memory_parts(
    ...     Work(shape=shape, global_batch=128.0, accelerators=8),
    ...     activation_bytes(model.architecture, shape),
    ...     axes_of(Layout(data_parallel=8)),
    ...     1,
    ... )
    >>> for name, size in parts.parts().items():
    ...     print(f"{name} {size / 1e9:.3g}")
    weights 16.1
    gradients 32.1
    optimizer 12
    activations 36.5
    logits 4.34
    gathered 0
    """
    state = model_state(optimizer=work.optimizer, weights="bf16", gradients="fp32")
    held, trained = held_parameters(work.shape, axes), work.trained_share
    layers = ceil(work.shape.layers / axes.pipeline_parallel)
    tokens = axes.micro_batch * work.shape.sequence_length / axes.context_parallel
    flight = micro_batches_in_flight(
        pipeline_parallel=axes.pipeline_parallel,
        virtual_stages=axes.virtual_stages,
        micro_batches=work.global_batch / (axes.data_parallel * axes.micro_batch),
    )
    return MemoryParts(
        weights=_bytes(state.weights) * kept_parameters(held, axes, sharding, _PARAMETERS),
        gradients=trained
        * _bytes(state.gradients)
        * kept_parameters(held, axes, sharding, _GRADIENTS),
        optimizer=trained
        * _bytes(state.optimizer.per_parameter)
        * kept_parameters(held, axes, sharding, _OPTIMIZER),
        activations=tokens * flight * layers * _layer_bytes(kept, axes),
        logits=tokens * _logit_bytes(work.shape) / axes.tensor_parallel,
        # The layer at work and the next one, gathered in 16 bits.
        gathered=axes.sharded_parameters * 2.0 * 2.0 * held.total / maximum(layers, 1.0),
    )


def _layer_bytes(kept: ActivationBytes, axes: Axes) -> Any:
    """Bytes of a layer per token on each accelerator, with the sequence divided too."""
    full, attention = axes.full_recomputation, axes.attention_recomputation
    total = (1.0 - attention) * kept.none + (attention - full) * kept.selective + full * kept.full
    return total / axes.tensor_parallel


def _logit_bytes(shape: StepShape) -> float:
    bytes_per_token = formula(output_activations_per_token)(
        vocabulary_size=shape.vocabulary, hidden_size=shape.hidden_size, logit=4.0, element=2.0
    )
    return float(bytes_per_token)


def _bytes(per_parameter: Quantity) -> float:
    return float(per_parameter.to("byte/parameter").magnitude)
