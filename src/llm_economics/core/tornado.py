"""Which input matters: the tornado of a quantity, and its Sobol indices.

A tornado shows what each input does to the result by itself, in the unit of the result; Sobol
indices show what share of the spread it is responsible for, acting together included. The numbers
are computed without units in `core.uncertain`; here they get their units back.

Rejected: bars from the ends of the result only, without the input's own ends (a reader could not
tell a large effect from a wide input), and a diagram as the only form (it cannot be tested or
sorted, and needs matplotlib).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np

from llm_economics.core._tornado_plot import draw
from llm_economics.core.display import short_number
from llm_economics.core.errors import RangeError
from llm_economics.core.optional import optional_module
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.one_at_a_time import DEFAULT_ENDS, Ends, Swing, one_at_a_time
from llm_economics.core.uncertain.sensitivity import DEFAULT_POINTS, SobolIndices, sobol

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    # Quantities ask for tornados, so a real import would go in a circle.
    from llm_economics.core.registry import Quantity  # noqa: TC004

__all__ = ["Tornado", "TornadoRow", "sobol_of", "tornado_of"]

_NOTE = "* another branch of a maximum, minimum or condition is taken at an end"


@attrs.frozen(eq=False, kw_only=True)
class TornadoRow:
    """What one input does to the result, all others at their medians."""

    name: str
    """The input."""

    input_low: Quantity
    """Lower end of the input, in the unit in which its range was given."""

    input_high: Quantity
    """Upper end of the input."""

    result_low: Quantity
    """Result at the lower end of the input; larger than `result_high` if the input lowers it."""

    result_high: Quantity
    """Result at the upper end of the input."""

    span: Quantity
    """Largest over smallest of the results at both ends and the centre; on the linear scale the
    difference between them."""

    changes_branch: bool
    """Whether a maximum, minimum or condition of the formula decides otherwise at an end than at
    the centre: the effect then depends on where the other inputs are."""

    source: str = ""
    """Where the input's range comes from."""


@attrs.frozen(eq=False, kw_only=True)
class Tornado:
    """The result at both ends of each input, the others at their medians; largest span first."""

    central: Quantity
    """The result with all inputs at their medians."""

    rows: tuple[TornadoRow, ...]
    """One per input; none if the value is exact."""

    ends: Ends
    """Which ends of the inputs were taken: probabilities, or "quoted"."""

    scale: Literal["log", "linear"]
    """"log" if spans are ratios (all results are positive), "linear" if they are differences."""

    @property
    def end_names(self) -> tuple[str, str]:
        """What the lower and the upper end of an input are: ("5 % point", "95 % point")."""
        if self.ends == "quoted":
            return "lower quoted end", "upper quoted end"
        low, high = (f"{100 * float(level):.3g} % point" for level in self.ends)
        return low, high

    @property
    def method(self) -> str:
        """What was done, in a line."""
        low, high = self.end_names
        return f"one input at a time, from its {low} to its {high}, all others at their medians"

    def to_frame(self) -> pd.DataFrame:
        """Table as a pandas frame, one row per input; needs the extra ``frame``.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        columns = ("low", "high", "unit", "result_low", "result_high", "result_unit", "span")
        table = [(row.name, *_cells(row), row.changes_branch, row.source) for row in self.rows]
        names = ["input", *columns, "changes_branch", "source"]
        frame: pd.DataFrame = pandas.DataFrame(table, columns=names)
        return frame.set_index("input")

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the tornado diagram; needs the extra ``plot``.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default a new figure of fitting size.

        Returns
        -------
        matplotlib.axes.Axes
            Where it was drawn.

        Raises
        ------
        MissingInputError
            If matplotlib is not installed.
        RangeError
            If the value is exact, so that there is nothing to draw.

        Notes
        -----
        Bars start at the central value; the numbers at their ends are the ends of the input. The
        axis is logarithmic where positive results span more than a factor 3.
        """
        return draw(self, ax)

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.central:.3g}: exact, no inputs to vary"
        unit = self.central.unit_text
        of = f" ({unit})" if unit else ""
        span = "ratio" if self.scale == "log" else f"difference{of}"
        head = ("input", "low", "high", "unit", f"at low{of}", f"at high{of}", span, "")
        table = _aligned([head, *map(_texts, self.rows)])
        notes = [_NOTE] if any(row.changes_branch for row in self.rows) else []
        central = f"{self.central:.3g}: all inputs at their medians"
        return "\n".join([central, self.method, *table, *notes])

    def __repr__(self) -> str:
        return str(self)


def tornado_of(quantity: Quantity, *, ends: Ends = DEFAULT_ENDS) -> Tornado:
    """Vary one input at a time between its ends, with all others at their medians.

    Parameters
    ----------
    quantity : Quantity
        The result; one number, not an array.
    ends : pair of float or "quoted"
        Ends of each input: two probabilities (default 0.05 and 0.95, so that bars of unlike inputs
        can be compared), or "quoted" for the ends as they were given, whatever their probability.

    Returns
    -------
    Tornado
        One row per input, largest span first; no rows if the value is exact.

    Raises
    ------
    RangeError
        If the value is an array, a result is undefined or infinite, or `ends` is neither.

    Notes
    -----
    What inputs do together is not seen, nor what an input does between its ends; correlated inputs
    are moved one by one too. `sobol_of` sees all of it, but neither direction nor unit.

    Examples
    --------
    >>> import llm_economics as le
    >>> power = le.between(8, 18, "MW", name="power")
    >>> energy = (power * le.between(25, 100, "day", name="time")).to("MWh")
    >>> print(tornado_of(energy))
    14,400 MWh: all inputs at their medians
    one input at a time, from its 5 % point to its 95 % point, all others at their medians
      input  low  high  unit  at low (MWh)  at high (MWh)  ratio
      time    25   100  day          7,200         28,800      4
      power    8    18  MW           9,600         21,600   2.25
    """
    magnitude = quantity.magnitude
    if not isinstance(magnitude, Uncertain):
        if np.ndim(magnitude):
            message = f"tornado() needs one number; got an array of shape {np.shape(magnitude)}"
            raise RangeError(message)
        return Tornado(central=quantity, rows=(), ends=ends, scale="linear")
    found = one_at_a_time(magnitude, ends=ends)
    span_unit = "" if found.scale == "log" else quantity.units
    return Tornado(
        central=quantity.__class__(found.central, quantity.units),
        rows=tuple(_row(swing, quantity, span_unit) for swing in found.rows),
        ends=ends,
        scale=found.scale,
    )


def sobol_of(
    quantity: Quantity,
    *,
    points: int = DEFAULT_POINTS,
    rng: int | np.random.Generator | None = None,
    log: bool | None = None,
) -> SobolIndices:
    """Share of the spread of a quantity that each input is responsible for, alone and in all.

    Parameters
    ----------
    quantity : Quantity
        The result; a range, not an array.
    points, rng, log
        As for `core.uncertain.sensitivity.sobol`.

    Returns
    -------
    SobolIndices
        One row per input, largest total index first.

    Raises
    ------
    RangeError
        If the value is exact or an array, or as for `core.uncertain.sensitivity.sobol`.
    """
    magnitude = quantity.magnitude
    if not isinstance(magnitude, Uncertain):
        message = (
            f"sobol() shares out the spread of a range; {quantity} is exact: give an input as a "
            "range, as in le.between(7, 15, 'MW')"
        )
        raise RangeError(message)
    return sobol(magnitude, points=points, rng=rng, log=log)


def _row(swing: Swing, quantity: Quantity, span_unit: Any) -> TornadoRow:
    make, variable = quantity.__class__, swing.variable
    return TornadoRow(
        name=variable.name,
        input_low=make(swing.low, variable.unit),
        input_high=make(swing.high, variable.unit),
        result_low=make(swing.result_low, quantity.units),
        result_high=make(swing.result_high, quantity.units),
        span=make(swing.span, span_unit),
        changes_branch=swing.changes_branch,
        source=variable.source,
    )


def _cells(row: TornadoRow) -> tuple[Any, ...]:
    """Numbers and units of a row."""
    ends = float(row.input_low.magnitude), float(row.input_high.magnitude)
    results = float(row.result_low.magnitude), float(row.result_high.magnitude)
    units = row.input_low.unit_text, row.result_low.unit_text
    return *ends, units[0], *results, units[1], float(row.span.magnitude)


def _texts(row: TornadoRow) -> tuple[str, ...]:
    cells = _cells(row)
    texts = [cell if isinstance(cell, str) else short_number(cell) for cell in cells]
    mark = "*" if row.changes_branch else ""
    return row.name, *texts[:5], texts[6], mark


def _aligned(cells: list[tuple[str, ...]]) -> list[str]:
    """Lines of a table: texts to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    sides = "<>><>>><"
    return [
        "  "
        + "  ".join(
            f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)
        ).rstrip()
        for row in cells
    ]
