"""Headline figures as their sources publish them; a change here is a decision, with a source."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le

# shelf, entry, field, unit, low end, high end
PUBLISHED = [
    ("accelerators", "H100 SXM", "power", "W", 700, 700),
    ("accelerators", "H100 SXM", "memory", "GiB", 80, 80),
    ("accelerators", "H100 SXM", "memory_bandwidth", "TB/s", 3.35, 3.35),
    ("accelerators", "H100 SXM", "link_bandwidth", "GB/s", 450, 450),
    ("accelerators", "H100 SXM", "peaks.bf16", "TFLOP/s", 989.4, 989.4),
    ("accelerators", "H100 SXM", "peaks.fp8", "TFLOP/s", 1979, 1979),
    ("accelerators", "H100 SXM", "sparse_peaks.fp8", "TFLOP/s", 3957.8, 3957.8),
    ("accelerators", "A100 SXM 80 GB", "power", "W", 400, 400),
    ("accelerators", "A100 SXM 80 GB", "peaks.bf16", "TFLOP/s", 312, 312),
    ("accelerators", "TPU v4", "peaks.bf16", "TFLOP/s", 275, 275),
    ("accelerators", "TPU v5e", "peaks.bf16", "TFLOP/s", 197, 197),
    ("servers", "DGX H100", "power_maximum", "kW", 10.2, 10.2),
    ("models", "GPT-3 175B", "training_computation", "FLOP", 3.14e23, 3.14e23),
    ("models", "GPT-3 175B", "training_tokens", "Gtoken", 300, 300),
    ("models", "Chinchilla 70B", "training_tokens", "Ttoken", 1.4, 1.4),
    ("models", "Llama 3.1 405B", "training_tokens", "Ttoken", 15.6, 15.6),
    ("models", "PaLM 540B", "parameters", "Gparameter", 540.35, 540.35),
    ("grids", "US", "carbon_intensity", "gCO2e/kWh", 384.4, 384.4),
    ("grids", "World", "carbon_intensity", "gCO2e/kWh", 458.3, 458.3),
    ("facilities", "google", "power_usage_effectiveness", "", 1.09, 1.09),
    ("facilities", "us-hyperscale", "power_usage_effectiveness", "", 1.08, 1.20),
    ("tariffs", "us-hyperscale", "price", "USD/kWh", 0.04, 0.08),
    ("services", "ChatGPT", "requests", "request/day", 2.5e9, 2.6e9),
    ("claims", "seed/chatgpt/training-energy", "value", "MWh", 100, 1000),
]


def figure(shelf: str, entry: str, field: str) -> Any:
    """Find a figure: a field, or a peak of a number format."""
    name, _, part = field.partition(".")
    value = getattr(getattr(le, shelf)[entry], name)
    return value[part] if part else value


@pytest.mark.parametrize(("shelf", "entry", "field", "unit", "low", "high"), PUBLISHED)
def test_figure_is_as_published(  # noqa: PLR0913, PLR0917 - one row of the table
    shelf: str, entry: str, field: str, unit: str, low: float, high: float
) -> None:
    """The quoted ends are those of the source."""
    ends = figure(shelf, entry, field).bounds()
    assert [end.number(unit) for end in ends] == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("name", "layers", "hidden_size", "attention_heads", "key_value_heads"),
    [
        ("GPT-3 175B", 96, 12288, 96, 96),
        ("Llama 2 70B", 80, 8192, 64, 8),
        ("Llama 3.1 405B", 126, 16384, 128, 8),
        ("PaLM 540B", 118, 18432, 48, 1),
    ],
)
def test_shape_is_as_published(
    name: str, layers: int, hidden_size: int, attention_heads: int, key_value_heads: int
) -> None:
    """Shapes of models whose configuration is public."""
    shape = le.models[name].architecture
    assert shape is not None
    assert shape.layers == layers
    assert shape.hidden_size == hidden_size
    assert (shape.attention_heads, shape.key_value_heads) == (attention_heads, key_value_heads)
