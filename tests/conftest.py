"""Shared by all tests: how Hypothesis searches, and random numbers with a fixed start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# The same examples on each run, and no clock: a slow machine is no failure.
settings.register_profile(
    "house",
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", settings.get_profile("house"), derandomize=False, max_examples=1000
)
settings.load_profile("house")


@pytest.fixture
def rng() -> np.random.Generator:
    """Return a generator that starts at the same place in every test."""
    return np.random.default_rng(20261124)
