"""`Shelf`: a read-only mapping of one kind of noun.

Lookup forgives case, spaces, hyphens, a vendor in front and a memory size behind, and knows
aliases; a miss offers the nearest names. An entry that cannot be built is an error when it is asked
for by name, and no obstacle to the others.
Rejected: a plain dict (everything would be built at import) and attributes (`le.accelerators.H100`
cannot be written for "H100 SXM").
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from llm_economics.catalog.finding import Found, select
from llm_economics.catalog.frame import frame_of
from llm_economics.catalog.stock import LOCK, CatalogWarning
from llm_economics.core.display import html_escape
from llm_economics.core.errors import CatalogError, LLMEconomicsError

if TYPE_CHECKING:
    import pandas as pd

    from llm_economics.catalog.stock import Stock

__all__ = ["Shelf"]

Item = TypeVar("Item")

_SHOWN = 6

_DESCRIBING = (
    "vendor",
    "developer",
    "operator",
    "organisation",
    "authors",
    "release",
    "form_factor",
    "disclosure",
    "description",
    "statement",
    "title",
)
"""Words that stand beside a name where a shelf is shown."""


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
Did you mean 'H100 SXM', ...? list(le.accelerators) shows all ...
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

    def find(self, **criteria: Any) -> Found[Item]:
        """Entries by what stands in them; all criteria have to be met.

        Parameters
        ----------
        **criteria
            ``<field>=...`` for words: a text, spelt freely, or a list of texts of which one is
            enough. A field of several words, such as `aliases` or `peaks`, needs one of them.
            ``<field>_at_least=...`` and ``<field>_at_most=...`` for figures, as text with a unit
            or as a quantity; the medians are compared. A peak is called ``peaks_bf16``.

        Returns
        -------
        Found
            A list of entries, in the order of the shelf. Entries of which an asked figure is not
            known are left out; their names are in its `unknown`.

        Raises
        ------
        UnknownNameError
            If there is no such field, with the nearest names.
        DimensionError
            If a limit has another dimension than the field.
        NotationError
            If a figure is asked to equal something, or words to be at least something.

        Warns
        -----
        CatalogWarning
            If entries cannot be read; they are left out.

        Examples
        --------
        >>> import llm_economics as le
        >>> [a.name for a in le.accelerators.find(name="h100-sxm", memory_at_least="80 GB")]
        ['H100 SXM']
        """
        return select(self._stock.what, self._built("find()").values(), criteria)

    def to_frame(self) -> pd.DataFrame:
        """All entries as a pandas frame, one row for each.

        Returns
        -------
        pandas.DataFrame
            A figure has three columns with its unit in the heading, "power [W]", "power low [W]"
            and "power high [W]": median and quoted ends, NaN where nobody knows. Words have one.

        Raises
        ------
        MissingInputError
            If pandas is not installed.

        Warns
        -----
        CatalogWarning
            If entries cannot be read; they are left out.
        """
        return frame_of(self._built("to_frame()"))

    def _built(self, asked: str) -> dict[str, Item]:
        """All entries that can be built; the others are told in one warning."""
        built: dict[str, Item] = {}
        problems: list[str] = []
        for name in self:
            try:
                built[name] = self[name]
            except LLMEconomicsError as error:
                problems += getattr(error, "problems", [f"{name}: {error}"])
        if problems:
            text = "\n  - ".join([f"{asked} leaves out what cannot be read:", *problems])
            warnings.warn(text, CatalogWarning, stacklevel=3)
        return built

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        names = list(self)
        more = ", ..." if len(names) > _SHOWN else ""
        return f"<{len(names)} {self._stock.what} entries: {', '.join(names[:_SHOWN])}{more}>"

    def _repr_html_(self) -> str:
        with LOCK:
            tables = dict(self._stock.opened().tables)
        items = "".join(f"<li>{html_escape(_line(*entry))}</li>" for entry in tables.items())
        return f"<p>{len(tables)} {self._stock.what} entries</p><ul>{items}</ul>"


def _line(name: str, table: Mapping[str, Any]) -> str:
    """Name of an entry and the words that describe it, without building it."""
    try:
        words = [table.get(field) for field in _DESCRIBING]
    except CatalogError:  # it is malformed, which is said to whoever asks for it
        words = []
    told = ", ".join(str(word) for word in words if isinstance(word, str) and word)
    return f"{name}: {told}" if told else name
