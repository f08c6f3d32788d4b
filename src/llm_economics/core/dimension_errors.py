"""The words of an error about units: what was needed, what came, what to write instead.

pint's own message ("Cannot convert from 'megawatt' ([mass] * [length] ** 2 / [time] ** 3) ...")
names neither the word that the reader thinks in nor the likely slip.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import Any

import pint

from llm_economics.core.dimension_names import DIMENSION_NAMES, DimensionName
from llm_economics.core.display import short_number
from llm_economics.core.errors import DimensionError

__all__ = ["describe_dimension", "dimension_error"]


def describe_dimension(value: Any) -> DimensionName | None:
    """Word for the dimension of a quantity or unit, None for an unnamed one or a plain number."""
    dimension = getattr(value, "dimensionality", None)
    registry = getattr(value, "_REGISTRY", None)
    return None if dimension is None else _dimension_table(registry).get(str(dimension))


@lru_cache(maxsize=4)
def _dimension_table(registry: Any) -> dict[str, DimensionName]:
    table: dict[str, DimensionName] = {}
    for name in DIMENSION_NAMES:
        # A foreign registry lacks some of our units.
        with suppress(pint.UndefinedUnitError):
            table.setdefault(str(registry.parse_units(name.unit).dimensionality), name)
    return table


def dimension_error(where: str, needed: Any, got: Any, example: str = "") -> DimensionError:
    """Build the error for a wrong dimension: what was needed, what came, what to write.

    Parameters
    ----------
    where : str
        The function and argument, or the expression.
    needed, got : quantity or number
        Something of the needed dimension, and what came.
    example : str
        A text of the needed dimension; by default a typical one.

    Returns
    -------
    DimensionError
        Not raised here.
    """
    need, came = describe_dimension(needed), describe_dimension(got)
    need_text = need.name if need else f"a unit like {getattr(needed, 'units', needed)}"
    example = example or (need.example if need else "")
    such_as = f", such as '{example}'" if example else ""
    came_text = came.name if came else _raw_dimension(got)
    guess = _suggestion(needed, got)
    hint = f" Did you mean '{guess}'?" if guess else ""
    message = f"{where} needs {need_text}{such_as}; got {got}, which is {came_text}.{hint}"
    return DimensionError(message.strip())


def _raw_dimension(got: Any) -> str:
    if isinstance(got, pint.Quantity):
        return f"of dimension {got.dimensionality}"
    return "a text, not a quantity" if isinstance(got, str) else "a plain number without a unit"


def _suggestion(needed: Any, got: Any) -> str:
    """Guess the slip: a missing or a surplus 'per second', as in MW for MWh."""
    if not isinstance(got, pint.Quantity) or not isinstance(needed, pint.Quantity):
        return ""
    hours = type(got)(1.0, "hour")
    unit = str(getattr(got, "unit_text", got.units))
    number = got.magnitude
    value = f"{short_number(number, 6)} " if isinstance(number, (int, float)) else ""
    if (got * hours).dimensionality == needed.dimensionality:
        return f"{value}{unit}{'h' if unit.endswith('W') else '*s'}"
    if (got / hours).dimensionality == needed.dimensionality:
        shorter = unit.removesuffix("h")
        return f"{value}{shorter if shorter != unit else f'{unit}/s'}"
    return ""
