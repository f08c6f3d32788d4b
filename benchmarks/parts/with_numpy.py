"""The library itself, and NumPy by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import llm_economics as le
from llm_economics.core.errors import DimensionError
from parts import formula
from parts.peer import ENDS, LEVELS, SAMPLES, Peer, ends

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BY_HAND", "OURS"]


def _our_identity() -> tuple[Any, Any]:
    x = le.between(1, 4)
    return (x / x).quantiles(*ENDS).magnitude, (x - x).quantiles(*ENDS).magnitude


def _our_larger() -> float:
    one, other = (le.quantity("1 ± 0.3") for _ in range(2))
    return float(le.functions.maximum(one, other).mean().magnitude)


def _our_work(seed: int) -> Callable[[], object]:
    cost = formula.build()
    return lambda: cost.samples(SAMPLES, rng=seed)


def _our_units() -> str:
    try:
        le.quantity("1 USD") + le.quantity("1 kWh")
    except DimensionError:
        return "yes"
    return "no"


OURS = Peer(
    "llm_economics",
    ("llm_economics",),
    _our_identity,
    lambda: formula.build().quantiles(*LEVELS).magnitude,
    _our_larger,
    _our_work,
    bounds="yes",
    units=_our_units(),
)


def _identity() -> tuple[Any, Any]:
    x = np.random.default_rng(1).lognormal(0.7, 0.4, SAMPLES)
    return ends(x / x, x - x)


def _larger() -> float:
    return float(np.random.default_rng(1).normal(1, 0.3, (2, 10 * SAMPLES)).max(axis=0).mean())


def _cost(seed: int, size: int = SAMPLES) -> Any:
    return formula.by_hand(formula.draws_by_hand(np.random.default_rng(seed), size))


BY_HAND = Peer(
    "NumPy by hand",
    ("numpy",),
    _identity,
    lambda: np.quantile(_cost(0), LEVELS),
    _larger,
    lambda seed: lambda: _cost(seed),
)
