"""A formula over a grid: every cell is the formula itself, whatever block it is computed in."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain import grid
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.distributions import Discrete, LogNormal, Uniform
from llm_economics.core.uncertain.graph import Uncertain, uncertain
from llm_economics.core.uncertain.grid import Grid, GridAxis, Statistic, scattered, swept_text
from llm_economics.core.uncertain.program import compile_program
from llm_economics.core.uncertain.sampling import Drawing, input_points
from llm_economics.core.uncertain.variable import Variable


def new(distribution: Any, name: str | None = None) -> Uncertain:
    return uncertain(Variable.create(distribution, name=name))


A, B = new(LogNormal(1.0, 4.0), "a"), new(Uniform(0.5, 1.5), "b")
C, D = new(LogNormal(2.0, 3.0), "c"), new(LogNormal(0.5, 0.9), "d")
FORMULA = np.maximum(A * B, C) ** 2 / np.sqrt(B) + np.exp(-D) * A**0.3 + np.log(C) ** -1
STEPPED = np.ceil(A * B) * D
FEW = Drawing(points=256, method="lattice", seed=3)
RANDOM = Drawing(points=200, method="monte-carlo", seed=3)

CENTRAL = Statistic()
MEAN = Statistic(kind="mean", drawing=FEW)
QUANTILES = Statistic(kind="quantiles", levels=(0.0, 0.05, 0.5, 1.0), drawing=FEW)
each_statistic = pytest.mark.parametrize("asked", [CENTRAL, MEAN, QUANTILES], ids=lambda s: s.kind)


def place_of(node: Uncertain, name: str) -> int:
    return [v.name for v in compile_program(node).variables].index(name)


def grid_of(node: Uncertain, factor: float = 1.0, **axes: Swept) -> Grid:
    return Grid(
        node, tuple(GridAxis(place_of(node, name), axis, factor) for name, axis in axes.items())
    )


def by_hand(node: Uncertain, asked: Statistic, **fixed: float) -> Any:
    """One cell through the interpreted program, at the same points of the other inputs."""
    program = compile_program(node)
    rows: list[Any] = [v.distribution.median() for v in program.variables]
    if asked.sampled:
        rows = list(input_points(program, asked.drawing))
    for name, value in fixed.items():
        rows[place_of(node, name)] = value
    found = np.asarray(program.run(rows))
    if asked.kind == "quantiles":
        method = "inverted_cdf" if node is STEPPED and "a" not in fixed else "linear"
        return np.quantile(found, asked.levels, method=method)
    return found.mean()


@each_statistic
@pytest.mark.parametrize("node", [FORMULA, STEPPED], ids=["smooth", "stepped"])
@given(a=st.lists(st.floats(0.5, 5.0), min_size=1, max_size=4), b=st.floats(0.5, 2.0))
def test_cell_is_the_formula(asked: Statistic, node: Uncertain, a: list[float], b: float) -> None:
    """A cell has the value of the formula with its inputs put in, at points that all share."""
    found = grid_of(node, b=Swept.through([b, 1.0]), a=Swept.through(a)).evaluate(asked)
    expected = [[by_hand(node, asked, a=x, b=y) for x in a] for y in (b, 1.0)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_what_jumps_is_not_interpolated() -> None:
    """A quantile of whole numbers is one of them, unless what is rounded is swept itself."""
    asked = Statistic(kind="quantiles", levels=(0.3, 0.5), drawing=FEW)
    found = grid_of(STEPPED, d=Swept.through([1.0, 2.0])).evaluate(asked)
    expected = [by_hand(STEPPED, asked, d=1.0), by_hand(STEPPED, asked, d=2.0)]
    np.testing.assert_array_equal(found, expected)
    assert np.all(found[0] == np.round(found[0]))


@each_statistic
@given(
    sizes=st.tuples(st.integers(1, 40), st.integers(1, 7), st.integers(1, 30)),
    data=st.data(),
)
def test_digits_do_not_depend_on_blocks(
    asked: Statistic, sizes: tuple[int, ...], data: st.DataObject
) -> None:
    """A block of the grid has the digits of the whole, for any block."""
    ends = {"a": (0.3, 5.0), "b": (0.5, 1.4), "c": (1.1, 9.0)}
    axes = {
        name: Swept(*ends[name], size) if size > 1 else Swept.through([ends[name][0]])
        for name, size in zip(ends, sizes, strict=True)
    }
    over = grid_of(FORMULA, **axes)
    block = []
    for size in sizes:
        first = data.draw(st.integers(0, size - 1))
        block.append((first, data.draw(st.integers(first + 1, size))))
    part = tuple(slice(*ends) for ends in block)
    np.testing.assert_array_equal(
        over.evaluate(asked, tuple(block)), over.evaluate(asked)[part], strict=True
    )


@each_statistic
def test_digits_of_long_axes(asked: Statistic) -> None:
    """What one block cuts, another holds whole: the digits stay."""
    long = 40_000 if asked is CENTRAL else 80
    over = grid_of(FORMULA, a=Swept(0.3, 5.0, 2), c=Swept(1.1, 9.0, long))
    whole = over.evaluate(asked)
    for first in range(0, long, long // 7):
        last = min(first + long // 7, long)
        part = over.evaluate(asked, ((0, 2), (first, last)))
        np.testing.assert_array_equal(part, whole[:, first:last])


@each_statistic
def test_digits_do_not_depend_on_threads(asked: Statistic) -> None:
    """Several threads share the blocks and change nothing."""
    over = grid_of(FORMULA, a=Swept(0.5, 4.0, 300), b=Swept(0.5, 1.4, 200))
    drawing = Drawing(points=128, method="lattice", seed=0, threads=3)
    few = Statistic(kind=asked.kind, levels=asked.levels, drawing=drawing)
    one = Statistic(
        kind=asked.kind,
        levels=asked.levels,
        drawing=Drawing(points=128, method="lattice", seed=0),
    )
    np.testing.assert_array_equal(over.evaluate(few), over.evaluate(one))


def test_monte_carlo_points() -> None:
    """Independent points may be of any number."""
    asked = Statistic(kind="mean", drawing=RANDOM)
    found = grid_of(FORMULA, b=Swept.through([0.7])).evaluate(asked)
    np.testing.assert_allclose(found, [by_hand(FORMULA, asked, b=0.7)], rtol=1e-12)


def test_axis_in_another_unit() -> None:
    """Values are converted to the unit of the input."""
    halves = grid_of(FORMULA, 0.5, a=Swept.through([2.0, 4.0])).evaluate(CENTRAL)
    np.testing.assert_array_equal(
        halves, grid_of(FORMULA, a=Swept.through([1.0, 2.0])).evaluate(CENTRAL)
    )


@pytest.mark.parametrize("asked", [MEAN, QUANTILES], ids=lambda s: s.kind)
def test_nothing_left_to_draw(asked: Statistic) -> None:
    """Where every input is swept, each quantile is the value."""
    found = grid_of(A * B, a=Swept(1.0, 2.0, 3), b=Swept(0.5, 1.0, 2)).evaluate(asked)
    values = np.outer([1.0, 1.5, 2.0], [0.5, 1.0])
    np.testing.assert_array_equal(
        found, values if asked is MEAN else values[..., None].repeat(4, 2)
    )


def test_undefined_cells_are_nan() -> None:
    """A cell that is undefined at some points is NaN; the others are not touched."""
    node = np.log(A - B)
    over = grid_of(node, a=Swept.through([0.7, 2.0]))
    assert np.isnan(over.evaluate(QUANTILES)).tolist() == [[True] * 4, [False] * 4]
    assert np.isnan(over.evaluate(MEAN)).tolist() == [True, False]


def test_a_swept_choice_leaves_nothing_to_step() -> None:
    """With its discrete input fixed, a smooth formula is interpolated; with it drawn, not."""
    count = new(Discrete([1.0, 2.0]), "count")
    node = count * B
    asked = Statistic(kind="quantiles", levels=(0.5,), drawing=FEW)
    found = grid_of(node, count=Swept.through([2.0])).evaluate(asked)[0, 0]
    assert found == pytest.approx(by_hand(node, asked, count=2.0)[0], rel=1e-12)
    drawn = grid_of(node, b=Swept.through([0.7])).evaluate(asked)[0, 0]
    assert drawn in {0.7, 1.4}


def test_grid_can_be_sent() -> None:
    """A pickled grid has the same digits."""
    over = grid_of(FORMULA, a=Swept(0.5, 4.0, 9))
    again = pickle.loads(pickle.dumps(over))
    np.testing.assert_array_equal(again.evaluate(QUANTILES), over.evaluate(QUANTILES))


@pytest.mark.parametrize(
    ("levels", "points", "message"),
    [
        ((), 128, "probabilities between 0 and 1"),
        ((0.5, 5.0), 128, "probabilities between 0 and 1"),
        ((0.5,), 2**21, "at most 1048576 points for each cell; got 2097152"),
    ],
)
def test_refusals(levels: tuple[float, ...], points: int, message: str) -> None:
    """Levels are probabilities, and a cell has so many points at most."""
    drawing = Drawing(points=points, method="monte-carlo", seed=0)
    with pytest.raises(RangeError, match=message):
        Statistic(kind="quantiles", levels=levels, drawing=drawing)


LOAD, HOURS = new(Swept(1.0, 3.0, 3), "load"), new(Swept.through([5.0, 7.0]), "hours")


@pytest.mark.parametrize(
    ("node", "text"),
    [
        (A * B, ""),
        (LOAD, "swept 1 to 3 kW, 3 values"),
        (LOAD * 1000.0, "swept 1000 to 3000 kW, 3 values"),
        (-LOAD, "depends on the swept load: use .sweep()"),
        (LOAD * -2.0, "depends on the swept load: use .sweep()"),
        (LOAD * A + HOURS, "depends on the swept load and hours: use .sweep()"),
    ],
)
def test_what_is_printed(node: Uncertain, text: str) -> None:
    """An axis says its values; what was computed from one says what to do."""
    assert swept_text(node, "kW") == text


def test_scattered_values_reach_both_ends() -> None:
    """Checks of limits see the whole of an axis, a long one too, and the others' spread."""
    values = scattered(LOAD * A)
    assert values.min() < 1.0 * 1.2
    assert values.max() > 3.0 * 4.0
    assert set(scattered(LOAD * A, central=True) / A.payload.distribution.median()) == {1, 2, 3}
    long = scattered(new(Swept(1.0, 3.0, 10**9)), points=128)
    assert (long.min(), long.max(), long.shape) == (1.0, 3.0, (128,))
    many = scattered(new(Swept.through(range(1000))) * np.array([1.0, 2.0]), points=128)
    assert many.shape == (2, 128)
    assert set(scattered(HOURS)) == {5.0, 7.0}
    assert grid.swept_inputs(A * B) == ()
