"""Samples and quantiles: reproducible to the last digit, correlated, and honest about limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from llm_economics.core.errors import RangeError
from llm_economics.core.reading import alternatives, between, mixture, uniform
from llm_economics.core.uncertain import sampling
from llm_economics.core.uncertain.distributions import LogNormal, Uniform
from llm_economics.core.uncertain.graph import Uncertain, constant, uncertain
from llm_economics.core.uncertain.sampling import Drawing, estimate, quantiles, samples
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity
    from llm_economics.core.uncertain.sampling import Method

METHODS: tuple[Method, ...] = ("lattice", "monte-carlo")
each_method = pytest.mark.parametrize("method", METHODS)


def new(low: float = 1.0, high: float = 4.0) -> Uncertain:
    return uncertain(Variable.create(LogNormal(low, high)))


X, Y = new(), new()


@each_method
def test_the_same_seed_gives_the_same_digits(method: Method) -> None:
    """Repeating a question repeats the answer; another seed gives another one."""
    product = X * Y
    first = samples(product, 256, method=method, rng=7)
    np.testing.assert_array_equal(first, samples(product, 256, method=method, rng=7))
    np.testing.assert_array_equal(first, samples(X * Y, 256, method=method, rng=np.int64(7)))
    assert not np.array_equal(first, samples(product, 256, method=method, rng=8))


@each_method
def test_no_seed_stands_for_zero(method: Method) -> None:
    """Without a seed the answer is fixed too."""
    np.testing.assert_array_equal(
        samples(X, 128, method=method), samples(X, 128, method=method, rng=0)
    )


def test_a_generator_gives_the_seed() -> None:
    """A NumPy generator is used once per question, so that equal generators give equal answers."""
    first, second = (samples(X, 64, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("rng", [-1, 1.5, True, "1"], ids=str)
def test_other_seeds_are_refused(rng: Any) -> None:
    """A seed is a whole number from 0, or a generator."""
    with pytest.raises(RangeError, match="rng needs a whole number from 0"):
        samples(X, 16, rng=rng)


def test_other_methods_are_refused() -> None:
    """Only two ways to choose points exist."""
    method: Any = "sobol"
    with pytest.raises(RangeError, match="method needs 'lattice' or 'monte-carlo'; got 'sobol'"):
        samples(X, 16, method=method)


@pytest.mark.parametrize("size", [0, -5, 10**9])
def test_sizes_have_limits(size: int) -> None:
    """Neither no samples nor more than a common machine can hold."""
    with pytest.raises(RangeError, match="samples needs 1 to"):
        samples(X, size)


def test_arrays_count_towards_the_limit() -> None:
    """A long array of ranges is refused before the memory is gone."""
    with pytest.raises(RangeError, match="got 1000000000"):
        samples(X * np.ones(10**5), 10**4)


@pytest.mark.parametrize("level", [-0.1, 1.1, float("nan")])
def test_levels_are_probabilities(level: float) -> None:
    """A quantile of 95 is a slip for 0.95."""
    with pytest.raises(RangeError, match="probabilities between 0 and 1"):
        quantiles(X, [level])


def test_rows_of_monte_carlo_belong_together() -> None:
    """Row i of two results used the same value of a shared input; of new inputs, other values."""
    np.testing.assert_allclose(samples(X * Y, 100) / samples(Y, 100), samples(X, 100))
    assert abs(np.corrcoef(samples(X, 4096), samples(Y, 4096))[0, 1]) < 0.05


def test_inputs_of_two_processes_with_one_stream_are_independent() -> None:
    """Two inputs that carry one stream key do not move together."""
    twins = [
        uncertain(Variable(token=name, name=name, stream="one", distribution=Uniform(0, 1)))
        for name in ("a", "b")
    ]
    assert np.ptp(samples(twins[0] - twins[1], 1000)) > 1


@each_method
def test_blocks_do_not_show(method: Method) -> None:
    """More samples than one block are the same as the inputs' samples put together."""
    size = 2**15
    np.testing.assert_allclose(
        samples(2.0 * X, size, method=method), 2.0 * samples(X, size, method=method)
    )


def test_kept_rows_are_the_lattice() -> None:
    """What is kept of a drawn input equals what is drawn anew, to the last digit."""
    drawn = sampling._kept_draw(LogNormal(1, 3), (1,), (), 1024, 3)
    np.testing.assert_array_equal(
        drawn, sampling._kept_draw.__wrapped__(LogNormal(1, 3), (1,), (), 1024, 3)
    )
    assert samples(X, 2**15, method="lattice").size == 2**15  # too many to keep


def test_each_shift_fills_every_cell() -> None:
    """Of every shift, two points lie in each of its cells of probability."""
    drawn = samples(X, 1024, method="lattice", rng=3)
    shares = np.array([LogNormal(1, 4).cdf(x) for x in drawn.tolist()]).reshape(8, 128)
    cells = np.sort(np.floor(shares * 64), axis=-1)
    np.testing.assert_array_equal(cells, np.tile(np.repeat(np.arange(64.0), 2), (8, 1)))


def test_kept_rows_are_read_only() -> None:
    """A result can be written to; what others share cannot."""
    drawn = samples(X, 128, method="lattice")
    drawn[0] = 5.0
    assert samples(X, 128, method="lattice")[0] != 5.0


def test_large_results_are_not_remembered() -> None:
    """Memory is kept for small results only."""
    small, large = X * Y, X * np.ones(2**7)
    quantiles(small, [0.5])
    quantiles(large, [0.5])
    assert len(small._memory) == 1
    assert len(large._memory) == 0


def test_memory_of_one_number_is_bounded() -> None:
    """Asking with many seeds keeps only the last few samples."""
    number = X + Y
    for seed in range(10):
        quantiles(number, [0.5], rng=seed, points=128)
    assert len(number._memory) == 4


def test_quantiles_of_a_distribution_are_its_own() -> None:
    """The quoted ends and the median of a quoted range are exact; the lattice finds them too."""
    levels = [0.05, 0.5, 0.95]
    np.testing.assert_allclose(quantiles(X, levels), [1.0, 2.0, 4.0], rtol=1e-12)
    np.testing.assert_allclose(quantiles(X * 3.0, levels), [3.0, 6.0, 12.0], rtol=1e-12)
    np.testing.assert_allclose(quantiles(X + 0.0, levels), [1.0, 2.0, 4.0], rtol=1e-3)


@each_method
def test_no_thread_count_changes_a_digit(method: Method) -> None:
    """One, two or five threads: the same numbers."""
    size = 2**19 if method == "lattice" else 3 * 2**17 + 5
    alone = samples(X * Y + X, size, method=method)
    for threads in (2, 5):
        found = samples(X * Y + X, size, method=method, threads=threads)
        np.testing.assert_array_equal(found, alone)


def test_more_samples_begin_with_the_fewer() -> None:
    """A longer run goes on where a shorter one ended, in every stripe."""
    product, long = X * Y, 2**17 + 100
    np.testing.assert_array_equal(samples(product, long)[: 2**16], samples(product, 2**16))
    array = product * np.array([1.0, 2.0])
    np.testing.assert_array_equal(samples(array, long)[0], samples(product, long))


@each_method
@pytest.mark.parametrize("level", [0.05, 0.5, 0.95])
def test_the_stated_error_is_the_error(method: Method, level: float) -> None:
    """Over many seeds, answers scatter as widely as each of them says."""
    number = X * Y + X
    found = [estimate(number, [level], Drawing.of(1024, method, seed, 1)) for seed in range(60)]
    scatter = np.std([e.quantiles[0] for e in found])
    stated = np.sqrt(np.mean([e.quantile_errors[0] ** 2 for e in found]))
    assert 0.6 < stated / scatter < 1.7
    scatter, stated = np.std([e.mean for e in found]), np.mean([e.mean_error for e in found])
    assert 0.6 < stated / scatter < 1.7


def test_streamed_answers_are_those_of_kept_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counting samples in cells gives their quantiles to a millionth, whatever the threads."""
    number, levels = X * Y - 3.0, [0.0, 0.05, 0.4, 0.95, 1.0]
    kept = estimate(number, levels, Drawing.of(400_000, "monte-carlo", 0))
    monkeypatch.setattr(sampling, "LARGEST_KEPT", 1000)
    streamed = estimate(number, levels, Drawing.of(400_000, "monte-carlo", 0, 1))
    np.testing.assert_allclose(streamed.quantiles[1:-1], kept.quantiles[1:-1], rtol=1e-4)
    np.testing.assert_allclose(streamed.quantiles, kept.quantiles, rtol=1e-3)
    np.testing.assert_allclose(streamed.quantile_errors[1:4], kept.quantile_errors[1:4], rtol=0.02)
    assert streamed.mean == pytest.approx(kept.mean, rel=1e-12)
    assert streamed.mean_error == pytest.approx(kept.mean_error, rel=1e-4)
    again = estimate(number, levels, Drawing.of(400_000, "monte-carlo", 0, 3))
    np.testing.assert_array_equal(again.quantiles, streamed.quantiles)
    assert again.mean == streamed.mean
    np.testing.assert_array_equal(
        quantiles(number, levels, points=400_000, method="monte-carlo"), streamed.quantiles
    )


def test_numbers_of_points_have_limits() -> None:
    """A run of days is refused, as is a fraction of a thread."""
    with pytest.raises(RangeError, match="points needs at most 100000000000"):
        quantiles(X * Y, [0.5], points=10**12, method="monte-carlo")
    with pytest.raises(RangeError, match="at most 100000000 numbers in all"):
        quantiles(X * np.ones(10**4), [0.5], points=2**17)
    with pytest.raises(RangeError, match="threads needs a whole number from 1"):
        quantiles(X * Y, [0.5], threads=0)
    with pytest.raises(RangeError, match=r"points needs a whole number from 1; got 2\.5"):
        quantiles(X * Y, [0.5], points=2.5)  # type: ignore[arg-type]


def test_one_sample_has_no_known_error() -> None:
    """From one sample nothing can be said about its error."""
    found = estimate(X * Y, [0.5], Drawing.of(1, "monte-carlo", 0))
    assert found.mean_error == np.inf
    endless = np.exp(uniform(1, 1000).magnitude + uniform(0, 1).magnitude)
    assert estimate(endless, [0.9], Drawing.of(1024, "lattice", 0)).quantile_errors == np.inf
    assert estimate(endless, [0.9], Drawing.of(1024, "monte-carlo", 0)).quantile_errors == np.inf


def test_quoted_ranges_have_no_sampling_error() -> None:
    """What is known in closed form is given so; of disagreeing sources, it is sampled."""
    exact = estimate(X * 2.0, [0.05], Drawing.of(1024, "lattice", 0))
    assert (exact.quantiles[0], exact.quantile_errors[0]) == (pytest.approx(2.0), 0.0)
    assert estimate(X * -2.0, [0.05], Drawing.of(1024, "lattice", 0)).quantile_errors[0] > 0
    sources = mixture("1-2 W", "3-4 W").magnitude
    assert estimate(sources, [0.3], Drawing.of(1024, "lattice", 0)).quantile_errors[0] > 0


def test_the_mean_is_that_of_the_closed_form(cost_range: Quantity) -> None:
    """The lattice integrates a product of log-normals to a thousandth."""
    product = X * Y
    sigma = np.log(2.0) / 1.6448536269514722
    drawn = samples(product, 2**14, method="lattice")
    assert drawn.mean() == pytest.approx(4.0 * np.exp(sigma**2), rel=1e-3)
    assert cost_range.number("") == pytest.approx(16.6e6, rel=0.02)


def test_arrays_have_their_own_axes() -> None:
    """Samples lie on the last axis, quantiles on the first."""
    number = X * np.array([[1.0], [2.0]])
    assert samples(number, 8).shape == (2, 1, 8)
    assert quantiles(number, [0.1, 0.5, 0.9]).shape == (3, 2, 1)
    np.testing.assert_array_equal(quantiles(number - number, [0.5]), np.zeros((1, 2, 1)))


def test_fixed_numbers_have_samples_too() -> None:
    """A graph without inputs is sampled as often as asked."""
    np.testing.assert_array_equal(samples(constant(3.0) + 1.0, 4), [4.0] * 4)
    np.testing.assert_array_equal(samples(constant([1.0, 2.0]) * 2.0, 2), [[2.0, 2.0], [4.0, 4.0]])


def test_undefined_values_are_an_error() -> None:
    """A logarithm of something negative is not hidden in the quantiles."""
    negative = uniform(-1, 3).magnitude
    with pytest.raises(RangeError, match="25 % of the values are undefined"):
        quantiles(np.log(negative), [0.5])
    guarded = np.where(np.less(0.0, negative), np.log(np.maximum(negative, 1e-9)), 0.0)
    assert np.isfinite(quantiles(guarded, [0.0, 1.0])).all()


def test_what_is_undefined_but_not_taken_does_no_harm() -> None:
    """The other branch of a choice may be undefined."""
    signed = uniform(-1, 3).magnitude
    chosen = np.where(np.less(signed, 0.0), 0.0, np.log(np.abs(signed)))
    taken = np.where(np.less(signed, 0.0), 0.0, np.sqrt(signed))
    assert np.isfinite(quantiles(chosen, [0.5, 0.9])).all()
    assert quantiles(taken, [1.0]) == pytest.approx(np.sqrt(3.0), rel=1e-3)


def test_infinity_is_a_value() -> None:
    """What overflows is infinite, in every quantile that it reaches."""
    large = np.exp(uniform(1, 1000).magnitude)
    low, high = quantiles(large, [0.0, 0.99])
    assert np.isfinite(low)
    assert high == np.inf


def test_discrete_values_keep_their_weight() -> None:
    """Less and less-or-equal differ where single values have weight."""
    chosen = alternatives([4, 8]).magnitude
    assert samples(np.less(chosen, 8.0), 1024, method="lattice").mean() == 0.5
    assert samples(np.less_equal(chosen, 8.0), 1024, method="lattice").mean() == 1.0
    assert samples(np.greater_equal(chosen, 8.0), 1024, method="lattice").mean() == 0.5
    assert samples(np.greater(chosen, 8.0), 1024, method="lattice").mean() == 0.0


def test_another_process_gives_the_same_digits(elsewhere: Callable[[str], str]) -> None:
    """Quantiles and samples repeat in a new process, to the last digit."""
    code = (
        "from llm_economics.core.reading import between\n"
        "x = between(1.5, 7.5, name='digits') * between(2, 3, name='more digits')\n"
        "print(repr(x.quantiles(0.05, 0.95).magnitude.tolist()),"
        " repr(x.samples(3).magnitude.tolist()))"
    )
    once, again = elsewhere(code), elsewhere(code)
    here = between(1.5, 7.5, name="digits") * between(2, 3, name="more digits")
    mine = here.quantiles(0.05, 0.95).magnitude.tolist(), here.samples(3).magnitude.tolist()
    assert once == again == f"{mine[0]!r} {mine[1]!r}"


def test_points_are_a_power_of_two() -> None:
    """The lattice says which number of points it takes."""
    with pytest.raises(RangeError, match="points must be a power of two"):
        quantiles(X, [0.5], points=1000)
    assert quantiles(X, [0.5], points=1000, method="monte-carlo") == pytest.approx(2.0, rel=0.1)


def test_default_points_are_what_is_printed() -> None:
    """The digits of the text are those of the quantiles."""
    number = between(1, 4) / between(2, 9) + between(3, 4)
    answer = number.summary()
    assert str(answer).startswith(str(number).rpartition(")")[0])
    assert float(str(number).split()[0]) == pytest.approx(answer.median.magnitude, rel=0.01)
    assert sampling.DEFAULT_POINTS == 2**14
