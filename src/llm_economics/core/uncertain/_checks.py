"""Checks that the distributions share: plain floats, ends in order, weights that add up.

Converters never fail; the validators that follow know the class and the field and word the refusal.
Rejected: attrs' own validators, whose messages say what is wrong but not what to write instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from numbers import Real
from typing import TYPE_CHECKING, cast

from llm_economics.core.errors import RangeError

if TYPE_CHECKING:
    import attrs

__all__ = [
    "check_all_finite",
    "check_finite",
    "check_level",
    "check_ordered",
    "checked_factor",
    "plain",
    "plain_or_none",
    "plain_tuple",
    "refusal",
    "shares",
    "text",
]

_NO_WIDTH = 1e-12  # relative width below which rounding would decide
_SUM_ERROR = 1e-12  # weights this near to a sum of 1 are left alone


def plain(value: float) -> float:
    """Turn a real number into a float; leave anything else for the validator to name."""
    given: object = value
    return value if isinstance(given, bool) or not isinstance(given, Real) else float(value)


def plain_or_none(value: float | None) -> float | None:
    """Like `plain`, None allowed."""
    return None if value is None else plain(value)


def plain_tuple(values: Iterable[float]) -> tuple[float, ...]:
    """Turn a sequence of real numbers into a tuple of floats."""
    given: object = values
    if isinstance(given, str) or not isinstance(given, Iterable):
        return cast("tuple[float, ...]", values)
    return tuple(map(plain, values))


def text(value: float) -> str:
    """Write a number for people, up to six digits."""
    return format(value, ".6g")


def refusal(owner: object, field: str, needed: str, came: object, advice: str) -> RangeError:
    """Word a refusal: class and field, what was needed, what came, what to write instead."""
    name = type(owner).__name__
    return RangeError(f"{name}: {field} must be {needed}; got {came!r}; {advice}")


def check_finite(owner: object, field: attrs.Attribute[float], value: object) -> None:
    """Refuse what is not a finite number."""
    if not isinstance(value, float) or not math.isfinite(value):
        raise refusal(owner, field.name, "a finite number", value, "write a number such as 7.5")


def check_level(owner: object, field: attrs.Attribute[float], value: object) -> None:
    """Refuse a level that is not a probability strictly between 0 and 1."""
    if not isinstance(value, float) or not 0.0 < value < 1.0:
        raise refusal(owner, field.name, "between 0 and 1", value, "write 0.9 for 90 %")


def check_all_finite(
    owner: object, field: attrs.Attribute[tuple[float, ...]], values: object
) -> None:
    """Refuse anything but two or more finite numbers."""
    if not isinstance(values, tuple) or len(values) < 2:  # noqa: PLR2004
        advice = "use a plain number where there is only one value"
        raise refusal(owner, field.name, "two or more numbers", values, advice)
    for value in values:
        check_finite(owner, cast("attrs.Attribute[float]", field), value)


def check_ordered(
    owner: object, low: float, high: float, fields: tuple[str, str] = ("low", "high")
) -> None:
    """Refuse a range without width, and one that runs from high to low."""
    first, last = fields
    if abs(high - low) <= _NO_WIDTH * max(abs(low), abs(high)):
        raise refusal(owner, last, f"above {first}", high, "use a plain number, it has no range")
    if low > high:
        advice = f"it runs from high to low; write {text(high)} to {text(low)}"
        raise refusal(owner, first, f"below {last} ({text(high)})", low, advice)


def checked_factor(owner: object, factor: float) -> float:
    """Return the factor as a float, if it is finite and above 0."""
    value = plain(factor)
    if not _is_positive(value):
        advice = "scale by the size of the unit"
        raise refusal(owner, "factor", "finite and above 0", factor, advice)
    return value


def shares(owner: object, given: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Bring weights to a sum of 1; equal if none are given, untouched if the sum is 1 already."""
    if not _is_list(given, count):
        raise refusal(owner, "weights", f"{count} numbers", given, "write one for each")
    for weight in given:
        if not _is_positive(weight):
            raise refusal(owner, "weights", "above 0", weight, "leave out what has no weight")
    if not given:
        return (1.0 / count,) * count
    total = math.fsum(given)
    return given if abs(total - 1.0) <= _SUM_ERROR else tuple(x / total for x in given)


def _is_list(value: object, count: int) -> bool:
    """Whether a value is a tuple that is empty or has `count` items."""
    return isinstance(value, tuple) and len(value) in {0, count}


def _is_positive(value: object) -> bool:
    """Whether a value is a finite number above 0."""
    return isinstance(value, float) and 0.0 < value < math.inf
