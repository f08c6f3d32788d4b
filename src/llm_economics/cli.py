"""The command line: the five assistants with the audit, and the care of the catalogue.

It reads options and prints; what is printed is made elsewhere.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

SERVICES = ("ChatGPT", "Grok", "Gemini", "Copilot", "Titan")
"""The services of the seed table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison and the audit, or what is to be said about the catalogue.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default those of the process.

    Returns
    -------
    int
        Exit status: 0; 1 if a check of the catalogue finds a problem; 2 if a name is unknown or
        the command cannot be done.
    """
    options = _parser().parse_args(arguments)
    # Loaded here, so that --help answers at once.
    from llm_economics.core.errors import LLMEconomicsError

    try:
        text, status = options.run(options)
    except LLMEconomicsError as error:
        sys.stderr.write(f"llm-economics: {error}\n")
        return 2
    _write(text)
    return int(status)


def _compare(options: argparse.Namespace) -> tuple[str, int]:
    from llm_economics.comparison import compare

    comparison = compare(options.service or SERVICES)
    if options.json:
        return _as_json(comparison.to_dict(public=options.public)), 0
    if options.markdown:
        return str(comparison.to_markdown(public=options.public)), 0
    return comparison.to_text(public=options.public), 0


def _check(options: argparse.Namespace) -> tuple[str, int]:
    from llm_economics.catalog.checking import check_catalog

    report = check_catalog()
    text = _as_json(report.to_dict()) if options.json else str(report)
    return text, 0 if report.is_good else 1


def _stale(options: argparse.Namespace) -> tuple[str, int]:
    from llm_economics.catalog.checking import stale

    found = stale(options.months)
    if options.json:
        return _as_json([aged.to_dict() for aged in found]), 0
    head = f"{len(found)} figures were stated more than {options.months} months ago."
    return "\n".join([head, *(f"  {aged}" for aged in found)]), 0


def _as_json(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)


def _write(text: str) -> None:
    # A terminal of another encoding must not turn the output into an error.
    stream = sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        stream.write(f"{text}\n")
        stream.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Python flushes again when it ends, and that
        # must not fail either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llm-economics",
        description=(
            "Energy, time and cost of language models with ranges: compares ChatGPT, Grok, "
            "Gemini, Copilot and Titan, claimed beside computed, and audits every claim."
        ),
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    form.add_argument("--json", action="store_true", help="print plain data in JSON")
    parser.add_argument(
        "--service",
        action="append",
        metavar="NAME",
        help="only this service of the catalogue; can be given several times",
    )
    parser.add_argument("--public", action="store_true", help="audit the other public claims too")
    parser.set_defaults(run=_compare)
    _add_catalogue(parser.add_subparsers(title="other commands", metavar="COMMAND"))
    return parser


def _add_catalogue(commands: Any) -> None:
    about = "look after the facts: check them, or list the old ones"
    catalogue = commands.add_parser(
        "catalogue", aliases=["catalog"], help=about, description=about.capitalize()
    )
    parts = catalogue.add_subparsers(metavar="COMMAND", required=True)
    about = "check every entry; the exit status is 1 if there is a problem"
    check = parts.add_parser("check", help=about, description=about.capitalize())
    check.set_defaults(run=_check)
    about = "list the figures that were stated long ago, oldest first"
    stale = parts.add_parser("stale", help=about, description=about.capitalize())
    stale.add_argument(
        "--months", type=int, default=12, metavar="N", help="older than so many (12)"
    )
    stale.set_defaults(run=_stale)
    for part in (check, stale):
        part.add_argument("--json", action="store_true", help="print plain data in JSON")
