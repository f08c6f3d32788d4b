"""`Workload`: what training and inference have in common.

A model, an accelerator, a facility, and the figures that turn accelerator-hours into energy and
money. Whatever is left out is assumed, and every assumption is listed in the result.
"""

from __future__ import annotations

import attrs

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
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Source
from llm_economics.facility.site import Facility
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.transformer.model import Model

__all__ = ["Workload"]


@attrs.frozen(kw_only=True, eq=False, field_transformer=named_fields)
class Workload(Noun):
    """Common base of `TrainingWorkload` and `InferenceWorkload`."""

    name: str = attrs.field(default="", converter=as_text)
    """What it is called in results; by default after its model."""

    model: Model | None = attrs.field(default=None)
    """The model that is trained or served."""

    accelerator: Accelerator = attrs.field()
    """The accelerator that computes."""

    facility: Facility | None = attrs.field(default=None)
    """Where it runs; without one, facility energy, carbon and electricity are unknown."""

    number_format: str | None = attrs.field(default=None)
    """Number format of the computation: "bf16", "fp8"; assumed to be bf16 if not given."""

    accelerator_load: Quantity | None = attrs.field(default=None, converter=as_share)
    """Mean power of an accelerator over its rated power."""

    server_factor: Quantity | None = attrs.field(default=None, converter=as_number)
    """Power of a server over that of its accelerators."""

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

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the workload's own figures and of its model, accelerator and facility."""
        nouns = [self.model, self.accelerator, self.facility]
        if self.facility is not None:
            nouns += [self.facility.grid, self.facility.tariff]  # type: ignore[list-item]
        origins = [*self.provenance.values()]
        for noun in nouns:
            origins += [] if noun is None else [*noun.provenance.values()]
        return unique_sources(origins)
