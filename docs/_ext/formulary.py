"""The formulary: every law of the library, written out from its declaration when pages are built.

A law that somebody adds appears here by itself, with the dimensions it declares, so that the page
cannot fall behind the code. A page copied by hand was rejected for that reason.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING, Any

from docutils.parsers.rst import directives
from numpydoc.docscrape import NumpyDocString
from sphinx.util.docutils import SphinxDirective

import llm_economics
from llm_economics.core.dimensions import LAWS
from llm_economics.core.registry import ureg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docutils.nodes import Node
    from sphinx.application import Sphinx

__all__ = ["Formulary", "all_laws", "setup"]

ROOMS = ("transformer", "hardware", "facility", "workload", "training", "serving", "service")
"""Rooms in the order of the page; others follow."""


def all_laws() -> dict[str, dict[str, Callable[..., Any]]]:
    """Import every module, so that every law is declared, and sort the laws by room."""
    for module in pkgutil.walk_packages(llm_economics.__path__, "llm_economics."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    rooms: dict[str, dict[str, Callable[..., Any]]] = {room: {} for room in ROOMS}
    for name, law in sorted(LAWS.items()):
        room = law.__module__.split(".")[1]
        rooms.setdefault(room, {})[name] = law
    return {room: laws for room, laws in rooms.items() if laws}


def entry(name: str, law: Callable[..., Any]) -> Iterator[str]:
    """Write one law as lines of Markdown."""
    text = NumpyDocString(inspect.getdoc(law) or "")
    equations, remarks = _notes(text["Notes"])
    yield from (f"(law-{name})=", f"### `{name}`", "", _inline(_joined(text["Summary"])), "")
    for equation in equations:
        yield from ("$$", equation, "$$", "")
    yield from ("| argument | what it is | dimension | unit |", "| --- | --- | --- | --- |")
    told = {
        argument.strip(): _joined(parameter.desc)
        for parameter in text["Parameters"]
        for argument in parameter.name.split(",")
    }
    for argument, dimension in law.declared().items():  # type: ignore[attr-defined]
        kind = f"{dimension.name}{_limits(dimension)}" if dimension else ""
        unit = _unit(dimension.unit) if dimension else ""
        yield f"| `{argument}` | {_cell(told.get(argument, ''))} | {kind} | {unit} |"
    returned = _joined(text["Returns"][0].desc) if text["Returns"] else ""
    yield f"| *result* | {_cell(returned)} | | {_unit(law.unit)} |"  # type: ignore[attr-defined]
    yield ""
    yield from (line for part in (*remarks, *_sources(text["References"])) for line in (part, ""))
    yield from ("```python", *_example(text["Examples"]), "```", "")


def _notes(lines: list[str]) -> tuple[list[str], list[str]]:
    """Equations and remarks of the section Notes."""
    equations, remarks = [], []
    for block in re.split(r"\n(?=\S)", "\n".join(lines).strip()):
        directive, found, equation = block.partition(".. math::")
        if found and not directive.strip():
            equations.append(inspect.cleandoc(equation).strip())
        elif block.strip():
            remarks.append(block.strip())
    paragraphs = re.split(r"\n\s*\n", "\n".join(remarks))
    return equations, [_inline(_joined([text])) for text in paragraphs if text.strip()]


def _sources(lines: list[str]) -> list[str]:
    text = _joined(re.sub(r"^\.\. \[\d+\] ", "", line) for line in lines)
    return [f"*Source.* {_inline(text)}"] if text else []


def _example(lines: list[str]) -> list[str]:
    text = inspect.cleandoc("\n".join(lines))
    return text.splitlines()


def _limits(dimension: Any) -> str:
    """Limits other than "not negative", which nearly every quantity has."""
    if dimension.upper is not None:
        return f", {dimension.lower:g} to {dimension.upper:g}"
    return f", at least {dimension.lower:g}" if dimension.lower else ""


def _unit(text: str) -> str:
    return format(ureg.Unit(text), "~P") or "1"


def _joined(lines: Any) -> str:
    return " ".join(" ".join(lines).split())


def _inline(text: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def _cell(text: str) -> str:
    return _inline(text).replace("|", "\\|")


class Formulary(SphinxDirective):
    """``{formulary}``: all laws; with the option ``table`` only their names and summaries."""

    option_spec = {"table": directives.flag}  # noqa: RUF012 - docutils wants a plain dict

    def run(self) -> list[Node]:
        """Write the laws into the page."""
        self.env.note_reread()
        lines = list(self._table() if "table" in self.options else self._entries())
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)

    def _entries(self) -> Iterator[str]:
        for room, laws in all_laws().items():
            yield from (f"## {room.capitalize()}", "")
            for name, law in laws.items():
                yield from entry(name, law)

    def _table(self) -> Iterator[str]:
        yield from ("| law | result | what it gives |", "| --- | --- | --- |")
        for laws in all_laws().values():
            for name, law in laws.items():
                summary = _cell(_joined(NumpyDocString(inspect.getdoc(law) or "")["Summary"]))
                unit = _unit(law.unit)  # type: ignore[attr-defined]
                yield f"| [`{name}`](#law-{name}) | {unit} | {summary} |"


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("formulary", Formulary)
    return {"version": "1", "parallel_read_safe": True}
