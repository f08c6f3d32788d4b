"""The expression graph: an uncertain number records what was done to it.

`Uncertain` is a node of a small immutable graph. Ordinary arithmetic and NumPy's functions build
new nodes; nothing is computed until an answer is asked for. A node serves as the magnitude of a
pint quantity, so that units are pint's business and ranges are ours.

Rejected: an object that carries samples (memory, and no derivatives or bounds), and a dual number
(`uncertainties`), which is wrong in kind for wide ranges and for `max`.
"""

from __future__ import annotations

import threading
from numbers import Real
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

import numpy as np

from llm_economics.core.errors import TruthValueError
from llm_economics.core.uncertain.operations import OPERATIONS
from llm_economics.core.uncertain.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "COMMUTATIVE",
    "Uncertain",
    "constant",
    "element",
    "split_scale",
    "substituted",
    "topological",
    "uncertain",
]

T = TypeVar("T")

_UFUNCS: dict[Any, str] = {
    np.add: "add",
    np.subtract: "subtract",
    np.multiply: "multiply",
    np.divide: "divide",
    np.negative: "negative",
    np.absolute: "absolute",
    np.maximum: "maximum",
    np.minimum: "minimum",
    np.fmax: "maximum",
    np.fmin: "minimum",
    np.ceil: "ceil",
    np.floor: "floor",
    np.exp: "exp",
    np.log: "log",
    np.sqrt: "sqrt",
    np.less: "less",
}

COMMUTATIVE = frozenset({"add", "multiply", "maximum", "minimum"})
"""Operations whose arguments may change places."""

# Answers kept with a node: a summary, a repr and three quantile calls evaluate it once.
_KEPT = 4
_MEMORY_LOCK = threading.Lock()


class Uncertain:
    """A number that is known only as a range: a node of an expression graph.

    Users meet it as the magnitude of a quantity, made by `between` and its kin.

    Parameters
    ----------
    operation : str
        "variable", "constant", or a name in `OPERATIONS`.
    arguments : tuple of Uncertain
        What the operation is applied to.
    payload : Variable, float, array or None
        The variable or the constant at a leaf.
    """

    __slots__ = (
        "__weakref__",
        "_hash",
        "_memory",
        "arguments",
        "compiled",
        "operation",
        "payload",
        "shape",
    )

    operation: str
    arguments: tuple[Uncertain, ...]
    payload: Any
    shape: tuple[int, ...]
    compiled: Any
    """Its program, once `compile_program` was asked for it."""

    # Above NumPy's own, so that `array * uncertain` asks us first.
    __array_priority__ = 16

    def __init__(
        self, operation: str, arguments: tuple[Uncertain, ...] = (), payload: Any = None
    ) -> None:
        self.operation = operation
        self.arguments = arguments
        self.payload = payload
        shapes = [a.shape for a in arguments]
        self.shape = np.broadcast_shapes(*shapes) if any(shapes) else np.shape(_number(payload))
        self.compiled = None
        inner = [hash(argument) for argument in arguments]
        if operation in COMMUTATIVE:
            inner.sort()
        self._hash: int = hash((operation, _identity(payload), *inner))
        self._memory: dict[Any, Any] = {}

    @property
    def ndim(self) -> int:
        """Number of array dimensions: 0 unless an array took part in the computation."""
        return len(self.shape)

    # -- arithmetic -------------------------------------------------------------------------

    def __add__(self, other: Any) -> Uncertain:
        return _apply("add", self, other)

    def __radd__(self, other: Any) -> Uncertain:
        return _apply("add", other, self)

    def __sub__(self, other: Any) -> Uncertain:
        return _apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Uncertain:
        return _apply("subtract", other, self)

    def __mul__(self, other: Any) -> Uncertain:
        return _apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Uncertain:
        return _apply("multiply", other, self)

    def __truediv__(self, other: Any) -> Uncertain:
        return _apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Uncertain:
        return _apply("divide", other, self)

    def __pow__(self, other: Any) -> Uncertain:
        return _raise_to(self, other)

    def __rpow__(self, other: Any) -> Uncertain:
        return _raise_to(other, self)

    def __neg__(self) -> Uncertain:
        return _apply("negative", self)

    def __pos__(self) -> Uncertain:
        return self

    def __abs__(self) -> Uncertain:
        return _apply("absolute", self)

    def __getitem__(self, key: Any) -> Uncertain:
        """Part of an array of ranges."""
        return element(self, key)

    def __len__(self) -> int:
        """Length of an array of ranges along its first dimension."""
        if not self.shape:
            message = "a single range has no length"
            raise TypeError(message)
        return self.shape[0]

    def __round__(self, digits: int = 0) -> NoReturn:
        """Refuse: rounding is for showing; `ceil` and `floor` are for counting."""
        message = "a range is not rounded: format it, as in f'{x:.2g}', or use le.functions.ceil(x)"
        raise TypeError(message)

    def __ceil__(self) -> Uncertain:
        return _apply("ceil", self)

    def __floor__(self) -> Uncertain:
        return _apply("floor", self)

    def sqrt(self) -> Uncertain:
        """Square root; NumPy calls this method for arrays of objects."""
        return _apply("sqrt", self)

    def exp(self) -> Uncertain:
        """Exponential."""
        return _apply("exp", self)

    def log(self) -> Uncertain:
        """Natural logarithm."""
        return _apply("log", self)

    # -- NumPy ------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Record a NumPy function instead of computing it."""
        if method != "__call__" or kwargs:
            return NotImplemented
        if ufunc is np.power:
            return _raise_to(*inputs)
        if ufunc is np.square:
            return _raise_to(inputs[0], 2.0)
        if ufunc in _COMPARISONS:
            return _compared(ufunc, *inputs)
        if ufunc not in _UFUNCS:
            message = (
                f"np.{ufunc.__name__} is not defined for ranges; take .samples() or .central() "
                "first, or write it with + - * / ** maximum minimum ceil floor exp log sqrt where"
            )
            raise TypeError(message)
        return _apply(_UFUNCS[ufunc], *inputs)

    def __array_function__(
        self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Record ``np.where`` and ``np.clip``; refuse the rest."""
        if func is np.where and len(args) == 3 and not kwargs:  # noqa: PLR2004
            return _apply("where", *args)
        if func is np.clip and len(args) == 3 and not kwargs:  # noqa: PLR2004
            return _apply("minimum", _apply("maximum", args[0], args[1]), args[2])
        return NotImplemented

    # -- what a range refuses ------------------------------------------------------------------

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - it never returns
        """Refuse: a range has no single truth value."""
        _refuse_truth("bool(x) or `if x`")

    def __lt__(self, other: object) -> NoReturn:
        _refuse_truth("x < y, max(), min() or sorted()")

    def __le__(self, other: object) -> NoReturn:
        _refuse_truth("x <= y")

    def __gt__(self, other: object) -> NoReturn:
        _refuse_truth("x > y, max(), min() or sorted()")

    def __ge__(self, other: object) -> NoReturn:
        _refuse_truth("x >= y")

    def __float__(self) -> NoReturn:
        """Refuse, as nobody said which number of the range."""
        message = (
            "a range is not one number: take .median(), .central(), .mean() or "
            ".quantiles(0.05, 0.95) of the quantity"
        )
        raise TypeError(message)

    __int__ = __float__
    __complex__ = __float__

    # -- identity -----------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same expression of the same inputs."""
        if self is other:
            return True
        if not isinstance(other, Uncertain) or hash(self) != hash(other):
            return False
        return _same_expression(self, other)

    def __hash__(self) -> int:
        return self._hash

    def __copy__(self) -> Uncertain:
        """Return itself: nodes never change."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Uncertain:
        """Return itself: nodes never change."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Flatten the graph, so that deep ones do not exhaust the stack."""
        order = topological((self,))
        place = {id(node): i for i, node in enumerate(order)}
        rows = [(n.operation, tuple(place[id(a)] for a in n.arguments), n.payload) for n in order]
        return _rebuild, (rows,)

    def __repr__(self) -> str:
        return f"<Uncertain {self.operation} of {sum(1 for _ in self.variables())} inputs>"

    def remembered(self, key: Any, compute: Callable[[], T]) -> T:
        """Answer given before for this node, or a new one; the last few are kept.

        Parameters
        ----------
        key : hashable
            What was asked.
        compute : callable
            Returns the answer.

        Returns
        -------
        object
            The answer.
        """
        if key in self._memory:
            return cast("T", self._memory[key])
        answer = compute()
        with _MEMORY_LOCK:
            # A new dictionary each time: another thread may be reading the old one.
            recent = list(self._memory.items())[1 - _KEPT :]
            self._memory = {**dict(recent), key: answer}
        return answer

    def variables(self) -> Iterator[Variable]:
        """Go through the inputs on which this number depends, in order of appearance."""
        for node in topological((self,)):
            if node.operation == "variable":
                yield node.payload


def uncertain(variable: Variable) -> Uncertain:
    """Node of one variable; equal variables give nodes that evaluate as one."""
    return Uncertain("variable", (), variable)


def constant(value: Any) -> Uncertain:
    """Node of a fixed number or of an array of fixed numbers."""
    if np.ndim(value) == 0:
        return Uncertain("constant", (), float(value))
    # A copy that nobody can write to: nodes never change.
    fixed = np.array(value, dtype=np.float64)
    fixed.flags.writeable = False
    return Uncertain("constant", (), fixed)


def substituted(node: Uncertain, replacements: dict[Variable, Uncertain]) -> Uncertain:
    """The same expression of other inputs.

    Parameters
    ----------
    node : Uncertain
        The number.
    replacements : dict of Variable to Uncertain
        What stands in the place of which input.

    Returns
    -------
    Uncertain
        The number with these inputs replaced.
    """

    def leaf(part: Uncertain) -> Uncertain:
        known = part.payload if part.operation == "variable" else None
        return replacements.get(known, part) if known is not None else part

    return _rewritten(node, leaf)


def element(node: Uncertain, key: Any) -> Uncertain:
    """Part of an array of ranges.

    Parameters
    ----------
    node : Uncertain
        The array.
    key : int, slice or tuple
        As for a NumPy array of its shape.

    Returns
    -------
    Uncertain
        The part; it shares its inputs with the whole.

    Raises
    ------
    IndexError
        As NumPy's arrays do.
    """
    if not node.shape:
        message = "a single range has no elements; only an array of ranges is indexed"
        raise TypeError(message)

    def leaf(part: Uncertain) -> Uncertain:
        if part.operation != "constant" or not part.shape:
            return part
        # Every operation works element by element, so the part of the result is the result of
        # the parts.
        return constant(np.broadcast_to(part.payload, node.shape)[key])

    return _rewritten(node, leaf)


def _rewritten(node: Uncertain, leaf: Callable[[Uncertain], Uncertain]) -> Uncertain:
    made: dict[int, Uncertain] = {}
    for part in topological((node,)):
        if not part.arguments:
            made[id(part)] = leaf(part)
            continue
        inner = tuple(made[id(a)] for a in part.arguments)
        same = all(new is old for new, old in zip(inner, part.arguments, strict=True))
        made[id(part)] = part if same else Uncertain(part.operation, inner)
    return made[id(node)]


def split_scale(node: Uncertain) -> tuple[Uncertain, float]:
    """Take fixed factors off a number, as unit conversions put them on.

    Parameters
    ----------
    node : Uncertain
        The number.

    Returns
    -------
    node : Uncertain
        The number without the factors.
    factor : float
        Their product.
    """
    factor = 1.0
    while node.operation in {"multiply", "divide"}:
        left, right = node.arguments
        if right.operation == "constant" and _is_factor(right.payload):
            factor = (
                factor * right.payload if node.operation == "multiply" else factor / right.payload
            )
            node = left
        elif (
            node.operation == "multiply"
            and left.operation == "constant"
            and _is_factor(left.payload)
        ):
            factor, node = factor * left.payload, right
        else:
            break
    return node, factor


def _is_factor(payload: Any) -> bool:
    return isinstance(payload, float) and payload != 0 and np.isfinite(payload)


def _number(payload: Any) -> Any:
    return 0.0 if isinstance(payload, Variable) or payload is None else payload


def _identity(payload: Any) -> Any:
    if isinstance(payload, np.ndarray):
        return payload.shape, payload.tobytes()
    return payload.token if isinstance(payload, Variable) else payload


def _accepts(value: Any) -> bool:
    return isinstance(value, (Uncertain, Real, np.number, np.bool_)) or (
        isinstance(value, np.ndarray) and value.dtype != object
    )


def _node(value: Any) -> Uncertain:
    return value if isinstance(value, Uncertain) else constant(value)


def _apply(operation: str, *values: Any) -> Uncertain:
    if not all(map(_accepts, values)):
        # What Python's operators expect; it then asks the other operand.
        return cast("Uncertain", NotImplemented)
    if operation in {"multiply", "divide"} and _is_one(values[1]):
        return _node(values[0])
    if operation == "multiply" and _is_one(values[0]):
        return _node(values[1])
    return Uncertain(operation, tuple(map(_node, values)))


def _is_one(value: Any) -> bool:
    # Unit conversions multiply by 1 often; such nodes would only blur the record.
    return isinstance(value, (float, int)) and value == 1


_COMPARISONS = frozenset({np.greater, np.greater_equal, np.less_equal})


def _compared(ufunc: Any, first: Any, second: Any) -> Uncertain:
    if ufunc is np.greater:
        return _apply("less", second, first)
    below = (
        _apply("less", second, first) if ufunc is np.less_equal else _apply("less", first, second)
    )
    return _apply("subtract", 1.0, below)


def _raise_to(base: Any, exponent: Any) -> Uncertain:
    if not (_accepts(base) and _accepts(exponent)):
        return cast("Uncertain", NotImplemented)
    if isinstance(exponent, Uncertain):
        # a ** b = exp(b ln a): needs a positive base, which the logarithm checks.
        return _apply("exp", _apply("multiply", exponent, _apply("log", base)))
    return Uncertain("power", (_node(base), constant(exponent)))


def _refuse_truth(what: str) -> NoReturn:
    message = (
        f"{what} has no single answer for ranges. For the larger or smaller one use "
        "le.functions.maximum(x, y) or le.functions.minimum(x, y); to choose by a condition use "
        "le.functions.where(le.functions.less(x, y), a, b); for a probability use "
        "le.functions.less(x, y).probability()."
    )
    raise TruthValueError(message)


def topological(nodes: tuple[Uncertain, ...]) -> list[Uncertain]:
    """Every node below `nodes`, arguments before what uses them, without recursion.

    Parameters
    ----------
    nodes : tuple of Uncertain
        The results.

    Returns
    -------
    list of Uncertain
        Each node object once.
    """
    order: list[Uncertain] = []
    done: set[int] = set()
    stack: list[tuple[Uncertain, bool]] = [(node, False) for node in reversed(nodes)]
    while stack:
        node, expanded = stack.pop()
        if id(node) in done:
            continue
        if expanded:
            done.add(id(node))
            order.append(node)
        else:
            stack.append((node, True))
            stack.extend((a, False) for a in reversed(node.arguments) if id(a) not in done)
    return order


def _same_expression(first: Uncertain, second: Uncertain) -> bool:
    numbers: dict[Any, int] = {}
    place: dict[int, int] = {}
    for node in topological((first, second)):
        inner = [place[id(a)] for a in node.arguments]
        if node.operation in COMMUTATIVE:
            inner.sort()
        key = (node.operation, _identity(node.payload), *inner)
        place[id(node)] = numbers.setdefault(key, len(numbers))
    return place[id(first)] == place[id(second)]


def _rebuild(rows: list[tuple[str, tuple[int, ...], Any]]) -> Uncertain:
    nodes: list[Uncertain] = []
    for operation, arguments, payload in rows:
        if operation not in OPERATIONS and operation not in {"variable", "constant"}:
            message = f"unknown operation {operation!r} in a stored range"
            raise ValueError(message)
        nodes.append(Uncertain(operation, tuple(nodes[i] for i in arguments), payload))
    return nodes[-1]
