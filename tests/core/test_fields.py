"""Fields of nouns: read at the edge, named in every error, called after their field."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from llm_economics.core import fields
from llm_economics.core.errors import (
    DimensionError,
    MissingInputError,
    NotationError,
    RangeError,
)
from llm_economics.core.fields import as_mapping, as_power, as_share, as_text, named_fields
from llm_economics.core.reading import quantity
from llm_economics.core.references import as_names, holds
from llm_economics.core.registry import Quantity

READERS = [name for name in fields.__all__ if fields.dimension_of(getattr(fields, name))]


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_its_example(name: str) -> None:
    """A converter knows its dimension and reads what that offers as an example."""
    reader = getattr(fields, name)
    dimension = fields.dimension_of(reader)
    assert dimension is not None
    assert str(reader(dimension.example)) == str(dimension.read(dimension.example))
    assert reader.__doc__


def _refuse_large(_: Any, attribute: Any, value: Any) -> None:
    if value is not None and value.bounds().high > quantity("9 MW"):
        message = f"needs less than 9 MW; got {value}"
        raise RangeError(message)


def _miss(_: Any, attribute: Any, value: Any) -> None:
    if value == "missing":
        message = "the label is missing"
        raise MissingInputError(message)


@attrs.frozen(kw_only=True, field_transformer=named_fields)
class Site:
    power: Quantity | None = attrs.field(default=None, converter=as_power, validator=_refuse_large)
    load: Quantity | None = attrs.field(default=None, converter=as_share)
    label: str = attrs.field(default="", converter=as_text, validator=_miss)
    names: tuple[str, ...] = attrs.field(default=(), converter=as_names)
    plain: int = 0


@attrs.frozen(kw_only=True, field_transformer=named_fields)
class Large(Site):
    more: Any = attrs.field(factory=dict, converter=as_mapping)


@attrs.frozen(kw_only=True, field_transformer=named_fields)
class Holder:
    site: Site | None = attrs.field(default=None, validator=holds(Site, "sites"))
    needed: Site = attrs.field(validator=holds(Site, "sites"))


@pytest.mark.parametrize("noun", [Site, Large])
def test_errors_name_class_and_field(noun: Any) -> None:
    """Inherited fields are called after the class that was made."""
    name = noun.__name__
    with pytest.raises(DimensionError, match=rf"^{name}\.power needs power, such as '700 W'; got"):
        noun(power="5 MWh")
    with pytest.raises(RangeError, match=rf"^{name}\.load needs at most 1; got 1.2"):
        noun(load=1.2)
    with pytest.raises(NotationError, match=rf"^{name}\.power: parse"):
        noun(power="five")
    with pytest.raises(RangeError, match=rf"^{name}\.power needs less than 9 MW"):
        noun(power="10 MW")
    with pytest.raises(NotationError, match=rf"^{name}\.label needs a text; got 5"):
        noun(label=5)
    with pytest.raises(NotationError, match=rf"^{name}\.names needs names"):
        noun(names=[5])


def test_other_errors_keep_their_class() -> None:
    """An error of another kind gets a note that says where."""
    with pytest.raises(MissingInputError, match="the label is missing") as caught:
        Site(label="missing")
    assert caught.value.__notes__ == ["in Site.label"]


def test_a_fresh_range_is_called_after_its_field() -> None:
    """A range typed into a field has the field's name in every contribution."""
    site = Site(power="7-8 MW", load=(0.3, 0.5))
    assert site.power is not None
    assert site.load is not None
    assert (site.power.inputs, site.load.inputs) == (("power",), ("load",))


def test_none_is_unknown_where_it_is_the_default() -> None:
    """A field without a value stays None, and is not read."""
    assert Site().power is None
    assert Site(power=None).power is None
    assert Large(power="5 MW").power == quantity("5 MW")


def test_evolve_keeps_the_identity_of_ranges() -> None:
    """A variant shares the ranges that did not change."""
    site = Site(power="7-8 MW")
    other = attrs.evolve(site, label="b")
    assert other.power == site.power


def test_mappings_are_read_only_copies() -> None:
    """What the caller does to a mapping later does not reach the noun."""
    given = {"a": 1}
    kept = as_mapping(given)
    given["a"] = 2
    assert kept["a"] == 1
    with pytest.raises(TypeError):
        kept["a"] = 3  # type: ignore[index]


def test_fields_that_hold_a_noun() -> None:
    """A name instead of the noun is the slip that everybody makes once."""
    site = Site()
    assert Holder(needed=site).site is None
    with pytest.raises(
        NotationError, match=r"Holder\.site needs Site, not its name; write le\.sit"
    ):
        Holder(site="x", needed=site)  # type: ignore[arg-type]
    with pytest.raises(NotationError, match=r"Holder\.needed needs Site; got None; write le\.Site"):
        Holder(needed=None)  # type: ignore[arg-type]


def test_names() -> None:
    """One name or several."""
    assert as_names("a") == ("a",)
    assert as_names(["a", "b"]) == ("a", "b")
