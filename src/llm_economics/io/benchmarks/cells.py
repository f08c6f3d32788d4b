"""Cells of benchmark files: numbers, units, JSON, and every problem with the place where it stands.

A file is read to its end whatever is wrong in it, so that a person corrects it once. Rejected: a
schema library (these files have a dozen keys of interest among many, under names that carry
statistics), and pint's reading of units ("per sec" is no unit of any library, and it means tokens
in one row and requests in the next).
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, Final

import attrs

from llm_economics.core.errors import CatalogError, LLMEconomicsError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.io.files import MAXIMUM_DEPTH
from llm_economics.serving.measured import MeasuredPoint
from llm_economics.serving.measured_point import read_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "PER_SECOND",
    "UNITS",
    "Draft",
    "Problems",
    "csv_lines",
    "fold",
    "parse_json",
    "split_unit",
]

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_HEADING: Final = re.compile(r"(?P<name>.*?)\s*(?:\((?P<round>[^()]*)\)|\[(?P<square>[^\[\]]*)\])")
_UNSTATED: Final = ("", "unstated", "unknown", "none", "null", "n/a", "na", "-")

PER_SECOND: Final = {
    "tokens/s": "token/second",
    "token/s": "token/second",
    "tok/s": "token/second",
    "tokens/sec": "token/second",
    "token/sec": "token/second",
    "tokens/second": "token/second",
}
_TIMES: Final = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "second"),
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), "millisecond"),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), "microsecond"),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), "nanosecond"),
}
_REQUESTS: Final = dict.fromkeys(
    ("requests/s", "request/s", "req/s", "requests/sec", "request/sec", "req/sec", "per sec"),
    "request/second",
)

UNITS: Final[Mapping[str, Mapping[str, str]]] = {
    "time_to_first_token": _TIMES,
    "time_per_output_token": {
        **{f"{word}/token": f"{unit}/token" for word, unit in _TIMES.items()},
        # Every tool prints this time without "per token".
        **{word: f"{unit}/token" for word, unit in _TIMES.items()},
    },
    "output_throughput": PER_SECOND | {"per sec": "token/second"},
    "total_throughput": PER_SECOND | {"per sec": "token/second"},
    "request_throughput": _REQUESTS,
    "request_rate": _REQUESTS,
    "power": {"w": "watt", "watt": "watt", "kw": "kilowatt"},
    "energy_per_output_token": {
        "j/token": "joule/token",
        "j/tok": "joule/token",
        "mj/token": "millijoule/token",
        "wh/token": "watt_hour/token",
        "kwh/mtoken": "kilowatt_hour/megatoken",
    },
    "input_tokens": dict.fromkeys(("token", "tokens", "tokens/request"), "token/request"),
    "output_tokens": dict.fromkeys(("token", "tokens", "tokens/request"), "token/request"),
}
"""Spellings of units that are taken, in lower case, by field of `MeasuredPoint`."""


def fold(text: str) -> str:
    """A heading in lower case with single spaces."""
    return " ".join(text.casefold().split())


def split_unit(heading: str) -> tuple[str, str]:
    """Cut the unit in brackets off a heading.

    Parameters
    ----------
    heading : str
        "Time to First Token (ms)" or "power [W]".

    Returns
    -------
    tuple of str
        Name, and unit; empty if there is none.

    Examples
    --------
    >>> split_unit("Time to First Token (ms)"), split_unit("power [W]"), split_unit("model")
    (('Time to First Token', 'ms'), ('power', 'W'), ('model', ''))
    """
    found = _HEADING.fullmatch(heading.strip())
    if found is None:
        return heading.strip(), ""
    return found["name"], (found["round"] or found["square"] or "").strip()


@attrs.define
class Problems:
    """What is wrong with a file, each line with its place."""

    file: str
    """Name of the file."""

    lines: list[str] = attrs.field(factory=list)
    """The problems."""

    def add(self, place: str, text: str) -> None:
        """Note a problem.

        Parameters
        ----------
        place : str
            Line or key.
        text : str
            What is wrong, and what to write instead.
        """
        self.lines.append(f"{place}: {text}")

    def number(self, place: str, value: Any, *, commas: bool = False) -> float | None:
        """Read a number; unknown, and what is none, is None.

        Parameters
        ----------
        place : str
            Line or key.
        value : object
            Text or number.
        commas : bool
            Whether the tool groups digits by commas.

        Returns
        -------
        float or None
            The number; None if the cell is empty or has a problem, which is noted.
        """
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        text = str(value).strip().replace(",", "") if commas else str(value).strip()
        plain = not isinstance(value, bool) and _NUMBER.fullmatch(text) is not None
        number = float(text) if plain else None
        if number is None or number in _INFINITE:
            self.add(place, f"needs a finite number, or nothing if unknown; got {value!r}")
            return None
        return number

    def quantity(self, place: str, field: str, number: float, unit: str) -> Quantity | None:
        """Give a number the unit that the file names.

        Parameters
        ----------
        place : str
            Line or key.
        field : str
            Field of `MeasuredPoint`.
        number : float
            The number.
        unit : str
            The unit as the file spells it.

        Returns
        -------
        Quantity or None
            The figure; None if it is no unit of this field, which is noted.
        """
        known = UNITS[field]
        # Case is forgiven, but a capital M is mega, which would be read as milli.
        word = "" if unit.startswith("M") else fold(unit)
        if word not in known:
            name = field.replace("_", " ")
            told = ", ".join(list(known)[:6])
            self.add(place, f"{name} cannot be in {unit!r}; needs one of {told}")
            return None
        return ureg.Quantity(number, known[word])

    def finish(self) -> None:
        """Refuse the file if it has problems.

        Raises
        ------
        CatalogError
            With all of them.
        """
        if self.lines:
            raise CatalogError(self.file, tuple(dict.fromkeys(self.lines)))


_INFINITE: Final = (float("inf"), float("-inf"))


@attrs.define
class Draft:
    """A point while its file is read: each field is checked alone, so that all problems are found.

    A text that says "unstated" or nothing is unknown, and so is None.
    """

    problems: Problems
    """Problems of the file."""

    fields: dict[str, Any] = attrs.field(factory=dict)
    """Fields so far."""

    wrong: int = 0
    """Problems of this point."""

    def put(self, place: str, field: str, value: Any) -> None:
        """Set a field; note a problem if it refuses the value.

        Parameters
        ----------
        place : str
            Line or key.
        field : str
            Field of `MeasuredPoint`.
        value : object
            Its value; None and "unstated" are unknown.
        """
        if value is None or (isinstance(value, str) and _is_unknown(field, fold(value))):
            return
        try:
            self.fields[field] = read_field(field, value)
        except LLMEconomicsError as error:
            self.wrong += 1
            self.problems.add(place, str(error))

    def put_format(self, place: str, field: str, value: Any) -> None:
        """Set a number format; a remark in brackets is left out, and one that says unstated is.

        Parameters
        ----------
        place : str
            Line or key.
        field : str
            "weight_format" or "cache_format".
        value : str or None
            "fp8", "mxfp4 (checkpoint default)", "fp16/bf16 (unstated in file)".
        """
        text = "" if value is None else str(value)
        self.put(place, field, None if "unstated" in text else text.partition("(")[0].strip())

    def put_latency(self, place: str, field: str, statistic: str, value: Quantity) -> None:
        """Set one statistic of a latency.

        Parameters
        ----------
        place : str
            Line or key.
        field : str
            "time_to_first_token" or "time_per_output_token".
        statistic : str
            "mean", "median", "p99", "unstated".
        value : Quantity
            The figure.
        """
        before = self.fields.get(field)
        self.put(place, field, {statistic: value})
        if before is not None and field in self.fields:
            merged = {**before.by_statistic, **self.fields[field].by_statistic}
            self.fields[field] = attrs.evolve(before, by_statistic=merged)

    def point(self, place: str, source: str) -> MeasuredPoint | None:
        """Make the point.

        Parameters
        ----------
        place : str
            Line or key.
        source : str
            Where it comes from.

        Returns
        -------
        MeasuredPoint or None
            The point; None if it has a problem, which is noted.
        """
        if self.wrong:
            return None
        try:
            return MeasuredPoint(**{"source": source, **self.fields})
        except LLMEconomicsError as error:
            self.problems.add(place, str(error))
            return None


def _is_unknown(field: str, text: str) -> bool:
    # Of this field "none" is an answer: nothing is guessed ahead.
    return text in _UNSTATED and (field, text) != ("speculative_decoding", "none")


def csv_lines(text: str, problems: Problems) -> list[tuple[str, list[str]]]:
    """Read CSV.

    Parameters
    ----------
    text : str
        What the file holds.
    problems : Problems
        Takes what is wrong.

    Returns
    -------
    list of (str, list of str)
        The place of each line that is not empty, and its cells.
    """
    reader = csv.reader(io.StringIO(text))
    lines: list[tuple[str, list[str]]] = []
    try:
        lines.extend(
            (f"line {reader.line_num}", cells) for cells in reader if any(map(str.strip, cells))
        )
    except csv.Error as error:
        problems.add(f"line {reader.line_num}", f"it is not CSV: {error}")
    return lines


def parse_json(text: str, problems: Problems) -> list[tuple[str, Any]]:
    """Read one JSON value, or several one after another.

    Parameters
    ----------
    text : str
        What the file holds.
    problems : Problems
        Takes what is wrong: no JSON, nested too deeply, a key twice.

    Returns
    -------
    list of (str, object)
        Each value, and the words for its place: "line 3".
    """
    decoder = json.JSONDecoder(object_pairs_hook=lambda pairs: _object(pairs, problems))
    found: list[tuple[str, Any]] = []
    position = 0
    while position < len(text):
        rest = len(text) - len(text[position:].lstrip())
        if rest == len(text):
            break
        line = text.count("\n", 0, rest) + 1
        place = f"line {line}"
        try:
            value, position = decoder.raw_decode(text, rest)
        except json.JSONDecodeError as error:
            problems.add(f"line {error.lineno}", f"it is not JSON: {error.msg}")
            break
        except (ValueError, RecursionError) as error:  # a number of 5000 digits is a ValueError
            problems.add(place, f"it is not JSON that is read here: {error}")
            break
        if _is_deep(value):
            problems.add(place, f"it is nested deeper than {MAXIMUM_DEPTH} levels")
            break
        found.append((place, value))
    return found


def _object(pairs: Sequence[tuple[str, Any]], problems: Problems) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        problems.add(twice, "the key stands twice in one object")
    return found


def _is_deep(value: Any) -> bool:
    level = [value] if isinstance(value, (dict, list)) else []
    for _ in range(MAXIMUM_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, (dict, list))
        ]
    return bool(level)
