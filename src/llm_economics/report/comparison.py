"""`Comparison`: services side by side, what is claimed beside what is computed, and the audit."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.claim.claim import Claim
from llm_economics.claim.verdict import Status, Verdict
from llm_economics.core.breakdown import Text
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity
from llm_economics.report.rows import ROWS, Row, short_text
from llm_economics.report.tables import markdown_table, text_table
from llm_economics.service.service import Service, ServiceEstimate

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

__all__ = ["Comparison"]

# Columns of the text form: service, claimed, computed.
_WIDTHS = (8, 44, 52)
_LINE = 110


@attrs.frozen(kw_only=True, eq=False)
class Comparison:
    """Several services side by side.

    Examples
    --------
    >>> import llm_economics as le
    >>> table = le.compare(["ChatGPT"])
    >>> print(table.audit()[0].status)
    not checkable
    """

    services: tuple[Service, ...]
    """The services."""

    claims: tuple[Claim, ...] = ()
    """Claims that stand in the table: those of the seed."""

    public_claims: tuple[Claim, ...] = ()
    """Other public claims about these services."""

    _estimates: dict[str, ServiceEstimate] = attrs.field(factory=dict, repr=False, init=False)

    def estimate(self, service: str) -> ServiceEstimate:
        """Estimate of one service, computed once."""
        if service not in self._estimates:
            self._estimates[service] = self._service(service).estimate()
        return self._estimates[service]

    def claimed(self, row: Row, service: str) -> tuple[Claim, ...]:
        """Claims that belong into a cell."""
        return tuple(c for c in self.claims if c.service == service and c.metric.key in row.metrics)

    def computed(self, row: Row, service: str) -> str:
        """The computed cell as text."""
        value = row.computed(self._service(service), self.estimate(service))
        if isinstance(value, str):
            return value
        return short_text(value.to(row.unit) if isinstance(value, Quantity) else value)

    def audit(self, *, public: bool = False) -> tuple[Verdict, ...]:
        """Audit the claims of the table, or with `public` the other public claims.

        Parameters
        ----------
        public : bool
            Which claims.

        Returns
        -------
        tuple of Verdict
            In the order of the services.
        """
        return tuple(claim.audit() for claim in (self.public_claims if public else self.claims))

    def _service(self, name: str) -> Service:
        return next(service for service in self.services if service.name == name)

    # -- as text --------------------------------------------------------------------------------

    def to_text(self, *, public: bool = False) -> str:
        """Write comparison and audit as text.

        Parameters
        ----------
        public : bool
            Whether to audit the other public claims too.

        Returns
        -------
        str
            Lines of at most 110 characters.
        """
        parts = [self._comparison_text(), _audit_text(_TABLE, self.audit())]
        if public:
            parts.append(_audit_text(_PUBLIC, self.audit(public=True)))
        elif self.public_claims:
            count = len(self.public_claims)
            parts.append(f"{count} other public claims about these services: --public audits them.")
        return "\n\n".join(parts)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return str(self)

    def _comparison_text(self) -> str:
        lines = ["COMPARISON  service, claimed in the seed table, computed: median [5 % – 95 %]"]
        for row in ROWS:
            cells = [
                [s.name, _claimed_text(self.claimed(row, s.name)), self.computed(row, s.name)]
                for s in self.services
            ]
            lines += ["", _label(row), text_table(cells, _WIDTHS)]
        return "\n".join(lines)

    # -- as Markdown ----------------------------------------------------------------------------

    def to_markdown(self, *, public: bool = False) -> Text:
        """Write comparison and audit as tables in Markdown.

        Parameters
        ----------
        public : bool
            Whether to audit the other public claims too.

        Returns
        -------
        Text
            The tables.
        """
        lines = [
            "## Claimed beside computed",
            "",
            "Computed: median [5 % – 95 %].",
            "",
            self._comparison_markdown(),
            "",
            f"## {_TABLE}",
            "",
            _audit_markdown(self.audit()),
        ]
        if public:
            lines += ["", f"## {_PUBLIC}", "", _audit_markdown(self.audit(public=True))]
        return Text("\n".join(lines))

    def _comparison_markdown(self) -> str:
        names = [service.name for service in self.services]
        rows = []
        for row in ROWS:
            claimed = [_claimed_text(self.claimed(row, name)) for name in names]
            computed = [self.computed(row, name) for name in names]
            rows += [[_label(row), "claimed", *claimed], ["", "computed", *computed]]
        return markdown_table(["quantity", "", *names], rows)

    def _repr_markdown_(self) -> str:
        return str(self.to_markdown())

    # -- as data --------------------------------------------------------------------------------

    def to_dict(self, *, public: bool = False) -> dict[str, Any]:
        """Plain values for JSON: services with what was computed and assumed, and the audit.

        Parameters
        ----------
        public : bool
            Whether to audit the other public claims too.

        Returns
        -------
        dict
            Only texts, numbers, lists and dictionaries.
        """
        data: dict[str, Any] = {
            "services": {s.name: self._service_dict(s) for s in self.services},
            "audit": [_verdict_dict(verdict) for verdict in self.audit()],
        }
        if public:
            data["public_audit"] = [_verdict_dict(v) for v in self.audit(public=True)]
        return data

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


_TABLE = "Audit of every figure in the seed table"
_PUBLIC = "Audit of other public claims"


def _label(row: Row) -> str:
    return f"{row.label} ({row.unit})" if row.unit else row.label


def _claimed_text(claims: Iterable[Claim]) -> str:
    parts = []
    for claim in claims:
        read = "" if claim.value is None or claim.reading.startswith("as printed") else claim.shown
        parts.append(f"{claim.statement} ({read})" if read else claim.statement)
    return "; ".join(parts) or "-"


def _counts(verdicts: Iterable[Verdict]) -> str:
    counts = Counter(verdict.status for verdict in verdicts)
    parts = ", ".join(f"{counts[status]} {status}" for status in Status if counts[status])
    return f"{sum(counts.values())} claims: {parts}."


def _audit_text(title: str, verdicts: tuple[Verdict, ...]) -> str:
    lines = [f"{title.upper()}  {_counts(verdicts)}"]
    for verdict in verdicts:
        claim = verdict.claim
        lines += ["", text_table([[f"{claim.key}: {claim.statement}"]], [_LINE], indent=0)]
        if claim.reading and not claim.reading.startswith("as printed"):
            lines.append(text_table([[f"read as: {claim.reading}"]], [_LINE - 2]))
        lines.append(text_table([[f"=> {verdict}"]], [_LINE - 2]))
        lines += [text_table([[f"- {check}"]], [_LINE - 4], indent=4) for check in verdict.checks]
    return "\n".join(lines)


def _audit_markdown(verdicts: tuple[Verdict, ...]) -> str:
    rows = [
        [f"`{v.claim.key}`", v.claim.statement, v.claim.shown, str(v), _because(v)]
        for v in verdicts
    ]
    table = markdown_table(["claim", "says", "read as", "verdict", "because"], rows)
    return f"{_counts(verdicts)}\n\n{table}"


def _because(verdict: Verdict) -> str:
    return "\n".join(str(check) for check in verdict.checks) or verdict.missing


def _verdict_dict(verdict: Verdict) -> dict[str, Any]:
    claim = verdict.claim
    origin = claim.origin
    return {
        "claim": claim.key,
        "service": claim.service,
        "statement": claim.statement,
        "reading": claim.reading,
        "read_as": claim.shown if claim.value is not None else None,
        "status": str(verdict.status),
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
