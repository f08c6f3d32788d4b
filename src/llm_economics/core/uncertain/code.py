"""Python code written for one program: its value, and its value with all slopes.

Walking a list of instructions costs more than the arithmetic itself when the inputs are single
numbers. So the list is written out once as straight-line Python, one line per step, and compiled.
The text is made of step numbers, float literals and the operations below, and of nothing else: no
name or text of a user gets into it.

Rejected: nested expressions (no faster, and the parser has a limit), closures per step (five times
slower), numba (a second of compiling and three times numpy's import).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llm_economics.core.uncertain.program import Instruction

__all__ = [
    "LONGEST",
    "Gradient",
    "Value",
    "build",
    "gradient_code",
    "literal",
    "value_code",
]

Value: TypeAlias = Callable[..., float]
"""Takes one float per variable, returns the result."""

Gradient: TypeAlias = Callable[..., tuple[float, list[float]]]
"""Takes one float per variable, returns the result and one slope per variable."""

LONGEST = 5000
"""Programs of more steps are interpreted: compiling them would take longer than it saves."""

# NaN goes through both branches, as in NumPy. What Python refuses (a division by zero, the root
# of a negative number, an overflow) raises here; the caller then computes with NumPy instead.
_VALUES = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "power": "pow({0}, {1})",
    "negative": "-{0}",
    "absolute": "abs({0})",
    "maximum": "{0} if {0} >= {1} or {0} != {0} else {1}",
    "minimum": "{0} if {0} <= {1} or {0} != {0} else {1}",
    "ceil": "float(ceil({0}))",
    "floor": "float(floor({0}))",
    "exp": "exp({0})",
    "log": "log({0})",
    "sqrt": "sqrt({0})",
    "less": "1.0 if {0} < {1} else 0.0",
    "where": "{1} if {0} else {2}",
}

# What one unit of the result's slope (d) adds to the slope of each argument; r is the result.
_SLOPES: dict[str, tuple[str, ...]] = {
    "add": ("{d}", "{d}"),
    "subtract": ("{d}", "-{d}"),
    "multiply": ("{d} * {1}", "{d} * {0}"),
    "divide": ("{d} / {1}", "-{d} * {r} / {1}"),
    "power": ("{d} * {1} * pow({0}, {1} - 1.0)", ""),
    "negative": ("-{d}",),
    "absolute": ("-{d} if {0} < 0.0 else {d}",),
    "maximum": ("{d} if {0} >= {1} else 0.0", "0.0 if {0} >= {1} else {d}"),
    "minimum": ("0.0 if {0} >= {1} else {d}", "{d} if {0} >= {1} else 0.0"),
    "ceil": ("{d}",),
    "floor": ("{d}",),
    "exp": ("{d} * {r}",),
    "log": ("{d} / {0}",),
    "sqrt": ("{d} * 0.5 / {r}",),
    "less": ("", ""),
    "where": ("", "{d} if {0} else 0.0", "0.0 if {0} else {d}"),
}

_NAMES = {
    "__builtins__": {},
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "float": float,
    "floor": math.floor,
    "inf": math.inf,
    "log": math.log,
    "nan": math.nan,
    "pow": math.pow,
    "sqrt": math.sqrt,
}


def literal(value: float) -> str:
    """Write a float so that Python reads the same float back."""
    return repr(float(value)) if math.copysign(1.0, value) > 0 else f"({float(value)!r})"


def value_code(instructions: Sequence[Instruction], inputs: int) -> Value:
    """Compile a function that returns the result.

    Parameters
    ----------
    instructions : sequence of Instruction
        The steps; no constant is an array.
    inputs : int
        How many variables there are.

    Returns
    -------
    callable
        Takes one float per variable. It raises ArithmeticError or ValueError where Python's
        floats do and NumPy would return infinity or NaN.
    """
    names = _step_names(instructions)
    body = [*_forward(instructions, names), f"return {names[-1]}"]
    return cast("Value", build("value", [f"v{i}" for i in range(inputs)], body, _NAMES))


def gradient_code(instructions: Sequence[Instruction], inputs: int) -> Gradient:
    """Compile a function that returns the result and its slope by every variable.

    Parameters
    ----------
    instructions, inputs
        As for `value_code`.

    Returns
    -------
    callable
        Takes one float per variable; one backward sweep, whatever their number. Raises as the
        function of `value_code` does.
    """
    names = _step_names(instructions)
    forward = _forward(instructions, names)
    backward, slopes = _backward(instructions, names, inputs)
    body = [*forward, *backward, f"return {names[-1]}, [{', '.join(slopes)}]"]
    return cast("Gradient", build("gradient", [f"v{i}" for i in range(inputs)], body, _NAMES))


def build(name: str, parameters: list[str], body: list[str], names: dict[str, Any]) -> Any:
    """Compile a function from lines that this package wrote.

    Parameters
    ----------
    name : str
        What to call it.
    parameters, body : list of str
        Names of its parameters, and its lines.
    names : dict
        What the lines may use.

    Returns
    -------
    callable
        The function.
    """
    text = f"def {name}({', '.join(parameters)}):\n    " + "\n    ".join(body)
    space = dict(names)
    exec(compile(text, f"<{name} of a range>", "exec"), space)  # noqa: S102 - see the module's text
    return space[name]


def _step_names(instructions: Sequence[Instruction]) -> list[str]:
    names = []
    for index, step in enumerate(instructions):
        if step.operation == "variable":
            names.append(f"v{step.payload}")
        elif step.operation == "constant":
            names.append(literal(step.payload))
        else:
            names.append(f"t{index}")
    return names


def _forward(instructions: Sequence[Instruction], names: list[str]) -> list[str]:
    lines = []
    for index, step in enumerate(instructions):
        if step.operation in _VALUES:
            inner = [names[i] for i in step.arguments]
            lines.append(f"{names[index]} = {_VALUES[step.operation].format(*inner)}")
    return lines


def _backward(
    instructions: Sequence[Instruction], names: list[str], inputs: int
) -> tuple[list[str], list[str]]:
    # The slope of the result by step i is called d<i> once something has been added to it.
    last = len(instructions) - 1
    reached = {last}
    lines = [f"d{last} = 1.0"]
    slopes = ["0.0"] * inputs
    for index in range(last, -1, -1):
        step = instructions[index]
        if index not in reached or step.operation == "constant":
            continue
        if step.operation == "variable":
            slopes[step.payload] = f"d{index}"
            continue
        inner = [names[i] for i in step.arguments]
        for i, text in zip(step.arguments, _SLOPES[step.operation], strict=True):
            if text and instructions[i].operation != "constant":
                added = text.format(*inner, d=f"d{index}", r=names[index])
                lines.append(f"d{i} = {added}" if i not in reached else f"d{i} += {added}")
                reached.add(i)
    return lines, slopes
