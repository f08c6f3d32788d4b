"""Energy of one query, by boundary, for a small and a large model.

The same query differs by a factor of two between the accelerator alone and the whole facility,
and by the ratio of the parameters between the models. A figure without its boundary says little.
"""

from __future__ import annotations

import llm_economics as le

MODELS = ("Llama 3.1 8B", "Llama 3.1 405B")

queries = {
    name: le.InferenceWorkload(
        model=le.models[name],
        input_tokens="1000 token",
        output_tokens="500 token",
        accelerator=le.accelerators["H100 SXM"],
        facility=le.facilities["us-hyperscale"],
    ).estimate()
    for name in MODELS
}

print(f"{'boundary':12}", *(f"{name:>26}" for name in MODELS), "  Wh/request, median [90 %]")
for boundary in ("accelerator", "server", "it", "facility"):
    cells = []
    for query in queries.values():
        low, middle, high = query.energy.at(boundary).quantiles(0.05, 0.5, 0.95).magnitude
        cells.append(f"{middle:.2g} [{low:.2g} - {high:.2g}]")
    print(f"{boundary:12}", *(f"{cell:>26}" for cell in cells))

small, large = (query.energy.facility for query in queries.values())
print(f"\nlarge over small: {(large / small).to(''):.2g}")
print("The ratio is sharp: both rest on the same assumptions, which cancel.")
