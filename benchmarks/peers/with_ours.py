"""The same rows as the library itself predicts them: what is given to a peer is given to it."""

from __future__ import annotations

import time
from typing import Any

import llm_economics as le
from llm_economics.core.errors import LLMEconomicsError, RangeError

__all__ = ["ours"]

ACCELERATORS = {
    "A100-SXM4-80GB": "A100 SXM 80 GB",
    "A100-SXM4-40GB": "A100 SXM 40 GB",
    "H100-SXM5-80GB": "H100 SXM",
}
SOFTWARE = {
    "llm-foundry-MPT": "2023-07",
    "Megatron-2021": "2021",
    "NeMo-24.07": "2024-07",
    "Korthikanti-2022": "2022-04",
}
NEWEST = "2025-11"


def ours(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tokens per second of each row, or why there are none."""
    return [_answer(row) for row in rows]


def _answer(row: dict[str, Any]) -> dict[str, Any]:
    name = ACCELERATORS.get(row["accelerator"], row["accelerator"])
    if name not in le.accelerators:
        return {"id": row["id"], "reason": f"accelerator not known: {row['accelerator']}"}
    try:
        run = _run(row, le.accelerators[name])
        began = time.process_time()
        step = _step(run)
        rate = float(step.token_rate.median().number("token/second/accelerator"))
        spent = time.process_time() - began
    except LLMEconomicsError as error:
        return {"id": row["id"], "reason": f"{type(error).__name__}: {error}"}
    return {
        "id": row["id"],
        "tokens_per_s": rate,
        "step_s": float(step.step_time.median().number("second")),
        "layout": str(step.layout),
        "ms_per_call": spent * 1e3,
        "ms_per_row": spent * 1e3,
    }


def _step(run: le.TrainingWorkload) -> Any:
    try:
        return run.step()
    except RangeError:
        return run.evolve(optimizer="adam 8-bit").step()


def _run(row: dict[str, Any], accelerator: le.Accelerator) -> le.TrainingWorkload:
    heads, hidden = row["heads"], row["hidden"]
    shape = le.Architecture(
        layers=row["layers"],
        hidden_size=hidden,
        attention_heads=heads,
        key_value_heads=row["kv_heads"] or heads,
        head_dimension=hidden // heads,
        intermediate_size=row["feedforward"] or 4 * hidden,
        vocabulary_size=row["vocab"],
        gated_mlp=bool(row["gated"]),
        tied_embeddings=not row["gated"],
    )
    layout = None
    if row["layout_stated"]:
        stated = row["layouts"][0]
        layout = le.training.Layout(
            data_parallel=stated["data"],
            tensor_parallel=stated["tensor"],
            pipeline_parallel=stated["pipeline"],
            virtual_stages=stated["interleave"],
            micro_batch=stated["micro_batch"],
            sequence_parallel=bool(stated["sequence_parallel"]),
            sharding="optimizer",
            recomputation=row["recompute"] or "none",
            uneven_stages=True,
        )
    named = row["number_format"]
    format_used = "fp4" if "fp4" in named else "bf16" if named in {"bf16", "fp16"} else "fp8"
    return le.TrainingWorkload(
        model=le.Model(name=row["model"], architecture=shape),
        accelerator=accelerator,
        accelerators=row["count"],
        number_format=format_used,
        global_batch=f"{row['global_batch'] * row['sequence']} token",
        sequence_length=f"{row['sequence']} token",
        recomputation=row["recompute"],
        layout=layout,
        software_date=SOFTWARE.get(row["family"], NEWEST),
    )
