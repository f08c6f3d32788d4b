r"""Write measured accuracy of serving into its page of the documentation, between its markers.

Run with::

    python benchmarks/validate.py --calibrate --inference-speed SPEED.csv \
        --inference-energy ENERGY.csv --json S.json --rows R.csv
    python benchmarks/write_serving_page.py docs/explanation/serving-validation.md S.json R.csv
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from write_validation_page import filled, percent, table

if TYPE_CHECKING:
    from collections.abc import Callable

WORST = 12
LEFT_OUT = ("tpot, accelerator left out", "tpot, model left out")
FOLDS = "tpot, calibrated 5-fold"
KINDS = {"all": "all", "dense": "dense", "mixture of experts": "mixtures of experts"}
COLUMNS = (
    *("rows", "skipped", "mean error", "median error", "90 % point", "bias", "within 2x"),
    *("in 68 %", "in 90 %", "width of 90 %"),
)


def main() -> None:
    """Fill all places of the page."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name in ("page", "scores", "rows"):
        reader.add_argument(name, type=Path)
    given = reader.parse_args()
    scores = json.loads(given.scores.read_text(encoding="utf-8"))
    with given.rows.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    fitted = [s for s in scores if s["mode"] not in (*LEFT_OUT, FOLDS)]
    left = [s for s in scores if s["mode"] in LEFT_OUT]
    text = given.page.read_text(encoding="utf-8")
    text = filled(text, "accuracy by mode", lines(fitted, "models", KINDS.get))
    text = filled(text, "accuracy by engine", lines(fitted, "engine", after("engine: ")))
    text = filled(text, "accuracy by accelerator", lines(fitted, "accelerator", after("accel")))
    text = filled(text, "left out of the fit", lines(left, "rows of", kind_or_accelerator))
    folds = [s for s in scores if s["mode"] == FOLDS]
    text = filled(text, "calibrated", lines(folds, "rows of", kind_or_engine))
    text = filled(text, "largest errors", worst(rows))
    given.page.write_text(text, encoding="utf-8")


def after(start: str) -> Callable[[str], str | None]:
    """Name of a group of one sort, None of another."""
    return lambda group: group.partition(": ")[2] or None if group.startswith(start) else None


def kind_or_accelerator(group: str) -> str | None:
    """Name of a group by kind of model or by accelerator."""
    return KINDS.get(group) or after("accelerator: ")(group)


def kind_or_engine(group: str) -> str | None:
    """Name of a group by kind of model or by engine."""
    return KINDS.get(group) or after("engine: ")(group)


def lines(scores: list[dict[str, Any]], head: str, named: Callable[[str], str | None]) -> str:
    """One line for each mode and group that has a name."""
    found = [
        (score["mode"], name, *cells(score))
        for score in scores
        if score["rows"] and (name := named(score["group"])) is not None
    ]
    return table(("mode", head, *COLUMNS), found)


def cells(score: dict[str, Any]) -> tuple[str, ...]:
    """Figures of one line."""
    coverage, width = score["coverage"], score["median_width"]
    shares = ("mean_abs_error", "median_abs_error", "p90_abs_error", "bias", "within_2x")
    return (
        str(score["rows"]),
        str(sum(score["skipped"].values())),
        *(percent(score[name]) for name in shares),
        percent(coverage.get("0.68")),
        percent(coverage.get("0.9")),
        "" if width is None else f"x {width:.2f}",
    )


def worst(rows: list[dict[str, str]]) -> str:
    """Rows with the largest errors, one per mode, model and accelerator."""
    found: dict[tuple[str, ...], tuple[float, float, dict[str, str]]] = {}
    for row in rows:
        if not row["predicted"]:
            continue
        ratio = float(row["predicted"]) / float(row["measured"])
        size = max(ratio, 1.0 / ratio)
        key = (row["mode"], row["model"], row["accelerator"])
        if key not in found or size > found[key][0]:
            found[key] = (size, ratio, row)
    said = [
        (
            *(row[name] for name in ("case_id", "mode", "model", "accelerator", "engine")),
            f"{float(row['measured']):.4g}",
            f"{float(row['predicted']):.4g} {row['unit']}",
            f"{ratio:.2f}",
        )
        for _, ratio, row in sorted(found.values(), key=lambda item: -item[0])[:WORST]
    ]
    head = ("row", "mode", "model", "accelerator", "engine", "measured", "predicted")
    return table((*head, "predicted / measured"), said)


if __name__ == "__main__":
    main()
