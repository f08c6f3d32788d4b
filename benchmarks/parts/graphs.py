"""Questions to one graph: bounds, value, gradient; and what building and asking it costs."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

import llm_economics as le
from llm_economics.core.uncertain.program import compile_program
from parts import formula
from parts.table import Row, percent, spread, time_text
from parts.timing import Case, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "answers",
    "answers_rows",
    "bounds",
    "bounds_rows",
    "sobol",
    "sobol_rows",
    "true_ends",
    "value",
    "value_rows",
]

LOOPS = 300


def true_ends() -> tuple[float, float]:
    """Smallest and largest cost over the box of quoted ranges, found by hand.

    The cost moves one way with every input but the number of accelerators, which is searched
    densely: on a fine grid, at every full set of servers, and just above each, where one more
    server is begun.
    """
    x = formula.INPUTS
    low, high = int(x["n"].low), int(x["n"].high)
    full = np.arange(low, high + 1, 8.0)
    n = np.concatenate([np.linspace(low, high, 2_000_001), full, np.nextafter(full[:-1], np.inf)])
    falls = {"mfu", "peak", "life", "util"}

    def at(*, largest: bool) -> Any:
        ends = {k: i.si * (i.high if largest != (k in falls) else i.low) for k, i in x.items()}
        return formula.by_hand(ends | {"n": n})

    return float(at(largest=False).min()), float(at(largest=True).max())


def _product() -> le.Quantity:
    made = le.between(1, 3, "kW")
    for low in (2.0, 5.0, 0.5, 0.1):
        made = made * le.between(low, 4 * low)
    return made


def bounds() -> Timed:
    """Bounds of the whole formula and of a product, each of a fresh graph."""
    return Timed(
        formula=Case(lambda _: formula.build().bounds),
        product=Case(lambda _: _product().bounds),
    )


def bounds_rows(timed: Timed) -> list[Row]:
    """How tight, how fast; a bound that is not one is an error."""
    low, high = true_ends()
    found = formula.build().bounds()
    ends = found.low.magnitude, found.high.magnitude
    assert ends[0] <= low * (1 + 1e-12), (ends, low)
    assert ends[1] >= high * (1 - 1e-12), (ends, high)
    loose = max(1 - ends[0] / low, ends[1] / high - 1)
    whole, product = timed.quartiles("formula"), timed.quartiles("product")
    shown = " – ".join(f"{end / 1e6:.6g}" for end in ends)
    truth = " – ".join(f"{end / 1e6:.6g}" for end in (low, high))
    return [
        Row(
            "guaranteed bounds of the formula: outside the true ends by",
            f"{percent(loose)} ({shown}; true {truth} million USD)",
            "≤ 0.1 %",
            loose <= 1e-3,
        ),
        Row("the same: time", spread(whole), "≤ 100 ms", whole.median <= 0.1),
        Row(
            "guaranteed bounds of a product of five ranges: time",
            spread(product),
            "≤ 2 ms",
            product.median <= 2e-3,
        ),
    ]


def value() -> Timed:
    """Value and gradient of a compiled formula, and the public call."""
    cost = formula.build()
    program = compile_program(cost.magnitude)
    at = [v.distribution.median() for v in program.variables]
    evaluate: Callable[[Any], Any] = getattr(program, "value", program.run)
    truth = formula.central_by_hand()
    assert math.isclose(float(evaluate(at)), truth, rel_tol=1e-12)
    _check_slopes(program.gradient(at)[1], [v.name for v in program.variables])
    plain = {name: i.median for name, i in formula.INPUTS.items()}
    floats = SimpleNamespace(maximum=max, ceil=math.ceil)
    return Timed(
        value=Case(lambda _: lambda: evaluate(at), LOOPS),
        gradient=Case(lambda _: lambda: program.gradient(at), LOOPS),
        central=Case(lambda _: cost.central, 30),
        floats=Case(lambda _: lambda: formula.by_hand(plain, floats), LOOPS),
    )


def _check_slopes(slopes: list[float], names: list[str]) -> None:
    """Derivatives against differences of the formula by hand, in the units of the inputs."""
    for name, slope in zip(names, slopes, strict=True):
        i = formula.INPUTS[name]
        step = 1e-6 * i.median
        if name != "n":  # its number of servers goes in steps
            up, down = (formula.central_by_hand(**{name: i.median + s}) for s in (step, -step))
            rough = (up - down) / (2 * step) * i.si
            assert math.isclose(slope, rough, rel_tol=1e-6, abs_tol=1e-9), (name, slope, rough)


def value_rows(timed: Timed) -> list[Row]:
    """How long each takes."""
    value, gradient = timed.quartiles("value"), timed.quartiles("gradient")
    floats = time_text(timed.quartiles("floats").median)
    return [
        Row(
            "value of a compiled formula of 15 inputs",
            f"{spread(value)}; the same formula on plain floats {floats}",
            "≤ 5 µs",
            value.median <= 5e-6,
        ),
        Row(
            "value and all 15 derivatives",
            spread(gradient),
            "≤ 20 µs",
            gradient.median <= 20e-6,
        ),
        Row("central(), the public call", spread(timed.quartiles("central"))),
    ]


def answers() -> Timed:
    """What a user waits for: building the formula with units, and first questions to it."""
    return Timed(
        build=Case(lambda _: formula.build),
        summary=Case(lambda _: formula.build().summary),
    )


def answers_rows(timed: Timed) -> list[Row]:
    """For information: no target."""
    points = formula.build().summary().points
    names = {
        "build": "building the formula with units",
        "summary": f"first summary() of a new formula ({points:,} points)",
    }
    return [Row(what, spread(timed.quartiles(name))) for name, what in names.items()]


def sobol() -> Timed:
    """Sobol indices of a new formula."""
    return Timed(sobol=Case(lambda _: formula.build().sobol))


def sobol_rows(timed: Timed) -> list[Row]:
    """For information: no target."""
    return [Row("first sobol() of a new formula", spread(timed.quartiles("sobol")))]
