"""Questions about a range that go beyond one answer: what matters, what if, which way to compute.

The part of `Quantity` that explores. Kept apart from the answers themselves, which it compares and
takes apart; the work is done in modules of its own, loaded at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llm_economics.core.read_only import Later
from llm_economics.core.uncertain import linear as _linear
from llm_economics.core.uncertain.graph import Uncertain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

    from llm_economics.core.registry import Quantity
    from llm_economics.core.side_by_side import SideBySide
    from llm_economics.core.sources import Alternative, Provenance
    from llm_economics.core.sweep import Sweep
    from llm_economics.core.tornado import Tornado
    from llm_economics.core.uncertain.linear import Contribution
    from llm_economics.core.uncertain.one_at_a_time import Ends
    from llm_economics.core.uncertain.sensitivity import SobolIndices

__all__ = ["Exploration"]


class Exploration:
    """The questions that compare, vary and take apart."""

    _magnitude: Any

    if TYPE_CHECKING:

        def _like(self, magnitude: Any) -> Quantity:
            """Make a quantity of the same unit."""

    _origin: Any = None

    @property
    def is_range(self) -> bool:
        """Whether the value is a range."""
        return isinstance(self._magnitude, Uncertain)

    @property
    def provenance(self) -> Provenance | None:
        """Where a figure of the catalogue comes from; None of what was computed or made here.

        Another unit does not change it; arithmetic leaves it behind.
        """
        origin = self._origin
        known: Provenance | None = origin.make() if isinstance(origin, Later) else origin
        return known

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """What other sources say about a figure of the catalogue.

        Examples
        --------
        >>> import llm_economics as le
        >>> for other in le.accelerators["TPU v4"].power.alternatives:
        ...     print(other.text, "-", ", ".join(source.key for source in other.sources))
        170 W - google-tpu-v4-docs
        192 W - google-tpu-v4-docs
        340 W - epoch-ml-hardware-2026
        """
        known = self.provenance
        return () if known is None else known.alternatives

    def contributions(self) -> tuple[Contribution, ...]:
        """Share of the spread that comes from each input, largest first.

        Returns
        -------
        tuple of Contribution
            First-order shares at the inputs' medians, on the log scale where everything is
            positive. Where a `maximum` is near its other branch, `sobol` sees what this misses.
        """
        if not isinstance(self._magnitude, Uncertain):
            return ()
        return _linear.contributions(self._magnitude)

    def tornado(self, *, ends: Ends = (0.05, 0.95)) -> Tornado:
        """Result at both ends of each input, with all others at their medians; largest span first.

        Parameters
        ----------
        ends : pair of float or "quoted"
            Ends of each input: two probabilities, or "quoted" for the ends as they were given,
            whatever their probability.

        Returns
        -------
        Tornado
            One row per input; prints as a table, ``.plot()`` draws it, ``.to_frame()`` gives a
            frame.

        Raises
        ------
        RangeError
            If the value is an array, a result is undefined or infinite, or `ends` is neither.

        Notes
        -----
        What inputs do together is not seen, nor what an input does between its ends; `sobol` sees
        it.

        Examples
        --------
        >>> import llm_economics as le
        >>> load = le.between(3, 8, "MW", name="load")
        >>> price = le.between(0.04, 0.12, "USD/kWh", name="price")
        >>> print((load * price).to("USD/hour").tornado())
        339 USD/h: all inputs at their medians
        one input at a time, from its 5 % point to its 95 % point, all others at their medians
          input   low  high  unit     at low (USD/h)  at high (USD/h)  ratio
          price  0.04  0.12  USD/kWh             196              588      3
          load      3     8  MW                  208              554   2.67
        """
        from llm_economics.core.tornado import tornado_of

        return tornado_of(cast("Quantity", self), ends=ends)

    def sobol(
        self,
        *,
        points: int = 8192,
        rng: int | np.random.Generator | None = None,
        log: bool | None = None,
    ) -> SobolIndices:
        """Share of the spread that each input is responsible for, alone and with others.

        Parameters
        ----------
        points : int
            Points per input, a power of two from 2**7 to 2**20; the formula is evaluated
            (inputs + 2) times as often.
        rng : int or numpy.random.Generator, optional
            Seed; None stands for 0.
        log : bool, optional
            Whether the variance of the logarithm is shared out; by default if the value is
            positive at every point.

        Returns
        -------
        SobolIndices
            First-order and total index per input (correlated inputs are one), with sampling
            errors.

        Raises
        ------
        RangeError
            If the value is exact, an array or without spread, undefined or infinite somewhere, or
            not positive although `log` is True; or if `points` or `rng` is out of range.

        References
        ----------
        A. Saltelli et al., Comput. Phys. Commun. 181 (2010) 259.

        Examples
        --------
        >>> import llm_economics as le
        >>> load = le.between(3, 8, "MW", name="load")
        >>> price = le.between(0.04, 0.12, "USD/kWh", name="price")
        >>> print((load * price).sobol())
        Sobol indices of ln(result), log scale: 8192 points, ± sampling error from 8 lattices
          input  first-order    total
          price  0.556 ± 0.001  0.557 ± 0.001
          load   0.444 ± 0.001  0.444 ± 0.001
        sum of first-order: 1.000 ± 0.001
        """
        from llm_economics.core.tornado import sobol_of

        return sobol_of(cast("Quantity", self), points=points, rng=rng, log=log)

    def sweep(
        self,
        axes: Mapping[str, Quantity] | None = None,
        /,
        *,
        chunks: int | Mapping[str, int] | None = None,
        **named: Quantity,
    ) -> Sweep:
        """The value over a grid of values of some of its inputs; computed when it is asked.

        Parameters
        ----------
        axes : mapping of str to Quantity, optional
            For each input, by name, the axis that `llm_economics.axis` made; for names that are
            no words of Python.
        chunks : int or mapping of str to int, optional
            Compute in chunks, by Dask, when and where the numbers are needed: how many numbers
            a chunk evaluates (cells, times points where the other inputs run through points), or
            the size of a chunk along inputs by name.
        **named : Quantity
            The same by keyword: ``price=le.axis(0.03, 0.20, 200, "USD/kWh")``.

        Returns
        -------
        Sweep
            Ask it for ``central()``, ``quantiles(0.05, 0.95)`` or ``mean()``.

        Raises
        ------
        UnknownNameError
            If the value has no input of that name.
        DimensionError
            If an axis has another dimension than its input.
        RangeError
            If nothing is swept, a name stands for several inputs, or values are outside of what
            an input can be.

        Examples
        --------
        >>> import llm_economics as le
        >>> cost = le.quantity("5 MWh") * le.between(0.04, 0.12, "USD/kWh", name="price")
        >>> found = cost.to("USD").sweep(price=le.axis(0.05, 0.15, 3, "USD/kWh")).central()
        >>> found.values
        <Quantity [250 500 750] USD>
        """
        from llm_economics.core.sweep import sweep_over

        return sweep_over(cast("Quantity", self), axes, named, chunks)

    def side_by_side(self, level: float = 0.9) -> SideBySide:
        """Linear, log-linear, sampled and guaranteed answers in one table.

        Parameters
        ----------
        level : float
            Probability between the ends of the first three.

        Returns
        -------
        SideBySide
            One row per way to compute, with what speaks against it; prints as a table.

        Examples
        --------
        >>> import llm_economics as le
        >>> per_kwh = 1 / le.between(0.01, 0.5, "Wh/request", name="energy")
        >>> print(per_kwh.to("request/kWh").side_by_side())
        way         middle      low     high  unit         remark
        linear       6,970  -13,300   27,200  request/kWh  not fit: 'energy' spans a factor 50
        log-linear  14,100    2,000  100,000  request/kWh
        sampled     14,100    2,000  100,000  request/kWh  median
        bounds                2,000  100,000  request/kWh  guaranteed
        """
        from llm_economics.core.side_by_side import side_by_side

        return side_by_side(cast("Quantity", self), level)

    def correlated(
        self,
        correlations: Mapping[tuple[str, str], float] | Sequence[str],
        matrix: Sequence[Sequence[float]] | None = None,
    ) -> Quantity:
        """Give the same quantity with some of its inputs rank-correlated.

        Parameters
        ----------
        correlations : mapping of (name, name) to float, or sequence of str
            Rank correlations (Spearman's, -1 to 1) by pairs of inputs' names; pairs left out are
            independent. Or the names alone, for `matrix`.
        matrix : sequence of sequence of float, optional
            Rank-correlation matrix in the order of the names.

        Returns
        -------
        Quantity
            The quantity; two results for which the same is stated share their inputs, so that
            differences between them cancel as before.

        Raises
        ------
        RangeError
            If there is no such input, or the correlations cannot hold together.

        Notes
        -----
        A Gaussian copula: every input keeps its own distribution. Quantiles, samples, `linear`,
        `log_linear` and `contributions` heed it; `bounds` does not need to.

        Examples
        --------
        >>> import llm_economics as le
        >>> power = le.between(7, 15, "MW", name="power")
        >>> hours = le.between(700, 2000, "hour", name="hours")
        >>> energy = (power * hours).to("GWh")
        >>> print(energy)
        12.1 [6.34 – 23.2] GWh (median, 90 %)
        >>> print(energy.correlated({("power", "hours"): -0.8}))
        12.1 [8.9 – 16.5] GWh (median, 90 %)
        """
        from llm_economics.core.correlating import correlated

        return correlated(cast("Quantity", self), correlations, matrix)
