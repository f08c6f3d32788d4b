"""Latency targets, and three times to first token that are not mixed up."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import DimensionError, MissingInputError, RangeError
from llm_economics.serving.latency import (
    ClosedLoopTimeToFirstToken,
    LatencyTarget,
    OpenLoopTimeToFirstToken,
    TimeToFirstToken,
    UnloadedTimeToFirstToken,
    as_interactivity,
    as_percentile,
    as_time_per_output_token,
)

UNLOADED = UnloadedTimeToFirstToken("120 ms")
CLOSED = ClosedLoopTimeToFirstToken("400 ms")
OPEN = OpenLoopTimeToFirstToken("800 ms", 0.95)
OPERATORS = [
    operator.add,
    operator.sub,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
]


@pytest.mark.parametrize("act", OPERATORS)
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (UNLOADED, CLOSED),
        (CLOSED, OPEN),
        (OPEN, UNLOADED),
        (OPEN, OpenLoopTimeToFirstToken("800 ms", 0.99)),
    ],
)
def test_kinds_do_not_mix(act: Any, first: TimeToFirstToken, second: TimeToFirstToken) -> None:
    """Two kinds, or two percentiles, refuse every operation and say which is which."""
    with pytest.raises(DimensionError, match=f"{first.kind} .{{1,2}} one {second.kind}: these"):
        act(first, second)


def test_one_kind_is_a_time() -> None:
    """Plain times add; the same kind compares, subtracts and finds its place in a set."""
    later = UNLOADED + "30 ms"
    assert isinstance(later, UnloadedTimeToFirstToken)
    assert later.value.number("ms") == pytest.approx(150)
    assert (later - UNLOADED).number("ms") == pytest.approx(30)
    assert later > UNLOADED
    assert later >= le.quantity("150 ms")
    assert not later < UNLOADED
    assert not later <= UNLOADED
    assert UnloadedTimeToFirstToken("0.12 s") == UNLOADED
    assert later != UNLOADED
    assert UNLOADED != "120 ms"
    assert len({UNLOADED, UnloadedTimeToFirstToken("120 ms"), later}) == 2
    assert str(OPEN) == "800 ms (in an open loop at the 95th percentile)"
    assert TimeToFirstToken("1 s").kind == "of an unknown load"


@pytest.mark.parametrize(
    ("percentile", "text"),
    [
        (0.5, "50th"),
        (0.91, "91st"),
        (0.92, "92nd"),
        (0.93, "93rd"),
        (0.11, "11th"),
        (0.999, "99.9th"),
    ],
)
def test_percentiles_in_words(percentile: float, text: str) -> None:
    """Percentiles are ordinal numbers."""
    assert f"at the {text} percentile" in OpenLoopTimeToFirstToken("1 s", percentile).kind


@pytest.mark.parametrize("value", [0.0, 1.0, "0.9-0.95"])
def test_percentiles_between_zero_and_one(value: Any) -> None:
    """Only one number strictly inside is a percentile; 95 is taken for a slip."""
    with pytest.raises(RangeError, match=r"needs one percentile between 0 and 1, such as 0\.95"):
        as_percentile(value)
    with pytest.raises(RangeError, match=r"OpenLoopTimeToFirstToken\.percentile needs at most 1"):
        OpenLoopTimeToFirstToken("1 s", 95)


def test_bridges() -> None:
    """A wait before an unloaded one, or a factor, lead to an open loop at a percentile."""
    waited = UNLOADED.after_wait("300 ms", percentile="95 %")
    assert (waited.percentile, waited.value.number("ms")) == (0.95, pytest.approx(420))
    scaled = CLOSED.taken_at_percentile(0.99, factor="2-3")
    low, high = scaled.value.bounds()
    assert (low.number("ms"), high.number("ms")) == pytest.approx((800, 1200))
    assert scaled.percentile == 0.99


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({}, MissingInputError, "at least one of ttft='500 ms'"),
        ({"percentile": 0.9}, MissingInputError, "at least one of"),
        ({"ttft": 0.5}, DimensionError, r"LatencyTarget\.ttft needs time with a unit"),
        ({"ttft": "0 s"}, RangeError, r"LatencyTarget\.ttft needs more than zero; got 0 s"),
        ({"tpot": "50 ms"}, DimensionError, r"LatencyTarget\.tpot .*'50 ms/token'; got 50 ms"),
        ({"interactivity": "20 token"}, DimensionError, r"\.interactivity .*'20 token/s'"),
        (
            {"tpot": "50 ms/token", "interactivity": "20 token/s"},
            RangeError,
            "tpot or interactivity, its reciprocal, not both",
        ),
    ],
)
def test_bad_targets(fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """Each part is checked by its name."""
    with pytest.raises(error, match=match):
        LatencyTarget(**fields)


def test_time_per_token_both_ways() -> None:
    """Interactivity is the reciprocal; without either there is no limit."""
    fast = LatencyTarget(interactivity="20 token/s").time_per_output_token
    assert fast is not None
    assert fast.number("ms/token") == pytest.approx(50)
    assert LatencyTarget(tpot="50 ms/token").time_per_output_token.number("s/token") == 0.05  # type: ignore[union-attr]
    assert as_time_per_output_token("50 ms/token").number("ms/token") == 50
    assert as_interactivity("20 token/s").number("token/s") == 20
    assert LatencyTarget(end_to_end="10 s").time_per_output_token is None


@pytest.mark.parametrize(
    ("percentile", "ttft", "match"),
    [
        (0.95, UNLOADED, r"95th percentile in an open loop; got .* idle system; .*after_wait"),
        (
            0.95,
            CLOSED,
            r"got .* closed loop of requests; bridge it with taken_at_percentile\(0\.95",
        ),
        (0.99, OPEN, r"99th percentile in an open loop; got .* 95th percentile; bridge"),
        (None, OPEN, r"the typical request; got .* 95th .* target\.evolve\(percentile=0\.95\)"),
        (0.95, le.quantity("1 s"), r"needs to know under which load: got 1 s; write Unloaded"),
    ],
)
def test_target_and_kind_must_fit(percentile: Any, ttft: Any, match: str) -> None:
    """A target with a percentile takes the open loop at it; the error names the bridge."""
    target = LatencyTarget(ttft="1 s", percentile=percentile)
    with pytest.raises(DimensionError, match=match):
        target.met_by(ttft=ttft)


def test_met_and_missed() -> None:
    """Every part must be met; the shortfalls name those that are not."""
    target = LatencyTarget(ttft="500 ms", tpot="50 ms/token", end_to_end="20 s", percentile="95 %")
    just = OpenLoopTimeToFirstToken("500 ms", 0.95)
    assert target.met_by(ttft=just, tpot="50 ms/token", end_to_end="20 s")
    missed = target.shortfalls(ttft=OPEN, tpot="40 ms/token", end_to_end="30 s")
    assert [m.part for m in missed] == ["time to first token", "end-to-end time"]
    assert missed[0].excess.number("ms") == pytest.approx(300)
    assert str(missed[1]) == (
        "end-to-end time 30 s, where the target is 20 s: 10 s too long (1.5 times the target)"
    )
    assert not target.met_by(ttft=OPEN, tpot="40 ms/token", end_to_end="30 s")
    assert LatencyTarget(ttft="1 s").met_by(ttft=CLOSED)
    with pytest.raises(
        MissingInputError, match=r"an end-to-end time of 20 s; give met_by\(end_to_end"
    ):
        target.met_by(ttft=OPEN, tpot="40 ms/token")


def test_ranges_and_arrays() -> None:
    """A range answers with a probability, an array cell by cell."""
    target = LatencyTarget(tpot="50 ms/token")
    got = le.between(30, 60, "ms/token")
    chance = target.met_by(tpot=got).probability()
    assert 0.5 < chance < 0.9
    (missed,) = target.shortfalls(tpot=got)
    assert missed.probability == pytest.approx(1 - chance)
    assert "its median is within; missed with a probability of" in str(missed)
    (mostly,) = target.shortfalls(tpot=le.between(40, 90, "ms/token"))
    assert "too long" in str(mostly)
    assert "missed with a probability" in str(mostly)
    several = le.ureg.Quantity(np.array([40.0, 50.0, 60.0]), "ms/token")
    assert target.met_by(tpot=several).magnitude.tolist() == [1.0, 1.0, 0.0]
    with pytest.raises(RangeError, match=r"the time per output token is an array: use met_by"):
        target.shortfalls(tpot=several)
    assert target.shortfalls(tpot="50 ms/token") == ()
