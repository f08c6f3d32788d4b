"""`Measurements`: the measured points of one file, to be looked at, chosen from and compared.

Rejected: a data frame as the only form (its columns carry units by habit alone, and NaN for
"unknown" slips into means), and an own type for each benchmark tool (a frontier needs points of all
of them).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, overload

import attrs
import numpy as np

from llm_economics.core.breakdown import Text
from llm_economics.core.errors import MissingInputError, RangeError, UnknownNameError
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity
from llm_economics.serving.frontier_axes import undominated
from llm_economics.serving.measured_fields import LatencyFigures, LoadKind, PowerBoundary, Serving
from llm_economics.serving.measured_point import (
    LATENCIES,
    METRICS,
    MeasuredPoint,
    check_field,
    read_field,
    shown,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

__all__ = [
    "LatencyFigures",
    "LoadKind",
    "MeasuredPoint",
    "Measurements",
    "PowerBoundary",
    "Serving",
]


def _as_points(points: Iterable[MeasuredPoint]) -> tuple[MeasuredPoint, ...]:
    return tuple(points)


_SAME: Final = 1e-9
_ALIKE: Final = 1.05  # mean lengths of two runs of one setting differ a little
_ONE_OF: Final = ("model", "engine", "accelerator", "input_tokens", "output_tokens")


@attrs.frozen(eq=False, repr=False)
class Measurements(Sequence[MeasuredPoint]):
    """Measured points of one file, in its order.

    Examples
    --------
    >>> fast = MeasuredPoint(
    ...     engine="vLLM",
    ...     time_per_output_token={"mean": "10 ms/token"},
    ...     output_throughput="100 token/s",
    ... )
    >>> full = MeasuredPoint(
    ...     engine="vLLM",
    ...     time_per_output_token={"mean": "50 ms/token"},
    ...     output_throughput="900 token/s",
    ... )
    >>> poor = MeasuredPoint(
    ...     engine="vLLM",
    ...     time_per_output_token={"mean": "60 ms/token"},
    ...     output_throughput="800 token/s",
    ... )
    >>> points = Measurements([fast, full, poor], name="mine.csv")
    >>> frontier = points.frontier("interactivity", "output_throughput")
    >>> [str(point.interactivity) for point in frontier]
    ['20 token/s', '100 token/s']
    """

    points: tuple[MeasuredPoint, ...] = attrs.field(converter=_as_points)
    """The points."""

    name: str = attrs.field(default="", kw_only=True)
    """The file that they come from."""

    def __len__(self) -> int:
        """Count the points."""
        return len(self.points)

    @overload
    def __getitem__(self, index: int) -> MeasuredPoint: ...

    @overload
    def __getitem__(self, index: slice) -> Measurements: ...

    def __getitem__(self, index: int | slice) -> MeasuredPoint | Measurements:
        """One point, or some of them."""
        if isinstance(index, slice):
            return self._of(self.points[index])
        return self.points[index]

    def _of(self, points: Iterable[MeasuredPoint]) -> Measurements:
        return Measurements(tuple(points), name=self.name)

    # -- choosing ---------------------------------------------------------------------------------

    def filter(self, **conditions: Any) -> Measurements:
        """Points that meet every condition.

        Parameters
        ----------
        **conditions
            By field: a value, None for unknown, a list of values, or a function of what the field
            holds (not asked where that is unknown). Words are compared without regard to case.

        Returns
        -------
        Measurements
            The points, possibly none.

        Raises
        ------
        UnknownNameError
            If there is no such field, or no point has this word there.

        Examples
        --------
        >>> points = Measurements([MeasuredPoint(engine="vLLM"), MeasuredPoint(engine="SGLang")])
        >>> len(points.filter(engine="vllm"))
        1
        >>> points.filter(engine="vlm")
        Traceback (most recent call last):
            ...
        llm_economics.core.errors.UnknownNameError: there is no engine of a point named 'vlm'. \
Did you mean 'vLLM'?
        """
        kept = list(self.points)
        for field, condition in conditions.items():
            test = self._test(field, condition)
            kept = [point for point in kept if test(getattr(point, field))]
        return self._of(kept)

    def _test(self, field: str, condition: Any) -> Callable[[Any], bool]:
        if callable(condition):
            check_field(field)
            return lambda held: held is not None and bool(condition(held))
        wanted = list(condition) if isinstance(condition, (list, tuple, set)) else [condition]
        values = [self._wanted(field, value) for value in wanted]
        return lambda held: any(_same(held, value) for value in values)

    def _wanted(self, field: str, value: Any) -> Any:
        check_field(field)
        if value is None:
            return None
        read = read_field(field, value)
        known = self._known(field)
        if type(read) is str and not any(_same(held, read) for held in known):
            raise UnknownNameError(read, [str(k) for k in known], f"{field} of a point")
        return read

    def _known(self, field: str) -> list[Any]:
        return [v for p in self.points if (v := getattr(p, field)) is not None]

    def fill(self, **known: Any) -> Measurements:
        """State what the file does not say, such as the accelerator.

        Parameters
        ----------
        **known
            By field: its value, for every point where it is unknown.

        Returns
        -------
        Measurements
            The points.

        Raises
        ------
        RangeError
            If a point says otherwise.
        UnknownNameError
            If there is no such field.

        Examples
        --------
        >>> points = Measurements([MeasuredPoint(engine="vLLM")])
        >>> print(points.fill(accelerator="H100 SXM", accelerators=8)[0].accelerators)
        8 accelerator
        """
        read = {field: read_field(field, value) for field, value in known.items()}
        filled = []
        for number, point in enumerate(self.points):
            for field, value in read.items():
                held = getattr(point, field)
                if held is not None and held != "" and not _same(held, value):
                    message = f"fill({field}): point {number} has {held}; got {value}"
                    raise RangeError(message)
            filled.append(attrs.evolve(point, **read))
        return self._of(filled)

    def single(self, field: str) -> Any:
        """The one value that all points share.

        Parameters
        ----------
        field : str
            The field: "engine", "model".

        Returns
        -------
        object
            What it holds; None if it is unknown of every point.

        Raises
        ------
        MissingInputError
            If there are several, with how to choose; or no points.
        UnknownNameError
            If there is no such field.

        Examples
        --------
        >>> points = Measurements([MeasuredPoint(engine="vLLM"), MeasuredPoint(engine="SGLang")])
        >>> points.single("engine")
        Traceback (most recent call last):
            ...
        llm_economics.core.errors.MissingInputError: mixed engines: vLLM (1 point), SGLang \
(1 point); choose one: measurements.filter(engine='vLLM')
        """
        check_field(field)
        if not self.points:
            raise MissingInputError(f"{field}: there are no points{self._where()}")
        values = [getattr(point, field) for point in self.points]
        if all(_alike(values[0], value) for value in values):
            return values[0]
        raise _mixed(_plural(field.replace("_", " ")), Counter(_name(v) for v in values), field)

    def frontier(
        self, x: str, y: str, *, across: Iterable[str] = (), statistic: str | None = None
    ) -> Measurements:
        """Points that no other beats in both figures: the upper right edge.

        Parameters
        ----------
        x, y : str
            Figures as `MeasuredPoint.figure` names them. Of times, power and energy less is better.
        across : iterable of str
            Fields in which the points may differ: model, engine, accelerator, input_tokens,
            output_tokens.
        statistic : str, optional
            Of the latencies: "median", "mean", "p99". Points without it are left out.

        Returns
        -------
        Measurements
            The points, by growing x; those that tie are all there.

        Raises
        ------
        MissingInputError
            If the points mix models, engines, accelerators, lengths or statistics, or none has
            both figures.
        UnknownNameError
            If there is no such figure.
        """
        for field in _ONE_OF:
            if field not in set(across):
                self.single(field)
        pairs = [(p, p.figure(x, statistic), p.figure(y, statistic)) for p in self.points]
        rows = [(p, a, b) for p, a, b in pairs if a is not None and b is not None]
        if not rows:
            message = f"frontier: no point{self._where()} has both {x} and {y}"
            raise MissingInputError(message)
        found = [point for point, _, _ in rows]
        if statistic is None:
            _check_statistics(found, (x, y))
        horizontal = np.array([a.number(METRICS[x].unit) for _, a, _ in rows])
        vertical = np.array([b.number(METRICS[y].unit) for _, _, b in rows])
        best = np.flatnonzero(
            undominated(horizontal * METRICS[x].better, vertical * METRICS[y].better)
        )
        order = best[np.argsort(horizontal[best], kind="stable")]
        return self._of(found[i] for i in order)

    def _where(self) -> str:
        return f" in {self.name}" if self.name else ""

    # -- showing ----------------------------------------------------------------------------------

    def to_frame(self) -> pd.DataFrame:
        """The points as a pandas frame, one row each; needs the extra ``frame``.

        Returns
        -------
        pandas.DataFrame
            Plain numbers; the unit stands in the heading. Written as CSV, it can be read again.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        rows = [point.to_row() for point in self.points]
        frame: pd.DataFrame = pandas.DataFrame(rows, columns=list(_columns(rows)))
        return frame

    def to_markdown(self) -> Text:
        """The points as a table in Markdown; what all of them share stands once, below it.

        Returns
        -------
        Text
            The table.
        """
        rows = [point.to_row() for point in self.points]
        names = list(_columns(rows))
        cells = {n: [shown(row[n]) if n in row else "" for row in rows] for n in names}
        shared = [n for n in names if len(rows) > 1 and len(set(cells[n])) == 1]
        own = [n for n in names if n not in shared] or names
        lines = [f"| {' | '.join(own)} |", f"| {' | '.join('---' for _ in own)} |"]
        lines += [f"| {' | '.join(cells[n][i] for n in own)} |" for i in range(len(rows))]
        if shared and own is not names:
            lines += ["", "All points: " + "; ".join(f"{n} {cells[n][0]}" for n in shared) + "."]
        return Text("\n".join(lines))

    def __repr__(self) -> str:
        count = len(self.points)
        parts = [f"{count} point{'s' if count != 1 else ''}"]
        for field in ("model", "engine", "accelerator"):
            words = dict.fromkeys(self._known(field))
            rest = f" and {len(words) - 3} more" if len(words) > 3 else ""  # noqa: PLR2004 - a line
            parts += [f"{field}s: {', '.join(list(words)[:3])}{rest}"] if words else []
        return f"Measurements({self.name + ': ' if self.name else ''}{'; '.join(parts)})"

    def _repr_markdown_(self) -> str:
        return str(self.to_markdown())


def _columns(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Columns of all rows, in the order of the fields, the source last."""
    heads = [field.name for field in attrs.fields(MeasuredPoint)]
    short = {short: name for name, (short, _) in LATENCIES.items()}
    found = dict.fromkeys(name for row in rows for name in row)

    def place(column: str) -> int:
        bare = column.partition(" [")[0]
        return heads.index(bare if bare in heads else short[bare.partition("_")[0]])

    yield from sorted(found, key=place)


def _check_statistics(points: Iterable[MeasuredPoint], names: Iterable[str]) -> None:
    """Refuse a median here and a mean there."""
    points = list(points)
    for field in {METRICS[name].latency for name in names} - {""}:
        seen = Counter(str(getattr(point, field).statistic) for point in points)
        if len(seen) > 1:
            raise _mixed("statistics", seen, "statistic")


def _mixed(what: str, seen: Counter[str], field: str) -> MissingInputError:
    told = ", ".join(f"{n} ({c} point{'s' if c != 1 else ''})" for n, c in seen.most_common(6))
    rest = ", ..." if len(seen) > 6 else ""  # noqa: PLR2004 - as many as are told
    first = seen.most_common(1)[0][0]
    if field == "statistic":
        how = f"frontier(..., statistic={first!r})"
    else:
        how = f"measurements.filter({field}={None if first == 'unknown' else _typed(first)})"
    return MissingInputError(f"mixed {what}: {told}{rest}; choose one: {how}")


def _plural(word: str) -> str:
    if word.endswith("s"):
        return word
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def _typed(text: str) -> str:
    """The text as one would type it: numbers without quotes."""
    number = text.partition(" ")[0]
    return number if re.fullmatch(r"[\d.]+", number) else repr(text)


def _name(value: Any) -> str:
    if isinstance(value, Quantity):
        return f"{value.magnitude:.12g} {value.unit_text}"
    return "unknown" if value is None else str(value)


def _same(held: Any, wanted: Any) -> bool:
    if held is None or wanted is None:
        return held is wanted
    if isinstance(held, Quantity):
        number = held.number(wanted.units)
        return bool(abs(number - wanted.magnitude) <= _SAME * abs(wanted.magnitude))
    if isinstance(held, LatencyFigures):
        return str(held) == str(wanted)
    if isinstance(held, str):
        return str(held).casefold() == str(wanted).casefold()
    return bool(held == wanted)


def _alike(held: Any, other: Any) -> bool:
    """As `_same`, but measured lengths may differ by a few per cent."""
    if isinstance(held, Quantity) and isinstance(other, Quantity):
        ratio = (held / other).number("")
        return max(ratio, 1.0 / ratio) <= _ALIKE
    return _same(held, other)
