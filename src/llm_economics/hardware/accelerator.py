"""`Accelerator`: one chip, as its vendor describes it and as people buy and rent it.

Dense and structured-sparse peaks are separate fields, since taking one for the other is the
field's commonest factor of two. All figures are of one accelerator. Efficiency is not here: it
belongs to a serving stack or to a training run, never to a chip alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs

from llm_economics.core.errors import MissingInputError, UnknownNameError
from llm_economics.core.fields import (
    as_bandwidth,
    as_carbon,
    as_compute_rate,
    as_information,
    as_money_per_accelerator,
    as_power,
    as_rental_price,
    as_text,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.number_format import NumberFormat, number_format
from llm_economics.core.read_only import ReadOnly
from llm_economics.core.references import as_names
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = ["Accelerator", "as_peaks"]


def as_peaks(value: Mapping[str, QuantityLike]) -> Mapping[NumberFormat, Quantity]:
    """Read peaks by number format: ``{"bf16": "989.4 TFLOP/s"}``."""
    read = {number_format(key): as_compute_rate(rate) for key, rate in value.items()}
    return ReadOnly(read)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Accelerator(Noun):
    """One accelerator: a GPU, a TPU chip, a Trainium chip.

    Examples
    --------
    >>> import llm_economics as le
    >>> h100 = le.accelerators["H100 SXM"]
    >>> print(h100.peak("bf16"), h100.memory_bandwidth)
    989.4 TFLOP/s 3.35 TB/s
    >>> mine = le.Accelerator(name="mine", power="500 W", peaks={"bf16": "400 TFLOP/s"})
    >>> print(mine.peak("bf16"))
    400 TFLOP/s
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "H100 SXM"."""

    vendor: str = attrs.field(default="", converter=as_text)
    """Who makes it."""

    release: str = attrs.field(default="", converter=as_text)
    """When it came out: "2022-09"."""

    form_factor: str = attrs.field(default="", converter=as_text)
    """SXM5, PCIe, chip on a board, ..."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    peaks: Mapping[NumberFormat, Quantity] = attrs.field(factory=dict, converter=as_peaks)
    """Dense peak compute rate by number format (FLOP/s)."""

    sparse_peaks: Mapping[NumberFormat, Quantity] = attrs.field(factory=dict, converter=as_peaks)
    """Peak with structured sparsity by number format (FLOP/s); twice the dense one or more."""

    memory: Quantity | None = attrs.field(default=None, converter=as_information)
    """Memory (bytes); vendors print GB and mean GiB."""

    memory_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """Peak memory bandwidth (bytes/s)."""

    link_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """Bandwidth to its neighbours, one way, all links together (bytes/s)."""

    power: Quantity | None = attrs.field(default=None, converter=as_power)
    """Power limit of the accelerator alone (TDP), or the range of its estimates (W)."""

    idle_power: Quantity | None = attrs.field(default=None, converter=as_power)
    """Power at rest (W)."""

    price: Quantity | None = attrs.field(default=None, converter=as_money_per_accelerator)
    """Price of the accelerator alone (USD/accelerator)."""

    system_price: Quantity | None = attrs.field(default=None, converter=as_money_per_accelerator)
    """Price with its share of server and network (USD/accelerator)."""

    rental_price: Quantity | None = attrs.field(default=None, converter=as_rental_price)
    """Price of renting it (USD/accelerator/hour)."""

    embodied_carbon: Quantity | None = attrs.field(default=None, converter=as_carbon)
    """Carbon of making it (gCO2e)."""

    def peak(self, format: str, *, sparse: bool = False) -> Quantity:  # noqa: A002
        """Peak compute rate in a number format.

        Parameters
        ----------
        format : str
            Number format: "bf16", "fp8", ...
        sparse : bool
            Whether to return the figure with structured sparsity. Never taken unasked.

        Returns
        -------
        Quantity
            Compute rate of one accelerator (FLOP/s).

        Raises
        ------
        UnknownNameError
            If the format is unknown, or this accelerator has no such peak.
        """
        wanted = number_format(format)
        table = self.sparse_peaks if sparse else self.peaks
        # A block format runs at the rate of its elements.
        wanted = wanted if wanted in table else wanted.element
        if wanted not in table:
            kind = "sparse peak" if sparse else "dense peak"
            known = ", ".join(str(f) for f in table) or "none"
            what = f"{kind} of {self.name} (it has {known})"
            raise UnknownNameError(format, [str(f) for f in table], what)
        return table[wanted]

    def require(self, field: str) -> Quantity:
        """Return a figure that a computation needs.

        Parameters
        ----------
        field : str
            Name of the field.

        Returns
        -------
        Quantity
            Its value.

        Raises
        ------
        MissingInputError
            If nobody published it: unknown is not zero.
        """
        value: Quantity | None = getattr(self, field)
        if value is None:
            message = (
                f"the {field.replace('_', ' ')} of {self.name} is not known; give it with "
                f"accelerator.evolve({field}=...)"
            )
            raise MissingInputError(message)
        return value
