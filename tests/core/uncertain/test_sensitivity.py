"""Sobol indices against closed forms, with errors that are right, and clear refusals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import functions as f
from llm_economics.core.errors import RangeError
from llm_economics.core.reading import alternatives, between, plus_minus, uniform
from llm_economics.core.uncertain import sensitivity
from llm_economics.core.uncertain.distributions import LogNormal, Uniform
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.core.uncertain.sensitivity import SobolIndex, SobolIndices, sobol
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

MANY = 5.0  # standard errors: with eight lattices, one estimate in a thousand is further off


def factor(name: str, low: float = -1.0, high: float = 1.0) -> Any:
    return uncertain(Variable.create(Uniform(low, high), name=name))


def by_name(found: SobolIndices) -> dict[str, SobolIndex]:
    return {row.name: row for row in found.rows}


def near(value: float, expected: float, error: float) -> bool:
    return abs(value - expected) <= MANY * error + 1e-4


def test_additive_formulas_have_shares_of_variance() -> None:
    """For a sum both indices are the share of the variance, and the first ones add up to one."""
    a, b, c = factor("a"), factor("b"), factor("c")
    found = sobol(3.0 * a + 2.0 * b - c + 1.0, log=False)
    for name, share in {"a": 9 / 14, "b": 4 / 14, "c": 1 / 14}.items():
        row = by_name(found)[name]
        assert near(row.first, share, row.first_error)
        assert near(row.total, share, row.total_error)
        assert max(row.first_error, row.total_error) < 0.001
    assert near(found.first_sum, 1.0, found.first_sum_error)
    assert [row.name for row in found.rows] == ["a", "b", "c"]


@given(st.lists(st.floats(0.1, 10.0), min_size=1, max_size=5))
def test_sums_add_up(slopes: list[float]) -> None:
    """Whatever the slopes, the indices of a sum are their squares' shares."""
    node: Any = sum(s * factor(f"x{i}") for i, s in enumerate(slopes))
    found = sobol(node, points=1024, log=False)
    total = math.fsum(s * s for s in slopes)
    for i, slope in enumerate(slopes):
        row = by_name(found)[f"x{i}"]
        assert row.total == pytest.approx(slope**2 / total, abs=0.05)
    assert found.first_sum == pytest.approx(1.0, abs=0.1)


def test_products_of_log_normals_are_sums_on_the_log_scale() -> None:
    """Shares of a product of log-normal inputs have a closed form; positive results choose it."""
    x, y, z = (between(1, r, name=n) for n, r in (("x", 2), ("y", 5), ("z", 3)))
    found = sobol((x * y**2 / f.sqrt(z)).magnitude)
    spreads = {"x": math.log(2), "y": 2 * math.log(5), "z": 0.5 * math.log(3)}
    whole = math.fsum(s * s for s in spreads.values())
    assert found.scale == "log"
    for name, spread in spreads.items():
        row = by_name(found)[name]
        assert near(row.first, spread**2 / whole, row.first_error)
        assert near(row.total, spread**2 / whole, row.total_error)
        assert row.total_error < 0.005


def test_an_interaction_is_in_the_total_only() -> None:
    """Of x * y around zero neither input explains anything alone, and each all with the other."""
    found = sobol(factor("x") * factor("y"))
    assert found.scale == "linear"
    for row in found.rows:
        assert near(row.first, 0.0, row.first_error)
        assert near(row.total, 1.0, row.total_error)
        assert row.first_error < 0.01
    assert near(found.first_sum, 0.0, found.first_sum_error)


def test_the_training_cost_has_the_known_indices(cost_range: Quantity) -> None:
    """Fifteen inputs: the values of an independent computation on the linear scale."""
    found = by_name(sobol(cost_range.magnitude, points=2**15, log=False))
    known = {
        "parameters": (0.16, 0.23),
        "exchange": (0.35, 0.51),
        "tokens": (0.07, 0.11),
        "count": (0.05, 0.15),
    }
    for name, (first, total) in known.items():
        row = found[name]
        # The known values are rounded, and have an error of their own.
        assert abs(row.first - first) <= 3 * row.first_error + 0.005
        assert abs(row.total - total) <= 3 * row.total_error + 0.005
    for name in ("effectiveness", "tariff", "board", "overhead"):
        assert found[name].total < 0.005


def test_errors_are_as_large_as_they_say(cost_range: Quantity) -> None:
    """Estimates of many seeds scatter as the stated errors say, and shrink with the points."""
    found = [by_name(sobol(cost_range.magnitude, points=1024, rng=seed)) for seed in range(24)]
    better = by_name(sobol(cost_range.magnitude, points=2**15, rng=99))
    for name in ("parameters", "exchange"):
        for index in ("first", "total"):
            values = [getattr(one[name], index) for one in found]
            errors = [getattr(one[name], f"{index}_error") for one in found]
            stated = math.sqrt(np.mean(np.square(errors)))
            assert np.std(values, ddof=1) == pytest.approx(stated, rel=0.5)
            assert np.mean(values) == pytest.approx(getattr(better[name], index), abs=stated)
            assert getattr(better[name], f"{index}_error") < stated / 3


def test_inputs_without_effect_get_zero() -> None:
    """An input that changes nothing has indices of zero, not NaN."""
    idle = factor("idle", 1, 2)
    found = sobol(factor("x", 1, 2) + np.less(idle, 5.0))
    assert found.rows[1] == SobolIndex("idle", 0.0, 0.0, 0.0, 0.0)
    assert str(found).splitlines()[-2] == "  idle   0              0"


def test_digits_repeat_whatever_else_exists(cost_range: Quantity) -> None:
    """The same question has the same digits, also after other inputs were made."""
    before = sobol((between(1, 4, name="x") + between(2, 3, name="y")).magnitude, points=256)
    _ = [between(1, 4, name="x") for _ in range(5)], sobol(cost_range.magnitude, points=128)
    after = sobol((between(1, 4, name="x") + between(2, 3, name="y")).magnitude, points=256)
    assert before == after
    other = sobol((between(1, 4, name="x") + between(2, 3, name="y")).magnitude, points=256, rng=1)
    assert before != other


def test_generators_seed() -> None:
    """Two generators in one state give one answer."""
    node = (between(1, 4) + between(2, 3)).magnitude
    first, second = (sobol(node, points=128, rng=np.random.default_rng(3)) for _ in range(2))
    assert first == second


def test_blocks_do_not_show(cost_range: Quantity, monkeypatch: pytest.MonkeyPatch) -> None:
    """The points may be evaluated in any number of pieces."""
    whole = sobol(cost_range.magnitude, points=1024)
    monkeypatch.setattr(sensitivity, "_BLOCK", 256)
    assert sobol(cost_range.magnitude, points=1024) == whole


def test_correlated_inputs_are_one_factor() -> None:
    """Members of one joint are swapped together, and shown as one row."""
    names = ("a", "b", "c", "idle")
    a, b, c, idle = (plus_minus(0.0, 1.0, name=name) for name in names)
    ranks = {("b", "a"): 0.6, ("idle", "a"): 0.3}
    node = (a + b + c + 0.0 * idle).correlated(ranks).magnitude
    found = by_name(sobol(node))
    # Variance of a + b for normal inputs with this rank correlation, beside that of c.
    together = 2.0 + 4.0 * math.sin(math.pi * 0.6 / 6.0)
    for name, share in {"a & b & idle": together, "c": 1.0}.items():
        row = found[name]
        assert near(row.first, share / (together + 1.0), row.first_error)
        assert near(row.total, share / (together + 1.0), row.total_error)
        assert row.total_error < 0.005


def test_absent_members_of_a_joint_are_drawn_too() -> None:
    """A part of a joint is drawn like the whole of it, with the distribution of each input."""
    ranks = {("a", "b"): 0.8, ("b", "c"): -0.5}
    inputs = [uniform(0, i + 1, name=name) for i, name in enumerate("abc")]
    sums = (inputs[0] + inputs[1] + inputs[2]).correlated(ranks)
    variables = {v.name: uncertain(v) for v in sums.magnitude.variables()}
    found = by_name(sobol(variables["c"] + factor("x", 0.0, 3.0), log=False))
    for name in ("c", "x"):
        assert near(found[name].total, 0.5, found[name].total_error)


def test_sources_are_listed_once() -> None:
    """The sources of a factor are named, each once."""
    row = sensitivity._row(
        [
            Variable.create(Uniform(0, 1), name=name, source=source)
            for name, source in (("a", "page"), ("b", "page"), ("c", "book"), ("d", ""))
        ],
        [0.5, 0.5, 0.0, 0.0],
    )
    assert (row.name, row.source) == ("a & b & c & d", "page; book")


def test_the_scale_can_be_chosen() -> None:
    """By default the log for positive results; either can be asked for."""
    node = (between(1, 9, name="x") * between(1, 2, name="y")).magnitude
    assert (sobol(node).scale, sobol(node, log=False).scale) == ("log", "linear")
    assert sobol(node, log=True) == sobol(node)


def test_products_interact_on_the_linear_scale() -> None:
    """Closed form for two log-normal factors: first-order and total index of the wide one."""
    found = by_name(sobol((between(1, 4, name="x") * between(1, 2, name="y")).magnitude, log=False))
    wide, narrow = (LogNormal(1, ratio).log_std() ** 2 for ratio in (4, 2))
    whole = math.expm1(wide + narrow)
    row = found["x"]
    assert near(row.first, math.expm1(wide) / whole, row.first_error)
    assert near(row.total, math.expm1(wide) * math.exp(narrow) / whole, row.total_error)


def test_text() -> None:
    """A table with aligned columns, the scale, the points, and the sum in the last line."""
    node = (between(1, 9, name="a long name") + between(1, 2, name="y")).magnitude
    head, names, first, second, end = str(sobol(node)).splitlines()
    assert head == (
        "Sobol indices of ln(result), log scale: 8192 points, ± sampling error from 8 lattices"
    )
    assert names.split() == ["input", "first-order", "total"]
    assert first.index("±") == second.index("±")
    assert first.startswith("  a long name  0.9")
    assert end.startswith("sum of first-order: 0.9")
    assert "the result, linear scale: 128 points" in repr(sobol(node, log=False, points=128))


@pytest.mark.parametrize(
    ("share", "error", "text"),
    [
        (0.3456, 0.0213, "0.35 ± 0.02"),
        (0.3456, 0.00213, "0.346 ± 0.002"),
        (0.3456, 0.000013, "0.346 ± 0.001"),
        (0.3456, 0.213, "0.3 ± 0.2"),
        (0.3456, 2.13, "0 ± 2"),
        (-0.0004, 0.0213, "0.00 ± 0.02"),
        (-0.04, 0.0213, "-0.04 ± 0.02"),
        (0.0, 0.0, "0"),
    ],
)
def test_digits_follow_the_error(share: float, error: float, text: str) -> None:
    """No more digits than the error allows, and no negative zero."""
    assert sensitivity._share(share, error) == text


def flat() -> Any:
    return (f.less(uniform(1, 2), 5.0) + 1.0).magnitude


REFUSED: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "array": (lambda: factor("x") * np.ones(2), {}, r"one number; got an array of shape \(2,\)"),
    "flat": (flat, {}, "this one has none: it is 2 at every point"),
    "no input": (lambda: factor("x") * 0.0 + 3.0, {}, "this one has none: it is 3"),
    "rounding": (lambda: factor("x", 1, 2) * 1e-16 + 1.0, {}, "this one has none"),
    "infinite": (
        lambda: 1.0 / alternatives([0, 1]).magnitude,
        {},
        r"needs finite results; 50 % .* limits=\(0, None\)",
    ),
    "undefined": (lambda: np.log(factor("x")), {}, "needs finite results"),
    "negative": (
        lambda: factor("x") + 0.5,
        {"log": True},
        r"sobol\(log=True\) needs a positive result; .* lowest is -0\.49.*: write log=False",
    ),
    "too few": (lambda: factor("x"), {"points": 64}, r"power of two from 2\*\*7 to 2\*\*20"),
    "too many": (lambda: factor("x"), {"points": 2**21}, "such as 8192; got 2097152"),
    "no power": (lambda: factor("x"), {"points": 1000}, "got 1000"),
    "no number": (lambda: factor("x"), {"points": 256.0}, "got 256.0"),
    "boolean": (lambda: factor("x"), {"points": True}, "got True"),
    "seed": (lambda: factor("x"), {"rng": -1}, "rng needs a whole number from 0"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str) -> None:
    """What has no indices gets an error that says what to do."""
    make, options, message = REFUSED[case]
    with pytest.raises(RangeError, match=message):
        sobol(make(), **options)


def test_a_constant_without_inputs_is_refused() -> None:
    """A result that cancels to a number has no spread."""
    x = factor("x")
    with pytest.raises(RangeError, match="this one has none: it is 0 at every point"):
        sobol(x - x)


def test_undefined_branches_do_no_harm() -> None:
    """A logarithm of a negative number in a branch that is not taken is not looked at."""
    x = factor("x")
    safe: Any = np.where(np.less(x, 0.5), x, np.log(x))
    assert sobol(safe).rows[0].total == pytest.approx(1.0, abs=0.01)


def test_one_wide_input_takes_all() -> None:
    """A single input explains everything."""
    node = uncertain(Variable.create(LogNormal(1, 100), name="x"))
    (row,) = sobol(node).rows
    assert near(row.first, 1.0, row.first_error)
    assert near(row.total, 1.0, row.total_error)
