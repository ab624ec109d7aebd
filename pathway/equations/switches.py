"""Where the equations of a model change their form: every function whose sign or integer part decides something."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations

from pathway.expressions import Expression, postorder, symbols
from pathway.expressions.graph import COMPARISONS, is_condition, is_number, negate

from .model import TIME, Model

_RootFunction = tuple[Expression, Expression, bool]
"""Function, node that it decides, and whether its integer part does so."""


@dataclass(frozen=True)
class Switch:
    """A function that decides between branches of the equations or the truth of a trigger.

    Attributes
    ----------
    function : Expression
        Over species, parameters and time alone. Where its sign changes (or it becomes, or ceases to be, a number) a
        comparison, piecewise, abs, min or max takes another branch; with `integer`, where it passes a whole number.
    node : Expression
        What it decides: the comparison, "abs", "min", "max", "floor" or "ceil" (of several, the first), or the number
        that stands where a condition is expected.
    integer : bool
        Whether the integer part counts and not the sign.
    time_only : bool
        Whether its moments are known before a run: it depends on time, parameters and species without a rate, which
        keep their value between interventions and events.
    in_rates : bool
        Whether it stands in the rates, the rate rules or the algebraic equations (assignment rules included).
    in_triggers : bool
        Whether it stands in the trigger of an event.
    """

    function: Expression
    node: Expression
    integer: bool
    time_only: bool
    in_rates: bool
    in_triggers: bool

    @property
    def continuous(self) -> bool:
        """Whether it decides nothing that jumps by itself: abs, min and max have a kink there and no more."""
        return self.node.operator in ("abs", "min", "max")


def switches(model: Model) -> tuple[Switch, ...]:
    """Every switch of a model once, inner ones before those that use them; kept on the model.

    Functions of parameters and species without a rate alone are left out: they never change by themselves.
    """
    cached = model.__dict__.get("_switches")
    if cached is None:
        cached = model.__dict__["_switches"] = _switches(model)
    return cached


def held_species(model: Model) -> frozenset[str]:
    """Species without a rate: only interventions and events change them."""
    return frozenset(name for name, slope in model.derivatives.items() if is_number(slope, 0.0))


def _switches(model: Model) -> tuple[Switch, ...]:
    moving = frozenset(model.species) - held_species(model)
    triggers = model.closed([event.trigger for event in model.events])
    merged: dict[tuple[Expression, bool], Switch] = {}
    groups: tuple[tuple[str, Iterable[_RootFunction]], ...] = (
        ("rates", root_functions(model.derivatives.values())),
        ("triggers", chain(root_functions(triggers), _numbers(triggers))),
    )
    for place, group in groups:
        for function, node, integer in group:
            used = symbols(function)
            if not used & (moving | {TIME}):
                continue
            switch = merged.get((function, integer))
            if switch is None:
                switch = Switch(function, node, integer, not used & moving, in_rates=False, in_triggers=False)
            elif switch.continuous:
                switch = replace(switch, node=node)
            in_rates, in_triggers = switch.in_rates or place == "rates", switch.in_triggers or place == "triggers"
            merged[function, integer] = replace(switch, in_rates=in_rates, in_triggers=in_triggers)
    return tuple(merged.values())


def root_functions(formulas: Iterable[Expression]) -> Iterator[_RootFunction]:
    """Every function at whose roots (for floor and ceil: wherever it is an integer) something within the formulas
    switches, from the inside out."""
    for node in postorder(formulas):
        if node.operator in ("floor", "ceil"):
            yield node.arguments[0], node, True
        elif node.operator == "abs":
            yield node.arguments[0], node, False
        elif node.operator in ("min", "max"):
            for left, right in combinations(node.arguments, 2):
                yield left - right, node, False
        elif node.operator in COMPARISONS:
            if not all(is_condition(a) or is_number(a) for a in node.arguments):
                yield node.arguments[0] + negate(node.arguments[1]), node, False
        else:
            read = {"and": node.arguments, "or": node.arguments, "not": node.arguments}.get(node.operator, ())
            yield from _numbers(node.arguments[1::2] if node.operator == "piecewise" else read)


def _numbers(conditions: Iterable[Expression]) -> Iterator[_RootFunction]:
    """Those that are no conditions but formulas of numbers, which are true wherever they are not zero."""
    for operand in conditions:
        if not (is_condition(operand) or is_number(operand)):
            yield operand, operand, False
