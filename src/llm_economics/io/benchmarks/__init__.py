"""Files of benchmark tools, read as measured points."""

from __future__ import annotations

__all__: list[str] = []
