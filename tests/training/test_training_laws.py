"""Laws of training: value with unit, and limits."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError
from llm_economics.training.laws import model_flops_utilization, training_duration


def test_duration() -> None:
    """2400 accelerator-hours on 100 accelerators at half goodput are two days."""
    found = training_duration(
        accelerator_time=le.quantity("2400 accelerator*hour"),
        accelerators=le.quantity("100 accelerator"),
        goodput=le.quantity(0.5),
    )
    assert found.unit_text == "day"
    assert found.number("day") == pytest.approx(2.0, rel=1e-12)


def test_utilization() -> None:
    """3.6e21 FLOP in 2500 accelerator-hours of 1 PFLOP/s are 40 %."""
    found = model_flops_utilization(
        computation=le.quantity("3.6e21 FLOP"),
        accelerator_time=le.quantity("2500 accelerator*hour"),
        peak=le.quantity("1 PFLOP/s/accelerator"),
    )
    assert found.unit_text == ""
    assert found.number("") == pytest.approx(0.4, rel=1e-12)


def test_goodput_above_one_is_refused() -> None:
    """More than all of the time cannot make progress."""
    with pytest.raises(RangeError, match=r"training_duration\(goodput\) needs at most 1; got 1.1"):
        training_duration(
            accelerator_time=le.quantity("1 accelerator*hour"),
            accelerators=le.quantity("1 accelerator"),
            goodput=le.quantity(1.1),
        )
