"""Exactness: where a closed form exists, the engine finds it.

The log-linear answer is exact for products, quotients and powers of log-normal inputs: median,
spread and quantiles to 1e-12. Lattice and Monte Carlo answer within a few of the sampling errors
that they state, and independent drawings lie as far apart as they say.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.reading import between, plus_minus, uniform
from llm_economics.core.uncertain.normal import normal_quantile, two_sided_z
from llm_economics.core.uncertain.sampling import DEFAULT_POINTS, Drawing, estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.sampling import Method

Z90 = two_sided_z(0.9)
SEEDS = 16
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
NORMAL_LEVELS = normal_quantile(np.array(LEVELS))

ratios, powers = st.floats(1.6, 20), st.floats(-3, 3).filter(lambda p: abs(p) > 0.01)


@given(ratios, ratios, ratios, powers, powers)
def test_log_linear_is_the_closed_form(a: float, b: float, c: float, p: float, q: float) -> None:
    """Median, log spread and quantiles of 3 x**p y**q / z are exact for log-normal inputs."""
    x, y, z = between(1, a), between(2, 2 * b), between(0.1, 0.1 * c)
    number = 3 * x**p * y**q / z
    median = 3 * a ** (p / 2) * (4 * b) ** (q / 2) / (0.1 * math.sqrt(c))
    log_std = math.hypot(p * math.log(a), q * math.log(b), math.log(c)) / (2 * Z90)
    for level in (0.5, 0.9, 0.99):
        answer = number.log_linear(level)
        factor = math.exp(two_sided_z(level) * log_std)
        found = [float(end.magnitude) for end in (answer.low, answer.median, answer.high)]
        assert found == pytest.approx([median / factor, median, median * factor], rel=1e-12)
        assert math.log(answer.geometric_std) == pytest.approx(log_std, rel=1e-12)


@given(ratios, powers)
def test_one_input_is_its_own_distribution(a: float, p: float) -> None:
    """A power of one input has the quantiles of the input, to the fineness of the points."""
    number = between(1, a) ** p
    found = number.quantiles(0.05, 0.5, 0.95).magnitude
    answer = number.log_linear()
    expected = [float(end.magnitude) for end in (answer.low, answer.median, answer.high)]
    np.testing.assert_allclose(found, expected, rtol=2e-3 * abs(p))


def product() -> tuple[Quantity, Any, float]:
    """Product of four log-normals, its quantiles, its mean."""
    ratio = (2.0, 3.0, 5.0, 8.0)
    number: Any = math.prod((between(1, r) for r in ratio), start=1.0)
    log_std = math.hypot(*map(math.log, ratio)) / (2 * Z90)
    median = math.sqrt(math.prod(ratio))
    return (
        number,
        median * np.exp(log_std * NORMAL_LEVELS),
        median * math.exp(log_std**2 / 2),
    )


def quotient() -> tuple[Quantity, Any, float]:
    """Quotient of two log-normals that share a third, its quantiles, its mean."""
    x, y, shared = between(1, 4), between(2, 6), between(1, 50)
    log_std = math.hypot(math.log(4), math.log(3)) / (2 * Z90)
    median = 2 / math.sqrt(12)
    return (
        (x * shared) / (shared * y),
        median * np.exp(log_std * NORMAL_LEVELS),
        median * math.exp(log_std**2 / 2),
    )


def total() -> tuple[Quantity, Any, float]:
    """Sum and difference of three normals, its quantiles, its mean."""
    number = plus_minus(5, 3) + 2 * plus_minus(1, 2) - plus_minus(4, 12)
    return number, 3.0 + 13.0 * NORMAL_LEVELS, 3.0


def larger() -> tuple[Quantity, Any, float]:
    """Larger of two uniforms on 0 to 1, its quantiles, its mean."""
    number = f.maximum(uniform(0, 1), uniform(0, 1))
    return number, np.sqrt(LEVELS), 2 / 3


@pytest.mark.parametrize("method", ["lattice", "monte-carlo"])
@pytest.mark.parametrize("case", [product, quotient, total, larger])
def test_samples_find_the_closed_form(
    case: Callable[[], tuple[Quantity, Any, float]], method: Method
) -> None:
    """Quantiles and mean are the closed form within a few of their stated sampling errors."""
    number, expected, mean = case()
    truth = np.array([*expected, mean])
    pairs = [answers(number, method, seed) for seed in range(SEEDS)]
    found, errors = (np.array(column) for column in zip(*pairs, strict=True))
    # Eight shifts of the lattice make Student's distribution with seven degrees of freedom.
    rounding = 1e-12 * np.ptp(truth)
    assert np.all(abs(found - truth) <= 8 * errors + rounding)
    # The errors are as large as the answers of independent drawings are far apart.
    typical = np.sqrt(np.mean(errors**2, axis=0))
    apart = np.sqrt(np.mean((found - truth) ** 2, axis=0))
    assert np.all(apart <= 2 * typical + rounding)
    # Where symmetry makes an answer exact, an error may be stated that is not there.
    assert np.all((typical / 2 <= apart) | (apart < 1e-5 * np.ptp(truth)))
    assert np.all(typical <= 0.02 * np.ptp(truth))


def answers(number: Quantity, method: Method, seed: int) -> tuple[list[float], list[float]]:
    """Quantiles and mean from one drawing, and their stated errors."""
    found = estimate(number.magnitude, LEVELS, Drawing.of(DEFAULT_POINTS, method, seed))
    values = [*found.quantiles, float(found.mean)]
    return values, [*found.quantile_errors, float(found.mean_error)]
