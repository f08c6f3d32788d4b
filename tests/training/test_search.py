"""Search of layouts: equal to evaluating them one by one, and clear where nothing fits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.training.layout import Layout
from llm_economics.training.search import LayoutSearch, axes_of, search
from llm_economics.training.step import case_of
from llm_economics.training.step_memory import RESERVE, activation_bytes, memory_parts
from llm_economics.training.step_time import step_parts

H100 = le.accelerators["H100 SXM"]


def run(model: str = "Llama 3.1 8B", accelerators: int = 16, **changes: Any) -> le.TrainingWorkload:
    """Return a run of a model of the catalogue."""
    given: dict[str, Any] = {
        "model": le.models[model],
        "accelerator": H100,
        "accelerators": accelerators,
        "global_batch": "1 Mtoken",
        "sequence_length": "8192 token",
        "software_date": "2025-06",
    }
    return le.TrainingWorkload(**(given | changes))


def alone(workload: le.TrainingWorkload, layout: Layout) -> tuple[float, float]:
    """Return seconds and bytes of one layout, evaluated by itself."""
    case = case_of(workload, [])
    axes = axes_of(layout)
    kept = activation_bytes(case.architecture, case.work.shape)
    seconds = step_parts(case.work, case.machine.central(), case.constants.central(), axes)
    return float(seconds.total), float(memory_parts(case.work, kept, axes, axes.sharding).total)


def test_equals_brute_force() -> None:
    """Every layout of a small case, one object after the other: the same order and figures."""
    workload = run(accelerators=4)
    found = workload.search_layouts(micro_batch=[1, 2], virtual_stages=[1, 2])
    free = float(H100.require("memory").to("byte").magnitude) * (1.0 - RESERVE)
    rows = []
    for tensor, pipeline, context in itertools.product([1, 2, 4], [1, 2, 4], [1, 2]):
        data = 4 // (tensor * pipeline * context)
        if data * tensor * pipeline * context != 4:
            continue
        for virtual, micro, again, sharding in itertools.product(
            [1, 2], [1, 2], ["none", "selective", "full"], ["optimizer", "parameters"]
        ):
            if pipeline == 1 < virtual or (sharding == "parameters" and pipeline > 1):
                continue
            layout = Layout(
                data_parallel=data,
                tensor_parallel=tensor,
                pipeline_parallel=pipeline,
                context_parallel=context,
                virtual_stages=virtual,
                micro_batch=micro,
                recomputation=again,
                sharding=sharding,
                sequence_parallel=True,
                uneven_stages=True,
            )
            seconds, size = alone(workload, layout)
            if size <= free:
                rows.append((seconds, str(layout)))
    assert len(found) == len(rows)
    assert min(rows)[0] == found.step_time().magnitude
    assert {str(found.layout(i)) for i in range(len(found))} == {row[1] for row in rows}
    ranked = [found.step_time(i).magnitude for i in range(len(found))]
    assert ranked == sorted(row[0] for row in rows)


@pytest.mark.parametrize("model", ["Llama 3.1 8B", "Mixtral 8x7B"])
def test_ranks_agree_with_single_layouts(model: str) -> None:
    """Fastest first, nothing that does not fit, each with the digits that it has alone."""
    workload = run(model, 64)
    found = workload.search_layouts()
    free = float(H100.require("memory").to("byte").magnitude) * (1.0 - RESERVE)
    assert np.all(np.diff(found.seconds[found.order]) >= 0.0)
    assert np.all(found.bytes[found.order] <= free)
    for rank in (0, 1, len(found) // 2, len(found) - 1):
        seconds, size = alone(workload, found.layout(rank))
        assert found.step_time(rank).magnitude == seconds
        assert found.memory(rank).magnitude == size / 1e9


def test_many_layouts_agree_with_a_sample() -> None:
    """Of a large machine the best of all is no slower than any that is looked at alone."""
    workload = run("Llama 3.1 405B", 4096, global_batch="16 Mtoken")
    found = workload.search_layouts()
    best = found.step_time().magnitude
    for rank in range(0, len(found), max(1, len(found) // 25)):
        seconds, _ = alone(workload, found.layout(rank))
        assert best <= seconds == found.step_time(rank).magnitude


def test_the_same_twice() -> None:
    """Equal layouts keep their order."""
    first, second = (run(accelerators=64).search_layouts() for _ in range(2))
    assert np.array_equal(first.order, second.order)
    assert str(first) == str(second)


@pytest.mark.parametrize(
    "fixed",
    [
        {"tensor_parallel": 4},
        {"tensor_parallel": [1, 2], "recomputation": "full"},
        {"sharding": "parameters", "micro_batch": 2},
        {"pipeline_parallel": 2, "virtual_stages": 1, "sequence_parallel": False},
    ],
)
def test_fixed_axes_stay(fixed: dict[str, Any]) -> None:
    """What is given is kept in every layout."""
    found = run().search_layouts(**fixed)
    assert len(found) > 0
    for rank in range(len(found)):
        for name, value in fixed.items():
            allowed = value if isinstance(value, list) else [value]
            assert getattr(found.layout(rank), name) in allowed


def test_recomputation_of_the_run_is_kept() -> None:
    """Unless the search is asked for another."""
    workload = run(recomputation="full")
    assert str(workload.search_layouts().best.recomputation) == "full"
    assert str(workload.search_layouts(recomputation="none").best.recomputation) == "none"


def test_refuses_what_does_not_fit() -> None:
    """With what is missing; about as many accelerators as it names do."""
    workload = run("Llama 3.1 405B", 8)
    with pytest.raises(RangeError, match=r"smallest needs 918 GB.*short by 837 GB") as caught:
        workload.search_layouts()
    named = int(str(caught.value).partition("About ")[2].split()[0])
    enough = 2 ** int(np.ceil(np.log2(named)))
    assert len(workload.evolve(accelerators=enough).search_layouts()) > 0


def test_refuses_sharded_parameters_in_a_pipeline() -> None:
    """Memory is not what is missing."""
    with pytest.raises(RangeError, match=r"sharding='parameters' in a pipeline.*would gather"):
        run().search_layouts(sharding="parameters", pipeline_parallel=2)


def test_refuses_unknown_axes_and_ranks() -> None:
    """By name and number."""
    with pytest.raises(UnknownNameError, match="no axis of a layout named 'tensr_parallel'"):
        run().search_layouts(tensr_parallel=8)
    found = run(accelerators=8).search_layouts()
    for ask in (found.layout, found.step_time, found.memory, found.token_rate):
        for rank in (-1, len(found)):
            with pytest.raises(RangeError, match=f"a rank from 0 to {len(found) - 1}; got {rank}"):
                ask(rank)


@pytest.fixture(scope="module")
def small() -> LayoutSearch:
    """Return the layouts of eight accelerators."""
    return run(accelerators=8).search_layouts()


def test_rows_and_tables(small: LayoutSearch) -> None:
    """The same figures as rows, as Markdown and in words."""
    rows = small.rows(3)
    assert [row["step time (s)"] for row in rows] == [
        small.step_time(rank).magnitude for rank in range(3)
    ]
    assert rows[0]["tensor_parallel"] == small.best.tensor_parallel
    assert len(small.rows(10**6)) == len(small)
    lines = str(small.to_markdown(3)).splitlines()
    assert len(lines) == 5
    assert lines[0].count("|") == lines[4].count("|") == len(rows[0]) + 1
    assert "context parallel" in lines[0]
    assert repr(small).startswith(f"LayoutSearch({len(small.grid)} layouts, {len(small)} fit; ")
    assert small._repr_markdown_() == str(small.to_markdown())


def test_frame(small: LayoutSearch) -> None:
    """As a frame, if pandas is there: all that fit, or the first of them."""
    pandas = pytest.importorskip("pandas")
    frame = small.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert len(frame) == len(small)
    assert frame["step time (s)"].is_monotonic_increasing
    assert len(small.to_frame(2)) == 2


def test_rate_follows_from_the_time(small: LayoutSearch) -> None:
    """Tokens of a step over its time and the accelerators."""
    rate = small.token_rate(1).magnitude
    expected = 128 * 8192 / small.step_time(1).magnitude / 8
    assert rate == pytest.approx(expected)


@pytest.mark.parametrize("experts", [False, True])
def test_a_model_of_unknown_shape_is_searched_too(*, experts: bool) -> None:
    """By a stand-in of its size, split as its usual heads and experts split."""
    more: dict[str, Any] = {"active_parameters": "3 Gparameter"} if experts else {}
    model = le.Model(name="closed", parameters="30 Gparameter", **more)
    found = run().evolve(model=model).search_layouts()
    assert found.best.accelerators == 16
    assert bool(found.grid.expert_parallel.max() > 1) == experts


def test_nothing_is_tried_beyond_the_fast_links() -> None:
    """Tensor parallelism stays in the domain, unless it is fixed."""
    workload = run(accelerators=16)
    assert workload.search_layouts().grid.tensor_parallel.max() == 8
    assert workload.search_layouts(tensor_parallel=16).best.tensor_parallel == 16


def test_short_sequences_are_not_cut() -> None:
    """A part of a sequence has 4,096 tokens at least."""
    case = case_of(run(accelerators=8, sequence_length="8192 token"), [])
    found = search(
        case.work,
        case.machine.central(),
        case.constants.central(),
        architecture=case.architecture,
        fixed={},
    )
    assert found.grid.context_parallel.max() == 2
