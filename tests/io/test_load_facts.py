"""A good file: its entries stand beside the library's own, refer to both, and can be computed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[str], None]

SEEN = 'source = "my-quote", kind = "disclosed", date = "2026-11", confidence = "seen"'

FACTS = f"""
[accelerators."My chip"]
vendor = "A vendor"
aliases = "mine/chip"
power = {{ value = "700-800 W", {SEEN}, note = "under load", alternatives = [
    {{ value = "900 W", {SEEN} }},
] }}
rental_price = {{ value = "1.80–2.40 USD/accelerator/hour", {SEEN}, shape = "uniform" }}
[accelerators."My chip".peaks]
bf16 = {{ value = "1300 TFLOP/s", {SEEN} }}

[servers."My server"]
accelerator = "my chip"
accelerators = {{ value = "8 accelerator", {SEEN} }}

[models."My model"]
parameters = {{ value = "30 Gparameter", {SEEN} }}
architecture = {{ layers = 48, hidden_size = 6144, gated_mlp = true, {SEEN} }}

[tariffs.my-contract]
price = {{ value = "0.05-0.07 USD/kWh", {SEEN} }}

[grids.my-island]
name = "My island"
carbon_intensity = {{ value = "20 gCO2e/kWh", {SEEN} }}

[facilities.my-site]
grid = "My Island"
tariff = "us-hyperscale"
power_usage_effectiveness = {{ value = "1.2-1.3", {SEEN} }}

[services."My service"]
requests = {{ value = "5 million request/day", {SEEN} }}

[services."My service".training]
model = "My model"
accelerator = "mine/chip"
facility = "my-site"
number_format = "BF16"
tokens = {{ value = "1 Ttoken", {SEEN} }}
accelerators = {{ value = "2048 accelerator", {SEEN} }}
model_flops_utilization = {{ value = "30-40 %", {SEEN} }}

[services."My service".query]
model = "Llama 3.1 70B"
accelerator = "h100"
facility = "my-site"
output_tokens = {{ value = "500 token", {SEEN} }}

[claims.training-of-mine]
service = "my service"
metric = "training-energy"
stage = "training"
statement = "hundreds of MWh"
reading = "100 to 1000 MWh"
value = "100-1000 MWh"
shape = "uniform"
accelerators_named = ["H100"]
cell = {{ row = "energy" }}
source = "my-quote"
kind = "reported"
date = "2026-11"
confidence = "seen"

[claims.about-chatgpt]
service = "openai chatgpt"
metric = "training-energy"
group = "a group of its own"
statement = "1 GWh"
value = "1 GWh"
source = ["my-quote", "seed-table-2025"]
kind = "reported"
date = "2026-11"
confidence = "seen"
"""


def test_nouns_of_a_file(load: Load) -> None:
    """Each kind of entry is found by any of its names and knows where it comes from."""
    load(FACTS)
    chip = le.accelerators["MY-CHIP"]
    assert chip is le.accelerators["mine/chip"]
    assert chip.aliases == ("mine/chip",)
    assert chip.peak("bf16").number("TFLOP/s") == 1300
    assert [source.title for source in chip.sources] == ["A quote"]
    assert [other.text for other in chip.provenance["power"].alternatives] == ["900 W"]
    assert chip.rental_price is not None
    assert chip.rental_price.interval(0.5)[0].number("USD/accelerator/hour") == pytest.approx(
        1.95, rel=1e-3
    )
    assert le.servers["my server"].accelerator is chip
    shape = le.models["my-model"].architecture
    assert shape is not None
    assert (shape.layers, shape.provenance["layers"].kind) == (48, "disclosed")
    assert le.facilities["my-site"].grid is le.grids["my-island"]
    assert le.facilities["my-site"].tariff is le.tariffs["us-hyperscale"]
    assert le.grids["my-island"].name == "My island"


def test_service_of_a_file_is_estimated(load: Load) -> None:
    """A service with training and query computes like one of the library."""
    load(FACTS)
    estimate = le.services["My service"].estimate()
    assert 10 < estimate.training.duration.median().number("hour") < 1000
    assert estimate.query.energy.facility.median().number("Wh/request") > 0
    assert estimate.inference_power.median().number("MW") > 0
    assert "my-quote" in [source.key for source in estimate.sources]
    assert "My service training" in estimate.training.title
    assert le.compare(["My service", "Grok"]).services[0] is le.services["my-service"]


def test_claim_of_a_file_is_audited(load: Load) -> None:
    """A claim about the file's own service is held against its estimate."""
    load(FACTS)
    claim = le.claims["training-of-mine"]
    assert claim.service == "My service"
    assert claim.accelerators_named == ("H100 SXM",)
    assert claim.origin is not None
    assert claim.origin.sources[0].key == "my-quote"
    assert claim.audit().checks


def test_claim_joins_the_evidence_of_a_packaged_service(load: Load) -> None:
    """A new claim about ChatGPT is among what the old ones are held against."""
    old = le.claims["seed/chatgpt/training-energy"]
    assert old.evidence is not None
    assert "about-chatgpt" not in [claim.key for claim in old.evidence().claims]
    load(FACTS)
    assert "about-chatgpt" in [claim.key for claim in old.evidence().claims]
    assert le.claims["about-chatgpt"].service == "ChatGPT"
    assert le.claims["about-chatgpt"] in le.compare(["ChatGPT"]).public_claims


def test_claim_about_an_unknown_service_stands_alone(load: Load) -> None:
    """A claim may be about something that has no workload; it is held against its like."""
    load(FACTS.replace('"openai chatgpt"', '"Some assistant"'))
    claim = le.claims["about-chatgpt"]
    assert claim.service == "Some assistant"
    assert claim.evidence is not None
    assert claim.evidence().service is None
    assert "not checkable" in str(claim.audit())


def test_two_files_build_on_each_other(load: Load) -> None:
    """A second file may cite and name what the first one brought, but not bring it again."""
    load(FACTS)
    more = f'[servers.more]\naccelerator = "My chip"\nprice = {{ value = "1 MUSD", {SEEN} }}\n'
    with pytest.raises(CatalogError, match=r"sources/my-quote: the name 'my-quote' belongs to"):
        load(more)
    assert "more" not in le.servers


def test_ranges_of_a_file_are_reproducible(load: Load, tmp_path: Path) -> None:
    """Another process reads the same file to the same samples."""
    load(FACTS)
    power = le.accelerators["My chip"].power
    assert power is not None
    here = power.samples(4).magnitude.tolist()
    code = (
        "import sys, llm_economics as le; le.catalog.load(sys.argv[1]);"
        "print(le.accelerators['My chip'].power.samples(4).magnitude.tolist())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "facts.toml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(here)


def test_no_code_is_run(load: Load) -> None:
    """Text that looks like code stays text."""
    evil = "__import__('os').abort()"
    load(f'[accelerators."My chip"]\nvendor = "{evil}"\n')
    assert le.accelerators["My chip"].vendor == evil
    with pytest.raises(CatalogError, match=r"My model\.parameters"):
        load(f'[models."My model"]\nparameters = {{ value = "{evil}", {SEEN} }}\n')
