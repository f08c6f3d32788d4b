"""Where in a file of facts something stands, for messages.

The reader of TOML keeps no line numbers, so the lines are looked through again, and only when there
is a problem to tell. Rejected: a reader of our own (the standard one is right, and tested).
"""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["with_lines"]

_HEADER = re.compile(r"\s*\[{1,2}[^\[\]]")
_KEY = re.compile(r"\s*(?:\"([^\"\\]+)\"|'([^']+)'|([A-Za-z0-9_-]+))\s*[.=]")
_END = re.compile(r"[.\[:/]")


def with_lines(text: str, problems: Iterable[str]) -> list[str]:
    r"""Add to each problem the line that it is about, where that can be told.

    Parameters
    ----------
    text : str
        The file.
    problems : iterable of str
        Problems that start with their path: "accelerators/My chip.power: ...".

    Returns
    -------
    list of str
        The same, each with "(line 12)" behind.

    Examples
    --------
    >>> with_lines('[grids."x y"]\nname = 5\n', ["grids/x y.name: needs a text"])
    ['grids/x y.name: needs a text (line 2)']
    """
    places = _places(text)
    return [_placed(problem, places) for problem in problems]


def _placed(problem: str, places: Mapping[str, int]) -> str:
    """Add the line of the longest path with which a problem starts."""
    starts = [_one_form(problem[: match.start()]) for match in _END.finditer(problem)]
    found = [places[start] for start in starts if start in places]
    return f"{problem} (line {found[-1]})" if found else problem


def _places(text: str) -> dict[str, int]:
    """Lines by path: of every table, and of every key at the start of a line."""
    places: dict[str, int] = {}
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if _HEADER.match(line):
            table = _keys(line)
            places.setdefault(_path(table), number)
        elif (key := _KEY.match(line)) is not None:
            places.setdefault(_path([*table, key[1] or key[2] or key[3]]), number)
    # A shelf, and an entry of which a file has parts only, start where the first of them does.
    for path, number in list(places.items()):
        shelf, _, rest = path.partition("/")
        places[shelf] = min(number, places.get(shelf, number))
        places.setdefault(f"{shelf}/{rest.partition('.')[0]}", number)
    return places


def _keys(line: str) -> list[str]:
    """Keys that a header names, outer ones first; none if it is not a header after all."""
    try:
        inner: Any = tomllib.loads(line)
    except ValueError:  # part of a text of several lines
        return []
    keys: list[str] = []
    while inner:
        inner = inner[0] if isinstance(inner, list) else inner
        if inner:
            key, inner = next(iter(inner.items()))
            keys.append(key)
    return keys


def _path(keys: list[str]) -> str:
    """Path as problems have it: shelf/entry.field.part."""
    shelf, *rest = keys or [""]
    return _one_form(f"{shelf}/{'.'.join(rest)}") if rest else shelf


def _one_form(path: str) -> str:
    """Path in which parts of an entry are parted by dots, also where messages have a slash."""
    shelf, slash, rest = path.partition("/")
    return f"{shelf}{slash}{rest.replace('/', '.')}"
