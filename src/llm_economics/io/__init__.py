"""Between files and nouns: reading facts as data, with every problem listed at once."""

from __future__ import annotations

__all__: list[str] = []
