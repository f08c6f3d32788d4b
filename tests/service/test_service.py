"""`Service`: training against inference, by hand."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import DimensionError, MissingInputError
from llm_economics.core.sources import Provenance, Source

SHEET = Source(key="a-sheet", title="A sheet", organisation="A maker", date="2025")
STATED = Provenance(sources=SHEET, kind="disclosed", date="2025", confidence="seen")
SHARED: dict[str, Any] = {
    "model": le.Model(name="model", parameters="10 Gparameter", training_tokens="1 Ttoken"),
    "accelerator": le.Accelerator(name="chip", power="500 W", peaks={"bf16": "1 PFLOP/s"}),
    "facility": le.Facility(name="site", power_usage_effectiveness=1.25),
    "number_format": "bf16",
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.0,
}
# 1000 chips x 750 W x 10 day = 180 MWh of training.
RUN = le.TrainingWorkload(**SHARED, accelerators=1000, duration="10 day")
# 10 s x 750 W = 7.5 kJ = 2.0833 Wh a request.
QUERY = le.InferenceWorkload(
    **SHARED, output_tokens="500 token", throughput="50 token/s", input_tokens=0
)
EXACT: dict[str, Any] = {
    "name": "chat",
    "training": RUN,
    "query": QUERY,
    "requests": "864000 request/day",
    "training_lifetime": "100 day",
}


def service(**changes: Any) -> le.Service:
    """Return the exact service with some inputs changed; None leaves one out."""
    return le.Service(**{**EXACT, **changes})


@pytest.mark.parametrize(
    ("what", "unit", "expected"),
    [
        ("requests", "request/second", 10.0),
        ("inference_power", "kW", 75.0),
        ("inference_energy", "MWh/year", 75e-3 * 8766),
        ("inference_accelerators", "accelerator", 100.0),
        ("crossover", "day", 180e3 / 75.0 / 24.0),
        ("training_share", "Wh/request", 180e6 / 86.4e6),
    ],
)
def test_exact_service(what: str, unit: str, expected: float) -> None:
    """Ten requests a second of 7.5 kJ are 75 kW; 180 MWh of training last 100 days of that."""
    found = getattr(service().estimate(), what)
    assert found.number(unit) == pytest.approx(expected, rel=1e-9)


def test_crossover_is_where_the_training_share_equals_a_request() -> None:
    """At a lifetime equal to the crossover, training costs as much per request as serving."""
    estimate = service(training_lifetime="100 day").estimate()
    assert estimate.crossover.number("day") == pytest.approx(100.0, rel=1e-12)
    share = estimate.training_share.number("Wh/request")
    assert share == pytest.approx(estimate.query.energy.facility.number("Wh/request"), rel=1e-12)


@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("requests", "requests"),
        ("requests", "inference_power"),
        ("requests", "inference_energy"),
        ("requests", "inference_accelerators"),
        ("requests", "crossover"),
        ("requests", "training_share"),
        ("training_lifetime", "training_share"),
    ],
)
def test_unknown_is_raised_only_when_asked_for(field: str, asked: str) -> None:
    """Without a count of requests a request still has its energy."""
    estimate = service(**{field: None}).estimate()
    assert estimate.query.energy.facility.number("Wh/request") > 0
    assert f"unknown: the {field.replace('_', ' ')} of chat" in estimate.explain()
    with pytest.raises(MissingInputError, match=rf"not known; give service.evolve\({field}="):
        getattr(estimate, asked)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"requests": "1e9 request"}, "Service.requests needs .*request rate"),
        ({"training_lifetime": "1 GWh"}, "Service.training_lifetime needs time"),
    ],
)
def test_refuses(changes: dict[str, Any], match: str) -> None:
    """A count is no rate, an energy no time."""
    with pytest.raises(DimensionError, match=match):
        service(**changes)


def test_lines_of_both_stages() -> None:
    """The breakdown holds the lines of training and request, and lists assumptions once."""
    estimate = service().estimate()
    names = list(estimate.to_dict())
    assert "training: energy, facility" in names
    assert "request: energy, facility" in names
    assert names[-1] == "training share"
    assert estimate.title == "chat: training against inference"
    assert repr(estimate) == str(estimate)
    listed = [assumption.name for assumption in estimate.assumptions]
    assert len(listed) == len(set(listed))


def test_sources_of_service_and_workloads() -> None:
    """Sources of the service, its workloads and their nouns, each once."""
    cited = service(
        provenance={"requests": STATED},
        training=RUN.evolve(provenance={"accelerators": STATED}),
    )
    assert cited.sources == (SHEET,)
    assert SHEET in cited.estimate().sources
    assert f"[{SHEET.key}]" in cited.estimate().explain()
    assert cited.evolve(requests="1e9 request/day").provenance == {}
