"""The one registry of units, and `Quantity`: a pint quantity that can carry a range.

pint does all unit algebra. Added here are: our own definitions (bytes, tokens and dollars have
dimensions), ranges as magnitudes and their evaluation, quantities of foreign registries accepted
in arithmetic, identity kept through copies and pickles, readable errors, and exact types for type
checkers.

Rejected: pint's application registry (its bytes and percent are plain numbers, and changing it at
import would break quantities that the user already has), and a quantity class of our own (pint's
users could not pass theirs).
"""

# The face of `Quantity` narrows what pint's operators return, from Any to Quantity.
# mypy: disable-error-code="override"

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import pint
from pint.util import UnitsContainer

from llm_economics.core.dimension_names import DIMENSION_NAMES, DimensionName
from llm_economics.core.display import html_escape, range_text, short_number
from llm_economics.core.errors import DimensionError, LLMEconomicsError, RangeError
from llm_economics.core.uncertain import bounds as _bounds
from llm_economics.core.uncertain import linear as _linear
from llm_economics.core.uncertain import sampling as _sampling
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.core.uncertain.linear import Contribution
from llm_economics.core.uncertain.normal import two_sided_z
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from llm_economics.core.uncertain.sampling import Method

__all__ = [
    "Bounds",
    "LogLinear",
    "Quantity",
    "Summary",
    "describe_dimension",
    "domestic",
    "dimension_error",
    "ureg",
    "use_as_application_registry",
]

DEFAULT_LEVEL = 0.90
"""Probability inside a printed range."""

_DISPLAY_POINTS = 2**12

_NUMBER_WORDS = ("thousand", "million", "billion", "trillion")


class Bounds(NamedTuple):
    """Certain ends of a range: nothing outside them while inputs stay in their quoted ranges."""

    low: Quantity
    high: Quantity

    def __str__(self) -> str:
        low, high = float(self.low.magnitude), float(self.high.magnitude)
        text = f"{short_number(low)} .. {short_number(high)} {self.low.unit_text}".rstrip()
        return f"{text} (guaranteed while every input stays in its quoted range)"


class LogLinear(NamedTuple):
    """First-order answer on the log scale: exact for products of log-normal ranges."""

    median: Quantity
    low: Quantity
    high: Quantity
    geometric_std: float
    level: float

    def __str__(self) -> str:
        numbers = (float(q.magnitude) for q in (self.median, self.low, self.high))
        return _with_kind(range_text(*numbers), self.median.unit_text, "log-linear", self.level)


class Summary(NamedTuple):
    """What a range amounts to; says which middle is which, and how it was computed."""

    median: Quantity
    mean: Quantity
    central: Quantity
    """The formula at the medians of its inputs."""
    low: Quantity
    high: Quantity
    level: float
    points: int
    method: str

    def __str__(self) -> str:
        numbers = (float(q.magnitude) for q in (self.median, self.low, self.high))
        return _with_kind(range_text(*numbers), self.median.unit_text, "median", self.level)


class Quantity(pint.Quantity[Any]):
    """A value with a unit; the value may be exact, an array, or a range.

    Usually made by `quantity` or `between`. Everything of `pint.Quantity` works.

    Parameters
    ----------
    value : number, array, ufloat, quantity or Uncertain
        The magnitude.
    units : str or unit, optional
        The unit.

    Examples
    --------
    >>> import llm_economics as le
    >>> energy = le.Quantity(7, "MW") * le.Quantity(30, "day")
    >>> print(energy.to("GWh"))
    5.04 GWh
    """

    def __new__(cls, value: Any, units: Any = None) -> Quantity:
        """Build in the one registry, whichever class was called."""
        if not hasattr(cls, "_REGISTRY"):
            return cast("Quantity", ureg.Quantity(domestic(value), units))
        return cast("Quantity", super().__new__(cls, domestic(value), units))

    # -- arithmetic: pint's, with foreign quantities let in and errors made readable ------------

    def __add__(self, other: Any) -> Quantity:
        return self._combine("+", super().__add__, other)

    def __radd__(self, other: Any) -> Quantity:
        return self._combine("+", super().__radd__, other)

    def __sub__(self, other: Any) -> Quantity:
        return self._combine("-", super().__sub__, other)

    def __rsub__(self, other: Any) -> Quantity:
        return self._combine("-", super().__rsub__, other)

    def __mul__(self, other: Any) -> Quantity:
        return self._combine("*", super().__mul__, other)

    def __rmul__(self, other: Any) -> Quantity:
        return self._combine("*", super().__rmul__, other)

    def __truediv__(self, other: Any) -> Quantity:
        return self._combine("/", super().__truediv__, other)

    def __rtruediv__(self, other: Any) -> Quantity:
        return self._combine("/", super().__rtruediv__, other)

    def __pow__(self, other: Any) -> Quantity:
        return self._combine("**", super().__pow__, other)

    def __neg__(self) -> Quantity:
        return cast("Quantity", super().__neg__())

    def __lt__(self, other: Any) -> Any:
        return self._combine("<", super().__lt__, other)

    def __le__(self, other: Any) -> Any:
        return self._combine("<=", super().__le__, other)

    def __gt__(self, other: Any) -> Any:
        return self._combine(">", super().__gt__, other)

    def __ge__(self, other: Any) -> Any:
        return self._combine(">=", super().__ge__, other)

    def __eq__(self, other: object) -> Any:
        """Compare values; ranges are equal when they are the same expression of the same inputs."""
        other = domestic(other)
        if not isinstance(other, Quantity) or not (self.is_range or other.is_range):
            return super().__eq__(other)
        if self.dimensionality != other.dimensionality:
            return False
        return bool(self.to_root_units().magnitude == other.to_root_units().magnitude)

    def __ne__(self, other: object) -> Any:
        """Negate equality."""
        equal = self == other
        return np.logical_not(equal) if isinstance(equal, np.ndarray) else not equal

    def __hash__(self) -> int:
        root = self.to_root_units()
        return hash((root.magnitude, root.unitless or tuple(sorted(root._units.items()))))

    def __iter__(self) -> Iterator[Quantity]:
        return super().__iter__()

    def __getitem__(self, key: Any) -> Quantity:
        """Element or slice of an array."""
        return cast("Quantity", super().__getitem__(key))

    def _combine(self, symbol: str, operation: Callable[[Any], Any], other: Any) -> Any:
        known = domestic(other)
        try:
            return operation(known)
        except pint.DimensionalityError:
            raise dimension_error(f"{self} {symbol} {known}", self, known) from None

    # -- units ---------------------------------------------------------------------------------

    def to(self, other: Any = None, *contexts: Any, **ctx_kwargs: Any) -> Quantity:
        """Convert to another unit.

        Parameters
        ----------
        other : str, unit or quantity
            The unit to convert to.
        *contexts, **ctx_kwargs
            As in pint.

        Returns
        -------
        Quantity
            The same quantity in that unit.

        Raises
        ------
        DimensionError
            If the unit has another dimension.
        """
        try:
            return cast("Quantity", super().to(other, *contexts, **ctx_kwargs))
        except pint.DimensionalityError:
            target = ureg.Quantity(1, other) if isinstance(other, str) else other
            raise dimension_error(f"({self}).to({str(other)!r})", target, self) from None
        except pint.UndefinedUnitError as error:
            message = f"({self}).to({str(other)!r}): {error}"
            raise DimensionError(message) from None

    def to_root_units(self) -> Quantity:
        """Convert to the root units of the registry."""
        return cast("Quantity", super().to_root_units())

    @property
    def unit_text(self) -> str:
        """The unit in short symbols: "USD/Mtoken"."""
        return _unit_text(self._units)

    def number(self, unit: str) -> float:
        """Plain float in a stated unit; the one way to leave units behind.

        Parameters
        ----------
        unit : str
            The unit of the number that comes back.

        Returns
        -------
        float
            For an exact value itself, for a range its median.

        Examples
        --------
        >>> import llm_economics as le
        >>> le.quantity("5 MWh").number("kWh")
        5000.0
        """
        found = self.to(unit)
        return float(found.median().magnitude if found.is_range else found.magnitude)

    # -- ranges -----------------------------------------------------------------------------------

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
            return Bounds(self, self)
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
            return self
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
            return LogLinear(self, self, self, 1.0, level)
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
            return self
        program = compile_program(self._magnitude)
        return self._like(program.run([v.distribution.median() for v in program.variables]))

    def median(self) -> Quantity:
        """The value that is exceeded with probability one half."""
        return self.quantiles(0.5)[0] if self.is_range else self

    def mean(self) -> Quantity:
        """Expected value (of a range), or mean of an array."""
        values = self.samples(method="lattice") if self.is_range else self
        return self._like(np.mean(values.magnitude, axis=-1 if self.is_range else None))

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

    def _like(self, magnitude: Any) -> Quantity:
        return cast("Quantity", self.__class__(magnitude, self._units))

    # -- display ----------------------------------------------------------------------------------

    def __format__(self, spec: str) -> str:
        """Format; for a range `spec` applies to each of its three numbers."""
        magnitude = self._magnitude
        if isinstance(magnitude, Uncertain) and not magnitude.shape:
            return self._range_text(_digits_of(spec))
        if isinstance(magnitude, Uncertain):
            return f"array of ranges, shape {magnitude.shape}, in {self.unit_text}"
        if not spec and isinstance(magnitude, (int, float, np.number)):
            return f"{short_number(float(magnitude), 6)} {self.unit_text}".rstrip()
        return super().__format__(spec if "~" in spec or not spec else f"{spec}~P")

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        return f"<Quantity {self}>"

    def _repr_html_(self) -> str:
        return html_escape(str(self))

    def _repr_latex_(self) -> None:
        return None

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: FBT001
        printer.text(repr(self) if cycle else str(self))

    def _range_text(self, digits: int = 3) -> str:
        try:
            half = DEFAULT_LEVEL / 2
            found = self.quantiles(0.5, 0.5 - half, 0.5 + half, points=_DISPLAY_POINTS)
        except LLMEconomicsError as error:
            return f"(range that cannot be evaluated: {error})"
        numbers = (float(x) for x in found.magnitude)
        return _with_kind(range_text(*numbers, digits), self.unit_text, "median", DEFAULT_LEVEL)

    # -- identity ---------------------------------------------------------------------------------

    def __copy__(self) -> Quantity:
        """Copy; a range stays the same range."""
        return self._like(self._magnitude)

    def __deepcopy__(self, memo: dict[int, Any]) -> Quantity:
        """Copy deeply; a range stays the same range."""
        magnitude = self._magnitude
        copied = magnitude.copy() if isinstance(magnitude, np.ndarray) else magnitude
        return self._like(copied)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle value, unit and identity, independent of any application registry."""
        return _restore_quantity, (self._magnitude, tuple(sorted(self._units.items())))


class Registry(pint.UnitRegistry):
    """pint's registry with our definitions and our `Quantity`."""

    Quantity = Quantity


def _build_registry() -> Registry:
    definitions = files("llm_economics.core").joinpath("units.txt")
    registry = Registry(None, autoconvert_offset_to_baseunit=False, cache_folder=None)
    registry.load_definitions(definitions.read_text(encoding="utf-8").splitlines())
    registry.formatter.default_format = "~P"
    return registry


ureg: Registry = _build_registry()
"""The registry of every quantity of this library."""


def use_as_application_registry() -> None:
    """Make this registry pint's application registry, so that plain `pint.Quantity` uses it.

    Never done at import: quantities that exist already would become foreign.
    """
    pint.set_application_registry(ureg)


def domestic(value: Any) -> Any:
    """Return a quantity of any registry as one of ours; other values as they are.

    Parameters
    ----------
    value : object
        Anything.

    Returns
    -------
    object
        A foreign quantity rebuilt by the names of its units, or, where a name is unknown here,
        by its root units in its own registry.

    Raises
    ------
    DimensionError
        If neither the unit nor its root units exist here.
    """
    if not isinstance(value, pint.Quantity) or getattr(value, "_REGISTRY", None) is ureg:
        return value
    for candidate in (value, value.to_root_units()):
        try:
            units = UnitsContainer({_root_name(n): p for n, p in candidate._units.items()})
        except (pint.UndefinedUnitError, AttributeError):
            continue
        return ureg.Quantity(candidate.magnitude, units)
    message = f"the unit of {value} is unknown here; convert it first, for example to joules"
    raise DimensionError(message)


@lru_cache(maxsize=1024)
def _root_name(name: str) -> str:
    return str(ureg.get_name(name))


def describe_dimension(value: Any) -> DimensionName | None:
    """Word for the dimension of a quantity or unit, None for an unnamed one."""
    dimension = getattr(value, "dimensionality", None)
    return None if dimension is None else _name_of(str(dimension))


@lru_cache(maxsize=512)
def _name_of(dimension: str) -> DimensionName | None:
    return _dimension_table().get(dimension)


@lru_cache(maxsize=1)
def _dimension_table() -> dict[str, DimensionName]:
    table: dict[str, DimensionName] = {}
    for name in DIMENSION_NAMES:
        table.setdefault(str(ureg.parse_units(name.unit).dimensionality), name)
    return table


def dimension_error(where: str, needed: Any, got: Any, example: str = "") -> DimensionError:
    """Build the error for a wrong dimension: what was needed, what came, what to write.

    Parameters
    ----------
    where : str
        The function and argument, or the expression.
    needed, got : quantity or number
        Something of the needed dimension, and what came.
    example : str
        A text of the needed dimension; by default a typical one.

    Returns
    -------
    DimensionError
        Not raised here.
    """
    need, came = describe_dimension(needed), describe_dimension(got)
    need_text = need.name if need else f"a unit like {getattr(needed, 'units', needed)}"
    example = example or (need.example if need else "")
    such_as = f", such as '{example}'" if example else ""
    came_text = came.name if came else _raw_dimension(got)
    guess = _suggestion(needed, got)
    hint = f" Did you mean '{guess}'?" if guess else ""
    message = f"{where} needs {need_text}{such_as}; got {got}, which is {came_text}.{hint}"
    return DimensionError(message)


def _raw_dimension(got: Any) -> str:
    if isinstance(got, pint.Quantity):
        return f"of dimension {got.dimensionality}"
    return "a plain number without a unit"


def _suggestion(needed: Any, got: Any) -> str:
    """Guess the slip: a missing or a surplus 'per second', as in MW for MWh."""
    if not isinstance(got, Quantity) or not isinstance(needed, (pint.Quantity, pint.Unit)):
        return ""
    hours = ureg.Quantity(1.0, "hour")
    value = f"{short_number(float(got.median().magnitude), 6)} " if not got.is_range else ""
    if (got * hours).dimensionality == needed.dimensionality:
        joiner = "h" if got.unit_text.endswith("W") else "*s"
        return f"{value}{got.unit_text}{joiner}"
    if (got / hours).dimensionality == needed.dimensionality:
        unit = got.unit_text.removesuffix("h")
        return f"{value}{unit}" if unit != got.unit_text else f"{value}{unit}/s"
    return ""


def _check_levels(levels: Iterable[float]) -> None:
    if not all(0 <= level <= 1 for level in levels):
        message = f"quantiles needs probabilities between 0 and 1, such as 0.05; got {levels}"
        raise RangeError(message)


def _with_kind(text: str, unit: str, kind: str, level: float) -> str:
    return f"{text} {unit}".rstrip() + f" ({kind}, {100 * level:.3g} %)"


def _digits_of(spec: str) -> int:
    digits = "".join(c for c in spec.partition(".")[2] if c.isdigit())
    return min(12, max(1, int(digits))) if digits else 3


@lru_cache(maxsize=2048)
def _unit_text(units: Any) -> str:
    # "million USD", not "USD·million": number words come first, as people say them.
    words = [word for word in _NUMBER_WORDS if units.get(word) == 1]
    rest = UnitsContainer({name: power for name, power in units.items() if name not in words})
    text = format(ureg.Unit(rest), "~P") if rest else ""
    return " ".join([*words, text]).strip()


def _restore_quantity(magnitude: Any, units: tuple[tuple[str, Any], ...]) -> Quantity:
    return cast("Quantity", ureg.Quantity(magnitude, UnitsContainer(dict(units))))
