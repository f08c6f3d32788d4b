"""Power of a training run: how busy the accelerators are decides what their servers draw.

Servers of eight H100 or B200 that compute all the time draw 1.20 to 1.28 times the rated power of
their accelerators, those that wait for each other 0.91 times. Rejected: rated power of the server,
which is half as much again as what is drawn.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.dimensions import formula
from llm_economics.core.functions import minimum
from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.hardware.laws import partial_load_power
from llm_economics.workload.assumptions import SOURCES
from llm_economics.workload.operation import MeanPower

if TYPE_CHECKING:
    from llm_economics.training.timing import Timing
    from llm_economics.training.workload import TrainingWorkload

__all__ = ["Phase", "mean_power", "phases", "power_by_load"]


@attrs.frozen(kw_only=True, eq=False)
class Phase:
    """A part of the wall time with its mean power."""

    name: str
    """What happens."""

    duration: Quantity
    """How long in all (day)."""

    power: Quantity
    """Mean power of the facility (MW)."""

    assumptions: tuple[Assumption, ...] = ()
    """What its power rests on beside what the run assumed."""


_ENTRIES = {
    "idle accelerator power": (0.10, 0.20, "an accelerator at rest over its rated power"),
    "busy accelerator power": (0.86, 0.98, "an accelerator that computes all the time"),
    "idle server power": (0.28, 0.50, "a server at rest over rated power of its accelerators"),
    "busy server power": (
        1.20,
        1.36,
        "a server whose accelerators compute all the time: 1.20 to 1.28 measured at 0.95 of that",
    ),
}


@lru_cache(maxsize=8)
def _entry(name: str) -> Assumption:
    low, high, why = _ENTRIES[name]
    value = between(low, high, "", shape="normal", key=f"training power/{name}", name=name)
    sources = tuple(SOURCES[key] for key in ("mlperf-power-2024", "newkirk-2025", "olmo3-2025"))
    origin = Provenance(sources=sources, kind="derived", date="2025", confidence="seen")
    return Assumption(name=name, value=value, why=why, provenance=origin)


def power_by_load(busy: Quantity, taken: list[Assumption]) -> MeanPower:
    """Power of accelerators and servers over rated power, by the share of time at work.

    Parameters
    ----------
    busy : Quantity
        Share of the time in which accelerators compute or move their memory.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    MeanPower
        Plain numbers.

    Notes
    -----
    Straight from rest to work, as `partial_load_power`. Valid for servers of eight accelerators
    with fans; measured busy ones drew 1.20 to 1.28 times the rated power of their accelerators.

    Examples
    --------
    >>> found = power_by_load(le.quantity(0.9), [])
    >>> print(f"{found.accelerator.central():.3g} {found.server.central():.3g}")
    0.843 1.19
    """
    taken += [_entry(name) for name in _ENTRIES]
    value = {name: cast("Quantity", _entry(name).value) for name in _ENTRIES}
    # The share was bounded by the caller; checking a computed range would draw it once more.
    power = formula(partial_load_power)
    return MeanPower(
        accelerator=power(
            idle=value["idle accelerator power"],
            loaded=value["busy accelerator power"],
            busy=busy,
        ),
        server=power(idle=value["idle server power"], loaded=value["busy server power"], busy=busy),
    )


def mean_power(
    workload: TrainingWorkload, timing: Timing, taken: list[Assumption]
) -> MeanPower | None:
    """Mean power over the wall time, if the step tells how busy the accelerators are.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.
    timing : Timing
        Its duration.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    MeanPower or None
        None if a load, a server factor or the power of the server is given, or no step is known.
    """
    given = (workload.accelerator_load, workload.server_factor)
    server = workload.server
    measured = server is not None and server.power is not None
    if timing.step is None or measured or any(value is not None for value in given):
        return None
    busy = timing.step.busy * timing.used
    if timing.goodput is not None:
        busy = busy * timing.goodput
    return power_by_load(minimum(busy, ureg.Quantity(1.0)), taken)


def phases(timing: Timing, power: Quantity) -> tuple[Phase, ...]:
    r"""Power over time: steps at one power, time without progress at that of rest.

    Parameters
    ----------
    timing : Timing
        Duration and goodput.
    power : Quantity
        Mean power of the facility over the wall time (MW).

    Returns
    -------
    tuple of Phase
        Their energies sum to that of the run; one phase if lost time is not known apart.

    Notes
    -----
    .. math:: P_{work} = \frac{P}{g + r (1 - g)}, \qquad P_{lost} = r P_{work}

    with goodput g, and r the power of a server at rest over that at work, at the busy share of
    the step where it is known, else busy all the time.

    Examples
    --------
    >>> from llm_economics.training.timing import Timing
    >>> timing = Timing(duration=le.quantity("10 day"), goodput=le.quantity(0.9))
    >>> for phase in phases(timing, le.quantity("1 MW")):
    ...     print(phase.name, f"{phase.duration:.3g} {phase.power.central():.3g}")
    steps 9 day 1.07 MW
    lost time 1 day 0.327 MW
    """
    if timing.goodput is None:
        return (Phase(name="run", duration=timing.duration, power=power),)
    ratio, assumptions = _rest_over_work(timing)
    working = timing.duration * timing.goodput
    lost = timing.duration - working
    # power x duration = p x working + r p x lost
    at_work = power / (timing.goodput + ratio * (1.0 - timing.goodput))
    return (
        Phase(
            name="steps",
            duration=working.to("day"),
            power=at_work.to("MW"),
            assumptions=assumptions,
        ),
        Phase(
            name="lost time",
            duration=lost.to("day"),
            power=(ratio * at_work).to("MW"),
            assumptions=assumptions,
        ),
    )


def _rest_over_work(timing: Timing) -> tuple[Quantity, tuple[Assumption, ...]]:
    """Power of a server at rest over that at work, and what it rests on."""
    entries = (_entry("idle server power"), _entry("busy server power"))
    idle, loaded = (cast("Quantity", entry.value) for entry in entries)
    busy = ureg.Quantity(1.0) if timing.step is None else timing.step.busy * timing.used
    return idle / formula(partial_load_power)(idle=idle, loaded=loaded, busy=busy), entries
