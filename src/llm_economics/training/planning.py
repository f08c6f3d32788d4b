"""`plan`: how many accelerators, how long, how much money or power, how large a model.

A training run is bound by a few products. Whichever one figure is asked for, it follows from the
others by the same equations as an estimate of the run, ranges included. What does not follow from
what is given says so. Rejected: whole accelerators in the solution, since rounding would break the
equations; they are a property of the result.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import attrs
import numpy as np

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import (
    LLMEconomicsError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.fields import (
    as_accelerators,
    as_computation,
    as_money,
    as_parameters,
    as_power,
    as_rental_price,
    as_share,
    as_time,
    as_tokens,
    dimension_of,
)
from llm_economics.core.functions import ceil
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.hardware.machine import peak_16_bit
from llm_economics.training.plan_laws import facility_power_per_accelerator
from llm_economics.training.plan_relations import Relation, Solution, solve
from llm_economics.training.prior import prior_utilization
from llm_economics.transformer.laws import TRAINING, AttentionConvention, computation_per_token
from llm_economics.workload.assumptions import assumed
from llm_economics.workload.operation import per_accelerator, taken_from_accelerator
from llm_economics.workload.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike
    from llm_economics.facility.site import Facility
    from llm_economics.hardware.accelerator import Accelerator
    from llm_economics.transformer.model import Model

__all__ = ["UNKNOWNS", "TrainingPlan", "plan"]

Maybe = Quantity | MissingInputError

_READERS: Final[dict[str, Any]] = {
    "parameters": as_parameters,
    "tokens": as_tokens,
    "computation": as_computation,
    "accelerators": as_accelerators,
    "duration": as_time,
    "money": as_money,
    "power": as_power,
    "model_flops_utilization": as_share,
    "goodput": as_share,
    "rental_price": as_rental_price,
    "sequence_length": as_tokens,
}

UNKNOWNS: Final = tuple(_READERS)[:7]
"""What can be asked for."""

_SIZE: Final = "computation; parameters and tokens; money"
_RATE: Final = "accelerators and duration; power and duration"
_NEEDS: Final = {
    "parameters": f"tokens, and one of: computation; money; {_RATE}",
    "tokens": f"parameters or a model, and one of: computation; money; {_RATE}",
    "computation": f"one of: parameters and tokens; money; {_RATE}",
    "accelerators": f"power; or duration and one of: {_SIZE}",
    "duration": f"one of: accelerators; power; and one of: {_SIZE}",
    "money": f"one of: computation; parameters and tokens; {_RATE}",
    "power": f"accelerators; or duration and one of: {_SIZE}",
    "energy": f"one of: {_SIZE}; {_RATE}",
    "accelerator_time": f"one of: {_SIZE}; {_RATE}",
}
"""From which figures each one follows."""

_SHOWN: Final = {
    "parameters": "Gparameter",
    "tokens": "Ttoken",
    "computation": "FLOP",
    "accelerator_time": "accelerator*hour",
    "accelerators": "accelerator",
    "duration": "day",
    "power": "MW",
    "energy": "GWh",
    "money": "MUSD",
}
"""Lines of a plan, with the unit in which people read them."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class TrainingPlan(Breakdown):
    """A training run of which one figure was asked for: all figures that follow."""

    unknown: str
    """What was asked for."""

    peak: Quantity
    """Dense peak (FLOP/s/accelerator)."""

    model_flops_utilization: Quantity
    """Share of the peak that becomes model FLOP; a plain number."""

    goodput: Quantity
    """Share of the time that makes progress; 1 where the utilization counts lost time."""

    _solution: Solution = attrs.field(repr=False)

    def _get(self, name: str) -> Quantity:
        return given(self._maybe(name))

    def _maybe(self, name: str) -> Maybe:
        if name in self._solution.values:
            return self._solution.values[name]
        needs = f"{name.replace('_', '-')} does not follow from what is given; give {_NEEDS[name]}"
        return self._solution.reasons.get(name, MissingInputError(needs))

    @property
    def answer(self) -> Quantity:
        """The figure that was asked for."""
        return self._get(self.unknown)

    @property
    def parameters(self) -> Quantity:
        """Parameters that each token passes through (parameter)."""
        return self._get("parameters")

    @property
    def tokens(self) -> Quantity:
        """Tokens seen in training (token)."""
        return self._get("tokens")

    @property
    def computation(self) -> Quantity:
        """Model FLOP of the run (FLOP)."""
        return self._get("computation")

    @property
    def accelerator_time(self) -> Quantity:
        """Accelerator-hours, lost time included."""
        return self._get("accelerator_time")

    @property
    def accelerators(self) -> Quantity:
        """Accelerators that work together; not rounded (accelerator)."""
        return self._get("accelerators")

    @property
    def whole_accelerators(self) -> Quantity:
        """Accelerators, rounded up to whole ones; a range stays one."""
        return cast("Quantity", ceil(self.accelerators))

    @property
    def duration(self) -> Quantity:
        """Wall time (day)."""
        return self._get("duration")

    @property
    def money(self) -> Quantity:
        """Cost of renting the accelerators for the run, no more (MUSD)."""
        return self._get("money")

    @property
    def power(self) -> Quantity:
        """Mean power of the facility during the run (MW)."""
        return self._get("power")

    @property
    def energy(self) -> Quantity:
        """Energy that the facility draws for the run (MWh)."""
        return self._get("energy")

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from the model to the money."""
        for name, unit in _SHOWN.items():
            how = self._solution.how.get(name, "does not follow from what is given")
            yield Step(name.replace("_time", "-time"), self._maybe(name), how, unit)
            if name == "computation":
                yield Step("peak", self.peak, "dense, of one accelerator", "TFLOP/s/accelerator")
                yield self._share("model FLOPs utilization", "model_flops_utilization")
                yield self._share("goodput", "goodput")

    def _share(self, title: str, name: str) -> Step:
        assumed_names = {assumption.name for assumption in self.assumptions}
        how = "assumed, see below" if name in assumed_names else "as given"
        return Step(title, getattr(self, name), how, "%")


def plan(  # noqa: PLR0913 - one that says what is asked, the rest keyword-only figures
    unknown: str,
    *,
    accelerator: Accelerator,
    model: Model | None = None,
    parameters: QuantityLike | None = None,
    tokens: QuantityLike | None = None,
    accelerators: QuantityLike | None = None,
    duration: QuantityLike | None = None,
    money: QuantityLike | None = None,
    power: QuantityLike | None = None,
    computation: QuantityLike | None = None,
    model_flops_utilization: QuantityLike | None = None,
    goodput: QuantityLike | None = None,
    number_format: str | None = None,
    facility: Facility | None = None,
    rental_price: QuantityLike | None = None,
    attention: str | None = None,
    sequence_length: QuantityLike | None = None,
) -> TrainingPlan:
    r"""Find one figure of a training run from the others.

    Parameters
    ----------
    unknown : str
        What is asked for: "parameters", "tokens", "computation", "accelerators", "duration",
        "money" or "power".
    accelerator : Accelerator
        What computes.
    model : Model, optional
        What is trained; or give `parameters`. Its training tokens or computation are taken, and
        listed, where nothing else tells how large the run is.
    parameters : quantity, optional
        Parameters that each token passes through (parameter).
    tokens : quantity, optional
        Tokens seen in training (token).
    accelerators : quantity, optional
        Accelerators that work together (accelerator).
    duration : quantity, optional
        Wall time ("60 day").
    money : quantity, optional
        Rent of the accelerators ("10 MUSD"); nothing else is in it.
    power : quantity, optional
        Mean power of the facility during the run ("20 MW"); needs `facility`.
    computation : quantity, optional
        Model FLOP of the run ("1e25 FLOP").
    model_flops_utilization : quantity, optional
        Share of the dense peak of `number_format`. Without it that of published runs is taken.
    goodput : quantity, optional
        Share of the time that makes progress. Without it the usual one is taken, or 1 where the
        utilization is that of published runs, since lost time is in it.
    number_format : str, optional
        Format of the matrix products; bf16 is taken without it.
    facility : Facility, optional
        Where it runs, for power and energy.
    rental_price : quantity, optional
        Price ("2 USD/accelerator/hour"); without it the accelerator's is taken.
    attention : str, optional
        "causal" or "full" to count attention beyond 6 N D; needs a model and `sequence_length`.
    sequence_length : quantity, optional
        Length of a training sequence (token).

    Returns
    -------
    TrainingPlan
        All figures that follow, ranges included, with what was assumed.

    Raises
    ------
    MissingInputError
        If too little is given; says what would do.
    RangeError
        If too much is given and it does not agree within 1 %; says which figures.
    UnknownNameError
        If there is no such figure to ask for.

    Notes
    -----
    .. math::
        C &= 6 N D \ (+\ c_{\mathrm{attention}} D) \\
        n t &= \frac{C}{P \, u \, g} \\
        \mathrm{money} &= n t \, p \\
        W &= n w, \quad w = P_{\mathrm{rated}} \, l f (1 + s) \, \mathrm{PUE} \\
        E &= n t \, w

    for parameters N, tokens D, computation C, accelerators n, duration t, peak P, utilization u,
    goodput g, rental price p and facility power W. With ranges the answer is a range; where two
    figures are ranges, the one that is asked for is as uncertain as both together.

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1 (6 N D).

    Examples
    --------
    How many H100 train a model of 70 billion parameters on 15 trillion tokens in 60 days?

    >>> import llm_economics as le
    >>> h100 = le.accelerators["H100 SXM"]
    >>> found = plan(
    ...     "accelerators",
    ...     parameters="70 Gparameter",
    ...     tokens="15 Ttoken",
    ...     duration="60 day",
    ...     accelerator=h100,
    ...     model_flops_utilization=(0.38, 0.43),
    ...     goodput=0.9,
    ... )
    >>> print(f"{found.whole_accelerators:.3g}")
    3,370 [3,170 – 3,590] accelerator (median, 90 %)

    What can be trained for 10 MUSD?

    >>> found = plan(
    ...     "computation",
    ...     money="10 MUSD",
    ...     accelerator=h100,
    ...     rental_price="2 USD/accelerator/hour",
    ...     model_flops_utilization=0.4,
    ...     goodput=0.9,
    ... )
    >>> print(f"{found.answer:.3g}", "|", found.accelerator_time)
    6.41e24 FLOP | 5e6 accelerator·h

    How many tokens does a model of 405 billion parameters see in 90 days in a 20 MW site?

    >>> found = plan(
    ...     "tokens",
    ...     parameters="405 Gparameter",
    ...     power="20 MW",
    ...     duration="90 day",
    ...     accelerator=h100,
    ...     facility=le.facilities["us-hyperscale"],
    ...     model_flops_utilization=0.4,
    ...     goodput=0.9,
    ... )
    >>> print(f"{found.answer.to('Ttoken'):.2g}")
    24 [19 – 31] Ttoken (median, 90 %)
    """
    asked = _asked(unknown)
    come: dict[str, Any] = {
        "parameters": parameters,
        "tokens": tokens,
        "computation": computation,
        "accelerators": accelerators,
        "duration": duration,
        "money": money,
        "power": power,
        "model_flops_utilization": model_flops_utilization,
        "goodput": goodput,
        "rental_price": rental_price,
        "sequence_length": sequence_length,
    }
    figures = {name: _read(name, value) for name, value in come.items() if value is not None}
    # None stands for the field's default, of which the type checker knows nothing.
    labels: dict[str, Any] = {
        "number_format": number_format,
        "facility": facility,
        "rental_price": figures.get("rental_price"),
    }
    work = Workload(model=model, accelerator=accelerator, **labels)
    question = _Question(asked=asked, figures=figures, work=work, attention=_attention(attention))
    return question.answer()


def _asked(unknown: str) -> str:
    if unknown not in UNKNOWNS:
        hint = f"It is one of {', '.join(UNKNOWNS)}."
        raise UnknownNameError(str(unknown), UNKNOWNS, "figure to plan", hint=hint)
    return unknown


def _attention(attention: str | None) -> AttentionConvention:
    return AttentionConvention.NONE if attention is None else AttentionConvention(attention)


def _read(name: str, value: QuantityLike) -> Quantity:
    dimension = dimension_of(_READERS[name])
    try:
        read = cast("Any", dimension).read(value, name=name)
    except LLMEconomicsError as error:
        raise type(error)(f"plan({name}) {error}") from None
    if np.any(read.bounds().low.magnitude <= 0.0):
        message = f"plan({name}) needs more than zero; got {read}"
        raise RangeError(message)
    return cast("Quantity", read)


@attrs.frozen(kw_only=True, eq=False)
class _Question:
    """What is asked, what is given, and what is assumed on the way."""

    asked: str
    figures: dict[str, Quantity]
    work: Workload
    attention: AttentionConvention
    taken: list[Assumption] = attrs.field(factory=list)

    def answer(self) -> TrainingPlan:
        """Solve for what is asked."""
        peak = per_accelerator(self._peak())
        utilization, goodput = self._utilization()
        useful = peak * utilization * goodput
        known = self._known()
        relations = [
            self._size(known),
            Relation(
                whole="computation",
                parts=("accelerator_time",),
                factor=useful,
                words="peak x utilization x goodput",
            ),
            *self._relations(),
        ]
        return TrainingPlan(
            title=self._title(),
            solution=self._solution(known, relations),
            assumptions=tuple(self.taken),
            input_sources=self.work.sources,
            unknown=self.asked,
            peak=peak,
            model_flops_utilization=utilization,
            goodput=goodput,
        )

    def _title(self) -> str:
        model, facility = self.work.model, self.work.facility
        where = f" at {facility.name}" if facility else ""
        subject = model.name if model else "a model"
        return f"{self.asked} for training {subject} on {self.work.accelerator.name}{where}"

    def _peak(self) -> Quantity:
        if self.work.number_format is not None:
            return self.work.accelerator.peak(str(self.work.number_format))
        why = "utilizations are usually quoted against the dense bf16 peak"
        self.taken.append(Assumption(name="number_format", value="bf16", why=why))
        return peak_16_bit(self.work.accelerator)

    def _utilization(self) -> tuple[Quantity, Quantity]:
        """Utilization and goodput, given or assumed."""
        own, goodput = self.figures.get("model_flops_utilization"), self.figures.get("goodput")
        if own is not None:
            return own, assumed("goodput", goodput, self.taken)
        if goodput is not None or self.work.number_format not in {None, "bf16"}:
            message = (
                "plan(model_flops_utilization) is needed with goodput or another number format "
                "than bf16: the utilization of published runs counts lost time, against bf16"
            )
            raise MissingInputError(message)
        model = self.work.model
        prior = prior_utilization(self.work.accelerator, model is not None and model.has_experts)
        why = "the assumed utilization is that of whole runs, with the time they lost"
        self.taken.extend([prior, Assumption(name="goodput", value=1.0, why=why)])
        return cast("Quantity", prior.value), ureg.Quantity(1.0)

    def _known(self) -> dict[str, Quantity]:
        """Figures that are given, those of the model among them."""
        known = {name: self.figures[name] for name in UNKNOWNS if name in self.figures}
        if self.asked in known:
            message = f"plan({self.asked!r}) asks for what is given; leave {self.asked} out"
            raise RangeError(message)
        model = self.work.model
        if model is None:
            return known
        if "parameters" in known or self.asked == "parameters":
            message = f"plan(parameters) comes from model={model.name!r} already; leave one out"
            raise RangeError(message)
        own = attempt(lambda: model.computing_parameters)
        return known if isinstance(own, MissingInputError) else {"parameters": own, **known}

    def _size(self, known: dict[str, Quantity]) -> Relation:
        """Computation of the run: 6 N D, and attention if it is asked for."""
        if self.attention is AttentionConvention.NONE:
            parts = ("parameters", "tokens")
            return Relation(whole="computation", parts=parts, factor=TRAINING, words="6")
        model, length = self.work.model, self.figures.get("sequence_length")
        if model is None or length is None or "parameters" not in known:
            message = (
                f"plan(attention={self.attention.value!r}) needs a model whose parameters are "
                "known, and sequence_length='8192 token'"
            )
            raise MissingInputError(message)
        per_token = computation_per_token(
            active_parameters=known["parameters"],
            computation_per_parameter=TRAINING,
            attention=model.attention_computation_per_token(self.attention, length, training=True),
        )
        words = f"(6 parameters and {self.attention} attention)"
        return Relation(whole="computation", parts=("tokens",), factor=per_token, words=words)

    def _relations(self) -> tuple[Relation, ...]:
        """Time, money, power and energy."""
        time, watts = "accelerator_time", attempt(self._power)
        price = attempt(lambda: taken_from_accelerator(self.work, "rental_price", self.taken))
        draw = "power of an accelerator at the facility"
        return (
            Relation(whole=time, parts=("accelerators", "duration")),
            Relation(whole="money", parts=(time,), factor=price, words="rental price"),
            Relation(whole="power", parts=("accelerators",), factor=watts, words=draw),
            Relation(whole="energy", parts=(time,), factor=watts, words=draw),
        )

    def _power(self) -> Quantity:
        """Power of one accelerator at the facility."""
        facility = self.work.facility
        if facility is None:
            message = (
                "no facility was given, so that power and energy are unknown; give "
                "facility=le.facilities['us-hyperscale'] or your own"
            )
            raise MissingInputError(message)
        return facility_power_per_accelerator(
            power=per_accelerator(self.work.accelerator.require("power")),
            load=assumed("training_accelerator_load", None, self.taken),
            server_factor=assumed("training_server_factor", None, self.taken),
            network_and_idle_share=assumed("training_network_and_idle_share", None, self.taken),
            power_usage_effectiveness=facility.power_usage_effectiveness,
        )

    def _solution(self, known: dict[str, Quantity], relations: list[Relation]) -> Solution:
        """Solve; take what the model is known for only where nothing else closes the plan."""
        found = solve(known, relations)
        for name, field in (("tokens", "training_tokens"), ("computation", "training_computation")):
            value = self._of_model(field)
            closed = self.asked in found.values or name in found.values
            if value is not None and not closed:
                known[name] = value
                found = solve(known, relations)
                self._note(name, field, value)
        if self.asked in found.values:
            own = {
                n: f"of {cast('Model', self.work.model).name}"
                for n in known
                if n not in self.figures
            }
            found.how.update(own)
            return found
        if self.asked in found.reasons:
            raise found.reasons[self.asked]
        got = ", ".join(known) or "none of them"
        message = f"plan({self.asked!r}) needs {_NEEDS[self.asked]}; got {got}"
        raise MissingInputError(message)

    def _of_model(self, field: str) -> Quantity | None:
        # Tokens that are asked for are not those that the model saw before.
        if self.work.model is None or self.asked == "tokens":
            return None
        return cast("Quantity | None", getattr(self.work.model, field))

    def _note(self, name: str, field: str, value: Quantity) -> None:
        model = cast("Model", self.work.model)
        why = f"that of {model.name}, since nothing given tells how large the run is"
        origin = model.provenance.get(field)
        self.taken.append(Assumption(name=name, value=value, why=why, provenance=origin))
