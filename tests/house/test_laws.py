"""Every law: declared, documented, and one formula on every kind of number.

A law that is added without an example in `EXAMPLES` fails here. Arguments stand as a person types
them; the value of each law is checked in the tests of its room.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import typing
from typing import Any

import pytest
from uncertainties import ufloat

import llm_economics as le
from llm_economics.core.dimensions import LAWS, Dimension, formula
from llm_economics.core.reading import plus_minus

EXAMPLES: dict[str, dict[str, str | float]] = {
    "accelerator_time": {
        "computation": "3.6e21 FLOP",
        "peak": "989.4 TFLOP/s/accelerator",
        "model_flops_utilization": 0.4,
    },
    "accelerator_time_per_request": {
        "tokens": "500 token/request",
        "computation_per_token": "200 GFLOP/token",
        "peak": "989 TFLOP/s/accelerator",
        "model_flops_utilization": 0.1,
    },
    "accelerator_time_per_request_from_throughput": {
        "output_tokens": "500 token/request",
        "throughput": "407.185 token/s/accelerator",
    },
    "active_parameters": {
        "layers": 32,
        "attention": "41.98 Mparameter",
        "feed_forward": "176.16 Mparameter",
        "active_experts": 2,
        "shared": "262.4 Mparameter",
    },
    "all_gather_time": {"data": "800 MB", "group": 8, "bandwidth": "350 GB/s", "latency": "2 us"},
    "all_reduce_time": {"data": "800 MB", "group": 8, "bandwidth": "350 GB/s", "latency": "2 us"},
    "all_to_all_time": {"data": "800 MB", "group": 8, "bandwidth": "350 GB/s", "latency": "2 us"},
    "amortised_price": {
        "system_price": "50 kUSD/accelerator",
        "life": "5 year",
        "utilization": 0.8,
    },
    "annuity": {"capital": "49.2 kUSD", "recovery": 0.264, "use_per_year": "0.9 year"},
    "attention_activations_per_token": {
        "attention_heads": 32,
        "key_value_heads": 8,
        "head_dimension": 128,
        "element": "2 byte/token",
    },
    "attention_computation_per_token": {
        "layers": 126,
        "attention_heads": 128,
        "head_dimension": 128,
        "context": "8192 token",
        "factor": "6 FLOP/token**2",
    },
    "attention_parameters": {
        "hidden_size": 4096,
        "attention_heads": 32,
        "key_value_heads": 8,
        "head_dimension": 128,
        "element": "1 parameter",
    },
    "bias_parameters": {"hidden_size": 768, "inner_size": 3072, "element": "1 parameter"},
    "broadcast_time": {"data": "800 MB", "group": 8, "bandwidth": "350 GB/s", "latency": "2 us"},
    "capital_recovery_factor": {"interest": 0.1, "years": 5},
    "compressed_projection_parameters": {
        "inputs": 7168,
        "rank": 1536,
        "outputs": 24576,
        "element": "1 parameter",
    },
    "computation_of_tokens": {
        "computation_per_parameter": "2 FLOP/parameter/token",
        "parameters": "13 Gparameter",
        "tokens": "2 Ttoken",
    },
    "computation_per_token": {
        "active_parameters": "405 Gparameter",
        "computation_per_parameter": "6 FLOP/parameter/token",
        "attention": "101 GFLOP/token",
    },
    "compute_balance": {
        "parameter_coefficient": 406.4,
        "token_coefficient": 410.7,
        "parameter_exponent": 0.34,
        "token_exponent": 0.28,
    },
    "compute_exponent": {"exponent": 0.34, "other_exponent": 0.28},
    "compute_optimal_size": {"pairs": 9.6e22, "balance": 1.3, "exponent": 0.4565},
    "cost_per_token": {"money_per_time": "5 USD/hour", "token_rate": "814 token/s"},
    "delayed_wait": {"service_time": "4 s", "servers": 128, "utilization": 0.9},
    "dispatched_activations_per_token": {
        "hidden_size": 7168,
        "experts": 8,
        "element": "2 byte/token",
    },
    "divided_activations_per_token": {
        "replicated": "122880 byte/token",
        "divided": "294912 byte/token",
        "sequence_parallel": 8,
        "tensor_parallel": 8,
    },
    "effective_tokens": {"unique_tokens": "100 Gtoken", "tokens": "400 Gtoken", "decay": 15.39},
    "electricity_cost": {"facility_energy": "10 GWh", "electricity_price": "0.06 USD/kWh"},
    "embedding_parameters": {
        "vocabulary_size": 128256,
        "hidden_size": 4096,
        "tables": 2,
        "element": "1 parameter",
    },
    "energy_per_token": {"power": "1 MW", "token_rate": "180000 token/s"},
    "equivalent_servers": {"servers": 64, "in_flight": 46.8, "full_utilization": 0.9},
    "erlang_c": {"servers": 10, "utilization": 0.8},
    "expected_tokens_per_pass": {"acceptance_rate": 0.8, "draft_tokens": 4},
    "facility_energy": {"it_energy": "48.75 GWh", "power_usage_effectiveness": 1.18},
    "facility_power_per_accelerator": {
        "power": "700 W/accelerator",
        "load": 0.8,
        "server_factor": 1.5,
        "network_and_idle_share": 0.1,
        "power_usage_effectiveness": 1.25,
    },
    "feed_forward_activations_per_token": {
        "intermediate_size": 14336,
        "matrices": 3,
        "experts": 1,
        "element": "2 byte/token",
    },
    "feed_forward_parameters": {
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "matrices": 3,
        "element": "1 parameter",
    },
    "hardware_flops_utilization": {
        "model_flops_utilization": 0.42,
        "model": "1076 GFLOP/token",
        "recomputed": "357 GFLOP/token",
    },
    "inference_demand": {
        "inference": "2 FLOP/parameter/token",
        "inference_tokens": "3 Ttoken",
        "training": "6 FLOP/parameter/token",
        "tokens": "0.1 Ttoken",
        "inference_weight": 1.5,
    },
    "input_activations_per_token": {"hidden_size": 12288, "element": "2 byte/token"},
    "interleaved_micro_batches": {"pipeline_parallel": 8, "virtual_stages": 2},
    "key_value_cache": {
        "full": "64 KiB/token",
        "sliding": "128 KiB/token",
        "context": "32768 token",
        "window": "4096 token",
    },
    "key_value_cache_per_token": {
        "layers": 28,
        "key_value_heads": 4,
        "head_dimension": 128,
        "element": "2 byte/token",
    },
    "latent_activations_per_token": {
        "query_compression": 1536,
        "key_value_compression": 512,
        "rotary_head_dimension": 64,
        "element": "2 byte/token",
    },
    "latent_attention_parameters": {
        "queries": "48.76 Mparameter",
        "keys_and_values": "20.45 Mparameter",
        "rotary_key": "0.459 Mparameter",
        "output": "117.44 Mparameter",
    },
    "latent_cache_per_token": {
        "layers": 61,
        "compression": 512,
        "rotary_head_dimension": 64,
        "element": "2 byte/token",
    },
    "lifetime_computation": {
        "training": "5e22 FLOP",
        "inference": "2e22 FLOP",
        "inference_weight": 2.5,
    },
    "lifetime_token_share": {"parameter_exponent": 0.34, "token_exponent": 0.28, "demand": 10.0},
    "location_based_carbon": {"facility_energy": "10 GWh", "carbon_intensity": "384 gCO2e/kWh"},
    "mean_wait": {
        "waiting_probability": 0.4,
        "service_time": "4 s",
        "servers": 128,
        "utilization": 0.9,
    },
    "micro_batches": {"global_batch": 2048, "data_parallel": 128, "micro_batch": 2},
    "model_flops_utilization": {
        "computation": "4.8e24 FLOP",
        "accelerator_time": "15.85e6 accelerator*hour",
        "peak": "312 TFLOP/s/accelerator",
    },
    "model_flops_utilization_of_rate": {
        "rate": "400 token/s/accelerator",
        "computation_per_token": "1 TFLOP/token",
        "peak": "1 PFLOP/s/accelerator",
    },
    "normalization_parameters": {"hidden_size": 4096, "layers": 32, "element": "1 parameter"},
    "output_activations_per_token": {
        "vocabulary_size": 51200,
        "hidden_size": 12288,
        "logit": "4 byte/token",
        "element": "2 byte/token",
    },
    "parameter_tokens": {
        "computation": "5.76e23 FLOP",
        "computation_per_parameter": "6 FLOP/parameter/token",
    },
    "parameters_at_ratio": {
        "parameter_tokens": "9.6e22 parameter*token",
        "tokens_per_parameter": "20 token/parameter",
    },
    "partial_load_power": {"idle": "2 kW", "loaded": "7 kW", "busy": 0.8},
    "peak_rate": {"mean_rate": "864000 request/day", "peak_to_mean": 2},
    "pipeline_bubble": {"pipeline_parallel": 8, "micro_batches": 32, "virtual_stages": 2},
    "pipeline_bubble_share": {"pipeline_parallel": 8, "micro_batches": 32, "virtual_stages": 2},
    "point_to_point_time": {"data": "800 MB", "bandwidth": "350 GB/s", "latency": "2 us"},
    "pretraining_loss": {"irreducible": 1.69, "of_parameters": 0.08, "of_tokens": 0.16},
    "price_of_computation": {
        "price": "2 USD/accelerator/hour",
        "peak": "989.4 TFLOP/s/accelerator",
        "utilization": 0.4,
    },
    "projection_parameters": {"inputs": 7168, "outputs": 64, "element": "1 parameter"},
    "reduce_scatter_time": {
        "data": "800 MB",
        "group": 8,
        "bandwidth": "350 GB/s",
        "latency": "2 us",
    },
    "rental_cost": {
        "accelerator_time": "2.788e6 accelerator*hour",
        "rental_price": "2 USD/accelerator/hour",
    },
    "request_energy": {
        "accelerator_time": "1.011 accelerator*second/request",
        "power": "1275 W/accelerator",
        "load": 0.7,
        "power_usage_effectiveness": 1.2,
    },
    "requests_in_flight": {"rate": "30 request/s", "time": "4 s"},
    "residual_activations_per_token": {
        "hidden_size": 12288,
        "element": "2 byte/token",
        "mask": "1 byte/token",
    },
    "ridge_point": {"peak": "989.4 TFLOP/s", "memory_bandwidth": "3.35 TB/s"},
    "router_parameters": {"hidden_size": 4096, "experts": 8, "element": "1 parameter"},
    "scaling_size": {"coefficient": 406.4, "loss": 0.08, "exponent": 0.34},
    "scaling_term": {"coefficient": 406.4, "size": 70000000000.0, "exponent": 0.34},
    "score_activations_per_token": {
        "attention_heads": 96,
        "context": "2048 token",
        "element": "2 byte/token**2",
        "mask": "1 byte/token**2",
    },
    "server_utilization": {"rate": "30 request/s", "service_time": "4 s/request", "servers": 128},
    "service_variability": {"length_variation": 1.2, "decode_share": 0.9},
    "sharded_state_per_parameter": {
        "whole": "4 byte/parameter",
        "spread": "12 byte/parameter",
        "data_parallel": 64,
    },
    "square_root_staffing": {"offered_load": 100, "quality": 1.0},
    "state_memory": {"parameters": "1.5 Gparameter", "per_parameter": "16 byte/parameter"},
    "state_per_parameter": {
        "weights": "2 byte/parameter",
        "gradients": "2 byte/parameter",
        "optimizer": "12 byte/parameter",
    },
    "step_time": {
        "micro_batches": 32,
        "micro_batch_time": "250 ms",
        "bubble": 0.11,
        "exposed": "0.2 s",
    },
    "time_per_accepted_token": {"pass_time": "20 ms", "draft_share": 0.25, "tokens_per_pass": 2.5},
    "tokens_per_parameter": {"tokens": "1.4 Ttoken", "parameters": "70 Gparameter"},
    "total_parameters": {
        "layers": 32,
        "attention": "41.98 Mparameter",
        "feed_forward": "176.16 Mparameter",
        "experts": 8,
        "shared": "262.4 Mparameter",
    },
    "training_computation": {"computation_per_token": "2430 GFLOP/token", "tokens": "15.6 Ttoken"},
    "training_duration": {
        "accelerator_time": "30000 accelerator*hour",
        "accelerators": "96 accelerator",
        "goodput": 0.9,
    },
    "training_share_per_request": {
        "training_energy": "50 GWh",
        "requests": "1e9 request/day",
        "lifetime": "500 day",
    },
    "typical_length": {"mean": "500 token/request", "variation": 1.2},
    "variable_wait": {"wait": "6 s", "arrival_variability": 1.5, "service_variability": 0.8},
    "wait_at_percentile": {"waiting_probability": 0.4, "delayed_wait": "0.5 s", "percentile": 0.95},
    "windowed_context": {"context": "8192 token", "window": "4096 token"},
}

# The rooms that compute; above them nothing may declare a law.
ROOMS = ("hardware", "transformer", "facility", "workload", "training", "serving", "service")

for _module in pkgutil.walk_packages(le.__path__, "llm_economics."):
    if _module.name.split(".")[1] in ROOMS:
        importlib.import_module(_module.name)

SECTIONS = ("Parameters", "Returns", "Raises", "Notes", "References", "Examples")


def library_laws() -> list[str]:
    """Return the names of the laws of the library, without those of tests and examples."""
    rooms = tuple(f"llm_economics.{room}." for room in ROOMS)
    return sorted(n for n, law in LAWS.items() if law.__module__.startswith(rooms))


def exact(name: str) -> dict[str, le.Quantity]:
    """Return the example as exact quantities."""
    return {key: le.quantity(value) for key, value in EXAMPLES[name].items()}


def base_number(value: Any) -> Any:
    """Return the magnitude in base units; a bare number is one already."""
    return value.to_base_units().magnitude if hasattr(value, "to_base_units") else value


def test_every_law_has_an_example() -> None:
    """No law without an example, no example without a law."""
    assert library_laws() == sorted(EXAMPLES)


@pytest.mark.parametrize("name", library_laws())
def test_declares_all_dimensions(name: str) -> None:
    """Each argument and the result declare a dimension; at most five arguments."""
    law: Any = LAWS[name]
    assert all(isinstance(d, Dimension) for d in law.declared().values())
    assert 1 <= len(law.declared()) <= 5
    hints = typing.get_type_hints(formula(law), include_extras=True)
    result = [m for m in hints["return"].__metadata__ if isinstance(m, Dimension)]
    assert result
    result[0].check(law(**exact(name)))


@pytest.mark.parametrize("name", library_laws())
def test_is_documented(name: str) -> None:
    """Each law has the sections, an equation, and says every argument's meaning."""
    text = inspect.getdoc(LAWS[name]) or ""
    for section in SECTIONS:
        assert f"\n{section}\n{'-' * len(section)}\n" in text, section
    assert ".. math::" in text
    described = text.partition("Parameters\n")[2].partition("Returns\n")[0]
    for argument in inspect.signature(LAWS[name]).parameters:
        assert argument in described


@pytest.mark.parametrize("name", library_laws())
def test_one_formula_on_every_kind_of_number(name: str) -> None:
    """Floats in base units, quantities, ufloats and ranges give one result to 1e-12."""
    bare, arguments = formula(LAWS[name]), exact(name)
    expected = pytest.approx(base_number(LAWS[name](**arguments)), rel=1e-12)
    floats = {key: base_number(value) for key, value in arguments.items()}
    ufloats = {key: ufloat(value, 1e-3 * value) for key, value in floats.items()}
    ranges = {key: spread(value, 1e-3) for key, value in arguments.items()}
    assert bare(**floats) == expected
    assert base_number(bare(**arguments)) == expected
    assert bare(**ufloats).nominal_value == expected
    assert base_number(LAWS[name](**ranges).central()) == expected


@pytest.mark.parametrize("name", library_laws())
def test_one_derivative_on_every_kind_of_number(name: str) -> None:
    """Derivatives of ufloats, of ranges and by a complex step agree to 1e-9."""
    bare, arguments = formula(LAWS[name]), exact(name)
    floats = {key: base_number(value) for key, value in arguments.items()}
    for argument, value in floats.items():
        step = 1e-30 * value
        complex_step = bare(**{**floats, argument: complex(value, step)}).imag / step
        expected = pytest.approx(complex_step, rel=1e-9)
        varied = ufloat(value, abs(1e-3 * value))
        assert bare(**{**floats, argument: varied}).derivatives[varied] == expected
        ranged = bare(**{**arguments, argument: spread(arguments[argument], 1e-3)})
        deviation = ranged.to_base_units().linear(warn=False).magnitude.std_dev
        assert deviation / abs(1e-3 * value) == pytest.approx(abs(complex_step), rel=1e-9)


def spread(value: le.Quantity, relative: float) -> le.Quantity:
    """Return a range around a value."""
    unit = str(value.units)
    return plus_minus(float(value.magnitude), abs(relative * float(value.magnitude)), unit)


@pytest.mark.parametrize("name", library_laws())
def test_refuses_another_dimension(name: str) -> None:
    """Each argument refuses a wrong dimension and a value below its limit, by its name."""
    arguments = exact(name)
    for argument in arguments:
        wrong = {**arguments, argument: le.quantity("3 litre")}
        with pytest.raises(ValueError, match=rf"{name}\({argument}\) needs .* got 3 L"):
            LAWS[name](**wrong)
        below = {**arguments, argument: -arguments[argument]}
        with pytest.raises(ValueError, match=rf"{name}\({argument}\) needs at least"):
            LAWS[name](**below)
