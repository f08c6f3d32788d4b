"""Constants of serving: fitted ones with their spread, and assumed ones.

The fitted ones come from ``benchmarks/calibrate_serving.py``: Gauss-Newton steps on the logarithm
of published times per output token, each constant held by a wide prior. Ends hold 90 %.
"""

from __future__ import annotations

import attrs

__all__ = ["CONSTANTS", "CORRELATIONS", "FITTED_BY", "Constant"]


@attrs.frozen
class Constant:
    """One constant: its 90 % range, and whether it was fitted."""

    low: float
    high: float
    fitted: bool = True


CONSTANTS: dict[str, Constant] = {
    "memory_efficiency": Constant(0.8006, 0.8839),
    "memory_efficiency compiled": Constant(0.6795, 1.009),
    "cache_efficiency": Constant(0.8726, 1.152),
    "compute_efficiency": Constant(0.5811, 0.8874),
    "prefill_efficiency": Constant(0.6045, 0.75),
    "layer_time": Constant(2.108e-05, 4.909e-05),
    "layer_time compiled": Constant(0.0001123, 0.0001696),
    "collective_time": Constant(6.34e-06, 1.619e-05),
    "expert_layer_time": Constant(8.404e-05, 9.907e-05),
    "step_time": Constant(0.0002322, 0.001442),
    "request_time": Constant(6.645e-05, 7.824e-05),
    "request_time native": Constant(1.526e-05, 3.619e-05),
    "step_time early": Constant(0.01366, 0.017),
    "request_time early": Constant(0.000402, 0.0004491),
    "interference": Constant(0.9023, 1.121),
    "first_token_time": Constant(0.004135, 0.032, fitted=False),
    "burst_share": Constant(0.06425, 0.0818, fitted=False),
    "waiting_steps": Constant(3.535, 5.563, fitted=False),
    "prefill_efficiency compiled": Constant(0.12, 0.45, fitted=False),
    "memory_efficiency unknown": Constant(0.45, 0.9, fitted=False),
    "layer_time unknown": Constant(4e-06, 0.0001, fitted=False),
    "request_time unknown": Constant(2.5e-05, 0.0008, fitted=False),
    "first_token_time native": Constant(0.00369, 0.04195, fitted=False),
    "burst_share native": Constant(0.0585, 0.07907, fitted=False),
    "waiting_steps native": Constant(6.251, 9.349, fitted=False),
    "first_token_time grouped": Constant(0.1293, 0.297, fitted=False),
    "burst_share grouped": Constant(0.1406, 0.2859, fitted=False),
    "waiting_steps grouped": Constant(2.745, 13.93, fitted=False),
}
"""Every constant by name, in SI; a name may end in a kind of stack."""

# fmt: off
CORRELATIONS: tuple[tuple[float, ...], ...] = (
    (1.0, -0.011, -0.38, 0.022, -0.041, 0.479, 0.114, -0.444, 0.1, 0.034, 0.179, -0.022, 0.28,
     -0.059, 0.04),
    (-0.011, 1.0, -0.009, 0.002, -0.002, 0.176, 0.687, -0.041, 0.051, -0.303, 0.03, 0.004,
     -0.054, 0.0, -0.002),
    (-0.38, -0.009, 1.0, 0.077, -0.022, -0.069, 0.013, 0.01, -0.039, 0.008, 0.289, 0.231,
     -0.11, 0.127, 0.105),
    (0.022, 0.002, 0.077, 1.0, -0.007, -0.01, 0.0, 0.018, -0.009, -0.008, 0.131, 0.013, -0.01,
     0.078, 0.057),
    (-0.041, -0.002, -0.022, -0.007, 1.0, 0.008, 0.01, -0.046, -0.01, 0.008, -0.037, -0.02,
     -0.011, 0.035, 0.771),
    (0.479, 0.176, -0.069, -0.01, 0.008, 1.0, 0.634, -0.825, 0.123, -0.575, 0.151, -0.005,
     -0.045, 0.033, 0.04),
    (0.114, 0.687, 0.013, 0.0, 0.01, 0.634, 1.0, -0.411, 0.144, -0.67, 0.121, 0.039, -0.116,
     0.022, 0.03),
    (-0.444, -0.041, 0.01, 0.018, -0.046, -0.825, -0.411, 1.0, -0.124, 0.147, -0.142, -0.065,
     0.012, -0.049, -0.096),
    (0.1, 0.051, -0.039, -0.009, -0.01, 0.123, 0.144, -0.124, 1.0, -0.162, -0.065, 0.078,
     0.008, -0.025, 0.043),
    (0.034, -0.303, 0.008, -0.008, 0.008, -0.575, -0.67, 0.147, -0.162, 1.0, -0.115, -0.021,
     0.171, -0.004, 0.007),
    (0.179, 0.03, 0.289, 0.131, -0.037, 0.151, 0.121, -0.142, -0.065, -0.115, 1.0, 0.239,
     0.051, 0.084, -0.052),
    (-0.022, 0.004, 0.231, 0.013, -0.02, -0.005, 0.039, -0.065, 0.078, -0.021, 0.239, 1.0,
     0.006, 0.088, -0.119),
    (0.28, -0.054, -0.11, -0.01, -0.011, -0.045, -0.116, 0.012, 0.008, 0.171, 0.051, 0.006,
     1.0, -0.373, 0.007),
    (-0.059, 0.0, 0.127, 0.078, 0.035, 0.033, 0.022, -0.049, -0.025, -0.004, 0.084, 0.088,
     -0.373, 1.0, -0.086),
    (0.04, -0.002, 0.105, 0.057, 0.771, 0.04, 0.03, -0.096, 0.043, 0.007, -0.052, -0.119,
     0.007, -0.086, 1.0),
)
# fmt: on
"""Rank correlations of the fitted ones, in their order."""

FITTED_BY = "serving-fit-2026"
"""Key of the source that says what they were fitted to."""
