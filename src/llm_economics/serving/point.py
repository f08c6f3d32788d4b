"""`ServingPoint`: what a deployment does at a load: latency, rates, power, energy, money, by part.

Parts of a step sum to the time per output token, prices by kind to the whole cost, in every draw.
Rejected: one price for all tokens, which hides that an input token is many times cheaper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import Breakdown, Step, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.facility.energy import Boundary, EnergyByBoundary
from llm_economics.serving.case import case_of, seconds_at
from llm_economics.serving.latency import ClosedLoopTimeToFirstToken, OpenLoopTimeToFirstToken
from llm_economics.serving.load import Load
from llm_economics.serving.token_kinds import TokenKind, token_kinds

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ServingPoint", "case_of", "seconds_at"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServingPoint(Breakdown):
    """One point of operation, with every part of its step; made by `Deployment.at`.

    Examples
    --------
    >>> import llm_economics as le
    >>> from llm_economics.serving.deployment import Deployment
    >>> deployment = Deployment(
    ...     model=le.models["Llama 3.1 8B"], accelerator=le.accelerators["H100 SXM"],
    ...     engine="vLLM", software_date="2026-01",
    ... )  # fmt: skip
    >>> load = Load.closed(concurrency=64, input_tokens="512 token", output_tokens="512 token")
    >>> point = deployment.at(load)
    >>> point.bottleneck
    'weights'
    >>> print(point.time_to_first_token.kind)
    in a closed loop of requests
    """

    load: Load
    """What drives it."""

    batch: float
    """Requests that a replica decodes together, at least 1; at central values."""

    accelerators: int
    """Accelerators in all."""

    parts: dict[str, Quantity]
    """Time per output token by part; they sum to it (s)."""

    time_per_output_token: Quantity
    """TPOT: time of a step over the tokens that it yields for a request (s/token)."""

    time_to_first_token: ClosedLoopTimeToFirstToken | OpenLoopTimeToFirstToken
    """TTFT, of the kind that fits the load."""

    prefill_time: Quantity
    """Time to read one input on an idle replica (s)."""

    end_to_end: Quantity
    """Mean time from a place in the batch to the last token, without a queue before (s)."""

    output_throughput: Quantity
    """Tokens written per second, all replicas; of an open load what its arrivals ask for."""

    _power: Maybe
    _energy: EnergyByBoundary | MissingInputError
    _cost: Maybe
    _input_cost: Maybe
    _output_cost: Maybe
    _waiting_cost: Maybe
    _carbon: Maybe

    @property
    def interactivity(self) -> Quantity:
        """Tokens per second that one user sees: 1 / TPOT."""
        return (1.0 / self.time_per_output_token).to("token/s")

    @property
    def bottleneck(self) -> str:
        """Name of the longest part of a step."""
        central = {name: float(v.central().magnitude) for name, v in self.parts.items()}
        return max(central, key=lambda name: central[name])

    @property
    def output_throughput_per_accelerator(self) -> Quantity:
        """Tokens written per second and accelerator."""
        return self.output_throughput / ureg.Quantity(float(self.accelerators), "accelerator")

    @property
    def request_rate(self) -> Quantity:
        """Requests answered per second."""
        return (self.output_throughput / self.load.written_tokens).to("request/s")

    @property
    def accelerator_power(self) -> Quantity:
        """Mean power of one accelerator (W).

        Raises
        ------
        MissingInputError
            If its rated power is not known.
        """
        return given(self._power)

    @property
    def energy_per_output_token(self) -> EnergyByBoundary:
        """Energy over tokens written, input included (J/token), by boundary.

        Raises
        ------
        MissingInputError
            If the rated power of the accelerator is not known.
        """
        if isinstance(self._energy, MissingInputError):
            raise self._energy
        return self._energy

    @property
    def energy_per_request(self) -> EnergyByBoundary:
        """Energy of a mean request by boundary (Wh/request).

        Raises
        ------
        MissingInputError
            If the rated power of the accelerator is not known.
        """
        written = self.load.written_tokens
        parts = {
            f.name: (getattr(self.energy_per_output_token, f.name) * written).to("Wh/request")
            for f in attrs.fields(EnergyByBoundary)
        }
        return EnergyByBoundary(**parts)

    @property
    def energy_per_typical_request(self) -> EnergyByBoundary:
        """Energy of a request of median lengths by boundary (Wh/request).

        Lengths are taken as log-normal, so it is below the mean, `energy_per_request`; the batch is
        that of the mean lengths. Time for which a place waits for the first token stays the same.

        Raises
        ------
        MissingInputError
            If the load has no input_variation or output_variation, or the rated power of the
            accelerator is not known.
        """
        load, kinds = self.load, self.by_token_kind()
        read = (load.typical_input / load.input_tokens).to("")
        wrote = (load.typical_output / load.written_tokens).to("")
        written = (load.written_tokens / ureg.Quantity(1.0, "token/request")).to("")
        inputs = sum(kinds[name].time_share for name in kinds if "input" in name)
        waiting = 1.0 - sum(self.parts.values(), 0.0 * self.end_to_end) * written / self.end_to_end
        share = read * inputs + wrote * (1.0 - inputs - waiting) + waiting
        means = self.energy_per_request
        parts = {
            f.name: (getattr(means, f.name) * share).to("Wh/request")
            for f in attrs.fields(EnergyByBoundary)
        }
        return EnergyByBoundary(**parts)

    def by_token_kind(self, boundary: Boundary | str = "server") -> dict[str, TokenKind]:
        """Energy and money of a token, for input, cached input, reasoning and output apart.

        Parameters
        ----------
        boundary : Boundary or str
            Of the energy: "accelerator", "server", "it" or "facility".

        Returns
        -------
        dict of str to TokenKind
            By kind, as far as the load has tokens of it. Tokens times energy, summed, give the
            energy of a request, and likewise the money.

        Raises
        ------
        UnknownNameError
            If there is no such boundary.

        Notes
        -----
        A request is split by time: what decoding loses to prefills goes to input that is computed;
        what reading the keys and values of the input takes, to all of the input, cached or not; the
        rest, with the wait for the first token, to what is written, reasoning and output alike. So
        prices differ from `input_price` and `output_price`, which leave keys to the output and the
        wait to `waiting_cost`.

        Examples
        --------
        >>> import llm_economics as le
        >>> deployment = le.serving.Deployment(
        ...     model=le.models["Llama 3.1 70B"], accelerator=le.accelerators["H100 SXM"],
        ...     tensor_parallel=4, weights="fp8", engine="vLLM", software_date="2026-01",
        ... )  # fmt: skip
        >>> load = le.serving.Load.closed(
        ...     concurrency=32, input_tokens="4096 token", output_tokens="256 token",
        ...     reasoning_tokens="768 token", prefix_cache_hit_share=0.5,
        ... )  # fmt: skip
        >>> for name, kind in deployment.at(load).by_token_kind().items():
        ...     print(f"{name}: {kind.energy.central().to('J/token'):.2g}")
        input: 0.22 J/token
        cached input: 0.092 J/token
        reasoning: 1.4 J/token
        output: 1.4 J/token
        """
        return token_kinds(self, Boundary(boundary))

    @property
    def cost_per_output_token(self) -> Quantity:
        """Money for everything over tokens written (USD/Mtoken).

        It is `input_price` x input tokens that are computed / tokens written + `output_price` +
        `waiting_cost`, in every draw.

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._cost)

    @property
    def input_price(self) -> Quantity:
        """Money for an input token that is computed, by the time that decoding loses (USD/Mtoken).

        Raises
        ------
        MissingInputError
            If no price is known, or all of the input comes from the prefix cache.
        """
        return given(self._input_cost)

    @property
    def output_price(self) -> Quantity:
        """Money for a token that is written, by the time of its decode steps (USD/Mtoken).

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._output_cost)

    @property
    def waiting_cost(self) -> Quantity:
        """Money over tokens written for places held until the first token (USD/Mtoken).

        The remainder of `cost_per_output_token`: a request has its place in the batch from the
        start, and writes nothing until its own input is read.

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._waiting_cost)

    @property
    def carbon_per_output_token(self) -> Quantity:
        """Location-based carbon of the electricity over tokens written.

        Raises
        ------
        MissingInputError
            If the grid of the facility is unknown.
        """
        return given(self._carbon)

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from parts to results."""
        for name, value in self.parts.items():
            if float(value.central().magnitude) > 0.0:
                yield Step(f"step, {name}", value, _HOW[name], "ms")
        yield Step("time per output token", self.time_per_output_token, "sum", "ms/token")
        yield Step(
            f"time to first token, {self.time_to_first_token.kind}",
            self.time_to_first_token.value,
            "fixed + prefill + waiting",
            "ms",
        )
        yield Step("interactivity", self.interactivity, "1 / TPOT", "token/s")
        yield Step(
            "output throughput",
            self.output_throughput_per_accelerator,
            "requests in flight x tokens / (TTFT + TPOT x (tokens - 1)); open: arrivals x tokens",
            "token/s/accelerator",
        )
        yield Step("accelerator power", self._power, "rated x use of memory, peak", "W")
        yield from self._energy_steps()
        yield Step("cost, all", self._cost, "price / throughput / paid utilization", "USD/Mtoken")
        shares = "cost x time / time of a request, "
        yield Step("cost, input", self._input_cost, f"{shares}lost to prefill", "USD/Mtoken")
        yield Step("cost, output", self._output_cost, f"{shares}decode steps", "USD/Mtoken")
        yield Step(
            "cost, waiting", self._waiting_cost, f"{shares}until the first token", "USD/Mtoken"
        )
        yield Step("carbon", self._carbon, "facility energy x intensity", "gCO2e/Mtoken")

    def _energy_steps(self) -> Iterator[Step]:
        if isinstance(self._energy, MissingInputError):
            yield Step("energy", self._energy, "power / throughput", "J/token")
            return
        for boundary, energy in self._energy.by_boundary().items():
            yield Step(f"energy, {boundary}", energy, "power / throughput, widened", "J/token")


_HOW = {
    "weights": "bytes of weights and of experts that are hit / memory bandwidth",
    "cache": "bytes of keys and values / memory bandwidth",
    "computation": "what multiplying takes beyond reading",
    "layers": "fixed times of layers and experts",
    "collectives": "reductions between accelerators",
    "host": "fixed times of the step and of its requests",
    "interference": "prefills of other requests in between",
    "drafting": "proposing the tokens that a step checks",
}
