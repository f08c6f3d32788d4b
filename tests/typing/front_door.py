"""A user's script as type checkers see it: every name of the front door has an exact type.

Nothing here runs; mypy in strict mode and pyright read it.
"""

from __future__ import annotations

from typing import assert_type

import llm_economics as le

# Quantities and ranges
power = le.between(7, 15, "MW")
assert_type(power, le.Quantity)
assert_type(power * le.between(30, 90, "day"), le.Quantity)
assert_type(2 * power, le.Quantity)
assert_type(power / le.quantity("10 MW"), le.Quantity)
assert_type(power + power - power, le.Quantity)
assert_type(-power, le.Quantity)
assert_type(power**2, le.Quantity)
assert_type(power.to("GW"), le.Quantity)
assert_type(power.median(), le.Quantity)
assert_type(power.median().number("MW"), float)
assert_type(power.bounds().low, le.Quantity)
assert_type(power.interval(0.8), tuple[le.Quantity, le.Quantity])
assert_type(power.quantiles(0.05, 0.5, 0.95), le.Quantity)
assert_type(power.is_range, bool)
assert_type(power.unit_text, str)
assert_type(le.quantity("700 W ± 5 %"), le.Quantity)
assert_type(le.quantity(700, "W"), le.Quantity)
assert_type(le.about(0.3, "Wh"), le.Quantity)
assert_type(le.uniform(100, 1000, "MWh"), le.Quantity)
assert_type(le.most_likely(1, 2, 4, "MW"), le.Quantity)
assert_type(le.mixture("0.24 Wh", "0.3-0.5 Wh"), le.Quantity)
assert_type(le.Quantity(5, "MW"), le.Quantity)
assert_type(le.ureg.Quantity(5, "MW"), le.Quantity)

# Sweeps
load = le.axis(5, 10, 20, "MW", name="load")
assert_type(load, le.Quantity)
assert_type(le.axis(["5 MW", "10 MW"]), le.Quantity)
swept = power.sweep({"power": load}, chunks=1000)
assert_type(swept.dims, tuple[str, ...])
assert_type(swept.central().values, le.Quantity)
assert_type(swept.quantiles(0.05, 0.95).coords, dict[str, le.Quantity])
assert_type(swept.mean(points=1024).shape, tuple[int, ...])

# The catalogue
assert_type(le.accelerators["H100 SXM"], le.Accelerator)
assert_type(le.accelerators.get("H100 SXM"), le.Accelerator | None)
assert_type(le.servers["DGX H100"], le.Server)
assert_type(le.models["Llama 3.1 405B"], le.Model)
assert_type(le.grids["US"], le.Grid)
assert_type(le.tariffs["us-hyperscale"], le.Tariff)
assert_type(le.facilities["google"], le.Facility)
assert_type(le.services["ChatGPT"], le.Service)
assert_type(le.claims["seed/grok/training-energy"], le.Claim)
assert_type(le.sources["seed-table-2025"], le.Source)
assert_type(list(le.accelerators), list[str])
assert_type(list(le.models.values()), list[le.Model])
assert_type("h100" in le.accelerators, bool)
assert_type(le.sources["seed-table-2025"].cite("bibtex"), str)
le.catalog.load("facts.toml")

# Nouns
h100 = le.accelerators["H100 SXM"]
assert_type(h100.power, le.Quantity | None)
assert_type(h100.peak("bf16"), le.Quantity)
assert_type(h100.peak("bf16", sparse=True), le.Quantity)
assert_type(h100.require("power"), le.Quantity)
assert_type(h100.evolve(power="650 W"), le.Accelerator)
assert_type(h100.sources, tuple[le.Source, ...])
assert_type(h100.provenance["power"].alternatives[0].text, str)
assert_type(le.models["Llama 3.1 405B"].architecture, le.Architecture | None)
assert_type(le.models["Llama 3.1 405B"].computing_parameters, le.Quantity)
mine = le.Accelerator(
    name="mine", aliases=("my chip",), power="500 W", peaks={"bf16": "400 TFLOP/s"}
)
site = le.Facility(
    name="site",
    power_usage_effectiveness=(1.1, 1.3),
    grid=le.Grid(name="hydro", carbon_intensity="20 gCO2e/kWh"),
    tariff=le.Tariff(name="contract", price=le.quantity("0.05 USD/kWh")),
)
assert_type(site.electricity_price, le.Quantity)
assert_type(site.carbon_intensity, le.Quantity)

# Workloads and what they return
run = le.TrainingWorkload(
    model=le.models["Llama 3.1 405B"],
    tokens="15.6 Ttoken",
    accelerator=h100,
    accelerators=16_384,
    model_flops_utilization=(0.38, 0.43),
    facility=site,
)
workloads: list[le.Workload] = [run]
training = run.estimate()
assert_type(training.duration, le.Quantity)
assert_type(training.computation, le.Quantity)
assert_type(training.energy.facility, le.Quantity)
assert_type(training.energy.at("it"), le.Quantity)
assert_type(training.cost.rental, le.Quantity)
assert_type(training.cost.amortised, le.Quantity)
assert_type(training.carbon, le.Quantity)
assert_type(training.sources, tuple[le.Source, ...])
query = le.InferenceWorkload(
    model=le.models["Llama 3.1 70B"], output_tokens=500, accelerator=h100, facility=site
)
workloads.append(query)
assert_type(query.estimate().energy.facility, le.Quantity)
assert_type(query.estimate().cost.rental, le.Quantity)
assert_type(query.estimate().carbon, le.Quantity)

# Services, claims, comparison
estimate = le.services["ChatGPT"].estimate()
assert_type(estimate.training.energy.facility, le.Quantity)
assert_type(estimate.query.energy.facility, le.Quantity)
assert_type(estimate.inference_power, le.Quantity)
assert_type(estimate.crossover, le.Quantity)
assert_type(le.services["ChatGPT"].training, le.TrainingWorkload)
assert_type(le.services["ChatGPT"].query, le.InferenceWorkload)
claim = le.claims["seed/grok/training-energy"]
assert_type(claim.value, le.Quantity | None)
assert_type(claim.audit().factor, float)
evidence = le.Evidence(claims=(claim,), service=le.services["Grok"])
assert_type(str(claim.audit(evidence).status), str)
comparison = le.compare(["ChatGPT", le.services["Grok"]])
assert_type(comparison.services, tuple[le.Service, ...])
assert_type(comparison.estimate("ChatGPT").crossover, le.Quantity)
assert_type(le.__version__, str)
assert_type(le.Model.from_config({"model_type": "llama"}, name="mine"), le.Model)
assert_type(le.accelerators["TPU v4"].require("power").alternatives[0].text, str)
