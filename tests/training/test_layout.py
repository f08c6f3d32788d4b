"""Layouts: what a noun takes, what fits a model, and all of them at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError, UnknownNameError
from llm_economics.training.layout import Layout, micro_batches
from llm_economics.training.layout_check import check_layout
from llm_economics.training.layout_grid import enumerate_layouts
from llm_economics.transformer.computation import Recomputation
from llm_economics.transformer.training_memory import Sharding

DENSE = le.Architecture(
    layers=12, hidden_size=768, attention_heads=12, key_value_heads=4, intermediate_size=3072
)
EXPERTS = le.Architecture(
    layers=8, hidden_size=512, attention_heads=8, intermediate_size=1000, experts=6
)
LATENT = le.Architecture(
    layers=6,
    hidden_size=512,
    attention_heads=8,
    key_value_heads=1,
    key_value_compression=64,
    intermediate_size=1024,
    experts=8,
    expert_intermediate_size=96,
)
SHAPES = {"dense": DENSE, "experts": EXPERTS, "latent": LATENT}
AXES = (
    "tensor_parallel",
    "pipeline_parallel",
    "context_parallel",
    "data_parallel",
    "expert_parallel",
    "virtual_stages",
    "micro_batch",
)


def test_sizes() -> None:
    """Accelerators are the product of four axes; expert parallel is within two of them."""
    layout = Layout(
        data_parallel=4,
        tensor_parallel=8,
        pipeline_parallel=2,
        context_parallel=3,
        expert_parallel=12,
        virtual_stages=5,
        sharding="optimizer",
        recomputation="full",
    )
    assert (layout.accelerators, layout.model_parallel, layout.stages) == (192, 16, 10)
    assert layout.sharding is Sharding.OPTIMIZER
    assert layout.recomputation is Recomputation.FULL
    assert "tensor_parallel=8" in repr(layout)


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("data_parallel", 0, r"Layout.data_parallel needs a whole number from 1, .* got 0"),
        ("tensor_parallel", 2.0, r"Layout.tensor_parallel needs a whole number .* got 2.0"),
        ("micro_batch", True, r"Layout.micro_batch needs a whole number from 1"),
        ("micro_batch", 10**4000, r"Layout.micro_batch needs .* got one beyond 1e6"),
        ("sequence_parallel", 1, r"Layout.sequence_parallel needs True or False; got 1"),
    ],
)
def test_refuses(field: str, value: Any, match: str) -> None:
    """What is no whole number or flag is refused by its field."""
    with pytest.raises(RangeError, match=match):
        Layout(**{field: value})


@pytest.mark.parametrize(
    ("field", "match"),
    [
        ("sharding", r"no sharding named 'gradient'.*'gradients'.* none, optimizer, gradients"),
        ("recomputation", r"no recomputation named 'gradient'.* one of none, selective, full"),
    ],
)
def test_refuses_other_words(field: str, match: str) -> None:
    """A word that is not one of the few is refused with those."""
    with pytest.raises(UnknownNameError, match=match):
        Layout(**{field: "gradient"})


def test_micro_batches() -> None:
    """2048 sequences on 128 copies, two at a time, are 8 micro-batches."""
    found = micro_batches(
        global_batch=le.quantity(2048), data_parallel=le.quantity(128), micro_batch=le.quantity(2)
    )
    assert found.number("") == 8


@pytest.mark.parametrize(
    ("fields", "shape", "given_", "match"),
    [
        ({"tensor_parallel": 5}, "dense", {}, r"12 attention heads .* = 5; 4 or 6 would do"),
        ({"tensor_parallel": 6}, "dense", {}, r"4 key and value heads neither divide by .* = 6"),
        ({"tensor_parallel": 7}, "dense", {}, r"inner width 3072 .* = 7; 6 or 8 would do"),
        ({"pipeline_parallel": 5}, "dense", {}, r"12 layers .* 5 stages .*; 4 or 6 would do, or"),
        ({"pipeline_parallel": 24}, "dense", {}, r"fewer than 24 stages .*; at most 12 would do"),
        (
            {"pipeline_parallel": 13, "uneven_stages": True},
            "dense",
            {},
            r"fewer than 13 stages .*; at most 12 would do",
        ),
        ({"virtual_stages": 2}, "dense", {}, r"virtual_stages = 2 needs a pipeline"),
        ({"expert_parallel": 2}, "dense", {}, r"= 2, but the model has no experts; 1 would do"),
        ({"expert_parallel": 4}, "experts", {}, r"6 experts do not divide .* 3 or 6 would do"),
        (
            {"expert_parallel": 2, "data_parallel": 3},
            "experts",
            {},
            r"expert_parallel = 2 does not divide .* = 3; 1 or 3 would do",
        ),
        ({"data_parallel": 3}, "dense", {"global_batch": 16}, r"= 16 .* = 3; 15 or 18 would do"),
        ({"data_parallel": 3}, "dense", {"global_batch": 2}, r"= 2 .* = 3; 3 would do"),
        (
            {"pipeline_parallel": 2, "virtual_stages": 3},
            "dense",
            {"global_batch": 5},
            r"divide by pipeline_parallel = 2; got 5; global_batch = 4 or 6 would do",
        ),
        (
            {"data_parallel": 4, "pipeline_parallel": 4},
            "dense",
            {"accelerators": 8},
            r"takes 16 .*, 8 more than the 8 .*; data_parallel=2, pipeline_parallel=4; or",
        ),
        (
            {"pipeline_parallel": 4, "virtual_stages": 3},
            "dense",
            {"accelerators": 1},
            r"3 more than the 1 there are; no parallelism would do",
        ),
        (
            {"data_parallel": 32},
            "dense",
            {"accelerators": 31, "global_batch": 32},
            r"1 more than the 31 there are; context_parallel=31 would do",
        ),
        ({}, "dense", {"accelerators": 0}, r"accelerators needs a whole number from 1"),
        ({}, "dense", {"global_batch": 2.5}, r"global_batch needs a whole number .* got 2.5"),
    ],
)
def test_says_what_does_not_fit(
    fields: dict[str, Any], shape: str, given_: dict[str, Any], match: str
) -> None:
    """Each problem is named with what would do."""
    with pytest.raises(RangeError, match=match):
        check_layout(Layout(**fields), SHAPES[shape], **given_)


def test_lists_every_problem() -> None:
    """One message, one line for each."""
    layout = Layout(
        data_parallel=7, tensor_parallel=5, pipeline_parallel=7, expert_parallel=5, micro_batch=2
    )
    with pytest.raises(RangeError) as caught:
        check_layout(layout, EXPERTS, accelerators=64, global_batch=64)
    assert str(caught.value).count("\n  - ") == 7


@pytest.mark.parametrize(
    ("fields", "shape"),
    [
        ({"tensor_parallel": 12}, "dense"),  # key and value heads are replicated three times
        ({"tensor_parallel": 8}, "latent"),  # latent attention makes all heads from one vector
        ({"tensor_parallel": 8, "expert_parallel": 6, "data_parallel": 6}, "experts"),
        ({"pipeline_parallel": 5, "uneven_stages": True}, "dense"),
    ],
)
def test_lets_pass_what_fits(fields: dict[str, Any], shape: str) -> None:
    """Replicated heads, whole experts of any width, and stages that differ if asked for."""
    check_layout(Layout(**fields), SHAPES[shape], accelerators=1024, global_batch=48)


def test_published_layout_of_llama() -> None:
    """Llama 3 405B: 16 stages of 126 layers differ; 8 x 16 x 128 accelerators."""
    shape = le.models["Llama 3.1 405B"].architecture
    layout = Layout(data_parallel=128, tensor_parallel=8, pipeline_parallel=16, uneven_stages=True)
    check_layout(layout, shape, accelerators=16_384, global_batch=2048)


def test_unknown_heads() -> None:
    """Unknown is not one: heads are asked for where they would be split, else not."""
    shape = le.Architecture(layers=8, hidden_size=512)
    with pytest.raises(MissingInputError, match=r"attention heads .*evolve\(attention_heads=32\)"):
        check_layout(Layout(tensor_parallel=2), shape)
    with pytest.raises(MissingInputError, match="attention heads"):
        enumerate_layouts(8, shape, 8)
    assert len(enumerate_layouts(8, shape, 8, tensor_parallel=1)) > 0
    with pytest.raises(RangeError, match=r"8 more than the 8 there are; data_parallel=8; or "):
        check_layout(Layout(data_parallel=16), shape, accelerators=8)


def fits(layout: Layout, shape: le.Architecture, accelerators: int, batch: int) -> bool:
    """Whether a layout takes all accelerators and passes the check."""
    if layout.accelerators != accelerators:
        return False
    try:
        check_layout(layout, shape, accelerators=accelerators, global_batch=batch)
    except RangeError:
        return False
    return True


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize(("accelerators", "batch"), [(6, 6), (8, 4)])
def test_enumerates_exactly_what_fits(
    shape: str, uneven: bool, accelerators: int, batch: int
) -> None:
    """The arrays hold each layout that passes the check, once, and no other."""
    model = SHAPES[shape]
    whole = [
        n
        for n in itertools.product(range(1, accelerators + 1), repeat=4)
        if np.prod(n) == accelerators
    ]
    chunks = range(1, 7)
    rest = list(itertools.product((1, 2, 3, 4, 6, 8), chunks, range(1, batch + 1)))
    expected = {
        (*n, *r)
        for n, r in itertools.product(whole, rest)
        if fits(
            Layout(**dict(zip(AXES, (*n, *r), strict=True)), uneven_stages=uneven),
            model,
            accelerators,
            batch,
        )
    }
    grid = enumerate_layouts(
        accelerators,
        model,
        batch,
        virtual_stages=[n for n in chunks if n <= model.layers],
        sharding="none",
        recomputation="full",
        uneven_stages=uneven,
    )
    found = list(zip(*(getattr(grid, axis).tolist() for axis in AXES), strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)
    order = [(t, p, c, e, v, m) for t, p, c, _, e, v, m in found]
    assert order == sorted(order)


@settings(max_examples=25)
@given(st.integers(1, 512), st.integers(1, 512), st.sampled_from(sorted(SHAPES)), st.booleans())
def test_every_row_is_a_layout_that_fits(
    accelerators: int, batch: int, shape: str, uneven: bool
) -> None:
    """First, middle and last row pass the check and take all accelerators."""
    try:
        grid = enumerate_layouts(accelerators, SHAPES[shape], batch, uneven_stages=uneven)
    except RangeError:
        return
    for index in (0, len(grid) // 2, -1):
        assert fits(grid.layout(index), SHAPES[shape], accelerators, batch)


def test_axes_can_be_fixed() -> None:
    """One value, several values, words, and flags for all."""
    grid = enumerate_layouts(
        64,
        DENSE,
        64,
        tensor_parallel=4,
        micro_batch=[2, 1],
        recomputation="full",
        sharding=["parameters", "none"],
        sequence_parallel=True,
    )
    assert set(grid.tensor_parallel.tolist()) == {4}
    assert set(grid.micro_batch.tolist()) == {1, 2}
    assert set(grid.sharding.tolist()) == {0, 3}
    last = grid.layout(-1)
    assert last.sharding is Sharding.PARAMETERS
    assert last.recomputation is Recomputation.FULL
    assert last.sequence_parallel
    assert repr(grid) == f"LayoutGrid({len(grid)} layouts)"


def test_columns_are_read_only() -> None:
    """Nobody changes a row behind another's back."""
    grid = enumerate_layouts(8, DENSE, 8)
    with pytest.raises(ValueError, match="read-only"):
        grid.data_parallel[0] = 2


@pytest.mark.parametrize(
    ("fixed", "match"),
    [
        ({"tensor_parallel": 5}, r"no layout of 8 .* at tensor_parallel = 5: it has to divide"),
        ({"pipeline_parallel": 8}, r"at pipeline_parallel = 8: .* and 12 layers"),
        ({"context_parallel": 3}, r"at context_parallel = 3: .* with the axes before"),
        ({"data_parallel": 3}, r"at data_parallel = 3: .* divide global_batch = 8"),
        ({"expert_parallel": 2}, r"at expert_parallel = 2: it has to divide 1 experts"),
        ({"virtual_stages": 5}, r"at virtual_stages = 5: .* divide 12 layers"),
        ({"micro_batch": range(9, 20)}, r"micro_batch = 9, 10, 11, 12, 13, 14, ...: with data"),
        ({"micro_batch": []}, r"micro_batch needs a value or several; got none"),
        ({"micro_batch": 0}, r"micro_batch needs a whole number from 1, such as .* got 0"),
        ({"uneven_stages": "yes"}, r"uneven_stages needs True or False; got 'yes'"),
    ],
)
def test_says_why_nothing_is_left(fixed: dict[str, Any], match: str) -> None:
    """An empty result names the axis that took the last layout, and its rule."""
    with pytest.raises(RangeError, match=match):
        enumerate_layouts(8, DENSE, 8, **fixed)


def test_unknown_axis() -> None:
    """A misspelt axis is refused with the nearest."""
    with pytest.raises(UnknownNameError, match=r"no axis of a layout .*Did you mean 'tensor_par"):
        enumerate_layouts(8, DENSE, 8, tensor_paralel=2)


def test_too_many_combinations() -> None:
    """More layouts than a machine holds are refused before they are made."""
    shape = le.Architecture(layers=720_720, hidden_size=1, attention_heads=720_720)
    with pytest.raises(RangeError, match=r"more than 5,000,000 combinations at .*context_parallel"):
        enumerate_layouts(720_720, shape, 720_720)
