"""A formula over a grid of values of some of its inputs, without units and without labels.

Every cell of the grid is the formula with the swept inputs put to the values of that cell. The
other inputs are at their medians (central case), or run through one set of points that all cells
share, so that two cells differ by the swept inputs alone and not by luck.

A grid is evaluated whole or block by block; a cell's digits do not depend on the block that it is
in, nor on the number of threads. Rejected: new points in every cell (curves would be noisy), and
one program per cell (a thousand times slower).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.distributions import Discrete, Uniform
from llm_economics.core.uncertain.graph import Uncertain, split_scale
from llm_economics.core.uncertain.kernel import Finish, evaluate
from llm_economics.core.uncertain.lattice import SHIFTS
from llm_economics.core.uncertain.order import quantiles_of_rows
from llm_economics.core.uncertain.program import Program, compile_program
from llm_economics.core.uncertain.sampling import DEFAULT_POINTS, STEPS, Drawing, input_points

if TYPE_CHECKING:
    from collections.abc import Collection

    from llm_economics.core.uncertain.variable import Variable

__all__ = [
    "MAXIMUM_CELLS",
    "MAXIMUM_POINTS",
    "Block",
    "Grid",
    "GridAxis",
    "Statistic",
    "scattered",
    "swept_inputs",
    "swept_text",
]

Array: TypeAlias = npt.NDArray[np.float64]

Block: TypeAlias = tuple[tuple[int, int], ...]
"""First and last place (excluded) along every axis."""

MAXIMUM_CELLS = 10**8
"""Numbers that a sweep without chunks, or one chunk, may have: 0.8 GB."""

MAXIMUM_POINTS = 2**20
"""Points of the other inputs, for each cell."""

_CHECK_POINTS = 2**12
_DEFAULT = Drawing(points=DEFAULT_POINTS, method="lattice", seed=0)


@attrs.frozen(kw_only=True)
class Statistic:
    """What is asked of every cell."""

    kind: Literal["central", "mean", "quantiles"] = "central"
    """The other inputs at their medians, or the mean or the quantiles over their ranges."""

    levels: tuple[float, ...] = ()
    """Probabilities, for quantiles."""

    drawing: Drawing = _DEFAULT
    """How the points of the other inputs are chosen, and how many threads work."""

    def __attrs_post_init__(self) -> None:
        """Refuse levels that are no probabilities, and more points than a cell may have."""
        needed = self.kind == "quantiles"
        if needed and not (self.levels and all(0 <= level <= 1 for level in self.levels)):
            message = (
                f"quantiles needs probabilities between 0 and 1, such as 0.05; got {self.levels}"
            )
            raise RangeError(message)
        if self.drawing.points > MAXIMUM_POINTS:
            message = f"a sweep has at most {MAXIMUM_POINTS} points for each cell; got "
            raise RangeError(message + str(self.drawing.points))

    @property
    def sampled(self) -> bool:
        """Whether the other inputs run through points."""
        return self.kind != "central"

    @property
    def width(self) -> int:
        """How many numbers a cell is answered with."""
        return max(1, len(self.levels))


@attrs.frozen
class GridAxis:
    """An input of a program, and the values that it is put to."""

    place: int
    """Which of the program's variables."""

    swept: Swept
    """The values, in a unit of the caller's choice."""

    factor: float = 1.0
    """What turns them into the unit of the input."""

    def values(self, first: int = 0, last: int | None = None) -> Array:
        """Values in the unit of the input."""
        found = self.swept.values(first, last)
        return found if self.factor == 1.0 else found * self.factor


@attrs.frozen(eq=False)
class Grid:
    """A formula and the axes over which it is evaluated.

    It holds the formula rather than the program compiled from it, since that is what can be sent
    to another process.
    """

    node: Uncertain
    axes: tuple[GridAxis, ...]

    @property
    def program(self) -> Program:
        """The compiled formula."""
        return compile_program(self.node)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each axis has."""
        return tuple(axis.swept.count for axis in self.axes)

    def evaluate(self, statistic: Statistic, block: Block | None = None) -> Array:
        """Answer for every cell of a block, or of the whole grid.

        Parameters
        ----------
        statistic : Statistic
            What is asked.
        block : tuple of (int, int), optional
            First and last place along every axis; by default all.

        Returns
        -------
        ndarray
            One number per cell; for quantiles, with one more axis for the levels. A cell that is
            undefined at some of its points, such as the logarithm of a negative number, is NaN.
        """
        places = block or tuple((0, count) for count in self.shape)
        shape = tuple(last - first for first, last in places)
        inputs = self._inputs(places, self.others(statistic), sampled=statistic.sampled)
        threads = statistic.drawing.threads
        if not statistic.sampled:
            return evaluate(self.program, inputs, shape, threads=threads)
        # Where every input is swept, all points of a cell are one.
        fixed = len(self.axes) == len(self.program.variables)
        shape += (1 if fixed else statistic.drawing.points,)
        finish: Finish = _mean_of_rows
        if statistic.kind == "quantiles":
            jumps = _jumps(self.program, self._taken)
            finish = _Quantiles(np.array(statistic.levels), jumps)
        found = evaluate(self.program, inputs, shape, sampled=True, finish=finish, threads=threads)
        return found if statistic.kind == "quantiles" else found[..., 0]

    def others(self, statistic: Statistic) -> dict[int, Any]:
        """Values of the inputs that are not swept, by their place: medians, or rows of points.

        Parameters
        ----------
        statistic : Statistic
            What is asked.

        Returns
        -------
        dict of int to float or ndarray
            A number or a row of points for each.

        Raises
        ------
        RangeError
            If there can be no such points: not a power of two for the lattice, say.
        """
        program, taken = self.program, self._taken
        rest = [place for place in range(len(program.variables)) if place not in taken]
        if not statistic.sampled:
            return {place: program.variables[place].distribution.median() for place in rest}
        # The place of an input decides which row of the lattice is its own: so all are drawn,
        # with a stand-in for those that are swept.
        rows = input_points(_with_stand_ins(program, taken), statistic.drawing)
        return {place: rows[place] for place in rest}

    @property
    def _taken(self) -> frozenset[int]:
        return frozenset(axis.place for axis in self.axes)

    def _inputs(self, block: Block, others: dict[int, Any], *, sampled: bool) -> list[Any]:
        """Every input with as many dimensions as the grid has, that of points included."""
        found: list[Any] = [None] * len(self.program.variables)
        lead = (1,) * len(block)
        for place, value in others.items():
            found[place] = value.reshape((*lead, -1)) if np.ndim(value) else value
        for number, (axis, (first, last)) in enumerate(zip(self.axes, block, strict=True)):
            shape = [-1 if d == number else 1 for d in range(len(block) + sampled)]
            found[axis.place] = axis.values(first, last).reshape(shape)
        return found


def _mean_of_rows(block: Array) -> Array:
    found: Array = block.mean(axis=-1, keepdims=True)
    return found


@attrs.frozen(eq=False)
class _Quantiles:
    """Quantiles of every row of a block, which is used up."""

    levels: Array
    stepped: bool
    """Whether the formula jumps, so that between two values there is nothing to interpolate."""

    def __call__(self, block: Array) -> Array:
        undefined = np.isnan(block).any(axis=-1)
        found = quantiles_of_rows(block, self.levels, stepped=self.stepped)
        found[undefined] = np.nan
        return found


def _jumps(program: Program, fixed: Collection[int]) -> bool:
    """Whether the result jumps as those inputs move that are not fixed."""
    moves: list[bool] = []
    for step in program.instructions:
        moving = any(moves[i] for i in step.arguments)
        if step.operation == "variable":
            moving = step.payload not in fixed
            if moving and isinstance(program.variables[step.payload].distribution, Discrete):
                return True
        if moving and step.operation in STEPS:
            return True
        moves.append(moving)
    return False


def _with_stand_ins(program: Program, places: Collection[int]) -> Program:
    """The program with inputs that can be drawn in place of the swept ones."""
    variables = tuple(
        attrs.evolve(variable, distribution=Uniform(0.0, 1.0)) if place in places else variable
        for place, variable in enumerate(program.variables)
    )
    return attrs.evolve(program, variables=variables)


def swept_inputs(node: Uncertain) -> tuple[Variable, ...]:
    """Inputs of a number that are swept, in order of appearance.

    Parameters
    ----------
    node : Uncertain
        The number.

    Returns
    -------
    tuple of Variable
        Those whose values are an axis.
    """
    variables = compile_program(node).variables
    return tuple(v for v in variables if isinstance(v.distribution, Swept))


def swept_text(node: Uncertain, unit: str = "") -> str:
    """Say what is swept, for print; nothing if nothing is.

    Parameters
    ----------
    node : Uncertain
        The number.
    unit : str
        Its unit.

    Returns
    -------
    str
        "swept 0.03 to 0.2 USD/kWh, 200 values" for an axis, "depends on the swept price: use
        .sweep()" for what was computed from one, "" for anything else.
    """
    inputs = swept_inputs(node)
    if not inputs:
        return ""
    bare, factor = split_scale(node)
    if bare.operation == "variable" and factor > 0:
        swept: Swept = bare.payload.distribution
        return (swept.scaled(factor) if factor != 1.0 else swept).describe(unit)
    names = " and ".join(", ".join(v.name for v in inputs).rsplit(", ", 1))
    return f"depends on the swept {names}: use .sweep()"


def scattered(node: Uncertain, *, points: int = _CHECK_POINTS, central: bool = False) -> Array:
    """Values of a number all over its inputs, swept ones included: for checks of limits only.

    Parameters
    ----------
    node : Uncertain
        The number.
    points : int
        How many points; a power of two.
    central : bool
        Whether the inputs that are not swept stay at their medians.

    Returns
    -------
    ndarray
        One value per point. Swept inputs are spread over their axis as if evenly, which nobody
        claimed: so the smallest and the largest value may be used, their shares may not.
    """
    program = compile_program(node)
    variables = program.variables
    swept = [i for i, v in enumerate(variables) if isinstance(v.distribution, Swept)]
    drawing = Drawing(points=points, method="lattice", seed=0)
    rows = input_points(_with_stand_ins(program, swept), drawing)
    inputs: list[Any] = []
    for variable, row in zip(variables, rows, strict=True):
        if isinstance(variable.distribution, Swept):
            inputs.append(_spread(variable.distribution, row))
        else:
            inputs.append(variable.distribution.median() if central else row)
    lead = (1,) * len(program.shape)
    inputs = [x.reshape((*lead, -1)) if np.ndim(x) else x for x in inputs]
    return evaluate(program, inputs, (*program.shape, points), sampled=True)


def _spread(swept: Swept, row: Array) -> Array:
    """Values all along an axis, both ends among them, one for each number from 0 to 1."""
    # Every shift of the lattice has one number in each of so many parts.
    parts = row.size // SHIFTS
    if swept.count <= parts:
        values = swept.values()
    elif swept.listed:
        values = np.sort(swept.listed)[np.linspace(0, swept.count - 1, parts).astype(np.intp)]
    else:
        values = attrs.evolve(swept, count=parts).values()
    return values[np.minimum((row * values.size).astype(np.intp), values.size - 1)]
