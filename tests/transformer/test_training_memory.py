"""Memory of a training step: ZeRO's and Korthikanti's formulas come out, other shapes by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.transformer.activation_laws import (
    divided_activations_per_token,
    output_activations_per_token,
)
from llm_economics.transformer.activations import LayerActivations, layer_activations
from llm_economics.transformer.training_memory import (
    ModelState,
    Optimizer,
    OptimizerState,
    Sharding,
    model_state,
    sharded_state_per_parameter,
    state_memory,
)

# Korthikanti et al., arXiv:2205.05198, table 3: heads, hidden size, layers; 2048 tokens, 8-way
# tensor parallelism, vocabulary of 51,200.
KORTHIKANTI = {
    "22B": (64, 6144, 48),
    "175B": (96, 12288, 96),
    "530B": (128, 20480, 105),
    "1T": (160, 25600, 128),
}
TENSOR_PARALLEL = 8
SMALL: dict[str, Any] = {
    "layers": 2,
    "hidden_size": 8,
    "attention_heads": 4,
    "key_value_heads": 2,
    "head_dimension": 3,
    "intermediate_size": 10,
    "gated_mlp": True,
}


def gpt(name: str) -> le.Architecture:
    heads, hidden, layers = KORTHIKANTI[name]
    return le.Architecture(
        layers=layers,
        hidden_size=hidden,
        attention_heads=heads,
        key_value_heads=heads,
        head_dimension=hidden // heads,
        intermediate_size=4 * hidden,
        vocabulary_size=51200,
        gated_mlp=False,
        tied_embeddings=True,
    )


def kept(shape: le.Architecture, recomputation: str) -> LayerActivations:
    return layer_activations(shape, recomputation=recomputation, context="2048 token", dropout=True)


def per_accelerator(found: LayerActivations, *, sequence_parallel: bool) -> float:
    return divided_activations_per_token(
        replicated=found.replicated,
        divided=found.divided,
        sequence_parallel=le.quantity(TENSOR_PARALLEL if sequence_parallel else 1),
        tensor_parallel=le.quantity(TENSOR_PARALLEL),
    ).number("byte/token")


@pytest.mark.parametrize("name", KORTHIKANTI)
def test_table_of_korthikanti(name: str) -> None:
    """Table 2 of the paper, line by line, for its four models."""
    heads, hidden, _ = KORTHIKANTI[name]
    scores, ways = 5 * heads * 2048 / hidden, TENSOR_PARALLEL
    everything, selective = kept(gpt(name), "none"), kept(gpt(name), "selective")
    full = kept(gpt(name), "full")
    assert everything.total.number("byte/token") == pytest.approx(hidden * (34 + scores))
    assert full.total.number("byte/token") == 2 * hidden
    for found, sequence_parallel, expected in [
        (everything, False, 10 + 24 / ways + scores / ways),
        (everything, True, 34 / ways + scores / ways),
        (selective, False, 10 + 24 / ways),
        (selective, True, 34 / ways),
        (full, False, 2.0),
    ]:
        per_token = per_accelerator(found, sequence_parallel=sequence_parallel)
        assert per_token == pytest.approx(hidden * expected, rel=1e-12)


@pytest.mark.parametrize(("name", "saved"), [("175B", 0.70), ("530B", 0.65)])
def test_saving_of_selective_recomputation(name: str, saved: float) -> None:
    """Selective recomputation saves 70 % of the activations of GPT-3 and 65 % of MT-NLG."""
    ratio = kept(gpt(name), "selective").total / kept(gpt(name), "none").total
    assert 1 - ratio.number("") == pytest.approx(saved, abs=0.005)


def test_both_techniques_save_five_times() -> None:
    """Sequence parallelism and selective recomputation together: to a fifth, in the mean."""
    shares = [
        per_accelerator(kept(gpt(name), "selective"), sequence_parallel=True)
        / per_accelerator(kept(gpt(name), "none"), sequence_parallel=False)
        for name in KORTHIKANTI
    ]
    assert np.mean(shares) == pytest.approx(0.19, abs=0.01)
    assert max(shares) < 0.21


def test_output() -> None:
    """The output keeps 4 h (1 + v / h) bytes per token: section 4.3 of the paper."""
    found = output_activations_per_token(
        vocabulary_size=le.quantity(51200),
        hidden_size=le.quantity(12288),
        logit=le.quantity("4 byte/token"),
        element=le.quantity("2 byte/token"),
    )
    assert found.number("byte/token") == 4 * 12288 * (1 + 51200 / 12288)


@pytest.mark.parametrize(
    ("changes", "residual", "attention", "feed_forward", "dispatched"),
    [
        ({}, 4 * 8, 2 * 3 * 6, 3 * 10, 0),
        ({"gated_mlp": False}, 4 * 8, 2 * 3 * 6, 2 * 10, 0),
        ({"key_value_heads": 4}, 4 * 8, 2 * 3 * 8, 3 * 10, 0),
        (
            {"experts": 4, "active_experts": 2, "shared_experts": 1},
            *(4 * 8, 2 * 3 * 6, 3 * 10 * 3, 2 * 8),
        ),
        (
            {
                "experts": 4,
                "active_experts": 2,
                "dense_layers": 1,
                "expert_intermediate_size": 6,
            },
            *(4 * 8, 2 * 3 * 6, (3 * 10 + 3 * 6 * 2) / 2, 8),
        ),
        (
            {
                "query_compression": 5,
                "key_value_compression": 6,
                "rotary_head_dimension": 1,
                "value_head_dimension": 2,
            },
            *(4 * 8, 4 * (3 + 3 + 2 + 2) + 2 * (5 + 6) + 1, 3 * 10, 0),
        ),
        (
            {"key_value_compression": 6, "rotary_head_dimension": 1},
            *(4 * 8, 4 * 4 * 3 + 2 * 6 + 1, 3 * 10, 0),
        ),
    ],
)
def test_small_shape(
    changes: dict[str, Any], residual: float, attention: float, feed_forward: float, dispatched: int
) -> None:
    """Elements of each tensor counted by hand, two bytes each; scores are not kept if fused."""
    shape = le.Architecture(**{**SMALL, **changes})
    for recomputation in ("none", "selective"):
        found = layer_activations(shape, recomputation=recomputation)
        sizes = [size.number("byte/token") / 2 for size in found.parts().values()]
        assert sizes == pytest.approx([residual, attention, 0, feed_forward, dispatched])
        assert list(found.parts())[3] == "feed forward"
        total = found.total.number("byte/token")
        assert total == pytest.approx(2 * (residual + attention + feed_forward + dispatched))


def test_all_layers_with_experts() -> None:
    """The width of layers without experts is not asked for where there are none."""
    shape = le.Architecture(
        **{**SMALL, "intermediate_size": None, "expert_intermediate_size": 6},
        experts=4,
        active_experts=2,
    )
    found = layer_activations(shape, recomputation="none")
    assert found.feed_forward.number("byte/token") == 2 * 3 * 6 * 2


def test_format_and_scores() -> None:
    """In fp32 all but the masks is twice as large; scores grow with the context."""
    shape = le.Architecture(**SMALL)
    narrow = layer_activations(shape, recomputation="none", context="5 token")
    wide = layer_activations(shape, recomputation="none", context="5 token", format="fp32")
    assert narrow.scores.number("byte/token") == 4 * 5 * 4
    assert (wide.total / narrow.total).number("") == pytest.approx(2)
    masked = layer_activations(shape, recomputation="none", context="5 token", dropout=True)
    assert (masked.total - narrow.total).number("byte/token") == 4 * 5 + 2 * 8


def test_arrays() -> None:
    """Many contexts and many layouts at once."""
    contexts = le.quantity(np.array([1024.0, 2048.0]), "token")
    found = layer_activations(gpt("175B"), recomputation="none", context=contexts, dropout=True)
    width = found.total.to("byte/token").magnitude / 12288
    assert width == pytest.approx([74.0, 114.0])
    ways = np.array([1.0, 2.0, 8.0])
    spread = formula(divided_activations_per_token)(
        replicated=10.0, divided=24.0, sequence_parallel=ways, tensor_parallel=ways
    )
    assert spread == pytest.approx([34.0, 17.0, 4.25])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"attention_heads": None}, "activations need attention_heads"),
        ({"key_value_heads": None}, "activations need key_value_heads"),
        ({"head_dimension": None}, "activations need head_dimension"),
        ({"intermediate_size": None}, "activations need intermediate_size"),
        ({"gated_mlp": None}, "activations need gated_mlp"),
        ({"experts": 4}, "activations need active_experts"),
        ({"key_value_compression": 6}, "activations need rotary_head_dimension"),
        ({"linear_layers": 1}, "linear attention are not counted"),
    ],
)
def test_incomplete_shapes(changes: dict[str, Any], match: str) -> None:
    """What is missing is named; the input of a layer is known all the same."""
    shape = le.Architecture(**{**SMALL, **changes})
    with pytest.raises(MissingInputError, match=match):
        layer_activations(shape, recomputation="none")
    assert layer_activations(shape, recomputation="full").total.number("byte/token") == 16


@pytest.mark.parametrize(
    ("optimizer", "gradients", "expected"),
    [
        ("adam", "bf16", 16),
        ("adam", "fp32", 18),
        ("adam 8-bit", "bf16", 10),
        ("sgd", "bf16", 12),
    ],
)
def test_state(optimizer: str, gradients: str, expected: float) -> None:
    """Bytes per parameter as ZeRO and Megatron count them."""
    state = model_state(optimizer=optimizer, weights="bf16", gradients=gradients)
    assert state.per_parameter.number("byte/parameter") == expected
    assert state.optimizer.source


@pytest.mark.parametrize(
    ("sharding", "gradients", "whole", "spread"),
    [
        ("none", "bf16", 16, 0),
        ("optimizer", "bf16", 4, 12),
        ("gradients", "bf16", 2, 14),
        ("parameters", "bf16", 0, 16),
        # Megatron's distributed optimizer: 6 + 12 / n.
        ("optimizer", "fp32", 6, 12),
    ],
)
def test_sharding(sharding: str, gradients: str, whole: float, spread: float) -> None:
    """ZeRO: 4 + 12 / n, 2 + 14 / n, 16 / n bytes; over any number of accelerators at once."""
    state = model_state(optimizer="adam", weights="bf16", gradients=gradients)
    parts = state.split(sharding)
    assert [part.number("byte/parameter") for part in parts] == [whole, spread]
    counts = np.array([1.0, 8.0, 512.0])
    found = sharded_state_per_parameter(
        whole=parts[0], spread=parts[1], data_parallel=le.quantity(counts, "")
    )
    assert found.to("byte/parameter").magnitude == pytest.approx(whole + spread / counts)


def test_memory_of_a_range() -> None:
    """A range of parameters gives a range of memory."""
    found = state_memory(
        parameters=le.quantity("7-8 Gparameter"), per_parameter=le.quantity("16 byte/parameter")
    )
    low, high = found.bounds()
    assert (low.number("GB"), high.number("GB")) == pytest.approx((112, 128))


def test_own_optimizer() -> None:
    """An optimizer of one's own, in bf16 alone."""
    pure = OptimizerState(
        name="pure", master="0 byte/parameter", moments="4 byte/parameter", source="mine"
    )
    state = ModelState(weights="2 byte/parameter", gradients="2 byte/parameter", optimizer=pure)
    assert state.per_parameter.number("byte/parameter") == 8


@pytest.mark.parametrize(
    ("size", "error", "match"),
    [
        ("2 byte", DimensionError, "such as '12 byte.parameter'; got 2 B, which"),
        (2, DimensionError, "such as '12 byte/parameter'"),
        ("-2 byte/parameter", RangeError, "needs at least 0"),
    ],
)
def test_refuses_other_sizes(size: Any, error: type[Exception], match: str) -> None:
    """Sizes are bytes per parameter, with their unit."""
    with pytest.raises(error, match=match):
        ModelState(weights=size, gradients="2 byte/parameter", optimizer=Optimizer.ADAM.state)


def test_unknown_words() -> None:
    """What does not exist is refused with what does."""
    with pytest.raises(UnknownNameError, match="no optimizer named 'adan'"):
        model_state(optimizer="adan", weights="bf16", gradients="bf16")
    with pytest.raises(UnknownNameError, match="no sharding named 'all'"):
        model_state(optimizer="adam", weights="bf16", gradients="bf16").split("all")
    assert list(Sharding) == ["none", "optimizer", "gradients", "parameters"]
