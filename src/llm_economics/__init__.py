"""Energy, time, cost and carbon of language models, with units and honest ranges.

Everything is loaded at first use (PEP 562): importing this package costs next to nothing.

>>> import llm_economics as le
>>> power, duration = le.between(7, 15, "MW"), le.between(30, 90, "day")
>>> print((power * duration).to("GWh").bounds())
5.04 .. 32.4 GWh (guaranteed while every input stays in its quoted range)
"""

from __future__ import annotations

# Type checkers know this name and take it for true; importing `typing` would be most of the cost.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from llm_economics import catalog, serving, training
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
    from llm_economics.claim.audit import Evidence
    from llm_economics.claim.claim import Claim
    from llm_economics.comparison import compare
    from llm_economics.core import functions
    from llm_economics.core.axis import axis
    from llm_economics.core.reading import (
        about,
        between,
        mixture,
        most_likely,
        quantity,
        uniform,
    )
    from llm_economics.core.registry import Quantity, ureg, use_as_application_registry
    from llm_economics.core.sources import Source
    from llm_economics.facility.site import Facility, Grid, Tariff
    from llm_economics.hardware.accelerator import Accelerator
    from llm_economics.hardware.server import Server
    from llm_economics.service.service import Service
    from llm_economics.serving.pareto import pareto
    from llm_economics.serving.workload import InferenceWorkload
    from llm_economics.training.check import mfu
    from llm_economics.training.workload import TrainingWorkload
    from llm_economics.transformer.architecture import Architecture
    from llm_economics.transformer.model import Model
    from llm_economics.workload.workload import Workload

    __version__: str

__all__ = [
    "Accelerator",
    "Architecture",
    "Claim",
    "Evidence",
    "Facility",
    "Grid",
    "InferenceWorkload",
    "Model",
    "Quantity",
    "Server",
    "Service",
    "Source",
    "Tariff",
    "TrainingWorkload",
    "Workload",
    "__version__",
    "about",
    "accelerators",
    "axis",
    "between",
    "catalog",
    "claims",
    "compare",
    "facilities",
    "functions",
    "grids",
    "mfu",
    "mixture",
    "models",
    "most_likely",
    "pareto",
    "quantity",
    "servers",
    "services",
    "serving",
    "sources",
    "tariffs",
    "training",
    "uniform",
    "ureg",
    "use_as_application_registry",
]

_HOMES: dict[str, tuple[str, ...]] = {
    "catalog.shelves": (
        "accelerators",
        "claims",
        "facilities",
        "grids",
        "models",
        "servers",
        "services",
        "sources",
        "tariffs",
    ),
    "claim.audit": ("Evidence",),
    "claim.claim": ("Claim",),
    "comparison": ("compare",),
    "core.axis": ("axis",),
    "core.reading": ("about", "between", "mixture", "most_likely", "quantity", "uniform"),
    "core.registry": ("Quantity", "ureg", "use_as_application_registry"),
    "core.sources": ("Source",),
    "facility.site": ("Facility", "Grid", "Tariff"),
    "hardware.accelerator": ("Accelerator",),
    "hardware.server": ("Server",),
    "service.service": ("Service",),
    "serving.pareto": ("pareto",),
    "serving.workload": ("InferenceWorkload",),
    "training.check": ("mfu",),
    "training.workload": ("TrainingWorkload",),
    "transformer.architecture": ("Architecture",),
    "transformer.model": ("Model",),
    "workload.workload": ("Workload",),
}

_MODULES = {
    "catalog": "catalog",
    "functions": "core.functions",
    "serving": "serving",
    "training": "training",
}

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Load a public name at first use."""
    import importlib

    if name == "__version__":
        return _version()
    if name in _MODULES:
        return importlib.import_module(f"llm_economics.{_MODULES[name]}")
    if name not in _HOME_OF:
        message = f"module 'llm_economics' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(f"llm_economics.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("llm_economics")
    except PackageNotFoundError:  # run from the source tree, without being installed
        return "0+unknown"


def __dir__() -> list[str]:
    return list(__all__)
