"""Tables of every figure of the catalogue with its source, written when pages are built.

Nothing is copied by hand, so the pages show what the library computes with. A shelf that an edition
does not have gives an empty page, not an error.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

import attrs
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

import llm_economics as le
from llm_economics.catalog.facts import gather
from llm_economics.catalog.walking import sources_of
from llm_economics.core.display import short_number
from llm_economics.core.registry import Quantity
from llm_economics.workload import assumptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from docutils.nodes import Node
    from sphinx.application import Sphinx

    from llm_economics.core.sources import Provenance

__all__ = ["Catalogue", "setup"]

# What the first table of a page shows; every figure follows below, entry by entry.
OVERVIEW: dict[str, tuple[str, ...]] = {
    "accelerators": (
        "peaks.bf16",
        "memory",
        "memory_bandwidth",
        "power",
        "system_price",
        "rental_price",
    ),
    "servers": ("accelerators", "power", "power_maximum", "price"),
    "models": ("disclosure", "parameters", "active_parameters", "training_tokens"),
    "facilities": ("power_usage_effectiveness", "water_usage_effectiveness"),
    "grids": ("carbon_intensity", "water_intensity"),
    "tariffs": ("price",),
}

# Shelves with hundreds of small entries have one table and no part for each entry: words, figures.
LISTED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cloud_prices": (("provider", "instance", "accelerator", "term", "region"), ("price",)),
    "api_prices": (
        ("provider", "model", "status"),
        ("input_price", "cached_input_price", "cache_write_price", "output_price"),
    ),
    "serving_stacks": (
        ("number_format",),
        (
            "prefill_model_flops_utilization",
            "decode_model_flops_utilization",
            "decode_model_bandwidth_utilization",
            "concurrency",
        ),
    ),
}


def figure(value: Any) -> str:
    """Write a figure by its quoted ends, without the words on its level."""
    if not isinstance(value, Quantity):
        return str(value)
    low, high = (float(end.magnitude) for end in value.bounds())
    numbers = {short_number(end, 6): None for end in (low, high)}
    return _cell(f"{'–'.join(numbers)} {value.unit_text}".strip())


def figures(noun: Any) -> dict[str, Any]:
    """Every quantity of a noun by its path: "power", "peaks.bf16"."""
    found: dict[str, Any] = {}
    for field in attrs.fields(type(noun)):
        value = getattr(noun, field.name)
        if isinstance(value, Quantity):
            found[field.name] = value
        elif field.name in {"peaks", "sparse_peaks"}:
            found |= {f"{field.name}.{format_}": rate for format_, rate in value.items()}
    return found


def overview(shelf: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Write one line per entry."""
    heads = [name.replace("peaks.", "dense ").replace("_", " ") for name in names]
    yield _row(["name", *heads])
    yield _row(["---"] * (len(names) + 1))
    for name, noun in shelf.items():
        all_of = figures(noun)
        cells = [all_of.get(field, getattr(noun, field, None)) for field in names]
        yield _row([_cell(name), *("" if cell is None else figure(cell) for cell in cells)])
    yield ""


def details(noun: Any) -> Iterator[str]:
    """Write every figure of one entry with kind, date, source and note."""
    shown = figures(noun)
    if not shown:
        return
    yield _row(["figure", "value", "kind", "date", "source", "note"])
    yield _row(["---"] * 6)
    for path, value in shown.items():
        origin = noun.provenance.get(path)
        yield _row([_name(path), figure(value), *_origin(origin)])
        for other in origin.alternatives if origin else ():
            yield _row(["", f"*{_cell(other.text)}*", *_origin(other)])
    yield ""


def entries(shelf: Mapping[str, Any], words: tuple[str, ...]) -> Iterator[str]:
    """Write the details of every entry, with its words and its other names."""
    yield from ("## Every figure", "")
    for name, noun in shelf.items():
        yield from (f"### {name}", "")
        told = [str(getattr(noun, word, "")) for word in words]
        yield from ("; ".join(_cell(text) for text in told if text), "")
        if getattr(noun, "aliases", ()):
            yield from ("Also: " + ", ".join(f"`{alias}`" for alias in noun.aliases) + ".", "")
        yield from details(noun)


def listed(kind: str) -> Iterator[str]:
    """Write one line per entry: its words, its figures, and where they come from."""
    words, names = LISTED[kind]
    yield _row(["name", *(_name(head) for head in (*words, *names)), "kind", "date", "source"])
    yield _row(["---"] * (len(words) + len(names) + 4))
    for key, noun in _shelf(kind).items():
        told = [_cell(str(getattr(noun, word, None) or "")) for word in words]
        values = [getattr(noun, name, None) for name in names]
        shown = ["" if value is None else figure(value) for value in values]
        yield _row([_cell(key), *told, *shown, *_together(noun, names)])
    yield ""


def _together(noun: Any, names: tuple[str, ...]) -> list[str]:
    """Kinds, dates and sources of several figures, each once."""
    origins = [noun.provenance[name] for name in names if name in noun.provenance]
    told = [_origin(origin)[:3] for origin in origins]
    return [", ".join(dict.fromkeys(column)) for column in zip(*told, strict=True)] or [""] * 3


def _shelf(kind: str) -> Mapping[str, Any]:
    """Return the shelf of that name; empty if this edition has none."""
    found: Mapping[str, Any] = getattr(le.catalog, kind, {})
    return found


def services() -> Iterator[str]:
    """Write which model and hardware stand for each service, with all inputs."""
    for name, service in le.services.items():
        yield from (f"## {name}", "", f"*{_cell(service.operator)}.* {service.description}", "")
        yield from ("### The service", "", *details(service))
        for part, title in (("training", "The training run"), ("query", "One request")):
            workload = getattr(service, part)
            yield from (f"### {title}", "", _what(workload), "", *details(workload))


def _what(workload: Any) -> str:
    site = workload.facility.name if workload.facility else "no facility"
    model = workload.model.name if workload.model else "no model"
    return f"{_cell(model)} on {_cell(workload.accelerator.name)} at `{site}`."


def claims() -> Iterator[str]:
    """Write every claim by service."""
    by_service: dict[str, list[Any]] = {}
    for claim in le.claims.values():
        by_service.setdefault(claim.service, []).append(claim)
    for service, found in by_service.items():
        yield from (f"## {service}", "", _row(["key", "what is claimed", "figure", "source"]))
        yield _row(["---"] * 4)
        for claim in found:
            shown = claim.shown if claim.value is not None else "no figure"
            keys = _keys(claim.origin.sources) if claim.origin else ""
            yield _row([f"`{claim.key}`", _cell(claim.statement), _cell(shown), keys])
        yield ""


def bibliography() -> Iterator[str]:
    """Write every source with a place to link to, and say what rests on it."""
    used = _uses()
    yield from (f"{len(le.sources)} sources.", "")
    for key, source in sorted(le.sources.items()):
        note = f" *{_cell(source.note)}.*" if source.note else ""
        licence = f" Licence: {_cell(source.licence)}." if source.licence else ""
        text = f"`{key}`: {source.cite('markdown')}{licence}{note} {_told(used[key])}"
        yield from (f"(source-{key})=", text, "")


@cache
def _uses() -> dict[str, Counter[str]]:
    """Count what rests on each source: entries by shelf, their figures, assumptions."""
    entries: dict[str, set[tuple[str, str]]] = {key: set() for key in le.sources}
    used: dict[str, Counter[str]] = {key: Counter() for key in le.sources}
    for stated in gather().statements():
        for key in sources_of(stated.table):
            used[key]["figures"] += 1
            entries[key].add((stated.shelf, stated.entry))
    for key, found in entries.items():
        used[key].update(shelf for shelf, _ in sorted(found))
    for name in _assumptions():
        origin = assumptions.assumption(name).provenance
        for source in origin.sources if origin else ():
            used[source.key]["assumptions"] += 1
    return used


def _told(count: Counter[str]) -> str:
    """Say what rests on a source: "Used for 12 figures: 3 accelerators, 2 servers."."""
    names = [name for name in count if name not in {"figures", "assumptions"}]
    parts = [_counted(count[name], name.replace("_", " ")) for name in names]
    figures_ = f"{_counted(count['figures'], 'figures')} ({', '.join(parts)})" if parts else ""
    assumed_ = _counted(count["assumptions"], "assumptions") if count["assumptions"] else ""
    return f"Used for {' and '.join(text for text in (figures_, assumed_) if text)}."


def _counted(number: int, name: str) -> str:
    one = f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")
    return f"{number} {one if number == 1 else name}"


def _assumptions() -> Iterable[str]:
    # Its names are not public, as nothing else lists them.
    return list(vars(assumptions)["_TABLE"])


def assumed() -> Iterator[str]:
    """Write what training and serving assume."""
    yield _row(["name", "taken, if nothing is given", "why", "kind", "source"])
    yield _row(["---"] * 5)
    for name in _assumptions():
        found = assumptions.assumption(name)
        kind, _, keys, _ = _origin(found.provenance)
        yield _row([f"`{name}`", figure(found.value) or "1", _cell(found.why), kind, keys])
    yield ""


def _origin(origin: Provenance | None) -> list[str]:
    if origin is None:
        return ["", "", "", ""]
    memory = "" if origin.confidence == "seen" else " (from memory)"
    return [
        f"{origin.kind}{memory}",
        origin.date,
        _keys(origin.sources),
        _cell(origin.note),
    ]


def _keys(sources: Iterable[Any]) -> str:
    return ", ".join(f"[`{source.key}`](#source-{source.key})" for source in sources)


def _name(path: str) -> str:
    text = path.replace("sparse_peaks.", "sparse peak, ").replace("peaks.", "dense peak, ")
    return text.replace("_", " ")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """Escape what Markdown would read as markup."""
    for sign in "\\|*_<>[]$~":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())


DETAILS: dict[str, tuple[str, ...]] = {
    "accelerators": ("vendor", "form_factor", "release"),
    "servers": ("vendor",),
    "models": ("developer", "disclosure", "release", "licence"),
    "facilities": ("operator", "description"),
    "grids": (),
    "tariffs": ("description",),
}
"""Words of an entry that stand above its figures."""

PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "services": services,
    "claims": claims,
    "sources": bibliography,
    "assumptions": assumed,
}


class Catalogue(SphinxDirective):
    """``{catalogue} accelerators``: the tables of one shelf; ``:overview:`` one line per entry."""

    required_arguments = 1
    option_spec = {"overview": directives.flag}  # noqa: RUF012 - docutils wants a plain dict

    def run(self) -> list[Node]:
        """Write the tables into the page."""
        self.env.note_reread()
        text = "\n".join(self._lines(self.arguments[0]))
        return self.parse_text_to_nodes(text, allow_section_headings=True)

    def _lines(self, kind: str) -> Iterator[str]:
        if kind in PAGES:
            return PAGES[kind]()
        if kind in LISTED:
            return listed(kind)
        if kind not in OVERVIEW:
            known = ", ".join([*OVERVIEW, *LISTED, *PAGES])
            message = f"there is no catalogue page {kind!r}; take {known}"
            raise self.error(message)
        if "overview" in self.options:
            return overview(_shelf(kind), OVERVIEW[kind])
        return entries(_shelf(kind), DETAILS[kind])


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("catalogue", Catalogue)
    return {"version": "1", "parallel_read_safe": True}
