"""`Model`: total and active parameters, and what attention adds."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.sources import Provenance, Source
from llm_economics.transformer.laws import (
    FORWARD,
    TRAINING,
    AttentionConvention,
    windowed_context,
)

SHAPE = le.Architecture(
    layers=126,
    hidden_size=16384,
    attention_heads=128,
    key_value_heads=8,
    head_dimension=128,
    intermediate_size=53248,
    vocabulary_size=128256,
    gated_mlp=True,
    tied_embeddings=False,
)
SHEET = Source(key="a-card", title="A card", organisation="A maker", date="2025")


@pytest.mark.parametrize(
    ("fields", "error", "match"),
    [
        (
            {"parameters": "70 Gtoken"},
            DimensionError,
            "Model.parameters needs .*number of parameters, such as .* got 70 Gtoken",
        ),
        ({"parameters": float("nan")}, RangeError, "Model.parameters: .*nan"),
        ({"parameters": "-1 Gparameter"}, RangeError, "Model.parameters needs at least 0"),
        (
            {"training_tokens": "15 TB"},
            DimensionError,
            "Model.training_tokens needs .*number of tokens",
        ),
        ({"training_computation": "2e25 FLOP/s"}, DimensionError, "training_computation needs"),
        ({"name": 3}, NotationError, "Model.name needs a text; got 3"),
        (
            {"parameters": "8 Gparameter", "active_parameters": "70 Gparameter"},
            RangeError,
            "active_parameters needs at most parameters = 8 Gparameter; got 70 Gparameter",
        ),
    ],
)
def test_refuses(fields: dict[str, Any], error: type[Exception], match: str) -> None:
    """A figure that cannot be is refused by field, need and what came."""
    with pytest.raises(error, match=match):
        le.Model(**{"name": "mine", **fields})


def test_overlapping_ranges_are_allowed() -> None:
    """Only what is certainly wrong is refused: ranges of total and active may overlap."""
    le.Model(name="mine", parameters="8-28 Gparameter", active_parameters="20-30 Gparameter")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"parameters": "70 Gparameter"}, 70.0),
        ({"parameters": "47 Gparameter", "active_parameters": "13 Gparameter"}, 13.0),
        ({"architecture": SHAPE}, 405.85),
        ({"architecture": SHAPE, "parameters": "400 Gparameter"}, 400.0),
    ],
)
def test_computing_parameters(fields: dict[str, Any], expected: float) -> None:
    """The active ones if known, else all, else what the shape counts."""
    found = le.Model(name="mine", **fields).computing_parameters.number("Gparameter")
    assert found == pytest.approx(expected, rel=1e-4)


def test_mixture_of_experts_is_never_taken_as_dense() -> None:
    """With a total and a shape with experts, FLOP rest on the active parameters."""
    mixtral = le.models["Mixtral 8x7B"].evolve(active_parameters=None)
    assert mixtral.computing_parameters.number("Gparameter") == pytest.approx(12.88, rel=1e-3)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, False),
        ({"parameters": "70 Gparameter"}, False),
        ({"active_parameters": "70 Gparameter"}, False),
        ({"parameters": "70 Gparameter", "active_parameters": "69 Gparameter"}, False),
        ({"parameters": "47 Gparameter", "active_parameters": "13 Gparameter"}, True),
        ({"architecture": SHAPE}, False),
        ({"architecture": SHAPE.evolve(experts=8)}, True),
    ],
)
def test_has_experts(fields: dict[str, Any], expected: bool) -> None:
    """A mixture shows in its shape, or in fewer active than total parameters."""
    assert le.Model(name="mine", **fields).has_experts is expected


def test_computing_parameters_unknown() -> None:
    """Unknown is not zero."""
    with pytest.raises(MissingInputError, match="the parameters of mine are not known; give"):
        _ = le.Model(name="mine").computing_parameters


@pytest.mark.parametrize(
    ("convention", "training", "expected"),
    [
        ("none", True, 0.0),
        ("causal", True, 6.0 * 126 * 128 * 128 * 8192),
        ("full", True, 12.0 * 126 * 128 * 128 * 8192),
        ("causal", False, 2.0 * 126 * 128 * 128 * 8192),
        ("full", False, 4.0 * 126 * 128 * 128 * 8192),
    ],
)
def test_attention_term(convention: str, training: bool, expected: float) -> None:
    """6 or 12 L H Q T per token in training, 2 or 4 forward (PaLM, appendix B)."""
    model = le.Model(name="mine", architecture=SHAPE)
    found = model.attention_computation_per_token(
        AttentionConvention(convention), le.quantity("8192 token"), training=training
    )
    assert found.number("FLOP/token") == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("convention", "context", "expected"),
    [
        ("causal", 2048, 2.0 * 126 * 2048),
        ("causal", 8192, 2.0 * (26 * 8192 + 100 * 6144)),
        ("full", 2048, 4.0 * 126 * 2048),
        ("full", 8192, 4.0 * (26 * 8192 + 100 * 4096)),
    ],
)
def test_attention_term_with_windows(convention: str, context: int, expected: float) -> None:
    """Layers with a window see the window at most; within it nothing changes."""
    shape = SHAPE.evolve(sliding_window=4096, sliding_layers=100)
    found = le.Model(name="mine", architecture=shape).attention_computation_per_token(
        AttentionConvention(convention), le.quantity(context, "token"), training=False
    )
    assert found.number("FLOP/token") == pytest.approx(expected * 128 * 128, rel=1e-12)


def test_causal_window_is_the_mean_of_what_tokens_see() -> None:
    """The law of the window is the sum over positions, in the limit of long windows."""
    context, window = 80_000, 30_000
    seen = sum(min(place, window) for place in range(context)) / context
    length = windowed_context(
        context=le.quantity(context, "token"), window=le.quantity(window, "token")
    )
    assert length.number("token") / 2 == pytest.approx(seen, rel=1e-4)


def test_attention_term_of_other_layers() -> None:
    """Linear attention costs no pairs; heads of values may have another size."""
    shape = SHAPE.evolve(linear_layers=100, value_head_dimension=64)
    found = le.Model(name="mine", architecture=shape).attention_computation_per_token(
        AttentionConvention.FULL, le.quantity("8192 token"), training=False
    )
    assert found.number("FLOP/token") == pytest.approx(4.0 * 26 * 128 * 96 * 8192, rel=1e-12)


def test_attention_term_needs_the_shape() -> None:
    """It is not guessed from the number of parameters."""
    with pytest.raises(MissingInputError, match="needs the architecture of mine"):
        le.Model(name="mine").attention_computation_per_token(
            AttentionConvention.FULL, le.quantity("8192 token"), training=True
        )


def test_unknown_attention_convention() -> None:
    """A misspelt convention is answered with the known ones."""
    with pytest.raises(UnknownNameError, match=r"'casual'.*one of none, causal, full"):
        AttentionConvention("casual")


def test_training_is_forward_and_backward() -> None:
    """The 6 of 6 N D is 2 + 4."""
    assert TRAINING.number("FLOP/parameter/token") == 6.0
    assert FORWARD.number("FLOP/parameter/token") == 2.0


def test_evolve_drops_the_provenance_of_what_changed() -> None:
    """A changed figure no longer cites its old source; the others still do."""
    stated = Provenance(sources=SHEET, kind="disclosed", date="2025", confidence="seen")
    model = le.Model(
        name="mine",
        parameters="70 Gparameter",
        training_tokens="15 Ttoken",
        provenance={"parameters": stated, "training_tokens": stated},
    )
    variant = model.evolve(parameters="80 Gparameter")
    assert set(variant.provenance) == {"training_tokens"}
    assert variant.sources == (SHEET,)
    assert model.parameters is not None
    assert model.parameters.number("Gparameter") == 70.0


def test_shows_itself_in_a_notebook() -> None:
    """The table of a model has its figures and their origin."""
    page = le.models["Mixtral 8x7B"]._repr_html_()
    assert "46.7" in page
    assert "<table>" in page
