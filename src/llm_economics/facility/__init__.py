"""Where it runs, and what that costs the purse and the planet."""

from __future__ import annotations

__all__: list[str] = []
