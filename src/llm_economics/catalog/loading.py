"""`load`: a file of the user's own facts joins the catalogue, whole or not at all.

The files that the environment variable names join it before it is first used. They cannot stop
anybody: what is wrong with them is one warning.

Rejected: adding what is right and reporting the rest (half a file is harder to mend than none),
stopping at the first problem, and a file that is found by its place (what is computed would depend
on a folder that nobody thinks of).
"""

from __future__ import annotations

import os
import warnings
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llm_economics.catalog.dates import is_future, today
from llm_economics.catalog.lines import with_lines
from llm_economics.catalog.shelves import EVIDENCE, STOCKS
from llm_economics.catalog.stock import LOCK, WHEN_FIRST_USED, CatalogWarning, prepare
from llm_economics.catalog.walking import tables
from llm_economics.core.errors import CatalogError, nearest_names
from llm_economics.io.files import read_text, read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LEFT_OUT", "MAXIMUM_KEYS", "MAXIMUM_PROBLEMS", "MAXIMUM_TABLES", "VARIABLE", "load"]

VARIABLE = "LLM_ECONOMICS_CATALOG"
"""The environment variable that names files of facts, parted as in PATH."""

MAXIMUM_TABLES = 5_000
"""Entries and figures that a file may have: several times the library's largest."""

MAXIMUM_KEYS = 30_000
"""Keys that a file may have in all: six for each of its figures."""

MAXIMUM_PROBLEMS = 1_000
"""After so many problems the rest of a file is not looked at: nobody reads more."""


LEFT_OUT: list[CatalogError] = []
"""What is wrong with files that the variable names; they are left out."""


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
        If anything in it is wrong; all problems are listed with their path in the file and their
        line where it can be told, and nothing of it is added. A name that exists already, and a
        date in the future, are problems.

    Notes
    -----
    The file is read as data; nothing in it is run.

    The environment variable ``LLM_ECONOMICS_CATALOG`` may name files, parted by ``:`` (``;`` on
    Windows). They are loaded in this order before the catalogue is first used. A file with problems
    is left out, and all problems are told in one `CatalogWarning`.

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
    prepare()  # what a failure goes back to has the files of the environment
    document = read_toml(Path(file))
    _check_size(name, document)
    with _all_or_nothing():
        problems = list(_malformed(document))
        good = {shelf: _entries(found) for shelf, found in document.items() if shelf in STOCKS}
        # Entries may refer to each other, so all are put up before any is built.
        for shelf, entries in good.items():
            problems += [f"{shelf}/{line}" for line in STOCKS[shelf].put_up(entries)]
        problems += _from_the_future(good)
        problems += _wrong(good, MAXIMUM_PROBLEMS - len(problems))
        if problems:
            # An entry with problems is met again wherever another one refers to it.
            unlike = list(dict.fromkeys(problems))
            raise CatalogError(name, with_lines(read_text(Path(file)), unlike))
        EVIDENCE.clear()


def _load_named_files() -> None:
    """Load what the environment variable names; nothing there can break the catalogue."""
    for name in os.environ.get(VARIABLE, "").split(os.pathsep):
        if not name.strip():
            continue
        try:
            load(Path(os.path.expanduser(name.strip())))  # noqa: PTH111 - Path's own can raise
        except CatalogError as error:
            LEFT_OUT.append(error)
    if LEFT_OUT:
        told = [f"{VARIABLE}: these files are left out of the catalogue.", *map(str, LEFT_OUT)]
        text = "\n".join(told)
        # Who is to blame is the environment, so no line of the caller is shown on purpose.
        warnings.warn(text, CatalogWarning, stacklevel=2)


WHEN_FIRST_USED.append(_load_named_files)


def _check_size(name: str, document: Mapping[str, Any]) -> None:
    """Refuse what would take long to check."""
    found = list(islice(tables(name, document), MAXIMUM_TABLES + 1))
    keys = sum(len(table) for _, table in found)
    if len(found) > MAXIMUM_TABLES or keys > MAXIMUM_KEYS:
        message = (
            f"it has more than {MAXIMUM_TABLES:,} entries and figures, or {MAXIMUM_KEYS:,} keys; "
            "put them into several files"
        )
        raise CatalogError(name, [message])


def _from_the_future(good: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Problems with dates that have not come yet, anywhere in the entries."""
    now = today() + timedelta(days=1)  # east of Greenwich it is tomorrow already
    for shelf, entries in good.items():
        for path, table in tables(shelf, entries):
            for key in ("date", "accessed"):
                if is_future(table.get(key), now):
                    where = f"{path.replace('.', '/', 1)}.{key}"
                    yield f"{where}: {table[key]!r} is in the future; write when it was published"


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
    for shelf, found in document.items():
        if shelf not in STOCKS:
            hint = "".join(f"; did you mean {n!r}?" for n in nearest_names(shelf, STOCKS, count=1))
            yield f"{shelf}: there is no such shelf{hint}"
        elif not isinstance(found, dict):
            yield f"{shelf}: needs one table for each entry; got {found!r}"
        else:
            wrong = {key: raw for key, raw in found.items() if not isinstance(raw, dict)}
            yield from (f"{shelf}/{key}: needs a table; got {raw!r}" for key, raw in wrong.items())


def _entries(tables: Any) -> dict[str, dict[str, Any]]:
    """Entries of a shelf that are tables."""
    found = tables if isinstance(tables, dict) else {}
    return {key: table for key, table in found.items() if isinstance(table, dict)}


def _wrong(good: Mapping[str, Mapping[str, Any]], most: int) -> list[str]:
    """Problems of the entries, until there are enough."""
    problems: list[str] = []
    every = ((shelf, key, table) for shelf in good for key, table in good[shelf].items())
    for shelf, key, table in every:
        if len(problems) >= most:
            return [*problems, "what comes after these problems was not looked at"]
        try:
            STOCKS[shelf].build(key, table)
        except CatalogError as error:
            problems += error.problems
    return problems
