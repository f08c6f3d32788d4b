"""State rank correlations between the inputs of a result.

Inputs are named by the reader's names, since these are what a source speaks of ("the price of
energy and the price of carbon move together").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from llm_economics.core.errors import RangeError, nearest_names
from llm_economics.core.uncertain.correlation import Joint, matrix_of_pairs
from llm_economics.core.uncertain.graph import Uncertain, substituted, uncertain
from llm_economics.core.uncertain.program import compile_program
from llm_economics.core.uncertain.streams import stream_keys

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.variable import Variable

__all__ = ["correlated"]


def correlated(
    quantity: Quantity,
    correlations: Mapping[tuple[str, str], float] | Sequence[str],
    matrix: Sequence[Sequence[float]] | None = None,
) -> Quantity:
    """Give the same quantity with some of its inputs rank-correlated.

    Parameters
    ----------
    quantity : Quantity
        A range.
    correlations, matrix
        As for `Quantity.correlated`.

    Returns
    -------
    Quantity
        The quantity.

    Raises
    ------
    RangeError
        If there is no such input, or the correlations cannot hold together.
    """
    node = quantity.magnitude
    if not isinstance(node, Uncertain):
        message = f"correlated: {quantity} is exact; it has no inputs that could move together"
        raise RangeError(message)
    names, ranks = _names_and_ranks(correlations, matrix)
    variables = compile_program(node).variables
    chosen = [_named(variables, name) for name in names]
    # In an order of their own, so that one statement means the same however it is written.
    keys = dict(zip(variables, stream_keys(variables), strict=True))
    order = sorted(range(len(names)), key=lambda i: keys[chosen[i]])
    joint = Joint(
        [keys[chosen[i]] for i in order],
        [names[i] for i in order],
        [[ranks[i][j] for j in order] for i in order],
    )
    new = {chosen[i]: uncertain(chosen[i].correlated(joint, m)) for m, i in enumerate(order)}
    made: Quantity = quantity.__class__(substituted(node, new), quantity.units)
    return made


def _names_and_ranks(
    correlations: Mapping[tuple[str, str], float] | Sequence[str],
    matrix: Sequence[Sequence[float]] | None,
) -> tuple[tuple[str, ...], Sequence[Sequence[float]]]:
    if isinstance(correlations, Mapping):
        if matrix is not None:
            message = "correlated: give pairs, or names and a matrix; got pairs and a matrix"
            raise RangeError(message)
        return matrix_of_pairs(correlations)
    if isinstance(correlations, str) or matrix is None:
        message = (
            "correlated: needs pairs, such as {('price', 'pue'): 0.5}, or names and a matrix; "
            f"got {correlations!r}"
        )
        raise RangeError(message)
    names = tuple(correlations)
    if len(matrix) != len(names) or any(len(row) != len(names) for row in matrix):
        message = f"correlated: {len(names)} names need a matrix of {len(names)} by {len(names)}"
        raise RangeError(message)
    return names, matrix


def _named(variables: tuple[Variable, ...], name: str) -> Variable:
    found = [variable for variable in variables if variable.name == name]
    if len(found) == 1:
        return found[0]
    known = [variable.name for variable in variables]
    if found:
        message = (
            f"correlated: {len(found)} inputs are called {name!r}; give each its own name, as in "
            "le.between(7, 15, 'MW', name='power')"
        )
        raise RangeError(message)
    near = nearest_names(name, known)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    message = f"correlated: no input is called {name!r}; the inputs are {known}{hint}"
    raise RangeError(message)
