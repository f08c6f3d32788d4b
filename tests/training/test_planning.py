"""`plan`: each figure from the others, the same numbers as an estimate, and what is refused."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.training.plan_laws import facility_power_per_accelerator
from llm_economics.training.plan_relations import Relation, solve
from llm_economics.training.planning import UNKNOWNS, TrainingPlan, plan

CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s", "fp8": "2 PFLOP/s"},
    rental_price="2 USD/accelerator/hour",
)
SITE = le.Facility(name="site", power_usage_effectiveness=1.25)
MODEL = le.Model(
    name="model",
    parameters="10 Gparameter",
    training_tokens="1 Ttoken",
    architecture=le.Architecture(
        layers=32, hidden_size=4096, attention_heads=32, head_dimension=128
    ),
)
UTILIZATION: dict[str, Any] = {"model_flops_utilization": 0.5, "goodput": 0.8}
# 6 x 1e10 x 1e12 FLOP at 0.4 of 1 PFLOP/s on 1000 chips.
HOURS = 6e22 / 0.4e15 / 3600
EXACT: dict[str, tuple[Any, str, float]] = {
    "parameters": ("10 Gparameter", "parameter", 1e10),
    "tokens": ("1 Ttoken", "token", 1e12),
    "computation": ("6e22 FLOP", "FLOP", 6e22),
    "accelerators": (1000, "accelerator", 1000.0),
    "duration": (f"{HOURS / 1000!r} hour", "hour", HOURS / 1000),
    "money": (f"{HOURS * 2!r} USD", "USD", HOURS * 2.0),
}
# Each unknown, with sets of figures that are just enough.
ENOUGH = {
    "parameters": [
        ("tokens", "computation"),
        ("tokens", "money"),
        ("tokens", "accelerators", "duration"),
    ],
    "tokens": [
        ("parameters", "computation"),
        ("parameters", "money"),
        ("parameters", "accelerators", "duration"),
    ],
    "computation": [("parameters", "tokens"), ("money",), ("accelerators", "duration")],
    "accelerators": [
        ("duration", "computation"),
        ("duration", "parameters", "tokens"),
        ("duration", "money"),
    ],
    "duration": [
        ("accelerators", "computation"),
        ("accelerators", "parameters", "tokens"),
        ("accelerators", "money"),
    ],
    "money": [("parameters", "tokens"), ("computation",), ("accelerators", "duration")],
}
CASES = [(unknown, names) for unknown, sets in ENOUGH.items() for names in sets]


def ask(unknown: str, *names: str, **more: Any) -> TrainingPlan:
    """Ask for one figure of the exact run, given others of it by name."""
    figures = {name: EXACT[name][0] for name in names}
    return plan(unknown, **{"accelerator": CHIP, **UTILIZATION, **figures, **more})


def number(found: le.Quantity, unit: str) -> float:
    """Return the number in a unit."""
    return float(found.to(unit).magnitude)


@pytest.mark.parametrize(("unknown", "names"), CASES)
def test_each_figure_from_just_enough(unknown: str, names: tuple[str, ...]) -> None:
    """Every figure that follows is that of the exact run, and what was given comes back."""
    found = ask(unknown, *names)
    assert found.unknown == unknown
    _, unit, expected = EXACT[unknown]
    assert number(found.answer, unit) == pytest.approx(expected, rel=1e-12)
    assert number(found.accelerator_time, "accelerator*hour") == pytest.approx(HOURS, rel=1e-12)
    for name in names:
        given_value, unit_of, _ = EXACT[name]
        assert number(getattr(found, name), unit_of) == pytest.approx(
            number(le.quantity(given_value), unit_of)
            if isinstance(given_value, str)
            else given_value
        )


def test_power_and_what_follows_from_it() -> None:
    """Power is accelerators times their draw at the facility, and leads back to them."""
    forward = ask("power", "accelerators", "duration", facility=SITE)
    for unknown in ("accelerators", "duration", "computation", "money"):
        names = {
            "accelerators": (),
            "duration": ("computation",),
            "computation": ("duration",),
            "money": ("duration",),
        }[unknown]
        back = ask(unknown, *names, power=forward.power, facility=SITE)
        _, unit, expected = EXACT[unknown]
        quantiles = back.answer.to(unit).quantiles(0.05, 0.5, 0.95).magnitude
        assert quantiles == pytest.approx([expected] * 3, rel=1e-9)


def test_power_per_accelerator_by_hand() -> None:
    """500 W x 0.8 x 1.5 x 1.1 x 1.25."""
    found = facility_power_per_accelerator(
        power=le.quantity("500 W/accelerator"),
        load=le.quantity(0.8),
        server_factor=le.quantity(1.5),
        network_and_idle_share=le.quantity(0.1),
        power_usage_effectiveness=le.quantity(1.25),
    )
    assert number(found, "W/accelerator") == pytest.approx(825.0)


FORWARD = {
    "computation": lambda estimate: estimate.computation,
    "accelerator_time": lambda estimate: estimate.accelerator_time,
    "duration": lambda estimate: estimate.duration,
    "accelerators": lambda estimate: estimate.accelerators,
    "money": lambda estimate: estimate.cost.rental,
    "power": lambda estimate: estimate.power,
    "energy": lambda estimate: estimate.energy.facility,
}
RANGES: dict[str, Any] = {
    "model": MODEL,
    "tokens": le.between(0.8, 1.2, "Ttoken"),
    "accelerators": le.between(900, 1100, "accelerator"),
    "model_flops_utilization": le.between(0.35, 0.45),
    "goodput": le.between(0.8, 0.9),
    "number_format": "bf16",
    "attention": "causal",
    "sequence_length": "8192 token",
}


@pytest.mark.parametrize("attention", ["none", "causal", "full"])
@pytest.mark.parametrize("name", FORWARD)
def test_same_numbers_as_an_estimate(name: str, attention: str) -> None:
    """From tokens and accelerators everything is what the estimate of the run says."""
    inputs = {**RANGES, "accelerator": CHIP, "facility": SITE, "attention": attention}
    estimate = le.TrainingWorkload(**inputs).estimate()
    expected = FORWARD[name](estimate)
    found = getattr(plan("duration", **inputs), name)
    # Their inputs are the same, so that they agree point by point, not in their quantiles alone.
    assert (found / expected).to("").quantiles(0.0, 1.0).magnitude == pytest.approx(
        [1, 1], rel=1e-9
    )


@pytest.mark.parametrize("unknown", ["tokens", "accelerators"])
def test_the_way_back_keeps_what_ranges_share(unknown: str) -> None:
    """The duration that follows from a figure leads back to it exactly, range by range."""
    inputs = {**RANGES, "accelerator": CHIP, "facility": SITE}
    duration = plan("duration", **inputs).answer
    asked = inputs.pop(unknown)
    found = plan(unknown, **inputs, duration=duration).answer
    assert (found / asked).to("").quantiles(0.0, 1.0).magnitude == pytest.approx([1, 1], rel=1e-9)


@given(
    st.floats(1e8, 1e13),
    st.floats(1e9, 1e14),
    st.floats(1.0, 1e6),
    st.floats(0.01, 1.0),
    st.floats(0.1, 1.0),
)
def test_any_figure_is_found_again(
    parameters: float, tokens: float, accelerators: float, utilization: float, goodput: float
) -> None:
    """Whatever the run, each figure follows from the others."""
    usual: dict[str, Any] = {
        "accelerator": CHIP,
        "model_flops_utilization": utilization,
        "goodput": goodput,
    }
    run = plan("duration", parameters=parameters, tokens=tokens, accelerators=accelerators, **usual)
    figures = {n: getattr(run, n) for n in ("parameters", "tokens", "accelerators", "duration")}
    for name, value in figures.items():
        rest = {n: figures[n] for n in figures if n != name}
        found = plan(name, **rest, **usual)
        assert number(found.answer / value, "") == pytest.approx(1.0, rel=1e-12)
        assert number(found.money / run.money, "") == pytest.approx(1.0, rel=1e-12)


def test_whole_accelerators_are_a_property() -> None:
    """The solution keeps its equations; whole accelerators stand beside it."""
    found = ask("accelerators", "computation", duration="1000 hour")
    assert number(found.accelerators, "accelerator") == pytest.approx(HOURS / 1000)
    assert number(found.whole_accelerators, "accelerator") == np.ceil(HOURS / 1000)
    ranged = ask("accelerators", "computation", duration="900-1100 hour").whole_accelerators
    assert ranged.is_range


def test_arrays_go_through() -> None:
    """One call answers for many budgets."""
    found = ask("computation", money=le.quantity(np.array([1.0, 2.0, 4.0]), "MUSD")).answer
    assert found.magnitude[2] / found.magnitude[0] == pytest.approx(4.0)


def test_what_does_not_follow_says_what_is_missing() -> None:
    """A plan holds what follows; for the rest the error says what would do."""
    found = ask("money", "computation")
    for name in ("tokens", "parameters", "duration", "accelerators"):
        with pytest.raises(MissingInputError, match=f"{name} does not follow .*; give "):
            getattr(found, name)
    with pytest.raises(MissingInputError, match="no facility was given"):
        _ = found.energy
    with pytest.raises(MissingInputError, match="power does not follow"):
        _ = found.power
    assert "unknown: tokens does not follow" in found.explain()


@pytest.mark.parametrize("unknown", UNKNOWNS)
def test_too_little_says_which_sets_would_do(unknown: str) -> None:
    """With nothing given each figure names the sets from which it follows."""
    with pytest.raises(MissingInputError, match=rf"plan\('{unknown}'\) needs .*got none of them"):
        plan(unknown, accelerator=CHIP, facility=SITE, **UTILIZATION)


def test_too_little_says_what_came() -> None:
    """What was given is repeated, so that a reader sees what is missing."""
    with pytest.raises(
        MissingInputError, match=r"needs parameters or a model, and one of: .*; got money"
    ):
        ask("tokens", "money")


CONTRADICTIONS: list[tuple[str, dict[str, Any], str]] = [
    (
        "duration",
        {"computation": "1e22 FLOP", "accelerators": 10},
        "computation is 1e22 FLOP as given, but 6e22 FLOP by parameters and tokens; leave ",
    ),
    (
        "duration",
        {"money": "1 MUSD", "accelerators": 10},
        "money is 1 MUSD as given, but 0.0833.* MUSD by parameters and tok.* 0.0833 times as high",
    ),
    (
        "money",
        {"accelerators": 500, "duration": "41.66667 hour"},
        "accelerator-time is .* by parameters and tokens, but .* by accelerators and duration;.* 2",
    ),
    (
        "duration",
        {"power": "1 MW", "accelerators": 10, "facility": SITE},
        "power is 1 MW as given, but .* by accelerators; leave out one of accelerators, power$",
    ),
]


@pytest.mark.parametrize(("unknown", "changes", "match"), CONTRADICTIONS)
def test_too_much_names_what_disagrees(unknown: str, changes: dict[str, Any], match: str) -> None:
    """Both ways to one figure are told with their values, and what would reconcile them."""
    with pytest.raises(RangeError, match=rf"given too much, and it does not agree: {match}"):
        ask(unknown, "parameters", "tokens", **changes)


def test_a_utilization_that_would_fit_does() -> None:
    """With the utilization that the message tells, the contradiction is gone."""
    names = ("parameters", "tokens", "accelerators")
    with pytest.raises(RangeError, match=r"utilization 0\.5 times as high"):
        ask("money", *names, duration=f"{HOURS / 500!r} hour")
    found = ask("money", *names, duration=f"{HOURS / 500!r} hour", model_flops_utilization=0.25)
    assert number(found.answer, "USD") == pytest.approx(HOURS * 4)


def test_the_other_direction_of_a_contradiction() -> None:
    """Computation that rests on the utilization, against one that is counted, is told too."""
    relations = [
        Relation(
            whole="computation",
            parts=("accelerator_time",),
            factor=le.quantity("1 PFLOP/s/accelerator"),
            words="peak x utilization",
        ),
        Relation(
            whole="computation",
            parts=("parameters", "tokens"),
            factor=le.quantity("6 FLOP/parameter/token"),
        ),
    ]
    figures = {
        "accelerator_time": le.quantity("1 accelerator*second"),
        "parameters": le.quantity("1 Gparameter"),
        "tokens": le.quantity("1 Mtoken"),
    }
    with pytest.raises(RangeError, match="a model_flops_utilization 6 times as high would fit"):
        solve(figures, relations)


@pytest.mark.parametrize(
    "names",
    [
        ("parameters", "tokens", "computation"),
        ("parameters", "tokens", "money"),
        ("computation", "money"),
    ],
)
def test_too_much_that_agrees_is_fine(names: tuple[str, ...]) -> None:
    """Figures that say the same within rounding are taken as they are given."""
    rounded = {"money": "83000 USD"} if "money" in names else {}
    found = ask("duration", *names, "accelerators", **rounded)
    assert number(found.answer, "hour") == pytest.approx(HOURS / 1000, rel=0.01)
    if rounded:
        assert number(found.money, "USD") == pytest.approx(83000.0, rel=1e-12)


def test_what_is_asked_for_may_not_be_given() -> None:
    """Asked and given at once is refused."""
    with pytest.raises(RangeError, match=r"plan\('tokens'\) asks for what is given; leave tokens"):
        ask("tokens", "tokens", "parameters")


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"parameters": -1}, RangeError, r"plan\(parameters\) needs at least 0"),
        ({"parameters": 0}, RangeError, r"plan\(parameters\) needs more than zero"),
        ({"tokens": "3 W"}, DimensionError, r"plan\(tokens\) needs a number of tokens.*got 3 W"),
        ({"duration": 60}, DimensionError, r"plan\(duration\) needs time with a unit"),
        ({"goodput": 1.5}, RangeError, r"plan\(goodput\) needs at most 1"),
        ({"money": "ten"}, NotationError, r"plan\(money\)"),
        ({"accelerator": "H100 SXM"}, NotationError, r"write le.accelerators\['H100 SXM'\]"),
        ({"model": "Llama"}, NotationError, r"write le.models\['Llama'\]"),
        ({"model": MODEL, "parameters": 1e9}, RangeError, "comes from model='model' already"),
        ({"number_format": "fp4"}, UnknownNameError, "dense peak of chip"),
        ({"attention": "half"}, UnknownNameError, "attention convention"),
        ({"attention": "full", "parameters": 1e9}, MissingInputError, "needs a model whose param"),
        ({"attention": "full", "model": MODEL}, MissingInputError, "sequence_length='8192 token'"),
        (
            {"attention": "full", "model": le.Model(name="bare"), "sequence_length": 4096},
            MissingInputError,
            "whose parameters are known",
        ),
    ],
)
def test_bad_input_is_named(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """The message names the argument, what is needed and what came."""
    with pytest.raises(error, match=match):
        ask("computation", **changes)


def test_parameters_of_a_model_are_not_asked_for() -> None:
    """A model tells its parameters."""
    with pytest.raises(RangeError, match=r"plan\(parameters\) comes from model='model'"):
        ask("parameters", "tokens", "money", model=MODEL)


def test_unknown_that_does_not_exist() -> None:
    """The figures that can be asked for are listed."""
    with pytest.raises(UnknownNameError, match=r"no figure to plan named 'energy'.*It is one of"):
        ask("energy", "computation")


@pytest.mark.parametrize(
    ("unknown", "names", "changes", "match"),
    [
        (
            "money",
            ("computation",),
            {"accelerator": CHIP.evolve(rental_price=None)},
            "rental price",
        ),
        (
            "computation",
            ("money",),
            {"accelerator": CHIP.evolve(rental_price=None)},
            "the rental price of chip is not known",
        ),
        ("power", ("accelerators",), {}, "no facility was given"),
        ("duration", ("computation",), {"power": "1 MW"}, "no facility was given"),
        (
            "power",
            ("accelerators",),
            {"facility": SITE, "accelerator": CHIP.evolve(power=None)},
            "the power of chip is not known",
        ),
    ],
)
def test_a_price_or_power_that_is_unknown_says_so(
    unknown: str, names: tuple[str, ...], changes: dict[str, Any], match: str
) -> None:
    """What is not known is no zero and no guess."""
    with pytest.raises(MissingInputError, match=match):
        ask(unknown, *names, **changes)


def test_a_sum_that_cannot_be_compared_is_left() -> None:
    """Power that nobody asked about does not stand in the way of a closed plan."""
    found = ask("money", "accelerators", "duration", "computation")
    assert number(found.answer, "USD") == pytest.approx(HOURS * 2)
    watts: dict[str, Any] = {"whole": "power", "parts": ("accelerators",)}
    known = Relation(**watts, factor=le.quantity("1 kW/accelerator"))
    unknown = Relation(**watts, factor=MissingInputError("not known"))
    figures = {"accelerators": le.quantity("5 accelerator")}
    assert str(solve(figures, [unknown]).reasons["power"]) == "not known"
    assert number(solve(figures, [known, unknown]).values["power"], "kW") == pytest.approx(5.0)


def test_a_rental_price_that_is_given_goes_before() -> None:
    """The caller's price counts, and is no assumption."""
    found = ask("money", "computation", rental_price="4 USD/accelerator/hour")
    assert number(found.answer, "USD") == pytest.approx(HOURS * 4)
    assert [a.name for a in found.assumptions] == ["number_format"]


def test_what_is_assumed_is_listed() -> None:
    """Utilization of published runs counts lost time, so that goodput is 1, and both are said."""
    found = plan(
        "duration", computation="6e22 FLOP", accelerators=1000, accelerator=CHIP, facility=SITE
    )
    assert [a.name for a in found.assumptions] == [
        "number_format",
        "model_flops_utilization",
        "goodput",
        "training_accelerator_load",
        "training_server_factor",
        "training_network_and_idle_share",
        "chip rental price",
    ]
    assert number(found.goodput, "") == 1.0
    assert "with the time they lost" in found.explain()
    assert found.explain().count("assumed, see below") == 2
    assert found.to_dict()["model FLOPs utilization"]["how"] == "assumed, see below"


@pytest.mark.parametrize("changes", [{"goodput": 0.9}, {"number_format": "fp8"}])
def test_the_assumed_utilization_fits_no_other_goodput_or_format(changes: dict[str, Any]) -> None:
    """Lost time would count twice, and another peak needs another share."""
    with pytest.raises(MissingInputError, match=r"plan\(model_flops_utilization\) is needed with"):
        plan("money", computation="6e22 FLOP", accelerator=CHIP, **changes)


def test_another_format_takes_its_own_peak() -> None:
    """Half of the time at twice the peak."""
    found = ask("money", "computation", number_format="fp8")
    assert number(found.answer, "USD") == pytest.approx(HOURS)
    assert number(found.peak, "PFLOP/s/accelerator") == 2.0


def test_goodput_alone_may_be_assumed() -> None:
    """A steady utilization without goodput takes the usual one, as an estimate does."""
    found = plan("money", computation="6e22 FLOP", accelerator=CHIP, model_flops_utilization=0.5)
    assert "goodput" in [a.name for a in found.assumptions]


def test_the_prior_knows_experts_and_generations() -> None:
    """A mixture of experts and each generation have their own range."""
    a100, h100 = le.accelerators["A100 SXM 80 GB"], le.accelerators["H100 SXM"]
    experts = le.Model(name="e", parameters="100 Gparameter", active_parameters="10 Gparameter")
    medians = [
        plan("computation", money="1 MUSD", rental_price="1 USD/accelerator/hour", **inputs)
        .model_flops_utilization.median()
        .magnitude
        for inputs in (
            {"accelerator": a100},
            {"accelerator": h100},
            {"accelerator": h100, "model": experts},
            {"accelerator": CHIP},
        )
    ]
    assert all(0.15 < median < 0.45 for median in medians)
    assert all(one != other for one, other in itertools.combinations(medians, 2))


def test_tokens_of_the_model_are_taken_where_nothing_else_closes() -> None:
    """They are listed then; a budget goes before them."""
    found = plan("duration", model=MODEL, accelerators=1000, accelerator=CHIP, **UTILIZATION)
    assert number(found.answer, "hour") == pytest.approx(HOURS / 1000)
    assert "tokens" in [a.name for a in found.assumptions]
    assert found.to_dict()["tokens"]["how"] == "of model"
    budget = ask("duration", "accelerators", model=MODEL, money="10 kUSD")
    assert "tokens" not in [a.name for a in budget.assumptions]
    assert number(budget.tokens, "token") < 1e12


def test_published_computation_of_the_model_is_taken_last() -> None:
    """A closed model whose computation somebody estimated can be planned for."""
    closed = le.Model(name="closed", training_computation="6e22 FLOP")
    found = plan("money", model=closed, accelerator=CHIP, **UTILIZATION)
    assert number(found.answer, "USD") == pytest.approx(HOURS * 2)
    assert "computation" in [a.name for a in found.assumptions]


def test_tokens_that_are_asked_for_are_not_those_of_the_model() -> None:
    """What the model saw before says nothing about the next run."""
    with pytest.raises(MissingInputError, match=r"plan\('tokens'\) needs .*got parameters"):
        plan("tokens", model=MODEL, accelerator=CHIP, **UTILIZATION)
    found = ask("tokens", "money", model=MODEL)
    assert number(found.answer, "token") == pytest.approx(1e12)


def test_explanation_has_each_equation_and_the_title() -> None:
    """Every line says how it follows, in words."""
    text = ask("accelerators", "parameters", "tokens", "duration", facility=SITE).explain()
    for how in (
        "accelerators for training a model on chip at site",
        "= 6 x parameters x tokens",
        "= computation / (peak x utilization x goodput)",
        "= accelerator-time / duration",
        "= rental price x accelerator-time",
        "= power of an accelerator at the facility x accelerators",
    ):
        assert how in text
