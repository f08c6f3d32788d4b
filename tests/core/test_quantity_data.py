"""Quantities as plain data and as JSON: nothing is lost, and nothing that is malformed gets in."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uncertainties import ufloat

from llm_economics.core import functions as f
from llm_economics.core import quantity_data
from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError
from llm_economics.core.reading import (
    alternatives,
    between,
    empirical,
    mixture,
    most_likely,
    quantity,
    uniform,
)
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.uncertain import graph_data
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.distributions import Uniform
from llm_economics.core.uncertain.graph import constant, uncertain
from llm_economics.core.uncertain.graph_data import input_of_key
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

POWER = between(7, 15, "MW", key="exchange/power", name="power", source="permit")
TIME = between(30, 90, "day", name="time")
FACTOR = between(1.05, 1.4, "", limits=(1, None))

EXACT = {
    "number": quantity("5 MWh"),
    "plain number": quantity(0.3),
    "root of a unit": quantity("8 USD") ** (1 / 3),
    "million": quantity("3 million USD"),
    "array": quantity(np.arange(6.0).reshape(2, 3), "W"),
}
RANGES = {
    "log-normal": POWER,
    "normal": between(650, 720, "W"),
    "uniform": uniform(100, 1000, "MWh"),
    "log-uniform": between(1, 100, "g", shape="log-uniform"),
    "other level": between(1, 2, "kg", level=0.5),
    "pert": most_likely(1, 2, 4, "USD"),
    "discrete": alternatives([1, 2, 5], "accelerator", weights=[0.2, 0.3, 0.5]),
    "empirical": empirical([1.0, 4.0, 2.0], "s"),
    "mixture": mixture("0.24 Wh", "0.3-0.5 Wh", weights=[2, 1]),
    "truncated": FACTOR,
    "shown in another unit": POWER.to("kW"),
    "by way of another unit": POWER.to("W").to("kW"),
    "computed": (POWER * TIME * FACTOR).to("GWh"),
    "power": POWER**0.5 / POWER,
    "chosen": f.where(f.less(POWER, quantity("9 MW")), POWER, f.maximum(2 * POWER, POWER)),
    "functions": f.exp(f.log(FACTOR) - f.sqrt(FACTOR)) + abs(-FACTOR) + f.ceil(FACTOR),
}


def again(value: Quantity) -> Quantity:
    return Quantity.from_json(value.to_json())


def same_digits(one: Quantity, other: Quantity) -> bool:
    """Tell whether all quantiles and both guaranteed bounds are equal to the last digit."""
    levels = (0.0, 0.05, 0.5, 0.95, 1.0)
    quantiles = [x.quantiles(*levels).magnitude.tolist() for x in (one, other)]
    bounds = [(x.bounds().low.magnitude, x.bounds().high.magnitude) for x in (one, other)]
    return quantiles[0] == quantiles[1] and bounds[0] == bounds[1]


# -- nothing is lost ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXACT)
def test_exact_value_comes_back(name: str) -> None:
    """Value, shape and unit are the same."""
    value = EXACT[name]
    back = again(value)
    assert back.units == value.units
    assert np.array_equal(back.magnitude, value.magnitude)


@pytest.mark.parametrize("name", RANGES)
def test_range_comes_back(name: str) -> None:
    """Unit, identity, quantiles and bounds are the same, to the last digit."""
    value = RANGES[name]
    back = again(value)
    assert back.units == value.units
    assert back == value
    assert same_digits(back, value)
    assert (back - value).bounds().high.magnitude == 0
    assert (back / value).bounds().low.magnitude == 1


def test_array_of_ranges_comes_back() -> None:
    """An array that took part in the formula is written with it."""
    power = quantity(np.array([1.0, 8.0]), "accelerator") * between(600, 700, "W/accelerator")
    assert again(power).magnitude == power.magnitude
    assert again(power).magnitude.shape == (2,)


def test_long_expression_comes_back() -> None:
    """Depth is no limit: nothing recurses."""
    total = FACTOR
    for _ in range(3_000):
        total = total * 1.0001 + FACTOR
    assert again(total) == total


def test_ufloat_becomes_the_same_range() -> None:
    """A quantity of a ufloat is written as the range that `quantity` makes of it."""
    number = ufloat(700, 35)
    assert again(Quantity(number, "W")) == quantity(number, "W")
    assert again(Quantity(number - number, "W")).magnitude == 0


def test_correlation_comes_back() -> None:
    """A rank-correlated input stays the same member of the same joint distribution."""
    inputs = [Variable.create(Uniform(1, 2), key=f"joint/{i}", unit="W") for i in range(2)]
    joint = Joint([v.stream for v in inputs], ["a", "b"], [[1.0, 0.5], [0.5, 1.0]])
    pair = [v.correlated(joint, i) for i, v in enumerate(inputs)]
    for variable in pair:
        back = again(ureg.Quantity(uncertain(variable), "W"))
        assert back.magnitude.payload is variable
    data = [graph_data.input_to_data(v) for v in pair]
    del pair, variable, back
    made = [graph_data.input_record(d, "it").variable() for d in data]
    assert [v.joint for v in made] == [joint, joint]
    assert [v.member for v in made] == [0, 1]


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "subtract", "multiply", "divide", "maximum", "minimum", "power"]),
        st.integers(0, 20),
        st.integers(0, 20),
        st.floats(0.1, 3.0),
    ),
    min_size=1,
    max_size=12,
)


@given(steps)
def test_any_expression_comes_back(recipe: list[tuple[str, int, int, float]]) -> None:
    """Random graphs, parts shared, keep quantiles and bounds to the last digit."""
    made: list[Any] = [uniform(1, 2), between(1, 3), between(2, 2.5, key="exchange/random")]
    for operation, i, j, number in recipe:
        first, second = made[i % len(made)], made[j % len(made)]
        changed = {
            "add": lambda a, b, c: a + c * b,
            "subtract": lambda a, b, c: a - b / c,
            "multiply": lambda a, b, c: a * b * c,
            "divide": lambda a, b, c: a / (abs(b) + c),
            "maximum": lambda a, b, c: f.maximum(a, b - c),
            "minimum": lambda a, b, c: f.minimum(a * c, b),
            "power": lambda a, _, c: (f.maximum(a, 0.1 + 0 * a)) ** min(c, 1.5),
        }[operation]
        made.append(changed(first, second, number))
    assert same_digits(again(made[-1]), made[-1])


# -- identity ----------------------------------------------------------------------------------


def test_identity_in_another_process(elsewhere: Callable[[str], str]) -> None:
    """Texts written one by one, read elsewhere, cancel, and have the digits that they have here."""
    texts = [x.to_json() for x in (POWER, POWER.to("kW"), POWER * TIME, TIME)]
    code = f"""
import llm_economics as le
power, shown, product, time = (le.Quantity.from_json(text) for text in {texts!r})
print((power * time - product).bounds().high.magnitude, (power / (shown.to("MW"))).number(""))
print([x.hex() for x in product.quantiles(0.05, 0.5, 0.95).magnitude.tolist()])
print([x.hex() for x in (power * time).samples(3, rng=1).magnitude.tolist()])
"""
    cancelled, quantiles, drawn = elsewhere(code).splitlines()
    assert [float(x) for x in cancelled.split()] == [0.0, pytest.approx(1.0, rel=1e-12)]
    here = POWER * TIME
    assert quantiles == str([x.hex() for x in here.quantiles(0.05, 0.5, 0.95).magnitude.tolist()])
    assert drawn == str([x.hex() for x in here.samples(3, rng=1).magnitude.tolist()])


def test_threads_get_one_input() -> None:
    """Eight threads that read one new key at the same moment get one input."""
    data = {"kind": "uniform", "low": 1, "high": 2, "unit": "W", "key": "exchange/threads"}
    start = threading.Barrier(8)

    def read(_: int) -> Quantity:
        start.wait()
        return Quantity.from_dict(data)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read, range(8)))
    assert len({id(x.magnitude.payload) for x in found}) == 1


def test_without_a_key_each_reading_is_independent() -> None:
    """A range written by hand, without a key, is an input of its own."""
    data = {"kind": "uniform", "low": 1, "high": 2, "unit": "W", "name": "load", "source": "guess"}
    first, second = Quantity.from_dict(data), Quantity.from_dict(data)
    assert (first - second).bounds().high.number("W") == pytest.approx(1)
    assert first.inputs == ("load",)


def test_a_key_keeps_its_range() -> None:
    """Another range under a key that is in use is refused, in both layouts."""
    data = {**POWER.to_dict(), "high": 16.0}
    with pytest.raises(RangeError, match="'exchange/power' already stands for log-normal"):
        Quantity.from_dict(data)
    whole = {**(POWER * TIME).to_dict()}
    whole["inputs"] = [data, whole["inputs"][1]]
    with pytest.raises(RangeError, match="already stands for"):
        Quantity.from_dict(whole)


def test_a_key_keeps_its_correlation() -> None:
    """The same range under the same key, with other correlations, is refused."""
    joint = {"members": ["m", "n"], "names": ["m", "n"], "ranks": [[1, 0.5], [0.5, 1]]}
    with pytest.raises(RangeError, match="'exchange/power' already stands for 'power' with other"):
        Quantity.from_dict({**POWER.to_dict(), "joint": joint, "member": 1})


# -- layout ------------------------------------------------------------------------------------


def test_layout_of_a_quoted_range() -> None:
    """Ends stand in the unit in which they were quoted, whatever unit is shown."""
    expected = {
        "kind": "log-normal",
        "low": 7.0,
        "high": 15.0,
        "level": 0.9,
        "unit": "MW",
        "key": "exchange/power",
        "name": "power",
        "source": "permit",
        "stream": "exchange/power",
    }
    assert POWER.to_dict() == expected
    assert POWER.to("kW").to_dict() == {**expected, "shown_in": "kW"}


def test_layout_of_a_computed_range() -> None:
    """Steps are flat; an input that is used twice is written once."""
    data = (2 * FACTOR - FACTOR).to_dict()
    assert data["expression"] == [
        ["variable", [], 0],
        ["constant", [], 2.0],
        ["multiply", [0, 1]],
        ["subtract", [2, 0]],
    ]
    assert [x["kind"] for x in data["inputs"]] == ["truncated"]
    assert data["unit"] == ""


@pytest.mark.parametrize("unit", ["kg", "no unit at all"])
def test_a_label_that_is_not_the_unit_is_only_a_label(unit: str) -> None:
    """A range put into another unit by hand is written as an expression, and comes back."""
    variable = Variable.create(Uniform(1, 2), unit=unit)
    value = ureg.Quantity(uncertain(variable), "W")
    assert "expression" in value.to_dict()
    assert again(value) == value


def test_text_is_one_line_of_ascii() -> None:
    """A file of any encoding keeps it."""
    text = between(1, 2, "USD", name="précio €").to_json()
    assert text.isascii()
    assert "\n" not in text


# -- what cannot be written --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (lambda: Quantity(np.array([True, False])), NotationError, "needs numbers or a range"),
        (lambda: Quantity(np.array([]), "W"), NotationError, "needs numbers or a range"),
        (lambda: Quantity(np.array([1.0, np.inf]), "W"), RangeError, "needs finite numbers"),
        (lambda: POWER * float("inf"), RangeError, "constant .* not finite: inf"),
    ],
    ids=["bools", "nothing", "infinite", "infinite factor"],
)
def test_what_cannot_be_written(
    value: Callable[[], Quantity], error: type[Exception], message: str
) -> None:
    """What could not be read back is not written."""
    with pytest.raises(error, match=message):
        value().to_dict()


def test_limits_of_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too long to be read is not written."""
    monkeypatch.setattr(quantity_data, "MAXIMUM_CHARACTERS", 20)
    with pytest.raises(RangeError, match=r"to_json: a text of .* characters; at most 20"):
        POWER.to_json()
    monkeypatch.setattr(graph_data, "MAXIMUM_STEPS", 2)
    with pytest.raises(RangeError, match="to_dict: an expression of 3 steps is too long"):
        (POWER * TIME).to_dict()


# -- what is malformed -------------------------------------------------------------------------

KEYED = {"kind": "uniform", "low": 1, "high": 2, "unit": "W", "key": "exchange/unread"}
JOINT = {"members": ["m", "n"], "names": ["m", "n"], "ranks": [[1, 0.5], [0.5, 1]]}


def steps_of(*given: Any) -> dict[str, Any]:
    """Return an expression of the input KEYED and these steps."""
    return {"expression": [["variable", [], 0], *given], "inputs": [KEYED], "unit": "W"}


def nested(depth: int) -> Any:
    """Return a distribution inside others."""
    found: dict[str, Any] = {"kind": "uniform", "low": 1, "high": 2}
    for _ in range(depth):
        found = {"kind": "truncated", "base": found, "lower": 1.1}
    return found


DEEP: Any = 1.0
for _ in range(5000):
    DEEP = [DEEP]

MALFORMED = {
    "no object": ([1], "the data: needs an object"),
    "nothing": ({}, "'value' .exact., 'kind' .a range. or 'expression'"),
    "other words": ({"low": 7, "high": 15}, r"'expression' \(computed\); got \['low', 'high'\]"),
    "misspelt word": ({"value": 5, "units": "W"}, "only value, unit .*is it 'unit'.*got 'units'"),
    "foreign word": ({"value": 5, "unit": "W", "zzz": 1}, "only value, unit beside 'value'; got"),
    "no unit": ({"value": 5}, "'unit' beside 'value'"),
    "no inputs": ({"expression": [], "unit": "W"}, "'inputs' beside 'expression'"),
    "text": ({"value": "5", "unit": "W"}, "value: needs a number, or lists of numbers; got '5'"),
    "bool": ({"value": True, "unit": "W"}, "value: needs a number.*got True"),
    "bool in a list": ({"value": [1, True], "unit": "W"}, "value: needs a number.*got True"),
    "None": ({"value": None, "unit": "W"}, "value: needs a number.*got None"),
    "not a number": ({"value": float("nan"), "unit": "W"}, "value: needs finite numbers"),
    "infinite": ({"value": [1.0, float("inf")], "unit": "W"}, "value: needs finite numbers"),
    "huge": ({"value": 10**400, "unit": "W"}, "value: needs finite numbers"),
    "ragged": ({"value": [[1], [2, 3]], "unit": "W"}, "value: needs lists of one length"),
    "mixed": ({"value": [1, [2]], "unit": "W"}, "value: needs a number, or lists"),
    "empty": ({"value": [], "unit": "W"}, r"value: needs a number.*got \[\]"),
    "deep list": ({"value": DEEP, "unit": "W"}, "at most 32 deep"),
    "unit is no text": ({"value": 5, "unit": 5}, "unit: needs a text of at most 200"),
    "long unit": ({"value": 5, "unit": "m*" * 150 + "m"}, "unit: needs a text of at most 200"),
    "unknown unit": ({"value": 5, "unit": "blorps"}, "unit: needs a unit.*got 'blorps'"),
    "unit with code": ({"value": 5, "unit": "__import__('os')"}, "unit: needs a unit, as in"),
    "unit that would take for ever": (
        {"value": 5, "unit": "m**9**9**9**9"},
        "unit: needs a unit.*without powers of numbers",
    ),
    "the same, in words": ({"value": 5, "unit": "m⁹**9**9"}, "without powers of numbers"),
    "the same, in brackets": ({"value": 5, "unit": "m**((9) ** 9)"}, "without powers of numbers"),
    "infinite power": ({"value": 5, "unit": "m**1e999"}, "unit: needs a unit.*finite powers"),
    "range without unit": ({"kind": "uniform", "low": 1, "high": 2}, "'unit'.*plain number"),
    "unknown kind": ({**KEYED, "kind": "gamma"}, "the range: kind must be one of log-normal"),
    "unknown field": ({**KEYED, "hihg": 3}, "the range: uniform takes the fields.*'hihg'"),
    "missing field": (
        {"kind": "uniform", "low": 1, "unit": ""},
        "the range: uniform takes the fields.*check 'high'",
    ),
    "reversed": ({**KEYED, "low": 3}, "the range: Uniform: low must be below high"),
    "bool as an end": ({**KEYED, "low": True}, "the range: Uniform: low must be a finite number"),
    "end not finite": ({**KEYED, "low": float("-inf")}, "low must be a finite number"),
    "huge end": ({**KEYED, "high": 10**400}, "the range: needs finite numbers"),
    "huge kind": ({**KEYED, "kind": 10**5000}, "the range: needs finite numbers"),
    "field that is no text": ({**KEYED, 5: 5}, "the range: needs finite numbers, under names"),
    "deep kind": ({**nested(40), "unit": ""}, "the range: needs at most 16 levels"),
    "name is no text": ({**KEYED, "name": 5}, "the range.name: needs a text; got 5"),
    "empty key": ({**KEYED, "key": ""}, "the range.key: needs a text that is not empty; got ''"),
    "stream without key": (
        {"kind": "uniform", "low": 1, "high": 2, "unit": "", "stream": "s"},
        "the range.key: needs a text that is not empty; got None",
    ),
    "other dimension": ({**KEYED, "shown_in": "day"}, "shown_in: needs a unit of the dimension of"),
    "joint is no object": ({**KEYED, "joint": 5, "member": 0}, "the range.joint: needs an object"),
    "member alone": ({**KEYED, "member": 0}, "the range.joint: needs an object with members"),
    "members are no list": (
        {**KEYED, "joint": {**JOINT, "members": "mn"}, "member": 0},
        "the range.joint.members: needs a list of texts",
    ),
    "ranks of one row": (
        {**KEYED, "joint": {**JOINT, "ranks": [1, 0.5]}, "member": 0},
        "as many names as members, and a square matrix",
    ),
    "no such member": (
        {**KEYED, "joint": JOINT, "member": 2},
        "member: needs a whole number.*to 1",
    ),
    "impossible ranks": (
        {**KEYED, "joint": {**JOINT, "ranks": [[1, 2], [2, 1]]}, "member": 0},
        "the range.joint: .*between -1 and 1",
    ),
    "inputs are no list": ({**steps_of(), "inputs": 5}, "inputs: needs a list of inputs"),
    "input is no object": ({**steps_of(), "inputs": [5]}, r"inputs\[0\]: needs an object"),
    "input without key": (
        {**steps_of(), "inputs": [{"kind": "uniform", "low": 1, "high": 2}]},
        r"inputs\[0\].key: needs a text that is not empty; got None",
    ),
    "no steps": ({**steps_of(), "expression": []}, r"expression: needs a list of steps"),
    "steps are a text": ({**steps_of(), "expression": "x"}, r"expression: needs a list of steps"),
    "step is no list": (steps_of("add"), r"expression\[1\]: needs a step such as"),
    "step is too short": (steps_of(["add"]), r"expression\[1\]: needs a step such as"),
    "unknown operation": (
        steps_of(["eval", [0], "1"]),
        r"expression\[1\]: needs one of variable, constant, add, .*; got 'eval'",
    ),
    "operation is no text": (steps_of([["add"], [0, 0]]), r"expression\[1\]: needs one of"),
    "wrong arity": (steps_of(["add", [0]]), r"expression\[1\]: needs 2 arguments for 'add'"),
    "too much": (steps_of(["negative", [0], 1]), r"needs 1 arguments .* nothing after them"),
    "forward reference": (
        steps_of(["negative", [1]]),
        r"expression\[1\]: needs places of earlier steps, counted from 0; got 1",
    ),
    "from the end": (steps_of(["negative", [-1]]), r"places of earlier steps.*got -1"),
    "place is a bool": (steps_of(["negative", [False]]), "places of earlier steps.*got False"),
    "places are no list": (steps_of(["negative", 0]), "needs a list of the places"),
    "no such input": (steps_of(["variable", [], 1]), r"expression\[1\]: needs the place of one of"),
    "input of others": (steps_of(["variable", [0], 0]), "needs the place of one of the inputs"),
    "input unnamed": (steps_of(["variable", []]), "needs the place of one of the inputs"),
    "constant without number": (steps_of(["constant", []]), r"\['constant', \[\], 5.0\]"),
    "constant of others": (steps_of(["constant", [0], 1.0]), r"\['constant', \[\], 5.0\]"),
    "constant is a text": (steps_of(["constant", [], "1"]), r"expression\[1\]: needs a number"),
    "constant not finite": (
        steps_of(["constant", [], float("nan")]),
        r"expression\[1\]: needs finite numbers",
    ),
    "power of a range": (
        steps_of(["power", [0, 0]]),
        r"expression\[1\]: needs a constant as the exponent.*got 'variable'",
    ),
    "shapes": (
        steps_of(["constant", [], [1, 2]], ["constant", [], [1, 2, 3]], ["add", [1, 2]]),
        r"expression\[3\]: needs arguments of shapes that fit together",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused(name: str) -> None:
    """The message names the place; no input is left behind, even while the error is at hand."""
    data, message = MALFORMED[name]
    with pytest.raises((NotationError, RangeError), match=message) as caught:
        Quantity.from_dict(data)
    assert str(caught.value).startswith("from_dict: ")
    assert len(str(caught.value)) < 600
    assert input_of_key("exchange/unread") is None


@pytest.mark.parametrize("other", [{"key": "exchange/power"}, {"high": 3}], ids=str)
def test_a_refused_file_leaves_no_input_behind(other: dict[str, Any]) -> None:
    """The first input is new, the second one conflicts: then the first is not there either."""
    data = {**steps_of(), "inputs": [KEYED, {**KEYED, **other}]}
    with pytest.raises(RangeError, match="already stands for") as caught:
        Quantity.from_dict(data)
    assert caught.value.__traceback__ is not None
    assert input_of_key("exchange/unread") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "from_json: the text is not JSON"),
        ('{"value": 5', "from_json: the text is not JSON"),
        ('{"value": NaN, "unit": ""}', "from_json: needs finite numbers; got NaN"),
        ('{"value": -Infinity, "unit": ""}', "from_json: needs finite numbers; got -Infinity"),
        ('{"value": 1e999, "unit": ""}', "value: needs finite numbers"),
        ('{"value": 1, "value": 2, "unit": ""}', "the key 'value' comes twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"value": ' + "9" * 5000 + ', "unit": ""}', "from_json: the text is not JSON|finite"),
        ("5", "from_dict: the data: needs an object"),
        (5, "from_json: needs a text; got 5; for a dictionary use from_dict"),
    ],
    ids=lambda x: str(x)[:20],
)
def test_malformed_text_is_refused(text: Any, message: str) -> None:
    """What is not JSON, or not plain JSON, is said to be so."""
    with pytest.raises((NotationError, RangeError), match=message):
        Quantity.from_json(text)


def test_limits_of_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Size is looked at before the work is done."""
    monkeypatch.setattr(graph_data, "MAXIMUM_NUMBERS", 3)
    with pytest.raises(RangeError, match="value: is too large: at most 3 numbers"):
        Quantity.from_dict({"value": [[1, 2], [3, 4]], "unit": ""})
    monkeypatch.setattr(graph_data, "MAXIMUM_STEPS", 1)
    with pytest.raises(RangeError, match="expression: is too long: at most 1 steps are read"):
        Quantity.from_dict(steps_of(["negative", [0]]))
    monkeypatch.setattr(graph_data, "_MAXIMUM_PARTS", 3)
    with pytest.raises(NotationError, match="needs at most 16 levels of parts, and 3 of them"):
        Quantity.from_dict({**KEYED, "values": [1, 2, 3]})
    monkeypatch.setattr(quantity_data, "MAXIMUM_CHARACTERS", 20)
    with pytest.raises(RangeError, match="from_json: a text of 30 characters; at most 20"):
        Quantity.from_json("x" * 30)


def test_a_number_too_long_to_show_is_not_shown() -> None:
    """Python itself refuses to write whole numbers of thousands of digits."""
    with pytest.raises(NotationError, match="got a int that is too long to show"):
        Quantity.from_dict({"value": 5, "unit": 10**5000})


words = st.sampled_from(
    [*KEYED, *JOINT, "value", "expression", "inputs", "shown_in", "joint", "member", "uniform"]
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=6),
    max_leaves=20,
)


@given(plain, words, plain)
def test_nothing_else_is_raised(data: Any, word: str, other: Any) -> None:
    """Whatever comes is either read or refused with an error of this library."""
    for given_ in (data, {**KEYED, word: data}, {**steps_of(["add", [0, 0]]), word: other}):
        try:
            found = Quantity.from_dict(given_)
        except LLMEconomicsError:
            continue
        assert isinstance(found, Quantity)


def test_json_of_the_data_is_the_text() -> None:
    """Both ways to a file write the same."""
    assert json.loads(POWER.to_json()) == POWER.to_dict()
    assert again(ureg.Quantity(constant(5.0), "W")).bounds().low == quantity("5 W")
