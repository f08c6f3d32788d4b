"""`generation_of`: which family of accelerators one belongs to, as far as training is concerned."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from llm_economics.hardware.accelerator import Accelerator

__all__ = ["Generation", "generation_of"]


@attrs.frozen
class Generation:
    """A family of accelerators with common properties in training."""

    key: str
    """Name by which constants are found."""

    pattern: str = attrs.field(repr=False)
    """Expression that names of its members match."""


_GENERATIONS = (
    Generation("Volta", r"\bV100"),
    Generation("Ampere", r"\bA(100|800)\b"),
    Generation("Hopper", r"\b(H(100|200|800|20)|GH200)\b"),
    Generation("Blackwell Ultra", r"\bG?B300\b"),
    Generation("Blackwell", r"\bG?B(100|200)\b"),
    Generation("TPU v3", r"TPU.?v[23]\b"),
    Generation("TPU v4", r"TPU.?v4\b"),
    Generation("TPU v5e", r"TPU.?v5e"),
    Generation("TPU v5p", r"TPU.?v5p"),
    Generation("TPU v6e", r"TPU.?v6e|Trillium"),
    Generation("TPU v7", r"TPU.?v?7|Ironwood"),
    Generation("Trainium1", r"Trainium ?1|Trn1"),
    Generation("CDNA 3", r"\bMI3(00|25)"),
    Generation("Gaudi", r"Gaudi"),
)

_OTHER = Generation("other", "")


def generation_of(accelerator: Accelerator) -> Generation:
    """Find the family of an accelerator by its names.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator.

    Returns
    -------
    Generation
        The family; "other" if it is none of those known.

    Examples
    --------
    >>> import llm_economics as le
    >>> generation_of(le.accelerators["GB200"]).key
    'Blackwell'
    >>> generation_of(le.Accelerator(name="mine")).key
    'other'
    """
    for generation in _GENERATIONS:
        if any(
            re.search(generation.pattern, name, re.IGNORECASE)
            for name in (accelerator.name, *accelerator.aliases)
        ):
            return generation
    return _OTHER
