"""Energy per token on accelerators that no constant was fitted to.

Run with::

    python benchmarks/serving_energy_left_out.py SPEED.csv ENERGY.csv

Times and power are both fitted without an accelerator, one after the other, and the joules of its
accelerators over tokens written are estimated from the two: power x step / batch.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import calibrate_serving as times
import calibrate_serving_power as powers
from validation.rows import SkipError, read_table

from llm_economics.core.errors import LLMEconomicsError
from llm_economics.serving.power import PowerConstants, power_fraction
from llm_economics.serving.timing import peak_seconds

STEPS = 5


class Known(NamedTuple):
    """One measured energy, and the row of its time."""

    row: times.Row
    joules: float
    rated: float
    busy: tuple[float, float]
    """Seconds of a step at full bandwidth, and at the peak."""


def known(path: Path) -> list[Known]:
    """Energies of text generation whose batch was measured."""
    found = []
    wanted = ("avg_batch", "energy_j_per_output_token", "model", "accelerator")
    for case in read_table(path, wanted):
        if case.text("kind") != "measured_bench" or "image" in case.text("task"):
            continue
        try:
            case.check_quality()
            batch = case.need("avg_batch")
            seconds = batch / case.need("output_tokens_per_s")
            row = times.prepared(case, "avg_batch", seconds, times.CHAT_INPUT, times.UNSTATED_INPUT)
            inner = row.case.central()
            setup = inner.setup(row.machine, row.case.constants.central())
            memory, peak = peak_seconds(setup, inner.lengths, batch, inner.speculation)
            deployment = row.case.deployment
            rated = deployment.accelerator.require("power").central().number("W")
            every = float(rated) * deployment.accelerators
            joules = case.need("energy_j_per_output_token")
            found.append(Known(row, joules, every, (float(memory), float(peak))))
        except (SkipError, LLMEconomicsError) as error:
            print(f"{case.id}: {error}", file=sys.stderr)
    return found


def estimated(rows: list[Known], moved: Any, power: Any) -> Any:
    """Joules of the accelerators over tokens written."""
    seconds = times.predicted([one.row for one in rows], moved)
    busy = np.array([one.busy for one in rows]).T
    values = {n: p[0] * math.exp(v) for (n, p), v in zip(powers.PRIOR.items(), power, strict=True)}
    constants = PowerConstants(**values, limit=powers.LIMIT)
    share = power_fraction(busy[0] / seconds, busy[1] / seconds, constants)
    scale = np.array([one.rated / one.row.batch for one in rows])
    return share * scale * seconds


def main() -> None:
    """Leave out one accelerator after the other, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("speed", type=Path)
    parser.add_argument("energy", type=Path)
    given = parser.parse_args()
    rows = [*times.speed_rows(given.speed), *times.energy_rows(given.energy)]
    measured, energies = powers.rows_of(given.energy), known(given.energy)
    together = []
    for name in sorted({one.row.accelerator for one in energies}):
        moved = times.fit([r for r in rows if r.accelerator != name], most=STEPS)[0]
        power = powers.fit([r for r in measured if r[3] != name])[0]
        out = [one for one in energies if one.row.accelerator == name]
        error = np.log(estimated(out, moved, power) / np.array([one.joules for one in out]))
        print(said(name, error), flush=True)
        together.append(error)
    print(said("all", np.concatenate(together)))


def said(what: str, error: Any) -> str:
    """Scatter in words."""
    near = np.mean(np.abs(error) <= math.log(2.0))
    return f"left out, {powers.said(what, error)}, within 2x {near:.0%}"


if __name__ == "__main__":
    main()
