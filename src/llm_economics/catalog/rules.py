"""Rules that the facts keep, each a function that goes through them and says what breaks it.

A rule is about facts that a reader of one entry cannot see, or about slips that still make a valid
entry: a price in the wrong unit, a sparse peak under the dense ones. Rejected: checks against a
second table of right values, which would have to be kept right too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from llm_economics.catalog.cited import cited_sources
from llm_economics.catalog.dates import days_of, is_future
from llm_economics.catalog.facts import Facts, Finding
from llm_economics.catalog.stock import folded, spellings
from llm_economics.catalog.walking import sources_of
from llm_economics.core.errors import MissingInputError

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["EARLIEST", "EXPLAINED", "PLAUSIBLE", "RULES", "Rule"]

Rule = Callable[[Facts, date], Iterator[Finding]]
"""Goes through the facts, on a day, and yields what it finds."""

EARLIEST: Final = date(2010, 1, 1)
"""Nothing that the catalogue is about is older."""

MAXIMUM_ERROR: Final = 0.02
"""How far the parameters that a shape counts may be from those that are published."""

_NEEDED: Final = ("source", "kind", "date", "confidence")

_FP8_OVER_BF16: Final = (1.9, 2.1)

_SPARSE_OVER_DENSE: Final = (1.0, 2.05)

EXPLAINED: Final[Mapping[str, str]] = {
    "accelerators/Trainium1.peaks.fp8": "fp8 runs at the rate of bf16",
    "accelerators/Inferentia2.peaks.fp8": "fp8 runs at the rate of bf16",
    "accelerators/TPU v5p.peaks.fp8": "fp8 runs at the rate of bf16; int8 is the fast format",
    "accelerators/TPU v6e.peaks.fp8": "fp8 runs at the rate of bf16; int8 is the fast format",
    "accelerators/Gaudi 3.peaks.fp8": "the white paper gives both formats one rate",
    "accelerators/Trainium3.peaks.fp8": "block fp8 runs at four times the rate of bf16",
    "accelerators/Rubin.peaks.fp8": "built for fp8 and fp4; bf16 did not grow as much",
    "accelerators/Trainium2.sparse_peaks.tf32": "sparsity of another pattern than 2:4",
    "accelerators/Trainium2.sparse_peaks.bf16": "sparsity of another pattern than 2:4",
    "accelerators/Trainium2.sparse_peaks.fp16": "sparsity of another pattern than 2:4",
    "accelerators/Trainium3.sparse_peaks.tf32": "sparsity of another pattern than 2:4",
    "accelerators/Trainium3.sparse_peaks.bf16": "sparsity of another pattern than 2:4",
    "accelerators/Trainium3.sparse_peaks.fp16": "sparsity of another pattern than 2:4",
}
"""What breaks a rule and is right all the same, by path, and why."""

PLAUSIBLE: Final[Mapping[str, tuple[str, float, float]]] = {
    "accelerators.power": ("W", 5, 10_000),
    "accelerators.idle_power": ("W", 1, 1_000),
    "accelerators.memory": ("GiB", 1, 4_096),
    "accelerators.memory_bandwidth": ("GB/s", 20, 200_000),
    "accelerators.link_bandwidth": ("GB/s", 1, 20_000),
    "accelerators.peaks": ("TFLOP/s", 1, 1e6),
    "accelerators.sparse_peaks": ("TFLOP/s", 1, 1e6),
    "accelerators.price": ("USD/accelerator", 100, 500_000),
    "accelerators.system_price": ("USD/accelerator", 100, 1e6),
    "accelerators.rental_price": ("USD/accelerator/hour", 0.02, 100),
    "accelerators.embodied_carbon": ("kgCO2e", 10, 5_000),
    "servers.accelerators": ("accelerator", 1, 1e5),
    "servers.power": ("W", 50, 5e7),
    "servers.power_maximum": ("W", 50, 5e7),
    "servers.idle_power": ("W", 20, 2e7),
    "servers.price": ("USD", 1_000, 1e9),
    "servers.memory": ("GiB", 16, 1e6),
    "models.parameters": ("parameter", 1e6, 1e14),
    "models.active_parameters": ("parameter", 1e6, 1e14),
    "models.training_tokens": ("token", 1e9, 1e15),
    "models.training_computation": ("FLOP", 1e18, 1e28),
    "models.context_length": ("token", 256, 1e8),
    "grids.carbon_intensity": ("gCO2e/kWh", 1, 2_000),
    "grids.water_intensity": ("L/kWh", 0.01, 100),
    "tariffs.price": ("USD/kWh", 0.005, 2),
    "facilities.power_usage_effectiveness": ("", 1, 3.5),
    "facilities.water_usage_effectiveness": ("L/kWh", 0, 15),
    "services.requests": ("request/day", 1e3, 1e12),
    "services.training_lifetime": ("day", 20, 5_000),
    "cloud_prices.price": ("USD/accelerator/hour", 0.02, 100),
    "cloud_prices.instance_price": ("USD/hour", 0.02, 10_000),
    "api_prices.input_price": ("USD/Mtoken", 1e-3, 2_000),
    "api_prices.output_price": ("USD/Mtoken", 1e-3, 5_000),
    "api_prices.cached_input_price": ("USD/Mtoken", 1e-4, 2_000),
    "api_prices.cache_write_price": ("USD/Mtoken", 1e-4, 2_000),
}
"""Smallest and largest values that make sense, by shelf and field: a wrong prefix lies outside."""


def _finding(rule: str, where: str, text: str, explained: str = "") -> Finding:
    return Finding(
        rule=rule, where=where, text=text, explained=explained or EXPLAINED.get(where, "")
    )


def names(facts: Facts, _: date) -> Iterator[Finding]:
    """Each spelling of a name belongs to one entry of its shelf."""
    for shelf, tables in facts.tables.items():
        owner: dict[str, str] = {}
        for key, table in tables.items():
            for word in spellings(key, table):
                first = owner.setdefault(folded(word), key)
                if first != key:
                    text = f"the name {word!r} belongs to {first!r} too"
                    yield _finding("names", f"{shelf}/{key}", text)


def provenance(facts: Facts, _: date) -> Iterator[Finding]:
    """Each figure has source, kind, date and confidence; what is ours says why."""
    for stated in facts.statements():
        missing = [key for key in _NEEDED if not stated.table.get(key)]
        if missing:
            yield _finding("provenance", stated.path, f"has no {', '.join(missing)}")
        if stated.table.get("kind") in {"assumed", "derived"} and not stated.table.get("note"):
            text = f"is {stated.table['kind']}, and no note says how"
            yield _finding("provenance", stated.path, text)
    for figure in facts.figures():
        if not figure.is_stated:
            yield _finding("provenance", figure.path, "is a figure that nobody is named for")


def sources(facts: Facts, _: date) -> Iterator[Finding]:
    """Each source that is named exists, and each one that exists is named."""
    known, cited = facts.tables.get("sources", {}), set(cited_sources())
    for stated in facts.statements():
        for key in sources_of(stated.table):
            cited.add(key)
            if key not in known:
                yield _finding("sources", stated.path, f"there is no source {key!r}")
    for key in known:
        if key not in cited:
            yield _finding("sources", f"sources/{key}", "no figure rests on it")


def dates(facts: Facts, now: date) -> Iterator[Finding]:
    """No date is in the future, and none is older than what the catalogue is about."""
    dated = [(f"{stated.path}.date", stated.table.get("date")) for stated in facts.statements()]
    for key, table in facts.tables.get("sources", {}).items():
        dated += [(f"sources/{key}.{name}", table.get(name)) for name in ("date", "accessed")]
    for where, text in dated:
        days = days_of(text)
        if is_future(text, now):
            yield _finding("dates", where, f"{text} is in the future")
        elif days is not None and days[1] < EARLIEST:
            yield _finding("dates", where, f"{text} is before {EARLIEST.year}")


def ranges(facts: Facts, _: date) -> Iterator[Finding]:
    """The median of a figure lies between its ends, and nothing is below zero."""
    for figure in facts.figures():
        low, middle, high = _three(figure.value)
        if not 0 <= low <= middle <= high:
            text = f"{low:g}, {middle:g}, {high:g} are not in order"
            yield _finding("ranges", figure.path, text)


def plausible(facts: Facts, _: date) -> Iterator[Finding]:
    """No figure is orders of magnitude away from what such things have."""
    for figure in facts.figures():
        limits = PLAUSIBLE.get(f"{figure.shelf}.{figure.field.partition('.')[0]}")
        if limits is None:
            continue
        unit, least, most = limits
        low, _middle, high = _three(figure.value.to(unit))
        if not least <= low <= high <= most:
            text = f"{figure.value} is not between {least:g} and {most:g} {unit}".rstrip()
            yield _finding("plausible", figure.path, text)


def peaks(facts: Facts, _: date) -> Iterator[Finding]:
    """8 bits run about twice as fast as 16, and sparsity gains up to twice the dense rate."""
    for key, chip in facts.nouns.get("accelerators", {}).items():
        dense, sparse = _rates(chip.peaks), _rates(chip.sparse_peaks)
        if {"bf16", "fp8"} <= dense.keys():
            ratio = dense["fp8"] / dense["bf16"]
            if not _FP8_OVER_BF16[0] <= ratio <= _FP8_OVER_BF16[1]:
                text = f"fp8 is {ratio:.3g} times bf16, and about 2 is usual"
                yield _finding("peaks", f"accelerators/{key}.peaks.fp8", text)
        for name, rate in sparse.items():
            gain = rate / dense.get(name, math.inf)
            if not _SPARSE_OVER_DENSE[0] < gain <= _SPARSE_OVER_DENSE[1]:
                text = f"the sparse peak is {gain:.3g} times the dense, and up to 2 is usual"
                text = text if name in dense else "a sparse peak without a dense one"
                yield _finding("peaks", f"accelerators/{key}.sparse_peaks.{name}", text)


def parameters(facts: Facts, _: date) -> Iterator[Finding]:
    """The shape of a model has as many parameters as are published, within 2 %."""
    for key, model in facts.nouns.get("models", {}).items():
        shape, published = model.architecture, model.parameters
        if shape is None or published is None:
            continue
        try:
            counted = shape.total_parameters()
        except MissingInputError:  # a shape may be known in part
            continue
        error = counted.number("parameter") / published.number("parameter") - 1
        if abs(error) > MAXIMUM_ERROR:
            text = f"the shape has {counted.to('Gparameter'):.4g}, {error:+.1%} of {published}"
            why = _note_on_the_count(model)
            yield _finding("parameters", f"models/{key}.architecture", text, why)


def _note_on_the_count(model: Any) -> str:
    """Note of the entry that says why its shape and its size differ; empty if none does."""
    stated = (model.provenance.get(field) for field in ("architecture", "parameters"))
    notes = [origin.note for origin in stated if origin is not None]
    return next((note for note in notes if "count" in note or "parameters" in note), "")


def _rates(peaks_of: Mapping[Any, Quantity]) -> dict[str, float]:
    return {str(key): rate.number("TFLOP/s") for key, rate in peaks_of.items()}


def _three(value: Quantity) -> tuple[float, float, float]:
    """Low end, median and high end, in the unit of the value."""
    low, high = value.bounds()
    return float(low.magnitude), float(value.median().magnitude), float(high.magnitude)


RULES: Final[Mapping[str, Rule]] = {
    "names": names,
    "provenance": provenance,
    "sources": sources,
    "dates": dates,
    "ranges": ranges,
    "plausible": plausible,
    "peaks": peaks,
    "parameters": parameters,
}
"""Every rule by name."""
