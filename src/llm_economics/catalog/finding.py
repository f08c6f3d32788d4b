"""`find`: entries of a shelf by what stands in them.

A criterion is the name of a field: a text to equal, or a list of texts of which one is enough.
Figures have an order, so they are asked for by `<field>_at_least` and `<field>_at_most`; what is
compared is the median. Rejected: equality of figures (80 GB and 80 GiB are not equal, and nobody
means that), taking unknown figures for zero, and a language of queries in texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs
from pint.facets.plain import PlainQuantity

from llm_economics.catalog.stock import folded
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    NotationError,
    UnknownNameError,
)
from llm_economics.core.fields import dimension_of
from llm_economics.core.nouns import Noun
from llm_economics.core.reading import quantity

if TYPE_CHECKING:
    from llm_economics.core.dimensions import Dimension
    from llm_economics.core.registry import Quantity

__all__ = ["Found", "fields_of", "select"]

Item = TypeVar("Item")

_ENDINGS = {"_at_least": 1, "_at_most": -1}

_SLACK = 1e-9  # units go back and forth, and "at least 80" holds for 80


class Found(list[Item], Generic[Item]):
    """What a search found: a list of entries that shows itself by their names.

    Parameters
    ----------
    items : iterable
        The entries.
    unknown : sequence of str
        Names of entries that were left out, since a figure that was asked for is not known.
    """

    def __init__(self, items: Iterable[Item] = (), unknown: Iterable[str] = ()) -> None:
        super().__init__(items)
        self.unknown: tuple[str, ...] = tuple(unknown)

    def __repr__(self) -> str:
        names = ", ".join(_name(item) for item in self)
        left = f"; not known of {', '.join(self.unknown)}" if self.unknown else ""
        return f"<{len(self)} found{': ' if names else ''}{names}{left}>"


def select(what: str, entries: Iterable[Item], criteria: Mapping[str, Any]) -> Found[Item]:
    """Find the entries that meet every criterion.

    Parameters
    ----------
    what : str
        What an entry is, for messages: "accelerator".
    entries : iterable
        Where to look.
    criteria : mapping
        What they should meet, as `Shelf.find` takes it.

    Returns
    -------
    Found
        The entries, and the names of those of which an asked figure is unknown.

    Raises
    ------
    UnknownNameError
        If there is no such field.
    DimensionError
        If a limit has another dimension than its field.
    NotationError
        If a figure is asked to equal something, or a text to be at least something.
    """
    known = list(entries)
    tests = [_test(what, known, name, wanted) for name, wanted in criteria.items()]
    found: list[Item] = []
    unknown: list[str] = []
    for entry in known:
        answers = [test(entry) for test in tests]
        if all(answers):
            found.append(entry)
        elif all(answer is None or answer for answer in answers):
            unknown.append(_name(entry))
    return Found(found, unknown)


def fields_of(entry: Any) -> dict[str, Any]:
    """Every field of an entry by name; a mapping gives one for each part, such as "peaks_bf16".

    Parameters
    ----------
    entry : noun or Source
        The entry.

    Returns
    -------
    dict
        Values by name; None where nothing is known.
    """
    fields: dict[str, Any] = {}
    for field in attrs.fields(type(entry)):
        value = getattr(entry, field.name)
        if field.name == "provenance" or callable(value):
            continue
        fields[field.name] = value
        if isinstance(value, Mapping):
            fields |= {f"{field.name}_{part}": item for part, item in value.items()}
    return fields


def _test(
    what: str, entries: list[Any], criterion: str, wanted: Any
) -> Callable[[Any], bool | None]:
    """Make what tells whether an entry meets a criterion; None is "nobody knows"."""
    ending = next((end for end in _ENDINGS if criterion.endswith(end)), "")
    name = criterion.removesuffix(ending)
    kinds = _kinds(what, entries, name)
    dimension = _dimension(entries, name)
    if ending:
        limit = _read_limit(criterion, kinds, dimension, wanted)
        return _limit(name, limit, _ENDINGS[ending])
    if dimension is not None or any(isinstance(value, PlainQuantity) for value in kinds):
        message = (
            f"find: {name} is a figure; write {name}_at_least={str(wanted)!r} or "
            f"{name}_at_most={str(wanted)!r}"
        )
        raise NotationError(message)
    wishes = wanted if isinstance(wanted, (list, tuple, set, frozenset)) else [wanted]
    words = {word for wish in wishes for word in _words(wish)}
    return lambda entry: bool(words & _words(fields_of(entry).get(name)))


def _dimension(entries: list[Any], name: str) -> Dimension | None:
    """Dimension of a field, None if it holds words or figures of several."""
    fields = attrs.fields_dict(type(entries[0])) if entries else {}
    return dimension_of(fields[name].converter) if name in fields else None


def _kinds(what: str, entries: list[Any], name: str) -> list[Any]:
    """Values of a field that are known; refuse a field that no entry has."""
    rows = [fields_of(entry) for entry in entries]
    fields = dict.fromkeys(field for row in rows for field in row)
    if rows and name not in fields:
        raise UnknownNameError(name, fields, f"field of the {what} entries")
    return [row[name] for row in rows if row.get(name) is not None]


def _read_limit(
    criterion: str, kinds: list[Any], dimension: Dimension | None, wanted: Any
) -> Quantity:
    """Read a limit and refuse one of another dimension than the figures."""
    figures = [value for value in kinds if isinstance(value, PlainQuantity)]
    if kinds and not any(_is_number(value) for value in kinds):
        message = (
            f"find: {criterion} needs a field with figures; this one has {str(kinds[0])!r}: "
            f"write {criterion.rpartition('_at_')[0]}=..."
        )
        raise NotationError(message)
    try:
        read = quantity(wanted) if dimension is None else dimension.read(wanted)
    except LLMEconomicsError as error:
        text = str(error)
        join = " " if text.startswith("needs") else ": "
        raise type(error)(f"find: {criterion}{join}{text}") from None
    if figures and not any(value.is_compatible_with(read) for value in figures):
        message = f"find: {criterion} needs a figure such as '{figures[0]}'; got {wanted!r}"
        raise DimensionError(message)
    return read.median()


def _limit(name: str, limit: Quantity, sign: int) -> Callable[[Any], bool | None]:
    def meets(entry: Any) -> bool | None:
        value: Any = fields_of(entry).get(name)
        if not _is_number(value):
            return None
        figure = quantity(value).median()
        if not figure.is_compatible_with(limit):  # claims are about different things
            return False
        mine, asked = (float(end.to_root_units().magnitude) for end in (figure, limit))
        return sign * (mine - asked) >= -_SLACK * abs(asked)

    return meets


def _is_number(value: Any) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number or isinstance(value, PlainQuantity)


def _words(value: Any) -> set[str]:
    """Every word by which a value can be asked for, folded."""
    if value is None:
        return set()
    if isinstance(value, Noun):
        words = [getattr(value, "name", ""), *getattr(value, "aliases", ())]
    elif isinstance(value, (tuple, Mapping)):
        words = [str(item) for item in value]
    else:
        words = [str(getattr(value, "key", value))]
    return {folded(word) for word in words}


def _name(entry: Any) -> str:
    return str(getattr(entry, "name", None) or getattr(entry, "key", entry))
