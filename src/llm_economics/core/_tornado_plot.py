"""Drawing a tornado diagram.

Kept apart from the record that is drawn, so that either can be read alone. What a reader must know
stands in the picture: where the bars start, what their ends are, and where the formula takes
another branch, so that the effect of one input depends on the others.

Rejected: the ends of the inputs in the names at the left (they belong to the bars' ends, and which
end raises the result is half of the news), and a plain symmetric bar (it hides just that).
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from llm_economics.core.display import short_number
from llm_economics.core.errors import RangeError
from llm_economics.core.optional import optional_module

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Annotation

    from llm_economics.core.registry import Quantity
    from llm_economics.core.tornado import Tornado, TornadoRow

__all__ = ["LOG_FROM", "draw"]

Array: TypeAlias = npt.NDArray[np.float64]

LOG_FROM = 3.0
"""Positive results that span more than this factor are drawn on a logarithmic axis."""

_COLOURS = "#0072B2", "#E69F00"  # told apart by colour-blind readers and in grey
_CENTRE, _GREY = "#222222", "#888888"
_HATCH = "////"
_BRANCH = "another branch of a maximum, minimum\nor condition is taken at an end"
_HEIGHT = 0.72  # of a bar, in rows
_PAD = 4.0  # points between a bar and the number at its end
_NO_BAR = 0.002  # a bar shorter than this share of the picture has no direction
_NAME_WIDTH = 36  # characters, less where the picture is narrow
_SPARE = 6  # characters
_ROW, _SMALLEST = 2.8, 6.0  # row in sizes of the letters of names; points
_NARROW, _PER_INCH, _FEWEST = 4.5, 12.0, 24  # inches; characters
_TICK_DIGITS = 6
_LOG_STEPS = (
    (1.0, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)),
    (2.0, (1.0, 2.0, 5.0)),
    (math.inf, (1.0,)),
)
"""Places of ticks within a decade, for axes of at most so many decades."""
_ROUNDS = 12  # each settles the room for the numbers to a few tenths of what was left
_MOST_TEXT = 0.3  # of the width that one number may take


def draw(tornado: Tornado, ax: Axes | None = None) -> Axes:
    """Draw a tornado diagram.

    Parameters
    ----------
    tornado : Tornado
        What is drawn.
    ax : matplotlib.axes.Axes, optional
        Where; by default a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    MissingInputError
        If matplotlib is not installed.
    RangeError
        If there is no input to draw.
    """
    if not tornado.rows:
        message = f"plot() draws what inputs do to a result; {tornado.central} is exact"
        raise RangeError(message)
    optional_module("matplotlib", extra="plot", needed_by="plot()")
    axes = _new_axes(len(tornado.rows)) if ax is None else ax
    results = np.array([[float(r.magnitude) for r in _results(row)] for row in tornado.rows])
    centre = float(tornado.central.magnitude)
    log = bool(results.min() > 0 and results.max() > LOG_FROM * results.min())
    axes.set_xscale("log" if log else "linear")
    sides = _sides(results, centre, log=log)
    labels = _bars(axes, tornado, results, sides)
    axes.axvline(centre, color=_CENTRE, linewidth=1.2, zorder=3)
    _names(axes, tornado)
    _legend(axes, tornado)
    _caption(axes, tornado)
    _decorate(axes)
    _make_room(axes, labels, results, sides)
    _ticks(axes)
    return axes


def _new_axes(rows: int) -> Axes:
    pyplot = optional_module("matplotlib.pyplot", extra="plot", needed_by="plot()")
    _, axes = pyplot.subplots(figsize=(8.0, 1.8 + 0.36 * rows), layout="constrained")
    made: Axes = axes
    return made


def _results(row: TornadoRow) -> tuple[Quantity, Quantity]:
    return row.result_low, row.result_high


def _sides(results: Array, centre: float, *, log: bool) -> Array:
    """Side of the centre on which each end lies: -1 or 1; an end without a bar, opposite."""
    places = np.log(results / centre) if log else results - centre
    width = np.ptp(np.append(places, 0.0))
    sides = np.where(np.abs(places) > _NO_BAR * width, np.sign(places), 0.0)
    sides = np.where(sides == 0, -sides[:, ::-1], sides)
    return np.where(sides == 0, (-1.0, 1.0), sides)


def _bars(axes: Axes, tornado: Tornado, results: Array, sides: Array) -> list[Annotation]:
    """Bars from the centre to the results; return the numbers at their ends."""
    centre = float(tornado.central.magnitude)
    both = sides[:, 0] == sides[:, 1]  # on one side: each end gets half of the row
    labels = []
    for place, row in enumerate(tornado.rows):
        height = _HEIGHT / 2 if both[place] else _HEIGHT
        for end, given in enumerate((row.input_low, row.input_high)):
            y = place + (end - 0.5) * _HEIGHT / 2 * both[place]
            x, side = results[place, end], sides[place, end]
            axes.barh(
                y,
                x - centre,
                height,
                left=centre,
                color=_COLOURS[end],
                hatch=_HATCH if row.changes_branch else None,
                edgecolor="white",
                linewidth=0.0,
                zorder=2,
            )
            labels.append(_label(axes, (x, y), _number(float(given.magnitude)), side))
    return labels


def _label(axes: Axes, place: tuple[float, float], text: str, side: float) -> Annotation:
    return axes.annotate(
        text,
        place,
        xytext=(side * _PAD, 0.0),
        textcoords="offset points",
        ha="left" if side > 0 else "right",
        va="center_baseline",
        fontsize="small",
        zorder=4,
    )


def _names(axes: Axes, tornado: Tornado) -> None:
    """Names of the inputs with their units at the left, largest on top."""
    texts = [_name(row) for row in tornado.rows]
    usual = min(_NAME_WIDTH, _characters(axes) // 2)
    # Two lines at most, so that they fit the row: where these are too short they get longer.
    names = [_wrapped(text, max(usual, len(text) // 2 + _SPARE)) for text in texts]
    axes.set_yticks(range(len(names)), names, parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    height = axes.get_window_extent().height / axes.figure.canvas.figure.dpi
    size = 72.0 * height / len(names) / _ROW
    for label in axes.get_yticklabels():
        label.set_fontsize(min(label.get_fontsize(), max(size, _SMALLEST)))


def _name(row: TornadoRow) -> str:
    unit = row.input_low.unit_text
    known = not unit or row.name.endswith(unit)
    return row.name if known else f"{row.name} ({unit})"


def _wrapped(text: str, width: int) -> str:
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def _legend(axes: Axes, tornado: Tornado) -> None:
    """Say which end has which colour and what hatching means."""
    patches = optional_module("matplotlib.patches", extra="plot", needed_by="plot()")
    keys = [
        patches.Patch(facecolor=colour, label=f"input at its {name}")
        for colour, name in zip(_COLOURS, tornado.end_names, strict=True)
    ]
    if any(row.changes_branch for row in tornado.rows):
        keys.append(patches.Patch(facecolor=_GREY, edgecolor="white", hatch=_HATCH, label=_BRANCH))
    axes.legend(
        handles=keys,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=2 if _inches(axes) > _NARROW else 1,
        frameon=False,
        fontsize="small",
    )


def _caption(axes: Axes, tornado: Tornado) -> None:
    """Say at the axis what it shows and where the bars start."""
    unit = tornado.central.unit_text
    of = f" in {unit}" if unit else ""
    kind = " (logarithmic axis)" if axes.get_xscale() == "log" else ""
    centre = f"{_number(float(tornado.central.magnitude))} {unit}".rstrip()
    lines = (
        f"result{of}, one input varied at a time{kind}",
        f"line: {centre}, all inputs at their medians",
    )
    text = "\n".join(_wrapped(line, _characters(axes)) for line in lines)
    axes.set_xlabel(text, parse_math=False)


def _inches(axes: Axes) -> float:
    """Width of the picture before names and numbers take their part."""
    figure = axes.figure.canvas.figure
    return float(axes.get_window_extent().width / figure.dpi)


def _characters(axes: Axes) -> int:
    """How many characters of a caption go into the width of the picture."""
    return max(_FEWEST, int(_PER_INCH * _inches(axes)))


def _number(value: float, digits: int = 3) -> str:
    # Where there is typesetting, a minus is no hyphen.
    return short_number(value, digits).replace("-", "−")


def _decorate(axes: Axes) -> None:
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)


def _make_room(axes: Axes, labels: list[Annotation], results: Array, sides: Array) -> None:
    """Widen the axis until the numbers at the ends of the bars fit."""
    log = axes.get_xscale() == "log"
    move, back = (np.log, np.exp) if log else (np.positive, np.positive)
    figure = axes.figure.canvas.figure
    figure.draw_without_rendering()  # settles the layout, so that texts can be measured
    width = axes.get_window_extent().width
    pad = 2 * _PAD * figure.dpi / 72.0
    text = np.array([label.get_window_extent().width + pad for label in labels])
    share = sides.ravel() * np.minimum(text / width, _MOST_TEXT)
    first, last = move(np.asarray(axes.dataLim.intervalx))
    low, high = (first, last) if first < last else (first - 1.0, last + 1.0)
    for _ in range(_ROUNDS):
        ends = move(results.ravel()) + share * (high - low)
        low, high = min(low, ends.min()), max(high, ends.max())
    axes.set_xlim(float(back(low)), float(back(high)))


def _ticks(axes: Axes) -> None:
    """Plain numbers at the axis, as many as a short logarithmic axis needs."""
    if axes.get_xscale() == "log":
        ticker = optional_module("matplotlib.ticker", extra="plot", needed_by="plot()")
        low, high = axes.get_xlim()
        steps = next(s for decades, s in _LOG_STEPS if high <= low * 10.0**decades)
        axes.xaxis.set_major_locator(ticker.LogLocator(subs=steps))
        axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.xaxis.set_major_formatter(lambda x, _place: _number(x, _TICK_DIGITS))
