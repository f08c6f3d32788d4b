"""What the examples in docstrings and pages may use without importing it.

`le` is the library and `np` is NumPy, as in every page. Anything more is imported in the example,
where the reader sees it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import llm_economics

# Neither tests nor pages: the settings of the pages, and code for the type checker to read.
collect_ignore = ["docs/conf.py", "noxfile.py", "tests/typing"]


@pytest.fixture(autouse=True)
def _names_in_examples(doctest_namespace: dict[str, Any]) -> None:
    """Give the examples their two names."""
    doctest_namespace.update(le=llm_economics, np=np)
