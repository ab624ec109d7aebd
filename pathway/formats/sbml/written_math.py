"""`Expression` -> libSBML's tree, with a unit on every number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import libsbml

from pathway.expressions import Expression, postorder
from pathway.expressions.graph import is_number

_TYPES = {
    "add": libsbml.AST_PLUS,
    "multiply": libsbml.AST_TIMES,
    "divide": libsbml.AST_DIVIDE,
    "power": libsbml.AST_FUNCTION_POWER,
    "exp": libsbml.AST_FUNCTION_EXP,
    "log": libsbml.AST_FUNCTION_LN,
    "abs": libsbml.AST_FUNCTION_ABS,
    "floor": libsbml.AST_FUNCTION_FLOOR,
    "ceil": libsbml.AST_FUNCTION_CEILING,
    "sin": libsbml.AST_FUNCTION_SIN,
    "cos": libsbml.AST_FUNCTION_COS,
    "tan": libsbml.AST_FUNCTION_TAN,
    "asin": libsbml.AST_FUNCTION_ARCSIN,
    "acos": libsbml.AST_FUNCTION_ARCCOS,
    "atan": libsbml.AST_FUNCTION_ARCTAN,
    "sinh": libsbml.AST_FUNCTION_SINH,
    "cosh": libsbml.AST_FUNCTION_COSH,
    "tanh": libsbml.AST_FUNCTION_TANH,
    "min": libsbml.AST_FUNCTION_MIN,
    "max": libsbml.AST_FUNCTION_MAX,
    "less": libsbml.AST_RELATIONAL_LT,
    "less_equal": libsbml.AST_RELATIONAL_LEQ,
    "equal": libsbml.AST_RELATIONAL_EQ,
    "not_equal": libsbml.AST_RELATIONAL_NEQ,
    "and": libsbml.AST_LOGICAL_AND,
    "or": libsbml.AST_LOGICAL_OR,
    "not": libsbml.AST_LOGICAL_NOT,
}


def to_tree(expression: Expression, names: Mapping[str, str]) -> Any:
    """The formula as a libsbml.ASTNode.

    Parameters
    ----------
    expression : Expression
    names : mapping of symbol to SBML identifier
        A symbol that is not in it keeps its name.
    """
    trees: dict[int, Any] = {}
    for node in postorder([expression]):
        trees[id(node)] = _tree(node, [trees[id(a)] for a in node.arguments], names)
    return trees[id(expression)]


def number_tree(value: float, unit: str = "dimensionless") -> Any:
    """A number with a unit (an identifier of the file)."""
    node = libsbml.ASTNode()
    if math.isfinite(value) and float(value).is_integer() and abs(value) < 2**31:
        node.setType(libsbml.AST_INTEGER)
        node.setValue(int(value))
    else:
        node.setType(libsbml.AST_REAL)
        node.setValue(float(value))
    if math.isfinite(value) and unit:
        node.setUnits(unit)
    return node


def name_tree(name: str) -> Any:
    """A reference to an identifier, or to the time."""
    node = libsbml.ASTNode(libsbml.AST_NAME_TIME if name == "time" else libsbml.AST_NAME)
    node.setName(name)
    return node


def operator_tree(kind: int, *arguments: Any) -> Any:
    """An operator over copies of other trees."""
    node = libsbml.ASTNode(kind)
    for argument in arguments:
        node.addChild(argument.deepCopy())
    return node


def _tree(node: Expression, arguments: list[Any], names: Mapping[str, str]) -> Any:
    if node.operator == "number":
        return number_tree(float(node.value))  # type: ignore[arg-type]
    if node.operator == "symbol":
        return name_tree(names.get(str(node.value), str(node.value)))
    if node.operator == "sqrt":
        return operator_tree(libsbml.AST_FUNCTION_ROOT, number_tree(2), arguments[0])
    if node.operator == "piecewise":
        open_end = is_number(node.arguments[-1]) and math.isnan(float(node.arguments[-1].value))  # type: ignore[arg-type]
        return operator_tree(libsbml.AST_FUNCTION_PIECEWISE, *(arguments[:-1] if open_end else arguments))
    if node.operator == "multiply" and is_number(node.arguments[0], -1.0):
        rest = arguments[1:]
        inner = rest[0] if len(rest) == 1 else operator_tree(libsbml.AST_TIMES, *rest)
        return operator_tree(libsbml.AST_MINUS, inner)
    if node.operator == "add" and len(arguments) == 2 and _is_minus(arguments[1]):
        return operator_tree(libsbml.AST_MINUS, arguments[0], arguments[1].getChild(0))
    return operator_tree(_TYPES[node.operator], *arguments)


def _is_minus(tree: Any) -> bool:
    return tree.getType() == libsbml.AST_MINUS and tree.getNumChildren() == 1
