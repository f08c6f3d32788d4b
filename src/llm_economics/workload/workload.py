"""`Workload`: what training and inference have in common.

A model, an accelerator, a facility, and the figures that turn accelerator-hours into energy and
money. Whatever is left out is assumed, and every assumption is listed in the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.errors import RangeError
from llm_economics.core.fields import (
    as_money_per_accelerator,
    as_number,
    as_rental_price,
    as_share,
    as_text,
    as_time,
    named_fields,
)
from llm_economics.core.nouns import Noun, unique_sources
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.references import holds
from llm_economics.core.registry import Quantity
from llm_economics.facility.site import Facility
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.hardware.server import Server
from llm_economics.transformer.model import Model

if TYPE_CHECKING:
    from llm_economics.core.sources import Source

__all__ = ["Workload"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Workload(Noun):
    """Common base of `TrainingWorkload` and `InferenceWorkload`."""

    name: str = attrs.field(default="", converter=as_text)
    """What it is called in results; by default after its model."""

    model: Model | None = attrs.field(default=None, validator=holds(Model, "models"))
    """The model that is trained or served."""

    accelerator: Accelerator = attrs.field(validator=holds(Accelerator, "accelerators"))
    """The accelerator that computes."""

    facility: Facility | None = attrs.field(default=None, validator=holds(Facility, "facilities"))
    """Where it runs; `estimate` needs it, since energy without its overhead is half an answer."""

    server: Server | None = attrs.field(default=None, validator=holds(Server, "servers"))
    """The server that holds the accelerators. If its power and number of accelerators are known,
    the server boundary takes them instead of rated power, load and server factor; the accelerator
    boundary keeps rated power and load, but never exceeds the server. A `server_factor` given
    here goes before it."""

    number_format: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of the computation: "bf16", "fp8"; assumed to be bf16 if not given."""

    accelerator_load: Quantity | None = attrs.field(default=None, converter=as_share)
    """Mean power of an accelerator over its rated power."""

    server_factor: Quantity | None = attrs.field(default=None, converter=as_number)
    """Power of a server over that of its accelerators, at least 1."""

    network_and_idle_share: Quantity | None = attrs.field(default=None, converter=as_number)
    """Energy of network, storage and idle servers over that of working servers."""

    rental_price: Quantity | None = attrs.field(default=None, converter=as_rental_price)
    """Price of renting (USD/accelerator/hour); by default the accelerator's."""

    system_price: Quantity | None = attrs.field(default=None, converter=as_money_per_accelerator)
    """Price of buying (USD/accelerator, server and network included); default the accelerator's."""

    capital_life: Quantity | None = attrs.field(default=None, converter=as_time)
    """Time over which an owned system is written off."""

    capital_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of that time in which it does paid work."""

    def __attrs_post_init__(self) -> None:
        """Refuse a format that the accelerator lacks, and a server that does not hold it."""
        name = type(self).__name__
        factor = self.server_factor
        if factor is not None and float(factor.bounds().low.to("").magnitude) < 1.0:
            message = (
                f"{name}.server_factor needs at least 1, as a server holds its accelerators; "
                f"got {factor}"
            )
            raise RangeError(message)
        if self.number_format is not None and self.accelerator.peaks:
            self.accelerator.peak(self.number_format)  # refuses a format that it does not have
        server = self.server
        if server is None or server.accelerator is None:
            return
        if server.accelerator.name != self.accelerator.name:
            message = (
                f"{name}.server needs a server that holds {self.accelerator.name}; "
                f"got {server.name}, which holds {server.accelerator.name}"
            )
            raise RangeError(message)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the workload's own figures and of the nouns that it names."""
        nouns: list[Noun | None] = [self, self.model, self.accelerator, self.server, self.facility]
        if self.facility is not None:
            nouns += [self.facility.grid, self.facility.tariff]
        return unique_sources(
            origin for noun in nouns if noun is not None for origin in noun.provenance.values()
        )
