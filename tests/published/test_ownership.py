"""Capital cost of an accelerator-hour: 49.2 kUSD at 10 % over 3 to 6 years, nothing left.

Source: the capital recovery factor of W. Short, D. Packey, T. Holt, NREL/TP-462-5173, 1995. The
results for this price were worked out apart from the library, with a calculator.
"""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.facility.laws import annuity, capital_recovery_factor


@pytest.mark.parametrize(("years", "expected"), [(3, 2.26), (4, 1.77), (5, 1.48), (6, 1.29)])
def test_annuity(years: int, expected: float) -> None:
    """USD per hour of a year of 8766 hours."""
    factor = capital_recovery_factor(interest=le.quantity("10 %"), years=le.quantity(years))
    cost = annuity(
        capital=le.quantity("49.2 kUSD"), recovery=factor, use_per_year=le.quantity("1 year")
    )
    assert cost.number("USD/hour") == pytest.approx(expected, abs=0.005)
