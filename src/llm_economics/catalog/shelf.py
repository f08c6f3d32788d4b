"""`Shelf`: a read-only mapping of one kind of noun, built lazily from tables.

Lookup forgives case, spaces and hyphens, and knows aliases; a miss offers the nearest names.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from llm_economics.core.display import html_escape
from llm_economics.core.errors import CatalogError, UnknownNameError

__all__ = ["Shelf", "folded"]

Item = TypeVar("Item")

_NOISE = re.compile(r"[\s_\-–/().,]+")


def folded(name: str) -> str:
    """Fold a name so that spellings of one thing meet: "H100-SXM" and "h100 sxm".

    Examples
    --------
    >>> folded("nvidia/H100-SXM5 80GB")
    'nvidiah100sxm580gb'
    """
    return _NOISE.sub("", name.casefold())


class Shelf(Mapping[str, Item], Generic[Item]):
    """Entries of one kind by name.

    Parameters
    ----------
    what : str
        What an entry is, for messages: "accelerator".
    read : callable
        Returns the tables by name; called at first use.
    build : callable
        Makes an entry from its name and table.
    """

    def __init__(
        self,
        what: str,
        read: Callable[[], dict[str, dict[str, Any]]],
        build: Callable[[str, dict[str, Any]], Item],
    ) -> None:
        self._what = what
        self._read = read
        self._build = build
        self._tables: dict[str, dict[str, Any]] | None = None
        self._names: dict[str, str] = {}
        self._items: dict[str, Item] = {}
        # Building an entry can look up another one of the same shelf.
        self._lock = threading.RLock()

    def __getitem__(self, name: str) -> Item:
        """Entry of that name or alias.

        Raises
        ------
        UnknownNameError
            If there is none, with the nearest names.
        """
        with self._lock:
            tables = self._open()
            key = self._names.get(folded(name)) if isinstance(name, str) else None
            if key is None:
                raise UnknownNameError(str(name), self._spellings(), self._what)
            if key not in self._items:
                self._items[key] = self._build(key, tables[key])
            return self._items[key]

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            return iter(tuple(self._open()))

    def __len__(self) -> int:
        with self._lock:
            return len(self._open())

    def __contains__(self, name: object) -> bool:
        with self._lock:
            self._open()
            return isinstance(name, str) and folded(name) in self._names

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        names = ", ".join(list(self)[:6])
        more = ", ..." if len(self) > 6 else ""  # noqa: PLR2004 - enough to see what it holds
        return f"<{len(self)} {self._what} entries: {names}{more}>"

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html_escape(name)}</li>" for name in self)
        return f"<p>{len(self)} {self._what} entries</p><ul>{items}</ul>"

    def add(self, tables: dict[str, dict[str, Any]], file: str) -> None:
        """Add entries; nothing that exists is overwritten.

        Parameters
        ----------
        tables : dict
            Tables by name.
        file : str
            Where they come from, for messages.

        Raises
        ------
        CatalogError
            If a name or alias exists already; then none is added.
        """
        with self._lock:
            known = self._open()
            taken = self.clashes(tables)
            if taken:
                raise CatalogError(file, taken)
            known.update(tables)
            self._names.update(_index(tables))

    def remove(self, names: Iterable[str]) -> None:
        """Take entries down again that `add` put up."""
        with self._lock:
            tables = self._open()
            for name in names:
                tables.pop(name, None)
                self._items.pop(name, None)
            self._names = _index(tables)

    def clashes(self, tables: dict[str, dict[str, Any]]) -> list[str]:
        """Names of new entries that exist already, one line each."""
        self._open()
        return [
            f"{self._what} {entry!r}: the name {spelling!r} belongs to {self._names[spelling]!r}"
            for spelling, entry in _index(tables).items()
            if spelling in self._names
        ]

    def _open(self) -> dict[str, dict[str, Any]]:
        if self._tables is None:
            tables = self._read()
            self._names = _index(tables)
            self._tables = tables
        return self._tables

    def _spellings(self) -> list[str]:
        tables = self._open()
        aliases = [a for table in tables.values() for a in _aliases(table)]
        return [*tables, *aliases]


def _aliases(table: dict[str, Any]) -> list[str]:
    aliases = table.get("aliases", [])
    return [a for a in aliases if isinstance(a, str)] if isinstance(aliases, list) else []


def _index(tables: dict[str, dict[str, Any]]) -> dict[str, str]:
    index: dict[str, str] = {}
    for name, table in tables.items():
        for spelling in (name, *_aliases(table)):
            index.setdefault(folded(spelling), name)
    return index
