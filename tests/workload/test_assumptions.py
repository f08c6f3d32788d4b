"""The assumptions: physical meaning, sources, and ranges that hold what was measured."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.core.errors import UnknownNameError
from llm_economics.workload.assumptions import _TABLE, SOURCES, assumed, assumption

NAMES = sorted(_TABLE)


def value_of(name: str) -> le.Quantity:
    """Return the range of an assumption."""
    value = assumption(name).value
    assert isinstance(value, le.Quantity)
    return value


def holds(found: le.Quantity, measured: float, level: float = 0.9) -> bool:
    """Whether the range of so much probability contains a measured value."""
    low, high = (float(end.to("").magnitude) for end in found.interval(level))
    return low <= measured <= high


@pytest.mark.parametrize("name", NAMES)
def test_has_range_reason_and_source(name: str) -> None:
    """Each is a range inside its physical limits, with a reason and a source."""
    taken = assumption(name)
    assert value_of(name).is_range
    assert len(taken.why) > 40
    assert taken.provenance is not None
    assert taken.provenance.sources
    drawn = value_of(name).samples(4096).magnitude
    assert drawn.min() >= (1.0 if name.endswith("factor") else 0.0)
    assert drawn.max() <= (1.0 if _TABLE[name].share else 6.0)


@pytest.mark.parametrize("name", NAMES)
def test_is_one_shared_input(name: str) -> None:
    """Two results that rest on the same assumption move together."""
    difference = assumption(name).value - assumption(name).value  # type: ignore[operator]
    assert difference.quantiles(0.05, 0.95).magnitude.tolist() == [0.0, 0.0]


def test_sources_are_all_cited() -> None:
    """No source stands there for nothing."""
    cited = {key for entry in _TABLE.values() for key in entry.keys}
    assert cited == set(SOURCES)


@pytest.mark.parametrize(
    ("stage", "measured"),
    [
        # Servers over the rated power of their accelerators, and accelerators over their own.
        ("training", 0.91),  # server whose accelerators wait for the network
        ("training", 1.20),  # servers of eight H100 or B200, MLPerf
        ("training", 1.28),
        ("training", 7.75 / 5.6),  # 76 % of the rated 10.2 kW, Newkirk et al.
        ("serving", 0.7 * 1275 / 700),  # Epoch's share of a rated server
    ],
)
def test_server_power_holds_what_was_measured(stage: str, measured: float) -> None:
    """Load times server factor contains the measured power of servers under load."""
    product = value_of(f"{stage}_accelerator_load") * value_of(f"{stage}_server_factor")
    assert holds(product, measured)


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("training_accelerator_load", 0.62 / 0.7),  # OLMo 3, kW per H100-hour
        ("training_accelerator_load", 0.65 / 0.7),
        ("training_accelerator_load", 0.75),  # Epoch
        ("serving_accelerator_load", 244 / 700),  # 10 %, median, 90 % of ML.ENERGY on H100
        ("serving_accelerator_load", 463 / 700),
        ("serving_accelerator_load", 605 / 700),
        ("serving_accelerator_load", 691 / 1000),  # and on B200
        ("serving_server_factor", 83 / 58),  # Google's shares
        ("serving_network_and_idle_share", 10 / 83),
        ("goodput", 0.67),  # 10 %, median, 90 % of 15 runs
        ("goodput", 0.82),
        ("goodput", 0.95),
        ("decode_model_flops_utilization", 0.05),  # Epoch, pessimistic and central
        ("decode_model_flops_utilization", 0.10),
        ("decode_model_flops_utilization", 0.085),  # median of dense models, ML.ENERGY
        ("experts_decode_model_flops_utilization", 0.021),  # median of mixtures, ML.ENERGY
        # 14.8 ktoken/s per server of eight H800, 37 billion active parameters
        ("experts_decode_model_flops_utilization", 14800 / 8 * 2 * 37e9 / 989.4e12),
        ("training_network_and_idle_share", 1.73 / 1.275 / 1.25 - 1.0),
    ],
)
def test_holds_what_was_measured(name: str, measured: float) -> None:
    """Each range contains the figures that its reason names."""
    assert holds(value_of(name), measured)


@pytest.mark.parametrize("name", ["goodput", "serving_accelerator_load"])
def test_tenth_and_ninetieth_percentiles_are_an_80_percent_range(name: str) -> None:
    """Quoted 10 % and 90 % points are not read as a 90 % range: less than 80 % would be wrong."""
    entry = _TABLE[name]
    assert entry.level == 0.8
    found = [float(end.magnitude) for end in value_of(name).interval(0.8)]
    assert found == pytest.approx([entry.low, entry.high], abs=0.012)


def test_assumed_takes_what_is_given() -> None:
    """A given value leaves no assumption behind; a missing one does."""
    taken: list[object] = []
    given = le.quantity(0.9)
    assert assumed("goodput", given, taken) is given  # type: ignore[arg-type]
    assert not taken
    assert assumed("goodput", None, taken) is assumption("goodput").value  # type: ignore[arg-type]
    assert taken == [assumption("goodput")]


def test_unknown_assumption() -> None:
    """A misspelt name is answered with what is near."""
    with pytest.raises(
        UnknownNameError, match=r"no assumption named 'godput'. Did you mean 'goodp"
    ):
        assumption("godput")
