"""Formulas as people read them: through sympy, which is imported only here and only when asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .graph import Expression
from .traverse import postorder


def to_sympy(expression: Expression) -> Any:
    """The same formula as a sympy expression; symbols are real and keep their names."""
    import sympy

    translated: dict[int, Any] = {}
    for node in postorder([expression]):
        if node.operator == "number":
            translated[id(node)] = _sympy_number(float(node.value))  # type: ignore[arg-type]
        elif node.operator == "symbol":
            translated[id(node)] = sympy.Symbol(str(node.value), real=True)
        else:
            translated[id(node)] = _sympy_node(node.operator, [translated[id(a)] for a in node.arguments])
    return translated[id(expression)]


def _sympy_number(value: float) -> Any:
    import sympy

    return sympy.Integer(int(value)) if value.is_integer() and abs(value) < 1e15 else sympy.Float(value)


def _sympy_node(operator: str, arguments: list[Any]) -> Any:
    import sympy

    builders = {
        "add": sympy.Add,
        "multiply": sympy.Mul,
        "divide": lambda a, b: a / b,
        "power": sympy.Pow,
        "abs": sympy.Abs,
        "ceil": sympy.ceiling,
        "min": sympy.Min,
        "max": sympy.Max,
        "less": sympy.Lt,
        "less_equal": sympy.Le,
        "equal": sympy.Eq,
        "not_equal": sympy.Ne,
        "and": sympy.And,
        "or": sympy.Or,
        "not": sympy.Not,
    }
    if operator == "piecewise":
        pairs = list(zip(arguments[:-1:2], arguments[1::2], strict=True))
        return sympy.Piecewise(*pairs, (arguments[-1], True))
    build: Callable[..., Any] = builders[operator] if operator in builders else getattr(sympy, operator)
    return build(*arguments)


def to_latex(expression: Expression) -> str:
    """The formula for a paper; long names are set upright, with a dot between factors."""
    import sympy

    formula = to_sympy(expression)
    names = {s: rf"\mathrm{{{s.name}}}".replace("_", r"\_") for s in formula.free_symbols}
    return sympy.latex(formula, symbol_names=names, mul_symbol="dot")


_LATEX_MARKS = {
    **{mark: rf"\{mark}" for mark in "_%&#${}"},
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "µ": r"$\mu$",
}


def latex_words(text: str) -> str:
    """Words for a paper: every mark stands for itself, whoever wrote them; none is a command of LaTeX."""
    return "".join(_LATEX_MARKS.get(mark, mark) for mark in text)
