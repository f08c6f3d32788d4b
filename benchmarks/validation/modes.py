"""What is predicted from a row, one `Mode` each: which rows, what was measured, who predicts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import llm_economics as le
from llm_economics.training.step_shape import step_shape
from llm_economics.transformer.computation import (
    model_computation_per_token,
    recomputed_computation_per_token,
)
from validation import adapters
from validation.accelerators import peak_of
from validation.conventions import Convention, convention_of, recomputation_of
from validation.models import model_of
from validation.prediction import Prediction
from validation.rows import Case, SkipError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["TRAINING_MODES", "Mode"]


class Mode(NamedTuple):
    """One question."""

    name: str
    unit: str

    applies: Callable[[Case], bool]
    """Whether a row is of this kind at all; those of which it is false are not counted."""

    measured: Callable[[Case], float]
    """What was measured, in the unit; SkipError if nothing was, or it is out of scope."""

    predict: Callable[[Case], Prediction]

    hidden: tuple[str, ...] = ()
    """Columns that `predict` does not see."""


RESULTS = (
    "tokens_per_s_per_accel",
    "step_time_s",
    "tflops_per_accel",
    "hfu_pct",
    "accelerator_hours",
    "wall_days",
    "wall_minutes",
    "avg_power_w_per_accel",
    "energy_mwh",
    "tco2e",
    "reported_flop",
    "cost_usd",
)
UTILIZATION = "mfu_pct"
OUT_OF_SCOPE = (
    (r"encoder-decoder|\bt5\b|alexatm|\bul2\b|openba\b", "encoder-decoder"),
    (r"distill", "distillation included"),
    (r"\bflm-101b|\bgrown\b|\bgrows\b|growth", "grown model"),
)
DERIVED = re.compile(r"derived|implied|from (the )?(same )?hours|computed from|back-computed")


def _kind(name: str) -> Callable[[Case], bool]:
    return lambda case: case.text("kind").casefold() == name


# --- tokens per second to TFLOP/s, as the table counts them


def _tells_flop(case: Case) -> bool:
    """Whether a row prints tokens per second beside TFLOP/s or a utilization."""
    printed = any(case.text(name) for name in ("tflops_per_accel", "mfu_pct"))
    timed = all(case.text(name) for name in ("step_time_s", "global_batch_seqs"))
    return printed and bool(case.text("tokens_per_s_per_accel") or timed)


def _measured_flop(case: Case) -> float:
    stated = case.number("tflops_per_accel")
    if stated is not None:
        return stated
    return case.need("mfu_pct") / 100 * peak_of(case)


def _tokens_per_second(case: Case) -> float:
    stated = case.number("tokens_per_s_per_accel")
    if stated is not None:
        return stated
    tokens = case.need("global_batch_seqs") * case.need("seq_len")
    return tokens / case.need("step_time_s") / case.need("n_accelerators")


def _predict_flop(case: Case) -> Prediction:
    convention = convention_of(case)
    model = _as_counted(model_of(case), convention, case)
    context = None if convention.attention == "none" else f"{case.need('seq_len')} token"
    if context and (model.architecture is None or not model.architecture.attention_heads):
        raise SkipError("shape not known, and attention is counted")
    counted = model_computation_per_token(
        model,
        attention=convention.attention,
        context=context,
        embedding=convention.embedding,
        passes=convention.passes,
    )
    if convention.recomputed:
        counted = counted + recomputed_computation_per_token(
            model,
            recomputation=recomputation_of(case) or "full",
            attention=convention.attention,
            context=context,
        )
    return Prediction(float(counted.central().number("TFLOP/token")) * _tokens_per_second(case))


def _as_counted(model: le.Model, convention: Convention, case: Case) -> le.Model:
    """Model with the parameters that the table prints, or without what it overlooked."""
    shape = model.architecture
    if convention.plain_gates and shape is not None:
        overlooked = {"gated_mlp": False, "sliding_window": None, "sliding_layers": None}
        return model.evolve(architecture=shape.evolve(**overlooked))
    if convention.embedding == "all":
        active = case.number("active_params_b") or case.number("total_params_b")
        if active is not None:
            stated = le.quantity(active, "Gparameter")
            return model.evolve(parameters=stated, active_parameters=stated)
    return model


# --- throughput


def _measured_rate(case: Case) -> float:
    """Tokens per second of one accelerator; from TFLOP/s where that alone is printed."""
    stated = case.number("tokens_per_s_per_accel")
    if stated is not None:
        return stated
    printed = case.number("tflops_per_accel")
    if printed is None:
        return _tokens_per_second(case)
    if not case.text("seq_len") or model_of(case).architecture is None:
        length = le.quantity(case.number("seq_len") or USUAL_LENGTH, "token")
        shape = step_shape(model_of(case), length)
        # Full attention, as older tables count it: twice what a token sees.
        return printed * 1e12 / float(shape.model_computation + shape.attention)
    one = Case({**case.cells, "tokens_per_s_per_accel": "1"})
    return printed / _predict_flop(one).central


USUAL_LENGTH = 2048.0


def _measured_mlperf(case: Case) -> float:
    stated = case.number("tokens_per_s_per_accel")
    if stated is not None:
        return stated
    seconds = case.need("wall_minutes") * 60
    return case.need("tokens_b") * 1e9 / seconds / case.need("n_accelerators")


# --- full runs


def _measured_hours(case: Case) -> float:
    said = " ".join(case.text(name) for name in ("model", "hours_scope", "notes")).casefold()
    for pattern, reason in OUT_OF_SCOPE:
        if re.search(pattern, said):
            raise SkipError(reason)
    if case.number("tokens_b") is None:
        raise SkipError("tokens not known")
    case.need("active_params_b")
    return case.need("accelerator_hours")


def _reports_utilization(case: Case) -> bool:
    """Whether a full run has a utilization that was not computed from its hours."""
    said = f"{case.text('mfu_convention')} {_about_utilization(case)}".casefold()
    return _kind("full_run")(case) and bool(case.text(UTILIZATION)) and not DERIVED.search(said)


def _about_utilization(case: Case) -> str:
    """Those parts of the notes that speak of the utilization."""
    return "; ".join(part for part in case.text("notes").split(";") if "mfu" in part.casefold())


# --- power


def _measures_node(case: Case) -> bool:
    return case.text("power_basis").casefold().startswith("measured whole node")


def _measured(column: str) -> Callable[[Case], float]:
    return lambda case: case.need(column)


TRAINING_MODES = (
    Mode(
        "convention",
        "TFLOP/s",
        _tells_flop,
        _measured_flop,
        _predict_flop,
        ("tflops_per_accel", "mfu_pct", "hfu_pct"),
    ),
    Mode(
        "throughput",
        "token/s",
        _kind("throughput_benchmark"),
        _measured_rate,
        adapters.predict_throughput,
        (*RESULTS, UTILIZATION),
    ),
    Mode(
        "hours, utilization unknown",
        "accelerator*hour",
        _kind("full_run"),
        _measured_hours,
        adapters.predict_hours,
        (*RESULTS, UTILIZATION),
    ),
    Mode(
        "hours, utilization reported",
        "accelerator*hour",
        _reports_utilization,
        _measured_hours,
        adapters.predict_hours_from_utilization,
        RESULTS,
    ),
    Mode(
        "node power",
        "W",
        _measures_node,
        _measured("avg_power_w_per_accel"),
        adapters.predict_node_power,
        ("avg_power_w_per_accel", "energy_mwh", "tco2e", "cost_usd"),
    ),
    Mode(
        "mlperf throughput",
        "token/s",
        _kind("mlperf_run"),
        _measured_mlperf,
        adapters.predict_throughput,
        (*RESULTS, UTILIZATION),
    ),
)
