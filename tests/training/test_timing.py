"""How long a run takes, by what is known: its duration, its utilization, its step, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.training.layout import Layout

H100 = le.accelerators["H100 SXM"]
MODEL = le.models["Llama 3.1 8B"]
CLOSED = le.Model(name="closed", parameters="8 Gparameter")
GIVEN: dict[str, Any] = {
    "model": MODEL,
    "tokens": "1 Ttoken",
    "accelerator": H100,
    "accelerators": 64,
    "global_batch": "4 Mtoken",
    "sequence_length": "8192 token",
    "software_date": "2025-06",
    "number_format": "bf16",
    "attention": "none",
    "server": le.servers["DGX H100"],
    "facility": le.facilities["us-hyperscale"],
}
SPREAD = Layout(data_parallel=64, sharding="optimizer", recomputation="full")


def estimate(**changes: Any) -> Any:
    """Return the estimate of a run with some inputs changed; None leaves one out."""
    return le.TrainingWorkload(**(GIVEN | changes)).estimate()


def names(found: Any) -> list[str]:
    """Return what was assumed, by name."""
    return [assumption.name for assumption in found.assumptions]


def middle(found: Any) -> float:
    """Return the central duration in days."""
    return float(found.duration.central().to("day").magnitude)


def test_a_given_duration_is_taken() -> None:
    """Nothing about utilization, steps or lost time is assumed."""
    found = estimate(duration="240 hour")
    assert found.duration.number("day") == pytest.approx(10.0)
    assert found.step is None
    assert not {"goodput", "model_flops_utilization", "run tuning"} & set(names(found))
    assert len(found.phases) == 1


def test_a_given_utilization_is_taken() -> None:
    """With the goodput given, or assumed and listed; the step is not asked."""
    found = estimate(model_flops_utilization=0.4, goodput=0.9)
    expected = 6 * MODEL.computing_parameters.number("parameter") * 1e12 / 64 / (0.4 * 0.9)
    peak = H100.peak("bf16").to("FLOP/s").magnitude
    assert found.duration.number("day") == pytest.approx(expected / peak / 86400)
    assert found.step is None
    assert "goodput" in names(estimate(model_flops_utilization=0.4))
    assert not {"goodput", "model discrepancy of the step"} & set(names(found))


def test_the_step_decides_where_no_utilization_is_given() -> None:
    """Tokens over its rate, what whole runs keep of it, and goodput."""
    found = estimate(goodput=0.9)
    assert found.step is not None
    rate = found.step.token_rate.to("token/accelerator/day").samples(64).magnitude
    tuning = next(a.value for a in found.assumptions if a.name == "run tuning")
    days = 1e12 / 64 / (rate * tuning.samples(64).magnitude * 0.9)
    assert found.duration.samples(64).to("day").magnitude == pytest.approx(days, rel=1e-12)
    assert {"run tuning", "model discrepancy of the step", "layout"} <= set(names(found))
    assert len(names(found)) == len(set(names(found)))
    assert "goodput" in names(estimate())


@pytest.mark.parametrize(
    "changes",
    [
        {"computation": "1e23 FLOP"},
        {"model": None, "computation": "1e23 FLOP"},
        {"accelerators": "60-70 accelerator"},
        {"accelerator": H100.evolve(memory=None), "server": None},
        {"model": CLOSED, "accelerators": 1, "tokens": "1 Gtoken"},
        {
            "model": MODEL.evolve(training_tokens=None, training_computation="1e23 FLOP"),
            "tokens": None,
        },
    ],
    ids=["computation", "no model", "range", "unknown memory", "stand-in", "no tokens"],
)
def test_published_runs_where_no_step_can_be_computed(changes: dict[str, Any]) -> None:
    """The utilization of published runs has lost time in it, so no goodput is assumed."""
    found = estimate(**changes)
    assert found.step is None
    assert "model_flops_utilization" in names(found)
    assert not {"goodput", "run tuning", "layout"} & set(names(found))
    assert len(found.phases) == 1


def test_goodput_of_an_unknown_utilization_is_refused() -> None:
    """Lost time would count twice."""
    with pytest.raises(MissingInputError, match=r"TrainingWorkload.goodput was given and no util"):
        estimate(computation="1e23 FLOP", goodput=0.9)


def test_published_runs_count_against_the_16_bit_peak() -> None:
    """Whatever the format: twice the peak of fp8 is not twice as fast."""
    days = [middle(estimate(computation="1e23 FLOP", number_format=f)) for f in ("bf16", "fp8")]
    assert days[0] == days[1]


def test_experts_have_their_own_published_runs() -> None:
    """A mixture of experts reaches less."""
    sparse = CLOSED.evolve(active_parameters="1 Gparameter")
    dense, experts = (middle(estimate(model=m, computation="1e23 FLOP")) for m in (CLOSED, sparse))
    assert experts > dense


def test_what_does_not_fit_is_refused() -> None:
    """A known shape, or a layout that was given, is proof; a stand-in is none."""
    with pytest.raises(RangeError, match="no layout of 8 accelerators fits"):
        estimate(model=le.models["Llama 3.1 405B"], accelerators=8)
    with pytest.raises(RangeError, match=r"TrainingWorkload.layout does not fit"):
        estimate(model=CLOSED, layout=Layout(data_parallel=64))


def test_unknown_computation_is_asked_for() -> None:
    """Neither tokens nor computation: there is no duration."""
    with pytest.raises(MissingInputError, match="the computation is not known"):
        estimate(model=CLOSED, tokens=None)


def test_tokens_of_the_model_are_listed_once() -> None:
    """Where the run gives none."""
    found = estimate(tokens=None)
    assert names(found).count("tokens") == 1
    assert found.step is not None


def test_accelerators_beyond_the_layout_do_nothing() -> None:
    """They are paid for, and the run takes as long as without them."""
    box = le.servers["DGX H100"].evolve(power=None)
    fewer, more = (estimate(accelerators=n, layout=SPREAD, server=box) for n in (64, 128))
    assert middle(more) == pytest.approx(middle(fewer))
    hours = [f.accelerator_time.central().number("accelerator*hour") for f in (fewer, more)]
    assert hours[1] == pytest.approx(2.0 * hours[0])
    energy = [f.energy.accelerator.central().number("MWh") for f in (fewer, more)]
    assert energy[0] < energy[1] < 1.3 * energy[0]  # at rest they draw little


def test_a_share_of_an_accelerator_is_counted() -> None:
    """The duration follows from those that there are, not from the rounded number."""
    whole, more = (middle(estimate(accelerators=n, global_batch="4 Mtoken")) for n in (64, 64.2))
    assert more == pytest.approx(whole, rel=1e-9)
    less = middle(estimate(accelerators=63.8))
    assert less == pytest.approx(whole * 64 / 63.8, rel=1e-9)


def test_an_estimate_by_its_step_keeps_its_parts() -> None:
    """The step that was used is the one of the run."""
    workload = le.TrainingWorkload(**GIVEN)
    found = workload.estimate()
    assert found.step is not None
    assert str(found.step.step_time) == str(workload.step().step_time)
