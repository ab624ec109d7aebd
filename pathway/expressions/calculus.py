"""Derivatives and substitution, each subexpression done once."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from itertools import chain

from .graph import (
    ONE,
    ZERO,
    Expression,
    absolute,
    add,
    apply_function,
    build_node,
    divide,
    is_number,
    less,
    less_equal,
    log,
    multiply,
    negate,
    number,
    piecewise,
    power,
    sqrt,
)
from .traverse import postorder


def substitute(expression: Expression, replacements: Mapping[str, Expression]) -> Expression:
    """The expression with symbols replaced, all at the same time."""
    return substitute_all([expression], replacements)[0]


def substitute_all(expressions: list[Expression], replacements: Mapping[str, Expression]) -> list[Expression]:
    """Several expressions with the same symbols replaced; what they share is done once."""
    replaced: dict[int, Expression] = {}
    for node in postorder(expressions):
        if node.operator == "symbol":
            replaced[id(node)] = replacements.get(str(node.value), node)
        elif any(replaced[id(a)] is not a for a in node.arguments):
            replaced[id(node)] = build_node(node.operator, (replaced[id(a)] for a in node.arguments))
        else:
            replaced[id(node)] = node
    return [replaced[id(expression)] for expression in expressions]


def differentiate(expression: Expression, name: str) -> Expression:
    """The partial derivative by the symbol `name`; every other symbol counts as constant."""
    return directional_derivative([expression], {name: ONE})[0]


def directional_derivative(expressions: list[Expression], direction: Mapping[str, Expression]) -> list[Expression]:
    """How each expression changes when each symbol changes at the rate `direction[symbol]` (absent: constant).

    Conditions, `floor` and `ceil` count as locally constant; `abs`, `min` and `max` get the derivative of the branch
    that is taken.
    """
    slope: dict[int, Expression] = {}
    for node in postorder(expressions):
        if node.operator == "symbol":
            slope[id(node)] = direction.get(str(node.value), ZERO)
        elif node.operator == "number" or all(is_number(slope[id(a)], 0.0) for a in node.arguments):
            slope[id(node)] = ZERO
        else:
            slope[id(node)] = _slope(node, [slope[id(a)] for a in node.arguments])
    return [slope[id(expression)] for expression in expressions]


def gradients(expressions: Sequence[Expression], names: Container[str]) -> list[dict[str, Expression]]:
    """Partial derivatives of each expression by those of the names that it depends on; zeros are left out.

    The same formulas as from `differentiate`, name by name. All names are done in one pass in which a node knows the
    symbols below it, so that a sum of a hundred rates with three symbols each costs three hundred slopes, not a
    hundred for every symbol.
    """
    partials: dict[int, dict[str, Expression]] = {}
    for node in postorder(expressions):
        if node.operator == "symbol":
            partials[id(node)] = {str(node.value): ONE} if node.value in names else {}
            continue
        inner = [partials[id(a)] for a in node.arguments]
        if node.operator == "add":
            partials[id(node)] = _gradient_of_sum(inner)
            continue
        slopes = {n: _slope(node, [part.get(n, ZERO) for part in inner]) for n in dict.fromkeys(chain(*inner))}
        partials[id(node)] = {name: slope for name, slope in slopes.items() if not is_number(slope, 0.0)}
    return [partials[id(expression)] for expression in expressions]


def _gradient_of_sum(terms: list[dict[str, Expression]]) -> dict[str, Expression]:
    parts: dict[str, list[Expression]] = {}
    for term in terms:
        for name, slope in term.items():
            parts.setdefault(name, []).append(slope)
    sums = {name: add(*slopes) for name, slopes in parts.items()}
    return {name: slope for name, slope in sums.items() if not is_number(slope, 0.0)}


def _slope(node: Expression, inner: list[Expression]) -> Expression:
    """The chain rule for one node, given the slopes of its arguments."""
    if node.operator in _RULES:
        return _RULES[node.operator](node, inner)
    if node.operator in _OUTER:
        return multiply(_OUTER[node.operator](node, node.arguments[0]), inner[0])
    return ZERO  # a condition


def _slope_of_product(node: Expression, inner: list[Expression]) -> Expression:
    factors = node.arguments
    return add(
        *(
            multiply(*factors[:index], change, *factors[index + 1 :])
            for index, change in enumerate(inner)
            if not is_number(change, 0.0)
        )
    )


def _slope_of_quotient(node: Expression, inner: list[Expression]) -> Expression:
    upper, lower = inner
    if is_number(lower, 0.0):
        return divide(upper, node.arguments[1])
    # (a/b)' = (a' - (a/b) b') / b reuses the quotient itself.
    return divide(add(upper, negate(multiply(node, lower))), node.arguments[1])


def _slope_of_power(node: Expression, inner: list[Expression]) -> Expression:
    basis, exponent = node.arguments
    by_basis, by_exponent = ZERO, ZERO
    if not is_number(inner[0], 0.0):
        by_basis = multiply(exponent, power(basis, add(exponent, number(-1.0))), inner[0])
    if not is_number(inner[1], 0.0):
        # x^y log(x) tends to 0 as x does; without the guard it would be 0 * -inf.
        growth = piecewise(multiply(node, log(basis)), less(ZERO, basis), ZERO)
        by_exponent = multiply(growth, inner[1])
    return add(by_basis, by_exponent)


def _slope_of_minimum(node: Expression, inner: list[Expression]) -> Expression:
    parts = [part for a, change in zip(node.arguments, inner, strict=True) for part in (change, less_equal(a, node))]
    return piecewise(*parts[:-1])


def _slope_of_maximum(node: Expression, inner: list[Expression]) -> Expression:
    parts = [part for a, change in zip(node.arguments, inner, strict=True) for part in (change, less_equal(node, a))]
    return piecewise(*parts[:-1])


def _slope_of_piecewise(node: Expression, inner: list[Expression]) -> Expression:
    parts = [
        change if index % 2 == 0 else part
        for index, (change, part) in enumerate(zip(inner, node.arguments, strict=True))
    ]
    parts[-1] = inner[-1]
    return piecewise(*parts)


_RULES: dict[str, Callable[[Expression, list[Expression]], Expression]] = {
    "add": lambda node, inner: add(*inner),
    "multiply": _slope_of_product,
    "divide": _slope_of_quotient,
    "power": _slope_of_power,
    "min": _slope_of_minimum,
    "max": _slope_of_maximum,
    "piecewise": _slope_of_piecewise,
}


def _square(operand: Expression) -> Expression:
    return power(operand, number(2.0))


_OUTER: dict[str, Callable[[Expression, Expression], Expression]] = {
    "exp": lambda node, x: node,
    "log": lambda node, x: divide(ONE, x),
    "sqrt": lambda node, x: divide(number(0.5), node),
    "abs": lambda node, x: piecewise(number(-1.0), less(x, ZERO), ONE, less(ZERO, x), ZERO),
    "sin": lambda node, x: apply_function("cos", x),
    "cos": lambda node, x: negate(apply_function("sin", x)),
    "tan": lambda node, x: add(ONE, _square(node)),
    "asin": lambda node, x: divide(ONE, sqrt(add(ONE, negate(_square(x))))),
    "acos": lambda node, x: divide(number(-1.0), sqrt(add(ONE, negate(_square(x))))),
    "atan": lambda node, x: divide(ONE, add(ONE, _square(x))),
    "sinh": lambda node, x: apply_function("cosh", x),
    "cosh": lambda node, x: apply_function("sinh", x),
    "tanh": lambda node, x: add(ONE, negate(_square(node))),
}
"""Derivative of each function by its argument, from the node itself and that argument."""


def term_magnitudes(formulas: Sequence[Expression]) -> list[Expression]:
    """For each formula, what its terms add up to without their signs: what its rounding, or an error of the state, is
    measured by."""
    magnitudes: dict[Expression, Expression] = {}
    for node in postorder(formulas):
        parts = [magnitudes[a] for a in node.arguments]
        if node.operator == "add":
            magnitudes[node] = add(*parts)
        elif node.operator == "multiply":
            magnitudes[node] = multiply(*parts)
        elif node.operator == "divide":
            magnitudes[node] = divide(parts[0], absolute(node.arguments[1]))
        else:
            magnitudes[node] = absolute(node)
    return [magnitudes[formula] for formula in formulas]
