"""Read a TOML file of facts as plain tables, refusing what is too large or malformed."""

from __future__ import annotations

import tomllib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from llm_economics.core.errors import CatalogError

__all__ = ["MAXIMUM_BYTES", "read_toml"]

MAXIMUM_BYTES = 16 * 2**20
"""Larger files are refused: the whole packaged catalogue is a hundredth of this."""


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
        If it does not exist, is too large, is not UTF-8, or is not TOML.
    """
    name = str(file)
    if not file.is_file():
        raise CatalogError(name, ["there is no such file"])
    if isinstance(file, Path) and file.stat().st_size > MAXIMUM_BYTES:
        size = file.stat().st_size
        raise CatalogError(name, [f"it has {size:,} bytes; at most {MAXIMUM_BYTES:,} are read"])
    try:
        return tomllib.loads(file.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CatalogError(name, [f"it is not UTF-8 text: {error}"]) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CatalogError(name, [f"it is not TOML: {error}"]) from None
