"""Laws of hardware: value with unit, and limits."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError
from llm_economics.hardware.laws import accelerator_time, ridge_point


def test_accelerator_time() -> None:
    """3.6e21 FLOP at 40 % of 1 PFLOP/s are 2500 accelerator-hours, counted by hand."""
    found = accelerator_time(
        computation=le.quantity("3.6e21 FLOP"),
        peak=le.quantity("1 PFLOP/s/accelerator"),
        model_flops_utilization=le.quantity("40 %"),
    )
    assert found.unit_text == "accelerator·h"
    assert found.number("accelerator*hour") == pytest.approx(2500, rel=1e-12)


def test_ridge_point() -> None:
    """Peak over bandwidth, FLOP per byte."""
    found = ridge_point(peak=le.quantity("197 TFLOP/s"), memory_bandwidth=le.quantity("819 GB/s"))
    assert found.number("FLOP/byte") == pytest.approx(240.5, rel=1e-3)


def test_utilization_above_one_is_refused() -> None:
    """An MFU above 1 is an error in the input, often a sparse or a foreign peak."""
    with pytest.raises(RangeError, match=r"accelerator_time.* needs at most 1; got 1.04"):
        accelerator_time(
            computation=le.quantity("1 FLOP"),
            peak=le.quantity("1 FLOP/s/accelerator"),
            model_flops_utilization=le.quantity(1.04),
        )
