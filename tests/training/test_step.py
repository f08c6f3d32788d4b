"""One step of a run: sums in every draw, what is assumed, what is refused and how."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

import llm_economics as le
from llm_economics.core.errors import (
    DimensionError,
    LLMEconomicsError,
    MissingInputError,
    RangeError,
    UnknownNameError,
)
from llm_economics.core.number_format import NumberFormat
from llm_economics.training.layout import Layout
from llm_economics.training.step import case_of, software_year
from llm_economics.training.step_shape import StepShape, step_shape

H100 = le.accelerators["H100 SXM"]
GIVEN: dict[str, Any] = {
    "model": le.models["Llama 3.1 8B"],
    "accelerator": H100,
    "accelerators": 8,
    "global_batch": "128*8192 token",
    "sequence_length": "8192 token",
    "software_date": "2025-06",
    "number_format": "bf16",
    "optimizer": "adam",
    "server": le.servers["DGX H100"],
}
CLOSED = le.Model(name="closed", parameters="8 Gparameter")
SPREAD = Layout(data_parallel=8, sharding="parameters")


def run(**changes: Any) -> le.TrainingWorkload:
    """Return a run with some inputs changed; None leaves one out."""
    return le.TrainingWorkload(**(GIVEN | {"global_batch": 128 * 8192} | changes))


@pytest.mark.parametrize("model", ["Llama 3.1 8B", "Mixtral 8x7B"])
def test_parts_sum_in_every_draw(model: str) -> None:
    """Time by part and memory by part; the share at work never exceeds the step."""
    step = run(model=le.models[model], accelerators=64).step()
    parts = sum(value.samples(256).magnitude for value in step.parts.values())
    assert parts == pytest.approx(step.step_time.samples(256).magnitude, rel=1e-12)
    assert all(value.samples(256).magnitude.min() >= 0.0 for value in step.parts.values())
    assert np.all(step.busy.samples(256).magnitude <= 1.0)
    memory = sum(value.number("GB") for value in step.memory.values())
    assert step.memory_total.number("GB") == pytest.approx(memory)


def test_rate_and_utilization_follow_from_the_time() -> None:
    """Tokens over time; model FLOP over the dense peak."""
    step = run().step()
    seconds = step.step_time.samples(64).magnitude
    rate = step.token_rate.to("token/second/accelerator").samples(64).magnitude
    assert rate == pytest.approx(128 * 8192 / 8 / seconds, rel=1e-12)
    shape = step_shape(le.models["Llama 3.1 8B"], le.quantity("8192 token"))
    utilization = step.model_flops_utilization.samples(64).magnitude
    assert utilization == pytest.approx(rate * shape.model_computation / 989.4e12, rel=1e-3)
    model = step.model_flops_utilization.number("")
    assert step.hardware_flops_utilization.number("") == pytest.approx(model, rel=1e-12)


@pytest.mark.parametrize("recomputation", ["none", "selective", "full"])
def test_hardware_utilization_counts_what_is_repeated(recomputation: str) -> None:
    """Never below that of the model; at most a third above it."""
    step = run(layout=SPREAD, recomputation=recomputation).step()
    assert str(step.layout.recomputation) == recomputation
    ratio = (step.hardware_flops_utilization / step.model_flops_utilization).number("")
    assert 1.0 - 1e-12 <= ratio <= 4.0 / 3.0
    assert (ratio > 1.001) == (recomputation != "none")


def test_assumptions_are_listed_once_with_reason() -> None:
    """What was not said, each constant, and how far measured steps lay from estimated ones."""
    unsaid = dict.fromkeys(
        (
            "global_batch",
            "sequence_length",
            "software_date",
            "number_format",
            "optimizer",
            "server",
        )
    )
    unsaid["software_date"] = ""
    step = run(**unsaid).step()
    names = [a.name for a in step.assumptions]
    assert len(names) == len(set(names))
    assert {
        "global_batch",
        "sequence_length",
        "software_date",
        "number_format",
        "optimizer",
        "scale-up domain",
        "scale-out bandwidth",
        "layout",
        "matrix efficiency",
        "model discrepancy of the step",
    } <= set(names)
    assert all(a.why for a in step.assumptions)
    text = step.explain()
    assert "training-step-fit-2026" in text
    assert "llm-foundry-throughput" in text


def test_what_is_given_is_not_assumed() -> None:
    """With everything said, only constants and the discrepancy are left."""
    names = {a.name for a in run(layout=SPREAD).step().assumptions}
    assert not names & {
        "global_batch",
        "sequence_length",
        "software_date",
        "number_format",
        "optimizer",
        "scale-up domain",
        "scale-out bandwidth",
        "layout",
        "shape",
    }


def test_the_discrepancy_is_an_input() -> None:
    """Without it no range could hold what happens."""
    step = run().step()
    assert "model discrepancy of the step" in step.step_time.inputs


def test_bottleneck() -> None:
    """The longest part: matrices of a dense model; exchange where the network is slow."""
    assert run().step().bottleneck == "matrices"
    slow = le.servers["DGX H100"].evolve(network_bandwidth="8 Gbit/s")
    step = run(accelerators=16, server=slow, layout=Layout(data_parallel=16, sharding="parameters"))
    assert step.step().bottleneck == "sharding"


def test_the_same_digits_twice() -> None:
    """Same inputs, same draws: two estimates of two runs agree in every sample."""
    first, second = (run().step().step_time.samples(128).magnitude for _ in range(2))
    assert np.array_equal(first, second)


def test_units_do_not_matter() -> None:
    """Tokens or thousands of them, bytes or bits."""
    other = run(global_batch="1048.576 ktoken", sequence_length="8.192 ktoken")
    assert other.step().step_time.number("s") == pytest.approx(run().step().step_time.number("s"))


def test_shows_itself() -> None:
    """A line for each part, with what it follows from."""
    step = run().step()
    lines = {line.name: line for line in step.steps()}
    parts = {name for name, time in step.parts.items() if time.central().magnitude > 0.0}
    assert {f"time, {name}" for name in parts} <= set(lines)
    assert "time, expert dispatch" not in lines
    assert {f"memory, {name}" for name in step.memory} <= set(lines)
    assert all(line.how for line in lines.values())
    assert step.title == "one step of Llama 3.1 8B on 8 x H100 SXM"
    assert run(name="mine").step().title.startswith("one step of mine on")


@pytest.mark.parametrize("layout", [None, SPREAD], ids=["searched", "given"])
def test_a_model_of_unknown_shape_says_so(layout: Layout | None) -> None:
    """A shape of usual proportions stands in, and is listed."""
    step = run(model=CLOSED, layout=layout).step()
    found = {a.name: a for a in step.assumptions}["shape"]
    assert "decoder of 34 layers, 4403 wide" in str(found.value)
    assert "architecture" in found.why


@pytest.mark.parametrize("layers", [None, 32], ids=["without shape", "incomplete shape"])
def test_a_range_of_parameters_stays_one(layers: int | None) -> None:
    """Parameters that are stated as a range reach time and memory."""
    shape = None
    if layers is not None:
        shape = le.Architecture(
            layers=layers, hidden_size=4096, attention_heads=32, head_dimension=128
        )
    model = le.Model(name="about", parameters="7-9 Gparameter", architecture=shape)
    for layout in (None, SPREAD):
        step = run(model=model, layout=layout).step()
        assert step.memory["weights"].is_range
        assert "parameters" in " ".join(step.step_time.inputs)


def test_a_given_layout_is_kept() -> None:
    """And has the figures that the search gives it."""
    found = run().search_layouts()
    for rank in (0, len(found) - 1):
        step = run(layout=found.layout(rank)).step()
        assert str(step.layout) == str(found.layout(rank))
        assert step.memory_total.number("GB") == pytest.approx(found.memory(rank).magnitude)
        central = sum(float(v.central().magnitude) for v in step.parts.values())
        assert central == pytest.approx(found.step_time(rank).magnitude, rel=0.02)


def test_recomputation_of_the_run_goes_before_that_of_the_layout() -> None:
    """It is what the caller said last; the layout's holds where nothing is said."""
    layout = SPREAD.evolve(recomputation="full")
    assert str(run(layout=layout).step().layout.recomputation) == "full"
    changed = run(layout=layout, recomputation="none").step()
    assert str(changed.layout.recomputation) == "none"


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"layout": Layout(data_parallel=8)}, RangeError, r"layout does not fit.*short by.*optimi"),
        ({"layout": SPREAD.evolve(micro_batch=16)}, RangeError, "most of it activations.*recomput"),
        ({"layout": Layout(data_parallel=16)}, RangeError, "16 accelerators, 8 more than the 8"),
        ({"layout": Layout(tensor_parallel=3)}, RangeError, "32 attention heads do not divide"),
        (
            {"model": CLOSED, "layout": Layout(data_parallel=64, sharding="parameters")},
            RangeError,
            "64 accelerators, 56 more than the 8",
        ),
        (
            {"model": CLOSED, "layout": SPREAD.evolve(micro_batch=3)},
            RangeError,
            "global_batch = 128 does not divide by data_parallel x micro_batch = 24",
        ),
        ({"model": None}, MissingInputError, r"a step needs the model"),
        (
            {"accelerators": (8, 16)},
            RangeError,
            "accelerators needs a number from 1.*no range; got 11",
        ),
        ({"accelerators": 0}, RangeError, "accelerators needs a number from 1"),
        ({"global_batch": 512}, RangeError, "global_batch needs a sequence.*not sequences"),
        ({"accelerator": H100.evolve(memory=None)}, MissingInputError, "the memory of H100 SXM"),
        ({"model": le.Model(name="x")}, MissingInputError, "parameters of x are not known"),
    ],
)
def test_refuses(changes: dict[str, Any], error: type[Exception], match: str) -> None:
    """What cannot be, what does not fit, what is not known: by name, with what would do."""
    if changes.get("accelerator") is not None:
        changes = {**changes, "server": None}
    with pytest.raises(error, match=f"(?s){match}"):
        run(**changes).step()


def test_experts_of_a_model_of_unknown_shape_split_as_the_layout_says() -> None:
    """Nobody knows how many there are, so none are refused."""
    model = CLOSED.evolve(active_parameters="1 Gparameter")
    layout = SPREAD.evolve(expert_parallel=8)
    assert run(model=model, layout=layout).step().layout.expert_parallel == 8
    with pytest.raises(RangeError, match="the model has no experts"):
        run(model=CLOSED, layout=layout).step()


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (
            lambda: le.Architecture(layers=2, hidden_size=64, experts=4, active_experts=8),
            RangeError,
            "Architecture.active_experts needs at most experts = 4; got 8",
        ),
        (lambda: run(number_format="fp4"), UnknownNameError, "no dense peak of H100 SXM .*fp4"),
        (lambda: run(tokens="15 TB"), DimensionError, "TrainingWorkload.tokens needs"),
        (lambda: H100.evolve(power="700 Wh"), DimensionError, "Accelerator.power needs power"),
        (lambda: run(layout="tp8"), RangeError, r"TrainingWorkload.layout needs a Layout.*'tp8'"),
        (lambda: run(recomputation="some"), UnknownNameError, "none, selective, full"),
        (lambda: run(optimizer="lion"), UnknownNameError, "'lion'"),
        (lambda: run(software_date="soon"), RangeError, "TrainingWorkload.software_date needs"),
    ],
)
def test_refuses_bad_input(make: Any, error: type[Exception], match: str) -> None:
    """At the noun, before anything is computed."""
    with pytest.raises(error, match=match):
        make()


def test_tokens_without_a_unit_are_tokens() -> None:
    """A count has one unit, so a bare number says all."""
    assert run(tokens=1e12).tokens is not None
    assert str(run(tokens=1e12).tokens) == str(run(tokens="1e12 token").tokens)


def test_errors_name_the_field() -> None:
    """Names that are not known say where they stood."""
    with pytest.raises(LLMEconomicsError) as caught:
        run(optimizer="lion")
    assert "in TrainingWorkload.optimizer" in caught.value.__notes__


def test_a_share_of_all_accelerators_is_rounded() -> None:
    """Trainers beside generators of rollouts are what is left over."""
    assert case_of(run(accelerators=44.8), []).work.accelerators == 45


def test_a_format_that_was_noted_is_not_noted_again() -> None:
    """The estimate of a run may have said it before."""
    taken: list[Any] = []
    for _ in range(2):
        case_of(run(number_format=None), taken)
    assert [a.name for a in taken].count("number_format") == 1


@pytest.mark.parametrize(
    ("stated", "sequences"),
    [("4 Mtoken", 512), ("1 Mtoken", 128), (8192, 1), (3 * 8192, 3), (100 * 8192, 100)],
)
def test_batches_are_whole_sequences(stated: Any, sequences: int) -> None:
    """A rounded number of tokens means one that splits well, which is then listed."""
    taken: list[Any] = []
    assert case_of(run(global_batch=stated), taken).work.global_batch == sequences
    rounded = isinstance(stated, str)
    assert ("global_batch" in [a.name for a in taken]) == rounded


@pytest.mark.parametrize(("tokens", "sequences"), [(1.4 * 8192, 1), (11.6 * 8192, 12)])
def test_few_sequences_are_rounded(tokens: float, sequences: int) -> None:
    """To the next whole number, at least one."""
    assert case_of(run(global_batch=tokens), []).work.global_batch == sequences


def test_ranges_of_batch_and_length_are_listed_at_their_middle() -> None:
    """A step has one batch of sequences of one length."""
    taken: list[Any] = []
    case_of(run(global_batch="2-8 Mtoken", sequence_length="4-16 ktoken"), taken)
    found = {a.name: a.why for a in taken}
    assert "whole sequences" in found["global_batch"]
    assert "middle of the range" in found["sequence_length"]


def test_the_usual_batch_is_about_four_million_tokens() -> None:
    """As many whole sequences on each accelerator."""
    work = case_of(run(global_batch=None), []).work
    assert work.global_batch * 8192 == pytest.approx(4e6, rel=0.05)


@pytest.mark.parametrize(
    ("date", "year"),
    [("2025", 2025.5), ("2025-06", 2025 + 5.5 / 12), ("2025-06-30", 2025 + 5.5 / 12)],
)
def test_dates_of_software(date: str, year: float) -> None:
    """The middle of a year or a month."""
    assert software_year(run(software_date=date), []) == pytest.approx(year)


def test_chips_without_bf16_train_in_fp16() -> None:
    """Which is listed; also where the run is estimated."""
    old = run(
        accelerator=le.accelerators["V100 SXM"].evolve(link_bandwidth="150 GB/s"),
        model=le.Model(name="small", parameters="1 Gparameter"),
        number_format=None,
        server=None,
    )
    named = {a.name: a.value for a in old.step().assumptions}
    assert named["number_format"] == str(NumberFormat.FP16)
    estimate = old.evolve(tokens="20 Gtoken", facility=le.facilities["us-hyperscale"]).estimate()
    assert [a.value for a in estimate.assumptions if a.name == "number_format"] == ["fp16"]


@pytest.mark.parametrize("name", list(le.models))
def test_sizes_of_the_catalogue_are_sound(name: str) -> None:
    """Of every model that says its parameters: sizes are positive, experts add up."""
    model = le.models[name]
    try:
        shape = step_shape(model, le.quantity("4096 token")).central()
    except MissingInputError:
        assert model.parameters is None or model.has_experts
        return
    assert shape.dense_parameters > 0.0
    assert shape.routed_parameters <= shape.all_routed_parameters or not shape.experts > 1.0
    assert shape.expert_layers <= shape.layers
    assert shape.active_experts <= shape.experts
    assert shape.model_computation > 6.0 * shape.head_parameters
    assert shape.parameters >= shape.dense_parameters + shape.routed_parameters


@pytest.mark.parametrize(
    ("name", "experts", "active", "layers", "width"),
    [
        ("Mixtral 8x7B", 8, 2, 32, 14336),
        ("DeepSeek-V3", 256, 8, 58, 2048),
        ("Llama 3.1 8B", 1, 0, 0, 14336),
    ],
)
def test_sizes_of_experts(name: str, experts: int, active: int, layers: int, width: int) -> None:
    """As the shape has them; a model without has one part of inner width."""
    shape = step_shape(le.models[name], le.quantity("4096 token"))
    found = (shape.experts, shape.active_experts, shape.expert_layers, shape.expert_width)
    assert found == (experts, active, layers, width)


def test_sizes_of_a_stand_in() -> None:
    """Twelve squares of the width per layer, 128 of width for each layer, heads in eights."""
    shape = step_shape(CLOSED, le.quantity("4096 token"))
    assert isinstance(shape, StepShape)
    assert 12 * shape.layers * shape.hidden_size**2 == pytest.approx(8e9, rel=0.05)
    assert shape.attention_heads % 8 == 0
    assert shape.dense_parameters == 8e9
    assert shape.attention == 6.0 * shape.layers * shape.attention_heads * 128 * 4096
    experts = step_shape(CLOSED.evolve(active_parameters="1 Gparameter"), le.quantity("4096 token"))
    assert experts.parameters == pytest.approx(8e9)
    assert experts.dense_parameters + experts.routed_parameters == pytest.approx(1e9)


def test_sizes_of_an_incomplete_shape_are_kept() -> None:
    """Layers, width and vocabulary that are known are those of the stand-in."""
    model = CLOSED.evolve(
        architecture=le.Architecture(layers=30, hidden_size=5000, vocabulary_size=1000)
    )
    shape = step_shape(model, le.quantity("4096 token"))
    assert (shape.layers, shape.hidden_size, shape.vocabulary) == (30, 5000, 1000)
    assert shape.assumed
    assert attrs.evolve(shape, assumed="").parameters == 8e9
