"""Frontiers: nothing on them is beaten, nothing off them is not, and what they say of ranges."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.serving.frontier import Frontier
from llm_economics.serving.frontier_axes import (
    AXES,
    axis_named,
    boundary_in,
    gap_below,
    undominated,
)
from llm_economics.serving.latency import LatencyTarget
from llm_economics.serving.load import Load
from llm_economics.serving.measured import MeasuredPoint, Measurements
from llm_economics.serving.pareto import pareto

LOAD = Load.closed(concurrency=1, input_tokens="1024 token", output_tokens="512 token")
CHIPS = ("H100 SXM", "A100 SXM 80GB")
STACK: dict[str, Any] = {"engine": "vLLM", "software_date": "2026-01"}


def swept(**changes: Any) -> Frontier:
    fields = {
        "accelerators": [le.accelerators[name] for name in CHIPS],
        "load": LOAD,
        "batches": [1, 8, 64],
        **STACK,
    }
    return pareto(le.models["Llama 3.1 70B"], **{**fields, **changes})


@cache
def usual() -> Frontier:
    return swept()


@cache
def both() -> Frontier:
    chip, site = le.accelerators["H100 SXM"], le.facilities["us-hyperscale"]
    return swept(accelerators=chip, weights="fp8", facility=site, disaggregated=True)


def brute(x: list[float], y: list[float]) -> list[bool]:
    pairs = list(zip(x, y, strict=True))
    return [not any(c >= a and d >= b and (c, d) != (a, b) for c, d in pairs) for a, b in pairs]


NUMBERS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=30)


@given(NUMBERS)
def test_undominated_is_brute_force(pairs: list[tuple[int, int]]) -> None:
    """The quick way and the definition agree, ties included; the gap is 0 on the frontier."""
    x, y = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    found = undominated(x, y)
    assert found.tolist() == brute(x.tolist(), y.tolist())
    assert np.all(gap_below(x, y)[found] == 0)
    assert np.all(gap_below(x, y) >= 0)


def test_frontier_of_a_sweep() -> None:
    """What is on it is what brute force finds, by growing x; formats that a chip lacks are told."""
    frontier = usual()
    x, y = (frontier.figures[axis.name] for axis in (frontier.x, frontier.y))
    assert sorted(frontier.order) == np.flatnonzero(brute(x.tolist(), y.tolist())).tolist()
    assert np.all(np.diff(x[frontier.order]) > 0)
    assert np.all(np.diff(y[frontier.order]) < 0)
    assert len(frontier) == len(list(frontier)) < len(frontier.points)
    assert any("has no fp8; skipped" in note for note in frontier.notes)
    assert {point["weights"] for point in frontier.points} == {"bf16", "fp8"}
    assert len(frontier[:2]) == 2
    assert frontier[-1]["interactivity"].number("token/s") == max(x)


def test_a_point_is_its_estimate() -> None:
    """Figures of the sweep are those of the estimate at central values, of pools too."""
    for frontier in (usual(), both()):
        seen = set()
        for point in frontier.points:
            if (kind := (point["serving"], point["batch"])) in seen:
                continue
            seen.add(kind)
            made = frontier.estimate(point)
            for name, got in {
                "interactivity": made.interactivity,
                "output_throughput_per_accelerator": made.output_throughput_per_accelerator,
                "time_to_first_token": made.time_to_first_token.value,
                "cost_per_output_token": made.cost_per_output_token,
                "energy_per_output_token at it": made.energy_per_output_token.it,
            }.items():
                wanted = point[name].number(AXES[name].unit)
                assert got.central().number(AXES[name].unit) == pytest.approx(wanted, rel=1e-6)
    assert frontier.estimate(np.int64(0)).interactivity.is_range  # type: ignore[arg-type]


@pytest.mark.parametrize("factor", [0.5, 2.0, 10.0])
def test_price(factor: float) -> None:
    """A price that is twice as high doubles the cost and moves no point off the frontier."""
    one = swept(rental_price="2 USD/accelerator/hour", y="cost_per_output_token")
    more = swept(rental_price=f"{2 * factor} USD/accelerator/hour", y="cost_per_output_token")
    assert one.order.tolist() == more.order.tolist()
    name = "cost_per_output_token"
    assert more.figures[name] == pytest.approx(factor * one.figures[name])
    assert one.best().number == more.best().number


def test_prices_by_name() -> None:
    """A price may be given for one accelerator; the others keep theirs."""
    dear = swept(rental_price={"H100 SXM": "1000 USD/accelerator/hour"})
    assert dear.best()["accelerator"] == "A100 SXM 80 GB"
    assert usual().best()["accelerator"] == "H100 SXM"
    with pytest.raises(UnknownNameError, match="accelerator of this sweep named 'H200'"):
        swept(rental_price={"H200": "1 USD/accelerator/hour"})


def test_axes() -> None:
    """Energy says its boundary; the facility's needs a facility; per megawatt is its reciprocal."""
    assert axis_named("energy_per_output_token").label == (
        "energy over output tokens, server boundary (J/token)"
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'interactivity'"):
        swept(x="interactivty")
    with pytest.raises(MissingInputError, match="needs facility="):
        swept(y="energy_per_output_token at facility")
    frontier = swept(y="output_throughput_per_megawatt", facility=le.facilities["us-hyperscale"])
    assert frontier.y.name == "output_throughput_per_megawatt at facility"
    energy = frontier.figures["energy_per_output_token at facility"]
    assert frontier.figures[frontier.y.name] * energy == pytest.approx(1e6)
    assert boundary_in(frontier.x, frontier.y, known=()) == "facility"
    assert boundary_in(frontier.x, known=()) == "accelerator"


def test_best() -> None:
    """The cheapest that meets the target; by throughput if asked; a miss says by how much."""
    frontier = usual()
    target = LatencyTarget(tpot="25 ms/token", ttft="1 s", end_to_end="30 s")
    best = frontier.best(target)
    met = [p for p in frontier.points if p["time_per_output_token"].number("ms/token") <= 25]
    assert best["cost_per_output_token"].number("USD/Mtoken") == min(
        p["cost_per_output_token"].number("USD/Mtoken") for p in met
    )
    fastest = frontier.best(by="time_to_first_token")
    assert fastest["time_to_first_token"].number("ms") == min(
        frontier.figures["time_to_first_token"]
    )
    saving = frontier.best(by="energy_per_output_token")["energy_per_output_token at server"]
    assert saving.number("J/token") == min(frontier.figures["energy_per_output_token at server"])
    miss = r"none of \d+ points meets the target. Nearest is H100 SXM fp8, TP8, batch 1: time per"
    with pytest.raises(RangeError, match=miss):
        frontier.best(LatencyTarget(tpot="1 ms/token"))
    with pytest.raises(DimensionError, match="95th percentile"):
        frontier.best(LatencyTarget(ttft="1 s", percentile=0.95))


def test_target_of_a_sweep() -> None:
    """Points that miss a target are left out, and told; if all do, it says where it is nearest."""
    target = LatencyTarget(interactivity="40 token/s")
    frontier = swept(target=target)
    assert min(frontier.figures["interactivity"]) >= 40
    assert any("do not meet the target" in note for note in frontier.notes)
    assert frontier.best().number == frontier.best(target).number
    with pytest.raises(RangeError, match="Nearest is H100 SXM fp8, TP8, batch 1"):
        swept(target=LatencyTarget(ttft="1 ms"))


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"accelerators": []}, RangeError, r"pareto\(accelerators\) is empty"),
        ({"accelerators": "H100 SXM"}, NotationError, "needs Accelerator, not 'H'"),
        ({"weights": ()}, RangeError, r"pareto\(weights\) is empty"),
        ({"weights": "fp12"}, UnknownNameError, "fp12"),
        ({"weights": "nvfp4"}, RangeError, "no accelerator has these formats .* has no nvfp4"),
        ({"batches": [0]}, RangeError, r"pareto\(batches\) needs whole numbers from 1"),
        ({"batches": [1.5]}, RangeError, "got 1.5"),
        ({"batches": []}, RangeError, r"pareto\(batches\) is empty"),
        ({"tensor_parallel": [True]}, RangeError, r"pareto\(tensor_parallel\) needs whole"),
        ({"tensor_parallel": [1], "weights": "bf16"}, RangeError, "which needs 1.* times the mem"),
        ({"tensor_parallel": [3]}, RangeError, "none of 9 configurations .* divides its heads"),
    ],
)
def test_refused(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """Bad input says which argument, what came and what to write."""
    with pytest.raises(error, match=match):
        swept(**changes)


def test_what_is_not_known() -> None:
    """Without price or power there are no costs or energies; the rest stands, and it is told."""
    chip = le.accelerators["H100 SXM"].evolve(rental_price=None, power=None)
    frontier = swept(accelerators=chip, disaggregated=True, weights="fp8")
    assert "cost_per_output_token" not in frontier[0].figures
    assert any("price of H100 SXM is not known" in note for note in frontier.notes)
    assert any("power of H100 SXM is not known" in note for note in frontier.notes)
    assert frontier.best()["output_throughput_per_accelerator"].number(
        "token/s/accelerator"
    ) == max(frontier.figures["output_throughput_per_accelerator"])
    with pytest.raises(MissingInputError, match="no point has both interactivity and cost"):
        swept(accelerators=chip, y="cost_per_output_token")
    with pytest.raises(MissingInputError, match="cost_per_output_token is not known of any"):
        frontier.best(by="cost_per_output_token")
    with pytest.raises(UnknownNameError, match="setting or figure of this point"):
        frontier[0]["cost_per_output_token"]


def test_shares() -> None:
    """Shares repeat to the last digit, lie in 0 to 1, and are high for what is far ahead."""
    frontier = usual()
    shares = frontier.on_frontier_share(128)
    assert shares == frontier.on_frontier_share(128)
    assert all(0 <= share <= 1 for share in shares.values())
    assert set(frontier.order.tolist()) <= set(shares)
    assert max(shares.values()) == 1.0
    x = frontier.figures[frontier.x.name][list(shares)]
    assert np.all(np.diff(x) >= 0)
    few = frontier.on_frontier_share(64, candidates=2, rng=3)
    assert list(few) == [frontier.order[0], frontier.order[-1]]
    with pytest.raises(RangeError, match="candidates"):
        frontier.on_frontier_share(64, candidates=0)


@pytest.mark.parametrize(
    "y", ["end_to_end_time", "energy_per_output_token", "output_throughput_per_megawatt"]
)
def test_shares_of_other_figures(y: str) -> None:
    """Every figure of a sweep can be taken out of an estimate, with its range."""
    frontier = swept(x="time_to_first_token", y=y, batches=[1, 16], weights="fp8")
    shares = frontier.on_frontier_share(32)
    assert len(shares) == len(frontier.points)


def test_shown() -> None:
    """Frame, table, text and picture show the frontier with units."""
    frontier = both()
    assert "points are not dominated" in repr(frontier)
    assert repr(frontier.points) == f"<{len(frontier.points)} points>"
    assert "prefill +" in frontier.to_markdown()
    assert "energy_per_output_token at facility (J/token)" in frontier._repr_markdown_()
    assert "interactivity" in repr(frontier[0])
    frame = frontier.to_frame()
    assert len(frame) == len(frontier)
    assert "interactivity [token/s]" in frame.columns
    everything = frontier.to_frame(every=True)
    assert everything["on frontier"].sum() == len(frontier)
    clean = swept(accelerators=le.accelerators["H100 SXM"], weights="fp8", batches=[1])
    assert "- " not in clean.to_markdown().rpartition("|")[2]


def test_plot() -> None:
    """The picture has units at its axes and as many numbers as asked for."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = both().plot(labels=3)
    assert axes.get_xlabel() == "interactivity: tokens per second of one user (token/s)"
    assert "token/s/accelerator" in axes.get_ylabel()
    assert [text.get_text() for text in axes.texts] == ["1", "2", "3"]
    mine = matplotlib.pyplot.subplots()[1]
    assert swept(batches=[1, 2], weights="fp8").plot(mine, labels=0) is mine
    assert not mine.texts
    matplotlib.pyplot.close("all")


MEASURED = Measurements(
    [
        MeasuredPoint(
            accelerator="H100 SXM",
            accelerators=4,
            engine="vLLM",
            concurrency=concurrency,
            time_per_output_token={"median": f"{time} ms/token"},
            time_to_first_token={"median": "100 ms"},
            output_throughput=f"{rate} token/s",
            power="2 kW",
            power_boundary="all accelerators",
        )
        for concurrency, time, rate in ((1, 10, 100), (8, 20, 400), (9, 25, 300))
    ]
    + [MeasuredPoint(engine="vLLM")],
    name="mine.csv",
)


def test_measured() -> None:
    """Measured points make the same type; what they lack is told, and they have no estimate."""
    frontier = Frontier.from_measurements(MEASURED)
    assert [point["interactivity"].number("token/s") for point in frontier] == [50, 100]
    assert frontier[0].label == "4 x H100 SXM, vLLM, concurrency 8"
    assert "1 points lack" in frontier.notes[0]
    energy = Frontier.from_measurements(MEASURED, y="energy_per_output_token", statistic="median")
    assert energy.y.name == "energy_per_output_token at accelerator"
    assert energy[0]["energy_per_output_token at accelerator"].number("J/token") == 5
    assert frontier.best(LatencyTarget(ttft="1 s"))["concurrency"] == "8"
    with pytest.raises(MissingInputError, match="end-to-end time of 1 s"):
        frontier.best(LatencyTarget(end_to_end="1 s"))
    with pytest.raises(MissingInputError, match="have no estimate"):
        frontier.estimate(0)
    with pytest.raises(MissingInputError, match="cost_per_output_token of these points"):
        Frontier.from_measurements(MEASURED, y="cost_per_output_token")
    assert not Frontier.from_measurements(MEASURED[:3]).notes
    bare = Frontier.from_measurements(MEASURED[:1]).points[0]
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    assert frontier.plot().get_title() == "mine.csv"
    matplotlib.pyplot.close("all")
    assert bare.number == 0
