"""Your own accelerator, price, model and site: a file of facts, read like the library's own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import llm_economics as le

FACTS = """
[sources.my-quote-2026]
title = "Quote for a rack of our accelerator"
organisation = "A reseller"
date = "2026-11"

[accelerators."My accelerator"]
vendor = "A vendor"
power = { value = "750 W", source = "my-quote-2026", kind = "datasheet", date = "2026-11", confidence = "seen" }
rental_price = { value = "1.80-2.40 USD/accelerator/hour", source = "my-quote-2026", kind = "disclosed", date = "2026-11", confidence = "seen" }

[accelerators."My accelerator".peaks]
bf16 = { value = "1300 TFLOP/s", source = "my-quote-2026", kind = "datasheet", date = "2026-11", confidence = "seen", note = "dense" }

[models."My model"]
developer = "We"
parameters = { value = "30 Gparameter", source = "my-quote-2026", kind = "disclosed", date = "2026-11", confidence = "seen" }

[tariffs.my-contract]
price = { value = "0.05-0.07 USD/kWh", source = "my-quote-2026", kind = "disclosed", date = "2026-11", confidence = "seen" }

[facilities.my-site]
operator = "We"
grid = "US"
tariff = "my-contract"
power_usage_effectiveness = { value = "1.2-1.3", source = "my-quote-2026", kind = "assumed", date = "2026-11", confidence = "seen" }
"""  # noqa: E501 - TOML wants an inline table on one line

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "facts.toml"
    file.write_text(FACTS, encoding="utf-8")
    le.catalog.load(file)

query = le.InferenceWorkload(
    model=le.models["My model"],
    input_tokens="1000 token",
    output_tokens="500 token",
    accelerator=le.accelerators["my-accelerator"],  # case, spaces and hyphens are forgiven
    facility=le.facilities["my-site"],
).estimate()

print(f"energy at the facility  {query.energy.facility}")
print(f"cost, rented            {query.cost.rental}")
print(f"cost per output token   {query.cost_per_output_token()}")
print("\nfrom our own source:")
print([str(source) for source in query.sources if source.key.startswith("my-")])
