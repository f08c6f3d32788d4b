"""What all nouns share: provenance of their figures, variation, a short view in notebooks.

A noun is a frozen attrs class made by `noun`. It is never changed; `evolve` makes a variant. It is
found by key, not compared or hashed by value: with ranges inside, equality has no good meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import attrs
from pint.facets.plain import PlainQuantity

from llm_economics.core.cards import Line, card
from llm_economics.core.errors import UnknownNameError
from llm_economics.core.fields import as_mapping
from llm_economics.core.sources import Alternatives, Provenance, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    def alternatives(self, field: str) -> Alternatives:
        """What other sources say about a figure; kept beside it, never averaged away.

        Parameters
        ----------
        field : str
            Name of the field: "power"; of one number format: "peaks.bf16".

        Returns
        -------
        Alternatives
            What each of them says, with its source; empty if none is known. Shows one line for
            each.

        Raises
        ------
        UnknownNameError
            If there is no such field, with the nearest names.

        Examples
        --------
        >>> import llm_economics as le
        >>> [other.text for other in le.accelerators["TPU v4"].alternatives("power")]
        ['170 W', '192 W', '340 W']
        """
        if field in self.provenance:
            return self.provenance[field].alternatives
        fields = [f.name for f in attrs.fields(type(self)) if f.name != "provenance"]
        if field.partition(".")[0] not in fields:
            known = dict.fromkeys([*self.provenance, *fields])
            raise UnknownNameError(field, known, f"field of {type(self).__name__}")
        return Alternatives()

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
        lines = [line for field in self._figures() for line in self._lines(*field)]
        shown = {name for name, _ in self._figures()}
        # Also where there is no figure somebody said something: a claim in words.
        rest = {k: v for k, v in self.provenance.items() if k.partition(".")[0] not in shown}
        lines += [Line(_spaced(k), "no figure", is_figure=True, origin=v) for k, v in rest.items()]
        return card(type(self).__name__, lines)

    def _lines(self, name: str, value: Any) -> Iterator[Line]:
        """Lines of one field on the card: one, or one for each part of a mapping."""
        if isinstance(value, Mapping):
            for part, item in value.items():
                yield from self._lines(f"{name}.{part}", item)
        elif text := _shown(value):
            origin = self.provenance.get(name)
            is_figure = origin is not None or isinstance(value, PlainQuantity)
            yield Line(_spaced(name), text, is_figure, origin)


def _spaced(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


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


def _shown(value: Any) -> str:
    """Text of a field for the card; empty if there is nothing to show."""
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if callable(value):
        return ""
    called = getattr(value, "name", None) or getattr(value, "label", None)
    return str(value if called is None or isinstance(value, str) else called)


_LONG = 60


def unique_sources(origins: Any) -> tuple[Source, ...]:
    """Sources of several provenances, each once, in order of first appearance."""
    found: dict[str, Source] = {}
    for origin in origins:
        for source in origin.sources:
            found.setdefault(source.key, source)
    return tuple(found.values())
