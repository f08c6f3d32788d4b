"""Tables of measured points in two plain forms: a row for each point, or a row for each quantity.

Settings are columns named like the fields of `MeasuredPoint` ("model", "accelerator",
"accelerators", "weight_format", "cache_format", "engine", "engine_version", "date",
"tensor_parallel", ..., "serving", "load", "concurrency", "batch_size", "input_tokens",
"output_tokens", "source"), all of them optional; an empty cell is unknown. Also taken are
"n_accelerators", "precision" (of the weights) and "batch_or_concurrency".

- A row for each point: figures have columns with the unit in brackets, latencies with the
  statistic: "ttft_median [ms]", "tpot_p99 [ms]", "output_throughput [tokens/s]", "power [W]",
  "energy_per_output_token [J/token]". This is what `Measurements.to_frame` writes.
- A row for each quantity: columns "quantity" ("ttft", "tpot", "output_throughput", ...), "value",
  "unit" and, if known, "statistic". Rows with the same settings are one point; two runs of one
  setting are told apart by a column "point".

Rejected: columns that nobody knows (a misspelt one would be lost in silence; "note" and "id" are
free), and a unit that is assumed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from llm_economics.core.errors import nearest_names
from llm_economics.io.benchmarks.cells import Draft, Problems, csv_lines, fold, split_unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llm_economics.serving.measured import MeasuredPoint

__all__ = ["POINTS_KEY", "head_of", "known_columns", "put_setting", "read_plain", "read_points"]

POINTS_KEY: Final = "measured_points"
"""Key of the list of points in a JSON file of this form."""

_TEXTS: Final = (
    "model",
    "accelerator",
    "engine",
    "engine_version",
    "date",
    "serving",
    "speculative_decoding",
    "load",
    "power_boundary",
    "source",
)
_FORMATS: Final = {
    "weight_format": "weight_format",
    "precision": "weight_format",
    "cache_format": "cache_format",
}
_NUMBERS: Final = {
    "accelerators": "accelerators",
    "n_accelerators": "accelerators",
    "tensor_parallel": "tensor_parallel",
    "expert_parallel": "expert_parallel",
    "attention_data_parallel": "attention_data_parallel",
    "pipeline_parallel": "pipeline_parallel",
    "prefill_tensor_parallel": "prefill_tensor_parallel",
    "prefill_expert_parallel": "prefill_expert_parallel",
    "prefill_attention_data_parallel": "prefill_attention_data_parallel",
    "prefill_pipeline_parallel": "prefill_pipeline_parallel",
    "prefill_accelerators": "prefill_accelerators",
    "decode_accelerators": "decode_accelerators",
    "concurrency": "concurrency",
    "batch_size": "batch_size",
    "batch_or_concurrency": "batch_or_concurrency",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
}
_LATENCIES: Final = {
    "ttft": "time_to_first_token",
    "time_to_first_token": "time_to_first_token",
    # Of a batch that starts together this is when the first token is there.
    "prefill_latency": "time_to_first_token",
    "tpot": "time_per_output_token",
    "time_per_output_token": "time_per_output_token",
}
_FIGURES: Final = (
    "output_throughput",
    "total_throughput",
    "request_throughput",
    "request_rate",
    "power",
    "energy_per_output_token",
)
_EACH: Final = "_per_accelerator"
_LATENCY: Final = re.compile(
    rf"({'|'.join(_LATENCIES)})(?:_(mean|median|unstated|p\d{{1,2}}(?:\.\d+)?))?"
)
_FREE: Final = frozenset({"id", "point", "note", "remark", "metric", "quality"})
_OF_ROW: Final = frozenset({"id", "note", "remark", "metric", "quantity", "statistic"})
_LONG: Final = ("quantity", "value", "unit")
_PER_ONE: Final = re.compile(r"\s*/\s*(gpu|accelerator|chip|device)$", re.IGNORECASE)


@attrs.frozen
class _Figure:
    """What a column, or a row, gives."""

    field: str
    statistic: str = ""
    each: bool = False


def known_columns() -> tuple[str, ...]:
    """Names of the columns that are taken, without statistics and units.

    Returns
    -------
    tuple of str
        The names.

    Examples
    --------
    >>> "ttft" in known_columns(), "power" in known_columns()
    (True, True)
    """
    return (*_TEXTS, *_FORMATS, *_NUMBERS, *_LATENCIES, *_FIGURES)


def head_of(text: str) -> list[str]:
    """Columns of a table without their units.

    Parameters
    ----------
    text : str
        What the file holds.

    Returns
    -------
    list of str
        Their names as they are compared.

    Examples
    --------
    >>> head_of("model,TTFT median (ms)")
    ['model', 'ttft_median']
    """
    return [_named(cell)[0] for cell in text.lstrip().partition("\n")[0].split(",")]


def put_setting(draft: Draft, place: str, name: str, value: Any) -> bool:
    """Set a field that is no figure.

    Parameters
    ----------
    draft : Draft
        The point.
    place : str
        Line or key.
    name : str
        Name of the column.
    value : object
        Text or number.

    Returns
    -------
    bool
        Whether it is a setting.
    """
    if name in _TEXTS:
        draft.put(place, name, value)
    elif name in _FORMATS:
        draft.put_format(place, _FORMATS[name], value)
    elif name in _NUMBERS:
        field = _NUMBERS[name]
        if field == "batch_or_concurrency":
            static = draft.fields.get("load") == "static batch"
            field = "batch_size" if static else "concurrency"
        draft.put(place, field, draft.problems.number(place, value))
    return name in _TEXTS or name in _FORMATS or name in _NUMBERS


def read_plain(text: str, problems: Problems) -> list[MeasuredPoint]:
    """Read a table in CSV of either form.

    Parameters
    ----------
    text : str
        What the file holds.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    list of MeasuredPoint
        The points without problems.
    """
    head, rows = _table(text, problems)
    names = [_named(cell)[0] for cell in head]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.add("the heading", f"the column {name!r} stands twice")
    if problems.lines:
        return []
    if "quantity" in names:
        return _read_long(names, rows, problems)
    settled = [_column(cell, problems) for cell in head]
    if not any(isinstance(column, _Figure) for column in settled):
        told = "'ttft_median [ms]', 'output_throughput [tokens/s]'"
        problems.add("the heading", f"needs a column of figures, such as {told}; or 'quantity'")
    if problems.lines:
        return []
    return _read_wide(
        [(place, dict(zip(head, cells, strict=True))) for place, cells in rows], problems
    )


def read_points(points: Any, problems: Problems) -> list[MeasuredPoint]:
    """Read the points of a JSON file of this form: objects with the columns as keys.

    Parameters
    ----------
    points : list of dict
        What stands under `POINTS_KEY`.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    list of MeasuredPoint
        The points without problems.
    """
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        problems.add(POINTS_KEY, "needs a list of objects, one for each point")
        return []
    for name in dict.fromkeys(name for point in points for name in point):
        _column(name, problems)
    return _read_wide([(f"{POINTS_KEY}[{i}]", p) for i, p in enumerate(points)], problems)


def _table(text: str, problems: Problems) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Heading, and rows with their places."""
    lines = csv_lines(text, problems)
    head = lines[0][1] if lines else []
    for place, cells in lines[1:]:
        if len(cells) != len(head):
            problems.add(place, f"has {len(cells)} cells under a heading of {len(head)}")
    if len(lines) < 2:  # noqa: PLR2004 - a heading and a row
        problems.add("the table", "has no rows")
    return head, lines[1:]


def _named(heading: str) -> tuple[str, str]:
    """Name as it is compared, and unit, of a column."""
    name, unit = split_unit(heading)
    return re.sub(r"[\s\-]+", "_", fold(name)), unit


def _column(heading: str, problems: Problems) -> _Figure | None:
    """What figure a column holds, if any; notes a column that nobody knows."""
    name, unit = _named(heading)
    figure = _figure(name)
    if figure is not None:
        if not unit:
            problems.add("the heading", f"{heading!r} needs its unit: '{heading.strip()} [...]'")
        return figure
    if name not in _TEXTS and name not in _FORMATS and name not in _NUMBERS and name not in _FREE:
        near = nearest_names(name, known_columns(), count=1)
        hint = f"is it {near[0]!r}?" if near else "leave it out, or call it 'note'"
        problems.add("the heading", f"there is no column {heading!r}; {hint}")
    return None


def _figure(name: str) -> _Figure | None:
    found = _LATENCY.fullmatch(name)
    if found is not None:
        return _Figure(_LATENCIES[found[1]], found[2] or "unstated")
    bare = name.removesuffix(_EACH)
    return _Figure(bare, each=bare != name) if bare in _FIGURES else None


def _read_wide(
    rows: Iterable[tuple[str, Mapping[str, Any]]], problems: Problems
) -> list[MeasuredPoint]:
    found = []
    for place, row in rows:
        draft = Draft(problems)
        _put_settings(draft, place, {_named(head)[0]: cell for head, cell in row.items()})
        for head, cell in row.items():
            name, unit = _named(head)
            figure = _figure(name)
            if figure is not None:
                _put_figure(draft, f"{place}, {head}", figure, (cell, unit))
        found.append(draft.point(place, f"{problems.file}, {place}"))
    return [point for point in found if point is not None]


def _put_settings(draft: Draft, place: str, cells: Mapping[str, Any]) -> None:
    # The load first: it says what "batch_or_concurrency" is.
    for name in sorted(cells, key=lambda name: name != "load"):
        put_setting(draft, f"{place}, {name}", name, cells[name])


def _put_figure(draft: Draft, place: str, figure: _Figure, cell: tuple[Any, str]) -> None:
    """Set a figure from a cell, that is value and unit."""
    number = draft.problems.number(place, cell[0])
    if number is None:
        return
    unit = _PER_ONE.sub("", cell[1])
    each = figure.each or unit != cell[1]
    value = draft.problems.quantity(place, figure.field, number, unit)
    if value is None:
        return
    if figure.statistic:
        draft.put_latency(place, figure.field, figure.statistic, value)
        return
    if figure.field == "power" and each:
        draft.fields.setdefault("power_boundary", "one accelerator")
    elif each:
        count = draft.fields.get("accelerators")
        if count is None:
            draft.problems.add(place, "is per accelerator, so the row needs 'accelerators'")
            return
        value = value * count.number("accelerator")
    draft.put(place, figure.field, value)


# -- a row for each quantity ----------------------------------------------------------------------


def _read_long(
    names: list[str], rows: list[tuple[str, list[str]]], problems: Problems
) -> list[MeasuredPoint]:
    for name in _LONG:
        if name not in names:
            problems.add("the heading", f"the column {name!r} is missing")
    for name in names:
        if name not in {*_LONG, "statistic"}:
            _column(name, problems)
    if problems.lines:
        return []
    groups: dict[tuple[str, ...], list[tuple[str, dict[str, str]]]] = {}
    for place, cells in rows:
        row = dict(zip(names, cells, strict=True))
        key = tuple(v for n, v in row.items() if n not in _OF_ROW and n not in _LONG)
        groups.setdefault(key, []).append((place, row))
    found = [_read_group(group, problems) for group in groups.values()]
    return [point for point in found if point is not None]


def _read_group(
    group: list[tuple[str, dict[str, str]]], problems: Problems
) -> MeasuredPoint | None:
    place, first = group[0]
    draft = Draft(problems)
    _put_settings(draft, place, {n: v for n, v in first.items() if n not in {*_LONG, "statistic"}})
    seen: dict[_Figure, str] = {}
    for line, row in group:
        figure = _quantity(row, line, problems)
        if figure is None:
            continue
        if figure in seen:
            problems.add(
                line,
                f"gives {row['quantity']} of the point in {seen[figure]} again; tell two runs "
                "apart by a column 'point'",
            )
        seen.setdefault(figure, line)
        _put_figure(draft, f"{line}, {row['quantity']}", figure, (row["value"], row["unit"]))
    return draft.point(place, f"{problems.file}, {place}")


def _quantity(row: Mapping[str, str], line: str, problems: Problems) -> _Figure | None:
    name = _named(row["quantity"])[0]
    statistic = fold(row.get("statistic", ""))
    figure = _figure(f"{name}_{statistic}" if statistic and name in _LATENCIES else name)
    if figure is None:
        what = f"{row['quantity']} {statistic}".strip()
        near = nearest_names(name, (*_LATENCIES, *_FIGURES), count=1)
        hint = f"; is it {near[0]!r}?" if near else f"; known are {', '.join(_FIGURES)}, ttft, tpot"
        problems.add(line, f"there is no quantity {what!r}{hint}")
    return figure
