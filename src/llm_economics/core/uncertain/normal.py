"""The standard normal distribution: its quantiles, its cumulative probability, two-sided factors.

Quantiles follow Wichura's algorithm AS 241 (PPND16), vectorised. Rejected: scipy's ``ndtri`` (an
import ten times numpy's for one function) and ``statistics.NormalDist`` (the same algorithm, one
number at a time; the tests compare with it).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from llm_economics.core.errors import RangeError

__all__ = [
    "normal_cdf",
    "normal_cdf_of_array",
    "normal_quantile",
    "normal_quantile_of_grid",
    "two_sided_z",
]

_Array = NDArray[np.float64]

# Coefficients of AS 241, highest power first: numerator and denominator of three rational
# functions, for the centre, the near tails and the far tails.
_CENTRE = (
    (
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ),
    (
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ),
)
_NEAR_TAIL = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
_FAR_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)
# Coefficients of Hart's function 5666, highest power first.
_HART = (
    (
        3.52624965998911e-2,
        7.00383064443688e-1,
        6.37396220353165e0,
        3.3912866078383e1,
        1.12079291497871e2,
        2.21213596169931e2,
        2.20206867912376e2,
    ),
    (
        8.83883476483184e-2,
        1.75566716318264e0,
        1.6064177579207e1,
        8.67807322029461e1,
        2.96564248779674e2,
        6.37333633378831e2,
        7.93826512519948e2,
        4.40413735824752e2,
    ),
)
_HART_END = 5.0 * math.sqrt(2.0)  # beyond, a continued fraction takes over
_CENTRAL_HALF_WIDTH = 0.425  # AS 241: |u - 1/2| up to here uses the central function
_FAR = 5.0  # AS 241: sqrt(-ln p) beyond here uses the far-tail function


def normal_quantile(u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of the standard normal cumulative probability.

    Parameters
    ----------
    u : numpy.ndarray
        Probabilities, dimensionless, from 0 to 1; any shape.

    Returns
    -------
    numpy.ndarray
        z with ``P(Z <= z) = u``; minus and plus infinity at 0 and 1, NaN outside.

    Notes
    -----
    Rational approximations in ``(u - 1/2)**2`` and in ``sqrt(-ln p)``, p the smaller tail; relative
    accuracy about 1e-15 down to p = 1e-300. Source: M. J. Wichura, Algorithm AS 241, Applied
    Statistics 37 (1988) 477-484.

    Examples
    --------
    >>> normal_quantile(np.array([0.05, 0.5, 0.95])).round(4).tolist()
    [-1.6449, 0.0, 1.6449]
    """
    u = np.asarray(u, dtype=np.float64)
    centred = np.asarray(u - 0.5)  # without a dimension, numpy would hand back a plain number
    out = np.asarray(_central(np.clip(centred, -_CENTRAL_HALF_WIDTH, _CENTRAL_HALF_WIDTH)))
    outer = ~(np.abs(centred) <= _CENTRAL_HALF_WIDTH)
    if outer.any():
        lower = centred[outer] < 0.0
        size = _tail(np.where(lower, u[outer], 1.0 - u[outer]))
        out[outer] = np.where(lower, -size, size)
    return out


def normal_quantile_of_grid(grid: _Array) -> _Array:
    """Like `normal_quantile`, quicker where whole columns lie in the centre or outside.

    Parameters
    ----------
    grid : numpy.ndarray
        Probabilities between 0 and 1, shape (rows, n), alike in each column.

    Returns
    -------
    numpy.ndarray
        Of the same shape, with the same digits as `normal_quantile`.

    Examples
    --------
    >>> normal_quantile_of_grid(np.array([[0.25, 0.75]])).round(4).tolist()
    [[-0.6745, 0.6745]]
    """
    centred = grid - 0.5
    inside = np.all(np.abs(centred) <= _CENTRAL_HALF_WIDTH, axis=0)
    out = np.empty_like(grid)
    out[:, inside] = _central(centred[:, inside])
    out[:, ~inside] = normal_quantile(grid[:, ~inside])
    return out


def normal_cdf(x: float) -> float:
    """Cumulative probability of the standard normal distribution.

    Parameters
    ----------
    x : float
        Standard deviations from the mean, dimensionless.

    Returns
    -------
    float
        ``P(Z <= x)``; the lower tail keeps its relative accuracy.

    Examples
    --------
    >>> round(normal_cdf(1.6448536), 6)
    0.95
    """
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def normal_cdf_of_array(x: _Array) -> _Array:
    """Cumulative probabilities of the standard normal distribution.

    Parameters
    ----------
    x : numpy.ndarray
        Standard deviations from the mean, dimensionless; any shape.

    Returns
    -------
    numpy.ndarray
        ``P(Z <= x)``, within 2e-15 of the truth; the lower tail keeps about ten digits.

    Notes
    -----
    J. F. Hart et al., Computer Approximations (1968), algorithm 5666; beyond seven standard
    deviations a continued fraction.

    Examples
    --------
    >>> normal_cdf_of_array(np.array([-1.6448536, 0.0, 1.6448536])).round(6).tolist()
    [0.05, 0.5, 0.95]
    """
    x = np.asarray(x, dtype=np.float64)
    size = np.abs(x)
    bell = np.exp(-0.5 * size * size)
    tail = np.asarray(bell * _ratio(np.minimum(size, _HART_END), _HART))
    far = size >= _HART_END
    if far.any():
        tail[far] = bell[far] / (_fraction(size[far]) * math.sqrt(2.0 * math.pi))
    return np.where(x > 0.0, 1.0 - tail, tail)


def _fraction(size: _Array) -> _Array:
    found = size + 0.65
    for part in (4.0, 3.0, 2.0, 1.0):
        found = size + part / found
    return found


@lru_cache(maxsize=256)
def two_sided_z(level: float) -> float:
    """Half-width, in standard deviations, of the central interval that holds a probability.

    Parameters
    ----------
    level : float
        Probability inside the interval, between 0 and 1, both excluded.

    Returns
    -------
    float
        z with ``P(-z <= Z <= z) = level``: 1.645 for 0.90, 1.960 for 0.95.

    Raises
    ------
    RangeError
        If `level` is not between 0 and 1.

    Examples
    --------
    >>> round(two_sided_z(0.9), 4)
    1.6449
    """
    if not 0.0 < level < 1.0:
        msg = f"two_sided_z: level must be between 0 and 1; got {level!r}, write 0.9 for 90 %"
        raise RangeError(msg)
    # Half the level rather than (1 + level) / 2, which would round a tiny level away.
    half = level / 2.0
    if half <= _CENTRAL_HALF_WIDTH:
        return float(_central(np.array([half]))[0])
    return float(_tail(np.array([(1.0 - level) / 2.0]))[0])


def _central(centred: _Array) -> _Array:
    """Quantiles for ``centred = u - 1/2`` within the central part."""
    return centred * _ratio(0.180625 - centred * centred, _CENTRE)


def _tail(p: _Array) -> _Array:
    """Absolute quantiles for a tail probability; infinite at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.sqrt(-np.log(p))
    out = np.where(r <= _FAR, _ratio(np.minimum(r, _FAR) - 1.6, _NEAR_TAIL), r)
    far = (r > _FAR) & (r < np.inf)
    if far.any():
        out[far] = _ratio(r[far] - _FAR, _FAR_TAIL)
    return out


def _ratio(r: _Array, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> _Array:
    """Quotient of two polynomials in `r`, by Horner's rule."""
    top, bottom = (_polynomial(r, part) for part in coefficients)
    top /= bottom
    return top


def _polynomial(r: _Array, coefficients: tuple[float, ...]) -> _Array:
    out = np.full_like(r, coefficients[0])
    for coefficient in coefficients[1:]:
        out *= r
        out += coefficient
    return out
