"""Time of collectives: what a group of accelerators spends on all-reduce, all-gather, ...

Each law is the textbook line: steps times latency, and traffic over bandwidth. A group of one
takes no time by the line itself. The bandwidth is what software reaches: the caller multiplies the
peak by the share that he states, since a share hidden here would be a guess in every result.
Rejected: choosing among ring, tree and in-network reduction as libraries do; which one runs
depends on versions and settings, and for the long messages of training they agree.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from llm_economics.core.dimensions import Bandwidth, Information, Number, Time, formula, law
from llm_economics.core.functions import log

__all__ = [
    "Group",
    "all_gather_time",
    "all_reduce_time",
    "all_to_all_time",
    "broadcast_time",
    "hierarchical_all_reduce_time",
    "point_to_point_time",
    "reduce_scatter_time",
]

_LOG_OF_TWO = float(np.log(2.0))


@attrs.frozen
class Group:
    """Accelerators that talk to each other, and how fast: numbers, quantities, or arrays of them.

    Examples
    --------
    >>> group = Group(8, bandwidth=le.quantity("450 GB/s"), latency=le.quantity("2 us"))
    >>> print(
    ...     all_gather_time(
    ...         data=le.quantity("900 MB"),
    ...         group=le.quantity(group.size),
    ...         bandwidth=0.8 * group.bandwidth,
    ...         latency=group.latency,
    ...     ).to("ms")
    ... )
    2.2015 ms
    """

    size: Any
    """Accelerators in the group; a plain number."""

    bandwidth: Any
    """Bandwidth of each of them, one way (byte/s)."""

    latency: Any
    """Time of one hop without data (s)."""


@law("second")
def all_gather_time(
    *, data: Information, group: Number, bandwidth: Bandwidth, latency: Time
) -> Time:
    r"""Time of a ring all-gather: each has a part, in the end each has the whole.

    Parameters
    ----------
    data : Quantity
        The whole, as everybody has it in the end (byte).
    group : Quantity
        Accelerators in the ring; a plain number.
    bandwidth : Quantity
        Bandwidth of each accelerator, one way, that software reaches (byte/s): what the NCCL
        tests call bus bandwidth.
    latency : Quantity
        Time of one hop without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = (n - 1) \alpha + \frac{n - 1}{n} \frac{S}{B}

    No algorithm moves fewer bytes; the latency is that of a ring. Recursive doubling needs
    log2(n) steps, which counts for short messages in large groups.

    References
    ----------
    Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
    International Journal of High Performance Computing Applications 19(1), 2005, section 4;
    NVIDIA, nccl-tests, doc/PERFORMANCE.md.

    Examples
    --------
    >>> print(
    ...     all_gather_time(
    ...         data=le.quantity("800 MB"),
    ...         group=le.quantity(8),
    ...         bandwidth=le.quantity("350 GB/s"),
    ...         latency=le.quantity("2 us"),
    ...     ).to("ms")
    ... )
    2.014 ms
    """
    return (group - 1.0) * latency + (group - 1.0) / group * data / bandwidth


@law("second")
def reduce_scatter_time(
    *, data: Information, group: Number, bandwidth: Bandwidth, latency: Time
) -> Time:
    r"""Time of a ring reduce-scatter: each has a whole, in the end each has a part of the sum.

    Parameters
    ----------
    data : Quantity
        The whole, as everybody has it at first (byte).
    group : Quantity
        Accelerators in the ring; a plain number.
    bandwidth : Quantity
        Bandwidth of each accelerator, one way, that software reaches (byte/s).
    latency : Quantity
        Time of one hop without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = (n - 1) \alpha + \frac{n - 1}{n} \frac{S}{B}

    An all-gather run backwards. The additions are left out: they are hidden behind the transfer.

    References
    ----------
    Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
    International Journal of High Performance Computing Applications 19(1), 2005, section 4;
    NVIDIA, nccl-tests, doc/PERFORMANCE.md.

    Examples
    --------
    >>> print(
    ...     reduce_scatter_time(
    ...         data=le.quantity("800 MB"),
    ...         group=le.quantity(8),
    ...         bandwidth=le.quantity("350 GB/s"),
    ...         latency=le.quantity("2 us"),
    ...     ).to("ms")
    ... )
    2.014 ms
    """
    return (group - 1.0) * latency + (group - 1.0) / group * data / bandwidth


@law("second")
def all_reduce_time(
    *, data: Information, group: Number, bandwidth: Bandwidth, latency: Time
) -> Time:
    r"""Time of a ring all-reduce: each has a whole, in the end each has the sum.

    Parameters
    ----------
    data : Quantity
        What each accelerator puts in (byte).
    group : Quantity
        Accelerators in the ring; a plain number.
    bandwidth : Quantity
        Bandwidth of each accelerator, one way, that software reaches (byte/s).
    latency : Quantity
        Time of one hop without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = 2 (n - 1) \alpha + 2 \, \frac{n - 1}{n} \frac{S}{B}

    A reduce-scatter and an all-gather. Switches that add (in-network reduction) move about half
    of it.

    References
    ----------
    Patarasuk, Yuan, "Bandwidth Optimal All-reduce Algorithms for Clusters of Workstations",
    Journal of Parallel and Distributed Computing 69(2), 2009; Thakur, Rabenseifner, Gropp,
    International Journal of High Performance Computing Applications 19(1), 2005, section 4;
    NVIDIA, nccl-tests, doc/PERFORMANCE.md.

    Examples
    --------
    >>> print(
    ...     all_reduce_time(
    ...         data=le.quantity("800 MB"),
    ...         group=le.quantity(8),
    ...         bandwidth=le.quantity("350 GB/s"),
    ...         latency=le.quantity("2 us"),
    ...     ).to("ms")
    ... )
    4.028 ms
    """
    return 2.0 * (group - 1.0) * latency + 2.0 * (group - 1.0) / group * data / bandwidth


@law("second")
def all_to_all_time(
    *, data: Information, group: Number, bandwidth: Bandwidth, latency: Time
) -> Time:
    r"""Time of an all-to-all: each has a part for each.

    Parameters
    ----------
    data : Quantity
        What each accelerator has at first, the part for itself included (byte).
    group : Quantity
        Accelerators in the group; a plain number.
    bandwidth : Quantity
        Bandwidth of each accelerator, one way, that software reaches (byte/s).
    latency : Quantity
        Time of one exchange without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = (n - 1) \alpha + \frac{n - 1}{n} \frac{S}{B}

    Pairwise exchange, all parts of one size; with parts of different sizes the largest sum of an
    accelerator counts.

    References
    ----------
    Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
    International Journal of High Performance Computing Applications 19(1), 2005, section 4;
    NVIDIA, nccl-tests, doc/PERFORMANCE.md.

    Examples
    --------
    >>> print(
    ...     all_to_all_time(
    ...         data=le.quantity("64 MB"),
    ...         group=le.quantity(16),
    ...         bandwidth=le.quantity("40 GB/s"),
    ...         latency=le.quantity("5 us"),
    ...     ).to("ms")
    ... )
    1.575 ms
    """
    return (group - 1.0) * latency + (group - 1.0) / group * data / bandwidth


@law("second")
def point_to_point_time(*, data: Information, bandwidth: Bandwidth, latency: Time) -> Time:
    r"""Time to send data from one accelerator to another.

    Parameters
    ----------
    data : Quantity
        What is sent (byte).
    bandwidth : Quantity
        Bandwidth between the two, one way, that software reaches (byte/s).
    latency : Quantity
        Time of one hop without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = \alpha + \frac{S}{B}

    Valid where nobody else uses the way at the same time.

    References
    ----------
    Hockney, "The communication challenge for MPP", Parallel Computing 20(3), 1994; Thakur,
    Rabenseifner, Gropp, International Journal of High Performance Computing Applications 19(1),
    2005, section 3.

    Examples
    --------
    >>> print(
    ...     point_to_point_time(
    ...         data=le.quantity("128 MB"),
    ...         bandwidth=le.quantity("40 GB/s"),
    ...         latency=le.quantity("5 us"),
    ...     ).to("ms")
    ... )
    3.205 ms
    """
    return latency + data / bandwidth


@law("second")
def broadcast_time(
    *, data: Information, group: Number, bandwidth: Bandwidth, latency: Time
) -> Time:
    r"""Time of a broadcast of a long message: one has it, in the end each has it.

    Parameters
    ----------
    data : Quantity
        The message (byte).
    group : Quantity
        Accelerators in the group, the sender included; a plain number.
    bandwidth : Quantity
        Bandwidth of each accelerator, one way, that software reaches (byte/s).
    latency : Quantity
        Time of one hop without data (s).

    Returns
    -------
    Quantity
        Time (s).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: t = (\log_2 n + n - 1) \alpha + 2 \, \frac{n - 1}{n} \frac{S}{B}

    Scatter along a tree, then a ring all-gather. A chain that passes on each piece as it comes
    takes about half for very long messages. For groups that are no power of two the number of
    steps of the tree is rounded up; that part of a step is left out.

    References
    ----------
    Thakur, Rabenseifner, Gropp, "Optimization of Collective Communication Operations in MPICH",
    International Journal of High Performance Computing Applications 19(1), 2005, section 4.

    Examples
    --------
    >>> print(
    ...     broadcast_time(
    ...         data=le.quantity("800 MB"),
    ...         group=le.quantity(8),
    ...         bandwidth=le.quantity("350 GB/s"),
    ...         latency=le.quantity("2 us"),
    ...     ).to("ms")
    ... )
    4.02 ms
    """
    steps = log(group) / _LOG_OF_TWO + group - 1.0
    time: Time = steps * latency + 2.0 * (group - 1.0) / group * data / bandwidth
    return time


def hierarchical_all_reduce_time(data: Any, inside: Group, between: Group) -> Any:
    r"""Time of an all-reduce in two levels: inside the fast links, then between servers.

    Parameters
    ----------
    data : Quantity or number
        What each accelerator puts in (byte).
    inside : Group
        The accelerators that the fast links join.
    between : Group
        One accelerator of each such set; all of them exchange at once, each its own part.

    Returns
    -------
    same kind
        Time (s).

    Notes
    -----
    .. math::

        t = t_{\mathrm{reduce-scatter}}(S, n) + t_{\mathrm{all-reduce}}(S / n, m)
            + t_{\mathrm{all-gather}}(S, n)

    for m sets of n accelerators. No law of its own, since it is made of three; it runs, as they
    do, on numbers, arrays, ranges and quantities. Numbers are in base units.

    References
    ----------
    Mikami et al., "Massively Distributed SGD", arXiv:1811.05233 (2D-torus all-reduce); Thakur,
    Rabenseifner, Gropp, International Journal of High Performance Computing Applications 19(1),
    2005 (the three parts).

    Examples
    --------
    >>> inside = Group(8, bandwidth=le.quantity("350 GB/s"), latency=le.quantity("2 us"))
    >>> between = Group(4, bandwidth=le.quantity("40 GB/s"), latency=le.quantity("5 us"))
    >>> print(hierarchical_all_reduce_time(le.quantity("800 MB"), inside, between).to("ms"))
    7.808 ms
    """
    fast = {"group": inside.size, "bandwidth": inside.bandwidth, "latency": inside.latency}
    slow = {"group": between.size, "bandwidth": between.bandwidth, "latency": between.latency}
    return (
        formula(reduce_scatter_time)(data=data, **fast)
        + formula(all_reduce_time)(data=data / inside.size, **slow)
        + formula(all_gather_time)(data=data, **fast)
    )
