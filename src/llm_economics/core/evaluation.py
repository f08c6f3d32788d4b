"""What a range can be asked: quantiles, samples, bounds, first-order answers.

The part of `Quantity` that evaluates. It is kept apart from the part that does arithmetic, so that
each can be read alone; every question is answered for exact values too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from llm_economics.core.answers import Bounds, LogLinear, Summary
from llm_economics.core.errors import DimensionError, RangeError
from llm_economics.core.exploration import Exploration
from llm_economics.core.uncertain import bounds as _bounds
from llm_economics.core.uncertain import linear as _linear
from llm_economics.core.uncertain import sampling as _sampling
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.normal import two_sided_z
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.sampling import Method

__all__ = ["DEFAULT_LEVEL", "Evaluation"]

DEFAULT_LEVEL = 0.90
"""Probability inside a printed range."""


class Evaluation(Exploration):
    """The questions that a quantity answers about its range."""

    def quantiles(
        self,
        *levels: float,
        points: int = _sampling.DEFAULT_POINTS,
        method: Method = "lattice",
        rng: int | np.random.Generator | None = None,
        threads: int = 1,
    ) -> Quantity:
        """Quantiles of the value.

        Parameters
        ----------
        *levels : float
            Probabilities in [0, 1], such as ``0.05, 0.5, 0.95``.
        points : int
            How many points are evaluated; a power of two for the lattice. More than about four
            million Monte Carlo points are counted rather than kept, in bounded memory.
        method : {"lattice", "monte-carlo"}
            Quasi-random points (default) or independent ones.
        rng : int or numpy.random.Generator, optional
            Seed; None stands for 0.
        threads : int
            How many threads share the work; no digit depends on it.

        Returns
        -------
        Quantity
            An array, one value per level; `summary` says how large the sampling error is.

        Examples
        --------
        >>> import llm_economics as le
        >>> low, high = le.between(7, 15, "MW").quantiles(0.05, 0.95)
        >>> print(f"{low:.3g}, {high:.3g}")
        7 MW, 15 MW
        """
        if not isinstance(self._magnitude, Uncertain):
            drawn = np.asarray(self._magnitude, dtype=np.float64)
            _check_levels(levels)
            return self._like(np.broadcast_to(drawn, (len(levels), *drawn.shape)).copy())
        return self._like(
            _sampling.quantiles(
                self._magnitude, levels, points=points, method=method, rng=rng, threads=threads
            )
        )

    def samples(
        self,
        size: int = _sampling.DEFAULT_POINTS,
        *,
        method: Method = "monte-carlo",
        rng: int | np.random.Generator | None = None,
        threads: int = 1,
    ) -> Quantity:
        """Random values; row `i` of two results that share an input used the same value of it.

        Parameters
        ----------
        size : int
            How many.
        method : {"monte-carlo", "lattice"}
            Independent points (default) or quasi-random ones.
        rng : int or numpy.random.Generator, optional
            Seed; None stands for 0.
        threads : int
            How many threads share the work; no digit depends on it.

        Returns
        -------
        Quantity
            An array of `size` values on the last axis.
        """
        if not isinstance(self._magnitude, Uncertain):
            fixed = np.asarray(self._magnitude, dtype=np.float64)[..., None]
            return self._like(np.broadcast_to(fixed, (*fixed.shape[:-1], size)).copy())
        return self._like(
            _sampling.samples(self._magnitude, size, method=method, rng=rng, threads=threads)
        )

    def bounds(self, *, tolerance: float = _bounds.TOLERANCE) -> Bounds:
        """Smallest and largest value while every input stays in its quoted range: guaranteed.

        Parameters
        ----------
        tolerance : float
            Relative width to which each end is pinned down.

        Returns
        -------
        Bounds
            ``low`` and ``high``.

        Raises
        ------
        RangeError
            If a divisor's range reaches zero.

        Notes
        -----
        For a range quoted with 90 % the inputs can lie outside of it; then so can the result.

        Examples
        --------
        >>> import llm_economics as le
        >>> energy = le.between(7, 15, "MW") * le.between(30, 90, "day")
        >>> print(energy.to("GWh").bounds())
        5.04 .. 32.4 GWh (guaranteed while every input stays in its quoted range)
        """
        if not isinstance(self._magnitude, Uncertain):
            same = self._like(self._magnitude)
            return Bounds(same, same)
        low, high = _bounds.bounds(self._magnitude, tolerance=tolerance)
        return Bounds(self._like(low), self._like(high))

    def linear(self, *, warn: bool = True) -> Quantity:
        """First-order answer: a pint quantity of a `ufloat`, correlated with all others.

        Parameters
        ----------
        warn : bool
            Whether to warn when the ranges are too wide for it.

        Returns
        -------
        Quantity
            Its magnitude is an `uncertainties` number: mean and standard deviation.

        Warns
        -----
        LinearizationWarning
            If an input that matters spans more than a factor 1.5, or another branch of a
            `maximum` is near.

        References
        ----------
        JCGM 100:2008 (GUM), clause 5.1.
        """
        if not isinstance(self._magnitude, Uncertain):
            return self._like(self._magnitude)
        return self._like(_linear.linear(self._magnitude, warn=warn, stacklevel=2))

    def log_linear(self, level: float = DEFAULT_LEVEL) -> LogLinear:
        """First-order answer on the log scale; exact for products of log-normal ranges.

        Parameters
        ----------
        level : float
            Probability between the ends.

        Returns
        -------
        LogLinear
            Median, ends, and geometric standard deviation.

        Raises
        ------
        RangeError
            If the value or an input can be zero or negative.
        """
        if not isinstance(self._magnitude, Uncertain):
            same = self._like(self._magnitude)
            return LogLinear(same, same, same, 1.0, level)
        median, log_std = _linear.log_linear(self._magnitude)
        factor = float(np.exp(two_sided_z(level) * log_std))
        ends = (median, median / factor, median * factor)
        middle, low, high = (self._like(x) for x in ends)
        return LogLinear(middle, low, high, float(np.exp(log_std)), level)

    def central(self) -> Quantity:
        """The formula at the medians of its inputs (not its own median, nor its mean)."""
        if not isinstance(self._magnitude, Uncertain):
            return self._like(self._magnitude)
        program = compile_program(self._magnitude)
        value = program.value(program.medians())
        return self._like(np.broadcast_to(value, program.shape).copy() if program.shape else value)

    def median(self) -> Quantity:
        """The value that is exceeded with probability one half."""
        return self.quantiles(0.5)[0] if self.is_range else self._like(self._magnitude)

    def mean(self) -> Quantity:
        """Expected value (of a range), or mean of an array."""
        if not isinstance(self._magnitude, Uncertain):
            return self._like(np.mean(self._magnitude))
        return self._like(np.mean(self.samples(method="lattice").magnitude, axis=-1))

    def interval(self, level: float = DEFAULT_LEVEL) -> tuple[Quantity, Quantity]:
        """Ends of the range that holds the middle `level` of the probability."""
        ends = self.quantiles(0.5 - level / 2, 0.5 + level / 2)
        return ends[0], ends[1]

    def probability(self) -> float:
        """Probability that a condition holds.

        Returns
        -------
        float
            Share of the probability where it does, 0 to 1.

        Raises
        ------
        DimensionError
            If this is no condition, as `less` makes them: it has a unit.
        RangeError
            If it takes other values than 0 and 1.

        Examples
        --------
        >>> import llm_economics as le
        >>> power = le.between(7, 15, "MW")
        >>> round(le.functions.less(power, le.quantity("15 MW")).probability(), 2)
        0.95
        """
        if not cast("Quantity", self).dimensionless:
            message = (
                f"probability() needs a condition, such as le.functions.less(x, y); got {self}"
            )
            raise DimensionError(message)
        drawn = self.samples(method="lattice") if self.is_range else cast("Quantity", self)
        values = np.asarray(drawn.to("").magnitude, dtype=np.float64)
        if not np.all((values == 0) | (values == 1)):
            message = (
                "probability() needs a condition that is 0 or 1, such as le.functions.less(x, y)"
            )
            raise RangeError(message)
        return float(values.mean())

    def summary(
        self,
        level: float = DEFAULT_LEVEL,
        *,
        points: int = _sampling.DEFAULT_POINTS,
        method: Method = "lattice",
        rng: int | np.random.Generator | None = None,
        threads: int = 1,
    ) -> Summary:
        """Median, mean, central case and range, each named and with its sampling error.

        Parameters
        ----------
        level : float
            Probability between the ends.
        points, method, rng, threads
            As for `quantiles`.

        Returns
        -------
        Summary
            The figures, in this quantity's unit. It prints no digit that its error blurs.

        Notes
        -----
        Of the lattice, errors come from the spread between eight independent shifts; of Monte
        Carlo, from the order statistics around each quantile.

        Examples
        --------
        >>> import llm_economics as le
        >>> energy = le.between(7, 15, "MW") * le.between(30, 90, "day")
        >>> print(energy.to("GWh").summary())
        12.8 [6.57 – 24.9] GWh (median, 90 %; 16,384 points, sampling error 0.1 %)
        """
        drawing = _sampling.Drawing.of(points, method, rng, threads)
        magnitude = self._magnitude
        if not isinstance(magnitude, Uncertain):
            same, exact = self._like(magnitude), self._like(0.0 * magnitude)
            return Summary(same, same, same, same, same, level, 0, "exact", *(exact,) * 4)
        found = _sampling.estimate(magnitude, [0.5, 0.5 - level / 2, 0.5 + level / 2], drawing)
        middle, low, high = (self._like(_plain(x)) for x in found.quantiles)
        errors = [self._like(_plain(x)) for x in found.quantile_errors]
        return Summary(
            median=middle,
            mean=self._like(_plain(found.mean)),
            central=self.central(),
            low=low,
            high=high,
            level=level,
            points=drawing.points,
            method=method,
            median_error=errors[0],
            mean_error=self._like(_plain(found.mean_error)),
            low_error=errors[1],
            high_error=errors[2],
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the uncertain inputs on which the value depends."""
        if not isinstance(self._magnitude, Uncertain):
            return ()
        return tuple(v.name for v in compile_program(self._magnitude).variables)


def _plain(value: Any) -> Any:
    return value if np.ndim(value) else float(value)


def _check_levels(levels: Iterable[float]) -> None:
    if not all(0 <= level <= 1 for level in levels):
        message = f"quantiles needs probabilities between 0 and 1, such as 0.05; got {levels}"
        raise RangeError(message)
