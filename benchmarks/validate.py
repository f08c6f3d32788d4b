"""Predictions of the library against published rows: errors, and how often ranges hold.

Takes tables of measurements (`--training`, `--inference-speed`, `--inference-energy`), predicts
each row from what its author knew beforehand, and prints how far off the predictions are, by mode
and group. Absolute errors are of the central value. A row that cannot be predicted is counted with
the reason. Nothing is fitted here unless `--calibrate` asks for it: then times per output token are
also predicted with constants fitted to the other rows. Figures are printed, not judged.

Run it with ``python benchmarks/validate.py --training FILE.csv [--json OUT] [--rows OUT.csv]``.
Rejected: scoring inside the tests, which would then need the tables.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from validation.rows import NotATableError, read_table
from validation.scoring import Outcome, outcomes, scores
from validation.serving_left_out import CALIBRATED_MODES, calibrated
from validation.table import shown, write_records, write_rows
from validation.tables import SPEED, TABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

WRONG_FILE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Score the tables that the command line names."""
    options = _options(arguments)
    try:
        records, found = _scored(options)
        print(shown(records))
        if options.json:
            write_records(options.json, records)
        if options.rows:
            write_rows(options.rows, found)
    except NotATableError as error:
        print(f"error: {error}", file=sys.stderr)
        return WRONG_FILE
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return WRONG_FILE
    return 0


def _options(arguments: Sequence[str] | None) -> Any:
    about = (__doc__ or "").splitlines()[0]
    parser = argparse.ArgumentParser(description=about)
    for table in TABLES:
        parser.add_argument(f"--{table.name}", type=Path, metavar="FILE.csv")
    about_fits = "fit serving anew without a fifth, an accelerator, a model: minutes"
    parser.add_argument("--calibrate", action="store_true", help=about_fits)
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the records")
    parser.add_argument("--rows", type=Path, metavar="OUT.csv", help="write every prediction")
    options = parser.parse_args(arguments)
    if not any(_file(options, table.name) for table in TABLES):
        parser.error("name a table, such as --training FILE.csv")
    if options.calibrate and options.inference_speed is None:
        parser.error("--calibrate needs --inference-speed FILE.csv")
    return options


def _file(options: Any, name: str) -> Path | None:
    found: Path | None = getattr(options, name.replace("-", "_"))
    return found


def _scored(options: Any) -> tuple[list[dict[str, Any]], list[tuple[str, Outcome]]]:
    records: list[dict[str, Any]] = []
    rows: list[tuple[str, Outcome]] = []
    for table in TABLES:
        path = _file(options, table.name)
        if path is not None:
            found = outcomes(read_table(path, table.columns), table.modes, table.groups)
            records += scores(table.name, found, table.modes)
            rows += [(table.name, outcome) for outcome in found]
    if options.calibrate:
        found = _calibrated(options)
        records += scores(SPEED.name, found, CALIBRATED_MODES)
        rows += [(SPEED.name, outcome) for outcome in found]
    return records, rows


def _calibrated(options: Any) -> list[Outcome]:
    """Times per output token, with fits to the other rows of one table and all of another."""
    from calibrate_serving import energy_rows

    speed, energy = options.inference_speed, options.inference_energy
    more = energy_rows(energy) if energy is not None else []
    return calibrated(read_table(speed, SPEED.columns), more)


if __name__ == "__main__":
    sys.exit(main())
