"""A final run widened to its development: exact multiples, and what nobody stated."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError

CHIP = le.Accelerator(
    name="chip",
    power="500 W",
    peaks={"bf16": "1 PFLOP/s"},
    rental_price="2 USD/accelerator/hour",
)
SITE = le.Facility(name="site", power_usage_effectiveness=1.25)
GIVEN: dict[str, Any] = {
    "accelerator": CHIP,
    "facility": SITE,
    "accelerators": 1000,
    "duration": "100 hour",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.0,
    "development_multiple": 3.0,
    "staff_multiple": 0.5,
}


def estimate(**changes: Any) -> Any:
    """Return the estimate of a run with some inputs changed; None leaves one out."""
    return le.TrainingWorkload(**(GIVEN | changes)).estimate()


@pytest.mark.parametrize(
    ("what", "unit", "expected"),
    [
        ("accelerator_time", "accelerator*hour", 3e5),
        ("energy", "MWh", 3e5 * 0.5e-3 * 0.8 * 1.5 * 1.25),
        ("computing", "USD", 6e5),
        ("staff", "USD", 3e5),
    ],
)
def test_exact(what: str, unit: str, expected: float) -> None:
    """The final run three times, and people for half of the computing."""
    found = getattr(estimate().development, what)
    assert found.number(unit) == pytest.approx(expected, rel=1e-12)


def test_nothing_beside_the_final_run() -> None:
    """A multiple of 1 is the run itself; less than that is refused."""
    final = estimate(development_multiple=1.0)
    assert final.development.energy.number("MWh") == final.energy.facility.number("MWh")
    with pytest.raises(RangeError, match="development_multiple needs at least 1"):
        estimate(development_multiple=0.5)


@pytest.mark.parametrize(
    ("changes", "what", "match"),
    [
        ({"staff_multiple": None}, "staff", "what people cost is not known.*staff_multiple="),
        (
            {"accelerator": CHIP.evolve(rental_price=None)},
            "computing",
            "the rental price of chip is not known",
        ),
        (
            {"accelerator": CHIP.evolve(rental_price=None)},
            "staff",
            "the rental price of chip is not known",
        ),
    ],
)
def test_unknown_is_raised_only_when_asked_for(
    changes: dict[str, Any], what: str, match: str
) -> None:
    """Accelerator-time and energy are there all the same; the line says what is missing."""
    found = estimate(**changes).development
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(3e5)
    with pytest.raises(MissingInputError, match=match):
        getattr(found, what)
    assert found.to_dict()[f"cost, {what}"]["value"] is None


def test_no_multiple_is_assumed() -> None:
    """What others spent beside their final run is no default."""
    with pytest.raises(MissingInputError, match=r"development_multiple=\(1.5, 3.5\)"):
        _ = estimate(development_multiple=None).development


def test_shows_itself() -> None:
    """Four lines, with the assumptions of the final run."""
    final = estimate(development_multiple=(2.0, 4.0))
    found = final.development
    assert found.title == f"development of: {final.title}"
    assert len(list(found.steps())) == 4
    assert found.assumptions == final.assumptions
    assert found.energy.is_range
