"""Making quantities of whatever a person would type, and ranges with a stated shape."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from uncertainties import ufloat

from llm_economics.core.errors import DimensionError, NotationError, RangeError
from llm_economics.core.reading import (
    about,
    alternatives,
    between,
    empirical,
    mixture,
    most_likely,
    plus_minus,
    quantity,
    quoted,
    uniform,
)
from llm_economics.core.registry import Quantity, ureg

if TYPE_CHECKING:
    from collections.abc import Callable


def ends(value: Quantity, unit: str) -> tuple[float, float]:
    """Return the quoted ends of a range."""
    low, high = value.to(unit).bounds()
    return float(low.magnitude), float(high.magnitude)


def distribution(value: Quantity) -> str:
    return str(value.magnitude.payload.distribution.describe())


@pytest.mark.parametrize(
    ("value", "unit", "number"),
    [
        ("700 W", "W", 700),
        ("2.5 billion request/day", "request/day", 2.5e9),
        ("$5", "USD", 5),
        ("40 %", "", 0.4),
        ("0.1 m3", "litre", 100),
        (5, "", 5),
        (Fraction(1, 2), "", 0.5),
        (Decimal("0.5"), "", 0.5),
        (np.float32(0.5), "", 0.5),
        (np.int64(5), "", 5),
        (np.array(5), "", 5),
        (ureg.Quantity(5.0, "MW"), "kW", 5000),
    ],
    ids=repr,
)
def test_exact_values(value: Any, unit: str, number: float) -> None:
    """Texts, numbers of every kind and quantities."""
    read = quantity(value)
    assert not read.is_range
    assert type(read.magnitude) is float
    assert read.to(unit).magnitude == pytest.approx(number)


def test_the_unit_argument() -> None:
    """The unit of a number, or the unit to convert a text or quantity to."""
    assert quantity(5, "MW") == quantity("5 MW")
    assert quantity("5 MW", "kW").magnitude == pytest.approx(5000)
    assert quantity("5 MW", "MW").magnitude == 5
    assert quantity(np.array([1, 2]), "MW").magnitude.dtype == np.float64
    with pytest.raises(DimensionError, match="needs energy"):
        quantity("5 MW", "MWh")
    with pytest.raises(NotationError, match="the unit 'parsec' cannot be read"):
        quantity(5, "parsec")


@pytest.mark.parametrize(
    ("value", "unit", "low", "high"),
    [
        ("7-15 MW", "MW", 7, 15),
        ("7–15 MW", "MW", 7, 15),
        ("300 to 600 million USD", "MUSD", 300, 600),
        ("900 million to 3 billion USD", "MUSD", 900, 3000),
        ((7, 15, "MW"), "MW", 7, 15),
        ((0.38, 0.43), "", 0.38, 0.43),
        ("~0.3 Wh", "Wh", 0.3 / 1.3, 0.3 * 1.3),
        ("700 W ± 35 W", "W", 700 - 1.6449 * 35, 700 + 1.6449 * 35),
        ("700 W ± 5 %", "W", 700 - 1.6449 * 35, 700 + 1.6449 * 35),
    ],
    ids=repr,
)
def test_ranges(value: Any, unit: str, low: float, high: float) -> None:
    """Texts and tuples keep the ends that were quoted."""
    read = quantity(value)
    assert read.is_range
    assert ends(read, unit) == pytest.approx((low, high), rel=1e-4)


def test_a_stated_probability_is_used() -> None:
    """A spread with a level is that many standard deviations; ends with one hold that much."""
    half = quantity("700 ± 35 W (95 %)")
    assert half.linear().magnitude.std_dev == pytest.approx(35 / 1.95996, rel=1e-4)
    assert distribution(quoted("7-15 MW", level=0.5)) == "log-normal, 50 % in 7 to 15"


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (True, NotationError, "needs a number or a text such as '5 MWh'; got True"),
        (None, NotationError, "got None"),
        ("", NotationError, "parse"),
        ("five MW", NotationError, "parse"),
        (object(), NotationError, "needs a number or a text"),
        (np.array(["a"]), NotationError, "needs a number or a text"),
        (float("nan"), RangeError, "Leave out what is unknown"),
        (np.array([1.0, np.inf]), RangeError, "needs finite numbers"),
        ((1, 2, 3, 4), NotationError, r"a tuple needs \(low, high\)"),
        ((15, 7, "MW"), RangeError, "runs from high to low"),
        ("5 ton", NotationError, "'ton' cannot be read.*Did you mean 'tonne'"),
        ("5 TFLOPS", NotationError, "'TFLOPS' cannot be read.*FLOP/s for a rate"),
        ("5 Gbps", NotationError, "'Gbps' cannot be read.*Write bit/s or B/s"),
        ("5 mw", NotationError, "'mw' cannot be read.*Did you mean 'MW'"),
        ("5 KWH", NotationError, "'KWH' cannot be read.*Did you mean 'kWh'"),
        ("5 zzzzq", NotationError, "there is no 'zzzzq'.$"),
    ],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)
def test_what_cannot_be_read(value: Any, error: type[Exception], message: str) -> None:
    """Errors say what is needed instead."""
    with pytest.raises(error, match=message):
        quantity(value)


def test_limits_cut_a_fresh_range() -> None:
    """A range is truncated at its limits; ends and exact values outside are refused."""
    effectiveness = quantity("1.05-1.4", limits=(1.0, None))
    assert float(effectiveness.quantiles(0.0).magnitude[0]) >= 1.0
    assert quantity("1.2", limits=(1.0, 2.0)) == 1.2
    with pytest.raises(RangeError, match=r"needs at least 1; got '0\.9'"):
        quantity("0.9", limits=(1.0, None))
    with pytest.raises(RangeError, match=r"needs at most 1; got '1\.1'"):
        quantity("1.1", limits=(None, 1.0))
    with pytest.raises(RangeError, match="must stay inside the lower limit"):
        quantity("0.9-1.4", limits=(1.0, None))
    assert ends(between(0.2, 0.9, limits=(0, 1)), "") == (0.2, 0.9)


def test_names_and_sources_stick() -> None:
    """What a range is called and where it comes from is shown with its share."""
    power = quantity("7-15 MW", name="power", source="a page")
    assert power.inputs == ("power",)
    assert power.contributions()[0].source == "a page"
    assert quantity((7, 15), "MW", name="load").inputs == ("load",)


def test_between_reads_texts_and_quantities() -> None:
    """The ends may carry their own units; the unit is that of the upper one unless stated."""
    assert ends(between("900 kW", "2 MW"), "MW") == (0.9, 2)
    assert between("900 kW", "2 MW").unit_text == "MW"
    assert between(quantity("900 kW"), "2 MW", "W").unit_text == "W"
    assert ends(between("1", "2"), "") == (1, 2)
    with pytest.raises(RangeError, match="low needs one number"):
        between(np.array([1.0, 2.0]), 3)  # type: ignore[arg-type]
    with pytest.raises(DimensionError, match="needs power"):
        between("1 MWh", "2 MW")


def test_one_key_is_one_input() -> None:
    """Ranges made under one key cancel; others are independent."""
    one, same = (between(7, 15, "MW", key="reading-key") for _ in range(2))
    assert list((one - same).quantiles(0, 1).magnitude) == [0, 0]
    assert float((one - between(7, 15, "MW")).quantiles(1.0).magnitude[0]) > 1


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: between(7, 15, "MW"), "log-normal, 90 % in 7 to 15"),
        (lambda: between(7, 8, "MW"), "normal, 90 % in 7 to 8"),
        (lambda: between(7, 15, "MW", shape="log-uniform"), "log-uniform, 7 to 15"),
        (lambda: uniform(7, 15, "MW"), "uniform, 7 to 15"),
        (lambda: plus_minus(10, 1, "MW"), "normal, 90 % in 8.35515 to 11.6449"),
        (lambda: about(10, "MW", factor=2), "log-normal, 90 % in 5 to 20"),
        (lambda: most_likely(1, 2, 9, "MW"), "PERT"),
        (lambda: alternatives([4, 8], "MW", weights=[1, 3]), "discrete, 4 (25 %), 8 (75 %)"),
        (lambda: alternatives([4, 8], "MW"), "discrete, 4 (50 %), 8 (50 %)"),
        (lambda: empirical([1, 2, 4], "MW"), "empirical, 3 values in 1 to 4"),
        (lambda: quoted("7-15 MW", shape="uniform"), "uniform, 7 to 15"),
        (lambda: quoted("7-15 MW", name="x", source="y"), "log-normal, 90 % in 7 to 15"),
        (lambda: quoted("~10 MW", key="about ten"), "log-normal, 90 % in 7.69231 to 13"),
    ],
    ids=[
        "wide",
        "narrow",
        "stated",
        "uniform",
        "plus_minus",
        "about",
        "most_likely",
        "weighted",
        "alternatives",
        "empirical",
        "quoted, stated",
        "quoted",
        "quoted, about",
    ],
)
def test_shapes(made: Callable[[], Quantity], text: str) -> None:
    """Each way to make a range gives the distribution that it promises."""
    assert distribution(made()).casefold().startswith(text.casefold())
    assert made().unit_text == "MW"


def test_quoted_exact_figures() -> None:
    """A figure of a file without a range is exact."""
    assert quoted("700 W") == quantity("700 W")


def test_mixture_takes_one_source_at_a_time() -> None:
    """Each draw is from one source, in its own unit; an exact source counts as one."""
    mixed = mixture("0.24 Wh", "300-500 mWh", weights=[1, 3])
    assert ends(mixed, "Wh") == pytest.approx((0.24, 0.5))
    share = np.mean(mixed.samples(4096).to("Wh").magnitude < 0.25)
    assert share == pytest.approx(0.25, abs=0.02)
    assert ends(mixture("1-2 MW", "1500-2500 kW"), "MW") == (1, 2.5)


@pytest.mark.parametrize(
    "source",
    [lambda: between(1, 2) * between(1, 2), lambda: -between(1, 2), lambda: -1 * between(1, 2)],
    ids=["product", "negative", "factor"],
)
def test_mixture_needs_quoted_ranges(source: Callable[[], Quantity]) -> None:
    """A computed range has no distribution of its own."""
    with pytest.raises(RangeError, match=r"mixture\(\) needs quoted ranges"):
        mixture(source(), between(1, 2))


def test_mixture_of_arrays_is_refused() -> None:
    """A source is one number or one range."""
    with pytest.raises(RangeError, match="a source needs one number"):
        mixture(quantity(np.array([1.0, 2.0])), between(1, 2))


def test_ufloats_are_read() -> None:
    """A ufloat is a range; one of which nothing is uncertain is exact."""
    x = ufloat(5, 0.1)
    assert quantity(x, "MW").is_range
    assert quantity(x, "MW") == quantity(Quantity(x, "MW"))
    assert not quantity(x - x + 1, "MW").is_range


def test_nodes_are_read() -> None:
    """A bare node of the graph takes a unit."""
    node = between(1, 2).magnitude
    assert quantity(node, "MW").unit_text == "MW"
    assert quantity(quantity(node, "MW")) == quantity(node, "MW")


def test_a_broken_unit_is_named() -> None:
    """Whatever pint stumbles over, the unit is named."""
    with pytest.raises(NotationError, match=r"the unit 'MW\*\*' cannot be read; write it as in"):
        quantity(5, "MW**")
    with pytest.raises(NotationError, match=r"the unit '\(' cannot be read"):
        quantity(5, "(")
