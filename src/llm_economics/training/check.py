"""`mfu`: which share of the peak a measured speed is, and what exactly was counted.

Two papers report 38 % and 43 % for one and the same speed, since one of them counts all pairs of
positions, embeddings, or recomputation. So the result holds its conventions in words, and the other
conventions beside them. Rejected: a time per step as input, since the batch that it stands for is
the figure that people leave out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import attrs
import numpy as np

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.dimensions import (
    ComputationPerToken,
    ComputeRatePerAccelerator,
    Share,
    TokenRatePerAccelerator,
    law,
)
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    RangeError,
)
from llm_economics.core.fields import as_accelerators, as_share, as_tokens
from llm_economics.core.number_format import number_format as as_number_format
from llm_economics.core.reading import quantity
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.hardware.accelerator import Accelerator
from llm_economics.transformer.computation import (
    EmbeddingConvention,
    KindOfPass,
    Recomputation,
    hardware_flops_utilization,
    matrix_parameters,
    model_computation_per_token,
    recomputed_computation_per_token,
)
from llm_economics.transformer.laws import AttentionConvention
from llm_economics.transformer.model import Model
from llm_economics.workload.operation import per_accelerator
from llm_economics.workload.workload import Workload

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.core.reading import QuantityLike

__all__ = [
    "UtilizationCheck",
    "UtilizationConventions",
    "mfu",
    "model_flops_utilization_of_rate",
]

Maybe = Quantity | MissingInputError

_LENGTH: Final = "8192 token"
"""Context at which the size of a neglected attention term is told."""

_RATES: Final = {
    "token/second": "token/second/accelerator",
    "token/second/accelerator": "token/second/accelerator",
    "FLOP/second": "FLOP/second/accelerator",
    "FLOP/second/accelerator": "FLOP/second/accelerator",
}
"""Kinds of rate that are taken, and what they are brought to."""

_HINTS: Final = {
    "dimensionless": "give the unit, such as '9600 token/s' for each accelerator",
    "second": "a time per step says nothing without its batch: divide the tokens of the global "
    "batch by it, and give that as '4.2e6 token/s' with accelerators=...",
    "FLOP": "give computation per second, such as '400 TFLOP/s' for each accelerator",
    "token": "give tokens per second, such as '9600 token/s' for each accelerator",
}
"""What to do instead, by the unit of what came."""


@law("dimensionless")
def model_flops_utilization_of_rate(
    *,
    rate: TokenRatePerAccelerator,
    computation_per_token: ComputationPerToken,
    peak: ComputeRatePerAccelerator,
) -> Share:
    r"""Share of the dense peak that becomes model FLOP (MFU) at a measured speed.

    Parameters
    ----------
    rate : Quantity
        Tokens per second and accelerator (token/s/accelerator).
    computation_per_token : Quantity
        Model FLOP of a token (FLOP/token), recomputation not counted.
    peak : Quantity
        Dense peak of one accelerator in the number format used (FLOP/s/accelerator).

    Returns
    -------
    Quantity
        Utilization; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \mathrm{MFU} = \frac{r c}{P}

    Above 1 means that the rate, the FLOP or the peak are wrong, or the peak is of another format.

    References
    ----------
    Chowdhery et al., "PaLM", arXiv:2204.02311, appendix B.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     model_flops_utilization_of_rate(
    ...         rate=le.quantity("400 token/s/accelerator"),
    ...         computation_per_token=le.quantity("1 TFLOP/token"),
    ...         peak=le.quantity("1 PFLOP/s/accelerator"),
    ...     )
    ... )
    0.4
    """
    return rate * computation_per_token / peak


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UtilizationConventions(Breakdown):
    """One measured speed as a utilization under several conventions."""

    lines: tuple[Step, ...]
    """A convention each; one that cannot be counted says what is missing."""

    def steps(self) -> Iterator[Step]:
        """Go through the conventions."""
        return iter(self.lines)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class UtilizationCheck(Breakdown):
    """Utilization of a measured speed, with what was counted."""

    rate: Quantity
    """Tokens per second of one accelerator (token/s/accelerator)."""

    parameters: Quantity
    """Parameters that were counted (parameter)."""

    computation_per_token: Quantity
    """Model FLOP of a token (FLOP/token)."""

    achieved: Quantity
    """Model FLOP per second of one accelerator (FLOP/s/accelerator)."""

    peak: Quantity
    """Peak that it was compared with (FLOP/s/accelerator)."""

    model_flops_utilization: Quantity
    """MFU: share of the peak that became model FLOP; a plain number."""

    _hardware: Maybe

    _how: tuple[str, ...] = attrs.field(repr=False)

    _lines: tuple[Step, ...] = attrs.field(repr=False)

    @property
    def hardware_flops_utilization(self) -> Quantity:
        """HFU: share of the peak that was computed, recomputed activations included.

        Raises
        ------
        MissingInputError
            If it was not said what is recomputed.
        """
        return given(self._hardware)

    def conventions(self) -> UtilizationConventions:
        """The same speed under other conventions, side by side: why two papers differ.

        Returns
        -------
        UtilizationConventions
            A line for each convention, which `to_dict`, `to_markdown` and `to_frame` turn into
            other forms.
        """
        return UtilizationConventions(
            title=f"{self.title}: by convention", input_sources=self.sources, lines=self._lines
        )

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from inputs to results."""
        rate, parameters, per_token, peak = self._how
        yield Step("rate", self.rate, rate, "token/s/accelerator")
        yield Step("parameters counted", self.parameters, parameters, "Gparameter")
        yield Step("model FLOP per token", self.computation_per_token, per_token, "GFLOP/token")
        yield Step("model FLOP per second", self.achieved, _HOW["achieved"], _TERA)
        yield Step("peak", self.peak, peak, _TERA)
        yield Step("model FLOPs utilization", self.model_flops_utilization, _HOW["model"], "%")
        yield Step("hardware FLOPs utilization", self._hardware, _HOW["hardware"], "%")


_TERA: Final = "TFLOP/s/accelerator"

_HOW: Final = {
    "achieved": "rate x model FLOP per token",
    "model": "model FLOP per second / peak",
    "hardware": "rate x (model FLOP and recomputed FLOP per token) / peak",
}


def mfu(  # noqa: PLR0913 - one that is measured, the rest keyword-only conventions
    rate: QuantityLike,
    *,
    model: Model,
    accelerator: Accelerator,
    number_format: str,
    accelerators: QuantityLike | None = None,
    sequence_length: QuantityLike | None = None,
    attention: str | None = None,
    embedding: str = "multiplied",
    sparse: bool = False,
    recomputation: str | None = None,
    passes: str = "training",
) -> UtilizationCheck:
    """Utilization of the peak at a measured speed (MFU, and HFU if recomputation is named).

    Parameters
    ----------
    rate : quantity or text
        "9600 token/s" of one accelerator, or of all of them where `accelerators` is given;
        "9600 token/s/accelerator"; or model FLOP of one accelerator: "400 TFLOP/s". Ranges work.
    model : Model
        What was trained.
    accelerator : Accelerator
        On what.
    number_format : str
        Format of the matrix products: "bf16", "fp8".
    accelerators : quantity, optional
        How many there were; then "token/s" is their total.
    sequence_length : quantity, optional
        Length of a training sequence (token), for the attention term.
    attention : str, optional
        "none", "causal" or "full"; by default causal if there is a sequence length, otherwise
        none.
    embedding : str
        "multiplied" (matrices that multiply) or "all" (every parameter that a token passes).
    sparse : bool
        Whether the peak with structured sparsity is meant. Never taken unasked.
    recomputation : str, optional
        "none", "selective" or "full"; without it hardware FLOPs utilization is unknown.
    passes : str
        "training", "adapter" or "forward".

    Returns
    -------
    UtilizationCheck
        Utilization, what was counted, and the other conventions.

    Raises
    ------
    DimensionError
        If the rate is none: no unit, a time per step, tokens or FLOP without a time.
    RangeError
        If the rate is more than the peak, or not more than zero.
    MissingInputError
        If the parameters of the model, or the length or shape that attention needs, are unknown.
    UnknownNameError
        If the accelerator has no such peak, or a convention has another name.

    Notes
    -----
    A compute rate is taken to count what the conventions say; authors who count otherwise need
    those conventions here, or a token rate.

    References
    ----------
    Chowdhery et al., "PaLM", arXiv:2204.02311, appendix B.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = mfu(
    ...     "16.4e6 token/s",
    ...     accelerators="16384 accelerator",
    ...     model=le.models["Llama 3.1 70B"],
    ...     accelerator=le.accelerators["H100 SXM"],
    ...     number_format="bf16",
    ...     sequence_length="8192 token",
    ... )
    >>> print(f"{found.model_flops_utilization.to('%'):.3g}")
    45.4 %
    >>> for line in found.conventions().steps():
    ...     print(f"{line.name}: {line.value.to('%'):.3g}")
    as asked: 45.4 %
    6 N D with all parameters: 42.8 %
    matrices, no attention: 42.2 %
    matrices, causal attention: 45.4 %
    matrices, full attention: 48.7 %
    """
    work = Workload(model=_present(model), accelerator=accelerator)
    taken: list[Assumption] = []
    counting = _counting(
        (model, embedding, passes), attention=attention, context=sequence_length, taken=taken
    )
    per_token = counting.per_token()
    token_rate, how_rate = _token_rate(rate, accelerators, per_token, taken)
    against = _Peak(accelerator, str(as_number_format(number_format)), sparse)
    achieved = (token_rate * per_token).to("FLOP/s/accelerator")
    against.admit(achieved, "of model FLOP")
    share = as_share(
        model_flops_utilization_of_rate(
            rate=token_rate, computation_per_token=per_token, peak=against.value
        )
    )
    extra = attempt(lambda: counting.recomputed(recomputation))
    return UtilizationCheck(
        title=f"Utilization of {accelerator.name} by {model.name} in {against.format}",
        assumptions=tuple(taken),
        input_sources=work.sources,
        rate=token_rate,
        parameters=counting.parameters()[0],
        computation_per_token=per_token,
        achieved=achieved,
        peak=against.value,
        model_flops_utilization=share,
        hardware=_hardware(share, per_token, extra, (achieved, against)),
        how=(how_rate, counting.parameters()[1], counting.words(), against.words()),
        lines=tuple(_lines(counting, token_rate, against, extra)),
    )


def _present(model: Model) -> Model:
    came: object = model
    if came is None:
        message = "mfu(model) needs the model that was trained, such as le.models['Llama 3.1 70B']"
        raise MissingInputError(message)
    return model


@attrs.frozen(kw_only=True, eq=False)
class _Counting:
    """What counts as model FLOP of a token."""

    model: Model
    embedding: EmbeddingConvention
    passes: KindOfPass
    attention: AttentionConvention
    context: Quantity | None

    def per_token(self) -> Quantity:
        """Model FLOP of a token."""
        if self.context is None and self.attention is not AttentionConvention.NONE:
            message = f"attention={self.attention.value!r} needs sequence_length={_LENGTH!r}, say"
            raise MissingInputError(message)
        return model_computation_per_token(
            self.model,
            attention=self.attention,
            context=self.context,
            embedding=self.embedding,
            passes=self.passes,
        ).to("FLOP/token")

    def recomputed(self, recomputation: str | None) -> Quantity:
        """FLOP of a token that are done twice."""
        if recomputation is None:
            message = "give recomputation='none', 'selective' or 'full'"
            raise MissingInputError(message)
        kind = Recomputation(recomputation)
        if kind is not Recomputation.NONE and not self.passes.trains:
            message = f"mfu(recomputation) needs 'none' where passes='forward'; got {kind.value!r}"
            raise RangeError(message)
        return recomputed_computation_per_token(
            self.model, recomputation=kind, attention=self.attention, context=self.context
        ).to("FLOP/token")

    def parameters(self) -> tuple[Quantity, str]:
        """Parameters that count, and how they were found."""
        if self.embedding is EmbeddingConvention.ALL:
            how = "every parameter that a token passes through, embeddings included"
            return self.model.computing_parameters, how
        found = matrix_parameters(self.model, training=self.passes.trains)
        return found.parameters, found.how

    @property
    def factor(self) -> str:
        """FLOP per parameter, as people write it: "6"."""
        return f"{self.passes.per_parameter.magnitude:g}"

    def words(self) -> str:
        text = f"{self.factor} FLOP x parameters counted ({self.passes})"
        if self.attention is AttentionConvention.NONE:
            return f"{text}, attention not counted"
        return f"{text}, and {self.attention} attention at {self.context}"


def _counting(
    counted: tuple[Model, str, str],
    *,
    attention: str | None,
    context: QuantityLike | None,
    taken: list[Assumption],
) -> _Counting:
    model, embedding, passes = counted
    length = None if context is None else _read("sequence_length", context)
    counting = _Counting(
        model=model,
        embedding=EmbeddingConvention(embedding),
        passes=KindOfPass(passes),
        attention=AttentionConvention.NONE if attention is None else AttentionConvention(attention),
        context=length,
    )
    return counting if attention is not None else _with_usual_attention(counting, taken)


def _with_usual_attention(counting: _Counting, taken: list[Assumption]) -> _Counting:
    if counting.context is None:
        causal = attrs.evolve(
            counting, attention=AttentionConvention.CAUSAL, context=as_tokens(_LENGTH)
        )
        size = _size(counting, causal)
        why = f"no sequence_length was given; causal attention at {_LENGTH} would add {size}"
    else:
        none = counting
        counting = attrs.evolve(none, attention=AttentionConvention.CAUSAL)
        size = _size(none, counting)
        why = (
            f"positions that a token can see (beyond the weights: {size}); authors who count all "
            "pairs of positions add twice that"
        )
    taken.append(Assumption(name="attention", value=counting.attention.value, why=why))
    return counting


def _size(without: _Counting, with_attention: _Counting) -> str:
    """How much more is counted, as text."""
    more = attempt(lambda: with_attention.per_token() / without.per_token() - 1.0)
    if isinstance(more, MissingInputError):
        return "an unknown part (the shape of the model is not known)"
    return f"{more.to('%'):.2g}"


def _token_rate(
    value: QuantityLike,
    accelerators: QuantityLike | None,
    per_token: Quantity,
    taken: list[Assumption],
) -> tuple[Quantity, str]:
    """Tokens per second of one accelerator, and how they follow from what was given."""
    read = quantity(value, name="rate")
    unit = next((u for u in _RATES if _has(read, u)), None)
    if unit is None:
        raise _not_a_rate(read)
    if np.any(read.bounds().low.magnitude <= 0.0):
        message = f"mfu(rate) needs more than zero; got {read}"
        raise RangeError(message)
    whole = unit == "token/second" and accelerators is not None
    if accelerators is not None and whole:
        count = _read("accelerators", accelerators)
        how = f"{read} in total / {count}"
        return (read / count).to("token/second/accelerator"), how
    same = read.to(unit) / ureg.Quantity(1.0, unit) * ureg.Quantity(1.0, _RATES[unit])
    if unit.startswith("token"):
        return same, f"{read} taken as of each accelerator"
    why = "the rate is taken to count what is named here, without recomputation"
    taken.append(Assumption(name="what the compute rate counts", value="model FLOP", why=why))
    how = f"{read} taken as of each accelerator / model FLOP per token"
    return (same / per_token).to("token/second/accelerator"), how


def _has(value: Quantity, unit: str) -> bool:
    return bool(value.dimensionality == ureg.parse_units(unit).dimensionality)


def _not_a_rate(read: Quantity) -> DimensionError:
    hint = next((text for unit, text in _HINTS.items() if _has(read, unit)), "")
    needed = "tokens or FLOP per second, such as '9600 token/s' or '400 TFLOP/s'"
    return DimensionError(f"mfu(rate) needs {needed}; got {read}{'; ' if hint else ''}{hint}")


def _read(name: str, value: QuantityLike) -> Quantity:
    convert = {"accelerators": as_accelerators, "sequence_length": as_tokens}[name]
    try:
        read = convert(value)
    except LLMEconomicsError as error:
        raise type(error)(f"mfu({name}) {error}") from None
    if np.any(read.bounds().low.magnitude <= 0.0):
        message = f"mfu({name}) needs more than zero; got {read}"
        raise RangeError(message)
    return read


@attrs.frozen(eq=False)
class _Peak:
    """The peak that a speed is compared with, and what to say if it is exceeded."""

    accelerator: Accelerator
    format: str
    sparse: bool

    @property
    def value(self) -> Quantity:
        """The peak (FLOP/s/accelerator)."""
        return per_accelerator(self.accelerator.peak(self.format, sparse=self.sparse))

    def words(self) -> str:
        kind = "peak with structured sparsity" if self.sparse else "dense peak"
        return f"{kind} of {self.accelerator.name} in {self.format}"

    def admit(self, rate: Quantity, what: str) -> None:
        """Refuse what no accelerator can do."""
        if _possible(rate, self.value):
            return
        maybe = ["the rate is a total of several accelerators (give accelerators=...)"]
        peaks = {str(f): per_accelerator(p) for f, p in self.accelerator.peaks.items()}
        able = [repr(f) for f, peak in peaks.items() if _possible(rate, peak)]
        if able:
            maybe.append(f"another number format was used ({' or '.join(able)} would do)")
        if not self.sparse:
            maybe.append("a peak with structured sparsity is meant (sparse=True)")
        message = (
            f"mfu(rate) needs at most the {self.words()}, {self.value.to(_TERA)}; got "
            f"{rate.to(_TERA)} {what}. Perhaps {'; or '.join(maybe)}"
        )
        raise RangeError(message)


def _possible(rate: Quantity, peak: Quantity) -> bool:
    """Whether a rate is at most the peak; of a range, its middle."""
    try:
        as_share(rate / peak)
    except RangeError:
        return False
    return True


def _hardware(
    share: Quantity, per_token: Quantity, extra: Maybe, compared: tuple[Quantity, _Peak]
) -> Maybe:
    if isinstance(extra, MissingInputError):
        return extra
    achieved, against = compared
    against.admit(achieved * (per_token + extra) / per_token, "of FLOP with recomputation")
    return as_share(
        hardware_flops_utilization(model_flops_utilization=share, model=per_token, recomputed=extra)
    )


def _lines(counting: _Counting, rate: Quantity, against: _Peak, extra: Maybe) -> Iterator[Step]:
    """Each convention with its utilization."""
    every, matrices = EmbeddingConvention.ALL, EmbeddingConvention.MULTIPLIED
    none, causal, full = AttentionConvention
    yield _line("as asked", attempt(counting.per_token), rate, (against.value, ""))
    variants = {
        f"{counting.factor} N D with all parameters": (every, none),
        "matrices, no attention": (matrices, none),
        "matrices, causal attention": (matrices, causal),
        "matrices, full attention": (matrices, full),
    }
    for name, (embedding, attention) in variants.items():
        counted = attrs.evolve(counting, embedding=embedding, attention=attention)
        yield _line(name, attempt(counted.per_token), rate, (against.value, ""))
    if not isinstance(extra, MissingInputError):
        hardware = counting.per_token() + extra
        yield _line("as asked, with recomputation (HFU)", hardware, rate, (against.value, ""))
    other = {str(f): p for f, p in against.accelerator.peaks.items()}.get("bf16")
    if other is not None and (against.format != "bf16" or against.sparse):
        peak = (per_accelerator(other), " against the dense peak in bf16")
        yield _line("as asked, against the bf16 peak", counting.per_token(), rate, peak)


def _line(name: str, per_token: Maybe, rate: Quantity, peak: tuple[Quantity, str]) -> Step:
    if isinstance(per_token, MissingInputError):
        return Step(name, per_token, "FLOP of a token are not known", "%")
    how = f"{per_token.to('GFLOP/token'):.4g} x rate / peak{peak[1]}"
    share = model_flops_utilization_of_rate(
        rate=rate, computation_per_token=per_token, peak=peak[0]
    )
    return Step(name, share, how, "%")
