"""How the figures of one account hang together: power x time is energy, and so on.

Each relation says which figure it gives, from which others. The figures come from the claims of
the same group; the price and the power of an accelerator, which a claim rarely states, come from
the accelerators that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import attrs

from llm_economics.core.display import short_number
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import Quantity
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.service.service import Service
from llm_economics.workload.assumptions import assumption
from llm_economics.workload.operation import per_accelerator

if TYPE_CHECKING:
    from llm_economics.claim.claim import Claim

__all__ = ["RELATIONS", "Known", "Relation", "known_figures"]


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """A figure that a relation can use."""

    key: str
    """The claim it is from, or the name of the assumption."""

    value: Quantity
    """The figure."""

    shown: str
    """The figure as text."""

    cell: Mapping[str, str] = attrs.field(factory=dict)
    """Cell of the table that it stands in."""


@attrs.frozen(kw_only=True, eq=False)
class Relation:
    """An equation between figures of one account."""

    gives: str
    """Metric that it gives."""

    needs: tuple[str, ...]
    """Metrics, "system-price" or "power-per-accelerator" that it needs."""

    compute: Callable[..., Quantity]
    """The equation."""

    words: str
    """The equation in words."""

    caveat: str = ""
    """What it leaves open."""


def _longest_energy(cost: Quantity, price: Quantity, power: Quantity) -> Quantity:
    # No time is stated, so any time up to a year of continuous work is allowed.
    share = between(1e-3, 1.0, "year", shape="uniform", name="time at work, at most a year")
    return cost / price * power * share


RELATIONS: tuple[Relation, ...] = (
    Relation(
        gives="training-energy",
        needs=("training-power", "training-duration"),
        compute=lambda power, duration: power * duration,
        words="training power x training time",
    ),
    Relation(
        gives="training-power",
        needs=("training-energy", "training-duration"),
        compute=lambda energy, duration: energy / duration,
        words="training energy over training time",
    ),
    Relation(
        gives="training-duration",
        needs=("training-energy", "training-power"),
        compute=lambda energy, power: energy / power,
        words="training energy over training power",
    ),
    Relation(
        gives="hardware-cost",
        needs=("training-power", "system-price", "power-per-accelerator"),
        compute=lambda power, price, per_unit: power / per_unit * price,
        words="accelerators that the power feeds x their price",
    ),
    Relation(
        gives="training-power",
        needs=("hardware-cost", "system-price", "power-per-accelerator"),
        compute=lambda cost, price, per_unit: cost / price * per_unit,
        words="accelerators that the money buys x their power",
    ),
    Relation(
        gives="training-energy",
        needs=("hardware-cost", "system-price", "power-per-accelerator"),
        compute=_longest_energy,
        words="accelerators that the money buys x their power x up to a year",
        caveat=" at most",
    ),
    Relation(
        gives="hardware-cost",
        needs=("training-energy", "training-duration", "system-price", "power-per-accelerator"),
        compute=lambda energy, duration, price, per_unit: energy / duration / per_unit * price,
        words="accelerators that the energy in that time means x their price",
    ),
    Relation(
        gives="hardware-cost",
        needs=("training-energy", "system-price", "power-per-accelerator", "a-year"),
        compute=lambda energy, price, per_unit, year: energy / year / per_unit * price,
        words="accelerators that need this energy within a year x their price",
        caveat=" at least",
    ),
    Relation(
        gives="hardware-cost",
        needs=("accelerator-count", "system-price"),
        compute=lambda count, price: count * price,
        words="accelerators x their price",
    ),
    Relation(
        gives="accelerator-count",
        needs=("hardware-cost", "system-price"),
        compute=lambda cost, price: cost / price,
        words="hardware cost over price per accelerator",
    ),
    Relation(
        gives="training-power",
        needs=("accelerator-count", "power-per-accelerator"),
        compute=lambda count, per_unit: count * per_unit,
        words="accelerators x power of each",
    ),
    Relation(
        gives="site-power",
        needs=("accelerator-count", "power-per-accelerator"),
        compute=lambda count, per_unit: count * per_unit,
        words="accelerators x power of each",
    ),
    Relation(
        gives="accelerator-count",
        needs=("training-power", "power-per-accelerator"),
        compute=lambda power, per_unit: power / per_unit,
        words="training power over power per accelerator",
    ),
    Relation(
        gives="training-accelerator-hours",
        needs=("accelerator-count", "training-duration"),
        compute=lambda count, duration: count * duration,
        words="accelerators x training time",
    ),
    Relation(
        gives="training-duration",
        needs=("training-accelerator-hours", "accelerator-count"),
        compute=lambda hours, count: hours / count,
        words="accelerator-hours over accelerators",
    ),
    Relation(
        gives="inference-power",
        needs=("energy-per-query", "requests"),
        compute=lambda energy, requests: energy * requests,
        words="energy per query x requests",
    ),
)
"""Every relation between figures of one account."""


def known_figures(
    claim: Claim,
    claims: Iterable[Claim],
    accelerators: Mapping[str, Accelerator],
    service: Service | None,
) -> dict[str, tuple[Known, ...]]:
    """Collect what is known about the thing that a claim describes.

    Parameters
    ----------
    claim : Claim
        The claim.
    claims : iterable of Claim
        Other claims.
    accelerators : mapping
        Accelerators by name.
    service : Service or None
        Whose training accelerator stands in where no claim of the group names one.

    Returns
    -------
    dict
        By metric: the figures of the claim's group, and price and power of its accelerators.
    """
    group = [c for c in claims if c.group == claim.group and c.key != claim.key]
    found: dict[str, list[Known]] = {}
    for other in group:
        if other.value is not None:
            known = Known(key=other.key, value=other.value, shown=other.shown, cell=other.cell)
            found.setdefault(other.metric.key, []).append(known)
    named = [name for other in (*group, claim) for name in other.accelerators_named]
    chips = [accelerators[name] for name in dict.fromkeys(named) if name in accelerators]
    if not chips and service is not None:
        chips = [service.training.accelerator]
    for key, value in (("system-price", _price(chips)), ("power-per-accelerator", _power(chips))):
        if value is not None:
            found[key] = [value]
    year = quantity("1 year")
    found["a-year"] = [Known(key="a year of continuous work", value=year, shown="a year")]
    return {metric: tuple(figures) for metric, figures in found.items()}


def _price(chips: list[Accelerator]) -> Known | None:
    prices = [chip.system_price for chip in chips]
    if not chips or any(price is None for price in prices):
        return None
    value = _hull([price for price in prices if price is not None], "USD/accelerator")
    names = ", ".join(chip.name for chip in chips)
    return Known(
        key=f"system price of {names}", value=value, shown=_text(value, "kUSD/accelerator")
    )


def _power(chips: list[Accelerator]) -> Known | None:
    """Facility power per accelerator in training: rated power x load x server x network x PUE."""
    powers = [chip.power for chip in chips]
    if not chips or any(power is None for power in powers):
        return None
    rated = _hull([per_accelerator(power) for power in powers if power is not None], _POWER_UNIT)
    factors = [_factor(f"training_{name}") for name in ("accelerator_load", "server_factor")]
    shared = 1.0 + _factor("training_network_and_idle_share")
    value = rated * factors[0] * factors[1] * shared * between(*_PUE, name="PUE of large sites")
    names = ", ".join(chip.name for chip in chips)
    key = f"facility power of {names} (load, server, network, PUE {_PUE[0]:g}–{_PUE[1]:g})"
    return Known(key=key, value=value, shown=_text(value, "kW/accelerator"))


_POWER_UNIT = "W/accelerator"
_PUE = (1.05, 1.40)


def _factor(name: str) -> Quantity:
    value = assumption(name).value
    assert isinstance(value, Quantity)  # noqa: S101 - assumption() makes nothing else
    return value


def _hull(values: list[Quantity], unit: str) -> Quantity:
    """Range from the lowest to the highest of several: which of them is not said."""
    ends = [float(end.to(unit).magnitude) for value in values for end in value.bounds()]
    low, high = min(ends), max(ends)
    if low == high:
        return quantity(low, unit)
    return between(low, high, unit, shape="uniform", name=f"{unit} of the accelerators named")


def _text(value: Quantity, unit: str) -> str:
    low, high = (float(end.magnitude) for end in value.to(unit).bounds())
    ends = short_number(low) if low == high else f"{short_number(low)}–{short_number(high)}"
    return f"{ends} {value.to(unit).unit_text}"
