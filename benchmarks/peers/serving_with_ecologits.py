"""Energy of an output token as EcoLogits predicts it, at the boundary of the accelerators.

Runs where `ecologits` is installed. It knows parameters alone: how many of its 80 GB accelerators a
model needs is its own guess, and so is the batch of 64 unless `--batch` gives it the row's. Server
and PUE, which it adds, are left out.
"""

from __future__ import annotations

import argparse
from functools import partial
from importlib import import_module

from serving_with_lines import Row, answer_all

__all__: list[str] = []

JOULE_PER_KWH = 3.6e6


def predict(given: argparse.Namespace, row: Row) -> Row:
    """Answer for one row."""
    tool = import_module("ecologits.impacts.llm")
    batch = max(1, round(row["batch"])) if given.batch else tool.BATCH_SIZE
    found = tool.compute_llm_impacts_dag(
        model_active_parameter_count=row["active"],
        model_total_parameter_count=row["total"],
        output_token_count=1000,
        request_latency=float("inf"),
        if_electricity_mix_adpe=0.0,
        if_electricity_mix_pe=0.0,
        if_electricity_mix_gwp=0.0,
        if_electricity_mix_wue=0.0,
        datacenter_pue=1.0,
        datacenter_wue=0.0,
        batch_size=batch,
    )
    count = found["gpu_required_count"]
    energy = count * found["gpu_energy"] * JOULE_PER_KWH / 1000
    return {"j_per_token": float(energy), "accelerators": int(count)}


def main() -> None:
    """Answer all rows."""
    reader = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    reader.add_argument("--batch", action="store_true", help="give it the batch of the row")
    given = reader.parse_args()
    import_module("ecologits.impacts.llm")
    answer_all(partial(predict, given))


if __name__ == "__main__":
    main()
