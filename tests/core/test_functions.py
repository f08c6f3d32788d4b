"""One formula text on every kind of number; choices and whole numbers that units cannot spoil."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from uncertainties import ufloat

from llm_economics.core import functions as f
from llm_economics.core.errors import DimensionError, RangeError
from llm_economics.core.reading import between, quantity, uniform
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from collections.abc import Callable

MW, SIX_KW = quantity("5 MW"), quantity("6000 kW")

FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "sum": lambda x, y: x + 2 * y - x / y,
    "maximum": lambda x, y: f.maximum(x * x, 3 * y),
    "minimum": lambda x, y: f.minimum(x * x, 3 * y) / x,
    "staircases": lambda x, y: f.ceil(x * y) - f.floor(y),
    "roots": lambda x, y: f.sqrt(x * y) + y**1.5,
    "growth": lambda x, y: f.exp(x / 4) * f.log(1 + y),
    "choice": lambda x, y: f.where(f.less(x, y), x * y, x - y),
    "all": lambda x, y: f.where(
        f.less(f.exp(-x), f.sqrt(y)), f.maximum(f.log(x + 1), f.ceil(y)), f.minimum(x, y)
    ),
}
POINTS = [(1.5, 3.2), (3.7, 1.2), (0.4, 6.6)]


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=list(FORMULAS))
def test_one_text_for_every_kind_of_number(formula: Callable[[Any, Any], Any]) -> None:
    """Floats, arrays, quantities, ufloats and ranges agree to 1e-12, derivatives to 1e-9."""
    ranges = uniform(0.1, 9), uniform(0.1, 9)
    # Both inputs first, in order; the extra terms change neither value nor slopes.
    program = compile_program((formula(*ranges) + 0.0 * (ranges[0] + ranges[1])).magnitude)
    order = [
        ranges.index(next(r for r in ranges if r.magnitude.payload is v)) for v in program.variables
    ]
    for point in POINTS:
        expected = float(formula(*point))
        assert float(formula(*map(quantity, point)).to("").magnitude) == pytest.approx(
            expected, rel=1e-12
        )
        values, slopes = program.gradient([point[i] for i in order])
        assert float(values) == pytest.approx(expected, rel=1e-12)
        by_ufloats = [ufloat(value, 0.1) for value in point]
        answer = formula(*by_ufloats)
        assert answer.nominal_value == pytest.approx(expected, rel=1e-12)
        for i, slope in zip(order, slopes, strict=True):
            expected_slope = answer.derivatives.get(by_ufloats[i], 0.0)
            assert float(slope) == pytest.approx(expected_slope, rel=1e-9, abs=1e-14)
    columns = [np.array(column) for column in zip(*POINTS, strict=True)]
    np.testing.assert_allclose(formula(*columns), [formula(*point) for point in POINTS], rtol=1e-12)


def test_cost_with_units_is_the_cost_on_floats(
    cost: Callable[..., Any], points: list[dict[str, float]], units: dict[str, str]
) -> None:
    """The cost of training in US dollars is the same with units and without."""
    eight = quantity("8 accelerator/server")
    for point in points:
        with_units = cost({n: quantity(x, units[n]) for n, x in point.items()}, eight=eight)
        assert with_units.to("USD").magnitude == pytest.approx(cost(point), rel=1e-12)


def test_cost_in_other_units_is_the_same(
    cost: Callable[..., Any], points: list[dict[str, float]], units: dict[str, str]
) -> None:
    """Giving the inputs in other units changes nothing."""
    other = {
        "parameters": "billion parameter",
        "tokens": "Ttoken",
        "peak": "PFLOP/hour/accelerator",
        "count": "thousand accelerator",
        "board": "kW/accelerator",
        "tariff": "USD/MWh",
        "capital": "MUSD/accelerator",
        "life": "month",
        "exchange": "day/Mtoken",
        "use": "percent",
    }
    for point in points:
        inputs = {n: quantity(x, units[n]).to(other.get(n, units[n])) for n, x in point.items()}
        found = cost(inputs, eight=quantity("8 accelerator/server")).to("million USD")
        assert found.magnitude == pytest.approx(cost(point) / 1e6, rel=1e-12)


def test_cost_scales_with_its_prices(
    cost: Callable[..., Any], ranges: dict[str, Quantity], cost_range: Quantity
) -> None:
    """Twice the tariff and twice the capital cost is exactly twice the cost, sample by sample."""
    dear = cost({**ranges, "tariff": 2 * ranges["tariff"], "capital": 2 * ranges["capital"]})
    np.testing.assert_allclose((dear / cost_range).quantiles(0, 1).magnitude, 2, rtol=1e-12)


# -- choices --------------------------------------------------------------------------------------


def test_choices_convert_units() -> None:
    """The larger and the smaller one, in the first one's unit."""
    assert f.maximum(MW, SIX_KW) == SIX_KW
    assert f.maximum(MW, SIX_KW).unit_text == "MW"
    assert f.minimum(MW, SIX_KW) == MW
    assert f.maximum(2, 3) == 3
    assert f.maximum(quantity("0.4"), 0.5) == 0.5
    assert f.minimum(0.5, quantity("40 %")) == 0.4


@pytest.mark.parametrize("choose", [f.maximum, f.minimum, f.less, lambda x, y: f.where(True, x, y)])
@pytest.mark.parametrize("other", [quantity("5 MWh"), 5.0, between(1, 2, "hour")], ids=str)
def test_choices_need_one_dimension(choose: Callable[[Any, Any], Any], other: Any) -> None:
    """Power is not compared with energy, on either side."""
    with pytest.raises(DimensionError, match=r"(maximum|minimum|less|where)\(.* needs "):
        choose(MW, other)
    with pytest.raises(DimensionError, match=r"(maximum|minimum|less|where)\(.* needs "):
        choose(other, MW)


def test_less() -> None:
    """Exact values give truth values, ranges a number of 0 or 1."""
    assert f.less(MW, SIX_KW)
    assert not f.less(6, 5)
    assert f.less(ufloat(1, 0.1), 2.0)
    assert list(f.less(np.array([1.0, 3.0]), 2.0)) == [True, False]
    assert f.less(between(1, 9, "MW"), MW).is_range
    assert f.less(MW, between(1, 9, "MW")).dimensionless


def test_probability() -> None:
    """How often a condition holds; of anything else there is no probability."""
    assert f.less(uniform(0, 4, "MW"), quantity("1 MW")).probability() == pytest.approx(
        0.25, abs=1e-3
    )
    assert quantity(1.0).probability() == 1.0
    assert quantity(np.array([1.0, 0.0])).probability() == 0.5
    with pytest.raises(DimensionError, match=r"needs a condition, such as le\.functions\.less"):
        quantity("5 MW").probability()
    with pytest.raises(RangeError, match="needs a condition that is 0 or 1"):
        uniform(0, 4).probability()


def test_where() -> None:
    """A choice by a truth value, an array, or a condition of ranges."""
    assert f.where(True, MW, SIX_KW) == MW
    assert f.where(False, MW, SIX_KW).unit_text == "MW"
    assert f.where(True, 1, 2) == 1.0
    assert type(f.where(True, 1.0, 2.0)) is float
    assert list(f.where(np.array([True, False]), 1.0, 2.0)) == [1.0, 2.0]
    assert f.where(False, ufloat(1, 0.1), 2.0) == 2.0
    assert f.where(quantity(1.0), MW, SIX_KW) == MW
    load = uniform(3, 8, "MW")
    assert f.where(np.False_, MW, load).bounds() == load.bounds()
    high = f.where(f.less(load, MW), load, MW).bounds().high.magnitude
    assert 5 <= high <= 5 * 1.001


def test_ufloats_keep_their_branch() -> None:
    """The winning ufloat itself is returned, so that it stays correlated."""
    x, y = ufloat(1, 0.1), ufloat(2, 0.1)
    assert f.maximum(x, y) is y
    assert f.minimum(x, y) is x
    assert f.maximum(x, 0.5) is x
    assert f.maximum(quantity("5 MW"), Quantity(ufloat(6, 0.1), "MW")).magnitude.std_dev == 0.1


# -- whole numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize("ceil", [f.ceil, np.ceil], ids=["ours", "NumPy's"])
@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (ureg.Quantity(3.2, "kW/W"), quantity(3200)),
        (quantity("3.2 server"), quantity("4 server")),
        (quantity("1.0000001 million request"), quantity("1000001 request")),
        (quantity("240 %"), quantity(3)),
        (quantity(3.2), quantity(4)),
        (ureg.Quantity(2.5, "token/token"), quantity(3)),
    ],
    ids=str,
)
def test_whole_numbers_do_not_depend_on_the_unit(
    ceil: Callable[[Any], Any], value: Quantity, whole: Quantity
) -> None:
    """Plain numbers are reduced first, counts are whole pieces: never 4 kW/W, which is 4000."""
    assert ceil(value) == whole


@pytest.mark.parametrize("rounded", [f.ceil, f.floor, np.ceil, np.floor], ids=str)
@pytest.mark.parametrize("text", ["3.2 kW", "3.2 token/request", "3.2 server*pod", "3.2 USD"])
def test_other_units_have_no_whole_numbers(rounded: Callable[[Any], Any], text: str) -> None:
    """There is no whole number of megawatts that does not depend on the unit."""
    with pytest.raises(DimensionError, match="needs a count or a plain number"):
        rounded(quantity(text))


def test_whole_numbers_of_every_kind() -> None:
    """Floats, arrays, ufloats and ranges."""
    assert f.ceil(3.2) == 4
    assert list(f.floor(np.array([1.5, -1.5]))) == [1, -2]
    assert f.ceil(ufloat(3.2, 0.1)).nominal_value == pytest.approx(4)
    assert f.ceil(uniform(3.2, 5.1, "server")).bounds().high == quantity("6 server")
    assert f.ceil(Quantity(ufloat(3.2, 0.1), "server")).magnitude.std_dev == pytest.approx(0.1)


# -- smooth functions -----------------------------------------------------------------------------


def test_smooth_functions() -> None:
    """The root takes any unit, exponential and logarithm plain numbers only."""
    assert f.sqrt(MW * MW) == MW
    assert type(f.sqrt(4)) is float
    assert f.exp(quantity("100 %")) == pytest.approx(np.e)
    assert list(f.log(np.array([1.0, np.e]))) == [0.0, 1.0]
    assert f.sqrt(ufloat(4, 0.4)).std_dev == pytest.approx(0.1)
    assert f.exp(Quantity(ufloat(0, 0.1), "")).magnitude.std_dev == pytest.approx(0.1)
    assert f.log(between(1, 4)).is_range
    for function in (f.exp, f.log):
        with pytest.raises(DimensionError, match="needs a plain number"):
            function(MW)


# -- NumPy's own ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (np.add, r"np\.add\(.*power.*energy"),
        (np.maximum, r"np\.maximum\(.*power.*energy"),
        (lambda x, y: np.where(True, x, y), r"np\.where\(.*power.*energy"),
        (lambda x, y: np.clip(x, y, y), r"np\.clip"),
        (lambda x, y: np.concatenate([np.atleast_1d(x), np.atleast_1d(y)]), r"np\.concatenate"),
        (lambda x, _: np.exp(x), r"np\.exp"),
    ],
    ids=["add", "maximum", "where", "clip", "concatenate", "exp"],
)
def test_numpy_says_what_is_wrong(call: Callable[[Any, Any], Any], message: str) -> None:
    """Wrong dimensions in NumPy's functions give our error, for exact values and ranges."""
    with pytest.raises(DimensionError, match=message):
        call(MW, quantity("5 MWh"))


def test_numpy_on_ranges() -> None:
    """NumPy's functions record themselves through the unit."""
    load = uniform(3, 8, "MW")
    assert np.maximum(load, SIX_KW) == f.maximum(load, SIX_KW)
    assert np.minimum(MW, load).bounds().high == MW
    assert np.add(load, MW) == load + MW
    assert np.sqrt(load * load).bounds().high.to("MW").magnitude == pytest.approx(8)
    assert np.where(True, load, MW).bounds().high == quantity("8 MW")
    assert np.clip(load, quantity("4 MW"), SIX_KW).bounds().high == SIX_KW
    assert np.exp(load / MW).dimensionless
    assert np.sum([load, MW]).bounds().low == quantity("8 MW")
    assert (np.array([1.0, 2.0]) * load).magnitude.shape == (2,)
    with pytest.raises(TypeError, match=r"np\.sin is not defined for ranges"):
        np.sin(load / MW)


def test_numpy_on_exact_values() -> None:
    """What pint does with arrays still works, out-arguments and angles included."""
    values = quantity(np.array([1.2, 2.5]), "")
    np.testing.assert_allclose(np.sin(values).magnitude, np.sin([1.2, 2.5]))
    out = np.zeros(2)
    np.ceil(values.magnitude, out=out)
    assert list(out) == [2.0, 3.0]
    assert np.add.reduce(values.magnitude) == pytest.approx(3.7)
    assert np.mean(quantity(np.array([1.0, 3.0]), "MW")) == quantity("2 MW")


def test_exact_comparisons_are_conditions_too() -> None:
    """What is compared without a range has a probability of 0 or 1, and a truth value."""
    assert (f.less(MW, SIX_KW).probability(), f.less(SIX_KW, MW).probability()) == (1.0, 0.0)
    assert bool(f.less(quantity("5 kW"), quantity("6 kW")))
    assert f.where(f.less(quantity("5 kW"), quantity("6 kW")), MW, SIX_KW) == MW
