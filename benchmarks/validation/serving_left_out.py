"""Times per output token with constants that were fitted without the rows they predict.

Folds hold whole configurations, all loads of one deployment together, so that no row is predicted
from its own deployment at another load; then accelerators and models are left out, one after the
other. Central values are those of the constants that were fitted without the row; ranges are as
wide, as a factor, as the library's are for it. Rejected: folds of single rows, which look better
and say little about a deployment that nobody measured.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from validation.prediction import Prediction
from validation.rows import Case, SkipError
from validation.scoring import Outcome
from validation.serving_modes import TIME_PER_OUTPUT_TOKEN, serving_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from validation.modes import Mode

__all__ = ["CALIBRATED_MODES", "calibrated"]

FOLDS = 5
STEPS = 5
CONFIGURATION = (
    *("model", "accelerator", "n_accelerators", "precision", "engine", "engine_version"),
    *("tensor_parallel", "expert_parallel", "attention_data_parallel"),
    *("load", "input_tokens", "output_tokens"),
)
CALIBRATED_MODES = tuple(
    TIME_PER_OUTPUT_TOKEN._replace(name=f"tpot, {how}")
    for how in ("calibrated 5-fold", "accelerator left out", "model left out")
)


class Known(NamedTuple):
    """A row of the table beside what the fit makes of it."""

    case: Case
    row: Any


def calibrated(speed: Sequence[Case], more: Sequence[Any]) -> list[Outcome]:
    """Outcomes of the three modes; `more` are rows that take part in fits and are not scored."""
    found: list[Outcome] = []
    known, skipped = _known(speed)
    for mode, place in zip(CALIBRATED_MODES, (_fold, _accelerator, _model), strict=True):
        found += [Outcome(c, mode, serving_groups(c), skipped=why) for c, why in skipped]
        found += _left_out(mode, known, more, place)
    return found


def _known(speed: Sequence[Case]) -> tuple[list[Known], list[tuple[Case, str]]]:
    """Rows that can take part, and those that cannot, with the reason."""
    from calibrate_serving import KNOWN, prepared

    known, skipped = [], []
    for case in speed:
        if not TIME_PER_OUTPUT_TOKEN.applies(case):
            continue
        try:
            case.check_quality()
            seconds = TIME_PER_OUTPUT_TOKEN.measured(case) / 1e3
            row = prepared(case, "batch_or_concurrency", seconds, None, KNOWN)
            known.append(Known(case, row))
        except SkipError as reason:
            skipped.append((case, str(reason)))
        except Exception as error:  # noqa: BLE001 - no row may stop the others
            skipped.append((case, type(error).__name__))
    return known, skipped


def _fold(case: Case, _row: Any) -> str:
    """Fold of a configuration: the same in every run, whatever the order of the rows."""
    text = "|".join(case.text(column) for column in CONFIGURATION)
    return str(int(hashlib.sha256(text.encode()).hexdigest(), 16) % FOLDS)


def _accelerator(_case: Case | None, row: Any) -> str:
    return str(row.accelerator)


def _model(_case: Case | None, row: Any) -> str:
    return str(row.model)


def _left_out(
    mode: Mode, known: Sequence[Known], more: Sequence[Any], place: Callable[[Any, Any], str]
) -> list[Outcome]:
    from calibrate_serving import fit

    found = []
    places = [place(*one) for one in known]
    # Rows of no table fall out with their accelerator or model, and stay in all folds.
    others = ["" if place is _fold else place(None, row) for row in more]
    for name in sorted(set(places)):
        kept = [one.row for one, here in zip(known, places, strict=True) if here != name]
        rest = [row for row, here in zip(more, others, strict=True) if here != name]
        out = [one for one, here in zip(known, places, strict=True) if here == name]
        if not kept:
            why = "nothing is left to fit to"
            found += [Outcome(one.case, mode, serving_groups(one.case), skipped=why) for one in out]
            continue
        moved = fit([*kept, *rest], most=STEPS)[0]
        found += _outcomes(mode, out, moved)
    return found


def _outcomes(mode: Mode, out: Sequence[Known], moved: Any) -> list[Outcome]:
    """Rows that had no part, with ranges as wide as the library's for the same row."""
    from calibrate_serving import predicted

    found = []
    for one, seconds in zip(out, predicted([o.row for o in out], moved), strict=True):
        central = 1e3 * float(seconds)
        ours = TIME_PER_OUTPUT_TOKEN.predict(one.case)
        scale, held = central / ours.central, ours.quantiles or {}
        found.append(
            Outcome(
                one.case,
                mode,
                serving_groups(one.case),
                measured=1e3 * one.row.measured,
                predicted=Prediction(central, {p: scale * q for p, q in held.items()}),
            )
        )
    return found
