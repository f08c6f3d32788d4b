"""Relations between the figures of a plan, and what follows from those that are given.

Each relation is a product, so that any one of its members follows from the others, and a plan is
solved by taking, again and again, a relation in which one member is missing. Rejected: a law for
each direction (seven unknowns from a dozen sets of figures each), and a numerical solver, whose
answer is no formula and loses which ranges are shared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.registry import Quantity, ureg

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["UNITS", "Relation", "Solution", "solve"]

UNITS: Final = {
    "parameters": "parameter",
    "tokens": "token",
    "computation": "FLOP",
    "accelerator_time": "accelerator*hour",
    "accelerators": "accelerator",
    "duration": "day",
    "money": "MUSD",
    "power": "MW",
    "energy": "MWh",
}
"""Figures of a plan, with the unit in which each is kept."""

_UTILIZATION: Final = "model_flops_utilization"

_ROUNDING: Final = 0.01
"""Figures that agree within this share say the same thing: people round."""


@attrs.frozen(kw_only=True, eq=False)
class Relation:
    """``whole = factor x part x part``."""

    whole: str
    """Name of the product."""

    parts: tuple[str, ...]
    """Names of its factors that can be asked for."""

    factor: Quantity | MissingInputError = attrs.field(factory=lambda: ureg.Quantity(1.0))
    """What else is in the product; or why it is not known."""

    words: str = ""
    """What the factor is."""

    @property
    def names(self) -> tuple[str, ...]:
        """All members."""
        return (self.whole, *self.parts)

    def value(self, name: str, known: Mapping[str, Quantity]) -> Quantity | MissingInputError:
        """The member that follows from the others; or why it does not."""
        if isinstance(self.factor, MissingInputError):
            return self.factor
        product = self.factor
        for part in self.parts:
            product = product if part == name else product * known[part]
        found = product if name == self.whole else known[self.whole] / product
        return found.to(UNITS[name])

    def how(self, name: str) -> str:
        """The equation in words."""
        factors = [self.words, *(_spaced(part) for part in self.parts if part != name)]
        product = " x ".join(factor for factor in factors if factor)
        if name == self.whole:
            return product
        whole = _spaced(self.whole)
        return f"{whole} / ({product})" if " x " in product else f"{whole} / {product}"


@attrs.frozen(eq=False)
class Solution:
    """What is known: given, or derived."""

    values: dict[str, Quantity] = attrs.field(factory=dict)
    """Value by name."""

    how: dict[str, str] = attrs.field(factory=dict)
    """Equation in words by name."""

    rests_on: dict[str, frozenset[str]] = attrs.field(factory=dict)
    """Names of the given figures that each value rests on, and the utilization."""

    reasons: dict[str, MissingInputError] = attrs.field(factory=dict)
    """Why a value does not follow although all other members of its relation are known."""

    def missing(self, relation: Relation) -> list[str]:
        """Members that are not known."""
        return [name for name in relation.names if name not in self.values]

    def basis(self, names: Iterable[str]) -> frozenset[str]:
        """Given figures on which some values rest."""
        return frozenset[str]().union(*(self.rests_on[name] for name in names))

    def take(self, relation: Relation) -> None:
        """Derive the member that is missing; if none is, compare both sides."""
        missing = self.missing(relation)
        if not missing:
            _compare(relation, self)
            return
        name = missing[0]
        value = relation.value(name, self.values)
        if isinstance(value, MissingInputError):
            self.reasons[name] = value
            return
        own = frozenset({_UTILIZATION} if "utilization" in relation.words else ())
        self.rests_on[name] = own | self.basis(n for n in relation.names if n != name)
        self.values[name], self.how[name] = value, relation.how(name)


def solve(given: Mapping[str, Quantity], relations: Iterable[Relation]) -> Solution:
    """Derive all that follows from what is given.

    Parameters
    ----------
    given : mapping
        Figures by name.
    relations : iterable of Relation
        What holds between them; earlier ones are taken first.

    Returns
    -------
    Solution
        Every figure that follows.

    Raises
    ------
    MissingInputError
        If a given figure cannot be used, since the factor of its relation is not known.
    RangeError
        If two sets of given figures lead to one figure and disagree by more than rounding.

    Examples
    --------
    >>> import llm_economics as le
    >>> area = Relation(whole="accelerator_time", parts=("accelerators", "duration"))
    >>> given = {
    ...     "accelerator_time": le.quantity("2400 accelerator*hour"),
    ...     "duration": le.quantity("1 day"),
    ... }
    >>> found = solve(given, [area])
    >>> print(found.values["accelerators"], "=", found.how["accelerators"])
    100 accelerator = accelerator-time / duration
    """
    found = Solution()
    for name, value in given.items():
        found.values[name] = value.to(UNITS[name])
        found.how[name], found.rests_on[name] = "as given", frozenset({name})
    left = list(relations)
    for relation in left:
        if relation.whole in given and isinstance(relation.factor, MissingInputError):
            raise relation.factor
    while ready := next((r for r in left if len(found.missing(r)) <= 1), None):
        left.remove(ready)
        found.take(ready)
    return found


def _compare(relation: Relation, known: Solution) -> None:
    """Refuse two figures for one thing that differ by more than people round."""
    other = relation.value(relation.whole, known.values)
    if isinstance(other, MissingInputError):
        return
    first = known.values[relation.whole]
    ratio = (first / other).central().to("").magnitude
    if np.all(np.abs(np.log(ratio)) <= _ROUNDING):
        return
    bases = (known.rests_on[relation.whole], known.basis(relation.parts))
    direct = bases[0] == {relation.whole}
    sides = (
        f"{first.central():.4g} {'as given' if direct else _by(bases[0])}",
        f"{other.central():.4g} {_by(bases[1])}",
    )
    message = (
        f"plan() is given too much, and it does not agree: {_spaced(relation.whole)} is "
        f"{sides[0]}, but {sides[1]}; leave out one of {', '.join(_given(bases[0] | bases[1]))}"
    )
    raise RangeError(message + _reconciled(relation.whole, bases, float(np.max(ratio))))


def _reconciled(whole: str, bases: tuple[frozenset[str], frozenset[str]], ratio: float) -> str:
    """Which other utilization both sides would agree at, if one of them rests on it."""
    first, other = (_UTILIZATION in basis for basis in bases)
    if first == other:
        return ""
    # More utilization makes more computation, and less of time, money and power.
    factor = ratio if first != (whole == "computation") else 1.0 / ratio
    return f"; a model_flops_utilization {factor:.3g} times as high would fit"


def _given(names: frozenset[str]) -> list[str]:
    return [_spaced(name) for name in UNITS if name in names]


def _by(names: frozenset[str]) -> str:
    return f"by {' and '.join(_given(names))}"


def _spaced(name: str) -> str:
    return "accelerator-time" if name == "accelerator_time" else name
