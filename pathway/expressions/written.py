"""Formulas written as text, as `text.parse` reads them."""

from __future__ import annotations

from .traverse import Node, postorder

_WRITTEN = {"and": " and ", "or": " or ", "less": " < ", "less_equal": " <= ", "equal": " == ", "not_equal": " != "}
_STRENGTH = {
    "or": 1,
    "and": 3,
    "not": 5,
    "less": 6,
    "less_equal": 6,
    "equal": 6,
    "not_equal": 6,
    "add": 8,
    "multiply": 10,
    "divide": 10,
    "power": 14,
}


def to_text(expression: Node) -> str:
    """The formula as `parse` reads it, in the order in which it was written."""
    written: dict[int, tuple[str, int]] = {}
    for node in postorder([expression]):
        written[id(node)] = _written(node, [written[id(a)] for a in node.arguments])
    return written[id(expression)][0]


def _written(node: Node, inner: list[tuple[str, int]]) -> tuple[str, int]:
    """Text of a node and the strength of its outermost operator (20: never needs brackets)."""
    if node.operator == "symbol":
        return str(node.value), 20
    if node.operator == "number":
        text = repr(node.value).removesuffix(".0")
        return text, 9 if text.startswith("-") else 20
    strength = _STRENGTH.get(node.operator, 20)
    if node.operator == "add":
        return _sum([_bracketed(part, 8) for part in inner]), strength
    if node.operator == "multiply":
        return _product(node, inner)
    if node.operator == "divide":
        return f"{_bracketed(inner[0], 10)} / {_bracketed(inner[1], 11)}", strength
    if node.operator == "power":
        return f"{_bracketed(inner[0], 15)}^{_bracketed(inner[1], 14)}", strength
    if node.operator in _WRITTEN:
        return _WRITTEN[node.operator].join(_bracketed(part, strength + 1) for part in inner), strength
    if node.operator == "not":
        return f"not {_bracketed(inner[0], 6)}", strength
    return f"{node.operator}({', '.join(text for text, _ in inner)})", 20


def _bracketed(part: tuple[str, int], least: int) -> str:
    text, strength = part
    return text if strength >= least else f"({text})"


def _sum(terms: list[str]) -> str:
    text = terms[0]
    for term in terms[1:]:
        text += f" - {term[1:]}" if term.startswith("-") else f" + {term}"
    return text


def _product(node: Node, inner: list[tuple[str, int]]) -> tuple[str, int]:
    if node.arguments[0].operator == "number" and node.arguments[0].value == -1.0:
        rest = " * ".join(_bracketed(part, 11) for part in inner[1:])
        return f"-{rest}", 9
    first = inner[0][0] if inner[0][1] == 9 else _bracketed(inner[0], 10)
    return " * ".join([first, *(_bracketed(part, 11) for part in inner[1:])]), 9 if first.startswith("-") else 10
