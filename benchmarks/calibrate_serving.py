"""Fit the constants of serving to published measurements, and write ``fitted.py``.

Run with::

    python benchmarks/calibrate_serving.py SPEED.csv ENERGY.csv > fitted.py
    python benchmarks/calibrate_serving.py SPEED.csv ENERGY.csv --leave-out accelerator

The first prints the module; the second scores rows of each accelerator (or model) with constants
that were fitted without it: what the discrepancy factors of the library rest on. Gauss-Newton
steps on the logarithm of the time per output token, each constant held by a wide prior around a
value with a physical reason; residuals count less beyond 1.5 standard deviations (Huber).
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

from validation.rows import Case, SkipError, read_table
from validation.serving_rows import deployment_of, load_of

from llm_economics.core.errors import LLMEconomicsError
from llm_economics.serving import point as serving_point
from llm_economics.serving.constants import ServingConstants, StackKind
from llm_economics.serving.fitted import CONSTANTS

PRIOR: dict[str, tuple[float, float]] = {
    "memory_efficiency": (0.8, 0.2),
    "memory_efficiency compiled": (0.7, 0.3),
    "cache_efficiency": (0.95, 0.15),
    "compute_efficiency": (0.6, 0.15),
    "prefill_efficiency": (0.6, 0.07),
    "layer_time": (20e-6, 0.7),
    "layer_time compiled": (80e-6, 0.7),
    "collective_time": (9e-6, 0.6),
    "expert_layer_time": (60e-6, 0.7),
    "step_time": (1e-3, 0.7),
    "request_time": (40e-6, 0.7),
    "request_time native": (40e-6, 0.7),
    "step_time early": (5e-3, 0.7),
    "request_time early": (6e-4, 0.7),
    "interference": (0.9, 0.3),
}
NAMES = tuple(PRIOR)
SPREAD = np.array([s for _, s in PRIOR.values()])
KNOWN, UNSTATED_INPUT = 0.12, 0.2
CHAT_INPUT = 300.0
HUBER, STEP = 1.5, 0.02


class Row(NamedTuple):
    """One measured time per output token."""

    case: Any
    machine: Any
    kind: StackKind
    batch: float
    measured: float
    spread: float
    first_token: float | None
    accelerator: str
    model: str


def main() -> int:
    """Read, fit, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("speed", type=Path)
    parser.add_argument("energy", type=Path)
    parser.add_argument("--leave-out", choices=("accelerator", "model"))
    given = parser.parse_args()
    rows = [*speed_rows(given.speed), *energy_rows(given.energy)]
    print(f"{len(rows)} rows", file=sys.stderr)
    if given.leave_out:
        print(left_out(rows, given.leave_out))
        return 0
    found, covariance = fit(rows)
    print(scatter("all rows, in the fit", rows, predicted(rows, found)), file=sys.stderr)
    print(module(found, covariance, first_token_ends(rows, found)), end="")
    return 0


def speed_rows(path: Path) -> list[Row]:
    """Times per output token of a closed load or a static batch."""
    found = []
    cases = list(read_table(path, ("quantity", "value", "model", "accelerator")))
    first = {point(case): case.need("value") / 1e3 for case in cases if is_ttft(case)}
    for case in cases:
        if case.text("quantity") != "tpot" or case.text("serving") != "aggregated":
            continue
        try:
            case.check_quality()
            found.append(
                prepared(
                    case,
                    "batch_or_concurrency",
                    case.need("value") / 1e3,
                    None,
                    KNOWN,
                    first.get(point(case)),
                )
            )
        except (SkipError, LLMEconomicsError) as error:
            print(f"{case.text('id')}: {error}", file=sys.stderr)
    return found


def is_ttft(case: Case) -> bool:
    """Whether a row is a time to first token in a closed loop."""
    return case.text("quantity") == "ttft" and case.text("load") == "concurrency"


def point(case: Case) -> tuple[str, ...]:
    """What the rows of one measured point have in common."""
    names = ("source", "input_tokens", "output_tokens", "batch_or_concurrency")
    return tuple(case.text(name) for name in names)


def energy_rows(path: Path) -> list[Row]:
    """Batch over rate of text generation, where both were measured."""
    found = []
    for case in read_table(path, ("avg_batch", "output_tokens_per_s", "model", "accelerator")):
        if case.text("kind") != "measured_bench" or "image" in case.text("task"):
            continue
        try:
            case.check_quality()
            seconds = case.need("avg_batch") / case.need("output_tokens_per_s")
            found.append(prepared(case, "avg_batch", seconds, CHAT_INPUT, UNSTATED_INPUT))
        except (SkipError, LLMEconomicsError) as error:
            print(f"{case.id}: {error}", file=sys.stderr)
    return found


def prepared(  # noqa: PLR0913, PLR0917 - what was measured, and how it is to be read
    case: Case,
    batch: str,
    measured: float,
    input_tokens: float | None,
    spread: float,
    first_token: float | None = None,
) -> Row:
    """A row with everything that does not change while fitting."""
    deployment = deployment_of(case)
    load = load_of(case, batch=batch, input_tokens=input_tokens)
    inner = serving_point.case_of(deployment, load, [])
    return Row(
        case=inner,
        machine=inner.machine.central(),
        kind=inner.constants.kind,
        batch=case.need(batch),
        measured=measured,
        spread=spread,
        first_token=first_token,
        accelerator=deployment.accelerator.name,
        model=deployment.model.name,
    )


def constants_of(values: dict[str, float], kind: StackKind) -> ServingConstants:
    """Constants of a kind of stack out of the values by name."""
    found = {}
    for field in attrs.fields(ServingConstants):
        name = f"{field.name} {kind.value}"
        name = name if name in CONSTANTS else field.name
        entry = CONSTANTS[name]
        found[field.name] = values.get(name, math.sqrt(entry.low * entry.high))
    return ServingConstants(**found)


def predicted(rows: list[Row], moved: Any) -> Any:
    """Seconds per output token of each row."""
    values = {n: PRIOR[n][0] * math.exp(m) for n, m in zip(NAMES, moved, strict=True)}
    by_kind = {kind: constants_of(values, kind) for kind in StackKind}
    return np.array(
        [
            float(serving_point.seconds_at(r.case, r.machine, by_kind[r.kind], r.batch).per_token)
            for r in rows
        ]
    )


def residuals(rows: list[Row], moved: Any) -> Any:
    """Residuals of rows and priors, in standard deviations."""
    error = np.log(predicted(rows, moved) / np.array([r.measured for r in rows]))
    error = error / np.array([r.spread for r in rows])
    size = np.abs(error)
    tail = np.sign(error) * np.sqrt(np.maximum(2.0 * HUBER * size - HUBER**2, 0.0))
    return np.concatenate([np.where(size > HUBER, tail, error), moved / SPREAD])


def fit(rows: list[Row], most: int = 10) -> tuple[Any, Any]:
    """Logarithms of constants over their priors, and their covariance."""
    here = np.zeros(len(NAMES))
    value = residuals(rows, here)
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
        if gain < 5e-4 * (value @ value):
            break
    return here, np.linalg.inv(slopes.T @ slopes)


def left_out(rows: list[Row], by: str) -> str:
    """Scores of rows that had no part in the fit."""
    names = np.array([getattr(r, by) for r in rows])
    found = np.zeros(len(rows))
    for name in sorted(set(names)):
        kept = [r for r, n in zip(rows, names, strict=True) if n != name]
        out = [r for r, n in zip(rows, names, strict=True) if n == name]
        found[names == name] = predicted(out, fit(kept, most=5)[0])
    return scatter(f"left out by {by}", rows, found)


def scatter(what: str, rows: list[Row], found: Any) -> str:
    """Errors of all rows, and of those with a stated input apart."""
    error = np.log(found / np.array([r.measured for r in rows]))
    stated = np.array([r.spread == KNOWN for r in rows])
    lines = [what]
    for name, chosen in (("latencies", stated), ("rates of batches", ~stated)):
        if not chosen.any():
            continue
        size = np.abs(np.expm1(error[chosen]))
        levels = [math.exp(float(np.quantile(np.abs(error[chosen]), q))) for q in (0.68, 0.9)]
        lines.append(
            f"  {name}: {chosen.sum()} rows, mean {np.mean(size):.1%}, "
            f"median {np.median(size):.1%}, p90 {np.quantile(size, 0.9):.1%}, "
            f"bias {np.median(error[chosen]):+.1%}; "
            f"68 % within {levels[0]:.3f}, 90 % within {levels[1]:.3f}"
        )
    return "\n".join(lines)


FIRST = ("first_token_time", "burst_share", "waiting_steps")
FIRST_PRIOR = ((0.02, 1.0), (0.07, 0.7), (6.0, 0.7))
FIRST_SPREAD = 0.25


def first_token_ends(rows: list[Row], moved: Any) -> dict[str, tuple[float, float]]:
    """Ends of what decides the time to first token, fitted for each kind of stack by itself."""
    values = {n: PRIOR[n][0] * math.exp(m) for n, m in zip(NAMES, moved, strict=True)}
    ends = {}
    for kind in (StackKind.CURRENT, StackKind.NATIVE, StackKind.GROUPED):
        own = [r for r in rows if r.kind is kind and r.first_token is not None]
        if not own:
            continue
        here, covariance, errors = fit_first(own, values, kind)
        size = np.abs(np.expm1(errors))
        far = math.exp(float(np.quantile(np.abs(errors), 0.68)))
        print(
            f"first token, {kind.value}: {len(own)} rows, median {np.median(size):.1%}, bias "
            f"{np.median(errors):+.1%}; 68 % within {far:.3f}",
            file=sys.stderr,
        )
        for name, (start, _), x, s in zip(
            FIRST, FIRST_PRIOR, here, np.sqrt(np.diag(covariance)), strict=True
        ):
            full = name if kind is StackKind.CURRENT else f"{name} {kind.value}"
            ends[full] = tuple(start * math.exp(x + z * s) for z in (-1.645, 1.645))
    return ends


def fit_first(rows: list[Row], values: dict[str, float], kind: StackKind) -> tuple[Any, Any, Any]:
    """Logarithms over their priors, covariance, residuals of times to the first token."""

    def errors(x: Any) -> Any:
        own = {n: p[0] * math.exp(v) for n, p, v in zip(FIRST, FIRST_PRIOR, x, strict=True)}
        constants = attrs.evolve(constants_of(values, kind), **own)
        times = [serving_point.seconds_at(r.case, r.machine, constants, r.batch) for r in rows]
        return np.log(
            np.array([float(t.first_token) for t in times])
            / np.array([r.first_token for r in rows])
        )

    def at(x: Any) -> Any:
        return np.concatenate(
            [np.clip(errors(x) / FIRST_SPREAD, -4.0, 4.0), x / [s for _, s in FIRST_PRIOR]]
        )

    here = np.zeros(len(FIRST))
    value = at(here)
    for _ in range(15):
        slopes = np.array([(at(here + STEP * unit) - value) / STEP for unit in np.eye(3)]).T
        way = np.linalg.solve(slopes.T @ slopes, -slopes.T @ value)
        for share in (1.0, 0.5, 0.2, 0.05):
            tried = at(here + share * way)
            if tried @ tried < value @ value:
                break
        else:
            break
        here, value = here + share * way, tried
    return here, np.linalg.inv(slopes.T @ slopes), errors(here)


def module(moved: Any, covariance: Any, first: dict[str, tuple[float, float]]) -> str:
    """Text of ``fitted.py`` with the new figures; assumed ones stay."""
    spread = np.sqrt(np.diag(covariance))
    ends = {
        name: tuple(PRIOR[name][0] * math.exp(m + z * s) for z in (-1.645, 1.645))
        for name, m, s in zip(NAMES, moved, spread, strict=True)
    }
    lines = [HEAD]
    assumed = {n: (e.low, e.high) for n, e in CONSTANTS.items() if n not in NAMES} | first
    for name, (low, high) in (ends | assumed).items():
        # Those of the first token were fitted by themselves, so they have no correlation.
        tail = "" if name in ends else ", fitted=False"
        lines.append(f'    "{name}": Constant({low:.4g}, {high:.4g}{tail}),')
    lines += ["}", '"""Every constant by name, in SI; a name may end in a kind of stack."""', ""]
    lines += ["# fmt: off", "CORRELATIONS: tuple[tuple[float, ...], ...] = ("]
    normal = covariance / np.outer(spread, spread)
    # Between ranks, as `Joint` wants them.
    ranks = np.round(6.0 / np.pi * np.arcsin(np.clip(normal, -1.0, 1.0) / 2.0), 3)
    for i in range(len(NAMES)):
        row = [float(ranks[max(i, j), min(i, j)]) + 0.0 for j in range(len(NAMES))]
        row[i] = 1.0
        lines += wrapped([f"{x:g}" if x not in {0.0, 1.0} else str(x) for x in row])
    lines += [")", "# fmt: on", '"""Rank correlations of the fitted ones, in their order."""', ""]
    lines += ['FITTED_BY = "serving-fit-2026"']
    lines += ['"""Key of the source that says what they were fitted to."""', ""]
    return "\n".join(lines)


def wrapped(words: list[str], width: int = 96) -> list[str]:
    """A row of the matrix over several lines."""
    lines, line = [], "    ("
    for word in words:
        if len(line) + len(word) + 3 > width:
            lines.append(line.rstrip())
            line = "     "
        line += f"{word}, "
    return [*lines, line.rstrip(", ") + "),"]


HEAD = '''"""Constants of serving: fitted ones with their spread, and assumed ones.

The fitted ones come from ``benchmarks/calibrate_serving.py``: Gauss-Newton steps on the logarithm
of published times per output token, each constant held by a wide prior. Ends hold 90 %.
"""

from __future__ import annotations

import attrs

__all__ = ["CONSTANTS", "CORRELATIONS", "FITTED_BY", "Constant"]


@attrs.frozen
class Constant:
    """One constant: its 90 % range, and whether it was fitted."""

    low: float
    high: float
    fitted: bool = True


CONSTANTS: dict[str, Constant] = {'''

if __name__ == "__main__":
    sys.exit(main())
