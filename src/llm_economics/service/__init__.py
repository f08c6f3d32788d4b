"""Products such as ChatGPT, as demand on a fleet."""

from __future__ import annotations

__all__: list[str] = []
