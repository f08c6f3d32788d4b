"""`Service`: a product, with the training behind it, one request to it, and how many there are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import as_request_rate, as_text, as_time, named_fields
from llm_economics.core.nouns import Noun, unique_sources
from llm_economics.core.references import as_names, holds
from llm_economics.core.registry import Quantity
from llm_economics.serving.estimate import InferenceBreakdown
from llm_economics.serving.laws import training_share_per_request
from llm_economics.serving.workload import InferenceWorkload
from llm_economics.training.estimate import TrainingBreakdown
from llm_economics.training.workload import TrainingWorkload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.sources import Source

__all__ = ["Service", "ServiceEstimate"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServiceEstimate(Breakdown):
    """Training against inference of one service."""

    training: TrainingBreakdown
    """The training run behind it."""

    query: InferenceBreakdown
    """One request."""

    _requests: Maybe
    _training_share: Maybe

    @property
    def requests(self) -> Quantity:
        """Requests per time.

        Raises
        ------
        MissingInputError
            If nobody says how many there are.
        """
        return given(self._requests)

    @property
    def training_share(self) -> Quantity:
        """Training energy per request over the model's life (Wh/request).

        Raises
        ------
        MissingInputError
            If requests or lifetime are unknown.
        """
        return given(self._training_share)

    @property
    def inference_power(self) -> Quantity:
        """Mean power of all facilities that serve it (MW).

        Raises
        ------
        MissingInputError
            If the requests are unknown.
        """
        return (self.query.energy.facility * self.requests).to("MW")

    @property
    def inference_energy(self) -> Quantity:
        """Energy of all requests (GWh/year).

        Raises
        ------
        MissingInputError
            If the requests are unknown.
        """
        return self.inference_power.to("GWh/year")

    @property
    def inference_accelerators(self) -> Quantity:
        """Accelerators at work on average, idle ones not counted.

        Raises
        ------
        MissingInputError
            If the requests are unknown.
        """
        return (self.query.accelerator_time * self.requests).to("accelerator")

    @property
    def crossover(self) -> Quantity:
        """Time after which inference has used as much energy as the training (day).

        Raises
        ------
        MissingInputError
            If the requests are unknown.
        """
        return (self.training.energy.facility / self.inference_power).to("day")

    def steps(self) -> Iterator[Step]:
        """Go through training, one request, and all requests."""
        for step in self.training.steps():
            yield attrs.evolve(step, name=f"training: {step.name}")
        for step in self.query.steps():
            yield attrs.evolve(step, name=f"request: {step.name}")
        yield Step("requests", self._requests, "as given", "request/day")
        rows = (
            ("inference power", "inference_power", "energy per request x requests", "MW"),
            ("inference energy", "inference_energy", "power over a year", "GWh/year"),
            ("crossover", "crossover", "training energy / inference power", "day"),
        )
        for name, field, how, unit in rows:
            yield Step(name, attempt(partial(getattr, self, field)), how, unit)
        yield Step(
            "training share",
            self._training_share,
            "training energy / (requests x lifetime of the model)",
        )


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Service(Noun):
    """A product that answers requests.

    Examples
    --------
    >>> import llm_economics as le
    >>> estimate = le.services["ChatGPT"].estimate()
    >>> estimate.training.energy.facility.dimensionality == le.quantity("1 GWh").dimensionality
    True
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "ChatGPT"."""

    operator: str = attrs.field(default="", converter=as_text)
    """Who runs it."""

    description: str = attrs.field(default="", converter=as_text)
    """Which model and hardware stand for it, and why."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    training: TrainingWorkload = attrs.field(
        validator=holds(TrainingWorkload, "services[...].training")
    )
    """The training run that stands for it."""

    query: InferenceWorkload = attrs.field(
        validator=holds(InferenceWorkload, "services[...].query")
    )
    """One request to it."""

    requests: Quantity | None = attrs.field(default=None, converter=as_request_rate)
    """How many requests it gets (request/day)."""

    training_lifetime: Quantity | None = attrs.field(default=None, converter=as_time)
    """How long the trained model serves before another replaces it."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the service and of its two workloads."""
        own = unique_sources(self.provenance.values())
        merged = {s.key: s for s in (*own, *self.training.sources, *self.query.sources)}
        return tuple(merged.values())

    def estimate(self) -> ServiceEstimate:
        """Compute its training, one request, and all requests.

        Returns
        -------
        ServiceEstimate
            Both stages, with what was assumed.

        Raises
        ------
        MissingInputError
            If an input that everything rests on is unknown.
        """
        training, query = self.training.estimate(), self.query.estimate()
        requests = attempt(lambda: _known(self.requests, "requests", self.name))
        lifetime = attempt(lambda: _known(self.training_lifetime, "training_lifetime", self.name))
        share = attempt(
            lambda: training_share_per_request(
                training_energy=training.energy.facility,
                requests=given(requests),
                lifetime=given(lifetime),
            )
        )
        assumptions = {a.name: a for a in (*training.assumptions, *query.assumptions)}
        return ServiceEstimate(
            title=f"{self.name}: training against inference",
            assumptions=tuple(assumptions.values()),
            input_sources=self.sources,
            training=training,
            query=query,
            requests=requests,
            training_share=share,
        )


def _known(value: Quantity | None, field: str, name: str) -> Quantity:
    if value is None:
        what = f"the {field.replace('_', ' ')} of {name} {'are' if field.endswith('s') else 'is'}"
        message = f"{what} not known; give service.evolve({field}=...)"
        raise MissingInputError(message)
    return value
