"""A quantity as plain data and as JSON: exact values, quoted ranges, computed ranges.

Identity travels along: an input is written with its key, and reading finds the input that has this
key, so that `x - x` is zero also when the two come from different files. Everything that is read is
taken for hostile: its size, its depth, its words and its numbers are checked before anything is
made of it.

Rejected: samples (large, and no longer the same input), and a text such as "7–15 MW" (it has no
identity, and no shape but the convention's).
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
from pint.util import string_preprocessor

from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError, nearest_names
from llm_economics.core.uncertain.graph import Uncertain, split_scale, uncertain
from llm_economics.core.uncertain.graph_data import (
    graph_from_data,
    graph_to_data,
    input_record,
    input_to_data,
    numbers,
    refused,
    shown,
)
from llm_economics.core.uncertain.linear import from_ufloat, is_ufloat

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.variable import Variable

__all__ = [
    "MAXIMUM_CHARACTERS",
    "PlainData",
    "data_of",
    "json_of",
    "quantity_of",
    "quantity_of_json",
    "quoted_input",
    "read_unit",
    "unit_name",
]

MAXIMUM_CHARACTERS = 100_000_000
"""Longer texts are neither written nor read."""

_MAXIMUM_UNIT = 200  # characters of a unit
_SAME = 1e-12  # relative difference below which two sizes of a unit differ by rounding only
# A number to a power: pint would work out 9**9**9**9 before it looks at it.
_TOWER = re.compile(r"(?<![\w.])[\d.][\w.]*[\s)]*\*\*")

_LAYOUTS = {
    "value": ("value", "unit"),
    "expression": ("expression", "inputs", "unit"),
}


class PlainData:
    """The part of `Quantity` that goes to files and comes back."""

    if TYPE_CHECKING:
        _REGISTRY: ClassVar[Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain data that JSON can hold, with the identity of every input.

        Returns
        -------
        dict
            An exact value as ``value`` and ``unit``; a quoted range as its ends, its ``kind``,
            its ``key`` (the identity) and its labels, in the unit in which it was quoted, with
            ``shown_in`` where that is another one; a computed range as the steps of its
            ``expression`` and its ``inputs``.

        Raises
        ------
        NotationError
            If the magnitude is neither numbers nor a range.
        RangeError
            If a number is not finite, or there are more than a million steps.

        Notes
        -----
        A ufloat is written as the range that `quantity` makes of it.

        Examples
        --------
        >>> import llm_economics as le
        >>> le.quantity("5 MWh").to_dict()
        {'value': 5.0, 'unit': 'MWh'}
        """
        return data_of(cast("Quantity", self), self._REGISTRY)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Quantity:
        """Bring back what `to_dict` wrote: the same inputs, and the same digits.

        Parameters
        ----------
        data : mapping
            As from `to_dict`. A range without a ``key`` is an independent input.

        Returns
        -------
        Quantity
            Exact or a range.

        Raises
        ------
        NotationError
            If something in it cannot be read; the message names its place.
        RangeError
            If a number is refused, or a key already stands for another range.

        Examples
        --------
        >>> import llm_economics as le
        >>> data = {"kind": "uniform", "low": 7, "high": 15, "unit": "MW"}
        >>> print(le.Quantity.from_dict(data).bounds())
        7 .. 15 MW (guaranteed while every input stays in its quoted range)
        """
        return quantity_of(data, cls._REGISTRY)

    def to_json(self) -> str:
        """`to_dict` as JSON text: one line of ASCII, at most 100 million characters.

        Returns
        -------
        str
            For a file, a database or a message.

        Raises
        ------
        NotationError, RangeError
            As `to_dict`; also if the text would be too long.
        """
        return json_of(cast("Quantity", self), self._REGISTRY)

    @classmethod
    def from_json(cls, text: str) -> Quantity:
        """Bring back what `to_json` wrote, in this process or another.

        Parameters
        ----------
        text : str
            JSON, at most 100 million characters; it is read as data, and nothing in it runs.

        Returns
        -------
        Quantity
            Exact or a range.

        Raises
        ------
        NotationError
            If it is not JSON, or not a quantity.
        RangeError
            If it is too long, a number is refused, or a key already stands for another range.

        Examples
        --------
        >>> import llm_economics as le
        >>> power = le.between(7, 15, "MW")
        >>> again = le.Quantity.from_json(power.to_json())
        >>> print((power - again).bounds().high)
        0 MW
        """
        return quantity_of_json(text, cls._REGISTRY)


def data_of(quantity: Quantity, registry: Any) -> dict[str, Any]:
    """Write a quantity as plain data; `quantity_of` brings the same one back.

    Parameters
    ----------
    quantity : Quantity
        The quantity.
    registry : pint registry
        Its registry.

    Returns
    -------
    dict
        Texts, numbers, lists and dictionaries.

    Raises
    ------
    NotationError
        If its magnitude is neither numbers nor a range.
    RangeError
        If a number is not finite, or the expression is too long.
    """
    magnitude, unit = quantity.magnitude, unit_name(quantity, registry)
    if is_ufloat(magnitude):
        magnitude = from_ufloat(magnitude)
    if not isinstance(magnitude, Uncertain):
        return {"value": _plain(magnitude), "unit": unit}
    ranged = registry.Quantity(magnitude, quantity.units)
    return _quoted(ranged, registry) or {**graph_to_data(magnitude), "unit": unit}


def _plain(magnitude: Any) -> Any:
    found = np.asarray(magnitude)
    if found.dtype.kind not in "iuf" or not found.size:
        message = f"to_dict: needs numbers or a range; got {shown(magnitude)}"
        raise NotationError(message)
    if not np.all(np.isfinite(found)):
        message = f"to_dict: needs finite numbers; got {shown(magnitude)}"
        raise RangeError(message)
    return found.astype(np.float64).tolist()


def _quoted(ranged: Quantity, registry: Any) -> dict[str, Any] | None:
    """Data of an input in its own or another unit; None if it is anything else."""
    variable = quoted_input(ranged, registry)
    if variable is None:
        return None
    unit = read_unit(variable.unit, registry)
    own = registry.Quantity(uncertain(variable), unit).to(ranged.units)
    if own.magnitude != ranged.magnitude:
        return None  # by way of several units the digits differ, so the steps are written
    shown_in = {} if ranged.units == unit else {"shown_in": unit_name(ranged, registry)}
    return input_to_data(variable) | shown_in


def quoted_input(quantity: Quantity, registry: Any) -> Variable | None:
    """Return the input that a range is, whatever unit it is shown in.

    Parameters
    ----------
    quantity : Quantity
        The range.
    registry : pint registry
        Its registry.

    Returns
    -------
    Variable or None
        None if it is an exact value, or computed from inputs.
    """
    if not isinstance(quantity.magnitude, Uncertain):
        return None
    node, factor = split_scale(quantity.magnitude)
    if node.operation != "variable":
        return None
    variable = cast("Variable", node.payload)
    try:
        size = registry.Quantity(1.0, read_unit(variable.unit, registry)).to(quantity.units)
    except LLMEconomicsError:  # a label that is no unit, or one of another dimension
        return None
    return variable if math.isclose(factor, size.magnitude, rel_tol=_SAME) else None


# -- reading -----------------------------------------------------------------------------------


def quantity_of(data: object, registry: Any) -> Quantity:
    """Bring back what `data_of` wrote.

    Parameters
    ----------
    data : mapping
        Plain data: an exact value, a quoted range, or an expression.
    registry : pint registry
        The registry of the result.

    Returns
    -------
    Quantity
        The same quantity, of the same inputs.

    Raises
    ------
    NotationError
        If something in it cannot be read; the message names its place.
    RangeError
        If a number is refused, or a key already stands for another range.
    """
    if not isinstance(data, Mapping):
        raise refused("the data", "an object such as {'value': 5, 'unit': 'MWh'}", data)
    if "kind" in data:
        return _read_quoted(data, registry)
    layout = next((fields for mark, fields in _LAYOUTS.items() if mark in data), None)
    if layout is None:
        needed = "'value' (exact), 'kind' (a range) or 'expression' (computed)"
        raise refused("the data", needed, list(data))
    _check_fields(data, layout)
    unit = read_unit(data["unit"], registry)
    if layout[0] == "value":
        magnitude: Any = numbers(data["value"], "value")
    else:
        magnitude = graph_from_data(data["expression"], data["inputs"])
    return cast("Quantity", registry.Quantity(magnitude, unit))


def _check_fields(data: Mapping[Any, Any], fields: tuple[str, ...]) -> None:
    unknown = [key for key in data if key not in fields]
    if unknown:
        near = nearest_names(str(unknown[0]), fields, count=1)
        needed = f"only {', '.join(fields)} beside {fields[0]!r}"
        needed += f" (is it {near[0]!r}?)" if near else ""
        raise refused("the data", needed, unknown[0])
    for field in fields:
        if field not in data:
            raise refused("the data", f"{field!r} beside {fields[0]!r}", list(data))


def _read_quoted(data: Mapping[Any, Any], registry: Any) -> Quantity:
    if "unit" not in data:
        raise refused("the data", "'unit' (for a plain number write \"\")", list(data))
    unit = read_unit(data["unit"], registry)
    given = {key: item for key, item in data.items() if key != "shown_in"}
    record = input_record(given, "the range", keyed=False)
    target = read_unit(data["shown_in"], registry, "shown_in") if "shown_in" in data else unit
    if target.dimensionality != unit.dimensionality:
        raise refused("shown_in", f"a unit of the dimension of {data['unit']!r}", data["shown_in"])
    own = registry.Quantity(uncertain(record.variable()), unit)
    return cast("Quantity", own if target == unit else own.to(target))


def read_unit(text: object, registry: Any, place: str = "unit") -> Any:
    """Read a unit from a file, without letting the text do any work.

    Parameters
    ----------
    text : str
        The unit; an empty text is a plain number.
    registry : pint registry
        Where it is looked up.
    place : str
        Where it stands, for the message.

    Returns
    -------
    Unit
        The unit.

    Raises
    ------
    NotationError
        If it cannot be read, is too long, or asks for a power of a power.
    """
    if not isinstance(text, str) or len(text) > _MAXIMUM_UNIT:
        raise refused(place, f"a text of at most {_MAXIMUM_UNIT} characters", text)
    needed = "a unit, as in 'USD/accelerator/hour'"
    if _TOWER.search(string_preprocessor(text)):
        raise refused(place, f"{needed}, without powers of numbers", text)
    try:
        unit = registry.Unit(text)
    except Exception as error:  # pint lets errors of the tokenizer through
        raise refused(place, needed, text) from error
    if not all(math.isfinite(power) for _, power in registry.Quantity(1.0, unit).unit_items()):
        raise refused(place, f"{needed}, with finite powers", text)
    return unit


def unit_name(quantity: Quantity, registry: Any) -> str:
    """Text of a unit that reads back as exactly this unit: short symbols if they do.

    Parameters
    ----------
    quantity : Quantity
        The quantity.
    registry : pint registry
        Its registry.

    Returns
    -------
    str
        Such as "USD/Mtoken".
    """
    short = quantity.unit_text
    if _reads_as(short, quantity.units, registry):
        return short
    powers: dict[str, Any] = dict(quantity.unit_items())
    return " * ".join(f"{name} ** {float(power)!r}" for name, power in powers.items())


def _reads_as(text: str, unit: Any, registry: Any) -> bool:
    try:
        return bool(read_unit(text, registry) == unit)
    except NotationError:  # symbols show six digits of a power
        return False


# -- JSON --------------------------------------------------------------------------------------


def json_of(quantity: Quantity, registry: Any) -> str:
    """Write a quantity as JSON, in ASCII.

    Parameters
    ----------
    quantity : Quantity
        The quantity.
    registry : pint registry
        Its registry.

    Returns
    -------
    str
        One line.

    Raises
    ------
    NotationError, RangeError
        As `data_of`; also if the text would be too long to be read.
    """
    text = json.dumps(data_of(quantity, registry), allow_nan=False)
    _check_length(text, "to_json")
    return text


def quantity_of_json(text: object, registry: Any) -> Quantity:
    """Bring back what `json_of` wrote.

    Parameters
    ----------
    text : str
        JSON.
    registry : pint registry
        The registry of the result.

    Returns
    -------
    Quantity
        The same quantity.

    Raises
    ------
    NotationError
        If it is not JSON, or not a quantity.
    RangeError
        If it is too long, a number is refused, or a key already stands for another range.
    """
    if not isinstance(text, str):
        message = f"from_json: needs a text; got {shown(text)}; for a dictionary use from_dict"
        raise NotationError(message)
    _check_length(text, "from_json")
    try:
        data = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except LLMEconomicsError:
        raise
    except RecursionError:
        raise NotationError("from_json: the text is nested too deeply") from None
    except ValueError as error:  # also whole numbers of thousands of digits
        raise NotationError(f"from_json: the text is not JSON: {error}") from None
    return quantity_of(data, registry)


def _check_length(text: str, name: str) -> None:
    if len(text) > MAXIMUM_CHARACTERS:
        message = f"{name}: a text of {len(text):,} characters; at most {MAXIMUM_CHARACTERS:,}"
        raise RangeError(message)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise NotationError(f"from_json: the key {twice!r} comes twice in one object")
    return found


def _no_number(text: str) -> None:
    message = f"from_json: needs finite numbers; got {text}; leave out what is unknown"
    raise RangeError(message)
