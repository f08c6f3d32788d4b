"""Entries of the library's own files, each read when it is asked for.

Reading all facts at once takes a quarter of a second, and who wants one accelerator wants one entry
of fifty. So a file is cut at the lines that open a top-level table, and only the piece that is
asked for is read as TOML. An entry that is malformed is its own problem: the others load.

The library's files keep to a form that makes this safe, and a test reads each of them both ways: a
line that starts with a bracket opens a table, `name` and `aliases` stand on one line each. Files of
users are read whole, by `read_toml`. Rejected: a second copy of all facts in a quicker format.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llm_economics.core.errors import CatalogError
from llm_economics.io.files import read_text

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["Entry", "read_entries"]

_HEADER = re.compile(r'^\[\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z0-9_-]+))[^\n]*$', re.MULTILINE)
_LINES = {key: re.compile(rf"^{key}\s*=[^\n]*$", re.MULTILINE) for key in ("name", "aliases")}

# A text, or a list of texts, that needs no TOML reader: no escapes, no comments.
_ONE = re.compile(r'^\w+\s*=\s*"([^"\\]*)"\s*$')
_SEVERAL = re.compile(r'^\w+\s*=\s*\[\s*(?:"[^"\\]*"\s*(?:,\s*"[^"\\]*"\s*)*,?)?\s*\]\s*$')
_TEXT = re.compile(r'"([^"\\]*)"')


class Entry(Mapping[str, Any]):
    """One table of a file, read at first use.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    key : str
        Key of the table.
    text : str
        Its piece of the file, sub-tables included.
    line : int
        Where the piece starts in the file.
    """

    __slots__ = ("_file", "_key", "_line", "_table", "_text")

    def __init__(self, file: str, key: str, text: str, line: int) -> None:
        self._file, self._key, self._text, self._line = file, key, text, line
        self._table: dict[str, Any] | None = None

    @property
    def table(self) -> dict[str, Any]:
        """The table.

        Raises
        ------
        CatalogError
            If the piece is not TOML.
        """
        if self._table is None:
            try:
                self._table = dict(tomllib.loads(self._text)[self._key])
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                where = f"{self._key!r}, which starts at line {self._line}"
                raise CatalogError(self._file, [f"{where}: it is not TOML: {error}"]) from None
        return self._table

    def get(self, key: str, default: Any = None) -> Any:
        """Value of a key; names are found without reading all the rest.

        Parameters
        ----------
        key : str
            The key.
        default : object
            What to return if there is no such key.

        Returns
        -------
        object
            The value.
        """
        if self._table is None and key in _LINES:
            found = _LINES[key].search(self._text)
            return default if found is None else _value(key, found[0], default)
        return self.table.get(key, default)

    def __getitem__(self, key: str) -> Any:
        return self.table[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"<entry {self._key!r} of {self._file}>"


def read_entries(file: Path | Traversable) -> dict[str, Entry]:
    """Cut a file of the library into its entries.

    Parameters
    ----------
    file : path
        The file.

    Returns
    -------
    dict of str to Entry
        Entries by key, in the order of the file.

    Raises
    ------
    CatalogError
        If it does not exist, cannot be opened, is too large or is not UTF-8; or if the tables of
        one key do not stand together.
    """
    text = read_text(file)
    pieces: dict[str, tuple[int, int]] = {}
    last = None
    for header in _HEADER.finditer(text):
        key = header[2] if header[1] is None else _unquoted(header[1])
        if key != last and key in pieces:
            again = _line(text, header.start())
            problem = f"{key!r}: stands in this file twice, again at line {again}"
            raise CatalogError(file.name, [problem])
        if last is not None and key != last:
            pieces[last] = (pieces[last][0], header.start())
        pieces.setdefault(key, (header.start(), len(text)))
        last = key
    return {
        key: Entry(file.name, key, text[start:end], _line(text, start))
        for key, (start, end) in pieces.items()
    }


def _value(key: str, line: str, default: Any) -> Any:
    """Value of a line that holds a text or a list of texts."""
    if one := _ONE.match(line):
        return one[1]
    if _SEVERAL.match(line):
        return _TEXT.findall(line)
    try:
        return tomllib.loads(line)[key]
    except ValueError:
        return default


def _unquoted(key: str) -> str:
    return key if "\\" not in key else str(next(iter(tomllib.loads(f'"{key}" = 0'))))


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
