"""From a row to its accelerator (`le.accelerators`) and to the number format of its matrices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import llm_economics as le
from validation.rows import Case, SkipError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["accelerator_name", "accelerator_of", "format_of", "peak_of"]

SPELLINGS = (
    (r"^tpu[-_ ]?v?7x?\b.*|.*ironwood.*", "TPU v7"),
    (r"^tpu[-_ ]?(v[2-6][ep]?)(?![0-9a-z]).*", r"TPU \1"),
    (r"^(?:cloud )?tpu.*trillium.*|^trillium.*", "TPU v6e"),
    (r".*\b(mi\d{3}[xa])\b.*", r"\1"),
    (r".*\b(gb[23]00|gh200|b[23]00)\b.*", r"\1"),
    (r".*\bh100\b.*\bnvl\b.*", "H100 NVL"),
    (r".*\bh100\b.*\bpcie\b.*", "H100 PCIe"),
    (r".*\bh100\b.*", "H100 SXM"),
    (r".*\bh200\b.*\bnvl\b.*", "H200 NVL"),
    (r".*\bh200\b.*", "H200 SXM"),
    (r".*\bh800\b.*", "H800 SXM"),
    (r".*\ba[18]00\b.*\bpcie\b.*\b40\s?gb?\b.*", "A100 PCIe 40 GB"),
    (r".*\ba[18]00\b.*\bpcie\b.*", "A100 PCIe 80 GB"),
    (r".*\ba[18]00\b.*\b40\s?gb?\b.*", "A100 SXM 40 GB"),
    (r".*\ba[18]00\b.*", "A100 SXM 80 GB"),
    (r".*\bv100\b.*\bpcie\b.*", "V100 PCIe"),
    (r".*\bv100\b.*", "V100 SXM"),
    (r".*\bgaudi[-_ ]?([23])\b.*", r"Gaudi \1"),
    (r".*\btrainium[-_ ]?([123])\b.*|.*\btrn([123])n?\b.*", r"Trainium\1\2"),
)
LIMIT = re.compile(r"\b(\d{2,4})\s?W\b", re.IGNORECASE)
MEMORY = re.compile(r"\b(\d{2,3})\s?GB\b", re.IGNORECASE)

FORMAT = re.compile(
    r"(?:mx|nv)?(?:bf|fp|int|tf)\d{1,2}|(?:bfloat|float|int)\d{1,2}|half", re.IGNORECASE
)
WHOLE = ("bf16", "fp16")
"""What a row that names no format is trained in, if the accelerator has it; and what remains of
one whose format the accelerator lacks."""


def accelerator_of(case: Case) -> le.Accelerator:
    """The accelerator of a row; SkipError if it is not in the catalogue."""
    text = case.text("accelerator")
    if not text:
        raise SkipError("no accelerator")
    for name in _spellings(text):
        if name in le.accelerators:
            return _variant(le.accelerators[name], text)
    raise SkipError("accelerator not in the catalogue")


def accelerator_name(case: Case) -> str:
    """Its name in the catalogue, or as the row has it."""
    try:
        return accelerator_of(case).name
    except SkipError:
        return case.text("accelerator") or "not stated"


def _spellings(text: str) -> Iterator[str]:
    yield text
    spaced = re.sub(r"[-_/]+", " ", text).strip().casefold()
    for pattern, name in SPELLINGS:
        if re.fullmatch(pattern, spaced):
            yield re.sub(pattern, name, spaced)


def _variant(base: le.Accelerator, text: str) -> le.Accelerator:
    """Chip whose name tells another memory, link or limit of power than the catalogue's."""
    changes: dict[str, Any] = {}
    if re.search(r"\ba800\b", text.casefold()):
        changes |= {"name": text, "link_bandwidth": "200 GB/s"}
    if limit := LIMIT.search(text.replace("-", " ")):
        changes |= {"name": text, "power": f"{limit[1]} W", "peaks": _limited(base, limit[1])}
        if memory := MEMORY.search(text.replace("-", " ")):
            changes |= {"memory": f"{memory[1]} GB"}
    return base.evolve(**changes) if changes else base


def _limited(base: le.Accelerator, watts: str) -> dict[str, le.Quantity]:
    """Peaks at another limit of power: clocks go with its cube root where it binds."""
    ratio = float((le.quantity(f"{watts} W") / base.require("power").central()).number(""))
    return {str(name): peak * min(ratio, 1.0) ** (1.0 / 3.0) for name, peak in base.peaks.items()}


def format_of(case: Case, accelerator: le.Accelerator) -> str:
    """Number format of the matrices: of those that a row names, the fastest on its accelerator."""
    named = [_canonical(found) for found in FORMAT.findall(case.text("precision"))]
    known = [name for name in named if _peak(accelerator, name)]
    if known:
        return max(known, key=lambda name: _peak(accelerator, name))
    for name in WHOLE:
        if _peak(accelerator, name):
            return name
    raise SkipError("no peak in the number format")


def _canonical(text: str) -> str:
    name = text.casefold()
    return {"half": "fp16"}.get(name, name.replace("bfloat", "bf").replace("float", "fp"))


def peak_of(case: Case) -> float:
    """Dense peak of a row's accelerator in its number format (TFLOP/s)."""
    accelerator = accelerator_of(case)
    return _peak(accelerator, format_of(case, accelerator))


def _peak(accelerator: le.Accelerator, name: str) -> float:
    """Dense peak in TFLOP/s, 0 where there is none."""
    try:
        return float(accelerator.peak(name).central().number("TFLOP/s"))
    except (KeyError, ValueError):
        return 0.0
