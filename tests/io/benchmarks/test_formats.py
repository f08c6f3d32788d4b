"""Files of benchmark tools: what each says is read, with its unit; what it does not say is None."""

from __future__ import annotations

from pathlib import Path

import pytest

from llm_economics.io.benchmarks.reading import read_benchmarks
from llm_economics.serving.measured import LoadKind, MeasuredPoint, PowerBoundary, Serving

FILES = Path(__file__).parent / "files"


def number(point: MeasuredPoint, field: str, unit: str, statistic: str | None = None) -> float:
    """Plain number of a figure that has to be known."""
    held = getattr(point, field)
    value = held if statistic is None else held.by_statistic[statistic]
    return float(value.number(unit))


@pytest.mark.parametrize(
    ("name", "count", "kind"),
    [
        ("vllm.json", 3, "vllm"),
        ("inferencex.json", 2, "inferencex"),
        ("aiperf.csv", 1, "aiperf"),
        ("genai_perf.csv", 1, "aiperf"),
        ("wide.csv", 2, "plain"),
        ("long.csv", 3, "plain"),
    ],
)
def test_format_is_recognised(name: str, count: int, kind: str) -> None:
    """A file is read alike whether its format is stated or not."""
    found = read_benchmarks(FILES / name)
    assert len(found) == count
    assert found.name == name
    assert repr(list(read_benchmarks(FILES / name, kind))) == repr(list(found))


def test_vllm_closed_loop() -> None:
    """Rates, latencies, lengths per request, and what was added as metadata."""
    point = read_benchmarks(FILES / "vllm.json")[0]
    assert (point.model, point.engine, point.engine_version) == ("lab/Made-Up-8B", "vLLM", "0.99.1")
    assert (point.accelerator, point.tensor_parallel, point.date) == ("H100 SXM", 2, "2026-03-04")
    assert (point.weight_format, point.cache_format) == ("fp8", None)
    assert point.load is LoadKind.CONCURRENCY
    assert number(point, "concurrency", "request") == 16
    assert number(point, "input_tokens", "token/request") == 1024
    assert number(point, "output_tokens", "token/request") == 512
    assert number(point, "time_to_first_token", "ms", "median") == 80.25
    assert number(point, "time_per_output_token", "ms/token", "p99.9") == pytest.approx(19.5)
    assert number(point, "output_throughput", "token/s") == 1024
    assert number(point, "total_throughput", "token/s") == 3072
    assert number(point, "request_throughput", "request/s") == 2
    assert point.source == "vllm.json, line 1: vllm bench serve"


def test_vllm_open_loop_and_saturation() -> None:
    """A rate is an open load; neither rate nor limit is saturation; an interface is no engine."""
    _, rate, all_at_once = read_benchmarks(FILES / "vllm.json")
    assert rate.load is LoadKind.REQUEST_RATE
    assert number(rate, "request_rate", "request/s") == 3.5
    assert rate.engine is None
    assert rate.speculative_decoding == "of unnamed method"
    assert (all_at_once.load, all_at_once.engine) == (LoadKind.SATURATION, "SGLang")
    assert all_at_once.date == "spring"
    # Of one token per request there is no time per further token.
    assert all_at_once.time_per_output_token is None
    assert all_at_once.time_to_first_token is not None


def test_inferencex_single_node() -> None:
    """Rates per accelerator become sums; seconds are seconds; attention groups follow the flag."""
    point = read_benchmarks(FILES / "inferencex.json")[0]
    assert (point.accelerator, point.engine) == ("h200-x8", "SGLang")
    assert point.engine_version == "v0.99.0-cu130"
    assert (point.tensor_parallel, point.expert_parallel) == (8, 4)
    assert point.attention_data_parallel == 8
    assert (point.serving, point.speculative_decoding) == (Serving.AGGREGATED, "none")
    assert number(point, "accelerators", "accelerator") == 8
    assert number(point, "total_throughput", "token/s") == 4000
    assert number(point, "output_throughput", "token/s") == 2000
    assert number(point, "time_per_output_token", "ms/token", "median") == 32
    assert number(point, "time_to_first_token", "s", "p99.9") == 1.5
    assert (number(point, "power", "W"), point.power_boundary) == (4400, "all accelerators")
    assert number(point, "energy_per_output_token", "J/token") == 2.2


def test_inferencex_disaggregated() -> None:
    """Output of the decode pool, total of both; energy of unversioned files is left out."""
    point = read_benchmarks(FILES / "inferencex.json")[1]
    assert (point.serving, point.engine) == (Serving.DISAGGREGATED, "Dynamo TensorRT-LLM")
    assert (point.prefill_tensor_parallel, point.tensor_parallel) == (4, 16)
    assert (point.prefill_attention_data_parallel, point.attention_data_parallel) == (4, 1)
    assert number(point, "accelerators", "accelerator") == 24
    assert number(point, "prefill_accelerators", "accelerator") == 8
    assert number(point, "total_throughput", "token/s") == 72_000
    assert number(point, "output_throughput", "token/s") == 8000
    assert (point.engine_version, point.energy_per_output_token) == (None, None)
    assert point.power_boundary is PowerBoundary.ONE_ACCELERATOR
    assert point.accelerator_power is not None
    assert point.accelerator_power.number("W") == 21_600


def test_aiperf() -> None:
    """Means, percentiles, rates, and power summed over the accelerators that are listed."""
    point = read_benchmarks(FILES / "aiperf.csv")[0]
    assert number(point, "time_per_output_token", "ms/token", "mean") == 12.5
    assert number(point, "time_per_output_token", "ms/token", "median") == 12
    assert number(point, "time_to_first_token", "ms", "p99") == 1100
    assert number(point, "input_tokens", "token/request") == 1024
    assert number(point, "output_throughput", "token/s") == 2400
    assert number(point, "energy_per_output_token", "J/token") == 0.85
    assert (number(point, "power", "W"), point.power_boundary) == (840, "all accelerators")
    assert number(point, "accelerators", "accelerator") == 2
    assert point.accelerator == "Made-Up GPU 80GB"
    # 0.00 is printed for what is too small for two decimals.
    assert point.request_throughput is None
    assert (point.model, point.engine, point.load) == (None, None, None)


def test_genai_perf() -> None:
    """Nanoseconds and "per sec" of older exports."""
    point = read_benchmarks(FILES / "genai_perf.csv")[0]
    assert number(point, "time_to_first_token", "ms", "median") == pytest.approx(21)
    assert number(point, "time_per_output_token", "ms/token", "mean") == pytest.approx(8)
    assert number(point, "output_throughput", "token/s") == 1000
    assert number(point, "request_throughput", "request/s") == 8
    assert number(point, "output_tokens", "token/request") == 128
    assert point.power is None


def test_row_for_each_point() -> None:
    """Figures per accelerator are multiplied; the load says what batch_or_concurrency is."""
    first, second = read_benchmarks(FILES / "wide.csv")
    assert number(first, "output_throughput", "token/s") == 800
    assert number(first, "time_per_output_token", "ms/token", "p99") == 25
    assert (number(first, "power", "W"), first.power_boundary) == (450, "one accelerator")
    assert (first.speculative_decoding, second.speculative_decoding) == ("none", None)
    assert number(first, "concurrency", "request") == 16
    assert (second.concurrency, second.load) == (None, LoadKind.STATIC_BATCH)
    assert number(second, "batch_size", "request") == 32
    assert (second.time_to_first_token, second.power) == (None, None)
    assert second.source == "wide.csv, line 3"


def test_row_for_each_quantity() -> None:
    """Rows with the same settings are one point, with all statistics; remarks are left out."""
    first, prefill, full = read_benchmarks(FILES / "long.csv")
    assert number(first, "time_per_output_token", "ms/token", "median") == 18
    assert number(first, "time_per_output_token", "ms/token", "mean") == 19
    assert number(first, "time_to_first_token", "ms", "median") == 150
    assert (first.weight_format, first.source) == ("mxfp4", "lab notes 7")
    assert number(prefill, "time_to_first_token", "ms", "unstated") == 90
    assert number(prefill, "batch_size", "request") == 16
    assert (prefill.weight_format, full.weight_format) == (None, None)
    assert number(full, "output_throughput", "token/s") == 2000
    # The file does not say what the power is of, so no power of the accelerators is known.
    assert (full.power_boundary, full.accelerator_power) == (None, None)
    assert number(full, "power", "W") == 600


def test_json_of_points(tmp_path: Path) -> None:
    """Points under their key are read like rows of a table."""
    file = tmp_path / "mine.json"
    file.write_text(
        '{"measured_points": [{"model": "Mine", "batch_size": 4, "tpot_median [ms]": 9.5}]}',
        encoding="utf-8",
    )
    (point,) = read_benchmarks(file)
    assert number(point, "time_per_output_token", "ms/token", "median") == 9.5
    assert point.source == "mine.json, measured_points[0]"


def test_frame_can_be_read_again(tmp_path: Path) -> None:
    """What `to_frame` writes as CSV is read as the same points."""
    pytest.importorskip("pandas")
    for name in ("vllm.json", "inferencex.json", "long.csv"):
        points = read_benchmarks(FILES / name)
        file = tmp_path / "again.csv"
        points.to_frame().to_csv(file, index=False)
        assert [repr(p) for p in read_benchmarks(file)] == [repr(p) for p in points]
