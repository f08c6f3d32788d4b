"""Draw a `Frontier`: all points pale, those that none beats joined and numbered.

Rejected: labels beside points, which cover each other; colours for every setting.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from llm_economics.core.optional import optional_module

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from llm_economics.serving.frontier import Frontier, FrontierPoint

__all__ = ["draw"]

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999")
_MARKS = {"aggregated": "o", "disaggregated": "^"}
_LOG_FROM = 30.0  # figures that span more than this factor stand on a logarithmic axis
_MOST_POINTS = 20_000  # more would only make the picture slow and black


def draw(frontier: Frontier, ax: Axes | None, labels: int) -> Axes:
    """Draw a frontier.

    Parameters
    ----------
    frontier : Frontier
        What is drawn.
    ax : matplotlib.axes.Axes or None
        Where; None: a new figure.
    labels : int
        Points of the frontier that are labelled.

    Returns
    -------
    matplotlib.axes.Axes
        Where it was drawn.

    Raises
    ------
    MissingInputError
        If matplotlib is not installed.
    """
    pyplot = optional_module("matplotlib.pyplot", extra="plot", needed_by="plot()")
    axes = pyplot.subplots(figsize=(11.0, 5.5), layout="constrained")[1] if ax is None else ax
    _cloud(axes, frontier)
    x, y = (frontier.figures[axis.name][frontier.order] for axis in (frontier.x, frontier.y))
    axes.plot(x, y, color="#222222", linewidth=1.4, zorder=3)
    _marks(axes, frontier)
    for axis, values, set_scale in ((0, x, axes.set_xscale), (1, y, axes.set_yscale)):
        drawn = frontier.figures[(frontier.x, frontier.y)[axis].name]
        known = drawn[np.isfinite(drawn)]
        if known.max() > _LOG_FROM * known.min() > 0.0 and len(values):
            set_scale("log")
    _labels(axes, frontier, labels)
    axes.set_xlabel(frontier.x.label)
    axes.set_ylabel(frontier.y.label)
    axes.set_title(frontier.title, parse_math=False)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), fontsize="small", frameon=False)
    found: Axes = axes
    return found


def _cloud(axes: Axes, frontier: Frontier) -> None:
    """All points, pale."""
    x, y = (frontier.figures[axis.name] for axis in (frontier.x, frontier.y))
    step = max(1, len(x) // _MOST_POINTS)
    axes.scatter(
        x[::step], y[::step], s=6.0, color="#bbbbbb", linewidths=0.0, zorder=1,
        label="all that is feasible",
    )  # fmt: skip


def _marks(axes: Axes, frontier: Frontier) -> None:
    """Points of the frontier, by accelerator and format, and by kind of serving."""
    groups: dict[tuple[str, str], list[FrontierPoint]] = {}
    for point in frontier:
        known = (point.settings.get("accelerator"), point.settings.get("weights"))
        kind = str(point.settings.get("serving") or "aggregated")
        chip = " ".join(str(part) for part in known if part) or "unknown"
        groups.setdefault((chip, kind), []).append(point)
    chips = sorted({chip for chip, _ in groups})
    for (chip, kind), points in groups.items():
        axes.scatter(
            [float(p.figures[frontier.x.name].magnitude) for p in points],
            [float(p.figures[frontier.y.name].magnitude) for p in points],
            s=34.0,
            marker=_MARKS.get(kind, "o"),
            color=_COLOURS[chips.index(chip) % len(_COLOURS)],
            edgecolors="#222222",
            linewidths=0.5,
            zorder=4,
            label=f"{chip}, {kind}",
        )


def _labels(axes: Axes, frontier: Frontier, count: int) -> None:
    """Numbers at some points, spread evenly; the legend says which configurations they are."""
    places = np.unique(np.linspace(0, len(frontier) - 1, max(count, 0)).round().astype(int))
    for number, place in enumerate(places, 1):
        point = frontier[int(place)]
        x, y = (float(point.figures[axis.name].magnitude) for axis in (frontier.x, frontier.y))
        axes.annotate(
            str(number),
            (x, y),
            xytext=(7.0, 4.0),
            textcoords="offset points",
            fontsize="small",
            fontweight="bold",
            zorder=5,
        )
        axes.plot([], [], linestyle="none", label=f"{number}: {point.label}")
