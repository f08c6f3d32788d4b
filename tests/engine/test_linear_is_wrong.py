"""Where a first-order answer is wrong in kind, the library says so; where it is right, it is quiet.

The worked numbers: a quantity known within a factor of fifty, its inverse, and a budget divided by
it; the larger of two equals; products of narrow and of wide factors. That wide inputs are named,
and that a near branch of each kind of choice warns, is tested in
`tests/core/uncertain/test_linear.py`.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core import functions as f
from llm_economics.core.errors import LinearizationWarning
from llm_economics.core.reading import between, plus_minus
from llm_economics.core.uncertain.linear import LINEAR_RATIO
from llm_economics.core.uncertain.normal import two_sided_z
from tests.engine.formula import ENDS, cost_ranges, training_cost

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

Z90 = two_sided_z(0.9)


def linear_ends(number: Quantity) -> list[float]:
    """Ends of the 90 % range of the linear answer, as if it were normal."""
    answer = number.linear(warn=False).magnitude
    return [answer.nominal_value + sign * Z90 * answer.std_dev for sign in (-1, 0, 1)]


def log_linear_ends(number: Quantity) -> list[float]:
    answer = number.log_linear()
    return [float(end.magnitude) for end in (answer.low, answer.median, answer.high)]


def sampled_ends(number: Quantity) -> list[float]:
    return [float(x) for x in number.quantiles(0.05, 0.5, 0.95).magnitude]


def warns(ask: Any) -> bool:
    """Tell whether a question is answered with a warning about first order."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ask()
    assert all(warning.category is LinearizationWarning for warning in caught)
    return bool(caught)


def test_the_inverse_of_a_factor_of_fifty() -> None:
    """Energy of 0.01 to 0.5 Wh: its inverse is 2 to 100 per Wh; linear is negative, and warns."""
    inverse = 1 / between(0.01, 0.5)
    truth = [2.0, math.sqrt(200), 100.0]
    assert log_linear_ends(inverse) == pytest.approx(truth, rel=1e-12)
    assert sampled_ends(inverse) == pytest.approx(truth, rel=0.005)
    low, middle, high = linear_ends(inverse)
    assert low < 0
    assert middle < truth[1] / 1.5
    assert high < truth[2] / 3
    assert warns(inverse.linear)
    assert not warns(inverse.log_linear)


def test_a_budget_divided_by_a_factor_of_fifty() -> None:
    """300 to 600 million over 0.01 to 0.5: log-linear is exact, linear misses by multiples."""
    quotient = between(300, 600) / between(0.01, 0.5)
    spread = math.hypot(math.log(2), math.log(50)) / 2
    truth = [6000 * math.exp(sign * spread) for sign in (-1, 0, 1)]
    assert log_linear_ends(quotient) == pytest.approx(truth, rel=1e-12)
    assert sampled_ends(quotient) == pytest.approx(truth, rel=0.01)
    low, middle, high = linear_ends(quotient)
    assert low < 0
    assert truth[1] / middle > 1.5
    assert truth[2] / high > 3


@pytest.mark.parametrize(("ratio", "error"), [(1.2, 0.01), (1.49, 0.04)])
def test_a_narrow_product_is_linear(ratio: float, error: float) -> None:
    """Two factors below the limiting ratio: no warning, and ends that are right."""
    product = between(1, ratio) * between(1, ratio)
    assert not warns(product.linear)
    assert linear_ends(product) == pytest.approx(sampled_ends(product), rel=error)


@pytest.mark.parametrize(("ratio", "error"), [(2, 0.2), (3, 0.9)])
def test_a_wide_product_is_not(ratio: float, error: float) -> None:
    """Five factors of two or three: the lower end is far off, and the answer warns."""
    product: Any = math.prod(between(1, ratio) for _ in range(5))
    assert warns(product.linear)
    low = sampled_ends(product)[0]
    assert abs(linear_ends(product)[0] / low - 1) > error
    # On the log scale the product is exact, and quiet.
    assert not warns(product.log_linear)
    assert log_linear_ends(product) == pytest.approx(sampled_ends(product), rel=0.03)


@pytest.mark.parametrize(("ratio", "expected"), [(0.999, False), (1.0, False), (1.001, True)])
@pytest.mark.parametrize("shape", ["log-normal", "normal", "uniform"])
def test_the_limit_is_a_ratio_of_one_and_a_half(ratio: float, expected: bool, shape: str) -> None:
    """The warning begins above the stated ratio, whatever the shape of the range."""
    number = 3 * between(2, 2 * LINEAR_RATIO * ratio, shape=shape)
    assert LINEAR_RATIO == 1.5
    assert warns(number.linear) is expected


def test_the_larger_of_two_equals() -> None:
    """The mean of the larger is above both means and its spread below: first order sees neither."""
    larger = f.maximum(plus_minus(1, 0.01), plus_minus(1, 0.01))
    answer = larger.linear(warn=False).magnitude
    assert (answer.nominal_value, answer.std_dev) == pytest.approx((1.0, 0.01))
    drawn = larger.samples(2**14, method="lattice").magnitude
    assert drawn.mean() == pytest.approx(1 + 0.01 / math.sqrt(math.pi), abs=1e-5)
    assert drawn.std() == pytest.approx(0.01 * math.sqrt(1 - 1 / math.pi), rel=0.005)
    assert warns(larger.linear)
    assert warns(larger.log_linear)


@pytest.mark.parametrize(
    ("distance", "expected"), [(0.0, True), (1.9, True), (2.1, False), (9.0, False)]
)
@pytest.mark.parametrize("choice", [f.maximum, f.minimum])
def test_near_is_two_standard_deviations(choice: Any, distance: float, expected: bool) -> None:
    """Another branch counts as near within two standard deviations of the distance, on no scale."""
    x, y = plus_minus(100, 0.3), plus_minus(100 + 0.5 * distance, 0.4)
    for number in (choice(x, y), 1e6 * choice(y, x)):
        assert warns(number.linear) is expected
        assert warns(number.log_linear) is expected


def test_the_cost_warns_of_both() -> None:
    """The wide cost names its widest inputs and its near branch; the linear end is negative."""
    cost = training_cost(cost_ranges())
    with pytest.warns(LinearizationWarning, match=r"'parameters' spans .* maximum\(\) is near"):
        cost.linear()
    with pytest.warns(LinearizationWarning, match=r"maximum\(\) is near"):
        cost.log_linear()
    low = linear_ends(cost)[0]
    assert low < 0 < sampled_ends(cost)[0]


def test_the_cost_of_known_inputs_is_linear() -> None:
    """With every input known to a percent, and the branch clear, first order is right and quiet."""
    inputs = {
        name: between(0.995 * middle, 1.005 * middle, name=name)
        for name, (low, high, _) in ENDS.items()
        for middle in [math.sqrt(low * high)]
    }
    inputs["exchange"] = between(0.995e-8, 1.005e-8, name="exchange")
    cost = training_cost(inputs)
    assert not warns(cost.linear)
    assert not warns(cost.log_linear)
    np.testing.assert_allclose(linear_ends(cost), sampled_ends(cost), rtol=1e-3)
    np.testing.assert_allclose(log_linear_ends(cost), sampled_ends(cost), rtol=1e-3)
