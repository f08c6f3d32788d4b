"""What all nouns share: provenance, variation, a short view."""

from __future__ import annotations

import copy
import pickle

import attrs
import pytest

import llm_economics as le
from llm_economics.core.errors import UnknownNameError
from llm_economics.core.fields import as_power, as_text, named_fields
from llm_economics.core.nouns import Noun, unique_sources
from llm_economics.core.reading import quantity
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Kind, Provenance, Source

PAGE = Source(key="a-page", title="A page", organisation="Somebody", date="2025")
OTHER = Source(key="b-page", title="B page", organisation="Somebody", date="2025")


def origin(*sources: Source) -> Provenance:
    return Provenance(sources=sources, kind=Kind.MEASURED, date="2025", confidence="seen")


@attrs.frozen(kw_only=True, eq=False, field_transformer=named_fields)
class Box(Noun):
    name: str = attrs.field(default="<box>", converter=as_text)
    aliases: tuple[str, ...] = ()
    power: Quantity | None = attrs.field(default=None, converter=as_power)
    inner: Box | None = None


@pytest.fixture
def box() -> Box:
    """Return a box whose power comes from a page."""
    provenance = {"power": origin(PAGE), "peaks.bf16": origin(OTHER, PAGE)}
    return Box(power="5 MW", inner=Box(name="small"), provenance=provenance)


def test_sources_come_once(box: Box) -> None:
    """Every source of any figure, in order, without repeats."""
    assert box.sources == (PAGE, OTHER)
    assert unique_sources([]) == ()


def test_a_variant_loses_the_origin_of_what_changed(box: Box) -> None:
    """A changed figure is nobody's any more; the rest keeps its source."""
    other = box.evolve(power="6 MW")
    assert other.power == quantity("6 MW")
    assert set(other.provenance) == {"peaks.bf16"}
    assert set(box.provenance) == {"power", "peaks.bf16"}
    assert box.power == quantity("5 MW")


def test_provenance_can_be_given_again(box: Box) -> None:
    """Who knows where the new figure comes from says so."""
    other = box.evolve(power="6 MW", provenance={"power": origin(OTHER)})
    assert other.sources == (OTHER,)


def test_the_short_view(box: Box) -> None:
    """Words first, then figures with their origin, inner nouns by name, everything escaped."""
    html = box._repr_html_()
    assert html.startswith("<table><caption>Box</caption>")
    assert "&lt;box&gt;</td>" in html
    assert ">small</td>" in html
    cells = ("power", "5 MW", "measured", '<span title="Somebody (2025). A page.">a-page</span>')
    assert "".join(f"<td>{cell}</td>" for cell in (*cells, "2025", "seen", "")) in html
    assert "aliases" not in html


def test_the_short_view_shows_what_was_said_without_a_figure() -> None:
    """A claim in words has an origin too; functions and empty fields are not shown."""
    html = le.claims["seed/grok/traits"]._repr_html_()
    assert "<td>no figure</td><td>reported</td>" in html
    assert "traits of training and inference</td>" in html
    assert "evidence" not in html


def test_the_short_view_of_parts() -> None:
    """Each number format has its line, a range its ends, several names one line."""
    html = le.accelerators["TPU v4"]._repr_html_()
    assert "<td>peaks bf16</td><td>275 TFLOP/s</td><td>datasheet</td>" in html
    assert "<td>240 [170 – 340] W (median, 90 %)</td>" in html
    assert "<td>also said</td><td><i>192 W</i></td><td>measured</td>" in html
    named = next(claim for claim in le.claims.values() if len(claim.accelerators_named) > 1)
    assert f">{', '.join(named.accelerators_named)}</td>" in named._repr_html_()


def test_alternatives_are_reached_from_the_noun(box: Box) -> None:
    """What other sources say is found by field, printed one per line, empty if none is known."""
    chip = le.accelerators["TPU v4"]
    others = chip.alternatives("power")
    assert others is chip.provenance["power"].alternatives
    assert str(others).splitlines()[0].startswith("170 W (measured, google-tpu-v4-docs, 2026)")
    assert chip.alternatives("peaks.bf16") == ()
    assert box.alternatives("inner") == ()


@pytest.mark.parametrize(("name", "nearest"), [("powr", "power"), ("peak.bf16", "peaks.bf16")])
def test_alternatives_of_no_field(box: Box, name: str, nearest: str) -> None:
    """A field that does not exist is refused, with the nearest."""
    with pytest.raises(UnknownNameError, match=f"no field of Box named '{name}'") as caught:
        box.alternatives(name)
    assert nearest in caught.value.nearest


def test_nouns_are_found_by_key(box: Box) -> None:
    """Two nouns with equal figures are still two."""
    assert box != box.evolve()
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        box.name = "other"  # type: ignore[misc]


def test_nouns_travel() -> None:
    """A noun with everything inside survives pickling and deep copies, ranges included."""
    service = le.services["Titan"]
    for twin in (pickle.loads(pickle.dumps(service)), copy.deepcopy(service)):
        assert twin.training.accelerator.name == service.training.accelerator.name
        difference = twin.requests - service.requests
        assert difference.bounds().low.magnitude == difference.bounds().high.magnitude == 0
        assert twin.sources == service.sources


def test_repr_is_short() -> None:
    """At the prompt a noun names the nouns inside and cuts long texts."""
    text = repr(le.services["Titan"])
    assert "training='Titan training'" in text
    assert "...'" in text
    assert len(text) < 600
    assert repr(le.Grid(name="x")) == "Grid(name='x')"
    assert "evidence=..." in repr(le.claims["seed/titan/accelerator"])


def test_mappings_inside_cannot_be_changed() -> None:
    """The peaks of an accelerator are read only."""
    peaks = le.accelerators["H100 SXM"].peaks
    with pytest.raises(TypeError):
        peaks["bf16"] = 1  # type: ignore[index]
    assert len(peaks) == len(list(peaks)) == len(dict(peaks))
    assert "bf16" in repr(peaks)


def test_explain_without_sources() -> None:
    """The list of sources can be left out."""
    estimate = le.services["Titan"].estimate()
    assert "Sources:" in estimate.explain()
    assert "Sources:" not in estimate.explain(sources=False)
