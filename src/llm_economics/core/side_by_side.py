"""One range computed in four ways, in one table: what a first-order answer would have said."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import attrs

from llm_economics.core.display import digits_within, short_number
from llm_economics.core.errors import LinearizationWarning, RangeError
from llm_economics.core.uncertain.normal import two_sided_z

if TYPE_CHECKING:
    from collections.abc import Callable

    # At run time the registry imports this file's users, so it cannot be imported here.
    from llm_economics.core.registry import Quantity  # noqa: TC004

__all__ = ["SideBySide", "Way", "side_by_side"]


@attrs.frozen
class Way:
    """What one way to compute a range answers."""

    name: str
    """"linear", "log-linear", "sampled" or "bounds"."""

    middle: Quantity | None
    """Mean (linear) or median; None for bounds, and where the way is not open."""

    low: Quantity | None
    """Lower end."""

    high: Quantity | None
    """Upper end."""

    remark: str = ""
    """What speaks against it, or what its middle or its ends are."""

    errors: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Sampling errors of middle, low and high, in their unit."""

    def cells(self) -> list[str]:
        """Texts of name, middle, low and high."""
        texts = []
        for value, error in zip((self.middle, self.low, self.high), self.errors, strict=True):
            number = None if value is None else float(value.magnitude)
            digits = 0 if number is None else digits_within(number, error)
            texts.append("" if number is None else short_number(number, digits))
        return [self.name, *texts]


@attrs.frozen
class SideBySide:
    """Four ways to compute one range; prints as a table."""

    ways: tuple[Way, ...]
    """Linear, log-linear, sampled, bounds."""

    unit: str
    """Unit of all figures."""

    level: float
    """Probability between the ends of the first three."""

    def __str__(self) -> str:
        rows = [["way", "middle", "low", "high"], *(way.cells() for way in self.ways)]
        ends = ["unit", *[self.unit] * len(self.ways)]
        remarks = ["remark", *(way.remark for way in self.ways)]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        unit_width = max(map(len, ends))
        lines = []
        for row, unit, remark in zip(rows, ends, remarks, strict=True):
            numbers = "  ".join(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
            lines.append(
                f"{row[0].ljust(widths[0])}  {numbers}  {unit.ljust(unit_width)}  {remark}".rstrip()
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def side_by_side(quantity: Quantity, level: float) -> SideBySide:
    """Compute a range in four ways.

    Parameters
    ----------
    quantity : Quantity
        The range, one number.
    level : float
        Probability between the ends of the first three ways.

    Returns
    -------
    SideBySide
        The answers.
    """
    ways = (
        ("linear", _linear),
        ("log-linear", _log_linear),
        ("sampled", _sampled),
        ("bounds", _bounds),
    )
    found = tuple(_tried(name, way, quantity, level) for name, way in ways)
    return SideBySide(found, quantity.unit_text, level)


def _tried(
    name: str, way: Callable[[Quantity, float], Way], quantity: Quantity, level: float
) -> Way:
    """Answer of one way; where it is not open, why, and where it is not fit, what is wrong."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always", LinearizationWarning)
        try:
            found = way(quantity, level)
        except RangeError as error:
            return Way(name, None, None, None, f"not possible: {error}")
    unfit = [str(w.message) for w in heard if issubclass(w.category, LinearizationWarning)]
    if not unfit:
        return found
    # "a linear answer is not fit here: REASON. Use ...": the reason is what belongs in a table.
    reason = unfit[0].partition(": ")[2].rpartition(". Use")[0]
    return attrs.evolve(found, remark=f"not fit: {reason}")


def _linear(quantity: Quantity, level: float) -> Way:
    answer = quantity.linear()
    number = answer.magnitude
    mean, std = (
        (float(number), 0.0)
        if isinstance(number, float)
        else (number.nominal_value, number.std_dev)
    )
    half = two_sided_z(level) * std
    middle, low, high = (quantity._like(x) for x in (mean, mean - half, mean + half))  # noqa: SLF001
    return Way("linear", middle, low, high)


def _log_linear(quantity: Quantity, level: float) -> Way:
    answer = quantity.log_linear(level)
    return Way("log-linear", answer.median, answer.low, answer.high)


def _sampled(quantity: Quantity, level: float) -> Way:
    answer = quantity.summary(level)
    errors = (answer.median_error, answer.low_error, answer.high_error)
    numbers = [float(error.magnitude) for error in errors]
    return Way(
        "sampled",
        answer.median,
        answer.low,
        answer.high,
        "median",
        (numbers[0], numbers[1], numbers[2]),
    )


def _bounds(quantity: Quantity, level: float) -> Way:
    del level  # they are certain while every input stays in its quoted range
    answer = quantity.bounds()
    return Way("bounds", None, answer.low, answer.high, "guaranteed")
