"""Stages after pre-training that were measured or told: the range holds what happened.

MLPerf Training fine-tunes Llama 2 70B with adapters of rank 16 on attention, on packed sequences of
8,192 tokens in 8 bits, and publishes logs: time from start to stop, evaluations included, and how
many sequences were seen. NVIDIA publishes the time of whole steps of GRPO. OpenAI told the FLOP of
InstructGPT, DeepSeek the hours of R1-Zero. Nothing is tuned to a row.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

import llm_economics as le

SOURCES = {
    "mlperf": "MLCommons, MLPerf Training, results v4.0, v4.1, v5.0: logs of llama2_70b_lora",
    "ouyang-2022": "Ouyang and others, arXiv:2203.02155, sections 5.1, C.4; lengths assumed",
    "nemo-rl-0.4": "NVIDIA, NeMo RL 0.4, performance summary: GRPO on DGX H100, on-policy",
    "deepseek-r1": "DeepSeek-AI, Nature 645 (2025), supplement: 64 x 8 H800 for 198 hours, 101 "
    "thousand H800-hours; steps, rollouts and mean length from memory",
    "olmo-3": "Allen Institute for AI, Olmo 3: 8 nodes train, 20 generate, trainers wait 75 %",
}
SITE = le.facilities["us-hyperscale"]


class Benchmark(NamedTuple):
    """Accelerators, sequences of a step, tokens seen, shortest and longest time (minute)."""

    accelerator: str
    accelerators: int
    sequences: int
    tokens: float
    shortest: float
    longest: float
    software: str


TUNED = (
    # v4.0: 28.1 minutes with measured power; NVIDIA's container, eight servers.
    Benchmark("H100 SXM", 8, 8, 25_165_824, 27.2, 30.1, "2024-05"),
    Benchmark("H100 SXM", 4, 8, 25_165_824, 59.3, 59.3, "2024-05"),
    Benchmark("H100 SXM", 64, 8, 25_165_824, 4.90, 5.07, "2024-05"),
    Benchmark("H100 SXM", 1024, 128, 91_226_112, 1.47, 1.47, "2024-05"),
    # v4.1
    Benchmark("H100 SXM", 8, 8, 25_165_824, 26.5, 27.7, "2024-10"),
    Benchmark("H100 SXM", 512, 64, 72_351_744, 2.04, 2.04, "2024-10"),
    Benchmark("H200 SXM", 8, 8, 25_165_824, 22.3, 24.5, "2024-10"),
    # v5.0
    Benchmark("H200 SXM", 32, 8, 25_165_824, 6.71, 6.71, "2025-05"),
    Benchmark("B200", 8, 8, 25_165_824, 10.8, 11.0, "2025-05"),
    Benchmark("MI300X", 8, 8, 25_165_824, 28.0, 29.3, "2025-05"),
)


@pytest.mark.parametrize(
    "row", TUNED, ids=lambda r: f"{r.accelerators}x{r.accelerator}-{r.software}"
)
def test_adapter_of_mlperf_is_inside(row: Benchmark) -> None:
    """The 90 % range of the time, goodput assumed, holds the shortest and the longest run."""
    run = le.training.FineTuningWorkload(
        model=le.models["Llama 2 70B"],
        tokens=row.tokens,
        accelerator=le.accelerators[row.accelerator],
        accelerators=row.accelerators,
        method="lora",
        adapter_rank=16,
        adapter_placement="attention",
        sequence_length="8192 token",
        global_batch=row.sequences * 8192,
        number_format="fp8",
        software_date=row.software,
        attention="none",
        facility=SITE,
    )
    found = run.estimate()
    low, high = found.duration.to("minute").quantiles(0.05, 0.95).magnitude
    assert low <= row.shortest <= row.longest <= high
    assert found.computation.number("FLOP") == pytest.approx(
        4.0 * run.model.parameters.number("parameter") * row.tokens
    )


def days(computation: le.Quantity) -> float:
    """FLOP in days of a petaflop per second."""
    return (computation / le.quantity("1 PFLOP/s")).number("day")


GPT_3 = {
    "model": le.models["GPT-3 175B"],
    "accelerator": le.accelerators["A100 SXM 80 GB"],
    "accelerators": 1024,
    "attention": "none",
    "model_flops_utilization": 0.3,
    "goodput": 1,
    "facility": SITE,
}


def test_supervised_tuning_of_instruct_gpt() -> None:
    """4.9 petaflop/s-days: 12,725 prompts, 16 epochs, each in a full context of 2,048 tokens.

    The number of prompts is from memory, and that contexts are full is an assumption.
    """
    run = le.training.FineTuningWorkload(tokens=12_725 * 2048, epochs=16, **GPT_3)
    assert days(run.estimate().computation) == pytest.approx(4.9, rel=0.05)


def test_reinforcement_of_instruct_gpt() -> None:
    """60 petaflop/s-days lie between the shortest rollouts that make sense and the longest allowed.

    256 thousand episodes of one rollout, 6 billion parameters of reward model and critic, and eight
    times as many examples of pre-training (2,048 tokens), which are most of the work.
    """
    small = le.Model(name="GPT-3 6B", parameters="6 Gparameter")

    def stage(prompt: float, response: float) -> float:
        run = le.training.ReinforcementWorkload(
            prompts=256_000,
            rollouts_per_prompt=1,
            prompt_tokens=prompt,
            response_tokens=response,
            reference_model=True,
            reward_model=small,
            critic=small,
            pretraining_tokens=8 * 256_000 * 2048,
            **GPT_3,
        )
        return days(run.estimate().computation)

    assert stage(100, 50) < 60.0 < stage(1024, 1024)
    assert stage(1024, 1024) < 1.05 * 60.0


class Step(NamedTuple):
    """One step of GRPO: rollouts, their mean length (token), seconds."""

    model: str
    accelerators: int
    rollouts: int
    length: float
    seconds: float


def grpo(row: Step, **changes: Any) -> le.training.ReinforcementWorkload:
    """Prompts of 100 tokens (assumed), a reference model, log-probabilities computed again."""
    return le.training.ReinforcementWorkload(
        model=le.models[row.model],
        accelerator=le.accelerators["H100 SXM"],
        accelerators=row.accelerators,
        prompts=row.rollouts / 16,
        rollouts_per_prompt=16,
        prompt_tokens=100,
        response_tokens=row.length - 100,
        reference_model=True,
        policy_rescored=True,
        attention="causal",
        global_batch=512 * row.length,
        software_date="2025-10",
        facility=SITE,
        **changes,
    )


@pytest.mark.parametrize(
    "row",
    [
        Step("Llama 3.1 8B", 16, 2048, 1060, 97.7),
        Step("Qwen3-32B", 32, 2048, 3206, 393.0),
        Step("Qwen3-30B-A3B", 32, 2048, 3154, 225.0),
    ],
    ids=lambda row: row.model,
)
def test_steps_of_grpo_are_inside(row: Step) -> None:
    """64 or 128 rollouts on each accelerator: the 90 % range holds the measured step."""
    low, high = grpo(row).estimate().duration.to("second").quantiles(0.05, 0.95).magnitude
    assert low <= row.seconds <= high


@pytest.mark.parametrize(
    "row",
    [
        Step("Qwen3-235B-A22B", 128, 512, 5671, 506.0),
        Step("DeepSeek-V3", 256, 512, 745, 154.0),
    ],
    ids=lambda row: row.model,
)
def test_few_rollouts_on_each_accelerator_take_longer(row: Step) -> None:
    """A known limit: two or four rollouts on each accelerator are no batch for a mixture.

    The assumed utilization is that of full batches, so the measured step is slower than the range;
    that is why `rollout_throughput` can be given.
    """
    high = grpo(row).estimate().duration.to("second").quantiles(0.05, 0.95).magnitude[1]
    assert float(high) < row.seconds


def test_hours_of_r1_zero_are_inside() -> None:
    """101 thousand H800-hours: 10,400 steps of 32 prompts with 16 rollouts, mean length a range."""
    stage = le.training.ReinforcementWorkload(
        model=le.models["DeepSeek-V3"],
        accelerator=le.accelerators["H800 SXM"],
        accelerators=512,
        prompts=10_400 * 32,
        rollouts_per_prompt=16,
        prompt_tokens=150,
        response_tokens=(4000, 10_000),
        reference_model=True,
        policy_rescored=True,
        attention="causal",
        software_date="2025-01",
        facility=SITE,
    )
    hours = stage.estimate().accelerator_time.to("accelerator*hour")
    low, high = hours.quantiles(0.05, 0.95).magnitude
    assert low <= 101e3 <= high


def test_trainers_of_olmo_3_wait() -> None:
    """20 of 28 servers generate at the throughput at which the others train a quarter of the time.

    What was told fixes the ratio: generation takes ten times the accelerator-time of training.
    """
    common = {
        "model": le.models["OLMo 2 32B"],
        "accelerator": le.accelerators["H100 SXM"],
        "accelerators": 224,
        "prompts": 64_000,
        "rollouts_per_prompt": 8,
        "prompt_tokens": 200,
        "response_tokens": 10_000,
        "model_flops_utilization": 0.35,
        "attention": "none",
        "goodput": 1,
        "facility": SITE,
    }
    alone = le.training.ReinforcementWorkload(**common).estimate()
    training = alone.parts["training"].accelerator_time
    rate = (64_000 * 8 * 10_000) / (10.0 * training.number("accelerator*second"))
    stage = le.training.ReinforcementWorkload(
        rollout_throughput=f"{rate} token/s", rollout_accelerator_share=20 / 28, **common
    )
    found = stage.estimate()
    busy = found.parts["training"].accelerator_time / (8 / 28 * found.accelerator_time)
    assert busy.number("") == pytest.approx(0.25)
    assert found.share("generation").number("") == pytest.approx(20 / 28)
