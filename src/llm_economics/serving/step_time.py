"""Time of a decode step and of a prefill on one replica: rooflines plus named fixed times.

    step = max(bytes / bandwidth, FLOP / peak) + layers x (fixed + collectives) + host, interference

Bytes are weights, of which a batch reads the experts that it hits, and the key-value cache; latent
caches are not divided by tensor parallelism. Most of what a pure roofline misses is fixed time per
layer, per collective and per request, not a proportion. The same text runs on floats, on arrays of
configurations and on ranges. Rejected: one efficiency for all, which cannot repair fixed times;
times of kernels by accelerator and version, which take a database; dividing the latency of a step
by the stages of a pipeline, which a token passes one after the other.
"""

from __future__ import annotations

from typing import Any

import attrs

from llm_economics.core.functions import ceil, maximum, minimum
from llm_economics.hardware.machine import Machine
from llm_economics.serving.constants import ServingConstants
from llm_economics.transformer.sizes import Sizes

__all__ = [
    "DecodeParts",
    "DecodePass",
    "Formats",
    "Replica",
    "Setup",
    "cached_bytes",
    "decode_parts",
    "decode_pass",
    "experts_hit",
    "prefill_operations",
    "prefill_seconds",
    "prefill_work_seconds",
    "weight_bytes",
]

_FORWARD = 2.0
# Two matrix products for scores and values.
_ATTENTION = 4.0
# A ring passes data around twice to reduce it: reduce-scatter, all-gather.
_PHASES = 2.0
_ACTIVATION = 2.0
_HEAD_BYTES = 2.0
# Longer inputs pass the stages of a pipeline in chunks; engines take 2048 to 16384 tokens.
_CHUNK = 8192.0


@attrs.frozen(kw_only=True, eq=False)
class Formats:
    """Bytes of an element, by what it is; plain numbers, floats or arrays."""

    weights: Any
    """Weights of the layers (byte/parameter)."""

    cache: Any
    """Keys and values (byte/element)."""


@attrs.frozen(kw_only=True, eq=False)
class Replica:
    """Accelerators that serve one batch together; plain numbers, floats or arrays.

    Examples
    --------
    >>> Replica(tensor_parallel=4.0, pipeline_parallel=2.0).accelerators
    8.0
    """

    tensor_parallel: Any
    """Parts of each layer."""

    pipeline_parallel: Any = 1.0
    """Stages, each with its part of the layers; as many micro-batches are in flight."""

    attention_data_parallel: Any = 1.0
    """Copies of attention, each with its own requests, while experts are shared."""

    @property
    def accelerators(self) -> Any:
        """Accelerators of the replica."""
        return self.tensor_parallel * self.pipeline_parallel * self.attention_data_parallel

    def micro_batch(self, batch: Any) -> Any:
        """Requests of a batch that are decoded in one pass, at least one.

        Parameters
        ----------
        batch : number or array
            Requests of the replica.

        Returns
        -------
        same kind
            The batch over the stages, since each stage works on another part of it.
        """
        return maximum(batch / self.pipeline_parallel, 1.0)

    def of_one_copy(self, batch: Any) -> Any:
        """Requests of a pass whose cache one copy of attention holds, at least one.

        Parameters
        ----------
        batch : number or array
            Requests of the replica.

        Returns
        -------
        same kind
            The micro-batch over the copies; all copies wait for the fullest.
        """
        return maximum(self.micro_batch(batch) / self.attention_data_parallel, 1.0)


@attrs.frozen(kw_only=True, eq=False)
class Setup:
    """What a time rests on: a model on a machine, how it is divided and stored, what is reached."""

    sizes: Sizes
    """Sizes of the model."""

    machine: Machine
    """Peaks, memory, network."""

    constants: ServingConstants
    """What the serving stack reaches."""

    replica: Replica
    """How the model lies over accelerators."""

    formats: Formats
    """Bytes of weights and cache."""

    @property
    def reading(self) -> Any:
        """Bandwidth at which weights are read (byte/s)."""
        return self.machine.memory_bandwidth * self.constants.memory_efficiency


@attrs.frozen(kw_only=True, eq=False)
class DecodePass:
    """What one step moves and multiplies on the accelerators that a token passes.

    Of each stage of a pipeline one accelerator counts: the sum over the stages is what a token has
    to wait for.
    """

    weight_bytes: Any
    """Weights, of experts those that are hit (byte)."""

    cache_bytes: Any
    """Keys and values (byte)."""

    matrix_operations: Any
    """Multiplying with weights (FLOP)."""

    attention_operations: Any
    """Scores and values (FLOP)."""


@attrs.frozen(kw_only=True, eq=False)
class DecodeParts:
    """Seconds of one decode step by part; they sum to the step.

    Examples
    --------
    >>> parts = DecodeParts(
    ...     weights=4e-3, cache=1e-3, computation=0.0, layers=1e-3, collectives=1e-3, host=2e-3,
    ...     interference=1e-3,
    ... )  # fmt: skip
    >>> round(parts.total, 9)
    0.01
    """

    weights: Any
    """Reading weights."""

    cache: Any
    """Reading keys and values."""

    computation: Any
    """What multiplying takes beyond reading."""

    layers: Any
    """Fixed times of layers and experts."""

    collectives: Any
    """Reductions between accelerators, and sending from stage to stage."""

    host: Any
    """Fixed times of the step and of its requests on the host."""

    interference: Any
    """Prefills of other requests that run in between."""

    def parts(self) -> dict[str, Any]:
        """Return the parts by name."""
        return {f.name: getattr(self, f.name) for f in attrs.fields(type(self))}

    @property
    def total(self) -> Any:
        """Seconds of the step."""
        return sum(self.parts().values())


def experts_hit(experts: Any, active: Any, tokens: Any) -> Any:
    r"""Experts of a layer that a batch reads, if the router spreads its choices evenly.

    Parameters
    ----------
    experts, active : number or array
        Experts of a layer, and those of one token; 1 and 0 without experts.
    tokens : number or array
        Tokens of the step.

    Returns
    -------
    same kind
        Expected number of experts.

    Notes
    -----
    .. math:: E \left(1 - (1 - k / E)^B\right)

    Valid for a router whose tokens choose independently of each other; skewed routing hits fewer.

    References
    ----------
    Expected number of occupied cells: W. Feller, An Introduction to Probability Theory and Its
    Applications, volume 1, chapter IV.

    Examples
    --------
    >>> round(experts_hit(128.0, 8.0, 1.0), 6), round(experts_hit(128.0, 8.0, 32.0), 1)
    (8.0, 111.8)
    """
    return experts * (1.0 - (1.0 - active / experts) ** tokens)


def weight_bytes(sizes: Sizes, replica: Replica, formats: Formats) -> Any:
    """Bytes of weights that one accelerator holds.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the model.
    replica : Replica
        How it is divided; each copy of attention repeats what is not a routed expert.
    formats : Formats
        Bytes of a parameter; embedding tables stay in 16 bits.

    Returns
    -------
    number or array
        Bytes.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.transformer.sizes import sizes_of
    >>> sizes = sizes_of(le.models["Llama 3.1 70B"])
    >>> held = weight_bytes(sizes, Replica(tensor_parallel=4.0), Formats(weights=1.0, cache=2.0))
    >>> print(round(held / 1e9, 1))
    18.2
    """
    copies = replica.attention_data_parallel
    dense = formats.weights * sizes.dense_parameters + _HEAD_BYTES * sizes.embedding_parameters
    whole = copies * dense + formats.weights * sizes.all_routed_parameters
    return whole / replica.accelerators


def cached_bytes(sizes: Sizes, replica: Replica, formats: Formats, context: Any) -> Any:
    """Bytes of the cache of one request on one accelerator of its copy of attention.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the model.
    replica : Replica
        How it is divided: heads of keys over tensor parallelism as far as there are heads, layers
        over stages; a latent vector lies whole on each accelerator.
    formats : Formats
        Bytes of an element.
    context : number or array
        Tokens of the request.

    Returns
    -------
    number or array
        Bytes.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.transformer.sizes import sizes_of
    >>> of_two_bytes = Formats(weights=1.0, cache=2.0)
    >>> for name in ("Llama 3.1 70B", "DeepSeek-V3"):
    ...     sizes = sizes_of(le.models[name])
    ...     (
    ...         sizes.cache_parts,
    ...         [
    ...             float(cached_bytes(sizes, Replica(tensor_parallel=parts), of_two_bytes, 1.0))
    ...             for parts in (1.0, 8.0, 16.0)
    ...         ],
    ...     )
    (8.0, [327680.0, 40960.0, 40960.0])
    (1.0, [70272.0, 70272.0, 70272.0])
    """
    parts = minimum(replica.tensor_parallel, sizes.cache_parts)
    return formats.cache * sizes.cached_elements(context) / (parts * replica.pipeline_parallel)


def decode_pass(setup: Setup, *, batch: Any, context: Any, positions: Any = 1.0) -> DecodePass:
    r"""Bytes and operations of one decode step on the accelerators that a token passes.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats.
    batch : number or array
        Requests that are decoded on the replica.
    context : number or array
        Mean tokens of a request so far.
    positions : number or array
        Tokens of a request that one step computes: 1, more to verify drafted ones.

    Returns
    -------
    DecodePass
        Bytes and operations.

    Notes
    -----
    With t parts of each layer, p stages, c copies of attention, micro-batch m = B / p and m / c
    requests of each copy (both at least 1):

    .. math::
        W = \frac{b_w (N_d + N_e E_h(m) / c) + 2 N_h}{t}, \qquad
        C = \frac{m}{c} \, \frac{b_c K}{\min(t, h)}

    Both sum over the stages; the replica holds p micro-batches at once, so its rate grows with p
    and the latency of a step does not fall with it.
    """
    sizes, replica = setup.sizes, setup.replica
    parts, copies = replica.tensor_parallel, replica.attention_data_parallel
    micro, each = replica.micro_batch(batch), replica.of_one_copy(batch)
    hit = experts_hit(sizes.experts, sizes.active_experts, micro * positions)
    layers = setup.formats.weights * (sizes.dense_parameters + sizes.one_expert * hit / copies)
    cache = cached_bytes(sizes, replica, setup.formats, context) * replica.pipeline_parallel
    multiplied = sizes.dense_parameters + sizes.routed_parameters + sizes.head_parameters
    tokens = each * positions
    seen = sizes.attended(context)
    return DecodePass(
        weight_bytes=(layers + _HEAD_BYTES * sizes.head_parameters) / parts,
        cache_bytes=each * cache,
        matrix_operations=_FORWARD * multiplied * tokens / parts,
        attention_operations=_ATTENTION * sizes.cached_width * seen * tokens / parts,
    )


def decode_parts(
    setup: Setup, *, batch: Any, context: Any, prefill_share: Any, positions: Any = 1.0
) -> DecodeParts:
    r"""Time of a decode step by part.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats, constants.
    batch : number or array
        Requests that are decoded on the replica, over all its stages and copies.
    context : number or array
        Mean tokens of a request so far.
    prefill_share : number or array
        Seconds of prefill that fall on one step: requests of the batch over the steps of a request,
        times the `prefill_work_seconds` of one.
    positions : number or array
        Tokens of a request that one step computes: 1, more to verify drafted ones.

    Returns
    -------
    DecodeParts
        Seconds by part.

    Notes
    -----
    .. math::
        t = \frac{W}{\eta_m \beta} + \frac{C}{\eta_c \eta_m \beta}
            + \max\!\left(\frac{F}{\eta_f \pi} - \ldots, 0\right)
            + L \tau_l + L_e \tau_e + t_{coll} + \tau_s + \frac{B}{c} \tau_r + \phi \, t_{prefill}

    Valid for continuous batching with a batch that hardly changes from step to step; the host is
    one for all stages, so its time per request is divided by the c copies of attention only, each
    of which has a scheduler of its own. Copies send their tokens to the experts and back where that
    moves less than a sum over all of them.

    References
    ----------
    S. Williams et al., Roofline, Communications of the ACM 52 (2009); the fixed times are fitted,
    see `serving_constants`.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.core.number_format import NumberFormat
    >>> from llm_economics.hardware.machine import machine_of
    >>> from llm_economics.serving.constants import StackKind, serving_constants
    >>> from llm_economics.transformer.sizes import sizes_of
    >>> machine = machine_of(
    ...     le.accelerators["H100 SXM"], NumberFormat.FP8, server=None, network=None, taken=[]
    ... )
    >>> setup = Setup(
    ...     sizes=sizes_of(le.models["Llama 3.1 70B"]),
    ...     machine=machine.central(),
    ...     constants=serving_constants(StackKind.CURRENT).central(),
    ...     replica=Replica(tensor_parallel=4.0),
    ...     formats=Formats(weights=1.0, cache=2.0),
    ... )
    >>> parts = decode_parts(setup, batch=32.0, context=1500.0, prefill_share=0.0)
    >>> bool(0.008 < parts.total < 0.02)
    True
    """
    sizes, constants = setup.sizes, setup.constants
    moved = decode_pass(setup, batch=batch, context=context, positions=positions)
    weights = moved.weight_bytes / setup.reading
    cache = moved.cache_bytes / (setup.reading * constants.cache_efficiency)
    computing = (
        moved.matrix_operations / setup.machine.peak
        + moved.attention_operations / setup.machine.peak_16_bit
    ) / constants.compute_efficiency
    layers = sizes.layers * constants.layer_time + sizes.expert_layers * constants.expert_layer_time
    tokens = setup.replica.of_one_copy(batch) * positions
    return DecodeParts(
        weights=weights,
        cache=cache,
        computation=maximum(computing - weights - cache, 0.0),
        layers=layers,
        collectives=_reductions(setup, tokens, tokens * setup.replica.attention_data_parallel)
        + _sending(setup, tokens),
        host=constants.step_time
        + batch / setup.replica.attention_data_parallel * constants.request_time,
        interference=constants.interference * prefill_share,
    )


def prefill_operations(sizes: Sizes, *, tokens: Any, past: Any = 0.0) -> tuple[Any, Any]:
    """Operations to read input tokens, over the whole replica.

    Parameters
    ----------
    sizes : Sizes
        Sizes of the model.
    tokens : number or array
        Input tokens that are computed; those of a cached prefix are not.
    past : number or array
        Tokens of the cached prefix, to which attention still looks.

    Returns
    -------
    tuple of two numbers or arrays
        FLOP of multiplying with weights, and of attention.
    """
    multiplied = sizes.dense_parameters + sizes.routed_parameters
    seen = sizes.attended_on_average(past, tokens)
    return _FORWARD * multiplied * tokens, _ATTENTION * sizes.query_width * tokens * seen


def prefill_work_seconds(setup: Setup, *, tokens: Any, past: Any = 0.0) -> Any:
    """Time for which reading input tokens keeps the accelerators of a replica busy.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats, constants.
    tokens : number or array
        Input tokens that are computed; those of a cached prefix are not.
    past : number or array
        Tokens of the cached prefix, to which attention still looks.

    Returns
    -------
    number or array
        Seconds of the whole replica: what decoding loses to it, while stages and copies of
        attention work on several requests. The latency of one is `prefill_seconds`.
    """
    replica, constants, machine = setup.replica, setup.constants, setup.machine
    matrices, attention = prefill_operations(setup.sizes, tokens=tokens, past=past)
    multiplying = matrices / machine.peak + attention / machine.peak_16_bit
    # Each copy reads a request of its own meanwhile.
    copies = replica.attention_data_parallel
    at_once = copies * replica.pipeline_parallel
    return (
        multiplying / (constants.prefill_efficiency * replica.accelerators)
        + _reductions(setup, tokens, tokens * copies) / at_once
    )


def prefill_seconds(setup: Setup, *, tokens: Any, past: Any = 0.0) -> Any:
    r"""Time to read input tokens on an idle replica.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats, constants.
    tokens : number or array
        Input tokens that are computed; those of a cached prefix are not.
    past : number or array
        Tokens of the cached prefix, to which attention still looks.

    Returns
    -------
    number or array
        Seconds.

    Notes
    -----
    .. math::
        t = \max\!\left(\phi \frac{F}{\eta_p \pi}, \frac{W}{\eta_m \beta}\right)
            + \phi \, t_{coll}, \qquad \phi = \frac{m + p - 1}{m p}

    with m = ceil(tokens / 8192) chunks that follow each other through p stages. One request is on
    one copy of attention only; experts are shared. Short inputs still read all weights once.
    """
    sizes, replica, constants = setup.sizes, setup.replica, setup.constants
    parts, copies = replica.tensor_parallel, replica.attention_data_parallel
    spread = sizes.dense_parameters + sizes.routed_parameters / copies
    _, attention = prefill_operations(sizes, tokens=tokens, past=past)
    multiplying = (
        _FORWARD * spread * tokens / setup.machine.peak + attention / setup.machine.peak_16_bit
    ) / (constants.prefill_efficiency * parts)
    hit = experts_hit(sizes.experts, sizes.active_experts, tokens)
    weights = setup.formats.weights * (sizes.dense_parameters + sizes.one_expert * hit / copies)
    stages, chunks = replica.pipeline_parallel, maximum(ceil(tokens / _CHUNK), 1.0)
    following = (chunks + stages - 1.0) / (chunks * stages)
    reading = weights / (parts * setup.reading)
    sent = _reductions(setup, tokens, tokens) + _sending(setup, tokens)
    return maximum(multiplying * following, reading) + sent * following


def _reductions(setup: Setup, own: Any, together: Any) -> Any:
    """Seconds of what a layer's accelerators exchange: after attention, and after the rest."""
    sizes, parts = setup.sizes, setup.replica.tensor_parallel
    copies = setup.replica.attention_data_parallel
    attention = _reduction(setup, parts, own)
    reduced = _reduction(setup, parts * copies, together)
    # Copies of attention have no sum to share: each sends its tokens to their experts and back.
    routed = (
        sizes.expert_layers * _exchange(setup, own)
        + (sizes.layers - sizes.expert_layers) * attention
    )
    apart = minimum(copies - 1.0, 1.0)
    rest = (1.0 - apart) * sizes.layers * reduced + apart * minimum(routed, sizes.layers * reduced)
    return sizes.layers * attention + rest


def _exchange(setup: Setup, own: Any) -> Any:
    """Seconds in which tokens of a copy of attention go to their experts and come back."""
    parts = setup.replica.tensor_parallel
    everyone = parts * setup.replica.attention_data_parallel
    started = minimum(everyone - 1.0, 1.0) * _PHASES * setup.constants.collective_time
    moved = (own / parts) * setup.sizes.active_experts * setup.sizes.hidden_size
    away = (1.0 - 1.0 / everyone) * (setup.formats.weights + _ACTIVATION)
    return started + away * moved / setup.machine.ring(everyone, 1.0)


def _reduction(setup: Setup, parts: Any, tokens: Any) -> Any:
    """Seconds of a reduction over a group; none if it is alone."""
    started = minimum(parts - 1.0, 1.0) * setup.constants.collective_time
    moved = tokens * _ACTIVATION * setup.sizes.hidden_size
    share = _PHASES * (1.0 - 1.0 / parts)
    return started + share * moved / setup.machine.ring(parts, 1.0)


def _sending(setup: Setup, tokens: Any) -> Any:
    """Seconds of sending activations from stage to stage; none if there is one."""
    replica = setup.replica
    group = replica.tensor_parallel * replica.attention_data_parallel
    moved = tokens * _ACTIVATION * setup.sizes.hidden_size
    one = setup.constants.collective_time + moved / setup.machine.ring(
        replica.pipeline_parallel, group
    )
    return (replica.pipeline_parallel - 1.0) * one
