"""Sweep: a result over a grid of values of some of its inputs.

``cost.sweep(price=le.axis(...))`` says which inputs run through which values; what is asked of
every cell comes afterwards: the central case, quantiles, the mean. Inputs are found by name among
those of the result, and axes that were put into the formula in place of a value are found by
themselves. Nothing is computed before it is asked for.

Rejected: a function of the swept values that the user writes (each point would build the formula
anew, a thousand times slower), and a loop over `evolve` (as slow, and unlabelled).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.chunked import check_sizes, lazy_answer, lazy_axis, sizes_within
from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.core.labelled import LONGEST_INDEX, QUANTILE, Coordinate, Labelled
from llm_economics.core.swept_inputs import SweptInput, find_swept
from llm_economics.core.uncertain.grid import MAXIMUM_CELLS, Grid, Statistic
from llm_economics.core.uncertain.sampling import DEFAULT_POINTS, Drawing

if TYPE_CHECKING:
    from collections.abc import Sequence

    # At run time the registry imports this file's users, so it cannot be imported here.
    from llm_economics.core.registry import Quantity  # noqa: TC004
    from llm_economics.core.uncertain.sampling import Method

__all__ = ["Sweep", "sweep_over"]


@attrs.frozen(eq=False, repr=False)
class Sweep:
    """A result over a grid of values of some of its inputs; computed when it is asked.

    Made by ``result.sweep(...)``. Every question is answered with a `Labelled` array.

    Parameters
    ----------
    result : Quantity
        What is swept.
    dimensions : tuple of SweptInput
        The swept inputs, in the order of the answer's dimensions.
    chunks : int, mapping or None
        Whether the answer is computed in chunks, by Dask: numbers evaluated per chunk, or the
        size of a chunk along dimensions by name.

    Examples
    --------
    >>> import llm_economics as le
    >>> price = le.between(0.04, 0.12, "USD/kWh", name="price")
    >>> cost = (le.between(3, 6, "GWh", name="energy") * price).to("kUSD")
    >>> sweep = cost.sweep(price=le.axis(0.05, 0.15, 3, "USD/kWh"))
    >>> sweep
    <Sweep in kUSD over price (3): 3 cells>
    >>> print(f"{sweep.central().values:.0f}")
    [212 424 636] kUSD
    >>> sweep.quantiles(0.05, 0.95).dims
    ('price', 'quantile')
    """

    result: Quantity
    dimensions: tuple[SweptInput, ...]
    chunks: int | Mapping[str, int] | None = None

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the swept inputs."""
        return tuple(dimension.name for dimension in self.dimensions)

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each of them has."""
        return tuple(dimension.count for dimension in self.dimensions)

    def central(self, *, threads: int = 1) -> Labelled:
        """Every cell with the other inputs at their medians.

        Parameters
        ----------
        threads : int
            How many threads compute; it changes no digit.

        Returns
        -------
        Labelled
            One number per cell.

        Raises
        ------
        RangeError
            If there are more cells than memory should hold; give ``chunks=`` then.
        """
        drawing = Drawing.of(DEFAULT_POINTS, "lattice", None, threads)
        return self._answer(Statistic(drawing=drawing), "central case")

    def quantiles(
        self,
        *levels: float,
        points: int = DEFAULT_POINTS,
        method: Method = "lattice",
        rng: int | np.random.Generator | None = None,
        threads: int = 1,
    ) -> Labelled:
        """Quantiles of every cell over the ranges of the other inputs.

        Parameters
        ----------
        *levels : float
            Probabilities in [0, 1], such as ``0.05, 0.5, 0.95``.
        points : int
            How many points of the other inputs, the same ones for all cells; a power of two for
            the lattice, at most 2**20.
        method : {"lattice", "monte-carlo"}
            Quasi-random points (default) or independent ones.
        rng : int or numpy.random.Generator, optional
            Seed; None stands for 0.
        threads : int
            How many threads compute; it changes no digit.

        Returns
        -------
        Labelled
            With "quantile" as its last dimension. A cell that is undefined at some of its points
            is NaN.

        Raises
        ------
        RangeError
            If a level is not a probability, there can be no such points, or there are more
            numbers than memory should hold; give ``chunks=`` then.
        """
        if QUANTILE in self.dims:
            message = f"quantiles(): a swept input is called {QUANTILE!r} itself; give it another "
            raise RangeError(message + "name, as in le.between(..., name='...')")
        drawing = Drawing.of(points, method, rng, threads)
        return self._answer(
            Statistic(kind="quantiles", levels=levels, drawing=drawing), "quantiles"
        )

    def mean(
        self,
        *,
        points: int = DEFAULT_POINTS,
        method: Method = "lattice",
        rng: int | np.random.Generator | None = None,
        threads: int = 1,
    ) -> Labelled:
        """Mean of every cell over the ranges of the other inputs.

        Parameters
        ----------
        points, method, rng, threads
            As for `quantiles`.

        Returns
        -------
        Labelled
            One number per cell.

        Raises
        ------
        RangeError
            As for `quantiles`.
        """
        drawing = Drawing.of(points, method, rng, threads)
        return self._answer(Statistic(kind="mean", drawing=drawing), "mean")

    def __repr__(self) -> str:
        unit = self.result.unit_text or "plain numbers"
        along = " x ".join(f"{d.name} ({d.count})" for d in self.dimensions)
        cells = math.prod(self.shape)
        return f"<Sweep in {unit} over {along}: {cells} cell{'s' if cells > 1 else ''}>"

    def _answer(self, asked: Statistic, label: str) -> Labelled:
        grid = Grid(self.result.magnitude, tuple(d.axis for d in self.dimensions))
        # What cannot be answered fails here, and not later in some task.
        grid.others(asked)
        if self.chunks is None:
            self._check_memory(asked)
            numbers, sizes = grid.evaluate(asked), self.shape
        else:
            sizes = self._sizes(asked)
            numbers = lazy_answer(grid, asked, sizes)
        along = zip(self.dimensions, sizes, strict=True)
        coordinates = {d.name: self._coordinate(d, size) for d, size in along}
        make = type(self.result)
        if asked.kind == "quantiles":
            coordinates[QUANTILE] = Coordinate(make(np.array(asked.levels), ""))
        return Labelled(
            values=make(numbers, self.result.units),
            dims=tuple(coordinates),
            coordinates=coordinates,
            label=label,
        )

    def _coordinate(self, dimension: SweptInput, size: int) -> Coordinate:
        swept = dimension.axis.swept
        # In memory nothing is that long: it would have been refused.
        short = swept.count <= LONGEST_INDEX or self.chunks is None
        values = swept.values() if short else lazy_axis(swept, size)
        make = type(self.result)
        return Coordinate(make(values, dimension.unit), dimension.name, dimension.source)

    def _check_memory(self, asked: Statistic) -> None:
        numbers = math.prod(self.shape) * asked.width
        if numbers > MAXIMUM_CELLS:
            message = (
                f"sweep: {' x '.join(map(str, self.shape))} cells make {numbers} numbers; at most "
                f"{MAXIMUM_CELLS} are held in memory. Give chunks=10_000_000 to compute them "
                "piece by piece with Dask"
            )
            raise RangeError(message)

    def _sizes(self, asked: Statistic) -> tuple[int, ...]:
        """Size of a chunk along every dimension."""
        if isinstance(self.chunks, int):
            each = asked.drawing.points if asked.sampled else 1
            sizes = sizes_within(self.shape, self.chunks // each)
        else:
            given: Mapping[str, int] = self.chunks or {}
            sizes = tuple(min(given.get(d.name, d.count), d.count) for d in self.dimensions)
        check_sizes(self.shape, sizes)
        return sizes


def sweep_over(
    result: Quantity,
    axes: Mapping[str, Quantity] | None,
    named: Mapping[str, Quantity],
    chunks: int | Mapping[str, int] | None = None,
) -> Sweep:
    """Prepare a sweep; what ``result.sweep()`` does.

    Parameters
    ----------
    result : Quantity
        What depends on the inputs.
    axes, named : mapping of str to Quantity
        For each input, by name, the axis that `axis` made; a name stands in one of them.
    chunks : int or mapping, optional
        As for `Sweep`.

    Returns
    -------
    Sweep
        The axes named come first, then those that were put into the formula.

    Raises
    ------
    UnknownNameError
        If the result has no input of that name.
    DimensionError
        If an axis has another dimension than its input.
    RangeError
        If nothing is swept, a name stands for several inputs, or values are outside of what an
        input can be.
    """
    dimensions = find_swept(result, axes, named)
    _check_chunks(chunks, [dimension.name for dimension in dimensions])
    return Sweep(result, dimensions, chunks)


def _check_chunks(chunks: Any, names: Sequence[str]) -> None:
    """Refuse chunks that are no sizes, or of dimensions that there are not."""
    sizes = list(chunks.values()) if hasattr(chunks, "values") else [chunks]
    for name in chunks if hasattr(chunks, "values") else ():
        if name not in names:
            hint = f"The swept inputs are {', '.join(map(repr, names))}."
            raise UnknownNameError(name, names, "swept input", hint=hint)
    for size in sizes:
        wrong = isinstance(size, bool) or not isinstance(size, int) or size < 1
        if chunks is not None and wrong:
            message = (
                "sweep: chunks needs whole numbers from 1: numbers per chunk, as in "
                f"chunks=10_000_000, or sizes by name, as in {{{names[0]!r}: 10_000}}; "
                f"got {chunks!r}"
            )
            raise RangeError(message)
