"""The library's own facts: every entry builds, every figure has a source, nothing is left over."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import attrs
import pytest

import llm_economics as le
from llm_economics.catalog.cited import cited_sources
from llm_economics.catalog.shelves import STOCKS
from llm_economics.catalog.stock import folded, spellings
from llm_economics.claim.metrics import METRICS
from llm_economics.core.errors import MissingInputError
from llm_economics.core.number_format import number_format
from llm_economics.core.sources import Confidence, Kind, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = "2026-11-24"
"""Day of this edition of the facts; nothing in them is younger."""

DATA = files("llm_economics.catalog").joinpath("data")
ENTRIES = [(shelf, key) for shelf, stock in STOCKS.items() for key in stock.opened().tables]
NOUNS = [shelf for shelf in STOCKS if shelf != "sources"]


def shelf_of(name: str) -> Any:
    return getattr(le.catalog, name)


def entry(shelf: str, key: str) -> Any:
    return shelf_of(shelf)[key]


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Go through a value and all tables inside it."""
    if isinstance(value, dict):
        yield value
    for child in value.values() if isinstance(value, dict) else value:
        if isinstance(child, (dict, list)):
            yield from tables(child)


def datums() -> Iterator[dict[str, Any]]:
    """Every figure of the data files, and every entry that carries its own source."""
    for shelf, stock in STOCKS.items():
        if shelf != "sources":
            plain = {key: dict(table) for key, table in stock.opened().tables.items()}
            yield from (table for table in tables(plain) if "source" in table or "value" in table)


def nouns(shelf: str) -> list[Any]:
    """Every entry of a shelf, and the workloads inside a service."""
    entries = list(shelf_of(shelf).values())
    inner = [part for e in entries for part in (e.training, e.query)] if shelf == "services" else []
    return entries + inner


def quantities(noun: Any) -> dict[str, le.Quantity]:
    """Figures of a noun by field, peaks by field and format."""
    values = {field.name: getattr(noun, field.name) for field in attrs.fields(type(noun))}
    peaks = {name: values.pop(name, {}) for name in ("peaks", "sparse_peaks")}
    found = {name: value for name, value in values.items() if isinstance(value, le.Quantity)}
    return found | {f"{name}.{key}": v for name, table in peaks.items() for key, v in table.items()}


@pytest.mark.parametrize(("shelf", "key"), ENTRIES)
def test_entry_builds_and_shows_itself(shelf: str, key: str) -> None:
    """Each entry can be made, is made once, and has a text and a view for notebooks."""
    made = entry(shelf, key)
    assert made is entry(shelf, key)
    assert repr(made)
    assert shelf == "sources" or "<" in made._repr_html_()


@pytest.mark.parametrize("shelf", NOUNS)
def test_figures_are_in_order(shelf: str) -> None:
    """The median of each figure is between its ends, and none is below zero."""
    for noun in nouns(shelf):
        for name, value in quantities(noun).items():
            low, high = value.bounds()
            ends = [float(q.to(value.units).magnitude) for q in (low, value.median(), high)]
            assert ends == sorted(ends), (noun, name)
            assert ends[0] >= 0, (noun, name)


@pytest.mark.parametrize("shelf", NOUNS)
def test_each_figure_knows_where_it_comes_from(shelf: str) -> None:
    """Each figure has sources, a kind, a date and a confidence."""
    for noun in nouns(shelf):
        assert set(quantities(noun)) <= set(noun.provenance), noun
        for origin in noun.provenance.values():
            assert origin.sources
            assert all(isinstance(source, Source) for source in origin.sources)
            assert isinstance(origin.kind, Kind)
            assert isinstance(origin.confidence, Confidence)


@pytest.mark.parametrize("shelf", NOUNS)
def test_other_values_have_the_unit_of_the_field(shelf: str) -> None:
    """What other sources say about a figure was read, and has its dimension."""
    for noun in nouns(shelf):
        mine = quantities(noun)
        for field, origin in noun.provenance.items():
            for other in origin.alternatives:
                assert isinstance(other.value, le.Quantity), (noun, field)
                assert other.value.dimensionality == mine[field].dimensionality, (noun, field)


def test_data_has_only_figures_with_all_keys() -> None:
    """Each figure states value or statement, source, kind, date and confidence."""
    found = list(datums())
    assert len(found) > 700
    needed = {"source", "kind", "date", "confidence"}
    assert not [table for table in found if not needed <= set(table)]


def test_no_date_is_in_the_future() -> None:
    """Figures and sources are dated, none later than this edition."""
    dates = [table["date"] for table in datums()]
    dates += [source.date for source in le.sources.values()]
    dates += [source.accessed for source in le.sources.values() if source.accessed]
    assert not [date for date in dates if date > TODAY[: len(date)]]
    assert min(dates) >= "2017"


def test_assumed_figures_say_why() -> None:
    """What is assumed or worked out has a note."""
    bare = [t for t in datums() if t["kind"] in {"assumed", "derived"} and not t.get("note")]
    assert not bare


def test_no_source_is_orphaned() -> None:
    """Each source of the data files is cited somewhere, and each cited key exists."""
    cited: set[str] = set()
    for table in datums():
        key = table["source"]
        cited |= {key} if isinstance(key, str) else set(key)
    assert cited <= set(le.sources)
    assert set(le.sources) - set(SOURCES) <= cited


SOURCES = cited_sources()


@pytest.mark.parametrize("key", sorted(SOURCES))
def test_key_of_an_assumption_means_the_same_document(key: str) -> None:
    """The assumptions and the data files may both describe a source; it is the same one."""
    here, there = le.sources[key], SOURCES[key]
    assert here.date[:4] == there.date[:4]
    assert here.link == there.link or not (here.link and there.link)


def test_no_name_belongs_to_two() -> None:
    """No spelling stands for two entries of a shelf, and no key in two files."""
    for stock in STOCKS.values():
        owner: dict[str, str] = {}
        for key, table in stock.opened().tables.items():
            for spelling in spellings(key, table):
                assert owner.setdefault(folded(spelling), key) == key, spelling


@pytest.mark.parametrize("name", list(le.accelerators))
def test_dense_peak_is_below_sparse_peak(name: str) -> None:
    """Sparsity never slows down; more bits never speed up."""
    chip = le.accelerators[name]
    for key, sparse in chip.sparse_peaks.items():
        dense = chip.peaks[key].number("TFLOP/s")
        assert dense < sparse.number("TFLOP/s") <= 16 * dense
    order = ["fp32", "tf32", "bf16", "fp8", "fp4"]
    rates = [chip.peaks[f].number("TFLOP/s") for f in order if f in chip.peaks]  # type: ignore[index]
    assert rates == sorted(rates)


@pytest.mark.parametrize("name", list(le.accelerators))
def test_accelerator_has_what_estimates_need(name: str) -> None:
    """Each accelerator has a peak of sixteen bits, memory and, but for two, a power."""
    chip = le.accelerators[name]
    sixteen = "bf16" if number_format("bf16") in chip.peaks else "fp16"
    assert chip.peak(sixteen).number("TFLOP/s") >= 46
    assert chip.require("memory").number("GiB") >= 8
    if name in {"Inferentia1", "MI455X"}:  # nobody publishes theirs
        assert chip.power is None
    else:
        assert chip.require("power").median().number("W") > 50
    assert (
        chip.price is None
        or chip.system_price is None
        or (
            chip.price.median().number("USD/accelerator")
            < chip.system_price.median().number("USD/accelerator")
        )
    )


@pytest.mark.parametrize("name", list(le.servers))
def test_server_holds_an_accelerator_of_the_catalogue(name: str) -> None:
    """A server draws more than its accelerators at rest and less than its rating."""
    server = le.servers[name]
    assert server.accelerator is le.accelerators[server.accelerator.name]
    if server.power is not None and server.power_maximum is not None:
        assert server.power.median().number("W") <= server.power_maximum.bounds().high.number("W")


def test_disputed_values_are_listed() -> None:
    """Where sources disagree, the other values stand beside the one that is used."""
    others = le.accelerators["TPU v4"].provenance["power"].alternatives
    assert [other.text for other in others] == ["170 W", "192 W", "340 W"]
    assert all(other.sources for other in others)


ROWS = ("traits", "accelerator", "hardware-cost", "training-time", "energy")
SERVICES = ("ChatGPT", "Grok", "Gemini", "Copilot", "Titan")


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", SERVICES)
def test_every_cell_of_the_seed_table_is_a_claim(row: str, column: str) -> None:
    """Five services by five rows: each cell is one claim or more, about that service."""
    found = [c for c in le.claims.values() if c.cell == {"row": row, "column": column}]
    assert found
    assert {claim.service for claim in found} == {column}


def test_seed_table_has_no_other_cell() -> None:
    """The cells are 25 in all, and the claims in them all come from the table."""
    cells = {(c.cell["row"], c.cell["column"]) for c in le.claims.values() if c.cell}
    assert len(cells) == 25
    origins = [c.origin for c in le.claims.values() if c.cell]
    assert {source.key for origin in origins if origin for source in origin.sources} == {
        "seed-table-2025"
    }


def test_claims_are_ready_to_be_audited() -> None:
    """A claim is about a known service and of a known kind, and has a figure or says why not."""
    for key, claim in le.claims.items():
        assert claim.service in le.services, key
        assert claim.metric is METRICS[claim.metric.key], key
        assert claim.origin is not None, key
        assert claim.value is not None or claim.missing or claim.accelerators_named, key
        assert all(le.accelerators[name].name == name for name in claim.accelerators_named), key


@pytest.mark.parametrize("name", SERVICES)
def test_lost_time_is_counted_once(name: str) -> None:
    """A utilization over all hours counts lost time: then goodput is 1, and no assumption."""
    run = le.services[name].training
    if run.duration is None:
        assert run.goodput is not None
        assert run.goodput.number("") == 1
    else:
        assert run.goodput is None


def test_unknown_is_not_zero() -> None:
    """What nobody published is absent, and asking for it says so."""
    assert le.accelerators["TPU v4"].embodied_carbon is None
    with pytest.raises(MissingInputError, match=r"evolve\(embodied_carbon="):
        le.accelerators["TPU v4"].require("embodied_carbon")


def test_registry_of_packages_is_cited_nowhere() -> None:
    """Addresses lead to documents, by https or DOI."""
    addresses = [s.address for s in le.sources.values() if s.address]
    assert len(addresses) > 80
    assert not [a for a in addresses if not re.match(r"https://|http://|(doi:)?10\.\d{4}", a)]
