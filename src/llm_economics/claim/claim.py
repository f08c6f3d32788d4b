"""`Claim`: one public statement about a service, with the figure as it was read.

Words become stated ranges ("hundreds of MWh" is 100 to 1000 MWh), and the reading is kept beside
the statement. A claim is never corrected; it is audited.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs

from llm_economics.claim.metrics import Metric, Stage, metric
from llm_economics.claim.relations import shown_ends
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
)
from llm_economics.core.fields import as_mapping, as_text, named_fields
from llm_economics.core.nouns import Noun
from llm_economics.core.references import as_names
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from llm_economics.claim.verdict import Verdict
    from llm_economics.core.reading import QuantityLike
    from llm_economics.core.sources import Provenance

__all__ = ["Auditor", "Claim"]


class Auditor(Protocol):
    """What can audit a claim: `llm_economics.Evidence`."""

    def audit(self, claim: Claim) -> Verdict:
        """Check a claim against what is known."""


def _as_stage(value: str) -> Stage:
    return Stage(value)


def _as_any(value: QuantityLike) -> QuantityLike:
    # The dimension depends on the metric; __attrs_post_init__ reads it.
    return value


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Claim(Noun):
    """A public statement about a service.

    Examples
    --------
    >>> import llm_economics as le
    >>> claim = le.claims["seed/chatgpt/training-energy"]
    >>> claim.statement, claim.reading
    ('training: hundreds of MWh', "'hundreds of MWh' read as 100 to 1000 MWh, hard limits")
    >>> print(claim.audit())
    inconsistent: at least 5x too low (with its own figures)
    """

    key: str = attrs.field(converter=as_text)
    """Key in the catalogue: "seed/chatgpt/training-energy"."""

    service: str = attrs.field(converter=as_text)
    """The service it is about."""

    group: str = attrs.field(default="", converter=as_text)
    """The thing described: claims of one group should fit together."""

    metric: Metric = attrs.field(converter=metric)
    """The kind of figure."""

    stage: Stage = attrs.field(default=Stage.BOTH, converter=_as_stage)
    """Training, inference, or both."""

    statement: str = attrs.field(converter=as_text)
    """What is claimed, in a few words."""

    value: Quantity | None = attrs.field(default=None, converter=_as_any)
    """The figure; None if the statement holds none."""

    reading: str = attrs.field(default="", converter=as_text)
    """How words became a range; "as printed" for a plain figure."""

    missing: str = attrs.field(default="", converter=as_text)
    """What would have to be said to make it checkable."""

    accelerators_named: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    """Accelerators that it names, by their names in the catalogue."""

    scope: str = attrs.field(default="unstated", converter=as_text)
    """Of a cost: rental, amortised, acquisition, or unstated."""

    boundary: str = attrs.field(default="unstated", converter=as_text)
    """Of an energy: accelerator, server, it, facility, or unstated."""

    statistic: str = attrs.field(default="unstated", converter=as_text)
    """median, mean, or unstated."""

    method: str = attrs.field(default="unstated", converter=as_text)
    """Of a carbon figure: market-based, location-based, life-cycle, or unstated."""

    claimant: str = attrs.field(default="", converter=as_text)
    """Who says so."""

    cell: Mapping[str, str] = attrs.field(factory=dict, converter=as_mapping)
    """Row and column of the table in which it stands."""

    evidence: Callable[[], Auditor] | None = attrs.field(default=None, repr=False)
    """Where `audit` finds other claims and a bottom-up estimate."""

    def __attrs_post_init__(self) -> None:
        """Read the value in the dimension of the metric."""
        if self.value is not None:
            object.__setattr__(self, "value", self._read())

    def _read(self) -> Quantity:
        try:
            return self.metric.dimension.read(self.value, name=self.key)  # type: ignore[arg-type]
        except (DimensionError, NotationError, RangeError) as error:
            message = f"Claim.value {error}"
            raise type(error)(message) from None

    @property
    def origin(self) -> Provenance | None:
        """Where the claim was read."""
        return self.provenance.get("value")

    @property
    def shown(self) -> str:
        """The figure in the unit that people read; the statement if there is none."""
        if self.value is None:
            return self.statement
        return shown_ends(self.value, self.metric.shown)

    def audit(self, evidence: Auditor | None = None) -> Verdict:
        """Check the claim in three ways.

        Internally (against the other figures of its group), against other public figures, and
        against a bottom-up estimate of the service.

        Parameters
        ----------
        evidence : Auditor, optional
            What to check it against; a claim of the catalogue brings its own.

        Returns
        -------
        Verdict
            Consistent, inconsistent by a factor, or not checkable; and why.

        Raises
        ------
        MissingInputError
            If there is no evidence.
        """
        if evidence is not None:
            return evidence.audit(self)
        if self.evidence is None:
            message = (
                f"{self.key} has nothing to be checked against; give "
                "claim.audit(le.Evidence(claims=[...], service=...))"
            )
            raise MissingInputError(message)
        return self.evidence().audit(self)
