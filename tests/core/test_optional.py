"""Optional packages: loaded when asked for, missed with a clear error."""

from __future__ import annotations

import json

import pytest

from llm_economics.core.errors import MissingInputError
from llm_economics.core.optional import optional_module


def test_what_is_installed_is_loaded() -> None:
    """The module itself comes back."""
    assert optional_module("json", extra="frame", needed_by="to_frame()") is json


def test_what_is_missing_says_how_to_get_it() -> None:
    """The error names what needs it, the package and the extra."""
    message = r"to_frame\(\) needs no_such_package.*pip install 'llm_economics\[frame\]'"
    with pytest.raises(MissingInputError, match=message):
        optional_module("no_such_package", extra="frame", needed_by="to_frame()")
