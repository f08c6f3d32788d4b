"""Files with problems: all of them are listed, each with its line or key; nothing is guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core.errors import CatalogError, UnknownNameError
from llm_economics.io import files
from llm_economics.io.benchmarks.aiperf import read_aiperf
from llm_economics.io.benchmarks.cells import Problems, csv_lines, parse_json
from llm_economics.io.benchmarks.plain import read_plain
from llm_economics.io.benchmarks.reading import read_benchmarks

if TYPE_CHECKING:
    from pathlib import Path

VLLM: dict[str, Any] = {
    "completed": 10,
    "request_throughput": 1.0,
    "output_throughput": 100.0,
    "model_id": "m",
}
INFERENCEX: dict[str, Any] = {
    "hw": "h100",
    "model": "m",
    "framework": "vllm",
    "precision": "fp8",
    "conc": 4,
    "isl": 128,
    "osl": 128,
    "tp": 2,
    "tput_per_gpu": 100.0,
}
POOLS: dict[str, Any] = {
    "is_multinode": True,
    "prefill_tp": 4,
    "decode_tp": 4,
    "num_prefill_gpu": 4,
    "num_decode_gpu": 0,
    "output_tput_per_gpu": 50.0,
}
WIDE = "model,accelerators,concurrency,tpot_median [ms],output_throughput [tokens/s]\n"
LONG = "model,concurrency,quantity,statistic,value,unit\n"


def problems_of(path: Path, text: str, kind: str | None = None) -> tuple[str, ...]:
    """Return the problems of a file that has some."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        read_benchmarks(path, kind)
    assert caught.value.file in {path.name, str(path)}
    return caught.value.problems


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (WIDE + "m,1,8,nan,5\n", "line 2, tpot_median [ms]: needs a finite number"),
        (WIDE + "m,1,8,1e999,5\n", "needs a finite number"),
        (WIDE + "m,1,8,1_0,5\n", "needs a finite number"),
        (WIDE + "m,1,8,-3,5\n", "MeasuredPoint.time_per_output_token needs at least 0"),
        (WIDE + "m,1,8,0,5\n", "MeasuredPoint.time_per_output_token needs more than 0"),
        (WIDE + "m,1,0,3,5\n", "concurrency: MeasuredPoint.concurrency needs more than 0"),
        (WIDE + "m,1,8,3,-5\n", "output_throughput needs at least 0"),
        (WIDE + "m,1,8,3\n", "line 2: has 4 cells under a heading of 5"),
        (WIDE, "the table: has no rows"),
        ("model,tpot_median [W]\nm,3\n", "time per output token cannot be in 'W'; needs one of"),
        ("model,power [MW]\nm,3\n", "power cannot be in 'MW'"),
        ("model,energy_per_output_token [MJ/token]\nm,3\n", "cannot be in 'MJ/token'"),
        ("model,tpot_median\nm,3\n", "'tpot_median' needs its unit: 'tpot_median [...]'"),
        ("model,tpot_medain [ms]\nm,3\n", "no column 'tpot_medain [ms]'"),
        ("model,power [W],zzz\nm,3,4\n", "no column 'zzz'; leave it out, or call it 'note'"),
        ("model,engin,power [W]\nm,3,4\n", "is it 'engine'?"),
        ("model,engine\nm,vLLM\n", "needs a column of figures"),
        ("model,model,power [W]\nm,m,3\n", "the column 'model' stands twice"),
        ("model,power_per_accelerator [W],output_throughput [tokens/s/GPU]\nm,3,4\n",
         "is per accelerator, so the row needs 'accelerators'"),
        ("model,precision,power [W]\nm,bf61,4\n", "there is no number format named 'bf61'"),
        ("model,load,power [W]\nm,hard,4\n", "needs one of 'concurrency', 'static batch'"),
        ("model,tensor_parallel,power [W]\nm,1.5,4\n", "needs a whole number"),
        (LONG + "m,8,ttft,median,3,ms\nm,8,ttft,median,4,ms\n",
         "line 3: gives ttft of the point in line 2 again; tell two runs apart by a column"),
        (LONG + "m,8,tttft,,3,ms\n", "there is no quantity 'tttft'; is it 'ttft'?"),
        (LONG + "m,8,zzz,,3,ms\n", "there is no quantity 'zzz'; known are"),
        (LONG + "m,8,ttft,mode,3,ms\n", "there is no quantity 'ttft mode'"),
        (LONG + "m,8,ttft,,,ms\nm,8,ttft,mean,x,ms\n", "line 3, ttft: needs a finite number"),
        ("model,quantity\nm,ttft\n", "the column 'value' is missing"),
        ("model,quantity,value,unit,zzz\nm,ttft,3,ms,4\n", "there is no column 'zzz'"),
        ('{"measured_points": 3}', "measured_points: needs a list of objects"),
        ('{"measured_points": [3]}', "measured_points: needs a list of objects"),
        ('{"measured_points": [{"modle": "m"}]}', "is it 'model'?"),
        ("a,b\n1,2\n", "it is not 'vllm'"),
        ("{}", "it is not 'inferencex'"),
        ("[3]", "[0]: needs an object, one result; got '3'"),
        ("", "it is not 'plain'"),
    ],
)  # fmt: skip
def test_problem_is_told(text: str, told: str, tmp_path: Path) -> None:
    """Each slip is told with its place and what is needed."""
    lines = problems_of(tmp_path / "mine.csv", text)
    assert any(told in line for line in lines), lines


def test_all_problems_are_listed(tmp_path: Path) -> None:
    """Reading goes on after a problem."""
    text = WIDE + "m,1,0,nan,-5\nm,0,8,3,5\nm,1,8,3,5\n"
    assert len(problems_of(tmp_path / "mine.csv", text)) == 4


def test_contradiction_is_told(tmp_path: Path) -> None:
    """Two figures that cannot both be right are a problem of their line."""
    text = "output_throughput [tokens/s],total_throughput [tokens/s]\n100,50\n"
    (line,) = problems_of(tmp_path / "mine.csv", text)
    assert line.startswith("line 2: MeasuredPoint: output throughput")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"output_throughput": None, "mean_ttft_ms": float("nan")}, "mean_ttft_ms: needs a finite"),
        ({"request_throughput": True}, "request_throughput: needs a finite number"),
        ({"completed": 0}, "completed: needs a completed request; got 0"),
        ({"completed": None, "total_input_tokens": -3, "max_concurrency": 0}, "more than 0"),
        ({"request_rate": "fast"}, "request_rate: needs a finite number"),
        ({"request_rate": 2, "total_token_throughput": -1}, "total_throughput needs at least 0"),
        ({"mean_tpot_ms": 0.0, "total_output_tokens": 50}, "needs more than 0"),
        ({"accelerators": "two"}, "accelerators: needs a finite number"),
        ({"model_id": 3}, "model_id: MeasuredPoint.model needs a text"),
    ],
)
def test_vllm_problem_is_told(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Each slip is told with its key."""
    lines = problems_of(tmp_path / "r.json", json.dumps(VLLM | changes))
    assert any(told in line for line in lines), lines


def test_vllm_engine_that_was_stated_comes_first(tmp_path: Path) -> None:
    """The name of the interface does not replace an engine in the metadata."""
    file = tmp_path / "r.json"
    file.write_text(json.dumps(VLLM | {"backend": "vllm", "engine": "Mine"}), encoding="utf-8")
    assert read_benchmarks(file)[0].engine == "Mine"


@pytest.mark.parametrize("key", ["completed", "request_throughput"])
def test_vllm_missing_key_is_told(key: str, tmp_path: Path) -> None:
    """A result of another kind of model lacks keys."""
    result = {name: value for name, value in VLLM.items() if name != key}
    lines = problems_of(tmp_path / "r.json", json.dumps(result))
    assert lines == (f"line 1, {key}: is missing",)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"tp": None}, "tp: is missing"),
        ({"framework": 3}, "framework: MeasuredPoint.engine needs a text"),
        ({"tp": "x"}, "tp: needs a finite number"),
        ({"conc": 0}, "conc: MeasuredPoint.concurrency needs more than 0"),
        ({"median_tpot": -1}, "median_tpot: MeasuredPoint.time_per_output_token needs at least 0"),
        ({"precision": "fp5"}, "there is no number format named 'fp5'"),
        ({"is_multinode": True}, "num_prefill_gpu: is missing"),
        (POOLS | {"num_prefill_gpu": "x"}, "num_prefill_gpu: needs a finite number"),
    ],
)
def test_inferencex_problem_is_told(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    """Each slip is told with its key and its place in the list."""
    lines = problems_of(tmp_path / "r.json", json.dumps([INFERENCEX | changes]))
    assert any(told in line and line.startswith("[0]") for line in lines), lines


def test_inferencex_power_that_is_invalid_is_left_out(tmp_path: Path) -> None:
    """The file says itself that its power cannot be used."""
    file = tmp_path / "r.json"
    power = {"power_valid": 0, "avg_power_w": 500.0, "joules_per_output_token": 2.0}
    file.write_text(json.dumps(INFERENCEX | power), encoding="utf-8")
    (point,) = read_benchmarks(file)
    assert (point.power, point.energy_per_output_token) == (None, None)
    assert point.attention_data_parallel is None


def test_inferencex_without_a_decode_pool(tmp_path: Path) -> None:
    """Where one pool does all, output is divided by all its accelerators."""
    file = tmp_path / "r.json"
    file.write_text(json.dumps(INFERENCEX | POOLS), encoding="utf-8")
    (point,) = read_benchmarks(file)
    assert point.decode_accelerators is None
    assert point.output_throughput is not None
    assert point.output_throughput.number("token/s") == 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Metric,avg\nTime to First Token (W),3\n", "time to first token cannot be in 'W'"),
        ("Metric,avg\nTime to First Token (ms),x\n", "needs a finite number"),
        ("Metric,avg,p50\nTime to First Token (ms),3\n", "has 2 cells under a heading of 3"),
        ("Metric,Value\nRequest Count,3\n", "has none of the metrics"),
        ("Metric,Value\nRequest Throughput (tokens/sec),3\n", "request throughput cannot be in"),
        ("Metric,GPU,avg\nGPU Power Usage (kJ),gpu0,3\n", "power cannot be in kj"),
        ("Metric,Value\nOutput Token Throughput (tokens/sec),-3\n", "needs at least 0"),
    ],
)
def test_aiperf_problem_is_told(text: str, told: str, tmp_path: Path) -> None:
    """Each slip is told with its line."""
    lines = problems_of(tmp_path / "export.csv", text)
    assert any(told in line for line in lines), lines


def test_aiperf_power_of_the_run_comes_first(tmp_path: Path) -> None:
    """Power of the run is not replaced by telemetry; that of two vendors is left out."""
    head = "Metric,Value\nOutput Token Throughput (tokens/sec),300\n"
    telemetry = "\nMetric,GPU,avg\nGPU Power Usage (W),gpu0,100\nGPU Power Usage (W),gpu1,\n"
    unnamed = "\nMetric,avg\nGPU Power Usage (W),100\n"
    one, two = "NVIDIA Average GPU Power (W),250\n", "AMD Average GPU Power (W),50\n"
    watts = {}
    for name, text in {
        "run": head + one + telemetry,
        "vendors": head + one + two,
        "gap": head + telemetry,
        "unnamed": head + unnamed,
    }.items():
        file = tmp_path / "export.csv"
        file.write_text(text, encoding="utf-8")
        (point,) = read_benchmarks(file)
        watts[name] = None if point.power is None else point.power.number("W")
    assert watts == {"run": 250, "vendors": None, "gap": None, "unnamed": None}


def test_aiperf_of_two_kinds_of_accelerator(tmp_path: Path) -> None:
    """Where accelerators differ, their name is unknown, and their power is summed all the same."""
    file = tmp_path / "export.csv"
    rows = "A,gpu0,GPU Power Usage (W),100\nB,gpu1,GPU Power Usage (W),50\n"
    head = "Metric,Value\nRequest Throughput (requests/sec),3\n\nGPU_Name,GPU_UUID,Metric,avg\n"
    file.write_text(head + rows, encoding="utf-8")
    (point,) = read_benchmarks(file)
    assert point.accelerator is None
    assert str(point.power) == "150 W"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "line 1: it is not JSON"),
        ('\n\n{"a": 1}\n{"b": }', "line 4: it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("[" + "9" * 5000 + "]", "it is not JSON that is read here"),
        ("[" * 40 + "]" * 40, "nested deeper than 32 levels"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nested deeper than 32 levels"),
        ('{"a": 1, "a": 2}', "a: the key stands twice"),
    ],
    ids=["cut", "second", "endless", "long number", "deep list", "deep object", "twice"],
)
def test_bad_json_is_told(text: str, told: str) -> None:
    """What is no JSON, or too much of it, is a problem and no other kind of error."""
    problems = Problems("r.json")
    parse_json(text, problems)
    assert any(told in line for line in problems.lines), problems.lines


def test_bad_csv_is_told() -> None:
    """A cell without end is a problem of its line."""
    problems = Problems("r.csv")
    csv_lines("model\n" + "x" * 200_000 + "\n", problems)
    assert any("it is not CSV" in line for line in problems.lines)


def test_stated_format_has_to_fit(tmp_path: Path) -> None:
    """A format that is stated is not replaced by another."""
    file = tmp_path / "mine.csv"
    told = problems_of(file, WIDE + "m,1,8,3,5\n", "vllm")
    assert told[0].startswith("it is not of the format 'vllm'")
    assert problems_of(file, json.dumps(VLLM), "aiperf")[0].startswith("it is not of the format")
    assert "needs a list" in problems_of(file, json.dumps(VLLM), "plain")[0]
    with pytest.raises(UnknownNameError, match="there is no format of benchmark files named 'vlm'"):
        read_benchmarks(file, "vlm")


def test_file_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file, or too much of it."""
    file = tmp_path / "mine.csv"
    with pytest.raises(CatalogError, match="there is no such file"):
        read_benchmarks(file)
    monkeypatch.setattr(files, "MAXIMUM_BYTES", 10)
    assert "too large" in problems_of(file, WIDE)[0]


@given(st.text(alphabet=st.sampled_from('abm,"[]{}:.-01eE\n (ms)W'), max_size=60))
def test_no_text_breaks_a_reader(text: str) -> None:
    """Whatever stands in a file, it is points or problems."""
    problems = Problems("any")
    read_plain("model,quantity,value,unit\n" + text, problems)
    read_plain("model,power [W]\n" + text, problems)
    read_aiperf("Metric,avg\n" + text, problems)
    parse_json(text, problems)
