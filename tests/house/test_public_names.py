"""The public names: few at the front door, all documented, none that does not exist."""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import llm_economics

# Pages, examples and messages use these: one that goes, or comes, is a decision.
FRONT_DOOR = [
    "Accelerator",
    "Architecture",
    "Claim",
    "Evidence",
    "Facility",
    "Grid",
    "InferenceWorkload",
    "Model",
    "Quantity",
    "Server",
    "Service",
    "Source",
    "Tariff",
    "TrainingWorkload",
    "Workload",
    "__version__",
    "about",
    "accelerators",
    "axis",
    "between",
    "catalog",
    "claims",
    "compare",
    "facilities",
    "functions",
    "grids",
    "mfu",
    "mixture",
    "models",
    "most_likely",
    "pareto",
    "quantity",
    "servers",
    "services",
    "serving",
    "sources",
    "tariffs",
    "training",
    "uniform",
    "ureg",
    "use_as_application_registry",
]
PACKAGE = Path(llm_economics.__file__).parent
MODULES = [
    module.name
    for module in pkgutil.walk_packages(llm_economics.__path__, "llm_economics.")
    if not module.name.endswith("__main__")
]


def test_front_door_is_pinned() -> None:
    """The public names are exactly these, in order."""
    assert llm_economics.__all__ == FRONT_DOOR


@pytest.mark.parametrize("name", FRONT_DOOR)
def test_name_resolves_and_is_kept(name: str) -> None:
    """Each name gives an object, the same one each time."""
    assert getattr(llm_economics, name) is not None
    assert getattr(llm_economics, name) is getattr(llm_economics, name) or name == "__version__"


@pytest.mark.parametrize("name", sorted(set(FRONT_DOOR) - {"__version__"}))
def test_public_object_is_documented(name: str) -> None:
    """Each object at the front door, a shelf too, says what it is."""
    assert len(inspect.getdoc(getattr(llm_economics, name)) or "") > 20


@pytest.mark.parametrize("home", sorted(llm_economics._HOMES))
def test_type_checkers_and_runtime_agree(home: str) -> None:
    """What type checkers import from a module is what runs."""
    tree = ast.parse(Path(llm_economics.__file__).read_text(encoding="utf-8"))
    declared = [
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == f"llm_economics.{home}"
        for alias in node.names
    ]
    assert declared == list(llm_economics._HOMES[home])


def test_catalogue_is_loaded_at_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """`le.catalog` works before anything else has imported it."""
    catalogue = llm_economics.catalog
    monkeypatch.delattr(llm_economics, "catalog")
    assert llm_economics.catalog is catalogue


def test_version_without_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a source tree that is not installed, the version says that it is unknown."""

    def nothing(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", nothing)
    assert llm_economics.__version__ == "0+unknown"


def test_messages_name_what_exists() -> None:
    """Each `le.name` that a docstring or message tells to type stands at the front door."""
    source = "\n".join(p.read_text(encoding="utf-8") for p in PACKAGE.rglob("*.py"))
    told = set(re.findall(r"\ble\.([A-Za-z_]+)", source))
    assert told <= set(FRONT_DOOR)


def test_front_door_is_small() -> None:
    """A reader can take in the list at one look."""
    assert 25 <= len(set(llm_economics.__all__) - {"__version__"}) <= 40


def test_completion_shows_what_is_public() -> None:
    """`dir` shows exactly the public names, so that completion does."""
    assert sorted(dir(llm_economics)) == sorted(llm_economics.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as in any other module."""
    with pytest.raises(AttributeError, match="no_such_name"):
        llm_economics.no_such_name  # noqa: B018


@pytest.mark.parametrize("name", ["llm_economics", *MODULES])
def test_module_lists_names_that_exist(name: str) -> None:
    """Each module has a docstring and an `__all__` without repeats, and all of it exists."""
    module = importlib.import_module(name)
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    assert not [public for public in module.__all__ if not hasattr(module, public)]


@pytest.mark.parametrize("name", ["llm_economics", *MODULES])
def test_public_names_are_documented(name: str) -> None:
    """Each public function and class says what it is for."""
    module = importlib.import_module(name)
    found = {public: getattr(module, public) for public in module.__all__}
    bare = [
        public
        for public, value in found.items()
        if (inspect.isfunction(value) or inspect.isclass(value)) and not inspect.getdoc(value)
    ]
    assert not bare
