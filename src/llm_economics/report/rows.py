"""The lines of the comparison: what is claimed and what is computed for each service."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from llm_economics.core.breakdown import attempt
from llm_economics.core.errors import MissingInputError
from llm_economics.core.reading import quantity
from llm_economics.core.registry import Quantity
from llm_economics.service.service import Service, ServiceEstimate

__all__ = ["ROWS", "Row", "short_text"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class Row:
    """One line of the comparison."""

    label: str
    """What is compared."""

    metrics: tuple[str, ...]
    """Metrics of the claims that belong here."""

    computed: Callable[[Service, ServiceEstimate], str | Maybe]
    """How it is computed."""

    unit: str = ""
    """Unit in which it is shown."""


def _traits(_: Service, estimate: ServiceEstimate) -> str:
    training, query = estimate.training, estimate.query
    share = attempt(lambda: training.model_flops_utilization.to("%"))
    return (
        f"training: {short_text(share)} of the dense peak for {short_text(training.duration)}; "
        f"inference: writes {short_text(query.output_tokens)} and has used as much energy as the "
        f"training after {short_text(attempt(lambda: estimate.crossover))}"
    )


def _accelerators(service: Service, estimate: ServiceEstimate) -> str:
    count = short_text(estimate.training.accelerators).removesuffix(" accelerator")
    training, serving = service.training.accelerator.name, service.query.accelerator.name
    return f"training: {count} x {training}; inference: {serving}"


def _of_thousand(cost: Callable[[], Quantity]) -> Maybe:
    return attempt(lambda: cost() * quantity("1000 request"))


ROWS: tuple[Row, ...] = (
    Row(label="training and inference", metrics=("traits",), computed=_traits),
    Row(
        label="accelerators",
        metrics=("accelerator", "accelerator-count"),
        computed=_accelerators,
    ),
    Row(
        label="hardware cost",
        metrics=("hardware-cost",),
        computed=lambda _, e: attempt(lambda: e.training.cost.acquisition),
        unit="MUSD",
    ),
    Row(
        label="training time",
        metrics=("training-duration",),
        computed=lambda _, e: e.training.duration,
        unit="day",
    ),
    Row(
        label="training power",
        metrics=("training-power", "training-power-per-pod"),
        computed=lambda _, e: e.training.power,
        unit="MW",
    ),
    Row(
        label="training energy",
        metrics=("training-energy",),
        computed=lambda _, e: e.training.energy.facility,
        unit="GWh",
    ),
    Row(
        label="training cost, rental",
        metrics=("training-cost",),
        computed=lambda _, e: attempt(lambda: e.training.cost.rental),
        unit="MUSD",
    ),
    Row(
        label="training cost, amortised",
        metrics=(),
        computed=lambda _, e: attempt(lambda: e.training.cost.amortised),
        unit="MUSD",
    ),
    Row(
        label="training carbon",
        metrics=(),
        computed=lambda _, e: attempt(lambda: e.training.carbon),
        unit="tCO2e",
    ),
    Row(
        label="energy per query",
        metrics=("energy-per-query",),
        computed=lambda _, e: e.query.energy.facility,
        unit="Wh/request",
    ),
    Row(
        label="cost of 1,000 queries, rental",
        metrics=(),
        computed=lambda _, e: _of_thousand(lambda: e.query.cost.rental),
        unit="USD",
    ),
    Row(
        label="cost of 1,000 queries, amortised",
        metrics=(),
        computed=lambda _, e: _of_thousand(lambda: e.query.cost.amortised),
        unit="USD",
    ),
    Row(
        label="carbon per query",
        metrics=("carbon-per-query",),
        computed=lambda _, e: attempt(lambda: e.query.carbon),
        unit="gCO2e/request",
    ),
    Row(
        label="inference power",
        metrics=("inference-power",),
        computed=lambda _, e: attempt(lambda: e.inference_power),
        unit="MW",
    ),
    Row(
        label="training share of a query",
        metrics=(),
        computed=lambda _, e: attempt(lambda: e.training_share),
        unit="Wh/request",
    ),
)
"""Lines of the comparison, in order."""


def short_text(value: Maybe) -> str:
    """Text of a value without the note on its level, which the head of a table gives.

    Parameters
    ----------
    value : Quantity or MissingInputError
        A figure, or why it is unknown.

    Returns
    -------
    str
        "14.4 [11.7 – 17.5] MW", or "unknown: ...".
    """
    if isinstance(value, MissingInputError):
        return f"unknown: {value}"
    return str(value).partition(" (median")[0]
