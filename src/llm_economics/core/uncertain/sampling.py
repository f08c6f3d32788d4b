"""Samples, quantiles and means of an uncertain number, with the error of sampling.

Two ways to choose the points:

- ``"lattice"`` (quantiles, summaries): quasi-random points of a rank-1 lattice with eight
  independent shifts, a dimension per input in the order of their names. The same expression gives
  the same digits whatever else the script did, about a third of the points of Monte Carlo suffice,
  and the spread between the shifts is the error.
- ``"monte-carlo"`` (samples): every input owns a random stream, found by its key. Row `i` of two
  results that share an input was computed from the same value of it, so that differences of
  separately drawn samples are right. A lattice cannot promise that, as its dimensions belong to
  one expression; hence the two defaults.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.digest import Digest
from llm_economics.core.uncertain.distributions import Discrete
from llm_economics.core.uncertain.graph import split_scale
from llm_economics.core.uncertain.kernel import block_code, evaluate, fixed_values, in_threads
from llm_economics.core.uncertain.lattice import (
    SHIFTS,
    lattice_grid,
    lattice_values,
    points_per_shift,
)
from llm_economics.core.uncertain.normal import normal_quantile_of_grid
from llm_economics.core.uncertain.order import quantiles_of_rows
from llm_economics.core.uncertain.program import Program, compile_program
from llm_economics.core.uncertain.streams import STRIPE, Stream, streams
from llm_economics.core.uncertain.tables import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llm_economics.core.uncertain.distributions import Distribution
    from llm_economics.core.uncertain.graph import Uncertain
    from llm_economics.core.uncertain.variable import Variable

__all__ = [
    "DEFAULT_POINTS",
    "LARGEST_KEPT",
    "MAXIMUM_SAMPLES",
    "MAXIMUM_STREAMED",
    "STEPS",
    "Drawing",
    "Estimate",
    "Method",
    "estimate",
    "input_points",
    "quantiles",
    "rows_of",
    "samples",
    "seed_of",
    "takes_steps",
]

Method: TypeAlias = Literal["lattice", "monte-carlo"]
Array: TypeAlias = npt.NDArray[np.float64]

DEFAULT_POINTS = 2**14
"""Points for quantiles: the 5 % and 95 % points of a wide formula to about one percent; `estimate`
says how large the error is."""

MAXIMUM_SAMPLES = 10**8
"""More samples than this are not handed out: they would not fit the memory of a common machine."""

MAXIMUM_STREAMED = 10**11
"""More samples than this are not even counted: it would take hours."""

LARGEST_KEPT = 2**22
"""More Monte Carlo samples than this are counted in cells for a quantile, rather than kept."""

# Larger than the kernel's blocks, as filling has a cost per block.
_BLOCK = 2**15

# More numbers than this are not kept for the next question.
_LARGEST_REMEMBERED = 2**20

# Related results share inputs; so many drawn inputs are kept (16 MB at the default points).
_ROWS_KEPT = 128


@attrs.frozen(kw_only=True)
class Drawing:
    """How the points of a question are chosen; checked."""

    points: int
    """How many; a power of two for the lattice."""
    method: Method
    """Quasi-random points, or independent ones."""
    seed: int
    """Picks one of many independent sets of points."""
    threads: int = 1
    """How many threads share the work; it changes no digit."""

    @classmethod
    def of(
        cls,
        points: int,
        method: Method,
        rng: int | np.random.Generator | None,
        threads: int = 1,
    ) -> Drawing:
        """Check what a user asks for.

        Raises
        ------
        RangeError
            If the method is not known, or a number is out of its range.
        """
        given: object = method
        if given not in {"lattice", "monte-carlo"}:
            message = f"method needs 'lattice' or 'monte-carlo'; got {method!r}"
            raise RangeError(message)
        for field, value in (("points", points), ("threads", threads)):
            count: object = value
            whole = isinstance(count, (int, np.integer)) and not isinstance(count, bool)
            if not whole or value < 1:
                message = f"{field} needs a whole number from 1; got {value!r}"
                raise RangeError(message)
        if method == "lattice":
            points_per_shift(points)
        return cls(points=int(points), method=method, seed=seed_of(rng), threads=int(threads))


@attrs.frozen(eq=False)
class Estimate:
    """Quantiles and mean that come from sampling, each with its standard error."""

    quantiles: Array
    """One per level, on the first axis."""
    quantile_errors: Array
    """Standard errors of the quantiles; 0 where they are exact."""
    mean: Array
    """The mean."""
    mean_error: Array
    """Its standard error."""


def samples(
    node: Uncertain,
    size: int,
    *,
    method: Method = "monte-carlo",
    rng: int | np.random.Generator | None = None,
    threads: int = 1,
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
    threads : int
        How many threads share the work; it changes no digit.

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
    numbers = size * math.prod(program.shape)
    if size < 1 or numbers > MAXIMUM_SAMPLES:
        message = f"samples needs 1 to {MAXIMUM_SAMPLES} numbers in all; got {numbers}"
        raise RangeError(message)
    return _drawn(program, Drawing.of(size, method, rng, threads))


def quantiles(  # noqa: PLR0913 - two that say what, the rest keyword-only
    node: Uncertain,
    levels: Sequence[float],
    *,
    points: int = DEFAULT_POINTS,
    method: Method = "lattice",
    rng: int | np.random.Generator | None = None,
    threads: int = 1,
) -> Array:
    """Quantiles of an uncertain number.

    Parameters
    ----------
    node : Uncertain
        The number.
    levels : sequence of float
        Probabilities in [0, 1].
    points, method, rng, threads
        As for `samples`; more than `LARGEST_KEPT` Monte Carlo samples are counted, not kept.

    Returns
    -------
    ndarray
        One value per level on the first axis. Those of a quoted range are exact.

    Raises
    ------
    RangeError
        If a level is not a probability.
    """
    wanted = _checked_levels(levels)
    drawing = Drawing.of(points, method, rng, threads)
    known = _quoted_quantiles(node, wanted)
    if known is not None:
        return known
    if _is_streamed(node, drawing):
        return _digest(compile_program(node), drawing).quantiles(wanted)
    drawn = _remembered(node, drawing)
    return _of_rows(drawn.copy(), wanted, stepped=takes_steps(node))


def estimate(node: Uncertain, levels: Sequence[float], drawing: Drawing | None = None) -> Estimate:
    """Quantiles and mean with their sampling errors.

    Parameters
    ----------
    node : Uncertain
        The number.
    levels : sequence of float
        Probabilities in [0, 1].
    drawing : Drawing, optional
        How the points are chosen; by default as for `quantiles`.

    Returns
    -------
    Estimate
        Of the lattice, errors come from the spread between its shifts; of Monte Carlo, from the
        order statistics around a quantile and from the standard deviation.

    Notes
    -----
    For a quantile q(p) from n independent samples, ``(q(p + d) - q(p - d)) / 2`` with
    ``d = sqrt(p (1 - p) / n)``.
    """
    wanted = _checked_levels(levels)
    drawing = drawing or Drawing.of(DEFAULT_POINTS, "lattice", None)
    if _is_streamed(node, drawing):
        found = _from_digest(_digest(compile_program(node), drawing), wanted)
    else:
        drawn = _remembered(node, drawing)
        of = _from_shifts if drawing.method == "lattice" else _from_independent
        found = of(drawn, wanted, takes_steps(node))
    known = _quoted_quantiles(node, wanted)
    if known is None:
        return found
    return attrs.evolve(found, quantiles=known, quantile_errors=np.zeros_like(known))


def input_points(program: Program, drawing: Drawing) -> list[Array]:
    """Values of every input at the points of a drawing.

    Parameters
    ----------
    program : Program
        Whose inputs.
    drawing : Drawing
        How the points are chosen.

    Returns
    -------
    list of ndarray
        One per input, shape (points,); not to be written to.
    """
    if drawing.method == "monte-carlo":
        return _random_points(program, drawing)
    rows = program.kept("rows", lambda: rows_of(program.variables))
    size, seed = drawing.points, drawing.seed
    pairs = zip(program.variables, rows, strict=True)
    return [_lattice_values(v, row, size, seed) for v, row in pairs]


def takes_steps(node: Uncertain) -> bool:
    """Whether a number jumps, so that between two of its values there is nothing to interpolate.

    Parameters
    ----------
    node : Uncertain
        The number.

    Returns
    -------
    bool
        Whether it counts in whole units, compares, or has an input with discrete values.
    """
    program = compile_program(node)
    steps = any(step.operation in STEPS for step in program.instructions)
    return steps or any(isinstance(v.distribution, Discrete) for v in program.variables)


STEPS = frozenset({"ceil", "floor", "less"})
"""Operations whose results jump."""


def _checked_levels(levels: Sequence[float]) -> Array:
    wanted = np.asarray(levels, dtype=np.float64)
    if wanted.ndim != 1 or not np.all((wanted >= 0) & (wanted <= 1)):
        message = f"quantiles needs probabilities between 0 and 1, such as 0.05; got {levels}"
        raise RangeError(message)
    return wanted


def seed_of(rng: int | np.random.Generator | None) -> int:
    """Seed that stands for what a user gives.

    Parameters
    ----------
    rng : int or numpy.random.Generator, optional
        None stands for 0; a generator is used once.

    Returns
    -------
    int
        0 or more.

    Raises
    ------
    RangeError
        If it is anything else.
    """
    if rng is None:
        return 0
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**63))
    given: object = rng
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or rng < 0:
        message = f"rng needs a whole number from 0, or a numpy Generator; got {rng!r}"
        raise RangeError(message)
    return int(rng)


# -- quantiles of what was drawn -------------------------------------------------------------------


def _quoted_quantiles(node: Uncertain, levels: Array) -> Array | None:
    """Exact quantiles of a quoted range in any unit; None of what was computed."""
    inner, factor = split_scale(node)
    if inner.operation != "variable" or factor <= 0:
        return None
    distribution: Distribution = inner.payload.distribution
    if not distribution.ordered:
        return None
    ends = (levels == 0.0) | (levels == 1.0)
    # The outermost quantiles may be infinite: sampling says how far a finite sample gets.
    if ends.any():
        return None
    found: Array = distribution.quantile(levels.copy()) * factor
    return found


def _of_rows(rows: Array, levels: Array, *, stepped: bool) -> Array:
    """Quantiles along the last axis, which is used up; levels first."""
    flat = rows.reshape(-1, rows.shape[-1])
    found = quantiles_of_rows(flat, levels, stepped=stepped)
    moved: Array = np.moveaxis(found.reshape(*rows.shape[:-1], levels.size), -1, 0)
    return moved


def _from_shifts(drawn: Array, levels: Array, stepped: bool) -> Estimate:  # noqa: FBT001 - inner
    parts = drawn.reshape(*drawn.shape[:-1], SHIFTS, -1)
    each = _of_rows(parts.copy(), levels, stepped=stepped)
    means = parts.mean(axis=-1)
    return Estimate(
        _of_rows(drawn.copy(), levels, stepped=stepped),
        _spread(each),
        means.mean(axis=-1),
        _spread(means),
    )


def _spread(values: Array) -> Array:
    """Standard error of the mean of the independent answers on the last axis."""
    with np.errstate(invalid="ignore"):
        found = values.std(axis=-1, ddof=1) / math.sqrt(values.shape[-1])
    return np.asarray(np.where(np.isnan(found), np.inf, found))


def _from_independent(drawn: Array, levels: Array, stepped: bool) -> Estimate:  # noqa: FBT001
    size = drawn.shape[-1]
    found = _of_rows(drawn.copy(), _around(levels, size), stepped=stepped)
    middle, below, above = np.split(found, 3)
    with np.errstate(invalid="ignore", over="ignore"):
        error = drawn.std(axis=-1, ddof=1) / math.sqrt(size) if size > 1 else np.inf
        return Estimate(middle, _half(below, above), drawn.mean(axis=-1), np.asarray(error))


def _from_digest(digest: Digest, levels: Array) -> Estimate:
    middle, below, above = np.split(digest.quantiles(_around(levels, digest.count)), 3)
    mean, error = np.asarray(digest.mean()), np.asarray(digest.mean_error())
    return Estimate(middle, _half(below, above), mean, error)


def _around(levels: Array, size: int) -> Array:
    """Levels, and those a standard error below and above them."""
    step = np.sqrt(levels * (1.0 - levels) / size)
    found: Array = np.clip(np.concatenate([levels, levels - step, levels + step]), 0.0, 1.0)
    return found


def _half(below: Array, above: Array) -> Array:
    """Half of the distance; infinite if it is not known."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.nan_to_num((above - below) / 2.0, nan=np.inf, posinf=np.inf)


def _remembered(node: Uncertain, drawing: Drawing) -> Array:
    program = compile_program(node)
    numbers = drawing.points * math.prod(program.shape)
    if numbers > MAXIMUM_SAMPLES:
        message = f"quantiles needs at most {MAXIMUM_SAMPLES} numbers in all; got {numbers}"
        raise RangeError(message)
    if numbers > _LARGEST_REMEMBERED:
        return _drawn(program, drawing)
    key = ("samples", drawing.points, drawing.method, drawing.seed)
    return node.remembered(key, lambda: _drawn(program, drawing))


# -- drawing ---------------------------------------------------------------------------------------


def _drawn(program: Program, drawing: Drawing) -> Array:
    if drawing.method == "monte-carlo" and not program.shape:
        out = np.empty(drawing.points)
        _monte_carlo(program, drawing, lambda _, start, stop: out[start:stop])
        return out
    shape = (*program.shape, drawing.points)
    lead = (1,) * len(program.shape)
    inputs = [x.reshape(*lead, -1) for x in input_points(program, drawing)]
    found = evaluate(program, inputs, shape, sampled=True, threads=drawing.threads)
    _check_defined(found)
    return found


def _is_streamed(node: Uncertain, drawing: Drawing) -> bool:
    if drawing.method != "monte-carlo" or drawing.points <= LARGEST_KEPT or node.shape:
        return False
    if drawing.points > MAXIMUM_STREAMED:
        message = f"points needs at most {MAXIMUM_STREAMED}; got {drawing.points}"
        raise RangeError(message)
    return True


def _digest(program: Program, drawing: Drawing) -> Digest:
    digests = [Digest() for _ in range(drawing.threads)]
    rooms = [np.empty(_BLOCK) for _ in range(drawing.threads)]
    _monte_carlo(
        program,
        drawing,
        lambda thread, start, stop: rooms[thread][: stop - start],
        lambda thread, start, block: digests[thread].add(start, block),
    )
    for other in digests[1:]:
        digests[0].merge(other)
    return digests[0]


def _monte_carlo(
    program: Program,
    drawing: Drawing,
    room: Callable[[int, int, int], Array],
    done: Callable[[int, int, Array], None] = lambda _thread, _start, _block: None,
) -> None:
    """Draw inputs and compute results block by block; stripes are shared by the threads.

    `room` gives the array for the results from `start` to `stop`; `done` gets it back filled.
    """
    variables = program.variables
    code = block_code(program, [frozenset({0})] * len(variables), {}, 0)
    fixed = fixed_values(program, code, (), {})
    inputs = streams([variables[i] for i in code.inputs], drawing.seed)
    stripes = range(-(-drawing.points // STRIPE))

    def work(thread: int) -> None:
        scratch, buffers = Scratch(_BLOCK), [np.empty(_BLOCK) for _ in code.buffers]
        with np.errstate(all="ignore"):
            for stripe in stripes[thread :: drawing.threads]:
                fills = [stream.open(stripe, scratch) for stream in inputs]
                stop = min((stripe + 1) * STRIPE, drawing.points)
                for start in range(stripe * STRIPE, stop, _BLOCK):
                    end = min(start + _BLOCK, stop)
                    block = room(thread, start, end)
                    parts = [buffer[: end - start] for buffer in buffers]
                    code.function(*fills, *fixed, *parts, block)
                    _check_defined(block)
                    done(thread, start, block)

    in_threads(work, min(drawing.threads, len(stripes)))


def _check_defined(found: Array) -> None:
    # What is undefined in a branch that is not taken does no harm; the result is looked at.
    undefined = np.isnan(found)
    if undefined.any():
        message = (
            f"{100 * undefined.mean():.3g} % of the values are undefined, such as the logarithm "
            "or the root of a negative number; give the input limits, as in limits=(0, None)"
        )
        raise RangeError(message)


def _random_points(program: Program, drawing: Drawing) -> list[Array]:
    scratch = Scratch(STRIPE)
    found = []
    for stream in streams(program.variables, drawing.seed):
        out = np.empty(drawing.points)
        for start in range(0, drawing.points, STRIPE):
            _fill_stripe(stream, start // STRIPE, scratch, out[start : start + STRIPE])
        found.append(out)
    return found


def _fill_stripe(stream: Stream, stripe: int, scratch: Scratch, out: Array) -> None:
    # In the same steps as everywhere else, so that the numbers are the same.
    fill = stream.open(stripe, scratch)
    for start in range(0, out.size, _BLOCK):
        fill(out[start : start + _BLOCK])


def rows_of(variables: Sequence[Variable]) -> list[tuple[int, ...]]:
    """Lattice rows that each input takes.

    They follow the inputs' names, or the form of unnamed ones: written in another order or with
    other units, an expression has the same digits.

    Parameters
    ----------
    variables : sequence of Variable
        The inputs of one expression.

    Returns
    -------
    list of tuple of int
        For each input its row; of correlated inputs, the rows of those before it as well.
    """
    rows: dict[Any, int] = {}
    found: dict[int, tuple[int, ...]] = {}
    for place in sorted(range(len(variables)), key=lambda i: _rank(variables[i])):
        joint, member = variables[place].joint, variables[place].member
        needed = [place] if joint is None else [(joint, i) for i in range(member + 1)]
        found[place] = tuple(rows.setdefault(one, len(rows)) for one in needed)
    return [found[place] for place in range(len(variables))]


def _rank(variable: Variable) -> tuple[str, str]:
    """What decides about the row of an input, whatever unit it is given in and where it stands."""
    named = not variable.stream.startswith("|")  # the name of an unnamed one holds its unit
    return variable.name if named else "", variable.distribution.form()


def _lattice_values(variable: Variable, rows: tuple[int, ...], size: int, seed: int) -> Array:
    keep = size <= DEFAULT_POINTS
    draw = _kept_draw if keep else _kept_draw.__wrapped__
    joint, member = variable.joint, variable.member
    weights = () if joint is None else tuple(joint.factor[member, : member + 1].tolist())
    return draw(variable.distribution, rows, weights, size, seed)


@lru_cache(maxsize=_ROWS_KEPT)
def _kept_draw(
    distribution: Distribution,
    rows: tuple[int, ...],
    weights: tuple[float, ...],
    size: int,
    seed: int,
) -> Array:
    if weights:
        normals = [lattice_values(_normal_grid(size, seed), row, shift_key=seed) for row in rows]
        mixed = np.zeros(size)
        for weight, normal in zip(weights, normals, strict=True):
            mixed += weight * normal
        drawn = distribution.from_normal(mixed)
    elif distribution.normal_based:
        drawn = distribution.from_normal(
            lattice_values(_normal_grid(size, seed), rows[0], shift_key=seed)
        )
    else:
        drawn = distribution.quantile(lattice_values(_grid(size, seed), rows[0], shift_key=seed))
    # Shared between results, so nobody may write to it.
    drawn.flags.writeable = False
    return drawn


@lru_cache(maxsize=8)
def _grid(size: int, seed: int) -> Array:
    grid = lattice_grid(size, shift_key=seed)
    return np.hstack([grid, grid])


@lru_cache(maxsize=8)
def _normal_grid(size: int, seed: int) -> Array:
    grid = _grid(size, seed)[:, : size // SHIFTS]
    normal = normal_quantile_of_grid(grid)
    return np.hstack([normal, normal])
