"""A factor around a formula goes into its constants where that is free, and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llm_economics.core.reading import uniform
from llm_economics.core.uncertain.program import compile_program

X, Y = (uniform(1, 5, name=name).magnitude for name in "xy")
SHARED = X * 3.0


def operations(number: Any) -> int:
    return sum(
        step.operation not in {"variable", "constant"}
        for step in compile_program(number).instructions
    )


@pytest.mark.parametrize(
    ("inner", "saved"),
    [
        (X * 8.0, 1),
        (X * 8.0 * Y, 1),
        (8.0 / X, 1),
        (X * 8.0 / Y, 1),
        (X * 8.0 + Y * 3.0, 1),
        (X * 8.0 - 2.0, 1),
        (np.maximum(X * 8.0, Y / 2.0 * 3.0), 1),
        (np.where(np.less(X, Y), X * 2.0, 5.0 / Y), 1),
        (-(X * 8.0), 1),
        (X + Y * 3.0, 0),
        (X * Y, 0),
        (X / 8.0, 0),
        (np.ceil(X * 8.0), 0),
        (np.exp(X * 8.0), 0),
        (SHARED + SHARED * SHARED, 0),
        (SHARED * Y / (SHARED + 1.0), 0),
    ],
)
@pytest.mark.parametrize("factor", [277.5, -2.0])
def test_a_factor_is_taken_in_where_it_is_free(inner: Any, saved: int, factor: float) -> None:
    """The value is the same, and an operation is saved where all terms have a constant."""
    if factor < 0 and "maximum" in {s.operation for s in compile_program(inner).instructions}:
        saved = 0  # it would turn into a minimum
    outer = inner * factor
    assert operations(outer) == operations(inner) + 1 - saved
    for point in ((1.5, 4.25), (4.0, 1.25)):
        values = {"x": point[0], "y": point[1]}
        one, other = (compile_program(n) for n in (inner, outer))
        expected = factor * one.value([values[v.name] for v in one.variables])
        found = other.value([values[v.name] for v in other.variables])
        assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("factor", [0.0, np.inf, 1e300])
def test_factors_that_would_lose_something_stay(factor: float) -> None:
    """Zero, infinity and what overflows are left where they are."""
    number = X * 1e10 * factor
    assert operations(number) == 2


def test_deep_formulas_are_left_alone() -> None:
    """The search for constants has an end."""
    number = X * 2.0
    for _ in range(100):
        number = number * Y
    assert operations(number * 3.0) == 102
