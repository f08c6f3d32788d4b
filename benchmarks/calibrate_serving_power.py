"""Fit what the power of serving rests on to measured powers, and print the ends.

Run with::

    python benchmarks/calibrate_serving_power.py ENERGY.csv [--leave-out]

Power over rated power against the shares of bandwidth and peak in use, at the measured rate and
batch. Five constants for all accelerators; residuals count less beyond 1.5 standard deviations.
The ends go into ``llm_economics/serving/power.py`` by hand.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from calibrate_serving import CHAT_INPUT
from validation.rows import SkipError, read_table
from validation.serving_rows import deployment_of, load_of

from llm_economics.core.errors import LLMEconomicsError
from llm_economics.serving.case import case_of
from llm_economics.serving.power import PowerConstants, power_fraction
from llm_economics.serving.timing import peak_seconds

PRIOR = {
    "rest": (0.15, 0.4),
    "memory": (0.7, 0.4),
    "arithmetic": (0.6, 0.5),
    "exponent": (0.65, 0.3),
}
LIMIT = 0.94
SPREAD, HUBER, STEP = 0.15, 1.5, 0.02


def rows_of(path: Path) -> list[tuple[float, float, float, str]]:
    """Use of memory and arithmetic, power over rated power, accelerator."""
    found = []
    for case in read_table(path, ("avg_batch", "avg_power_w_total", "model", "accelerator")):
        if case.text("kind") != "measured_bench" or "image" in case.text("task"):
            continue
        try:
            case.check_quality()
            deployment = deployment_of(case)
            inner = case_of(
                deployment, load_of(case, batch="avg_batch", input_tokens=CHAT_INPUT), []
            )
            central = inner.central()
            setup = central.setup(inner.machine.central(), inner.constants.central())
            batch = case.need("avg_batch")
            memory, arithmetic = peak_seconds(setup, central.lengths, batch, central.speculation)
            step = batch / case.need("output_tokens_per_s")
            rated = float(deployment.accelerator.require("power").central().number("W"))
            power = case.need("avg_power_w_total") / deployment.accelerators / rated
            used = (float(memory) / step, float(arithmetic) / step, power)
            if all(u > 0.0 for u in used):
                found.append((*used, deployment.accelerator.name))
        except (SkipError, LLMEconomicsError) as error:
            print(f"{case.id}: {error}", file=sys.stderr)
    return found


def fit(rows: list[tuple[float, float, float, str]]) -> tuple[Any, Any]:
    """Logarithms of the constants over their priors, and their covariance."""
    spread = np.array([s for _, s in PRIOR.values()])

    def at(x: Any) -> Any:
        error = errors(rows, x) / SPREAD
        size = np.abs(error)
        tail = np.sign(error) * np.sqrt(np.maximum(2.0 * HUBER * size - HUBER**2, 0.0))
        return np.concatenate([np.where(size > HUBER, tail, error), x / spread])

    here = np.zeros(len(PRIOR))
    value = at(here)
    for _ in range(20):
        slopes = np.array([(at(here + STEP * u) - value) / STEP for u in np.eye(len(PRIOR))]).T
        way = np.linalg.solve(slopes.T @ slopes, -slopes.T @ value)
        for share in (1.0, 0.5, 0.2, 0.05):
            tried = at(here + share * way)
            if tried @ tried < value @ value:
                break
        else:
            break
        here, value = here + share * way, tried
    return here, np.linalg.inv(slopes.T @ slopes)


def errors(rows: list[tuple[float, float, float, str]], x: Any) -> Any:
    """Logarithm of estimated over measured power."""
    values = {n: p[0] * math.exp(v) for (n, p), v in zip(PRIOR.items(), x, strict=True)}
    constants = PowerConstants(**values, limit=LIMIT)
    memory, arithmetic, power = (np.array([r[i] for r in rows]) for i in range(3))
    return np.log(power_fraction(memory, arithmetic, constants) / power)


def said(what: str, error: Any) -> str:
    """Scatter in words."""
    factor = math.exp(float(np.median(np.abs(error))))
    return f"{what}: {len(error)} rows, median x {factor:.3f}, bias {np.median(error):+.1%}"


def main() -> None:
    """Fit and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("energy", type=Path)
    parser.add_argument("--leave-out", action="store_true")
    given = parser.parse_args()
    rows = rows_of(given.energy)
    names = sorted({r[3] for r in rows})
    if given.leave_out:
        for name in names:
            here, _ = fit([r for r in rows if r[3] != name])
            print(said(f"left out, {name}", errors([r for r in rows if r[3] == name], here)))
        return
    here, covariance = fit(rows)
    error = errors(rows, here)
    for name, x, s in zip(PRIOR, here, np.sqrt(np.diag(covariance)), strict=True):
        low, high = (PRIOR[name][0] * math.exp(x + z * s) for z in (-1.645, 1.645))
        print(f"{name}: {low:.3g} to {high:.3g}")
    print(said("all", error))
    for name in names:
        print(said(name, error[[r[3] == name for r in rows]]))


if __name__ == "__main__":
    main()
