"""Laws of serving: value with unit, and limits."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError
from llm_economics.serving.laws import (
    accelerator_time_per_request,
    accelerator_time_per_request_from_throughput,
    cost_per_token,
    energy_per_token,
    request_energy,
    training_share_per_request,
)


@pytest.mark.parametrize(
    ("found", "unit", "expected"),
    [
        (
            accelerator_time_per_request(
                tokens=le.quantity("100 token/request"),
                computation_per_token=le.quantity("20 GFLOP/token"),
                peak=le.quantity("1 PFLOP/s/accelerator"),
                model_flops_utilization=le.quantity(0.1),
            ),
            "accelerator·s/request",
            0.02,
        ),
        (
            accelerator_time_per_request_from_throughput(
                output_tokens=le.quantity("500 token/request"),
                throughput=le.quantity("250 token/s/accelerator"),
            ),
            "accelerator·s/request",
            2.0,
        ),
        (
            request_energy(
                accelerator_time=le.quantity("3.6 accelerator*second/request"),
                power=le.quantity("1 kW/accelerator"),
                load=le.quantity(0.5),
                power_usage_effectiveness=le.quantity(1.2),
            ),
            "Wh/request",
            0.6,
        ),
        (
            energy_per_token(power=le.quantity("10 kW"), token_rate=le.quantity("5000 token/s")),
            "J/token",
            2.0,
        ),
        (
            cost_per_token(
                money_per_time=le.quantity("3.6 USD/hour"), token_rate=le.quantity("1000 token/s")
            ),
            "USD/Mtoken",
            1.0,
        ),
        (
            training_share_per_request(
                training_energy=le.quantity("50 GWh"),
                requests=le.quantity("1e9 request/day"),
                lifetime=le.quantity("500 day"),
            ),
            "Wh/request",
            0.1,
        ),
    ],
)
def test_value(found: le.Quantity, unit: str, expected: float) -> None:
    """Counted by hand; the law returns its own unit."""
    assert found.unit_text == unit
    assert float(found.magnitude) == pytest.approx(expected, rel=1e-12)


def test_pue_below_one_is_refused() -> None:
    """A request's energy knows the limit of PUE too."""
    with pytest.raises(RangeError, match=r"power_usage_effectiveness.* needs at least 1; got 0.5"):
        request_energy(
            accelerator_time=le.quantity("1 accelerator*second/request"),
            power=le.quantity("1 kW/accelerator"),
            load=le.quantity(0.5),
            power_usage_effectiveness=le.quantity(0.5),
        )
