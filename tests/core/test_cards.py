"""The card of a noun: HTML that is whole, escaped, and links to sources."""

from __future__ import annotations

from html.parser import HTMLParser

from llm_economics.core.cards import Line, card
from llm_economics.core.sources import Alternative, Provenance, Source

ODD = Source(
    key="odd-2025",
    title='"<b>Odd</b>" & more',
    organisation="We",
    date="2025",
    address='https://example.org/"x"&y',
)


class Whole(HTMLParser):
    """Notes what is open and what the cells say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.links += [value or "" for key, value in attrs if key == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_card_is_whole_and_escaped() -> None:
    """What stands in texts, notes and addresses is no markup."""
    other = Alternative(text="<i>6</i> W", sources=ODD, kind="measured", date="2024")
    origin = Provenance(
        sources=ODD,
        kind="assumed",
        date="2025",
        confidence="memory",
        note="a < b",
        alternatives=other,
    )
    lines = [Line("a & b", "<script>"), Line("power", "5 W", is_figure=True, origin=origin)]
    read = Whole(card("<Box>", lines))
    assert not read.open
    assert read.links == [ODD.link, ODD.link]
    assert {"<Box>", "a & b", "<script>", "a < b", "<i>6</i> W", "also said"} <= set(read.words)


def test_figure_without_origin_says_so() -> None:
    """A figure of the user's own stands there as not stated."""
    html = card("Box", [Line("power", "5 W", is_figure=True)])
    assert "<td>power</td><td>5 W</td><td></td><td>not stated</td>" in html
    assert html.count("<th>") == 7


def test_card_without_figures_has_no_head() -> None:
    """Nothing but words needs no headings."""
    assert "<th>" not in card("Box", [Line("name", "x")])
