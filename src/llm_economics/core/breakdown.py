"""`Breakdown`: a frozen record of every intermediate quantity of one computation.

It can explain itself line by line, list what was assumed and on which sources it rests, and turn
into a table. It does no arithmetic: the computing room fills it in. A quantity that cannot be
computed is kept as the error that says what is missing, and raised when asked for: unknown is not
zero, and one unknown price must not spoil the energy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from llm_economics.core.display import html_escape
from llm_economics.core.errors import MissingInputError
from llm_economics.core.nouns import unique_sources
from llm_economics.core.optional import optional_module
from llm_economics.core.registry import Quantity
from llm_economics.core.sources import Assumption, Source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

__all__ = ["Breakdown", "Step", "Text", "attempt", "given"]


class Text(str):
    """A text that shows itself with its line breaks at the prompt and as Markdown in notebooks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)

    def _repr_markdown_(self) -> str:
        text = str(self)
        return text if text.startswith(("|", "#")) else f"```text\n{text}\n```"


@attrs.frozen(eq=False)
class Step:
    """One line of a breakdown."""

    name: str
    """What it is."""

    value: Quantity | MissingInputError
    """The quantity, or why it is unknown."""

    how: str
    """The equation in words."""

    unit: str = ""
    """Unit in which people read it; empty for the unit it has."""

    @property
    def shown(self) -> str:
        """The value as text, in the unit that people read."""
        if isinstance(self.value, MissingInputError):
            return f"unknown: {self.value}"
        return str(self.value.to(self.unit) if self.unit else self.value)


def attempt(compute: Callable[[], Quantity]) -> Quantity | MissingInputError:
    """Compute, or keep the reason why an input is missing.

    Parameters
    ----------
    compute : callable
        Returns the quantity.

    Returns
    -------
    Quantity or MissingInputError
        The quantity; or the error, not raised.
    """
    try:
        return compute()
    except MissingInputError as error:
        return error


def given(value: Quantity | MissingInputError) -> Quantity:
    """Return the quantity, or raise the error that says what is missing.

    Raises
    ------
    MissingInputError
        If the quantity is unknown.
    """
    if isinstance(value, MissingInputError):
        raise value
    return value


@attrs.frozen(kw_only=True, eq=False)
class Breakdown:
    """Base of the breakdowns."""

    title: str
    """What was computed."""

    assumptions: tuple[Assumption, ...] = ()
    """What was taken that the caller did not say, with source and range."""

    input_sources: tuple[Source, ...] = attrs.field(default=(), repr=False)
    """Sources of the nouns that went in."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """Every source on which the result rests, each once."""
        assumed = unique_sources(a.provenance for a in self.assumptions if a.provenance)
        merged = {s.key: s for s in (*self.input_sources, *assumed)}
        return tuple(merged.values())

    def steps(self) -> Iterator[Step]:
        """Go through the lines, from inputs to results."""
        return iter(())

    def explain(self, *, sources: bool = True) -> Text:
        """Say how every figure came about, what was assumed, and on which sources it rests.

        Parameters
        ----------
        sources : bool
            Whether to list the sources.

        Returns
        -------
        Text
            Lines of text.
        """
        lines = [self.title, ""]
        width = max((len(step.name) for step in self.steps()), default=0)
        for step in self.steps():
            lines.append(f"  {step.name:<{width}}  {step.shown}")
            lines.append(f"  {'':<{width}}    = {step.how}")
        if self.assumptions:
            lines += ["", "Assumed (not given by the caller):"]
            lines += [f"  - {assumption}" for assumption in self.assumptions]
        if sources and self.sources:
            lines += ["", "Sources:"]
            lines += [f"  [{source.key}] {source}" for source in self.sources]
        return Text("\n".join(lines))

    def to_dict(self) -> dict[str, Any]:
        """Plain values: per line the unit, median, ends of the 90 % range and how."""
        return {step.name: _plain(step) for step in self.steps()}

    def to_markdown(self) -> Text:
        """Table in Markdown: quantity, value, how."""
        rows = ["| quantity | value | how |", "| --- | --- | --- |"]
        rows += [f"| {s.name} | {_cell(s.shown)} | {_cell(s.how)} |" for s in self.steps()]
        return Text("\n".join(rows))

    def to_frame(self) -> pd.DataFrame:
        """Table as a pandas frame with value, low, high, unit; needs the extra ``frame``.

        Raises
        ------
        MissingInputError
            If pandas is not installed.
        """
        pandas = optional_module("pandas", extra="frame", needed_by="to_frame()")
        frame: pd.DataFrame = pandas.DataFrame.from_dict(self.to_dict(), orient="index")
        return frame.rename_axis("quantity")

    def __str__(self) -> str:
        lines = [self.title]
        lines += [f"  {step.name}: {step.shown}" for step in self.steps()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html_escape(s.name)}</td><td>{html_escape(s.shown)}</td>"
            f"<td>{html_escape(s.how)}</td></tr>"
            for s in self.steps()
        )
        return f"<table><caption>{html_escape(self.title)}</caption>{rows}</table>"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(step: Step) -> dict[str, Any]:
    if isinstance(step.value, MissingInputError):
        return {"value": None, "low": None, "high": None, "unit": "", "how": str(step.value)}
    value = step.value.to(step.unit) if step.unit else step.value
    if value.is_range:
        low, middle, high = value.quantiles(0.05, 0.5, 0.95).magnitude.tolist()
    else:
        low = middle = high = np.asarray(value.magnitude).tolist()
    return {"value": middle, "low": low, "high": high, "unit": value.unit_text, "how": step.how}
