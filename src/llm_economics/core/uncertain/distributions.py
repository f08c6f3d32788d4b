"""Probability distributions of one uncertain number, without units.

Each is a small frozen class that knows its quantiles, its cumulative probability, its moments and
the ends that were quoted for it. Rejected: ``scipy.stats`` (import time; no notion of a quoted
range), drawing random numbers here (points come from a lattice, so a quantile function is what is
needed), and gamma and beta generators for PERT (a table is ten times faster).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain._base import Distribution, field_names
from llm_economics.core.uncertain._compound import Mixture, Truncated
from llm_economics.core.uncertain._ranges import LogNormal, LogUniform, Normal, Pert, Uniform
from llm_economics.core.uncertain._samples import Discrete, Empirical
from llm_economics.core.uncertain.axes import Swept

__all__ = [
    "Discrete",
    "Distribution",
    "Empirical",
    "LogNormal",
    "LogUniform",
    "Mixture",
    "Normal",
    "Pert",
    "Swept",
    "Truncated",
    "Uniform",
    "from_dict",
]

_RANGES = (LogNormal, Normal, Uniform, LogUniform, Pert)
_KINDS: dict[str, type[Distribution]] = {
    cls.kind: cls for cls in (*_RANGES, Discrete, Empirical, Mixture, Truncated, Swept)
}


def from_dict(data: Mapping[str, object]) -> Distribution:
    """Bring back what `Distribution.to_dict` wrote.

    Parameters
    ----------
    data : mapping
        The key ``kind`` and the fields of that kind, as plain numbers, lists and mappings.

    Returns
    -------
    Distribution
        Equal to the distribution that was written.

    Raises
    ------
    RangeError
        If the kind is not known, a field is missing or not known, or a value is refused.

    Examples
    --------
    >>> from_dict({"kind": "log-normal", "low": 7.0, "high": 15.0})
    LogNormal(low=7.0, high=15.0, level=0.9)
    """
    given: object = data
    kind = given.get("kind") if isinstance(given, Mapping) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        known = ", ".join(_KINDS)
        raise RangeError(f"from_dict: kind must be one of {known}; got {kind!r} in {data!r}")
    cls, names = _KINDS[kind], field_names(_KINDS[kind])
    values = {key: _from_plain(value) for key, value in data.items() if key != "kind"}
    wrong = [key for key in values if key not in names]
    wrong += [name for name in field_names(cls, needed_only=True) if name not in values]
    if wrong:
        raise RangeError(
            f"from_dict: {kind} takes the fields {', '.join(names)}; "
            f"got {', '.join(values)}; check {wrong[0]!r}"
        )
    return cast("Callable[..., Distribution]", cls)(**values)


def _from_plain(value: object) -> object:
    """Turn what a file holds into a field."""
    if isinstance(value, (list, tuple)):
        return tuple(_from_plain(item) for item in value)
    return from_dict(value) if isinstance(value, Mapping) else value
