"""What holds for every recorded formula: it is the formula, and identities survive."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.reading import between
from llm_economics.core.uncertain.program import compile_program

factors = st.floats(0.1, 10)
ratios = st.floats(1.6, 20)

leaves = st.sampled_from([lambda x, _y: x, lambda _x, y: y, lambda _x, _y: 2.5])
formulas: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda a, b: lambda x, y: a(x, y) + b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: a(x, y) * b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: a(x, y) / b(x, y), inner, inner),
        st.builds(lambda a, b: lambda x, y: f.maximum(a(x, y), b(x, y)), inner, inner),
        st.builds(lambda a, b: lambda x, y: f.minimum(a(x, y), b(x, y)), inner, inner),
        st.builds(lambda a: lambda x, y: f.sqrt(a(x, y)), inner),
        st.builds(lambda a: lambda x, y: f.log(1 + a(x, y)), inner),
        st.builds(lambda a: lambda x, y: a(x, y) ** 1.5, inner),
    ),
    max_leaves=8,
)


@given(formulas, factors, factors)
def test_a_recorded_formula_is_the_formula(formula: Any, x: float, y: float) -> None:
    """Compiled and run on two floats it gives what the text gives on them."""
    inputs = between(1, 2, name="x"), between(1, 2, name="y")
    number = formula(*inputs) + 0.0 * (inputs[0] + inputs[1])
    program = compile_program(number.magnitude)
    values = {"x": x, "y": y}
    found = program.run([values[v.name] for v in program.variables])
    np.testing.assert_allclose(float(found), float(formula(x, y)), rtol=1e-12)


@given(formulas, ratios)
def test_identities_survive_copies(formula: Any, ratio: float) -> None:
    """X - x is zero and x / x one, written twice, copied or pickled."""
    inputs = between(1, ratio), between(2, 2 * ratio)
    one, again = formula(*inputs) * inputs[0], formula(*inputs) * inputs[0]
    for other in (again, copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert one == other
        assert hash(one) == hash(other)
        assert (one - other).quantiles(0, 1, points=64).magnitude.tolist() == [0, 0]
        assert (one / other).quantiles(0, 1, points=64).magnitude.tolist() == [1, 1]


@given(formulas, ratios, st.integers(0, 2**31))
def test_answers_repeat(formula: Any, ratio: float, seed: int) -> None:
    """The same formula of inputs of the same shape gives the same digits."""
    first, second = (formula(between(1, ratio), between(2, 3 * ratio)) for _ in range(2))
    ask = {"points": 64, "rng": seed}
    if hasattr(first, "quantiles"):
        np.testing.assert_array_equal(
            first.quantiles(0.1, 0.9, **ask).magnitude, second.quantiles(0.1, 0.9, **ask).magnitude
        )


@given(ratios, ratios, st.floats(-3, 3), st.floats(-3, 3))
def test_products_have_the_closed_form(a: float, b: float, p: float, q: float) -> None:
    """The log-linear answer of x**p y**q is exact for log-normal x and y."""
    x, y = between(1, a), between(2, 2 * b)
    z = 2 * 1.6448536269514722
    spread = np.hypot(p * np.log(a) / z, q * np.log(b) / z)
    answer = (x**p * y**q).log_linear()
    np.testing.assert_allclose(answer.geometric_std, np.exp(spread), rtol=1e-9)
    np.testing.assert_allclose(
        float(answer.median.magnitude), a ** (p / 2) * (4 * b) ** (q / 2), rtol=1e-9
    )


@given(ratios, ratios)
def test_the_order_of_inputs_does_not_matter(a: float, b: float) -> None:
    """Sums and products of the same inputs are equal, and cancel, in any order."""
    x, y = between(1, a), between(2, 2 * b)
    assert x + y == y + x
    assert x * y == y * x
    assert (f.maximum(x, y) - f.maximum(y, x)).quantiles(0, 1, points=64).magnitude.tolist() == [
        0,
        0,
    ]
