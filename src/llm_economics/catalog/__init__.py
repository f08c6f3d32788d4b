"""The library's own facts: read lazily from TOML, each with its source.

`accelerators`, `models`, ... are read-only mappings by name that forgive spelling. A file is read
when its shelf is first used, an entry is built when it is first asked for. `load` adds a file of
the user's own facts in the same format; `live_api_prices` reads the prices of a package that is
updated more often than this one.
"""

from __future__ import annotations

from llm_economics.catalog.live import live_api_prices
from llm_economics.catalog.loading import load
from llm_economics.catalog.shelves import (
    accelerators,
    api_prices,
    claims,
    cloud_prices,
    facilities,
    grids,
    models,
    servers,
    services,
    serving_stacks,
    sources,
    tariffs,
)

__all__ = [
    "accelerators",
    "api_prices",
    "claims",
    "cloud_prices",
    "facilities",
    "grids",
    "live_api_prices",
    "load",
    "models",
    "servers",
    "services",
    "serving_stacks",
    "sources",
    "tariffs",
]
