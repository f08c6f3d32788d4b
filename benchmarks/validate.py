"""Predictions of the library against published rows: errors, and how often ranges hold.

Takes tables of measurements (`--training FILE.csv`), predicts each row from what its author knew
beforehand, and prints how far off the predictions are, by mode and group. Absolute errors are of
the central value. A row that cannot be predicted is counted with the reason. Nothing is fitted
here; figures are printed, not judged.

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
from validation.table import shown, write_records, write_rows
from validation.tables import TABLES

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
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the records")
    parser.add_argument("--rows", type=Path, metavar="OUT.csv", help="write every prediction")
    options = parser.parse_args(arguments)
    if not any(_file(options, table.name) for table in TABLES):
        parser.error("name a table, such as --training FILE.csv")
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
            found = outcomes(read_table(path, table.columns), table.modes)
            records += scores(table.name, found, table.modes)
            rows += [(table.name, outcome) for outcome in found]
    return records, rows


if __name__ == "__main__":
    sys.exit(main())
