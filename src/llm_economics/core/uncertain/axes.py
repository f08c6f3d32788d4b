"""A swept input: it runs through values of its own choosing instead of being known as a range.

A sweep says "for each of these prices", which is no statement about how likely a price is. So a
swept input has values and ends, but no quantiles, no median and no mean: whoever asks for one is
told to sweep. Values are computed where they are needed, slice by slice, so that an axis of a
thousand million values costs nothing to hold.

Rejected: an even distribution over the values (its median would be printed as if somebody had
claimed it), and an array of values (memory, and a copy in every task of a sweep in chunks).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, NoReturn, cast

import attrs
import numpy as np

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain._base import Distribution
from llm_economics.core.uncertain._checks import (
    check_finite,
    checked_factor,
    plain,
    plain_tuple,
    refusal,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["SPACINGS", "Swept"]

SPACINGS = ("linear", "log", "listed")
"""Equal steps, equal ratios, or values that are given one by one."""

_FEWEST = 2  # values of an axis that has two ends
_LONGEST_KEPT = 2**21  # values; evaluation and labels ask for the same ones
_PIECE = 2**14
_MOST = 2**53  # whole numbers up to here are exact as floats


def _whole(value: float) -> int:
    """Turn 1e6 into 1000000; leave what is no whole number for the check to name."""
    number = plain(value)
    given: object = number
    whole = isinstance(given, float) and given.is_integer()
    return int(number) if whole else cast("int", value)


def _shortened(values: tuple[float, ...]) -> str:
    return f"({len(values)} values)" if values else "()"


@attrs.frozen
class Swept(Distribution):
    """Values that an input is put to one after the other.

    Parameters
    ----------
    start, stop : float
        First and last value.
    count : int
        How many values.
    spacing : {"linear", "log", "listed"}
        Equal steps, equal ratios, or the values in `listed`.
    listed : tuple of float
        The values, where they are given one by one; see `Swept.through`.

    Examples
    --------
    >>> Swept(0.0, 1.0, 5).values()
    array([0.  , 0.25, 0.5 , 0.75, 1.  ])
    >>> Swept(1.0, 100.0, 3, "log").values()
    array([  1.,  10., 100.])
    """

    start: float = attrs.field(converter=plain, validator=check_finite)
    stop: float = attrs.field(converter=plain, validator=check_finite)
    count: int = attrs.field(converter=_whole)
    spacing: str = "linear"
    listed: tuple[float, ...] = attrs.field(default=(), converter=plain_tuple, repr=_shortened)

    kind: ClassVar[str] = "swept"

    def __attrs_post_init__(self) -> None:
        """Refuse what does not say which values are meant."""
        if self.spacing not in SPACINGS:
            advice = "leave it out for equal steps"
            raise refusal(self, "spacing", f"one of {', '.join(SPACINGS)}", self.spacing, advice)
        if self.spacing == "listed":
            self._check_listed()
            return
        given: object = self.count
        if not isinstance(given, int) or not _FEWEST <= given <= _MOST:
            advice = "write the values as a list if there is one only"
            raise refusal(self, "count", "a whole number from 2", given, advice)
        if self.start == self.stop:
            raise refusal(self, "stop", "another value than start", self.stop, "write two ends")
        if self.spacing == "log" and min(self.start, self.stop) <= 0.0:
            advice = "write spacing='linear' for values that reach 0"
            raise refusal(self, "start and stop", "above 0", (self.start, self.stop), advice)

    def _check_listed(self) -> None:
        for value in self.listed:
            check_finite(self, cast("attrs.Attribute[float]", attrs.fields(Swept).listed), value)
        ends = (self.listed[:1], self.listed[-1:], len(self.listed))
        if ends != ((self.start,), (self.stop,), self.count):
            raise refusal(self, "listed", "the values from start to stop", ends, "use through()")

    @classmethod
    def through(cls, values: Iterable[float]) -> Swept:
        """Make an axis of values given one by one, in any order.

        Parameters
        ----------
        values : iterable of float
            One value or more.

        Returns
        -------
        Swept
            The axis.

        Raises
        ------
        RangeError
            If there is no value, or one is not finite.

        Examples
        --------
        >>> Swept.through([0.3, 0.5, 0.4]).support
        (0.3, 0.5)
        """
        listed = plain_tuple(values)
        if not listed:
            raise RangeError("Swept: listed needs one value or more; got none")
        return cls(listed[0], listed[-1], len(listed), "listed", listed)

    @property
    def support(self) -> tuple[float, float]:
        """Smallest and largest value."""
        ends = self.listed or (self.start, self.stop)
        return min(ends), max(ends)

    def values(self, first: int = 0, last: int | None = None) -> NDArray[np.float64]:
        """Values at the places `first` to `last` (excluded), the same digits in every slice.

        Parameters
        ----------
        first, last : int
            Places, from 0; by default all of them.

        Returns
        -------
        ndarray
            The values; the first and the last of the axis are exactly its ends.
        """
        stop = self.count if last is None else min(last, self.count)
        if self.listed:
            return np.array(self.listed[first:stop])
        if (first, stop) == (0, self.count) and self.count <= _LONGEST_KEPT:
            return _kept_values(self)
        return self._computed(first, stop)

    def _computed(self, first: int, stop: int) -> NDArray[np.float64]:
        found = np.empty(stop - first)
        # Piece by piece, so that what is half done stays in the processor's cache.
        for start in range(first, stop, _PIECE):
            end = min(start + _PIECE, stop)
            found[start - first : end - first] = self._between(
                np.arange(start, end, dtype=np.float64)
            )
        if first == 0:
            found[:1] = self.start
        if stop == self.count:
            found[self.count - 1 - first :] = self.stop
        return found

    def _between(self, place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Weighted middle of the ends, or of their logarithms."""
        start, stop, gaps = self.start, self.stop, self.count - 1
        if self.spacing == "log":
            start, stop = math.log(start), math.log(stop)
        # One division at the end: 0.1 to 0.5 in five steps gives 0.3, not 0.30000000000000004.
        found = (gaps - place) * start
        place *= stop
        found += place
        found /= gaps
        if self.spacing == "log":
            np.exp(found, out=found)
        # Rounding may neither leave the ends nor miss them.
        return np.clip(found, *self.support, out=found)

    def quantile(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """Refuse: nobody said how likely each value is."""
        del u
        self._refuse()

    def cdf(self, x: float) -> float:
        """Nothing up to the smallest value, all from the largest; refuse in between."""
        low, high = self.support
        if low < x < high:
            self._refuse()
        return 1.0 if x >= high > low or x > high else 0.0

    def median(self) -> float:
        """Refuse, as `quantile` does."""
        self._refuse()

    def mean(self) -> float:
        """Refuse, as `quantile` does."""
        self._refuse()

    def std(self) -> float:
        """Refuse, as `quantile` does."""
        self._refuse()

    def log_std(self) -> float:
        """Refuse, as `quantile` does."""
        self._refuse()

    def scaled(self, factor: float) -> Swept:
        """Every value times `factor`, which must be above 0."""
        factor = checked_factor(self, factor)
        if self.listed:
            return Swept.through(value * factor for value in self.listed)
        return attrs.evolve(self, start=self.start * factor, stop=self.stop * factor)

    def describe(self, unit: str = "") -> str:
        """Ends and number of values, with a unit if one is given."""
        low, high = self.support
        ends = text(low) if low == high else f"{text(low)} to {text(high)}"
        number = "1 value" if self.count == 1 else f"{self.count} values"
        return f"swept {ends} {unit}".rstrip() + f", {number}"

    def _refuse(self) -> NoReturn:
        low, high = self.support
        message = (
            f"an input that runs through {self.count} values from {text(low)} to {text(high)} "
            "is swept: use .sweep()"
        )
        raise RangeError(message)


@lru_cache(maxsize=4)
def _kept_values(swept: Swept) -> NDArray[np.float64]:
    found = swept._computed(0, swept.count)  # noqa: SLF001 - its own
    # Shared by all who ask, so nobody may write to it.
    found.flags.writeable = False
    return found
