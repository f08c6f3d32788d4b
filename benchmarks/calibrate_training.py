"""Fit the constants of a training step to published rates, and write ``fitted.py``.

Run with::

    python benchmarks/calibrate_training.py FILE.csv > src/llm_economics/training/fitted.py
    python benchmarks/calibrate_training.py FILE.csv --leave-out 5

The first prints the module with the constants, their spread and their correlation. The second fits
without a fifth of the groups (one model on one accelerator in one number format) at a time and
scores those: what the discrepancy factor of the library rests on.

Gauss-Newton steps on the logarithm of the rate; the layout of each row is searched anew at each
evaluation. Every constant is held by a wide prior around a value with a physical reason. Residuals
count as of a normal distribution up to 1.5 standard deviations and less beyond (Huber).
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from validation import adapters, modes, tables
from validation.rows import Case, SkipError, read_table

from llm_economics.core.errors import LLMEconomicsError
from llm_economics.hardware.generation import Generation, generation_of
from llm_economics.training import step as step_module
from llm_economics.training.efficiency import StepConstants, chosen_constants
from llm_economics.training.fitted import CONSTANTS
from llm_economics.training.search import axes_of
from llm_economics.training.step_time import Axes, step_parts

# Central value and spread (standard deviation of the logarithm) before any row was seen.
PRIOR: dict[str, tuple[float, float]] = {
    "matrix Ampere 16": (0.75, 0.3),
    "matrix Hopper 16": (0.65, 0.3),
    "matrix Hopper 8": (0.65, 0.3),
    "matrix Blackwell 16": (0.6, 0.3),
    "matrix Blackwell 8": (0.6, 0.3),
    "matrix Blackwell 4": (0.45, 0.3),
    "matrix TPU v4 16": (0.75, 0.3),
    "matrix TPU v5e 16": (0.8, 0.2),
    "matrix TPU v6e 16": (0.65, 0.3),
    "matrix Trainium1 16": (0.45, 0.3),
    "attention Ampere": (0.35, 0.4),
    "attention Hopper before 2024-07": (0.2, 0.4),
    "attention Hopper": (0.3, 0.4),
    "attention Blackwell": (0.3, 0.4),
    "attention TPU": (0.4, 0.4),
    "attention Trainium1": (0.25, 0.4),
    "elementwise_traffic": (80.0, 0.5),
    "score_traffic": (50.0, 0.5),
    "dispatch_traffic": (20.0, 0.8),
    "expert_half_width": (3000.0, 0.8),
    "narrow_width": (60.0, 0.6),
    "exposed_tensor_parallel": (0.3, 0.5),
    "exposed_expert_parallel": (0.5, 0.5),
    "exposed_sharding": (0.3, 0.5),
    "layer_time": (2e-4, 0.6),
    "expert_layer_time": (6e-5, 0.8),
    "loss_per_doubling": (0.02, 0.5),
    "expert_progress": (0.8, 0.4),
}
NAMES = tuple(PRIOR)
PRIOR_SPREAD = np.array([spread for _, spread in PRIOR.values()])
DENSE, EXPERTS = 0.10, 0.25
HUBER = 1.5
STEP = 0.03


class Row(NamedTuple):
    """One published rate, with the layouts that are possible."""

    case: Case
    work: Any
    machine: Any
    axes: Axes
    generation: Generation
    width: str
    year: float
    tokens: float
    rate: float

    @property
    def spread(self) -> float:
        """Expected scatter of the logarithm."""
        return EXPERTS if self.work.shape.experts > 1.0 else DENSE


def main() -> int:
    """Read the rows, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--leave-out", type=int, metavar="FOLDS")
    given = parser.parse_args()
    rows = read(given.file)
    print(f"{len(rows)} rows", file=sys.stderr)
    if given.leave_out:
        print(left_out(rows, given.leave_out))
        return 0
    found, covariance = fit(rows, np.zeros(len(NAMES)))
    print(scatter("all rows, in the fit", rows, predicted(rows, found)), file=sys.stderr)
    print(module(found, covariance), end="")
    return 0


def read(path: Path) -> list[Row]:
    """Rows with a rate whose layouts can be enumerated."""
    mode = next(mode for mode in modes.TRAINING_MODES if mode.name == "throughput")
    columns = next(table for table in tables.TABLES if table.name == "training").columns
    found = []
    for case in read_table(path, columns):
        try:
            if mode.applies(case):
                case.check_quality()
                found.append(prepared(case.without(mode.hidden), mode.measured(case)))
        except (SkipError, LLMEconomicsError) as error:
            print(f"{case.id}: {error}", file=sys.stderr)
    return found


def prepared(case: Case, rate: float) -> Row:
    """A row with everything that does not change while fitting."""
    run = adapters.workload_of(case)
    try:
        search = run.search_layouts()
    except LLMEconomicsError:
        run = run.evolve(optimizer="adam 8-bit")
        search = run.search_layouts()
    inner = step_module.case_of(run, [])
    grid = axes_of(search.grid)
    fitting = {a.name: getattr(grid, a.name)[search.order] for a in attrs.fields(Axes)}
    width = {16: "16", 8: "8", 4: "4"}.get(run.number_format.bits, "16")
    return Row(
        case=case,
        work=inner.work,
        machine=inner.machine.central(),
        axes=Axes(**fitting),
        generation=generation_of(run.accelerator),
        width=width,
        year=step_module.software_year(run, []),
        tokens=search.tokens,
        rate=rate,
    )


def predicted(rows: list[Row], moved: Any) -> Any:
    """Tokens per second and accelerator of each row, at its fastest layout."""
    values = {n: PRIOR[n][0] * math.exp(m) for n, m in zip(NAMES, moved, strict=True)}

    def take(name: str) -> float:
        constant = CONSTANTS.get(name)
        if name in values or constant is None:
            return values[name]
        return math.sqrt(constant.low * constant.high)

    out = []
    for row in rows:
        chosen = chosen_constants(row.generation, row.width, row.year, take=take)
        seconds = step_parts(row.work, row.machine, StepConstants(**chosen), row.axes).total
        out.append(row.tokens / float(np.min(seconds)) / row.work.accelerators)
    return np.array(out)


def residuals(rows: list[Row], moved: Any) -> Any:
    """Residuals of the rows (Huber) and of the priors, in standard deviations."""
    error = np.log(predicted(rows, moved) / np.array([row.rate for row in rows]))
    error = error / np.array([row.spread for row in rows])
    size = np.abs(error)
    tail = np.sign(error) * np.sqrt(np.maximum(2.0 * HUBER * size - HUBER**2, 0.0))
    return np.concatenate([np.where(size > HUBER, tail, error), moved / PRIOR_SPREAD])


def fit(rows: list[Row], start: Any, most: int = 8) -> tuple[Any, Any]:
    """Logarithms of constants over their priors, and their covariance."""
    here, value = start, residuals(rows, start)
    for _ in range(most):
        moved = (residuals(rows, here + STEP * unit) for unit in np.eye(len(NAMES)))
        slopes = np.array([(r - value) / STEP for r in moved]).T
        way = np.linalg.solve(slopes.T @ slopes, -slopes.T @ value)
        for share in (1.0, 0.5, 0.2, 0.05):
            tried = residuals(rows, here + share * way)
            if tried @ tried < value @ value:
                break
        else:
            break
        gain = value @ value - tried @ tried
        here, value = here + share * way, tried
        print(f"sum of squares {value @ value:.1f}", file=sys.stderr)
        if gain < 5e-4 * (value @ value):
            break
    return here, np.linalg.inv(slopes.T @ slopes)


def left_out(rows: list[Row], folds: int) -> str:
    """Scores of rows that had no part in the fit."""
    groups = sorted({group(row) for row in rows})
    np.random.default_rng(1).shuffle(groups)
    fold = {name: i % folds for i, name in enumerate(groups)}
    of_row = np.array([fold[group(row)] for row in rows])
    rates = np.zeros(len(rows))
    for i in range(folds):
        kept = [row for row, f in zip(rows, of_row, strict=True) if f != i]
        found, _ = fit(kept, np.zeros(len(NAMES)), most=4)
        out = [row for row, f in zip(rows, of_row, strict=True) if f == i]
        rates[of_row == i] = predicted(out, found)
    return scatter(f"left out, {folds} folds", rows, rates)


def group(row: Row) -> tuple[str, str, str]:
    """One model on one accelerator in one number format."""
    shape = row.work.shape
    return (f"{shape.layers:.0f} x {shape.hidden_size:.0f}", row.generation.key, row.width)


def scatter(what: str, rows: list[Row], rates: Any) -> str:
    """Errors of all, dense models and mixtures of experts."""
    error = np.log(rates / np.array([row.rate for row in rows]))
    experts = np.array([row.work.shape.experts > 1.0 for row in rows])
    lines = [what]
    for name, chosen in (("all", experts | True), ("dense", ~experts), ("experts", experts)):
        size = np.abs(np.expm1(error[chosen]))
        far = np.quantile(np.abs(error[chosen]), 0.8)
        lines.append(
            f"  {name}: median {np.median(size):.1%}, p90 {np.quantile(size, 0.9):.1%}, "
            f"bias {np.median(error[chosen]):+.1%}, four of five within {math.exp(far):.3f}"
        )
    return "\n".join(lines)


def module(moved: Any, covariance: Any) -> str:
    """Text of ``fitted.py`` with the new figures; words and assumed ones stay."""
    spread = np.sqrt(np.diag(covariance))
    ends = {
        name: tuple(PRIOR[name][0] * math.exp(m + z * s) for z in (-1.645, 1.645))
        for name, m, s in zip(NAMES, moved, spread, strict=True)
    }
    lines = [HEAD, "CONSTANTS: dict[str, Constant] = {"]
    for name, entry in CONSTANTS.items():
        low, high = ends.get(name, (entry.low, entry.high))
        tail = "" if entry.fitted else ", fitted=False"
        lines.append(f'    "{name}": Constant({low:.4g}, {high:.4g}, "{entry.why}"{tail}),')
    lines += ["}", '"""Every constant by name, in SI units."""', "", "# fmt: off"]
    lines.append("CORRELATIONS: tuple[tuple[float, ...], ...] = (")
    ranks = np.round(covariance / np.outer(spread, spread), 2)
    for i in range(len(NAMES)):
        row = [
            1.0 if i == j else float(ranks[max(i, j), min(i, j)]) + 0.0 for j in range(len(NAMES))
        ]
        lines += wrapped(", ".join(f"{x:g}" if x != 1.0 else "1.0" for x in row))
    lines += [")", "# fmt: on", '"""Rank correlations of the fitted ones, in their order."""', ""]
    lines += ['FITTED_BY = "training-step-fit-2026"']
    lines += ['"""Key of the source that says what they were fitted to."""', ""]
    return "\n".join(lines)


def wrapped(text: str, width: int = 96) -> list[str]:
    """A row of the matrix over several lines."""
    lines, line = [], "    ("
    for word in text.split(", "):
        if len(line) + len(word) + 3 > width:
            lines.append(line.rstrip())
            line = "     "
        line += f"{word}, "
    return [*lines, line.rstrip(", ") + "),"]


HEAD = '''"""Constants of a training step: fitted ones with their spread, and assumed ones.

The fitted ones come from ``benchmarks/calibrate_training.py``: Gauss-Newton steps on the logarithm
of published rates of training, each constant held by a wide prior. Ends hold 90 %.
"""

from __future__ import annotations

import attrs

__all__ = ["CONSTANTS", "CORRELATIONS", "FITTED_BY", "Constant"]


@attrs.frozen
class Constant:
    """One constant: its 90 % range, what it is, and whether it was fitted."""

    low: float
    high: float
    why: str
    fitted: bool = True

'''

if __name__ == "__main__":
    sys.exit(main())
