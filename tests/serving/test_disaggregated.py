"""Two pools: rates balance, nothing interferes, and the comparison is of like with like."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, NotationError, RangeError
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.disaggregated import DisaggregatedDeployment
from llm_economics.serving.load import Load
from llm_economics.serving.pools import deratings, sweep_pools

LENGTHS: dict[str, Any] = {"input_tokens": "4096 token", "output_tokens": "512 token"}


@cache
def pool() -> Deployment:
    return Deployment(
        model=le.models["Llama 3.1 70B"],
        accelerator=le.accelerators["H100 SXM"],
        tensor_parallel=4,
        weights="fp8",
        engine="vLLM",
        software_date="2026-01",
    )


def pools(prefill: int = 1, decode: int = 2, **changes: Any) -> DisaggregatedDeployment:
    changed = pool().evolve(**changes) if changes else pool()
    return DisaggregatedDeployment(
        prefill=changed.evolve(replicas=prefill), decode=changed.evolve(replicas=decode)
    )


def closed(concurrency: float, **changes: Any) -> Load:
    return Load.closed(**{"concurrency": concurrency, **LENGTHS, **changes})


def opened(rate: str, **changes: Any) -> Load:
    return Load.open(**{"rate": rate, "variability": 1.0, **LENGTHS, **changes})


def central(value: Any, unit: str) -> float:
    found: float = value.central().number(unit)
    return found


@pytest.mark.parametrize("concurrency", [1, 8, 24, 200])
def test_closed(concurrency: int) -> None:
    """All requests are somewhere: rate x time is the concurrency (Little's law)."""
    point = pools().at(closed(concurrency))
    rate = central(point.request_rate, "request/s")
    first = central(point.time_to_first_token.value, "s")
    step = central(point.time_per_output_token, "s/token")
    matching = central(deratings()["decode rate matching"].value, "")  # type: ignore[union-attr]
    inside = first - step + 512 * step / matching
    assert rate * inside == pytest.approx(concurrency, rel=1e-6)
    assert central(point.decode_capacity, "request/s") == pytest.approx(rate, rel=1e-6)


def test_parts() -> None:
    """Parts of a step sum to it; no prefill interferes; the cache that is moved is the input's."""
    point = pools().at(closed(16))
    total = sum(central(v, "s") for v in point.parts.values())
    assert total == pytest.approx(central(point.time_per_output_token, "s/token"))
    assert not {"interference", "drafting"} & set(point.parts)
    # 80 layers x 8 heads of keys and of values x 128 x 2 bytes x 4096 tokens.
    assert central(point.transfer_size, "GB") == pytest.approx(80 * 2 * 8 * 128 * 2 * 4096 / 1e9)
    aggregated = pool().evolve(replicas=2).at(closed(2 * point.batch))
    assert point.interactivity.median() > aggregated.interactivity.median()  # type: ignore[truthy-bool]


def test_transfer() -> None:
    """Half the bandwidth doubles the time; a pool that divides the cache less sets it."""
    load = closed(8)
    times = []
    for bandwidth in ("10 GB/s", "20 GB/s"):
        made = DisaggregatedDeployment(prefill=pool(), decode=pool(), transfer_bandwidth=bandwidth)
        times.append(central(made.at(load).transfer_time, "s"))
    assert times[0] == pytest.approx(2 * times[1])
    narrow = DisaggregatedDeployment(
        prefill=pool().evolve(tensor_parallel=2), decode=pool(), transfer_bandwidth="10 GB/s"
    )
    assert central(narrow.at(load).transfer_time, "s") == pytest.approx(2 * times[0])


def test_balance() -> None:
    """With as many decode replicas as the balance says, both pools are as fast."""
    point = pools(2, 4).at(closed(64))
    ratio = central(point.balance, "") / 2
    rates = central(point.prefill_capacity / point.decode_capacity, "")
    assert ratio == pytest.approx(rates)
    assert pools(1, 8).at(closed(400)).bottleneck == "prefill"
    assert pools(4, 1).at(closed(400)).bottleneck == "decode"


def test_deratings() -> None:
    """The factors are named inputs of the result, and stand among what was assumed."""
    point = pools().at(closed(400))
    names = {item.name for item in point.assumptions}
    assert set(deratings()) <= names
    assert {"prefill rate matching", "decode rate matching"} <= set(point.request_rate.inputs)
    assert "disaggregated first token" in point.time_to_first_token.value.inputs
    assert "transfer bandwidth" in names


def test_waiting() -> None:
    """Requests that neither pool can hold wait: of twice as many, more wait."""
    few, many = (pools().at(closed(n)) for n in (200, 400))
    assert central(few.request_rate, "request/s") == pytest.approx(
        central(many.request_rate, "request/s")
    )
    grown = many.time_to_first_token.value - few.time_to_first_token.value
    assert central(grown, "s") == pytest.approx(200 / central(few.request_rate, "request/s"))


def test_open() -> None:
    """Arrivals set the rate; the wait grows with them; too many are refused."""
    slow, fast = (pools().at(opened(f"{rate} request/s")) for rate in (2, 4))
    assert slow.request_rate.number("request/s") == 2
    assert "95th percentile" in slow.time_to_first_token.kind
    assert slow.time_to_first_token.value.median() < fast.time_to_first_token.value.median()  # type: ignore[truthy-bool]
    assert central(fast.decode_capacity, "request/s") == pytest.approx(4, rel=1e-6)
    alike = pools().at(opened("4 request/s", input_variation=0.1, output_variation=0.1))
    assert alike.time_to_first_token.value.median() < fast.time_to_first_token.value.median()  # type: ignore[truthy-bool]
    with pytest.raises(RangeError, match="utilization below 1"):
        pools().at(opened("50 request/s"))
    with pytest.raises(RangeError, match="capacity"):
        pools(40, 1).at(opened("50 request/s"))


def test_energy_and_money() -> None:
    """Of both pools; idle prefill accelerators draw less; price doubles, cost doubles."""
    point = pools().at(closed(24))
    drawn = 4 * central(point.prefill_power, "W") + 8 * central(point.decode_power, "W")
    joules = drawn / central(point.output_throughput, "token/s")
    assert central(point.energy_per_output_token.accelerator, "J/token") == pytest.approx(joules)
    idle = pools(8, 1).at(closed(4))
    assert idle.prefill_power.median() < 0.5 * point.prefill_power.median()  # type: ignore[truthy-bool]
    costs = [
        pools(rental_price=f"{price} USD/accelerator/hour").at(closed(24)).cost_per_output_token
        for price in (2, 4)
    ]
    assert central(costs[1] / costs[0], "") == pytest.approx(2)
    half = pools(paid_utilization=0.5, rental_price="2 USD/accelerator/hour").at(closed(24))
    assert central(half.cost_per_output_token / costs[0], "") == pytest.approx(2)
    site = le.Facility(name="mine", power_usage_effectiveness=1.5)
    housed = pools(facility=site).at(closed(24)).energy_per_output_token
    assert central(housed.facility / housed.it, "") == pytest.approx(1.5)


def test_not_known() -> None:
    """Without price and power the times stand, and the lines say what is missing."""
    chip = le.accelerators["H100 SXM"].evolve(rental_price=None, power=None)
    point = pools(accelerator=chip).at(closed(8))
    for name in ("prefill_power", "decode_power", "energy_per_output_token"):
        with pytest.raises(MissingInputError, match="power of H100 SXM is not known"):
            getattr(point, name)
    with pytest.raises(MissingInputError, match="rental price"):
        _ = point.cost_per_output_token
    text = point.explain()
    assert "unknown: the power of H100 SXM" in text
    compared = pools(accelerator=chip).beside_aggregated(closed(8))
    assert "unknown" in str(compared)


def test_comparison() -> None:
    """As many accelerators on both sides; ratios know that inputs are shared."""
    compared = pools().beside_aggregated(closed(48))
    assert compared.aggregated.accelerators == compared.disaggregated.accelerators == 12
    lines = {step.name: step.value for step in compared.steps()}
    ratio = lines["interactivity"]
    assert not isinstance(ratio, MissingInputError)
    low, high = ratio.interval()
    alone = compared.disaggregated.interactivity.interval()
    assert (high / low).number("") < (alone[1] / alone[0]).number("")
    mine = pools().beside_aggregated(closed(48), pool().evolve(replicas=1))
    assert mine.aggregated.accelerators == 4
    assert "energy, server" in compared.explain()


def test_speculation() -> None:
    """Drafting is a part of its own, and the parts still sum."""
    point = pools(accepted_tokens=2.0, draft_share=0.1).at(closed(8))
    total = sum(central(v, "s") for v in point.parts.values())
    assert total == pytest.approx(central(point.time_per_output_token, "s/token"))
    assert point.parts["drafting"].is_range
    assert "step, drafting" in str(point)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"model": "Llama 3.1 8B"}, "needs one model for both pools; got Llama 3.1 70B"),
        ({"cache": "fp8"}, "needs one cache for both pools; got None for prefill and fp8"),
        ({"facility": "mine"}, "needs one facility"),
    ],
)
def test_pools_that_do_not_fit(changes: dict[str, Any], match: str) -> None:
    """Pools hold one model and one cache, in one place."""
    made = dict(changes)
    if "model" in made:
        made["model"] = le.models[made["model"]]
    if "facility" in made:
        made["facility"] = le.Facility(name="mine", power_usage_effectiveness=1.2)
    with pytest.raises(RangeError, match=match):
        DisaggregatedDeployment(prefill=pool(), decode=pool().evolve(**made))


def test_refused() -> None:
    """What fits on no replica, and contexts that the model does not take."""
    with pytest.raises(NotationError, match="needs Deployment"):
        DisaggregatedDeployment(prefill="vLLM", decode=pool())  # type: ignore[arg-type]
    with pytest.raises(RangeError, match="does not fit on 1 x H100"):
        pools(tensor_parallel=1, weights="bf16").at(closed(8))
    with pytest.raises(RangeError, match="needs a context of"):
        pools().at(closed(8, input_tokens="1e6 token"))
    with pytest.raises(RangeError, match="fits on a prefill replica"):
        pools(tensor_parallel=1).at(closed(8, input_tokens="120000 token"))


def test_sweep() -> None:
    """Prefill keeps up in every point, no point has no replicas, and figures are finite."""
    found = sweep_pools(pool(), closed(1), [1, 2, 8], [1, 16, 256])
    assert {len(column) for column in found.values()} == {len(found["batch"])}
    assert np.all(found["prefill_replicas"] >= 1)
    for column in found.values():
        assert np.all(np.isfinite(column))
    rates = found["output_throughput"] * found["accelerators"]
    for place in range(0, len(rates), 3):
        made = DisaggregatedDeployment(
            prefill=pool().evolve(
                tensor_parallel=int(found["prefill_tensor_parallel"][place]),
                replicas=int(found["prefill_replicas"][place]),
            ),
            decode=pool().evolve(
                tensor_parallel=int(found["tensor_parallel"][place]),
                replicas=int(found["decode_replicas"][place]),
            ),
        )
        point = made.at(closed(float(found["concurrency"][place])))
        assert point.batch == pytest.approx(found["batch"][place])
        assert central(point.output_throughput, "token/s") == pytest.approx(rates[place])
