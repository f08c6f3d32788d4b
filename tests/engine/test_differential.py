"""Differential: one formula on floats, arrays, quantities, ufloats and the graph gives one answer.

Values agree to 1e-12, derivatives to 1e-9. For every public law the same is tested in
`tests/house/test_laws.py` (`test_one_formula_on_every_kind_of_number`,
`test_one_derivative_on_every_kind_of_number`); here it is the cost of fifteen inputs, and random
formulas through each of the engine's evaluators.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from uncertainties import ufloat

from llm_economics.core.reading import quantity, uniform
from llm_economics.core.uncertain.operations import OPERATIONS
from llm_economics.core.uncertain.program import compile_program
from tests.engine.formula import (
    CHOICES,
    ENDS,
    SIGNED,
    SMOOTH,
    STEPS,
    UNITS,
    cost_in_dollars,
    cost_points,
    cost_ranges,
    evaluate,
    examples,
    formulas,
    numbers,
    training_cost,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.uncertain.program import Program

each_point = pytest.mark.parametrize("point", cost_points(), ids=range(5))


def in_blocks(program: Program, values: list[float]) -> float:
    """Run on arrays of a few samples, all alike."""
    found = np.asarray(program.run([np.full(3, value) for value in values]))
    # A formula that is fixed has one number for all samples.
    assert np.ptp(found) == 0
    return float(found.flat[0])


EVALUATORS: dict[str, Callable[[Program, list[float]], float]] = {
    "step by step": lambda program, values: float(program.trace(values)[-1]),
    "run": lambda program, values: float(program.run(values)),
    "scalar code": lambda program, values: program.value(values),
    "gradient": lambda program, values: float(program.gradient(values)[0]),
    "blocks": in_blocks,
}


def program_of(number: Any) -> tuple[Program, list[str]]:
    """Compile a range and name its inputs in the program's order."""
    program = compile_program(number.magnitude)
    return program, [variable.name for variable in program.variables]


@each_point
def test_cost_on_every_kind_of_number(point: dict[str, float]) -> None:
    """The cost is one number on floats in SI units, arrays, quantities, ufloats and the graph."""
    expected = pytest.approx(training_cost(point), rel=1e-12)
    with_units = {name: quantity(value, UNITS[name]) for name, value in point.items()}
    program, names = program_of(cost_in_dollars(cost_ranges(UNITS)))
    values = [point[name] for name in names]
    assert sorted(names) == sorted(ENDS)
    assert cost_in_dollars(with_units).magnitude == expected
    assert training_cost({n: np.full(3, value) for n, value in point.items()}) == expected
    assert training_cost(in_ufloats(point)).nominal_value == expected
    assert {name: run(program, values) for name, run in EVALUATORS.items()} == dict.fromkeys(
        EVALUATORS, expected
    )


@each_point
def test_derivatives_of_the_cost(point: dict[str, float]) -> None:
    """Each of the fifteen derivatives is that of ufloats; both use the ramp under the stairs."""
    inputs = in_ufloats(point)
    derivatives = training_cost(inputs).derivatives
    program, names = program_of(cost_in_dollars(cost_ranges(UNITS)))
    slopes = program.gradient([point[name] for name in names])[1]
    for name, slope in zip(names, slopes, strict=True):
        expected = derivatives.get(inputs[name], 0.0)
        rounding = rounding_of(training_cost(point), point[name])
        assert float(slope) == pytest.approx(expected, rel=1e-9, abs=rounding), name


def rounding_of(value: float, at: float) -> float:
    """What may be left of a derivative where an input cancels."""
    return 1e-12 * abs(value / at)


def in_ufloats(point: dict[str, float]) -> dict[str, Any]:
    return {name: ufloat(value, 0.01 * value) for name, value in point.items()}


@examples(3)
@given(formulas(*SMOOTH, *CHOICES, "ceil({})"), numbers(), numbers())
def test_random_formulas_on_every_kind_of_number(text: str, x: float, y: float) -> None:
    """Whatever the formula: floats, quantities, ufloats and every evaluator give one value."""
    expected = pytest.approx(float(evaluate(text, x=x, y=y)), rel=1e-12)
    plain = quantity(evaluate(text, x=quantity(x), y=quantity(y)))
    by_ufloats = 0.0 + evaluate(text, x=ufloat(x, 0.1), y=ufloat(y, 0.1)) + ufloat(0.0, 0.1)
    assert float(plain.magnitude) == expected
    assert by_ufloats.nominal_value == expected
    program, values = recorded(text, x, y)
    assert {name: run(program, values) for name, run in EVALUATORS.items()} == dict.fromkeys(
        EVALUATORS, expected
    )


@examples(2)
@given(formulas(*SIGNED, *CHOICES, *STEPS), numbers(), numbers())
def test_random_formulas_of_any_sign(text: str, x: float, y: float) -> None:
    """Also where terms cancel: every evaluator gives the value of the text, but for rounding."""
    program, values = recorded(text, x, y)
    largest = max(abs(float(step)) for step in program.trace(values))
    expected = pytest.approx(float(evaluate(text, x=x, y=y)), rel=1e-12, abs=1e-14 * largest)
    assert {name: run(program, values) for name, run in EVALUATORS.items()} == dict.fromkeys(
        EVALUATORS, expected
    )


@examples(2)
@given(formulas(*SMOOTH, *CHOICES), numbers(), numbers())
def test_derivatives_of_random_formulas(text: str, x: float, y: float) -> None:
    """The backward sweep gives the derivatives of ufloats."""
    inputs = {"x": ufloat(x, 0.1), "y": ufloat(y, 0.1)}
    by_ufloats = evaluate(text, **inputs) + 0.0 * sum(inputs.values())
    program, values = recorded(text, x, y)
    for variable, slope in zip(program.variables, program.gradient(values)[1], strict=True):
        varied = inputs[variable.name]
        expected = by_ufloats.derivatives[varied]
        rounding = rounding_of(by_ufloats.nominal_value, varied.nominal_value)
        assert float(slope) == pytest.approx(expected, rel=1e-9, abs=rounding)


def test_random_formulas_reach_every_operation() -> None:
    """No operation of the graph is left out of the formulas that are drawn."""
    reached = set()
    for part in (*SMOOTH, *CHOICES, *STEPS, *SIGNED):
        number = evaluate(part.format("x", "y", "y", "x"), x=uniform(1, 2), y=uniform(1, 2))
        reached |= {step.operation for step in compile_program(number.magnitude).instructions}
    assert reached - {"variable", "constant"} == set(OPERATIONS)


def recorded(text: str, x: float, y: float) -> tuple[Program, list[float]]:
    """Program of a formula of two ranges, and the values in its order."""
    ranges = {name: uniform(0.1, 11, name=name) for name in "xy"}
    program, names = program_of(quantity(evaluate(text, **ranges)) + 0.0 * ranges["x"])
    return program, [{"x": x, "y": y}[name] for name in names]
