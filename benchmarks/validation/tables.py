"""The tables that can be scored. Another one is a name, its columns and its modes, added here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from validation.modes import TRAINING_MODES
from validation.scoring import groups_of_training
from validation.serving_modes import ENERGY_MODES, SPEED_MODES, serving_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from validation.modes import Mode
    from validation.rows import Case

__all__ = ["ENERGY", "SPEED", "TABLES", "TRAINING", "Table"]


class Table(NamedTuple):
    """One kind of table."""

    name: str
    """As the option that takes its file has it: `--training`."""

    columns: tuple[str, ...]
    """Those that the modes read; a file may have more."""

    modes: tuple[Mode, ...]

    groups: Callable[[Case], tuple[str, ...]]
    """The groups that a row is scored in."""


TRAINING = Table(
    "training",
    (
        *("case_id", "kind", "family", "model", "total_params_b", "active_params_b"),
        *("layers", "hidden", "heads", "vocab", "tokens_b", "seq_len", "global_batch_seqs"),
        *("accelerator", "n_accelerators", "precision", "activation_recompute"),
        *("accelerator_hours", "hours_scope", "wall_minutes", "step_time_s"),
        *("mfu_pct", "mfu_convention", "tflops_per_accel", "tflops_convention"),
        *("tokens_per_s_per_accel", "avg_power_w_per_accel", "power_basis"),
        *("quality", "source", "notes"),
    ),
    TRAINING_MODES,
    groups_of_training,
)

SPEED = Table(
    "inference-speed",
    (
        *("id", "model", "accelerator", "n_accelerators", "precision", "engine"),
        *("engine_version", "tensor_parallel", "expert_parallel", "attention_data_parallel"),
        *("serving", "load", "input_tokens", "output_tokens", "batch_or_concurrency"),
        *("quantity", "value", "unit", "source"),
    ),
    SPEED_MODES,
    serving_groups,
)

ENERGY = Table(
    "inference-energy",
    (
        *("case_id", "kind", "model", "total_params_b", "active_params_b", "architecture"),
        *("weight_precision", "engine", "task", "accelerator", "n_accelerators"),
        *("tensor_parallel", "expert_parallel", "data_parallel", "max_concurrency", "avg_batch"),
        *("input_tokens", "output_tokens", "output_tokens_per_s", "avg_power_w_total"),
        *("power_scope", "energy_j_per_output_token", "energy_j_per_request"),
        *("energy_wh_per_request", "boundary", "quality", "source"),
    ),
    ENERGY_MODES,
    serving_groups,
)

TABLES = (TRAINING, SPEED, ENERGY)
