"""Units of foreign registries: found here by name, or reduced to root units in their own registry.

A name is taken over if it means the same here, or if it means something that only we distinguish
(pint's stock file has bytes, bits and percent as plain numbers). A unit of another size under the
same name, or one unknown here (horsepower), goes by way of its root units.
"""

from __future__ import annotations

from typing import Any

import pint
from pint.util import UnitsContainer

from llm_economics.core.errors import DimensionError

__all__ = ["translated"]

_SAME = 1e-9  # relative difference below which two sizes differ by rounding only


def translated(value: Any, registry: Any) -> tuple[Any, UnitsContainer]:
    """Magnitude and units of a foreign quantity, in units of our registry.

    Parameters
    ----------
    value : pint quantity
        A quantity of any registry.
    registry : pint registry
        Ours.

    Returns
    -------
    magnitude : object
        The number in front of the units.
    units : UnitsContainer
        Names that `registry` knows.

    Raises
    ------
    DimensionError
        If neither the unit nor its root units exist here.
    """
    for candidate in (value, value.to_root_units()):
        units = _by_name(candidate, registry, trusted=candidate is not value)
        if units is not None:
            return candidate.magnitude, units
    message = f"the unit of {value} is unknown here; convert it first, for example to joules"
    raise DimensionError(message)


def _by_name(value: Any, registry: Any, *, trusted: bool) -> UnitsContainer | None:
    theirs = value._REGISTRY  # noqa: SLF001 - pint has no other way
    found = UnitsContainer()
    for name, power in value.unit_items():
        here = _name_here(theirs, name, registry, trusted=trusted)
        if here is None:
            return None
        found *= UnitsContainer({here: power} if here else {})
    return found


def _name_here(theirs: Any, name: str, registry: Any, *, trusted: bool) -> str | None:
    """Our name for one of their units; empty for a plain number, None if it is another thing."""
    foreign = theirs.Quantity(1.0, name)
    try:
        here = str(registry.get_name(name))
    except pint.UndefinedUnitError:
        # What is dimensionless there and unknown here (count, radian) is a plain number.
        return "" if trusted and foreign.dimensionless else None
    ours = registry.Quantity(1.0, here)
    if dict(foreign.dimensionality) == dict(ours.dimensionality):
        return here if trusted or _same_size(foreign, ours) else None
    # What is a plain number there, or of a dimension that does not exist here, goes by name.
    known = set(registry._dimensions)  # noqa: SLF001 - pint has no other way
    unknown_here = set(foreign.dimensionality) - known
    return here if unknown_here or not foreign.dimensionality else None


def _same_size(foreign: Any, ours: Any) -> bool:
    """Tell whether one of each amounts to the same, in the root units of their registry."""
    theirs = foreign.to_root_units()
    try:
        here = ours.to(f"{theirs.units:D}").magnitude
    except (DimensionError, pint.UndefinedUnitError):
        return False
    return abs(float(here) / float(theirs.magnitude) - 1.0) < _SAME
