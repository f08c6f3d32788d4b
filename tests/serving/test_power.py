"""Power while serving."""

from __future__ import annotations

import numpy as np
import pytest

import llm_economics as le
from llm_economics.serving.power import power_assumptions, power_constants, power_fraction


def test_power_rises_up_to_a_limit() -> None:
    """From rest, with both uses, never above the limit; floats, arrays and ranges alike."""
    constants = power_constants(central=True)
    uses = np.linspace(0.0, 1.0, 11)
    found = power_fraction(uses, 0.2 * uses, constants)
    assert found[0] == pytest.approx(constants.rest)
    assert np.all(np.diff(found) >= 0.0)
    assert found[-1] == constants.limit
    assert [power_fraction(u, 0.2 * u, constants) for u in uses] == pytest.approx(found)
    ranged = le.ureg.Quantity(power_fraction(0.3, 0.1))
    assert ranged.is_range
    assert ranged.central().magnitude == pytest.approx(power_fraction(0.3, 0.1, constants))


def test_assumptions_have_names_and_sources() -> None:
    """One for each constant."""
    names = [taken.name for taken in power_assumptions()]
    assert len(set(names)) == 5
    assert all(taken.provenance and taken.provenance.sources for taken in power_assumptions())
