"""`load`: a file of the user's own facts joins the catalogue, whole or not at all.

Rejected: adding what is right and reporting the rest (half a file is harder to mend than none), and
stopping at the first problem.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_economics.catalog.shelves import EVIDENCE, STOCKS
from llm_economics.catalog.stock import LOCK
from llm_economics.core.errors import CatalogError, nearest_names
from llm_economics.io.files import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["load"]


def load(file: str | os.PathLike[str]) -> None:
    """Add a file of your own facts to the catalogue, in the format of the library's own.

    Its entries may refer to each other and to those of the library; its claims join the evidence
    about their service. A file can be loaded once: nothing is overwritten.

    Parameters
    ----------
    file : str or path
        A TOML file with tables such as ``[accelerators."My chip"]`` and ``[sources.my-quote]``.

    Raises
    ------
    CatalogError
        If anything in it is wrong; all problems are listed with their path in the file, and
        nothing of it is added. A name that exists already is a problem.

    Notes
    -----
    The file is read as data; nothing in it is run.

    Examples
    --------
    >>> import llm_economics as le
    >>> le.catalog.load("my facts.toml")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.CatalogError: my facts.toml: 1 problem
      - there is no such file
    """
    name = os.fspath(file)
    document = read_toml(Path(file))
    with _all_or_nothing():
        problems = list(_malformed(document))
        good = {shelf: _entries(tables) for shelf, tables in document.items() if shelf in STOCKS}
        # Entries may refer to each other, so all are put up before any is built.
        for shelf, entries in good.items():
            problems += [f"{shelf}/{line}" for line in STOCKS[shelf].put_up(entries)]
        for shelf, entries in good.items():
            problems += [line for key in entries for line in _wrong(shelf, key, entries[key])]
        if problems:
            # An entry with problems is met again wherever another one refers to it.
            raise CatalogError(name, list(dict.fromkeys(problems)))
        EVIDENCE.clear()


@contextmanager
def _all_or_nothing() -> Iterator[None]:
    """Keep other threads out, and go back to the state before if something is wrong."""
    with LOCK:
        before = {shelf: stock.state for shelf, stock in STOCKS.items()}
        try:
            yield
        except BaseException:
            for shelf, state in before.items():
                STOCKS[shelf].state = state
            raise


def _malformed(document: Mapping[str, Any]) -> Iterator[str]:
    """Problems of a file before any entry is looked at."""
    for shelf, tables in document.items():
        if shelf not in STOCKS:
            hint = "".join(f"; did you mean {n!r}?" for n in nearest_names(shelf, STOCKS, count=1))
            yield f"{shelf}: there is no such shelf{hint}"
        elif not isinstance(tables, dict):
            yield f"{shelf}: needs one table for each entry; got {tables!r}"
        else:
            wrong = {key: raw for key, raw in tables.items() if not isinstance(raw, dict)}
            yield from (f"{shelf}/{key}: needs a table; got {raw!r}" for key, raw in wrong.items())


def _entries(tables: Any) -> dict[str, dict[str, Any]]:
    """Entries of a shelf that are tables."""
    found = tables if isinstance(tables, dict) else {}
    return {key: table for key, table in found.items() if isinstance(table, dict)}


def _wrong(shelf: str, key: str, table: Mapping[str, Any]) -> tuple[str, ...]:
    """Problems of one entry."""
    try:
        STOCKS[shelf].build(key, table)
    except CatalogError as error:
        return error.problems
    return ()
