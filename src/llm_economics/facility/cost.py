"""`CostByScope`: rent, amortised ownership, or buying the machines: three different questions.

"The training cost" of one run is quoted as anything from its rent to the price of the whole
cluster, a factor of a hundred apart. So a cost here is asked for by its scope.
"""

from __future__ import annotations

import attrs

from llm_economics.core.breakdown import attempt, given
from llm_economics.core.errors import MissingInputError
from llm_economics.core.registry import Quantity

__all__ = ["CostByScope"]

Maybe = Quantity | MissingInputError


@attrs.frozen(kw_only=True, eq=False)
class CostByScope:
    """Cost of one piece of work, by scope; what is unknown says what is missing."""

    _rental: Maybe
    _capital: Maybe
    _electricity: Maybe
    _acquisition: Maybe

    @property
    def rental(self) -> Quantity:
        """Renting the accelerators for the time they work; hours that stand idle are not in it.

        Raises
        ------
        MissingInputError
            If no rental price is known.
        """
        return given(self._rental)

    @property
    def capital(self) -> Quantity:
        """Share of the price of owned machines that the work uses up.

        Raises
        ------
        MissingInputError
            If no system price is known.
        """
        return given(self._capital)

    @property
    def electricity(self) -> Quantity:
        """Electricity that the facility draws for the work.

        Raises
        ------
        MissingInputError
            If no tariff is known.
        """
        return given(self._electricity)

    @property
    def amortised(self) -> Quantity:
        """Owning: capital used up, and electricity.

        Raises
        ------
        MissingInputError
            If a system price or a tariff is unknown.
        """
        return self.capital + self.electricity

    @property
    def acquisition(self) -> Quantity:
        """Buying all the accelerators with their servers and network.

        Raises
        ------
        MissingInputError
            If no system price is known, or the work has no fixed number of accelerators.
        """
        return given(self._acquisition)

    def by_scope(self) -> dict[str, Maybe]:
        """Cost by scope; an unknown one is the error that says what is missing."""
        return {
            "rental": self._rental,
            "amortised": attempt(lambda: self.amortised),
            "acquisition": self._acquisition,
        }

    def __str__(self) -> str:
        rows = self.by_scope().items()
        return "\n".join(
            f"{name}: {f'unknown ({value})' if isinstance(value, MissingInputError) else value}"
            for name, value in rows
        )

    def __repr__(self) -> str:
        return str(self)
