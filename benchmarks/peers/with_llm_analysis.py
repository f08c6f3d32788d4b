"""Training speed as llm-analysis predicts it: rows in, one answer for each row out.

Runs in an environment where llm-analysis can be imported. Reads rows as JSON lines from standard
input and writes one JSON line for each to standard output; `README.md` says what stands in them.

The tool is given every layout of the row, every ZeRO stage and, where the row does not state the
recomputation, every kind. It picks the micro-batch itself. Of what fits its own estimate of
the memory, its own fastest counts. Its field `device_tokens_per_sec` was rejected: it leaves out
accumulation steps and model parallelism, so tokens per second come from its time per step.
"""

from __future__ import annotations

import argparse
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

ACCELERATORS = {
    "A100-SXM4-40GB": "a100-sxm-40gb",
    "A100-SXM4-80GB": "a100-sxm-80gb",
    "H100-SXM5-80GB": "h100-sxm-80gb",
}
FORMATS = {"bf16": "w16a16e16", "fp16": "w16a16e16", "fp8": "w8a8e16"}
"""There is no FP8: 8-bit integers have the same peak and the same size."""

RECOMPUTE = {
    "none": ("NONE",),
    "selective": ("ATTN_COMPUTE", "NONE"),
    "full": ("FULL",),
    None: ("NONE", "ATTN_COMPUTE", "FULL"),
}
"""Flash attention, its default, stores no scores: "NONE" is then as good a name for selective
recomputation, and the faster, since for "ATTN_COMPUTE" version 0.2.2 counts layers twice."""

ZERO = ("NONE", "STAGE_1", "STAGE_2", "STAGE_3")

REFUSED = (AssertionError, StopIteration, ZeroDivisionError, ValueError)
"""What the tool raises where a layout is impossible or does not fit."""


class Tool:
    """llm-analysis at one pair of efficiencies."""

    def __init__(self, flops_efficiency: float, memory_efficiency: float) -> None:
        import_module("llm_analysis.logger").logger.setLevel(logging.CRITICAL)
        self.config = import_module("llm_analysis.config")
        self.analysis = import_module("llm_analysis.analysis")
        self.efficiencies = {
            "flops_efficiency": flops_efficiency,
            "hbm_memory_efficiency": memory_efficiency,
        }

    def model(self, row: dict[str, Any]) -> Any:
        """Shape of the model in the tool's words."""
        return self.config.ModelConfig(
            name=row["model"],
            num_layers=row["layers"],
            n_head=row["heads"],
            hidden_dim=row["hidden"],
            vocab_size=row["vocab"],
            max_seq_len=row["sequence"],
            num_key_value_heads=row["kv_heads"],
            ffn_embed_dim=row["feedforward"],
            mlp_gated_linear_units=bool(row["gated"]),
        )

    def run(self, row: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
        """One evaluation; what the tool returns."""
        parallel = self.config.ParallelismConfig(
            tp_size=choice["tensor"], pp_size=choice["pipeline"], dp_size=choice["data"]
        )
        made = self.analysis.LLMAnalysis(
            self.model(row),
            self.config.get_gpu_config_by_name(ACCELERATORS[row["accelerator"]]),
            self.config.get_dtype_config_by_name(FORMATS[row["number_format"]]),
            parallel,
            **self.efficiencies,
        )
        found: dict[str, Any] = made.training(
            global_batch_size=row["global_batch"],
            batch_size_per_gpu=choice.get("micro_batch"),
            seq_len=row["sequence"],
            activation_recomputation=self.analysis.ActivationRecomputation[choice["recompute"]],
            ds_zero=self.analysis.DSZeRO[choice["zero"]],
        )
        return found

    def memory(self, row: dict[str, Any]) -> float:
        """Memory of one accelerator (bytes)."""
        known = self.config.get_gpu_config_by_name(ACCELERATORS[row["accelerator"]])
        return float(known.mem_per_GPU_in_GB) * 1024**3


def choices(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every layout with every ZeRO stage and the possible recomputations."""
    for layout in row["layouts"]:
        for recompute in RECOMPUTE[row["recompute"]]:
            for zero in ZERO if layout["data"] > 1 else ZERO[:1]:
                yield layout | {"recompute": recompute, "zero": zero}


def fastest(tool: Tool, row: dict[str, Any]) -> dict[str, Any]:
    """Answer for a row that the tool knows the parts of."""
    best: dict[str, Any] = {}
    refusals: dict[str, int] = {}
    times = []
    for choice in choices(row):
        began = time.process_time()
        try:
            found = tool.run(row, choice)
        except REFUSED as error:
            why = str(error) or type(error).__name__
            refusals[why] = refusals.get(why, 0) + 1
            continue
        times.append(time.process_time() - began)
        # A stated layout has run: that it should not fit is not held against the tool.
        fits = found["estimated_peak_memory_per_gpu"] <= tool.memory(row)
        if not (fits or row["layout_stated"]) or found["latency_per_iter"] <= 0:
            refusals["does not fit"] = refusals.get("does not fit", 0) + 1
        elif not best or found["latency_per_iter"] < best["step_s"]:
            layout = choice | {"micro_batch": found["batch_size_per_gpu"], "fits": fits}
            best = {"step_s": found["latency_per_iter"], "layout": layout}
    if not best:
        return {"reason": f"no layout that fits: {most(refusals)}"}
    tokens = row["global_batch"] * row["sequence"]
    best["tokens_per_s"] = tokens / best["step_s"] / row["count"]
    return best | {"evaluations": len(times), "ms_per_call": 1e3 * statistics.median(times)}


def most(refusals: dict[str, int]) -> str:
    """The commonest refusal."""
    return max(refusals, key=lambda why: refusals[why])[:100] if refusals else "none possible"


def answer(tool: Tool, row: dict[str, Any]) -> dict[str, Any]:
    """Answer for one row."""
    if row["accelerator"] not in ACCELERATORS:
        return {"reason": f"accelerator not known: {row['accelerator']}"}
    if row["number_format"] not in FORMATS:
        return {"reason": f"number format not known: {row['number_format']}"}
    return fastest(tool, row)


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--source", type=Path, help="its source tree, if it is not installed")
    reader.add_argument("--flops-efficiency", type=float, default=0.5)
    reader.add_argument("--memory-efficiency", type=float, default=0.9)
    given = reader.parse_args()
    if given.source:
        sys.path.insert(0, str(given.source))
    tool = Tool(given.flops_efficiency, given.memory_efficiency)
    for line in sys.stdin:
        row = json.loads(line)
        began = time.process_time()
        found = answer(tool, row)
        found |= {"id": row["id"], "ms_per_row": 1e3 * (time.process_time() - began)}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
