"""Tables as text and Markdown."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llm_economics.report.tables import markdown_table, text_table

WORDS = st.text("abc xyz|\n", max_size=40)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_markdown_keeps_its_columns(rows: list[tuple[str, str]]) -> None:
    """Whatever a cell holds, every line has the same number of columns."""
    lines = markdown_table(["a", "b"], rows).splitlines()
    assert {line.replace("\\|", "").count("|") for line in lines} == {3}
    assert len(lines) == len(rows) + 2


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_text_loses_no_word(rows: list[tuple[str, str]]) -> None:
    """Wrapping keeps every word of every cell."""
    text = text_table(rows, [8, 12])
    for row in rows:
        for word in " ".join(row).split():
            assert word in text
