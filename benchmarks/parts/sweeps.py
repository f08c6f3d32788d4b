"""Sweeps: a grid of prices with quantiles at each, and a million grid points without ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import llm_economics as le
from parts import formula
from parts.table import Row, factor, spread
from parts.timing import Case, Timed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["exact", "exact_rows", "quantiles", "quantiles_rows"]

LEVELS = (0.05, 0.5, 0.95)
PRICES = (0.03, 0.20)
SHARES = (0.3, 0.5)
CLUSTERS = (1000.0, 100_000.0)
SI = formula.INPUTS["price"].si


def _axis(ends: tuple[float, float], size: int, unit: str = "") -> Any:
    return le.axis(*ends, size, unit)


def _quantiles(cost: Any, seed: int) -> Any:
    swept = cost.sweep(price=_axis(PRICES, 1000, "USD/kWh"))
    return swept.quantiles(*LEVELS, points=4096, rng=seed)


def quantiles() -> Timed:
    """Three quantiles at each of 1,000 prices; a new formula and a new seed each round."""
    found = _quantiles(formula.build(), 0).values.magnitude
    assert found.shape == (1000, 3), found.shape
    for place in (0, -1):
        drawn = formula.draws_by_hand(np.random.default_rng(1), 2**18)
        truth = np.quantile(formula.by_hand(drawn | {"price": SI * PRICES[place]}), LEVELS)
        # 4096 points of a lattice give the ends to 1 or 2 %.
        assert np.allclose(found[place], truth, rtol=0.06), (found[place], truth)

    def ours(seed: int) -> Callable[[], Any]:
        cost = formula.build()
        return lambda: _quantiles(cost, seed)

    return Timed(ours=Case(ours))


def quantiles_rows(timed: Timed) -> list[Row]:
    """How long it takes."""
    ours = timed.quartiles("ours")
    return [
        Row(
            "1,000 prices × 4,096 samples to three quantiles",
            spread(ours),
            "≤ 60 ms",
            ours.median <= 60e-3,
        )
    ]


# What is swept, by us and by hand: the same grid, made anew in each call.
_GRIDS: dict[str, tuple[Callable[[Any], Any], Callable[[], Any]]] = {
    "1,000,000 energy prices": (
        lambda cost: cost.sweep(price=_axis(PRICES, 10**6, "USD/kWh")),
        lambda: formula.central_by_hand(price=SI * np.linspace(*PRICES, 10**6)),
    ),
    "1,000 prices × 1,000 utilizations": (
        lambda cost: cost.sweep(price=_axis(PRICES, 1000, "USD/kWh"), mfu=_axis(SHARES, 1000)),
        lambda: formula.central_by_hand(
            price=SI * np.linspace(*PRICES, 1000)[:, None], mfu=np.linspace(*SHARES, 1000)
        ),
    ),
    "1,000,000 cluster sizes": (
        lambda cost: cost.sweep(n=_axis(CLUSTERS, 10**6, "accelerator")),
        lambda: formula.central_by_hand(n=np.linspace(*CLUSTERS, 10**6)),
    ),
}


def exact(name: str) -> Timed:
    """A million grid points at the medians of the other inputs, ours and by hand."""
    swept, by_hand = _GRIDS[name]
    assert np.allclose(
        swept(formula.build()).central().values.magnitude, by_hand(), rtol=1e-11, atol=0
    )

    # The formula by hand is compiled once as well; the axes are made anew in each round.
    cost = formula.build()
    return Timed(ours=Case(lambda _: lambda: swept(cost).central()), naive=Case(lambda _: by_hand))


def exact_rows(name: str, timed: Timed) -> list[Row]:
    """Ratio of the times."""
    ratio = timed.ratio("ours", "naive")
    ours, naive = (spread(timed.quartiles(case)) for case in ("ours", "naive"))
    return [
        Row(
            f"{name}, other inputs at their medians / NumPy broadcasting by hand",
            f"{factor(ratio)}; {ours} / {naive}",
            "≤ 1.0",
            ratio.median <= 1.0,
        )
    ]


GRIDS = tuple(_GRIDS)
"""Names of the grids."""
