"""monaco: inputs from SciPy's distributions, the formula called once per case."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from parts import formula
from parts.peer import LEVELS, Peer, ends

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MONACO"]

Keywords = tuple[str, dict[str, float]]


def _run(
    inputs: Mapping[str, Keywords],
    of: Callable[[dict[str, float]], tuple[float, ...]],
    cases: int,
    seed: int,
) -> list[Any]:
    """Run the cases; one array for each number that `of` returns."""
    mc, stats = import_module("monaco"), import_module("scipy.stats")

    def report(case: Any, *values: float) -> None:
        for place, value in enumerate(values):
            case.addOutVal(str(place), value)

    functions = {
        mc.SimFunctions.PREPROCESS: lambda case: ({k: v.val for k, v in case.invals.items()},),
        mc.SimFunctions.RUN: of,
        mc.SimFunctions.POSTPROCESS: report,
    }
    sim = mc.Sim(name="cost", ndraws=cases, fcns=functions, seed=seed, verbose=False)
    for name, (kind, keywords) in inputs.items():
        sim.addInVar(name=name, dist=getattr(stats, kind), distkwargs=keywords)
    sim.runSim()
    return [np.asarray(variable.nums, dtype=np.float64) for variable in sim.outvars.values()]


def _input(i: formula.Input) -> Keywords:
    if i.shape == "uniform":
        return "uniform", {"loc": i.si * i.low, "scale": i.si * (i.high - i.low)}
    if i.shape == "normal":
        return "norm", {"loc": i.si * i.middle, "scale": i.si * i.spread}
    return "lognorm", {"s": i.spread, "scale": i.median}


def _cost(cases: int, seed: int) -> Any:
    inputs = {name: _input(i) for name, i in formula.INPUTS.items()}
    return _run(inputs, lambda x: (float(formula.by_hand(x)),), cases, seed)[0]


def _identity() -> tuple[Any, Any]:
    x = {"x": ("norm", {"loc": 2.0, "scale": 0.3})}
    return ends(*_run(x, lambda v: (v["x"] / v["x"], v["x"] - v["x"]), 256, 1))


def _larger() -> float:
    x = {name: ("norm", {"loc": 1.0, "scale": 0.3}) for name in "ab"}
    return float(np.mean(_run(x, lambda v: (max(v["a"], v["b"]),), 2**12, 1)[0]))


_COUNTED = 2048

MONACO = Peer(
    "monaco",
    ("monaco", "scipy"),
    _identity,
    lambda: np.quantile(_cost(2**14, 1), LEVELS),
    _larger,
    lambda seed: lambda: _cost(_COUNTED, seed + 1),
    counted=_COUNTED,
    note="Sobol points, its default",
)
