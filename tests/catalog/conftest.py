"""A catalogue that is as before after each test that adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from llm_economics.catalog import loading
from llm_economics.catalog.shelves import EVIDENCE, STOCKS
from llm_economics.catalog.stock import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@pytest.fixture
def as_before() -> Iterator[None]:
    """Undo what a test adds to the catalogue."""
    before = {name: stock.opened() for name, stock in STOCKS.items()}
    left_out = list(loading.LEFT_OUT)
    yield
    for name, state in before.items():
        STOCKS[name].state = state
    loading.LEFT_OUT[:] = left_out
    EVIDENCE.clear()


@pytest.fixture
def slip_in(as_before: None) -> Callable[[str, Mapping[str, Any]], None]:
    """Return a function that puts tables on a shelf as if the library's files had them."""

    def add(shelf: str, tables: Mapping[str, Any]) -> None:
        state = STOCKS[shelf].opened()
        keys = {**state.keys, **{key.casefold(): key for key in tables}}
        STOCKS[shelf].state = State({**state.tables, **tables}, keys, dict(state.items))

    return add
