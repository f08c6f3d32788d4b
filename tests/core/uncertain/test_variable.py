"""One uncertain input: found by its token, the same after every copy and in every process."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain import variable as module
from llm_economics.core.uncertain.distributions import LogNormal, Uniform
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable


def test_one_key_is_one_input() -> None:
    """What is created twice under one key is one object."""
    first = Variable.create(Uniform(1, 2), key="one key", unit="W")
    assert Variable.create(Uniform(1, 2), key="one key", unit="W") is first
    assert first.name == "one key"


def test_without_a_key_every_input_is_new() -> None:
    """Two ranges that look alike are independent."""
    first, second = Variable.create(Uniform(1, 2)), Variable.create(Uniform(1, 2))
    assert first != second
    assert first.token != second.token
    assert first.stream != second.stream


@pytest.mark.parametrize(
    ("high", "unit"), [(3.0, "W"), (2.0, "kW")], ids=["other range", "other unit"]
)
def test_a_key_keeps_its_range(high: float, unit: str) -> None:
    """Another range under a known key is refused, not mixed in."""
    kept = Variable.create(Uniform(1, 2), key="kept", unit="W")
    with pytest.raises(RangeError, match="the key 'kept' already stands for uniform, 1 to 2 W"):
        Variable.create(Uniform(1, high), key="kept", unit=unit)
    assert kept.unit == "W"


def test_a_name_is_made_of_the_range() -> None:
    """A range without a name is called by its ends."""
    assert Variable.create(LogNormal(7, 15), unit="MW").name == "7–15 MW"
    assert Variable.create(LogNormal(7, 15), name="power").name == "power"


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))]
)
def test_a_copy_is_the_same_input(copied: Callable[[Variable], Variable]) -> None:
    """Copying and pickling give the variable itself."""
    original = Variable.create(LogNormal(7, 15))
    assert copied(original) is original


def test_a_variable_that_is_gone_comes_back() -> None:
    """Unpickling makes the variable again if nobody holds it any more."""
    data = pickle.dumps(Variable.create(LogNormal(7, 15), name="gone", source="a page"))
    back = pickle.loads(data)
    assert (back.name, back.source, back.distribution) == ("gone", "a page", LogNormal(7, 15))
    assert pickle.loads(data) is back


def test_unpickling_does_not_mix_two_ranges() -> None:
    """A key that means something else now is refused when an old pickle comes back."""
    data = pickle.dumps(Variable.create(Uniform(1, 2), key="revised"))
    kept = Variable.create(Uniform(1, 3), key="revised")
    with pytest.raises(RangeError, match="'revised' already stands for uniform, 1 to 3"):
        pickle.loads(data)
    assert kept.distribution == Uniform(1, 3)


def test_a_child_process_counts_for_itself() -> None:
    """After a fork, new inputs do not get the numbers that the parent gives out."""
    before = Variable.create(Uniform(1, 2)).token
    module._renew_process()
    after = Variable.create(Uniform(1, 2)).token
    assert before.split("/")[0] != after.split("/")[0]


def test_threads_agree_on_a_key() -> None:
    """Eight threads that create one key hold one object."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: Variable.create(Uniform(1, 2), key="shared"), range(64)))
    assert {id(variable) for variable in made} == {id(made[0])}


def test_streams_do_not_depend_on_other_inputs() -> None:
    """The n-th input of one content has the same stream, whatever was created in between."""
    first = Variable.create(Uniform(1.25, 2.25), name="steady")
    Variable.create(Uniform(8, 9))
    second = Variable.create(Uniform(1.25, 2.25), name="steady")
    assert first.stream.removesuffix("|1") == second.stream.removesuffix("|2")
