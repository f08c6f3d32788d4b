r"""Power of an accelerator while it serves: rest, and what memory and arithmetic add as they work.

    P = P_rated x min(rest + a x u_memory^p + b x u_arithmetic^p, limit)

with the shares of bandwidth and of dense peak in use. Fitted to measured powers of text generation
on A100, H100 and B200 over batch sizes. Rejected: rated power times a constant, which is half as
much again as what is drawn at small batches and hides what a batch saves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.functions import minimum
from llm_economics.core.reading import between
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.workload.assumptions import SOURCES

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["PowerConstants", "power_assumptions", "power_constants", "power_fraction"]

_ENTRIES = {
    "rest": (0.08, 0.17, "rest power while serving", "power at rest, ready to serve, over rated"),
    "memory": (0.76, 0.86, "memory power while serving", "rise of power at full bandwidth"),
    "arithmetic": (0.65, 0.83, "arithmetic power while serving", "rise of power at the dense peak"),
    "exponent": (0.61, 0.77, "power exponent while serving", "how fast power rises with use"),
    "limit": (0.88, 1.0, "power limit while serving", "power at most over rated power"),
}


@attrs.frozen(kw_only=True, eq=False)
class PowerConstants:
    """Shares of rated power; plain numbers, floats or ranges."""

    rest: Any
    """At rest, ready to serve."""

    memory: Any
    """Rise at the full memory bandwidth."""

    arithmetic: Any
    """Rise at the full dense peak."""

    exponent: Any
    """How fast power rises with use."""

    limit: Any
    """At most."""


@lru_cache(maxsize=1)
def power_assumptions() -> tuple[Assumption, ...]:
    """List what the power of serving rests on.

    Returns
    -------
    tuple of Assumption
        Plain numbers with ranges, in the order of the fields of `PowerConstants`.

    Examples
    --------
    >>> print(power_assumptions()[0].name)
    rest power while serving
    """
    origin = Provenance(
        sources=(SOURCES["ml-energy-2026"],), kind="derived", date="2026-11", confidence="seen"
    )
    return tuple(
        Assumption(
            name=name,
            value=between(low, high, "", shape="log-normal", key=f"serving/{name}", name=name),
            why=why,
            provenance=origin,
        )
        for low, high, name, why in _ENTRIES.values()
    )


def power_constants(*, central: bool = False) -> PowerConstants:
    """Return the constants as plain numbers.

    Parameters
    ----------
    central : bool
        Whether to return central values, for searching, in place of ranges.

    Returns
    -------
    PowerConstants
        Floats, or ranges.
    """
    values = [cast("Quantity", taken.value) for taken in power_assumptions()]
    found = [float(v.central().magnitude) if central else v.magnitude for v in values]
    return PowerConstants(**dict(zip(_ENTRIES, found, strict=True)))


def power_fraction(
    memory_use: Any, arithmetic_use: Any, constants: PowerConstants | None = None
) -> Any:
    r"""Power of an accelerator over its rated power.

    Parameters
    ----------
    memory_use, arithmetic_use : number, array or range
        Shares of memory bandwidth and of dense peak in use.
    constants : PowerConstants, optional
        Rest, rises, exponent, limit; by default with their ranges.

    Returns
    -------
    same kind
        Plain number.

    Notes
    -----
    .. math:: \min(r + a u_m^p + b u_a^p, c)

    Valid for GPUs that generate text at their usual clocks; power caps are not modelled.

    References
    ----------
    Fitted to the measurements of the ML.ENERGY leaderboard.

    Examples
    --------
    >>> constants = power_constants(central=True)
    >>> print(*(round(power_fraction(use, 0.1, constants), 2) for use in (0.1, 0.4, 0.9)))
    0.44 0.7 0.94
    """
    of = constants or power_constants()
    rise = of.memory * memory_use**of.exponent + of.arithmetic * arithmetic_use**of.exponent
    return minimum(of.rest + rise, of.limit)
