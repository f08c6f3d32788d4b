"""Errors of the house: caught together or by their built-in, with the nearest names."""

from __future__ import annotations

import pickle

import pytest

from llm_economics.core.errors import (
    CatalogError,
    DimensionError,
    LinearizationWarning,
    LLMEconomicsError,
    MissingInputError,
    NotationError,
    RangeError,
    TruthValueError,
    UnknownNameError,
    nearest_names,
)


@pytest.mark.parametrize(
    ("error", "built_in"),
    [
        (DimensionError, ValueError),
        (RangeError, ValueError),
        (NotationError, ValueError),
        (MissingInputError, ValueError),
        (TruthValueError, TypeError),
        (UnknownNameError, KeyError),
        (CatalogError, ValueError),
    ],
)
def test_errors_have_two_parents(error: type[Exception], built_in: type[Exception]) -> None:
    """Each is ours and a built-in."""
    assert issubclass(error, LLMEconomicsError)
    assert issubclass(error, built_in)


def test_the_warning_is_a_user_warning() -> None:
    """It can be filtered like any warning of a library."""
    assert issubclass(LinearizationWarning, UserWarning)


def test_unknown_names_offer_the_nearest() -> None:
    """A misspelt name is answered with names that exist."""
    error = UnknownNameError("h100 smx", ["H100 SXM", "TPU v4"], "accelerator")
    assert str(error) == "there is no accelerator named 'h100 smx'. Did you mean 'H100 SXM'?"
    assert error.nearest == ("H100 SXM",)
    assert str(UnknownNameError("zzz", ["H100 SXM"])) == "there is no name named 'zzz'."


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("H100", ("H100 SXM", "H100 PCIe")),
        ("pcie", ("H100 PCIe",)),
        ("", ()),
        ("quartz", ()),
    ],
)
def test_nearest_names(name: str, near: tuple[str, ...]) -> None:
    """Near by spelling or as a part, ignoring case."""
    assert set(nearest_names(name, ["H100 SXM", "H100 PCIe", "TPU v4"])) == set(near)


def test_problems_are_listed_together() -> None:
    """All problems of a file are shown at once."""
    error = CatalogError("models.toml", ["a.value: missing", "b.unit: wrong"])
    assert str(error) == "models.toml: 2 problems\n  - a.value: missing\n  - b.unit: wrong"
    assert str(CatalogError("models.toml", ["one"])).startswith("models.toml: 1 problem\n")


def test_errors_cross_processes() -> None:
    """A worker's error comes back as it was."""
    back = pickle.loads(pickle.dumps(DimensionError("needs power")))
    assert str(back) == "needs power"
