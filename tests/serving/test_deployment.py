"""Deployments: what they refuse, and the formats in which they multiply."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import LLMEconomicsError, MissingInputError, RangeError
from llm_economics.core.number_format import NumberFormat
from llm_economics.serving.case import arithmetic_of
from llm_economics.serving.constants import StackKind, serving_constants
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.load import Load
from llm_economics.serving.speculation import Speculation, speculation_of

LOAD = Load.closed(concurrency=8, input_tokens="1000 token", output_tokens="500 token")


def deployment(**changes: Any) -> Deployment:
    given: dict[str, Any] = {
        "model": le.models["Llama 3.1 70B"],
        "accelerator": le.accelerators["H100 SXM"],
        "tensor_parallel": 4,
        "engine": "vLLM",
        "software_date": "2026-01",
    }
    return Deployment(**given | changes)


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"tensor_parallel": 0}, RangeError, "tensor_parallel needs a whole number from 1"),
        ({"replicas": 1.5}, RangeError, "replicas needs a whole number"),
        ({"replicas": True}, RangeError, "replicas needs a whole number"),
        ({"tensor_parallel": 3}, RangeError, "needs a divisor of 64 attention heads"),
        ({"pipeline_parallel": 81}, RangeError, "at most 80, the layers"),
        ({"expert_parallel": 3}, RangeError, "divisor of tensor_parallel x"),
        ({"expert_parallel": 2}, RangeError, "divisor of 1 experts"),
        ({"arithmetic": "fp4"}, LLMEconomicsError, "it has"),
        ({"weights": "fp7"}, LLMEconomicsError, "fp7"),
        ({"accepted_tokens": 0.5}, RangeError, "accepted_tokens needs at least 1"),
        ({"accepted_tokens": 2, "acceptance_rate": 0.5}, RangeError, "not both"),
        ({"acceptance_rate": 0.5}, MissingInputError, "acceptance_rate needs draft_tokens"),
        ({"acceptance_rate": 1, "draft_tokens": 2}, RangeError, "needs less than 1"),
        ({"draft_tokens": 2}, MissingInputError, "what does a step yield"),
        ({"draft_share": 0.2}, MissingInputError, "what does a step yield"),
        ({"model": "Llama 3.1 70B"}, LLMEconomicsError, "models"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], error: type[Exception], says: str) -> None:
    """Each names the field, what it needs and what came."""
    with pytest.raises(error, match=says):
        deployment(**changes)


def test_counts() -> None:
    """Accelerators of a replica and of all of them."""
    served = deployment(pipeline_parallel=2, attention_data_parallel=2, replicas=3)
    assert (served.accelerators_per_replica, served.accelerators) == (16, 48)
    shapeless = le.Model(name="closed", parameters="70 Gparameter")
    assert deployment(model=shapeless, tensor_parallel=3).accelerators == 3


@pytest.mark.parametrize(
    ("chip", "weights", "arithmetic"),
    [
        ("H100 SXM", None, "bf16"),
        ("H100 SXM", "bf16", "bf16"),
        ("H100 SXM", "fp8", "fp8"),
        ("H100 SXM", "int8", "int8"),
        ("H100 SXM", "int4", "bf16"),
        ("H100 SXM", "mxfp4", "bf16"),
        ("A100 SXM 80GB", "fp8", "bf16"),
        ("A100 SXM 80GB", "int4", "bf16"),
        ("B200", "nvfp4", "fp4"),
        ("B200", "mxfp4", "fp4"),
        ("V100 SXM", "fp8", "fp16"),
    ],
)
def test_arithmetic(chip: str, weights: str | None, arithmetic: str) -> None:
    """That of the weights where the chip has it and multiplies in it."""
    given = None if weights is None else NumberFormat(weights)
    assert arithmetic_of(le.accelerators[chip], given) == arithmetic


def test_arithmetic_that_is_given_is_taken() -> None:
    """And not assumed."""
    point = deployment(weights="fp8", arithmetic="bf16").at(LOAD)
    assert "arithmetic" not in {a.name for a in point.assumptions}
    assert point.prefill_time.median() > deployment(weights="fp8").at(LOAD).prefill_time.median()


def test_there_is_no_throughput_without_a_load() -> None:
    """It would be an answer to no question."""
    assert not [name for name in dir(Deployment) if "throughput" in name]


def test_constants_of_ones_own() -> None:
    """Are used in place of those of engine and date."""
    slow = deployment(constants=serving_constants(StackKind.EARLY)).at(LOAD)
    early = deployment(software_date="2024-01").at(LOAD)
    assert slow.time_per_output_token.median() == early.time_per_output_token.median()


@pytest.mark.parametrize(
    ("changes", "yielded", "positions", "share"),
    [
        ({}, 1.0, 1.0, 0.0),
        ({"accepted_tokens": 2.5}, 2.5, 2.5, 0.0),
        ({"accepted_tokens": 2.5, "draft_tokens": 4, "draft_share": 0.2}, 2.5, 5.0, 0.2),
        ({"acceptance_rate": 0.5, "draft_tokens": 2}, 1.75, 3.0, 0.0),
    ],
)
def test_speculation(
    changes: dict[str, Any], yielded: float, positions: float, share: float
) -> None:
    """What a pass yields, checks and costs."""
    found = speculation_of(deployment(**changes))
    assert (found.tokens_per_pass, found.positions, found.draft_share) == (
        yielded, positions, share,
    )  # fmt: skip
    assert isinstance(found, Speculation)


def test_a_range_of_drafting_is_taken() -> None:
    """Also where it is not known how much a draft costs."""
    deployment = le.serving.Deployment(
        model=le.models["Llama 3.1 8B"],
        accelerator=le.accelerators["H100 SXM"],
        accepted_tokens=(1.5, 2.5),
        draft_tokens=4,
        draft_share=(0.05, 0.2),
        engine="vLLM",
        software_date="2026-01",
    )
    load = le.serving.Load.closed(
        concurrency=8, input_tokens="1000 token", output_tokens="500 token"
    )
    assert deployment.at(load).time_per_output_token.is_range


def test_date_is_a_year_or_a_month() -> None:
    """A date in words would be compared as text."""
    with pytest.raises(RangeError, match=r"software_date needs a year or a month"):
        le.serving.Deployment(
            model=le.models["Llama 3.1 8B"],
            accelerator=le.accelerators["H100 SXM"],
            software_date="December 2024",
        )
