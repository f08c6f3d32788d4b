"""The comparison of services: every cell of the seed table, claimed beside computed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.core.errors import UnknownNameError
from llm_economics.report.rows import ROWS

if TYPE_CHECKING:
    from llm_economics.report.comparison import Comparison

NAMES = ["ChatGPT", "Grok", "Gemini", "Copilot", "Titan"]


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """The five services side by side."""
    return le.compare(NAMES)


def test_every_cell_of_the_seed_table_is_shown(comparison: Comparison) -> None:
    """All 25 cells stand in the comparison, as one or more claims."""
    shown = {claim.key for row in ROWS for name in NAMES for claim in comparison.claimed(row, name)}
    assert shown == {key for key in le.claims if key.startswith("seed/")}
    cells = {(c.cell["row"], c.cell["column"]) for c in comparison.claims}
    assert len(cells) == 25


def test_every_line_is_computed(comparison: Comparison) -> None:
    """Each service has a computed figure in each line; none is unknown."""
    for row in ROWS:
        for name in NAMES:
            assert "unknown" not in comparison.computed(row, name)


def test_text(comparison: Comparison) -> None:
    """The text holds each service, each line, each claim and its verdict, in 110 columns."""
    text = str(comparison)
    assert all(row.label in text for row in ROWS)
    assert all(claim.key in text for claim in comparison.claims)
    assert "at least 5x too low" in text
    assert max(len(line) for line in text.splitlines()) <= 112


def test_markdown(comparison: Comparison) -> None:
    """The Markdown has a line claimed and a line computed for each quantity."""
    lines = comparison.to_markdown().splitlines()
    head = next(line for line in lines if line.startswith("| quantity"))
    assert head == f"| quantity |  | {' | '.join(NAMES)} |"
    table = [line for line in lines if line.startswith("|")]
    assert sum("| claimed |" in line for line in table) == len(ROWS)
    columns = {line.replace("\\|", "").count("|") for line in table[: 2 * len(ROWS) + 2]}
    assert columns == {8}


def test_plain_data(comparison: Comparison) -> None:
    """The dictionary survives JSON and holds assumptions and sources."""
    data = json.loads(json.dumps(comparison.to_dict()))
    assert list(data["services"]) == NAMES
    assert len(data["audit"]) == len(comparison.claims)
    titan = data["services"]["Titan"]
    assert titan["assumptions"]
    assert titan["sources"]
    energy = titan["computed"]["training: energy, facility"]
    assert energy["low"] < energy["value"] < energy["high"]
    assert energy["unit"] == "GWh"


def test_public_claims_on_request() -> None:
    """The other public claims are audited when asked for."""
    comparison = le.compare(["Titan"])
    public = comparison.to_dict(public=True)["public_audit"]
    assert len(public) == len(comparison.public_claims) > 10
    assert "public/titan" in comparison.to_text(public=True)
    assert "public/titan" in comparison.to_markdown(public=True)


def test_frame(comparison: Comparison) -> None:
    """The frame has a line per service and quantity."""
    pytest.importorskip("pandas")
    frame = comparison.to_frame()
    assert set(frame["service"]) == set(NAMES)
    assert {"quantity", "value", "low", "high", "unit"} <= set(frame.columns)


def test_own_service() -> None:
    """A service of one's own can stand beside those of the catalogue."""
    mine = le.services["ChatGPT"].evolve(name="Mine", requests="1 million request/day")
    comparison = le.compare([mine, "Titan"])
    assert [s.name for s in comparison.services] == ["Mine", "Titan"]
    assert "Mine" in repr(comparison)


def test_without_public_claims() -> None:
    """A comparison of services that nobody speaks about shows what is computed."""
    mine = le.services["Titan"].evolve(name="Mine")
    comparison = le.compare([mine])
    assert "--public" not in comparison.to_text()
    assert comparison._repr_markdown_() == comparison.to_markdown()


def test_unknown_service() -> None:
    """A misspelt name is refused, with the nearest one."""
    with pytest.raises(UnknownNameError, match="ChatGPT"):
        le.compare(["ChatGTP"])


def test_unknown_figures_are_shown_as_unknown() -> None:
    """A service whose requests nobody knows still has a training; the rest says what is missing."""
    mine = le.services["Titan"].evolve(requests=None)
    text = le.compare([mine]).to_text()
    assert "unknown: the requests of Titan are not known" in text
