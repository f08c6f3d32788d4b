r"""How a paragraph is typeset: plain text, Markdown, LaTeX; names, numbers, citations, references.

LaTeX is plain: no siunitx, and no package but the usual fonts, so that a paragraph can be pasted
into any paper. Rejected: one text with placeholders that is rewritten three times (an underscore
in a name and one in a formula need different treatment).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from llm_economics.core.breakdown import Text
from llm_economics.core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llm_economics.core.sources import Source

__all__ = ["STYLES", "Latex", "Markdown", "Plain", "bibtex", "style_named"]

_RAISED: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>|])")
_LATEX: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_{}"},
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "–": "--",
        "—": "---",
        "\u00a0": "~",
        "\u202f": r"\,",
    },
)


class _MarkdownText(Text):
    """A text in Markdown that notebooks show typeset."""

    __slots__ = ()

    def _repr_markdown_(self) -> str:
        return str(self)


class Plain:
    """Plain text with the signs of Unicode."""

    name: ClassVar[str] = "text"

    thin: ClassVar[str] = "\u202f"
    """Between a number and a symbol; no line breaks there."""

    tie: ClassVar[str] = "\u00a0"
    """Between a number and a word; no line breaks there."""

    dash: ClassVar[str] = "–"
    """Between the ends of a range."""

    percent: ClassVar[str] = "%"

    carbon: ClassVar[str] = "CO₂e"

    cubic_metre: ClassVar[str] = "m³"

    formula: ClassVar[str] = "6\u202fN\u202fD"
    """Six times parameters times tokens."""

    lists_references: ClassVar[bool] = True
    """Whether the list of references follows the paragraph."""

    kind: ClassVar[type[Text]] = Text
    """What the paragraph is handed out as."""

    def escape(self, text: str) -> str:
        """Make a name safe in this style.

        Parameters
        ----------
        text : str
            The name, in one line.

        Returns
        -------
        str
            The same, to be read as it stands.
        """
        return text

    def scaled(self, number: str, exponent: int) -> str:
        """Write a number times a power of ten."""
        return f"{number}{self.thin}×{self.thin}10{str(exponent).translate(_RAISED)}"

    def cite(self, numbered: Sequence[tuple[int, Source]]) -> str:
        """Refer to sources, each with its number in the list of references."""
        return f" [{', '.join(str(number) for number, _ in numbered)}]"

    def references(self, sources: Sequence[Source]) -> str:
        """List the sources in the order of their numbers."""
        lines = [f"[{number}] {source.cite()}" for number, source in enumerate(sources, 1)]
        return "\n".join(["References", *lines])

    def finish(self, paragraph: str, sources: Sequence[Source]) -> Text:
        """Put paragraph and references together."""
        shown = sources if self.lists_references else ()
        return self.kind(f"{paragraph}\n\n{self.references(shown)}" if shown else paragraph)


class Markdown(Plain):
    """Markdown; citations and references are links where a source has an address."""

    name: ClassVar[str] = "markdown"
    kind: ClassVar[type[Text]] = _MarkdownText

    def escape(self, text: str) -> str:
        """Make a name safe in Markdown."""
        return _MARKDOWN.sub(r"\\\1", text)

    def cite(self, numbered: Sequence[tuple[int, Source]]) -> str:
        """Refer to sources by linked numbers."""
        return f" [{', '.join(_linked(number, source) for number, source in numbered)}]"

    def references(self, sources: Sequence[Source]) -> str:
        """List the sources as a numbered list."""
        lines = [f"{number}. {source.cite('markdown')}" for number, source in enumerate(sources, 1)]
        return "\n".join(["**References**", "", *lines])


class Latex(Plain):
    r"""LaTeX; citations are keys of the entries that `bibtex` writes."""

    name: ClassVar[str] = "latex"
    thin: ClassVar[str] = r"\,"
    tie: ClassVar[str] = "~"
    dash: ClassVar[str] = "--"
    percent: ClassVar[str] = r"\%"
    carbon: ClassVar[str] = "CO$_2$e"
    cubic_metre: ClassVar[str] = "m$^3$"
    formula: ClassVar[str] = "$6ND$"
    lists_references: ClassVar[bool] = False

    def escape(self, text: str) -> str:
        """Make a name safe in LaTeX."""
        return text.translate(_LATEX)

    def scaled(self, number: str, exponent: int) -> str:
        """Write a number times a power of ten; a range stays outside of the formula."""
        power = rf"\times10^{{{exponent}}}$"
        return f"{number}${{}}{power}" if "[" in number else f"${number}{power}"

    def cite(self, numbered: Sequence[tuple[int, Source]]) -> str:
        r"""Refer to sources by ``\cite``."""
        return rf"~\cite{{{','.join(source.key for _, source in numbered)}}}"


STYLES: dict[str, Plain] = {style.name: style for style in (Plain(), Markdown(), Latex())}
"""The styles by name."""


def style_named(name: str) -> Plain:
    """Return a style.

    Parameters
    ----------
    name : str
        "text", "markdown" or "latex".

    Returns
    -------
    Plain
        The style.

    Raises
    ------
    UnknownNameError
        If there is no such style.
    """
    if name not in STYLES:
        hint = f"It is one of {', '.join(STYLES)}."
        raise UnknownNameError(str(name), STYLES, "style of a statement", hint=hint)
    return STYLES[name]


def bibtex(sources: Iterable[Source]) -> Text:
    r"""Write the BibTeX entries of sources, each key once.

    Parameters
    ----------
    sources : iterable of Source
        Whatever a paragraph cites.

    Returns
    -------
    Text
        Entries ``@misc{key, author, title, year, url, note, ...}`` with LaTeX's signs escaped.

    Notes
    -----
    The styles of old BibTeX leave out ``url`` and ``urldate``; biblatex, natbib's and the
    publishers' styles print them.

    Examples
    --------
    >>> from llm_economics.core.sources import Source
    >>> print(bibtex([Source(key="doe-2025", title="Heat & power", authors="J. Doe", date="2025")]))
    @misc{doe-2025,
      author = {{J. Doe}},
      title = {{Heat \& power}},
      year = {2025},
    }
    """
    once = {source.key: source for source in sources}
    return Text("\n\n".join(source.cite("bibtex") for source in once.values()))


def _linked(number: int, source: Source) -> str:
    target = source.link.replace("(", "%28").replace(")", "%29")
    return f"[{number}]({target})" if target else str(number)
