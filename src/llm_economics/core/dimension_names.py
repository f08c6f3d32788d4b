"""Words for dimensions: "energy", not "[length] ** 2 * [mass] / [time] ** 2".

Pure data, so that the registry's error messages can use it without importing anything above it.
The first name whose unit has the dimension wins. pint's own wording was rejected: its readers
think in megawatt-hours, not in powers of base dimensions.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DIMENSION_NAMES", "DimensionName"]


class DimensionName(NamedTuple):
    """The word for one dimension, a unit that has it, and a text that a user could type."""

    name: str
    unit: str
    example: str


DIMENSION_NAMES: tuple[DimensionName, ...] = (
    DimensionName("a plain number", "dimensionless", "0.4"),
    DimensionName("time", "second", "30 day"),
    DimensionName("energy", "joule", "5 MWh"),
    DimensionName("power", "watt", "5 MW"),
    DimensionName("mass", "gram", "3 tonne"),
    DimensionName("volume of water", "litre", "0.3 mL"),
    DimensionName("information", "byte", "80 GB"),
    DimensionName("bandwidth", "byte/second", "3.35 TB/s"),
    DimensionName("computation", "FLOP", "2e25 FLOP"),
    DimensionName("a compute rate", "FLOP/second", "989 TFLOP/s"),
    DimensionName("a number of tokens", "token", "15 Ttoken"),
    DimensionName("a token rate", "token/second", "900 token/s"),
    DimensionName("a number of requests", "request", "1e9 request"),
    DimensionName("a request rate", "request/second", "2.5e9 request/day"),
    DimensionName("a number of parameters", "parameter", "70 Gparameter"),
    DimensionName("a number of users", "user", "8e8 user"),
    DimensionName("a number of accelerators", "accelerator", "16384 accelerator"),
    DimensionName("a number of servers", "server", "2048 server"),
    DimensionName("accelerator-time", "accelerator*hour", "3e6 accelerator*hour"),
    DimensionName("money", "USD", "5 MUSD"),
    DimensionName("money in euros", "EUR", "5 MEUR"),
    DimensionName("carbon", "gCO2e", "8930 tCO2e"),
    DimensionName("money per accelerator-time", "USD/accelerator/hour", "2 USD/accelerator/hour"),
    DimensionName("money per accelerator", "USD/accelerator", "30 kUSD/accelerator"),
    DimensionName("money per time", "USD/hour", "20 USD/hour"),
    DimensionName("money per energy", "USD/joule", "0.08 USD/kWh"),
    DimensionName("money per token", "USD/token", "3 USD/Mtoken"),
    DimensionName("money per request", "USD/request", "0.002 USD/request"),
    DimensionName("carbon intensity", "gCO2e/joule", "384 gCO2e/kWh"),
    DimensionName("carbon per token", "gCO2e/token", "130 gCO2e/Mtoken"),
    DimensionName("carbon per request", "gCO2e/request", "0.1 gCO2e/request"),
    DimensionName("water intensity", "litre/joule", "1.1 L/kWh"),
    DimensionName("water per request", "litre/request", "0.3 mL/request"),
    DimensionName("energy per token", "joule/token", "2 J/token"),
    DimensionName("energy per request", "joule/request", "0.3 Wh/request"),
    DimensionName("tokens per request", "token/request", "500 token/request"),
    DimensionName("power per accelerator", "watt/accelerator", "700 W/accelerator"),
    DimensionName(
        "a compute rate per accelerator", "FLOP/second/accelerator", "989 TFLOP/s/accelerator"
    ),
    DimensionName("computation per token", "FLOP/token", "140 GFLOP/token"),
    DimensionName("information per token", "byte/token", "56 KiB/token"),
    DimensionName("arithmetic intensity", "FLOP/byte", "295 FLOP/byte"),
    DimensionName("energy per computation", "joule/FLOP", "0.7 pJ/FLOP"),
)
