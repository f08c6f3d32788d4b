"""Environment: the answers do not depend on what surrounds the library.

A registry that the user set before, after, or never, or ours in its place; a first use from eight
threads at once; all warnings as errors. Both lines of pint (0.25 for Python 3.11, 0.26 from 3.12)
run this whole suite. That `import llm_economics` loads neither NumPy nor pint is tested in
`tests/house/test_import_cost.py` and `test_layers.py`, that eight threads get one catalogue in
`tests/catalog/test_shelves.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.processes import elsewhere

# A bit of everything. The inputs have keys, so that each call means the same inputs.
WORK = """
import json

def work():
    import llm_economics as le
    power = le.between(7, 15, "MW", key="power")
    price = le.between(0.04, 0.12, "USD/kWh", key="price")
    other = le.between(6.5, 15.5, "MW", key="other power")
    cost = (power * le.uniform(30, 90, "day", key="time") * price).to("million USD")
    largest = le.functions.maximum(power, other)
    dear = le.functions.less(le.quantity("1.2 million USD"), cost)
    servers = le.functions.ceil(power / le.quantity("10.2 kW/server"))
    chosen = le.functions.where(dear, cost, 2 * cost)
    return [
        *map(str, (cost, servers, chosen, cost / cost, le.quantity("$300-600 million"))),
        *map(str, (cost.bounds(), largest.bounds(), cost.log_linear(), cost.summary())),
        *map(str, cost.contributions()),
        cost.quantiles(0.05, 0.5, 0.95).magnitude.tolist(),
        cost.samples(3).magnitude.tolist(),
        cost.linear(warn=False).magnitude.std_dev,
        largest.mean().number("kW"),
        dear.probability(),
        (cost - cost.to("USD")).bounds().high.number("USD") < 1e-6,
    ]

"""

THEIRS = """
import pint
theirs = pint.UnitRegistry()
theirs.define("token = 3 meter")
"""

PROGRAMS = {
    "never": "answers = work()",
    "before": f"""
{THEIRS}
pint.set_application_registry(theirs)
made = pint.Quantity(5.0, "MW")
answers = work()
import llm_economics as le
assert pint.get_application_registry().get() is theirs
assert pint.Quantity(1.0, "MW") + made == pint.Quantity(6.0, "MW")
assert le.quantity("1 MW") + made == made + le.quantity("1 MW") == le.quantity("6 MW")
""",
    "after": f"""
{THEIRS}
import llm_economics as le
first, kept = work(), le.quantity("2 Mtoken")
pint.set_application_registry(theirs)
assert work() == first
le.use_as_application_registry()
answers = work()
assert kept + le.quantity("1 Mtoken") == le.quantity("3 Mtoken")
assert kept.number("token") == 2e6
""",
    "eight threads": """
import sys, threading
sys.setswitchinterval(1e-4)
barrier, found = threading.Barrier(8), []

def start():
    barrier.wait()
    try:
        found.append(json.dumps(work()))
    except BaseException as error:
        found.append(repr(error))

threads = [threading.Thread(target=start, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(timeout=60)
assert len(found) == 8, "threads wait for each other"
assert len(set(found)) == 1, sorted(set(found))
answers = json.loads(found[0])
""",
}


def answers_of(program: str) -> Any:
    return json.loads(elsewhere(f"{WORK}{PROGRAMS[program]}\nprint(json.dumps(answers))"))


@pytest.fixture(scope="module")
def alone() -> Any:
    """Return what a process finds in which nothing else happens."""
    return answers_of("never")


@pytest.mark.parametrize("program", sorted(set(PROGRAMS) - {"never"}))
def test_answers_do_not_depend_on_the_surroundings(program: str, alone: Any) -> None:
    """Digits and texts are those of a process in which nobody touches registries or threads."""
    assert answers_of(program) == alone


def test_answers_are_those_of_this_process(alone: Any) -> None:
    """Nothing that this process has done before moves a digit."""
    here: dict[str, Any] = {}
    exec(WORK, here)
    assert json.loads(json.dumps(here["work"]())) == alone
