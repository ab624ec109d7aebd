"""The node of a formula, and the functions that build one.

Nodes are hash-consed: `symbol("x") + 1` made twice is the same object, so identity is equality, and a pass over the
graph that remembers what it has seen does each common subexpression once. Building a node folds constants and the
neutral elements; it never reorders terms, so a formula reads back in the order in which it was written.

Conditions are ordinary expressions with the value 1 (true) or 0 (false).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterable, Iterator

from .traverse import postorder
from .written import to_text


def _floor(value: float) -> float:
    # As in compiled code a zero keeps its sign, on which the side of a pole depends.
    return math.copysign(math.floor(value), value)


def _ceil(value: float) -> float:
    return math.copysign(math.ceil(value), value)


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "floor": _floor,
    "ceil": _ceil,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "tanh": math.tanh,
}
"""Functions of one argument, by the name used as `Expression.operator`, with their meaning on a float."""

COMPARISONS = frozenset({"less", "less_equal", "equal", "not_equal"})
CONDITIONS = COMPARISONS | {"and", "or", "not"}
"""Operators whose value is 1 (true) or 0 (false)."""

Number = int | float


class Expression:
    """One node of a formula.

    Attributes
    ----------
    operator : str
        "number", "symbol", "add", "multiply", "divide", "power", a name of `FUNCTIONS`, "min", "max", "piecewise",
        "less", "less_equal", "equal", "not_equal", "and", "or" or "not".
    arguments : tuple of Expression
        Operands in written order; for "piecewise": value, condition, value, condition, ..., otherwise.
    value : float, str or None
        The number of a "number", the name of a "symbol".
    """

    __slots__ = ("__weakref__", "arguments", "operator", "value")

    operator: str
    arguments: tuple[Expression, ...]
    value: float | str | None

    def __init__(self) -> None:
        raise TypeError("build expressions with number(), symbol(), parse() or operators, not with Expression()")

    def __add__(self, other: Expression | Number) -> Expression:
        return add(self, _as_expression(other))

    def __radd__(self, other: Number) -> Expression:
        return add(_as_expression(other), self)

    def __sub__(self, other: Expression | Number) -> Expression:
        return add(self, negate(_as_expression(other)))

    def __rsub__(self, other: Number) -> Expression:
        return add(_as_expression(other), negate(self))

    def __mul__(self, other: Expression | Number) -> Expression:
        return multiply(self, _as_expression(other))

    def __rmul__(self, other: Number) -> Expression:
        return multiply(_as_expression(other), self)

    def __truediv__(self, other: Expression | Number) -> Expression:
        return divide(self, _as_expression(other))

    def __rtruediv__(self, other: Number) -> Expression:
        return divide(_as_expression(other), self)

    def __pow__(self, other: Expression | Number) -> Expression:
        return power(self, _as_expression(other))

    def __rpow__(self, other: Number) -> Expression:
        return power(_as_expression(other), self)

    def __neg__(self) -> Expression:
        return negate(self)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value; use less(), equal(), piecewise()")

    def __repr__(self) -> str:
        return f"<{to_text(self)}>"

    def __reduce__(self) -> tuple:
        return _last_of, (graph_to_records(self),)


_nodes: weakref.WeakValueDictionary[tuple, Expression] = weakref.WeakValueDictionary()


def _node(operator: str, arguments: tuple[Expression, ...] = (), value: float | str | None = None) -> Expression:
    # A float key must tell -0.0 from 0.0 and find nan again, so numbers are kept by their hexadecimal text.
    mark = value.hex() if isinstance(value, float) else value
    key = (operator, mark, *map(id, arguments))
    node = _nodes.get(key)
    if node is None:
        node = object.__new__(Expression)
        node.operator = operator
        node.arguments = arguments
        node.value = value
        _nodes[key] = node
    return node


def _as_expression(operand: Expression | Number) -> Expression:
    return operand if isinstance(operand, Expression) else number(operand)


def number(value: Number) -> Expression:
    """The constant `value`."""
    return _node("number", (), float(value))


def symbol(name: str) -> Expression:
    """The quantity called `name`; `time` is the independent variable."""
    return _node("symbol", (), name)


ZERO = number(0.0)
ONE = number(1.0)
_MINUS_ONE = number(-1.0)
# The graph holds nodes weakly; these three must live as long as the module.


def is_number(expression: Expression, value: float | None = None) -> bool:
    """Whether the expression is a constant (and, if asked, this one)."""
    return expression.operator == "number" and (value is None or expression.value == value)


def is_condition(expression: Expression) -> bool:
    """Whether the expression is true or false by its form: a comparison, or conditions joined by and, or, not."""
    return expression.operator in CONDITIONS


def _value(expression: Expression) -> float:
    assert isinstance(expression.value, float)
    return expression.value


def add(*terms: Expression) -> Expression:
    """The sum; nested sums are flattened and constants gathered at the end."""
    constant, kept = 0.0, []
    for term in _flat("add", terms):
        if is_number(term):
            constant += _value(term)
        else:
            kept.append(term)
    if constant != 0.0 or not kept:
        kept.append(number(constant))
    return kept[0] if len(kept) == 1 else _node("add", tuple(kept))


def multiply(*factors: Expression) -> Expression:
    """The product; nested products are flattened and constants gathered in front."""
    constant, kept = 1.0, []
    for factor in _flat("multiply", factors):
        if is_number(factor):
            constant *= _value(factor)
        else:
            kept.append(factor)
    if constant == 0.0 or not kept:
        return number(constant)
    if constant != 1.0:
        kept.insert(0, number(constant))
    return kept[0] if len(kept) == 1 else _node("multiply", tuple(kept))


def _flat(operator: str, operands: Iterable[Expression]) -> Iterator[Expression]:
    for operand in operands:
        if operand.operator == operator:
            yield from operand.arguments
        else:
            yield operand


def negate(operand: Expression) -> Expression:
    """Minus the operand."""
    return multiply(_MINUS_ONE, operand)


def divide(numerator: Expression, denominator: Expression) -> Expression:
    """The quotient."""
    if is_number(denominator, 1.0):
        return numerator
    if is_number(numerator, 0.0) and not is_number(denominator, 0.0):
        return ZERO
    if is_number(numerator) and is_number(denominator) and _value(denominator) != 0.0:
        return number(_value(numerator) / _value(denominator))
    return _node("divide", (numerator, denominator))


def power(basis: Expression, exponent: Expression) -> Expression:
    """`basis` to the power `exponent`."""
    if is_number(exponent, 0.0):
        return ONE
    if is_number(exponent, 1.0):
        return basis
    if is_number(basis) and is_number(exponent):
        folded = _folded(lambda: _value(basis) ** _value(exponent))
        if folded is not None:
            return folded
    return _node("power", (basis, exponent))


def _folded(compute: Callable[[], float | complex]) -> Expression | None:
    """The constant a computation gives, or None where it has no finite real value and is left to run time."""
    try:
        result = compute()
    except (ArithmeticError, ValueError):
        return None
    if isinstance(result, complex) or not math.isfinite(result):
        return None
    return number(result)


def apply_function(function: str, operand: Expression) -> Expression:
    """One of `FUNCTIONS` of the operand."""
    if is_number(operand):
        folded = _folded(lambda: FUNCTIONS[function](_value(operand)))
        if folded is not None:
            return folded
    if function not in FUNCTIONS:
        raise ValueError(f"no function is called '{function}'")
    return _node(function, (operand,))


def exp(operand: Expression) -> Expression:
    """The exponential."""
    return apply_function("exp", operand)


def log(operand: Expression) -> Expression:
    """The natural logarithm."""
    return apply_function("log", operand)


def sqrt(operand: Expression) -> Expression:
    """The square root."""
    return apply_function("sqrt", operand)


def absolute(operand: Expression) -> Expression:
    """The absolute value."""
    return apply_function("abs", operand)


def _extremum(operator: str, choose: Callable[..., float], operands: tuple[Expression, ...]) -> Expression:
    distinct = tuple(dict.fromkeys(operands))
    if len(distinct) == 1:
        return distinct[0]
    if all(is_number(operand) for operand in distinct):
        return number(choose(_value(operand) for operand in distinct))
    return _node(operator, distinct)


def minimum(*operands: Expression) -> Expression:
    """The smallest operand."""
    return _extremum("min", min, operands)


def maximum(*operands: Expression) -> Expression:
    """The largest operand."""
    return _extremum("max", max, operands)


def _truth(condition: bool) -> Expression:
    return ONE if condition else ZERO


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
}


def _compare(operator: str, left: Expression, right: Expression) -> Expression:
    if is_number(left) and is_number(right):
        return _truth(_COMPARISONS[operator](_value(left), _value(right)))
    return _node(operator, (left, right))


def less(left: Expression, right: Expression) -> Expression:
    """1 where left < right, else 0."""
    return _compare("less", left, right)


def less_equal(left: Expression, right: Expression) -> Expression:
    """1 where left <= right, else 0."""
    return _compare("less_equal", left, right)


def equal(left: Expression, right: Expression) -> Expression:
    """1 where both are equal, else 0."""
    return _compare("equal", left, right)


def not_equal(left: Expression, right: Expression) -> Expression:
    """1 where both differ, else 0; of two conditions, the exclusive or."""
    return _compare("not_equal", left, right)


def all_of(*conditions: Expression) -> Expression:
    """1 where every condition holds (also of none), else 0."""
    open_ones = [c for c in _flat("and", conditions) if not (is_number(c) and _value(c) != 0.0)]
    if any(is_number(c) for c in open_ones):
        return ZERO
    if not open_ones:
        return ONE
    return open_ones[0] if len(open_ones) == 1 else _node("and", tuple(open_ones))


def any_of(*conditions: Expression) -> Expression:
    """1 where at least one condition holds, else 0 (also of none)."""
    open_ones = [c for c in _flat("or", conditions) if not is_number(c, 0.0)]
    if any(is_number(c) for c in open_ones):
        return ONE
    if not open_ones:
        return ZERO
    return open_ones[0] if len(open_ones) == 1 else _node("or", tuple(open_ones))


def not_of(condition: Expression) -> Expression:
    """1 where the condition does not hold, else 0."""
    if is_number(condition):
        return _truth(_value(condition) == 0.0)
    return _node("not", (condition,))


def piecewise(*parts: Expression) -> Expression:
    """The value of the first condition that holds: value, condition, value, condition, ..., otherwise."""
    if len(parts) % 2 == 0:
        raise ValueError("piecewise needs value, condition, ..., otherwise: an odd number of parts")
    kept: list[Expression] = []
    otherwise = parts[-1]
    for value, condition in zip(parts[:-1:2], parts[1::2], strict=True):
        if is_number(condition, 0.0):
            continue
        if is_number(condition):
            otherwise = value
            break
        kept += [value, condition]
    if all(value is otherwise for value in kept[::2]):
        return otherwise
    return _node("piecewise", (*kept, otherwise))


_BUILDERS: dict[str, Callable[..., Expression]] = {
    "add": add,
    "multiply": multiply,
    "divide": divide,
    "power": power,
    "min": minimum,
    "max": maximum,
    "less": less,
    "less_equal": less_equal,
    "equal": equal,
    "not_equal": not_equal,
    "and": all_of,
    "or": any_of,
    "not": not_of,
    "piecewise": piecewise,
}


def build_node(operator: str, arguments: Iterable[Expression]) -> Expression:
    """The node with this operator over these arguments, folded as its own builder folds it."""
    if operator in FUNCTIONS:
        return apply_function(operator, *arguments)
    return _BUILDERS[operator](*arguments)


Record = tuple[str, tuple[int, ...], float | str | None]
"""One node as (operator, positions of the arguments among the records, value)."""


def graph_to_records(*roots: Expression) -> list[Record]:
    """The graphs as one list of records in the order of `postorder`: for sending, pickling and content hashes."""
    order = postorder(roots)
    position = {id(node): index for index, node in enumerate(order)}
    return [(node.operator, tuple(position[id(a)] for a in node.arguments), node.value) for node in order]


def graph_from_records(records: Iterable[Record]) -> list[Expression]:
    """The node of each record that `graph_to_records` gave."""
    nodes: list[Expression] = []
    for operator, positions, value in records:
        nodes.append(_node(operator, tuple(nodes[p] for p in positions), value))
    return nodes


def _last_of(records: list[Record]) -> Expression:
    return graph_from_records(records)[-1]
