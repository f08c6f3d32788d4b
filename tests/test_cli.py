"""The command line."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from llm_economics.cli import SERVICES, main

if TYPE_CHECKING:
    import pytest


def test_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    """Without arguments the five services are compared and audited."""
    assert main([]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in SERVICES)
    assert "AUDIT OF EVERY FIGURE" in text


def test_one_service(capsys: pytest.CaptureFixture[str]) -> None:
    """--service restricts the comparison, and forgives case."""
    assert main(["--service", "titan", "--markdown"]) == 0
    text = capsys.readouterr().out
    assert "| quantity |  | Titan |" in text
    assert "ChatGPT" not in text.partition("## Audit")[0]


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints data that another program reads; --public adds the other claims."""
    assert main(["--json", "--public", "--service", "Titan"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert list(data["services"]) == ["Titan"]
    assert data["public_audit"]


def test_unknown_service(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown service ends with status 2 and the nearest name, not with a traceback."""
    assert main(["--service", "Gemni"]) == 2
    assert "Did you mean 'Gemini'" in capsys.readouterr().err


def test_as_module() -> None:
    """`python -m llm_economics` works in a process of its own, also on an ASCII terminal."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "llm_economics", "--service", "Grok"],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
    )
    assert b"16.7" in done.stdout


def test_closed_pipe() -> None:
    """A reader that stops early, such as `head`, is no error."""
    command = f"{sys.executable} -m llm_economics --service Grok | head -n 1"
    done = subprocess.run(
        command,
        shell=True,
        capture_output=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"},
    )
    assert b"Traceback" not in done.stderr


def test_same_digits_in_every_process() -> None:
    """Two processes print the same text to the last digit."""
    command = [sys.executable, "-m", "llm_economics", "--service", "Gemini"]
    env = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "random"}
    first, second = (
        subprocess.run(command, capture_output=True, check=True, env=env).stdout for _ in range(2)
    )
    assert first == second
