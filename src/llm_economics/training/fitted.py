"""Constants of a training step: what was fitted, with its spread, and what is assumed elsewhere.

The fitted ones come from ``benchmarks/calibrate_training.py``: Gauss-Newton steps on the logarithm
of 403 published rates of training, each constant held by a wide prior. Residuals count as those of
a normal distribution up to 1.5 standard deviations and less beyond (Huber). Ends hold 90 %.
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
        0.7303,
        0.8031,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Ampere",
    ),
    "matrix Hopper 16": Constant(
        0.5851,
        0.6476,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Hopper",
    ),
    "matrix Hopper 8": Constant(
        0.5971,
        0.7009,
        "share of the dense 8-bit peak that wide matrix multiplications reach on Hopper",
    ),
    "matrix Blackwell 16": Constant(
        0.4006,
        0.558,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix Blackwell 8": Constant(
        0.5435,
        0.6568,
        "share of the dense 8-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix Blackwell 4": Constant(
        0.3931,
        0.5261,
        "share of the dense 4-bit peak that wide matrix multiplications reach on Blackwell",
    ),
    "matrix TPU v4 16": Constant(
        0.6583,
        0.7906,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v4",
    ),
    "matrix TPU v5e 16": Constant(
        0.8645,
        1.026,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v5e",
    ),
    "matrix TPU v6e 16": Constant(
        0.584,
        0.731,
        "share of the dense 16-bit peak that wide matrix multiplications reach on TPU v6e",
    ),
    "matrix Trainium1 16": Constant(
        0.3763,
        0.4711,
        "share of the dense 16-bit peak that wide matrix multiplications reach on Trainium1",
    ),
    "attention Ampere": Constant(
        0.2883,
        0.3333,
        "share of the bf16 peak that attention reaches on Ampere",
    ),
    "attention Hopper before 2024-07": Constant(
        0.167,
        0.1875,
        "share of the bf16 peak that attention reaches on Hopper before 2024-07",
    ),
    "attention Hopper": Constant(
        0.1997,
        0.2509,
        "share of the bf16 peak that attention reaches on Hopper",
    ),
    "attention Blackwell": Constant(
        0.2125,
        0.359,
        "share of the bf16 peak that attention reaches on Blackwell",
    ),
    "attention TPU": Constant(
        0.2047,
        0.4613,
        "share of the bf16 peak that attention reaches on TPU",
    ),
    "attention Trainium1": Constant(
        0.08804,
        0.2088,
        "share of the bf16 peak that attention reaches on Trainium1",
    ),
    "elementwise_traffic": Constant(
        58.68,
        94.11,
        "bytes per layer, token and unit of width, forward and backward",
    ),
    "dispatch_traffic": Constant(
        2.199,
        29.57,
        "bytes per copy of a token for an expert and unit of width",
    ),
    "expert_half_width": Constant(
        2904,
        4057,
        "width of an expert at which its multiplications take twice as long",
    ),
    "exposed_tensor_parallel": Constant(
        0.05011,
        0.2448,
        "share of the reductions within a layer that nothing hides",
    ),
    "exposed_expert_parallel": Constant(
        0.129,
        0.6247,
        "share of the exchange with experts that nothing hides",
    ),
    "exposed_sharding": Constant(
        0.2524,
        0.5512,
        "share of gathering parameters and reducing gradients that nothing hides",
    ),
    "layer_time": Constant(
        0.0001739,
        0.0005211,
        "fixed seconds per layer and micro-batch",
    ),
    "expert_layer_time": Constant(
        1.466e-05,
        0.0002003,
        "more of them in a layer with experts",
    ),
    "loss_per_doubling": Constant(
        0.01569,
        0.02918,
        "share of a step lost in waiting, for each doubling of accelerators beyond 8",
    ),
    "narrow_width": Constant(
        64.83,
        233.6,
        "width of a part of a layer at which its multiplications take twice as long",
    ),
    "score_traffic": Constant(
        41.62,
        74.13,
        "bytes of unfused scores per layer, token, head and position",
    ),
    "expert_progress": Constant(
        0.7317,
        1.573,
        "yearly rate at which software lowers the cost of experts",
    ),
    "matrix Volta 16": Constant(
        0.45,
        0.78,
        "first tensor cores; published runs reach 0.2 to 0.5 of the peak in all",
        fitted=False,
    ),
    "matrix TPU v3 16": Constant(
        0.5,
        0.85,
        "as TPU v4 and TPU v5e, wider",
        fitted=False,
    ),
    "matrix TPU v5p 16": Constant(
        0.6,
        0.9,
        "between TPU v4 and TPU v5e",
        fitted=False,
    ),
    "matrix TPU v7 16": Constant(
        0.45,
        0.8,
        "as TPU v6e, wider",
        fitted=False,
    ),
    "matrix TPU v6e 8": Constant(
        0.3,
        0.55,
        "one published run in 8 bits",
        fitted=False,
    ),
    "matrix Blackwell Ultra 16": Constant(
        0.42,
        0.68,
        "as Blackwell",
        fitted=False,
    ),
    "matrix Blackwell Ultra 8": Constant(
        0.58,
        0.85,
        "a fifth above Blackwell: more power for the same peak",
        fitted=False,
    ),
    "matrix Blackwell Ultra 4": Constant(
        0.32,
        0.55,
        "peak half as high again as that of Blackwell",
        fitted=False,
    ),
    "matrix CDNA 3 16": Constant(
        0.38,
        0.6,
        "large multiplications were measured at half of the peak",
        fitted=False,
    ),
    "matrix CDNA 3 8": Constant(
        0.33,
        0.58,
        "as in 16 bits, wider",
        fitted=False,
    ),
    "matrix Gaudi 16": Constant(
        0.5,
        0.85,
        "not measured; wide",
        fitted=False,
    ),
    "matrix Gaudi 8": Constant(
        0.4,
        0.75,
        "not measured; wide",
        fitted=False,
    ),
    "matrix other 16": Constant(
        0.42,
        0.82,
        "between the accelerators that were measured",
        fitted=False,
    ),
    "matrix other 8": Constant(
        0.35,
        0.75,
        "between the accelerators that were measured",
        fitted=False,
    ),
    "matrix other 4": Constant(
        0.28,
        0.6,
        "between the accelerators that were measured",
        fitted=False,
    ),
    "attention other": Constant(
        0.15,
        0.5,
        "between the accelerators that were measured",
        fitted=False,
    ),
}
"""Every constant by name, in SI units."""

# fmt: off
CORRELATIONS: tuple[tuple[float, ...], ...] = (
    (1.0, 0.5, 0.44, 0.12, 0.23, 0.19, 0.3, 0.49, 0.31, 0.28, -0.11, 0.1, -0.03, 0.04, 0.09, 0.03,
     0.53, 0.0, 0.02, 0.01, -0.02, 0.01, -0.28, 0.0, 0.47, 0.2, 0.14, 0.02),
    (0.5, 1.0, 0.43, 0.11, 0.18, 0.15, 0.21, 0.35, 0.22, 0.18, 0.16, -0.22, -0.14, 0.06, 0.09,
     0.03, 0.49, -0.01, 0.05, 0.05, -0.02, 0.05, -0.14, 0.0, 0.33, 0.07, 0.0, 0.02),
    (0.44, 0.43, 1.0, 0.13, 0.25, 0.2, 0.23, 0.37, 0.25, 0.19, 0.1, -0.02, -0.57, 0.01, 0.06,
     0.03, 0.41, 0.01, 0.09, 0.2, -0.01, -0.04, -0.08, 0.0, 0.44, 0.0, -0.06, 0.03),
    (0.12, 0.11, 0.13, 1.0, 0.21, 0.15, 0.07, 0.12, 0.08, 0.07, 0.02, 0.0, -0.01, -0.2, 0.01,
     0.01, 0.09, -0.11, 0.37, 0.02, 0.02, 0.0, -0.06, -0.02, 0.13, 0.04, -0.03, -0.04),
    (0.23, 0.18, 0.25, 0.21, 1.0, 0.7, 0.17, 0.26, 0.17, 0.14, 0.0, 0.0, -0.03, -0.79, 0.02, 0.02,
     0.15, 0.02, 0.11, 0.1, -0.01, -0.1, 0.02, 0.01, 0.4, -0.02, -0.09, 0.04),
    (0.19, 0.15, 0.2, 0.15, 0.7, 1.0, 0.14, 0.2, 0.12, 0.1, 0.0, 0.0, -0.02, -0.69, 0.03, 0.03,
     0.15, 0.01, 0.0, 0.08, -0.01, -0.11, 0.01, 0.01, 0.36, -0.07, -0.08, 0.06),
    (0.3, 0.21, 0.23, 0.07, 0.17, 0.14, 1.0, 0.41, 0.4, 0.2, 0.04, 0.02, -0.02, -0.02, -0.26,
     0.01, 0.12, 0.01, 0.0, 0.0, -0.01, -0.05, -0.12, 0.0, 0.35, 0.2, -0.09, 0.01),
    (0.49, 0.35, 0.37, 0.12, 0.26, 0.2, 0.41, 1.0, 0.6, 0.37, 0.06, 0.01, -0.04, -0.04, -0.33,
     0.01, 0.15, 0.01, -0.01, 0.04, -0.02, 0.25, -0.21, 0.01, 0.52, 0.38, -0.16, 0.01),
    (0.31, 0.22, 0.25, 0.08, 0.17, 0.12, 0.4, 0.6, 1.0, 0.23, 0.07, 0.01, -0.03, -0.04, -0.7,
     -0.01, 0.03, 0.01, -0.02, 0.11, 0.0, 0.03, -0.04, 0.0, 0.24, 0.35, -0.07, 0.04),
    (0.28, 0.18, 0.19, 0.07, 0.14, 0.1, 0.2, 0.37, 0.23, 1.0, 0.04, 0.01, -0.02, -0.03, -0.03,
     -0.68, 0.03, 0.01, -0.02, -0.05, -0.01, 0.09, -0.15, 0.01, 0.29, 0.31, -0.1, -0.01),
    (-0.11, 0.16, 0.1, 0.02, 0.0, 0.0, 0.04, 0.06, 0.07, 0.04, 1.0, 0.06, 0.0, 0.04, 0.03, 0.0,
     0.19, -0.01, 0.0, 0.0, 0.0, 0.0, -0.08, 0.0, -0.04, 0.1, -0.04, 0.01),
    (0.1, -0.22, -0.02, 0.0, 0.0, 0.0, 0.02, 0.01, 0.01, 0.01, 0.06, 1.0, 0.1, 0.03, 0.04, 0.01,
     0.18, 0.0, -0.01, 0.01, 0.0, -0.03, -0.12, 0.0, 0.01, -0.01, 0.03, 0.0),
    (-0.03, -0.14, -0.57, -0.01, -0.03, -0.02, -0.02, -0.04, -0.03, -0.02, 0.0, 0.1, 1.0, 0.0,
     0.0, 0.0, -0.02, -0.01, 0.0, -0.04, -0.01, 0.0, -0.03, 0.0, -0.04, 0.01, 0.01, -0.02),
    (0.04, 0.06, 0.01, -0.2, -0.79, -0.69, -0.02, -0.04, -0.04, -0.03, 0.04, 0.03, 0.0, 1.0, 0.04,
     0.01, 0.13, -0.01, 0.01, -0.04, -0.01, 0.03, -0.03, -0.01, -0.05, -0.06, 0.05, -0.06),
    (0.09, 0.09, 0.06, 0.01, 0.02, 0.03, -0.26, -0.33, -0.7, -0.03, 0.03, 0.04, 0.0, 0.04, 1.0,
     0.02, 0.25, -0.01, 0.03, -0.03, -0.01, -0.04, -0.07, 0.0, 0.09, -0.19, 0.02, -0.02),
    (0.03, 0.03, 0.03, 0.01, 0.02, 0.03, 0.01, 0.01, -0.01, -0.68, 0.0, 0.01, 0.0, 0.01, 0.02,
     1.0, 0.07, 0.0, 0.01, 0.01, 0.0, -0.02, -0.02, 0.0, 0.07, -0.07, -0.01, 0.0),
    (0.53, 0.49, 0.41, 0.09, 0.15, 0.15, 0.12, 0.15, 0.03, 0.03, 0.19, 0.18, -0.02, 0.13, 0.25,
     0.07, 1.0, -0.01, 0.12, 0.2, -0.03, -0.17, -0.45, 0.0, 0.39, -0.4, 0.06, 0.02),
    (0.0, -0.01, 0.01, -0.11, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01, -0.01, 0.0, -0.01, -0.01, -0.01,
     0.0, -0.01, 1.0, -0.43, 0.0, -0.01, 0.0, -0.02, -0.01, 0.02, 0.02, -0.01, 0.03),
    (0.02, 0.05, 0.09, 0.37, 0.11, 0.0, 0.0, -0.01, -0.02, -0.02, 0.0, -0.01, 0.0, 0.01, 0.03,
     0.01, 0.12, -0.43, 1.0, 0.09, -0.18, -0.04, -0.08, -0.12, 0.06, -0.11, 0.0, -0.33),
    (0.01, 0.05, 0.2, 0.02, 0.1, 0.08, 0.0, 0.04, 0.11, -0.05, 0.0, 0.01, -0.04, -0.04, -0.03,
     0.01, 0.2, 0.0, 0.09, 1.0, 0.0, 0.01, -0.01, 0.0, -0.02, -0.25, 0.01, 0.01),
    (-0.02, -0.02, -0.01, 0.02, -0.01, -0.01, -0.01, -0.02, 0.0, -0.01, 0.0, 0.0, -0.01, -0.01,
     -0.01, 0.0, -0.03, -0.01, -0.18, 0.0, 1.0, -0.01, 0.01, 0.0, -0.04, 0.02, 0.01, 0.06),
    (0.01, 0.05, -0.04, 0.0, -0.1, -0.11, -0.05, 0.25, 0.03, 0.09, 0.0, -0.03, 0.0, 0.03, -0.04,
     -0.02, -0.17, 0.0, -0.04, 0.01, -0.01, 1.0, 0.03, 0.0, -0.26, 0.2, 0.0, -0.01),
    (-0.28, -0.14, -0.08, -0.06, 0.02, 0.01, -0.12, -0.21, -0.04, -0.15, -0.08, -0.12, -0.03,
     -0.03, -0.07, -0.02, -0.45, -0.02, -0.08, -0.01, 0.01, 0.03, 1.0, -0.03, -0.21, -0.21, 0.05,
     0.07),
    (0.0, 0.0, 0.0, -0.02, 0.01, 0.01, 0.0, 0.01, 0.0, 0.01, 0.0, 0.0, 0.0, -0.01, 0.0, 0.0, 0.0,
     -0.01, -0.12, 0.0, 0.0, 0.0, -0.03, 1.0, 0.01, 0.02, -0.01, 0.02),
    (0.47, 0.33, 0.44, 0.13, 0.4, 0.36, 0.35, 0.52, 0.24, 0.29, -0.04, 0.01, -0.04, -0.05, 0.09,
     0.07, 0.39, 0.02, 0.06, -0.02, -0.04, -0.26, -0.21, 0.01, 1.0, -0.15, -0.26, 0.0),
    (0.2, 0.07, 0.0, 0.04, -0.02, -0.07, 0.2, 0.38, 0.35, 0.31, 0.1, -0.01, 0.01, -0.06, -0.19,
     -0.07, -0.4, 0.02, -0.11, -0.25, 0.02, 0.2, -0.21, 0.02, -0.15, 1.0, -0.03, -0.02),
    (0.14, 0.0, -0.06, -0.03, -0.09, -0.08, -0.09, -0.16, -0.07, -0.1, -0.04, 0.03, 0.01, 0.05,
     0.02, -0.01, 0.06, -0.01, 0.0, 0.01, 0.01, 0.0, 0.05, -0.01, -0.26, -0.03, 1.0, 0.01),
    (0.02, 0.02, 0.03, -0.04, 0.04, 0.06, 0.01, 0.01, 0.04, -0.01, 0.01, 0.0, -0.02, -0.06, -0.02,
     0.0, 0.02, 0.03, -0.33, 0.01, 0.06, -0.01, 0.07, 0.02, 0.0, -0.02, 0.01, 1.0),
)
# fmt: on
"""Rank correlations of the fitted ones, in their order."""

FITTED_BY = "training-step-fit-2026"
"""Key of the source that says what they were fitted to."""
