"""The audit: a claim checked internally, against other public figures, and from the bottom up.

Each check compares ranges by their ends. Two ranges that overlap are consistent: an audit finds
what cannot be, not what is unlikely. If they do not, the factor between the nearest ends is how
far off the claim is at least. A claim that cannot be checked says what is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import attrs

from llm_economics.claim.relations import RELATIONS, Known, known_figures
from llm_economics.core.breakdown import Text, attempt
from llm_economics.core.display import short_number
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.service.service import Service, ServiceEstimate

if TYPE_CHECKING:
    from llm_economics.claim.claim import Claim

__all__ = ["Check", "Evidence", "Status", "Verdict", "Way", "audit"]


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
    """Other figures about the same thing by the same claimant."""
    PUBLIC = "public"
    """Public figures of others."""
    BOTTOM_UP = "bottom-up"
    """An estimate of this library."""


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """What a claim is checked against."""

    claims: tuple[Claim, ...] = attrs.field(default=(), converter=tuple)
    """Claims about the same service, the audited one included or not."""

    service: Service | None = attrs.field(default=None)
    """The service, for the bottom-up estimate."""

    accelerators: dict[str, Accelerator] = attrs.field(factory=dict)
    """Accelerators that the claims name."""


@attrs.frozen(kw_only=True, eq=False)
class Check:
    """One comparison: what, with what outcome, and why."""

    way: Way
    """What it was checked against."""

    status: Status
    """The outcome."""

    factor: float
    """How far off the claim is at least: below 1 too low, above 1 too high, 1 if not off."""

    because: str
    """The comparison in words, with both ranges."""

    used: tuple[str, ...] = ()
    """Keys of the claims, names of the assumptions that were used."""

    def __str__(self) -> str:
        off = f", {_off(self.factor)}" if self.status is Status.INCONSISTENT else ""
        return f"{self.way}: {self.status}{off}: {self.because}"


@attrs.frozen(kw_only=True, eq=False)
class Verdict:
    """Outcome of an audit: a headline and every check behind it."""

    claim: Claim
    """The claim."""

    checks: tuple[Check, ...]
    """Every check made, in order of strength."""

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

    def __str__(self) -> str:
        check = self.decisive
        if check is None:
            return f"not checkable: {self.missing or 'nothing to compare with'}"
        off = f": {_off(check.factor)}" if check.status is Status.INCONSISTENT else ""
        return f"{check.status}{off} (checked {_ADVERB[check.way]})"

    def __repr__(self) -> str:
        return str(self.explain())

    def explain(self) -> Text:
        """Say what was claimed, how it was read, and what every check found."""
        claim = self.claim
        lines = [f"{claim.key}: {claim.statement}"]
        if claim.reading:
            lines.append(f"  reading: {claim.reading}")
        lines.append(f"  verdict: {self}")
        lines += [f"  - {check}" for check in self.checks]
        for check in self.checks:
            if check.used:
                lines.append(f"    {check.way} check used: {', '.join(check.used)}")
        return Text("\n".join(lines))

    def _repr_html_(self) -> str:
        return f"<pre>{self.explain()}</pre>"


_ADVERB = {
    Way.INTERNAL: "internally",
    Way.PUBLIC: "against other public figures",
    Way.BOTTOM_UP: "from the bottom up",
}


def _off(factor: float) -> str:
    if factor == 0:
        return "names none of the same things"
    if factor < 1:
        return f"at least {short_number(1 / factor, 2)}x too low"
    return f"at least {short_number(factor, 2)}x too high"


def audit(claim: Claim, evidence: Evidence) -> Verdict:
    """Check a claim in three ways.

    Parameters
    ----------
    claim : Claim
        The claim.
    evidence : Evidence
        Other claims, and the service for an estimate.

    Returns
    -------
    Verdict
        Headline and checks.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.claims["seed/grok/training-energy"].audit().checks[0].because[:60])
    training power x training time: 20–25 MW x 3–9 month gives 4
    """
    if claim.missing and claim.value is None and not claim.accelerators_named:
        return Verdict(claim=claim, checks=(), missing=claim.missing)
    if claim.accelerators_named and claim.value is None:
        return Verdict(claim=claim, checks=tuple(_named(claim, evidence)), missing=_NOTHING)
    if claim.value is None:
        return Verdict(claim=claim, checks=(), missing="the statement holds no figure")
    checks = [
        *_internal(claim, evidence),
        *_public(claim, evidence.claims),
        *_bottom_up(claim, evidence.service),
    ]
    return Verdict(claim=claim, checks=tuple(checks), missing=claim.missing or _NOTHING)


_NOTHING = "no other figure about the same thing, and no estimate of it"


def _compare(claim: Claim, implied: Quantity, *, estimate: bool = False) -> tuple[Status, float]:
    """Compare the claim's ends with those of what another way implies."""
    value = claim.value
    assert value is not None  # noqa: S101 - audit() sorted these out
    unit = claim.metric.shown
    low, high = (float(end.magnitude) for end in value.to(unit).bounds())
    other_low, other_high = _interval(implied.to(unit), estimate=estimate)
    # Ends that agree to four digits touch: figures are printed with two.
    if high < other_low * (1 - _TOUCH):
        return Status.INCONSISTENT, high / other_low
    if low > other_high * (1 + _TOUCH):
        return Status.INCONSISTENT, low / other_high
    return Status.CONSISTENT, 1.0


_TOUCH = 1e-4


def _interval(value: Quantity, *, estimate: bool) -> tuple[float, float]:
    # Of an estimate with a dozen inputs the 90 % range is meant; of quoted ranges the ends.
    ends = value.interval(0.90) if estimate and value.is_range else value.bounds()
    return float(ends[0].magnitude), float(ends[1].magnitude)


def _range(value: Quantity, unit: str, *, estimate: bool = False) -> str:
    low, high = _interval(value.to(unit), estimate=estimate)
    text = value.to(unit).unit_text
    if low == high:
        return f"{short_number(low)} {text}".strip()
    return f"{short_number(low)}–{short_number(high)} {text}".strip()


def _internal(claim: Claim, evidence: Evidence) -> Iterable[Check]:
    figures = known_figures(claim, evidence.claims, evidence.accelerators, evidence.service)
    for relation in RELATIONS:
        if relation.gives != claim.metric.key:
            continue
        for inputs in _choices(relation.needs, figures, claim):
            implied = relation.compute(*(known.value for known in inputs))
            status, factor = _compare(claim, implied)
            unit = claim.metric.shown
            shown = " x ".join(known.shown for known in inputs)
            words = f"{relation.words}: {shown} gives {_range(implied, unit)}"
            yield Check(
                way=Way.INTERNAL,
                status=status,
                factor=factor,
                because=f"{words}{relation.caveat}, claimed {claim.shown}",
                used=tuple(known.key for known in inputs),
            )


def _choices(
    needs: tuple[str, ...], figures: dict[str, tuple[Known, ...]], claim: Claim
) -> Iterable[tuple[Known, ...]]:
    """Combine what is known: figures of the same cell first, then each other one."""
    options = [figures.get(need, ()) for need in needs]
    if not all(options):
        return
    ordered = [sorted(option, key=lambda known: known.cell != claim.cell) for option in options]
    width = max(len(option) for option in ordered)
    for place in range(width):
        yield tuple(option[min(place, len(option) - 1)] for option in ordered)


def _comparable(claim: Claim, other: Claim) -> bool:
    """Whether two claims are of one kind: metric, scope, boundary, method."""
    same = other.metric is claim.metric and other.group != claim.group
    return same and all(
        "unstated" in {mine, theirs} or mine == theirs
        for mine, theirs in (
            (claim.scope, other.scope),
            (claim.boundary, other.boundary),
            (claim.method, other.method),
        )
    )


def _public(claim: Claim, others: Iterable[Claim]) -> Iterable[Check]:
    peers = [
        other
        for other in others
        if other.value is not None and other.key != claim.key and _comparable(claim, other)
    ]
    if not peers:
        return
    outcomes = [(other, *_compare(claim, _value(other))) for other in peers]
    unit = claim.metric.shown
    agreeing = [other for other, status, _ in outcomes if status is Status.CONSISTENT]
    if agreeing:
        first = agreeing[0]
        yield Check(
            way=Way.PUBLIC,
            status=Status.CONSISTENT,
            factor=1.0,
            because=(
                f"{len(agreeing)} of {len(outcomes)} public figures overlap, such as "
                f"{first.group}: {_range(_value(first), unit)}, claimed {claim.shown}"
            ),
            used=tuple(other.key for other in agreeing),
        )
        return
    nearest, _, factor = min(outcomes, key=lambda row: max(row[2], 1 / row[2]))
    yield Check(
        way=Way.PUBLIC,
        status=Status.INCONSISTENT,
        factor=factor,
        because=(
            f"none of {len(outcomes)} public figures overlaps; nearest is {nearest.group}: "
            f"{_range(_value(nearest), unit)}, claimed {claim.shown}"
        ),
        used=tuple(other.key for other, _, _ in outcomes),
    )


def _value(claim: Claim) -> Quantity:
    assert claim.value is not None  # noqa: S101 - callers chose claims with a value
    return claim.value


def _family(name: str) -> str:
    """Accelerator without its form: the 40 GB and 80 GB cards of a name are one family."""
    for word in (" SXM", " PCIe"):
        name = name.partition(word)[0]
    return name


def _named(claim: Claim, evidence: Evidence) -> Iterable[Check]:
    """Compare the accelerators that claims name."""
    mine = {_family(name) for name in claim.accelerators_named}
    peers = [c for c in evidence.claims if c.accelerators_named and c.group != claim.group]
    theirs = {_family(name) for peer in peers for name in peer.accelerators_named}
    if peers:
        yield _named_check(Way.PUBLIC, mine, theirs, tuple(peer.key for peer in peers))
    if evidence.service is not None:
        used = evidence.service.training.accelerator.name
        yield _named_check(Way.BOTTOM_UP, mine, {_family(used)}, (f"{claim.service} training",))


def _named_check(way: Way, mine: set[str], theirs: set[str], used: tuple[str, ...]) -> Check:
    common = mine & theirs
    names = f"claimed {_and(mine)}, public account {_and(theirs)}"
    if way is Way.BOTTOM_UP:
        names = f"claimed {_and(mine)}, the training run behind it used {_and(theirs)}"
    return Check(
        way=way,
        status=Status.CONSISTENT if common else Status.INCONSISTENT,
        factor=1.0 if common else 0.0,
        because=names,
        used=used,
    )


def _and(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _bottom_up(claim: Claim, service: Service | None) -> Iterable[Check]:
    if service is None:
        return
    estimate = attempt(lambda: _estimated(claim, _estimate_of(service)))
    if isinstance(estimate, MissingInputError):
        return
    status, factor = _compare(claim, estimate, estimate=True)
    unit = claim.metric.shown
    yield Check(
        way=Way.BOTTOM_UP,
        status=status,
        factor=factor,
        because=(
            f"estimated {_range(estimate, unit, estimate=True)} (90 %), claimed {claim.shown}"
        ),
        used=(f"estimate of {service.name}",),
    )


@functools.lru_cache(maxsize=32)
def _estimate_of(service: Service) -> ServiceEstimate:
    # An audit of a table asks for the same estimate dozens of times.
    return service.estimate()


def _estimated(claim: Claim, estimate: ServiceEstimate) -> Quantity:
    """Figure of the estimate that a claim of this metric, scope and boundary is about."""
    training, query = estimate.training, estimate.query
    boundary = "facility" if claim.boundary == "unstated" else claim.boundary
    scope = "rental" if claim.scope == "unstated" else claim.scope
    found = {
        "accelerator-count": lambda: training.accelerators,
        "hardware-cost": lambda: training.cost.acquisition,
        "training-duration": lambda: training.duration,
        "training-power": lambda: training.power,
        "training-energy": lambda: training.energy.facility,
        "training-cost": lambda: getattr(training.cost, scope),
        "training-accelerator-hours": lambda: training.accelerator_time,
        "training-computation": lambda: training.computation,
        "energy-per-query": lambda: query.energy.at(boundary),
        "carbon-per-query": lambda: query.carbon,
        "inference-power": lambda: estimate.inference_power,
    }.get(claim.metric.key)
    if found is None:
        message = f"there is no estimate of {claim.metric.label}"
        raise MissingInputError(message)
    value: Quantity = found()
    return value
