"""FLOP of one token, counted matrix by matrix: forward, training, adapters, recomputation.

A token is multiplied by the projections of attention, the feed-forward layers (of the experts that
it passes through), the router and the output head. The input embedding is looked up, scales and
biases are added: they are no matrix work, but many authors count them, so both are conventions
with names. Rejected: 6 N with whatever N a model card prints (for small vocabularies within a
percent, for Qwen3-30B-A3B off by 8 %); factors that fit a table of measurements.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from llm_economics.core.dimensions import ComputationPerToken, Share, law
from llm_economics.core.errors import MissingInputError
from llm_economics.core.fields import as_tokens
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.choices import Choice
from llm_economics.transformer.laws import (
    FORWARD,
    TRAINING,
    AttentionConvention,
    computation_per_token,
)
from llm_economics.transformer.parameters import (
    PARAMETER,
    embedding_parameters,
    normalization_parameters,
    projection_parameters,
)

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike
    from llm_economics.transformer.architecture import Architecture
    from llm_economics.transformer.model import Model

__all__ = [
    "ADAPTER_TRAINING",
    "EmbeddingConvention",
    "KindOfPass",
    "MatrixParameters",
    "Recomputation",
    "hardware_flops_utilization",
    "matrix_parameters",
    "model_computation_per_token",
    "recomputed_computation_per_token",
]

ADAPTER_TRAINING: Quantity = 2.0 * FORWARD
"""Forward pass and gradients of activations through frozen weights: the 4 of ``4 N D``."""


class EmbeddingConvention(Choice):
    """Which parameters count as work."""

    MULTIPLIED = "multiplied"
    """Matrices that multiply: the output head counts, the input embedding does not."""
    ALL = "all"
    """Every parameter that a token passes through, as in 6 N with the N of the model card."""


class KindOfPass(Choice):
    """What is done with a token."""

    FORWARD = "forward"
    """Forward pass alone: 2 FLOP per parameter."""
    TRAINING = "training"
    """Forward, gradients of activations, gradients of weights: 6 FLOP per parameter."""
    ADAPTER = "adapter"
    """Training of an adapter on frozen weights: 4 FLOP per frozen parameter."""

    @property
    def per_parameter(self) -> Quantity:
        """FLOP for each parameter that multiplies and each token."""
        return {"forward": FORWARD, "training": TRAINING, "adapter": ADAPTER_TRAINING}[self.value]

    @property
    def trains(self) -> bool:
        """Whether there is a backward pass."""
        return self is not KindOfPass.FORWARD


class Recomputation(Choice):
    """Which activations are thrown away and computed once more in the backward pass."""

    NONE = "none"
    """None: all are kept."""
    SELECTIVE = "selective"
    """Those of the products of attention, which take much memory and little work."""
    FULL = "full"
    """All but the input of each layer: one more forward pass."""


@attrs.frozen(kw_only=True, eq=False)
class MatrixParameters:
    """Parameters through which each token is multiplied, and how they were found."""

    parameters: Quantity
    """All of them, output head included (parameter)."""

    head: Quantity | None
    """Those of the output head; None if they are not known apart (parameter)."""

    how: str
    """How they were found, in words."""

    @property
    def layers(self) -> Quantity:
        """Those of the layers: without the head where it is known, otherwise all (parameter)."""
        return self.parameters if self.head is None else self.parameters - self.head


def matrix_parameters(model: Model, *, training: bool = False) -> MatrixParameters:
    """Parameters of a model through which each token is multiplied.

    Parameters
    ----------
    model : Model
        The model.
    training : bool
        Whether layers that predict further tokens count, with their own pass through the head.

    Returns
    -------
    MatrixParameters
        The parameters, and how they were found.

    Raises
    ------
    MissingInputError
        If neither the shape nor any parameters are known.

    Notes
    -----
    Counted from the shape where it is complete. Otherwise the active parameters that are stated,
    less the input embedding where vocabulary and width are known and the embedding is no output
    head as well; otherwise as they are.

    Examples
    --------
    >>> import llm_economics as le
    >>> found = matrix_parameters(le.models["Llama 3.1 8B"])
    >>> print(f"{found.parameters.to('Gparameter'):.4g}", "|", found.how)
    7.505 Gparameter | matrices of the shape, output head included
    """
    shape = model.architecture
    if shape is not None and _is_complete(shape):
        return _of_shape(shape, (shape.prediction_layers or 0) if training else 0)
    return _of_statement(model)


def model_computation_per_token(
    model: Model,
    *,
    attention: str,
    context: QuantityLike | None = None,
    embedding: str = "multiplied",
    passes: str = "training",
) -> Quantity:
    """FLOP of a token: what a utilization of model FLOP (MFU) counts.

    Parameters
    ----------
    model : Model
        The model.
    attention : str
        Attention convention: "none", "causal" or "full".
    context : quantity, optional
        Sequence length (token); needed unless attention is not counted.
    embedding : str
        Embedding convention: "multiplied" or "all".
    passes : str
        "forward", "training" or "adapter".

    Returns
    -------
    Quantity
        Computation per token (FLOP/token).

    Raises
    ------
    MissingInputError
        If the parameters, the context, or the shape that attention needs are not known.
    UnknownNameError
        If a convention has another name.

    Notes
    -----
    The backward pass of the products of attention is twice their forward pass, also where weights
    are frozen. Weights of an adapter come on top, as 6 FLOP per parameter and token of
    `adapter_parameters`: below a percent. Left out: norms, softmax, rotary embeddings, and the
    scan of state spaces (1 % of Nemotron 3 Nano).

    Examples
    --------
    >>> import llm_economics as le
    >>> model = le.models["Llama 3.1 70B"]
    >>> for passes in ("forward", "training", "adapter"):
    ...     found = model_computation_per_token(
    ...         model, attention="causal", context="8192 token", passes=passes
    ...     )
    ...     print(f"{found.to('GFLOP/token'):.5g}")
    149.74 GFLOP/token
    449.22 GFLOP/token
    310.22 GFLOP/token
    """
    kind, convention = KindOfPass(passes), EmbeddingConvention(embedding)
    if convention is EmbeddingConvention.ALL:
        parameters = model.computing_parameters
    else:
        parameters = matrix_parameters(model, training=kind.trains).parameters
    return computation_per_token(
        active_parameters=parameters,
        computation_per_parameter=kind.per_parameter,
        attention=_attention(model, attention, context, kind),
    )


def recomputed_computation_per_token(
    model: Model,
    *,
    recomputation: str,
    attention: str,
    context: QuantityLike | None = None,
) -> Quantity:
    """FLOP of a token that are done twice to save memory: hardware FLOP beyond model FLOP.

    Parameters
    ----------
    model : Model
        The model.
    recomputation : str
        "none", "selective" or "full".
    attention : str
        Attention convention: "none", "causal" or "full".
    context : quantity, optional
        Sequence length (token); needed unless attention is not counted.

    Returns
    -------
    Quantity
        Computation per token (FLOP/token).

    Raises
    ------
    MissingInputError
        If the parameters, the context, or the shape that attention needs are not known.
    UnknownNameError
        If a convention has another name.

    Notes
    -----
    Full: one more forward pass of the layers; the output head is not repeated. Selective: one more
    forward pass of the products of attention, so nothing where attention is not counted. Fused
    attention repeats one of its two products in every backward pass; nobody counts that.

    Examples
    --------
    >>> import llm_economics as le
    >>> for recomputation in ("selective", "full"):
    ...     found = recomputed_computation_per_token(
    ...         le.models["GPT-3 175B"],
    ...         recomputation=recomputation,
    ...         attention="full",
    ...         context="2048 token",
    ...     )
    ...     print(f"{found.to('GFLOP/token'):.4g}")
    9.664 GFLOP/token
    357.6 GFLOP/token
    """
    kind = Recomputation(recomputation)
    if kind is Recomputation.NONE:
        return ureg.Quantity(0.0, "FLOP/token")
    products = _attention(model, attention, context, KindOfPass.TRAINING) / 3.0
    if kind is Recomputation.SELECTIVE:
        return products
    return computation_per_token(
        active_parameters=matrix_parameters(model, training=True).layers,
        computation_per_parameter=FORWARD,
        attention=products,
    )


@law("dimensionless")
def hardware_flops_utilization(
    *,
    model_flops_utilization: Share,
    model: ComputationPerToken,
    recomputed: ComputationPerToken,
) -> Share:
    r"""Share of the dense peak that was computed, repetitions included (HFU).

    Parameters
    ----------
    model_flops_utilization : Quantity
        Share that became model FLOP (MFU); a plain number.
    model : Quantity
        Model FLOP of a token (FLOP/token).
    recomputed : Quantity
        FLOP of a token that are done once more (FLOP/token).

    Returns
    -------
    Quantity
        Hardware FLOPs utilization; a plain number.

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: u_{\mathrm{HFU}} = u_{\mathrm{MFU}} \frac{c + c_{\mathrm{recomputed}}}{c}

    With full recomputation about 4/3 of the model FLOPs utilization.

    References
    ----------
    Korthikanti et al., arXiv:2205.05198, section 6.3.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     hardware_flops_utilization(
    ...         model_flops_utilization=le.quantity(0.42),
    ...         model=le.quantity("1076 GFLOP/token"),
    ...         recomputed=le.quantity("357 GFLOP/token"),
    ...     )
    ... )
    0.559349
    """
    return model_flops_utilization * (model + recomputed) / model


def _is_complete(shape: Architecture) -> bool:
    try:
        _counted(shape).active_parameters()
    except MissingInputError:
        return False
    return True


def _counted(shape: Architecture, predictions: int = 0) -> Architecture:
    """Shape with one table, the head, and neither biases nor positions: what multiplies.

    A layer that predicts a further token is one more layer of the last kind.
    """
    return shape.evolve(
        layers=shape.layers + predictions,
        tied_embeddings=True,
        projection_biases=None,
        learned_positions=None,
    )


def _of_shape(shape: Architecture, predictions: int) -> MatrixParameters:
    hidden, times = _number(shape.hidden_size), _number(predictions)
    counted = _counted(shape, predictions)
    scales = normalization_parameters(
        hidden_size=hidden, layers=_number(counted.layers), element=PARAMETER
    )
    # What predicts a further token takes a state and an embedding, side by side.
    joined = projection_parameters(inputs=2.0 * hidden, outputs=hidden, element=PARAMETER)
    head = _table(shape)
    more = f", {predictions} further predictions" if predictions else ""
    return MatrixParameters(
        parameters=counted.active_parameters() - scales + times * (joined + head),
        head=(1.0 + times) * head,
        how=f"matrices of the shape, output head included{more}",
    )


def _of_statement(model: Model) -> MatrixParameters:
    """Parameters as stated, since the shape is incomplete."""
    stated, shape = model.computing_parameters, model.architecture
    if shape is None or shape.vocabulary_size is None:
        how = "active parameters as stated, embeddings included: the vocabulary is not known"
        return MatrixParameters(parameters=stated, head=None, how=how)
    head = _table(shape)
    if shape.tied_embeddings is None:
        how = "active parameters as stated, embeddings included: tied_embeddings is not known"
        return MatrixParameters(parameters=stated, head=head, how=how)
    if shape.tied_embeddings:
        how = "active parameters as stated: the embedding is the output head"
        return MatrixParameters(parameters=stated, head=head, how=how)
    how = "active parameters as stated, less the input embedding"
    return MatrixParameters(parameters=stated - head, head=head, how=how)


def _table(shape: Architecture) -> Quantity:
    """One table of embeddings, as large as the output head; its vocabulary is known here."""
    return embedding_parameters(
        vocabulary_size=_number(shape.vocabulary_size or 0),
        hidden_size=_number(shape.hidden_size),
        tables=_number(1),
        element=PARAMETER,
    )


def _attention(
    model: Model, attention: str, context: QuantityLike | None, kind: KindOfPass
) -> Quantity:
    convention = AttentionConvention(attention)
    if convention is AttentionConvention.NONE:
        return ureg.Quantity(0.0, "FLOP/token")
    if context is None:
        message = f"attention={convention.value!r} needs context, such as '8192 token'; got None"
        raise MissingInputError(message)
    counted = _as_trained(model) if kind.trains else model
    return counted.attention_computation_per_token(
        convention, as_tokens(context), training=kind.trains
    )


def _as_trained(model: Model) -> Model:
    """Model with the layers that predict further tokens among the others, if they are counted."""
    shape = model.architecture
    if shape is None or not shape.prediction_layers or not _is_complete(shape):
        return model
    return model.evolve(architecture=shape.evolve(layers=shape.layers + shape.prediction_layers))


def _number(value: float) -> Quantity:
    return ureg.Quantity(float(value))
