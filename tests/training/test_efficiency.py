"""Constants of a step: which hold where, what is fitted, what is only assumed."""

from __future__ import annotations

import attrs
import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.number_format import number_format
from llm_economics.hardware.generation import generation_of
from llm_economics.training.discrepancy import discrepancy, run_tuning
from llm_economics.training.efficiency import (
    ConstantSet,
    StepConstants,
    chosen_constants,
    constants_for,
)
from llm_economics.training.fitted import CONSTANTS, CORRELATIONS


def constants(
    chip: str = "H100 SXM", kind: str = "bf16", year: float = 2025.5, *, experts: bool = False
) -> ConstantSet:
    """Return the constants of a chip of the catalogue."""
    return constants_for(le.accelerators[chip], number_format(kind), year, has_experts=experts)


@pytest.mark.parametrize("name", list(le.accelerators))
@pytest.mark.parametrize("kind", ["bf16", "fp8", "fp4"])
def test_every_accelerator_has_every_constant(name: str, kind: str) -> None:
    """Known or not: each share lies within (0, 1.1], nothing is below nothing."""
    found = attrs.asdict(constants(name, kind, experts=True).central())
    assert set(found) == {f.name for f in attrs.fields(StepConstants)}
    shares = [v for k, v in found.items() if "efficiency" in k or k.startswith("exposed")]
    assert all(0.0 < share <= 1.1 for share in shares)
    assert min(found.values()) >= 0.0


def test_fitted_constants_are_whole() -> None:
    """Ordered ends, a reason each; the correlations are those of the fitted ones."""
    assert all(0.0 < c.low < c.high and c.why for c in CONSTANTS.values())
    fitted = [name for name, c in CONSTANTS.items() if c.fitted]
    matrix = np.array(CORRELATIONS)
    assert matrix.shape == (len(fitted), len(fitted))
    assert np.array_equal(matrix, matrix.T)
    assert np.all(np.diag(matrix) == 1.0)
    assert np.linalg.eigvalsh(matrix).min() > -0.01


def test_draws_keep_the_fitted_correlation() -> None:
    """Constants that were fitted together are drawn together."""
    found = constants()
    names = [name for name, c in CONSTANTS.items() if c.fitted]
    i, j = names.index("matrix Hopper 16"), names.index("elementwise_traffic")
    pair = [found.quantities[n] for n in ("matrix_efficiency", "elementwise_traffic")]
    both = pair[0] * pair[1]
    drawn = np.std(np.log(both.samples(4096).magnitude))
    a, b = (np.log(CONSTANTS[names[k]].high / CONSTANTS[names[k]].low) / 3.29 for k in (i, j))
    expected = np.sqrt(a**2 + b**2 + 2.0 * CORRELATIONS[i][j] * a * b)
    assert drawn == pytest.approx(expected, rel=0.05)


def test_attention_on_hopper_got_faster() -> None:
    """Software from mid 2024 uses its asynchronous units; other chips do not depend on it."""
    before, after = (constants(year=year).central() for year in (2024.4, 2024.6))
    assert before.attention_efficiency < after.attention_efficiency
    old, new = (constants("A100 SXM 80 GB", year=year).central() for year in (2024.4, 2024.6))
    assert old.attention_efficiency == new.attention_efficiency


def test_scores_pass_through_memory_before_fused_attention() -> None:
    """Before mid 2022 they do, and are an assumption; later nothing is."""
    assert constants(year=2021.5).central().score_traffic > 0.0
    assert "score traffic" in [a.name for a in constants(year=2021.5).assumptions]
    assert constants().central().score_traffic == 0.0
    assert "score traffic" not in [a.name for a in constants().assumptions]


def test_experts_get_cheaper() -> None:
    """With the date of the software, within the years that were seen."""
    years = (2020.0, 2025.6, 2026.2, 2026.75, 2030.0)
    cost = [constants(year=y, experts=True).central().expert_half_width for y in years]
    assert cost[0] == cost[1] > cost[2] > cost[3] == cost[4]


def test_assumptions_are_listed_once() -> None:
    """Each range with its name; those of experts where there are experts."""
    dense, sparse = ({a.name for a in constants(experts=e).assumptions} for e in (False, True))
    assert sparse - dense == {
        "dispatch traffic",
        "expert half width",
        "expert layer time",
        "exposed expert parallel",
    }
    assert "matrix efficiency 16 bit" not in dense  # the same input as in bf16
    assert "matrix efficiency 16 bit" in {a.name for a in constants(kind="fp8").assumptions}


@pytest.mark.parametrize(("chip", "kind"), [("Gaudi 2", "fp8"), ("Trainium2", "fp8")])
def test_two_inputs_with_the_same_reason_are_both_listed(chip: str, kind: str) -> None:
    """What nobody measured says so twice, since it is two inputs."""
    found = {a.name: a for a in constants(chip, kind).assumptions}
    assert found["matrix efficiency"].why == found["matrix efficiency 16 bit"].why
    assert found["matrix efficiency"].value is not found["matrix efficiency 16 bit"].value


def test_only_what_was_fitted_cites_the_fit() -> None:
    """An assumed constant is the library's own choice, and says so."""
    found = {a.name: a for a in constants("MI300X").assumptions}
    assert found["matrix efficiency"].provenance is None
    assert "(assumed)" in str(found["matrix efficiency"])
    layer = found["layer time"].provenance
    assert layer is not None
    assert [source.key for source in layer.sources] == ["training-step-fit-2026"]


@pytest.mark.parametrize(
    ("kind", "key"),
    [("fp32", "matrix Hopper 16"), ("fp8", "matrix Hopper 8"), ("fp6", "matrix Hopper 8")],
)
def test_formats_by_bits(kind: str, key: str) -> None:
    """Constants come by 16, 8 and 4 bits."""
    expected = np.sqrt(CONSTANTS[key].low * CONSTANTS[key].high)
    assert constants(kind=kind).central().matrix_efficiency == pytest.approx(expected)


def test_chosen_constants_take_any_numbers() -> None:
    """Floats while fitting, ranges in an estimate: the same names are asked for."""
    asked: list[str] = []

    def take(name: str) -> float:
        asked.append(name)
        return 0.5

    hopper = generation_of(le.accelerators["H100 SXM"])
    found = chosen_constants(hopper, "8", 2021.0, take=take)
    assert set(found) == {f.name for f in attrs.fields(StepConstants)}
    assert {"matrix Hopper 8", "matrix Hopper 16", "score_traffic", "expert_progress"} <= set(asked)


def test_discrepancy_is_one_input_for_all_runs() -> None:
    """Around 1, wider for experts; asked twice it is the same input."""
    dense, sparse = discrepancy(has_experts=False), discrepancy(has_experts=True)
    widths = []
    for found in (dense, sparse, run_tuning()):
        value = found.value
        assert isinstance(value, le.Quantity)
        assert found.provenance is not None
        low, high = value.interval(0.9)
        widths.append((high / low).number(""))
    assert widths[0] < widths[1]
    assert discrepancy(has_experts=False) is dense
