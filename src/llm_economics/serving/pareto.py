"""`pareto`: sweep accelerators, layouts, formats and batches for what no other point beats.

All at central values, without units, through `evaluate_grid`; a point that is then looked at is
estimated with ranges by the same formulas. Rejected: a search that stops at a good point (a hundred
thousand points take less than a second, and the whole curve is what people choose from).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.display import short_number
from llm_economics.core.errors import MissingInputError, NotationError, RangeError, UnknownNameError
from llm_economics.core.fields import as_rental_price
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.registry import Quantity
from llm_economics.facility.site import Facility
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.serving.case import case_of
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.disaggregated import DisaggregatedDeployment, DisaggregatedPoint
from llm_economics.serving.frontier import Frontier
from llm_economics.serving.frontier_axes import AXES, Axis, axis_named
from llm_economics.serving.frontier_point import FrontierPoint, label_of, meeting
from llm_economics.serving.grid import ServingGrid, evaluate_grid
from llm_economics.serving.load import Load
from llm_economics.serving.pools import sweep_pools
from llm_economics.transformer.model import Model
from llm_economics.workload.assumptions import assumption

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.serving.latency import LatencyTarget
    from llm_economics.serving.point import ServingPoint

__all__ = ["pareto"]

Columns: TypeAlias = dict[str, npt.NDArray[Any]]

_LAYOUTS: Final = (1, 2, 4, 8, 16)
# About 1, 1.4, 2, 2.8, 4, ... 4096.
_BATCHES: Final = tuple(sorted({round(2 ** (step / 2)) for step in range(25)}))
_HOURS: Final = 3600.0
_MILLION: Final = 1e6


@attrs.frozen(kw_only=True, eq=False)
class _Sweep:
    """What is swept, read and checked."""

    model: Model
    accelerators: tuple[Accelerator, ...]
    load: Load
    weights: tuple[NumberFormat, ...]
    layouts: tuple[int, ...]
    batches: tuple[int, ...]
    engine: str
    software_date: str
    facility: Facility | None
    prices: Mapping[str, Quantity | None]
    notes: list[str]

    def deployment(
        self, accelerator: Accelerator, weights: NumberFormat, **rest: Any
    ) -> Deployment:
        """One of the deployments that are swept."""
        price = self.prices[accelerator.name]
        if price is not None:
            rest["rental_price"] = price
        return Deployment(
            model=self.model,
            accelerator=accelerator,
            weights=weights,
            engine=self.engine,
            software_date=self.software_date,
            facility=self.facility,
            **rest,
        )

    def formats(self, accelerator: Accelerator) -> list[NumberFormat]:
        """Formats of weights that the accelerator works with; the others are noted."""
        peaks = accelerator.peaks
        has = [f for f in self.weights if f.element in peaks or f is NumberFormat.INT4]
        lacking = [str(f) for f in self.weights if f not in has]
        if lacking:
            told = f"{accelerator.name} has no {' or '.join(lacking)}"
            self.notes.append(f"{told}; skipped (it has {', '.join(map(str, peaks)) or 'none'})")
        return has


def pareto(  # noqa: PLR0913 - a sweep has many axes; all but the model are keyword-only
    model: Model,
    *,
    accelerators: Accelerator | Sequence[Accelerator],
    load: Load,
    target: LatencyTarget | None = None,
    weights: str | Sequence[str] = ("bf16", "fp8"),
    tensor_parallel: Sequence[int] | None = None,
    batches: Sequence[int] | None = None,
    engine: str = "",
    software_date: str = "",
    facility: Facility | None = None,
    rental_price: QuantityLike | Mapping[str, QuantityLike] | None = None,
    disaggregated: bool = False,
    x: str = "interactivity",
    y: str = "output_throughput_per_accelerator",
) -> Frontier:
    """Sweep deployments of a model for the points that none beats in two figures.

    Parameters
    ----------
    model : Model
        The model.
    accelerators : Accelerator or sequence of them
        Which ones.
    load : Load
        Lengths of the requests; the requests in flight are swept, so whether it is closed or open,
        and how much comes, has no part.
    target : LatencyTarget, optional
        Only points that meet it, for the typical request, are kept.
    weights : str or sequence of str
        Number formats of the weights; those that an accelerator lacks are skipped and noted.
    tensor_parallel : sequence of int, optional
        Accelerators that share each layer; by default 1, 2, 4, 8, 16 within the fast links.
    batches : sequence of int, optional
        Requests in flight on a replica; by default 1 to 4096 in steps of about 1.4.
    engine, software_date : str
        The serving stack, as of a `Deployment`.
    facility : Facility, optional
        Where it runs; energy is then that of the facility where its boundary is not named.
    rental_price : quantity or mapping of quantities, optional
        Price (USD/accelerator/hour), of all or by name of the accelerator; by default its own.
    disaggregated : bool
        Whether two pools, one that reads and one that writes, are swept too, in whole replicas.
    x, y : str
        Figures: interactivity, time_to_first_token, time_per_output_token, end_to_end_time,
        output_throughput_per_accelerator, cost_per_output_token, and with a boundary
        output_throughput_per_megawatt, energy_per_output_token ("energy_per_output_token at
        server"; without one the facility's if it is given, else the server's).

    Returns
    -------
    Frontier
        All points that fit (and meet the target), and which of them none beats.

    Raises
    ------
    RangeError
        If nothing is swept, nothing fits, or nothing meets the target: by how much.
    UnknownNameError
        If a figure, a format or the accelerator of a price is not known.
    MissingInputError
        If a figure needs a price or a facility that nobody knows.
    DimensionError
        If the target is for a percentile of an open loop.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.load import Load
    >>> load = Load.closed(concurrency=1, input_tokens="1024 token", output_tokens="1024 token")
    >>> frontier = pareto(
    ...     le.models["Llama 3.1 70B"],
    ...     accelerators=[le.accelerators["H100 SXM"], le.accelerators["A100 SXM 80GB"]],
    ...     load=load,
    ...     engine="vLLM",
    ...     software_date="2026-01",
    ... )
    >>> frontier[0].label.startswith("H100 SXM fp8")
    True
    >>> print(frontier.notes[1])
    A100 SXM 80 GB has no fp8; skipped (it has fp32, tf32, bf16, fp16, int8)
    """
    chips = _several(accelerators)
    sweep = _Sweep(
        model=model,
        accelerators=chips,
        load=load.evolve(
            concurrency=1.0, request_rate=None, arrival_variability=None, peak_to_mean=None
        ),
        weights=_formats(weights),
        layouts=_whole(_LAYOUTS if tensor_parallel is None else tensor_parallel, "tensor_parallel"),
        batches=_whole(_BATCHES if batches is None else batches, "batches"),
        engine=engine,
        software_date=software_date,
        facility=facility,
        prices=_prices(chips, rental_price),
        notes=[],
    )
    boundary = "server" if facility is None else "facility"
    axes = axis_named(x, boundary), axis_named(y, boundary)
    columns = _swept(sweep, by_default=tensor_parallel is None, disaggregated=disaggregated)
    return _frontier(sweep, columns, axes, target)


# -- reading --------------------------------------------------------------------------------------


def _several(accelerators: Accelerator | Sequence[Accelerator]) -> tuple[Accelerator, ...]:
    chips = (accelerators,) if isinstance(accelerators, Accelerator) else tuple(accelerators)
    for chip in chips:
        given: object = chip
        if not isinstance(given, Accelerator):
            message = f"pareto(accelerators) needs Accelerator, not {given!r}: le.accelerators[...]"
            raise NotationError(message)
    return _some(chips, "accelerators", "[le.accelerators['H100 SXM']]")


def _formats(weights: str | Sequence[str]) -> tuple[NumberFormat, ...]:
    names = (weights,) if isinstance(weights, str) else tuple(weights)
    read = (as_number_format(name) for name in names)
    return _some(tuple(dict.fromkeys(read)), "weights", "('bf16', 'fp8')")


def _whole(numbers: Sequence[int], name: str) -> tuple[int, ...]:
    for number in numbers:
        given: object = number
        whole = isinstance(given, (int, np.integer)) and not isinstance(given, bool)
        if not whole or number < 1:
            message = f"pareto({name}) needs whole numbers from 1, such as [1, 8]; got {number!r}"
            raise RangeError(message)
    return _some(tuple(dict.fromkeys(int(number) for number in numbers)), name, "[1, 8]")


def _some(values: tuple[Any, ...], name: str, example: str) -> tuple[Any, ...]:
    if not values:
        message = f"pareto({name}) is empty, so nothing is swept; give some, such as {example}"
        raise RangeError(message)
    return values


def _prices(
    chips: Sequence[Accelerator], price: QuantityLike | Mapping[str, QuantityLike] | None
) -> dict[str, Quantity | None]:
    """Price of each accelerator by name: the one given, else its own, else None."""
    names = [chip.name for chip in chips]
    found = {chip.name: chip.rental_price for chip in chips}
    if isinstance(price, Mapping):
        for name, value in price.items():
            if name not in found:
                raise UnknownNameError(name, names, "accelerator of this sweep")
            found[name] = as_rental_price(value)
    elif price is not None:
        found = dict.fromkeys(names, as_rental_price(price))
    return found


# -- sweeping -------------------------------------------------------------------------------------


def _swept(sweep: _Sweep, *, by_default: bool, disaggregated: bool) -> Columns:
    """Columns of all points that fit."""
    blocks: list[Columns] = []
    short: list[tuple[float, str]] = []
    tried = 0
    for chip in sweep.accelerators:
        formats = sweep.formats(chip)
        if formats:
            layouts = _within_links(sweep, chip) if by_default else sweep.layouts
            grid, settings = _aggregated(sweep, chip, formats, layouts)
            blocks.append(_block(sweep, chip, settings, grid))
            tried += len(grid.fits)
            short.append(_shortest(grid, settings, chip))
            if disaggregated:
                blocks += [_pools(sweep, chip, f, layouts) for f in formats]
    if not blocks:
        message = f"pareto: no accelerator has these formats of weights. {'; '.join(sweep.notes)}"
        raise RangeError(message)
    joined = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    kept = len(joined["batch"])
    if not kept:
        raise RangeError(_impossible(sweep, tried, *min(short)))
    return joined


def _impossible(sweep: _Sweep, tried: int, times: float, label: str) -> str:
    start = f"pareto: none of {tried} configurations of {sweep.model.name} is possible. "
    if not np.isfinite(times):
        return f"{start}No tensor_parallel of these divides its heads, or its context is too short"
    return (
        f"{start}Nearest is {label}, which needs {short_number(times)} times the memory that there "
        "is; more tensor_parallel, smaller weights such as 'fp8' or shorter requests would do"
    )


def _within_links(sweep: _Sweep, chip: Accelerator) -> tuple[int, ...]:
    """Layouts that stay within the fast links."""
    case = case_of(sweep.deployment(chip, NumberFormat.BF16), sweep.load, [])
    return tuple(parts for parts in sweep.layouts if parts <= case.machine.domain)


def _aggregated(
    sweep: _Sweep, chip: Accelerator, formats: list[NumberFormat], layouts: Sequence[int]
) -> tuple[ServingGrid, Columns]:
    """Every layout with every format and every batch, flat."""
    axes = np.meshgrid(np.arange(len(formats)), layouts, sweep.batches, indexing="ij")
    which, parts, batch = (np.ravel(axis) for axis in axes)
    names = np.array([str(f) for f in formats], dtype=object)
    grid = evaluate_grid(
        sweep.deployment(chip, formats[0]),
        sweep.load,
        weights=names[which],
        tensor_parallel=parts,
        batch=batch,
    )
    settings = {
        "serving": _repeated("aggregated", len(which)),
        "accelerator": _repeated(chip.name, len(which)),
        "weights": names[which],
        "tensor_parallel": parts,
        "batch": batch,
        "accelerators": parts,
    }
    none = {name: np.zeros(len(which), dtype=int) for name in _POOLS}
    return grid, settings | none | {"concurrency": 1.0 * batch}


def _repeated(word: str, count: int) -> npt.NDArray[Any]:
    return np.full(count, word, dtype=object)


_POOLS: Final = ("prefill_tensor_parallel", "prefill_replicas", "decode_replicas")


def _shortest(grid: ServingGrid, settings: Columns, chip: Accelerator) -> tuple[float, str]:
    """Least times the memory that a configuration needs, and which it is."""
    has = float(chip.require("memory").central().number("byte"))
    needed = np.where(grid.allowed, grid.memory / has, np.inf)
    least = int(np.argmin(needed))
    return float(needed[least]), label_of({n: c[least] for n, c in settings.items()})


def _block(sweep: _Sweep, chip: Accelerator, settings: Columns, grid: ServingGrid) -> Columns:
    """Settings and figures of the points that fit, in the units of `AXES`."""
    kept = np.asarray(grid.fits & grid.allowed)
    left = int(np.sum(~kept))
    if left:
        sweep.notes.append(f"{chip.name}: {left} of {len(kept)} do not fit or do not divide")
    figures = {
        "interactivity": grid.interactivity,
        "time_per_output_token": 1e3 * grid.time_per_output_token,
        "time_to_first_token": 1e3 * grid.time_to_first_token,
        "end_to_end_time": grid.end_to_end,
        "output_throughput_per_accelerator": grid.output_throughput,
    }
    figures |= _resources(sweep, chip, grid.output_throughput, grid.energy_per_output_token)
    return {name: np.asarray(column)[kept] for name, column in (settings | figures).items()}


def _resources(sweep: _Sweep, chip: Accelerator, rate: Any, energy: Any) -> Columns:
    """Money and energy over tokens; not a number where the price or the power is not known."""
    price = sweep.prices[chip.name]
    hourly = np.nan
    if price is not None:
        hourly = float(price.central().number("USD/accelerator/hour"))
    found = {"cost_per_output_token": hourly / _HOURS * _MILLION / rate}
    at = {"accelerator": energy, "server": energy * _central("serving_server_factor")}
    at["it"] = at["server"] * (1.0 + _central("serving_network_and_idle_share"))
    if sweep.facility is not None:
        pue = float(sweep.facility.power_usage_effectiveness.central().magnitude)
        at["facility"] = at["it"] * pue
    for boundary, joules in at.items():
        found[f"energy_per_output_token at {boundary}"] = joules
        found[f"output_throughput_per_megawatt at {boundary}"] = _MILLION / joules
    return found


def _central(name: str) -> float:
    return float(cast("Quantity", assumption(name).value).central().magnitude)


def _pools(
    sweep: _Sweep, chip: Accelerator, weights: NumberFormat, layouts: Sequence[int]
) -> Columns:
    """Two pools of every pair of layouts with every batch, in whole replicas."""
    found = sweep_pools(sweep.deployment(chip, weights), sweep.load, layouts, sweep.batches)
    count = len(found["batch"])
    settings = {
        "serving": _repeated("disaggregated", count),
        "accelerator": _repeated(chip.name, count),
        "weights": _repeated(str(weights), count),
        **{name: found[name] for name in ("tensor_parallel", "batch", "accelerators")},
        **{name: found[name] for name in (*_POOLS, "concurrency")},
    }
    rate, energy = found["output_throughput"], found["energy_per_output_token"]
    figures = {
        "interactivity": 1.0 / found["time_per_output_token"],
        "time_per_output_token": 1e3 * found["time_per_output_token"],
        "time_to_first_token": 1e3 * found["time_to_first_token"],
        "end_to_end_time": found["end_to_end"],
        "output_throughput_per_accelerator": rate,
    }
    return settings | figures | _resources(sweep, chip, rate, energy)


# -- the frontier ---------------------------------------------------------------------------------


def _frontier(
    sweep: _Sweep, columns: Columns, axes: tuple[Axis, Axis], target: LatencyTarget | None
) -> Frontier:
    figures = {name: column for name, column in columns.items() if name in AXES}
    settings = {name: column for name, column in columns.items() if name not in AXES}
    unknown = _without(sweep, figures, axes)
    title = f"{sweep.model.name} on {', '.join(chip.name for chip in sweep.accelerators)}"
    if target is not None:

        def at(place: int) -> FrontierPoint:
            told = {name: column[place] for name, column in settings.items()}
            return FrontierPoint(number=place, settings=told, figures={})

        met = meeting(target, figures, at)
        figures = {name: column[met] for name, column in figures.items()}
        settings = {name: column[met] for name, column in settings.items()}
        sweep.notes.append(f"{int(np.sum(~met))} of {len(met)} points do not meet the target")
    return Frontier(
        title=title,
        x=axes[0],
        y=axes[1],
        settings=settings,
        figures=figures,
        target=target,
        notes=(*sweep.notes, *unknown),
        estimator=_estimator(sweep),
    )


def _without(sweep: _Sweep, figures: Columns, axes: tuple[Axis, Axis]) -> list[str]:
    """Notes on what has no price or no power; refuses figures that need a facility."""
    for axis in axes:
        if axis.name not in figures:
            message = (
                f"{axis.name} needs facility=le.facilities['us-hyperscale'], say; or name another "
                "boundary: 'energy_per_output_token at server'"
            )
            raise MissingInputError(message)
    notes = []
    for chip in sweep.accelerators:
        if sweep.prices[chip.name] is None:
            notes.append(f"the price of {chip.name} is not known; give rental_price=")
        if chip.power is None:
            notes.append(f"the power of {chip.name} is not known, so neither is its energy")
    return notes


def _estimator(sweep: _Sweep) -> Callable[[Mapping[str, Any]], ServingPoint | DisaggregatedPoint]:
    chips = {chip.name: chip for chip in sweep.accelerators}

    def estimate(settings: Mapping[str, Any]) -> ServingPoint | DisaggregatedPoint:
        chip, weights = chips[settings["accelerator"]], as_number_format(settings["weights"])

        def replicas(parts: Any, count: Any) -> Deployment:
            layout = {"tensor_parallel": int(parts), "replicas": int(count)}
            return sweep.deployment(chip, weights, **layout)

        if settings["serving"] == "aggregated":
            load = sweep.load.evolve(concurrency=float(settings["batch"]))
            return replicas(settings["tensor_parallel"], 1).at(load)
        pools = DisaggregatedDeployment(
            prefill=replicas(settings["prefill_tensor_parallel"], settings["prefill_replicas"]),
            decode=replicas(settings["tensor_parallel"], settings["decode_replicas"]),
        )
        return pools.at(sweep.load.evolve(concurrency=float(settings["concurrency"])))

    return estimate
