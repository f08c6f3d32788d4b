"""`Stock`: the tables behind a shelf, and the entries that were built from them so far.

Tables are read at first use, an entry is built when it is first asked for. Everything happens
under one lock for the whole catalogue: an entry refers to entries of other shelves, and a lock for
each shelf would let two threads wait for each other. A state is replaced, never changed, so that
`load` can go back to the one before.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import attrs

from llm_economics.core.errors import UnknownNameError, nearest_names

__all__ = ["LOCK", "State", "Stock", "folded", "spellings"]

Item = TypeVar("Item")

Table = Mapping[str, Any]

LOCK = threading.RLock()
"""Held by whoever reads or changes any stock; building an entry looks up others."""

_NOISE = re.compile(r"[\s_\-–/().,]+")


def folded(name: str) -> str:
    """Fold a name so that spellings of one thing meet: "H100-SXM" and "h100 sxm".

    Parameters
    ----------
    name : str
        A name.

    Returns
    -------
    str
        It without case, spaces and signs.

    Examples
    --------
    >>> folded("nvidia/H100-SXM5 80GB")
    'nvidiah100sxm580gb'
    """
    return _NOISE.sub("", name.casefold())


def spellings(name: str, table: Table) -> tuple[str, ...]:
    """Every name of an entry: its key, its `name`, its `aliases`.

    Parameters
    ----------
    name : str
        Its key.
    table : mapping
        Its table; what is no text in it is passed over, since building it will say so.

    Returns
    -------
    tuple of str
        The names, key first.

    Examples
    --------
    >>> spellings("US", {"name": "United States", "aliases": ["USA"]})
    ('US', 'United States', 'USA')
    """
    aliases = table.get("aliases", ())
    others = [table.get("name"), *(aliases if isinstance(aliases, list) else [aliases])]
    return (name, *(other for other in others if isinstance(other, str)))


class State(NamedTuple):
    """What a stock holds at one time."""

    tables: Mapping[str, Table]
    """Tables by key."""
    keys: Mapping[str, str]
    """Keys by folded name."""
    items: dict[str, Any]
    """Entries built so far, by key."""


@attrs.define(eq=False)
class Stock(Generic[Item]):
    """Entries of one kind."""

    what: str
    """What an entry is, for messages: "accelerator"."""

    read: Callable[[], Mapping[str, Table]]
    """Returns the tables by key; called at first use."""

    build: Callable[[str, Table], Item]
    """Makes an entry from its key and table."""

    state: State | None = None
    """What it holds; None before first use."""

    def opened(self) -> State:
        """Return what it holds, read now if it was not yet."""
        if self.state is None:
            tables = self.read()
            self.state = State(tables, _index(tables), {})
        return self.state

    def key(self, name: object) -> str | None:
        """Find the key of a name, None if there is none."""
        return self.opened().keys.get(folded(name)) if isinstance(name, str) else None

    def _hint(self) -> str:
        shelf = f"{self.what[:-1]}ies" if self.what.endswith("y") else f"{self.what}s"
        return f"list(le.{shelf}) shows all {len(self.opened().tables)}."

    def item(self, name: object) -> Item:
        """Find the entry of a name.

        Parameters
        ----------
        name : object
            Key, name or alias.

        Returns
        -------
        noun
            The entry.

        Raises
        ------
        UnknownNameError
            If there is none, with the nearest names.
        """
        key = self.key(name)
        if key is None:
            raise UnknownNameError(str(name), self._near(str(name)), self.what, hint=self._hint())
        state = self.opened()
        if key not in state.items:
            state.items[key] = self.build(key, state.tables[key])
        item: Item = state.items[key]
        return item

    def put_up(self, tables: Mapping[str, Table]) -> list[str]:
        """Add entries; what exists keeps its names.

        Parameters
        ----------
        tables : mapping
            Tables by key.

        Returns
        -------
        list of str
            One line for each name that is taken or empty.
        """
        state = self.opened()
        problems: list[str] = []
        keys, added = dict(state.keys), dict(state.tables)
        for name, table in tables.items():
            mine = {folded(spelling): spelling for spelling in spellings(name, table)}
            found = [_taken(self.what, mine[short], keys[short]) for short in mine if short in keys]
            found += [f"the name {mine['']!r} has no letter or digit"] if "" in mine else []
            problems += [f"{name}: {line}" for line in found]
            # What was there first keeps the name; the rest is put up, so that others find it.
            keys = dict.fromkeys(mine, name) | keys
            added.setdefault(name, table)
        self.state = State(added, keys, dict(state.items))
        return problems

    def _near(self, name: str) -> list[str]:
        """Names near to `name`, the nearest one of each entry."""
        tables = self.opened().tables
        owner = {word: key for key, table in tables.items() for word in spellings(key, table)}
        nearest: dict[str, str] = {}
        for spelling in nearest_names(name, owner, count=len(owner)):
            nearest.setdefault(owner[spelling], spelling)
        return list(nearest.values())


def _taken(what: str, spelling: str, owner: str) -> str:
    return f"the name {spelling!r} belongs to the {what} {owner!r} already"


def _index(tables: Mapping[str, Table]) -> dict[str, str]:
    return {folded(word): key for key, table in tables.items() for word in spellings(key, table)}
