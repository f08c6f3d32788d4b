"""Scaling laws: closed forms, inverses, the optimum over a model's life, ranges, bad input."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.dimensions import formula
from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.training.lifetime_laws import lifetime_token_share, price_of_computation
from llm_economics.training.scaling import ScalingLaw
from llm_economics.training.scaling_laws import effective_tokens
from llm_economics.training.scaling_sets import REPETITION_DECAY, SCALING_LAWS, scaling_law

EXACT = tuple(name for name in SCALING_LAWS if name != "besiroglu-2024")
SIZES = st.floats(1e8, 1e12)
DEMANDS = st.one_of(st.just(0.0), st.floats(1e-9, 1e9))
EXPONENTS = st.floats(0.1, 1.0)

ANY = le.between(1, 2)
MINE: dict[str, Any] = {
    "name": "mine",
    "irreducible_loss": 1.8,
    "parameter_coefficient": 480,
    "parameter_exponent": 0.35,
    "token_coefficient": 2000,
    "token_exponent": 0.365,
}


def number(value: le.Quantity, unit: str = "") -> Any:
    """Return the magnitude in a unit, array or not."""
    return value.to(unit).magnitude


def total_at(law: ScalingLaw, loss: le.Quantity, parameters: Any, served: float) -> Any:
    """Return 6 N D + 2 N D_inference on the curve of one loss."""
    size = le.quantity(np.asarray(parameters), "parameter")
    tokens = number(law.tokens_for_loss(loss, size), "token")
    return 6.0 * parameters * tokens + 2.0 * parameters * served


@pytest.mark.parametrize("name", EXACT)
def test_optimum_is_the_lowest_loss_of_its_budget(name: str) -> None:
    """No other split of the computation has a lower loss, and the split spends all of it."""
    law = scaling_law(name)
    best = law.optimum("1e23 FLOP")
    pairs = number(best.parameters, "parameter") * number(best.tokens, "token")
    assert 6.0 * pairs == pytest.approx(1e23, rel=1e-12)
    others = number(best.parameters, "parameter") * np.array([0.5, 0.9, 0.99, 1.01, 1.1, 2.0])
    losses = law.loss(le.quantity(others, "parameter"), le.quantity(pairs / others, "token"))
    assert np.all(number(losses) > number(best.loss))


@given(parameters=SIZES, tokens=SIZES)
def test_questions_are_inverse(parameters: float, tokens: float) -> None:
    """Tokens and parameters for a loss are those from which the loss came."""
    law = scaling_law("hoffmann-2022")
    loss = law.loss(parameters, tokens)
    assert number(law.tokens_for_loss(loss, parameters), "token") == pytest.approx(tokens, rel=1e-9)
    found = law.parameters_for_loss(loss, tokens)
    assert number(found, "parameter") == pytest.approx(parameters, rel=1e-9)


@pytest.mark.parametrize("name", EXACT)
def test_cheapest_training_for_a_loss_is_the_optimum_of_its_budget(name: str) -> None:
    """Both ways to the same point give the same parameters, tokens and computation."""
    law = scaling_law(name)
    there = law.optimum("3e24 FLOP")
    back = law.optimum_for_loss(there.loss)
    assert number(back.computation, "FLOP") == pytest.approx(3e24, rel=1e-9)
    assert number(back.parameters / there.parameters) == pytest.approx(1.0, rel=1e-9)
    assert number(back.tokens_per_parameter / there.tokens_per_parameter) == pytest.approx(1.0)


@given(alpha=EXPONENTS, beta=EXPONENTS, demand=DEMANDS)
def test_newton_solves_the_equation(alpha: float, beta: float, demand: float) -> None:
    """The share solves its equation to the last digits and lies between its two ends."""
    share = formula(lifetime_token_share)(
        parameter_exponent=alpha, token_exponent=beta, demand=demand
    )
    left = (alpha + beta) * share + beta * demand * share ** (1.0 + 1.0 / beta)
    assert left == pytest.approx(alpha, rel=1e-12)
    assert 0.0 < share <= alpha / (alpha + beta)


@given(parameters=SIZES, served=st.floats(1e9, 1e15))
def test_lifetime_optimum_is_the_least_total(parameters: float, served: float) -> None:
    """No smaller or larger model of the same loss costs less over its life."""
    law = scaling_law("hoffmann-2022")
    loss = law.loss(parameters, 20.0 * parameters)
    best = law.inference_optimum(loss, served)
    size = number(best.parameters, "parameter")
    others = total_at(law, loss, size * np.array([0.99, 1.01, 1.1, 1.5]), served)
    least = number(best.total, "FLOP")
    assert least == pytest.approx(total_at(law, loss, size, served), rel=1e-9)
    assert np.all(others > least)
    assert number(law.loss(best.parameters, best.tokens)) == pytest.approx(number(loss), rel=1e-12)


def test_no_inference_no_saving() -> None:
    """A model that serves nothing is the one that is cheapest to train."""
    law = scaling_law("hoffmann-2022")
    best = law.inference_optimum(2.0, 0)
    assert number(best.saving) == pytest.approx(0.0, abs=1e-12)
    assert number(best.parameters / best.training_optimum.parameters) == pytest.approx(1.0)
    assert number(best.inference_computation, "FLOP") == 0.0


def test_arrays_give_what_numbers_give() -> None:
    """More inference, fewer parameters; each element is what a single call gives."""
    law = scaling_law("muennighoff-2023")
    served = np.array([0.0, 1e11, 1e13])
    best = law.inference_optimum(2.1, le.quantity(served, "token"))
    single = [number(law.inference_optimum(2.1, s).parameters, "parameter") for s in served]
    np.testing.assert_allclose(number(best.parameters, "parameter"), single, rtol=1e-13)
    assert np.all(np.diff(single) < 0)
    assert np.all(np.diff(number(best.tokens_per_parameter, "token/parameter")) > 0)


def test_weight_counts_as_more_inference() -> None:
    """Inference that costs three times as much asks for the model of three times as many tokens."""
    law = scaling_law("hoffmann-2022")
    weighted = law.inference_optimum(2.0, "1 Ttoken", inference_weight=3.0)
    plain = law.inference_optimum(2.0, "3 Ttoken")
    assert number(weighted.parameters / plain.parameters) == pytest.approx(1.0, rel=1e-12)
    assert number(weighted.total / plain.total) == pytest.approx(1.0, rel=1e-12)
    assert number(plain.inference_computation / weighted.inference_computation) == pytest.approx(3)


def test_price_of_computation_gives_the_weight() -> None:
    """On one kind of accelerator the weight is the ratio of the utilizations."""
    price = le.quantity("2 USD/accelerator/hour")
    peak = le.quantity("989.4 TFLOP/s/accelerator")
    training, inference = (
        price_of_computation(price=price, peak=peak, utilization=le.quantity(used))
        for used in (0.4, 0.1)
    )
    assert number(inference / training) == pytest.approx(4.0, rel=1e-12)


def test_uncertain_coefficients_give_ranges_that_move_together() -> None:
    """The optimum is a range; the same quality in another form costs no probability."""
    law = scaling_law("besiroglu-2024")
    loss = law.loss("13 Gparameter", "260 Gtoken")
    again = law.tokens_for_loss(loss, "13 Gparameter")
    ends = number(again.quantiles(0.0, 1.0), "token")
    np.testing.assert_allclose(ends, 260e9, rtol=1e-6)
    best = law.inference_optimum(loss, "1-3 Ttoken")
    assert np.all(number(best.saving.quantiles(0.0, 1.0)) > 0.0)
    low, high = number(best.parameters.quantiles(0.05, 0.95), "parameter")
    assert low < 6.1e9 < high
    assert law.loss("13 Gparameter", "260 Gtoken").magnitude == loss.magnitude


def test_bounds_of_the_lifetime_optimum() -> None:
    """With exact coefficients the bounds are those of the two ends of the inference."""
    law = scaling_law("hoffmann-2022")
    found = law.inference_optimum(2.0, le.between(1e12, 3e12, "token")).parameters.bounds()
    few, many = (law.inference_optimum(2.0, t).parameters for t in (1e12, 3e12))
    assert number(found.high / few) == pytest.approx(1.0, abs=2e-3)
    assert number(found.low / many) == pytest.approx(1.0, abs=2e-3)


def test_reads_line_by_line() -> None:
    """Both records print their lines and name their sources."""
    law = scaling_law("hoffmann-2022")
    best = law.inference_optimum(2.0, "2 Ttoken")
    assert "tokens per parameter" in str(best.training_optimum)
    assert [step.name for step in best.steps()][-1] == "saving"
    assert {source.key for source in best.sources} == {"hoffmann-2022", "besiroglu-2024"}
    assert "Cheapest to train and to serve" in best.explain()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda law: law.optimum_for_loss(1.5), r"optimum_for_loss\(loss\) needs more than 1.6934"),
        (
            lambda law: law.inference_optimum(1.6934, 1e12),
            r"inference_optimum\(loss\) .* any model",
        ),
        (lambda law: law.tokens_for_loss(1.7, 1e9), r"tokens_for_loss\(loss\) .* these parameters"),
        (lambda law: law.parameters_for_loss(1.7, 1e9), r"parameters_for_loss\(loss\) .* tokens"),
    ],
)
def test_loss_out_of_reach(ask: Any, message: str) -> None:
    """A loss that nothing reaches is refused, with the least that can be reached."""
    with pytest.raises(RangeError, match=message):
        ask(scaling_law("hoffmann-2022"))


def test_loss_out_of_reach_in_part() -> None:
    """With uncertain coefficients the message says in which share of the range."""
    with pytest.raises(RangeError, match=r"out of reach in \d+ % of the range.*law\.loss"):
        scaling_law("besiroglu-2024").optimum_for_loss(1.8)


@pytest.mark.parametrize("field", ["parameter_coefficient", "parameter_exponent", "token_exponent"])
@pytest.mark.parametrize("value", [0.0, ANY - ANY], ids=["number", "range"])
def test_coefficients_are_above_zero(field: str, value: Any) -> None:
    """A zero exponent or coefficient is no law."""
    with pytest.raises(RangeError, match=rf"ScalingLaw\.{field} needs a number above zero"):
        ScalingLaw(**{**MINE, field: value})


def test_own_law() -> None:
    """A law with the caller's coefficients has no sources and answers all the same."""
    law = ScalingLaw(**MINE)
    assert law.sources == ()
    assert number(law.optimum("1e23 FLOP").loss) > 1.8
    assert number(law.evolve(irreducible_loss=1.7).loss(1e9, 1e11)) < number(law.loss(1e9, 1e11))


@pytest.mark.parametrize("name", SCALING_LAWS)
def test_published_laws_name_their_sources(name: str) -> None:
    """Every coefficient has a provenance, and the law says to what it was fitted."""
    law = scaling_law(name)
    figures = {f.name for f in attrs.fields(ScalingLaw)} - {"name", "fitted", "provenance"}
    assert set(law.provenance) == figures
    assert law.fitted
    assert scaling_law(name) is law


def test_unknown_law() -> None:
    """A misspelt name gets the nearest one."""
    with pytest.raises(UnknownNameError, match=r"Did you mean 'hoffmann-2022'"):
        scaling_law("hofmann-2022")


def test_repeated_tokens() -> None:
    """One pass is worth itself; without end the repetitions are worth 15.39 passes more."""
    unique = le.quantity("1 Gtoken")
    seen = le.quantity(np.array([0.5e9, 1e9, 4e9, 1e15]), "token")
    found = effective_tokens(unique_tokens=unique, tokens=seen, decay=REPETITION_DECAY)
    expected = [0.5e9, 1e9, 3.7257e9, 16.39e9]
    np.testing.assert_allclose(number(found, "token"), expected, rtol=1e-4)
