"""From a row to the model that it trains: `le.Model`, by name or from the columns.

A name of the catalogue is taken if what the row states does not contradict it; tables spell names
in their own ways and hang words on them. Otherwise the columns make a model: without the width of
the feed-forward layers its parameters are those that the row states.
"""

from __future__ import annotations

import re

import llm_economics as le
from validation.rows import Case, SkipError

__all__ = ["has_experts", "is_adapter", "model_of", "model_or_none"]

ALIKE = 1.25
"""Factor between stated and known parameters up to which a name is believed."""

SAID = (
    "lora|qlora|dora|peft|sft|pre-?train(?:ing|ed)?|fine-?tun(?:e|ed|ing)|segment|tokendrop"
    "|dropless|maxtext|dense|moe|base|benchmark|bf16|fp8|hf"
)
WORDS = re.compile(rf"(?<![a-z0-9])(?:{SAID})(?![a-z0-9])", re.IGNORECASE)
BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
SPELLINGS = (
    (r"^mistral[-_ ]?7b$", "Mistral 7B v0.1"),
    (r"^nemotron[-_ ]?340b$", "Nemotron-4 340B"),
    (r"^nemotron[-_ ]?(8b|22b)$", r"Nemotron-3 \1"),
    (r"^nemotron[-_ ]?3[-_ ]?nano.*$", "Nemotron 3 Nano"),
    (r"^(?:meta[-_ ])?llama[-_ ]?3[-_ ]?405b$", "Llama 3.1 405B"),
    (r"^gpt[-_ ]?3$", "GPT-3 175B"),
    (r"^gpt[-_ ]?(5b|20b)$", r"GPT3-\1"),
    (r"^deepseek[-_ ]?v?3(?:[-_ ]?671b)?$", "DeepSeek-V3"),
)
ADAPTER = re.compile(r"(?<![a-z])(?:q?lora|peft|adapters?)(?![a-z])", re.IGNORECASE)
TUNED = re.compile(r"(?<![a-z])(?:sft|full)(?![a-z])", re.IGNORECASE)
FURTHER = {"DeepSeek-V3"}
"""Models that predict a further token in training, where the software does and the row does not
say otherwise."""


def model_of(case: Case) -> le.Model:
    """The model of a row; SkipError if neither its name nor its columns tell."""
    if "model" not in case.memo:
        found = _named(case)
        case.memo["model"] = _stated(case) if found is None else found
    model: le.Model = case.memo["model"]
    return model


def model_or_none(case: Case) -> le.Model | None:
    """The model of a row, None if it cannot be told."""
    try:
        return model_of(case)
    except (SkipError, ValueError):
        return None


def has_experts(case: Case) -> bool | None:
    """Whether the model is a mixture of experts; None if it cannot be told."""
    model = model_or_none(case)
    return None if model is None else model.has_experts


def is_adapter(case: Case) -> bool:
    """Whether an adapter on frozen weights is trained."""
    named = f"{case.text('model')} {case.text('family')}".replace("_", " ")
    if ADAPTER.search(named):
        return True
    # Notes speak of adapters also where all weights are tuned, beside rows of the same table.
    return bool(ADAPTER.search(case.text("notes"))) and not TUNED.search(named)


def _named(case: Case) -> le.Model | None:
    for name in _spellings(case.text("model")):
        if name in le.models:
            model = le.models[name]
            return _with_predictions(model, case) if _agrees(model, case) else None
    return None


def _spellings(text: str) -> list[str]:
    """The name as written, without brackets, without words that are no part of it."""
    plain = BRACKETS.sub(" ", text).replace("_", " ").strip()
    bare = WORDS.sub(" ", plain).strip(" -_/,")
    found = [text, plain, bare]
    for pattern, name in SPELLINGS:
        if re.match(pattern, bare, re.IGNORECASE):
            found.append(re.sub(pattern, name, bare, flags=re.IGNORECASE))
    return [name for name in found if name]


def _agrees(model: le.Model, case: Case) -> bool:
    """Whether a model of the catalogue can be the one of the row."""
    shape = model.architecture
    pairs = [("total_params_b", _giga(model))]
    if shape is not None:
        pairs += [("layers", shape.layers), ("hidden", shape.hidden_size)]
    for column, known in pairs:
        stated = _or_none(case, column)
        near = ALIKE if column == "total_params_b" else 1.001
        if stated and known and not 1 / near <= stated / known <= near:
            return False
    return True


def _or_none(case: Case, column: str) -> float | None:
    """A figure that is not needed: one that is wrong contradicts nothing."""
    try:
        return case.number(column)
    except SkipError:
        return None


def _giga(model: le.Model) -> float | None:
    if model.parameters is None:
        return None
    return float(model.parameters.central().number("Gparameter"))


def _with_predictions(model: le.Model, case: Case) -> le.Model:
    """Model with the layers that predict further tokens, as this row trains it."""
    shape = model.architecture
    if shape is None or model.name not in FURTHER:
        return model
    said = f"{case.text('model')} {case.text('notes')}"
    off = re.search(r"(?:\bw/o|\bwithout|\bno)\s+mtp\b", said, re.IGNORECASE)
    where = f"{case.text('family')} {case.text('kind')} {said}"
    on = re.search(r"megatron|nemo|full_run|\bmtp\b", where, re.IGNORECASE)
    return model.evolve(architecture=shape.evolve(prediction_layers=1 if on and not off else 0))


def _stated(case: Case) -> le.Model:
    total, active = case.number("total_params_b"), case.number("active_params_b")
    if total is None and active is None:
        raise SkipError("model not in the catalogue, and no parameters stated")
    if total and active and active > total * 1.001:
        raise SkipError("more active than total parameters")
    model = le.Model(
        name=case.text("model") or "unnamed",
        parameters=le.quantity(total or active or 0.0, "Gparameter"),
        architecture=_shape(case),
    )
    if total is None or active is None or active >= 0.999 * total:
        return model
    return model.evolve(active_parameters=le.quantity(active, "Gparameter"))


def _shape(case: Case) -> le.Architecture | None:
    layers, hidden, heads = case.whole("layers"), case.whole("hidden"), case.whole("heads")
    if layers is None or hidden is None:
        return None
    whole = heads is not None and hidden % heads == 0
    return le.Architecture(
        layers=layers,
        hidden_size=hidden,
        attention_heads=heads if whole else None,
        head_dimension=hidden // heads if whole and heads else None,
        vocabulary_size=case.whole("vocab"),
    )
