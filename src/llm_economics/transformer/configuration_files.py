"""Read a configuration file as plain data, refusing what is too large, malformed, or not finite.

Hugging Face keeps configurations as JSON, so the standard reader is enough. Rejected: the library
that defines them, which is large, runs code of model authors on request, and changes its defaults.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    import os

__all__ = ["MAXIMUM_BYTES", "read_json"]

MAXIMUM_BYTES = 4 * 2**20
"""Larger files are refused: public configurations have some kilobytes."""


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Parameters
    ----------
    path : path
        The file, or the folder of a model with its ``config.json``.

    Returns
    -------
    dict
        Its keys and values.

    Raises
    ------
    CatalogError
        If there is no such file, or it cannot be opened, is too large, is not UTF-8, is not JSON,
        holds NaN or infinity, or is no object.

    Examples
    --------
    >>> read_json("no such file.json")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.CatalogError: no such file.json: 1 problem
      - there is no such file; give the path of a config.json
    """
    file = Path(path)
    file = file / "config.json" if file.is_dir() else file
    content = _bytes(file)
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_constant=_not_finite)
    except UnicodeDecodeError as error:
        raise CatalogError(str(file), [f"it is not UTF-8 text: {error}"]) from None
    except (ValueError, RecursionError) as error:
        raise CatalogError(str(file), [f"it is not JSON: {error}"]) from None
    if not isinstance(found, dict):
        problem = (
            f"it needs one object with the keys of a configuration; got {type(found).__name__}"
        )
        raise CatalogError(str(file), [problem])
    return found


def _bytes(file: Path) -> bytes:
    if not file.is_file():
        raise CatalogError(str(file), ["there is no such file; give the path of a config.json"])
    try:
        with file.open("rb") as stream:
            content = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise CatalogError(str(file), [f"it cannot be opened: {error.strerror}"]) from None
    if len(content) > MAXIMUM_BYTES:
        problem = f"it is too large: at most {MAXIMUM_BYTES:,} bytes are read"
        raise CatalogError(str(file), [problem])
    return content


def _not_finite(name: str) -> NoReturn:
    message = f"{name} is no number"
    raise ValueError(message)
