"""A sweep of a thousand million cells on Dask, with two workers on this machine.

Memory is that of all processes together: this one, which has run all else before, and the workers
(pages that they share are counted twice).
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import llm_economics as le
from parts import formula
from parts.sweeps import CLUSTERS, PRICES, SHARES, SI
from parts.table import Row, time_text

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["rows"]

WINDOWS = 6
WIDTH = 5


class _Memory:
    """Largest resident memory of this process and its children together (bytes)."""

    def __init__(self) -> None:
        self.most = 0
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over.set()
        self.watcher.join()

    def _watch(self) -> None:
        psutil = import_module("psutil")
        here = psutil.Process()
        while not self.over.wait(0.05):
            total = 0
            for process in (here, *here.children(recursive=True)):
                try:
                    total += process.memory_info().rss
                except psutil.NoSuchProcess:  # it ended meanwhile
                    continue
            self.most = max(self.most, total)


def rows(*, quick: bool) -> list[Row]:
    """Largest and mean cost over the grid; time, memory, and whether the digits are right."""
    distributed = import_module("distributed")
    size = 200 if quick else 1000
    cluster = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        _Memory() as memory,
        distributed.LocalCluster(**cluster, silence_logs=logging.ERROR) as workers,
        distributed.Client(workers),
    ):
        start = time.perf_counter()
        array, axes = _lazy(size)
        largest, mean = _reduced(array)
        taken = time.perf_counter() - start
        print(f"a billion: {time_text(taken)}", file=sys.stderr)
        _check(array, axes, largest, mean)
    measured = (
        f"{time_text(taken)}, {memory.most / 1e9:.2f} GB over all processes; largest "
        f"{largest / 1e6:.4g}, mean {mean / 1e6:.4g} million USD; "
        f"{WINDOWS} random windows equal to the last digit"
    )
    return [
        Row(
            f"{size**3:,} cells (price × utilization × cluster size) on Dask, two workers",
            measured,
            "≤ 2 GB",
            memory.most <= 2e9,
        )
    ]


def _sweep(chunks: int | None = None, **axes: Any) -> Any:
    return formula.build().sweep(chunks=chunks, **axes).central()


_UNITS = {"price": "USD/kWh", "mfu": "", "n": "accelerator"}


def _lazy(size: int) -> tuple[Any, dict[str, Any]]:
    """Dask array of the cost (USD), and the values along each axis."""
    ends = {"price": PRICES, "mfu": SHARES, "n": CLUSTERS}
    axes = {k: le.axis(*ends[k], size, unit) for k, unit in _UNITS.items()}
    found = _sweep(chunks=10**7, **axes)
    assert found.dims == ("price", "mfu", "n")
    return found.values.magnitude, {k: v.magnitude for k, v in found.coords.items()}


def _reduced(array: Any) -> tuple[float, float]:
    largest, mean = import_module("dask").compute(array.max(), array.mean())
    return float(largest), float(mean)


def _check(array: Any, axes: dict[str, Any], largest: float, mean: float) -> None:
    """Windows against a sweep in memory, digit by digit; the largest against NumPy by hand."""
    # The cost rises with the price and falls with the utilization.
    by_hand = formula.central_by_hand(price=SI * PRICES[1], mfu=SHARES[0], n=axes["n"]).max()
    assert np.isclose(largest, by_hand, rtol=1e-12), (largest, by_hand)
    assert 0 < mean < largest
    rng = np.random.default_rng(0)
    for _ in range(WINDOWS):
        corner = [int(rng.integers(n - WIDTH)) for n in array.shape]
        window = tuple(slice(i, i + WIDTH) for i in corner)
        parts = zip(_UNITS.items(), window, strict=True)
        small: dict[str, Any] = {
            k: le.axis(axes[k][part].tolist(), unit=unit) for (k, unit), part in parts
        }
        expected = _sweep(**small).values.magnitude
        assert np.array_equal(np.asarray(array[window].compute()), expected), corner
