"""The foundations: units, ranges, sources, errors. Knows nothing of language models."""

from __future__ import annotations

__all__: list[str] = []
