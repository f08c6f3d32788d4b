"""`TokenKind`: tokens of a request by kind, with the energy and money that their time takes.

A token of the prefix cache is computed by nobody, but its keys are read in each step of decoding,
like those of every input, and take their part of that time. Reasoning is written like what is
shown, and counts apart.
Rejected: energy by kind from measured phases, which nobody publishes beside a batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import attempt
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity, ureg

if TYPE_CHECKING:
    from llm_economics.facility.energy import Boundary
    from llm_economics.serving.point import ServingPoint

__all__ = ["TokenKind", "token_kinds"]


@attrs.frozen(kw_only=True, eq=False)
class TokenKind:
    """Tokens of one kind in a mean request."""

    tokens: Quantity
    """How many a request has (token/request)."""

    time_share: Quantity
    """Part of the time of a request that they take, all of them; the parts sum to 1."""

    energy: Quantity | MissingInputError
    """Energy of one of them, within the boundary asked for (J/token)."""

    cost: Quantity | MissingInputError
    """Money for one of them (USD/Mtoken)."""


def token_kinds(point: ServingPoint, boundary: Boundary) -> dict[str, TokenKind]:
    """Split energy and money of a request over its tokens, by the time that they take.

    Parameters
    ----------
    point : ServingPoint
        The point.
    boundary : Boundary
        Of the energy.

    Returns
    -------
    dict of str to TokenKind
        "input", "cached input", "reasoning", "output", as far as there are any.
    """
    load, whole = point.load, point.end_to_end
    request = ureg.Quantity(1.0, "token/request")
    written, read, computed = load.written_tokens, load.input_tokens, load.computed_input
    cached = read - computed
    steps = (written / request).to("") / whole
    reading = point.parts["interference"] * steps
    # Keys and values of the whole input are read in each step, whoever computed them.
    keeping = point.parts["cache"] * steps * (read / (read + 0.5 * written)).to("")
    # What is left, waiting for the first token included, goes to what is written.
    writing = 1.0 - reading - keeping
    shares = {
        "input": (computed, reading + keeping * (computed / read).to("")),
        "cached input": (cached, keeping * (cached / read).to("")),
        "reasoning": _part(load.reasoning_tokens, writing, written),
        "output": _part(load.output_tokens, writing, written),
    }
    return {
        name: _kind(point, boundary, tokens, share)
        for name, (tokens, share) in shares.items()
        if tokens is not None and float(tokens.central().magnitude) > 0.0
    }


def _part(
    tokens: Quantity | None, share: Quantity, written: Quantity
) -> tuple[Quantity | None, Quantity]:
    return (tokens, share) if tokens is None else (tokens, share * (tokens / written).to(""))


def _kind(point: ServingPoint, boundary: Boundary, tokens: Quantity, share: Quantity) -> TokenKind:
    each = share * (point.load.written_tokens / tokens).to("")
    return TokenKind(
        tokens=tokens,
        time_share=share.to(""),
        energy=attempt(lambda: (point.energy_per_output_token.at(boundary) * each).to("J/token")),
        cost=attempt(lambda: (point.cost_per_output_token * each).to("USD/Mtoken")),
    )
