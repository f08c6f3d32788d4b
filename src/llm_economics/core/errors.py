"""The errors and warnings of the library.

Every error derives from `LLMEconomicsError` and from the built-in that fits, so that both
``except LLMEconomicsError`` and ``except ValueError`` work. Messages say which function and field,
what was needed, what came, and what to write instead. Bare ``ValueError`` was rejected: a caller
could not tell our refusal from a slip inside a dependency.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "CatalogError",
    "DimensionError",
    "LLMEconomicsError",
    "LinearizationWarning",
    "MissingInputError",
    "NotationError",
    "RangeError",
    "TruthValueError",
    "UnknownNameError",
]


class LLMEconomicsError(Exception):
    """Base of every error that the library raises on purpose."""


class DimensionError(LLMEconomicsError, ValueError):
    """A quantity has the wrong dimension: power where energy is needed, a missing unit, ..."""


class RangeError(LLMEconomicsError, ValueError):
    """A value is outside its limits, not finite, or a range runs from high to low."""


class NotationError(LLMEconomicsError, ValueError):
    """A text cannot be read as a quantity or as a range."""


class MissingInputError(LLMEconomicsError, ValueError):
    """A result was asked for whose input is unknown; unknown is never taken as zero."""


class TruthValueError(LLMEconomicsError, TypeError):
    """A range was used where one truth value is needed: ``x < y``, ``max(x, y)``, ``if x``."""


class UnknownNameError(LLMEconomicsError, KeyError):
    """A name is not in the catalogue.

    Parameters
    ----------
    name : str
        The name that was asked for.
    known : iterable of str
        The names that exist; the nearest are offered in the message.
    what : str
        What was looked up, for the message.
    hint : str
        A sentence at the end of the message: where all names can be seen.
    """

    def __init__(
        self, name: str, known: Iterable[str], what: str = "name", *, hint: str = ""
    ) -> None:
        self.name: str = name
        self.what: str = what
        self.hint: str = hint
        self.nearest: tuple[str, ...] = nearest_names(name, known)
        super().__init__(name)

    def __str__(self) -> str:
        """Say what is unknown and what is near."""
        names = ", ".join(repr(str(name)) for name in self.nearest)
        near = f" Did you mean {names}?" if names else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"there is no {self.what} named {self.name!r}.{near}{hint}"


class CatalogError(LLMEconomicsError, ValueError):
    """A file of facts has problems; all of them are listed, each with its path in the file.

    Parameters
    ----------
    file : str
        The file that was read.
    problems : sequence of str
        One line per problem, each starting with its path in the file.
    """

    def __init__(self, file: str, problems: Sequence[str]) -> None:
        self.file: str = file
        self.problems: tuple[str, ...] = tuple(problems)
        super().__init__(file, *self.problems)

    def __str__(self) -> str:
        """List every problem on a line of its own."""
        count = len(self.problems)
        head = f"{self.file}: {count} problem{'s' if count != 1 else ''}"
        return "\n".join([head, *(f"  - {problem}" for problem in self.problems)])


class LinearizationWarning(UserWarning):
    """First-order propagation is not fit for these ranges; use quantiles() or log_linear()."""


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Names that look like `name`, nearest first, ignoring case.

    Parameters
    ----------
    name : str
        What was typed.
    known : iterable of str
        The names to choose from.
    count : int
        How many at most.

    Returns
    -------
    tuple of str
        The nearest names, possibly none.

    Examples
    --------
    >>> nearest_names("h100 smx", ["H100 SXM", "A100 80 GB", "TPU v4"])
    ('H100 SXM',)
    """
    folded = {candidate.casefold(): candidate for candidate in known}
    query = name.casefold()
    near = get_close_matches(query, folded, n=count, cutoff=0.5)
    near += [key for key in folded if query and query in key and key not in near]
    return tuple(folded[key] for key in near[:count])
