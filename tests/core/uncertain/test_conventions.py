"""A quoted range becomes the distribution that the table of conventions says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.conventions import (
    about,
    limited,
    most_likely,
    plus_minus,
    quoted_range,
)
from llm_economics.core.uncertain.distributions import (
    LogNormal,
    LogUniform,
    Mixture,
    Normal,
    Pert,
    Truncated,
    Uniform,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.uncertain.distributions import Distribution


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (7, 15, LogNormal),
        (10, 15, LogNormal),
        (0.10, 0.15, LogNormal),
        (10, 14.9, Normal),
        (650, 720, Normal),
        (0, 5, Normal),
        (-3, 5, Normal),
    ],
)
def test_the_default_depends_on_sign_and_width(
    low: float, high: float, kind: type[Distribution]
) -> None:
    """Positive and wide is log-normal, anything else normal, both at 90 %."""
    assert quoted_range(low, high) == kind(low, high, 0.9)


@given(st.floats(1e-6, 1e6), st.floats(1.01, 100.0), st.sampled_from([1e-3, 3600.0, 1e9]))
def test_the_default_does_not_depend_on_the_unit(low: float, ratio: float, factor: float) -> None:
    """The same range in another unit is read alike."""
    here, there = quoted_range(low, low * ratio), quoted_range(low * factor, low * ratio * factor)
    assert type(here) is type(there)
    assert there.median() == pytest.approx(here.median() * factor, rel=1e-12)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("log-normal", LogNormal),
        ("normal", Normal),
        ("uniform", Uniform),
        ("log-uniform", LogUniform),
    ],
)
def test_a_shape_can_be_asked_for(shape: str, kind: type[Distribution]) -> None:
    """The name of the shape decides, whatever the width."""
    for high in (7.5, 15):
        chosen = quoted_range(7, high, shape=shape)
        assert type(chosen) is kind
        assert chosen.quoted == (7.0, high)


@pytest.mark.parametrize("high", [8.0, 15.0])
def test_a_level_can_be_stated(high: float) -> None:
    """The stated probability lies between the ends."""
    chosen = quoted_range(7, high, level=0.5)
    assert chosen.level == 0.5
    assert chosen.cdf(high) - chosen.cdf(7) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((15, 7), {}, r"15-7 runs from high to low; write 7-15"),
        ((7, 7), {}, r"use a plain number"),
        ((7, 7), {"shape": "uniform"}, r"use a plain number"),
        ((0, 7), {"shape": "log-normal"}, r"LogNormal: low must be above 0"),
        ((7, math.inf), {}, r"high must be a finite number"),
        ((math.nan, 7), {}, r"low must be a finite number"),
        ((7, 15), {"level": 90}, r"level must be between 0 and 1; got 90\.0; write 0\.9"),
        ((7, 15), {"level": 0.9, "shape": "uniform"}, r"hard limits, so level must be left out"),
        ((7, 15), {"shape": "gauss"}, r"one of 'log-normal', 'normal'.*got 'gauss'"),
    ],
)
def test_refused_ranges_say_what_to_write(
    arguments: Any, options: dict[str, Any], message: str
) -> None:
    """Every refusal names what came and the way out."""
    with pytest.raises(RangeError, match=message):
        quoted_range(*arguments, **options)


def test_plus_minus_is_one_standard_deviation() -> None:
    """700 plus or minus 35 has a standard deviation of 35."""
    chosen = plus_minus(700, 35)
    assert (chosen.mean(), chosen.std()) == pytest.approx((700, 35))


def test_about_is_within_a_factor() -> None:
    """The value is the median and the factor bounds 90 %."""
    chosen = about(0.3, factor=1.5)
    assert chosen.median() == pytest.approx(0.3)
    assert chosen.quoted == pytest.approx((0.2, 0.45))
    assert about(10).quoted == pytest.approx((10 / 1.3, 13))


def test_most_likely_is_a_pert() -> None:
    """Limits and a most likely value."""
    assert most_likely(1, 2, 9) == Pert(1, 2, 9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plus_minus(700, 0), r"std must be above 0; got 0; use a plain number"),
        (lambda: about(0), r"about: value must be above 0.*plus_minus"),
        (lambda: about(10, 1), r"about: factor must be above 1; got 1; write 1\.3"),
        (lambda: most_likely(5, 1, 9), r"Pert: mode must be between low and high; got 1\.0"),
    ],
)
def test_refused_phrases_say_what_to_write(call: Callable[[], object], message: str) -> None:
    """The other phrases refuse as helpfully."""
    with pytest.raises(RangeError, match=message):
        call()


@pytest.mark.parametrize(
    ("distribution", "lower", "upper"),
    [
        (Uniform(0.2, 0.9), 0, 1),
        (Uniform(0, 1), 0, 1),
        (LogNormal(7, 15), 0, None),
        (Normal(7, 15), None, None),
    ],
)
def test_what_is_inside_already_stays_as_it_is(
    distribution: Distribution, lower: float | None, upper: float | None
) -> None:
    """No wrapper where there is nothing to cut."""
    assert limited(distribution, lower, upper) is distribution


def test_what_can_leave_is_truncated() -> None:
    """A power usage effectiveness never falls below 1, and its quoted ends stay."""
    pue = limited(LogNormal(1.05, 1.4), lower=1)
    assert pue == Truncated(LogNormal(1.05, 1.4), 1.0, None)
    assert pue.quoted == (1.05, 1.4)
    assert pue.cdf(1.0) == 0.0


def test_only_the_limits_that_cut_are_kept() -> None:
    """A log-normal utilisation needs the limit 1 and not the limit 0."""
    assert limited(LogNormal(0.3, 0.6), 0, 1) == Truncated(LogNormal(0.3, 0.6), upper=1)


@pytest.mark.parametrize(
    ("lower", "upper", "message"),
    [
        (1.1, None, r"inside the lower limit 1\.1; its end 1\.05 is below it"),
        (None, 1.3, r"inside the upper limit 1\.3; its end 1\.4 is above it"),
    ],
)
def test_a_quoted_range_outside_its_limits_is_a_slip(
    lower: float | None, upper: float | None, message: str
) -> None:
    """Cutting would hide a wrong unit or a wrong source."""
    for distribution in (LogNormal(1.05, 1.4), Mixture([Uniform(1.05, 1.2), Uniform(1.1, 1.4)])):
        with pytest.raises(RangeError, match=message):
            limited(distribution, lower, upper)
