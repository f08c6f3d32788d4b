"""Serving as the model behind "Inference economics of language models" predicts it.

Runs where what that notebook imports is installed, with its source tree named; the source has no
licence, so nothing of it is here. Activations and cache have 16 bits, as in its own 8-bit models,
and the tool picks the best of its layouts. The source has no prefill: its time for a token is asked
for as many tokens as all inputs have, with an empty context.
"""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from serving_with_lines import RefusedError, Row, answer_all, mean_context, of_one_kind

__all__: list[str] = []

ACCELERATORS = {"H100 SXM": "H100", "H200 SXM": "H200"}
BYTES = {"bf16": 2, "fp8": 1, "int4": 0.5}


def predict(row: Row) -> Row:
    """Answer for one row."""
    of_one_kind(row, experts=True, wide_heads=True)
    if row["accelerator"] not in ACCELERATORS:
        raise RefusedError(f"accelerator not known: {row['accelerator']}")
    batch = row["concurrency"] / row["replicas"]
    decode = seconds(row, batch, mean_context(row))
    if not decode < float("inf"):
        raise RefusedError("does not fit")
    prefill = seconds(row, batch * row["input"], 0)
    return {"tpot_ms": 1e3 * decode, "ttft_ms": 1e3 * prefill}


def seconds(row: Row, batch: float, context: float) -> float:
    """Time of one step (s)."""
    tool = import_module("inference_economics_notebook")
    array = import_module("numpy").array
    accelerator = getattr(tool, ACCELERATORS[row["accelerator"]])
    step = tool.token_latency_seconds_default
    found = step(array([float(row["tensor"])]), model_of(row), accelerator, array([batch]), context)
    return float(found[0])


def model_of(row: Row) -> Any:
    """The model in the tool's words."""
    return import_module("inference_economics_notebook").Model(
        name=row["model"],
        d_model=row["hidden"],
        d_ff=row["expert_feedforward"] or row["feedforward"],
        ff_matrix_count=(2, 1) if row["gated"] else (1, 1),
        layers=row["layers"],
        n_experts=row["experts"] or 1,
        n_active_experts=row["active_experts"] or 1,
        num_query_heads=row["heads"],
        group_size=row["heads"] // row["kv_heads"],
        weight_precision_bytes=BYTES[row["weights"]],
        d_head=row["head"],
        vocab_size=row["vocab"],
    )


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--source", type=Path, required=True, help="its source tree")
    given = reader.parse_args()
    sys.path.insert(0, str(given.source))
    import_module("matplotlib").use("Agg")
    import_module("inference_economics_notebook")
    answer_all(predict)


if __name__ == "__main__":
    main()
