"""From accelerator-time to energy, money and carbon: the one path that all workloads take.

Plain products stand here where the laws of the facility exist too: those take energy, and the
energy of one request is energy per request, another dimension.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import attempt
from llm_economics.core.errors import MissingInputError
from llm_economics.core.functions import minimum
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import EnergyByBoundary, energy_by_boundary
from llm_economics.facility.laws import amortised_price
from llm_economics.workload.assumptions import assumed

if TYPE_CHECKING:
    from llm_economics.facility.site import Facility
    from llm_economics.workload.workload import Workload

__all__ = [
    "MeanPower",
    "Operation",
    "Units",
    "operate",
    "per_accelerator",
    "taken_from_accelerator",
]


@attrs.frozen(kw_only=True)
class Units:
    """Units in which a kind of workload reports."""

    energy: str
    money: str
    carbon: str


@attrs.frozen(kw_only=True, eq=False)
class Operation:
    """What a stretch of accelerator-time means."""

    energy: EnergyByBoundary
    cost: CostByScope
    carbon: Quantity | MissingInputError
    """Location-based carbon of the electricity."""


@attrs.frozen(kw_only=True, eq=False)
class MeanPower:
    """Mean power of the work over rated power of its accelerators; plain numbers."""

    accelerator: Quantity
    """Of the accelerators alone."""

    server: Quantity
    """Of their servers."""


def per_accelerator(value: Quantity) -> Quantity:
    """Turn a figure of one accelerator (W, FLOP/s) into one per accelerator."""
    return value / ureg.Quantity(1.0, "accelerator")


def operate(  # noqa: PLR0913 - a workload and its time; the rest are keyword-only
    workload: Workload,
    accelerator_time: Quantity,
    *,
    stage: str,
    units: Units,
    taken: list[Assumption],
    power: MeanPower | None = None,
) -> Operation:
    """Compute energy by boundary, cost by scope and carbon of accelerator-time.

    Parameters
    ----------
    workload : Workload
        Accelerator, facility and whatever else was given.
    accelerator_time : Quantity
        Accelerator-hours of the work, or those of one request.
    stage : str
        "training" or "serving": whose assumptions apply.
    units : Units
        Units of the result.
    taken : list of Assumption
        Grows by every assumption that is used.
    power : MeanPower, optional
        Mean power, where the work tells it; otherwise the load and the server factor given, or
        assumed for the stage.

    Returns
    -------
    Operation
        Energy, cost, carbon.

    Raises
    ------
    MissingInputError
        If the accelerator's power is unknown, or there is no facility.
    """
    facility = _facility(workload)
    if power is None:
        servers = _servers(workload, accelerator_time, stage=stage, taken=taken)
    else:
        rated = accelerator_time * per_accelerator(workload.accelerator.require("power"))
        servers = (rated * power.accelerator, rated * power.server)
    energy = energy_by_boundary(
        accelerator_energy=servers[0],
        server_energy=servers[1],
        network_and_idle_share=assumed(
            f"{stage}_network_and_idle_share", workload.network_and_idle_share, taken
        ),
        power_usage_effectiveness=facility.power_usage_effectiveness,
        unit=str(servers[0].units),
    ).to(units.energy)
    cost = CostByScope(
        rental=attempt(lambda: _rental(workload, accelerator_time, taken).to(units.money)),
        capital=attempt(lambda: _capital(workload, accelerator_time, taken).to(units.money)),
        electricity=attempt(lambda: (energy.facility * facility.electricity_price).to(units.money)),
        acquisition=MissingInputError("this work has no fixed number of accelerators"),
    )
    carbon = attempt(lambda: (energy.facility * facility.carbon_intensity).to(units.carbon))
    return Operation(energy=energy, cost=cost, carbon=carbon)


def _facility(workload: Workload) -> Facility:
    if workload.facility is None:
        message = "no facility was given; give facility=le.facilities['us-hyperscale'] or your own"
        raise MissingInputError(message)
    return workload.facility


def _servers(
    workload: Workload, time: Quantity, *, stage: str, taken: list[Assumption]
) -> tuple[Quantity, Quantity]:
    """Energy of the accelerators alone, and of their servers."""
    rated = per_accelerator(workload.accelerator.require("power"))
    load = assumed(f"{stage}_accelerator_load", workload.accelerator_load, taken)
    accelerator = time * rated * load
    measured = _server_power(workload, taken)
    if measured is None:
        factor = assumed(f"{stage}_server_factor", workload.server_factor, taken)
        return accelerator, accelerator * factor
    server = time * measured
    # Load and server power are separate ranges; the part never draws more than the whole.
    return minimum(accelerator, server), server


def _server_power(workload: Workload, taken: list[Assumption]) -> Quantity | None:
    """Power of the server per accelerator, if it is known and nothing goes before it."""
    server = workload.server
    if server is None or workload.server_factor is not None:
        return None
    power = attempt(lambda: server.power_per_accelerator)
    if isinstance(power, MissingInputError):
        return None
    origin: Provenance | None = server.provenance.get("power")
    why = "power of the server under load over its accelerators"
    name = f"{server.name} power per accelerator"
    taken.append(Assumption(name=name, value=power, why=why, provenance=origin))
    return power


def _rental(workload: Workload, time: Quantity, taken: list[Assumption]) -> Quantity:
    price = taken_from_accelerator(workload, "rental_price", taken)
    return time * price


def _capital(workload: Workload, time: Quantity, taken: list[Assumption]) -> Quantity:
    price = taken_from_accelerator(workload, "system_price", taken)
    per_hour = amortised_price(
        system_price=price,
        life=assumed("capital_life", workload.capital_life, taken),
        utilization=assumed("capital_utilization", workload.capital_utilization, taken),
    )
    return time * per_hour


def taken_from_accelerator(workload: Workload, field: str, taken: list[Assumption]) -> Quantity:
    """Price that the caller gave, or the accelerator's own, noted as taken.

    Parameters
    ----------
    workload : Workload
        The work.
    field : str
        "rental_price" or "system_price".
    taken : list of Assumption
        Grows by the price if it is the accelerator's.

    Returns
    -------
    Quantity
        The price.

    Raises
    ------
    MissingInputError
        If neither is known.
    """
    own: Quantity | None = getattr(workload, field)
    if own is not None:
        return own
    price = workload.accelerator.require(field)
    name = f"{workload.accelerator.name} {field.replace('_', ' ')}"
    if all(assumption.name != name for assumption in taken):
        origin: Provenance | None = workload.accelerator.provenance.get(field)
        why = "price of the accelerator, since the workload gives none"
        taken.append(Assumption(name=name, value=price, why=why, provenance=origin))
    return price
