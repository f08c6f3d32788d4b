"""The engine against its targets, and beside its peers: two Markdown tables.

One formula (the cost of a training run, 15 inputs, `maximum` and `ceil` in it) is built with units
and ranges through the public interface, and by hand with NumPy. All cases run in one process, in
turns, so that a slow minute falls on all; processor time, median (quartiles), warm-up dropped.
Figures are printed, not judged: only a wrong number makes this fail.

Run it with ``python benchmarks/engine.py``; ``--quick`` for a look. Peers are optional.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from parts import billion, graphs, peers, sampling, sweeps
from parts.table import Row, markdown
from parts.timing import Timed, interleave

if TYPE_CHECKING:
    from collections.abc import Callable

    Group = tuple[Callable[[], Timed], Callable[[Timed], list[Row]]]

__all__: list[str] = []

ROUNDS, QUICK_ROUNDS = 15, 4
HEAD = ("what", "measured", "target", "met")


def machine() -> str:
    """The processor and the versions that the figures hold for."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parts = [
        _processor(),
        f"{cores} cores",
        platform.system(),
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("numpy", "pint")),
    ]
    return ", ".join(parts)


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def reuse_memory() -> None:
    """Free one large array, after which the C library hands out freed memory again at once.

    Before that it returns each array to the system, and NumPy by hand takes up to three times as
    long over long arrays. Whether that has happened in a user's process is chance; here NumPy is
    timed at its best.
    """
    np.ones(4 * 10**6)


def groups(*, quick: bool) -> dict[str, Group]:
    """What is timed in turns: how to make it, and how to show it."""
    found: dict[str, Group] = {
        "Monte Carlo": (sampling.monte_carlo, sampling.monte_carlo_rows),
        "quantiles": _convergence(quick=quick),
        "quantiles at the default points": _convergence(quick=quick, points=2**14),
        "bounds": (graphs.bounds, graphs.bounds_rows),
        "value": (graphs.value, graphs.value_rows),
        "sweep with quantiles": (sweeps.quantiles, sweeps.quantiles_rows),
    }
    for name in sweeps.GRIDS:
        found[name] = partial(sweeps.exact, name), partial(sweeps.exact_rows, name)
    found["answers"] = graphs.answers, graphs.answers_rows
    found["Sobol"] = graphs.sobol, graphs.sobol_rows
    return found


def _convergence(*, quick: bool, points: int | None = None) -> Group:
    made: list[sampling.Convergence] = []

    def timed() -> Timed:
        made.append(sampling.Convergence(quick=quick, points=points))
        return made[0].timed()

    def rows(times: Timed) -> list[Row]:
        return made[0].rows(times)

    return timed, rows


def single(*, quick: bool) -> dict[str, Callable[[], list[Row]]]:
    """What runs once, by itself: other clocks, other processes."""
    return {
        "two threads": lambda: sampling.two_threads(quick=quick),
        "memory": lambda: sampling.peak_memory(quick=quick),
        "a billion": lambda: billion.rows(quick=quick),
    }


class Report:
    """Rows so far; a measure that fails becomes a row, a wrong number is kept for the end."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.wrong: list[str] = []

    def failed(self, name: str, error: Exception) -> None:
        """Note that a measure did not run."""
        reason = f"{type(error).__name__}: {error}".splitlines()[0].replace("|", "/")[:160]
        if isinstance(error, AssertionError):
            self.wrong.append(f"{name}: {error}")
        self.rows.append(Row(name, f"failed: {reason}"))

    def add(self, name: str, make: Callable[[], list[Row]]) -> None:
        """Rows of one measure, or why there are none."""
        print(f"{name} ...", file=sys.stderr)
        try:
            self.rows += make()
        except Exception as error:  # noqa: BLE001 - one that fails must not stop the rest
            self.failed(name, error)


def measure(report: Report, *, quick: bool) -> None:
    """Fill the report with the first table."""
    wanted = groups(quick=quick)
    timed: dict[str, Timed] = {}
    failed: dict[str, Exception] = {}
    for name, (make, _) in wanted.items():
        print(f"{name} ...", file=sys.stderr)
        try:
            timed[name] = make()
        except Exception as error:  # noqa: BLE001 - as above
            failed[name] = error
    failed |= interleave(timed, QUICK_ROUNDS if quick else ROUNDS)
    for name, (_, show) in wanted.items():
        if name in failed:
            report.failed(name, failed[name])
        else:
            report.add(name, partial(show, timed[name]))
    for name, rows in single(quick=quick).items():
        report.add(name, rows)


def main() -> None:
    """Print both tables."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--quick", action="store_true", help="fewer rounds, smaller sizes")
    quick: bool = reader.parse_args().quick
    report = Report()
    reuse_memory()
    measure(report, quick=quick)
    print(f"{machine()}. Median (quartiles); NumPy is timed with memory that was used before.\n")
    print(markdown(HEAD, (row.cells() for row in report.rows)))
    print(f"\n{peers.table(QUICK_ROUNDS if quick else 5)}")
    assert not report.wrong, report.wrong


if __name__ == "__main__":
    main()
