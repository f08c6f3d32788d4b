"""Which inputs of a result are swept: found by name, their axes checked against them.

A keyword names an input; its axis must fit in dimension and stay inside physical limits. Axes that
stand in the formula already are found by themselves. Every slip is refused here, when the sweep is
typed, with the names that exist.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.display import ends_text, short_number
from llm_economics.core.errors import DimensionError, RangeError, UnknownNameError
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.distributions import Truncated
from llm_economics.core.uncertain.graph import Uncertain, split_scale
from llm_economics.core.uncertain.grid import GridAxis
from llm_economics.core.uncertain.program import compile_program

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.distributions import Distribution
    from llm_economics.core.uncertain.variable import Variable

__all__ = ["SweptInput", "find_swept"]

_ROUNDING = 1e-12  # relative distance beyond a limit that a change of unit may bring


@attrs.frozen(eq=False)
class SweptInput:
    """One swept input: its name, its values, and where it stands in the formula."""

    name: str
    axis: GridAxis
    unit: Any
    """Unit of the values."""

    source: str = ""

    @property
    def count(self) -> int:
        """How many values there are."""
        return self.axis.swept.count


def find_swept(
    result: Quantity, axes: Mapping[str, Quantity] | None, named: Mapping[str, Quantity]
) -> tuple[SweptInput, ...]:
    """Find the swept inputs of a result.

    Parameters
    ----------
    result : Quantity
        What depends on the inputs.
    axes, named : mapping of str to Quantity
        For each input, by name, its axis.

    Returns
    -------
    tuple of SweptInput
        Those that are named come first, then those whose axis stands in the formula.

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
    node = result.magnitude
    if not isinstance(node, Uncertain):
        message = (
            f"sweep() needs a result that depends on inputs with a range; {result} is exact. "
            "Put le.axis(...) in place of the value that should run"
        )
        raise RangeError(message)
    if node.shape:
        message = (
            f"sweep() needs one number; this is an array of shape {node.shape}. Sweep one "
            "element, or put le.axis(values) in place of the array"
        )
        raise RangeError(message)
    variables = compile_program(node).variables
    asked = _merged(axes, named)
    found = [_named(result, variables, name, axis) for name, axis in asked.items()]
    taken = {swept.axis.place for swept in found}
    found += [
        SweptInput(v.name, GridAxis(place, v.distribution), _unit(result, v).units, v.source)
        for place, v in enumerate(variables)
        if isinstance(v.distribution, Swept) and place not in taken
    ]
    _check_names(found, variables)
    return tuple(found)


def _merged(axes: Any, named: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """Axes of both kinds, each name once."""
    if axes is None:
        return dict(named)
    if not isinstance(axes, Mapping):
        message = (
            "sweep() needs its axes by name, as in sweep(price=le.axis(...)) or "
            f"sweep({{'price': le.axis(...)}}); got {axes!r}"
        )
        raise RangeError(message)
    twice = sorted(set(axes) & set(named))
    if twice:
        raise RangeError(f"sweep: {twice[0]!r} is given twice; give it once")
    return {**axes, **named}


def _named(
    result: Quantity, variables: Sequence[Variable], name: str, axis: Quantity
) -> SweptInput:
    """SweptInput of an input that is swept by name."""
    place = _place(variables, name)
    variable = variables[place]
    node, unit = _axis_parts(name, axis)
    if variable.joint is not None:
        others = ", ".join(n for n in variable.joint.names if n != variable.name)
        message = (
            f"sweep: {name!r} cannot be swept: it is rank-correlated with {others}, so that each "
            "of its values goes with other ranges of theirs. Sweep a result without correlation"
        )
        raise RangeError(message)
    factor = _factor(result, variable, axis, unit)
    found = SweptInput(name, GridAxis(place, node, factor), unit, variable.source)
    _check_limits(variable, found)
    return found


def _place(variables: Sequence[Variable], name: str) -> int:
    """Where the one input of this name stands."""
    names = [variable.name for variable in variables]
    places = [place for place, known in enumerate(names) if known == name]
    if not places:
        hint = (
            f"The inputs of this result are {', '.join(map(repr, names))}. To sweep an exact "
            "value, put le.axis(...) in its place."
        )
        raise UnknownNameError(name, names, "input", hint=hint)
    if len(places) > 1:
        several = "; ".join(_described(variables[place]) for place in places)
        message = (
            f"sweep: {len(places)} inputs of this result are called {name!r}: {several}. Give "
            "each a name of its own, as in le.between(..., name='...')"
        )
        raise RangeError(message)
    return places[0]


def _described(variable: Variable) -> str:
    text = f"{variable.distribution.describe()} {variable.unit}".rstrip()
    return f"{text} ({variable.source})" if variable.source else text


def _axis_parts(name: str, axis: Any) -> tuple[Swept, Any]:
    """Values and unit of an axis, converted or not."""
    magnitude = getattr(axis, "magnitude", None)
    if isinstance(magnitude, Uncertain):
        node, factor = split_scale(magnitude)
        swept = node.payload.distribution if node.operation == "variable" else None
        if isinstance(swept, Swept) and factor > 0:
            return (swept if factor == 1.0 else swept.scaled(factor)), axis.units
    message = (
        f"sweep: {name!r} needs an axis, such as le.axis(0.03, 0.20, 200, 'USD/kWh') or "
        f"le.axis([0.3, 0.4, 0.5]); got {axis!r}"
    )
    raise RangeError(message)


def _unit(result: Quantity, variable: Variable) -> Quantity:
    return type(result)(1.0, variable.unit)


def _factor(result: Quantity, variable: Variable, axis: Quantity, unit: Any) -> float:
    """What turns values of the axis into the unit of the input."""
    make, own = type(result), _unit(result, variable)
    if own.dimensionality != axis.dimensionality:
        message = (
            f"sweep: {variable.name!r} is given in {variable.unit or 'plain numbers'}, its axis "
            f"in {axis.unit_text or 'plain numbers'}; write le.axis(..., {variable.unit!r})"
        )
        raise DimensionError(message)
    return 1.0 if own.units == unit else float(make(1.0, unit).to(own.units).magnitude)


def _check_limits(variable: Variable, swept: SweptInput) -> None:
    """Refuse values that the input cannot have."""
    factor = swept.axis.factor
    low, high = (end * factor for end in swept.axis.swept.support)
    least, most = _limits(variable.distribution)
    slack = _ROUNDING * max(abs(low), abs(high))
    if low < least - slack or high > most + slack:
        limits = [f"at least {short_number(least, 6)}"] if math.isfinite(least) else []
        limits += [f"at most {short_number(most, 6)}"] if math.isfinite(most) else []
        message = (
            f"sweep: {swept.name!r} runs through {ends_text(low, high, variable.unit)}, but it is "
            f"{' and '.join(limits)} ({variable.distribution.describe()}). Keep the axis inside"
        )
        raise RangeError(message)


def _limits(distribution: Distribution) -> tuple[float, float]:
    """Ends that an input cannot leave, whatever one believes about it.

    The ends of a uniform range say what is believed, and a sweep may well go beyond; physical
    limits, and zero for what is never negative, hold in a sweep too.
    """
    if not isinstance(distribution, Truncated):
        return (0.0 if distribution.support[0] >= 0 else -math.inf), math.inf
    least, most = _limits(distribution.base)
    lower, upper = distribution.lower, distribution.upper
    return (least if lower is None else max(least, lower)), (most if upper is None else upper)


def _check_names(found: Sequence[SweptInput], variables: Sequence[Variable]) -> None:
    """Refuse a sweep over nothing, and two dimensions of one name."""
    if not found:
        names = ", ".join(repr(variable.name) for variable in variables)
        message = (
            f"sweep() needs an axis for one of the inputs {names}, as in "
            "sweep({'price': le.axis(0.03, 0.20, 200, 'USD/kWh')})"
        )
        raise RangeError(message)
    names_only = [swept.name for swept in found]
    twice = sorted({name for name in names_only if names_only.count(name) > 1})
    if twice:
        message = (
            f"sweep: two swept inputs are called {twice[0]!r}; give each a name of its own, as "
            "in le.axis(..., name='...')"
        )
        raise RangeError(message)
