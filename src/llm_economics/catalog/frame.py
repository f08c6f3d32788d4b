"""A shelf as a pandas frame: one row for each entry.

A figure takes three columns, its median and the quoted ends, all in one unit that stands in the
heading: "power [W]", "power low [W]", "power high [W]". So columns are plain numbers that can be
sorted and plotted, and no unit is lost. Rejected: texts (no arithmetic), a column for the unit
(no arithmetic either if it changes by row), and objects of our own in cells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from llm_economics.catalog.finding import fields_of
from llm_economics.core.nouns import Noun
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of"]


def frame_of(entries: Mapping[str, Any]) -> pd.DataFrame:
    """Write entries as a frame.

    Parameters
    ----------
    entries : mapping
        Entries of one kind, by name.

    Returns
    -------
    pandas.DataFrame
        One row for each, found by its name. What is not known is NaN in a column of figures and
        None in a column of words.

    Raises
    ------
    MissingInputError
        If pandas is not installed.
    """
    pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
    rows = [fields_of(entry) for entry in entries.values()]
    names = dict.fromkeys(name for row in rows for name in row)
    columns: dict[str, list[Any]] = {}
    for name in names:
        columns |= _columns(name, [row.get(name) for row in rows])
    frame: pd.DataFrame = pandas.DataFrame(columns, index=list(entries))
    return frame


def _columns(name: str, values: list[Any]) -> dict[str, list[Any]]:
    """Columns of one field; none if it has nothing but parts, which have columns of their own."""
    figures: list[Quantity] = [v for v in values if isinstance(v, Quantity)]
    if any(isinstance(value, Mapping) for value in values):
        return {}
    if not figures or any(not figures[0].is_compatible_with(value) for value in figures):
        return {name: [_cell(value) for value in values]}
    unit = Counter(value.unit_text for value in figures).most_common(1)[0][0]
    label = f" [{unit}]" if unit else ""
    triples = [_numbers(value, unit) for value in values]
    heads = (name, f"{name} low", f"{name} high")
    return {
        f"{head}{label}": list(numbers)
        for head, numbers in zip(heads, zip(*triples, strict=True), strict=True)
    }


def _numbers(value: Quantity | None, unit: str) -> tuple[float, float, float]:
    """Median and quoted ends."""
    if value is None:
        return float("nan"), float("nan"), float("nan")
    low, high = value.bounds()
    middle, least, most = (end.number(unit) for end in (value.median(), low, high))
    return middle, least, most


def _cell(value: Any) -> Any:
    """What a cell holds that is no figure: a word, a number, or None."""
    if isinstance(value, Noun):
        return str(getattr(value, "name", None) or value)
    if isinstance(value, tuple):
        return "; ".join(str(item) for item in value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return str(getattr(value, "key", value)) or None
