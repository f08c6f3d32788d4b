"""Number formats have the right size and are found under their usual names."""

from __future__ import annotations

import copy
import pickle
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import UnknownNameError
from llm_economics.core.number_format import NumberFormat, number_format

SIZES = {
    "fp64": (64, 8.0),
    "fp32": (32, 4.0),
    "tf32": (19, 4.0),
    "bf16": (16, 2.0),
    "fp16": (16, 2.0),
    "fp8": (8, 1.0),
    "int8": (8, 1.0),
    "fp6": (6, 0.75),
    "fp4": (4, 0.5),
    "int4": (4, 0.5),
    "mxfp8": (8, 33 / 32),
    "mxint8": (8, 33 / 32),
    "mxfp6": (6, 25 / 32),
    "mxfp4": (4, 17 / 32),
    "nvfp4": (4, 9 / 16),
}

SPELLINGS = [
    ("BF16", "bf16"),
    ("bfloat16", "bf16"),
    ("torch.bfloat16", "bf16"),
    (" bf-16 ", "bf16"),
    ("float16", "fp16"),
    ("F16", "fp16"),
    ("half", "fp16"),
    ("half precision", "fp16"),
    ("np.float32", "fp32"),
    ("single", "fp32"),
    ("double", "fp64"),
    ("TF32", "tf32"),
    ("TensorFloat-32", "tf32"),
    ("FP8 (E4M3)", "fp8"),
    ("fp8_e5m2", "fp8"),
    ("torch.float8_e4m3fn", "fp8"),
    ("F8_E4M3", "fp8"),
    ("E4M3", "fp8"),
    ("fp6 e3m2", "fp6"),
    ("FP4 (E2M1)", "fp4"),
    ("MXFP4", "mxfp4"),
    ("MXFP4 (E2M1)", "mxfp4"),
    ("NVFP4", "nvfp4"),
    ("INT8", "int8"),
    ("I8", "int8"),
    ("int-4", "int4"),
]


def test_every_format_has_its_size() -> None:
    """Bits are those of one value; bytes are those in memory, with the share of block scales."""
    sizes = {str(member): (member.bits, member.bytes_per_element) for member in NumberFormat}
    assert sizes == SIZES


def test_stored_bits_of_blocks() -> None:
    """A block of 32 elements with a scale of 8 bits takes a quarter of a bit more per element."""
    assert NumberFormat.MXFP4.stored_bits == 4.25
    assert NumberFormat.NVFP4.stored_bits == 4.5


@pytest.mark.parametrize(
    ("block", "element"), [("mxfp4", "fp4"), ("nvfp4", "fp4"), ("bf16", "bf16")]
)
def test_element(block: str, element: str) -> None:
    """Peak rates are listed under the format of the element."""
    assert number_format(block).element is number_format(element)


@pytest.mark.parametrize(("text", "name"), SPELLINGS)
def test_spellings(text: str, name: str) -> None:
    """Case, spacing, libraries' names and layouts in brackets do not matter."""
    assert number_format(text) == name


@pytest.mark.parametrize("member", NumberFormat)
def test_identity(member: NumberFormat) -> None:
    """A format is found by its own text and stays itself when handed on."""
    assert number_format(member) is member
    assert number_format(member.upper()) is member
    assert NumberFormat(str(member)) is member
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("bf61", "bf16"), ("fp61", "fp16"), ("fp9", "fp8"), ("mxfp5", "mxfp4"), ("e4m4", "e4m3")],
)
def test_unknown_name_offers_the_nearest(text: str, nearest: str) -> None:
    """A slip of the finger is answered with what was probably meant."""
    with pytest.raises(UnknownNameError, match=f"no number format named '{text}'") as caught:
        number_format(text)
    assert nearest in caught.value.nearest


@pytest.mark.parametrize("text", ["", "float", "int", "fp4 (E4M3)", "w4a16", "q4_k_m", 16, None])
def test_what_names_no_width_is_refused(text: object) -> None:
    """No width, a layout of another width, mixed formats and other types are refused."""
    with pytest.raises(UnknownNameError, match="no number format"):
        number_format(text)  # type: ignore[arg-type]


@given(st.text())
def test_arbitrary_text(text: str) -> None:
    """Any text is a format or an unknown name, never another error."""
    with suppress(UnknownNameError):
        assert number_format(text).bits > 0
