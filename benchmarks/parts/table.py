"""Rows of the tables, and numbers as they are shown there."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from parts.timing import Quartiles

__all__ = ["Row", "factor", "markdown", "percent", "spread", "time_text"]


class Row(NamedTuple):
    """One line of the first table."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    """None where there is no target."""

    def cells(self) -> tuple[str, ...]:
        """As text."""
        met = "" if self.met is None else "yes" if self.met else "**no**"
        return self.what, self.measured, self.target, met


def markdown(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *(list(row) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def time_text(seconds: float) -> str:
    """Seconds with a unit that suits: "3.5 µs"."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def spread(times: Quartiles) -> str:
    """Median time with its quartiles: "3.5 µs (3.4 µs – 3.8 µs)"."""
    return f"{time_text(times.median)} ({time_text(times.low)} – {time_text(times.high)})"


def factor(ratio: Quartiles) -> str:
    """Median ratio with its quartiles: "0.55 (0.54 – 0.57)"."""
    return f"{ratio.median:.3g} ({ratio.low:.3g} – {ratio.high:.3g})"


def percent(share: float) -> str:
    """A share: "0.973 %"."""
    return f"{100 * share:.3g} %"
