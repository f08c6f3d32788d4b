"""Identity: `x - x` is zero and `x / x` one, wherever one of the two has been meanwhile.

Copies of nodes and inputs alone are tested in `tests/core/uncertain/test_graph.py` and
`test_variable.py`, random formulas in `tests/property/test_graph_algebra.py`. Here the cost of
fifteen inputs goes through each way out and back.
"""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from llm_economics.core.reading import between
from tests.engine.formula import UNITS, cost_in_dollars, cost_ranges, training_cost
from tests.engine.processes import elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

RANGES = cost_ranges(UNITS)
COST = cost_in_dollars(RANGES)

# Reads a quantity, checks it there, and sends back what was computed from it.
NEW_PROCESS = """
import copy, pickle, sys
cost = pickle.load(sys.stdin.buffer)
for other in (cost, copy.deepcopy(cost), pickle.loads(pickle.dumps(cost))):
    assert (cost - other).quantiles(0, 1).magnitude.tolist() == [0, 0]
    assert (cost / other).quantiles(0, 1).magnitude.tolist() == [1, 1]
import llm_economics as le
own = le.between(1, 2, "USD", name="made there")
sys.stdout.buffer.write(pickle.dumps((cost, 2 * cost, cost + own, own)))
"""


def through_a_thread(value: Any) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(lambda: pickle.loads(pickle.dumps(value))).result()


@cache
def through_a_process(value: Any) -> tuple[Any, ...]:
    """Send a quantity to a new process and return what comes back: itself, and what it made."""
    returned: tuple[Any, ...] = pickle.loads(elsewhere(NEW_PROCESS, pickle.dumps(value)))
    return returned


def written_again(_: Any) -> Any:
    return cost_in_dollars(RANGES)


WAYS: dict[str, Callable[[Any], Any]] = {
    "itself": lambda value: value,
    "written again": written_again,
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy in a list": lambda value: copy.deepcopy([value, value])[1],
    "constructor": lambda value: type(value)(value),
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "pickle, first protocol": lambda value: pickle.loads(pickle.dumps(value, 0)),
    "JSON": lambda value: type(value).from_json(value.to_json()),
    "thread": through_a_thread,
    "new process": lambda value: through_a_process(value)[0],
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_a_number_minus_itself_is_zero(way: Callable[[Any], Any]) -> None:
    """Exactly zero and one, in samples, bounds and linear answers; equal, with one hash."""
    other = way(COST)
    assert other == COST
    assert hash(other) == hash(COST)
    difference, ratio = COST - other, COST / other
    for method in ("lattice", "monte-carlo"):
        assert set(difference.samples(128, method=method).magnitude) == {0.0}
        assert set(ratio.samples(128, method=method).magnitude) == {1.0}
    assert [end.magnitude for end in difference.bounds()] == [0, 0]
    assert [end.magnitude for end in ratio.bounds()] == [1, 1]
    assert (difference.linear().magnitude, ratio.linear().magnitude) == (0, 1)
    # First-order answers of the two are made of the same ufloats.
    assert (COST.linear(warn=False) - other.linear(warn=False)).magnitude.std_dev == 0


def test_what_another_process_computed_is_correlated() -> None:
    """Results that come back know the inputs they were made of, and bring new ones along."""
    cost, double, more, own = through_a_process(COST)
    assert cost == COST
    assert set((double - 2 * COST).samples(128).magnitude) == {0.0}
    assert (more - COST).inputs == (*COST.inputs, "made there")
    assert more - own == COST + own - own
    # Made there is not made here, though it looks alike.
    mine = between(1, 2, "USD", name="made there")
    assert own != mine
    assert (own - mine).samples(128).magnitude.std() > 0.1


def test_inputs_alone_are_shared_by_their_copies() -> None:
    """A formula of copied inputs is the formula of the inputs."""
    inputs = cost_ranges()
    mixed = {name: (copy.deepcopy(x) if i % 2 else x) for i, (name, x) in enumerate(inputs.items())}
    one, other = training_cost(inputs), training_cost(mixed)
    assert one == other
    assert set((one - other).samples(128).magnitude) == {0.0}


def test_inputs_that_look_alike_are_not_one() -> None:
    """Two ranges with the same ends are independent, unless they have one key."""
    one, other = between(1, 4), between(1, 4)
    assert one != other
    assert (one - other).samples(1024).magnitude.std() > 1
    shared = [between(1, 4, key="of the engine's tests") for _ in range(2)]
    assert set((shared[0] / shared[1]).samples(128).magnitude) == {1.0}
