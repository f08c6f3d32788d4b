"""`ServingStack`: fields with their limits, and the stacks of the catalogue."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.catalog import serving_stacks
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.number_format import NumberFormat
from llm_economics.serving.stack import ServingStack

SHARES = (
    "prefill_model_flops_utilization",
    "decode_model_flops_utilization",
    "decode_model_bandwidth_utilization",
)


def stack(**changes: Any) -> ServingStack:
    given = {"name": "mine", "engine": "vLLM", "date": "2026-01", "accelerator": "H100 SXM"}
    return ServingStack(**{**given, **changes})


def test_what_is_not_measured_is_unknown() -> None:
    """Only name, engine, date and accelerator are needed; the rest is absent, not zero."""
    made = stack()
    assert (made.version, made.model, made.number_format) == ("", "", None)
    assert all(getattr(made, share) is None for share in SHARES)
    with pytest.raises(MissingInputError, match=r"of mine is not known.*stack\.evolve\(conc"):
        made.require("concurrency")


def test_fields_are_read_like_everywhere() -> None:
    """Shares as percent or pairs, counts as plain numbers or ranges, formats by name."""
    made = stack(
        decode_model_bandwidth_utilization=(0.45, 0.6),
        prefill_model_flops_utilization="43 %",
        number_format="FP8",
        concurrency="4–64 request",
        maximum_batch_size=256,
    )
    assert made.require("prefill_model_flops_utilization").number("") == pytest.approx(0.43)
    low, high = made.require("concurrency").bounds()
    assert (low.number("request"), high.number("request")) == pytest.approx((4, 64))
    assert made.require("maximum_batch_size").number("request") == 256
    assert made.number_format is NumberFormat.FP8


@pytest.mark.parametrize(
    ("field", "value", "error", "match"),
    [
        ("decode_model_bandwidth_utilization", 1.2, RangeError, "needs at most 1"),
        ("decode_model_flops_utilization", "5 W", DimensionError, "got 5 W"),
        ("concurrency", "3 token", DimensionError, "needs a number of requests"),
        ("maximum_batch_size", -1, RangeError, "needs at least 0"),
        ("engine", None, NotationError, r"ServingStack\.engine needs a text"),
        ("accelerator", 5, NotationError, r"ServingStack\.accelerator needs a text"),
        ("number_format", "fp9", UnknownNameError, "fp9"),
    ],
)
def test_wrong_input_is_refused(field: str, value: Any, error: type[Exception], match: str) -> None:
    """An error names the field and what it needs."""
    with pytest.raises(error, match=match):
        stack(**{field: value})


def test_catalogue_stacks_are_dated_and_reach_less_than_the_hardware() -> None:
    """Each stack has a date, a share with its source, and all of it is below the peak."""
    assert len(serving_stacks) > 50
    for name, made in serving_stacks.items():
        assert made.date[:4].isdigit(), name
        known = [share for share in SHARES if getattr(made, share) is not None]
        assert known, name
        assert set(known) <= set(made.provenance), name
        assert all(0 < made.require(share).bounds().high.number("") <= 1 for share in known), name
        assert made.number_format is not None, name


def test_catalogue_stacks_name_entries_of_the_catalogue() -> None:
    """Accelerators and models are on their shelves, and have a peak of the number format."""
    for name, made in serving_stacks.items():
        assert made.model in le.models, name
        assert made.number_format in le.accelerators[made.accelerator].peaks, name


def test_more_accelerators_for_one_model_reach_less() -> None:
    """Communication costs: the same engine and model on more accelerators uses less of each."""
    shares = [
        serving_stacks[f"vLLM, Llama 3.1 70B fp8, {count} x H200 SXM"]
        .require("decode_model_bandwidth_utilization")
        .median()
        .number("")
        for count in (1, 2, 4, 8)
    ]
    assert shares == sorted(shares, reverse=True)


def test_writing_uses_less_arithmetic_than_reading() -> None:
    """Where both are known, decoding is far from the arithmetic peak."""
    both = [s for s in serving_stacks.values() if s.prefill_model_flops_utilization is not None]
    both = [s for s in both if s.decode_model_flops_utilization is not None]
    assert len(both) > 10
    for made in both:
        prefill, decode = (made.require(share).median().number("") for share in SHARES[:2])
        assert decode < prefill, made.name


def test_utilization_of_a_stack_enters_an_estimate() -> None:
    """A workload takes the shares of a stack, against the same number format."""
    name = "TensorRT-LLM, Llama 3.1 70B fp8, 1 x H200 SXM"
    made = serving_stacks[name]
    query = le.InferenceWorkload(
        model=le.models[made.model],
        accelerator=le.accelerators[made.accelerator],
        facility=le.facilities["us-hyperscale"],
        number_format=made.number_format,
        input_tokens="1000 token",
        output_tokens="500 token",
        model_flops_utilization=made.require("decode_model_flops_utilization"),
        prefill_model_flops_utilization=made.require("prefill_model_flops_utilization"),
    )
    assert 0.01 < query.estimate().energy.facility.median().number("Wh/request") < 1
