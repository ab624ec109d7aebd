"""The numbers that a fit takes as given, as parameters that could be let go: what is fixed, model constants, doses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pathway.expressions import Expression, symbol
from pathway.expressions.graph import build_node
from pathway.simulation.protocol import Experiment

from ..problem import Parameter, Problem

WIDEST = 1e9
"""A number that is let go may be this many times larger or smaller."""


@dataclass(frozen=True)
class FixedNumber:
    """A number that a fit takes as given.

    Attributes
    ----------
    name : str
        What it is called in the problem in which it is let go.
    value : float
        In natural units.
    unit : str
    target : str
        The parameter, or the species or parameter that experiments set to it.
    experiments : tuple of str
        Those that set it; empty for a parameter.
    is_fact : bool
        Whether it is of these cells, of the bench or of the table of parameters, and not a constant of the model.
    """

    name: str
    value: float
    unit: str
    target: str
    experiments: tuple[str, ...] = ()
    is_fact: bool = True

    def __str__(self) -> str:
        unit = "" if self.unit in ("", "1") else f" {self.unit}"
        where = f" in {', '.join(self.experiments[:2])}" if self.experiments else ""
        more = f" and {len(self.experiments) - 2} more" if len(self.experiments) > 2 else ""
        return f"{self.target} = {self.value:.6g}{unit}{where}{more}"


def fixed_numbers(problem: Problem) -> tuple[FixedNumber, ...]:
    """All that could be let go: fixed parameters, constants of the model, and what experiments set or add.

    Numbers that are 0 are left out, for they say that something is not there; so are `problem.switches`.
    """
    return tuple([*_parameters(problem), *_set_by_experiments(problem)])


def released(problem: Problem, numbers: tuple[FixedNumber, ...]) -> Problem:
    """The problem with these numbers estimated, too; they are the last of its parameters, in this order."""
    names = {n.name for n in numbers}
    kept = [p for p in problem.parameters if p.name not in names]
    return replace(
        problem,
        parameters=(*kept, *map(_parameter, numbers)),
        experiments=tuple(_with_symbols(e, names) for e in problem.experiments),
    )


def _parameter(n: FixedNumber) -> Parameter:
    if n.value > 0.0:
        return Parameter(n.name, n.value, n.value / WIDEST, n.value * WIDEST, "log", unit=n.unit)
    return Parameter(n.name, n.value, -math.inf, math.inf, unit=n.unit)


def _parameters(problem: Problem) -> Iterator[FixedNumber]:
    model, declared = problem.model, {p.name for p in problem.parameters}
    for p in problem.parameters:
        if not p.estimated and _is_number(p.value):
            yield FixedNumber(p.name, p.value, p.unit or model.units.get(p.name, ""), p.name)
    # What follows from others at the start of an experiment would no longer follow once it is a parameter.
    others = declared | set(problem.derived) | problem.switches | set(model.species)
    for name, value in zip(model.parameters, map(float, model.parameter_values), strict=True):
        if name not in others and _is_number(value):
            yield FixedNumber(name, value, model.units.get(name, ""), name, is_fact=name in problem.facts)


def _set_by_experiments(problem: Problem) -> Iterator[FixedNumber]:
    measured = {m.experiment for m in problem.measurements if m.counted}
    found: dict[str, tuple[str, float, list[str]]] = {}
    for experiment in problem.experiments:
        for period in experiment.periods if experiment.name in measured else ():
            for target, formula in period.changes.items():
                for value in (
                    {v for v in _numbers_of(formula) if _is_number(v)} if target not in problem.switches else ()
                ):
                    users = found.setdefault(_name(target, value), (target, value, []))[2]
                    if experiment.name not in users:
                        users.append(experiment.name)
    for name, (target, value, users) in found.items():
        yield FixedNumber(name, value, problem.model.units.get(target, ""), target, tuple(users))


def _is_number(value: float) -> bool:
    return math.isfinite(value) and value != 0.0


def _name(target: str, value: float) -> str:
    return f"{target} as set to {value!r}"


def _numbers_of(formula: Expression) -> list[float]:
    """The number that a change sets, adds or multiplies by."""
    parts = (formula,) if formula.operator == "number" else formula.arguments
    if formula.operator not in ("number", "add", "multiply"):
        return []
    return [float(part.value) for part in parts if part.operator == "number"]  # type: ignore[arg-type]


def _with_symbols(experiment: Experiment, names: set[str]) -> Experiment:
    periods = []
    for period in experiment.periods:
        changes = {target: _with_symbol(target, formula, names) for target, formula in period.changes.items()}
        periods.append(replace(period, changes=changes))
    return replace(experiment, periods=tuple(periods))


def _with_symbol(target: str, formula: Expression, names: set[str]) -> Expression:
    """A change whose number is a parameter, where that is let go."""
    if not any(_name(target, value) in names for value in _numbers_of(formula)):
        return formula
    if formula.operator == "number":
        return symbol(_name(target, float(formula.value)))  # type: ignore[arg-type]
    parts = [_with_symbol(target, p, names) if p.operator == "number" else p for p in formula.arguments]
    return build_node(formula.operator, parts)
