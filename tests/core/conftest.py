"""The formula that many tests share: the cost of a training run, with fifteen uncertain inputs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from llm_economics.core import functions
from llm_economics.core.reading import between

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

HOUR = 3600.0
YEAR = 365.25 * 24 * HOUR

# Ends in SI units and shape; and the unit of each for the test with units.
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


def training_cost(x: dict[str, Any], eight: Any = 8.0) -> Any:
    """Cost of energy and capital; one text for floats, arrays, ufloats, quantities and ranges."""
    computing = x["flop_each"] * x["parameters"] * x["tokens"]
    time = functions.maximum(
        computing / (x["count"] * x["peak"] * x["utilization"]), x["tokens"] * x["exchange"]
    )
    servers = functions.ceil(x["count"] / eight) * eight
    power = servers * x["board"] * x["fraction"] * x["overhead"] * x["effectiveness"]
    return power * time * x["tariff"] + x["count"] * x["capital"] * time / (x["life"] * x["use"])


def fresh_ranges() -> dict[str, Quantity]:
    """Fifteen new ranges, without units."""
    return {
        name: between(low, high, shape=shape, name=name)
        for name, (low, high, shape) in ENDS.items()
    }


@pytest.fixture
def cost() -> Callable[..., Any]:
    """Return the formula."""
    return training_cost


@pytest.fixture
def ranges() -> dict[str, Quantity]:
    """Return its inputs as ranges without units."""
    return fresh_ranges()


@pytest.fixture
def cost_range(ranges: dict[str, Quantity]) -> Quantity:
    """Return the cost as a range."""
    result: Quantity = training_cost(ranges)
    return result


@pytest.fixture
def points() -> list[dict[str, float]]:
    """Return a few points of the inputs: both ends, and mixtures on either side of the maximum."""
    low = {name: ends[0] for name, ends in ENDS.items()}
    high = {name: ends[1] for name, ends in ENDS.items()}
    mixed = {name: ends[i % 2] for i, (name, ends) in enumerate(ENDS.items())}
    other = {name: ends[(i + 1) % 2] for i, (name, ends) in enumerate(ENDS.items())}
    middle = {name: 0.3 * low[name] + 0.7 * high[name] for name in low}
    return [low, high, mixed, other, middle]


@pytest.fixture
def units() -> dict[str, str]:
    """Return the units of the inputs."""
    return UNITS


@pytest.fixture
def elsewhere() -> Callable[[str], str]:
    """Return a function that runs code in a new process and gives what it printed."""

    def run(code: str) -> str:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return run
