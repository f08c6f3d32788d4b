"""Measured points: read with units, chosen from, compared only where they can be."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.serving.measured import LatencyFigures, MeasuredPoint, Measurements
from llm_economics.serving.measured_point import read_field


def point(milliseconds: float = 20.0, rate: float = 100.0, **more: Any) -> MeasuredPoint:
    """Return a point with a median TPOT and an output throughput."""
    figures: dict[str, Any] = {
        "time_per_output_token": {"median": f"{milliseconds} ms/token"},
        "output_throughput": le.quantity(rate, "token/s"),
    }
    return MeasuredPoint(**{**figures, **more})


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"power": "5 Wh"}, DimensionError, "MeasuredPoint.power needs power"),
        ({"power": 5}, DimensionError, "with a unit"),
        ({"power": "0 W"}, RangeError, "MeasuredPoint.power needs more than 0"),
        ({"power": "-1 W"}, RangeError, "needs at least 0"),
        ({"power": "4-5 W"}, RangeError, "needs one measured number"),
        ({"power": (math.nan, "W")}, LLMEconomicsError, "power"),
        ({"batch_size": 0}, RangeError, "batch_size needs more than 0"),
        ({"time_to_first_token": {"p99": "0 ms"}}, RangeError, "needs more than 0"),
        ({"time_to_first_token": {"best": "3 ms"}}, NotationError, "got 'best'"),
        ({"time_to_first_token": {}}, NotationError, "at least one statistic"),
        ({"time_per_output_token": "3 ms"}, DimensionError, "such as '20 ms/token'; got 3 ms"),
        ({"tensor_parallel": 2.5}, RangeError, "whole number, at least 1; got 2.5"),
        ({"tensor_parallel": True}, RangeError, "whole number"),
        ({"tensor_parallel": math.inf}, RangeError, "whole number"),
        ({"tensor_parallel": "8"}, RangeError, "whole number"),
        ({"load": "hard"}, NotationError, "needs one of 'concurrency'"),
        ({"serving": "mixed"}, NotationError, "'aggregated', 'disaggregated'; got 'mixed'"),
        ({"power_boundary": "rack"}, NotationError, "'one accelerator'"),
        ({"weight_format": "fp5"}, UnknownNameError, "number format"),
        (
            {"accelerators": 8, "prefill_accelerators": 2, "decode_accelerators": 4},
            RangeError,
            "2 accelerator for prefill and 4 accelerator for decode are not 8 accelerator",
        ),
        (
            {"output_throughput": "9 token/s", "total_throughput": "5 token/s"},
            RangeError,
            "is above the total throughput",
        ),
    ],
)
def test_bad_figure_is_refused(fields: dict[str, Any], error: type[Exception], told: str) -> None:
    """The message says which field and what is needed."""
    with pytest.raises(error, match=told):
        MeasuredPoint(**fields)


def test_latency_by_statistic() -> None:
    """The median is typical, then the mean, then what has no statistic; percentiles never."""
    figures = MeasuredPoint(
        time_to_first_token={"mean": "3 s", "p50": "2 s", "p99": "9 s"},
        time_per_output_token="20 ms/token",
    )
    first, each = figures.time_to_first_token, figures.time_per_output_token
    assert first is not None
    assert each is not None
    assert (str(first.mean), str(first.median), str(first.percentile(99))) == ("3 s", "2 s", "9 s")
    assert (first.statistic, str(first.typical)) == ("median", "2 s")
    assert (each.statistic, each.mean, each.percentile(99.9)) == ("unstated", None, None)
    assert str(first) == "mean 3 s, median 2 s, p99 9 s"
    slow = MeasuredPoint(time_to_first_token={"p99": "9 s"}).time_to_first_token
    assert slow is not None
    assert (slow.statistic, slow.typical) == (None, None)
    again = MeasuredPoint(time_to_first_token=first).time_to_first_token
    assert isinstance(again, LatencyFigures)
    assert str(again) == str(first)


@pytest.mark.parametrize(
    ("boundary", "accelerators", "watts"),
    [
        ("all accelerators", None, 500.0),
        ("one accelerator", 4, 2000.0),
        ("one accelerator", None, None),
        ("server", 4, None),
        ("unstated", 4, None),
        (None, 4, None),
    ],
)
def test_power_of_all_accelerators(
    boundary: str | None, accelerators: int | None, watts: float | None
) -> None:
    """Power counts for the accelerators only if it was measured of them."""
    known = {"power_boundary": boundary, "accelerators": accelerators}
    found = point(power="500 W", **known)
    power, energy = found.accelerator_power, found.figure("energy_per_output_token")
    assert (power is None) == (watts is None)
    assert (energy is None) == (watts is None)
    if power is not None and energy is not None:
        assert power.number("W") == watts
        assert energy.number("J/token") == pytest.approx(power.number("W") / 100.0)


def test_figures_by_name() -> None:
    """What follows from what is known; None where something is missing."""
    found = point(
        accelerators=4,
        total_throughput="400 token/s",
        energy_per_output_token="2 J/token",
        time_to_first_token="1 s",
    )
    assert found.interactivity is not None
    assert found.interactivity.number("token/s") == pytest.approx(50.0)
    assert str(found.output_throughput_per_accelerator) == "25 token/accelerator/s"
    assert str(found.total_throughput_per_accelerator) == "100 token/accelerator/s"
    assert str(found.figure("energy_per_output_token")) == "2 J/token"
    assert str(found.figure("time_to_first_token")) == "1,000 ms"
    assert found.figure("request_throughput") is None
    assert found.figure("accelerator_power") is None
    assert found.figure("time_per_output_token", "p99") is None
    bare = MeasuredPoint(power="3 W", power_boundary="all accelerators")
    assert [bare.interactivity, bare.figure("energy_per_output_token")] == [None, None]
    assert point().output_throughput_per_accelerator is None
    with pytest.raises(UnknownNameError, match="Did you mean 'interactivity'"):
        found.figure("interactivty")


def test_read_field() -> None:
    """A field alone is read and refused as in the constructor."""
    assert read_field("engine", "vLLM") == "vLLM"
    with pytest.raises(RangeError, match="batch_size needs more than 0"):
        read_field("batch_size", 0)
    with pytest.raises(UnknownNameError, match="Did you mean 'engine'"):
        read_field("engin", "vLLM")


@pytest.fixture
def points() -> Measurements:
    """Four points of two engines."""
    shared: dict[str, Any] = {"model": "Made Up", "accelerator": "H100 SXM", "accelerators": 2}
    return Measurements(
        [
            point(10, 100, engine="vLLM", concurrency=4, weight_format="fp8", **shared),
            point(20, 300, engine="vLLM", concurrency=16, **shared),
            point(40, 200, engine="vLLM", concurrency=64, tensor_parallel=2, **shared),
            point(15, 900, engine="SGLang|x", concurrency=16, **shared),
        ],
        name="mine.csv",
    )


@pytest.mark.parametrize(
    ("conditions", "rates"),
    [
        ({"engine": "VLLM"}, [100, 300, 200]),
        ({"concurrency": 16}, [300, 900]),
        ({"concurrency": [4, "64 request"]}, [100, 200]),
        ({"concurrency": lambda c: c.number("request") > 10}, [300, 200, 900]),
        ({"concurrency": 16, "engine": "vLLM"}, [300]),
        ({"weight_format": "FP8"}, [100]),
        ({"weight_format": None}, [300, 200, 900]),
        ({"weight_format": "bf16"}, []),
        ({"weight_format": lambda w: w.bits == 8}, [100]),
        ({"tensor_parallel": 2}, [200]),
        ({"load": "concurrency"}, []),
        ({"time_per_output_token": {"median": "10 ms/token"}}, [100]),
    ],
)
def test_filter(points: Measurements, conditions: dict[str, Any], rates: list[float]) -> None:
    """Values, lists, functions and None choose points; several conditions all hold."""
    found = points.filter(**conditions)
    assert [p.output_throughput.number("token/s") for p in found if p.output_throughput] == rates
    assert found.name == "mine.csv"


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({"engine": "vlm"}, "there is no engine of a point named 'vlm'. Did you mean 'vLLM'"),
        ({"engin": "vLLM"}, "there is no field of MeasuredPoint named 'engin'"),
        ({"engin": None}, "there is no field of MeasuredPoint named 'engin'"),
        ({"engin": lambda e: True}, "there is no field of MeasuredPoint named 'engin'"),
    ],
)
def test_filter_refuses_slips(points: Measurements, conditions: dict[str, Any], told: str) -> None:
    """A misspelt word or field does not choose nothing in silence."""
    with pytest.raises(UnknownNameError, match=told):
        points.filter(**conditions)


def test_pools_that_add_up_are_taken() -> None:
    """Both pools together are all accelerators."""
    found = MeasuredPoint(accelerators=6, prefill_accelerators=2, decode_accelerators=4)
    assert str(found.decode_accelerators) == "4 accelerator"


def test_sequence(points: Measurements) -> None:
    """Points are found by place, slices are measurements."""
    assert len(points) == 4
    assert points[1] is points.points[1]
    assert isinstance(points[1:], Measurements)
    assert list(points[-1:]) == [points[3]]


def test_fill(points: Measurements) -> None:
    """What is unknown is filled; what is known otherwise is refused."""
    assert {p.engine_version for p in points.fill(engine_version="9", accelerators=2)} == {"9"}
    with pytest.raises(RangeError, match=r"fill\(engine\): point 3 has SGLang\|x; got vLLM"):
        points.fill(engine="vLLM")
    with pytest.raises(UnknownNameError):
        points.fill(engin="vLLM")


def test_single(points: Measurements) -> None:
    """One value of all points, or which there are and what to type."""
    assert points.single("model") == "Made Up"
    assert points.single("date") is None
    told = r"mixed engines: vLLM \(3 points\), SGLang\|x \(1 point\); choose one: "
    with pytest.raises(MissingInputError, match=told + r"measurements.filter\(engine='vLLM'\)"):
        points.single("engine")
    with pytest.raises(MissingInputError, match=r"unknown \(3 points\).*weight_format=None"):
        points.single("weight_format")
    with pytest.raises(MissingInputError, match=r"mixed concurrencies: 16 request.*concurrency=16"):
        points.single("concurrency")
    with pytest.raises(MissingInputError, match=r"there are no points in mine.csv"):
        points[:0].single("engine")
    with pytest.raises(UnknownNameError):
        points.single("engin")
    many = Measurements([MeasuredPoint(engine=str(n)) for n in range(8)])
    with pytest.raises(MissingInputError, match=r"mixed engines: .*, \.\.\.; choose"):
        many.single("engine")


def test_frontier(points: Measurements) -> None:
    """Points that nobody beats in both, by growing x; of times less is better."""
    ours = points.filter(engine="vLLM")
    assert list(ours.frontier("interactivity", "output_throughput")) == [points[1], points[0]]
    assert list(ours.frontier("time_per_output_token", "output_throughput")) == [
        points[0],
        points[1],
    ]
    every = points.frontier("interactivity", "output_throughput", across=["engine"])
    assert list(every) == [points[3], points[0]]


def test_frontier_refuses_what_cannot_be_compared(points: Measurements) -> None:
    """Mixed engines, lengths and statistics; figures that nobody has."""
    with pytest.raises(MissingInputError, match="mixed engines"):
        points.frontier("interactivity", "output_throughput")
    ours = points.filter(engine="vLLM")
    with pytest.raises(MissingInputError, match=r"no point in mine.csv has both interactivity and"):
        ours.frontier("interactivity", "accelerator_power")
    with pytest.raises(UnknownNameError):
        ours.frontier("interactivity", "speed")
    mixed = Measurements([point(), point(time_per_output_token={"mean": "9 ms/token"})])
    told = r"mixed statistics: .*choose one: frontier\(..., statistic='median'\)"
    with pytest.raises(MissingInputError, match=told):
        mixed.frontier("interactivity", "output_throughput")
    assert len(mixed.frontier("interactivity", "output_throughput", statistic="median")) == 1
    with pytest.raises(MissingInputError, match="no point has both"):
        mixed.frontier("interactivity", "output_throughput", statistic="p99")
    lengths = Measurements([point(input_tokens=1000), point(input_tokens=4000)])
    with pytest.raises(
        MissingInputError, match=r"mixed input tokens: 1000 token.*input_tokens=1000"
    ):
        lengths.frontier("interactivity", "output_throughput")
    near = Measurements([point(input_tokens=1000), point(input_tokens=1010)])
    assert len(near.frontier("interactivity", "output_throughput")) == 2


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12))
def test_frontier_is_what_nobody_dominates(pairs: list[tuple[int, int]]) -> None:
    """Against the definition, tie by tie."""
    made = Measurements([point(time, rate) for time, rate in pairs])
    found = {id(p) for p in made.frontier("time_per_output_token", "output_throughput")}
    for (time, rate), one in zip(pairs, made, strict=True):
        beaten = any(t <= time and r >= rate and (t, r) != (time, rate) for t, r in pairs)
        assert (id(one) in found) != beaten


def test_shown_as_table(points: Measurements) -> None:
    """What differs stands in the table, what is shared once below it."""
    text = points.to_markdown()
    lines = text.splitlines()
    head = "| weight_format | engine | tensor_parallel | concurrency | tpot_median [ms/token] |"
    assert lines[0] == f"{head} output_throughput [token/s] |"
    assert lines[2] == "| fp8 | vLLM |  | 4 | 10 | 100 |"
    assert "| SGLang\\|x |" in lines[5]
    assert lines[-1] == "All points: model Made Up; accelerator H100 SXM; accelerators 2."
    assert points._repr_markdown_() == str(text)
    alone = points[:1].to_markdown()
    assert "All points" not in alone
    same = Measurements([point(), point()]).to_markdown()
    assert same.splitlines()[0] == "| tpot_median [ms/token] | output_throughput [token/s] |"


def test_shown_at_the_prompt(points: Measurements) -> None:
    """A short line for many points, all that is known for one."""
    assert repr(points) == (
        "Measurements(mine.csv: 4 points; models: Made Up; engines: vLLM, SGLang|x; "
        "accelerators: H100 SXM)"
    )
    assert repr(Measurements([MeasuredPoint()])) == "Measurements(1 point)"
    many = Measurements([MeasuredPoint(engine=str(n)) for n in range(5)])
    assert repr(many) == "Measurements(5 points; engines: 0, 1, 2 and 2 more)"
    assert repr(MeasuredPoint(engine="vLLM", tensor_parallel=8, power="5 kW")) == (
        "MeasuredPoint(engine=vLLM, tensor_parallel=8, power [W]=5,000)"
    )


def test_frame(points: Measurements) -> None:
    """Plain numbers by column, the unit in the heading, NaN for unknown."""
    pytest.importorskip("pandas")
    frame = points.to_frame()
    assert list(frame["output_throughput [token/s]"]) == [100, 300, 200, 900]
    assert list(frame["engine"]) == ["vLLM", "vLLM", "vLLM", "SGLang|x"]
    assert frame["tensor_parallel"].isna().sum() == 3
    assert frame.columns[0] == "model"
