"""Distributions keep what they promise: ends, levels, quantiles, moments and round trips."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.distributions import (
    Discrete,
    Distribution,
    Empirical,
    LogNormal,
    LogUniform,
    Mixture,
    Normal,
    Pert,
    Truncated,
    Uniform,
    from_dict,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_U = (np.arange(2**16) + 0.5) / 2**16

EXAMPLES = [
    LogNormal(7, 15),
    LogNormal(0.01, 0.5, 0.95),
    Normal(650, 720),
    Normal(-3, 5, 0.5),
    Uniform(2, 6),
    Uniform(0, 3),
    LogUniform(0.01, 0.5),
    Pert(1, 2, 9),
    Pert(0, 0, 1),
    Pert(2, 5, 5),
    Discrete([8, 4, 16], [2, 1, 1]),
    Empirical([3.0, 1.0, 2.0, 2.0, 7.0]),
    Mixture([LogNormal(1, 3), Uniform(10, 12)], [3, 1]),
    Mixture([Normal(-3, -2), Discrete([1, 2])], [1, 2]),
    Truncated(LogNormal(1.05, 1.4), lower=1.0),
    Truncated(Normal(0, 2), -1.0, 3.0),
    Truncated(Mixture([Normal(0, 4), Uniform(1, 9)]), 0.5, 5.0),
    Truncated(Truncated(Uniform(0, 10), lower=2.0), upper=7.0),
    Truncated(Discrete([1, 2, 3]), upper=2.0),
]
each = pytest.mark.parametrize("d", EXAMPLES, ids=lambda d: d.describe())

positive = st.floats(1e-6, 1e6)
ratios = st.floats(1.01, 1e3)
levels = st.floats(0.5, 0.99)


@st.composite
def simple(draw: st.DrawFn) -> Distribution:
    """Draw a distribution given by two ends, with or without a level."""
    low, ratio, level = draw(positive), draw(ratios), draw(levels)
    mode = low + draw(st.floats(0.0, 1.0)) * (low * ratio - low)
    kinds = [
        LogNormal(low, low * ratio, level),
        Normal(low, low * ratio, level),
        Normal(-low, low * ratio, level),
        Uniform(low, low * ratio),
        LogUniform(low, low * ratio),
        Pert(low, min(mode, low * ratio), low * ratio),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def listed(draw: st.DrawFn) -> Distribution:
    """Draw alternatives or measurements."""
    values = draw(st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True))
    weights = draw(st.lists(st.floats(0.1, 9.0), min_size=len(values), max_size=len(values)))
    return draw(st.sampled_from([Discrete(values, weights), Empirical(values)]))


@st.composite
def truncated(draw: st.DrawFn) -> Distribution:
    """Draw a distribution cut at two of its own quantiles."""
    base = draw(st.one_of(simple(), st.builds(Mixture, st.lists(simple(), min_size=2, max_size=3))))
    ends = sorted(draw(st.lists(st.sampled_from(_U), min_size=2, max_size=2, unique=True)))
    lower, upper = sorted(float(x) for x in base.quantile(np.array(ends)))
    mass = base.cdf(upper) - base.cdf(lower)
    if mass < 1e-3:
        return base
    return Truncated(base, *draw(st.sampled_from([(lower, upper), (lower, None), (None, upper)])))


anything = st.one_of(
    simple(),
    listed(),
    truncated(),
    st.builds(Mixture, st.lists(st.one_of(simple(), listed()), min_size=2, max_size=4)),
)


@given(anything)
def test_a_round_trip_through_plain_data_is_exact(d: Distribution) -> None:
    """What was written to a file comes back equal, and writes the same again."""
    data = json.loads(json.dumps(d.to_dict()))
    back = from_dict(data)
    assert back == d
    assert hash(back) == hash(d)
    assert back.to_dict() == data == d.to_dict()


@given(simple(), st.floats(0.001, 0.999))
def test_cdf_undoes_the_quantile(d: Distribution, u: Any) -> None:
    """Forth and back for every continuous kind."""
    x = float(d.quantile(np.array([u]))[0])
    assert d.cdf(x) == pytest.approx(u, abs=1e-6 if isinstance(d, Pert) else 1e-9)


@given(anything)
def test_quantiles_have_the_distribution(d: Distribution) -> None:
    """The share of evenly spread u that lands below any x is the cumulative probability of x."""
    x = d.quantile(_U)
    for point in np.quantile(x, [0.03, 0.4, 0.77], method="inverted_cdf"):
        step = 1e-9 * max(abs(point), 1e-300)
        assert np.mean(x <= point + step) == pytest.approx(d.cdf(float(point + step)), abs=3e-4)
        assert np.mean(x < point - step) == pytest.approx(d.below(float(point - step)), abs=3e-4)


@given(anything)
def test_quantiles_increase_where_they_say_so(d: Distribution) -> None:
    """Only mixtures, and what is made of them, may jump."""
    if d.ordered:
        assert (np.diff(d.quantile(_U[::64])) >= -1e-12 * np.abs(d.quantile(_U[64::64]))).all()


@given(anything)
def test_the_quoted_level_holds(d: Distribution) -> None:
    """The stated probability lies between the quoted ends, and these inside the support."""
    low, high = d.quoted
    assert d.support[0] <= low < high <= d.support[1]
    assert d.cdf(high) - d.below(low) == pytest.approx(d.level, abs=1e-9)


@given(anything)
def test_samples_respect_the_support(d: Distribution) -> None:
    """No quantile leaves the hard limits, at the ends of (0, 1) least of all."""
    x = d.quantile(np.concatenate([_U[::64], [1e-16, 1 - 2.0**-53]]))
    low, high = d.support
    width = 1e-12 * max(abs(low), abs(high)) if math.isfinite(high - low) else 0.0
    assert x.min() >= low - width
    assert x.max() <= high + width


@given(anything, st.sampled_from([1e-6, 0.37, 1.0, 3600.0, 1e12]))
def test_scaling_scales_everything(d: Distribution, factor: float) -> None:
    """A change of unit moves quantiles, ends and moments alike and leaves ln x its spread."""
    s = d.scaled(factor)
    u = _U[::997]
    spread = d.std()
    np.testing.assert_allclose(s.quantile(u) / factor, d.quantile(u), rtol=1e-9, atol=1e-8 * spread)
    assert s.quoted == pytest.approx(tuple(x * factor for x in d.quoted))
    assert s.mean() == pytest.approx(d.mean() * factor, rel=1e-9, abs=1e-9 * spread * factor)
    assert s.std() == pytest.approx(spread * factor, rel=1e-6)
    assert s.level == pytest.approx(d.level)
    assert s.log_std() == pytest.approx(d.log_std(), rel=1e-5, nan_ok=True)


@each
def test_moments_agree_with_averages_over_quantiles(d: Distribution) -> None:
    """Closed forms and numerical integrals against 65 536 quantiles."""
    x = d.quantile(_U)
    assert d.mean() == pytest.approx(x.mean(), rel=2e-3, abs=1e-3 * x.std())
    assert d.std() == pytest.approx(x.std(), rel=2e-2)
    assert d.median() == pytest.approx(np.quantile(x, 0.5, method="inverted_cdf"), rel=1e-3)
    if (x > 0.0).all():
        assert d.log_std() == pytest.approx(np.log(x).std(), rel=5e-3)
    else:
        assert math.isnan(d.log_std())


@given(st.lists(simple(), min_size=2, max_size=4))
def test_the_median_of_a_mixture_halves_it(parts: list[Distribution]) -> None:
    """Bisection finds the point with one half on either side."""
    d = Mixture(parts)
    middle = d.median()
    assert d.cdf(middle) >= 0.5
    assert d.cdf(middle * (1.0 - math.copysign(1e-9, middle))) <= 0.5 + 1e-7


def test_the_median_of_a_mixture_may_be_a_single_value() -> None:
    """Single values with weight are found exactly."""
    assert Mixture([Discrete([1, 2]), Discrete([2, 3])]).median() == 2.0
    assert Mixture([Discrete([1, 9]), Discrete([1, 3])], [1, 1]).median() == 1.0


@pytest.mark.parametrize(
    ("d", "mean", "std", "log_std"),
    [
        (LogNormal(0.01, 0.5), math.sqrt(0.005) * 2.02803, math.nan, 1.18920),
        (Uniform(2, 6), 4.0, 4 / math.sqrt(12), math.nan),
        (Uniform(0, 3), 1.5, 3 / math.sqrt(12), 1.0),
        (LogUniform(1, math.e), math.e - 1, math.nan, 1 / math.sqrt(12)),
        (Pert(1, 2, 9), 3.0, math.sqrt(12 / 7), math.nan),
        (Discrete([1, 3], [3, 1]), 1.5, math.sqrt(0.75), math.log(3) * math.sqrt(3 / 16)),
        (Empirical([0, 2]), 1.0, 2 / math.sqrt(12), math.nan),
        (Mixture([Uniform(0, 1), Uniform(2, 3)]), 1.5, math.sqrt(1 / 12 + 1), math.nan),
        (Truncated(Uniform(0, 10), 2.0, 6.0), 4.0, 4 / math.sqrt(12), math.nan),
        (Truncated(Normal.from_mean(0, 1), lower=0.0), math.sqrt(2 / math.pi), 0.602810, math.nan),
    ],
    ids=lambda x: x.describe() if isinstance(x, Distribution) else "",
)
def test_known_moments(d: Distribution, mean: float, std: float, log_std: float) -> None:
    """Values from a textbook or by hand; NaN where none is given."""
    assert d.mean() == pytest.approx(mean, rel=1e-4)
    assert math.isnan(std) or d.std() == pytest.approx(std, rel=1e-4)
    assert math.isnan(log_std) or d.log_std() == pytest.approx(log_std, rel=1e-4)


@given(positive, st.floats(1e-9, 1e-2))
def test_narrow_ranges_keep_their_digits(low: float, width: float) -> None:
    """Closed forms that would cancel are replaced: a narrow range is uniform in every scale."""
    expected = width / math.sqrt(12)
    for d in (Uniform(low, low * (1 + width)), LogUniform(low, low * (1 + width))):
        assert d.std() / d.mean() == pytest.approx(expected, rel=width + 1e-4)
        assert d.log_std() == pytest.approx(expected, rel=width + 1e-4)


def test_extreme_ranges_do_not_overflow() -> None:
    """Sixty orders of magnitude are nonsense, not a crash."""
    wide = LogNormal(1e-300, 1e300)
    assert wide.median() == pytest.approx(1.0)
    assert wide.mean() == math.inf
    assert Uniform(1e-300, 1e300).log_std() == pytest.approx(1.0)
    assert Uniform(-1.7e308, 1.7e308).mean() == 0.0


@pytest.mark.parametrize(
    ("d", "log_std"),
    [
        (Normal(90, 110), 6.08 / 100),
        (Normal(10, 100), math.nan),
        (Discrete([0, 1]), math.nan),
        (Truncated(Normal(10, 100), lower=10.0), 0.494),
    ],
    ids=lambda x: x.describe() if isinstance(x, Distribution) else "",
)
def test_ln_x_has_a_spread_only_where_x_is_positive(d: Distribution, log_std: float) -> None:
    """A narrow normal has one, for its negative values never happen; a wide one has none."""
    assert d.log_std() == pytest.approx(log_std, rel=0.02, nan_ok=True)


@pytest.mark.parametrize("alpha", [1.0, 1.0001, 2.0, 3.0, 4.2, 5.0])
def test_pert_quantiles_are_good_to_a_millionth(alpha: float) -> None:
    """Against the beta integral, summed finely with points crowded at both ends."""
    d = Pert(0.0, (alpha - 1.0) / 4.0, 1.0)
    x = d.quantile(_U[::61])
    t = (np.arange(2**18) + 0.5) / 2**18
    y = 3 * t**2 - 2 * t**3
    density = y ** (alpha - 1.0) * (1.0 - y) ** (5.0 - alpha) * 6.0 * t * (1.0 - t)
    cdf = np.concatenate([[0.0], np.cumsum(density)]) / density.sum()
    edges = np.arange(2**18 + 1) / 2**18
    expected = np.interp(_U[::61], cdf, 3 * edges**2 - 2 * edges**3)
    np.testing.assert_allclose(x, expected, atol=1e-6)


def test_pert_at_its_limits() -> None:
    """A share of 0 or 1 gives the limits."""
    np.testing.assert_allclose(Pert(1, 2, 9).quantile(np.array([0.0, 1.0])), [1.0, 9.0], rtol=1e-9)
    assert (Pert(1, 2, 9).cdf(1.0), Pert(1, 2, 9).cdf(9.0)) == (0.0, 1.0)


def test_a_mixture_truncated_is_not_the_hull() -> None:
    """No sample falls where no source puts one, and the weights follow what is left."""
    d = Truncated(Mixture([Uniform(0, 2), Uniform(8, 10)]), upper=9.0)
    x = d.quantile(_U)
    assert not ((x > 2.0) & (x < 8.0)).any()
    assert np.mean(x > 5.0) == pytest.approx(1 / 3, abs=1e-4)
    assert d.median() == pytest.approx(1.5, abs=1e-9)


def test_a_truncation_that_cuts_the_quoted_ends_away_keeps_some() -> None:
    """Then the 5 % and 95 % points stand in for them."""
    d = Truncated(LogNormal(1, 2), lower=2.5)
    assert d.quoted == pytest.approx(tuple(d.quantile(np.array([0.05, 0.95]))))
    assert d.level == pytest.approx(0.9)


def test_medians_and_means_can_be_given() -> None:
    """The other ways to say a normal and a log-normal."""
    assert LogNormal.from_median(10, 2).median() == pytest.approx(10)
    assert LogNormal.from_median(10, 2).log_std() == pytest.approx(math.log(2))
    given_mean = Normal.from_mean(10, 2, level=0.5)
    assert (given_mean.mean(), given_mean.std(), given_mean.level) == pytest.approx((10, 2, 0.5))


def test_equal_content_is_equal() -> None:
    """Order and scale of weights do not matter; defaults are equal weights."""
    assert Discrete([2, 1], [1, 3]) == Discrete([1, 2], [0.75, 0.25])
    assert Discrete([1, 2]) == Discrete([1, 2], [5, 5])
    assert Empirical(np.array([2.0, 1.0])) == Empirical([1, 2])


@pytest.mark.parametrize(
    ("d", "text"),
    [
        (LogNormal(7, 15), "log-normal, 90 % in 7 to 15"),
        (Uniform(0.5, 1), "uniform, 0.5 to 1"),
        (Pert(1, 2, 9), "PERT, most likely 2, 1 to 9"),
        (Discrete([4, 8]), "discrete, 4 (50 %), 8 (50 %)"),
        (Empirical([1, 2, 3]), "empirical, 3 values in 1 to 3"),
        (Mixture([Uniform(0, 1), Normal(2, 3)]), "mixture of 50 % uniform, 0 to 1; 50 % normal"),
        (Truncated(Normal(0, 1), -1, 2), "normal, 90 % in 0 to 1, at least -1, at most 2"),
    ],
)
def test_a_description_is_one_line_for_people(d: Distribution, text: str) -> None:
    """Kind, level, ends."""
    assert d.describe().startswith(text)
    assert "\n" not in d.describe()


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: Normal(15, 7),
            r"Normal: low must be below high \(7\); got 15\.0; .*write 7 to 15",
        ),
        (lambda: Uniform(7, 7), r"Uniform: high must be above low; got 7\.0; use a plain number"),
        (lambda: Uniform("7", 8), r"Uniform: low must be a finite number; got '7'"),
        (lambda: Uniform(True, 8), r"Uniform: low must be a finite number; got True"),
        (lambda: Uniform(0, math.inf), r"Uniform: high must be a finite number; got inf"),
        (lambda: LogNormal(0, 1), r"LogNormal: low must be above 0; .*Normal or Uniform"),
        (lambda: LogUniform(-1, 1), r"LogUniform: low must be above 0"),
        (lambda: LogNormal(1, 2, 90), r"LogNormal: level must be between 0 and 1; got 90\.0"),
        (lambda: LogNormal(1, 2, "x"), r"LogNormal: level must be between 0 and 1; got 'x'"),
        (lambda: LogNormal.from_median(1, 1), r"geometric_std must be above 1"),
        (lambda: Normal.from_mean(1, -1), r"std must be above 0"),
        (lambda: Pert(1, 10, 9), r"Pert: mode must be between low and high"),
        (lambda: Pert(1, 1, 1), r"Pert: high must be above low"),
        (lambda: Discrete([1]), r"Discrete: values must be two or more numbers"),
        (lambda: Discrete(5), r"Discrete: values must be two or more numbers"),
        (lambda: Discrete([1, 1]), r"Discrete: values must be all different"),
        (lambda: Discrete([1, "a"]), r"Discrete: values must be a finite number; got 'a'"),
        (lambda: Discrete([1, 2], [1]), r"Discrete: weights must be 2 numbers"),
        (lambda: Discrete([1, 2], [1, 0]), r"Discrete: weights must be above 0; got 0\.0"),
        (
            lambda: Empirical([2, 2]),
            r"the largest must be above the smallest; got 2\.0; use a plain",
        ),
        (lambda: Mixture([Uniform(0, 1)]), r"Mixture: components must be two or more"),
        (lambda: Mixture(5), r"Mixture: components must be two or more"),
        (lambda: Mixture([Uniform(0, 1), 2]), r"Mixture: components must be a distribution; got 2"),
        (lambda: Truncated(Uniform(0, 1)), r"Truncated: lower must be given, or upper"),
        (lambda: Truncated(5, 0, 1), r"Truncated: base must be a distribution; got 5"),
        (
            lambda: Truncated(Uniform(0, 1), "0"),
            r"Truncated: lower must be a finite number or None",
        ),
        (lambda: Truncated(Uniform(0, 1), 2, 3), r"some of uniform, 0 to 1 is left; got \(2\.0, 3"),
        (
            lambda: Truncated(Uniform(0, 1), 0.8, 0.2),
            r"lower must be below upper \(0\.2\); got 0\.8",
        ),
        (lambda: Truncated(Normal(0, 1), lower=9), r"lower to upper must be such that"),
        (lambda: Truncated(Discrete([1, 2]), lower=2), r"lower to upper must be such that"),
        (lambda: Uniform(0, 1).scaled(0), r"Uniform: factor must be finite and above 0; got 0"),
        (lambda: Pert(0, 1, 2).scaled(-1), r"Pert: factor must be finite and above 0; got -1"),
    ],
    ids=str,
)
def test_refusals_name_class_and_field(build: Callable[[], object], message: str) -> None:
    """What was needed, what came, what to write."""
    with pytest.raises(RangeError, match=message):
        build()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"kind": "gauss"},
            r"kind must be one of log-normal, normal, .*truncated, swept; got 'gauss'",
        ),
        ({"low": 1}, r"kind must be one of .*; got None"),
        ({"kind": ["normal"]}, r"kind must be one of"),
        (5, r"kind must be one of .*; got None in 5"),
        ({"kind": "uniform", "low": 1}, r"uniform takes the fields low, high; .*check 'high'"),
        ({"kind": "uniform", "low": 1, "high": 2, "x": 3}, r"check 'x'"),
        ({"kind": "uniform", "low": 1, "high": "2"}, r"Uniform: high must be a finite number"),
        ({"kind": "mixture", "components": [{"kind": "?"}]}, r"kind must be one of"),
    ],
)
def test_plain_data_is_checked(data: Any, message: str) -> None:
    """A file written by hand is told what is wrong with it."""
    with pytest.raises(RangeError, match=message):
        from_dict(data)


@each
def test_distributions_are_immutable(d: Distribution) -> None:
    """A shared distribution cannot be changed under somebody's feet."""
    with pytest.raises(AttributeError):
        d.low = 1.0


@settings(max_examples=20)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
def test_a_sample_is_its_own_quantiles(values: list[float]) -> None:
    """The i-th of n sorted values is the quantile (i - 1)/(n - 1)."""
    if np.ptp(values) <= 1e-9 * np.abs(values).max():
        return
    got = Empirical(values).quantile(np.linspace(0, 1, len(values)))
    np.testing.assert_allclose(got, np.sort(values), rtol=1e-12, atol=1e-9 * np.ptp(values))
