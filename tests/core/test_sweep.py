"""Sweeps: every cell is the result recomputed with that value put in, under the right label."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.axis import axis
from llm_economics.core.errors import DimensionError, RangeError, UnknownNameError
from llm_economics.core.reading import alternatives, between, quantity, uniform
from llm_economics.core.registry import ureg
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.graph import uncertain
from llm_economics.core.uncertain.sampling import takes_steps

if TYPE_CHECKING:
    from collections.abc import Callable

    from llm_economics.core.registry import Quantity

ENERGY = between(3, 6, "GWh", name="energy")
PRICE = between(0.04, 0.12, "USD/kWh", name="energy price", source="a survey")
SHARE = uniform(0.3, 0.5, name="share")
COST = (ENERGY * PRICE / SHARE).to("kUSD")
SHARES = axis([0.25, 0.5])
RANDOM: dict[str, Any] = {"points": 200, "method": "monte-carlo", "rng": 1}


def cost_of(price: Quantity, share: Quantity) -> Quantity:
    return (ENERGY * price / share).to("kUSD")


def assert_is_recomputed(swept: Any, place: tuple[int, ...], alone: Quantity) -> None:
    """A cell of each answer is the answer of the result that is computed alone."""
    samples = alone.samples(200, rng=1).magnitude
    method = "inverted_cdf" if takes_steps(alone.magnitude) else "linear"
    quantiles = np.quantile(samples, (0.05, 0.95), method=method)
    assert float(swept.central().values.magnitude[place]) == pytest.approx(
        float(alone.central().magnitude), rel=1e-12
    )
    mean = swept.mean(**RANDOM).values.magnitude[place]
    assert float(mean) == pytest.approx(samples.mean(), rel=1e-12)
    found = swept.quantiles(0.05, 0.95, **RANDOM).values.magnitude[place]
    np.testing.assert_allclose(found, quantiles, rtol=1e-12)


@given(
    prices=st.lists(st.floats(0.01, 0.5), min_size=1, max_size=3),
    shares=st.lists(st.floats(0.1, 1.0), min_size=1, max_size=3),
)
def test_cell_is_the_result_recomputed(prices: list[float], shares: list[float]) -> None:
    """Whatever the grid, a cell is the result with the values of that cell put in."""
    sweep = COST.sweep({"energy price": axis(prices, unit="USD/kWh")}, share=axis(shares))
    last = (len(prices) - 1, len(shares) - 1)
    alone = cost_of(quantity(prices[-1], "USD/kWh"), quantity(shares[-1]))
    assert sweep.shape == sweep.central().shape == (len(prices), len(shares))
    assert_is_recomputed(sweep, last, alone)


@pytest.mark.parametrize("name", ["tariff", "count", "exchange"])
def test_formula_of_fifteen_inputs(
    name: str,
    cost: Callable[..., Quantity],
    ranges: dict[str, Quantity],
    points: list[dict[str, float]],
) -> None:
    """Through `maximum` and `ceil` too."""
    values = [point[name] for point in points]
    sweep = cost(ranges).sweep({name: axis(values)})
    for place, value in enumerate(values):
        assert_is_recomputed(sweep, (place,), cost({**ranges, name: quantity(value)}))


def test_all_cells_share_their_points() -> None:
    """The other inputs are the same in all cells: doubling a factor doubles every answer."""
    sweep = COST.sweep({"energy price": axis([0.05, 0.10], unit="USD/kWh")})
    for found in (sweep.quantiles(0.01, 0.5, 0.99), sweep.mean(), sweep.central()):
        first, second = found.values.magnitude
        np.testing.assert_allclose(2 * first, second, rtol=1e-14)


def test_labels_and_units() -> None:
    """Dimensions stand in the order that was typed, with names, units and sources."""
    prices = axis(50, 150, 3, "USD/MWh")
    sweep = COST.sweep({"energy price": prices}, share=SHARES)
    assert repr(sweep) == "<Sweep in kUSD over energy price (3) x share (2): 6 cells>"
    found = sweep.quantiles(0.05, 0.95)
    assert found.dims == ("energy price", "share", "quantile")
    assert found.values.unit_text == "kUSD"
    assert str(found.coords["energy price"]) == "[50 100 150] USD/MWh"
    assert found.coords["share"].magnitude.tolist() == [0.25, 0.5]
    assert found.coords["quantile"].magnitude.tolist() == [0.05, 0.95]
    assert found.coordinates["energy price"].source == "a survey"
    # Typed in another unit, it is the same sweep.
    same = COST.sweep({"energy price": axis(0.05, 0.15, 3, "USD/kWh")}, share=SHARES)
    np.testing.assert_allclose(
        sweep.central().values.magnitude, same.central().values.magnitude, rtol=1e-14
    )
    converted = COST.sweep({"energy price": prices.to("USD/kWh")}).central()
    np.testing.assert_allclose(
        converted.coords["energy price"].magnitude, [0.05, 0.1, 0.15], rtol=1e-14
    )


def test_axes_in_the_formula() -> None:
    """An axis in place of a value is found by itself, behind those that are named."""
    load = axis("10 kW", "30 kW", 3, name="load", source="a plan")
    bill = (load * between(1, 2, "day", name="time") * PRICE).to("USD")
    sweep = bill.sweep({"energy price": axis([0.1], unit="USD/kWh")})
    assert sweep.dims == ("energy price", "load")
    found = sweep.central()
    assert found.coordinates["load"].source == "a plan"
    middle = between(1, 2, "day").central().number("hour")
    np.testing.assert_allclose(
        found.values.magnitude, [[x * middle * 0.1 for x in (10, 20, 30)]], rtol=1e-12
    )
    assert bill.sweep().shape == (3,)
    # Named, it gets other values.
    other = bill.sweep(load=axis([1, 2], unit="MW")).central()
    assert other.coords["load"].unit_text == "MW"
    # An axis can be swept by itself, and converted.
    alone = load.to("MW").sweep().central()
    np.testing.assert_allclose(alone.values.magnitude, [0.01, 0.02, 0.03], rtol=1e-14)
    assert repr(axis([2, 1], name="x").sweep()) == "<Sweep in plain numbers over x (2): 2 cells>"


def test_beyond_what_is_believed() -> None:
    """A sweep may leave the ends of a range, but no physical limit."""
    wide = between(0.3, 0.5, shape="uniform", name="share")
    assert (1 / wide).sweep(share=axis(0.2, 0.6, 3)).central().values.magnitude[0] == 5.0
    signed = between(-1, 1, name="change")
    assert signed.sweep(change=axis(-9, 9, 3)).central().values.magnitude.tolist() == [-9, 0, 9]


def test_choices_can_be_swept() -> None:
    """An input of discrete values runs through any."""
    count = alternatives([8, 16], name="count")
    found = (count * SHARE).sweep(count=axis([8, 12, 16])).quantiles(0.5).values.magnitude
    np.testing.assert_allclose(found[:, 0], [8 * 0.4, 12 * 0.4, 16 * 0.4], rtol=1e-3)


def test_threads_change_no_digit() -> None:
    """Several threads give the same digits."""
    sweep = COST.sweep({"energy price": axis(0.01, 0.2, 50, "USD/kWh")})
    for ask in (
        lambda threads: sweep.central(threads=threads),
        lambda threads: sweep.mean(points=512, threads=threads),
        lambda threads: sweep.quantiles(0.5, points=512, threads=threads),
    ):
        np.testing.assert_array_equal(ask(1).values.magnitude, ask(2).values.magnitude)


TWO = ENERGY * between(1, 2, "USD/kWh", name="p", source="one") * between(3, 4, name="p")
JOINT = Joint(("a", "b"), ("energy price", "demand"), [[1.0, 0.5], [0.5, 1.0]])
TIED = ENERGY * ureg.Quantity(uncertain(PRICE.magnitude.payload.correlated(JOINT, 0)), "USD/kWh")
USD = axis([0.1], unit="USD/kWh")
CAPPED = between(0.2, 0.9, name="share", limits=(None, 1.0))
LIMITED = between(-1, 1, name="change", limits=(-5.0, None))


@pytest.mark.parametrize(
    ("sweep", "error", "message"),
    [
        (
            lambda: COST.sweep({"energy prise": USD}),
            UnknownNameError,
            (
                "no input named 'energy prise'. Did you mean 'energy price'.* The inputs of this "
                r"result are 'energy', 'energy price', 'share'.*put le.axis\(...\) in its place"
            ),
        ),
        (
            lambda: TWO.sweep(p=USD),
            RangeError,
            r"2 inputs of this result are called 'p': .*\(one\)",
        ),
        (COST.sweep, RangeError, "needs an axis for one of the inputs 'energy', 'energy"),
        (lambda: COST.sweep(share=0.3), RangeError, "'share' needs an axis.*got 0.3"),
        (lambda: COST.sweep(share=SHARE), RangeError, "'share' needs an axis.*got <Quantity"),
        (lambda: COST.sweep(share=-SHARES), RangeError, "'share' needs an axis"),
        (
            lambda: COST.sweep({"energy price": axis([1], unit="USD/kW")}),
            DimensionError,
            "'energy price' is given in USD/kWh, its axis in USD/kW; write .*'USD/kWh'",
        ),
        (
            lambda: COST.sweep({"energy price": axis([1])}),
            DimensionError,
            "given in USD/kWh, its axis in plain numbers",
        ),
        (lambda: COST.sweep(share=USD), DimensionError, "given in plain numbers, its axis in USD"),
        (
            lambda: CAPPED.sweep(share=axis(0.5, 1.5, 5)),
            RangeError,
            r"'share' runs through 0.5–1.5, but it is at least 0 and at most 1 \(log-normal, ",
        ),
        (
            lambda: LIMITED.sweep(change=axis(-9, 9, 3)),
            RangeError,
            r"'change' runs through -9–9, but it is at least -5 \(normal, ",
        ),
        (
            lambda: COST.sweep({"energy price": axis([-1], unit="USD/kWh")}),
            RangeError,
            "'energy price' runs through -1 USD/kWh, but it is at least 0",
        ),
        (lambda: COST.sweep(USD), RangeError, r"needs its axes by name, as in .*got <Quantity"),
        (lambda: COST.sweep({"share": SHARES}, share=SHARES), RangeError, "'share' is given twice"),
        (lambda: TIED.sweep({"energy price": USD}), RangeError, "rank-correlated with demand"),
        (lambda: quantity("5 MW").sweep(x=USD), RangeError, "5 MW is exact"),
        (lambda: (COST * np.ones(3)).sweep(share=SHARES), RangeError, r"array of shape \(3,\)"),
        (
            (axis([1], name="x") + axis([2], name="x")).sweep,
            RangeError,
            "two swept inputs are called 'x'",
        ),
        (lambda: COST.sweep(share=SHARES, chunks=0), RangeError, "chunks needs whole numbers"),
        (lambda: COST.sweep(share=SHARES, chunks=True), RangeError, "chunks needs whole numbers"),
        (
            lambda: COST.sweep(share=SHARES, chunks={"share": 1.5}),
            RangeError,
            "chunks needs whole numbers.*'share': 10_000",
        ),
        (
            lambda: COST.sweep(share=SHARES, chunks={"chare": 1}),
            UnknownNameError,
            "no swept input named 'chare'. Did you mean 'share'",
        ),
    ],
    ids=range(22),
)
def test_refusals(sweep: Callable[[], Any], error: type[Exception], message: str) -> None:
    """What cannot be swept is refused when it is typed, with what to write."""
    with pytest.raises(error, match=message):
        sweep()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: s.quantiles(), "probabilities between 0 and 1"),
        (lambda s: s.quantiles(5), "probabilities between 0 and 1"),
        (lambda s: s.quantiles(0.5, points=1000), "power of two"),
        (lambda s: s.mean(points=2**21, method="monte-carlo"), "at most 1048576 points"),
        (lambda s: s.mean(method="sobol"), "'lattice' or 'monte-carlo'"),
        (lambda s: s.mean(rng=-1), "rng needs a whole number"),
        (lambda s: s.central(threads=0), "threads needs a whole number"),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("chunks", [None, 10])
def test_refused_questions(ask: Callable[[Any], Any], message: str, chunks: int | None) -> None:
    """What cannot be answered is refused when it is asked, in chunks too."""
    with pytest.raises(RangeError, match=message):
        ask(COST.sweep(share=SHARES, chunks=chunks))


def test_too_large_for_memory() -> None:
    """More cells than memory should hold need chunks, and the error says so."""
    sweep = COST.sweep(
        {"energy price": axis(0.03, 0.2, 10**6, "USD/kWh")}, share=axis(0.3, 0.5, 1000)
    )
    with pytest.raises(RangeError, match=r"1000000 x 1000 cells.*Give chunks=10_000_000"):
        sweep.central()
    assert math.prod(sweep.shape) == 10**9


def test_the_name_quantile_is_taken() -> None:
    """An input of that name can be swept, but its quantiles would have two such dimensions."""
    sweep = between(1, 2, name="quantile").sweep(quantile=axis([1, 2]))
    assert sweep.central().values.magnitude.tolist() == [1, 2]
    with pytest.raises(RangeError, match="called 'quantile' itself"):
        sweep.quantiles(0.5)
