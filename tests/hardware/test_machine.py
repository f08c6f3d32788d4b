"""`Machine`: the network's answers as plain numbers, and what is assumed where nobody tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import llm_economics as le
from llm_economics.core.errors import MissingInputError, UnknownNameError
from llm_economics.core.number_format import NumberFormat
from llm_economics.hardware.generation import generation_of
from llm_economics.hardware.machine import Machine, format_16_bit, machine_of, peak_16_bit
from llm_economics.hardware.network import Network

if TYPE_CHECKING:
    from llm_economics.core.sources import Assumption

H100 = le.accelerators["H100 SXM"]
SIZES = st.sampled_from([1, 2, 3, 8, 16, 64, 100, 1024])
STRIDES = st.sampled_from([1, 2, 8, 9, 64, 128])


def machine(**given: Any) -> tuple[Machine, list[Assumption]]:
    """Return the figures, and what was assumed."""
    taken: list[Assumption] = []
    case = {"accelerator": H100, "server": None, "network": None, **given}
    chip = case.pop("accelerator")
    number_format = case.pop("number_format", NumberFormat.BF16)
    return machine_of(chip, number_format, taken=taken, **case), taken


def network(domain: int, up: float, out: float) -> Network:
    """Return a network without latency."""
    return Network(
        scale_up_domain=domain,
        scale_up_bandwidth=f"{up} GB/s",
        scale_out_bandwidth=f"{out} GB/s",
        scale_up_latency="0 s",
        scale_out_latency="0 s",
    )


@given(
    size=SIZES,
    stride=STRIDES,
    domain=st.sampled_from([8, 16, 72, 4096]),
    out=st.sampled_from([3.0, 50.0, 400.0]),
)
def test_groups_are_those_of_the_network(size: int, stride: int, domain: int, out: float) -> None:
    """Rings and exchanges go at four fifths of what `Network` says of them."""
    net = network(domain, 450.0, out)
    found, taken = machine(network=net)
    assert taken == []
    ring = 0.8 * net.ring(size, stride).bandwidth.to("byte/s").magnitude
    assert float(found.ring(size, stride)) == pytest.approx(ring, rel=1e-12)
    expected = 0.0
    if size > 1:
        per_second = 0.8 * net.exchange(size, stride).bandwidth.to("byte/s").magnitude
        expected = (size - 1) / size / per_second
    time = float(found.exchange_time_per_byte(size, stride))
    assert time == pytest.approx(expected, rel=1e-9, abs=1e-30)


def test_arrays_are_rows() -> None:
    """Many groups at once have the digits of each alone."""
    found, _ = machine(server=le.servers["DGX H100"])
    sizes, strides = (np.array(v, dtype=float) for v in ((1, 8, 64, 6), (8, 1, 8, 3)))
    for of in (found.ring, found.exchange_time_per_byte):
        together = of(sizes, strides)
        alone = [float(of(s, t)) for s, t in zip(sizes, strides, strict=True)]
        assert list(together) == alone


def test_quantities_pass_through() -> None:
    """With units in place of numbers the same digits come out, with their unit."""
    plain, _ = machine(server=le.servers["DGX H100"])
    with_units = attrs.evolve(
        plain,
        scale_up=le.quantity(plain.scale_up, "byte/s"),
        scale_out=le.quantity(plain.scale_out, "byte/s"),
    )
    for of in ("ring", "exchange_time_per_byte"):
        for group in ((8, 1), (64, 8)):
            found = getattr(with_units, of)(*group)
            unit = "byte/s" if of == "ring" else "s/byte"
            expected = float(getattr(plain, of)(*group))
            assert found.to(unit).magnitude == pytest.approx(expected, rel=1e-12)


def test_a_range_of_the_network_stays_one() -> None:
    """What is assumed of the network is an input of the result; central() takes its middle."""
    found, taken = machine()
    assert [a.name for a in taken] == ["scale-up domain", "scale-out bandwidth"]
    assert all("give server= or network=" in a.why for a in taken)
    ring = le.ureg.Quantity(found.ring(64, 8), "byte/s")
    assert ring.is_range
    middle = found.central()
    assert isinstance(middle.scale_out, float)
    assert middle.scale_out == pytest.approx(0.8 * 50e9)
    assert float(middle.ring(64, 8)) == pytest.approx(float(ring.central().magnitude))


@pytest.mark.parametrize(
    ("given", "assumed"),
    [
        ({"server": le.servers["DGX H100"]}, []),
        ({"server": le.Server(name="box", accelerator=H100)}, ["domain", "bandwidth"]),
        ({"network": Network(scale_up_domain=16)}, ["bandwidth"]),
        ({"network": Network(scale_out_bandwidth="50 GB/s")}, ["domain"]),
        ({"network": network(4, 100.0, 10.0), "server": le.servers["DGX H100"]}, []),
    ],
)
def test_what_is_told_is_not_assumed(given: dict[str, Any], assumed: list[str]) -> None:
    """The network first, then the server; only the rest is assumed, and listed."""
    found, taken = machine(**given)
    assert [a.name.split()[-1].rsplit("-", 1)[-1] for a in taken] == assumed
    if "server" in given and "network" in given:
        assert (found.domain, found.scale_up) == (4.0, pytest.approx(80e9))


@pytest.mark.parametrize(
    ("name", "domain"), [("GB200", 72), ("GB300", 72), ("B200", 8), ("TPU v4", 4096), ("L40S", 8)]
)
def test_domains_by_generation(name: str, domain: float) -> None:
    """Racks join their accelerators; pods of TPUs are one domain."""
    chip = le.accelerators[name].evolve(link_bandwidth="100 GB/s")
    assert machine(accelerator=chip)[0].domain == domain


@pytest.mark.parametrize("field", ["memory_bandwidth", "memory", "link_bandwidth"])
def test_unknown_figures_are_asked_for(field: str) -> None:
    """Nothing is guessed about a chip."""
    words = field.replace("_", " ")
    with pytest.raises(MissingInputError, match=f"the {words} of H100 SXM is not known"):
        machine(accelerator=H100.evolve(**{field: None}))


def test_a_format_that_a_chip_lacks_is_refused() -> None:
    """With the formats that it has."""
    with pytest.raises(UnknownNameError, match=r"no dense peak of H100 SXM \(it has .* 'fp4'"):
        machine(number_format=NumberFormat.FP4)


def test_the_16_bit_format() -> None:
    """bf16; fp16 on what came before it, and bf16 is asked for where there is neither."""
    old = le.accelerators["V100 SXM"]
    assert format_16_bit(old) is NumberFormat.FP16
    assert peak_16_bit(old).to("TFLOP/s").magnitude == 125
    assert format_16_bit(H100) is NumberFormat.BF16
    with pytest.raises(UnknownNameError, match="named 'bf16'"):
        peak_16_bit(le.Accelerator(name="chip", peaks={"fp32": "10 TFLOP/s"}))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("H100 SXM", "Hopper"),
        ("GH200", "Hopper"),
        ("A100 SXM 80 GB", "Ampere"),
        ("GB300", "Blackwell Ultra"),
        ("GB200", "Blackwell"),
        ("TPU v5p", "TPU v5p"),
        ("TPU v7", "TPU v7"),
        ("Trainium1", "Trainium1"),
        ("Trainium2", "other"),
        ("MI300X", "CDNA 3"),
        ("MI250X", "other"),
        ("Gaudi 3", "Gaudi"),
        ("V100 SXM", "Volta"),
        ("A10G", "other"),
        ("L40S", "other"),
    ],
)
def test_generations(name: str, key: str) -> None:
    """By the name of the accelerator; what is not known stays other."""
    assert generation_of(le.accelerators[name]).key == key


def test_generations_by_alias() -> None:
    """A name of its own does not hide what it is."""
    assert generation_of(le.Accelerator(name="ours", aliases=("Trillium",))).key == "TPU v6e"
