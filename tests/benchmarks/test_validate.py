"""`benchmarks/validate.py`: reads what it is given, predicts what it can, says why it cannot."""

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
ROW = {
    "case_id": "one",
    "kind": "throughput_benchmark",
    "family": "NeMo-24.07",
    "model": "LLAMA3-70B",
    "total_params_b": "70.554",
    "active_params_b": "70.554",
    "seq_len": "8192",
    "accelerator": "H100-SXM5-80GB",
    "n_accelerators": "64",
    "precision": "fp8",
    "tflops_per_accel": "734",
    "tokens_per_s_per_accel": "1524",
    "quality": "A",
    "source": "NeMo performance summary 24.07",
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
            if name.partition(".")[0] in {"validate", "validation"}:
                del sys.modules[name]


def case_of(code: Any, **cells: str) -> Any:
    """Return a row with some other cells."""
    return sys.modules["validation.rows"].Case(ROW | cells)


def table(code: Any, path: Path, *rows: dict[str, str]) -> Path:
    """Write a table with all columns and one more."""
    columns = [*sys.modules["validation.tables"].TRAINING.columns, "remark"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def scored(code: Any, folder: Path, *rows: dict[str, str]) -> dict[tuple[str, str], Any]:
    """Run the script on rows; return its records by mode and group."""
    out = folder / "out.json"
    source = table(code, folder / "rows.csv", *rows)
    arguments = ["--training", str(source), "--json", str(out), "--rows", str(folder / "all.csv")]
    assert code.main(arguments) == 0
    return {(one["mode"], one["group"]): one for one in json.loads(out.read_text("utf-8"))}


def test_one_row(code: Any, tmp_path: Path) -> None:
    """Tokens per second of Llama 3 70B become the TFLOP/s that the table prints."""
    found = scored(code, tmp_path, ROW)["convention", "all"]
    assert (found["table"], found["rows"], found["tried"]) == ("training", 1, 1)
    assert found["median_abs_error"] < 0.005
    assert found["within_2x"] == 1
    assert found["coverage"] == {"0.68": None, "0.8": None, "0.9": None}
    with (tmp_path / "all.csv").open(encoding="utf-8") as file:
        written = next(csv.DictReader(file))
    assert (written["case_id"], written["measured"], written["unit"]) == ("one", "734", "TFLOP/s")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"quality": "C"}, "quality C"),
        ({"source": "a page [doubtful: rounded]"}, "source marked as doubtful"),
        ({"tflops_per_accel": "many"}, "tflops_per_accel is no number"),
        ({"tflops_per_accel": "-5"}, "tflops_per_accel is no positive number"),
        ({"seq_len": ""}, "no seq_len"),
        ({"model": "x", "total_params_b": "", "active_params_b": ""}, "no parameters stated"),
        ({"model": "x", "active_params_b": "99"}, "more active than total"),
        ({"model": "x"}, "shape not known"),
        ({"model": "x", "layers": "1.5", "hidden": "64"}, "layers is no whole number"),
        ({"tflops_per_accel": "", "mfu_pct": "37", "accelerator": "abacus"}, "accelerator not in"),
    ],
)
def test_skipped_with_a_reason(
    code: Any, tmp_path: Path, cells: dict[str, str], reason: str
) -> None:
    """What cannot be predicted is counted with the reason, and costs no other row."""
    found = scored(code, tmp_path, ROW, ROW | cells)["convention", "all"]
    assert (found["rows"], found["tried"]) == (1, 2)
    assert reason in "".join(found["skipped"])


@pytest.mark.parametrize("column", [*ROW, "layers", "hidden", "heads", "vocab", "remark"])
@pytest.mark.parametrize("cell", ["", "abc", "nan", "inf", "1e300", "0", "\0", "-1"])
def test_no_cell_stops_it(code: Any, tmp_path: Path, column: str, cell: str) -> None:
    """A wrong cell is no error of the run."""
    assert ("convention", "all") in scored(code, tmp_path, ROW, ROW | {column: cell})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"a,b\n1,2\n", "columns missing: case_id"),
        (bytes(range(256)), "columns missing"),
        (b'"' + b"x" * 200_000, "no table of comma-separated values"),
    ],
)
def test_no_table(
    code: Any, tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is no such table is refused in one line, with exit code 2."""
    path = tmp_path / "file.csv"
    path.write_bytes(content)
    assert code.main(["--training", str(path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_no_rows_and_no_file(code: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither a table without rows nor a missing file is a success."""
    assert code.main(["--training", str(table(code, tmp_path / "none.csv"))]) == 2
    assert "no rows" in capsys.readouterr().err
    assert code.main(["--training", str(tmp_path / "nowhere.csv")]) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("LLAMA3_70B", "Llama 3 70B"),
        ("LLAMA3.1_405B", "Llama 3.1 405B"),
        ("Qwen3_30B_a3B (tokendrop)", "Qwen3-30B-A3B"),
        ("GPT OSS 120B", "gpt-oss-120b"),
        ("DeepSeekV3 (w/o MTP)", "DeepSeek-V3"),
        ("deepseek3-671b", "DeepSeek-V3"),
        ("Llama2-70B", "Llama 2 70B"),
        ("LLAMA2-70B SFT", "Llama 2 70B"),
        ("llama2_70b_lora", "Llama 2 70B"),
        ("Llama-2-70B LoRA fine-tune", "Llama 2 70B"),
        ("GPT-3-175B pretraining segment", "GPT-3 175B"),
        ("Nemotron-340B", "Nemotron-4 340B"),
        ("Nemotron_3_Nano", "Nemotron 3 Nano 30B-A3B"),
        ("Mistral-7B", "Mistral 7B v0.1"),
    ],
)
def test_names_of_models(code: Any, written: str, name: str) -> None:
    """Spellings of tables mean models of the catalogue."""
    model_of = sys.modules["validation.models"].model_of
    case = case_of(code, model=written, total_params_b="", active_params_b="")
    assert model_of(case).name == name


def test_a_name_is_not_believed_against_the_figures(code: Any) -> None:
    """A model of another size than its namesake is made from the columns."""
    model_of = sys.modules["validation.models"].model_of
    case = case_of(code, total_params_b="30", active_params_b="3", layers="48", hidden="2048")
    model = model_of(case)
    assert model.parameters.number("Gparameter") == pytest.approx(30)
    assert model.active_parameters.number("Gparameter") == pytest.approx(3)
    assert (model.architecture.layers, model.architecture.head_dimension) == (48, None)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("A100-SXM4-80GB", "A100 SXM 80 GB"),
        ("A100-SXM4-40GB", "A100 SXM 40 GB"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("H200-NVL-141GB", "H200 NVL"),
        ("GB300 NVL72", "GB300"),
        ("TPU v5p-256", "TPU v5p"),
        ("TPU7x", "TPU v7"),
        ("Ironwood", "TPU v7"),
        ("Trillium", "TPU v6e"),
        ("AMD Instinct MI300X OAM", "MI300X"),
        ("Gaudi2", "Gaudi 2"),
        ("trn1.32xlarge", "Trainium1"),
        ("V100-SXM2-32GB", "V100 SXM"),
    ],
)
def test_names_of_accelerators(code: Any, written: str, name: str) -> None:
    """Spellings of tables mean accelerators of the catalogue."""
    accelerator_of = sys.modules["validation.accelerators"].accelerator_of
    assert accelerator_of(case_of(code, accelerator=written)).name == name


def test_variants_of_accelerators(code: Any) -> None:
    """A lower limit of power and a slower link are in the name."""
    accelerator_of = sys.modules["validation.accelerators"].accelerator_of
    limited = accelerator_of(case_of(code, accelerator="H100-SXM5-96GB-500W"))
    assert (limited.power.number("W"), limited.memory.number("GB")) == (500, 96)
    slower = accelerator_of(case_of(code, accelerator="A800-SXM4-80GB"))
    assert slower.link_bandwidth.number("GB/s") == 200


@pytest.mark.parametrize(
    ("precision", "accelerator", "expected"),
    [
        ("FP8-CS (FP8-MX)", "H100", "fp8"),
        ("bf16/fp16 mixed", "A100", "bf16"),
        ("fp8/bf16 mixed", "H100", "fp8"),
        ("nvfp4/fp8 mixed", "B200", "nvfp4"),
        ("MXFP8", "GB200", "mxfp8"),
        ("fp8/int8 quantised", "TPU v6e", "int8"),
        ("bf16", "V100", "fp16"),
        ("bfloat16", "A100", "bf16"),
        ("", "A100", "bf16"),
        ("", "V100", "fp16"),
    ],
)
def test_number_formats(code: Any, precision: str, accelerator: str, expected: str) -> None:
    """The fastest of the named formats that the accelerator has."""
    format_of = sys.modules["validation.accelerators"].format_of
    found = format_of(case_of(code, precision=precision), le.accelerators[accelerator])
    assert found == expected


@pytest.mark.parametrize(
    ("cells", "attention", "passes"),
    [
        ({}, "full", "training"),
        ({"family": "Megatron-Bridge-26.02"}, "causal", "training"),
        ({"family": "tpu-recipes-TPU-v5p"}, "causal", "training"),
        ({"family": "MaxText-v5p"}, "full", "training"),
        ({"family": "tpu-recipes-TPU7x", "accelerator": "TPU7x"}, "causal", "training"),
        ({"family": "x", "mfu_convention": "full (non-causal) attention"}, "full", "training"),
        ({"family": "x", "tflops_convention": "causal attention"}, "causal", "training"),
        ({"family": "unheard of"}, "full", "training"),
        ({"model": "LLAMA2-7B LoRA"}, "none", "adapter"),
        ({"model": "LLAMA2-7B SFT", "notes": "LoRA/SFT row"}, "none", "training"),
    ],
)
def test_conventions(code: Any, cells: dict[str, str], attention: str, passes: str) -> None:
    """How a table counts attention, and that adapters leave weights alone."""
    found = sys.modules["validation.conventions"].convention_of(case_of(code, **cells))
    assert (found.attention, found.passes) == (attention, passes)


def test_hours_out_of_scope(code: Any, tmp_path: Path) -> None:
    """Runs that do more than 6 N D, or of which the tokens are secret, are named and left out."""
    run = ROW | {"kind": "full_run", "tokens_b": "1000", "accelerator_hours": "5e6"}
    found = scored(
        code,
        tmp_path,
        run | {"hours_scope": "includes logit distillation"},
        run | {"notes": "encoder-decoder; 1T tokens"},
        run | {"model": "FLM-101B"},
        run | {"tokens_b": ""},
    )["hours, utilization unknown", "all"]
    assert set(found["skipped"]) == {
        "distillation included",
        "encoder-decoder",
        "grown model",
        "tokens not known",
    }


def test_a_prediction_does_not_see_the_answer(code: Any) -> None:
    """Every mode hides what would give away the measured figure."""
    modes = sys.modules["validation.modes"].TRAINING_MODES
    hidden = {mode.name: set(mode.hidden) for mode in modes}
    assert {"accelerator_hours", "mfu_pct"} <= hidden["hours, utilization unknown"]
    assert "mfu_pct" not in hidden["hours, utilization reported"]
    assert {"tokens_per_s_per_accel", "tflops_per_accel", "mfu_pct"} <= hidden["throughput"]


def test_scores_of_ranges(code: Any) -> None:
    """Errors are of the median, coverage and width of the quantiles."""
    scoring, prediction = sys.modules["validation.scoring"], sys.modules["validation.prediction"]
    mode = sys.modules["validation.modes"].TRAINING_MODES[0]
    quantiles = dict(zip(prediction.PROBABILITIES, (50, 60, 70, 100, 140, 160, 200), strict=True))
    predicted = prediction.Prediction(100.0, quantiles)
    found = scoring.score(
        [
            scoring.Outcome(case_of(code), mode, ("all",), measured, predicted)
            for measured in (100.0, 125.0, 65.0, 55.0, 400.0)
        ]
    )
    assert found["coverage"] == {"0.68": 0.4, "0.8": 0.6, "0.9": 0.8}
    assert found["median_width"] == pytest.approx(4)
    assert found["median_width_80"] == pytest.approx(160 / 60)
    assert found["within_2x"] == pytest.approx(0.8)
    assert found["bias"] == pytest.approx(0)
    assert found["median_abs_error"] == pytest.approx(100 / 65 - 1)


def test_prediction_of_a_range(code: Any) -> None:
    """The median and the quoted ends of a range come back."""
    prediction_of = sys.modules["validation.prediction"].prediction_of
    found = prediction_of(le.between(7, 15, "MW"), "kW")
    low, high = found.ends(0.9)
    assert (low, high) == pytest.approx((7000, 15000), rel=0.01)
    assert prediction_of(le.quantity("5 MW"), "kW").quantiles is None
