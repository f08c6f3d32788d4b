"""`MeasuredPoint`: what an engine reached at one load, each figure one number with a unit.

What a file does not say is None and stays None. Rejected: ranges as figures (a measurement is one
number, a spread over runs is many points), and a field for each percentile (files give those that
somebody asked for).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import attrs

from llm_economics.core.display import short_number
from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.core.fields import (
    as_accelerators,
    as_power,
    as_request_rate,
    as_text,
    as_token_rate,
    as_tokens_per_request,
    named_fields,
)
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.registry import Quantity, ureg
from llm_economics.serving.measured_fields import (
    LatencyFigures,
    LoadKind,
    PowerBoundary,
    Serving,
    as_boundary,
    as_degree,
    as_energy_per_token,
    as_load,
    as_requests,
    as_serving,
    as_time_per_output_token,
    as_time_to_first_token,
    positive,
)

__all__ = [
    "LATENCIES",
    "METRICS",
    "UNITS",
    "MeasuredPoint",
    "Metric",
    "check_field",
    "read_field",
    "shown",
]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class MeasuredPoint:
    """What one engine reached with one model at one load; unknown is None.

    Raises
    ------
    DimensionError
        If a figure has another dimension, or no unit.
    RangeError
        If a figure is zero, negative or not finite, or two figures contradict each other.
    NotationError
        If a word is not one of those that a field knows.

    Examples
    --------
    >>> point = MeasuredPoint(
    ...     model="Llama 3.1 70B",
    ...     accelerator="H100 SXM",
    ...     accelerators=8,
    ...     engine="vLLM",
    ...     load="concurrency",
    ...     concurrency=64,
    ...     time_per_output_token={"median": "25 ms/token"},
    ...     output_throughput="2400 token/s",
    ... )
    >>> print(point.interactivity, point.output_throughput_per_accelerator)
    40 token/s 300 token/accelerator/s
    """

    model: str | None = attrs.field(default=None, converter=as_text)
    """Model, as the file calls it."""

    accelerator: str | None = attrs.field(default=None, converter=as_text)
    """Accelerator, as the file calls it."""

    accelerators: Quantity | None = attrs.field(
        default=None, converter=as_accelerators, validator=positive
    )
    """Accelerators that served, both pools of disaggregated serving together (accelerator)."""

    weight_format: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of the weights."""

    cache_format: NumberFormat | None = attrs.field(default=None, converter=as_number_format)
    """Number format of keys and values in the cache."""

    engine: str | None = attrs.field(default=None, converter=as_text)
    """Program that served: "vLLM"."""

    engine_version: str | None = attrs.field(default=None, converter=as_text)
    """Its version, or the tag of its image."""

    date: str | None = attrs.field(default=None, converter=as_text)
    """When it was measured: year, month or day."""

    tensor_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """Accelerators that share each layer; of decoding, if serving is disaggregated."""

    expert_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """Accelerators over which experts are spread; of decoding, if serving is disaggregated."""

    attention_data_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """Groups that do attention for different requests inside one replica; of decoding likewise."""

    pipeline_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """Stages that the layers are cut into; of decoding likewise."""

    prefill_tensor_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """The same for reading the input, if serving is disaggregated."""

    prefill_expert_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """As `expert_parallel`, for reading the input."""

    prefill_attention_data_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """As `attention_data_parallel`, for reading the input."""

    prefill_pipeline_parallel: int | None = attrs.field(default=None, converter=as_degree)
    """As `pipeline_parallel`, for reading the input."""

    serving: Serving | None = attrs.field(default=None, converter=as_serving)
    """"aggregated" or "disaggregated"."""

    prefill_accelerators: Quantity | None = attrs.field(
        default=None, converter=as_accelerators, validator=positive
    )
    """Accelerators that read the input, if serving is disaggregated (accelerator)."""

    decode_accelerators: Quantity | None = attrs.field(
        default=None, converter=as_accelerators, validator=positive
    )
    """Accelerators that write the output, if serving is disaggregated (accelerator)."""

    speculative_decoding: str | None = attrs.field(default=None, converter=as_text)
    """How tokens are guessed ahead: "none", "mtp"."""

    load: LoadKind | None = attrs.field(default=None, converter=as_load)
    """How the point was driven."""

    concurrency: Quantity | None = attrs.field(
        default=None, converter=as_requests, validator=positive
    )
    """Requests in flight, or the most of them under an open load (request)."""

    batch_size: Quantity | None = attrs.field(
        default=None, converter=as_requests, validator=positive
    )
    """Requests decoded together, of a static batch (request)."""

    request_rate: Quantity | None = attrs.field(
        default=None, converter=as_request_rate, validator=positive
    )
    """Rate at which requests arrive, of an open load (request/s)."""

    input_tokens: Quantity | None = attrs.field(
        default=None, converter=as_tokens_per_request, validator=positive
    )
    """Tokens read for one request, mean or as set (token/request)."""

    output_tokens: Quantity | None = attrs.field(
        default=None, converter=as_tokens_per_request, validator=positive
    )
    """Tokens written for one request, mean or as set (token/request)."""

    time_to_first_token: LatencyFigures | None = attrs.field(
        default=None, converter=as_time_to_first_token, validator=positive
    )
    """TTFT by statistic (s)."""

    time_per_output_token: LatencyFigures | None = attrs.field(
        default=None, converter=as_time_per_output_token, validator=positive
    )
    """TPOT by statistic, without the first token (s/token)."""

    output_throughput: Quantity | None = attrs.field(
        default=None, converter=as_token_rate, validator=positive
    )
    """Tokens written per second by all accelerators (token/s)."""

    total_throughput: Quantity | None = attrs.field(
        default=None, converter=as_token_rate, validator=positive
    )
    """Tokens read and written per second by all accelerators (token/s)."""

    request_throughput: Quantity | None = attrs.field(
        default=None, converter=as_request_rate, validator=positive
    )
    """Requests finished per second (request/s)."""

    power: Quantity | None = attrs.field(default=None, converter=as_power, validator=positive)
    """Power while serving, of what `power_boundary` says (W)."""

    power_boundary: PowerBoundary | None = attrs.field(default=None, converter=as_boundary)
    """What power was measured of."""

    energy_per_output_token: Quantity | None = attrs.field(
        default=None, converter=as_energy_per_token, validator=positive
    )
    """Energy of all accelerators for one output token (J/token), reading the input included unless
    nothing but decoding was measured."""

    source: str = attrs.field(default="", converter=as_text)
    """Where it stands: file and line, or what the file cites."""

    def __attrs_post_init__(self) -> None:
        """Refuse figures that contradict each other."""
        pools = (self.prefill_accelerators, self.decode_accelerators)
        if self.accelerators is not None and pools[0] is not None and pools[1] is not None:
            total = (pools[0] + pools[1]).number("accelerator")
            if abs(total - self.accelerators.number("accelerator")) > _SAME:
                message = (
                    f"MeasuredPoint: {pools[0]} for prefill and {pools[1]} for decode are not "
                    f"{self.accelerators}"
                )
                raise RangeError(message)
        if self.output_throughput is not None and self.total_throughput is not None:
            ratio = (self.output_throughput / self.total_throughput).number("")
            if ratio > 1.0 + _ROUNDING:
                message = (
                    f"MeasuredPoint: output throughput {self.output_throughput} is above the "
                    f"total throughput {self.total_throughput}, which counts the input too"
                )
                raise RangeError(message)

    @property
    def interactivity(self) -> Quantity | None:
        """Tokens per second that one request sees: 1/TPOT (token/s); None if unknown."""
        return self.figure("interactivity")

    @property
    def output_throughput_per_accelerator(self) -> Quantity | None:
        """Output throughput of one accelerator (token/s/accelerator); None if unknown."""
        return self.figure("output_throughput_per_accelerator")

    @property
    def total_throughput_per_accelerator(self) -> Quantity | None:
        """Total throughput of one accelerator (token/s/accelerator); None if unknown."""
        return self.figure("total_throughput_per_accelerator")

    @property
    def accelerator_power(self) -> Quantity | None:
        """Power of all accelerators (W); None where power is unknown or is of something else."""
        if self.power is None or self.power_boundary is PowerBoundary.ALL_ACCELERATORS:
            return self.power
        if self.power_boundary is PowerBoundary.ONE_ACCELERATOR and self.accelerators is not None:
            return self.power * self.accelerators.number("accelerator")
        return None

    def figure(self, name: str, statistic: str | None = None) -> Quantity | None:
        """One figure by name, derived where it can be.

        Parameters
        ----------
        name : str
            "interactivity", "time_to_first_token", "output_throughput_per_accelerator", ...
        statistic : str, optional
            Of a latency: "median", "mean", "p99"; what `LatencyFigures.typical` takes otherwise.

        Returns
        -------
        Quantity or None
            The figure; None if it is unknown.

        Raises
        ------
        UnknownNameError
            If there is no such figure.
        """
        if name not in METRICS:
            raise UnknownNameError(name, METRICS, "figure of a measured point")
        metric = METRICS[name]
        found = metric.of(self, statistic)
        return None if found is None else found.to(metric.unit)

    def to_row(self) -> dict[str, str | float]:
        """What is known, as plain texts and numbers, with the units in the names.

        Returns
        -------
        dict
            By column, as `Measurements.to_frame` has them and the importer of tables reads them.
        """
        row: dict[str, str | float] = {}
        for field in attrs.fields(type(self)):
            value = getattr(self, field.name)
            if isinstance(value, LatencyFigures):
                short, unit = LATENCIES[field.name]
                for name, figure in value.by_statistic.items():
                    head = short if name == "unstated" else f"{short}_{name}"
                    row[f"{head} [{unit}]"] = figure.number(unit)
            elif isinstance(value, Quantity):
                unit, head = UNITS[field.name]
                row[f"{field.name}{head}"] = value.number(unit)
            elif value:
                row[field.name] = str(value) if isinstance(value, str) else value
        return row

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}={shown(value)}" for name, value in self.to_row().items())
        return f"MeasuredPoint({inner})"


_SAME: Final = 1e-9
_ROUNDING: Final = 0.01  # printed rates are rounded

LATENCIES: Final = {
    "time_to_first_token": ("ttft", "ms"),
    "time_per_output_token": ("tpot", "ms/token"),
}
"""Short name and unit of a latency in a heading, by field."""
UNITS: Final = {
    "accelerators": ("accelerator", ""),
    "prefill_accelerators": ("accelerator", ""),
    "decode_accelerators": ("accelerator", ""),
    "concurrency": ("request", ""),
    "batch_size": ("request", ""),
    "request_rate": ("request/s", " [request/s]"),
    "input_tokens": ("token/request", ""),
    "output_tokens": ("token/request", ""),
    "output_throughput": ("token/s", " [token/s]"),
    "total_throughput": ("token/s", " [token/s]"),
    "request_throughput": ("request/s", " [request/s]"),
    "power": ("W", " [W]"),
    "energy_per_output_token": ("J/token", " [J/token]"),
}
"""Unit of a figure in a row, and what the heading says of it, by field."""


def read_field(name: str, value: Any) -> Any:
    """Read the value of one field of `MeasuredPoint`, as its constructor does.

    Parameters
    ----------
    name : str
        The field.
    value : object
        What came.

    Returns
    -------
    object
        What the field would hold.

    Raises
    ------
    UnknownNameError
        If there is no such field.
    DimensionError, NotationError, RangeError
        If the field refuses the value.

    Examples
    --------
    >>> print(read_field("power", "5 kW"))
    5 kW
    """
    fields: dict[str, Any] = {field.name: field for field in attrs.fields(MeasuredPoint)}
    if name not in fields:
        raise UnknownNameError(name, fields, "field of MeasuredPoint")
    read = fields[name].converter(value)
    if fields[name].validator is not None:
        fields[name].validator(None, fields[name], read)
    return read


# -- figures that points are compared by ----------------------------------------------------------


@attrs.frozen
class Metric:
    """A figure that points are compared by."""

    unit: str
    of: Callable[[MeasuredPoint, str | None], Quantity | None]
    better: float = 1.0  # -1: less is better
    latency: str = ""  # the field whose statistic matters


def _latency(point: MeasuredPoint, name: str, statistic: str | None) -> Quantity | None:
    figures: LatencyFigures | None = getattr(point, name)
    if figures is None:
        return None
    return figures.typical if statistic is None else figures.by_statistic.get(statistic)


def _interactivity(point: MeasuredPoint, statistic: str | None) -> Quantity | None:
    time = _latency(point, "time_per_output_token", statistic)
    return None if time is None else ureg.Quantity(1.0, "") / time


def _each(name: str) -> Callable[[MeasuredPoint, str | None], Quantity | None]:
    def share(point: MeasuredPoint, _: str | None) -> Quantity | None:
        rate: Quantity | None = getattr(point, name)
        return None if rate is None or point.accelerators is None else rate / point.accelerators

    return share


def _plain(name: str) -> Callable[[MeasuredPoint, str | None], Quantity | None]:
    return lambda point, _: cast("Quantity | None", getattr(point, name))


def _energy(point: MeasuredPoint, _: str | None) -> Quantity | None:
    """Energy per output token: as measured, otherwise accelerators' power over output rate."""
    if point.energy_per_output_token is not None:
        return point.energy_per_output_token
    if point.accelerator_power is None or point.output_throughput is None:
        return None
    return point.accelerator_power / point.output_throughput


METRICS: Final[dict[str, Metric]] = {
    "interactivity": Metric("token/s", _interactivity, latency="time_per_output_token"),
    "time_to_first_token": Metric(
        "ms", lambda p, s: _latency(p, "time_to_first_token", s), -1.0, "time_to_first_token"
    ),
    "time_per_output_token": Metric(
        "ms/token",
        lambda p, s: _latency(p, "time_per_output_token", s),
        -1.0,
        "time_per_output_token",
    ),
    "output_throughput": Metric("token/s", _plain("output_throughput")),
    "total_throughput": Metric("token/s", _plain("total_throughput")),
    "request_throughput": Metric("request/s", _plain("request_throughput")),
    "output_throughput_per_accelerator": Metric("token/s/accelerator", _each("output_throughput")),
    "total_throughput_per_accelerator": Metric("token/s/accelerator", _each("total_throughput")),
    "accelerator_power": Metric("W", lambda p, _: p.accelerator_power, -1.0),
    "energy_per_output_token": Metric("J/token", _energy, -1.0),
}
"""Figures that points are compared by."""


def check_field(field: str) -> None:
    """Refuse a name that is no field of `MeasuredPoint`."""
    names = [f.name for f in attrs.fields(MeasuredPoint)]
    if field not in names:
        raise UnknownNameError(field, names, "field of MeasuredPoint")


def shown(value: str | float) -> str:
    """Text of a cell; a stroke would end it in Markdown."""
    return value.replace("|", "\\|") if isinstance(value, str) else short_number(value, 6)
