"""Write into the README what its commands print today: run it after figures have changed.

``python docs/_ext/refresh_readme.py``. A test compares the README with the library, so that a
forgotten run is found.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"
LINES_OF_MAIN_JOB = 25
TEXT_BLOCK = re.compile(r"^```text\n.*?^```$", flags=re.DOTALL | re.MULTILINE)
CODE_BLOCK = re.compile(r"^```python\n(import .*?)^```$", flags=re.DOTALL | re.MULTILINE)


def printed(*arguments: str) -> list[str]:
    """Run Python and return the lines that it prints."""
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)  # noqa: S603
    return done.stdout.splitlines()


def replaced(text: str, title: str, lines: list[str]) -> str:
    """Put lines into the first text block of a section."""
    head, heading, tail = text.partition(f"\n## {title}\n")
    block = "\n".join(["```text", *lines, "```"])
    return head + heading + TEXT_BLOCK.sub(lambda _: block, tail, count=1)


def main() -> None:
    """Refresh both blocks."""
    text = README.read_text(encoding="utf-8")
    sample = printed("-m", "llm_economics")[:LINES_OF_MAIN_JOB]
    whole = max(number for number, line in enumerate(sample) if not line)  # quantities not cut
    text = replaced(text, "Run it", [*sample[:whole], "..."])
    code, *_ = CODE_BLOCK.findall(text)
    README.write_text(replaced(text, "Use it", printed("-c", code)), encoding="utf-8")


if __name__ == "__main__":
    main()
