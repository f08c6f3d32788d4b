"""Worked examples of the Software Carbon Intensity for AI specification, with right powers of ten.

Source: Green Software Foundation, SCI for AI, SPEC.md section 9 (commit 4b7c0f7, 2026-01-12). Its
reporting steps print 0.13 g and 3000 kg where its calculation steps give 130 g and 30,000 kg.
"""

from __future__ import annotations

import pytest

import llm_economics as le


@pytest.mark.parametrize(
    ("carbon", "per", "unit", "expected"),
    [
        ("6500 kgCO2e", "50e9 token", "gCO2e/Mtoken", 130.0),
        ("75000 kgCO2e", "2.5e9 parameter", "kgCO2e/Gparameter", 30_000.0),
        ("200000 kgCO2e", "5e22 FLOP", "gCO2e/PFLOP", 4.0),
    ],
)
def test_carbon_per_unit(carbon: str, per: str, unit: str, expected: float) -> None:
    """Carbon of operation and of making, over the functional unit."""
    score = le.quantity(carbon) / le.quantity(per)
    assert score.number(unit) == pytest.approx(expected, rel=1e-12)


def test_units_do_not_slip() -> None:
    """The misprint cannot be reproduced: per token and per million tokens differ by a million."""
    score = le.quantity("6500 kgCO2e") / le.quantity("50e9 token")
    assert score.number("gCO2e/token") == pytest.approx(130e-6)
    with pytest.raises(ValueError, match="gCO2e"):
        score.to("gCO2e/request")
