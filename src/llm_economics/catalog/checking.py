"""`check_catalog` and `stale`: whether the catalogue is in order, and how old its figures are.

Facts that the user loaded, or that the environment variable names, are checked with the others.
"""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.catalog.dates import days_of, months_before
from llm_economics.catalog.dates import today as day_of_today
from llm_economics.catalog.facts import Facts, Finding, gather
from llm_economics.catalog.rules import RULES
from llm_economics.catalog.walking import sources_of
from llm_economics.core.errors import NotationError, RangeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

__all__ = ["MAXIMUM_SIZE", "Aged", "CatalogReport", "check_catalog", "stale"]

MAXIMUM_SIZE = 1_500_000
"""Bytes that all files of the packaged catalogue may have together."""

_MEGABYTE = 1e6


@attrs.frozen(kw_only=True)
class CatalogReport:
    """What a check of the catalogue found; prints itself."""

    today: date
    """Day of the check."""

    entries: dict[str, int]
    """Entries by shelf."""

    figures: int
    """Figures, without what other sources say."""

    alternatives: int
    """Values that other sources give."""

    size: int
    """Bytes of the packaged files."""

    findings: tuple[Finding, ...]
    """Everything that was found."""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What has to be mended."""
        return tuple(finding for finding in self.findings if not finding.explained)

    @property
    def explained(self) -> tuple[Finding, ...]:
        """What looks wrong and is right, with the reason."""
        return tuple(finding for finding in self.findings if finding.explained)

    @property
    def is_good(self) -> bool:
        """Whether there is no problem."""
        return not self.problems

    def __str__(self) -> str:
        """Write the counts, then the problems, then what is explained."""
        shelves = ", ".join(f"{count} {shelf}" for shelf, count in self.entries.items())
        size = f"{self.size / _MEGABYTE:.2f} MB"
        lines = [
            f"Catalogue on {self.today}: {shelves}.",
            f"{self.figures:,} figures, {self.alternatives:,} values of other sources, {size}.",
            f"{len(self.problems)} problems, {len(self.explained)} explained.",
        ]
        return "\n".join([*lines, *(f"  - {one}" for one in (*self.problems, *self.explained))])

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Returns
        -------
        dict
            Only texts, numbers, lists and dictionaries.
        """
        return {
            "today": self.today.isoformat(),
            "entries": dict(self.entries),
            "figures": self.figures,
            "alternatives": self.alternatives,
            "size": self.size,
            "problems": [_plain(finding) for finding in self.problems],
            "explained": [_plain(finding) for finding in self.explained],
        }


@attrs.frozen(kw_only=True)
class Aged:
    """A figure that was stated long ago."""

    shelf: str
    """Shelf of the entry."""

    entry: str
    """Key of the entry."""

    field: str
    """Field, or field and part; empty if the entry as a whole is dated."""

    date: str
    """When it was published or observed."""

    kind: str
    """How it was stated: data sheets age less than prices."""

    sources: tuple[str, ...]
    """Keys of its sources."""

    def __str__(self) -> str:
        """Return date, path, kind and sources in one line."""
        field = f".{self.field}" if self.field else ""
        keys = ", ".join(self.sources)
        return f"{self.date:10}  {self.shelf}/{self.entry}{field}  ({self.kind}, {keys})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON.

        Returns
        -------
        dict
            Texts, and a list of texts.
        """
        return attrs.asdict(self) | {"sources": list(self.sources)}


def check_catalog(*, today: date | str | None = None) -> CatalogReport:
    """Check every fact: that it can be built and has a source, a date, a value that makes sense.

    Parameters
    ----------
    today : date or str, optional
        The day after which no date may lie, such as "2026-11-24"; by default that of the clock.

    Returns
    -------
    CatalogReport
        Counts, problems, and what looks wrong but is explained.

    Raises
    ------
    NotationError
        If `today` is no day.

    Notes
    -----
    The rules are those of `llm_economics.catalog.rules`; every entry is built, and the packaged
    files may have 1.5 MB together.
    """
    now = _day(today)
    facts = gather()
    findings = [*facts.findings, *(f for rule in RULES.values() for f in rule(facts, now))]
    size = _size(files("llm_economics.catalog").joinpath("data"))
    if size > MAXIMUM_SIZE:
        text = f"has {size:,} bytes, and at most {MAXIMUM_SIZE:,} are wanted"
        findings.append(Finding(rule="size", where="data", text=text))
    others = [stated.is_alternative for stated in facts.statements()]
    return CatalogReport(
        today=now,
        entries={shelf: len(tables) for shelf, tables in facts.tables.items()},
        figures=len(others) - sum(others),
        alternatives=sum(others),
        size=size,
        findings=tuple(dict.fromkeys(findings)),
    )


def stale(months: int, *, today: date | str | None = None) -> list[Aged]:
    """List what was stated more than so many months ago, oldest first.

    Parameters
    ----------
    months : int
        How many months, from 0.
    today : date or str, optional
        The day from which they are counted, such as "2026-11-24"; by default that of the clock.

    Returns
    -------
    list of Aged
        Figures by date, then by shelf and entry. A date without a day counts as its last day.
        What stands under `alternatives` is left out: it is there because it is not used.

    Raises
    ------
    RangeError
        If `months` is no whole number from 0.
    NotationError
        If `today` is no day.
    """
    given: object = months
    if isinstance(given, bool) or not isinstance(given, int) or given < 0:
        message = f"stale: months needs a whole number from 0, such as 12; got {months!r}"
        raise RangeError(message)
    limit = months_before(_day(today), months)
    aged = sorted(_aged(gather(), limit), key=lambda pair: pair[0])
    return [found for _, found in aged]


def _aged(facts: Facts, limit: date) -> Iterator[tuple[tuple[date, str, str], Aged]]:
    """Figures that are older than a day, and by what they are put in order."""
    for stated in facts.statements():
        days = days_of(stated.table.get("date"))
        if stated.is_alternative or days is None or days[1] >= limit:
            continue
        found = Aged(
            shelf=stated.shelf,
            entry=stated.entry,
            field=stated.field,
            date=str(stated.table["date"]),
            kind=str(stated.table.get("kind", "")),
            sources=sources_of(stated.table),
        )
        yield (days[1], stated.shelf, stated.path), found


def _day(text: date | str | None) -> date:
    if isinstance(text, date):
        return text
    days = (day_of_today(),) * 2 if text is None else days_of(text)
    if days is None or days[0] != days[1]:
        message = f"today needs a day, such as '2026-11-24'; got {text!r}"
        raise NotationError(message)
    return days[0]


def _size(folder: Traversable) -> int:
    """Bytes of all files in a folder and in those inside it."""
    parts: Iterable[Traversable] = folder.iterdir()
    return sum(_size(part) if part.is_dir() else len(part.read_bytes()) for part in parts)


def _plain(finding: Finding) -> dict[str, str]:
    return {key: text for key, text in attrs.asdict(finding).items() if text}
