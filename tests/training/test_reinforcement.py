"""`ReinforcementWorkload`: exact cases by hand, sums of parts, split accelerators, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    NotationError,
    RangeError,
)

if TYPE_CHECKING:
    from llm_economics.training.reinforcement_estimate import ReinforcementBreakdown

CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s", "fp8": "2 PFLOP/s"},
    rental_price="2 USD/accelerator/hour",
    system_price="87660 USD/accelerator",
)
SITE = le.Facility(
    name="site",
    power_usage_effectiveness=1.25,
    grid=le.Grid(name="grid", carbon_intensity="400 gCO2e/kWh"),
    tariff=le.Tariff(name="tariff", price="0.1 USD/kWh"),
)
POLICY = le.Model(name="policy", parameters="10 Gparameter")
SMALL = le.Model(name="small", parameters="1 Gparameter")
# 1e6 rollouts of 1,000 tokens, 200 of them prompt, four to a prompt.
EXACT: dict[str, Any] = {
    "model": POLICY,
    "accelerator": CHIP,
    "facility": SITE,
    "number_format": "bf16",
    "accelerators": 100,
    "prompts": 250_000,
    "rollouts_per_prompt": 4,
    "prompt_tokens": "200 token",
    "response_tokens": "800 token",
    "model_flops_utilization": 0.5,
    "rollout_model_flops_utilization": 0.1,
    "scoring_model_flops_utilization": 0.4,
    "goodput": 0.8,
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.1,
    "capital_life": "5 year",
    "capital_utilization": 0.5,
}
WRITTEN, READ, ALL = 8e8, 5e7, 1e9
ASSUMED: dict[str, Any] = {
    "model": le.models["Llama 3.1 8B"],
    "accelerator": le.accelerators["H100 SXM"],
    "facility": le.facilities["us-hyperscale"],
    "number_format": None,
    "model_flops_utilization": None,
    "rollout_model_flops_utilization": None,
    "scoring_model_flops_utilization": None,
    "goodput": None,
    "attention": "causal",
    "accelerator_load": None,
    "server_factor": None,
    "network_and_idle_share": None,
    "capital_life": None,
    "capital_utilization": None,
    "accelerators": 16,
    "reference_model": True,
}


def stage(**changes: Any) -> le.training.ReinforcementWorkload:
    """Return the exact stage with some inputs changed."""
    return le.training.ReinforcementWorkload(**{**EXACT, **changes})


def hours(found: ReinforcementBreakdown) -> dict[str, float]:
    """Accelerator-hours by part."""
    return {n: p.accelerator_time.number("accelerator*hour") for n, p in found.parts.items()}


def test_tokens_by_hand() -> None:
    """Written, scored and trained tokens follow from prompts, rollouts and lengths."""
    found = stage(epochs=2, trained_rollout_share=0.5, pretraining_tokens="3 Gtoken")
    assert found.rollouts.number("") == 1e6
    assert found.generated_tokens.number("token") == pytest.approx(WRITTEN)
    assert found.scored_tokens.number("token") == pytest.approx(ALL)
    assert found.trained_rollout_tokens.number("token") == pytest.approx(2 * 0.5 * ALL)
    assert found.seen_tokens.number("token") == pytest.approx(ALL + 3e9)


@pytest.mark.parametrize(
    ("changes", "scoring", "training"),
    [
        ({}, None, 6e10 * ALL),
        ({"reference_model": True}, 2e10 * ALL, 6e10 * ALL),
        ({"reference_model": SMALL}, 2e9 * ALL, 6e10 * ALL),
        ({"reward_model": SMALL}, 2e9 * ALL, 6e10 * ALL),
        ({"policy_rescored": True}, 2e10 * ALL, 6e10 * ALL),
        ({"critic": SMALL}, 2e9 * ALL, 6.6e10 * ALL),
        ({"critic": SMALL, "epochs": 3}, 2e9 * ALL, 3 * 6.6e10 * ALL),
        ({"pretraining_tokens": "2 Gtoken"}, None, 6e10 * (ALL + 2e9)),
        (
            {"reference_model": True, "reward_model": SMALL, "critic": SMALL},
            2.4e10 * ALL,
            6.6e10 * ALL,
        ),
    ],
)
def test_computation_by_hand(
    changes: dict[str, Any], scoring: float | None, training: float
) -> None:
    """2 N of each model that reads, 6 N of each that learns, written tokens 2 N."""
    found = stage(**changes).estimate()
    parts = {name: part.computation.number("FLOP") for name, part in found.parts.items()}
    expected = {"generation": 2e10 * (WRITTEN + READ), "training": training, "lost time": 0.0}
    if scoring is not None:
        expected["scoring"] = scoring
    assert parts == pytest.approx(expected)
    assert found.computation.number("FLOP") == pytest.approx(sum(expected.values()))


def test_time_and_energy_by_hand() -> None:
    """Each part at its own utilization; a fifth of the time is lost at the given load."""
    found = stage(reference_model=True).estimate()
    generation = 2e10 * WRITTEN / 1e14 / 3600 + 2e10 * READ / 4e14 / 3600
    scoring, training = 2e10 * ALL / 4e14 / 3600, 6e10 * ALL / 5e14 / 3600
    working = generation + scoring + training
    expected = {
        "generation": generation,
        "scoring": scoring,
        "training": training,
        "lost time": working / 0.8 - working,
    }
    assert hours(found) == pytest.approx(expected)
    assert list(found.parts) == list(expected)
    whole = working / 0.8
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(whole)
    assert found.duration.number("hour") == pytest.approx(whole / 100)
    energy = whole * 0.5 * 0.8 * 1.5 * 1.1 * 1.25
    assert found.energy.facility.number("kWh") == pytest.approx(energy)
    assert found.cost.rental.number("USD") == pytest.approx(2.0 * whole)
    assert found.cost.amortised.number("USD") == pytest.approx(4.0 * whole + 0.1 * energy)
    assert found.cost.acquisition.number("USD") == pytest.approx(8_766_000.0)
    assert found.carbon.number("kgCO2e") == pytest.approx(0.4 * energy)
    assert found.model_flops_utilization.number("") == pytest.approx(
        found.computation.number("FLOP") / (whole * 3600 * 1e15)
    )
    assert found.share("generation").number("") == pytest.approx(generation / whole)
    assert found.share("no such part").number("") == 0.0


def test_attention_counts_the_whole_rollout_once() -> None:
    """Reading the prompt and writing the rest cost what a causal pass over the whole does."""
    model = le.models["Llama 3.1 8B"]
    changes = {"model": model, "attention": "causal", "rollouts_per_prompt": 1}
    found = stage(**changes, reference_model=True).estimate()
    generation, scoring = (found.parts[n].computation for n in ("generation", "scoring"))
    assert generation.number("FLOP") == pytest.approx(scoring.number("FLOP"))


def test_measured_throughput_goes_before_utilization() -> None:
    """800 million tokens at 1,000 token/s of each accelerator."""
    found = stage(rollout_throughput="1000 token/s").estimate()
    assert hours(found)["generation"] == pytest.approx(WRITTEN / 1000 / 3600)


def test_goodput_of_one_loses_nothing() -> None:
    """No lost time, and no phase for it."""
    found = stage(goodput=1).estimate()
    assert hours(found)["lost time"] == pytest.approx(0.0, abs=1e-9)
    assert [phase.name for phase in found.phases] == ["generation", "training"]


def test_phases_are_the_parts_one_after_another() -> None:
    """Durations of phases sum to that of the stage, their energies to its energy."""
    found = stage(reference_model=True).estimate()
    assert [phase.name for phase in found.phases] == list(found.parts)
    lasts = sum(phase.duration.number("day") for phase in found.phases)
    energy = sum((phase.duration * phase.power).number("MWh") for phase in found.phases)
    assert lasts == pytest.approx(found.duration.number("day"))
    assert energy == pytest.approx(found.energy.facility.number("MWh"))


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_split_accelerators_wait_for_the_slower_side(share: float) -> None:
    """Generation on its share, the rest on the others: the slower side sets the time."""
    found = stage(rollout_accelerator_share=share, reference_model=True).estimate()
    part = hours(found)
    rest = part["scoring"] + part["training"]
    wall = max(part["generation"] / share, rest / (1 - share)) / 0.8 / 100
    assert found.duration.number("hour") == pytest.approx(wall)
    assert sum(part.values()) == pytest.approx(100 * wall)
    assert [phase.name for phase in found.phases] == ["run"]


def test_given_duration_is_shared_out() -> None:
    """Parts keep their proportion and fill the time; goodput takes its part first."""
    computed = hours(stage(goodput=1).estimate())
    whole = stage(duration="10 hour", goodput=None).estimate()
    assert sum(hours(whole).values()) == pytest.approx(1000.0)
    assert "lost time" not in whole.parts
    assert "goodput" not in {assumption.name for assumption in whole.assumptions}
    ratio = computed["generation"] / computed["training"]
    assert hours(whole)["generation"] / hours(whole)["training"] == pytest.approx(ratio)
    with_loss = hours(stage(duration="10 hour", goodput=0.8).estimate())
    assert with_loss["lost time"] == pytest.approx(200.0)
    assert sum(with_loss.values()) == pytest.approx(1000.0)


def test_responses_that_come_with_the_data() -> None:
    """Preference pairs (DPO): nothing is generated; 2 N of the reference and 6 N of the policy."""
    found = stage(generates=False, rollout_model_flops_utilization=None, reference_model=True)
    parts = found.estimate().parts
    assert list(parts) == ["scoring", "training", "lost time"]
    total = sum(part.computation.number("FLOP") for part in parts.values())
    assert total == pytest.approx(8e10 * ALL)
    alone = stage(generates=False, rollout_model_flops_utilization=None).estimate()
    assert list(alone.parts) == ["training", "lost time"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"rollout_accelerator_share": (0.4, 0.6)},
        {"duration": (20, 30, "hour")},
        {"accelerators": (14, 18)},
    ],
    ids=["one after another", "split", "duration", "accelerators"],
)
def test_parts_sum_in_every_draw(changes: dict[str, Any]) -> None:
    """Parts sum to the whole draw by draw: FLOP, time, energy at each boundary, cost, carbon."""
    found = stage(**{**ASSUMED, **changes}).estimate()

    def check(whole: le.Quantity, parts: list[le.Quantity]) -> None:
        difference = whole - sum(parts[1:], parts[0])
        scale = float(whole.central().magnitude)
        spread = np.abs(np.asarray(difference.samples(200, rng=1).magnitude))
        assert float(np.max(spread)) <= 1e-9 * scale

    parts = list(found.parts.values())
    check(found.accelerator_time, [p.accelerator_time for p in parts])
    for boundary in ("accelerator", "server", "it", "facility"):
        check(found.energy.at(boundary), [p.energy.at(boundary) for p in parts])
    check(found.cost.rental, [p.cost.rental for p in parts])
    check(found.cost.amortised, [p.cost.amortised for p in parts])
    check(found.carbon, [p.carbon for p in parts])
    assert (found.accelerators * found.duration / found.accelerator_time).central().number(
        ""
    ) == pytest.approx(1.0)


def test_what_is_not_said_is_listed() -> None:
    """Every assumption appears once; training follows from a step, generation from serving."""
    found = stage(**ASSUMED).estimate()
    names = [assumption.name for assumption in found.assumptions]
    assert len(names) == len(set(names))
    assert {
        "number_format",
        "decode_model_flops_utilization",
        "prefill_model_flops_utilization",
        "serving_accelerator_load",
        "layout",
        "run tuning",
        "goodput",
        "idle server power",
    } <= set(names)
    assert found.step is not None
    assert "attention" in {a.name for a in stage(attention=None).estimate().assumptions}


def test_lost_time_draws_power_at_rest() -> None:
    """Where no load is given, waiting takes less than half of the power of training."""
    parts = stage(**ASSUMED).estimate().parts
    rate = {n: (p.energy.facility / p.accelerator_time).central() for n, p in parts.items()}
    assert rate["lost time"] < 0.5 * rate["training"]


def test_without_a_step_published_runs_stand_in() -> None:
    """A model whose parameters are a range on a range of accelerators: utilization of whole runs.

    Lost time is in that utilization, so goodput takes its part of generation and scoring alone.
    """
    found = stage(**{**ASSUMED, "accelerators": (14, 18)}).estimate()
    assert found.step is None
    part = {n: p.accelerator_time for n, p in found.parts.items()}
    goodput = next(a.value for a in found.assumptions if a.name == "goodput")
    lost = (part["generation"] + part["scoring"]) * (1.0 / goodput - 1.0)
    assert lost.central().number("accelerator*hour") == pytest.approx(
        part["lost time"].central().number("accelerator*hour"), rel=1e-6
    )


def test_mixture_of_experts_writes_at_its_own_utilization() -> None:
    """The batch spreads over the experts, so the assumed share of the peak is lower."""
    mixture = le.Model(name="m", parameters="40 Gparameter", active_parameters="10 Gparameter")
    found = stage(model=mixture, rollout_model_flops_utilization=None).estimate()
    assert "experts_decode_model_flops_utilization" in {a.name for a in found.assumptions}


def test_power_of_a_measured_server_is_taken() -> None:
    """The server's own power holds for all parts, generation and lost time too."""
    server = le.Server(name="box", accelerator=CHIP, accelerators=8, power="8 kW")
    found = stage(server=server, accelerator_load=None, server_factor=None).estimate()
    for part in found.parts.values():
        rate = (part.energy.server / part.accelerator_time).to("kW/accelerator")
        assert rate.central().number("kW/accelerator") == pytest.approx(1.0)


def test_lines_and_title() -> None:
    """Each part has its lines before the whole; the title says what and where."""
    found = stage(reference_model=True).estimate()
    names = list(found.to_dict())
    assert names[:3] == [f"computation, {n}" for n in ("generation", "scoring", "training")]
    assert "accelerator-time, lost time" in names
    assert "energy at the facility, scoring" in names
    assert found.title == "reinforcement stage of policy on 100 x chip at site"
    assert stage(name="GRPO").estimate().title == "GRPO on 100 x chip at site"
    assert "kWh" in found.statement()


def test_unknown_prices_and_grid_stay_unknown() -> None:
    """A missing price or grid says what is missing in each part and in all; energy is known."""
    bare = le.Accelerator(name="bare", power="500 W", peaks={"bf16": "1 PFLOP/s"})
    site = le.Facility(name="dark", power_usage_effectiveness=1.25)
    found = stage(accelerator=bare, facility=site).estimate()
    assert found.energy.facility.number("MWh") > 0.0
    with pytest.raises(MissingInputError, match=r"lacks generation .*price.*; training"):
        _ = found.cost.rental
    with pytest.raises(MissingInputError, match="price"):
        _ = found.cost.acquisition
    with pytest.raises(MissingInputError, match="lacks generation"):
        _ = found.carbon
    with pytest.raises(MissingInputError, match="grid"):
        _ = found.parts["training"].carbon


WRONG: list[tuple[dict[str, Any], type[LLMEconomicsError], str]] = [
    ({"tokens": "1 Gtoken"}, RangeError, "tokens follows from prompts.*leave tokens out"),
    ({"computation": "1e20 FLOP"}, RangeError, "computation follows from prompts"),
    ({"generates": False}, RangeError, "rollout_model_flops_utilization is of generation"),
    ({"generates": "no"}, NotationError, "ReinforcementWorkload.generates needs True or False"),
    ({"policy_rescored": 1}, NotationError, "policy_rescored needs True or False; got 1"),
    ({"reference_model": "policy"}, NotationError, "reference_model needs Model, not its name"),
    ({"reference_model": None}, NotationError, "reference_model needs Model"),
    ({"critic": "small"}, NotationError, "ReinforcementWorkload.critic needs Model"),
    ({"rollout_accelerator_share": 1}, RangeError, "share needs less than 1.*got 1"),
    ({"rollout_accelerator_share": 0}, RangeError, "share needs more than zero"),
    ({"prompts": 0}, RangeError, "ReinforcementWorkload.prompts needs more than zero"),
    ({"response_tokens": "0 token"}, RangeError, "response_tokens needs more than zero"),
    ({"response_tokens": "3 s"}, DimensionError, "ReinforcementWorkload.response_tokens needs"),
    ({"epochs": 0}, RangeError, "epochs needs more than zero"),
    ({"rollout_throughput": "3 token"}, DimensionError, "rollout_throughput needs"),
]


@pytest.mark.parametrize(("changes", "error", "text"), WRONG)
def test_wrong_input_is_refused(
    changes: dict[str, Any], error: type[LLMEconomicsError], text: str
) -> None:
    """The error names the field, what it needs and what came."""
    with pytest.raises(error, match=text):
        stage(**changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"model": None}, "give ReinforcementWorkload\\(model="),
        ({"model": le.Model(name="secret")}, "parameters of secret are not known"),
        ({"attention": "causal"}, "attention term needs the architecture of policy"),
        ({"facility": None}, "no facility was given"),
    ],
)
def test_unknown_is_not_zero(changes: dict[str, Any], text: str) -> None:
    """What everything rests on is asked for."""
    with pytest.raises(MissingInputError, match=text):
        stage(**changes).estimate()


def test_sources_of_every_model_are_named() -> None:
    """Reward model, critic and reference bring their sources."""
    llama = le.models["Llama 3.1 8B"]
    keys = {source.key for source in stage(reward_model=llama).sources}
    assert keys >= {source.key for source in llama.sources}
    assert not stage().sources
