"""Published serving points and energies, as public tools and the library predict them.

Takes tables of published measurements, gives their rows to each tool in an environment of its own,
and prints how far times per output token, throughputs and joules per token are from the published
ones. No tool sees a measured figure. `README.md` says how rows and answers look and which choices
were made.

Run it with ``python benchmarks/peers/serving.py SPEED.csv [ENERGY.csv] --peer NAME=COMMAND ...``.
Importing the tools here was rejected: their requirements would then bind this environment.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

sys.path.insert(0, str(Path(__file__).parents[1]))

from validation.rows import Case, SkipError, read_table
from validation.serving_left_out import CALIBRATED_MODES, calibrated
from validation.serving_models import served_model
from validation.serving_modes import ENERGY_MODES, TIME_PER_OUTPUT_TOKEN
from validation.serving_rows import deployment_of, load_of, weights_of
from with_ours_serving import energy, speed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Asked", "read_energy", "read_speed", "scores"]

Row: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]
Answers: TypeAlias = dict[str, list[Answer]]

HERE = Path(__file__).parent
FLIGHT = "batch_or_concurrency"
FIGURES = ("id", "quantity", "statistic", "metric", "value", "unit")
ENERGIES = {"J/token, batch known": "avg_batch", "one request at a time": ""}
LARGEST, MOST = 200.0, 512.0
"""Parameters (1e9) and batch up to which EcoLogits was fitted."""

SHAPE = {
    "layers": "layers",
    "hidden": "hidden_size",
    "heads": "attention_heads",
    "kv_heads": "key_value_heads",
    "head": "head_dimension",
    "feedforward": "intermediate_size",
    "gated": "gated_mlp",
    "vocab": "vocabulary_size",
    "experts": "experts",
    "active_experts": "active_experts",
    "shared_experts": "shared_experts",
    "expert_feedforward": "expert_intermediate_size",
    "dense_layers": "dense_layers",
    "key_value_compression": "key_value_compression",
    "linear_layers": "linear_layers",
}


class Asked(NamedTuple):
    """One published row."""

    groups: tuple[str, ...]
    case: Case
    """Without what was measured."""

    row: Row
    """What a tool is given."""

    measured: dict[str, float]


# --- rows


def read_speed(path: Path, *, stated: bool = False) -> tuple[list[Asked], Counter[str]]:
    """Times per output token of closed loops, and why rows are left out.

    Parameters
    ----------
    path : Path
        The table.
    stated : bool, optional
        Whether tools are given the stated lengths, not the mean of those that were sent.
    """
    cases = read_table(path, ("id", "model", "accelerator", "quantity", "value"))
    first = {_point(c): c.text("value") for c in cases if c.text("quantity") == "ttft"}
    found, left = [], Counter[str]()
    for case in cases:
        mode = TIME_PER_OUTPUT_TOKEN
        if case.text("load") != "concurrency" or not mode.applies(case):
            continue
        try:
            case.check_quality()
            found.append(_speed(case, first.get(_point(case), ""), stated=stated))
        except (SkipError, ValueError) as error:
            left[str(error)] += 1
    return found, left


def _point(case: Case) -> tuple[str, ...]:
    """What two figures of one measured point have in common."""
    return tuple(text for name, text in sorted(case.cells.items()) if name not in FIGURES)


def _speed(case: Case, first: str, *, stated: bool) -> Asked:
    hidden = case.without(TIME_PER_OUTPUT_TOKEN.hidden)
    row = _row(hidden)
    if stated:
        row |= {"input": case.need("input_tokens"), "output": case.need("output_tokens")}
    measured = {"tpot_ms": TIME_PER_OUTPUT_TOKEN.measured(case)}
    if first:
        measured["ttft_ms"] = float(first)
        measured["tokens_per_s"] = _throughput(row, measured)
    return Asked(_groups(row), hidden, row, measured)


def _row(case: Case) -> Row:
    """What a tool is given."""
    deployment, load = deployment_of(case), load_of(case, batch=FLIGHT)
    total, active = _parameters(deployment.model)
    shape = deployment.model.architecture
    row: Row = {
        "id": case.id,
        "model": deployment.model.name,
        "accelerator": deployment.accelerator.name,
        "count": case.whole("n_accelerators") or 1,
        "tensor": deployment.tensor_parallel,
        "stages": deployment.pipeline_parallel,
        "copies": deployment.attention_data_parallel,
        "replicas": deployment.replicas,
        "expert_parallel": case.whole("expert_parallel") or 1,
        "weights": str(deployment.weights),
        "cache": str(deployment.cache),
        "engine": case.text("engine"),
        "engine_version": case.text("engine_version"),
        "concurrency": case.need(FLIGHT),
        "input": float(load.input_tokens.central().number("token/request")),
        "output": float(load.output_tokens.central().number("token/request")),
        "total": total,
        "active": active,
    }
    return row | {name: getattr(shape, field, None) for name, field in SHAPE.items()}


def _parameters(model: Any) -> tuple[float, float]:
    """Total and active parameters (1e9)."""
    total = float(model.parameters.central().number("Gparameter"))
    active = model.active_parameters
    return total, total if active is None else float(active.central().number("Gparameter"))


def _groups(row: Row) -> tuple[str, ...]:
    card = row["accelerator"].split()[0]
    if row["model"] != "Llama 3.1 70B":
        return ("mixtures of experts" if row["experts"] else "other dense models", "all")
    long = max(row["input"], row["output"]) > 1024
    if card == "H100" and not long and row["engine"] == "vLLM":
        return ("the 15 points", "all")
    return (f"Llama 3.1 70B {card}, {'other lengths' if long else '1k/1k'}", "all")


def read_energy(path: Path) -> tuple[list[Asked], Counter[str]]:
    """Joules per token of accelerators that write text, and why rows are left out."""
    found, left = [], Counter[str]()
    for case in read_table(path, ("case_id", "model", "accelerator", "boundary")):
        for mode in (m for m in ENERGY_MODES if m.name in ENERGIES and m.applies(case)):
            try:
                case.check_quality()
                measured = {"j_per_token": mode.measured(case)}
                found.append(_energy(case.without(mode.hidden), measured, ENERGIES[mode.name]))
            except (SkipError, ValueError) as error:
                left[str(error)] += 1
    return found, left


def _energy(case: Case, measured: dict[str, float], batch: str) -> Asked:
    known = _parameters(served_model(case))
    total = case.number("total_params_b") or known[0]
    row: Row = {
        "id": case.id,
        "model": case.text("model"),
        "accelerator": case.text("accelerator"),
        "count": case.whole("n_accelerators") or 1,
        "weights": weights_of(case),
        "total": total,
        "active": case.number("active_params_b") or min(known[1], total),
        "batch": case.need(batch) if batch else 1.0,
    }
    inside = "H100" in row["accelerator"] and row["total"] <= LARGEST and row["batch"] <= MOST
    card = row["accelerator"].split("-")[0]
    groups = ((f"{card}, within EcoLogits' fit",) if inside else ()) + (card, "all")
    return Asked(groups, case, row, measured)


# --- answers


def ask(command: Sequence[str], asked: Iterable[Asked]) -> list[Answer]:
    """Give a tool all rows; its answers."""
    lines = "".join(json.dumps(one.row) + "\n" for one in asked)
    print(f"{' '.join(command[1:])} ...", file=sys.stderr)
    run = subprocess.run(  # noqa: S603 - ours
        command, check=True, text=True, input=lines, stdout=subprocess.PIPE
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def left_out(path: Path, more: Path | None) -> Answers:
    """Answers of the library with constants that were fitted without the rows they predict."""
    from calibrate_serving import energy_rows

    cases = read_table(path, ())
    outcomes = calibrated(cases, energy_rows(more) if more else [])
    found: Answers = {f"llm_economics, {m.name.partition(', ')[2]}": [] for m in CALIBRATED_MODES}
    for one in outcomes:
        if one.predicted is not None:
            answer = {"id": one.case.id, "tpot_ms": one.predicted.central}
            found[f"llm_economics, {one.mode.name.partition(', ')[2]}"].append(answer)
    return found


def _completed(asked: Iterable[Asked], answers: list[Answer]) -> list[Answer]:
    """Answers with throughput, where a tool gives both of its times."""
    rows = {one.row["id"]: one.row for one in asked}
    for answer in answers:
        if "ttft_ms" in answer and "tokens_per_s" not in answer:
            answer["tokens_per_s"] = _throughput(rows[answer["id"]], answer)
    return answers


def _throughput(row: Row, times: dict[str, float]) -> float:
    """Output tokens/s of one accelerator when requests follow each other."""
    seconds = (times["ttft_ms"] + (row["output"] - 1) * times["tpot_ms"]) / 1e3
    return float(row["concurrency"] * row["output"] / seconds / row["count"])


# --- scores


def scores(asked: list[Asked], answers: list[Answer], ours: list[Answer]) -> list[dict[str, Any]]:
    """One line for each group.

    Parameters
    ----------
    asked : list of Asked
        The rows.
    answers : list of dict
        A tool's answers.
    ours : list of dict
        The library's, for the errors on the same rows.
    """
    by_id, beside = ({a["id"]: a for a in some} for some in (answers, ours))
    groups = sorted({g for one in asked for g in one.groups}, key=lambda g: (g == "all", g))
    found = []
    for group in groups:
        rows = [one for one in asked if group in one.groups]
        told = [by_id.get(one.row["id"], {}) for one in rows]
        reasons = Counter(a["reason"].split(":")[0] for a in told if "reason" in a)
        line: dict[str, Any] = {"group": group, "rows": len(rows), "reasons": dict(reasons)}
        line["ms_per_call"] = quantile([a["ms_per_call"] for a in told if "ms_per_call" in a], 0.5)
        for name in ("tpot_ms", "tokens_per_s", "ttft_ms", "j_per_token"):
            line[name] = _errors(rows, by_id, by_id, name)
            line[f"{name} ours"] = _errors(rows, by_id, beside, name)
        found.append(line)
    return found


def _errors(
    rows: Iterable[Asked], chosen: dict[str, Answer], by_id: dict[str, Answer], name: str
) -> dict[str, float] | None:
    """Errors of a figure on the rows that `chosen` answers."""
    ratios = [
        by_id[one.row["id"]][name] / one.measured[name]
        for one in rows
        if name in one.measured and all(name in d.get(one.row["id"], {}) for d in (chosen, by_id))
    ]
    if not ratios:
        return None
    sizes = [abs(ratio - 1) for ratio in ratios]
    return {
        "answered": len(ratios),
        "mean": math.fsum(sizes) / len(sizes),
        "median": quantile(sizes, 0.5) or 0.0,
        "p90": quantile(sizes, 0.9) or 0.0,
        "bias": (quantile(ratios, 0.5) or 1.0) - 1,
        "within_2x": sum(0.5 <= ratio <= 2 for ratio in ratios) / len(ratios),
    }


def quantile(values: Iterable[float], level: float) -> float | None:
    """A quantile, between two values in proportion; nothing of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    below, part = divmod(level * (len(ordered) - 1), 1)
    low, high = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return low + part * (high - low)


SPEED_HEAD = (
    *("rows", "answered", "TPOT mean", "median", "p90", "bias"),
    *("tokens/s mean", "TTFT median", "ours, same rows: mean", "median", "ms/call", "refused"),
)
ENERGY_HEAD = (
    *("rows", "answered", "J/token mean", "median", "p90", "bias", "within 2x"),
    *("ours, same rows: median", "within 2x", "ms/call", "refused"),
)


def markdown(name: str, lines: list[dict[str, Any]], main: str) -> str:
    """The table of one tool."""
    head = ("", *(SPEED_HEAD if main == "tpot_ms" else ENERGY_HEAD))
    text = [f"### {name}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for line in lines:
        own, beside = line[main] or {}, line[f"{main} ours"] or {}
        cells = [line["group"], str(line["rows"]), str(own.get("answered", 0))]
        cells += [share(own, key) for key in ("mean", "median", "p90", "bias")]
        if main == "tpot_ms":
            cells += [share(line["tokens_per_s"], "mean"), share(line["ttft_ms"], "median")]
            cells += [share(beside, key) for key in ("mean", "median")]
        else:
            cells += [share(own, "within_2x"), share(beside, "median"), share(beside, "within_2x")]
        cells.append(f"{line['ms_per_call']:.3g}" if line["ms_per_call"] else "")
        cells.append("; ".join(f"{why} ({count})" for why, count in line["reasons"].items()))
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def share(errors: dict[str, float] | None, key: str) -> str:
    """As a percentage: "3.7 %"."""
    if not errors:
        return ""
    return f"{100 * errors[key]:{'+' if key == 'bias' else '-'}.1f} %"


# --- the whole


def compare(asked: list[Asked], found: Answers, main: str) -> dict[str, Any]:
    """Print the tables of all tools; every score and answer."""
    out: dict[str, Any] = {}
    ours = next(iter(found.values()))
    measured = {one.row["id"]: one for one in asked}
    for name, answers in found.items():
        lines = scores(asked, answers, ours)
        print(markdown(name, lines, main), end="\n\n")
        known = [(measured[a["id"]], a) for a in answers if a["id"] in measured]
        rows = [answer | {"measured": one.measured, "row": one.row} for one, answer in known]
        out[name] = {"scores": lines, "rows": rows}
    return out


def main() -> None:
    """Ask all tools; print one table for each."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("speed", type=Path, help="published times (CSV)")
    reader.add_argument("energy", type=Path, nargs="?", help="published energies (CSV)")
    peer: Row = {"action": "append", "default": [], "metavar": "NAME=COMMAND"}
    reader.add_argument("--peer", help="a tool that is given the times", **peer)
    reader.add_argument("--energy-peer", help="a tool that is given the energies", **peer)
    reader.add_argument("--stated-lengths", action="store_true", help="not the mean of those sent")
    reader.add_argument("--left-out", action="store_true", help="also fit ours without the rows")
    reader.add_argument("--json", type=Path, help="where to write every row and answer")
    given = reader.parse_args()
    out: dict[str, Any] = {}
    asked, left = read_speed(given.speed, stated=given.stated_lengths)
    print(f"{len(asked)} times per output token; left out: {dict(left)}", end="\n\n")
    found: Answers = {"llm_economics": speed(one.case for one in asked)}
    found |= left_out(given.speed, given.energy) if given.left_out else {}
    found |= _peers(given.peer, asked)
    out["speed"] = compare(asked, found, "tpot_ms")
    if given.energy:
        asked, left = read_energy(given.energy)
        print(f"{len(asked)} energies; left out: {dict(left)}", end="\n\n")
        found = {"llm_economics": energy(one.case for one in asked)}
        out["energy"] = compare(asked, found | _peers(given.energy_peer, asked), "j_per_token")
    if given.json:
        given.json.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


def _peers(named: Iterable[str], asked: list[Asked]) -> Answers:
    found: Answers = {}
    for text in named:
        name, _, command = text.partition("=")
        words = shlex.split(command)
        script = next(place for place, word in enumerate(words) if word.endswith(".py"))
        words[script] = str(HERE / words[script])
        found[name] = _completed(asked, ask(words, asked))
    return found


if __name__ == "__main__":
    main()
