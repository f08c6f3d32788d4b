"""Time of a step by part: one text on all kinds of numbers, and what has to follow from what."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.program import compile_program
from llm_economics.hardware.machine import Machine
from llm_economics.training.efficiency import StepConstants, constants_for
from llm_economics.training.layout import Layout
from llm_economics.training.layout_grid import enumerate_layouts
from llm_economics.training.search import axes_of
from llm_economics.training.step_shape import StepShape
from llm_economics.training.step_time import StepParts, Work, held_parameters, step_parts

CONSTANTS = StepConstants(
    matrix_efficiency=0.65,
    matrix_efficiency_16_bit=0.6,
    attention_efficiency=0.3,
    memory_efficiency=0.85,
    elementwise_traffic=75.0,
    score_traffic=0.0,
    dispatch_traffic=10.0,
    expert_half_width=3000.0,
    narrow_width=100.0,
    exposed_tensor_parallel=0.3,
    exposed_expert_parallel=0.5,
    exposed_sharding=0.4,
    layer_time=3e-4,
    expert_layer_time=1e-4,
    step_time=0.002,
    loss_per_doubling=0.02,
)
MACHINE = Machine(
    peak=1e15,
    peak_16_bit=1e15,
    memory_bandwidth=3e12,
    memory=80e9,
    domain=8.0,
    scale_up=360e9,
    scale_out=40e9,
)
DENSE = StepShape(
    layers=32.0,
    hidden_size=4096.0,
    active_width=14336.0,
    attention_heads=32.0,
    sequence_length=8192.0,
    dense_parameters=7e9,
    routed_parameters=0.0,
    all_routed_parameters=0.0,
    head_parameters=0.5e9,
    attention=6.0 * 32 * 4096 * 8192,
    experts=1.0,
    active_experts=0.0,
    expert_layers=0.0,
    expert_width=14336.0,
    vocabulary=128256.0,
)
EXPERTS = attrs.evolve(
    DENSE,
    dense_parameters=2e9,
    routed_parameters=5e9,
    all_routed_parameters=80e9,
    experts=64.0,
    active_experts=4.0,
    expert_layers=30.0,
    expert_width=2048.0,
    active_width=8192.0,
)


def parts_of(
    layout: Layout,
    shape: StepShape = DENSE,
    *,
    machine: Machine = MACHINE,
    batch: float = 512.0,
    **changes: Any,
) -> StepParts:
    """Return the parts of a layout; further words change constants."""
    work = Work(shape=shape, global_batch=batch, accelerators=layout.accelerators)
    return step_parts(work, machine, attrs.evolve(CONSTANTS, **changes), axes_of(layout))


@pytest.mark.parametrize("shape", [DENSE, EXPERTS], ids=["dense", "experts"])
def test_arrays_are_rows(shape: StepShape) -> None:
    """Many layouts at once have the digits of each alone."""
    architecture = le.Architecture(
        layers=32,
        hidden_size=4096,
        attention_heads=32,
        experts=64 if shape is EXPERTS else None,
        active_experts=4 if shape is EXPERTS else None,
    )
    grid = enumerate_layouts(64, architecture, 512, micro_batch=[1, 2], virtual_stages=[1, 2])
    work = Work(shape=shape, global_batch=512.0, accelerators=64)
    together = step_parts(work, MACHINE, CONSTANTS, axes_of(grid))
    assert len(together.total) == len(grid) > 100
    for index in range(0, len(grid), len(grid) // 40):
        alone = step_parts(work, MACHINE, CONSTANTS, axes_of(grid.layout(index)))
        for name, value in alone.parts().items():
            column = np.broadcast_to(together.parts()[name], len(grid))
            assert float(column[index]) == float(value), name


@pytest.mark.parametrize(
    "layout",
    [
        Layout(data_parallel=8, sharding="optimizer"),
        Layout(data_parallel=16, tensor_parallel=2, sharding="parameters", recomputation="full"),
        Layout(data_parallel=2, tensor_parallel=4, pipeline_parallel=4, virtual_stages=2),
    ],
)
def test_ranges_at_their_centres_are_floats(layout: Layout) -> None:
    """A range is the same formula: at the medians of its inputs it has the digits of floats."""
    found = constants_for(le.accelerators["H100 SXM"], NumberFormat.BF16, 2025.5, has_experts=False)
    work = Work(shape=DENSE, global_batch=512.0, accelerators=layout.accelerators)
    floats = step_parts(work, MACHINE, found.central(), axes_of(layout))
    ranges = step_parts(work, MACHINE, found.ranges(), axes_of(layout))
    for name, value in ranges.parts().items():
        if not isinstance(value, Uncertain):
            assert float(value) == pytest.approx(float(floats.parts()[name])), name
            continue
        program = compile_program(value)
        medians = [float(v.distribution.quantile(np.array([0.5]))[0]) for v in program.variables]
        expected = pytest.approx(float(floats.parts()[name]), rel=1e-12)
        assert float(program.run(medians)) == expected, name


layouts = st.builds(
    Layout,
    data_parallel=st.sampled_from([1, 2, 8, 64, 512]),
    tensor_parallel=st.sampled_from([1, 2, 8, 16]),
    pipeline_parallel=st.sampled_from([1, 2, 4, 16]),
    context_parallel=st.sampled_from([1, 2]),
    expert_parallel=st.sampled_from([1, 2]),
    virtual_stages=st.sampled_from([1, 2, 3]),
    sharding=st.sampled_from(["none", "optimizer", "gradients", "parameters"]),
    recomputation=st.sampled_from(["none", "selective", "full"]),
)
shares = st.floats(0.01, 1.0)


EXPOSED = ("exposed_tensor_parallel", "exposed_expert_parallel", "exposed_sharding")
constants = st.fixed_dictionaries(
    dict.fromkeys((*EXPOSED, "matrix_efficiency", "attention_efficiency"), shares)
)


@given(
    layout=layouts,
    has_experts=st.booleans(),
    scale=st.floats(0.01, 100.0),
    changes=constants,
    out=st.floats(1e9, 1e12),
)
def test_parts_sum_and_are_never_negative(
    layout: Layout, *, has_experts: bool, scale: float, changes: dict[str, float], out: float
) -> None:
    """Of any shape, layout and constants: no part below nothing, busy no longer than the step."""
    assume(layout.data_parallel * layout.context_parallel % layout.expert_parallel == 0)
    base = EXPERTS if has_experts else DENSE
    sizes = ("dense_parameters", "routed_parameters", "all_routed_parameters", "attention")
    shape = attrs.evolve(base, **{name: scale * getattr(base, name) for name in sizes})
    machine = attrs.evolve(MACHINE, scale_out=out)
    parts = parts_of(layout, shape, batch=4096.0, machine=machine, **changes)
    values = [float(value) for value in parts.parts().values()]
    assert min(values) >= 0.0
    assert sum(values) == pytest.approx(float(parts.total), rel=1e-12)
    assert 0.0 < float(parts.busy) <= float(parts.total)
    assert np.isfinite(float(parts.total))


@given(layout=layouts, has_experts=st.booleans(), slower=shares)
def test_a_slower_network_makes_no_step_faster(
    layout: Layout, *, has_experts: bool, slower: float
) -> None:
    """Whichever of the two networks is slowed down."""
    assume(layout.data_parallel * layout.context_parallel % layout.expert_parallel == 0)
    shape = EXPERTS if has_experts else DENSE
    before = float(parts_of(layout, shape, batch=4096.0).total)
    for name in ("scale_up", "scale_out"):
        slow = attrs.evolve(MACHINE, **{name: slower * getattr(MACHINE, name)})
        after = float(parts_of(layout, shape, batch=4096.0, machine=slow).total)
        assert after >= before * (1.0 - 1e-12), name


def test_twice_the_peak_halves_the_matrices_and_attention() -> None:
    """And nothing that is bound by memory."""
    layout = Layout(data_parallel=8)
    fast = attrs.evolve(MACHINE, peak=2e15, peak_16_bit=2e15)
    before, after = parts_of(layout), parts_of(layout, machine=fast)
    assert after.matrices == pytest.approx(before.matrices / 2.0)
    assert after.attention == pytest.approx(before.attention / 2.0)
    assert after.memory_traffic == before.memory_traffic


def test_the_head_stays_in_16_bits() -> None:
    """A peak of another format speeds up the layers alone."""
    layout = Layout(data_parallel=8)
    fast = parts_of(layout, machine=attrs.evolve(MACHINE, peak=1e30))
    head = 6.0 * DENSE.head_parameters * 512 * 8192 / 8 / (1e15 * 0.6)
    assert fast.matrices == pytest.approx(head * (1.0 + 100.0 / 4096.0), rel=1e-9)


def test_twice_the_memory_bandwidth_halves_what_it_bounds() -> None:
    """Memory traffic, copies for experts, the optimizer."""
    layout = Layout(data_parallel=8, sharding="optimizer")
    fast = attrs.evolve(MACHINE, memory_bandwidth=6e12)
    before, after = parts_of(layout, EXPERTS), parts_of(layout, EXPERTS, machine=fast)
    for name in ("memory_traffic", "expert_dispatch", "optimizer"):
        assert getattr(after, name) == pytest.approx(getattr(before, name) / 2.0), name
    assert after.matrices == before.matrices


def test_more_micro_batches_shrink_the_bubble() -> None:
    """Its share falls as 1 / micro-batches; interleaving divides it too."""

    def bubble(batch: float, virtual: int) -> float:
        layout = Layout(pipeline_parallel=4, virtual_stages=virtual)
        parts = parts_of(layout, batch=batch, loss_per_doubling=0.0, step_time=0.0)
        steady = parts.total - parts.bubble - parts.optimizer - parts.gradients
        return float(parts.bubble / steady)

    assert bubble(8.0, 1) == pytest.approx(3.0 / 8.0)
    assert bubble(64.0, 1) == pytest.approx(3.0 / 64.0)
    assert bubble(8.0, 2) == pytest.approx(3.0 / 16.0)


@pytest.mark.parametrize(
    ("layout", "shape", "part"),
    [
        (Layout(data_parallel=8), DENSE, "tensor_parallel"),
        (Layout(data_parallel=8), EXPERTS, "expert_parallel"),
        (Layout(tensor_parallel=8), DENSE, "gradients"),
        (Layout(tensor_parallel=8, sharding="parameters"), DENSE, "sharding"),
        (Layout(data_parallel=8), DENSE, "bubble"),
        (Layout(data_parallel=8), DENSE, "expert_dispatch"),
        (Layout(data_parallel=8), DENSE, "waiting"),
        (Layout(data_parallel=8, sharding="optimizer"), DENSE, "sharding"),
        (Layout(data_parallel=8, sharding="parameters"), DENSE, "gradients"),
    ],
)
def test_what_is_not_split_is_not_exchanged(layout: Layout, shape: StepShape, part: str) -> None:
    """One part has nobody to reduce with, one stage no bubble, one server no stragglers."""
    assert float(getattr(parts_of(layout, shape), part)) == 0.0


def test_full_recomputation_adds_a_third_of_the_layers() -> None:
    """Not of the head; attention is computed once more for seven products of six."""
    before = parts_of(Layout(data_parallel=8))
    after = parts_of(Layout(data_parallel=8, recomputation="full"))
    tokens, narrow = 512 * 8192 / 8, 1.0 + 100.0 / 4096.0
    layers = 6.0 * DENSE.dense_parameters * tokens * narrow / (1e15 * 0.65)
    assert after.matrices - before.matrices == pytest.approx(layers / 3.0)
    assert after.attention / before.attention == pytest.approx((7.0 + 2.0) / 7.0)
    assert after.memory_traffic / before.memory_traffic == pytest.approx(4.0 / 3.0)


def test_selective_recomputation_repeats_attention_alone() -> None:
    """Matrices stay."""
    before = parts_of(Layout(data_parallel=8))
    after = parts_of(Layout(data_parallel=8, recomputation="selective"))
    assert after.matrices == before.matrices
    assert after.attention == pytest.approx(before.attention * 9.0 / 7.0)


def test_full_recomputation_repeats_exchanges_of_the_forward_pass() -> None:
    """Half as many reductions and exchanges again."""
    split: dict[str, Any] = {"data_parallel": 4, "tensor_parallel": 2, "expert_parallel": 4}
    before = parts_of(Layout(**split), EXPERTS)
    after = parts_of(Layout(**split, recomputation="full"), EXPERTS)
    assert after.tensor_parallel == pytest.approx(1.5 * before.tensor_parallel)
    assert after.expert_parallel == pytest.approx(1.5 * before.expert_parallel)


def test_an_adapter_needs_no_gradients_of_frozen_weights() -> None:
    """Two thirds of the matrix work, and little to update and to reduce; attention as before."""
    axes = axes_of(Layout(data_parallel=8, sharding="optimizer"))
    work = Work(shape=DENSE, global_batch=512.0, accelerators=8)
    full = step_parts(work, MACHINE, CONSTANTS, axes)
    tuned = attrs.evolve(work, backward=2.0 / 3.0, trained_share=0.01)
    adapter = step_parts(tuned, MACHINE, CONSTANTS, axes)
    assert adapter.matrices == pytest.approx(full.matrices * 2.0 / 3.0)
    assert adapter.optimizer == pytest.approx(full.optimizer * 0.01)
    assert adapter.gradients == pytest.approx(full.gradients * 0.01)
    assert adapter.attention == full.attention


@pytest.mark.parametrize(
    ("sharding", "copies"), [("none", 1), ("optimizer", 8), ("gradients", 8), ("parameters", 8)]
)
def test_the_optimizer_updates_what_it_keeps(sharding: str, copies: int) -> None:
    """All parameters where nothing is sharded; a part of them where states are."""
    parts = parts_of(Layout(data_parallel=8, sharding=sharding))
    expected = 20.0 * DENSE.parameters / copies / (3e12 * 0.85)
    assert parts.optimizer == pytest.approx(expected)


def test_experts_are_updated_by_as_many_as_hold_them() -> None:
    """Parts of the experts divide them, copies of the parts share the update."""
    found = [
        parts_of(Layout(data_parallel=8, expert_parallel=n, sharding="optimizer"), EXPERTS)
        for n in (1, 2, 8)
    ]
    assert [p.optimizer for p in found] == pytest.approx([found[0].optimizer] * 3)


def test_gradients_without_sharding_are_reduced_whole() -> None:
    """Four bytes each way, instead of four there and two back."""
    layout: dict[str, Any] = {"data_parallel": 64, "tensor_parallel": 1}
    none, split = (
        parts_of(Layout(**layout, sharding=s), batch=64.0, exposed_sharding=1.0).gradients
        for s in ("none", "optimizer")
    )
    assert none / split == pytest.approx(8.0 / 6.0)


def test_experts_without_copies_are_not_gathered() -> None:
    """As many parts of the experts as accelerators: each expert lives once, nothing is reduced."""
    layout: dict[str, Any] = {"data_parallel": 64, "expert_parallel": 64}
    lonely = attrs.evolve(EXPERTS, all_routed_parameters=800e9)
    for sharding, part in (("optimizer", "gradients"), ("parameters", "sharding")):
        found = [
            getattr(parts_of(Layout(**layout, sharding=sharding), s, exposed_sharding=1.0), part)
            for s in (EXPERTS, lonely)
        ]
        assert found[0] == found[1] > 0.0


def test_each_accelerator_exchanges_its_own_experts() -> None:
    """Members of a server hold different experts, so each needs its own way over the network."""
    layout = Layout(data_parallel=64, expert_parallel=8, sharding="optimizer")
    alone = attrs.evolve(EXPERTS, dense_parameters=5.0, head_parameters=0.0)
    found = parts_of(layout, alone, batch=64.0, exposed_sharding=1.0).gradients
    # Seven of eight copies elsewhere, ten billion parameters of six bytes, one network card.
    assert found == pytest.approx(7.0 / 8.0 * 6.0 * 80e9 / 8.0 / 40e9, rel=1e-6)


def test_held_parameters_by_hand() -> None:
    """Tensor and pipeline parallelism split layers; experts are split among their parts."""
    axes = axes_of(
        Layout(data_parallel=4, tensor_parallel=2, pipeline_parallel=4, expert_parallel=4)
    )
    held = held_parameters(EXPERTS, axes)
    assert held.dense == (2e9 + 2.0 * 0.5e9) / 8
    assert held.routed == 80e9 / 16
    assert held.total == held.dense + held.routed


def test_unfused_scores_pass_through_memory() -> None:
    """Software before fused attention moves them, per head and position."""
    layout = Layout(data_parallel=8)
    extra = parts_of(layout, score_traffic=50.0).memory_traffic - parts_of(layout).memory_traffic
    tokens = 512 * 8192 / 8
    assert extra == pytest.approx(tokens * 32 * 50.0 * 32 * 8192 / (3e12 * 0.85))


def test_narrow_parts_take_longer() -> None:
    """More tensor parallel parts cut matrices narrower; experts have narrow ones anyway."""
    wide = parts_of(Layout(data_parallel=8)).matrices
    assert parts_of(Layout(tensor_parallel=8)).matrices > wide
    small = attrs.evolve(EXPERTS, expert_width=512.0)
    layout = Layout(data_parallel=8)
    assert parts_of(layout, small).matrices > parts_of(layout, EXPERTS).matrices


def test_uneven_stages_go_at_the_pace_of_the_largest() -> None:
    """32 layers on 3 stages take as long as 33."""
    layout = Layout(pipeline_parallel=3, uneven_stages=True)
    parts = parts_of(layout, loss_per_doubling=0.0)
    even = parts_of(Layout(pipeline_parallel=4), loss_per_doubling=0.0)
    assert parts.attention / even.attention == pytest.approx((33 / 32 / 3) / (1 / 4))


def test_waiting_grows_with_each_doubling() -> None:
    """Two per cent of the step for each doubling beyond a server."""
    parts = parts_of(Layout(data_parallel=64), batch=512.0)
    assert parts.waiting / (parts.total - parts.waiting) == pytest.approx(3 * 0.02)


def test_parts_have_names_in_words() -> None:
    """For tables: words, in the order of the fields."""
    names = list(parts_of(Layout()).parts())
    assert names[2] == "memory traffic"
    assert len(names) == 12
