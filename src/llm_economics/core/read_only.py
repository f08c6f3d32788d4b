"""A mapping that nobody can change.

Unlike `types.MappingProxyType` it can be pickled and copied, which nouns must be: they travel to
other processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

import attrs

__all__ = ["Later", "ReadOnly"]

Key = TypeVar("Key")
Item_co = TypeVar("Item_co", covariant=True)


@attrs.frozen(eq=False)
class Later:
    """A value of a `ReadOnly` mapping that is made when it is first looked at."""

    make: Callable[[], Any]
    """Makes the value."""


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
        item = self._items[key]
        if isinstance(item, Later):
            # Two threads may both make it; they make the same.
            item = self._items[key] = cast("Item_co", item.make())
        return item

    def __iter__(self) -> Iterator[Key]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle what it holds, made by then."""
        return ReadOnly, (dict(self.items()),)
