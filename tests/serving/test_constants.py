"""Constants of serving stacks."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

from llm_economics.serving.constants import (
    ServingConstants,
    StackKind,
    serving_constants,
    stack_kind,
)
from llm_economics.serving.discrepancy import discrepancy, discrepancy_factor
from llm_economics.serving.fitted import CONSTANTS, CORRELATIONS
from llm_economics.serving.sources import SOURCES

FIELDS = [f.name for f in attrs.fields(ServingConstants)]


@pytest.mark.parametrize(
    ("engine", "date", "kind"),
    [
        ("vLLM", "2024-11", "early"),
        ("vLLM", "2025-02", "current"),
        ("vLLM", "", "current"),
        ("TensorRT-LLM", "2024-06", "native"),
        ("trtllm", "2024-06", "native"),
        ("SGLang", "2026-01", "grouped"),
        ("SGLang", "2024-06", "early"),
        ("AWS Neuron", "2026-01", "compiled"),
        ("JetStream", "", "compiled"),
        ("", "2026-01", "unknown"),
    ],
)
def test_kinds_of_stacks(engine: str, date: str, kind: str) -> None:
    """By engine and date."""
    assert stack_kind(engine, date) == kind


@pytest.mark.parametrize("kind", list(StackKind))
def test_every_constant_is_there(kind: StackKind) -> None:
    """Positive, with a range, a reason and a source; ranges agree with central values."""
    found = serving_constants(kind)
    middle, ranges = found.central(), found.ranges()
    for name in FIELDS:
        assert getattr(middle, name) > 0.0
        assert getattr(ranges, name) is found.quantities[name].magnitude
    taken = found.assumptions()
    assert [t.name for t in taken] == [name.replace("_", " ") for name in FIELDS]
    assert all(str(kind) in t.why and t.provenance for t in taken)


def test_kinds_differ_where_they_were_fitted_apart() -> None:
    """An early stack has more to do for each request, a compiled one in each layer."""
    kinds = (StackKind.CURRENT, StackKind.EARLY, StackKind.COMPILED, StackKind.UNKNOWN)
    current, early, compiled, unknown = (serving_constants(kind) for kind in kinds)
    assert early.central().request_time > 4.0 * current.central().request_time
    assert compiled.central().layer_time > 3.0 * current.central().layer_time
    assert early.quantities["layer_time"] is current.quantities["layer_time"]
    native = serving_constants(StackKind.NATIVE)
    assert native.central().request_time < current.central().request_time
    for name in ("request_time", "memory_efficiency"):
        low, high = unknown.quantities[name].interval()
        narrow = current.quantities[name].interval()
        assert high / low > narrow[1] / narrow[0]


def test_fitted_constants_are_correlated() -> None:
    """As the fit left them: a symmetric matrix, in the order of the fitted ones."""
    fitted = [name for name, entry in CONSTANTS.items() if entry.fitted]
    matrix = np.array(CORRELATIONS)
    assert matrix.shape == (len(fitted), len(fitted))
    assert np.allclose(matrix, matrix.T)
    quantities = serving_constants(StackKind.CURRENT).quantities
    both = quantities["prefill_efficiency"] * quantities["interference"]
    apart = sum(np.log(q.interval()[1].magnitude / q.interval()[0].magnitude) ** 2 for q in (
        quantities["prefill_efficiency"], quantities["interference"]))  # fmt: skip
    low, high = both.interval()
    assert np.log(high.magnitude / low.magnitude) ** 2 > 1.2 * apart


def test_discrepancies_are_named_inputs() -> None:
    """A factor around one that a tornado can show."""
    for of in ("per_token", "first_token", "power"):
        widths = []
        for has_experts in (False, True):
            factor = discrepancy_factor(of, has_experts=has_experts)
            low, high = factor.interval(0.68)
            assert low.magnitude < 1.0 < high.magnitude
            named = discrepancy(of, has_experts=has_experts)
            assert named.name in factor.inputs
            assert named.provenance is not None
            widths.append(high.magnitude / low.magnitude)
        assert widths[0] < widths[1]


def test_sources() -> None:
    """Each by its key."""
    assert all(source.key == key for key, source in SOURCES.items())
