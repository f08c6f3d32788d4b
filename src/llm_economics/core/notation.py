"""Read the text of a quantity or range: ``"7-15 MW"``, ``"$300-600 million"``, ``"700 W ± 5 %"``.

This module knows no units. It finds the figures, brings the unit text into one spelling, and hands
both on. Whatever has two readings is refused, with the text to write instead: a misread figure is
worse than an error.

Rejected: the parser of the unit library (it cannot read ranges, takes ``"1,5 W"`` for 15 W and
``"700(50) W"`` for 700 ± 0.5); one large regular expression (slow on hostile text, mute on errors).
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import isfinite
from typing import Final, Literal

from attrs import evolve, frozen

from llm_economics.core.errors import NotationError

__all__ = ["Notation", "parse"]

_LONGEST: Final = 200
_QUOTED: Final = 60
_ENDS: Final = 2

# Typography that means the same: dashes, signs of approximation, products, micro, subscripts.
_SAME: Final = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2248\u2243\u223c", "~"),
        **dict.fromkeys("\u00b7\u22c5\u00d7", "*"),
        **dict.fromkeys("\u00b5\u03bc", "u"),
        **{chr(0x2080 + digit): str(digit) for digit in range(10)},
        "\u2026": "...",
        "^": "**",
        "\u20ac": "EUR ",
    },
)
_SUPERSCRIPTS: Final = "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
_FROM_SUPERSCRIPT: Final = str.maketrans(_SUPERSCRIPTS, "-0123456789")
_SUPERSCRIPT: Final = re.compile(f"[{_SUPERSCRIPTS}]+")
_DOLLAR: Final = re.compile(r"(?<![A-Za-z])(?:US|(?P<prefix>[kMGT]))?\$")

_DIGITS: Final = r"[+-]?[0-9]+(?:[,_][0-9]+)*(?:\.(?!\.)[0-9]*)?(?:[eE][+-]?[0-9]+)?"
_LEAD: Final = re.compile(rf"(?:(USD|EUR) ?)?({_DIGITS})")
_NEXT: Final = r"(?=(?:(?:USD|EUR) ?)?[+-]?[0-9])"
_SEPARATOR: Final = re.compile(rf" ?(?:\.{{2,3}}|(?<!\*\*)-) ?{_NEXT}| (to|and|a|y) {_NEXT}")
_PAIR: Final = re.compile(rf"({_DIGITS})(?:[,;] | to | ?(?:\.{{2,3}}|-|(±)) ?)({_DIGITS})")
_GROUPED: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:_[0-9]{3})+)")

_ABOUT: Final = re.compile(
    r"~ ?|(?:about|approximately|approx\.?|around|roughly|circa|ca\."
    r"|aproximadamente|aprox\.?|alrededor de|unos|unas) ",
    re.IGNORECASE,
)
_FRAME: Final = re.compile(r"(between|from|entre|desde|de) ", re.IGNORECASE)
_LEVEL: Final = re.compile(
    r"([0-9]+(?:\.[0-9]+)?) ?%(?: (?:range|level|(?:(?:confidence|credible) )?interval|CI))?",
)
_ONE_SIDED: Final = re.compile(
    r"[<>≤≥]|(?:no |not )?(?:more|less|fewer) than |at (?:least|most) |up to |(?:over|under|above"
    r"|below|max|min|maximum|minimum) |m[aá]s de |menos de |al menos |hasta ",
    re.IGNORECASE,
)
_NOT_FINITE: Final = re.compile(r"[+-]?(?:nan|inf(?:inity)?)\b", re.IGNORECASE)
_VAGUE: Final = {
    "tens": "10-100",
    "dozens": "12-100",
    "decenas": "10-100",
    "hundreds": "100-1000",
    "cientos": "100-1000",
    "thousands": "1000-10000",
    "miles": "1000-10000",
    "millions": "1-10 million",
    "billions": "1-10 billion",
    "few": "2-5",
    "several": "3-9",
}

_SCALE: Final = re.compile(r"(thousand|million|billion|trillion)\b ?")
# Spanish number words; `billones` is missing on purpose, see _unit.
_SCALE_WORDS: Final = (
    (re.compile(r"\bmil millones\b", re.IGNORECASE), "billion"),
    (re.compile(r"\b(?:millones|millón|millon)\b", re.IGNORECASE), "million"),
    (re.compile(r"\bmil\b"), "thousand"),
    (re.compile(r"\b(thousand|million|billion|trillion)s?\b(?: de\b)?", re.IGNORECASE), None),
)
_BILLONES: Final = re.compile(r"\bbill(?:ones|ón|on)\b", re.IGNORECASE)
# `a` is missing on purpose: unit libraries know it as the year.
_NO_UNITS: Final = frozenset(
    {"about", "and", "between", "from", "less", "more", "of", "or", "over", "than", "to", "under"},
)

_UNIT_TOKEN: Final = re.compile(
    r" ?(?:(?P<power>\*\*-?[0-9]{1,2}(?![0-9]))|(?P<operator>\*(?!\*)|[/.])|(?P<open>\()"
    r"|(?P<close>\))|(?P<word>[^\W\d]\w*)) ?",
)
# What may follow what in a unit: products and quotients of words, one level of brackets.
_MAY_FOLLOW: Final[dict[str, tuple[str, ...]]] = {
    "start": ("word", "open"),
    "word": ("word", "operator", "power", "close"),
    "power": ("word", "operator", "close"),
    "operator": ("word", "open"),
    "open": ("word",),
    "close": ("word", "operator"),
}
_MISPLACED: Final = {True: "open", False: "close"}


@frozen(kw_only=True)
class Notation:
    """What a text says: the figures, the spread, the level and the unit text, not interpreted.

    `low` and `high` are counted in `unit`, except that `low` is counted in `low_unit` where the
    lower end carries a unit of its own. Such ends are not compared here: that needs units.
    """

    form: Literal["exact", "range", "plus_minus", "about"]
    """How the figure is stated."""
    low: float
    """Lower end; the value itself where no spread is stated."""
    high: float
    """Upper end; the value itself where no spread is stated."""
    value: float | None
    """The stated value; None for a range, whose middle is a matter of the distribution."""
    spread: float | None = None
    """Half-width after ±, in `unit` also if it was stated in percent; at least 0."""
    unit: str = ""
    """Unit text in one spelling (``"million USD"``, ``"W/accelerator"``); empty for a number."""
    low_unit: str | None = None
    """Unit text of the lower end, only where it differs from `unit`."""
    level: float | None = None
    """Probability between the ends, 0 to 1, only where the text says so."""


@frozen
class _End:
    """One figure with what stands around it."""

    currency: str
    digits: str
    unit: str

    @property
    def value(self) -> float:
        return _figure(self.digits)


# "989.4 TFLOP/s": a figure of up to fifteen digits, one space, letters and strokes. Words that
# change the reading (to, per, million, a sign, a level) have a space, a stroke or a letter more.
_SHORT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?) ([A-Za-z]+[0-9]?(?:/[A-Za-z]+)*)")


def parse(text: str) -> Notation:
    """Read the text of a quantity or of a range.

    Parameters
    ----------
    text : str
        For example ``"700 W"``, ``"7-15 MW"``, ``"7 to 15 MW"``, ``"[7, 15] MW"``,
        ``"between 7 and 15 MW"``, ``"$300-600 million"``, ``"900 million to 3 billion USD"``,
        ``"700 ± 35 W"``, ``"700 W ± 5 %"``, ``"~0.3 Wh"``, ``"7-15 MW (95 %)"``.

    Returns
    -------
    Notation
        The figures and the unit text.

    Raises
    ------
    NotationError
        If the text has no reading, or more than one: a decimal comma, a reversed range, words
        instead of figures, a bound on one side only, anything that is not text.

    Notes
    -----
    A hyphen between figures is always a range. A comma is read only as a separator of thousands.
    "About" is kept as a form of its own; before a range or a stated spread it adds nothing.
    The time taken is proportional to the length of the text, which is limited to 200 characters.

    Examples
    --------
    >>> found = parse("300 to 600 million USD")
    >>> found.form, found.low, found.high, found.unit
    ('range', 300.0, 600.0, 'million USD')
    >>> parse("700 W ± 5 %").spread
    35.0
    >>> parse("15-7 MW")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.NotationError: parse: cannot read '15-7 MW': the range runs from high
    to low; write '7-15 MW'
    """
    _check_text(text)
    try:
        return _read_short(text) or _read(_clean(text))
    except NotationError as error:
        msg = f"parse: cannot read {_quote(text)}: {error}"
        raise NotationError(msg) from None


def _read_short(text: str) -> Notation | None:
    """Read one plain figure and a simple unit, as most texts are; None if it is anything else."""
    found = _SHORT.fullmatch(text)
    if found is None:
        return None
    value = float(found[1])
    return Notation(form="exact", low=value, high=value, value=value, unit=_unit(found[2]))


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        msg = f"parse: needs a text such as '7-15 MW', got {type(text).__name__} {_quote(text)}"
        raise NotationError(msg)
    if len(text) > _LONGEST:
        msg = f"parse: cannot read {_quote(text)}: {len(text)} characters; write at most {_LONGEST}"
        raise NotationError(msg)


def _quote(thing: object) -> str:
    quoted = repr(thing)
    return quoted if len(quoted) <= _QUOTED else f"{quoted[:_QUOTED]}..."


def _clean(text: str) -> str:
    """Bring the typography into one form; single spaces only."""
    text = _SUPERSCRIPT.sub(lambda run: "**" + run[0].translate(_FROM_SUPERSCRIPT), text)
    text = _DOLLAR.sub(lambda sign: f"{sign['prefix'] or ''}USD ", text.translate(_SAME))
    text = text.replace("+/-", "±").replace("+-", "±")
    text = " ".join(text.split())
    return re.sub(r" ?\*\* ?", "**", text)


def _read(text: str) -> Notation:
    body, level = _cut_level(text)
    about = _ABOUT.match(body)
    body = body[about.end() :] if about else body
    if _ONE_SIDED.match(body):
        msg = "it bounds one side only; write both ends, such as '100-200 million USD'"
        raise NotationError(msg)
    found = _read_brackets(body) if body.startswith(("(", "[")) else _read_plain(body)
    if about and found.form == "exact":
        found = evolve(found, form="about")
    if level is None:
        return found
    if found.form in {"exact", "about"}:
        msg = "a level needs a range or a spread; write both ends, such as '7-15 MW (95 %)'"
        raise NotationError(msg)
    return evolve(found, level=level)


def _cut_level(text: str) -> tuple[str, float | None]:
    """Take what stands in brackets at the end: a level, or a spread that is put before it."""
    start = text.rfind("(")
    if start < 1 or not text.endswith(")"):
        return text, None
    body, inner = text[:start].rstrip(), text[start + 1 : -1].strip()
    if inner.startswith("±"):
        return f"{body} {inner}", None
    stated = _LEVEL.fullmatch(inner)
    if stated is None and re.match("[0-9]", inner) and not body[-1].isdigit():
        msg = f"'({inner})' is neither a spread nor a level; write '(± 5 %)', '(90 %)' or nothing"
        raise NotationError(msg)
    if stated is None:
        return text, None
    level = float(stated[1]) / 100
    if not 0 < level < 1:
        msg = f"the level '{inner}' is not between 0 and 100 %; write '(90 %)'"
        raise NotationError(msg)
    return body, level


def _read_plain(body: str) -> Notation:
    """Read text that does not open with a bracket."""
    left, sign, right = (part.strip() for part in body.partition("±"))
    if sign and not (left and right):
        msg = "± has no figure on one side; write '700 ± 35 W'"
        raise NotationError(msg)
    if sign:
        return _plus_minus(_one_end(left), _one_end(right))
    frame = _FRAME.match(body)
    pieces = _split(body[frame.end() :] if frame else body, frame[1].lower() if frame else "")
    if len(pieces) > 1:
        return _range(_end(pieces[0]), _end(pieces[1]))
    end = _end(pieces[0])
    value = end.value
    return Notation(form="exact", low=value, high=value, value=value, unit=_priced(end))


def _read_brackets(body: str) -> Notation:
    """Read ``[7, 15] MW``, ``(7-15) MW`` or ``(700 ± 35) W``."""
    close = body.find(")" if body[0] == "(" else "]")
    pair = _PAIR.fullmatch(body[1:close].strip()) if close > 0 else None
    if pair is None:
        msg = "brackets hold two plain figures; write '[7, 15] MW' or '(700 ± 35) W'"
        raise NotationError(msg)
    first, second = _End("", pair[1], ""), _End("", pair[3], _unit(body[close + 1 :]))
    return _plus_minus(first, second, absolute=True) if pair[2] else _range(first, second)


def _split(body: str, frame: str) -> list[str]:
    """Cut a text at what separates the ends; one or two pieces, each opening with a figure."""
    pieces: list[str] = []
    words: list[str] = []
    start = 0
    while True:
        lead = _lead(body, start)
        separator = _SEPARATOR.search(body, lead.end())
        pieces.append(body[start : separator.start() if separator else None])
        if separator is None:
            break
        words.append(separator[1] or "")
        start = separator.end()
    _check_pieces(pieces, words, frame)
    return pieces


def _lead(text: str, start: int = 0) -> re.Match[str]:
    """Find the figure that a text opens with, and the currency before it."""
    found = _LEAD.match(text, start)
    if found is None:
        raise NotationError(_no_figure(text[start:]))
    return found


def _check_pieces(pieces: list[str], words: list[str], frame: str) -> None:
    if len(pieces) > _ENDS:
        msg = f"it has {len(pieces)} ends; write two, such as '{pieces[0]} to {pieces[-1]}'"
        raise NotationError(msg)
    if frame and not words:
        msg = f"'{frame}' needs two ends; write '7-15 MW'"
        raise NotationError(msg)
    if (words == ["and"] and frame != "between") or (words == ["y"] and frame != "entre"):
        msg = f"'{words[0]}' is no range; write '{pieces[0]} to {pieces[1]}'"
        raise NotationError(msg)


def _one_end(piece: str) -> _End:
    """Read a piece beside ±, which must hold one figure."""
    if len(_split(piece, "")) > 1:
        msg = "± stands beside one figure, not beside a range; write '700 ± 35 W' or '7-15 MW'"
        raise NotationError(msg)
    return _end(piece)


def _end(piece: str) -> _End:
    lead = _lead(piece)
    rest = piece[lead.end() :]
    _check_rest(lead[2], rest)
    per = "/" if rest.lstrip().startswith("/") else ""
    return _End(lead[1] or "", lead[2], per + _unit(rest.lstrip()[len(per) :]))


def _check_rest(digits: str, rest: str) -> None:
    """Refuse what looks like part of the figure but is not read as such."""
    if re.match(r" ?\([0-9]", rest):
        msg = f"digits in brackets have two readings; write '{digits} ± 50 W'"
    elif rest.startswith("+"):
        msg = f"'{digits}+' bounds one side only; write both ends, such as '{digits}-200 MW'"
    elif re.match(r" ?/ ?[0-9]", rest):
        msg = "fractions are not read; write a decimal number, such as '0.333 day'"
    elif re.match(r" ?\* ?10\b", rest):
        msg = f"powers of ten are written with e; write '{digits}e6'"
    elif re.match(r"\.[0-9]", rest):
        msg = "it has two decimal points; separate thousands by commas, such as '1,000,000'"
    elif re.match(r" [0-9]{3}\b", rest):
        msg = f"a space does not separate thousands; write '{digits},{rest.strip()}'"
    else:
        return
    raise NotationError(msg)


def _figure(digits: str) -> float:
    """Turn a figure into a float; thousands only in proper groups of three."""
    whole = re.split(r"[.eE]", digits, maxsplit=1)[0]
    if ("," in whole or "_" in whole) and not _GROUPED.fullmatch(whole):
        if "_" in whole:
            advice = digits.replace("_", "").replace(",", "")
        elif whole.count(",") == 1:
            advice = digits.replace(",", ".")
        else:
            advice = digits.replace(",", "")
        msg = f"the comma in '{digits}' is ambiguous; write '{advice}'"
        raise NotationError(msg.replace("comma", "underscore") if "_" in whole else msg)
    value = float(digits.replace(",", "").replace("_", ""))
    if not isfinite(value):
        msg = f"'{digits}' is too large for a number; write it in a larger unit"
        raise NotationError(msg)
    return value


def _no_figure(text: str) -> str:
    """Say why a text opens with no figure."""
    if not text:
        return "it is empty; write a figure and a unit, such as '7-15 MW'"
    if _NOT_FINITE.match(text):
        return "it is not a finite number; leave the figure out if it is unknown"
    words = text.split()
    for word in words:
        if word.lower() in _VAGUE:
            example = f"{_VAGUE[word.lower()]} {words[-1] if words[-1] != word else 'MWh'}"
            return f"words are no figure; write '{example}'"
    if re.match(r"[+-]?\.[0-9]", text):
        return "a figure opens with a digit; write '0.5', not '.5'"
    return f"there is no figure at the start of {_quote(text)}; write one, such as '5 MW'"


def _range(low: _End, high: _End) -> Notation:
    low_unit, unit = _units(low, high)
    if low_unit is None and low.value > high.value:
        joint = "-" if low.value >= 0 and high.value >= 0 else " to "
        advice = f"{high.digits}{joint}{low.digits} {unit}".rstrip()
        msg = f"the range runs from high to low; write '{advice}'"
        raise NotationError(msg)
    return Notation(
        form="range",
        low=low.value,
        high=high.value,
        value=None,
        unit=unit,
        low_unit=low_unit,
    )


def _plus_minus(value: _End, spread: _End, *, absolute: bool = False) -> Notation:
    if spread.digits.startswith("-"):
        msg = f"the spread is negative; write '± {spread.digits[1:]}'"
        raise NotationError(msg)
    if value.unit and not spread.unit:
        msg = f"the spread has no unit; write '{value.digits} ± {spread.digits} {value.unit}'"
        raise NotationError(msg)
    if spread.unit == "percent" and not absolute:
        unit, width = _share(value, spread)
    else:
        own_unit, unit = _units(value, spread)
        width = spread.value
        if own_unit is not None:
            msg = f"value in '{own_unit}', spread in '{unit}'; write both in one unit: '700 ± 35 W'"
            raise NotationError(msg)
    low, high = value.value - width, value.value + width
    if not (isfinite(low) and isfinite(high)):
        msg = "its ends are too large for a number; write it in a larger unit"
        raise NotationError(msg)
    return Notation(
        form="plus_minus", low=low, high=high, value=value.value, spread=width, unit=unit
    )


def _share(value: _End, spread: _End) -> tuple[str, float]:
    """Turn a spread in percent of the value into the unit of the value."""
    unit = _priced(value)
    if unit in {"", "percent"}:
        msg = (
            f"± {spread.digits} % has two readings, a share of {value.digits} or percentage points;"
            f" write '({value.digits} ± {spread.digits}) %' for points, else the two ends"
        )
        raise NotationError(msg)
    return unit, abs(value.value) * (spread.value / 100)


def _units(low: _End, high: _End) -> tuple[str | None, str]:
    """Return the unit of the lower end, None where it is the same, and of the upper end."""
    if low.unit and not high.unit:
        msg = f"the second figure has no unit; write '{low.digits}-{high.digits} {low.unit}'"
        raise NotationError(msg)
    if low.currency and high.currency:
        _check_currencies(low, high)
    currency = low.currency or high.currency
    unit = _priced(evolve(high, currency=currency))
    if not low.unit:
        return None, unit
    scale = _SCALE.fullmatch(low.unit)
    if scale and not currency:
        rest = _SCALE.sub("", unit, count=1) if _SCALE.match(unit) else unit
        low_unit = _joined(scale[1], rest)
    else:
        low_unit = _priced(evolve(low, currency=currency))
    return (None if low_unit == unit else low_unit), unit


def _check_currencies(low: _End, high: _End) -> None:
    if low.currency != high.currency:
        msg = f"it mixes {low.currency} and {high.currency}; write both ends in one currency"
        raise NotationError(msg)
    if not low.unit and (scale := _SCALE.match(high.unit)):
        msg = (
            f"the first figure may or may not be counted in {scale[1]}; "
            f"write '{low.digits}-{high.digits} {scale[1]} {low.currency}' or the words at both"
        )
        raise NotationError(msg)


def _priced(end: _End) -> str:
    """Put the currency that stands before a figure into its unit: million USD, USD/kWh."""
    if not end.currency and end.unit.startswith("/"):
        msg = f"it does not say what is counted; write '{end.digits} request{end.unit}'"
        raise NotationError(msg)
    if not end.currency:
        return end.unit
    scale = _SCALE.match(end.unit)
    rest = end.unit[scale.end() :] if scale else end.unit
    if re.match(rf"{end.currency}\b", rest):
        return end.unit
    if rest and not rest.startswith(("/", "*")):
        msg = f"'{rest}' follows an amount in {end.currency}; write '{end.digits} million USD'"
        raise NotationError(msg)
    return _joined(scale[1] if scale else "", end.currency + rest)


def _joined(scale: str, rest: str) -> str:
    return scale + rest if rest.startswith(("/", "*")) else f"{scale} {rest}".strip()


@lru_cache(maxsize=1024)  # a file of facts writes the same units over and over
def _unit(text: str) -> str:
    """Bring a unit text into one spelling, or refuse it."""
    if _BILLONES.search(text):
        msg = "'billones' says 1e12 in Spanish and 1e9 to others; write 'trillion' or 'billion'"
        raise NotationError(msg)
    for pattern, word in _SCALE_WORDS:
        text = pattern.sub(word or (lambda found: found[1].lower()), text)
    text = re.sub(r" per ", "/", text.replace("%", " percent "))
    text = " ".join(text.split())
    return _walk(text) if text else ""


def _walk(text: str) -> str:
    """Check a unit token by token; the grammar is small so that no unit library can hang on it."""
    parts: list[str] = []
    last, position, inside = "start", 0, False
    while position < len(text):
        token = _UNIT_TOKEN.match(text, position)
        kind = (token.lastgroup if token else None) or ""
        if token is None or kind not in _MAY_FOLLOW[last] or kind == _MISPLACED[inside]:
            raise NotationError(_bad_unit(text, position))
        parts.append(_spelled(token[kind], kind, last))
        inside = kind == "open" or (inside and kind != "close")
        last, position = kind, token.end()
    if inside or last not in {"word", "power", "close"}:
        msg = f"the unit '{text}' is not complete; write a unit such as 'W/(m*K)'"
        raise NotationError(msg)
    return "".join(parts)


def _spelled(piece: str, kind: str, last: str) -> str:
    if kind == "operator":
        return piece.replace(".", "*")
    if kind != "word":
        return piece
    if piece in _NO_UNITS or not piece.isidentifier():
        msg = f"'{piece}' is no unit; write figures and a unit only, such as '7-15 MW'"
        raise NotationError(msg)
    return f" {piece}" if last in {"word", "power", "close"} else piece


def _bad_unit(text: str, position: int) -> str:
    """Say what is wrong with a unit at a position."""
    rest = text[position:].lstrip()
    if rest.startswith("**"):
        msg = f"the exponent in '{text}' is not simple; write one or two digits, such as 'm**2'"
    elif rest.startswith("-") and not position:
        msg = "the range has no second figure; write both ends, such as '7-15 MW'"
    elif rest.startswith("-"):
        msg = f"the unit '{text}' has a hyphen; write a product as 'accelerator*hour'"
    elif rest.startswith(","):
        msg = "a comma does not separate two ends; write '7-15 MW' or '[7, 15] MW'"
    elif rest.startswith("(") and position:
        msg = "brackets at the end hold a spread or a level; write '(± 5 %)' or '(90 %)'"
    elif rest[0].isdigit():
        msg = f"there is a further figure in the unit '{text}'; write one figure, then the unit"
    else:
        msg = f"{rest[0]!r} cannot stand there in the unit '{text}'; write a unit as 'W/(m*K)'"
    return msg
