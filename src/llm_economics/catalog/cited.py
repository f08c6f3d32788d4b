"""Sources that the library's own constants and assumptions cite, beside those of the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.training import scaling_sets, sources, thresholds
from llm_economics.workload import assumptions

if TYPE_CHECKING:
    from llm_economics.core.sources import Source

__all__ = ["cited_sources"]


def cited_sources() -> dict[str, Source]:
    """Gather the sources by key.

    Returns
    -------
    dict
        Sources of assumptions, of fitted constants, of scaling laws and of thresholds.
    """
    return {
        **thresholds.SOURCES,
        **scaling_sets.SOURCES,
        **sources.SOURCES,
        **assumptions.SOURCES,
    }
