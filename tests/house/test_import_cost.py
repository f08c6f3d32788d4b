"""`import llm_economics` costs next to nothing: everything is loaded at first use."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

LOADED = """
import json, sys
before = set(sys.modules)
import llm_economics
{then}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def modules_after(then: str = "") -> set[str]:
    """Modules that a fresh Python has loaded for the import, and for what comes `then`."""
    code = LOADED.format(then=then)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_loads_itself_alone() -> None:
    """The import brings no other module, not even of the standard library."""
    assert modules_after() <= {"llm_economics", "__future__"}


@pytest.mark.parametrize("then", ["dir(llm_economics)", "llm_economics.__all__"])
def test_looking_at_the_names_loads_nothing(then: str) -> None:
    """Completion and `from llm_economics import *` may list names without loading them."""
    assert modules_after(then) <= {"llm_economics", "__future__"}


def test_version_does_not_load_the_library() -> None:
    """Asking for the version needs no computing library."""
    loaded = modules_after("llm_economics.__version__")
    assert not loaded & {"attrs", "cattrs", "numpy", "pint", "uncertainties"}


@pytest.mark.parametrize(
    ("then", "absent"),
    [
        ("llm_economics.quantity('1 W')", "cattrs"),
        ("llm_economics.Accelerator", "cattrs"),
        ("llm_economics.TrainingWorkload", "llm_economics.catalog"),
        ("llm_economics.accelerators", "llm_economics.report.comparison"),
        ("llm_economics.services['ChatGPT'].estimate()", "pandas"),
    ],
)
def test_first_use_loads_what_it_needs(then: str, absent: str) -> None:
    """Units and nouns do without the catalogue, the catalogue without reports."""
    loaded = modules_after(then)
    assert "pint" in loaded
    assert absent not in loaded
