"""`Quantity`: pint's arithmetic, ranges as magnitudes, identity, readable errors, safe display."""

from __future__ import annotations

import base64
import copy
import math
import operator
import pickle
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pint
import pytest
from uncertainties import ufloat

import llm_economics as le
from llm_economics.core import registry
from llm_economics.core.errors import (
    DimensionError,
    LinearizationWarning,
    LLMEconomicsError,
    NotationError,
    RangeError,
    TruthValueError,
)
from llm_economics.core.reading import alternatives, between, quantity
from llm_economics.core.registry import Quantity, ureg

if TYPE_CHECKING:
    from collections.abc import Callable

MW, MWH, HOUR = quantity("5 MW"), quantity("5 MWh"), quantity("1 hour")
RANGE = between(7, 15, "MW")
ARRAY = quantity(np.array([1.0, 2.0]), "MW")


# -- arithmetic -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        operator.add,
        operator.sub,
        operator.iadd,
        operator.isub,
        operator.lt,
        operator.le,
        operator.gt,
        operator.ge,
        operator.mod,
    ],
)
@pytest.mark.parametrize("power", [MW, RANGE, ARRAY], ids=["exact", "range", "array"])
def test_wrong_dimensions_are_named(act: Callable[[Any, Any], Any], power: Quantity) -> None:
    """Power against energy raises, names both, and guesses the slip."""
    with pytest.raises(DimensionError, match=r"power.*which is energy.*Did you mean '5 MW'"):
        act(power, MWH)


@pytest.mark.parametrize(
    ("left", "right", "message"),
    [
        ("5 MWh", "5 MW", "needs energy, such as '5 MWh'; got 5 MW, which is power.*'5 MWh'"),
        ("5 USD", "5 EUR", "needs money.*got 5 EUR, which is money in euros"),
        ("5 GB/s", "5 Hz", "needs bandwidth.*5 Hz, which is of dimension"),
        ("5 TFLOP/s", "5 TFLOP", "needs a compute rate.*which is computation.*'5 TFLOP/s'"),
        ("5 TFLOP", "5 TFLOP/s", r"needs computation.*Did you mean '5 TFLOP/s\*s'"),
        ("5 token", "5 request", "a number of tokens.*which is a number of requests"),
        ("5 user/server", "5 W", "needs a unit like user"),
    ],
    ids=str,
)
def test_slips_of_the_field(left: str, right: str, message: str) -> None:
    """What pint's stock file would add up is told apart here."""
    with pytest.raises(DimensionError, match=message):
        quantity(left) + quantity(right)


@pytest.mark.parametrize("number", [5, 5.0, np.float64(5), np.array([5.0])], ids=repr)
@pytest.mark.parametrize(
    "act", [operator.add, operator.sub, operator.lt, operator.ge], ids=["+", "-", "<", ">="]
)
def test_bare_numbers_have_no_unit(act: Callable[[Any, Any], Any], number: Any) -> None:
    """A number without a unit is neither added to power nor compared with it."""
    for power in (MW, RANGE):
        with pytest.raises(DimensionError, match="which is a plain number without a unit"):
            act(power, number)


def test_zero_has_every_unit() -> None:
    """Zero is zero in any unit, so that sums and signs work."""
    assert sum([MW, MW]) == quantity("10 MW")
    assert MW > 0
    assert not MW < 0


def test_texts_are_not_compared() -> None:
    """A text is not a quantity."""
    with pytest.raises(DimensionError, match="got 6 MW, which is a text, not a quantity"):
        MW < "6 MW"  # noqa: B015


@pytest.mark.parametrize("number", [Fraction(3, 2), Decimal("1.5"), np.float32(1.5)], ids=repr)
def test_all_real_numbers_multiply(number: Any) -> None:
    """Fractions and decimals are numbers too, on either side, exact or not."""
    assert (MW * number).to("MW").magnitude == 7.5
    assert (number * MW).to("MW").magnitude == 7.5
    assert RANGE * number == number * RANGE == RANGE * 1.5
    assert type(Quantity(number, "MW").magnitude) is float


def test_in_place_does_not_reach_into_others() -> None:
    """`x += y` gives x a new value; who shared the old one keeps it."""
    x = shared = quantity(np.array([1.0, 2.0]), "MW")
    x += MW
    x -= quantity("1 MW")
    x *= 2
    x /= 4
    assert list(x.magnitude) == [2.5, 3.0]
    assert list(shared.magnitude) == [1.0, 2.0]
    y = quantity("7 MW")
    y //= quantity("2 MW")
    assert y == 3
    y **= 2
    y %= 4
    assert y == 1


def test_in_place_with_ranges() -> None:
    """A range can be added to an array, and an array to a range, in place."""
    x = ARRAY
    x += RANGE
    assert x == ARRAY + RANGE
    y = RANGE
    y += MW
    assert y == RANGE + MW


def test_floor_division_of_ranges_is_not_defined() -> None:
    """A remainder of a range has no meaning here."""
    with pytest.raises(TypeError, match="unsupported operand"):
        RANGE // MW
    with pytest.raises(TypeError, match="unsupported operand"):
        RANGE % MW


def test_powers() -> None:
    """Exponents are plain numbers, exact or ranges; a base with a unit takes exact ones only."""
    exponent = between(1, 3, shape="uniform")
    assert (2**exponent).bounds().high == quantity(8)
    assert (quantity(3) ** exponent).bounds().high == quantity(27)
    assert (quantity("3") ** exponent.magnitude).bounds().high == quantity(27)
    assert MW ** quantity(2) == MW * MW
    assert RANGE**2 == RANGE**2.0
    assert 2 ** quantity(3) == 8
    with pytest.raises(DimensionError, match="needs a plain number"):
        MW**exponent
    with pytest.raises(DimensionError, match="needs a plain number"):
        2**RANGE


def test_signs() -> None:
    """Plus, minus and absolute value keep unit and kind."""
    assert (-RANGE).bounds().low == quantity(-15, "MW")
    assert quantity(-5, "MW") == -MW
    assert +RANGE == RANGE
    assert abs(quantity(-5, "MW")) == MW


def test_whole_numbers_do_not_overflow() -> None:
    """Arrays of whole numbers become floats: 405e9 times 15e12 is 6.075e24."""
    parameters, tokens = np.array([405 * 10**9]), np.array([15 * 10**12])
    for make in (quantity, Quantity):
        product = make(parameters, "parameter") * make(tokens, "token")
        np.testing.assert_allclose(product.magnitude, [6.075e24])
    assert Quantity(np.int64(3), "MW").magnitude == 3.0
    assert Quantity([1, 2], "MW").magnitude.dtype == np.float64
    assert type(Quantity(np.array(5), "MW").magnitude) is float


# -- comparison, truth, conversion to numbers -----------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda: RANGE < MW,
        lambda: RANGE >= MW,
        lambda: MW > RANGE,
        lambda: RANGE > 0,
        lambda: max(RANGE, MW),
        lambda: min(MW, RANGE),
        lambda: sorted([RANGE, MW]),
        lambda: bool(RANGE),
        lambda: 1 if RANGE else 2,
    ],
    ids=["<", ">=", ">", "> 0", "max", "min", "sorted", "bool", "if"],
)
def test_ranges_have_no_truth_value(ask: Callable[[], Any]) -> None:
    """Python's own choices would freeze one branch; the error says what to write."""
    with pytest.raises(
        TruthValueError, match=r"le\.functions\.maximum.*le\.functions\.where.*probability\(\)"
    ):
        ask()


@pytest.mark.parametrize("convert", [float, int, complex])
def test_converting_to_a_number(convert: Callable[[Any], Any]) -> None:
    """A unit is not dropped silently, and a range is not one number."""
    assert convert(quantity("3.5 kW") / quantity("1 kW")) == convert(3.5)
    with pytest.raises(DimensionError, match=r"would lose the unit; write \.number\('MW'\)"):
        convert(MW)
    for value in (RANGE, RANGE / MW):
        with pytest.raises(TypeError, match="a range is not one number"):
            convert(value)


def test_number_gives_one_float() -> None:
    """The way to leave units behind: the value, or the median of a range."""
    assert MW.number("kW") == 5000.0
    assert RANGE.number("kW") == pytest.approx(math.sqrt(7 * 15) * 1e3, rel=1e-4)
    with pytest.raises(RangeError, match=r"array of shape \(2,\): write \.to\('kW'\)\.magnitude"):
        ARRAY.number("kW")
    with pytest.raises(DimensionError, match="needs energy"):
        MW.number("kWh")


def test_math_of_whole_numbers() -> None:
    """`math.ceil` reduces the unit first; counts stay counts."""
    assert math.ceil(Quantity(3.2, "kW/W")) == 3200
    assert type(math.ceil(quantity("3.2"))) is int
    assert math.floor(quantity("3.7 server")) == quantity("3 server")
    assert math.ceil(RANGE / MW) == np.ceil(RANGE / MW)
    with pytest.raises(DimensionError, match="no whole number of that unit"):
        math.ceil(MW)


# -- equality -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("5 MW", "5000 kW"),
        ("1 hour", "60 minute"),
        ("0.1 kWh", "100 Wh"),
        ("7 %", "0.07"),
        ("1 GiB", "1024 MiB"),
        ("3 USD/Mtoken", "0.000003 USD/token"),
        ("1 year", "12 month"),
    ],
    ids=str,
)
def test_equal_quantities_have_equal_hashes(first: str, second: str) -> None:
    """Equality looks behind the unit, to twelve digits, and so does the hash."""
    one, other = quantity(first), quantity(second)
    assert one == other
    assert (one != other) is False
    assert hash(one) == hash(other)
    assert len({one, other}) == 1


def test_unequal_quantities() -> None:
    """Other values, dimensions and kinds are different."""
    assert quantity("5.000001 MW") != MW
    assert MW != MWH
    assert MW != 5
    assert quantity("0 MW") != quantity("0 MWh")
    assert MW != RANGE
    assert RANGE != 5
    assert MW != "5 MW"
    assert quantity(0.4) == 0.4
    assert hash(quantity("0.4")) == hash(0.4)


def test_arrays_compare_element_by_element() -> None:
    """An array gives an array of answers and has no hash."""
    assert list(quantity("1 MW") == ARRAY) == [True, False]
    assert list(quantity("1 MW") != ARRAY) == [False, True]
    assert list(quantity("1 MW") == ARRAY) == [True, False]
    with pytest.raises(TypeError, match="unhashable"):
        hash(ARRAY)


def test_ranges_are_equal_as_expressions() -> None:
    """The same expression of the same inputs is equal, in whatever unit."""
    assert RANGE.to("kW") == RANGE
    assert hash(RANGE.to("kW")) == hash(RANGE)
    assert (RANGE * HOUR).to("GWh") == RANGE.to("W") * HOUR
    assert between(7, 15, "MW") != RANGE
    assert RANGE * 2 != RANGE
    assert len({RANGE, RANGE.to("GW"), 2 * RANGE}) == 2


# -- identity -------------------------------------------------------------------------------------

COPIES: dict[str, Callable[[Quantity], Quantity]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda q: pickle.loads(pickle.dumps(q)),
    "constructor": Quantity,
    "ureg": ureg.Quantity,
    "to": lambda q: q.to("kW").to("MW"),
    "root units": lambda q: q.to_root_units(),
    "from_tuple": lambda q: Quantity.from_tuple(q.to_tuple()),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=list(COPIES))
def test_copies_are_the_same_input(copied: Callable[[Quantity], Quantity]) -> None:
    """`x - x` is zero and `x / x` one, whatever happened to one of them."""
    for x in (RANGE, RANGE * between(1, 2)):
        assert float(np.abs((x - copied(x)).quantiles(0, 1).to("MW").magnitude).max()) < 1e-8
        np.testing.assert_allclose((x / copied(x)).quantiles(0, 1).to("").magnitude, 1, rtol=1e-12)


def test_copies_of_exact_values_and_arrays() -> None:
    """A copy of an array does not share its memory; a ufloat stays correlated."""
    deep = copy.deepcopy(ARRAY)
    deep.magnitude[0] = 9.0
    assert ARRAY.magnitude[0] == 1.0
    assert pickle.loads(pickle.dumps(MW)) == MW
    number = Quantity(ufloat(5, 0.1), "MW")
    assert (copy.deepcopy(number) - number).magnitude.std_dev == 0


def test_identity_in_a_new_process(elsewhere: Callable[[str], str]) -> None:
    """A range that went through another process is still the same input."""
    x = between(7, 15, "MW", name="travelled")
    there = base64.b64encode(pickle.dumps((x, x * HOUR))).decode()
    code = (
        "import base64, pickle, sys\n"
        f"x, energy = pickle.loads(base64.b64decode('{there}'))\n"
        "from llm_economics.core.reading import between\n"
        "other = between(7, 15, 'MW', name='travelled')\n"
        "difference = energy / x\n"
        "assert difference.quantiles(0, 1).to('hour').magnitude.tolist() == [1, 1]\n"
        "assert (x - other).quantiles(1).to('MW').magnitude[0] > 1\n"
        "print(base64.b64encode(pickle.dumps((x * 2, other))).decode())"
    )
    double, other = pickle.loads(base64.b64decode(elsewhere(code)))
    assert double == x * 2
    assert (double - 2 * x).quantiles(0, 1).magnitude.tolist() == [0, 0]
    assert (x - other).quantiles(1).magnitude[0] > 1


def test_first_use_from_eight_threads(elsewhere: Callable[[str], str]) -> None:
    """The registry is built once, also when eight threads ask first."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import llm_economics as le\n"
        "def use(i):\n"
        "    x = le.between(7, 15, 'MW', key='one') * le.quantity('2 hour')\n"
        "    return str(x.to('kWh')), x.to('MWh').bounds().high.magnitude\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(len(set(pool.map(use, range(64)))))"
    )
    assert elsewhere(code) == "1"


def test_one_range_from_eight_threads() -> None:
    """Threads that evaluate one range agree to the last digit."""
    x = between(1, 4) * between(2, 9)
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda i: (str(x), x.quantiles(0.1, rng=i % 5).magnitude[0]), range(64))
        assert len(set(found)) == 5


# -- reading texts --------------------------------------------------------------------------------


def test_the_constructor_reads_exact_texts() -> None:
    """A text goes through our notation, never through pint's."""
    assert Quantity("700 W") == quantity("700 W")
    assert Quantity("700 W", "kW").magnitude == pytest.approx(0.7)
    assert Quantity("$5").units == ureg.USD
    assert Quantity("1,000 W").magnitude == 1000.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("700(50) W", "write '700 ± 50 W'"),
        ("1,5 W", "write '1.5'"),
        ("[1,2] W", "brackets"),
        ("7-15 MW", r"is a range; write le\.quantity\('7-15 MW'\)"),
    ],
)
def test_texts_that_pint_misreads_are_refused(text: str, message: str) -> None:
    """What has two readings is not guessed."""
    with pytest.raises(NotationError, match=message):
        Quantity(text)


def test_pints_own_ways_to_build_work() -> None:
    """`5 * ureg.MW`, parsed expressions and units on either side give our quantities."""
    assert 5 * ureg.MW == MW
    assert ureg("5 MW") == MW
    assert RANGE * ureg.hour == ureg.hour * RANGE == RANGE * HOUR
    assert type(5 * ureg.MW) is type(MW)
    assert isinstance(MW, Quantity)
    assert isinstance(MW, pint.Quantity)


# -- units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("300 million USD", "million USD"),
        ("40 %", "%"),
        ("3 USD/Mtoken", "USD/Mtoken"),
        ("2 USD/accelerator/hour", "USD/accelerator/h"),
        ("2.5 billion request/day", "billion request/day"),
        ("1.1 L/kWh", "L/kWh"),
        ("5 kg*metre/s**2", "kg·m/s²"),
        ("80 GiB", "GiB"),
        ("0.5 m3", "m3"),
        ("5", ""),
    ],
)
def test_units_as_people_write_them(text: str, unit: str) -> None:
    """Short symbols, number words first, and one sign of multiplication in all versions of pint."""
    assert quantity(text).unit_text == unit


def test_conversion_errors() -> None:
    """A wrong or unknown unit says what was needed."""
    with pytest.raises(DimensionError, match=r"\(5 MW\)\.to\('kWh'\) needs energy"):
        MW.to("kWh")
    with pytest.raises(DimensionError, match="needs energy"):
        MW.to(ureg.kWh)
    with pytest.raises(DimensionError, match="needs energy"):
        MW.to(MWH)
    with pytest.raises(DimensionError, match="'parsec' is not defined"):
        MW.to("parsec")


def test_compact_units() -> None:
    """The prefix follows the value, or the median of a range."""
    assert str(quantity("5000 kWh").to_compact()) == "5 MWh"
    assert (RANGE * 1000).to_compact().unit_text == "GW"


# -- display --------------------------------------------------------------------------------------

SHOWN: dict[str, tuple[Any, str]] = {
    "exact": (MW, "5 MW"),
    "long": (quantity("1234567.891 W"), "1.23457e6 W"),
    "range": (RANGE, "10.2 [7 – 15] MW (median, 90 %)"),
    "plain": (quantity("0.4"), "0.4"),
    "array": (ARRAY, "[1 2] MW"),
    "0-d array": (Quantity(np.array(5.0), "MW"), "5 MW"),
    "NaN": (Quantity(math.nan, "MW"), "nan MW"),
    "infinity": (Quantity(math.inf, "MW"), "inf MW"),
    "array of ranges": (RANGE * np.ones(3), "array of ranges, shape (3,), in MW"),
    "ufloat": (Quantity(ufloat(5, 0.1), "MW"), "5.00±0.10 MW"),
    "undefined": (np.log(between(-1, 1)), "(range that cannot be evaluated: 50 % of"),
    "empty": (Quantity(np.array([]), "MW"), "[] MW"),
}


@pytest.mark.parametrize(("value", "text"), SHOWN.values(), ids=list(SHOWN))
def test_display_never_raises(value: Quantity, text: str) -> None:
    """Whatever the value is, every way to show it works."""
    assert str(value).startswith(text)
    assert repr(value) == f"<Quantity {value}>"
    assert text.partition("(")[0] in value._repr_html_()
    assert value._repr_latex_() is None


@pytest.mark.parametrize(
    ("spec", "exact", "of_range"),
    [
        (".2g", "5 MW", "10 [7 – 15] MW (median, 90 %)"),
        (".5f", "5.00000 MW", "10.247 [7 – 15] MW (median, 90 %)"),
        ("~P", "5.0 MW", "10.2 [7 – 15] MW (median, 90 %)"),
        ("P", "5.0 MW", "10.2 [7 – 15] MW (median, 90 %)"),
        (".99f", None, "10.246950766 ["),
    ],
)
def test_format_specifications(spec: str, exact: str | None, of_range: str) -> None:
    """A specification applies to each of the three numbers of a range."""
    assert exact is None or format(MW, spec) == exact
    assert format(RANGE, spec).startswith(of_range)


def test_pretty_printing_in_a_notebook() -> None:
    """IPython's printer gets one text."""
    written: list[str] = []

    class Printer:
        text = staticmethod(written.append)

    for cycle in (False, True):
        MW._repr_pretty_(Printer(), cycle)
    assert written == ["5 MW", "<Quantity 5 MW>"]


def test_html_is_escaped() -> None:
    """Nothing of a value ends up as a tag."""
    assert "<" not in Quantity(np.array(["<b>"], dtype=object), "MW")._repr_html_()


def test_items_of_arrays() -> None:
    """An array is indexed and walked through like NumPy's."""
    assert ARRAY[1] == quantity("2 MW")
    assert [x.magnitude for x in ARRAY] == [1.0, 2.0]
    assert len(ARRAY) == 2
    with pytest.raises(TypeError):
        RANGE[0]


def test_every_error_is_one_of_ours() -> None:
    """Whoever catches `LLMEconomicsError` or `ValueError` catches wrong units."""
    for kind in (LLMEconomicsError, ValueError):
        with pytest.raises(kind, match="needs power"):
            MW + MWH


def test_quantiles_of_whole_numbers_are_whole() -> None:
    """Between 3 and 4 servers there is no half server."""
    servers = (
        le.functions.ceil(le.between(3, 8, "server")).quantiles(0.05, 0.3, 0.5, 0.95).magnitude
    )
    assert np.array_equal(servers, np.round(servers))
    chosen = alternatives([1, 10], "W", weights=[0.5, 0.5]).quantiles(0.4999, 0.5001).magnitude
    assert set(chosen) == {1.0, 10.0}


def test_log_linear_warns_near_another_branch() -> None:
    """A log-linear answer is blind to the other branch of a maximum, and says so."""
    bill = le.functions.maximum(le.between(1, 9, "USD"), le.quantity("3 USD"))
    with pytest.warns(LinearizationWarning, match="log-linear answer is not fit.*maximum"):
        bill.log_linear()


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (Quantity(3.79878e25, "FLOP"), ".4g", "3.799e25 FLOP"),
        (Quantity(16384.0, "W"), ".2g", "16,000 W"),
        (Quantity(0.30078, "Wh"), "", "0.30078 Wh"),
        (Quantity(np.array([6.54183073, 24.9154]), "GWh"), "", "[6.54183 24.9154] GWh"),
    ],
)
def test_formats_agree(value: Quantity, spec: str, text: str) -> None:
    """Digits asked for and digits by default look alike, also in arrays."""
    assert format(value, spec) == text


def test_answers_show_themselves() -> None:
    """Bounds, summary and log-linear answer print as a sentence at the prompt too."""
    value = le.between(7, 15, "MW")
    for answer in (value.bounds(), value.summary(), value.log_linear()):
        assert repr(answer) == str(answer)


def test_texts_of_units_are_remembered_until_one_is_defined(
    elsewhere: Callable[[str], str],
) -> None:
    """A unit that a user adds later is found, and many texts do not fill the memory."""
    code = (
        "import llm_economics as le, llm_economics.core.registry as r\n"
        "r._TEXTS_KEPT = 3\n"
        "for unit in ('kW', 'MW', 'GW', 'kWh', 'MWh'): le.ureg.Unit(unit)\n"
        "assert len(le.ureg._texts) <= 3\n"
        "le.ureg.define('rack_of_ours = 72 accelerator')\n"
        "print(le.Quantity(2, 'rack_of_ours').to('accelerator'))"
    )
    assert elsewhere(code) == "144 accelerator"


def test_a_unit_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    """What texts of units meant before is forgotten when a unit is added, or there are many."""
    monkeypatch.setattr(registry, "_TEXTS_KEPT", 2)
    assert quantity("2 kWh/request").to("Wh/request") == quantity("2000 Wh/request")
    assert len(ureg._texts) <= 2
    ureg.define("rack_of_this_test = 72 accelerator")
    assert not ureg._texts
    assert quantity("2 rack_of_this_test").number("accelerator") == 144
