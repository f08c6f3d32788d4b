"""Memory of a deployment."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.memory import RESERVE

H100 = le.accelerators["H100 SXM"]


def deployment(**changes: Any) -> Deployment:
    given: dict[str, Any] = {
        "model": le.models["Llama 3.1 70B"],
        "accelerator": H100,
        "tensor_parallel": 4,
        "weights": "fp8",
    }
    return Deployment(**given | changes)


def test_parts_sum_to_the_whole() -> None:
    """And a batch fits as long as they are no more than there is."""
    served = deployment()
    most = served.largest_batch("8192 token")
    memory = served.memory("8192 token", most)
    parts = (memory.weights + memory.cache + memory.reserve).number("GB")
    assert memory.total.number("GB") == pytest.approx(parts)
    assert memory.fits
    assert not served.memory("8192 token", most + 1).fits
    assert memory.available.number("GB") == pytest.approx(80.0, rel=0.1)
    assert memory.reserve.number("GB") == pytest.approx(RESERVE * memory.available.number("GB"))


def test_formats_are_bf16_unless_given() -> None:
    """A cache of 8 bits holds twice as many requests, weights of 8 bits are half as large."""
    assert deployment(cache="fp8").largest_batch("8192 token") == pytest.approx(
        2 * deployment().largest_batch("8192 token"), abs=1
    )
    ratio = deployment(weights=None, tensor_parallel=8).memory("1 token", 1).weights
    assert ratio.number("GB") == pytest.approx(
        2 * deployment(tensor_parallel=8).memory("1 token", 1).weights.number("GB"), rel=0.05
    )


def test_what_does_not_fit() -> None:
    """By how much, and what would do."""
    with pytest.raises(RangeError, match=r"70B does not fit on 1 x H100 SXM: weights take 14.* GB"
                       r" on each.* short by .*; 2 accelerators|; [23] accelerators"):  # fmt: skip
        deployment(tensor_parallel=1, weights="bf16").largest_batch("1000 token")
    with pytest.raises(MissingInputError, match="memory of H100"):
        deployment(accelerator=H100.evolve(memory=None)).largest_batch("1000 token")


def test_a_latent_cache_is_copied_by_tensor_parallelism_and_divided_by_copies() -> None:
    """So copies of attention hold several times as many requests."""
    latent = deployment(model=le.models["DeepSeek-V3"], accelerator=le.accelerators["H200"])
    tensor = latent.evolve(tensor_parallel=8).largest_batch("8192 token")
    copies = latent.evolve(tensor_parallel=1, attention_data_parallel=8)
    assert copies.largest_batch("8192 token") > 4 * tensor
    one, eight = copies.memory("8192 token", 1), copies.memory("8192 token", 8)
    assert eight.cache.number("GB") == pytest.approx(8 * one.cache.number("GB"))


def test_stages_divide_weights_and_cache() -> None:
    """As parts of layers do."""
    tensor, stages = deployment(), deployment(tensor_parallel=1, pipeline_parallel=4)
    for name in ("weights", "cache"):
        both = [getattr(d.memory("8192 token", 10), name).number("GB") for d in (tensor, stages)]
        assert both[0] == pytest.approx(both[1])


def test_a_model_without_a_growing_cache() -> None:
    """Is not limited by one."""
    shape = le.Architecture(
        layers=4, hidden_size=64, attention_heads=8, key_value_heads=8, head_dimension=8,
        intermediate_size=256, vocabulary_size=100, gated_mlp=True, tied_embeddings=True,
        linear_layers=4,
    )  # fmt: skip
    model = le.Model(name="linear", parameters="1 Mparameter", architecture=shape)
    assert deployment(model=model).largest_batch("1000000 token") > 1e9
