"""The tornado of a quantity: units, table, frame, picture; and Sobol indices of a quantity."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest

from llm_economics.core import functions as f
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.reading import between, quantity, uniform
from llm_economics.core.tornado import Tornado, sobol_of, tornado_of
from llm_economics.core.uncertain.sensitivity import sobol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_economics.core.registry import Quantity


@pytest.fixture
def energy() -> Quantity:
    """Return a product of two ranges."""
    power = between(8, 18, "MW", name="power", source="a page")
    return (power * between(25, 100, "day", name="time")).to("MWh")


@pytest.fixture
def loss() -> Quantity:
    """Return what is negative at the medians."""
    price = between(2, 4, "USD/hour", name="price") - between(2.5, 3.9, "USD/hour", name="cost")
    return (price * uniform(1000, 9000, "hour/year", name="hours")).to("kUSD/year")


def test_values_have_their_units(energy: Quantity) -> None:
    """Ends are in the unit in which they were given, results in that of the quantity."""
    found = tornado_of(energy)
    time, power = found.rows
    assert (time.name, power.name, power.source) == ("time", "power", "a page")
    assert type(power.input_low) is type(energy)
    assert (str(power.input_low), str(power.input_high)) == ("8 MW", "18 MW")
    assert (str(power.result_low), str(power.result_high)) == ("9,600 MWh", "21,600 MWh")
    assert str(found.central) == str(energy.central()) == "14,400 MWh"
    assert (found.scale, str(time.span)) == ("log", "4")


def test_differences_have_the_unit_of_the_result(loss: Quantity) -> None:
    """On the linear scale the span is a quantity of its own."""
    found = tornado_of(loss, ends="quoted")
    assert found.scale == "linear"
    assert {row.span.unit_text for row in found.rows} == {"kUSD/year"}
    assert all(row.span >= abs(row.result_high - row.result_low) for row in found.rows)


def test_the_record_is_frozen(energy: Quantity) -> None:
    """Nobody changes what was computed."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        tornado_of(energy).scale = "linear"  # type: ignore[misc]


def test_text(energy: Quantity) -> None:
    """A table with aligned numbers that says what was done."""
    assert str(tornado_of(energy)).splitlines() == [
        "14,400 MWh: all inputs at their medians",
        "one input at a time, from its 5 % point to its 95 % point, all others at their medians",
        "  input  low  high  unit  at low (MWh)  at high (MWh)  ratio",
        "  time    25   100  day          7,200         28,800      4",
        "  power    8    18  MW           9,600         21,600   2.25",
    ]


def test_text_marks_branches_and_differences(loss: Quantity) -> None:
    """A star marks what takes another branch; a note explains it."""
    text = repr(tornado_of(f.maximum(loss, quantity("-500 USD/year")), ends=(0.1, 0.9)))
    assert "from its 10 % point to its 90 % point" in text
    assert "difference (kUSD/year)" in text
    price = next(line for line in text.splitlines() if line.startswith("  price"))
    assert price.endswith("*")
    assert text.splitlines()[-1].startswith("* another branch of a maximum")


def test_text_without_unit() -> None:
    """Plain numbers have no brackets."""
    text = str(tornado_of(between(1, 4, name="x") * 2.0, ends="quoted"))
    assert "from its lower quoted end to its upper quoted end" in text
    assert "at low  at high  ratio" in text


def test_frame(energy: Quantity) -> None:
    """A frame has a row per input, with numbers and units."""
    pandas = pytest.importorskip("pandas")
    frame = tornado_of(energy).to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.index) == ["time", "power"]
    assert frame.loc["power"].to_dict() == {
        "low": 8.0,
        "high": 18.0,
        "unit": "MW",
        "result_low": pytest.approx(9600),
        "result_high": pytest.approx(21600),
        "result_unit": "MWh",
        "span": pytest.approx(2.25),
        "changes_branch": False,
        "source": "a page",
    }


@pytest.mark.parametrize(
    ("package", "ask", "extra"),
    [
        ("pandas", lambda t: t.to_frame(), "frame"),
        ("matplotlib", lambda t: t.plot(), "plot"),
    ],
)
def test_extras_are_named(
    energy: Quantity,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    ask: Callable[[Tornado], Any],
    extra: str,
) -> None:
    """Where an optional package is missing, the error says what to install."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingInputError, match=rf"pip install 'llm_economics\[{extra}\]'"):
        ask(tornado_of(energy))


def test_exact_values_have_no_rows() -> None:
    """An exact value is its own centre; there is nothing to draw."""
    found = tornado_of(quantity("5 MW"))
    assert (found.rows, str(found.central)) == ((), "5 MW")
    assert str(found) == "5 MW: exact, no inputs to vary"
    with pytest.raises(RangeError, match="draws what inputs do to a result; 5 MW is exact"):
        found.plot()


@pytest.mark.parametrize("factor", [1.0, between(1, 2)], ids=["exact", "range"])
def test_arrays_are_refused(factor: Any) -> None:
    """A tornado is of one number."""
    with pytest.raises(RangeError, match=r"one number; got an array of shape \(2,\)"):
        tornado_of(factor * quantity(np.array([1.0, 2.0]), "MW"))


def test_sobol_of_a_quantity(energy: Quantity) -> None:
    """The indices of a quantity are those of its range, whatever its unit."""
    found = sobol_of(energy, points=256, rng=1, log=False)
    assert found == sobol(energy.magnitude, points=256, rng=1, log=False)
    ratios = [row.total for row in sobol_of(energy.to("J"), points=256).rows]
    assert ratios == pytest.approx([row.total for row in sobol_of(energy, points=256).rows])


def test_sobol_of_an_exact_value_is_refused() -> None:
    """Nothing varies, so there is nothing to share out."""
    with pytest.raises(RangeError, match="5 MW is exact: give an input as a range"):
        sobol_of(quantity("5 MW"))


# -- the picture ----------------------------------------------------------------------------------


@pytest.fixture
def plots() -> Iterator[Any]:
    """Return pyplot without a screen; close what was opened."""
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    yield plt
    plt.close("all")


def boxes(axes: Any) -> list[Any]:
    """Return places of all texts inside of the picture, and of the names and ticks around it."""
    axes.figure.draw_without_rendering()
    texts = [*axes.texts, *axes.get_yticklabels(), axes.xaxis.label, *axes.get_legend().get_texts()]
    low, high = axes.get_xlim()
    ticks = zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
    texts += [label for place, label in ticks if low <= place <= high]
    return [text.get_window_extent() for text in texts]


def overlaps(found: list[Any]) -> int:
    return sum(a.overlaps(b) for i, a in enumerate(found) for b in found[:i])


CASES: dict[str, Callable[[], Quantity]] = {
    "product": lambda: between(8, 18, "MW", name="power") * between(25, 100, "day", name="time"),
    "narrow": lambda: between(8, 9, "MW", name="power") * between(25, 30, "day", name="time"),
    "negative": lambda: uniform(-5, -1, "USD", name="loss") + uniform(0, 2, "USD", name="sale"),
    "one side": lambda: quantity("5 m") + uniform(-1, 2, "m", name="x") ** 2 / quantity("1 m"),
    "even": lambda: 1.0 + uniform(-1, 1, name="x") ** 2 + uniform(0, 1, name="y"),
    "no effect": lambda: f.maximum(between(1, 2, name="x"), 100.0),
    "very wide": lambda: between(1e-9, 5e-4, "m", name="a") * between(1e3, 4e9, name="b"),
    "long name": lambda: between(1, 9, "MW", name="a name that is so long that no page holds it"),
    "dollars": lambda: between(1, 9, "USD/Mtoken", name="from $1 to $9") + quantity("1 USD/Mtoken"),
    "own name": lambda: between(7, 15, "MW"),
}


@pytest.mark.parametrize("case", CASES)
def test_nothing_overlaps(case: str, plots: Any) -> None:
    """Names, numbers and ticks keep clear of each other and stay inside of the figure."""
    axes: Any = tornado_of(CASES[case]()).plot()
    found = boxes(axes)
    assert overlaps(found) == 0
    page = axes.figure.bbox
    assert all(page.x0 <= box.x0 and box.x1 <= page.x1 for box in found)


def test_the_picture_of_the_training_cost(cost_range: Quantity, plots: Any) -> None:
    """Fifteen inputs: largest on top, log axis, numbers at the ends, branches marked."""
    axes: Any = tornado_of(cost_range).plot()
    assert axes.get_xscale() == "log"
    assert overlaps(boxes(axes)) == 0
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert (names[0], len(names)) == ("parameters", 15)
    assert axes.yaxis_inverted()
    assert [text.get_text() for text in axes.texts[2:4]] == ["5e−8", "6e−7"]
    hatched = [bar for bar in axes.patches if bar.get_hatch()]
    assert len(hatched) == 6
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert legend[:2] == ["input at its 5 % point", "input at its 95 % point"]
    assert legend[2].startswith("another branch of a maximum")
    low, high = axes.get_xlim()
    assert low < min(bar.get_bbox().x0 for bar in axes.patches)
    assert high > max(bar.get_bbox().x1 for bar in axes.patches)


def test_the_axis_says_what_was_done(loss: Quantity, plots: Any) -> None:
    """Unit, centre and method stand at the axis; a negative result has a linear one."""
    axes: Any = tornado_of(loss).plot()
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel() == (
        "result in kUSD/year, one input varied at a time\n"
        "line: −1.47 kUSD/year, all inputs at their medians"
    )
    assert len(axes.get_legend().get_texts()) == 2
    (line,) = axes.get_lines()
    assert line.get_xdata()[0] == tornado_of(loss).central.magnitude


def test_the_axis_is_logarithmic_from_a_factor_three(plots: Any) -> None:
    """A small span is shown as it is."""
    scales = {
        ratio: tornado_of(between(1, ratio, name="x") * 2.0).plot().get_xscale() for ratio in (2, 4)
    }
    assert scales == {2: "linear", 4: "log"}


def test_both_ends_on_one_side_get_half_a_row_each(plots: Any) -> None:
    """Bars on one side of the centre do not hide each other."""
    axes: Any = tornado_of(CASES["one side"]()).plot()
    low, high = axes.patches
    assert low.get_height() == pytest.approx(high.get_height())
    assert low.get_height() < 0.5
    assert low.get_y() + low.get_height() == pytest.approx(high.get_y())


def test_an_axes_can_be_given(energy: Quantity, loss: Quantity, plots: Any) -> None:
    """A narrow picture beside another one stays readable."""
    figure, places = plots.subplots(1, 2, figsize=(9, 4), layout="constrained")
    for place, value in zip(places, (energy, loss), strict=True):
        assert tornado_of(value).plot(place) is place
    assert plots.get_fignums() == [figure.number]
    assert overlaps([*boxes(places[0]), *boxes(places[1])]) == 0


def test_many_inputs_in_a_small_picture(cost_range: Quantity, plots: Any) -> None:
    """Where rows are low, letters are small."""
    figure = plots.figure(figsize=(6, 4), layout="constrained")
    axes: Any = tornado_of(cost_range).plot(figure.subplots())
    names = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert overlaps(names) == 0
