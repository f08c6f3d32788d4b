"""`TrainingProgramme`: sums of stages, repetition over a horizon, what is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.training import (
    FineTuningWorkload,
    ReinforcementWorkload,
    TrainingProgramme,
    TrainingStage,
)
from llm_economics.training.totals import total

CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s"},
    rental_price="2 USD/accelerator/hour",
    system_price="87660 USD/accelerator",
)
SITE = le.Facility(
    name="site",
    power_usage_effectiveness=1.25,
    grid=le.Grid(name="grid", carbon_intensity="400 gCO2e/kWh"),
    tariff=le.Tariff(name="tariff", price="0.1 USD/kWh"),
)
DARK = le.Facility(name="dark", power_usage_effectiveness=1.25)
MODEL = le.Model(name="model", parameters="10 Gparameter")
EXACT: dict[str, Any] = {
    "model": MODEL,
    "accelerator": CHIP,
    "accelerators": 10,
    "facility": SITE,
    "number_format": "bf16",
    "model_flops_utilization": 0.5,
    "goodput": 0.8,
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.1,
    "capital_life": "5 year",
    "capital_utilization": 0.5,
}
# 1 Gtoken of 10 Gparameter, 6 N D at half of the peak, 80 % goodput.
HOURS = 6e19 / 0.5e15 / 3600 / 0.8
PER_HOUR = 0.5 * 0.8 * 1.5 * 1.1 * 1.25


def pretraining(**changes: Any) -> le.TrainingWorkload:
    """Ten times the tokens of the tuning."""
    return le.TrainingWorkload(**{**EXACT, "tokens": "10 Gtoken", **changes})


def tuning(**changes: Any) -> FineTuningWorkload:
    """Fine-tuning on 1 Gtoken."""
    return FineTuningWorkload(**{**EXACT, "tokens": "1 Gtoken", **changes})


def reinforcement(**changes: Any) -> ReinforcementWorkload:
    """Reinforcement on a million tokens."""
    rollouts = {
        "prompts": 1000,
        "rollouts_per_prompt": 1,
        "prompt_tokens": "200 token",
        "response_tokens": "800 token",
    }
    return ReinforcementWorkload(**{**EXACT, **rollouts, **changes})


def test_totals_by_hand() -> None:
    """Ten parts of pre-training and twelve monthly tunings of one part each."""
    programme = TrainingProgramme(stages=[pretraining(), tuning(every="1 month")], over="1 year")
    found = programme.estimate()
    hours = 22 * HOURS
    energy = hours * PER_HOUR
    assert found.computation.number("FLOP") == pytest.approx(22 * 6e19)
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(hours)
    assert found.duration.number("hour") == pytest.approx(hours / 10)
    assert found.energy.facility.number("kWh") == pytest.approx(energy)
    assert found.energy.accelerator.number("kWh") == pytest.approx(hours * 0.4)
    assert found.cost.rental.number("USD") == pytest.approx(2 * hours)
    assert found.cost.amortised.number("USD") == pytest.approx(4 * hours + 0.1 * energy)
    assert found.carbon.number("kgCO2e") == pytest.approx(0.4 * energy)
    assert found.stage("fine-tuning").runs.number("") == pytest.approx(12.0)
    assert found.stage("fine-tuning").cost.acquisition.number("USD") == pytest.approx(876_600.0)
    assert found.stage("pre-training").one_run.duration.number("hour") == pytest.approx(HOURS)


@pytest.mark.parametrize(
    ("stage", "runs"),
    [
        ({}, 1.0),
        ({"runs": 3}, 3.0),
        ({"every": "1 month"}, 12.0),
        ({"every": "1 week", "over": "10 week"}, 10.0),
        ({"every": "1 month", "runs": 2}, 24.0),
        ({"every": "100 day"}, 3.6525),
    ],
)
def test_number_of_runs(stage: dict[str, Any], runs: float) -> None:
    """Runs each time, times how often the horizon holds the time between them."""
    programme = TrainingProgramme(stages=[TrainingStage(workload=tuning(), **stage)], over="1 year")
    found = programme.estimate()
    assert found.stages[0].runs.number("") == pytest.approx(runs)
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(runs * HOURS)


def test_stage_says_how_often_before_its_workload() -> None:
    """The stage's own time between runs goes before that of its workload."""
    stage = TrainingStage(workload=tuning(every="1 month"), every="3 month")
    assert stage.runs_over(le.quantity("1 year")).number("") == pytest.approx(4.0)


def test_names_of_stages() -> None:
    """By default the name of the workload, else its kind."""
    stages = [pretraining(), pretraining(name="long context"), tuning(), reinforcement()]
    programme = TrainingProgramme(stages=stages, name="mine")
    titles = [stage.title for stage in programme.stages]
    assert titles == ["pre-training", "long context", "fine-tuning", "reinforcement"]
    found = programme.estimate()
    assert found.title == "mine"
    assert TrainingProgramme(stages=[tuning()]).estimate().title == "training in 1 stages"
    assert found.by_stage(lambda stage: stage.computation).keys() == set(titles)


def test_lines_of_stages_sum_to_their_totals() -> None:
    """Computation, time, each boundary, each scope, carbon: the lines sum to the total."""
    programme = TrainingProgramme(
        stages=[pretraining(), tuning(every="1 month"), reinforcement()], over="1 year"
    )
    lines = programme.estimate().to_dict()
    totals = [name for name in lines if name.endswith(", total")]
    assert len(totals) == 2 + 4 + 2 + 1
    for name in totals:
        figure = name.removesuffix(", total")
        parts = [
            line["value"] for n, line in lines.items() if n.startswith(f"{figure}, ") and n != name
        ]
        assert len(parts) == 3
        assert sum(parts) == pytest.approx(lines[name]["value"], rel=1e-12)
    assert lines["runs, fine-tuning"]["value"] == pytest.approx(12.0)


def test_ranges_sum_in_every_draw() -> None:
    """With ranges for everything, stages sum to the total draw by draw."""
    free = {
        "model": le.models["Llama 3.1 8B"],
        "accelerator": le.accelerators["H100 SXM"],
        "facility": le.facilities["us-hyperscale"],
        **dict.fromkeys(
            [
                "goodput",
                "accelerator_load",
                "server_factor",
                "network_and_idle_share",
                "capital_life",
                "capital_utilization",
            ]
        ),
        "model_flops_utilization": (0.3, 0.45),
    }
    programme = TrainingProgramme(
        stages=[
            pretraining(**free),
            TrainingStage(workload=tuning(**free), every=(20, 40, "day")),
            reinforcement(**free),
        ],
        over="1 year",
    )
    found = programme.estimate()
    figures = {
        "facility energy": (found.energy.facility, lambda s: s.energy.facility),
        "rental": (found.cost.rental, lambda s: s.cost.rental),
        "carbon": (found.carbon, lambda s: s.carbon),
        "accelerator-time": (found.accelerator_time, lambda s: s.accelerator_time),
    }
    for name, (whole, ask) in figures.items():
        first, *rest = found.by_stage(ask).values()
        difference = (whole - sum(rest, first)).samples(200, rng=1)
        worst = float(np.max(np.abs(np.asarray(difference.magnitude))))
        assert worst <= 1e-9 * float(whole.central().magnitude), name
    names = [str(assumption) for assumption in found.assumptions]
    assert len(names) == len(set(names))
    assert found.sources


@given(
    st.lists(st.floats(0.1, 100.0), min_size=1, max_size=4),
    st.floats(1.0, 400.0),
    st.floats(1.0, 4000.0),
)
def test_runs_scale_every_figure(runs: list[float], every: float, over: float) -> None:
    """Time and energy are proportional to runs and horizon, and sum over stages."""
    stages = [
        TrainingStage(name=f"stage {i}", workload=tuning(), runs=n, every=f"{every} day")
        for i, n in enumerate(runs)
    ]
    found = TrainingProgramme(stages=stages, over=f"{over} day").estimate()
    hours = sum(runs) * over / every * HOURS
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(hours)
    assert found.energy.facility.number("kWh") == pytest.approx(hours * PER_HOUR)


def test_unknown_stage_spoils_the_totals_and_says_so() -> None:
    """A stage that cannot be computed keeps its reason; the other stays known."""
    unknown = tuning(tokens=None, name="secret tuning")
    found = TrainingProgramme(stages=[pretraining(), unknown]).estimate()
    assert not found.stage("secret tuning").is_known
    assert found.stage("pre-training").energy.facility.number("MWh") > 0.0
    reason = r"the total lacks secret tuning \(.*tokens are needed"
    for ask in ("computation", "accelerator_time", "duration", "energy", "cost", "carbon"):
        with pytest.raises(MissingInputError, match=reason):
            getattr(found, ask)
        with pytest.raises(MissingInputError, match="tokens are needed"):
            getattr(found.stage("secret tuning"), ask)
    lines = found.to_dict()
    assert lines["carbon, total"]["value"] is None
    assert "secret tuning" in lines["carbon, total"]["how"]
    assert lines["carbon, pre-training"]["value"] > 0.0


def test_unknown_grid_leaves_the_rest_known() -> None:
    """Energy sums; carbon and the price of electricity name the stage without them."""
    stages = [pretraining(), tuning(facility=DARK, name="abroad")]
    found = TrainingProgramme(stages=stages).estimate()
    assert found.energy.facility.number("kWh") == pytest.approx(11 * HOURS * PER_HOUR)
    assert found.cost.rental.number("USD") == pytest.approx(22 * HOURS)
    with pytest.raises(MissingInputError, match=r"lacks abroad \(.*grid"):
        _ = found.carbon
    with pytest.raises(MissingInputError, match=r"lacks abroad \("):
        _ = found.cost.electricity
    with pytest.raises(MissingInputError, match="stages can share machines"):
        _ = found.cost.acquisition


def test_total_names_every_missing_part() -> None:
    """Two missing parts are both named with their reasons."""
    first, second = MissingInputError("no price"), MissingInputError("no grid")
    found = total({"a": first, "b": le.quantity("1 MWh"), "c": second})
    assert str(found) == "the total lacks a (no price); c (no grid)"


WRONG: list[tuple[dict[str, Any], type[LLMEconomicsError], str]] = [
    ({"stages": []}, RangeError, "TrainingProgramme.stages needs at least one stage"),
    ({"stages": "tuning"}, NotationError, "needs a list of stages or workloads; got 'tuning'"),
    ({"stages": pretraining()}, NotationError, "needs a list of stages or workloads"),
    ({"stages": [MODEL]}, NotationError, "workload needs TrainingWorkload.*got Model"),
    ({"stages": [tuning(), tuning()]}, RangeError, "'fine-tuning' comes 2 times. Give"),
    (
        {"stages": [tuning(every="1 month")]},
        MissingInputError,
        "'fine-tuning' is repeated every 1 month.*give TrainingProgramme\\(over='1 year'\\)",
    ),
    ({"stages": [tuning()], "over": "0 year"}, RangeError, "over needs more than zero"),
    ({"stages": [tuning()], "over": 3}, DimensionError, "TrainingProgramme.over needs time"),
]


@pytest.mark.parametrize(("fields", "error", "text"), WRONG)
def test_wrong_input_is_refused(
    fields: dict[str, Any], error: type[LLMEconomicsError], text: str
) -> None:
    """The error names the field, what it needs and what came."""
    with pytest.raises(error, match=text):
        TrainingProgramme(**fields)


def test_wrong_stage_is_refused() -> None:
    """No runs, no time between them, no such stage."""
    with pytest.raises(RangeError, match=r"TrainingStage\.runs needs more than zero"):
        TrainingStage(workload=tuning(), runs=0)
    with pytest.raises(RangeError, match=r"TrainingStage\.every needs more than zero"):
        TrainingStage(workload=tuning(), every="0 day")
    found = TrainingProgramme(stages=[tuning()]).estimate()
    with pytest.raises(UnknownNameError, match="stage"):
        found.stage("tuning")
