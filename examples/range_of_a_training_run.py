"""Time, energy, cost and carbon of one training run, as ranges that explain themselves.

Llama 3.1 405B is a run about which much was said: parameters, tokens, accelerators, utilization.
What was not said (server power, lost time, prices) is assumed, and every assumption is listed.
"""

from __future__ import annotations

import llm_economics as le

run = le.TrainingWorkload(
    model=le.models["Llama 3.1 405B"],
    tokens="15.6 Ttoken",
    accelerator=le.accelerators["H100 SXM"],
    accelerators=16_384,
    model_flops_utilization=(0.38, 0.43),
    facility=le.facilities["us-hyperscale"],
)
estimate = run.estimate()
print(estimate.explain())

print("\nWhich input widens the rental cost?")
for share in estimate.cost.rental.contributions()[:3]:
    print(f"  {share.name:32} {share.share:6.0%}")

print("\nThe same run with a rental price that we know:")
ours = run.evolve(rental_price="2.00-2.20 USD/accelerator/hour").estimate()
print(f"  {ours.cost.rental}")
