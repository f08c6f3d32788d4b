"""What training and serving share: a workload, its assumptions, and what its hours cost."""

from __future__ import annotations

__all__: list[str] = []
