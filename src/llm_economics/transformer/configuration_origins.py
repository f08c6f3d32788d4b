"""What a model that was read from a configuration says of the origin of its figures.

The file is the source; what it omits comes from the defaults of its family, and the notes list it
key by key. Rejected: no provenance at all, after which a default looks like a published figure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from llm_economics.core.registry import ureg
from llm_economics.core.sources import Confidence, Kind, Provenance, Source

if TYPE_CHECKING:
    from llm_economics.transformer.configurations import Configuration

__all__ = ["fields_of"]

_CLASSES = Source(
    key="transformers-configurations",
    title="Configuration classes of transformers",
    organisation="Hugging Face",
    date="2026",
    address="https://github.com/huggingface/transformers",
    licence="Apache-2.0",
    note="key names and the values that count where a configuration omits a key",
)


def fields_of(read: Configuration, where: str, *, name: str | None) -> dict[str, Any]:
    """Fields of a model, with their provenance.

    Parameters
    ----------
    read : Configuration
        What was read.
    where : str
        The file it came from.
    name : str or None
        Name that the caller gives it.

    Returns
    -------
    dict
        Arguments of `Model`.
    """
    shape = read.architecture
    today = datetime.now(tz=UTC).date().isoformat()
    stated = Source(
        key="model-configuration",
        title=f"{where} (model_type {read.model_type})",
        organisation="given by the caller",
        date=today,
    )
    noted = _note(read)
    sources = (stated, _CLASSES) if read.defaults else (stated,)
    shape_origin = _origin(Kind.DISCLOSED, sources, today, noted)
    counted = _origin(Kind.DERIVED, sources, today, "counted from the shape")
    fields: dict[str, Any] = {
        "name": name or read.name or read.model_type,
        "family": read.model_type,
        "architecture": shape.evolve(provenance={"layers": shape_origin}),
        "parameters": shape.total_parameters(),
    }
    provenance = {"architecture": shape_origin, "parameters": counted}
    if shape.experts:
        fields["active_parameters"] = shape.active_parameters()
        provenance["active_parameters"] = counted
    if read.context_length:
        fields["context_length"] = ureg.Quantity(float(read.context_length), "token")
        provenance["context_length"] = shape_origin
    return {**fields, "provenance": provenance}


def _origin(kind: Kind, sources: tuple[Source, ...], date: str, note: str) -> Provenance:
    return Provenance(sources=sources, kind=kind, date=date, confidence=Confidence.SEEN, note=note)


def _note(read: Configuration) -> str:
    taken = ", ".join(f"{key} = {value}" for key, value in read.defaults.items())
    parts = [
        f"taken from the family: {taken}" if taken else "",
        "the text part alone" if read.text_part else "",
    ]
    return "; ".join(part for part in parts if part)
