"""Measure time and power of one NVIDIA GPU: multiplication, copying, a decode loop, prefill.

Needs PyTorch and the standard library, nothing else, so that this file alone can be copied to any
machine. Power comes from NVML's energy counter if pynvml is there, otherwise from nvidia-smi.
Writes two files: a table of points in CSV and the same points with kernels and machine in JSON.
What touches PyTorch is in `Device` and `Decoder`; the rest takes whatever has their methods.

Rejected: an engine (its scheduler would be measured too, and its version is one more unknown), and
timing by the host's clock (launches run ahead of the GPU).
"""

from __future__ import annotations

import argparse
import csv
import importlib
import itertools
import json
import math
import statistics
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Decoder", "Device", "main", "measure", "timed"]

COLUMNS = (
    "model",
    "accelerator",
    "accelerators",
    "weight_format",
    "cache_format",
    "engine",
    "engine_version",
    "date",
    "tensor_parallel",
    "serving",
    "load",
    "batch_size",
    "input_tokens",
    "output_tokens",
    "ttft_median [ms]",
    "tpot_median [ms]",
    "output_throughput [tokens/s]",
    "total_throughput [tokens/s]",
    "power [W]",
    "power_boundary",
    "energy_per_output_token [J/token]",
    "note",
)
"""Columns of the table."""

BYTES_PER_ELEMENT = 2
"""Of weights and cache: bf16."""

WEIGHTS_AT_MOST = 0.4
"""Share of the memory that the weights may take, so that there is room for caches."""


class NotPossible(Exception):  # noqa: N818 - it is an answer, not a fault
    """What the machine cannot do; the text says why."""


@dataclass(frozen=True)
class Shape:
    """A decoder of the usual form: grouped attention, gated feed-forward, no biases."""

    layers: int
    hidden: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int

    @property
    def head_size(self) -> int:
        """Length of one head."""
        return self.hidden // self.heads

    @property
    def parameters(self) -> int:
        """Weights, input and output embedding apart."""
        attention = 2 * self.hidden * (self.hidden + self.kv_heads * self.head_size)
        layer = attention + 3 * self.hidden * self.intermediate + 2 * self.hidden
        return self.layers * layer + 2 * self.vocabulary * self.hidden + self.hidden

    def cache_bytes(self, batch: int, context: int) -> int:
        """Bytes of keys and values."""
        numbers = 2 * self.layers * self.kv_heads * self.head_size * batch * context
        return numbers * BYTES_PER_ELEMENT

    def check(self) -> None:
        """Refuse a shape that cannot be built."""
        if min(asdict(self).values()) < 1:
            raise NotPossible(f"every size of the model needs to be at least 1; got {self}")
        if self.hidden % self.heads or self.heads % self.kv_heads:
            raise NotPossible(
                f"hidden ({self.hidden}) needs to be a multiple of heads ({self.heads}), and heads "
                f"of kv heads ({self.kv_heads})"
            )


SHAPES = (
    Shape(32, 4096, 32, 8, 14336, 128256),
    Shape(28, 3072, 24, 8, 8192, 128256),
    Shape(16, 2048, 32, 8, 8192, 128256),
)
"""Models of about 8, 4 and 1.5 billion parameters, the largest first."""

TINY = Shape(2, 64, 4, 2, 128, 256)
"""Model of a dry run."""


def shape_that_fits(memory: int) -> Shape:
    """The largest of `SHAPES` that leaves room for caches."""
    for shape in SHAPES:
        if shape.parameters * BYTES_PER_ELEMENT <= WEIGHTS_AT_MOST * memory:
            return shape
    raise NotPossible(
        f"{memory / 1e9:.0f} GB of memory hold no model of the list; give --layers etc."
    )


@dataclass(frozen=True)
class Plan:
    """What to measure, and how long."""

    seconds: float = 4.0
    warm_up: float = 2.0
    idle_seconds: float = 10.0
    sizes: tuple[int, ...] = (1024, 2048, 4096, 8192, 16384)
    formats: tuple[str, ...] = ("bf16", "fp16", "fp8")
    copies: tuple[int, ...] = (2**26, 2**28, 2**30)
    batches: tuple[int, ...] = (1, 4, 16, 32, 64, 128, 256)
    contexts: tuple[int, ...] = (1024, 8192)
    prefills: tuple[int, ...] = (512, 2048, 8192)


DRY = Plan(0.01, 0.0, 0.01, (16,), ("bf16",), (4096,), (1, 2), (8, 16), (8,))
"""Plan of a dry run."""


@dataclass(frozen=True)
class Timing:
    """Median time of a step, and power meanwhile."""

    seconds: float
    steps: int
    watts: float | None


# -- power ----------------------------------------------------------------------------------------


class Meter:
    """Mean power between two moments: from an energy counter, otherwise from samples."""

    def __init__(
        self,
        watts: Callable[[], float] | None,
        joules: Callable[[], float] | None = None,
        period: float = 0.05,
    ) -> None:
        self._watts = watts
        self._joules = joules
        self._period = period

    @property
    def method(self) -> str:
        """How power is found, in words."""
        if self._joules is not None:
            return "energy counter of the GPU"
        return "no reading" if self._watts is None else "samples of the power of the GPU"

    def during(self, work: Callable[[], None]) -> float | None:
        """Mean power while something runs (W); None if it cannot be read."""
        if self._joules is not None:
            return self._counted(work, self._joules)
        if self._watts is not None:
            return self._sampled(work, self._watts)
        work()
        return None

    @staticmethod
    def _counted(work: Callable[[], None], joules: Callable[[], float]) -> float | None:
        start, before = time.perf_counter(), joules()
        work()
        spent, after = time.perf_counter() - start, joules()
        # A counter that has not moved was read too soon, not at no power.
        return (after - before) / spent if after > before else None

    def _sampled(self, work: Callable[[], None], watts: Callable[[], float]) -> float:
        samples = [watts()]
        done = threading.Event()

        def sample() -> None:
            while not done.wait(self._period):
                samples.append(watts())

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            work()
        finally:
            done.set()
            thread.join()
        samples.append(watts())
        return statistics.fmean(samples)


def power_reader(identity: str) -> Meter:
    """Find out how power of a GPU can be read."""
    try:
        return _nvml_meter(identity)
    except Exception as error:  # noqa: BLE001 - pynvml has errors of its own, and it is optional
        print(f"NVML is not used: {error}")
    try:
        return _smi_meter(identity)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"nvidia-smi is not used: {error}; there will be no power")
    return Meter(None)


def _nvml_meter(identity: str) -> Meter:
    nvml = importlib.import_module("pynvml")
    nvml.nvmlInit()
    by_index = identity.isdigit()
    handle = (
        nvml.nvmlDeviceGetHandleByIndex(int(identity))
        if by_index
        else nvml.nvmlDeviceGetHandleByUUID(identity)
    )

    def watts() -> float:
        return float(nvml.nvmlDeviceGetPowerUsage(handle)) / 1e3

    def joules() -> float:
        return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) / 1e3

    watts()
    try:
        joules()
    except Exception:  # noqa: BLE001 - before Volta there is no counter
        return Meter(watts)
    return Meter(watts, joules)


def _smi_meter(identity: str) -> Meter:
    def watts() -> float:
        return float(_smi("power.draw", identity))

    watts()
    return Meter(watts, period=0.2)


def _smi(what: str, identity: str) -> str:
    command = ["nvidia-smi", f"--query-gpu={what}", "--format=csv,noheader,nounits", "-i", identity]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    return done.stdout.strip()


# -- PyTorch --------------------------------------------------------------------------------------


class Device:
    """What PyTorch does on one GPU, or on the CPU in a dry run."""

    def __init__(self, torch: Any, *, dry: bool = False) -> None:
        self.torch = torch
        self.dry = dry
        self.where = "cpu" if dry else "cuda:0"
        torch.manual_seed(0)

    def machine(self) -> dict[str, str]:
        """Name and versions."""
        if self.dry:
            return {"accelerator": "CPU (dry run)", "torch": self.torch.__version__}
        found = {
            "accelerator": self.torch.cuda.get_device_name(0),
            "torch": self.torch.__version__,
            "cuda": str(self.torch.version.cuda),
            "capability": ".".join(map(str, self.torch.cuda.get_device_capability(0))),
        }
        try:
            found["driver"] = _smi("driver_version", self.identity())
            found["power limit [W]"] = _smi("power.limit", self.identity())
        except (OSError, subprocess.SubprocessError):
            found["driver"] = "unknown"
        return found

    def identity(self) -> str:
        """UUID as NVML and nvidia-smi take it; the index where PyTorch does not tell."""
        uuid = getattr(self.torch.cuda.get_device_properties(0), "uuid", None)
        return "0" if uuid is None else f"GPU-{str(uuid).removeprefix('GPU-')}"

    def memory(self) -> tuple[int, int]:
        """Free and total memory (byte)."""
        if self.dry:
            return 2**40, 2**40
        free, total = self.torch.cuda.mem_get_info()
        return int(free), int(total)

    def synchronize(self) -> None:
        """Wait until everything is done."""
        if not self.dry:
            self.torch.cuda.synchronize()

    def release(self) -> None:
        """Give unused memory back."""
        if not self.dry:
            self.torch.cuda.empty_cache()

    def times(self, step: Callable[[], None], count: int) -> list[float]:
        """Time of each of some steps (s), by the GPU's clock."""
        if self.dry:
            return [_host_time(step) for _ in range(count)]
        marks = [self.torch.cuda.Event(enable_timing=True) for _ in range(count + 1)]
        marks[0].record()
        for mark in marks[1:]:
            step()
            mark.record()
        self.synchronize()
        return [a.elapsed_time(b) / 1e3 for a, b in itertools.pairwise(marks)]

    def product(self, kind: str, size: int) -> Callable[[], None]:
        """A multiplication of two square matrices of random numbers."""
        torch = self.torch
        if kind == "fp8":
            return self._scaled_product(size)
        dtype = {"bf16": torch.bfloat16, "fp16": torch.float16}[kind]
        left, right = (torch.randn(size, size, device=self.where).to(dtype) for _ in range(2))
        out = torch.empty(size, size, device=self.where, dtype=dtype)
        return lambda: torch.mm(left, right, out=out)

    def _scaled_product(self, size: int) -> Callable[[], None]:
        torch = self.torch
        if self.dry or torch.cuda.get_device_capability(0) < (8, 9):
            raise NotPossible("fp8 needs a GPU of compute capability 8.9 or more")
        kind = torch.float8_e4m3fn
        left = torch.randn(size, size, device=self.where).to(kind)
        right = torch.randn(size, size, device=self.where).to(kind).t()
        one = torch.ones((), device=self.where)
        return lambda: torch._scaled_mm(  # noqa: SLF001 - the only door to fp8
            left, right, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True
        )

    def copy(self, size: int) -> Callable[[], None]:
        """A copy of so many bytes within the memory of the GPU."""
        source = self.torch.ones(size, device=self.where, dtype=self.torch.uint8)
        target = self.torch.empty_like(source)
        return lambda: target.copy_(source)

    def decoder(self, shape: Shape) -> Decoder:
        """A decoder of random weights."""
        return Decoder(self, shape)

    def captured(self, step: Callable[[], None]) -> tuple[Callable[[], None], bool]:
        """The step as one launch, and whether that was possible."""
        if self.dry:
            return step, False
        try:
            stream = self.torch.cuda.Stream()
            stream.wait_stream(self.torch.cuda.current_stream())
            with self.torch.cuda.stream(stream):
                step()
            self.torch.cuda.current_stream().wait_stream(stream)
            graph = self.torch.cuda.CUDAGraph()
            with self.torch.cuda.graph(graph):
                step()
        except RuntimeError as error:
            print(f"no CUDA graph: {error}")
            return step, False
        return graph.replay, True


def _host_time(step: Callable[[], None]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


class Decoder:
    """A decoder of random weights in bf16; steps at a fixed length of the context."""

    def __init__(self, device: Device, shape: Shape) -> None:
        self.device = device
        self.shape = shape
        size = shape.head_size
        self.embedding = self._weights(shape.vocabulary, shape.hidden)
        self.head = self._weights(shape.vocabulary, shape.hidden)
        self.layers = [
            {
                "qkv": self._weights(shape.hidden + 2 * shape.kv_heads * size, shape.hidden),
                "out": self._weights(shape.hidden, shape.hidden),
                "up": self._weights(2 * shape.intermediate, shape.hidden),
                "down": self._weights(shape.hidden, shape.intermediate),
            }
            for _ in range(shape.layers)
        ]

    def _weights(self, rows: int, columns: int) -> Any:
        torch = self.device.torch
        made = torch.empty(rows, columns, device=self.device.where, dtype=torch.bfloat16)
        return made.normal_(0.0, columns**-0.5)

    def decode(self, batch: int, context: int) -> Callable[[], None]:
        """One step: a token for each request, the cache of each full to `context`."""
        torch, shape = self.device.torch, self.shape
        where = {"device": self.device.where, "dtype": torch.bfloat16}
        form = (shape.layers, 2, batch, shape.kv_heads, context, shape.head_size)
        cache = torch.randn(*form[:2], 1, *form[3:], **where).expand(form).contiguous()
        tokens = torch.zeros(batch, device=self.device.where, dtype=torch.long)

        def attend(layer: int, query: Any, key: Any, value: Any) -> Any:
            keys, values = cache[layer, 0], cache[layer, 1]
            keys[:, :, -1].copy_(key[:, 0])
            values[:, :, -1].copy_(value[:, 0])
            # The queries of one group see the same keys: they stand side by side as a short text.
            grouped = query.reshape(batch, shape.kv_heads, -1, shape.head_size)
            found = torch.nn.functional.scaled_dot_product_attention(grouped, keys, values)
            return found.reshape(batch, 1, shape.hidden)

        def step() -> None:
            with torch.no_grad():
                tokens.copy_(self._logits(self.embedding[tokens][:, None], attend).argmax(-1))

        return step

    def prefill(self, length: int) -> Callable[[], None]:
        """Read one text of some length, up to its first token."""
        torch, shape = self.device.torch, self.shape
        tokens = torch.arange(length, device=self.device.where) % shape.vocabulary
        group = shape.heads // shape.kv_heads

        def attend(_: int, query: Any, key: Any, value: Any) -> Any:
            keys, values = (x.transpose(1, 2).repeat_interleave(group, dim=1) for x in (key, value))
            found = torch.nn.functional.scaled_dot_product_attention(
                query.transpose(1, 2), keys, values, is_causal=True
            )
            return found.transpose(1, 2).reshape(1, length, shape.hidden)

        def step() -> None:
            with torch.no_grad():
                self._logits(self.embedding[tokens][None], attend).argmax(-1)

        return step

    def _logits(self, state: Any, attend: Callable[..., Any]) -> Any:
        """Logits of the last position; `attend` gets queries, keys, values by position and head."""
        linear = self.device.torch.nn.functional.linear
        shape = self.shape
        ends = (shape.hidden, shape.kv_heads * shape.head_size, shape.kv_heads * shape.head_size)
        for number, layer in enumerate(self.layers):
            mixed = linear(self._normed(state), layer["qkv"]).split(ends, dim=-1)
            heads = [x.unflatten(-1, (-1, shape.head_size)) for x in mixed]
            state = state + linear(attend(number, *heads), layer["out"])
            gate, up = linear(self._normed(state), layer["up"]).chunk(2, dim=-1)
            silu = self.device.torch.nn.functional.silu
            state = state + linear(silu(gate) * up, layer["down"])
        return linear(self._normed(state[:, -1]), self.head)

    def _normed(self, state: Any) -> Any:
        scale = state.float().pow(2).mean(-1, keepdim=True).add(1e-6).rsqrt()
        return state * scale.to(state.dtype)


# -- measuring ------------------------------------------------------------------------------------


def timed(step: Callable[[], None], plan: Plan, device: Any, meter: Meter) -> Timing:
    """Median time of a step, and power meanwhile."""
    first = statistics.median(device.times(step, 3)[1:])
    warm = max(1, min(10_000, math.ceil(plan.warm_up / max(first, 1e-6))))
    usual = statistics.median(device.times(step, warm))
    count = max(5, min(10_000, math.ceil(plan.seconds / max(usual, 1e-6))))
    found: list[float] = []
    watts = meter.during(lambda: found.extend(device.times(step, count)))
    return Timing(statistics.median(found), count, watts)


def _kernels(device: Any, plan: Plan, meter: Meter) -> Iterator[dict[str, Any]]:
    for kind in plan.formats:
        for size in plan.sizes:
            row: dict[str, Any] = {"kernel": "matrix multiplication", "format": kind, "size": size}
            done = _attempt(partial(device.product, kind, size), plan, device, meter)
            if isinstance(done, Timing):
                row["rate [FLOP/s]"] = 2.0 * size**3 / done.seconds
            yield row | _told(done)
    for size in plan.copies:
        row = {"kernel": "memory copy", "format": "bytes", "size": size}
        done = _attempt(partial(device.copy, size), plan, device, meter)
        if isinstance(done, Timing):
            row["rate [byte/s]"] = 2.0 * size / done.seconds
            row["counted"] = "bytes read and bytes written"
        yield row | _told(done)


def _attempt(
    make: Callable[[], Callable[[], None]], plan: Plan, device: Any, meter: Meter
) -> Timing | str:
    """Measure something, or say why it was not possible."""
    try:
        return timed(make(), plan, device, meter)
    except (NotPossible, RuntimeError, AttributeError) as error:
        # PyTorch says "out of memory" and "not supported" as RuntimeError.
        return str(error).partition("\n")[0] or type(error).__name__
    finally:
        device.release()


def _told(done: Timing | str) -> dict[str, Any]:
    if isinstance(done, str):
        return {"not measured": done}
    return {"time [s]": done.seconds, "steps": done.steps, "power [W]": done.watts}


def _points(
    device: Any, shape: Shape, plan: Plan, meter: Meter
) -> Iterator[tuple[dict[str, Any], str]]:
    """Cells of each point, and why it was not measured, if so."""
    decoder = device.decoder(shape)
    for context in plan.contexts:
        for batch in plan.batches:
            row: dict[str, Any] = {"batch_size": batch, "input_tokens": context}
            needed = shape.cache_bytes(batch, context)
            free = device.memory()[0]
            if needed > 0.9 * free:
                yield row, f"the cache takes {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
                continue
            yield from _decoded(decoder, row, plan, device, meter)
    for length in plan.prefills:
        done = _attempt(partial(decoder.prefill, length), plan, device, meter)
        row = {"batch_size": 1, "input_tokens": length, "output_tokens": 1, "note": "prefill"}
        if isinstance(done, Timing):
            row["ttft_median [ms]"] = done.seconds * 1e3
            row["total_throughput [tokens/s]"] = length / done.seconds
            row["power [W]"] = done.watts
        yield row, done if isinstance(done, str) else ""


def _decoded(
    decoder: Any, row: dict[str, Any], plan: Plan, device: Any, meter: Meter
) -> Iterator[tuple[dict[str, Any], str]]:
    batch = row["batch_size"]
    captured = []

    def make() -> Callable[[], None]:
        step: Callable[[], None]
        step, once = device.captured(decoder.decode(batch, row["input_tokens"]))
        captured.append(once)
        return step

    done = _attempt(make, plan, device, meter)
    if isinstance(done, str):
        yield row, done
        return
    row["tpot_median [ms]"] = done.seconds * 1e3
    row["output_throughput [tokens/s]"] = batch / done.seconds
    row["power [W]"] = done.watts
    if done.watts is not None:
        row["energy_per_output_token [J/token]"] = done.watts * done.seconds / batch
    row["note"] = f"decoding alone, context fixed{', CUDA graph' if captured[-1] else ''}"
    yield row, ""


def measure(device: Any, shape: Shape, plan: Plan, meter: Meter) -> dict[str, Any]:
    """Measure everything of the plan."""
    machine = device.machine()
    found: dict[str, Any] = {
        "machine": machine,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "model": asdict(shape) | {"parameters": shape.parameters},
        "plan": asdict(plan),
        "power_method": meter.method,
        "idle power [W]": meter.during(lambda: time.sleep(plan.idle_seconds)),
        "kernels": [],
        "measured_points": [],
        "not_measured": [],
    }
    for kernel in _kernels(device, plan, meter):
        print(kernel)
        found["kernels"].append(kernel)
    common = _common(machine, shape, found["date"])
    for row, why in _points(device, shape, plan, meter):
        print(row, why)
        if why:
            found["not_measured"].append(row | {"why": why})
            continue
        if row.get("power [W]") is not None:
            row["power_boundary"] = "all accelerators"
        cells = common | row
        found["measured_points"].append({name: cells[name] for name in COLUMNS if name in cells})
    return found


def _common(machine: dict[str, str], shape: Shape, date: str) -> dict[str, Any]:
    return {
        "model": f"random weights, {shape.parameters / 1e9:.3g}B parameters",
        "accelerator": machine["accelerator"],
        "accelerators": 1,
        "weight_format": "bf16",
        "cache_format": "bf16",
        "engine": "PyTorch decode loop",
        "engine_version": machine["torch"],
        "date": date,
        "tensor_parallel": 1,
        "serving": "aggregated",
        "load": "static batch",
    }


def _write(found: dict[str, Any], prefix: str) -> list[Path]:
    files = [Path(f"{prefix}.csv"), Path(f"{prefix}.json")]
    with files[0].open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(found["measured_points"])
    files[1].write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return files


# -- command line ---------------------------------------------------------------------------------


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if min(numbers) < 1:
        raise ValueError(text)
    return numbers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", default="measured", help="files to write, without the ending")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes on the CPU, no power")
    parser.add_argument("--seconds", type=float, help="time of each measurement")
    parser.add_argument("--idle-seconds", type=float, help="time of the measurement of idle power")
    for name in ("batches", "contexts", "prefills", "sizes", "copies"):
        parser.add_argument(f"--{name}", type=_numbers, help="numbers with commas between them")
    for name in asdict(TINY):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, help="of the model")
    return parser


def _chosen(arguments: argparse.Namespace, memory: int) -> tuple[Shape, Plan]:
    """Model and plan: the defaults, and what the command line says otherwise."""
    given = {name: value for name, value in vars(arguments).items() if value is not None}
    plan = asdict(DRY if arguments.dry_run else Plan())
    plan |= {name: value for name, value in given.items() if name in plan}
    sizes = {name: value for name, value in given.items() if name in asdict(TINY)}
    if arguments.dry_run or len(sizes) == len(asdict(TINY)):
        shape = TINY
    else:
        shape = shape_that_fits(memory)
    shape = Shape(**{**asdict(shape), **sizes})
    shape.check()
    return shape, Plan(**plan)


def _device(*, dry: bool) -> Device:
    try:
        torch = importlib.import_module("torch")
    except ImportError:
        raise NotPossible("PyTorch is not installed: pip install torch") from None
    if not dry and not torch.cuda.is_available():
        raise NotPossible("PyTorch finds no NVIDIA GPU here; --dry-run tries the script on the CPU")
    return Device(torch, dry=dry)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write the files; 2 if this machine cannot."""
    parsed = _parser().parse_args(arguments)
    try:
        device = _device(dry=parsed.dry_run)
        shape, plan = _chosen(parsed, device.memory()[1])
        meter = Meter(None) if parsed.dry_run else power_reader(device.identity())
        found = measure(device, shape, plan, meter)
    except NotPossible as error:
        print(f"measure.py: {error}", file=sys.stderr)
        return 2
    for file in _write(found, parsed.out):
        print(f"wrote {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
