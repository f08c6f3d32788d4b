"""Training speed as Calculon predicts it: rows in, one answer for each row out.

Runs in an environment with NumPy, psutil and pandas, with the source tree of Calculon given by
`--source`. Reads rows as JSON lines from standard input and writes one JSON line for each to
standard output; `README.md` says what stands in them.

The tool's full search (every overlap, offload and network for every layout) takes minutes for a
row, so a smaller one is made here with the tool's own model: the layouts of the row, a few
micro-batches and interleavings, both kinds of tensor communication, optimizer sharded, nothing
offloaded. `--overlap` says whether communication hides behind computation and activations are
fused; without it the settings are those of the tool's own validation. The fastest that the tool
accepts counts.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__: list[str] = []

SYSTEMS = {
    "A100-SXM4-40GB": "a100_80g",
    "A100-SXM4-80GB": "a100_80g",
    "H100-SXM5-80GB": "h100_80g_nvl8",
}
CHANGED = {"A100-SXM4-40GB": {"GiB": 40, "GBps": 1555}}
"""No file for this card: that of its sister, with its own memory (NVIDIA's data sheet)."""

FORMATS = {"bf16": "float16", "fp16": "float16", "fp8": "float8"}
"""The system files know these two; bfloat16 runs at the same speed as float16."""

RECOMPUTE = {"none": ("none", "attn_only"), "selective": ("attn_only",), "full": ("full",)}
"""Attention that is not stored is recomputed inside one kernel: "none" then means either."""

NODE = 8
"""Accelerators that share the fast network."""

MICRO_BATCHES = (32, 16, 8, 4, 2, 1)
STAGED_MICRO_BATCHES = (4, 2, 1)
INTERLEAVES = (1, 2, 3, 4)


class Tool:
    """Calculon with its system files."""

    def __init__(self, source: Path, *, overlap: bool) -> None:
        self.llm = import_module("calculon.llm").Llm
        self.system = import_module("calculon.system").System
        self.overlap = overlap
        self.log = logging.getLogger("calculon")
        self.systems = {
            name: json.loads((source / "systems" / f"{file}.json").read_text(encoding="utf-8"))
            for name, file in SYSTEMS.items()
        }
        for name, memory in CHANGED.items():
            self.systems[name] = copy.deepcopy(self.systems[name])
            self.systems[name]["mem1"] |= memory

    def step(self, row: dict[str, Any], execution: dict[str, Any]) -> float:
        """Time per step (s)."""
        model = self.llm(self.llm.Application(application(row)), self.log)
        system = self.system(self.systems[row["accelerator"]])
        model.compile(system, self.llm.Execution.from_json(execution))
        model.run(system)
        return float(model.get_total_time())


def application(row: dict[str, Any]) -> dict[str, int]:
    """Shape in the tool's words.

    It knows two matrices in the feed-forward block and as many key as query heads. The inner width
    is chosen so that a layer has as many weights as the model's own.
    """
    hidden = row["hidden"]
    width = row["feedforward"] or 4 * hidden
    saved = hidden * (1 - (row["kv_heads"] or row["heads"]) / row["heads"])
    return {
        "hidden": hidden,
        "feedforward": round(width * (1.5 if row["gated"] else 1.0) - saved),
        "seq_size": row["sequence"],
        "attn_heads": row["heads"],
        "attn_size": hidden // row["heads"],
        "num_blocks": row["layers"],
    }


def communications(layout: dict[str, Any]) -> tuple[str, ...]:
    """Without and with sequence parallelism."""
    if "sequence_parallel" in layout:
        return ("rs_ag",) if layout["sequence_parallel"] else ("ar",)
    return ("ar", "rs_ag") if layout["tensor"] > 1 else ("ar",)


def interleaves(row: dict[str, Any], layout: dict[str, Any]) -> tuple[int, ...]:
    """Chunks per pipeline stage."""
    if "interleave" in layout:
        return (layout["interleave"],)
    held = row["layers"] // layout["pipeline"]
    return tuple(n for n in INTERLEAVES if held % n == 0) if layout["pipeline"] > 1 else (1,)


def micro_batches(row: dict[str, Any], layout: dict[str, Any]) -> list[int]:
    """Sequences per micro-batch, the largest first."""
    if "micro_batch" in layout:
        return [layout["micro_batch"]]
    local = row["global_batch"] // layout["data"]
    tried = STAGED_MICRO_BATCHES if layout["pipeline"] > 1 else MICRO_BATCHES
    return [n for n in tried if local % n == 0]


def searches(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All that is tried, but for the micro-batch."""
    kinds = RECOMPUTE[row["recompute"]] if row["recompute"] else ("none", "attn_only", "full")
    for layout in row["layouts"]:
        for kind in kinds:
            for communication in communications(layout):
                for interleave in interleaves(row, layout):
                    yield layout | {
                        "recompute": kind,
                        "communication": communication,
                        "interleave": interleave,
                    }


def execution(row: dict[str, Any], choice: dict[str, Any], *, overlap: bool) -> dict[str, Any]:
    """How to run, in the tool's words."""
    tensor, pipeline, data = choice["tensor"], choice["pipeline"], choice["data"]
    sequence_parallel = choice["communication"] == "rs_ag"
    return {
        "num_procs": row["count"],
        "tensor_par": tensor,
        "pipeline_par": pipeline,
        "data_par": data,
        "tensor_par_net": 0,
        "pipeline_par_net": 0 if row["count"] <= NODE else 1,
        "data_par_net": 0 if NODE % (tensor * data) == 0 else 1,
        "batch_size": row["global_batch"],
        "microbatch_size": choice["micro_batch"],
        "datatype": FORMATS[row["number_format"]],
        "fused_activation": overlap,
        "attention_type": "multihead",
        "activation_recompute": choice["recompute"],
        "pipeline_interleaving": choice["interleave"],
        "optimizer_sharding": data > 1,
        "tensor_par_comm_type": choice["communication"],
        "tensor_par_overlap": "ring" if overlap and tensor > 1 else "none",
        "seq_par_ag_redo": sequence_parallel and choice["recompute"] != "full",
        "data_par_overlap": overlap and data > 1,
        "weight_offload": False,
        "activations_offload": False,
        "optimizer_offload": False,
        "training": True,
    }


def fastest(tool: Tool, row: dict[str, Any]) -> dict[str, Any]:
    """Answer for a row that the tool knows the parts of."""
    best: dict[str, Any] = {}
    times = []
    why = "none possible"
    for search in searches(row):
        for micro in micro_batches(row, search):
            choice = search | {"micro_batch": micro}
            began = time.process_time()
            try:
                step = tool.step(row, execution(row, choice, overlap=tool.overlap))
            except (tool.llm.Error, AssertionError) as error:
                why = str(error) or type(error).__name__
                continue
            finally:
                times.append(time.process_time() - began)
            if not best or step < best["step_s"]:
                best = {"step_s": step, "layout": choice}
            if choice["pipeline"] == 1:  # without a bubble the largest that fits is the fastest
                break
    if not best:
        return {"reason": f"no layout that fits: {why[:100]}"}
    tokens = row["global_batch"] * row["sequence"]
    best["tokens_per_s"] = tokens / best["step_s"] / row["count"]
    return best | {"evaluations": len(times), "ms_per_call": 1e3 * statistics.median(times)}


def answer(tool: Tool, row: dict[str, Any]) -> dict[str, Any]:
    """Answer for one row."""
    if row["accelerator"] not in SYSTEMS:
        return {"reason": f"accelerator not known: {row['accelerator']}"}
    if row["number_format"] not in FORMATS:
        return {"reason": f"number format not known: {row['number_format']}"}
    name = FORMATS[row["number_format"]]
    if name not in tool.systems[row["accelerator"]]["matrix"]:
        return {"reason": f"{row['accelerator']} has no {name}"}
    return fastest(tool, row)


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--source", type=Path, required=True, help="its source tree")
    reader.add_argument("--overlap", action="store_true")
    given = reader.parse_args()
    sys.path.insert(0, str(given.source))
    tool = Tool(given.source, overlap=given.overlap)
    for line in sys.stdin:
        row = json.loads(line)
        began = time.process_time()
        found = answer(tool, row)
        found |= {"id": row["id"], "ms_per_row": 1e3 * (time.process_time() - began)}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
