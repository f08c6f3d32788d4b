"""How numbers and ranges are written: three digits, no false precision, no bare exponent.

A range says what its middle is and how much of the probability it holds, since "the" value of a
wide range can be the central case, the median or the mean, a factor of two apart.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = [
    "array_text",
    "digits_within",
    "ends_text",
    "html_escape",
    "range_text",
    "short_number",
]

_PLAIN_LOW, _PLAIN_HIGH = 1e-3, 1e6


def short_number(value: float, digits: int = 3) -> str:
    """Write a number with so many significant digits, as a person would.

    Parameters
    ----------
    value : float
        The number.
    digits : int
        Significant digits.

    Returns
    -------
    str
        Plain notation from 0.001 to a million, scientific beyond.

    Examples
    --------
    >>> short_number(16384), short_number(0.30078), short_number(2.1e25)
    ('16,400', '0.301', '2.1e25')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    size = abs(rounded)
    if _PLAIN_LOW <= size < _PLAIN_HIGH:
        decimals = max(0, digits - 1 - math.floor(math.log10(size)))
        text = f"{rounded:,.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(exponent)}"


def digits_within(value: float, error: float, digits: int = 3) -> int:
    """How many significant digits of a number its error leaves standing.

    Parameters
    ----------
    value, error : float
        The number, and its standard error in the same unit.
    digits : int
        Never more than these.

    Returns
    -------
    int
        At least 1; the place of the last digit is no smaller than the error.

    Examples
    --------
    >>> digits_within(9.87, 0.05), digits_within(1.234, 0.05), digits_within(9.87, 0.0)
    (2, 2, 3)
    """
    if not (error > 0 and math.isfinite(error) and value and math.isfinite(value)):
        return digits
    places = math.floor(math.log10(abs(value))) + 1 - math.ceil(math.log10(error))
    return min(digits, max(1, places))


def range_text(
    middle: float,
    low: float,
    high: float,
    digits: int = 3,
    errors: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> str:
    """Write a range as ``middle [low – high]``, without digits that its errors blur.

    Examples
    --------
    >>> range_text(16.5, 5.9, 27.31)
    '16.5 [5.9 – 27.3]'
    >>> range_text(16.5, 5.93, 27.31, errors=(0.05, 0.02, 0.2))
    '16.5 [5.9 – 27]'
    """
    texts = [
        short_number(value, digits_within(value, error, digits))
        for value, error in zip((middle, low, high), errors, strict=True)
    ]
    return f"{texts[0]} [{texts[1]} – {texts[2]}]"


def ends_text(low: float, high: float, unit: str = "") -> str:
    """Write a range by its ends; one number if they are equal.

    Examples
    --------
    >>> ends_text(7, 15, "MW"), ends_text(0.34, 0.34, "Wh")
    ('7–15 MW', '0.34 Wh')
    """
    ends = short_number(low) if low == high else f"{short_number(low)}–{short_number(high)}"
    return f"{ends} {unit}".rstrip()


def array_text(values: npt.NDArray[np.float64], digits: int = 6) -> str:
    """Write an array with so many digits per number, the middle of a long one left out.

    Examples
    --------
    >>> array_text(np.array([6.54183, 24.9154264]))
    '[6.54183 24.9154]'
    """
    return np.array2string(
        values, threshold=20, formatter={"float_kind": lambda x: short_number(float(x), digits)}
    )


def html_escape(text: str) -> str:
    """Make a text safe inside HTML."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
