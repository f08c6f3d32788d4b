"""`CloudPrice` and `ApiPrice`: what a provider asked, on a day, for accelerators or for tokens.

A price belongs to a date: a newer one is another entry, and nothing is overwritten. Rejected: one
price per instance with a history inside (two histories cannot be compared by a filter), and a field
for the currency (the unit has it). The accelerator is named by text, since this room knows no
hardware; the name is the one of the catalogue.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs

from llm_economics.core import dimensions as dim
from llm_economics.core.dimensions import Dimension
from llm_economics.core.errors import LLMEconomicsError, MissingInputError, NotationError
from llm_economics.core.fields import (
    as_accelerators,
    as_rental_price,
    as_text,
    as_tokens,
    named_fields,
)
from llm_economics.core.nouns import Noun
from llm_economics.core.registry import Quantity
from llm_economics.facility.laws import rental_cost

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = ["ApiPrice", "CloudPrice", "as_date", "as_money_per_time", "as_token_price"]


def _dimension_in(alias: Any) -> Dimension:
    return next(e for e in alias.__metadata__ if isinstance(e, Dimension))


_MONEY_PER_TIME: Final = _dimension_in(dim.MoneyPerTime)
_TIME: Final = _dimension_in(dim.Time)
_TOKENS: Final = _dimension_in(dim.TokenCount)
_TOKEN_PRICE: Final = _dimension_in(dim.MoneyPerToken)
_ACCELERATORS: Final = _dimension_in(dim.AcceleratorCount)

_DATE_FORMATS: Final = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}
"""Ways to write a date, by length."""


def as_date(value: str) -> str:
    """Read a date: "2026", "2026-11" or "2026-11-09"; empty if unknown.

    Parameters
    ----------
    value : str
        What came.

    Returns
    -------
    str
        The same text.

    Raises
    ------
    NotationError
        If it is no date.

    Examples
    --------
    >>> as_date("2026-11-09")
    '2026-11-09'
    """
    text = as_text(value)
    try:
        if text:
            datetime.strptime(text, _DATE_FORMATS[len(text)])  # noqa: DTZ007 - a day has no zone
    except (KeyError, ValueError):
        message = f"needs YYYY, YYYY-MM or YYYY-MM-DD, such as '2026-11-09'; got {value!r}"
        raise NotationError(message) from None
    return text


def as_money_per_time(value: QuantityLike) -> Quantity:
    """Read money per time: "55.04 USD/hour"."""
    return _MONEY_PER_TIME.read(value)


def as_token_price(value: QuantityLike) -> Quantity:
    """Read a price of tokens: "1.25 USD/Mtoken"."""
    return _TOKEN_PRICE.read(value)


# How files of facts are read is told by the dimension of a field's converter.
as_money_per_time.dimension = _MONEY_PER_TIME  # type: ignore[attr-defined]
as_token_price.dimension = _TOKEN_PRICE  # type: ignore[attr-defined]


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class CloudPrice(Noun):
    """What a provider asked for an accelerator by the hour.

    Examples
    --------
    >>> import llm_economics as le
    >>> offer = le.catalog.cloud_prices["aws/p5.48xlarge/on-demand/2026-11-09"]
    >>> print(offer.price, "from", offer.date)
    6.88 USD/accelerator/h from 2026-11-09
    >>> print(offer.cost(accelerators=64, duration="30 day"))
    317,030 USD
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "aws/p5.48xlarge/on-demand/2026-11-09"."""

    provider: str = attrs.field(default="", converter=as_text)
    """Who asked it: "AWS"; for an estimate, who made it."""

    instance: str = attrs.field(default="", converter=as_text)
    """What was offered, in the provider's words: "p5.48xlarge"."""

    accelerator: str = attrs.field(default="", converter=as_text)
    """Accelerator inside, by its name in the catalogue: "H100 SXM"."""

    accelerators: Quantity | None = attrs.field(default=None, converter=as_accelerators)
    """How many of them one instance has (accelerator)."""

    term: str = attrs.field(default="", converter=as_text)
    """On what terms: "on-demand", "spot", "1-year reserved", "3-year reserved", "capacity block",
    or "owned" (an estimate of what owning costs by the hour, no offer)."""

    region: str = attrs.field(default="", converter=as_text)
    """Where, in the provider's words; empty if it is the same everywhere or not stated."""

    date: str = attrs.field(default="", converter=as_date)
    """When it was asked."""

    price: Quantity = attrs.field(converter=as_rental_price)
    """Price of one accelerator with its share of the host (USD/accelerator/hour)."""

    instance_price: Quantity | None = attrs.field(default=None, converter=as_money_per_time)
    """Price of the whole instance (USD/hour)."""

    def cost(self, *, accelerators: QuantityLike, duration: QuantityLike) -> Quantity:
        r"""Rent of accelerators for a time.

        Parameters
        ----------
        accelerators : quantity, text or number
            How many (accelerator). Instances are rented whole: round up yourself.
        duration : quantity or text
            How long they are held, idle hours included (s).

        Returns
        -------
        Quantity
            The rent (USD).

        Raises
        ------
        DimensionError
            If an argument has another dimension.
        RangeError
            If an argument is below zero.

        Notes
        -----
        .. math:: C = p \, N \, t
        """
        where = "CloudPrice.cost"
        held = _read(_ACCELERATORS, accelerators, f"{where}(accelerators=...)")
        time = _read(_TIME, duration, f"{where}(duration=...)")
        return rental_cost(accelerator_time=held * time, rental_price=self.price)


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class ApiPrice(Noun):
    """What a provider asked for tokens of a model.

    Examples
    --------
    >>> import llm_economics as le
    >>> offer = le.catalog.api_prices["openai/gpt-5/2026-08-21"]
    >>> print(offer.output_price)
    10 USD/Mtoken
    >>> print(offer.cost(input_tokens=1200, output_tokens=400).to("USD"))
    0.0055 USD
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "openai/gpt-5/2026-08-21"."""

    provider: str = attrs.field(default="", converter=as_text)
    """Who serves the model: "openai"."""

    model: str = attrs.field(default="", converter=as_text)
    """The model, in the provider's words: "gpt-5"."""

    input_price: Quantity | None = attrs.field(default=None, converter=as_token_price)
    """Price of input tokens that are in no cache (USD/Mtoken)."""

    cached_input_price: Quantity | None = attrs.field(default=None, converter=as_token_price)
    """Price of input tokens that are read from a cache (USD/Mtoken)."""

    cache_write_price: Quantity | None = attrs.field(default=None, converter=as_token_price)
    """Price of input tokens that are written to a cache (USD/Mtoken)."""

    output_price: Quantity | None = attrs.field(default=None, converter=as_token_price)
    """Price of output tokens, hidden reasoning included (USD/Mtoken)."""

    context_length: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Longest input and output together that is served (token)."""

    date: str = attrs.field(default="", converter=as_date)
    """When it was asked."""

    status: str = attrs.field(default="", converter=as_text)
    """"listed", or "legacy" where the provider offers newer models in its place."""

    def cost(
        self,
        *,
        input_tokens: QuantityLike | None = None,
        output_tokens: QuantityLike | None = None,
        cached_input_tokens: QuantityLike | None = None,
        cache_write_tokens: QuantityLike | None = None,
    ) -> Quantity:
        r"""Price of a call, or of many calls.

        Parameters
        ----------
        input_tokens : quantity, text or number, optional
            Input that is in no cache (token).
        output_tokens : quantity, text or number, optional
            Output, hidden reasoning included (token).
        cached_input_tokens : quantity, text or number, optional
            Input that is read from a cache (token); it is not part of `input_tokens`.
        cache_write_tokens : quantity, text or number, optional
            Input that is written to a cache (token); it is not part of `input_tokens`.

        Returns
        -------
        Quantity
            The price (USD).

        Raises
        ------
        DimensionError
            If an argument is no number of tokens.
        MissingInputError
            If the price of a kind of tokens that is given is unknown, or if none is given.
        RangeError
            If an argument is below zero.

        Notes
        -----
        .. math:: C = \sum_k p_k \, n_k

        A price that rises with the length of the input is held at its first step; the note of the
        figure says where the next one starts.
        """
        kinds = {
            "input": input_tokens,
            "output": output_tokens,
            "cached_input": cached_input_tokens,
            "cache_write": cache_write_tokens,
        }
        parts = [self._part(kind, n) for kind, n in kinds.items() if n is not None]
        if not parts:
            message = "ApiPrice.cost needs tokens, such as input_tokens=1200, output_tokens=400"
            raise MissingInputError(message)
        return sum(parts[1:], start=parts[0])

    def _part(self, kind: str, tokens: QuantityLike) -> Quantity:
        """Price of the tokens of one kind (USD)."""
        count = _read(_TOKENS, tokens, f"ApiPrice.cost({kind}_tokens=...)")
        price: Quantity | None = getattr(self, f"{kind}_price")
        if price is None:
            message = (
                f"the {kind.replace('_', ' ')} price of {self.name} is not known; give it with "
                f"price.evolve({kind}_price='1 USD/Mtoken')"
            )
            raise MissingInputError(message)
        return (price * count).to("USD")


def _read(dimension: Dimension, value: QuantityLike, where: str) -> Quantity:
    """Read an argument, and name it in the error."""
    try:
        return dimension.read(value, name=where.partition("(")[2].partition("=")[0])
    except LLMEconomicsError as error:
        raise type(error)(f"{where} {error}") from None
