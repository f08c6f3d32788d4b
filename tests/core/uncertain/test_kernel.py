"""Blocks: the same numbers as the plain formula, for every cut, shape and thread count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.reading import between, uniform
from llm_economics.core.uncertain import kernel
from llm_economics.core.uncertain.kernel import evaluate, in_threads
from llm_economics.core.uncertain.program import compile_program

X, Y, Z = (between(1, 4, name=name).magnitude for name in "xyz")
FORMULAS = {
    "product": X * Y / Z,
    "choice": np.where(np.less(X, Y), X * X, np.where(np.less(Y, Z), Y, X - Z)),
    "steps": np.ceil(X * Y) - np.floor(Z) + abs(X - Y),
    "powers": (X * Y) ** 2 + (X + Y) ** 0.5 + (X * Z) ** -1.0 + Y**1.7,
    "smooth": np.exp(-X) + np.log(Y) * np.sqrt(Z) - (-X),
    "extremes": np.maximum(np.minimum(X, Y), np.minimum(Y, Z)),
    "one input": X + 0.0,
    "bare input": X,
    "no input": X - X,
}
each_formula = pytest.mark.parametrize("formula", FORMULAS.values(), ids=list(FORMULAS))


@pytest.fixture
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "BLOCK", 12)


def inputs_of(formula: Any, shape: tuple[int, ...], seed: int = 0) -> list[Any]:
    """Inputs that lie along different axes, the last of them along none."""
    rng = np.random.default_rng(seed)
    axes = [range(len(shape)), range(len(shape) - 1, -1, -1), range(0)]
    found: list[Any] = []
    for place in range(len(compile_program(formula).variables)):
        extent = [1] * len(shape)
        for axis in list(axes[place % 3])[:2]:
            extent[axis] = shape[axis]
        found.append(rng.uniform(1, 4, extent) if place % 3 < 2 else 2.5)
    return found


def plain(formula: Any, inputs: list[Any], shape: tuple[int, ...]) -> Any:
    with np.errstate(all="ignore"):
        return np.broadcast_to(compile_program(formula).run(inputs), shape)


@each_formula
@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("shape", [(40,), (5, 7), (3, 4, 6), (2, 30), (30, 2), (1, 1), (13, 1, 2)])
@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_are_the_plain_formula(formula: Any, shape: tuple[int, ...], threads: int) -> None:
    """Cut in any way, by any number of threads, every number is that of the whole formula."""
    program, inputs = compile_program(formula), inputs_of(formula, shape)
    found = evaluate(program, inputs, shape, threads=threads)
    np.testing.assert_allclose(found, plain(formula, inputs, shape), rtol=4e-16)


@each_formula
@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("shape", [(40,), (5, 7), (3, 4, 30)])
def test_rows_are_finished_whole(formula: Any, shape: tuple[int, ...]) -> None:
    """What is finished sees whole rows, and may use them up."""

    def ends(rows: Any) -> Any:
        rows.sort(axis=-1)
        return rows[:, [0, -1]].copy()

    program, inputs = compile_program(formula), inputs_of(formula, shape)
    found = evaluate(program, inputs, shape, finish=ends, threads=2)
    whole = plain(formula, inputs, shape)
    expected = np.stack([whole.min(axis=-1), whole.max(axis=-1)], axis=-1)
    np.testing.assert_allclose(found, expected, rtol=4e-16)


@pytest.mark.usefixtures("_small_blocks")
@pytest.mark.parametrize("sampled", [False, True])
def test_array_constants_lie_before_the_samples(sampled: bool) -> None:
    """An array that takes part has its own axes, behind swept ones and before samples."""
    formula = X * np.array([1.0, 2.0, 3.0]) + Y * np.array([[5.0], [7.0]])
    program = compile_program(formula)
    x, y = np.arange(1.0, 5.0), np.arange(2.0, 6.0)
    shape = (4, 2, 3, 6) if sampled else (4, 2, 3)
    found = evaluate(
        program,
        [v.reshape(4, *(1,) * (len(shape) - 1)) for v in (x, y)],
        shape,
        sampled=sampled,
    )
    for place in range(4):
        expected = x[place] * np.array([1.0, 2.0, 3.0]) + y[place] * np.array([[5.0], [7.0]])
        got = found[place, ..., 0] if sampled else found[place]
        np.testing.assert_array_equal(got, expected)
    if sampled:
        assert np.ptp(found, axis=-1).max() == 0.0


def test_formulas_of_one_form_share_their_code() -> None:
    """Another scenario of one formula need not be compiled anew."""
    first, second = (uniform(1, n).magnitude * uniform(2, n).magnitude for n in (3, 4))
    axes = [frozenset({0})] * 2
    codes = [kernel.block_code(compile_program(f), axes, {}, 0, (5,)) for f in (first, second)]
    assert codes[0] is codes[1]
    assert kernel.block_code(compile_program(first * 2.0), axes, {}, 0, (5,)) is not codes[0]


def test_infinite_and_undefined_values_pass() -> None:
    """Whether a value is undefined is for the caller to judge; nothing warns."""
    program = compile_program(X / Y)
    found = evaluate(program, [np.array([1.0, 0.0]), np.array([0.0, 0.0])], (2,))
    assert found[0] == np.inf
    assert np.isnan(found[1])


def test_errors_in_threads_are_raised() -> None:
    """A thread that fails does not fail in silence."""

    def work(thread: int) -> None:
        if thread == 1:
            message = "thread 1"
            raise ValueError(message)

    with pytest.raises(ValueError, match="thread 1"):
        in_threads(work, 3)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 40))
def test_no_cut_shows(sizes: list[int], block: int) -> None:
    """Digits do not depend on the size of blocks."""
    shape, formula = tuple(sizes), FORMULAS["choice"]
    program, inputs = compile_program(formula), inputs_of(formula, tuple(sizes), seed=1)
    whole = evaluate(program, inputs, shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel, "BLOCK", block)
        np.testing.assert_array_equal(evaluate(program, inputs, shape), whole)
