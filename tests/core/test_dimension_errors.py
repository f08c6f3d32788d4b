"""The words of an error about units."""

from __future__ import annotations

from typing import Any

import numpy as np
import pint
import pytest

from llm_economics.core.dimension_errors import describe_dimension, dimension_error
from llm_economics.core.dimension_names import DIMENSION_NAMES
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import ureg


@pytest.mark.parametrize("name", DIMENSION_NAMES, ids=lambda n: n.name)
def test_every_name_fits_its_unit_and_example(name: Any) -> None:
    """Unit and example of a dimension have that dimension, and no two names share one."""
    assert quantity(name.example).dimensionality == ureg.Quantity(1, name.unit).dimensionality
    found = describe_dimension(quantity(name.example))
    assert found is name


def test_what_has_no_name() -> None:
    """Plain numbers and unusual units have none."""
    assert describe_dimension(5) is None
    assert describe_dimension(quantity("5 W*user")) is None
    assert describe_dimension(ureg.watt) is not None


@pytest.mark.parametrize(
    ("got", "guess"),
    [
        (quantity("5 MW"), "'5 MWh'"),
        (between(1, 2, "MW"), "'MWh'"),
        (quantity(np.array([1.0, 2.0]), "MW"), "'MWh'"),
        (quantity("5 user"), ""),
    ],
    ids=["exact", "range", "array", "other"],
)
def test_the_slip_is_guessed(got: Any, guess: str) -> None:
    """A missing 'per hour' is offered for exact values, ranges and arrays."""
    message = str(dimension_error("use(energy)", quantity("1 MWh"), got))
    assert message.startswith("use(energy) needs energy, such as '5 MWh'; got ")
    assert f"Did you mean {guess}?" in message or not guess


def test_numbers_and_foreign_quantities() -> None:
    """Whatever came, the error can be built."""
    theirs: Any = pint.UnitRegistry()  # noqa: TID251 - a user's own
    assert "which is a plain number" in str(dimension_error("f", quantity("1 MW"), 5))
    assert "which is a text" in str(dimension_error("f", quantity("1 MW"), "5 MW"))
    assert "Did you mean" not in str(dimension_error("f", 5, quantity("1 MW")))
    assert "which is energy" in str(
        dimension_error("f", quantity("1 MW"), theirs.Quantity(5, "kWh"))
    )
