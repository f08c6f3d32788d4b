"""Both pools of disaggregated serving as plain numbers: times, rates, power, and sweeps of them.

One text for floats, for arrays of configurations and for ranges. Rejected: rates of a pool with the
times of aggregated serving, whose prefills and decode steps disturb each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self, cast

import attrs
import numpy as np

from llm_economics.core.dimensions import formula
from llm_economics.core.errors import RangeError
from llm_economics.core.functions import maximum, minimum
from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Provenance, Source
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.serving.case import Case, case_of
from llm_economics.serving.discrepancy import discrepancy_factor
from llm_economics.serving.grid import evaluate_grid
from llm_economics.serving.power import PowerConstants, power_constants, power_fraction
from llm_economics.serving.sources import SOURCES
from llm_economics.serving.speculation import Speculation, time_per_accepted_token
from llm_economics.serving.step_time import (
    DecodeParts,
    Replica,
    Setup,
    cached_bytes,
    decode_parts,
    prefill_operations,
    prefill_seconds,
    prefill_work_seconds,
    weight_bytes,
)
from llm_economics.serving.timing import Lengths, peak_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.serving.deployment import Deployment
    from llm_economics.serving.load import Load
    from llm_economics.transformer.model import Model

__all__ = [
    "ROUNDING",
    "PoolFactors",
    "PoolSeconds",
    "Pools",
    "central_of",
    "deratings",
    "longest_context",
    "middle",
    "pools_of",
    "sweep_pools",
]

ROUNDING = 1e-9
"""Relative difference of rates that counts as none."""

_DISTSERVE = Source(
    key="distserve-2024",
    authors="Y. Zhong et al.",
    title="DistServe: disaggregating prefill and decoding for goodput-optimized serving",
    date="2024",
    address="https://arxiv.org/abs/2401.09670",
    note="from memory: the idea, not the figures",
)
_ENTRIES = {
    "prefill rate matching": (0.85, 0.95, "rate that a prefill pool keeps beside its decode pool"),
    "decode rate matching": (0.87, 0.97, "rate that a decode pool keeps beside its prefill pool"),
    "disaggregated first token": (
        1.3,
        2.3,
        "time to first token over fixed time, prefill and transfer: inputs wait for each other",
    ),
}


@lru_cache(maxsize=1)
def deratings() -> dict[str, Assumption]:
    """What two pools reach together over what each reaches alone.

    Returns
    -------
    dict
        Assumptions by name, plain numbers with ranges; 0.90, 0.92 and 1.8 are what aiconfigurator
        takes.

    Examples
    --------
    >>> list(deratings())
    ['prefill rate matching', 'decode rate matching', 'disaggregated first token']
    """
    origin = Provenance(
        sources=(SOURCES["aiconfigurator-silicon-2026"], _DISTSERVE),
        kind="derived",
        date="2026-11",
        confidence="memory",
    )
    return {
        name: Assumption(
            name=name,
            value=between(low, high, "", key=f"serving/{name}", name=name),
            why=why,
            provenance=origin,
        )
        for name, (low, high, why) in _ENTRIES.items()
    }


def longest_context(model: Model, load: Load) -> Quantity:
    """Context of a mean request at its end, checked against the model's.

    Parameters
    ----------
    model : Model
        The model.
    load : Load
        Lengths of the requests.

    Returns
    -------
    Quantity
        Central tokens (token).

    Raises
    ------
    RangeError
        If the model takes less.
    """
    one = ureg.Quantity(1.0, "request")
    longest = ((load.input_tokens + load.written_tokens) * one).central().to("token")
    limit = model.context_length
    if limit is not None and longest.magnitude > limit.central().number("token"):
        message = (
            f"the Load needs a context of {longest}, and {model.name} takes {limit.to('token')}; "
            "give shorter input_tokens or output_tokens"
        )
        raise RangeError(message)
    return longest


def middle(value: Any) -> float:
    """Central value of a number, a range or a quantity.

    Parameters
    ----------
    value : number, range or quantity
        The value.

    Returns
    -------
    float
        In its own unit.
    """
    return float(ureg.Quantity(value).central().magnitude)


@attrs.frozen(kw_only=True, eq=False)
class PoolFactors:
    """What two pools do to each other; plain numbers, floats or ranges."""

    prefill_matching: Any
    decode_matching: Any
    first_token: Any
    per_token: Any
    bandwidth: Any

    @classmethod
    def ranges(cls, bandwidth: Any, *, has_experts: bool) -> Self:
        """With the ranges of what is assumed, and a bandwidth (byte/s)."""
        prefill, decode, first = (cast("Quantity", a.value).magnitude for a in deratings().values())
        return cls(
            prefill_matching=prefill,
            decode_matching=decode,
            first_token=first,
            per_token=discrepancy_factor("per_token", has_experts=has_experts).magnitude,
            bandwidth=bandwidth,
        )


@attrs.frozen(kw_only=True, eq=False)
class PoolSeconds:
    """Times and rates of one replica of each pool."""

    prefill: Any
    transfer: Any
    before_first_step: Any
    parts: DecodeParts
    per_token: Any
    prefill_rate: Any
    decode_rate: Any


@attrs.frozen(kw_only=True, eq=False)
class Pools:
    """Both pools; floats, arrays of configurations, or ranges, all by the same formulas."""

    prefill: Setup
    decode: Setup
    lengths: Lengths
    speculation: Speculation
    factors: PoolFactors

    def seconds(self, batch: Any) -> PoolSeconds:
        """Times and rates at a batch of a decode replica."""
        lengths, factors, drafting = self.lengths, self.factors, self.speculation
        read = {"tokens": lengths.computed, "past": lengths.cached}
        prefill, work = (f(self.prefill, **read) for f in (prefill_seconds, prefill_work_seconds))
        running = maximum(batch, 1.0)
        parts = decode_parts(
            self.decode,
            batch=running,
            context=lengths.context,
            prefill_share=0.0,
            positions=drafting.positions,
        )
        per_token = factors.per_token * formula(time_per_accepted_token)(
            pass_time=parts.total,
            draft_share=drafting.draft_share,
            tokens_per_pass=drafting.tokens_per_pass,
        )
        fixed = self.prefill.constants.first_token_time
        transfer = self.transfer_bytes / factors.bandwidth
        return PoolSeconds(
            prefill=prefill,
            transfer=transfer,
            before_first_step=factors.first_token * (fixed + prefill + transfer),
            parts=parts,
            per_token=per_token,
            prefill_rate=factors.prefill_matching / work,
            decode_rate=factors.decode_matching * batch / (lengths.written * per_token),
        )

    @property
    def transfer_bytes(self) -> Any:
        """Bytes of the cache of an input on the accelerator that has most of it."""
        length = self.lengths.computed + self.lengths.cached
        # Accelerators send side by side; the pool that divides the cache less has more on each.
        of_each = [
            cached_bytes(pool.sizes, pool.replica, pool.formats, length)
            for pool in (self.prefill, self.decode)
        ]
        return maximum(*of_each)

    def power_fractions(
        self, seconds: PoolSeconds, batch: Any, busy: Any, constants: PowerConstants
    ) -> tuple[Any, Any]:
        """Power over rated power of accelerators that read, and of those that write."""
        setup, lengths = self.prefill, self.lengths
        read = {"tokens": lengths.computed, "past": lengths.cached}
        work = prefill_work_seconds(setup, **read)
        matrices, attention = prefill_operations(setup.sizes, **read)
        machine = setup.machine
        peak = matrices / machine.peak + attention / machine.peak_16_bit
        held = weight_bytes(setup.sizes, setup.replica, setup.formats)
        at_work = power_fraction(
            minimum(held / (machine.memory_bandwidth * work), 1.0),
            peak / (setup.replica.accelerators * work),
            constants,
        )
        reading = busy * at_work + (1.0 - busy) * constants.rest
        here = Lengths(
            computed=0.0, cached=lengths.computed + lengths.cached, written=lengths.written
        )
        memory, arithmetic = peak_seconds(self.decode, here, batch, self.speculation)
        step = seconds.per_token * self.speculation.tokens_per_pass
        return reading, power_fraction(memory / step, arithmetic / step, constants)


def central_of(record: Any) -> Any:
    """Take a record with central values in place of ranges.

    Parameters
    ----------
    record : attrs instance
        Plain numbers.

    Returns
    -------
    same kind
        Floats only.
    """
    values = {f.name: getattr(record, f.name) for f in attrs.fields(type(record))}
    ranges = {name: middle(v) for name, v in values.items() if isinstance(v, Uncertain)}
    return attrs.evolve(record, **ranges)


def pools_of(cases: tuple[Case, Case], bandwidth: Any, *, central: bool) -> Pools:
    """Take both pools as plain numbers.

    Parameters
    ----------
    cases : tuple of two Case
        Prefill and decode.
    bandwidth : number or range
        What an accelerator sends to the other pool (byte/s).
    central : bool
        Whether at central values, for searching, in place of ranges.

    Returns
    -------
    Pools
        Floats, or ranges.
    """
    setups = []
    for case in cases:
        setup = case.setup(case.machine, case.constants.ranges())
        if central:
            nested = ("sizes", "machine", "constants", "formats")
            plain = {name: central_of(getattr(setup, name)) for name in nested}
            setup = attrs.evolve(setup, **plain)
        setups.append(setup)
    records = (
        cases[1].lengths,
        cases[1].speculation,
        PoolFactors.ranges(bandwidth, has_experts=cases[1].has_experts),
    )
    lengths, speculation, factors = map(central_of, records) if central else records
    return Pools(
        prefill=setups[0],
        decode=setups[1],
        lengths=lengths,
        speculation=speculation,
        factors=factors,
    )


# -- many points ----------------------------------------------------------------------------------

_WRITERS = np.array([1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0])
"""Decode replicas that are tried; prefill replicas follow."""


def sweep_pools(
    deployment: Deployment, load: Load, layouts: Sequence[int], batches: Sequence[int]
) -> dict[str, Any]:
    """Two pools of one accelerator: every pair of layouts with every batch, at central values.

    Parameters
    ----------
    deployment : Deployment
        Model, accelerator, formats, stack.
    load : Load
        Lengths of the requests.
    layouts : sequence of int
        Accelerators of a replica, of either pool.
    batches : sequence of int
        Requests that a decode replica writes at once.

    Returns
    -------
    dict
        Flat arrays of those that fit, by name, in SI. Of 1 to 32 decode replicas there are as many
        as give most tokens per accelerator, with just enough prefill replicas to keep up;
        ``concurrency`` is the closed load at which `DisaggregatedDeployment` gives the same.
    """
    parts, sizes = np.array(layouts, dtype=float), np.array(batches, dtype=float)
    grid = evaluate_grid(deployment, load, tensor_parallel=parts[:, None], batch=sizes)
    writes = grid.fits & grid.allowed
    alone = evaluate_grid(deployment, load, tensor_parallel=parts, batch=1)
    reads = alone.fits & alone.allowed
    reader, writer, place = np.nonzero(reads[:, None, None] & writes[None])
    case = case_of(deployment, load, [])
    pools = pools_of((case, case), middle(case.machine.scale_out), central=True)
    pools = attrs.evolve(
        pools,
        prefill=attrs.evolve(pools.prefill, replica=Replica(tensor_parallel=parts[reader])),
        decode=attrs.evolve(pools.decode, replica=Replica(tensor_parallel=parts[writer])),
    )
    return _swept(pools, parts[reader], parts[writer], sizes[place], deployment)


def _swept(
    pools: Pools, reader: Any, writer: Any, batch: Any, deployment: Deployment
) -> dict[str, Any]:
    at = pools.seconds(batch)
    readers, writers = _replicas(at, reader, writer)
    rate = writers * at.decode_rate
    count = readers * reader + writers * writer
    busy = rate / (readers * at.prefill_rate)
    fractions = pools.power_fractions(at, batch, busy, power_constants(central=True))
    rated = deployment.accelerator.power
    watts = np.nan if rated is None else middle(rated.to("W"))
    drawn = watts * (readers * reader * fractions[0] + writers * writer * fractions[1])
    first = at.before_first_step + at.per_token
    written = pools.lengths.written
    return {
        "tensor_parallel": writer.astype(int),
        "prefill_tensor_parallel": reader.astype(int),
        "prefill_replicas": readers.astype(int),
        "decode_replicas": writers.astype(int),
        "batch": batch.astype(int),
        "accelerators": count.astype(int),
        "concurrency": rate * at.before_first_step + writers * batch,
        "time_per_output_token": at.per_token,
        "time_to_first_token": first,
        "end_to_end": first + (written - 1.0) * at.per_token,
        "output_throughput": rate * written / count,
        "energy_per_output_token": drawn / (rate * written),
    }


def _replicas(at: PoolSeconds, reader: Any, writer: Any) -> tuple[Any, Any]:
    """Replicas of both pools that give most per accelerator while prefill keeps up."""
    needed = np.ceil(_WRITERS * (at.decode_rate / at.prefill_rate)[:, None] * (1.0 - ROUNDING))
    each = _WRITERS / (needed * reader[:, None] + _WRITERS * writer[:, None])
    best = np.argmax(each, axis=1)
    return needed[np.arange(len(best)), best], _WRITERS[best]
