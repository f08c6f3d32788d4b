"""`Choice`: a closed set of words, such as conventions, that refuses any other by name.

Rejected: plain texts compared where they are used, since a slip of the pen would pick a default.
"""

from __future__ import annotations

import re
from enum import StrEnum

from llm_economics.core.errors import UnknownNameError

__all__ = ["Choice"]


class Choice(StrEnum):
    """A word out of few.

    Examples
    --------
    >>> class Colour(Choice):
    ...     RED = "red"
    >>> Colour("red") is Colour.RED
    True
    """

    @classmethod
    def _missing_(cls, value: object) -> None:
        # The kind is the name of the class in words: "embedding convention".
        kind = re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower()
        hint = f"It is one of {', '.join(cls)}."
        raise UnknownNameError(str(value), list(cls), kind, hint=hint)
