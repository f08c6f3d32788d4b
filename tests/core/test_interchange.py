"""Ranges in tables: columns that other packages take, and the way back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uncertainties import ufloat

from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError
from llm_economics.core.interchange import COLUMNS, from_columns, to_columns, to_frame
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
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.distributions import LogUniform, Uniform
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.core.uncertain.graph_data import input_of_key
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

POWER = between(7, 15, "MW", key="table/power", source="permit")
TIME = between(30, 90, "day")
QUOTED = {
    "log-normal": POWER,
    "other unit": POWER.to("kW"),
    "normal": between(650, 720, "W"),
    "other level": between(1, 2, "kg", level=0.5),
    "uniform": uniform(100, 1000, "MWh"),
    "from zero": uniform(0, 1),
    "log-uniform": between(1, 1e6, "g", shape="log-uniform"),
    "pert": most_likely(1, 2, 4, "USD"),
    "discrete": alternatives([1, 2, 5], "accelerator"),
    "empirical": empirical([1.0, 4.0, 2.0], "s"),
    "mixture": mixture("0.24 Wh", "0.3-0.5 Wh"),
    "truncated": between(1.05, 1.4, limits=(1, None)),
}
ROW = {"name": ["it"], "unit": ["W"], "kind": ["log-normal"], "low": [7.0], "high": [15.0]}


def same(one: Quantity, other: Quantity) -> bool:
    return one.units == other.units and one == other


# -- writing -----------------------------------------------------------------------------------


def test_columns_are_plain_lists() -> None:
    """Texts and floats, None where nothing is known, one type in each column."""
    columns = to_columns({"power": POWER, "energy": POWER * TIME, "pue": 1.2, "load": "5 kW"})
    assert tuple(columns) == COLUMNS
    for column, cells in columns.items():
        kinds = {type(cell) for cell in cells if cell is not None}
        assert kinds == {float if column in {"value", "low", "high", "level"} else str}
    assert columns["kind"] == ["log-normal", "computed", "exact", "exact"]
    assert columns["key"] == ["table/power", None, None, None]
    assert columns["source"] == ["permit", None, None, None]
    assert columns["unit"] == ["MW", "day·MW", "dimensionless", "kW"]
    assert columns["low"][2:] == columns["value"][2:] == columns["high"][2:] == [1.2, 5.0]


@pytest.mark.parametrize(
    ("value", "level", "expected"),
    [
        (POWER, 0.9, [math.sqrt(105), 7, 15]),
        (POWER.to("kW"), 0.9, [1e3 * math.sqrt(105), 7000, 15000]),
        (uniform(100, 1000, "MWh"), 0.9, [550, 145, 955]),
        (uniform(100, 1000, "MWh"), 0.5, [550, 325, 775]),
        (quantity("5 MWh"), 0.5, [5, 5, 5]),
    ],
)
def test_figures_of_a_row(value: Quantity, level: float, expected: list[float]) -> None:
    """Median and ends at the level asked for, in the unit of the value."""
    columns = to_columns([value], level=level)
    found = [columns[column][0] for column in ("value", "low", "high", "level")]
    assert found == pytest.approx([*expected, level])


def test_names_of_rows() -> None:
    """Names are given, or those of the ranges, or places."""
    assert to_columns([TIME, POWER * TIME])["name"] == ["30–90 day", "value 2"]
    assert to_columns([TIME, POWER], ["time", "power"])["name"] == ["time", "power"]


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda: to_columns(POWER), NotationError, r"needs several values, such as \{'power'"),
        (lambda: to_columns("5 W"), NotationError, "needs several values.*; got '5 W'"),
        (lambda: to_columns(5), NotationError, "several values.*; got 5"),
        (lambda: to_columns([TIME], []), NotationError, r"each of 1 values; got \[\]"),
        (lambda: to_columns([TIME], [""]), NotationError, "a text that is not empty"),
        (lambda: to_columns({5: TIME}), NotationError, "a name, a text"),
        (lambda: to_columns([TIME, TIME]), RangeError, "two rows are named '30–90 day'"),
        (lambda: to_columns([TIME], level=1), RangeError, "level must be between 0 and 1"),
        (
            lambda: to_columns({"x": quantity(np.array([1.0, 2.0]), "W")}),
            RangeError,
            r"x: needs one number; got an array of shape \(2,\)",
        ),
        (
            lambda: to_columns([POWER * np.array([1.0, 2.0])]),
            RangeError,
            r"a value: needs one number; got an array of shape \(2,\)",
        ),
    ],
)
def test_what_does_not_fit_a_row(
    act: Callable[[], Any], error: type[Exception], message: str
) -> None:
    """The message says what a row needs."""
    with pytest.raises(error, match=message):
        act()


# -- and back ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUOTED)
def test_quoted_range_comes_back_in_this_process(name: str) -> None:
    """The key finds the input, whatever its kind and the unit shown."""
    found = from_columns(to_columns({"it": QUOTED[name]}))["it"]
    assert same(found, QUOTED[name])


@pytest.mark.parametrize("name", QUOTED)
@pytest.mark.parametrize("level", [0.5, 0.9])
def test_exact_copy_brings_everything_back(name: str, level: float) -> None:
    """With the column `data` computed ranges come back too, to the last digit."""
    values = {"it": QUOTED[name], "twice": QUOTED[name] * 2, "exact": quantity("5 MWh")}
    back = from_columns(to_columns(values, level=level, exact_copy=True))
    assert all(same(back[key], value) for key, value in values.items())


def test_table_in_another_process(elsewhere: Callable[[str], str]) -> None:
    """Rows with one key cancel there, whatever their unit; and agree with JSON of that key."""
    values = {"power": POWER, "shown": POWER.to("kW"), "even": QUOTED["uniform"], "five": "5 W"}
    code = f"""
import llm_economics as le
from llm_economics.core.interchange import from_columns
found = from_columns({to_columns(values)!r})
power = le.Quantity.from_json({POWER.to_json()!r})
print((found["power"] - power).bounds().high.magnitude, (found["shown"] / power).number(""))
print(found["even"].bounds().low, found["five"])
"""
    figures, bounds = elsewhere(code).splitlines()
    assert [float(x) for x in figures.split()] == [0.0, pytest.approx(1.0, rel=1e-12)]
    assert bounds == "100 MWh 5 W"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("uniform", Uniform(0, 100)), ("log-uniform", LogUniform(1, 10))],
    ids=["uniform", "log-uniform"],
)
def test_hard_limits_come_back_round(kind: str, expected: Uniform | LogUniform) -> None:
    """From the 90 % range the limits are worked out, without a trace of rounding."""
    low, high = expected.quantile(np.array([0.05, 0.95])).tolist()
    row = {**ROW, "kind": [kind], "low": [low], "high": [high]}
    found = from_columns(row)["it"]
    assert found.magnitude.payload.distribution == expected


def test_row_by_hand_is_an_independent_range() -> None:
    """Without a key each reading is an input of its own, called as the row is."""
    rows = {**ROW, "source": ["guess"], "value": [10.2], "level": [0.8]}
    first, second = from_columns(rows)["it"], from_columns(rows)["it"]
    assert first != second
    variable = first.magnitude.payload
    assert (variable.name, variable.source, variable.unit) == ("it", "guess", "W")
    assert variable.distribution.level == 0.8


def test_order_of_rows_is_kept() -> None:
    """Independent rows are made last, and stand where they stood."""
    columns = to_columns({"a": TIME, "b": 5.0, "c": POWER})
    columns["key"][0] = None
    assert list(from_columns(columns)) == ["a", "b", "c"]
    assert from_columns({column: [] for column in COLUMNS}) == {}


def test_correlated_range_counts_as_computed() -> None:
    """A row cannot say with which inputs it moves; JSON can."""
    inputs = [Variable.create(Uniform(1, 2), key=f"table/{i}", unit="W") for i in range(2)]
    joint = Joint([v.stream for v in inputs], ["a", "b"], [[1.0, 0.5], [0.5, 1.0]])
    value = ureg.Quantity(uncertain(inputs[0].correlated(joint, 0)), "W")
    columns = to_columns({"it": value}, exact_copy=True)
    assert (columns["kind"], columns["key"]) == (["computed"], [None])
    assert same(from_columns(columns)["it"], value)


def test_ufloats_are_computed_ranges() -> None:
    """A ufloat is taken as everywhere; its row is read back from its data."""
    number = ufloat(700, 35)
    columns = to_columns({"it": Quantity(number, "W")}, exact_copy=True)
    assert same(from_columns(columns)["it"], quantity(number, "W"))


# -- other packages ----------------------------------------------------------------------------


def test_pandas_and_back() -> None:
    """A data frame, and one that went through a CSV file, bring the same ranges back."""
    pandas = pytest.importorskip("pandas")
    values = {"power": POWER, "energy": POWER * TIME, "pue": 1.2, "even": QUOTED["uniform"]}
    frame = to_frame(values, exact_copy=True)
    assert list(frame.columns) == [*COLUMNS, "data"]
    assert frame["low"].dtype == np.float64
    text = frame.to_csv(index=False)
    for table in (
        frame,
        pandas.read_csv(pandas.io.common.StringIO(text)),
        frame.convert_dtypes(),
        frame.astype(object),
    ):
        back = from_columns(table)
        assert all(same(back[name], quantity(value)) for name, value in values.items())


def test_pyarrow_and_back() -> None:
    """The columns are an Arrow table as they are."""
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(to_columns({"power": POWER, "pue": 1.2}))
    assert same(from_columns(table)["power"], POWER)


def test_tables_that_speak_of_themselves() -> None:
    """What has `to_pydict` (pyarrow) is asked for its columns."""

    class Table:
        def to_pydict(self) -> dict[str, list[Any]]:
            return to_columns({"power": POWER})

    assert same(from_columns(Table())["power"], POWER)


# -- what is malformed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kay": ["x"]}, "there is no column 'kay'; is it 'key'?"),
        ({5: ["x"]}, "there is no column 5; leave it out"),
        ({"name": ["it", "too"]}, "needs columns of one length"),
        ({"name": [None]}, r"row 0 \(None\): name: is empty"),
        ({"name": [""]}, "name: is empty"),
        ({"name": [5]}, r"row 0 \(5\): name: needs a text; got 5"),
        ({"unit": [math.nan]}, r"row 0 \('it'\): unit: is empty; write 'dimensionless'"),
        ({"unit": ["blorps"]}, r"row 0 \('it'\): unit: needs a unit"),
        ({"kind": [None]}, "kind: is empty"),
        ({"kind": ["gamma"]}, "a row alone can tell exact, log-normal, .*; got 'gamma'"),
        ({"kind": ["computed"]}, r"got 'computed'.*to_columns\(..., exact_copy=True\)"),
        ({"kind": ["mixture"], "key": ["table/mixture"]}, "exact_copy=True"),
        ({"low": [None]}, "low: is empty; 'log-normal' needs a number here"),
        ({"low": ["7"]}, "low: needs a number; got '7'"),
        ({"low": [True]}, "low: needs a number; got True"),
        ({"low": [math.inf]}, "low: needs a finite number"),
        ({"low": [10**400]}, "low: needs a finite number"),
        ({"low": [20.0]}, r"row 0 \('it'\): LogNormal: low must be below high"),
        ({"kind": ["log-uniform"], "low": [-1.0]}, "LogUniform: low must be above 0"),
        ({"kind": ["log-uniform"], "level": [1e-9]}, "out of reach of floats"),
        ({"value": [7.0]}, "value: is 7, but the median of log-normal, .* is 10.247"),
        ({"level": [1.0]}, "level: must be between 0 and 1"),
        ({"kind": ["exact"]}, "value: is empty; 'exact' needs a number here"),
        ({"kind": ["exact"], "value": [8.0]}, "low: is 7, but the value .* has 8 W"),
        ({"data": ["5"]}, r"row 0 \('it'\): the data: needs an object"),
        ({"data": ['{"value": [1, 2], "unit": "W"}']}, "needs one number; got an array"),
        ({"data": [POWER.to_json()]}, "row says log-normal in W, its data log-normal in MW"),
        ({"data": [POWER.to_json()], "unit": ["MW"], "low": [8.0]}, "low: is 8, but .* has 7 MW"),
        ({"key": ["table/power"]}, "low: is 7, but the value that the row stands for has 7000000"),
        ({"key": ["table/power"], "unit": ["s"]}, r"row 0 \('it'\): .*which is power"),
        ({"key": ["table/power"], "unit": ["MW"], "kind": ["normal"]}, "'table/power' already st"),
    ],
    ids=str,
)
def test_what_is_malformed_is_refused(change: dict[Any, Any], message: str) -> None:
    """The message names row and column."""
    with pytest.raises((NotationError, RangeError), match=message) as caught:
        from_columns({**ROW, **change})
    assert str(caught.value).startswith("from_columns: ")


@pytest.mark.parametrize("columns", [None, 5, "name", [ROW]], ids=str)
def test_what_is_no_table_is_refused(columns: Any) -> None:
    """Columns come by name."""
    with pytest.raises(NotationError, match="needs columns by name, or a data frame; got"):
        from_columns(columns)


def test_a_missing_column_is_named() -> None:
    """Three columns are needed; the cells of others may be empty."""
    with pytest.raises(NotationError, match="the column 'unit' is missing"):
        from_columns({"name": ["it"], "kind": ["exact"]})


def test_two_rows_of_one_name_are_refused() -> None:
    """Values are found by their name."""
    with pytest.raises(RangeError, match="from_columns: two rows are named 'it'"):
        from_columns({column: cells * 2 for column, cells in ROW.items()})


def test_a_refused_table_leaves_no_input_behind() -> None:
    """Two rows give one new key to two ranges: neither is there afterwards."""
    table = {column: cells * 2 for column, cells in ROW.items()}
    table |= {"name": ["a", "b"], "key": ["table/unread"] * 2, "high": [15.0, 16.0]}
    with pytest.raises(RangeError, match=r"row 1 \('b'\): high: is 16, .* has 15 W") as caught:
        from_columns(table)
    assert caught.value.__traceback__ is not None
    assert input_of_key("table/unread") is None


cells = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(st.dictionaries(st.sampled_from([*COLUMNS, "data"]), st.lists(cells, max_size=1)))
def test_nothing_else_is_raised(change: dict[str, Any]) -> None:
    """Whatever comes is either read or refused with an error of this library."""
    try:
        found = from_columns({**ROW, **change})
    except LLMEconomicsError:
        return
    assert set(found) <= {"it", *map(str, change.get("name", []))}
