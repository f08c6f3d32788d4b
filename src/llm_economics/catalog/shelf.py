"""`Shelf`: a read-only mapping of one kind of noun.

Lookup forgives case, spaces and hyphens, and knows aliases; a miss offers the nearest names.
Rejected: a plain dict (everything would be built at import) and attributes (`le.accelerators.H100`
cannot be written for "H100 SXM").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from llm_economics.catalog.stock import LOCK
from llm_economics.core.display import html_escape

if TYPE_CHECKING:
    from llm_economics.catalog.stock import Stock

__all__ = ["Shelf"]

Item = TypeVar("Item")

_SHOWN = 6


class Shelf(Mapping[str, Item]):
    """Entries of one kind by name; read-only.

    Parameters
    ----------
    stock : Stock
        Where the entries are.

    Examples
    --------
    >>> import llm_economics as le
    >>> le.accelerators["h100"] is le.accelerators["H100 SXM"]
    True
    >>> le.accelerators["h100 smx"]
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.UnknownNameError: there is no accelerator named 'h100 smx'. \
Did you mean 'H100 SXM', ...? list(le.accelerators) shows all 10.
    """

    __slots__ = ("_stock",)

    def __init__(self, stock: Stock[Item]) -> None:
        self._stock = stock

    def __getitem__(self, name: str) -> Item:
        """Entry of that name or alias.

        Raises
        ------
        UnknownNameError
            If there is none, with the nearest names.
        """
        with LOCK:
            return self._stock.item(name)

    def __iter__(self) -> Iterator[str]:
        with LOCK:
            return iter(tuple(self._stock.opened().tables))

    def __len__(self) -> int:
        with LOCK:
            return len(self._stock.opened().tables)

    def __contains__(self, name: object) -> bool:
        with LOCK:
            return self._stock.key(name) is not None

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        names = list(self)
        more = ", ..." if len(names) > _SHOWN else ""
        return f"<{len(names)} {self._stock.what} entries: {', '.join(names[:_SHOWN])}{more}>"

    def _repr_html_(self) -> str:
        items = "".join(f"<li>{html_escape(name)}</li>" for name in self)
        return f"<p>{len(self)} {self._stock.what} entries</p><ul>{items}</ul>"
