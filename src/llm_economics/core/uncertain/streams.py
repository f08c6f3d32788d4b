"""Random draws of inputs: every input owns a stream of random numbers, found by its key.

A stream is cut into stripes of fixed length, each with a generator of its own, so that threads can
start anywhere and no thread count changes a digit. Row `i` of two results that share an input was
computed from the same value of it, and an additional input disturbs no other.

Rejected: one generator for all inputs (an additional input would change every number), and
jumping ahead in one stream (not every distribution uses a fixed count of random bits).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.uncertain.distributions import Distribution, Uniform
from llm_economics.core.uncertain.tables import Scratch, quantile_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.uncertain.variable import Variable

__all__ = ["STRIPE", "Fill", "Stream", "stream_keys", "streams"]

Array: TypeAlias = npt.NDArray[np.float64]
Fill: TypeAlias = Callable[[Array], None]
"""Puts the next values of a stream into an array."""

STRIPE = 2**17
"""Values of a stream that come from one generator."""

_LEAST = 2.0**-54  # the generator can return 0, whose quantile may be infinite


@attrs.frozen(eq=False)
class Stream:
    """Where the values of one input come from."""

    distribution: Distribution
    keys: tuple[str, ...]
    """Key of its stream; of correlated inputs, those of the inputs before it as well."""

    weights: tuple[float, ...]
    """Of correlated inputs: how much of each stream's normal numbers it takes."""

    seed: int

    def open(self, stripe: int, scratch: Scratch) -> Fill:
        """Start at the beginning of a stripe.

        Parameters
        ----------
        stripe : int
            Which one, from 0.
        scratch : Scratch
            Room to work in, of the thread that fills.

        Returns
        -------
        callable
            Fills one array after the other with the values that follow.
        """
        generators = [_generator(key, stripe, self.seed) for key in self.keys]
        if self.weights:
            return lambda out: self._fill_correlated(generators, out, scratch)
        generator = generators[0]
        if self.distribution.tabulated:
            table = quantile_table(self.distribution)
            return lambda out: table.fill(generator, out, scratch)
        if isinstance(self.distribution, Uniform):
            low, high = self.distribution.low, self.distribution.high
            return lambda out: _fill_uniform(generator, out, low, high)
        return lambda out: self._fill_by_quantiles(generator, out)

    def _fill_by_quantiles(self, generator: np.random.Generator, out: Array) -> None:
        generator.random(out=out)
        out[:] = self.distribution.quantile(np.maximum(out, _LEAST))

    def _fill_correlated(
        self, generators: list[np.random.Generator], out: Array, scratch: Scratch
    ) -> None:
        normal = scratch.numbers[: out.size]
        out[:] = 0.0
        for generator, weight in zip(generators, self.weights, strict=True):
            generator.standard_normal(out=normal)
            normal *= weight
            out += normal
        out[:] = self.distribution.from_normal(out)


def streams(variables: Sequence[Variable], seed: int) -> list[Stream]:
    """Stream of each input.

    Parameters
    ----------
    variables : sequence of Variable
        The inputs.
    seed : int
        Picks one of many independent sets of streams.

    Returns
    -------
    list of Stream
        One per input. Tables of quantiles that they need are made here, once.
    """
    found = []
    for variable, key in zip(variables, stream_keys(variables), strict=True):
        joint = variable.joint
        if joint is None:
            keys: tuple[str, ...] = (key,)
            weights: tuple[float, ...] = ()
            if variable.distribution.tabulated:
                quantile_table(variable.distribution)
        else:
            keys = joint.members[: variable.member + 1]
            weights = tuple(joint.factor[variable.member, : variable.member + 1].tolist())
        found.append(Stream(variable.distribution, keys, weights, seed))
    return found


def stream_keys(variables: Sequence[Variable]) -> list[str]:
    """Keys of the inputs' streams, all different.

    Two inputs made in two processes can carry one stream key; they must not move together.
    """
    seen: Counter[str] = Counter()
    keys = []
    for variable in variables:
        seen[variable.stream] += 1
        repeat = seen[variable.stream]
        keys.append(variable.stream if repeat == 1 else f"{variable.stream}#{repeat}")
    return keys


def _generator(key: str, stripe: int, seed: int) -> np.random.Generator:
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    entropy = np.random.SeedSequence([seed, int.from_bytes(digest, "little")], spawn_key=(stripe,))
    return np.random.Generator(np.random.SFC64(entropy))


def _fill_uniform(generator: np.random.Generator, out: Array, low: float, high: float) -> None:
    generator.random(out=out)
    out *= high - low
    out += low
    # Rounding must not step over the limit.
    np.minimum(out, high, out=out)
