"""Public claims, and the auditor that checks them."""

from __future__ import annotations

__all__: list[str] = []
