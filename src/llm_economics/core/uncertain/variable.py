"""One uncertain input: its identity, its distribution, its name.

Identity is the first requirement of propagation: `x - x` must be zero, `x / x` one, also after a
copy, a pickle, or a trip through another process. A variable is therefore found by its `token`:
copies are the object itself, and unpickling returns the variable that already has that token.

Rejected: identity by Python object alone (lost by `copy`, the fault of `uncertainties`), and
identity by name (re-running a notebook cell with other numbers would raise or, worse, mix).
"""

from __future__ import annotations

import hashlib
import os
import threading
import uuid
from collections import Counter
from typing import Any
from weakref import WeakValueDictionary

import attrs

from llm_economics.core.display import short_number
from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.distributions import Distribution, from_dict

__all__ = ["Variable"]


@attrs.frozen(eq=False, kw_only=True)
class Variable:
    """One uncertain input of a computation.

    Make one with `Variable.create`, which keeps identities unique.
    """

    token: str
    """Identity: two variables with one token are the same variable, in every process."""

    name: str
    """What a reader calls it: "model_flops_utilization"."""

    stream: str
    """Key of its random stream: the same in every run, whatever else exists."""

    distribution: Distribution = attrs.field(repr=lambda d: d.describe())
    """How its value is spread, in `unit`."""

    unit: str = ""
    """Unit in which the distribution is given, for display only."""

    source: str = ""
    """Where the range comes from, in a few words."""

    joint: Joint | None = None
    """The inputs with which it is rank-correlated, itself among them; None if with none."""

    member: int = 0
    """Which of the members of `joint` it is."""

    @classmethod
    def create(
        cls,
        distribution: Distribution,
        *,
        key: str | None = None,
        name: str | None = None,
        unit: str = "",
        source: str = "",
    ) -> Variable:
        """Make a new variable, or return the one that has this `key`.

        Parameters
        ----------
        distribution : Distribution
            How the value is spread.
        key : str, optional
            Identity shared by everything that uses the same datum. Without a key every call
            makes an independent variable.
        name : str, optional
            What a reader calls it.
        unit, source : str
            For display.

        Returns
        -------
        Variable
            The variable.

        Raises
        ------
        RangeError
            If `key` already stands for another range.
        """
        if key is not None:
            found = cls._known(key)
            if found is not None:
                return _agreed(found, distribution, unit)
            values: dict[str, Any] = {"token": key, "name": name or key, "stream": key}
        else:
            low, high = distribution.quoted
            label = name or f"{short_number(low)}–{short_number(high)} {unit}".strip()
            # Without its scale: another unit of the same range gives the same random numbers.
            content = f"{name or ''}|{distribution.form()}"
            values = {"token": _new_token(), "name": label, "stream": _new_stream(content)}
        variable = cls(distribution=distribution, unit=unit, source=source, **values)
        # Another thread may have been faster with the same key.
        return _agreed(_remember(variable), distribution, unit)

    def correlated(self, joint: Joint, member: int) -> Variable:
        """Return this input, rank-correlated with others: the same one each time.

        Parameters
        ----------
        joint : Joint
            The inputs that move together.
        member : int
            Which of them this one is.

        Returns
        -------
        Variable
            An input with the same distribution and its own identity.

        Raises
        ------
        RangeError
            If it is correlated already.
        """
        if self.joint is not None:
            message = (
                f"{self.name!r} is correlated already, with {', '.join(self.joint.names)}; "
                "state all correlations in one call"
            )
            raise RangeError(message)
        content = repr((joint.members, joint.ranks)).encode()
        mark = hashlib.blake2b(content, digest_size=8).hexdigest()
        token = f"{self.token}&{mark}"
        return _remember(attrs.evolve(self, token=token, joint=joint, member=member))

    @classmethod
    def _known(cls, token: str) -> Variable | None:
        return _VARIABLES.get(token)

    def __copy__(self) -> Variable:
        """Return the variable itself: a copy is the same input."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        """Return the variable itself: a copy is the same input."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep identity through pickling, also into another process."""
        labels = {label: getattr(self, label) for label in _LABELS}
        return _restore, (self.distribution.to_dict(), labels)


_LABELS = ("token", "name", "stream", "unit", "source", "joint", "member")

_VARIABLES: WeakValueDictionary[str, Variable] = WeakValueDictionary()
_CONTENTS: Counter[str] = Counter()
_LOCK = threading.Lock()
_process: list[str | int] = [uuid.uuid4().hex, 0]


def _renew_process() -> None:
    # A forked child would otherwise go on with its parent's numbers, and two different
    # inputs would share one identity when the child's results come back.
    _process[:] = [uuid.uuid4().hex, 0]


if hasattr(os, "register_at_fork"):  # pragma: no branch - not on Windows
    os.register_at_fork(after_in_child=_renew_process)


def _new_token() -> str:
    with _LOCK:
        _process[1] = int(_process[1]) + 1
        return f"{_process[0]}/{_process[1]}"


def _new_stream(content: str) -> str:
    # The n-th input with this content: unrelated inputs elsewhere do not move it.
    with _LOCK:
        _CONTENTS[content] += 1
        return f"{content}|{_CONTENTS[content]}"


def _remember(variable: Variable) -> Variable:
    with _LOCK:
        return _VARIABLES.setdefault(variable.token, variable)


def _agreed(found: Variable, distribution: Distribution, unit: str) -> Variable:
    """Return the variable if it stands for this range; refuse to mix two under one identity."""
    if (found.distribution, found.unit) != (distribution, unit):
        message = (
            f"the key {found.token!r} already stands for {found.distribution.describe()} "
            f"{found.unit}; got {distribution.describe()} {unit}. Use another key, "
            "or leave it out for an independent range."
        )
        raise RangeError(message)
    return found


def _restore(data: dict[str, object], labels: dict[str, Any]) -> Variable:
    distribution = from_dict(data)
    found = _VARIABLES.get(labels["token"])
    if found is not None:
        return _agreed(found, distribution, labels["unit"])
    made = _remember(Variable(distribution=distribution, **labels))
    return _agreed(made, distribution, labels["unit"])
