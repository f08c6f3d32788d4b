"""The text of a quantity or range is read in every usual spelling, or refused with advice."""

from __future__ import annotations

import re
from math import isfinite

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import LLMEconomicsError, NotationError
from llm_economics.core.notation import Notation, parse

RANGES = [
    ("7-15 MW", 7, 15, "MW"),
    ("7–15 MW", 7, 15, "MW"),
    ("7 — 15 MW", 7, 15, "MW"),
    ("7 -15 MW", 7, 15, "MW"),
    ("  7\u00a0–\u202f15\tMW ", 7, 15, "MW"),
    ("7 to 15 MW", 7, 15, "MW"),
    ("7 MW to 15 MW", 7, 15, "MW"),
    ("7 a 15 MW", 7, 15, "MW"),
    ("7..15 MW", 7, 15, "MW"),
    ("7…15 MW", 7, 15, "MW"),
    ("between 7 and 15 MW", 7, 15, "MW"),
    ("Between 7 MW and 15 MW", 7, 15, "MW"),
    ("from 7 to 15 MW", 7, 15, "MW"),
    ("entre 7 y 15 MW", 7, 15, "MW"),
    ("[7, 15] MW", 7, 15, "MW"),
    ("(650, 720) W", 650, 720, "W"),
    ("(7-15) MW", 7, 15, "MW"),
    ("[1,000, 2,000] W", 1000, 2000, "W"),
    ("7-7 MW", 7, 7, "MW"),
    ("-5 to 10 W", -5, 10, "W"),
    ("-10--5 W", -10, -5, "W"),
    ("−10 – −5 W", -10, -5, "W"),
    ("1e-3-2e-3 s", 1e-3, 2e-3, "s"),
    ("0.01–0.5 Wh", 0.01, 0.5, "Wh"),
    ("22.4–47.9 %", 22.4, 47.9, "percent"),
    ("5 % - 6 %", 5, 6, "percent"),
    ("1.08-1.25", 1.08, 1.25, ""),
    ("7 a to 15 a", 7, 15, "a"),
    ("5 s⁻¹ - 7 s^-1", 5, 7, "s**-1"),
    ("5 s**-1-7 s**-1", 5, 7, "s**-1"),
    ("about 7-15 MW", 7, 15, "MW"),
    ("300 to 600 million USD", 300, 600, "million USD"),
    ("300 million USD to 600 million USD", 300, 600, "million USD"),
    ("300 million to 600 million USD", 300, 600, "million USD"),
    ("USD 300-600 million", 300, 600, "million USD"),
    ("$300-600 million", 300, 600, "million USD"),
    ("~US$300-600 million", 300, 600, "million USD"),
    ("€300-600 million", 300, 600, "million EUR"),
    ("$5 - $10", 5, 10, "USD"),
    ("$5 - $10/year", 5, 10, "USD/year"),
    ("$0.05-0.12/kWh", 0.05, 0.12, "USD/kWh"),
    ("$0.05/kWh - $0.12/kWh", 0.05, 0.12, "USD/kWh"),
    ("300 – 600 millones USD", 300, 600, "million USD"),
    ("Aproximadamente 300 – 600 millones de USD", 300, 600, "million USD"),
]

OWN_LOWER_UNIT = [
    ("500 kW - 2 MW", 500, "kW", 2, "MW"),
    ("900 million to 3 billion USD", 900, "million USD", 3, "billion USD"),
    ("900 million USD to 3 billion USD", 900, "million USD", 3, "billion USD"),
    ("$900 million - $3 billion", 900, "million USD", 3, "billion USD"),
    ("$900 million - 3 billion", 900, "million USD", 3, "billion USD"),
    ("900 million to 3 billion", 900, "million", 3, "billion"),
    ("900 millones – 3 mil millones USD", 900, "million USD", 3, "billion USD"),
    ("900 million to 3 billion request/day", 900, "million request/day", 3, "billion request/day"),
    ("900 million to 3 billion/day", 900, "million/day", 3, "billion/day"),
    ("900 thousand to 3000000 USD", 900, "thousand USD", 3000000, "USD"),
    ("2 MW - 500 kW", 2, "MW", 500, "kW"),
]

EXACT = [
    ("700 W", 700, "W"),
    ("7", 7, ""),
    ("+5 W", 5, "W"),
    ("-5 W", -5, "W"),
    ("5e-3 W", 5e-3, "W"),
    ("7. W", 7, "W"),
    ("15.6e12 token", 15.6e12, "token"),
    ("1,000 W", 1000, "W"),
    ("12,345,678.5 W", 12345678.5, "W"),
    ("16_384 accelerator", 16384, "accelerator"),
    ("2.5 billion request/day", 2.5, "billion request/day"),
    ("700 W/accelerator", 700, "W/accelerator"),
    ("700 W / accelerator", 700, "W/accelerator"),
    ("700 W per accelerator", 700, "W/accelerator"),
    ("2 USD/accelerator/hour", 2, "USD/accelerator/hour"),
    ("5 kW*h", 5, "kW*h"),
    ("5 kW·h", 5, "kW*h"),
    ("5 kW.h", 5, "kW*h"),
    ("3 MW h", 3, "MW h"),
    ("5 W/(m*K)", 5, "W/(m*K)"),
    ("5 m²", 5, "m**2"),
    ("5 m^2 s", 5, "m**2 s"),
    ("5 m ** 2", 5, "m**2"),
    ("5 µW", 5, "uW"),
    ("5 \u03bcW", 5, "uW"),
    ("989.4 TFLOP/s", 989.4, "TFLOP/s"),
    ("80 GiB", 80, "GiB"),
    ("384 gCO₂e/kWh", 384, "gCO2e/kWh"),
    ("10 %", 10, "percent"),
    ("10%", 10, "percent"),
    ("5 %/year", 5, "percent/year"),
    ("$300 million", 300, "million USD"),
    ("$300 million USD", 300, "million USD"),
    ("$2/accelerator/hour", 2, "USD/accelerator/hour"),
    ("$3 billion/year", 3, "billion USD/year"),
    ("0.05 $/kWh", 0.05, "USD/kWh"),
    ("300 k$", 300, "kUSD"),
    ("300 €", 300, "EUR"),
    ("300 Millions USD", 300, "million USD"),
    ("3 mil millones USD", 3, "billion USD"),
    ("3 mil USD", 3, "thousand USD"),
]

SPREADS = [
    ("700 W ± 5 %", 700, 35, "W"),
    ("700 ± 35 W", 700, 35, "W"),
    ("700 W ± 35 W", 700, 35, "W"),
    ("(700 ± 35) W", 700, 35, "W"),
    ("700 +/- 35 W", 700, 35, "W"),
    ("700±35W", 700, 35, "W"),
    ("-700 W ± 5 %", -700, 35, "W"),
    ("~400 gCO2e/kWh (±30%)", 400, 120, "gCO2e/kWh"),
    ("400 W (± 30 W)", 400, 30, "W"),
    ("(22 ± 5) %", 22, 5, "percent"),
    ("1.2 ± 0.1", 1.2, 0.1, ""),
    ("$300 ± 20 million", 300, 20, "million USD"),
    ("$300 million ± 5 %", 300, 15, "million USD"),
    ("7 ± 0 W", 7, 0, "W"),
]

ABOUT = [
    ("~0.3 Wh", 0.3, "Wh"),
    ("≈0.3 Wh", 0.3, "Wh"),
    ("about 0.3 Wh", 0.3, "Wh"),
    ("Approx. 0.3 Wh", 0.3, "Wh"),
    ("ca. 0.3 Wh", 0.3, "Wh"),
    ("aproximadamente 10 GWh", 10, "GWh"),
    ("~$300 million", 300, "million USD"),
]

LEVELS = [
    ("7-15 MW (95 %)", 0.95),
    ("7-15 MW (90 % range)", 0.9),
    ("7-15 MW (99.5% confidence interval)", 0.995),
    ("[7, 15] MW (80 % CI)", 0.8),
    ("700 ± 35 W (95 %)", 0.95),
]

REFUSED = [
    ("", "it is empty; write a figure and a unit"),
    ("   ", "it is empty"),
    ("MW", "no figure at the start of 'MW'"),
    ("x3 W", "no figure at the start"),
    ("× 3", "no figure at the start"),
    ("٣ W", "no figure at the start"),
    ("A$300", "no figure at the start"),
    (".5 W", "write '0.5'"),
    ("nan W", "not a finite number"),
    ("inf W", "not a finite number"),
    ("-Infinity", "not a finite number"),
    ("1e999 W", "too large for a number"),
    ("1.7e308 ± 1.7e308 W", "ends are too large"),
    ("1,5 W", "write '1.5'"),
    ("0,500 W", "write '0.500'"),
    ("1,23,456 W", "write '123456'"),
    ("1_5 W", "underscore in '1_5' is ambiguous; write '15'"),
    ("1,000_000 W", "write '1000000'"),
    ("1.234,5 W", "a comma does not separate two ends"),
    ("1.000.000 W", "two decimal points"),
    ("16 384 token", "write '16,384 token'"),
    ("3 × 10^6 W", "write '3e6'"),
    ("1/3 day", "fractions are not read"),
    ("700(50) W", "write '700 ± 50 W'"),
    ("700 (50)", "write '700 ± 50 W'"),
    ("15-7 MW", "write '7-15 MW'"),
    ("5 to -7 W", "write '-7 to 5 W'"),
    ("7-15-20 MW", "it has 3 ends"),
    ("7, 15 MW", re.escape("write '7-15 MW' or '[7, 15] MW'")),
    ("[7,15] MW", "brackets hold two plain figures"),
    ("[7, 15) MW", "brackets hold two plain figures"),
    ("[7 W, 15 W]", "brackets hold two plain figures"),
    ("(", "brackets hold two plain figures"),
    ("7 and 15 MW", "'and' is no range; write '7 to 15 MW'"),
    ("7 y 15 MW", "'y' is no range"),
    ("from 7 and 15 MW", "'and' is no range"),
    ("from 7 MW", "'from' needs two ends"),
    ("7 - MW", "no second figure"),
    ("7 MW - 15", "second figure has no unit; write '7-15 MW'"),
    ("hundreds of MWh", "write '100-1000 MWh'"),
    ("cientos MW", "write '100-1000 MW'"),
    ("several", "write '3-9 MWh'"),
    (">= 100 MUSD", "write both ends"),
    ("≥100 MUSD", "one side only"),
    ("~ >100 MUSD", "one side only"),
    ("more than 100", "one side only"),
    ("up to 100 MW", "one side only"),
    ("más de 100 MW", "one side only"),
    ("100+ MW", "'100[+]' bounds one side only"),
    ("100 MW or more", "'or' is no unit"),
    ("7 billones USD", "write 'trillion' or 'billion'"),
    ("22 % ± 5 %", re.escape("write '(22 ± 5) %' for points")),
    ("22 ± 5 %", "two readings"),
    ("22 % (±5 %)", "two readings"),
    ("700 W ± 35", "write '700 ± 35 W'"),
    ("700 W ± 0.035 kW", "both in one unit"),
    ("700 ± -35 W", "write '± 35'"),
    ("± 35 W", "no figure on one side"),
    ("700 W ±", "no figure on one side"),
    ("7-15 ± 2 W", "not beside a range"),
    ("7-15 W (± 5 %)", "not beside a range"),
    ("7 ± 2 ± 3 W", "'±' cannot stand there"),
    ("700 W (95 %)", "a level needs a range"),
    ("~700 W (95 %)", "a level needs a range"),
    ("7-15 MW (100 %)", "not between 0 and 100 %"),
    ("7-15 MW (0 %)", "not between 0 and 100 %"),
    ("7-15 MW (30–90 days)", "neither a spread nor a level"),
    ("700 W (max)", "brackets at the end hold"),
    ("$300M", "write '300 million USD'"),
    ("$5 W", "'W' follows an amount in USD"),
    ("$5 - €6", "mixes USD and EUR"),
    ("$300 - $600 million", "write '300-600 million USD'"),
    ("2.5/day", "write '2.5 request/day'"),
    ("5/day to 6 request/day", "does not say what is counted"),
    ("5 W**999999", "exponent in .* is not simple"),
    ("5 m**2**9", "is not simple"),
    ("5 (m*s)**2", "is not simple"),
    ("5 m**2.5", "further figure in the unit"),
    ("5 m*2", "further figure"),
    ("5 W 6", "further figure"),
    ("5 accelerator-hour", "write a product as"),
    ("5 W;x", "';' cannot stand there"),
    ("5 W\x00", "cannot stand there"),
    ("5 __import__('os')", "brackets at the end"),
    ("5 W//h", "'/' cannot stand there"),
    ("5 W/", "is not complete"),
    ("5 (W", "is not complete"),
    ("5 W)", "cannot stand there"),
    ("5 W/((m))", "cannot stand there|brackets at the end"),
    ("5 ½", "'½' is no unit"),
    ("5 W to lots", "'to' is no unit"),
    ("5 " + "W" * 199, "201 characters; write at most 200"),
]


@pytest.mark.parametrize(("text", "low", "high", "unit"), RANGES)
def test_range(text: str, low: float, high: float, unit: str) -> None:
    """Every usual spelling of a range gives the two ends and one unit text."""
    expected = Notation(form="range", low=low, high=high, value=None, unit=unit)
    assert parse(text) == expected


@pytest.mark.parametrize(("text", "low", "low_unit", "high", "unit"), OWN_LOWER_UNIT)
def test_lower_end_with_its_own_unit(
    text: str, low: float, low_unit: str, high: float, unit: str
) -> None:
    """A lower end in another unit keeps it, completed by what only the upper end says."""
    expected = Notation(form="range", low=low, high=high, value=None, unit=unit, low_unit=low_unit)
    assert parse(text) == expected


@pytest.mark.parametrize(("text", "value", "unit"), EXACT)
def test_exact(text: str, value: float, unit: str) -> None:
    """A single figure is exact, with the unit text in one spelling."""
    assert parse(text) == Notation(form="exact", low=value, high=value, value=value, unit=unit)


@pytest.mark.parametrize(("text", "value", "spread", "unit"), SPREADS)
def test_plus_minus(text: str, value: float, spread: float, unit: str) -> None:
    """A spread is given in the unit of the value, also if it was stated in percent."""
    found = parse(text)
    assert (found.form, found.value, found.unit, found.level) == ("plus_minus", value, unit, None)
    assert found.spread == pytest.approx(spread)
    assert (found.low, found.high) == pytest.approx((value - spread, value + spread))


@pytest.mark.parametrize(("text", "value", "unit"), ABOUT)
def test_about(text: str, value: float, unit: str) -> None:
    """A figure said to be about right is a form of its own: no spread is invented here."""
    assert parse(text) == Notation(form="about", low=value, high=value, value=value, unit=unit)


@pytest.mark.parametrize(("text", "level"), LEVELS)
def test_level(text: str, level: float) -> None:
    """A stated level is kept and is no part of the unit."""
    found = parse(text)
    assert found.level == pytest.approx(level)
    assert found.unit in {"MW", "W"}


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refusal_says_what_to_write(text: str, message: str) -> None:
    """What has no reading, or two, is refused; the error quotes the text and gives advice."""
    with pytest.raises(NotationError, match=message) as caught:
        parse(text)
    assert "parse: cannot read " in str(caught.value)
    assert repr(text)[:60] in str(caught.value)
    assert isinstance(caught.value, LLMEconomicsError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("thing", [None, 7, 7.5, b"7 W", ("7", "W"), ["7 W"]])
def test_only_text(thing: object) -> None:
    """Anything but text is refused with its type."""
    with pytest.raises(NotationError, match=f"needs a text .* got {type(thing).__name__}"):
        parse(thing)  # type: ignore[arg-type]


def test_long_quotes_are_cut() -> None:
    """An error stays readable when the text is not."""
    with pytest.raises(NotationError) as caught:
        parse("7 W " * 10_000)
    assert len(str(caught.value)) < 200


def test_notation_is_frozen() -> None:
    """What was read cannot be changed."""
    with pytest.raises(FrozenInstanceError):
        parse("7 W").low = 8  # type: ignore[misc]


HOSTILE = [
    "1,",
    "1_1",
    "1.",
    "1e",
    "(",
    ")",
    "([",
    " ",
    "-",
    "- ",
    "..",
    "a ",
    "1 a ",
    "**",
    "m**2",
]
HOSTILE += ["1-", "1 to ", "$", "±", "mil millones ", "(1 %", "W/", "W*(", "²⁻", "USD "]


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("start", ["", "1", "1 W", "[1", "between 1"])
def test_hostile_repetition_ends(start: str, piece: str) -> None:
    """Repetitions that make a backtracking pattern explode are read or refused at once."""
    text = (start + piece * 200)[:199] + "!"
    with pytest.raises(NotationError):
        parse(text)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
SEPARATORS = ["-", " - ", "–", " – ", "—", " — ", "−", " to ", " a ", "..", " .. ", "...", "…"]


@given(ends=st.tuples(FINITE, FINITE), separator=st.sampled_from(SEPARATORS))
def test_every_pair_is_read_back(ends: tuple[float, float], separator: str) -> None:
    """Two floats, whatever stands between them, come back bit for bit."""
    low, high = sorted(ends)
    for text in (f"{low!r}{separator}{high!r} W", f"{low!r} W{separator}{high!r} W"):
        found = parse(text)
        assert (found.form, found.low, found.high, found.unit) == ("range", low, high, "W")


@given(ends=st.tuples(FINITE, FINITE))
def test_every_tuple_is_read_back(ends: tuple[float, float]) -> None:
    """The text of a tuple or list of two floats is a range."""
    low, high = sorted(ends)
    for text in (f"{(low, high)} W", f"{[low, high]} W", f"between {low} and {high} W"):
        assert (parse(text).low, parse(text).high) == (low, high)


@given(value=FINITE, thousands=st.sampled_from(["", ",", "_"]))
def test_every_figure_is_read_back(value: float, thousands: str) -> None:
    """A float is read back, also with separators of thousands."""
    assert parse(f"{value:{thousands}} W").value == value


@given(ends=st.tuples(FINITE, FINITE).filter(lambda ends: ends[0] > ends[1]))
def test_every_reversed_pair_gets_advice_that_works(ends: tuple[float, float]) -> None:
    """The advice of a refused range is itself a range with the ends the right way round."""
    with pytest.raises(NotationError, match="from high to low") as caught:
        parse(f"{ends[0]!r} to {ends[1]!r} W")
    advice = str(caught.value).rpartition("write ")[2].strip("'")
    assert (parse(advice).low, parse(advice).high) == (ends[1], ends[0])


WORDS = ["between ", " and ", "about ", " mil ", " (95 %)", "kW*h", "CO2", "inf", "nan", "**"]
SIGNS = "0123456789.,_-+eE()[]{}%$€±~^*/ \t\n²⁻µ·×–½"
FRAGMENTS = st.sampled_from([*SIGNS, *SEPARATORS, *WORDS, " W", "USD ", " million"])


@given(text=st.one_of(st.text(), st.lists(FRAGMENTS).map("".join)))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    """Any text gives finite figures and a harmless unit, or NotationError; never another error."""
    try:
        found = parse(text)
    except NotationError:
        return
    assert isfinite(found.low)
    assert isfinite(found.high)
    for unit in (found.unit, found.low_unit or ""):
        assert re.fullmatch(r"(?:[\w */()]|(?<=\*\*)-)*", unit)
        assert not re.search(r"\*\*-?[0-9]{3}", unit)
        assert not unit[:1].isdigit()
