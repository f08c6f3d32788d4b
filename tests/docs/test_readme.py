"""The README: its code prints what it says, and its two commands can be copied."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """Return the text of a section of the README."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def test_code_prints_what_the_readme_says() -> None:
    """The block under "Use it" runs as it stands, and the block below it is its output."""
    code, *_ = blocks(section("Use it"), "python")
    said, *_ = blocks(section("Use it"), "text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue() == said


def test_code_is_short() -> None:
    """A reader sees the first result without scrolling."""
    code, *_ = blocks(section("Use it"), "python")
    assert len(code.splitlines()) <= 15


@pytest.mark.parametrize("title", ["Run it", "Test it"])
def test_command_is_one_line(title: str) -> None:
    """A command is copied with one click: one line, no prompt in front."""
    command, *more = blocks(section(title), "console")
    assert len(command.splitlines()) == 1
    assert not command.startswith("$")
    assert not more


def test_main_job_prints_what_the_readme_shows(capsys: pytest.CaptureFixture[str]) -> None:
    """The sample under "Run it" is how the output of the command begins."""
    from llm_economics.cli import main

    said, *_ = blocks(section("Run it"), "text")
    assert main([]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(said.removesuffix("...\n"))


def test_pages_that_the_readme_names_exist() -> None:
    """Links and file names lead somewhere."""
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    named = re.findall(r"`((?:docs|src|examples)/[^`*]*)`", README)
    missing = [name for name in (*links, *named) if not (ROOT / name).exists()]
    assert not missing
