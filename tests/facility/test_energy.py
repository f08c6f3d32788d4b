"""`EnergyByBoundary` and `CostByScope`: parts that add up, scopes that are not mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.breakdown import given as known
from llm_economics.core.errors import MissingInputError, UnknownNameError
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import Boundary, EnergyByBoundary, energy_by_boundary

UNKNOWN = MissingInputError("no system price is known")


def widened(accelerator: float, host: float, shared: float, pue: float) -> EnergyByBoundary:
    """Return the parts of exact inputs, in MWh."""
    return energy_by_boundary(
        accelerator_energy=le.quantity(accelerator, "MWh"),
        server_energy=le.quantity(accelerator + host, "MWh"),
        network_and_idle_share=le.quantity(shared),
        power_usage_effectiveness=le.quantity(pue),
        unit="kWh",
    )


@given(
    accelerator=st.floats(1e-3, 1e6),
    host=st.floats(0.0, 1e6),
    shared=st.floats(0.0, 2.0),
    pue=st.floats(1.0, 3.0),
)
def test_parts_add_up_and_boundaries_are_ordered(
    accelerator: float, host: float, shared: float, pue: float
) -> None:
    """The facility's energy is IT x PUE and the sum of its parts; each boundary holds the last."""
    energy = widened(accelerator, host, shared, pue)
    parts = (energy.accelerator, energy.host, energy.network_and_idle, energy.overhead)
    total = sum(part.number("kWh") for part in parts)
    assert energy.facility.number("kWh") == pytest.approx(total, rel=1e-12)
    expected = 1000.0 * (accelerator + host) * (1.0 + shared) * pue
    assert energy.facility.number("kWh") == pytest.approx(expected, rel=1e-12)
    within = [e.number("kWh") for e in energy.by_boundary().values()]
    assert within == sorted(within)


def test_by_boundary() -> None:
    """10 MWh of accelerators, counted outwards by hand."""
    energy = widened(10.0, 4.0, 0.1, 1.2)
    found = {name: value.number("MWh") for name, value in energy.by_boundary().items()}
    assert found == pytest.approx({"accelerator": 10, "server": 14, "it": 15.4, "facility": 18.48})
    assert energy.at("it") is not None
    assert energy.at(Boundary.SERVER).number("MWh") == pytest.approx(14)
    assert energy.to("GWh").facility.number("MWh") == pytest.approx(18.48)
    assert energy.to("GWh").facility.unit_text == "GWh"


def test_unknown_boundary() -> None:
    """A misspelt boundary is answered with the known ones."""
    known = "one of accelerator, server, it, facility"
    with pytest.raises(UnknownNameError, match=f"'building'.*{known}"):
        widened(1.0, 1.0, 0.1, 1.1).at("building")
    with pytest.raises(UnknownNameError, match=known):
        Boundary("x")


def test_shows_itself() -> None:
    """As text and as a table, each boundary once."""
    energy = widened(10.0, 4.0, 0.1, 1.2).to("MWh")
    assert repr(energy) == str(energy)
    assert str(energy).splitlines()[0] == "accelerator: 10 MWh"
    assert energy.to_markdown().splitlines()[-1] == "| facility | 18.48 MWh |"


def test_ranges_stay_ordered() -> None:
    """With ranges, every draw is ordered, and the sum holds in every draw."""
    energy = energy_by_boundary(
        accelerator_energy=le.between(5, 15, "MWh"),
        server_energy=le.between(5, 15, "MWh") + le.between(15, 20, "MWh", shape="uniform"),
        network_and_idle_share=le.between(0.05, 0.2, limits=(0.0, None)),
        power_usage_effectiveness=le.between(1.05, 1.3, limits=(1.0, None)),
        unit="MWh",
    )
    difference = (energy.facility - energy.it).samples(1024).magnitude
    assert np.all(difference >= 0)


def cost(**unknown: MissingInputError) -> CostByScope:
    """Return a cost of round numbers; what is named is unknown."""
    stated: dict[str, Any] = {
        "rental": le.quantity("5 MUSD"),
        "capital": le.quantity("3 MUSD"),
        "electricity": le.quantity("1 MUSD"),
        "acquisition": le.quantity("50 MUSD"),
    }
    return CostByScope(**{**stated, **unknown})


def test_scopes() -> None:
    """Owning is capital and electricity; rent and acquisition stand alone."""
    found = {name: known(value).number("MUSD") for name, value in cost().by_scope().items()}
    assert found == {"rental": 5.0, "amortised": 4.0, "acquisition": 50.0}
    assert cost().rental.number("MUSD") == 5.0
    assert cost().electricity.number("MUSD") == 1.0
    assert cost().acquisition.number("MUSD") == 50.0
    assert str(cost()).splitlines()[1] == "amortised: 4 MUSD"
    assert repr(cost()) == str(cost())


@pytest.mark.parametrize("scope", ["rental", "capital", "electricity", "acquisition"])
def test_unknown_is_raised_only_when_asked_for(scope: str) -> None:
    """One unknown price leaves the other scopes alone."""
    partly = cost(**{scope: UNKNOWN})
    assert f"unknown ({UNKNOWN})" in str(partly)
    with pytest.raises(MissingInputError, match="no system price is known"):
        getattr(partly, scope)
    if scope in {"capital", "electricity"}:
        assert partly.by_scope()["amortised"] is UNKNOWN
        assert partly.rental.number("MUSD") == 5.0
