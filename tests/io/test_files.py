"""Reading a file: what is no TOML, or too much of it, is refused with a clear word."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.core.errors import CatalogError
from llm_economics.io import files
from llm_economics.io.files import MAXIMUM_DEPTH, read_toml

if TYPE_CHECKING:
    from pathlib import Path

BAD_FILES = {
    "malformed": (b"[accelerators\n", "it is not TOML: .*line 1"),
    "key twice": (b"a = 1\na = 2\n", "it is not TOML"),
    "not UTF-8": ("título = 1".encode("latin-1"), "it is not UTF-8 text"),
    "UTF-16": ("a = 1".encode("utf-16"), "it is not UTF-8 text"),
    "no text": (bytes(range(256)), "it is not UTF-8 text"),
    "huge number": (b"a = " + b"9" * 5000, "it is not TOML"),
    "deep list": (b"a = " + b"[" * 100_000 + b"]" * 100_000, "it is not TOML|nested deeper"),
    "deep keys": (b"a" + b".a" * 5000 + b" = 1", f"nested deeper than {MAXIMUM_DEPTH} levels"),
    "deep enough": (b"a = " + b"[" * 40 + b"]" * 40, f"nested deeper than {MAXIMUM_DEPTH} levels"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_refused(name: str, tmp_path: Path) -> None:
    """What cannot be read as TOML is one problem, never another kind of error."""
    content, message = BAD_FILES[name]
    file = tmp_path / "facts.toml"
    file.write_bytes(content)
    with pytest.raises(CatalogError, match=message) as caught:
        le.catalog.load(file)
    assert caught.value.file == str(file)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_missing_file_is_refused(name: str, tmp_path: Path) -> None:
    """A file that is not there, and a folder, are refused."""
    with pytest.raises(CatalogError, match="there is no such file"):
        le.catalog.load(tmp_path / name)


def test_large_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit is not read to its end."""
    monkeypatch.setattr(files, "MAXIMUM_BYTES", 1000)
    file = tmp_path / "large.toml"
    file.write_bytes(b"#" * 1001)
    with pytest.raises(CatalogError, match="too large: at most 1,000 bytes"):
        read_toml(file)
    file.write_bytes(b"#" * 1000)
    assert read_toml(file) == {}


def test_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal of the system becomes a problem of the file."""
    file = tmp_path / "locked.toml"
    file.write_bytes(b"")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "open", refuse)
    with pytest.raises(CatalogError, match="cannot be opened: Permission denied"):
        read_toml(file)


def test_mark_at_the_start_is_passed_over(tmp_path: Path) -> None:
    """Editors that write a byte-order mark are served."""
    file = tmp_path / "marked.toml"
    file.write_bytes("\ufeffa = 1".encode())
    assert read_toml(file) == {"a": 1}


def test_path_may_be_text(tmp_path: Path) -> None:
    """A path as text works, and what is no path is a plain TypeError."""
    file = tmp_path / "empty.toml"
    file.write_bytes(b"")
    le.catalog.load(os.fspath(file))
    with pytest.raises(TypeError, match="PathLike"):
        le.catalog.load(5)  # type: ignore[arg-type]
