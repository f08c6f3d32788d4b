"""The audit: a claim checked internally, against other public figures, and from the bottom up."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from llm_economics.claim.claim import Claim
from llm_economics.claim.relations import (
    RELATIONS,
    Known,
    Relation,
    combinations,
    ends_of,
    shown_ends,
)
from llm_economics.claim.verdict import (
    Check,
    Outcome,
    Status,
    Verdict,
    Way,
    compare_ends,
    compare_probably,
)
from llm_economics.core.breakdown import attempt, given
from llm_economics.core.display import ends_text
from llm_economics.core.errors import MissingInputError
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.service.service import Service, ServiceEstimate

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["Evidence", "audit"]

_NOTHING = "there is no other figure about the same thing, and no estimate of it"


def _as_claims(value: Iterable[Claim]) -> tuple[Claim, ...]:
    return tuple(value)


@attrs.frozen(kw_only=True, eq=False)
class Evidence:
    """What a claim is checked against."""

    claims: tuple[Claim, ...] = attrs.field(default=(), converter=_as_claims)
    """Claims about the same service, the audited one included or not."""

    service: Service | None = attrs.field(default=None)
    """The service, for the bottom-up estimate."""

    accelerators: Mapping[str, Accelerator] = attrs.field(factory=dict)
    """Accelerators that the claims name."""

    def audit(self, claim: Claim) -> Verdict:
        """Check a claim against this evidence; see `audit`."""
        return audit(claim, self)


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
    >>> print(le.claims["seed/grok/training-time"].audit().checks[0].because)
    training energy / training power: 10–25 GWh and 20–25 MW give 16.7–52.1 day, claimed \
91.3–274 day
    """
    if claim.value is None:
        checks = tuple(_named(claim, evidence)) if claim.accelerators_named else ()
        return Verdict(claim=claim, checks=checks, missing=claim.missing or _NOTHING)
    checks = (
        *_internal(claim, evidence),
        *_public(claim, evidence.claims),
        *_bottom_up(claim, evidence.service),
    )
    return Verdict(claim=claim, checks=checks, missing=claim.missing or _NOTHING)


# -- internally ----------------------------------------------------------------------------


def _internal(claim: Claim, evidence: Evidence) -> Iterable[Check]:
    group = [c for c in evidence.claims if c.group == claim.group and c.key != claim.key]
    accelerators = _accelerators(claim, group, evidence)
    for relation in RELATIONS:
        if relation.gives == claim.metric.key:
            for inputs in combinations(relation, claim, group, accelerators):
                yield _internal_check(claim, relation, inputs)


def _accelerators(claim: Claim, group: Iterable[Claim], evidence: Evidence) -> list[Accelerator]:
    """Accelerators of the account; where it names none, that of the service's training.

    The latter only if the account is about that training: another site has other accelerators.
    """
    names = [name for other in (*group, claim) for name in other.accelerators_named]
    known = evidence.accelerators
    accelerators = [known[name] for name in dict.fromkeys(names) if name in known]
    service = evidence.service
    if not accelerators and service is not None and _is_of(claim, service):
        return [service.training.accelerator]
    return accelerators


def _internal_check(
    claim: Claim, relation: Relation, inputs: dict[str, tuple[Known, ...]]
) -> Check:
    """Compare a claim with what a relation gives, for each accelerator that could be meant."""
    implied = {
        name: relation.compute(*(known.value for known in option))
        for name, option in inputs.items()
    }
    outcomes = [_outcome(claim, value, relation) for value in implied.values()]
    # The reading that is kindest to the claim counts.
    best = min(outcomes, key=lambda outcome: outcome.distance)
    options = list(inputs.values())
    common = [k for k in options[0] if all(k.key in {o.key for o in rest} for rest in options)]
    bound = "" if relation.side == "both" else f" {relation.side}"
    unit = claim.metric.shown
    results = " or ".join(
        f"{shown_ends(value, unit)}{f' ({name})' if name else ''}"
        for name, value in implied.items()
    )
    given = " and ".join(known.shown for known in common)
    verb = "gives" if len(common) == 1 else "give"
    return Check(
        way=Way.INTERNAL,
        outcome=best,
        because=f"{relation.words}: {given} {verb}{bound} {results}, claimed {claim.shown}",
        used=tuple(dict.fromkeys(known.key for option in options for known in option)),
    )


def _outcome(claim: Claim, implied: Quantity, relation: Relation) -> Outcome:
    value, unit = _value(claim), claim.metric.shown
    mine, theirs = ends_of(value, unit), ends_of(implied, unit)
    certain = compare_ends(mine, theirs, relation.side)
    # A ratio needs figures above zero.
    if certain.status is Status.INCONSISTENT or min(*mine, *theirs) <= 0:
        return certain
    return compare_probably(value, implied, relation.side)


# -- against other public figures ----------------------------------------------------------


def _comparable(claim: Claim, other: Claim) -> bool:
    """Whether another claim is about a thing of the same kind.

    A table that speaks of a service as a whole is compared with every account of that service;
    an account of one run or site only with other accounts of the same.
    """
    if other.metric is not claim.metric or other.value is None or other.key == claim.key:
        return False
    # A claim without a group speaks of the service as a whole too.
    whole = bool(claim.cell) or not claim.group
    if (other.group != claim.group) != whole or (other.cell and claim.cell):
        return False
    pairs = (
        (claim.scope, other.scope),
        (claim.boundary, other.boundary),
        (claim.method, other.method),
    )
    return all("unstated" in pair or pair[0] == pair[1] for pair in pairs)


def _public(claim: Claim, others: Iterable[Claim]) -> Iterable[Check]:
    peers = [other for other in others if _comparable(claim, other)]
    if not peers:
        return
    unit = claim.metric.shown
    mine = ends_of(_value(claim), unit)
    outcomes = [(other, compare_ends(mine, ends_of(_value(other), unit))) for other in peers]
    agreeing = [other for other, outcome in outcomes if outcome.status is Status.CONSISTENT]
    if agreeing:
        peer, outcome = agreeing[0], Outcome(Status.CONSISTENT, 1.0)
        found = f"overlaps {len(agreeing)} of {len(peers)} figures, such as {_account(peer)}"
    else:
        peer, outcome = min(outcomes, key=lambda pair: pair[1].distance)
        found = f"overlaps none of {len(peers)} figures; nearest is {_account(peer)}"
    if len(peers) == 1:
        found = f"{'overlaps' if agreeing else 'does not overlap'} the one figure, {_account(peer)}"
    yield Check(
        way=Way.PUBLIC,
        outcome=outcome,
        because=f"{found}: {peer.shown}, claimed {claim.shown}",
        used=tuple(other.key for other in (agreeing or peers)),
    )


def _account(claim: Claim) -> str:
    return f"{claim.group} ({claim.claimant})" if claim.claimant else claim.group


def _family(name: str) -> str:
    """Accelerator without its form: the 40 GB and 80 GB cards of a name are one family."""
    for word in (" SXM", " PCIe"):
        name = name.partition(word)[0]
    return name


def _named(claim: Claim, evidence: Evidence) -> Iterable[Check]:
    """Compare the accelerators that claims name."""
    mine = {_family(name) for name in claim.accelerators_named}
    peers = [
        other
        for other in evidence.claims
        if other.accelerators_named and other.group != claim.group and other.stage == "training"
    ]
    theirs = {_family(name) for peer in peers for name in peer.accelerators_named}
    if peers:
        words = f"claimed {_and(mine)}, public accounts of the training name {_and(theirs)}"
        yield _named_check(Way.PUBLIC, mine & theirs, words, tuple(peer.key for peer in peers))
    if evidence.service is not None:
        training = evidence.service.training.accelerator.name
        serving = evidence.service.query.accelerator.name
        words = f"claimed {_and(mine)}, estimated with {training} in training, {serving} in serving"
        common = mine & {_family(training), _family(serving)}
        yield _named_check(Way.BOTTOM_UP, common, words, (f"estimate of {claim.service}",))


def _named_check(way: Way, common: set[str], words: str, used: tuple[str, ...]) -> Check:
    outcome = Outcome(Status.CONSISTENT, 1.0)
    if not common:
        outcome = Outcome(Status.INCONSISTENT, 0.0, words="names none of the same things")
    return Check(way=way, outcome=outcome, because=words, used=used)


def _and(names: set[str]) -> str:
    return " and ".join(sorted(names))


# -- from the bottom up --------------------------------------------------------------------


def _bottom_up(claim: Claim, service: Service | None) -> Iterable[Check]:
    if service is None or not _estimable(claim, service):
        return
    estimate = attempt(lambda: _estimated(claim, _estimate_of(service)))
    if isinstance(estimate, MissingInputError):
        return
    unit = claim.metric.shown
    # An estimate has a dozen uncertain inputs: its 90 % range is meant, not its utmost ends.
    low, high = (float(end.magnitude) for end in estimate.to(unit).interval())
    text = ends_text(low, high, estimate.to(unit).unit_text)
    yield Check(
        way=Way.BOTTOM_UP,
        outcome=compare_ends(ends_of(_value(claim), unit), (low, high)),
        because=f"estimated {text} (90 %), claimed {claim.shown}",
        used=(f"estimate of {service.name}",),
    )


def _estimable(claim: Claim, service: Service) -> bool:
    """Whether the service's estimate is about the thing that the claim describes."""
    return _is_of(claim, service) or claim.metric.key.endswith("-per-query")


def _is_of(claim: Claim, service: Service) -> bool:
    """Whether a claim describes the service as a whole, or the very run that stands for it."""
    model = service.training.model
    return bool(claim.cell) or (model is not None and claim.group == model.name)


@functools.lru_cache(maxsize=32)
def _estimate_of(service: Service) -> ServiceEstimate:
    # An audit of a table asks for the same estimate dozens of times.
    return service.estimate()


def _estimated(claim: Claim, estimate: ServiceEstimate) -> Quantity:
    """Figure of the estimate that a claim of this metric, scope and boundary is about."""
    figure = _FIGURES.get(claim.metric.key)
    if figure is None:
        message = f"there is no estimate of {claim.metric.label}"
        raise MissingInputError(message)
    return figure(claim, estimate)


def _training_cost(claim: Claim, estimate: ServiceEstimate) -> Quantity:
    scope = "rental" if claim.scope == "unstated" else claim.scope
    return given(estimate.training.cost.by_scope()[scope])


def _energy_per_query(claim: Claim, estimate: ServiceEstimate) -> Quantity:
    boundary = "facility" if claim.boundary == "unstated" else claim.boundary
    return estimate.query.energy.at(boundary)


def _carbon_per_query(claim: Claim, estimate: ServiceEstimate) -> Quantity:
    if claim.method == "life-cycle":
        message = "there is no estimate of life-cycle carbon: only operation is counted here"
        raise MissingInputError(message)
    if claim.method == "market-based":
        message = "there is no estimate of market-based carbon: contracts are not public"
        raise MissingInputError(message)
    return estimate.query.carbon


_FIGURES: dict[str, Callable[[Claim, ServiceEstimate], Quantity]] = {
    "accelerator-count": lambda _, estimate: estimate.training.accelerators,
    "hardware-cost": lambda _, estimate: estimate.training.cost.acquisition,
    "training-duration": lambda _, estimate: estimate.training.duration,
    "training-power": lambda _, estimate: estimate.training.power,
    "training-energy": lambda _, estimate: estimate.training.energy.facility,
    "training-cost": _training_cost,
    "training-accelerator-hours": lambda _, estimate: estimate.training.accelerator_time,
    "training-computation": lambda _, estimate: estimate.training.computation,
    "energy-per-query": _energy_per_query,
    "carbon-per-query": _carbon_per_query,
    "inference-power": lambda _, estimate: estimate.inference_power,
}


def _value(claim: Claim) -> Quantity:
    assert claim.value is not None  # noqa: S101 - only claims with a figure get here
    return claim.value
