"""The card of a noun in a notebook: its words, then each figure with where it comes from.

Plain HTML tables without style sheets or scripts, since notebooks, their exports and their viewers
all show these. Rejected: one cell for the whole provenance, in which nobody finds the date.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llm_economics.core.display import html_escape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_economics.core.sources import Alternative, Provenance, Source

__all__ = ["Line", "card"]

_HEAD = ("figure", "value", "kind", "source", "date", "confidence", "note")


class Line(NamedTuple):
    """One line of a card."""

    name: str
    """What it is: "power"."""

    text: str
    """What it says, with range and unit."""

    is_figure: bool = False
    """Whether it is a figure, which has an origin or should have one."""

    origin: Provenance | None = None
    """Where the figure comes from."""


def card(title: str, lines: Iterable[Line]) -> str:
    """Write a card.

    Parameters
    ----------
    title : str
        What stands above it.
    lines : iterable of Line
        What stands in it.

    Returns
    -------
    str
        A table in HTML; every text in it is escaped.

    Examples
    --------
    >>> card("Box", [Line("name", "small")])
    '<table><caption>Box</caption><tr><td>name</td><td colspan="6">small</td></tr></table>'
    """
    known = list(lines)
    words = "".join(_words(line) for line in known if not line.is_figure)
    figures = "".join(row for line in known if line.is_figure for row in _figure(line))
    head = "".join(f"<th>{name}</th>" for name in _HEAD)
    head = f"<tr>{head}</tr>" if figures else ""
    return f"<table><caption>{html_escape(title)}</caption>{words}{head}{figures}</table>"


def _words(line: Line) -> str:
    width = len(_HEAD) - 1
    name, text = html_escape(line.name), html_escape(line.text)
    return f'<tr><td>{name}</td><td colspan="{width}">{text}</td></tr>'


def _figure(line: Line) -> Iterator[str]:
    """Write the row of a figure, and one for each thing that other sources say."""
    value = html_escape(line.text)
    if line.origin is None:
        yield _row(html_escape(line.name), value, "", "not stated", "", "", "")
        return
    yield _row(html_escape(line.name), value, *_stated(line.origin))
    for other in line.origin.alternatives:
        yield _row("also said", f"<i>{html_escape(other.text)}</i>", *_stated(other))


def _stated(stated: Alternative | Provenance) -> tuple[str, ...]:
    sources = ", ".join(_link(source) for source in stated.sources)
    note = html_escape(stated.note)
    return str(stated.kind), sources, stated.date, str(stated.confidence), note


def _link(source: Source) -> str:
    """Write the key of a source, linked to it, with the citation where the pointer rests."""
    cited = _quoted(source.cite())
    if not source.link:
        return f'<span title="{cited}">{source.key}</span>'
    return f'<a href="{_quoted(source.link)}" title="{cited}">{source.key}</a>'


def _quoted(text: str) -> str:
    return html_escape(text).replace('"', "&quot;")


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
