"""Laws of the facility: overhead, carbon, money over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llm_economics.core.dimensions import (
    AcceleratorTime,
    Carbon,
    CarbonIntensity,
    Energy,
    Money,
    MoneyPerAccelerator,
    MoneyPerAcceleratorTime,
    MoneyPerEnergy,
    MoneyPerTime,
    Number,
    PowerUsageEffectiveness,
    Share,
    Time,
    law,
)
from llm_economics.core.functions import exp, log

if TYPE_CHECKING:
    from llm_economics.core.registry import Quantity

__all__ = [
    "amortised_price",
    "annuity",
    "capital_recovery_factor",
    "electricity_cost",
    "facility_energy",
    "location_based_carbon",
    "rental_cost",
]


@law("kWh")
def facility_energy(
    *, it_energy: Energy, power_usage_effectiveness: PowerUsageEffectiveness
) -> Energy:
    r"""Energy that a facility draws for its IT equipment.

    Parameters
    ----------
    it_energy : Quantity
        Energy of servers, network and idle machines (J).
    power_usage_effectiveness : Quantity
        PUE, at least 1. Apply it once.

    Returns
    -------
    Quantity
        Energy of the facility (kWh).

    Raises
    ------
    DimensionError
        If an argument has another dimension.
    RangeError
        If PUE is below 1.

    Notes
    -----
    .. math:: E_{\mathrm{facility}} = \mathrm{PUE} \cdot E_{\mathrm{IT}}

    PUE is a yearly average; for an hour it can differ.

    References
    ----------
    ISO/IEC 30134-2:2016.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     facility_energy(
    ...         it_energy=le.quantity("48.75 GWh"), power_usage_effectiveness=le.quantity(1.18)
    ...     ).to("GWh")
    ... )
    57.525 GWh
    """
    return it_energy * power_usage_effectiveness


@law("tCO2e")
def location_based_carbon(*, facility_energy: Energy, carbon_intensity: CarbonIntensity) -> Carbon:
    r"""Greenhouse gases of the electricity used, by the average of the local grid.

    Parameters
    ----------
    facility_energy : Quantity
        Energy drawn by the facility (J).
    carbon_intensity : Quantity
        Average intensity of the grid (gCO2e/kWh).

    Returns
    -------
    Quantity
        Carbon (tCO2e).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = E_{\mathrm{facility}} \, I

    Not valid for market-based or marginal accounting.

    References
    ----------
    GHG Protocol Scope 2 Guidance, 2015.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     location_based_carbon(
    ...         facility_energy=le.quantity("10 GWh"),
    ...         carbon_intensity=le.quantity("384 gCO2e/kWh"),
    ...     )
    ... )
    3,840 tCO2e
    """
    return facility_energy * carbon_intensity


@law("USD")
def electricity_cost(*, facility_energy: Energy, electricity_price: MoneyPerEnergy) -> Money:
    r"""Cost of the electricity that a facility draws.

    Parameters
    ----------
    facility_energy : Quantity
        Energy drawn by the facility (J).
    electricity_price : Quantity
        Price (USD/kWh).

    Returns
    -------
    Quantity
        Money (USD).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: K = E_{\mathrm{facility}} \, p

    Valid for a price that holds at every hour; demand charges are left out.

    References
    ----------
    Definition.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     electricity_cost(
    ...         facility_energy=le.quantity("10 GWh"), electricity_price=le.quantity("0.06 USD/kWh")
    ...     ).to("kUSD")
    ... )
    600 kUSD
    """
    return facility_energy * electricity_price


@law("USD")
def rental_cost(
    *, accelerator_time: AcceleratorTime, rental_price: MoneyPerAcceleratorTime
) -> Money:
    r"""Cost of renting accelerators.

    Parameters
    ----------
    accelerator_time : Quantity
        Accelerator-hours, idle ones that are paid for included.
    rental_price : Quantity
        Price (USD/accelerator/hour).

    Returns
    -------
    Quantity
        Money (USD).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: K = n t \, p

    References
    ----------
    DeepSeek-AI, "DeepSeek-V3 Technical Report", arXiv:2412.19437, table 1 (the example).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     rental_cost(
    ...         accelerator_time=le.quantity("2.788e6 accelerator*hour"),
    ...         rental_price=le.quantity("2 USD/accelerator/hour"),
    ...     ).to("MUSD")
    ... )
    5.576 MUSD
    """
    return accelerator_time * rental_price


@law("USD/accelerator/hour")
def amortised_price(
    *, system_price: MoneyPerAccelerator, life: Time, utilization: Share
) -> MoneyPerAcceleratorTime:
    r"""Capital cost of one useful accelerator-hour, straight line.

    Parameters
    ----------
    system_price : Quantity
        Price of an accelerator with its share of server and network (USD/accelerator).
    life : Quantity
        Useful life (s), after which nothing is left.
    utilization : Quantity
        Share of the life in which the accelerator does paid work, above 0 to 1.

    Returns
    -------
    Quantity
        Price (USD/accelerator/hour).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: p = \frac{C}{T u}

    An annuity at 10 % is 17 to 27 % dearer (`annuity`).

    References
    ----------
    Cottier et al., arXiv:2405.21015, section 2.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     amortised_price(
    ...         system_price=le.quantity("50 kUSD/accelerator"),
    ...         life=le.quantity("5 year"),
    ...         utilization=le.quantity(0.8),
    ...     )
    ... )
    1.42596 USD/accelerator/h
    """
    return system_price / (life * utilization)


@law("dimensionless")
def capital_recovery_factor(*, interest: Share, years: Number) -> Number:
    r"""Yearly payment that repays one unit of capital with interest.

    Parameters
    ----------
    interest : Quantity
        Interest per year, above 0 to 1.
    years : Quantity
        Number of yearly payments; a plain number.

    Returns
    -------
    Quantity
        Payment per year and unit of capital; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: f = \frac{w (1 + w)^n}{(1 + w)^n - 1}

    Valid for interest above zero; at zero it tends to 1/n.

    References
    ----------
    Short, Packey, Holt, NREL/TP-462-5173, 1995, section 3.

    Examples
    --------
    >>> import llm_economics as le
    >>> factor = capital_recovery_factor(interest=le.quantity(0.1), years=le.quantity(5))
    >>> print(f"{factor:.4g}")
    0.2638
    """
    # A power with a range as exponent has no unit in pint; its logarithm has.
    growth: Quantity = exp(years * log(1.0 + interest))
    return interest * growth / (growth - 1.0)


@law("USD/hour")
def annuity(*, capital: Money, recovery: Number, use_per_year: Time) -> MoneyPerTime:
    r"""Capital cost of one hour, with interest.

    Parameters
    ----------
    capital : Quantity
        Money invested, less the present value of what remains (USD).
    recovery : Quantity
        `capital_recovery_factor`, per year.
    use_per_year : Quantity
        Time of use in a year: 1 year if it never stands still.

    Returns
    -------
    Quantity
        Money per hour (USD/hour).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: k = C f / t_{\mathrm{use}}

    References
    ----------
    Short, Packey, Holt, NREL/TP-462-5173, 1995.

    Examples
    --------
    >>> import llm_economics as le
    >>> factor = capital_recovery_factor(interest=le.quantity(0.1), years=le.quantity(5))
    >>> cost = annuity(
    ...     capital=le.quantity("49.2 kUSD"), recovery=factor, use_per_year=le.quantity("1 year")
    ... )
    >>> print(f"{cost:.3g}")
    1.48 USD/h
    """
    return capital * recovery / use_per_year
