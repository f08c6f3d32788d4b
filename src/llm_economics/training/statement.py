r"""The paragraph on energy and carbon of a training run, as a paper needs it.

What was trained and on what, for how long, the energy with its boundary named for each figure, the
carbon with the grid it rests on, which inputs are measured, given or assumed, what is left out, and
how ranges are read. An unknown piece is said to be unknown. Rejected: a template with blanks (an
exact figure, a boundary that adds nothing and an unknown grid each need another sentence), and the
words "about" and "approximately" (a range says how far a figure can be off).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llm_economics.core.breakdown import attempt
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.evaluation import DEFAULT_LEVEL
from llm_economics.training.statement_draft import Draft, fitting_unit, is_nothing, listed
from llm_economics.training.statement_inputs import inputs_sentence
from llm_economics.training.statement_styles import bibtex, style_named

if TYPE_CHECKING:
    from llm_economics.core.breakdown import Text
    from llm_economics.core.registry import Quantity
    from llm_economics.core.sources import Provenance, Source
    from llm_economics.training.estimate import TrainingBreakdown
    from llm_economics.training.workload import TrainingWorkload
    from llm_economics.transformer.model import Model

__all__ = ["bibtex", "statement", "statement_sources"]

_ENERGY_UNITS = ("Wh", "kWh", "MWh", "GWh", "TWh")
_CARBON_UNITS = {"gCO2e": "g", "kgCO2e": "kg", "tCO2e": "t"}
_TIME_UNITS = {"minute": "minute", "hour": "hour", "day": "day"}


def statement(breakdown: TrainingBreakdown, workload: TrainingWorkload, *, style: str) -> Text:
    r"""Write the paragraph on energy and carbon of a training run.

    Parameters
    ----------
    breakdown : TrainingBreakdown
        The estimate.
    workload : TrainingWorkload
        The run that was estimated.
    style : str
        "text", "markdown" (each with a list of references) or "latex" (with ``\cite`` of the keys
        that `bibtex` writes for `statement_sources`).

    Returns
    -------
    Text
        The paragraph.

    Raises
    ------
    UnknownNameError
        If there is no such style.
    RangeError
        If the estimate holds many runs at once, or is of another accelerator.

    Notes
    -----
    A run whose duration is given is told in the past tense, one whose duration is computed as a
    plan. A boundary that adds nothing (a server factor of 1, a PUE of 1) is not named as one: what
    it would hold is listed with what is left out.

    Examples
    --------
    >>> import llm_economics as le
    >>> run = le.TrainingWorkload(
    ...     model=le.Model(name="mine", parameters="7 Gparameter"),
    ...     tokens="1 Ttoken",
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=256,
    ...     duration="20 day",
    ...     facility=le.Facility(name="ours", power_usage_effectiveness=1.2),
    ... )
    >>> paragraph = statement(run.estimate(), run, style="text")
    >>> "The carbon intensity of the grid is not known, so no carbon is stated." in paragraph
    True
    """
    kind = style_named(style)
    draft = Draft(kind)
    paragraph = _paragraph(draft, breakdown, workload)
    return kind.finish(paragraph, tuple(draft.sources.values()))


def statement_sources(
    breakdown: TrainingBreakdown, workload: TrainingWorkload
) -> tuple[Source, ...]:
    """List the sources that the paragraph cites, in order, for `bibtex`.

    Parameters
    ----------
    breakdown : TrainingBreakdown
        The estimate.
    workload : TrainingWorkload
        The run that was estimated.

    Returns
    -------
    tuple of Source
        Each once.

    Raises
    ------
    RangeError
        As for `statement`.
    """
    draft = Draft(style_named("text"))
    _paragraph(draft, breakdown, workload)
    return tuple(draft.sources.values())


def _paragraph(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    _check(breakdown, workload)
    sentences = [
        _work(draft, breakdown, workload),
        _time(draft, breakdown, workload),
        _energy(draft, breakdown, workload),
        _carbon(draft, breakdown, workload),
        _water(draft, breakdown, workload),
        inputs_sentence(draft, breakdown, workload),
        _left_out(breakdown),
    ]
    sentences.append(_reading(draft))
    return " ".join(sentence for sentence in sentences if sentence)


def _check(breakdown: TrainingBreakdown, workload: TrainingWorkload) -> None:
    if breakdown.accelerator != workload.accelerator.name:
        message = (
            f"statement needs the workload of the estimate, on {breakdown.accelerator}; got one on "
            f"{workload.accelerator.name}"
        )
        raise RangeError(message)
    try:
        breakdown.energy.facility.number("MWh")
    except RangeError as error:
        message = f"statement describes one run; give each input one value or one range ({error})"
        raise RangeError(message) from None


def _verb(workload: TrainingWorkload, planned: str, past: str) -> str:
    return past if workload.duration is not None else f"would {planned}"


def _work(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    subject = _subject(draft, workload)
    tokens = _tokens(draft, workload)
    computation = attempt(lambda: breakdown.computation)
    if isinstance(computation, MissingInputError):
        return (
            f"The computation of {subject}{tokens} is not known, so no model FLOPs utilization "
            "is stated."
        )
    number = draft.amount(computation, "FLOP", "FLOP")
    how = next(step.how for step in breakdown.steps() if step.name == "computation")
    unknown = "" if tokens else "; the number of tokens is not stated"
    text = f"{subject}{tokens} amounts to {number} ({_how(draft, how)}){_origin(draft, workload)}"
    return f"{text[0].upper()}{text[1:]}{unknown}."


def _how(draft: Draft, how: str) -> str:
    """How the computation was counted, with no brackets within the brackets around it."""
    text = re.sub(r" \(([^()]*)\)", r", \1", draft.name(how))
    if how == "6 N D":
        text = f"{text}, attention not counted"
    return text.replace("6 N D", draft.style.formula)


def _subject(draft: Draft, workload: TrainingWorkload) -> str:
    model = workload.model
    if model is None:
        return f"the training run {draft.name(workload.name)}".rstrip()
    return f"training {draft.name(model.name)} ({_parameters(draft, model)})"


def _parameters(draft: Draft, model: Model) -> str:
    if model.parameters is None:
        return "number of parameters not known"
    text = draft.count(model.parameters, "parameter", "parameter")
    if model.active_parameters is not None:
        text += (
            f", {draft.count(model.active_parameters, 'parameter', '')} of them active per token"
        )
    origins = (model.provenance.get(name) for name in ("parameters", "active_parameters"))
    return text + draft.cite(*origins)


def _tokens(draft: Draft, workload: TrainingWorkload) -> str:
    """On how many tokens, if that is what the computation rests on."""
    value, origin = workload.tokens, workload.provenance.get("tokens")
    model = workload.model
    if value is None and model is not None and workload.computation is None:
        value, origin = model.training_tokens, model.provenance.get("training_tokens")
    if value is None:
        return ""
    return f" on {draft.count(value, 'token', 'token')}{draft.cite(origin)}"


def _origin(draft: Draft, workload: TrainingWorkload) -> str:
    """Source of a computation that is not counted from tokens."""
    if workload.computation is not None:
        return draft.cite(workload.provenance.get("computation"))
    model = workload.model
    if workload.tokens is None and model is not None and model.training_tokens is None:
        return draft.cite(model.provenance.get("training_computation"))
    return ""


def _time(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    own = workload.provenance
    name = f"{draft.name(breakdown.accelerator)} accelerator"
    machines = draft.count(breakdown.accelerators, "accelerator", name, in_full=True)
    unit = fitting_unit(breakdown.duration / 2.0, tuple(_TIME_UNITS))
    duration = draft.count(breakdown.duration, unit, _TIME_UNITS[unit])
    hours = draft.count(
        breakdown.accelerator_time, "accelerator*hour", "accelerator-hour", in_full=True
    )
    origin = draft.cite(own.get("accelerators"), own.get("duration"))
    took = _verb(workload, "take", "took")
    text = f"On {machines} it {took} {duration} of wall time, or {hours}{origin}"
    return f"{text}{_utilization(draft, breakdown, workload)}."


def _utilization(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    share = attempt(lambda: breakdown.model_flops_utilization)
    if isinstance(share, MissingInputError):
        return ""
    assumed = (a.value for a in breakdown.assumptions if a.name == "number_format")
    number_format = str(workload.number_format or next(assumed, ""))
    number = draft.amount(share, "percent", draft.style.percent)
    peak = " ".join(word for word in ("dense", draft.name(number_format), "peak") if word)
    origin = draft.cite(workload.accelerator.provenance.get(f"peaks.{number_format}"))
    of_peak = f"{number} of the {peak}, lost time included{origin}"
    return f", at a model FLOPs utilization (MFU) of {of_peak}"


def _boundaries(
    draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload
) -> list[tuple[str, str, Quantity]]:
    """Boundaries that add something: the name in full, in short, and the energy."""
    energy = breakdown.energy
    found = [("the accelerators alone", "the accelerators", energy.accelerator)]
    if not is_nothing(energy.host):
        found.append(("the servers that hold them", "the servers", energy.server))
    if not is_nothing(energy.network_and_idle):
        name = "all IT equipment (with network, storage and idle servers)"
        found.append((name, "the IT equipment", energy.it))
    if not is_nothing(energy.overhead):
        site = draft.name(workload.facility.name) if workload.facility else ""
        name = " ".join(word for word in ("the facility", site) if word)
        found.append(
            (f"{name} (with cooling and power distribution)", "the facility", energy.facility)
        )
    return found


def _energy(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    unit = fitting_unit(breakdown.energy.facility, _ENERGY_UNITS)
    (name, _, value), *rest = _boundaries(draft, breakdown, workload)
    clauses = [
        f"{name} {_verb(workload, 'use', 'used')} {draft.amount(value, unit, unit)} of electricity",
        *(f"{name} {draft.amount(value, unit, unit)}" for name, _, value in rest),
    ]
    text = listed(clauses)
    text = f"{text[0].upper()}{text[1:]}"
    site = workload.facility
    if site is None or is_nothing(breakdown.energy.overhead):
        return f"{text}."
    effectiveness = draft.amount(site.power_usage_effectiveness, "", "")
    origin = draft.cite(site.provenance.get("power_usage_effectiveness"))
    return f"{text}, at a power usage effectiveness (PUE) of {effectiveness}{origin}."


def _carbon(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    grid = workload.facility.grid if workload.facility else None
    carbon = attempt(lambda: breakdown.carbon)
    if grid is None or grid.carbon_intensity is None or isinstance(carbon, MissingInputError):
        name = f" ({draft.name(grid.name)})" if grid is not None else ""
        return f"The carbon intensity of the grid{name} is not known, so no carbon is stated."
    origin = grid.provenance.get("carbon_intensity")
    year = origin.date[:4] if origin else "year and source not stated"
    symbol = f"g{draft.style.thin}{draft.style.carbon}/kWh"
    intensity = draft.amount(grid.carbon_intensity, "gCO2e/kWh", symbol)
    unit = fitting_unit(carbon, tuple(_CARBON_UNITS))
    caused = _verb(workload, "cause", "caused")
    cited = draft.cite(origin)
    amount = draft.amount(
        carbon, unit, f"{_CARBON_UNITS[unit]}{draft.style.thin}{draft.style.carbon}"
    )
    where = f"{draft.name(grid.name)}, {year}"
    _, boundary, _ = _boundaries(draft, breakdown, workload)[-1]
    return (
        f"With a location-based average carbon intensity of the grid ({where}) of "
        f"{intensity}{cited}, the electricity of {boundary} {caused} {amount}."
    )


def _water(draft: Draft, breakdown: TrainingBreakdown, workload: TrainingWorkload) -> str:
    """Water by place, as far as known; nothing where an estimate does not speak of it."""
    water = getattr(breakdown, "water", None)
    if water is None:
        return ""
    known, unknown = [], []
    for step in water.steps():
        place = step.name.removeprefix("water, ")
        if isinstance(step.value, MissingInputError):
            unknown.append(f"the water consumption {place} is not known")
            continue
        unit = fitting_unit(step.value, ("L", "m**3"))
        symbol = draft.style.cubic_metre if unit == "m**3" else unit
        origin = draft.cite(_water_origin(workload, place))
        known.append(f"{draft.amount(step.value, unit, symbol)} {place}{origin}")
    if not known:
        return "The water consumption is not known, so none is stated."
    consumption = f"Water consumption {_verb(workload, 'be', 'was')} {listed(known)}"
    return f"{'; '.join([consumption, *unknown])}."


def _water_origin(workload: TrainingWorkload, place: str) -> Provenance | None:
    site = workload.facility
    if site is None:
        return None
    if place == "on site":
        return site.provenance.get("water_usage_effectiveness")
    return site.grid.provenance.get("water_intensity") if site.grid is not None else None


def _left_out(breakdown: TrainingBreakdown) -> str:
    energy = breakdown.energy
    parts = [
        (energy.host, "the host processors and memory of the servers"),
        (energy.network_and_idle, "network, storage and idle servers"),
        (energy.overhead, "cooling and power distribution"),
    ]
    absent = [name for part, name in parts if is_nothing(part)]
    absent += ["other experiments and failed runs", "the making of the hardware (embodied carbon)"]
    if getattr(breakdown, "water", None) is None:
        absent.append("water")
    absent.append("the use of the trained model")
    return f"Not included are {listed(absent)}."


def _reading(draft: Draft) -> str:
    if not draft.has_ranges:
        return (
            "No figure has a range, since every input is a single value; how far each can be off "
            "is not stated."
        )
    level = f"{100 * DEFAULT_LEVEL:g}{draft.style.thin}{draft.style.percent}"
    others = "; a figure without one follows from single values" if draft.has_single else ""
    return f"Figures with a range are the median and the {level} range{others}."
