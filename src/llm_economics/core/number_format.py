"""Number formats: how many bytes a weight, an activation or a cached key takes in memory.

A closed enumeration, because a number format decides both the size of a model and which peak rate
of an accelerator applies. Sizes are plain floats in bytes: this module needs no unit library.

Rejected: a free number of bits (it cannot tell bf16 from fp16, and peak rates are looked up by
name); one member per bit layout of a scalar (E4M3 and E5M2 take the same space and run at the same
rate, so both are read as fp8).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, Self

from llm_economics.core.errors import UnknownNameError

__all__ = ["NumberFormat", "number_format"]

_BITS_PER_BYTE: Final = 8


class NumberFormat(StrEnum):
    """A number format; its text is the short lower-case name, such as ``"bf16"``.

    Notes
    -----
    Block formats (mxfp8, mxint8, mxfp6, mxfp4, nvfp4) store a scale of 8 bits for a block of
    elements: 32 elements in the microscaling formats (OCP Microscaling Formats specification 1.0),
    16 in nvfp4. The share of the scale is part of `stored_bits` and `bytes_per_element`. Scales of
    whole rows or tensors, as used with plain fp8, int8 and int4, are not included: below 1 % for
    rows of hidden size, about 3 % for int4 in groups of 128.

    Examples
    --------
    >>> NumberFormat.BF16.bytes_per_element
    2.0
    >>> NumberFormat.MXFP4.bytes_per_element
    0.53125
    """

    FP64 = "fp64", 64
    FP32 = "fp32", 32
    TF32 = "tf32", 19, 32.0
    BF16 = "bf16", 16
    FP16 = "fp16", 16
    FP8 = "fp8", 8
    INT8 = "int8", 8
    FP6 = "fp6", 6
    FP4 = "fp4", 4
    INT4 = "int4", 4
    MXFP8 = "mxfp8", 8, 8.25, "fp8"
    MXINT8 = "mxint8", 8, 8.25, "int8"
    MXFP6 = "mxfp6", 6, 6.25, "fp6"
    MXFP4 = "mxfp4", 4, 4.25, "fp4"
    NVFP4 = "nvfp4", 4, 4.5, "fp4"

    bits: int
    """Bits that carry the value of one element; 19 for tf32."""
    stored_bits: float
    """Bits in memory per element: 32 for tf32, with the share of the scale for block formats."""
    element_name: str
    """Name of the format of one element; see `element`."""

    def __new__(
        cls,
        name: str,
        bits: int = 0,  # a default only so that type checkers accept NumberFormat("bf16")
        stored_bits: float | None = None,
        element: str = "",
    ) -> Self:
        """Build a member from its name, its bits, its bits in memory and its element format."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.bits = bits
        member.stored_bits = float(bits if stored_bits is None else stored_bits)
        member.element_name = element or name
        return member

    @property
    def bytes_per_element(self) -> float:
        """Bytes in memory per element; not whole for formats below 8 bits."""
        return self.stored_bits / _BITS_PER_BYTE

    @property
    def element(self) -> NumberFormat:
        """The format of one element, whose peak rate applies: fp4 for mxfp4, itself if plain.

        Examples
        --------
        >>> str(NumberFormat.NVFP4.element)
        'fp4'
        """
        return NumberFormat[self.element_name.upper()]


# Further spellings, folded as in _folded: of PyTorch, NumPy, safetensors, the formats' own papers.
_ALIASES: Final = {
    "double": "fp64",
    "f64": "fp64",
    "float64": "fp64",
    "doubleprecision": "fp64",
    "single": "fp32",
    "f32": "fp32",
    "float32": "fp32",
    "singleprecision": "fp32",
    "fullprecision": "fp32",
    "tensorfloat32": "tf32",
    "bfloat16": "bf16",
    "brainfloat16": "bf16",
    "half": "fp16",
    "f16": "fp16",
    "float16": "fp16",
    "halfprecision": "fp16",
    "f8": "fp8",
    "float8": "fp8",
    "e4m3": "fp8",
    "e4m3fn": "fp8",
    "e5m2": "fp8",
    "i8": "int8",
    "f6": "fp6",
    "float6": "fp6",
    "e3m2": "fp6",
    "e2m3": "fp6",
    "f4": "fp4",
    "float4": "fp4",
    "e2m1": "fp4",
    "i4": "int4",
}
_LAYOUT: Final = re.compile(
    r"(?P<name>(?:mx|nv)?(?:fp|float|f)[468])(?P<layout>e[2-5]m[1-3])(?:fn)?"
)
_IGNORED: Final = re.compile(r"[\s_.()\-\u2010-\u2015]+")
_LIBRARY: Final = re.compile(r"(?:torch|np|numpy|jnp|ml_dtypes)\.")
_WIDTH_OF_LAYOUT: Final = {
    "e4m3": "8",
    "e5m2": "8",
    "e3m2": "6",
    "e2m3": "6",
    "e2m1": "4",
}


def number_format(text: str) -> NumberFormat:
    """Find a number format by its name, forgiving case, spelling and the layout in brackets.

    Parameters
    ----------
    text : str
        For example ``"bf16"``, ``"BF16"``, ``"bfloat16"``, ``"torch.float16"``, ``"half"``,
        ``"FP8 (E4M3)"``, ``"MXFP4"``. A `NumberFormat` comes back as it is.

    Returns
    -------
    NumberFormat
        The format.

    Raises
    ------
    UnknownNameError
        If there is no such format, with the nearest names; also for a layout that does not fit the
        width (``"fp4 (E4M3)"``) and for anything that is not text. ``"float"`` and ``"int"`` name
        no width and are refused.

    Examples
    --------
    >>> number_format("FP8 (E4M3)")
    <NumberFormat.FP8: 'fp8'>
    >>> number_format("bf61")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.UnknownNameError: there is no number format named 'bf61'. ...
    """
    name = _lookup(text)
    if name is None:
        raise UnknownNameError(str(text), _spellings(), "number format")
    return NumberFormat[name]


def _folded(text: str) -> str:
    return _IGNORED.sub("", _LIBRARY.sub("", text.strip().casefold(), count=1))


def _lookup(text: object) -> str | None:
    """Name of the member that a text stands for; None if there is none."""
    if not isinstance(text, str):
        return None
    folded = _folded(text)
    layout = _LAYOUT.fullmatch(folded)
    if layout and _WIDTH_OF_LAYOUT.get(layout["layout"]) == layout["name"][-1]:
        folded = layout["name"]
    name = _ALIASES.get(folded, folded).upper()
    return name if name in NumberFormat.__members__ else None


def _spellings() -> list[str]:
    """Names to offer: members first, so that they win over aliases that are as near."""
    return [*NumberFormat, *_ALIASES]
