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

import re
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

import numpy as np
import pint
from pint.facets.measurement.objects import Measurement as PintMeasurement
from pint.facets.plain import PlainQuantity, PlainUnit
from pint.registry import Quantity as PintQuantity
from pint.registry import UnitRegistry
from pint.util import UnitsContainer

from llm_economics.core.answers import with_kind
from llm_economics.core.counting import whole_quantity
from llm_economics.core.dimension_errors import dimension_error
from llm_economics.core.display import array_text, html_escape, range_text, short_number
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    NotationError,
    RangeError,
)
from llm_economics.core.evaluation import DEFAULT_LEVEL, Evaluation
from llm_economics.core.foreign import translated
from llm_economics.core.notation import parse
from llm_economics.core.quantity_data import PlainData
from llm_economics.core.uncertain.graph import Uncertain, split_scale
from llm_economics.core.uncertain.grid import swept_text
from llm_economics.core.uncertain.linear import from_ufloat, is_ufloat
from llm_economics.core.uncertain.sampling import estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "Measurement",
    "Quantity",
    "Registry",
    "domestic",
    "operands",
    "ureg",
    "use_as_application_registry",
]

_TEXTS_KEPT = 4096  # unit texts that need not be read again

_NUMBER_WORDS = ("thousand", "million", "billion", "trillion")


class Quantity(Evaluation, PlainData, PintQuantity[Any]):
    """A value with a unit; the value may be exact, an array, or a range.

    Usually made by `quantity` or `between`. Everything of `pint.Quantity` works.

    Parameters
    ----------
    value : number, array, text, ufloat, quantity or Uncertain
        The magnitude; a text is an exact figure with its unit, such as "700 W". Whole numbers
        become floats, since arrays of them overflow silently.
    units : str or unit, optional
        The unit.

    Examples
    --------
    >>> import llm_economics as le
    >>> energy = le.Quantity(7, "MW") * le.Quantity(30, "day")
    >>> print(energy.to("GWh"))
    5.04 GWh
    """

    def __new__(cls, value: Any, units: Any = None) -> Quantity:  # noqa: PYI034 - ureg's own class
        """Build in the one registry, whichever class was called."""
        if cls is Quantity:
            return ureg.Quantity(value, units)
        if isinstance(value, str):
            made = _from_text(value)
            return made if units is None else made.to(units)
        if type(value) is not float and not isinstance(value, Uncertain):
            value = _as_magnitude(domestic(value))
        return cast("Quantity", super().__new__(cls, value, units))

    # -- arithmetic: pint's, with foreign quantities let in and errors made readable ------------

    def __add__(self, other: Any) -> Quantity:
        return self._combine("+", "__add__", other)

    def __radd__(self, other: Any) -> Quantity:
        return self._combine("+", "__radd__", other)

    def __sub__(self, other: Any) -> Quantity:
        return self._combine("-", "__sub__", other)

    def __rsub__(self, other: Any) -> Quantity:
        return self._combine("-", "__rsub__", other)

    def __mul__(self, other: Any) -> Quantity:
        return self._combine("*", "__mul__", other)

    def __rmul__(self, other: Any) -> Quantity:
        return self._combine("*", "__rmul__", other)

    def __truediv__(self, other: Any) -> Quantity:
        return self._combine("/", "__truediv__", other)

    def __rtruediv__(self, other: Any) -> Quantity:
        return self._combine("/", "__rtruediv__", other)

    def __floordiv__(self, other: Any) -> Quantity:
        return self._combine("//", "__floordiv__", other)

    def __mod__(self, other: Any) -> Quantity:
        return self._combine("%", "__mod__", other)

    def __pow__(self, other: Any) -> Quantity:
        base, exponent = operands(self, other)
        if not isinstance(exponent, (Quantity, Uncertain)):
            return self._combine("**", "__pow__", other)
        known = exponent if isinstance(exponent, Quantity) else ureg.Quantity(exponent)
        if not known.is_range:
            return self._combine("**", "__pow__", known)
        return ureg.Quantity(base.to("").magnitude ** known.to("").magnitude)

    def __rpow__(self, other: Any) -> Any:
        base, exponent = operands(other, self)
        raised = base ** exponent.to("").magnitude
        return ureg.Quantity(raised) if isinstance(raised, Uncertain) else raised

    # `x += y` gives x a new value; it does not reach into arrays that others hold.
    __iadd__ = __add__  # type: ignore[assignment]
    __isub__ = __sub__
    __imul__ = __mul__
    __itruediv__ = __truediv__
    __ifloordiv__ = __floordiv__
    __imod__ = __mod__
    __ipow__ = __pow__

    def __neg__(self) -> Quantity:
        return self._like(-self._magnitude)

    def __pos__(self) -> Quantity:
        return self._like(+self._magnitude)

    def __abs__(self) -> Quantity:
        if is_ufloat(self._magnitude):  # its own abs() warns that it will go
            return -self if self._magnitude.nominal_value < 0 else self
        return self._like(abs(self._magnitude))

    def __lt__(self, other: Any) -> Any:
        return self._compared("<", "__lt__", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("<=", "__le__", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(">", "__gt__", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(">=", "__ge__", other)

    def __eq__(self, other: object) -> Any:
        """Compare values to twelve digits; ranges, as expressions of the same inputs."""
        known = domestic(other)
        several = isinstance(self._magnitude, np.ndarray)
        if several or not isinstance(known, Quantity) or isinstance(known.magnitude, np.ndarray):
            return cast("Any", super()).__eq__(known)
        same_dimension: bool = self.dimensionality == known.dimensionality
        return same_dimension and self._key() == known._key()

    def __ne__(self, other: object) -> Any:
        """Negate equality."""
        equal = self == other
        return np.logical_not(equal) if isinstance(equal, np.ndarray) else not equal

    def __hash__(self) -> int:
        # A plain number has the hash of the float that it equals.
        return hash(self._key() if self.dimensionless else (self._key(), self.dimensionality))

    def _key(self) -> Any:
        """What equal quantities share, whatever their units."""
        root = self.to_root_units().magnitude
        if isinstance(root, Uncertain):
            node, factor = split_scale(root)
            return node, _twelve_digits(factor)
        return _twelve_digits(root) if isinstance(root, float) else root

    def __iter__(self) -> Iterator[Quantity]:
        return cast("Iterator[Quantity]", super().__iter__())

    def __getitem__(self, key: Any) -> Quantity:
        """Element or slice of an array."""
        return self._like_pint(cast("Any", super()).__getitem__(key))

    def __float__(self) -> float:
        return float(self._plain("float"))

    def __int__(self) -> int:
        return int(self._plain("int"))

    def __complex__(self) -> complex:
        return complex(self._plain("complex"))

    def __ceil__(self) -> Any:
        return _plain_or_counted(whole_quantity(np.ceil, self))

    def __floor__(self) -> Any:
        return _plain_or_counted(whole_quantity(np.floor, self))

    def _plain(self, what: str) -> Any:
        if self.dimensionless:
            return self.to("").magnitude
        if self.is_range:
            return self._magnitude
        message = f"{what}({self}) would lose the unit; write .number('{self.unit_text}')"
        raise DimensionError(message)

    def _combine(self, symbol: str, name: str, other: Any) -> Quantity:
        mine, known = _met(self, domestic(other))
        known = float(known) if isinstance(known, Decimal) else known
        try:
            return cast("Quantity", getattr(super(Quantity, mine), name)(known))
        except pint.DimensionalityError:
            raise dimension_error(f"{self} {symbol} {known}", self, known) from None

    def _compared(self, symbol: str, name: str, other: Any) -> Any:
        known = domestic(other)
        number = not isinstance(known, Quantity)
        if number and not self.dimensionless and (isinstance(known, str) or np.any(known)):
            raise dimension_error(f"{self} {symbol} {known}", self, known)
        return self._combine(symbol, name, known)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Apply a NumPy function: pint's rules, with whole numbers only of what is counted."""
        known = operands(*inputs)
        if ufunc in _WHOLE and method == "__call__" and not kwargs:
            return whole_quantity(ufunc, known[0])
        try:
            return cast("Any", super()).__array_ufunc__(ufunc, method, *known, **kwargs)
        except (pint.DimensionalityError, DimensionError) as error:
            raise _numpy_error(ufunc.__name__, known, error) from None

    def __array_function__(
        self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Apply a NumPy function: pint's rules, with readable errors."""
        known = operands(*args)
        try:
            return cast("Any", super()).__array_function__(func, types, known, kwargs)
        except (pint.DimensionalityError, DimensionError) as error:
            raise _numpy_error(func.__name__, known, error) from None

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
            made = self._like_pint(super().to(other, *contexts, **ctx_kwargs))
        except pint.DimensionalityError:
            target = other if isinstance(other, Quantity) else ureg.Quantity(1.0, other)
            raise dimension_error(f"({self}).to({str(other)!r})", target, domestic(self)) from None
        except pint.UndefinedUnitError as error:
            message = f"({self}).to({str(other)!r}): {error}"
            raise DimensionError(message) from None
        if self._origin is not None:
            made._origin = self._origin  # noqa: SLF001 - of the same class
        return made

    def to_root_units(self) -> Quantity:
        """Convert to the root units of the registry."""
        return self._like_pint(super().to_root_units())

    def to_compact(self, unit: Any = None) -> Quantity:
        """Convert to the prefix that makes the number short; for a range, its median.

        Parameters
        ----------
        unit : str or unit, optional
            The unit to put a prefix to; by default its own.

        Returns
        -------
        Quantity
            The same quantity with another prefix.
        """
        if self.is_range:
            return self.to(self.median().to_compact(unit).units)
        return self._like_pint(super().to_compact(unit))

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
        value = found.median().magnitude if found.is_range else found.magnitude
        if np.ndim(value):
            message = (
                f"number() gives one number; this is an array of shape {np.shape(value)}: "
                f"write .to({unit!r}).magnitude"
            )
            raise RangeError(message)
        return float(value)

    @staticmethod
    def _like_pint(made: Any) -> Quantity:
        # Versions of pint differ in what they declare to return; it is always our class.
        return cast("Quantity", made)

    def _like(self, magnitude: Any) -> Quantity:
        made: Quantity = self.__class__(magnitude, self._units)
        return made

    # -- display ----------------------------------------------------------------------------------

    def __format__(self, spec: str) -> str:
        """Format; for a range `spec` applies to each of its three numbers."""
        magnitude = self._magnitude
        if isinstance(magnitude, Uncertain) and not magnitude.shape:
            return self._range_text(_digits_of(spec))
        if isinstance(magnitude, Uncertain):
            return f"array of ranges, shape {magnitude.shape}, in {self.unit_text}"
        if isinstance(magnitude, float) and (not spec or _PLAIN_DIGITS.fullmatch(spec)):
            digits = _digits_of(spec) if spec else _EXACT_DIGITS
            return f"{short_number(magnitude, digits)} {self.unit_text}".rstrip()
        if not spec and isinstance(magnitude, np.ndarray) and magnitude.dtype.kind == "f":
            return f"{array_text(magnitude, _EXACT_DIGITS)} {self.unit_text}".rstrip()
        if not spec and is_ufloat(magnitude):
            return f"{magnitude:P} {self.unit_text}".rstrip()
        text = super().__format__(spec if "~" in spec or not spec else f"{spec}~P")
        return _one_dot(text)

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
        swept = swept_text(self._magnitude, self.unit_text)
        if swept:
            return swept
        half = DEFAULT_LEVEL / 2
        try:
            found = estimate(self._magnitude, [0.5, 0.5 - half, 0.5 + half])
        except LLMEconomicsError as error:
            return f"(range that cannot be evaluated: {error})"
        middle, low, high = found.quantiles.tolist()
        of_middle, of_low, of_high = found.quantile_errors.tolist()
        text = range_text(middle, low, high, digits, (of_middle, of_low, of_high))
        return with_kind(text, self.unit_text, "median", DEFAULT_LEVEL)

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


class Measurement(PintMeasurement, Quantity):
    """pint's measurement, a value with a standard deviation, that can meet ranges.

    Made by ``ureg.Measurement(700, 35, "W")`` and by ``quantity.plus_minus(35)``.
    """

    def __format__(self, spec: str) -> str:
        return Quantity.__format__(self, spec)  # pint's own warns

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a quantity, independent of any application registry."""
        return Quantity.__reduce__(self)


class Registry(UnitRegistry[Any]):
    """pint's registry with our definitions and our `Quantity`."""

    Quantity: TypeAlias = Quantity
    Measurement = Measurement

    _texts: ClassVar[dict[Any, UnitsContainer]] = {}

    def parse_units_as_container(
        self,
        input_string: str,
        as_delta: bool | None = None,  # noqa: FBT001 - as in pint
        case_sensitive: bool | None = None,  # noqa: FBT001
    ) -> UnitsContainer:
        """Units that a text names; what was read before is remembered.

        Versions of pint before 0.26 read prefixed names such as kWh anew each time.
        """
        key = (input_string, as_delta, case_sensitive)
        known = self._texts.get(key)
        if known is None:
            known = super().parse_units_as_container(input_string, as_delta, case_sensitive)
            if len(self._texts) >= _TEXTS_KEPT:
                self._texts.clear()
            self._texts[key] = known
        return known

    def define(self, definition: Any) -> None:
        """Add a unit; texts may mean something else from now on."""
        self._texts.clear()
        super().define(definition)


def _build_registry() -> Registry:
    definitions = files("llm_economics.core").joinpath("units.txt")
    registry = Registry(None, autoconvert_offset_to_baseunit=False, cache_folder=None)
    registry.load_definitions(definitions.read_text(encoding="utf-8").splitlines())
    registry.formatter.default_format = "~P"
    return registry


ureg: Registry = _build_registry()
"""The registry of every quantity of this library."""

# For pint's class methods, such as `from_list`.
Quantity._REGISTRY = ureg  # noqa: SLF001 - it is our own


def use_as_application_registry() -> None:
    """Make this registry pint's application registry, so that plain `pint.Quantity` uses it.

    Never done at import: quantities that exist already would become foreign.
    """
    cast("Any", pint).set_application_registry(ureg)


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
        by its root units in its own registry; a measurement as a quantity of its ufloat.

    Raises
    ------
    DimensionError
        If neither the unit nor its root units exist here.
    """
    if not isinstance(value, (PlainQuantity, PlainUnit)) or value._REGISTRY is ureg:  # noqa: SLF001 - pint has no other way
        if not isinstance(value, Measurement):
            return value
        return ureg.Quantity(value.magnitude, value.units)
    if isinstance(value, PlainUnit):
        value = value._REGISTRY.Quantity(1.0, value)  # noqa: SLF001 - as above
    return ureg.Quantity(*translated(value, ureg))


def operands(*values: Any) -> tuple[Any, ...]:
    """Make what meets in one operation fit together.

    Parameters
    ----------
    *values : object
        Quantities of any registry, ufloats, numbers, arrays, ...

    Returns
    -------
    tuple
        Each as `domestic` gives it; beside a range, a ufloat as a range that stays correlated
        with all that rests on the same ufloat.
    """
    known = tuple(map(domestic, values))
    return tuple(map(_as_range, known)) if any(map(_is_range, known)) else known


def _met(first: Quantity, second: Any) -> tuple[Quantity, Any]:
    """Both operands; the one beside a range as a range, if it is a ufloat."""
    if first.is_range:
        return first, _as_range(second)
    return (_as_range(first) if _is_range(second) else first), second


def _is_range(value: Any) -> bool:
    return isinstance(value.magnitude if isinstance(value, Quantity) else value, Uncertain)


def _as_range(value: Any) -> Any:
    if isinstance(value, Quantity):
        inner = value.magnitude
        return ureg.Quantity(from_ufloat(inner), value.units) if is_ufloat(inner) else value
    return from_ufloat(value) if is_ufloat(value) else value


def _from_text(text: str) -> Quantity:
    read = parse(text)
    if read.form != "exact":
        message = f"Quantity({text!r}) is a range; write le.quantity({text!r})"
        raise NotationError(message)
    return ureg.Quantity(read.low, read.unit)


def _as_magnitude(value: Any) -> Any:
    """Numbers as floats: arrays of whole numbers would overflow silently."""
    if isinstance(value, (bool, PlainQuantity)):
        return value
    if isinstance(value, (Real, Decimal)):
        return float(value)
    if isinstance(value, (list, tuple)):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        value = value.astype(np.float64)
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _plain_or_counted(value: Quantity) -> Any:
    number = value.magnitude
    return int(number) if isinstance(number, float) and value.unitless else value


_WHOLE = frozenset({np.ceil, np.floor})

_EXACT_DIGITS = 6
_PLAIN_DIGITS = re.compile(r"\.\d+g")


def _numpy_error(name: str, values: tuple[Any, ...], error: Exception) -> DimensionError:
    quantities = [value for value in values if isinstance(value, Quantity)]
    unlike = [q for q in quantities if q.dimensionality != quantities[0].dimensionality]
    if unlike:
        return dimension_error(f"np.{name}({quantities[0]}, {unlike[0]})", quantities[0], unlike[0])
    return DimensionError(f"np.{name}: {error}")


def _twelve_digits(value: float) -> float:
    # Two ways through units differ in the last digits of a float.
    return float(f"{value:.11e}")


def _digits_of(spec: str) -> int:
    digits = "".join(c for c in spec.partition(".")[2] if c.isdigit())
    return min(12, max(1, int(digits))) if digits else 3


@lru_cache(maxsize=2048)
def _unit_text(units: Any) -> str:
    # "million USD", not "USD·million": number words come first, as people say them.
    words = [word for word in _NUMBER_WORDS if units.get(word) == 1]
    rest = UnitsContainer({name: power for name, power in units.items() if name not in words})
    text = _one_dot(format(ureg.Unit(rest), "~P")) if rest else ""
    return " ".join([*words, text]).strip()


def _one_dot(text: str) -> str:
    # Versions of pint differ in the sign of multiplication.
    return text.replace("\u22c5", "\u00b7")


def _restore_quantity(magnitude: Any, units: tuple[tuple[str, Any], ...]) -> Quantity:
    return ureg.Quantity(magnitude, UnitsContainer(dict(units)))
