"""A graph compiled to a straight list of instructions.

Compiling merges equal sub-expressions (so that `x - x` is exactly zero however it was written),
folds constants, and fixes the order of the inputs. The list is then run on floats, on arrays of
samples, or on intervals, and backwards for derivatives. Recursion over nodes was rejected: deep
graphs exhaust the stack, and shared sub-expressions would be computed again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import attrs
import numpy as np
import numpy.typing as npt

from llm_economics.core.errors import RangeError
from llm_economics.core.uncertain.code import LONGEST, gradient_code, value_code
from llm_economics.core.uncertain.factors import without_outer_factor
from llm_economics.core.uncertain.graph import COMMUTATIVE, topological
from llm_economics.core.uncertain.operations import (
    OPERATIONS,
    Interval,
    multiply_intervals,
    outward,
)
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llm_economics.core.uncertain.graph import Uncertain

T = TypeVar("T")

__all__ = ["Instruction", "Program", "Structure", "compile_program"]

Structure: TypeAlias = tuple[tuple[str, tuple[int, ...], Any], ...]
"""Steps of a program without its constants: operation, arguments, and what decides about the code
(the place of a variable, the exponent of a power)."""


@attrs.frozen(eq=False)
class Instruction:
    """One step: a constant, an input, or an operation on earlier steps."""

    operation: str
    arguments: tuple[int, ...] = ()
    payload: Any = None


@attrs.frozen(eq=False)
class Program:
    """A compiled expression with one result.

    Evaluate it with values given in the order of `variables`.
    """

    instructions: tuple[Instruction, ...]
    """Steps in order; the last one is the result."""

    variables: tuple[Variable, ...]
    """Inputs in order of first appearance."""

    shape: tuple[int, ...]
    """Shape of the result when every input is one number."""

    compiled: dict[Any, Any] = attrs.field(factory=dict, init=False, repr=False)
    """Functions that were compiled for it, by what they are for."""

    def value(self, values: Sequence[float]) -> Any:
        """Value of the result for one number per variable; the quickest way to it.

        Parameters
        ----------
        values : sequence of float
            One number per variable.

        Returns
        -------
        float, or array if array constants take part
            The result; infinite or NaN where NumPy would say so.
        """
        code = self.compiled.get("value")
        if code is None:
            code = self._compiled("value")
        try:
            return code(*values)
        except (ArithmeticError, ValueError):
            # Python refuses what NumPy computes: 1 / 0, an overflow, the root of -1.
            return self._by_numpy(values)

    def _compiled(self, what: str) -> Callable[..., Any]:
        """Function of one float per variable, made at first use."""
        if self.shape or len(self.instructions) > LONGEST:
            ways = {"value": self._by_numpy, "gradient": self._gradient_by_numpy}
            self.compiled[what] = lambda *values: ways[what](values)
        else:
            makers = {"value": value_code, "gradient": gradient_code}
            self.compiled[what] = makers[what](self.instructions, len(self.variables))
        made: Callable[..., Any] = self.compiled[what]
        return made

    def _by_numpy(self, values: Sequence[float]) -> Any:
        with np.errstate(all="ignore"):
            found = self.run([np.float64(value) for value in values])
        return found if self.shape else float(found)

    def trace(self, values: Sequence[Any]) -> list[Any]:
        """Run on numbers or arrays and return the value of every step.

        Parameters
        ----------
        values : sequence
            One number or array of samples per variable.

        Returns
        -------
        list
            Values of all steps, the result last.
        """
        sampled = any(np.ndim(value) for value in values)
        results: list[Any] = []
        for step in self.instructions:
            if step.operation == "variable":
                results.append(values[step.payload])
            elif step.operation == "constant":
                # Samples lie on the last axis, so arrays of constants get one there.
                grow = sampled and isinstance(step.payload, np.ndarray)
                results.append(step.payload[..., None] if grow else step.payload)
            else:
                function = OPERATIONS[step.operation].function
                results.append(function(*(results[i] for i in step.arguments)))
        return results

    def run(self, values: Sequence[Any]) -> Any:
        """Value of the result for these inputs."""
        return self.trace(values)[-1]

    def kept(self, key: str, make: Callable[[], T]) -> T:
        """Something that was worked out for this program before, or is now.

        Parameters
        ----------
        key : str
            What it is.
        make : callable
            Works it out.

        Returns
        -------
        object
            It; the same one each time.
        """
        found: T | None = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = make()
        return found

    def structure(self) -> Structure:
        """Form of the program; programs that differ only in their numbers share it."""
        return self.kept("structure", lambda: tuple(map(self._form, self.instructions)))

    def _form(self, step: Instruction) -> tuple[str, tuple[int, ...], Any]:
        deciding: Any = None
        if step.operation == "variable":
            deciding = step.payload
        elif step.operation == "power":
            deciding = self.instructions[step.arguments[1]].payload
        return step.operation, step.arguments, deciding

    def medians(self) -> tuple[float, ...]:
        """Medians of the variables, where a central case is computed."""
        return self.kept("medians", lambda: tuple(v.distribution.median() for v in self.variables))

    def gradient(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        """Value and its derivative with respect to every variable, by one backward sweep.

        Parameters
        ----------
        values : sequence of float
            One number per variable.

        Returns
        -------
        value : float
            The result.
        slopes : list of float
            One partial derivative per variable.
        """
        code = self.compiled.get("gradient")
        if code is None:
            code = self._compiled("gradient")
        try:
            found: tuple[Any, list[Any]] = code(*values)
        except (ArithmeticError, ValueError):
            return self._gradient_by_numpy(values)
        return found

    def _gradient_by_numpy(self, values: Sequence[Any]) -> tuple[Any, list[Any]]:
        with np.errstate(all="ignore"):
            return self._swept_back(self.trace([np.float64(value) for value in values]))

    def _swept_back(self, results: list[Any]) -> tuple[Any, list[Any]]:
        adjoint: list[Any] = [0.0] * len(results)
        adjoint[-1] = 1.0
        slopes: list[Any] = [0.0] * len(self.variables)
        for index in range(len(results) - 1, -1, -1):
            step = self.instructions[index]
            if step.operation == "variable":
                slopes[step.payload] = slopes[step.payload] + adjoint[index]
            elif step.operation != "constant":
                inner = [results[i] for i in step.arguments]
                partials = OPERATIONS[step.operation].partials(results[index], *inner)
                for i, partial in zip(step.arguments, partials, strict=True):
                    adjoint[i] = adjoint[i] + adjoint[index] * partial
        return results[-1], slopes

    def jacobian(
        self, values: Sequence[float]
    ) -> tuple[list[float], list[npt.NDArray[np.float64]]]:
        """Value of every step, and its derivatives with respect to every variable.

        Parameters
        ----------
        values : sequence of float
            One number per variable.

        Returns
        -------
        values : list of float
            One per step, the result last.
        slopes : list of ndarray
            One array per step, of one partial derivative per variable; one forward sweep.
        """
        with np.errstate(all="ignore"):
            results = self.trace([np.float64(value) for value in values])
            slopes: list[npt.NDArray[np.float64]] = []
            for index, step in enumerate(self.instructions):
                row = np.zeros(len(self.variables))
                if step.operation == "variable":
                    row[step.payload] = 1.0
                elif step.operation != "constant":
                    inner = [results[i] for i in step.arguments]
                    partials = OPERATIONS[step.operation].partials(results[index], *inner)
                    for i, partial in zip(step.arguments, partials, strict=True):
                        row += float(partial) * slopes[i]
                slopes.append(row)
        return [float(value) for value in results], slopes

    def interval_trace(self, boxes: Sequence[Interval]) -> list[Interval]:
        """Image of every step over boxes of the inputs (one pair of arrays per variable)."""
        results: list[Interval] = []
        for step in self.instructions:
            if step.operation == "variable":
                results.append(boxes[step.payload])
            elif step.operation == "constant":
                results.append((np.float64(step.payload), np.float64(step.payload)))
            else:
                inner = [results[i] for i in step.arguments]
                results.append(self._named(step, OPERATIONS[step.operation].interval, *inner))
        return results

    def _named(self, step: Instruction, of: Callable[..., Interval], *inner: Interval) -> Interval:
        """Image of one step; an error names the inputs that it comes from."""
        try:
            return of(*inner)
        except RangeError as error:
            # The divisor is the last argument; of a power it is the base.
            guilty = 0 if step.operation == "power" else -1
            names = self._inputs_of(step.arguments[guilty])
            blame = f"; it depends on {', '.join(map(repr, names))}" if names else ""
            message = f"{error}{blame}"
            raise RangeError(message) from None

    def _inputs_of(self, index: int) -> tuple[str, ...]:
        needed = {index}
        for i in range(index, -1, -1):
            if i in needed:
                needed.update(self.instructions[i].arguments)
        used = (self.instructions[i] for i in sorted(needed))
        return tuple(
            self.variables[step.payload].name for step in used if step.operation == "variable"
        )

    def interval_gradient(self, boxes: Sequence[Interval]) -> tuple[Interval, list[Interval]]:
        """Image of the result and of its partial derivatives over boxes of the inputs."""
        results = self.interval_trace(boxes)
        adjoint: list[Interval] = [_NOTHING] * len(results)
        adjoint[-1] = (np.float64(1.0), np.float64(1.0))
        slopes: list[Interval] = [_NOTHING] * len(self.variables)
        for index in range(len(results) - 1, -1, -1):
            step = self.instructions[index]
            if step.operation == "variable":
                slopes[step.payload] = _sum(slopes[step.payload], adjoint[index])
            elif step.operation != "constant":
                inner = [results[i] for i in step.arguments]
                partials = OPERATIONS[step.operation].interval_partials(results[index], *inner)
                for i, partial in zip(step.arguments, partials, strict=True):
                    if self.instructions[i].operation != "constant":
                        # Rounded outwards, as a sign is decided by the ends.
                        share = outward(multiply_intervals(adjoint[index], partial))
                        adjoint[i] = _sum(adjoint[i], share)
        return results[-1], slopes


def _sum(a: Interval, b: Interval) -> Interval:
    # Most slopes have one term only, and nothing to round.
    if a is _NOTHING:
        return b
    return outward((a[0] + b[0], a[1] + b[1]))


_NOTHING: Interval = (np.float64(0.0), np.float64(0.0))


class _Builder:
    """Collects instructions, one per distinct sub-expression."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self.variables: dict[str, int] = {}
        self.inputs: list[Variable] = []
        self.numbers: dict[Any, int] = {}

    def add(self, step: Instruction, key: Any) -> int:
        if key not in self.numbers:
            self.numbers[key] = len(self.steps)
            self.steps.append(step)
        return self.numbers[key]

    def constant(self, value: Any) -> int:
        if np.ndim(value):
            key: Any = (value.shape, value.tobytes())
            return self.add(Instruction("constant", (), value), ("constant", key))
        return self.add(Instruction("constant", (), float(value)), ("constant", float(value).hex()))

    def variable(self, variable: Variable) -> int:
        if variable.token not in self.variables:
            self.variables[variable.token] = len(self.inputs)
            self.inputs.append(variable)
        place = self.variables[variable.token]
        return self.add(Instruction("variable", (), place), ("variable", place))

    def apply(self, operation: str, arguments: tuple[int, ...]) -> int:
        inner = [self.steps[i] for i in arguments]
        if all(step.operation == "constant" for step in inner):
            values = [step.payload for step in inner]
            # A division by zero stays, so that bounds can refuse it.
            if operation != "divide" or np.all(values[1]):
                return self.constant(OPERATIONS[operation].function(*values))
        if operation == "power" and inner[1].payload == 0.0:
            return self.constant(1.0)
        if operation == "power" and inner[1].payload == 1.0:
            return arguments[0]
        same = len(set(arguments)) == 1 and len(arguments) == 2  # noqa: PLR2004
        if same and operation == "subtract":
            return self.constant(0.0)
        if same and operation == "divide":
            return self.constant(1.0)
        ordered = tuple(sorted(arguments)) if operation in COMMUTATIVE else arguments
        return self.add(Instruction(operation, arguments), (operation, ordered))


def compile_program(node: Uncertain) -> Program:
    """Compile a graph; the program is kept with the node, so a second call is free.

    Parameters
    ----------
    node : Uncertain
        The result.

    Returns
    -------
    Program
        Its instructions.
    """
    program: Program | None = node.compiled
    if program is None:
        program = node.compiled = _compile(node)
    return program


def _compile(node: Uncertain) -> Program:
    builder = _Builder()
    place: dict[int, int] = {}
    for part in topological((node,)):
        if part.operation == "variable":
            place[id(part)] = builder.variable(part.payload)
        elif part.operation == "constant":
            place[id(part)] = builder.constant(part.payload)
        else:
            inner = tuple(place[id(a)] for a in part.arguments)
            place[id(part)] = builder.apply(part.operation, inner)
    steps, result = without_outer_factor(builder.steps, place[id(node)])
    return _without_dead_steps(steps, result, tuple(builder.inputs), node.shape)


def _without_dead_steps(
    all_steps: list[Instruction], result: int, inputs: tuple[Variable, ...], shape: tuple[int, ...]
) -> Program:
    needed = {result}
    for index in range(result, -1, -1):
        if index in needed:
            needed.update(all_steps[index].arguments)
    if len(needed) == len(all_steps):
        return Program(tuple(all_steps), inputs, shape)
    order = sorted(needed)
    new_place = {old: new for new, old in enumerate(order)}
    used = [all_steps[i].payload for i in order if all_steps[i].operation == "variable"]
    new_input = {old: new for new, old in enumerate(used)}
    steps: list[Instruction] = []
    for old in order:
        step = all_steps[old]
        payload = new_input[step.payload] if step.operation == "variable" else step.payload
        steps.append(
            Instruction(step.operation, tuple(new_place[i] for i in step.arguments), payload)
        )
    return Program(tuple(steps), tuple(inputs[i] for i in used), shape)
