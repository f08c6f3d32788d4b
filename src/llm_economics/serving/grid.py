"""`evaluate_grid`: many points of operation of one model on one accelerator at once, as arrays.

For searching: at central values, without units, a few microseconds each. What is found is then
asked of `Deployment.at`, which has the same text below it and answers with ranges.

Rejected: a list of deployments, of which a hundred thousand take minutes; approximations of their
own, which rank points differently from what is then reported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.core.number_format import NumberFormat, number_format
from llm_economics.serving.case import arithmetic_of, case_of
from llm_economics.serving.discrepancy import discrepancy_factor
from llm_economics.serving.memory import RESERVE
from llm_economics.serving.power import power_constants, power_fraction
from llm_economics.serving.step_time import Formats, Replica, Setup, cached_bytes, weight_bytes
from llm_economics.serving.timing import Lengths, peak_seconds, replica_seconds

if TYPE_CHECKING:
    from llm_economics.serving.case import Case
    from llm_economics.serving.deployment import Deployment
    from llm_economics.serving.load import Load

__all__ = ["AXES", "ServingGrid", "evaluate_grid"]

AXES = (
    *("tensor_parallel", "pipeline_parallel", "attention_data_parallel", "expert_parallel"),
    *("batch", "weights", "cache", "input_tokens", "output_tokens"),
)
"""Names that `evaluate_grid` takes as arrays."""

_DIVISIONS = AXES[:4]
_FORMATS = ("weights", "cache")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServingGrid:
    """Points of operation as arrays of one shape, in SI; cell i of all of them is point i.

    Figures stand also where `fits` or `allowed` says that there is no such point: mask them.
    """

    batch: Any
    """Requests in flight on a replica."""

    accelerators: Any
    """Accelerators of a replica."""

    time_per_output_token: Any
    """TPOT (s/token)."""

    time_to_first_token: Any
    """Mean TTFT in a closed loop of `batch` requests (s)."""

    end_to_end: Any
    """From arrival to the last token (s)."""

    output_throughput: Any
    """Tokens written per second and accelerator."""

    accelerator_power: Any
    """Mean power of an accelerator (W); not a number where its rated power is not known."""

    energy_per_output_token: Any
    """Energy of accelerators alone over tokens written (J/token)."""

    memory: Any
    """Weights, cache and reserve on one accelerator (byte)."""

    memory_available: Any
    """What an accelerator has (byte)."""

    fits: Any
    """Whether `memory` is no more than it has."""

    allowed: Any
    """Whether `Deployment` takes the division, and the model the context."""

    @property
    def interactivity(self) -> Any:
        """Tokens per second that one user sees: 1 / TPOT."""
        return 1.0 / self.time_per_output_token

    def __len__(self) -> int:
        return int(np.size(self.batch))

    def __repr__(self) -> str:
        return f"ServingGrid({len(self)} points, {int(np.sum(self.fits & self.allowed))} possible)"


def evaluate_grid(deployment: Deployment, load: Load, **axes: Any) -> ServingGrid:
    """Evaluate many points of operation of one model on one accelerator.

    Parameters
    ----------
    deployment : Deployment
        Model, accelerator, stack, network; and the values of axes that are not given.
    load : Load
        Lengths of requests, and if it is closed and ``batch`` is not given, the batch: its
        concurrency over the replicas.
    **axes
        Numbers or arrays that broadcast: ``tensor_parallel``, ``pipeline_parallel``,
        ``attention_data_parallel``, ``expert_parallel``, ``batch`` (requests in flight on a
        replica), ``weights``, ``cache`` (names of formats), ``input_tokens``, ``output_tokens``
        (written, per request; the share of the prefix cache stays that of the load).

    Returns
    -------
    ServingGrid
        Arrays of the broadcast shape.

    Raises
    ------
    RangeError
        If the load is open and no batch is given, or a number is not above zero.
    UnknownNameError
        If there is no such axis or format.
    MissingInputError
        If a figure of model or accelerator is not known.

    Notes
    -----
    At central values; every cell equals what `Deployment.at` gives at the central values of its
    inputs. Open loads take a batch first, see `SlotFarm`.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.deployment import Deployment
    >>> from llm_economics.serving.load import Load
    >>> deployment = Deployment(
    ...     model=le.models["Llama 3.1 70B"], accelerator=le.accelerators["H100 SXM"],
    ...     engine="vLLM", software_date="2026-01",
    ... )  # fmt: skip
    >>> load = Load.closed(concurrency=1, input_tokens="1024 token", output_tokens="1024 token")
    >>> grid = evaluate_grid(
    ...     deployment, load, weights=["fp8"], tensor_parallel=[[1], [2], [8]], batch=[8, 64, 512]
    ... )  # fmt: skip
    >>> grid
    ServingGrid(9 points, 5 possible)
    >>> print(grid.fits & grid.allowed)
    [[False False False]
     [ True  True False]
     [ True  True  True]]
    """
    unknown = [name for name in axes if name not in AXES]
    if unknown:
        raise UnknownNameError(unknown[0], list(AXES), "axis of evaluate_grid")
    case = case_of(deployment, load, []).central()
    values = {**_defaults(case, axes), **axes}
    numbers = {name: _positive(name, values[name]) for name in AXES if name not in _FORMATS}
    formats = {name: _formats(values[name]) for name in _FORMATS}
    return _evaluated(case, numbers, formats)


def _defaults(case: Case, axes: dict[str, Any]) -> dict[str, Any]:
    """Values of the axes that are not given."""
    deployment, load = case.deployment, case.load
    found: dict[str, Any] = {name: getattr(deployment, name) for name in _DIVISIONS}
    for name in _FORMATS:
        found[name] = getattr(deployment, name) or NumberFormat.BF16
    found["input_tokens"] = load.input_tokens.central().number("token/request")
    found["output_tokens"] = load.written_tokens.central().number("token/request")
    if load.concurrency is not None:
        found["batch"] = load.concurrency.central().number("request") / deployment.replicas
    elif "batch" not in axes:
        message = "evaluate_grid needs batch=[1, 8, 64] with an open load, whose batch is a result"
        raise RangeError(message)
    return found


def _positive(name: str, value: Any) -> Any:
    read = np.asarray(value, dtype=float)
    if not np.all(read > 0.0):
        message = f"evaluate_grid({name}) needs numbers above zero; got {value!r}"
        raise RangeError(message)
    return read


def _formats(names: Any) -> tuple[list[NumberFormat], Any]:
    """Different formats, and which of them each cell has."""
    shape = np.shape(names)
    read = [number_format(name) for name in np.ravel(np.asarray(names, dtype=object))]
    different = list(dict.fromkeys(read))
    return different, np.array([different.index(f) for f in read]).reshape(shape)


Formatted = dict[str, tuple[list[NumberFormat], Any]]


def _evaluated(case: Case, numbers: dict[str, Any], formats: Formatted) -> ServingGrid:
    shape = np.broadcast_shapes(
        *(np.shape(v) for v in numbers.values()), *(np.shape(i) for _, i in formats.values())
    )
    setup, lengths = _setup(case, numbers, formats), _lengths(case, numbers)
    batch = numbers["batch"]
    seconds = replica_seconds(setup, lengths, np.maximum(batch, 1.0), case.speculation)
    per_token = seconds.per_token * _central(
        discrepancy_factor("per_token", has_experts=case.has_experts)
    )
    off = discrepancy_factor("first_token", has_experts=case.has_experts)
    first = seconds.first_token * _central(off)
    whole = first + (lengths.written - 1.0) * per_token
    rate = batch * lengths.written / (whole * setup.replica.accelerators)
    power = _power(case, setup, lengths, batch, per_token)
    memory = _memory(setup, lengths, batch)
    has = setup.machine.memory
    found = {
        "batch": batch,
        "accelerators": setup.replica.accelerators,
        "time_per_output_token": per_token,
        "time_to_first_token": first,
        "end_to_end": whole,
        "output_throughput": rate,
        "accelerator_power": power,
        "energy_per_output_token": power / rate,
        "memory": memory + RESERVE * has,
        "memory_available": has,
        "fits": memory <= (1.0 - RESERVE) * has,
        "allowed": _allowed(case, numbers),
    }
    return ServingGrid(**{name: np.broadcast_to(v, shape) for name, v in found.items()})


def _setup(case: Case, numbers: dict[str, Any], formats: Formatted) -> Setup:
    """What times rest on, with the peak of the arithmetic of each cell."""
    machine = case.machine.central()
    weights, which = formats["weights"]
    if case.deployment.arithmetic is None:
        accelerator = case.deployment.accelerator
        multiplied = [arithmetic_of(accelerator, f) for f in weights]
        peaks = [_central(accelerator.peak(str(f)).to("FLOP/s")) for f in multiplied]
        machine = attrs.evolve(machine, peak=np.array(peaks)[which])
    divided = {name: numbers[name] for name in _DIVISIONS if name != "expert_parallel"}
    setup = case.setup(machine, case.constants.central())
    stored = Formats(**{name: _bytes(*formats[name]) for name in _FORMATS})
    return attrs.evolve(setup, replica=Replica(**divided), formats=stored)


def _bytes(different: list[NumberFormat], which: Any) -> Any:
    return np.array([f.bytes_per_element for f in different])[which]


def _lengths(case: Case, numbers: dict[str, Any]) -> Lengths:
    whole = numbers["input_tokens"]
    computed = whole * (1.0 - _central(case.load.prefix_cache_hit_share))
    return Lengths(computed=computed, cached=whole - computed, written=numbers["output_tokens"])


def _power(case: Case, setup: Setup, lengths: Lengths, batch: Any, per_token: Any) -> Any:
    """Mean power of an accelerator (W)."""
    rated = case.deployment.accelerator.power
    if rated is None:
        return np.nan
    memory, arithmetic = peak_seconds(setup, lengths, batch, case.speculation)
    step = per_token * case.speculation.tokens_per_pass
    constants = power_constants(central=True)
    return _central(rated.to("W")) * power_fraction(memory / step, arithmetic / step, constants)


def _memory(setup: Setup, lengths: Lengths, batch: Any) -> Any:
    """Bytes of weights and cache on an accelerator, when every request is at its longest."""
    sizes, replica, formats = setup.sizes, setup.replica, setup.formats
    longest = lengths.computed + lengths.cached + lengths.written
    each = cached_bytes(sizes, replica, formats, longest)
    held = weight_bytes(sizes, replica, formats)
    return held + batch * each / replica.attention_data_parallel


def _allowed(case: Case, numbers: dict[str, Any]) -> Any:
    """Whether heads, layers and experts divide, and the context is within the model's."""
    model, shape = case.deployment.model, case.deployment.model.architecture
    longest = numbers["input_tokens"] + numbers["output_tokens"]
    limit = model.context_length
    allowed = np.asarray(limit is None or longest <= _central(limit.to("token")))
    experts = numbers["expert_parallel"]
    group = numbers["tensor_parallel"] * numbers["attention_data_parallel"]
    allowed = allowed & (group % experts == 0)
    if shape is None:
        return allowed
    allowed = allowed & (numbers["pipeline_parallel"] <= shape.layers)
    allowed = allowed & ((shape.experts or 1) % experts == 0)
    heads = shape.attention_heads or 0
    return allowed & (heads % numbers["tensor_parallel"] == 0)


def _central(value: Any) -> float:
    return float(value.central().magnitude)
