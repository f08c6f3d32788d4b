"""Which of fifteen inputs decides what a training run costs, and what dearer energy would do.

Electricity and hardware of a run. It lasts as long as computing or communicating takes, whichever
is longer, and servers come in whole ones of eight; so a first-order answer misses half of it.

``python which_input_matters.py tornado.png`` also draws the tornado, if matplotlib is there.
"""

from __future__ import annotations

import sys

import llm_economics as le

# What is computed.
parameters = le.between(70, 400, "Gparameter", name="parameters")
tokens = le.between(8, 16, "Ttoken", name="tokens")
work = le.uniform(6, 8, "FLOP/parameter/token", name="FLOP per parameter and token")
# With what.
count = le.between(8000, 24_000, "accelerator", name="accelerators")
peak = le.uniform(960, 989, "TFLOP/s/accelerator", name="peak")
utilization = le.uniform(0.3, 0.5, name="utilization")
communication = le.between(5e-8, 6e-7, "s/token", name="communication")
# At which power.
rated = le.between(650, 720, "W/accelerator", name="rated power")
load = le.between(0.6, 0.95, name="load")
host = le.between(1.2, 1.7, name="server factor")
overhead = le.between(1.05, 1.4, name="PUE", limits=(1, None))
# At which price.
energy_price = le.between(0.04, 0.12, "USD/kWh", name="price of energy")
price = le.between(25, 45, "kUSD/accelerator", name="price of an accelerator")
life = le.uniform(3, 6, "year", name="life")
billed = le.uniform(0.5, 0.9, name="share of life at work")

duration = le.functions.maximum(
    work * parameters * tokens / (count * peak * utilization), tokens * communication
)
server = le.quantity("8 accelerator")
power = le.functions.ceil((count / server).to("")) * server * rated * load * host * overhead
cost = (power * duration * energy_price + count * price * duration / (life * billed)).to("MUSD")

print("cost")
print(cost.summary(), "\n")

print("in four ways")
for line in str(cost.side_by_side()).splitlines():
    print(f"{line:.96}")  # a remark can be longer than a line

print("\nwhat matters, alone and with others")
print(cost.sobol(), "\n")

print("what each does by itself")
tornado = cost.tornado()
print(tornado, "\n")

print("what if energy costs more")
prices = le.axis(0.04, 0.24, 6, "USD/kWh")
ranges = cost.sweep({"price of energy": prices}).quantiles(0.05, 0.5, 0.95)
for known, cell in zip(ranges.coords["price of energy"], ranges, strict=True):
    low, middle, high = cell.values.magnitude
    print(f"  {known:.2g}: {middle:.3g} [{low:.3g} – {high:.3g}] {cell.values.unit_text}")

if len(sys.argv) > 1:
    tornado.plot().figure.savefig(sys.argv[1], bbox_inches="tight")
