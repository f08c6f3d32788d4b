"""A program on arrays: in blocks that stay in the processor's cache, with reused buffers.

Written by hand in NumPy, a formula of twenty operations writes twenty arrays of full length, and
most of the time goes into fetching memory. Here the result is cut into blocks; each operation
writes into a small buffer that is used again as soon as its content is not needed any more; and
what does not change from block to block is computed once. Blocks do not depend on the number of
threads, so neither do the digits.

Rejected: numexpr and numba (further dependencies, the second slow to import and to compile), and
one buffer per operation (twice slower: it leaves the cache).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.uncertain.code import build
from llm_economics.core.uncertain.operations import OPERATIONS

if TYPE_CHECKING:
    from llm_economics.core.uncertain.program import Program, Structure

__all__ = [
    "BLOCK",
    "Array",
    "BlockCode",
    "Finish",
    "block_code",
    "evaluate",
    "fixed_values",
    "in_threads",
]

Array: TypeAlias = npt.NDArray[np.float64]

Finish: TypeAlias = Callable[[Array], Array]
"""Turns a block (rows, n) into (rows, q); it may use up the block."""

BLOCK = 2**15
"""Numbers in a block: the fewer calls per number, the better, while a few buffers fit the cache."""

Axes: TypeAlias = frozenset[int]

_NUMPY = {
    "add": "add({0}, {1}, {out})",
    "subtract": "subtract({0}, {1}, {out})",
    "multiply": "multiply({0}, {1}, {out})",
    "divide": "divide({0}, {1}, {out})",
    "power": "power({0}, {1}, {out})",
    "negative": "negative({0}, {out})",
    "absolute": "absolute({0}, {out})",
    "maximum": "maximum({0}, {1}, out={out})",
    "minimum": "minimum({0}, {1}, out={out})",
    "ceil": "ceil({0}, {out})",
    "floor": "floor({0}, {out})",
    "exp": "exp({0}, {out})",
    "log": "log({0}, {out})",
    "sqrt": "sqrt({0}, {out})",
    "less": "less({0}, {1}, {out})",
    "where": "choose({0}, {1}, {2}, {out})",
}

# NumPy's general power is thirty times slower than these.
_POWERS = {2.0: "square({0}, {out})", 0.5: "sqrt({0}, {out})", -1.0: "divide(1.0, {0}, {out})"}


def _choose(condition: Any, first: Any, second: Any, out: Array) -> None:
    np.copyto(out, second)
    np.copyto(out, first, where=np.not_equal(condition, 0.0))


_NAMES: dict[str, Any] = {
    "__builtins__": {},
    "choose": _choose,
    "copyto": np.copyto,
    "square": np.square,
    **{name: getattr(np, name) for name in _NUMPY if name != "where"},
}


@attrs.frozen(eq=False)
class BlockCode:
    """A program compiled for one shape of question."""

    function: Callable[..., None]
    """Called with the inputs, the fixed values, the buffers, and where the result goes."""

    fixed: tuple[int, ...]
    """Steps that are computed once, before the blocks."""

    used: tuple[int, ...]
    """Those of them that the blocks need."""

    inputs: tuple[int, ...]
    """Variables that the blocks need."""

    buffers: tuple[Axes, ...]
    """Axes along which each buffer extends."""


def evaluate(  # noqa: PLR0913 - three that say what, the rest keyword-only
    program: Program,
    inputs: Sequence[Any],
    shape: tuple[int, ...],
    *,
    sampled: bool = False,
    finish: Finish | None = None,
    threads: int = 1,
) -> Array:
    """Result of a program over a grid of values of its inputs.

    Parameters
    ----------
    program : Program
        The formula.
    inputs : sequence of float or ndarray
        One per variable. Arrays have as many dimensions as `shape`, of size 1 along those on
        which the input does not depend.
    shape : tuple of int
        Shape of the grid: swept axes, then the program's own shape, then samples.
    sampled : bool
        Whether the last axis holds samples, so that array constants lie before it.
    finish : callable, optional
        Turns each block (rows, n) with the whole last axis into (rows, q); may use up the block.
    threads : int
        How many threads share the blocks; it changes no digit.

    Returns
    -------
    ndarray
        Of `shape`, or of ``(*shape[:-1], q)`` with `finish`.
    """
    if finish is not None and len(shape) == 1:
        # One row: blocks need an axis to cut.
        rows = [value if np.ndim(value) == 0 else value[None] for value in inputs]
        found: Array = evaluate(program, rows, (1, *shape), sampled=sampled, finish=finish)[0]
        return found
    axes = [_axes(value) for value in inputs]
    constants = _constants(program, len(shape), sampled=sampled)
    split = _split(shape, whole_last=finish is not None)
    code = block_code(program, axes, constants, split, shape)
    fixed = fixed_values(program, code, inputs, constants)
    job = _Job(code, [inputs[i] for i in code.inputs], fixed, shape, split)
    return job.run(finish, threads)


def block_code(
    program: Program,
    axes: Sequence[Axes],
    constants: dict[int, Any],
    split: int,
    shape: tuple[int, ...] | None = None,
) -> BlockCode:
    """Code for blocks that are cut along the axis `split`, kept with the program.

    Parameters
    ----------
    program : Program
        The formula.
    axes : sequence of frozenset of int
        Axes along which each variable extends.
    constants : dict
        Array constants by step, with all dimensions.
    split : int
        Axis that blocks cut; those before it are single, those after it whole.
    shape : tuple of int, optional
        Shape of the result. None stands for variables that come as functions that fill a buffer,
        rather than as arrays, along the one axis.

    Returns
    -------
    BlockCode
        The code.
    """
    fixed_axes = tuple((index, _axes(value)) for index, value in constants.items())
    # Where the whole result extends along the axes, its place serves as a buffer until then.
    whole = frozenset({0}) if shape is None else frozenset(i for i, n in enumerate(shape) if n > 1)
    return _written(program.structure(), tuple(axes), fixed_axes, (split, whole), shape is None)


# Formulas of one form share their code: another scenario differs in its ranges only.
@lru_cache(maxsize=256)
def _written(
    steps: Structure,
    axes: tuple[Axes, ...],
    constants: tuple[tuple[int, Axes], ...],
    cut: tuple[int, Axes],
    drawn: bool,  # noqa: FBT001 - says what the inputs are
) -> BlockCode:
    return _Writer(steps, axes, dict(constants), cut).write(drawn=drawn)


def in_threads(work: Callable[[int], None], threads: int) -> None:
    """Run ``work(0) ... work(threads - 1)``, each in a thread of its own if there are several."""
    if threads == 1:
        work(0)
        return
    with ThreadPoolExecutor(threads) as pool:
        # Going through the results raises what a thread raised.
        list(pool.map(work, range(threads)))


def _axes(value: Any) -> Axes:
    return frozenset(i for i, size in enumerate(np.shape(value)) if size > 1)


def _constants(program: Program, dimensions: int, *, sampled: bool) -> dict[int, Any]:
    """Array constants by step, given all dimensions of the grid."""
    found = {}
    for index, step in enumerate(program.instructions):
        if step.operation == "constant" and np.ndim(step.payload):
            tail = (1,) * sampled
            lead = (1,) * (dimensions - np.ndim(step.payload) - sampled)
            found[index] = step.payload.reshape(lead + step.payload.shape + tail)
    return found


def _split(shape: tuple[int, ...], *, whole_last: bool) -> int:
    """Axis to cut so that everything after it fits a block."""
    inner, axis = 1, len(shape) - 1
    if whole_last:
        inner, axis = shape[-1], axis - 1
    while axis > 0 and inner * shape[axis] <= BLOCK:
        inner *= shape[axis]
        axis -= 1
    return max(axis, 0)


def fixed_values(
    program: Program, code: BlockCode, inputs: Sequence[Any], constants: dict[int, Any]
) -> list[Any]:
    """Values of the steps that are the same for all blocks, as far as the blocks use them.

    Parameters
    ----------
    program, code
        The formula and its code.
    inputs : sequence of float or ndarray
        One per variable; only those that change from block to block may be left out.
    constants : dict
        Array constants by step, with all dimensions.

    Returns
    -------
    list of float or ndarray
        In the order of ``code.used``.
    """
    values: dict[int, Any] = {}
    with np.errstate(all="ignore"):
        for index in code.fixed:
            step = program.instructions[index]
            if step.operation == "variable":
                values[index] = inputs[step.payload]
            elif step.operation == "constant":
                values[index] = constants.get(index, step.payload)
            else:
                function = OPERATIONS[step.operation].function
                values[index] = function(*(values[i] for i in step.arguments))
    return [float(values[i]) if np.ndim(values[i]) == 0 else values[i] for i in code.used]


class _Writer:
    """Writes the code of a block: which buffer holds what, and when it is free again."""

    def __init__(
        self,
        steps: Structure,
        axes: Sequence[Axes],
        constants: dict[int, Axes],
        cut: tuple[int, Axes],
    ) -> None:
        self.steps = steps
        split, whole = cut
        self.axes = self._axes_of_steps(axes, constants)
        # Constants are cut like inputs, but they are known before the blocks.
        self.moving = [
            step[0] != "constant" and any(axis <= split for axis in found)
            for step, found in zip(steps, self.axes, strict=True)
        ]
        self.last_use = {i: n for n, step in enumerate(steps) for i in step[1]}
        self.buffers: list[Axes] = []
        # `where` writes its result before it has read everything, so it needs it for itself.
        in_place = self.axes[-1] == whole and steps[-1][0] not in {"where", "variable", "constant"}
        self.free: dict[Axes, list[str]] = {whole: ["out"]} if in_place else {}
        self.place: dict[int, str] = {}
        self.lines: list[str] = []

    def _axes_of_steps(self, axes: Sequence[Axes], constants: dict[int, Axes]) -> list[Axes]:
        found: list[Axes] = []
        for index, (operation, arguments, payload) in enumerate(self.steps):
            if operation == "variable":
                found.append(axes[payload])
            elif operation == "constant":
                found.append(constants.get(index, frozenset()))
            else:
                found.append(frozenset().union(*(found[i] for i in arguments)))
        return found

    def write(self, *, drawn: bool) -> BlockCode:
        """Write and compile it."""
        result = len(self.steps) - 1
        moving = [index for index in range(result + 1) if self.moving[index]]
        for index in moving:
            self._write_step(index, drawn=drawn)
        if not (self.moving[result] and self.steps[result][0] in _NUMPY):
            self.lines.append(f"copyto(out, {self._name(result)})")
        needed = {i for n in moving for i in self.steps[n][1]}
        used = [i for i in sorted({*needed, result}) if not self.moving[i]]
        inputs = [self.steps[n][2] for n in moving if self.steps[n][0] == "variable"]
        parameters = [
            *(f"i{i}" for i in inputs),
            *(f"f{i}" for i in used),
            *(f"b{i}" for i in range(len(self.buffers))),
            "out",
        ]
        fixed = tuple(n for n in range(len(self.steps)) if not self.moving[n])
        function = build("block", parameters, self.lines, _NAMES)
        return BlockCode(function, fixed, tuple(used), tuple(inputs), tuple(self.buffers))

    def _write_step(self, index: int, *, drawn: bool) -> None:
        operation, arguments, payload = self.steps[index]
        if operation == "variable":
            if drawn:
                self.place[index] = self._buffer(self.axes[index])
                self.lines.append(f"i{payload}({self.place[index]})")
            return
        inner = [self._name(i) for i in arguments]
        # `where` writes its result in two goes, so its arguments must outlive the first.
        if operation == "where":
            out = self._target(index)
            self._release(index)
        else:
            self._release(index)
            out = self._target(index)
        text = _POWERS.get(payload, _NUMPY[operation])
        self.lines.append(text.format(*inner, out=out))

    def _target(self, index: int) -> str:
        if index == len(self.steps) - 1:
            return "out"
        self.place[index] = self._buffer(self.axes[index])
        return self.place[index]

    def _name(self, index: int) -> str:
        if not self.moving[index]:
            return f"f{index}"
        return self.place.get(index) or f"i{self.steps[index][2]}"

    def _buffer(self, axes: Axes) -> str:
        waiting = self.free.get(axes)
        if waiting:
            return waiting.pop()
        self.buffers.append(axes)
        return f"b{len(self.buffers) - 1}"

    def _release(self, index: int) -> None:
        """Free the buffers whose content is used here for the last time."""
        for i in set(self.steps[index][1]):
            if i in self.place and self.last_use[i] == index:
                self.free.setdefault(self.axes[i], []).append(self.place[i])


@attrs.frozen(eq=False)
class _Job:
    """One evaluation over a grid."""

    code: BlockCode
    inputs: list[Any]
    fixed: list[Any]
    shape: tuple[int, ...]
    split: int

    def run(self, finish: Finish | None, threads: int) -> Array:
        out = np.empty(self.shape if finish is None else (*self.shape[:-1], 0))
        starts = list(self._blocks())
        if finish is None:
            self._share(starts, threads, None, out)
            return out
        found: dict[int, Array] = {}
        rows = self.shape[-1]

        def keep(number: int, block: Array) -> None:
            found[number] = finish(block.reshape(-1, rows))

        self._share(starts, threads, keep, None)
        pieces = [found[number] for number in range(len(starts))]
        return np.concatenate(pieces).reshape(*self.shape[:-1], -1)

    def _blocks(self) -> Iterator[tuple[tuple[int, ...], int, int]]:
        """Go through the outer indices and the cut of every block, in order."""
        inner = math.prod(self.shape[self.split + 1 :])
        # Without buffers there is little to keep in the cache, and fewer calls are better.
        numbers = BLOCK if self.code.buffers else 8 * BLOCK
        rows = max(1, numbers // max(inner, 1))
        size = self.shape[self.split]
        outer = product(*(range(n) for n in self.shape[: self.split]))
        for indices in outer:
            for start in range(0, size, rows):
                yield indices, start, min(start + rows, size)

    def _share(
        self,
        blocks: list[tuple[tuple[int, ...], int, int]],
        threads: int,
        keep: Callable[[int, Array], None] | None,
        out: Array | None,
    ) -> None:
        threads = max(1, min(threads, len(blocks)))

        values = [*self.inputs, *self.fixed]
        # What extends along no axis that is cut or single is the same in every block.
        moving = [any(n > 1 for n in np.shape(v)[: self.split + 1]) for v in values]

        def work(thread: int) -> None:
            buffers = _Buffers(self)
            with np.errstate(all="ignore"):
                for number in range(thread, len(blocks), threads):
                    indices, start, stop = blocks[number]
                    where = (*(slice(i, i + 1) for i in indices), slice(start, stop))
                    block = buffers.whole(stop - start) if out is None else out[where]
                    parts = [
                        _cut(v, where) if m else v for v, m in zip(values, moving, strict=True)
                    ]
                    self.code.function(*parts, *buffers.views(stop - start), block)
                    if keep is not None:
                        keep(number, block)

        in_threads(work, threads)


class _Buffers:
    """The buffers of one thread, cut to the size of a block."""

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._rows = -1
        self._views: list[Array] = []
        self._whole: Array | None = None

    def views(self, rows: int) -> list[Array]:
        """Buffers for a block of so many rows."""
        if rows != self._rows:
            # Blocks have all one size, but for the last ones.
            shape, split = self._job.shape, self._job.split
            self._rows = rows
            self._views = [
                np.empty(
                    [
                        1 if i < split or i not in axes else rows if i == split else shape[i]
                        for i in range(len(shape))
                    ]
                )
                for axes in self._job.code.buffers
            ]
        return self._views

    def whole(self, rows: int) -> Array:
        """Room for the result of a block."""
        shape, split = self._job.shape, self._job.split
        if self._whole is None or self._whole.shape[split] != rows:
            self._whole = np.empty((*(1,) * split, rows, *shape[split + 1 :]))
        return self._whole


def _cut(value: Any, where: tuple[slice, ...]) -> Any:
    """Part of an array that a block needs; along axes of size 1 there is nothing to cut."""
    whole = slice(None)
    return value[tuple(w if n > 1 else whole for w, n in zip(where, value.shape, strict=False))]
