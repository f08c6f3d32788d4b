"""`check_catalog` and `stale`: the library's facts are in order, and each slip is found."""

from __future__ import annotations

import copy
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

import llm_economics as le
from llm_economics.catalog import checking, facts
from llm_economics.catalog.checking import CatalogReport, check_catalog, stale
from llm_economics.catalog.facts import Finding
from llm_economics.catalog.rules import EXPLAINED, PLAUSIBLE
from llm_economics.catalog.shelves import STOCKS
from llm_economics.catalog.stock import State
from llm_economics.catalog.walking import sources_of, statements
from llm_economics.core.errors import CatalogError, NotationError, RangeError
from llm_economics.io.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    SlipIn = Callable[[str, Mapping[str, Any]], None]

TODAY = "2026-11-24"
"""Day of this edition of the facts."""


def datum(value: str, **changes: str) -> dict[str, str]:
    """Write a figure with its provenance; what is changed to nothing is left out."""
    stated = {"source": "brown-2020", "kind": "datasheet", "date": "2025", "confidence": "seen"}
    return {"value": value, **{key: text for key, text in (stated | changes).items() if text}}


def test_catalogue_is_in_order() -> None:
    """No problem; what is explained is explained; counts and size are plausible."""
    report = check_catalog(today=TODAY)
    assert report.is_good, str(report)
    assert report.figures > 700
    assert report.alternatives > 50
    assert report.size < checking.MAXIMUM_SIZE
    assert report.entries == {shelf: len(getattr(le.catalog, shelf)) for shelf in STOCKS}
    text = str(report)
    assert text.startswith(f"Catalogue on {TODAY}: ")
    assert "\n0 problems, " in text


def test_every_explanation_is_needed() -> None:
    """What is explained in advance is there: an explanation of nothing hides the next slip."""
    found = {finding.where for finding in check_catalog(today=TODAY).explained}
    assert set(EXPLAINED) <= found


def test_limits_are_of_fields_that_exist() -> None:
    """Each pair of limits belongs to figures of the catalogue, and their unit is right."""
    fields = {f"{f.shelf}.{f.field.partition('.')[0]}" for f in facts.gather().figures()}
    assert set(PLAUSIBLE) <= fields
    assert all(least < most for _, least, most in PLAUSIBLE.values())


CHIP = {"peaks": {"bf16": datum("100 TFLOP/s")}}
SHAPE = {
    "layers": 2,
    "hidden_size": 64,
    "attention_heads": 4,
    "key_value_heads": 4,
    "head_dimension": 16,
    "intermediate_size": 256,
    "vocabulary_size": 1000,
    "gated_mlp": False,
    "tied_embeddings": True,
    "source": "brown-2020",
    "kind": "disclosed",
    "date": "2025",
    "confidence": "seen",
}

# what is slipped in, and the problem that is found
SLIPS: dict[str, tuple[str, dict[str, Any], str]] = {
    "does not build": ("grids", {"name": 5}, r"grids/slip\.name: needs a text; got 5 \[builds\]"),
    "unknown source": (
        "grids",
        {"carbon_intensity": datum("5 gCO2e/kWh", source="none")},
        r"grids/slip\.carbon_intensity: there is no source 'none' \[sources\]",
    ),
    "orphan": (
        "sources",
        {"title": "x", "organisation": "y", "date": "2025"},
        r"sources/slip: no figure rests on it \[sources\]",
    ),
    "no kind": (
        "grids",
        {"carbon_intensity": datum("5 gCO2e/kWh", kind="", confidence="")},
        r"grids/slip\.carbon_intensity: has no kind, confidence \[provenance\]",
    ),
    "no kind of an alternative": (
        "grids",
        {"carbon_intensity": {**datum("5 gCO2e/kWh"), "alternatives": [{"value": "6 gCO2e/kWh"}]}},
        r"carbon_intensity\.alternatives\[0\]: has no source, kind, date, confidence",
    ),
    "assumed without a word": (
        "grids",
        {"carbon_intensity": datum("5 gCO2e/kWh", kind="assumed")},
        r"grids/slip\.carbon_intensity: is assumed, and no note says how \[provenance\]",
    ),
    "future": (
        "grids",
        {"carbon_intensity": datum("5 gCO2e/kWh", date="2026-12")},
        r"grids/slip\.carbon_intensity\.date: 2026-12 is in the future \[dates\]",
    ),
    "future of a source": (
        "sources",
        {"title": "x", "organisation": "y", "date": "2025", "accessed": "2026-11-25"},
        r"sources/slip\.accessed: 2026-11-25 is in the future \[dates\]",
    ),
    "too old": (
        "grids",
        {"carbon_intensity": datum("5 gCO2e/kWh", date="2009-12-31")},
        r"grids/slip\.carbon_intensity\.date: 2009-12-31 is before 2010 \[dates\]",
    ),
    "kilowatts for watts": (
        "accelerators",
        {**CHIP, "power": datum("700 kW")},
        r"accelerators/slip\.power: 700 kW is not between 5 and 10000 W \[plausible\]",
    ),
    "price of a server": (
        "accelerators",
        {**CHIP, "price": datum("0.3-2 million USD/accelerator")},
        r"accelerators/slip\.price: .* is not between 100 and 500000 USD/accelerator",
    ),
    "sparse for dense": (
        "accelerators",
        {"peaks": {"bf16": datum("100 TFLOP/s"), "fp8": datum("400 TFLOP/s")}},
        r"accelerators/slip\.peaks\.fp8: fp8 is 4 times bf16, and about 2 is usual \[peaks\]",
    ),
    "dense for sparse": (
        "accelerators",
        {**CHIP, "sparse_peaks": {"bf16": datum("100 TFLOP/s")}},
        r"accelerators/slip\.sparse_peaks\.bf16: the sparse peak is 1 times the dense",
    ),
    "sparse alone": (
        "accelerators",
        {"sparse_peaks": {"bf16": datum("100 TFLOP/s")}},
        r"accelerators/slip\.sparse_peaks\.bf16: a sparse peak without a dense one",
    ),
    "count": (
        "models",
        {"parameters": datum("2 Mparameter"), "architecture": SHAPE},
        r"models/slip\.architecture: the shape has 1\.626e-4 Gparameter, -91\.9% of 2 Mparameter",
    ),
    "name of another": (
        "models",
        {"aliases": ["gpt3"]},
        r"models/slip: the name 'gpt3' belongs to 'GPT-3 175B' too \[names\]",
    ),
}


@pytest.fixture(scope="module")
def report_of_slips() -> CatalogReport:
    """Return one report of all slips: each is an entry of its own, named after its number."""
    before = {name: stock.opened() for name, stock in STOCKS.items()}
    for number, (shelf, table, _) in enumerate(SLIPS.values()):
        state = STOCKS[shelf].opened()
        tables = {**state.tables, f"slip-{number}": copy.deepcopy(table)}
        STOCKS[shelf].state = State(tables, state.keys, dict(state.items))
    try:
        return check_catalog(today=TODAY)
    finally:
        for name, state in before.items():
            STOCKS[name].state = state


@pytest.mark.parametrize("name", SLIPS)
def test_slip_is_found(name: str, report_of_slips: CatalogReport) -> None:
    """Each slip is a problem that names its place and its rule."""
    key = f"slip-{list(SLIPS).index(name)}"
    pattern = SLIPS[name][2].replace("/slip", f"/{key}")
    told = [str(f) for f in report_of_slips.problems if re.search(rf"/{key}\b", f.where)]
    assert any(re.search(pattern, line) for line in told), told


def test_only_slips_are_problems(report_of_slips: CatalogReport) -> None:
    """What was in order stays so beside them, and the report has them all as plain data."""
    assert not report_of_slips.is_good
    assert all("/slip-" in finding.where for finding in report_of_slips.problems)
    assert len(report_of_slips.to_dict()["problems"]) == len(report_of_slips.problems)


def test_figure_that_nobody_stated(slip_in: SlipIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A figure without provenance, or in no order, is found in what was built."""
    slip_in("grids", {"slip": {}})
    original = STOCKS["grids"].build

    def build(key: str, table: Mapping[str, Any]) -> Any:
        bare = le.Grid(name=key, carbon_intensity="5 gCO2e/kWh")
        return bare if key == "slip" else original(key, table)

    monkeypatch.setattr(STOCKS["grids"], "build", build)
    (problem,) = check_catalog(today=TODAY).problems
    assert str(problem) == (
        "grids/slip.carbon_intensity: is a figure that nobody is named for [provenance]"
    )


def test_ends_in_disorder(monkeypatch: pytest.MonkeyPatch) -> None:
    """A median outside its ends is found, wherever it came from."""
    monkeypatch.setattr("llm_economics.catalog.rules._three", lambda value: (5.0, 3.0, 9.0))
    found = [f for f in check_catalog(today=TODAY).problems if f.rule == "ranges"]
    assert len(found) > 500
    assert found[0].text == "5, 3, 9 are not in order"


def test_count_is_explained_by_a_note(slip_in: SlipIn) -> None:
    """A note that speaks of the count explains a difference; another note does not."""
    told = {**SHAPE, "note": "relative positions are not counted"}
    entry = {"parameters": datum("2 Mparameter"), "architecture": told}
    slip_in("models", {"slip": entry})
    report = check_catalog(today=TODAY)
    assert report.is_good
    assert [f.explained for f in report.explained if "slip" in f.where] == [told["note"]]


def test_shape_known_in_part_is_not_counted(slip_in: SlipIn) -> None:
    """Without a vocabulary there is no count, and no finding."""
    part = {key: value for key, value in SHAPE.items() if key != "vocabulary_size"}
    slip_in("models", {"slip": {"parameters": datum("2 Mparameter"), "architecture": part}})
    assert check_catalog(today=TODAY).is_good


def torn(*_: object) -> Any:
    raise CatalogError("a file", ["it is torn"])


def test_what_cannot_be_read_is_told(slip_in: SlipIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shelf or an entry that cannot be read is a problem, and the others are checked."""
    slip_in("accelerators", {"slip": Entry("a.toml", "slip", "[slip\n", 7)})
    monkeypatch.setattr(STOCKS["serving_stacks"], "state", None)
    monkeypatch.setattr(STOCKS["serving_stacks"], "read", torn)
    told = "\n".join(str(problem) for problem in check_catalog(today=TODAY).problems)
    assert re.search(r"accelerators/slip: .* starts at line 7: it is not TOML: .* \[reads\]", told)
    assert "serving_stacks: it is torn [reads]" in told
    assert "slip" in le.accelerators._repr_html_()


def test_slip_of_ours_is_a_problem_too(slip_in: SlipIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw is told with its kind, and the check goes on."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr(STOCKS["tariffs"], "build", fail)
    problems = [f for f in check_catalog(today=TODAY).problems if f.where.startswith("tariffs/")]
    assert len(problems) == len(le.tariffs)
    assert problems[0].text == "ZeroDivisionError: no"


def test_size_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts that grow beyond what a wheel should carry are told."""
    monkeypatch.setattr(checking, "MAXIMUM_SIZE", 1000)
    (problem,) = check_catalog(today=TODAY).problems
    assert re.fullmatch(
        r"data: has [\d,]+ bytes, and at most 1,000 are wanted \[size\]", str(problem)
    )


def test_one_broken_entry_leaves_the_others(slip_in: SlipIn) -> None:
    """It is an error when it is asked for by name, and only then."""
    slip_in("accelerators", {"slip": {"vendor": 5}})
    assert "slip" in le.accelerators
    assert le.accelerators["H100"].vendor == "NVIDIA"
    with pytest.raises(CatalogError, match=r"accelerators/slip\.vendor: needs a text; got 5"):
        le.accelerators["slip"]


def test_report_is_plain_data() -> None:
    """The report goes through JSON and back."""
    report = check_catalog(today=date(2026, 11, 24))
    again = json.loads(json.dumps(report.to_dict()))
    assert again["today"] == TODAY
    assert again["problems"] == []
    assert {"rule", "where", "text", "explained"} == set(again["explained"][0])
    assert str(Finding(rule="r", where="w", text="t", explained="e")) == "w: t [r] (explained: e)"


def test_stale_figures_come_oldest_first() -> None:
    """Older than so many months, in order, without what other sources say."""
    found = stale(24, today=TODAY)
    assert found
    assert [aged.date[:4] for aged in found] == sorted(aged.date[:4] for aged in found)
    assert found[-1].date <= "2024-11-23"
    assert all(aged.sources and aged.kind for aged in found)
    assert not [aged for aged in found if "alternatives" in aged.field]
    assert len(stale(0, today=TODAY)) > len(found) > len(stale(60, today=TODAY))
    assert stale(40_000, today=TODAY) == []
    assert found[0].to_dict()["sources"] == list(found[0].sources)


@pytest.mark.parametrize(
    ("stated", "is_old"),
    [("2025-11-23", True), ("2025-11-24", False), ("2025-11", False), ("2025-10", True)],
)
def test_a_date_counts_to_its_last_day(stated: str, is_old: bool, slip_in: SlipIn) -> None:
    """What may still be young is not called old."""
    slip_in("grids", {"slip": {"carbon_intensity": datum("5 gCO2e/kWh", date=stated)}})
    found = [aged for aged in stale(12, today=TODAY) if aged.entry == "slip"]
    assert bool(found) is is_old
    told = f"{stated:10}  grids/slip.carbon_intensity  (datasheet, brown-2020)"
    assert [str(aged) for aged in found] == [told] * is_old


def test_stale_entries_as_a_whole() -> None:
    """An entry that carries its own source is told without a field."""
    claims = [aged for aged in stale(12, today=TODAY) if aged.shelf == "claims"]
    assert {aged.field for aged in claims} == {""}
    assert f"claims/{claims[0].entry}  (" in str(claims[0])


@pytest.mark.parametrize("months", [-1, 1.5, True, "12", None])
def test_months_are_counted(months: Any) -> None:
    """Anything but a whole number from 0 is refused."""
    with pytest.raises(RangeError, match="stale: months needs a whole number from 0"):
        stale(months)


@pytest.mark.parametrize("day", ["2026", "2026-11", "soon", 5])
def test_today_is_a_day(day: Any) -> None:
    """A month is not a day."""
    with pytest.raises(NotationError, match="today needs a day, such as '2026-11-24'"):
        check_catalog(today=day)


def test_clock_is_read_if_no_day_is_given() -> None:
    """By default it is today."""
    assert check_catalog().today.isoformat() >= TODAY


def test_statements_are_found_at_any_depth() -> None:
    """Every table with a source, a value or a kind, in lists too; nothing else."""
    entry = {
        "vendor": "We",
        "power": {"value": "1 W", "alternatives": [{"value": "2 W"}, 5, [{"source": "x"}]]},
        "cell": {"row": "a"},
    }
    found = [path for path, _ in statements("s/e", entry)]
    assert found == ["s/e.power", "s/e.power.alternatives[0]", "s/e.power.alternatives[2][0]"]
    assert sources_of({"source": ["a", 5]}) == ("a",)
