"""A mapping that nobody can change.

Unlike `types.MappingProxyType` it can be pickled and copied, which nouns must be: they travel to
other processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

__all__ = ["ReadOnly"]

Key = TypeVar("Key")
Item_co = TypeVar("Item_co", covariant=True)


class ReadOnly(Mapping[Key, Item_co]):
    """A read-only copy of a mapping.

    Parameters
    ----------
    items : mapping
        What it holds.

    Examples
    --------
    >>> ReadOnly({"bf16": 1})
    {'bf16': 1}
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[Key, Item_co]) -> None:
        self._items = dict(items)

    def __getitem__(self, key: Key) -> Item_co:
        return self._items[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(self._items)
