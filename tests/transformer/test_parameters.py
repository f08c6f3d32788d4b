"""Laws of size and `Architecture`: the published totals of open models come out of their shapes."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.transformer.parameters import (
    PARAMETER,
    attention_parameters,
    embedding_parameters,
    feed_forward_parameters,
    normalization_parameters,
    router_parameters,
)

# Why a published total is no test of these laws.
NOT_COVERED = {"Chinchilla 70B": "relative positions add one projection per layer"}
# Published active totals: within 1 %, or rounded, or without the input table (Gparameter).
ACTIVE = [("Mixtral 8x7B", 0.0), ("gpt-oss-120b", 0.579), ("gpt-oss-20b", 0.579)]
SMALL: dict[str, Any] = {
    "layers": 2,
    "hidden_size": 8,
    "attention_heads": 4,
    "key_value_heads": 2,
    "head_dimension": 3,
    "intermediate_size": 10,
    "vocabulary_size": 100,
    "gated_mlp": True,
    "tied_embeddings": False,
}


def with_shape() -> list[str]:
    """Return the models of the catalogue whose shape and total are published."""
    shaped = [n for n, m in le.models.items() if m.architecture is not None]
    return sorted(set(shaped) - set(NOT_COVERED))


def number(value: int) -> le.Quantity:
    return le.quantity(value)


@pytest.mark.parametrize("name", with_shape())
def test_published_total(name: str) -> None:
    """The shape of each open model of the catalogue gives its published total within 1 %."""
    model = le.models[name]
    assert model.architecture is not None
    assert model.parameters is not None
    counted = model.architecture.total_parameters().to("Gparameter").magnitude
    assert counted == pytest.approx(model.parameters.to("Gparameter").magnitude, rel=0.01)


@pytest.mark.parametrize(("name", "left_out"), ACTIVE)
def test_published_active(name: str, left_out: float) -> None:
    """So do the active parameters, less the input table where its maker leaves that out."""
    model = le.models[name]
    assert model.architecture is not None
    assert model.active_parameters is not None
    counted = model.architecture.active_parameters().to("Gparameter").magnitude - left_out
    published = model.active_parameters.to("Gparameter").magnitude
    assert counted == pytest.approx(published, rel=0.01)


def test_grok_1_active_is_a_rounded_figure() -> None:
    """Grok-1: "25 % of 314 billion" is rounded; the shape gives 2.6 % less."""
    shape = le.models["Grok-1"].architecture
    assert shape is not None
    assert shape.active_parameters().to("Gparameter").magnitude == pytest.approx(83.8, rel=0.001)


@pytest.mark.parametrize(
    ("law", "arguments", "expected"),
    [
        (embedding_parameters, {"vocabulary_size": 100, "hidden_size": 8, "tables": 2}, 1600),
        (
            attention_parameters,
            {"hidden_size": 8, "attention_heads": 4, "key_value_heads": 2, "head_dimension": 3},
            288,
        ),
        (
            feed_forward_parameters,
            {"hidden_size": 8, "intermediate_size": 10, "matrices": 3},
            240,
        ),
        (normalization_parameters, {"hidden_size": 8, "layers": 2}, 40),
        (router_parameters, {"hidden_size": 8, "experts": 4}, 32),
    ],
)
def test_small_shape(law: Any, arguments: dict[str, int], expected: int) -> None:
    """A shape small enough to count by hand."""
    given = {key: number(value) for key, value in arguments.items()}
    assert law(**given, element=PARAMETER).number("parameter") == expected


@pytest.mark.parametrize(
    ("changes", "total", "active"),
    [
        ({}, 2 * (288 + 240) + 1600 + 40, None),
        ({"tied_embeddings": True}, 2 * (288 + 240) + 800 + 40, None),
        ({"gated_mlp": False}, 2 * (288 + 160) + 1600 + 40, None),
        (
            {"experts": 4, "active_experts": 1},
            2 * (288 + 32 + 4 * 240) + 1640,
            2 * (288 + 32 + 240) + 1640,
        ),
    ],
)
def test_small_architecture(changes: dict[str, Any], total: int, active: int | None) -> None:
    """Dense, tied, plain and with experts; for a dense model all parameters are active."""
    shape = le.Architecture(**{**SMALL, **changes})
    assert shape.total_parameters().number("parameter") == total
    assert shape.active_parameters().number("parameter") == (active or total)


@pytest.mark.parametrize("field", [f for f in SMALL if f not in {"layers", "hidden_size"}])
def test_incomplete_shape(field: str) -> None:
    """An unknown part of the shape is asked for by name."""
    shape = le.Architecture(**{**SMALL, field: None})
    with pytest.raises(ValueError, match=rf"needs {field}; give Architecture\({field}=...\)"):
        shape.total_parameters()


def test_experts_without_active_experts() -> None:
    """How many experts a token passes through is not guessed."""
    with pytest.raises(ValueError, match="needs active_experts"):
        le.Architecture(**SMALL, experts=4).active_parameters()
