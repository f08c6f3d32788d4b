"""Fleets: the fewest replicas, checked by counting; whole numbers; refusals."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.fleet import Counts, Fleet, load_of_users, size_fleet
from llm_economics.serving.latency import LatencyTarget
from llm_economics.serving.load import Load

LENGTHS: dict[str, Any] = {"input_tokens": "1000 token", "output_tokens": "300 token"}
TARGET = LatencyTarget(ttft="2 s", tpot="40 ms/token", percentile=0.95)


def deployed(**changes: Any) -> Deployment:
    fields = {
        "model": le.models["Llama 3.1 70B"],
        "accelerator": le.accelerators["H100 SXM"],
        "tensor_parallel": 4,
        "weights": "fp8",
        "engine": "vLLM",
        "software_date": "2026-01",
    }
    return Deployment(**{**fields, **changes})


def arriving(rate: str = "40 request/s", **changes: Any) -> Load:
    return Load.open(**{"rate": rate, "variability": 1.0, **LENGTHS, **changes})


@cache
def usual() -> Fleet:
    return size_fleet(deployed(), arriving(), TARGET, server=le.servers["DGX H100"])


def met(replicas: int, **changes: Any) -> bool:
    """Whether the deployment itself says that the target is met; not if it cannot keep up."""
    try:
        point = deployed(replicas=replicas).at(arriving(**changes), 0.95)
    except RangeError:
        return False
    ttft = point.time_to_first_token.value.central().number("s")
    return ttft <= 2 and point.time_per_output_token.central().number("ms/token") <= 40


@pytest.mark.parametrize("rate", ["3 request/s", "40 request/s", "200 request/s"])
def test_fewest(rate: str) -> None:
    """With one replica fewer the target is missed, or more comes than can be served."""
    count = size_fleet(deployed(), arriving(rate), TARGET).replicas.central
    assert met(count, rate=rate)
    assert count == 1 or not met(count - 1, rate=rate)


def test_whole_numbers() -> None:
    """Replicas, accelerators and servers fit each other, in the middle and at the ends."""
    fleet = usual()
    assert fleet.servers is not None
    for name in ("central", "low", "median", "high"):
        replicas, accelerators, servers, paid = (
            getattr(counts, name)
            for counts in (
                fleet.replicas,
                fleet.accelerators,
                fleet.servers,
                fleet.paid_accelerators,
            )
        )
        assert accelerators == 4 * replicas
        assert servers == -(-replicas // 2)
        assert paid == 8 * servers
    low, median, high = fleet.replicas.low, fleet.replicas.median, fleet.replicas.high
    assert low is not None
    assert median is not None
    assert high is not None
    assert low <= median <= high
    assert fleet.met_share == 1.0


def test_reproducible() -> None:
    """The same digits each time."""
    again = size_fleet(deployed(), arriving(), TARGET, server=le.servers["DGX H100"])
    assert again.to_dict() == usual().to_dict()
    assert again.replicas == usual().replicas


def test_monotone() -> None:
    """More load takes no fewer replicas, in every draw's quantiles; a looser target no more."""
    sized = [
        size_fleet(deployed(), arriving(f"{rate} request/s"), TARGET).replicas
        for rate in (10, 40, 160)
    ]
    for fewer, more in pairwise(sized):
        assert fewer.central <= more.central
        assert (fewer.high or 0) <= (more.high or np.inf)
    loose = LatencyTarget(ttft="5 s", tpot="100 ms/token", percentile=0.95)
    assert size_fleet(deployed(), arriving(), loose).replicas.central <= usual().replicas.central


def test_money_and_power() -> None:
    """Money follows the price and what is paid; power the mean rate and the facility."""
    dear = size_fleet(
        deployed(rental_price="4 USD/accelerator/hour"), arriving(), TARGET
    ).money_per_month
    cheap = size_fleet(
        deployed(rental_price="2 USD/accelerator/hour"), arriving(), TARGET
    ).money_per_month
    assert dear.median().number("USD/month") == pytest.approx(
        2 * cheap.median().number("USD/month")
    )
    peaked = arriving(peak_to_mean=4.0)
    calm = size_fleet(deployed(), peaked, TARGET)
    assert calm.replicas == usual().replicas
    assert calm.power.median() < usual().power.median()  # type: ignore[truthy-bool]
    site = le.Facility(name="hot", power_usage_effectiveness=2.0)
    housed = size_fleet(deployed(facility=site), arriving(), TARGET)
    ratio = housed.facility_power.median() / usual().facility_power.median()
    assert ratio.number("") == pytest.approx(2.0, rel=0.02)


def test_unknown_price_and_power() -> None:
    """Without them the counts stand; they are missed when asked for, and told in the lines."""
    chip = le.accelerators["H100 SXM"].evolve(rental_price=None, power=None)
    fleet = size_fleet(deployed(accelerator=chip), arriving(), TARGET)
    assert fleet.replicas == usual().replicas
    assert fleet.servers is None
    for name in ("money_per_month", "power", "facility_power"):
        with pytest.raises(MissingInputError, match="of H100 SXM is not known"):
            getattr(fleet, name)
    assert "unknown" in str(fleet)


def test_ranges_of_the_load() -> None:
    """A range of the peak widens the counts; lengths and the target may be ranges too."""
    load = Load.open_from_demand(
        requests_per_day="1.7e6 request/day", peak_to_mean="1.2-3.5", variability=1.0, **LENGTHS
    )
    wide = size_fleet(deployed(), load, TARGET).replicas
    assert wide.low is not None
    assert wide.high is not None
    assert usual().replicas.high is not None
    assert usual().replicas.low is not None
    assert wide.high / wide.low > usual().replicas.high / usual().replicas.low
    target = LatencyTarget(ttft="1-3 s", tpot="30-50 ms/token", percentile=0.95)
    longer = arriving(output_tokens="200-450 token", output_variation=0.5)
    assert size_fleet(deployed(), longer, target).replicas.central >= 1


def test_tight_target() -> None:
    """Where no number suffices in some draws the share says so, and the quantile is none."""
    target = LatencyTarget(tpot="14 ms/token", percentile=0.95)
    fleet = size_fleet(deployed(), arriving(), target)
    assert 0.5 < fleet.met_share < 1.0
    assert fleet.replicas.high is None
    assert "none suffices" in str(fleet)
    assert fleet.money_per_month.is_range


def test_end_to_end_alone() -> None:
    """A target may be of the end-to-end time alone."""
    target = LatencyTarget(end_to_end="12 s", percentile=0.5)
    fleet = size_fleet(deployed(), arriving(), target)
    assert fleet.batch_limit >= fleet.batch
    assert fleet.replicas.central >= 1


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        (
            {"tpot": "5 ms/token"},
            r"no number of replicas .* time per output token 11.* 5 ms/token: 6",
        ),
        ({"ttft": "1 ms"}, r"one request alone on a replica has time to first token .* the target"),
        ({"end_to_end": "1 s"}, "has end-to-end time .* 1 s: 2"),
    ],
)
def test_impossible(changes: dict[str, Any], match: str) -> None:
    """What one request alone misses is refused, with the part and by how much."""
    with pytest.raises(RangeError, match=match):
        size_fleet(deployed(), arriving(), LatencyTarget(percentile=0.95, **changes))


def test_refused() -> None:
    """Closed loads, targets without a percentile, and what does not fit."""
    closed = Load.closed(concurrency=8, **LENGTHS)
    with pytest.raises(RangeError, match="needs an open load"):
        size_fleet(deployed(), closed, TARGET)
    with pytest.raises(RangeError, match=r"percentile=0\.95"):
        size_fleet(deployed(), arriving(), LatencyTarget(tpot="40 ms/token"))
    with pytest.raises(RangeError, match="does not fit on 1 x H100"):
        size_fleet(deployed(tensor_parallel=1, weights="bf16"), arriving(), TARGET)
    one, long = deployed(tensor_parallel=1), arriving(input_tokens="120000 token")
    with pytest.raises(RangeError, match=r"not one request of 120,?300 token fits"):
        size_fleet(one, long, TARGET)
    with pytest.raises(RangeError, match="needs a context of"):
        size_fleet(deployed(), arriving(input_tokens="1e6 token"), TARGET)
    server = le.servers["DGX H100"].evolve(accelerators=None)
    with pytest.raises(MissingInputError, match="accelerators of DGX H100 are not known"):
        size_fleet(deployed(), arriving(), TARGET, server=server)


def test_replica_over_servers() -> None:
    """A replica that is larger than a server takes whole servers of its own."""
    server = le.servers["DGX H100"].evolve(accelerators=3)
    fleet = size_fleet(deployed(server=server), arriving(), TARGET)
    assert fleet.servers is not None
    assert fleet.servers.central == 2 * fleet.replicas.central


def test_explained() -> None:
    """The lines say what is needed and over which draws."""
    text = usual().explain()
    assert "fewest that meet the target at the busiest time" in text
    assert "power_usage_effectiveness" in text
    assert str(usual().replicas) in text
    assert str(Counts(central=2, low=1, median=2, high=None)) == (
        "2 [1 – none suffices] (central, 90 %)"
    )


def test_users() -> None:
    """Users who are there times what each asks is the rate at the busiest time."""
    load = load_of_users(
        users="3600 user",
        requests_per_user="10 request/user/hour",
        variability=2.0,
        peak_to_mean=2,
        **LENGTHS,
    )
    assert load.request_rate is not None
    assert load.request_rate.number("request/s") == pytest.approx(10)
    assert load.mean_request_rate.number("request/s") == pytest.approx(5)
    with pytest.raises(DimensionError, match="requests of one user per time"):
        load_of_users(users=5, requests_per_user=12, variability=1.0, **LENGTHS)


def test_no_ranges_at_all() -> None:
    """Where a range has no width the money is exact."""
    tiny = size_fleet(
        deployed(rental_price="2 USD/accelerator/hour"), arriving("0.01 request/s"), TARGET
    )
    assert tiny.replicas == Counts(central=1, low=1, median=1, high=1)
    assert tiny.money_per_month.number("USD/month") == pytest.approx(4 * 2 * 8766 / 12)
