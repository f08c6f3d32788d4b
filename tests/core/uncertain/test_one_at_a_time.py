"""One input at a time: ends, centre, order, branches, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.reading import alternatives
from llm_economics.core.uncertain.bounds import bounds
from llm_economics.core.uncertain.distributions import Discrete, LogNormal, Mixture, Uniform
from llm_economics.core.uncertain.graph import Uncertain, uncertain
from llm_economics.core.uncertain.one_at_a_time import Swing, Swings, one_at_a_time
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.distributions import Distribution


def node(distribution: Distribution, name: str = "x") -> Any:
    return uncertain(Variable.create(distribution, name=name))


def by_name(found: Swings) -> dict[str, Swing]:
    return {row.variable.name: row for row in found.rows}


def test_the_training_cost(cost_range: Quantity) -> None:
    """Fifteen inputs against the factors of an independent computation."""
    found = one_at_a_time(cost_range.magnitude)
    assert found.central == cost_range.central().magnitude == pytest.approx(12.07e6, rel=1e-3)
    assert found.scale == "log"
    known = {
        "parameters": (0.80, 2.39),
        "exchange": (1.00, 2.77),
        "tokens": (0.71, 1.41),
        "count": (1.00, 1.38),
        "life": (1.41, 0.78),
    }
    for name, factors in known.items():
        row = by_name(found)[name]
        at_ends = row.result_low / found.central, row.result_high / found.central
        assert at_ends == pytest.approx(factors, abs=0.006)
    spans = [row.span for row in found.rows]
    assert spans == sorted(spans, reverse=True)
    changing = {row.variable.name for row in found.rows if row.changes_branch}
    assert changing == {"parameters", "exchange", "count"}


def test_ends_are_quantiles_or_as_quoted() -> None:
    """By default the 5 % and 95 % points; others, or the quoted ends, on request."""
    square = node(Uniform(0, 10)) + 0.0
    ends = {
        (0.05, 0.95): (0.5, 9.5),
        (0.25, 0.75): (2.5, 7.5),
        "quoted": (0.0, 10.0),
    }
    assert one_at_a_time(square) == one_at_a_time(square, ends=(0.05, 0.95))
    for asked, expected in ends.items():
        choice: Any = asked
        (row,) = one_at_a_time(square, ends=choice).rows
        assert (row.low, row.high) == pytest.approx(expected)
        assert (row.result_low, row.result_high) == pytest.approx(expected)


def test_quoted_ends_stay_exact() -> None:
    """A quantile that is the quoted end does not differ by rounding: 8000 is not 8000.0000001."""
    servers: Any = np.ceil(node(LogNormal(8000, 24000)) / 8.0)
    (row,) = one_at_a_time(servers).rows
    assert (row.low, row.high, row.result_low, row.result_high) == (8000, 24000, 1000, 3000)


def test_quantiles_of_a_mixture() -> None:
    """A mixture's quantile function does not increase, so its ends are found by order."""
    mixed = Mixture([Uniform(10, 12), Uniform(0, 2)])
    (row,) = one_at_a_time(node(mixed), ends=(0.25, 0.75)).rows
    assert (row.low, row.high) == pytest.approx((1.0, 11.0), abs=1e-3)


def test_alternatives_have_their_values_as_ends() -> None:
    """The ends of a choice are values of it."""
    (row,) = one_at_a_time(node(Discrete((4.0, 8.0)))).rows
    assert (row.low, row.high) == (4.0, 8.0)


def test_the_linear_scale_where_something_is_not_positive() -> None:
    """With a negative result spans are differences."""
    found = one_at_a_time(node(Uniform(0, 1), "x") - node(Uniform(0, 2), "y"), ends="quoted")
    assert found.scale == "linear"
    assert found.central == -0.5
    assert [(row.variable.name, row.span) for row in found.rows] == [("y", 2.0), ("x", 1.0)]
    assert [(row.result_low, row.result_high) for row in found.rows] == [(0.5, -1.5), (-1.0, 0.0)]


def test_the_span_includes_the_centre() -> None:
    """An even effect is seen, although both ends agree."""
    (row,) = one_at_a_time(node(Uniform(-2, 2)) ** 2.0 + 1.0, ends="quoted").rows
    assert (row.result_low, row.result_high, row.span) == (5.0, 5.0, 5.0)


X, Y = node(Uniform(0, 2), "x"), node(Uniform(0, 1), "y")
BRANCHES: dict[str, tuple[Callable[[], Any], bool]] = {
    "maximum": (lambda: np.maximum(X, 1.5) + Y, True),
    "minimum": (lambda: np.minimum(1.5, X) + Y, True),
    "less": (lambda: np.less(X, 1.5) + Y, True),
    "where": (lambda: np.where(X - 0.05, 1.0, 2.0) + Y, True),
    "other": (lambda: np.ceil(X) * np.exp(Y), False),
    "settled": (lambda: np.maximum(X, 5.0) + np.minimum(X, 5.0) + Y, False),
    "of the other": (lambda: X + np.maximum(Y, 0.7), False),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_changes_of_branch(case: str) -> None:
    """An input is marked if a choice is made otherwise at one of its ends; others are not."""
    make, expected = BRANCHES[case]
    ends: Any = (0.025, 0.975)
    found = by_name(one_at_a_time(make(), ends=ends))
    assert found["x"].changes_branch is expected
    assert found["y"].changes_branch is (case == "of the other")


slopes = st.lists(st.floats(-3, 3), min_size=2, max_size=4)


@given(slopes, st.floats(-2, 2))
def test_corners_are_inside_the_bounds(factors: list[float], floor: float) -> None:
    """With quoted ends no result leaves the guaranteed bounds."""
    inputs = [node(Uniform(-1, 2), f"x{i}") for i in range(len(factors))]
    total: Any = sum(factor * x for factor, x in zip(factors, inputs, strict=True))
    result = np.maximum(total * inputs[0], floor) + inputs[1]
    low, high = bounds(result)
    found = one_at_a_time(result, ends="quoted")
    results = [found.central]
    results += [value for row in found.rows for value in (row.result_low, row.result_high)]
    assert low <= min(results)
    assert max(results) <= high


def test_no_inputs_no_rows() -> None:
    """What cancels to a number has a centre only."""
    assert one_at_a_time(X - X + 3.0) == Swings((), central=3.0, scale="log")


@pytest.mark.parametrize(
    "ends",
    ["quote", (0.95, 0.05), (0.0, 1.0), (0.05,), (5, 95), (0.1, 0.5, 0.9), ("a", "b"), None],
    ids=str,
)
def test_other_ends_are_refused(ends: Any) -> None:
    """Ends are two probabilities in order, or the word."""
    with pytest.raises(RangeError, match="ends needs 'quoted' or two probabilities"):
        one_at_a_time(X, ends=ends)


def test_arrays_are_refused() -> None:
    """A tornado is of one number."""
    with pytest.raises(RangeError, match=r"one number; got an array of shape \(3,\)"):
        one_at_a_time(X * np.ones(3))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: np.log(X - 0.5), "with 'x' at its lower end the result is nan: .*limits"),
        (lambda: 1.0 / (alternatives([0, 1, 2]).magnitude - 2.0), "at its upper end .* inf"),
        (lambda: np.log(X - 1.5), "with all inputs at their medians the result is nan"),
    ],
    ids=["lower", "upper", "centre"],
)
def test_undefined_results_are_refused(make: Callable[[], Uncertain], message: str) -> None:
    """The input that leads to an undefined result is named."""
    with pytest.raises(RangeError, match=message):
        one_at_a_time(make())


def test_undefined_branches_do_no_harm() -> None:
    """A logarithm of a negative number in a branch that is not taken is not looked at."""
    safe: Any = np.where(np.less(X, 3.0), X, np.log(X - 5.0))
    assert one_at_a_time(safe).central == 1.0
