"""Laws of the facility: value with unit, and limits."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError
from llm_economics.facility.laws import (
    amortised_price,
    annuity,
    capital_recovery_factor,
    electricity_cost,
    facility_energy,
    location_based_carbon,
    rental_cost,
)


@pytest.mark.parametrize(
    ("found", "unit", "expected"),
    [
        (
            facility_energy(
                it_energy=le.quantity("10 MWh"), power_usage_effectiveness=le.quantity(1.2)
            ),
            "kWh",
            12_000,
        ),
        (
            location_based_carbon(
                facility_energy=le.quantity("10 GWh"),
                carbon_intensity=le.quantity("384 gCO2e/kWh"),
            ),
            "tCO2e",
            3840,
        ),
        (
            electricity_cost(
                facility_energy=le.quantity("10 GWh"), electricity_price=le.quantity("0.06 USD/kWh")
            ),
            "USD",
            600_000,
        ),
        (
            rental_cost(
                accelerator_time=le.quantity("1000 accelerator*hour"),
                rental_price=le.quantity("2.5 USD/accelerator/hour"),
            ),
            "USD",
            2500,
        ),
        (
            amortised_price(
                system_price=le.quantity("87660 USD/accelerator"),
                life=le.quantity("5 year"),
                utilization=le.quantity(0.5),
            ),
            "USD/accelerator/h",
            4.0,
        ),
        (capital_recovery_factor(interest=le.quantity(0.1), years=le.quantity(1)), "", 1.1),
        (
            annuity(
                capital=le.quantity("87660 USD"),
                recovery=le.quantity(0.2),
                use_per_year=le.quantity("1 year"),
            ),
            "USD/h",
            2.0,
        ),
    ],
)
def test_value(found: le.Quantity, unit: str, expected: float) -> None:
    """Counted by hand; a year has 8766 hours. The law returns its own unit."""
    assert found.unit_text == unit
    assert float(found.magnitude) == pytest.approx(expected, rel=1e-12)


def test_annuity_is_dearer_than_straight_line() -> None:
    """At 10 % over 3 to 6 years straight line is 17 to 27 % lower (docstring of the law)."""
    for years, lower in ((3, 0.171), (6, 0.274)):
        factor = capital_recovery_factor(interest=le.quantity(0.1), years=le.quantity(years))
        assert 1.0 - 1.0 / (years * factor.number("")) == pytest.approx(lower, abs=0.001)


def test_recovery_tends_to_one_over_n() -> None:
    """Without interest the yearly payment is the n-th part."""
    factor = capital_recovery_factor(interest=le.quantity(1e-9), years=le.quantity(4))
    assert factor.number("") == pytest.approx(0.25, rel=1e-6)


def test_recovery_takes_ranges_of_both() -> None:
    """Interest and years may both be ranges."""
    factor = capital_recovery_factor(interest=le.between(0.06, 0.12), years=le.uniform(3.0, 6.0))
    low, high = factor.quantiles(0.05, 0.95).magnitude
    assert 0.2 < low < high < 0.45


def test_pue_below_one_is_refused() -> None:
    """A facility cannot draw less than its IT."""
    with pytest.raises(RangeError, match=r"needs at least 1; got 0\.9"):
        facility_energy(it_energy=le.quantity("1 MWh"), power_usage_effectiveness=le.quantity(0.9))
