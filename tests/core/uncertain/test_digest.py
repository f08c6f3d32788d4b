"""Counting in cells: quantiles and means of numbers that are not kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.uncertain.digest import Digest

numbers = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=60)


def digest_of(*parts: Any) -> Digest:
    found = Digest()
    for place, part in enumerate(parts):
        found.add(place, np.asarray(part, dtype=np.float64))
    return found


@given(numbers, st.floats(0, 1))
def test_quantiles_are_within_a_thousandth(values: list[float], level: float) -> None:
    """A quantile lies between the numbers at its rank, up to the width of a cell."""
    found = float(digest_of(values).quantiles(np.array([level]))[0])
    ranked = sorted(values)
    rank = level * (len(values) - 1)
    low, high = ranked[int(np.floor(rank))], ranked[int(np.ceil(rank))]
    slack = 2e-3
    tiny = 1e-300
    assert low - slack * abs(low) - tiny <= found <= high + slack * abs(high) + tiny


@given(numbers, numbers)
def test_parts_may_come_in_any_order(first: list[float], second: list[float]) -> None:
    """Threads that count different parts together count the whole, to the last digit."""
    levels = np.linspace(0, 1, 7)
    whole = digest_of(first, second)
    one, other = Digest(), Digest()
    one.add(1, np.array(second))
    other.add(0, np.array(first))
    one.merge(other)
    np.testing.assert_array_equal(one.quantiles(levels), whole.quantiles(levels))
    assert one.count == whole.count == len(first) + len(second)
    with np.errstate(over="ignore", invalid="ignore"):
        np.testing.assert_equal(one.mean(), whole.mean())


def test_many_numbers() -> None:
    """Quantiles of many numbers are exact to a millionth; mean and error are NumPy's."""
    rng = np.random.default_rng(1)
    values = np.concatenate([rng.normal(0, 1, 200_000), np.zeros(1000), rng.lognormal(2, 1, 10**5)])
    found = digest_of(*np.array_split(values, 7))
    levels = np.array([0.05, 0.3, 0.5, 0.95])
    np.testing.assert_allclose(found.quantiles(levels), np.quantile(values, levels), rtol=1e-4)
    assert found.mean() == pytest.approx(values.mean(), rel=1e-13)
    assert found.mean_error() == pytest.approx(values.std() / np.sqrt(values.size), rel=1e-9)


@pytest.mark.parametrize(
    ("values", "level", "expected"),
    [
        ([0.0], 0.5, 0.0),
        ([-1.0, 0.0, 0.0, 2.0], 0.5, 0.0),
        ([np.inf, 1.0], 1.0, np.inf),
        ([-np.inf, 1.0], 0.0, -np.inf),
        ([1.7e308], 0.5, 1.7e308),
        ([5.0, 5.0, 5.0], 0.9, 5.0),
    ],
)
def test_corner_cases(values: list[float], level: float, expected: float) -> None:
    """Zeros, infinities and the largest floats have their places."""
    found = digest_of(values).quantiles(np.array([level]))[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
