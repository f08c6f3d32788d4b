"""The shelves of the catalogue and how they refer to each other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from llm_economics.catalog.building import build_claim, build_noun, collect_problems
from llm_economics.catalog.shelf import Shelf
from llm_economics.claim.audit import Evidence
from llm_economics.claim.claim import Claim
from llm_economics.core.errors import CatalogError
from llm_economics.core.sources import Source
from llm_economics.facility.site import Facility, Grid, Tariff
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.hardware.server import Server
from llm_economics.io.converter import converter, problems_of
from llm_economics.io.files import read_toml
from llm_economics.service.service import Service
from llm_economics.serving.workload import InferenceWorkload
from llm_economics.training.workload import TrainingWorkload
from llm_economics.transformer.model import Model
from llm_economics.workload.assumptions import SOURCES

__all__ = [
    "accelerators",
    "claims",
    "facilities",
    "grids",
    "load",
    "models",
    "servers",
    "services",
    "sources",
    "tariffs",
]

_DATA = files("llm_economics.catalog").joinpath("data")

_FILES: dict[str, tuple[str, ...]] = {
    "accelerators": ("accelerators.toml",),
    "servers": ("servers.toml",),
    "models": ("models.toml",),
    "grids": ("grids.toml",),
    "tariffs": ("tariffs.toml",),
    "facilities": ("facilities.toml",),
    "services": ("services.toml",),
    "claims": ("claims_seed.toml", "claims_public.toml"),
    "sources": (
        "sources/hardware.toml",
        "sources/models.toml",
        "sources/facilities.toml",
        "sources/claims.toml",
    ),
}


def _tables(shelf: str) -> dict[str, dict[str, Any]]:
    """Tables of all files of a shelf."""
    merged: dict[str, dict[str, Any]] = {}
    for file in _FILES[shelf]:
        for name, table in read_toml(_DATA.joinpath(file)).items():
            if name in merged:
                raise CatalogError(file, [f"{name}: stands in another file of {shelf} too"])
            merged[name] = table
    return merged


def _read(shelf: str) -> Callable[[], dict[str, dict[str, Any]]]:
    return functools.partial(_tables, shelf)


def _source_tables() -> dict[str, dict[str, Any]]:
    tables = _tables("sources")
    # The assumptions of the library cite sources too; the two must agree on a key's meaning.
    for key, source in SOURCES.items():
        tables.setdefault(key, {"key": key, **converter.unstructure(source)})
    return tables


def _build_source(key: str, table: dict[str, Any]) -> Source:
    try:
        return converter.structure({"key": key, **table}, Source)
    except Exception as error:  # cattrs raises groups of anything
        raise CatalogError("sources", problems_of(error, f"sources/{key}")) from None


def _builder(shelf: str, cls: type[Any], **references: Callable[[str], Any]) -> Callable[..., Any]:
    def build(name: str, table: dict[str, Any]) -> Any:
        return build_noun(cls, f"{shelf}/{name}", table, sources, references)

    return build


def _find(shelf: Callable[[], Shelf[Any]]) -> Callable[[str], Any]:
    return lambda name: shelf()[name]


def _build_service(name: str, table: dict[str, Any]) -> Service:
    shared = {
        "model": _find(lambda: models),
        "accelerator": _find(lambda: accelerators),
        "facility": _find(lambda: facilities),
    }

    def inner(cls: type[Any], part: str) -> Callable[[Any], Any]:
        # An inner table is an entry of its own, and its problems carry its path.
        path = f"services/{name}/{part}"
        return lambda raw: build_noun(cls, path, {"name": f"{name} {part}", **raw}, sources, shared)

    references = {
        "training": inner(TrainingWorkload, "training"),
        "query": inner(InferenceWorkload, "query"),
    }
    service: Service = build_noun(Service, f"services/{name}", table, sources, references)
    return service


def _build_claim(key: str, table: dict[str, Any]) -> Claim:
    service = table.get("service", "")
    return build_claim(
        f"claims/{key}", table, sources, functools.partial(_evidence, service, table.get("group"))
    )


@functools.lru_cache(maxsize=64)
def _evidence(service: str, group: str | None) -> Evidence:
    del group  # claims of one service share their evidence
    about = [claim for claim in claims.values() if claim.service == service]
    named = {name for claim in about for name in claim.accelerators_named}
    return Evidence(
        claims=tuple(about),
        service=services[service] if service in services else None,
        accelerators={name: accelerators[name] for name in named if name in accelerators},
    )


sources: Shelf[Source] = Shelf("source", _source_tables, _build_source)
"""Every source by key."""

accelerators: Shelf[Accelerator] = Shelf(
    "accelerator", _read("accelerators"), _builder("accelerators", Accelerator)
)
"""Accelerators by name."""

servers: Shelf[Server] = Shelf(
    "server",
    _read("servers"),
    _builder("servers", Server, accelerator=_find(lambda: accelerators)),
)
"""Servers by name."""

models: Shelf[Model] = Shelf("model", _read("models"), _builder("models", Model))
"""Models by name."""

grids: Shelf[Grid] = Shelf("grid", _read("grids"), _builder("grids", Grid))
"""Electricity grids by name."""

tariffs: Shelf[Tariff] = Shelf("tariff", _read("tariffs"), _builder("tariffs", Tariff))
"""Electricity tariffs by name."""

facilities: Shelf[Facility] = Shelf(
    "facility",
    _read("facilities"),
    _builder("facilities", Facility, grid=_find(lambda: grids), tariff=_find(lambda: tariffs)),
)
"""Facilities by name."""

services: Shelf[Service] = Shelf("service", _read("services"), _build_service)
"""Services by name."""

claims: Shelf[Claim] = Shelf("claim", _read("claims"), _build_claim)
"""Public claims by key."""

_SHELVES: dict[str, Shelf[Any]] = {
    "sources": sources,
    "accelerators": accelerators,
    "servers": servers,
    "models": models,
    "grids": grids,
    "tariffs": tariffs,
    "facilities": facilities,
    "services": services,
    "claims": claims,
}

def load(file: str | Path) -> None:
    """Add a file of your own facts to the catalogue, in the format of the library's own.

    Parameters
    ----------
    file : str or path
        A TOML file with tables such as ``[accelerators."My chip"]`` and ``[sources.my-quote]``.

    Raises
    ------
    CatalogError
        If anything in it is wrong; all problems are listed with their path in the file, and
        nothing of it is added. A name that exists already is a problem: nothing is overwritten.
    """
    name = str(file)
    document = read_toml(Path(file))
    problems = [f"{key}: there is no such shelf" for key in document if key not in _SHELVES]
    problems += [
        f"{shelf}: needs one table per entry"
        for shelf, tables in document.items()
        if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values())
    ]
    if not problems:
        problems = _clashes(document)
    if problems:
        raise CatalogError(name, problems)
    # Entries may refer to each other, so they are put up first and taken down if one is wrong.
    for shelf, tables in document.items():
        _SHELVES[shelf].add(tables, name)
    problems = collect_problems(
        {
            f"{shelf}/{entry}": functools.partial(_SHELVES[shelf].__getitem__, entry)
            for shelf, tables in document.items()
            for entry in tables
        }
    )
    if problems:
        for shelf, tables in document.items():
            _SHELVES[shelf].remove(tables)
        raise CatalogError(name, problems)
    _evidence.cache_clear()


def _clashes(document: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    return [
        line for shelf, tables in document.items() for line in _SHELVES[shelf].clashes(tables)
    ]
