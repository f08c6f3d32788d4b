"""From rows of measured serving to deployments and loads of the library.

What a row says comes first, then what is known of the benchmark it comes from. InferenceX draws the
lengths of its requests evenly between 0.8 and 1 of the stated ones, and keeps keys and values in 8
bits for most models (its scripts say `--random-range-ratio 0.8`, `kv-cache-dtype fp8`).
"""

from __future__ import annotations

import re
from typing import Any

import llm_economics as le
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.load import Load
from validation.accelerators import accelerator_of
from validation.rows import Case, SkipError
from validation.serving_models import served_model

__all__ = ["deployment_of", "load_of", "served_model", "software_of", "weights_of"]

FORMATS = (
    (r"nvfp4", "nvfp4"),
    (r"mxfp4|fp4", "mxfp4"),
    (r"int4|w4a16|awq|gptq", "int4"),
    (r"fp8|f8e4m3", "fp8"),
    (r"int8|w8a8", "int8"),
    (r"fp16|bf16|bfloat16|float16", "bf16"),
)
NARROW = {"fp8", "nvfp4", "mxfp4"}
MIXED = re.compile(
    r"inferencex|inferencemax|sa-bench"
    r"|silicon_sample\.csv id=(?:20\d\d_\d\d|\w+_agg_\d+x\d+_c\d+_cfg)",
    re.IGNORECASE,
)
"""Sources whose figures come from InferenceX."""

MEAN_LENGTH = 0.9
WHOLE_CACHE = re.compile(r"glm-?5|kimi|deepseek", re.IGNORECASE)
"""Models that InferenceX serves with keys and values in 16 bits on Hopper."""

COMPILED = re.compile(r"neuron|jetstream", re.IGNORECASE)
EARLY, LATE = "2024-06", "2026-01"
OLD = re.compile(r"leaderboard-v2|dstack|argonne|llm-inference-bench|legacy|apex", re.IGNORECASE)
DAY = re.compile(r"(?<!\d)(20(?:2[2-9]))-?(0[1-9]|1[0-2])-?[0-3]\d(?!\d)")
EARLY_VERSIONS = {"vllm": (0, 8), "sglang": (0, 4)}
"""First versions of the current kind of engine."""


def weights_of(case: Case, columns: tuple[str, ...] = ("precision", "weight_precision")) -> str:
    """Format of the weights; bf16 where a row does not say."""
    said = " ".join(case.text(name) for name in columns).casefold()
    for pattern, name in FORMATS:
        if re.search(pattern, said):
            return name
    named = case.text("model").casefold()
    for pattern, name in FORMATS[:4]:
        if re.search(pattern, named):
            return name
    return "bf16"


def deployment_of(case: Case) -> Deployment:
    """The deployment of a row, as far as it states it."""
    # Engines go beyond the context that a model was made for when they are told to.
    model = served_model(case).evolve(context_length=None)
    accelerator = accelerator_of(case)
    weights = weights_of(case)
    engine, date = software_of(case)
    copies = case.whole("attention_data_parallel") or 1
    tensor, replicas = _layout(case, copies)
    stages = 1
    heads = model.architecture.attention_heads if model.architecture is not None else None
    if heads and heads % tensor:
        if COMPILED.search(engine):
            model = _padded(model, tensor)
        else:
            # Heads that do not divide: the rest of the layout is read as stages.
            whole, tensor = tensor, _divisor(heads, tensor)
            stages = whole // tensor
    given: dict[str, Any] = {
        "model": model,
        "accelerator": accelerator,
        "tensor_parallel": tensor,
        "pipeline_parallel": stages,
        "attention_data_parallel": copies,
        "replicas": replicas,
        "weights": weights,
        "cache": _cache(case, weights, engine, accelerator),
        "engine": engine,
        "software_date": date,
        "facility": None,
    }
    if arithmetic := _arithmetic(weights, accelerator):
        given["arithmetic"] = arithmetic
    return Deployment(**given | _speculation(case))


def _layout(case: Case, copies: int) -> tuple[int, int]:
    """Parts of each layer, and replicas."""
    count = case.whole("n_accelerators") or case.whole("tensor_parallel") or 1
    stated = case.whole("tensor_parallel")
    each = max(1, count // copies)
    if stated is None or COMPILED.search(case.text("engine")):
        return each, 1
    if copies > 1 and stated % copies == 0 and stated * copies > count:
        # Some engines name the whole group beside the copies of attention in it.
        stated //= copies
    experts = case.whole("expert_parallel") or 1
    if (stated * experts == count and experts > 1) or each % stated:
        # One group: attention is divided by all of it, experts by the stated part.
        return each, 1
    copies_of_all = each // stated
    if copies_of_all > 1 and case.text("data_parallel") in {"", "1", "1.0"} and _two_nodes(case):
        return each, 1
    return stated, copies_of_all


def _two_nodes(case: Case) -> bool:
    """Whether accelerators beyond a group are its other stages: more than a node holds."""
    return (case.whole("n_accelerators") or 1) > 8


def _divisor(heads: int, parts: int) -> int:
    """Largest part of a layout that divides the heads."""
    return max(n for n in range(1, parts + 1) if parts % n == 0 and heads % n == 0)


def _padded(model: le.Model, parts: int) -> le.Model:
    """Model with heads added until they divide, as compilers for these chips do."""
    shape = model.architecture
    if shape is None or not shape.attention_heads:
        return model
    heads = -(-shape.attention_heads // parts) * parts
    keys = shape.key_value_heads or shape.attention_heads
    shared = next(n for n in range(min(keys, heads), heads + 1) if heads % n == 0)
    return model.evolve(
        architecture=shape.evolve(attention_heads=heads, key_value_heads=shared),
    )


def _cache(case: Case, weights: str, engine: str, accelerator: le.Accelerator) -> str:
    """Format of keys and values."""
    if not _has(accelerator, "fp8") or weights not in NARROW:
        return "bf16"
    if MIXED.search(case.text("source")):
        return "bf16" if WHOLE_CACHE.search(case.text("model")) else "fp8"
    # Those who tune for a benchmark of 8-bit weights keep the cache in 8 bits too.
    return "fp8" if "tensorrt" in engine.casefold() else "bf16"


def _has(accelerator: le.Accelerator, number_format: str) -> bool:
    return any(str(name) == number_format for name in accelerator.peaks)


def _arithmetic(weights: str, accelerator: le.Accelerator) -> str | None:
    """Format of the multiplications where it is not what the library takes."""
    if not _has(accelerator, "fp4"):
        return None
    # Activations stay in 8 bits beside MXFP4 weights, and go down to 4 beside NVFP4.
    return {"nvfp4": "fp4", "mxfp4": "fp8"}.get(weights)


def _speculation(case: Case) -> dict[str, Any]:
    """Tokens of a step with speculative decoding, where a row says that it was on."""
    said = f"{case.text('source')} {case.text('engine_version')} {case.text('engine')}"
    if not re.search(r"(?<![a-z])(?:mtp|eagle|speculative)(?![a-z])", said, re.IGNORECASE):
        return {}
    return {
        "accepted_tokens": le.between(1.5, 2.8, "", name="accepted tokens"),
        "draft_share": le.between(0.05, 0.25, "", name="draft share"),
    }


def software_of(case: Case) -> tuple[str, str]:
    """Engine and the time that it is from: told by its text, its version or the table."""
    engine = case.text("engine")
    said = f"{engine} {case.text('engine_version')}".casefold()
    if year := re.search(r"20(2\d)", said):
        return engine, f"20{year[1]}-06"
    if re.search(r"transformers|fastchat", said):
        return engine, "2023-06"
    version = re.search(r"(?<![\d.])(\d+)\.(\d+)", case.text("engine_version"))
    for name, first in EARLY_VERSIONS.items():
        if name in said and version:
            return engine, LATE if (int(version[1]), int(version[2])) >= first else EARLY
    if case.text("load").casefold().startswith("static"):
        # A batch that is handed over whole passes no server: what made early engines slow.
        return engine, LATE
    source = case.text("source")
    if day := DAY.search(source):
        return engine, f"{day[1]}-{day[2]}"
    return engine, EARLY if OLD.search(source) else LATE


def load_of(case: Case, *, batch: str, input_tokens: Any = None) -> Load:
    """The load of a row: so many requests in flight.

    `input_tokens` stands in where a row does not tell: tokens, as a number or a range.
    """
    read: Any = case.number("input_tokens")
    if read is None:
        read = input_tokens
    if read is None:
        raise SkipError("no input_tokens")
    share = MEAN_LENGTH if MIXED.search(case.text("source")) else 1.0
    if isinstance(read, (int, float)):
        read = f"{max(read * share, 1.0)} token"
    return Load.closed(
        concurrency=case.need(batch),
        input_tokens=read,
        output_tokens=f"{max(case.need('output_tokens') * share, 2.0)} token",
        prefix_cache_hit_share=0.0,
    )
