"""The tables that can be scored. Another one is a name, its columns and its modes, added here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from validation.modes import TRAINING_MODES

if TYPE_CHECKING:
    from validation.modes import Mode

__all__ = ["TABLES", "Table"]


class Table(NamedTuple):
    """One kind of table."""

    name: str
    """As the option that takes its file has it: `--training`."""

    columns: tuple[str, ...]
    """Those that the modes read; a file may have more."""

    modes: tuple[Mode, ...]


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
)

TABLES = (TRAINING,)
