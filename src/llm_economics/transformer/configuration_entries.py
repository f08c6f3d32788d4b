"""Entries of a configuration: which key holds a value, and what counts where the key is absent.

An entry says it once, for whole numbers, flags and lists. What it found, and what it took instead,
is kept, so that nothing is filled in silently. Rejected: one class per family with a method per
value, which is the same table with more words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

import attrs

from llm_economics.core.errors import NotationError

__all__ = [
    "AS_ABSENT",
    "REQUIRED",
    "Entry",
    "Holds",
    "Taken",
    "always",
    "entry",
    "four_times_hidden",
    "per_head",
    "same_as",
    "take",
    "unless_listed",
]

_MOST = 10**9


class Holds(StrEnum):
    """What a key of a configuration holds."""

    WHOLE = "whole"
    """A whole number from 0."""
    FLAG = "flag"
    """True or false."""
    ITEMS = "items"
    """A list."""


class _Word:
    """Stands for what is no value; its own class, since None is one."""


REQUIRED = _Word()
"""No default: where the key is absent, the configuration is refused."""

AS_ABSENT = _Word()
"""What null means to most keys: the same as if the key were absent."""

Derive = Callable[[Mapping[str, Any]], int]
"""Makes a default from what was read before."""


@attrs.frozen(kw_only=True)
class Entry:
    """One value of a configuration; made by `entry` or `always`."""

    keys: tuple[str, ...]
    """Keys that may hold it; the first one that is there counts."""

    absent: Any
    """What counts where no key is there: a value, a function of the values before, `REQUIRED`."""

    null: Any
    """What counts where the key holds null: a value, a function, `REQUIRED`, `AS_ABSENT`."""

    holds: Holds
    """What it holds."""

    @property
    def label(self) -> str:
        """Its keys, for a message."""
        others = "".join(f" (or {key})" for key in self.keys[1:])
        return f"{self.keys[0]}{others}"


def entry(
    *keys: str, absent: Any = REQUIRED, null: Any = AS_ABSENT, holds: Holds = Holds.WHOLE
) -> Entry:
    """Make an entry.

    Parameters
    ----------
    *keys : str
        Keys that may hold the value.
    absent, null : object
        What counts where no key is there, and where it holds null.
    holds : Holds
        What it holds.

    Returns
    -------
    Entry
        The entry.

    Examples
    --------
    >>> entry("num_hidden_layers", "n_layer").label
    'num_hidden_layers (or n_layer)'
    """
    return Entry(keys=keys, absent=absent, null=null, holds=holds)


def always(value: Any) -> Entry:
    """Make an entry that no key holds: what a family always has."""
    return entry(absent=value)


def same_as(field: str) -> Derive:
    """Take the value of another field."""

    def derive(values: Mapping[str, Any]) -> int:
        return int(values[field])

    return derive


def per_head(values: Mapping[str, Any]) -> int:
    """Divide the hidden size among the heads; refuse a remainder."""
    hidden, heads = values["hidden_size"], values["attention_heads"]
    if not heads or hidden % heads:
        message = f"is missing, and {hidden} elements do not divide among {heads} heads; write it"
        raise NotationError(message)
    return int(hidden // heads)


def four_times_hidden(values: Mapping[str, Any]) -> int:
    """Take four times the hidden size, as GPT-2 did."""
    return 4 * int(values["hidden_size"])


def unless_listed(value: int, *lists: str) -> Callable[[Mapping[str, Any]], int | None]:
    """Take a value where none of some lists says more."""

    def derive(values: Mapping[str, Any]) -> int | None:
        return None if any(values.get(name) for name in lists) else value

    return derive


@attrs.define
class Taken:
    """What was read so far."""

    config: Mapping[str, Any]
    """The configuration."""

    values: dict[str, Any] = attrs.field(factory=dict)
    """Values by field."""

    defaults: dict[str, Any] = attrs.field(factory=dict)
    """What was taken for keys that are absent or null, by key."""

    problems: list[str] = attrs.field(factory=list)
    """What is wrong, each with its key."""


def take(taken: Taken, field: str, source: Entry) -> None:
    """Read one value, its default, or its problem.

    Parameters
    ----------
    taken : Taken
        What was read before; gets the value, the default or the problem.
    field : str
        Name under which the value is kept.
    source : Entry
        Where it stands.
    """
    key = next((key for key in source.keys if key in taken.config), None)
    try:
        if key is not None and taken.config[key] is not None:
            taken.values[field] = _checked(source.holds, taken.config[key])
        else:
            _take_default(taken, field, source, is_null=key is not None)
    except NotationError as error:
        taken.problems.append(f"{key or source.label}: {error}")
    except KeyError:
        # The default rests on a value that has a problem of its own, which is noted.
        return


def _take_default(taken: Taken, field: str, source: Entry, *, is_null: bool) -> None:
    chosen = source.null if is_null and source.null is not AS_ABSENT else source.absent
    if chosen is REQUIRED:
        message = (
            f"is {'null' if is_null else 'missing'}; write it, such as {_EXAMPLES[source.holds]}"
        )
        raise NotationError(message)
    value = chosen(taken.values) if callable(chosen) else chosen
    taken.values[field] = value
    if source.keys and value is not None:
        taken.defaults[source.keys[0]] = value


_EXAMPLES = {Holds.WHOLE: "32", Holds.FLAG: "true", Holds.ITEMS: "[]"}


def _checked(holds: Holds, value: Any) -> Any:
    checks = {Holds.WHOLE: _whole, Holds.FLAG: _flag, Holds.ITEMS: _items}
    return checks[holds](value)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST:
        message = f"needs a whole number, such as 32; got {_brief(value)}"
        raise NotationError(message)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        message = f"needs true or false; got {_brief(value)}"
        raise NotationError(message)
    return value


def _items(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        message = f"needs a list; got {_brief(value)}"
        raise NotationError(message)
    return tuple(value)


_LONG = 40


def _brief(value: Any) -> str:
    if isinstance(value, int) and abs(value) > _MOST:
        return f"one beyond {_MOST:.0e}"
    if not isinstance(value, (bool, int, float, str)):
        return f"a value of type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."
