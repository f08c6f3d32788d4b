"""A labelled array: picked by place and by value, printed, and handed to xarray and pandas."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.axis import axis
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.functions import log
from llm_economics.core.reading import between, quantity, uniform

if TYPE_CHECKING:
    from llm_economics.core.labelled import Labelled

PRICE = between(0.04, 0.12, "USD/kWh", name="price", source="a survey")
COST = (quantity("5 MWh") * PRICE / uniform(0.3, 0.5, name="mfu")).to("USD")
SWEEP = COST.sweep(price=axis(0.05, 0.25, 5, "USD/kWh"), mfu=axis([0.25, 0.5]))
CENTRAL = SWEEP.central()
QUANTILES = SWEEP.quantiles(0.05, 0.5, 0.999)
NUMBERS = np.outer([250, 500, 750, 1000, 1250], [4.0, 2.0])


@pytest.mark.parametrize(
    ("key", "dims"),
    [
        (0, ("mfu",)),
        (slice(1, 3), ("price", "mfu")),
        ((slice(None), 1), ("price",)),
        ((..., -1), ("price",)),
        ((np.int64(2), ...), ("mfu",)),
        (..., ("price", "mfu")),
        ((slice(None, None, 2), slice(1, None)), ("price", "mfu")),
    ],
    ids=str,
)
def test_picked_by_place(key: Any, dims: tuple[str, ...]) -> None:
    """Numbers are picked as from an array, and the labels with them."""
    found = CENTRAL[key]
    np.testing.assert_allclose(found.values.magnitude, NUMBERS[key], rtol=1e-14)
    assert found.dims == dims
    assert found.shape == NUMBERS[key].shape
    for name in dims:
        assert len(found.coords[name]) == found.shape[dims.index(name)]


def test_one_number_is_a_quantity() -> None:
    """Where nothing is left to label, a quantity comes out."""
    assert CENTRAL[1, 0] == quantity("2000 USD")
    assert str(CENTRAL.sel(price="0.1 USD/kWh", mfu=0.5)) == "1,000 USD"


def test_where_it_was_picked_is_kept() -> None:
    """A dimension that is cut away leaves its place behind."""
    row = CENTRAL[1]
    assert row.at == {"price": quantity("0.1 USD/kWh")}
    assert [part.at["price"].magnitude for part in CENTRAL] == [0.05, 0.1, 0.15, 0.2, 0.25]
    assert len(CENTRAL) == 5


@pytest.mark.parametrize(
    ("places", "numbers"),
    [
        ({"price": "0.1 USD/kWh"}, NUMBERS[1]),
        ({"price": "110 USD/MWh"}, NUMBERS[1]),
        ({"price": quantity("0.25 USD/kWh")}, NUMBERS[4]),
        ({"price": "0.05 USD/kWh"}, NUMBERS[0]),
        ({"mfu": 0.3}, NUMBERS[:, 0]),
        ({"mfu": "50 %"}, NUMBERS[:, 1]),
        ({}, NUMBERS),
    ],
    ids=range(7),
)
def test_picked_by_value(places: dict[str, Any], numbers: Any) -> None:
    """The nearest value counts, in any unit."""
    np.testing.assert_allclose(CENTRAL.sel(**places).values.magnitude, numbers, rtol=1e-14)


@pytest.mark.parametrize(
    ("places", "error", "message"),
    [
        (
            {"prise": 1},
            UnknownNameError,
            "no dimension named 'prise'.*The dimensions are price, mfu",
        ),
        ({"price": 0.1}, DimensionError, "price=.* needs a value in a unit such as 'USD/kWh'"),
        ({"mfu": "1 W"}, DimensionError, "mfu=.* needs a plain number; got 1 W"),
        ({"price": "0.3 USD/kWh"}, RangeError, "from 0.05 to 0.25 USD/kWh; got 0.3"),
        ({"price": "0.1-0.2 USD/kWh"}, NotationError, "range"),
    ],
    ids=range(5),
)
def test_values_that_are_not_there(
    places: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Beyond its ends an axis has no nearest value."""
    with pytest.raises(error, match=message):
        CENTRAL.sel(**places)


@pytest.mark.parametrize("key", ["price", (0, 0, 0), 1.5, [0, 1]], ids=str)
def test_places_that_are_none(key: Any) -> None:
    """Anything but whole numbers and slices is refused."""
    with pytest.raises(RangeError, match="dimensions price, mfu is picked from by whole numbers"):
        CENTRAL[key]


def test_change_of_unit() -> None:
    """Numbers are converted, labels stay."""
    found = CENTRAL.to("kUSD")
    np.testing.assert_allclose(found.values.magnitude, NUMBERS / 1000, rtol=1e-14)
    assert found.values.unit_text == "kUSD"
    assert found.coords == CENTRAL.coords


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (
            CENTRAL,
            """<Labelled: central case in USD, price 5 x mfu 2>
  price   0.05 … 0.25 USD/kWh (5)
  mfu     0.25, 0.5 (2)
  values  500 … 5,000""",
        ),
        (
            QUANTILES.sel(price="0.1 USD/kWh")[:1],
            """<Labelled: quantiles in USD, mfu 1 x quantile 3>
  mfu       0.25 (1)
  quantile  0.05, 0.5, 0.999 (3)
  price     at 0.1 USD/kWh
  values    2,000 … 2,000""",
        ),
    ],
    ids=["central", "quantiles"],
)
def test_print(found: Labelled, text: str) -> None:
    """It prints in a few lines, however many cells it has."""
    assert repr(found) == text


def test_print_of_undefined_cells() -> None:
    """Cells that are undefined are counted."""
    found = log(uniform(-1, 2, name="x") * 1.0).sweep(x=axis([-2.0, -1.0, 1.0, 2.0])).central()
    assert "undefined (NaN) in 2 cells" in repr(found)
    assert repr(found[:2]).endswith("undefined (NaN) everywhere")


def test_in_memory_there_is_nothing_to_compute() -> None:
    """Computing what is known returns it."""
    assert CENTRAL.compute() is CENTRAL
    assert not CENTRAL.is_lazy


def test_to_xarray() -> None:
    """Units stand in the attributes, of coordinates too."""
    pytest.importorskip("xarray")
    found = QUANTILES.to_xarray()
    assert found.dims == ("price", "mfu", "quantile")
    assert found.attrs == {"units": "USD", "long_name": "quantiles"}
    assert found["price"].attrs == {
        "units": "USD/kWh",
        "long_name": "price",
        "source": "a survey",
    }
    assert found["quantile"].attrs == {"units": "1"}
    np.testing.assert_array_equal(found.to_numpy(), QUANTILES.values.magnitude)
    picked = CENTRAL[1].to_xarray()
    assert picked.coords["price"].item() == 0.1
    assert float(CENTRAL.to_xarray().sel(price=0.1, mfu=0.5, method="nearest")) == 1000.0


def test_to_frame() -> None:
    """A tidy table: a row per cell, a column per dimension and per quantile."""
    pandas = pytest.importorskip("pandas")
    frame = CENTRAL.to_frame()
    assert list(frame.columns) == ["price", "mfu", "value"]
    assert frame.attrs["units"] == {"price": "USD/kWh", "mfu": "", "value": "USD"}
    assert frame.shape == (10, 3)
    np.testing.assert_allclose(frame["value"] * frame["mfu"], 5000 * frame["price"], rtol=1e-12)
    wide = QUANTILES.to_frame()
    assert list(wide.columns) == ["price", "mfu", "q5", "q50", "q99.9"]
    cells = QUANTILES.values.magnitude.reshape(10, 3)
    np.testing.assert_array_equal(wide[["q5", "q50", "q99.9"]].to_numpy(), cells)
    pandas.testing.assert_frame_equal(wide[["price", "mfu"]], frame[["price", "mfu"]])
    assert list(QUANTILES[0, 0].to_frame().columns) == ["q5", "q50", "q99.9"]


def test_a_column_has_one_meaning() -> None:
    """A dimension that is called like a column of answers would be overwritten."""
    pytest.importorskip("pandas")
    found = between(1, 2, name="value").sweep(value=axis([1, 2])).central()
    with pytest.raises(RangeError, match="'value' is called like a column"):
        found.to_frame()


@pytest.mark.parametrize(("package", "ask"), [("xarray", "to_xarray"), ("pandas", "to_frame")])
def test_missing_packages(package: str, ask: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says how to get it."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingInputError, match=rf"{ask}\(\) needs {package}"):
        getattr(CENTRAL, ask)()
