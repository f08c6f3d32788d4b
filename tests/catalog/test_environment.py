"""The environment variable: its files are there at first use, and cannot break anything."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.catalog import loading, stock
from llm_economics.catalog.checking import check_catalog
from llm_economics.catalog.stock import CatalogWarning
from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = '[accelerators."My chip"]\nvendor = "We"\n'
BAD = '[accelerators."H100"]\nvendor = 5\n'


@pytest.fixture
def first_use(as_before: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the next use of the catalogue be the first."""
    loading.LEFT_OUT.clear()
    monkeypatch.setattr(stock, "WHEN_FIRST_USED", [loading._load_named_files])


def name(monkeypatch: pytest.MonkeyPatch, folder: Path, **files: str) -> list[Path]:
    """Write files and name them in the environment."""
    paths = [folder / f"{stem}.toml" for stem in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text, encoding="utf-8")
    monkeypatch.setenv(loading.VARIABLE, os.pathsep.join(map(str, paths)))
    return paths


def test_files_are_there(first_use: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files are loaded in order, so a later one may refer to an earlier one."""
    server = '[servers.Mine]\naccelerator = "my-chip"\n'
    name(monkeypatch, tmp_path, one=GOOD, two=server)
    assert le.servers["mine"].accelerator is le.accelerators["My chip"]
    assert stock.WHEN_FIRST_USED == []


@pytest.mark.parametrize("value", ["", "  ", os.pathsep, None])
def test_nothing_named_is_nothing_loaded(
    first_use: None, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """An empty variable is none."""
    monkeypatch.delenv(loading.VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(loading.VARIABLE, value)
    assert "My chip" not in le.accelerators
    assert loading.LEFT_OUT == []


def test_problems_are_one_warning(
    first_use: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Each file with problems is left out and told; good ones and the rest are there."""
    paths = name(monkeypatch, tmp_path, bad=BAD, good=GOOD, worse="[[")
    missing = tmp_path / "none.toml"
    monkeypatch.setenv(loading.VARIABLE, os.pathsep.join(map(str, [*paths, "", missing])))
    with pytest.warns(CatalogWarning, match=loading.VARIABLE) as caught:
        assert le.accelerators["my chip"].vendor == "We"
    assert len(caught) == 1
    text = str(caught[0].message)
    assert f"{paths[0]}: 2 problems" in text
    assert "accelerators/H100.vendor: needs a text; got 5 (line 2)" in text
    assert f"{paths[2]}: 1 problem\n  - it is not TOML" in text
    assert f"{missing}: 1 problem\n  - there is no such file" in text
    assert le.accelerators["H100"].vendor == "NVIDIA"
    # They are told once, and again to who checks the catalogue.
    report = check_catalog(today="2026-11-24")
    told = [finding for finding in report.problems if finding.where == str(paths[0])]
    assert [finding.rule for finding in told] == ["reads", "reads"]


def test_load_that_fails_keeps_them(
    first_use: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """When the first use is a file that is refused, those of the environment stay."""
    name(monkeypatch, tmp_path, good=GOOD)
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(BAD, encoding="utf-8")
    with pytest.raises(CatalogError, match="2 problems"):
        le.catalog.load(wrong)
    assert "my chip" in le.accelerators


def test_home_may_be_abbreviated(
    first_use: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A tilde stands for the home folder."""
    name(monkeypatch, tmp_path, good=GOOD)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv(loading.VARIABLE, "~/good.toml")
    assert "my chip" in le.accelerators


IN_A_NEW_PROCESS = """
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error")
    import llm_economics as le
    le.accelerators
    assert repr(le.quantity("5 W"))
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    print(len(le.models) > 10, "My chip" in le.accelerators, len(told), told[0].category.__name__)
"""


def test_import_is_untouched(tmp_path: Path) -> None:
    """In a new process neither the import nor a shelf by itself reads the files."""
    (tmp_path / "good.toml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.toml").write_text(BAD, encoding="utf-8")
    named = os.pathsep.join(str(tmp_path / stem) for stem in ("good.toml", "bad.toml"))
    done = subprocess.run(
        [sys.executable, "-c", IN_A_NEW_PROCESS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, loading.VARIABLE: named},
    )
    assert done.stdout.split() == ["True", "True", "1", "CatalogWarning"], done.stderr
