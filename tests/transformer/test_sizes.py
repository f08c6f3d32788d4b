"""Sizes: plain numbers of a model, counted or of a stand-in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import MissingInputError
from llm_economics.transformer.sizes import sizes_of

SHAPE: dict[str, Any] = {
    "layers": 4,
    "hidden_size": 64,
    "attention_heads": 8,
    "key_value_heads": 2,
    "head_dimension": 8,
    "intermediate_size": 256,
    "vocabulary_size": 100,
    "gated_mlp": True,
    "tied_embeddings": False,
}


def made(**changes: Any) -> Any:
    return sizes_of(le.Model(name="made", architecture=le.Architecture(**SHAPE | changes)))


@pytest.mark.parametrize("name", ["Llama 3.1 8B", "Mixtral 8x7B", "DeepSeek-V3", "gpt-oss-120b"])
def test_parameters_add_up(name: str) -> None:
    """Layers, experts and both tables are what the model says it has."""
    sizes, model = sizes_of(le.models[name]), le.models[name]
    assert model.parameters is not None
    whole = sizes.dense_parameters + sizes.all_routed_parameters + sizes.embedding_parameters
    stated = float(model.parameters.central().number("parameter"))
    assert float(le.ureg.Quantity(whole).central().magnitude) == pytest.approx(stated, rel=0.03)
    assert not sizes.assumed


def test_tied_embeddings_are_one_table() -> None:
    """Which is read as the head, and held once."""
    apart, tied = made(), made(tied_embeddings=True)
    assert apart.head_parameters == tied.head_parameters == 6400
    assert (apart.embedding_parameters, tied.embedding_parameters) == (12800, 6400)


def test_attention_with_groups_and_latent() -> None:
    """Caches by heads of keys; a latent vector is one part, and decoding works on its width."""
    grouped = made()
    assert (grouped.cache_parts, grouped.full_elements) == (2, 2 * 2 * 8 * 4)
    assert grouped.cached_width == grouped.query_width == 8 * 8 * 4
    latent = sizes_of(le.models["DeepSeek-V3"])
    assert (latent.cache_parts, latent.full_elements) == (1, 576 * 61)
    assert latent.cached_width == 128 * (512 + 32) * 61
    assert latent.cached_width > 2 * latent.query_width


def test_windows() -> None:
    """Layers with a window see and keep no more than it holds."""
    sizes = made(sliding_window=100, sliding_layers=3)
    assert sizes.full_share == 0.25
    assert sizes.attended(1000.0) == pytest.approx(0.25 * 1000 + 0.75 * 100)
    assert sizes.cached_elements(1000.0) == pytest.approx(2 * 2 * 8 * (1000 + 3 * 100))
    with pytest.raises(MissingInputError, match="sliding_window"):
        made(sliding_window=100)


@given(
    past=st.integers(0, 300),
    tokens=st.integers(1, 300),
    window=st.integers(1, 200),
)
def test_mean_of_what_new_tokens_see(past: int, tokens: int, window: int) -> None:
    """The integral is the sum over tokens, each in the middle of its step."""
    sizes = made(sliding_window=window, sliding_layers=2)
    middle = past + (np.arange(1000 * tokens) + 0.5) / 1000
    expected = 0.5 * np.mean(middle) + 0.5 * np.mean(np.minimum(middle, window))
    assert sizes.attended_on_average(float(past), float(tokens)) == pytest.approx(expected)


def test_nothing_new_sees_nothing() -> None:
    """No division by zero where all of the input is cached."""
    sizes = made(sliding_window=100, sliding_layers=2)
    assert np.isfinite(sizes.attended_on_average(500.0, 0.0))


def test_experts() -> None:
    """Active ones are part of all; gates add a third matrix; the dense layers have none."""
    sizes = made(experts=16, active_experts=2, shared_experts=1, dense_layers=1)
    assert sizes.one_expert == 3 * 64 * 256 * 3
    assert sizes.routed_parameters == 2 * sizes.one_expert
    assert (sizes.expert_layers, sizes.active_width) == (3, 3 * 256)
    plain = made(experts=16, active_experts=2, gated_mlp=False)
    assert plain.one_expert == 2 * 64 * 256 * 4
    dense = made()
    assert (dense.experts, dense.active_experts, dense.one_expert) == (1, 0, 0)
    assert dense.expert_layers == 0


def test_central_values() -> None:
    """Floats in place of ranges; what was assumed stays."""
    ranged = sizes_of(le.Model(name="dense", parameters="50-90 Gparameter"))
    middle = ranged.central()
    assert middle.dense_parameters == pytest.approx((50e9 * 90e9) ** 0.5, rel=0.05)
    assert middle.assumed == ranged.assumed


def test_shapes_without_all_figures() -> None:
    """Parameters as stated; heads of keys as many as of queries, no head apart."""
    shape = le.Architecture(layers=4, hidden_size=64, attention_heads=8, head_dimension=8)
    sizes = sizes_of(le.Model(name="partly", parameters="1 Mparameter", architecture=shape))
    assert (sizes.cache_parts, sizes.head_parameters, sizes.dense_parameters) == (8, 0, 1e6)
    assert (sizes.active_width, sizes.vocabulary) == (256, 0)


def test_stand_ins() -> None:
    """Of parameters alone, with experts, and with as much of the shape as is known."""
    dense = sizes_of(le.Model(name="dense", parameters="70 Gparameter"))
    assert dense.assumed
    assert (dense.dense_parameters, dense.cache_parts, dense.experts) == (70e9, 8, 1)
    mixed = sizes_of(
        le.Model(name="mixed", parameters="400 Gparameter", active_parameters="40 Gparameter")
    )
    assert mixed.experts == 64
    assert mixed.dense_parameters + mixed.all_routed_parameters == pytest.approx(400e9)
    assert mixed.dense_parameters + mixed.routed_parameters == pytest.approx(40e9)
    unknown = sizes_of(le.Model(name="active", active_parameters="40 Gparameter"))
    assert unknown.dense_parameters + unknown.routed_parameters == pytest.approx(40e9)
    known = sizes_of(
        le.Model(
            name="partly",
            parameters="30 Gparameter",
            active_parameters="3 Gparameter",
            architecture=le.Architecture(
                layers=48, hidden_size=2048, experts=128, active_experts=8,
                expert_intermediate_size=768,
            ),
        )
    )  # fmt: skip
    assert (known.layers, known.experts, known.one_expert) == (48, 128, 3 * 2048 * 768 * 48)
    with pytest.raises(MissingInputError):
        sizes_of(le.Model(name="nothing"))
