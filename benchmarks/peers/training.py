"""Published training throughput, as two public tools predict it.

Takes a table of published measurements, gives the rows of kind `throughput_benchmark` that state
enough to llm-analysis and to Calculon, each in an environment of its own, and prints how far their
tokens per second are from the published ones. No tool sees a throughput, an MFU or a step time.
The eight rows of `korthikanti.csv` are always added. `README.md` says how rows and answers look
and which choices were made in the tools' favour.

Importing the tools here was rejected: their requirements would then bind this environment.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

sys.path.insert(0, str(Path(__file__).parent))

from with_ours import ours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["Asked", "read_rows", "scores"]

Row: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

HERE = Path(__file__).parent
TENSOR = (1, 2, 4, 8)
DEEPEST = 64
"""Pipeline stages at most."""

LONG = 4096
"""Tokens in a sequence, above which attention without a fused kernel weighs much."""

SHAPES = {
    "gpt3-175b": (96, 49152, False, 51200),
    "llama2-7b": (32, 11008, True, 32000),
    "llama2-13b": (40, 13824, True, 32000),
    "llama2-70b": (8, 28672, True, 32000),
    "llama3-8b": (8, 14336, True, 128256),
    "llama3-70b": (8, 28672, True, 128256),
    "llama3.1-405b": (8, 53248, True, 128256),
}
"""Key heads, feed-forward width, gated or not, vocabulary: from the models' published
configurations, for models that a table names without a vocabulary."""

RECOMPUTE = {"True": "full", "False": "none", "full": "full", "selective": "selective", "": None}
STATED = ("tensor_parallel", "pipeline_parallel", "data_parallel", "interleave", "micro_batch")


class Asked(NamedTuple):
    """One published row."""

    id: str
    family: str

    row: Row | None
    """What a tool is given; nothing where the table does not state enough."""

    measured: float
    """Tokens/s for each accelerator."""

    reason: str = ""
    """Why no tool is asked."""


def read_rows(path: Path) -> list[Asked]:
    """Rows of kind `throughput_benchmark` of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["kind"] == "throughput_benchmark"]
    return [_asked(line) for line in lines]


def _asked(line: dict[str, str]) -> Asked:
    name, family = line["case_id"], line["family"]
    if line["quality"] == "C" or "doubtful" in line["source"].rsplit("[", maxsplit=1)[-1]:
        return Asked(name, family, None, math.nan, "doubtful")
    if "LoRA" in line["model"]:
        return Asked(name, family, None, math.nan, "LoRA trains a part of the model")
    if line["active_params_b"] != line["total_params_b"]:
        return Asked(name, family, None, math.nan, "mixture of experts: no column states them")
    needed = ("layers", "hidden", "heads", "seq_len", "global_batch_seqs", "n_accelerators")
    missing = [column for column in needed if not line[column]]
    shape = SHAPES.get(line["model"].removesuffix(" SFT").replace("_", "-").lower())
    if not line["vocab"] and shape is None:
        missing.append("vocab")
    if missing:
        return Asked(name, family, None, math.nan, f"not stated: {', '.join(missing)}")
    row = _row(line, shape if not line["vocab"] else None)
    return Asked(name, family, row, _measured(line, row))


def _row(line: dict[str, str], shape: tuple[int, int, bool, int] | None) -> Row:
    """What a tool is given."""
    kv_heads, feedforward, gated, vocab = shape or (None, None, None, None)
    recompute = RECOMPUTE[line["activation_recompute"]]
    if recompute is None and "includes recompute" in line.get("tflops_convention", ""):
        recompute = "full"
    row: Row = {
        "id": line["case_id"],
        "family": line["family"],
        "model": line["model"],
        **{name: int(float(line[name])) for name in ("layers", "hidden", "heads")},
        "vocab": vocab or int(float(line["vocab"])),
        "kv_heads": kv_heads,
        "feedforward": feedforward,
        "gated": gated,
        "accelerator": line["accelerator"],
        "count": int(float(line["n_accelerators"])),
        "number_format": _number_format(line["precision"]),
        "global_batch": int(float(line["global_batch_seqs"])),
        "sequence": int(float(line["seq_len"])),
        "recompute": recompute,
    }
    return row | _layouts(line, row)


def _number_format(written: str) -> str:
    word = written.lower()
    return next((name for name in ("fp8", "bf16", "fp16") if word.startswith(name)), word)


def _layouts(line: dict[str, str], row: Row) -> Row:
    """The stated layout, or all plausible ones."""
    if line.get("tensor_parallel"):
        names = ("tensor", "pipeline", "data", "interleave", "micro_batch")
        one: Row = {name: int(line[column]) for name, column in zip(names, STATED, strict=True)}
        one["sequence_parallel"] = line["sequence_parallel"] == "True"
        return {"layouts": [one], "layout_stated": True}
    found = [
        {"tensor": tensor, "pipeline": pipeline, "data": row["count"] // (tensor * pipeline)}
        for tensor in TENSOR
        for pipeline in range(1, min(row["layers"], DEEPEST) + 1)
        if _possible(row, tensor, pipeline)
    ]
    return {"layouts": found, "layout_stated": False}


def _possible(row: Row, tensor: int, pipeline: int) -> bool:
    data, left = divmod(row["count"], tensor * pipeline)
    if left or not data or row["heads"] % tensor or row["layers"] % pipeline:
        return False
    return bool(row["global_batch"] % data == 0)


def _measured(line: dict[str, str], row: Row) -> float:
    """Tokens/s for each accelerator, as published or from what is published."""
    if line.get("tokens_per_s_per_accel"):
        return float(line["tokens_per_s_per_accel"])
    if line.get("step_time_s"):
        tokens = row["global_batch"] * row["sequence"]
        return float(tokens / float(line["step_time_s"]) / row["count"])
    if row["family"] == "Megatron-2021" and line["tflops_per_accel"]:
        return float(line["tflops_per_accel"]) * 1e12 / _megatron_flops(row)
    return math.nan


def _megatron_flops(row: Row) -> float:
    """Operations for each token, one extra forward pass included (arXiv:2104.04473, eq. 3)."""
    layers, hidden = row["layers"], row["hidden"]
    rest = 1 + row["sequence"] / (6 * hidden) + row["vocab"] / (16 * layers * hidden)
    return float(96 * layers * hidden**2 * rest)


def ask(command: Sequence[str], rows: Iterable[Row]) -> list[Answer]:
    """Give a tool all rows; its answers."""
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    print(f"{' '.join(command[1:])} ...", file=sys.stderr)
    run = subprocess.run(  # noqa: S603 - ours
        command, check=True, text=True, input=lines, stdout=subprocess.PIPE
    )
    return [json.loads(line) for line in run.stdout.splitlines()]


def sources(given: argparse.Namespace) -> dict[str, Callable[[list[Row]], list[Answer]]]:
    """Who is asked, by name. A library that can be imported here is one more function."""
    found: dict[str, Callable[[list[Row]], list[Answer]]] = {"llm_economics": ours}
    if given.python_llm_analysis:
        command = [given.python_llm_analysis, str(HERE / "with_llm_analysis.py")]
        command += ["--source", given.llm_analysis_source] if given.llm_analysis_source else []
        for flops, memory in (("0.5", "0.9"), ("1.0", "1.0")):
            options = ["--flops-efficiency", flops, "--memory-efficiency", memory]
            found[f"llm-analysis {flops}/{memory}"] = partial(ask, command + options)
    if given.python_calculon:
        command = [given.python_calculon, str(HERE / "with_calculon.py")]
        command += ["--source", given.calculon_source]
        found["Calculon, no overlap"] = partial(ask, command)
        found["Calculon, overlap"] = partial(ask, [*command, "--overlap"])
    return found


def scores(asked: list[Asked], answers: list[Answer]) -> list[dict[str, Any]]:
    """One line for each family (and accelerator), and one for all."""
    by_id = {answer["id"]: answer for answer in answers}
    groups: dict[tuple[str, str], list[Asked]] = {}
    for one in asked:
        groups.setdefault(_group(one), []).append(one)
    groups[("all", "")] = list(asked)
    for words, long in ((f"to {LONG} tokens", False), ("longer sequences", True)):
        groups[("all", words)] = [
            one for one in asked if one.row and (one.row["sequence"] > LONG) is long
        ]
    return [
        {"family": family, "accelerator": card} | _score(rows, by_id)
        for (family, card), rows in groups.items()
    ]


def _group(one: Asked) -> tuple[str, str]:
    family = "Megatron-Bridge" if one.family.startswith("Megatron-Bridge") else one.family
    # Rows that no tool is asked about stay together: only their number counts.
    if one.row is None:
        return family, "not asked"
    return family, f"{one.row['accelerator']} {one.row['number_format']}"


def _score(rows: list[Asked], by_id: dict[str, Answer]) -> dict[str, Any]:
    told = [by_id[one.id] for one in rows if one.id in by_id]
    found = [one for one in rows if "tokens_per_s" in by_id.get(one.id, {})]
    found = [one for one in found if not math.isnan(one.measured)]
    errors = [by_id[one.id]["tokens_per_s"] / one.measured - 1 for one in found]
    sizes = [abs(error) for error in errors]
    calls = [answer["ms_per_call"] for answer in told if "ms_per_call" in answer]
    searched = [answer["ms_per_row"] for answer in told if "ms_per_row" in answer]
    reasons = Counter(one.reason for one in rows if one.reason)
    reasons.update(answer["reason"].split(":")[0] for answer in told if "reason" in answer)
    return {
        "rows": len(rows),
        "asked": sum(one.row is not None for one in rows),
        "answered": len(errors),
        "median_abs_error": quantile(sizes, 0.5),
        "p90_abs_error": quantile(sizes, 0.9),
        "bias": quantile(errors, 0.5),
        "ms_per_call": quantile(calls, 0.5),
        "ms_per_row": quantile(searched, 0.5),
        "reasons": dict(reasons),
    }


def quantile(values: Iterable[float], level: float) -> float | None:
    """A quantile, between two values in proportion; nothing of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    below, part = divmod(level * (len(ordered) - 1), 1)
    low, high = ordered[int(below)], ordered[min(int(below) + 1, len(ordered) - 1)]
    return low + part * (high - low)


HEAD = ("rows", "asked", "answered", "median abs.", "p90 abs.", "bias", "ms/call", "ms/row")


def markdown(name: str, lines: list[dict[str, Any]]) -> str:
    """The table of one tool."""
    head = ["family", "", *HEAD, "refused"]
    text = [f"### {name}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for line in lines:
        cells = [line["family"], line["accelerator"]]
        cells += [str(line[key]) for key in ("rows", "asked", "answered")]
        cells += [share(line["median_abs_error"]), share(line["p90_abs_error"])]
        cells += [share(line["bias"], sign="+")]
        cells += [f"{line[key]:.3g}" if line[key] else "" for key in ("ms_per_call", "ms_per_row")]
        cells.append("; ".join(f"{why} ({count})" for why, count in line["reasons"].items()))
        text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text)


def share(value: float | None, sign: str = "-") -> str:
    """As a percentage: "3.7 %"."""
    return "" if value is None else f"{100 * value:{sign}.1f} %"


def details(asked: list[Asked], answers: list[Answer]) -> list[dict[str, Any]]:
    """Every row with its answer, for `--json`."""
    by_id = {answer["id"]: answer for answer in answers}
    return [_detail(one, by_id.get(one.id) or {"reason": one.reason}) for one in asked]


def _detail(one: Asked, answer: Answer) -> dict[str, Any]:
    known: dict[str, Any] = {"id": one.id, "family": one.family}
    if math.isnan(one.measured):
        return known | answer
    known["measured_tokens_per_s"] = one.measured
    if "tokens_per_s" in answer:
        known["error"] = answer["tokens_per_s"] / one.measured - 1
    return known | answer


def main() -> None:
    """Ask all tools; print one table for each."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("table", type=Path, help="published measurements (CSV)")
    reader.add_argument("--python-llm-analysis", help="Python that can import llm-analysis")
    reader.add_argument("--llm-analysis-source", help="its source tree, if not installed")
    reader.add_argument("--python-calculon", help="Python with what Calculon needs")
    reader.add_argument("--calculon-source", help="its source tree")
    reader.add_argument("--json", type=Path, help="where to write every row and answer")
    given = reader.parse_args()
    if given.python_calculon and not given.calculon_source:
        reader.error("--python-calculon needs --calculon-source: its system files are there")
    asked = read_rows(given.table) + read_rows(HERE / "korthikanti.csv")
    rows = [one.row for one in asked if one.row is not None]
    out: dict[str, Any] = {}
    for name, source in sources(given).items():
        answers = source(rows)
        lines = scores(asked, answers)
        out[name] = {"scores": lines, "rows": details(asked, answers)}
        print(markdown(name, lines), end="\n\n")
    if given.json:
        given.json.write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
