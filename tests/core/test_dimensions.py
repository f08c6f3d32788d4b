"""Dimensions read, check and limit; a law checks its arguments against its signature."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from uncertainties import ufloat

from llm_economics.core import dimensions as dim
from llm_economics.core.axis import axis
from llm_economics.core.dimensions import LAWS, Dimension, formula, law
from llm_economics.core.errors import DimensionError, NotationError, RangeError
from llm_economics.core.fields import as_share
from llm_economics.core.reading import alternatives, between, plus_minus, quantity, uniform
from llm_economics.core.registry import Quantity, ureg


def of(alias: Any) -> Dimension:
    """Return the dimension of a type."""
    found: Dimension = next(e for e in get_args(alias) if isinstance(e, Dimension))
    return found


POWER, SHARE, PUE = of(dim.Power), of(dim.Share), of(dim.PowerUsageEffectiveness)
TOKENS, PER_REQUEST = of(dim.TokenCount), of(dim.TokensPerRequest)
ALIASES = [name for name in dim.__all__ if get_args(getattr(dim, name))]


@pytest.mark.parametrize("name", ALIASES)
def test_every_example_is_read(name: str) -> None:
    """The example that an error offers has the dimension, and so has the unit."""
    dimension = of(getattr(dim, name))
    if name == "TokenRatePerAccelerator":
        assert dimension.read("400 token/s/accelerator").is_range is False
        return
    assert dimension.read(dimension.example).dimensionality == (
        ureg.Quantity(1.0, dimension.unit).dimensionality
    )


@pytest.mark.parametrize(
    ("dimension", "value", "expected"),
    [
        (POWER, "700 W", quantity("700 W")),
        (POWER, quantity("0.7 kW"), quantity("700 W")),
        (SHARE, 0.4, quantity(0.4)),
        (SHARE, "40 %", quantity(0.4)),
        (TOKENS, 15e12, quantity("15 Ttoken")),
        (TOKENS, "15e12", quantity("15 Ttoken")),
        (PER_REQUEST, "500 token", quantity("500 token/request")),
        (PER_REQUEST, 500, quantity("500 token/request")),
        (of(dim.MoneyPerAccelerator), "30 kUSD", quantity("30 kUSD/accelerator")),
    ],
    ids=str,
)
def test_what_is_read(dimension: Dimension, value: Any, expected: Quantity) -> None:
    """Texts and quantities; bare numbers where they are clear; a missing divisor is bridged."""
    assert dimension.read(value) == expected


@pytest.mark.parametrize(
    ("dimension", "value", "error", "message"),
    [
        (POWER, 700, DimensionError, "needs power with a unit, such as '700 W'; got the bare"),
        (POWER, (7, 15), DimensionError, "got the bare number"),
        (POWER, "700 Wh", DimensionError, "^needs power, such as '700 W'; got 700 Wh.*'700 W'"),
        (POWER, "700", DimensionError, "^needs power.*which is a plain number"),
        (POWER, "-5 W", RangeError, "needs at least 0 watt; got -5 W"),
        (POWER, "five", NotationError, "parse"),
        (SHARE, "40 W", DimensionError, "^needs a share, such as '0.4'; got 40 W"),
        (SHARE, 1.2, RangeError, "needs at most 1; got 1.2"),
        (SHARE, "120 %", RangeError, "needs at most 1; got 120 %"),
        (SHARE, (0.4, 1.2), RangeError, "needs at most 1; got 0.4–1.2"),
        (SHARE, between(0.4, 1.2), RangeError, "needs at most 1; got 0.4–1.2"),
        (SHARE, 2 * between(0.6, 0.9), RangeError, "needs at most 1; got 1.2–1.8"),
        (SHARE, quantity(np.array([0.5, 1.5])), RangeError, "needs at most 1"),
        (PUE, 0.9, RangeError, "needs at least 1; got 0.9"),
        (PUE, "0.9-1.2", RangeError, "needs at least 1; got 0.9–1.2"),
    ],
    ids=str,
)
def test_what_is_refused(
    dimension: Dimension, value: Any, error: type[Exception], message: str
) -> None:
    """Errors name the dimension, what came, and what to write."""
    with pytest.raises(error, match=message):
        dimension.read(value)


def test_a_fresh_range_is_truncated() -> None:
    """The tail outside the limits is cut off, in the range's own unit, and the ends stay."""
    for value in ("1.05-1.4", "105-140 %"):
        read = PUE.read(value, name="PUE", source="a page")
        cut = read.magnitude.payload
        assert (cut.distribution.kind, cut.name, cut.source) == ("truncated", "PUE", "a page")
        assert float(read.quantiles(0.0).to("").magnitude[0]) > 1.0
        assert read.bounds().high == quantity(1.4)


def test_a_shared_range_is_clipped() -> None:
    """A range that others hold keeps its identity; its samples stay inside the limits."""
    shared = between(1.05, 1.4)
    read = PUE.read(shared)
    assert float(read.quantiles(0.0).magnitude[0]) == 1.0
    assert float((read - shared).quantiles(0.5).magnitude[0]) == 0.0
    assert read.inputs == shared.inputs
    assert PUE.read(read) is read


def test_a_range_inside_is_left_alone() -> None:
    """Nothing is cut where nothing is outside."""
    for inside in (uniform(1.05, 1.4), 1 + uniform(0.05, 0.4)):
        assert PUE.read(inside) is inside
    assert SHARE.read("0.5-0.9").magnitude.payload.distribution.kind == "truncated"
    assert SHARE.read(alternatives([0.3, 1.0])).magnitude.operation == "variable"


def test_a_computed_range_is_clipped_on_both_sides() -> None:
    """What was computed keeps its inputs and loses what lies outside."""
    half = plus_minus(0.5, 0.3) * 1.1
    read = SHARE.read(half)
    low, high = read.quantiles(0.0, 1.0).magnitude
    assert (low, high) == (0.0, 1.0)
    assert read.inputs == half.inputs


def test_a_ufloat_is_shared() -> None:
    """A ufloat keeps its identity when it is clipped."""
    x = ufloat(0.95, 0.1)
    assert SHARE.read(x).inputs == SHARE.read(x).inputs
    assert (SHARE.read(x) - SHARE.read(x)).quantiles(0, 1).magnitude.tolist() == [0, 0]


def test_a_key_outlives_truncation() -> None:
    """A datum with a key, cut at the same limits twice, is one input; at other limits another."""
    read = [PUE.admit(between(1.05, 1.4, key="site PUE"), fresh=True) for _ in range(2)]
    assert read[0] == read[1]
    number = of(dim.Number).admit(between(1.05, 1.4, key="site PUE", shape="normal"), fresh=True)
    assert number != read[0]


def test_a_dimension_without_limits() -> None:
    """A change may be negative."""
    change = Dimension(name="a change", unit="watt", example="5 W", lower=None)
    assert change.read("-5 W") == quantity("-5 W")
    assert change.read("-5 to 5 W").is_range


def test_upper_limit_alone() -> None:
    """A limit on one side leaves the other alone."""
    below = Dimension(name="a debt", unit="USD", example="-5 USD", lower=None, upper=0.0)
    assert below.read("-9 to -1 USD").is_range
    assert float(below.read(plus_minus(-1, 1, "USD") * 1.5).quantiles(1.0).magnitude[0]) == 0.0
    with pytest.raises(RangeError, match="needs at most 0 USD"):
        below.read("5 USD")


# -- laws -----------------------------------------------------------------------------------------


@pytest.fixture
def energy_used() -> Any:
    """Return a law, and take it off the list afterwards."""

    @law("kWh")
    def energy_used_in_test(*, power: dim.Power, duration: dim.Time, note: str = "") -> dim.Energy:
        del note
        return power * duration

    yield energy_used_in_test
    del LAWS["energy_used_in_test"]


def test_a_law_reads_checks_and_converts(energy_used: Any) -> None:
    """Arguments may be typed as text; the result has the declared unit."""
    assert energy_used(power="700 W", duration="1 day").unit_text == "kWh"
    assert energy_used(power=quantity("700 W"), duration="1 day", note="x").magnitude == (
        pytest.approx(16.8)
    )
    assert LAWS["energy_used_in_test"] is energy_used
    assert energy_used.unit == "kWh"
    assert energy_used.declared()["note"] is None


@pytest.mark.parametrize(
    ("power", "error", "message"),
    [
        ("700 Wh", DimensionError, r"energy_used_in_test\(power\) needs power.*'700 W'"),
        (700, DimensionError, r"energy_used_in_test\(power\) needs power with a unit"),
        ("-7 W", RangeError, r"energy_used_in_test\(power\) needs at least 0 watt"),
        ("seven", NotationError, r"energy_used_in_test\(power\) parse"),
    ],
    ids=str,
)
def test_a_law_names_the_argument(
    energy_used: Any, power: Any, error: type[Exception], message: str
) -> None:
    """Errors say which argument of which law."""
    with pytest.raises(error, match=message):
        energy_used(power=power, duration="1 day")


def test_the_bare_formula_runs_on_anything(energy_used: Any) -> None:
    """Behind a law is a formula on numbers."""
    assert formula(energy_used)(power=700.0, duration=2.0) == 1400.0


def test_a_law_checks_its_own_result() -> None:
    """A formula that gives another dimension than it declares is found at once."""

    @law("kWh")
    def wrong_in_test(*, power: dim.Power) -> dim.Energy:
        return power

    del LAWS["wrong_in_test"]
    with pytest.raises(DimensionError, match="needs energy"):
        wrong_in_test(power="5 W")


@pytest.mark.parametrize(
    ("value", "hint"),
    [(40, "Did you mean '40 %'"), ((38, 43), "Did you mean '38–43 %'"), (400, "got 400$")],
)
def test_a_share_typed_as_percentage(value: object, hint: str) -> None:
    """Forty in place of forty percent is guessed; four hundred is not."""
    with pytest.raises(RangeError, match=hint):
        as_share(value)


def test_swept_inputs_are_checked_as_they_are() -> None:
    """An axis inside the limits passes as it is; one outside is refused."""
    share = axis(0.1, 0.9, 5)
    assert as_share(share) == share
    with pytest.raises(RangeError, match="at most 1"):
        as_share(axis(0.5, 1.5, 5))
