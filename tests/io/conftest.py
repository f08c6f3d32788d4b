"""Files of facts to load, and a catalogue that is as before after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.catalog.shelves import EVIDENCE, STOCKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SOURCES = """
[sources.my-quote]
title = "A quote"
organisation = "A reseller"
date = "2026-11"
"""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Return a function that loads a text, its source already there; undone afterwards."""
    before = {name: stock.opened() for name, stock in STOCKS.items()}

    def write_and_load(text: str) -> None:
        file = tmp_path / "facts.toml"
        file.write_text(text + SOURCES, encoding="utf-8")
        le.catalog.load(file)

    yield write_and_load
    for name, state in before.items():
        STOCKS[name].state = state
    EVIDENCE.clear()
