"""From words to distributions: what a quoted range means where the source does not say.

============================================  ===============================================
What the source says                          What it becomes
============================================  ===============================================
"a to b", a > 0 and b/a at least 1.5          log-normal, 90 % between a and b
"a to b", narrower, or reaching 0 or less     normal, 90 % between a and b
hard limits (a specification, a share)        uniform, asked for by its shape; or `limited`
limits and a most likely value                PERT, `most_likely`
m plus or minus s                             normal, s one standard deviation, `plus_minus`
"about m"                                     log-normal, 90 % within a stated factor, `about`
disagreeing sources                           a mixture, one source per sample
alternatives (which accelerator)              discrete, not a range
============================================  ===============================================

Sources: an interval with a stated level read as normal, and limits alone read as rectangular, are
GUM section 4.3 and NIST Technical Note 1297 section 4; full distributions by sampling are JCGM 101.
A range of positive numbers read as a 90 % log-normal interval is what squigglepy's ``to`` and
Guesstimate do. The threshold of 1.5 is ours: there the two middles differ by 2 %, and first-order
propagation through a product of five such ranges misses the lower end by 4 %; both errors grow fast
above it. Rejected: uniform as the default (it forbids what lies just outside ends that nobody
measured).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.distributions import (
    LogNormal,
    LogUniform,
    Normal,
    Pert,
    Truncated,
    Uniform,
)

if TYPE_CHECKING:
    from llm_economics.core.uncertain.distributions import Distribution

__all__ = ["about", "limited", "most_likely", "plus_minus", "quoted_range"]

# high / low from which a positive range is read as log-normal; rounding has some room, so that
# 0.10-0.15 in one unit and 10-15 in another are read alike.
_WIDE = 1.5 * (1.0 - 1e-9)
_LEVEL = 0.9  # probability between quoted ends where the source states none
_WITH_LEVEL = {LogNormal.kind: LogNormal, Normal.kind: Normal}
_HARD = {Uniform.kind: Uniform, LogUniform.kind: LogUniform}


def quoted_range(
    low: float, high: float, *, level: float | None = None, shape: str | None = None
) -> Distribution:
    """Distribution behind "low to high".

    Parameters
    ----------
    low, high : float
        The quoted ends, in one unit, lower first.
    level : float, optional
        Probability between them; 0.90 if the source states none.
    shape : str, optional
        "log-normal", "normal", "uniform" or "log-uniform"; chosen by the table above if left out.
        The ends of the last two are hard limits, so they take no level.

    Returns
    -------
    Distribution
        With the ends as its `quoted` ends.

    Raises
    ------
    RangeError
        If the ends are equal, reversed or not finite, the shape is not known, or it takes no level.

    Examples
    --------
    >>> quoted_range(7, 15)
    LogNormal(low=7.0, high=15.0, level=0.9)
    >>> quoted_range(650, 720).describe()
    'normal, 90 % in 650 to 720'
    """
    if low > high:
        raise RangeError(
            f"quoted_range: {low:.6g}-{high:.6g} runs from high to low; write {high:.6g}-{low:.6g}"
        )
    if shape is None:
        shape = LogNormal.kind if low > 0.0 and high / low >= _WIDE else Normal.kind
    if shape in _HARD:
        if level is not None:
            raise RangeError(
                f"quoted_range: a {shape} range has hard limits, so level must be left out; "
                f"got {level!r}; write shape='log-normal' or 'normal' for ends with a level"
            )
        return _HARD[shape](low, high)
    if shape not in _WITH_LEVEL:
        known = ", ".join(map(repr, (*_WITH_LEVEL, *_HARD)))
        raise RangeError(f"quoted_range: shape must be one of {known}; got {shape!r}")
    return _WITH_LEVEL[shape](low, high, _LEVEL if level is None else level)


def plus_minus(mean: float, std: float) -> Normal:
    """Distribution behind "mean plus or minus std", std being one standard deviation.

    Parameters
    ----------
    mean, std : float
        Mean and standard deviation, in one unit.

    Returns
    -------
    Normal
        Its quoted ends hold 90 %.

    Raises
    ------
    RangeError
        If `std` is not above 0.

    Examples
    --------
    >>> round(plus_minus(700, 35).std(), 9)
    35.0
    """
    return Normal.from_mean(mean, std)


def about(value: float, factor: float = 1.3) -> LogNormal:
    """Distribution behind "about value".

    Parameters
    ----------
    value : float
        The median, above 0.
    factor : float
        Above 1, dimensionless: 90 % lie between ``value / factor`` and ``value * factor``.

    Returns
    -------
    LogNormal
        With these quoted ends.

    Raises
    ------
    RangeError
        If `value` is not above 0 or `factor` not above 1.

    Examples
    --------
    >>> about(10, 2)
    LogNormal(low=5.0, high=20.0, level=0.9)
    """
    if not 1.0 < factor < math.inf:
        raise RangeError(
            f"about: factor must be above 1; got {factor!r}; write 1.3 for 'within 30 %'"
        )
    if not 0.0 < value < math.inf:
        raise RangeError(
            f"about: value must be above 0; got {value!r}; write plus_minus(mean, std) for a "
            "number that may be 0 or negative"
        )
    return LogNormal(value / factor, value * factor)


def most_likely(low: float, mode: float, high: float) -> Pert:
    """Distribution behind "between low and high, most likely mode".

    Parameters
    ----------
    low, mode, high : float
        Lower limit, most likely value, upper limit, in one unit.

    Returns
    -------
    Pert
        The limits are hard.

    Raises
    ------
    RangeError
        If the three are not in order.

    Examples
    --------
    >>> most_likely(1, 2, 9).mean()
    3.0
    """
    return Pert(low, mode, high)


def limited(
    distribution: Distribution, lower: float | None = None, upper: float | None = None
) -> Distribution:
    """Distribution kept inside the physical limits of what it describes.

    Parameters
    ----------
    distribution : Distribution
        What is known about the number.
    lower, upper : float, optional
        Limits that the number cannot leave, such as 1 for a power usage effectiveness.

    Returns
    -------
    Distribution
        The same object where its support is inside the limits already, else truncated.

    Raises
    ------
    RangeError
        If the quoted range itself leaves the limits: then the source or the unit is wrong, and
        cutting would hide it.

    Examples
    --------
    >>> limited(quoted_range(1.05, 1.4), lower=1.0).describe()
    'normal, 90 % in 1.05 to 1.4, at least 1'
    """
    low, high = distribution.quoted
    if lower is not None and low < lower:
        raise RangeError(_outside(distribution, "lower", lower, low))
    if upper is not None and high > upper:
        raise RangeError(_outside(distribution, "upper", upper, high))
    low, high = distribution.support
    # A limit that the support keeps already is dropped: nothing would be cut there.
    lower = lower if lower is not None and low < lower else None
    upper = upper if upper is not None and high > upper else None
    if lower is None and upper is None:
        return distribution
    return Truncated(distribution, lower, upper)


def _outside(distribution: Distribution, field: str, limit: float, end: float) -> str:
    """Say which limit the quoted range leaves, and by which end."""
    way = "below" if field == "lower" else "above"
    return (
        f"limited: the quoted range ({distribution.describe()}) must stay inside the {field} limit "
        f"{limit:.6g}; its end {end:.6g} is {way} it; check the source and the unit"
    )
