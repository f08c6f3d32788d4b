"""`Draft`: numbers and citations of a paragraph while it is written.

It remembers which sources were cited, in order, and whether any figure has a range, since the last
sentence says how ranges are read. Two significant digits of a range, three of an exact figure: a
third digit of a range is shown only where two of its three numbers would read the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

from llm_economics.core.display import digits_within, short_number
from llm_economics.core.sources import Source
from llm_economics.training.statement_styles import Plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.registry import Quantity
    from llm_economics.core.sources import Provenance

__all__ = ["Draft", "fitting_unit", "is_nothing", "listed"]

_EXACT_DIGITS = 3
_RANGE_DIGITS = (2, 3, 4)
_PLAIN_LOW, _PLAIN_HIGH = 1e-3, 1e6
_WHOLE, _LONGEST_COUNT = 1e-9, 1e9
_LARGE = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"))


@attrs.define(eq=False)
class Draft:
    """Writes numbers in one style and keeps the list of references."""

    style: Plain

    sources: dict[str, Source] = attrs.field(factory=dict)
    """What was cited, by key, in order of first appearance."""

    has_ranges: bool = False
    has_single: bool = False

    def name(self, text: str) -> str:
        """Write a name that may hold signs with a meaning in the style."""
        return self.style.escape(" ".join(text.split()))

    def amount(self, value: Quantity, unit: str, symbol: str) -> str:
        """Write a figure with the symbol of its unit.

        Parameters
        ----------
        value : Quantity
            Exact or a range.
        unit : str
            Unit of the number.
        symbol : str
            How the unit is written; empty for a plain number.

        Returns
        -------
        str
            Such as ``31 [23–44] GWh``.
        """
        number = self._number(value, unit)
        return f"{number}{self.style.thin}{symbol}" if symbol else number

    def count(self, value: Quantity, unit: str, noun: str, *, in_full: bool = False) -> str:
        """Write how many of something: ``366 billion tokens``, ``1 accelerator``.

        Parameters
        ----------
        value : Quantity
            Exact or a range.
        unit : str
            Unit of the number.
        noun : str
            What is counted, in the singular; empty for the number alone.
        in_full : bool
            Whether an exact whole number keeps all its digits.

        Returns
        -------
        str
            The number, a word for a large one, the noun in its right form.
        """
        middle = value.number(unit)
        if in_full and not value.is_range and _is_whole_count(middle):
            self.has_single = True
            parts = [f"{round(middle):,}"]
        else:
            scale, word = next((pair for pair in _LARGE if middle >= pair[0]), (1.0, ""))
            parts = [self._number(value / scale, unit), word]
        one = "".join(parts) == "1"
        return self.style.tie.join(
            word for word in (*parts, noun if one else _plural(noun)) if word
        )

    def cite(self, *origins: Provenance | None) -> str:
        """Cite all sources of some figures; empty if none is known.

        Parameters
        ----------
        *origins : Provenance or None
            Where the figures come from.

        Returns
        -------
        str
            The citation with the space before it.
        """
        found = {s.key: s for origin in origins if origin is not None for s in origin.sources}
        if not found:
            return ""
        for key, source in found.items():
            self.sources.setdefault(key, source)
        places = list(self.sources)
        return self.style.cite(sorted((places.index(key) + 1, s) for key, s in found.items()))

    def _number(self, value: Quantity, unit: str) -> str:
        texts, exponent = _texts(value.to(unit))
        if len(texts) == 1:
            self.has_single = True
            number = texts[0]
        else:
            self.has_ranges = True
            middle, low, high = texts
            number = f"{middle}{self.style.tie}[{low}{self.style.dash}{high}]"
        return self.style.scaled(number, exponent) if exponent else number


def _texts(value: Quantity) -> tuple[Sequence[str], int]:
    """One number, or median and ends; and the power of ten that they share."""
    found = value.summary()
    pairs = (
        (found.median, found.median_error),
        (found.low, found.low_error),
        (found.high, found.high_error),
    )
    numbers = [(float(number.magnitude), float(error.magnitude)) for number, error in pairs]
    size = abs(numbers[0][0])
    plain = size == 0 or _PLAIN_LOW <= size < _PLAIN_HIGH
    exponent = 0 if plain else math.floor(math.log10(size))
    scaled = [(number / 10.0**exponent, error / 10.0**exponent) for number, error in numbers]
    if not value.is_range:
        return [short_number(scaled[0][0], _EXACT_DIGITS)], exponent
    texts: list[str] = []
    for digits in _RANGE_DIGITS:
        texts = [short_number(x, digits_within(x, error, digits)) for x, error in scaled]
        if len(set(texts)) == len(texts):
            break
    return (texts if texts[1] != texts[2] else texts[:1]), exponent


def _plural(noun: str) -> str:
    return f"{noun}s" if noun else ""


def _is_whole_count(number: float) -> bool:
    return number < _LONGEST_COUNT and abs(number - round(number)) <= _WHOLE * max(1.0, number)


def fitting_unit(value: Quantity, units: Sequence[str]) -> str:
    """Choose the largest unit of which the median is at least one.

    Parameters
    ----------
    value : Quantity
        What is to be written.
    units : sequence of str
        Units, smallest first.

    Returns
    -------
    str
        One of them; the smallest if the value is below it.

    Examples
    --------
    >>> import llm_economics as le
    >>> fitting_unit(le.quantity("433196 kWh"), ("kWh", "MWh", "GWh"))
    'MWh'
    """
    return next((unit for unit in reversed(units) if value.number(unit) >= 1), units[0])


def is_nothing(part: Quantity) -> bool:
    """Whether a part of the energy is zero for sure.

    Parameters
    ----------
    part : Quantity
        Energy.

    Returns
    -------
    bool
        False for any range.

    Examples
    --------
    >>> import llm_economics as le
    >>> is_nothing(le.quantity("0 kWh")), is_nothing(le.quantity("1 kWh"))
    (True, False)
    """
    return not part.is_range and part.number("kWh") <= 0.0


def listed(items: Sequence[str]) -> str:
    """Join phrases as in a sentence.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *first, last = items
    return f"{', '.join(first)} and {last}" if first else last
