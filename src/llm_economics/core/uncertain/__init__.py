"""Ranges as magnitudes: variables, the expression graph, and the ways to evaluate it."""

from __future__ import annotations

__all__: list[str] = []
