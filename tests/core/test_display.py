"""Numbers as people write them."""

from __future__ import annotations

import math

import pytest

from llm_economics.core.answers import with_kind
from llm_economics.core.display import html_escape, range_text, short_number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (5.0, "5"),
        (16384.0, "16,400"),
        (0.30078, "0.301"),
        (0.001, "0.001"),
        (0.000999, "9.99e-4"),
        (999.6, "1,000"),
        (999_999.0, "1e6"),
        (1e6, "1e6"),
        (2.14e25, "2.14e25"),
        (-12.345, "-12.3"),
        (1e-300, "1e-300"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
    ids=str,
)
def test_three_digits(value: float, text: str) -> None:
    """Plain from a thousandth to a million, scientific beyond, never a bare exponent."""
    assert short_number(value) == text


@pytest.mark.parametrize(
    ("digits", "text"), [(1, "1,000"), (2, "1,200"), (6, "1,234.57"), (12, "1,234.56789")]
)
def test_other_digits(digits: int, text: str) -> None:
    """As many digits as asked for, no zeros behind the point."""
    assert short_number(1234.56789, digits) == text


def test_one_digit_in_scientific_notation() -> None:
    """One digit has no point."""
    assert short_number(2.4e7, 1) == "2e7"


def test_ranges() -> None:
    """Middle first, then both ends; unit, kind and level behind."""
    assert range_text(16.5, 5.9, 27.31) == "16.5 [5.9 – 27.3]"
    assert range_text(16.5, 5.9, 27.31, 1) == "20 [6 – 30]"
    assert with_kind("16.5 [5.9 – 27.3]", "", "mean", 0.5) == "16.5 [5.9 – 27.3] (mean, 50 %)"


def test_html() -> None:
    """Nothing becomes a tag or an entity."""
    assert html_escape("a < b & c > d") == "a &lt; b &amp; c &gt; d"
