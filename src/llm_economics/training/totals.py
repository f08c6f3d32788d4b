"""Sums over the parts of a run or the stages of a programme, where some may be unknown.

A sum with an unknown part is unknown, and says which part is missing and why. Rejected: summing
what is known, which prints a total that is none.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from llm_economics.core.breakdown import attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import EnergyByBoundary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from llm_economics.core.sources import Assumption

__all__ = ["added", "added_cost", "added_energy", "noted_once", "total"]

Maybe = Quantity | MissingInputError


def added(values: Iterable[Quantity]) -> Quantity:
    """Sum of one quantity or more, in the unit of the first."""
    first, *rest = values
    return sum(rest, first)


def total(parts: Mapping[str, Maybe]) -> Maybe:
    """Sum of parts by name; unknown if one of them is.

    Parameters
    ----------
    parts : mapping
        Quantities of one dimension by the name of their part, at least one.

    Returns
    -------
    Quantity or MissingInputError
        The sum; or the error that names every missing part with its reason.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.core.errors import MissingInputError
    >>> print(total({"pre-training": le.quantity("2 MWh"), "tuning": le.quantity("500 kWh")}))
    2.5 MWh
    >>> total({"pre-training": le.quantity("2 MWh"), "tuning": MissingInputError("no facility")})
    MissingInputError('the total lacks tuning (no facility)')
    """
    missing = {name: v for name, v in parts.items() if isinstance(v, MissingInputError)}
    if not missing:
        return added(given(value) for value in parts.values())
    words = "; ".join(f"{name} ({reason})" for name, reason in missing.items())
    return MissingInputError(f"the total lacks {words}")


def added_energy(parts: Iterable[EnergyByBoundary]) -> EnergyByBoundary:
    """Energy of several pieces of work, boundary by boundary."""
    listed = list(parts)
    return EnergyByBoundary(
        accelerator=added(part.accelerator for part in listed),
        host=added(part.host for part in listed),
        network_and_idle=added(part.network_and_idle for part in listed),
        overhead=added(part.overhead for part in listed),
    )


def added_cost(parts: Mapping[str, CostByScope], *, acquisition: Maybe) -> CostByScope:
    """Cost of several pieces of work, scope by scope.

    Parameters
    ----------
    parts : mapping
        Cost by the name of its part.
    acquisition : Quantity or MissingInputError
        Price of the machines, which are bought once for all parts; or why there is none.

    Returns
    -------
    CostByScope
        The sums; where a part is unknown, the error that says which.
    """

    def sum_of(ask: Callable[[CostByScope], Quantity]) -> Maybe:
        return total({name: attempt(partial(ask, cost)) for name, cost in parts.items()})

    return CostByScope(
        rental=sum_of(lambda cost: cost.rental),
        capital=sum_of(lambda cost: cost.capital),
        electricity=sum_of(lambda cost: cost.electricity),
        acquisition=acquisition,
    )


def noted_once(assumptions: Iterable[Assumption]) -> tuple[Assumption, ...]:
    """Assumptions in their order, each once: parts that rest on the same one name it together."""
    return tuple({str(assumption): assumption for assumption in assumptions}.values())
