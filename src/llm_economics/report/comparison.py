"""`Comparison`: services side by side, what is claimed beside what is computed, and the audit."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.claim.audit import Status, Verdict
from llm_economics.claim.claim import Claim
from llm_economics.core.breakdown import Text, attempt
from llm_economics.core.errors import MissingInputError
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity
from llm_economics.report.tables import markdown_table, text_table
from llm_economics.service.service import Service, ServiceEstimate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Comparison", "Row"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class Row:
    """One line of the comparison."""

    label: str
    """What is compared."""

    metrics: tuple[str, ...]
    """Metrics of the claims that belong here."""

    computed: Callable[[ServiceEstimate], str | Maybe]
    """How it is computed."""

    unit: str = ""
    """Unit in which it is shown."""


def _traits(estimate: ServiceEstimate) -> str:
    training, query = estimate.training, estimate.query
    return (
        f"training: {_short(training.model_flops_utilization.to('%'))} of the dense peak for "
        f"{_short(training.duration)}; inference: {_short(query.output_tokens)} written per "
        f"request, overtakes the training after {_short(attempt(lambda: estimate.crossover))}"
    )


def _accelerators(estimate: ServiceEstimate) -> str:
    training = estimate.training
    name = training.title.partition(" accelerator ")[2].partition(" at ")[0]
    served = estimate.query.title.rpartition(" on ")[2].partition(" at ")[0]
    return f"training {_short(training.accelerators)} {name}; inference {served}"


ROWS: tuple[Row, ...] = (
    Row(label="training and inference", metrics=("traits",), computed=_traits),
    Row(
        label="accelerators",
        metrics=("accelerator", "accelerator-count"),
        computed=_accelerators,
    ),
    Row(
        label="hardware cost",
        metrics=("hardware-cost",),
        computed=lambda e: attempt(lambda: e.training.cost.acquisition),
        unit="MUSD",
    ),
    Row(
        label="training time",
        metrics=("training-duration",),
        computed=lambda e: e.training.duration,
        unit="day",
    ),
    Row(
        label="training power",
        metrics=("training-power", "training-power-per-pod"),
        computed=lambda e: e.training.power,
        unit="MW",
    ),
    Row(
        label="training energy",
        metrics=("training-energy",),
        computed=lambda e: e.training.energy.facility,
        unit="GWh",
    ),
    Row(
        label="training cost, rental",
        metrics=("training-cost",),
        computed=lambda e: attempt(lambda: e.training.cost.rental),
        unit="MUSD",
    ),
    Row(
        label="training cost, amortised",
        metrics=(),
        computed=lambda e: attempt(lambda: e.training.cost.amortised),
        unit="MUSD",
    ),
    Row(
        label="training carbon",
        metrics=(),
        computed=lambda e: attempt(lambda: e.training.carbon),
        unit="tCO2e",
    ),
    Row(
        label="energy per query",
        metrics=("energy-per-query",),
        computed=lambda e: e.query.energy.facility,
        unit="Wh/request",
    ),
    Row(
        label="cost per query, rental",
        metrics=(),
        computed=lambda e: attempt(lambda: e.query.cost.rental),
        unit="USD/request",
    ),
    Row(
        label="carbon per query",
        metrics=("carbon-per-query",),
        computed=lambda e: attempt(lambda: e.query.carbon),
        unit="gCO2e/request",
    ),
    Row(
        label="inference power",
        metrics=("inference-power",),
        computed=lambda e: attempt(lambda: e.inference_power),
        unit="MW",
    ),
    Row(
        label="training share of a query",
        metrics=(),
        computed=lambda e: attempt(lambda: e.training_share),
        unit="Wh/request",
    ),
)
"""Lines of the comparison, in order."""


@attrs.frozen(kw_only=True, eq=False)
class Comparison:
    """Several services side by side."""

    services: tuple[Service, ...]
    """The services."""

    claims: tuple[Claim, ...]
    """Claims about them that are shown and audited: those of the seed table."""

    public_claims: tuple[Claim, ...] = ()
    """Other public claims about them."""

    _estimates: dict[str, ServiceEstimate] = attrs.field(factory=dict, repr=False)

    def estimate(self, service: str) -> ServiceEstimate:
        """Estimate of one service, computed once."""
        if service not in self._estimates:
            found = next(s for s in self.services if s.name == service)
            self._estimates[service] = found.estimate()
        return self._estimates[service]

    def claimed(self, row: Row, service: str) -> tuple[Claim, ...]:
        """Claims that belong into a cell."""
        return tuple(c for c in self.claims if c.service == service and c.metric.key in row.metrics)

    def computed(self, row: Row, service: str) -> str:
        """The computed cell as text."""
        value = row.computed(self.estimate(service))
        if isinstance(value, str):
            return value
        return _short(value.to(row.unit) if isinstance(value, Quantity) else value)

    def audit(self) -> tuple[Verdict, ...]:
        """Audit of every claim shown, in order."""
        return tuple(claim.audit() for claim in self.claims)

    # -- as text --------------------------------------------------------------------------------

    def __str__(self) -> str:
        return f"{self.comparison_text()}\n\n{self.audit_text()}"

    def __repr__(self) -> str:
        return str(self)

    def comparison_text(self) -> str:
        """The comparison as text: per line of the table, claimed and computed of each service."""
        lines = [
            "COMPARISON: claimed (seed table) beside computed (median [5 % – 95 %])",
        ]
        for row in ROWS:
            unit = f" ({row.unit})" if row.unit else ""
            lines += ["", f"{row.label}{unit}"]
            cells = [
                [s.name, _claimed_text(self.claimed(row, s.name)), self.computed(row, s.name)]
                for s in self.services
            ]
            lines.append(text_table(cells, [8, 44, 52]))
        return "\n".join(lines)

    def audit_text(self) -> str:
        """The audit as text: each claim, its verdict, and every check behind it."""
        lines = ["AUDIT of every figure in the seed table"]
        for verdict in self.audit():
            claim = verdict.claim
            lines += ["", f"{claim.key}: {claim.statement}"]
            if claim.reading and claim.reading != "as printed":
                lines.append(f"  read as: {claim.reading}")
            lines.append(f"  {str(verdict).upper().partition(':')[0]}{_after_colon(str(verdict))}")
            lines += [_wrapped(f"- {check}") for check in verdict.checks]
        lines += ["", self.public_text()]
        return "\n".join(lines)

    def public_text(self) -> str:
        """Summary of the audit of the other public claims."""
        counts = Counter(verdict.status for verdict in self._public_verdicts())
        total = sum(counts.values())
        parts = ", ".join(f"{counts[status]} {status}" for status in Status)
        return f"PUBLIC CLAIMS about these services: {total} audited: {parts}."

    def _public_verdicts(self) -> list[Verdict]:
        return [claim.audit() for claim in self.public_claims]

    # -- as Markdown ----------------------------------------------------------------------------

    def to_markdown(self) -> Text:
        """Both tables in Markdown: the comparison, then the audit."""
        head = ["quantity", "", *(s.name for s in self.services)]
        rows = []
        for row in ROWS:
            unit = f" ({row.unit})" if row.unit else ""
            claimed = [_claimed_text(self.claimed(row, s.name)) for s in self.services]
            computed = [self.computed(row, s.name) for s in self.services]
            rows += [[f"{row.label}{unit}", "claimed", *claimed], ["", "computed", *computed]]
        audit_rows = [
            [f"`{v.claim.key}`", v.claim.statement, v.claim.shown, str(v), _decisive(v)]
            for v in self.audit()
        ]
        return Text(
            "\n".join(
                [
                    "## Claimed beside computed",
                    "",
                    "Computed: median [5 % – 95 %].",
                    "",
                    markdown_table(head, rows),
                    "",
                    "## Audit of every figure",
                    "",
                    markdown_table(["claim", "says", "read as", "verdict", "because"], audit_rows),
                    "",
                    self.public_text(),
                ]
            )
        )

    def _repr_markdown_(self) -> str:
        return str(self.to_markdown())

    # -- as data --------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: services, claims with verdicts, assumptions, sources."""
        return {
            "services": {s.name: self._service_dict(s) for s in self.services},
            "audit": [_verdict_dict(verdict) for verdict in self.audit()],
            "public_claims": [_verdict_dict(verdict) for verdict in self._public_verdicts()],
        }

    def to_frame(self) -> pd.DataFrame:
        """Computed figures as a pandas frame: one line per service and quantity.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        rows = [
            {"service": s.name, "quantity": name, **values}
            for s in self.services
            for name, values in self.estimate(s.name).to_dict().items()
        ]
        frame: pd.DataFrame = pandas.DataFrame(rows)
        return frame

    def _service_dict(self, service: Service) -> dict[str, Any]:
        estimate = self.estimate(service.name)
        return {
            "operator": service.operator,
            "description": service.description,
            "computed": estimate.to_dict(),
            "assumptions": [str(assumption) for assumption in estimate.assumptions],
            "sources": {source.key: str(source) for source in estimate.sources},
        }


def _short(value: Maybe) -> str:
    """Text of a value without the note on its level, which the table's head gives."""
    if isinstance(value, MissingInputError):
        return f"unknown: {value}"
    return str(value).partition(" (median")[0]


def _claimed_text(claims: Iterable[Claim]) -> str:
    parts = []
    for claim in claims:
        figure = "" if claim.value is None else f" ({claim.shown})"
        parts.append(f"{claim.statement}{figure}")
    return "; ".join(parts) or "-"


def _after_colon(text: str) -> str:
    _, colon, rest = text.partition(":")
    return f"{colon}{rest}"


def _decisive(verdict: Verdict) -> str:
    return verdict.decisive.because if verdict.decisive else verdict.missing


@functools.lru_cache(maxsize=1024)
def _wrapped(text: str) -> str:
    return text_table([[text]], [104], indent=4)


def _verdict_dict(verdict: Verdict) -> dict[str, Any]:
    claim = verdict.claim
    origin = claim.origin
    return {
        "claim": claim.key,
        "service": claim.service,
        "statement": claim.statement,
        "reading": claim.reading,
        "value": claim.shown if claim.value is not None else None,
        "verdict": str(verdict.status),
        "factor": verdict.factor,
        "summary": str(verdict),
        "missing": verdict.missing if not verdict.checks else "",
        "checks": [
            {
                "way": str(check.way),
                "status": str(check.status),
                "factor": check.factor,
                "because": check.because,
                "used": list(check.used),
            }
            for check in verdict.checks
        ],
        "sources": [] if origin is None else [source.key for source in origin.sources],
    }

