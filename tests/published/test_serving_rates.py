"""Published rates of serving: tokens per megawatt, money per token, bytes per token, the ridge.

Sources: NVIDIA, "Think SMART: how to optimize AI factory inference performance", 2025 (one megawatt
of Hopper accelerators); NVIDIA, NIM benchmarking documentation (Llama 3.3 70B on two H100, FP8,
5000 tokens in, 500 out); vLLM issue 22291 (cache measured by a user); NVIDIA H100 data sheet.
"""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.hardware.laws import ridge_point
from llm_economics.serving.laws import energy_per_token


def test_hopper_megawatt() -> None:
    """180,000 token/s per megawatt: 0.18 token/J, 5.56 J/token, 1.54 Wh per thousand tokens."""
    energy = energy_per_token(power=le.quantity("1 MW"), token_rate=le.quantity("180000 token/s"))
    assert energy.number("joule/token") == pytest.approx(5.56, abs=0.005)
    assert energy.number("Wh/ktoken") == pytest.approx(1.54, abs=0.005)
    assert (1 / energy).number("token/joule") == pytest.approx(0.18, rel=1e-12)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [("51.67 token/s", 26.9), ("814.37 token/s", 1.71), ("920.12 token/s", 1.51)],
)
def test_nim_llama_3_3_70b(rate: str, expected: float) -> None:
    """Two H100 at 2.5 USD per hour each, at three loads: USD per million output tokens."""
    query = le.InferenceWorkload(
        accelerator=le.accelerators["H100 SXM"],
        facility=le.facilities["us-hyperscale"],
        input_tokens="5000 token",
        output_tokens="500 token",
        throughput=le.quantity(rate) / 2,
        rental_price="2.5 USD/accelerator/hour",
    )
    found = query.estimate().cost_per_output_token("rental").number("USD/Mtoken")
    assert found == pytest.approx(expected, abs=0.05 if expected > 10 else 0.005)


def test_cache_of_qwen_2_5_7b() -> None:
    """56 KiB a token with 4 key-value heads; 3072 tokens are 0.164 GiB, as the user measured.

    With bits for bytes and 28 heads for 4 he had expected 4.59, which is 28 times as much.
    """
    shape = le.models["Qwen2.5-7B"].architecture
    assert shape is not None
    per_token = shape.key_value_cache_per_token("bf16")
    assert per_token.number("byte/token") == 57344
    assert per_token.number("KiB/token") == 56
    cache = (per_token * le.quantity("3072 token")).number("GiB")
    assert cache == pytest.approx(0.164, abs=0.0005)
    assert 4.59 / cache == pytest.approx(28.0, rel=0.01)


def test_ridge_of_h100() -> None:
    """989.4 TFLOP/s over 3.35 TB/s: 295 FLOP/byte."""
    chip = le.accelerators["H100 SXM"]
    ridge = ridge_point(peak=chip.peak("bf16"), memory_bandwidth=chip.require("memory_bandwidth"))
    assert ridge.number("FLOP/byte") == pytest.approx(295, abs=0.5)
