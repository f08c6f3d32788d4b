"""A deployment and its load as plain numbers, with what was assumed on the way.

Rejected: asking the nouns inside the formulas, whose units cost more than the arithmetic.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.number_format import NumberFormat
from llm_economics.core.sources import Assumption
from llm_economics.hardware.machine import Machine, format_16_bit, machine_of
from llm_economics.serving.constants import (
    ConstantSet,
    ServingConstants,
    StackKind,
    serving_constants,
    stack_kind,
)
from llm_economics.serving.load import Load
from llm_economics.serving.memory import formats_of, replica_of
from llm_economics.serving.speculation import Speculation, speculation_of
from llm_economics.serving.step_time import Formats, Replica, Setup
from llm_economics.serving.timing import Lengths, Seconds, replica_seconds
from llm_economics.transformer.sizes import Sizes, sizes_of

if TYPE_CHECKING:
    from llm_economics.hardware.accelerator import Accelerator
    from llm_economics.serving.deployment import Deployment

__all__ = ["Case", "arithmetic_of", "case_of", "seconds_at"]


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """A deployment and its load as plain numbers."""

    deployment: Any
    """The `Deployment`."""

    load: Load
    """The load."""

    sizes: Sizes
    """Sizes of the model."""

    machine: Machine
    """Peaks, memory, network, with their ranges."""

    constants: ConstantSet
    """Constants of the serving stack, with their ranges."""

    replica: Replica
    """How the model is divided."""

    formats: Formats
    """Bytes of weights and cache."""

    speculation: Speculation
    """What a pass yields."""

    @property
    def has_experts(self) -> bool:
        """Whether the model is a mixture of experts."""
        return bool(self.deployment.model.has_experts)

    @cached_property
    def lengths(self) -> Lengths:
        """Tokens of a request."""
        whole = self.load.input_tokens.to("token/request").magnitude
        computed = self.load.computed_input.to("token/request").magnitude
        written = self.load.written_tokens.to("token/request").magnitude
        return Lengths(computed=computed, cached=whole - computed, written=written)

    def central(self) -> Case:
        """Return the same with central values in place of the ranges of model and load.

        Returns
        -------
        Case
            With floats, but for `machine` and `constants`, which have a `central` of their own.
        """
        fields = ("input_tokens", "output_tokens", "reasoning_tokens", "prefix_cache_hit_share")
        given = {name: getattr(self.load, name) for name in fields}
        middle = {name: value.central() for name, value in given.items() if value is not None}
        return attrs.evolve(
            self,
            load=self.load.evolve(**middle),
            sizes=self.sizes.central(),
            speculation=self.speculation.central(),
        )

    def setup(self, machine: Machine, constants: ServingConstants) -> Setup:
        """What times rest on, with other figures of the machine and other constants.

        Parameters
        ----------
        machine : Machine
            Its figures: floats, or ranges.
        constants : ServingConstants
            Constants: floats, or ranges.

        Returns
        -------
        Setup
            Both, with model, division and formats.
        """
        return Setup(
            sizes=self.sizes,
            machine=machine,
            constants=constants,
            replica=self.replica,
            formats=self.formats,
        )


def case_of(deployment: Deployment, load: Load, taken: list[Assumption]) -> Case:
    """Take the plain numbers out of a deployment and its load.

    Parameters
    ----------
    deployment : Deployment
        The deployment.
    load : Load
        The load.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    Case
        Plain numbers.

    Raises
    ------
    MissingInputError
        If a figure of model or accelerator is not known.
    """
    arithmetic = deployment.arithmetic
    if arithmetic is None:
        arithmetic = arithmetic_of(deployment.accelerator, deployment.weights)
        why = "as the weights where the accelerator multiplies in their format, else 16 bits"
        taken.append(Assumption(name="arithmetic", value=str(arithmetic), why=why))
    taken += [
        Assumption(name=f"format of {name}", value="bf16", why="not given")
        for name in ("weights", "cache")
        if getattr(deployment, name) is None
    ]
    sizes = sizes_of(deployment.model)
    if sizes.assumed:
        taken.append(Assumption(name="shape of the model", value=sizes.assumed, why="not known"))
    return Case(
        deployment=deployment,
        load=_with_cache(load, taken),
        sizes=sizes,
        machine=machine_of(
            deployment.accelerator,
            arithmetic,
            server=deployment.server,
            network=deployment.network,
            taken=taken,
        ),
        constants=_constants(deployment, taken),
        replica=replica_of(deployment),
        formats=formats_of(deployment),
        speculation=speculation_of(deployment),
    )


def seconds_at(case: Case, machine: Machine, constants: ServingConstants, batch: Any) -> Seconds:
    """Times of a replica at a batch.

    Parameters
    ----------
    case : Case
        The deployment and its load.
    machine : Machine
        Its figures: floats, or ranges.
    constants : ServingConstants
        Constants: floats, or ranges.
    batch : number or array
        Requests of the replica.

    Returns
    -------
    Seconds
        Seconds.
    """
    setup = case.setup(machine, constants)
    return replica_seconds(setup, case.lengths, batch, case.speculation)


def arithmetic_of(accelerator: Accelerator, weights: NumberFormat | None) -> NumberFormat:
    """Format of the multiplications, if nobody says it.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator.
    weights : NumberFormat or None
        Format of the weights; None: 16 bits.

    Returns
    -------
    NumberFormat
        That of the weights' elements where the accelerator multiplies in it; otherwise, and for
        whole numbers of 4 bits, which are widened to be multiplied, the 16-bit format.

    Examples
    --------
    >>> import llm_economics as le
    >>> chips = ("A100 SXM 80GB", "H100 SXM", "B200")
    >>> for weights in (NumberFormat.FP8, NumberFormat.NVFP4, NumberFormat.INT4):
    ...     print([str(arithmetic_of(le.accelerators[chip], weights)) for chip in chips])
    ['bf16', 'fp8', 'fp8']
    ['bf16', 'bf16', 'fp4']
    ['bf16', 'bf16', 'bf16']
    """
    if weights is None or weights is NumberFormat.INT4 or weights.element not in accelerator.peaks:
        return format_16_bit(accelerator)
    return weights.element


def _with_cache(load: Load, taken: list[Assumption]) -> Load:
    if load.prefix_cache_hit_share is not None:
        return load
    why = "every input token is computed; give Load(prefix_cache_hit_share=...)"
    taken.append(Assumption(name="prefix_cache_hit_share", value=0.0, why=why))
    return load.evolve(prefix_cache_hit_share=0.0)


def _constants(deployment: Deployment, taken: list[Assumption]) -> ConstantSet:
    if deployment.constants is not None:
        return deployment.constants
    kind = stack_kind(deployment.engine, deployment.software_date)
    if kind is StackKind.UNKNOWN:
        why = "no engine was given; give engine='vLLM', software_date='2026-01'"
        taken.append(Assumption(name="serving stack", value="unknown", why=why))
    return serving_constants(kind)
