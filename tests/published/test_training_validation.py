"""Tokens per second become the TFLOP/s that tables print, once it is known what a table counts.

Each table counts its own way: all positions of attention or those that a token can see, all
parameters or the matrices that multiply, recomputation or not. The conventions below are what the
software of each table does; nothing is tuned to a row. A tolerance is what rounding of the printed
figures explains, unless a comment says more.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

import llm_economics as le
from llm_economics.transformer.computation import (
    hardware_flops_utilization,
    model_computation_per_token,
    recomputed_computation_per_token,
)

SOURCES = {
    "nemo-24.07": "NVIDIA, NeMo Framework 24.07, performance summary (github.com/NVIDIA/NeMo)",
    "bridge-25.09": "NVIDIA, Megatron Bridge, performance summary 25.09",
    "bridge-25.11": "NVIDIA, Megatron Bridge, performance summary 25.11",
    "bridge-26.02": "NVIDIA, Megatron Bridge, performance summary 26.02",
    "bridge-26.06": "NVIDIA, Megatron Bridge, performance summary 26.06",
    "bridge-26.08": "NVIDIA, Megatron Bridge, performance summary 26.08",
    "trillium": "Google, tpu-recipes, training on Trillium, one page for each model",
    "llm-foundry": "MosaicML, LLM Foundry, scripts/train/benchmarking/README.md",
    "trn1": "Amazon, AWS Neuron SDK 2.15, benchmarks of training on Trn1",
    "chowdhery-2022": "Chowdhery and others, PaLM, arXiv:2204.02311, table 3 and appendix B",
    "narayanan-2021": "Narayanan and others, arXiv:2104.04473, and the README of Megatron-LM",
    "tinyllama": "Zhang and others, TinyLlama, README of github.com/jzhang38/TinyLlama",
}

# What the software of a table counts of attention.
ATTENTION = {"nemo": "full", "bridge": "causal", "trillium": "full"}


class Row(NamedTuple):
    """A model, the length of its sequences, tokens/s and TFLOP/s of one accelerator."""

    model: str
    context: int
    tokens: float
    printed: float
    source: str

    @property
    def name(self) -> str:
        """Name of the test."""
        return f"{self.source}-{self.model}-{self.printed:g}"


def flops(model: le.Model, context: float, tokens: float, **how: str) -> float:
    """TFLOP/s of one accelerator that trains so many tokens per second."""
    length = None if how["attention"] == "none" else f"{context} token"
    found = model_computation_per_token(model, context=length, **how)
    return tokens * found.number("TFLOP/token")


DENSE = (
    Row("GPT3-5B", 2048, 23406, 765, "nemo-24.07"),
    Row("GPT3-20B", 2048, 5851, 750, "nemo-24.07"),
    Row("GPT-3 175B", 2048, 716, 771, "nemo-24.07"),
    Row("Llama 2 7B", 4096, 16934, 780, "nemo-24.07"),
    Row("Llama 2 13B", 4096, 8715, 760, "nemo-24.07"),
    Row("Llama 2 70B", 4096, 1728, 768, "nemo-24.07"),
    Row("Nemotron-3 8B", 4096, 12507, 643, "nemo-24.07"),
    Row("Nemotron-3 22B", 4096, 4312, 562, "nemo-24.07"),
    Row("Nemotron-4 340B", 4096, 326, 686, "nemo-24.07"),
    Row("Llama 3 8B", 8192, 12273, 711, "nemo-24.07"),
    Row("Llama 3 70B", 8192, 1524, 734, "nemo-24.07"),
    Row("Llama 3 8B", 8192, 31357, 1614, "bridge-25.09"),
    Row("Llama 3 70B", 8192, 1619, 727, "bridge-25.09"),
    Row("Llama 3.1 405B", 8192, 729, 1840, "bridge-25.09"),
    Row("Llama 3.1 405B", 8192, 292, 737, "bridge-25.11"),
    Row("Llama 3 70B", 8192, 4458, 2004, "bridge-26.02"),
    Row("Llama 3.1 405B", 8192, 1166, 2944, "bridge-26.06"),
    Row("GPT-3 175B", 2048, 357.58, 384.891, "trillium"),
    Row("Llama 2 70B", 4096, 905.021, 402.274, "trillium"),
    Row("Llama 3.1 8B", 8192, 7119.648, 412.319, "trillium"),
    Row("Llama 3.1 70B", 8192, 941.976, 453.5, "trillium"),
    Row("Llama 3.1 405B", 8192, 149.482, 392.454, "trillium"),
)


@pytest.mark.parametrize("row", DENSE, ids=lambda row: row.name)
def test_dense_models(row: Row) -> None:
    """Matrices that multiply, with the attention of the table: to a third of a percent."""
    attention = ATTENTION[row.source.partition("-")[0]]
    found = flops(le.models[row.model], row.context, row.tokens, attention=attention)
    assert found == pytest.approx(row.printed, rel=0.0035)


EXPERTS = (
    Row("DeepSeek-V3", 4096, 3139, 782, "bridge-25.11"),
    Row("DeepSeek-V3 and one further token", 4096, 2139, 557, "bridge-25.11"),
    Row("DeepSeek-V3 and one further token", 4096, 3955, 1028, "bridge-26.02"),
    Row("Qwen3-30B-A3B", 4096, 26084, 600, "bridge-26.02"),
    Row("Qwen3-235B-A22B", 4096, 5448, 806, "bridge-26.02"),
    Row("gpt-oss-120b", 4096, 28672, 934, "bridge-26.08"),
    Row("gpt-oss-120b", 4096, 28947, 943, "bridge-26.06"),
)


def routed(name: str) -> le.Model:
    """Return a mixture of experts as it was trained."""
    further = " and one further token"
    model = le.models[name.removesuffix(further)]
    shape = model.architecture
    assert shape is not None
    layers = 1 if name.endswith(further) else 0
    return model.evolve(architecture=shape.evolve(prediction_layers=layers))


@pytest.mark.parametrize("row", EXPERTS, ids=lambda row: row.name)
def test_mixtures_of_experts(row: Row) -> None:
    """Active experts, compressed heads, windows and further predictions: to one percent."""
    found = flops(routed(row.model), row.context, row.tokens, attention="causal")
    assert found == pytest.approx(row.printed, rel=0.01)


def test_nominal_parameters_are_not_enough() -> None:
    """6 N with the active parameters of a card is a tenth short for Qwen3-30B-A3B."""
    row = Row("Qwen3-30B-A3B", 4096, 26084, 600, "bridge-26.02")
    model = le.models[row.model]
    assert flops(model, 4096, row.tokens, attention="causal") == pytest.approx(
        row.printed, rel=0.01
    )
    nominal = flops(model, 4096, row.tokens, attention="none", embedding="all")
    assert nominal == pytest.approx(row.printed, rel=0.2)
    assert nominal < 0.9 * row.printed


def test_gates_that_a_table_overlooked() -> None:
    """Until release 26.06, Megatron Bridge saw neither windows nor a gate that is no SiLU."""
    row = Row("gpt-oss-120b", 4096, 15784, 428, "bridge-26.02")
    model = le.models[row.model]
    shape = model.architecture
    assert shape is not None
    overlooked = {"gated_mlp": False, "sliding_window": None, "sliding_layers": None}
    counted = model.evolve(architecture=shape.evolve(**overlooked))
    assert flops(counted, 4096, row.tokens, attention="causal") == pytest.approx(
        row.printed, rel=0.01
    )
    # What is really computed is a fifth more than the table says.
    assert flops(model, 4096, row.tokens, attention="causal") > 1.18 * row.printed


ADAPTERS = (
    Row("Llama 2 7B", 4096, 24824, 663, "nemo-24.07"),
    Row("Llama 2 13B", 4096, 14629, 757, "nemo-24.07"),
    Row("Llama 2 70B", 4096, 2621, 722, "nemo-24.07"),
    Row("Llama 3 70B", 4096, 6206, 1731, "bridge-26.06"),
)


@pytest.mark.parametrize("row", ADAPTERS, ids=lambda row: row.name)
def test_adapters(row: Row) -> None:
    """Short texts packed into long sequences: 4 N, and at most a percent of attention."""
    model = le.models[row.model]
    found = flops(model, row.context, row.tokens, attention="none", passes="adapter")
    assert found == pytest.approx(row.printed, rel=0.011)


class Benchmark(NamedTuple):
    """A row of LLM Foundry: parameters (1e9), layers, width, and utilization (%) of a peak."""

    parameters: float
    layers: int
    width: int
    context: int
    tokens: float
    utilization: float
    peak: float


H100, H100_FP8, A100 = 989.4, 1979.0, 312.0
FOUNDRY = (
    Benchmark(64.862437, 80, 8192, 2048, 1039, 42.57, H100),
    Benchmark(12.853955, 40, 5120, 2048, 4800, 39.86, H100),
    Benchmark(2.814367, 32, 2560, 65536, 3262, 26.81, H100),
    Benchmark(1.378865, 24, 2048, 32768, 12025, 33.54, H100),
    Benchmark(2.647905, 32, 2560, 512, 36527, 30.25, H100_FP8),
    Benchmark(6.658859, 32, 4096, 2048, 3725, 51.55, A100),
    Benchmark(0.125311, 12, 768, 2048, 127122, 39.86, A100),
)


@pytest.mark.parametrize("row", FOUNDRY, ids=lambda row: f"{row.parameters:g}-{row.context}")
def test_llm_foundry(row: Benchmark) -> None:
    """6 N with all parameters and 12 L H T give the printed utilization, up to 64 k tokens."""
    model = le.Model(
        name="MPT",
        parameters=le.quantity(row.parameters, "Gparameter"),
        architecture=le.Architecture(
            layers=row.layers,
            hidden_size=row.width,
            # Heads side by side are as wide as the residual stream; only the product counts.
            attention_heads=16,
            head_dimension=row.width // 16,
        ),
    )
    found = flops(model, row.context, row.tokens, attention="full", embedding="all")
    assert 100 * found / row.peak == pytest.approx(row.utilization, rel=0.002)


@pytest.mark.parametrize(
    ("model", "tokens", "utilization"),
    [("Llama 2 7B", 656.0, 14.8), ("Llama 2 13B", 480.0, 20.7)],
)
def test_trainium(model: str, tokens: float, utilization: float) -> None:
    """AWS counts the positions that a token sees, against 190 TFLOP/s."""
    found = flops(le.models[model], 4096, tokens, attention="causal")
    assert 100 * found / 190.0 == pytest.approx(utilization, rel=0.005)


def test_palm() -> None:
    """238.3 thousand tokens/s on 6144 TPU v4: 46.2 %, 45.7 % without attention."""
    model, tokens = le.models["PaLM 540B"], 238.3e3 / 6144
    counted = flops(model, 2048, tokens, attention="full")
    assert 100 * counted / 275.0 == pytest.approx(46.2, abs=0.1)
    assert 100 * flops(model, 2048, tokens, attention="none") / 275.0 == pytest.approx(
        45.7, abs=0.1
    )


def test_megatron_turing() -> None:
    """60.1 s for 1920 sequences on 2240 A100: 30.2 %, 29.7 % without attention (PaLM, table 3)."""
    model = le.Model(
        name="MT-NLG",
        parameters="530 Gparameter",
        architecture=le.Architecture(
            layers=105, hidden_size=20480, attention_heads=128, head_dimension=160
        ),
    )
    tokens = 1920 * 2048 / (60.1 * 2240)
    counted = flops(model, 2048, tokens, attention="full")
    assert 100 * counted / A100 == pytest.approx(30.2, abs=0.1)
    assert 100 * flops(model, 2048, tokens, attention="none") / A100 == pytest.approx(29.7, abs=0.1)


def test_tinyllama() -> None:
    """24 thousand tokens/s on an A100 are the 56 % that the authors report."""
    model = le.Model(
        name="TinyLlama 1.1B",
        parameters="1.1 Gparameter",
        architecture=le.Architecture(
            layers=22,
            hidden_size=2048,
            attention_heads=32,
            key_value_heads=4,
            head_dimension=64,
            intermediate_size=5632,
            vocabulary_size=32000,
            gated_mlp=True,
            tied_embeddings=False,
        ),
    )
    assert 100 * flops(model, 2048, 24_000, attention="full") / A100 == pytest.approx(56, abs=0.5)


def test_recomputation_counts_in_2021() -> None:
    """32 s for 1536 sequences on 1024 A100: 138 TFLOP/s with the second forward pass."""
    model = le.models["GPT-3 175B"]
    tokens = 1536 * 2048 / (32.0 * 1024)
    counted = model_computation_per_token(model, attention="full", context="2048 token")
    twice = recomputed_computation_per_token(
        model, recomputation="full", attention="full", context="2048 token"
    )
    assert tokens * (counted + twice).number("TFLOP/token") == pytest.approx(138, rel=0.005)
    share = hardware_flops_utilization(
        model_flops_utilization=le.quantity(1.0), model=counted, recomputed=twice
    )
    assert share.number("") == pytest.approx(4 / 3, rel=0.005)


def test_every_row_has_a_source() -> None:
    """No row stands without the table that it was read from."""
    rows = [*DENSE, *EXPERTS, *ADAPTERS]
    assert {row.source for row in rows} <= set(SOURCES)
