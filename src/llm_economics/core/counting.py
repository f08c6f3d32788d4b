"""Whole numbers of things: which quantities can be rounded up to the next one.

NumPy rounds the number in front of whatever unit there is, so that 3.2 kW/W becomes 4 kW/W, which
is 4000. Here a plain number is reduced first, counts are rounded in single pieces, and anything
else is refused: there is no whole number of megawatts that does not depend on the unit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_economics.core.errors import DimensionError
from llm_economics.core.uncertain.linear import is_ufloat

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

__all__ = ["COUNTED", "whole_number", "whole_quantity"]

COUNTED = frozenset({"accelerator", "server", "pod", "token", "request", "user", "layer"})
"""What comes in whole pieces."""


def whole_number(ufunc: Callable[[Any], Any], value: Any) -> Any:
    """Round a number, array, ufloat or range, up or down.

    Parameters
    ----------
    ufunc : numpy.ceil or numpy.floor
        The way to round.
    value : number, array, ufloat or Uncertain
        What is rounded.

    Returns
    -------
    same kind
        A whole number.
    """
    if is_ufloat(value):
        # The slope of the ramp beneath the staircase, as in the graph.
        return value + (float(ufunc(value.nominal_value)) - value.nominal_value)
    return ufunc(value)


def whole_quantity(ufunc: Callable[[Any], Any], value: Quantity) -> Quantity:
    """Round a count or a plain number.

    Parameters
    ----------
    ufunc : numpy.ceil or numpy.floor
        The way to round.
    value : Quantity
        What is rounded.

    Returns
    -------
    Quantity
        A whole number of single pieces.

    Raises
    ------
    DimensionError
        If the value is a physical quantity such as 3.2 kW.
    """
    counted = value.to_root_units()
    names = set(counted.unit_items())
    if not (names <= {(name, 1) for name in COUNTED} and len(names) <= 1):
        message = (
            f"{getattr(ufunc, '__name__', 'ceil')}() needs a count or a plain number, such as "
            f"'3.2 server'; got {value}: there is no whole number of that unit. "
            "Divide by a size first."
        )
        raise DimensionError(message)
    return type(value)(whole_number(ufunc, counted.magnitude), counted.units)
