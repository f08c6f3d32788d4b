"""What computes: accelerators, servers, and the first laws about them."""

from __future__ import annotations

__all__: list[str] = []
