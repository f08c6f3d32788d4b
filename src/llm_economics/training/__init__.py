"""Training: workloads, and their time, energy, money and carbon before or after the run."""

from __future__ import annotations

__all__: list[str] = []
