#!/usr/bin/env -S uv run --script
# /// script
# dependencies = ["nox>=2025.10.14"]
# ///
"""Every check of the repository, by name.

Nox makes one virtual environment per session, installs what the session needs, and runs it::

    nox                  the default sessions, in the order of this file; the tests come last
    nox -l               what there is
    nox -s tests         one session
    nox -s tests -- -k carbon --maxfail=1      what follows the two dashes goes to pytest
    nox -R -s tests      again, in the environment that is there, without installing
    nox -s matrix        the tests on the other Pythons, where they are installed

What a session needs stands in `pyproject.toml` (`[dependency-groups]`); the versions that were
tested stand in `constraints.txt`. uv is not needed: the environments are plain ``venv``.
"""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path
from typing import Any

import nox
from packaging.requirements import Requirement

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
CONSTRAINTS = ("-c", "constraints.txt")
PACKAGE = ("-e", ".[all]")


def install(session: nox.Session, *what: str, groups: tuple[str, ...] = ()) -> None:
    """Install `what` and the dependency groups, at the tested versions."""
    wanted = nox.project.dependency_groups(PYPROJECT, *groups) if groups else ()
    session.install(*CONSTRAINTS, *what, *wanted)


@nox.session
def lint(session: nox.Session) -> None:
    """Look for slips and for untidy layout (ruff)."""
    install(session, groups=("lint",))
    session.run("ruff", "check", "--output-format", "concise")
    session.run("ruff", "format", "--check")


@nox.session
def layers(session: nox.Session) -> None:
    """Check that rooms import downwards only, stay light, and have no cycles (import-linter)."""
    install(session, groups=("layers",))
    # Imports are read from the files, so the package and its libraries need not be installed.
    session.run("lint-imports", "--no-cache", env={"PYTHONPATH": "src"})


@nox.session
def types(session: nox.Session) -> None:
    """Check the types inside (mypy), then that every public name has one (pyright)."""
    install(session, *PACKAGE, groups=("types",))
    samples = sorted(str(path) for path in Path("tests/typing").glob("*.py"))
    session.run("mypy", "src", *samples)
    verify_public_types(session)


def verify_public_types(session: nox.Session) -> None:
    """Fail unless each public symbol has a fully known type."""
    command = ("pyright", "--verifytypes", "llm_economics", "--ignoreexternal", "--outputjson")
    env = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    text = session.run(*command, silent=True, success_codes=[0, 1], env=env)
    found: dict[str, Any] = json.loads(text[text.index("{") :])["typeCompleteness"]
    unknown = [s["name"] for s in found["symbols"] if s["isExported"] and not s["isTypeKnown"]]
    session.log(f"public types known: {found['completenessScore']:.1%}")
    if unknown:
        session.error("these public names have no complete type: " + ", ".join(unknown[:20]))


@nox.session
def docs(session: nox.Session) -> None:
    """Build the pages and run their notebooks; a warning is an error."""
    install(session, *PACKAGE, groups=("docs",))
    session.run("sphinx-build", "-nW", "--keep-going", "-q", "docs", "build/docs")


@nox.session
def examples(session: nox.Session) -> None:
    """Run every script in examples/, in a folder that is thrown away."""
    install(session, *PACKAGE)
    scripts = sorted((ROOT / "examples").glob("*.py"))
    session.chdir(session.create_tmp())
    for script in scripts:
        session.run("python", "-W", "error", str(script), env={"MPLBACKEND": "agg"}, silent=True)
    session.log(f"{len(scripts)} examples ran")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests, and the examples in docstrings and pages (pytest)."""
    install(session, *PACKAGE, groups=("test",))
    session.run("pytest", *session.posargs, env={"MPLBACKEND": "agg"})
    # All went well here: pytest has the last word, unless an earlier session failed.
    logging.getLogger("nox").setLevel(logging.WARNING)


@nox.session(python=["3.12", "3.13"], default=False)
def matrix(session: nox.Session) -> None:
    """Run the tests on the other Pythons."""
    install(session, *PACKAGE, groups=("test",))
    session.run("pytest", *session.posargs, env={"MPLBACKEND": "agg"})


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Run the tests and say which branches none of them takes."""
    install(session, *PACKAGE, groups=("test",))
    session.run("pytest", "--cov", "--cov-report=term", *session.posargs, env={"MPLBACKEND": "agg"})


@nox.session(default=False)
def minimums(session: nox.Session) -> None:
    """Run the tests with the lowest versions that `pyproject.toml` promises to work with."""
    needed = [Requirement(line) for line in PYPROJECT["project"]["dependencies"]]
    lowest = [
        f"{requirement.name}=={bound.version}"
        for requirement in needed
        for bound in requirement.specifier
        if bound.operator == ">="
    ]
    session.install("-e", ".", *lowest, *nox.project.dependency_groups(PYPROJECT, "test"))
    session.run("pytest", "tests", *session.posargs)


@nox.session(default=False)
def review(session: nox.Session) -> None:
    """Compare the repository with the Scientific Python guide (sp-repo-review)."""
    install(session, groups=("review",))
    session.run("repo-review", ".")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build both distributions and check that the wheel carries its data."""
    install(session, groups=("build",))
    folder = Path(session.create_tmp()).resolve()
    session.run("python", "-m", "build", "--outdir", str(folder), silent=True)
    wheel = max(folder.glob("*.whl"), key=lambda path: path.stat().st_mtime)
    carried = set(zipfile.ZipFile(wheel).namelist())
    kept = (path for path in (ROOT / "src").rglob("*") if path.suffix in {".py", ".toml", ".txt"})
    missing = sorted({path.relative_to(ROOT / "src").as_posix() for path in kept} - carried)
    if missing or "llm_economics/py.typed" not in carried:
        session.error(f"not in the wheel: {missing or 'py.typed'}")
    session.log(f"{wheel.name}: {len(carried)} files")


if __name__ == "__main__":
    nox.main()
