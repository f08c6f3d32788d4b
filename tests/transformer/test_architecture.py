"""`Architecture`: whole numbers that do not contradict each other."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import MissingInputError, RangeError, UnknownNameError

SHAPE: dict[str, Any] = {
    "layers": 28,
    "hidden_size": 3584,
    "attention_heads": 28,
    "key_value_heads": 4,
}


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("layers", 1.5, r"Architecture.layers needs a whole number from 1, such as 32; got 1.5"),
        ("layers", 0, r"Architecture.layers needs a whole number from 1"),
        ("layers", True, r"Architecture.layers needs a whole number from 1"),
        ("layers", None, r"Architecture.layers needs a whole number from 1, such as 32; got None"),
        ("hidden_size", None, r"Architecture.hidden_size needs a whole number"),
        ("head_dimension", -128, r"Architecture.head_dimension needs a whole number from 1"),
        ("vocabulary_size", "32k", r"Architecture.vocabulary_size needs .* got '32k'"),
        ("gated_mlp", "yes", r"Architecture.gated_mlp needs True, False or None"),
        ("active_experts", 9, r"active_experts needs at most experts = 1; got 9"),
        ("key_value_heads", 5, r"key_value_heads needs a divisor of attention_heads = 28; got 5"),
    ],
)
def test_refuses(field: str, value: Any, match: str) -> None:
    """What is no shape is refused by field, need and what came."""
    with pytest.raises(RangeError, match=match):
        le.Architecture(**{**SHAPE, field: value})


def test_refuses_more_active_experts_than_experts() -> None:
    """A token cannot pass through more experts than there are."""
    with pytest.raises(RangeError, match="needs at most experts = 8; got 9"):
        le.Architecture(**SHAPE, experts=8, active_experts=9)


@pytest.mark.parametrize(
    ("number_format", "expected"), [("bf16", 57344.0), ("fp8", 28672.0), ("mxfp8", 29568.0)]
)
def test_key_value_cache(number_format: str, expected: float) -> None:
    """The cache of one token by number format; the shared scales of block formats count."""
    cache = le.Architecture(**SHAPE, head_dimension=128).key_value_cache_per_token(number_format)
    assert cache.number("byte/token") == pytest.approx(expected, rel=1e-12)


def test_key_value_cache_needs_its_shape() -> None:
    """A head dimension is not guessed from hidden size and heads."""
    with pytest.raises(MissingInputError, match="needs key_value_heads and head_dimension"):
        le.Architecture(**SHAPE).key_value_cache_per_token()


def test_unknown_number_format() -> None:
    """A misspelt number format is named, with what is near."""
    with pytest.raises(UnknownNameError, match="no number format named 'bf61'"):
        le.Architecture(**SHAPE, head_dimension=128).key_value_cache_per_token("bf61")


def test_evolve_drops_no_shape() -> None:
    """A variant keeps the rest of the shape."""
    assert le.Architecture(**SHAPE).evolve(layers=30).hidden_size == 3584
