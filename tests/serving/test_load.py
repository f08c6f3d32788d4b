"""Loads: closed or open, with lengths, and nothing filled in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.serving.load import (
    Load,
    as_concurrency,
    as_length,
    as_peak_to_mean,
    typical_length,
)

LENGTHS: dict[str, Any] = {"input_tokens": "1000 token", "output_tokens": "500 token"}


def closed(**changes: Any) -> Load:
    return Load.closed(**{"concurrency": 64, **LENGTHS, **changes})


def opened(**changes: Any) -> Load:
    return Load.open(**{"rate": "30 request/s", "variability": 1.0, **LENGTHS, **changes})


def demand(**changes: Any) -> Load:
    fields = {"requests_per_day": "864000 request/day", "variability": 1.0, "peak_to_mean": 2}
    return Load.open_from_demand(**{**fields, **LENGTHS, **changes})


def test_closed_and_open() -> None:
    """A closed load has a concurrency, an open one a rate and its variability."""
    assert not closed().is_open
    assert closed(concurrency="8-64 request").concurrency.is_range  # type: ignore[union-attr]
    assert closed().request_rate is None
    load = opened(variability="1-3")
    assert load.is_open
    assert load.request_rate.number("request/s") == 30  # type: ignore[union-attr]
    assert load.arrival_variability.is_range  # type: ignore[union-attr]


def test_demand() -> None:
    """The peak sizes, the mean is kept; a range of the peak is the same range in both."""
    load = demand(peak_to_mean="1.5-3")
    low, high = load.request_rate.bounds()  # type: ignore[union-attr]
    assert (low.number("request/s"), high.number("request/s")) == pytest.approx((15, 30))
    low, high = load.mean_request_rate.bounds()
    assert (low.number("request/s"), high.number("request/s")) == pytest.approx((10, 10), rel=1e-3)


def test_lengths() -> None:
    """Reasoning is written too; what is in the cache is not computed."""
    load = closed(reasoning_tokens="1500 token/request", prefix_cache_hit_share="40 %")
    assert load.written_tokens.number("token/request") == pytest.approx(2000)
    assert load.computed_input.number("token/request") == pytest.approx(600)
    assert closed().written_tokens.number("token/request") == 500
    spread = closed(input_variation=1.0, output_variation=0.75)
    assert spread.typical_input.number("token/request") == pytest.approx(1000 / 2**0.5)
    assert spread.typical_output.number("token/request") == pytest.approx(400)


@given(st.floats(1.0, 1e6), st.floats(0.0, 5.0))
def test_median_is_at_most_the_mean(mean: float, variation: float) -> None:
    """A log-normal is skewed to the right; without spread both are one."""
    median = typical_length(
        mean=le.quantity(mean, "token/request"), variation=le.quantity(variation)
    ).number("token/request")
    assert 0 < median <= mean * (1 + 1e-12)
    assert variation > 0 or median == pytest.approx(mean)


@pytest.mark.parametrize(
    ("make", "changes", "error", "match"),
    [
        (closed, {"concurrency": 0}, RangeError, r"Load\.concurrency needs more than zero; got 0"),
        (closed, {"concurrency": -3}, RangeError, r"Load\.concurrency needs at least 0 request"),
        (closed, {"concurrency": "64 token"}, DimensionError, r"Load\.concurrency .* got 64 tok"),
        (closed, {"input_tokens": 1000}, DimensionError, r"input_tokens .*'1000 token'; got the b"),
        (closed, {"output_tokens": "500 s"}, DimensionError, r"Load\.output_tokens needs tokens"),
        (closed, {"output_tokens": "0 token"}, RangeError, r"Load\.output_tokens needs more than"),
        (closed, {"input_tokens": None}, MissingInputError, r"closed needs input_tokens, such as"),
        (closed, {"prefix_cache_hit_share": 40}, RangeError, r"Did you mean '40 %'"),
        (opened, {"rate": 30}, DimensionError, r"Load\.request_rate needs .* with a unit"),
        (opened, {"rate": "0 request/s"}, RangeError, r"Load\.request_rate needs more than zero"),
        (opened, {"output_tokens": None}, MissingInputError, r"open needs output_tokens, such as"),
        (opened, {"variability": None}, MissingInputError, "open Load needs variability.*1.0 for"),
        (demand, {"peak_to_mean": None}, MissingInputError, r"needs peak_to_mean.*built for the p"),
        (demand, {"peak_to_mean": 0.5}, RangeError, r"demand\(peak_to_mean\) needs at least 1"),
        (demand, {"requests_per_day": 2e6}, DimensionError, r"requests_per_day\).*'2e6 request/d"),
        (demand, {"input_tokens": None}, MissingInputError, r"open_from_demand needs input_tokens"),
    ],
)
def test_bad_loads(make: Any, changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """Each field is refused by its name, with what to type."""
    with pytest.raises(error, match=match):
        make(**changes)


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({}, MissingInputError, "needs what drives it"),
        ({"concurrency": 8, "request_rate": "1 request/s"}, RangeError, "not both"),
        ({"concurrency": 8, "arrival_variability": 1}, RangeError, "takes no variability"),
        ({"concurrency": 8, "peak_to_mean": 2}, RangeError, "takes no peak_to_mean"),
    ],
)
def test_neither_or_both(fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A load is one of the two, whole."""
    with pytest.raises(error, match=match):
        Load(**LENGTHS, **fields)


def test_unknown_is_not_zero() -> None:
    """What is not given is asked for when it is needed."""
    for field, match in {
        "mean_request_rate": "open Load with peak_to_mean",
        "computed_input": r"evolve\(prefix_cache_hit_share=0\.0\)",
        "typical_input": "input_variation",
        "typical_output": "output_variation",
    }.items():
        with pytest.raises(MissingInputError, match=match):
            getattr(opened(), field)
    with pytest.raises(MissingInputError, match="open Load with peak_to_mean"):
        _ = closed().mean_request_rate


def test_variants() -> None:
    """A load is never changed; `evolve` makes another."""
    base = opened()
    assert base.evolve(request_rate="60 request/s").request_rate.number("request/s") == 60  # type: ignore[union-attr]
    assert base.request_rate.number("request/s") == 30  # type: ignore[union-attr]


def test_readers() -> None:
    """The readers of the fields stand alone too."""
    assert as_concurrency(64).number("request") == 64
    assert as_length("1 ktoken").number("token/request") == 1000
    assert as_peak_to_mean("1.5-3").is_range
