"""How the figures of one account hang together: power x time is energy, and so on.

Each relation says which figure it gives, from which others. The figures come from the claims of
the same group; the price and the power of an accelerator, which a claim rarely states, come from
the accelerators that it names, one after the other: which of them is meant is not said, so a
claim contradicts itself only if it does so for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import attrs

from llm_economics.core.display import ends_text
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import Quantity
from llm_economics.workload.assumptions import assumption
from llm_economics.workload.operation import per_accelerator

if TYPE_CHECKING:
    from llm_economics.claim.claim import Claim
    from llm_economics.hardware.accelerator import Accelerator

__all__ = ["RELATIONS", "Known", "Relation", "Side", "combinations", "ends_of", "shown_ends"]

Side = Literal["both", "at least", "at most"]

_PRICE, _POWER, _YEAR = "system-price", "power-per-accelerator", "a-year"

# Any large site: the best hyperscale halls to an ordinary one.
_PUE = (1.05, 1.40)


@attrs.frozen(kw_only=True, eq=False)
class Known:
    """A figure that a relation can use."""

    key: str
    """The claim it is from, or what was assumed."""

    value: Quantity
    """The figure."""

    unit: str
    """Unit in which people read it."""

    cell: Mapping[str, str] = attrs.field(factory=dict)
    """Cell of the table that it stands in."""

    @property
    def shown(self) -> str:
        """The figure as text."""
        return shown_ends(self.value, self.unit)


@attrs.frozen(kw_only=True, eq=False)
class Relation:
    """An equation between figures of one account."""

    gives: str
    """Metric that it gives."""

    needs: tuple[str, ...]
    """Metrics that it needs; also price and power of an accelerator, and a year."""

    compute: Callable[..., Quantity]
    """The equation."""

    words: str
    """The equation in words."""

    side: Side = "both"
    """Whether it gives the figure, or only the least or the most that it can be."""


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
        words="training energy / training time",
    ),
    Relation(
        gives="training-duration",
        needs=("training-energy", "training-power"),
        compute=lambda energy, power: energy / power,
        words="training energy / training power",
    ),
    Relation(
        gives="hardware-cost",
        needs=("training-power", _PRICE, _POWER),
        compute=lambda power, price, per_unit: power / per_unit * price,
        words="accelerators that the power feeds x their price",
    ),
    Relation(
        gives="training-power",
        needs=("hardware-cost", _PRICE, _POWER),
        compute=lambda cost, price, per_unit: cost / price * per_unit,
        words="accelerators that the money buys x their power",
    ),
    Relation(
        gives="training-energy",
        needs=("hardware-cost", _PRICE, _POWER, _YEAR),
        compute=lambda cost, price, per_unit, year: cost / price * per_unit * year,
        words="accelerators that the money buys x their power x up to a year",
        side="at most",
    ),
    Relation(
        gives="hardware-cost",
        needs=("training-energy", _PRICE, _POWER, _YEAR),
        compute=lambda energy, price, per_unit, year: energy / year / per_unit * price,
        words="accelerators that need this energy in up to a year x their price",
        side="at least",
    ),
    Relation(
        gives="hardware-cost",
        needs=("accelerator-count", _PRICE),
        compute=lambda count, price: count * price,
        words="accelerators x their price",
    ),
    Relation(
        gives="accelerator-count",
        needs=("hardware-cost", _PRICE),
        compute=lambda cost, price: cost / price,
        words="hardware cost / price of an accelerator",
    ),
    Relation(
        gives="training-power",
        needs=("accelerator-count", _POWER),
        compute=lambda count, per_unit: count * per_unit,
        words="accelerators x power of each",
    ),
    Relation(
        gives="site-power",
        needs=("accelerator-count", _POWER),
        compute=lambda count, per_unit: count * per_unit,
        words="accelerators x power of each",
    ),
    Relation(
        gives="accelerator-count",
        needs=("training-power", _POWER),
        compute=lambda power, per_unit: power / per_unit,
        words="training power / power of an accelerator",
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
        words="accelerator-hours / accelerators",
    ),
    Relation(
        gives="inference-power",
        needs=("energy-per-query", "requests"),
        compute=lambda energy, requests: energy * requests,
        words="energy per query x requests",
    ),
)
"""Every relation between figures of one account."""


def combinations(
    relation: Relation, claim: Claim, group: Iterable[Claim], accelerators: Iterable[Accelerator]
) -> Iterator[dict[str, tuple[Known, ...]]]:
    """Go through the inputs that a relation can take from one account.

    Parameters
    ----------
    relation : Relation
        The relation.
    claim : Claim
        The claim under audit; figures of its own cell come first.
    group : iterable of Claim
        Other claims about the same thing.
    accelerators : iterable of Accelerator
        Accelerators that the account names.

    Yields
    ------
    dict
        The inputs by name of the accelerator that could be meant ("" where none matters); one
        combination of claims at a time.
    """
    stated = [_stated(need, claim, group) for need in relation.needs if need not in _GIVEN]
    options = list(_per_accelerator(relation, accelerators))
    if not all(stated) or not options:
        return
    # Each figure is used at least once; the product of all would repeat the same findings.
    for place in range(max(map(len, stated), default=1)):
        chosen = [option[min(place, len(option) - 1)] for option in stated]
        yield {accelerator: _ordered(relation, chosen, given) for accelerator, given in options}


_GIVEN = frozenset({_PRICE, _POWER, _YEAR})


def _stated(need: str, claim: Claim, group: Iterable[Claim]) -> list[Known]:
    found = [
        Known(key=other.key, value=other.value, unit=other.metric.shown, cell=other.cell)
        for other in group
        if other.metric.key == need and other.value is not None
    ]
    return sorted(found, key=lambda known: known.cell != claim.cell)


def _ordered(relation: Relation, chosen: list[Known], given: dict[str, Known]) -> tuple[Known, ...]:
    stated = iter(chosen)
    return tuple(given[need] if need in _GIVEN else next(stated) for need in relation.needs)


def _per_accelerator(
    relation: Relation, accelerators: Iterable[Accelerator]
) -> Iterator[tuple[str, dict[str, Known]]]:
    """What is taken about each accelerator that could be meant, by its name."""
    wanted = _GIVEN & set(relation.needs)
    # The longest that a run could last: a year, at the share of it that owned machines work.
    year = Known(
        key="a year at the share of time that owned machines work",
        value=quantity("1 year") * _assumed("capital_utilization"),
        unit="year",
    )
    if not wanted & {_PRICE, _POWER}:
        yield "", {_YEAR: year}
        return
    for accelerator in accelerators:
        if accelerator.system_price is not None and accelerator.power is not None:
            yield (
                accelerator.name,
                {_PRICE: _price(accelerator), _POWER: _power(accelerator), _YEAR: year},
            )


def _price(accelerator: Accelerator) -> Known:
    assert accelerator.system_price is not None  # noqa: S101 - the caller looked
    return Known(
        key=f"system price of {accelerator.name}",
        value=accelerator.system_price,
        unit="kUSD/accelerator",
    )


def _power(accelerator: Accelerator) -> Known:
    """Facility power of one accelerator in training: rated power, load, server, network, PUE."""
    load, server = _assumed("training_accelerator_load"), _assumed("training_server_factor")
    shared = 1.0 + _assumed("training_network_and_idle_share")
    efficiency = between(*_PUE, key="claim/power-usage-effectiveness", name="PUE of a large site")
    assert accelerator.power is not None  # noqa: S101 - the caller looked
    value = per_accelerator(accelerator.power) * load * server * shared * efficiency
    key = (
        f"facility power of {accelerator.name} (load, server, network; PUE {_PUE[0]:g}–{_PUE[1]:g})"
    )
    return Known(key=key, value=value, unit="kW/accelerator")


def _assumed(name: str) -> Quantity:
    value = assumption(name).value
    assert isinstance(value, Quantity)  # noqa: S101 - assumption() makes nothing else
    return value


def ends_of(value: Quantity, unit: str) -> tuple[float, float]:
    """Return the ends of a range as plain numbers in a unit.

    Parameters
    ----------
    value : Quantity
        Exact or a range.
    unit : str
        Unit of the numbers.

    Returns
    -------
    low, high : float
        Equal for an exact value.
    """
    low, high = value.to(unit).bounds()
    return float(low.magnitude), float(high.magnitude)


def shown_ends(value: Quantity, unit: str) -> str:
    """Write a range by its ends in a unit: "7–15 MW"."""
    return ends_text(*ends_of(value, unit), value.to(unit).unit_text)
