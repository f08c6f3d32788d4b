"""Samples and quantiles of an uncertain number.

Two ways to choose the points:

- ``"lattice"`` (quantiles, summaries): quasi-random points of a shifted rank-1 lattice, a
  dimension per input in order of appearance. The same expression gives the same digits whatever
  else the script did, and about a quarter of the points of Monte Carlo suffice.
- ``"monte-carlo"`` (samples): every input owns a random stream, found by its key. Row `i` of two
  results that share an input was computed from the same value of it, so that differences of
  separately drawn samples are right. A lattice cannot promise that, as its dimensions belong to
  one expression; hence the two defaults.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.distributions import Discrete
from llm_economics.core.uncertain.lattice import lattice_row
from llm_economics.core.uncertain.program import Program, compile_program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.uncertain.distributions import Distribution
    from llm_economics.core.uncertain.graph import Uncertain
    from llm_economics.core.uncertain.variable import Variable

__all__ = ["DEFAULT_POINTS", "MAXIMUM_SAMPLES", "Method", "quantiles", "samples"]

Method: TypeAlias = Literal["lattice", "monte-carlo"]
Array: TypeAlias = npt.NDArray[np.float64]

DEFAULT_POINTS = 2**14
"""Points for quantiles: the 5 % and 95 % points of a wide formula to about half a percent."""

MAXIMUM_SAMPLES = 10**8
"""More samples than this are refused: they would not fit the memory of a common machine."""

# Blocks of this many samples keep the intermediate arrays inside the processor's cache.
_BLOCK = 2**14

# More numbers than this are not kept for the next question.
_LARGEST_KEPT = 2**20

# Related results share inputs; so many drawn inputs are kept (16 MB at the default points).
_ROWS_KEPT = 128


def samples(
    node: Uncertain,
    size: int,
    *,
    method: Method = "monte-carlo",
    rng: int | np.random.Generator | None = None,
) -> Array:
    """Values of an uncertain number at `size` points of its inputs.

    Parameters
    ----------
    node : Uncertain
        The number.
    size : int
        How many samples, 1 to `MAXIMUM_SAMPLES`; a power of two for the lattice.
    method : {"monte-carlo", "lattice"}
        How the points are chosen.
    rng : int or numpy.random.Generator, optional
        Seed; None stands for 0, so that results repeat to the last digit.

    Returns
    -------
    ndarray
        Samples on the last axis, behind the axes of arrays that took part.

    Raises
    ------
    RangeError
        If there are too many samples, or some are undefined, such as the logarithm of a
        negative number.
    """
    program = compile_program(node)
    numbers = size * int(np.prod(program.shape))
    if size < 1 or numbers > MAXIMUM_SAMPLES:
        message = f"samples needs 1 to {MAXIMUM_SAMPLES} numbers in all; got {numbers}"
        raise RangeError(message)
    inputs = _draw(program, size, method, _seed(rng))
    blocks = [
        _block(program, [x[start : start + _BLOCK] for x in inputs], min(_BLOCK, size - start))
        for start in range(0, size, _BLOCK)
    ]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks, axis=-1)


def quantiles(
    node: Uncertain,
    levels: Sequence[float],
    *,
    points: int = DEFAULT_POINTS,
    method: Method = "lattice",
    rng: int | np.random.Generator | None = None,
) -> Array:
    """Quantiles of an uncertain number.

    Parameters
    ----------
    node : Uncertain
        The number.
    levels : sequence of float
        Probabilities in [0, 1].
    points, method, rng
        As for `samples`.

    Returns
    -------
    ndarray
        One value per level on the first axis.

    Raises
    ------
    RangeError
        If a level is not a probability.
    """
    wanted = np.asarray(levels, dtype=np.float64)
    if wanted.ndim != 1 or not np.all((wanted >= 0) & (wanted <= 1)):
        message = f"quantiles needs probabilities between 0 and 1, such as 0.05; got {levels}"
        raise RangeError(message)
    seed = _seed(rng)

    def draw() -> Array:
        return samples(node, points, method=method, rng=seed)

    many = points * int(np.prod(node.shape)) > _LARGEST_KEPT
    drawn = draw() if many else node.remembered(("samples", points, method, seed), draw)
    if _takes_steps(node):
        # Between 3 and 4 servers there is nothing to interpolate.
        return np.asarray(np.quantile(drawn, wanted, axis=-1, method="inverted_cdf"))
    with np.errstate(invalid="ignore"):
        found = np.asarray(np.quantile(drawn, wanted, axis=-1))
    if np.isnan(found).any():
        # Between two infinities there is nothing to interpolate.
        found = np.quantile(drawn, wanted, axis=-1, method="lower")
    return found


def _takes_steps(node: Uncertain) -> bool:
    program = compile_program(node)
    steps = any(step.operation in _STEPS for step in program.instructions)
    return steps or any(isinstance(v.distribution, Discrete) for v in program.variables)


_STEPS = frozenset({"ceil", "floor", "less"})


def _block(program: Program, inputs: list[Array], size: int) -> Array:
    # What is undefined in a branch that is not taken does no harm; the result is looked at.
    with np.errstate(all="ignore"):
        result = np.asarray(program.run(inputs), dtype=np.float64)
    undefined = np.isnan(result)
    if undefined.any():
        message = (
            f"{100 * undefined.mean():.3g} % of the values are undefined, such as the logarithm "
            "or the root of a negative number; give the input limits, as in limits=(0, None)"
        )
        raise RangeError(message)
    if not inputs:
        result = result[..., None]
    return np.broadcast_to(result, (*program.shape, size)).copy()


def _seed(rng: int | np.random.Generator | None) -> int:
    if rng is None:
        return 0
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    given: object = rng
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or rng < 0:
        message = f"rng needs a whole number from 0, or a numpy Generator; got {rng!r}"
        raise RangeError(message)
    return int(rng)


def _draw(program: Program, size: int, method: Method, seed: int) -> list[Array]:
    variables = program.variables
    if method == "lattice":
        return [
            _lattice_draw(v.distribution, place, size, seed) for place, v in enumerate(variables)
        ]
    given: object = method
    if given != "monte-carlo":
        message = f"method needs 'lattice' or 'monte-carlo'; got {method!r}"
        raise RangeError(message)
    keys = _stream_keys(variables)
    pairs = zip(variables, keys, strict=True)
    return [v.distribution.quantile(_stream(key, size, seed)) for v, key in pairs]


def _lattice_draw(distribution: Distribution, place: int, size: int, seed: int) -> Array:
    draw = _kept_draw if size <= DEFAULT_POINTS else _kept_draw.__wrapped__
    return draw(distribution, place, size, seed)


@lru_cache(maxsize=_ROWS_KEPT)
def _kept_draw(distribution: Distribution, place: int, size: int, seed: int) -> Array:
    drawn = np.asarray(distribution.quantile(lattice_row(place, size, shift_key=seed)))
    # Shared between results, so nobody may write to it.
    drawn.flags.writeable = False
    return drawn


def _stream_keys(variables: tuple[Variable, ...]) -> list[str]:
    # Two inputs made in two processes can carry one stream key; they must not move together.
    seen: Counter[str] = Counter()
    keys = []
    for variable in variables:
        seen[variable.stream] += 1
        repeat = seen[variable.stream]
        keys.append(variable.stream if repeat == 1 else f"{variable.stream}#{repeat}")
    return keys


def _stream(key: str, size: int, seed: int) -> Array:
    digest = hashlib.blake2b(key.encode(), digest_size=16).digest()
    entropy = np.random.SeedSequence([seed, int.from_bytes(digest, "little")])
    generator = np.random.Generator(np.random.SFC64(entropy))
    unit = generator.random(size)
    # The generator can return 0, whose normal quantile is minus infinity.
    return np.maximum(unit, 2.0**-54, out=unit)
