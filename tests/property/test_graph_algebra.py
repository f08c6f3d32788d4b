"""The laws of recorded formulas, one test each.

1. Value: a recorded formula is the formula. Sums and products commute, associate and distribute to
   rounding; maxima and minima do so exactly.
2. Cancellation: x - x is 0 and x / x is 1, exactly, for any x however often and in whatever order
   of its commuting parts it is written. Compiling merges equal parts and nothing else: 2 x - x 2
   is 0 with no inputs left, x + x - 2 x is 0 in value only, (x + y) - x is y to rounding.
3. Equality is reflexive and symmetric, respects commuting, implies equal hashes and equal values;
   numbers that are bracketed differently are not equal, though their values are.
4. Copying and pickling are the identity.
5. Choices: max + min = a + b, max and min are idempotent and absorb each other, where(c, a, a) = a,
   |x| = max(x, -x), one of a < b, b < a and neither holds.
6. Steps: ceil(x) - floor(x) is 0 or 1, and ceil(x) = -floor(-x).
7. Inverses: exp(log x), log(exp x), sqrt(x)**2, sqrt(x**2), 1 / (1 / x), -(-x); x**0 is 1.
8. Units: conversions fold into one; a way through other units changes no value.
9. Derivatives: of sums, products, quotients and chains by the rules of calculus, and central
   differences.
10. Compiling is idempotent, and does not depend on how parts are shared.
11. Equal questions have equal answers, to the last digit.
"""

from __future__ import annotations

import copy
import itertools
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.reading import between, quantity, uniform
from llm_economics.core.registry import Quantity
from llm_economics.core.uncertain.program import compile_program
from tests.engine.formula import CHOICES, SIGNED, SMOOTH, evaluate, examples, formulas, numbers

if TYPE_CHECKING:
    from llm_economics.core.uncertain.program import Program

ULP = 2.0**-52
X, Y, Z = (uniform(0.1, 11, name=name) for name in "xyz")
INPUTS = {"x": X, "y": Y, "z": Z}

# Without floors, which reach zero, where a quotient is undefined.
any_formulas = formulas(*SMOOTH, *CHOICES, "ceil({})")
smooth = formulas(*SMOOTH, size=6)
triples = st.fixed_dictionaries({name: numbers() for name in "xyz"})
signed = st.fixed_dictionaries({name: st.floats(-9, 9) for name in "xyz"})


def recorded(text: str) -> Quantity:
    """A formula of the three inputs; also a range if it is fixed."""
    return quantity(evaluate(text, **INPUTS)) + 0.0 * X


def program_of(number: Quantity) -> Program:
    return compile_program(number.magnitude)


def value(number: Quantity, at: dict[str, float]) -> float:
    program = program_of(number)
    return float(program.run([at[variable.name] for variable in program.variables]))


def gradient(number: Quantity, at: dict[str, float]) -> dict[str, float]:
    """Slopes by all three inputs; zero by one that does not take part."""
    program = program_of(number)
    slopes = program.gradient([at[variable.name] for variable in program.variables])[1]
    found = {v.name: float(s) for v, s in zip(program.variables, slopes, strict=True)}
    return {name: found.get(name, 0.0) for name in INPUTS}


def ends_of_samples(number: Quantity) -> list[float]:
    drawn: list[float] = number.quantiles(0, 1, points=128).magnitude.tolist()
    return drawn


# -- 1 ---------------------------------------------------------------------------------------------


@given(any_formulas, triples)
def test_1_a_recorded_formula_is_the_formula(text: str, at: dict[str, float]) -> None:
    """Compiled and run on floats it gives what the text gives on them."""
    assert value(recorded(text), at) == pytest.approx(float(evaluate(text, **at)), rel=1e-12)


TO_ROUNDING = [
    ("x + y", "y + x"),
    ("x * y", "y * x"),
    ("(x + y) + z", "x + (y + z)"),
    ("(x * y) * z", "x * (y * z)"),
    ("x * (y + z)", "x * y + x * z"),
    ("(x + y) / z", "x / z + y / z"),
    ("x - y", "x + (-y)"),
    ("x / y", "x * (1 / y)"),
    ("x ** 3", "x * x * x"),
    ("(x * y) ** 1.5", "x ** 1.5 * y ** 1.5"),
    ("log(x * y)", "log(x) + log(y)"),
    ("exp(x + y)", "exp(x) * exp(y)"),
    ("x ** y", "exp(y * log(x))"),
]
EXACTLY = [
    ("maximum(x, y)", "maximum(y, x)"),
    ("minimum(x, y)", "minimum(y, x)"),
    ("maximum(x, maximum(y, z))", "maximum(maximum(x, y), z)"),
    ("minimum(x, minimum(y, z))", "minimum(minimum(x, y), z)"),
    ("maximum(x, minimum(y, z))", "minimum(maximum(x, y), maximum(x, z))"),
    ("minimum(x, y)", "-maximum(-x, -y)"),
]


@pytest.mark.parametrize(("one", "other"), TO_ROUNDING)
@examples(0.4)
@given(at=triples)
def test_1_laws_to_rounding(one: str, other: str, at: dict[str, float]) -> None:
    """Both sides have the same value, but for rounding."""
    # Of a sum and of an exponential it is the parts that round.
    slack = 64 * ULP * max(1.0, *at.values())
    left, right = value(recorded(one), at), value(recorded(other), at)
    assert left == pytest.approx(right, rel=slack, abs=slack)


@pytest.mark.parametrize(("one", "other"), EXACTLY)
@examples(0.4)
@given(at=signed)
def test_1_exact_laws(one: str, other: str, at: dict[str, float]) -> None:
    """Both sides have the same value to the last digit."""
    assert value(recorded(one), at) == value(recorded(other), at)


# -- 2 ---------------------------------------------------------------------------------------------


@given(any_formulas)
def test_2_cancellation(text: str) -> None:
    """X - x is the constant 0 and x / x the constant 1, written again or copied."""
    one, again = recorded(text) * Y, Y * recorded(text)
    for other in (again, copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        for number, expected in ((one - other, 0.0), (one / other, 1.0)):
            program = program_of(number)
            assert program.variables == ()
            assert program.run([]) == expected
            assert ends_of_samples(number) == [expected, expected]
            assert [end.magnitude for end in number.bounds()] == [expected, expected]


MERGED = ["2 * x - x * 2", "(x + y) * z - z * (y + x)", "maximum(x, y) - maximum(y, x)"]
EQUAL_IN_VALUE = ["x + x - 2 * x", "-(-x) - x", "x * 0.0", "x * 1 - x", "4 * x / 2 - 2 * x"]


@pytest.mark.parametrize("text", [*MERGED, *EQUAL_IN_VALUE])
@examples(0.4)
@given(at=triples)
def test_2_what_compiling_merges(text: str, at: dict[str, float]) -> None:
    """Equal parts leave no input behind; other ways to write zero are zero in value."""
    number = evaluate(text, **INPUTS)
    assert value(number, at) == 0.0
    assert (program_of(number).variables == ()) == (text in MERGED or text == "x * 1 - x")
    assert ends_of_samples(number) == [0.0, 0.0]


# -- 3, 4 ------------------------------------------------------------------------------------------


@given(any_formulas, any_formulas, triples)
def test_3_equality(text: str, other: str, at: dict[str, float]) -> None:
    """Equal numbers have equal hashes and values; each equals itself, also with parts swapped."""
    one, two = recorded(text), recorded(other)
    assert one == recorded(text)
    assert (one == two) == (two == one)
    assert (one == two) is not (one != two)
    if one == two:
        assert hash(one) == hash(two)
        assert value(one, at) == pytest.approx(value(two, at), rel=1e-11)
    for build in (lambda a, b: a + b, lambda a, b: a * b, f.maximum, f.minimum):
        assert build(one, two) == build(two, one)
        assert hash(build(one, two)) == hash(build(two, one))
    assert one - two != two - one or one == two


def test_3_equality_does_not_compute() -> None:
    """Bracketing is not looked through, nor do inputs that look alike become one."""
    assert (X + Y) + Z != X + (Y + Z)
    assert X - Y != Y - X
    assert between(1, 2) != between(1, 2)
    assert X + X != 2 * X


@given(any_formulas)
def test_4_copies_are_the_number(text: str) -> None:
    """A copy is equal, has the same hash, and compiles to the same steps."""
    one = recorded(text)
    for other in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert one == other
        assert hash(one) == hash(other)
        assert steps_of(one) == steps_of(other)


def steps_of(number: Quantity) -> list[Any]:
    """Instructions and inputs, as far as they can be compared."""
    program = program_of(number)
    return [
        *((s.operation, s.arguments, s.payload) for s in program.instructions),
        program.variables,
    ]


# -- 5, 6, 7 ---------------------------------------------------------------------------------------

ZERO: dict[str, str] = {
    "maximum and minimum share out": "(maximum(x, y) + minimum(x, y)) - (x + y)",
    "maximum is idempotent": "maximum(x, x) - x",
    "absorption": "maximum(x, minimum(x, y)) - x",
    "absorption, other way": "minimum(x, maximum(x, y)) - x",
    "no choice": "where(less(y, z), x, x) - x",
    "a choice is a maximum": "where(less(x, y), y, x) - maximum(x, y)",
    "a choice turned round": "where(less(x, y), z, x) - where(1 - less(x, y), x, z)",
    "absolute value": "abs(x) - maximum(x, -x)",
    "absolute value of a product": "abs(x * y) - abs(x) * abs(y)",
    "one of three holds": "less(x, y) + less(y, x) + (1 - less(x, y)) * (1 - less(y, x)) - 1",
    "not both hold": "less(x, y) * less(y, x)",
    "turned stairs": "ceil(x) + floor(-x)",
    "stairs of stairs": "ceil(ceil(x)) - ceil(x)",
    "stairs and whole steps": "ceil(ceil(x) + 3) - (ceil(x) + 3)",
    "twice negative": "-(-x) - x",
    "power of zero": "x ** 0 - 1",
    "power of one": "x ** 1 - x",
}


@pytest.mark.parametrize("text", ZERO.values(), ids=list(ZERO))
@examples(0.4)
@given(at=signed)
def test_5_6_identities(text: str, at: dict[str, float]) -> None:
    """What is zero for numbers is exactly zero for ranges, of any sign, ties included."""
    assert value(recorded(text), at) == 0.0
    assert value(recorded(text), {**at, "y": at["x"]}) == 0.0
    assert ends_of_samples(recorded(text)) == [0.0, 0.0]


def test_5_a_choice_of_two_numbers_is_a_range() -> None:
    """What depends on a range is one, like any other: it has a unit, quantiles, and may nest."""
    condition = f.less(X, Y)
    chosen = f.where(condition, 2.5, 1.5)
    assert isinstance(chosen, Quantity)
    assert (chosen - condition).quantiles(0, 1).magnitude.tolist() == [1.5, 1.5]
    nested = f.where(f.less(2.0, chosen), X, Y)
    assert (nested - f.minimum(X, Y)).quantiles(0, 1).magnitude.tolist() == [0, 0]


@given(st.floats(-1e6, 1e6))
def test_6_stairs_are_one_step_apart(x: float) -> None:
    """Between floor and ceiling lies one step, or none at a whole number."""
    step = value(recorded("ceil(x) - floor(x)"), {"x": x})
    assert step == (0.0 if x == int(x) else 1.0)


INVERSES = [
    "exp(log(x))",
    "log(exp(x))",
    "sqrt(x) ** 2",
    "root(x) ** 2",
    "sqrt(x ** 2)",
    "1 / (1 / x)",
    "(x ** 3) ** (1 / 3)",
]


@pytest.mark.parametrize("text", INVERSES)
@examples(0.4)
@given(at=triples)
def test_7_inverses(text: str, at: dict[str, float]) -> None:
    """There and back is the number, to rounding, with slope one."""
    number = recorded(text)
    assert value(number, at) == pytest.approx(at["x"], rel=64 * ULP, abs=64 * ULP)
    assert gradient(number, at)["x"] == pytest.approx(1.0, rel=1e-13)


def test_7_the_power_zero_is_one() -> None:
    """Also of a range that reaches zero: in samples, bounds and to first order."""
    number = 3 * uniform(-1, 1) ** 0
    assert [end.magnitude for end in number.bounds()] == pytest.approx([3, 3])
    assert ends_of_samples(number) == [3, 3]
    assert number.linear(warn=False).magnitude == 3


# -- 8 ---------------------------------------------------------------------------------------------

WAYS = [("W", "kW", "GWh/year", "J/day"), ("USD", "kUSD", "million USD"), ("s", "hour", "year")]


@pytest.mark.parametrize("units", WAYS, ids=" ".join)
@examples(0.4)
@given(numbers(), numbers(1.1, 5))
def test_8_conversions_fold(units: tuple[str, ...], low: float, ratio: float) -> None:
    """By way of any other units the number is the same range, and back its own."""
    number = between(low, low * ratio, units[0]) * between(1, 2)
    for way in itertools.permutations(units[1:]):
        there = number
        for unit in way:
            there = there.to(unit)
        straight = number.to(way[-1])
        assert there == straight == number
        assert hash(there) == hash(number)
        for other, same in ((there, straight), (there.to(units[0]), number)):
            found, expected = (n.quantiles(0.1, 0.9, points=128).magnitude for n in (other, same))
            np.testing.assert_allclose(found, expected, rtol=1e-14)


# -- 9 ---------------------------------------------------------------------------------------------


@given(smooth, smooth, triples)
def test_9_rules_of_calculus(text: str, other: str, at: dict[str, float]) -> None:
    """The derivative of a sum, a product, a quotient and a chain is made of those of its parts."""
    one, two = recorded(text) + Y, recorded(other) + Z
    a, b = value(one, at), value(two, at)
    da, db = gradient(one, at), gradient(two, at)
    rules = {
        "sum": (one + two, lambda n: da[n] + db[n]),
        "difference": (one - two, lambda n: da[n] - db[n]),
        "product": (one * two, lambda n: da[n] * b + a * db[n]),
        "quotient": (one / two, lambda n: (da[n] - a / b * db[n]) / b),
        "power": (one**2.5, lambda n: 2.5 * a**1.5 * da[n]),
        "chain": (f.log(one * one), lambda n: 2 * da[n] / a),
        "scale": (3.7 * one, lambda n: 3.7 * da[n]),
    }
    for rule, (number, expected) in rules.items():
        slack = 1e-11 * max(map(abs, [*da.values(), *db.values(), 1.0])) * max(1.0, a, b) ** 2
        for name, slope in gradient(number, at).items():
            assert slope == pytest.approx(expected(name), rel=1e-10, abs=slack), rule


@given(smooth, triples)
def test_9_central_differences(text: str, at: dict[str, float]) -> None:
    """Small steps either way give the gradient, as far as differences can."""
    number = recorded(text)
    slopes, here = gradient(number, at), abs(value(number, at))
    for name, slope in slopes.items():
        step = 1e-5 * at[name]
        up, down = (value(number, {**at, name: at[name] + sign * step}) for sign in (1, -1))
        slack = 1e-9 * here / at[name]
        assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-6, abs=slack)


SIGNS = [(1.3, 0.7), (-1.3, 0.7), (0.7, -1.3), (-0.7, -1.3)]


@pytest.mark.parametrize("part", [*SIGNED, *CHOICES])
@pytest.mark.parametrize(("x", "y"), SIGNS)
def test_9_each_part_at_each_sign(part: str, x: float, y: float) -> None:
    """No part of a formula has a derivative that is right on one side of zero only."""
    number, at = recorded(part.format("x", "y", "y", "x")), {"x": x, "y": y, "z": 1.0}
    for name, slope in gradient(number, at).items():
        up, down = (value(number, {**at, name: at[name] + h}) for h in (1e-6, -1e-6))
        assert (up - down) / 2e-6 == pytest.approx(slope, rel=1e-7, abs=1e-8)


# -- 10, 11 ----------------------------------------------------------------------------------------


@given(any_formulas, any_formulas)
def test_10_compiling_does_not_depend_on_sharing(inner: str, outer: str) -> None:
    """One object used twice and the same text written twice compile to the same steps."""
    once = recorded(inner)
    shared = evaluate(outer, x=once, y=once) + once
    repeated = evaluate(outer, x=recorded(inner), y=recorded(inner)) + recorded(inner)
    assert program_of(shared) is program_of(shared)
    assert steps_of(shared) == steps_of(repeated)
    for method in ("lattice", "monte-carlo"):
        drawn = [n.samples(128, method=method).magnitude for n in (shared, repeated)]
        np.testing.assert_array_equal(*drawn)


@examples(0.5)
@given(any_formulas, st.floats(1.6, 20), st.integers(0, 2**31))
def test_11_answers_repeat(text: str, ratio: float, seed: int) -> None:
    """The same formula of inputs of the same shape gives the same digits."""
    first, second = (
        quantity(evaluate(text, x=between(1, ratio), y=between(2, 3 * ratio))) for _ in range(2)
    )
    asked = (n.quantiles(0.1, 0.9, points=128, rng=seed).magnitude for n in (first, second))
    np.testing.assert_array_equal(*asked)
