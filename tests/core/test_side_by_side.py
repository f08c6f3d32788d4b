"""Four ways to compute one range, in one table."""

from __future__ import annotations

from llm_economics.core.functions import maximum
from llm_economics.core.reading import between, quantity, uniform

WIDE = (1 / between(0.01, 0.5, "Wh/request", name="energy")).to("request/kWh")
NARROW = between(90, 110, "W", name="a") * between(9, 10, "hour", name="b")


def test_wide_ranges_speak_against_the_linear_answer() -> None:
    """Of a factor 50, the linear answer is negative; the table shows it and says why."""
    table = WIDE.side_by_side()
    linear, log_linear, sampled, bounds = table.ways
    assert linear.low is not None
    assert linear.low.magnitude < 0
    assert "'energy' spans a factor 50" in linear.remark
    assert log_linear.remark == ""
    assert sampled.remark == "median"
    assert bounds.middle is None
    text = str(table)
    assert text == repr(table)
    assert text.splitlines()[0].split() == ["way", "middle", "low", "high", "unit", "remark"]
    assert len(text.splitlines()) == 5


def test_narrow_ranges_agree() -> None:
    """For a product of narrow ranges all three agree, and nothing is remarked."""
    ways = NARROW.side_by_side(0.9).ways
    assert ways[0].remark == ""
    lows = [way.low.magnitude for way in ways[:3] if way.low is not None]
    assert max(lows) / min(lows) < 1.01


def test_a_way_that_is_not_open_says_so() -> None:
    """A range that reaches zero has no log-linear answer, a divisor through zero no bounds."""
    through_zero = quantity("1 W") / uniform(-1, 2, "hour", name="hours")
    table = str(through_zero.side_by_side())
    assert table.count("not possible") == 2
    assert "'hours'" in table


def test_near_branches_are_remarked() -> None:
    """Where another branch of a maximum is near, both first-order answers say so."""
    two = maximum(between(9, 10, "W", name="a"), between(9, 10.1, "W", name="b"))
    remarks = [way.remark for way in two.side_by_side().ways]
    assert all("maximum() is near" in remark for remark in remarks[:2])


def test_exact_values_are_the_same_in_every_way() -> None:
    """An exact value has no spread in any way."""
    for way in quantity("5 MW").side_by_side().ways:
        assert way.low == way.high == quantity("5 MW")
