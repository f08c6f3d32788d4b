"""`Frontier`: points of operation, and those among them that no other beats in both figures.

Figures are kept as columns of plain numbers, since a sweep has a hundred thousand points; a point
is made when it is looked at. Swept and measured points become the same type, so that both can be
laid over each other. Rejected: a list of `ServingPoint`, of which a thousand take ten seconds; a
frontier of medians alone, which hides that two neighbours differ by less than is known of them
(`on_frontier_share` says by how much).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.breakdown import Text
from llm_economics.core.display import short_number
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity, ureg
from llm_economics.serving.frontier_axes import (
    AXES,
    Axis,
    axis_named,
    boundary_in,
    figure_of,
    gap_below,
    undominated,
)
from llm_economics.serving.frontier_point import FrontierPoint, meeting
from llm_economics.serving.latency import LatencyTarget

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from llm_economics.serving.disaggregated import DisaggregatedPoint
    from llm_economics.serving.measured import Measurements
    from llm_economics.serving.point import ServingPoint

    Estimated: TypeAlias = ServingPoint | DisaggregatedPoint

__all__ = ["Frontier", "FrontierPoint"]

Array: TypeAlias = npt.NDArray[np.float64]


class _Points(Sequence[FrontierPoint]):
    """Points by place, made when looked at."""

    def __init__(self, frontier: Frontier, places: npt.NDArray[np.intp]) -> None:
        self._frontier, self._places = frontier, places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return _Points(self._frontier, self._places[index])
        return self._frontier.point(int(self._places[index]))

    def __repr__(self) -> str:
        return f"<{len(self)} points>"


def _as_column(values: Any) -> Any:
    found = np.asarray(values)
    found.flags.writeable = False
    return found


def _as_columns(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _as_column(values) for name, values in columns.items()}


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Frontier(Sequence[FrontierPoint]):
    """Points of operation; as a sequence, those that none beats in both figures, by growing x.

    Notes
    -----
    `pareto` makes one of estimates, `from_measurements` one of measured points.
    """

    title: str
    """What was compared."""

    x: Axis
    """Horizontal figure."""

    y: Axis
    """Vertical figure."""

    settings: Mapping[str, Any] = attrs.field(converter=_as_columns)
    """Configurations of all points, by column."""

    figures: Mapping[str, Any] = attrs.field(converter=_as_columns)
    """Central figures of all points as plain numbers in the units of `AXES`, by column."""

    target: LatencyTarget | None = None
    """Target that all points meet, if one was given."""

    notes: tuple[str, ...] = ()
    """What was left out, and why."""

    estimator: Callable[[Mapping[str, Any]], Estimated] | None = None
    """Makes the estimate of a configuration; None for measured points."""

    order: npt.NDArray[np.intp] = attrs.field(init=False)
    """Places of the points of the frontier, by growing x."""

    @order.default
    def _ordered(self) -> npt.NDArray[np.intp]:
        x, y = self._column(self.x), self._column(self.y)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        if not known.size:
            message = f"{self.title}: no point has both {self.x.name} and {self.y.name}"
            raise MissingInputError(message)
        kept = undominated(self.x.better * x[known], self.y.better * y[known])
        places = known[kept]
        found: npt.NDArray[np.intp] = places[np.argsort(x[places], kind="stable")]
        return found

    def _column(self, axis: Axis) -> Array:
        if axis.name not in self.figures:
            message = f"{self.title}: {axis.name} of these points is not known"
            raise MissingInputError(message)
        found: Array = self.figures[axis.name]
        return found

    # -- looking ----------------------------------------------------------------------------------

    @property
    def points(self) -> Sequence[FrontierPoint]:
        """All points that are feasible, dominated ones too."""
        return _Points(self, np.arange(len(self.figures[self.x.name])))

    def __len__(self) -> int:
        """Count the points that are not dominated."""
        return len(self.order)

    def __getitem__(self, index: Any) -> Any:
        """One of them, or some."""
        return _Points(self, self.order)[index]

    def __iter__(self) -> Iterator[FrontierPoint]:
        return iter(_Points(self, self.order))

    def point(self, number: int) -> FrontierPoint:
        """A point by its place among all.

        Parameters
        ----------
        number : int
            The place.

        Returns
        -------
        FrontierPoint
            Its configuration and central figures.
        """
        settings = {name: _bare(column[number]) for name, column in self.settings.items()}
        known = {n: float(c[number]) for n, c in self.figures.items() if np.isfinite(c[number])}
        figures = {name: ureg.Quantity(value, AXES[name].unit) for name, value in known.items()}
        return FrontierPoint(number=number, settings=settings, figures=figures)

    # -- choosing ---------------------------------------------------------------------------------

    def best(self, target: LatencyTarget | None = None, *, by: str | None = None) -> FrontierPoint:
        """Cheapest point that meets a target; where prices are not known, that of most tokens.

        Parameters
        ----------
        target : LatencyTarget, optional
            For the typical request, as the times of a closed loop are; by default the one that
            the frontier was made for, or none.
        by : str, optional
            Figure to choose by; by default the cost if it is known of all points, else the output
            throughput per accelerator.

        Returns
        -------
        FrontierPoint
            The best of all points, on the frontier of x and y or not.

        Raises
        ------
        RangeError
            If none meets it: where it comes nearest, and what misses by how much there.
        DimensionError
            If the target is for a percentile of an open loop.
        """
        axis = self._chooser(by)
        column = axis.better * self._column(axis)
        wanted = self.target if target is None else target
        met = np.isfinite(column)
        if wanted is not None:
            met &= meeting(wanted, self.figures, self.point)
        if not np.any(met):
            message = f"{self.title}: {axis.name} is not known of any point that meets the target"
            raise MissingInputError(message)
        return self.point(int(np.argmax(np.where(met, column, -np.inf))))

    def _chooser(self, by: str | None) -> Axis:
        if by is not None:
            return axis_named(by, boundary_in(self.x, self.y, known=self.figures))
        costs = self.figures.get("cost_per_output_token")
        if costs is not None and np.all(np.isfinite(costs)):
            return AXES["cost_per_output_token"]
        return AXES["output_throughput_per_accelerator"]

    # -- ranges -----------------------------------------------------------------------------------

    def estimate(self, which: int | FrontierPoint) -> Estimated:
        """Estimate a point in full, with ranges.

        Parameters
        ----------
        which : int or FrontierPoint
            Place on the frontier, or any point of it.

        Returns
        -------
        ServingPoint or DisaggregatedPoint
            Every part.

        Raises
        ------
        MissingInputError
            If the points were measured.
        """
        if self.estimator is None:
            message = f"{self.title}: measured points have no estimate; Deployment.at makes one"
            raise MissingInputError(message)
        point: FrontierPoint = which if isinstance(which, FrontierPoint) else self[int(which)]
        return self.estimator(point.settings)

    def on_frontier_share(
        self, samples: int = 1024, *, candidates: int = 60, rng: int | None = None
    ) -> dict[int, float]:
        """Share of samples in which each of the points near the frontier is on it.

        Parameters
        ----------
        samples : int
            How many draws of the inputs.
        candidates : int
            How many points are looked at: those of the frontier (spread evenly, if they are more),
            then those that lie least below it.
        rng : int, optional
            Seed; None stands for 0.

        Returns
        -------
        dict
            Share by place among all points (`point` tells which that is), by growing x. Ties with
            points that are not looked at do not count.

        Raises
        ------
        MissingInputError
            If the points were measured.

        Notes
        -----
        All points are drawn with the same values of the inputs that they share: what is not known
        of a serving stack moves all of them together and hardly changes which is best.
        """
        near = self._near(candidates)
        pairs = [self._drawn(self.point(int(place)), samples, rng) for place in near]
        x = np.array([pair[0] for pair in pairs]) * self.x.better
        y = np.array([pair[1] for pair in pairs]) * self.y.better
        no_less = (x[None] >= x[:, None]) & (y[None] >= y[:, None])
        more = (x[None] > x[:, None]) | (y[None] > y[:, None])
        shares = 1.0 - np.any(no_less & more, axis=1).mean(axis=-1)
        return {int(place): float(share) for place, share in zip(near, shares, strict=True)}

    def _near(self, count: int) -> npt.NDArray[np.intp]:
        """Places of the points that lie least below the frontier, by growing x."""
        if count < 1:
            message = f"on_frontier_share(candidates) needs a whole number from 1; got {count}"
            raise RangeError(message)
        x, y = self._column(self.x), self._column(self.y)
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        gap = gap_below(self.x.better * x[known], self.y.better * np.log(y[known]))
        below = known[~np.isin(known, self.order)]
        rest = np.argsort(gap[~np.isin(known, self.order)], kind="stable")
        spread = np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)
        nearest = np.append(self.order[spread], below[rest[: count - len(spread)]])
        found: npt.NDArray[np.intp] = nearest[np.argsort(x[nearest], kind="stable")]
        return found

    def _drawn(self, point: FrontierPoint, samples: int, rng: int | None) -> tuple[Array, Array]:
        made = self.estimate(point)
        both = [figure_of(made, axis).samples(samples, rng=rng) for axis in (self.x, self.y)]
        return both[0].magnitude, both[1].magnitude

    # -- showing ----------------------------------------------------------------------------------

    def to_frame(self, *, every: bool = False) -> pd.DataFrame:
        """The frontier as a pandas frame, one row per point; needs the extra ``frame``.

        Parameters
        ----------
        every : bool
            Whether dominated points are there too; a column tells them apart.

        Returns
        -------
        pandas.DataFrame
            Plain numbers; the unit stands in the heading.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        places = np.arange(len(self.points)) if every else self.order
        columns = {name: column[places] for name, column in self.settings.items()}
        columns |= {
            f"{name} [{AXES[name].unit}]": column[places]
            for name, column in self.figures.items()
            if name in AXES
        }
        columns["on frontier"] = np.isin(places, self.order)
        frame: pd.DataFrame = pandas.DataFrame(columns)
        return frame

    def to_markdown(self) -> Text:
        """The frontier as a table in Markdown, and below it what was left out.

        Returns
        -------
        Text
            The table.
        """
        energy = f"energy_per_output_token at {boundary_in(self.x, self.y, known=self.figures)}"
        shown = (self.x.name, self.y.name, "time_to_first_token", "cost_per_output_token", energy)
        known = [n for n in dict.fromkeys(shown) if n in self.figures]
        names = [name for name in known if np.any(np.isfinite(self.figures[name]))]
        heads = ["configuration", *(f"{name} ({AXES[name].unit})" for name in names)]
        lines = [f"| {' | '.join(heads)} |", f"| {' | '.join('---' for _ in heads)} |"]
        for point in self:
            cells = [_cell(point, name) for name in names]
            lines.append(f"| {' | '.join((point.label, *cells))} |")
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return Text("\n".join(lines))

    def plot(self, ax: Axes | None = None, *, labels: int = 8) -> Axes:
        """Draw all points and the frontier; needs the extra ``plot``.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where; by default a new figure.
        labels : int
            Points of the frontier that are labelled, spread evenly.

        Returns
        -------
        matplotlib.axes.Axes
            Where it was drawn.

        Raises
        ------
        MissingInputError
            If matplotlib is not installed.
        """
        from llm_economics.serving.pareto_plot import draw

        return draw(self, ax, labels)

    def __repr__(self) -> str:
        told = f"{len(self)} of {len(self.points)} points are not dominated"
        return f"Frontier({self.title}; {self.y.name} over {self.x.name}: {told})"

    def _repr_markdown_(self) -> str:
        return str(self.to_markdown())

    # -- measured ---------------------------------------------------------------------------------

    @classmethod
    def from_measurements(
        cls,
        measurements: Measurements,
        x: str = "interactivity",
        y: str = "output_throughput_per_accelerator",
        *,
        statistic: str | None = None,
    ) -> Frontier:
        """Make one of measured points.

        Parameters
        ----------
        measurements : Measurements
            The points; they may differ in engine and accelerator.
        x, y : str
            Figures, as for `pareto`. Energy is that of the accelerators, which is what is measured.
        statistic : str, optional
            Of the latencies: "median", "mean", "p99"; by default the typical one of each point.

        Returns
        -------
        Frontier
            The points that have both figures, and which of them are not dominated.

        Raises
        ------
        MissingInputError
            If no point has both.
        UnknownNameError
            If there is no such figure.
        """
        axes = axis_named(x, "accelerator"), axis_named(y, "accelerator")
        figures = {name: _measured(measurements, name, statistic) for name in _MEASURED}
        energy = figures["energy_per_output_token at accelerator"]
        figures["output_throughput_per_megawatt at accelerator"] = 1e6 / energy
        number = len(measurements)
        known = np.ones(number, dtype=bool)
        for axis in axes:
            known &= np.isfinite(figures.get(axis.name, np.full(number, np.nan)))
        left = int(np.sum(~known))
        settings = {name: _column_of(measurements, name)[known] for name in _SETTINGS}
        return cls(
            title=measurements.name or "measured points",
            x=axes[0],
            y=axes[1],
            settings=settings,
            figures={name: column[known] for name, column in figures.items()},
            notes=(f"{left} points lack {axes[0].name} or {axes[1].name}",) if left else (),
        )


_MEASURED: Final = {
    "interactivity": "interactivity",
    "time_per_output_token": "time_per_output_token",
    "time_to_first_token": "time_to_first_token",
    "output_throughput_per_accelerator": "output_throughput_per_accelerator",
    "energy_per_output_token at accelerator": "energy_per_output_token",
}
_SETTINGS: Final = {
    "accelerators": "accelerators",
    "accelerator": "accelerator",
    "weights": "weight_format",
    "serving": "serving",
    "tensor_parallel": "tensor_parallel",
    "engine": "engine",
    "concurrency": "concurrency",
}


def _measured(measurements: Measurements, name: str, statistic: str | None) -> Array:
    found = [point.figure(_MEASURED[name], statistic) for point in measurements]
    unit = AXES[name].unit
    return np.array([np.nan if value is None else value.number(unit) for value in found])


def _column_of(measurements: Measurements, name: str) -> npt.NDArray[Any]:
    column = np.empty(len(measurements), dtype=object)
    for place, point in enumerate(measurements):
        value = getattr(point, _SETTINGS[name])
        column[place] = short_number(value.magnitude) if isinstance(value, Quantity) else value
    return column


def _bare(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _cell(point: FrontierPoint, name: str) -> str:
    known = point.figures.get(name)
    return "" if known is None else short_number(float(known.magnitude), 4)
