"""Memory of a deployment: weights, cache, reserve; the largest batch, and what does not fit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from llm_economics.core.errors import RangeError
from llm_economics.core.number_format import NumberFormat
from llm_economics.core.registry import Quantity, ureg
from llm_economics.serving.step_time import Formats, Replica, cached_bytes, weight_bytes
from llm_economics.transformer.sizes import sizes_of

if TYPE_CHECKING:
    from llm_economics.serving.deployment import Deployment

__all__ = [
    "RESERVE",
    "ServingMemory",
    "formats_of",
    "largest_batch",
    "replica_of",
    "serving_memory",
]

RESERVE = 0.10
"""Share of the memory that runtime, activations and graphs keep; an assumption."""


@attrs.frozen(kw_only=True, eq=False)
class ServingMemory:
    """Memory of one accelerator by part; the parts sum to the whole."""

    weights: Quantity
    """Weights, experts that are not active too (GB)."""

    cache: Quantity
    """Keys and values of all requests (GB)."""

    reserve: Quantity
    """Runtime, activations, graphs (GB)."""

    available: Quantity
    """What the accelerator has (GB)."""

    @property
    def total(self) -> Quantity:
        """All parts (GB)."""
        return self.weights + self.cache + self.reserve

    @property
    def fits(self) -> bool:
        """Whether it is no more than there is."""
        return float((self.total - self.available).magnitude) <= 0.0


def formats_of(deployment: Deployment) -> Formats:
    """Bytes of an element of weights and of cache.

    Parameters
    ----------
    deployment : Deployment
        The deployment.

    Returns
    -------
    Formats
        Plain numbers; bf16 where a format is not given.
    """
    weights = deployment.weights or NumberFormat.BF16
    cache = deployment.cache or NumberFormat.BF16
    return Formats(weights=weights.bytes_per_element, cache=cache.bytes_per_element)


def replica_of(deployment: Deployment) -> Replica:
    """Layout of a replica as plain numbers.

    Parameters
    ----------
    deployment : Deployment
        The deployment.

    Returns
    -------
    Replica
        Floats.
    """
    return Replica(
        tensor_parallel=float(deployment.tensor_parallel),
        pipeline_parallel=float(deployment.pipeline_parallel),
        attention_data_parallel=float(deployment.attention_data_parallel),
    )


def serving_memory(deployment: Deployment, context: Quantity, batch: float) -> ServingMemory:
    """Memory of one accelerator.

    Parameters
    ----------
    deployment : Deployment
        The deployment.
    context : Quantity
        Longest context of a request (token).
    batch : float
        Requests of a replica at once.

    Returns
    -------
    ServingMemory
        Bytes by part.
    """
    has = deployment.accelerator.require("memory").central().to("byte")
    each = _cache_of_request(deployment, context)
    return ServingMemory(
        weights=_gigabytes(_weights(deployment)),
        cache=_gigabytes(each * batch / deployment.attention_data_parallel),
        reserve=_gigabytes(RESERVE * float(has.magnitude)),
        available=has.to("GB"),
    )


def largest_batch(deployment: Deployment, context: Quantity) -> int:
    """Requests that fit on a replica at once.

    Parameters
    ----------
    deployment : Deployment
        The deployment.
    context : Quantity
        Longest context of a request (token).

    Returns
    -------
    int
        How many.

    Raises
    ------
    RangeError
        If not even the weights fit: by how much, and what would.
    """
    has = float(deployment.accelerator.require("memory").central().number("byte"))
    usable = has * (1.0 - RESERVE)
    weights = _weights(deployment)
    if weights >= usable:
        raise RangeError(_too_large(deployment, weights, usable))
    # A model without a cache that grows is limited by other things.
    each = max(_cache_of_request(deployment, context), 1.0)
    return int((usable - weights) * deployment.attention_data_parallel / each)


def _too_large(deployment: Deployment, weights: float, usable: float) -> str:
    """Say by how much weights do not fit, and what would do."""
    count, name = deployment.accelerators_per_replica, deployment.accelerator.name
    needed = math.floor(count * weights / usable) + 1
    return (
        f"{deployment.model.name} does not fit on {count} x {name}: weights take "
        f"{weights / 1e9:.4g} GB on each and {usable / 1e9:.4g} GB can be used, short by "
        f"{(weights - usable) / 1e9:.3g} GB; {needed} accelerators that divide it would do, or a "
        "smaller format such as weights='fp8'"
    )


def _weights(deployment: Deployment) -> float:
    """Bytes of weights on one accelerator."""
    replica, formats = replica_of(deployment), formats_of(deployment)
    return _central(weight_bytes(sizes_of(deployment.model), replica, formats))


def _cache_of_request(deployment: Deployment, context: Quantity) -> float:
    """Bytes of cache of one request on one accelerator."""
    tokens = float(context.to("token").central().magnitude)
    sizes, replica = sizes_of(deployment.model), replica_of(deployment)
    return _central(cached_bytes(sizes, replica, formats_of(deployment), tokens))


def _gigabytes(size: float) -> Quantity:
    return ureg.Quantity(size / 1e9, "GB")


def _central(value: Any) -> float:
    return float(ureg.Quantity(value).central().magnitude)
