"""Results of InferenceX (before: InferenceMAX): one JSON object for a point, or a list of them.

Names of the keys: SemiAnalysisAI/InferenceX, `utils/process_result.py`, `utils/collect_results.py`
(which makes the list), `utils/aggregate_power.py` and `aggregate_power_multinode.py`, read in 2026.
Rates in the file are per accelerator, and those of disaggregated serving per accelerator of a pool;
they are brought back to sums here. Times are in seconds. The file has no date. Its lengths are
those that were asked for.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from llm_economics.core.registry import ureg
from llm_economics.io.benchmarks.cells import Draft, Problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_economics.serving.measured import MeasuredPoint

__all__ = ["INFERENCEX_KEYS", "read_inferencex"]

INFERENCEX_KEYS: Final = (
    "hw",
    "model",
    "framework",
    "precision",
    "conc",
    "isl",
    "osl",
    "tput_per_gpu",
)
"""Keys that every result has."""

_LATENCY: Final = re.compile(r"(mean|median|p\d{1,2}(?:\.\d+)?)_(ttft|tpot)")
_FIELDS: Final = {"ttft": "time_to_first_token", "tpot": "time_per_output_token"}
_UNITS: Final = {"ttft": "second", "tpot": "second/token"}
_WORDS: Final = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "trt": "TensorRT-LLM",
    "trtllm": "TensorRT-LLM",
    "dynamo": "Dynamo",
    "atom": "ATOM",
}
_WHOLE_DEPLOYMENT: Final = 2.0  # since this version energy is of both pools together


def read_inferencex(
    result: Mapping[str, Any], place: str, problems: Problems
) -> MeasuredPoint | None:
    """Read one result.

    Parameters
    ----------
    result : mapping
        The JSON object.
    place : str
        Where it stands in the file.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    MeasuredPoint or None
        The point; None if it has a problem.

    Notes
    -----
    With "dp_attention" attention runs data-parallel over as many groups as tensor parallelism has
    accelerators. Energy of several nodes is left out if the file does not have the version from
    which it counts both pools; power is left out if the file calls it invalid.
    """
    pooled = _flag(result.get("is_multinode"))
    needed = _POOLED if pooled else _SINGLE
    missing = [key for key in (*INFERENCEX_KEYS, *needed) if result.get(key) is None]
    draft = Draft(problems, wrong=len(missing))
    for key in missing:
        problems.add(f"{place}, {key}", "is missing")
    _put_names(draft, place, result)
    for key, field in (("conc", "concurrency"), ("isl", "input_tokens"), ("osl", "output_tokens")):
        draft.put(f"{place}, {key}", field, problems.number(f"{place}, {key}", result.get(key)))
    draft.put(place, "load", "concurrency")
    if not missing:
        counts = _put_pools(draft, place, result) if pooled else _put_layout(draft, place, result)
        _put_rates(draft, place, result, counts)
    _put_latencies(draft, place, result)
    _put_power(draft, place, result, pooled=pooled)
    return draft.point(place, f"{problems.file}, {place}: InferenceX")


_SINGLE: Final = ("tp",)
_POOLED: Final = ("num_prefill_gpu", "num_decode_gpu", "prefill_tp", "decode_tp")
_DEGREES: Final = {"tp": "tensor", "ep": "expert", "pp": "pipeline"}


def _flag(value: Any) -> bool:
    return str(value).casefold() == "true"


def _put_names(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    draft.put(f"{place}, hw", "accelerator", result.get("hw"))
    draft.put(f"{place}, model", "model", result.get("model"))
    draft.put(f"{place}, framework", "engine", _engine(result.get("framework")))
    draft.put_format(f"{place}, precision", "weight_format", result.get("precision"))
    draft.put(f"{place}, spec_decoding", "speculative_decoding", result.get("spec_decoding"))
    draft.put(
        f"{place}, disagg",
        "serving",
        "disaggregated" if _flag(result.get("disagg")) else "aggregated",
    )
    image = result.get("image")
    if isinstance(image, str):
        draft.put(f"{place}, image", "engine_version", image.rpartition("/")[2].partition(":")[2])


def _engine(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return " ".join(_WORDS.get(word.casefold(), word) for word in value.split("-"))


def _put_layout(draft: Draft, place: str, result: Mapping[str, Any]) -> tuple[float, float]:
    """Layout of one pool; accelerators that all tokens, and output tokens, are divided by."""
    _put_degrees(draft, place, result, "")
    factors = [
        draft.problems.number(f"{place}, {key}", result.get(key, 1)) or 0.0
        for key in ("tp", "pp", "pcp_size")
    ]
    count = factors[0] * factors[1] * factors[2]
    draft.put(f"{place}, tp", "accelerators", count)
    return count, count


def _put_pools(draft: Draft, place: str, result: Mapping[str, Any]) -> tuple[float, float]:
    """Layout of both pools; accelerators that all tokens, and output tokens, are divided by."""
    pools = {}
    for pool in ("prefill", "decode"):
        key = f"num_{pool}_gpu"
        pools[pool] = draft.problems.number(f"{place}, {key}", result[key]) or 0.0
        if pools[pool]:
            draft.put(f"{place}, {key}", f"{pool}_accelerators", pools[pool])
            prefix = "prefill_" if pool == "prefill" else ""
            _put_degrees(draft, place, result, f"{pool}_", prefix)
    total = pools["prefill"] + pools["decode"]
    draft.put(f"{place}, num_prefill_gpu", "accelerators", total)
    return total, pools["decode"] or total


def _put_degrees(
    draft: Draft, place: str, result: Mapping[str, Any], key: str, field: str = ""
) -> None:
    for short, word in _DEGREES.items():
        degree = draft.problems.number(f"{place}, {key}{short}", result.get(f"{key}{short}"))
        draft.put(f"{place}, {key}{short}", f"{field}{word}_parallel", degree)
    stated = result.get(f"{key}dp_attention")
    if stated is not None:
        groups = draft.fields.get(f"{field}tensor_parallel") if _flag(stated) else 1
        draft.put(f"{place}, {key}dp_attention", f"{field}attention_data_parallel", groups)


def _put_rates(
    draft: Draft, place: str, result: Mapping[str, Any], counts: tuple[float, float]
) -> None:
    rates = (
        ("tput_per_gpu", "total_throughput", counts[0]),
        ("output_tput_per_gpu", "output_throughput", counts[1]),
    )
    for key, field, count in rates:
        number = draft.problems.number(f"{place}, {key}", result.get(key))
        if number is not None and count > 0.0:
            draft.put(f"{place}, {key}", field, ureg.Quantity(number * count, "token/second"))


def _put_latencies(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    for key, value in result.items():
        found = _LATENCY.fullmatch(key)
        number = None if found is None else draft.problems.number(f"{place}, {key}", value)
        if found is not None and number is not None:
            figure = ureg.Quantity(number, _UNITS[found[2]])
            draft.put_latency(f"{place}, {key}", _FIELDS[found[2]], found[1], figure)


def _put_power(draft: Draft, place: str, result: Mapping[str, Any], *, pooled: bool) -> None:
    version = draft.problems.number(
        f"{place}, power_metric_schema_version", result.get("power_metric_schema_version")
    )
    if str(result.get("power_valid", 1)) not in {"1", "1.0", "True"}:
        return
    for key, boundary in (
        ("avg_total_gpu_power_w", "all accelerators"),
        ("avg_power_w", "one accelerator"),
    ):
        number = draft.problems.number(f"{place}, {key}", result.get(key))
        if number is not None and "power" not in draft.fields:
            draft.put(f"{place}, {key}", "power", ureg.Quantity(number, "watt"))
            draft.put(f"{place}, {key}", "power_boundary", boundary)
    key = "joules_per_output_token"
    energy = draft.problems.number(f"{place}, {key}", result.get(key))
    if energy is not None and not (pooled and (version or 0.0) < _WHOLE_DEPLOYMENT):
        figure = ureg.Quantity(energy, "joule/token")
        draft.put(f"{place}, {key}", "energy_per_output_token", figure)
