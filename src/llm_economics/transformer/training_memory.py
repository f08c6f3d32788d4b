"""Memory of weights, gradients and optimizer states while training, per parameter.

What each costs is a record with its source; over how many accelerators it is spread is a plain
number of the laws, so that one formula runs over many layouts. Rejected: one figure such as 16
bytes per parameter (18 with gradients in fp32, 10 with an optimizer in 8 bits); Adafactor, whose
states depend on the form of each matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import attrs

from llm_economics.core.dimensions import (
    Dimension,
    Information,
    Number,
    ParameterCount,
    law,
)
from llm_economics.core.fields import as_text
from llm_economics.core.number_format import number_format
from llm_economics.core.registry import Quantity, ureg
from llm_economics.transformer.choices import Choice

if TYPE_CHECKING:
    from llm_economics.core.reading import QuantityLike

__all__ = [
    "InformationPerParameter",
    "ModelState",
    "Optimizer",
    "OptimizerState",
    "Sharding",
    "model_state",
    "sharded_state_per_parameter",
    "state_memory",
    "state_per_parameter",
]

_PER_PARAMETER = Dimension(
    name="information per parameter", unit="byte/parameter", example="12 byte/parameter"
)

InformationPerParameter = Annotated[Quantity, _PER_PARAMETER]
"""Bytes for each parameter."""


def _as_information_per_parameter(value: QuantityLike) -> Quantity:
    return _PER_PARAMETER.read(value)


class Sharding(Choice):
    """What is spread over the data-parallel accelerators instead of repeated on each (ZeRO)."""

    NONE = "none"
    """Nothing."""
    OPTIMIZER = "optimizer"
    """Optimizer states (ZeRO-1, Megatron's distributed optimizer)."""
    GRADIENTS = "gradients"
    """Gradients too (ZeRO-2)."""
    PARAMETERS = "parameters"
    """Weights too (ZeRO-3, fully sharded data parallel)."""


@attrs.frozen(kw_only=True, eq=False)
class OptimizerState:
    """What an optimizer keeps for each parameter.

    Examples
    --------
    >>> pure = OptimizerState(
    ...     name="Adam in bf16 alone",
    ...     master="0 byte/parameter",
    ...     moments="4 byte/parameter",
    ...     source="two moments of 2 bytes, no master weights",
    ... )
    >>> print(pure.per_parameter)
    4 B/parameter
    """

    name: str = attrs.field(converter=as_text)
    """What people call it."""

    master: Quantity = attrs.field(converter=_as_information_per_parameter)
    """Master weights in fp32 beside those that compute (byte/parameter)."""

    moments: Quantity = attrs.field(converter=_as_information_per_parameter)
    """Moments or momentum of the gradients (byte/parameter)."""

    source: str = attrs.field(converter=as_text)
    """Where the sizes come from."""

    @property
    def per_parameter(self) -> Quantity:
        """Both together (byte/parameter)."""
        return self.master + self.moments


class Optimizer(Choice):
    """Optimizers whose states are known."""

    ADAM = "adam"
    """Adam, AdamW: two moments in fp32."""
    ADAM_8BIT = "adam 8-bit"
    """Adam with both moments in 8 bits."""
    SGD = "sgd"
    """Stochastic gradient descent with momentum in fp32."""

    @property
    def state(self) -> OptimizerState:
        """What it keeps beside weights in 16 bits.

        Examples
        --------
        >>> print(Optimizer.ADAM.state.per_parameter, Optimizer.ADAM_8BIT.state.per_parameter)
        12 B/parameter 6 B/parameter
        """
        return _STATES[self]


_STATES = {
    Optimizer.ADAM: OptimizerState(
        name="Adam",
        master="4 byte/parameter",
        moments="8 byte/parameter",
        source="Rajbhandari et al., ZeRO, arXiv:1910.02054, section 3.1",
    ),
    # Scales of blocks of 2048 values add 0.2 % of the moments.
    Optimizer.ADAM_8BIT: OptimizerState(
        name="Adam in 8 bits",
        master="4 byte/parameter",
        moments="2 byte/parameter",
        source="Dettmers et al., arXiv:2110.02861, section 2",
    ),
    Optimizer.SGD: OptimizerState(
        name="SGD with momentum",
        master="4 byte/parameter",
        moments="4 byte/parameter",
        source="Micikevicius et al., arXiv:1710.03740, section 3.1 (master weights)",
    ),
}


@attrs.frozen(kw_only=True, eq=False)
class ModelState:
    """Weights, gradients and optimizer states of one parameter.

    Examples
    --------
    >>> state = model_state(optimizer="adam", weights="bf16", gradients="bf16")
    >>> for part in state.split("optimizer"):
    ...     print(part)
    4 B/parameter
    12 B/parameter
    """

    weights: Quantity = attrs.field(converter=_as_information_per_parameter)
    """Weights that compute (byte/parameter)."""

    gradients: Quantity = attrs.field(converter=_as_information_per_parameter)
    """Gradients, in the format in which they are summed (byte/parameter)."""

    optimizer: OptimizerState
    """What the optimizer keeps."""

    @property
    def per_parameter(self) -> Quantity:
        """All of it on one accelerator (byte/parameter)."""
        return state_per_parameter(
            weights=self.weights,
            gradients=self.gradients,
            optimizer=self.optimizer.per_parameter,
        )

    def split(self, sharding: str) -> tuple[Quantity, Quantity]:
        """What each accelerator holds whole, and what is spread over the data-parallel ones.

        Parameters
        ----------
        sharding : str
            "none", "optimizer", "gradients" or "parameters".

        Returns
        -------
        tuple of two quantities
            Whole and spread (byte/parameter), for `sharded_state_per_parameter`.

        Raises
        ------
        UnknownNameError
            If the sharding has another name.
        """
        spread = list(Sharding).index(Sharding(sharding))
        parts = [self.optimizer.per_parameter, self.gradients, self.weights]
        nothing = ureg.Quantity(0.0, "byte/parameter")
        return sum(parts[spread:], nothing), sum(parts[:spread], nothing)


def model_state(*, optimizer: str, weights: str, gradients: str) -> ModelState:
    """Memory of one parameter in training.

    Parameters
    ----------
    optimizer : str
        "adam", "adam 8-bit" or "sgd".
    weights : str
        Number format of the weights that compute: "bf16".
    gradients : str
        Number format in which gradients are summed: "bf16" in ZeRO's count of 16 bytes, "fp32" in
        Megatron's of 18.

    Returns
    -------
    ModelState
        Bytes per parameter, part by part.

    Raises
    ------
    UnknownNameError
        If the optimizer or a format has another name.

    Examples
    --------
    >>> print(model_state(optimizer="adam", weights="bf16", gradients="fp32").per_parameter)
    18 B/parameter
    """
    return ModelState(
        weights=_element(weights),
        gradients=_element(gradients),
        optimizer=Optimizer(optimizer).state,
    )


def _element(format: str) -> Quantity:  # noqa: A002
    return ureg.Quantity(number_format(format).bytes_per_element, "byte/parameter")


@law("byte/parameter")
def state_per_parameter(
    *,
    weights: InformationPerParameter,
    gradients: InformationPerParameter,
    optimizer: InformationPerParameter,
) -> InformationPerParameter:
    r"""Memory of weights, gradients and optimizer states, per parameter.

    Parameters
    ----------
    weights : Quantity
        Weights that compute (byte/parameter): 2 in bf16.
    gradients : Quantity
        Gradients (byte/parameter): 2 in bf16, 4 in fp32.
    optimizer : Quantity
        Master weights and moments (byte/parameter): 12 for Adam.

    Returns
    -------
    Quantity
        Memory per parameter (byte/parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = w + g + o

    Of an adapter only its own parameters have gradients and states; frozen ones have weights.

    References
    ----------
    Rajbhandari et al., "ZeRO", arXiv:1910.02054, section 3.1.

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     state_per_parameter(
    ...         weights=le.quantity("2 byte/parameter"),
    ...         gradients=le.quantity("2 byte/parameter"),
    ...         optimizer=le.quantity("12 byte/parameter"),
    ...     )
    ... )
    16 B/parameter
    """
    return weights + gradients + optimizer


@law("byte/parameter")
def sharded_state_per_parameter(
    *, whole: InformationPerParameter, spread: InformationPerParameter, data_parallel: Number
) -> InformationPerParameter:
    r"""Memory per parameter on each accelerator, if a part is spread over the data-parallel ones.

    Parameters
    ----------
    whole : Quantity
        What each accelerator holds (byte/parameter): `ModelState.split` tells.
    spread : Quantity
        What is held once for all of them (byte/parameter).
    data_parallel : Quantity
        Accelerators over which it is spread; a plain number.

    Returns
    -------
    Quantity
        Memory per parameter (byte/parameter).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: m = m_{\mathrm{whole}} + \frac{m_{\mathrm{spread}}}{n}

    With Adam and 16 bytes: 4 + 12/n (optimizer), 2 + 14/n (gradients), 16/n (parameters). Valid
    between steps: with sharded parameters the weights of the layer at work are gathered besides.

    References
    ----------
    Rajbhandari et al., "ZeRO", arXiv:1910.02054, section 5 and figure 1.

    Examples
    --------
    A model of 7.5 billion parameters on 64 accelerators, as in figure 1 of the paper:

    >>> import llm_economics as le
    >>> state = model_state(optimizer="adam", weights="bf16", gradients="bf16")
    >>> for sharding in ("none", "optimizer", "gradients", "parameters"):
    ...     whole, spread = state.split(sharding)
    ...     found = sharded_state_per_parameter(
    ...         whole=whole, spread=spread, data_parallel=le.quantity(64)
    ...     )
    ...     print(f"{(found * le.quantity('7.5 Gparameter')).to('GB'):.3g}")
    120 GB
    31.4 GB
    16.6 GB
    1.88 GB
    """
    return whole + spread / data_parallel


@law("byte")
def state_memory(
    *, parameters: ParameterCount, per_parameter: InformationPerParameter
) -> Information:
    r"""Memory of weights, gradients and optimizer states of some parameters.

    Parameters
    ----------
    parameters : Quantity
        Parameters that an accelerator holds, experts that are not active too (parameter).
    per_parameter : Quantity
        Memory per parameter (byte/parameter).

    Returns
    -------
    Quantity
        Memory (byte).

    Raises
    ------
    DimensionError
        If an argument has another dimension.

    Notes
    -----
    .. math:: M = N m

    References
    ----------
    Rajbhandari et al., "ZeRO", arXiv:1910.02054, section 3.1 (the example: GPT-2).

    Examples
    --------
    >>> import llm_economics as le
    >>> print(
    ...     state_memory(
    ...         parameters=le.quantity("1.5 Gparameter"),
    ...         per_parameter=le.quantity("16 byte/parameter"),
    ...     ).to("GB")
    ... )
    24 GB
    """
    return parameters * per_parameter
