"""The figures that claims are about: their unit, their word, what may be compared with what."""

from __future__ import annotations

from enum import StrEnum

import attrs

from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import UnknownNameError

__all__ = ["METRICS", "Metric", "Stage", "metric"]


class Stage(StrEnum):
    """Part of a model's life that a claim speaks of."""

    TRAINING = "training"
    """Making the model."""
    INFERENCE = "inference"
    """Answering requests."""
    BOTH = "both"
    """Either, or not said."""


@attrs.frozen(kw_only=True)
class Metric:
    """A kind of figure."""

    key: str
    """Name in the claim files: "training-energy"."""

    label: str
    """What a reader calls it."""

    unit: str
    """Unit of the figure; empty for what is not a figure."""

    shown: str
    """Unit in which people read it."""

    also: tuple[tuple[str, str], ...] = ()
    """Other unit that is taken, with the divisor that bridges: Wh for Wh per request."""

    @property
    def dimension(self) -> Dimension:
        """How its values are read and checked."""
        return Dimension(
            name=f"a value of {self.label}",
            unit=self.unit,
            example=f"10 {self.shown}",
            bare_numbers=self.unit in _COUNTS,
            also=self.also,
        )


# A bare number is clear where the metric itself says what is counted.
_COUNTS = frozenset({"accelerator", "dimensionless", "parameter", "token", "user"})

_PER_REQUEST = {"energy": "joule", "carbon": "gCO2e", "water": "litre"}

_TABLE: tuple[tuple[str, str, str, str], ...] = (
    ("traits", "traits of training and inference", "", ""),
    ("accelerator", "accelerator", "", ""),
    ("accelerator-count", "accelerators", "accelerator", "accelerator"),
    ("hardware-cost", "hardware cost", "USD", "MUSD"),
    ("training-duration", "training time", "second", "day"),
    ("training-power", "training power", "watt", "MW"),
    ("training-power-per-pod", "training power of a pod", "watt/pod", "MW/pod"),
    ("training-energy", "training energy", "joule", "GWh"),
    ("training-cost", "training cost", "USD", "MUSD"),
    ("training-accelerator-hours", "accelerator-hours", "accelerator*hour", "accelerator*hour"),
    ("training-computation", "training computation", "FLOP", "FLOP"),
    ("training-tokens", "training tokens", "token", "Ttoken"),
    ("parameters", "parameters", "parameter", "Gparameter"),
    ("active-parameters", "active parameters", "parameter", "Gparameter"),
    ("energy-per-query", "energy per query", "joule/request", "Wh/request"),
    ("carbon-per-query", "carbon per query", "gCO2e/request", "gCO2e/request"),
    ("water-per-query", "water per query", "litre/request", "mL/request"),
    ("inference-power", "inference power", "watt", "MW"),
    ("requests", "requests", "request/second", "request/day"),
    ("tokens-served", "tokens served", "token/second", "Ttoken/month"),
    ("users", "users", "user", "Muser"),
    ("inference-cost-rate", "inference spending", "USD/second", "MUSD/year"),
    ("site-power", "power of the site", "watt", "MW"),
    ("model-flops-utilization", "model FLOPs utilization", "dimensionless", "%"),
)


def _metric(key: str, label: str, unit: str, shown: str) -> Metric:
    inner = _PER_REQUEST.get(key.removesuffix("-per-query"))
    also = ((inner, "request"),) if inner and key.endswith("-per-query") else ()
    return Metric(key=key, label=label, unit=unit, shown=shown, also=also)


METRICS: dict[str, Metric] = {row[0]: _metric(*row) for row in _TABLE}
"""Every kind of figure by key."""


def metric(key: str | Metric) -> Metric:
    """Find a kind of figure.

    Parameters
    ----------
    key : str or Metric
        "training-energy", ...; or the kind itself.

    Returns
    -------
    Metric
        The kind.

    Raises
    ------
    UnknownNameError
        If there is none, with the nearest names.
    """
    if isinstance(key, Metric):
        return key
    if key not in METRICS:
        raise UnknownNameError(str(key), METRICS, "metric")
    return METRICS[key]
