"""Serving Llama 3.1 70B on H100: where to run, what a token takes there, and how large a fleet.

More requests at once make a token cheaper and its reader wait longer. So there is no best point
without a target; with one there is, and it has a range.
"""

from __future__ import annotations

import llm_economics as le

model, chip = le.models["Llama 3.1 70B"], le.accelerators["H100 SXM"]
lengths = {
    "input_tokens": "1024 token",
    "output_tokens": "512 token",
    "prefix_cache_hit_share": 0.0,
}
stack = {"engine": "vLLM", "software_date": "2026-01"}
site = le.facilities["us-hyperscale"]
price = "2.0-2.6 USD/accelerator/hour"

frontier = le.pareto(
    model,
    accelerators=chip,
    load=le.serving.Load.closed(concurrency=1, **lengths),
    weights="fp8",
    facility=site,
    rental_price=price,
    **stack,
)
print(f"{len(frontier)} of {len(frontier.points)} points are not beaten; some of them:")
for point in list(frontier)[:: max(1, len(frontier) // 6)]:
    user = point["interactivity"].to("token/s")
    rate = point["output_throughput_per_accelerator"]
    print(f"  {point.label:36} {user:.3g} for a user, {rate:.3g}")

target = le.serving.LatencyTarget(interactivity="40 token/s", ttft="1 s")
best = frontier.best(target)
point = frontier.estimate(best)
print(f"\nthe cheapest with 40 token/s for a user: {best.label}")
for name, value in {
    "user sees": point.interactivity,
    "first token": point.time_to_first_token.value.to("ms"),
    "energy": point.energy_per_output_token.facility,
    "money": point.cost_per_output_token,
}.items():
    print(f"  {name:12} {value:.2g}")
met = target.met_by(tpot=point.time_per_output_token, ttft=point.time_to_first_token)
print(f"  the target is met with a probability of {met.probability():.0%}")

replica = le.serving.Deployment(
    model=model,
    accelerator=chip,
    tensor_parallel=int(best["tensor_parallel"]),
    weights="fp8",
    facility=site,
    rental_price=price,
    **stack,
)
demand = le.serving.Load.open_from_demand(
    requests_per_day="1e6 request/day", peak_to_mean="1.5-3", variability=1.0, **lengths
)
fleet = le.serving.size_fleet(
    replica, demand, target.evolve(percentile=0.95), server=le.servers["DGX H100"]
)
print("\na fleet for a million requests a day, 95 % of which meet it")
print(f"  accelerators {fleet.accelerators}")
print(f"  servers      {fleet.servers}")
print(f"  rent         {fleet.money_per_month.to('kUSD/month'):.2g}")
print(f"  power        {fleet.facility_power:.2g}")
