"""`Model`: a released model, with what is known or estimated about it.

Total parameters decide memory, active parameters decide FLOP; they are separate fields and equal
only for a dense model. For closed models the figures are ranges and `estimated_by` says whose.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import attrs

from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.fields import (
    as_computation,
    as_parameters,
    as_text,
    as_tokens,
    named_fields,
)
from llm_economics.core.functions import minimum
from llm_economics.core.nouns import Noun
from llm_economics.core.references import as_names
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.architecture import Architecture
from llm_economics.transformer.configuration_files import read_json
from llm_economics.transformer.configuration_origins import fields_of
from llm_economics.transformer.configurations import read_configuration
from llm_economics.transformer.laws import (
    AttentionConvention,
    attention_computation_per_token,
    windowed_context,
)
from llm_economics.transformer.shape_counts import head_width

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Model"]

# Authors leave an embedding out of the active parameters of dense models too.
_ALL_ACTIVE = 0.9


@attrs.frozen(kw_only=True, eq=False, repr=False, field_transformer=named_fields)
class Model(Noun):
    """A language model.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(le.models["Llama 3.1 70B"].parameters.to("Gparameter"))
    70.554 Gparameter
    >>> le.Model(name="mine", parameters="8 Gparameter", active_parameters="70 Gparameter")
    Traceback (most recent call last):
        ...
    llm_economics.core.errors.RangeError: Model.active_parameters needs at most parameters = \
8 Gparameter; got 70 Gparameter
    """

    name: str = attrs.field(converter=as_text)
    """Name in the catalogue: "Llama 3.1 405B"."""

    developer: str = attrs.field(default="", converter=as_text)
    """Who made it."""

    family: str = attrs.field(default="", converter=as_text)
    """Family of models."""

    release: str = attrs.field(default="", converter=as_text)
    """When it came out."""

    licence: str = attrs.field(default="", converter=as_text)
    """Licence of its weights."""

    disclosure: str = attrs.field(default="", converter=as_text)
    """How far its maker tells: "open weights", "partly disclosed", "estimate"."""

    estimated_by: str = attrs.field(default="", converter=as_text)
    """Who estimated the figures, if its maker does not tell."""

    aliases: tuple[str, ...] = attrs.field(default=(), converter=as_names, repr=False)
    """Other names people use."""

    parameters: Quantity | None = attrs.field(default=None, converter=as_parameters)
    """Parameters in all (parameter)."""

    active_parameters: Quantity | None = attrs.field(default=None, converter=as_parameters)
    """Parameters that each token passes through; leave out for a dense model."""

    training_tokens: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Tokens seen in training (token)."""

    training_computation: Quantity | None = attrs.field(default=None, converter=as_computation)
    """FLOP of its training, where somebody published or estimated it."""

    context_length: Quantity | None = attrs.field(default=None, converter=as_tokens)
    """Longest context (token)."""

    architecture: Architecture | None = attrs.field(default=None)
    """Its shape, where known."""

    def __attrs_post_init__(self) -> None:
        """Refuse more active than total parameters."""
        total, active = self.parameters, self.active_parameters
        if total is None or active is None:
            return
        # Quoted ranges may overlap; the refusal is for what is certainly wrong.
        if float((active.bounds().low - total.bounds().high).magnitude) > 0:
            message = f"Model.active_parameters needs at most parameters = {total}; got {active}"
            raise RangeError(message)

    @classmethod
    def from_config(
        cls, source: str | os.PathLike[str] | Mapping[str, Any], *, name: str | None = None
    ) -> Self:
        """Read a model from its configuration, as Hugging Face publishes it.

        Nothing is downloaded and no code is run: the file is read as data. Parameters are counted
        from the shape. What the file omits is taken from its family, and the provenance lists it.

        Parameters
        ----------
        source : path or mapping
            A ``config.json``, the folder that holds it, or its content.
        name : str, optional
            Name of the model; by default the one in the file, else its ``model_type``.

        Returns
        -------
        Model
            The model, with its shape; of a model that also reads images the text part alone.

        Raises
        ------
        CatalogError
            If it cannot be read, or keys are missing or wrong; all of them are listed.
        UnknownNameError
            If its ``model_type`` is not known.

        Examples
        --------
        >>> import llm_economics as le
        >>> model = le.Model.from_config(
        ...     {
        ...         "model_type": "qwen2",
        ...         "num_hidden_layers": 28,
        ...         "hidden_size": 3584,
        ...         "num_attention_heads": 28,
        ...         "num_key_value_heads": 4,
        ...         "intermediate_size": 18944,
        ...         "vocab_size": 152064,
        ...     },
        ...     name="Qwen2.5-7B",
        ... )
        >>> print(f"{model.parameters.to('Gparameter'):.4g}")
        7.615 Gparameter
        >>> print(model.architecture.key_value_cache_per_token().to("KiB/token"))
        56 KiB/token
        >>> print(model.provenance["architecture"].note)
        taken from the family: head_dim = 128, tie_word_embeddings = False, \
use_sliding_window = False
        """
        where, content = "configuration", source
        if isinstance(source, (str, os.PathLike)):
            where, content = os.fspath(source), read_json(source)
        return cls(**fields_of(read_configuration(content, where), where, name=name))

    @property
    def has_experts(self) -> bool:
        """Whether it is a mixture of experts, as far as is known.

        Examples
        --------
        >>> import llm_economics as le
        >>> le.models["Mixtral 8x7B"].has_experts, le.models["Llama 3.1 70B"].has_experts
        (True, False)
        """
        if self.architecture is not None and self.architecture.experts:
            return True
        if self.parameters is None or self.active_parameters is None:
            return False
        central = self.active_parameters.central() / self.parameters.central()
        return float(central.to("").magnitude) < _ALL_ACTIVE

    @property
    def computing_parameters(self) -> Quantity:
        """Parameters that decide FLOP: the active ones, or all of a dense model.

        Counted from the shape where nobody states them: for a mixture of experts taking the total
        would be several times too much.

        Raises
        ------
        MissingInputError
            If neither they nor the shape are known.
        """
        if self.active_parameters is not None:
            return self.active_parameters
        shape = self.architecture
        if shape is not None and shape.experts:
            return shape.active_parameters()
        if self.parameters is not None:
            return self.parameters
        if shape is not None:
            return shape.total_parameters()
        message = (
            f"the parameters of {self.name} are not known; give Model(active_parameters=...) "
            "or the computation itself"
        )
        raise MissingInputError(message)

    def attention_computation_per_token(
        self, convention: AttentionConvention, context: Quantity, *, training: bool
    ) -> Quantity:
        """FLOP that attention adds per token, by the named convention.

        Parameters
        ----------
        convention : AttentionConvention
            How it is counted.
        context : Quantity
            Sequence length (token).
        training : bool
            Forward and backward pass, or the forward pass alone.

        Returns
        -------
        Quantity
            Computation per token (FLOP/token).

        Raises
        ------
        MissingInputError
            If the convention needs a shape that is unknown.

        Notes
        -----
        Layers with a sliding window see the window at most; linear attention is not counted.
        """
        if convention is AttentionConvention.NONE:
            return ureg.Quantity(0.0, "FLOP/token")
        shape = self.architecture
        if shape is None or not (shape.attention_heads and shape.head_dimension):
            message = (
                f"the attention term needs the architecture of {self.name}; give it, or take "
                "attention='none'"
            )
            raise MissingInputError(message)
        count = partial(
            attention_computation_per_token,
            attention_heads=ureg.Quantity(float(shape.attention_heads)),
            head_dimension=ureg.Quantity(head_width(shape)),
            factor=convention.training_factor if training else convention.forward_factor,
        )
        whole = count(layers=ureg.Quantity(float(shape.full_attention_layers)), context=context)
        if not (shape.sliding_layers and shape.sliding_window):
            return whole
        window = ureg.Quantity(float(shape.sliding_window), "token")
        if convention is AttentionConvention.FULL:
            length: Quantity = minimum(context, window)
        else:
            length = windowed_context(context=context, window=window)
        return whole + count(layers=ureg.Quantity(float(shape.sliding_layers)), context=length)
