"""`ServingStack`: an engine, a model, an accelerator and a date, and how well they work together.

How much of an accelerator's peak is used belongs to the engine that serves, to its version, to the
number format and to the load, never to a chip alone. So it stands here, with a date. Rejected: an
efficiency in the entry of an accelerator or of a model, which would be right for one engine at one
time and would be taken for a property of the hardware.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import as_share, as_text, named_fields
from llm_economics.core.nouns import Noun
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.references import as_names
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = ["ServingStack"]

_REQUESTS = Dimension(name="a number of requests", unit="request", example="64", bare_numbers=True)


def _as_requests(value: QuantityLike) -> Quantity:
    return _REQUESTS.read(value)


# The readers of facts see by this that the field holds a figure.
_as_requests.dimension = _REQUESTS  # type: ignore[attr-defined]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class ServingStack(Noun):
    """What serves a model: engine, version and date, on which accelerator, and what it reaches.

    Notes
    -----
    The two arithmetic shares are of the dense peak of `number_format`; the share of the bandwidth
    is of the vendor's figure. `InferenceWorkload` reads a utilization that it is given against the
    peak of its own `number_format`, so give it the same one.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.stack import ServingStack
    >>> stack = ServingStack(
    ...     name="vLLM 0.6.4 on H100 SXM",
    ...     engine="vLLM",
    ...     version="0.6.4",
    ...     date="2024-11",
    ...     accelerator="H100 SXM",
    ...     number_format="fp8",
    ...     decode_model_bandwidth_utilization=(0.45, 0.6),
    ... )
    >>> print(stack.decode_model_bandwidth_utilization.bounds())
    0.45 .. 0.6 (guaranteed while every input stays in its quoted range)
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "vLLM 0.16.0, MiniMax-M2.5 fp8 on H200 SXM"."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    engine: str = attrs.field(converter=as_text)
    """Program that serves: "vLLM"."""

    version: str = attrs.field(default="", converter=as_text)
    """Its version; empty where the measurement does not say."""

    date: str = attrs.field(converter=as_text)
    """When it was measured or published: year, month or day."""

    accelerator: str = attrs.field(converter=as_text)
    """Accelerator, by its name in the catalogue where it has one."""

    model: str = attrs.field(default="", converter=as_text)
    """Model, by its name in the catalogue where it has one."""

    number_format: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of the arithmetic: the utilizations are shares of its dense peak."""

    prefill_model_flops_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of the dense peak that becomes model FLOP while the input is read."""

    decode_model_flops_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """The same while tokens are written; it grows with the batch."""

    decode_model_bandwidth_utilization: Quantity | None = attrs.field(
        default=None, converter=as_share
    )
    """Share of the memory bandwidth that moves weights and caches while tokens are written."""

    concurrency: Quantity | None = attrs.field(default=None, converter=_as_requests)
    """Requests at work together in the measurements (request)."""

    maximum_batch_size: Quantity | None = attrs.field(default=None, converter=_as_requests)
    """Most requests that fit or that the engine is set to (request)."""

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
            If it was not measured: another stack's figure would be a guess.
        """
        value: Quantity | None = getattr(self, field)
        if value is None:
            message = (
                f"the {field.replace('_', ' ')} of {self.name} is not known; give it with "
                f"stack.evolve({field}=...)"
            )
            raise MissingInputError(message)
        return value
