"""The largest memory that this process has held."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

__all__ = ["peak"]


def peak() -> float:
    """Largest resident memory so far (bytes).

    Where Linux tells it, the figure of this program alone: `getrusage` starts a child with the
    peak of the process that it was forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(
            row for row in status.read_text(encoding="utf-8").splitlines() if "VmHWM" in row
        )
        return 1024.0 * float(line.split()[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
