"""Results of ``vllm bench serve --save-result``: one JSON object for each run.

Names of the keys: vLLM, `vllm/benchmarks/serve.py` (functions `benchmark` and `main_async`), read
in 2026; `--append-result` writes one object after another into one file. The file says nothing
about accelerators, layout or version. Whoever runs it can add them, by the names that the table of
points has: ``--metadata "accelerator=H100 SXM" accelerators=8 tensor_parallel=8``; or later, by
`Measurements.fill`. Rejected: guessing the engine from a general name of an interface
("openai"), which many engines serve.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from llm_economics.core.registry import ureg
from llm_economics.io.benchmarks.cells import Draft, Problems
from llm_economics.io.benchmarks.plain import put_setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llm_economics.serving.measured import MeasuredPoint

__all__ = ["VLLM_KEYS", "read_vllm"]

VLLM_KEYS: Final = ("completed", "request_throughput", "output_throughput")
"""Keys that every result of a generating model has."""

_LATENCY: Final = re.compile(r"(mean|median|p\d{1,2}(?:\.\d+)?)_(ttft|tpot)_ms")
_FIELDS: Final = {"ttft": "time_to_first_token", "tpot": "time_per_output_token"}
_UNITS: Final = {"ttft": "millisecond", "tpot": "millisecond/token"}
_RATES: Final = {
    "output_throughput": ("output_throughput", "token/second"),
    "total_token_throughput": ("total_throughput", "token/second"),
    "request_throughput": ("request_throughput", "request/second"),
}
_ENGINES: Final = {
    "vllm": "vLLM",
    "vllm-chat": "vLLM",
    "sglang": "SGLang",
    "sglang-native": "SGLang",
    "tensorrt-llm": "TensorRT-LLM",
    "tgi": "TGI",
    "lmdeploy": "LMDeploy",
    "llama.cpp": "llama.cpp",
}
_OWN: Final = frozenset(
    {
        "model",
        "date",
        "request_rate",
        "input_tokens",
        "output_tokens",
        *(f for f, _ in _RATES.values()),
    }
)
_DAY: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(-\d{6})?")


def read_vllm(result: Mapping[str, Any], place: str, problems: Problems) -> MeasuredPoint | None:
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
    Lengths are means over the requests that were completed. TPOT is 0 in the file where no request
    wrote a second token; it is unknown here.
    """
    missing = [key for key in VLLM_KEYS if key not in result]
    draft = Draft(problems, wrong=len(missing))
    for key in missing:
        problems.add(f"{place}, {key}", "is missing")
    _put_metadata(draft, place, result)
    draft.put(f"{place}, model_id", "model", result.get("model_id"))
    draft.put(f"{place}, date", "date", _day(result.get("date")))
    _put_load(draft, place, result)
    _put_lengths(draft, place, result)
    for key, (field, unit) in _RATES.items():
        number = problems.number(f"{place}, {key}", result.get(key))
        if number is not None:
            draft.put(f"{place}, {key}", field, ureg.Quantity(number, unit))
    _put_latencies(draft, place, result)
    return draft.point(place, f"{problems.file}, {place}: vllm bench serve")


def _put_metadata(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    for key, value in result.items():
        if key not in _OWN and key not in VLLM_KEYS:
            put_setting(draft, f"{place}, {key}", key, value)
    if "engine" not in draft.fields:
        draft.put(f"{place}, backend", "engine", _ENGINES.get(str(result.get("backend"))))
    if "spec_decode_acceptance_rate" in result:
        draft.fields.setdefault("speculative_decoding", "of unnamed method")


def _day(value: Any) -> Any:
    """Write the time stamp as a day."""
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    return value if found is None else "-".join(found.groups()[:3])


def _put_load(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    """Closed loop by its limit, open loop by its rate, saturation if there is neither."""
    limit = draft.problems.number(f"{place}, max_concurrency", result.get("max_concurrency"))
    draft.put(f"{place}, max_concurrency", "concurrency", limit)
    rate = result.get("request_rate")
    if rate not in ("inf", None, float("inf")):
        number = draft.problems.number(f"{place}, request_rate", rate)
        if number is not None:
            draft.put(f"{place}, request_rate", "request_rate", ureg.Quantity(number, "request/s"))
        draft.put(f"{place}, request_rate", "load", "request rate")
    elif limit is not None:
        draft.put(f"{place}, max_concurrency", "load", "concurrency")
    elif rate is not None:
        draft.put(f"{place}, request_rate", "load", "saturation")


def _put_lengths(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    count = draft.problems.number(f"{place}, completed", result.get("completed"))
    if count is not None and count < 1:
        draft.wrong += 1
        draft.problems.add(f"{place}, completed", f"needs a completed request; got {count:g}")
        return
    for key in ("input_tokens", "output_tokens"):
        total = draft.problems.number(f"{place}, total_{key}", result.get(f"total_{key}"))
        if total is not None and count is not None:
            draft.put(f"{place}, total_{key}", key, total / count)


def _put_latencies(draft: Draft, place: str, result: Mapping[str, Any]) -> None:
    output = draft.fields.get("output_tokens")
    # One request more or less with a second token would show in the mean.
    single = output is not None and output.number("token/request") <= 1.0
    for key, value in result.items():
        found = _LATENCY.fullmatch(key)
        if found is None:
            continue
        number = draft.problems.number(f"{place}, {key}", value)
        if number is None or (number == 0.0 and single and found[2] == "tpot"):
            continue
        figure = ureg.Quantity(number, _UNITS[found[2]])
        draft.put_latency(f"{place}, {key}", _FIELDS[found[2]], found[1], figure)
