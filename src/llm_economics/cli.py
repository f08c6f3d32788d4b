"""The command line: the five assistants, training against inference, and the audit."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

SERVICES = ("ChatGPT", "Grok", "Gemini", "Copilot", "Titan")
"""The services of the seed table."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the comparison and the audit.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command-line arguments; by default those of the process.

    Returns
    -------
    int
        Exit status: 0, or 2 if a name is unknown.
    """
    options = _parser().parse_args(arguments)
    # Loaded here, so that --help answers at once.
    from llm_economics.comparison import compare
    from llm_economics.core.errors import LLMEconomicsError

    try:
        comparison = compare(options.service or SERVICES)
        if options.json:
            text = json.dumps(
                comparison.to_dict(public=options.public), indent=2, ensure_ascii=False
            )
        elif options.markdown:
            text = str(comparison.to_markdown(public=options.public))
        else:
            text = comparison.to_text(public=options.public)
    except LLMEconomicsError as error:
        sys.stderr.write(f"llm-economics: {error}\n")
        return 2
    _write(text)
    return 0


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
    return parser
