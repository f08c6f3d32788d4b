"""Rules of configurations: what follows from several keys together.

A rule changes the values that were read, in place: it counts the layers of a kind, joins the parts
of a head, or refuses what no `Architecture` holds. Counting is arithmetic, never a walk over
layers, so that a wrong number of layers costs nothing.
"""

from __future__ import annotations

from typing import Any

from llm_economics.core.errors import NotationError

__all__ = [
    "biases_of_all",
    "chunks",
    "dense_first",
    "dense_in_pattern",
    "dense_in_steps",
    "embedding_as_wide",
    "falcon_heads",
    "latent_heads",
    "no_window",
    "offset_positions",
    "positions",
    "shared_by_width",
    "window_above",
    "window_in_all",
    "window_in_pattern",
]

Values = dict[str, Any]
_FULL = "full_attention"
_WITHIN = {"sliding_attention", "chunked_attention"}


def no_window(values: Values) -> None:
    """Refuse a window that is in use where no public model has one."""
    if values["window_in_use"]:
        message = (
            "use_sliding_window = true is not read for this model_type; "
            "give le.Architecture(sliding_window=..., sliding_layers=...) by hand"
        )
        raise NotationError(message)


def window_in_all(values: Values) -> None:
    """Count the window in every layer, or in none if there is no window."""
    _set_window(values, values["layers"])


def window_in_pattern(values: Values) -> None:
    """Count the layers that are listed; else all but each last one of a period."""
    _set_window(values, _listed(values, _all_but_each(values)))


def window_above(values: Values) -> None:
    """Count the layers from some layer on, if the window is in use at all."""
    if not values["window_in_use"]:
        _set_window(values, 0)
        return
    _set_window(values, _listed(values, max(values["layers"] - values["window_from"], 0)))


def chunks(values: Values) -> None:
    """Count the layers that attend to chunks: those with rotary positions (Llama 4)."""
    flags = values["rotary_layers"]
    rotary = sum(1 for flag in flags if flag) if flags else _all_but_each(values)
    _set_window(values, _listed(values, rotary))


def _all_but_each(values: Values) -> int:
    """Layers without each last one of a period; a period of 0 or of more layers leaves out none."""
    layers, period = values["layers"], values["window_period"]
    return int(layers - layers // period) if period else int(layers)


def _listed(values: Values, otherwise: int) -> int:
    kinds = values["layer_types"]
    if not kinds:
        return otherwise
    within = sum(1 for kind in kinds if kind in _WITHIN)
    if len(kinds) != values["layers"] or within + kinds.count(_FULL) != len(kinds):
        message = (
            f"layer_types needs one of {_FULL}, {', '.join(sorted(_WITHIN))} for each of "
            f"{values['layers']} layers; give le.Architecture(...) by hand for other layers"
        )
        raise NotationError(message)
    return within


def _set_window(values: Values, sliding: int) -> None:
    # A window of 0, which some files write, is no window.
    if values["sliding_window"] and sliding:
        values["sliding_layers"] = sliding
    else:
        values["sliding_window"] = None


def dense_first(values: Values) -> None:
    """Count the first layers, and those between the routed ones, as dense (DeepSeek)."""
    layers, first = values["layers"], min(values["dense_before"], values["layers"])
    frequency = max(values.get("routed_frequency") or 1, 1)
    routed = -(-layers // frequency) + (-first // frequency)
    _set_dense(values, layers - routed)


def dense_in_steps(values: Values) -> None:
    """Count as dense what is listed, and all but each last layer of a step (Qwen)."""
    layers, step = values["layers"], max(values["routed_step"], 1)
    listed = {layer for layer in values["dense_listed"] or () if isinstance(layer, int)}
    on_step = [n for n in listed if 0 <= n < layers and (n + 1) % step == 0]
    _set_dense(values, layers - layers // step + len(on_step))


def dense_in_pattern(values: Values) -> None:
    """Count as routed what is listed, else each last layer of a step (Llama 4)."""
    listed, step = values["routed_listed"], max(values["routed_step"], 1)
    routed = values["layers"] // step if listed is None else len(listed)
    _set_dense(values, values["layers"] - routed)


def _set_dense(values: Values, dense: int) -> None:
    if values["experts"] and dense < values["layers"]:
        values["dense_layers"] = dense
        return
    for field in ("experts", "active_experts", "shared_experts", "expert_intermediate_size"):
        values[field] = None


def shared_by_width(values: Values) -> None:
    """Count a shared expert that is several times as wide as several."""
    wide, each = values["shared_width"] or 0, values["expert_intermediate_size"]
    if not each:  # no experts, or a width that the shape refuses
        return
    if wide % each:
        message = (
            f"a shared expert of width {wide} is no whole number of experts of width {each}; "
            "give le.Architecture(...) and the parameters by hand"
        )
        raise NotationError(message)
    values["shared_experts"] = wide // each


def latent_heads(values: Values) -> None:
    """Join the two parts of a head of latent attention."""
    values["head_dimension"] = values["plain_head_dimension"] + values["rotary_head_dimension"]


def falcon_heads(values: Values) -> None:
    """Find the heads of keys and values: as written in the newer files, one or all in the older."""
    older = 1 if values["multi_query"] else values["attention_heads"]
    values["key_value_heads"] = values["written_heads"] if values["newer_layers"] else older


def positions(values: Values) -> None:
    """Learn an embedding for each position of the context (GPT-2)."""
    values["learned_positions"] = values["context_length"]


def offset_positions(values: Values) -> None:
    """Learn two embeddings more than positions (OPT)."""
    values["learned_positions"] = values["context_length"] + 2


def embedding_as_wide(values: Values) -> None:
    """Refuse embeddings that are narrower than the model."""
    wide, hidden = values["embedding_size"], values["hidden_size"]
    if wide != hidden:
        message = (
            f"embeddings of width {wide} in a model of width {hidden} are not held; "
            "give le.Architecture(...) and the parameters by hand"
        )
        raise NotationError(message)


def biases_of_all(values: Values) -> None:
    """Count biases only where attention and feed-forward layers both have them."""
    values["projection_biases"] = values["attention_biases"] and values["feed_forward_biases"]
