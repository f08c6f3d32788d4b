"""`Facility`, `Grid`, `Tariff`: the building, the electricity it gets, and its price.

Carbon intensity here is location-based: what the grid emits on average. Market-based figures
(certificates, contracts) are another quantity and are not mixed in.
"""

from __future__ import annotations

import attrs

from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import (
    as_carbon_intensity,
    as_power_usage_effectiveness,
    as_price_of_energy,
    as_text,
    as_water_intensity,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.references import as_names, holds
from llm_economics.core.registry import Quantity

__all__ = ["Facility", "Grid", "Tariff"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Grid(Noun):
    """An electricity grid.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.Grid(name="mine", carbon_intensity="150-200 gCO2e/kWh").carbon_intensity)
    175 [150 – 200] gCO2e/kWh (median, 90 %)
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "US"."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    carbon_intensity: Quantity | None = attrs.field(default=None, converter=as_carbon_intensity)
    """Greenhouse gases per energy, location-based, average (gCO2e/kWh)."""

    water_intensity: Quantity | None = attrs.field(default=None, converter=as_water_intensity)
    """Water consumed at the power stations, off site (L/kWh)."""


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Tariff(Noun):
    """A price of electricity.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.Tariff(name="mine", price="0.08 USD/kWh").price)
    0.08 USD/kWh
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "us-industrial"."""

    description: str = attrs.field(default="", converter=as_text)
    """Who pays it."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    price: Quantity = attrs.field(converter=as_price_of_energy)
    """Price (USD/kWh)."""


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Facility(Noun):
    """A data centre, or a kind of data centre.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.facilities["us-hyperscale"].power_usage_effectiveness)
    1.14 [1.08 – 1.2] (median, 90 %)
    >>> le.Facility(name="magic", power_usage_effectiveness=0.9)
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.RangeError: Facility.power_usage_effectiveness needs at least 1; \
got 0.9
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "us-hyperscale"."""

    operator: str = attrs.field(default="", converter=as_text)
    """Who runs it."""

    description: str = attrs.field(default="", converter=as_text)
    """What it stands for."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    power_usage_effectiveness: Quantity = attrs.field(converter=as_power_usage_effectiveness)
    """PUE: facility energy over IT energy, a yearly average, at least 1."""

    water_usage_effectiveness: Quantity | None = attrs.field(
        default=None, converter=as_water_intensity
    )
    """WUE: water consumed on site over IT energy (L/kWh)."""

    grid: Grid | None = attrs.field(default=None, validator=holds(Grid, "grids"))
    """The grid it draws from."""

    tariff: Tariff | None = attrs.field(default=None, validator=holds(Tariff, "tariffs"))
    """What it pays for electricity."""

    @property
    def electricity_price(self) -> Quantity:
        """Price of its electricity (USD/kWh).

        Raises
        ------
        MissingInputError
            If it has no tariff.
        """
        if self.tariff is None:
            message = (
                f"the electricity price of {self.name} is not known; give it with "
                "facility.evolve(tariff=le.Tariff(name=..., price='0.08 USD/kWh'))"
            )
            raise MissingInputError(message)
        return self.tariff.price

    @property
    def carbon_intensity(self) -> Quantity:
        """Location-based carbon intensity of its grid (gCO2e/kWh).

        Raises
        ------
        MissingInputError
            If it has no grid, or the grid's intensity is unknown.
        """
        if self.grid is None or self.grid.carbon_intensity is None:
            message = (
                f"the carbon intensity of {self.name} is not known; give it with "
                "facility.evolve(grid=le.Grid(name=..., carbon_intensity='384 gCO2e/kWh'))"
            )
            raise MissingInputError(message)
        return self.grid.carbon_intensity
