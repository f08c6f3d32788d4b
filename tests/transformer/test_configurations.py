"""Configurations as Hugging Face publishes them: right sizes, nothing silent, clear refusals."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import CatalogError, LLMEconomicsError, UnknownNameError
from llm_economics.transformer import configuration_files
from llm_economics.transformer.configuration_families import FAMILIES, NESTED
from llm_economics.transformer.configurations import read_configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("configurations.toml").read_text(encoding="utf-8")
)
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "num_hidden_layers": 32,
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "intermediate_size": 11008,
    "vocab_size": 32000,
}
QWEN: dict[str, Any] = {
    **LLAMA,
    "model_type": "qwen2_moe",
    "num_key_value_heads": 32,
    "moe_intermediate_size": 1408,
    "shared_expert_intermediate_size": 5632,
}
LATENT: dict[str, Any] = {
    **LLAMA,
    "model_type": "deepseek_v3",
    "num_hidden_layers": 10,
    "moe_intermediate_size": 2048,
}
SCOUT: dict[str, Any] = {
    "model_type": "llama4_text",
    "num_hidden_layers": 48,
    "hidden_size": 5120,
}


def config(name: str) -> dict[str, Any]:
    """Return a configuration of the table, with its nulls."""
    entry = TABLE[name]
    nulls: Mapping[str, list[str]] = entry.get("null", {})
    made = {**entry["config"], **dict.fromkeys(nulls.get("keys", ()))}
    if "text_config" in nulls:
        made["text_config"] = {**made["text_config"], **dict.fromkeys(nulls["text_config"])}
    return made


def shape(changes: Mapping[str, Any], base: Mapping[str, Any] = LLAMA) -> le.Architecture:
    """Return the shape of a configuration with some keys changed."""
    return read_configuration({**base, **changes}).architecture


@pytest.mark.parametrize("name", TABLE)
def test_published_size(name: str) -> None:
    """Each configuration gives the published total, and active size where stated, within 2 %."""
    entry, model = TABLE[name], le.Model.from_config(config(name), name=name)
    assert entry["source"]
    assert model.parameters is not None
    assert model.parameters.number("Gparameter") == pytest.approx(entry["total"], rel=0.02)
    if "active" in entry:
        assert model.active_parameters is not None
        found = model.active_parameters.number("Gparameter")
        assert found == pytest.approx(entry["active"], rel=0.02)


def test_each_family_is_in_the_table() -> None:
    """No family without a model whose published size it gives."""
    outer = {entry["config"]["model_type"] for entry in TABLE.values()}
    inner = {entry["config"].get("text_config", {}).get("model_type") for entry in TABLE.values()}
    assert set(FAMILIES) | set(NESTED) <= outer | inner


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mistral 7B v0.1", (4096, 32)),
        ("Mistral Nemo 12B", (None, None)),
        ("Mistral Small 3.1 24B", (None, None)),
        ("Qwen2.5-7B", (None, None)),
        ("Gemma 2 9B", (4096, 21)),
        ("Gemma 3 1B", (512, 22)),
        ("Gemma 3 27B", (1024, 52)),
        ("gpt-oss-20b", (128, 12)),
        ("Command R7B", (4096, 24)),
        ("Llama 4 Scout", (8192, 36)),
        ("Phi-4", (None, None)),
    ],
)
def test_window(name: str, expected: tuple[int | None, int | None]) -> None:
    """Which layers have a sliding window, by each family's own keys."""
    found = read_configuration(config(name)).architecture
    assert (found.sliding_window, found.sliding_layers) == expected


@pytest.mark.parametrize(
    ("changes", "base", "expected"),
    [
        ({"model_type": "qwen3", "use_sliding_window": True}, LLAMA, (4096, 4)),
        ({"model_type": "qwen2", "use_sliding_window": True, "max_window_layers": 99}, LLAMA, None),
        ({"model_type": "qwen2", "sliding_window": 99}, LLAMA, None),
        ({"model_type": "mistral", "sliding_window": 0}, LLAMA, None),
        ({"model_type": "gemma2", "sliding_window_pattern": 0}, LLAMA, (4096, 32)),
        ({"model_type": "gemma2", "sliding_window_pattern": 99}, LLAMA, (4096, 32)),
        (
            {
                "model_type": "gpt_oss",
                "layer_types": ["sliding_attention"] * 8 + ["full_attention"] * 24,
            },
            LLAMA,
            (128, 8),
        ),
        ({"no_rope_layers": [1] * 40 + [0] * 8}, SCOUT, (8192, 40)),
        ({"no_rope_layers": []}, SCOUT, (8192, 36)),
        ({"layer_types": ["chunked_attention"] * 2 + ["full_attention"] * 46}, SCOUT, (8192, 2)),
        ({"attention_chunk_size": None}, SCOUT, None),
    ],
)
def test_window_by_keys(
    changes: dict[str, Any], base: dict[str, Any], expected: tuple[int, int] | None
) -> None:
    """A list of layers comes before a pattern; a window of 0, or not in use, is none."""
    found = shape(changes, base)
    assert (found.sliding_window, found.sliding_layers) == (expected or (None, None))


@pytest.mark.parametrize(
    ("changes", "base", "expected"),
    [
        ({"decoder_sparse_step": 1}, QWEN, 0),
        ({"decoder_sparse_step": 2}, QWEN, 16),
        ({"decoder_sparse_step": 2, "mlp_only_layers": [0, 1, 3, 99]}, QWEN, 18),
        ({}, LATENT, 3),
        ({"first_k_dense_replace": 0}, LATENT, 0),
        ({"moe_layer_freq": 2}, LATENT, 7),
        ({"interleave_moe_layer_step": 2}, SCOUT, 24),
        ({"moe_layers": [3, 7]}, SCOUT, 46),
    ],
)
def test_dense_layers(changes: dict[str, Any], base: dict[str, Any], expected: int) -> None:
    """Layers without experts, by each family's own keys."""
    assert shape(changes, base).dense_layers == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"first_k_dense_replace": 10},
        {"first_k_dense_replace": 99},
        {"n_routed_experts": None},
    ],
)
def test_without_routed_layers_there_are_no_experts(changes: dict[str, Any]) -> None:
    """A shape whose layers are all dense is that of a dense model."""
    found = shape(changes, LATENT)
    assert (found.experts, found.shared_experts, found.dense_layers) == (None, None, None)
    total, active = found.total_parameters(), found.active_parameters()
    assert total.number("parameter") == active.number("parameter")


def test_queries_that_are_not_compressed() -> None:
    """DeepSeek-V2-Lite writes null for the rank of its queries."""
    found = read_configuration(config("DeepSeek-V2-Lite")).architecture
    assert (found.query_compression, found.key_value_compression) == (None, 512)
    assert (found.head_dimension, found.rotary_head_dimension) == (192, 64)


@pytest.mark.parametrize(
    ("name", "heads"), [("Falcon 7B", 1), ("Falcon 40B", 8), ("GPT-2", 12), ("Phi-1.5", 32)]
)
def test_key_value_heads(name: str, heads: int) -> None:
    """Old and new layers of Falcon; all heads where a file writes null or nothing."""
    assert read_configuration(config(name)).architecture.key_value_heads == heads


def test_falcon_without_shared_heads() -> None:
    """Without `multi_query` the older layers have as many heads of keys as of queries."""
    changes = {"multi_query": False}
    assert shape(changes, config("Falcon 7B")).key_value_heads == 71


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"attention_bias": True}, False),
        ({"attention_bias": True, "mlp_bias": True}, True),
    ],
)
def test_biases(changes: dict[str, bool], expected: bool) -> None:
    """Biases count where every projection has one."""
    assert shape(changes).projection_biases is expected


@pytest.mark.parametrize(("name", "expected"), [("GPT-2", 1024), ("OPT-6.7B", 2050)])
def test_learned_positions(name: str, expected: int) -> None:
    """GPT-2 learns one embedding per position, OPT two more."""
    assert read_configuration(config(name)).architecture.learned_positions == expected


def test_provenance_lists_what_was_taken() -> None:
    """The model says which file it came from, and each default with its key."""
    model = le.Model.from_config({**LLAMA, "max_position_embeddings": 4096}, name="mine")
    assert (model.name, model.family) == ("mine", "llama")
    assert model.context_length is not None
    assert model.context_length.number("token") == 4096
    origin = model.provenance["architecture"]
    assert origin.note == (
        "taken from the family: num_key_value_heads = 32, head_dim = 128, "
        "tie_word_embeddings = False, attention_bias = False, mlp_bias = False"
    )
    assert [source.title for source in origin.sources] == [
        "configuration (model_type llama)",
        "Configuration classes of transformers",
    ]
    assert set(model.provenance) == {"architecture", "parameters", "context_length"}
    assert str(model.provenance["parameters"].kind) == "derived"
    assert model.architecture is not None
    assert model.architecture.sources == origin.sources


def test_nothing_taken() -> None:
    """A file that says everything is the only source."""
    model = le.Model.from_config(config("DeepSeek-V3"))
    assert model.name == "deepseek_v3"
    assert model.provenance["architecture"].note == ""
    assert len(model.sources) == 1
    assert "active_parameters" in model.provenance


def test_text_part() -> None:
    """Of a model that reads images the text part counts, and the provenance says so."""
    outer = {"tie_word_embeddings": False, "_name_or_path": "Gemma 3"}
    model = le.Model.from_config({**config("Gemma 3 4B"), **outer})
    assert model.name == "Gemma 3"
    assert model.architecture is not None
    assert model.architecture.tied_embeddings is False
    assert model.provenance["architecture"].note.endswith("; the text part alone")


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ({}, r'configuration: 1 problem\n  - model_type: is missing; write its family, such as "l'),
        ({"model_type": 5}, "model_type: needs a text; write its family"),
        ({"model_type": ""}, "model_type: needs a text"),
        (5, "needs a mapping with the keys .* or the path of a config.json; got a value of type i"),
        ({"model_type": "gemma3"}, "text_config: is missing; model_type gemma3 keeps the keys"),
        ({"model_type": "gemma3", "text_config": 3}, "text_config: is missing"),
        (
            {"model_type": "llama"},
            r"5 problems\n(  - \w+: is missing; write it, such as 32\n?){5}",
        ),
        ({**LLAMA, "hidden_size": None}, "hidden_size: is null; write it, such as 32"),
        ({**LLAMA, "hidden_size": "4096"}, "hidden_size: needs a whole number, .* got '4096'"),
        ({**LLAMA, "hidden_size": 4096.0}, r"hidden_size: needs a whole number, .* got 4096\.0"),
        ({**LLAMA, "hidden_size": float("nan")}, "hidden_size: needs a whole number, .* got nan"),
        ({**LLAMA, "hidden_size": True}, "hidden_size: needs a whole number, .* got True"),
        ({**LLAMA, "hidden_size": -1}, "hidden_size: needs a whole number, .* got -1"),
        ({**LLAMA, "hidden_size": 10**5000}, "hidden_size: .* got one beyond 1e\\+09"),
        ({**LLAMA, "hidden_size": [10**5000]}, "hidden_size: .* got a value of type list"),
        ({**LLAMA, "hidden_size": "x" * 99}, r"hidden_size: .* got 'x{39}\.\.\."),
        ({**LLAMA, "hidden_size": 0}, "Architecture.hidden_size needs a whole number from 1"),
        ({**LLAMA, "num_attention_heads": 0}, "head_dim: is missing, and 4096 .* among 0 heads"),
        ({**LLAMA, "num_attention_heads": 33}, "4096 elements do not divide among 33 heads; write"),
        ({**LLAMA, "num_key_value_heads": 5}, "key_value_heads needs a divisor of .* = 32; got 5"),
        ({**LLAMA, "tie_word_embeddings": 0}, "tie_word_embeddings: needs true or false; got 0"),
        ({**QWEN, "mlp_only_layers": "0, 1"}, "mlp_only_layers: needs a list; got '0, 1'"),
        ({**QWEN, "use_sliding_window": True}, "use_sliding_window = true is not read for this"),
        (
            {**QWEN, "shared_expert_intermediate_size": 5000},
            "width 5000 is no whole number of experts of width 1408; give le.Architecture",
        ),
        ({**QWEN, "moe_intermediate_size": 0}, "expert_intermediate_size needs a whole number"),
        ({**QWEN, "num_experts_per_tok": 0}, "active_experts needs a whole number from 1"),
        (
            {**LLAMA, "model_type": "gpt_oss", "layer_types": ["full_attention"]},
            r"layer_types needs one of full_attention, .* for each of 32 layers; give",
        ),
        (
            {**LLAMA, "model_type": "gemma2", "layer_types": ["linear_attention"] * 32},
            "layer_types needs one of full_attention, chunked_attention, sliding_attention",
        ),
        (
            {**config("OPT-6.7B"), "word_embed_proj_dim": 512},
            "embeddings of width 512 in a model of width 4096 are not held; give",
        ),
        (
            {**config("DeepSeek-V2-Lite"), "num_experts_per_tok": None},
            "num_experts_per_tok: is null; write it",
        ),
        ({**SCOUT, "moe_layers": [0] * 99}, "dense_layers needs a whole number from 0"),
    ],
)
def test_refuses(content: Any, match: str) -> None:
    """What cannot be read is refused by key, with what came and what to write."""
    with pytest.raises(CatalogError, match=match):
        le.Model.from_config(content)


def test_no_experts_but_active_ones() -> None:
    """A file that contradicts itself is refused by the shape."""
    routed = {**LLAMA, "model_type": "mixtral", "num_local_experts": None}
    with pytest.raises(CatalogError, match="active_experts needs at most experts = 1; got 2"):
        le.Model.from_config(routed)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (
            {"model_type": "lama"},
            r"named 'lama'. Did you mean 'llama'.* came from configuration. Of .* lacks num_hid",
        ),
        (
            {"model_type": "lama"},
            r"by hand: le.Model\(name=..., architecture=le.Architecture\(layers=...",
        ),
        ({"model_type": "m" * 999}, r"no model_type named 'm{60}'"),
        (
            {"model_type": "gemma3", "text_config": {"model_type": "other"}},
            "no model_type named 'other'",
        ),
    ],
)
def test_unknown_family(content: dict[str, Any], match: str) -> None:
    """An unknown family is named, with what is near, what is missing, and the way by hand."""
    with pytest.raises(UnknownNameError, match=match):
        le.Model.from_config(content)


def test_unknown_family_with_all_keys() -> None:
    """If the usual keys are all there, none is called missing."""
    full = {**LLAMA, "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": True}
    with pytest.raises(UnknownNameError) as caught:
        le.Model.from_config({**full, "model_type": "new", "max_position_embeddings": 4096})
    assert "lacks" not in str(caught.value)


def test_path(tmp_path: Path) -> None:
    """A file, its folder, and a text that names it are read alike; the file is the source."""
    file = tmp_path / "config.json"
    # Some editors open a file with a byte-order mark.
    file.write_text(json.dumps(LLAMA), encoding="utf-8-sig")
    for source in (file, tmp_path, str(file)):
        model = le.Model.from_config(source, name="mine")
        assert model.parameters is not None
        assert model.parameters.number("Gparameter") == pytest.approx(6.738, rel=1e-3)
        title = model.provenance["architecture"].sources[0].title
        assert title == f"{source} (model_type llama)"


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"{", r"config.json: 1 problem\n  - it is not JSON: "),
        (b"\xff\xfe{}", "it is not UTF-8 text"),
        (b"[]", "it needs one object with the keys of a configuration; got list"),
        (b'{"hidden_size": NaN}', "it is not JSON: NaN is no number"),
        (b'{"hidden_size": -Infinity}', "it is not JSON: -Infinity is no number"),
        (b"[" * 100_000, "it is not JSON"),
        (b'{"hidden_size": ' + b"9" * 5000 + b"}", "it is not JSON"),
        (b'{"model_type": "llama"}', "config.json: 5 problems"),
    ],
)
def test_malformed_file(tmp_path: Path, content: bytes, match: str) -> None:
    """A file that holds no configuration is refused by name; nothing is run."""
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(CatalogError, match=match):
        le.Model.from_config(file)


def test_missing_file(tmp_path: Path) -> None:
    """A path without a file says what to give."""
    with pytest.raises(CatalogError, match=r"there is no such file; give the path of a config"):
        le.Model.from_config(tmp_path)


def test_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many bytes are read."""
    monkeypatch.setattr(configuration_files, "MAXIMUM_BYTES", 10)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA), encoding="utf-8")
    with pytest.raises(CatalogError, match="it is too large: at most 10 bytes are read"):
        le.Model.from_config(tmp_path)


def test_file_that_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without permission is refused by name."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(CatalogError, match="it cannot be opened: Permission denied"):
        le.Model.from_config(tmp_path)


KEYS = sorted({key for f in FAMILIES.values() for e in f.entries.values() for key in e.keys})
VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 40)
    | st.floats()
    | st.text(max_size=3)
    | st.lists(st.integers(0, 3) | st.sampled_from(["full_attention", "x"]), max_size=4)
)


@given(
    model_type=st.sampled_from(sorted(FAMILIES)),
    content=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=len(KEYS)),
)
def test_any_content_is_read_or_refused(model_type: str, content: dict[str, Any]) -> None:
    """Whatever stands in a file, the answer is a model or an error of the library."""
    small = {"num_hidden_layers": 4, "hidden_size": 8, "num_attention_heads": 2, "vocab_size": 9}
    try:
        model = le.Model.from_config({**small, **content, "model_type": model_type})
    except LLMEconomicsError:
        return
    assert model.parameters is not None
    assert model.parameters.number("parameter") > 0
