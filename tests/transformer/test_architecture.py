"""`Architecture`: whole numbers that do not contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)

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
        ("layers", 10**4000, r"Architecture.layers needs .* got one beyond 1e\+09"),
        ("shared_experts", -1, r"Architecture.shared_experts needs a whole number from 0"),
        ("dense_layers", 29, r"Architecture.dense_layers needs at most layers = 28; got 29"),
        ("sliding_layers", 29, r"Architecture.sliding_layers needs at most layers = 28; got 29"),
        ("linear_layers", 29, r"linear_layers needs at most layers - sliding_layers = 28; got 29"),
        ("sliding_window", 0, r"Architecture.sliding_window needs a whole number from 1"),
        ("projection_biases", 1, r"Architecture.projection_biases needs True, False or None"),
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
    ("fields", "match"),
    [
        (
            {"head_dimension": 192, "rotary_head_dimension": 256},
            "rotary_head_dimension needs at most head_dimension = 192; got 256",
        ),
        (
            {"sliding_layers": 20, "linear_layers": 9},
            "linear_layers needs at most layers - sliding_layers = 8; got 9",
        ),
        (
            {"key_value_compression": 512, "projection_biases": True},
            "projection_biases needs False or None with key_value_compression; got True",
        ),
    ],
)
def test_refuses_what_contradicts_itself(fields: dict[str, Any], match: str) -> None:
    """Fields that exclude each other are refused together."""
    with pytest.raises(RangeError, match=match):
        le.Architecture(**SHAPE, **fields)


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


LATENT: dict[str, Any] = {
    "layers": 61,
    "hidden_size": 7168,
    "key_value_compression": 512,
    "rotary_head_dimension": 64,
}
WINDOWS: dict[str, Any] = {**SHAPE, "head_dimension": 128, "sliding_window": 4096}


def test_latent_cache() -> None:
    """Latent attention keeps its compressed vector and one rotary key per layer.

    DeepSeek-V3 needs 70 kB per token (arXiv:2505.09343, table 1: 70.272 KB).
    """
    shape = le.Architecture(**LATENT)
    assert shape.key_value_cache_per_token("bf16").number("byte/token") == 70_272
    assert shape.key_value_cache("1000 token", "fp8").number("byte") == 61 * 576 * 1000


def test_latent_cache_needs_its_rotary_part() -> None:
    """Half of a latent shape is no shape."""
    shape = le.Architecture(**{**LATENT, "rotary_head_dimension": None})
    with pytest.raises(MissingInputError, match="the key-value cache needs rotary_head_dimension"):
        shape.key_value_cache_per_token()


@pytest.mark.parametrize(
    ("fields", "per_token", "context", "expected"),
    [
        ({"sliding_layers": 0}, 57344, 8192, 57344 * 8192),
        ({"sliding_layers": 21}, 14336, 1024, 57344 * 1024),
        ({"sliding_layers": 21}, 14336, 8192, 14336 * 8192 + 43008 * 4096),
        ({"sliding_layers": 28}, 0, 8192, 57344 * 4096),
        ({"sliding_layers": 14, "linear_layers": 7}, 14336, 8192, 14336 * 8192 + 28672 * 4096),
        ({"sliding_window": None, "linear_layers": 21}, 14336, 8192, 14336 * 8192),
        ({"sliding_layers": 0, "value_head_dimension": 64}, 43008, 8192, 43008 * 8192),
    ],
)
def test_cache_with_windows(
    fields: dict[str, int | None], per_token: int, context: int, expected: int
) -> None:
    """Layers with a window stop growing at the window; linear attention keeps no cache."""
    shape = le.Architecture(**{**WINDOWS, **fields})
    assert shape.key_value_cache_per_token().number("byte/token") == per_token
    assert shape.key_value_cache(le.quantity(context, "token")).number("byte") == expected


def test_cache_of_a_range_of_contexts() -> None:
    """A context that is a range gives a range of caches."""
    shape = le.Architecture(**WINDOWS, sliding_layers=28)
    low, high = shape.key_value_cache(le.between(2048, 65536, "token")).bounds()
    assert (low.number("MiB"), high.number("MiB")) == pytest.approx((112.0, 224.0))


def test_cache_refuses_what_is_no_context() -> None:
    """The context is a number of tokens."""
    with pytest.raises(DimensionError, match="number of tokens"):
        le.Architecture(**WINDOWS, sliding_layers=0).key_value_cache("8 KiB")


def test_window_without_layers() -> None:
    """In how many layers a window is in use is not guessed."""
    shape = le.Architecture(**WINDOWS)
    match = (
        r"layers with sliding_window are not known; give Architecture\(sliding_layers=...\), 0 if"
    )
    with pytest.raises(MissingInputError, match=match):
        shape.key_value_cache_per_token()
    with pytest.raises(MissingInputError, match=match):
        shape.key_value_cache("1 token")


def test_layers_without_window() -> None:
    """Layers with a window need its length."""
    shape = le.Architecture(**{**WINDOWS, "sliding_window": None}, sliding_layers=3)
    with pytest.raises(MissingInputError, match="the key-value cache needs sliding_window; give"):
        shape.key_value_cache("1 token")


@given(
    context=st.integers(1, 10**6),
    more=st.integers(0, 10**6),
    window=st.integers(1, 10**5),
    sliding=st.integers(0, 28),
)
def test_cache_grows_with_the_context(context: int, more: int, window: int, sliding: int) -> None:
    """A longer context never needs less, and a window never more than the whole context."""
    shape = le.Architecture(**{**WINDOWS, "sliding_window": window}, sliding_layers=sliding)
    whole = le.Architecture(**WINDOWS, sliding_layers=0)
    short, long = (le.quantity(n, "token") for n in (context, context + more))
    size = shape.key_value_cache(short).number("byte")
    assert size <= shape.key_value_cache(long).number("byte")
    assert size <= whole.key_value_cache(short).number("byte")


def test_unknown_number_format() -> None:
    """A misspelt number format is named, with what is near."""
    with pytest.raises(UnknownNameError, match="no number format named 'bf61'"):
        le.Architecture(**SHAPE, head_dimension=128).key_value_cache_per_token("bf61")


def test_evolve_drops_no_shape() -> None:
    """A variant keeps the rest of the shape."""
    assert le.Architecture(**SHAPE).evolve(layers=30).hidden_size == 3584
