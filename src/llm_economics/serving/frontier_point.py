"""`FrontierPoint`: one configuration with its central figures; and which of them meet a target.

Rejected: a `ServingPoint` for each, with ranges that nobody looks at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.core.registry import Quantity, ureg
from llm_economics.serving.frontier_axes import AXES
from llm_economics.serving.latency import ClosedLoopTimeToFirstToken, LatencyTarget

__all__ = ["FrontierPoint", "label_of", "meeting"]


@attrs.frozen(kw_only=True, eq=False, repr=False)
class FrontierPoint:
    """One point of a frontier: its configuration and its central figures."""

    number: int
    """Its place among all points."""

    settings: Mapping[str, Any]
    """Accelerator, layout, formats, batch."""

    figures: Mapping[str, Quantity]
    """Central figures by name; what is not known is not there."""

    def __getitem__(self, name: str) -> Any:
        """Setting or figure by name."""
        if name in self.settings:
            return self.settings[name]
        if name not in self.figures:
            known = (*self.settings, *self.figures)
            raise UnknownNameError(name, known, "setting or figure of this point")
        return self.figures[name]

    @property
    def label(self) -> str:
        """Configuration in a few words."""
        return label_of(self.settings)

    def __repr__(self) -> str:
        told = [f"{name} {value:.4g}" for name, value in self.figures.items() if " at " not in name]
        return f"{self.label}: {', '.join(told)}"


def label_of(settings: Mapping[str, Any]) -> str:
    """Say a configuration in a few words.

    Parameters
    ----------
    settings : mapping
        Accelerator, weights, layout, batch; those that are known.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> label_of({"accelerator": "H100 SXM", "weights": "fp8", "tensor_parallel": 4, "batch": 64})
    'H100 SXM fp8, TP4, batch 64'
    """
    known = {name: value for name, value in settings.items() if value not in {None, ""}}
    chip = " ".join(str(part) for part in (known.get("accelerator"), known.get("weights")) if part)
    pools = known.get("serving") == "disaggregated" and "prefill_replicas" in known
    many = known.get("accelerators") if pools or "tensor_parallel" not in known else None
    words = [f"{many} x {chip}" if many and chip else chip]
    if pools:
        read = f"{known['prefill_replicas']} x TP{known['prefill_tensor_parallel']}"
        write = f"{known['decode_replicas']} x TP{known['tensor_parallel']}"
        words.append(f"{read} prefill + {write} decode")
    elif "tensor_parallel" in known:
        words.append(f"TP{known['tensor_parallel']}")
    words.append(str(known.get("engine", "")))
    words += [f"{name} {known[name]}" for name in ("batch", "concurrency") if name in known][:1]
    return ", ".join(word for word in words if word)


def meeting(
    target: LatencyTarget, figures: Mapping[str, Any], point: Callable[[int], FrontierPoint]
) -> npt.NDArray[np.bool_]:
    """Which points meet a target.

    Parameters
    ----------
    target : LatencyTarget
        The target; for the typical request, as times of a closed loop are.
    figures : mapping
        Columns of plain numbers in the units of `AXES`.
    point : callable
        Tells the configuration at a place, for the message.

    Returns
    -------
    ndarray of bool
        One per point.

    Raises
    ------
    RangeError
        If none does: where it comes nearest, and what misses by how much there.
    DimensionError
        If the target is for a percentile of an open loop.
    MissingInputError
        If the target has a part that is not known of the points.
    """
    limits = {
        "time_to_first_token": target.ttft,
        "time_per_output_token": target.time_per_output_token,
        "end_to_end_time": target.end_to_end,
    }
    wanted = {name: limit for name, limit in limits.items() if limit is not None}
    given = {_ARGUMENTS[n]: _times(n, figures[n]) for n in wanted if n in figures}
    met = np.asarray(target.met_by(**given).magnitude) == 1.0
    columns = np.array([figures[name] for name in wanted])
    found: npt.NDArray[np.bool_] = met & np.all(np.isfinite(columns), axis=0)
    if np.any(found):
        return found
    allowed = [float(v.median().to(AXES[n].unit).magnitude) for n, v in wanted.items()]
    worst = np.max(columns / np.array(allowed)[:, None], axis=0)
    nearest = int(np.argmin(np.where(np.isfinite(worst), worst, np.inf)))
    at = {_ARGUMENTS[name]: _times(name, figures[name][nearest]) for name in wanted}
    missed = "; ".join(str(shortfall) for shortfall in target.shortfalls(**at))
    message = (
        f"none of {len(worst)} points meets the target. Nearest is {point(nearest).label}: {missed}"
    )
    raise RangeError(message)


_ARGUMENTS: Final = {
    "time_to_first_token": "ttft",
    "time_per_output_token": "tpot",
    "end_to_end_time": "end_to_end",
}


def _times(name: str, column: Any) -> Any:
    numbers = np.asarray(column, dtype=np.float64)
    value = ureg.Quantity(numbers if numbers.ndim else float(numbers), AXES[name].unit)
    return ClosedLoopTimeToFirstToken(value) if name == "time_to_first_token" else value
