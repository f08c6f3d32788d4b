"""Figures that points of serving are compared by, and which points others beat.

A figure of energy is never without its boundary. Rejected: free functions as axes, which have
neither a unit nor a direction in which they are better.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import UnknownNameError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.facility.energy import Boundary

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_economics.serving.disaggregated import DisaggregatedPoint
    from llm_economics.serving.point import ServingPoint

    Estimated: TypeAlias = ServingPoint | DisaggregatedPoint

__all__ = [
    "AXES",
    "Axis",
    "axis_named",
    "boundary_in",
    "figure_of",
    "gap_below",
    "undominated",
]

Array: TypeAlias = npt.NDArray[np.float64]


@attrs.frozen
class Axis:
    """A figure that points are compared by."""

    name: str
    """As it is asked for, with its boundary if it has one."""

    unit: str
    """Unit of its plain numbers."""

    better: float
    """1 where more is better, -1 where less is."""

    words: str
    """What it is, for the axis of a plot."""

    @property
    def label(self) -> str:
        """Words and unit, for the axis of a plot."""
        return f"{self.words} ({self.unit})"


_PLAIN: Final = (
    Axis("interactivity", "token/s", 1.0, "interactivity: tokens per second of one user"),
    Axis("time_per_output_token", "ms/token", -1.0, "time per output token"),
    Axis("time_to_first_token", "ms", -1.0, "time to first token"),
    Axis(
        "output_throughput_per_accelerator",
        "token/s/accelerator",
        1.0,
        "output tokens per second and accelerator",
    ),
    Axis("cost_per_output_token", "USD/Mtoken", -1.0, "cost of all over output tokens"),
    Axis("end_to_end_time", "s", -1.0, "time from arrival to the last token"),
)
_BOUNDED: Final = (
    Axis("energy_per_output_token", "J/token", -1.0, "energy over output tokens"),
    Axis(
        "output_throughput_per_megawatt", "token/s/MW", 1.0, "output tokens per second and megawatt"
    ),
)

AXES: Final[dict[str, Axis]] = {axis.name: axis for axis in _PLAIN} | {
    f"{axis.name} at {boundary}": Axis(
        f"{axis.name} at {boundary}", axis.unit, axis.better, f"{axis.words}, {boundary} boundary"
    )
    for axis in _BOUNDED
    for boundary in Boundary
}
"""Figures that points are compared by; those of energy name their boundary."""


def axis_named(name: str, boundary: str = "server") -> Axis:
    """Look up a figure by name.

    Parameters
    ----------
    name : str
        "interactivity", "energy_per_output_token", "energy_per_output_token at facility", ...
    boundary : str
        Boundary of energy where the name has none.

    Returns
    -------
    Axis
        The figure; its name and words say the boundary.

    Raises
    ------
    UnknownNameError
        If there is no such figure.

    Examples
    --------
    >>> print(axis_named("output_throughput_per_megawatt").label)
    output tokens per second and megawatt, server boundary (token/s/MW)
    """
    full = f"{name} at {boundary}" if any(name == axis.name for axis in _BOUNDED) else name
    if full not in AXES:
        raise UnknownNameError(name, AXES, "figure of a frontier")
    return AXES[full]


def figure_of(point: Estimated, axis: Axis) -> Quantity:
    """Take a figure out of an estimate, with its range.

    Parameters
    ----------
    point : ServingPoint or DisaggregatedPoint
        The estimate.
    axis : Axis
        Which figure.

    Returns
    -------
    Quantity
        In the unit of the axis.

    Raises
    ------
    MissingInputError
        If it needs a price that is not known.
    """
    name, _, boundary = axis.name.partition(" at ")
    if name == "time_to_first_token":
        found = point.time_to_first_token.value
    elif name == "end_to_end_time":
        rest = point.load.written_tokens - ureg.Quantity(1.0, "token/request")
        per_request = point.time_per_output_token * ureg.Quantity(1.0, "request")
        found = point.time_to_first_token.value + rest * per_request
    elif name == "energy_per_output_token":
        found = point.energy_per_output_token.at(boundary)
    elif boundary:
        found = 1.0 / point.energy_per_output_token.at(boundary)
    else:
        found = getattr(point, name)
    return found.to(axis.unit)


def undominated(x: Array, y: Array) -> npt.NDArray[np.bool_]:
    """Which points no other equals in both figures and beats in one; more is better.

    Parameters
    ----------
    x, y : ndarray
        Figures of the points; arrays of one length.

    Returns
    -------
    ndarray of bool
        One per point; points that tie are all there.

    Examples
    --------
    >>> undominated(np.array([1.0, 2.0, 3.0]), np.array([3.0, 1.0, 2.0])).tolist()
    [True, False, True]
    """
    values, group = np.unique(x, return_inverse=True)
    best = np.full(values.shape, -np.inf)
    np.maximum.at(best, group, y)
    further = np.append(np.maximum.accumulate(best[::-1])[::-1][1:], -np.inf)
    found: npt.NDArray[np.bool_] = (y == best[group]) & (y > further[group])
    return found


def gap_below(x: Array, y: Array) -> Array:
    """How far points lie below the best at the same x or beyond; more is better.

    Parameters
    ----------
    x, y : ndarray
        Figures of the points; arrays of one length.

    Returns
    -------
    ndarray
        In the unit of y; 0 on the frontier.
    """
    values, group = np.unique(x, return_inverse=True)
    best = np.full(values.shape, -np.inf)
    np.maximum.at(best, group, y)
    reached = np.maximum.accumulate(best[::-1])[::-1]
    gap: Array = reached[group] - y
    return gap


def boundary_in(*axes: Axis, known: Iterable[str]) -> str:
    """Boundary of energy that goes with some figures.

    Parameters
    ----------
    *axes : Axis
        The figures.
    known : iterable of str
        Names of the figures that are known.

    Returns
    -------
    str
        The first that they name; else the facility's if it is known, else the server's, else the
        accelerator's.
    """
    named = [axis.name.partition(" at ")[2] for axis in axes]
    names = set(known)
    usual = [b for b in ("facility", "server") if f"energy_per_output_token at {b}" in names]
    return next((boundary for boundary in (*named, *usual) if boundary), "accelerator")
