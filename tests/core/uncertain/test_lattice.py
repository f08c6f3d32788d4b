"""Lattice points are even in every dimension, repeatable, and integrate better than chance."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.lattice import GENERATING_VECTOR, lattice_points
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


@pytest.mark.parametrize("points", [2**4, 2**10, 2**14, 2**20])
def test_every_dimension_is_stratified(points: int) -> None:
    """Each cell of each row holds exactly one point, strictly inside (0, 1)."""
    for row in lattice_points(2, points):
        assert row.min() > 0.0
        assert row.max() < 1.0
        np.testing.assert_array_equal(np.sort((row * points).astype(int)), np.arange(points))


def test_rows_past_the_vector_are_stratified_too() -> None:
    """The Latin hypercube rows keep the promise."""
    extra = lattice_points(_STORED + 3, 256)[_STORED:]
    cells = np.sort((extra * 256).astype(int), axis=1)
    np.testing.assert_array_equal(cells, np.tile(np.arange(256), (3, 1)))


@given(st.integers(0, _STORED + 4), st.integers(0, _STORED + 4), st.integers(0, 2**70))
def test_a_row_does_not_depend_on_the_number_of_rows(some: int, more: int, key: int) -> None:
    """Adding an input leaves the points of the others alone."""
    low, high = sorted((some, more))
    a, b = lattice_points(low, 16, shift_key=key), lattice_points(high, 16, shift_key=key)
    np.testing.assert_array_equal(a, b[:low])


def test_keys_give_different_shifts() -> None:
    """Another key moves every row; the same key repeats it."""
    first, second = lattice_points(90, 64, shift_key=1), lattice_points(90, 64, shift_key=2)
    assert (np.abs(first - second).max(axis=1) > 0.0).all()
    np.testing.assert_array_equal(first, lattice_points(90, 64, shift_key=1))


def test_points_are_where_the_formula_says() -> None:
    """A row is the multiples of its component over n, shifted by one amount."""
    u = lattice_points(3, 64)[2]
    unshifted = np.arange(64) * (GENERATING_VECTOR[2] % 64) / 64.0
    shifts = (u - unshifted) % 1.0
    np.testing.assert_allclose(shifts, shifts[0], atol=1e-12)


@pytest.mark.parametrize("key", range(4))
def test_no_two_dimensions_are_nearly_equal(key: int) -> None:
    """Pairs are practically uncorrelated, those past the vector too."""
    correlation = np.corrcoef(lattice_points(_STORED + 8, 4096, shift_key=key))
    np.fill_diagonal(correlation, 0.0)
    assert np.abs(correlation).max() < 0.1
    assert np.abs(correlation[:30, :30]).max() < 0.04


def test_a_mean_converges_much_faster_than_by_chance() -> None:
    """Over 16 shifts the error is less than a tenth of that of random points."""
    keys, points, dimensions = range(16), 4096, 8
    ours = [_product(lattice_points(dimensions, points, shift_key=key)).mean() for key in keys]
    rng = np.random.default_rng(3)
    theirs = [_product(rng.random((dimensions, points))).mean() for _ in keys]
    assert np.std(ours) < 0.1 * np.std(theirs)
    assert np.mean(ours) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("key", range(8))
def test_fifteen_log_normals(key: int) -> None:
    """4096 points give the mean of exp(sum of 15 normals) to better than 1 %."""
    total = 0.2 * normal_quantile(lattice_points(15, 4096, shift_key=key)).sum(axis=0)
    assert np.exp(total).mean() == pytest.approx(np.exp(15 * 0.2**2 / 2), rel=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dimensions": -1}, r"dimensions must be a whole number, 0 or more; got -1"),
        ({"dimensions": 2.0}, r"dimensions must be a whole number"),
        ({"dimensions": True}, r"dimensions must be a whole number"),
        ({"dimensions": 2, "points": 10_000}, r"power of two from 16 to 1048576.*write 8192"),
        ({"dimensions": 2, "points": 8}, r"got 8, write 16"),
        ({"dimensions": 2, "points": 2**21}, r"write 1048576"),
        ({"dimensions": 2, "shift_key": -1}, r"shift_key must be a whole number"),
    ],
)
def test_refusals_say_what_to_write(arguments: Any, message: str) -> None:
    """Counts are whole, points a power of two."""
    with pytest.raises(RangeError, match=message):
        lattice_points(**arguments)


def test_no_inputs_give_no_rows() -> None:
    """A formula without uncertain inputs is no special case."""
    assert lattice_points(0, 16).shape == (0, 16)
