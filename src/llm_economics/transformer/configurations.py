"""From the configuration of a model, as Hugging Face publishes it, to its shape.

Data in, data out: no file is opened here, no code of a model is run, nothing is downloaded. What a
file omits is taken from the family and listed; what no family describes is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import (
    CatalogError,
    LLMEconomicsError,
    UnknownNameError,
)
from llm_economics.transformer.architecture import Architecture
from llm_economics.transformer.configuration_entries import Taken, take
from llm_economics.transformer.configuration_families import BASE, FAMILIES, NESTED

if TYPE_CHECKING:
    from llm_economics.transformer.configuration_families import Family

__all__ = ["Configuration", "read_configuration"]

_TYPE = "model_type"
_TEXT = "text_config"


@attrs.frozen(kw_only=True)
class Configuration:
    """What a configuration says about a model."""

    model_type: str
    """Family of configurations: "llama"."""

    architecture: Architecture
    """Shape of the model, of its text part alone if it reads images too."""

    context_length: int | None
    """Longest context (token), if it says so."""

    name: str
    """Name that the file gives the model; empty if none."""

    defaults: Mapping[str, Any]
    """What was taken from the family for keys that are absent, by key."""

    text_part: bool
    """Whether the shape is that of one part of the model."""


def read_configuration(config: Any, where: str = "configuration") -> Configuration:
    """Read the configuration of a model.

    Parameters
    ----------
    config : mapping
        Content of a ``config.json``.
    where : str
        What to call it in errors.

    Returns
    -------
    Configuration
        Shape, context, and what was taken from the family.

    Raises
    ------
    CatalogError
        With every key that is missing or wrong.
    UnknownNameError
        If the family is not known.

    Examples
    --------
    >>> read = read_configuration(
    ...     {
    ...         "model_type": "llama",
    ...         "num_hidden_layers": 32,
    ...         "hidden_size": 4096,
    ...         "num_attention_heads": 32,
    ...         "intermediate_size": 11008,
    ...         "vocab_size": 32000,
    ...     }
    ... )
    >>> print(f"{read.architecture.total_parameters().to('Gparameter'):.4g}")
    6.738 Gparameter
    >>> dict(read.defaults)["num_key_value_heads"]
    32
    """
    inner, model_type = _text_part(config, where)
    family = FAMILIES.get(model_type)
    if family is None:
        raise _unknown(model_type, inner, where)
    taken = _take_all(inner, family)
    if not taken.problems:
        _apply(family, taken)
    shape = None if taken.problems else _shape(taken)
    if shape is None:
        raise CatalogError(where, taken.problems)
    name = inner.get("_name_or_path") or config.get("_name_or_path")
    return Configuration(
        model_type=model_type,
        architecture=shape,
        context_length=taken.values["context_length"] or None,
        name=name if isinstance(name, str) else "",
        defaults=taken.defaults,
        text_part=inner is not config,
    )


def _text_part(config: Any, where: str) -> tuple[Mapping[str, Any], str]:
    """Find the text part and its family."""
    if not isinstance(config, Mapping):
        needed = "needs a mapping with the keys of a configuration, or the path of a config.json"
        raise CatalogError(where, [f"it {needed}; got a value of type {type(config).__name__}"])
    outer = _model_type(config, where)
    if outer not in NESTED:
        return config, outer
    inner = config.get(_TEXT)
    if not isinstance(inner, Mapping):
        problem = f"{_TEXT}: is missing; {_TYPE} {outer} keeps the keys of its text part there"
        raise CatalogError(where, [problem])
    shared = {key: config[key] for key in ("tie_word_embeddings",) if key in config}
    merged = {_TYPE: NESTED[outer], **shared, **inner}
    return merged, _model_type(merged, where)


def _model_type(config: Mapping[str, Any], where: str) -> str:
    found = config.get(_TYPE)
    if not isinstance(found, str) or not found:
        came = "is missing" if found is None else "needs a text"
        raise CatalogError(where, [f'{_TYPE}: {came}; write its family, such as "llama"'])
    return found


def _unknown(model_type: str, config: Mapping[str, Any], where: str) -> UnknownNameError:
    known = [source.keys for source in BASE.values() if source.keys]
    lacking = [keys[0] for keys in known if not {*keys} & {*config}]
    keys = (
        f" Of the keys that most families have, it lacks {', '.join(lacking)}." if lacking else ""
    )
    hint = (
        f"It came from {where}.{keys} Give the shape by hand: le.Model(name=..., "
        "architecture=le.Architecture(layers=..., hidden_size=..., ...))."
    )
    return UnknownNameError(model_type[:_LONG], [*FAMILIES, *NESTED], _TYPE, hint=hint)


_LONG = 60


def _take_all(config: Mapping[str, Any], family: Family) -> Taken:
    taken = Taken(config=config)
    for field, source in family.entries.items():
        take(taken, field, source)
    return taken


def _apply(family: Family, taken: Taken) -> None:
    for rule in family.rules:
        try:
            rule(taken.values)
        except LLMEconomicsError as error:
            taken.problems.append(str(error))


def _shape(taken: Taken) -> Architecture | None:
    """Make the shape; None, with a problem noted, if it contradicts itself or cannot be counted."""
    fields = {field.name for field in attrs.fields(Architecture)} - {"provenance"}
    values = {name: value for name, value in taken.values.items() if name in fields}
    try:
        shape = Architecture(**values)
        shape.active_parameters()
    except LLMEconomicsError as error:
        taken.problems.append(str(error))
        return None
    return shape
