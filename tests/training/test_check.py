"""`mfu`: published utilizations, conventions side by side, what is refused and what it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.training.check import UtilizationCheck, mfu

CHIP = le.Accelerator(
    name="chip",
    peaks={"bf16": "1 PFLOP/s", "fp8": "2 PFLOP/s"},
    sparse_peaks={"bf16": "2 PFLOP/s"},
)
PLAIN = le.Model(name="plain", parameters="10 Gparameter")
SHAPE = le.models["Llama 3.1 70B"]
H100, A100 = le.accelerators["H100 SXM"], le.accelerators["A100 SXM 80 GB"]


def check(rate: Any, **changes: Any) -> UtilizationCheck:
    """Return the utilization on the chip with a peak of 1 PFLOP/s, some conventions changed."""
    usual: dict[str, Any] = {"model": PLAIN, "accelerator": CHIP, "number_format": "bf16"}
    return mfu(rate, **{**usual, **changes})


def percent(found: le.Quantity) -> float:
    """Return a share in percent."""
    return float(found.to("%").magnitude)


@pytest.mark.parametrize(
    ("rate", "changes"),
    [
        ("5000 token/s", {}),
        ("5000 token/s/accelerator", {}),
        ("5000 token/s/accelerator", {"accelerators": 64}),
        ("320000 token/s", {"accelerators": 64}),
        ("18e6 token/hour", {}),
        ("300 TFLOP/s", {}),
        ("300 TFLOP/s/accelerator", {}),
        ("300 TFLOP/s", {"accelerators": 64}),
        ("600 TFLOP/s", {"number_format": "fp8"}),
        ("600 TFLOP/s", {"sparse": True}),
        ("15000 token/s", {"passes": "forward"}),
        ("7500 token/s", {"passes": "adapter"}),
    ],
)
def test_each_way_to_give_a_rate(rate: str, changes: dict[str, Any]) -> None:
    """6 x 10e9 FLOP a token at 5000 token/s are 300 TFLOP/s, 30 % of the peak."""
    assert percent(check(rate, **changes).model_flops_utilization) == pytest.approx(30.0, rel=1e-12)


def test_result_says_how_the_rate_was_taken() -> None:
    """A total is divided, anything else is taken as of one accelerator, and both are said."""
    total = check("320000 token/s", accelerators=64)
    assert "320,000 token/s in total / 64 accelerator" in total.explain()
    assert total.rate.to("token/s/accelerator").magnitude == pytest.approx(5000.0)
    assert "5,000 token/s taken as of each accelerator" in check("5000 token/s").explain()
    compute = check("300 TFLOP/s", accelerators=64)
    assert "300 TFLOP/s taken as of each accelerator" in compute.explain()
    assert [a.name for a in compute.assumptions] == ["attention", "what the compute rate counts"]


@pytest.mark.parametrize(
    ("rate", "arguments", "expected"),
    [
        # PaLM 540B: 238.3 thousand tokens per second on 6144 TPU v4 (arXiv:2204.02311, table 3).
        (
            "238300 token/s",
            {
                "accelerators": 6144,
                "accelerator": le.accelerators["TPU v4"],
                "model": le.Model(
                    name="PaLM",
                    parameters="540.35 Gparameter",
                    architecture=le.Architecture(
                        layers=118, hidden_size=18432, attention_heads=48, head_dimension=256
                    ),
                ),
                "sequence_length": "2048 token",
                "attention": "full",
                "embedding": "all",
            },
            46.2,
        ),
        # Llama 3.1 405B: 430 TFLOP/s on 8192 H100 (arXiv:2407.21783, table 4).
        (
            "430 TFLOP/s",
            {
                "accelerator": H100,
                "model": le.models["Llama 3.1 405B"],
                "sequence_length": "8192 token",
            },
            43.0,
        ),
    ],
)
def test_published_utilizations(rate: str, arguments: dict[str, Any], expected: float) -> None:
    """The utilization that the authors state, from their speed and their conventions."""
    found = mfu(rate, number_format="bf16", **arguments).model_flops_utilization
    assert percent(found) == pytest.approx(expected, rel=0.015)


def test_recomputation_makes_hardware_utilization() -> None:
    """None repeats nothing, full about a third; unnamed it is unknown."""
    rate = "1000 token/s"
    shares = {
        kind: check(rate, model=SHAPE, accelerator=H100, recomputation=kind)
        for kind in ("none", "selective", "full")
    }
    model = percent(shares["none"].model_flops_utilization)
    assert percent(shares["none"].hardware_flops_utilization) == pytest.approx(model)
    # Attention is not counted here, so that its products add nothing.
    assert percent(shares["selective"].hardware_flops_utilization) == pytest.approx(model)
    ratio = percent(shares["full"].hardware_flops_utilization) / model
    assert 1.31 < ratio < 4 / 3
    assert "as asked, with recomputation (HFU)" in shares["full"].conventions().to_dict()
    with pytest.raises(MissingInputError, match="give recomputation='none', 'selective' or 'full'"):
        _ = check(rate).hardware_flops_utilization


def test_conventions_side_by_side() -> None:
    """Each line is the utilization that asking for that convention gives."""
    rate, usual = "1000 token/s", {"model": SHAPE, "accelerator": H100}
    found = check(rate, sequence_length="8192 token", **usual).conventions()
    lines = {step.name: percent(step.value) for step in found.steps()}  # type: ignore[arg-type]
    asked: dict[str, dict[str, str]] = {
        "as asked": {},
        "6 N D with all parameters": {"embedding": "all", "attention": "none"},
        "matrices, no attention": {"attention": "none"},
        "matrices, causal attention": {"attention": "causal"},
        "matrices, full attention": {"attention": "full"},
    }
    assert list(lines) == list(asked)
    for name, changes in asked.items():
        alone = check(rate, sequence_length="8192 token", **usual, **changes)
        assert lines[name] == pytest.approx(percent(alone.model_flops_utilization), rel=1e-12)
    assert lines["matrices, no attention"] < lines["as asked"] < lines["matrices, full attention"]
    assert "| 6 N D with all parameters |" in found.to_markdown()


def test_conventions_that_cannot_be_counted_say_why() -> None:
    """Without a length or a shape the attention terms are unknown, not zero."""
    lines = check("5000 token/s").conventions().to_dict()
    assert lines["matrices, full attention"]["value"] is None
    assert "needs sequence_length" in lines["matrices, full attention"]["how"]
    with_length = check("5000 token/s", sequence_length="4096 token", attention="none")
    why = with_length.conventions().to_dict()["matrices, causal attention"]["how"]
    assert "needs the architecture of plain" in why


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"number_format": "fp8"}, 30.0), ({"sparse": True}, 30.0)],
)
def test_another_peak_is_shown_against_the_dense_one_in_bf16(
    changes: dict[str, Any], expected: float
) -> None:
    """Half of the utilization is only twice the peak; both stand side by side."""
    found = check("10000 token/s", **changes)
    lines = found.conventions().to_dict()
    assert percent(found.model_flops_utilization) == pytest.approx(expected)
    assert lines["as asked, against the bf16 peak"]["value"] == pytest.approx(2 * expected)


def test_without_a_bf16_peak_there_is_no_such_line() -> None:
    """An accelerator without bf16 is compared with its own peak alone."""
    chip = le.Accelerator(name="old", peaks={"fp16": "125 TFLOP/s"})
    lines = check("500 token/s", accelerator=chip, number_format="fp16").conventions().to_dict()
    assert "as asked, against the bf16 peak" not in lines


@pytest.mark.parametrize(
    ("changes", "value", "why"),
    [
        ({"model": SHAPE}, "none", "at 8192 token would add 7.7 %"),
        ({}, "none", "would add an unknown part"),
        ({"model": SHAPE, "sequence_length": "8192 token"}, "causal", "beyond the weights: 7.7 %"),
    ],
)
def test_attention_that_is_assumed_is_listed(changes: dict[str, Any], value: str, why: str) -> None:
    """What was taken stands in the assumptions, with the size of the error."""
    found = check("1000 token/s", **changes).assumptions
    assert [(a.name, a.value) for a in found] == [("attention", value)]
    assert why in found[0].why


def test_attention_that_was_named_is_not_assumed() -> None:
    """What the caller said is no assumption."""
    assert check("1000 token/s", attention="none").assumptions == ()


def test_what_was_counted_is_said_in_words() -> None:
    """Parameters, embeddings, attention and peak stand in the explanation."""
    text = check(
        "1000 token/s", model=SHAPE, embedding="all", sequence_length="8192 token"
    ).explain()
    assert "every parameter that a token passes through, embeddings included" in text
    assert "6 FLOP x parameters counted (training), and causal attention at 8,192 token" in text
    assert "dense peak of chip in bf16" in text
    assert (
        "peak with structured sparsity of chip in bf16" in check("1 token/s", sparse=True).explain()
    )


def test_ranges_go_through() -> None:
    """A range of speed is a range of utilization."""
    found = check("4500-5500 token/s").model_flops_utilization
    low, high = found.quantiles(0.05, 0.95).to("%").magnitude
    assert (low, high) == pytest.approx((27.0, 33.0), rel=1e-3)
    assert found.inputs == ("rate",)


def test_arrays_go_through() -> None:
    """One call answers for many speeds, and the largest may not be more than the peak."""
    found = check(le.quantity(np.array([1000.0, 5000.0]), "token/s"))
    assert found.model_flops_utilization.to("%").magnitude == pytest.approx([6.0, 30.0])
    with pytest.raises(RangeError, match="at most the dense peak"):
        check(le.quantity(np.array([1000.0, 50000.0]), "token/s"))


def test_axes_go_through() -> None:
    """A speed or a length that runs through values gives a utilization for each."""
    found = check(le.axis(1000, 5000, 2, "token/s")).model_flops_utilization
    assert found.sweep().central().to("%").values.magnitude == pytest.approx([6.0, 30.0])
    lengths = check("400 token/s", model=SHAPE, sequence_length=le.axis(4096, 131072, 2, "token"))
    assert "matrices, full attention" in lengths.conventions().to_markdown()


def test_a_range_that_reaches_above_the_peak_is_cut_there() -> None:
    """A share is at most 1."""
    found = check("14000-18000 token/s").model_flops_utilization
    assert found.quantiles(1.0).magnitude[0] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("rate", "match"),
    [
        (9600, "got 9,600; give the unit, such as '9600 token/s'"),
        ("3 s", "a time per step says nothing without its batch"),
        ("400 TFLOP", "give computation per second, such as '400 TFLOP/s'"),
        ("9600 token", "give tokens per second"),
        ("9 W", "got 9 W$"),
    ],
)
def test_what_is_no_rate_is_refused(rate: Any, match: str) -> None:
    """The message says what came and how to convert it."""
    with pytest.raises(DimensionError, match=rf"mfu\(rate\) needs.*{match}"):
        check(rate)


@pytest.mark.parametrize(
    ("rate", "changes", "match"),
    [
        (
            "20000 token/s",
            {},
            r"chip in bf16, 1,000 TFLOP.*; got 1,200 .*total .*\('fp8' would do\).*sparse=True",
        ),
        (
            "3 PFLOP/s",
            {"sparse": True},
            r"peak with structured sparsity of chip.*accelerators=\.\.\.\)$",
        ),
        ("800 TFLOP/s", {"recomputation": "full"}, "got 1,066.* of FLOP with recomputation"),
        ("0 token/s", {}, r"mfu\(rate\) needs more than zero"),
        ("1 token/s", {"accelerators": 0}, r"mfu\(accelerators\) needs more than zero"),
        ("1 token/s", {"accelerators": -1}, r"mfu\(accelerators\) needs at least 0"),
        ("1 token/s", {"sequence_length": 0}, r"mfu\(sequence_length\) needs more than zero"),
        (
            "1 token/s",
            {"passes": "forward", "recomputation": "full"},
            r"mfu\(recomputation\) needs 'none' where passes='forward'; got 'full'",
        ),
    ],
)
def test_what_cannot_be_is_refused(rate: str, changes: dict[str, Any], match: str) -> None:
    """More than the peak is refused, with what may be behind it; so is zero."""
    with pytest.raises(RangeError, match=match):
        check(rate, **changes)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"number_format": "fp4"}, UnknownNameError, r"dense peak of chip \(it has bf16, fp8\)"),
        ({"number_format": "bf61"}, UnknownNameError, "no number format named 'bf61'"),
        ({"attention": "half"}, UnknownNameError, "attention convention named 'half'"),
        ({"embedding": "some"}, UnknownNameError, "embedding convention named 'some'"),
        ({"recomputation": "some"}, UnknownNameError, "recomputation named 'some'"),
        ({"passes": "some"}, UnknownNameError, "kind of pass named 'some'"),
        ({"attention": "causal"}, MissingInputError, "needs sequence_length='8192 token'"),
        ({"model": le.Model(name="bare")}, MissingInputError, "parameters of bare are not known"),
        ({"model": None}, MissingInputError, r"mfu\(model\) needs the model"),
        ({"model": "Llama 3.1 70B"}, NotationError, r"write le.models\['Llama 3.1 70B'\]"),
        ({"accelerator": "H100"}, NotationError, r"write le.accelerators\['H100'\]"),
    ],
)
def test_bad_conventions_are_refused(
    changes: dict[str, Any], error: type[Exception], match: str
) -> None:
    """What is unknown or no noun is named, with what to type instead."""
    with pytest.raises(error, match=match):
        check("1000 token/s", **changes)


def test_a_mixture_of_experts_counts_its_active_parameters() -> None:
    """Counting all of them would give several times the utilization."""
    model = le.Model(name="moe", parameters="100 Gparameter", active_parameters="10 Gparameter")
    assert percent(check("5000 token/s", model=model).model_flops_utilization) == pytest.approx(30)


def test_a_range_of_parameters_goes_through() -> None:
    """The parameters of a closed model are a range, and then so is its utilization."""
    model = le.Model(name="closed", parameters="8-12 Gparameter")
    found = check("300 TFLOP/s", model=model)
    assert percent(found.model_flops_utilization.median()) == pytest.approx(30.0, rel=1e-6)
    assert found.rate.is_range


def test_an_old_accelerator_with_its_own_figures() -> None:
    """GPT-3 scale on A100 at 140 TFLOP/s, 45 % of 312 TFLOP/s (arXiv:2104.04473, table 1)."""
    found = check("140 TFLOP/s", accelerator=A100, model=le.models["GPT-3 175B"])
    assert percent(found.model_flops_utilization) == pytest.approx(44.9, rel=1e-3)
