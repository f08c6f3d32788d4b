"""The dimensions of the field as types, and the `law` decorator that checks them.

``power: Power`` in a signature says what a law takes, to the reader and, through `law`, to the
machine. A `Dimension` also knows physical limits (a share lies in [0, 1], PUE is at least 1) and
how to read what a person typed. Checking inside each formula was rejected: the formula should
read like the textbook line.
"""

from __future__ import annotations

import functools
import inspect
import typing
from typing import Annotated, Any, ParamSpec, cast

import attrs
import numpy as np
from pint.facets.plain import PlainQuantity

from llm_economics.core.dimension_errors import dimension_error
from llm_economics.core.display import ends_text, short_number
from llm_economics.core.errors import DimensionError, LLMEconomicsError, RangeError
from llm_economics.core.reading import QuantityLike, quantity
from llm_economics.core.registry import Quantity, domestic, ureg
from llm_economics.core.uncertain.distributions import Distribution, Swept, Truncated
from llm_economics.core.uncertain.graph import Uncertain, uncertain
from llm_economics.core.uncertain.grid import scattered, swept_inputs
from llm_economics.core.uncertain.variable import Variable

if typing.TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "LAWS",
    "AcceleratorCount",
    "AcceleratorTime",
    "Bandwidth",
    "Carbon",
    "CarbonIntensity",
    "Computation",
    "ComputationPerToken",
    "ComputeRate",
    "ComputeRatePerAccelerator",
    "Dimension",
    "Energy",
    "EnergyPerRequest",
    "EnergyPerToken",
    "Information",
    "InformationPerToken",
    "Money",
    "MoneyPerAccelerator",
    "MoneyPerAcceleratorTime",
    "MoneyPerEnergy",
    "MoneyPerRequest",
    "MoneyPerTime",
    "MoneyPerToken",
    "Number",
    "ParameterCount",
    "Power",
    "PowerPerAccelerator",
    "PowerUsageEffectiveness",
    "RequestRate",
    "Share",
    "Time",
    "TokenCount",
    "TokenRate",
    "TokenRatePerAccelerator",
    "TokensPerRequest",
    "WaterIntensity",
    "formula",
    "law",
]

P = ParamSpec("P")

# A distribution with less than this outside the limits is left as it is.
_OUTSIDE = 1e-9

_PERCENT = 100.0


@attrs.frozen(kw_only=True)
class Dimension:
    """A kind of quantity: its word, a unit that has it, an example, its physical limits."""

    name: str
    """The word: "power"."""

    unit: str
    """A unit of this dimension, in which limits are given; the unit of bare numbers, if allowed."""

    example: str
    """What a person could type."""

    bare_numbers: bool = False
    """Whether a number without a unit is clear enough: counts and shares."""

    lower: float | None = 0.0
    """Smallest possible value, in `unit`."""

    upper: float | None = None
    """Largest possible value, in `unit`."""

    also: tuple[tuple[str, str], ...] = ()
    """Other units that are taken, with the divisor that bridges: ("token", "request")."""

    def read(self, value: QuantityLike, *, name: str | None = None, source: str = "") -> Quantity:
        """Read a value, check its dimension and limits.

        Parameters
        ----------
        value : quantity, text, number, tuple or ufloat
            What came.
        name, source : str, optional
            Label of the range, if a fresh one is made.

        Returns
        -------
        Quantity
            The value in its own unit.

        Raises
        ------
        DimensionError
            If it has another dimension, or no unit where one is needed.
        RangeError
            If it is outside the limits, or not finite.
        """
        fresh = not isinstance(value, (PlainQuantity, Uncertain))
        bare = fresh and not isinstance(value, str) and not _has_unit(value)
        if bare and not self.bare_numbers:
            message = (
                f"needs {self.name} with a unit, such as '{self.example}'; "
                f"got the bare number {value!r}"
            )
            raise DimensionError(message)
        unit = self.unit if bare else None
        read = quantity(value, unit, name=name, source=source)
        return self.admit(read, fresh=fresh)

    def admit(self, value: Quantity, *, fresh: bool = False) -> Quantity:
        """Check dimension and limits of a quantity; `fresh` as for `limit`."""
        return self.limit(self.check(self._bridged(value)), fresh=fresh)

    def check(self, value: Quantity) -> Quantity:
        """Return the value if it has this dimension.

        Raises
        ------
        DimensionError
            If it has another one.
        """
        if value.dimensionality == _dimensionality(self.unit):
            return value
        # A count may be given as a plain number, and a plain number may be a text.
        if self.bare_numbers and value.dimensionless:
            return value.to("") * ureg.Quantity(1.0, self.unit)
        error = dimension_error("", ureg.Quantity(1.0, self.unit), value, self.example)
        text = str(error).strip().replace("needs a plain number", f"needs {self.name}", 1)
        raise DimensionError(text)

    def limit(self, value: Quantity, *, fresh: bool = False) -> Quantity:
        """Return the value if it is inside the limits; cut the tails of a range that are not.

        Parameters
        ----------
        value : Quantity
            The value.
        fresh : bool
            Whether the range was made a moment ago, so that nothing else shares it yet. Then
            its distribution is truncated; a shared one keeps its identity and is clipped.

        Returns
        -------
        Quantity
            The value, inside the limits.

        Raises
        ------
        RangeError
            If an exact value or a quoted end is outside.
        """
        if self.lower is None and self.upper is None:
            return value
        # Zero is zero in every unit, so the commonest limit needs no conversion.
        if self.upper is None and self.lower == 0.0 and _is_never_negative(value.magnitude):
            return value
        if not isinstance(value.magnitude, Uncertain):
            self._refuse_outside(value, np.asarray(value.to(self.unit).magnitude))
            return value
        node = value.magnitude
        if node.operation == "variable":
            return self._limit_variable(value, node.payload, fresh=fresh)
        return self._limit_computed(value)

    def _bridged(self, value: Quantity) -> Quantity:
        for unit, divisor in self.also:
            if value.dimensionality == _dimensionality(unit):
                return value / ureg.Quantity(1.0, divisor)
        return value

    def _ends(self, value: Quantity) -> tuple[float | None, float | None]:
        """Limits expressed in the unit of `value`."""
        ends = (self.lower, self.upper)
        low, high = (
            None if e is None else float(ureg.Quantity(e, self.unit).to(value.units).magnitude)
            for e in ends
        )
        return low, high

    def _limit_variable(self, value: Quantity, variable: Variable, *, fresh: bool) -> Quantity:
        distribution = variable.distribution
        self._refuse_outside(
            value, ureg.Quantity(np.array(distribution.quoted), value.units).to(self.unit).magnitude
        )
        if isinstance(distribution, Swept):
            return value
        low, high = self._ends(value)
        if _mass_outside(distribution, low, high) < _OUTSIDE:
            return value
        if not fresh:
            return self._clipped(value, low, high)
        keyed = variable.stream == variable.token
        cut = Variable.create(
            Truncated(distribution, low, high),
            key=f"{variable.token} within {low} to {high}" if keyed else None,
            name=variable.name,
            unit=variable.unit,
            source=variable.source,
        )
        return ureg.Quantity(uncertain(cut), value.units)

    def _limit_computed(self, value: Quantity) -> Quantity:
        low, high = self._ends(value)
        node = value.magnitude
        swept = bool(swept_inputs(node))
        drawn = scattered(node) if swept else value.quantiles(0.0, 1.0).magnitude
        if (low is None or np.all(drawn >= low)) and (high is None or np.all(drawn <= high)):
            return value
        middle = value._like(scattered(node, central=True)) if swept else value.median()  # noqa: SLF001
        self._refuse_outside(value, np.asarray(middle.to(self.unit).magnitude))
        return self._clipped(value, low, high)

    def _clipped(self, value: Quantity, low: float | None, high: float | None) -> Quantity:
        node: Any = value.magnitude
        node = node if low is None else np.maximum(node, low)
        node = node if high is None else np.minimum(node, high)
        return ureg.Quantity(node, value.units)

    def _refuse_outside(self, value: Quantity, numbers: Any) -> None:
        unit = "" if self.unit == "dimensionless" else f" {self.unit}"
        if self.lower is not None and np.any(numbers < self.lower):
            message = f"needs at least {short_number(self.lower)}{unit}; got {_quoted(value)}"
            raise RangeError(message)
        if self.upper is not None and np.any(numbers > self.upper):
            message = f"needs at most {short_number(self.upper)}{unit}; got {_quoted(value)}"
            # A share typed as a percentage is the usual slip.
            percent = self.upper == 1 and value.units == "" and np.all(numbers <= _PERCENT)
            hint = f". Did you mean '{_quoted(value)} %'?" if percent else ""
            raise RangeError(message + hint)


def _has_unit(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 3  # noqa: PLR2004


def _quoted(value: Quantity) -> str:
    if not value.is_range:
        return str(value)
    low, high = value.bounds()
    return ends_text(float(low.magnitude), float(high.magnitude), value.unit_text)


def _is_never_negative(magnitude: Any) -> bool:
    """Whether it can be seen at once that a number, or a quoted range, is not below zero."""
    if isinstance(magnitude, float):
        return magnitude >= 0.0
    if isinstance(magnitude, Uncertain) and magnitude.operation == "variable":
        distribution: Distribution = magnitude.payload.distribution
        return distribution.quoted[0] >= 0.0 and distribution.below(0.0) < _OUTSIDE
    return False


def _mass_outside(distribution: Distribution, low: float | None, high: float | None) -> float:
    below = 0.0 if low is None else distribution.cdf(low)
    above = 0.0 if high is None else 1.0 - distribution.cdf(high)
    return below + above


@functools.lru_cache(maxsize=256)
def _dimensionality(unit: str) -> Any:
    return ureg.parse_units(unit).dimensionality


def _dimension(name: str, unit: str, example: str, **more: Any) -> Dimension:
    return Dimension(name=name, unit=unit, example=example, **more)


Number = Annotated[
    Quantity, _dimension("a plain number", "dimensionless", "1.5", bare_numbers=True)
]
"""A plain number, not negative."""

Share = Annotated[
    Quantity, _dimension("a share", "dimensionless", "0.4", bare_numbers=True, upper=1.0)
]
"""A plain number from 0 to 1: a utilization, a fraction."""

PowerUsageEffectiveness = Annotated[
    Quantity,
    _dimension("PUE", "dimensionless", "1.1-1.3", bare_numbers=True, lower=1.0),
]
"""Energy of the facility over energy of its IT equipment: at least 1."""

Time = Annotated[Quantity, _dimension("time", "second", "30 day")]
Energy = Annotated[Quantity, _dimension("energy", "joule", "5 MWh")]
Power = Annotated[Quantity, _dimension("power", "watt", "700 W")]
PowerPerAccelerator = Annotated[
    Quantity, _dimension("power per accelerator", "watt/accelerator", "700 W/accelerator")
]
Information = Annotated[Quantity, _dimension("information", "byte", "80 GiB")]
InformationPerToken = Annotated[
    Quantity, _dimension("information per token", "byte/token", "56 KiB/token")
]
Bandwidth = Annotated[Quantity, _dimension("bandwidth", "byte/second", "3.35 TB/s")]
Computation = Annotated[Quantity, _dimension("computation", "FLOP", "2e25 FLOP")]
ComputationPerToken = Annotated[
    Quantity, _dimension("computation per token", "FLOP/token", "140 GFLOP/token")
]
ComputeRate = Annotated[Quantity, _dimension("a compute rate", "FLOP/second", "989 TFLOP/s")]
ComputeRatePerAccelerator = Annotated[
    Quantity,
    _dimension(
        "a compute rate per accelerator", "FLOP/second/accelerator", "989 TFLOP/s/accelerator"
    ),
]
ParameterCount = Annotated[
    Quantity,
    _dimension("a number of parameters", "parameter", "70 Gparameter", bare_numbers=True),
]
TokenCount = Annotated[
    Quantity, _dimension("a number of tokens", "token", "15 Ttoken", bare_numbers=True)
]
TokensPerRequest = Annotated[
    Quantity,
    _dimension(
        "tokens per request",
        "token/request",
        "500 token",
        bare_numbers=True,
        also=(("token", "request"),),
    ),
]
TokenRate = Annotated[Quantity, _dimension("a token rate", "token/second", "900 token/s")]
TokenRatePerAccelerator = Annotated[
    Quantity,
    _dimension("tokens per second and accelerator", "token/second/accelerator", "400 token/s"),
]
RequestRate = Annotated[
    Quantity, _dimension("a request rate", "request/second", "2.5e9 request/day")
]
AcceleratorCount = Annotated[
    Quantity,
    _dimension("a number of accelerators", "accelerator", "16384 accelerator", bare_numbers=True),
]
AcceleratorTime = Annotated[
    Quantity, _dimension("accelerator-time", "accelerator*hour", "3e6 accelerator*hour")
]
Money = Annotated[Quantity, _dimension("money", "USD", "5 MUSD")]
MoneyPerAccelerator = Annotated[
    Quantity,
    _dimension(
        "money per accelerator",
        "USD/accelerator",
        "45-55 kUSD",
        also=(("USD", "accelerator"),),
    ),
]
MoneyPerAcceleratorTime = Annotated[
    Quantity,
    _dimension("a price per accelerator-hour", "USD/accelerator/hour", "2 USD/accelerator/hour"),
]
MoneyPerTime = Annotated[Quantity, _dimension("money per time", "USD/hour", "2 USD/hour")]
MoneyPerEnergy = Annotated[Quantity, _dimension("a price of energy", "USD/joule", "0.08 USD/kWh")]
MoneyPerToken = Annotated[Quantity, _dimension("money per token", "USD/token", "3 USD/Mtoken")]
MoneyPerRequest = Annotated[
    Quantity, _dimension("money per request", "USD/request", "0.002 USD/request")
]
EnergyPerToken = Annotated[Quantity, _dimension("energy per token", "joule/token", "2 J/token")]
EnergyPerRequest = Annotated[
    Quantity, _dimension("energy per request", "joule/request", "0.3 Wh/request")
]
Carbon = Annotated[Quantity, _dimension("carbon", "gCO2e", "8930 tCO2e")]
CarbonIntensity = Annotated[
    Quantity, _dimension("carbon intensity", "gCO2e/joule", "384 gCO2e/kWh")
]
WaterIntensity = Annotated[Quantity, _dimension("water intensity", "litre/joule", "1.1 L/kWh")]


LAWS: dict[str, Callable[..., Quantity]] = {}
"""Every law of the library by name, for the formulary."""


def law(unit: str) -> Callable[[Callable[P, Quantity]], Callable[P, Quantity]]:
    """Declare a formula as a law: arguments and result are checked against its signature.

    Parameters
    ----------
    unit : str
        The unit in which the result is returned.

    Returns
    -------
    callable
        A decorator. The bare formula, which runs on any kind of number, is `formula(law)`.

    Raises
    ------
    TypeError
        At import, if an argument of a law declares no dimension.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.core.dimensions import Energy, Power, Time, law
    >>> @law("kWh")
    ... def energy_used(*, power: Power, duration: Time) -> Energy:
    ...     return power * duration
    >>> print(energy_used(power=le.quantity("700 W"), duration=le.quantity("1 day")))
    16.8 kWh
    >>> energy_used(power=le.quantity("700 Wh"), duration=le.quantity("1 day"))
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.DimensionError: energy_used(power) needs power, such as '700 W'; \
got 700 Wh, which is energy. Did you mean '700 W'?
    """

    def declare(function: Callable[P, Quantity]) -> Callable[P, Quantity]:
        signature = inspect.signature(function)
        names = tuple(signature.parameters)

        # The hints are looked up at the first call: their names may not exist at import yet.
        @functools.lru_cache(maxsize=1)
        def declared() -> dict[str, Dimension | None]:
            return _declared_dimensions(function, names)

        @functools.wraps(function)
        def checked(*args: P.args, **kwargs: P.kwargs) -> Quantity:
            bound = signature.bind(*args, **kwargs)
            for name, value in bound.arguments.items():
                dimension = declared()[name]
                if dimension is not None:
                    where = f"{function.__name__}({name})"
                    bound.arguments[name] = _checked_argument(dimension, value, where)
            return cast("Quantity", domestic(function(*bound.args, **bound.kwargs))).to(unit)

        checked.declared = declared  # type: ignore[attr-defined]
        checked.unit = unit  # type: ignore[attr-defined]
        LAWS[function.__name__] = checked
        return checked

    return declare


def formula(of: Callable[..., Any]) -> Callable[..., Any]:
    """Return the bare formula of a law: runs on floats, arrays, ufloats and quantities alike."""
    return cast("Callable[..., Any]", inspect.unwrap(of))


def _declared_dimensions(
    function: Callable[..., Any], names: tuple[str, ...]
) -> dict[str, Dimension | None]:
    hints = typing.get_type_hints(function, include_extras=True)
    found: dict[str, Dimension | None] = {}
    for name in names:
        extras = getattr(hints[name], "__metadata__", ())
        found[name] = next((e for e in extras if isinstance(e, Dimension)), None)
    return found


def _checked_argument(dimension: Dimension, value: Any, where: str) -> Quantity:
    try:
        return dimension.read(value)
    except LLMEconomicsError as error:
        raise type(error)(f"{where} {error}") from None
