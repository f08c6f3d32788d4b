"""The scripts in `examples/`: each runs as a user would run it, and prints something."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import llm_economics

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
SOURCE = Path(llm_economics.__file__).parents[1]
MOST_LINES = 25


def run(script: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own: it may add facts to the catalogue."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", str(script)]
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        cwd=folder,
        env=environment,
        check=False,
    )


def test_there_are_examples() -> None:
    """The main job is among them."""
    assert "five_assistants.py" in {script.name for script in EXAMPLES}


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_example_runs(script: Path, tmp_path: Path) -> None:
    """It prints a table, warns about nothing, and leaves nothing behind."""
    done = run(script, tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) >= 5
    assert not done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", EXAMPLES, ids=lambda script: script.stem)
def test_example_uses_the_front_door(script: Path) -> None:
    """It imports the library as its readers should: one name, nothing private."""
    text = script.read_text(encoding="utf-8")
    assert "import llm_economics as le" in text
    assert "from llm_economics" not in text
    assert "le._" not in text


def test_the_main_job_is_short() -> None:
    """The comparison and the audit take few lines."""
    script = next(script for script in EXAMPLES if script.name == "five_assistants.py")
    assert len(script.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_the_main_job_names_all_five(tmp_path: Path) -> None:
    """Every assistant is compared and audited."""
    script = next(script for script in EXAMPLES if script.name == "five_assistants.py")
    text = run(script, tmp_path).stdout
    for name in ("ChatGPT", "Grok", "Gemini", "Copilot", "Titan"):
        assert text.count(name) >= 2, name
