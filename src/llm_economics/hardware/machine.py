"""`Machine`: peaks, memory and network of the accelerators of a run, as plain numbers in SI.

Taken out of the nouns once, so that a hundred thousand layouts cost a few array operations. What
neither a network nor a server tells is assumed by generation and listed. Rejected: pint quantities
inside, whose cost per operation is bearable for one layout and not for a search.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import MissingInputError
from llm_economics.core.functions import ceil, floor, less, maximum, minimum, where
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.reading import between
from llm_economics.core.registry import Quantity, ureg
from llm_economics.core.sources import Assumption
from llm_economics.hardware.generation import generation_of
from llm_economics.hardware.network import Network, network_of

if TYPE_CHECKING:
    from llm_economics.hardware.accelerator import Accelerator
    from llm_economics.hardware.server import Server

__all__ = ["Machine", "format_16_bit", "machine_of", "peak_16_bit"]


@attrs.frozen(kw_only=True, eq=False)
class Machine:
    """Peaks, memory and network of one accelerator; plain numbers in SI, floats or ranges."""

    peak: Any
    """Dense peak in the number format of the matrices (FLOP/s)."""

    peak_16_bit: Any
    """Dense peak in bf16 (FLOP/s), for attention and output head."""

    memory_bandwidth: Any
    """Peak memory bandwidth (byte/s)."""

    memory: float
    """Memory (byte)."""

    domain: float
    """Accelerators that the fast links join."""

    scale_up: Any
    """Fast links as far as software uses them, one way (byte/s)."""

    scale_out: Any
    """Part of the network between servers that software uses, one way (byte/s)."""

    def central(self) -> Machine:
        """The same with central values in place of ranges.

        Returns
        -------
        Machine
            Floats only.
        """
        return Machine(**{f.name: _central(getattr(self, f.name)) for f in attrs.fields(Machine)})

    def ring(self, size: Any, stride: Any) -> Any:
        """Bandwidth of a member of a ring whose members stand `stride` apart (byte/s).

        Parameters
        ----------
        size, stride : number or array
            Members of the group, and how far they stand apart: 1 for neighbours.

        Returns
        -------
        same kind
            As `Network.ring` has it, with what software reaches of the links (byte/s).

        Notes
        -----
        A ring leaves a domain once for all k members inside, and k rings run side by side, each
        over another network card: min(scale-up, k x scale-out).

        Examples
        --------
        >>> machine = machine_of(
        ...     le.accelerators["H100 SXM"],
        ...     NumberFormat.BF16,
        ...     server=le.servers["DGX H100"],
        ...     network=None,
        ...     taken=[],
        ... )
        >>> float(machine.ring(8, 1)) / 1e9, float(machine.ring(64, 8)) / 1e9
        (360.0, 40.0)
        """
        inside = self._inside(size, stride)
        crossing = less(self.domain, 1.0 * stride * size)
        return where(crossing, minimum(self.scale_up, inside * self.scale_out), self.scale_up)

    def exchange_time_per_byte(self, size: Any, stride: Any) -> Any:
        """Seconds per byte that a member sends, spread evenly over its group.

        Parameters
        ----------
        size, stride : number or array
            Members of the group, and how far they stand apart: 1 for neighbours.

        Returns
        -------
        same kind
            Time over all bytes, those that it keeps included (s/byte).

        Notes
        -----
        As `Network.exchange`: what stays in a domain and what leaves it are sent at once, and the
        slower of them counts.
        """
        inside = self._inside(size, stride)
        near, far = (inside - 1.0) / size, 1.0 - inside / size
        return maximum(near / self.scale_up, far / self.scale_out)

    def _inside(self, size: Any, stride: Any) -> Any:
        """Members of a group inside one domain."""
        fitting = maximum(floor(self.domain / stride), 1.0)
        return size / ceil(size / fitting)


# Collectives reach four fifths of links and network cards.
_LINK_EFFICIENCY = 0.8


@attrs.frozen
class _Usual:
    """Network of usual systems of a generation."""

    domain: float
    scale_out: float
    """Gigabytes per second and accelerator."""


_USUAL = {
    "Volta": _Usual(8, 12.5),
    "Ampere": _Usual(8, 25.0),
    "Hopper": _Usual(8, 50.0),
    "Blackwell": _Usual(8, 50.0),
    "Blackwell Ultra": _Usual(8, 100.0),
    "TPU v3": _Usual(1024, 3.0),
    "TPU v4": _Usual(4096, 6.0),
    "TPU v5e": _Usual(256, 3.0),
    "TPU v5p": _Usual(8960, 6.0),
    "TPU v6e": _Usual(256, 12.0),
    "TPU v7": _Usual(9216, 12.0),
    "Trainium1": _Usual(16, 6.25),
    "CDNA 3": _Usual(8, 50.0),
    "Gaudi": _Usual(8, 37.5),
    "other": _Usual(8, 25.0),
}
# Racks join their accelerators by the fast links.
_RACK = 72


def machine_of(
    accelerator: Accelerator,
    number_format: NumberFormat,
    *,
    server: Server | None,
    network: Network | None,
    taken: list[Assumption],
) -> Machine:
    """Take the figures of a machine out of the nouns.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator; peak and memory bandwidth have to be known.
    number_format : NumberFormat
        Format of the matrix multiplications.
    server : Server or None
        The server, whose network is used if `network` is not given.
    network : Network or None
        The network.
    taken : list of Assumption
        Grows by what is assumed.

    Returns
    -------
    Machine
        The figures.

    Raises
    ------
    MissingInputError
        If a figure is not known.
    UnknownNameError
        If the accelerator lacks the format.

    Notes
    -----
    Collectives reach four fifths of links and network cards. The network is the one given, else
    the server's; a domain or a bandwidth that neither tells is assumed by generation and listed.

    Examples
    --------
    >>> taken = []
    >>> machine = machine_of(
    ...     le.accelerators["H100 SXM"], NumberFormat.BF16, server=None, network=None, taken=taken
    ... )
    >>> machine.domain, [assumption.name for assumption in taken]
    (8.0, ['scale-up domain', 'scale-out bandwidth'])
    """
    peak = accelerator.peak(str(number_format))
    known = network or _network(server)
    domain, out = _between_servers(accelerator, known, taken)
    up = known.scale_up_bandwidth if known is not None else None
    links = up if up is not None else accelerator.require("link_bandwidth")
    return Machine(
        peak=peak.to("FLOP/s").magnitude,
        peak_16_bit=peak_16_bit(accelerator).to("FLOP/s").magnitude,
        memory_bandwidth=accelerator.require("memory_bandwidth").to("byte/s").magnitude,
        memory=_central(accelerator.require("memory").to("byte").magnitude),
        domain=domain,
        scale_up=_LINK_EFFICIENCY * links.to("byte/s").magnitude,
        scale_out=_LINK_EFFICIENCY * out.to("byte/s").magnitude,
    )


def _network(server: Server | None) -> Network | None:
    if server is None:
        return None
    try:
        return network_of(server)
    except MissingInputError:
        return None


def peak_16_bit(accelerator: Accelerator) -> Quantity:
    """Dense peak in bf16, or in fp16 where there is no other.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator.

    Returns
    -------
    Quantity
        Compute rate (FLOP/s).

    Raises
    ------
    UnknownNameError
        If it has neither.

    Examples
    --------
    >>> print(peak_16_bit(le.accelerators["V100 SXM"]))
    125 TFLOP/s
    """
    return accelerator.peak(str(format_16_bit(accelerator)))


def format_16_bit(accelerator: Accelerator) -> NumberFormat:
    """The 16-bit format in which an accelerator trains: bf16, or fp16 where there is no other.

    Parameters
    ----------
    accelerator : Accelerator
        The accelerator.

    Returns
    -------
    NumberFormat
        The format.

    Examples
    --------
    >>> print(
    ...     format_16_bit(le.accelerators["H100 SXM"]), format_16_bit(le.accelerators["V100 SXM"])
    ... )
    bf16 fp16
    """
    peaks = accelerator.peaks
    old = NumberFormat.FP16 in peaks and NumberFormat.BF16 not in peaks
    return NumberFormat.FP16 if old else NumberFormat.BF16


def _between_servers(
    accelerator: Accelerator, known: Network | None, taken: list[Assumption]
) -> tuple[float, Quantity]:
    """Size of the domain and bandwidth beyond it, assumed where they are not known."""
    usual = _USUAL[generation_of(accelerator).key]
    domain = None if known is None else known.scale_up_domain
    out = None if known is None else known.scale_out_bandwidth
    if domain is None:
        rack = re.match(r"GB\d", accelerator.name) is not None
        domain = ureg.Quantity(float(_RACK if rack else usual.domain), "accelerator")
        why = f"usual systems of {accelerator.name}; give server= or network="
        taken.append(Assumption(name="scale-up domain", value=domain, why=why))
    if out is None:
        low, high = 0.7 * usual.scale_out, usual.scale_out / 0.7
        key = f"training step/scale-out {usual.scale_out}"
        out = between(low, high, "GB/s", shape="log-normal", key=key, name="scale-out bandwidth")
        why = f"usual network of {accelerator.name}; give server= or network="
        taken.append(Assumption(name="scale-out bandwidth", value=out, why=why))
    return _central(domain.to("accelerator").magnitude), out


def _central(value: Any) -> float:
    return float(ureg.Quantity(value).central().magnitude)
