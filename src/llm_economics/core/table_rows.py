"""Rows of a table, as texts and numbers that have been looked at; and the ranges two ends tell.

Cells come from data frames and files made by hand: words are misspelt, numbers are texts, nothing
is None here and NaN there. All of it is sorted out in this module, so that the one that makes
ranges of rows sees clean cells only.

Rejected: reading what can be made sense of and dropping the rest (a misspelt "key" would silently
make another input).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError, nearest_names
from llm_economics.core.uncertain.distributions import (
    Distribution,
    LogNormal,
    LogUniform,
    Normal,
    Uniform,
)
from llm_economics.core.uncertain.graph_data import shown

__all__ = [
    "COLUMNS",
    "DATA",
    "PLAIN_NUMBER",
    "TWO_ENDS",
    "check_names",
    "rows_of",
    "told",
]

COLUMNS = ("name", "value", "low", "high", "level", "unit", "kind", "key", "source")
"""The columns, in order; `DATA` may follow."""

DATA = "data"
"""The column of JSON texts."""

PLAIN_NUMBER = "dimensionless"
"""The unit of a plain number: an empty cell would be lost in a CSV file."""

_NEEDED = ("name", "unit", "kind")
_TEXTS = frozenset({"name", "unit", "kind", "key", "source", DATA})
_DIGITS = 14  # ends worked out from a 90 % range are rounded to so many
_NOTHING = 1e-13  # and are zero if they are a smaller part of its width


def check_names(names: list[str], function: str) -> None:
    """Refuse two rows of one name, since values are found by it."""
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        message = f"{function}: two rows are named {repeated[0]!r}; give each its own name"
        raise RangeError(message)


def rows_of(columns: Any) -> list[tuple[str, dict[str, Any]]]:
    """Cells of each row, with the words that name the row in a message.

    Parameters
    ----------
    columns : mapping of str to list, or table
        The columns.

    Returns
    -------
    list of (str, dict)
        The words, and the cells that are not empty, by column.

    Raises
    ------
    NotationError
        If a column or a cell is missing, not known, or of the wrong kind.
    RangeError
        If a number is not finite.
    """
    table = _table(columns)
    unknown = [column for column in table if column not in (*COLUMNS, DATA)]
    if unknown:
        near = nearest_names(str(unknown[0]), (*COLUMNS, DATA), count=1)
        hint = f"; is it {near[0]!r}?" if near else "; leave it out"
        raise NotationError(f"from_columns: there is no column {unknown[0]!r}{hint}")
    missing = [column for column in _NEEDED if column not in table]
    if missing:
        raise NotationError(f"from_columns: the column {missing[0]!r} is missing")
    lengths = {column: len(cells) for column, cells in table.items()}
    if len(set(lengths.values())) > 1:
        raise NotationError(f"from_columns: needs columns of one length; got {lengths}")
    rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
    return [_checked_row(i, row) for i, row in enumerate(rows)]


def _table(columns: Any) -> dict[str, list[Any]]:
    if hasattr(columns, "to_pydict"):  # a table of pyarrow
        columns = columns.to_pydict()
    elif hasattr(columns, "columns"):  # a data frame
        columns = {column: list(columns[column]) for column in columns.columns}
    if not isinstance(columns, Mapping):
        message = f"from_columns: needs columns by name, or a data frame; got {shown(columns)}"
        raise NotationError(message)
    return {column: list(cells) for column, cells in columns.items()}


def _checked_row(number: int, row: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    place = f"from_columns: row {number} ({shown(row['name'])})"
    cells = {
        column: _cell(value, column, f"{place}: {column}")
        for column, value in row.items()
        if not _is_empty(value)
    }
    for column in ("name", "unit", "kind"):
        if column not in cells:
            hint = f"; write {PLAIN_NUMBER!r} for a plain number" if column == "unit" else ""
            raise NotationError(f"{place}: {column}: is empty{hint}")
    return place, cells


def _is_empty(value: Any) -> bool:
    if value is None or (isinstance(value, str) and not value):
        return True
    # Packages have several words for "nothing here"; NaN is the one that is a number.
    return type(value).__name__ == "NAType" or (isinstance(value, Real) and value != value)  # noqa: PLR0124


def _cell(value: Any, column: str, place: str) -> Any:
    if column in _TEXTS:
        if not isinstance(value, str):
            raise NotationError(f"{place}: needs a text; got {shown(value)}")
        return str(value)
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise NotationError(f"{place}: needs a number; got {shown(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RangeError(f"{place}: needs a finite number; leave out what is unknown")
    return number


def told(place: str, make: Callable[[], Any]) -> Any:
    """Result of a call; an error says in which row it arose."""
    try:
        return make()
    except OverflowError:
        raise RangeError(f"{place}: the ends or the level are out of reach of floats") from None
    except LLMEconomicsError as error:
        kind = RangeError if isinstance(error, RangeError) else NotationError
        raise kind(f"{place}: {str(error).removeprefix('from_dict: ')}") from None


def _uniform(low: float, high: float, level: float) -> Uniform:
    """Hard limits whose middle part, of probability `level`, is given."""
    rest = (high - low) * (1.0 - level) / (2.0 * level)
    return Uniform(*(_rounded(x, high - low) for x in (low - rest, high + rest)))


def _log_uniform(low: float, high: float, level: float) -> LogUniform:
    """As `_uniform`, by ratios."""
    if not 0.0 < low < high:
        return LogUniform(low, high)  # which words the refusal
    rest = (high / low) ** ((1.0 - level) / (2.0 * level))
    return LogUniform(_rounded(low / rest, low), _rounded(high * rest, high))


def _rounded(end: float, width: float) -> float:
    # So that 100 comes back as 100; and 0 as 0, which has no digits to round to.
    return 0.0 if abs(end) < _NOTHING * abs(width) else float(f"{end:.{_DIGITS}g}")


TWO_ENDS: dict[str, Callable[[float, float, float], Distribution]] = {
    LogNormal.kind: LogNormal,
    Normal.kind: Normal,
    Uniform.kind: _uniform,
    LogUniform.kind: _log_uniform,
}
"""Kinds that two ends and the probability between them determine, and how."""
