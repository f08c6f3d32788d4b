"""Tables of the step model of training: constants, their correlations, and what a run assumes.

Written from the library when pages are built, so that a new fit needs no edit of a page.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

from catalogue import figure
from sphinx.util.docutils import SphinxDirective

import llm_economics as le
from llm_economics.core.display import short_number
from llm_economics.training.discrepancy import discrepancy, run_tuning
from llm_economics.training.fitted import CONSTANTS, CORRELATIONS
from llm_economics.training.power import power_by_load
from llm_economics.training.prior import prior_utilization

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docutils.nodes import Node
    from sphinx.application import Sphinx

    from llm_economics.core.sources import Assumption

__all__ = ["StepConstants", "head", "key", "row", "setup"]

STRONG = 0.5
"""Correlations weaker than this are not shown."""


def constants(*, fitted: bool) -> Iterator[str]:
    """Write one line per constant: the median of its range, both ends, what it is."""
    yield from head("constant", "median", "90 % range", "what it is")
    for name, entry in CONSTANTS.items():
        if entry.fitted is fitted:
            ends = "–".join(short_number(end, 3) for end in (entry.low, entry.high))
            median = short_number(math.sqrt(entry.low * entry.high), 3)
            yield row(f"`{name}`", median, ends, entry.why)
    yield ""


def correlations() -> Iterator[str]:
    """Write the pairs of constants that the rows cannot tell apart well."""
    names = [name for name, entry in CONSTANTS.items() if entry.fitted]
    pairs = ((CORRELATIONS[i][j], i, j) for i, j in combinations(range(len(names)), 2))
    strong = sorted((pair for pair in pairs if abs(pair[0]) >= STRONG), key=lambda p: -abs(p[0]))
    yield from head("constant", "moves with", "rank correlation")
    for value, i, j in strong:
        yield row(f"`{names[i]}`", f"`{names[j]}`", f"{value:+.2f}".replace("-", "−"))
    yield ""


def assumptions() -> Iterator[str]:
    """Write what a run takes beside the constants of its step."""
    yield from head("name", "taken", "why", "sources")
    for title, found in _assumptions():
        origin = found.provenance
        keys = (key(source.key) for source in (origin.sources if origin else ()))
        yield row(title, figure(found.value), found.why, ", ".join(keys))
    yield ""


def _assumptions() -> Iterator[tuple[str, Assumption]]:
    for has_experts in (False, True):
        found = discrepancy(has_experts=has_experts)
        yield found.name, found
    yield run_tuning().name, run_tuning()
    for name in ("A100 SXM 80 GB", "H100 SXM", "TPU v4"):
        yield (prior := prior_utilization(le.accelerators[name], has_experts=False)).name, prior
    experts = prior_utilization(le.accelerators["H100 SXM"], has_experts=True)
    yield experts.name, experts
    taken: list[Assumption] = []
    power_by_load(le.quantity(1), taken)
    yield from ((found.name, found) for found in taken)


def key(name: str) -> str:
    """Link to the bibliography, where the source is in it."""
    return f"[`{name}`](#source-{name})" if name in le.sources else f"`{name}`"


def head(*cells: str) -> Iterator[str]:
    """Write the heading of a table."""
    yield row(*cells)
    yield row(*["---"] * len(cells))


def row(*cells: str) -> str:
    """Write one line of a table."""
    return f"| {' | '.join(cells)} |"


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "fitted": lambda: constants(fitted=True),
    "assumed": lambda: constants(fitted=False),
    "correlations": correlations,
    "assumptions": assumptions,
}


class StepConstants(SphinxDirective):
    """``{step-constants} fitted``: one of the tables."""

    required_arguments = 1

    def run(self) -> list[Node]:
        """Write the table into the page."""
        part = self.arguments[0]
        if part not in PARTS:
            message = f"there is no table {part!r}; take {', '.join(PARTS)}"
            raise self.error(message)
        self.env.note_reread()
        return self.parse_text_to_nodes("\n".join(PARTS[part]()), allow_section_headings=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("step-constants", StepConstants)
    return {"version": "1", "parallel_read_safe": True}
