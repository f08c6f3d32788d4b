"""What is taken when the caller does not say: ranges with a physical meaning and a source.

Each is an `Assumption` that appears in the result. They are few, and each is one shared input, so
that two results that rest on the same assumption move together. Rejected: defaults inside the
formulas, where nobody sees them.
"""

from __future__ import annotations

from functools import lru_cache

from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption, Provenance, Source

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
            key="semianalysis-inferencex-2026",
            organisation="SemiAnalysis",
            title="InferenceX application, constants of all-in power per accelerator",
            date="2026-04-03",
            accessed=_READ,
        ),
    )
}
"""Sources of the assumptions, by key."""

# name: (low, high, shape, why, kind, date, keys of the sources)
_TABLE: dict[str, tuple[float, float, str | None, str, str, str, tuple[str, ...]]] = {
    "training_accelerator_load": (
        0.70,
        0.95,
        None,
        "mean power of an accelerator over its rated power while training: 0.89 to 0.93 measured "
        "for OLMo 3, 0.75 taken by Epoch, lower when communication binds",
        "derived",
        "2025",
        ("olmo3-2025", "cottier-2024"),
    ),
    "training_server_factor": (
        1.25,
        1.60,
        None,
        "power of a loaded server over that of its accelerators; with the load above it gives "
        "0.95 to 1.4 times their rated power, which holds the measured 0.91 to 1.38",
        "derived",
        "2025",
        ("newkirk-2025", "latif-2025", "mlperf-power-2024"),
    ),
    "training_network_and_idle_share": (
        0.03,
        0.12,
        None,
        "network, storage and spare servers over working servers: all-in 1.73 kW per H100 over "
        "1.275 kW rated with a PUE of 1.25 leaves 8 %",
        "derived",
        "2026",
        ("semianalysis-inferencex-2026",),
    ),
    "goodput": (
        0.80,
        0.97,
        None,
        "share of wall time that makes progress: above 0.90 reported for Llama 3.1 405B, 0.82 as "
        "the middle of 15 runs with an independent utilization",
        "derived",
        "2024",
        ("llama3-2024",),
    ),
    "serving_accelerator_load": (
        0.35,
        0.86,
        None,
        "mean power of an accelerator over its rated power while serving: H100 measured at 244 to "
        "605 W of 700 W",
        "measured",
        "2026-02",
        ("ml-energy-2026",),
    ),
    "serving_server_factor": (
        1.30,
        1.80,
        None,
        "power of a serving server over that of its accelerators: 1.43 from Google's shares "
        "(58 % accelerators, 25 % host); hosts weigh more when accelerators are not at full load",
        "derived",
        "2025-08-21",
        ("elsworth-2025",),
    ),
    "serving_network_and_idle_share": (
        0.05,
        0.25,
        None,
        "idle machines and network over working servers: 0.12 from Google's shares (10 % idle)",
        "derived",
        "2025-08-21",
        ("elsworth-2025",),
    ),
    "decode_model_flops_utilization": (
        0.05,
        0.20,
        None,
        "share of the peak that becomes model FLOP while tokens are written: Epoch takes 0.10, "
        "0.05 in its pessimistic case; the upper end is ours",
        "assumed",
        "2025-02-07",
        ("you-2025",),
    ),
    "prefill_model_flops_utilization": (
        0.30,
        0.50,
        None,
        "share of the peak while the input is read, which is bound by computation as training is",
        "assumed",
        "2026-11-22",
        ("you-2025",),
    ),
    "capital_life": (
        3.0,
        6.0,
        "uniform",
        "years until a system is written off: Epoch takes 3 to 5, large operators book up to 6",
        "derived",
        "2024",
        ("cottier-2024",),
    ),
    "capital_utilization": (
        0.60,
        0.95,
        "uniform",
        "share of its life in which an owned accelerator does paid work",
        "assumed",
        "2026-11-22",
        ("cottier-2024",),
    ),
}

_UNITS = {"capital_life": "year"}


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

    Examples
    --------
    >>> print(assumption("goodput").value)
    0.881 [0.804 – 0.965] (median, 90 %)
    """
    low, high, shape, why, kind, date, keys = _TABLE[name]
    value = between(
        low,
        high,
        _UNITS.get(name, ""),
        shape=shape,
        key=f"assumption/{name}",
        name=name,
        source=", ".join(keys),
        limits=_limits(name),
    )
    provenance = Provenance(
        sources=tuple(SOURCES[key] for key in keys), kind=kind, date=date, confidence="seen"
    )
    return Assumption(name=name, value=value, why=why, provenance=provenance)


def _limits(name: str) -> tuple[float | None, float | None]:
    if name.endswith(("load", "utilization", "goodput")):
        return 0.0, 1.0
    return (1.0, None) if name.endswith("factor") else (0.0, None)


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
    value = used.value
    assert isinstance(value, Quantity)  # noqa: S101 - assumption() makes nothing else
    return value
