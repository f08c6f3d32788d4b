"""`ScalingLaw`: what loss a model reaches, and which size and token count are best.

Published laws are in `scaling_sets`. Coefficients may be ranges; then so is every answer, and two
answers of one law move together. Kaplan et al. (arXiv:2001.08361) fit another form, a power of a
sum, and have no place here.

A loss may be handed from `loss` to the other questions: its range shares the coefficients, so that
"the same quality as this model" is exact. A loss given as a bare number is not, and with uncertain
coefficients it may be out of reach in a part of their range; that is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from llm_economics.core.breakdown import Breakdown, Step
from llm_economics.core.errors import RangeError
from llm_economics.core.fields import (
    as_computation,
    as_number,
    as_parameters,
    as_text,
    as_tokens,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity, ureg
from llm_economics.training.lifetime_laws import (
    computation_of_tokens,
    inference_demand,
    lifetime_computation,
    lifetime_token_share,
)
from llm_economics.training.scaling_laws import (
    compute_balance,
    compute_exponent,
    compute_optimal_size,
    parameter_tokens,
    pretraining_loss,
    scaling_size,
    scaling_term,
    tokens_per_parameter,
)
from llm_economics.transformer.laws import FORWARD, TRAINING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike

__all__ = ["ComputeOptimum", "LifetimeOptimum", "ScalingLaw"]

_PARAMETER: Quantity = ureg.Quantity(1.0, "parameter")
_TOKEN: Quantity = ureg.Quantity(1.0, "token")
_PAIR: Quantity = _PARAMETER * _TOKEN


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ComputeOptimum(Breakdown):
    """Parameters and tokens that reach a loss with the least computation of training."""

    parameters: Quantity
    """Parameters (parameter)."""

    tokens: Quantity
    """Training tokens (token)."""

    computation: Quantity
    """Computation of the training (FLOP)."""

    loss: Quantity
    """Loss (nat per token)."""

    tokens_per_parameter: Quantity
    """Tokens per parameter (token/parameter)."""

    def steps(self) -> Iterator[Step]:
        """Go through the lines."""
        yield Step("parameters", self.parameters, "least computation at this loss", "Gparameter")
        yield Step("tokens", self.tokens, "computation / (6 x parameters)", "Ttoken")
        yield Step("tokens per parameter", self.tokens_per_parameter, "tokens / parameters")
        yield Step("computation", self.computation, "6 x parameters x tokens")
        yield Step("loss", self.loss, "E + A / N^alpha + B / D^beta")


@attrs.frozen(kw_only=True, eq=False, repr=False)
class LifetimeOptimum(Breakdown):
    """Parameters and tokens that reach a loss with the least training and inference together."""

    parameters: Quantity
    """Parameters (parameter)."""

    tokens: Quantity
    """Training tokens (token)."""

    training_computation: Quantity
    """Computation of the training (FLOP)."""

    inference_computation: Quantity
    """Computation of all inference (FLOP), not weighted."""

    total: Quantity
    """Training plus weight x inference (FLOP of training)."""

    loss: Quantity
    """Loss (nat per token)."""

    saving: Quantity
    """Share of the total that is saved against `training_optimum`."""

    training_optimum: ComputeOptimum
    """The model of the same loss that is cheapest to train (the Chinchilla point)."""

    tokens_per_parameter: Quantity
    """Tokens per parameter (token/parameter)."""

    def steps(self) -> Iterator[Step]:
        """Go through the lines."""
        yield Step("parameters", self.parameters, "least total at this loss", "Gparameter")
        yield Step("tokens", self.tokens, "what these parameters need for the loss", "Ttoken")
        yield Step("tokens per parameter", self.tokens_per_parameter, "tokens / parameters")
        yield Step("training", self.training_computation, "6 x parameters x tokens")
        yield Step("inference", self.inference_computation, "2 x parameters x inference tokens")
        yield Step("total", self.total, "training + weight x inference")
        yield Step("loss", self.loss, "as given")
        yield Step("saving", self.saving, "1 - total / total of the model cheapest to train", "%")


def _check_positive(_instance: object, _attribute: object, value: Quantity) -> None:
    lowest = value.quantiles(0.0)[0] if value.is_range else value
    if np.any(np.asarray(lowest.magnitude) <= 0):
        message = f"needs a number above zero in its whole range, such as 0.34; got {value}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class ScalingLaw(Noun):
    """Loss of a language model from its parameters and its training tokens.

    L(N, D) = E + A / N^alpha + B / D^beta, with N in parameters and D in tokens.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.training.scaling import ScalingLaw
    >>> law = ScalingLaw(
    ...     name="mine",
    ...     irreducible_loss=1.8,
    ...     parameter_coefficient=480,
    ...     parameter_exponent=0.35,
    ...     token_coefficient=2000,
    ...     token_exponent=0.365,
    ... )
    >>> print(f"{law.loss('70 Gparameter', '1.4 Ttoken'):.3g}")
    1.95
    """

    name: str = attrs.field(converter=as_text)
    """What it is called."""

    irreducible_loss: Quantity = attrs.field(converter=as_number)
    """E: loss that no model goes below (nat per token)."""

    parameter_coefficient: Quantity = attrs.field(converter=as_number, validator=_check_positive)
    """A."""

    parameter_exponent: Quantity = attrs.field(converter=as_number, validator=_check_positive)
    """alpha."""

    token_coefficient: Quantity = attrs.field(converter=as_number, validator=_check_positive)
    """B."""

    token_exponent: Quantity = attrs.field(converter=as_number, validator=_check_positive)
    """beta."""

    fitted: str = attrs.field(default="", converter=as_text)
    """To which models it was fitted; beyond, it is an extrapolation."""

    def loss(self, parameters: QuantityLike, tokens: QuantityLike) -> Quantity:
        """Loss of a model.

        Parameters
        ----------
        parameters : quantity or text
            Parameters ("70 Gparameter").
        tokens : quantity or text
            Training tokens ("1.4 Ttoken"); of repeated ones `effective_tokens`.

        Returns
        -------
        Quantity
            Loss (nat per token).
        """
        return pretraining_loss(
            irreducible=self.irreducible_loss,
            of_parameters=self._loss_of_parameters(as_parameters(parameters)),
            of_tokens=self._loss_of_tokens(as_tokens(tokens)),
        )

    def tokens_for_loss(self, loss: QuantityLike, parameters: QuantityLike) -> Quantity:
        """Training tokens with which a model of a given size reaches a loss.

        Parameters
        ----------
        loss : quantity or number
            Loss (nat per token).
        parameters : quantity or text
            Parameters of the model.

        Returns
        -------
        Quantity
            Tokens (token).

        Raises
        ------
        RangeError
            If no number of tokens does.
        """
        spent = self._loss_of_parameters(as_parameters(parameters))
        least = self.irreducible_loss + spent
        return self._tokens(_left(loss, least, "tokens_for_loss", "with these parameters"))

    def parameters_for_loss(self, loss: QuantityLike, tokens: QuantityLike) -> Quantity:
        """Parameters with which a model trained on given tokens reaches a loss.

        Parameters
        ----------
        loss : quantity or number
            Loss (nat per token).
        tokens : quantity or text
            Training tokens.

        Returns
        -------
        Quantity
            Parameters (parameter).

        Raises
        ------
        RangeError
            If no number of parameters does.
        """
        least = self.irreducible_loss + self._loss_of_tokens(as_tokens(tokens))
        return self._parameters(_left(loss, least, "parameters_for_loss", "with these tokens"))

    def optimum(self, computation: QuantityLike) -> ComputeOptimum:
        """Parameters and tokens that give the lowest loss for a compute budget.

        Parameters
        ----------
        computation : quantity or text
            Compute budget of the training ("5.76e23 FLOP").

        Returns
        -------
        ComputeOptimum
            Parameters, tokens, loss.

        Notes
        -----
        Hoffmann et al., arXiv:2203.15556, equation 4. Where the optimum lies is known less well
        than the loss, which is flat around it.
        """
        budget = as_computation(computation).to("FLOP")
        allowed = parameter_tokens(computation=budget, computation_per_parameter=TRAINING)
        parameters = _PARAMETER * compute_optimal_size(
            pairs=allowed / _PAIR,
            balance=compute_balance(
                parameter_coefficient=self.parameter_coefficient,
                token_coefficient=self.token_coefficient,
                parameter_exponent=self.parameter_exponent,
                token_exponent=self.token_exponent,
            ),
            exponent=compute_exponent(
                exponent=self.parameter_exponent, other_exponent=self.token_exponent
            ),
        )
        tokens = (allowed / parameters).to("token")
        return self._optimum(parameters, tokens, self.loss(parameters, tokens), budget)

    def optimum_for_loss(self, loss: QuantityLike) -> ComputeOptimum:
        """Parameters and tokens that reach a loss with the least computation of training.

        Parameters
        ----------
        loss : quantity or number
            Loss (nat per token).

        Returns
        -------
        ComputeOptimum
            Parameters, tokens, computation.

        Raises
        ------
        RangeError
            If the loss is not above the irreducible one.
        """
        left = _left(loss, self.irreducible_loss, "optimum_for_loss", "with any model")
        parameters, tokens = self._at_share(left, self._training_share())
        return self._optimum(parameters, tokens, as_number(loss), _trained(parameters, tokens))

    def inference_optimum(
        self,
        loss: QuantityLike,
        inference_tokens: QuantityLike,
        *,
        inference_weight: QuantityLike = 1.0,
    ) -> LifetimeOptimum:
        """Parameters and tokens that reach a loss with the least training plus inference.

        Parameters
        ----------
        loss : quantity or number
            Loss (nat per token): `loss` of a model whose quality is wanted.
        inference_tokens : quantity or text
            Tokens read and written over the life of the model ("2 Ttoken").
        inference_weight : quantity or number
            Cost of one FLOP of inference over that of one FLOP of training: the ratio of two
            `price_of_computation`. 1 counts FLOP alone.

        Returns
        -------
        LifetimeOptimum
            Parameters, tokens, computation of both, and what is saved.

        Raises
        ------
        RangeError
            If the loss is not above the irreducible one.

        Notes
        -----
        Minimises 6 N D + 2 w N D_inference (Sardana et al., arXiv:2401.00448). Far more than 100
        tokens per parameter are beyond the models to which the laws were fitted. Of a law with
        uncertain coefficients ask for quantiles: `bounds` sees no end, as it cannot see that the
        irreducible loss in `loss` is the one that is taken off again.

        Examples
        --------
        >>> import llm_economics as le
        >>> from llm_economics.training.scaling_sets import scaling_law
        >>> law = scaling_law("hoffmann-2022")
        >>> quality = law.loss("13 Gparameter", "0.62 Ttoken")
        >>> best = law.inference_optimum(quality, "2 Ttoken")
        >>> print(f"{best.parameters.to('Gparameter'):.2g}, {best.saving.to('%'):.2g} less")
        7.1 Gparameter, 16 % less
        """
        left = _left(loss, self.irreducible_loss, "inference_optimum", "with any model")
        served, weight = as_tokens(inference_tokens), as_number(inference_weight)
        share = self._lifetime_share(left, served, weight)
        parameters, tokens = self._at_share(left, share)
        alone = self.optimum_for_loss(loss)
        training, inference = _trained(parameters, tokens), _served(parameters, served)
        total = lifetime_computation(
            training=training, inference=inference, inference_weight=weight
        )
        total_alone = lifetime_computation(
            training=alone.computation,
            inference=_served(alone.parameters, served),
            inference_weight=weight,
        )
        return LifetimeOptimum(
            title=f"Cheapest to train and to serve, by {self.name}",
            input_sources=self.sources,
            parameters=parameters,
            tokens=tokens,
            training_computation=training,
            inference_computation=inference,
            total=total,
            loss=as_number(loss),
            saving=(1.0 - total / total_alone).to(""),
            training_optimum=alone,
            tokens_per_parameter=tokens_per_parameter(tokens=tokens, parameters=parameters),
        )

    def _optimum(
        self, parameters: Quantity, tokens: Quantity, loss: Quantity, computation: Quantity
    ) -> ComputeOptimum:
        return ComputeOptimum(
            title=f"Cheapest to train, by {self.name}",
            input_sources=self.sources,
            parameters=parameters,
            tokens=tokens,
            computation=computation,
            loss=loss,
            tokens_per_parameter=tokens_per_parameter(tokens=tokens, parameters=parameters),
        )

    def _loss_of_parameters(self, parameters: Quantity) -> Quantity:
        return scaling_term(
            coefficient=self.parameter_coefficient,
            size=parameters / _PARAMETER,
            exponent=self.parameter_exponent,
        )

    def _loss_of_tokens(self, tokens: Quantity) -> Quantity:
        return scaling_term(
            coefficient=self.token_coefficient,
            size=tokens / _TOKEN,
            exponent=self.token_exponent,
        )

    def _parameters(self, loss: Quantity) -> Quantity:
        return _PARAMETER * scaling_size(
            coefficient=self.parameter_coefficient, loss=loss, exponent=self.parameter_exponent
        )

    def _tokens(self, loss: Quantity) -> Quantity:
        return _TOKEN * scaling_size(
            coefficient=self.token_coefficient, loss=loss, exponent=self.token_exponent
        )

    def _training_share(self) -> Quantity:
        """Share of the reducible loss that is due to the tokens where training costs least."""
        return compute_exponent(
            exponent=self.token_exponent, other_exponent=self.parameter_exponent
        )

    def _lifetime_share(self, left: Quantity, served: Quantity, weight: Quantity) -> Quantity:
        """Share of the reducible loss that is due to the tokens where life costs least."""
        return lifetime_token_share(
            parameter_exponent=self.parameter_exponent,
            token_exponent=self.token_exponent,
            demand=inference_demand(
                inference=FORWARD,
                inference_tokens=served,
                training=TRAINING,
                tokens=self._tokens(left),
                inference_weight=weight,
            ),
        )

    def _at_share(self, left: Quantity, share: Quantity) -> tuple[Quantity, Quantity]:
        """Parameters and tokens when this share of the reducible loss is due to the tokens."""
        return self._parameters((1.0 - share) * left), self._tokens(share * left)


def _trained(parameters: Quantity, tokens: Quantity) -> Quantity:
    return computation_of_tokens(
        computation_per_parameter=TRAINING, parameters=parameters, tokens=tokens
    )


def _served(parameters: Quantity, tokens: Quantity) -> Quantity:
    return computation_of_tokens(
        computation_per_parameter=FORWARD, parameters=parameters, tokens=tokens
    )


def _left(loss: QuantityLike, least: Quantity, where: str, how: str) -> Quantity:
    """What a loss leaves above the least possible one; refuses a loss that is out of reach."""
    wanted = as_number(loss)
    left = wanted - least
    drawn = left.samples(method="lattice") if left.is_range else left
    missed = np.asarray(drawn.to("").magnitude) <= 0
    if not missed.any():
        return left
    part = f" in {100 * missed.mean():.2g} % of the range" if left.is_range else ""
    message = (
        f"ScalingLaw.{where}(loss) needs more than {least}, the least that can be reached {how}; "
        f"got {wanted}, which is out of reach{part}. Give a higher loss, or the loss of a model "
        "by this law: law.loss(parameters, tokens)"
    )
    raise RangeError(message)
