"""Formulas as a small graph: written as text, differentiated, evaluated, shown through sympy.

Every formula of the house is an `Expression`: rates, assignments, observables, events. Equal formulas are one
object, so a common subexpression is found by identity and derivatives take milliseconds.
No units, no model and no numbers of biology enter here.
"""

from .calculus import differentiate, directional_derivative, gradients, substitute
from .display import latex_words, to_latex, to_sympy
from .evaluation import evaluate
from .graph import (
    FUNCTIONS,
    Expression,
    absolute,
    add,
    all_of,
    any_of,
    apply_function,
    divide,
    equal,
    exp,
    less,
    less_equal,
    log,
    maximum,
    minimum,
    multiply,
    negate,
    not_equal,
    not_of,
    number,
    piecewise,
    power,
    sqrt,
    symbol,
)
from .text import FormulaError, parse
from .traverse import postorder, symbols
from .written import to_text

__all__ = [
    "FUNCTIONS",
    "Expression",
    "FormulaError",
    "absolute",
    "add",
    "all_of",
    "any_of",
    "apply_function",
    "differentiate",
    "directional_derivative",
    "divide",
    "equal",
    "evaluate",
    "exp",
    "gradients",
    "latex_words",
    "less",
    "less_equal",
    "log",
    "maximum",
    "minimum",
    "multiply",
    "negate",
    "not_equal",
    "not_of",
    "number",
    "parse",
    "piecewise",
    "postorder",
    "power",
    "sqrt",
    "substitute",
    "symbol",
    "symbols",
    "to_latex",
    "to_sympy",
    "to_text",
]
