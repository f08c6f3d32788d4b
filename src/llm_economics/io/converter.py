"""The one cattrs converter, and the shape of a datum in a file of facts.

Files are read as data: no code, no pickle. cattrs checks the shape and names the path of each
problem; the meaning (units, limits) is checked where the quantity is read.
"""

from __future__ import annotations

from typing import Any

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn
from cattrs.v import format_exception, transform_error

from llm_economics.core.errors import CatalogError
from llm_economics.core.sources import Source

__all__ = ["Datum", "OtherDatum", "as_texts", "converter", "structured"]


def as_texts(value: Any) -> tuple[str, ...]:
    """Read one text or a list of texts.

    Parameters
    ----------
    value : object
        What a file holds.

    Returns
    -------
    tuple of str
        The texts.

    Raises
    ------
    TypeError
        If it is something else.

    Examples
    --------
    >>> as_texts("a-source"), as_texts(["one", "two"])
    (('a-source',), ('one', 'two'))
    """
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        message = f"needs a text or a list of texts; got {value!r}"
        raise TypeError(message)
    return tuple(items)


def _text(value: Any, _: type[str]) -> str:
    if not isinstance(value, str):
        message = f"needs a text in quotes; got {value!r}"
        raise TypeError(message)
    return value


def _number(value: Any, _: type[float]) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"needs a number; got {value!r}"
        raise TypeError(message)
    return float(value)


@attrs.frozen(kw_only=True)
class OtherDatum:
    """What another source says about the same figure."""

    value: str
    """The figure as text: "700 W", "7–15 MW"."""
    source: tuple[str, ...]
    """Keys of the sources."""
    kind: str
    """Who stated it, and how."""
    date: str
    """When it was published or observed."""
    confidence: str
    """Whether it was checked at its source."""
    note: str = ""
    """What is counted."""
    shape: str | None = None
    """Shape of a range, if not by convention."""
    level: float | None = None
    """Probability between the ends, if not 0.90."""


@attrs.frozen(kw_only=True)
class Datum(OtherDatum):
    """A figure as it stands in a file: value, source, kind, date, confidence."""

    alternatives: tuple[OtherDatum, ...] = ()
    """What other sources say."""


def structured(raw: Any, cls: type[Any], path: str) -> Any:
    """Read a table into a class, or refuse it with every problem.

    Parameters
    ----------
    raw : object
        The table.
    cls : type
        `Datum` or `Source`.
    path : str
        Path of the table in the file.

    Returns
    -------
    cls
        What was read.

    Raises
    ------
    CatalogError
        With one line per problem, each with its path.
    """
    if not isinstance(raw, dict):
        keys = ", ".join(
            field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING
        )
        raise CatalogError(path, [f"{path}: needs a table with {keys}; got {raw!r}"])
    try:
        return converter.structure(raw, cls)
    except Exception as error:  # noqa: BLE001 - cattrs raises groups of anything
        lines = transform_error(error, path="$", format_exception=_describe)
        raise CatalogError(path, [_placed(line, path) for line in lines]) from None


def _describe(error: BaseException, type_: type | None) -> str:
    if isinstance(error, (TypeError, ValueError)):
        return str(error)
    return format_exception(error, type_)


def _placed(line: str, path: str) -> str:
    """Put the path before the message; cattrs puts it behind."""
    text, _, place = line.rpartition(" @ ")
    text = text.replace("required field missing", "is missing")
    text = text.replace("extra fields found (", "there is no such field (")
    return f"{path}{place.removeprefix('$')}: {text}"


def _build() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    made.register_structure_hook(str, _text)
    made.register_structure_hook(float, _number)
    made.register_structure_hook_func(
        lambda kind: kind == tuple[str, ...], lambda value, _: as_texts(value)
    )
    # Sources are flat records of texts; the class itself checks keys and dates.
    made.register_structure_hook(
        Source, make_dict_structure_fn(Source, made, _cattrs_forbid_extra_keys=True)
    )
    return made


converter: cattrs.Converter = _build()
"""The converter of the library: structures `Datum` and `Source` from plain tables."""
