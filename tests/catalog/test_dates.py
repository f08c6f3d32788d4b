"""Dates of figures: spans of days, compared so that what may be true is not called wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.catalog.dates import days_of, is_future, months_before, today

NOW = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2024-12", date(2024, 12, 1), date(2024, 12, 31)),
        ("2024-02-29", date(2024, 2, 29), date(2024, 2, 29)),
    ],
)
def test_days_of_a_date(text: str, first: date, last: date) -> None:
    """A year and a month are spans."""
    assert days_of(text) == (first, last)


@pytest.mark.parametrize("text", ["", "24", "2024-13", "2023-02-29", "soon", "0000", None, 2024])
def test_no_date_has_no_days(text: Any) -> None:
    """What is no date is neither old nor in the future."""
    assert days_of(text) is None
    assert not is_future(text, NOW)


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("2026", False),
        ("2026-11", False),
        ("2026-11-24", False),
        ("2026-11-25", True),
        ("2026-12", True),
        ("2027", True),
    ],
)
def test_future(text: str, later: bool) -> None:
    """A span that has begun is not in the future."""
    assert is_future(text, NOW) is later


@given(st.dates(), st.integers(0, 50_000))
def test_months_before(day: date, months: int) -> None:
    """So many months lie between, or the calendar ends; zero months are no time."""
    found = months_before(day, months)
    assert months_before(day, 0) == day
    assert found <= day
    between = 12 * (day.year - found.year) + day.month - found.month
    assert between == months or found == date.min


def test_today_is_of_the_clock() -> None:
    """The day is that of Greenwich."""
    assert abs((today() - datetime.now(tz=UTC).date()).days) <= 1
