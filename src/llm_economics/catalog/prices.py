"""How prices are built from their tables.

A price list has hundreds of entries with a figure or two each, all from one source. So source,
kind, date, confidence and note stand once in an entry, and its figures are plain texts. A figure
from elsewhere is a datum of its own, as in the other files. Rejected: one table for a whole list
(an entry could not be read alone), and stating the price of an accelerator beside the price of its
instance (two figures that have to agree).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
import numpy as np

from llm_economics.catalog.stock import Stock, folded
from llm_economics.core.errors import RangeError
from llm_economics.core.fields import dimension_of
from llm_economics.facility.prices import ApiPrice, CloudPrice
from llm_economics.io.builder import ORIGIN_KEYS, Builder
from llm_economics.io.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_economics.core.registry import Quantity
    from llm_economics.core.sources import Source

__all__ = ["PriceStock", "build_api_price", "build_cloud_price"]

Item = TypeVar("Item")


@attrs.define(eq=False, kw_only=True)
class PriceStock(Stock[Item]):
    """Prices by name: what is no shelf of the front door says where it is."""

    place: str
    """How to reach the shelf: "le.catalog.api_prices"."""

    def key(self, name: object) -> str | None:
        """Find the key of a name; the provider is part of it, and an exact name goes first."""
        if not isinstance(name, str):
            return None
        state = self.opened()
        return name if name in state.tables else state.keys.get(folded(name))

    def _hint(self) -> str:
        return f"list({self.place}) shows all {len(self.opened().tables)}."


def build_cloud_price(
    path: str, table: Mapping[str, Any], sources: Mapping[str, Source]
) -> CloudPrice:
    """Build a price of accelerators; of an instance's price each accelerator has its part.

    Parameters
    ----------
    path : str
        Its place: "cloud_prices/aws/p5.48xlarge/on-demand/2026-11-09".
    table : mapping
        Its table.
    sources : mapping
        Known sources.

    Returns
    -------
    CloudPrice
        The entry.

    Raises
    ------
    CatalogError
        With every problem of the entry.
    """
    builder = _builder(path, table, sources)
    # What one accelerator costs is read off the whole, where the whole is stated.
    shared = "price" not in table and {"instance_price", "accelerators"} <= set(table)
    values = _values(builder, CloudPrice, table, ["price"] if shared else [])
    whole, count = values.get("instance_price"), values.get("accelerators")
    if shared and whole is not None and count is not None:
        part = builder.attempt(f"{path}.accelerators", functools.partial(_part, whole, count))
        values["price"] = part
        if "instance_price" in builder.provenance:
            builder.provenance["price"] = builder.provenance["instance_price"]
    return builder.finish(CloudPrice, values)


def build_api_price(path: str, table: Mapping[str, Any], sources: Mapping[str, Source]) -> ApiPrice:
    """Build a price of tokens.

    Parameters
    ----------
    path : str
        Its place: "api_prices/openai/gpt-5/2026-08-21".
    table : mapping
        Its table.
    sources : mapping
        Known sources.

    Returns
    -------
    ApiPrice
        The entry.

    Raises
    ------
    CatalogError
        With every problem of the entry.
    """
    builder = _builder(path, table, sources)
    return builder.finish(ApiPrice, _values(builder, ApiPrice, table, []))


def _part(whole: Quantity, count: Quantity) -> Quantity:
    if np.any(np.asarray(count.bounds().low.magnitude) < 1):
        message = f"needs at least one accelerator; got {count}"
        raise RangeError(message)
    return (whole / count).to("USD/accelerator/hour")


def _builder(path: str, table: Mapping[str, Any], sources: Mapping[str, Source]) -> Builder:
    return Builder(path=path, sources=sources, late=isinstance(table, Entry))


def _values(
    builder: Builder, cls: type[Any], table: Mapping[str, Any], known: Iterable[str]
) -> dict[str, Any]:
    """Read the fields of an entry; `known` are those that it need not state."""
    named = {"name": builder.path.partition("/")[2], **table}
    own = {field.name: field for field in attrs.fields(cls) if field.name != "provenance"}
    # The date of the entry is the date of its price, and of the statement about it.
    plain = {key: raw for key, raw in named.items() if key == "date" or key not in ORIGIN_KEYS}
    builder.check_keys(plain, [field for name, field in own.items() if name not in known])
    read = {name: raw for name, raw in plain.items() if name in own}
    bare = [name for name, raw in read.items() if _is_bare(own[name], raw)]
    origin = _origin(builder, table) if bare else None
    return {name: _value(builder, own[name], raw, origin) for name, raw in read.items()}


def _is_bare(field: Any, raw: Any) -> bool:
    """Tell whether this is a figure that leans on the entry for its provenance."""
    return dimension_of(field.converter) is not None and not isinstance(raw, dict)


def _origin(builder: Builder, table: Mapping[str, Any]) -> dict[str, Any] | None:
    """Where the entry comes from; None if that has a problem, which is noted once."""
    before = len(builder.problems)
    builder.origin(table)
    if len(builder.problems) > before:
        return None
    return {key: table[key] for key in ORIGIN_KEYS if key in table}


def _value(builder: Builder, field: Any, raw: Any, origin: Mapping[str, Any] | None) -> Any:
    dimension = dimension_of(field.converter)
    if dimension is None or isinstance(raw, dict):
        return builder.value(field, raw)
    if origin is None:
        return builder.attempt(f"{builder.path}.{field.name}", lambda: dimension.read(raw))
    return builder.datum({"value": raw, **origin}, field.name, dimension)
