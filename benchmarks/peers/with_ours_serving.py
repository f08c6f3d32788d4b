"""Serving as the library itself predicts it, from the same rows as its peers.

Deployments are built from rows as in validation. A call is timed from the deployment to the median
of the time per output token; throughput and the time to the first token are asked for afterwards.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

sys.path.insert(0, str(Path(__file__).parents[1]))

from validation.rows import SkipError
from validation.serving_adapters import FLIGHT, point_of, predict_energy, predict_single

from llm_economics.core.errors import LLMEconomicsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from validation.rows import Case

__all__ = ["energy", "speed"]

Answer: TypeAlias = dict[str, Any]


def speed(cases: Iterable[Case]) -> list[Answer]:
    """Time per output token, time to the first token and throughput of each row."""
    return [_answer(_speed, case) for case in cases]


def energy(cases: Iterable[Case]) -> list[Answer]:
    """Energy of an output token of each row."""
    return [_answer(_energy, case) for case in cases]


def _answer(predict: Callable[[Case], Answer], case: Case) -> Answer:
    try:
        return predict(case) | {"id": case.id}
    except (LLMEconomicsError, SkipError) as error:
        return {"id": case.id, "reason": f"{type(error).__name__}: {error}"}


def _speed(case: Case) -> Answer:
    began = time.process_time()
    point = point_of(case, FLIGHT)
    seconds = float(point.time_per_output_token.median().number("ms/token"))
    spent = time.process_time() - began
    rate = float(point.output_throughput.median().number("token/s"))
    return {
        "tpot_ms": seconds,
        "ttft_ms": float(point.time_to_first_token.value.median().number("ms")),
        "tokens_per_s": rate / (case.whole("n_accelerators") or 1),
        "ms_per_call": 1e3 * spent,
    }


def _energy(case: Case) -> Answer:
    began = time.process_time()
    found = predict_energy(case) if case.text("avg_batch") else predict_single(case)
    return {"j_per_token": found.central, "ms_per_call": 1e3 * (time.process_time() - began)}
