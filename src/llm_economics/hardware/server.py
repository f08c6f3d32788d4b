"""`Server`: the box that holds accelerators, with host processors, memory, fans and network cards.

A server draws a quarter to a half more than its accelerators; taking their sum for the server's
power is a classic slip, so the two are separate nouns.
"""

from __future__ import annotations

import attrs

from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import (
    as_accelerators,
    as_bandwidth,
    as_information,
    as_money,
    as_power,
    as_text,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.references import as_names, holds
from llm_economics.core.registry import Quantity
from llm_economics.hardware.accelerator import Accelerator

__all__ = ["Server"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Server(Noun):
    """A server with its accelerators.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.servers["DGX H100"].power_maximum)
    10.2 kW
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "DGX H100"."""

    vendor: str = attrs.field(default="", converter=as_text)
    """Who sells or rents it."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    accelerator: Accelerator | None = attrs.field(
        default=None, validator=holds(Accelerator, "accelerators")
    )
    """The accelerator inside."""

    accelerators: Quantity | None = attrs.field(default=None, converter=as_accelerators)
    """How many of them (accelerator)."""

    power: Quantity | None = attrs.field(default=None, converter=as_power)
    """Power under load, accelerators included (W)."""

    power_maximum: Quantity | None = attrs.field(default=None, converter=as_power)
    """Rated maximum power (W); loaded servers draw about three quarters of it."""

    idle_power: Quantity | None = attrs.field(default=None, converter=as_power)
    """Power at rest (W)."""

    price: Quantity | None = attrs.field(default=None, converter=as_money)
    """Price of the server (USD)."""

    memory: Quantity | None = attrs.field(default=None, converter=as_information)
    """Host memory (bytes)."""

    scale_up_domain: Quantity | None = attrs.field(default=None, converter=as_accelerators)
    """How many accelerators the fast links join, those of other servers included (accelerator)."""

    network_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """Network to other servers, one way, all cards together (Gbit/s)."""

    @property
    def power_per_accelerator(self) -> Quantity:
        """Power under load over the accelerators in the server (W/accelerator).

        Raises
        ------
        MissingInputError
            If the power or the number of accelerators is unknown.

        Examples
        --------
        >>> import llm_economics as le
        >>> print(le.Server(name="mine", power="6.4 kW", accelerators=8).power_per_accelerator)
        800 W/accelerator
        """
        if self.power is None or self.accelerators is None:
            missing = "power" if self.power is None else "accelerators"
            message = (
                f"the {missing} of {self.name} is not known; give it with "
                f"server.evolve({missing}=...)"
            )
            raise MissingInputError(message)
        return (self.power / self.accelerators).to("W/accelerator")
