"""The audit: three ways, each saying what it used."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.claim.verdict import Status, Way, compare_ends, compare_probably
from llm_economics.core.errors import DimensionError, MissingInputError, UnknownNameError


def checks(key: str, way: Way) -> list[str]:
    """Reasons of the checks of one way that fail."""
    verdict = le.claims[key].audit()
    return [c.because for c in verdict.checks if c.way is way and c.status is Status.INCONSISTENT]


# -- what the seed table's audit must find ------------------------------------------------------


def test_chatgpt_energy_contradicts_its_own_power_and_days() -> None:
    """7-15 MW for 30-90 days is 5.04-32.4 GWh, so hundreds of MWh is at least 5x too low."""
    verdict = le.claims["seed/chatgpt/training-energy"].audit()
    assert verdict.status is Status.INCONSISTENT
    assert 1 / verdict.factor == pytest.approx(5.04)
    assert str(verdict) == "inconsistent: at least 5x too low (with its own figures)"
    assert "7–15 MW and 30–90 day give 5.04–32.4 GWh" in verdict.checks[0].because


def test_grok_energy_over_power_is_17_to_52_days() -> None:
    """10-25 GWh at 20-25 MW take 16.7 to 52.1 days, not several months."""
    (reason,) = checks("seed/grok/training-time", Way.INTERNAL)
    assert "10–25 GWh and 20–25 MW give 16.7–52.1 day" in reason


def test_gemini_hardware_cannot_use_tens_of_gwh() -> None:
    """Machines for 10-20 MUSD do not use 10-100 GWh within a year, with 95 % probability."""
    reasons = checks("seed/gemini/hardware-cost", Way.INTERNAL)
    assert any("10–100 GWh" in reason and "at least" in reason for reason in reasons)
    verdict = le.claims["seed/gemini/training-energy"].audit()
    failed = [c for c in verdict.checks if c.status is Status.INCONSISTENT]
    assert [c.outcome.sure for c in failed] == [False]


def test_titan_was_trained_on_other_accelerators() -> None:
    """The table says Trainium; the public account of the run names A100."""
    (reason,) = checks("seed/titan/accelerator", Way.PUBLIC)
    assert reason == "claimed Trainium1, public accounts of the training name A100"


def test_agreement_is_said_beside_contradiction() -> None:
    """ChatGPT's several months contradict its own energy, but agree with everybody else."""
    verdict = le.claims["seed/chatgpt/training-time"].audit()
    assert verdict.holding == (Way.PUBLIC, Way.BOTTOM_UP)
    assert "but consistent with other public figures" in str(verdict)


@pytest.mark.parametrize(
    "key", ["seed/chatgpt/traits", "seed/gemini/training-time", "seed/titan/training-power"]
)
def test_not_checkable_says_what_is_missing(key: str) -> None:
    """A claim without a figure that can be compared says what would be needed."""
    verdict = le.claims[key].audit()
    assert verdict.status is Status.NOT_CHECKABLE
    assert str(verdict).startswith("not checkable: ")
    assert "needed" in verdict.missing


def test_every_claim_can_be_audited() -> None:
    """Each claim gets a verdict that explains itself, whatever it is about."""
    for claim in le.claims.values():
        verdict = claim.audit()
        assert claim.key in verdict.explain()
        assert verdict.checks or verdict.missing


def test_every_check_says_what_it_used() -> None:
    """A check names the claims or assumptions behind it."""
    for key in (k for k in le.claims if k.startswith("seed/")):
        assert all(check.used for check in le.claims[key].audit().checks)


# -- comparing ranges ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claimed", "implied", "side", "factor"),
    [
        ((1, 2), (2, 3), "both", 1.0),
        ((1, 2), (4, 8), "both", 0.5),
        ((8, 9), (2, 4), "both", 2.0),
        ((8, 9), (2, 4), "at least", 1.0),
        ((1, 2), (4, 8), "at least", 0.5),
        ((1, 2), (4, 8), "at most", 1.0),
        ((8, 9), (2, 4), "at most", 2.0),
        ((620, 1000), (300, 610), "both", 1.0),
        ((620, 1000), (300, 600), "both", 620 / 600),
    ],
)
def test_ends(claimed: tuple, implied: tuple, side: str, factor: float) -> None:
    """Ranges that touch are consistent; a least or a most excludes one side only."""
    assert compare_ends(claimed, implied, side).factor == pytest.approx(factor, rel=1e-3)


def test_probable_comparison() -> None:
    """Ranges whose extreme ends touch can still be apart with 95 % probability."""
    low, high = le.between(1, 10, "MW"), le.between(9, 90, "MW")
    outcome = compare_probably(low, high)
    assert outcome.status is Status.INCONSISTENT
    assert not outcome.sure
    assert compare_probably(low, high, "at most").status is Status.CONSISTENT
    assert compare_probably(high, low).factor > 1
    assert compare_probably(high, low, "at least").status is Status.CONSISTENT
    assert compare_probably(low, low).status is Status.CONSISTENT


# -- claims of one's own -------------------------------------------------------------------------


def own(metric: str, value: object, **more: object) -> le.Claim:
    """Make a claim about a service of one's own."""
    name = str(more.pop("key", metric))
    return le.Claim(
        key=name, service="Mine", group="run", metric=metric, statement=name, value=value, **more
    )


def test_own_claims() -> None:
    """Claims of one's own are audited against each other."""
    power, days = own("training-power", "7-15 MW"), own("training-duration", "30-90 day")
    energy = own("training-energy", "200 MWh")
    verdict = energy.audit(le.Evidence(claims=[power, days, energy]))
    assert verdict.status is Status.INCONSISTENT
    assert 1 / verdict.factor == pytest.approx(5.04 / 0.2)
    assert own("training-energy", "10 GWh").audit(le.Evidence(claims=[power, days])).factor == 1


@pytest.mark.parametrize(("energy", "power"), [("0 GWh", "7 MW"), ("5 GWh", "0 MW")])
def test_claims_of_zero(energy: str, power: str) -> None:
    """A figure of zero contradicts one that is not, and breaks nothing."""
    evidence = le.Evidence(
        claims=[own("training-power", power), own("training-duration", "30 day")]
    )
    assert str(own("training-energy", energy).audit(evidence)).startswith(
        "inconsistent: one of the two is zero"
    )
    nothing = le.Evidence(claims=[own("training-power", "0 MW"), *evidence.claims[1:]])
    assert own("training-energy", "0 GWh").audit(nothing).status is Status.CONSISTENT


def test_unit_of_a_claim_changes_nothing() -> None:
    """The same figures in other units give the same verdict."""
    factors = []
    for power, energy in (("7-15 MW", "0.2 GWh"), ("7000-15000 kW", "200 MWh")):
        evidence = le.Evidence(
            claims=[own("training-power", power), own("training-duration", "30-90 day")]
        )
        factors.append(own("training-energy", energy).audit(evidence).factor)
    assert factors[0] == pytest.approx(factors[1], rel=1e-12)


def test_accelerator_hours() -> None:
    """Accelerators times days is checked against accelerator-hours, and back."""
    hours = own("training-accelerator-hours", "57e6 accelerator*hour")
    count, days = own("accelerator-count", 25000), own("training-duration", "95 day")
    assert hours.audit(le.Evidence(claims=[count, days])).status is Status.CONSISTENT
    longer = own("training-duration", "200 day")
    verdict = longer.audit(le.Evidence(claims=[hours, count]))
    assert verdict.factor == pytest.approx(200 / 95)


def test_accelerators_without_figures() -> None:
    """An accelerator whose price nobody knows gives no check of the money."""
    chip = le.Accelerator(name="Chip", power="500 W")
    named = own("accelerator", None, accelerators_named="Chip")
    cost, power = own("hardware-cost", "5 MUSD"), own("training-power", "7 MW")
    evidence = le.Evidence(claims=[named, power], accelerators={"Chip": chip})
    assert cost.audit(evidence).status is Status.NOT_CHECKABLE
    priced = {"Chip": chip.evolve(system_price="10 kUSD")}
    evidence = le.Evidence(claims=[named, power], accelerators=priced)
    assert cost.audit(evidence).status is Status.INCONSISTENT
    assert named.audit(evidence).status is Status.NOT_CHECKABLE


def test_the_training_behind_a_service_stands_in() -> None:
    """Where an account of the run names no accelerator, that of the service's training counts."""
    titan = le.services["Titan"]
    power = le.Claim(
        key="power",
        service="Titan",
        group=titan.training.model.name,
        metric="training-power",
        statement="10 MW",
        value="10 MW",
    )
    cost = power.evolve(key="cost", metric="hardware-cost", statement="5 MUSD", value="5 MUSD")
    check = cost.audit(le.Evidence(claims=[power], service=titan)).checks[0]
    assert check.way is Way.INTERNAL
    assert "system price of A100 SXM 40 GB" in check.used


def test_another_site_is_not_priced_like_the_training() -> None:
    """A site of other accelerators, which nobody prices here, is not checked with A100 prices."""
    verdict = le.claims["public/chatgpt/hardware-cost/abilene-2026"].audit()
    assert verdict.status is Status.NOT_CHECKABLE


def test_rounded_figures_agree() -> None:
    """260 and 263 trillion tokens a month are one figure, rounded."""
    verdict = le.claims["public/chatgpt/tokens-served/press-2025-10"].audit()
    assert verdict.status is Status.CONSISTENT


def test_market_based_carbon_is_not_estimated() -> None:
    """Google's 0.03 g rests on contracts; our estimate is location-based and not comparable."""
    verdict = le.claims["public/gemini/carbon-per-query/google-2025"].audit()
    assert all(check.way is not Way.BOTTOM_UP for check in verdict.checks)


def test_scopes_and_boundaries_are_not_mixed() -> None:
    """A rent is not compared with a purchase, nor an accelerator's energy with a facility's."""
    rent = own("training-cost", "60 MUSD", scope="rental", key="a")
    bought = own("training-cost", "800 MUSD", scope="acquisition", key="b")
    assert rent.audit(le.Evidence(claims=[bought])).status is Status.NOT_CHECKABLE
    unstated = own("training-cost", "800 MUSD", key="c")
    assert rent.audit(le.Evidence(claims=[unstated])).status is Status.INCONSISTENT


def test_a_claim_without_evidence() -> None:
    """A claim that nothing is known about says how to audit it."""
    with pytest.raises(MissingInputError, match=r"le\.Evidence"):
        own("training-power", "7 MW").audit()


@pytest.mark.parametrize(
    ("metric", "value", "error", "match"),
    [
        ("training-energy", "5 MW", DimensionError, "Did you mean '5 MWh'"),
        ("training-enery", "5 MWh", UnknownNameError, "training-energy"),
        ("training-power", 5, DimensionError, "needs a value of training power with a unit"),
    ],
)
def test_bad_claims(metric: str, value: object, error: type[Exception], match: str) -> None:
    """A claim whose value does not fit its metric is refused, and says what to write."""
    with pytest.raises(error, match=match):
        own(metric, value)


def test_per_query_figures_read_plain_energy() -> None:
    """0.34 Wh per query may be written as 0.34 Wh."""
    claim = own("energy-per-query", "0.34 Wh")
    assert claim.shown == "0.34 Wh/request"


def test_display() -> None:
    """Verdicts and claims show themselves at the prompt and in notebooks."""
    verdict = le.claims["seed/chatgpt/training-energy"].audit()
    assert repr(verdict) == str(verdict.explain())
    assert verdict._repr_html_().startswith("<pre>")
    assert "used: seed/chatgpt/training-power" in verdict.explain()
    assert "hundreds of MWh" in le.claims["seed/chatgpt/training-energy"]._repr_html_()


def test_a_claim_can_be_varied() -> None:
    """Another value makes another claim of the same kind."""
    claim = le.claims["seed/grok/training-energy"]
    assert claim.evolve(value="5 GWh").metric is claim.metric
