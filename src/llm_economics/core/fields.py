"""Fields of the nouns: read at the edge, checked, named in every error.

A noun is written as

    @noun
    class Facility:
        power_usage_effectiveness: Quantity = attrs.field(converter=as_power_usage_effectiveness)

Each converter is a named function, since type checkers understand only those. The `named_fields`
hook wraps them so that an error says which class and field it came from, that a fresh range is
called after its field, and that None passes where it is the default ("unknown").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llm_economics.core import dimensions as dim
from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    NotationError,
    RangeError,
)
from llm_economics.core.read_only import ReadOnly

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from llm_economics.core.reading import QuantityLike
    from llm_economics.core.registry import Quantity

__all__ = [
    "as_accelerators",
    "as_bandwidth",
    "as_carbon",
    "as_carbon_intensity",
    "as_computation",
    "as_compute_rate",
    "as_energy",
    "as_information",
    "as_mapping",
    "as_money",
    "as_money_per_accelerator",
    "as_number",
    "as_parameters",
    "as_power",
    "as_power_usage_effectiveness",
    "as_price_of_energy",
    "as_rental_price",
    "as_request_rate",
    "as_share",
    "as_text",
    "as_time",
    "as_token_rate",
    "as_tokens",
    "as_tokens_per_request",
    "as_water_intensity",
    "dimension_of",
    "named_fields",
]


def _dimension_in(alias: Any) -> Dimension:
    return next(e for e in alias.__metadata__ if isinstance(e, Dimension))


def dimension_of(converter: Any) -> Dimension | None:
    """Dimension that a field's converter reads, None if it reads something else."""
    if converter in _DIMENSIONS:
        return _DIMENSIONS[converter]
    return cast("Dimension | None", getattr(converter, "dimension", None))


def as_power(value: QuantityLike) -> Quantity:
    """Read power: "700 W"."""
    return _dimension_in(dim.Power).read(value)


def as_energy(value: QuantityLike) -> Quantity:
    """Read energy: "5 MWh"."""
    return _dimension_in(dim.Energy).read(value)


def as_time(value: QuantityLike) -> Quantity:
    """Read time: "30-90 day"."""
    return _dimension_in(dim.Time).read(value)


def as_information(value: QuantityLike) -> Quantity:
    """Read an amount of information: "80 GiB"."""
    return _dimension_in(dim.Information).read(value)


def as_bandwidth(value: QuantityLike) -> Quantity:
    """Read a bandwidth: "3.35 TB/s"."""
    return _dimension_in(dim.Bandwidth).read(value)


def as_computation(value: QuantityLike) -> Quantity:
    """Read an amount of computation: "2e25 FLOP"."""
    return _dimension_in(dim.Computation).read(value)


def as_compute_rate(value: QuantityLike) -> Quantity:
    """Read a compute rate: "989 TFLOP/s"."""
    return _dimension_in(dim.ComputeRate).read(value)


def as_parameters(value: QuantityLike) -> Quantity:
    """Read a number of parameters: "70 Gparameter" or 70e9."""
    return _dimension_in(dim.ParameterCount).read(value)


def as_tokens(value: QuantityLike) -> Quantity:
    """Read a number of tokens: "15 Ttoken" or 15e12."""
    return _dimension_in(dim.TokenCount).read(value)


def as_tokens_per_request(value: QuantityLike) -> Quantity:
    """Read tokens per request: "500 token" or "500 token/request"."""
    return _dimension_in(dim.TokensPerRequest).read(value)


def as_token_rate(value: QuantityLike) -> Quantity:
    """Read a token rate: "900 token/s"."""
    return _dimension_in(dim.TokenRate).read(value)


def as_request_rate(value: QuantityLike) -> Quantity:
    """Read a request rate: "2.5 billion request/day"."""
    return _dimension_in(dim.RequestRate).read(value)


def as_accelerators(value: QuantityLike) -> Quantity:
    """Read a number of accelerators: 16384 or "16384 accelerator"."""
    return _dimension_in(dim.AcceleratorCount).read(value)


def as_money(value: QuantityLike) -> Quantity:
    """Read money: "5 MUSD"."""
    return _dimension_in(dim.Money).read(value)


def as_money_per_accelerator(value: QuantityLike) -> Quantity:
    """Read a price per accelerator: "45-55 kUSD"."""
    return _dimension_in(dim.MoneyPerAccelerator).read(value)


def as_rental_price(value: QuantityLike) -> Quantity:
    """Read a rental price: "2-3 USD/accelerator/hour"."""
    return _dimension_in(dim.MoneyPerAcceleratorTime).read(value)


def as_price_of_energy(value: QuantityLike) -> Quantity:
    """Read a price of energy: "0.08 USD/kWh"."""
    return _dimension_in(dim.MoneyPerEnergy).read(value)


def as_carbon(value: QuantityLike) -> Quantity:
    """Read a mass of greenhouse gases: "164 kgCO2e"."""
    return _dimension_in(dim.Carbon).read(value)


def as_carbon_intensity(value: QuantityLike) -> Quantity:
    """Read a carbon intensity: "384 gCO2e/kWh"."""
    return _dimension_in(dim.CarbonIntensity).read(value)


def as_water_intensity(value: QuantityLike) -> Quantity:
    """Read a water intensity: "1.1 L/kWh"."""
    return _dimension_in(dim.WaterIntensity).read(value)


def as_share(value: QuantityLike) -> Quantity:
    """Read a share between 0 and 1: 0.4, "40 %" or (0.38, 0.43)."""
    return _dimension_in(dim.Share).read(value)


def as_number(value: QuantityLike) -> Quantity:
    """Read a plain number that is not negative."""
    return _dimension_in(dim.Number).read(value)


def as_power_usage_effectiveness(value: QuantityLike) -> Quantity:
    """Read a PUE: 1.1 or "1.08-1.25"; at least 1."""
    return _dimension_in(dim.PowerUsageEffectiveness).read(value)


_DIMENSIONS: dict[Any, Dimension] = {
    as_power: _dimension_in(dim.Power),
    as_energy: _dimension_in(dim.Energy),
    as_time: _dimension_in(dim.Time),
    as_information: _dimension_in(dim.Information),
    as_bandwidth: _dimension_in(dim.Bandwidth),
    as_computation: _dimension_in(dim.Computation),
    as_compute_rate: _dimension_in(dim.ComputeRate),
    as_parameters: _dimension_in(dim.ParameterCount),
    as_tokens: _dimension_in(dim.TokenCount),
    as_tokens_per_request: _dimension_in(dim.TokensPerRequest),
    as_token_rate: _dimension_in(dim.TokenRate),
    as_request_rate: _dimension_in(dim.RequestRate),
    as_accelerators: _dimension_in(dim.AcceleratorCount),
    as_money: _dimension_in(dim.Money),
    as_money_per_accelerator: _dimension_in(dim.MoneyPerAccelerator),
    as_rental_price: _dimension_in(dim.MoneyPerAcceleratorTime),
    as_price_of_energy: _dimension_in(dim.MoneyPerEnergy),
    as_carbon: _dimension_in(dim.Carbon),
    as_carbon_intensity: _dimension_in(dim.CarbonIntensity),
    as_water_intensity: _dimension_in(dim.WaterIntensity),
    as_share: _dimension_in(dim.Share),
    as_number: _dimension_in(dim.Number),
    as_power_usage_effectiveness: _dimension_in(dim.PowerUsageEffectiveness),
}
# A decorator on each converter would read better, but type checkers then refuse it in a field.


def as_text(value: str) -> str:
    """Read a text; refuse anything else."""
    given: object = value
    if not isinstance(given, str):
        message = f"needs a text; got {value!r}"
        raise NotationError(message)
    return value


def as_mapping(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Keep a read-only copy of a mapping."""
    return ReadOnly(value)


def named_fields(cls: type[Any], fields: list[Any]) -> list[Any]:
    """Hook for ``attrs.frozen(field_transformer=...)``: name class and field in every error.

    Parameters
    ----------
    cls : type
        The noun.
    fields : list of attrs.Attribute
        Its fields.

    Returns
    -------
    list of attrs.Attribute
        The fields, their converters and validators wrapped.
    """
    return [_named(cls, field) for field in fields]


def _named(cls: type[Any], field: Any) -> Any:
    changes: dict[str, Any] = {}
    if field.converter is not None:
        changes["converter"] = _named_converter(cls, field)
    if field.validator is not None:
        changes["validator"] = _named_validator(cls, field)
    return field.evolve(**changes) if changes else field


def _named_converter(cls: type[Any], field: Any) -> Callable[[Any], Any]:
    # An inherited field was wrapped under its base's name already.
    inner = getattr(field.converter, "inner", field.converter)
    optional = field.default is None
    dimension = dimension_of(inner)
    where = f"{cls.__name__}.{field.name}"

    def convert(value: Any) -> Any:
        if value is None and optional:
            return None
        try:
            return dimension.read(value, name=field.name) if dimension else inner(value)
        except LLMEconomicsError as error:
            raise _prefixed(error, where) from None

    convert.dimension = dimension  # type: ignore[attr-defined]
    convert.inner = inner  # type: ignore[attr-defined]
    return convert


def _named_validator(cls: type[Any], field: Any) -> Callable[[Any, Any, Any], None]:
    inner = getattr(field.validator, "inner", field.validator)

    def validate(instance: Any, attribute: Any, value: Any) -> None:
        try:
            inner(instance, attribute, value)
        except LLMEconomicsError as error:
            raise _prefixed(error, f"{cls.__name__}.{field.name}") from None

    validate.inner = inner  # type: ignore[attr-defined]
    return validate


def _prefixed(error: LLMEconomicsError, where: str) -> LLMEconomicsError:
    if not isinstance(error, (DimensionError, NotationError, RangeError)):
        error.add_note(f"in {where}")
        return error
    text = str(error)
    return type(error)(f"{where}{' ' if text.startswith('needs') else ': '}{text}")
