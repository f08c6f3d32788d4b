"""Ufloats and pint's measurements meet ranges: they become ranges and stay correlated."""

from __future__ import annotations

import copy
import gc
import operator
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pint
import pytest
from uncertainties import ufloat

import llm_economics as le
from llm_economics.core.errors import DimensionError, TruthValueError
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import Measurement, Quantity, operands, ureg
from llm_economics.core.uncertain import linear
from llm_economics.core.uncertain.graph import Uncertain

if TYPE_CHECKING:
    from collections.abc import Callable

YOURS: Any = pint.UnitRegistry()  # noqa: TID251 - a user's own
SHARE = between(0.3, 0.6)
POWER = between(500, 900, "W")
NUMBER = ufloat(0.5, 0.05)
MEASURED: dict[str, Any] = {
    "a quantity of a ufloat": Quantity(ufloat(700, 35), "W"),
    "a measurement": ureg.Measurement(700, 35, "W"),
    "made by plus_minus": quantity("700 W").plus_minus(35),
    "made by a share": quantity("700 W").plus_minus(0.05, relative=True),
    "a foreign measurement": YOURS.Measurement(700, 35, "W"),
    "a foreign quantity": YOURS.Quantity(ufloat(700, 35), "W"),
    "a foreign one by plus_minus": YOURS.Quantity(0.7, "kW").plus_minus(0.035),
}
OURS = [name for name, value in MEASURED.items() if isinstance(value, Quantity)]
ACTS = [operator.add, operator.sub, operator.mul, operator.truediv]


def nothing(value: Quantity) -> bool:
    """Tell whether a range is zero but for rounding."""
    low, high = value.quantiles(0.001, 0.999).magnitude
    return abs(low) < 1e-12 and abs(high) < 1e-12


@pytest.mark.parametrize("act", [*ACTS, operator.pow], ids=lambda act: act.__name__)
def test_bare_ufloat_meets_a_range(act: Callable[[Any, Any], Any]) -> None:
    """On either side of an operator the answer is that of the ufloat as a range."""
    known = quantity(NUMBER)
    assert nothing(act(SHARE, NUMBER) - act(SHARE, known))
    assert nothing(act(NUMBER, SHARE) - act(known, SHARE))


@pytest.mark.parametrize("name", MEASURED)
@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_measurement_meets_a_range(name: str, act: Callable[[Any, Any], Any]) -> None:
    """Of our registry on either side, of another one on the right, as pint has it."""
    value = MEASURED[name]
    known = quantity(value)
    unit = act(POWER, known).units
    assert nothing((act(POWER, value).to(unit) - act(POWER, known)) / quantity(1.0, str(unit)))
    if name in OURS:
        difference = act(value, POWER) - act(known, POWER)
        assert nothing(difference / ureg.Quantity(1.0, difference.units))


@pytest.mark.parametrize("name", MEASURED)
def test_measurement_is_taken_at_the_doors(name: str) -> None:
    """`quantity` makes a range of it, each time the same one; `Quantity` keeps the ufloat."""
    value = MEASURED[name]
    made = quantity(value)
    assert made.is_range
    assert nothing((made - quantity(value)) / made)
    assert made.median().number("W") == pytest.approx(700, rel=1e-3)
    assert Quantity(value).to("W").magnitude.std_dev == pytest.approx(35)


@pytest.mark.parametrize("name", MEASURED)
def test_measurement_is_taken_by_a_noun(name: str) -> None:
    """Where a field asks for power, a measurement of power is taken."""
    assert le.Accelerator(name="mine", power=MEASURED[name]).power == quantity(MEASURED[name])


def test_correlation_is_kept() -> None:
    """What rests on one ufloat cancels, in whatever form it came."""
    number = ufloat(700, 35)
    forms = [
        quantity(number, "W"),
        Quantity(number, "W"),
        ureg.Measurement(number, "W"),
        YOURS.Measurement(number, "W"),
        YOURS.Quantity(number, "W").to("kW"),
        Quantity(2 * number, "W") / 2,
    ]
    for form in forms:
        assert nothing((POWER + form - POWER - number * quantity("1 W")) / quantity("1 W"))


def test_exact_values_stay_with_ufloats() -> None:
    """Without a range pint and `uncertainties` do what they always do."""
    assert (quantity("3 W") * NUMBER).magnitude.std_dev == pytest.approx(0.15)
    assert (NUMBER * quantity("3 W")).magnitude.std_dev == pytest.approx(0.15)
    assert (quantity(2.0) ** NUMBER).magnitude.nominal_value == pytest.approx(2**0.5)
    assert operands(NUMBER, 2.0) == (NUMBER, 2.0)
    measured = ureg.Measurement(700, 35, "W")
    assert type(measured + measured) is type(measured * 2) is type(measured)
    assert isinstance(measured, Measurement)
    assert (measured.value, measured.error) == (quantity("700 W"), quantity("35 W"))


def test_a_bare_expression_meets_a_measurement() -> None:
    """The magnitude of a range counts as a range."""
    node = SHARE.magnitude
    assert isinstance(node, Uncertain)
    assert (Quantity(ufloat(2, 0.1)) * node).is_range
    assert (node ** Quantity(ufloat(2, 0.1))).is_range


def test_a_ufloat_without_spread_is_a_number() -> None:
    """A power with it is an ordinary power, and keeps the unit."""
    two = NUMBER - NUMBER + 2
    assert (POWER**two).units == ureg.Unit("W**2")


@pytest.mark.parametrize("ufunc", [np.maximum, np.minimum, np.add, np.multiply])
def test_numpy_functions(ufunc: Callable[[Any, Any], Any]) -> None:
    """NumPy's functions take a ufloat beside a range, in either order."""
    known = quantity(NUMBER)
    assert ufunc(SHARE, NUMBER) == ufunc(SHARE, known)
    assert ufunc(NUMBER, SHARE) == ufunc(known, SHARE)
    assert np.where(True, SHARE, NUMBER).magnitude.shape == ()


@pytest.mark.parametrize("name", OURS)
def test_numpy_functions_of_measurements(name: str) -> None:
    """A measurement beside a range too."""
    assert np.maximum(POWER, MEASURED[name]) == np.maximum(POWER, quantity(MEASURED[name]))


@pytest.mark.parametrize("name", MEASURED)
def test_own_functions(name: str) -> None:
    """The functions that choose and compare take a measurement beside a range."""
    value, known = MEASURED[name], quantity(MEASURED[name])
    assert le.functions.maximum(POWER, value) == le.functions.maximum(POWER, known)
    assert nothing(
        (le.functions.minimum(value, POWER) - le.functions.minimum(known, POWER)) / quantity("1 W")
    )
    assert le.functions.less(POWER, value) == le.functions.less(POWER, known)
    assert le.functions.where(le.functions.less(SHARE, 0.5), POWER, value) == le.functions.where(
        le.functions.less(SHARE, 0.5), POWER, known
    )


def test_a_range_chooses_between_ufloats() -> None:
    """A condition that is a range makes ranges of what it chooses from."""
    assert le.functions.where(le.functions.less(SHARE, 0.5), NUMBER, 2 * NUMBER).is_range


def test_ufloats_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last ones keep their identity; an older one does while a range rests on it."""
    number = ufloat(700, 35)
    key = quantity(number, "W").to_dict()["inputs"][0]["key"]
    gc.collect()
    assert quantity(number, "W").to_dict()["inputs"][0]["key"] == key
    monkeypatch.setattr(linear, "_KEPT", 5)
    kept = quantity(number, "W")
    for _ in range(100):
        quantity(ufloat(700, 35), "W")
    gc.collect()
    assert nothing((kept - quantity(number, "W")) / quantity("1 W"))
    assert len(linear._recent) == 5
    before = len(linear._as_variable)
    for _ in range(100):
        quantity(ufloat(700, 35), "W")
    gc.collect()
    assert len(linear._as_variable) <= before + 1


def test_errors_are_ours() -> None:
    """Wrong units and questions without one answer are refused as for any range."""
    with pytest.raises(DimensionError, match="which is a plain number"):
        POWER + NUMBER
    with pytest.raises(DimensionError, match="which is power"):
        POWER**NUMBER
    with pytest.raises(TruthValueError, match=r"le\.functions\.maximum"):
        bool(SHARE < NUMBER)
    with pytest.raises(DimensionError, match=r"needs time, .*which is power"):
        ureg.Measurement(700, 35, "W").to("s")
    assert NUMBER != SHARE


def test_a_measurement_is_written_without_warnings() -> None:
    """The way of pint to write one warns; ours does not, nor does its absolute value."""
    measured = ureg.Measurement(-700, 35, "W")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert str(measured) == "-700±35 W"
        assert f"{measured:.1f}" == "-700.0+/-35.0 W"
        assert abs(measured).magnitude.nominal_value == 700
        assert abs(abs(measured)).magnitude.nominal_value == 700
        assert "700" in repr(measured)


def test_a_measurement_keeps_its_identity_in_copies() -> None:
    """Copies rest on the same ufloat; a pickle is a quantity, with the same figures."""
    measured = ureg.Measurement(700, 35, "W")
    assert (copy.copy(measured) - measured).magnitude.std_dev == 0
    assert (copy.deepcopy(measured) - measured).magnitude.std_dev == 0
    kept = pickle.loads(pickle.dumps(measured))
    assert (kept.magnitude.nominal_value, kept.magnitude.std_dev) == (700, 35)
    assert kept.units == measured.units
