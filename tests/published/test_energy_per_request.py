"""Published energies of one request: Epoch AI, de Vries, Google.

Sources: J. You, "How much energy does ChatGPT use?", Epoch AI, 2025-02-07, with its spreadsheet;
A. de Vries, "The growing energy footprint of artificial intelligence", Joule 7 (10), 2023;
C. Elsworth et al. (Google), arXiv:2508.15734.
"""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.facility.energy import EnergyByBoundary

# Epoch counts the server's share of one accelerator, 1275 W, as the power of the accelerator.
EPOCH_ACCELERATOR = le.Accelerator(
    name="H100 with its share of the server", power="1275 W", peaks={"bf16": "989 TFLOP/s"}
)


def epoch(parameters: str, utilization: float, overhead: float) -> le.InferenceWorkload:
    """Return a request of 500 tokens as Epoch counts it: writing alone, nothing idle."""
    return le.InferenceWorkload(
        model=le.Model(name="GPT-4o, as assumed", parameters=parameters),
        accelerator=EPOCH_ACCELERATOR,
        facility=le.Facility(name="assumed", power_usage_effectiveness=overhead),
        number_format="bf16",
        attention="none",
        output_tokens="500 token",
        model_flops_utilization=utilization,
        accelerator_load=0.7,
        server_factor=1.0,
        network_and_idle_share=0.0,
    )


@pytest.mark.parametrize(
    ("parameters", "utilization", "overhead", "seconds", "energy"),
    [
        ("100 Gparameter", 0.10, 1.2, 1.011, 0.3008),  # base case: 1.011 s, 0.3008 Wh
        ("200 Gparameter", 0.05, 1.3, 4.044, 1.304),  # pessimistic case: 1.304 Wh
    ],
)
def test_epoch(
    parameters: str, utilization: float, overhead: float, seconds: float, energy: float
) -> None:
    """Epoch's base case is 0.3 Wh per request, its pessimistic case 1.3 Wh."""
    estimate = epoch(parameters, utilization, overhead).estimate()
    found = estimate.accelerator_time.number("accelerator*second/request")
    assert found == pytest.approx(seconds, rel=1e-3)
    assert estimate.energy.facility.number("Wh/request") == pytest.approx(energy, rel=1e-3)


def test_de_vries() -> None:
    """3617 servers of 6.5 kW for 13 million users of 15 requests a day are 2.894 Wh a request."""
    server = le.Server(name="DGX A100", power="6.5 kW", accelerators=8)
    assert server.power is not None
    power = le.quantity("3617 server") * server.power / le.quantity("1 server")
    requests = le.quantity("13e6 user/day") * le.quantity("15 request/user")
    assert (power / requests).number("Wh/request") == pytest.approx(2.894, rel=1e-3)


def test_google_shares() -> None:
    """0.24 Wh: 58 % accelerators, 25 % host, 10 % idle, 8 % overhead, and a PUE near 1.087.

    The shares sum to 101 % by rounding.
    """
    prompt = le.quantity("0.24 Wh/request")
    energy = EnergyByBoundary(
        accelerator=0.58 * prompt,
        host=0.25 * prompt,
        network_and_idle=0.10 * prompt,
        overhead=0.08 * prompt,
    )
    assert energy.facility.number("Wh/request") == pytest.approx(0.24, rel=0.011)
    overhead = (energy.facility / energy.it).number("")
    assert overhead == pytest.approx(1.087, abs=0.002)
    assert overhead == pytest.approx(1.09, abs=0.005)  # the fleet's, as stated


def test_google_narrow_boundary() -> None:
    """The narrow figure of 0.10 Wh is 2.4 times less, and is not the share of the accelerators."""
    wide, narrow = le.quantity("0.24 Wh/request"), le.quantity("0.10 Wh/request")
    assert (wide / narrow).number("") == pytest.approx(2.4)
    assert (0.58 * wide / narrow).number("") == pytest.approx(1.392)
