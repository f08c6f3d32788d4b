"""Serving as mlsysim predicts it: a static batch at its default compute efficiency.

Runs where `mlsysim` is installed. Its serving model has no tensor parallelism: a group of
accelerators is given as one accelerator with the sum of their peaks, memories and bandwidths,
without communication. Prefill is asked for at the input, decoding at the mean context.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from serving_with_lines import RefusedError, Row, answer_all, mean_context, of_one_kind

__all__: list[str] = []

ACCELERATORS = {"H100 SXM": "H100", "H200 SXM": "H200"}
FORMATS = {"bf16": "fp16", "fp8": "fp8", "int4": "int4"}


def predict(row: Row) -> Row:
    """Answer for one row."""
    of_one_kind(row, experts=True, wide_heads=True)
    if row["accelerator"] not in ACCELERATORS:
        raise RefusedError(f"accelerator not known: {row['accelerator']}")
    shared = {
        "model": model_of(row),
        "hardware": node_of(row),
        "batch_size": max(1, round(row["concurrency"] / row["replicas"])),
        "precision": FORMATS[row["weights"]],
    }
    tool = import_module("mlsysim.engine.solvers.serving").ServingModel()
    decode = tool.solve(**shared, seq_len=mean_context(row))
    if not decode.feasible:
        raise RefusedError("does not fit")
    prefill = tool.solve(**shared, seq_len=round(row["input"]))
    return {
        "tpot_ms": float(decode.itl.to("ms").magnitude),
        "ttft_ms": float(prefill.ttft.to("ms").magnitude),
    }


def model_of(row: Row) -> Any:
    """The model in the tool's words."""
    known = import_module("mlsysim").Models.Language.Llama3_70B
    count = known.parameters / known.parameters.magnitude
    shape = {
        "name": row["model"],
        "parameters": row["total"] * 1e9 * count,
        "inference_flops": None,
        "layers": row["layers"],
        "hidden_dim": row["hidden"],
        "heads": row["heads"],
        "kv_heads": row["kv_heads"],
        "head_dim": row["head"],
    }
    if not row["experts"]:
        return known.model_copy(update=shape)
    kinds = import_module("mlsysim.models.types")
    shape |= {"active_parameters": row["active"] * 1e9 * count, "experts": row["experts"]}
    shape |= {"active_experts_per_token": row["active_experts"], "architecture": "Transformer"}
    return kinds.SparseTransformerWorkload(**shape, metadata=known.metadata)


def node_of(row: Row) -> Any:
    """The group of accelerators as one."""
    known = getattr(import_module("mlsysim").Hardware.Cloud, ACCELERATORS[row["accelerator"]])
    count = row["tensor"]
    compute = known.compute.model_copy(
        update={
            "peak_flops": known.compute.peak_flops * count,
            "precision_flops": {k: v * count for k, v in known.compute.precision_flops.items()},
        }
    )
    memory = known.memory.model_copy(
        update={
            "capacity": known.memory.capacity * count,
            "bandwidth": known.memory.bandwidth * count,
        }
    )
    return known.model_copy(update={"compute": compute, "memory": memory})


def main() -> None:
    """Answer all rows."""
    import_module("mlsysim")
    answer_all(predict)


if __name__ == "__main__":
    main()
