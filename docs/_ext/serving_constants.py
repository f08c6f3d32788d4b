"""Tables of the model of serving: constants, correlations, discrepancies, power.

Written from the library when pages are built, so that a new fit needs no edit of a page.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING, Any

from catalogue import figure
from sphinx.util.docutils import SphinxDirective
from step_constants import head, key, row

import llm_economics as le
from llm_economics.core.display import short_number
from llm_economics.serving.constants import StackKind, serving_constants
from llm_economics.serving.fitted import CONSTANTS, CORRELATIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docutils.nodes import Node
    from sphinx.application import Sphinx

    from llm_economics.core.sources import Assumption

__all__ = ["ServingConstantTables", "setup"]

STRONG = 0.3
"""Correlations weaker than this are not shown."""

TIMES = ((1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (math.inf, 1.0, "s"))
"""Below how many seconds, times what, in which unit."""


def constants(*, fitted: bool) -> Iterator[str]:
    """Write one line per constant: the median of its range, both ends, what it is."""
    words = {a.name.replace(" ", "_"): a.why for a in _of_stack()}
    yield from head("constant", "of stacks", "median", "90 % range", "what it is")
    for name, entry in CONSTANTS.items():
        if entry.fitted is not fitted:
            continue
        field, _, kind = name.partition(" ")
        median = math.sqrt(entry.low * entry.high)
        scale, unit = _scale(field, median)
        ends = "–".join(short_number(end * scale, 3) for end in (entry.low, entry.high))
        told = words[field].rpartition(",")[0]
        shown = f"{short_number(median * scale, 3)}{unit}"
        yield row(f"`{field}`", kind or _others(field), shown, f"{ends}{unit}", told)
    yield ""


def _of_stack() -> tuple[Assumption, ...]:
    return serving_constants(StackKind.CURRENT).assumptions()


def _others(field: str) -> str:
    """Which stacks a constant without a kind is for."""
    return "all others" if any(name.startswith(f"{field} ") for name in CONSTANTS) else "all"


def _scale(field: str, size: float) -> tuple[float, str]:
    if not field.endswith("_time"):
        return 1.0, ""
    return next((scale, f" {unit}") for limit, scale, unit in TIMES if size < limit)


def correlations() -> Iterator[str]:
    """Write the pairs of constants that the rows cannot tell apart well."""
    names = [name for name, entry in CONSTANTS.items() if entry.fitted]
    pairs = ((CORRELATIONS[i][j], i, j) for i, j in combinations(range(len(names)), 2))
    strong = sorted((pair for pair in pairs if abs(pair[0]) >= STRONG), key=lambda p: -abs(p[0]))
    yield from head("constant", "moves with", "rank correlation")
    for value, i, j in strong:
        yield row(f"`{names[i]}`", f"`{names[j]}`", f"{value:+.2f}".replace("-", "−"))
    yield ""


def taken(*parts: str) -> Callable[[], Iterator[str]]:
    """Make a table of what a point takes beside its constants, of the lines with these words."""

    def lines() -> Iterator[str]:
        yield from head("name", "taken", "why", "sources")
        for found in _point().assumptions:
            if any(part in found.name for part in parts):
                origin = found.provenance
                keys = (key(source.key) for source in (origin.sources if origin else ()))
                yield row(found.name, figure(found.value), found.why, ", ".join(keys))
        yield ""

    return lines


def _point() -> Any:
    """Some point of operation, for what it lists as assumed."""
    deployment = le.serving.Deployment(
        model=le.models["Llama 3.1 70B"],
        accelerator=le.accelerators["H100 SXM"],
        tensor_parallel=4,
        weights="fp8",
        engine="vLLM",
        software_date="2026-01",
    )
    return deployment.at(
        le.serving.Load.closed(
            concurrency=16, input_tokens="1024 token", output_tokens="1024 token"
        )
    )


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "fitted": lambda: constants(fitted=True),
    "assumed": lambda: constants(fitted=False),
    "correlations": correlations,
    "discrepancy": taken("discrepancy"),
    "power": taken("while serving", "serving_"),
}


class ServingConstantTables(SphinxDirective):
    """``{serving-constants} fitted``: one of the tables."""

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
    app.add_directive("serving-constants", ServingConstantTables)
    return {"version": "1", "parallel_read_safe": True}
