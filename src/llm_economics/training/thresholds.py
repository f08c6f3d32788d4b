"""Legal thresholds on the computation of a training, and how probably a model is above them.

A yes or no was rejected: most computations are estimates, and a range that straddles a threshold
has to say so. This is arithmetic, no legal advice: a threshold is one condition of a rule among
several, and authorities can name a model below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs

from llm_economics.core.breakdown import Breakdown, Step
from llm_economics.core.fields import as_computation, as_text, named_fields
from llm_economics.core.functions import less
from llm_economics.core.nouns import Noun, unique_sources
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Provenance, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike

__all__ = [
    "MODIFICATION_SHARE",
    "SOURCES",
    "THRESHOLDS",
    "Threshold",
    "ThresholdReport",
    "exceeds",
    "modification_threshold",
    "threshold_report",
]

_READ: Final = "2026-11"

SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="eu-ai-act-2024",
            organisation="European Union",
            title="Regulation (EU) 2024/1689 (Artificial Intelligence Act), Article 51",
            date="2024-07-12",
            address="https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
            accessed=_READ,
            note="text read at https://ai-act-law.eu/article/51/",
        ),
        Source(
            key="eu-gpai-guidelines-2025",
            organisation="European Commission",
            title="Guidelines on the scope of the obligations for providers of general-purpose AI "
            "models, C(2025) 5045",
            date="2025-07-18",
            address="https://digital-strategy.ec.europa.eu/en/library/"
            "guidelines-scope-obligations-providers-general-purpose-ai-models-under-ai-act",
            accessed=_READ,
            note="read through summaries by law firms; adopted in all languages on 2025-11-19 as "
            "C(2025) 7719",
        ),
        Source(
            key="us-eo-14110",
            organisation="President of the United States",
            title="Executive Order 14110, Safe, secure, and trustworthy development and use of "
            "artificial intelligence, section 4.2(b)",
            date="2023-10-30",
            address="https://www.federalregister.gov/d/2023-24283",
            accessed=_READ,
            note="read through a quotation of section 4.2(b)",
        ),
        Source(
            key="us-eo-14148",
            organisation="President of the United States",
            title="Executive Order 14148, Initial rescissions of harmful executive orders and "
            "actions",
            date="2025-01-20",
            address="https://www.federalregister.gov/documents/2025/01/28/2025-01901/"
            "initial-rescissions-of-harmful-executive-orders-and-actions",
            accessed=_READ,
            note="read through summaries",
        ),
        Source(
            key="california-sb-53",
            organisation="State of California",
            title="Transparency in Frontier Artificial Intelligence Act (SB 53), Statutes of "
            "2025, chapter 138",
            date="2025-09-29",
            address="https://leginfo.legislature.ca.gov/faces/billTextClient.xhtml?"
            "bill_id=202520260SB53",
            accessed=_READ,
            note="read through summaries",
        ),
    )
}
"""Sources of the thresholds, by key."""

MODIFICATION_SHARE: Quantity = ureg.Quantity(1.0, "") / 3.0
"""Share of the original's training computation above which who modifies a model becomes its
provider (Commission guidelines of July 2025)."""


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Threshold(Noun):
    """An amount of training computation above which a rule applies.

    Examples
    --------
    >>> from llm_economics.training.thresholds import THRESHOLDS
    >>> print(THRESHOLDS["eu-systemic-risk"].computation)
    1e25 FLOP
    """

    name: str = attrs.field(converter=as_text)
    """What being above it means."""

    computation: Quantity = attrs.field(converter=as_computation)
    """Computation that has to be exceeded (FLOP)."""

    authority: str = attrs.field(converter=as_text)
    """Who set it, and where it stands."""

    date: str = attrs.field(converter=as_text)
    """From when it applies."""

    status: str = attrs.field(converter=as_text)
    """Whether it is in force, and as what."""


def _threshold(computation: float, *keys: str, **words: str) -> Threshold:
    origin = Provenance(
        sources=tuple(SOURCES[key] for key in keys),
        kind="disclosed",
        date=SOURCES[keys[0]].date,
        # The others were read in summaries that agree, not in the document itself.
        confidence="seen" if keys[0] == "eu-ai-act-2024" else "memory",
    )
    return Threshold(
        computation=ureg.Quantity(computation, "FLOP"),
        provenance={"computation": origin},
        **words,
    )


THRESHOLDS: dict[str, Threshold] = {
    "eu-general-purpose": _threshold(
        1e23,
        "eu-gpai-guidelines-2025",
        name="EU general-purpose AI model",
        authority="European Commission, guidelines of July 2025",
        date="2025-08-02",
        status="indicative criterion, not binding; for models that generate language, images or "
        "video; in use",
    ),
    "eu-systemic-risk": _threshold(
        1e25,
        "eu-ai-act-2024",
        name="EU general-purpose AI model with systemic risk",
        authority="European Union, Regulation (EU) 2024/1689, Article 51(2)",
        date="2025-08-02",
        status="presumption that can be rebutted; in force",
    ),
    "us-executive-order": _threshold(
        1e26,
        "us-eo-14110",
        "us-eo-14148",
        name="US Executive Order 14110, reports to the government",
        authority="President of the United States, Executive Order 14110, section 4.2(b)",
        date="2023-10-30",
        status="revoked on 2025-01-20",
    ),
    "california-frontier": _threshold(
        1e26,
        "california-sb-53",
        name="California frontier model",
        authority="State of California, SB 53 (chapter 138 of 2025)",
        date="2026-01-01",
        status="in force; heavier duties for developers with more than 500 MUSD a year",
    ),
}
"""Thresholds by key."""


def modification_threshold(original: QuantityLike) -> Threshold:
    """Computation of a modification above which who modifies a model becomes its provider.

    Parameters
    ----------
    original : quantity or text
        Training computation of the original model ("3.8e25 FLOP"); where it is unknown, the
        threshold that the original is above (1e23 or 1e25 FLOP).

    Returns
    -------
    Threshold
        One third of it; a range if the original is one.

    Notes
    -----
    To be compared with the computation of the modification (fine-tuning) alone.

    References
    ----------
    European Commission, guidelines on general-purpose AI models, July 2025.

    Examples
    --------
    >>> print(modification_threshold("3e25 FLOP").computation)
    1e25 FLOP
    """
    origin = Provenance(
        sources=SOURCES["eu-gpai-guidelines-2025"],
        kind="derived",
        date="2025-07-18",
        confidence="memory",
        note="one third of the computation of the original",
    )
    return Threshold(
        name="EU provider of a modified model",
        computation=(MODIFICATION_SHARE * as_computation(original)).to("FLOP"),
        authority="European Commission, guidelines of July 2025",
        date="2025-08-02",
        status="indicative criterion, not binding; in use",
        provenance={"computation": origin},
    )


def exceeds(computation: QuantityLike, threshold: Threshold) -> Quantity:
    """Probability that a training computation is above a threshold.

    Parameters
    ----------
    computation : quantity or text
        Computation of the training ("3.8e25 FLOP", "8e24 - 2e25 FLOP").
    threshold : Threshold
        The threshold.

    Returns
    -------
    Quantity
        A share: 0 or 1 for an exact computation (element by element for an array), otherwise the
        probability. Equal is not above.

    Notes
    -----
    The EU counts all computation that goes into the model before it is put on the market:
    pre-training, fine-tuning and reinforcement, and the making of synthetic data too, of discarded
    samples as well (not data that anybody can get, nor experiments; from memory). 6 N D of the
    pre-training is a lower end of that. California counts later fine-tuning and reinforcement.

    Examples
    --------
    >>> import llm_economics as le
    >>> limit = THRESHOLDS["eu-systemic-risk"]
    >>> print(exceeds("3.8e25 FLOP", limit), exceeds("1e25 FLOP", limit))
    1 0
    >>> print(f"{exceeds(le.between(4e24, 1e25, 'FLOP'), limit):.2g}")
    0.05
    """
    condition = less(threshold.computation, as_computation(computation))
    shares: Quantity = condition.mean() if condition.is_range else condition
    return shares


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ThresholdReport(Breakdown):
    """How probably a training computation is above each threshold."""

    computation: Quantity
    """Computation of the training (FLOP)."""

    thresholds: tuple[Threshold, ...] = attrs.field(repr=False)
    """What it was compared with."""

    def steps(self) -> Iterator[Step]:
        """Go through the thresholds."""
        for threshold in self.thresholds:
            how = (
                f"probability of more than {threshold.computation}; {threshold.authority}, "
                f"from {threshold.date}: {threshold.status}"
            )
            status = " (revoked)" if threshold.status.startswith("revoked") else ""
            share = exceeds(self.computation, threshold)
            yield Step(f"{threshold.name}{status}", share, how, "%")


def threshold_report(
    computation: QuantityLike, *, thresholds: tuple[Threshold, ...] | None = None
) -> ThresholdReport:
    """Compare a training computation with every threshold.

    Parameters
    ----------
    computation : quantity or text
        Computation of the training, synthetic data included: see `exceeds`.
    thresholds : tuple of Threshold, optional
        All of `THRESHOLDS` by default, the revoked one too.

    Returns
    -------
    ThresholdReport
        One line for each threshold with the probability of being above it.

    Examples
    --------
    >>> print(threshold_report("3.8e25 FLOP"))
    Thresholds for a training of 3.8e25 FLOP: probability of being above
      EU general-purpose AI model: 100 %
      EU general-purpose AI model with systemic risk: 100 %
      US Executive Order 14110, reports to the government (revoked): 0 %
      California frontier model: 0 %
    """
    read = as_computation(computation)
    chosen = tuple(THRESHOLDS.values()) if thresholds is None else thresholds
    return ThresholdReport(
        title=f"Thresholds for a training of {read}: probability of being above",
        input_sources=unique_sources(p for t in chosen for p in t.provenance.values()),
        computation=read,
        thresholds=chosen,
    )
