"""Money of serving: for everything, and by kind of token after the time that each kind takes.

Rejected: a fixed ratio of the prices of input and output, which is a choice of sellers; free input,
since decoding waits while others' inputs are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.core.breakdown import attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption

if TYPE_CHECKING:
    from llm_economics.serving.case import Case

__all__ = ["money"]


def money(
    case: Case,
    throughput: Quantity,
    whole: Quantity,
    parts: dict[str, Quantity],
    taken: list[Assumption],
) -> dict[str, Quantity | MissingInputError]:
    r"""Money over tokens written, and by kind.

    Parameters
    ----------
    case : Case
        The deployment and its load.
    throughput : Quantity
        Tokens written per second, all replicas.
    whole : Quantity
        Time of a request from its place in the batch to its last token (s).
    parts : dict of str to Quantity
        Time per output token by part (s).
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    dict of str to Quantity or MissingInputError
        "cost", "output_cost" and "waiting_cost" over tokens written, "input_cost" over input tokens
        that are computed (USD/Mtoken).

    Notes
    -----
    .. math:: c = \frac{P n}{u X}, \qquad c = c_{in} \frac{i}{o} + c_{out} + c_{wait}

    A request holds a place for its whole time T, of which it loses o t_int to the inputs of others
    (as many as lose by its own), takes o (t - t_int) for decode steps, and waits for the rest; its
    cost is split in these proportions, in every draw.
    """
    deployment, load = case.deployment, case.load
    share = deployment.paid_utilization
    if share is None:
        share = ureg.Quantity(1.0)
        why = "all paid hours carry this load; give paid_utilization= for idle hours"
        taken.append(Assumption(name="paid_utilization", value=1.0, why=why))
    paid = share
    written = (load.written_tokens / ureg.Quantity(1.0, "token/request")).to("")
    step = sum(parts.values(), 0.0 * whole)
    reading = parts["interference"] * written / whole
    writing = (step - parts["interference"]) * written / whole

    def cost() -> Quantity:
        own = deployment.rental_price
        price = own if own is not None else deployment.accelerator.require("rental_price")
        count = ureg.Quantity(float(deployment.accelerators), "accelerator")
        found: Quantity = (price * count / (throughput * paid)).to("USD/Mtoken")
        return found

    total = attempt(cost)

    def of_input() -> Quantity:
        computed = load.computed_input
        if not computed.is_range and float(computed.magnitude) == 0.0:
            message = "all of the input is in the prefix cache: no input token is computed"
            raise MissingInputError(message)
        return (given(total) * reading * (load.written_tokens / computed)).to("USD/Mtoken")

    return {
        "cost": total,
        "input_cost": attempt(of_input),
        "output_cost": attempt(lambda: (given(total) * writing).to("USD/Mtoken")),
        "waiting_cost": attempt(
            lambda: (given(total) * (1.0 - reading - writing)).to("USD/Mtoken")
        ),
    }
