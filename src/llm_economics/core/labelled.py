"""A labelled array: what a sweep answers with.

Numbers with a unit, a name for every dimension, and a coordinate with a unit along each. It is a
small carrier between the sweep and the libraries that people plot and reduce with: xarray, pandas,
Dask. Rejected: returning a ``DataArray`` (xarray would be needed for the smallest sweep, and it
knows no units), and a bare array (which axis was the price?).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from llm_economics.core.chunked import computed
from llm_economics.core.display import short_number
from llm_economics.core.errors import DimensionError, RangeError, UnknownNameError
from llm_economics.core.optional import optional_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    import xarray as xr

    # At run time the registry imports this file's users, so it cannot be imported here.
    from llm_economics.core.registry import Quantity  # noqa: TC004

__all__ = ["LONGEST_INDEX", "QUANTILE", "Coordinate", "Labelled"]

LONGEST_INDEX = 10**7
"""Longer coordinates are left to Dask, and xarray builds no index over them (80 MB)."""

QUANTILE = "quantile"
"""Name of the dimension of quantiles."""

_FEW = 4  # values of a coordinate that are printed one by one
_NEAR = 1e-9  # relative distance from an end that is rounding


@attrs.frozen(eq=False)
class Coordinate:
    """Values along one dimension."""

    numbers: Quantity = attrs.field(repr=False)
    """One value per place; on a Dask array where there are very many."""

    long_name: str = ""
    """What the input is called."""

    source: str = ""
    """Where its range came from."""

    @property
    def attributes(self) -> dict[str, str]:
        """Attributes for xarray, by the names of the CF conventions."""
        named = {"long_name": self.long_name, "source": self.source}
        return {"units": units_text(self.numbers), **{k: v for k, v in named.items() if v}}

    def __len__(self) -> int:
        return int(np.shape(self.numbers.magnitude)[0])

    def __str__(self) -> str:
        numbers, unit = self.numbers.magnitude, self.numbers.unit_text
        if len(self) <= _FEW:
            shown = ", ".join(short_number(float(x)) for x in np.asarray(numbers))
        else:
            shown = f"{short_number(float(numbers[0]))} … {short_number(float(numbers[-1]))}"
        return f"{shown} {unit}".rstrip() + f" ({len(self)})"


def units_text(value: Quantity) -> str:
    """Write the unit as a program reads it: "USD/kWh", "W*h"; "1" for a plain number.

    Examples
    --------
    >>> import llm_economics as le
    >>> units_text(le.quantity("0.1 USD/kWh")), units_text(le.quantity(0.4))
    ('USD/kWh', '1')
    """
    return "1" if value.unitless else f"{value.units:~C}"


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Labelled:
    """Numbers with a unit over named dimensions, each with a coordinate.

    Parameters
    ----------
    values : Quantity
        The numbers; on a Dask array if they are computed on demand.
    dims : tuple of str
        Names of the dimensions, in the order of the array's axes.
    coordinates : dict of str to Coordinate
        One per dimension.
    label : str
        What the numbers are: "central case", "mean", "quantiles".
    at : dict of str to Quantity
        Where dimensions were cut away by picking one place.

    Examples
    --------
    >>> import llm_economics as le
    >>> cost = le.quantity("5 MWh") * le.between(0.04, 0.12, "USD/kWh", name="price")
    >>> found = cost.to("USD").sweep(price=le.axis(0.05, 0.15, 3, "USD/kWh")).central()
    >>> found.values
    <Quantity [250 500 750] USD>
    >>> print(found.sel(price="0.1 USD/kWh"))
    500 USD
    """

    values: Quantity
    dims: tuple[str, ...]
    coordinates: dict[str, Coordinate]
    label: str = ""
    at: dict[str, Quantity] = attrs.field(factory=dict)

    @property
    def coords(self) -> dict[str, Quantity]:
        """Values along each dimension."""
        return {name: self.coordinates[name].numbers for name in self.dims}

    @property
    def shape(self) -> tuple[int, ...]:
        """How long each dimension is."""
        return tuple(len(self.coordinates[name]) for name in self.dims)

    @property
    def is_lazy(self) -> bool:
        """Whether the numbers are computed on demand, by Dask."""
        return not isinstance(self.values.magnitude, np.ndarray)

    def to(self, unit: str) -> Labelled:
        """Convert the numbers to another unit.

        Parameters
        ----------
        unit : str
            The unit.

        Returns
        -------
        Labelled
            The same numbers in it.
        """
        return attrs.evolve(self, values=self.values.to(unit))

    def __getitem__(self, key: Any) -> Any:
        """Pick by position, as from a NumPy array: whole numbers, slices, ``...``.

        The result is a labelled array of what is left, or a quantity where nothing is.
        """
        keys = self._full_key(key)
        picked = self.values.magnitude[keys]
        make = type(self.values)
        if all(isinstance(k, int) for k in keys):
            return make(float(picked), self.values.units)
        left, at = {}, dict(self.at)
        for name, k in zip(self.dims, keys, strict=True):
            there = self.coordinates[name]
            if isinstance(k, int):
                at[name] = make(float(there.numbers.magnitude[k]), there.numbers.units)
            else:
                part = make(there.numbers.magnitude[k], there.numbers.units)
                left[name] = attrs.evolve(there, numbers=part)
        dims = tuple(left)
        values = make(picked, self.values.units)
        return attrs.evolve(self, values=values, dims=dims, coordinates=left, at=at)

    def __iter__(self) -> Iterator[Any]:
        """Go through the first dimension."""
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return self.shape[0]

    def sel(self, **places: Quantity | str | float) -> Any:
        """Pick by coordinate: the nearest place along each dimension that is named.

        Parameters
        ----------
        **places : quantity, text or number
            ``price="0.1 USD/kWh"``; a plain number where the coordinate is one.

        Returns
        -------
        Labelled or Quantity
            What is left; its `at` says where it was picked.

        Raises
        ------
        UnknownNameError
            If there is no such dimension.
        DimensionError
            If the place has another dimension than the coordinate.
        RangeError
            If it lies outside the ends of the coordinate.
        """
        keys: dict[str, int] = {}
        for name, place in places.items():
            if name not in self.coordinates:
                hint = f"The dimensions are {', '.join(self.dims)}."
                raise UnknownNameError(name, self.dims, "dimension", hint=hint)
            keys[name] = self._nearest(name, place)
        return self[tuple(keys.get(name, slice(None)) for name in self.dims)]

    def compute(self, *, progress: bool = False) -> Labelled:
        """Compute what was left to Dask, and hold it in memory.

        Parameters
        ----------
        progress : bool
            Whether to show how far it is.

        Returns
        -------
        Labelled
            The same array with its numbers in memory; itself if they are there already.

        Notes
        -----
        Dask's active scheduler does the work: threads of this process, or the cluster of a
        ``distributed.Client``. All numbers must fit the memory, twice while they are put
        together; reduce them first, through `to_xarray`, where they do not.
        """
        if not self.is_lazy:
            return self
        make = type(self.values)
        parts = {name: c.numbers for name, c in self.coordinates.items()}
        arrays = [self.values.magnitude, *(part.magnitude for part in parts.values())]
        values, *along = computed(arrays, progress=progress)
        coordinates = {
            name: attrs.evolve(c, numbers=make(numbers, c.numbers.units))
            for (name, c), numbers in zip(self.coordinates.items(), along, strict=True)
        }
        values = make(values, self.values.units)
        return attrs.evolve(self, values=values, coordinates=coordinates)

    def to_xarray(self) -> xr.DataArray:
        """As an xarray array; needs the extra ``sweep``.

        Returns
        -------
        xarray.DataArray
            Named "value", on the same NumPy or Dask array. Units stand in the attributes
            ``units`` of the array and of every coordinate, as pint reads them ("1" for plain
            numbers), next to ``long_name`` and ``source``. A coordinate of more than
            `LONGEST_INDEX` values has no index.

        Raises
        ------
        MissingInputError
            If xarray is not installed.
        """
        xarray = optional_module("xarray", extra="sweep", needed_by="to_xarray()")
        along: dict[str, Any] = {}
        indexed = True
        for name in self.dims:
            there = self.coordinates[name]
            along[name] = ((name,), there.numbers.magnitude, there.attributes)
            indexed = indexed and isinstance(there.numbers.magnitude, np.ndarray)
        for name, place in self.at.items():
            along[name] = ((), place.magnitude, {"units": units_text(place)})
        if not indexed:
            along = xarray.Coordinates(along, indexes={})
        attributes = {"units": units_text(self.values), "long_name": self.label}
        made: xr.DataArray = xarray.DataArray(
            self.values.magnitude, coords=along, dims=self.dims, name="value", attrs=attributes
        )
        return made

    def to_frame(self) -> pd.DataFrame:
        """As a tidy pandas table, one row per cell; needs the extra ``frame``.

        Returns
        -------
        pandas.DataFrame
            A column per dimension, and "value", or a column per quantile: "q5", "q50", "q95".
            Columns carry plain numbers; ``frame.attrs["units"]`` maps each column to its unit.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        RangeError
            If the numbers are still to be computed, or a dimension is called like a column.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        if self.is_lazy:
            message = (
                "to_frame() needs the numbers in memory: write .compute().to_frame(), or "
                ".to_xarray().to_dataset().to_dask_dataframe() for a table in chunks"
            )
            raise RangeError(message)
        columns, units = self._cells()
        answers = self._answers()
        both = sorted(set(columns) & set(answers))
        if both:
            message = f"to_frame(): the dimension {both[0]!r} is called like a column of answers"
            raise RangeError(f"{message}; rename the input with name=, or use to_xarray()")
        columns |= answers
        units |= dict.fromkeys(answers, self.values.unit_text)
        frame: pd.DataFrame = pandas.DataFrame(columns)
        frame.attrs["units"] = units
        return frame

    def _cells(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Columns of coordinates, one row per cell, and their units."""
        dims = [name for name in self.dims if name != QUANTILE]
        sizes = [len(self.coordinates[name]) for name in dims]
        columns: dict[str, Any] = {}
        units: dict[str, str] = {}
        for number, name in enumerate(dims):
            along = np.asarray(self.coordinates[name].numbers.magnitude)
            wide = along.reshape([-1 if d == number else 1 for d in range(len(dims))])
            columns[name] = np.broadcast_to(wide, sizes).ravel()
            units[name] = self.coordinates[name].numbers.unit_text
        return columns, units

    def _answers(self) -> dict[str, Any]:
        """Columns of numbers, one row per cell."""
        numbers = self.values.magnitude
        if QUANTILE not in self.dims:
            return {"value": numbers.ravel()}
        place = self.dims.index(QUANTILE)
        levels = self.coordinates[QUANTILE].numbers.magnitude
        rows = np.moveaxis(numbers, place, 0).reshape(len(levels), -1)
        return {f"q{100 * x:.10g}": row for x, row in zip(levels.tolist(), rows, strict=True)}

    def _full_key(self, key: Any) -> tuple[int | slice, ...]:
        """A whole number or a slice for every dimension."""
        keys = list(key) if isinstance(key, tuple) else [key]
        if Ellipsis in keys:
            place = keys.index(Ellipsis)
            keys[place : place + 1] = [slice(None)] * (len(self.dims) + 1 - len(keys))
        keys += [slice(None)] * (len(self.dims) - len(keys))
        full = [int(k) if isinstance(k, (int, np.integer)) else k for k in keys]
        if len(full) != len(self.dims) or not all(isinstance(k, (int, slice)) for k in full):
            message = (
                f"a labelled array with the dimensions {', '.join(self.dims)} is picked from by "
                f"whole numbers, slices and '...'; got {key!r}. By value: .sel(name=...)"
            )
            raise RangeError(message)
        return cast("tuple[int | slice, ...]", tuple(full))

    def _nearest(self, name: str, place: Quantity | str | float) -> int:
        along = self.coordinates[name].numbers
        wanted = type(along)(place)
        if wanted.dimensionality != along.dimensionality:
            unit = along.unit_text
            needed = f"a value in a unit such as {unit!r}" if unit else "a plain number"
            raise DimensionError(f"sel({name}=...) needs {needed}; got {wanted}")
        number = float(wanted.to(along.units).magnitude)
        numbers = along.magnitude
        low, high = float(numbers.min()), float(numbers.max())
        slack = _NEAR * max(abs(low), abs(high))
        if not low - slack <= number <= high + slack:
            ends = f"{short_number(low, 6)} to {short_number(high, 6)} {along.unit_text}".rstrip()
            raise RangeError(f"sel({name}=...) needs a value from {ends}; got {wanted}")
        return int(abs(numbers - number).argmin())

    def __repr__(self) -> str:
        unit = self.values.unit_text or "plain numbers"
        sizes = " x ".join(f"{name} {len(self.coordinates[name])}" for name in self.dims)
        lines = [f"<Labelled: {self.label} in {unit}, {sizes}>"]
        width = max(len(name) for name in (*self.dims, *self.at, "values"))
        lines += [f"  {name:<{width}}  {self.coordinates[name]}" for name in self.dims]
        lines += [f"  {name:<{width}}  at {place}" for name, place in self.at.items()]
        return "\n".join([*lines, f"  {'values':<{width}}  {self._values_text()}"])

    def _values_text(self) -> str:
        numbers = self.values.magnitude
        if self.is_lazy:
            chunks = math.prod(map(len, numbers.chunks))
            largest = math.prod(map(max, numbers.chunks))
            return f"computed on demand, {chunks} chunks of up to {largest} numbers"
        known = numbers[~np.isnan(numbers)]
        if not known.size:
            return "undefined (NaN) everywhere"
        missing = numbers.size - known.size
        ends = f"{short_number(float(known.min()))} … {short_number(float(known.max()))}"
        return ends + (f", undefined (NaN) in {missing} cells" if missing else "")
