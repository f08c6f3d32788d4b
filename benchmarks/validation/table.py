"""What is shown and written: a Markdown table, the records, every prediction by its measurement."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from validation.scoring import Outcome

__all__ = ["shown", "write_records", "write_rows"]

HEAD = (
    "mode",
    "group",
    "rows",
    "tried",
    "median error",
    "mean",
    "p90",
    "bias",
    "factor",
    "within 2x",
    "in 68 %",
    "in 80 %",
    "in 90 %",
    "width 80 %",
    "width 90 %",
)
COLUMNS = (
    "table",
    "case_id",
    "mode",
    "kind",
    "family",
    "accelerator",
    "model",
    "engine",
    "measured",
    "predicted",
    "low_80",
    "high_80",
    "low_90",
    "high_90",
    "unit",
    "skipped",
)


def shown(records: Iterable[dict[str, Any]]) -> str:
    """Markdown table of the records, and below it why rows were skipped."""
    kept = list(records)
    lines = [HEAD, ("---",) * len(HEAD), *map(_cells, kept)]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    reasons = [
        f"{record['mode']}: {count} skipped: {reason}"
        for record in kept
        if record["group"] == "all"
        for reason, count in record["skipped"].items()
    ]
    return "\n".join([table, "", *reasons])


def _cells(record: dict[str, Any]) -> tuple[str, ...]:
    inside = record["coverage"]
    errors = [record[f"{name}_abs_error"] for name in ("median", "mean", "p90")]
    return (
        record["mode"],
        record["group"],
        str(record["rows"]),
        str(record["tried"]),
        *map(_percent, (*errors, record["bias"])),
        _factor(record["median_factor"]),
        *map(_percent, (record["within_2x"], *inside.values())),
        *map(_factor, (record["median_width_80"], record["median_width"])),
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.3g} %"


def _factor(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}"


def write_records(path: Path, records: Sequence[dict[str, Any]]) -> None:
    """Write the records as JSON."""
    text = json.dumps(list(records), indent=2, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_rows(path: Path, found: Iterable[tuple[str, Outcome]]) -> None:
    """Write every outcome, with the name of its table, as one line of a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_line(table, outcome) for table, outcome in found)


def _line(table: str, outcome: Outcome) -> list[str]:
    case, predicted = outcome.case, outcome.predicted
    ends = [predicted.ends(level) if predicted else None for level in (0.8, 0.9)]
    figures: list[float | None] = [outcome.measured, predicted.central if predicted else None]
    for pair in ends:
        figures += pair or (None, None)
    return [
        table,
        case.id,
        outcome.mode.name,
        case.text("kind"),
        case.text("family"),
        case.text("accelerator"),
        case.text("model"),
        case.text("engine"),
        *("" if value is None else f"{value:.6g}" for value in figures),
        outcome.mode.unit,
        outcome.skipped,
    ]
