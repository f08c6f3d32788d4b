"""What `import llm_economics` costs: processor time of a fresh process, beside `import numpy`.

Processor time of the child, not time on the clock, so that other work on the machine does not
count. Each round starts an empty Python, one that imports this library and one that imports NumPy,
one after the other, so that a slow minute falls on all three. Printed are the medians above the
empty Python.

Run it with ``python benchmarks/import_cost.py``.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

ROUNDS = 11
# Compiled files are kept, as where a package is installed; compiling would be most of the cost.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
PROGRAMS = {
    "empty": "pass",
    "llm_economics": "import llm_economics",
    "numpy": "import numpy",
}


def child_seconds(code: str) -> float:
    """Processor time of a fresh Python that runs `code` (s)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True, env=ENVIRONMENT)  # noqa: S603 - ours
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Median processor time of each import above an empty Python (s)."""
    for (
        code
    ) in PROGRAMS.values():  # files are compiled and in the memory of the system from here on
        child_seconds(code)
    times = [{name: child_seconds(code) for name, code in PROGRAMS.items()} for _ in range(rounds)]
    return {
        name: statistics.median(row[name] - row["empty"] for row in times)
        for name in PROGRAMS
        if name != "empty"
    }


def main() -> None:
    """Print both and their ratio."""
    cost = measure()
    for name, seconds in cost.items():
        print(f"import {name:<14} {1000 * seconds:7.1f} ms of processor time")
    print(f"ratio {cost['llm_economics'] / cost['numpy']:.3f}")


if __name__ == "__main__":
    main()
