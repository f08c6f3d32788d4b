"""Fields that hold another noun, or names: checked where they are given.

Typing the name of a model where the model is needed is the slip that everybody makes once; without
a check it would surface much later, as a text without attributes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llm_economics.core.errors import NotationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["as_names", "holds"]


def as_names(value: str | Iterable[Any]) -> tuple[str, ...]:
    """Read one name or several.

    Parameters
    ----------
    value : str or iterable of str
        The names.

    Returns
    -------
    tuple of str
        The names.

    Raises
    ------
    NotationError
        If something is not a text.

    Examples
    --------
    >>> as_names("H100"), as_names(["H100", "H100 SXM5"])
    (('H100',), ('H100', 'H100 SXM5'))
    """
    names = (value,) if isinstance(value, str) else tuple(value)
    for name in names:
        if not isinstance(name, str):  # callers without a type checker
            message = f"needs names, such as ['H100', 'H100 SXM5']; got {name!r}"
            raise NotationError(message)
    return names


def holds(kind: type[Any], shelf: str) -> Callable[[Any, Any, Any], None]:
    """Make a validator for a field that holds another noun, or None where that is its default.

    Parameters
    ----------
    kind : type
        The noun that is needed.
    shelf : str
        Where the catalogue has such nouns, for the message: "models".

    Returns
    -------
    callable
        An attrs validator.
    """

    def validate(_: Any, attribute: Any, value: object) -> None:
        if isinstance(value, kind) or (value is None and attribute.default is None):
            return
        name = kind.__name__
        hint = f"write le.{shelf}[{value!r}]" if isinstance(value, str) else f"write le.{name}(...)"
        message = f"needs {name}, not its name; {hint}"
        if not isinstance(value, str):
            message = f"needs {name}; got {value!r}; {hint}"
        raise NotationError(message)

    return validate
