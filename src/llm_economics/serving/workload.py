"""`InferenceWorkload`: one request, and what serves it."""

from __future__ import annotations

import attrs

from llm_economics.core.fields import (
    as_share,
    as_token_rate,
    as_tokens,
    as_tokens_per_request,
    named_fields,
)
from llm_economics.core.registry import Quantity
from llm_economics.serving.estimate import Form, InferenceBreakdown, estimate_inference
from llm_economics.transformer.laws import AttentionConvention, as_attention_convention
from llm_economics.workload.workload import Workload

__all__ = ["InferenceWorkload"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class InferenceWorkload(Workload):
    """One request to a model: how many tokens, on which accelerator, where.

    Examples
    --------
    >>> import llm_economics as le
    >>> query = le.InferenceWorkload(
    ...     model=le.models["Llama 3.1 70B"],
    ...     input_tokens="1000 token",
    ...     output_tokens="500 token",
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     facility=le.facilities["us-hyperscale"],
    ... )
    >>> 0.05 < query.estimate().energy.facility.median().to("Wh/request").magnitude < 1.0
    True
    """

    input_tokens: Quantity | None = attrs.field(default=None, converter=as_tokens_per_request)
    """Tokens read for one request (token/request); those served from a prefix cache left out."""

    output_tokens: Quantity = attrs.field(converter=as_tokens_per_request)
    """Tokens written for one request (token/request), reasoning included."""

    throughput: Quantity | None = attrs.field(default=None, converter=as_token_rate)
    """Output tokens per second of one accelerator, measured at this workload's load."""

    model_flops_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """Share of the dense peak of `number_format` that becomes model FLOP while tokens are written.
    An assumed one is a share of the bf16 peak whatever the format."""

    prefill_model_flops_utilization: Quantity | None = attrs.field(default=None, converter=as_share)
    """The same while the input is read."""

    attention: AttentionConvention | None = attrs.field(
        default=None, converter=as_attention_convention
    )
    """How attention is counted: "none" (2 N alone), "causal" or "full". This is for reading; a
    written token sees the whole context under either."""

    context: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Length of the context while tokens are written (token), for the attention term."""

    def estimate(self, form: Form | str | None = None) -> InferenceBreakdown:
        """Compute energy, cost and carbon of one request.

        Parameters
        ----------
        form : {"throughput", "flop"}, optional
            How accelerator-time is found: by throughput if it is given, otherwise by FLOP.

        Returns
        -------
        InferenceBreakdown
            Every intermediate quantity, with what was assumed.

        Raises
        ------
        MissingInputError
            If the form needs what is not given, or there is no facility.
        UnknownNameError
            If there is no such form.
        """
        return estimate_inference(self, None if form is None else Form(form))
