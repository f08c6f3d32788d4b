"""What is computed: architectures, models, and their first laws."""

from __future__ import annotations

__all__: list[str] = []
