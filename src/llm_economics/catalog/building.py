"""How each kind of entry is built from its table.

Most fields are read by their own converters (`io.builder`). What stands here is what the tables
write in another way than the classes: names of other entries, peaks by number format, a shape with
one provenance for all its numbers, a claim whose provenance stands beside its value.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from llm_economics.claim.claim import Claim
from llm_economics.claim.metrics import METRICS
from llm_economics.core.fields import as_compute_rate, dimension_of
from llm_economics.core.number_format import NumberFormat, number_format
from llm_economics.io.builder import ORIGIN_KEYS, Builder
from llm_economics.io.entries import Entry
from llm_economics.transformer.architecture import Architecture

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.core.sources import Source

__all__ = ["Lookup", "build_claim", "build_noun"]

Made = TypeVar("Made")

Lookup = Callable[[Any], Any]
"""Finds an entry by what a file says: a name, or an inner table."""

_SPREAD_KEYS = ("shape", "level")


def build_noun(
    cls: type[Made],
    path: str,
    table: Mapping[str, Any],
    sources: Mapping[str, Source],
    references: Mapping[str, Lookup],
) -> Made:
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
    builder = Builder(path=path, sources=sources, late=isinstance(table, Entry))
    given = {"name": path.partition("/")[2], **table}
    values = _values(cls, builder, given, references)
    return builder.finish(cls, values)


def build_claim(
    path: str,
    table: Mapping[str, Any],
    sources: Mapping[str, Source],
    references: Mapping[str, Lookup],
    evidence: Callable[[], Any],
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
    references : mapping
        How to find the accelerators that it names.
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
    builder = Builder(path=path, sources=sources, late=isinstance(table, Entry))
    beside = {"value", *ORIGIN_KEYS, *_SPREAD_KEYS}
    plain = {key: raw for key, raw in table.items() if key not in beside}
    values = _values(Claim, builder, plain, references, but=("key", "evidence", "value"))
    if "value" in table:
        datum = {key: raw for key, raw in table.items() if key in beside}
        metric = METRICS.get(str(table.get("metric")))
        values["value"] = builder.datum(datum, "value", metric.dimension if metric else None)
    else:
        origin = builder.origin(table)
        builder.provenance |= {} if origin is None else {"value": origin}
    given = {"key": path.partition("/")[2], "evidence": evidence}
    return builder.finish(Claim, values | given)


def _values(
    cls: type[Any],
    builder: Builder,
    table: Mapping[str, Any],
    references: Mapping[str, Lookup],
    but: tuple[str, ...] = (),
) -> dict[str, Any]:
    skipped = {"provenance", *but}
    fields = {field.name: field for field in attrs.fields(cls) if field.name not in skipped}
    builder.check_keys(table, fields.values())
    return {
        name: _value(builder, fields[name], raw, references)
        for name, raw in table.items()
        if name in fields
    }


def _value(builder: Builder, field: Any, raw: Any, references: Mapping[str, Lookup]) -> Any:
    path = f"{builder.path}.{field.name}"
    if field.name in references:
        return builder.attempt(path, lambda: references[field.name](raw))
    if field.name in {"peaks", "sparse_peaks"}:
        return builder.attempt(path, lambda: _peaks(builder, field.name, raw))
    if field.name == "architecture":
        return builder.attempt(path, lambda: _architecture(builder, raw))
    return builder.value(field, raw)


def _peaks(builder: Builder, field: str, raw: Any) -> dict[NumberFormat, Quantity | None]:
    if not isinstance(raw, dict):
        message = f"needs a table with one figure for each number format; got {raw!r}"
        raise TypeError(message)
    rate = dimension_of(as_compute_rate)
    found: dict[NumberFormat, Quantity | None] = {}
    for name, datum in raw.items():
        path = f"{builder.path}.{field}.{name}"
        key = builder.attempt(path, functools.partial(number_format, name))
        peak = builder.datum(datum, f"{field}.{name}", rate)
        if key in found:
            builder.problems.append(f"{path}: {key} stands here twice")
        elif key is not None:
            found[key] = peak
    return {key: peak for key, peak in found.items() if peak is not None}


def _architecture(builder: Builder, raw: Any) -> Architecture:
    if not isinstance(raw, dict):
        message = f"needs a table of whole numbers; got {raw!r}"
        raise TypeError(message)
    inner = Builder(path=f"{builder.path}.architecture", sources=builder.sources)
    shape = {key: value for key, value in raw.items() if key not in ORIGIN_KEYS}
    origin = inner.origin(raw)
    if origin is not None:
        builder.provenance["architecture"] = origin
        inner.provenance["layers"] = origin
    return inner.finish(Architecture, _values(Architecture, inner, shape, {}))
