"""Water on site and off site: exact, apart, and unknown where nobody says."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError
from llm_economics.facility.energy import energy_by_boundary
from llm_economics.facility.water import WaterBySite, water_by_site

ENERGY = energy_by_boundary(
    accelerator_energy=le.quantity("10 MWh"),
    server_energy=le.quantity("14 MWh"),
    network_and_idle_share=le.quantity(0.1),
    power_usage_effectiveness=le.quantity(1.2),
    unit="MWh",
)
SITE = le.Facility(
    name="site",
    power_usage_effectiveness=1.2,
    water_usage_effectiveness="0.5 L/kWh",
    grid=le.Grid(name="grid", water_intensity="2 L/kWh"),
)


def water(**changes: Any) -> WaterBySite:
    """Return the water of the energy at the site with some figures changed."""
    return water_by_site(ENERGY, SITE.evolve(**changes))


def test_exact() -> None:
    """IT energy cools on site, facility energy is generated off site."""
    found = water()
    assert found.on_site.number("m^3") == pytest.approx(15.4 * 0.5)
    assert found.off_site.number("m^3") == pytest.approx(18.48 * 2.0)
    assert found.total.number("m^3") == pytest.approx(15.4 * 0.5 + 18.48 * 2.0)


def test_ranges_stay_ranges() -> None:
    """The parts sum to the whole in every draw."""
    found = water(water_usage_effectiveness="0.2-1.1 L/kWh")
    parts = (found.on_site + found.off_site).samples(64).magnitude
    assert parts == pytest.approx(found.total.samples(64).magnitude, rel=1e-12)
    assert found.on_site.is_range


@pytest.mark.parametrize(
    ("changes", "unknown", "known", "match"),
    [
        (
            {"water_usage_effectiveness": None},
            "on_site",
            "off_site",
            "water usage effectiveness of site is not known",
        ),
        ({"grid": None}, "off_site", "on_site", "water intensity of the grid of site is not"),
        ({"grid": le.Grid(name="dry")}, "off_site", "on_site", "water intensity of the grid of"),
    ],
)
def test_unknown_is_not_zero(changes: dict[str, Any], unknown: str, known: str, match: str) -> None:
    """One may be known without the other; their sum needs both."""
    found = water(**changes)
    assert getattr(found, known).number("m^3") > 0.0
    for what in (unknown, "total"):
        with pytest.raises(MissingInputError, match=match):
            getattr(found, what)


def test_lines() -> None:
    """One for each place; an unknown one keeps its reason."""
    lines = list(water(grid=None).steps())
    assert [line.name for line in lines] == ["water, on site", "water, off site"]
    assert isinstance(lines[1].value, MissingInputError)
