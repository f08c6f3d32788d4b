"""Time of collectives, and which links a group uses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.hardware.collectives import (
    Group,
    all_gather_time,
    all_reduce_time,
    all_to_all_time,
    broadcast_time,
    hierarchical_all_reduce_time,
    point_to_point_time,
    reduce_scatter_time,
)
from llm_economics.hardware.network import Network, network_of

COLLECTIVES = [
    all_gather_time,
    all_reduce_time,
    all_to_all_time,
    broadcast_time,
    reduce_scatter_time,
]
NET = Network(
    name="test",
    scale_up_domain=8,
    scale_up_bandwidth="450 GB/s",
    scale_out_bandwidth="400 Gbit/s",
    scale_up_latency="2 us",
    scale_out_latency="5 us",
)
sizes = st.integers(1, 4096)
strides = st.integers(1, 64)


def numbers(group: Any) -> dict[str, Any]:
    """Return 1 GB at 100 GB/s and 1 us, as plain numbers in base units."""
    return {"data": 1e9, "group": group, "bandwidth": 1e11, "latency": 1e-6}


@pytest.mark.parametrize(
    ("law", "steps", "traffic"),
    [
        (all_gather_time, 7, 7 / 8),
        (reduce_scatter_time, 7, 7 / 8),
        (all_to_all_time, 7, 7 / 8),
        (all_reduce_time, 14, 14 / 8),
        (broadcast_time, 10, 14 / 8),
    ],
)
def test_steps_and_traffic(law: Any, steps: int, traffic: float) -> None:
    """Among 8, the time is steps x latency + traffic / bandwidth, counted by hand."""
    found = law(
        data=le.quantity("1 GB"),
        group=le.quantity(8),
        bandwidth=le.quantity("100 GB/s"),
        latency=le.quantity("1 us"),
    )
    assert found.number("s") == pytest.approx(steps * 1e-6 + traffic * 0.01, rel=1e-12)


def test_point_to_point() -> None:
    """One hop, and all bytes once."""
    found = point_to_point_time(
        data=le.quantity("1 GB"),
        bandwidth=le.quantity("100 GB/s"),
        latency=le.quantity("1 us"),
    )
    assert found.number("ms") == pytest.approx(10.001, rel=1e-12)


@pytest.mark.parametrize("law", COLLECTIVES)
def test_group_of_one_takes_no_time(law: Any) -> None:
    """Who is alone sends nothing: zero by the line itself, also within an array."""
    assert formula(law)(**numbers(1)) == 0.0
    assert formula(law)(**numbers(np.array([1, 2])))[0] == 0.0


@given(sizes)
def test_all_reduce_is_reduce_scatter_and_all_gather(size: int) -> None:
    """Both halves take the same time, and together the time of the whole."""
    halves = [formula(law)(**numbers(size)) for law in (reduce_scatter_time, all_gather_time)]
    assert halves[0] == halves[1]
    assert sum(halves) == pytest.approx(formula(all_reduce_time)(**numbers(size)), rel=1e-12)


def test_wrong_dimension_is_refused() -> None:
    """A compute rate is no bandwidth."""
    with pytest.raises(DimensionError, match=r"all_reduce_time\(bandwidth\) needs bandwidth"):
        all_reduce_time(
            data=le.quantity("1 GB"),
            group=le.quantity(8),
            bandwidth=le.quantity("1 TFLOP/s"),
            latency=le.quantity("1 us"),
        )


@given(st.integers(1, 64), st.integers(1, 64))
def test_two_levels_of_one_speed_move_as_much_as_one(inside: int, between: int) -> None:
    """Without latency and with one bandwidth, two levels take the time of one ring over all."""
    one = {"bandwidth": 1e11, "latency": 0.0}
    levels = hierarchical_all_reduce_time(1e9, Group(inside, **one), Group(between, **one))
    whole = formula(all_reduce_time)(data=1e9, group=inside * between, **one)
    assert levels == pytest.approx(whole, rel=1e-12, abs=1e-18)


@pytest.mark.parametrize(
    ("size", "stride", "crosses", "inside"),
    [
        (1, 1, 0, 1),
        (1, 64, 1, 1),  # alone, wherever: no time in any case
        (8, 1, 0, 8),
        (9, 1, 1, 4.5),
        (4, 2, 0, 4),
        (4, 3, 1, 2),
        (64, 1, 1, 8),
        (64, 8, 1, 1),
        (64, 100, 1, 1),
    ],
)
def test_where_a_group_is(size: int, stride: int, crosses: int, inside: float) -> None:
    """A group stays inside if stride x size is at most the domain; members spread evenly."""
    assert NET.crosses(size, stride).magnitude == crosses
    assert NET.members_inside(size, stride).magnitude == inside


@pytest.mark.parametrize(
    ("size", "stride", "simple", "ring", "exchange"),
    [
        (8, 1, 450, 450, 450),
        (64, 8, 50, 50, 50),
        (64, 1, 50, 400, 56.25),
        (64, 4, 50, 100, 63 / 62 * 50),
    ],
)
def test_bandwidth(size: int, stride: int, simple: float, ring: float, exchange: float) -> None:
    """A ring over several network cards uses all of them; an exchange its own."""
    found = NET.bandwidth(size, stride), NET.ring(size, stride), NET.exchange(size, stride)
    assert found[0].number("GB/s") == pytest.approx(simple)
    assert found[1].bandwidth.number("GB/s") == pytest.approx(ring)
    assert found[2].bandwidth.number("GB/s") == pytest.approx(exchange)


def test_latency() -> None:
    """A ring of 64 leaves the domain at every eighth hop; neighbours 8 apart at each."""
    assert NET.ring(64).latency.number("us") == pytest.approx((7 * 2 + 5) / 8)
    assert NET.ring(8).latency.number("us") == pytest.approx(2)
    assert NET.neighbours(8).latency.number("us") == pytest.approx(5)
    assert NET.neighbours(4).bandwidth.number("GB/s") == pytest.approx(450)


def test_two_levels() -> None:
    """64 neighbours are 8 sets of 8, and one level for a group that stays inside."""
    inside, between = NET.levels(64)
    assert (inside.size.magnitude, between.size.magnitude) == (8, 8)
    inside, between = NET.levels(8)
    found = hierarchical_all_reduce_time(le.quantity("1 GB"), inside, between)
    ring = NET.ring(8)
    expected = all_reduce_time(
        data=le.quantity("1 GB"),
        group=le.quantity(ring.size),
        bandwidth=ring.bandwidth,
        latency=ring.latency,
    )
    assert found.number("s") == pytest.approx(expected.number("s"), rel=1e-12)


@settings(max_examples=25)
@given(st.lists(st.tuples(sizes, strides), min_size=1, max_size=20))
def test_arrays_give_what_single_groups_give(groups: list[tuple[int, int]]) -> None:
    """All layouts at once are each layout alone."""
    size, stride = (np.array(column) for column in zip(*groups, strict=True))
    for kind in ("ring", "exchange"):
        many = getattr(NET, kind)(size, stride)
        for i, (n, s) in enumerate(groups):
            one = getattr(NET, kind)(n, s)
            assert many.bandwidth[i].number("GB/s") == one.bandwidth.number("GB/s")
            assert many.latency[i].number("us") == one.latency.number("us")


@given(sizes, strides)
def test_bandwidth_is_between_that_of_both_levels(size: int, stride: int) -> None:
    """No group is faster than the fast links, or slower than the network."""
    for group in (NET.ring(size, stride), NET.exchange(size, stride)):
        assert 50 - 1e-9 <= group.bandwidth.number("GB/s") <= 450 + 1e-9


def test_ranges_pass() -> None:
    """A bandwidth that is not known exactly gives a time that is not, for arrays of groups too."""
    net = NET.evolve(scale_out_bandwidth="40-50 GB/s")
    group = net.ring(np.array([8, 64]), np.array([1, 8]))
    time = formula(all_reduce_time)(
        data=le.quantity("1 GB"),
        group=group.size,
        bandwidth=group.bandwidth,
        latency=group.latency,
    )
    low, high = time.quantiles(0.05, 0.95).to("ms").magnitude
    assert low[0] == pytest.approx(high[0], rel=1e-12)
    assert low[1] < 0.9 * high[1]


def test_network_of_server() -> None:
    """Eight cards of 400 Gbit/s are 50 GB/s for each of eight accelerators."""
    net = network_of(le.servers["DGX H100"], scale_out_latency="5 us")
    assert net.scale_out_bandwidth is not None
    assert net.scale_out_bandwidth.number("GB/s") == pytest.approx(50)
    assert net.bandwidth(16).number("GB/s") == pytest.approx(50)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"accelerator": None}, r"accelerator of DGX H100 .* server.evolve\(accelerator=le"),
        ({"accelerators": None}, r"accelerators of DGX H100 .* server.evolve\(accelerators=8\)"),
        ({"scale_up_domain": None}, r"scale up domain of DGX H100 .*evolve\(scale_up_domain=8\)"),
        ({"network_bandwidth": None}, r"evolve\(network_bandwidth='3200 Gbit/s'\)"),
        ({"accelerator": le.Accelerator(name="mine")}, r"link bandwidth of mine in DGX H100"),
    ],
)
def test_missing_figures_of_a_server(change: dict[str, Any], match: str) -> None:
    """Each says what is not known and how to give it."""
    with pytest.raises(MissingInputError, match=match):
        network_of(le.servers["DGX H100"].evolve(**change))


def test_server_without_accelerators() -> None:
    """Nobody to share the cards."""
    with pytest.raises(RangeError, match=r"needs accelerators in DGX H100; got 0 accelerator"):
        network_of(le.servers["DGX H100"].evolve(accelerators=0))


@pytest.mark.parametrize(
    ("net", "match"),
    [
        (network_of(le.servers["DGX H100"]), r"scale out latency of DGX H100 .*='5 us'\)"),
        (Network(scale_up_domain=8), r"scale up bandwidth of the network .*='450 GB/s'\)"),
        (Network(), r"the scale up domain of the network is not known; .*domain=8\)"),
    ],
)
def test_missing_figures_of_a_network(net: Network, match: str) -> None:
    """What nobody gave is missed when it is needed, not taken as zero."""
    with pytest.raises(MissingInputError, match=match):
        net.exchange(16)
