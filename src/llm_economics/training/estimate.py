"""`TrainingBreakdown`, and how it is filled from a `TrainingWorkload`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step, Text, attempt, given
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import EnergyByBoundary
from llm_economics.facility.water import WaterBySite, water_by_site
from llm_economics.hardware.machine import format_16_bit
from llm_economics.training.computation import computation_of, how_computed
from llm_economics.training.development import Development, develop
from llm_economics.training.laws import model_flops_utilization
from llm_economics.training.power import Phase, mean_power, phases
from llm_economics.training.statement import bibtex, statement, statement_sources
from llm_economics.training.step import StepBreakdown
from llm_economics.training.timing import duration_of
from llm_economics.workload.operation import (
    Units,
    operate,
    per_accelerator,
    taken_from_accelerator,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.facility.site import Facility
    from llm_economics.training.workload import TrainingWorkload  # noqa: TC004 - a cycle

__all__ = ["TrainingBreakdown", "estimate_training"]

_UNITS = Units(energy="MWh", money="MUSD", carbon="tCO2e")

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TrainingBreakdown(Breakdown):
    """Time, energy, cost and carbon of a training run, with every step in between."""

    accelerator: str
    """Name of the accelerator."""

    _computation: Maybe
    _how_computed: str

    _utilization: Maybe

    accelerators: Quantity
    """Accelerators that work together."""

    duration: Quantity
    """Wall time (day)."""

    accelerator_time: Quantity
    """Accelerator-hours, lost time included: what is paid for."""

    power: Quantity
    """Mean power of the facility during the run (MW)."""

    energy: EnergyByBoundary
    """Energy by boundary."""

    cost: CostByScope
    """Cost of the final run by scope: rental, amortised, acquisition."""

    _carbon: Maybe

    water: WaterBySite
    """Water consumed on site and at power stations, as far as known."""

    workload: TrainingWorkload = attrs.field(repr=False)
    """The run that was estimated."""

    step: StepBreakdown | None = None
    """The step from which the duration follows; None if it was given or rests on a utilization."""

    phases: tuple[Phase, ...] = ()
    """Power over time: steps, and time without progress."""

    @property
    def computation(self) -> Quantity:
        """Model FLOP of the run.

        Raises
        ------
        MissingInputError
            If neither tokens and parameters nor the computation are known.
        """
        return given(self._computation)

    @property
    def model_flops_utilization(self) -> Quantity:
        """MFU over the whole wall time: the given one times goodput, or as the duration implies.

        Raises
        ------
        MissingInputError
            If the computation is unknown.
        """
        return given(self._utilization)

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of the electricity.

        Raises
        ------
        MissingInputError
            If the facility's grid is unknown.
        """
        return given(self._carbon)

    @property
    def development(self) -> Development:
        """The run with all experiments before it, and the people.

        Raises
        ------
        MissingInputError
            If no multiple was stated: what others spent beside their final run is no default.
        """
        return develop(self)

    def statement(self, style: str = "text") -> Text:
        """Write the paragraph on energy and carbon for a paper.

        Parameters
        ----------
        style : {"text", "markdown", "latex"}
            How it is set.

        Returns
        -------
        Text
            Energy with its boundary, PUE, grid, carbon, hours, what is not included, citations.
        """
        return statement(self, self.workload, style=style)

    def bibtex(self) -> Text:
        """Write the sources that the paragraph cites, for LaTeX.

        Returns
        -------
        Text
            BibTeX entries.
        """
        return bibtex(statement_sources(self, self.workload))

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from inputs to results."""
        yield Step("computation", self._computation, self._how_computed)
        yield Step("model FLOPs utilization", self._utilization, "computation / (time x peak)", "%")
        yield Step("accelerators", self.accelerators, "as given")
        yield Step("duration", self.duration, _HOW["duration"], "day")
        yield Step(
            "accelerator-time", self.accelerator_time, "accelerators x duration", "accelerator*hour"
        )
        yield Step("power", self.power, "facility energy / duration", "MW")
        for boundary, energy in self.energy.by_boundary().items():
            yield Step(f"energy, {boundary}", energy, _HOW[boundary], "GWh")
        for scope, cost in self.cost.by_scope().items():
            yield Step(f"cost, {scope}", cost, _HOW[scope], "MUSD")
        yield Step("carbon", self._carbon, "facility energy x location-based intensity", "tCO2e")
        yield from self.water.steps()


_HOW = {
    "duration": "as given; or computation / (accelerators x peak x utilization x goodput); or "
    "tokens / (token rate of a step x run tuning x goodput)",
    "accelerator": "accelerator-time x rated power x load",
    "server": "accelerator energy x server factor, or accelerator-time x power of the server",
    "it": "server energy x (1 + network and idle share)",
    "facility": "IT energy x PUE",
    "rental": "accelerator-time x rental price",
    "amortised": "accelerator-time x system price / (life x utilization), and electricity",
    "acquisition": "accelerators x system price",
}


def estimate_training(workload: TrainingWorkload) -> TrainingBreakdown:
    """Compute time, energy, cost and carbon of a training run.

    Parameters
    ----------
    workload : TrainingWorkload
        The run.

    Returns
    -------
    TrainingBreakdown
        Every intermediate quantity.

    Raises
    ------
    MissingInputError
        If the run's duration, the accelerator's power or the facility is unknown.
    """
    taken: list[Assumption] = []
    accelerators = cast("Quantity", workload.accelerators)
    computation = attempt(lambda: computation_of(workload, taken))
    peak = per_accelerator(_peak(workload, taken))
    timing = duration_of(workload, computation, peak, taken)
    time = (accelerators * timing.duration).to("accelerator*hour")
    operation = operate(
        workload,
        time,
        stage="training",
        units=_UNITS,
        taken=taken,
        power=mean_power(workload, timing, taken),
    )
    acquisition = attempt(lambda: _acquisition(workload, taken))
    facility_power = (operation.energy.facility / timing.duration).to("MW")
    return TrainingBreakdown(
        title=_title(workload),
        assumptions=tuple(taken),
        input_sources=workload.sources,
        accelerator=workload.accelerator.name,
        computation=computation,
        how_computed=how_computed(workload),
        utilization=attempt(lambda: _utilization(given(computation), time, peak)),
        accelerators=accelerators,
        duration=timing.duration,
        accelerator_time=time,
        power=facility_power,
        energy=operation.energy,
        cost=attrs.evolve(operation.cost, acquisition=acquisition),
        carbon=operation.carbon,
        water=water_by_site(operation.energy, cast("Facility", workload.facility)),
        workload=workload,
        step=timing.step,
        phases=phases(timing, facility_power),
    )


def _acquisition(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    price = taken_from_accelerator(workload, "system_price", taken)
    return (cast("Quantity", workload.accelerators) * price).to("MUSD")


def _utilization(computation: Quantity, time: Quantity, peak: Quantity) -> Quantity:
    # Products of checked quantities; checking the computed time would draw it once more.
    share = formula(model_flops_utilization)(
        computation=computation, accelerator_time=time, peak=peak
    )
    return cast("Quantity", share.to(""))


def _title(workload: TrainingWorkload) -> str:
    model = workload.model.name if workload.model else "a model"
    subject = workload.name or f"training of {model}"
    where = f" at {workload.facility.name}" if workload.facility else ""
    count = str(workload.accelerators).replace(" accelerator", "").partition(" (median")[0]
    return f"{subject} on {count} x {workload.accelerator.name}{where}"


def _peak(workload: TrainingWorkload, taken: list[Assumption]) -> Quantity:
    accelerator = workload.accelerator
    if workload.number_format is not None:
        return accelerator.peak(str(workload.number_format))
    usual = str(format_16_bit(accelerator))
    why = f"utilizations are usually quoted against the dense {usual} peak"
    taken.append(Assumption(name="number_format", value=usual, why=why))
    return accelerator.peak(usual)
