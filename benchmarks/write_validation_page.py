"""Write measured accuracy into a page of the documentation, between its markers.

Run with::

    python benchmarks/validate.py --training FILE.csv --json S.json --rows R.csv
    python benchmarks/calibrate_training.py FILE.csv --leave-out 5 > L.txt
    python benchmarks/peers/training.py FILE.csv ... --json P.json
    python benchmarks/write_validation_page.py docs/explanation/training-validation.md \
        --scores S.json --rows R.csv --left-out L.txt --peers P.json

What is not given stays as it stands.
"""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

WORST = 12
PERCENT = 100.0


def main() -> None:
    """Fill the places for which figures are given."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("page", type=Path)
    for name in ("scores", "rows", "left-out", "peers"):
        reader.add_argument(f"--{name}", type=Path)
    given = reader.parse_args()
    text = given.page.read_text(encoding="utf-8")
    if given.scores:
        scores = json.loads(given.scores.read_text(encoding="utf-8"))
        text = filled(text, "accuracy by mode", by_mode(scores))
        text = filled(text, "accuracy by accelerator", by_accelerator(scores))
    if given.rows:
        with given.rows.open(newline="", encoding="utf-8") as file:
            text = filled(text, "largest errors", worst(list(csv.DictReader(file))))
    if given.left_out:
        said = given.left_out.read_text(encoding="utf-8").strip()
        text = filled(text, "left out of the fit", f"```text\n{said}\n```")
    if given.peers:
        peers = json.loads(given.peers.read_text(encoding="utf-8"))
        text = filled(text, "peers", beside(peers))
    given.page.write_text(text, encoding="utf-8")


def filled(text: str, name: str, content: str) -> str:
    """Text with new content between the markers of a place."""
    begin, end = f"<!-- BEGIN GENERATED: {name} -->", f"<!-- END GENERATED: {name} -->"
    if begin not in text or end not in text:
        message = f"the page has no place for {name!r}"
        raise SystemExit(message)
    head, rest = text.split(begin, 1)
    tail = rest.split(end, 1)[1]
    return f"{head}{begin}\n\n{content}\n\n{end}{tail}"


def percent(value: float | None) -> str:
    """A share as people read it."""
    return "" if value is None else f"{value * PERCENT:.3g} %"


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Table in Markdown."""
    lines = [f"| {' | '.join(head)} |", "| " + " | ".join("---" for _ in head) + " |"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


COLUMNS = (
    *("rows", "skipped", "median error", "90 % point", "bias", "within 2x"),
    *("in 80 %", "in 90 %", "width of 90 %"),
)


def cells(score: dict[str, Any]) -> tuple[str, ...]:
    """Figures of one line."""
    coverage, width = score["coverage"], score["median_width"]
    return (
        str(score["rows"]),
        str(sum(score["skipped"].values())),
        percent(score["median_abs_error"]),
        percent(score["p90_abs_error"]),
        percent(score["bias"]),
        percent(score["within_2x"]),
        percent(coverage.get("0.8")),
        percent(coverage.get("0.9")),
        "" if width is None else f"x {width:.2f}",
    )


def by_mode(scores: list[dict[str, Any]]) -> str:
    """One line for each mode and for dense models and mixtures apart."""
    wanted = ("all", "dense", "mixture of experts")
    rows = [
        (s["mode"], s["group"], *cells(s)) for s in scores if s["group"] in wanted and s["rows"]
    ]
    return table(("mode", "models", *COLUMNS), rows)


def by_accelerator(scores: list[dict[str, Any]]) -> str:
    """One line for each accelerator of the modes that predict time."""
    rows = [
        (s["mode"], s["group"].removeprefix("accelerator: "), *cells(s))
        for s in scores
        if s["group"].startswith("accelerator: ") and s["rows"] and "throughput" in s["mode"]
    ]
    return table(("mode", "accelerator", *COLUMNS), rows)


def worst(rows: list[dict[str, str]]) -> str:
    """Rows with the largest errors of the modes that predict time."""
    found = []
    for row in rows:
        if row["predicted"] and ("throughput" in row["mode"] or "hours" in row["mode"]):
            ratio = float(row["predicted"]) / float(row["measured"])
            found.append((max(ratio, 1.0 / ratio), ratio, row))
    found.sort(key=lambda item: -item[0])
    lines = [
        (row["case_id"], row["mode"], row["measured"], row["predicted"], f"{ratio:.2f}")
        for _, ratio, row in found[:WORST]
    ]
    return table(("row", "mode", "measured", "predicted", "predicted / measured"), lines)


def beside(peers: dict[str, Any]) -> str:
    """One line for each tool and family."""
    lines = [
        (
            name,
            score["family"],
            score["accelerator"],
            str(score["answered"]),
            percent(score["median_abs_error"]),
            percent(score["p90_abs_error"]),
            percent(score["bias"]),
            f"{score['ms_per_call']:.3g}",
            f"{score['ms_per_row']:.3g}",
        )
        for name, found in peers.items()
        for score in found["scores"]
        if score["answered"]
    ]
    head = ("tool", "family", "of them", "rows", "median", "90 % point", "bias")
    return table((*head, "ms a call", "ms a row"), lines)


if __name__ == "__main__":
    main()
