"""Rows of a table of published measurements, each cell read when it is asked for.

A cell may be empty, wrong or of another kind than its column says: that costs what needs the cell,
not the row, and never the file. Rejected: pandas, which guesses the kind of a column from what
stands in it, so that one wrong cell turns the others into texts.
"""

from __future__ import annotations

import csv
import math
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

__all__ = ["Case", "NotATableError", "SkipError", "read_table"]

MOST = 1e30
"""More than any figure of these tables; beyond it, arithmetic overflows."""

LARGEST = 1e9
"""Largest whole number of a shape that `le.Architecture` takes."""

DOUBTFUL = re.compile(r"[\[(][^\[\]()]*doubtful[^\[\]()]*[\])]\W*$", re.IGNORECASE)


class SkipError(Exception):
    """A row cannot be predicted, or should not; the text says why, without figures of the row."""


class NotATableError(Exception):
    """A file is no table of the kind that was named; the text is one line."""


@dataclass(frozen=True)
class Case:
    """One row: its cells by column, as texts."""

    cells: Mapping[str, str]
    memo: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was built from the row so far."""

    @property
    def id(self) -> str:
        """Name of the row."""
        return self.text("case_id") or self.text("id")

    def text(self, column: str) -> str:
        """Text of a cell without blanks around; empty if there is none."""
        return self.cells.get(column, "").strip()

    def number(self, column: str) -> float | None:
        """Positive number of a cell; None if the cell is empty.

        Raises SkipError if it holds something else: a figure that is wrong is not a missing one.
        """
        text = self.text(column)
        if not text or text.casefold() in {"nan", "na", "n/a", "none", "null", "-"}:
            return None
        try:
            value = float(text.replace(",", ""))
        except ValueError:
            raise SkipError(f"{column} is no number") from None
        if not 0.0 < value < MOST:
            raise SkipError(f"{column} is no positive number")
        return value

    def need(self, column: str) -> float:
        """Positive number of a cell; SkipError if there is none."""
        value = self.number(column)
        if value is None:
            raise SkipError(f"no {column}")
        return value

    def whole(self, column: str) -> int | None:
        """Positive whole number of a cell; None if the cell is empty."""
        value = self.number(column)
        if value is None:
            return None
        if not 1 <= value <= LARGEST or not math.isclose(value, round(value), abs_tol=1e-6):
            raise SkipError(f"{column} is no whole number")
        return round(value)

    def without(self, columns: Collection[str]) -> Case:
        """The row as one sees it who does not know some columns."""
        kept = {name: text for name, text in self.cells.items() if name not in columns}
        return replace(self, cells=kept, memo={})

    def check_quality(self) -> None:
        """Raise SkipError for a row that is for looking, not for scoring."""
        if self.text("quality").upper().startswith("C"):
            raise SkipError("quality C")
        if DOUBTFUL.search(self.text("source")):
            raise SkipError("source marked as doubtful")


def read_table(path: Path, columns: Collection[str]) -> list[Case]:
    """Rows of a file with these columns, others beside them or not."""
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return _read(csv.reader(file), path.name, columns)
    except OSError as error:
        raise NotATableError(f"{path.name}: cannot be read: {error.strerror}") from None
    except csv.Error as error:
        raise NotATableError(f"{path.name}: no table of comma-separated values: {error}") from None


def _read(lines: Any, name: str, columns: Collection[str]) -> list[Case]:
    head = [cell.strip() for cell in next(lines, [])]
    if not any(head):
        raise NotATableError(f"{name}: the file is empty")
    missing = [column for column in columns if column not in head]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise NotATableError(f"{name}: {len(missing)} of {len(columns)} columns missing: {shown}")
    rows = [
        Case(dict(zip(head, line, strict=False))) for line in lines if any(map(str.strip, line))
    ]
    if not rows:
        raise NotATableError(f"{name}: there are no rows below the names of the columns")
    return rows
