"""`search_layouts`: the layouts that fit, how long a step takes with each, and the fastest.

All layouts are evaluated at once on arrays, at the central values of the constants; the winner can
then be estimated with ranges. Rejected: rules of thumb (tensor parallel 8 inside a server), which
are right until a model or a network differs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.breakdown import Text
from llm_economics.core.errors import RangeError
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity, ureg
from llm_economics.training.layout_grid import LayoutGrid, enumerate_layouts
from llm_economics.training.step_memory import RESERVE, activation_bytes, memory_parts
from llm_economics.training.step_time import Axes, Work, step_parts
from llm_economics.transformer.architecture import Architecture
from llm_economics.transformer.choices import Choice

if TYPE_CHECKING:
    import pandas as pd

    from llm_economics.hardware.machine import Machine
    from llm_economics.training.efficiency import StepConstants
    from llm_economics.training.layout import Layout
    from llm_economics.training.step_shape import StepShape

__all__ = ["LayoutSearch", "axes_of", "search"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LayoutSearch:
    """Layouts that fit into memory, fastest first.

    Examples
    --------
    >>> import llm_economics as le
    >>> run = le.TrainingWorkload(
    ...     model=le.models["Llama 3.1 70B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=64,
    ...     global_batch="1 Mtoken",
    ...     sequence_length="8192 token",
    ... )
    >>> found = run.search_layouts()
    >>> found.best.accelerators
    64
    """

    grid: LayoutGrid
    """All layouts that were tried."""

    order: Any
    """Positions in the grid of those that fit, fastest first."""

    seconds: Any
    """Time of a step of each layout of the grid (s), at the central constants."""

    bytes: Any
    """Memory on the fullest accelerator of each layout of the grid (byte)."""

    tokens: float
    """Tokens of a step."""

    accelerators: int
    """Accelerators of each layout."""

    def __len__(self) -> int:
        return len(self.order)

    @property
    def best(self) -> Layout:
        """The fastest layout that fits."""
        return self.layout(0)

    def layout(self, rank: int) -> Layout:
        """Return a layout by its rank.

        Parameters
        ----------
        rank : int
            0 for the fastest that fits.

        Returns
        -------
        Layout
            The layout.

        Raises
        ------
        RangeError
            If there is no such rank.
        """
        return self.grid.layout(self._index(rank))

    def step_time(self, rank: int = 0) -> Quantity:
        """Time of a step, at the central constants.

        Parameters
        ----------
        rank : int
            0 for the fastest layout that fits.

        Returns
        -------
        Quantity
            Time (s).

        Raises
        ------
        RangeError
            If there is no such rank.
        """
        return ureg.Quantity(float(self.seconds[self._index(rank)]), "second")

    def memory(self, rank: int = 0) -> Quantity:
        """Memory on the fullest accelerator.

        Parameters
        ----------
        rank : int
            0 for the fastest layout that fits.

        Returns
        -------
        Quantity
            Memory (GB).

        Raises
        ------
        RangeError
            If there is no such rank.
        """
        return ureg.Quantity(float(self.bytes[self._index(rank)]) / 1e9, "GB")

    def token_rate(self, rank: int = 0) -> Quantity:
        """Tokens per second and accelerator, at the central constants.

        Parameters
        ----------
        rank : int
            0 for the fastest layout that fits.

        Returns
        -------
        Quantity
            Rate (token/s/accelerator).

        Raises
        ------
        RangeError
            If there is no such rank.
        """
        seconds = float(self.seconds[self._index(rank)])
        return ureg.Quantity(self.tokens / seconds / self.accelerators, "token/second/accelerator")

    def _index(self, rank: int) -> int:
        """Position in the grid."""
        if not 0 <= rank < len(self):
            message = f"LayoutSearch needs a rank from 0 to {len(self) - 1}; got {rank}"
            raise RangeError(message)
        return int(self.order[rank])

    def rows(self, most: int = 10) -> list[dict[str, Any]]:
        """The fastest layouts as plain rows.

        Parameters
        ----------
        most : int
            How many at most.

        Returns
        -------
        list of dict
            Axes, time of a step (s), memory (GB), tokens per second and accelerator.
        """
        found = []
        for rank in range(min(most, len(self))):
            layout = self.layout(rank)
            row = {name: getattr(layout, name) for name in _AXES}
            row |= {name: str(getattr(layout, name)) for name in ("recomputation", "sharding")}
            row["step time (s)"] = float(self.step_time(rank).magnitude)
            row["memory (GB)"] = float(self.memory(rank).magnitude)
            row["token/s/accelerator"] = float(self.token_rate(rank).magnitude)
            found.append(row)
        return found

    def to_markdown(self, most: int = 10) -> Text:
        """The fastest layouts as a table in Markdown.

        Parameters
        ----------
        most : int
            How many at most.

        Returns
        -------
        Text
            The table.
        """
        rows = self.rows(most)
        names = list(rows[0])
        lines = [f"| {' | '.join(n.replace('_', ' ') for n in names)} |"]
        lines.append("| " + " | ".join("---" for _ in names) + " |")
        lines += ["| " + " | ".join(_cell(row[n]) for n in names) + " |" for row in rows]
        return Text("\n".join(lines))

    def to_frame(self, most: int | None = None) -> pd.DataFrame:
        """The layouts that fit as a pandas frame, fastest first; needs the extra ``frame``.

        Parameters
        ----------
        most : int, optional
            How many at most; all of them unless given.

        Returns
        -------
        pandas.DataFrame
            One row for each, as `rows` has them.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        frame: pd.DataFrame = pandas.DataFrame(self.rows(len(self) if most is None else most))
        return frame

    def __repr__(self) -> str:
        return (
            f"LayoutSearch({len(self.grid)} layouts, {len(self)} fit; fastest: {self.best}, "
            f"{float(self.token_rate().magnitude):.4g} token/s/accelerator)"
        )

    def _repr_markdown_(self) -> str:
        return str(self.to_markdown())


_AXES = (
    "data_parallel",
    "tensor_parallel",
    "pipeline_parallel",
    "context_parallel",
    "expert_parallel",
    "virtual_stages",
    "micro_batch",
)


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def axes_of(layouts: Any) -> Axes:
    """Axes of a `Layout` or of a `LayoutGrid`, as numbers.

    Parameters
    ----------
    layouts : Layout or LayoutGrid
        One or many.

    Returns
    -------
    Axes
        Floats or arrays.

    Examples
    --------
    >>> from llm_economics.training.layout import Layout
    >>> axes = axes_of(Layout(data_parallel=4, tensor_parallel=2, recomputation="full"))
    >>> axes.accelerators, float(axes.full_recomputation), float(axes.sharded_parameters)
    (8.0, 1.0, 0.0)
    """
    recomputation, sharding = _position(layouts, "recomputation"), _position(layouts, "sharding")
    return Axes(
        **{name: 1.0 * getattr(layouts, name) for name in _AXES},
        full_recomputation=np.greater_equal(recomputation, 2) * 1.0,
        attention_recomputation=np.greater_equal(recomputation, 1) * 1.0,
        sharded_parameters=np.greater_equal(sharding, 3) * 1.0,
        sharding=sharding,
    )


def _position(layouts: Any, name: str) -> Any:
    value = getattr(layouts, name)
    return list(type(value)).index(value) if isinstance(value, Choice) else value


# What is tried unless it is fixed: beyond these, layouts are slower in every case seen.
_SEQUENCE_PART = 4096.0
_TENSOR_PARTS = 64
_MICRO_BATCHES = (1, 2, 4, 8, 16, 32, 64)
_VIRTUAL_STAGES = (1, 2, 3, 4, 5, 6, 8, 10, 12)


def search(
    work: Work,
    machine: Machine,
    constants: StepConstants,
    *,
    architecture: Architecture | None,
    fixed: dict[str, Any],
) -> LayoutSearch:
    """Evaluate every layout and sort those that fit.

    Parameters
    ----------
    work : Work
        Model and batch.
    machine : Machine
        Peaks, memory, network.
    constants : StepConstants
        Central values.
    architecture : Architecture or None
        Shape of the model, where known.
    fixed : mapping
        Axes that are given, as for `enumerate_layouts`.

    Returns
    -------
    LayoutSearch
        The layouts.

    Raises
    ------
    RangeError
        If none divides, or none fits: by how much, and what would.

    Notes
    -----
    Parameters are sharded without a pipeline only, tensor parallelism stays within the fast links,
    parts of a sequence have 4,096 tokens at least, and sequences are split along with tensor
    parallelism; whatever is fixed goes before.
    """
    shape, accelerators = architecture or _stand_in(work.shape), work.accelerators
    batch = round(work.global_batch)
    tried = _tried(work, machine, accelerators) | fixed
    grid = enumerate_layouts(accelerators, shape, batch, **tried)
    axes = axes_of(grid)
    kept = activation_bytes(architecture, work.shape)
    memory = memory_parts(work, kept, axes, axes.sharding).total
    seconds = step_parts(work, machine, constants, axes).total
    # Gathering parameters for each micro-batch of a pipeline is not done.
    allowed = axes.sharded_parameters * (axes.pipeline_parallel - 1.0) == 0.0
    if not allowed.any():
        message = (
            "no layout is left: sharding='parameters' in a pipeline would gather them for each "
            "micro-batch; give pipeline_parallel=1, or sharding='optimizer'"
        )
        raise RangeError(message)
    fits = allowed & (memory <= machine.memory * (1.0 - RESERVE))
    if not fits.any():
        _refuse(grid, np.where(allowed, memory, np.inf), machine, accelerators)
    position = np.flatnonzero(fits)
    order = position[np.argsort(seconds[position], kind="stable")]
    return LayoutSearch(
        grid=grid,
        order=order,
        seconds=seconds,
        bytes=memory,
        tokens=batch * work.shape.sequence_length,
        accelerators=accelerators,
    )


def _tried(work: Work, machine: Machine, accelerators: int) -> dict[str, Any]:
    """Values of the axes that are tried."""
    parts = [n for n in range(1, accelerators + 1) if accelerators % n == 0]
    length = work.shape.sequence_length
    return {
        "tensor_parallel": [n for n in parts if n <= min(max(machine.domain, 1.0), _TENSOR_PARTS)],
        "context_parallel": [n for n in parts if n == 1 or length / n >= _SEQUENCE_PART],
        "virtual_stages": _VIRTUAL_STAGES,
        "micro_batch": [n for n in _MICRO_BATCHES if n <= work.global_batch],
        "sharding": ("optimizer", "parameters"),
        "sequence_parallel": True,
        "uneven_stages": True,
    }


def _stand_in(shape: StepShape) -> Architecture:
    """A shape of the same sizes, by whose divisors layouts are enumerated."""
    heads = max(1, round(shape.attention_heads))
    return Architecture(
        layers=round(shape.layers),
        hidden_size=round(shape.hidden_size),
        attention_heads=heads,
        key_value_heads=heads,
        experts=round(shape.experts) if shape.experts > 1.0 else None,
        active_experts=round(shape.active_experts) if shape.experts > 1.0 else None,
    )


def _refuse(grid: LayoutGrid, memory: Any, machine: Machine, accelerators: int) -> None:
    least = int(np.argmin(memory))
    needs, has = memory[least] / 1e9, machine.memory * (1.0 - RESERVE) / 1e9
    message = (
        f"no layout of {accelerators} accelerators fits: the smallest needs {needs:.4g} GB on each "
        f"({grid.layout(least)}) and {has:.4g} GB are free; short by {needs - has:.3g} GB. "
        f"About {int(np.ceil(accelerators * needs / has))} accelerators would do, or a smaller "
        "micro-batch, more memory each, an optimizer with fewer states"
    )
    raise RangeError(message)
