"""Laws of waiting: Little, Erlang, Allen and Cunneen, staffing by the square root.

The "servers" of these laws are those of queueing theory: places that hold one request each, such
as the slots of a batch, not machines. Erlang's formula stands here as an integral over a fixed
set of nodes. The usual recursion over servers was rejected: it takes ten thousand steps for ten
thousand servers, needs whole numbers, and a range would have to carry a graph of that length.
Kimura's interpolation was rejected as the correction for variability: for bursty arrivals (a
squared coefficient of variation of 2 at half load) its denominator comes near zero.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np

from llm_economics.core.dimensions import Dimension, Number, RequestRate, Share, Time, law
from llm_economics.core.functions import exp, log, maximum, sqrt
from llm_economics.core.registry import Quantity

__all__ = [
    "OfferedLoad",
    "Requests",
    "Servers",
    "TimePerRequest",
    "delayed_wait",
    "equivalent_servers",
    "erlang_c",
    "mean_wait",
    "requests_in_flight",
    "server_utilization",
    "service_variability",
    "square_root_staffing",
    "variable_wait",
    "wait_at_percentile",
]

Requests = Annotated[
    Quantity,
    Dimension(name="a number of requests", unit="request", example="64", bare_numbers=True),
]
"""A number of requests; a bare number is enough."""

Servers = Annotated[
    Quantity,
    Dimension(
        name="a number of servers (places for one request each)",
        unit="dimensionless",
        example="64",
        bare_numbers=True,
        lower=1.0,
        also=(("request", "request"),),
    ),
]
"""Servers of queueing theory: places that hold one request each; at least one."""

OfferedLoad = Annotated[
    Quantity,
    Dimension(
        name="an offered load",
        unit="dimensionless",
        example="80",
        bare_numbers=True,
        also=(("request", "request"),),
    ),
]
"""Requests that would be in service at once if none had to wait: rate times service time."""

TimePerRequest = Annotated[
    Quantity,
    Dimension(
        name="a service time",
        unit="second/request",
        example="5 s",
        also=(("second", "request"),),
    ),
]
"""Time that one request holds one server; "5 s" is read as 5 s for one request."""

# Tails of the integral beyond this many deviations are below the last digit of a float.
_REACH = 8.8

# With 40 nodes the integral is good to 1e-12 from 1 to 10,000 servers.
_NODES, _WEIGHTS = (
    tuple(float(x) for x in values) for values in np.polynomial.legendre.leggauss(40)
)

# Stands for zero under the logarithm; nobody waits at such a load.
_LIGHTEST = 1e-300


@law("request")
def requests_in_flight(*, rate: RequestRate, time: Time) -> Requests:
    r"""Mean number of requests that are in a system: Little's law.

    Parameters
    ----------
    rate : Quantity
        Requests that arrive, and leave, per second (request/s).
    time : Quantity
        Mean time that a request spends in the system (s).

    Returns
    -------
    Quantity
        Requests in flight (request).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: L = \lambda W

    Holds for any system in balance, whatever the order of service and the distributions. With the
    time of waiting instead of the whole time it gives the requests that wait.

    References
    ----------
    J. D. C. Little, "A proof for the queuing formula L = lambda W", Operations Research 9 (1961).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(requests_in_flight(rate=le.quantity("30 request/s"), time=le.quantity("4 s")))
    120 request
    """
    return rate * time


@law("dimensionless")
def server_utilization(
    *, rate: RequestRate, service_time: TimePerRequest, servers: Servers
) -> Number:
    r"""Share of the servers that are busy; below 1, or the queue grows without end.

    Parameters
    ----------
    rate : Quantity
        Requests that arrive per second (request/s).
    service_time : Quantity
        Mean time that a request holds a server (s).
    servers : Quantity
        Servers; a plain number.

    Returns
    -------
    Quantity
        Utilization; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: \rho = \frac{\lambda}{c \mu} = \frac{\lambda S}{c}

    References
    ----------
    R. B. Cooper, "Introduction to Queueing Theory", 2nd edition, North Holland, 1981, chapter 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     server_utilization(
    ...         rate=le.quantity("30 request/s"),
    ...         service_time=le.quantity("4 s"),
    ...         servers=le.quantity(128),
    ...     )
    ... )
    0.9375
    """
    return rate * service_time / servers


@law("dimensionless")
def erlang_c(*, servers: Servers, utilization: Share) -> Share:
    r"""Probability that a request has to wait: Erlang's delay formula.

    Parameters
    ----------
    servers : Quantity
        Servers; a plain number, not necessarily whole.
    utilization : Quantity
        Share of the servers that are busy, from 0 to 1.

    Returns
    -------
    Quantity
        Probability of waiting.

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the utilization is above 1, or there is less than one server.

    Notes
    -----
    .. math::

        C = \frac{B}{1 - \rho (1 - B)}, \qquad
        \frac{1}{B} = \int_0^\infty e^{-u} \left(1 + \frac{u}{c \rho}\right)^c du

    Poisson arrivals, exponential service times, one queue for all servers, nobody gives up. The
    integral is taken by Gauss and Legendre in the variable :math:`r = ((c \rho + u) / c)^{1/3}`,
    in which it is close to a bell; the relative error is below 1e-11 from 1 to 10,000 servers.

    References
    ----------
    R. B. Cooper, "Introduction to Queueing Theory", 2nd edition, 1981, chapter 3 (both formulas);
    D. L. Jagerman, "Some properties of the Erlang loss function", Bell System Technical Journal
    53 (1974) (the integral, after Fortet).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(f"{erlang_c(servers=le.quantity(10), utilization=le.quantity(0.8)):.4g}")
    0.4092
    """
    busy = maximum(utilization, _LIGHTEST)
    scale = 3.0 * sqrt(servers)
    start = maximum(-_REACH, scale * (busy ** (1.0 / 3.0) - 1.0))
    half = (_REACH - start) / 2.0
    bell = 0.0 * half
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        r = 1.0 + (start + half * (1.0 + node)) / scale
        bell = bell + weight * r * r * exp(servers * (3.0 * log(r) + 1.0 - r * r * r))
    lost = exp(servers * (log(busy) + 1.0 - busy)) / (sqrt(servers) * half * bell)
    waiting: Quantity = lost / (1.0 - busy * (1.0 - lost))
    return waiting


@law("second")
def delayed_wait(*, service_time: Time, servers: Servers, utilization: Share) -> Time:
    r"""Mean wait of those requests that have to wait.

    Parameters
    ----------
    service_time : Quantity
        Mean time that a request holds a server (s).
    servers : Quantity
        Servers; a plain number.
    utilization : Quantity
        Share of the servers that are busy, below 1.

    Returns
    -------
    Quantity
        Wait (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the utilization is above 1.

    Notes
    -----
    .. math:: D = \frac{1}{c \mu - \lambda} = \frac{S}{c (1 - \rho)}

    Assumptions of `erlang_c`, first come first served.

    References
    ----------
    R. B. Cooper, "Introduction to Queueing Theory", 2nd edition, North Holland, 1981, chapter 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     delayed_wait(
    ...         service_time=le.quantity("4 s"),
    ...         servers=le.quantity(128),
    ...         utilization=le.quantity(0.9375),
    ...     )
    ... )
    0.5 s
    """
    return service_time / (servers * (1.0 - utilization))


@law("second")
def mean_wait(
    *, waiting_probability: Share, service_time: Time, servers: Servers, utilization: Share
) -> Time:
    r"""Mean wait of all requests, those that do not wait included.

    Parameters
    ----------
    waiting_probability : Quantity
        Probability of waiting, as `erlang_c` gives it.
    service_time : Quantity
        Mean time that a request holds a server (s).
    servers : Quantity
        Servers; a plain number.
    utilization : Quantity
        Share of the servers that are busy, below 1.

    Returns
    -------
    Quantity
        Wait (s), without the service itself.

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If a probability or the utilization is above 1.

    Notes
    -----
    .. math:: W = \frac{C}{c \mu - \lambda} = \frac{C S}{c (1 - \rho)}

    The M/M/c queue. For one server :math:`C = \rho` and :math:`W = \rho S / (1 - \rho)`.

    References
    ----------
    R. B. Cooper, "Introduction to Queueing Theory", 2nd edition, North Holland, 1981, chapter 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     mean_wait(
    ...         waiting_probability=le.quantity(0.75),
    ...         service_time=le.quantity("2 s"),
    ...         servers=le.quantity(1),
    ...         utilization=le.quantity(0.75),
    ...     )
    ... )
    6 s
    """
    return waiting_probability * service_time / (servers * (1.0 - utilization))


@law("second")
def wait_at_percentile(
    *, waiting_probability: Share, delayed_wait: Time, percentile: Share
) -> Time:
    r"""Wait that only a share of the requests exceeds.

    Parameters
    ----------
    waiting_probability : Quantity
        Probability of waiting, as `erlang_c` gives it.
    delayed_wait : Quantity
        Mean wait of those that wait (s).
    percentile : Quantity
        Share of the requests that wait no longer, below 1: 0.95.

    Returns
    -------
    Quantity
        Wait (s); zero if fewer than the rest wait at all.

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If a probability or the percentile is above 1.

    Notes
    -----
    .. math::

        P(W > t) = C e^{-t / D} \quad \Rightarrow \quad
        t_p = \max\left(0, D \ln \frac{C}{1 - p}\right)

    Exact for M/M/c. With the `delayed_wait` of another queue it is the usual exponential
    approximation of the tail.

    References
    ----------
    R. B. Cooper, "Introduction to Queueing Theory", 2nd edition, North Holland, 1981, chapter 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> wait = wait_at_percentile(
    ...     waiting_probability=le.quantity(0.4),
    ...     delayed_wait=le.quantity("0.5 s"),
    ...     percentile=le.quantity(0.95),
    ... )
    >>> print(f"{wait:.3g}")
    1.04 s
    """
    rest = 1.0 - percentile
    wait: Quantity = delayed_wait * log(maximum(waiting_probability, rest) / rest)
    return wait


@law("second")
def variable_wait(*, wait: Time, arrival_variability: Number, service_variability: Number) -> Time:
    r"""Wait where arrivals or service times vary otherwise than in M/M/c.

    Parameters
    ----------
    wait : Quantity
        Wait of the M/M/c queue with the same means (s).
    arrival_variability : Quantity
        Squared coefficient of variation of the times between arrivals: 1 for Poisson.
    service_variability : Quantity
        Squared coefficient of variation of the service times: 1 for exponential ones.

    Returns
    -------
    Quantity
        Wait (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: W_{G/G/c} \approx \frac{c_a^2 + c_s^2}{2} \, W_{M/M/c}

    Exact for M/M/c and for M/G/1, good in heavy traffic. With many servers at light load and
    regular service times the wait is longer than it says, by up to a factor 2 for constant ones.

    References
    ----------
    A. O. Allen, "Probability, Statistics, and Queueing Theory", 2nd edition, Academic Press,
    1990, section 5.3 (the approximation of Allen and Cunneen).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     variable_wait(
    ...         wait=le.quantity("6 s"),
    ...         arrival_variability=le.quantity(1.0),
    ...         service_variability=le.quantity(0.0),
    ...     )
    ... )
    3 s
    """
    return wait * (arrival_variability + service_variability) / 2.0


@law("dimensionless")
def equivalent_servers(
    *, servers: Servers, in_flight: OfferedLoad, full_utilization: Share
) -> Servers:
    r"""Servers of the M/M/c queue that waits like one whose servers slow each other down.

    Parameters
    ----------
    servers : Quantity
        Places for requests, such as the slots of all batches; a plain number.
    in_flight : Quantity
        Requests in flight at the rate, by Little's law; a plain number.
    full_utilization : Quantity
        Rate of arrivals over the rate of completions with all places taken, below 1.

    Returns
    -------
    Quantity
        Servers for `erlang_c`, together with `full_utilization`; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the utilization is above 1.

    Notes
    -----
    .. math:: c' = \frac{c - n}{1 - \rho_c}, \qquad \rho_c = \frac{\lambda T(c)}{c}

    A request in a batch takes a time :math:`T(k)` that grows with the requests :math:`k` beside
    it, so the number in flight swings more widely than among independent servers, and those that
    wait do so while the batch is full and slow. The equivalent queue has the same distance from
    the mean number in flight to a full house, and the same rate at which a full house empties.
    Exact where the time does not depend on the batch. Against the exact birth and death process
    with :math:`T = \alpha + \beta k`, 16 to 1024 places, at 90 and 97 % of the full rate, the
    probability of waiting is within 2 % where sharing is a fifth of :math:`T(c)`, 5 % where it is
    half, 19 % where it is nine tenths (wherever more than 1 % wait).

    References
    ----------
    Own approximation, in the sense of Halfin and Whitt, Operations Research 29 (1981).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     equivalent_servers(
    ...         servers=le.quantity(64),
    ...         in_flight=le.quantity(46.8),
    ...         full_utilization=le.quantity(0.9),
    ...     )
    ... )
    172
    """
    return (servers - in_flight) / (1.0 - full_utilization)


@law("dimensionless")
def square_root_staffing(*, offered_load: OfferedLoad, quality: Number) -> Servers:
    r"""Servers for a large load: the load and a margin that grows as its square root.

    Parameters
    ----------
    offered_load : Quantity
        Requests in service if none waits: rate times service time; a plain number.
    quality : Quantity
        Margin in units of the square root of the load; a plain number, about 1.

    Returns
    -------
    Quantity
        Servers; a plain number, not rounded.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: c = a + \beta \sqrt{a}

    At a fixed :math:`\beta` the probability of waiting stays nearly the same while the load
    grows: 0.22 at 1, 0.5 at 0.51.

    References
    ----------
    S. Halfin and W. Whitt, "Heavy-traffic limits for queues with many exponential servers",
    Operations Research 29 (1981).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(square_root_staffing(offered_load=le.quantity(100), quality=le.quantity(1)))
    110
    """
    servers: Quantity = offered_load + quality * sqrt(offered_load)
    return servers


@law("dimensionless")
def service_variability(*, length_variation: Number, decode_share: Share) -> Number:
    r"""Squared coefficient of variation of service times, from that of the output lengths.

    Parameters
    ----------
    length_variation : Quantity
        Standard deviation of the output tokens over their mean; a plain number.
    decode_share : Quantity
        Share of the mean service time that is decoding.

    Returns
    -------
    Quantity
        Squared coefficient of variation; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If the share is above 1.

    Notes
    -----
    .. math:: c_s^2 = (s \, v)^2

    The time per output token is taken as equal for all requests, and the time to the first token
    as constant: its variation, from the lengths of inputs, is left out.

    References
    ----------
    Definition: the variance of a constant plus a multiple of the length.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(service_variability(length_variation=le.quantity(1.0), decode_share=le.quantity(0.9)))
    0.81
    """
    return decode_share * length_variation * (decode_share * length_variation)
