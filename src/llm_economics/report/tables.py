"""Tables as text and as Markdown."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["markdown_table", "text_table"]


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""Write a table in Markdown.

    Parameters
    ----------
    head : sequence of str
        Names of the columns.
    rows : sequence of sequences of str
        Cells.

    Returns
    -------
    str
        The table.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [["1", "x|y"]]))
    | a | b |
    | --- | --- |
    | 1 | x\|y |
    """
    lines = [_row(head), _row(["---"] * len(head))]
    lines += [
        _row([cell.replace("|", "\\|").replace("\n", "<br>") for cell in row]) for row in rows
    ]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def text_table(rows: Sequence[Sequence[str]], widths: Sequence[int], indent: int = 2) -> str:
    """Write rows in columns of given widths; long cells are wrapped.

    Parameters
    ----------
    rows : sequence of sequences of str
        Cells.
    widths : sequence of int
        Characters per column.
    indent : int
        Spaces before each line.

    Returns
    -------
    str
        The lines.

    Examples
    --------
    >>> print(text_table([["one", "a long cell"]], [5, 6]))
      one    a long
             cell
    """
    lines: list[str] = []
    for row in rows:
        cells = [
            textwrap.wrap(cell, width, break_long_words=False) or [""]
            for cell, width in zip(row, widths, strict=True)
        ]
        for number in range(max(map(len, cells))):
            parts = [
                (cell[number] if number < len(cell) else "").ljust(width)
                for cell, width in zip(cells, widths, strict=True)
            ]
            lines.append(" " * indent + "  ".join(parts).rstrip())
    return "\n".join(lines)
