"""The formula that many tests share: the cost of a training run, with fifteen uncertain inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.engine import processes
from tests.engine.formula import UNITS, cost_points, cost_ranges, training_cost

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity


@pytest.fixture
def cost() -> Callable[..., Any]:
    """Return the formula."""
    return training_cost


@pytest.fixture
def ranges() -> dict[str, Quantity]:
    """Return its inputs as ranges without units."""
    return cost_ranges()


@pytest.fixture
def cost_range(ranges: dict[str, Quantity]) -> Quantity:
    """Return the cost as a range."""
    result: Quantity = training_cost(ranges)
    return result


@pytest.fixture
def points() -> list[dict[str, float]]:
    """Return a few points of the inputs: both ends, and mixtures on either side of the maximum."""
    return list(cost_points())


@pytest.fixture
def units() -> dict[str, str]:
    """Return the units of the inputs."""
    return UNITS


@pytest.fixture
def elsewhere() -> Callable[[str], str]:
    """Return a function that runs code in a new process and gives what it printed."""
    return lambda code: processes.elsewhere(code).decode().strip()
