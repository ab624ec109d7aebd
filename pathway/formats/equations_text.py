"""The equations of a model for people: plain text for a terminal, LaTeX for a paper."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from pathway.equations import Model
from pathway.expressions import Expression, add, latex_words, multiply, symbol, to_latex, to_text
from pathway.expressions.graph import ZERO

NOT_DECLARED = "not declared"


def equations_text(model: Model) -> str:
    """Species, rates, assignments, rules and events, one line each, with units.

    A unit that the model's file does not declare is shown as such.
    """
    lines = [f"# {model.name}; time in {model.time_unit or NOT_DECLARED}"]
    for heading, rows in _sections(model):
        if shown := list(rows):
            lines += ["", f"# {heading}", *shown]
    return "\n".join(lines) + "\n"


def _sections(model: Model) -> Iterator[tuple[str, Iterator[str]]]:
    yield "species", (f"d {n}/dt = {to_text(_balance(model, n))}    [{_unit(model, n)}]" for n in _moving(model))
    still = (n for n in model.species if n not in set(_moving(model)) and n not in model.algebraic)
    yield "changed by events only", (f"{n}    [{_unit(model, n)}]" for n in still)
    yield "algebraic rules", (f"0 = {to_text(f)}    (determines {n})" for n, f in model.algebraic.items())
    yield "rates", (f"{n} = {to_text(f)}" for n, f in model.rates.items() if f is not symbol(n))
    yield "assignments", (f"{n} = {to_text(f)}    [{_unit(model, n)}]" for n, f in model.assignments.items())
    yield "observables", (f"{n} = {to_text(f)}    [{_unit(model, n)}]" for n, f in model.observables.items())
    yield "initial values", (f"{n}(0) = {to_text(f)}    [{_unit(model, n)}]" for n, f in model.initial.items())
    values = zip(model.parameters, model.parameter_values, strict=True)
    yield "parameters", (f"{n} = {v:.10g}    [{_unit(model, n)}]" for n, v in values)
    yield "events", _events(model)


def _events(model: Model) -> Iterator[str]:
    for event in model.events:
        after = "" if event.delay is None else f" after {to_text(event.delay)}"
        changes = ", ".join(f"{n} = {to_text(f)}" for n, f in event.assignments.items())
        yield f"{event.name}: when {to_text(event.trigger)}{after}: {changes or 'nothing'}"


def _unit(model: Model, name: str) -> str:
    return model.units.get(name, "") or NOT_DECLARED


def _moving(model: Model) -> list[str]:
    return [n for n in model.species if model.stoichiometry.get(n) or n in model.rate_rules]


def _balance(model: Model, name: str) -> Expression:
    """The right-hand side by the names of its reactions."""
    terms = [multiply(factor, symbol(reaction)) for reaction, factor in model.stoichiometry.get(name, {}).items()]
    return add(*terms, model.rate_rules.get(name, ZERO))


def latex_text(model: Model) -> str:
    """A complete LaTeX document with the equations of a model, and its parameters in a table."""
    lines = [
        *_HEAD,
        rf"\section*{{{latex_words(model.name)}}}",
        rf"Unit of time: {latex_words(model.time_unit or NOT_DECLARED)}.",
    ]
    balances = [(rf"\frac{{d\,{_name(n)}}}{{dt}}", _balance(model, n)) for n in _moving(model)]
    rates = [(_name(n), f) for n, f in model.rates.items() if f is not symbol(n)]
    named = [(_name(n), f) for group in (model.assignments, model.observables) for n, f in group.items()]
    residuals = [("0", f) for f in model.algebraic.values()]
    starts = [(f"{_name(n)}(0)", f) for n, f in model.initial.items()]
    for title, rows in (
        ("Species", balances),
        ("Algebraic rules", residuals),
        ("Rates", rates),
        ("Assignments and observables", named),
        ("Initial values", starts),
    ):
        if rows:
            lines += [rf"\subsection*{{{title}}}", *_display(rows)]
    lines += _event_lines(model)
    lines += _parameter_table(model)
    return "\n".join([*lines, r"\end{document}", ""])


_HEAD = [
    r"\documentclass{article}",
    r"\usepackage{amsmath,graphicx,longtable}",
    r"\usepackage[margin=2cm]{geometry}",
    r"\allowdisplaybreaks",
    # What is still too wide once sums are broken shrinks to the width of the page.
    r"\newcommand{\fitted}[1]{%",
    r"\resizebox{\ifdim\width>0.7\linewidth 0.7\linewidth\else\width\fi}{!}{$\displaystyle #1$}}",
    r"\begin{document}",
]

WIDEST = 60
"""Characters of a formula, as printed, that fit beside its left side."""


def _display(rows: list[tuple[str, Expression]]) -> list[str]:
    return [rf"\begin{{align*}}{left} &= {_broken(right)}\end{{align*}}" for left, right in rows]


def _broken(formula: Expression) -> str:
    """A formula as LaTeX; a long sum or product over several lines."""
    whole = to_latex(formula)
    if _width(whole) <= WIDEST:
        return whole
    lines = [""]
    for part in _parts(formula) or [whole]:
        if lines[-1] and _width(lines[-1] + part) > WIDEST:
            lines.append("")
        lines[-1] = f"{lines[-1]} {part}".strip()
    fitted = (rf"\fitted{{{line}}}" if _width(line) > WIDEST else line for line in lines)
    return r" \\ &\quad ".join(fitted)


def _parts(formula: Expression) -> list[str]:
    """The terms of a sum or the factors of a product, each with the sign that stands before it."""
    written = [to_latex(part) for part in formula.arguments]
    if formula.operator == "add":
        return [written[0], *(term if term.startswith("-") else f"+ {term}" for term in written[1:])]
    if formula.operator == "multiply":
        sums = [part.operator == "add" for part in formula.arguments]
        factors = [
            rf"\left({latex}\right)" if is_sum or latex.startswith("-") else latex
            for latex, is_sum in zip(written, sums, strict=True)
        ]
        return [factors[0], *(rf"\cdot {factor}" for factor in factors[1:])]
    return []


def _width(latex: str) -> int:
    """About how many characters are printed."""
    return len(re.sub(r"\\(mathrm|frac|left|right|cdot)|[{}\\ ]", "", latex))


def _event_lines(model: Model) -> list[str]:
    lines = [r"\subsection*{Events}"] if model.events else []
    for event in model.events:
        delay = "" if event.delay is None else rf", after ${to_latex(event.delay)}$"
        lines.append(rf"{latex_words(event.name)}: when ${to_latex(event.trigger)}${delay}:")
        lines += _display([(_name(n), f) for n, f in event.assignments.items()])
    return lines


def _parameter_table(model: Model) -> list[str]:
    lines = [r"\subsection*{Parameters}", r"\begin{longtable}{lrl}"]
    for name, value in zip(model.parameters, model.parameter_values, strict=True):
        shown = f"{value:.6g}" if math.isfinite(value) else "--"
        lines.append(rf"${_name(name)}$ & {shown} & {latex_words(_unit(model, name))} \\")
    return [*lines, r"\end{longtable}"]


def _name(name: str) -> str:
    return to_latex(symbol(name))
