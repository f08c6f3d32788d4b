"""`calibrate`: constants of a serving stack from measurements of one's own, with a covariance.

The constants of the kind of stack are the prior; measured times per output token and to the first
token move them, by Gauss-Newton steps on logarithms. A residual far out counts less (Huber), so
that one odd run does not bend the rest. What the measurements do not tell keeps its prior range.

Rejected: least squares without a prior, which gives negative times from ten points; fitting rates,
in which latencies hide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import attrs
import numpy as np

from llm_economics.core.errors import LLMEconomicsError, MissingInputError
from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Provenance, Source
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.serving.constants import ConstantSet, ServingConstants
from llm_economics.serving.deployment import Deployment
from llm_economics.serving.load import Load
from llm_economics.serving.point import case_of, seconds_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llm_economics.hardware.accelerator import Accelerator
    from llm_economics.serving.measured_fields import LatencyFigures
    from llm_economics.serving.measured_point import MeasuredPoint
    from llm_economics.transformer.model import Model

__all__ = ["Calibration", "calibrate"]

_Z = 1.6448536269514722
_HUBER = 1.5
_STEP = 0.02
_TPOT, _TTFT = 0.10, 0.25
_FEWEST = 4
_LEAST_SPREAD = 0.01
_BETWEEN_STACKS = 0.2


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Calibration:
    """Constants after calibration, and how well they hold."""

    constants: ConstantSet
    """The constants as correlated ranges, for `Deployment(constants=...)`."""

    names: tuple[str, ...]
    """Names of the constants, in the order of the covariance."""

    covariance: Any
    """Covariance of the logarithms of the constants; array of names x names."""

    errors: Any
    """Estimated over measured times per output token, less one, point by point; array."""

    first_token_errors: Any
    """The same of times to the first token, where measured; array."""

    skipped: tuple[str, ...]
    """Points that were left out, with the reason."""

    @property
    def spread(self) -> float:
        """Standard deviation of the logarithm of measured over estimated times per token."""
        size = float(np.quantile(np.abs(np.log1p(self.errors)), 0.68))
        return max(size, _LEAST_SPREAD)

    def __repr__(self) -> str:
        errors = np.abs(self.errors)
        return (
            f"Calibration({len(errors)} points, TPOT error mean {np.mean(errors):.1%}, median "
            f"{np.median(errors):.1%}; {len(self.skipped)} skipped)"
        )


@attrs.frozen(eq=False)
class _Row:
    """One measured point, ready for evaluation."""

    case: Any
    machine: Any
    batch: float
    per_token: float
    first_token: float | None


Named = Mapping[str, Any]


def calibrate(
    measurements: Iterable[MeasuredPoint],
    *,
    models: Mapping[str, Model] | Model,
    accelerators: Mapping[str, Accelerator] | Accelerator,
    **changes: Any,
) -> Calibration:
    r"""Fit the constants of a serving stack to measurements.

    Parameters
    ----------
    measurements : iterable of MeasuredPoint
        Points of one engine under a closed load or static batches, such as `Measurements`.
    models, accelerators : mapping or noun
        Where the names of the file are looked up: ``le.models``, ``le.accelerators``; or the one
        model, the one accelerator of all points.
    **changes
        Fields of `Deployment` that the file does not tell: ``software_date="2026-01"``.

    Returns
    -------
    Calibration
        Constants with covariance, errors, what was skipped.

    Raises
    ------
    MissingInputError
        If fewer than four points can be used: why each was left out.

    Notes
    -----
    .. math:: \min_x \sum_i \rho\!\left(\frac{\log \hat t_i(x) - \log t_i}{s}\right)
        + \sum_j \left(\frac{x_j}{s_j}\right)^2

    with x the logarithms of the constants over their prior, s 10 % for times per output token and
    25 % for times to the first token, and s_j the spread of the prior. The covariance is the
    inverse of the curvature at the minimum.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.measured import MeasuredPoint
    >>> points = [
    ...     MeasuredPoint(
    ...         engine="vLLM", accelerators=4, tensor_parallel=4, weight_format="fp8",
    ...         load="concurrency", concurrency=users, input_tokens="1024 token",
    ...         output_tokens="1024 token", time_per_output_token={"mean": tpot},
    ...     )
    ...     for users, tpot in [
    ...         (4, "12 ms/token"), (8, "12.4 ms/token"), (16, "13.5 ms/token"),
    ...         (32, "16.5 ms/token"), (64, "20 ms/token"),
    ...     ]
    ... ]  # fmt: skip
    >>> found = calibrate(
    ...     points, models=le.models["Llama 3.1 70B"], accelerators=le.accelerators["H100 SXM"],
    ...     software_date="2026-01",
    ... )  # fmt: skip
    >>> bool(abs(found.errors).max() < 0.1)
    True
    """
    rows, skipped = _rows(measurements, _finder(models), _finder(accelerators), changes)
    if len(rows) < _FEWEST:
        reasons = "; ".join(dict.fromkeys(skipped)) or "there are no more"
        message = f"calibrate needs {_FEWEST} points or more; {len(rows)} can be used: {reasons}"
        raise MissingInputError(message)
    kinds = {row.case.constants.kind for row in rows}
    if len(kinds) > 1:
        message = (
            f"calibrate needs points of one kind of stack; got {', '.join(sorted(kinds))}: choose "
            "with measurements.filter(engine=...)"
        )
        raise MissingInputError(message)
    prior = rows[0].case.constants
    names = tuple(f.name for f in attrs.fields(ServingConstants))
    center, spread = _prior(prior, names)
    here, covariance = _fit(rows, names, center, spread)
    found = {n: c * math.exp(x) for n, c, x in zip(names, center, here, strict=True)}
    times = [_seconds(row, found) for row in rows]
    measured = [row.per_token for row in rows]
    return Calibration(
        constants=_constants(prior, names, found, covariance),
        names=names,
        covariance=covariance,
        errors=np.array([t.per_token for t in times], dtype=float) / np.array(measured) - 1.0,
        first_token_errors=np.array(
            [
                float(t.first_token) / row.first_token - 1.0
                for t, row in zip(times, rows, strict=True)
                if row.first_token is not None
            ]
        ),
        skipped=tuple(skipped),
    )


def _finder(named: Any) -> Callable[[str | None], Any]:
    """Look names up in a mapping; a noun is the answer to all of them."""
    if not isinstance(named, Mapping):
        return lambda _: named

    def find(name: str | None) -> Any:
        if name is None:
            message = "the file does not name it; give the one model or accelerator"
            raise MissingInputError(message)
        return named[name]

    return find


def _rows(
    points: Iterable[MeasuredPoint],
    model: Callable[[str | None], Any],
    accelerator: Callable[[str | None], Any],
    changes: dict[str, Any],
) -> tuple[list[_Row], list[str]]:
    rows: list[_Row] = []
    skipped: list[str] = []
    for number, point in enumerate(points):
        try:
            rows.append(_row(point, model(point.model), accelerator(point.accelerator), changes))
        except LLMEconomicsError as error:
            skipped.append(f"point {number}: {error}")
    return rows, skipped


def _row(
    point: MeasuredPoint, model: Model, accelerator: Accelerator, changes: dict[str, Any]
) -> _Row:
    tpot = _typical(point.time_per_output_token)
    if tpot is None or point.concurrency is None:
        message = "has no time per output token, or no concurrency"
        raise MissingInputError(message)
    if point.input_tokens is None or point.output_tokens is None:
        message = "does not say how long inputs and outputs are"
        raise MissingInputError(message)
    if point.serving is not None and str(point.serving) == "disaggregated":
        message = "is of disaggregated serving"
        raise MissingInputError(message)
    ttft = _typical(point.time_to_first_token)
    deployment = Deployment(**(_told(point, model, accelerator) | changes))
    load = Load.closed(
        concurrency=point.concurrency,
        input_tokens=point.input_tokens,
        output_tokens=point.output_tokens,
        prefix_cache_hit_share=0.0,
    )
    case = case_of(deployment, load, [])
    concurrency = float(point.concurrency.to("request").magnitude)
    return _Row(
        case=case,
        machine=case.machine.central(),
        batch=max(concurrency / deployment.replicas, 1.0),
        per_token=float(tpot.to("s/token").magnitude),
        first_token=None if ttft is None else float(ttft.to("s").magnitude),
    )


def _typical(figures: LatencyFigures | None) -> Quantity | None:
    return None if figures is None else figures.typical


def _told(point: MeasuredPoint, model: Model, accelerator: Accelerator) -> dict[str, Any]:
    """Fields of the deployment that the point tells."""
    copies = point.attention_data_parallel or 1
    stages = point.pipeline_parallel or 1
    count = point.accelerators
    whole = round(float(count.to("accelerator").magnitude)) if count is not None else None
    tensor = point.tensor_parallel or max(1, (whole or 1) // (copies * stages))
    return {
        "model": model,
        "accelerator": accelerator,
        "tensor_parallel": tensor,
        "pipeline_parallel": stages,
        "attention_data_parallel": copies,
        "replicas": max(1, (whole or tensor) // (tensor * stages * copies)),
        "weights": point.weight_format,
        "cache": point.cache_format,
        "engine": point.engine or "",
        "software_date": (point.date or "")[:7],
    }


def _prior(constants: ConstantSet, names: tuple[str, ...]) -> tuple[list[float], Any]:
    """Central values and standard deviations of the logarithms."""
    center, spread = [], []
    for name in names:
        low, middle, high = constants.quantities[name].quantiles(0.05, 0.5, 0.95).magnitude
        center.append(float(middle))
        # The fit's own error is smaller than what one stack differs from the next.
        spread.append(max(math.log(float(high) / float(low)) / (2.0 * _Z), _BETWEEN_STACKS))
    return center, np.array(spread)


def _seconds(row: _Row, values: dict[str, float]) -> Any:
    return seconds_at(row.case, row.machine, ServingConstants(**values), row.batch)


def _residuals(
    rows: list[_Row], names: tuple[str, ...], center: list[float], moved: Any
) -> Iterator[float]:
    values = {n: c * math.exp(x) for n, c, x in zip(names, center, moved, strict=True)}
    for row in rows:
        times = _seconds(row, values)
        yield _damped(math.log(float(times.per_token) / row.per_token) / _TPOT)
        if row.first_token is not None:
            yield _damped(math.log(float(times.first_token) / row.first_token) / _TTFT)


def _damped(error: float) -> float:
    size = abs(error)
    if size <= _HUBER:
        return error
    return math.copysign(math.sqrt(2.0 * _HUBER * size - _HUBER**2), error)


def _fit(
    rows: list[_Row], names: tuple[str, ...], center: list[float], spread: Any, most: int = 12
) -> tuple[Any, Any]:
    """Logarithms of the constants over their prior, and their covariance."""

    def at(moved: Any) -> Any:
        return np.concatenate([list(_residuals(rows, names, center, moved)), moved / spread])

    here = np.zeros(len(names))
    value = at(here)
    for _ in range(most):
        slopes = np.array(
            [(at(here + _STEP * unit) - value) / _STEP for unit in np.eye(len(names))]
        )
        curvature = slopes @ slopes.T
        way = np.linalg.solve(curvature, -slopes @ value)
        tried = next(
            (
                (share, new)
                for share in (1.0, 0.5, 0.2, 0.05)
                if (new := at(here + share * way)) @ new < value @ value
            ),
            None,
        )
        if tried is None:
            break
        here, value = here + tried[0] * way, tried[1]
    return here, np.linalg.inv(curvature)


_SOURCE = Source(
    key="own-measurements",
    organisation="the user",
    title="Measurements of one's own, to which the constants were calibrated",
    date="2026",
)


def _constants(
    prior: ConstantSet, names: tuple[str, ...], values: dict[str, float], covariance: Any
) -> ConstantSet:
    """Ranges after calibration, correlated."""
    spread = np.sqrt(np.diag(covariance))
    made = {
        name: between(
            values[name] * math.exp(-_Z * s),
            values[name] * math.exp(_Z * s),
            "",
            shape="log-normal",
            name=name.replace("_", " "),
            source="calibrated to own measurements",
        )
        for name, s in zip(names, spread, strict=True)
    }
    normal = np.clip(covariance / np.outer(spread, spread), -1.0, 1.0)
    ranks = 6.0 / np.pi * np.arcsin(normal / 2.0)
    ranks = 0.5 * (ranks + ranks.T)
    np.fill_diagonal(ranks, 1.0)
    variables = [made[name].magnitude.payload for name in names]
    joint = Joint([v.stream for v in variables], list(names), ranks.tolist())
    quantities: dict[str, Quantity] = {
        name: ureg.Quantity(uncertain(variables[i].correlated(joint, i)))
        for i, name in enumerate(names)
    }
    origin = Provenance(sources=(_SOURCE,), kind="derived", date="2026", confidence="seen")
    return attrs.evolve(
        prior,
        quantities=quantities,
        provenance=cast("Any", origin),
        by_hand=prior.by_hand - set(names),
    )
