"""Ranges in tables of other packages: plain columns, data frames, and back.

A column is a plain list of texts or numbers, so that pandas, pyarrow, polars or a CSV file take it
as it is. One row is one value: its median, its ends at a stated level, its unit, its kind, and the
key that keeps its identity. What a few columns cannot say (a mixture, a formula) goes into one more
column as JSON.

Rejected: samples in columns (many rows per value, and no identity), and a data frame as the only
form (its package is optional, and every package has its own).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import attrs
import numpy as np
from pint.facets.plain import PlainQuantity

from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError
from llm_economics.core.evaluation import DEFAULT_LEVEL
from llm_economics.core.optional import optional_module
from llm_economics.core.quantity_data import quoted_input, read_unit, unit_name
from llm_economics.core.reading import QuantityLike, quantity
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.table_rows import (
    COLUMNS,
    DATA,
    PLAIN_NUMBER,
    TWO_ENDS,
    check_names,
    rows_of,
    told,
)
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.core.uncertain.graph_data import InputRecord, input_of_key, shown

if TYPE_CHECKING:
    from llm_economics.core.uncertain.distributions import Distribution
    from llm_economics.core.uncertain.variable import Variable

__all__ = ["COLUMNS", "from_columns", "to_columns", "to_frame"]

Values: TypeAlias = Mapping[str, QuantityLike] | Iterable[QuantityLike]
"""What is put into rows: values by name, or one after another."""

_EXACT, _COMPUTED = "exact", "computed"
_SAME = 1e-9  # relative difference below which two figures of a table agree
_ROUGH = 0.05  # of the width: as far as figures from sampling may differ between versions


# -- writing -----------------------------------------------------------------------------------


def to_columns(
    values: Values,
    names: Iterable[str] | None = None,
    *,
    level: float = DEFAULT_LEVEL,
    exact_copy: bool = False,
) -> dict[str, list[Any]]:
    """Put values into columns, one row each.

    Parameters
    ----------
    values : mapping of str to quantity, or iterable of quantity
        Exact values and ranges, each one number.
    names : iterable of str, optional
        Names of the rows where `values` has none. By default a quoted range has its own name,
        and anything else its place: "value 2".
    level : float
        Probability between ``low`` and ``high``.
    exact_copy : bool
        Whether to add the column ``data``: the JSON text of each value, from which
        `from_columns` brings back every kind, to the last digit.

    Returns
    -------
    dict of str to list
        ``name``; ``value`` (the median), ``low``, ``high`` and ``level``; ``unit``; ``kind``
        ("exact", "log-normal", ..., "computed"); ``key`` (identity of a quoted range);
        ``source``. Texts and floats; None for what is unknown.

    Raises
    ------
    RangeError
        If a value is an array, the level is not a probability, or two rows have one name.
    NotationError
        If `values` is a single value, or there are more or fewer names than values.

    Notes
    -----
    A range that is rank-correlated with others counts as computed: a row cannot say with which.

    Examples
    --------
    >>> import llm_economics as le
    >>> columns = to_columns({"power": le.between(7, 15, "MW", key="site"), "pue": 1.2})
    >>> columns["low"], columns["high"], columns["unit"]
    ([7.0, 1.2], [15.0, 1.2], ['MW', 'dimensionless'])
    >>> columns["kind"], columns["key"]
    (['log-normal', 'exact'], ['site', None])
    """
    if not 0.0 < level < 1.0:
        message = f"to_columns: level must be between 0 and 1, such as 0.9; got {level}"
        raise RangeError(message)
    rows = [_row(name, value, level) for name, value in _named(values, names)]
    for number, row in enumerate(rows, 1):
        row["name"] = row["name"] or f"value {number}"
    check_names([row["name"] for row in rows], "to_columns")
    columns = {column: [row[column] for row in rows] for column in COLUMNS}
    return columns | ({DATA: [row[DATA].to_json() for row in rows]} if exact_copy else {})


def to_frame(
    values: Values,
    names: Iterable[str] | None = None,
    *,
    level: float = DEFAULT_LEVEL,
    exact_copy: bool = False,
) -> Any:
    """Put values into a pandas data frame, one row each.

    Parameters
    ----------
    values, names, level, exact_copy
        As for `to_columns`.

    Returns
    -------
    pandas.DataFrame
        The columns of `to_columns`.

    Raises
    ------
    MissingInputError
        If pandas is not installed.
    """
    pandas = optional_module("pandas", extra="frame", needed_by="to_frame")
    return pandas.DataFrame(to_columns(values, names, level=level, exact_copy=exact_copy))


def _named(values: Values, names: Iterable[str] | None) -> list[tuple[str | None, Any]]:
    given: object = values
    if isinstance(given, (str, PlainQuantity)) or not isinstance(given, Iterable):
        message = f"to_columns: needs several values, such as {{'power': x}}; got {shown(values)}"
        raise NotationError(message)
    if isinstance(values, Mapping):
        names, found = values.keys(), list(values.values())
    else:
        found = list(values)
    if names is None:
        return [(None, value) for value in found]
    labels: list[Any] = list(names)
    if len(labels) != len(found) or not all(isinstance(x, str) and x for x in labels):
        message = (
            f"to_columns: needs a name, a text that is not empty, for each of {len(found)} "
            f"values; got {shown(labels)}"
        )
        raise NotationError(message)
    return list(zip(labels, found, strict=True))


def _row(name: str | None, value: Any, level: float) -> dict[str, Any]:
    known = quantity(value)
    if shape := getattr(known.magnitude, "shape", ()):
        message = (
            f"to_columns: {name or 'a value'}: needs one number; got an array of shape {shape}; "
            "give its elements, or use to_json()"
        )
        raise RangeError(message)
    variable = _row_input(known)
    middle, low, high = _figures(known, variable, level)
    unit = _unit_text(known, variable)
    return {
        "name": name or (variable and variable.name),
        "value": middle,
        "low": low,
        "high": high,
        "level": level,
        "unit": unit or PLAIN_NUMBER,
        "kind": _kind(known, variable),
        "key": variable and variable.token,
        "source": (variable and variable.source) or None,
        DATA: known,
    }


def _row_input(known: Quantity) -> Variable | None:
    """Input that a row can stand for: quoted, and correlated with no other."""
    variable = quoted_input(known, ureg)
    return None if variable is None or variable.joint is not None else variable


def _unit_text(known: Quantity, variable: Variable | None) -> str:
    """Unit as it was quoted, if it still is that one."""
    if variable is not None and read_unit(variable.unit, ureg) == known.units:
        return variable.unit
    return unit_name(known, ureg)


def _kind(known: Quantity, variable: Variable | None) -> str:
    if variable is not None:
        return variable.distribution.kind
    return _COMPUTED if known.is_range else _EXACT


def _figures(
    known: Quantity, variable: Variable | None, level: float
) -> tuple[float, float, float]:
    """Median and ends, in the unit of the value."""
    if variable is None or variable.distribution.kind not in TWO_ENDS:
        found = known.quantiles(0.5, 0.5 - level / 2, 0.5 + level / 2).magnitude
        middle, low, high = found.tolist()
        return middle, low, high
    spread = variable.distribution
    size = ureg.Quantity(1.0, read_unit(variable.unit, ureg)).to(known.units).magnitude
    shares = np.round([0.5 - level / 2, 0.5 + level / 2], 15)
    low, high = spread.quoted if level == spread.level else spread.quantile(shares).tolist()
    return spread.median() * size, low * size, high * size


# -- reading -----------------------------------------------------------------------------------


def from_columns(columns: Any) -> dict[str, Quantity]:
    """Bring back what `to_columns` wrote, or read a table made by hand.

    Parameters
    ----------
    columns : mapping of str to list, or table
        The columns of `to_columns`; also a data frame of pandas or polars, or a table of pyarrow.
        ``level`` (0.9 if left out), ``key``, ``source`` and ``data`` may be missing. Empty cells
        are None or NaN.

    Returns
    -------
    dict of str to Quantity
        One value per row. A row with ``data`` is read from it. Else a row with a ``key`` is the
        input that has this key, and one without is an independent range.

    Raises
    ------
    NotationError
        If a column or a cell is missing, not known, or cannot be read; a range is computed, or
        of a kind that two ends do not tell, and has no ``data``; or ``data`` says another thing
        than its row.
    RangeError
        If a number is refused, two rows have one name, or a key stands for another range.

    Examples
    --------
    >>> import llm_economics as le
    >>> power = le.between(7, 15, "MW")
    >>> again = from_columns(to_columns({"power": power}))["power"]
    >>> print((power - again).bounds().high)
    0 MW
    """
    rows = [_read(cells, place) for place, cells in rows_of(columns)]
    check_names([row.name for row in rows], "from_columns")
    plans = {row.name: _plan(row) for row in rows}
    made: dict[str, Quantity] = {}
    try:
        # New inputs last: where a row is refused, none has been made.
        for name, plan in sorted(plans.items(), key=lambda item: item[1].is_fresh):
            made[name] = plan.build()
    except LLMEconomicsError as error:
        made.clear()  # and no traceback, which would keep inputs alive that nobody has
        raise error.with_traceback(None) from None
    return {name: made[name] for name in plans}


@attrs.frozen
class _Row:
    """One row: what its cells say, before anything is made of it."""

    place: str
    """Words that name it in a message."""
    cells: dict[str, Any]
    level: float
    unit: Any

    @property
    def name(self) -> str:
        return cast("str", self.cells["name"])

    @property
    def kind(self) -> str:
        return cast("str", self.cells["kind"])

    def number(self, column: str) -> float:
        """Return a number that the kind of the row needs."""
        if column not in self.cells:
            message = f"{self.place}: {column}: is empty; {self.kind!r} needs a number here"
            raise NotationError(message)
        return cast("float", self.cells[column])

    def told(self, make: Callable[[], Any]) -> Any:
        """Result of a call; an error names the row."""
        return told(self.place, make)


@attrs.frozen
class _Plan:
    """How a row becomes a value, checked as far as possible before anything is made."""

    build: Callable[[], Quantity]
    is_fresh: bool = False
    """Whether it will be an input of its own."""


def _read(cells: dict[str, Any], place: str) -> _Row:
    level = cells.get("level", DEFAULT_LEVEL)
    if not 0.0 < level < 1.0:
        message = f"{place}: level: must be between 0 and 1, such as 0.9; got {level}"
        raise RangeError(message)
    return _Row(place, cells, level, told(place, lambda: read_unit(cells["unit"], ureg)))


def _plan(row: _Row) -> _Plan:
    if DATA in row.cells:
        return _Plan(lambda: _from_data(row))
    if row.kind == _EXACT:
        exact = ureg.Quantity(row.number("value"), row.unit)
        _check_figures(row, exact)
        return _Plan(lambda: exact)
    variable = _input_of(row)
    if variable is not None:
        known = _of_input(row, variable)
        return _Plan(lambda: known)
    record = InputRecord(_spread(row), _labels(row.cells))
    return _Plan(lambda: _new(row, record), is_fresh=record.is_fresh)


def _input_of(row: _Row) -> Variable | None:
    """Input of this process that has the key of a row."""
    return input_of_key(row.cells["key"]) if "key" in row.cells else None


def _spread(row: _Row) -> Distribution:
    """Distribution that the cells of a row tell."""
    if row.kind not in TWO_ENDS:
        kinds = ", ".join((_EXACT, *TWO_ENDS))
        message = (
            f"{row.place}: kind: a row alone can tell {kinds}; got {row.kind!r}. Write the table "
            "with to_columns(..., exact_copy=True), or each value with to_json()"
        )
        raise NotationError(message)
    low, high = row.number("low"), row.number("high")
    spread: Distribution = row.told(lambda: TWO_ENDS[row.kind](low, high, row.level))
    stated, median = row.cells.get("value"), spread.median()
    if stated is not None and abs(stated - median) > _ROUGH * (high - low):
        message = (
            f"{row.place}: value: is {stated:.6g}, but the median of {spread.describe()} is "
            f"{median:.6g}; leave the cell empty"
        )
        raise RangeError(message)
    return spread


def _labels(cells: dict[str, Any]) -> dict[str, Any]:
    words = {"key": "token", "name": "name", "source": "source"}
    labels = {attribute: cells[word] for word, attribute in words.items() if word in cells}
    return {**labels, "unit": "" if cells["unit"] == PLAIN_NUMBER else cells["unit"]}


def _new(row: _Row, record: InputRecord) -> Quantity:
    """Range of a row; an earlier row, in another unit, may have brought its key."""
    variable = _input_of(row)
    if variable is not None:
        return _of_input(row, variable)
    return ureg.Quantity(uncertain(record.variable()), row.unit)


def _of_input(row: _Row, variable: Variable) -> Quantity:
    """Range of the input that has the key, if the row says the same of it."""
    unit = row.told(lambda: read_unit(variable.unit, ureg))
    own = ureg.Quantity(uncertain(variable), unit)
    found: Quantity = own if unit == row.unit else row.told(lambda: own.to(row.unit))
    if row.kind != variable.distribution.kind:
        message = (
            f"{row.place}: the key {variable.token!r} already stands for "
            f"{variable.distribution.describe()} {variable.unit}; got {row.kind!r}"
        )
        raise RangeError(message)
    _check_figures(row, found)
    return found


def _from_data(row: _Row) -> Quantity:
    found: Quantity = row.told(lambda: Quantity.from_json(row.cells[DATA]))
    other = row.told(lambda: _row(row.name, found, row.level))
    if other["kind"] != row.kind or found.units != row.unit:
        message = (
            f"{row.place}: the row says {row.kind} in {row.cells['unit']}, its data "
            f"{other['kind']} in {other['unit']}; correct one, or empty the cell 'data'"
        )
        raise NotationError(message)
    _check_figures(row, found)
    return found


def _check_figures(row: _Row, found: Quantity) -> None:
    """Refuse a row whose figures are not those of the value that it stands for."""
    other = _row(row.name, found, row.level)
    rough = _SAME if other["kind"] in (_EXACT, *TWO_ENDS) else _ROUGH
    width = other["high"] - other["low"]
    for column in ("value", "low", "high"):
        # Cells may be empty: then there is nothing to compare.
        stated, right = row.cells.get(column, other[column]), other[column]
        if abs(stated - right) > rough * max(width, abs(right)):
            message = (
                f"{row.place}: {column}: is {stated:.12g}, but the value that the row stands for "
                f"has {right:.12g} {row.cells['unit']}; give the row another key, and no data, "
                "if it is another value"
            )
            raise RangeError(message)
