"""The sentence of a statement that says which inputs are measured, given, assumed.

An input of the run is measured if its provenance says so, and given otherwise; what the estimate
took for itself is assumed; figures of the model, the facility and the grid that have a source are
published, and cited where they stand. Rejected: "estimated" for everything, which reviewers cannot
weigh; calling a published measurement of another machine measured.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.sources import Kind, Provenance
from llm_economics.training.fitted import FITTED_BY
from llm_economics.training.statement_draft import Draft, is_nothing, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.registry import Quantity
    from llm_economics.core.sources import Assumption
    from llm_economics.training.estimate import TrainingBreakdown
    from llm_economics.training.workload import TrainingWorkload

__all__ = ["Standing", "inputs_sentence"]


class Standing(StrEnum):
    """How an input is known."""

    MEASURED = "measured"
    """Of this very run."""
    GIVEN = "given for this run"
    """Stated by who asks, and not marked as measured."""
    ASSUMED = "assumed"
    """Taken because it was not given."""
    CITED = "taken from the sources cited"
    """Published for this model, facility or grid."""


@attrs.frozen
class _Input:
    standing: Standing
    phrase: str


@attrs.frozen(eq=False)
class _Factor:
    """An input that may be given or assumed, and how it is written."""

    field: str
    assumption: str
    before: str
    after: str = ""
    percent: bool = False
    source: Provenance | None = None
    """Where a figure within the words comes from."""


_LOAD = _Factor(
    "accelerator_load",
    "training_accelerator_load",
    "a mean accelerator power of",
    percent=True,
)
_SERVER = _Factor(
    "server_factor",
    "training_server_factor",
    "a server power of",
    "times that of the accelerators",
)
_IDLE = _Factor(
    "network_and_idle_share",
    "training_network_and_idle_share",
    "a share of network, storage and idle servers of",
    "of the energy of the working servers",
    percent=True,
)
_UTILIZATION = _Factor(
    "model_flops_utilization",
    "model_flops_utilization",
    "a model FLOPs utilization of",
    "before goodput",
    percent=True,
)
_GOODPUT = _Factor("goodput", "goodput", "a goodput of", percent=True)
_ELSEWHERE = frozenset(
    {
        *(factor.assumption for factor in (_LOAD, _SERVER, _IDLE, _UTILIZATION, _GOODPUT)),
        *("number_format", "attention", "tokens", "training computation"),
        *("capital_life", "capital_utilization"),
    }
)
"""Assumptions that are told in their own words, or that do not touch the energy."""


def inputs_sentence(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    """Say which inputs are measured, given, assumed, and which are published.

    Parameters
    ----------
    draft : Draft
        The paragraph.
    breakdown : TrainingBreakdown
        The estimate.
    workload : TrainingWorkload
        Its run.

    Returns
    -------
    str
        One sentence.
    """
    known = [
        *_work(workload),
        *_pace(draft, breakdown, workload),
        *_energy(draft, breakdown, workload),
        *_site(breakdown, workload),
        *_others(draft, breakdown, workload),
    ]
    standings = {item.standing for item in known}
    clauses = []
    for standing in (Standing.MEASURED, Standing.GIVEN, Standing.ASSUMED):
        phrases = [item.phrase for item in known if item.standing is standing]
        if phrases:
            clauses.append(f"{standing} {_be(phrases)} {listed(phrases)}")
    absent = []
    if Standing.MEASURED not in standings:
        absent.append("no input is marked as measured")
    if Standing.ASSUMED not in standings:
        absent.append("none is assumed" if absent else "no input is assumed")
    clauses += [" and ".join(absent)] if absent else []
    if Standing.CITED in standings:
        clauses.append(f"the other inputs are {Standing.CITED}")
    text = "; ".join(clauses)
    return f"{text[0].upper()}{text[1:]}."


def _be(phrases: list[str]) -> str:
    return "is" if len(phrases) == 1 else "are"


def _own(origin: Provenance | None) -> Standing:
    """How an input is known that the run itself states."""
    kinds = {Kind.MEASURED: Standing.MEASURED, Kind.ASSUMED: Standing.ASSUMED}
    return Standing.GIVEN if origin is None else kinds.get(origin.kind, Standing.GIVEN)


def _published(origin: Provenance | None) -> Standing:
    """How a figure of the model, the facility or the grid is known."""
    return Standing.GIVEN if origin is None else Standing.CITED


def _work(workload: TrainingWorkload) -> Iterator[_Input]:
    model, own = workload.model, workload.provenance
    if workload.computation is not None:
        yield _Input(_own(own.get("computation")), "the computation")
        return
    if model is not None and model.parameters is not None:
        yield _Input(_published(model.provenance.get("parameters")), "the number of parameters")
    if workload.tokens is not None:
        yield _Input(_own(own.get("tokens")), "the number of tokens")
    elif model is not None and model.training_tokens is not None:
        yield _Input(_published(model.provenance.get("training_tokens")), "the number of tokens")
    elif model is not None and model.training_computation is not None:
        yield _Input(_published(model.provenance.get("training_computation")), "the computation")


def _pace(
    draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload
) -> Iterator[_Input]:
    own = workload.provenance
    yield _Input(_own(own.get("accelerators")), "the number of accelerators")
    if workload.duration is not None:
        yield _Input(_own(own.get("duration")), "the duration")
    else:
        yield from _factor(draft, breakdown, workload, _UTILIZATION)
        yield from _factor(draft, breakdown, workload, _GOODPUT)
    assumed = _assumed(breakdown, "number_format")
    if assumed is not None:
        yield _Input(Standing.ASSUMED, f"the number format ({draft.name(str(assumed.value))})")


def _energy(
    draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload
) -> Iterator[_Input]:
    rated = cast("Quantity", workload.accelerator.power)
    after = f"of the rated {draft.amount(rated, 'W', 'W')}"
    load = attrs.evolve(_LOAD, after=after, source=workload.accelerator.provenance.get("power"))
    yield from _factor(draft, breakdown, workload, load)
    power = _assumed(breakdown, _server_power(workload))
    if power is not None:
        watts = draft.amount(cast("Quantity", power.value), "W/accelerator", "W")
        standing = Standing.GIVEN if power.provenance is None else Standing.ASSUMED
        phrase = f"a server power of {watts} per accelerator{draft.cite(power.provenance)}"
        yield _Input(standing, phrase)
    elif not is_nothing(breakdown.energy.host):
        yield from _factor(draft, breakdown, workload, _SERVER)
    if not is_nothing(breakdown.energy.network_and_idle):
        yield from _factor(draft, breakdown, workload, _IDLE)


def _site(breakdown: TrainingBreakdown, workload: TrainingWorkload) -> Iterator[_Input]:
    site = workload.facility
    if site is None:
        return
    speaks_of_water = getattr(breakdown, "water", None) is not None
    yield _Input(_published(site.provenance.get("power_usage_effectiveness")), "the PUE")
    if speaks_of_water and site.water_usage_effectiveness is not None:
        origin = site.provenance.get("water_usage_effectiveness")
        yield _Input(_published(origin), "the water usage effectiveness")
    grid = site.grid
    if grid is not None and grid.carbon_intensity is not None:
        origin = grid.provenance.get("carbon_intensity")
        yield _Input(_published(origin), "the carbon intensity of the grid")
    if speaks_of_water and grid is not None and grid.water_intensity is not None:
        origin = grid.provenance.get("water_intensity")
        yield _Input(_published(origin), "the water intensity of the grid")


def _server_power(workload: TrainingWorkload) -> str:
    """Name under which the power of the server is listed, if it is used."""
    return f"{workload.server.name} power per accelerator" if workload.server else ""


def _others(
    draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload
) -> Iterator[_Input]:
    """Yield what else was assumed, by name alone: what the time of a step rests on."""
    elsewhere = {*_ELSEWHERE, _server_power(workload)}
    constants = [t for t in breakdown.assumptions if _is_constant(t)]
    if constants:
        cited = draft.cite(constants[0].provenance)
        yield _Input(Standing.ASSUMED, f"the constants of a training step{cited}")
    for taken in breakdown.assumptions:
        if taken.name in elsewhere or taken.name.endswith(" price") or _is_constant(taken):
            continue
        name = draft.name(taken.name.replace("_", " "))
        yield _Input(Standing.ASSUMED, f"the {name}{draft.cite(taken.provenance)}")


def _is_constant(taken: Assumption) -> bool:
    """Whether it is one of the fitted constants of a step, of which there are a dozen."""
    origin = taken.provenance
    return origin is not None and any(s.key == FITTED_BY for s in origin.sources)


def _assumed(breakdown: TrainingBreakdown, name: str) -> Assumption | None:
    return next((taken for taken in breakdown.assumptions if taken.name == name), None)


def _factor(
    draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload, factor: _Factor
) -> Iterator[_Input]:
    value: Quantity | None = getattr(workload, factor.field)
    origin = workload.provenance.get(factor.field)
    standing = _own(origin)
    assumed = _assumed(breakdown, factor.assumption)
    if value is None:
        if assumed is None:
            return
        value, origin = cast("Quantity", assumed.value), assumed.provenance
        standing = Standing.ASSUMED
    unit, symbol = ("percent", draft.style.percent) if factor.percent else ("", "")
    words = [factor.before, draft.amount(value, unit, symbol), factor.after]
    phrase = " ".join(word for word in words if word)
    yield _Input(standing, f"{phrase}{draft.cite(factor.source, origin)}")
