"""Serving: inference workloads, and the energy, money and carbon of one request."""

from __future__ import annotations

__all__: list[str] = []
