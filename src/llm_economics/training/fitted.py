"""Constants of a training step: fitted ones with their spread, and assumed ones.

The fitted ones come from ``benchmarks/calibrate_training.py``: Gauss-Newton steps on the logarithm
of published rates of training, each constant held by a wide prior. Ends hold 90 %.
"""

from __future__ import annotations

import attrs

__all__ = ["CONSTANTS", "CORRELATIONS", "FITTED_BY", "Constant"]


@attrs.frozen
class Constant:
    """One constant: its 90 % range, what it is, and whether it was fitted."""

    low: float
    high: float
    why: str
    fitted: bool = True


CONSTANTS: dict[str, Constant] = {
    "matrix Ampere 16": Constant(
        0.7329,
        0.8031,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Ampere",
    ),
    "matrix Hopper 16": Constant(
        0.5845,
        0.6453,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Hopper",
    ),
    "matrix Hopper 8": Constant(
        0.5796,
        0.676,
        "share of the dense 8-bit peak that wide matrix multiplications reach on Hopper",
    ),
    "matrix Blackwell 16": Constant(
        0.4283,
        0.6047,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix Blackwell 8": Constant(
        0.5517,
        0.6682,
        "share of the dense 8-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix Blackwell 4": Constant(
        0.4014,
        0.5395,
        "share of the dense 4-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix TPU v4 16": Constant(
        0.6461,
        0.7709,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v4",
    ),
    "matrix TPU v5e 16": Constant(
        0.8461,
        0.9873,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v5e",
    ),
    "matrix TPU v6e 16": Constant(
        0.5537,
        0.6666,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v6e",
    ),
    "matrix Trainium1 16": Constant(
        0.358,
        0.435,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Trainium1",
    ),
    "attention Ampere": Constant(
        0.2887, 0.3335, "share of the bf16 peak that attention reaches on Ampere"
    ),
    "attention Hopper before 2024-07": Constant(
        0.1693, 0.1902, "share of the bf16 peak that attention reaches on Hopper before 2024-07"
    ),
    "attention Hopper": Constant(
        0.2209, 0.2781, "share of the bf16 peak that attention reaches on Hopper"
    ),
    "attention Blackwell": Constant(
        0.2117, 0.3562, "share of the bf16 peak that attention reaches on Blackwell"
    ),
    "attention TPU": Constant(
        0.2798, 0.7508, "share of the bf16 peak that attention reaches on TPU"
    ),
    "attention Trainium1": Constant(
        0.1167, 0.3383, "share of the bf16 peak that attention reaches on Trainium1"
    ),
    "elementwise_traffic": Constant(
        70.25, 102.4, "bytes per layer, token and unit of width, forward and backward"
    ),
    "dispatch_traffic": Constant(
        3.313, 43.78, "bytes per copy of a token for an expert and unit of width"
    ),
    "expert_half_width": Constant(
        2888, 4102, "width of an expert at which its multiplications take twice as long"
    ),
    "exposed_tensor_parallel": Constant(
        0.09523, 0.3851, "share of the reductions within a layer that nothing hides"
    ),
    "exposed_expert_parallel": Constant(
        0.1591, 0.714, "share of the exchange with experts that nothing hides"
    ),
    "exposed_sharding": Constant(
        0.2399, 0.548, "share of gathering parameters and reducing gradients that nothing hides"
    ),
    "layer_time": Constant(0.000172, 0.0004852, "fixed seconds per layer and micro-batch"),
    "expert_layer_time": Constant(1.466e-05, 0.0002003, "more of them in a layer with experts"),
    "loss_per_doubling": Constant(
        0.01704,
        0.02983,
        "share of a step lost in waiting, for each doubling of accelerators beyond 8",
    ),
    "narrow_width": Constant(
        28.12, 137.1, "width of a part of a layer at which its multiplications take twice as long"
    ),
    "score_traffic": Constant(
        42.45, 73.65, "bytes of unfused scores per layer, token, head and position"
    ),
    "expert_progress": Constant(
        0.712, 1.446, "yearly rate at which software lowers the cost of experts"
    ),
    "matrix Volta 16": Constant(
        0.45,
        0.78,
        "first tensor cores; published runs reach 0.2 to 0.5 of the peak in all",
        fitted=False,
    ),
    "matrix TPU v3 16": Constant(0.5, 0.85, "as TPU v4 and TPU v5e, wider", fitted=False),
    "matrix TPU v5p 16": Constant(0.6, 0.9, "between TPU v4 and TPU v5e", fitted=False),
    "matrix TPU v7 16": Constant(0.45, 0.8, "as TPU v6e, wider", fitted=False),
    "matrix TPU v6e 8": Constant(0.3, 0.55, "one published run in 8 bits", fitted=False),
    "matrix Blackwell Ultra 16": Constant(0.42, 0.68, "as Blackwell", fitted=False),
    "matrix Blackwell Ultra 8": Constant(
        0.58, 0.85, "a fifth above Blackwell: more power for the same peak", fitted=False
    ),
    "matrix Blackwell Ultra 4": Constant(
        0.32, 0.55, "peak half as high again as that of Blackwell", fitted=False
    ),
    "matrix CDNA 3 16": Constant(
        0.38, 0.6, "large multiplications were measured at half of the peak", fitted=False
    ),
    "matrix CDNA 3 8": Constant(0.33, 0.58, "as in 16 bits, wider", fitted=False),
    "matrix Gaudi 16": Constant(0.5, 0.85, "not measured; wide", fitted=False),
    "matrix Gaudi 8": Constant(0.4, 0.75, "not measured; wide", fitted=False),
    "matrix other 16": Constant(
        0.42, 0.82, "between the accelerators that were measured", fitted=False
    ),
    "matrix other 8": Constant(
        0.35, 0.75, "between the accelerators that were measured", fitted=False
    ),
    "matrix other 4": Constant(
        0.28, 0.6, "between the accelerators that were measured", fitted=False
    ),
    "attention other": Constant(
        0.15, 0.5, "between the accelerators that were measured", fitted=False
    ),
}
"""Every constant by name, in SI units."""

# fmt: off
CORRELATIONS: tuple[tuple[float, ...], ...] = (
    (1.0, 0.46, 0.42, 0.11, 0.22, 0.18, 0.27, 0.47, 0.36, 0.26, -0.13, 0.1, -0.02, 0.05, 0.05,
     0.02, 0.58, 0.17, 0, 0.04, 0.13, 0.04, -0.03, -0.03, -0.24, 0, 0.47, 0.02),
    (0.46, 1.0, 0.4, 0.1, 0.17, 0.13, 0.2, 0.35, 0.28, 0.18, 0.16, -0.22, -0.13, 0.05, 0.05,
     0.02, 0.5, 0.01, -0.02, 0.06, 0.04, 0.08, -0.01, 0.04, -0.11, -0.01, 0.29, 0.02),
    (0.42, 0.4, 1.0, 0.12, 0.25, 0.19, 0.22, 0.39, 0.33, 0.19, 0.1, -0.02, -0.55, 0, 0.02,
     0.01, 0.43, -0.04, 0.01, 0.1, -0.05, 0.29, 0, -0.03, -0.06, 0, 0.39, 0.03),
    (0.11, 0.1, 0.12, 1.0, 0.21, 0.16, 0.06, 0.11, 0.08, 0.06, 0.02, 0, -0.01, -0.2, 0, 0,
     0.1, -0.02, -0.13, 0.37, 0.01, 0.04, 0.04, -0.01, -0.06, -0.02, 0.13, -0.03),
    (0.22, 0.17, 0.25, 0.21, 1.0, 0.69, 0.16, 0.26, 0.2, 0.14, 0, -0.01, -0.03, -0.8, 0, 0.01,
     0.15, -0.08, 0.02, 0.11, -0.06, 0.13, -0.01, -0.09, 0.01, 0.01, 0.37, 0.04),
    (0.18, 0.13, 0.19, 0.16, 0.69, 1.0, 0.14, 0.22, 0.16, 0.11, 0, 0, -0.02, -0.7, 0, 0.01,
     0.14, -0.08, 0.01, 0, -0.07, 0.09, -0.01, -0.09, 0, 0.01, 0.34, 0.05),
    (0.27, 0.2, 0.22, 0.06, 0.16, 0.14, 1.0, 0.36, 0.34, 0.17, 0.04, 0.02, -0.01, -0.01,
     -0.22, 0.01, 0.2, -0.07, 0.01, 0.01, 0.09, 0, -0.02, -0.08, -0.1, 0, 0.37, 0.01),
    (0.47, 0.35, 0.39, 0.11, 0.26, 0.22, 0.36, 1.0, 0.52, 0.34, 0.05, 0.02, -0.03, -0.02,
     -0.28, 0.01, 0.27, -0.14, 0.01, 0.03, 0.21, 0.09, -0.03, 0.22, -0.17, 0, 0.57, 0.01),
    (0.36, 0.28, 0.33, 0.08, 0.2, 0.16, 0.34, 0.52, 1.0, 0.2, 0.08, 0.03, -0.03, -0.01, -0.56,
     0.01, 0.28, -0.05, 0, 0.03, 0.12, 0.19, -0.02, -0.06, -0.05, 0, 0.34, 0.04),
    (0.26, 0.18, 0.19, 0.06, 0.14, 0.11, 0.17, 0.34, 0.2, 1.0, 0.02, 0, -0.01, -0.02, 0,
     -0.63, 0.09, -0.09, 0.01, 0, 0.25, -0.05, -0.01, 0.08, -0.12, 0, 0.33, 0),
    (-0.13, 0.16, 0.1, 0.02, 0, 0, 0.04, 0.05, 0.08, 0.02, 1.0, 0.06, 0, 0.05, 0.03, 0, 0.24,
     -0.04, -0.01, 0.01, 0.06, 0.02, 0, -0.01, -0.06, 0, -0.04, 0.01),
    (0.1, -0.22, -0.02, 0, -0.01, 0, 0.02, 0.02, 0.03, 0, 0.06, 1.0, 0.1, 0.03, 0.02, 0, 0.18,
     0.03, 0, 0, 0, 0.01, -0.01, -0.04, -0.11, 0, 0, 0),
    (-0.02, -0.13, -0.55, -0.01, -0.03, -0.02, -0.01, -0.03, -0.03, -0.01, 0, 0.1, 1.0, 0.01,
     0, 0, 0, 0.01, -0.01, 0, 0.01, -0.06, -0.01, -0.01, -0.05, 0, -0.02, -0.01),
    (0.05, 0.05, 0, -0.2, -0.8, -0.7, -0.01, -0.02, -0.01, -0.02, 0.05, 0.03, 0.01, 1.0, 0.02,
     0, 0.11, 0.04, -0.01, 0.01, -0.01, -0.05, -0.02, 0.02, -0.03, -0.01, -0.06, -0.05),
    (0.05, 0.05, 0.02, 0, 0, 0, -0.22, -0.28, -0.56, 0, 0.03, 0.02, 0, 0.02, 1.0, 0, 0.1,
     0.01, 0, 0, -0.02, -0.01, 0, 0.01, -0.07, 0, 0.01, -0.02),
    (0.02, 0.02, 0.01, 0, 0.01, 0.01, 0.01, 0.01, 0.01, -0.63, 0, 0, 0, 0, 0, 1.0, 0.04, 0, 0,
     0, -0.04, 0, 0, -0.01, -0.01, 0, 0.03, 0),
    (0.58, 0.5, 0.43, 0.1, 0.15, 0.14, 0.2, 0.27, 0.28, 0.09, 0.24, 0.18, 0, 0.11, 0.1, 0.04,
     1.0, 0.07, -0.01, 0.11, -0.29, 0.24, -0.02, -0.16, -0.51, 0, 0.33, 0.02),
    (0.17, 0.01, -0.04, -0.02, -0.08, -0.08, -0.07, -0.14, -0.05, -0.09, -0.04, 0.03, 0.01,
     0.04, 0.01, 0, 0.07, 1.0, -0.01, 0, -0.02, 0.02, 0.01, 0.01, 0.05, 0, -0.25, 0.01),
    (0, -0.02, 0.01, -0.13, 0.02, 0.01, 0.01, 0.01, 0, 0.01, -0.01, 0, -0.01, -0.01, 0, 0,
     -0.01, -0.01, 1.0, -0.52, 0.01, 0, -0.02, 0, -0.02, -0.01, 0.02, 0.03),
    (0.04, 0.06, 0.1, 0.37, 0.11, 0, 0.01, 0.03, 0.03, 0, 0.01, 0, 0, 0.01, 0, 0, 0.11, 0,
     -0.52, 1.0, -0.09, 0.11, -0.17, 0, -0.09, -0.12, 0.03, -0.27),
    (0.13, 0.04, -0.05, 0.01, -0.06, -0.07, 0.09, 0.21, 0.12, 0.25, 0.06, 0, 0.01, -0.01,
     -0.02, -0.04, -0.29, -0.02, 0.01, -0.09, 1.0, -0.32, 0.01, 0.15, -0.13, 0.01, -0.1,
     -0.01),
    (0.04, 0.08, 0.29, 0.04, 0.13, 0.09, 0, 0.09, 0.19, -0.05, 0.02, 0.01, -0.06, -0.05,
     -0.01, 0, 0.24, 0.02, 0, 0.11, -0.32, 1.0, 0, 0.05, -0.05, 0, -0.09, 0.01),
    (-0.03, -0.01, 0, 0.04, -0.01, -0.01, -0.02, -0.03, -0.02, -0.01, 0, -0.01, -0.01, -0.02,
     0, 0, -0.02, 0.01, -0.02, -0.17, 0.01, 0, 1.0, 0.02, 0.01, -0.01, -0.05, 0.01),
    (-0.03, 0.04, -0.03, -0.01, -0.09, -0.09, -0.08, 0.22, -0.06, 0.08, -0.01, -0.04, -0.01,
     0.02, 0.01, -0.01, -0.16, 0.01, 0, 0, 0.15, 0.05, 0.02, 1.0, 0.07, 0, -0.27, -0.01),
    (-0.24, -0.11, -0.06, -0.06, 0.01, 0, -0.1, -0.17, -0.05, -0.12, -0.06, -0.11, -0.05,
     -0.03, -0.07, -0.01, -0.51, 0.05, -0.02, -0.09, -0.13, -0.05, 0.01, 0.07, 1.0, -0.02,
     -0.22, 0.05),
    (0, -0.01, 0, -0.02, 0.01, 0.01, 0, 0, 0, 0, 0, 0, 0, -0.01, 0, 0, 0, 0, -0.01, -0.12,
     0.01, 0, -0.01, 0, -0.02, 1.0, 0, 0.01),
    (0.47, 0.29, 0.39, 0.13, 0.37, 0.34, 0.37, 0.57, 0.34, 0.33, -0.04, 0, -0.02, -0.06, 0.01,
     0.03, 0.33, -0.25, 0.02, 0.03, -0.1, -0.09, -0.05, -0.27, -0.22, 0, 1.0, 0),
    (0.02, 0.02, 0.03, -0.03, 0.04, 0.05, 0.01, 0.01, 0.04, 0, 0.01, 0, -0.01, -0.05, -0.02,
     0, 0.02, 0.01, 0.03, -0.27, -0.01, 0.01, 0.01, -0.01, 0.05, 0.01, 0, 1.0),
)
# fmt: on
"""Rank correlations of the fitted ones, in their order."""

FITTED_BY = "training-step-fit-2026"
"""Key of the source that says what they were fitted to."""
