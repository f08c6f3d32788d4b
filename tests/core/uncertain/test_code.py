"""Generated code: the interpreter's numbers, and NumPy's where Python refuses."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

from llm_economics.core.reading import uniform
from llm_economics.core.uncertain import code, kernel
from llm_economics.core.uncertain.code import literal
from llm_economics.core.uncertain.kernel import evaluate
from llm_economics.core.uncertain.program import Program, compile_program

X, Y = (uniform(-5, 5, name=name).magnitude for name in "xy")
FORMULAS = {
    "add": X + Y,
    "subtract": X - 2.0 * Y,
    "multiply": X * Y * X,
    "divide": X / Y,
    "power": X**3.0 + Y**2.0,
    "fractional power": abs(X) ** 1.5,
    "negative": -X * Y,
    "absolute": abs(X) + abs(Y),
    "maximum": np.maximum(X, Y) * np.maximum(X, 1.0),
    "minimum": np.minimum(X, Y) * np.minimum(X, 1.0),
    "ceil": np.ceil(X) * Y,
    "floor": np.floor(X) * Y,
    "exp": np.exp(X * Y / 10.0),
    "log": np.log(X * X + 1.0),
    "sqrt": np.sqrt(X * X + Y * Y),
    "less": np.less(X, Y) * X,
    "where": np.where(np.less(X, Y), X * Y, Y),
    "unused slope": np.less(X, Y) + 0.0 * X,
}
POINTS = [(1.5, -2.5), (-3.25, 0.5), (2.0, 2.0), (0.5, 4.0), (-1.0, -1.0)]


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=list(FORMULAS))
@pytest.mark.parametrize("point", POINTS, ids=str)
def test_code_says_what_the_interpreter_says(formula: Any, point: tuple[float, float]) -> None:
    """Value and slopes are those of the list of instructions."""
    program = compile_program(formula)
    values = [point[0] if v.name == "x" else point[1] for v in program.variables]
    assert program.value(values) == pytest.approx(program._by_numpy(values), rel=1e-15)
    value, slopes = program.gradient(values)
    expected = program._gradient_by_numpy(values)
    assert value == pytest.approx(float(expected[0]), rel=1e-15)
    assert slopes == pytest.approx([float(s) for s in expected[1]], rel=1e-14)
    assert isinstance(value, float)


@pytest.mark.parametrize(
    ("formula", "point", "expected"),
    [
        (X / Y, (1.0, 0.0), math.inf),
        (X / Y, (0.0, 0.0), math.nan),
        (np.log(X), (-1.0,), math.nan),
        (np.log(X), (0.0,), -math.inf),
        (np.sqrt(X), (-1.0,), math.nan),
        (np.exp(X), (1e4,), math.inf),
        (X**0.5, (-1.0,), math.nan),
        (X**-1.0, (0.0,), math.inf),
        (X * 1e300 * 1e300, (5.0,), math.inf),
        (np.ceil(X), (math.inf,), math.inf),
        (np.maximum(X, Y), (math.nan, 1.0), math.nan),
        (np.maximum(X, Y), (1.0, math.nan), math.nan),
        (np.minimum(X, Y), (math.nan, 1.0), math.nan),
        (np.where(np.less(X, 0.0), 0.0, np.sqrt(X)), (-1.0,), 0.0),
    ],
)
def test_where_python_refuses_numpy_answers(
    formula: Any, point: tuple[float, ...], expected: float
) -> None:
    """A division by zero is infinite and a root of -1 undefined, without a warning."""
    program = compile_program(formula)
    np.testing.assert_equal(program.value(point), expected)
    np.testing.assert_equal(float(program.gradient(point)[0]), expected)


def test_long_programs_are_interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A formula of many steps has the same value, without being compiled."""
    number = X
    for n in range(50):
        number = number * 1.01 + n
    expected = compile_program(number).value([2.0])
    monkeypatch.setattr("llm_economics.core.uncertain.program.LONGEST", 10)
    program = compile_program(number)
    fresh = Program(program.instructions, program.variables, program.shape)
    assert fresh.value([2.0]) == pytest.approx(expected, rel=1e-15)
    assert fresh.gradient([2.0])[1] == pytest.approx(program.gradient([2.0])[1])


def test_arrays_are_interpreted() -> None:
    """A formula with an array constant has an array as its value."""
    program = compile_program(X * np.array([1.0, 2.0]))
    np.testing.assert_array_equal(program.value([3.0]), [3.0, 6.0])
    np.testing.assert_array_equal(program.gradient([3.0])[0], [3.0, 6.0])


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-320, -2.5, math.inf, -math.inf, math.nan])
def test_literals_are_exact(value: float) -> None:
    """A float written into code is the same float."""
    function = code.build("f", [], [f"return {literal(value)}"], {"inf": math.inf, "nan": math.nan})
    np.testing.assert_equal(function(), value)
    assert math.copysign(1.0, function()) == math.copysign(1.0, value)


def test_slopes_of_every_step() -> None:
    """The forward sweep gives the derivatives of all steps, the last those of the gradient."""
    program = compile_program(np.maximum(X * Y, Y) / (2.0 + X * X))
    values, slopes = program.jacobian([1.5, 2.5])
    value, gradient = program.gradient([1.5, 2.5])
    assert values[-1] == pytest.approx(value)
    assert slopes[-1] == pytest.approx(gradient)
    assert len(values) == len(slopes) == len(program.instructions)


def test_no_text_of_a_user_gets_into_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of inputs are not in the code: it holds step numbers, floats and operations only."""
    bodies: list[str] = []
    build = code.build

    def spy(name: str, parameters: list[str], body: list[str], names: dict[str, Any]) -> Any:
        bodies.extend([*parameters, *body])
        return build(name, parameters, body, names)

    monkeypatch.setattr(code, "build", spy)
    monkeypatch.setattr(kernel, "build", spy)
    evil = uniform(1, 2.5, name="__import__('os')", source="evil").magnitude
    number = np.where(np.less(evil, 2.0), evil**1.5, np.ceil(evil / 3.0)) * 1e-5 + 77.125
    program = compile_program(number)
    program.value([1.5])
    program.gradient([1.5])
    evaluate(program, [np.array([1.25, 2.25])], (2,))
    words = set(re.findall(r"[A-Za-z_]\w*", " ".join(bodies)))
    words -= {word for word in words if re.fullmatch(r"[vtdifb]\d+|e|out", word)}
    known = {*kernel._NUMPY, *code._NAMES, *kernel._NAMES, "if", "else", "return"}
    assert words <= known
    assert len(bodies) > 10
