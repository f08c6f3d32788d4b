"""`StepConstants`: what accelerators and software reach in training, with ranges and a date.

Each constant has a physical meaning: a share of a peak, bytes moved, seconds between kernels. They
were fitted once, together, to published training rates (`fitted`), so they carry a covariance and
are not independent. Efficiency belongs to software and a date, never to a chip alone: attention on
Hopper took until mid 2024 to use it, experts get cheaper every year, and before mid 2022 scores
of attention went through memory.

Rejected: constants for every chip, version and model, which would repeat the table they come from.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.functions import exp
from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption, Provenance
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.hardware.generation import Generation, generation_of
from llm_economics.training.fitted import CONSTANTS, CORRELATIONS, FITTED_BY
from llm_economics.training.sources import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.number_format import NumberFormat
    from llm_economics.hardware.accelerator import Accelerator

__all__ = ["ConstantSet", "StepConstants", "chosen_constants", "constants_for"]


@attrs.frozen(kw_only=True, eq=False)
class StepConstants:
    """Shares and fixed times of a training step; plain numbers, floats or ranges."""

    matrix_efficiency: Any
    """Share of the dense peak that wide matrix multiplications reach in their number format."""

    matrix_efficiency_16_bit: Any
    """The same in bf16, for the output head."""

    attention_efficiency: Any
    """Share of the bf16 peak that the products of attention reach, masked positions not counted."""

    memory_efficiency: Any
    """Share of the memory bandwidth that operations bound by memory reach."""

    elementwise_traffic: Any
    """Bytes that they move per layer, token and unit of width, forward and backward."""

    score_traffic: Any
    """Bytes that scores move per layer, token, head and position; 0 if attention is fused."""

    dispatch_traffic: Any
    """Bytes that copies of a token for one expert move per unit of width."""

    expert_half_width: Any
    """Inner width of an expert at which its multiplications reach half of what wide ones do."""

    narrow_width: Any
    """Width of a part of a layer at which multiplications reach half of what wide ones do."""

    exposed_tensor_parallel: Any
    """Share of the reductions within a layer that nothing hides."""

    exposed_expert_parallel: Any
    """Share of the exchange with experts that nothing hides."""

    exposed_sharding: Any
    """Share of gathering parameters and reducing gradients that nothing hides."""

    layer_time: Any
    """Fixed seconds per layer and micro-batch: launches, starts of collectives."""

    expert_layer_time: Any
    """More of them in a layer with experts."""

    step_time: Any
    """Fixed seconds per step."""

    loss_per_doubling: Any
    """Share of the step that is lost in waiting for each doubling of accelerators beyond 8."""


@attrs.frozen(kw_only=True, eq=False, slots=False)
class ConstantSet:
    """The constants of one accelerator, number format and date, as ranges."""

    quantities: dict[str, Quantity]
    """Ranges by field of `StepConstants`, in SI."""

    keys: dict[str, str]
    """Names in `CONSTANTS` by field; several accelerators may share one."""

    has_experts: bool
    """Whether those of experts matter."""

    def central(self) -> StepConstants:
        """Central values, for searching layouts.

        Returns
        -------
        StepConstants
            Floats.
        """
        return StepConstants(
            **{k: float(v.central().magnitude) for k, v in self.quantities.items()}
        )

    def ranges(self) -> StepConstants:
        """The ranges, as bare numbers that record themselves.

        Returns
        -------
        StepConstants
            Floats and ranges.
        """
        return StepConstants(**{k: v.magnitude for k, v in self.quantities.items()})

    @cached_property
    def assumptions(self) -> tuple[Assumption, ...]:
        """Each constant that has a range, as an assumption; fitted ones with their source."""
        fit = Provenance(
            sources=(SOURCES[FITTED_BY],), kind="derived", date="2026-11", confidence="seen"
        )
        return tuple(
            Assumption(
                name=name.replace("_", " "),
                value=value,
                why=CONSTANTS[self.keys[name]].why,
                provenance=fit if CONSTANTS[self.keys[name]].fitted else None,
            )
            for name, value in self.quantities.items()
            if value.is_range and self._matters(name)
        )

    def _matters(self, name: str) -> bool:
        if name == "matrix_efficiency_16_bit":
            return self.keys[name] != self.keys["matrix_efficiency"]
        return self.has_experts or name not in _OF_EXPERTS


def constants_for(
    accelerator: Accelerator,
    number_format: NumberFormat,
    software_year: float,
    *,
    has_experts: bool,
) -> ConstantSet:
    """Constants of a training step.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator; known generations have fitted constants, others a wide range.
    number_format : NumberFormat
        Format of the matrix multiplications.
    software_year : float
        When the software is from: 2024.5 is mid 2024.
    has_experts : bool
        Whether the model is a mixture of experts.

    Returns
    -------
    ConstantSet
        Ranges; those that were fitted are correlated.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.core.number_format import number_format
    >>> found = constants_for(
    ...     le.accelerators["H100 SXM"], number_format("bf16"), 2025.0, has_experts=False
    ... )
    >>> 0.55 < found.central().matrix_efficiency < 0.7
    True
    """
    generation = generation_of(accelerator)
    return _constants(generation, _width(number_format), software_year, has_experts)


@lru_cache(maxsize=256)
def _constants(
    generation: Generation,
    width: str,
    software_year: float,
    has_experts: bool,  # noqa: FBT001 - a key of the cache
) -> ConstantSet:
    found = chosen_constants(generation, width, software_year, take=_fitted)
    return ConstantSet(
        quantities={field: ureg.Quantity(1.0) * value for field, value in found.items()},
        keys={field: field for field in found} | _names(generation, width, software_year),
        has_experts=has_experts,
    )


def chosen_constants(
    generation: Generation, width: str, software_year: float, *, take: Callable[[str], Any]
) -> dict[str, Any]:
    """Values of `StepConstants` by field, out of the constants by name.

    Parameters
    ----------
    generation : Generation
        Family of the accelerator.
    width : str
        Bits of the number format: "16", "8" or "4".
    software_year : float
        When the software is from.
    take : callable
        Gives the value of a constant by its name: a range, or a float while fitting.

    Returns
    -------
    dict
        Numbers of the kind that `take` gives.
    """
    names = _names(generation, width, software_year)
    found = {field: take(key) for field, key in names.items()}
    found["memory_efficiency"] = _MEMORY
    found["step_time"] = _STEP_TIME
    found["score_traffic"] = take("score_traffic") if software_year < _FUSED else 0.0
    age = min(max(software_year, _FIRST), _LAST) - _REFERENCE
    progress = exp(-age * take("expert_progress"))
    for field in _OF_EXPERTS[:3]:
        found[field] = found[field] * progress
    return found


_OF_EXPERTS = (
    "dispatch_traffic",
    "expert_half_width",
    "expert_layer_time",
    "exposed_expert_parallel",
)

# Shared by all; the remaining names depend on the accelerator.
_COMMON = (
    "elementwise_traffic",
    "dispatch_traffic",
    "expert_half_width",
    "narrow_width",
    "exposed_tensor_parallel",
    "exposed_expert_parallel",
    "exposed_sharding",
    "layer_time",
    "expert_layer_time",
    "loss_per_doubling",
)

# Kernels bound by memory reach 80 to 90 % of its bandwidth.
_MEMORY = 0.85
_STEP_TIME = 0.002
# Fused attention (May 2022) was everywhere some months later.
_FUSED = 2022.75
# Attention that uses the asynchronous units of Hopper (July 2024).
_HOPPER_ATTENTION = 2024.5
# Experts: years over which progress was seen, and the year of the fitted values.
_FIRST, _LAST, _REFERENCE = 2025.6, 2026.75, 2026.2


def _names(generation: Generation, width: str, year: float) -> dict[str, str]:
    family = "TPU" if generation.key.startswith("TPU") else generation.key
    attention = f"attention {family}"
    if family == "Hopper" and year < _HOPPER_ATTENTION:
        attention += " before 2024-07"
    chosen = {
        "matrix_efficiency": _known(f"matrix {generation.key} {width}"),
        "matrix_efficiency_16_bit": _known(f"matrix {generation.key} 16"),
        "attention_efficiency": _known(attention),
    }
    return chosen | {name: name for name in _COMMON}


def _width(number_format: NumberFormat) -> str:
    bits = number_format.bits
    return "16" if bits >= 16 else "8" if bits >= 6 else "4"  # noqa: PLR2004


def _known(key: str) -> str:
    """The fitted constant, or the one that stands for what nobody measured."""
    if key in CONSTANTS:
        return key
    kind, _, rest = key.partition(" ")
    return "attention other" if kind == "attention" else f"matrix other {rest.split()[-1]}"


@lru_cache(maxsize=1)
def _all() -> dict[str, Quantity]:
    """Every constant as a range; the fitted ones correlated."""
    made = {
        name: between(
            entry.low,
            entry.high,
            "",
            shape="log-normal",
            key=f"training step/{name}",
            name=name,
            source="fitted to published training rates" if entry.fitted else "assumed",
        )
        for name, entry in CONSTANTS.items()
    }
    fitted = [name for name, entry in CONSTANTS.items() if entry.fitted]
    variables = {name: made[name].magnitude.payload for name in fitted}
    joint = Joint([v.stream for v in variables.values()], fitted, CORRELATIONS)
    for member, name in enumerate(fitted):
        made[name] = ureg.Quantity(uncertain(variables[name].correlated(joint, member)))
    return made


def _fitted(name: str) -> Quantity:
    return _all()[name]
