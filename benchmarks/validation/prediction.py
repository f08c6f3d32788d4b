"""`Prediction`: a central value and, where there is a range, seven of its quantiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import llm_economics as le

__all__ = ["PROBABILITIES", "Prediction", "prediction_of"]

PROBABILITIES = (0.05, 0.1, 0.16, 0.5, 0.84, 0.9, 0.95)


class Prediction(NamedTuple):
    """What the library says about a row."""

    central: float
    quantiles: Mapping[float, float] | None = None
    """By probability; None for a prediction without a range."""

    def ends(self, level: float) -> tuple[float, float] | None:
        """Low and high end of the central range of a level."""
        if self.quantiles is None:
            return None
        low, high = round(0.5 - level / 2, 9), round(0.5 + level / 2, 9)
        return self.quantiles[low], self.quantiles[high]


def prediction_of(value: le.Quantity, unit: str, points: int = 4096) -> Prediction:
    """Prediction from a quantity: its median and its quantiles in a unit."""
    if not value.is_range:
        return Prediction(float(value.number(unit)))
    found = value.quantiles(*PROBABILITIES, points=points).to(unit).magnitude
    by_level = dict(zip(PROBABILITIES, map(float, found), strict=True))
    return Prediction(by_level[0.5], by_level)
