"""Lines of problems: found where a file says what it is about, silent where it does not."""

from __future__ import annotations

import pytest

from llm_economics.catalog.lines import with_lines

TEXT = '''
[accelerators."My chip"]
vendor = "We"
"power" = 5
'idle_power' = 6
[accelerators."My chip".peaks]
bf16 = 7
[cloud_prices."a/b.c/2026"]
price = """
[not a table
"""
[services.Mine.training]
duration = 5
[[odd.list]]
x = 1
[grids]
mine.name = 2
'''

FOUND = [
    ("accelerators/My chip: x", 2),
    ("accelerators/My chip.vendor: needs a text: 'x'", 3),
    ("accelerators/My chip.power.source: is missing", 4),
    ("accelerators/My chip.idle_power: x", 5),
    ("accelerators/My chip.peaks.bf16: x", 7),
    ("accelerators/My chip.powr: x", 2),
    ("cloud_prices/a/b.c/2026.price: x", 9),
    ("services/Mine/training.duration: x", 13),
    ("services/Mine.query: is missing", 12),
    ("odd: there is no such shelf", 14),
    ("grids/mine.name: x", 17),
]


@pytest.mark.parametrize(("problem", "line"), FOUND)
def test_line_is_added(problem: str, line: int) -> None:
    """The longest path that the file has says the line."""
    assert with_lines(TEXT, [problem]) == [f"{problem} (line {line})"]


@pytest.mark.parametrize("problem", ["tariffs/x.price: x", "no path at all", "", "others: x"])
def test_nothing_is_added_where_nothing_is_known(problem: str) -> None:
    """A problem that is about no place stays as it is."""
    assert with_lines(TEXT, [problem]) == [problem]
    assert with_lines("", [problem]) == [problem]
