"""The cost of one training run, from 15 inputs: with units and ranges, and by hand in NumPy.

One formula text for every kind of number: `functions` gives `maximum` and `ceil`, `x` the inputs.
By hand the inputs are floats or arrays in SI units (a second, a joule, one accelerator).
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import llm_economics as le

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "INPUTS",
    "Input",
    "Z",
    "build",
    "by_hand",
    "central_by_hand",
    "cost",
    "draws_by_hand",
    "priced_by_hand",
]

Z = 1.6448536269514722
"""Standard deviations from the middle to the ends of a 90 % range of a normal distribution."""

_ACCELERATORS_PER_SERVER = 8.0


class Input(NamedTuple):
    """One uncertain input: its distribution, the quoted ends, and what its unit is in SI."""

    shape: str
    low: float
    high: float
    unit: str
    si: float = 1.0

    @property
    def middle(self) -> float:
        """Mean of the normal; of the logarithm for a log-normal."""
        low, high = self._ends()
        return 0.5 * (low + high)

    @property
    def spread(self) -> float:
        """Standard deviation of the normal; of the logarithm for a log-normal."""
        low, high = self._ends()
        return (high - low) / (2 * Z)

    @property
    def median(self) -> float:
        """Central value in SI units."""
        return self.si * (math.exp(self.middle) if self.shape == "log-normal" else self.middle)

    def _ends(self) -> tuple[float, float]:
        if self.shape == "log-normal":
            return math.log(self.low), math.log(self.high)
        return self.low, self.high


INPUTS = {
    "params": Input("log-normal", 70e9, 400e9, "parameter"),
    "tokens": Input("log-normal", 8e12, 16e12, "token"),
    "flop_per": Input("uniform", 6.0, 8.0, "FLOP/parameter/token"),
    "mfu": Input("uniform", 0.3, 0.5, ""),
    "peak": Input("uniform", 960e12, 989e12, "FLOP/s/accelerator"),
    "n": Input("log-normal", 8000.0, 24000.0, "accelerator"),
    "tdp": Input("normal", 650.0, 720.0, "W/accelerator"),
    "frac": Input("uniform", 0.6, 0.95, ""),
    "host": Input("log-normal", 1.2, 1.7, ""),
    "pue": Input("log-normal", 1.05, 1.4, ""),
    "price": Input("log-normal", 0.04, 0.12, "USD/kWh", 1 / 3.6e6),
    "capex": Input("log-normal", 25e3, 45e3, "USD/accelerator"),
    "life": Input("uniform", 3.0, 6.0, "year", 365.25 * 86400),
    "util": Input("uniform", 0.5, 0.9, ""),
    "comm": Input("log-normal", 5e-8, 6e-7, "s/token"),
}
"""Ends of a 90 % range, or hard limits where uniform."""


def cost(functions: Any, x: Any) -> Any:
    """Energy and wear of a training run, in dollars; x.per_server accelerators share a host."""
    compute = x.flop_per * x.params * x.tokens / (x.n * x.peak * x.mfu)
    time = functions.maximum(compute, x.tokens * x.comm)
    servers = functions.ceil(x.n / x.per_server)
    power = servers * x.per_server * x.tdp * x.frac * x.host * x.pue
    return power * time * x.price + x.n * x.capex * time / (x.life * x.util)


def build() -> le.Quantity:
    """Build the cost afresh through the public interface: new inputs, nothing remembered."""
    made: dict[str, Any] = {
        name: le.between(i.low, i.high, i.unit, shape=i.shape, name=name)
        for name, i in INPUTS.items()
    }
    made["per_server"] = le.Quantity(_ACCELERATORS_PER_SERVER, "accelerator/server")
    total: le.Quantity = cost(le, SimpleNamespace(**made)).to("USD")
    return total


def by_hand(values: Mapping[str, Any], functions: Any = np) -> Any:
    """Cost (USD) of values in SI units, as one would write it with NumPy."""
    return cost(functions, SimpleNamespace(per_server=_ACCELERATORS_PER_SERVER, **values))


def draws_by_hand(rng: np.random.Generator, size: int) -> dict[str, Any]:
    """Full-length arrays of every input in SI units, by NumPy's own distributions."""
    return {name: i.si * _drawn(rng, i, size) for name, i in INPUTS.items()}


def _drawn(rng: np.random.Generator, i: Input, size: int) -> Any:
    if i.shape == "uniform":
        return rng.uniform(i.low, i.high, size)
    of = rng.lognormal if i.shape == "log-normal" else rng.normal
    return of(i.middle, i.spread, size)


def central_by_hand(**instead: Any) -> Any:
    """Cost at the medians of the inputs, some replaced by arrays (SI units)."""
    return by_hand({name: i.median for name, i in INPUTS.items()} | instead)


def priced_by_hand(low: float, high: float, size: int) -> Any:
    """Cost at the medians for `size` energy prices (USD/kWh) from low to high."""
    return central_by_hand(price=INPUTS["price"].si * np.linspace(low, high, size))
