"""Decode steps and prefills: one text for floats, arrays and ranges, and what divides what."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.reading import plus_minus
from llm_economics.hardware.machine import Machine, machine_of
from llm_economics.serving.constants import ServingConstants, StackKind, serving_constants
from llm_economics.serving.step_time import (
    Formats,
    Replica,
    Setup,
    cached_bytes,
    decode_parts,
    decode_pass,
    experts_hit,
    prefill_operations,
    prefill_seconds,
    prefill_work_seconds,
    weight_bytes,
)
from llm_economics.transformer.sizes import sizes_of

DENSE, EXPERTS, LATENT, WINDOWS = (
    sizes_of(le.models[name])
    for name in ("Llama 3.1 70B", "Qwen3-30B-A3B", "DeepSeek-V3", "Gemma 3 27B")
)
MACHINE = machine_of(
    le.accelerators["H100 SXM"],
    NumberFormat.FP8,
    server=le.servers["DGX H100"],
    network=None,
    taken=[],
).central()
CONSTANTS = serving_constants(StackKind.CURRENT)
ONE, TWO = Replica(tensor_parallel=1.0), Replica(tensor_parallel=2.0)


def setup(**changes: Any) -> Setup:
    given: dict[str, Any] = {
        "sizes": DENSE,
        "machine": MACHINE,
        "constants": CONSTANTS.central(),
        "replica": Replica(tensor_parallel=4.0),
        "formats": Formats(weights=1.0, cache=2.0),
    }
    return Setup(**given | changes)


def step(of: Setup, batch: Any = 32.0, **changes: Any) -> Any:
    given: dict[str, Any] = {"context": 1500.0, "prefill_share": 0.001}
    return decode_parts(of, batch=batch, **given | changes)


def spread(value: Any) -> Any:
    """Return a bare number with a narrow range whose central value it is."""
    return plus_minus(float(value), abs(1e-3 * float(value)), "").magnitude


def central(value: Any) -> float:
    return float(le.ureg.Quantity(value).central().magnitude)


def ranged(of: Setup) -> Setup:
    machine = {
        name: spread(getattr(of.machine, name))
        for name in ("peak", "peak_16_bit", "memory_bandwidth", "scale_up", "scale_out")
    }
    constants = {
        f.name: spread(getattr(of.constants, f.name)) for f in attrs.fields(ServingConstants)
    }
    return attrs.evolve(
        of,
        machine=attrs.evolve(of.machine, **machine),
        constants=ServingConstants(**constants),
    )


LAYOUTS = list(itertools.product((1.0, 8.0), (1.0, 3.0), (1.0, 4.0)))


@pytest.mark.parametrize("sizes", [DENSE, EXPERTS, LATENT, WINDOWS])
def test_floats_arrays_and_ranges_give_the_same(sizes: Any) -> None:
    """Every part of a step and a prefill, over layouts and batches, to 1e-12."""
    cells = [(*layout, batch) for layout in LAYOUTS for batch in (1.0, 50.0, 700.0)]
    tensor, stages, copies, batches = np.array(cells).T
    names = ("tensor_parallel", "pipeline_parallel", "attention_data_parallel")
    array = setup(sizes=sizes, replica=Replica(**dict(zip(names, (tensor, stages, copies)))))  # noqa: B905
    together = step(array, batches).parts() | {
        "prefill": prefill_seconds(array, tokens=20000.0, past=500.0),
        "work": prefill_work_seconds(array, tokens=20000.0, past=500.0),
    }
    for at, (*layout, batch) in enumerate(cells):
        alone = setup(sizes=sizes, replica=Replica(**dict(zip(names, layout, strict=True))))
        for of, reader in ((alone, float), (ranged(alone), central)):
            found = step(of, batch).parts() | {
                "prefill": prefill_seconds(of, tokens=20000.0, past=500.0),
                "work": prefill_work_seconds(of, tokens=20000.0, past=500.0),
            }
            for name, value in found.items():
                expected = np.broadcast_to(together[name], batches.shape)[at]
                assert reader(value) == pytest.approx(expected, rel=1e-12, abs=1e-18), name


@given(batch=st.floats(1, 2000), context=st.floats(1, 1e5), parts=st.sampled_from([1, 2, 8]))
def test_parts_sum_to_the_step(batch: float, context: float, parts: int) -> None:
    """And none is negative."""
    found = step(setup(replica=Replica(tensor_parallel=parts)), batch, context=context)
    assert found.total == pytest.approx(sum(found.parts().values()))
    assert min(found.parts().values()) >= 0.0


def test_roofline() -> None:
    """Small batches wait for weights, large ones for multiplying."""
    ideal = ServingConstants(
        **{f.name: float("eff" in f.name) for f in attrs.fields(ServingConstants)}
    )
    of = setup(constants=ideal, replica=ONE)
    small = step(of, 1.0, context=1e-9, prefill_share=0.0)
    weights = DENSE.dense_parameters + 2.0 * DENSE.head_parameters
    assert small.total == pytest.approx(weights / MACHINE.memory_bandwidth)
    large = step(of, 4096.0, context=1e-9, prefill_share=0.0)
    operations = 2.0 * 4096.0 * (DENSE.dense_parameters + DENSE.head_parameters)
    assert large.total == pytest.approx(operations / MACHINE.peak)


def test_stages_do_not_make_a_step_faster() -> None:
    """A token passes all of them; each micro-batch has its part of the requests."""
    one = step(setup(replica=TWO), 32.0)
    four = step(setup(replica=Replica(tensor_parallel=2.0, pipeline_parallel=4.0)), 128.0)
    for name in ("weights", "cache", "computation", "layers"):
        assert getattr(four, name) == pytest.approx(getattr(one, name)), name
    assert four.collectives > one.collectives
    alone = step(setup(replica=Replica(tensor_parallel=2.0, pipeline_parallel=4.0)), 1.0)
    assert alone.cache == pytest.approx(step(setup(replica=TWO), 1.0).cache)


def test_work_and_latency_of_a_prefill() -> None:
    """Stages share the work; a short input is not read faster, a long one nearly by chunks."""
    staged = setup(replica=Replica(tensor_parallel=2.0, pipeline_parallel=4.0))
    whole = setup(replica=TWO)
    for tokens, gain in ((4000.0, 1.0), (400_000.0, 3.7)):
        assert prefill_work_seconds(staged, tokens=tokens) == pytest.approx(
            prefill_work_seconds(whole, tokens=tokens) / 4.0
        )
        ratio = prefill_seconds(whole, tokens=tokens) / prefill_seconds(staged, tokens=tokens)
        assert ratio == pytest.approx(gain, rel=0.05)


def test_a_short_input_reads_all_weights() -> None:
    """One token takes no less than the weights."""
    of = setup(replica=ONE)
    assert prefill_seconds(of, tokens=1.0) == pytest.approx(DENSE.dense_parameters / of.reading)
    alike = prefill_seconds(of, tokens=8000.0)
    assert alike == pytest.approx(prefill_work_seconds(of, tokens=8000.0))


def test_a_cached_prefix_costs_attention_only() -> None:
    """Fewer tokens, which still look at those before."""
    fresh, _ = prefill_operations(DENSE, tokens=1000.0)
    matrices, attention = prefill_operations(DENSE, tokens=1000.0, past=7000.0)
    assert matrices == fresh
    assert attention == pytest.approx(4.0 * DENSE.query_width * 1000.0 * 7500.0)


def test_experts_hit() -> None:
    """All of a token's with one, all of the layer with many, none of a dense model."""
    assert experts_hit(64.0, 4.0, 1.0) == pytest.approx(4.0)
    assert experts_hit(64.0, 4.0, 10_000.0) == pytest.approx(64.0)
    assert experts_hit(1.0, 0.0, 17.0) == 0.0
    few, many = (decode_pass(setup(sizes=EXPERTS), batch=b, context=1.0) for b in (1.0, 64.0))
    assert few.weight_bytes < 0.4 * many.weight_bytes


def test_copies_of_attention() -> None:
    """They divide cache and experts, and repeat all other weights."""
    tensor = Replica(tensor_parallel=8.0)
    copies = Replica(tensor_parallel=1.0, attention_data_parallel=8.0)
    formats = Formats(weights=1.0, cache=2.0)
    apart, whole = weight_bytes(LATENT, copies, formats), weight_bytes(LATENT, tensor, formats)
    dense = LATENT.dense_parameters + 2.0 * LATENT.embedding_parameters
    assert apart - whole == pytest.approx(dense * 7.0 / 8.0)
    passes = [decode_pass(setup(sizes=LATENT, replica=r), batch=64.0, context=4000.0)
              for r in (tensor, copies)]  # fmt: skip
    assert passes[0].cache_bytes == pytest.approx(8.0 * passes[1].cache_bytes)
    # The fullest copy decides: one request is one, not an eighth.
    one = decode_pass(setup(sizes=LATENT, replica=copies), batch=1.0, context=4000.0)
    assert one.cache_bytes == pytest.approx(passes[1].cache_bytes / 8.0)


def test_latent_caches_are_not_divided() -> None:
    """Heads of keys are, as far as there are any."""
    formats = Formats(weights=1.0, cache=2.0)
    for sizes, parts in ((LATENT, 1.0), (DENSE, 8.0)):
        whole = cached_bytes(sizes, ONE, formats, 1000.0)
        divided = cached_bytes(sizes, Replica(tensor_parallel=16.0), formats, 1000.0)
        assert whole / divided == pytest.approx(parts)


def test_windows_stop_the_cache() -> None:
    """Beyond the window only the layers that see everything grow."""
    formats = Formats(weights=1.0, cache=2.0)
    grown = np.diff(cached_bytes(WINDOWS, ONE, formats, np.array([1e4, 2e4, 3e4])))
    assert grown[0] == pytest.approx(grown[1])
    assert grown[0] == pytest.approx(2.0 * WINDOWS.full_elements * 1e4)


def test_checking_drafted_tokens() -> None:
    """More arithmetic and experts, no more cache."""
    plain, drafted = (
        decode_pass(setup(sizes=EXPERTS), batch=8.0, context=100.0, positions=p) for p in (1.0, 4.0)
    )
    assert drafted.matrix_operations == pytest.approx(4.0 * plain.matrix_operations)
    assert drafted.cache_bytes == plain.cache_bytes
    assert drafted.weight_bytes > plain.weight_bytes


def test_one_accelerator_reduces_nothing() -> None:
    """No collectives alone; two wait for each other twice a layer."""
    assert step(setup(replica=ONE)).collectives == 0.0
    least = 2.0 * DENSE.layers * CONSTANTS.central().collective_time
    assert step(setup(replica=TWO)).collectives > least
    assert isinstance(MACHINE, Machine)
