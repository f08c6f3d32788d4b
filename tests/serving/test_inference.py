"""`InferenceWorkload` and its breakdown: both forms, both phases, the unknown."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.breakdown import given as known
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.serving.estimate import Form

CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s", "fp8": "2 PFLOP/s"},
    rental_price="3.6 USD/accelerator/hour",
    system_price="87660 USD/accelerator",
)
OLD_CHIP = le.Accelerator(name="old chip", power="300 W", peaks={"fp16": "100 TFLOP/s"})
SITE = le.Facility(
    name="site",
    power_usage_effectiveness=1.25,
    grid=le.Grid(name="grid", carbon_intensity="400 gCO2e/kWh"),
    tariff=le.Tariff(name="tariff", price="0.1 USD/kWh"),
)
SHAPE = le.Architecture(layers=10, hidden_size=4096, attention_heads=32, head_dimension=128)
MODEL = le.Model(name="model", parameters="100 Gparameter", architecture=SHAPE)
# Reading: 1000 x 2e11 / (1e15 x 0.4) = 0.5 s; writing: 500 x 2e11 / (1e15 x 0.1) = 1 s.
EXACT: dict[str, Any] = {
    "model": MODEL,
    "accelerator": CHIP,
    "facility": SITE,
    "number_format": "bf16",
    "input_tokens": "1000 token",
    "output_tokens": "500 token",
    "model_flops_utilization": 0.1,
    "prefill_model_flops_utilization": 0.4,
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.1,
    "capital_life": "5 year",
    "capital_utilization": 0.5,
}


def query(**changes: Any) -> le.InferenceWorkload:
    """Return the exact request with some inputs changed; None leaves one out."""
    return le.InferenceWorkload(**{**EXACT, **changes})


def seconds(workload: le.InferenceWorkload, form: str | None = None) -> float:
    """Return the accelerator-seconds of a request."""
    return workload.estimate(form).accelerator_time.number("accelerator*second/request")


@pytest.mark.parametrize(
    ("what", "unit", "expected"),
    [
        ("input_tokens", "token/request", 1000),
        ("output_tokens", "token/request", 500),
        ("prefill_time", "accelerator*second/request", 0.5),
        ("accelerator_time", "accelerator*second/request", 1.5),
        ("energy.accelerator", "joule/request", 1.5 * 400),
        ("energy.server", "joule/request", 1.5 * 600),
        ("energy.it", "joule/request", 1.5 * 660),
        ("energy.facility", "joule/request", 1.5 * 825),
        ("cost.rental", "USD/request", 1.5e-3),
        ("cost.capital", "USD/request", 1.5 * 4.0 / 3600),
        ("cost.electricity", "USD/request", 1.5 * 825 / 3.6e6 * 0.1),
        ("carbon", "gCO2e/request", 1.5 * 825 / 3.6e6 * 400),
    ],
)
def test_exact_request(what: str, unit: str, expected: float) -> None:
    """Every result of exact inputs, counted by hand."""
    found: Any = query().estimate()
    for part in what.split("."):
        found = getattr(found, part)
    assert found.number(unit) == pytest.approx(expected, rel=1e-9)


def test_per_token() -> None:
    """Per token written and per token of both kinds: a factor of three here."""
    estimate = query().estimate()
    written = estimate.energy_per_output_token()
    assert written.number("joule/token") == pytest.approx(1.5 * 825 / 500, rel=1e-9)
    assert estimate.energy_per_token().number("joule/token") == pytest.approx(1.5 * 825 / 1500)
    at_server = estimate.energy_per_output_token("server").number("joule/token")
    assert at_server == pytest.approx(1.5 * 600 / 500)
    assert estimate.energy_per_token("it").number("joule/token") == pytest.approx(1.5 * 660 / 1500)
    assert estimate.cost_per_output_token().number("USD/Mtoken") == pytest.approx(3.0)
    owned = estimate.cost_per_output_token("amortised").number("USD/Mtoken")
    assert owned == pytest.approx((1.5 * 4.0 / 3600 + 1.5 * 825 / 3.6e7) / 500 * 1e6)


def test_throughput_form_agrees_with_flop_form() -> None:
    """The throughput that the FLOP form implies gives the same energy, cost and carbon."""
    flop = query().estimate()
    implied = 500 / 1.5
    other = query(throughput=f"{implied} token/s").estimate()
    assert flop.form is Form.FLOP
    assert other.form is Form.THROUGHPUT
    assert other.prefill_time is None
    for name in ("energy, facility", "cost, rental", "cost, amortised", "carbon"):
        expected = flop.to_dict()[name]["value"]
        assert other.to_dict()[name]["value"] == pytest.approx(expected, rel=1e-12)


def test_form_can_be_asked_for() -> None:
    """With a throughput, the FLOP form is still there, and needs no more than before."""
    workload = query(throughput="100 token/s")
    assert seconds(workload) == pytest.approx(5.0)
    assert seconds(workload, "flop") == pytest.approx(1.5)
    assert seconds(workload, "throughput") == pytest.approx(5.0)


def test_throughput_form_needs_no_model() -> None:
    """A measured throughput is enough; nothing about the model is assumed."""
    estimate = query(model=None, throughput="100 token/s").estimate()
    assert estimate.title == "one request to a model on chip at site"
    assert not {"attention", "number_format"} & {a.name for a in estimate.assumptions}


@pytest.mark.parametrize(
    ("changes", "form", "match"),
    [
        ({}, "throughput", r"needs InferenceWorkload\(throughput='400 token/s'\)"),
        ({"model": None}, None, r"the FLOP form needs InferenceWorkload\(model=...\)"),
        ({"attention": "causal"}, None, "attention=causal needs context"),
        ({"facility": None}, None, "no facility was given"),
        ({"accelerator": CHIP.evolve(power=None)}, None, "the power of chip is not known"),
        ({"model": MODEL.evolve(parameters=None, architecture=None)}, None, "parameters of model"),
    ],
)
def test_what_everything_rests_on_is_asked_for(
    changes: dict[str, Any], form: str | None, match: str
) -> None:
    """Without it there is no estimate at all, and the error says what to give."""
    with pytest.raises(MissingInputError, match=match):
        query(**changes).estimate(form)


def test_input_that_is_not_given_is_listed() -> None:
    """Reading is left out, and the result says so; energy per token of both kinds is refused."""
    estimate = query(input_tokens=None).estimate()
    assert estimate.accelerator_time.number("accelerator*second/request") == pytest.approx(1.0)
    assert "input_tokens" in [assumption.name for assumption in estimate.assumptions]
    assert "input tokens" not in estimate.to_dict()
    with pytest.raises(MissingInputError, match=r"energy_per_token\(\) counts all tokens"):
        estimate.energy_per_token()


# 10 layers x 32 heads x 128 x 4096 positions.
PAIRS = 10 * 32 * 128 * 4096


@pytest.mark.parametrize(("convention", "factor"), [("causal", 2.0), ("full", 4.0)])
def test_attention_while_reading_and_writing(convention: str, factor: float) -> None:
    """Reading follows the convention; a written token sees the whole context under either."""
    estimate = query(attention=convention, context="4096 token").estimate()
    assert estimate.prefill_time is not None
    reading = estimate.prefill_time.number("accelerator*second/request")
    assert reading == pytest.approx(1000 * (2e11 + factor * PAIRS) / 0.4e15, rel=1e-12)
    both = estimate.accelerator_time.number("accelerator*second/request")
    assert both - reading == pytest.approx(500 * (2e11 + 4.0 * PAIRS) / 0.1e15, rel=1e-9)


def test_every_assumption_is_listed_once() -> None:
    """What was not given is listed, each once, with its origin."""
    unsaid = dict.fromkeys(
        (
            "number_format",
            "model_flops_utilization",
            "prefill_model_flops_utilization",
            "attention",
            "accelerator_load",
            "server_factor",
            "network_and_idle_share",
            "capital_life",
            "capital_utilization",
        )
    )
    estimate = query(**unsaid).estimate()
    names = [assumption.name for assumption in estimate.assumptions]
    assert len(names) == len(set(names))
    assert set(names) == {
        "number_format",
        "attention",
        "decode_model_flops_utilization",
        "prefill_model_flops_utilization",
        "serving_accelerator_load",
        "serving_server_factor",
        "serving_network_and_idle_share",
        "capital_life",
        "capital_utilization",
        "chip rental price",
        "chip system price",
    }
    assert "[elsworth-2025]" in estimate.explain()


def test_assumed_utilization_is_a_share_of_the_bf16_peak() -> None:
    """An assumed share of the bf16 peak is not applied to the fp8 peak, which is twice as high."""
    unsaid = {"model_flops_utilization": None, "prefill_model_flops_utilization": None}
    in_bf16 = query(**unsaid).estimate()
    in_fp8 = query(**unsaid, number_format="fp8").estimate()
    ratio = in_fp8.accelerator_time / in_bf16.accelerator_time
    assert ratio.median().number("") == pytest.approx(1.0, rel=1e-12)
    assert "peak of assumed utilization" in [a.name for a in in_fp8.assumptions]
    assert "peak of assumed utilization" not in [a.name for a in in_bf16.assumptions]


def test_mixture_of_experts_has_its_own_assumption() -> None:
    """A batch spreads over the experts, so that the share of the peak is several times lower."""
    mixture = MODEL.evolve(parameters="400 Gparameter", active_parameters="100 Gparameter")
    estimate = query(model=mixture, model_flops_utilization=None).estimate()
    names = [assumption.name for assumption in estimate.assumptions]
    assert "experts_decode_model_flops_utilization" in names
    assert "decode_model_flops_utilization" not in names


def test_given_utilization_is_a_share_of_the_stated_peak() -> None:
    """Whoever states both, means the peak of the stated format."""
    assert seconds(query(number_format="fp8")) == pytest.approx(0.75)


def test_accelerator_without_bf16() -> None:
    """Where there is no bf16 peak, the stated format serves; without one the error says what is."""
    old = {"accelerator": OLD_CHIP, "model_flops_utilization": None}
    assert (
        query(**old, number_format="fp16").estimate().energy.facility.median().number("J/request")
    )
    with pytest.raises(UnknownNameError, match=r"dense peak of old chip \(it has fp16\)"):
        query(**old, number_format=None).estimate()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: Form("x"), "'x'.*one of throughput, flop"),
        (lambda: query().estimate("y"), "'y'.*one of throughput, flop"),
        (
            lambda: query().estimate().cost_per_output_token(scope="acquisition"),
            "request named 'acquisition'.*one of rental, amortised",
        ),
        (lambda: query().estimate().cost_per_output_token("rent"), "Did you mean 'rental'"),
        (lambda: query().estimate().energy_per_token("x"), "one of accelerator, server, it, fac"),
        (lambda: query().estimate().energy_per_output_token("x"), "one of accelerator, server"),
        (lambda: query(attention="x"), "'x'.*one of none, causal, full"),
        (lambda: query(number_format="bf61"), "no number format named 'bf61'"),
    ],
)
def test_unknown_names(call: Any, match: str) -> None:
    """A misspelt name is answered with the known ones."""
    with pytest.raises(UnknownNameError, match=match):
        call()


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"output_tokens": "500 request"}, DimensionError, "InferenceWorkload.output_tokens needs"),
        ({"output_tokens": -1}, RangeError, "InferenceWorkload.output_tokens needs at least 0"),
        ({"output_tokens": float("nan")}, RangeError, "InferenceWorkload.output_tokens.*nan"),
        ({"throughput": "400 token"}, DimensionError, "InferenceWorkload.throughput needs"),
        ({"throughput": 400}, DimensionError, "InferenceWorkload.throughput needs .*with a unit"),
        ({"model_flops_utilization": 1.5}, RangeError, "model_flops_utilization needs at most 1"),
        ({"prefill_model_flops_utilization": 1.5}, RangeError, "needs at most 1; got 1.5"),
        ({"context": "4 kB"}, DimensionError, "InferenceWorkload.context needs"),
        ({"server_factor": (0.8, 1.2)}, RangeError, "InferenceWorkload.server_factor needs at le"),
    ],
)
def test_refuses(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """Wrong dimension, not a number, negative, above the limit: named and explained."""
    with pytest.raises(error, match=match):
        query(**changes)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"accelerator": CHIP.evolve(rental_price=None)}, "cost, rental"),
        ({"facility": SITE.evolve(tariff=None)}, "cost, amortised"),
        ({"facility": SITE.evolve(grid=None)}, "carbon"),
    ],
)
def test_unknown_is_raised_only_when_asked_for(changes: dict[str, Any], line: str) -> None:
    """An unknown price leaves the energy alone; its line says what is missing."""
    estimate = query(**changes).estimate()
    assert estimate.energy.facility.number("Wh/request") > 0
    assert estimate.to_dict()[line]["value"] is None
    assert "unknown: " in estimate.explain()
    with pytest.raises(MissingInputError, match="not known"):
        _ = estimate.carbon if line == "carbon" else estimate.cost_per_output_token(line[6:])


def test_a_request_has_no_acquisition() -> None:
    """Buying machines belongs to no single request."""
    with pytest.raises(MissingInputError, match="no fixed number of accelerators"):
        _ = query().estimate().cost.acquisition


def test_units_of_the_inputs_do_not_matter() -> None:
    """Whatever the units typed, the results are the same."""
    other = query(
        input_tokens=1000,
        output_tokens="0.5 ktoken/request",
        accelerator=CHIP.evolve(power="0.5 kW", rental_price="0.001 USD/accelerator/second"),
        capital_life="60 month",
    )
    for step, again in zip(query().estimate().steps(), other.estimate().steps(), strict=True):
        expected = known(again.value).to_base_units().magnitude
        found = known(step.value).to_base_units().magnitude
        assert found == pytest.approx(expected, rel=1e-12), step.name


def test_server_of_a_request() -> None:
    """A server with power stands for load and factor at the server boundary here too."""
    box = le.Server(name="box", accelerators=8, power="6.4 kW")
    energy = query(server=box, server_factor=None).estimate().energy
    assert energy.server.number("joule/request") == pytest.approx(1.5 * 800, rel=1e-12)
    assert energy.accelerator.number("joule/request") == pytest.approx(1.5 * 400, rel=1e-12)


def test_shows_itself() -> None:
    """Title, accelerator, and the same lines as text, table, dictionary and page."""
    estimate = query().estimate()
    names = [step.name for step in estimate.steps()]
    assert estimate.title == "one request to model on chip at site"
    assert query(name="chat").estimate().title == "chat on chip at site"
    assert estimate.accelerator == "chip"
    assert list(estimate.to_dict()) == names
    assert repr(estimate) == str(estimate)
    assert len(estimate.to_markdown().splitlines()) == len(names) + 2
    assert estimate._repr_html_().count("<tr>") == len(names)


def test_evolve() -> None:
    """A variant is a new request; the old one stays."""
    longer = query().evolve(output_tokens="1000 token")
    assert seconds(longer) == pytest.approx(2.5)
    assert seconds(query()) == pytest.approx(1.5)
