"""The paragraph on energy and carbon: golden texts, boundaries by name, the unknown, citations."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import attrs
import pytest

import llm_economics as le
from llm_economics.core.errors import RangeError, UnknownNameError
from llm_economics.core.sources import Assumption, Provenance, Source
from llm_economics.training.statement import bibtex, statement, statement_sources
from llm_economics.training.statement_draft import Draft
from llm_economics.training.statement_styles import STYLES, style_named

if TYPE_CHECKING:
    from llm_economics.training.estimate import TrainingBreakdown

PAPER = Source(
    key="doe-2022",
    title="Energy & carbon of a run_1, 100% of it",
    authors="J. Doe",
    date="2022-11",
    address="https://example.org/a_(paper)",
)
METER = Source(key="meter-2022", title="Log of the meter", organisation="Centre #1", date="2022")
STATED = Provenance(sources=PAPER, kind="disclosed", date="2022-11", confidence="seen")
READ = Provenance(sources=METER, kind="measured", date="2022", confidence="seen")
GUESSED = Provenance(sources=METER, kind="assumed", date="2022", confidence="seen")
CHIP = le.Accelerator(
    name="A100_80",
    power="400 W",
    peaks={"bf16": "312 TFLOP/s"},
    provenance={"power": STATED, "peaks.bf16": STATED},
)
FRANCE = le.Grid(
    name="France", carbon_intensity="57 gCO2e/kWh", provenance={"carbon_intensity": STATED}
)
SITE = le.Facility(name="Jean Zay", power_usage_effectiveness=1.2, grid=FRANCE)
# 1,082,990 accelerator-hours at 400 W: 433.2 MWh at the accelerators, 519.8 MWh with a PUE of 1.2.
BLOOM = le.TrainingWorkload(
    model=le.models["BLOOM 176B"].evolve(provenance={"parameters": STATED}),
    tokens="366 Gtoken",
    accelerator=CHIP,
    accelerators=384,
    duration=f"{1_082_990 / 384} hour",
    number_format="bf16",
    accelerator_load=1,
    server_factor=1,
    network_and_idle_share=0,
    facility=SITE,
    provenance={"duration": READ},
)
PLAN = le.TrainingWorkload(
    model=le.Model(name="R&D 70B", parameters="70 Gparameter", active_parameters="7 Gparameter"),
    tokens=(10, 15, "Ttoken"),
    accelerator=CHIP,
    accelerators=(1000, 1200),
    model_flops_utilization=(0.38, 0.43),
    goodput=0.9,
    accelerator_load=(0.7, 0.9),
    server_factor=(1.3, 1.7),
    network_and_idle_share=(0.03, 0.12),
    facility=le.Facility(
        name="site",
        power_usage_effectiveness=(1.08, 1.2),
        water_usage_effectiveness="1 L/kWh",
        grid=FRANCE,
    ),
)

BLOOM_LINES = (
    (
        "Training BLOOM 176B (176 billion parameters [1]) on 366 billion tokens amounts to 3.87 "
        "× 10²³ FLOP (6 N D, attention not counted)."
    ),
    (
        "On 384 A100_80 accelerators it took 118 days of wall time, or 1,082,990 "
        "accelerator-hours [2], at a model FLOPs utilization (MFU) of 31.8 % of the dense bf16 "
        "peak, lost time included [1]."
    ),
    (
        "The accelerators alone used 433 MWh of electricity and the facility Jean Zay (with "
        "cooling and power distribution) 520 MWh, at a power usage effectiveness (PUE) of 1.2."
    ),
    (
        "With a location-based average carbon intensity of the grid (France, 2022) of 57 g "
        "CO₂e/kWh [1], the electricity of the facility caused 29.6 t CO₂e."
    ),
    ("The water consumption is not known, so none is stated."),
    (
        "Measured is the duration; given for this run are the number of tokens, the number of "
        "accelerators, a mean accelerator power of 100 % of the rated 400 W [1] and the PUE; no "
        "input is assumed; the other inputs are taken from the sources cited."
    ),
    (
        "Not included are the host processors and memory of the servers, network, storage and "
        "idle servers, other experiments and failed runs, the making of the hardware (embodied "
        "carbon) and the use of the trained model."
    ),
    (
        "No figure has a range, since every input is a single value; how far each can be off is "
        "not stated."
    ),
)
PLAN_LINES = (
    (
        "Training R&D 70B (70 billion parameters, 7 billion of them active per token) on 12 "
        "[10–15] trillion tokens amounts to 5.1 [4.2–6.3] × 10²³ FLOP (6 N D, attention not "
        "counted)."
    ),
    (
        "On 1,100 [1,000–1,200] A100_80 accelerators it would take 48 [38–60] days of wall "
        "time, or 1.3 [1–1.6] million accelerator-hours, at a model FLOPs utilization (MFU) of "
        "36 [34–39] % of the dense bf16 peak, lost time included [1]."
    ),
    (
        "The accelerators alone would use 400 [310–510] MWh of electricity, the servers that "
        "hold them 600 [450–790] MWh, all IT equipment (with network, storage and idle servers) "
        "640 [480–850] MWh and the facility site (with cooling and power distribution) 730 "
        "[540–970] MWh, at a power usage effectiveness (PUE) of 1.14 [1.08–1.2]."
    ),
    (
        "With a location-based average carbon intensity of the grid (France, 2022) of 57 g "
        "CO₂e/kWh [1], the electricity of the facility would cause 42 [31–55] t CO₂e."
    ),
    (
        "Water consumption would be 640 [480–850] m³ on site; the water consumption off site is "
        "not known."
    ),
    (
        "Given for this run are the number of parameters, the number of tokens, the number of "
        "accelerators, a model FLOPs utilization of 40 [38–43] % before goodput, a goodput of "
        "90 %, a mean accelerator power of 80 [70–90] % of the rated 400 W [1], a server power "
        "of 1.5 [1.3–1.7] times that of the accelerators, a share of network, storage and idle "
        "servers of 6 [3–12] % of the energy of the working servers, the PUE and the water "
        "usage effectiveness; assumed is the number format (bf16); no input is marked as "
        "measured; the other inputs are taken from the sources cited."
    ),
    (
        "Not included are other experiments and failed runs, the making of the hardware "
        "(embodied carbon) and the use of the trained model."
    ),
    (
        "Figures with a range are the median and the 90 % range; a figure without one follows "
        "from single values."
    ),
)


def told(run: le.TrainingWorkload, style: str = "text") -> str:
    """Return the statement of a run with ordinary spaces."""
    return spaced(statement(run.estimate(), run, style=style))


def spaced(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def in_markdown(text: str) -> str:
    """Turn a golden text into the golden Markdown."""
    link = "[1](https://example.org/a_%28paper%29)"
    return text.replace("A100_80", "A100\\_80").replace("[1]", f"[{link}]")


def in_latex(text: str) -> str:
    """Turn a golden text into the golden LaTeX, spaces as they stand in print."""
    for plain, typed in (
        (" [1]", r" \cite{doe-2022}"),
        (" [2]", r" \cite{meter-2022}"),
        ("–", "--"),
        ("_", r"\_"),
        ("R&D", r"R\&D"),
        ("%", r"\%"),
        ("CO₂e", "CO$_2$e"),
        ("m³", "m$^3$"),
        ("6 N D", "$6ND$"),
        ("3.87 × 10²³", r"$3.87\times10^{23}$"),
        ("] × 10²³", r"]${}\times10^{23}$"),
    ):
        text = text.replace(plain, typed)
    return text


@pytest.mark.parametrize(
    ("run", "lines", "sources"),
    [(BLOOM, BLOOM_LINES, (PAPER, METER)), (PLAN, PLAN_LINES, (PAPER,))],
    ids=["measured", "planned"],
)
class TestGolden:
    """A run that was measured, in exact figures; and one that is planned, in ranges."""

    def test_text(self, run: le.TrainingWorkload, lines: Any, sources: Any) -> None:
        """The paragraph and the numbered list of what it cites."""
        listed = [f"[{number}] {source}" for number, source in enumerate(sources, 1)]
        expected = "\n".join([" ".join(lines), "", "References", *listed])
        assert told(run) == expected

    def test_markdown(self, run: le.TrainingWorkload, lines: Any, sources: Any) -> None:
        """The same, names escaped and citations linked."""
        cited = [f"{n}. {source.cite('markdown')}" for n, source in enumerate(sources, 1)]
        expected = "\n".join([in_markdown(" ".join(lines)), "", "**References**", "", *cited])
        assert told(run, "markdown") == expected

    def test_latex(self, run: le.TrainingWorkload, lines: Any, sources: Any) -> None:
        """The same in LaTeX, with keys instead of a list."""
        found = statement(run.estimate(), run, style="latex")
        assert found.replace("~", " ").replace(r"\,", " ") == in_latex(" ".join(lines))
        assert statement_sources(run.estimate(), run) == sources

    def test_length(self, run: le.TrainingWorkload, lines: Any, sources: Any) -> None:
        """One paragraph of five to eight sentences."""
        paragraph = told(run).split("\n")[0]
        assert 5 <= len(re.findall(r"\.(?= [A-Z]|$)", paragraph)) <= 8

    def test_numbers_are_the_estimate(
        self, run: le.TrainingWorkload, lines: Any, sources: Any
    ) -> None:
        """Each number with a unit is a quantile of a result or an input, to its last digit."""
        found = list(figures(told(run)))
        assert len(found) >= 10
        for texts, unit, scale in found:
            assert any(agrees(texts, scale, value.to(unit)) for value in values(run, unit)), texts


WORDS = {
    "billion parameters": ("parameter", 1e9),
    "billion of them active": ("parameter", 1e9),
    "billion tokens": ("token", 1e9),
    "trillion tokens": ("token", 1e12),
    "× 10²³ FLOP": ("FLOP", 1e23),
    "A100_80 accelerators": ("accelerator", 1.0),
    "days": ("day", 1.0),
    "accelerator-hours": ("accelerator*hour", 1.0),
    "million accelerator-hours": ("accelerator*hour", 1e6),
    "%": ("percent", 1.0),
    "MWh": ("MWh", 1.0),
    "g CO₂e/kWh": ("gCO2e/kWh", 1.0),
    "t CO₂e": ("tCO2e", 1.0),
    "W": ("W", 1.0),
    "m³": ("m**3", 1.0),
}


def figures(text: str) -> Any:
    """Yield every number with a unit: its texts (one, or median and ends), unit, scale."""
    units = "|".join(re.escape(word) for word in sorted(WORDS, key=len, reverse=True))
    number = r"(\d(?:[\d.,]*\d)?)"
    number = r"(\d(?:[\d.,]*\d)?)"
    number = r"(\d(?:[\d.,]*\d)?)"
    pattern = rf"{number}(?: \[{number}–{number}\])? ({units})(?! range|\w)"
    for found in re.finditer(pattern, text):
        unit, scale = WORDS[found[4]]
        yield [part for part in found.groups()[:3] if part], unit, scale


def values(run: le.TrainingWorkload, unit: str) -> list[le.Quantity]:
    """Everything in the estimate and its inputs that has this dimension."""
    breakdown = run.estimate()
    model, site = run.model, run.facility
    assert model is not None
    assert site is not None
    every: list[Any] = [step.value for step in breakdown.steps()]
    every += [getattr(run, field.name) for field in attrs.fields(type(run))]
    every += [model.parameters, model.active_parameters, CHIP.power, FRANCE.carbon_intensity]
    wanted = le.quantity(1.0, unit).dimensionality
    return [v for v in every if isinstance(v, le.Quantity) and v.dimensionality == wanted]


def agrees(texts: list[str], scale: float, value: le.Quantity) -> bool:
    """Whether each number is the quantity, rounded to two digits of a range, three if exact."""
    if value.is_range is not (len(texts) > 1):
        return False
    levels = (0.5, 0.05, 0.95)[: len(texts)]
    known = [float(x) / scale for x in value.quantiles(*levels).magnitude]
    digits = 3 if len(texts) == 1 else 2
    shown = [float(text.replace(",", "")) for text in texts]
    rounded = [{float(f"{x:.{n - 1}e}") for n in (digits, digits + 1, 16)} for x in known]
    whole = [{float(round(x))} for x in known]
    return all(s in r | w for s, r, w in zip(shown, rounded, whole, strict=True))


@pytest.mark.parametrize("run", [BLOOM, PLAN, PLAN.evolve(facility=SITE.evolve(grid=None))])
def test_latex_compiles(run: le.TrainingWorkload) -> None:
    """Braces and dollars balance, and no sign of LaTeX stands unescaped."""
    text = statement(run.estimate(), run, style="latex")
    outside = re.sub(r"\$[^$]*\$", "", text.replace(r"\$", ""))
    outside = re.sub(r"\\cite\{[a-z0-9,-]+\}", "", outside)
    assert text.count("{") == text.count("}")
    assert text.replace(r"\$", "").count("$") % 2 == 0
    assert not re.search(r"(?<!\\)[%&_#$^]", outside)
    assert text.isascii()


def test_bibtex() -> None:
    """Each source once, with its fields escaped."""
    text = bibtex([PAPER, METER, PAPER])
    assert text.count("@misc{") == 2
    assert r"title = {Energy \& carbon of a run\_1, 100\% of it}" in text.replace("{{", "{")
    assert r"author = {{Centre \#1}}" in text
    assert text.count("{") == text.count("}")
    assert "url = {https://example.org/a_(paper)}" in text


@pytest.mark.parametrize("style", STYLES)
def test_unit_sticks_to_its_number(style: str) -> None:
    """No line breaks between a number and its unit."""
    kind = style_named(style)
    text = statement(BLOOM.estimate(), BLOOM, style=style)
    assert f"433{kind.thin}MWh" in text
    assert f"29.6{kind.thin}t{kind.thin}{kind.carbon}" in text
    assert f"118{kind.tie}days" in text


@pytest.mark.parametrize("run", [BLOOM, PLAN])
def test_no_weasel_words(run: le.TrainingWorkload) -> None:
    """A range says how far a figure can be off; an exact figure is not called approximate."""
    assert not re.search(r"approximately|about|roughly|around|~", told(run))


NOTHING_CARBON = "is not known, so no carbon is stated."


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"facility": SITE.evolve(grid=None)},
            f"The carbon intensity of the grid {NOTHING_CARBON}",
        ),
        (
            {"facility": SITE.evolve(grid=le.Grid(name="isle"))},
            f"The carbon intensity of the grid (isle) {NOTHING_CARBON}",
        ),
        (
            {"facility": SITE.evolve(grid=le.Grid(name="isle", carbon_intensity="1 gCO2e/kWh"))},
            "grid (isle, year and source not stated) of 1 g CO₂e/kWh, the electricity of",
        ),
        (
            {"model": le.Model(name="m"), "tokens": None},
            (
                "The computation of training m (number of parameters not known) is not known, so "
                "no model FLOPs utilization is stated. On 384"
            ),
        ),
        (
            {"model": None, "tokens": None},
            "The computation of the training run is not known, so no",
        ),
        (
            {"model": None, "computation": "1e23 FLOP", "name": "run_1", "tokens": None},
            (
                "The training run run_1 amounts to 1 × 10²³ FLOP (as given); the number of tokens "
                "is not stated."
            ),
        ),
        (
            {"model": None, "computation": "1e23 FLOP", "tokens": None},
            "Measured is the duration; given for this run are the computation, the number",
        ),
        (
            {"attention": "causal", "sequence_length": "2048 token"},
            "FLOP (6 N D and the attention term, causal).",
        ),
        (
            {"tokens": None},
            "on 366 billion tokens amounts",
        ),
        (
            {
                "tokens": None,
                "model": le.Model(
                    name="m",
                    training_computation="1e23 FLOP",
                    provenance={"training_computation": STATED},
                ),
            },
            "FLOP (as published or estimated for the model) [1]; the number of tokens",
        ),
        (
            {"accelerators": 1, "duration": "1 hour"},
            "On 1 A100_80 accelerator it took 60 minutes of wall time, or 1 accelerator-hour,",
        ),
        ({"duration": "30 hour"}, "it took 30 hours of wall time, or 11,520 accelerator-hours,"),
        ({"duration": "1.23456 hour"}, "or 474 accelerator-hours,"),
        ({"accelerators": 1, "duration": "1 minute"}, "The accelerators alone used 6.67 Wh"),
        ({"accelerators": 1, "duration": "1 minute"}, "caused 0.456 g CO₂e."),
        (
            {"facility": SITE.evolve(power_usage_effectiveness=1)},
            "The accelerators alone used 433 MWh of electricity. With",
        ),
        (
            {"facility": SITE.evolve(power_usage_effectiveness=1)},
            "the electricity of the accelerators caused 24.7 t CO₂e.",
        ),
        (
            {"facility": SITE.evolve(power_usage_effectiveness=1)},
            "network, storage and idle servers, cooling and power distribution, other experiments",
        ),
        (
            {"provenance": {"accelerators": READ, "duration": READ}},
            "Measured are the number of accelerators and the duration;",
        ),
        (
            {"provenance": {"accelerator_load": GUESSED}},
            (
                "; assumed is a mean accelerator power of 100 % of the rated 400 W [1, 2]; no "
                "input is marked as measured;"
            ),
        ),
        (
            {"provenance": {"tokens": STATED}},
            "; no input is marked as measured and none is assumed; the other",
        ),
        ({"server_factor": None}, "[1.3–1.6] times that of the accelerators ["),
        ({"network_and_idle_share": 0.1}, "network, storage and idle servers of 10 % of the"),
        ({"accelerator_load": (0.8, 0.80001)}, "a mean accelerator power of 80 % of the rated"),
    ],
)
def test_says_what_is_known_and_what_is_not(changes: dict[str, Any], said: str) -> None:
    """Each kind of run gets its own sentence; the unknown is said to be unknown."""
    assert said in told(BLOOM.evolve(**changes))


def test_all_given_from_no_source() -> None:
    """Without any source there is no list of references and no talk of one."""
    bare: dict[str, Any] = {"provenance": {}}
    run = BLOOM.evolve(
        model=le.Model(name="m", parameters="7 Gparameter"),
        accelerator=attrs.evolve(CHIP, **bare),
        facility=SITE.evolve(grid=attrs.evolve(FRANCE, **bare)),
        **bare,
    )
    text = told(run)
    assert "no input is marked as measured and none is assumed. Not included" in text
    assert "\n" not in text
    assert statement_sources(run.estimate(), run) == ()


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        ({}, "a server power of 500 W per accelerator and the PUE; no input"),
        ({"power": STATED}, "assumed is a server power of 500 W per accelerator [1];"),
    ],
)
def test_server_of_known_power(origin: dict[str, Provenance], said: str) -> None:
    """A server's own power stands in place of a factor."""
    server = le.Server(
        name="box", accelerator=CHIP, accelerators=8, power="4 kW", provenance=origin
    )
    text = told(BLOOM.evolve(server=server, server_factor=None, provenance={}))
    assert said in text
    assert "the servers that hold them 541 MWh" in text


def test_all_figures_are_ranges() -> None:
    """Where no figure is a single value, nothing is said of them."""
    draft = Draft(style_named("text"))
    draft.amount(le.between(1, 2, "MWh"), "MWh", "MWh")
    assert draft.has_ranges
    assert not draft.has_single


def wet(wue: str | None, intensity: str | None) -> le.TrainingWorkload:
    """Return the measured run at a site of known water, with sources for it."""
    grid = FRANCE.evolve(
        water_intensity=intensity, provenance={**FRANCE.provenance, "water_intensity": READ}
    )
    origin = {"water_usage_effectiveness": STATED}
    site = SITE.evolve(water_usage_effectiveness=wue, grid=grid, provenance=origin)
    return BLOOM.evolve(facility=site, provenance={})


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            wet("1 L/kWh", "0.001 L/kWh"),
            "t CO₂e. Water consumption was 433 m³ on site [1] and 520 L off site [2]. Given",
        ),
        (
            wet(None, "2 L/kWh"),
            (
                "Water consumption was 1,040 m³ off site [2]; the water consumption on site is not "
                "known. Given"
            ),
        ),
        (
            wet(None, None),
            "t CO₂e. The water consumption is not known, so none is stated. Given",
        ),
    ],
)
def test_water(run: le.TrainingWorkload, said: str) -> None:
    """Water is stated by place with its source, the unknown is said to be unknown."""
    text = told(run)
    assert said in text
    assert "(embodied carbon) and the use of the trained model." in text


def test_estimate_without_water() -> None:
    """Where an estimate does not speak of water, water is listed with what is left out."""
    names = ("accelerator", "assumptions", "energy", "duration", "steps", "accelerators")
    more = ("accelerator_time", "computation", "model_flops_utilization", "carbon")
    breakdown = PLAN.estimate()
    parts = {name: getattr(breakdown, name) for name in (*names, *more)}
    dry = cast("TrainingBreakdown", SimpleNamespace(**parts))
    text = spaced(statement(dry, PLAN, style="text"))
    assert "embodied carbon), water and the use" in text
    assert "t CO₂e. Given" in text
    assert "working servers and the PUE; assumed" in text


def test_other_assumptions_are_named() -> None:
    """What else was assumed is named; prices do not touch the energy."""
    breakdown = BLOOM.estimate()
    more = (
        Assumption(name="global_batch", value=4e6, why="usual", provenance=STATED),
        Assumption(name="A100_80 rental price", value=2.0, why="usual"),
    )
    breakdown = attrs.evolve(breakdown, assumptions=(*breakdown.assumptions, *more))
    text = spaced(statement(breakdown, BLOOM, style="text"))
    assert "; assumed is the global batch [1]; the other inputs" in text


def test_factor_that_nobody_states() -> None:
    """What is neither given nor assumed is not spoken of."""
    breakdown = attrs.evolve(PLAN.estimate(), assumptions=())
    run = PLAN.evolve(network_and_idle_share=None)
    text = spaced(statement(breakdown, run, style="text"))
    assert "of the accelerators, the PUE and the water usage effectiveness; no input" in text
    assert "of the dense peak, lost time included." in text


def test_run_without_facility() -> None:
    """An estimate whose workload has lost its facility names none."""
    run = wet("1 L/kWh", "2 L/kWh")
    text = spaced(statement(run.estimate(), run.evolve(facility=None), style="text"))
    assert "and the facility (with cooling and power distribution) 520 MWh. The carbon" in text
    assert "Water consumption was 433 m³ on site and 1,040 m³ off site. Given" in text
    assert "400 W [1]; no input is marked as measured" in text


def test_markdown_shows_itself_in_notebooks() -> None:
    """Markdown is typeset in a notebook, the other styles stand as they are typed."""
    shown = {name: statement(BLOOM.estimate(), BLOOM, style=name) for name in STYLES}
    assert shown["markdown"]._repr_markdown_() == shown["markdown"]
    assert shown["latex"]._repr_markdown_().startswith("```text")


def test_refusals() -> None:
    """Another style, another run's workload, many runs at once: each refused by name."""
    breakdown = BLOOM.estimate()
    with pytest.raises(UnknownNameError, match=r"style of a statement named 'latx'.*'latex'"):
        statement(breakdown, BLOOM, style="latx")
    other = BLOOM.evolve(accelerator=le.accelerators["H100 SXM"])
    with pytest.raises(RangeError, match="on A100_80; got one on H100 SXM"):
        statement(breakdown, other, style="text")
    many = BLOOM.evolve(duration=le.axis([10.0, 20.0], unit="day"))
    with pytest.raises(RangeError, match="statement describes one run; give each input one"):
        statement(many.estimate(), many, style="text")
