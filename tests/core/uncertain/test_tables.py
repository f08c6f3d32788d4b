"""Tables of quantiles: random values that differ from exact ones by next to nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from llm_economics.core.uncertain.distributions import (
    Discrete,
    Distribution,
    LogNormal,
    LogUniform,
    Mixture,
    Normal,
    Pert,
    Truncated,
    Uniform,
)
from llm_economics.core.uncertain.tables import Scratch, quantile_table

SMOOTH: list[Distribution] = [
    LogNormal(0.01, 0.5),
    LogNormal(7, 15),
    Normal(-3, 1),
    Pert(1, 2, 9),
    Pert(0, 0, 1),
    LogUniform(1, 50),
    Truncated(LogNormal(1.05, 1.4), lower=1.0),
    Truncated(Normal(0, 1), lower=0.0, upper=1.0),
]


class Given:
    """A generator whose numbers are known."""

    def __init__(self, u: Any) -> None:
        self.u = u

    def random(self, out: Any) -> None:
        out[:] = self.u


def filled(distribution: Distribution, u: Any) -> Any:
    out = np.empty_like(u)
    generator: Any = Given(u)
    quantile_table(distribution).fill(generator, out, Scratch(u.size + 5))
    return out


@pytest.mark.parametrize("distribution", SMOOTH, ids=lambda d: d.describe())
def test_values_are_quantiles(distribution: Distribution) -> None:
    """From the middle to the farthest tail: within 2e-4 standard deviations, or of the value."""
    near = (np.arange(20_000) + 0.5) / 20_000
    far = 10.0 ** -np.linspace(1, 15.9, 3000)
    u = np.concatenate([near, far, 1.0 - far])
    exact = distribution.quantile(np.clip(u, 2.0**-54, 1.0 - 2.0**-53))
    found = filled(distribution, u)
    allowed = 3e-4 * np.maximum(distribution.std(), np.abs(exact))
    assert np.all(np.abs(found - exact) <= allowed)
    assert np.mean(found[: near.size]) == pytest.approx(np.mean(exact[: near.size]), rel=1e-5)


@pytest.mark.parametrize("distribution", SMOOTH, ids=lambda d: d.describe())
def test_limits_hold(distribution: Distribution) -> None:
    """Not even rounding, and not even the number 0, leads out of the support."""
    u = np.concatenate([[0.0, 2.0**-60, 1.0 - 2.0**-53], np.linspace(0.0, 1.0, 4001)[:-1]])
    low, high = distribution.support
    found = filled(distribution, u)
    assert np.all((found >= low) & (found <= high) & np.isfinite(found))


def test_only_continuous_ones_have_tables() -> None:
    """Between two discrete values lies nothing, so no table joins them."""
    assert all(d.tabulated for d in SMOOTH)
    others = [Discrete([1, 2]), Mixture([Uniform(0, 1), Uniform(2, 3)]), Uniform(0, 1)]
    assert not any(d.tabulated for d in others)
    assert not Truncated(Uniform(0, 1), lower=0.5).tabulated


def test_tables_are_kept() -> None:
    """A distribution has one table."""
    assert quantile_table(LogNormal(7, 15)) is quantile_table(LogNormal(7.0, 15.0))
