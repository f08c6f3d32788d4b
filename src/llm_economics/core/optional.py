"""Packages that only some results need: loaded when asked for, and missed with a clear error."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from llm_economics.core.errors import MissingInputError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["optional_module"]


def optional_module(name: str, *, extra: str, needed_by: str) -> ModuleType:
    """Load a package of an extra.

    Parameters
    ----------
    name : str
        The package.
    extra : str
        The extra of this library that brings it.
    needed_by : str
        What asks for it, for the message.

    Returns
    -------
    module
        The package.

    Raises
    ------
    MissingInputError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        message = (
            f"{needed_by} needs {name}, which is not installed; install it with "
            f"pip install 'llm_economics[{extra}]'"
        )
        raise MissingInputError(message) from None
