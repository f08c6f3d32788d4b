"""The standard normal distribution agrees with the standard library and with itself."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.normal import (
    normal_cdf,
    normal_cdf_of_array,
    normal_quantile,
    normal_quantile_of_grid,
    two_sided_z,
)

_CENTRE = np.linspace(0.0005, 0.9995, 1999)
_LOWER = 10.0 ** -np.arange(4.0, 301.0)
_UPPER = 1.0 - 10.0 ** -np.arange(4.0, 16.0)


@pytest.mark.parametrize("u", [_CENTRE, _LOWER, _UPPER], ids=["centre", "lower", "upper"])
def test_quantiles_agree_with_the_standard_library(u: Any) -> None:
    """Every branch of the algorithm is good to 1e-15."""
    expected = np.array([NormalDist().inv_cdf(float(p)) for p in u])
    np.testing.assert_allclose(normal_quantile(u), expected, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize(
    ("u", "z"),
    [
        (0.0, -math.inf),
        (1.0, math.inf),
        (0.5, 0.0),
        (-0.1, math.nan),
        (1.1, math.nan),
        (math.nan, math.nan),
    ],
)
def test_ends_are_infinite_and_outside_is_nan(u: Any, z: float) -> None:
    """Zero and one map to infinity; what is no probability to NaN."""
    np.testing.assert_equal(normal_quantile(np.array([u])), np.array([z]))


@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_quantiles_keep_the_shape(shape: tuple[int, ...]) -> None:
    """Any shape comes back as it came."""
    assert normal_quantile(np.full(shape, 0.99)).shape == shape


def test_quantiles_leave_the_input_alone() -> None:
    """Lattice points are shared, so they must not be overwritten."""
    u = np.array([0.001, 0.4, 0.999])
    normal_quantile(u)
    np.testing.assert_array_equal(u, [0.001, 0.4, 0.999])


@given(st.floats(-37.0, 8.0))
def test_cdf_undoes_the_quantile(x: float) -> None:
    """Forth and back, as far as probabilities near 1 allow."""
    back = float(normal_quantile(np.array([normal_cdf(x)]))[0])
    slack = 1e-15 * math.exp(max(x, 0.0) ** 2 / 2)
    assert back == pytest.approx(x, rel=1e-12, abs=1e-13 + slack)


@pytest.mark.parametrize(
    ("level", "z"),
    [(0.9, 1.6448536269514722), (0.95, 1.959963984540054), (0.5, 0.6744897501960817)],
)
def test_known_factors(level: float, z: float) -> None:
    """The factors of every table of statistics."""
    assert two_sided_z(level) == pytest.approx(z, rel=1e-14)


@given(st.floats(1e-300, 0.999999))
def test_a_level_is_what_its_factor_holds(level: float) -> None:
    """The central interval holds the level, however small."""
    assert math.erf(two_sided_z(level) / math.sqrt(2.0)) == pytest.approx(level, rel=1e-12)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 90, math.nan])
def test_a_level_is_a_probability(level: float) -> None:
    """Ninety is a slip for 0.9."""
    with pytest.raises(RangeError, match=r"level must be between 0 and 1.*write 0\.9 for 90 %"):
        two_sided_z(level)


def test_probabilities_of_many_numbers() -> None:
    """From tail to tail they are those of one number, and the lower tail keeps its digits."""
    x = np.concatenate([np.linspace(-38, 38, 2001), [-np.inf, np.inf, 7.2, -7.2]])
    one_by_one = np.array([normal_cdf(v) for v in x.tolist()])
    found = normal_cdf_of_array(x)
    np.testing.assert_allclose(found, one_by_one, rtol=0, atol=4e-16)
    lower = (x < 0) & (one_by_one > 1e-300)
    np.testing.assert_allclose(found[lower], one_by_one[lower], rtol=1e-7)


def test_quantiles_of_a_grid_are_quantiles() -> None:
    """That the columns are known changes no digit."""
    grid = (np.arange(64) + np.array([[0.1], [0.9]])) / 64
    np.testing.assert_array_equal(normal_quantile_of_grid(grid), normal_quantile(grid))
