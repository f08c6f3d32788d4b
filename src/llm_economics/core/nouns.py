"""What all nouns share: provenance of their figures, variation, a short view in notebooks.

A noun is a frozen attrs class made by `noun`. It is never changed; `evolve` makes a variant. It is
found by key, not compared or hashed by value: with ranges inside, equality has no good meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import attrs

from llm_economics.core.display import html_escape
from llm_economics.core.fields import as_mapping
from llm_economics.core.sources import Provenance, Source

__all__ = ["Noun", "unique_sources"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Noun:
    """Base of the nouns: knows where each of its figures comes from."""

    provenance: Mapping[str, Provenance] = attrs.field(
        factory=dict, converter=as_mapping, repr=False
    )
    """Where each figure comes from, by field; empty for a noun that the caller made up."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source that some figure of this noun rests on."""
        return unique_sources(self.provenance.values())

    def evolve(self, **changes: Any) -> Self:
        """Make a variant; figures that change lose their provenance.

        Parameters
        ----------
        **changes
            New values of fields.

        Returns
        -------
        the same noun
            The variant.
        """
        kept = {k: v for k, v in self.provenance.items() if k.partition(".")[0] not in changes}
        return attrs.evolve(self, **{"provenance": kept, **changes})

    def _figures(self) -> list[tuple[str, Any]]:
        skipped = {"provenance", "aliases"}
        rows = [(f.name, getattr(self, f.name)) for f in attrs.fields(type(self))]
        return [(name, value) for name, value in rows if name not in skipped and value is not None]

    def __repr__(self) -> str:
        shown = ((name, _brief(value)) for name, value in self._figures())
        inner = ", ".join(f"{name}={text}" for name, text in shown if text)
        return f"{type(self).__name__}({inner})"

    def _repr_html_(self) -> str:
        rows = []
        for name, value in self._figures():
            shown = getattr(value, "name", None) if isinstance(value, Noun) else value
            origin = self.provenance.get(name)
            cells = (name.replace("_", " "), str(shown), str(origin) if origin else "")
            rows.append("".join(f"<td>{html_escape(cell)}</td>" for cell in cells))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table><caption>{type(self).__name__}</caption>{body}</table>"


def _brief(value: Any) -> str:
    """Text of a field for the prompt: nouns within by name, long texts cut."""
    if isinstance(value, Noun):
        return repr(getattr(value, "name", type(value).__name__))
    if isinstance(value, Mapping):
        inner = ", ".join(f"{key}: {_brief(item)}" for key, item in value.items())
        return f"{{{inner}}}" if inner else ""
    if isinstance(value, str):
        text = repr(str(value)) if len(value) <= _LONG else repr(f"{value[:_LONG]}...")
        return text if value else ""
    return "..." if callable(value) else str(value)


_LONG = 60


def unique_sources(origins: Any) -> tuple[Source, ...]:
    """Sources of several provenances, each once, in order of first appearance."""
    found: dict[str, Source] = {}
    for origin in origins:
        for source in origin.sources:
            found.setdefault(source.key, source)
    return tuple(found.values())
