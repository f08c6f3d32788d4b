"""Build a noun from its table in a file of facts, collecting every problem with its path.

Which keys a noun has, and what each holds, is read off its attrs fields: a field whose converter
reads a dimension takes a datum; a field that holds a noun takes that noun's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import LLMEconomicsError
from llm_economics.core.fields import dimension_of
from llm_economics.core.notation import parse
from llm_economics.core.reading import quoted
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Alternative, Provenance, Source
from llm_economics.io.converter import Datum, OtherDatum, converter, problems_of

__all__ = ["Builder", "Problems", "field_dimension"]


class Problems(Exception):  # noqa: N818 - a carrier of lines, turned into a CatalogError above
    """Problems found in one entry, one line each."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("; ".join(lines))


@attrs.define
class Builder:
    """Builds one entry; gathers its arguments, provenance and problems."""

    path: str
    """Path of the entry: "accelerators/H100 SXM"."""

    sources: Mapping[str, Source]
    """Known sources by key."""

    problems: list[str] = attrs.field(factory=list)
    """Problems so far."""

    provenance: dict[str, Provenance] = attrs.field(factory=dict)
    """Provenance by field so far."""

    def datum(self, raw: Any, field: str, dimension: Dimension | None) -> Quantity | None:
        """Read a figure and note where it comes from.

        Parameters
        ----------
        raw : object
            The inline table.
        field : str
            Field, or field and part: "peaks.bf16".
        dimension : Dimension or None
            What it has to be.

        Returns
        -------
        Quantity or None
            The figure; None if there was a problem.
        """
        path = f"{self.path}.{field}"
        if not isinstance(raw, dict):
            self.problems.append(
                f"{path}: needs a table with value, source, kind, date, confidence; got {raw!r}"
            )
            return None
        try:
            datum = converter.structure(raw, Datum)
        except Exception as error:  # cattrs raises groups of anything
            self.problems += problems_of(error, path)
            return None
        origin = self.attempt(path, lambda: self._origin(datum, path))
        value = self.attempt(path, lambda: self._quantity(datum, field, dimension))
        if isinstance(origin, Provenance):
            self.provenance[field] = origin
        return value if isinstance(value, Quantity) else None

    def attempt(self, path: str, make: Callable[[], Any]) -> Any:
        """Make something; on a refusal note the problem and return None."""
        try:
            return make()
        except Problems as problems:
            self.problems += problems.lines
        except (LLMEconomicsError, ValueError, TypeError) as error:
            self.problems.append(f"{path}: {error}")
        return None

    def origin_of(self, table: Mapping[str, Any]) -> Provenance | None:
        """Provenance of an entry that carries source, kind, date, confidence itself."""
        keys = ("source", "kind", "date", "confidence", "note")
        raw = {"value": "-", **{key: table[key] for key in keys if key in table}}
        try:
            datum = converter.structure(raw, Datum)
        except Exception as error:  # cattrs raises groups of anything
            self.problems += problems_of(error, self.path)
            return None
        found: Provenance | None = self.attempt(self.path, lambda: self._origin(datum, self.path))
        return found

    def refuse_unknown(self, table: Mapping[str, Any], known: set[str]) -> None:
        """Note keys that the entry should not have."""
        for key in table:
            if key not in known:
                self.problems.append(f"{self.path}.{key}: there is no such field")

    def _cited(self, datum: OtherDatum, path: str) -> tuple[Source, ...]:
        unknown = [key for key in datum.source if key not in self.sources]
        if unknown or not datum.source:
            lines = [f"{path}: there is no source {key!r}" for key in unknown]
            raise Problems(lines or [f"{path}: a figure needs a source"])
        return tuple(self.sources[key] for key in datum.source)

    def _origin(self, datum: Datum, path: str) -> Provenance:
        return Provenance(
            sources=self._cited(datum, path),
            kind=datum.kind,  # type: ignore[arg-type]
            date=datum.date,
            confidence=datum.confidence,  # type: ignore[arg-type]
            note=datum.note,
            alternatives=tuple(self._other(other, path) for other in datum.alternatives),
        )

    def _other(self, other: OtherDatum, path: str) -> Alternative:
        return Alternative(
            text=other.value,
            sources=self._cited(other, f"{path}.alternatives"),
            kind=other.kind,  # type: ignore[arg-type]
            date=other.date,
            confidence=other.confidence,  # type: ignore[arg-type]
            note=other.note,
            value=quoted(other.value, shape=other.shape, level=other.level),
        )

    def _quantity(self, datum: Datum, field: str, dimension: Dimension | None) -> Quantity:
        exact = parse(datum.value).form == "exact"
        name = f"{self.path.rpartition('/')[2]} {field.replace('_', ' ')}"
        made = quoted(
            datum.value,
            shape=datum.shape,
            level=datum.level,
            key=None if exact else f"{self.path}.{field}",
            name=name,
            source=", ".join(datum.source),
        )
        return made if dimension is None else dimension.admit(made, fresh=True)


def field_dimension(field: Any) -> Dimension | None:
    """Dimension that an attrs field of a noun reads, if any."""
    return dimension_of(field.converter)
