"""Serving as llm-analysis predicts it: a static batch, at one pair of efficiencies.

Runs where llm-analysis can be imported. It has no FP8, so 8-bit integers stand in (same peak, same
size), and no H200, which is its H100 with another memory. Its decode step reads the whole cache,
output included.
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from serving_with_lines import MEMORY, RefusedError, Row, answer_all, of_one_kind

__all__: list[str] = []

FORMATS = {"bf16": "w16a16e16", "fp8": "w8a8e16", "int4": "w4a16e16"}
BYTES = {"bf16": 2, "fp8": 1}
NEAREST = "h100-sxm-80gb"


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

    def accelerator(self, row: Row) -> Any:
        """The accelerator in the tool's words."""
        if row["accelerator"] not in MEMORY:
            raise RefusedError(f"accelerator not known: {row['accelerator']}")
        known = self.config.get_gpu_config_by_name(NEAREST)
        memory, bandwidth = MEMORY[row["accelerator"]]
        return dataclasses.replace(
            known, mem_per_GPU_in_GB=memory, hbm_bandwidth_in_GB_per_sec=bandwidth
        )

    def model(self, row: Row) -> Any:
        """The model in the tool's words."""
        return self.config.ModelConfig(
            name=row["model"],
            num_layers=row["layers"],
            n_head=row["heads"],
            hidden_dim=row["hidden"],
            vocab_size=row["vocab"],
            num_key_value_heads=row["kv_heads"],
            ffn_embed_dim=row["expert_feedforward"] or row["feedforward"],
            mlp_gated_linear_units=row["gated"],
            moe_num_experts=row["experts"] or 1,
            moe_top_k=row["active_experts"] or 1,
        )

    def predict(self, row: Row) -> Row:
        """Answer for one row."""
        of_one_kind(row, experts=True)
        made = self.analysis.LLMAnalysis(
            self.model(row),
            self.accelerator(row),
            self.config.get_dtype_config_by_name(FORMATS[row["weights"]]),
            self.config.ParallelismConfig(tp_size=row["tensor"]),
            **self.efficiencies,
        )
        found = made.inference(
            batch_size_per_gpu=max(1, round(row["concurrency"] / row["replicas"])),
            seq_len=round(row["input"]),
            num_tokens_to_generate=round(row["output"]),
            kv_cache_dtype_bytes=BYTES[row["cache"]],
        )
        return {"tpot_ms": 1e3 * found["decode_latency"], "ttft_ms": 1e3 * found["prefill_latency"]}


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--source", type=Path, help="its source tree, if it is not installed")
    reader.add_argument("--flops-efficiency", type=float, default=0.7)
    reader.add_argument("--memory-efficiency", type=float, default=0.9)
    given = reader.parse_args()
    if given.source:
        sys.path.insert(0, str(given.source))
    answer_all(Tool(given.flops_efficiency, given.memory_efficiency).predict)


if __name__ == "__main__":
    main()
