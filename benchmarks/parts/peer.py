"""What a peer is asked: identity, percentiles, a maximum, speed, bounds, units."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENDS", "LEVELS", "SAMPLES", "Peer", "ends"]

LEVELS = (0.05, 0.5, 0.95)
ENDS = (0.05, 0.95)

SAMPLES = 10**5
"""Samples of the cost that are timed."""

Pair: TypeAlias = tuple[Any, Any]


def ends(*samples: Any) -> Pair:
    """5 % and 95 % points of two sets of samples."""
    ratio, difference = (np.quantile(np.asarray(s, dtype=np.float64), ENDS) for s in samples)
    return ratio, difference


class Peer(NamedTuple):
    """One library, and how it does each task."""

    name: str

    needs: tuple[str, ...]
    """Modules that must be installed."""

    identity: Callable[[], Pair]
    """5 % and 95 % points of x/x, and of x-x."""

    percentiles: Callable[[], Any]
    """5, 50 and 95 % points of the cost (USD)."""

    larger: Callable[[], float]
    """Mean of the maximum of two independent N(1, 0.3)."""

    work: Callable[[int], Callable[[], object]]
    """Given a seed, returns what evaluates the cost `counted` times."""

    counted: int = SAMPLES
    """Fewer than `SAMPLES` where that takes long; then the time is projected."""

    bounds: str = "no"
    """Whether it gives bounds that hold, not corners or sampled ends."""

    units: str = "no"
    """Whether adding dollars to energy is refused."""

    note: str = ""
    """What the figures stand for, where that is not samples."""

    @property
    def missing(self) -> str:
        """The first module that is not there; empty if all are."""
        for module in self.needs:
            try:
                import_module(module)
            except ImportError:
                return module
        return ""
