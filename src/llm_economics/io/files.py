"""Read a TOML file of facts as plain tables, refusing what is too large or malformed.

Rejected: YAML (it can name types to build) and JSON (no comments, and facts need them).
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable
    from pathlib import Path

__all__ = ["MAXIMUM_BYTES", "MAXIMUM_DEPTH", "read_text", "read_toml"]

MAXIMUM_BYTES = 4 * 2**20
"""Larger files are refused: the whole packaged catalogue is a fifth of this."""

MAXIMUM_DEPTH = 32
"""Deeper tables are refused: the packaged catalogue needs 6, and a message shows a value whole."""


def read_toml(file: Path | Traversable) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    file : path
        The file.

    Returns
    -------
    dict
        Its tables.

    Raises
    ------
    CatalogError
        If it does not exist, cannot be opened, is too large, is not UTF-8, is not TOML, or is
        nested too deeply.

    Examples
    --------
    >>> from pathlib import Path
    >>> read_toml(Path("no such file"))
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.CatalogError: no such file: 1 problem
      - there is no such file
    """
    name = str(file)
    text = read_text(file)
    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of 5000 digits is a plain ValueError
        raise CatalogError(name, [f"it is not TOML: {error}"]) from None
    if _is_deep(tables):
        raise CatalogError(name, [f"it is nested deeper than {MAXIMUM_DEPTH} levels"])
    return tables


def read_text(file: Path | Traversable) -> str:
    """Read a text file of at most `MAXIMUM_BYTES`.

    Parameters
    ----------
    file : path
        The file.

    Returns
    -------
    str
        What it holds.

    Raises
    ------
    CatalogError
        If it does not exist, cannot be opened, is too large, or is not UTF-8.
    """
    name = str(file)
    content = _bytes(file, name)
    try:
        # Some editors open a file with a byte-order mark, which TOML does not know.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CatalogError(name, [f"it is not UTF-8 text: {error}"]) from None


def _bytes(file: Path | Traversable, name: str) -> bytes:
    if not file.is_file():
        raise CatalogError(name, ["there is no such file"])
    try:
        with file.open("rb") as stream:
            content = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise CatalogError(name, [f"it cannot be opened: {error.strerror}"]) from None
    if len(content) > MAXIMUM_BYTES:
        raise CatalogError(name, [f"it is too large: at most {MAXIMUM_BYTES:,} bytes are read"])
    return content


def _is_deep(tables: dict[str, Any]) -> bool:
    """Tell whether something is nested too deeply; level by level, without recursion."""
    level: list[Any] = [tables]
    for _ in range(MAXIMUM_DEPTH):
        level = [child for value in level for child in _children(value)]
    return bool(level)


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
