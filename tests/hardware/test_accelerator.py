"""`Accelerator` and `Server`: dense and sparse peaks apart, unknown is not zero."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.sources import Provenance, Source

CHIP = le.Accelerator(
    name="chip",
    power="700 W",
    peaks={"bf16": "989.4 TFLOP/s", "fp4": "4 PFLOP/s"},
    sparse_peaks={"bf16": "1978.8 TFLOP/s"},
)


@pytest.mark.parametrize(
    ("format", "sparse", "expected"),
    [
        ("bf16", False, 989.4),
        ("BF16", False, 989.4),
        ("bfloat16", True, 1978.8),
        ("mxfp4", False, 4000.0),
    ],
)
def test_peak(format: str, sparse: bool, expected: float) -> None:  # noqa: A002
    """Dense unless asked; a block format runs at the rate of its elements."""
    assert CHIP.peak(format, sparse=sparse).number("TFLOP/s") == pytest.approx(expected)


@pytest.mark.parametrize(
    ("format", "sparse", "match"),
    [
        ("fp8", False, r"no dense peak of chip \(it has bf16, fp4\) named 'fp8'"),
        ("fp4", True, r"no sparse peak of chip \(it has bf16\) named 'fp4'"),
        ("bf61", False, "no number format named 'bf61'. Did you mean .*bf16"),
    ],
)
def test_unknown_peak(format: str, sparse: bool, match: str) -> None:  # noqa: A002
    """A peak that is not there is answered with those that are."""
    with pytest.raises(UnknownNameError, match=match):
        CHIP.peak(format, sparse=sparse)


def test_no_peaks() -> None:
    """A chip without peaks says so."""
    with pytest.raises(UnknownNameError, match="it has none"):
        le.Accelerator(name="bare").peak("bf16")


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        (
            {"power": "700 Wh"},
            DimensionError,
            "Accelerator.power needs power, such as .* got 700 Wh, which is energy",
        ),
        ({"power": 700}, DimensionError, "Accelerator.power needs power with a unit"),
        ({"power": "-1 W"}, RangeError, "Accelerator.power needs at least 0"),
        ({"power": "nan W"}, NotationError, "Accelerator.power"),
        ({"memory": "80 Gparameter"}, DimensionError, "Accelerator.memory needs information"),
        ({"memory_bandwidth": "3.35 TB"}, DimensionError, "memory_bandwidth needs bandwidth"),
        (
            {"rental_price": "2 USD/hour"},
            DimensionError,
            "Accelerator.rental_price needs .*USD/accelerator/hour",
        ),
        (
            {"peaks": {"bf16": "989 TFLOP"}},
            DimensionError,
            "Accelerator.peaks needs .*compute rate",
        ),
    ],
)
def test_refuses(fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A figure that cannot be is refused by field, need and what came."""
    with pytest.raises(error, match=match):
        le.Accelerator(**{"name": "chip", **fields})


def test_refuses_unknown_number_format_of_a_peak() -> None:
    """A peak of no known format is refused."""
    with pytest.raises(UnknownNameError, match="no number format named 'bf61'"):
        le.Accelerator(name="chip", peaks={"bf61": "1 TFLOP/s"})


def test_price_per_accelerator_takes_plain_money() -> None:
    """A price of one accelerator may be typed as money."""
    price = le.Accelerator(name="chip", price="30 kUSD").price
    assert price is not None
    assert price.number("USD/accelerator") == pytest.approx(30_000)


def test_require() -> None:
    """A known figure comes back; an unknown one is asked for by name."""
    assert CHIP.require("power").number("W") == 700.0
    with pytest.raises(MissingInputError, match=r"idle power of chip is not known; give it with"):
        CHIP.require("idle_power")


def test_evolve_keeps_peaks_and_drops_changed_provenance() -> None:
    """A variant of a chip cites only what did not change."""
    sheet = Source(key="a-sheet", title="A sheet", organisation="A maker", date="2023")
    stated = Provenance(sources=sheet, kind="datasheet", date="2023", confidence="seen")
    chip = CHIP.evolve(provenance={"power": stated, "peaks.bf16": stated})
    assert set(chip.evolve(power="500 W").provenance) == {"peaks.bf16"}
    assert set(chip.evolve(peaks={"bf16": "1 PFLOP/s"}).provenance) == {"power"}
    assert NumberFormat.BF16 in chip.evolve(power="500 W").peaks


def test_peaks_cannot_be_changed() -> None:
    """A noun is never mutated, neither are its parts."""
    with pytest.raises(TypeError):
        CHIP.peaks["bf16"] = "2 PFLOP/s"  # type: ignore[index]


@pytest.mark.parametrize(
    ("fields", "match"),
    [
        ({"accelerators": 8}, "the power of box is not known; give it with server.evolve"),
        ({"power": "6.4 kW"}, "the accelerators of box is not known"),
    ],
)
def test_server_power_per_accelerator_unknown(fields: dict[str, Any], match: str) -> None:
    """It needs power and number of accelerators."""
    with pytest.raises(MissingInputError, match=match):
        _ = le.Server(name="box", **fields).power_per_accelerator


def test_server_power_per_accelerator() -> None:
    """Power under load over the accelerators inside."""
    server = le.Server(name="box", power="5.0-8.4 kW", accelerators=8)
    low, high = server.power_per_accelerator.bounds()
    assert low.number("W/accelerator") == pytest.approx(625)
    assert high.number("W/accelerator") == pytest.approx(1050)


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        ({"power": "10.2 kWh"}, DimensionError, "Server.power needs power"),
        (
            {"accelerators": "8 server"},
            DimensionError,
            "Server.accelerators needs .*number of accelerators",
        ),
        ({"price": "300 kUSD/accelerator"}, DimensionError, "Server.price needs money"),
    ],
)
def test_server_refuses(fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A server's figures are checked as those of the accelerator."""
    with pytest.raises(error, match=match):
        le.Server(name="box", **fields)
