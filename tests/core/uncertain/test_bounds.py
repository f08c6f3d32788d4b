"""Bounds hold for certain and are tight, also where a formula turns, jumps or chooses."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core import functions as f
from llm_economics.core.errors import RangeError
from llm_economics.core.reading import between, quantity, uniform
from llm_economics.core.uncertain import bounds as module
from llm_economics.core.uncertain.bounds import bounds
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity


def ends(number: Quantity) -> tuple[float, float]:
    low, high = number.bounds()
    return float(low.magnitude), float(high.magnitude)


def test_cost_is_bounded_to_a_thousandth(cost_range: Quantity) -> None:
    """Fifteen inputs, a maximum and a staircase: the true range is known from all corners."""
    low, high = ends(cost_range)
    assert 1.0339e6 * (1 - 1.1e-3) <= low <= 1.03391e6
    assert 231.53e6 <= high <= 231.53e6 * (1 + 1.1e-3)


def test_corners_of_the_cost_are_inside(
    cost: Callable[..., Any], cost_range: Quantity, ranges: dict[str, Quantity]
) -> None:
    """No corner of the box of quoted ranges is outside."""
    sides = [np.array(r.magnitude.payload.distribution.quoted) for r in ranges.values()]
    corners = np.array(list(itertools.product((0, 1), repeat=len(sides)))).T
    values = cost({n: s[c] for n, s, c in zip(ranges, sides, corners, strict=True)})
    low, high = ends(cost_range)
    assert low <= values.min()
    assert values.max() <= high


FORMULAS: dict[str, tuple[Callable[[], Quantity], float, float]] = {
    "turns inside": (lambda: _twice(uniform(3, 8), lambda x: x * (10 - x)), 16, 25),
    "U of two": (
        lambda: _twice(uniform(1, 20), lambda n: f.maximum(100 / n, 5 * n)),
        20**0.5 * 5,
        100,
    ),
    "minimum": (lambda: f.minimum(uniform(1, 3), uniform(2, 4)), 1, 3),
    "minimum, shared": (
        lambda: _twice(uniform(1, 3), lambda x: f.minimum(x, 4 - x)),
        1,
        2,
    ),
    "maximum": (lambda: f.maximum(uniform(1, 3), uniform(2, 4)), 2, 4),
    "staircase": (lambda: f.ceil(uniform(3.2, 7.1) / 2), 2, 4),
    "floor": (lambda: f.floor(uniform(3.2, 7.1) / 2), 1, 3),
    "staircase of a turn": (
        lambda: _twice(uniform(3, 8), lambda x: f.ceil(x * (10 - x) / 4)),
        4,
        7,
    ),
    "choice": (
        lambda: _twice(uniform(0, 4), lambda x: f.where(f.less(x, 1.0), 10 - x, x)),
        1,
        10,
    ),
    "choice of a constant": (lambda: f.where(f.less(uniform(0, 4), 9.0), uniform(1, 2), 5.0), 1, 2),
    "less": (lambda: f.less(uniform(0, 4), uniform(3, 9)), 0, 1),
    "square": (lambda: uniform(-1, 2) ** 2, 0, 4),
    "cube": (lambda: uniform(-1, 2) ** 3, -1, 8),
    "inverse square": (lambda: uniform(-4, -2) ** -2, 1 / 16, 1 / 4),
    "root from zero": (lambda: f.sqrt(uniform(0, 4)), 0, 2),
    "NumPy's root": (lambda: np.sqrt(uniform(0, 4)), 0, 2),
    "absolute": (lambda: abs(uniform(-3, 2)), 0, 3),
    "negative": (lambda: -uniform(1, 2), -2, -1),
    "difference": (lambda: _twice(uniform(1, 2), lambda x: x - 0.5 * x), 0.5, 1),
    "difference of equals": (lambda: _twice(uniform(1, 2), lambda x: x - x), 0, 0),
    "exponential": (lambda: f.exp(uniform(-1, 1)), np.exp(-1), np.exp(1)),
    "logarithm": (lambda: f.log(uniform(1, 9)), 0, np.log(9)),
    "power of ranges": (lambda: uniform(1, 3) ** uniform(1, 3), 1, 27),
    "two turns": (
        lambda: _form(uniform(-1, 1), uniform(-1, 1)),
        0,
        3,
    ),
}


def _form(x: Quantity, y: Quantity) -> Quantity:
    return x * x - x * y + y * y


def _twice(x: Quantity, formula: Callable[[Any], Any]) -> Quantity:
    result: Quantity = formula(x)
    return result


@pytest.mark.parametrize(("formula", "low", "high"), FORMULAS.values(), ids=list(FORMULAS))
def test_bounds_are_true_and_tight(
    formula: Callable[[], Quantity], low: float, high: float
) -> None:
    """Each end is outside the truth by at most a thousandth, and never inside."""
    found = ends(formula())
    slack = 1e-3 + 1e-12
    assert low - slack * abs(low) - 1e-8 <= found[0] <= low + 1e-12 * abs(low)
    assert high - 1e-12 * abs(high) <= found[1] <= high + slack * abs(high) + 1e-8


def test_a_jump_is_inside() -> None:
    """Where a formula jumps, both sides are inside the bounds, and the search ends."""
    x = uniform(0, 4)
    low, high = ends(f.where(f.less((x - 1) * (x - 3), 0.0), 10 + x, x))
    assert (low, high) == pytest.approx((0, 13), rel=1e-3)


def test_overflow_is_infinite() -> None:
    """What overflows has no finite end, and no warning."""
    x = uniform(1, 1000)
    assert ends(f.exp(x)) == (pytest.approx(np.e), np.inf)
    low, high = ends(f.exp(x) - f.exp(x + 1))
    assert low == -np.inf
    assert high >= -np.e


@pytest.mark.parametrize(
    ("formula", "name"),
    [
        (lambda x: 1 / x, "load"),
        (lambda x: x**-1, "load"),
        (lambda x: between(1, 2, name="other") / (x + 0.0), "load"),
    ],
    ids=["divide", "power", "named"],
)
def test_a_divisor_that_reaches_zero_is_named(formula: Callable[[Any], Any], name: str) -> None:
    """A quotient without bounds says which input reaches zero."""
    with pytest.raises(RangeError, match=f"reaches zero.*depends on '{name}'"):
        formula(uniform(0, 1, name="load")).bounds()


def test_arrays_are_refused() -> None:
    """Bounds are of one number."""
    with pytest.raises(RangeError, match=r"one number; got an array of shape \(2,\)"):
        (uniform(1, 2) * np.ones(2)).bounds()


def test_exact_values_are_their_own_bounds() -> None:
    """An exact value is certain, and so is a formula in which all inputs cancel."""
    assert ends(quantity("5 MW")) == (5.0, 5.0)
    x = uniform(1, 2).magnitude
    assert bounds((x - x) + 3.0) == (3.0, 3.0)


def test_the_tolerance_can_be_tightened() -> None:
    """A smaller tolerance gives a tighter end."""
    x = uniform(3, 8)
    low, high = (x * (10 - x)).bounds(tolerance=1e-6)
    assert 25 <= float(high.magnitude) <= 25 * (1 + 2e-6)
    assert float(low.magnitude) == pytest.approx(16)


def test_a_search_that_stops_early_is_still_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the boxes run out, the bound is true and less tight."""
    monkeypatch.setattr(module, "MAXIMUM_BOXES", 2)
    x = uniform(3, 8)
    low, high = ends(x * (10 - x))
    assert low <= 16
    assert 25 <= high <= 56


def test_samples_clipped_to_the_quoted_ranges_are_inside(
    cost: Callable[..., Any], cost_range: Quantity
) -> None:
    """No sample of the inputs inside their quoted ranges gives a cost outside."""
    program = compile_program(cost_range.magnitude)
    u = np.random.default_rng(1).random((len(program.variables), 4096))
    inputs = [
        np.clip(v.distribution.quantile(row), *v.distribution.quoted)
        for v, row in zip(program.variables, u, strict=True)
    ]
    low, high = ends(cost_range)
    drawn = program.run(inputs)
    assert low <= drawn.min()
    assert drawn.max() <= high
