"""A swept input: its values to the last digit, its ends, and what it refuses to be asked."""

from __future__ import annotations

import math
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.axes import Swept
from llm_economics.core.uncertain.distributions import from_dict

if TYPE_CHECKING:
    from collections.abc import Callable

ends = st.tuples(st.floats(0.001, 1e6), st.floats(0.001, 1e6)).filter(lambda e: e[0] != e[1])
axes = st.builds(
    lambda pair, count, spacing: Swept(*pair, count, spacing),
    ends,
    st.integers(2, 300),
    st.sampled_from(["linear", "log"]),
) | st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50).map(Swept.through)


@pytest.mark.parametrize(
    ("axis", "values"),
    [
        (Swept(0.1, 0.5, 5), [0.1, 0.2, 0.3, 0.4, 0.5]),
        (Swept(0, 1, 11), [i / 10 for i in range(11)]),
        (Swept(5.0, -5.0, 3), [5.0, 0.0, -5.0]),
        (Swept.through([0.3, 0.5, 0.4]), [0.3, 0.5, 0.4]),
        (Swept.through(np.array([2.0])), [2.0]),
        (Swept.through((1, 1)), [1.0, 1.0]),
    ],
    ids=str,
)
def test_values(axis: Swept, values: list[float]) -> None:
    """Values are those that a person would write down, to the last digit."""
    assert axis.values().tolist() == values
    assert axis.count == len(values)
    assert axis.support == axis.quoted == (min(values), max(values))


def test_equal_ratios() -> None:
    """On a log axis each value is the same factor above the one before."""
    values = Swept(1e-3, 1e3, 7, "log").values()
    np.testing.assert_allclose(values, 10.0 ** np.arange(-3, 4), rtol=1e-14)
    assert (values[0], values[-1]) == (1e-3, 1e3)
    np.testing.assert_array_equal(Swept(1e3, 1e-3, 7, "log").values(), values[::-1])


@given(axes, st.data())
def test_slices_have_the_same_digits(axis: Swept, data: st.DataObject) -> None:
    """A value does not depend on the slice in which it is computed; the ends are exact."""
    whole = axis.values()
    first = data.draw(st.integers(0, axis.count - 1))
    last = data.draw(st.integers(first, axis.count + 3))
    np.testing.assert_array_equal(axis.values(first, last), whole[first:last])
    assert (whole[0], whole[-1]) == (axis.start, axis.stop)
    assert axis.support == (whole.min(), whole.max())


@given(axes, st.floats(0.01, 100.0))
def test_change_of_unit(axis: Swept, factor: float) -> None:
    """A scaled axis has the scaled values."""
    scaled = axis.scaled(factor)
    np.testing.assert_allclose(scaled.values(), axis.values() * factor, rtol=1e-12, atol=1e-300)
    assert (scaled.count, scaled.spacing) == (axis.count, axis.spacing)


@given(axes)
def test_files_and_pickles(axis: Swept) -> None:
    """Plain data and pickles bring the same axis back."""
    assert from_dict(axis.to_dict()) == axis
    assert pickle.loads(pickle.dumps(axis)) == axis


def test_long_axes_are_not_written_out() -> None:
    """A thousand million values cost nothing until a slice is asked for."""
    axis = Swept(0.0, 1.0, 1e9)
    assert axis.values(999_999_998).tolist() == [999_999_998 / 999_999_999, 1.0]
    assert axis.values(5, 5).size == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda axis: axis.quantile(np.array([0.5])),
        lambda axis: axis.cdf(0.1),
        lambda axis: axis.median(),
        lambda axis: axis.mean(),
        lambda axis: axis.std(),
        lambda axis: axis.log_std(),
    ],
    ids=["quantile", "cdf", "median", "mean", "std", "log_std"],
)
def test_it_has_no_probabilities(ask: Callable[[Swept], Any]) -> None:
    """Nobody said how likely a value is, so nothing that needs it is answered."""
    with pytest.raises(RangeError, match=r"200 values from 0.03 to 0.2 is swept: use .sweep\(\)"):
        ask(Swept(0.03, 0.2, 200))


def test_nothing_lies_outside_its_ends() -> None:
    """What is outside has no probability, so that limits can be checked."""
    axis = Swept(0.0, 1.0, 5)
    assert [axis.cdf(x) for x in (-1.0, 0.0, 1.0, 2.0)] == [0.0, 0.0, 1.0, 1.0]
    assert [Swept.through([1.0]).cdf(x) for x in (0.5, 1.0, 1.5)] == [0.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("axis", "unit", "text"),
    [
        (Swept(0.03, 0.2, 200), "USD/kWh", "swept 0.03 to 0.2 USD/kWh, 200 values"),
        (Swept(0.2, 0.03, 200), "", "swept 0.03 to 0.2, 200 values"),
        (Swept.through([8]), "GPU", "swept 8 GPU, 1 value"),
    ],
)
def test_description(axis: Swept, unit: str, text: str) -> None:
    """It is described by its ends and the number of its values."""
    assert axis.describe(unit) == text


def test_repr_of_a_list_is_short() -> None:
    """A list of values is counted, not printed."""
    assert "listed=(1000 values)" in repr(Swept.through(range(1000)))
    assert "listed=()" in repr(Swept(0, 1, 5))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Swept(0.0, 1.0, 1), "count must be a whole number from 2"),
        (lambda: Swept(0.0, 1.0, 2.5), "count must be a whole number from 2; got 2.5"),
        (lambda: Swept(0.0, 1.0, True), "count must be a whole number from 2; got True"),
        (lambda: Swept(0.0, 1.0, "5"), "count must be a whole number from 2; got '5'"),
        (lambda: Swept(0.0, 1.0, 2**60), "count must be a whole number from 2"),
        (lambda: Swept(1.0, 1.0, 5), "stop must be another value than start"),
        (lambda: Swept(math.nan, 1.0, 5), "start must be a finite number"),
        (lambda: Swept(0.0, 1.0, 5, "log"), "above 0.*write spacing='linear'"),
        (lambda: Swept(0.0, 1.0, 5, "cubic"), "spacing must be one of linear, log, listed"),
        (lambda: Swept.through([]), "needs one value or more"),
        (lambda: Swept.through([1.0, math.inf, 2.0]), "listed must be a finite number; got inf"),
        (lambda: Swept.through([1.0, "2", 3.0]), "listed must be a finite number; got '2'"),
        (lambda: Swept(1.0, 3.0, 2, "listed", (1.0, 2.0)), "the values from start to stop"),
        (lambda: Swept(0.0, 1.0, 5).scaled(-1.0), "factor must be finite and above 0"),
    ],
    ids=range(14),
)
def test_refusals(make: Callable[[], Swept], message: str) -> None:
    """What does not say which values are meant is refused, with what to write."""
    with pytest.raises(RangeError, match=message):
        make()
