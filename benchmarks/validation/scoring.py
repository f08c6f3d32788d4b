"""Rows through the modes, and how far the predictions are from what was measured."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from validation.accelerators import accelerator_name
from validation.models import has_experts
from validation.rows import Case, SkipError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from validation.modes import Mode
    from validation.prediction import Prediction

__all__ = ["LEVELS", "Outcome", "groups_of_training", "outcomes", "scores"]

LEVELS = {"0.68": 0.68, "0.8": 0.8, "0.9": 0.9}


class Outcome(NamedTuple):
    """What came of one row in one mode."""

    case: Case
    mode: Mode
    groups: tuple[str, ...]

    measured: float | None = None
    predicted: Prediction | None = None

    skipped: str = ""
    """Why there is no prediction."""

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        assert self.measured is not None
        assert self.predicted is not None
        return self.predicted.central / self.measured - 1.0

    @property
    def factor(self) -> float:
        """How many times too much or too little, at least 1."""
        ratio = self.error + 1.0
        return max(ratio, 1.0 / ratio)

    def inside(self, level: float) -> bool | None:
        """Whether the central range holds what was measured; None if there is no range."""
        ends = self.predicted.ends(level) if self.predicted else None
        if ends is None or self.measured is None:
            return None
        return ends[0] <= self.measured <= ends[1]

    def width(self, level: float) -> float | None:
        """High over low end of the central range."""
        ends = self.predicted.ends(level) if self.predicted else None
        if ends is None or ends[0] <= 0.0:
            return None
        return ends[1] / ends[0]


def outcomes(
    cases: Iterable[Case], modes: Iterable[Mode], groups: Callable[[Case], tuple[str, ...]]
) -> list[Outcome]:
    """Every row in every mode that it is of; a row that fails is skipped, with the reason."""
    known = [(case, _grouped(case, groups)) for case in cases]
    return [
        _outcome(case, mode, groups)
        for mode in modes
        for case, groups in known
        if mode.applies(case)
    ]


def _outcome(case: Case, mode: Mode, groups: tuple[str, ...]) -> Outcome:
    found = Outcome(case, mode, groups)
    try:
        case.check_quality()
        found = found._replace(measured=mode.measured(case))
        predicted = mode.predict(case.without(mode.hidden))
        if not (math.isfinite(predicted.central) and predicted.central > 0.0):
            return found._replace(skipped="the prediction is no positive number")
        return found._replace(predicted=predicted)
    except SkipError as reason:
        return found._replace(skipped=str(reason))
    except Exception as error:  # noqa: BLE001 - no row may stop the others
        first = (str(error).splitlines() or [""])[0][:120]
        return found._replace(skipped=f"{type(error).__name__}: {first}")


def _grouped(case: Case, groups: Callable[[Case], tuple[str, ...]]) -> tuple[str, ...]:
    try:
        return groups(case)
    except Exception:  # noqa: BLE001 - as above
        return ("all",)


def groups_of_training(case: Case) -> tuple[str, ...]:
    """Groups of a row of training."""
    try:
        experts = has_experts(case)
    except Exception:  # noqa: BLE001 - as above
        experts = None
    model = {True: "mixture of experts", False: "dense", None: "model not known"}[experts]
    return (
        "all",
        model,
        f"kind: {case.text('kind') or 'not stated'}",
        f"accelerator: {accelerator_name(case)}",
        f"family: {case.text('family') or 'not stated'}",
    )


def scores(table: str, found: Sequence[Outcome], modes: Iterable[Mode]) -> list[dict[str, Any]]:
    """One record for each mode and group, "all" first."""
    records = []
    for mode in modes:
        here = [outcome for outcome in found if outcome.mode is mode]
        groups = ["all", *sorted({name for one in here for name in one.groups} - {"all"})]
        for group in groups:
            chosen = [outcome for outcome in here if group in outcome.groups]
            records.append({"table": table, "mode": mode.name, "group": group} | score(chosen))
    return records


def score(tried: Sequence[Outcome]) -> dict[str, Any]:
    """Figures of some outcomes of one mode; None where there is nothing to count."""
    scored = [outcome for outcome in tried if outcome.predicted is not None]
    errors = np.array([outcome.error for outcome in scored])
    sizes = np.abs(errors)
    double = (errors >= -0.5) & (errors <= 1.0)
    return {
        "rows": len(scored),
        "tried": len(tried),
        "skipped": dict(Counter(one.skipped for one in tried if one.skipped).most_common()),
        "median_abs_error": _figure(sizes, np.median),
        "mean_abs_error": _figure(sizes, np.mean),
        "p90_abs_error": _figure(sizes, lambda values: np.quantile(values, 0.9)),
        "bias": _figure(errors, np.median),
        "median_factor": _figure([one.factor for one in scored], np.median),
        "within_2x": _figure(double, np.mean),
        "coverage": {
            name: _figure([one.inside(level) for one in scored], np.mean)
            for name, level in LEVELS.items()
        },
        "median_width": _figure([one.width(0.9) for one in scored], np.median),
        "median_width_80": _figure([one.width(0.8) for one in scored], np.median),
    }


def _figure(values: Iterable[Any], how: Callable[[Any], Any]) -> float | None:
    known = np.array([value for value in values if value is not None], dtype=float)
    found = float(how(known)) if known.size else math.nan
    return found if math.isfinite(found) else None
