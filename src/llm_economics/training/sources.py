"""Sources of the constants of training."""

from __future__ import annotations

from llm_economics.core.sources import Source

__all__ = ["SOURCES"]

_READ = "2026-11-22"

SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="training-step-fit-2026",
            organisation="The llm_economics developers",
            title="Constants of a training step, fitted to published rates of training",
            date="2026-11",
            note="403 rates: llm-foundry, Megatron-LM 2021, NeMo 24.07, Megatron Bridge 25.09 to "
            "26.08, MaxText, tpu-recipes, torchtitan, AWS Neuron",
        ),
        Source(
            key="llm-foundry-throughput",
            organisation="MosaicML",
            title="llm-foundry, training throughput of MPT models on A100 and H100",
            date="2023-11",
            address="https://github.com/mosaicml/llm-foundry/tree/main/scripts/train/benchmarking",
            accessed=_READ,
        ),
        Source(
            key="megatron-bridge-performance",
            organisation="NVIDIA",
            title="Megatron Bridge, performance summary, containers 25.09 to 26.08",
            date="2026-08",
            address="https://github.com/NVIDIA-NeMo/Megatron-Bridge",
            accessed=_READ,
        ),
        Source(
            key="nemo-performance-2024",
            organisation="NVIDIA",
            title="NeMo framework 24.07, performance benchmarks",
            date="2024-07",
            address="https://github.com/NVIDIA/NeMo",
            accessed=_READ,
        ),
        Source(
            key="narayanan-2021",
            authors="D. Narayanan et al.",
            title="Efficient large-scale language model training on GPU clusters using Megatron-LM",
            date="2021",
            address="https://arxiv.org/abs/2104.04473",
            accessed=_READ,
        ),
        Source(
            key="maxtext-performance",
            organisation="Google",
            title="MaxText, performance on TPU v4, TPU v5e and H100",
            date="2024",
            address="https://github.com/AI-Hypercomputer/maxtext",
            accessed=_READ,
        ),
        Source(
            key="tpu-recipes",
            organisation="Google",
            title="tpu-recipes, training on Trillium (TPU v6e)",
            date="2025",
            address="https://github.com/AI-Hypercomputer/tpu-recipes",
            accessed=_READ,
        ),
        Source(
            key="neuronx-performance",
            organisation="AWS",
            title="AWS Neuron documentation, training performance on Trn1",
            date="2024-09",
            address="https://github.com/aws-neuron/aws-neuron-sdk",
            accessed=_READ,
        ),
        Source(
            key="torchtitan-performance",
            organisation="PyTorch",
            title="torchtitan, performance of Llama 3.1 on H100",
            date="2024-12",
            address="https://github.com/pytorch/torchtitan",
            accessed=_READ,
        ),
    )
}
