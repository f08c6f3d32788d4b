"""The law that planning needs and the others do not: power of one accelerator at the facility."""

from __future__ import annotations

from llm_economics.core.dimensions import (
    Number,
    PowerPerAccelerator,
    PowerUsageEffectiveness,
    Share,
    law,
)

__all__ = ["facility_power_per_accelerator"]


@law("watt/accelerator")
def facility_power_per_accelerator(
    *,
    power: PowerPerAccelerator,
    load: Share,
    server_factor: Number,
    network_and_idle_share: Number,
    power_usage_effectiveness: PowerUsageEffectiveness,
) -> PowerPerAccelerator:
    r"""Mean power that a facility draws for each accelerator at work.

    Parameters
    ----------
    power : Quantity
        Rated power of an accelerator (W/accelerator).
    load : Quantity
        Its mean power over its rated power; a plain number.
    server_factor : Quantity
        Power of a server over that of its accelerators; a plain number, at least 1.
    network_and_idle_share : Quantity
        Power of network, storage and idle servers over that of working servers; a plain number.
    power_usage_effectiveness : Quantity
        PUE of the facility.

    Returns
    -------
    Quantity
        Power per accelerator (W/accelerator).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: w = P l f (1 + s) \, \mathrm{PUE}

    The mean while a run goes on. What a site must be able to feed is more: there the load is 1.

    References
    ----------
    Definition, as the energy of a run is counted from its accelerator-hours.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     facility_power_per_accelerator(
    ...         power=le.quantity("700 W/accelerator"),
    ...         load=le.quantity(0.8),
    ...         server_factor=le.quantity(1.5),
    ...         network_and_idle_share=le.quantity(0.1),
    ...         power_usage_effectiveness=le.quantity(1.25),
    ...     )
    ... )
    1,155 W/accelerator
    """
    servers = power * load * server_factor
    facility: PowerPerAccelerator = (
        servers * (1.0 + network_and_idle_share) * power_usage_effectiveness
    )
    return facility
