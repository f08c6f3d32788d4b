"""A clock for measures that are to be compared: rounds, interleaved cases, quartiles.

In each round every case of every measure runs once, so that a slow minute falls on all of them.
A case first prepares (a fresh graph, say), which is not timed. The first round is dropped.

Processor time counts the work of this process whatever else the machine does. Where the clock on
the wall matters (two threads), a pair counts only if both cores were free before and after it:
two burns of about 30 ms, run at once in processes of their own, must each take less than 1.4
times what one takes alone.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["Case", "Quartiles", "Timed", "interleave", "quiet_pairs", "ratios", "seconds"]

QUIET = 1.4
"""Both burns at once may take so many times the one alone."""


class Case(NamedTuple):
    """Something to time."""

    prepare: Callable[[int], Callable[[], object]]
    """Given the number of the round, returns what is timed."""

    loops: int = 1
    """How often that is called per round; more than once for microseconds."""


class Quartiles(NamedTuple):
    """Median of several measurements, and the quartiles on either side."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Quartiles:
        """Quartiles of two values or more."""
        return cls(*statistics.quantiles(values, n=4, method="inclusive"))


class Timed:
    """Named cases and the seconds per call that they took, round by round."""

    def __init__(self, **cases: Case) -> None:
        self.cases = cases
        self.times: dict[str, list[float]] = {name: [] for name in cases}

    def round(self, number: int) -> None:
        """Run every case once."""
        for name, case in self.cases.items():
            self.times[name].append(seconds(case.prepare(number), case.loops))

    def quartiles(self, name: str) -> Quartiles:
        """Quartiles of the seconds of one case, without the warm-up."""
        return Quartiles.of(self.times[name][1:])

    def ratio(self, case: str, base: str) -> Quartiles:
        """Quartiles of the round-by-round ratio of two cases."""
        return ratios(self.times[case][1:], self.times[base][1:])


def ratios(numerators: Iterable[float], denominators: Iterable[float]) -> Quartiles:
    """Quartiles of ratios of values measured side by side."""
    return Quartiles.of(a / b for a, b in zip(numerators, denominators, strict=True))


def seconds(
    call: Callable[[], object], loops: int = 1, clock: Callable[[], float] = time.process_time
) -> float:
    """Seconds per call, by processor time unless another clock is given."""
    start = clock()
    for _ in range(loops):
        call()
    return (clock() - start) / loops


def interleave(measures: dict[str, Timed], rounds: int) -> dict[str, Exception]:
    """Run all measures `rounds` times after a warm-up; returns what failed, by name."""
    failed: dict[str, Exception] = {}
    for number in range(rounds + 1):
        print(f"round {number} of {rounds}", file=sys.stderr)
        for name, measure in measures.items():
            if name not in failed:
                try:
                    measure.round(number)
                except Exception as error:  # noqa: BLE001 - one that fails must not stop the rest
                    failed[name] = error
    return failed


_BURN = """
import sys, time
def burn(n):
    start = time.perf_counter()
    for _ in range(n): pass
    return time.perf_counter() - start
n = 10**5
while burn(n) < 0.03: n = int(1.2 * n)
for line in sys.stdin:
    print(burn(n), flush=True)
"""


class _Burner:
    """A process that burns for about 30 ms when told to, and says how long it took."""

    def __init__(self) -> None:
        command = [sys.executable, "-S", "-E", "-c", _BURN]
        self.process = subprocess.Popen(  # noqa: S603 - ours
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def start(self) -> None:
        """Tell it to burn."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")

    def finish(self) -> float:
        """Seconds on the clock that it took."""
        assert self.process.stdout is not None
        return float(self.process.stdout.readline())


def quiet_pairs(
    pairs: Iterator[tuple[Callable[[], object], Callable[[], object]]], wanted: int
) -> tuple[list[float], list[float], int]:
    """Wall-clock seconds of pairs of calls made while two cores were free.

    Stops when `wanted` pairs were kept or `pairs` ends. Returns the seconds of the first and of
    the second calls, and how many pairs were tried.
    """
    burners = _Burner(), _Burner()
    alone = [min(_burned((burner,))[0] for _ in range(9)) for burner in burners]
    kept: list[list[float]] = []
    tried = 0
    try:
        for calls in pairs:
            tried += 1
            if not _are_free(burners, alone):
                time.sleep(0.2)
                continue
            taken = [seconds(call, clock=time.perf_counter) for call in calls]
            if _are_free(burners, alone):
                kept.append(taken)
            if len(kept) == wanted:
                break
    finally:
        for burner in burners:
            burner.process.communicate()
    return [a for a, _ in kept], [b for _, b in kept], tried


def _burned(burners: tuple[_Burner, ...]) -> list[float]:
    for burner in burners:
        burner.start()
    return [burner.finish() for burner in burners]


def _are_free(burners: tuple[_Burner, ...], alone: list[float]) -> bool:
    taken = _burned(burners)
    return all(t < QUIET * single for t, single in zip(taken, alone, strict=True))
