"""The pages in `docs/`: each can be reached, and each one with code says how it is run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def name_of(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_with_code_is_executed(page: Path) -> None:
    """A page with code cells has the header that makes them run at build time."""
    text = page.read_text(encoding="utf-8")
    assert ("{code-cell}" in text) == ("file_format: mystnb" in text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_pages(page: Path) -> None:
    """A relative link names a file that exists."""
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\(((?!https?:|#)[^)#]+\.md)", text)
    assert not [link for link in links if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_page_has_one_title(page: Path) -> None:
    """A page begins with a heading and has no second one of that rank outside its code."""
    text = re.sub(
        r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE
    )
    assert len(re.findall(r"^# ", text, flags=re.MULTILINE)) == 1
