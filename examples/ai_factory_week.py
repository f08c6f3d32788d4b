"""An AI factory that handles a billion tokens a week: its size and its cost, as ranges.

Tokens per second, accelerators, power, energy and rent of a week, for two sizes of model. Machines
are sized for the busiest hour, so they are at work for a share of the week only; and a model has to
fit into their memory. Power and energy are those of the work; machines that wait add to them.
"""

from __future__ import annotations

import llm_economics as le

TOKENS = le.quantity("1e9 token") / le.quantity("1 week")
REQUEST = {"input_tokens": "1000 token", "output_tokens": "500 token"}
USED = le.between(0.2, 0.5, name="share of the week at work")

h100 = le.accelerators["H100 SXM"]
requests = TOKENS / le.quantity("1500 token/request")
print(f"tokens on average    {TOKENS.to('token/second'):.4g}")
print(f"requests on average  {requests.to('request/second'):.3g}\n")

for name in ("Llama 3.1 70B", "Llama 3.1 405B"):
    model = le.models[name]
    query = le.InferenceWorkload(
        model=model, accelerator=h100, facility=le.facilities["us-hyperscale"], **REQUEST
    ).estimate()
    busy = (query.accelerator_time * requests).to("accelerator")
    weights = model.parameters * le.quantity("2 byte/parameter")
    room = 0.8 * h100.memory / le.quantity("1 accelerator")  # the rest is for the cache
    fits = le.functions.ceil((weights / room).to("accelerator"))
    needed = le.functions.maximum(le.functions.ceil(busy / USED), fits)
    energy = (query.energy.facility * requests).to("MWh/week") * le.quantity("1 week")
    rent = (needed * h100.rental_price).to("kUSD/week") * le.quantity("1 week")
    print(name)
    print(f"  accelerators at work      {busy:.2g}")
    print(f"  accelerators to be had    {needed:.2g}")
    print(f"  mean power of the work    {(query.energy.facility * requests).to('kW'):.2g}")
    print(f"  energy of the work        {energy:.2g}")
    print(f"  rent of a week            {rent:.2g}")
    print(f"  rent per million tokens   {(rent / le.quantity('1000 Mtoken')).to('USD/Mtoken'):.2g}")
