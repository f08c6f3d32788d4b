"""A compiled formula: equal parts merged, constants folded, derivatives by one backward sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.distributions import Uniform
from llm_economics.core.uncertain.graph import Uncertain, constant, uncertain
from llm_economics.core.uncertain.program import compile_program
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity


def new(name: str) -> Uncertain:
    return uncertain(Variable.create(Uniform(1, 2), name=name))


X, Y, Z = new("x"), new("y"), new("z")


def test_equal_parts_are_computed_once() -> None:
    """However a part was written, it becomes one instruction."""
    program = compile_program((X + Y) * (Y + X) + np.maximum(X, Y) + np.maximum(Y, X))
    names = [step.operation for step in program.instructions]
    assert names.count("maximum") == 1
    assert names.count("add") == 3


@pytest.mark.parametrize(
    ("number", "value"),
    [((X + Y) - (Y + X), 0.0), ((X * Y) / (Y * X), 1.0), (X * (Y - Y), 0.0)],
    ids=["x - x", "x / x", "x * 0"],
)
def test_what_cancels_is_exact(number: Uncertain, value: float) -> None:
    """A difference of equals is exactly zero, a ratio of equals exactly one."""
    program = compile_program(number)
    assert program.run([1.7] * len(program.variables)) == value


def test_constants_are_folded() -> None:
    """What is fixed is computed when compiling, and unused inputs go away."""
    program = compile_program(constant(2.0) * 3.0 + (X - X))
    assert [step.operation for step in program.instructions] == ["constant"]
    assert program.variables == ()
    assert program.run([]) == 6.0


def test_inputs_come_in_order_of_appearance() -> None:
    """The order does not depend on names or on when inputs were made."""
    assert [v.name for v in compile_program(Z * X + Y * Z).variables] == ["z", "x", "y"]


def test_a_program_is_compiled_once() -> None:
    """A second call returns the same program."""
    number = X * Y
    assert compile_program(number) is compile_program(number)


def test_arrays_are_merged_by_content() -> None:
    """Two equal arrays are one constant, and samples lie on an axis of their own behind them."""
    program = compile_program(X * np.array([1.0, 2.0]) + Y * np.array([1.0, 2.0]))
    assert [step.operation for step in program.instructions].count("constant") == 1
    assert program.shape == (2,)
    drawn = program.run([np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 1.0])])
    np.testing.assert_array_equal(drawn, [[1, 2, 4], [2, 4, 8]])


def test_cost_equals_the_formula_on_floats(
    cost: Callable[..., Any], cost_range: Quantity, points: list[dict[str, float]]
) -> None:
    """The compiled formula gives the same float as the formula itself, to 1e-12."""
    program = compile_program(cost_range.magnitude)
    for point in points:
        values = [point[v.name] for v in program.variables]
        assert program.run(values) == pytest.approx(cost(point), rel=1e-12)


def test_gradient_is_exact() -> None:
    """The backward sweep adds up all ways from an input to the result."""
    program = compile_program(X * X * Y + np.exp(Y) / X)
    value, slopes = program.gradient([2.0, 3.0])
    assert value == pytest.approx(12.0 + np.exp(3.0) / 2.0, rel=1e-15)
    assert slopes == pytest.approx([12.0 - np.exp(3.0) / 4.0, 4.0 + np.exp(3.0) / 2.0])


def test_images_and_slopes_of_many_boxes_at_once() -> None:
    """Boxes are columns; every column is treated alone."""
    program = compile_program(2.0 * X - Y)
    boxes = [(np.array([1.0, 3.0]), np.array([2.0, 4.0])), (np.zeros(2), np.ones(2))]
    (low, high), slopes = program.interval_gradient(boxes)
    np.testing.assert_allclose(low, [1.0, 5.0])
    np.testing.assert_allclose(high, [4.0, 8.0])
    for slope, expected in zip(slopes, (2.0, -1.0), strict=True):
        np.testing.assert_allclose(slope, expected, rtol=1e-14)
        assert slope[0] <= expected <= slope[1]


@pytest.mark.parametrize(
    ("number", "names"),
    [
        (X / (Y - Z), "'y', 'z'$"),
        ((X - Y) ** -1, "'x', 'y'$"),
        (Z + np.log(X - Y), "'x', 'y'$"),
    ],
    ids=["divide", "power", "log"],
)
def test_an_error_names_the_inputs_it_comes_from(number: Uncertain, names: str) -> None:
    """The divisor's inputs are named, not all inputs of the formula."""
    program = compile_program(number)
    box = (np.array([1.0]), np.array([2.0]))
    with pytest.raises(RangeError, match=f"it depends on {names}"):
        program.interval_trace([box] * len(program.variables))


def test_powers_that_do_nothing_are_left_out() -> None:
    """X ** 1 is x and x ** 0 is 1, as programs too."""
    one, other = (compile_program(number).structure() for number in (X**1.0 + Y, X + Y))
    assert one == other
    assert compile_program(X**0.0).variables == ()
