"""Laws of size and `Architecture`: the published totals of open models come out of their shapes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import MissingInputError
from llm_economics.transformer.parameters import (
    PARAMETER,
    attention_parameters,
    bias_parameters,
    compressed_projection_parameters,
    embedding_parameters,
    feed_forward_parameters,
    normalization_parameters,
    projection_parameters,
    router_parameters,
)
from llm_economics.transformer.shape_counts import cache_per_token

TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("shapes.toml").read_text(encoding="utf-8")
)
# Their attention or their layers are of kinds that the fields do not describe.
NOT_COUNTED = {
    "DeepSeek-V4-Flash": "tied_embeddings",
    "DeepSeek-V4-Pro": "tied_embeddings",
    "Kimi K3": "linear attention",
    "Nemotron 3 Super 120B-A12B": "tied_embeddings",
    "Qwen3.5-397B-A17B": "linear attention",
}
# Makers who leave tables of embeddings out of the active size, and how many.
TABLES_LEFT_OUT = {
    "DeepSeek-V2-Lite": 1,
    "GLM-4.5": 2,
    "GLM-4.5-Air": 2,
    "MiniMax-M2.5": 2,
    "gpt-oss-120b": 1,
    "gpt-oss-20b": 1,
}
# Published active sizes of one digit or two, which a count meets less closely.
ROUNDED = {"DeepSeek-V2-Lite": 0.025, "Grok-1": 0.03}
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
LATENT: dict[str, Any] = {
    "key_value_compression": 6,
    "rotary_head_dimension": 1,
    "value_head_dimension": 5,
}


def shape_of(name: str) -> le.Architecture:
    """Return a shape of the table."""
    return le.Architecture(**TABLE[name]["shape"])


def deviation(counted: float, ends: list[float]) -> float:
    """Relative distance of a count from a published size, which may be a range."""
    low, high = ends
    return max(low - counted, counted - high, 0.0) / low


def number(value: int) -> le.Quantity:
    return le.quantity(value)


def test_all_open_shapes_are_held() -> None:
    """Each of 83 open shapes is held, and each says where it was read."""
    assert len([shape_of(name) for name in TABLE]) == 83
    assert all(entry["source"] for entry in TABLE.values())


@pytest.mark.parametrize(
    "name", [n for n, e in TABLE.items() if "total" in e and n not in NOT_COUNTED]
)
def test_published_total(name: str) -> None:
    """Each shape that can be counted gives the published total within 2 %, most within 0.5 %."""
    counted = shape_of(name).total_parameters().number("Gparameter")
    assert deviation(counted, TABLE[name]["total"]) < 0.02


def test_most_totals_are_close() -> None:
    """The laws are no rough estimate: the median count is 0.02 % off."""
    names = [n for n, e in TABLE.items() if "total" in e and n not in NOT_COUNTED]
    off = sorted(
        deviation(shape_of(n).total_parameters().number("Gparameter"), TABLE[n]["total"])
        for n in names
    )
    assert len(off) == 77
    assert off[len(off) // 2] < 0.0002
    assert off[-8] < 0.006


@pytest.mark.parametrize("name", [n for n, e in TABLE.items() if "active" in e])
def test_published_active(name: str) -> None:
    """So do the active parameters, less the embeddings that their maker leaves out."""
    if name in NOT_COUNTED:
        with pytest.raises(MissingInputError):
            shape_of(name).active_parameters()
        return
    shape = shape_of(name)
    assert shape.vocabulary_size is not None
    table = shape.vocabulary_size * shape.hidden_size / 1e9
    counted = shape.active_parameters().number("Gparameter")
    counted -= TABLES_LEFT_OUT.get(name, 0) * table
    assert deviation(counted, TABLE[name]["active"]) < ROUNDED.get(name, 0.02)


@pytest.mark.parametrize(("name", "lacking"), sorted(NOT_COUNTED.items()))
def test_shapes_that_are_not_counted(name: str, lacking: str) -> None:
    """A shape that is held in part is not counted wrong: the error says what is missing."""
    for count in (shape_of(name).total_parameters, shape_of(name).active_parameters):
        with pytest.raises(MissingInputError, match=lacking):
            count()


@pytest.mark.parametrize("name", [n for n, e in TABLE.items() if "cache" in e])
def test_published_cache(name: str) -> None:
    """Elements of the key-value cache per token and layer are those of the model's authors."""
    cache = cache_per_token(shape_of(name), "int8", 1)
    assert cache.number("byte/token") == TABLE[name]["cache"]


@pytest.mark.parametrize(("name", "share"), [("Gopher 280B", 0.077), ("Chinchilla 70B", 0.077)])
def test_relative_positions_have_projections(name: str, share: float) -> None:
    """Without their own projections Gopher and Chinchilla come out 7.7 % too small."""
    with_them = shape_of(name).total_parameters()
    without = shape_of(name).evolve(relative_positions=None).total_parameters()
    assert 1 - (without / with_them).number("") == pytest.approx(share, abs=0.001)


def test_published_total_of_the_catalogue() -> None:
    """The shapes of the catalogue give its totals within 2 %; a few are not held in full."""
    off = {}
    for name, model in le.models.items():
        shape, total = model.architecture, model.parameters
        if shape is None or total is None:
            continue
        try:
            counted = shape.total_parameters().number("Gparameter")
        except MissingInputError:
            continue
        ends = [end.number("Gparameter") for end in total.bounds()]
        off[name] = deviation(counted, ends)
    far = sorted(name for name, distance in off.items() if distance > 0.02)
    assert len(off) >= 20
    assert len(far) <= 0.05 * len(off), far


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
        (projection_parameters, {"inputs": 8, "outputs": 3}, 24),
        (compressed_projection_parameters, {"inputs": 8, "rank": 2, "outputs": 12}, 40),
        (bias_parameters, {"hidden_size": 8, "inner_size": 10}, 18),
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
        (
            {"experts": 4, "active_experts": 1, "shared_experts": 2},
            2 * (288 + 32 + 6 * 240) + 1640,
            2 * (288 + 32 + 3 * 240) + 1640,
        ),
        (
            {
                "experts": 4,
                "active_experts": 1,
                "expert_intermediate_size": 5,
                "dense_layers": 1,
            },
            (288 + 32 + 4 * 120) + (288 + 240) + 1640,
            (288 + 32 + 120) + (288 + 240) + 1640,
        ),
        (
            {
                "experts": 4,
                "active_experts": 1,
                "expert_intermediate_size": 5,
                "intermediate_size": None,
            },
            2 * (288 + 32 + 4 * 120) + 1640,
            2 * (288 + 32 + 120) + 1640,
        ),
        ({"dense_layers": 1}, 2 * (288 + 240) + 1640, None),
        ({"learned_positions": 7}, 2 * (288 + 240) + 1640 + 56, None),
        ({"relative_positions": True}, 2 * (288 + 64 + 240) + 1640, None),
        (
            {"projection_biases": True},
            2 * (288 + 12 + 2 * 6 + 8 + 240 + 2 * 10 + 8) + 1640,
            None,
        ),
        (
            {"projection_biases": True, "gated_mlp": False},
            2 * (288 + 12 + 2 * 6 + 8 + 160 + 10 + 8) + 1640,
            None,
        ),
        (
            {"value_head_dimension": 5},
            2 * (8 * 4 * 3 + 8 * 2 * 3 + 8 * 2 * 5 + 4 * 5 * 8 + 240) + 1640,
            None,
        ),
        (LATENT, 2 * (96 + 6 * (8 + 4 * 7) + 8 + 160 + 240) + 1640, None),
        (
            {**LATENT, "value_head_dimension": None},
            2 * (96 + 6 * (8 + 4 * 5) + 8 + 96 + 240) + 1640,
            None,
        ),
        (
            {**LATENT, "query_compression": 2},
            2 * (2 * (8 + 12) + 6 * (8 + 4 * 7) + 8 + 160 + 240) + 1640,
            None,
        ),
    ],
)
def test_small_architecture(changes: dict[str, Any], total: int, active: int | None) -> None:
    """Each kind of layer, counted by hand; for a dense model all parameters are active."""
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


@pytest.mark.parametrize(
    ("fields", "lacking"),
    [
        ({"query_compression": 2, "rotary_head_dimension": 1}, "key_value_compression"),
        ({"key_value_compression": 6}, "rotary_head_dimension"),
        ({"linear_layers": 1}, "linear attention are not counted; give Model"),
        ({"experts": 4, "intermediate_size": None}, "intermediate_size"),
        (
            {
                "experts": 4,
                "expert_intermediate_size": 5,
                "dense_layers": 1,
                "intermediate_size": None,
            },
            "intermediate_size",
        ),
    ],
)
def test_half_a_shape(fields: dict[str, Any], lacking: str) -> None:
    """What a kind of layer needs is asked for by name."""
    with pytest.raises(MissingInputError, match=lacking):
        le.Architecture(**{**SMALL, **fields}).total_parameters()


@given(
    experts=st.integers(1, 64),
    active=st.integers(1, 64),
    shared=st.integers(0, 4),
    dense=st.integers(0, 2),
)
def test_active_is_part_of_total(experts: int, active: int, shared: int, dense: int) -> None:
    """Never more active than in all; equal where all experts are active or all layers dense."""
    shape = le.Architecture(
        **SMALL,
        experts=experts,
        active_experts=min(active, experts),
        shared_experts=shared,
        dense_layers=dense,
        expert_intermediate_size=5,
    )
    total = shape.total_parameters().number("parameter")
    found = shape.active_parameters().number("parameter")
    assert found <= total
    assert (found == total) == (active >= experts or dense == shape.layers)
