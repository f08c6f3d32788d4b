"""A breakdown shows every step, says what is unknown, and turns into tables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest

from llm_economics.core.breakdown import Breakdown, Step, Text, attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption, Kind, Provenance, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Source(key="a-page", title="A page", organisation="Somebody", date="2025")
OTHER = Source(key="b-page", title="B page", organisation="Somebody", date="2025")
UNKNOWN = MissingInputError("nobody published the price")


@attrs.frozen(kw_only=True, eq=False)
class Run(Breakdown):
    power: Quantity

    def steps(self) -> Iterator[Step]:
        yield Step("power", self.power, "given | <5 MW>", "kW")
        yield Step("spread", between(7, 15, "MW"), "a range")
        yield Step("cost", UNKNOWN, "power x price")
        yield Step("array", quantity(np.array([1.0, 2.0]), "MW"), "a sweep")
        yield Step("ranges", between(1, 4, "MW") * np.array([1.0, 2.0]), "a sweep of ranges")


def assumption(*sources: Source) -> Assumption:
    provenance = Provenance(sources=sources, kind=Kind.MEASURED, date="2025", confidence="seen")
    return Assumption(name="utilization", value=0.4, why="typical", provenance=provenance)


@pytest.fixture
def run() -> Run:
    """Return a breakdown with an assumption and two sources."""
    return Run(
        title="A run",
        power=quantity("5 MW"),
        assumptions=(assumption(OTHER),),
        input_sources=(PAGE,),
    )


def test_missing_inputs_are_kept_and_raised_when_asked() -> None:
    """Unknown is not zero: the reason is kept, and raised by whoever needs the figure."""

    def fails() -> Quantity:
        raise UNKNOWN

    assert attempt(lambda: quantity("5 MW")) == quantity("5 MW")
    assert attempt(fails) is UNKNOWN
    assert given(quantity("5 MW")) == quantity("5 MW")
    with pytest.raises(MissingInputError, match="nobody published the price"):
        given(UNKNOWN)


def test_explanation(run: Run) -> None:
    """Every step, every assumption, every source."""
    text = run.explain()
    assert text.startswith("A run\n")
    assert "  power   5,000 kW\n            = given | <5 MW>" in text
    assert "unknown: nobody published the price" in text
    assert "Assumed (not given by the caller):\n  - " in text
    assert "[a-page]" in text
    assert "[b-page]" in text
    assert run.sources == (PAGE, OTHER)


def test_explanation_of_nothing() -> None:
    """A breakdown without steps, assumptions and sources is its title."""
    bare = Breakdown(title="Nothing")
    assert bare.explain() == "Nothing\n"
    assert str(bare) == repr(bare) == "Nothing"
    assert bare.to_dict() == {}


def test_plain_values(run: Run) -> None:
    """Numbers with unit and ends; None where unknown; lists for arrays."""
    rows = run.to_dict()
    assert rows["power"] == {
        "value": 5000.0,
        "low": 5000.0,
        "high": 5000.0,
        "unit": "kW",
        "how": "given | <5 MW>",
    }
    assert rows["spread"]["low"] == pytest.approx(7, rel=1e-3)
    assert rows["spread"]["high"] == pytest.approx(15, rel=1e-3)
    assert rows["cost"]["value"] is None
    assert rows["array"]["value"] == [1.0, 2.0]
    assert rows["ranges"]["low"] == pytest.approx([1.0, 2.0], rel=1e-3)


def test_markdown_and_html_are_escaped(run: Run) -> None:
    """Bars do not break the table, brackets do not become tags."""
    assert r"| power | 5,000 kW | given \| <5 MW> |" in run.to_markdown()
    assert "<td>given | &lt;5 MW&gt;</td>" in run._repr_html_()
    assert "  power: 5,000 kW" in str(run)


def test_frame(run: Run) -> None:
    """A pandas frame, one row per step."""
    pandas = pytest.importorskip("pandas")
    frame = run.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc["power", "value"] == 5000.0


def test_frame_needs_its_extra(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas the error says what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingInputError, match=r"pip install 'llm_economics\[frame\]'"):
        run.to_frame()


def test_texts_show_themselves() -> None:
    """At the prompt with line breaks, in notebooks as Markdown."""
    assert repr(Text("a\nb")) == "a\nb"
    assert Text("| a |")._repr_markdown_() == "| a |"
    assert Text("a")._repr_markdown_() == "```text\na\n```"
