"""Inputs that move together: a rank-correlation matrix over named inputs.

Correlation is stated between ranks (Spearman's), since that is what people can judge and what does
not change when an input is read on another scale. It is realised by a Gaussian copula: normal
numbers with the matching linear correlation, each then given the distribution of its input, so
that every input keeps its own spread.

Rejected: a correlation of the values themselves (not every one exists for given distributions),
and reordering finished samples (Iman and Conover), which ties every sample to all others.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["Joint", "matrix_of_pairs"]

Array: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = tuple[tuple[float, ...], ...]

_ROUNDING = 1e-9  # an eigenvalue this far below zero is rounding


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(texts)


def _rows(matrix: Any) -> Rows:
    return tuple(tuple(float(x) for x in row) for row in matrix)


@attrs.frozen(slots=False)
class Joint:
    """Inputs that are rank-correlated with each other.

    Parameters
    ----------
    members : sequence of str
        Keys of the inputs' random streams, which tell them apart.
    names : sequence of str
        What readers call them.
    ranks : matrix of float
        Rank correlation of each with each; dimensionless, -1 to 1, ones on the diagonal.

    Notes
    -----
    A rank correlation r belongs to a correlation ``2 sin(pi r / 6)`` of the normal numbers
    (K. Pearson, 1907).
    """

    members: tuple[str, ...] = attrs.field(converter=_texts)
    names: tuple[str, ...] = attrs.field(converter=_texts)
    ranks: Rows = attrs.field(converter=_rows)

    def __attrs_post_init__(self) -> None:
        """Refuse what is no rank-correlation matrix."""
        matrix = _checked(self.ranks, self.names)
        smallest = float(np.linalg.eigvalsh(_normal_correlation(matrix))[0])
        if smallest < -_ROUNDING:
            message = (
                f"these rank correlations between {', '.join(map(repr, self.names))} cannot hold "
                f"together (smallest eigenvalue {smallest:.3g}); if a moves with b and b with c, "
                "a and c cannot move against each other: bring the figures nearer to 0"
            )
            raise RangeError(message)

    @cached_property
    def correlation(self) -> Array:
        """Correlation matrix of the normal numbers."""
        return _normal_correlation(np.array(self.ranks))

    @cached_property
    def factor(self) -> Array:
        """Lower triangular matrix that makes independent normal numbers correlated."""
        matrix = self.correlation
        try:
            found = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            # On the edge of what is possible (r = 1), rounding may step over it.
            size = len(matrix)
            found = np.linalg.cholesky((matrix + _ROUNDING * np.eye(size)) / (1.0 + _ROUNDING))
        return found.astype(np.float64)

    def to_dict(self) -> dict[str, object]:
        """Plain data for files; `Joint(**data)` brings the same back."""
        return {
            "members": list(self.members),
            "names": list(self.names),
            "ranks": [list(row) for row in self.ranks],
        }


def matrix_of_pairs(
    pairs: Mapping[tuple[str, str], float],
) -> tuple[tuple[str, ...], list[list[float]]]:
    """Matrix of rank correlations that are given pair by pair; pairs left out are 0.

    Parameters
    ----------
    pairs : mapping of (name, name) to float
        Rank correlations.

    Returns
    -------
    names : tuple of str
        The inputs, in order of appearance.
    matrix : list of list of float
        Their rank correlations.

    Raises
    ------
    RangeError
        If a pair is not two different names, or comes twice.

    Examples
    --------
    >>> matrix_of_pairs({("price", "pue"): 0.5})
    (('price', 'pue'), [[1.0, 0.5], [0.5, 1.0]])
    """
    names: list[str] = []
    for pair in pairs:
        given: object = pair
        if not isinstance(given, tuple) or len(given) != 2 or pair[0] == pair[1]:  # noqa: PLR2004
            message = (
                "correlated: a pair needs two different names, such as ('price', 'pue'): 0.5; "
                f"got {pair!r}"
            )
            raise RangeError(message)
        names += [name for name in pair if name not in names]
    matrix = [[float(a == b) for b in names] for a in names]
    for (first, second), value in pairs.items():
        if (second, first) in pairs:
            message = f"correlated: the pair {first!r}, {second!r} is given twice; give it once"
            raise RangeError(message)
        i, j = names.index(first), names.index(second)
        matrix[i][j] = matrix[j][i] = value
    return tuple(names), matrix


def _checked(ranks: Rows, names: Sequence[str]) -> Array:
    size = len(names)
    if size < 2 or len(set(names)) < size:  # noqa: PLR2004
        message = f"correlated: needs two or more different inputs; got {', '.join(names)}"
        raise RangeError(message)
    if len(ranks) != size or any(len(row) != size for row in ranks):
        shape = f"{len(ranks)} rows of {sorted({len(row) for row in ranks})}"
        message = f"correlated: {size} inputs need a matrix of {size} by {size}; got {shape}"
        raise RangeError(message)
    matrix = np.array(ranks)
    if not np.all(np.abs(matrix) <= 1.0):
        message = f"correlated: rank correlations lie between -1 and 1; got {ranks}"
        raise RangeError(message)
    if np.any(np.diag(matrix) != 1.0) or np.any(matrix != matrix.T):
        message = f"correlated: the matrix needs ones on the diagonal and symmetry; got {ranks}"
        raise RangeError(message)
    return matrix


def _normal_correlation(ranks: Array) -> Array:
    found: Array = 2.0 * np.sin(np.pi * ranks / 6.0)
    np.fill_diagonal(found, 1.0)
    return found
