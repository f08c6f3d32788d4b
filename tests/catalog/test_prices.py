"""Prices of the catalogue: each dated and sourced, built from short tables, and read live."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import llm_economics as le
from llm_economics.catalog import live
from llm_economics.catalog.prices import build_api_price, build_cloud_price
from llm_economics.core.errors import (
    CatalogError,
    MissingInputError,
    NotationError,
    UnknownNameError,
)
from llm_economics.core.sources import Confidence, Kind
from llm_economics.facility.prices import ApiPrice

if TYPE_CHECKING:
    from collections.abc import Callable

CLOUD = le.catalog.cloud_prices
API = le.catalog.api_prices
TERMS = {"on-demand", "spot", "1-year reserved", "3-year reserved", "capacity block", "owned"}
SOURCES = {"a-source": le.sources["data-receipts-2026"]}
ORIGIN = {"source": "a-source", "kind": "reported", "date": "2026-11", "confidence": "seen"}


@pytest.mark.parametrize("name", list(CLOUD))
def test_cloud_price_is_whole(name: str) -> None:
    """Each price is dated, on known terms, for an accelerator of the catalogue."""
    offer = CLOUD[name]
    assert offer.name == name
    assert name.endswith(f"/{offer.date}")
    assert offer.term in TERMS
    assert offer.accelerator in le.accelerators
    assert offer.provider
    assert offer.instance
    assert offer.provenance["price"].date == offer.date
    assert 0.1 < offer.price.number("USD/accelerator/hour") < 20
    if offer.instance_price is not None:
        count = offer.accelerators
        assert count is not None
        whole = (offer.price * count).to("USD/hour").number("USD/hour")
        assert whole == pytest.approx(offer.instance_price.number("USD/hour"))


@pytest.mark.parametrize("name", list(API))
def test_api_price_is_whole(name: str) -> None:
    """Each price is dated, output costs no less than input, reading a cache less than either."""
    offer = API[name]
    assert name == f"{offer.provider}/{offer.model}/{offer.date}" == offer.name
    assert offer.status in {"listed", "legacy"}
    assert offer.input_price is not None
    assert offer.output_price is not None
    fresh = offer.input_price.number("USD/Mtoken")
    assert 0 < fresh <= offer.output_price.number("USD/Mtoken") <= 100
    if offer.cached_input_price is not None:
        assert offer.cached_input_price.number("USD/Mtoken") < fresh


def test_catalogue_has_the_prices_that_were_collected() -> None:
    """Nothing is lost: all that was collected, and a later sight of one of them."""
    assert (len(CLOUD), len(API)) == (156, 78)


def test_older_price_stays() -> None:
    """A newer price is a new entry: the cut of 2025 can be told."""
    before = CLOUD["aws/p5.48xlarge/on-demand/2023-11"].price
    after = CLOUD["aws/p5.48xlarge/on-demand/2026-11-09"].price
    assert (after / before).number("") == pytest.approx(0.56, abs=0.01)


def test_offers_can_be_searched() -> None:
    """Offers of one accelerator on the same terms, cheapest known first."""
    found = CLOUD.find(accelerator="H100 SXM", term="on-demand", provider="RunPod")
    assert {offer.instance for offer in found} == {"secure", "community"}


def test_context_from_elsewhere_has_its_own_source() -> None:
    """A figure of another source keeps it."""
    offer = API["openai/gpt-4.1/2026-08-21"]
    assert [s.key for s in offer.provenance["context_length"].sources] == ["tokencost-2025"]
    assert len(offer.sources) == 2


@pytest.mark.parametrize("shelf", ["cloud_prices", "api_prices"])
def test_miss_says_where_the_names_are(shelf: str) -> None:
    """These shelves are no names of the front door, so the hint says where they are."""
    shown = getattr(le.catalog, shelf)
    with pytest.raises(UnknownNameError, match=rf"list\(le.catalog.{shelf}\) shows all \d+"):
        shown["openai/gpt-99"]
    assert 5 not in shown
    assert next(iter(shown)).upper() in shown


def cloud(**table: Any) -> Any:
    return build_cloud_price("cloud_prices/me/box/2026-11", table, SOURCES)


def api(**table: Any) -> Any:
    return build_api_price("api_prices/me/model/2026-11", table, SOURCES)


def test_source_stands_once_in_an_entry() -> None:
    """Each figure of an entry has its source, kind, date, confidence and note."""
    offer = cloud(instance_price="16 USD/hour", accelerators="8 accelerator", note="why", **ORIGIN)
    assert offer.name == "me/box/2026-11"
    assert offer.price.number("USD/accelerator/hour") == pytest.approx(2.0)
    assert set(offer.provenance) == {"instance_price", "accelerators", "price"}
    for origin in offer.provenance.values():
        assert (origin.kind, origin.date, origin.note) == (Kind.REPORTED, "2026-11", "why")


def test_figure_may_bring_its_own_source() -> None:
    """An entry whose figures all bring their source needs none."""
    offer = api(date="2026-11", input_price={"value": "2 USD/Mtoken", **ORIGIN})
    assert offer.provenance["input_price"].confidence is Confidence.SEEN


@pytest.mark.parametrize(
    ("make", "table", "lines"),
    [
        (cloud, dict(ORIGIN), ["cloud_prices/me/box/2026-11.price: is missing"]),
        (
            cloud,
            {"accelerators": "0 accelerator", "instance_price": "16 USD/hour", **ORIGIN},
            ["needs at least one accelerator; got 0 accelerator"],
        ),
        (
            cloud,
            {"accelerators": "8 W", "instance_price": "16 USD/hour", **ORIGIN},
            ["cloud_prices/me/box/2026-11.accelerators: needs"],
        ),
        (
            cloud,
            {"accelerators": "8 accelerator", "instance_price": "16 USD/hour"},
            ["source: is missing", "kind: is missing", "date: is missing", "confidence: is missin"],
        ),
        (
            api,
            {**ORIGIN, "source": "nobody", "input_price": "2 USD/Mtoken", "output_price": "2 USD"},
            ["there is no source 'nobody'", "output_price: needs money per token"],
        ),
        (
            api,
            {**ORIGIN, "input_price": 2, "colour": "red", "status": 5},
            [
                "colour: there is no such field",
                "input_price.value: needs a text in quotes; got 2",
                "status: needs a text; got 5",
            ],
        ),
        (api, {"date": "soon"}, ["date: needs YYYY"]),
    ],
)
def test_all_problems_are_told_once(
    make: Callable[..., Any], table: dict[str, Any], lines: list[str]
) -> None:
    """Every problem of an entry is one line with its path."""
    with pytest.raises(CatalogError, match="problem") as caught:
        make(**table)
    problems = caught.value.problems
    assert len(problems) == len(lines)
    assert all(line in problem for line, problem in zip(lines, problems, strict=True))


# The live list: a small package of the same form stands in for the real one.


def price(**figures: Any) -> SimpleNamespace:
    made = {name: Decimal(v) if isinstance(v, str) else v for name, v in figures.items()}
    return SimpleNamespace(**made)


def steps(base: str, *tiers: tuple[int, str]) -> SimpleNamespace:
    later = [SimpleNamespace(start=start, price=Decimal(amount)) for start, amount in tiers]
    return SimpleNamespace(base=Decimal(base), tiers=later)


def offer(prices: Any, **constraint: Any) -> SimpleNamespace:
    return SimpleNamespace(
        prices=prices, constraint=SimpleNamespace(**constraint) if constraint else None
    )


def model(key: str, prices: Any, **more: Any) -> SimpleNamespace:
    return SimpleNamespace(id=key, prices=prices, **more)


NIGHT = {"start_time": dt.time(0, 30), "end_time": dt.time(16, 30)}
SEPTEMBER = {"start_date": dt.date(2026, 9, 1)}
MODELS = [
    model("plain", price(input_mtok="1.25", output_mtok="10"), context_window=400000),
    model("old", price(input_mtok="30", cache_read_mtok=None), deprecated=True),
    model("new", price(output_mtok="1", web_searches_kcount="10"), deprecated=None),
    model("stepped", price(input_mtok=steps("5", (272000, "10")))),
    model("night", [offer(price(input_mtok="2")), offer(price(input_mtok="1"), **NIGHT)]),
    model("cut", [offer(price(input_mtok="2")), offer(price(input_mtok="3"), **SEPTEMBER)]),
    model("later", [offer(price(input_mtok="3"), **SEPTEMBER)]),
    model("images", price(requests_kcount="4")),
    model("router", price(input_mtok="-1", output_mtok="-1")),
    model("none", []),
    model("a-1", price(input_mtok="1")),
    model("a1", price(input_mtok="2")),
]
DAY = "2026-08-25"


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    listed = SimpleNamespace(providers=[SimpleNamespace(id="lab", models=MODELS)])
    made, inner = ModuleType("genai_prices"), ModuleType("genai_prices.data_snapshot")
    made.__version__ = "9.9"  # type: ignore[attr-defined]
    inner.get_snapshot = lambda: listed  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "genai_prices", made)
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", inner)
    return made


def test_live_prices_are_read_from_the_package(package: ModuleType) -> None:
    """Models with a price for tokens, each with version and day as its source."""
    shown = le.catalog.live_api_prices(date=DAY)
    names = ["plain", "old", "new", "stepped", "night", "cut", "later", "a-1", "a1"]
    assert list(shown) == [f"lab/{name}" for name in names]
    plain = shown["lab/plain"]
    assert (plain.name, plain.provider, plain.model) == (f"lab/plain/{DAY}", "lab", "plain")
    assert (plain.date, plain.status) == (DAY, "")
    assert plain.cost(input_tokens=1e6, output_tokens=1e6).number("USD") == pytest.approx(11.25)
    assert plain.context_length is not None
    assert plain.context_length.number("token") == 400000
    assert plain.sources[0].title == "genai-prices 9.9, prices of language models"
    assert "installed" in plain.sources[0].note
    assert plain.provenance["input_price"].date == DAY


@pytest.mark.parametrize(
    ("name", "day", "field", "amount", "note"),
    [
        ("stepped", DAY, "input_price", 5, "10 above 272000 tokens of input"),
        ("night", DAY, "input_price", 2, "1 from 00:30 to 16:30 UTC"),
        ("cut", DAY, "input_price", 2, "3 from 2026-09-01"),
        ("cut", "2026-09-01", "input_price", 3, "from 2026-09-01"),
        ("later", DAY, "input_price", 3, "from 2026-09-01"),
        ("new", DAY, "output_price", 1, "also charged: web_searches_kcount"),
        ("plain", DAY, "input_price", 1.25, ""),
    ],
)
def test_step_or_hour_is_no_price(  # noqa: PLR0913, PLR0917 - one column each
    package: ModuleType, name: str, day: str, field: str, amount: float, note: str
) -> None:
    """The first step is taken, what holds at any hour on that day, and the note says the rest."""
    shown = le.catalog.live_api_prices(date=day)[f"lab/{name}"]
    assert getattr(shown, field).number("USD/Mtoken") == amount
    assert shown.provenance[field].note == note


@pytest.mark.parametrize(("name", "status"), [("old", "legacy"), ("new", "listed")])
def test_status_is_what_the_package_says(package: ModuleType, name: str, status: str) -> None:
    """A model that was given up is marked; what is not stated is not known."""
    shown = le.catalog.live_api_prices()[f"lab/{name}"]
    assert shown.status == status
    assert shown.cached_input_price is None
    assert shown.context_length is None


def test_live_names_that_differ_in_signs_are_told_apart(package: ModuleType) -> None:
    """An exact name is never taken for another; a near one is offered."""
    shown = le.catalog.live_api_prices(date=DAY)
    assert [shown[f"lab/{n}"].model for n in ("a-1", "a1")] == ["a-1", "a1"]
    assert shown["LAB/Plain"] is shown["lab/plain"]
    with pytest.raises(UnknownNameError, match=r"'lab/plain'.*list\(le.catalog.live_api_prices"):
        shown["lab/plian"]
    with pytest.raises(TypeError, match="item assignment"):
        shown["lab/x"] = ApiPrice(name="x")  # type: ignore[index]


def test_update_fetches_the_newest_list(package: ModuleType) -> None:
    """Only on request, and the source says so."""
    fresh = model("fresh", price(input_mtok="1"))
    newest = SimpleNamespace(providers=[SimpleNamespace(id="lab", models=[fresh])])
    package.UpdatePrices = lambda: SimpleNamespace(fetch=lambda: newest)  # type: ignore[attr-defined]
    shown = le.catalog.live_api_prices(update=True)
    assert list(shown) == ["lab/fresh"]
    assert "fetched" in shown["lab/fresh"].sources[0].note


def _fails() -> None:
    message = "no route to host"
    raise OSError(message)


@pytest.mark.parametrize(
    ("fetch", "match"),
    [(_fails, "no route to host; leave update out"), (lambda: None, "got no list; leave update")],
)
def test_update_that_fails_says_so(
    package: ModuleType, fetch: Callable[[], Any], match: str
) -> None:
    """Without a network the installed list is one word away, but never given in silence."""
    package.UpdatePrices = lambda: SimpleNamespace(fetch=fetch)  # type: ignore[attr-defined]
    with pytest.raises(MissingInputError, match=match):
        le.catalog.live_api_prices(update=True)


def test_package_of_another_form_is_named(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that this one cannot read is an error with its number."""
    monkeypatch.setattr(live, "_snapshot", lambda *_, **__: SimpleNamespace(vendors=[]))
    with pytest.raises(MissingInputError, match=r"cannot read genai_prices 9.9: .*providers"):
        le.catalog.live_api_prices()


def test_missing_package_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(MissingInputError, match=r"pip install 'llm_economics\[prices\]'"):
        le.catalog.live_api_prices()


@pytest.mark.parametrize("day", ["soon", "2026-11", "2026-02-30"])
def test_live_prices_need_a_day(day: str) -> None:
    """A month is not enough: prices start on days."""
    with pytest.raises(NotationError, match=rf"live_api_prices\(date=...\) needs .*got '{day}'"):
        le.catalog.live_api_prices(date=day)


def test_real_package_is_read_whole() -> None:
    """Every model of the installed package can be built."""
    pytest.importorskip("genai_prices")
    shown = le.catalog.live_api_prices()
    assert len(shown) > 300
    assert all(isinstance(entry, ApiPrice) for entry in shown.values())
    assert "openai/gpt-4o" in shown
