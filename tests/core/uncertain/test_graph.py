"""The expression graph records what is done to a number, and nothing else."""

from __future__ import annotations

import copy
import math
import operator
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.errors import TruthValueError
from llm_economics.core.uncertain.distributions import Uniform
from llm_economics.core.uncertain.graph import (
    Uncertain,
    constant,
    split_scale,
    substituted,
    topological,
    uncertain,
)
from llm_economics.core.uncertain.program import compile_program
from llm_economics.core.uncertain.sampling import samples
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable


def new(low: float = 1.0, high: float = 2.0) -> Uncertain:
    return uncertain(Variable.create(Uniform(low, high)))


X, Y = new(1, 2), new(3, 4)

RECORDED: dict[str, Callable[[Any, Any], Any]] = {
    "x + y": lambda x, y: x + y,
    "x + 2": lambda x, _: x + 2,
    "2 + x": lambda x, _: 2 + x,
    "x - y": lambda x, y: x - y,
    "2 - x": lambda x, _: 2 - x,
    "x * y": lambda x, y: x * y,
    "2 * x": lambda x, _: 2 * x,
    "x / y": lambda x, y: x / y,
    "2 / x": lambda x, _: 2 / x,
    "x ** 3": lambda x, _: x**3,
    "x ** y": lambda x, y: x**y,
    "2 ** x": lambda x, _: 2**x,
    "-x": lambda x, _: -x,
    "+x": lambda x, _: +x,
    "abs": lambda x, y: abs(x - y),
    "np.add": np.add,
    "np.subtract": np.subtract,
    "np.multiply": np.multiply,
    "np.divide": np.divide,
    "np.power": lambda x, _: np.power(x, 2.5),
    "np.square": lambda x, _: np.square(x),
    "np.negative": lambda x, _: np.negative(x),
    "np.absolute": lambda x, _: np.absolute(x),
    "np.maximum": lambda x, y: np.maximum(2 * x, y),
    "np.minimum": lambda x, y: np.minimum(2 * x, y),
    "np.fmax": lambda x, y: np.fmax(2 * x, y),
    "np.fmin": lambda x, y: np.fmin(2 * x, y),
    "np.ceil": lambda x, _: np.ceil(x),
    "np.floor": lambda x, _: np.floor(x),
    "np.exp": lambda x, _: np.exp(x),
    "np.log": lambda x, _: np.log(x),
    "np.sqrt": lambda x, _: np.sqrt(x),
    "np.less": lambda x, y: np.less(2 * x, y) * 1.0,
    "np.less_equal": lambda x, y: np.less_equal(2 * x, y) * 1.0,
    "np.greater": lambda x, y: np.greater(2 * x, y) * 1.0,
    "np.greater_equal": lambda x, y: np.greater_equal(2 * x, y) * 1.0,
    "np.where": lambda x, y: np.where(np.less(2 * x, y) * 1.0, x, y),
    "np.clip": lambda x, _: np.clip(x, 1.2, 1.8),
    "x * array": lambda x, _: x * np.array([1.0, 2.0]).reshape(2, 1),
    "array + x": lambda x, _: np.array([1.0, 2.0]).reshape(2, 1) + x,
}


@pytest.mark.parametrize("formula", RECORDED.values(), ids=list(RECORDED))
def test_recorded_formula_gives_what_numpy_gives(formula: Callable[[Any, Any], Any]) -> None:
    """A recorded formula, sampled, equals the formula on the samples."""
    both = X + 0.0 * Y, Y + 0.0 * X  # so that both inputs are always there, in this order
    x, y = (samples(value, 64) for value in both)
    recorded = formula(*both)
    assert isinstance(recorded, Uncertain)
    drawn = samples(recorded, 64)
    np.testing.assert_allclose(drawn.reshape(-1, 64), np.atleast_2d(formula(x, y)), rtol=1e-14)


def test_methods_for_object_arrays() -> None:
    """NumPy calls these methods on the elements of arrays of objects."""
    assert X.sqrt() == np.sqrt(X)
    assert X.exp() == np.exp(X)
    assert X.log() == np.log(X)
    assert math.ceil(X) == np.ceil(X)
    assert math.floor(X) == np.floor(X)


@pytest.mark.parametrize("other", ["2", None, [1, 2], np.array(["a"], dtype=object)], ids=str)
@pytest.mark.parametrize(
    "act", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow], ids=str
)
def test_other_types_are_left_to_python(act: Callable[[Any, Any], Any], other: Any) -> None:
    """What is not a number gives Python's own TypeError."""
    with pytest.raises(TypeError):
        act(X, other)


def test_unknown_numpy_functions_are_refused() -> None:
    """A function that has no meaning for ranges says which have."""
    with pytest.raises(TypeError, match=r"np\.sin is not defined for ranges; take \.samples"):
        np.sin(X)
    with pytest.raises(TypeError):
        np.add(X, Y, out=np.zeros(1))
    with pytest.raises(TypeError):
        np.add.reduce(X)
    with pytest.raises(TypeError):
        np.sort(X)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: X < Y, "x < y, max"),
        (lambda: X <= Y, "x <= y"),
        (lambda: X > Y, "x > y, max"),
        (lambda: X >= Y, "x >= y"),
        (lambda: bool(X), "`if x`"),
        (lambda: max(X, Y), r"le\.functions\.maximum\(x, y\)"),
        (lambda: sorted([X, Y]), r"le\.functions\.less\(x, y\)"),
    ],
    ids=["<", "<=", ">", ">=", "bool", "max", "sorted"],
)
def test_a_range_has_no_truth_value(ask: Callable[[], Any], message: str) -> None:
    """Comparing says what to write instead of freezing one branch."""
    with pytest.raises(TruthValueError, match=message):
        ask()


@pytest.mark.parametrize("convert", [float, int, complex])
def test_a_range_is_not_one_number(convert: Callable[[Any], Any]) -> None:
    """Converting to a number asks which."""
    with pytest.raises(TypeError, match=r"take \.median\(\)"):
        convert(X)


def test_a_range_is_not_rounded() -> None:
    """Rounding is for showing."""
    with pytest.raises(TypeError, match="format it"):
        round(X, 2)


def test_equal_expressions_are_equal() -> None:
    """Equality and hash follow the expression, not the object, and know what commutes."""
    assert X + 2 * Y == 2 * Y + X
    assert hash(X * 2.5) == hash(X * 2.5)
    assert X - Y != Y - X
    assert new(1, 2) != X
    assert X != 1.5
    assert len({X, uncertain(X.payload), Y}) == 2


def test_equality_looks_behind_equal_hashes() -> None:
    """Two expressions whose hashes collide are still told apart."""
    first, second = X + 1.0, X + 2.0
    second._hash = hash(first)
    assert first != second


def test_arrays_are_compared_by_content() -> None:
    """Equal arrays make equal expressions, in the same and in another order of axes."""
    assert X * np.array([1.0, 2.0]) == X * np.array([1.0, 2.0])
    assert X * np.array([1.0, 2.0]) != X * np.array([1.0, 3.0])
    assert X * np.array([[1.0, 2.0]]) != X * np.array([[1.0], [2.0]])


def test_arrays_are_copied() -> None:
    """What the caller does to an array later does not reach the graph."""
    given = np.array([1.0, 2.0])
    product = X * given
    given[0] = 100.0
    assert product.arguments[1].payload[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        product.arguments[1].payload[0] = 100.0


def test_shape_follows_the_arrays() -> None:
    """A range is a number until an array takes part."""
    assert (X.shape, X.ndim) == ((), 0)
    assert ((X * np.ones(3)).shape, (X * np.ones((2, 1)) * np.ones(3)).ndim) == ((3,), 2)


def test_multiplying_by_one_leaves_no_trace() -> None:
    """Unit conversions by one do not blur the record."""
    assert X * 1.0 is X
    assert 1 * X is X
    assert X / 1 is X
    assert (2.0 * X * 1).operation == "multiply"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_is_the_same_number(copied: Callable[[Uncertain], Uncertain]) -> None:
    """`x - x` is zero and `x / x` one, whatever happened to one of them."""
    number = X * Y + 2.0
    assert copied(number) == number
    assert set(samples(number - copied(number), 32)) == {0.0}
    assert set(samples(number / copied(number), 32)) == {1.0}


def test_a_stored_graph_is_checked() -> None:
    """A pickle with an operation that does not exist is refused."""
    rebuild, (rows,) = (X + 1.0).__reduce__()
    with pytest.raises(ValueError, match="unknown operation 'system'"):
        rebuild([*rows, ("system", (0,), None)])


def test_deep_graphs_do_not_exhaust_the_stack() -> None:
    """Ten thousand steps hash, compare, pickle, compile, show themselves and go away."""
    deep: Any = X
    for _ in range(10_000):
        deep = deep + X
    assert pickle.loads(pickle.dumps(deep)) == deep
    assert copy.deepcopy(deep) is deep
    assert repr(deep) == "<Uncertain add of 1 inputs>"
    assert compile_program(deep).run([1.0]) == 10_001.0
    assert len(topological((deep,))) == 10_001
    del deep


def test_order_is_arguments_first() -> None:
    """Every node object comes once, after its arguments."""
    shared = X + Y
    product = shared * shared
    assert topological((product,)) == [X, Y, shared, product]
    assert list(product.variables()) == [X.payload, Y.payload]


@pytest.mark.parametrize(
    ("number", "core", "factor"),
    [
        (X, X, 1.0),
        (X * 2.0, X, 2.0),
        (3.0 * X / 2.0, X, 1.5),
        ((X * Y) * 4.0, X * Y, 4.0),
        (X + 1.0, X + 1.0, 1.0),
        (X * 0.0, X * 0.0, 1.0),
        (2.0 / X, 2.0 / X, 1.0),
        (X * np.ones(2), X * np.ones(2), 1.0),
        (X * math.inf, X * math.inf, 1.0),
    ],
    ids=["x", "2x", "3x/2", "4xy", "x+1", "0x", "2/x", "array", "infinity"],
)
def test_fixed_factors_come_off(number: Uncertain, core: Uncertain, factor: float) -> None:
    """Factors that unit conversions put on are taken off; nothing else is."""
    assert split_scale(number) == (core, factor)


def test_constants_are_floats() -> None:
    """Whole numbers become floats, so that nothing overflows."""
    assert type(constant(3).payload) is float
    assert constant(np.array([1, 2])).payload.dtype == np.float64


def test_memory_keeps_the_last_answers() -> None:
    """An answer is computed once, and only the last few are kept."""
    number, asked = new(), []

    def answer(key: str) -> Callable[[], str]:
        return lambda: asked.append(key) or key

    for key in "abcdea":
        assert number.remembered(key, answer(key)) == key
        assert number.remembered(key, answer(key)) == key
    assert asked == list("abcdea")
    assert len(number._memory) == 4


def test_arrays_of_ranges_have_elements() -> None:
    """An element or a slice of an array of ranges shares the inputs of the whole."""
    x = uncertain(Variable.create(Uniform(1, 2), name="x"))
    array = np.array([[1.0], [10.0]]) * x + np.array([1.0, 2.0, 3.0])
    assert (array.shape, len(array)) == ((2, 3), 2)
    assert compile_program(array[1, 2]).value([1.5]) == 18.0
    np.testing.assert_array_equal(compile_program(array[1]).value([1.5]), [16.0, 17.0, 18.0])
    assert array[:, 1:].shape == (2, 2)
    assert [row.shape for row in array] == [(3,), (3,)]
    with pytest.raises(IndexError):
        array[5]


@pytest.mark.parametrize("act", [len, lambda x: x[0]], ids=["len", "index"])
def test_a_single_range_has_no_elements(act: Any) -> None:
    """Only an array of ranges is indexed."""
    with pytest.raises(TypeError, match="a single range has no"):
        act(uncertain(Variable.create(Uniform(1, 2))))


def test_other_inputs_in_their_place() -> None:
    """A formula of other inputs: what is replaced changes, the rest is the same object."""
    x, y, z = (uncertain(Variable.create(Uniform(1, 2), name=name)) for name in "xyz")
    kept = np.exp(y)
    changed = substituted(x * kept + x, {x.payload: z})
    assert changed == z * kept + z
    assert changed.arguments[0].arguments[1] is kept
    assert substituted(kept, {x.payload: z}) is kept
