"""What the model itself leaves open: measured over estimated times that had no part in the fit.

Each factor is an input with a name, so that a tornado shows how much of a range is the model's own
error. Rejected: widening the constants until they cover it, which moves with the load in ways that
the errors do not.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from llm_economics.core.reading import between
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.serving.sources import SOURCES

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["discrepancy", "discrepancy_factor"]

_LEVEL = 0.68
# Dense models, mixtures of experts. Of mixtures routing and kernels differ more than constants say.
_LOW = {
    "per_token": (0.86, 0.78),
    "first_token": (0.77, 0.65),
    "power": (0.85, 0.78),
}
_WHO = {False: "dense models", True: "mixtures of experts"}
_NAMES = {
    "per_token": "model discrepancy of the time per output token",
    "first_token": "model discrepancy of the time to first token",
    "power": "model discrepancy of the power while serving",
}


@lru_cache(maxsize=8)
def discrepancy(of: str, *, has_experts: bool) -> Assumption:
    """Measured over estimated times or powers, 68 % between the ends.

    Parameters
    ----------
    of : str
        "per_token", "first_token" or "power".
    has_experts : bool
        Whether the model is a mixture of experts, whose factors are wider.

    Returns
    -------
    Assumption
        A factor with its range.

    Examples
    --------
    >>> print(discrepancy("per_token", has_experts=False).name)
    model discrepancy of the time per output token
    """
    low, name = _LOW[of][has_experts], _NAMES[of]
    kind = "experts" if has_experts else "dense"
    key = f"serving/discrepancy {of} {kind}"
    origin = Provenance(
        sources=(SOURCES["serving-fit-2026"],), kind="derived", date="2026-11", confidence="seen"
    )
    return Assumption(
        name=name,
        value=between(low, 1.0 / low, "", shape="log-normal", level=_LEVEL, key=key, name=name),
        why=f"measured over estimated, {_WHO[has_experts]}, left out of the fit",
        provenance=origin,
    )


def discrepancy_factor(of: str, *, has_experts: bool) -> Quantity:
    """Return the factor alone.

    Parameters
    ----------
    of : str
        "per_token", "first_token" or "power".
    has_experts : bool
        Whether the model is a mixture of experts.

    Returns
    -------
    Quantity
        A plain number with its range.
    """
    return cast("Quantity", discrepancy(of, has_experts=has_experts).value)
