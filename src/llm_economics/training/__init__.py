"""Training: workloads, and their time, energy, money and carbon before or after the run.

Everything is loaded at first use: ``le.training.plan``, ``le.training.FineTuningWorkload``.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from llm_economics.training.check import mfu
    from llm_economics.training.fine_tuning import FineTuningWorkload
    from llm_economics.training.layout import Layout
    from llm_economics.training.layout_check import check_layout
    from llm_economics.training.layout_grid import enumerate_layouts
    from llm_economics.training.planning import plan
    from llm_economics.training.programme import TrainingProgramme, TrainingStage
    from llm_economics.training.reinforcement import ReinforcementWorkload
    from llm_economics.training.scaling import ScalingLaw
    from llm_economics.training.scaling_sets import SCALING_LAWS, scaling_law
    from llm_economics.training.thresholds import THRESHOLDS, threshold_report
    from llm_economics.training.workload import TrainingWorkload

__all__ = [
    "SCALING_LAWS",
    "THRESHOLDS",
    "FineTuningWorkload",
    "Layout",
    "ReinforcementWorkload",
    "ScalingLaw",
    "TrainingProgramme",
    "TrainingStage",
    "TrainingWorkload",
    "check_layout",
    "enumerate_layouts",
    "mfu",
    "plan",
    "scaling_law",
    "threshold_report",
]

_HOMES = {
    "FineTuningWorkload": "fine_tuning",
    "Layout": "layout",
    "ReinforcementWorkload": "reinforcement",
    "SCALING_LAWS": "scaling_sets",
    "ScalingLaw": "scaling",
    "THRESHOLDS": "thresholds",
    "TrainingProgramme": "programme",
    "TrainingStage": "programme",
    "TrainingWorkload": "workload",
    "check_layout": "layout_check",
    "enumerate_layouts": "layout_grid",
    "mfu": "check",
    "plan": "planning",
    "scaling_law": "scaling_sets",
    "threshold_report": "thresholds",
}


def __getattr__(name: str) -> Any:
    """Load a public name at first use."""
    import importlib

    if name not in _HOMES:
        message = f"module 'llm_economics.training' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(importlib.import_module(f"llm_economics.training.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
