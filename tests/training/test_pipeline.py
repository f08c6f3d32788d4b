"""Laws of the pipeline: idle time, what is in flight, time of a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.dimensions import formula
from llm_economics.training.pipeline import (
    interleaved_micro_batches,
    micro_batches_in_flight,
    pipeline_bubble,
    pipeline_bubble_share,
    step_time,
)

depths = st.integers(1, 64)


def schedule(stages: int, batches: int) -> tuple[int, int]:
    """Run 1F1B step by step, one unit of time per pass; makespan, and most kept at stage 0."""
    done: dict[tuple[str, int, int], int] = {}
    free = [0] * stages
    orders = [one_forward_one_backward(stages - 1 - s, batches) for s in range(stages)]
    kept = most = 0
    while any(orders):
        for stage, order in enumerate(orders):
            if not order:
                continue
            kind, batch = order[0]
            before = (kind, stage + (1 if kind == "B" else -1), batch)
            first = (kind == "F" and stage == 0) or (kind == "B" and stage == stages - 1)
            if not first and before not in done:
                continue
            ready = done.get(("F", stage, batch) if first and kind == "B" else before, 0)
            free[stage] = max(free[stage], ready) + 1
            done[kind, stage, batch] = free[stage]
            order.pop(0)
            if stage == 0:
                kept += 1 if kind == "F" else -1
                most = max(most, kept)
    return max(free), most


def one_forward_one_backward(warm: int, batches: int) -> list[tuple[str, int]]:
    """Order of passes on a stage: some forward first, then one of each, then the rest."""
    warm = min(warm, batches)
    order = [("F", i) for i in range(warm)]
    for i in range(batches - warm):
        order += [("F", warm + i), ("B", i)]
    return order + [("B", i) for i in range(batches - warm, batches)]


@given(st.integers(1, 6), st.integers(1, 12))
def test_laws_are_what_a_schedule_does(stages: int, batches: int) -> None:
    """Bubble and micro-batches in flight are those of 1F1B, run step by step."""
    makespan, most = schedule(stages, batches)
    shape = {"pipeline_parallel": stages, "micro_batches": batches, "virtual_stages": 1}
    ideal = 2 * batches
    assert makespan == pytest.approx(ideal * (1 + formula(pipeline_bubble)(**shape)), rel=1e-12)
    assert most == micro_batches_in_flight(**shape)


@given(depths, st.integers(1, 256), depths)
def test_share_follows_from_bubble(stages: int, batches: int, chunks: int) -> None:
    """The share of the whole is b / (1 + b), whatever the schedule."""
    shape = {"pipeline_parallel": stages, "micro_batches": batches, "virtual_stages": chunks}
    bubble = formula(pipeline_bubble)(**shape)
    share = formula(pipeline_bubble_share)(**shape)
    assert share == pytest.approx(bubble / (1 + bubble), rel=1e-12)


def test_interleaved() -> None:
    """As published: memory grows by 1 + (p - 1) / (p v)."""
    found = interleaved_micro_batches(
        pipeline_parallel=le.quantity(8), virtual_stages=le.quantity(4)
    )
    assert found.number("") == pytest.approx(8 * (1 + 7 / 32), rel=1e-12)


@given(depths, depths)
def test_in_flight_on_arrays(stages: int, chunks: int) -> None:
    """On an array each layout has its own schedule; never more than there are."""
    found = micro_batches_in_flight(
        pipeline_parallel=stages,
        virtual_stages=np.array([1, chunks]),
        micro_batches=np.array([10**6, 3]),
    )
    assert found[0] == stages
    assert found[1] <= 3


def test_step_time() -> None:
    """16 micro-batches of 100 ms with a quarter of bubble are 2 s, and half a second is exposed."""
    found = step_time(
        micro_batches=le.quantity(16),
        micro_batch_time=le.quantity("100 ms"),
        bubble=le.quantity("25 %"),
        exposed=le.quantity("0.5 s"),
    )
    assert found.number("s") == pytest.approx(2.5, rel=1e-12)
