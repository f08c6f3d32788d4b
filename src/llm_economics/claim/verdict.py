"""What an audit finds: `Check`, `Verdict`, and the comparison of two ranges.

Two ranges that overlap, or whose ends agree to 2.5 %, are consistent: an audit finds what cannot
be, not what is unlikely. If they do not, the factor between the nearest ends says how far off a
claim is at least. Where the comparison rests on our own ranges (a price, a power), whose extreme
ends would excuse anything, a claim also fails if its ratio to what follows is off one with 95 %
probability; then it says so.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import attrs

from llm_economics.claim.claim import Claim
from llm_economics.core.breakdown import Text
from llm_economics.core.display import html_escape, short_number

if TYPE_CHECKING:
    from llm_economics.claim.relations import Side
    from llm_economics.core.registry import Quantity

__all__ = ["Check", "Outcome", "Status", "Verdict", "Way", "compare_ends", "compare_probably"]

# Public figures are printed with two digits or so: ends that agree to 2.5 % touch.
_TOUCH = 0.025

_SURE = 0.95


class Status(StrEnum):
    """Outcome of a check."""

    CONSISTENT = "consistent"
    """The ranges overlap."""
    INCONSISTENT = "inconsistent"
    """They do not: claim and comparison cannot both be right."""
    NOT_CHECKABLE = "not checkable"
    """Something is missing."""


class Way(StrEnum):
    """What a claim is checked against."""

    INTERNAL = "internal"
    """Other figures about the same thing."""
    PUBLIC = "public"
    """Public figures of others."""
    BOTTOM_UP = "bottom-up"
    """An estimate of this library."""


class Outcome(NamedTuple):
    """Result of one comparison."""

    status: Status
    factor: float
    """How far off at least: below 1 too low, above 1 too high, 1 if not off."""
    sure: bool = True
    """Whether the ranges exclude each other, or only with 95 % probability."""
    words: str = ""
    """How far off in words, where no factor says it: of names."""

    @property
    def distance(self) -> float:
        """How far the factor is from 1, the same for too low and too high."""
        return abs(math.log(self.factor)) if 0 < self.factor < math.inf else math.inf


_HOLDS = Outcome(Status.CONSISTENT, 1.0)


def compare_ends(
    claimed: tuple[float, float], implied: tuple[float, float], side: Side = "both"
) -> Outcome:
    """Compare two ranges by their ends.

    Parameters
    ----------
    claimed, implied : pair of float
        Low and high of each, in one unit.
    side : {"both", "at least", "at most"}
        Whether `implied` is the figure itself, or the least or the most that it can be.

    Returns
    -------
    Outcome
        Inconsistent if the ranges exclude each other.

    Examples
    --------
    >>> compare_ends((0.1, 1.0), (5.04, 32.4)).status.value
    'inconsistent'
    >>> compare_ends((7, 15), (11, 17)).status.value
    'consistent'
    """
    if side != "at most" and claimed[1] < implied[0] * (1 - _TOUCH):
        return Outcome(Status.INCONSISTENT, claimed[1] / implied[0])
    if side != "at least" and claimed[0] > implied[1] * (1 + _TOUCH):
        factor = claimed[0] / implied[1] if implied[1] > 0 else math.inf
        return Outcome(Status.INCONSISTENT, factor)
    return _HOLDS


def compare_probably(claimed: Quantity, implied: Quantity, side: Side = "both") -> Outcome:
    """Compare two ranges by the probability of their ratio.

    Parameters
    ----------
    claimed, implied : Quantity
        Of one dimension.
    side : {"both", "at least", "at most"}
        As for `compare_ends`.

    Returns
    -------
    Outcome
        Inconsistent if the ratio is off one with 95 % probability.
    """
    ratio = (claimed / implied).to("")
    ends = ratio.quantiles(1 - _SURE, _SURE)
    low, high = (float(x) for x in ends.magnitude)
    if side != "at most" and high < 1 - _TOUCH:
        return Outcome(Status.INCONSISTENT, high, sure=False)
    if side != "at least" and low > 1 + _TOUCH:
        return Outcome(Status.INCONSISTENT, low, sure=False)
    return _HOLDS


@attrs.frozen(kw_only=True, eq=False)
class Check:
    """One comparison: against what, with what outcome, and why."""

    way: Way
    """What the claim was checked against."""

    outcome: Outcome
    """The outcome."""

    because: str
    """The comparison in words, with both ranges."""

    used: tuple[str, ...] = ()
    """Keys of the claims, and what was assumed."""

    @property
    def status(self) -> Status:
        """Consistent or inconsistent."""
        return self.outcome.status

    @property
    def factor(self) -> float:
        """How far off at least."""
        return self.outcome.factor

    def __str__(self) -> str:
        off = f", {off_text(self.outcome)}" if self.status is Status.INCONSISTENT else ""
        return f"{self.way}: {self.status}{off}: {self.because}"


@attrs.frozen(kw_only=True, eq=False)
class Verdict:
    """Outcome of an audit: a headline and every check behind it."""

    claim: Claim
    """The claim."""

    checks: tuple[Check, ...]
    """Every check made: internal first, then public, then bottom-up."""

    missing: str = ""
    """What is missing, if nothing could be checked."""

    @property
    def decisive(self) -> Check | None:
        """The check that decides: the first that fails; else the first that holds."""
        for status in (Status.INCONSISTENT, Status.CONSISTENT):
            found = [check for check in self.checks if check.status is status]
            if found:
                return found[0]
        return None

    @property
    def status(self) -> Status:
        """Inconsistent if any check fails, consistent if some check holds and none fails."""
        return Status.NOT_CHECKABLE if self.decisive is None else self.decisive.status

    @property
    def factor(self) -> float:
        """How far off the claim is at least, by the deciding check: 0.2 means 5x too low."""
        return 1.0 if self.decisive is None else self.decisive.factor

    @property
    def holding(self) -> tuple[Way, ...]:
        """Ways in which every check holds."""
        found = []
        for way in Way:
            statuses = {check.status for check in self.checks if check.way is way}
            if statuses == {Status.CONSISTENT}:
                found.append(way)
        return tuple(found)

    def __str__(self) -> str:
        check = self.decisive
        if check is None:
            return f"not checkable: {self.missing}"
        if check.status is Status.CONSISTENT:
            return f"consistent ({', '.join(_AGAINST[way] for way in self.holding)})"
        headline = f"inconsistent: {off_text(check.outcome)} ({_AGAINST[check.way]})"
        if not self.holding:
            return headline
        return f"{headline}; but consistent {' and '.join(_AGAINST[w] for w in self.holding)}"

    def __repr__(self) -> str:
        return str(self.explain())

    def explain(self) -> Text:
        """Say what was claimed, how it was read, and what every check found and used."""
        claim = self.claim
        lines = [f"{claim.key}: {claim.statement}"]
        if claim.reading:
            lines.append(f"  reading: {claim.reading}")
        lines.append(f"  verdict: {self}")
        for check in self.checks:
            lines += [f"  - {check}", f"    used: {', '.join(check.used)}"]
        return Text("\n".join(lines))

    def _repr_html_(self) -> str:
        return f"<pre>{html_escape(str(self.explain()))}</pre>"


_AGAINST = {
    Way.INTERNAL: "with its own figures",
    Way.PUBLIC: "with other public figures",
    Way.BOTTOM_UP: "with the bottom-up estimate",
}


def off_text(outcome: Outcome) -> str:
    """Say how far off: "at least 5x too low"."""
    if outcome.words:
        return outcome.words
    if outcome.distance == math.inf:
        return "one of the two is zero"
    low = outcome.factor < 1
    times = 1 / outcome.factor if low else outcome.factor
    digits = 2 if times >= 2 else 3  # noqa: PLR2004 - 1.04x, not 1x
    sure = "" if outcome.sure else " (95 % sure)"
    return f"at least {short_number(times, digits)}x too {'low' if low else 'high'}{sure}"
