"""Correlated inputs: their ranks move together as stated, each keeps its own spread."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.reading import alternatives, between, quantity, uniform
from llm_economics.core.uncertain.correlation import Joint, matrix_of_pairs

POWER = between(7, 15, "MW", name="power")
HOURS = between(700, 2000, "hour", name="hours")
PRICE = uniform(40, 120, "USD/MWh", name="price")
ENERGY = (POWER * HOURS).to("MWh")
COST = (ENERGY * PRICE).to("kUSD")
LOG_STD = [math.log(b / a) / (2 * 1.6448536269514722) for a, b in ((7, 15), (700, 2000))]


def ranks(values: Any) -> Any:
    return np.argsort(np.argsort(values))


@pytest.mark.parametrize("method", ["lattice", "monte-carlo"])
@pytest.mark.parametrize("r", [-1.0, -0.6, 0.3, 0.9, 1.0])
def test_ranks_correlate_as_stated(method: Any, r: float) -> None:
    """Spearman's correlation of two inputs is the one that was asked for."""
    both = ENERGY.correlated({("power", "hours"): r})
    product = np.log(both.samples(2**14, method=method).magnitude)
    # The variance of the log of a product tells the correlation of the logs.
    a, b = LOG_STD
    pearson = (product.var() - a * a - b * b) / (2 * a * b)
    assert pearson == pytest.approx(2 * math.sin(math.pi * r / 6), abs=0.03)


def test_rank_correlation_of_drawn_inputs() -> None:
    """The inputs themselves, drawn one by one, belong together row by row."""
    tied = COST.correlated({("power", "price"): 0.7})
    # power * hours * price over power * hours gives the price that went with the power.
    again = ENERGY.correlated({("power", "hours"): 0.0})
    assert again.median().magnitude == pytest.approx(ENERGY.median().magnitude, rel=0.01)
    power, price = _inputs_of(tied, ("power", "price"))
    size = power.size
    r = np.corrcoef(ranks(power), ranks(price))[0, 1]
    assert r == pytest.approx(0.7, abs=4 / math.sqrt(size))


def _inputs_of(result: Any, names: tuple[str, ...]) -> list[Any]:
    from llm_economics.core.uncertain.graph import uncertain
    from llm_economics.core.uncertain.program import compile_program
    from llm_economics.core.uncertain.sampling import samples

    variables = compile_program(result.magnitude).variables
    found = {v.name: samples(uncertain(v), 20_000) for v in variables}
    return [found[name] for name in names]


@pytest.mark.parametrize("method", ["lattice", "monte-carlo"])
def test_every_input_keeps_its_distribution(method: Any) -> None:
    """Correlation changes no input by itself."""
    choice = alternatives([1, 2, 4], "W", weights=[0.5, 0.25, 0.25], name="choice")
    both = (choice * PRICE).correlated({("choice", "price"): -0.5})
    (drawn,) = _inputs_of(both, ("choice",))
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [1, 2, 4]
    np.testing.assert_allclose(counts / drawn.size, [0.5, 0.25, 0.25], atol=0.02)
    assert both.samples(2**12, method=method).magnitude.min() >= 40.0


def test_log_linear_is_exact_for_correlated_log_normals() -> None:
    """The variance of a sum of correlated logarithms has its closed form."""
    both = ENERGY.correlated({("power", "hours"): 0.6})
    a, b = LOG_STD
    r = 2 * math.sin(math.pi * 0.6 / 6)
    expected = math.sqrt(a * a + b * b + 2 * r * a * b)
    answer = both.log_linear()
    assert math.log(answer.geometric_std) == pytest.approx(expected, rel=1e-12)
    found = both.summary()
    assert found.low.magnitude == pytest.approx(answer.low.magnitude, rel=0.01)
    shares = {c.name: c.share for c in both.contributions()}
    assert sum(shares.values()) == pytest.approx(1.0)
    assert shares["power"] == pytest.approx((a * a + r * a * b) / expected**2)


def test_linear_answers_are_correlated() -> None:
    """The standard deviation of a sum of correlated normals, and its differences."""
    a, b = between(90, 110, "W", name="a"), between(190, 210, "W", name="b")
    total = (a + b).correlated({("a", "b"): 0.5}).linear().magnitude
    one = a.linear().magnitude.std_dev
    r = 2 * math.sin(math.pi * 0.5 / 6)
    assert total.std_dev == pytest.approx(one * math.sqrt(2 + 2 * r))
    assert total.nominal_value == pytest.approx(300)
    again = (b + a).correlated({("b", "a"): 0.5}).linear().magnitude
    assert (total - again).std_dev == pytest.approx(0.0, abs=1e-9)


def test_one_statement_gives_one_input() -> None:
    """Two results with the same correlation still cancel; bounds do not change."""
    first = ENERGY.correlated({("power", "hours"): 0.5})
    second = ENERGY.correlated(["hours", "power"], [[1, 0.5], [0.5, 1]])
    assert first == second
    assert (first - second).bounds() == (quantity("0 MWh"), quantity("0 MWh"))
    assert first != ENERGY.correlated({("power", "hours"): 0.4})
    assert first != ENERGY
    assert str(first.bounds()) == str(ENERGY.bounds())
    for copied in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert copied == first
        assert np.ptp((copied - first).samples(100).magnitude) == 0.0


def test_part_of_the_inputs_is_enough() -> None:
    """A result that depends on the second of two correlated inputs only has its spread."""
    three = (COST * quantity(1.0)).correlated({("power", "hours"): 0.8, ("power", "price"): 0.2})
    alone = three / three * POWER
    assert alone.median().magnitude == pytest.approx(POWER.median().magnitude, rel=1e-3)
    assert three.summary(method="monte-carlo", points=20_000).median.magnitude == pytest.approx(
        three.summary().median.magnitude, rel=0.03
    )


@given(st.floats(-0.99, 0.99), st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
def test_possible_matrices_are_taken_others_refused(a: float, b: float, c: float) -> None:
    """A matrix is taken exactly if its normal correlations can hold together."""
    matrix = [[1, a, b], [a, 1, c], [b, c, 1]]
    normal = 2 * np.sin(np.pi * np.array(matrix) / 6)
    np.fill_diagonal(normal, 1)
    smallest = np.linalg.eigvalsh(normal)[0]
    if smallest > 1e-6:
        joint = Joint("abc", "abc", matrix)
        np.testing.assert_allclose(joint.factor @ joint.factor.T, normal, atol=1e-8)
    elif smallest < -1e-6:
        with pytest.raises(RangeError, match="cannot hold together"):
            Joint("abc", "abc", matrix)


@pytest.mark.parametrize(
    ("correlations", "matrix", "match"),
    [
        ({("power", "hour"): 0.5}, None, "no input is called 'hour'.*did you mean 'hours'"),
        ({("power", "power"): 0.5}, None, "a pair needs two different names"),
        ({"power": 0.5}, None, "a pair needs two different names"),
        ({("power", "hours"): 0.5, ("hours", "power"): 0.5}, None, "is given twice"),
        ({("power", "hours"): 1.5}, None, "lie between -1 and 1"),
        ({("power", "hours"): float("nan")}, None, "lie between -1 and 1"),
        ({("power", "hours"): 0.5}, [[1, 0], [0, 1]], "got pairs and a matrix"),
        ("power", None, "needs pairs"),
        (["power", "hours"], None, "needs pairs"),
        (["power", "hours"], [[1, 0.5]], "need a matrix of 2 by 2"),
        (["power", "hours"], [[1, 0.5], [0.4, 1]], "symmetry"),
        (["power", "hours"], [[2, 0.5], [0.5, 1]], "between -1 and 1"),
        (["power", "hours"], [[0.5, 0.5], [0.5, 1]], "ones on the diagonal"),
        ({}, None, "two or more different inputs"),
    ],
)
def test_other_statements_are_refused(correlations: Any, matrix: Any, match: str) -> None:
    """What is wrong is said, and what to write."""
    with pytest.raises(RangeError, match=match):
        ENERGY.correlated(correlations, matrix)


def test_more_refusals() -> None:
    """Exact values, correlated inputs and inputs of one name."""
    with pytest.raises(RangeError, match="is exact"):
        quantity("5 MW").correlated({("a", "b"): 0.5})
    with pytest.raises(RangeError, match=r"'power' is correlated already|'hours' is correlated"):
        ENERGY.correlated({("power", "hours"): 0.5}).correlated({("power", "hours"): 0.5})
    with pytest.raises(RangeError, match="2 inputs are called 'power'"):
        (POWER + between(1, 2, "MW", name="power") * PRICE / PRICE).correlated(
            {("power", "price"): 0.5}
        )
    with pytest.raises(RangeError, match="matrix of 2 by 2"):
        Joint("ab", "ab", [[1]])
    with pytest.raises(RangeError, match="no input is called 'x'"):
        ENERGY.correlated({("x", "power"): 0.5})


def test_data() -> None:
    """A correlation goes to files and back."""
    names, matrix = matrix_of_pairs({("a", "b"): 0.5, ("b", "c"): 0.1})
    joint = Joint(names, names, matrix)
    data: Any = joint.to_dict()
    assert Joint(**data) == joint


def test_inputs_may_move_as_one() -> None:
    """Correlations of 1 among several are on the edge of what is possible, and possible."""
    joint = Joint("abc", "abc", [[1, 1, 1], [1, 1, 1], [1, 1, 1]])
    np.testing.assert_allclose(joint.factor[:, 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(joint.factor[:, 1:], 0.0, atol=1e-4)
