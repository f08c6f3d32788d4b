"""Power of a run: how busy accelerators are, what goes before, energies of the phases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import llm_economics as le
from llm_economics.training.power import phases, power_by_load
from llm_economics.training.timing import Timing
from llm_economics.workload.operation import MeanPower, Units, operate

if TYPE_CHECKING:
    from llm_economics.core.sources import Assumption

H100 = le.accelerators["H100 SXM"]
UNPOWERED = le.servers["DGX H100"].evolve(power=None)
GIVEN: dict[str, Any] = {
    "model": le.models["Llama 3.1 8B"],
    "tokens": "1 Ttoken",
    "accelerator": H100,
    "accelerators": 64,
    "global_batch": "4 Mtoken",
    "sequence_length": "8192 token",
    "software_date": "2025-06",
    "server": UNPOWERED,
    "facility": le.facilities["us-hyperscale"],
    "goodput": 0.9,
}
ENTRIES = [
    "idle accelerator power",
    "busy accelerator power",
    "idle server power",
    "busy server power",
]


def estimate(**changes: Any) -> Any:
    """Return the estimate of a run with some inputs changed; None leaves one out."""
    return le.TrainingWorkload(**(GIVEN | changes)).estimate()


def over_rated(found: Any) -> float:
    """Return the central power of the servers over the rated power of their accelerators."""
    hours = found.accelerator_time.central().number("accelerator*hour")
    return float(found.energy.server.central().number("MWh") / hours / 700e-6)


def test_a_server_at_work() -> None:
    """Eight accelerators that compute all the time: 1.20 to 1.36 times their rated power."""
    taken: list[Assumption] = []
    found = power_by_load(le.quantity(1.0), taken)
    assert [a.name for a in taken] == ENTRIES
    assert all(a.provenance is not None for a in taken)
    low, high = found.server.interval(0.9)
    assert (low.number(""), high.number("")) == pytest.approx((1.20, 1.36), rel=0.01)
    assert 0.86 < found.accelerator.central().number("") < 0.98


@pytest.mark.parametrize(("busy", "expected"), [(0.6, 0.92), (0.95, 1.24), (0.0, 0.39)])
def test_a_server_that_waits(busy: float, expected: float) -> None:
    """Waiting 40 % of the time about 0.9 times; at rest four tenths."""
    found = power_by_load(le.quantity(busy), [])
    assert found.server.central().number("") == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("busy", [0.3, 0.6, 1.0])
def test_the_part_draws_no_more_than_the_whole(busy: float) -> None:
    """Accelerators and servers are separate ranges; draws stay ordered."""
    found = power_by_load(le.quantity(busy), [])
    host = (found.server - found.accelerator).samples(1024).magnitude
    assert host.min() > 0.0


def test_the_step_decides() -> None:
    """At the share of the step at work, times goodput."""
    found = estimate()
    assert found.step is not None
    assert set(ENTRIES) <= {a.name for a in found.assumptions}
    assert "training_server_factor" not in {a.name for a in found.assumptions}
    busy = found.step.busy.central().number("") * 0.9
    assert over_rated(found) == pytest.approx(0.39 + (1.28 - 0.39) * busy, rel=0.01)
    assert over_rated(estimate(goodput=0.5)) < over_rated(found)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"accelerator_load": 0.5, "server_factor": 1.5}, 0.75),
        ({"server_factor": 1.5, "accelerator_load": 1.0}, 1.5),
        ({"server": UNPOWERED.evolve(power="7 kW")}, 1.25),
    ],
    ids=["load", "factor", "server"],
)
def test_what_is_given_goes_before(changes: dict[str, Any], expected: float) -> None:
    """A load, a factor, a server whose power is known."""
    found = estimate(**changes)
    assert found.step is not None
    assert over_rated(found) == pytest.approx(expected, rel=1e-6)
    assert not set(ENTRIES) & {a.name for a in found.assumptions}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"goodput": None},
        {"model_flops_utilization": 0.4},
        {"accelerator_load": 0.5, "server_factor": 1.5},
        {"duration": "9 day"},
        {"duration": "9 day", "goodput": None},
        {"computation": "1e23 FLOP", "goodput": None},
    ],
)
def test_energies_of_phases_sum(changes: dict[str, Any]) -> None:
    """In every draw they are that of the run, and their durations its wall time."""
    found = estimate(**changes)
    energy = sum((p.power * p.duration).to("MWh").samples(64).magnitude for p in found.phases)
    assert energy == pytest.approx(found.energy.facility.to("MWh").samples(64).magnitude, rel=1e-9)
    days = sum(p.duration.to("day").samples(64).magnitude for p in found.phases)
    assert days == pytest.approx(found.duration.to("day").samples(64).magnitude, rel=1e-9)


def test_phases_draw_what_their_load_draws() -> None:
    """Steps at the load of the step, lost time at that of rest, wherever the power comes from."""
    found = estimate()
    assert found.step is not None
    work, lost = found.phases
    assert [p.name for p in found.phases] == ["steps", "lost time"]
    at_work = power_by_load(found.step.busy, []).server
    at_rest = power_by_load(le.quantity(0.0), []).server
    ratio = (lost.power / work.power).samples(128).magnitude
    assert ratio == pytest.approx((at_rest / at_work).samples(128).magnitude, rel=1e-9)
    mean = over_rated(found)
    steps = float((work.power / found.power).central().number("")) * mean
    assert steps == pytest.approx(at_work.central().number(""), rel=0.01)


def test_phases_say_what_they_rest_on() -> None:
    """Power at rest is assumed, also where that of the run is given; one phase assumes nothing."""
    timing = Timing(duration=le.quantity("10 day"), goodput=le.quantity(0.9))
    for phase in phases(timing, le.quantity("1 MW")):
        assert [a.name for a in phase.assumptions] == ["idle server power", "busy server power"]
    (whole,) = phases(Timing(duration=le.quantity("10 day")), le.quantity("1 MW"))
    assert (whole.name, whole.assumptions) == ("run", ())
    assert (whole.power.number("MW"), whole.duration.number("day")) == (1.0, 10.0)


def test_operate_takes_mean_power() -> None:
    """Rated power times the shares; neither load nor factor is assumed."""
    workload = le.TrainingWorkload(**GIVEN)
    taken: list[Assumption] = []
    found = operate(
        workload,
        le.quantity("1000 accelerator*hour"),
        stage="training",
        units=Units(energy="MWh", money="USD", carbon="kgCO2e"),
        taken=taken,
        power=MeanPower(accelerator=le.quantity(0.8), server=le.quantity(1.1)),
    )
    assert found.energy.accelerator.number("MWh") == pytest.approx(0.56)
    assert found.energy.server.number("MWh") == pytest.approx(0.77)
    names = {a.name for a in taken}
    assert not names & {"training_accelerator_load", "training_server_factor"}
    assert "training_network_and_idle_share" in names
