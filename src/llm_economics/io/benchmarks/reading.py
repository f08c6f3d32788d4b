"""`read_benchmarks`: measured points from the file of a benchmark tool, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from llm_economics.core.errors import CatalogError, UnknownNameError
from llm_economics.io.benchmarks.aiperf import is_aiperf, read_aiperf
from llm_economics.io.benchmarks.cells import Problems, parse_json
from llm_economics.io.benchmarks.inferencex import INFERENCEX_KEYS, read_inferencex
from llm_economics.io.benchmarks.plain import (
    POINTS_KEY,
    head_of,
    known_columns,
    read_plain,
    read_points,
)
from llm_economics.io.benchmarks.vllm import VLLM_KEYS, read_vllm
from llm_economics.io.files import read_text
from llm_economics.serving.measured import Measurements

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

    from llm_economics.serving.measured import MeasuredPoint

__all__ = ["FORMATS", "read_benchmarks"]

FORMATS: Final = {
    "vllm": f"JSON of vllm bench serve, with {', '.join(VLLM_KEYS)}",
    "inferencex": f"JSON of InferenceX, with {', '.join(INFERENCEX_KEYS)}",
    "aiperf": "CSV of AIPerf or GenAI-Perf, with a heading 'Metric,avg,...' or 'Metric,Value'",
    "plain": "CSV with a row for each point ('model,ttft_median [ms],...') or for each quantity "
    f"('model,quantity,value,unit,...'); JSON of such points under {POINTS_KEY!r}",
}
"""Formats that are read, and what they are recognised by."""


def read_benchmarks(path: str | os.PathLike[str], format: str | None = None) -> Measurements:  # noqa: A002
    r"""Read measured points from a file.

    Parameters
    ----------
    path : path
        The file.
    format : {"vllm", "inferencex", "aiperf", "plain"}, optional
        What it is; recognised by what it holds unless given.

    Returns
    -------
    Measurements
        The points, in the order of the file.

    Raises
    ------
    CatalogError
        If the file cannot be read, is of no known format, or has problems: all of them, each with
        its line or key.
    UnknownNameError
        If there is no such format.

    Examples
    --------
    >>> import tempfile
    >>> table = "model,accelerators,concurrency,tpot_median [ms],output_throughput [tokens/s]"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mine.csv"
    ...     _ = file.write_text(f"{table}\nMine 8B,1,16,12.5,1250\n", encoding="utf-8")
    ...     points = read_benchmarks(file)
    >>> print(points[0].interactivity, points[0].output_throughput)
    80 token/s 1,250 token/s
    """
    if format is not None and format not in FORMATS:
        raise UnknownNameError(format, FORMATS, "format of benchmark files")
    file = Path(path)
    text = read_text(file)
    problems = Problems(file.name)
    read = _read_json if text.lstrip().startswith(("{", "[")) else _read_csv
    points = list(read(text, format, problems))
    problems.finish()
    return Measurements(points, name=file.name)


def _read_csv(text: str, stated: str | None, problems: Problems) -> Iterable[MeasuredPoint]:
    found = stated or _csv_format(text)
    if found == "aiperf":
        point = read_aiperf(text, problems)
        return [] if point is None else [point]
    if found == "plain":
        return read_plain(text, problems)
    raise _unknown(problems.file, stated)


def _csv_format(text: str) -> str | None:
    if is_aiperf(text):
        return "aiperf"
    head = head_of(text)
    names = tuple(known_columns())
    known = [name for name in head if name == "quantity" or name.startswith(names)]
    return "plain" if known else None


def _read_json(text: str, stated: str | None, problems: Problems) -> Iterator[MeasuredPoint]:
    for place, value in parse_json(text, problems):
        if isinstance(value, dict) and (stated or _json_format(value)) == "plain":
            yield from read_points(value.get(POINTS_KEY), problems)
        else:
            yield from _read_results(place, value, stated, problems)


def _read_results(
    place: str, value: Any, stated: str | None, problems: Problems
) -> Iterator[MeasuredPoint]:
    results = value if isinstance(value, list) else [value]
    for number, result in enumerate(results):
        where = f"[{number}]" if isinstance(value, list) else place
        if not isinstance(result, dict):
            problems.add(where, f"needs an object, one result; got {str(result)[:40]!r}")
            continue
        read = _READERS.get(stated or _json_format(result) or "")
        if read is None:
            raise _unknown(problems.file, stated)
        point = read(result, where, problems)
        if point is not None:
            yield point


_READERS: Final[dict[str, Callable[..., MeasuredPoint | None]]] = {
    "vllm": read_vllm,
    "inferencex": read_inferencex,
}


def _json_format(result: dict[str, Any]) -> str | None:
    """Recognise a result by its keys; the one of which more keys are there."""
    if POINTS_KEY in result:
        return "plain"
    counts = {
        "inferencex": sum(key in result for key in INFERENCEX_KEYS) / len(INFERENCEX_KEYS),
        "vllm": sum(key in result for key in VLLM_KEYS) / len(VLLM_KEYS),
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] >= 0.5 else None  # noqa: PLR2004 - half of the keys


def _unknown(file: str, stated: str | None) -> CatalogError:
    if stated is not None:
        kind = FORMATS[stated]
        return CatalogError(file, [f"it is not of the format {stated!r}: {kind}"])
    lines = [f"it is not {name!r}: {kind}" for name, kind in FORMATS.items()]
    return CatalogError(file, lines)
