"""`WaterBySite`: water consumed by cooling on site and by power stations off site, apart.

The two differ in place and in who can change them, and many reports give one of them only. What is
not known is kept as the error that says what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import Step, attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.facility.energy import EnergyByBoundary
    from llm_economics.facility.site import Facility

__all__ = ["WaterBySite", "water_by_site"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class WaterBySite:
    """Water consumed, by where."""

    _on_site: Maybe
    _off_site: Maybe

    @property
    def on_site(self) -> Quantity:
        """Water that cooling consumes in the building (m^3).

        Raises
        ------
        MissingInputError
            If the facility's water usage effectiveness is unknown.
        """
        return given(self._on_site)

    @property
    def off_site(self) -> Quantity:
        """Water that power stations consume (m^3).

        Raises
        ------
        MissingInputError
            If the grid's water intensity is unknown.
        """
        return given(self._off_site)

    @property
    def total(self) -> Quantity:
        """Both (m^3).

        Raises
        ------
        MissingInputError
            If one of them is unknown.
        """
        return self.on_site + self.off_site

    def steps(self) -> Iterator[Step]:
        """Go through the lines."""
        yield Step("water, on site", self._on_site, "IT energy x WUE", "m^3")
        yield Step("water, off site", self._off_site, "facility energy x that of the grid", "m^3")


def water_by_site(energy: EnergyByBoundary, facility: Facility) -> WaterBySite:
    """Water of some energy.

    Parameters
    ----------
    energy : EnergyByBoundary
        The energy.
    facility : Facility
        Where it is used.

    Returns
    -------
    WaterBySite
        Water, as far as known.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.facility.energy import energy_by_boundary
    >>> energy = energy_by_boundary(
    ...     accelerator_energy=le.quantity("10 MWh"),
    ...     server_energy=le.quantity("14 MWh"),
    ...     network_and_idle_share=le.quantity(0.0),
    ...     power_usage_effectiveness=le.quantity(1.2),
    ...     unit="MWh",
    ... )
    >>> site = le.Facility(
    ...     name="site", power_usage_effectiveness=1.2, water_usage_effectiveness="1 L/kWh"
    ... )
    >>> water = water_by_site(energy, site)
    >>> print(water.on_site)
    14 m³
    """
    return WaterBySite(
        on_site=attempt(lambda: (energy.it * _on_site(facility)).to("m^3")),
        off_site=attempt(lambda: (energy.facility * _off_site(facility)).to("m^3")),
    )


def _on_site(facility: Facility) -> Quantity:
    if facility.water_usage_effectiveness is None:
        message = (
            f"the water usage effectiveness of {facility.name} is not known; give it with "
            "facility.evolve(water_usage_effectiveness='1.1 L/kWh')"
        )
        raise MissingInputError(message)
    return facility.water_usage_effectiveness


def _off_site(facility: Facility) -> Quantity:
    if facility.grid is None or facility.grid.water_intensity is None:
        message = (
            f"the water intensity of the grid of {facility.name} is not known; give it with "
            "facility.evolve(grid=le.Grid(name=..., water_intensity='1.6 L/kWh'))"
        )
        raise MissingInputError(message)
    return facility.grid.water_intensity
