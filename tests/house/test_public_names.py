"""The public names: few at the front door, all documented, none that does not exist."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import llm_economics

# The names that every page uses; the front door may have more, but none of these goes away.
MUST_HAVE = {
    "Accelerator",
    "Model",
    "Quantity",
    "Workload",
    "__version__",
    "between",
    "ureg",
    "use_as_application_registry",
}
MODULES = [
    module.name
    for module in pkgutil.walk_packages(llm_economics.__path__, "llm_economics.")
    if not module.name.endswith("__main__")
]


def test_front_door_has_the_names_of_the_pages() -> None:
    """The nouns and the units stand at the front door."""
    assert set(llm_economics.__all__) >= MUST_HAVE


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
