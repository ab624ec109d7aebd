"""`delay(x, d)`: the value of x some time ago.

Of constants and the time the past is known for any `d`. Where x does not itself depend on delayed values, no event sets
what it depends on, and `d` is constant, its past is the course of a copy of the equations it needs that starts `d`
later. Everything else is refused.
"""

from __future__ import annotations

from pathway.expressions import Expression, evaluate, less_equal, negate, piecewise, substitute, symbol, symbols
from pathway.expressions.graph import ZERO

from ..errors import Unsupported
from .declarations import DELAY_PREFIX, Declarations, EventEntry
from .draft import ModelDraft

TIME = symbol("time")


def resolve_delays(draft: ModelDraft, declared: Declarations) -> None:
    """Each delayed value becomes an assignment over copies of the states it needs.

    Raises
    ------
    Unsupported
        For a delay that changes, that feeds back, or that would have to remember an event.
    """
    copies: dict[Expression, dict[str, str]] = {}
    for mark in sorted(n for n in symbols(*draft.all_formulas()) if n.startswith(DELAY_PREFIX)):
        delayed, lag = draft.closed(declared.delays[mark])
        states = symbols(delayed) & draft.states.keys()
        if all(_rests(draft, name) for name in states):
            names = {name: name for name in states}
        else:
            _check_lag(draft, declared, lag)
            names = _copied(draft, declared, states, lag, copies.setdefault(lag, {}))
        name = declared.free_name("delayed_value")
        past = {n: _past(draft, n, copy, lag) for n, copy in names.items()} | {"time": TIME + negate(lag)}
        draft.formulas[name] = substitute(delayed, past)
        draft.replace_symbols({mark: symbol(name)})


def _rests(draft: ModelDraft, name: str) -> bool:
    """Whether a state keeps its initial value, so that its past is known however long ago is asked for."""
    return not (draft.moves(name) or name in draft.event_targets() or name in draft.algebraic)


def _past(draft: ModelDraft, name: str, copy: str, lag: Expression) -> Expression:
    """The copy; before it starts, what an initial assignment over time says of the time before the model's start."""
    start = draft.closed([draft.states[name]])[0]
    if "time" not in symbols(start):
        return symbol(copy)
    if symbols(start) - draft.parameters.keys() - {"time"}:
        raise Unsupported(f"{draft.file}: delay() of '{name}', whose start depends on other starts, is not supported")
    return piecewise(symbol(copy), less_equal(lag, TIME), substitute(start, {"time": TIME + negate(lag)}))


def _check_lag(draft: ModelDraft, declared: Declarations, lag: Expression) -> None:
    changing = symbols(lag) - draft.parameters.keys()
    if changing or not evaluate(lag, draft.parameters) >= 0.0:
        raise Unsupported(f"{draft.file}: delay() by a time that changes or is negative is not supported")


def _copied(
    draft: ModelDraft, declared: Declarations, wanted: frozenset[str], lag: Expression, known: dict[str, str]
) -> dict[str, str]:
    """Copies of the states and of all that they depend on, late by `lag`."""
    reached, waiting = set(wanted), list(wanted)
    slopes: dict[str, Expression] = {}
    while waiting:
        name = waiting.pop()
        slopes[name] = draft.closed([draft.derivative(name)])[0]
        needed = symbols(slopes[name])
        _check_history(draft, name, needed)
        waiting += (needed & draft.states.keys()) - reached
        reached |= needed & draft.states.keys()
    if reached and not known:
        # The copies start with a kink, which the solver must meet with the end of a step.
        started = EventEntry(declared.free_name("delay_over"), less_equal(lag, TIME), {}, None, None, True, True, True)
        draft.events.append(started)
    fresh = [name for name in draft.states if name in reached and name not in known]
    known.update((name, declared.free_name(f"{name}_delayed")) for name in fresh)
    past = {name: symbol(copy) for name, copy in known.items()} | {"time": TIME + negate(lag)}
    for name in fresh:
        draft.states[known[name]] = draft.states[name]
        draft.rate_rules[known[name]] = piecewise(substitute(slopes[name], past), less_equal(lag, TIME), ZERO)
    return known


def _check_history(draft: ModelDraft, name: str, needed: frozenset[str]) -> None:
    if name in draft.algebraic:
        raise Unsupported(f"{draft.file}: delay() of '{name}', which an algebraic rule determines, is not supported")
    if name in draft.event_targets():
        raise Unsupported(f"{draft.file}: delay() of what depends on '{name}', which events set, is not supported")
    if any(other.startswith(DELAY_PREFIX) for other in needed):
        raise Unsupported(f"{draft.file}: delay() of '{name}', which depends on delayed values, is not supported")
