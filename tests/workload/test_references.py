"""Fields that hold another noun."""

from __future__ import annotations

import re
from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import NotationError, UnknownNameError

H100 = le.accelerators["H100 SXM"]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (
            lambda: le.InferenceWorkload(model="GPT-4", output_tokens=1, accelerator=H100),
            "InferenceWorkload.model needs Model, not its name; write le.models['GPT-4']",
        ),
        (
            lambda: le.InferenceWorkload(output_tokens=1, accelerator="H100"),
            "needs Accelerator, not its name; write le.accelerators['H100']",
        ),
        (
            lambda: le.Facility(name="x", power_usage_effectiveness=1.1, grid="US"),
            "Facility.grid needs Grid, not its name; write le.grids['US']",
        ),
        (
            lambda: le.Facility(name="x", power_usage_effectiveness=1.1, tariff=0.08),
            "Facility.tariff needs Tariff; got 0.08; write le.Tariff(...)",
        ),
        (lambda: le.Server(name="x", accelerator=8), "Server.accelerator needs Accelerator; got 8"),
        (lambda: le.Accelerator(name="x", aliases=[8]), "Accelerator.aliases needs names"),
    ],
)
def test_a_name_in_place_of_a_noun(make: Any, match: str) -> None:
    """The name of a noun is refused where the noun is needed, and what to write is said."""
    with pytest.raises(NotationError, match=re.escape(match)):
        make()


def test_one_alias() -> None:
    """One alias may be given as a text."""
    assert le.Accelerator(name="x", aliases="mine").aliases == ("mine",)


def test_a_format_that_the_accelerator_lacks() -> None:
    """fp4 on an H100 is refused where it is given."""
    with pytest.raises(UnknownNameError, match="dense peak of H100 SXM"):
        le.InferenceWorkload(output_tokens=1, accelerator=H100, number_format="fp4")
