"""The library asked for one row of measured serving, through its public interface.

Rows that ran are taken to have fitted: where the library finds no room for the stated batch, memory
is enlarged, which changes no speed. Of requests in flight that cannot all be held, the rest wait.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import llm_economics as le
from llm_economics.core.errors import RangeError
from validation.prediction import PROBABILITIES, Prediction, prediction_of
from validation.rows import Case, SkipError
from validation.serving_rows import deployment_of, load_of

__all__ = [
    "MLPERF_LENGTHS",
    "is_static",
    "mlperf_lengths",
    "predict_disaggregated",
    "predict_energy",
    "predict_energy_at_the_wall",
    "predict_energy_per_request",
    "predict_output_throughput",
    "predict_power",
    "predict_rate",
    "predict_saturation",
    "predict_single",
    "predict_static_power",
    "predict_time_per_output_token",
    "predict_time_to_first_token",
    "predict_total_throughput",
    "predict_unloaded",
]

FLIGHT = "batch_or_concurrency"
ROOM = 20.0
"""Factor on the memory of rows that ran though the library finds no room."""

MOST_AT_ONCE = 2048
"""Requests of a batch at most, as engines are built for saturation."""

POOLS = re.compile(r"(\d+) prefill ?: ?(\d+) decode", re.IGNORECASE)
"""Replicas of each pool, as sources of disaggregated rows tell them."""

PRODUCTION_BATCHES = {0.5: 32.0, 0.05: 128.0, 0.95: 8.0}
"""Requests at once of a service that tells none, by the probability of the energy."""

INPUTS = (
    (r"gpqa|reason|math", (150.0, 600.0)),
    (r"fim|completion", (200.0, 4000.0)),
    (r"code", (100.0, 600.0)),
    (r"", (100.0, 900.0)),
)
"""Input tokens by task, 90 % between the ends, where the table does not tell: assumptions."""


class Lengths(NamedTuple):
    """Tokens of a request of an MLPerf benchmark: of the input a range, of the output the mean."""

    low: float
    high: float
    output: float

    beams: int = 1
    """Sequences that are decoded for each answer; they share the input."""


MLPERF_LENGTHS = (
    (r"gpt-?j", Lengths(700.0, 1300.0, 69.0, beams=4)),
    (r"llama-?2.*70b", Lengths(120.0, 350.0, 294.45)),
    (r"mixtral.*8x7b", Lengths(120.0, 350.0, 145.9)),
    (r"llama-?3\.1.*405b", Lengths(7000.0, 11000.0, 684.68)),
    (r"llama-?3\.1.*8b", Lengths(700.0, 1300.0, 128.0)),
    (r"deepseek.*r1", Lengths(500.0, 1500.0, 3886.2)),
)
"""Mean lengths of the data sets of MLCommons' inference rules; inputs by what they are made of."""


# --- one deployment at one load


class Served(NamedTuple):
    """A point, and how many times more requests there are than are held at once."""

    point: Any
    crowd: float


def point_of(case: Case, batch: str, input_tokens: Any = None) -> Any:
    """The point of a row whose batch was measured, so that it did fit."""
    deployment = deployment_of(case)
    load = load_of(case, batch=batch, input_tokens=input_tokens)
    try:
        return deployment.at(load)
    except RangeError:
        return _roomy(deployment).at(load)


def served(case: Case) -> Served:
    """The point of a row with as many of its requests at once as are held; the rest wait."""
    deployment = deployment_of(case)
    load = load_of(case, batch=FLIGHT)
    try:
        return Served(deployment.at(load), 1.0)
    except RangeError:
        asked = case.need(FLIGHT)
        held = float(_held(deployment, load) * deployment.replicas) or asked
        at_once = min(asked, held)
        point = _roomy(deployment).at(load.evolve(concurrency=at_once))
        return Served(point, asked / at_once)


def _roomy(deployment: Any) -> Any:
    """The deployment with more memory, and all else the same."""
    return deployment.evolve(accelerator=_with_memory(deployment, ROOM))


def _held(deployment: Any, load: Any) -> int:
    """Requests of a replica that are held at their mean context; 0 if weights leave no room."""
    # Half of what is written stands in the cache, in the mean of the requests.
    tokens = (load.input_tokens + 0.5 * load.written_tokens).central().number("token/request")
    try:
        return int(deployment.largest_batch(f"{float(tokens)} token"))
    except RangeError:
        return 0


def is_static(case: Case) -> bool:
    """Whether a row is one batch from start to end, without requests that come in between."""
    return case.text("load").casefold().startswith("static")


def alone(point: Any) -> Any:
    """Time per output token without prefills in between (s/token)."""
    first, *rest = point.parts.values()
    step, between = sum(rest, first), point.parts["interference"]
    return point.time_per_output_token * ((step - between) / step)


def _batch_seconds(case: Case, found: Served) -> Any:
    """Seconds of one whole batch: all inputs are read, then all outputs written."""
    point, written = found.point, max(case.need("output_tokens") - 1.0, 0.0)
    writing = alone(point) * le.quantity(written, "token")
    # Requests that do not fit at once take their turn.
    return point.prefill_time * case.need(FLIGHT) + writing * found.crowd


# --- speed


def predict_time_per_output_token(case: Case) -> Prediction:
    """Time per output token (ms)."""
    point = served(case).point
    value = alone(point) if is_static(case) else point.time_per_output_token
    return prediction_of(value, "ms/token")


def predict_time_to_first_token(case: Case) -> Prediction:
    """Time to the first token of a closed loop (ms), with the wait for a place."""
    point, crowd = served(case)
    first = point.time_to_first_token.value
    if crowd > 1.0:
        written = point.load.written_tokens * le.quantity(1.0, "request")
        first = first + (crowd - 1.0) * (first + point.time_per_output_token * written)
    return prediction_of(first, "ms")


def predict_unloaded(case: Case) -> Prediction:
    """Time to the first token of a batch that starts at once on an idle deployment (ms)."""
    deployment = deployment_of(case)
    length = f"{case.need('input_tokens')} token"
    found = deployment.unloaded_time_to_first_token(length).value
    more = case.need(FLIGHT) - 1.0
    if more > 0.0:
        found = found + served(case).point.prefill_time * more
    return prediction_of(found, "ms")


def predict_output_throughput(case: Case) -> Prediction:
    """Tokens written per second, in all or by accelerator as the unit of the row has it."""
    found = served(case)
    rate = found.point.output_throughput
    if is_static(case):
        tokens = le.quantity(case.need(FLIGHT) * case.need("output_tokens"), "token")
        rate = tokens / _batch_seconds(case, found)
    return prediction_of(_shared(case, rate), "token/s")


def _shared(case: Case, rate: Any) -> Any:
    said = f"{case.text('unit')} {case.text('quantity')}".casefold()
    each = re.search(r"/(?:gpu|accelerator|chip|device)|per_(?:gpu|accelerator)", said)
    return rate / (case.whole("n_accelerators") or 1) if each else rate


def predict_total_throughput(case: Case) -> Prediction:
    """Tokens read and written per second of a static batch."""
    found = served(case)
    each = case.need("input_tokens") + case.need("output_tokens")
    tokens = le.quantity(case.need(FLIGHT) * each, "token")
    if not is_static(case):
        share = each / case.need("output_tokens")
        return prediction_of(_shared(case, found.point.output_throughput * share), "token/s")
    return prediction_of(_shared(case, tokens / _batch_seconds(case, found)), "token/s")


def predict_saturation(case: Case) -> Prediction:
    """Tokens written per second with as many requests as fit."""
    point = _saturated(case, {})
    return prediction_of(_shared(case, point.output_throughput), "token/s")


def _saturated(
    case: Case, cells: dict[str, str], input_tokens: Any = None, shared: float = 0.0
) -> Any:
    """The point with as many requests at once as are held, or as engines take.

    `shared` is the part of the inputs that other sequences of the same request have read.
    """
    one = Case({**case.cells, **cells, FLIGHT: "1"})
    deployment = deployment_of(one)
    load = load_of(one, batch=FLIGHT, input_tokens=input_tokens)
    most = _held(deployment, load)
    if not most:
        raise SkipError("weights do not fit in the memory")
    at_once = min(most, MOST_AT_ONCE) * deployment.replicas
    load = load.evolve(concurrency=at_once, prefix_cache_hit_share=shared)
    return _roomy(deployment).at(load)


def predict_static_power(case: Case) -> Prediction:
    """Mean power of one accelerator (W)."""
    return prediction_of(served(case).point.accelerator_power, "W")


def predict_disaggregated(case: Case) -> Prediction:
    """Time per output token with pools of their own for prefill and decoding (ms)."""
    said = POOLS.search(case.text("source"))
    if said is None:
        raise SkipError("replicas of each pool not stated")
    pool = deployment_of(Case({**case.cells, "n_accelerators": case.text("tensor_parallel")}))
    pools = le.serving.DisaggregatedDeployment(
        prefill=pool.evolve(replicas=int(said[1])), decode=pool.evolve(replicas=int(said[2]))
    )
    return prediction_of(pools.at(load_of(case, batch=FLIGHT)).time_per_output_token, "ms/token")


# --- energy


def _input(case: Case) -> Any:
    """Input tokens of a row that tells none: a range by its task."""
    task = case.text("task").casefold()
    low, high = next(ends for pattern, ends in INPUTS if re.search(pattern, task))
    return le.between(low, high, "token", shape="log-normal", name="input tokens by task")


def _batched(case: Case) -> Any:
    return point_of(case, "avg_batch", _input(case))


def predict_energy(case: Case) -> Prediction:
    """Energy of the accelerators over tokens written, batch known (J/token)."""
    return prediction_of(_batched(case).energy_per_output_token.accelerator, "J/token")


def predict_power(case: Case) -> Prediction:
    """Mean power of one accelerator, batch known (W)."""
    return prediction_of(_batched(case).accelerator_power, "W")


def predict_rate(case: Case) -> Prediction:
    """Tokens written per second in all, batch known."""
    return prediction_of(_batched(case).output_throughput, "token/s")


def predict_single(case: Case) -> Prediction:
    """Energy of the accelerators over tokens written, one request at a time (J/token)."""
    return predict_energy(Case({**case.cells, "avg_batch": "1"}))


def mlperf_lengths(case: Case) -> Lengths | None:
    """Lengths of the MLPerf benchmark of a row, None if it is of none."""
    named = case.text("model").casefold()
    return next((found for pattern, found in MLPERF_LENGTHS if re.search(pattern, named)), None)


def predict_energy_at_the_wall(case: Case) -> Prediction:
    """Energy of the servers over tokens written, as many requests as fit (J/token)."""
    lengths = mlperf_lengths(case)
    read: Any = None
    cells = {} if case.text("tensor_parallel") else {"tensor_parallel": _fewest(case)}
    if lengths is not None:
        read = le.between(lengths.low, lengths.high, "token", shape="log-normal", name="input")
        cells |= {} if case.text("output_tokens") else {"output_tokens": f"{lengths.output}"}
    elif not case.text("output_tokens"):
        raise SkipError("lengths of the requests not known")
    beams = lengths.beams if lengths is not None else 1
    point = _saturated(case, cells, read, shared=1.0 - 1.0 / beams)
    return prediction_of(point.energy_per_output_token.server * float(beams), "J/token")


def _fewest(case: Case) -> str:
    """Fewest accelerators on which the weights leave half of the memory, as submitters choose."""
    count = case.whole("n_accelerators") or 1
    deployment = deployment_of(Case({**case.cells, "n_accelerators": "1"}))
    for parts in (1, 2, 4, 8):
        one = deployment.evolve(accelerator=_with_memory(deployment, 0.5 * parts))
        if parts >= count or _fits(one):
            return str(min(parts, count))
    return str(count)


def _with_memory(deployment: Any, factor: float) -> Any:
    accelerator = deployment.accelerator
    return accelerator.evolve(memory=accelerator.require("memory") * factor)


def _fits(deployment: Any) -> bool:
    try:
        return bool(deployment.largest_batch("1 token"))
    except RangeError:
        return False


def predict_energy_per_request(case: Case) -> Prediction:
    """Energy of a request inside the facility (Wh), the batch not known."""
    case.need("output_tokens")
    found = {}
    for probability, batch in PRODUCTION_BATCHES.items():
        stated = case.text("avg_batch") or str(batch)
        point = point_of(Case({**case.cells, "avg_batch": stated}), "avg_batch", _input(case))
        found[probability] = prediction_of(point.energy_per_request.facility, "Wh/request")
    # The ends of each half of the range are those of its own batch.
    ends = {p: found[0.05 if p < 0.5 else 0.95].quantiles for p in PROBABILITIES}
    quantiles = {p: held[p] for p, held in ends.items() if held is not None}
    quantiles[0.5] = found[0.5].central
    return Prediction(found[0.5].central, quantiles)
