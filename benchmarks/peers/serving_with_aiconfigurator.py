"""Serving as NVIDIA's aiconfigurator predicts it: requests that come and go, from measured kernels.

Runs where `aiconfigurator` is installed. The newest data of an engine are taken: rows seldom name a
version that the tool has. Number formats are given to it as the row has them.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from functools import partial
from importlib import import_module
from typing import Any

from serving_with_lines import RefusedError, Row, answer_all

__all__: list[str] = []

SYSTEMS = {"H100 SXM": "h100_sxm", "H200 SXM": "h200_sxm", "B200": "b200_sxm"}
ENGINES = {"vllm": "vllm", "tensorrt-llm": "trtllm", "sglang": "sglang"}
MODELS = {
    "Llama 3.1 8B": "meta-llama/Meta-Llama-3.1-8B",
    "Llama 3.1 70B": "meta-llama/Meta-Llama-3.1-70B",
    "Qwen3-32B": "Qwen/Qwen3-32B",
    "Qwen3-235B-A22B": "Qwen/Qwen3-235B-A22B",
    "Qwen3.5-397B-A17B": "Qwen/Qwen3.5-397B-A17B",
    "MiniMax-M2.5": "MiniMaxAI/MiniMax-M2.5",
    "Kimi K2.5": "moonshotai/Kimi-K2.5",
    "GLM-5.1": "nvidia/GLM-5.1-NVFP4",
}
"""Those of the tool's models that the rows have; formats are given beside them."""

BLOCK = "fp8_block"
GEMM = {"bf16": "bfloat16", "fp8": "fp8"}
EXPERTS = {"bf16": "bfloat16", "fp8": BLOCK, "int4": "int4_wo"}
NO_DATA = "PerfDataNotAvailableError"
CACHE = {"bf16": "bfloat16", "fp8": "fp8"}


def predict(database: str, row: Row) -> Row:
    """Answer for one row."""
    if row["model"] not in MODELS:
        raise RefusedError("model not known")
    if row["accelerator"] not in SYSTEMS:
        raise RefusedError(f"accelerator not known: {row['accelerator']}")
    engine = ENGINES.get(row["engine"].casefold())
    if engine is None:
        raise RefusedError(f"engine not known: {row['engine']}")
    formats = formats_of(row)
    try:
        return estimate(database, row, engine, formats)
    except Exception as error:
        # That the cache has 8 bits is no more than likely: without data for that, it has 16.
        if type(error).__name__ != NO_DATA or formats["kvcache_quant_mode"] != CACHE["fp8"]:
            raise
        return estimate(database, row, engine, formats | {"kvcache_quant_mode": CACHE["bf16"]})


def estimate(database: str, row: Row, engine: str, formats: dict[str, Any]) -> Row:
    """One call of the tool."""
    found = import_module("aiconfigurator.cli.api").cli_estimate(
        MODELS[row["model"]],
        SYSTEMS[row["accelerator"]],
        backend_name=engine,
        database_mode=database,
        isl=round(row["input"]),
        osl=round(row["output"]),
        batch_size=max(1, round(row["concurrency"] / row["replicas"] / row["copies"])),
        tp_size=row["tensor"],
        pp_size=row["stages"],
        attention_dp_size=row["copies"],
        **formats,
    )
    # Nothing is said about a batch that does not fit but a mark in the raw answer.
    rate = float(found.raw["tokens/s/gpu"])
    if not rate > 0:
        raise RefusedError("does not fit")
    return {"tpot_ms": float(found.tpot), "ttft_ms": float(found.ttft), "tokens_per_s": rate}


def formats_of(row: Row) -> dict[str, Any]:
    """Number formats and, for mixtures, the layout of experts."""
    given: dict[str, Any] = {"kvcache_quant_mode": CACHE[row["cache"]]}
    if not row["experts"]:
        return given | {"gemm_quant_mode": GEMM[row["weights"]]}
    share = row["expert_parallel"]
    given |= {"moe_ep_size": share, "moe_tp_size": row["tensor"] * row["copies"] // share}
    given["moe_quant_mode"] = EXPERTS[row["weights"]]
    # Only experts are in 4 bits; in 8 bits all matrices are scaled by blocks.
    given["gemm_quant_mode"] = BLOCK if row["weights"] == "fp8" else "bfloat16"
    return given


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--database", default="SILICON", help="SILICON, HYBRID, EMPIRICAL or SOL")
    given = reader.parse_args()
    warnings.simplefilter("ignore")
    import_module("aiconfigurator.cli.api")
    logging.disable(logging.CRITICAL)
    answer_all(partial(predict, given.database))


if __name__ == "__main__":
    main()
