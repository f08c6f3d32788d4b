"""`FineTuningWorkload`: exact cases by hand, adapters, repetition, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.training.fine_tuning import FineTuningMethod
from llm_economics.transformer.computation import KindOfPass

CHIP = le.Accelerator(name="chip", power="500 W", peaks={"bf16": "1 PFLOP/s"})
SITE = le.Facility(name="site", power_usage_effectiveness=1.25)
MODEL = le.Model(name="model", parameters="10 Gparameter")
LLAMA = le.models["Llama 3.1 8B"]
EXACT: dict[str, Any] = {
    "model": MODEL,
    "tokens": "1 Gtoken",
    "accelerator": CHIP,
    "accelerators": 10,
    "facility": SITE,
    "number_format": "bf16",
    "model_flops_utilization": 0.5,
    "goodput": 0.8,
    "attention": "none",
    "accelerator_load": 0.8,
    "server_factor": 1.5,
    "network_and_idle_share": 0.1,
}
ADAPTER = {"model": LLAMA, "method": "lora", "adapter_rank": 16}


def tuning(**changes: Any) -> le.training.FineTuningWorkload:
    """Return the exact run with some inputs changed."""
    return le.training.FineTuningWorkload(**{**EXACT, **changes})


def test_full_tuning_is_training_on_fewer_tokens() -> None:
    """6 N D at half of the peak and 80 % goodput; energy at the facility from each factor."""
    found = tuning().estimate()
    hours = 6e19 / 0.5e15 / 3600 / 0.8
    assert found.computation.number("FLOP") == pytest.approx(6e19)
    assert found.accelerator_time.number("accelerator*hour") == pytest.approx(hours)
    assert found.energy.facility.number("kWh") == pytest.approx(
        hours * 0.5 * 0.8 * 1.5 * 1.1 * 1.25
    )


def test_epochs_count_each_pass() -> None:
    """Three epochs take three times the tokens, and so the FLOP and the time."""
    once, thrice = tuning().estimate(), tuning(epochs=3).estimate()
    assert tuning(epochs=3).seen_tokens.number("Gtoken") == 3.0
    assert (thrice.duration / once.duration).number("") == pytest.approx(3.0)
    assert tuning().passes is KindOfPass.TRAINING


def test_tokens_unknown_are_unknown_with_epochs_too() -> None:
    """Epochs of an unknown number of tokens are no tokens."""
    assert tuning(tokens=None, epochs=3).seen_tokens is None


def test_adapter_takes_four_flop_per_parameter_and_token() -> None:
    """Frozen weights need no gradients of weights: 4 N D."""
    run = tuning(**ADAPTER)
    expected = 4.0 * LLAMA.parameters.number("parameter") * 1e9
    assert run.estimate().computation.number("FLOP") == pytest.approx(expected)
    assert run.passes is KindOfPass.ADAPTER
    assert run.method is FineTuningMethod.ADAPTER


@pytest.mark.parametrize(("placement", "expected"), [("all", 41.943040), ("attention", 13.631488)])
def test_adapter_trains_few_parameters(placement: str, expected: float) -> None:
    """Rank x (width in + width out) of each projection, summed by hand for Llama 3.1 8B."""
    run = tuning(**ADAPTER, adapter_placement=placement)
    assert run.trained_parameters.number("Mparameter") == pytest.approx(expected)
    trained = run.trained()
    assert trained["backward"] == pytest.approx(2.0 / 3.0)
    assert trained["trained_share"] == pytest.approx(expected / 8030.0)


def test_parameters_that_nobody_states_are_counted() -> None:
    """The share of an adapter refers to all parameters of the shape, not to itself."""
    shape_alone = le.Model(name="shape", architecture=LLAMA.architecture)
    run = tuning(**{**ADAPTER, "model": shape_alone})
    assert run.trained()["trained_share"] == pytest.approx(0.0052231, rel=1e-4)
    full = tuning(model=shape_alone)
    assert full.trained_parameters.number("Gparameter") == pytest.approx(8.030261248)


def test_full_tuning_trains_all_parameters() -> None:
    """All parameters, those of every expert too, and the whole backward pass."""
    mixture = le.Model(name="m", parameters="40 Gparameter", active_parameters="10 Gparameter")
    run = tuning(model=mixture)
    assert run.trained() == {"backward": 1.0, "trained_share": 1.0}
    assert run.trained_parameters.number("Gparameter") == 40.0


def test_adapter_is_faster_and_smaller_than_full_tuning() -> None:
    """One step on the layout that fits: less time, and states for a few parameters only."""
    common = {
        "model": LLAMA,
        "accelerator": le.accelerators["H100 SXM"],
        "accelerators": 8,
        "number_format": None,
        "sequence_length": "4096 token",
        "global_batch": "131072 token",
        "software_date": "2025-06",
    }
    full = tuning(**common).step()
    adapter = tuning(**common, method="adapter", adapter_rank=16).step()
    assert adapter.step_time.central() < 0.8 * full.step_time.central()
    assert adapter.memory["optimizer"].central() < 0.1 * full.memory["optimizer"].central()


def test_estimate_by_step_lists_layout_and_step() -> None:
    """Without a utilization the duration follows from the step of an adapter."""
    run = tuning(
        **ADAPTER,
        accelerator=le.accelerators["H100 SXM"],
        accelerators=8,
        model_flops_utilization=None,
        sequence_length="4096 token",
        global_batch="131072 token",
    )
    found = run.estimate()
    assert found.step is not None
    assert "layout" in {assumption.name for assumption in found.assumptions}
    assert found.duration.is_range


def test_repetition_gives_a_year() -> None:
    """Twelve runs a year, of time or of energy."""
    run = tuning(every="1 month")
    found = run.estimate()
    hours = found.accelerator_time.number("accelerator*hour")
    assert run.per_year(found.accelerator_time).number("accelerator*hour/year") == pytest.approx(
        12.0 * hours
    )
    assert run.per_year(found.energy.facility).number("MWh/year") == pytest.approx(
        12.0 * found.energy.facility.number("MWh")
    )


WRONG: list[tuple[dict[str, Any], type[LLMEconomicsError], str]] = [
    ({"method": "lora"}, MissingInputError, "adapter_rank is needed for method='adapter'"),
    ({"adapter_rank": 16}, RangeError, "adapter_rank goes with method='adapter'"),
    ({**ADAPTER, "adapter_rank": 0}, RangeError, "adapter_rank needs a whole number from 1"),
    ({**ADAPTER, "adapter_rank": True}, RangeError, "needs a whole number from 1.*got True"),
    ({**ADAPTER, "adapter_rank": 1.5}, RangeError, "needs a whole number from 1.*got 1.5"),
    ({"method": "prompt"}, UnknownNameError, "prompt"),
    ({**ADAPTER, "adapter_placement": "head"}, UnknownNameError, "head"),
    ({"every": "0 day"}, RangeError, "FineTuningWorkload.every needs more than zero"),
    ({"every": "3 token"}, DimensionError, "FineTuningWorkload.every needs time"),
    ({"epochs": 0}, RangeError, "FineTuningWorkload.epochs needs more than zero"),
]


@pytest.mark.parametrize(("changes", "error", "text"), WRONG)
def test_wrong_input_is_refused(
    changes: dict[str, Any], error: type[LLMEconomicsError], text: str
) -> None:
    """The error names the field, what it needs and what came."""
    with pytest.raises(error, match=text):
        tuning(**changes)


def test_unknown_is_not_zero() -> None:
    """What is missing is named: tokens, how often, model, shape."""
    with pytest.raises(MissingInputError, match="tokens are needed, such as '2 Gtoken'"):
        tuning(tokens=None).estimate()
    with pytest.raises(MissingInputError, match="give FineTuningWorkload\\(every='1 month'\\)"):
        tuning().per_year(le.quantity("1 MWh"))
    with pytest.raises(MissingInputError, match="give FineTuningWorkload\\(model="):
        _ = tuning(model=None).trained_parameters
    with pytest.raises(MissingInputError, match="needs the architecture of model"):
        tuning(method="adapter", adapter_rank=8).trained()
    with pytest.raises(MissingInputError, match="parameters of nameless are not known"):
        _ = tuning(model=le.Model(name="nameless")).trained_parameters


def test_known_computation_or_duration_needs_no_tokens() -> None:
    """FLOP or hours that are known stand for the tokens."""
    by_flop = tuning(tokens=None, computation="6e19 FLOP").estimate()
    assert by_flop.duration.number("hour") == pytest.approx(6e19 / 0.5e15 / 3600 / 0.8 / 10)
    by_hours = tuning(tokens=None, duration="5 hour").estimate()
    assert by_hours.accelerator_time.number("accelerator*hour") == pytest.approx(50.0)
