"""Times of a replica at a batch: a decode step, a prefill, and from them what a request sees.

Put together here from `step_time` once, for single deployments with ranges and for grids of floats
alike. Rejected: two texts, one with units and one for searching, which drift apart.
"""

from __future__ import annotations

from typing import Any

import attrs

from llm_economics.core.dimensions import formula
from llm_economics.core.functions import minimum
from llm_economics.serving.speculation import Speculation, time_per_accepted_token
from llm_economics.serving.step_time import (
    DecodeParts,
    Setup,
    decode_parts,
    decode_pass,
    prefill_operations,
    prefill_seconds,
    prefill_work_seconds,
)

__all__ = ["Lengths", "Seconds", "peak_seconds", "replica_seconds"]


@attrs.frozen(kw_only=True, eq=False)
class Lengths:
    """Tokens of a request; plain numbers, floats, arrays or ranges."""

    computed: Any
    """Input tokens that prefill computes."""

    cached: Any
    """Input tokens that a cached prefix gives."""

    written: Any
    """Tokens that are written, reasoning included."""

    @property
    def context(self) -> Any:
        """Mean tokens of a request while it is decoded."""
        return self.computed + self.cached + 0.5 * self.written


@attrs.frozen(kw_only=True, eq=False)
class Seconds:
    """Times of a replica at a batch; plain numbers."""

    parts: DecodeParts
    """One pass of the model by part."""

    per_token: Any
    """Between two tokens of a request."""

    prefill: Any
    """Reading an input on an idle replica."""

    prefill_work: Any
    """For how long that keeps the whole replica busy."""

    first_token: Any
    """From arrival to the first token, without a queue."""

    def end_to_end(self, written: Any) -> Any:
        """Seconds from arrival to the last token.

        Parameters
        ----------
        written : number or array
            Tokens that are written.

        Returns
        -------
        number or array
            Seconds.
        """
        return self.first_token + (written - 1.0) * self.per_token


def replica_seconds(
    setup: Setup, lengths: Lengths, batch: Any, speculation: Speculation | None = None
) -> Seconds:
    r"""Times of a replica at a batch.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats, constants.
    lengths : Lengths
        Tokens of a request.
    batch : number or array
        Requests that are decoded on the replica.
    speculation : Speculation, optional
        What a pass yields and costs; by default one token.

    Returns
    -------
    Seconds
        Seconds.

    Notes
    -----
    A request is written in o / n passes of n tokens, so of each pass B n / o prefills take part:

    .. math::
        t_{first} = \tau_0 + t_{prefill} + \sigma B t_{work} + w \, t_{pass}

    with the burst share and the waiting steps of the stack.
    """
    drafting = speculation or Speculation()
    constants = setup.constants
    prefill = prefill_seconds(setup, tokens=lengths.computed, past=lengths.cached)
    work = prefill_work_seconds(setup, tokens=lengths.computed, past=lengths.cached)
    parts = decode_parts(
        setup,
        batch=batch,
        context=lengths.context,
        prefill_share=batch * drafting.tokens_per_pass / lengths.written * work,
        positions=drafting.positions,
    )
    yielded, lost = drafting.tokens_per_pass, parts.interference
    per_token = lost / yielded + formula(time_per_accepted_token)(
        pass_time=parts.total - lost, draft_share=drafting.draft_share, tokens_per_pass=yielded
    )
    waiting = constants.burst_share * batch * work + constants.waiting_steps * parts.total
    return Seconds(
        parts=parts,
        per_token=per_token,
        prefill=prefill,
        prefill_work=work,
        first_token=constants.first_token_time + prefill + waiting,
    )


def peak_seconds(
    setup: Setup, lengths: Lengths, flight: Any, speculation: Speculation | None = None
) -> tuple[Any, Any]:
    """Seconds per pass for which an accelerator would be busy at its full bandwidth, at its peak.

    Parameters
    ----------
    setup : Setup
        Model, machine, division, formats.
    lengths : Lengths
        Tokens of a request.
    flight : number or array
        Mean requests in flight on the replica; may be less than one.
    speculation : Speculation, optional
        What a pass yields and costs; by default one token.

    Returns
    -------
    tuple of two numbers or arrays
        Of memory and of arithmetic, prefills included. Over the time of a pass they are the shares
        in use, on which power rests.

    Notes
    -----
    A stage rests while there are fewer requests than stages, a copy of attention while there are
    fewer than copies.
    """
    drafting = speculation or Speculation()
    replica, machine = setup.replica, setup.machine
    moved = decode_pass(setup, batch=flight, context=lengths.context, positions=drafting.positions)
    awake = minimum(flight / replica.pipeline_parallel, 1.0)
    filled = minimum(replica.micro_batch(flight) / replica.attention_data_parallel, 1.0)
    matrices, attention = prefill_operations(
        setup.sizes, tokens=lengths.computed, past=lengths.cached
    )
    share = flight * drafting.tokens_per_pass / (lengths.written * replica.accelerators)
    decoding = awake * filled
    memory = awake * moved.weight_bytes + decoding * moved.cache_bytes
    multiplying = decoding * moved.matrix_operations + share * matrices
    attending = decoding * moved.attention_operations + share * attention
    return (
        memory / machine.memory_bandwidth,
        multiplying / machine.peak + attending / machine.peak_16_bit,
    )
