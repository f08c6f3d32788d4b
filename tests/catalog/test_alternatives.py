"""A figure of the catalogue knows where it comes from and what other sources say."""

from __future__ import annotations

import pickle

import pytest

import llm_economics as le
from llm_economics.catalog.shelves import STOCKS
from llm_economics.core.errors import CatalogError
from llm_economics.io.entries import Entry


def test_figures_know_where_they_come_from() -> None:
    """Each figure, exact or a range, answers with the provenance of its own field."""
    for chip in list(le.accelerators.values())[::7]:
        for name, origin in chip.provenance.items():
            field, _, part = name.partition(".")
            value = getattr(chip, field)[part] if part else getattr(chip, field)
            assert [a.text for a in value.alternatives] == [a.text for a in origin.alternatives]
            assert value.provenance.sources == origin.sources
    power = le.accelerators["TPU v4"].require("power")
    assert [other.text for other in power.alternatives] == ["170 W", "192 W", "340 W"]


def test_another_unit_keeps_it_and_arithmetic_does_not() -> None:
    """Converted it is the same figure; computed from, copied or made here, it is another."""
    power = le.accelerators["TPU v4"].require("power")
    assert len(power.to("kW").alternatives) == 3
    assert power.to("kW") == power
    for other in (2 * power, power + power, pickle.loads(pickle.dumps(power)), le.quantity("5 W")):
        assert other.alternatives == ()
        assert other.provenance is None


def test_what_is_read_late_is_checked_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provenance that cannot be read is an error when it is looked at, and names its place."""
    stock = STOCKS["tariffs"]
    table = {**dict(next(iter(stock.opened().tables.values())))}
    table["price"] = {**table["price"], "source": "no-such-source", "alternatives": []}
    entry = Entry("facts.toml", "mine", "", 1)
    monkeypatch.setattr(entry, "_table", table)
    tariff = stock.build("mine", entry)
    assert tariff.price is not None
    with pytest.raises(
        CatalogError, match=r"tariffs/mine\.price\.source: there is no source 'no-such"
    ):
        tariff.provenance["price"]
