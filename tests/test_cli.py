"""The command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from llm_economics.cli import SERVICES, main


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


def test_catalogue_check(capsys: pytest.CaptureFixture[str]) -> None:
    """The facts of the library are in order; both spellings of the command work."""
    assert main(["catalogue", "check"]) == 0
    assert "\n0 problems, " in capsys.readouterr().out
    assert main(["catalog", "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["problems"] == []


def test_catalogue_check_finds_a_problem(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A problem is printed, and the status is 1."""
    monkeypatch.setattr("llm_economics.catalog.checking.MAXIMUM_SIZE", 1)
    assert main(["catalogue", "check"]) == 1
    assert "\n1 problems, " in capsys.readouterr().out
    assert main(["catalogue", "check", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["problems"][0]["rule"] == "size"


def test_catalogue_stale(capsys: pytest.CaptureFixture[str]) -> None:
    """Old figures are listed with date, place and source, or as data."""
    assert main(["catalogue", "stale", "--months", "48"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == f"{len(lines)} figures were stated more than 48 months ago."
    assert lines[0].startswith("  2")
    assert main(["catalogue", "stale", "--months", "48", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == len(lines)
    assert {"shelf", "entry", "field", "date", "kind", "sources"} == set(found[0])
    assert main(["catalogue", "stale", "--months", "-1"]) == 2
    assert "months needs a whole number" in capsys.readouterr().err


def test_catalogue_needs_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """What is to be done with the catalogue has to be said."""
    with pytest.raises(SystemExit, match="2"):
        main(["catalogue"])
    assert "required: COMMAND" in capsys.readouterr().err


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
