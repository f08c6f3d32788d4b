"""`TrainingWorkload` and its breakdown: exact inputs by hand, sums, assumptions, the unknown."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.breakdown import given as known
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.sources import Provenance, Source

SHEET = Source(key="a-sheet", title="A sheet", organisation="A maker", date="2025")
STATED = Provenance(sources=SHEET, kind="datasheet", date="2025", confidence="seen")
CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s", "fp8": "2 PFLOP/s"},
    rental_price="2 USD/accelerator/hour",
    system_price="87660 USD/accelerator",
    provenance={"power": STATED, "rental_price": STATED},
)
SITE = le.Facility(
    name="site",
    power_usage_effectiveness=1.25,
    grid=le.Grid(name="grid", carbon_intensity="400 gCO2e/kWh"),
    tariff=le.Tariff(name="tariff", price="0.1 USD/kWh"),
)
MODEL = le.Model(name="model", parameters="10 Gparameter", training_tokens="1 Ttoken")
# 6e22 FLOP at half of 1 PFLOP/s, 80 % goodput, 1000 chips: 41,666.7 accelerator-hours.
EXACT: dict[str, Any] = {
    "model": MODEL,
    "accelerator": CHIP,
    "facility": SITE,
    "number_format": "bf16",
    "accelerators": 1000,
    "model_flops_utilization": 0.5,
    "goodput": 0.8,
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.1,
    "capital_life": "5 year",
    "capital_utilization": 0.5,
}


def run(**changes: Any) -> le.TrainingWorkload:
    """Return the exact run with some inputs changed; None leaves one out."""
    return le.TrainingWorkload(**{**EXACT, **changes})


@pytest.mark.parametrize(
    ("what", "unit", "expected"),
    [
        ("computation", "FLOP", 6e22),
        ("accelerators", "accelerator", 1000),
        ("accelerator_time", "accelerator*hour", 6e22 / 0.5e15 / 3600 / 0.8),
        ("duration", "day", 6e22 / 0.5e15 / 86400 / 0.8 / 1000),
        ("model_flops_utilization", "", 0.4),
        ("power", "MW", 1000 * 500e-6 * 0.8 * 1.5 * 1.1 * 1.25),
        ("energy.accelerator", "MWh", 41666.6667 * 0.4e-3),
        ("energy.server", "MWh", 41666.6667 * 0.6e-3),
        ("energy.it", "MWh", 41666.6667 * 0.66e-3),
        ("energy.facility", "MWh", 41666.6667 * 0.825e-3),
        ("cost.rental", "USD", 41666.6667 * 2.0),
        ("cost.capital", "USD", 41666.6667 * 4.0),
        ("cost.electricity", "USD", 41666.6667 * 0.825 * 0.1),
        ("cost.amortised", "USD", 41666.6667 * (4.0 + 0.0825)),
        ("cost.acquisition", "MUSD", 87.66),
        ("carbon", "kgCO2e", 41666.6667 * 0.825 * 0.4),
    ],
)
def test_exact_run(what: str, unit: str, expected: float) -> None:
    """Every result of exact inputs, counted by hand."""
    found: Any = run().estimate()
    for part in what.split("."):
        found = getattr(found, part)
    assert found.number(unit) == pytest.approx(expected, rel=1e-8)


def test_exact_run_assumes_only_the_prices_of_the_accelerator() -> None:
    """What the model and the accelerator bring is listed, and nothing else is assumed."""
    names = [assumption.name for assumption in run().estimate().assumptions]
    assert names == ["tokens", "chip rental price", "chip system price"]


def test_every_assumption_is_listed_with_its_origin() -> None:
    """What was not given is listed, each once, with value, reason and source."""
    unsaid = dict.fromkeys(
        (
            "number_format",
            "goodput",
            "attention",
            "accelerator_load",
            "server_factor",
            "network_and_idle_share",
            "capital_life",
            "capital_utilization",
        )
    )
    estimate = run(**unsaid).estimate()
    names = [assumption.name for assumption in estimate.assumptions]
    assert len(names) == len(set(names))
    assert set(names) == {
        "tokens",
        "number_format",
        "goodput",
        "attention",
        "training_accelerator_load",
        "training_server_factor",
        "training_network_and_idle_share",
        "capital_life",
        "capital_utilization",
        "chip rental price",
        "chip system price",
    }
    text = estimate.explain()
    for assumption in estimate.assumptions:
        assert str(assumption) in text
    assert f"[{SHEET.key}]" in text
    assert "[llama3-2024]" in text


def test_units_of_the_inputs_do_not_matter() -> None:
    """Grams or tonnes, hours or days, tera or plain: the results are the same."""
    other = run(
        model=le.Model(name="model", parameters=10e9, training_tokens="1e12 token"),
        accelerator=CHIP.evolve(power="0.5 kW", peaks={"bf16": "1e15 FLOP/s"}),
        model_flops_utilization="50 %",
        capital_life="43830 hour",
        facility=SITE.evolve(tariff=le.Tariff(name="tariff", price="100 USD/MWh")),
    )
    first, second = run().estimate(), other.estimate()
    for step, again in zip(first.steps(), second.steps(), strict=True):
        if isinstance(step.value, MissingInputError):
            assert isinstance(again.value, MissingInputError), step.name
            continue
        expected = known(again.value).to_base_units().magnitude
        found = known(step.value).to_base_units().magnitude
        assert found == pytest.approx(expected, rel=1e-12), step.name


def test_parts_of_a_range_add_up_in_every_draw() -> None:
    """With the library's assumptions the parts sum to the whole, draw by draw."""
    energy = run(accelerator_load=None, server_factor=None).estimate().energy
    parts = energy.accelerator + energy.host + energy.network_and_idle + energy.overhead
    ratio = (parts / energy.facility).samples(512).magnitude
    assert ratio == pytest.approx(1.0, rel=1e-12)


def test_given_duration_gives_the_utilization() -> None:
    """After the run: the hours are known, and what they imply is the MFU over all of them."""
    estimate = run(duration="100 hour", model_flops_utilization=None, goodput=None).estimate()
    assert estimate.accelerator_time.number("accelerator*hour") == pytest.approx(1e5)
    expected = 6e22 / (1e5 * 3600 * 1e15)
    assert estimate.model_flops_utilization.number("") == pytest.approx(expected, rel=1e-12)
    assert "goodput" not in [assumption.name for assumption in estimate.assumptions]


@pytest.mark.parametrize(
    ("convention", "extra"),
    [("causal", 6.0 * 10 * 32 * 128 * 4096), ("full", 12.0 * 10 * 32 * 128 * 4096)],
)
def test_attention_adds_its_term(convention: str, extra: float) -> None:
    """The term of the convention is added per token."""
    shape = le.Architecture(layers=10, hidden_size=4096, attention_heads=32, head_dimension=128)
    estimate = run(
        model=MODEL.evolve(architecture=shape), attention=convention, sequence_length=4096
    ).estimate()
    expected = (6e10 + extra) * 1e12
    assert estimate.computation.number("FLOP") == pytest.approx(expected, rel=1e-12)


def test_number_format_picks_the_peak() -> None:
    """The utilization is a share of the peak of the stated format."""
    half = run(number_format="FP8").estimate().duration.number("day")
    assert half == pytest.approx(run().estimate().duration.number("day") / 2.0, rel=1e-12)
    assert run(number_format="FP8").number_format is NumberFormat.FP8


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"computation": "1e23 FLOP"}, 1e23),
        ({"tokens": "2 Ttoken"}, 1.2e23),
        ({"model": MODEL.evolve(training_tokens=None, training_computation="7e22 FLOP")}, 7e22),
        ({"model": None, "computation": "1e23 FLOP"}, 1e23),
    ],
)
def test_where_the_computation_comes_from(changes: dict[str, Any], expected: float) -> None:
    """Given, from tokens, or as published; the published one is listed as taken."""
    estimate = run(**changes).estimate()
    assert estimate.computation.number("FLOP") == pytest.approx(expected, rel=1e-12)
    named = "training computation" in [assumption.name for assumption in estimate.assumptions]
    assert named == (expected == 7e22)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model": None}, r"the computation is not known; give TrainingWorkload\(model="),
        ({"model": MODEL.evolve(training_tokens=None)}, r"give TrainingWorkload\(tokens=...\)"),
        ({"model": MODEL.evolve(parameters=None)}, "the parameters of model are not known"),
        ({"attention": "causal"}, "attention='causal' needs sequence_length"),
        ({"facility": None}, "no facility was given"),
        ({"accelerator": CHIP.evolve(power=None)}, "the power of chip is not known"),
    ],
)
def test_what_everything_rests_on_is_asked_for(changes: dict[str, Any], match: str) -> None:
    """Without it there is no estimate at all, and the error says what to give."""
    with pytest.raises(MissingInputError, match=match):
        run(**changes).estimate()


@pytest.mark.parametrize(
    ("changes", "what", "line"),
    [
        ({"accelerator": CHIP.evolve(rental_price=None)}, "cost.rental", "cost, rental"),
        ({"accelerator": CHIP.evolve(system_price=None)}, "cost.capital", "cost, amortised"),
        ({"accelerator": CHIP.evolve(system_price=None)}, "cost.acquisition", "cost, acquisition"),
        ({"facility": SITE.evolve(tariff=None)}, "cost.electricity", "cost, amortised"),
        ({"facility": SITE.evolve(grid=None)}, "carbon", "carbon"),
        (
            {"model": None, "duration": "9 day", "model_flops_utilization": None},
            "computation",
            "computation",
        ),
        (
            {"model": None, "duration": "9 day", "model_flops_utilization": None},
            "model_flops_utilization",
            "model FLOPs utilization",
        ),
    ],
)
def test_unknown_is_raised_only_when_asked_for(
    changes: dict[str, Any], what: str, line: str
) -> None:
    """An unknown price leaves the energy alone; its line says what is missing."""
    estimate = run(**changes).estimate()
    assert estimate.energy.facility.number("MWh") > 0
    assert estimate.to_dict()[line]["value"] is None
    shown = next(t for t in estimate.explain().splitlines() if t.strip().startswith(line))
    assert "unknown: " in shown
    *outer, last = what.split(".")
    holder: Any = getattr(estimate, outer[0]) if outer else estimate
    with pytest.raises(MissingInputError, match="not known"):
        getattr(holder, last)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"duration": "9 kWh"}, DimensionError, "TrainingWorkload.duration needs time"),
        ({"model_flops_utilization": 1.2}, RangeError, "model_flops_utilization needs at most 1"),
        ({"model_flops_utilization": "120 %"}, RangeError, "needs at most 1"),
        ({"model_flops_utilization": float("nan")}, RangeError, "model_flops_utilization.*nan"),
        ({"goodput": -0.1}, RangeError, "TrainingWorkload.goodput needs at least 0"),
        ({"accelerators": -8}, RangeError, "TrainingWorkload.accelerators needs at least 0"),
        ({"accelerators": None}, MissingInputError, "needs accelerators, such as"),
        ({"development_multiple": 0.9}, RangeError, "development_multiple needs at least 1"),
        ({"software_date": "June 2025"}, RangeError, "software_date needs a year or a month"),
        ({"recomputation": "some"}, UnknownNameError, "one of none, selective, full"),
        ({"tokens": "15 TB"}, DimensionError, "TrainingWorkload.tokens needs"),
        ({"number_format": "bf61"}, UnknownNameError, "no number format named 'bf61'"),
        ({"attention": "casual"}, UnknownNameError, "'casual'.*one of none, causal, full"),
        ({"server_factor": 0.9}, RangeError, "TrainingWorkload.server_factor needs at least 1"),
        ({"accelerator_load": 1.3}, RangeError, "TrainingWorkload.accelerator_load needs at most"),
        ({"rental_price": "2 USD"}, DimensionError, "TrainingWorkload.rental_price needs"),
    ],
)
def test_refuses(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """Wrong dimension, not a number, negative, above the limit, unknown: named and explained."""
    with pytest.raises(error, match=match):
        run(**changes)


def test_refusals_name_the_field_also_of_names() -> None:
    """An unknown name says in which field it stood."""
    with pytest.raises(LLMEconomicsError) as caught:
        run(number_format="bf61")
    assert "in TrainingWorkload.number_format" in caught.value.__notes__


def test_titles_and_names() -> None:
    """The title says what, on what, where; the accelerator's name is a field."""
    estimate = run().estimate()
    assert estimate.accelerator == "chip"
    assert estimate.title == "training of model on 1,000 x chip at site"
    assert run(name="my run").estimate().title.startswith("my run on")
    assert run(model=None, computation="1e22 FLOP").estimate().title.startswith("training of a")


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({}, "6 N D"),
        ({"computation": "1e22 FLOP"}, "as given"),
        ({"model": MODEL.evolve(training_tokens=None, training_computation="7e22 FLOP")}, "as pub"),
    ],
)
def test_says_how_the_computation_was_found(changes: dict[str, Any], how: str) -> None:
    """The line says which of the ways was taken."""
    step = next(iter(run(**changes).estimate().steps()))
    assert step.how.startswith(how)


def test_shows_itself() -> None:
    """As text, table, dictionary and page, with the same lines."""
    estimate = run().estimate()
    names = [step.name for step in estimate.steps()]
    assert list(estimate.to_dict()) == names
    assert estimate.to_dict()["duration"]["unit"] == "day"
    assert repr(estimate) == str(estimate)
    assert len(estimate.to_markdown().splitlines()) == len(names) + 2
    assert estimate._repr_html_().count("<tr>") == len(names)
    assert all(f"  {name}" in estimate.explain() for name in names)


def test_to_frame() -> None:
    """One row per line, if pandas is there."""
    pandas = pytest.importorskip("pandas")
    frame = run(accelerator_load=None).estimate().to_frame()
    assert isinstance(frame, pandas.DataFrame)
    row = frame.loc["energy, facility"]
    assert row["low"] < row["value"] < row["high"]
    assert row["unit"] == "GWh"


def test_evolve_drops_the_provenance_of_what_changed() -> None:
    """A changed figure no longer cites its old source."""
    cited = run(provenance={"model_flops_utilization": STATED, "accelerators": STATED})
    assert set(cited.evolve(accelerators=16).provenance) == {"model_flops_utilization"}
    assert cited.evolve(accelerators=16).estimate().accelerators.number("accelerator") == 16


BOX = le.Server(
    name="box", accelerator=CHIP, accelerators=8, power="6.4 kW", provenance={"power": STATED}
)


def test_server_replaces_load_and_factor_at_the_server() -> None:
    """800 W per accelerator at the server; the accelerators keep rated power times load."""
    estimate = run(server=BOX, server_factor=None).estimate()
    hours = estimate.accelerator_time.number("accelerator*hour")
    assert estimate.energy.server.number("kWh") == pytest.approx(hours * 0.8, rel=1e-12)
    assert estimate.energy.accelerator.number("kWh") == pytest.approx(hours * 0.4, rel=1e-12)
    taken = {a.name: a for a in estimate.assumptions}
    assert taken["box power per accelerator"].provenance is STATED
    assert SHEET in estimate.sources


def test_accelerators_never_draw_more_than_their_server() -> None:
    """Load and the server's power are separate ranges; each draw stays ordered."""
    weak = BOX.evolve(power="2.5-6.4 kW")
    energy = run(server=weak, server_factor=None).estimate().energy
    assert energy.host.samples(1024).magnitude.min() >= 0.0
    assert energy.host.samples(1024).magnitude.max() > 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"server": BOX},  # a factor given for the workload goes before the noun
        {"server": BOX.evolve(power=None), "server_factor": 1.5},
        {"server": BOX.evolve(accelerators=None), "server_factor": 1.5},
    ],
)
def test_server_factor_goes_before_the_server(changes: dict[str, Any]) -> None:
    """What the caller states about the work goes before what the noun says in general."""
    expected = run().estimate().energy.server.number("MWh")
    assert run(**changes).estimate().energy.server.number("MWh") == pytest.approx(expected)


def test_server_of_unknown_power_leaves_the_factor_assumed() -> None:
    """A server without power says nothing; then the factor is assumed and listed."""
    estimate = run(server=BOX.evolve(power=None), server_factor=None).estimate()
    assert "training_server_factor" in [assumption.name for assumption in estimate.assumptions]


def test_price_of_the_accelerator_is_listed_only_if_it_is_used() -> None:
    """Whoever states prices for the work takes none from the accelerator."""
    own = {
        "tokens": "1 Ttoken",
        "rental_price": "1 USD/accelerator/hour",
        "system_price": "1 kUSD/accelerator",
    }
    estimate = run(**own).estimate()
    assert estimate.assumptions == ()
    assert estimate.cost.acquisition.number("MUSD") == pytest.approx(1.0)


def test_sources_without_a_facility() -> None:
    """The nouns that are there are cited."""
    assert run(facility=None, server=BOX).sources == (SHEET,)


def test_server_of_unknown_accelerators_is_allowed() -> None:
    """A server that does not say what it holds is taken at its word."""
    assert run(server=le.Server(name="box", power="6 kW")).server is not None


def test_server_has_to_hold_the_accelerator() -> None:
    """A server of other accelerators is a slip."""
    with pytest.raises(RangeError, match="needs a server that holds other; got box, which holds c"):
        run(server=BOX, accelerator=CHIP.evolve(name="other"))
