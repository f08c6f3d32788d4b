"""Formulas that the engine is tried on: one large one of fifteen inputs, and random small ones.

The large one is the cost of a training run, with a communication floor (a maximum) and whole
servers (a staircase). Random ones are texts, so that a failing example can be read; drawing
functions was rejected for that reason. One text runs on floats, arrays, ufloats, quantities and
ranges.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from llm_economics.core import functions
from llm_economics.core.reading import between, quantity
from llm_economics.core.uncertain.linear import is_ufloat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llm_economics.core.registry import Quantity

__all__ = [
    "CHOICES",
    "ENDS",
    "OTHER_UNITS",
    "SIGNED",
    "SMOOTH",
    "STEPS",
    "UNITS",
    "cost_in_dollars",
    "cost_points",
    "cost_ranges",
    "evaluate",
    "examples",
    "formulas",
    "numbers",
    "root",
    "training_cost",
]

YEAR = 365.25 * 24 * 3600.0

ENDS: dict[str, tuple[float, float, str]] = {
    "parameters": (70e9, 400e9, "log-normal"),
    "tokens": (8e12, 16e12, "log-normal"),
    "flop_each": (6.0, 8.0, "uniform"),
    "utilization": (0.3, 0.5, "uniform"),
    "peak": (960e12, 989e12, "uniform"),
    "count": (8000.0, 24000.0, "log-normal"),
    "board": (650.0, 720.0, "normal"),
    "fraction": (0.6, 0.95, "uniform"),
    "overhead": (1.2, 1.7, "log-normal"),
    "effectiveness": (1.05, 1.4, "log-normal"),
    "tariff": (0.04 / 3.6e6, 0.12 / 3.6e6, "log-normal"),
    "capital": (25e3, 45e3, "log-normal"),
    "life": (3 * YEAR, 6 * YEAR, "uniform"),
    "use": (0.5, 0.9, "uniform"),
    "exchange": (5e-8, 6e-7, "log-normal"),
}
"""Ends of each input in SI units, and its shape."""

UNITS = {
    "parameters": "parameter",
    "tokens": "token",
    "flop_each": "FLOP/parameter/token",
    "utilization": "",
    "peak": "FLOP/s/accelerator",
    "count": "accelerator",
    "board": "W/accelerator",
    "fraction": "",
    "overhead": "",
    "effectiveness": "",
    "tariff": "USD/J",
    "capital": "USD/accelerator",
    "life": "s",
    "use": "",
    "exchange": "s/token",
}

OTHER_UNITS = {
    "parameters": "billion parameter",
    "tokens": "Ttoken",
    "peak": "PFLOP/hour/accelerator",
    "count": "kaccelerator",
    "board": "kW/accelerator",
    "fraction": "percent",
    "tariff": "USD/kWh",
    "capital": "kUSD/accelerator",
    "life": "year",
    "exchange": "hour/Mtoken",
}


def training_cost(x: Mapping[str, Any], eight: Any = 8.0) -> Any:
    """Cost of energy and capital of one training run.

    Parameters
    ----------
    x : mapping
        The fifteen inputs by name: plain numbers in SI units, or quantities.
    eight : number or quantity
        Accelerators in a server; with units if the inputs have them.

    Returns
    -------
    same kind
        The cost in US dollars.
    """
    computing = x["flop_each"] * x["parameters"] * x["tokens"]
    time = functions.maximum(
        computing / (x["count"] * x["peak"] * x["utilization"]), x["tokens"] * x["exchange"]
    )
    servers = functions.ceil(x["count"] / eight) * eight
    power = servers * x["board"] * x["fraction"] * x["overhead"] * x["effectiveness"]
    return power * time * x["tariff"] + x["count"] * x["capital"] * time / (x["life"] * x["use"])


def cost_in_dollars(inputs: Mapping[str, Any]) -> Quantity:
    """Cost of inputs that have units.

    Parameters
    ----------
    inputs : mapping
        The fifteen inputs by name: quantities, exact or ranges.

    Returns
    -------
    Quantity
        The cost in USD.
    """
    cost: Quantity = training_cost(inputs, quantity(8.0, "accelerator/server")).to("USD")
    return cost


def cost_ranges(
    units: Mapping[str, str] | None = None, names: Iterable[str] = ENDS
) -> dict[str, Quantity]:
    """Make fifteen new inputs of the cost, in the order of `names`.

    Parameters
    ----------
    units : mapping, optional
        Units in which the ends are given, by name; by default plain numbers in SI units.
    names : iterable of str
        The order in which they are made.

    Returns
    -------
    dict
        Ranges by name.
    """
    made = {}
    for name in names:
        low, high, shape = ENDS[name]
        unit = units.get(name, UNITS[name]) if units is not None else ""
        factor = quantity(1.0, UNITS[name]).number(unit) if unit else 1.0
        made[name] = between(low * factor, high * factor, unit, shape=shape, name=name)
    return made


def cost_points() -> list[dict[str, float]]:
    """Return points of the inputs: both ends, and mixtures on either side of the maximum."""
    low = {name: ends[0] for name, ends in ENDS.items()}
    high = {name: ends[1] for name, ends in ENDS.items()}
    turns = ((low, high), (high, low))
    mixed = [{name: sides[i % 2][name] for i, name in enumerate(ENDS)} for sides in turns]
    return [low, high, *mixed, {name: 0.3 * low[name] + 0.7 * high[name] for name in low}]


# Each is a formula with holes; the result of a smooth one is above zero if what is put in is.
SMOOTH = (
    "({} + {})",
    "({} * {})",
    "({} / {})",
    "sqrt({})",
    "root({})",
    "log(1 + {})",
    "exp(-{})",
    "{} ** 1.5",
    "{} ** -2",
)
CHOICES = ("maximum({}, {})", "minimum({}, {})", "where(less({}, {}), {}, {})")
STEPS = ("ceil({})", "floor({})")
SIGNED = (
    "({} + {})",
    "({} - {})",
    "({} * {})",
    "({} / (1 + abs({})))",
    "(-{})",
    "abs({})",
    "({}) ** 2",
    "({}) ** 3",
    "root(abs({}))",
    "exp(minimum({}, 3.0))",
    "log(1 + abs({}))",
)


def formulas(
    *parts: str, leaves: Sequence[str] = ("x", "y", "2.5"), size: int = 8
) -> st.SearchStrategy[str]:
    """Draw formulas of x and y.

    Parameters
    ----------
    *parts : str
        What they are made of, with a pair of braces for each part.
    leaves : sequence of str
        What the parts are made of in the end.
    size : int
        At most so many leaves.

    Returns
    -------
    strategy of str
        Texts for `evaluate`.
    """
    return st.recursive(
        st.sampled_from(leaves),
        lambda inner: st.sampled_from(parts).flatmap(
            lambda part: st.builds(part.format, *[inner] * part.count("{}"))
        ),
        max_leaves=size,
    )


def numbers(low: float = 0.1, high: float = 10.0) -> st.SearchStrategy[float]:
    """Draw numbers that are not round, so that no two parts of a formula tie by accident."""
    return st.floats(low, high).map(lambda x: x * 1.0123456789)


def examples(share: float) -> settings:
    """Set how many examples a test draws, as a share of what the profile says.

    Parameters
    ----------
    share : float
        Below 1 for one of many alike, above for what has many forms.

    Returns
    -------
    settings
        A decorator.
    """
    return settings(max_examples=round(share * settings().max_examples))


def evaluate(text: str, **names: Any) -> Any:
    """Compute a formula for any kind of number.

    Parameters
    ----------
    text : str
        The formula.
    **names : number, array, ufloat, quantity or range
        What its letters stand for.

    Returns
    -------
    same kind
        Its value.
    """
    return eval(text, {**vars(functions), "abs": abs, "root": root}, names)


def root(value: Any) -> Any:
    """Square root, recorded as such.

    Parameters
    ----------
    value : number, array, ufloat, quantity or range
        Zero or more.

    Returns
    -------
    same kind
        As `functions.sqrt`, which records the power one half.
    """
    return functions.sqrt(value) if is_ufloat(value) else np.sqrt(value)
