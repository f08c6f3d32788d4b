"""The library's files are cut into entries that read as the whole file does."""

from __future__ import annotations

import pickle
import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from llm_economics.core.errors import CatalogError
from llm_economics.io.entries import read_entries

if TYPE_CHECKING:
    from pathlib import Path

DATA = files("llm_economics.catalog").joinpath("data")
FILES = sorted(str(path.relative_to(str(DATA))) for path in DATA.rglob("*.toml"))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", FILES)
def test_cut_files_read_as_whole_ones(name: str) -> None:
    """Piece by piece or at once: the same tables, names and aliases in the same order."""
    file = DATA.joinpath(name)
    whole = tomllib.loads(file.read_text("utf-8"))
    pieces = read_entries(file)
    assert list(pieces) == list(whole)
    for key, entry in pieces.items():
        for quick in ("name", "aliases"):
            assert entry.get(quick) == whole[key].get(quick)
        assert dict(entry) == whole[key]


def made(folder: Path, text: str) -> Path:
    file = folder / "facts.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_malformed_entry_is_its_own_problem(tmp_path: Path) -> None:
    """The others load; the error says where the entry starts."""
    file = made(
        tmp_path, '[good]\nx = 1\n\n[bad]\nname = "Bad one\ny = = 2\n\n["also good"]\nz = 3\n'
    )
    entries = read_entries(file)
    assert dict(entries["good"]) == {"x": 1}
    assert entries["also good"]["z"] == 3
    assert entries["bad"].get("name") is None
    with pytest.raises(CatalogError, match="'bad', which starts at line 4: it is not TOML"):
        dict(entries["bad"])


def test_tables_of_one_entry_stand_together(tmp_path: Path) -> None:
    """A key that comes again later is refused; its sub-tables may follow it."""
    file = made(tmp_path, "[a]\nx = 1\n[a.inner]\ny = 2\n[b]\nz = 3\n")
    assert dict(read_entries(file)["a"]) == {"x": 1, "inner": {"y": 2}}
    with pytest.raises(CatalogError, match="'a': stands in this file twice, again at line 5"):
        read_entries(made(tmp_path, "[a]\nx = 1\n[b]\nz = 3\n[a.inner]\ny = 2\n"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('aliases = ["a", "b c"]', ["a", "b c"]),
        ("aliases = []", []),
        ('aliases = "one"', "one"),
        ("aliases = ['single', 'quotes']", ["single", "quotes"]),
        ('aliases = ["with \\"escape\\""]', ['with "escape"']),
        ('aliases = ["a"] # comment', ["a"]),
        ("aliases = [", None),
        ('aliases = "one" "two"', None),
        ('aliases = "one",', None),
    ],
)
def test_names_are_read_alone(tmp_path: Path, line: str, expected: object) -> None:
    """Names need no reading of the rest, in whatever way they are written."""
    entry = read_entries(made(tmp_path, f"[a]\n{line}\nbroken = =\n"))["a"]
    assert entry.get("aliases") == expected
    assert entry.get("name", "none") == "none"


def test_entries_are_mappings(tmp_path: Path) -> None:
    """They have a length, a text, keys with escapes, and go through a pickle."""
    entries = read_entries(made(tmp_path, '["a \\"b\\""]\nx = 1\n'))
    entry = entries['a "b"']
    assert (len(entry), list(entry), entry.get("x"), entry.get("y", 7)) == (1, ["x"], 1, 7)
    assert repr(entry) == "<entry 'a \"b\"' of facts.toml>"
    assert dict(pickle.loads(pickle.dumps(dict(entry)))) == {"x": 1}
