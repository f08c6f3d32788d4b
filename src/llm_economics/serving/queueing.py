"""How long requests wait: `Queue`, the servers that a wait takes, and batches as server farms.

These run on floats and arrays of plain numbers (seconds, requests per second) or on exact
quantities, since a whole number of servers and a balance of load and speed are searched, by
bisection. A range is drawn first, by the caller:
``rate.samples(4096, method="lattice").to("request/s")``; rows of two quantities that share an
input belong together. Rejected: searching on a range itself, whose graph would hold each step of
the search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import attrs
import numpy as np

from llm_economics.core.dimension_errors import dimension_error
from llm_economics.core.dimensions import formula
from llm_economics.core.display import short_number
from llm_economics.core.errors import RangeError
from llm_economics.core.registry import Quantity, domestic, ureg
from llm_economics.core.uncertain.graph import Uncertain
from llm_economics.serving.latency import as_percentile
from llm_economics.serving.queueing_laws import (
    delayed_wait,
    equivalent_servers,
    erlang_c,
    requests_in_flight,
    server_utilization,
    square_root_staffing,
    variable_wait,
    wait_at_percentile,
)

__all__ = ["Overload", "Queue", "SlotFarm", "servers_for", "steady_concurrency"]

Overload = Literal["refuse", "infinite"]
"""What happens where more comes than can be served: an error, or an infinite wait."""

# Halvings of the bisection for a concurrency: the last one is 1e-15 of the capacity.
_HALVINGS = 50


def _plain(value: Any, unit: str, where: str) -> Any:
    """Numbers in a unit, checked: finite, not negative."""
    value = domestic(value)
    if isinstance(value, Quantity):
        if isinstance(value.magnitude, Uncertain):
            message = (
                f"{where} takes numbers and arrays; got the range {value}. Draw it first: "
                f"value.samples(4096, method='lattice')"
            )
            raise RangeError(message)
        needed = ureg.Quantity(1.0, unit)
        if unit == "request" and value.dimensionless:
            value = value * needed
        if value.dimensionality != needed.dimensionality:
            raise dimension_error(where, needed, value)
        value = value.to(unit).magnitude
    numbers = np.asarray(value, dtype=np.float64)
    if not np.all(np.isfinite(numbers)) or np.any(numbers < 0.0):
        message = f"{where} needs finite numbers that are not negative ({unit}); got {value}"
        raise RangeError(message)
    return numbers[()]


def _time_at(end_to_end: Callable[[Any], Any], batch: Any) -> Any:
    return _plain(end_to_end(batch), "second", "end_to_end(batch)")


def _count(value: Any, where: str) -> Any:
    numbers = _plain(value, "request", where)
    if np.any(numbers < 1.0):
        message = f"{where} needs at least 1; got {_short(np.min(numbers))}"
        raise RangeError(message)
    return numbers


def _as_rate(value: Any) -> Any:
    return _plain(value, "request/second", "Queue(rate)")


def _as_service_time(value: Any) -> Any:
    return _plain(value, "second", "Queue(service_time)")


def _as_servers(value: Any) -> Any:
    return _count(value, "Queue(servers)")


def _as_slots(value: Any) -> Any:
    return _count(value, "SlotFarm(slots)")


def _as_replicas(value: Any) -> Any:
    return _count(value, "SlotFarm(replicas)")


def _overload(_instance: Any, _attribute: Any, value: object) -> None:
    if value not in {"refuse", "infinite"}:
        message = f"on_overload needs 'refuse' or 'infinite'; got {value!r}"
        raise RangeError(message)


@attrs.frozen(kw_only=True, eq=False)
class Queue:
    """One queue before many servers, first come first served: how long requests wait.

    Raises
    ------
    RangeError
        If more comes than the servers can do, and `on_overload` is "refuse".

    Notes
    -----
    M/M/c where both variabilities are 1; otherwise corrected by `variable_wait`. In the field's
    words a server is a slot of a batch. Fields are floats or arrays that broadcast.

    Examples
    --------
    >>> queue = Queue(rate=30.0, service_time=4.0, servers=128, variability=(1.0, 1.0))
    >>> print(f"{queue.utilization:.4f} {queue.waiting_probability:.3f}")
    0.9375 0.365
    >>> print(f"{queue.mean_wait():.3f} s, {queue.wait(0.95):.3f} s")
    0.182 s, 0.994 s
    >>> Queue(rate=33.0, service_time=4.0, servers=128, variability=(1.0, 1.0))
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.RangeError: a queue needs a utilization below 1; 33 request/s of 4 s \
keep 132 servers busy, and there are 128 (utilization 1.03). Give at least 133 servers, or a rate \
below 32 request/s, or a service time below 3.88 s
    """

    rate: Any = attrs.field(converter=_as_rate)
    """Requests that arrive per second (request/s)."""

    service_time: Any = attrs.field(converter=_as_service_time)
    """Mean time that a request holds a server (s)."""

    servers: Any = attrs.field(converter=_as_servers)
    """Places for one request each."""

    variability: tuple[Any, Any] = attrs.field()
    """Squared coefficients of variation of times between arrivals and of service times: (1, 1) for
    Poisson arrivals and exponential service times."""

    on_overload: Overload = attrs.field(default="refuse", validator=_overload)
    """Whether to refuse what cannot be served, or to let it wait infinitely long."""

    def __attrs_post_init__(self) -> None:
        """Refuse an overload, and a variability that is no pair."""
        _checked_variability(self.variability)
        if self.on_overload == "refuse" and np.any(self.utilization >= 1.0):
            raise RangeError(self._overload_text())

    @property
    def utilization(self) -> Any:
        """Share of the servers that are busy; 1 and more: overload."""
        return formula(server_utilization)(
            rate=self.rate, service_time=self.service_time, servers=self.servers
        )

    @property
    def waiting_probability(self) -> Any:
        """Share of the requests that have to wait; 1 in overload."""
        busy = np.minimum(self.utilization, 1.0)
        # Rounding can lead a little above 1 next to full load.
        return np.minimum(formula(erlang_c)(servers=self.servers, utilization=busy), 1.0)

    @property
    def delayed_wait(self) -> Any:
        """Mean wait of those that wait (s), infinite in overload."""
        busy = self.utilization
        wait = formula(delayed_wait)(
            service_time=self.service_time,
            servers=self.servers,
            utilization=np.where(busy < 1.0, busy, 0.0),
        )
        arrival, service = self.variability
        varied = formula(variable_wait)(
            wait=wait, arrival_variability=arrival, service_variability=service
        )
        return np.where(busy < 1.0, varied, np.inf)[()]

    def mean_wait(self) -> Any:
        """Mean wait of all requests (s), without the service."""
        # Never zero times infinity: in overload the probability is 1.
        return self.waiting_probability * self.delayed_wait

    def wait(self, percentile: float) -> Any:
        """Wait that only the rest of the requests exceeds.

        Parameters
        ----------
        percentile : float
            Share of the requests that wait no longer: 0.95.

        Returns
        -------
        float or array
            Wait (s); infinite in overload.

        Raises
        ------
        RangeError
            If the percentile is not between 0 and 1.
        """
        return formula(wait_at_percentile)(
            waiting_probability=self.waiting_probability,
            delayed_wait=self.delayed_wait,
            percentile=as_percentile(percentile),
        )

    def requests_waiting(self) -> Any:
        """Mean number of requests that wait, by Little's law."""
        return formula(requests_in_flight)(rate=self.rate, time=self.mean_wait())

    def _overload_text(self) -> str:
        fields = (self.rate, self.service_time, self.servers, self.utilization)
        rates, times, servers, busy = (np.ravel(x) for x in np.broadcast_arrays(*fields))
        at = int(np.argmax(busy))
        load = rates[at] * times[at]
        over = int(np.sum(busy >= 1.0))
        where = f" (the worst of {over} cells)" if over > 1 else ""
        return (
            f"a queue needs a utilization below 1; {_short(rates[at])} request/s of "
            f"{_short(times[at])} s keep {_short(load)} servers busy, and there are "
            f"{_short(servers[at])} (utilization {_short(busy[at])}){where}. Give at least "
            f"{np.floor(load) + 1:.0f} servers, or a rate below "
            f"{_short(servers[at] / times[at])} request/s, or a service time below "
            f"{_short(servers[at] / rates[at])} s"
        )


def _short(value: Any) -> str:
    return short_number(float(value))


def _checked_variability(value: Any) -> None:
    if not isinstance(value, tuple) or len(value) != 2:  # noqa: PLR2004
        message = (
            "variability needs a pair (of arrivals, of service times), such as (1.0, 0.8); "
            f"got {value!r}"
        )
        raise RangeError(message)
    for number in value:
        _plain(number, "dimensionless", "variability")


def servers_for(
    rate: Any,
    service_time: Any,
    target_wait: Any,
    percentile: float | None,
    *,
    variability: tuple[Any, Any],
) -> Any:
    """Smallest whole number of servers with which requests wait no longer than a target.

    Parameters
    ----------
    rate : float, array or exact quantity
        Requests that arrive per second (request/s).
    service_time : float, array or exact quantity
        Mean time that a request holds a server (s).
    target_wait : float, array or exact quantity
        Longest wait (s).
    percentile : float, optional
        Share of the requests that wait no longer than that; None: the mean wait.
    variability : tuple of two floats or arrays
        Squared coefficients of variation of times between arrivals and of service times; (1, 1)
        is M/M/c.

    Returns
    -------
    float or array
        Servers, whole numbers, at least 1.

    Raises
    ------
    RangeError
        If an input is a range, negative or not finite, the percentile is not between 0 and 1, or
        a mean wait of zero is asked for.

    Notes
    -----
    Starts from `square_root_staffing`, then halves. Each cell has its own answer, whatever stands
    beside it in the array.

    Examples
    --------
    >>> print(servers_for(30.0, 4.0, 0.5, 0.95, variability=(1.0, 1.0)))
    132.0
    """
    target = _plain(target_wait, "second", "servers_for(target_wait)")
    if percentile is None and np.any(target == 0.0):
        message = "servers_for(target_wait) needs a mean wait above zero, such as '100 ms'; got 0"
        raise RangeError(message)
    rate = _plain(rate, "request/second", "servers_for(rate)")
    service_time = _plain(service_time, "second", "servers_for(service_time)")
    load, target = np.broadcast_arrays(rate * service_time, target)

    def enough(servers: Any) -> Any:
        queue = Queue(
            rate=rate,
            service_time=service_time,
            servers=servers,
            variability=variability,
            on_overload="infinite",
        )
        return (queue.mean_wait() if percentile is None else queue.wait(percentile)) <= target

    start = formula(square_root_staffing)(offered_load=load, quality=1.0)
    return _smallest(enough, np.floor(load), np.ceil(start))


def _smallest(enough: Callable[[Any], Any], too_few: Any, start: Any) -> Any:
    """Smallest whole number for which `enough`, above one for which it is not."""
    step = np.maximum(start - too_few, 1.0)
    high = too_few + step
    # Ends: without limit on servers nobody waits, and every time is finite.
    while np.any(short := ~enough(high)):
        too_few = np.where(short, high, too_few)
        step = np.where(short, 2.0 * step, step)
        high = np.where(short, high + step, high)
    for _ in range(int(np.ceil(np.log2(np.max(high - too_few)))) + 1):
        # Rounded up, so that a cell that is found already stays as it is.
        middle = np.floor((too_few + high + 1.0) / 2.0)
        found = enough(middle)
        high = np.where(found, middle, high)
        too_few = np.where(found, too_few, np.minimum(middle, high - 1.0))
    return high[()]


def steady_concurrency(
    rate: Any,
    end_to_end: Callable[[Any], Any],
    capacity: Any,
    *,
    on_overload: Overload = "refuse",
) -> Any:
    r"""Requests in flight at a rate, where the time of each grows with the requests in flight.

    Parameters
    ----------
    rate : float, array or exact quantity
        Requests that arrive per second (request/s), at one replica.
    end_to_end : callable
        End-to-end time of a request (s) at a number of requests in flight, on floats and arrays
        that broadcast with `rate`; it must not fall.
    capacity : float, array or exact quantity
        Most requests in flight (request): the largest batch.
    on_overload : {"refuse", "infinite"}
        Whether to refuse what the capacity cannot carry, or to answer infinity there.

    Returns
    -------
    float or array
        Requests in flight, at most the capacity.

    Raises
    ------
    RangeError
        If the capacity cannot carry the rate and `on_overload` is "refuse".

    Notes
    -----
    .. math:: n = \lambda \, T(n)

    Little's law, solved by 50 halvings between none and the capacity, the same for each cell; the
    time is asked for at one request at least. Where :math:`n / T(n)` grows with :math:`n`, as it
    does for decoding, there is one solution.

    Examples
    --------
    >>> n = steady_concurrency(10.0, lambda batch: 2.0 + 0.05 * batch, 256)
    >>> print(f"{n:.6g}")
    40
    """
    rate = _plain(rate, "request/second", "steady_concurrency(rate)")
    capacity = _plain(capacity, "request", "steady_concurrency(capacity)")
    full = rate * _time_at(end_to_end, capacity)
    carried = full <= capacity
    if on_overload == "refuse" and not np.all(carried):
        raise RangeError(_capacity_text(rate, full, capacity))
    low, high, _ = np.broadcast_arrays(0.0, capacity, full)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        more = rate * _time_at(end_to_end, np.maximum(middle, 1.0)) > middle
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(carried, high, np.inf)[()]


def _capacity_text(rate: Any, full: Any, capacity: Any) -> str:
    rates, needed, most = (np.ravel(x) for x in np.broadcast_arrays(rate, full, capacity))
    at = int(np.argmax(needed / most))
    carried = rates[at] * most[at] / needed[at]
    return (
        f"a rate of {_short(rates[at])} request/s keeps more than {_short(most[at])} requests in "
        f"flight, the capacity, which carries {_short(carried)} request/s. "
        f"{_short(rates[at] - carried)} request/s are too many: give "
        f"{_short(needed[at] / most[at])} times the replicas, or a larger batch"
    )


@attrs.frozen(kw_only=True, eq=False)
class SlotFarm:
    """Replicas that batch continuously, as a farm of servers: each slot of a batch is one.

    Notes
    -----
    The batch in use comes from Little's law for a replica, with its share of the rate. Requests
    wait only while all batches are full, and slow; the wait is that of `equivalent_servers`.
    Rejected: servers with the end-to-end time at the mean batch, whose wait is several times too
    short (0.16 s for 0.41 s at 64 slots, a time that rises from 2 to 5 s, and 80 % load).

    One queue feeds all slots, as a router does that sends each request where there is room; for
    replicas with queues of their own, take the share of the rate and one replica.

    Examples
    --------
    >>> farm = SlotFarm(
    ...     end_to_end=lambda batch: 2.0 + 0.05 * batch, slots=64, variability=(1.0, 0.8)
    ... )
    >>> print(f"{farm.capacity:.4g} request/s")
    12.31 request/s
    >>> print(f"{farm.queue(12.0).wait(0.95):.3g} s")
    7.55 s
    >>> print(farm.replicas_for(100.0, 0.1, 0.95))
    9.0
    """

    end_to_end: Callable[[Any], Any] = attrs.field()
    """End-to-end time of a request (s) at a batch on a replica, without the wait for a slot."""

    slots: Any = attrs.field(converter=_as_slots)
    """Largest batch of a replica (request)."""

    replicas: Any = attrs.field(default=1.0, converter=_as_replicas)
    """Replicas; a plain number."""

    variability: tuple[Any, Any] = attrs.field()
    """Squared coefficients of variation of times between arrivals and of service times."""

    on_overload: Overload = attrs.field(default="refuse", validator=_overload)
    """Whether to refuse what cannot be served, or to let it wait infinitely long."""

    def __attrs_post_init__(self) -> None:
        """Refuse a variability that is no pair."""
        _checked_variability(self.variability)

    @property
    def capacity(self) -> Any:
        """Rate that keeps all slots busy (request/s); the queue needs less."""
        return self.slots * self.replicas / _time_at(self.end_to_end, self.slots)

    def concurrency(self, rate: Any) -> Any:
        """Requests in flight on each replica; infinite in overload, if that is not refused.

        Parameters
        ----------
        rate : float, array or exact quantity
            Requests that arrive per second at all replicas (request/s).

        Returns
        -------
        float or array
            Mean batch of a replica (request).

        Raises
        ------
        RangeError
            If the slots cannot carry the rate and `on_overload` is "refuse".
        """
        share = _plain(rate, "request/second", "SlotFarm(rate)") / self.replicas
        return steady_concurrency(share, self.end_to_end, self.slots, on_overload=self.on_overload)

    def queue(self, rate: Any) -> Queue:
        """Queue before all slots: the M/M/c queue in which requests wait as long.

        Parameters
        ----------
        rate : float, array or exact quantity
            Requests that arrive per second at all replicas (request/s).

        Returns
        -------
        Queue
            Its `wait` is the time before a slot is free; its servers and service time are those
            of the `equivalent_servers`, and its utilization is that of full batches.

        Raises
        ------
        RangeError
            If the slots cannot carry the rate and `on_overload` is "refuse".
        """
        places = self.slots * self.replicas
        in_flight = np.minimum(self.concurrency(rate) * self.replicas, places)
        busy = _plain(rate, "request/second", "SlotFarm(rate)") / self.capacity
        servers = formula(equivalent_servers)(
            servers=places, in_flight=in_flight, full_utilization=np.where(busy < 1.0, busy, 0.0)
        )
        # With a time that does not fall there are at least as many; rounding next to full load
        # and overload (no place is free) must not make them fewer.
        servers = np.maximum(servers, places)
        return Queue(
            rate=rate,
            service_time=servers / self.capacity,
            servers=servers,
            variability=self.variability,
            on_overload=self.on_overload,
        )

    def replicas_for(self, rate: Any, target_wait: Any, percentile: float | None) -> Any:
        """Smallest whole number of replicas with which requests wait no longer than a target.

        Parameters
        ----------
        rate : float, array or exact quantity
            Requests that arrive per second at all replicas (request/s).
        target_wait : float, array or exact quantity
            Longest wait for a slot (s).
        percentile : float, optional
            Share of the requests that wait no longer than that; None: the mean wait.

        Returns
        -------
        float or array
            Replicas, whole numbers, at least 1.

        Raises
        ------
        RangeError
            If an input or a time is a range, negative or not finite.

        Notes
        -----
        `replicas` of this farm is not used. More replicas make smaller batches, so requests become
        faster too; whether they are fast enough is for a `LatencyTarget` to say.
        """
        rate = _plain(rate, "request/second", "replicas_for(rate)")
        target = _plain(target_wait, "second", "replicas_for(target_wait)")
        if percentile is None and np.any(target == 0.0):
            message = "replicas_for(target_wait) needs a mean wait above zero; got 0"
            raise RangeError(message)
        full = rate * _time_at(self.end_to_end, self.slots) / self.slots
        full, target = np.broadcast_arrays(full, target)

        def enough(replicas: Any) -> Any:
            farm = attrs.evolve(self, replicas=replicas, on_overload="infinite")
            queue = farm.queue(rate)
            return (queue.mean_wait() if percentile is None else queue.wait(percentile)) <= target

        return _smallest(enough, np.floor(full), np.ceil(full))
