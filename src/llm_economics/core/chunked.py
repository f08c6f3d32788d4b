"""Sweeps in chunks: a Dask array whose chunks are computed when, and where, they are needed.

A task is told which block of the grid it is; it makes its own slices of the axes and calls the
same evaluation as a sweep in memory. Nothing as long as an axis is ever held or sent, so that a
sweep over a thousand million cells costs as much memory as its largest chunks.

Rejected: Dask arrays of the axes combined by Dask's own arithmetic (an array per operation and
chunk; it loses the sharing of sub-expressions), and running a graph of our own on processes (Dask
has schedulers from one thread to a cluster, and users have them running already).
"""

from __future__ import annotations

import math
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import attrs
import numpy as np

from llm_economics.core.errors import RangeError
from llm_economics.core.optional import optional_module
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.grid import MAXIMUM_CELLS, Grid, Statistic

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from llm_economics.core.uncertain.grid import Block

__all__ = ["MOST_CHUNKS", "check_sizes", "computed", "lazy_answer", "lazy_axis", "sizes_within"]

MOST_CHUNKS = 10**5
"""More chunks than this are refused: Dask would spend its time on counting them."""

_AT_A_TIME = 2**23  # numbers that are fetched from workers
_EXTRA = {"extra": "sweep", "needed_by": "sweep(chunks=...)"}


def sizes_within(shape: Sequence[int], numbers: int) -> tuple[int, ...]:
    """Size of a chunk along every axis: whole last axes, as far as they fit.

    Parameters
    ----------
    shape : sequence of int
        Size of the grid.
    numbers : int
        How many numbers a chunk may have.

    Returns
    -------
    tuple of int
        One size per axis.

    Examples
    --------
    >>> sizes_within((1_000_000, 1000), 10_000_000)
    (10000, 1000)
    >>> sizes_within((10, 1000), 300)
    (1, 300)
    """
    left = max(1, numbers)
    sizes = []
    for count in reversed(shape):
        size = min(count, left)
        left //= size
        sizes.append(size)
    return tuple(reversed(sizes))


def check_sizes(shape: Sequence[int], sizes: Sequence[int]) -> None:
    """Refuse chunks that are too many or too large.

    Parameters
    ----------
    shape, sizes : sequence of int
        Size of the grid, and of a chunk along every axis.

    Raises
    ------
    RangeError
        If there are more than `MOST_CHUNKS`, or one has more than `MAXIMUM_CELLS` cells.
    """
    number = math.prod(-(-count // size) for count, size in zip(shape, sizes, strict=True))
    if number > MOST_CHUNKS:
        message = f"sweep: these chunks would be {number}; at most {MOST_CHUNKS} are made: "
        raise RangeError(message + "give larger ones, such as chunks=10_000_000")
    if math.prod(sizes) > MAXIMUM_CELLS:
        message = f"sweep: a chunk would have {math.prod(sizes)} cells; at most {MAXIMUM_CELLS}: "
        raise RangeError(message + "give smaller ones, such as chunks=10_000_000")


@attrs.frozen(eq=False)
class _Task:
    """Computes one chunk of a sweep, in whichever process."""

    grid: Grid
    statistic: Statistic
    sizes: tuple[int, ...]

    def __call__(self, *, block_id: tuple[int, ...]) -> npt.NDArray[np.float64]:
        block = _block(block_id, self.sizes, self.grid.shape)
        return self.grid.evaluate(self.statistic, block)


@attrs.frozen(eq=False)
class _Slice:
    """Computes one chunk of an axis."""

    swept: Swept
    size: int

    def __call__(self, *, block_id: tuple[int]) -> npt.NDArray[np.float64]:
        ((first, last),) = _block(block_id, (self.size,), (self.swept.count,))
        return self.swept.values(first, last)


def lazy_answer(grid: Grid, statistic: Statistic, sizes: Sequence[int]) -> Any:
    """Answer for every cell of a grid, as a Dask array.

    Parameters
    ----------
    grid : Grid
        The formula and its axes.
    statistic : Statistic
        What is asked of every cell.
    sizes : sequence of int
        Size of a chunk along every axis; that of quantiles is never cut.

    Returns
    -------
    dask.array.Array
        Not computed yet.

    Raises
    ------
    MissingInputError
        If Dask is not installed.
    """
    chunks = [_lengths(count, size) for count, size in zip(grid.shape, sizes, strict=True)]
    if statistic.kind == "quantiles":
        chunks.append((statistic.width,))
    return _mapped(_Task(grid, statistic, tuple(sizes)), chunks)


def lazy_axis(swept: Swept, size: int) -> Any:
    """Values of an axis, as a Dask array.

    Parameters
    ----------
    swept : Swept
        The axis.
    size : int
        How many values a chunk has.

    Returns
    -------
    dask.array.Array
        Not computed yet.
    """
    return _mapped(_Slice(swept, size), [_lengths(swept.count, size)])


def computed(arrays: Iterable[Any], *, progress: bool = False) -> tuple[Any, ...]:
    """Compute Dask arrays with the active scheduler; NumPy arrays are returned as they are.

    Parameters
    ----------
    arrays : iterable of arrays
        What to compute, together.
    progress : bool
        Whether to print a bar.

    Returns
    -------
    tuple of ndarray
        The numbers.
    """
    dask = optional_module("dask", **_EXTRA)
    distributed = _active_cluster()
    if distributed is None:
        bar = optional_module("dask.diagnostics", **_EXTRA).ProgressBar if progress else nullcontext
        with bar():
            return tuple(dask.compute(*arrays))
    held = dask.persist(*arrays)
    # Where Dask was told to use threads all the same, there is nothing to wait for.
    if progress and distributed.futures_of(held):
        # The bar of text is finished when it returns, in a notebook too.
        distributed.progress(*held, notebook=False)
    return tuple(_fetched(array) for array in held)


def _fetched(array: Any) -> npt.NDArray[np.float64]:
    """Numbers that workers hold, a part at a time: all at once would take four times the memory."""
    out = np.empty(array.shape)
    rows = max(1, _AT_A_TIME // math.prod(array.shape[1:]))
    for start in range(0, len(array), rows):
        out[start : start + rows] = np.asarray(array[start : start + rows])
    return out


def _active_cluster() -> Any:
    """The package `distributed` if a client of it is active; it is not loaded to find out."""
    distributed = sys.modules.get("distributed")
    try:
        return distributed if distributed and distributed.default_client() else None
    except ValueError:
        return None


def _mapped(task: Any, chunks: Sequence[tuple[int, ...]]) -> Any:
    array = optional_module("dask.array", **_EXTRA)
    # A name of its own: to find one, Dask would take the formula apart.
    return array.map_blocks(
        task,
        chunks=tuple(chunks),
        dtype=np.float64,
        meta=np.empty((0,) * len(chunks)),
        name=f"sweep-{uuid4().hex}",
    )


def _lengths(count: int, size: int) -> tuple[int, ...]:
    whole, rest = divmod(count, size)
    return (size,) * whole + ((rest,) if rest else ())


def _block(places: Sequence[int], sizes: Sequence[int], shape: Sequence[int]) -> Block:
    """First and last place of a chunk along every axis."""
    along = zip(places, sizes, shape, strict=False)
    return tuple((i * size, min((i + 1) * size, count)) for i, size, count in along)
