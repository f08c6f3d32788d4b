"""Serving as GenZ predicts it: a static batch, at one efficiency of the whole system.

Runs where `genz_llm` is installed. It has no H200, which is its H100 with another memory. The
decode step is taken with half of the output written. One number format serves weights and cache.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from importlib import import_module
from typing import Any

from serving_with_lines import MEMORY, RefusedError, Row, answer_all, of_one_kind

__all__: list[str] = []

NEAREST = "H100_GPU"
OWN = "H100 SXM"


def predict(efficiency: float, row: Row) -> Row:
    """Answer for one row."""
    of_one_kind(row, experts=True, wide_heads=True)
    tool = import_module("GenZ")
    shared: dict[str, Any] = {
        "model": model_of(row),
        "batch_size": max(1, round(row["concurrency"] / row["replicas"])),
        "input_tokens": round(row["input"]),
        "system_name": system_of(row),
        "system_eff": efficiency,
        "bits": row["weights"],
        "tensor_parallel": row["tensor"],
        "parallelism_heirarchy": f"TP{{{row['tensor']}}}_EP{{1}}_PP{{1}}",
    }
    decode = tool.decode_moddeling(**shared, output_tokens=round(row["output"] / 2), Bb=1)
    prefill = tool.prefill_moddeling(**shared)
    return {"tpot_ms": float(decode["Latency"]), "ttft_ms": float(prefill["Latency"])}


def model_of(row: Row) -> Any:
    """The model in the tool's words."""
    given: dict[str, Any] = {}
    if row["experts"]:
        width = row["expert_feedforward"] or row["feedforward"]
        given = {"num_experts": row["experts"], "expert_top_k": row["active_experts"]}
        given["moe_intermediate_size"] = width
    return import_module("GenZ.Models").ModelConfig(
        model=row["model"],
        vocab_size=row["vocab"],
        hidden_size=row["hidden"],
        intermediate_size=row["feedforward"],
        num_ffi=2 if row["gated"] else 1,
        num_decoder_layers=row["layers"],
        num_attention_heads=row["heads"],
        num_key_value_heads=row["kv_heads"],
        head_dim=row["head"],
        **given,
    )


def system_of(row: Row) -> Row:
    """The accelerator in the tool's words."""
    known: Row = dict(import_module("Systems.system_configs").system_configs[NEAREST])
    if row["accelerator"] == OWN:
        return known
    if row["accelerator"] not in MEMORY:
        raise RefusedError(f"accelerator not known: {row['accelerator']}")
    memory, bandwidth = MEMORY[row["accelerator"]]
    return known | {"Memory_size": memory, "Memory_BW": bandwidth}


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--efficiency", type=float, default=1.0)
    given = reader.parse_args()
    warnings.simplefilter("ignore")
    import_module("GenZ")
    answer_all(partial(predict, given.efficiency))


if __name__ == "__main__":
    main()
