"""Make an axis: the values that an input runs through in a sweep.

An axis is a quantity like any other, so it can be given to ``result.sweep(price=...)`` for an
input that has a range, or stand in a formula or a noun in place of an exact value.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pint

from llm_economics.core.errors import NotationError, RangeError
from llm_economics.core.reading import quantity
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.reading import QuantityLike

__all__ = ["axis"]


def axis(  # noqa: PLR0913 - three that say what, a unit, and keyword-only labels
    start_or_values: QuantityLike | Sequence[QuantityLike] | np.ndarray[Any, Any],
    stop: QuantityLike | None = None,
    count: float | None = None,
    unit: str = "",
    *,
    spacing: str = "linear",
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make an axis from two ends and a number of values, or from the values themselves.

    Parameters
    ----------
    start_or_values : number, text, quantity, or a sequence of them
        First value, in `unit`; or all values, in any order.
    stop : number, text or quantity, optional
        Last value, in `unit`; it is included.
    count : int, optional
        How many values, from 2; needed with `stop`.
    unit : str
        Unit of plain numbers; texts and quantities are converted to it.
    spacing : {"linear", "log"}
        Equal steps, or equal ratios (both ends above 0).
    name, source : str, optional
        What the axis is called, and where its values come from. Needed as the name of a
        dimension if the axis stands in a formula; ``sweep(price=...)`` names it otherwise.

    Returns
    -------
    Quantity
        A swept quantity. It can be calculated with like a range, and has bounds; it has no
        quantiles and no median, as nobody said how likely each value is.

    Raises
    ------
    RangeError
        If an end is not finite, the ends are equal, or the number of values is not clear.
    DimensionError
        If values have other dimensions than the unit.

    Examples
    --------
    >>> import llm_economics as le
    >>> cost = le.quantity("5 MWh") * le.between(0.04, 0.12, "USD/kWh", name="price")
    >>> cost.to("USD").sweep(price=le.axis(0.03, 0.20, 3, "USD/kWh")).central().values
    <Quantity [150 575 1,000] USD>

    In place of an exact value:

    >>> load = le.axis("10 kW", "30 kW", 3, name="load")
    >>> print((load * le.quantity("1 day")).to("kWh").sweep().central().values)
    [240 480 720] kWh
    """
    if stop is None and count is None:
        values, units = _listed(start_or_values, unit)
        if spacing != "linear":
            message = f"axis: values given one by one have their own spacing; got {spacing!r}"
            raise RangeError(message + "; leave it out")
        swept = Swept.through(values)
    else:
        swept, units = _between(start_or_values, stop, count, unit, spacing)
    variable = Variable.create(swept, name=name, unit=_text(units), source=source)
    return ureg.Quantity(uncertain(variable), units)


def _between(start: Any, stop: Any, count: Any, unit: str, spacing: str) -> tuple[Swept, Any]:
    """Axis between two ends."""
    if stop is None or count is None or _is_list(start):
        message = (
            "axis needs both ends and the number of values, as in le.axis(0.03, 0.20, 200, "
            "'USD/kWh'), or a list of values, as in le.axis([0.05, 0.1], unit='USD/kWh')"
        )
        raise RangeError(message)
    # As in `between`: "3 to 5 MW" is stated in the unit of its upper end.
    units = _units_of(stop if _has_unit(stop) else start, unit)
    first, last = (_number(value, units) for value in (start, stop))
    return Swept(first, last, count, spacing), units


def _listed(values: Any, unit: str) -> tuple[list[float], Any]:
    """Values given one by one, and their unit."""
    if not _is_list(values):
        message = f"axis: one value is no axis; got {values!r}. Write le.axis([...]) with several, "
        raise RangeError(message + "or le.axis(start, stop, count, unit)")
    each = list(values)
    first = next(iter(each), 0.0)
    units = _units_of(first, unit)
    return [_number(value, units) for value in each], units


def _is_list(value: Any) -> bool:
    """Whether several values came, rather than one."""
    if isinstance(value, pint.Quantity):
        return bool(np.ndim(value.magnitude))
    return isinstance(value, Iterable) and not isinstance(value, str)


def _has_unit(value: Any) -> bool:
    return isinstance(value, (str, pint.Quantity))


def _units_of(value: Any, unit: str) -> Any:
    """Unit that was given, or else that of a value."""
    if unit or not _has_unit(value):
        return _parsed(unit)
    return quantity(value).units


def _number(value: Any, units: Any) -> float:
    """Exact number in a unit."""
    if type(value) is float and math.isfinite(value):
        return value
    if not _has_unit(value):
        return float(quantity(value).magnitude)
    read = quantity(value)
    if read.is_range:
        message = f"axis: an end or a value is one number; got the range {read}"
        raise NotationError(message)
    return float(read.to(units).magnitude)


# Units are few, and reading and writing them takes longer than all else here.
@lru_cache(maxsize=256)
def _parsed(unit: str) -> Any:
    return quantity(1.0, unit).units


@lru_cache(maxsize=256)
def _text(units: Any) -> str:
    """Unit as it is written in formulas; what `Variable.unit` holds for other inputs."""
    return "" if units == ureg.Unit("") else f"{units:~C}"
