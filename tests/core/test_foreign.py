"""Quantities of other registries: accepted at every door, by name or by root units."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pint
import pytest
from uncertainties import ufloat

from llm_economics.core import functions
from llm_economics.core.errors import DimensionError
from llm_economics.core.reading import between, quantity
from llm_economics.core.registry import Quantity, domestic, ureg, use_as_application_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MW = quantity("5 MW")


@pytest.fixture(scope="module")
def theirs() -> Any:
    """Return a registry of a user, with units that pint's stock file lacks or that differ."""
    registry: Any = pint.UnitRegistry()  # noqa: TID251 - a user's own, to be told from ours
    registry.define("token = [tokens]")
    registry.define("USD = [currency]")
    registry.define("long_day = 25 hour")
    registry.define("layer = 2 metre")
    return registry


@pytest.fixture
def application() -> Iterator[None]:
    """Put pint's application registry back after the test."""
    before = pint.get_application_registry().get()
    yield
    pint.set_application_registry(before)


@pytest.mark.parametrize(
    ("unit", "ours", "size"),
    [
        ("kW", "kW", 1),
        ("kilogram", "gram", 1000),
        ("metric_ton", "tonne", 1),
        ("ton", "gram", 907184.74),
        ("horsepower", "W", 745.69987),
        ("knot", "metre/second", 0.5144444),
        ("GB", "GB", 1),
        ("bit", "bit", 1),
        ("percent", "percent", 1),
        ("count", "", 1),
        ("radian", "rad", 1),
        ("month", "month", 1),
        ("metre**3", "m3", 1),
        ("liter", "L", 1),
        ("USD/token", "USD/token", 1),
        ("long_day", "hour", 25),
        ("degree_Celsius", "kelvin", 274.15),
        ("kW*long_day", "kWh", 25),
    ],
)
def test_foreign_units_keep_their_size(theirs: Any, unit: str, ours: str, size: float) -> None:
    """By name where the name means the same, by root units otherwise."""
    found = domestic(theirs.Quantity(1.0, unit))
    assert isinstance(found, Quantity)
    assert found.to(ours).magnitude == pytest.approx(size)


@pytest.mark.parametrize("unit", ["ampere", "layer"])
def test_units_that_mean_nothing_here(theirs: Any, unit: str) -> None:
    """A unit without a counterpart, or of another kind here, is refused or reduced."""
    if unit == "layer":
        assert domestic(theirs.Quantity(1.0, unit)).to("metre").magnitude == 2
        return
    with pytest.raises(DimensionError, match=r"the unit of 1\.0 ampere is unknown here"):
        domestic(theirs.Quantity(1.0, unit))


def test_a_registry_on_another_foot() -> None:
    """A registry whose root units do not exist here, under names that do, is refused."""
    strange: Any = pint.UnitRegistry(["cubit = [length]", "metre = 2 cubit"])  # noqa: TID251
    with pytest.raises(DimensionError, match="unknown here"):
        domestic(strange.Quantity(1.0, "metre"))


def test_foreign_on_the_right(theirs: Any) -> None:
    """Every operator takes a foreign quantity on its right."""
    ours, kilowatts = quantity("5 MW"), theirs.Quantity(1000.0, "kW")
    assert ours + kilowatts == quantity("6 MW")
    assert ours - kilowatts == quantity("4 MW")
    assert (ours * theirs.Quantity(2, "hour")).to("MWh") == quantity("10 MWh")
    assert ours / kilowatts == 5
    assert ours > kilowatts
    assert ours == theirs.Quantity(5000.0, "kW")
    assert ours ** theirs.Quantity(2) == ours**2
    assert ours.to(theirs.kW).magnitude == 5000
    assert ours.to(kilowatts).magnitude == 5000
    assert (ours * theirs.hour).to("MWh") == quantity("5 MWh")
    assert np.maximum(MW, theirs.Quantity(9000.0, "kW")) == quantity("9 MW")


def test_foreign_on_the_left(theirs: Any) -> None:
    """Pint refuses before it asks us; our functions and `quantity` do not care about sides."""
    kilowatts = theirs.Quantity(9000.0, "kW")
    for act in (lambda: kilowatts + MW, lambda: kilowatts * MW, lambda: theirs.hour * MW):
        with pytest.raises(ValueError, match="different registries"):
            act()
    assert kilowatts == quantity("9 MW")
    assert functions.maximum(kilowatts, MW) == quantity("9 MW")
    assert quantity(kilowatts) + MW == quantity("14 MW")
    assert kilowatts.to(MW.units).magnitude == 9


@pytest.mark.parametrize("make", [quantity, Quantity, ureg.Quantity], ids=["read", "class", "ureg"])
def test_foreign_quantities_are_rebuilt(theirs: Any, make: Callable[..., Quantity]) -> None:
    """Every way to make a quantity takes one of another registry, with or without a unit."""
    assert make(theirs.Quantity(5.0, "MW")) == MW
    assert make(theirs.Quantity(5.0, "MW"), "kW").magnitude == 5000


def test_foreign_uncertainties_become_ranges(theirs: Any) -> None:
    """A ufloat or a measurement of another registry becomes a range of the same spread."""
    for value in (theirs.Quantity(ufloat(5, 0.1), "MW"), theirs.Measurement(5.0, 0.1, "MW")):
        found = quantity(value)
        assert found.is_range
        assert found.linear().magnitude.std_dev == pytest.approx(0.1)


def test_other_values_pass_through() -> None:
    """What is not a quantity, or is ours already, comes back as it is."""
    assert domestic(MW) is MW
    assert domestic("5 MW") == "5 MW"
    assert domestic(ureg.hour) == ureg.hour


@pytest.mark.usefixtures("application")
def test_importing_leaves_the_application_registry_alone(
    elsewhere: Callable[[str], str],
) -> None:
    """Quantities that a user made before stay usable; only the explicit call changes that."""
    code = (
        "import pint\n"
        "before = pint.Quantity(5.0, 'MW')\n"
        "import llm_economics as le\n"
        "mine = le.quantity('2 MW')\n"
        "assert before + pint.Quantity(1.0, 'MW') == pint.Quantity(6.0, 'MW')\n"
        "assert mine + before == le.quantity('7 MW')\n"
        "le.use_as_application_registry()\n"
        "after = pint.Quantity(1.0, 'MW')\n"
        "assert after + mine == mine + after == le.quantity('3 MW')\n"
        "assert mine + before == le.quantity('7 MW')\n"
        "assert pint.Quantity(3, 'token').dimensionality == {'[token]': 1}\n"
        "print('fine')"
    )
    assert elsewhere(code) == "fine"


@pytest.mark.usefixtures("application")
def test_pickles_do_not_depend_on_the_application_registry() -> None:
    """A pickle comes back as ours, whatever the application registry is."""
    x = between(7, 15, "MW")
    data = pickle.dumps((x, quantity("3 Mtoken")))
    use_as_application_registry()
    assert pickle.loads(data) == (x, quantity("3 Mtoken"))
    assert pint.Quantity(5.0, "MW") + x == x + MW
    pint.set_application_registry(pint.UnitRegistry())  # noqa: TID251 - a user's own
    assert pickle.loads(data) == (x, quantity("3 Mtoken"))
    assert copy.deepcopy(x) == x
