"""Prices of tokens from the package genai-prices, which is updated more often than the catalogue.

The package is optional (extra "prices"), and nothing goes over the network unless it is asked for.
It is read through what its versions since 0.0.30 have in common: a snapshot of providers, their
models, and prices as attributes such as "input_mtok" (USD for a million tokens). Rejected: its own
function that prices a call (it hides the figures), and averages over steps or hours (an average is
nobody's price).
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from datetime import date as calendar_date
from typing import TYPE_CHECKING, Any, Final

import attrs

from llm_economics.catalog.prices import PriceStock
from llm_economics.catalog.shelf import Shelf
from llm_economics.core.errors import MissingInputError, NotationError
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Confidence, Kind, Provenance, Source
from llm_economics.facility.prices import ApiPrice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["live_api_prices"]

_CALL: Final = "live_api_prices()"

_FIELDS: Final = {
    "input_mtok": "input_price",
    "cache_read_mtok": "cached_input_price",
    "cache_write_mtok": "cache_write_price",
    "output_mtok": "output_price",
}
"""Our fields by the package's names."""


def live_api_prices(*, date: str | None = None, update: bool = False) -> Shelf[ApiPrice]:
    """Prices of tokens as the installed package genai-prices has them.

    Parameters
    ----------
    date : str, optional
        The day whose prices are wanted, such as "2026-11-24"; today if left out. Of most models the
        package knows the newest prices only.
    update : bool
        Whether to fetch the newest list first. Without it nothing goes over the network.

    Returns
    -------
    Shelf
        `ApiPrice` by "provider/model": a read-only mapping that forgives spelling. Models without
        a price for tokens are left out.

    Raises
    ------
    MissingInputError
        If the package is not installed or has another form, or the list cannot be fetched.
    NotationError
        If the date is no day.

    Notes
    -----
    A price with steps is given at its first one; the note of the figure says where the next ones
    start. A price for some hours of the day is given in the note only, where there is another. The
    package does not say when a price was last checked, so the date is the day that was asked for.

    Examples
    --------
    >>> import llm_economics as le
    >>> le.catalog.live_api_prices(date="tomorrow")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.NotationError: live_api_prices(date=...) needs YYYY-MM-DD, such as \
'2026-11-24'; got 'tomorrow'
    """
    today = datetime.now(UTC).date()
    day = today if date is None else _day(date)
    package = optional_module("genai_prices", extra="prices", needed_by=_CALL)
    version = str(getattr(package, "__version__", "of unknown version"))
    tables = _tables(_snapshot(package, update=update), version)
    list_of = _List(day=day, source=_source(version, today, update=update))
    place = f"le.catalog.{_CALL}"
    return Shelf(
        PriceStock(what="API price", read=lambda: tables, build=list_of.price, place=place)
    )


def _day(text: str) -> calendar_date:
    try:
        return calendar_date.fromisoformat(text)
    except (TypeError, ValueError):
        message = f"live_api_prices(date=...) needs YYYY-MM-DD, such as '2026-11-24'; got {text!r}"
        raise NotationError(message) from None


def _snapshot(package: Any, *, update: bool) -> Any:
    """Return the list of the installed package, or the newest one."""
    if not update:
        needed = "genai_prices.data_snapshot"
        return optional_module(needed, extra="prices", needed_by=_CALL).get_snapshot()
    try:
        found = package.UpdatePrices().fetch()
    except Exception as error:  # noqa: BLE001 - whatever the network and its packages raise
        message = f"live_api_prices(update=True) could not fetch the newest list: {error}"
        raise MissingInputError(f"{message}; leave update out to use the installed one") from None
    if found is None:
        message = "live_api_prices(update=True) got no list"
        raise MissingInputError(f"{message}; leave update out to use the installed one")
    return found


def _tables(snapshot: Any, version: str) -> dict[str, dict[str, Any]]:
    """Models with a price for tokens, by "provider/model"."""
    try:
        return {
            f"{provider.id}/{model.id}": {"provider": provider.id, "model": model}
            for provider in snapshot.providers
            for model in provider.models
            if any(_amounts(offer.prices) for offer in _offers(model))
        }
    except (AttributeError, TypeError) as error:
        message = f"{_CALL} cannot read genai_prices {version}: {error}"
        raise MissingInputError(
            f"{message}; install a version that it knows, such as 0.1.4"
        ) from None


def _source(version: str, today: calendar_date, *, update: bool) -> Source:
    how = "newest list, fetched on that day" if update else "list of the installed package"
    return Source(
        key="genai-prices",
        title=f"genai-prices {version}, prices of language models",
        organisation="Pydantic",
        date=f"{today}",
        accessed=f"{today}",
        address="https://github.com/pydantic/genai-prices",
        licence="MIT",
        note=f"{how}; the date is the day it was read",
    )


@attrs.frozen
class _Offer:
    """A set of prices and when it holds."""

    prices: Any
    constraint: Any = None

    def by_hour(self) -> bool:
        """Whether it holds at some hours only."""
        return hasattr(self.constraint, "start_time")

    def start(self) -> calendar_date:
        """First day on which it holds."""
        return getattr(self.constraint, "start_date", calendar_date.min)

    def when(self) -> str:
        """When it holds, in words; empty if always."""
        if self.by_hour():
            ends = (self.constraint.start_time, self.constraint.end_time)
            return "from {:%H:%M} to {:%H:%M} UTC".format(*ends)
        return "" if self.start() == calendar_date.min else f"from {self.start()}"


def _offers(model: Any) -> list[_Offer]:
    """Every set of prices of a model, in the order of the package: a later one goes first."""
    if not isinstance(model.prices, list):
        return [_Offer(model.prices)]
    return [_Offer(each.prices, each.constraint) for each in model.prices]


def _amounts(prices: Any) -> dict[str, tuple[float, str]]:
    """Prices of tokens by our fields (USD/Mtoken), each with a note on its further steps."""
    found = {ours: getattr(prices, theirs, None) for theirs, ours in _FIELDS.items()}
    first = {field: float(getattr(p, "base", p)) for field, p in found.items() if p is not None}
    # Some lists say "depends" by a price below zero; that is no price.
    return {
        field: (amount, _steps(found[field]))
        for field, amount in first.items()
        if math.isfinite(amount) and amount >= 0
    }


def _steps(price: Any) -> str:
    steps = getattr(price, "tiers", ())
    return ", ".join(f"{step.price:f} above {step.start} tokens of input" for step in steps)


def _others(prices: Any) -> str:
    """Name what is charged besides tokens of text."""
    names = sorted(name for name, price in vars(prices).items() if price is not None)
    rest = [name for name in names if name not in _FIELDS and not name.startswith("_")]
    return f"also charged: {', '.join(rest)}" if rest else ""


@attrs.frozen
class _List:
    """The list of a day."""

    day: calendar_date
    source: Source

    def price(self, key: str, table: Mapping[str, Any]) -> ApiPrice:
        """Build the price of a model."""
        model, offers = table["model"], _offers(table["model"])
        chosen = self._chosen(offers)
        figures = _amounts(chosen.prices)
        notes = {field: self._note(field, chosen, offers) for field in figures}
        values: dict[str, Any] = {
            field: Quantity(amount, "USD/Mtoken") for field, (amount, _) in figures.items()
        }
        window = getattr(model, "context_window", None)
        if window is not None:
            values["context_length"], notes["context_length"] = Quantity(float(window), "token"), ""
        return ApiPrice(
            name=f"{key}/{self.day}",
            provider=table["provider"],
            model=model.id,
            date=f"{self.day}",
            status=_status(model),
            provenance={field: self._origin(note) for field, note in notes.items()},
            **values,
        )

    def _chosen(self, offers: list[_Offer]) -> _Offer:
        """Return what holds on the day at any hour; failing that, what comes first."""
        started = [o for o in offers if o.start() <= self.day and not o.by_hour()]
        return started[-1] if started else offers[0]

    def _note(self, field: str, chosen: _Offer, offers: list[_Offer]) -> str:
        parts = [chosen.when(), _amounts(chosen.prices)[field][1]]
        parts += [text for o in offers if o is not chosen for text in self._elsewhen(field, o)]
        return "; ".join(part for part in [*parts, _others(chosen.prices)] if part)

    def _elsewhen(self, field: str, offer: _Offer) -> Iterator[str]:
        """Say what the figure is at other hours, or later."""
        amounts = _amounts(offer.prices)
        if field in amounts and (offer.by_hour() or offer.start() > self.day):
            yield f"{amounts[field][0]:g} {offer.when()}"

    def _origin(self, note: str) -> Provenance:
        return Provenance(
            sources=(self.source,),
            kind=Kind.REPORTED,
            date=f"{self.day}",
            confidence=Confidence.SEEN,
            note=note,
        )


def _status(model: Any) -> str:
    """Say whether the provider gave the model up; empty where the package does not say."""
    if not hasattr(model, "deprecated"):
        return ""
    return "legacy" if model.deprecated else "listed"
