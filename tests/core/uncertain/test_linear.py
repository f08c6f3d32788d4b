"""First-order answers: what they are, how they are correlated, and when they warn."""

from __future__ import annotations

import math
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from uncertainties import ufloat

from llm_economics.core import functions as f
from llm_economics.core.errors import LinearizationWarning, RangeError
from llm_economics.core.reading import alternatives, between, plus_minus, quantity, uniform
from llm_economics.core.uncertain.distributions import LogNormal, Normal
from llm_economics.core.uncertain.graph import Uncertain, uncertain
from llm_economics.core.uncertain.linear import (
    contributions,
    from_ufloat,
    is_ufloat,
    linear,
    log_linear,
)
from llm_economics.core.uncertain.program import compile_program
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

Z90 = 1.6448536269514722


@pytest.fixture
def token_price() -> Quantity:
    """Return a price per million tokens from three wide ranges."""
    price = between(2, 4, name="rental price")
    throughput = between(300, 2400, name="throughput")
    return price / (throughput * 3600 * between(0.1, 0.6, name="utilization")) * 1e6


def test_sampling_and_linear_disagree_where_ranges_are_wide(token_price: Quantity) -> None:
    """The known example: sampling gives 0.92 / 3.78 / 15.5, first order 2.73 and a negative end."""
    found = token_price.quantiles(0.05, 0.5, 0.95).magnitude
    np.testing.assert_allclose(found, [0.92, 3.78, 15.55], rtol=0.02)
    drawn = token_price.quantiles(0.05, 0.5, 0.95, method="monte-carlo", points=2**20).magnitude
    np.testing.assert_allclose(drawn, [0.92, 3.78, 15.55], rtol=0.01)
    answer = token_price.linear(warn=False).magnitude
    assert answer.nominal_value == pytest.approx(2.73, abs=0.005)
    ends = [answer.nominal_value + sign * Z90 * answer.std_dev for sign in (-1, 1)]
    assert ends == pytest.approx([-1.5, 6.9], abs=0.05)


def test_the_warning_names_the_wide_inputs(token_price: Quantity) -> None:
    """Every input that matters and is wide is named, with the factor that it spans."""
    with pytest.warns(LinearizationWarning) as caught:
        token_price.linear()
    text = str(caught[0].message)
    assert "'rental price' spans a factor 2" in text
    assert "'throughput' spans a factor 8" in text
    assert "'utilization' spans a factor 6" in text
    assert "Use quantiles() or log_linear()" in text
    assert caught[0].filename == __file__


def test_narrow_ranges_do_not_warn() -> None:
    """Where first order is good enough, nothing is said; an input that does not matter neither."""
    power = quantity("650-720 W")
    assert is_ufloat(power.linear().magnitude)
    (power + 1e-3 * quantity("1-9 W")).linear()


@pytest.mark.parametrize(
    "make",
    [f.maximum, f.minimum, lambda x, y: f.where(f.less(x, y), 1.0 * x, y)],
    ids=["maximum", "minimum", "where"],
)
def test_a_near_branch_warns(make: Callable[[Any, Any], Quantity]) -> None:
    """A choice whose other branch is within two standard deviations is named, once."""
    x, y = between(100, 104), between(101, 105)
    with pytest.warns(LinearizationWarning, match="other branch of .* is near"):
        make(make(x, y), y).linear()


def test_a_far_branch_does_not_warn() -> None:
    """A choice that is certain is no reason to warn, nor is one between equals of one input."""
    x = between(100, 104)
    f.maximum(x, between(10, 10.4)).linear()
    assert f.maximum(x, 102.0 + (x - x)).linear(warn=False).magnitude.nominal_value == 102.0


@pytest.mark.parametrize(
    ("low", "high", "factor"),
    [(-1, 1, "inf"), (0, 1, "inf"), (-4, -1, "4")],
    ids=["both signs", "from zero", "negative"],
)
def test_ratio_of_any_sign(low: float, high: float, factor: str) -> None:
    """A range that holds zero spans any factor; a negative one is measured by its size."""
    with pytest.warns(LinearizationWarning, match=f"spans a factor {factor}"):
        uniform(low, high).linear()


def test_results_share_their_inputs() -> None:
    """Differences of linear answers cancel, as those of the ranges do."""
    x, y = quantity("650-720 W"), quantity("650-720 W")
    assert (x.linear() - x.linear()).magnitude.std_dev == 0
    assert ((x + y).linear() - x.linear() - y.linear()).magnitude.std_dev == pytest.approx(0)
    assert (x.linear() - y.linear()).magnitude.std_dev > 20


def test_threads_share_their_inputs() -> None:
    """Eight threads that ask for one input get one ufloat."""
    x = uncertain(Variable.create(Normal(650, 720)))
    with ThreadPoolExecutor(8) as pool:
        answers: list[Any] = list(pool.map(lambda _: linear(x, warn=False), range(32)))
    assert all((answer - answers[0]).std_dev == 0 for answer in answers)


def test_derivatives_are_those_of_ufloats(
    cost: Callable[..., Any], cost_range: Quantity, ranges: dict[str, Quantity]
) -> None:
    """One formula text on ufloats and on ranges: value to 1e-12, every derivative to 1e-9."""
    means = {
        n: ufloat(r.mean().number(""), r.magnitude.payload.distribution.std())
        for n, r in ranges.items()
    }
    by_ufloats = cost(means)
    program = compile_program(cost_range.magnitude)
    value, slopes = program.gradient([means[v.name].nominal_value for v in program.variables])
    assert float(value) == pytest.approx(by_ufloats.nominal_value, rel=1e-12)
    for variable, slope in zip(program.variables, slopes, strict=True):
        expected = by_ufloats.derivatives.get(means[variable.name], 0.0)
        assert float(slope) == pytest.approx(expected, rel=1e-9, abs=0)


def test_log_linear_is_exact_for_products() -> None:
    """Median and spread of products, quotients and powers of log-normals have a closed form."""
    x, y, z = between(1, 4), between(2, 18), between(5, 20)
    answer = (x * y**2 / f.sqrt(z)).log_linear()
    stds = [math.log(ratio) / (2 * Z90) for ratio in (4, 9, 4)]
    spread = math.hypot(stds[0], 2 * stds[1], 0.5 * stds[2])
    assert answer.median.magnitude == pytest.approx(2 * 36 / math.sqrt(10), rel=1e-12)
    assert answer.geometric_std == pytest.approx(math.exp(spread), rel=1e-12)
    assert answer.high.magnitude == pytest.approx(
        answer.median.magnitude * math.exp(Z90 * spread), rel=1e-12
    )
    assert str(answer).endswith("(log-linear, 90 %)")


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (lambda: between(-1, 1, name="balance") * 2 + 9, "needs positive inputs; 'balance' is"),
        (lambda: between(1, 3) - 9, "needs a positive result; at the inputs' medians"),
    ],
    ids=["input", "result"],
)
def test_log_linear_needs_positive_numbers(number: Callable[[], Quantity], message: str) -> None:
    """A logarithmic answer about what may be negative is refused."""
    with pytest.raises(RangeError, match=message):
        number().log_linear()


@pytest.mark.parametrize("ask", [linear, log_linear, contributions])
def test_arrays_are_refused(ask: Callable[[Uncertain], Any]) -> None:
    """First-order answers are of one number."""
    with pytest.raises(RangeError, match=r"one number; got an array of shape \(2,\)"):
        ask(between(1, 2).magnitude * np.ones(2))


def test_contributions_add_up() -> None:
    """Shares of the inputs add up to one, largest first, on the log scale where it exists."""
    small, large = between(1, 2, name="small", source="a page"), between(1, 9, name="large")
    rows = (small * large).contributions()
    assert [row.name for row in rows] == ["large", "small"]
    assert sum(row.share for row in rows) == pytest.approx(1)
    assert {row.scale for row in rows} == {"log"}
    assert rows[1].source == "a page"
    assert str(rows[0]) == "large: 91 % of the variance (log scale)"


def test_contributions_fall_back_to_differences() -> None:
    """Where something may be negative, spreads are compared as differences."""
    rows = (uniform(-1, 1, name="a") + uniform(-2, 2, name="b")).contributions()
    assert [(row.name, row.scale) for row in rows] == [("b", "linear"), ("a", "linear")]
    assert rows[0].share == pytest.approx(0.8)


def test_no_spread_has_no_shares() -> None:
    """An input without influence has a share of zero, not of NaN."""
    flat = f.less(uniform(1, 2), 5.0) + 1.0
    assert [row.share for row in flat.contributions()] == [0.0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert flat.linear().magnitude.std_dev == 0


def test_ufloats_come_and_go() -> None:
    """A ufloat becomes a range and comes back as the same ufloat."""
    x, y = ufloat(5.0, 0.1), ufloat(3.0, 0.2, tag="load")
    node = from_ufloat(2 * x + y)
    assert isinstance(node, Uncertain)
    back: Any = linear(node)
    assert (back - (2 * x + y)).std_dev == pytest.approx(0)
    assert {v.name for v in node.variables()} == {"4.84–5.16", "load"}
    assert from_ufloat(x) == from_ufloat(x)


def test_a_ufloat_without_spread_is_a_number() -> None:
    """A ufloat whose inputs all cancel is a plain number."""
    x = ufloat(5.0, 0.1)
    assert from_ufloat(x - x + 3.0) == 3.0
    assert not quantity(x - x + 3.0, "MW").is_range


def test_plus_minus_is_the_ufloat() -> None:
    """A mean and a standard deviation come out as they went in."""
    answer = plus_minus(700, 35, "W").linear().magnitude
    assert (answer.nominal_value, answer.std_dev) == pytest.approx((700, 35))


def test_moments_of_discrete_inputs() -> None:
    """Any distribution has a mean and a standard deviation for the linear answer."""
    answer = alternatives([4, 8]).linear(warn=False).magnitude
    assert (answer.nominal_value, answer.std_dev) == (6.0, 2.0)


def test_a_lognormal_is_linearized_at_its_mean() -> None:
    """The value is the formula at the means, as the GUM says, not at the medians."""
    answer: Any = linear(uncertain(Variable.create(LogNormal(1, 4))), warn=False)
    assert answer.nominal_value == pytest.approx(LogNormal(1, 4).mean())


def test_a_near_branch_is_seen_where_the_taken_one_is_fixed() -> None:
    """A maximum that is fixed at the means, with a range just below it, has no spread: it warns."""
    larger = f.maximum(between(2, 3.9, "W", name="power"), quantity("3 W"))
    with pytest.warns(LinearizationWarning, match="maximum"):
        larger.linear()
    with pytest.warns(LinearizationWarning, match="maximum"):
        larger.log_linear()
