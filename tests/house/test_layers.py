"""The rooms: who may import whom, what stays out of memory, and what is built only once.

The order of the rooms stands in `pyproject.toml` and import-linter reads it; the rest is read from
the syntax trees here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from importlinter.cli import lint_imports

import llm_economics

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(llm_economics.__file__).parent
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
FILES = sorted(PACKAGE.rglob("*.py"))
HEAVY = ("dask", "distributed", "genai_prices", "matplotlib", "pandas", "scipy", "xarray")


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def called_names(path: Path) -> Iterator[str]:
    """Yield the last part of the name of everything that is called in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2]


def test_rooms_import_downwards_only() -> None:
    """Every contract of import-linter is kept: layers, light rooms, no cycles."""
    assert lint_imports(config_filename=str(PYPROJECT), no_cache=True) == 0


def test_import_is_light() -> None:
    """`import llm_economics` loads neither the optional libraries nor NumPy and pint."""
    code = "import sys, llm_economics; print(*{n.partition('.')[0] for n in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {*HEAVY, "cattrs", "numpy", "pint", "uncertainties"}


def test_all_rooms_import_without_optional_libraries() -> None:
    """Each module can be imported where no extra is installed."""
    names = [
        ".".join(["llm_economics", *path.relative_to(PACKAGE).with_suffix("").parts])
        for path in FILES
        if path.name != "__main__.py"
    ]
    block = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))"
    code = f"{block}; import importlib; [importlib.import_module(n) for n in {names!r}]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_there_is_one_registry() -> None:
    """Only `core/registry.py` builds a registry; quantities of two registries do not mix."""
    builders = [name_of(path) for path in FILES if "UnitRegistry" in set(called_names(path))]
    assert set(builders) <= {"core/registry.py"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_file_runs_no_foreign_code(path: Path) -> None:
    """Nothing evaluates text or unpickles: a file is data."""
    called = set(called_names(path))
    assert not called & {"eval", "Unpickler", "read_pickle"}
    # One file compiles text, of its own making: tests/core/uncertain/test_code.py looks at it.
    assert "exec" not in called or name_of(path) == "core/uncertain/code.py"
