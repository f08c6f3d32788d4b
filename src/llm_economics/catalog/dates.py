"""Dates of figures: days, months or years, and what can be told about their age.

A month or a year is a span, so "older than" and "in the future" ask for its last and first day:
what may still be true is not called wrong.
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime

__all__ = ["days_of", "is_future", "months_before", "today"]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)

_MONTHS = 12


def today() -> date:
    """Return the day that it is in Greenwich.

    Returns
    -------
    date
        The day; elsewhere it can be the one before or after.
    """
    return datetime.now(tz=UTC).date()


def days_of(text: object) -> tuple[date, date] | None:
    """First and last day of a date.

    Parameters
    ----------
    text : str
        "2025", "2025-08" or "2025-08-21".

    Returns
    -------
    tuple of date, or None
        None if it is no date.

    Examples
    --------
    >>> [day.isoformat() for day in days_of("2024-02")]
    ['2024-02-01', '2024-02-29']
    >>> days_of("2024-13") is None
    True
    """
    found = _DATE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    try:
        first = date(year, month, day)
    except ValueError:
        return None
    if found[3]:
        return first, first
    last_month = month if found[2] else _MONTHS
    return first, date(year, last_month, calendar.monthrange(year, last_month)[1])


def is_future(text: object, now: date) -> bool:
    """Tell whether a date has not come yet.

    Parameters
    ----------
    text : str
        The date.
    now : date
        The day that it is.

    Returns
    -------
    bool
        False for what is no date.

    Examples
    --------
    >>> is_future("2027", date(2026, 11, 24)), is_future("2026", date(2026, 11, 24))
    (True, False)
    """
    days = days_of(text)
    return days is not None and days[0] > now


def months_before(now: date, months: int) -> date:
    """Return the day so many months earlier, or the last one of a shorter month.

    Parameters
    ----------
    now : date
        A day.
    months : int
        How many months, from 0.

    Returns
    -------
    date
        The earlier day; the first of all days if that is too long ago.

    Examples
    --------
    >>> months_before(date(2026, 8, 31), 6).isoformat()
    '2026-02-28'
    """
    year, month = divmod(now.year * _MONTHS + now.month - 1 - months, _MONTHS)
    if year < date.min.year:
        return date.min
    return date(year, month + 1, min(now.day, calendar.monthrange(year, month + 1)[1]))
