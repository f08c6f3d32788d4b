"""Statements in tables as files hold them: every table that says where something comes from.

What looks at the facts as such (their dates, their sources, their age) goes through the tables, not
through the nouns: an entry that cannot be built has them too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Statement", "sources_of", "statements", "tables"]

Statement = tuple[str, Mapping[str, Any]]
"""A path such as "accelerators/H100 SXM.power", and the table there."""

_MARKS = frozenset({"value", "source", "kind", "confidence"})


def tables(path: str, value: Any) -> Iterator[Statement]:
    """Go through a value and all tables inside it.

    Parameters
    ----------
    path : str
        Where it stands.
    value : object
        What a file holds.

    Yields
    ------
    tuple of str and mapping
        Path and table, outer ones first.
    """
    if isinstance(value, Mapping):
        yield path, value
        for key, child in value.items():
            yield from tables(f"{path}.{key}", child)
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from tables(f"{path}[{place}]", child)


def statements(path: str, value: Any) -> Iterator[Statement]:
    """Go through every figure, and every table that carries a source itself.

    Parameters
    ----------
    path : str
        Where it stands.
    value : object
        What a file holds.

    Yields
    ------
    tuple of str and mapping
        Path and table.

    Examples
    --------
    >>> entry = {"vendor": "We", "power": {"value": "5 W", "source": "a-sheet"}}
    >>> [path for path, _ in statements("accelerators/Mine", entry)]
    ['accelerators/Mine.power']
    """
    return ((at, table) for at, table in tables(path, value) if _MARKS & table.keys())


def sources_of(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Keys of the sources that a statement names.

    Parameters
    ----------
    table : mapping
        The statement.

    Returns
    -------
    tuple of str
        The keys; what is no text is passed over.

    Examples
    --------
    >>> sources_of({"source": ["one", "two"]}), sources_of({"source": "one"}), sources_of({})
    (('one', 'two'), ('one',), ())
    """
    named = table.get("source", ())
    several = named if isinstance(named, list) else [named]
    return tuple(key for key in several if isinstance(key, str))
