"""`ReinforcementWorkload`: rollouts are generated, scored, and trained on (RLHF, GRPO, RLVR).

Generation is inference: bound by memory, at a small share of the peak, and at long responses most
of the time. So the three kinds of work stand apart, each with its own utilization and its own
power. Rejected: one 6 N D over the tokens trained on, which leaves out the larger part of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import attrs

from llm_economics.core.errors import MissingInputError, NotationError, RangeError
from llm_economics.core.fields import (
    as_number,
    as_share,
    as_token_rate,
    as_tokens,
    named_fields,
)
from llm_economics.core.nouns import unique_sources
from llm_economics.core.references import holds
from llm_economics.core.registry import Quantity
from llm_economics.training.reinforcement_estimate import (
    ReinforcementBreakdown,
    estimate_reinforcement,
)
from llm_economics.training.workload import TrainingWorkload
from llm_economics.transformer.model import Model

if TYPE_CHECKING:
    from llm_economics.core.sources import Source

__all__ = ["ReinforcementWorkload"]


def _flag(_instance: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        message = f"needs True or False; got {value!r}"
        raise NotationError(message)


def _model_or_flag(instance: Any, attribute: Any, value: Any) -> None:
    if not isinstance(value, bool):
        holds(Model, "models")(instance, attribute, value)


def _above_zero(_instance: Any, _attribute: Any, value: Any) -> None:
    if value is not None and float(value.bounds().low.magnitude) <= 0.0:
        message = f"needs more than zero; got {value}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class ReinforcementWorkload(TrainingWorkload):
    """A reinforcement stage: what is generated, who scores it, how often it is trained on.

    Without a critic and with several rollouts of each prompt it is GRPO; without a reward model the
    reward is a rule or a test (RLVR). With ``generates=False`` the responses come with the data, as
    the pairs of direct preference optimization (DPO) do.

    Examples
    --------
    >>> import llm_economics as le
    >>> stage = ReinforcementWorkload(
    ...     model=le.models["Llama 3.1 8B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     accelerators=16,
    ...     prompts=100_000,
    ...     rollouts_per_prompt=16,
    ...     prompt_tokens="200 token",
    ...     response_tokens="1000 token",
    ...     reference_model=True,
    ...     model_flops_utilization=0.3,
    ...     goodput=0.9,
    ...     attention="none",
    ...     rollout_model_flops_utilization=0.1,
    ...     scoring_model_flops_utilization=0.4,
    ...     facility=le.facilities["us-hyperscale"],
    ... )
    >>> found = stage.estimate()
    >>> for name, part in found.parts.items():
    ...     print(f"{name}: {part.accelerator_time:.3g}")
    generation: 72.4 accelerator·h
    scoring: 21.6 accelerator·h
    training: 86.6 accelerator·h
    lost time: 20.1 accelerator·h
    >>> print(f"{found.duration.to('hour'):.3g}")
    12.5 h
    """

    prompts: Quantity = attrs.field(converter=as_number, validator=_above_zero)
    """Prompts in all, one that comes again counted again: steps x prompts of a step."""

    rollouts_per_prompt: Quantity = attrs.field(converter=as_number, validator=_above_zero)
    """Responses to each prompt: the size of the group in GRPO, 1 in PPO."""

    prompt_tokens: Quantity = attrs.field(converter=as_tokens)
    """Mean length of a prompt (token); read once for all its responses while generating."""

    response_tokens: Quantity = attrs.field(converter=as_tokens, validator=_above_zero)
    """Mean length of a response (token)."""

    epochs: Quantity | None = attrs.field(default=None, converter=as_number, validator=_above_zero)
    """How often each rollout is trained on; once where nothing is given."""

    trained_rollout_share: Quantity | None = attrs.field(
        default=None, converter=as_share, validator=_above_zero
    )
    """Share of the rollouts that is trained on, where others are thrown away; all by default."""

    pretraining_tokens: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Tokens of pre-training data that are trained on in between (token): PPO-ptx."""

    generates: bool = attrs.field(default=True, validator=_flag)
    """Whether responses are generated; False where they come with the data."""

    reference_model: Model | bool = attrs.field(default=False, validator=_model_or_flag)
    """Model from which the policy must not stray: True for one of the size of the policy."""

    reward_model: Model | None = attrs.field(default=None, validator=holds(Model, "models"))
    """Model that rates the rollouts; None for a rule or a test, whose work is not counted."""

    critic: Model | None = attrs.field(default=None, validator=holds(Model, "models"))
    """Model that learns the value of a state (PPO): scores, and is trained too."""

    policy_rescored: bool = attrs.field(default=False, validator=_flag)
    """Whether the trainer computes the log-probabilities of the rollouts once more."""

    rollout_model_flops_utilization: Quantity | None = attrs.field(
        default=None, converter=as_share, validator=_above_zero
    )
    """MFU while responses are written; by default that of serving, assumed and listed."""

    rollout_throughput: Quantity | None = attrs.field(
        default=None, converter=as_token_rate, validator=_above_zero
    )
    """Tokens written per second and accelerator, reading of prompts included, where measured;
    goes before the utilization."""

    scoring_model_flops_utilization: Quantity | None = attrs.field(
        default=None, converter=as_share, validator=_above_zero
    )
    """MFU of forward passes over whole rollouts; by default that of reading a prompt, assumed."""

    rollout_accelerator_share: Quantity | None = attrs.field(
        default=None, converter=as_share, validator=_above_zero
    )
    """Share of the accelerators that generate while the others score and train; by default all
    of them do one after the other."""

    def __attrs_post_init__(self) -> None:
        """Refuse what follows from the rollouts, and rollouts where nothing is generated."""
        super().__attrs_post_init__()
        for name in ("tokens", "computation"):
            if getattr(self, name) is not None:
                message = (
                    f"ReinforcementWorkload.{name} follows from prompts, rollouts and their "
                    f"lengths; leave {name} out"
                )
                raise RangeError(message)
        given = [
            field.name
            for field in attrs.fields(type(self))
            if field.name.startswith("rollout_") and getattr(self, field.name) is not None
        ]
        if given and not self.generates:
            message = (
                f"ReinforcementWorkload.{given[0]} is of generation, and generates=False; leave "
                "one of them out"
            )
            raise RangeError(message)
        share = self.rollout_accelerator_share
        if share is not None and float(share.bounds().high.to("").magnitude) >= 1.0:
            message = (
                "ReinforcementWorkload.rollout_accelerator_share needs less than 1, since others "
                f"train at the same time; got {share}"
            )
            raise RangeError(message)

    @property
    def policy(self) -> Model:
        """The model that is trained.

        Raises
        ------
        MissingInputError
            If none was given.
        """
        if self.model is None:
            message = "the model is not known; give ReinforcementWorkload(model=...)"
            raise MissingInputError(message)
        return self.model

    @property
    def rollouts(self) -> Quantity:
        """Responses in all; a plain number."""
        return self.prompts * self.rollouts_per_prompt

    @property
    def rollout_length(self) -> Quantity:
        """Prompt and response (token)."""
        return self.prompt_tokens + self.response_tokens

    @property
    def generated_tokens(self) -> Quantity:
        """Tokens written (token)."""
        return (self.rollouts * self.response_tokens).to("token")

    @property
    def scored_tokens(self) -> Quantity:
        """Tokens that pass once through each model that scores (token)."""
        return (self.rollouts * self.rollout_length).to("token")

    @property
    def trained_rollout_tokens(self) -> Quantity:
        """Tokens of rollouts that are trained on, each epoch counted (token)."""
        tokens = self.scored_tokens
        for factor in (self.epochs, self.trained_rollout_share):
            tokens = tokens if factor is None else tokens * factor
        return tokens.to("token")

    @property
    def seen_tokens(self) -> Quantity:
        """Tokens that the policy is trained on, mixed pre-training data included (token)."""
        mixed = self.pretraining_tokens
        tokens = self.trained_rollout_tokens
        return tokens if mixed is None else tokens + mixed

    @property
    def scoring_models(self) -> tuple[Model, ...]:
        """Models that read every rollout once."""
        reference = self.reference_model
        if isinstance(reference, bool):
            reference = cast("Any", self.policy if reference else None)
        again = self.policy if self.policy_rescored else None
        readers = (reference, self.reward_model, self.critic, again)
        return tuple(model for model in readers if model is not None)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Sources of the workload's own figures and of the nouns that it names."""
        every = {source.key: source for source in super().sources}
        models = (self.reference_model, self.reward_model, self.critic)
        named = [model for model in models if isinstance(model, Model)]
        more = unique_sources(o for model in named for o in model.provenance.values())
        return tuple({**every, **{source.key: source for source in more}}.values())

    def estimate(self) -> ReinforcementBreakdown:
        r"""Compute time, energy, cost and carbon, in all and of each kind of work.

        Returns
        -------
        ReinforcementBreakdown
            Every intermediate quantity, with what was assumed.

        Raises
        ------
        MissingInputError
            If an input that everything rests on is unknown.

        Notes
        -----
        .. math::
            C_{\mathrm{generation}} &= 2 N_{\mathrm{policy}} (D_{\mathrm{written}} +
            D_{\mathrm{read}}) \\
            C_{\mathrm{scoring}} &= 2 D \sum_i N_i \\
            C_{\mathrm{training}} &= 6 N_{\mathrm{policy}} (e D + D_{\mathrm{mixed}}) +
            6 N_{\mathrm{critic}} e D

        with D tokens of all rollouts, prompts included, and e epochs; attention comes on top by its
        convention. A written token sees all positions before it: in the mean the prompt and half
        of the response. Lost time (goodput, and waiting where some accelerators generate while
        others train) is a part of its own, at the power of servers at rest. A duration that is
        given is shared out in the proportion of the computed times. Not counted: the copying of
        new weights to where rollouts are generated, tools and tests that rate a response, and
        waiting for the longest response of a batch. So long responses (OLMo 3 reports 5 to 14
        times as much for generation as for training at 10,000 tokens) and large mixtures of experts
        with a few rollouts on each accelerator take longer than an assumed utilization says; there
        a measured `rollout_throughput` is needed.

        References
        ----------
        Ouyang et al., arXiv:2203.02155 (PPO, mixed pre-training data); Shao et al.,
        arXiv:2402.03300 (GRPO); Lambert et al., arXiv:2411.15124 (RLVR).
        """
        return estimate_reinforcement(self)
