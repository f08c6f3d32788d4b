"""Run the main job: ``python -m llm_economics``."""

from __future__ import annotations

import sys

from llm_economics.cli import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main())
