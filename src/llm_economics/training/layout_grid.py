"""`enumerate_layouts`: every layout of some accelerators that fits a model, as arrays.

One axis after the other is crossed with what is left so far, and a mask keeps what the rules let
pass: outer products, no loop over layouts. Rejected: a list of `Layout` objects, of which a hundred
thousand take seconds; one outer product of all axes, which is mostly layouts that do not fit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.training.layout import Layout
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
from llm_economics.transformer.architecture import Architecture
from llm_economics.transformer.computation import Recomputation
from llm_economics.transformer.training_memory import Sharding

if TYPE_CHECKING:
    from enum import StrEnum

__all__ = ["LayoutGrid", "enumerate_layouts"]

# Of more combinations than this a machine keeps too many at once.
_MOST = 5_000_000


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LayoutGrid:
    """Many layouts as arrays of one length: row i of all of them is layout i.

    Examples
    --------
    >>> shape = le.models["Llama 3.1 8B"].architecture
    >>> grid = enumerate_layouts(
    ...     64, shape, 512, tensor_parallel=8, virtual_stages=1, micro_batch=1, sharding="none"
    ... )
    >>> grid
    LayoutGrid(30 layouts)
    >>> print(grid.pipeline_parallel[::3])
    [1 1 1 1 2 2 2 4 4 8]
    """

    data_parallel: Any
    """Copies of the model."""

    tensor_parallel: Any
    """Parts of each layer."""

    pipeline_parallel: Any
    """Stages."""

    context_parallel: Any
    """Parts of each sequence."""

    expert_parallel: Any
    """Parts of the experts."""

    virtual_stages: Any
    """Parts of the layers on each accelerator."""

    micro_batch: Any
    """Sequences of a micro-batch."""

    recomputation: Any
    """Position in ``list(Recomputation)``: 0 none, 1 selective, 2 full."""

    sharding: Any
    """Position in ``list(Sharding)``: 0 none, 1 optimizer, 2 gradients, 3 parameters."""

    sequence_parallel: bool = False
    """As in `Layout`, for all of them."""

    uneven_stages: bool = False
    """As in `Layout`, for all of them."""

    def __len__(self) -> int:
        return len(self.data_parallel)

    def __repr__(self) -> str:
        return f"LayoutGrid({len(self)} layouts)"

    def layout(self, index: int) -> Layout:
        """Return one layout as a noun.

        Parameters
        ----------
        index : int
            Which one, from 0; negative from the end.

        Returns
        -------
        Layout
            The layout.
        """
        row: dict[str, Any] = {name: int(getattr(self, name)[index]) for name in _NUMBERS}
        for name, words in _WORDS.items():
            row[name] = list(words)[getattr(self, name)[index]]
        return Layout(**row, **{name: getattr(self, name) for name in _FLAGS})


Columns = dict[str, Any]

_COUNTED = ("tensor_parallel", "pipeline_parallel", "context_parallel", "data_parallel")
_NUMBERS = (*_COUNTED, "expert_parallel", "virtual_stages", "micro_batch")
_WORDS: dict[str, type[StrEnum]] = {"recomputation": Recomputation, "sharding": Sharding}
_FLAGS = ("sequence_parallel", "uneven_stages")


def enumerate_layouts(
    accelerators: int, architecture: Architecture, global_batch: int, **fixed: Any
) -> LayoutGrid:
    """Make every layout that takes all accelerators and fits the model, as arrays.

    Parameters
    ----------
    accelerators : int
        How many there are; each layout takes all of them.
    architecture : Architecture
        The shape of the model.
    global_batch : int
        Sequences of a step.
    **fixed
        Axes whose values are given, one or several to choose from: ``tensor_parallel=8``,
        ``micro_batch=[1, 2]``, ``recomputation="full"``; an axis that is not given takes every
        value that fits. And ``sequence_parallel`` and ``uneven_stages``, which hold for all
        layouts and are False unless given.

    Returns
    -------
    LayoutGrid
        The layouts, always in the same order: by tensor, pipeline, context and expert parallel,
        virtual stages, micro-batch, recomputation, sharding.

    Raises
    ------
    MissingInputError
        If the number of attention heads is not known and tensor parallelism would split them.
    RangeError
        If no layout is left, with the axis that took the last; or if there are more combinations
        than five million.
    UnknownNameError
        If there is no such axis, or no such word.

    Notes
    -----
    The rules are those of `check_layout`. How long sequences are is not asked: restrict
    ``context_parallel`` where they are short.

    Examples
    --------
    >>> shape = le.models["Mixtral 8x7B"].architecture
    >>> grid = enumerate_layouts(
    ...     256, shape, 1024, tensor_parallel=[1, 2], recomputation="full", sharding="optimizer"
    ... )
    >>> len(grid), grid.layout(0).data_parallel
    (5622, 256)
    """
    check_count("accelerators", accelerators)
    check_count("global_batch", global_batch)
    flags = {name: _flag(name, fixed.pop(name, False)) for name in _FLAGS}
    given = {name: _values(name, value) for name, value in fixed.items()}
    case = _Case(accelerators, architecture, global_batch, uneven=flags["uneven_stages"])
    columns: Columns = {}
    for name, every in case.every().items():
        values = given.get(name, every)
        columns = _crossed(columns, name, values)
        keep = np.broadcast_to(getattr(case, name)(columns), len(columns[name]))
        if not keep.any():
            message = (
                f"enumerate_layouts: no layout of {accelerators} accelerators is left at {name} = "
                f"{_listed(values)}: {case.needs(name)}"
            )
            raise RangeError(message)
        columns = {key: column[keep] for key, column in columns.items()}
    for column in columns.values():
        column.setflags(write=False)
    return LayoutGrid(**columns, **flags)


@attrs.frozen
class _Case:
    """What the layouts have to fit; one rule for each axis, asked in this order.

    Each rule sees the columns up to its own axis, and says which rows fit.
    """

    accelerators: int
    architecture: Architecture
    global_batch: int
    uneven: bool = attrs.field(kw_only=True)

    def every(self) -> Columns:
        """All values of each axis that could fit, in the order of axes."""
        parts, layers = divisors(self.accelerators), self.architecture.layers
        return {
            "tensor_parallel": parts,
            "pipeline_parallel": parts,
            "context_parallel": parts,
            "data_parallel": parts,
            "expert_parallel": divisors(self._experts),
            "virtual_stages": np.arange(1, layers + 1) if self.uneven else divisors(layers),
            "micro_batch": divisors(self.global_batch),
            **{name: np.arange(len(words)) for name, words in _WORDS.items()},
        }

    def tensor_parallel(self, columns: Columns) -> Any:
        """Heads and the width of layers without experts split."""
        parts = columns["tensor_parallel"]
        fits = divides(parts, self.accelerators)
        if parts.max() == 1:
            return fits
        heads, key_value_heads = heads_of(self.architecture)
        width = dense_width(self.architecture) or parts
        split = divides(parts, heads) & divides(parts, width)
        return fits & split & replicates_heads(parts, key_value_heads)

    def pipeline_parallel(self, columns: Columns) -> Any:
        """Layers split."""
        layers = self.architecture.layers
        split = splits_layers(columns["pipeline_parallel"], layers, uneven=self.uneven)
        return split & divides(_together(columns), self.accelerators)

    def context_parallel(self, columns: Columns) -> Any:
        """The axes up to here divide the accelerators."""
        return divides(_together(columns), self.accelerators)

    def data_parallel(self, columns: Columns) -> Any:
        """All accelerators are taken, and the batch splits."""
        all_taken = np.equal(_together(columns), self.accelerators)
        return all_taken & divides(columns["data_parallel"], self.global_batch)

    def expert_parallel(self, columns: Columns) -> Any:
        """Experts split, within the copies of a stage."""
        parts = columns["expert_parallel"]
        copies = columns["data_parallel"] * columns["context_parallel"]
        return divides(parts, self._experts) & divides(parts, copies)

    def virtual_stages(self, columns: Columns) -> Any:
        """Layers split further, in a pipeline."""
        stages, virtual = columns["pipeline_parallel"], columns["virtual_stages"]
        split = splits_layers(stages * virtual, self.architecture.layers, uneven=self.uneven)
        return split & (np.equal(virtual, 1) | np.greater(stages, 1))

    def micro_batch(self, columns: Columns) -> Any:
        """The batch splits into whole micro-batches, and these into rounds."""
        together = columns["data_parallel"] * columns["micro_batch"]
        rounds = fills_rounds(
            self.global_batch // together, columns["pipeline_parallel"], columns["virtual_stages"]
        )
        return divides(together, self.global_batch) & rounds

    def recomputation(self, _columns: Columns) -> Any:
        """Goes with everything."""
        return True

    def sharding(self, _columns: Columns) -> Any:
        """Goes with everything."""
        return True

    def needs(self, name: str) -> str:
        """Say what an axis has to fit."""
        layers, batch = self.architecture.layers, self.global_batch
        return {
            "tensor_parallel": "it has to divide the accelerators, and heads and widths",
            "pipeline_parallel": f"it has to divide the accelerators, and {layers} layers",
            "context_parallel": "it has to divide the accelerators with the axes before",
            "data_parallel": "it has to fill up the accelerators, and to divide "
            f"global_batch = {batch}",
            "expert_parallel": f"it has to divide {self._experts} experts, and data_parallel x "
            "context_parallel",
            "virtual_stages": f"with pipeline_parallel it has to divide {layers} layers; 1 without "
            "a pipeline",
            "micro_batch": f"with data_parallel it has to divide global_batch = {batch}, and what "
            "is left has to be whole rounds of an interleaved schedule",
        }[name]

    @property
    def _experts(self) -> int:
        return self.architecture.experts or 1


def _together(columns: Columns) -> Any:
    """Accelerators that the axes so far take."""
    return np.prod([columns[name] for name in _COUNTED if name in columns], axis=0)


def _crossed(columns: Columns, name: str, values: Any) -> Columns:
    """Each row so far with each value of a further axis."""
    rows = len(next(iter(columns.values()), [0]))
    if rows * len(values) > _MOST:
        message = (
            f"enumerate_layouts: more than {_MOST:,} combinations at {name}; give fewer values of "
            f"some axis, such as context_parallel=1 or {name}={values[0]}"
        )
        raise RangeError(message)
    crossed = {key: np.repeat(column, len(values)) for key, column in columns.items()}
    return {**crossed, name: np.tile(values, rows)}


def _values(name: str, value: Any) -> Any:
    """Read the values of an axis: one or several, as an ascending array of whole numbers."""
    if name not in {*_NUMBERS, *_WORDS}:
        raise UnknownNameError(name, [*_NUMBERS, *_WORDS, *_FLAGS], "axis of a layout")
    several: list[Any] = [value] if isinstance(value, (str, int)) else list(value)
    if name in _WORDS:
        words = _WORDS[name]
        several = [list(words).index(words(word)) for word in several]
    else:
        for number in several:
            check_count(name, number)
    if not several:
        message = f"enumerate_layouts: {name} needs a value or several; got none"
        raise RangeError(message)
    return np.unique(np.array(several))


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        message = f"enumerate_layouts: {name} needs True or False; got {value!r}"
        raise RangeError(message)
    return value


def _listed(values: Any) -> str:
    shown = ", ".join(str(value) for value in values[:_SHOWN])
    return f"{shown}, ..." if len(values) > _SHOWN else shown


# Values of an axis that a message shows.
_SHOWN = 6
