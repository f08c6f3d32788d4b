"""Published costs, durations and energies of training runs, by the arithmetic of their authors.

Sources: DeepSeek-AI, "DeepSeek-V3 technical report", arXiv:2412.19437, table 1; Y. Shen et al.,
"JetMoE", arXiv:2404.07413; a public walk-through of GPT-4's training energy (demand of 3125 servers
of 6.5 kW for 2400 hours); Meta, model cards of Llama 3.1 (hours of the family).
"""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.training.laws import training_duration


def test_deepseek_v3() -> None:
    """2.788 million H800-hours at 2 USD on 2048 accelerators: 5.576 MUSD and 56.7 days."""
    duration = training_duration(
        accelerator_time=le.quantity("2.788e6 accelerator*hour"),
        accelerators=le.quantity("2048 accelerator"),
        goodput=le.quantity(1.0),
    )
    run = le.TrainingWorkload(
        model=le.models["DeepSeek-V3"],
        accelerator=le.Accelerator(name="H800", power="700 W", peaks={"bf16": "989.4 TFLOP/s"}),
        accelerators=2048,
        duration=duration,
        rental_price="2 USD/accelerator/hour",
        facility=le.Facility(name="any", power_usage_effectiveness=1.2),
    )
    assert duration.number("day") == pytest.approx(56.7, abs=0.05)
    assert run.estimate().cost.rental.number("MUSD") == pytest.approx(5.576, rel=1e-9)


def test_jetmoe() -> None:
    """30,000 H100-hours on 96 accelerators are 13.0 days."""
    duration = training_duration(
        accelerator_time=le.quantity("30000 accelerator*hour"),
        accelerators=le.quantity("96 accelerator"),
        goodput=le.quantity(1.0),
    )
    assert duration.number("day") == pytest.approx(13.0, abs=0.05)


def test_gpt_4_walk_through() -> None:
    """3125 servers of 6.5 kW for 2400 hours: 48.75 GWh, and 57.5 GWh with a PUE of 1.18."""
    run = le.TrainingWorkload(
        accelerator=le.accelerators["A100 SXM 40 GB"],
        accelerators=3125 * 8,
        server=le.Server(name="server", accelerators=8, power="6.5 kW"),
        duration="2400 hour",
        accelerator_load=1.0,
        network_and_idle_share=0.0,
        facility=le.Facility(name="as assumed", power_usage_effectiveness=1.18),
    )
    energy = run.estimate().energy
    assert energy.server.number("GWh") == pytest.approx(48.75, rel=1e-9)
    assert energy.facility.number("GWh") == pytest.approx(57.5, abs=0.05)


def test_carbon_of_llama_3_1_is_arithmetic_on_hours() -> None:
    """11,390 tCO2e over 39.3 million hours at 700 W is one factor: no measurement of energy.

    The cards of Llama 3.x all give 0.411 to 0.429 kg/kWh over hours x rated power, so that there is
    nothing to match.
    """
    rated = le.accelerators["H100 SXM"].power
    assert rated is not None
    energy = le.quantity("39.3e6 hour") * rated
    factor = le.quantity("11390 tCO2e") / energy
    assert 0.411 <= factor.number("kgCO2e/kWh") <= 0.429
