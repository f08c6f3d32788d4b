"""What can be counted is what comes in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from llm_economics.core.counting import COUNTED, whole_quantity
from llm_economics.core.reading import quantity


@pytest.mark.parametrize("unit", sorted(COUNTED))
def test_every_count_is_rounded_in_single_pieces(unit: str) -> None:
    """A prefix or a number word does not change where the next whole number is."""
    assert whole_quantity(np.ceil, quantity(f"0.0012 thousand {unit}")) == quantity(f"2 {unit}")
    assert whole_quantity(np.floor, quantity(f"0.0019 k{unit}")) == quantity(f"1 {unit}")
