"""All facts of the catalogue at once: tables as files hold them, and the nouns made of them.

This is for those who look after the catalogue. Whoever computes with it asks a shelf for an entry
and never pays for the rest. What cannot be read or built is a finding, and no obstacle to the
others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import attrs

from llm_economics.catalog.loading import LEFT_OUT
from llm_economics.catalog.shelves import STOCKS
from llm_economics.catalog.stock import LOCK, Table
from llm_economics.catalog.walking import statements
from llm_economics.core.errors import CatalogError
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity

__all__ = ["Facts", "Figure", "Finding", "Statement", "gather"]

_INNER = ("training", "query")
"""Nouns that stand inside an entry and on no shelf."""


@attrs.frozen(kw_only=True)
class Finding:
    """Something that a check found."""

    rule: str
    """Which rule it is about: "dates"."""

    where: str
    """Path of what it is about: "accelerators/H100 SXM.power"."""

    text: str
    """What was found."""

    explained: str = ""
    """Why it is right all the same; empty if it is a problem."""

    def __str__(self) -> str:
        """Return ``where: text [rule]``, and the explanation."""
        why = f" (explained: {self.explained})" if self.explained else ""
        return f"{self.where}: {self.text} [{self.rule}]{why}"


@attrs.frozen(kw_only=True)
class Statement:
    """A table that says where something comes from: a figure, or a whole entry."""

    shelf: str
    """Shelf of the entry."""

    entry: str
    """Key of the entry."""

    field: str
    """Field, or field and part: "peaks.bf16"; empty for the whole entry."""

    table: Mapping[str, Any]
    """What the file holds there."""

    @property
    def path(self) -> str:
        """Where it stands: "accelerators/H100 SXM.power"."""
        return f"{self.shelf}/{self.entry}{'.' if self.field else ''}{self.field}"

    @property
    def is_alternative(self) -> bool:
        """Whether it is what another source says, beside the figure that is used."""
        return ".alternatives[" in self.field


class Figure(NamedTuple):
    """One quantity of an entry."""

    shelf: str
    """Shelf of the entry."""

    entry: str
    """Key of the entry."""

    field: str
    """Field, or field and part: "peaks.bf16", "training.duration"."""

    value: Quantity
    """The quantity."""

    is_stated: bool
    """Whether the entry says where it comes from."""

    @property
    def path(self) -> str:
        """Where it stands: "accelerators/H100 SXM.power"."""
        return f"{self.shelf}/{self.entry}.{self.field}"


@attrs.frozen(kw_only=True)
class Facts:
    """Everything on the shelves."""

    tables: Mapping[str, Mapping[str, Table]]
    """Tables by shelf and key."""

    nouns: Mapping[str, Mapping[str, Any]]
    """Entries by shelf and key; those that cannot be built are absent."""

    findings: tuple[Finding, ...]
    """What cannot be read or built."""

    def statements(self) -> Iterator[Statement]:
        """Go through every figure of every entry, alternatives too; sources state nothing."""
        for shelf, tables in self.tables.items():
            if shelf == "sources":
                continue
            for key, entry in tables.items():
                start = f"{shelf}/{key}"
                for path, table in statements(start, entry):
                    field = path[len(start) + 1 :]
                    yield Statement(shelf=shelf, entry=key, field=field, table=table)

    def figures(self) -> Iterator[Figure]:
        """Go through every quantity of every entry that can be built."""
        for shelf, nouns in self.nouns.items():
            for key, noun in nouns.items():
                for field, value, is_stated in _figures(noun):
                    yield Figure(shelf, key, field, value, is_stated)


def gather() -> Facts:
    """Read and build every entry of the catalogue, users' facts included.

    Returns
    -------
    Facts
        What is there, and what is wrong with the rest.
    """
    tables: dict[str, dict[str, Table]] = {}
    nouns: dict[str, dict[str, Any]] = {}
    findings: list[Finding] = []
    with LOCK:
        for shelf in STOCKS:
            tables[shelf] = _tables(shelf, findings)
        for shelf, entries in tables.items():
            nouns[shelf] = _nouns(shelf, entries, findings)
    for left in LEFT_OUT:  # said already, but who checks the catalogue wants it in the report
        findings += [Finding(rule="reads", where=left.file, text=line) for line in left.problems]
    # An entry with problems is met again wherever another one refers to it.
    return Facts(tables=tables, nouns=nouns, findings=tuple(dict.fromkeys(findings)))


def _tables(shelf: str, findings: list[Finding]) -> dict[str, Table]:
    """Tables of a shelf, read to their end."""
    try:
        lazy = STOCKS[shelf].opened().tables
    except CatalogError as error:
        findings += [Finding(rule="reads", where=shelf, text=line) for line in error.problems]
        return {}
    found: dict[str, Table] = {}
    for key, table in lazy.items():
        try:
            # A plain copy is checked at once, while the lazy original is trusted.
            found[key] = dict(table)
        except CatalogError as error:
            where = f"{shelf}/{key}"
            findings += [Finding(rule="reads", where=where, text=line) for line in error.problems]
    return found


def _nouns(shelf: str, entries: Mapping[str, Table], findings: list[Finding]) -> dict[str, Any]:
    """Entries of a shelf that can be built."""
    found: dict[str, Any] = {}
    for key, table in entries.items():
        try:
            found[key] = STOCKS[shelf].build(key, table)
        except CatalogError as error:
            findings += [_built(shelf, key, line) for line in error.problems]
        except Exception as error:  # noqa: BLE001 - a slip of ours is a finding too
            findings.append(_built(shelf, key, f"{type(error).__name__}: {error}"))
    return found


def _built(shelf: str, key: str, line: str) -> Finding:
    """Finding of an entry that cannot be built; its problem starts with its own path."""
    where, mark, text = line.partition(": ")
    if mark and "/" in where:
        return Finding(rule="builds", where=where, text=text)
    return Finding(rule="builds", where=f"{shelf}/{key}", text=line)


def _figures(noun: Any) -> Iterator[tuple[str, Quantity, bool]]:
    """Every quantity of a noun by field, and whether its origin is stated."""
    for field in attrs.fields(type(noun)):
        value = getattr(noun, field.name)
        if isinstance(value, Noun) and field.name in _INNER:
            for name, inner, is_stated in _figures(value):
                yield f"{field.name}.{name}", inner, is_stated
        elif field.name != "provenance":
            several = isinstance(value, Mapping)
            parts = value.items() if several else [("", value)]
            for part, item in parts:
                if isinstance(item, Quantity):
                    name = f"{field.name}.{part}" if several else field.name
                    yield name, item, name in noun.provenance
