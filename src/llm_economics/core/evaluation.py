"""What a range can be asked: quantiles, samples, bounds, first-order answers.

The part of `Quantity` that evaluates. It is kept apart from the part that does arithmetic, so that
each can be read alone; every question is answered for exact values too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llm_economics.core.answers import Bounds, LogLinear, Summary
from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain import bounds as _bounds
from llm_economics.core.uncertain import linear as _linear
from llm_economics.core.uncertain import sampling as _sampling
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.normal import two_sided_z
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.linear import Contribution
    from llm_economics.core.uncertain.sampling import Method

__all__ = ["DEFAULT_LEVEL", "Evaluation"]

DEFAULT_LEVEL = 0.90
"""Probability inside a printed range."""


class Evaluation:
    """The questions that a quantity answers about its range."""

    _magnitude: Any

    if TYPE_CHECKING:

        def _like(self, magnitude: Any) -> Quantity:
            """Make a quantity of the same unit."""

    @property
    def is_range(self) -> bool:
        """Whether the value is a range."""
        return isinstance(self._magnitude, Uncertain)

    def quantiles(
        self,
        *levels: float,
        points: int = _sampling.DEFAULT_POINTS,
        method: Method = "lattice",
        rng: int | np.random.Generator | None = None,
    ) -> Quantity:
        """Quantiles of the value.

        Parameters
        ----------
        *levels : float
            Probabilities in [0, 1], such as ``0.05, 0.5, 0.95``.
        points : int
            How many points are evaluated; a power of two for the lattice.
        method : {"lattice", "monte-carlo"}
            Quasi-random points (default) or independent ones.
        rng : int or numpy.random.Generator, optional
            Seed; None stands for 0.

        Returns
        -------
        Quantity
            An array, one value per level.

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
            _sampling.quantiles(self._magnitude, levels, points=points, method=method, rng=rng)
        )

    def samples(
        self,
        size: int = _sampling.DEFAULT_POINTS,
        *,
        method: Method = "monte-carlo",
        rng: int | np.random.Generator | None = None,
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

        Returns
        -------
        Quantity
            An array of `size` values on the last axis.
        """
        if not isinstance(self._magnitude, Uncertain):
            fixed = np.asarray(self._magnitude, dtype=np.float64)[..., None]
            return self._like(np.broadcast_to(fixed, (*fixed.shape[:-1], size)).copy())
        return self._like(_sampling.samples(self._magnitude, size, method=method, rng=rng))

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

    def contributions(self) -> tuple[Contribution, ...]:
        """Share of the spread that comes from each input, largest first."""
        if not isinstance(self._magnitude, Uncertain):
            return ()
        return _linear.contributions(self._magnitude)

    def central(self) -> Quantity:
        """The formula at the medians of its inputs (not its own median, nor its mean)."""
        if not isinstance(self._magnitude, Uncertain):
            return self._like(self._magnitude)
        program = compile_program(self._magnitude)
        value = program.run([v.distribution.median() for v in program.variables])
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

    def summary(self, level: float = DEFAULT_LEVEL) -> Summary:
        """Median, mean, central case and range, each named.

        Parameters
        ----------
        level : float
            Probability between the ends.

        Returns
        -------
        Summary
            The figures, in this quantity's unit.
        """
        low, high = self.interval(level)
        points = _sampling.DEFAULT_POINTS
        return Summary(
            self.median(), self.mean(), self.central(), low, high, level, points, "lattice"
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the uncertain inputs on which the value depends."""
        if not isinstance(self._magnitude, Uncertain):
            return ()
        return tuple(v.name for v in compile_program(self._magnitude).variables)


def _check_levels(levels: Iterable[float]) -> None:
    if not all(0 <= level <= 1 for level in levels):
        message = f"quantiles needs probabilities between 0 and 1, such as 0.05; got {levels}"
        raise RangeError(message)
