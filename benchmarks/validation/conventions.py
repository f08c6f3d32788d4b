"""Which FLOP a table counts: no two tables count alike.

What a row says about its figures comes first, then what is known of its table; the default is what
most authors do (PaLM's appendix B): all positions of attention, matrices that multiply, nothing
twice. Megatron-Bridge's own counts are known from the history of its `flop_utils.py`: until May
2026 (release 26.06) a gate with another function than SiLU counted as none, and a sliding window
as no window; padded rows of the vocabulary are left out here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from validation.models import is_adapter

if TYPE_CHECKING:
    from validation.rows import Case

__all__ = ["Convention", "convention_of", "recomputation_of"]


class Convention(NamedTuple):
    """How a row's table counts."""

    attention: str = "full"
    embedding: str = "multiplied"
    passes: str = "training"

    recomputed: bool = False
    """Whether what is computed twice counts twice."""

    plain_gates: bool = False
    """Whether gates other than SiLU, and sliding windows, were overlooked."""


WORDS = (
    (r"non-causal|not halved|12 ?l ?d ?t|\bfull attention", "full"),
    (r"\bcausal|halved|6 ?l ?d ?t", "causal"),
    (r"\b6nd? only|no attention|excl\w*\.? attention|attention not counted", "none"),
)
"""What a row says about attention."""

TABLES = (
    (r"megatron-bridge", "causal"),
    (r"(?=.*recipe)(?=.*v5p)", "causal"),  # MaxText halves attention since July 2025
    (r"tpu[-_ ]?v?7x?\b|ironwood", "causal"),
    (r"\baws|\btrn\d|neuron", "causal"),  # found from two of its rows
)
"""Tables that do not count all positions: words of family and source."""

GATES = re.compile(r"gpt[-_ ]?oss|gemma", re.IGNORECASE)
VERSION = re.compile(r"megatron-bridge-(\d+)\.(\d+)", re.IGNORECASE)
COUNTED_SINCE = (26, 6)


def convention_of(case: Case) -> Convention:
    """Convention of a row."""
    said = f"{case.text('tflops_convention')} {case.text('mfu_convention')}".casefold()
    table = f"{case.text('family')} {case.text('accelerator')}".casefold()
    packed = is_adapter(case) or ("nemo" in table and "sft" in case.text("model").casefold())
    # Fine-tuning packs short texts into long sequences and attention stays inside each of them.
    attention = "none" if packed else _attention(said, table)
    return Convention(
        attention=attention,
        embedding="all" if "llm-foundry" in table or "6n +" in said else "multiplied",
        passes="adapter" if is_adapter(case) else "training",
        recomputed=bool(re.search(r"incl\w*\.?( the)? recompute", said)) or "internevo" in table,
        plain_gates=_overlooks_gates(case),
    )


def _attention(said: str, table: str) -> str:
    for pattern, attention in WORDS:
        if re.search(pattern, said):
            return attention
    return next((found for pattern, found in TABLES if re.search(pattern, table)), "full")


def _overlooks_gates(case: Case) -> bool:
    version = VERSION.search(case.text("family"))
    if version is None or not GATES.search(case.text("model")):
        return False
    return (int(version[1]), int(version[2])) < COUNTED_SINCE


def recomputation_of(case: Case) -> str | None:
    """What a row computes twice: "none", "selective" or "full"; None if it does not say."""
    text = case.text("activation_recompute").casefold()
    if text in {"false", "none", "no", "off", "0", "0.0"}:
        return "none"
    if "select" in text:
        return "selective"
    return "full" if text in {"true", "yes", "full", "1", "1.0", "all", "block"} else None
