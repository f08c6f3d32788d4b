"""`Deployment`: a model on accelerators, ready to serve; asked about a load, it answers.

Replicas are alike, each with its own batch. Formats of weights, cache and arithmetic are apart.
The serving stack is told by engine and date; an unknown one is wide. Rejected: an efficiency as a
field, which would be right for one load.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import (
    as_number,
    as_rental_price,
    as_share,
    as_text,
    as_tokens,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.references import holds
from llm_economics.core.registry import Quantity
from llm_economics.facility.site import Facility
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.hardware.network import Network
from llm_economics.hardware.server import Server
from llm_economics.serving.constants import ConstantSet
from llm_economics.serving.latency import UnloadedTimeToFirstToken, as_percentile
from llm_economics.serving.memory import ServingMemory, largest_batch, serving_memory
from llm_economics.serving.serve import serve, unloaded
from llm_economics.transformer.model import Model

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.serving.load import Load
    from llm_economics.serving.point import ServingPoint

__all__ = ["Deployment"]


def _whole(_instance: Any, _attribute: Any, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"needs a whole number from 1, such as 8; got {value!r}"
        raise RangeError(message)


def _date(_instance: Any, _attribute: Any, value: str) -> None:
    if value and not re.fullmatch(r"20\d\d(-(0[1-9]|1[0-2])(-\d\d)?)?", value):
        message = f"needs a year or a month, such as '2026-01'; got {value!r}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Deployment(Noun):
    """A model on accelerators.

    Raises
    ------
    RangeError
        If a layout does not divide heads, layers or experts, or speculation is given twice.
    UnknownNameError
        If the accelerator lacks the format of the multiplications.
    MissingInputError
        If an acceptance rate comes without the number of drafted tokens.

    Notes
    -----
    There is no throughput without a load: what a deployment reaches depends on lengths and on how
    many requests are in flight. Weights whose format the accelerator cannot multiply in are
    widened to 16 bits; `arithmetic` says so otherwise.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.load import Load
    >>> deployment = Deployment(
    ...     model=le.models["Llama 3.1 70B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     tensor_parallel=4,
    ...     weights="fp8",
    ...     engine="vLLM",
    ...     software_date="2026-01",
    ... )
    >>> load = Load.closed(concurrency=32, input_tokens="1024 token", output_tokens="1024 token")
    >>> 12 < deployment.at(load).time_per_output_token.median().number("ms/token") < 20
    True
    """

    model: Model = attrs.field(validator=holds(Model, "models"))
    """The model."""

    accelerator: Accelerator = attrs.field(validator=holds(Accelerator, "accelerators"))
    """The accelerator."""

    tensor_parallel: int = attrs.field(default=1, validator=_whole)
    """Parts of each layer."""

    pipeline_parallel: int = attrs.field(default=1, validator=_whole)
    """Stages that a token passes one after the other: more requests in flight, not faster ones."""

    expert_parallel: int = attrs.field(default=1, validator=_whole)
    """Parts of the experts, within a replica; without effect on how much is read in all."""

    attention_data_parallel: int = attrs.field(default=1, validator=_whole)
    """Copies of attention in a replica, each with its own requests, while experts are shared."""

    replicas: int = attrs.field(default=1, validator=_whole)
    """Copies of all of it."""

    weights: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of the weights; assumed to be bf16 if not given."""

    cache: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of keys and values; assumed to be bf16 if not given."""

    arithmetic: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of the multiplications; assumed from the weights and the accelerator."""

    engine: str = attrs.field(default="", converter=as_text)
    """Program that serves: "vLLM"; not stated makes a wide range."""

    software_date: str = attrs.field(default="", converter=as_text, validator=_date)
    """When it is from: "2026-01"."""

    server: Server | None = attrs.field(default=None, validator=holds(Server, "servers"))
    """The server, for its network."""

    network: Network | None = attrs.field(default=None, validator=holds(Network, "networks"))
    """Network between accelerators; by default the server's, or usual for the accelerator."""

    facility: Facility | None = attrs.field(default=None, validator=holds(Facility, "facilities"))
    """Where it runs, for energy of the facility and carbon."""

    rental_price: Quantity | None = attrs.field(default=None, converter=as_rental_price)
    """Price of renting (USD/accelerator/hour); by default the accelerator's."""

    paid_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of the paid hours that carry the load; the rest stands idle and is paid too."""

    accepted_tokens: Quantity | None = attrs.field(default=None, converter=as_number)
    """Tokens that a step yields with speculative decoding, at least 1."""

    acceptance_rate: Quantity | None = attrs.field(default=None, converter=as_share)
    """Probability that a drafted token is accepted, below 1: the other way to `accepted_tokens`."""

    draft_tokens: Quantity | None = attrs.field(default=None, converter=as_number)
    """Tokens that are drafted for a step, all of which it checks."""

    draft_share: Quantity | None = attrs.field(default=None, converter=as_share)
    """Time of drafting over that of a step of the model; none if not given."""

    constants: ConstantSet | None = attrs.field(default=None, repr=False)
    """Constants of the serving stack, from `calibrate`; by default those of engine and date."""

    def __attrs_post_init__(self) -> None:
        """Refuse formats that the chip lacks, layouts that do not divide, speculation by halves."""
        if self.arithmetic is not None:
            self.accelerator.peak(str(self.arithmetic))
        self._check_experts()
        self._check_shape()
        self._check_speculation()

    def _check_experts(self) -> None:
        group = self.tensor_parallel * self.attention_data_parallel
        if group % self.expert_parallel:
            message = (
                f"Deployment.expert_parallel needs a divisor of tensor_parallel x "
                f"attention_data_parallel = {group}; got {self.expert_parallel}"
            )
            raise RangeError(message)

    def _check_shape(self) -> None:
        shape, name = self.model.architecture, self.model.name
        if shape is None:
            return
        heads, experts = shape.attention_heads, shape.experts or 1
        if heads and heads % self.tensor_parallel:
            message = (
                f"Deployment.tensor_parallel needs a divisor of {heads} attention heads of "
                f"{name}; got {self.tensor_parallel}"
            )
            raise RangeError(message)
        if self.pipeline_parallel > shape.layers:
            message = (
                f"Deployment.pipeline_parallel needs at most {shape.layers}, the layers of {name}; "
                f"got {self.pipeline_parallel}"
            )
            raise RangeError(message)
        if experts % self.expert_parallel:
            message = (
                f"Deployment.expert_parallel needs a divisor of {experts} experts of {name}; "
                f"got {self.expert_parallel}"
            )
            raise RangeError(message)

    def _check_speculation(self) -> None:
        accepted, rate, drafted = self.accepted_tokens, self.acceptance_rate, self.draft_tokens
        if accepted is not None and rate is not None:
            message = (
                "Deployment takes accepted_tokens or acceptance_rate with draft_tokens, not both; "
                f"got {accepted} and {rate}"
            )
            raise RangeError(message)
        extra = drafted is not None or self.draft_share is not None
        if accepted is None and rate is None and extra:
            message = (
                "Deployment needs accepted_tokens, such as 2.5, or acceptance_rate, such as 0.7, "
                "with draft_tokens or draft_share: what does a step yield?"
            )
            raise MissingInputError(message)
        if rate is not None and drafted is None:
            message = (
                "Deployment.acceptance_rate needs draft_tokens, the tokens drafted for a step, "
                "such as draft_tokens=4"
            )
            raise MissingInputError(message)
        if rate is not None and rate.bounds().high.magnitude >= 1.0:
            message = f"Deployment.acceptance_rate needs less than 1, such as 0.7; got {rate}"
            raise RangeError(message)
        if accepted is not None and accepted.bounds().low.magnitude < 1.0:
            message = f"Deployment.accepted_tokens needs at least 1; got {accepted}"
            raise RangeError(message)

    @property
    def accelerators_per_replica(self) -> int:
        """Accelerators of a replica."""
        return self.tensor_parallel * self.pipeline_parallel * self.attention_data_parallel

    @property
    def accelerators(self) -> int:
        """Accelerators in all."""
        return self.accelerators_per_replica * self.replicas

    def memory(self, context: QuantityLike, batch: float) -> ServingMemory:
        """Memory of each accelerator: weights, cache, reserve.

        Parameters
        ----------
        context : quantity
            Longest context of a request (token).
        batch : float
            Requests of a replica at once.

        Returns
        -------
        ServingMemory
            Bytes by part.
        """
        return serving_memory(self, as_tokens(context), batch)

    def largest_batch(self, context: QuantityLike) -> int:
        """Requests that fit on a replica at once.

        Parameters
        ----------
        context : quantity
            Longest context of a request (token).

        Returns
        -------
        int
            How many.

        Raises
        ------
        RangeError
            If not even the weights fit: by how much, and what would.
        """
        return largest_batch(self, as_tokens(context))

    def at(self, load: Load, percentile: QuantityLike = 0.95) -> ServingPoint:
        """Estimate latency, rates, energy and money at a load.

        Parameters
        ----------
        load : Load
            Requests in flight (closed) or arriving (open), with their lengths.
        percentile : number or text
            Share of the requests that wait no longer than the time to first token of an open load;
            of a closed one it is the mean.

        Returns
        -------
        ServingPoint
            Every part, with ranges.

        Raises
        ------
        RangeError
            If it does not fit, the model's context is too short, or it cannot keep up.
        MissingInputError
            If a figure of model or accelerator is not known.

        Notes
        -----
        With a range of the concurrency, and with an open load, the batch is that of central values.
        """
        return serve(self, load, as_percentile(percentile))

    def unloaded_time_to_first_token(self, input_tokens: QuantityLike) -> UnloadedTimeToFirstToken:
        """Time to the first token on an idle deployment.

        Parameters
        ----------
        input_tokens : quantity
            Length of the input (token), of which nothing is in a prefix cache.

        Returns
        -------
        UnloadedTimeToFirstToken
            Time, of a kind of its own.

        Raises
        ------
        RangeError
            If the model's context is shorter.

        Examples
        --------
        >>> import llm_economics as le
        >>> deployment = Deployment(
        ...     model=le.models["Llama 3.1 8B"], accelerator=le.accelerators["H100 SXM"],
        ...     engine="vLLM", software_date="2026-01",
        ... )  # fmt: skip
        >>> deployment.unloaded_time_to_first_token("1000 token").kind
        'of one request on an idle system'
        """
        return unloaded(self, as_tokens(input_tokens))
