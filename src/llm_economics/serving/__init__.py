"""Serving: deployments and loads, latency, throughput, energy and money of inference.

Everything is loaded at first use: ``le.serving.Deployment``, ``le.serving.Load``.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from llm_economics.serving.calibration import calibrate
    from llm_economics.serving.deployment import Deployment
    from llm_economics.serving.disaggregated import DisaggregatedDeployment
    from llm_economics.serving.fleet import Fleet, load_of_users, size_fleet
    from llm_economics.serving.frontier import Frontier
    from llm_economics.serving.latency import LatencyTarget
    from llm_economics.serving.load import Load
    from llm_economics.serving.measured import MeasuredPoint, Measurements
    from llm_economics.serving.stack import ServingStack
    from llm_economics.serving.workload import InferenceWorkload

__all__ = [
    "Deployment",
    "DisaggregatedDeployment",
    "Fleet",
    "Frontier",
    "InferenceWorkload",
    "LatencyTarget",
    "Load",
    "MeasuredPoint",
    "Measurements",
    "ServingStack",
    "calibrate",
    "load_of_users",
    "size_fleet",
]

_HOMES = {
    "Deployment": "deployment",
    "DisaggregatedDeployment": "disaggregated",
    "Fleet": "fleet",
    "Frontier": "frontier",
    "InferenceWorkload": "workload",
    "LatencyTarget": "latency",
    "Load": "load",
    "MeasuredPoint": "measured",
    "Measurements": "measured",
    "ServingStack": "stack",
    "calibrate": "calibration",
    "load_of_users": "fleet",
    "size_fleet": "fleet",
}


def __getattr__(name: str) -> Any:
    """Load a public name at first use."""
    import importlib

    if name not in _HOMES:
        message = f"module 'llm_economics.serving' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"llm_economics.serving.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
