"""From a row of measured serving to its model: `le.Model`, by name, else by its size."""

from __future__ import annotations

import re

import llm_economics as le
from validation.rows import Case, SkipError

__all__ = ["has_experts", "served_model"]

DROPPED = re.compile(
    r"[-_ ](instruct|it|chat|hf|fp8|thinking|nvfp4|mxfp4|fp4|awq|gptq|w4a16|w8a8|bf16|fp16|int4"
    r"|int8|base|preview|kv|dynamic|turbo|eagle\d?|mtp|v0\.[1-3]|1\.1|\d{4})(?![a-z0-9.])",
    re.IGNORECASE,
)
BRACKETS = re.compile(r"\s*\([^()]*\)")
SPELLINGS = (
    (r"^(?:meta-)?llama-?3\.x-?70b.*", "Llama 3.1 70B"),
    (r"^(?:meta-)?llama-?3-(8b|70b)$", r"Llama 3 \1"),
    (r"^(?:meta-)?llama-?3\.1-(8b|70b|405b)$", r"Llama 3.1 \1"),
    (r"^(?:meta-)?llama-?2-(7b|13b|70b)$", r"Llama 2 \1"),
    (r"^(?:meta-)?llama-?4-(scout|maverick).*", r"Llama 4 \1"),
    (r"^glm-5(?:\.\d)?$", "GLM-5.1"),
    (r"^kimi-k2.*", "Kimi K2.5"),
    (r"^deepseek-(?:v3|r1)(?!-distill)(?!\.2).*", "DeepSeek-V3"),
    (r"^(?:deepseek-)?r1-distill-llama-(8b|70b)$", r"Llama 3.1 \1"),
    (r"^deepseek-r1-distill-qwen-(7b|14b|32b)$", r"Qwen2.5-\1"),
    (r"^mixtral-?8x(7|22)b.*", r"Mixtral 8x\1B"),
    (r"^mistral-7b.*", "Mistral 7B v0.1"),
    (r"^minimax-m2.*", "MiniMax-M2.5"),
    (r"^gpt-?oss-?(20|120)b.*", r"gpt-oss-\1b"),
    # Of the same shape, trained further.
    (r"^(?:vicuna|koala|billa|alpaca|baize-v2|metaai-llama|llama)-(7b|13b).*", r"LLaMA \1"),
    (r"^gpt4all-13b.*|^camel-13b.*|^manticore-13b.*", "LLaMA 13B"),
    (r"^codellama-(7b|13b|70b)$", r"Llama 2 \1"),
    (r"^qwen3-vl-(.+)$", r"Qwen3-\1"),
)
ALIKE = 1.3
SIZE = re.compile(r"(?<![a-z0-9.])(\d+(?:\.\d+)?)\s?b(?![a-z])", re.IGNORECASE)
ACTIVE = re.compile(r"(?<![a-z0-9])a(\d+(?:\.\d+)?)\s?b(?![a-z])", re.IGNORECASE)
TIMES = re.compile(r"(?<![a-z0-9])(\d+)x(\d+(?:\.\d+)?)\s?b(?![a-z])", re.IGNORECASE)
SHARED = 0.83
"""Parameters of a mixture over experts times the size in its name: 8x7B has 46.7, 8x22B 141."""


def served_model(case: Case) -> le.Model:
    """The model of a row; by its parameters alone where nobody knows its shape."""
    if "served" not in case.memo:
        case.memo["served"] = _served(case)
    model: le.Model = case.memo["served"]
    return model


def has_experts(case: Case) -> bool | None:
    """Whether the model is a mixture of experts; None if it cannot be told."""
    try:
        return served_model(case).has_experts
    except (SkipError, ValueError):
        return None


def _served(case: Case) -> le.Model:
    text = BRACKETS.sub("", case.text("model")).split("/")[-1].strip()
    for name in _spellings(text):
        if name in le.models:
            found = le.models[name]
            if _agrees(found, case):
                return found
    total, active = _stated(case, text)
    model = le.Model(name=text, parameters=le.quantity(total, "Gparameter"))
    if active >= total:
        return model
    return model.evolve(active_parameters=le.quantity(active, "Gparameter"))


def _stated(case: Case, text: str) -> tuple[float, float]:
    """Total and active parameters (1e9), from the columns, else from the name."""
    total, active = case.number("total_params_b"), case.number("active_params_b")
    if total is None and active is None:
        if found := TIMES.search(text):
            total = SHARED * float(found[1]) * float(found[2])
            active = 2.0 * total / float(found[1])
        elif found := SIZE.search(text):
            total = float(found[1])
            small = ACTIVE.search(text)
            active = float(small[1]) if small else total
    if total is None and active is None:
        raise SkipError("model not in the catalogue, and its size is not stated")
    total, active = total or active or 0.0, active or total or 0.0
    if active > total * 1.001:
        raise SkipError("more active than total parameters")
    return total, active


def _spellings(text: str) -> list[str]:
    shorter = DROPPED.sub("", text)
    while shorter != DROPPED.sub("", shorter):
        shorter = DROPPED.sub("", shorter)
    found = [text, shorter]
    for name in (text, shorter):
        for pattern, spelling in SPELLINGS:
            if re.fullmatch(pattern, name.casefold()):
                found.append(re.sub(pattern, spelling, name.casefold()))
    return found


def _agrees(model: le.Model, case: Case) -> bool:
    stated = case.number("total_params_b")
    if stated is None or model.parameters is None:
        return True
    known = float(model.parameters.central().number("Gparameter"))
    return 1 / ALIKE < known / stated < ALIKE
