"""Memory of a training run by part: by hand, against the laws, and what has to follow from what."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.training.layout import Layout
from llm_economics.training.layout_grid import enumerate_layouts
from llm_economics.training.search import axes_of
from llm_economics.training.step_memory import (
    ActivationBytes,
    MemoryParts,
    activation_bytes,
    memory_parts,
)
from llm_economics.training.step_shape import step_shape
from llm_economics.training.step_time import Work
from llm_economics.transformer.activation_laws import output_activations_per_token
from llm_economics.transformer.activations import layer_activations
from llm_economics.transformer.training_memory import Sharding, model_state

LLAMA = le.models["Llama 3.1 8B"]
MIXTRAL = le.models["Mixtral 8x7B"]
LENGTH = 8192


def memory(layout: Layout, model: le.Model = LLAMA, **changes: Any) -> MemoryParts:
    """Return the bytes of a layout; further words change the work."""
    shape = step_shape(model, le.quantity(LENGTH, "token"))
    work = Work(shape=shape, global_batch=1024.0, accelerators=layout.accelerators)
    axes = axes_of(layout)
    kept = activation_bytes(model.architecture, shape)
    return memory_parts(attrs.evolve(work, **changes), kept, axes, axes.sharding)


# Llama 3.1 8B: 32 layers of projections 41.9 M and feed-forward 176.2 M, two tables of 525.3 M.
LAYERS = 32 * (2 * 4096 * 4096 + 2 * 4096 * 1024 + 3 * 4096 * 14336)
TABLE = 128256 * 4096
PARAMETERS = LAYERS + 2 * TABLE


@pytest.mark.parametrize(
    ("sharding", "weights", "gradients", "optimizer"),
    [
        ("none", 2.0, 4.0, 12.0),
        ("optimizer", 2.0, 4.0, 12.0 / 8),
        ("gradients", 2.0, 4.0 / 8, 12.0 / 8),
        ("parameters", 2.0 / 8, 4.0 / 8, 12.0 / 8),
    ],
)
def test_state_by_hand(sharding: str, weights: float, gradients: float, optimizer: float) -> None:
    """Two, four and twelve bytes per parameter, each divided from its level of sharding on."""
    found = memory(Layout(data_parallel=8, sharding=sharding))
    assert found.weights == pytest.approx(weights * PARAMETERS, rel=1e-12)
    assert found.gradients == pytest.approx(gradients * PARAMETERS, rel=1e-12)
    assert found.optimizer == pytest.approx(optimizer * PARAMETERS, rel=1e-12)


def test_activations_and_logits_by_hand() -> None:
    """136 KiB per token and layer, a logit in fp32 for each token of the vocabulary."""
    found = memory(Layout(data_parallel=8, micro_batch=2))
    assert found.activations == pytest.approx(2 * LENGTH * 32 * 136 * 1024)
    assert found.logits == pytest.approx(2 * LENGTH * (4 * 128256 + 2 * 2 * 4096))
    assert found.gathered == 0.0


def test_two_gathered_layers_by_hand() -> None:
    """Sharded parameters are gathered in 16 bits: the layer at work and the next."""
    found = memory(Layout(data_parallel=8, sharding="parameters"))
    assert found.gathered == pytest.approx(2 * 2 * PARAMETERS / 32)


@pytest.mark.parametrize("optimizer", ["adam", "adam 8-bit", "sgd"])
@pytest.mark.parametrize("sharding", list(Sharding))
def test_state_agrees_with_the_laws(optimizer: str, sharding: Sharding) -> None:
    """What is held whole and what is spread, as `ModelState` splits it."""
    state = model_state(optimizer=optimizer, weights="bf16", gradients="fp32")
    whole, spread = (part.to("byte/parameter").magnitude for part in state.split(str(sharding)))
    found = memory(Layout(data_parallel=16, sharding=sharding), optimizer=optimizer)
    expected = PARAMETERS * (whole + spread / 16)
    assert found.weights + found.gradients + found.optimizer == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("recomputation", ["none", "selective", "full"])
@pytest.mark.parametrize("model", [LLAMA, MIXTRAL, le.models["GPT-3 175B"]], ids=str)
def test_activations_agree_with_the_laws(model: le.Model, recomputation: str) -> None:
    """Bytes of a layer come from the shape; logits from their law."""
    assert model.architecture is not None
    found = memory(Layout(data_parallel=8, recomputation=recomputation), model)
    layer = layer_activations(model.architecture, recomputation=recomputation)
    per_token = layer.total.to("byte/token").magnitude * model.architecture.layers
    assert found.activations == pytest.approx(per_token * LENGTH, rel=1e-12)
    logits = output_activations_per_token(
        vocabulary_size=le.quantity(float(model.architecture.vocabulary_size or 0)),
        hidden_size=le.quantity(float(model.architecture.hidden_size)),
        logit=le.quantity("4 byte/token"),
        element=le.quantity("2 byte/token"),
    )
    assert found.logits == pytest.approx(logits.to("byte/token").magnitude * LENGTH, rel=1e-12)


layouts = st.builds(
    Layout,
    data_parallel=st.just(8),
    tensor_parallel=st.sampled_from([1, 2, 8]),
    pipeline_parallel=st.sampled_from([1, 2, 8]),
    context_parallel=st.sampled_from([1, 2, 4]),
    micro_batch=st.sampled_from([1, 2, 4, 8]),
    sharding=st.sampled_from(list(Sharding)),
    recomputation=st.sampled_from(["none", "selective", "full"]),
)


@given(layout=layouts)
def test_monotone(layout: Layout) -> None:
    """Twice the micro-batch never takes less, twice the copies never more; parts sum up."""
    found = memory(layout)
    assert min(found.parts().values()) >= 0.0
    assert sum(found.parts().values()) == found.total
    assert memory(layout.evolve(micro_batch=2 * layout.micro_batch)).total >= found.total
    assert memory(layout.evolve(data_parallel=16)).total <= found.total


def test_recomputation_keeps_less() -> None:
    """The more is computed again, the less is kept."""
    kept = [memory(Layout(data_parallel=8, recomputation=r)).activations for r in ("none", "full")]
    assert kept[1] == pytest.approx(kept[0] * 8192 / (136 * 1024))


@pytest.mark.parametrize(
    ("virtual", "flight"), [(1, 4.0), (2, 4.0 + 3.0 / 2.0), (4, 4.0 + 3.0 / 4.0)]
)
def test_micro_batches_in_flight(virtual: int, flight: float) -> None:
    """The first of four stages keeps four micro-batches, and more if stages are interleaved."""
    layout = Layout(pipeline_parallel=4, virtual_stages=virtual)
    assert memory(layout).activations == pytest.approx(LENGTH * 8 * flight * 136 * 1024)


def test_no_more_in_flight_than_there_are() -> None:
    """Two micro-batches fill two places of four."""
    found = memory(Layout(pipeline_parallel=4), global_batch=2.0)
    assert found.activations == pytest.approx(LENGTH * 8 * 2 * 136 * 1024)


def test_experts_are_spread_once() -> None:
    """Their parts divide experts, and copies of a part only divide what the part holds."""
    shape = step_shape(MIXTRAL, le.quantity(LENGTH, "token"))
    dense = shape.dense_parameters + 2 * shape.head_parameters
    whole = memory(Layout(data_parallel=16, expert_parallel=8), MIXTRAL)
    assert whole.weights == pytest.approx(2 * (dense + shape.all_routed_parameters / 8))
    spread = memory(Layout(data_parallel=16, expert_parallel=8, sharding="parameters"), MIXTRAL)
    assert spread.weights == pytest.approx(2 * shape.parameters / 16)


def test_an_adapter_has_few_states() -> None:
    """Gradients and states of what is trained alone; weights of all."""
    full = memory(Layout(data_parallel=8))
    adapter = memory(Layout(data_parallel=8), trained_share=0.01)
    assert adapter.weights == full.weights
    assert adapter.gradients == pytest.approx(0.01 * full.gradients)
    assert adapter.optimizer == pytest.approx(0.01 * full.optimizer)


def test_arrays_are_rows() -> None:
    """Many layouts at once have the digits of each alone."""
    assert LLAMA.architecture is not None
    grid = enumerate_layouts(64, LLAMA.architecture, 1024, micro_batch=[1, 4], virtual_stages=1)
    shape = step_shape(LLAMA, le.quantity(LENGTH, "token"))
    work = Work(shape=shape, global_batch=1024.0, accelerators=64)
    axes, kept = axes_of(grid), activation_bytes(LLAMA.architecture, shape)
    together = memory_parts(work, kept, axes, axes.sharding)
    for index in range(0, len(grid), len(grid) // 40):
        alone = memory(grid.layout(index))
        for name, value in alone.parts().items():
            column = np.broadcast_to(together.parts()[name], len(grid))
            assert float(column[index]) == float(value), name


@pytest.mark.parametrize(
    "architecture",
    [None, le.Architecture(layers=32, hidden_size=4096)],
    ids=["none", "incomplete"],
)
def test_a_shape_that_is_not_known_keeps_what_a_gpt_does(
    architecture: le.Architecture | None,
) -> None:
    """34 bytes per unit of width with a feed-forward part four times wider, two of the input."""
    shape = attrs.evolve(step_shape(LLAMA, le.quantity(LENGTH, "token")), active_width=4.0 * 4096)
    kept = activation_bytes(architecture, shape)
    assert kept.none == kept.selective == 34.0 * 4096
    assert kept.full == 2.0 * 4096


def test_linear_attention_counts_as_attention() -> None:
    """A shape with linear layers keeps about what the same one without keeps."""
    assert LLAMA.architecture is not None
    shape = step_shape(LLAMA, le.quantity(LENGTH, "token"))
    mixed = LLAMA.architecture.evolve(linear_layers=16)
    expected = attrs.asdict(activation_bytes(LLAMA.architecture, shape))
    assert attrs.asdict(activation_bytes(mixed, shape)) == expected
    assert isinstance(activation_bytes(mixed, shape), ActivationBytes)
