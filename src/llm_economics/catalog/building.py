"""How each kind of entry is built from its table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from llm_economics.claim.claim import Claim
from llm_economics.core.errors import CatalogError, LLMEconomicsError
from llm_economics.core.fields import as_compute_rate, dimension_of
from llm_economics.core.sources import Source
from llm_economics.io.builder import Builder, Problems, field_dimension
from llm_economics.transformer.architecture import Architecture

__all__ = ["build_claim", "build_noun", "collect_problems"]

Lookup = Callable[[str], Any]

_DATUM_KEYS = {"source", "kind", "date", "confidence", "note", "shape", "level"}


def build_noun(
    cls: type[Any],
    path: str,
    table: Mapping[str, Any],
    sources: Mapping[str, Source],
    references: Mapping[str, Lookup],
) -> Any:
    """Build an entry.

    Parameters
    ----------
    cls : type
        The noun.
    path : str
        Its place: "accelerators/H100 SXM".
    table : mapping
        Its table.
    sources : mapping
        Known sources.
    references : mapping
        For fields that hold another entry: how to find it by name, or how to build it from an
        inner table.

    Returns
    -------
    noun
        The entry.

    Raises
    ------
    CatalogError
        With every problem of the entry.
    """
    builder = Builder(path=path, sources=sources)
    values = _values(cls, builder, table, references)
    if not builder.problems:
        values["provenance"] = builder.provenance
        made = builder.attempt(path, lambda: cls(**values))
        if made is not None:
            return made
    raise CatalogError(path.partition("/")[0], builder.problems)


def _values(
    cls: type[Any], builder: Builder, table: Mapping[str, Any], references: Mapping[str, Lookup]
) -> dict[str, Any]:
    fields = {field.name: field for field in attrs.fields(cls) if field.name != "provenance"}
    builder.refuse_unknown(table, set(fields))
    values: dict[str, Any] = {}
    if "name" in fields and "name" not in table:
        values["name"] = builder.path.rpartition("/")[2]
    for name, raw in table.items():
        if name in fields:
            values[name] = _value(builder, fields[name], raw, references)
    return values


def _value(builder: Builder, field: Any, raw: Any, references: Mapping[str, Lookup]) -> Any:
    name = field.name
    path = f"{builder.path}.{name}"
    if name in references:
        return builder.attempt(path, lambda: _referred(references[name], raw))
    if name in {"peaks", "sparse_peaks"}:
        return _peaks(builder, name, raw)
    if name == "architecture":
        return builder.attempt(path, lambda: _architecture(builder, raw))
    dimension = field_dimension(field)
    if dimension is not None:
        return builder.datum(raw, name, dimension)
    return raw


def _referred(lookup: Lookup, raw: Any) -> Any:
    try:
        return lookup(raw)
    except CatalogError as error:
        raise Problems(list(error.problems)) from None


def _peaks(builder: Builder, name: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict):
        builder.problems.append(f"{builder.path}.{name}: needs one table per number format")
        return {}
    rate = dimension_of(as_compute_rate)
    read = {format: builder.datum(datum, f"{name}.{format}", rate) for format, datum in raw.items()}
    return {key: value for key, value in read.items() if value is not None}


def _architecture(builder: Builder, raw: Any) -> Architecture | None:
    if not isinstance(raw, dict):
        message = f"needs a table of whole numbers; got {raw!r}"
        raise TypeError(message)
    inner = Builder(path=f"{builder.path}.architecture", sources=builder.sources)
    origin = inner.origin_of(raw)
    shape = {key: value for key, value in raw.items() if key not in _DATUM_KEYS}
    names = {field.name for field in attrs.fields(Architecture)}
    inner.refuse_unknown(shape, names)
    if inner.problems:
        raise Problems(inner.problems)
    if origin is not None:
        builder.provenance["architecture"] = origin
    return Architecture(**shape, provenance={} if origin is None else {"layers": origin})


def build_claim(
    path: str, table: Mapping[str, Any], sources: Mapping[str, Source], evidence: Callable[[], Any]
) -> Claim:
    """Build a claim: its source, kind and date stand beside its value.

    Parameters
    ----------
    path : str
        Its place: "claims/seed/chatgpt/training-energy".
    table : mapping
        Its table.
    sources : mapping
        Known sources.
    evidence : callable
        Returns what it is audited against.

    Returns
    -------
    Claim
        The claim.

    Raises
    ------
    CatalogError
        With every problem of the entry.
    """
    builder = Builder(path=path, sources=sources)
    fields = {field.name for field in attrs.fields(Claim)} - {"provenance", "key", "evidence"}
    builder.refuse_unknown(table, fields | _DATUM_KEYS)
    origin = builder.origin_of(table)
    values = {name: raw for name, raw in table.items() if name in fields}
    if "value" in table:
        datum = {key: table[key] for key in ("value", *_DATUM_KEYS) if key in table}
        values["value"] = builder.datum(datum, "value", None)
    if not builder.problems and origin is not None:
        values |= {
            "key": path.partition("/")[2],
            "provenance": {"value": origin},
            "evidence": evidence,
        }
        made = builder.attempt(path, lambda: Claim(**values))
        if isinstance(made, Claim):
            return made
    raise CatalogError("claims", builder.problems)


def collect_problems(entries: Mapping[str, Callable[[], Any]]) -> list[str]:
    """Build every entry and list the problems of all.

    Parameters
    ----------
    entries : mapping
        How to build each entry, by path.

    Returns
    -------
    list of str
        One line per problem.
    """
    problems: list[str] = []
    for path, build in entries.items():
        try:
            build()
        except CatalogError as error:
            problems += error.problems
        except LLMEconomicsError as error:
            problems.append(f"{path}: {error}")
    return problems
