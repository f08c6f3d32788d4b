"""`find` and `to_frame`: entries by what stands in them, and shelves as frames."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import llm_economics as le
from llm_economics.catalog.finding import Found
from llm_economics.catalog.shelf import Shelf
from llm_economics.catalog.stock import CatalogWarning, Stock
from llm_economics.claim.metrics import METRICS
from llm_economics.core.errors import DimensionError, NotationError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CHIPS = {
    "one": le.Accelerator(
        name="one",
        vendor="A Maker",
        aliases=["uno"],
        memory="80 GiB",
        price="10-40 kUSD/accelerator",
        peaks={"bf16": "100 TFLOP/s"},
    ),
    "two": le.Accelerator(name="two", vendor="Other", memory="141 GB", peaks={"fp8": "1 PFLOP/s"}),
    "three": le.Accelerator(name="three", vendor="Other", price="5 kUSD/accelerator"),
}


def shelf_of(items: Mapping[str, Any]) -> Shelf[Any]:
    return Shelf(Stock("thing", lambda: {name: {} for name in items}, lambda key, _: items[key]))


SHELF = shelf_of(CHIPS)

FOUND = [
    ({}, ["one", "two", "three"], []),
    ({"vendor": "a-MAKER"}, ["one"], []),
    ({"vendor": ["a maker", "nobody"]}, ["one"], []),
    ({"vendor": ""}, [], []),
    ({"aliases": "UNO"}, ["one"], []),
    ({"peaks": "fp8"}, ["two"], []),
    ({"peaks": {"fp8", "bf16"}}, ["one", "two"], []),
    ({"memory_at_least": "80 GB"}, ["one", "two"], ["three"]),
    ({"memory_at_least": "80 GiB"}, ["one", "two"], ["three"]),
    ({"memory_at_most": "80 GiB"}, ["one"], ["three"]),
    ({"memory_at_most": le.quantity("1 GB")}, [], ["three"]),
    ({"price_at_most": "20 kUSD/accelerator"}, ["one", "three"], ["two"]),
    ({"price_at_most": "19 kUSD/accelerator"}, ["three"], ["two"]),
    ({"peaks_bf16_at_least": "100 TFLOP/s"}, ["one"], ["two", "three"]),
    ({"vendor": "other", "memory_at_least": "1 GB"}, ["two"], ["three"]),
    ({"embodied_carbon_at_most": "1 kgCO2e"}, [], ["one", "two", "three"]),
]


@pytest.mark.parametrize(("criteria", "names", "unknown"), FOUND)
def test_entries_are_found(criteria: dict[str, Any], names: list[str], unknown: list[str]) -> None:
    """All criteria are met; of what is left out for want of a figure the names are told."""
    found = SHELF.find(**criteria)
    assert isinstance(found, list)
    assert [entry.name for entry in found] == names
    assert list(found.unknown) == unknown


REFUSED = [
    ({"vendr": "x"}, UnknownNameError, r"no field of the thing entries named 'vendr'.*'vendor'"),
    ({"memry_at_least": "8 GB"}, UnknownNameError, r"named 'memry'.*'memory'"),
    ({"memory": "80 GB"}, NotationError, r"memory is a figure; write memory_at_least='80 GB' or"),
    ({"peaks_bf16": 5}, NotationError, r"peaks_bf16 is a figure"),
    ({"memory_at_least": "80 W"}, DimensionError, r"memory_at_least needs information.*80 W"),
    ({"memory_at_least": 80}, DimensionError, r"memory_at_least needs information with a unit"),
    ({"memory_at_least": "80 XB"}, NotationError, r"memory_at_least: the unit 'XB'"),
    ({"peaks_bf16_at_least": "5 W"}, DimensionError, r"such as '100 TFLOP/s'; got '5 W'"),
    ({"vendor_at_least": "x"}, NotationError, r"needs a field with figures.*'A Maker'.*vendor="),
]


@pytest.mark.parametrize(("criteria", "error", "message"), REFUSED)
def test_criterion_is_refused(
    criteria: dict[str, Any], error: type[Exception], message: str
) -> None:
    """Slips are named with the criterion; nothing is found by accident."""
    with pytest.raises(error, match=message):
        SHELF.find(**criteria)


@attrs.frozen
class Row:
    name: str
    layers: int | None = None
    is_open: bool | None = None
    value: Any = None
    empty: str | None = None


ROWS = shelf_of(
    {
        "a": Row("a", 3, True, le.quantity("5 W")),
        "b": Row("b", 40, False, le.quantity("5 Wh")),
        "c": Row("c"),
    }
)


def test_plain_numbers_and_mixed_figures() -> None:
    """Counts are compared as they are; figures of another kind than the limit do not meet it."""
    assert [row.name for row in ROWS.find(layers_at_least=3, layers_at_most=3)] == ["a"]
    assert [row.name for row in ROWS.find(value_at_least="1 mWh")] == ["b"]
    assert [row.name for row in ROWS.find(is_open=True)] == ["a"]
    assert ROWS.find(empty="x") == []
    assert ROWS.find(empty_at_least="5 W").unknown == ("a", "b", "c")
    with pytest.raises(DimensionError, match="value_at_least needs a figure such as"):
        ROWS.find(value_at_least="1 kg")


def test_nothing_is_found_on_an_empty_shelf() -> None:
    """Without entries there are no fields to be wrong about."""
    assert shelf_of({}).find(vendor="x", power_at_least="5 W") == []


def test_nouns_inside_are_found_by_any_name() -> None:
    """A field that holds another entry is asked for by its name or alias."""
    assert le.facilities["google"] in le.facilities.find(grid="USA")
    assert {s.accelerator for s in le.servers.find(accelerator="H100")} == {le.accelerators["H100"]}
    found = le.claims.find(metric="training-energy", service="chat-gpt", value_at_least="1 GWh")
    assert found
    assert le.sources.find(organisation="epoch ai")


def test_found_shows_names() -> None:
    """What was found shows itself in one line."""
    assert repr(SHELF.find(memory_at_least="1 GB")) == "<2 found: one, two; not known of three>"
    assert repr(SHELF.find(vendor="nobody")) == "<0 found>"
    assert repr(Found([le.sources["elsworth-2025"]])) == "<1 found: elsworth-2025>"


def test_frame_has_numbers_with_units_in_the_heading() -> None:
    """A figure takes three columns, words one; what is unknown is NaN or None."""
    pytest.importorskip("pandas")
    frame = SHELF.to_frame()
    assert list(frame.index) == ["one", "two", "three"]
    price = frame.loc["one", [f"price{end} [kUSD/accelerator]" for end in ("", " low", " high")]]
    assert list(price) == pytest.approx([20, 10, 40])
    assert frame.loc["two", "memory [GiB]"] == pytest.approx(141e9 / 2**30)
    assert math.isnan(frame.loc["three", "memory [GiB]"])
    assert frame.loc["one", "peaks_bf16 [TFLOP/s]"] == 100
    assert frame.loc["one", "aliases"] == "uno"
    assert "peaks" not in frame
    assert "provenance" not in frame


def test_frame_of_other_things() -> None:
    """Counts, flags and nouns inside stand as they are; figures of several kinds as texts."""
    pytest.importorskip("pandas")
    frame = ROWS.to_frame()
    assert list(frame["layers"])[:2] == [3, 40]
    assert list(frame["value"])[:2] == ["5 W", "5 Wh"]
    assert frame["empty"].isna().all()
    assert le.servers.to_frame().loc["DGX H100", "accelerator"] == "H100 SXM"
    assert le.facilities.to_frame().loc["google", "power_usage_effectiveness"] == 1.09
    assert len(le.models.to_frame()) == len(le.models)
    assert set(le.claims.to_frame()["metric"]) <= set(METRICS)


def test_broken_entry_is_left_out_with_a_warning(
    slip_in: Callable[[str, Mapping[str, Any]], None],
) -> None:
    """One entry that cannot be built does not keep the others from being found."""
    slip_in("accelerators", {"broken": {"vendor": 5}})
    with pytest.warns(
        CatalogWarning, match=r"find\(\) leaves out.*\n  - accelerators/broken\.vendor"
    ):
        assert le.accelerators["H100"] in le.accelerators.find(vendor="nvidia")
    pytest.importorskip("pandas")
    with pytest.warns(CatalogWarning, match=r"to_frame\(\) leaves out"):
        assert "broken" not in le.accelerators.to_frame().index
