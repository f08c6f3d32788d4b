"""Points of operation: parts, energy and money add up in every draw; arrays agree with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError, UnknownNameError
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.grid import evaluate_grid
from llm_economics.serving.latency import ClosedLoopTimeToFirstToken, OpenLoopTimeToFirstToken
from llm_economics.serving.load import Load
from llm_economics.serving.point import ServingPoint, case_of, seconds_at
from llm_economics.serving.speculation import expected_tokens_per_pass, time_per_accepted_token

H100 = le.accelerators["H100 SXM"]
LENGTHS: dict[str, Any] = {"input_tokens": "2048 token", "output_tokens": "512 token"}
CLOSED = Load.closed(concurrency=32, **LENGTHS)
SITE = le.facilities["us-hyperscale"]


def deployment(**changes: Any) -> Deployment:
    given: dict[str, Any] = {
        "model": le.models["Llama 3.1 70B"],
        "accelerator": H100,
        "tensor_parallel": 4,
        "weights": "fp8",
        "engine": "vLLM",
        "software_date": "2026-01",
        "facility": SITE,
    }
    return Deployment(**given | changes)


def opened(rate: str = "2 request/s", **changes: Any) -> Load:
    return Load.open(rate=rate, variability=1.0, **LENGTHS | changes)


DEEPSEEK: dict[str, Any] = {
    "model": le.models["DeepSeek-V3"],
    "accelerator": le.accelerators["H200"],
    "tensor_parallel": 1,
    "attention_data_parallel": 8,
}
CASES = {
    "plain": (deployment(), CLOSED),
    "stages": (deployment(tensor_parallel=2, pipeline_parallel=2), CLOSED),
    "copies": (deployment(**DEEPSEEK), CLOSED),
    "accepted": (deployment(accepted_tokens="2-3", draft_share=0.1), CLOSED),
    "drafted": (deployment(acceptance_rate="0.6-0.8", draft_tokens=3), CLOSED),
    "cache": (deployment(cache="fp8"), CLOSED.evolve(prefix_cache_hit_share=0.5)),
    "lengths": (deployment(), CLOSED.evolve(input_tokens="1000-3000 token")),
    "replicas": (deployment(replicas=3), opened()),
    "idle": (deployment(replicas=2), opened("0.01 request/s", output_variation=0.5)),
}


def draws(value: le.Quantity, unit: str = "") -> Any:
    value = value.to(unit) if unit else value
    return value.samples(200, rng=7).magnitude if value.is_range else np.float64(value.magnitude)


def assert_same(first: le.Quantity, second: le.Quantity) -> None:
    """In every draw: their difference is nothing."""
    difference = draws((first - second.to(first.units)) / first.median())
    assert np.max(np.abs(difference)) < 1e-9


@pytest.mark.parametrize("name", CASES)
def test_everything_adds_up_in_every_draw(name: str) -> None:
    """Parts of a step; energy times rate; boundaries; money by kind."""
    served, load = CASES[name]
    point = served.at(load)
    first, *rest = point.parts.values()
    token = le.quantity("1 token")
    assert_same(point.time_per_output_token, sum(rest, first) / token)
    watts = point.energy_per_output_token.accelerator * point.output_throughput
    assert_same(watts.to("W"), point.accelerator_power * served.accelerators)
    energy = point.energy_per_output_token
    whole = energy.accelerator + energy.host + energy.network_and_idle + energy.overhead
    assert_same(whole, energy.facility)
    read_over_written = (load if load.prefix_cache_hit_share else load.evolve(
        prefix_cache_hit_share=0.0)).computed_input / load.written_tokens  # fmt: skip
    by_kind = point.input_price * read_over_written + point.output_price + point.waiting_cost
    assert_same(point.cost_per_output_token, by_kind)
    assert np.all(draws(point.waiting_cost) > 0.0)
    assert_same(point.energy_per_request.facility, energy.facility * load.written_tokens)


def test_what_a_point_says() -> None:
    """Its lines, its bottleneck, its kinds; assumptions name what was not given."""
    point = deployment(weights=None, cache=None, tensor_parallel=8).at(CLOSED)
    assert isinstance(point, ServingPoint)
    assert point.bottleneck == "weights"
    assert isinstance(point.time_to_first_token, ClosedLoopTimeToFirstToken)
    lines = str(point)
    for word in ("step, weights", "energy, facility", "cost, waiting", "carbon"):
        assert word in lines
    assert "drafting" not in lines
    named = {a.name for a in point.assumptions}
    assert {"format of weights", "format of cache", "arithmetic", "prefix_cache_hit_share"} <= named
    assert {"paid_utilization", "memory reserve"} <= named
    assert "serving stack" not in named
    assert point.interactivity.is_range
    assert point.output_throughput_per_accelerator.to("token/s/accelerator").is_range
    assert point.sources
    assert "drafting" in str(CASES["accepted"][0].at(CLOSED))


def test_little_in_a_closed_loop() -> None:
    """Requests in flight are rate times time, also with fewer than replicas."""
    for concurrency, replicas in ((32, 1), (2, 4)):
        load = Load.closed(concurrency=concurrency, **LENGTHS)
        point = deployment(replicas=replicas).at(load)
        flight = point.request_rate * point.end_to_end
        assert_same(flight, le.quantity(f"{concurrency} request"))
        assert point.batch == max(concurrency / replicas, 1.0)


def test_idle_accelerators_draw_less() -> None:
    """Few requests over many replicas leave them at rest at times."""
    busy = deployment().at(CLOSED).accelerator_power.median()
    idle = CASES["idle"][0].at(CASES["idle"][1]).accelerator_power.median()
    assert idle < 0.5 * busy


def test_open_loads() -> None:
    """The rate is what arrives; batches and waits come from it, at any percentile."""
    point = deployment(replicas=2).at(opened("4 request/s"), percentile="99 %")
    assert point.request_rate.number("request/s") == pytest.approx(4.0)
    assert isinstance(point.time_to_first_token, OpenLoopTimeToFirstToken)
    assert point.time_to_first_token.percentile == 0.99
    alone = deployment().at(opened("2 request/s"))
    assert point.batch == pytest.approx(alone.batch)
    flight = float(alone.end_to_end.central().number("s")) * 2.0
    assert flight == pytest.approx(alone.batch, rel=0.02)
    assert "output_variation" in {a.name for a in alone.assumptions}
    known = deployment().at(opened(output_variation=0.5))
    assert "output_variation" not in {a.name for a in known.assumptions}


def test_open_loads_with_ranges() -> None:
    """Of model, load and speculation: the batch is that of their middle."""
    model = le.Model(name="closed", parameters="50-90 Gparameter")
    ranged = deployment(model=model, accepted_tokens="1.5-3")
    load = opened(input_tokens="500-2000 token", reasoning_tokens="100-200 token")
    point = ranged.at(load)
    assert point.output_throughput.is_range
    grid = evaluate_grid(ranged, load, batch=[1, point.batch])
    whole = float(point.end_to_end.central().number("s"))
    assert grid.end_to_end[1] == pytest.approx(whole)


def test_longer_waits_at_higher_percentiles() -> None:
    """Near the capacity."""
    served = deployment(tensor_parallel=2)
    waits = [served.at(opened("0.9 request/s"), percentile=p).time_to_first_token.value.median()
             for p in (0.5, 0.99)]  # fmt: skip
    assert waits[0] <= waits[1]


def test_what_is_refused() -> None:
    """Contexts, batches and rates that are too large, each with what would do."""
    with pytest.raises(RangeError, match=r"context of .* takes 131072 token|context of 200"):
        deployment().at(
            Load.closed(concurrency=1, input_tokens="200000 token", output_tokens="1 token")
        )
    with pytest.raises(RangeError, match="takes"):
        deployment().unloaded_time_to_first_token("200000 token")
    with pytest.raises(RangeError, match=r"a batch of 5000 requests does not fit: \d+ requests of"):
        deployment().at(Load.closed(concurrency=5000, **LENGTHS))
    with pytest.raises(RangeError, match="capacity"):
        deployment().at(opened("500 request/s"))
    long = {"input_tokens": "120000 token", "output_tokens": "100 token"}
    tight = deployment(tensor_parallel=1, accelerator=H100.evolve(memory="90 GB"), cache="fp8")
    with pytest.raises(RangeError, match="a batch of 1 requests does not fit: 0 requests"):
        tight.at(Load.open(rate="0.01 request/s", variability=1.0, **long))
    with pytest.raises(RangeError, match="more than zero"):
        Load.closed(concurrency=0, **LENGTHS)


def test_what_is_missing_spoils_nothing_else() -> None:
    """Without power there is no energy, without a facility no carbon, without prices no money."""
    bare = deployment(accelerator=H100.evolve(power=None, rental_price=None), facility=None)
    point = bare.at(CLOSED)
    assert point.time_per_output_token.is_range
    assert "energy: unknown" in str(point)
    for name in ("accelerator_power", "energy_per_output_token", "energy_per_request"):
        with pytest.raises(MissingInputError, match="power of H100"):
            getattr(point, name)
    for name in ("cost_per_output_token", "input_price", "output_price", "waiting_cost"):
        with pytest.raises(MissingInputError, match="rental price of H100"):
            getattr(point, name)
    with pytest.raises(MissingInputError, match="no facility"):
        _ = point.carbon_per_output_token
    placed = bare.evolve(facility=SITE).at(CLOSED)
    with pytest.raises(MissingInputError, match="power of H100"):
        _ = placed.carbon_per_output_token
    homeless = deployment(facility=None).at(CLOSED)
    assert_same(homeless.energy_per_output_token.it, homeless.energy_per_output_token.facility)
    assert deployment().at(CLOSED).carbon_per_output_token.is_range


def test_money() -> None:
    """One's own price; idle hours are paid too; an input that is all cached has no price."""
    priced = deployment(rental_price="2 USD/accelerator/hour", paid_utilization=0.5)
    point = priced.at(CLOSED)
    expected = 2 * 4 / 3600 / 0.5 / point.output_throughput.median().number("token/s") * 1e6
    assert point.cost_per_output_token.median().number("USD/Mtoken") == pytest.approx(
        expected, rel=0.01
    )
    cached = priced.at(CLOSED.evolve(prefix_cache_hit_share=1.0))
    with pytest.raises(MissingInputError, match="all of the input is in the prefix cache"):
        _ = cached.input_price
    assert cached.output_price.is_range


def test_a_prefix_cache_saves_time_and_money() -> None:
    """First token, energy, cost."""
    fresh = deployment().at(CLOSED.evolve(prefix_cache_hit_share=0.0))
    cached = deployment().at(CLOSED.evolve(prefix_cache_hit_share=0.9))
    assert cached.prefill_time.median() < fresh.prefill_time.median()
    assert cached.cost_per_output_token.median() < fresh.cost_per_output_token.median()
    assert cached.time_to_first_token.value.median() < fresh.time_to_first_token.value.median()


def test_ranges_of_the_load_count() -> None:
    """Lengths vary the result; a range of the concurrency is taken at its middle, which is said."""
    wide = deployment().at(CLOSED.evolve(input_tokens="500-8000 token"))
    assert wide.prefill_time.interval()[1] > 3.0 * wide.prefill_time.interval()[0]
    ranged = deployment().at(Load.closed(concurrency="16-64 request", **LENGTHS))
    assert "concurrency" in {a.name for a in ranged.assumptions}


def test_speculation() -> None:
    """As the law says, less what checking costs."""
    plain = deployment().at(Load.closed(concurrency=1, **LENGTHS))
    fast = deployment(acceptance_rate=0.8, draft_tokens=3).at(Load.closed(concurrency=1, **LENGTHS))
    ratio = (plain.time_per_output_token.median() / fast.time_per_output_token.median()).magnitude
    law = (1 - 0.8**4) / 0.2
    assert 0.8 * law < ratio < law * 1.001
    slower = deployment(acceptance_rate=0.8, draft_tokens=3, draft_share=0.5)
    drafted = slower.at(Load.closed(concurrency=1, **LENGTHS))
    assert drafted.parts["drafting"].median().number("ms") > 0.0
    assert drafted.time_per_output_token.median() > fast.time_per_output_token.median()
    assert drafted.output_throughput.median() < fast.output_throughput.median()


def test_laws_of_speculation() -> None:
    """Their values; a step that yields one token for nothing is itself."""
    tokens = expected_tokens_per_pass(acceptance_rate=le.quantity(0.8), draft_tokens=le.quantity(4))
    assert tokens.magnitude == pytest.approx(sum(0.8**i for i in range(5)))
    time = time_per_accepted_token(
        pass_time=le.quantity("10 ms"), draft_share=le.quantity(0), tokens_per_pass=le.quantity(1)
    )
    assert time.number("ms") == pytest.approx(10.0)


def test_a_stand_in_says_so() -> None:
    """A model of which only the parameters are known."""
    closed = le.Model(name="closed", parameters="70 Gparameter")
    point = deployment(model=closed).at(CLOSED)
    assert "shape of the model" in {a.name for a in point.assumptions}


def test_unloaded_is_below_loaded() -> None:
    """A kind of its own, without waiting."""
    alone = deployment().unloaded_time_to_first_token("2048 token").value.median()
    assert alone < deployment().at(CLOSED).time_to_first_token.value.median()


def test_an_unknown_stack_is_wide() -> None:
    """And says so; stacks of 2024 are slower."""
    known, unknown = deployment(), deployment(engine="")
    widths = []
    for served in (known, unknown):
        low, high = served.at(CLOSED).time_per_output_token.interval()
        widths.append((high / low).magnitude)
    assert widths[1] > 1.2 * widths[0]
    assert "serving stack" in {a.name for a in unknown.at(CLOSED).assumptions}
    early = deployment(software_date="2024-06").at(CLOSED).time_per_output_token.median()
    assert early > 1.5 * known.at(CLOSED).time_per_output_token.median()


@pytest.mark.parametrize("name", ["plain", "stages", "copies", "accepted", "drafted", "cache"])
def test_a_grid_agrees_with_the_point(name: str) -> None:
    """To 1e-9, at central values, in every figure."""
    served, load = CASES[name]
    point, grid = served.at(load), evaluate_grid(served, load)
    pairs = {
        "time_per_output_token": point.time_per_output_token.to("s/token"),
        "time_to_first_token": point.time_to_first_token.value.to("s"),
        "end_to_end": point.end_to_end.to("s"),
        "output_throughput": point.output_throughput_per_accelerator.to("token/s/accelerator"),
        "accelerator_power": point.accelerator_power.to("W"),
        "energy_per_output_token": point.energy_per_output_token.accelerator.to("J/token"),
        "interactivity": point.interactivity.to("token/s"),
    }
    for field, value in pairs.items():
        expected = pytest.approx(float(value.central().magnitude), rel=1e-9)
        assert float(getattr(grid, field)) == expected, field
    longest = (load.input_tokens + load.written_tokens).central().number("token/request")
    memory = served.memory(le.quantity(f"{longest} token"), point.batch)
    assert float(grid.memory) / 1e9 == pytest.approx(memory.total.number("GB"))
    assert float(grid.memory_available) / 1e9 == pytest.approx(memory.available.number("GB"))
    assert bool(grid.fits) is memory.fits
    assert bool(grid.allowed)


def test_cells_of_a_grid_do_not_depend_on_each_other() -> None:
    """Each is what it is alone; formats choose their own peak."""
    axes: dict[str, Any] = {
        "tensor_parallel": [[[1]], [[8]]],
        "batch": [[1], [64]],
        "weights": ["int4", "fp8", "bf16"],
    }
    grid = evaluate_grid(deployment(), CLOSED, **axes)
    assert len(grid) == 12
    assert repr(grid).startswith("ServingGrid(12 points, ")
    alone = evaluate_grid(deployment(), CLOSED, tensor_parallel=8, batch=64, weights="int4")
    for field in ("time_per_output_token", "accelerator_power", "memory", "fits"):
        assert getattr(grid, field)[1, 1, 0] == pytest.approx(getattr(alone, field)[()], rel=1e-12)
    fixed = evaluate_grid(deployment(arithmetic="bf16"), CLOSED, weights=["fp8", "int4"])
    assert fixed.time_to_first_token[0] >= evaluate_grid(deployment(), CLOSED).time_to_first_token


def test_a_grid_masks_what_a_deployment_refuses() -> None:
    """Heads, layers, experts, context; closed models have no shape to divide."""

    def allowed(served: Deployment, **axes: Any) -> list[bool]:
        return np.ravel(evaluate_grid(served, CLOSED, **axes).allowed).tolist()

    assert allowed(deployment(), tensor_parallel=[3, 8]) == [False, True]
    assert allowed(deployment(), pipeline_parallel=[80, 81]) == [True, False]
    assert allowed(deployment(), expert_parallel=[1, 2]) == [True, False]
    assert allowed(deployment(**DEEPSEEK), expert_parallel=[3, 4, 8]) == [False, True, True]
    assert allowed(deployment(), input_tokens=[100000, 140000]) == [True, False]
    closed = deployment(model=le.Model(name="closed", parameters="70 Gparameter"))
    assert allowed(closed, tensor_parallel=[3], expert_parallel=[2, 3]) == [False, True]


def test_a_grid_without_a_rated_power() -> None:
    """Keeps times; power is not a number."""
    grid = evaluate_grid(deployment(accelerator=H100.evolve(power=None)), CLOSED)
    assert np.isnan(grid.accelerator_power)
    assert np.isfinite(grid.time_per_output_token)


def test_what_a_grid_refuses() -> None:
    """Unknown axes, no batch, no numbers."""
    with pytest.raises(UnknownNameError, match="axis of evaluate_grid"):
        evaluate_grid(deployment(), CLOSED, tensor_paralel=2)
    with pytest.raises(RangeError, match="needs batch="):
        evaluate_grid(deployment(), opened())
    with pytest.raises(RangeError, match=r"evaluate_grid\(batch\) needs numbers above zero"):
        evaluate_grid(deployment(), CLOSED, batch=[0, 1])
    assert len(evaluate_grid(deployment(), opened(), batch=[1, 2])) == 2


def test_entry_points_of_fitting() -> None:
    """A case evaluates at floats."""
    case = case_of(deployment(), CLOSED, [])
    found = seconds_at(case, case.machine.central(), case.constants.central(), 32.0)
    assert isinstance(float(found.per_token), float)
    assert case.lengths is case.lengths


KINDS = CLOSED.evolve(reasoning_tokens="1024 token", prefix_cache_hit_share=0.5)


def test_kinds_of_tokens_add_up() -> None:
    """Tokens times energy and money of each kind give those of the request, in every draw."""
    point = deployment().at(KINDS)
    kinds = point.by_token_kind("facility")
    assert list(kinds) == ["input", "cached input", "reasoning", "output"]
    energy = sum(kind.tokens * kind.energy for kind in kinds.values())
    whole = energy / point.energy_per_request.facility
    cost = sum(kind.tokens * kind.cost for kind in kinds.values())
    paid = cost / (point.cost_per_output_token * KINDS.written_tokens)
    for ratio in (whole, paid, sum(kind.time_share for kind in kinds.values())):
        assert np.allclose(ratio.to("").samples(64).magnitude, 1.0)


def test_kinds_of_tokens_differ() -> None:
    """Written tokens cost most, cached ones least; reasoning as much as what is shown."""
    kinds = deployment().at(KINDS).by_token_kind()
    each = {name: kind.energy.central().number("J/token") for name, kind in kinds.items()}
    assert each["cached input"] < each["input"] < each["output"]
    assert each["reasoning"] == pytest.approx(each["output"], rel=1e-12)
    assert set(deployment().at(CLOSED).by_token_kind()) == {"input", "output"}
    with pytest.raises(UnknownNameError, match="'rack'"):
        deployment().at(CLOSED).by_token_kind("rack")


def test_typical_request_takes_less_than_the_mean() -> None:
    """Of log-normal lengths the median is below the mean; lengths that do not vary agree."""
    spread = CLOSED.evolve(input_variation=1.0, output_variation=1.0)
    point = deployment().at(spread)
    typical, mean = point.energy_per_typical_request.server, point.energy_per_request.server
    assert 0.65 < (typical / mean).central().number("") < 0.85
    same = deployment().at(CLOSED.evolve(input_variation=0.0, output_variation=0.0))
    ratio = same.energy_per_typical_request.server / same.energy_per_request.server
    assert ratio.central().number("") == pytest.approx(1.0)
    with pytest.raises(MissingInputError, match=r"Load.input_variation"):
        _ = deployment().at(CLOSED).energy_per_typical_request
