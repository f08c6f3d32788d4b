"""Published points of serving, each restated with its source, against what the library says.

A point passes if the 90 % range of the library holds it, or if the central value is within the
factor that stands beside it, with the reason. None of it was chosen for agreement: the fifteen
points of one model on H100 are all that the source has of them, and so are those of NVIDIA's guide.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import llm_economics as le
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.load import Load

SOURCES = {
    "silicon": "NVIDIA, aiconfigurator (github.com/ai-dynamo/aiconfigurator, Apache-2.0), "
    "systems/silicon_sample.csv: measured by InferenceX",
    "neuron": "Amazon, AWS Neuron SDK 2.18, benchmarks of decoders on Trn1 and Inf2 "
    "(github.com/aws-neuron/aws-neuron-sdk, latency_data_decoder.csv)",
    "nim": "NVIDIA, NIM for LLMs, benchmarking guide, Llama-3.3-70b-instruct, container 1.8.0 "
    "(docs.nvidia.com/nim/benchmarking/llm)",
    "tensorrt-llm": "NVIDIA, TensorRT-LLM, performance overview "
    "(github.com/NVIDIA/TensorRT-LLM, Apache-2.0), throughput at most load",
    "argonne": "Argonne National Laboratory, LLM-Inference-Bench "
    "(github.com/argonne-lcf/LLM-Inference-Bench, BSD-3-Clause), figure 16 a: power of one GPU",
    "mlperf": "MLCommons, MLPerf Inference v4.1 closed power, NVIDIA H200-SXM-141GBx8 MaxQ, GPT-J "
    "Offline and Server (github.com/mlcommons/inference_results_v4.1). The MLPerf name and logo "
    "are trademarks of MLCommons; the figures per token here are derived, not official results",
    "deepseek": "DeepSeek, open-infra-index, day 6: inference system of DeepSeek-V3 and R1, "
    "24 hours in February 2025 (github.com/deepseek-ai/open-infra-index)",
}
RUNS = {
    "H100": {"accelerator": "H100 SXM", "weights": "fp8", "cache": "fp8", "engine": "vLLM"},
    "H200": {"accelerator": "H200 SXM", "weights": "fp8", "cache": "fp8", "engine": "vLLM"},
    "H200 trt": {"accelerator": "H200 SXM", "weights": "fp8", "cache": "fp8"}
    | {"engine": "TensorRT-LLM"},
    "H100 trt": {"accelerator": "H100 SXM", "weights": "fp8", "cache": "fp8"}
    | {"engine": "TensorRT-LLM"},
    "H200 int4": {"accelerator": "H200 SXM", "weights": "int4", "cache": "bf16", "engine": "vLLM"},
    "Trainium1": {"accelerator": "Trainium1", "weights": "bf16", "engine": "Neuron"},
    "Trainium1 int8": {"accelerator": "Trainium1", "weights": "int8", "engine": "Neuron"},
    "A100": {"accelerator": "A100 SXM 40 GB", "weights": "bf16", "engine": "TensorRT-LLM"},
    "H100 16": {"accelerator": "H100 SXM", "weights": "bf16", "engine": "TensorRT-LLM"},
}
LENGTH = 0.9
"""InferenceX draws lengths evenly between 0.8 and 1 of the stated ones."""


class Point(NamedTuple):
    """A measured point: what runs where, the load, what was measured."""

    run: str
    model: str
    accelerators: int
    concurrency: float
    tokens: tuple[float, float]
    measured: float
    source: str = "silicon"
    factor: float = 1.0
    """Within which the central value is enough, where a comment says why."""

    @property
    def name(self) -> str:
        """Name of the test."""
        tokens = f"{self.tokens[0]:g}-{self.tokens[1]:g}"
        where = f"{self.run}-x{self.accelerators}-{self.concurrency:g}"
        return f"{self.source}-{self.model}-{where}-{tokens}"

    @property
    def deployment(self) -> Deployment:
        """The deployment; a context longer than the model's is what the source ran."""
        run: dict[str, Any] = dict(RUNS[self.run])
        accelerator = le.accelerators[run.pop("accelerator")]
        return Deployment(
            model=le.models[self.model].evolve(context_length=None),
            accelerator=accelerator,
            tensor_parallel=self.accelerators,
            software_date="2026-01",
            **run,
        )

    @property
    def load(self) -> Load:
        """So many requests in flight."""
        share = LENGTH if self.source == "silicon" else 1.0
        read, written = (share * tokens for tokens in self.tokens)
        return Load.closed(
            concurrency=self.concurrency,
            input_tokens=f"{read} token",
            output_tokens=f"{written} token",
            prefix_cache_hit_share=0.0,
        )


def check(found: le.Quantity, measured: float, unit: str, factor: float = 1.0) -> None:
    """Within the range that holds 90 %, or the central value within a factor."""
    low, middle, high = found.quantiles(0.05, 0.5, 0.95).to(unit).magnitude
    near = 1 / factor <= middle / measured <= factor
    assert near or low <= measured <= high, f"{measured} against {low:.4g} - {high:.4g} {unit}"


LLAMA, K1, LONG_OUT = "Llama 3.1 70B", (1024.0, 1024.0), (1024.0, 8192.0)
LONG_IN = (8192.0, 1024.0)
TPOT = (
    Point("H100", LLAMA, 2, 4, K1, 17.41),
    Point("H100", LLAMA, 2, 8, K1, 18.22),
    Point("H100", LLAMA, 2, 16, K1, 19.74),
    Point("H100", LLAMA, 2, 32, K1, 23.54),
    Point("H100", LLAMA, 2, 64, K1, 28.77),
    Point("H100", LLAMA, 4, 4, K1, 11.78),
    Point("H100", LLAMA, 4, 8, K1, 12.11),
    Point("H100", LLAMA, 4, 16, K1, 13.19),
    Point("H100", LLAMA, 4, 32, K1, 16.49),
    Point("H100", LLAMA, 4, 64, K1, 19.51),
    Point("H100", LLAMA, 8, 4, K1, 9.11),
    Point("H100", LLAMA, 8, 8, K1, 9.36),
    Point("H100", LLAMA, 8, 16, K1, 11.39),
    Point("H100", LLAMA, 8, 32, K1, 12.64),
    Point("H100", LLAMA, 8, 64, K1, 15.45),
    Point("H200", LLAMA, 8, 32, LONG_IN, 18.64),
    Point("H200 trt", LLAMA, 4, 16, LONG_IN, 14.83),
    Point("H200 trt", LLAMA, 2, 16, LONG_IN, 22.62),
    Point("H200 trt", LLAMA, 1, 32, LONG_IN, 58.71),
    Point("H200 trt", LLAMA, 4, 8, LONG_IN, 10.98),
    Point("H200", "MiniMax-M2.5", 4, 4, K1, 12.38),
    Point("H200", "MiniMax-M2.5", 4, 64, LONG_OUT, 27.04),
    # Small steps of this one are faster than the fixed times of other mixtures: 1.3.
    Point("H100", "MiniMax-M2.5", 4, 4, LONG_OUT, 10.24, factor=1.35),
    Point("H200 int4", "Kimi K2.5", 8, 16, K1, 16.35),
    Point("Trainium1", "Llama 3 70B", 16, 1, (128.0, 1024.0), 24.48, "neuron"),
    Point("Trainium1", "Llama 3 70B", 16, 1, (2048.0, 2048.0), 26.20, "neuron"),
    Point("Trainium1", "Llama 2 70B", 16, 1, (128.0, 128.0), 25.18, "neuron"),
    Point("Trainium1", "Llama 2 70B", 16, 1, (1024.0, 1024.0), 26.04, "neuron"),
    Point("Trainium1 int8", "Llama 3 8B", 16, 1, (128.0, 3968.0), 5.86, "neuron"),
    Point("Trainium1 int8", "Llama 3 8B", 16, 1, (4096.0, 4096.0), 7.04, "neuron"),
)
"""Milliseconds per output token."""


@pytest.mark.parametrize("point", TPOT, ids=lambda point: point.name)
def test_time_per_output_token(point: Point) -> None:
    """The step of a batch, with the prefills that come in between."""
    found = point.deployment.at(point.load).time_per_output_token
    check(found, point.measured, "ms/token", point.factor)


TTFT = (
    Point("H100", LLAMA, 2, 4, K1, 121.0),
    Point("H100", LLAMA, 2, 64, K1, 415.0),
    Point("H100", LLAMA, 4, 16, K1, 121.0),
    Point("H100", LLAMA, 8, 4, K1, 70.4),
    Point("H100", LLAMA, 8, 64, K1, 185.0),
)
"""Milliseconds to the first token in a closed loop."""


@pytest.mark.parametrize("point", TTFT, ids=lambda point: point.name)
def test_time_to_first_token(point: Point) -> None:
    """Arrival, waiting, prefill: known to a factor of two."""
    found = point.deployment.at(point.load).time_to_first_token.value
    check(found, point.measured, "ms", 2.0)


GUIDE = "Llama 3.3 70B"
NIM = (
    # A container of 2025 whose step alone takes 18.6 ms, as long as reading the weights at 0.6 of
    # the bandwidth, and whose prefills are not split: more time than current engines take.
    Point("H100 trt", GUIDE, 2, 1, (5000.0, 500.0), 51.67, "nim", 1.35),
    Point("H100 trt", GUIDE, 2, 5, (5000.0, 500.0), 218.48, "nim", 1.35),
    Point("H100 trt", GUIDE, 2, 25, (5000.0, 500.0), 623.4, "nim", 1.35),
    Point("H100 trt", GUIDE, 2, 50, (5000.0, 500.0), 814.37, "nim", 1.35),
)
"""Output tokens per second of two H100."""


@pytest.mark.parametrize("point", NIM, ids=lambda point: point.name)
def test_throughput_of_a_container(point: Point) -> None:
    """Requests in flight over the time that one takes."""
    found = point.deployment.at(point.load).output_throughput
    check(found, point.measured, "token/s", point.factor)


SATURATED = (
    Point("H200 trt", GUIDE, 1, 0, (1000.0, 1000.0), 2909.0, "tensorrt-llm", 1.25),
    Point("H100 trt", GUIDE, 2, 0, (5000.0, 500.0), 898.0, "tensorrt-llm", 1.25),
    Point("H100 trt", GUIDE, 2, 0, (2048.0, 2048.0), 3082.0, "tensorrt-llm", 1.25),
)
"""Output tokens per second with as many requests as are held."""


@pytest.mark.parametrize("point", SATURATED, ids=lambda point: point.name)
def test_saturation(point: Point) -> None:
    """The largest batch at the mean context is what a saturated engine runs."""
    deployment, (read, written) = point.deployment, point.tokens
    batch = deployment.largest_batch(f"{read + written} token")
    load = point._replace(concurrency=batch).load
    check(deployment.at(load).output_throughput, point.measured, "token/s", point.factor)


POWER = (
    # One request alone draws a fifth less than the library says, on both chips.
    Point("A100", "Llama 2 7B", 1, 1, (1024.0, 1024.0), 233.5, "argonne", 1.35),
    Point("A100", "Llama 2 7B", 1, 64, (1024.0, 1024.0), 333.8, "argonne", 1.3),
    Point("H100 16", "Llama 2 7B", 1, 1, (1024.0, 1024.0), 412.9, "argonne", 1.35),
)
"""Watts of one accelerator."""


@pytest.mark.parametrize("point", POWER, ids=lambda point: point.name)
def test_power(point: Point) -> None:
    """Power follows the use of memory and arithmetic, not the rated power."""
    deployment = point.deployment
    room = deployment.accelerator.require("memory") * 4.0
    deployment = deployment.evolve(accelerator=deployment.accelerator.evolve(memory=room))
    check(deployment.at(point.load).accelerator_power, point.measured, "W", point.factor)


BEAMS = 4


@pytest.mark.parametrize(("batch", "measured"), [(256, 25.159), (128, 27.849)])
def test_energy_at_the_wall(batch: int, measured: float) -> None:
    """25 and 28 J a summary at the wall (offline, server): 0.36 and 0.40 J per token of it.

    Articles of about a thousand tokens, answers of 69, each out of four beams, which are decoded
    side by side and share their input. How many run at once is not published, and the
    accelerators are limited in power: within a factor of 1.5.
    """
    deployment = Deployment(
        model=le.Model(name="GPT-J 6B", parameters="6.05 Gparameter"),
        accelerator=le.accelerators["H200 SXM"],
        replicas=8,
        weights="fp8",
        cache="fp8",
        engine="TensorRT-LLM",
        software_date="2024-07",
    )
    load = Load.closed(
        concurrency=8 * batch * BEAMS,
        input_tokens=le.between(700, 1300, "token"),
        output_tokens="69 token",
        prefix_cache_hit_share=1.0 - 1.0 / BEAMS,
    )
    found = BEAMS * deployment.at(load).energy_per_output_token.server
    check(found, measured / 69, "J/token", 1.5)


def test_decode_pool_of_a_service() -> None:
    """14.8 thousand tokens/s a node of eight H800, 20 to 22 tokens/s a user, 4989 tokens of cache.

    Decoding runs on 18 nodes together, each accelerator with its own requests, while experts are
    spread over all: at 21 tokens/s, 88 requests stand on each. Inputs are read elsewhere.
    """
    rate, interactivity, context, accelerators = 14.8e3 / 8, 21.0, 4989.0, 144
    written = 1000.0
    deployment = Deployment(
        model=le.models["DeepSeek-V3"],
        accelerator=le.accelerators["H800 SXM"],
        attention_data_parallel=accelerators,
        weights="fp8",
        cache="bf16",
        engine="SGLang",
        software_date="2025-03",
    )
    load = Load.closed(
        concurrency=rate / interactivity * accelerators,
        input_tokens=f"{context - written / 2} token",
        output_tokens=f"{written} token",
        prefix_cache_hit_share=1.0,
    )
    check(deployment.at(load).time_per_output_token, 1e3 / interactivity, "ms/token", 1.3)


def test_every_point_has_a_source() -> None:
    """No point stands without the page that it was read from."""
    points = [*TPOT, *TTFT, *NIM, *SATURATED, *POWER]
    assert {point.source for point in points} <= set(SOURCES)
    assert len(points) >= 40
