"""What people see: tables of services and audits, as text, Markdown and plain data."""

from __future__ import annotations

__all__: list[str] = []
