"""`CloudPrice` and `ApiPrice`: what is refused, what a rent or a call costs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
)
from llm_economics.facility.prices import (
    ApiPrice,
    CloudPrice,
    as_money_per_time,
    as_token_price,
)

RENT = CloudPrice(name="mine", price="2.5 USD/accelerator/hour", date="2026-11")
CALL = ApiPrice(name="mine", input_price="1.25 USD/Mtoken", output_price="10 USD/Mtoken")


@pytest.mark.parametrize("date", ["", "2026", "2026-11", "2026-02-28"])
def test_date_is_kept_as_written(date: str) -> None:
    """A date may be a year, a month or a day, or unknown."""
    assert ApiPrice(name="mine", date=date).date == date


@pytest.mark.parametrize("date", ["2026-13", "2026-02-30", "26", "today", "2026-1-9", "2026-11-9"])
def test_what_is_no_date_is_refused(date: str) -> None:
    """A price without a real date is worth nothing."""
    with pytest.raises(NotationError, match=f"ApiPrice.date needs YYYY.*got '{date}'"):
        ApiPrice(name="mine", date=date)


def test_prices_are_read_in_their_units() -> None:
    """Money per time and money per token are read like any other quantity."""
    assert as_money_per_time("55.04 USD/hour").number("USD/day") == pytest.approx(1320.96)
    assert as_token_price("2 USD/Mtoken").number("USD/token") == pytest.approx(2e-6)


@pytest.mark.parametrize(
    ("make", "fields", "error", "match"),
    [
        (CloudPrice, {"price": "2 USD/hour"}, DimensionError, "CloudPrice.price needs"),
        (CloudPrice, {"price": "-2 USD/accelerator/hour"}, RangeError, "price needs at least 0"),
        (CloudPrice, {"price": 2.0}, DimensionError, "CloudPrice.price needs .*bare number 2.0"),
        (
            CloudPrice,
            {"price": "2 USD/accelerator/hour", "instance_price": "16 USD"},
            DimensionError,
            "CloudPrice.instance_price needs",
        ),
        (ApiPrice, {"output_price": "10 USD"}, DimensionError, "ApiPrice.output_price needs"),
        (ApiPrice, {"date": 2026}, NotationError, "ApiPrice.date: needs a text|needs a text"),
    ],
)
def test_refuses(make: Any, fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A figure that cannot be is refused by field, need and what came."""
    with pytest.raises(error, match=match):
        make(name="mine", **fields)


def test_rent_is_price_times_accelerators_times_time() -> None:
    """Eight accelerators for a day: 192 hours, at 2.50 each."""
    rent = RENT.cost(accelerators=8, duration="1 day")
    assert rent.number("USD") == pytest.approx(480.0)
    assert RENT.cost(accelerators="8 accelerator", duration="24-48 hour").is_range


@pytest.mark.parametrize(
    ("given_", "error", "match"),
    [
        ({"accelerators": 8, "duration": 3}, DimensionError, r"CloudPrice.cost\(duration=...\) ne"),
        ({"accelerators": "8 W", "duration": "1 h"}, DimensionError, r"cost\(accelerators=...\)"),
        ({"accelerators": -8, "duration": "1 h"}, RangeError, r"cost\(accelerators=...\) needs at"),
    ],
)
def test_rent_refuses(given_: dict[str, Any], error: type[Exception], match: str) -> None:
    """An argument that cannot be is named."""
    with pytest.raises(error, match=match):
        RENT.cost(**given_)


def test_call_is_priced_by_kind_of_token() -> None:
    """Each kind of token has its own price; text, numbers and ranges are taken."""
    cost = CALL.cost(input_tokens=1e6, output_tokens="100 ktoken")
    assert cost.number("USD") == pytest.approx(1.25 + 1.0)
    full = CALL.evolve(
        cached_input_price="0.125 USD/Mtoken", cache_write_price="1.5625 USD/Mtoken"
    ).cost(cached_input_tokens=8e6, cache_write_tokens=2e6)
    assert full.number("USD") == pytest.approx(1.0 + 3.125)
    assert CALL.cost(output_tokens="200-400 token").is_range


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_two_calls_cost_the_sum(first: int, second: int) -> None:
    """The price of tokens is linear."""
    parts = [CALL.cost(input_tokens=n).number("USD") for n in (first, second)]
    whole = CALL.cost(input_tokens=first + second).number("USD")
    assert whole == pytest.approx(sum(parts))


@pytest.mark.parametrize(
    ("tokens", "match"),
    [
        ({"cached_input_tokens": 5}, "the cached input price of mine is not known; give it with "),
        ({"cache_write_tokens": 0}, r"evolve\(cache_write_price='1 USD/Mtoken'\)"),
        ({}, "ApiPrice.cost needs tokens, such as input_tokens=1200"),
    ],
)
def test_unknown_price_is_not_zero(tokens: dict[str, Any], match: str) -> None:
    """Tokens whose price nobody states are not free."""
    with pytest.raises(MissingInputError, match=match):
        CALL.cost(**tokens)


def test_call_refuses_what_is_no_number_of_tokens() -> None:
    """The argument is named."""
    with pytest.raises(DimensionError, match=r"ApiPrice.cost\(input_tokens=...\) needs a number"):
        CALL.cost(input_tokens="5 request")


def test_price_of_your_own_feeds_a_workload_field() -> None:
    """A price that was looked up is a quantity like any other."""
    offer = le.catalog.cloud_prices["aws/p5.48xlarge/on-demand/2026-11-09"]
    assert le.accelerators["H100 SXM"].evolve(rental_price=offer.price).rental_price == offer.price
