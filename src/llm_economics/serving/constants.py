"""`ServingConstants`: what a serving stack reaches, with ranges, a covariance and a date.

Efficiency belongs to an engine and a date, never to a chip alone: the same constants that fit
engines of 2025 and 2026 are twice too fast for those of 2024, whose scheduler spent more than half
a millisecond per request and step on the host. A few kinds of stack are told apart, and an unknown
one is wide enough for all of them. `calibrate` fits them to measurements of one's own. Rejected:
constants by engine, of which no two were measured alike.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any

import attrs

from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.serving.fitted import CONSTANTS, CORRELATIONS, FITTED_BY
from llm_economics.serving.sources import SOURCES

__all__ = ["ConstantSet", "ServingConstants", "StackKind", "serving_constants", "stack_kind"]


class StackKind(StrEnum):
    """Kinds of serving stacks that have constants of their own."""

    CURRENT = "current"
    """Engines on GPUs since 2025, as vLLM from 0.8 is."""
    NATIVE = "native"
    """Engines whose scheduler is compiled: TensorRT-LLM."""
    GROUPED = "grouped"
    """Engines that gather inputs before they read them, so that first tokens come late: SGLang."""
    EARLY = "early"
    """Engines on GPUs before 2025, whose host work per request is much larger."""
    COMPILED = "compiled"
    """Whole steps compiled ahead, without continuous batching: Neuron."""
    UNKNOWN = "unknown"
    """Not stated: between the others."""


@attrs.frozen(kw_only=True, eq=False)
class ServingConstants:
    """Shares and fixed times of serving; plain numbers in SI, floats or ranges."""

    memory_efficiency: Any
    """Share of the memory bandwidth that reading weights reaches."""

    cache_efficiency: Any
    """The same of keys and values, over that of weights."""

    compute_efficiency: Any
    """Share of the dense peak that decoding reaches where it multiplies more than it reads."""

    prefill_efficiency: Any
    """Share of the dense peak that a prefill reaches."""

    layer_time: Any
    """Fixed seconds per layer of a decode step."""

    expert_layer_time: Any
    """More of them in a layer with experts."""

    collective_time: Any
    """Fixed seconds of a reduction between accelerators."""

    step_time: Any
    """Fixed seconds of a step on the host."""

    request_time: Any
    """Seconds of a step on the host for each request of the batch."""

    interference: Any
    """Prefill time that decoding loses over the time of that prefill alone."""

    first_token_time: Any
    """Fixed seconds until the first token: arrival, tokenizing, answer."""

    burst_share: Any
    """Of the prefills of all requests in flight, the part that a new one waits for."""

    waiting_steps: Any
    """Decode steps that a new request waits for before its prefill."""


@attrs.frozen(kw_only=True, eq=False)
class ConstantSet:
    """The constants of a kind of stack as ranges, those that were fitted correlated."""

    kind: StackKind
    """Which kind of stack."""

    quantities: dict[str, Quantity]
    """Ranges by field of `ServingConstants`, in SI."""

    provenance: Provenance = attrs.field(repr=False)
    """Where they come from."""

    by_hand: frozenset[str] = frozenset()
    """Fields whose ranges were set by hand, not fitted."""

    def central(self) -> ServingConstants:
        """Central values, for searching."""
        return ServingConstants(
            **{name: float(v.central().magnitude) for name, v in self.quantities.items()}
        )

    def ranges(self) -> ServingConstants:
        """The ranges, as bare numbers that record themselves."""
        return ServingConstants(**{name: v.magnitude for name, v in self.quantities.items()})

    def assumptions(self) -> tuple[Assumption, ...]:
        """Each constant, as an assumption."""
        stated = attrs.evolve(self.provenance, kind="assumed")
        return tuple(
            Assumption(
                name=name.replace("_", " "),
                value=value,
                why=f"{_WORDS[name]}, {self.kind} stacks",
                provenance=stated if name in self.by_hand else self.provenance,
            )
            for name, value in self.quantities.items()
        )


_WORDS = {
    "memory_efficiency": "share of the memory bandwidth that reading weights reaches",
    "cache_efficiency": "the same of keys and values, over that of weights",
    "compute_efficiency": "share of the dense peak that decoding reaches where it is bound by it",
    "prefill_efficiency": "share of the dense peak that a prefill reaches",
    "layer_time": "fixed seconds per layer of a step",
    "expert_layer_time": "more of them in a layer with experts",
    "collective_time": "fixed seconds of a reduction between accelerators",
    "step_time": "fixed seconds of a step on the host",
    "request_time": "seconds of a step on the host for each request",
    "interference": "decoding time lost to a prefill over the time of that prefill",
    "first_token_time": "fixed seconds until the first token",
    "burst_share": "part of the prefills of all requests in flight that a new one waits for",
    "waiting_steps": "decode steps that a new request waits for",
}


def stack_kind(engine: str, date: str) -> StackKind:
    """Which kind of stack an engine of some date is.

    Parameters
    ----------
    engine : str
        "vLLM", "SGLang", "TensorRT-LLM", "Neuron", ...; empty if not known.
    date : str
        Year or month: "2025-06"; empty if not known.

    Returns
    -------
    StackKind
        The kind.

    Examples
    --------
    >>> stack_kind("vLLM", "2024-11").value, stack_kind("vLLM", "2026-01").value
    ('early', 'current')
    """
    name = engine.casefold()
    if "neuron" in name or "jetstream" in name:
        return StackKind.COMPILED
    if not name:
        return StackKind.UNKNOWN
    early = bool(date) and date < _CURRENT_SINCE
    if "tensorrt" in name or "trt" in name:
        return StackKind.NATIVE
    if early:
        return StackKind.EARLY
    return StackKind.GROUPED if "sglang" in name else StackKind.CURRENT


# vLLM's second engine became the default early in 2025.
_CURRENT_SINCE = "2025-02"


@lru_cache(maxsize=8)
def serving_constants(kind: StackKind) -> ConstantSet:
    """Constants of a kind of stack.

    Parameters
    ----------
    kind : StackKind
        The kind.

    Returns
    -------
    ConstantSet
        Ranges.

    Examples
    --------
    >>> found = serving_constants(StackKind.CURRENT).central()
    >>> 0.6 < found.memory_efficiency < 1.0
    True
    """
    names = {f.name: _name(f.name, kind) for f in attrs.fields(ServingConstants)}
    return ConstantSet(
        kind=kind,
        quantities={field: _all()[name] for field, name in names.items()},
        provenance=Provenance(
            sources=(SOURCES[FITTED_BY],), kind="derived", date="2026-11", confidence="seen"
        ),
        by_hand=frozenset(field for field, name in names.items() if name in _BY_HAND),
    )


# Of stacks of which nothing is known; and of Neuron, after a look at its first tokens.
_BY_HAND = frozenset(
    {"prefill_efficiency compiled", *(name for name in CONSTANTS if name.endswith(" unknown"))}
)


def _name(field: str, kind: StackKind) -> str:
    """The constant of this kind of stack, else the one that all share."""
    special = f"{field} {kind.value}"
    return special if special in CONSTANTS else field


@lru_cache(maxsize=1)
def _all() -> dict[str, Quantity]:
    made = {
        name: between(
            entry.low,
            entry.high,
            "",
            shape="log-normal",
            key=f"serving/{name}",
            name=name.replace("_", " "),
            source="fitted to published measurements" if entry.fitted else "assumed",
        )
        for name, entry in CONSTANTS.items()
    }
    fitted = [name for name, entry in CONSTANTS.items() if entry.fitted]
    variables = {name: made[name].magnitude.payload for name in fitted}
    joint = Joint([v.stream for v in variables.values()], fitted, CORRELATIONS)
    for member, name in enumerate(fitted):
        made[name] = ureg.Quantity(uncertain(variables[name].correlated(joint, member)))
    return made
