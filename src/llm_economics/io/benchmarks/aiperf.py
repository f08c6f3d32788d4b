"""CSV exports of NVIDIA AIPerf and, before it, GenAI-Perf: one file is one point.

Sections follow each other, each with its heading: latencies by statistic ("Metric,avg,min,..."),
one value for the run ("Metric,Value"), and telemetry of each accelerator. Names of the metrics:
ai-dynamo/aiperf, `docs/metrics-reference.md` and `src/aiperf/exporters/metrics_csv_exporter.py`;
triton-inference-server/perf_analyzer, `genai_perf/export_data/csv_exporter.py`; read in 2026. What
they call inter token latency is (request latency - TTFT)/(output tokens - 1), thus TPOT. The export
says nothing about model, engine, layout and load: state them with `Measurements.fill`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import attrs

from llm_economics.core.registry import ureg
from llm_economics.io.benchmarks.cells import Draft, Problems, csv_lines, fold, split_unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.serving.measured import MeasuredPoint

__all__ = ["is_aiperf", "read_aiperf"]

_LATENCIES: Final = {
    "time to first token": "time_to_first_token",
    "inter token latency": "time_per_output_token",
}
_LENGTHS: Final = {
    "input sequence length": "input_tokens",
    "num input token": "input_tokens",
    "output sequence length": "output_tokens",
    "num output token": "output_tokens",
}
_RATES: Final = {
    "output token throughput": "output_throughput",
    "total token throughput": "total_throughput",
    "request throughput": "request_throughput",
}
_VENDOR: Final = re.compile(r"^(nvidia|amd) ")
_STATISTIC: Final = re.compile(r"p\d{1,2}(\.\d+)?")
_GPU: Final = ("gpu_uuid", "gpu")


@attrs.frozen
class _Row:
    """One metric: where it stands, its name without the unit, its cells by heading."""

    place: str
    name: str
    unit: str
    cells: Mapping[str, str]


def is_aiperf(text: str) -> bool:
    """Tell whether a text starts like one of these exports.

    Parameters
    ----------
    text : str
        What the file holds.

    Returns
    -------
    bool
        Whether it has the heading of a section of metrics.
    """
    head = [fold(cell) for cell in text.lstrip().partition("\n")[0].split(",")]
    return "metric" in head and bool({"avg", "value"} & set(head)) and "quantity" not in head


def read_aiperf(text: str, problems: Problems) -> MeasuredPoint | None:
    """Read an export.

    Parameters
    ----------
    text : str
        What the file holds.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    MeasuredPoint or None
        The point; None if it has a problem.

    Notes
    -----
    Two decimals are printed, so 0.00 is a rate too small to show: it is unknown. Accelerators, and
    their power, are those that the telemetry lists, busy or not.
    """
    draft = Draft(problems)
    rows = list(_rows(text, problems))
    for row in rows:
        if row.name in _LATENCIES:
            _put_latency(draft, row)
        elif row.name in _LENGTHS:
            _put_length(draft, row)
        elif row.name in _RATES:
            _put_value(draft, row, _RATES[row.name])
    _put_energy(draft, rows)
    _put_telemetry(draft, [row for row in rows if row.name == "gpu power usage"])
    wanted = {*_LATENCIES, *_RATES}
    if not wanted & {row.name for row in rows}:
        names = ", ".join(repr(name) for name in sorted(wanted))
        problems.add("the table", f"has none of the metrics {names}")
    return draft.point("the table", f"{problems.file}: AIPerf")


def _rows(text: str, problems: Problems) -> Iterator[_Row]:
    head: list[str] = []
    for place, cells in csv_lines(text, problems):
        folded = [fold(cell) for cell in cells]
        if "metric" in folded:
            head = folded
        elif len(cells) != len(head):
            problems.add(place, f"has {len(cells)} cells under a heading of {len(head)}")
        else:
            row = dict(zip(head, cells, strict=True))
            name, unit = split_unit(row["metric"])
            # GPU metrics of two vendors differ by a word in front.
            yield _Row(place, _VENDOR.sub("", fold(name)), unit, row)


def _average(draft: Draft, row: _Row) -> float | None:
    value = row.cells.get("avg", row.cells.get("value"))
    number = draft.problems.number(f"{row.place}, {row.name}", value, commas=True)
    return None if number == 0.0 else number


def _put_latency(draft: Draft, row: _Row) -> None:
    for head, cell in row.cells.items():
        statistic = "mean" if head == "avg" else head
        if statistic != "mean" and not _STATISTIC.fullmatch(head):
            continue
        place = f"{row.place}, {row.name} {head}"
        number = draft.problems.number(place, cell, commas=True)
        if number is None or number == 0.0:
            continue
        figure = draft.problems.quantity(place, _LATENCIES[row.name], number, row.unit)
        if figure is None:
            return  # the unit is that of the whole row
        draft.put_latency(place, _LATENCIES[row.name], statistic, figure)


def _put_length(draft: Draft, row: _Row) -> None:
    field = _LENGTHS[row.name]
    if row.unit:
        _put_value(draft, row, field)
    else:
        draft.put(row.place, field, _average(draft, row))


def _put_value(draft: Draft, row: _Row, field: str) -> None:
    number = _average(draft, row)
    if number is not None:
        figure = draft.problems.quantity(f"{row.place}, {row.name}", field, number, row.unit)
        draft.put(f"{row.place}, {row.name}", field, figure)


def _put_energy(draft: Draft, rows: list[_Row]) -> None:
    """Energy and power of the run; those of two vendors are parts of one and are not summed."""
    for name, field in (
        ("energy per output token", "energy_per_output_token"),
        ("average gpu power", "power"),
    ):
        found = [row for row in rows if row.name == name]
        if len(found) == 1:
            _put_value(draft, found[0], field)
    if "power" in draft.fields:
        draft.put("the table", "power_boundary", "all accelerators")


def _put_telemetry(draft: Draft, rows: list[_Row]) -> None:
    """Sum the power of each accelerator."""
    numbers = [_average(draft, row) for row in rows]
    keys = [next((row.cells[key] for key in _GPU if key in row.cells), "") for row in rows]
    if not rows or not all(keys):
        return
    draft.put(rows[0].place, "accelerators", len(set(keys)))
    names = {row.cells.get("gpu_name", "") for row in rows}
    if len(names) == 1:
        draft.put(rows[0].place, "accelerator", names.pop())
    units = {fold(row.unit) for row in rows}
    if units != {"w"}:
        draft.problems.add(rows[0].place, f"power cannot be in {', '.join(sorted(units))}")
    elif "power" not in draft.fields and None not in numbers:
        total = sum(number for number in numbers if number is not None)
        draft.put(rows[0].place, "power", ureg.Quantity(float(total), "watt"))
        draft.put(rows[0].place, "power_boundary", "all accelerators")
