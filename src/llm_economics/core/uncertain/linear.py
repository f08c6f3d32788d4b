"""First-order propagation, plain and on the log scale.

The linear answer follows the GUM (JCGM 100, clause 5.1): the formula at the inputs' means, and
the root of the summed squares of slope times standard deviation. It is returned as a `ufloat`
whose inputs are shared between results, so that differences cancel. The log-linear answer does
the same with logarithms and is exact for products, quotients and powers of log-normal inputs.

Both are wrong in kind when a range is wide and the formula is not of that form; `linear` says so
with a `LinearizationWarning`.
"""

from __future__ import annotations

import math
import threading
import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol, cast
from weakref import WeakKeyDictionary, WeakValueDictionary

import attrs
import numpy as np
from uncertainties import ufloat
from uncertainties.core import AffineScalarFunc, LinearCombination

from llm_economics.core.errors import LinearizationWarning, RangeError
from llm_economics.core.uncertain.distributions import Normal
from llm_economics.core.uncertain.graph import Uncertain, uncertain
from llm_economics.core.uncertain.program import Program, compile_program
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from llm_economics.core.uncertain.correlation import Joint

__all__ = [
    "LINEAR_RATIO",
    "Contribution",
    "UFloat",
    "contributions",
    "from_ufloat",
    "is_ufloat",
    "linear",
    "log_linear",
]

LINEAR_RATIO = 1.5
"""Ratio of the quoted ends beyond which a linear answer misleads: of a product of three such
factors the lower end is off by 4 %, of five by 8 %."""

_NEGLIGIBLE = 0.01  # an input below this share of the variance raises no warning
_CHOICES = frozenset({"maximum", "minimum", "less"})
_NEAR = 2.0  # another branch of a max within so many standard deviations is "near"

_as_ufloat: WeakKeyDictionary[Variable, Any] = WeakKeyDictionary()
_as_variable: WeakValueDictionary[int, Variable] = WeakValueDictionary()
_normals: dict[tuple[Joint, int], Any] = {}
# The last ones that came in stay, so that what is written twice has one key.
_recent: OrderedDict[Variable, None] = OrderedDict()
_KEPT = 4096
_LOCK = threading.Lock()  # two threads must not make two ufloats of one input


class UFloat(Protocol):
    """A number with a standard deviation, as the package `uncertainties` (untyped) makes them."""

    @property
    def nominal_value(self) -> float:
        """The value."""
        ...

    @property
    def std_dev(self) -> float:
        """The standard deviation."""
        ...


def is_ufloat(value: object) -> bool:
    """Tell whether a value is a number of the package `uncertainties`."""
    return isinstance(value, AffineScalarFunc)


@attrs.frozen
class Contribution:
    """How much of the spread of a result comes from one input."""

    name: str
    """The input."""

    share: float
    """Share of the variance, 0 to 1 unless inputs are correlated; all shares add up to 1."""

    scale: str
    """"log" if spreads were compared as ratios, "linear" if as differences."""

    source: str = ""
    """Where the input's range comes from."""

    def __str__(self) -> str:
        return f"{self.name}: {100 * self.share:.0f} % of the variance ({self.scale} scale)"


def linear(node: Uncertain, *, warn: bool = True, stacklevel: int = 2) -> UFloat:
    """First-order answer as a `ufloat`, correlated with every other such answer.

    Parameters
    ----------
    node : Uncertain
        The number.
    warn : bool
        Whether to warn when the ranges are too wide for a linear answer.
    stacklevel : int
        Whose line the warning names.

    Returns
    -------
    uncertainties.UFloat
        Nominal value (the formula at the inputs' means) and standard deviation.

    Warns
    -----
    LinearizationWarning
        If an input that matters spans more than a factor `LINEAR_RATIO`, or a branch of
        `maximum` or `minimum` that is not taken is within two standard deviations.
    """
    program = _scalar_program(node)
    means = [v.distribution.mean() for v in program.variables]
    value, slopes = program.gradient(means)
    spread = [
        float(s) * v.distribution.std() for s, v in zip(slopes, program.variables, strict=True)
    ]
    if warn:
        _warn_if_unfit(program, means, spread, stacklevel + 1)
    terms: Any = (
        float(s) * (_ufloat_of(v) - m)
        for s, v, m in zip(slopes, program.variables, means, strict=True)
    )
    # Without any input left it is a ufloat nevertheless.
    answer: Any = sum(terms, start=AffineScalarFunc(float(value), LinearCombination({})))
    return cast("UFloat", answer)


def log_linear(node: Uncertain, *, warn: bool = True, stacklevel: int = 2) -> tuple[float, float]:
    """First-order answer on the log scale.

    Parameters
    ----------
    node : Uncertain
        The number; it and its inputs must be positive.
    warn : bool
        Whether to warn when another branch of `maximum` or `minimum` is near.
    stacklevel : int
        Whose line the warning names.

    Returns
    -------
    median : float
        The formula at the inputs' medians.
    log_std : float
        Standard deviation of the logarithm; the 90 % range is ``median * exp(+-1.645 log_std)``.

    Raises
    ------
    RangeError
        If the result at the medians, or an input, is not positive.

    Warns
    -----
    LinearizationWarning
        If a branch of `maximum` or `minimum` that is not taken is within two standard deviations.
    """
    program = _scalar_program(node)
    medians = [v.distribution.median() for v in program.variables]
    value, slopes = program.gradient(medians)
    if not value > 0:
        message = f"log_linear() needs a positive result; at the inputs' medians it is {value:.6g}"
        raise RangeError(message)
    elastic = _elasticities(program, medians, float(value), slopes)
    if warn and (reasons := _near_branches(program, medians)):
        message = f"a log-linear answer is not fit here: {'; '.join(reasons)}. Use quantiles()."
        warnings.warn(message, LinearizationWarning, stacklevel=stacklevel + 1)
    return float(value), math.sqrt(math.fsum(_shares(program, elastic)))


def contributions(node: Uncertain) -> tuple[Contribution, ...]:
    """Which inputs the spread comes from, largest share first.

    Parameters
    ----------
    node : Uncertain
        The number.

    Returns
    -------
    tuple of Contribution
        One per input. The log scale is used when result and inputs are positive, since wide
        ranges compare as ratios; otherwise the linear scale. Of correlated inputs each has its
        covariance with the result, which can be negative.
    """
    program = _scalar_program(node)
    variables = program.variables
    medians = [v.distribution.median() for v in variables]
    value, slopes = program.gradient(medians)
    try:
        spread = _elasticities(program, medians, float(value), slopes)
        scale = "log"
    except RangeError:
        pairs = zip(slopes, variables, strict=True)
        spread, scale = [float(s) * v.distribution.std() for s, v in pairs], "linear"
    parts = _shares(program, spread)
    total = math.fsum(parts)
    shares = [part / total if total else 0.0 for part in parts]
    rows = [
        Contribution(v.name, share, scale, v.source)
        for v, share in zip(variables, shares, strict=True)
    ]
    return tuple(sorted(rows, key=lambda row: -row.share))


def from_ufloat(number: UFloat) -> Uncertain | float:
    """Graph node of a `ufloat`; shared inputs stay shared, and the way back finds the same ones.

    Parameters
    ----------
    number : uncertainties.UFloat
        The number.

    Returns
    -------
    Uncertain or float
        The same number as a linear expression of normal variables; a plain number if none of
        its inputs has a spread.
    """
    node: Any = float(number.nominal_value)
    terms: Any = number
    for source, slope in terms.derivatives.items():
        if source.std_dev and slope:
            variable = _variable_of(source)
            node = node + float(slope) * (uncertain(variable) - float(source.nominal_value))
    found: Uncertain | float = node
    return found


def _scalar_program(node: Uncertain) -> Program:
    program = compile_program(node)
    if program.shape:
        message = f"this needs one number; got an array of shape {program.shape}"
        raise RangeError(message)
    return program


def _elasticities(
    program: Program, medians: list[float], value: float, slopes: list[Any]
) -> list[float]:
    """Spread of the log of the result due to each input."""
    result = []
    for variable, median, slope in zip(program.variables, medians, slopes, strict=True):
        log_std = variable.distribution.log_std()
        if math.isnan(log_std) or not value > 0:
            message = (
                f"log_linear() needs positive inputs; {variable.name!r} is "
                f"{variable.distribution.describe()}"
            )
            raise RangeError(message)
        result.append(float(slope) * median / value * log_std)
    return result


def _shares(program: Program, spread: list[float]) -> list[float]:
    """Part of each input in the variance of the result: spread_i times sum_j r_ij spread_j."""
    return [
        mine * math.fsum(_correlation(a, b) * other for b, other in _pairs(program, spread))
        for a, mine in _pairs(program, spread)
    ]


def _pairs(program: Program, spread: list[float]) -> zip[tuple[Variable, float]]:
    return zip(program.variables, spread, strict=True)


def _correlation(first: Variable, second: Variable) -> float:
    if first is second:
        return 1.0
    if first.joint is None or first.joint != second.joint:
        return 0.0
    return float(first.joint.correlation[first.member, second.member])


def _ufloat_of(variable: Variable) -> Any:
    with _LOCK:
        if variable not in _as_ufloat:
            distribution = variable.distribution
            mean, std = distribution.mean(), distribution.std()
            if variable.joint is None:
                _as_ufloat[variable] = ufloat(mean, std, tag=variable.name)
            else:
                _as_ufloat[variable] = mean + std * _mixed_normal(variable.joint, variable.member)
        return _as_ufloat[variable]


def _mixed_normal(joint: Joint, member: int) -> Any:
    """Normal number of one correlated input, made of independent ones that all of them share."""
    total: Any = 0.0
    for place in range(member + 1):
        key = (joint, place)
        if key not in _normals:
            _normals[key] = ufloat(0.0, 1.0, tag=f"{joint.names[place]} (normal)")
        total = total + float(joint.factor[member, place]) * _normals[key]
    return total


def _variable_of(number: Any) -> Variable:
    with _LOCK:
        variable = _as_variable.get(id(number))
        if variable is None:
            distribution = Normal.from_mean(float(number.nominal_value), float(number.std_dev))
            variable = Variable.create(distribution, name=number.tag or None)
            # A ufloat takes no weak references. So the variable keeps it alive, and its id is its
            # own, for as long as anything rests on the variable; then both go.
            _as_ufloat[variable] = number
            _as_variable[id(number)] = variable
        _recent[variable] = None
        _recent.move_to_end(variable)
        while len(_recent) > _KEPT:
            _recent.popitem(last=False)
        return variable


def _warn_if_unfit(
    program: Program, means: list[float], spread: list[float], stacklevel: int
) -> None:
    total = math.fsum(s * s for s in spread)
    reasons = [
        f"{v.name!r} spans a factor {ratio:.3g}"
        for v, s in zip(program.variables, spread, strict=True)
        if (ratio := _ratio(v)) > LINEAR_RATIO and s * s > _NEGLIGIBLE * total
    ]
    reasons += _near_branches(program, means)
    if reasons:
        message = (
            f"a linear answer is not fit here: {'; '.join(reasons)}. "
            "Use quantiles() or log_linear()."
        )
        warnings.warn(message, LinearizationWarning, stacklevel=stacklevel + 1)


def _ratio(variable: Variable) -> float:
    low, high = variable.distribution.quoted
    if low > 0:
        return high / low
    return math.inf if low < 0 < high or low == 0 else low / high


def _near_branches(program: Program, means: list[float]) -> list[str]:
    choices = [step for step in program.instructions if step.operation in _CHOICES]
    if not choices:
        return []
    values, slopes = program.jacobian(means)
    std = np.array([v.distribution.std() for v in program.variables])
    near: dict[str, None] = {}
    for step in choices:
        first, second = step.arguments[-2:]
        distance = abs(values[first] - values[second])
        deviation = float(np.sqrt(np.sum(((slopes[first] - slopes[second]) * std) ** 2)))
        if distance < _NEAR * deviation:
            near[step.operation] = None
    return [f"the other branch of {operation}() is near" for operation in near]
