"""Families of configurations: for each ``model_type`` which key holds what, and its defaults.

One table per family over a common base, after the configuration classes of transformers (read in
2026): key names, and what a class takes where a file omits a key. Sizes that make a model (layers,
width) have no default here even where a class has one: a file without them is a mistake. Facts
alone are restated; no code of the classes is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from llm_economics.transformer import configuration_rules as rules
from llm_economics.transformer.configuration_entries import (
    REQUIRED,
    Entry,
    Holds,
    always,
    entry,
    four_times_hidden,
    per_head,
    same_as,
    unless_listed,
)

__all__ = ["BASE", "FAMILIES", "NESTED", "Family"]


@attrs.frozen(kw_only=True)
class Family:
    """How the configurations of one family are read."""

    entries: Mapping[str, Entry]
    """Where each value stands, in the order in which defaults may rest on each other."""

    rules: tuple[Callable[[dict[str, Any]], None], ...] = ()
    """What follows from several values, in order."""


def _flag(*keys: str, absent: Any) -> Entry:
    return entry(*keys, absent=absent, holds=Holds.FLAG)


def _items(*keys: str) -> Entry:
    return entry(*keys, absent=None, holds=Holds.ITEMS)


def _key_value_heads(absent: Any) -> Entry:
    return entry("num_key_value_heads", absent=absent, null=same_as("attention_heads"))


BASE: Final[dict[str, Entry]] = {
    "layers": entry("num_hidden_layers"),
    "hidden_size": entry("hidden_size"),
    "attention_heads": entry("num_attention_heads"),
    "key_value_heads": _key_value_heads(same_as("attention_heads")),
    "head_dimension": entry("head_dim", absent=per_head, null=per_head),
    "intermediate_size": entry("intermediate_size"),
    "vocabulary_size": entry("vocab_size"),
    "tied_embeddings": _flag("tie_word_embeddings", absent=False),
    "context_length": entry("max_position_embeddings", absent=None),
    "gated_mlp": always(value=True),
    "projection_biases": always(value=False),
}
"""What most families share: the keys of Llama."""

_PLAIN: Final = {"gated_mlp": always(value=False), "projection_biases": always(value=True)}


def _family(
    *steps: Callable[[dict[str, Any]], None],
    **entries: Entry | None,
) -> Family:
    """Make a family; an entry of None drops that of the base, since a rule finds the value."""
    table = {**BASE, **entries}
    kept = {name: entry for name, entry in table.items() if entry is not None}
    return Family(entries=kept, rules=steps)


def _if_in_use(value: int) -> Callable[[Mapping[str, Any]], int | None]:
    """Take a value where the window is in use: it counts for nothing elsewhere."""

    def derive(values: Mapping[str, Any]) -> int | None:
        return value if values["window_in_use"] else None

    return derive


def _window(absent: Any) -> Entry:
    return entry("sliding_window", absent=absent, null=None)


def _experts(total: str, absent: Any, active: Any) -> dict[str, Entry]:
    return {
        "experts": entry(total, absent=absent, null=None),
        "active_experts": entry("num_experts_per_tok", absent=active),
    }


_WINDOW_FROM: Final = {
    "window_in_use": _flag("use_sliding_window", absent=False),
    "sliding_window": _window(_if_in_use(4096)),
    "window_from": entry("max_window_layers", absent=_if_in_use(28)),
    "layer_types": _items("layer_types"),
}
_ROUTED_STEPS: Final = {
    "window_in_use": _flag("use_sliding_window", absent=False),
    "expert_intermediate_size": entry("moe_intermediate_size"),
    "routed_step": entry("decoder_sparse_step", absent=1),
    "dense_listed": _items("mlp_only_layers"),
}
_LATENT: Final = {
    "head_dimension": None,
    "key_value_compression": entry("kv_lora_rank", absent=512),
    "rotary_head_dimension": entry("qk_rope_head_dim", absent=64),
    "plain_head_dimension": entry("qk_nope_head_dim", absent=128),
    "value_head_dimension": entry("v_head_dim", absent=128),
}


def _deepseek(*, dense: int, compression: int, active: Any, **entries: Entry) -> Family:
    own: dict[str, Entry | None] = {
        **_LATENT,
        # Null says that queries are not compressed; without the key they are.
        "query_compression": entry("q_lora_rank", absent=compression, null=None),
        **_experts("n_routed_experts", 256, active),
        "shared_experts": entry("n_shared_experts", absent=1, null=None),
        "expert_intermediate_size": entry("moe_intermediate_size"),
        "dense_before": entry("first_k_dense_replace", absent=dense),
        "routed_frequency": entry("moe_layer_freq", absent=1),
    }
    return _family(rules.latent_heads, rules.dense_first, **{**own, **entries})


_DEEPSEEK_V2: Final = _deepseek(
    dense=0,
    compression=1536,
    active=REQUIRED,
    experts=entry("n_routed_experts", absent=64, null=None),
    shared_experts=entry("n_shared_experts", absent=2, null=None),
)
_DEEPSEEK_V3: Final = _deepseek(dense=3, compression=1536, active=8)
_GLM_DSA: Final = _deepseek(
    dense=3,
    compression=2048,
    active=8,
    plain_head_dimension=entry("qk_nope_head_dim", absent=192),
    value_head_dimension=entry("v_head_dim", absent=256),
)

_LLAMA: Final = _family(
    rules.biases_of_all,
    projection_biases=None,
    attention_biases=_flag("attention_bias", absent=False),
    feed_forward_biases=_flag("mlp_bias", absent=False),
)
_AS_BASE: Final = _family()
_TIED: Final = _flag("tie_word_embeddings", absent=True)
_MIXTRAL: Final = _family(
    rules.window_in_all,
    key_value_heads=_key_value_heads(8),
    sliding_window=_window(None),
    **_experts("num_local_experts", 8, 2),
)
_GPT2_SIZES: Final = {
    "layers": entry("n_layer", "num_hidden_layers"),
    "hidden_size": entry("n_embd", "hidden_size"),
    "attention_heads": entry("n_head", "num_attention_heads"),
    "intermediate_size": entry("n_inner", absent=four_times_hidden),
}
_GLM: Final = _family(
    key_value_heads=_key_value_heads(2), head_dimension=entry("head_dim", absent=128, null=per_head)
)
_GEMMA: Final = {"head_dimension": entry("head_dim", absent=256), "tied_embeddings": _TIED}


def _alternating(period: int, window: int, **entries: Entry) -> Family:
    return _family(
        rules.window_in_pattern,
        sliding_window=_window(window),
        layer_types=_items("layer_types"),
        window_period=entry("sliding_window_pattern", absent=unless_listed(period, "layer_types")),
        **entries,
    )


_QWEN3: Final = _family(
    rules.window_above,
    key_value_heads=_key_value_heads(32),
    head_dimension=entry("head_dim", absent=128, null=per_head),
    **_WINDOW_FROM,
)
_QWEN3_MOE: Final = _family(
    rules.no_window,
    rules.dense_in_steps,
    key_value_heads=_key_value_heads(4),
    experts=entry("num_experts", "num_local_experts", absent=128),
    active_experts=entry("num_experts_per_tok", absent=8),
    **_ROUTED_STEPS,
)

FAMILIES: Final[dict[str, Family]] = {
    "llama": _LLAMA,
    "internlm": _AS_BASE,
    "internlm2": _AS_BASE,
    "mistral": _family(
        rules.window_in_all, key_value_heads=_key_value_heads(8), sliding_window=_window(4096)
    ),
    "mixtral": _MIXTRAL,
    "qwen2": _family(rules.window_above, key_value_heads=_key_value_heads(32), **_WINDOW_FROM),
    "qwen2_moe": _family(
        rules.no_window,
        rules.dense_in_steps,
        rules.shared_by_width,
        key_value_heads=_key_value_heads(16),
        **_experts("num_experts", 60, 4),
        **_ROUTED_STEPS,
        shared_width=entry("shared_expert_intermediate_size", absent=5632),
    ),
    "qwen3": _QWEN3,
    "qwen3_moe": _QWEN3_MOE,
    "qwen3_vl_text": _QWEN3,
    "qwen3_vl_moe_text": _QWEN3_MOE,
    "deepseek_v2": _DEEPSEEK_V2,
    "deepseek_v3": _DEEPSEEK_V3,
    "deepseek_v32": _DEEPSEEK_V3,
    "kimi_k2": _DEEPSEEK_V3,
    "glm_moe_dsa": _GLM_DSA,
    "gemma": _family(key_value_heads=_key_value_heads(16), **_GEMMA),
    "gemma2": _alternating(2, 4096, key_value_heads=_key_value_heads(4), **_GEMMA),
    "gemma3_text": _alternating(
        6,
        4096,
        attention_heads=entry("num_attention_heads", absent=8),
        key_value_heads=_key_value_heads(4),
        vocabulary_size=entry("vocab_size", absent=262208),
        **_GEMMA,
    ),
    "gpt_oss": _family(
        rules.window_in_pattern,
        projection_biases=always(value=True),
        key_value_heads=_key_value_heads(8),
        head_dimension=entry("head_dim", absent=64, null=per_head),
        sliding_window=_window(128),
        layer_types=_items("layer_types"),
        window_period=entry("sliding_window_pattern", absent=unless_listed(2, "layer_types")),
        **_experts("num_local_experts", 128, 4),
    ),
    "phi": _family(**_PLAIN),
    "phi3": _family(rules.window_in_all, sliding_window=_window(None)),
    "phimoe": _family(
        rules.window_in_all,
        key_value_heads=_key_value_heads(8),
        sliding_window=_window(None),
        **_experts("num_local_experts", 16, 2),
    ),
    "falcon": _family(
        rules.falcon_heads,
        gated_mlp=always(value=False),
        layers=entry("num_hidden_layers", "n_layer"),
        hidden_size=entry("hidden_size", "n_embed"),
        attention_heads=entry("num_attention_heads", "n_head"),
        key_value_heads=None,
        written_heads=entry("num_kv_heads", "n_head_kv", absent=same_as("attention_heads")),
        newer_layers=_flag("new_decoder_architecture", absent=False),
        multi_query=_flag("multi_query", absent=True),
        intermediate_size=entry("ffn_hidden_size", absent=four_times_hidden),
        tied_embeddings=_TIED,
        projection_biases=_flag("bias", absent=False),
        context_length=entry("max_position_embeddings", absent=2048),
    ),
    "opt": _family(
        rules.embedding_as_wide,
        rules.offset_positions,
        **_PLAIN,
        hidden_size=entry("hidden_size", "d_model"),
        intermediate_size=entry("ffn_dim"),
        embedding_size=entry("word_embed_proj_dim", absent=same_as("hidden_size")),
        tied_embeddings=_TIED,
        context_length=entry("max_position_embeddings", absent=2048),
    ),
    "bloom": _family(
        **_PLAIN,
        layers=entry("n_layer", "num_hidden_layers"),
        hidden_size=entry("hidden_size", "n_embed"),
        attention_heads=entry("n_head", "num_attention_heads"),
        intermediate_size=entry("n_inner", absent=four_times_hidden),
        tied_embeddings=_TIED,
        context_length=entry("seq_length", absent=None),
    ),
    "gpt2": _family(
        rules.positions,
        **_PLAIN,
        tied_embeddings=_TIED,
        context_length=entry("n_positions", "n_ctx", absent=1024),
        **_GPT2_SIZES,
    ),
    "gptj": _family(
        gated_mlp=always(value=False),
        context_length=entry("n_positions", "n_ctx", absent=2048),
        **_GPT2_SIZES,
    ),
    "gpt_neox": _family(**_PLAIN),
    "olmo": _AS_BASE,
    "olmo2": _AS_BASE,
    "olmo3": _alternating(4, 4096),
    "olmoe": _family(**_experts("num_experts", 64, 8)),
    "granite": _LLAMA,
    "granitemoe": _family(**_experts("num_local_experts", 8, 2)),
    "cohere": _family(tied_embeddings=_TIED),
    "cohere2": _alternating(4, 4096, tied_embeddings=_TIED),
    "glm": _GLM,
    "glm4": _GLM,
    "glm4_moe": _family(
        rules.dense_first,
        key_value_heads=_key_value_heads(8),
        **_experts("n_routed_experts", 128, 8),
        shared_experts=entry("n_shared_experts", absent=1),
        expert_intermediate_size=entry("moe_intermediate_size"),
        dense_before=entry("first_k_dense_replace", absent=1),
    ),
    "minimax_m2": _family(
        key_value_heads=_key_value_heads(8),
        head_dimension=entry("head_dim", absent=128),
        **_experts("num_local_experts", 256, 8),
    ),
    "nemotron": _family(gated_mlp=always(value=False)),
    "grok-1": _family(
        key_value_heads=_key_value_heads(8), tied_embeddings=_TIED, **_experts("num_experts", 8, 2)
    ),
    "stablelm": _family(key_value_heads=_key_value_heads(32)),
    "smollm3": _family(key_value_heads=_key_value_heads(4), tied_embeddings=_TIED),
    "llama4_text": _family(
        rules.chunks,
        rules.dense_in_pattern,
        shared_experts=always(1),
        attention_heads=entry("num_attention_heads", absent=40),
        key_value_heads=_key_value_heads(8),
        head_dimension=entry("head_dim", absent=128, null=per_head),
        vocabulary_size=entry("vocab_size", absent=202048),
        intermediate_size=entry("intermediate_size_mlp", absent=16384),
        expert_intermediate_size=entry("intermediate_size", absent=8192),
        **_experts("num_local_experts", 16, 1),
        routed_step=entry("interleave_moe_layer_step", absent=1),
        routed_listed=_items("moe_layers"),
        sliding_window=entry("attention_chunk_size", absent=8192, null=None),
        rotary_layers=_items("no_rope_layers"),
        layer_types=_items("layer_types"),
        window_period=entry(
            "no_rope_layer_interval", absent=unless_listed(4, "layer_types", "rotary_layers")
        ),
    ),
}
"""Families by ``model_type``."""

NESTED: Final[dict[str, str]] = {
    "gemma3": "gemma3_text",
    "kimi_k25": "kimi_k2",
    "llama4": "llama4_text",
    "mistral3": "mistral",
    "qwen3_vl": "qwen3_vl_text",
    "qwen3_vl_moe": "qwen3_vl_moe_text",
}
"""Models that read images too: the ``model_type`` of what stands in their ``text_config``."""
