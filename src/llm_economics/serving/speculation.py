"""Speculative decoding: a draft proposes tokens, one pass of the model checks them all.

What a pass yields follows from the acceptance rate, what it costs from the draft. Rejected: a
speedup as an input, which hides that checking more tokens takes more arithmetic and, with experts,
more weights; it fades as the batch grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.dimensions import Number, Share, Time, formula, law
from llm_economics.core.registry import ureg

if TYPE_CHECKING:
    from llm_economics.serving.deployment import Deployment

__all__ = [
    "Speculation",
    "expected_tokens_per_pass",
    "speculation_of",
    "time_per_accepted_token",
]


@law("dimensionless")
def expected_tokens_per_pass(*, acceptance_rate: Share, draft_tokens: Number) -> Number:
    r"""Tokens that one pass of the model yields, from the rate at which drafted ones are accepted.

    Parameters
    ----------
    acceptance_rate : Quantity
        Probability that a drafted token is accepted, below 1; a plain number.
    draft_tokens : Quantity
        Tokens that are drafted for a pass; a plain number.

    Returns
    -------
    Quantity
        Expected tokens: those accepted in a row and one of the model's own; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \frac{1 - \alpha^{k + 1}}{1 - \alpha}

    Valid for drafted tokens that are accepted independently, each with the same probability;
    measured acceptance falls with the position.

    References
    ----------
    Y. Leviathan et al., Fast Inference from Transformers via Speculative Decoding,
    arXiv:2211.17192, equation 1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     expected_tokens_per_pass(acceptance_rate=le.quantity(0.5), draft_tokens=le.quantity(2))
    ... )
    1.75
    """
    return (1.0 - acceptance_rate ** (draft_tokens + 1.0)) / (1.0 - acceptance_rate)


@law("second")
def time_per_accepted_token(
    *, pass_time: Time, draft_share: Share, tokens_per_pass: Number
) -> Time:
    r"""Time per token with speculative decoding.

    Parameters
    ----------
    pass_time : Quantity
        Time in which the model checks the drafted tokens (s).
    draft_share : Quantity
        Time of drafting them over that time; a plain number.
    tokens_per_pass : Quantity
        Tokens that a pass yields; a plain number, at least 1.

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \frac{(1 + d) \, t}{n}

    with d = k c for k drafted tokens that take c passes each. Valid where drafting and checking
    follow each other.

    References
    ----------
    Y. Leviathan et al., arXiv:2211.17192, theorem 3.8.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     time_per_accepted_token(
    ...         pass_time=le.quantity("20 ms"),
    ...         draft_share=le.quantity(0.25),
    ...         tokens_per_pass=le.quantity(2.5),
    ...     ).to("ms")
    ... )
    10 ms
    """
    return (1.0 + draft_share) * pass_time / tokens_per_pass


@attrs.frozen(kw_only=True, eq=False)
class Speculation:
    """What a pass yields and costs; plain numbers. Without speculation one token for one pass."""

    tokens_per_pass: Any = 1.0
    """Tokens that a pass yields."""

    positions: Any = 1.0
    """Tokens that it computes for each request: drafted ones and one more."""

    draft_share: Any = 0.0
    """Time of drafting over that of the pass."""

    @property
    def drafts(self) -> bool:
        """Whether drafting takes time of its own."""
        return not isinstance(self.draft_share, float) or self.draft_share > 0.0

    def central(self) -> Speculation:
        """Return the same with central values in place of ranges.

        Returns
        -------
        Speculation
            Floats only.
        """
        numbers = {
            f.name: float(ureg.Quantity(getattr(self, f.name)).central().magnitude)
            for f in attrs.fields(Speculation)
        }
        return Speculation(**numbers)


def speculation_of(deployment: Deployment) -> Speculation:
    """Take the speculation of a deployment as plain numbers.

    Parameters
    ----------
    deployment : Deployment
        The deployment.

    Returns
    -------
    Speculation
        Floats or ranges. Where it is not said how many tokens are drafted, those accepted are
        all that is computed.
    """
    accepted, drafted = _number(deployment.accepted_tokens), _number(deployment.draft_tokens)
    if deployment.acceptance_rate is not None:
        rate = _number(deployment.acceptance_rate)
        accepted = formula(expected_tokens_per_pass)(acceptance_rate=rate, draft_tokens=drafted)
    if accepted is None:
        return Speculation()
    share = _number(deployment.draft_share)
    return Speculation(
        tokens_per_pass=accepted,
        positions=accepted if drafted is None else drafted + 1.0,
        draft_share=0.0 if share is None else share,
    )


def _number(value: Any) -> Any:
    return None if value is None else value.to("").magnitude
