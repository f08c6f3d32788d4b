"""Sources of the constants of serving."""

from __future__ import annotations

from llm_economics.core.sources import Source

__all__ = ["SOURCES"]

_READ = "2026-11-22"

SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="serving-fit-2026",
            organisation="The llm_economics developers",
            title="Constants of serving, fitted to published latencies and rates",
            date="2026-11",
            note="aiconfigurator's silicon sample (InferenceX), ML.ENERGY, AWS Neuron",
        ),
        Source(
            key="aiconfigurator-silicon-2026",
            organisation="NVIDIA",
            title="aiconfigurator, sample of measured serving points",
            date="2026-08",
            address="https://github.com/ai-dynamo/aiconfigurator",
            accessed=_READ,
        ),
        Source(
            key="neuron-inference-performance",
            organisation="AWS",
            title="AWS Neuron documentation, inference performance on Trn1 and Inf2",
            date="2024-07",
            address="https://github.com/aws-neuron/aws-neuron-sdk",
            accessed=_READ,
        ),
    )
}
