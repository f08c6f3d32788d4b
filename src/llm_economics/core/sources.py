"""Where a figure comes from: sources, provenance, other sources' values, assumptions.

Every figure of the catalogue carries a `Provenance`; every computation lists its `Assumption` s.
A value without a source does not load, so the classes here refuse what is not filled in.

Rejected: a plain text per figure (it cannot be cited, counted or checked); one field "quality"
(who stated a figure and whether we saw it ourselves are different questions).
"""

from __future__ import annotations

import re
from datetime import date as calendar_date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import field, frozen

from llm_economics.core.errors import NotationError, RangeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attrs import Attribute

__all__ = [
    "Alternative",
    "Alternatives",
    "Assumption",
    "Confidence",
    "Kind",
    "Provenance",
    "Source",
]

_KEY: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2100
_URL: Final = re.compile(r"https?://\S+")
_DOI: Final = re.compile(r"(?:doi:)?(10\.[0-9]{4,9}/\S+)", re.IGNORECASE)
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>|])")
_LATEX: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "&%$#_"},
        "\\": r"\textbackslash{}",
        "{": r"\textbraceleft{}",
        "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
    },
)


class Kind(StrEnum):
    """Who stated a figure, and how."""

    DATASHEET = "datasheet"
    """A document of the vendor states it."""
    MEASURED = "measured"
    """Somebody measured it and says how."""
    DISCLOSED = "disclosed"
    """The operator or developer said so."""
    DERIVED = "derived"
    """Arithmetic on other figures; the note says which."""
    REPORTED = "reported"
    """The press or a third party estimates it."""
    ASSUMED = "assumed"
    """Our own assumption."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise NotationError(_one_of("Kind (field kind)", list(cls), value))


class Confidence(StrEnum):
    """Whether a figure was checked at its source."""

    SEEN = "seen"
    """The source was opened and states the figure."""
    MEMORY = "memory"
    """Recalled, not checked at the source."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise NotationError(_one_of("Confidence (field confidence)", list(cls), value))


def _one_of(name: str, allowed: Iterable[str], came: object) -> str:
    choices = ", ".join(f"'{choice}'" for choice in allowed)
    return f"{name} needs one of {choices}; got {came!r}"


def _check_text(instance: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str):
        msg = f"{_place(instance, attribute)} needs a text, got {type(value).__name__} {value!r}"
        raise NotationError(f"{msg}; put it in quotes")


def _check_filled(instance: object, attribute: Attribute[Any], value: object) -> None:
    _check_text(instance, attribute, value)
    if not str(value).strip():
        msg = f"{_place(instance, attribute)} is empty; write a {attribute.name}"
        raise NotationError(msg)


def _check_key(instance: object, attribute: Attribute[Any], value: str) -> None:
    _check_text(instance, attribute, value)
    if not _KEY.fullmatch(value):
        msg = (
            f"{_place(instance, attribute)} needs lower-case letters, digits and single hyphens, "
            f"got {value!r}; write a key such as 'elsworth-2025'"
        )
        raise NotationError(msg)


def _check_date(instance: object, attribute: Attribute[Any], value: str) -> None:
    _check_text(instance, attribute, value)
    place = _place(instance, attribute)
    found = _DATE.fullmatch(value)
    if found is None:
        msg = f"{place} needs YYYY, YYYY-MM or YYYY-MM-DD, got {value!r}; write '2025-08-21'"
        raise NotationError(msg)
    year, month, day = int(found[1]), int(found[2] or 1), int(found[3] or 1)
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        msg = f"{place} needs a year from {_FIRST_YEAR} to {_LAST_YEAR}, got {value!r}"
        raise RangeError(f"{msg}; write the year of publication")
    try:
        calendar_date(year, month, day)
    except ValueError as error:
        msg = (
            f"{place} is not in the calendar, got {value!r}: {error}; write '{year}' or a real day"
        )
        raise RangeError(msg) from None


def _check_date_or_empty(instance: object, attribute: Attribute[Any], value: str) -> None:
    if value != "":
        _check_date(instance, attribute, value)


def _check_sources(instance: object, attribute: Attribute[Any], value: tuple[object, ...]) -> None:
    wrong = [item for item in value if not isinstance(item, Source)]
    if wrong or not value:
        got = f"{type(wrong[0]).__name__} {wrong[0]!r}" if wrong else "none"
        msg = f"{_place(instance, attribute)} needs at least one Source, got {got}"
        raise NotationError(f"{msg}; write sources=(Source(...),)")


def _check_alternatives(
    instance: object, attribute: Attribute[Any], value: tuple[object, ...]
) -> None:
    for item in value:
        if not isinstance(item, Alternative):
            msg = f"{_place(instance, attribute)} needs Alternative, got {item!r}"
            raise NotationError(f"{msg}; write alternatives=(Alternative(...),)")


def _place(instance: object, attribute: Attribute[Any]) -> str:
    return f"{type(instance).__name__}: {attribute.name}"


@frozen(kw_only=True)
class Source:
    """A document that states figures.

    Examples
    --------
    >>> report = Source(key="doe-2025", title="A report", organisation="An office", date="2025-01")
    >>> print(report)
    An office (2025-01). A report.
    >>> report.cite("markdown")
    'An office (2025-01). A report.'
    """

    key: str = field(validator=_check_key)
    """Short name in lower case with hyphens, such as ``"elsworth-2025"``."""
    title: str = field(validator=_check_filled)
    """Title of the document."""
    date: str = field(validator=_check_date)
    """When it was published: ``"2025"``, ``"2025-08"`` or ``"2025-08-21"``."""
    authors: str = field(default="", validator=_check_text)
    """Who wrote it; this or `organisation` is needed."""
    organisation: str = field(default="", validator=_check_text)
    """Who published it."""
    address: str = field(default="", validator=_check_text)
    """URL or DOI."""
    accessed: str = field(default="", validator=_check_date_or_empty)
    """When it was opened, written as `date`."""
    licence: str = field(default="", validator=_check_text)
    """Under which licence the document may be used."""
    note: str = field(default="", validator=_check_text)
    """What else a reader should know."""

    def __attrs_post_init__(self) -> None:
        """Refuse a document that nobody signed."""
        if not (self.authors.strip() or self.organisation.strip()):
            msg = f"Source: authors or organisation is needed, got neither for {self.key!r}"
            raise NotationError(f"{msg}; write who published it")

    def __str__(self) -> str:
        """Cite as plain text."""
        return self.cite()

    @property
    def link(self) -> str:
        """The address as a URL that can be opened (a DOI gets its resolver); empty if neither."""
        address = self.address.strip()
        doi = _DOI.fullmatch(address)
        if doi:
            return f"https://doi.org/{doi[1]}"
        return address if _URL.fullmatch(address) else ""

    def cite(self, style: Literal["text", "markdown", "bibtex"] = "text") -> str:
        """Return a citation.

        Parameters
        ----------
        style : {"text", "markdown", "bibtex"}
            Plain text in one line, the same with a linked title, or a BibTeX entry.

        Returns
        -------
        str
            The citation.

        Raises
        ------
        NotationError
            If there is no such style.

        Examples
        --------
        >>> paper = Source(
        ...     key="doe-2025", title="A paper", authors="J. Doe", date="2025", address="10.1000/1"
        ... )
        >>> paper.cite()
        'J. Doe (2025). A paper. 10.1000/1.'
        >>> paper.cite("markdown")
        'J. Doe (2025). [A paper](https://doi.org/10.1000/1).'
        """
        styles = {"text": _as_text, "markdown": _as_markdown, "bibtex": _as_bibtex}
        if style not in styles:
            raise NotationError(_one_of("Source.cite: style", styles, style))
        return styles[style](self)


def _line(text: str) -> str:
    return " ".join(text.split())


def _signed(source: Source) -> tuple[str, str]:
    """Who signs the document, and who published it if that is somebody else."""
    authors, organisation = _line(source.authors), _line(source.organisation)
    return (authors, organisation) if authors else (organisation, "")


def _as_text(source: Source) -> str:
    who, publisher = _signed(source)
    parts = [f"{who} ({source.date})", _line(source.title), publisher, _line(source.address)]
    seen = f" Accessed {source.accessed}." if source.accessed else ""
    return ". ".join(part.removesuffix(".") for part in parts if part) + "." + seen


def _as_markdown(source: Source) -> str:
    who, publisher, title, address = (
        _MARKDOWN.sub(r"\\\1", _line(text))
        for text in (*_signed(source), source.title, source.address)
    )
    if source.link:
        target = source.link.replace("(", "%28").replace(")", "%29")
        title, address = f"[{title}]({re.sub('[<>]', '', target)})", ""
    parts = [f"{who} ({source.date})", title, publisher, address]
    seen = f" Accessed {source.accessed}." if source.accessed else ""
    return ". ".join(part.removesuffix(".") for part in parts if part) + "." + seen


def _as_bibtex(source: Source) -> str:
    who, publisher = _signed(source)
    year, _, month = source.date.partition("-")
    fields = {
        # Double braces: names are kept as they stand, not taken apart at "and".
        "author": f"{{{_latex(who)}}}",
        "title": f"{{{_latex(source.title)}}}",
        "year": year,
        "month": str(int(month[:2])) if month else "",
        "organization": _latex(publisher),
        "url": source.link.replace("{", "%7B").replace("}", "%7D"),
        "howpublished": "" if source.link else _latex(source.address),
        "urldate": source.accessed,
        "note": _latex(source.note),
    }
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@misc{{{source.key},", *lines, "}"])


def _latex(text: str) -> str:
    return _line(text).translate(_LATEX)


def _to_tuple(value: object) -> tuple[Any, ...]:
    """Accept one item or several; what is in them is for the validator to say."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


@frozen(kw_only=True, eq=False)
class Alternative:
    """What another source says about the same figure; kept, not averaged away.

    Compared by identity: `value` may be anything, also an array.
    """

    text: str = field(validator=_check_filled)
    """The value as written, such as ``"700 W"``."""
    sources: tuple[Source, ...] = field(converter=_to_tuple, validator=_check_sources)
    """Who says so; at least one."""
    kind: Kind = field(converter=Kind)
    """How it was stated."""
    date: str = field(validator=_check_date)
    """When it was published or observed."""
    confidence: Confidence = field(default=Confidence.MEMORY, converter=Confidence)
    """Whether it was checked at its source; the weaker claim unless stated."""
    note: str = field(default="", validator=_check_text)
    """What is counted."""
    value: object = None
    """The quantity that was read from `text`; None if it was not read."""

    def __str__(self) -> str:
        """Return ``text (kind, source keys, date)``."""
        return f"{self.text} ({_origin(self)})"


class Alternatives(tuple[Alternative, ...]):
    """What other sources say about one figure: a tuple that shows one line for each.

    Examples
    --------
    >>> sheet = Source(key="a-sheet", title="A data sheet", organisation="A vendor", date="2023")
    >>> Alternatives([Alternative(text="650 W", sources=sheet, kind="measured", date="2025")])
    650 W (measured, a-sheet, 2025), from memory
    >>> Alternatives()
    no other source is known
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "\n".join(_told(other) for other in self) or "no other source is known"

    __str__ = __repr__


def _told(other: Alternative) -> str:
    memory = "" if other.confidence is Confidence.SEEN else ", from memory"
    return f"{other}{memory}{': ' if other.note else ''}{_line(other.note)}"


def _to_alternatives(value: object) -> Alternatives:
    return Alternatives(_to_tuple(value))


@frozen(kw_only=True, eq=False)
class Provenance:
    """Where one figure comes from.

    Compared by identity, as the quantities are that its alternatives may hold.

    Examples
    --------
    >>> sheet = Source(key="a-sheet", title="A data sheet", organisation="A vendor", date="2023")
    >>> print(Provenance(sources=sheet, kind="datasheet", date="2023-03", confidence="seen"))
    datasheet, a-sheet, 2023-03
    """

    sources: tuple[Source, ...] = field(converter=_to_tuple, validator=_check_sources)
    """Who says so; at least one."""
    kind: Kind = field(converter=Kind)
    """How it was stated."""
    date: str = field(validator=_check_date)
    """When it was published or observed."""
    confidence: Confidence = field(converter=Confidence)
    """Whether it was checked at its source."""
    note: str = field(default="", validator=_check_text)
    """What is counted."""
    alternatives: Alternatives = field(
        factory=Alternatives, converter=_to_alternatives, validator=_check_alternatives
    )
    """What other sources say about the same figure; shows one line for each."""

    def __str__(self) -> str:
        """Return ``kind, source keys, date``."""
        return _origin(self)


def _origin(stated: Alternative | Provenance) -> str:
    return ", ".join([stated.kind, *(source.key for source in stated.sources), stated.date])


def _check_provenance(instance: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, Provenance):
        msg = f"{_place(instance, attribute)} needs a Provenance or None, got {value!r}"
        raise NotationError(f"{msg}; write provenance=Provenance(...)")


@frozen(kw_only=True, eq=False)
class Assumption:
    """What a computation took for granted that the caller did not say.

    Examples
    --------
    >>> print(Assumption(name="power_usage_effectiveness", value=1.2, why="no facility was given"))
    power_usage_effectiveness = 1.2 (assumed): no facility was given
    """

    name: str = field(validator=_check_filled)
    """The input that was not given."""
    value: object
    """What was taken for it."""
    why: str = field(validator=_check_filled)
    """Why this value, in a few words."""
    provenance: Provenance | None = field(default=None, validator=_check_provenance)
    """Where the value comes from; None if it is the library's own choice."""

    def __str__(self) -> str:
        """Return ``name = value (kind, source key, date): why``."""
        origin = str(Kind.ASSUMED) if self.provenance is None else str(self.provenance)
        return f"{self.name} = {self.value} ({origin}): {self.why}"
