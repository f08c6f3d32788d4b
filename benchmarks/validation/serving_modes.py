"""What is predicted from rows of measured serving: speed, power and energy, one `Mode` each.

Three times to the first token are three modes. A power is not predicted from a rate, nor a rate
from a power: both are hidden.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from validation import serving_adapters as adapters
from validation.accelerators import accelerator_name, accelerator_of
from validation.modes import Mode
from validation.rows import Case, SkipError
from validation.serving_models import has_experts, served_model

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ENERGY_MODES", "SPEED_MODES", "TIME_PER_OUTPUT_TOKEN", "serving_groups"]

HIDDEN_SPEED = ("value",)
HIDDEN_ENERGY = (
    *("output_tokens_per_s", "median_itl_ms", "avg_power_w_total"),
    *("energy_j_per_output_token", "energy_j_per_request", "energy_wh_per_request"),
    *("wh_low", "wh_high", "co2e_g_per_request", "water_ml_per_request"),
)
PICTURES = re.compile(r"image|video|vision|audio|speech|diffusion|text-to-", re.IGNORECASE)
ENCODERS = re.compile(r"(?<![a-z0-9])(?:t5|bart|encoder-decoder)(?![a-z0-9])", re.IGNORECASE)
AT_REST = 0.1
MOST_POWER = 1.1
"""Power of one accelerator over its rated power, at least and at most, while it serves."""


def serving_groups(case: Case) -> tuple[str, ...]:
    """Groups of a row of measured serving."""
    model = {True: "mixture of experts", False: "dense", None: "model not known"}
    return (
        "all",
        model[has_experts(case)],
        f"engine: {case.text('engine') or 'not stated'}",
        f"accelerator: {accelerator_name(case)}",
        f"model: {_model_name(case)}",
    )


def _model_name(case: Case) -> str:
    try:
        return served_model(case).name
    except (SkipError, ValueError):
        return case.text("model") or "not stated"


# --- speed


def _of(quantity: str, *loads: str, serving: str = "aggregated") -> Callable[[Case], bool]:
    """Whether a row is of a quantity (the start of its name), a way of serving and a load."""

    def applies(case: Case) -> bool:
        return (
            case.text("quantity").casefold().startswith(quantity)
            and (case.text("serving").casefold() or "aggregated") == serving
            and (not loads or case.text("load").casefold() in loads)
        )

    return applies


def _value(case: Case) -> float:
    return case.need("value")


def _milliseconds(case: Case) -> float:
    unit = case.text("unit").casefold()
    scale = {"ms": 1.0, "": 1.0, "s": 1e3, "us": 1e-3}.get(unit.partition("/")[0].strip())
    if scale is None:
        raise SkipError("no time in its unit")
    return case.need("value") * scale


def _first_token_of_batch(case: Case) -> bool:
    prefill = _of("prefill_latency")(case)
    return prefill or _of("ttft", "static batch")(case)


def _measured_power(case: Case) -> float:
    """Power of one accelerator (W), if the figure can be only that, or only all of them."""
    value, count = case.need("value"), case.whole("n_accelerators") or 1
    if count == 1:
        return value
    rated = float(accelerator_of(case).require("power").central().number("W"))
    if value > MOST_POWER * rated:
        return value / count
    if value < AT_REST * rated * count:
        return value
    raise SkipError("power of each accelerator or of all of them: not stated, and both could be")


TIME_PER_OUTPUT_TOKEN = Mode(
    "tpot",
    "ms/token",
    _of("tpot", "concurrency", "static batch"),
    _milliseconds,
    adapters.predict_time_per_output_token,
    HIDDEN_SPEED,
)
SPEED_MODES = (
    TIME_PER_OUTPUT_TOKEN,
    Mode(
        "ttft, closed loop",
        "ms",
        _of("ttft", "concurrency"),
        _milliseconds,
        adapters.predict_time_to_first_token,
        HIDDEN_SPEED,
    ),
    Mode(
        "ttft, one batch",
        "ms",
        _first_token_of_batch,
        _milliseconds,
        adapters.predict_unloaded,
        HIDDEN_SPEED,
    ),
    Mode(
        "output throughput",
        "token/s",
        _of("output_throughput", "concurrency", "static batch"),
        _value,
        adapters.predict_output_throughput,
        HIDDEN_SPEED,
    ),
    Mode(
        "total throughput",
        "token/s",
        _of("total_throughput", "concurrency", "static batch"),
        _value,
        adapters.predict_total_throughput,
        HIDDEN_SPEED,
    ),
    Mode(
        "saturation",
        "token/s",
        _of("output_throughput", "saturation"),
        _value,
        adapters.predict_saturation,
        HIDDEN_SPEED,
    ),
    Mode(
        "power",
        "W",
        _of("power"),
        _measured_power,
        adapters.predict_static_power,
        HIDDEN_SPEED,
    ),
    Mode(
        "disaggregated tpot",
        "ms/token",
        _of("tpot", serving="disaggregated"),
        _milliseconds,
        adapters.predict_disaggregated,
        HIDDEN_SPEED,
    ),
)


# --- energy


def _benchmark(case: Case) -> bool:
    """Whether a row measures accelerators that generate, not a whole system."""
    return case.text("kind").casefold() == "measured_bench" and not _at_the_wall(case)


def _single(case: Case) -> bool:
    said = case.text("boundary").casefold()
    batch = case.text("avg_batch") or case.text("max_concurrency")
    return _benchmark(case) and ("one request" in said or batch in {"1", "1.0"})


def _batched(case: Case) -> bool:
    return _benchmark(case) and not _single(case)


def _at_the_wall(case: Case) -> bool:
    said = f"{case.text('power_scope')} {case.text('boundary')}".casefold()
    return "at the wall" in said or said.lstrip().startswith("ac node")


def _in_production(case: Case) -> bool:
    kinds = {"production_disclosure", "third_party_estimate", "measured_system"}
    return case.text("kind").casefold() in kinds and not _at_the_wall(case)


def _text(case: Case) -> None:
    if PICTURES.search(f"{case.text('task')} {case.text('kind')}"):
        raise SkipError("images, video or sound: not text generation alone")
    if ENCODERS.search(f"{case.text('architecture')} {case.text('model')}"):
        raise SkipError("encoder-decoder")


def _of_text(column: str, *, each: bool = False) -> Callable[[Case], float]:
    """Read a column of text generation; by accelerator if wanted."""

    def measured(case: Case) -> float:
        _text(case)
        count = case.whole("n_accelerators") or 1
        return case.need(column) / (count if each else 1)

    return measured


def _wall_energy(case: Case) -> float:
    """Energy over tokens written (J), from that of a request where it alone is printed."""
    _text(case)
    stated = case.number("energy_j_per_output_token")
    if stated is not None:
        return stated
    lengths = adapters.mlperf_lengths(case)
    written = case.number("output_tokens") or (lengths.output if lengths else None)
    if written is None:
        raise SkipError("lengths of the requests not known")
    return case.need("energy_j_per_request") / written


def _disclosed(case: Case) -> float:
    if case.text("kind").casefold() == "third_party_estimate":
        raise SkipError("an estimate of third parties, not a measurement")
    if case.number("output_tokens") is None:
        raise SkipError("tokens of the request not disclosed")
    return case.need("energy_wh_per_request")


def _batch_mode(name: str, unit: str, column: str, predict: str, *, each: bool = False) -> Mode:
    return Mode(
        name,
        unit,
        _batched,
        _of_text(column, each=each),
        getattr(adapters, predict),
        HIDDEN_ENERGY,
    )


ENERGY_MODES = (
    _batch_mode("J/token, batch known", "J/token", "energy_j_per_output_token", "predict_energy"),
    _batch_mode("power, batch known", "W", "avg_power_w_total", "predict_power", each=True),
    _batch_mode("tokens/s, batch known", "token/s", "output_tokens_per_s", "predict_rate"),
    Mode(
        "J/token at the wall",
        "J/token",
        _at_the_wall,
        _wall_energy,
        adapters.predict_energy_at_the_wall,
        HIDDEN_ENERGY,
    ),
    Mode(
        "one request at a time",
        "J/token",
        _single,
        _of_text("energy_j_per_output_token"),
        adapters.predict_single,
        HIDDEN_ENERGY,
    ),
    Mode(
        "Wh per request",
        "Wh",
        _in_production,
        _disclosed,
        adapters.predict_energy_per_request,
        HIDDEN_ENERGY,
    ),
)
