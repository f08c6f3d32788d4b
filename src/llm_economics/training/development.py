"""`Development`: the final run together with all experiments before it, and the people.

Published sums differ by a factor of three only because one author counts the final run and the
other everything: LLaMA's four final runs took 777 MWh, the project 2,638 MWh. The multiples are the
reader's to state; none is assumed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.breakdown import Breakdown, Step, attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from llm_economics.training.estimate import TrainingBreakdown

__all__ = ["Development", "develop"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Development(Breakdown):
    """Accelerator-time, energy and money of the whole development.

    Examples
    --------
    >>> import llm_economics as le
    >>> run = le.TrainingWorkload(
    ...     accelerator=le.accelerators["A100 SXM 80 GB"],
    ...     accelerators=2048,
    ...     duration="21 day",
    ...     facility=le.facilities["us-hyperscale"],
    ...     development_multiple=3.4,
    ... )
    >>> print(f"{run.estimate().development.accelerator_time:.3g}")
    3.51e6 accelerator·h
    """

    accelerator_time: Quantity
    """Accelerator-hours, final run included."""

    energy: Quantity
    """Energy of the facility, final run included (MWh)."""

    _computing: Maybe
    _staff: Maybe

    @property
    def computing(self) -> Quantity:
        """Money for computing at the rental price (MUSD).

        Raises
        ------
        MissingInputError
            If no price is known.
        """
        return given(self._computing)

    @property
    def staff(self) -> Quantity:
        """Money for people (MUSD).

        Raises
        ------
        MissingInputError
            If no multiple was stated, or no price is known.
        """
        return given(self._staff)

    def steps(self) -> Iterator[Step]:
        """Go through the lines."""
        yield Step("accelerator-time", self.accelerator_time, "final run x multiple")
        yield Step("energy, facility", self.energy, "final run x multiple", "GWh")
        yield Step("cost, computing", self._computing, "rental of the final run x multiple", "MUSD")
        yield Step("cost, staff", self._staff, "cost of computing x staff multiple", "MUSD")


def develop(final: TrainingBreakdown) -> Development:
    """Widen a final run to its development.

    Parameters
    ----------
    final : TrainingBreakdown
        The final run.

    Returns
    -------
    Development
        With all experiments.

    Raises
    ------
    MissingInputError
        If no multiple was stated.
    """
    multiple = final.workload.development_multiple
    if multiple is None:
        message = (
            "what experiments and failed runs took is not known; state it, such as "
            "TrainingWorkload(development_multiple=(1.5, 3.5)): 3.4 for LLaMA"
        )
        raise MissingInputError(message)
    computing = attempt(lambda: (final.cost.rental * multiple).to("MUSD"))
    return Development(
        title=f"development of: {final.title}",
        assumptions=final.assumptions,
        input_sources=final.input_sources,
        accelerator_time=final.accelerator_time * multiple,
        energy=final.energy.facility * multiple,
        computing=computing,
        staff=attempt(lambda: (given(computing) * _staff(final)).to("MUSD")),
    )


def _staff(final: TrainingBreakdown) -> Quantity:
    multiple = final.workload.staff_multiple
    if multiple is None:
        message = (
            "what people cost is not known; state it, such as "
            "TrainingWorkload(staff_multiple=(0.4, 1.0))"
        )
        raise MissingInputError(message)
    return multiple
