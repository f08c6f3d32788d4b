"""Whether a layout fits a model, with everything that is wrong in one message.

Each problem says which numbers do not go together and which would. Rejected: an error at the first
problem, since who mends one number of a layout has to see what that does to the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llm_economics.core.errors import RangeError
from llm_economics.training.layout_grid import enumerate_layouts
from llm_economics.training.layout_rules import (
    check_count,
    dense_width,
    divides,
    divisors,
    fills_rounds,
    heads_of,
    replicates_heads,
    splits_layers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.training.layout import Layout
    from llm_economics.transformer.architecture import Architecture

__all__ = ["check_layout"]

# Layouts that a message shows.
_SHOWN = 3


def check_layout(
    layout: Layout,
    architecture: Architecture,
    *,
    accelerators: int | None = None,
    global_batch: int | None = None,
) -> None:
    """Refuse a layout that does not fit a model, with everything that is wrong.

    Key and value heads that are fewer than the tensor parallel parts are allowed: they are
    replicated. So is tensor parallelism beyond the scale-up domain: it is slow, not wrong. Fewer
    accelerators than there are is allowed, too.

    Parameters
    ----------
    layout : Layout
        The layout.
    architecture : Architecture
        The shape of the model.
    accelerators : int, optional
        How many there are.
    global_batch : int, optional
        Sequences of a step.

    Raises
    ------
    MissingInputError
        If the number of attention heads is not known and tensor parallelism would split them.
    RangeError
        If the layout does not fit; the message lists every problem, and what would do.

    Examples
    --------
    >>> from llm_economics.training.layout import Layout
    >>> shape = le.models["Llama 3.1 405B"].architecture
    >>> check_layout(Layout(tensor_parallel=8, pipeline_parallel=14), shape, accelerators=128)
    >>> check_layout(Layout(tensor_parallel=8, pipeline_parallel=16), shape)
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.RangeError: the layout does not fit:
      - 126 layers do not divide into 16 stages (pipeline_parallel = 16 x virtual_stages = 1); 14 or
        18 would do, or uneven_stages=True
    """
    problems = [
        *_tensor_problems(layout, architecture),
        *_stage_problems(layout, architecture),
        *_expert_problems(layout, architecture),
        *_batch_problems(layout, global_batch),
        *_count_problems(layout, architecture, accelerators, global_batch),
    ]
    if problems:
        message = "\n  - ".join(["the layout does not fit:", *problems])
        raise RangeError(message)


def _tensor_problems(layout: Layout, architecture: Architecture) -> Iterator[str]:
    parts = layout.tensor_parallel
    if parts == 1:
        return
    heads, key_value_heads = heads_of(architecture)
    if not divides(parts, heads):
        yield (
            f"{heads} attention heads do not divide by tensor_parallel = {parts}; "
            f"{_nearest_divisors(heads, parts)} would do"
        )
    if not replicates_heads(parts, key_value_heads):
        yield (
            f"{key_value_heads} key and value heads neither divide by tensor_parallel = {parts} "
            "nor are replicated evenly; a divisor or a multiple of them would do"
        )
    width = dense_width(architecture)
    if width is not None and not divides(parts, width):
        yield (
            f"the inner width {width} of the feed-forward layers does not divide by "
            f"tensor_parallel = {parts}; {_nearest_divisors(width, parts)} would do"
        )


def _stage_problems(layout: Layout, architecture: Architecture) -> Iterator[str]:
    layers, stages = architecture.layers, layout.stages
    if not splits_layers(stages, layers, uneven=layout.uneven_stages):
        split = (
            f"{stages} stages (pipeline_parallel = {layout.pipeline_parallel} x virtual_stages = "
            f"{layout.virtual_stages})"
        )
        if stages > layers:
            yield f"{layers} layers are fewer than {split}; at most {layers} would do"
        else:
            yield (
                f"{layers} layers do not divide into {split}; {_nearest_divisors(layers, stages)} "
                "would do, or uneven_stages=True"
            )
    if layout.virtual_stages > 1 and layout.pipeline_parallel == 1:
        yield (
            f"virtual_stages = {layout.virtual_stages} needs a pipeline; give pipeline_parallel "
            "from 2, or virtual_stages = 1"
        )


def _expert_problems(layout: Layout, architecture: Architecture) -> Iterator[str]:
    parts, experts = layout.expert_parallel, architecture.experts
    if parts == 1:
        return
    if experts is None:
        yield f"expert_parallel = {parts}, but the model has no experts; 1 would do"
    elif not divides(parts, experts):
        yield (
            f"{experts} experts do not divide by expert_parallel = {parts}; "
            f"{_nearest_divisors(experts, parts)} would do"
        )
    copies = layout.data_parallel * layout.context_parallel
    if not divides(parts, copies):
        yield (
            f"expert_parallel = {parts} does not divide data_parallel x context_parallel = "
            f"{copies}; {_nearest_divisors(copies, parts)} would do"
        )


def _batch_problems(layout: Layout, global_batch: int | None) -> Iterator[str]:
    if global_batch is None:
        return
    check_count("global_batch", global_batch)
    together = layout.data_parallel * layout.micro_batch
    if not divides(together, global_batch):
        low = global_batch // together * together
        near = f"{low} or {low + together}" if low else f"{together}"
        yield (
            f"global_batch = {global_batch} does not divide by data_parallel x micro_batch = "
            f"{together}; {near} would do"
        )
        return
    count = global_batch // together
    stages = layout.pipeline_parallel
    if stages > 1 and not fills_rounds(count, stages, layout.virtual_stages):
        low = count // stages * stages
        sizes = [str(together * m) for m in (low, low + stages) if m]
        yield (
            f"virtual_stages = {layout.virtual_stages} needs micro-batches that divide by "
            f"pipeline_parallel = {stages}; got {count}; global_batch = {' or '.join(sizes)} "
            "would do"
        )


def _count_problems(
    layout: Layout,
    architecture: Architecture,
    accelerators: int | None,
    global_batch: int | None,
) -> Iterator[str]:
    if accelerators is None:
        return
    check_count("accelerators", accelerators)
    needed = layout.accelerators
    if needed > accelerators:
        batch = global_batch or accelerators * layout.micro_batch
        yield (
            f"the layout takes {needed} accelerators, {needed - accelerators} more than the "
            f"{accelerators} there are; {_instead(layout, architecture, accelerators, batch)}"
        )


def _instead(layout: Layout, architecture: Architecture, accelerators: int, batch: int) -> str:
    """Layouts of a number of accelerators that are nearest to one that takes too many."""
    kept: dict[str, Any] = {
        name: getattr(layout, name) for name in ("sharding", "recomputation", "uneven_stages")
    }
    # Without heads nobody can say how they split, and the layout does not split them.
    if architecture.attention_heads is None:
        kept["tensor_parallel"] = 1
    schedule = {"virtual_stages": layout.virtual_stages, "micro_batch": layout.micro_batch}
    try:
        grid = enumerate_layouts(accelerators, architecture, batch, **kept, **schedule)
    except RangeError:
        # There always is one: the sequences split over all accelerators.
        kept |= dict.fromkeys(schedule, 1)
        grid = enumerate_layouts(accelerators, architecture, batch, **kept)
    apart = sum(np.abs(np.log2(getattr(grid, axis) / getattr(layout, axis))) for axis in _NEAR)
    near = np.argsort(apart, kind="stable")[:_SHOWN].tolist()
    return f"{'; or '.join(_axes_of(grid.layout(i)) for i in near)} would do"


_NEAR = (
    "tensor_parallel",
    "pipeline_parallel",
    "context_parallel",
    "expert_parallel",
    "virtual_stages",
    "micro_batch",
)


def _axes_of(layout: Layout) -> str:
    """Axes of a layout that are not 1."""
    axes = {axis: getattr(layout, axis) for axis in ("data_parallel", *_NEAR)}
    shown = ", ".join(f"{axis}={value}" for axis, value in axes.items() if value > 1)
    return shown or "no parallelism"


def _nearest_divisors(number: int, wanted: int) -> str:
    """The divisors of a number on both sides of one that does not divide it."""
    found = divisors(number)
    low, high = found[found < wanted][-1:], found[found > wanted][:1]
    return " or ".join(str(n) for n in (*low, *high))
