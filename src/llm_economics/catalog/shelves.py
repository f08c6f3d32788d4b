"""The shelves of the catalogue, and how their entries refer to each other."""

from __future__ import annotations

import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from llm_economics.catalog.building import Lookup, build_claim, build_noun
from llm_economics.catalog.cited import cited_sources
from llm_economics.catalog.prices import PriceStock, build_api_price, build_cloud_price
from llm_economics.catalog.shelf import Shelf
from llm_economics.catalog.stock import LOCK, Stock
from llm_economics.claim.audit import Evidence
from llm_economics.core.errors import CatalogError
from llm_economics.core.sources import Source
from llm_economics.facility.site import Facility, Grid, Tariff
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.hardware.server import Server
from llm_economics.io.converter import as_texts, converter, structured
from llm_economics.io.entries import read_entries
from llm_economics.service.service import Service
from llm_economics.serving.stack import ServingStack
from llm_economics.serving.workload import InferenceWorkload
from llm_economics.training.workload import TrainingWorkload
from llm_economics.transformer.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    from llm_economics.claim.claim import Claim
    from llm_economics.facility.prices import ApiPrice, CloudPrice

__all__ = [
    "EVIDENCE",
    "STOCKS",
    "accelerators",
    "api_prices",
    "claims",
    "cloud_prices",
    "facilities",
    "grids",
    "models",
    "servers",
    "services",
    "serving_stacks",
    "sources",
    "tariffs",
]

_DATA = files("llm_economics.catalog").joinpath("data")


def _files(shelf: str) -> list[Traversable]:
    """Files of a shelf: one of its name, and those in a folder of its name."""
    alone, folder = _DATA.joinpath(f"{shelf}.toml"), _DATA.joinpath(shelf)
    found = [alone] if alone.is_file() else []
    if folder.is_dir():
        found += sorted(folder.iterdir(), key=lambda file: file.name)
    return [file for file in found if file.name.endswith(".toml")]


def _tables(shelf: str) -> dict[str, Mapping[str, Any]]:
    """Tables of all files of a shelf; an entry stands in one of them."""
    found: dict[str, Mapping[str, Any]] = {}
    for file in _files(shelf):
        tables = read_entries(file)
        twice = sorted(found.keys() & tables.keys())
        if twice:
            line = f"{shelf}/{twice[0]}: stands in two files of the catalogue"
            raise CatalogError(file.name, [line])
        found |= tables
    return found


def _source_tables() -> dict[str, Mapping[str, Any]]:
    # The assumptions of the library cite sources too, and these can be looked up like the others.
    cited = {key: converter.unstructure(source) for key, source in cited_sources().items()}
    plain: dict[str, Mapping[str, Any]] = {
        key: {k: v for k, v in table.items() if k != "key"} for key, table in cited.items()
    }
    return plain | _tables("sources")


def _build_source(key: str, table: Mapping[str, Any]) -> Source:
    path = f"sources/{key}"
    if "key" in table:
        raise CatalogError(path, [f"{path}.key: there is no such field; the key is {key!r}"])
    source: Source = structured({"key": key, **table}, Source, path)
    return source


def _find(shelf: str) -> Lookup:
    """Look up an entry by its name in a file."""

    def find(name: Any) -> Any:
        if not isinstance(name, str):
            message = f"needs a name in quotes; got {name!r}"
            raise TypeError(message)
        return STOCKS[shelf].item(name)

    return find


_REFERENCES: dict[str, Lookup] = {
    "accelerator": _find("accelerators"),
    "facility": _find("facilities"),
    "grid": _find("grids"),
    "model": _find("models"),
    "server": _find("servers"),
    "tariff": _find("tariffs"),
}
"""Fields that hold an entry of another shelf."""


def _stock(shelf: str, what: str, cls: type[Any]) -> Stock[Any]:
    def build(key: str, table: Mapping[str, Any]) -> Any:
        return build_noun(cls, f"{shelf}/{key}", table, sources, _REFERENCES)

    return Stock(what, functools.partial(_tables, shelf), build)


def _prices(shelf: str, what: str, make: Callable[..., Any]) -> PriceStock[Any]:
    def build(key: str, table: Mapping[str, Any]) -> Any:
        return make(f"{shelf}/{key}", table, sources)

    read = functools.partial(_tables, shelf)
    return PriceStock(what=what, read=read, build=build, place=f"le.catalog.{shelf}")


def _build_service(key: str, table: Mapping[str, Any]) -> Service:
    path = f"services/{key}"

    def inner(cls: type[Any], part: str) -> Lookup:
        # An inner table is an entry of its own, and its problems carry its path.
        def build(raw: Any) -> Any:
            if not isinstance(raw, dict):
                message = f"needs a table; got {raw!r}"
                raise TypeError(message)
            named = {"name": f"{key} {part}", **raw}
            return build_noun(cls, f"{path}/{part}", named, sources, _REFERENCES)

        return build

    parts = {
        "training": inner(TrainingWorkload, "training"),
        "query": inner(InferenceWorkload, "query"),
    }
    return build_noun(Service, path, table, sources, parts)


def _build_stack(key: str, table: Mapping[str, Any]) -> ServingStack:
    # Its accelerator and model are texts: measurements name some that the catalogue lacks.
    return build_noun(ServingStack, f"serving_stacks/{key}", table, sources, {})


def _build_claim(key: str, table: Mapping[str, Any]) -> Claim:
    service = table.get("service")
    # A claim joins the others about its service, however that is spelt.
    official = STOCKS["services"].key(service)
    named = {**table, "service": official} if official else table
    evidence = functools.partial(_evidence, official or str(service))
    return build_claim(f"claims/{key}", named, sources, {"accelerators_named": _names}, evidence)


def _names(raw: Any) -> tuple[str, ...]:
    """Names of accelerators as the catalogue has them."""
    return tuple(STOCKS["accelerators"].item(name).name for name in as_texts(raw))


EVIDENCE: dict[str, Evidence] = {}
"""What claims are audited against, by service; emptied when a file joins the catalogue."""


def _evidence(service: str) -> Evidence:
    """Find what a claim about a service is audited against; its claims share it."""
    with LOCK:
        if service not in EVIDENCE:
            about = tuple(claim for claim in claims.values() if claim.service == service)
            named = {name for claim in about for name in claim.accelerators_named}
            EVIDENCE[service] = Evidence(
                claims=about,
                service=services.get(service),
                accelerators={name: accelerators[name] for name in sorted(named)},
            )
        return EVIDENCE[service]


STOCKS: dict[str, Stock[Any]] = {
    "sources": Stock("source", _source_tables, _build_source),
    "accelerators": _stock("accelerators", "accelerator", Accelerator),
    "servers": _stock("servers", "server", Server),
    "models": _stock("models", "model", Model),
    "grids": _stock("grids", "grid", Grid),
    "tariffs": _stock("tariffs", "tariff", Tariff),
    "facilities": _stock("facilities", "facility", Facility),
    "services": Stock("service", functools.partial(_tables, "services"), _build_service),
    "serving_stacks": Stock(
        "serving stack", functools.partial(_tables, "serving_stacks"), _build_stack
    ),
    "claims": Stock("claim", functools.partial(_tables, "claims"), _build_claim),
    "cloud_prices": _prices("cloud_prices", "cloud price", build_cloud_price),
    "api_prices": _prices("api_prices", "API price", build_api_price),
}
"""What stands behind each shelf, by its name."""

sources: Shelf[Source] = Shelf(STOCKS["sources"])
"""Every source by key."""

accelerators: Shelf[Accelerator] = Shelf(STOCKS["accelerators"])
"""Accelerators by name."""

servers: Shelf[Server] = Shelf(STOCKS["servers"])
"""Servers by name."""

models: Shelf[Model] = Shelf(STOCKS["models"])
"""Models by name."""

grids: Shelf[Grid] = Shelf(STOCKS["grids"])
"""Electricity grids by name."""

tariffs: Shelf[Tariff] = Shelf(STOCKS["tariffs"])
"""Electricity tariffs by name."""

facilities: Shelf[Facility] = Shelf(STOCKS["facilities"])
"""Facilities by name."""

services: Shelf[Service] = Shelf(STOCKS["services"])
"""Services by name."""

serving_stacks: Shelf[ServingStack] = Shelf(STOCKS["serving_stacks"])
"""Engines on accelerators with what they reach, by engine, version, model and accelerator."""

claims: Shelf[Claim] = Shelf(STOCKS["claims"])
"""Public claims by key."""

cloud_prices: Shelf[CloudPrice] = Shelf(STOCKS["cloud_prices"])
"""Prices of accelerators by the hour, by provider, offer, terms and date."""

api_prices: Shelf[ApiPrice] = Shelf(STOCKS["api_prices"])
"""Prices of tokens by provider, model and date."""
