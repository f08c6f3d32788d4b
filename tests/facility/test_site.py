"""`Facility`, `Grid`, `Tariff`: what is refused, what is asked for."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError

GRID = le.Grid(name="grid", carbon_intensity="384 gCO2e/kWh")
TARIFF = le.Tariff(name="tariff", price="0.08 USD/kWh")


@pytest.mark.parametrize(
    ("make", "fields", "error", "match"),
    [
        (
            le.Facility,
            {"power_usage_effectiveness": 0.9},
            RangeError,
            "Facility.power_usage_effectiveness needs at least 1; got 0.9",
        ),
        (
            le.Facility,
            {"power_usage_effectiveness": (0.9, 1.2)},
            RangeError,
            "Facility.power_usage_effectiveness needs at least 1; got 0.9–1.2",
        ),
        (
            le.Facility,
            {"power_usage_effectiveness": float("nan")},
            RangeError,
            "Facility.power_usage_effectiveness.*nan",
        ),
        (
            le.Facility,
            {"power_usage_effectiveness": "1.2 kWh"},
            DimensionError,
            "Facility.power_usage_effectiveness needs PUE",
        ),
        (le.Facility, {"power_usage_effectiveness": None}, Exception, "power_usage_effectiveness"),
        (le.Grid, {"carbon_intensity": "384 g/kWh"}, DimensionError, "Grid.carbon_intensity needs"),
        (le.Grid, {"carbon_intensity": "-5 gCO2e/kWh"}, RangeError, "needs at least 0"),
        (le.Grid, {"water_intensity": "3 L"}, DimensionError, "Grid.water_intensity needs water"),
        (le.Tariff, {"price": "8 USD/kW"}, DimensionError, "Tariff.price needs .*USD/kWh"),
    ],
)
def test_refuses(make: Any, fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A figure that cannot be is refused by field, need and what came."""
    with pytest.raises(error, match=match):
        make(name="mine", **fields)


def test_asks_for_what_is_unknown() -> None:
    """Price and intensity are unknown without tariff and grid: no zero, no default."""
    bare = le.Facility(name="bare", power_usage_effectiveness=1.1)
    with pytest.raises(MissingInputError, match="electricity price of bare is not known; give it"):
        _ = bare.electricity_price
    with pytest.raises(MissingInputError, match="carbon intensity of bare is not known; give it"):
        _ = bare.carbon_intensity
    with pytest.raises(MissingInputError, match="carbon intensity of bare is not known"):
        _ = bare.evolve(grid=le.Grid(name="dark")).carbon_intensity


def test_passes_on_grid_and_tariff() -> None:
    """A facility has the intensity of its grid and the price of its tariff."""
    site = le.Facility(name="site", power_usage_effectiveness=1.1, grid=GRID, tariff=TARIFF)
    assert site.carbon_intensity.number("gCO2e/kWh") == pytest.approx(384)
    assert site.electricity_price.number("USD/kWh") == pytest.approx(0.08)


def test_range_of_pue_is_cut_at_one() -> None:
    """No draw of a range is below the physical limit."""
    site = le.Facility(name="site", power_usage_effectiveness="1.01-1.5")
    assert site.power_usage_effectiveness.samples(4096).magnitude.min() >= 1.0
