"""Files of facts that are wrong, huge or no text: a readable error soon, and the rest stays."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.catalog import loading
from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """[sources.my-quote]
title = "A quote"
organisation = "A reseller"
date = "2026-11"
"""
ORIGIN = 'source = "my-quote", kind = "disclosed", date = "2026-11", confidence = "seen"'
CHIP = f"""{SOURCE}
[accelerators."My chip"]
power = {{ value = "5 W", {ORIGIN} }}
"""
MANY = "".join(f"[accelerators.chip{n}]\n" for n in range(100_000))
BAD_CHIPS = "".join(f'[accelerators."chip {n}"]\nvendor = {n}\n' for n in range(1500))

# name: (text of the file, a pattern for each problem)
BAD = {
    "key twice": (CHIP + "vendor = 'x'\nvendor = 'y'\n", [r"it is not TOML: .*\(at line 9,"]),
    "table twice": (CHIP + "[sources.my-quote]\n", [r"it is not TOML: .*\(at line 8,"]),
    "entry twice, spelt in two ways": (
        CHIP + '[accelerators."my-chip"]\n',
        [r"accelerators/my-chip: the name 'my-chip' belongs to .*'My chip' already \(line 8\)"],
    ),
    "unknown unit": (
        CHIP.replace("5 W", "5 Wats"),
        [r"accelerators/My chip\.power: the unit 'Wats' cannot be read.*\(line 7\)"],
    ),
    "low above high": (
        CHIP.replace("5 W", "9-5 W"),
        [r"accelerators/My chip\.power: .*9.*5.*\(line 7\)"],
    ),
    "future date": (
        CHIP.replace("2026-11", "2099-01"),
        [
            r"sources/my-quote\.date: '2099-01' is in the future.*\(line 4\)",
            r"accelerators/My chip\.power\.date: '2099-01' is in the future.*\(line 7\)",
        ],
    ),
    "missing source": (
        CHIP.replace('source = "my-quote", ', ""),
        [r"accelerators/My chip\.power\.source: is missing \(line 7\)"],
    ),
    "unknown source": (
        CHIP.replace('source = "my-quote"', 'source = "none-such"'),
        [r"My chip\.power\.source: there is no source 'none-such' \(line 7\)"],
    ),
    "part of an entry": (
        f'{SOURCE}[services."Mine".training]\nduration = 5\n',
        [
            r"services/Mine\.query: is missing \(line 5\)",
            r"services/Mine/training\.accelerator: is missing \(line 5\)",
            r"services/Mine/training\.duration: needs a table.*\(line 6\)",
        ],
    ),
    "shelf that does not exist": ("\n[acelerators.x]\n", [r"no such shelf.*\(line 2\)"]),
    "100,000 lines of words": ("power\n" * 100_000, [r"it is not TOML: .*line 1"]),
    "100,000 entries": (MANY, ["it has more than 5,000 entries and figures, or 30,000 keys"]),
    "100,000 keys": (
        "[accelerators.x]\n" + "".join(f"k{n} = 1\n" for n in range(100_000)),
        ["it has more than 5,000 entries and figures, or 30,000 keys"],
    ),
    "deep": ("a = " + "[" * 50_000 + "]" * 50_000, ["it is not TOML|nested deeper"]),
    "deep tables": ("[" + ".".join("a" * 300) + "]\n", ["nested deeper than 32 levels"]),
    "not UTF-8": ("título = 1", ["it is not UTF-8 text.*position 1"]),
}


def names() -> tuple[int, int]:
    return len(le.accelerators), len(le.sources)


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused(name: str, tmp_path: Path, as_before: None) -> None:
    """File, path and line are told; nothing is added, and what was there can be used."""
    text, patterns = BAD[name]
    file = tmp_path / "facts.toml"
    file.write_text(text, encoding="latin-1" if name == "not UTF-8" else "utf-8")
    before = names()
    with pytest.raises(CatalogError, match=rf"facts\.toml: {len(patterns)} problems?\n") as caught:
        le.catalog.load(file)
    assert caught.value.file == str(file)
    for pattern in patterns:
        assert any(re.search(pattern, line) for line in caught.value.problems), caught.value
    assert names() == before
    assert le.accelerators["H100"].power is not None


def test_rest_of_a_hopeless_file_is_not_looked_at(tmp_path: Path, as_before: None) -> None:
    """After a thousand problems the file is given back, and the last line says so."""
    file = tmp_path / "facts.toml"
    file.write_text(BAD_CHIPS, encoding="utf-8")
    with pytest.raises(CatalogError, match="1001 problems") as caught:
        le.catalog.load(file)
    assert caught.value.problems[-1] == "what comes after these problems was not looked at"
    assert caught.value.problems[0].endswith("needs a text; got 0 (line 2)")


def test_large_good_file_is_loaded(tmp_path: Path, as_before: None) -> None:
    """100,000 lines that say little, and 2,000 entries, are fine."""
    file = tmp_path / "facts.toml"
    chips = "".join(f'[accelerators."chip {n}"]\nvendor = "We"\n' for n in range(2000))
    file.write_text("# nothing\n" * 100_000 + chips, encoding="utf-8")
    le.catalog.load(file)
    assert le.accelerators["CHIP-1999"].vendor == "We"


def test_date_of_tomorrow_is_no_future(
    tmp_path: Path, as_before: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """East of Greenwich it is tomorrow already; the day after is refused."""
    file = tmp_path / "facts.toml"
    monkeypatch.setattr(loading, "today", lambda: date(2026, 11, 24))
    file.write_text(CHIP.replace('date = "2026-11"\n', 'date = "2026-11-26"\n'), encoding="utf-8")
    with pytest.raises(CatalogError, match=r"my-quote\.date: '2026-11-26' is in the future"):
        le.catalog.load(file)
    file.write_text(CHIP.replace('date = "2026-11"\n', 'date = "2026-11-25"\n'), encoding="utf-8")
    le.catalog.load(file)
    assert "my chip" in le.accelerators
