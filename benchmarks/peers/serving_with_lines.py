"""What the scripts of all serving tools share: rows in as JSON lines, one answer for each out.

Needs nothing but Python, for it runs in the tools' own environments. What a tool prints goes to
standard error; `README.md` says what stands in rows and answers.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RefusedError", "Row", "answer_all", "mean_context", "of_one_kind"]

Row: TypeAlias = dict[str, Any]

MEMORY = {"H100 SXM": (80, 3350), "H200 SXM": (141, 4800)}
"""Memory (GB) and its bandwidth (GB/s), from NVIDIA's data sheets, for tools without an H200."""


class RefusedError(Exception):
    """A row that the tool cannot be asked about, and why."""


def answer_all(predict: Callable[[Row], Row]) -> None:
    """Answer every row of standard input, timed by the processor."""
    out = sys.stdout
    for line in sys.stdin:
        row = json.loads(line)
        with redirect_stdout(sys.stderr):
            found = _answer(predict, row)
        print(json.dumps(found | {"id": row["id"]}), file=out, flush=True)


def _answer(predict: Callable[[Row], Row], row: Row) -> Row:
    began = time.process_time()
    try:
        found = predict(row)
    except RefusedError as error:
        return {"reason": str(error)}
    except Exception as error:  # noqa: BLE001 - no row may stop the others
        return {"reason": f"{type(error).__name__}: {error}"[:200]}
    return found | {"ms_per_call": 1e3 * (time.process_time() - began)}


def of_one_kind(row: Row, *, experts: bool = False, wide_heads: bool = False) -> None:
    """Refuse shapes beyond plain transformer layers.

    Parameters
    ----------
    row : dict
        The row.
    experts : bool, optional
        Whether the tool knows mixtures of equal experts in every layer.
    wide_heads : bool, optional
        Whether the tool knows heads that are wider than the hidden size over their number.
    """
    if row["stages"] > 1 or row["copies"] > 1:
        raise RefusedError("layout: stages or copies of attention")
    if not row["layers"] or not row["heads"]:
        raise RefusedError("shape not known")
    if row["key_value_compression"] or row["linear_layers"]:
        raise RefusedError("latent or linear attention")
    if row["shared_experts"] or row["dense_layers"]:
        raise RefusedError("layers of several kinds")
    if row["experts"] and not experts:
        raise RefusedError("mixture of experts")
    if not wide_heads and row["head"] * row["heads"] != row["hidden"]:
        raise RefusedError("heads wider than hidden size over their number")


def mean_context(row: Row) -> int:
    """Tokens that a request has in the cache, in the mean of its output."""
    return int(row["input"] + row["output"] / 2 + 0.5)
