"""Five assistants: what is claimed, what the library computes, and whether the claims hold."""

from __future__ import annotations

import llm_economics as le

comparison = le.compare(["ChatGPT", "Grok", "Gemini", "Copilot", "Titan"])

print("computed               training energy              one query           inference overtakes")
for service in comparison.services:
    found = comparison.estimate(service.name)
    shown = (
        found.training.energy.facility.to("GWh"),
        found.query.energy.facility.to("Wh/request"),
        found.crossover.to("day"),
    )
    cells = (f"{value:.2g}".partition(" (")[0] for value in shown)
    print(f"{service.name:8}", *(f"{cell:>28}" for cell in cells))

print("\nclaimed in the seed table")
for verdict in comparison.audit():
    print(f"{verdict.claim.service:8} {verdict.claim.statement}\n{'':8} -> {verdict}")
