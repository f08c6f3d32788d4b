"""Waiting: Erlang's formula against its recursion and published values, and what is built on it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import DimensionError, RangeError
from llm_economics.serving.queueing import Queue, SlotFarm, servers_for, steady_concurrency
from llm_economics.serving.queueing_laws import erlang_c, requests_in_flight

POISSON = (1.0, 1.0)


def waiting(servers: float, utilization: float) -> float:
    return float(formula(erlang_c)(servers=float(servers), utilization=utilization))


def exact(servers: int, completions: Any, rate: float) -> float:
    """Probability of waiting of the birth and death process, by recursion over its states."""
    inverse = 1.0
    for k in range(1, servers + 1):
        inverse = 1.0 + inverse * completions(k) / rate
    lost, busy = 1.0 / inverse, rate / completions(servers)
    return lost / (1.0 - busy * (1.0 - lost))


def queue(**changes: Any) -> Queue:
    fields = {"rate": 30.0, "service_time": 4.0, "servers": 128.0, "variability": POISSON}
    return Queue(**{**fields, **changes})


def affine(batch: Any) -> Any:
    return 2.0 + 0.05 * batch


@pytest.mark.parametrize("servers", [1, 2, 3, 10, 100, 1000, 10_000])
@pytest.mark.parametrize("utilization", [1e-3, 0.1, 0.5, 0.9, 0.99, 0.999999])
def test_erlang_c_is_its_recursion(servers: int, utilization: float) -> None:
    """The integral over 40 nodes is the recursion over all servers to 1e-10."""
    if math.log10(servers) * (1 - utilization) < 2:  # otherwise the recursion overflows
        expected = exact(servers, float, servers * utilization)
        assert waiting(servers, utilization) == pytest.approx(expected, rel=1e-10, abs=1e-280)


@pytest.mark.parametrize(
    ("servers", "load", "published"),
    [
        (1, 0.75, 0.75),
        (2, 1.0, 1 / 3),
        (3, 2.0, 4 / 9),
        (5, 4.0, 0.5541),
        (10, 8.0, 0.4092),
        (14, 10.0, 0.1741),
    ],
)
def test_erlang_c_as_published(servers: int, load: float, published: float) -> None:
    """Values of textbooks and tables; 14 agents at 10 erlang is the call centres' example."""
    assert waiting(servers, load / servers) == pytest.approx(published, abs=6e-5)


def test_call_centre() -> None:
    """100 calls in half an hour, 3 min each, 14 agents: 7.8 s mean wait, 88.8 % within 20 s."""
    calls = queue(rate=100 / 1800, service_time=180.0, servers=14)
    assert calls.mean_wait() == pytest.approx(7.84, abs=0.01)
    assert calls.wait(0.888) == pytest.approx(20.0, abs=0.2)


@given(st.floats(0.01, 0.99), st.floats(0.01, 100.0))
def test_one_server(utilization: float, service_time: float) -> None:
    """M/M/1 in closed form, M/D/1 by Pollaczek and Khinchine."""
    one = queue(rate=utilization / service_time, service_time=service_time, servers=1)
    mean = utilization * service_time / (1 - utilization)
    assert one.mean_wait() == pytest.approx(mean, rel=1e-9)
    assert one.requests_waiting() == pytest.approx(utilization**2 / (1 - utilization), rel=1e-9)
    tail = max(0.0, mean / utilization * math.log(max(utilization / 0.05, 1.0)))
    assert one.wait(0.95) == pytest.approx(tail, rel=1e-9, abs=1e-12)
    constant = queue(rate=one.rate, service_time=service_time, servers=1, variability=(1.0, 0.0))
    assert constant.mean_wait() == pytest.approx(mean / 2, rel=1e-9)


def test_square_root_staffing_limit() -> None:
    """With a + 1 sqrt(a) servers the chance of waiting nears Halfin and Whitt's 0.2234."""
    load = 1e6
    assert waiting(load + math.sqrt(load), load / (load + 1000)) == pytest.approx(0.2234, abs=2e-4)


@given(st.integers(1, 2000), st.floats(0.01, 0.98), st.floats(1e-3, 0.01))
def test_waiting_is_monotone(servers: int, utilization: float, more: float) -> None:
    """More load waits more; more servers at the same load wait less."""
    here = waiting(servers, utilization)
    assert here <= waiting(servers, utilization + more) * (1 + 1e-11)
    fewer = waiting(servers + 1, utilization * servers / (servers + 1))
    assert fewer <= here * (1 + 1e-11)
    assert 0.0 <= here <= 1.0


def test_no_load_and_full_load() -> None:
    """Nobody waits at rate zero; all wait at full load, infinitely long."""
    idle = queue(rate=0.0)
    assert idle.waiting_probability == pytest.approx(0.0)
    assert idle.wait(0.99) == 0.0
    full = queue(rate=[30.0, 32.0, 40.0], on_overload="infinite")
    assert full.waiting_probability[1:] == pytest.approx([1.0, 1.0])
    assert full.wait(0.5)[1:].tolist() == full.mean_wait()[1:].tolist() == [np.inf, np.inf]
    assert full.mean_wait()[0] == queue().mean_wait()


def test_overload_says_what_is_missing() -> None:
    """The error names servers, rate and service time that would do; for arrays the worst."""
    with pytest.raises(
        RangeError, match=r"keep 132 servers.*there are 128.*least 133 servers.*32 "
    ):
        queue(rate=33.0)
    with pytest.raises(RangeError, match=r"keep 160 servers.*worst of 2 cells"):
        queue(rate=[30.0, 33.0, 40.0])


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"rate": -1.0}, RangeError, r"Queue\(rate\) needs finite numbers"),
        ({"service_time": math.nan}, RangeError, r"Queue\(service_time\) needs finite"),
        ({"servers": 0}, RangeError, r"Queue\(servers\) needs at least 1; got 0"),
        ({"rate": le.quantity("30 s")}, DimensionError, r"Queue\(rate\) needs .*got 30 s"),
        ({"rate": le.between(1, 2, "request/s")}, RangeError, r"the range .*samples\(4096"),
        ({"variability": 1.0}, RangeError, r"variability needs a pair .*got 1\.0"),
        ({"variability": (1.0, -1.0)}, RangeError, "variability needs finite"),
        ({"on_overload": "ignore"}, RangeError, "'refuse' or 'infinite'; got 'ignore'"),
    ],
)
def test_bad_input(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """Each field refuses what it cannot take, by its name."""
    with pytest.raises(error, match=match):
        queue(**changes)


def test_exact_quantities_and_samples() -> None:
    """Quantities are converted; a range is drawn by the caller, row by row."""
    same = queue(
        rate=le.quantity("1800 request/min"),
        service_time=le.quantity("4000 ms"),
        servers=le.quantity("128 request"),
    )
    assert same.mean_wait() == pytest.approx(queue().mean_wait(), rel=1e-12)
    assert queue(servers=le.quantity(128)).wait(0.9) == queue().wait(0.9)
    rate = le.between(20, 31, "request/s")
    drawn = rate.samples(128, method="lattice").to("request/s").magnitude
    waits = queue(rate=drawn, on_overload="infinite").wait(0.95)
    assert waits.shape == (128,)
    ordered = waits[np.argsort(drawn)]
    assert np.all(ordered[1:] >= ordered[:-1])
    law = requests_in_flight(rate=rate, time=le.quantity("4 s"))
    assert law.bounds().high.number("request") == pytest.approx(124)


@given(
    st.floats(0.0, 500.0), st.floats(0.1, 20.0), st.floats(0.0, 5.0), st.sampled_from([0.5, 0.99])
)
def test_servers_for_is_the_smallest(rate: float, time: float, target: float, p: float) -> None:
    """The number reaches the target, one less does not."""
    needed = servers_for(rate, time, target, p, variability=POISSON)
    assert needed == int(needed) >= 1
    assert queue(rate=rate, service_time=time, servers=needed).wait(p) <= target
    if needed > 1:
        fewer = queue(rate=rate, service_time=time, servers=needed - 1, on_overload="infinite")
        assert fewer.wait(p) > target


def test_servers_for_arrays() -> None:
    """Cells do not see each other; larger loads and tighter targets take more."""
    rates, targets = np.array([1.0, 30.0, 2500.0])[:, None], np.array([0.0, 0.1, 10.0])
    grid = servers_for(rates, 4.0, targets, 0.95, variability=(1.5, 0.8))
    alone = [
        [servers_for(float(r), 4.0, float(t), 0.95, variability=(1.5, 0.8)) for t in targets]
        for r in rates[:, 0]
    ]
    assert grid.tolist() == alone
    assert np.all(np.diff(grid, axis=0) > 0)
    assert np.all(np.diff(grid, axis=1) <= 0)
    by_mean = servers_for(30.0, 4.0, le.quantity("100 ms"), None, variability=POISSON)
    assert queue(servers=by_mean).mean_wait() <= 0.1 < queue(servers=by_mean - 1).mean_wait()


def test_targets_out_of_reach() -> None:
    """A mean wait of zero and a wait that all requests keep are refused."""
    with pytest.raises(RangeError, match=r"servers_for\(target_wait\) needs a mean wait above"):
        servers_for(30.0, 4.0, 0.0, None, variability=POISSON)
    farm = SlotFarm(end_to_end=affine, slots=64, variability=POISSON)
    with pytest.raises(RangeError, match=r"replicas_for\(target_wait\) needs a mean wait above"):
        farm.replicas_for(30.0, 0.0, None)
    with pytest.raises(RangeError, match="needs one percentile between 0 and 1"):
        farm.replicas_for(30.0, 0.1, 1.0)


@given(st.floats(0.01, 19.0))
def test_steady_concurrency_is_littles_law(rate: float) -> None:
    """For a + b n it is rate a / (1 - rate b), down to one request at a time."""
    found = steady_concurrency(rate, affine, 1e4)
    expected = rate * 2.0 / (1.0 - rate * 0.05)
    expected = expected if expected >= 1 else rate * 2.05
    assert found == pytest.approx(expected, rel=1e-9)


def test_steady_concurrency_in_overload() -> None:
    """More than the largest batch carries is refused with the rate it carries, or infinite."""
    with pytest.raises(RangeError, match=r"13 request/s keeps more than 64.*carries 12\.3"):
        steady_concurrency([1.0, 13.0], affine, 64)
    found = steady_concurrency([1.0, 13.0], affine, 64, on_overload="infinite")
    assert found == pytest.approx([2 / 0.95, np.inf])


@pytest.mark.parametrize(("slots", "tolerance"), [(16, 0.06), (64, 0.06), (256, 0.06)])
@pytest.mark.parametrize("share", [0.9, 0.97])
def test_farm_waits_like_the_exact_process(slots: int, tolerance: float, share: float) -> None:
    """Where half of the time at a full batch is sharing, waits are right to a few percent."""

    def time(batch: Any) -> Any:
        return 2.0 + 2.0 * batch / slots

    farm = SlotFarm(end_to_end=time, slots=slots, variability=POISSON)
    rate = share * farm.capacity
    found = farm.queue(rate)
    expected = exact(slots, lambda k: k / time(k), rate)
    assert found.utilization == pytest.approx(share)
    assert found.delayed_wait == pytest.approx(1 / (farm.capacity - rate))
    assert found.waiting_probability == pytest.approx(expected, rel=tolerance, abs=2e-3)


def test_farm_with_a_constant_time_is_a_queue() -> None:
    """Without slowing each other down, slots are plain servers."""
    farm = SlotFarm(
        end_to_end=lambda batch: 4.0 + 0.0 * batch, slots=32, replicas=4, variability=POISSON
    )
    assert farm.concurrency(30.0) == pytest.approx(30.0)
    assert farm.queue(30.0).wait(0.95) == pytest.approx(queue().wait(0.95), rel=1e-6)
    assert farm.replicas_for(30.0, 1.0, 0.95) == 4


def test_replicas_for_is_the_smallest() -> None:
    """The replicas reach the target, one fewer does not; arrays give the same cell by cell."""
    farm = SlotFarm(end_to_end=affine, slots=64, variability=(1.0, 0.8), on_overload="infinite")
    rates = np.array([0.0, 3.0, 100.0, 1000.0])
    found = farm.replicas_for(rates, le.quantity("100 ms"), 0.95)
    assert found.tolist() == [farm.replicas_for(float(r), 0.1, 0.95) for r in rates]
    assert farm.replicas_for(rates, 0.1, None)[-1] <= found[-1]
    for rate, replicas in zip(rates, found, strict=True):
        waits = [
            SlotFarm(
                end_to_end=affine,
                slots=64,
                replicas=n,
                variability=(1.0, 0.8),
                on_overload="infinite",
            )
            .queue(rate)
            .wait(0.95)
            for n in (replicas, max(replicas - 1, 1))
        ]
        assert waits[0] <= 0.1
        assert replicas == 1 or waits[1] > 0.1


def test_farm_in_overload() -> None:
    """A farm refuses what its slots cannot carry; its fields are checked."""
    with pytest.raises(RangeError, match="13 request/s keeps more than 64"):
        SlotFarm(end_to_end=affine, slots=64, variability=POISSON).queue(13.0)
    open_end = SlotFarm(end_to_end=affine, slots=64, variability=POISSON, on_overload="infinite")
    assert open_end.queue([13.0, 100.0]).wait(0.95).tolist() == [np.inf, np.inf]
    with pytest.raises(RangeError, match=r"SlotFarm\(replicas\) needs at least 1; got 0\.5"):
        SlotFarm(end_to_end=affine, slots=64, replicas=0.5, variability=POISSON)


@pytest.mark.parametrize("time", [np.nan, np.inf, -1.0])
def test_times_must_be_times(time: float) -> None:
    """A time that is not finite or negative ends in an error, not in an endless search."""
    farm = SlotFarm(end_to_end=lambda batch: time + 0 * batch, slots=64, variability=POISSON)
    with pytest.raises(RangeError, match=r"end_to_end\(batch\) needs finite numbers"):
        farm.replicas_for(1.0, 0.1, 0.95)
