"""Monte Carlo and quantiles against NumPy by hand; memory of a hundred million samples."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from parts import formula
from parts.table import Row, factor, percent, spread, time_text
from parts.timing import Case, Timed, quiet_pairs, ratios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Convergence", "monte_carlo", "monte_carlo_rows", "peak_memory", "two_threads"]

SIZE = 10**6
ENDS = (0.05, 0.95)
REPETITIONS = 96
GOAL = 0.01


def _naive(seed: int, size: int) -> Any:
    return formula.by_hand(formula.draws_by_hand(np.random.default_rng(seed), size))


def monte_carlo() -> Timed:
    """One million samples, ours and by hand; a new seed each round, so nothing is remembered."""
    cost = formula.build()
    first, again = (cost.samples(1000, rng=seed).magnitude for seed in (1, 2))
    assert not np.any(first == again)
    assert np.all(first == cost.samples(1000, rng=1).magnitude)
    return Timed(
        ours=Case(lambda seed: lambda: cost.samples(SIZE, rng=seed)),
        naive=Case(lambda seed: lambda: _naive(seed, SIZE)),
    )


def monte_carlo_rows(timed: Timed) -> list[Row]:
    """One thread, processor time."""
    ratio = timed.ratio("ours", "naive")
    ours, naive = spread(timed.quartiles("ours")), spread(timed.quartiles("naive"))
    return [
        Row(
            "1,000,000 Monte Carlo samples, one thread / NumPy by hand (processor time)",
            f"{factor(ratio)}; {ours} / {naive}",
            "≤ 0.6",
            ratio.median <= 0.6,
        )
    ]


def two_threads(*, quick: bool) -> list[Row]:
    """Two threads against NumPy by hand, on the clock, while both cores are free."""
    cost, wanted = formula.build(), 5 if quick else 15
    cost.samples(SIZE, rng=0, threads=2)
    _naive(0, SIZE)

    def pairs() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
        for seed in range(1, 10 * wanted + 1):
            yield (
                partial(cost.samples, SIZE, rng=seed, threads=2),
                partial(_naive, seed, SIZE),
            )

    ours, naive, tried = quiet_pairs(pairs(), wanted)
    what = "1,000,000 Monte Carlo samples, two threads / NumPy by hand (on the clock)"
    kept = f"{len(ours)} of {tried} pairs had both cores free"
    if len(ours) < 2:
        return [Row(what, f"not measured: {kept}", "≤ 0.4")]
    ratio = ratios(ours, naive)
    return [Row(what, f"{factor(ratio)}; {kept}", "≤ 0.4", ratio.median <= 0.4)]


class Convergence:
    """How many points the 5 % and 95 % points need for a standard error of 1 %, and the time."""

    def __init__(self, *, quick: bool, points: int | None = None) -> None:
        self.cost = formula.build()
        self.given = points
        blocks, size = (4, 2**18) if quick else (16, 2**20)
        found = [self._ours(size, 1000 + seed) for seed in range(blocks)]
        self.truth = np.mean(found, axis=0)
        self.points, self.error = self._lattice_points()
        self.naive_points = self._naive_points(float(self.error.max()))
        drawn = [self._by_hand(self.naive_points, 10_000 + seed) for seed in range(REPETITIONS)]
        self.naive_error = self._error(drawn)
        # Two ways to the same figure must agree: ours, and NumPy's own distributions.
        assert np.all(
            np.abs(np.mean(drawn, axis=0) / self.truth - 1) < 5 * GOAL / np.sqrt(REPETITIONS)
        )

    def _ours(self, points: int, seed: int) -> Any:
        return self.cost.quantiles(*ENDS, points=points, rng=seed).magnitude

    @staticmethod
    def _by_hand(size: int, seed: int) -> Any:
        return np.quantile(_naive(seed, size), ENDS)

    def _error(self, found: Any) -> Any:
        """Root of the mean squared relative error, at either end."""
        return np.sqrt(np.mean((np.asarray(found) / self.truth - 1) ** 2, axis=0))

    def _lattice_points(self) -> tuple[int, Any]:
        for points in [self.given] if self.given else 2 ** np.arange(7, 21):
            error = self._error([self._ours(int(points), seed) for seed in range(REPETITIONS)])
            if np.all(np.round(error, 3) <= GOAL):
                return int(points), error
        message = "no number of lattice points up to a million reaches 1 %"
        raise AssertionError(message)

    def _naive_points(self, goal: float) -> int:
        """Interpolated: the error of independent samples falls as one over the root of N."""
        sizes = 2 ** np.arange(13, 17)
        scaled = [
            np.sqrt(size) * self._error([self._by_hand(size, s) for s in range(REPETITIONS)])
            for size in sizes.tolist()
        ]
        worst = np.sqrt(np.mean(np.square(scaled), axis=0)).max()
        return int(np.ceil((worst / goal) ** 2))

    def timed(self) -> Timed:
        """Time both with a new seed each round; and the first question of a new formula."""

        def asked(cost: Any, seed: int) -> Callable[[], object]:
            return partial(cost.quantiles, *ENDS, points=self.points, rng=seed)

        return Timed(
            ours=Case(lambda seed: asked(self.cost, 20_000 + seed)),
            fresh=Case(lambda seed: asked(formula.build(), 30_000 + seed)),
            naive=Case(lambda seed: lambda: self._by_hand(self.naive_points, 20_000 + seed)),
        )

    def rows(self, timed: Timed) -> list[Row]:
        """Compare, with what each needed."""
        ratio = timed.ratio("ours", "naive")
        errors = [
            " and ".join(percent(float(e)) for e in pair) for pair in (self.error, self.naive_error)
        ]
        ours, naive = (spread(timed.quartiles(case)) for case in ("ours", "naive"))
        parts = [
            f"{factor(ratio)}",
            f"lattice of {self.points:,} (errors {errors[0]}) in {ours}",
            f"{self.naive_points:,} by hand (errors {errors[1]}) in {naive}",
            f"{timed.ratio('fresh', 'naive').median:.3g} where the formula is new and compiled too",
        ]
        what = "5 % and 95 % points to 1 % standard error, lattice / Monte Carlo by hand"
        if self.given:
            what = f"the same at the default number of points ({self.given:,})"
        return [Row(what, "; ".join(parts), "≤ 0.25", ratio.median <= 0.25)]


def _bytes_by_hand(size: int = 10**5) -> float:
    """Memory per sample of full-length arrays, counted on a small set of samples."""
    tracemalloc.start()
    _naive(0, size)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / size


_MEMORY = """
import sys, time
sys.path.insert(0, sys.argv[1])
from parts import formula
from parts.memory import peak
cost = formula.build()
cost.summary(points=1024, method="monte-carlo")
before, start = peak(), time.process_time()
found = cost.summary(points=int(sys.argv[2]), method="monte-carlo")
print(peak() - before, time.process_time() - start, found.low.magnitude, found.high.magnitude)
"""


def peak_memory(*, quick: bool) -> list[Row]:
    """Largest memory of a fresh process that summarises many samples, above one that is warm."""
    size = 10**6 if quick else 10**8
    folder = str(Path(__file__).parents[1])
    start = time.perf_counter()
    command = [sys.executable, "-c", _MEMORY, folder, str(size)]
    run = subprocess.run(command, check=False, text=True, capture_output=True)  # noqa: S603 - ours
    if run.returncode:
        raise RuntimeError(run.stderr.strip().splitlines()[-1])
    print(f"memory: {time.perf_counter() - start:.0f} s", file=sys.stderr)
    extra, taken, low, high = (float(word) for word in run.stdout.split())
    naive = _bytes_by_hand() * size / 1e9
    assert 5.6e6 < low < 6.1e6, low
    assert 5.0e7 < high < 5.4e7, high
    return [
        Row(
            f"peak memory of a summary of {size:,} Monte Carlo samples",
            f"{extra / 1e6:.1f} MB, in {time_text(taken)} (arrays by hand: {naive:.3g} GB)",
            "≤ 100 MB",
            extra <= 100e6,
        )
    ]
