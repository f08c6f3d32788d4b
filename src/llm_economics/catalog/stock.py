"""`Stock`: the tables behind a shelf, and the entries that were built from them so far.

Tables are read at first use, an entry is built when it is first asked for. Everything happens
under one lock for the whole catalogue: an entry refers to entries of other shelves, and a lock for
each shelf would let two threads wait for each other. A state is replaced, never changed, so that
`load` can go back to the one before.

Names are forgiven in two steps: spelling first, then a vendor in front and a memory size behind,
and the second only where one entry alone can be meant. Rejected: the nearest name without asking
("A100" for "H100" is one letter).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import attrs

from llm_economics.core.errors import CatalogError, UnknownNameError, nearest_names

__all__ = [
    "LOCK",
    "WHEN_FIRST_USED",
    "CatalogWarning",
    "State",
    "Stock",
    "folded",
    "prepare",
    "spellings",
]

Item = TypeVar("Item")

Table = Mapping[str, Any]

LOCK = threading.RLock()
"""Held by whoever reads or changes any stock; building an entry looks up others."""

WHEN_FIRST_USED: list[Callable[[], None]] = []
"""What is done, once, before the catalogue is first read."""

_SIZE = re.compile(r"(?<=\w)[\s_\-,(]*(?<![\d.])(\d+)\s*gi?b\)?\s*$", re.IGNORECASE)

_NUMBER = re.compile(r"\d+(?:\.\d+)?")

_NOISE = re.compile(r"[\s_\-–/().,]+")


class CatalogWarning(UserWarning):
    """Part of the catalogue cannot be used; the rest can, and the text says what is wrong."""


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

    stems: tuple[State, dict[str, dict[str, set[int | None]]]] | None = attrs.field(
        default=None, init=False, repr=False
    )
    """What `_meant` looks through, and the state of which it was made."""

    def opened(self) -> State:
        """Return what it holds, read now if it was not yet."""
        prepare()
        if self.state is None:
            tables = self.read()
            self.state = State(tables, _index(tables), {})
        return self.state

    def key(self, name: object) -> str | None:
        """Find the key of a name, None if there is none.

        A name that is not there is tried without a vendor in front and a memory size behind.
        """
        if not isinstance(name, str):
            return None
        found = self.opened().keys.get(folded(name))
        return self._meant(name) if found is None else found

    def _meant(self, name: str) -> str | None:
        """Key of the one entry that "vendor/name" or "name 80GB" can mean."""
        stem, size = _stem_and_size(_without_vendor(name))
        if not stem:
            return None
        alike = self._stems().get(stem, {})
        exact = [key for key, sizes in alike.items() if size in sizes]
        if len(exact) == 1:
            return exact[0]
        # A name that tells no size has the size that is asked for, unless the memory is another.
        if len(alike) != 1 or size is None:
            return None
        ((key, sizes),) = alike.items()
        fits = None in sizes and _memory(self.opened().tables[key]) in {size, None}
        return key if fits else None

    def _stems(self) -> dict[str, dict[str, set[int | None]]]:
        """Entries by folded name without memory size, and the sizes that their names tell."""
        state = self.opened()
        if self.stems is None or self.stems[0] is not state:
            found: dict[str, dict[str, set[int | None]]] = {}
            for key, table in state.tables.items():
                for stem, size in map(_stem_and_size, spellings(key, table)):
                    found.setdefault(stem, {}).setdefault(key, set()).add(size)
            self.stems = (state, found)
        return self.stems[1]

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
    """Keys by folded name; a key is found by itself, whatever others call themselves."""
    keys = {folded(key): key for key in tables}
    for key, table in tables.items():
        for word in spellings(key, table):
            keys.setdefault(folded(word), key)
    return keys


def prepare() -> None:
    """Do what is to be done before the catalogue is first used; other threads wait for it."""
    if WHEN_FIRST_USED:
        with LOCK:
            while WHEN_FIRST_USED:
                WHEN_FIRST_USED.pop()()


def _without_vendor(name: str) -> str:
    """Name without a vendor in front: "meta-llama/Llama-3.1-405B"."""
    vendor, slash, rest = name.strip().partition("/")
    return rest if slash and vendor and "/" not in rest else name


def _stem_and_size(name: str) -> tuple[str, int | None]:
    """Folded name without the memory size behind, and that size in GB."""
    found = _SIZE.search(name)
    return (folded(name[: found.start()]), int(found[1])) if found else (folded(name), None)


def _memory(table: Table) -> float | None:
    """Memory that a table states, in GB as vendors print it; None if it states none."""
    try:
        datum = table.get("memory")
    except CatalogError:  # the entry is malformed, which is said to whoever asks for it
        return None
    text = str(datum.get("value", "")) if isinstance(datum, Mapping) else ""
    number = _NUMBER.search(text)
    return float(number[0]) if number else None
