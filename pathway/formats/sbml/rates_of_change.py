"""`rateOf(x)`: the rate of change of x as a formula, put in wherever the file asks for it."""

from __future__ import annotations

from pathway.expressions import Expression, directional_derivative, symbol, symbols
from pathway.expressions.graph import ONE

from ..errors import FormatError, Unsupported
from .declarations import DELAY_PREFIX, RATE_PREFIX, Declarations
from .draft import ModelDraft


def resolve_rates(draft: ModelDraft, declared: Declarations) -> None:
    """Each "rateOf x" becomes an assignment of its own.

    Raises
    ------
    FormatError, Unsupported
        If x is not declared, or follows from an implicit algebraic rule.
    """
    marks = sorted(n for n in symbols(*draft.all_formulas()) if n.startswith(RATE_PREFIX))
    if not marks:
        return
    names = {mark: declared.free_name(f"rate_of_{mark.removeprefix(RATE_PREFIX)}") for mark in marks}
    draft.replace_symbols({mark: symbol(name) for mark, name in names.items()})
    rates = {name: _rate_of(draft, mark.removeprefix(RATE_PREFIX), set(names.values())) for mark, name in names.items()}
    draft.formulas.update(rates)


def _rate_of(draft: ModelDraft, name: str, rates: set[str]) -> Expression:
    if name not in draft.states and name not in draft.formulas and name not in draft.parameters:
        raise FormatError(f"{draft.file}: rateOf('{name}') names nothing that is declared")
    value = _unfolded(draft, name)
    if implicit := symbols(value) & draft.algebraic.keys():
        raise Unsupported(
            f"{draft.file}: rateOf('{name}') is not supported: an algebraic rule determines '{min(implicit)}'"
        )
    if symbols(value) & rates or any(n.startswith(DELAY_PREFIX) for n in symbols(value)):
        raise Unsupported(
            f"{draft.file}: rateOf('{name}') is not supported: '{name}' depends on a delay or another rate of change"
        )
    direction = {state: draft.derivative(state) for state in symbols(value) & draft.states.keys()}
    return directional_derivative([value], direction | {"time": ONE})[0]


def _unfolded(draft: ModelDraft, name: str) -> Expression:
    """The value of a name over states, parameters and time."""
    if name not in draft.formulas:
        return symbol(name)
    return draft.closed([draft.formulas[name]])[0]
