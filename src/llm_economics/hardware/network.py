"""`Network`: how fast accelerators reach each other, inside the fast links and beyond them.

Accelerators are counted so that neighbours in number are neighbours in space. A group is then its
size and its stride: 64 of them, each 8 after the one before. It stays inside the scale-up domain
if stride x size is at most the domain, else it crosses servers. Everything is written with `where`,
so that a hundred thousand layouts are looked at in one go. Not laws: which links a group uses is a
choice between whole numbers, without a slope. Rejected: topologies link by link; blocking and
oversubscribed networks enter as a share of the bandwidth that the caller states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import (
    as_accelerators,
    as_bandwidth,
    as_text,
    as_time,
    named_fields,
)
from llm_economics.core.functions import ceil, floor, less, maximum, minimum, where
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity, ureg
from llm_economics.hardware.collectives import Group

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.hardware.server import Server

__all__ = ["Network", "network_of"]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Network(Noun):
    """Bandwidth and latency between accelerators, on two levels.

    Examples
    --------
    >>> net = Network(
    ...     scale_up_domain=8,
    ...     scale_up_bandwidth="450 GB/s",
    ...     scale_out_bandwidth="400 Gbit/s",
    ...     scale_up_latency="2 us",
    ...     scale_out_latency="5 us",
    ... )
    >>> print(net.bandwidth(8), net.bandwidth(2, stride=8))
    450 GB/s 50 GB/s
    """

    name: str = attrs.field(default="", converter=as_text)
    """The server it belongs to, or any other name."""

    scale_up_domain: Quantity | None = attrs.field(default=None, converter=as_accelerators)
    """How many accelerators the fast links join (accelerator)."""

    scale_up_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """Fast links of one accelerator, one way, all together (byte/s)."""

    scale_out_bandwidth: Quantity | None = attrs.field(default=None, converter=as_bandwidth)
    """One accelerator's part of the network between servers, one way (byte/s)."""

    scale_up_latency: Quantity | None = attrs.field(default=None, converter=as_time)
    """Time of one hop over the fast links without data (s)."""

    scale_out_latency: Quantity | None = attrs.field(default=None, converter=as_time)
    """Time of one hop between servers without data (s)."""

    def require(self, field: str) -> Quantity:
        """Return a figure that a computation needs.

        Parameters
        ----------
        field : str
            Name of the field.

        Returns
        -------
        Quantity
            Its value.

        Raises
        ------
        MissingInputError
            If it is not known: unknown is not zero.
        """
        value: Quantity | None = getattr(self, field)
        if value is None:
            raise MissingInputError(_missing(field, self.name, "network"))
        return value

    def crosses(self, size: Any, stride: Any = 1) -> Any:
        """Whether a group leaves the scale-up domain; 0 or 1, to use with `le.functions.where`.

        Parameters
        ----------
        size : int, array or Quantity
            Accelerators in the group; a plain number.
        stride : int, array or Quantity
            How far its members stand apart: 1 for neighbours.

        Returns
        -------
        Quantity
            1 where stride x size is more than the domain.

        Raises
        ------
        MissingInputError
            If the domain is not known.
        """
        return less(self._domain(), _number(stride) * _number(size))

    def members_inside(self, size: Any, stride: Any = 1) -> Any:
        """How many members of a group share one scale-up domain, spread evenly over domains.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        Quantity
            A plain number: all of them in a group that does not leave the domain.

        Raises
        ------
        MissingInputError
            If the domain is not known.

        Examples
        --------
        >>> net = Network(scale_up_domain=72)
        >>> print(net.members_inside(128), net.members_inside(128, stride=8))
        64 8.53333
        """
        fitting = maximum(floor(self._domain() / _number(stride)), 1.0)
        return _number(size) / ceil(_number(size) / fitting)

    def bandwidth(self, size: Any, stride: Any = 1) -> Any:
        """Bandwidth of one member of a group: of the fast links, or of the network.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        Quantity
            Peak bandwidth, one way (byte/s).

        Raises
        ------
        MissingInputError
            If the domain or a bandwidth is not known.
        """
        return where(
            self.crosses(size, stride),
            self.require("scale_out_bandwidth"),
            self.require("scale_up_bandwidth"),
        ).to("GB/s")

    def latency(self, size: Any, stride: Any = 1) -> Any:
        """Latency of a hop that leaves the domain if the group does.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        Quantity
            Time of one hop without data (s).

        Raises
        ------
        MissingInputError
            If the domain or a latency is not known.
        """
        return where(
            self.crosses(size, stride),
            self.require("scale_out_latency"),
            self.require("scale_up_latency"),
        ).to("us")

    def neighbours(self, stride: Any = 1) -> Group:
        """Two accelerators that stand `stride` apart, for `point_to_point_time`.

        Parameters
        ----------
        stride : int, array or Quantity
            How far they stand apart.

        Returns
        -------
        Group
            The slowest such pair: it crosses servers as soon as 2 x stride is more than the
            domain.

        Raises
        ------
        MissingInputError
            If a figure of the network is not known.
        """
        return Group(2, self.bandwidth(2, stride), self.latency(2, stride))

    def ring(self, size: Any, stride: Any = 1) -> Group:
        """A group as a ring, for all-reduce, all-gather, reduce-scatter and broadcast.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        Group
            Size, peak bandwidth (byte/s) and mean latency of a hop (s).

        Raises
        ------
        MissingInputError
            If a figure of the network is not known.

        Notes
        -----
        A ring leaves a domain once for all k members inside, and software runs k rings side by
        side, each over another network card. So it goes at min(scale-up, k x scale-out), and one
        hop in k has the latency of the network.

        References
        ----------
        Hu et al., "Demystifying NCCL", arXiv:2507.04786, section II (channels, each a ring of its
        own over its own network card).

        Examples
        --------
        >>> net = network_of(
        ...     le.servers["DGX H100"], scale_up_latency="2 us", scale_out_latency="5 us"
        ... )
        >>> print(net.ring(64).bandwidth, net.ring(64, stride=8).bandwidth)
        400 GB/s 50 GB/s
        """
        inside = self.members_inside(size, stride)
        up, out = self.require("scale_up_bandwidth"), self.require("scale_out_bandwidth")
        near, far = self.require("scale_up_latency"), self.require("scale_out_latency")
        crossing = self.crosses(size, stride)
        mean = near + (far - near) / inside
        bandwidth = where(crossing, minimum(up, inside * out), up)
        return Group(size, bandwidth, where(crossing, mean, near))

    def exchange(self, size: Any, stride: Any = 1) -> Group:
        """A group in which each sends to each, for `all_to_all_time`.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        Group
            Size, peak bandwidth (byte/s) and latency of the slowest exchange (s).

        Raises
        ------
        MissingInputError
            If a figure of the network is not known.

        Notes
        -----
        Of n parts, k - 1 go over the fast links and n - k over the network, both at once; the
        slower of them counts. The bandwidth is (n - 1) parts over that time.

        Examples
        --------
        >>> net = network_of(
        ...     le.servers["DGX H100"], scale_up_latency="2 us", scale_out_latency="5 us"
        ... )
        >>> print(net.exchange(8).bandwidth, net.exchange(16).bandwidth)
        450 GB/s 93.75 GB/s
        """
        inside, count = self.members_inside(size, stride), _number(size)
        # One part at least, so that a group of one has the bandwidth of its links.
        fast = maximum(inside - 1.0, 1.0) / self.require("scale_up_bandwidth")
        slow = (count - inside) / self.require("scale_out_bandwidth")
        bandwidth = maximum(count - 1.0, 1.0) / maximum(fast, slow)
        return Group(size, bandwidth.to("GB/s"), self.latency(size, stride))

    def levels(self, size: Any, stride: Any = 1) -> tuple[Group, Group]:
        """A group in two levels, for `hierarchical_all_reduce_time`.

        Parameters
        ----------
        size, stride : int, array or Quantity
            The group, as for `crosses`.

        Returns
        -------
        tuple of Group
            The members inside one domain, and one member of each domain.

        Raises
        ------
        MissingInputError
            If a figure of the network is not known.
        """
        inside = self.members_inside(size, stride)
        return (
            Group(inside, self.require("scale_up_bandwidth"), self.require("scale_up_latency")),
            Group(
                _number(size) / inside,
                self.require("scale_out_bandwidth"),
                self.require("scale_out_latency"),
            ),
        )

    def _domain(self) -> Any:
        return _number(self.require("scale_up_domain").to("accelerator").magnitude)


def network_of(
    server: Server,
    *,
    scale_up_latency: QuantityLike | None = None,
    scale_out_latency: QuantityLike | None = None,
) -> Network:
    """Network of accelerators in servers of one kind.

    Parameters
    ----------
    server : Server
        The server.
    scale_up_latency, scale_out_latency : quantity, optional
        Time of one hop without data; no catalogue has them. Without them bandwidths can be
        looked at, times cannot.

    Returns
    -------
    Network
        Its network; the cards are shared evenly among the accelerators of a server.

    Raises
    ------
    MissingInputError
        If a figure of the server or of its accelerator is not known, with what to give.
    RangeError
        If the server has no accelerators.

    Examples
    --------
    >>> net = network_of(le.servers["DGX H100"])
    >>> print(net.scale_up_domain, net.scale_up_bandwidth, net.scale_out_bandwidth)
    8 accelerator 450 GB/s 50 GB/s
    """
    if server.accelerator is None:
        raise MissingInputError(_missing("accelerator", server.name, "server"))
    for field in ("accelerators", "scale_up_domain", "network_bandwidth"):
        if getattr(server, field) is None:
            raise MissingInputError(_missing(field, server.name, "server"))
    link = server.accelerator.link_bandwidth
    if link is None:
        message = (
            f"the link bandwidth of {server.accelerator.name} in {server.name} is not known; give "
            "it with server.evolve(accelerator=server.accelerator.evolve(link_bandwidth=...))"
        )
        raise MissingInputError(message)
    figures: dict[str, Any] = {
        "scale_up_domain": server.scale_up_domain,
        "scale_up_bandwidth": link,
        "scale_out_bandwidth": _share_of_cards(server),
        "scale_up_latency": scale_up_latency,
        "scale_out_latency": scale_out_latency,
    }
    return Network(name=server.name, **figures)


def _share_of_cards(server: Server) -> Quantity:
    accelerators: Any = server.accelerators
    if not accelerators.is_range and accelerators.magnitude == 0:
        message = f"network_of(server) needs accelerators in {server.name}; got 0 accelerator"
        raise RangeError(message)
    together: Any = server.network_bandwidth
    part: Quantity = together * ureg.Quantity(1.0, "accelerator") / accelerators
    return part.to("GB/s")


def _missing(field: str, name: str, noun: str) -> str:
    whose = f" of {name}" if name else f" of the {noun}"
    return (
        f"the {field.replace('_', ' ')}{whose} is not known; give it with "
        f"{noun}.evolve({field}={_EXAMPLES[field]})"
    )


_EXAMPLES = {
    "accelerator": "le.accelerators['H100 SXM']",
    "accelerators": "8",
    "network_bandwidth": "'3200 Gbit/s'",
    "scale_out_bandwidth": "'400 Gbit/s'",
    "scale_out_latency": "'5 us'",
    "scale_up_bandwidth": "'450 GB/s'",
    "scale_up_domain": "8",
    "scale_up_latency": "'2 us'",
}


def _number(value: Any) -> Any:
    """A plain number as a quantity, so that ranges and arrays take the same way."""
    return value if isinstance(value, Quantity) else ureg.Quantity(value)
