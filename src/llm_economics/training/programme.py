"""`TrainingProgramme`: the stages that make a model, one after another or again and again.

Pre-training, continued pre-training, extension of the context, supervised fine-tuning, preference
tuning, reinforcement: each is a workload with its own accelerators, number of runs and, where it is
repeated, time from one run to the next. "Continuous fine-tuning" is a stage that repeats every
month over a year. Rejected: one run with the tokens of all stages (they differ in utilization,
accelerators and power); counting an unknown stage as nothing.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import MissingInputError, NotationError, RangeError, UnknownNameError
from llm_economics.core.fields import as_number, as_text, as_time, named_fields
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity, ureg
from llm_economics.facility.cost import CostByScope
from llm_economics.facility.energy import Boundary, EnergyByBoundary
from llm_economics.training.estimate import TrainingBreakdown
from llm_economics.training.fine_tuning import FineTuningWorkload
from llm_economics.training.reinforcement import ReinforcementWorkload
from llm_economics.training.totals import added_cost, added_energy, noted_once, total
from llm_economics.training.workload import TrainingWorkload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from llm_economics.core.sources import Source

__all__ = ["ProgrammeBreakdown", "StageEstimate", "TrainingProgramme", "TrainingStage"]

Maybe = Quantity | MissingInputError

_SCOPES = ("rental", "amortised")
_BOUGHT_ONCE = (
    "stages can share machines, so their prices are not summed; ask a stage: "
    "programme.estimate().stage(...).one_run.cost.acquisition"
)


def _is_workload(_instance: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, TrainingWorkload):
        message = (
            "needs TrainingWorkload, FineTuningWorkload or ReinforcementWorkload; "
            f"got {type(value).__name__}"
        )
        raise NotationError(message)


def _above_zero(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and float(value.bounds().low.magnitude) <= 0.0:
        message = f"needs more than zero; got {value}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class TrainingStage(Noun):
    """One stage of a programme: a workload, how many runs of it, how often.

    Examples
    --------
    >>> import llm_economics as le
    >>> tuning = le.TrainingWorkload(
    ...     model=le.models["Llama 3.1 8B"],
    ...     tokens="2 Gtoken",
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=8,
    ... )
    >>> stage = TrainingStage(name="continuous fine-tuning", workload=tuning, every="1 month")
    >>> print(stage.runs_over(le.quantity("1 year")))
    12
    """

    workload: TrainingWorkload = attrs.field(validator=_is_workload)
    """What one run does."""

    name: str = attrs.field(default="", converter=as_text)
    """What it is called in results; by default the workload's name, or its kind."""

    runs: Quantity | None = attrs.field(default=None, converter=as_number, validator=_above_zero)
    """Runs, such as 4 sizes of one model; each time, where the stage is repeated. One by default.
    """

    every: Quantity | None = attrs.field(default=None, converter=as_time, validator=_above_zero)
    """Time from one repetition to the next; by default the workload's, if it has one."""

    over: Quantity | None = attrs.field(default=None, converter=as_time, validator=_above_zero)
    """Time over which it is repeated; by default the programme's."""

    @property
    def title(self) -> str:
        """Its name, that of its workload, or the kind of the workload."""
        return self.name or self.workload.name or _kind(self.workload)

    @property
    def repeats_every(self) -> Quantity | None:
        """Time from one repetition to the next; None for a stage that is not repeated."""
        if self.every is not None:
            return self.every
        return cast("Quantity | None", getattr(self.workload, "every", None))

    def runs_over(self, horizon: Quantity | None) -> Quantity:
        """Runs within a horizon; a plain number, not rounded: the mean of many horizons.

        Parameters
        ----------
        horizon : Quantity or None
            The programme's time, where the stage has none of its own.

        Returns
        -------
        Quantity
            Number of runs.

        Raises
        ------
        MissingInputError
            If the stage is repeated and nobody said over which time.
        """
        runs = ureg.Quantity(1.0) if self.runs is None else self.runs
        every, over = self.repeats_every, self.over if self.over is not None else horizon
        if every is None:
            return runs
        if over is None:
            message = (
                f"stage {self.title!r} is repeated every {every}, and nobody said over which time; "
                "give TrainingProgramme(over='1 year')"
            )
            raise MissingInputError(message)
        return (runs * over / every).to("")


def _kind(workload: TrainingWorkload) -> str:
    if isinstance(workload, ReinforcementWorkload):
        return "reinforcement"
    return "fine-tuning" if isinstance(workload, FineTuningWorkload) else "pre-training"


def _as_stages(
    value: Iterable[TrainingStage | TrainingWorkload],
) -> tuple[TrainingStage, ...]:
    """Read stages; a workload alone is a stage with one run."""
    if isinstance(value, (str, Noun)):
        message = f"needs a list of stages or workloads; got {value!r}"
        raise NotationError(message)
    stages = tuple(
        item if isinstance(item, TrainingStage) else TrainingStage(workload=item) for item in value
    )
    if not stages:
        message = "needs at least one stage; got none"
        raise RangeError(message)
    titles = [stage.title for stage in stages]
    twice = [title for title in dict.fromkeys(titles) if titles.count(title) > 1]
    if twice:
        message = (
            f"needs a name for each stage; {twice[0]!r} comes {titles.count(twice[0])} times. "
            "Give TrainingStage(name=..., workload=...)"
        )
        raise RangeError(message)
    return stages


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class TrainingProgramme(Noun):
    """Stages of training, in order.

    Examples
    --------
    >>> import llm_economics as le
    >>> common = {
    ...     "model": le.models["Llama 3.1 8B"],
    ...     "accelerator": le.accelerators["H100 SXM"],
    ...     "facility": le.facilities["us-hyperscale"],
    ...     "model_flops_utilization": 0.4,
    ...     "goodput": 0.9,
    ...     "attention": "none",
    ... }
    >>> tuning = le.training.FineTuningWorkload(tokens="2 Gtoken", accelerators=64, **common)
    >>> programme = TrainingProgramme(
    ...     stages=[
    ...         le.TrainingWorkload(tokens="1 Ttoken", accelerators=1024, **common),
    ...         TrainingStage(name="continuous fine-tuning", workload=tuning, every="1 month"),
    ...     ],
    ...     over="1 year",
    ... )
    >>> found = programme.estimate()
    >>> for stage in found.stages:
    ...     print(f"{stage.name}, {stage.runs:g} runs: {stage.accelerator_time:.3g}")
    pre-training, 1 runs: 37,600 accelerator·h
    continuous fine-tuning, 12 runs: 902 accelerator·h
    >>> print(f"{found.accelerator_time:.3g}")
    38,500 accelerator·h
    """

    stages: tuple[TrainingStage, ...] = attrs.field(converter=_as_stages)
    """The stages, in order; a workload alone is a stage with one run."""

    name: str = attrs.field(default="", converter=as_text)
    """What it is called in results."""

    over: Quantity | None = attrs.field(default=None, converter=as_time, validator=_above_zero)
    """Time over which stages that are repeated are counted: "1 year"."""

    def __attrs_post_init__(self) -> None:
        """Refuse a stage that is repeated without an end."""
        for stage in self.stages:
            stage.runs_over(self.over)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the workloads of all stages."""
        found = {s.key: s for stage in self.stages for s in stage.workload.sources}
        return tuple(found.values())

    def estimate(self) -> ProgrammeBreakdown:
        r"""Compute each stage and the sum.

        Returns
        -------
        ProgrammeBreakdown
            Lines of each stage and totals. A stage that cannot be computed keeps the reason, and
            so does every total that it is part of.

        Notes
        -----
        .. math:: X = \sum_s n_s X_s, \quad n_s = r_s \, T / \tau_s

        with X what one run of the stage takes, r runs each time, horizon T and time tau from one
        repetition to the next. Inputs that stages share (a facility, an assumption) are the same in
        all of them, and in all runs of one stage, so their uncertainty does not average out.
        """
        stages = tuple(
            StageEstimate(
                name=stage.title,
                runs=stage.runs_over(self.over),
                run=_attempted(stage.workload),
            )
            for stage in self.stages
        )
        known = [s.one_run for s in stages if s.is_known]
        return ProgrammeBreakdown(
            title=self.name or f"training in {len(stages)} stages",
            assumptions=noted_once(a for run in known for a in run.assumptions),
            input_sources=self.sources,
            stages=stages,
        )


def _attempted(workload: TrainingWorkload) -> TrainingBreakdown | MissingInputError:
    try:
        return workload.estimate()
    except MissingInputError as error:
        return error


@attrs.frozen(kw_only=True, eq=False)
class StageEstimate:
    """One stage with all its runs; what is unknown raises when asked for."""

    name: str
    """Name of the stage."""

    runs: Quantity
    """Runs in all; a plain number."""

    _run: TrainingBreakdown | MissingInputError

    @property
    def is_known(self) -> bool:
        """Whether one run could be computed."""
        return not isinstance(self._run, MissingInputError)

    @property
    def one_run(self) -> TrainingBreakdown:
        """Breakdown of a single run.

        Raises
        ------
        MissingInputError
            If it could not be computed.
        """
        if isinstance(self._run, MissingInputError):
            raise self._run
        return self._run

    @property
    def computation(self) -> Quantity:
        """Model FLOP of all runs.

        Raises
        ------
        MissingInputError
            If it is unknown.
        """
        return self.one_run.computation * self.runs

    @property
    def accelerator_time(self) -> Quantity:
        """Accelerator-hours of all runs.

        Raises
        ------
        MissingInputError
            If the run could not be computed.
        """
        return self.one_run.accelerator_time * self.runs

    @property
    def duration(self) -> Quantity:
        """Time of all runs one after another (day).

        Raises
        ------
        MissingInputError
            If the run could not be computed.
        """
        return self.one_run.duration * self.runs

    @property
    def energy(self) -> EnergyByBoundary:
        """Energy of all runs by boundary.

        Raises
        ------
        MissingInputError
            If the run could not be computed.
        """
        energy, runs = self.one_run.energy, self.runs
        parts = attrs.fields(EnergyByBoundary)
        return EnergyByBoundary(**{p.name: getattr(energy, p.name) * runs for p in parts})

    @property
    def cost(self) -> CostByScope:
        """Cost of all runs by scope; machines are bought once, not for every run.

        Raises
        ------
        MissingInputError
            If the run could not be computed.
        """
        cost, runs = self.one_run.cost, self.runs
        return CostByScope(
            rental=attempt(lambda: cost.rental * runs),
            capital=attempt(lambda: cost.capital * runs),
            electricity=attempt(lambda: cost.electricity * runs),
            acquisition=attempt(lambda: cost.acquisition),
        )

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of all runs.

        Raises
        ------
        MissingInputError
            If the facility's grid is unknown.
        """
        return self.one_run.carbon * self.runs


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ProgrammeBreakdown(Breakdown):
    """Computation, time, energy, cost and carbon of a programme, stage by stage and in all."""

    stages: tuple[StageEstimate, ...]
    """The stages, in order."""

    def stage(self, name: str) -> StageEstimate:
        """Look up a stage.

        Parameters
        ----------
        name : str
            Its name.

        Returns
        -------
        StageEstimate
            The stage with all its runs.

        Raises
        ------
        UnknownNameError
            If there is no such stage.
        """
        named = {stage.name: stage for stage in self.stages}
        if name not in named:
            raise UnknownNameError(name, list(named), "stage")
        return named[name]

    def by_stage(self, ask: Callable[[StageEstimate], Quantity]) -> dict[str, Maybe]:
        """Ask every stage for a figure.

        Parameters
        ----------
        ask : callable
            Takes a `StageEstimate`, returns the figure.

        Returns
        -------
        dict
            Figures by name of the stage; an unknown one is the error that says what is missing.
        """
        return {stage.name: attempt(partial(ask, stage)) for stage in self.stages}

    def _total(self, ask: Callable[[StageEstimate], Quantity]) -> Quantity:
        return given(total(self.by_stage(ask)))

    @property
    def computation(self) -> Quantity:
        """Model FLOP of all stages.

        Raises
        ------
        MissingInputError
            If that of a stage is unknown; says which.
        """
        return self._total(lambda stage: stage.computation)

    @property
    def accelerator_time(self) -> Quantity:
        """Accelerator-hours of all stages.

        Raises
        ------
        MissingInputError
            If those of a stage are unknown; says which.
        """
        return self._total(lambda stage: stage.accelerator_time)

    @property
    def duration(self) -> Quantity:
        """Time of all stages one after another; those of a repeated stage lie apart (day).

        Raises
        ------
        MissingInputError
            If that of a stage is unknown; says which.
        """
        return self._total(lambda stage: stage.duration)

    @property
    def energy(self) -> EnergyByBoundary:
        """Energy of all stages by boundary.

        Raises
        ------
        MissingInputError
            If that of a stage is unknown; says which.
        """
        self._total(lambda stage: stage.accelerator_time)
        return added_energy(stage.energy for stage in self.stages)

    @property
    def cost(self) -> CostByScope:
        """Cost of all stages: rental and amortised; machines can serve several stages.

        Raises
        ------
        MissingInputError
            If a stage could not be computed; says which. Prices that are missing raise when a
            scope is asked for.
        """
        self._total(lambda stage: stage.accelerator_time)
        return added_cost(
            {stage.name: stage.cost for stage in self.stages},
            acquisition=MissingInputError(_BOUGHT_ONCE),
        )

    @property
    def carbon(self) -> Quantity:
        """Location-based carbon of all stages.

        Raises
        ------
        MissingInputError
            If that of a stage is unknown; says which.
        """
        return self._total(lambda stage: stage.carbon)

    def steps(self) -> Iterator[Step]:
        """Go through the lines: for each figure the stages, then the total."""
        for stage in self.stages:
            yield Step(f"runs, {stage.name}", stage.runs, "runs x horizon / time between them")
        for figure, ask, unit in _figures():
            parts = self.by_stage(ask)
            for name, value in parts.items():
                yield Step(f"{figure}, {name}", value, "one run x runs", unit)
            yield Step(f"{figure}, total", total(parts), "sum of the stages", unit)


def _figures() -> Iterator[tuple[str, Callable[[StageEstimate], Quantity], str]]:
    """Figures of a stage: name, how to ask for it, unit in which people read it."""
    yield "computation", lambda stage: stage.computation, "FLOP"
    yield "accelerator-time", lambda stage: stage.accelerator_time, "accelerator*hour"
    for boundary in Boundary:
        yield f"energy at {boundary}", _energy_at(boundary), "MWh"
    for scope in _SCOPES:
        yield f"cost, {scope}", _cost_of(scope), "MUSD"
    yield "carbon", lambda stage: stage.carbon, "tCO2e"


def _energy_at(boundary: Boundary) -> Callable[[StageEstimate], Quantity]:
    return lambda stage: stage.energy.at(boundary)


def _cost_of(scope: str) -> Callable[[StageEstimate], Quantity]:
    return lambda stage: given(stage.cost.by_scope()[scope])
