"""The library's own facts: read lazily from TOML, each with its source.

`accelerators`, `models`, ... are read-only mappings by name that forgive spelling. A file is read
when its shelf is first used, an entry is built when it is first asked for. `load` adds a file of
the user's own facts in the same format.
"""

from __future__ import annotations

from llm_economics.catalog.loading import load
from llm_economics.catalog.shelves import (
    accelerators,
    claims,
    facilities,
    grids,
    models,
    servers,
    services,
    sources,
    tariffs,
)

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
