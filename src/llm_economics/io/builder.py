"""Build a noun from its table in a file of facts, collecting every problem with its path.

Which keys a noun has, and what each holds, is read off its attrs fields: a field whose converter
reads a dimension takes a datum, any other takes plain text, numbers or lists. Rejected: a schema
beside the classes, which would say everything a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from llm_economics.core.errors import CatalogError, LLMEconomicsError, MissingInputError
from llm_economics.core.fields import as_mapping, dimension_of
from llm_economics.core.read_only import Later
from llm_economics.core.reading import quoted
from llm_economics.core.sources import Alternative, Confidence, Kind, Provenance, Source
from llm_economics.io.converter import Datum, OtherDatum, as_texts, structured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from llm_economics.core.dimensions import Dimension
    from llm_economics.core.registry import Quantity

__all__ = ["ORIGIN_KEYS", "Builder"]

Made = TypeVar("Made")

ORIGIN_KEYS = ("source", "kind", "date", "confidence", "note")
"""Keys that say where a figure, or a whole entry, comes from."""


@attrs.define
class Builder:
    """Builds one entry; gathers its arguments, provenance and problems."""

    path: str
    """Path of the entry: "accelerators/H100 SXM"."""

    sources: Mapping[str, Source]
    """Known sources by key."""

    late: bool = False
    """Whether provenance is read when it is first looked at: the library's own has been checked."""

    problems: list[str] = attrs.field(factory=list)
    """Problems so far."""

    provenance: dict[str, Provenance | Later] = attrs.field(factory=dict)
    """Provenance by field so far."""

    def attempt(self, path: str, make: Callable[[], Made]) -> Made | None:
        """Make something; on a refusal note the problem and return None.

        Parameters
        ----------
        path : str
            Where it stands in the file.
        make : callable
            Makes it.

        Returns
        -------
        object or None
            What was made; None if there was a problem.
        """
        try:
            return make()
        except CatalogError as error:
            self.problems += error.problems
        except (LLMEconomicsError, ValueError, TypeError) as error:
            self.problems.append(f"{path}: {error}")
        return None

    def check_keys(self, table: Mapping[str, Any], fields: Iterable[Any]) -> None:
        """Note keys that the entry should not have, and keys that it lacks.

        Parameters
        ----------
        table : mapping
            The entry.
        fields : iterable of attrs.Attribute
            The fields it may have.
        """
        known = {field.name: field.default for field in fields}
        self.problems += [
            f"{self.path}.{k}: there is no such field" for k in table if k not in known
        ]
        self.problems += [
            f"{self.path}.{name}: is missing"
            for name, default in known.items()
            if default is attrs.NOTHING and name not in table
        ]

    def value(self, field: Any, raw: Any) -> Any:
        """Read the value of one field.

        Parameters
        ----------
        field : attrs.Attribute
            The field.
        raw : object
            What the file holds.

        Returns
        -------
        object
            The value; None if there was a problem.
        """
        dimension = dimension_of(field.converter)
        if dimension is not None:
            return self.datum(raw, field.name, dimension)
        return self.attempt(f"{self.path}.{field.name}", lambda: _plain(field, raw))

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
        datum: Datum | None = self.attempt(path, lambda: structured(raw, Datum, path))
        if datum is None:
            self._glance(raw, path, dimension)
            return None
        if self.late:
            self.provenance[field] = Later(lambda: self._late_provenance(datum, path, dimension))
        elif (origin := self._provenance(datum, path, dimension)) is not None:
            self.provenance[field] = origin
        made = self.attempt(path, lambda: self._quantity(datum, path, dimension))
        if made is not None:
            made._origin = self.provenance.get(field)  # noqa: SLF001 - kept for whoever looks at it
        return made

    def origin(self, table: Mapping[str, Any]) -> Provenance | None:
        """Read the provenance of an entry that carries source, kind, date, confidence itself.

        Parameters
        ----------
        table : mapping
            The entry.

        Returns
        -------
        Provenance or None
            Where it comes from; None if there was a problem.
        """
        raw = {"value": "-", **{key: table[key] for key in ORIGIN_KEYS if key in table}}
        datum: Datum | None = self.attempt(self.path, lambda: structured(raw, Datum, self.path))
        return None if datum is None else self._provenance(datum, self.path, None)

    def finish(self, cls: type[Made], values: Mapping[str, Any]) -> Made:
        """Make the noun, or refuse it with every problem.

        Parameters
        ----------
        cls : type
            The noun.
        values : mapping
            Its fields; those with a problem are None.

        Returns
        -------
        noun
            The entry.

        Raises
        ------
        CatalogError
            With every problem of the entry.
        """
        good = {name: value for name, value in values.items() if value is not None}
        fields: tuple[Any, ...] = attrs.fields(cls)  # type: ignore[arg-type]
        lacking = any(f.default is attrs.NOTHING and f.name not in good for f in fields)
        made = None if lacking else self.attempt(self.path, lambda: self._made(cls, good))
        if made is None or self.problems:
            raise CatalogError(self.path.partition("/")[0], self.problems)
        return made

    def _made(self, cls: Callable[..., Made], values: dict[str, Any]) -> Made | None:
        try:
            return cls(**values, provenance=self.provenance)
        except MissingInputError:
            if self.problems:  # what is missing may be the very field that has a problem
                return None
            raise

    def _glance(self, raw: Any, path: str, dimension: Dimension | None) -> None:
        """Note what is wrong with the value of a datum that has other problems."""
        value = raw.get("value") if isinstance(raw, dict) else None
        if isinstance(value, str):
            bare = OtherDatum(value=value, source=(), kind="", date="", confidence="")
            self.attempt(path, lambda: self._quantity(bare, path, dimension))

    def _provenance(
        self, datum: Datum, path: str, dimension: Dimension | None
    ) -> Provenance | None:
        others = tuple(
            self._alternative(other, f"{path}.alternatives[{place}]", dimension)
            for place, other in enumerate(datum.alternatives)
        )
        known = tuple(other for other in others if other is not None)
        origin = self._origin(datum, path)
        return self.attempt(path, lambda: Provenance(**origin, alternatives=known))

    def _late_provenance(self, datum: Datum, path: str, dimension: Dimension | None) -> Provenance:
        again = Builder(path=self.path, sources=self.sources)
        found = again._provenance(datum, path, dimension)
        if found is None or again.problems:
            raise CatalogError(self.path.partition("/")[0], again.problems)
        return found

    def _alternative(
        self, other: OtherDatum, path: str, dimension: Dimension | None
    ) -> Alternative | None:
        value = self.attempt(path, lambda: self._quantity(other, path, dimension))
        origin = self._origin(other, path)
        return self.attempt(path, lambda: Alternative(**origin, text=other.value, value=value))

    def _origin(self, datum: OtherDatum, path: str) -> dict[str, Any]:
        # What has a problem is replaced, so that the class checks the rest; it is noted already.
        return {
            "sources": self.attempt(path, lambda: self._cited(datum, path)) or _NO_SOURCE,
            "kind": self.attempt(path, lambda: Kind(datum.kind)) or Kind.ASSUMED,
            "confidence": self.attempt(path, lambda: Confidence(datum.confidence))
            or Confidence.MEMORY,
            "date": datum.date,
            "note": datum.note,
        }

    def _cited(self, datum: OtherDatum, path: str) -> tuple[Source, ...]:
        lines = [] if datum.source else [f"{path}.source: a figure needs a source"]
        lines += [
            f"{path}.source: there is no source {k!r}"
            for k in datum.source
            if k not in self.sources
        ]
        if lines:
            raise CatalogError(path, lines)
        return tuple(self.sources[key] for key in datum.source)

    def _quantity(self, datum: OtherDatum, path: str, dimension: Dimension | None) -> Quantity:
        entry = self.path.partition("/")[2].replace("/", " ")
        field = path.removeprefix(f"{self.path}.").replace("_", " ")
        how = [str(stated) for stated in (datum.shape, datum.level) if stated is not None]
        made = quoted(
            datum.value,
            shape=datum.shape,
            level=datum.level,
            # The text is part of the identity: a file can be corrected and read again, and
            # another process can hold another edition of it.
            key=", ".join([f"{path} = {datum.value}", *how]),
            name=f"{entry} {field}",
            source=", ".join(datum.source),
        )
        return made if dimension is None else dimension.admit(made, fresh=True)


_NO_SOURCE = (Source(key="none", title="none", organisation="none", date="2000"),)


def _plain(field: Any, raw: Any) -> Any:
    """Check a value that is no figure by the field's own converter and validator."""
    inner = getattr(field.converter, "inner", field.converter)
    if field.default == ():
        return as_texts(raw)
    if inner is as_mapping and not isinstance(raw, dict):
        message = f"needs a table; got {raw!r}"
        raise TypeError(message)
    if inner is not None:
        inner(raw)
    if field.validator is not None:
        getattr(field.validator, "inner", field.validator)(None, field, raw)
    return raw
