"""Quantiles of rows: NumPy's numbers, in place and faster."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from llm_economics.core.uncertain.order import quantiles_of_rows

rows = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 30)),
    elements=st.floats(-1e6, 1e6),
)
levels = st.lists(st.floats(0, 1), min_size=1, max_size=5).map(np.array)


@given(rows, levels)
def test_interpolated(values: np.ndarray, wanted: np.ndarray) -> None:
    """Between two numbers a quantile is interpolated, as NumPy does by default."""
    expected = np.quantile(values, wanted, axis=-1).T
    found = quantiles_of_rows(values.copy(), wanted)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-9)


@given(rows, st.lists(st.sampled_from([0.0, 0.05, 0.25, 0.5, 0.95, 1.0]), min_size=1, max_size=4))
def test_stepped(values: np.ndarray, wanted: list[float]) -> None:
    """Of numbers that jump a quantile is one of them."""
    expected = np.quantile(values, wanted, axis=-1, method="inverted_cdf").T
    found = quantiles_of_rows(values.copy(), np.array(wanted), stepped=True)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "level", "expected"),
    [
        ([np.inf, np.inf, 1.0], 0.75, np.inf),
        ([-np.inf, -np.inf, 1.0], 0.25, -np.inf),
        ([-np.inf, 1.0, np.inf], 0.5, 1.0),
    ],
)
def test_infinities(values: list[float], level: float, expected: float) -> None:
    """Between two infinities there is nothing to interpolate."""
    assert quantiles_of_rows(np.array([values]), np.array([level]))[0, 0] == expected
