"""Sources are complete and can be cited; provenance and assumptions say where a figure is from."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from attrs import evolve
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import NotationError, RangeError
from llm_economics.core.sources import (
    Alternative,
    Alternatives,
    Assumption,
    Confidence,
    Kind,
    Provenance,
    Source,
)

PAPER = Source(
    key="doe-2025",
    title="Energy of [large] models & more",
    authors="J. Doe and R. Roe",
    organisation="An institute",
    date="2025-08-21",
    address="https://example.org/a_(b)",
    accessed="2026-01-02",
    note="100 % open",
)
SHEET = Source(key="a-sheet", title="A data sheet", organisation="A vendor", date="2023-03")


def provenance(**changes: Any) -> Provenance:
    """Build a provenance that is complete unless changed."""
    given: dict[str, Any] = {"sources": SHEET, "kind": "datasheet", "date": "2023-03"}
    return Provenance(**{**given, "confidence": "seen", **changes})


def alternative(**changes: Any) -> Alternative:
    """Build an alternative that is complete unless changed."""
    given: dict[str, Any] = {"text": "650 W", "sources": PAPER, "kind": "measured", "date": "2025"}
    return Alternative(**{**given, **changes})


def test_cite_as_text() -> None:
    """A citation in one line; `str` gives the same."""
    assert str(PAPER) == PAPER.cite("text")
    assert PAPER.cite() == (
        "J. Doe and R. Roe (2025-08-21). Energy of [large] models & more. An institute. "
        "https://example.org/a_(b). Accessed 2026-01-02."
    )
    assert SHEET.cite() == "A vendor (2023-03). A data sheet."


def test_cite_as_markdown() -> None:
    """The title is the link; signs of Markdown are escaped."""
    assert PAPER.cite("markdown") == (
        r"J. Doe and R. Roe (2025-08-21). [Energy of \[large\] models & more]"
        "(https://example.org/a_%28b%29). An institute. Accessed 2026-01-02."
    )


def test_cite_as_bibtex() -> None:
    """A BibTeX entry with names kept whole and special signs escaped."""
    assert PAPER.cite("bibtex").splitlines() == [
        "@misc{doe-2025,",
        "  author = {{J. Doe and R. Roe}},",
        r"  title = {{Energy of [large] models \& more}},",
        "  year = {2025},",
        "  month = {8},",
        "  organization = {An institute},",
        "  url = {https://example.org/a_(b)},",
        "  urldate = {2026-01-02},",
        r"  note = {100 \% open},",
        "}",
    ]


def test_cite_in_an_unknown_style() -> None:
    """The error lists the styles."""
    with pytest.raises(NotationError, match=r"Source.cite: style needs one of 'text', 'markdown'"):
        PAPER.cite("html")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("", ""),
        ("10.1000/182", "https://doi.org/10.1000/182"),
        ("doi:10.1000/182", "https://doi.org/10.1000/182"),
        ("https://example.org", "https://example.org"),
        ("javascript:alert(1)", ""),
        ("printed, page 7", ""),
    ],
)
def test_link(address: str, link: str) -> None:
    """Only web addresses and DOIs become links."""
    source = evolve(SHEET, address=address)
    assert source.link == link
    assert ("](" in source.cite("markdown")) is bool(link)
    assert address in source.cite()


@given(text=st.text(min_size=1).filter(str.strip))
def test_bibtex_of_any_title_is_balanced(text: str) -> None:
    """No title breaks the entry: braces balance and lines stay whole."""
    entry = evolve(SHEET, title=text, note=text, address=text).cite("bibtex")
    assert entry.count("{") == entry.count("}")
    assert all(line.endswith(("},", ",", "}")) for line in entry.split("\n"))


BAD_SOURCES = [
    ({"key": "Doe 2025"}, NotationError, "Source: key needs lower-case .* 'elsworth-2025'"),
    ({"key": "doe--2025"}, NotationError, "Source: key"),
    ({"key": ""}, NotationError, "Source: key"),
    ({"key": 7}, NotationError, "Source: key needs a text, got int 7"),
    ({"title": "  "}, NotationError, "Source: title is empty"),
    ({"title": None}, NotationError, "Source: title needs a text, got NoneType"),
    ({"authors": "", "organisation": " "}, NotationError, "authors or organisation is needed"),
    ({"date": ""}, NotationError, "Source: date needs YYYY"),
    ({"date": 2025}, NotationError, "Source: date needs a text, got int 2025; put it in quotes"),
    ({"date": "25-08"}, NotationError, "write '2025-08-21'"),
    ({"date": "2025-8"}, NotationError, "YYYY-MM"),
    ({"date": "2025-08-21\n"}, NotationError, "YYYY-MM"),
    ({"date": "2025-13"}, RangeError, "Source: date is not in the calendar"),
    ({"date": "2025-02-29"}, RangeError, "'2025-02-29'"),
    ({"date": "1899"}, RangeError, "a year from 1900 to 2100, got '1899'"),
    ({"date": "2101"}, RangeError, "a year from 1900 to 2100"),
    ({"accessed": "yesterday"}, NotationError, "Source: accessed needs YYYY"),
    ({"accessed": None}, NotationError, "Source: accessed needs a text"),
    ({"licence": 4}, NotationError, "Source: licence needs a text"),
]


@pytest.mark.parametrize(("changes", "error", "message"), BAD_SOURCES)
def test_incomplete_source(changes: dict[str, Any], error: type[Exception], message: str) -> None:
    """Errors name class and field, what came, and what to write."""
    with pytest.raises(error, match=message):
        evolve(PAPER, **changes)


@pytest.mark.parametrize("date", ["1900", "2100-12-31", "2024-02-29", "2025-08"])
def test_good_dates(date: str) -> None:
    """A year, a month or a real day."""
    assert evolve(PAPER, date=date).date == date


def test_source_is_a_value() -> None:
    """Sources compare and hash by what they say, and cannot be changed."""
    assert evolve(PAPER) == PAPER
    assert len({PAPER, evolve(PAPER), SHEET}) == 2
    with pytest.raises(FrozenInstanceError):
        PAPER.title = "another"  # type: ignore[misc]


def test_provenance_reads_plain_values() -> None:
    """One source, texts and lists become the proper types."""
    found = provenance(alternatives=[alternative()])
    assert found.sources == (SHEET,)
    assert found.kind is Kind.DATASHEET
    assert found.confidence is Confidence.SEEN
    assert found.alternatives[0].kind is Kind.MEASURED
    assert provenance().alternatives == ()


def test_text_of_provenance_and_alternative() -> None:
    """Both say kind, source keys and date."""
    assert str(provenance(sources=[SHEET, PAPER])) == "datasheet, a-sheet, doe-2025, 2023-03"
    assert str(alternative(value=650.0)) == "650 W (measured, doe-2025, 2025)"


def test_alternatives_show_one_line_each() -> None:
    """They are a tuple that prints readably, says what was not checked, and can be pickled."""
    found = provenance(alternatives=[alternative(), alternative(confidence="seen", note="a note")])
    assert isinstance(found.alternatives, Alternatives)
    assert repr(found.alternatives) == (
        "650 W (measured, doe-2025, 2025), from memory\n650 W (measured, doe-2025, 2025): a note"
    )
    assert str(provenance().alternatives) == "no other source is known"
    again = pickle.loads(pickle.dumps(found.alternatives))
    assert str(again) == str(found.alternatives)
    assert isinstance(again, Alternatives)


def test_alternative_makes_the_weaker_claim() -> None:
    """What is not said to have been seen counts as memory."""
    assert alternative().confidence is Confidence.MEMORY


BAD_PROVENANCE = [
    ({"sources": ()}, NotationError, "Provenance: sources needs at least one Source, got none"),
    ({"sources": "a-sheet"}, NotationError, "Provenance: sources .* got str 'a-sheet'"),
    ({"sources": None}, NotationError, "Provenance: sources .* got NoneType"),
    ({"kind": "guess"}, NotationError, "field kind.* needs one of 'datasheet', .*; got 'guess'"),
    ({"confidence": "sure"}, NotationError, "confidence.* one of 'seen', 'memory'; got 'sure'"),
    ({"confidence": None}, NotationError, "got None"),
    ({"date": "soon"}, NotationError, "Provenance: date needs YYYY"),
    ({"date": "2023-00"}, RangeError, "Provenance: date is not in the calendar"),
    ({"note": 3}, NotationError, "Provenance: note needs a text"),
    ({"alternatives": "650 W"}, NotationError, "Provenance: alternatives needs Alternative"),
]


@pytest.mark.parametrize(("changes", "error", "message"), BAD_PROVENANCE)
def test_incomplete_provenance(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A figure without source, kind, date or confidence does not load."""
    with pytest.raises(error, match=message):
        provenance(**changes)


@pytest.mark.parametrize("changes", [{"text": ""}, {"sources": []}, {"date": "1"}, {"kind": ""}])
def test_incomplete_alternative(changes: dict[str, Any]) -> None:
    """An alternative needs as much as the figure itself."""
    with pytest.raises(NotationError, match=f"{next(iter(changes))}"):
        alternative(**changes)


def test_assumption_says_what_was_assumed() -> None:
    """Name, value, origin and reason stand in one line."""
    assumed = Assumption(name="power", value=700, why="no power was given", provenance=provenance())
    assert str(assumed) == "power = 700 (datasheet, a-sheet, 2023-03): no power was given"
    own = Assumption(name="utilisation", value=0.4, why="a common middle")
    assert str(own) == "utilisation = 0.4 (assumed): a common middle"


@pytest.mark.parametrize("changes", [{"name": ""}, {"why": " "}, {"provenance": "a-sheet"}])
def test_incomplete_assumption(changes: dict[str, Any]) -> None:
    """An assumption without a name or a reason is refused."""
    complete: dict[str, Any] = {"name": "power", "value": 700, "why": "not given"}
    with pytest.raises(NotationError, match=f"Assumption: {next(iter(changes))}"):
        Assumption(**{**complete, **changes})
