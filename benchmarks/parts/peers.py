"""The second table: what peers make of the same tasks.

Each peer is used as its own documents show. Peers are optional: one that is not installed is
named as such, and one that cannot do a task says why in that cell.
"""

from __future__ import annotations

import math
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from parts.peer import SAMPLES, Peer
from parts.table import markdown, time_text
from parts.timing import Case, Timed, interleave
from parts.with_monaco import MONACO
from parts.with_numpy import BY_HAND, OURS
from parts.with_squigglepy import SQUIGGLEPY
from parts.with_uncertainties import UFLOAT, UNUMPY

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PEERS", "table"]

PEERS = (OURS, BY_HAND, SQUIGGLEPY, MONACO, UNUMPY, UFLOAT)

_HEAD = (
    "library",
    "x/x",
    "x−x",
    "5 / 50 / 95 % of the cost (million USD)",
    "mean of the larger of two N(1, 0.3)",
    "100,000 samples",
    "guaranteed bounds",
    "units checked",
    "remark",
)


def table(rounds: int) -> str:
    """Ask all peers, timed in turns; the table in Markdown."""
    here = {peer.name: peer for peer in PEERS if not peer.missing}
    # Case by case and row by row are slow: a third of the rounds tells enough.
    timed = {name: Timed(work=Case(peer.work)) for name, peer in here.items()}
    failed = interleave(timed, rounds)
    rows = [
        _row(peer, timed[peer.name], failed.get(peer.name))
        if peer.name in here
        else (peer.name, f"not installed: {peer.missing}", *[""] * (len(_HEAD) - 2))
        for peer in PEERS
    ]
    return markdown(_HEAD, rows)


def _row(peer: Peer, timed: Timed, failed: Exception | None) -> tuple[str, ...]:
    print(f"peer: {peer.name}", file=sys.stderr)
    return (
        _named(peer),
        _cell(lambda: _span(peer.identity()[0])),
        _cell(lambda: _span(peer.identity()[1])),
        _cell(lambda: " / ".join(f"{p / 1e6:.3g}" for p in peer.percentiles())),
        _cell(lambda: _mean(peer)),
        _failure(failed) if failed else _time(peer, timed),
        peer.bounds,
        peer.units,
        peer.note,
    )


def _named(peer: Peer) -> str:
    try:
        return f"{peer.name} {version(peer.needs[0])}"
    except PackageNotFoundError:  # run from the source tree
        return peer.name


def _span(found: Any) -> str:
    """One number, or the middle 90 %."""
    low, high = found
    return f"{low:.3g}" if low == high else f"{low:.2g} – {high:.2g}"


def _mean(peer: Peer) -> str:
    found = peer.larger()
    if peer is OURS:
        assert math.isclose(found, 1 + 0.3 / math.sqrt(math.pi), rel_tol=0.005), found
    return f"{found:.3f}"


def _time(peer: Peer, timed: Timed) -> str:
    median = timed.quartiles("work").median
    if peer.counted == SAMPLES:
        return time_text(median)
    return f"{time_text(median * SAMPLES / peer.counted)} (projected from {peer.counted})"


def _cell(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except AssertionError:
        raise
    except Exception as error:  # noqa: BLE001 - a peer that fails says so in its cell
        return _failure(error)


def _failure(error: Exception) -> str:
    return f"failed: {type(error).__name__}: {error}".splitlines()[0].replace("|", "/")[:120]
