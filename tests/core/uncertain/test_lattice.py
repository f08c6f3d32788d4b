"""Lattice points are even in every dimension, repeatable, and integrate better than chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.lattice import (
    GENERATING_VECTOR,
    SHIFTS,
    lattice_grid,
    lattice_values,
    points_per_shift,
)
from llm_economics.core.uncertain.normal import normal_quantile

_STORED = len(GENERATING_VECTOR)


def _product(u: Any) -> Any:
    """Evaluate a product over the dimensions whose mean is 1."""
    return np.prod(1.0 + (u - 0.5) / 2.0, axis=0)


def test_the_vector_is_long_enough_and_serves_every_power_of_two() -> None:
    """At least 64 odd components, different (up to direction) from 2**10 points on."""
    assert _STORED >= 64
    assert all(z % 2 for z in GENERATING_VECTOR)
    assert len({min(z % 1024, 1024 - z % 1024) for z in GENERATING_VECTOR}) == _STORED


def rows(dimensions: int, points: int, key: int = 0) -> Any:
    """Every row of the lattice, shift by shift: shape (dimensions, SHIFTS, points per shift)."""
    grid = lattice_grid(points, shift_key=key)
    twice = np.hstack([grid, grid])
    found = [lattice_values(twice, row, shift_key=key) for row in range(dimensions)]
    return np.array(found).reshape(dimensions, SHIFTS, -1)


@pytest.mark.parametrize("points", [2**7, 2**10, 2**14, 2**20])
def test_every_dimension_is_stratified(points: int) -> None:
    """Of each shift, each cell of each row holds two points, strictly inside (0, 1)."""
    count = points_per_shift(points)
    u = rows(2, points)
    assert u.min() > 0.0
    assert u.max() < 1.0
    cells = np.sort((u * (count // 2)).astype(int), axis=-1)
    expected = np.repeat(np.arange(count // 2), 2)
    np.testing.assert_array_equal(cells, np.broadcast_to(expected, cells.shape))


def test_rows_past_the_vector_are_stratified_too() -> None:
    """The Latin hypercube rows keep the promise."""
    cells = np.sort((rows(_STORED + 3, 256)[_STORED:] * 16).astype(int), axis=-1)
    np.testing.assert_array_equal(cells, np.tile(np.repeat(np.arange(16), 2), (3, SHIFTS, 1)))


def test_keys_give_different_shifts() -> None:
    """Another key moves every row; the same key repeats it."""
    first, second = rows(90, 128, 1), rows(90, 128, 2)
    assert (np.abs(first - second).max(axis=(1, 2)) > 0.0).all()
    np.testing.assert_array_equal(first, rows(90, 128, 1))


def test_points_are_where_the_formula_says() -> None:
    """A row is the multiples of its component over n, shifted by one amount per shift, folded."""
    u = rows(3, 512)[2]
    multiples = np.arange(64) * (GENERATING_VECTOR[2] % 64) / 64.0
    for number in u:
        # Either way of the fold may have led to the first point.
        ways = [(multiples + shift) % 1.0 for shift in (number[0] / 2.0, 1.0 - number[0] / 2.0)]
        assert any(np.allclose(number, 1.0 - abs(2.0 * v - 1.0), atol=1e-12) for v in ways)
    assert len(np.unique(u[:, 0].round(9))) == SHIFTS


@pytest.mark.parametrize("key", range(4))
def test_no_two_dimensions_are_nearly_equal(key: int) -> None:
    """Pairs are practically uncorrelated, those past the vector too."""
    correlation = np.corrcoef(rows(_STORED + 8, 2**15, key).reshape(_STORED + 8, -1))
    np.fill_diagonal(correlation, 0.0)
    assert np.abs(correlation).max() < 0.1
    assert np.abs(correlation[:30, :30]).max() < 0.03


def test_a_mean_converges_much_faster_than_by_chance() -> None:
    """Over 16 keys the error is less than a tenth of that of random points."""
    keys, points, dimensions = range(16), 4096, 8
    ours = [_product(rows(dimensions, points, key)).mean() for key in keys]
    rng = np.random.default_rng(3)
    theirs = [_product(rng.random((dimensions, points))).mean() for _ in keys]
    assert np.std(ours) < 0.1 * np.std(theirs)
    assert np.mean(ours) == pytest.approx(1.0, abs=2e-4)


@pytest.mark.parametrize("key", range(8))
def test_fifteen_log_normals(key: int) -> None:
    """4096 points give the mean of exp(sum of 15 normals) to better than 1 %."""
    total = 0.2 * normal_quantile(rows(15, 4096, key)).sum(axis=0)
    assert np.exp(total).mean() == pytest.approx(np.exp(15 * 0.2**2 / 2), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"points": 10_000}, r"power of two from 128 to 1048576.*write 8192"),
        ({"points": 64}, r"got 64, write 128"),
        ({"points": 2**21}, r"write 1048576"),
        ({"points": 2.0}, r"points must be a whole number"),
        ({"points": True}, r"points must be a whole number"),
        ({"points": 128, "shift_key": -1}, r"shift_key must be a whole number"),
    ],
)
def test_refusals_say_what_to_write(arguments: Any, message: str) -> None:
    """Counts are whole, points a power of two."""
    with pytest.raises(RangeError, match=message):
        lattice_grid(**arguments)


@given(st.integers(0, _STORED + 4), st.integers(0, 2**70))
def test_a_row_repeats(row: int, key: int) -> None:
    """A row depends on its number and the key alone."""
    grid = lattice_grid(128, shift_key=key)
    twice = np.hstack([grid, grid])
    first, again = (lattice_values(twice, row, shift_key=key) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(first.reshape(SHIFTS, -1)), np.sort(grid))
