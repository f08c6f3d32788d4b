"""Thresholds: exact answers, probabilities, arrays, the table, modified models."""

from __future__ import annotations

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import DimensionError
from llm_economics.training.thresholds import (
    THRESHOLDS,
    Threshold,
    exceeds,
    modification_threshold,
    threshold_report,
)

RISK = THRESHOLDS["eu-systemic-risk"]


@pytest.mark.parametrize(
    ("key", "computation", "date"),
    [
        ("eu-general-purpose", 1e23, "2025-08-02"),
        ("eu-systemic-risk", 1e25, "2025-08-02"),
        ("us-executive-order", 1e26, "2023-10-30"),
        ("california-frontier", 1e26, "2026-01-01"),
    ],
)
def test_table(key: str, computation: float, date: str) -> None:
    """The figures of the rules, each with a source."""
    threshold = THRESHOLDS[key]
    assert threshold.computation.number("FLOP") == computation
    assert threshold.date == date
    assert threshold.sources


def test_revoked_order_says_so() -> None:
    """Only the executive order is revoked, and it names the order that revoked it."""
    revoked = [key for key, t in THRESHOLDS.items() if t.status.startswith("revoked")]
    assert revoked == ["us-executive-order"]
    assert "us-eo-14148" in {s.key for s in THRESHOLDS["us-executive-order"].sources}


@pytest.mark.parametrize(
    ("computation", "expected"), [("9.9e24 FLOP", 0.0), ("1e25 FLOP", 0.0), ("1.1e25 FLOP", 1.0)]
)
def test_exact(computation: str, expected: float) -> None:
    """Below, equal and above; equal is not above."""
    assert exceeds(computation, RISK).number("") == expected


def test_probability_of_a_range() -> None:
    """A log-normal range whose median is the threshold is above it with probability one half."""
    around = le.between(5e24, 2e25, "FLOP")
    assert exceeds(around, RISK).number("") == pytest.approx(0.5, abs=1e-3)
    assert exceeds(le.between(1e25, 3e25, "FLOP"), RISK).number("") == pytest.approx(0.95, abs=1e-3)


def test_arrays() -> None:
    """Element by element, of numbers and of ranges."""
    several = le.quantity(np.array([1e24, 1e26]), "FLOP")
    np.testing.assert_array_equal(exceeds(several, RISK).magnitude, [0.0, 1.0])
    spread = several * le.between(0.5, 2.0)
    np.testing.assert_array_equal(exceeds(spread, RISK).magnitude, [0.0, 1.0])


def test_report() -> None:
    """One line for each threshold, the revoked one marked, every source named."""
    report = threshold_report(le.between(5e24, 2e25, "FLOP"))
    assert [step.shown for step in report.steps()] == ["100 %", "50 %", "0 %", "0 %"]
    assert "US Executive Order 14110, reports to the government (revoked): 0 %" in str(report)
    assert "revoked on 2025-01-20" in report.explain()
    assert len(report.sources) == 5


def test_report_of_a_choice() -> None:
    """Own thresholds have a line too, without sources."""
    own = Threshold(
        name="house rule", computation="1e24 FLOP", authority="us", date="2026", status="in use"
    )
    report = threshold_report("2e24 FLOP", thresholds=(own,))
    assert str(report).splitlines()[1] == "  house rule: 100 %"
    assert report.sources == ()


def test_modification() -> None:
    """One third of the original; a range stays a range that moves with the original."""
    original = le.between(1e25, 4e25, "FLOP")
    limit = modification_threshold(original)
    shares = (limit.computation / original).to("").quantiles(0.0, 1.0).magnitude
    np.testing.assert_allclose(shares, 1 / 3, rtol=1e-12)
    assert exceeds(0.3 * original, limit).number("") == 0.0
    assert exceeds(0.34 * original, limit).number("") == 1.0
    assert limit.sources


def test_another_dimension_is_refused() -> None:
    """Accelerator-hours are not computation."""
    with pytest.raises(DimensionError, match="computation"):
        exceeds("3e6 accelerator*hour", RISK)
