"""The library asked for one row: everything here goes through its public interface.

Each function takes a row without the columns that would give the answer away, and returns a
`Prediction` in the unit of its mode, or raises `SkipError`.
"""

from __future__ import annotations

import math
import re
from typing import Any

import llm_economics as le
from llm_economics.core.errors import LLMEconomicsError, RangeError
from llm_economics.training.fine_tuning import FineTuningWorkload
from llm_economics.training.power import power_by_load
from validation.accelerators import accelerator_of, format_of
from validation.conventions import recomputation_of
from validation.models import is_adapter, model_of
from validation.prediction import Prediction, prediction_of
from validation.rows import Case, SkipError

__all__ = [
    "predict_hours",
    "predict_hours_from_utilization",
    "predict_node_power",
    "predict_throughput",
    "workload_of",
]

NOWHERE = le.Facility(name="not asked", power_usage_effectiveness=1.0)
USUAL_LENGTH = 2048.0
RUN_DAYS = 30.0
PLANNED_UTILIZATION = 0.3
FEW_TOKENS = 10.0
"""Tokens per parameter below which a run dates from before 2022: nobody trains so few since."""

DATES = (
    (r"megatron-bridge-(\d\d)\.(\d\d)", r"20\1-\2"),
    (r"nemo-(\d\d)\.(\d\d)", r"20\1-\2"),
    (r"megatron-(20\d\d)$", r"\1"),
    (r"llm-foundry", "2023-07"),
    (r"internevo", "2024-01"),
    (r"torchtitan", "2024-11"),
    (r"maxtext", "2024-01"),
    (r"tpu-?recipes", "2025-01"),
    (r"aws|neuron|trn", "2024-07"),
)
MLPERF = {
    "v3.0": "2023-06",
    "v3.1": "2023-11",
    "v4.0": "2024-06",
    "v4.1": "2024-11",
    "v5.0": "2025-05",
    "v5.1": "2025-10",
}


def predict_throughput(case: Case) -> Prediction:
    """Tokens per second of one accelerator; adapters (LoRA) too."""
    return prediction_of(_step(workload_of(case)).token_rate, "token/second/accelerator")


def predict_hours(case: Case) -> Prediction:
    """Accelerator-hours of a full run, planned from model, tokens and accelerators alone."""
    run = workload_of(case, tokens=f"{case.need('tokens_b')} Gtoken")
    return prediction_of(run.estimate().accelerator_time, "accelerator*hour")


def predict_hours_from_utilization(case: Case) -> Prediction:
    """Accelerator-hours of a full run with its reported utilization, goodput as a range."""
    run = le.TrainingWorkload(
        model=model_of(case),
        accelerator=accelerator_of(case),
        accelerators=case.number("n_accelerators") or 1000,
        number_format=_whole_format(case),
        tokens=f"{case.need('tokens_b')} Gtoken",
        model_flops_utilization=case.need("mfu_pct") / 100.0,
        facility=NOWHERE,
        # The goodput that is assumed was found with 6 N D: attention is in it.
        attention="none",
    )
    return prediction_of(run.estimate().accelerator_time, "accelerator*hour")


def predict_node_power(case: Case) -> Prediction:
    """Power of a whole node, by accelerator (W)."""
    accelerator = accelerator_of(case)
    try:
        busy = _step(workload_of(case)).busy
    except (SkipError, LLMEconomicsError):
        busy = le.uniform(0.5, 1.0)
    power = power_by_load(busy, [])
    return prediction_of(accelerator.require("power") * power.server, "W")


def _step(run: le.TrainingWorkload) -> Any:
    """One step; where nothing fits, as the row shows that it did, with smaller states."""
    try:
        return run.step()
    except RangeError:
        return run.evolve(optimizer="adam 8-bit").step()


def workload_of(case: Case, **more: Any) -> le.TrainingWorkload:
    """The run that a row describes, as far as it was known beforehand."""
    accelerator = accelerator_of(case)
    model = model_of(case)
    count = case.number("n_accelerators")
    given: dict[str, Any] = {
        "model": model,
        "accelerator": accelerator,
        "number_format": _whole_format(case) if "tokens" in more else format_of(case, accelerator),
        "recomputation": recomputation_of(case),
        "software_date": _date(case),
        "facility": NOWHERE,
        **more,
    }
    length = case.number("seq_len") or USUAL_LENGTH
    given["sequence_length"] = f"{length} token"
    if count is None:
        count = _planned(case, accelerator)
    given["accelerators"] = max(1, round(count))
    if case.number("global_batch_seqs") and case.number("seq_len"):
        tokens = case.need("global_batch_seqs") * case.need("seq_len")
        given["global_batch"] = f"{tokens} token"
    if is_adapter(case):
        return FineTuningWorkload(method="lora", adapter_rank=16, **given)
    return le.TrainingWorkload(**given)


def _whole_format(case: Case) -> str:
    """Runs are stated against the 16-bit peak, whatever parts of them ran in 8 bits."""
    accelerator = accelerator_of(case)
    return "bf16" if any(str(name) == "bf16" for name in accelerator.peaks) else "fp16"


def _planned(case: Case, accelerator: le.Accelerator) -> float:
    """Accelerators for a run of a month, where nobody says how many there were."""
    computation = 6.0 * case.need("active_params_b") * case.need("tokens_b") * 1e18
    peak = float(accelerator.peak(_whole_format(case)).central().number("FLOP/s"))
    wanted = computation / (peak * PLANNED_UTILIZATION * RUN_DAYS * 86400.0)
    return float(2 ** round(math.log2(max(wanted, 8.0))))


def _date(case: Case) -> str:
    """When the software is from: the table's release, or the age that tokens per parameter tell."""
    family = case.text("family").casefold()
    for pattern, date in DATES:
        if match := re.search(pattern, family):
            return match.expand(date)
    release = re.search(r"mlperf-(v\d\.\d)", case.text("case_id").casefold())
    if release:
        return MLPERF.get(release.group(1), "2025-05")
    tokens, active = case.number("tokens_b"), case.number("active_params_b")
    if case.text("kind") == "full_run" and tokens and active:
        return "2021" if tokens / active < FEW_TOKENS else "2023-07"
    return "2024-06"
