"""`calibrate`: finds the constants that made the data, says how well, and refuses what it must."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError
from llm_economics.serving.calibration import calibrate
from llm_economics.serving.constants import ServingConstants, StackKind, serving_constants
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.load import Load
from llm_economics.serving.measured import MeasuredPoint
from llm_economics.serving.point import case_of, seconds_at

MODEL, CHIP = le.models["Llama 3.1 70B"], le.accelerators["H100 SXM"]
BATCHES = (1, 2, 4, 8, 16, 32, 64, 128)


def made(constants: ServingConstants, **changes: Any) -> list[MeasuredPoint]:
    """Points as a stack with these constants would give them."""
    points = []
    for tensor_parallel in (2, 4, 8):
        deployment = Deployment(
            model=MODEL,
            accelerator=CHIP,
            tensor_parallel=tensor_parallel,
            weights="fp8",
            engine="vLLM",
            software_date="2026-01",
        )
        for users in BATCHES:
            load = Load.closed(
                concurrency=users,
                input_tokens="1024 token",
                output_tokens="1024 token",
                prefix_cache_hit_share=0.0,
            )
            case = case_of(deployment, load, [])
            times = seconds_at(case, case.machine.central(), constants, float(users))
            told: dict[str, Any] = {
                "engine": "vLLM",
                "date": "2026-01",
                "accelerators": tensor_parallel,
                "tensor_parallel": tensor_parallel,
                "weight_format": "fp8",
                "load": "concurrency",
                "concurrency": users,
                "input_tokens": "1024 token",
                "output_tokens": "1024 token",
                "time_per_output_token": {"mean": f"{float(times.per_token)} s/token"},
                "time_to_first_token": {"mean": f"{float(times.first_token)} s"},
            }
            points.append(MeasuredPoint(**{**told, **changes}))
    return points


PRIOR = serving_constants(StackKind.CURRENT).central()


def test_data_of_the_prior_leave_it_where_it_is() -> None:
    """Points that the constants make already: no error, and a range that is narrow where told."""
    found = calibrate(made(PRIOR), models=MODEL, accelerators=CHIP)
    assert np.abs(found.errors).max() < 1e-3
    for name, value in found.constants.quantities.items():
        assert value.central().magnitude == pytest.approx(getattr(PRIOR, name), rel=0.02)
    low, high = found.constants.quantities["memory_efficiency"].quantiles(0.05, 0.95).magnitude
    assert high / low < 1.35


def test_a_slower_stack_is_found() -> None:
    """Reading at four fifths of the speed: the errors vanish, and the constant moves that way."""
    slow = attrs.evolve(PRIOR, memory_efficiency=0.8 * PRIOR.memory_efficiency)
    found = calibrate(made(slow), models=MODEL, accelerators=CHIP)
    assert np.median(np.abs(found.errors)) < 0.02
    moved = found.constants.quantities["memory_efficiency"].central().magnitude
    assert moved < 0.95 * PRIOR.memory_efficiency
    assert found.spread < 0.05
    assert found.covariance.shape == (len(found.names), len(found.names))
    assert np.allclose(found.covariance, found.covariance.T)


def test_one_odd_point_does_not_bend_the_rest() -> None:
    """A run that took three times as long moves the others by little."""
    points = made(PRIOR)
    odd = points[0].time_per_output_token
    assert odd is not None
    assert odd.typical is not None
    points[0] = attrs.evolve(points[0], time_per_output_token={"mean": 3.0 * odd.typical})
    found = calibrate(points, models=MODEL, accelerators=CHIP)
    assert np.median(np.abs(found.errors)) < 0.03


def test_same_points_give_the_same_digits() -> None:
    """Nothing is drawn."""
    first, second = (calibrate(made(PRIOR), models=MODEL, accelerators=CHIP) for _ in range(2))
    assert np.array_equal(first.errors, second.errors)
    assert np.array_equal(first.covariance, second.covariance)


def test_names_are_looked_up() -> None:
    """Mappings find what a file names; without a name there is nothing to look up."""
    named = made(PRIOR, model="Llama 3.1 70B", accelerator="H100 SXM")
    found = calibrate(named, models=le.models, accelerators=le.accelerators)
    assert np.abs(found.errors).max() < 1e-3
    assert "24 points" in repr(found)
    with pytest.raises(MissingInputError, match="the file does not name it"):
        calibrate(made(PRIOR), models=le.models, accelerators=CHIP)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"time_per_output_token": None}, "no time per output token"),
        ({"input_tokens": None}, "how long inputs and outputs"),
        ({"serving": "disaggregated"}, "disaggregated"),
    ],
)
def test_too_few_points_say_why(changes: dict[str, Any], match: str) -> None:
    """What cannot be used is told, with the reason."""
    with pytest.raises(MissingInputError, match=f"needs 4 points or more; 0 .*{match}"):
        calibrate(made(PRIOR, **changes), models=MODEL, accelerators=CHIP)


def test_mixed_kinds_are_refused() -> None:
    """Engines of 2024 and of 2026 have no constants in common."""
    mixed = [*made(PRIOR), *made(PRIOR, date="2024-06")]
    with pytest.raises(MissingInputError, match=r"one kind of stack; got current, early"):
        calibrate(mixed, models=MODEL, accelerators=CHIP)
