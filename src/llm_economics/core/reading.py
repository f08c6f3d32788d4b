"""Make quantities: from text, numbers, tuples, ufloats, foreign quantities; exact or ranges.

`quantity` takes whatever a person would type. `between` and its kin make ranges with a stated
shape. Which shape a plain "7-15 MW" gets is the convention of `uncertain.conventions`.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
import pint
from pint.facets.plain import PlainQuantity

from llm_economics.core.errors import NotationError, RangeError, nearest_names
from llm_economics.core.notation import Notation, parse
from llm_economics.core.registry import Quantity, domestic, ureg
from llm_economics.core.uncertain import conventions
from llm_economics.core.uncertain.distributions import (
    Discrete,
    Distribution,
    Empirical,
    Mixture,
    Uniform,
)
from llm_economics.core.uncertain.graph import Uncertain, split_scale, uncertain
from llm_economics.core.uncertain.linear import UFloat, from_ufloat, is_ufloat
from llm_economics.core.uncertain.normal import two_sided_z
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "QuantityLike",
    "about",
    "alternatives",
    "between",
    "empirical",
    "mixture",
    "most_likely",
    "plus_minus",
    "quantity",
    "quoted",
    "uniform",
]

QuantityLike: TypeAlias = (
    Quantity
    | PlainQuantity[Any]
    | str
    | float
    | tuple[float, float]
    | tuple[float, float, str]
    | UFloat
)
"""What stands for a quantity at every door: a quantity or measurement of any registry, a text such
as "7-15 MW", a number, a (low, high) or (low, high, unit) tuple, or a ufloat."""

_RANGE, _RANGE_WITH_UNIT = 2, 3

Limits = tuple[float | None, float | None]


def quantity(
    value: QuantityLike | Uncertain | np.ndarray[Any, Any],
    unit: str | None = None,
    *,
    name: str | None = None,
    source: str = "",
    limits: Limits = (None, None),
) -> Quantity:
    """Make a quantity from whatever a person would type.

    Parameters
    ----------
    value : text, number, tuple, ufloat, array or quantity
        "700 W", "7–15 MW", "300 to 600 million USD", "700 W ± 5 %", "~0.3 Wh", 5.0,
        (7, 15), (7, 15, "MW"), or a quantity or a measurement of any pint registry.
    unit : str, optional
        The unit of a plain number or tuple. With a text or a quantity: convert to it.
    name, source : str, optional
        What the range is called, and where it comes from; shown by `contributions`.
    limits : pair of float or None
        Physical limits, in the unit given; a fresh range is cut off there.

    Returns
    -------
    Quantity
        Exact or a range.

    Raises
    ------
    NotationError
        If a text cannot be read.
    RangeError
        If the value is not finite, or a range is reversed or outside `limits`.
    DimensionError
        If `unit` does not fit.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.quantity("7–15 MW"))
    10.2 [7 – 15] MW (median, 90 %)
    >>> print(le.quantity("$300-600 million").to("MUSD").bounds().high)
    600 MUSD
    """
    if isinstance(value, str):
        made = _from_text(value, name=name, source=source, limits=limits)
    elif isinstance(value, tuple):
        made = _from_tuple(value, unit, name=name, source=source, limits=limits)
    else:
        made = _from_object(value, unit, name)
    return made if unit is None or made.units == ureg.Unit(unit) else made.to(unit)


def between(  # noqa: PLR0913 - three that say what, the rest keyword-only labels
    low: float | QuantityLike,
    high: float | QuantityLike,
    unit: str = "",
    *,
    shape: str | None = None,
    level: float | None = None,
    key: str | None = None,
    name: str | None = None,
    source: str = "",
    limits: Limits = (None, None),
) -> Quantity:
    """Make a range that holds 90 % of the probability between two ends.

    Parameters
    ----------
    low, high : float
        The ends, in `unit`.
    unit : str
        Their unit.
    shape : {"log-normal", "normal", "uniform", "log-uniform"}, optional
        By default log-normal if both ends are positive and a factor 1.5 or more apart,
        otherwise normal. "uniform" and "log-uniform" are hard limits.
    level : float, optional
        Probability between the ends if not 0.90.
    key : str, optional
        Identity: all ranges with this key are one input. By default each call makes an
        independent input.
    name, source : str, optional
        What it is called, and where it comes from.
    limits : pair of float or None
        Physical limits at which the distribution is cut off.

    Returns
    -------
    Quantity
        A range.

    Raises
    ------
    RangeError
        If an end is not finite, the ends are equal or reversed, or outside `limits`.

    Examples
    --------
    >>> import llm_economics as le
    >>> power, duration = le.between(7, 15, "MW"), le.between(30, 90, "day")
    >>> print((power * duration).to("GWh").bounds().low)
    5.04 GWh
    >>> print((power - power).quantiles(0.05, 0.95).to("MW").magnitude)
    [0. 0.]
    """
    if isinstance(low, (str, pint.Quantity)) or isinstance(high, (str, pint.Quantity)):
        first, last = quantity(cast("Any", low)), quantity(cast("Any", high))
        unit = unit or str(last.units)
        low, high = (cast("Any", q.to(unit).magnitude) for q in (first, last))
    distribution = conventions.quoted_range(
        _number(low, "low"), _number(high, "high"), level=level, shape=shape
    )
    distribution = conventions.limited(distribution, *limits)
    return _range(distribution, unit, key=key, name=name, source=source)


def uniform(low: float, high: float, unit: str = "", **labels: Any) -> Quantity:
    """Make a range with hard limits, every value in between equally probable.

    Parameters
    ----------
    low, high : float
        The limits, in `unit`.
    unit : str
        Their unit.
    **labels
        `key`, `name`, `source`, `limits` as for `between`.

    Returns
    -------
    Quantity
        A range.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.uniform(100, 1000, "MWh").bounds())
    100 .. 1,000 MWh (guaranteed while every input stays in its quoted range)
    """
    return between(low, high, unit, shape="uniform", **labels)


def plus_minus(
    value: float, std: float, unit: str = "", *, name: str | None = None, source: str = ""
) -> Quantity:
    """Make a normal range from a mean and one standard deviation.

    Parameters
    ----------
    value, std : float
        Mean and standard deviation, in `unit`.
    unit : str
        Their unit.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range.
    """
    distribution = conventions.plus_minus(_number(value, "value"), _number(std, "std"))
    return _range(distribution, unit, name=name, source=source)


def about(
    value: float,
    unit: str = "",
    *,
    factor: float = 1.3,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make the range of a figure with one good digit: 90 % within a factor either way.

    Parameters
    ----------
    value : float
        The figure, positive, in `unit`.
    unit : str
        Its unit.
    factor : float
        90 % of the probability lies between ``value / factor`` and ``value * factor``.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.about(0.3, "Wh"))
    0.3 [0.231 – 0.39] Wh (median, 90 %)
    """
    distribution = conventions.about(_number(value, "value"), factor)
    return _range(distribution, unit, name=name, source=source)


def most_likely(  # noqa: PLR0913 - a range with a middle, and keyword-only labels
    low: float,
    mode: float,
    high: float,
    unit: str = "",
    *,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make a range from hard limits and a most likely value (a PERT distribution).

    Parameters
    ----------
    low, mode, high : float
        Limits and most likely value, in `unit`.
    unit : str
        Their unit.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range.
    """
    ends = (_number(low, "low"), _number(mode, "mode"), _number(high, "high"))
    return _range(conventions.most_likely(*ends), unit, name=name, source=source)


def mixture(
    *sources: QuantityLike,
    weights: Sequence[float] | None = None,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make a range from disagreeing sources: each draw takes one of them.

    Parameters
    ----------
    *sources : quantity or text
        What each source says: a range or an exact value.
    weights : sequence of float, optional
        How far each is trusted; equal by default.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range whose quoted ends are the outermost of the sources.

    Raises
    ------
    RangeError
        If a source is a computed range rather than a quoted one.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.mixture("0.24 Wh", "0.3-0.5 Wh").bounds())
    0.24 .. 0.5 Wh (guaranteed while every input stays in its quoted range)
    """
    quantities = [quantity(s) for s in sources]
    unit = str(quantities[0].units)
    parts = [_distribution_of(q.to(unit)) for q in quantities]
    shares = list(weights) if weights is not None else [1.0] * len(parts)
    return _range(Mixture(tuple(parts), tuple(shares)), unit, name=name, source=source)


def alternatives(
    values: Sequence[float],
    unit: str = "",
    *,
    weights: Sequence[float] | None = None,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make a choice between exact values (which chip, which region), each with a probability.

    Parameters
    ----------
    values : sequence of float
        The values, in `unit`.
    unit : str
        Their unit.
    weights : sequence of float, optional
        Their probabilities; equal by default.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range that takes only these values.
    """
    shares = tuple(weights) if weights is not None else (1.0,) * len(values)
    return _range(Discrete(tuple(values), shares), unit, name=name, source=source)


def empirical(
    values: Sequence[float] | np.ndarray[Any, Any],
    unit: str = "",
    *,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Make a range from measurements: it is spread as they are.

    Parameters
    ----------
    values : sequence of float
        The measurements, in `unit`.
    unit : str
        Their unit.
    name, source : str, optional
        As for `between`.

    Returns
    -------
    Quantity
        A range.
    """
    measured = tuple(float(v) for v in values)
    return _range(Empirical(measured), unit, name=name, source=source)


def quoted(  # noqa: PLR0913 - all but the text are keyword-only
    text: str,
    *,
    shape: str | None = None,
    level: float | None = None,
    key: str | None = None,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    """Read a figure from a file, with the shape, level and identity that the file states.

    Parameters
    ----------
    text : str
        The figure: "700 W", "7–15 MW".
    shape : str, optional
        Shape of a range if not by convention, as for `between`.
    level : float, optional
        Probability between the ends if not 0.90.
    key, name, source : str, optional
        Identity, label and origin of the range.

    Returns
    -------
    Quantity
        Exact or a range.

    Raises
    ------
    NotationError
        If the text cannot be read.
    """
    read = parse(text)
    if read.form == "exact":
        return _exact(read.low, _unit(read.unit))
    if read.form == "range" and (shape is not None or level is not None):
        low, high = _ends(read)
        stated = read.level if level is None else level
        distribution = conventions.quoted_range(low, high, level=stated, shape=shape)
    else:
        distribution = _spread(read)
    return _range(distribution, read.unit, key=key, name=name, source=source)


def _range(
    distribution: Distribution,
    unit: str,
    *,
    key: str | None = None,
    name: str | None = None,
    source: str = "",
) -> Quantity:
    parsed = _unit(unit)
    variable = Variable.create(distribution, key=key, name=name, unit=unit, source=source)
    return ureg.Quantity(uncertain(variable), parsed)


def _unit(text: str) -> Any:
    try:
        return ureg.Unit(text)
    except pint.UndefinedUnitError as error:
        names: Any = error.unit_names  # one name or several
        unknown = names if isinstance(names, str) else next(iter(names))
        message = f"the unit {text!r} cannot be read: there is no {unknown!r}.{_unit_hint(unknown)}"
        raise NotationError(message) from None
    except Exception as error:  # pint lets errors of the tokenizer through
        message = f"the unit {text!r} cannot be read; write it as in 'USD/accelerator/hour'"
        raise NotationError(message) from error


_COMMON_UNITS = ("kW", "MW", "GW", "kWh", "MWh", "GWh", "TWh", "kg", "GB", "TB", "Mtoken", "MUSD")


def _unit_hint(name: str) -> str:
    """What was probably meant by a unit that does not exist."""
    if name.casefold().endswith("flops"):
        return " Write FLOP for a count and FLOP/s for a rate, as in 'TFLOP/s'."
    if name.casefold().endswith("bps"):
        return " Write bit/s or B/s, as in 'Gbit/s'."
    known = map(str, ureg._units)  # noqa: SLF001 - pint has no public list of names
    near = nearest_names(name, (*known, *_COMMON_UNITS))
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _from_text(text: str, *, name: str | None, source: str, limits: Limits) -> Quantity:
    read = parse(text)
    if read.form == "exact":
        exact = _exact(read.low, _unit(read.unit))
        _check_limits(read.low, limits, text)
        return exact
    distribution = conventions.limited(_spread(read), *limits)
    return _range(distribution, read.unit, name=name or None, source=source)


def _spread(read: Notation) -> Distribution:
    if read.form == "about":
        return conventions.about(cast("float", read.value))
    if read.form == "plus_minus":
        # A stated probability says how many standard deviations the spread is; else it is one.
        deviations = 1.0 if read.level is None else two_sided_z(read.level)
        std = cast("float", read.spread) / deviations
        return conventions.plus_minus(cast("float", read.value), std)
    return conventions.quoted_range(*_ends(read), level=read.level)


def _ends(read: Notation) -> tuple[float, float]:
    """Both ends in the unit of the upper one: "900 million to 3 billion USD"."""
    if read.low_unit is None:
        return read.low, read.high
    low = ureg.Quantity(read.low, _unit(read.low_unit)).to(_unit(read.unit))
    return float(low.magnitude), read.high


def _from_tuple(
    value: tuple[Any, ...], unit: str | None, *, name: str | None, source: str, limits: Limits
) -> Quantity:
    if len(value) == _RANGE_WITH_UNIT:
        low, high, inner = value
        return between(low, high, inner, name=name, source=source, limits=limits)
    if len(value) == _RANGE:
        low, high = value
        return between(low, high, unit or "", name=name, source=source, limits=limits)
    message = f"a tuple needs (low, high) or (low, high, unit), such as (7, 15, 'MW'); got {value}"
    raise NotationError(message)


def _from_object(value: Any, unit: str | None, name: str | None) -> Quantity:
    del name  # a range that exists has its name
    if isinstance(value, PlainQuantity):
        known: Quantity = domestic(value)
        magnitude = _as_magnitude(known.magnitude)
        return known if magnitude is known.magnitude else ureg.Quantity(magnitude, known.units)
    return ureg.Quantity(_as_magnitude(value), _unit(unit or ""))


def _as_magnitude(value: Any) -> Any:
    return from_ufloat(value) if is_ufloat(value) else _checked(value)


def _exact(value: Any, unit: Any) -> Quantity:
    return ureg.Quantity(_checked(value), unit)


def _checked(value: Any) -> Any:
    """Exact magnitudes are finite floats: whole numbers would overflow silently in arrays."""
    if type(value) is float and isfinite(value):
        return value
    if isinstance(value, Uncertain):
        return value
    if isinstance(value, (bool, np.bool_)) or value is None:
        message = f"a quantity needs a number or a text such as '5 MWh'; got {value!r}"
        raise NotationError(message)
    try:
        number = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        message = f"a quantity needs a number or a text such as '5 MWh'; got {value!r}"
        raise NotationError(message) from None
    if not np.all(np.isfinite(number)):
        message = f"a quantity needs finite numbers; got {value!r}. Leave out what is unknown."
        raise RangeError(message)
    return float(number) if number.ndim == 0 else number


def _number(value: Any, field: str) -> float:
    checked = _checked(value)
    if not isinstance(checked, float):
        message = f"{field} needs one number; got {value!r}"
        raise RangeError(message)
    return checked


def _check_limits(value: float, limits: Limits, text: str) -> None:
    low, high = limits
    if low is not None and value < low:
        message = f"needs at least {low:g}; got {text!r}"
        raise RangeError(message)
    if high is not None and value > high:
        message = f"needs at most {high:g}; got {text!r}"
        raise RangeError(message)


def _distribution_of(value: Quantity) -> Distribution:
    """Distribution of a quoted range in its own unit; a conversion only rescales it."""
    if not isinstance(value.magnitude, Uncertain):
        # An exact statement among ranges is a very narrow one.
        exact = _number(value.magnitude, "a source")
        width = 1e-9 * max(abs(exact), 1e-300)
        return Uniform(exact - width, exact + width)
    node, factor = split_scale(value.magnitude)
    if node.operation != "variable" or not factor > 0:
        message = "mixture() needs quoted ranges, not computed ones; give their ends"
        raise RangeError(message)
    distribution: Distribution = node.payload.distribution
    return distribution.scaled(factor) if factor != 1.0 else distribution
