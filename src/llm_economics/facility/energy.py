"""`EnergyByBoundary`: the same work seen at the accelerator, the server, the IT, the facility.

Figures for one prompt differ by a factor of two and more only because their authors drew the
boundary elsewhere. So an energy here is never a bare number: it is asked for by its boundary, and
the parts between the boundaries add up to the whole exactly.
"""

from __future__ import annotations

from enum import StrEnum

import attrs

from llm_economics.core.breakdown import Text
from llm_economics.core.errors import UnknownNameError
from llm_economics.core.registry import Quantity

__all__ = ["Boundary", "EnergyByBoundary", "energy_by_boundary"]


class Boundary(StrEnum):
    """Where the line around the energy is drawn; each holds the one before."""

    ACCELERATOR = "accelerator"
    """The accelerators alone."""
    SERVER = "server"
    """With host processors, memory, fans, power supplies of the servers at work."""
    IT = "it"
    """With network, storage and servers that stand ready but idle."""
    FACILITY = "facility"
    """With cooling and power distribution of the building."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        hint = f"It is one of {', '.join(cls)}."
        raise UnknownNameError(str(value), list(cls), "boundary", hint=hint)


@attrs.frozen(kw_only=True, eq=False)
class EnergyByBoundary:
    """Energy of one piece of work, by boundary; the parts sum to the facility's energy."""

    accelerator: Quantity
    """Accelerators alone."""

    host: Quantity
    """What the servers add."""

    network_and_idle: Quantity
    """What network, storage and idle servers add."""

    overhead: Quantity
    """What cooling and power distribution add."""

    @property
    def server(self) -> Quantity:
        """Accelerators and hosts."""
        return self.accelerator + self.host

    @property
    def it(self) -> Quantity:
        """All IT equipment."""
        return self.server + self.network_and_idle

    @property
    def facility(self) -> Quantity:
        """The whole facility."""
        return self.it + self.overhead

    def at(self, boundary: Boundary | str) -> Quantity:
        """Energy inside a boundary.

        Parameters
        ----------
        boundary : Boundary or str
            "accelerator", "server", "it" or "facility".

        Returns
        -------
        Quantity
            The energy.

        Raises
        ------
        UnknownNameError
            If there is no such boundary.
        """
        found: Quantity = getattr(self, Boundary(boundary).value)
        return found

    def by_boundary(self) -> dict[str, Quantity]:
        """Energy inside each boundary, narrowest first."""
        return {boundary.value: self.at(boundary) for boundary in Boundary}

    def to(self, unit: str) -> EnergyByBoundary:
        """The same in another unit."""
        return EnergyByBoundary(
            accelerator=self.accelerator.to(unit),
            host=self.host.to(unit),
            network_and_idle=self.network_and_idle.to(unit),
            overhead=self.overhead.to(unit),
        )

    def __str__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in self.by_boundary().items())

    def __repr__(self) -> str:
        return str(self)

    def to_markdown(self) -> Text:
        """Table in Markdown."""
        rows = ["| boundary | energy |", "| --- | --- |"]
        rows += [f"| {name} | {value} |" for name, value in self.by_boundary().items()]
        return Text("\n".join(rows))


def energy_by_boundary(
    *,
    accelerator_energy: Quantity,
    server_energy: Quantity,
    network_and_idle_share: Quantity,
    power_usage_effectiveness: Quantity,
    unit: str,
) -> EnergyByBoundary:
    """Widen the boundary step by step, keeping each part.

    Parameters
    ----------
    accelerator_energy : Quantity
        Energy of the accelerators alone.
    server_energy : Quantity
        Energy of the servers at work, accelerators included.
    network_and_idle_share : Quantity
        Energy of network, storage and idle servers over that of the working servers.
    power_usage_effectiveness : Quantity
        PUE, at least 1.
    unit : str
        Unit of the result.

    Returns
    -------
    EnergyByBoundary
        The parts.

    Examples
    --------
    >>> import llm_economics as le
    >>> parts = energy_by_boundary(
    ...     accelerator_energy=le.quantity("10 MWh"),
    ...     server_energy=le.quantity("14 MWh"),
    ...     network_and_idle_share=le.quantity(0.1),
    ...     power_usage_effectiveness=le.quantity(1.2),
    ...     unit="MWh",
    ... )
    >>> print(parts)
    accelerator: 10 MWh
    server: 14 MWh
    it: 15.4 MWh
    facility: 18.48 MWh
    """
    host = server_energy - accelerator_energy
    network_and_idle = server_energy * network_and_idle_share
    it = server_energy + network_and_idle
    overhead = it * (power_usage_effectiveness - 1.0)
    return EnergyByBoundary(
        accelerator=accelerator_energy.to(unit),
        host=host.to(unit),
        network_and_idle=network_and_idle.to(unit),
        overhead=overhead.to(unit),
    )
