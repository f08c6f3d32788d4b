"""`benchmarks/validate.py` on tables of measured serving: predictions, or reasons why not."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import llm_economics as le

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SPEED = {
    "id": "one",
    "model": "Llama-3.x-70B (source label meta-llama/Llama-3.1-70B)",
    "accelerator": "H100 SXM 80GB",
    "n_accelerators": "4",
    "precision": "fp8",
    "engine": "vLLM",
    "tensor_parallel": "4",
    "expert_parallel": "1",
    "attention_data_parallel": "1",
    "serving": "aggregated",
    "load": "concurrency",
    "input_tokens": "1024",
    "output_tokens": "1024",
    "batch_or_concurrency": "16",
    "quantity": "tpot",
    "value": "13.19",
    "unit": "ms",
    "source": "silicon_sample.csv id=2026_04_06_llama_3_1_70b_h100",
}
ENERGY = {
    "case_id": "one",
    "kind": "measured_bench",
    "model": "Qwen/Qwen3-14B",
    "total_params_b": "14",
    "active_params_b": "14",
    "weight_precision": "bfloat16",
    "engine": "vLLM",
    "task": "lm-arena-chat",
    "accelerator": "H100-SXM5-80GB",
    "n_accelerators": "1",
    "tensor_parallel": "1",
    "expert_parallel": "1",
    "data_parallel": "1",
    "max_concurrency": "32",
    "avg_batch": "32",
    "output_tokens": "600",
    "output_tokens_per_s": "1900",
    "avg_power_w_total": "500",
    "energy_j_per_output_token": "0.27",
    "boundary": "GPU board energy in steady state; host excluded",
    "quality": "A",
    "source": "a table",
}
STATIC = {"load": "static batch", "engine_version": "", "source": "a table"}
EACH = {
    "quantity": "output_throughput_per_accelerator",
    "value": "290",
    "unit": "tokens/s/GPU",
}
WALL = {
    "kind": "measured_system",
    "model": "GPT-J-6B",
    "total_params_b": "6",
    "active_params_b": "6",
    "weight_precision": "fp8",
    "engine": "TensorRT-LLM",
    "accelerator": "H200-SXM-141GB",
    "n_accelerators": "8",
    "avg_batch": "",
    "output_tokens": "",
    "energy_j_per_output_token": "",
    "energy_j_per_request": "25",
    "power_scope": "whole node at the wall, measured",
}


@pytest.fixture(scope="module")
def code() -> Iterator[Any]:
    """Return the script as a module; what is no part of the package may not be there."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        yield pytest.importorskip("validate")
    finally:
        sys.path.remove(str(BENCHMARKS))
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in {"validate", "validation", "calibrate_serving"}:
                del sys.modules[name]


def part(name: str) -> Any:
    """Return a module of the script."""
    return sys.modules[f"validation.{name}"]


def case_of(base: dict[str, str], **cells: str) -> Any:
    """Return a row with some other cells."""
    return part("rows").Case(base | cells)


def table(path: Path, name: str, *rows: dict[str, str]) -> Path:
    """Write a table of a name with all columns and one more."""
    columns = next(t.columns for t in part("tables").TABLES if t.name == name)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*columns, "remark"], restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def run(
    code: Any, folder: Path, name: str, *rows: dict[str, str], more: tuple[str, ...] = ()
) -> Any:
    """Run the script on rows; return its records by mode and group."""
    out = folder / "out.json"
    source = table(folder / "rows.csv", name, *rows)
    files = ["--json", str(out), "--rows", str(folder / "all.csv"), *more]
    assert code.main([f"--{name}", str(source), *files]) == 0
    return {(one["mode"], one["group"]): one for one in json.loads(out.read_text("utf-8"))}


def speed(code: Any, folder: Path, *rows: dict[str, str]) -> Any:
    """Run the script on a table of speeds."""
    return run(code, folder, "inference-speed", *rows)


def energy(code: Any, folder: Path, *rows: dict[str, str]) -> Any:
    """Run the script on a table of energies."""
    return run(code, folder, "inference-energy", *rows)


@pytest.mark.parametrize(
    ("mode", "cells"),
    [
        ("tpot", {}),
        ("tpot", STATIC | {"value": "12"}),
        ("tpot", {"unit": "s", "value": "0.01319"}),
        ("ttft, closed loop", {"quantity": "ttft", "value": "121"}),
        ("ttft, one batch", STATIC | {"quantity": "ttft", "value": "650"}),
        ("ttft, one batch", STATIC | {"quantity": "prefill_latency", "value": "650"}),
        (
            "output throughput",
            {"quantity": "output_throughput", "value": "1200", "unit": "tokens/s"},
        ),
        (
            "output throughput",
            STATIC
            | {
                "quantity": "output_throughput_per_accelerator",
                "value": "290",
                "unit": "tokens/s/GPU",
            },
        ),
        ("total throughput", STATIC | {"quantity": "total_throughput", "value": "2400"}),
        ("total throughput", {"quantity": "total_throughput", "value": "2400"}),
        (
            "saturation",
            {"load": "saturation", "batch_or_concurrency": "", "quantity": "output_throughput"}
            | {"value": "5500", "engine": "TensorRT-LLM", "source": "a table"},
        ),
        ("power", STATIC | {"quantity": "power", "value": "2000"}),
    ],
)
def test_speed(code: Any, tmp_path: Path, mode: str, cells: dict[str, str]) -> None:
    """Each kind of row is predicted within a factor of two, in its unit."""
    found = speed(code, tmp_path, SPEED | cells)[mode, "all"]
    assert found["skipped"] == {}
    assert (found["table"], found["rows"], found["tried"]) == ("inference-speed", 1, 1)
    assert 1 <= found["median_factor"] < 2
    assert set(found["coverage"]) == {"0.68", "0.8", "0.9"}
    assert found["median_width"] > found["median_width_80"] > 1


def test_groups_and_rows(code: Any, tmp_path: Path) -> None:
    """Rows are grouped by engine, accelerator, model and kind of model, and written with names."""
    found = speed(code, tmp_path, SPEED, SPEED | {"id": "two", "engine": "SGLang"})
    assert {group for mode, group in found if mode == "tpot"} == {
        "all",
        "dense",
        "engine: vLLM",
        "engine: SGLang",
        "accelerator: H100 SXM",
        "model: Llama 3.1 70B",
    }
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [(one["case_id"], one["engine"]) for one in written] == [
        ("one", "vLLM"),
        ("two", "SGLang"),
    ]


@pytest.mark.parametrize(
    ("mode", "cells"),
    [
        ("J/token, batch known", {}),
        ("power, batch known", {}),
        ("tokens/s, batch known", {}),
        ("J/token, batch known", {"task": "code", "n_accelerators": "2", "tensor_parallel": "2"}),
        ("J/token at the wall", WALL),
        (
            "one request at a time",
            {"avg_batch": "1", "max_concurrency": "1", "energy_j_per_output_token": "4.5"}
            | {"boundary": "one request at a time, GPU energy only"},
        ),
        (
            "Wh per request",
            {"kind": "production_disclosure", "energy_wh_per_request": "0.1", "avg_batch": ""},
        ),
    ],
)
def test_energy(code: Any, tmp_path: Path, mode: str, cells: dict[str, str]) -> None:
    """Energy, power and rate by batch, at the wall, alone and of a request."""
    found = energy(code, tmp_path, ENERGY | cells)[mode, "all"]
    assert found["skipped"] == {}
    assert (found["rows"], found["tried"]) == (1, 1)
    assert found["median_factor"] < 6


@pytest.mark.parametrize(
    ("mode", "cells", "reason"),
    [
        ("tpot", {"accelerator": "abacus"}, "accelerator not in the catalogue"),
        ("tpot", {"model": "nobody knows"}, "its size is not stated"),
        ("tpot", {"value": "fast"}, "value is no number"),
        ("tpot", {"unit": "furlong"}, "no time in its unit"),
        ("tpot", {"input_tokens": ""}, "no input_tokens"),
        ("tpot", {"source": "a page [doubtful: unit]"}, "source marked as doubtful"),
        ("tpot", {"n_accelerators": "1", "tensor_parallel": "1", "model": "x 900b"}, ""),
        ("disaggregated tpot", {"serving": "disaggregated"}, "replicas of each pool not stated"),
        (
            "saturation",
            {"load": "saturation", "quantity": "output_throughput", "model": "x-9000b"},
            "weights do not fit",
        ),
        ("power", {"quantity": "power", "value": "400"}, "of each accelerator or of all of them"),
    ],
)
def test_speed_skipped(
    code: Any, tmp_path: Path, mode: str, cells: dict[str, str], reason: str
) -> None:
    """What cannot be predicted is counted with the reason, and costs no other row."""
    found = speed(code, tmp_path, SPEED, SPEED | cells)
    assert found["tpot", "all"]["rows"] >= 1
    assert reason in "".join(found[mode, "all"]["skipped"])


@pytest.mark.parametrize(
    ("mode", "cells", "reason"),
    [
        ("J/token, batch known", {"quality": "C"}, "quality C"),
        ("J/token, batch known", {"task": "image-chat"}, "images, video or sound"),
        ("J/token, batch known", {"model": "lmsys/fastchat-t5-3b"}, "encoder-decoder"),
        ("J/token, batch known", {"avg_batch": ""}, "no avg_batch"),
        ("Wh per request", {"kind": "third_party_estimate"}, "an estimate of third parties"),
        (
            "Wh per request",
            {"kind": "production_disclosure", "output_tokens": ""},
            "tokens of the request not disclosed",
        ),
        ("J/token at the wall", WALL | {"model": "Other-6B"}, "lengths of the requests not known"),
        (
            "J/token at the wall",
            WALL | {"model": "Other-6B", "energy_j_per_output_token": "1"},
            "lengths of the requests not known",
        ),
    ],
)
def test_energy_skipped(
    code: Any, tmp_path: Path, mode: str, cells: dict[str, str], reason: str
) -> None:
    """Pictures, estimates and undisclosed requests are no measurements of text generation."""
    assert reason in "".join(energy(code, tmp_path, ENERGY | cells)[mode, "all"]["skipped"])


CELLS = ["", "abc", "nan", "inf", "1e300", "0", "\0", "-1", "1e-9"]


@pytest.mark.parametrize("cell", CELLS)
def test_no_cell_stops_speed(code: Any, tmp_path: Path, cell: str) -> None:
    """A wrong cell in any column is no error of the run."""
    rows = [SPEED | {column: cell} for column in (*SPEED, "remark")]
    assert speed(code, tmp_path, SPEED, *rows)["tpot", "all"]["rows"] >= 1


@pytest.mark.parametrize("cell", CELLS)
def test_no_cell_stops_energy(code: Any, tmp_path: Path, cell: str) -> None:
    """A wrong cell in any column is no error of the run."""
    rows = [ENERGY | {column: cell} for column in ENERGY]
    found = energy(code, tmp_path, ENERGY, *rows)["J/token, batch known", "all"]
    assert found["rows"] >= 1


ACCELERATORS = (
    *("B200", "B300", "GB200", "GB300 NVL72", "AMD Instinct MI300X OAM", "MI355X", "TPU v5e-8"),
    *("Trillium", "Trainium2", "Intel Gaudi2", "Gaudi 3", "L40S", "NVIDIA L4", "A10G", "H20"),
)


@pytest.mark.parametrize("accelerator", ACCELERATORS)
def test_other_accelerators(code: Any, tmp_path: Path, accelerator: str) -> None:
    """Accelerators beyond those of the published tables are predicted as well."""
    cells = {"accelerator": accelerator, "model": "meta-llama/Llama-3.1-8B-Instruct"}
    found = speed(code, tmp_path, SPEED | cells | {"source": "a table"})["tpot", "all"]
    assert found["skipped"] == {}
    assert found["rows"] == 1


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("meta-llama/Meta-Llama-3-8B", "Llama 3 8B"),
        ("nvidia/Llama-3.1-8B-Instruct-FP8", "Llama 3.1 8B"),
        ("Qwen/Qwen3-235B-A22B-Thinking-2507-FP8", "Qwen3-235B-A22B"),
        ("deepseek-ai/DeepSeek-R1-0528", "DeepSeek-R1"),
        ("deepseek-ai/DeepSeek-V3-0324", "DeepSeek-V3"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "Llama 3.1 70B"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "Mixtral 8x7B"),
        ("mistralai/Mistral-7B-Instruct-v0.3", "Mistral 7B v0.1"),
        ("moonshotai/Kimi-K2.5", "Kimi K2.5"),
        ("zhipuai/GLM-5", "GLM-5.1"),
        ("openai/gpt-oss-120b", "gpt-oss-120b"),
        ("lmsys/vicuna-13b-v1.5", "LLaMA 13B"),
    ],
)
def test_names_of_models(code: Any, written: str, name: str) -> None:
    """Spellings of tables mean models of the catalogue."""
    assert part("serving_models").served_model(case_of(SPEED, model=written)).name == name


@pytest.mark.parametrize(
    ("written", "total", "active"),
    [
        ("someone/New-40B", 40, 40),
        ("someone/New-90B-A7B", 90, 7),
        ("someone/New-8x3B", 0.83 * 24, 0.83 * 6),
    ],
)
def test_models_by_size(code: Any, written: str, total: float, active: float) -> None:
    """Of a model that nobody knows the name tells the parameters, also the active ones."""
    model = part("serving_models").served_model(case_of(SPEED, model=written))
    assert model.parameters.number("Gparameter") == pytest.approx(total)
    found = model.active_parameters or model.parameters
    assert found.number("Gparameter") == pytest.approx(active)


def test_models_that_contradict(code: Any) -> None:
    """More active than total parameters is an error of the row; another size another model."""
    served, skip = part("serving_models").served_model, part("rows").SkipError
    with pytest.raises(skip, match="more active than total"):
        served(case_of(ENERGY, model="x", total_params_b="1"))
    assert served(case_of(ENERGY, total_params_b="40", active_params_b="")).architecture is None


@pytest.mark.parametrize(
    ("cells", "layout"),
    [
        ({}, (4, 1, 1, 1)),
        ({"tensor_parallel": ""}, (4, 1, 1, 1)),
        ({"n_accelerators": "8", "tensor_parallel": "2"}, (2, 1, 1, 4)),
        ({"n_accelerators": "16", "tensor_parallel": "8"}, (16, 1, 1, 1)),
        (
            {"n_accelerators": "8", "tensor_parallel": "8", "attention_data_parallel": "8"},
            (1, 1, 8, 1),
        ),
        (
            {"n_accelerators": "8", "tensor_parallel": "1", "expert_parallel": "8"},
            (8, 1, 1, 1),
        ),
        ({"n_accelerators": "12", "tensor_parallel": ""}, (4, 3, 1, 1)),
        ({"n_accelerators": "12", "tensor_parallel": "", "engine": "Neuron"}, (12, 1, 1, 1)),
    ],
)
def test_layouts(code: Any, cells: dict[str, str], layout: tuple[int, ...]) -> None:
    """Tensor parallel, stages, copies of attention and replicas."""
    found = part("serving_rows").deployment_of(case_of(SPEED, **cells))
    assert layout == (
        found.tensor_parallel,
        found.pipeline_parallel,
        found.attention_data_parallel,
        found.replicas,
    )


@pytest.mark.parametrize(
    ("cells", "weights", "cache", "arithmetic"),
    [
        ({}, "fp8", "fp8", None),
        ({"source": "a table"}, "fp8", "bf16", None),
        ({"source": "a table", "engine": "TensorRT-LLM"}, "fp8", "fp8", None),
        ({"model": "zhipuai/GLM-5", "n_accelerators": "8"}, "fp8", "bf16", None),
        ({"precision": "unstated", "model": "x/Llama-3.1-8B-FP8"}, "fp8", "fp8", None),
        ({"precision": "fp16/bf16 (unstated in file)"}, "bf16", "bf16", None),
        ({"precision": "nvfp4", "accelerator": "B200"}, "nvfp4", "fp8", "fp4"),
        ({"precision": "mxfp4 (default)", "accelerator": "B200"}, "mxfp4", "fp8", "fp8"),
        ({"precision": "mxfp4 (default)"}, "mxfp4", "fp8", None),
        ({"precision": "int4", "accelerator": "A100"}, "int4", "bf16", None),
    ],
)
def test_formats(
    code: Any, cells: dict[str, str], weights: str, cache: str, arithmetic: str | None
) -> None:
    """Weights as stated, the cache as the benchmark keeps it, arithmetic as the chip can."""
    found = part("serving_rows").deployment_of(case_of(SPEED, **cells))
    assert (found.weights, found.cache, found.arithmetic) == (weights, cache, arithmetic)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"engine": "vLLM (2024)"}, ("vLLM (2024)", "2024-06")),
        ({"engine_version": "0.6.3"}, ("vLLM", "2024-06")),
        ({"engine_version": "0.16.0"}, ("vLLM", "2026-01")),
        ({"engine": "SGLang", "engine_version": "0.5.1.post1"}, ("SGLang", "2026-01")),
        ({"engine": "HF transformers / FastChat"}, ("HF transformers / FastChat", "2023-06")),
        ({"source": "dstackai, run of 20250922"}, ("vLLM", "2025-09")),
        ({"source": "dstackai"}, ("vLLM", "2024-06")),
        ({"source": "argonne", "load": "static batch"}, ("vLLM", "2026-01")),
        ({"engine": ""}, ("", "2026-01")),
    ],
)
def test_software(code: Any, cells: dict[str, str], expected: tuple[str, str]) -> None:
    """When an engine is from: its text, its version, the date of the run, the table."""
    assert part("serving_rows").software_of(case_of(SPEED, **cells)) == expected


def test_lengths(code: Any) -> None:
    """InferenceX draws lengths between 0.8 and 1 of the stated ones; others mean what they say."""
    load_of = part("serving_rows").load_of
    drawn = load_of(case_of(SPEED), batch="batch_or_concurrency")
    assert drawn.input_tokens.number("token/request") == pytest.approx(0.9 * 1024)
    stated = load_of(case_of(SPEED, source="a table"), batch="batch_or_concurrency")
    assert stated.output_tokens.number("token/request") == pytest.approx(1024)


def test_heads_are_padded(code: Any) -> None:
    """Compilers for Trainium add heads until they divide; keys stay shared by whole groups."""
    cells = {"engine": "Neuron", "accelerator": "Inferentia2", "n_accelerators": "12"}
    case = case_of(SPEED, **cells, tensor_parallel="", model="Llama-3-8B")
    shape = part("serving_rows").deployment_of(case).model.architecture
    assert (shape.attention_heads, shape.key_value_heads) == (36, 9)


def test_speculation(code: Any) -> None:
    """More tokens a step only where the row says so."""
    deployment_of = part("serving_rows").deployment_of
    assert deployment_of(case_of(SPEED)).accepted_tokens is None
    found = deployment_of(case_of(SPEED, source="a table (MTP on)"))
    assert found.accepted_tokens.is_range


def test_requests_that_wait(code: Any, tmp_path: Path) -> None:
    """More requests than fit are served with as many at once as do; static batches take turns."""
    crowd = {"batch_or_concurrency": "4000", "input_tokens": "8192", "value": "60"}
    found = speed(code, tmp_path, SPEED | crowd, SPEED | crowd | STATIC)["tpot", "all"]
    assert found["rows"] == 2


def test_a_prediction_does_not_see_the_answer(code: Any) -> None:
    """Every mode hides what would give away the measured figure."""
    modes = part("serving_modes")
    assert all(mode.hidden == ("value",) for mode in modes.SPEED_MODES)
    answers = {"output_tokens_per_s", "avg_power_w_total", "energy_j_per_output_token"}
    assert all(answers <= set(mode.hidden) for mode in modes.ENERGY_MODES)


def test_calibrated(code: Any, tmp_path: Path) -> None:
    """Constants are fitted without the rows that they predict; a lone accelerator has no fit."""
    rows = [
        SPEED | {"batch_or_concurrency": batch, "value": value, "input_tokens": length}
        for length in ("1024", "2048", "4096")
        for batch, value in (("4", "11.8"), ("64", "20"))
    ]
    bad = SPEED | {"accelerator": "abacus"}
    source = table(tmp_path / "energy.csv", "inference-energy", ENERGY)
    more = ("--calibrate", "--inference-energy", str(source))
    found = run(code, tmp_path, "inference-speed", *rows, bad, more=more)
    folds = found["tpot, calibrated 5-fold", "all"]
    assert (folds["rows"], folds["tried"]) == (6, 7)
    assert folds["skipped"] == {"accelerator not in the catalogue": 1}
    assert folds["median_factor"] < 1.5
    alone = found["tpot, accelerator left out", "all"]["skipped"]
    assert alone["nothing is left to fit to"] == 6


def test_calibrated_needs_speed(
    code: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """There is nothing to fit without a table of speeds."""
    source = table(tmp_path / "energy.csv", "inference-energy", ENERGY)
    with pytest.raises(SystemExit):
        code.main(["--inference-energy", str(source), "--calibrate"])
    assert "--calibrate needs --inference-speed" in capsys.readouterr().err


def test_the_catalogue_has_what_the_table_names(code: Any) -> None:
    """Patterns that stand for a model end in one that there is."""
    for _, name in part("serving_models").SPELLINGS:
        if "\\" not in name:
            assert name in le.models
