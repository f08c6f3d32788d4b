"""What is taken when the caller does not say: ranges with a physical meaning and a source.

Each is an `Assumption` that appears in the result. They are few, and each is one shared input, so
that two results that rest on the same assumption move together. Rejected: defaults inside the
formulas, where nobody sees them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

import attrs

from llm_economics.core.errors import UnknownNameError
from llm_economics.core.fields import as_share
from llm_economics.core.reading import between
from llm_economics.core.sources import Assumption, Provenance, Source

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = ["SOURCES", "assumed", "assumption"]

_READ = "2026-11-22"

SOURCES: dict[str, Source] = {
    source.key: source
    for source in (
        Source(
            key="latif-2025",
            authors="I. Latif et al.",
            title="Empirical measurements of AI training power demand on an accelerated server",
            date="2025",
            address="https://arxiv.org/abs/2412.08602",
            accessed=_READ,
        ),
        Source(
            key="newkirk-2025",
            authors="A. Newkirk et al.",
            title="Empirically calibrated power models of AI training servers",
            date="2025",
            address="https://arxiv.org/abs/2506.14551",
            accessed=_READ,
            note="title in our words",
        ),
        Source(
            key="elsworth-2025",
            authors="C. Elsworth et al.",
            organisation="Google",
            title="Measuring the environmental impact of delivering AI at Google scale",
            date="2025-08-21",
            address="https://arxiv.org/abs/2508.15734",
            accessed=_READ,
        ),
        Source(
            key="mlperf-power-2024",
            authors="A. Tschand et al.",
            title="MLPerf Power: benchmarking the energy efficiency of machine learning systems",
            date="2024",
            address="https://arxiv.org/abs/2410.12032",
            accessed=_READ,
        ),
        Source(
            key="olmo3-2025",
            organisation="Allen Institute for AI",
            title="OLMo 3 technical report",
            date="2025",
            accessed=_READ,
            note="0.62 to 0.65 kW per H100-hour, accelerator side",
        ),
        Source(
            key="ml-energy-2026",
            organisation="ML.ENERGY",
            title="ML.ENERGY leaderboard, measurements of text generation",
            date="2026-02",
            address="https://ml.energy/leaderboard",
            accessed=_READ,
        ),
        Source(
            key="deepseek-serving-2025",
            organisation="DeepSeek-AI",
            title="DeepSeek-V3/R1 inference system overview",
            date="2025-03-01",
            address="https://github.com/deepseek-ai/open-infra-index",
            note="from memory: 14.8 thousand output tokens per second and server of eight H800",
        ),
        Source(
            key="llama3-2024",
            organisation="Meta",
            title="The Llama 3 herd of models",
            date="2024-07",
            address="https://arxiv.org/abs/2407.21783",
            accessed=_READ,
        ),
        Source(
            key="cottier-2024",
            authors="B. Cottier et al.",
            organisation="Epoch AI",
            title="The rising costs of training frontier AI models",
            date="2024",
            address="https://arxiv.org/abs/2405.21015",
            accessed=_READ,
        ),
        Source(
            key="you-2025",
            authors="J. You",
            organisation="Epoch AI",
            title="How much energy does ChatGPT use?",
            date="2025-02-07",
            address="https://epoch.ai/gradient-updates/how-much-energy-does-chatgpt-use",
            accessed=_READ,
        ),
        Source(
            key="training-runs-survey-2026",
            organisation="The llm_economics developers",
            title="Survey of published training runs",
            date="2026-11-22",
            note="15 runs whose utilization was reported apart from their hours",
        ),
        Source(
            key="semianalysis-inferencex-2026",
            organisation="SemiAnalysis",
            title="InferenceX application, constants of all-in power per accelerator",
            date="2026-04-03",
            accessed=_READ,
        ),
    )
}
"""Sources of the assumptions, by key."""


@attrs.frozen(kw_only=True)
class _Entry:
    """One assumption as written: its range, its reason, its origin."""

    low: float
    high: float
    why: str
    kind: str
    date: str
    keys: tuple[str, ...]
    unit: str = ""
    confidence: str = "seen"
    shape: str | None = None
    level: float | None = None
    """Probability between the ends, if not 0.90."""

    lower: float = 0.0
    """Below this a range is cut off: an accelerator at work draws more than one at rest."""

    share: bool = False
    """Whether it cannot exceed 1; there it is clipped, not cut off, so that the quoted ends keep
    their probability. What is clipped has a meaning: accelerators at their power limit."""


_TABLE: dict[str, _Entry] = {
    "training_accelerator_load": _Entry(
        low=0.62,
        high=0.95,
        shape="normal",
        lower=0.1,
        share=True,
        why="mean power of an accelerator over its rated power while training: 0.89 to 0.93 "
        "measured for OLMo 3, 0.75 taken by Epoch, near 0.65 where communication binds (a server "
        "then draws 0.91 times the rated power of its accelerators)",
        kind="derived",
        date="2025",
        keys=("olmo3-2025", "cottier-2024", "mlperf-power-2024"),
    ),
    "training_server_factor": _Entry(
        low=1.30,
        high=1.60,
        lower=1.0,
        why="power of a loaded server over that of its accelerators: 30 to 40 % more is the rule, "
        "50 % at the highest power measured of an H100 server; with the load above a server draws "
        "0.88 to 1.40 times the rated power of its accelerators, measured are 0.91 to 1.38",
        kind="derived",
        date="2025",
        keys=("newkirk-2025", "latif-2025", "mlperf-power-2024"),
    ),
    "training_network_and_idle_share": _Entry(
        low=0.03,
        high=0.12,
        why="network, storage and spare servers over working servers: all-in 1.73 kW per H100 over "
        "1.275 kW rated with a PUE of 1.25 leaves 8 %",
        kind="derived",
        date="2026",
        keys=("semianalysis-inferencex-2026",),
    ),
    "goodput": _Entry(
        low=0.67,
        high=0.95,
        level=0.8,
        shape="normal",
        share=True,
        why="hours that 6 N D and the reported steady utilization give over the hours charged: "
        "10 %, median and 90 % of 15 published runs are 0.67, 0.82 and 0.95; above 0.90 of the "
        "time counted for Llama 3.1 405B; what authors count beyond 6 N D is in it",
        kind="derived",
        date="2026-11-22",
        keys=("training-runs-survey-2026", "llama3-2024"),
    ),
    "serving_accelerator_load": _Entry(
        low=0.35,
        high=0.94,
        level=0.8,
        shape="normal",
        lower=0.1,
        share=True,
        why="mean power of an accelerator over its rated power while serving, 10 % to 90 % of "
        "measurements: H100 244 to 605 W of 700 W, median 463 W; B200 451 to 943 W of 1000 W, "
        "median 691 W",
        kind="measured",
        date="2026-02",
        keys=("ml-energy-2026",),
    ),
    "serving_server_factor": _Entry(
        low=1.30,
        high=1.80,
        lower=1.0,
        why="power of a serving server over that of its accelerators: 1.43 from Google's shares "
        "(58 % accelerators, 25 % host); hosts weigh more when accelerators are not at full load",
        kind="derived",
        date="2025-08-21",
        keys=("elsworth-2025",),
    ),
    "serving_network_and_idle_share": _Entry(
        low=0.05,
        high=0.25,
        why="idle machines and network over working servers: 0.12 from Google's shares (10 % idle "
        "over 83 % at work)",
        kind="derived",
        date="2025-08-21",
        keys=("elsworth-2025",),
    ),
    "decode_model_flops_utilization": _Entry(
        low=0.03,
        high=0.21,
        share=True,
        why="share of the dense bf16 peak that becomes model FLOP while tokens are written: 129 "
        "measured points of 21 dense models at batches of 32 and more on A100, H100 and B200, "
        "median 0.085; Epoch takes 0.10, 0.05 in its pessimistic case",
        kind="measured",
        date="2026-02",
        keys=("ml-energy-2026", "you-2025"),
    ),
    "experts_decode_model_flops_utilization": _Entry(
        low=0.01,
        high=0.14,
        share=True,
        why="the same for a mixture of experts, whose batch spreads over the experts: 0.009 to "
        "0.036, median 0.021, at 84 measured points of 9 models on single servers; near 0.14 for "
        "the output rate that DeepSeek states for experts spread over many servers (from memory)",
        kind="derived",
        date="2026-02",
        confidence="memory",
        keys=("ml-energy-2026", "deepseek-serving-2025"),
    ),
    "prefill_model_flops_utilization": _Entry(
        low=0.30,
        high=0.50,
        share=True,
        why="share of the dense bf16 peak while the input is read, which is bound by computation "
        "as training benchmarks are (0.37 to 0.43)",
        kind="assumed",
        date="2026-11-22",
        keys=("training-runs-survey-2026",),
    ),
    "capital_life": _Entry(
        low=3.0,
        high=6.0,
        unit="year",
        shape="uniform",
        why="years until a system is written off: Epoch takes 3 to 5, large operators book up to 6",
        kind="derived",
        date="2024",
        keys=("cottier-2024",),
    ),
    "capital_utilization": _Entry(
        low=0.60,
        high=0.95,
        shape="uniform",
        share=True,
        why="share of its life in which an owned accelerator does paid work",
        kind="assumed",
        date="2026-11-22",
        keys=("cottier-2024",),
    ),
}


@lru_cache(maxsize=64)
def assumption(name: str) -> Assumption:
    """Look up what is taken when the caller does not say.

    Parameters
    ----------
    name : str
        Name of the assumption: "goodput", "capital_life", ...

    Returns
    -------
    Assumption
        Value as a range, reason, provenance.

    Raises
    ------
    UnknownNameError
        If there is no such assumption.

    Examples
    --------
    >>> print(assumption("capital_life").value.bounds())
    3 .. 6 year (guaranteed while every input stays in its quoted range)
    """
    if name not in _TABLE:
        raise UnknownNameError(name, _TABLE, "assumption")
    entry = _TABLE[name]
    value = between(
        entry.low,
        entry.high,
        entry.unit,
        shape=entry.shape,
        level=entry.level,
        key=f"assumption/{name}",
        name=name,
        source=", ".join(entry.keys),
        limits=(entry.lower, None),
    )
    value = as_share(value) if entry.share else value
    sources = tuple(SOURCES[key] for key in entry.keys)
    provenance = Provenance(
        sources=sources, kind=entry.kind, date=entry.date, confidence=entry.confidence
    )
    return Assumption(name=name, value=value, why=entry.why, provenance=provenance)


def assumed(name: str, given: Quantity | None, taken: list[Assumption]) -> Quantity:
    """Return what the caller gave; otherwise the assumption, noted in `taken`.

    Parameters
    ----------
    name : str
        Name of the assumption.
    given : Quantity or None
        What the caller gave.
    taken : list of Assumption
        Grows by the assumption if it is used.

    Returns
    -------
    Quantity
        The value to use.
    """
    if given is not None:
        return given
    used = assumption(name)
    taken.append(used)
    return cast("Quantity", used.value)
