"""`maximum`, `minimum`, `ceil`, `where`, ... for floats, arrays, ufloats, quantities and ranges.

One formula text runs on every kind of number if it calls these. Python's own `max` and `if` would
freeze one branch of a range, and NumPy's refuse ufloats.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from uncertainties import umath

from llm_economics.core.counting import whole_number, whole_quantity
from llm_economics.core.dimension_errors import dimension_error
from llm_economics.core.registry import Quantity, domestic, operands, ureg
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.linear import is_ufloat

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ceil",
    "exp",
    "floor",
    "less",
    "log",
    "maximum",
    "minimum",
    "sqrt",
    "where",
]


def maximum(first: Any, second: Any) -> Any:
    """Larger of two numbers of one dimension.

    Parameters
    ----------
    first, second : number, array, ufloat, quantity or range
        What is compared.

    Returns
    -------
    same kind
        The larger one; for ranges, value by value.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.functions.maximum(le.between(3, 8, "MW"), le.quantity("5 MW")).bounds())
    5 .. 8 MW (guaranteed while every input stays in its quoted range)
    """
    return _choose("maximum", np.maximum, first, second)


def minimum(first: Any, second: Any) -> Any:
    """Smaller of two numbers of one dimension; as `maximum`."""
    return _choose("minimum", np.minimum, first, second)


def less(first: Any, second: Any) -> Any:
    """Whether the first is below the second; for ranges a 0-or-1 number to use with `where`.

    Parameters
    ----------
    first, second : number, array, ufloat, quantity or range
        What is compared; of one dimension.

    Returns
    -------
    bool, array or quantity
        Of quantities a plain quantity of 0 and 1; for ranges, a range.
    """
    first, second = _same_unit("less", first, second)
    if not isinstance(first, Quantity):
        return _nominal(first) < _nominal(second)
    left, right = first.magnitude, second.magnitude
    if isinstance(left, Uncertain) or isinstance(right, Uncertain):
        return ureg.Quantity(np.less(left, right))
    # A quantity here too, so that the same questions can be asked of it; it has a truth value.
    return ureg.Quantity(np.where(np.less(_nominal(left), _nominal(right)), 1.0, 0.0))


def where(condition: Any, first: Any, second: Any) -> Any:
    """Take `first` where the condition holds, otherwise `second`.

    Parameters
    ----------
    condition : bool, array, or quantity
        Usually a result of `less`.
    first, second : number, array, ufloat, quantity or range
        What is chosen from; of one dimension.

    Returns
    -------
    same kind
        The choice; for ranges, value by value.

    Examples
    --------
    >>> import llm_economics as le
    >>> load, limit = le.between(3, 8, "MW"), le.quantity("5 MW")
    >>> print(le.functions.where(le.functions.less(load, limit), load, limit).bounds())
    3 .. 5 MW (guaranteed while every input stays in its quoted range)
    """
    condition, first, second = operands(condition, first, second)
    first, second = _same_unit("where", first, second)
    chosen = condition.magnitude if isinstance(condition, Quantity) else condition
    if isinstance(first, Quantity):
        return ureg.Quantity(_where(chosen, first.magnitude, second.magnitude), first.units)
    found = _where(chosen, first, second)
    return ureg.Quantity(found) if isinstance(condition, Quantity) else found


def ceil(value: Any) -> Any:
    """Smallest whole number that is not below the value: whole servers, whole accelerators.

    Parameters
    ----------
    value : number, array, ufloat, quantity or range
        A plain number or a count; other units have no whole numbers of their own.

    Returns
    -------
    same kind
        The next whole number.

    Raises
    ------
    DimensionError
        If the value is a physical quantity such as 3.2 kW.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.functions.ceil(le.quantity("3.2 server")))
    4 server
    """
    return _whole(np.ceil, value)


def floor(value: Any) -> Any:
    """Largest whole number that is not above the value; as `ceil`."""
    return _whole(np.floor, value)


def sqrt(value: Any) -> Any:
    """Square root, of a number of any unit."""
    return _smooth(np.sqrt, umath.sqrt, value)


def exp(value: Any) -> Any:
    """Exponential of a plain number."""
    return _smooth(np.exp, umath.exp, value)


def log(value: Any) -> Any:
    """Natural logarithm of a plain number."""
    return _smooth(np.log, umath.log, value)


def _nominal(value: Any) -> Any:
    return value.nominal_value if is_ufloat(value) else value


def _same_unit(name: str, first: Any, second: Any) -> tuple[Any, Any]:
    """Both as they are, or both as quantities of the first one's unit."""
    first, second = operands(first, second)
    if not isinstance(first, Quantity) and not isinstance(second, Quantity):
        return first, second
    left = first if isinstance(first, Quantity) else ureg.Quantity(first)
    right = second if isinstance(second, Quantity) else ureg.Quantity(second)
    if left.dimensionality != right.dimensionality:
        raise dimension_error(f"{name}({left}, {right})", left, right)
    return left, right.to(left.units)


def _choose(name: str, ufunc: Any, first: Any, second: Any) -> Any:
    first, second = _same_unit(name, first, second)
    if isinstance(first, Quantity):
        return ureg.Quantity(_choice(ufunc, first.magnitude, second.magnitude), first.units)
    return _choice(ufunc, first, second)


def _choice(ufunc: Any, first: Any, second: Any) -> Any:
    if not is_ufloat(first) and not is_ufloat(second):
        return ufunc(first, second)
    first_wins = _nominal(first) >= _nominal(second)
    return first if first_wins == (ufunc is np.maximum) else second


def _where(condition: Any, first: Any, second: Any) -> Any:
    if is_ufloat(first) or is_ufloat(second):
        return first if condition else second
    result = np.where(condition, first, second)
    return float(result) if isinstance(result, np.ndarray) and result.ndim == 0 else result


def _whole(ufunc: Any, value: Any) -> Any:
    value = domestic(value)
    if isinstance(value, Quantity):
        return whole_quantity(ufunc, value)
    return whole_number(ufunc, value)


def _smooth(ufunc: Any, of_ufloat: Callable[[Any], Any], value: Any) -> Any:
    value = domestic(value)
    if isinstance(value, Quantity) and ufunc is np.sqrt:
        return value**0.5
    if isinstance(value, Quantity):
        return ureg.Quantity(_smooth(ufunc, of_ufloat, value.to("").magnitude))
    if is_ufloat(value):
        return of_ufloat(value)
    return float(ufunc(value)) if isinstance(value, (int, float)) else ufunc(value)
