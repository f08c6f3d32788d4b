"""uncertainties: a value and a standard deviation each, propagated linearly.

It has no percentiles: shown are the value, and 1.645 standard deviations on either side. Its
comparison and `ceil` are deprecated, so the larger value is taken by hand and nothing is rounded
up to whole servers (half a part in a thousand here).
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from parts import formula
from parts.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["UFLOAT", "UNUMPY"]


class _Functions:
    """`maximum` by the middle values; `ceil` leaves all as it is."""

    @staticmethod
    def maximum(first: Any, second: Any) -> Any:
        """The one whose middle is larger; element by element for arrays."""
        if isinstance(first, np.ndarray):
            return np.vectorize(_Functions.maximum, otypes=[object])(first, second)
        return first if first.nominal_value >= second.nominal_value else second

    @staticmethod
    def ceil(value: Any) -> Any:
        """Nothing is rounded up."""
        return value


def _std(i: formula.Input) -> float:
    if i.shape == "uniform":
        return i.si * (i.high - i.low) / math.sqrt(12)
    if i.shape == "normal":
        return i.si * i.spread
    return i.median * math.exp(i.spread**2 / 2) * math.sqrt(math.expm1(i.spread**2))


def _ufloat(value: float, std: float) -> Any:
    return import_module("uncertainties").ufloat(value, std)


def _uarray(value: float, std: float, rows: int = 1) -> Any:
    array = import_module("uncertainties.unumpy").uarray
    return array(np.full(rows, value), np.full(rows, std))


def _ufloat_cost() -> Any:
    values = {name: _ufloat(i.median, _std(i)) for name, i in formula.INPUTS.items()}
    return formula.by_hand(values, _Functions)


def _unumpy_cost(rows: int) -> Any:
    values = {name: _uarray(i.median, _std(i), rows) for name, i in formula.INPUTS.items()}
    return formula.by_hand(values, _Functions)


def _ends(value: Any) -> tuple[float, float, float]:
    half = formula.Z * value.std_dev
    return value.nominal_value - half, value.nominal_value, value.nominal_value + half


def _identity(x: Any) -> tuple[Any, Any]:
    ratio, difference = (np.ravel(y)[0] for y in (x / x, x - x))
    return _ends(ratio)[::2], _ends(difference)[::2]


def _larger(make: Callable[[float, float], Any]) -> float:
    larger = _Functions.maximum(make(1.0, 0.3), make(1.0, 0.3))
    return float(np.ravel(larger)[0].nominal_value)


def _unumpy_work(_: int) -> Callable[[], object]:
    deviations = import_module("uncertainties.unumpy").std_devs
    return lambda: deviations(_unumpy_cost(_ROWS))


_ROWS = 256
_NOTE = "linear: mean and 1.645 standard deviations on either side"

UFLOAT = Peer(
    "uncertainties, ufloat",
    ("uncertainties",),
    lambda: _identity(_ufloat(2.0, 0.3)),
    lambda: _ends(_ufloat_cost()),
    lambda: _larger(_ufloat),
    lambda _: lambda: [_ufloat_cost().std_dev for _ in range(_ROWS)],
    counted=_ROWS,
    note=_NOTE,
)

UNUMPY = Peer(
    "uncertainties.unumpy",
    ("uncertainties",),
    lambda: _identity(_uarray(2.0, 0.3)),
    lambda: _ends(_unumpy_cost(1)[0]),
    lambda: _larger(_uarray),
    _unumpy_work,
    counted=_ROWS,
    note=_NOTE,
)
