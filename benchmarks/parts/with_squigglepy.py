"""squigglepy, as its documents show it: arithmetic on distributions, then `@` for samples."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from parts import formula
from parts.peer import LEVELS, SAMPLES, Peer, ends

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SQUIGGLEPY"]


class _Functions:
    """`maximum` and `ceil` of its distributions."""

    @staticmethod
    def maximum(first: Any, second: Any) -> Any:
        """Lazily the larger of two."""
        return import_module("squigglepy").dist_max(first, second)

    @staticmethod
    def ceil(value: Any) -> Any:
        """Lazily rounded up."""
        return import_module("squigglepy").dist_ceil(value)


def _seeded(seed: int) -> Any:
    sq = import_module("squigglepy")
    sq.set_seed(seed)
    return sq


def _cost(seed: int) -> Any:
    sq = _seeded(seed)
    kinds = {"log-normal": sq.lognorm, "normal": sq.norm, "uniform": sq.uniform}
    inputs = {k: kinds[i.shape](i.low * i.si, i.high * i.si) for k, i in formula.INPUTS.items()}
    return formula.by_hand(inputs, _Functions)


def _identity() -> tuple[Any, Any]:
    x = _seeded(1).to(1, 4)
    return ends((x / x) @ SAMPLES, (x - x) @ SAMPLES)


def _larger() -> float:
    sq = _seeded(1)
    one, other = (sq.norm(mean=1, sd=0.3) for _ in range(2))
    return float(np.mean(sq.dist_max(one, other) @ (10 * SAMPLES)))


def _work(seed: int) -> Callable[[], Any]:
    cost = _cost(seed)
    return lambda: cost @ SAMPLES


SQUIGGLEPY = Peer(
    "squigglepy",
    ("squigglepy",),
    _identity,
    lambda: np.quantile(_cost(1) @ (5 * SAMPLES), LEVELS),
    _larger,
    _work,
    note="an input that occurs twice is drawn twice",
)
