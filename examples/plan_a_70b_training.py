"""Planning the training of a model of 70 billion parameters, from its size to its power bill.

Nobody knows the utilization beforehand. It follows from one step on the fastest layout that fits,
and from what published runs kept of such steps; hence the wide range, and what narrows it.
"""

from __future__ import annotations

import llm_economics as le

run = le.TrainingWorkload(
    name="ours",
    model=le.models["Llama 3.1 70B"],
    tokens="15 Ttoken",
    accelerator=le.accelerators["H100 SXM"],
    accelerators=2048,
    global_batch="8 Mtoken",
    sequence_length="8192 token",
    software_date="2026-03",
    facility=le.facilities["us-hyperscale"],
    rental_price="2.0-2.6 USD/accelerator/hour",
)
found = run.estimate()
step = found.step

print("one step on the fastest layout that fits")
layout = step.layout
print(
    f"  data {layout.data_parallel} x tensor {layout.tensor_parallel} x pipeline "
    f"{layout.pipeline_parallel} x context {layout.context_parallel}, "
    f"recomputation {layout.recomputation}, sharding {layout.sharding}"
)
print(f"  {step.step_time:.2g}, {step.memory_total:.2g} on the fullest accelerator")
print(f"  MFU {step.model_flops_utilization.to('%'):.2g}; longest part: {step.bottleneck}")

print("\nthe run")
for name, value in {
    "duration": found.duration,
    "energy": found.energy.facility.to("GWh"),
    "rent": found.cost.rental,
    "carbon": found.carbon,
    "water, both": found.water.total,
}.items():
    print(f"  {name:12} {value:.2g}")
for phase in found.phases:
    print(f"  {phase.name:12} {phase.power:.2g}")

print("\nwhat makes the duration wide")
for part in found.duration.contributions()[:3]:
    print(f"  {part.name:30} {part.share:4.0%}")
known = run.evolve(goodput=(0.88, 0.95)).estimate()
print(f"  with a goodput that we know    {known.duration:.2g}")

print("\nhow many accelerators for 60 days, if a tenth of the time is lost")
plan = le.training.plan(
    "accelerators",
    model=run.model,
    tokens=run.tokens,
    duration="60 day",
    accelerator=run.accelerator,
    model_flops_utilization=(0.30, 0.40),
    goodput=0.9,
)
print(f"  {plan.answer:.2g}")

print("\nabove which threshold")
for line in le.training.threshold_report(found.computation).steps():
    print(f"  {line.name:62} {line.value.to('%'):.2g}")
