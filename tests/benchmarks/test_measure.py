"""`benchmarks/device/measure.py`: its logic without a GPU, and all of it where PyTorch is."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llm_economics.io.benchmarks.reading import read_benchmarks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FOLDER = Path(__file__).parents[2] / "benchmarks" / "device"


@pytest.fixture(scope="module")
def code() -> Iterator[Any]:
    """Return the script as a module; what is no part of the package may not be there."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield pytest.importorskip("measure")
    finally:
        sys.path.remove(str(FOLDER))
        sys.modules.pop("measure", None)


class StubDecoder:
    """A decoder whose steps are steps of its device."""

    def __init__(self, device: StubDevice) -> None:
        self.device = device

    def decode(self, batch: int, context: int) -> Callable[[], None]:
        if batch == 3:
            raise RuntimeError("CUDA out of memory\nand many words")
        return self.device.step(0.010 + 0.001 * batch)

    def prefill(self, length: int) -> Callable[[], None]:
        if length == 3:
            raise RuntimeError
        return self.device.step(0.001 * length)


class StubDevice:
    """A GPU that takes as long as it is told, in no time."""

    def __init__(self, refusal: type[Exception]) -> None:
        self.refusal = refusal
        self.released = 0

    def machine(self) -> dict[str, str]:
        return {"accelerator": "Made-Up GPU", "torch": "9.9"}

    def memory(self) -> tuple[int, int]:
        return 10**8, 10**9

    def release(self) -> None:
        self.released += 1

    def step(self, seconds: float) -> Callable[[], None]:
        def step() -> None:
            step.count += 1  # type: ignore[attr-defined]

        step.count, step.seconds = 0, seconds  # type: ignore[attr-defined]
        return step

    def times(self, step: Any, count: int) -> list[float]:
        for _ in range(count):
            step()
        return [step.seconds] * count

    def product(self, kind: str, size: int) -> Callable[[], None]:
        if kind == "fp8":
            raise self.refusal("no fp8 here")
        return self.step(size / 1e3)

    def copy(self, size: int) -> Callable[[], None]:
        return self.step(size / 1e6)

    def decoder(self, shape: Any) -> StubDecoder:
        return StubDecoder(self)

    def captured(self, step: Callable[[], None]) -> tuple[Callable[[], None], bool]:
        return step, True


@pytest.fixture
def plan(code: Any) -> Any:
    """A short plan, with a batch and a length that fail and one that does not fit."""
    return code.Plan(0.1, 0.05, 0.0, (10,), ("bf16", "fp8"), (1000,), (1, 3, 10**6), (64,), (5, 3))


@pytest.fixture
def found(code: Any, plan: Any) -> Any:
    """What the script finds with the stub, at 100 W."""
    device = StubDevice(code.NotPossible)
    result = code.measure(device, code.TINY, plan, code.Meter(lambda: 100.0, period=10.0))
    assert device.released == 7
    return result


def test_points_are_measured(found: dict[str, Any]) -> None:
    """Decoding and prefill give time, rate, power and energy; the machine is named."""
    decode, prefill = found["measured_points"]
    assert decode["tpot_median [ms]"] == pytest.approx(11.0)
    assert decode["output_throughput [tokens/s]"] == pytest.approx(1 / 0.011)
    assert decode["energy_per_output_token [J/token]"] == pytest.approx(1.1)
    assert decode["note"] == "decoding alone, context fixed, CUDA graph"
    assert prefill["ttft_median [ms]"] == pytest.approx(5.0)
    assert prefill["total_throughput [tokens/s]"] == pytest.approx(1000.0)
    assert {p["power_boundary"] for p in (decode, prefill)} == {"all accelerators"}
    assert {p["accelerator"] for p in (decode, prefill)} == {"Made-Up GPU"}
    assert found["idle power [W]"] == 100.0
    assert found["power_method"] == "samples of the power of the GPU"


def test_what_was_not_measured_says_why(found: dict[str, Any]) -> None:
    """No room, out of memory, and an error without words."""
    why = [row["why"] for row in found["not_measured"]]
    assert why[0] == "CUDA out of memory"
    assert why[1].startswith("the cache takes")
    assert why[2] == "RuntimeError"
    assert len(why) == 3


def test_kernels_are_measured(found: dict[str, Any]) -> None:
    """Rates count two FLOP for a product and sum, and bytes both read and written."""
    bf16, fp8, copy = found["kernels"]
    assert bf16["rate [FLOP/s]"] == pytest.approx(2 * 10**3 / 0.010)
    assert (bf16["power [W]"], bf16["steps"]) == (100.0, 10)
    assert fp8["not measured"] == "no fp8 here"
    assert copy["rate [byte/s]"] == pytest.approx(2 * 1000 / 0.001)


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_both_files_can_be_read(
    code: Any, found: dict[str, Any], ending: str, tmp_path: Path
) -> None:
    """The package reads the table and the JSON file as the same points."""
    files = code._write(found, str(tmp_path / "gpu"))
    decode, prefill = read_benchmarks(next(f for f in files if f.suffix == f".{ending}"))
    assert (decode.engine, decode.engine_version) == ("PyTorch decode loop", "9.9")
    assert decode.time_per_output_token is not None
    assert decode.time_per_output_token.median is not None
    assert decode.time_per_output_token.median.number("ms/token") == pytest.approx(11.0)
    assert decode.accelerator_power is not None
    assert decode.accelerator_power.number("W") == 100
    assert prefill.time_per_output_token is None
    assert str(prefill.batch_size) == "1 request"


def test_without_power_nothing_is_claimed(code: Any, plan: Any) -> None:
    """Unknown power is not zero, and there is no energy."""
    found = code.measure(StubDevice(code.NotPossible), code.TINY, plan, code.Meter(None))
    for point in found["measured_points"]:
        assert point.get("power [W]") is None
        assert "power_boundary" not in point
        assert "energy_per_output_token [J/token]" not in point
    assert (found["idle power [W]"], found["power_method"]) == (None, "no reading")


def test_meter_counts_energy(code: Any) -> None:
    """Mean power is energy over time; a counter that stands still is no reading."""
    readings = iter([100.0, 300.0, 5.0, 5.0])
    meter = code.Meter(lambda: 1.0, lambda: next(readings))
    assert meter.method == "energy counter of the GPU"
    start = time.perf_counter()
    watts = meter.during(lambda: time.sleep(0.01))
    assert 200.0 / (time.perf_counter() - start) <= watts <= 200.0 / 0.01
    assert meter.during(lambda: None) is None


def test_meter_samples(code: Any) -> None:
    """Samples are taken while work goes on, and no more after it has failed."""
    taken: list[float] = []

    def watts() -> float:
        taken.append(50.0)
        return 50.0

    def work() -> None:
        while len(taken) < 4:
            time.sleep(0.001)

    assert code.Meter(watts, period=0.001).during(work) == 50.0
    with pytest.raises(ZeroDivisionError):
        code.Meter(watts, period=0.001).during(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    count = len(taken)
    time.sleep(0.01)
    assert len(taken) == count


def nvml(*, counter: bool) -> types.SimpleNamespace:
    """Return a stand-in for pynvml."""

    def energy(handle: str) -> float:
        if not counter:
            raise RuntimeError("not supported")
        return 5000.0

    return types.SimpleNamespace(
        nvmlInit=lambda: None,
        nvmlDeviceGetHandleByIndex=lambda i: f"index {i}",
        nvmlDeviceGetHandleByUUID=lambda u: f"uuid {u}",
        nvmlDeviceGetPowerUsage=lambda h: 70_000.0 if h == "uuid GPU-a" else 30_000.0,
        nvmlDeviceGetTotalEnergyConsumption=energy,
    )


@pytest.mark.parametrize(("identity", "watts"), [("GPU-a", 70.0), ("0", 30.0)])
def test_power_by_nvml(
    code: Any, monkeypatch: pytest.MonkeyPatch, identity: str, watts: float
) -> None:
    """The counter is taken if there is one, otherwise samples of the same GPU."""
    monkeypatch.setitem(sys.modules, "pynvml", nvml(counter=False))
    meter = code.power_reader(identity)
    assert meter.method == "samples of the power of the GPU"
    assert meter.during(lambda: None) == watts
    monkeypatch.setitem(sys.modules, "pynvml", nvml(counter=True))
    assert code.power_reader(identity).method == "energy counter of the GPU"


def test_power_by_nvidia_smi(code: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pynvml is missing nvidia-smi is asked; where that is missing there is no power."""
    monkeypatch.setitem(sys.modules, "pynvml", None)
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        asked.append(command)
        return types.SimpleNamespace(stdout=" 65.5\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert code.power_reader("GPU-a").during(lambda: None) == 65.5
    assert asked[0][:2] == ["nvidia-smi", "--query-gpu=power.draw"]
    assert asked[0][-1] == "GPU-a"

    def missing(command: list[str], **_: Any) -> Any:
        raise FileNotFoundError(command[0])

    monkeypatch.setattr(subprocess, "run", missing)
    assert code.power_reader("GPU-a").method == "no reading"


def test_sizes_of_the_models(code: Any) -> None:
    """The largest model has 8 billion parameters; what fits depends on the memory."""
    assert [round(shape.parameters / 1e9, 1) for shape in code.SHAPES] == [8.0, 3.6, 1.5]
    assert code.shape_that_fits(80 * 10**9) is code.SHAPES[0]
    assert code.shape_that_fits(24 * 10**9) is code.SHAPES[1]
    with pytest.raises(code.NotPossible, match="hold no model of the list"):
        code.shape_that_fits(10**9)
    # 32 layers, 8 heads of 128, keys and values, 2 bytes each: 128 KiB for a token.
    assert code.SHAPES[0].cache_bytes(1, 1) == 128 * 1024


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--dry-run", "--layers", "0"], "needs to be at least 1"),
        (["--dry-run", "--heads", "3"], "needs to be a multiple of heads"),
    ],
)
def test_command_line_is_checked(code: Any, line: list[str], told: str) -> None:
    """A model that cannot be built is refused."""
    arguments = code._parser().parse_args(line)
    with pytest.raises(code.NotPossible, match=told):
        code._chosen(arguments, 10**12)


def test_command_line_changes_the_plan(code: Any) -> None:
    """What is given replaces the default, and nothing else does."""
    line = ["--batches", "1,2", "--seconds", "9", "--layers", "8"]
    shape, plan = code._chosen(code._parser().parse_args(line), 80 * 10**9)
    assert (plan.batches, plan.seconds, plan.contexts) == ((1, 2), 9.0, (1024, 8192))
    assert (shape.layers, shape.hidden) == (8, 4096)
    sizes = [f"--{name}={value}" for name, value in
             zip(("layers", "hidden", "heads", "kv-heads", "intermediate", "vocabulary"),
                 (1, 8, 2, 1, 4, 9), strict=True)]  # fmt: skip
    assert code._chosen(code._parser().parse_args(sizes), 10)[0] == code.Shape(1, 8, 2, 1, 4, 9)
    with pytest.raises(SystemExit):
        code._parser().parse_args(["--batches", "0"])


def test_no_torch_is_told(
    code: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without PyTorch, and without a GPU, the script says so and ends with 2."""
    monkeypatch.setitem(sys.modules, "torch", None)
    assert code.main([]) == 2
    assert "PyTorch is not installed" in capsys.readouterr().err
    cuda = types.SimpleNamespace(is_available=lambda: False)
    monkeypatch.setitem(sys.modules, "torch", types.SimpleNamespace(cuda=cuda))
    assert code.main([]) == 2
    assert "PyTorch finds no NVIDIA GPU here" in capsys.readouterr().err


def test_main_writes_both_files(code: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A run with the stub writes a table and a JSON file."""
    monkeypatch.setattr(code, "_device", lambda *, dry: StubDevice(code.NotPossible))
    out = tmp_path / "gpu"
    assert code.main(["--dry-run", "--out", str(out)]) == 0
    assert len(read_benchmarks(tmp_path / "gpu.csv")) == 5
    assert json.loads((tmp_path / "gpu.json").read_text("utf-8"))["model"]["layers"] == 2


def test_dry_run_with_torch(code: Any, tmp_path: Path) -> None:
    """Where PyTorch is installed, every step runs on the CPU in tiny sizes."""
    pytest.importorskip("torch")
    assert code.main(["--dry-run", "--out", str(tmp_path / "cpu")]) == 0
    points = read_benchmarks(tmp_path / "cpu.csv")
    assert len(points) == 5
    assert not json.loads((tmp_path / "cpu.json").read_text("utf-8"))["not_measured"]


def test_decoding_continues_prefill(code: Any) -> None:
    """A text read at once and one read token by token give the same logits."""
    torch = pytest.importorskip("torch")
    device = code.Device(torch, dry=True)
    decoder = device.decoder(code.TINY)
    seen: list[Any] = []
    logits = decoder._logits

    def kept(state: Any, attend: Any) -> Any:
        seen.append(logits(state, attend))
        return seen[-1]

    decoder._logits = kept
    decoder.prefill(1)()
    decoder.decode(1, 1)()
    assert torch.allclose(seen[0], seen[1], atol=0.05)
