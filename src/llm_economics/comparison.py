"""`compare`: services of the catalogue, or your own, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.catalog.shelves import claims, services
from llm_economics.report.comparison import Comparison

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.service.service import Service

__all__ = ["compare"]


def compare(names: Sequence[str | Service]) -> Comparison:
    """Put services side by side: training against inference, claimed beside computed.

    Parameters
    ----------
    names : sequence of str or Service
        Names in the catalogue, or services of your own.

    Returns
    -------
    Comparison
        Prints as a table; ``to_markdown()``, ``to_dict()``, ``to_frame()``, ``audit()``.

    Raises
    ------
    UnknownNameError
        If a name is not in the catalogue, with the nearest names.

    Examples
    --------
    >>> import llm_economics as le
    >>> table = le.compare(["ChatGPT", "Titan"])
    >>> print(table.to_markdown().splitlines()[4])
    | quantity |  | ChatGPT | Titan |
    """
    chosen = tuple(services[name] if isinstance(name, str) else name for name in names)
    shown = {service.name for service in chosen}
    about = [claim for claim in claims.values() if claim.service in shown]
    order = {service.name: place for place, service in enumerate(chosen)}
    seed = sorted((c for c in about if c.cell), key=lambda c: order[c.service])
    public = tuple(claim for claim in about if not claim.cell)
    return Comparison(services=chosen, claims=tuple(seed), public_claims=public)
