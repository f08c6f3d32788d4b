"""The one cattrs converter, and the shape of a datum in a file of facts.

Files are read as data: no code, no pickle. cattrs checks the shape and names the path of each
problem; the meaning (units, limits) is checked where the quantity is read.
"""

from __future__ import annotations

from typing import Any

import attrs
import cattrs
from cattrs.v import format_exception, transform_error

from llm_economics.core.sources import Source

__all__ = ["Datum", "OtherDatum", "converter", "problems_of"]


def _strict_text(value: Any, _: type[str]) -> str:
    if not isinstance(value, str):
        message = f"needs a text in quotes; got {value!r}"
        raise TypeError(message)
    return value


def _texts(value: Any, _: Any) -> tuple[str, ...]:
    """Read one text or a list of texts."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        message = f"needs a text or a list of texts; got {value!r}"
        raise TypeError(message)
    return tuple(items)


@attrs.frozen(kw_only=True)
class OtherDatum:
    """What another source says about the same figure."""

    value: str
    source: tuple[str, ...]
    kind: str
    date: str
    confidence: str
    note: str = ""
    shape: str | None = None
    level: float | None = None


@attrs.frozen(kw_only=True)
class Datum(OtherDatum):
    """A figure as it stands in a file: value, source, kind, date, confidence."""

    alternatives: tuple[OtherDatum, ...] = ()


def _describe(error: BaseException, type_: type | None) -> str:
    if isinstance(error, (TypeError, ValueError)) and error.args:
        return str(error)
    return format_exception(error, type_)


def problems_of(error: BaseException, path: str) -> list[str]:
    """Turn an error of the converter into lines, each with its path in the file.

    Parameters
    ----------
    error : BaseException
        What ``converter.structure`` raised.
    path : str
        Path of the value that was read.

    Returns
    -------
    list of str
        One line per problem.
    """
    lines = transform_error(error, path="$", format_exception=_describe)
    return [_placed(line, path) for line in lines]


def _placed(line: str, path: str) -> str:
    text, _, place = line.rpartition(" @ ")
    return f"{path}{place.removeprefix('$')}: {text}" if text else f"{path}: {line}"


def _build() -> cattrs.Converter:
    made = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    made.register_structure_hook(str, _strict_text)
    made.register_structure_hook_func(lambda kind: kind == tuple[str, ...], _texts)
    return made


converter: cattrs.Converter = _build()
"""The converter of the library: structures `Datum` and `Source` from plain tables."""

# Sources are flat records of texts; the class itself checks keys and dates.
converter.register_structure_hook(
    Source, cattrs.gen.make_dict_structure_fn(Source, converter, _cattrs_forbid_extra_keys=True)
)
