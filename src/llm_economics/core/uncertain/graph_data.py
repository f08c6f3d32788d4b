"""Ranges as plain data, such as JSON can hold: inputs, and the steps of an expression.

A graph becomes a flat list of steps, arguments before what uses them, so that neither writing nor
reading recurses. What is read is checked in full before any input exists: a file that is refused
leaves nothing behind.

Rejected: pickle (it runs what it reads), a formula as text (it would have to be evaluated), and a
nested tree (shared parts would be written many times, and deep ones exhaust the stack).
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from numbers import Real
from typing import Any, TypeAlias

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import LLMEconomicsError, NotationError, RangeError
from llm_economics.core.uncertain.correlation import Joint
from llm_economics.core.uncertain.distributions import Distribution, from_dict
from llm_economics.core.uncertain.graph import Uncertain, constant, topological, uncertain
from llm_economics.core.uncertain.operations import OPERATIONS
from llm_economics.core.uncertain.variable import Variable, _restore

__all__ = [
    "MAXIMUM_NUMBERS",
    "MAXIMUM_STEPS",
    "InputRecord",
    "graph_from_data",
    "graph_to_data",
    "input_of_key",
    "input_record",
    "input_to_data",
    "is_list",
    "numbers",
    "refused",
    "shown",
    "text_of",
]

MAXIMUM_STEPS = 1_000_000
"""Longer expressions are neither written nor read."""

MAXIMUM_NUMBERS = 10_000_000
"""Larger arrays are not read."""

_MAXIMUM_DEPTH = 16  # of a distribution made of others
_MAXIMUM_PARTS = 1_000_000  # of a distribution: its values, weights and components
_MAXIMUM_DIMENSIONS = 32  # of an array

# What is written of an input besides its distribution: word in the data, attribute of `Variable`.
_WORDS = {"unit": "unit", "key": "token", "name": "name", "source": "source", "stream": "stream"}
_JOINT_WORDS = ("joint", "member")
_JOINT_FIELDS = ("members", "names", "ranks")

_Step: TypeAlias = tuple[str, tuple[int, ...], Any]


@attrs.frozen
class InputRecord:
    """One input as read from data, checked, and not yet an input."""

    distribution: Distribution
    """How its value is spread."""
    labels: dict[str, Any]
    """The attributes of `Variable` that were stated."""

    @property
    def is_fresh(self) -> bool:
        """Whether it has no key, so that it will be an input of its own."""
        return "token" not in self.labels

    def variable(self) -> Variable:
        """Return the input that has this key, or a new one.

        Returns
        -------
        Variable
            The input.

        Raises
        ------
        RangeError
            If the key already stands for another range.
        """
        if self.is_fresh:
            return Variable.create(self.distribution, **self.labels)
        key = self.labels["token"]
        labels = {"name": key, "stream": key, **self.labels}
        found = _restore(self.distribution.to_dict(), labels)
        stated = (self.distribution, labels.get("joint"), labels.get("member", 0))
        if (found.distribution, found.joint, found.member) != stated:
            message = (
                f"the key {key!r} already stands for {found.name!r} with other correlations; "
                "use another key, or read both in one process only"
            )
            raise RangeError(message)
        return found


def shown(value: object) -> str:
    """Write what came, shortened, for a message."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to write whole numbers of thousands of digits
        return f"a {type(value).__name__} that is too long to show"


def refused(place: str, needed: str, came: object) -> NotationError:
    """Word a refusal: the place in the data, what it needs, what came."""
    return NotationError(f"from_dict: {place}: needs {needed}; got {shown(came)}")


def is_list(value: object) -> bool:
    """Tell whether a value is what JSON calls an array."""
    return isinstance(value, (list, tuple))


def text_of(value: object, place: str) -> str:
    """Return a text, or refuse what is none.

    Parameters
    ----------
    value : object
        What came.
    place : str
        Where it stands, for the message.

    Returns
    -------
    str
        The text.

    Raises
    ------
    NotationError
        If it is something else.
    """
    if not isinstance(value, str):
        raise refused(place, "a text", value)
    return value


def numbers(value: object, place: str) -> float | npt.NDArray[np.float64]:
    """Read a finite number, or nested lists of them.

    Parameters
    ----------
    value : object
        What came.
    place : str
        Where it stands, for the message.

    Returns
    -------
    float or numpy.ndarray
        The number, or an array.

    Raises
    ------
    NotationError
        If there is something else in it, or the lists have different lengths.
    RangeError
        If a number is not finite, or there are too many.
    """
    flat, shape = _flat(value, place)
    wrong = [kind for kind in set(map(type, flat)) if kind is bool or not issubclass(kind, Real)]
    if wrong or not flat:
        came = next((x for x in flat if type(x) in wrong), value)
        raise refused(place, "a number, or lists of numbers", came)
    try:
        found = np.array(flat, dtype=np.float64)
    except OverflowError:
        found = np.array([np.inf])
    if not np.all(np.isfinite(found)):
        message = f"from_dict: {place}: needs finite numbers; leave out what is unknown"
        raise RangeError(message)
    return found.reshape(shape) if shape else float(found[0])


def _flat(value: object, place: str) -> tuple[list[Any], tuple[int, ...]]:
    """Items of nested lists, and their shape; level by level, without recursion."""
    flat: list[Any] = [value]
    shape: tuple[int, ...] = ()
    while flat and all(map(is_list, flat)):
        sizes = set(map(len, flat))
        if len(sizes) > 1 or len(shape) == _MAXIMUM_DIMENSIONS:
            raise refused(place, "lists of one length, at most 32 deep", value)
        if len(flat) * max(sizes) > MAXIMUM_NUMBERS:
            message = f"from_dict: {place}: is too large: at most {MAXIMUM_NUMBERS:,} numbers"
            raise RangeError(message)
        shape += (sizes.pop(),)
        flat = [item for row in flat for item in row]
    return flat, shape


# -- inputs ------------------------------------------------------------------------------------


def input_of_key(key: str) -> Variable | None:
    """Return the input that has this key in this process, if there is one."""
    return Variable._known(key)  # noqa: SLF001 - the one look-up there is


def input_to_data(variable: Variable) -> dict[str, Any]:
    """Write an input as plain data.

    Parameters
    ----------
    variable : Variable
        The input.

    Returns
    -------
    dict
        The fields of its distribution, and its labels.

    Examples
    --------
    >>> from llm_economics.core.uncertain.distributions import Uniform
    >>> input_to_data(Variable.create(Uniform(1.0, 2.0), key="pue", source="meter"))["key"]
    'pue'
    """
    labels = {word: getattr(variable, attribute) for word, attribute in _WORDS.items()}
    data = {**variable.distribution.to_dict(), **labels}
    if variable.joint is not None:
        data |= {"joint": variable.joint.to_dict(), "member": variable.member}
    return data


def input_record(data: object, place: str, *, keyed: bool = True) -> InputRecord:
    """Check what `input_to_data` wrote.

    Parameters
    ----------
    data : mapping
        The fields of a distribution, and labels.
    place : str
        Where it stands, for the messages.
    keyed : bool
        Whether it must have a key.

    Returns
    -------
    InputRecord
        The input to be.

    Raises
    ------
    NotationError
        If a label is not known, of the wrong kind, or missing.
    RangeError
        If the distribution or the correlations are refused.
    """
    if not isinstance(data, Mapping):
        raise refused(place, "an object such as {'kind': 'uniform', 'low': 1, ...}", data)
    labels = {
        attribute: text_of(data[word], f"{place}.{word}")
        for word, attribute in _WORDS.items()
        if word in data
    }
    if not labels.get("token") and (keyed or {"key", "stream", *_JOINT_WORDS} & data.keys()):
        raise refused(f"{place}.key", "a text that is not empty", data.get("key"))
    rest = {key: item for key, item in data.items() if key not in (*_WORDS, *_JOINT_WORDS)}
    return InputRecord(_distribution(rest, place), {**labels, **_correlation(data, place)})


def _distribution(data: dict[Any, Any], place: str) -> Distribution:
    _check_depth(data, place)
    try:
        return from_dict(data)
    except RangeError as error:
        message = f"from_dict: {place}: {str(error).removeprefix('from_dict: ')}"
        raise RangeError(message) from None
    except (OverflowError, TypeError, ValueError):  # numbers beyond floats, keys that are no texts
        raise refused(place, "finite numbers, under names that are texts", data) from None


def _check_depth(data: object, place: str) -> None:
    """Refuse what is nested too deeply; level by level, without recursion."""
    level = [data]
    for _ in range(_MAXIMUM_DEPTH):
        level = [child for value in level for child in _children(value)]
        if len(level) > _MAXIMUM_PARTS:
            break
    if level:
        needed = f"at most {_MAXIMUM_DEPTH} levels of parts, and {_MAXIMUM_PARTS:,} of them"
        raise refused(place, needed, data)


def _children(value: object) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, (list, tuple)) else []


def _correlation(data: Mapping[Any, Any], place: str) -> dict[str, Any]:
    """Read the rank correlations of an input, if it has any."""
    if "joint" not in data and "member" not in data:
        return {}
    given, member = data.get("joint"), data.get("member")
    if not isinstance(given, Mapping) or set(given) != set(_JOINT_FIELDS):
        raise refused(f"{place}.joint", f"an object with {', '.join(_JOINT_FIELDS)}", given)
    members, names = (
        _texts(given[field], f"{place}.joint.{field}") for field in ("members", "names")
    )
    ranks = numbers(given["ranks"], f"{place}.joint.ranks")
    if np.ndim(ranks) != 2 or len(members) != len(names):  # noqa: PLR2004
        raise refused(f"{place}.joint", "as many names as members, and a square matrix", given)
    if type(member) is not int or not 0 <= member < len(members):
        raise refused(f"{place}.member", f"a whole number from 0 to {len(members) - 1}", member)
    stated: dict[str, Any] = {"members": members, "names": names, "ranks": ranks}
    try:
        return {"joint": Joint(**stated), "member": member}
    except LLMEconomicsError as error:
        raise RangeError(f"from_dict: {place}.joint: {error}") from None


def _texts(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise refused(place, "a list of texts", value)
    return tuple(text_of(item, place) for item in value)


# -- expressions -------------------------------------------------------------------------------


def graph_to_data(node: Uncertain) -> dict[str, Any]:
    """Write an expression as plain data.

    Parameters
    ----------
    node : Uncertain
        The result.

    Returns
    -------
    dict
        ``expression``: one ``[operation, places of its arguments]`` per step, the last one the
        result, with a third item where it is a constant or one of the ``inputs``.

    Raises
    ------
    RangeError
        If it has too many steps, or a constant that is not finite.

    Examples
    --------
    >>> from llm_economics.core.uncertain.distributions import Uniform
    >>> pue = uncertain(Variable.create(Uniform(1.0, 2.0), key="pue"))
    >>> graph_to_data(pue - 1.0)["expression"]
    [['variable', [], 0], ['constant', [], 1.0], ['subtract', [0, 1]]]
    """
    order = topological((node,))
    if len(order) > MAXIMUM_STEPS:
        message = (
            f"to_dict: an expression of {len(order):,} steps is too long: at most "
            f"{MAXIMUM_STEPS:,}; save its inputs, and compute it again"
        )
        raise RangeError(message)
    places = {id(part): i for i, part in enumerate(order)}
    inputs: dict[str, Variable] = {}
    for variable in node.variables():
        inputs.setdefault(variable.token, variable)
    numbering = {token: i for i, token in enumerate(inputs)}
    steps = [
        [part.operation, [places[id(a)] for a in part.arguments], *_payload(part, numbering)]
        for part in order
    ]
    return {"expression": steps, "inputs": [input_to_data(v) for v in inputs.values()]}


def _payload(node: Uncertain, numbering: dict[str, int]) -> list[Any]:
    if node.operation == "variable":
        return [numbering[node.payload.token]]
    if node.operation != "constant":
        return []
    if not np.all(np.isfinite(node.payload)):
        message = f"to_dict: a constant of the expression is not finite: {shown(node.payload)}"
        raise RangeError(message)
    return [np.asarray(node.payload).tolist()]


def graph_from_data(expression: object, inputs: object) -> Uncertain:
    """Bring back what `graph_to_data` wrote.

    Parameters
    ----------
    expression : list
        The steps.
    inputs : list
        The inputs.

    Returns
    -------
    Uncertain
        The result: the same expression of the same inputs.

    Raises
    ------
    NotationError
        If a step or an input cannot be read; the message names its place.
    RangeError
        If a number is refused, or a key already stands for another range.
    """
    if not isinstance(inputs, (list, tuple)):
        raise refused("inputs", "a list of inputs", inputs)
    if not isinstance(expression, (list, tuple)) or not expression:
        raise refused("expression", "a list of steps", expression)
    if len(expression) > MAXIMUM_STEPS:
        message = f"from_dict: expression: is too long: at most {MAXIMUM_STEPS:,} steps are read"
        raise RangeError(message)
    records = [input_record(data, f"inputs[{i}]") for i, data in enumerate(inputs)]
    reader = _Steps(len(records))
    for step in expression:
        reader.add(step)
    return _built(reader.steps, _all_variables(records))


def _all_variables(records: list[InputRecord]) -> list[Variable]:
    made: list[Variable] = []
    try:
        made.extend(record.variable() for record in records)
    except RangeError as error:
        made.clear()  # and no traceback, which would keep inputs alive that nobody has
        raise error.with_traceback(None) from None
    return made


def _built(steps: list[_Step], variables: list[Variable]) -> Uncertain:
    nodes: list[Uncertain] = []
    for operation, arguments, payload in steps:
        if operation == "variable":
            nodes.append(uncertain(variables[payload]))
        elif operation == "constant":
            nodes.append(constant(payload))
        else:
            nodes.append(Uncertain(operation, tuple(nodes[i] for i in arguments)))
    return nodes[-1]


class _Steps:
    """Checks steps, one after another, before any of them is built."""

    def __init__(self, inputs: int) -> None:
        self.inputs = inputs
        self.steps: list[_Step] = []
        self.shapes: list[tuple[int, ...]] = []

    def add(self, step: object) -> None:
        """Check one step and keep it."""
        place = f"expression[{len(self.steps)}]"
        if not isinstance(step, (list, tuple)) or not 2 <= len(step) <= 3:  # noqa: PLR2004
            raise refused(place, "a step such as ['multiply', [0, 1]]", step)
        operation, payload = step[0], step[2:]
        arguments = self._places(step[1], place)
        if operation == "variable":
            found = self._input(arguments, payload, place)
        elif operation == "constant":
            found = self._constant(arguments, payload, place)
        else:
            found = self._operation(operation, arguments, payload, place)
        self.steps.append(found)

    def _places(self, given: object, place: str) -> tuple[int, ...]:
        """Places of arguments: whole numbers that point to earlier steps."""
        if not isinstance(given, (list, tuple)):
            raise refused(place, "a list of the places of its arguments", given)
        for i in given:
            if type(i) is not int or not 0 <= i < len(self.steps):
                raise refused(place, "places of earlier steps, counted from 0", i)
        return tuple(given)

    def _input(self, arguments: tuple[int, ...], payload: Any, place: str) -> _Step:
        number = payload[0] if len(payload) == 1 else None
        if arguments or type(number) is not int or not 0 <= number < self.inputs:
            needed = "the place of one of the inputs, as in ['variable', [], 0]"
            raise refused(place, needed, [list(arguments), *payload])
        self.shapes.append(())
        return "variable", (), number

    def _constant(self, arguments: tuple[int, ...], payload: Any, place: str) -> _Step:
        if arguments or len(payload) != 1:
            needed = "a number, as in ['constant', [], 5.0]"
            raise refused(place, needed, [list(arguments), *payload])
        value = numbers(payload[0], place)
        self.shapes.append(np.shape(value))
        return "constant", (), value

    def _operation(
        self, operation: object, arguments: tuple[int, ...], payload: Any, place: str
    ) -> _Step:
        if not isinstance(operation, str) or operation not in OPERATIONS:
            known = ", ".join(("variable", "constant", *OPERATIONS))
            raise refused(place, f"one of {known}", operation)
        arity = OPERATIONS[operation].arity
        if len(arguments) != arity or payload:
            needed = f"{arity} arguments for {operation!r} and nothing after them"
            raise refused(place, needed, [list(arguments), *payload])
        if operation == "power" and self.steps[arguments[1]][0] != "constant":
            needed = "a constant as the exponent; write a ** b as exp(b log(a))"
            raise refused(place, needed, self.steps[arguments[1]][0])
        shapes = [self.shapes[i] for i in arguments]
        try:
            self.shapes.append(np.broadcast_shapes(*shapes))
        except ValueError:
            raise refused(place, "arguments of shapes that fit together", shapes) from None
        return operation, arguments, None
