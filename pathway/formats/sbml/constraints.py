"""Algebraic rules: which quantity each one determines, and an explicit formula for it where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pathway.expressions import Expression, divide, negate, number, substitute, symbols
from pathway.expressions.graph import is_number

from ..errors import Unsupported
from .draft import ModelDraft, linear_coefficient


@dataclass
class Constraint:
    """A residual that is zero at every moment, with the states that it may determine, preferred ones first."""

    place: str
    residual: Expression
    candidates: Sequence[str]


def solve_constraints(draft: ModelDraft, constraints: list[Constraint]) -> None:
    """Turn constraints into assignments where they are linear, into algebraic states elsewhere.

    Raises
    ------
    Unsupported
        If a constraint determines nothing that is free: the system would be of higher index or overdetermined.
    """
    if not constraints:
        return
    closed = draft.closed([c.residual for c in constraints])
    rows = [
        Constraint(c.place, residual, [n for n in c.candidates if n in symbols(residual)])
        for c, residual in zip(constraints, closed, strict=True)
        if not is_number(residual, 0.0)
    ]
    matched = _matching(draft, rows)
    unknowns = set(matched.values())
    waiting = {row: rows[row].residual for row in matched}
    solved: dict[str, Expression] = {}
    while (solution := _explicit(draft, waiting, unknowns - solved.keys())) is not None:
        row, name, value = solution
        del waiting[row]
        waiting = {other: substitute(residual, {name: value}) for other, residual in waiting.items()}
        solved = {other: substitute(formula, {name: value}) for other, formula in solved.items()} | {name: value}
    for name, value in solved.items():
        draft.formulas[name] = value
        del draft.states[name]
        _release(draft, name)
    left = sorted(unknowns - solved.keys(), key=list(draft.states).index)
    draft.algebraic.update(zip(_assigned(left, waiting, rows, draft), waiting.values(), strict=True))


def _release(draft: ModelDraft, name: str) -> None:
    """A solved state keeps neither reactions nor event assignments of its own."""
    draft.stoichiometry.pop(name, None)
    for event in draft.events:
        event.assignments.pop(name, None)
        event.factors.pop(name, None)


def _matching(draft: ModelDraft, rows: list[Constraint]) -> dict[int, str]:
    """One state for each constraint, by augmenting paths."""
    owner: dict[str, int] = {}

    def settle(row: int, seen: set[str]) -> bool:
        for name in rows[row].candidates:
            if name not in seen:
                seen.add(name)
                if name not in owner or settle(owner[name], seen):
                    owner[name] = row
                    return True
        return False

    for row, constraint in enumerate(rows):
        if not settle(row, set()):
            raise Unsupported(
                f"{draft.file}: {constraint.place} leaves no free quantity to determine "
                "(higher index, or more rules than unknowns)"
            )
    return {row: name for name, row in owner.items()}


def _explicit(
    draft: ModelDraft, waiting: dict[int, Expression], unknowns: set[str]
) -> tuple[int, str, Expression] | None:
    """The first residual that is linear in an unknown, plain slopes before slopes over parameters before others."""
    best: tuple[int, int, str, Expression] | None = None
    for row, residual in waiting.items():
        for name in sorted(symbols(residual) & unknowns):
            slope = linear_coefficient(residual, name)
            if slope is None or is_number(slope, 0.0) or symbols(slope) & unknowns:
                continue
            rank = 0 if is_number(slope) else 1 if symbols(slope) <= draft.parameters.keys() else 2
            if best is None or rank < best[0]:
                best = (rank, row, name, divide(negate(substitute(residual, {name: number(0)})), slope))
    return None if best is None else best[1:]


def _assigned(left: list[str], waiting: dict[int, Expression], rows: list[Constraint], draft: ModelDraft) -> list[str]:
    """A state for each residual that stays implicit, again by matching, now that others are put in."""
    remaining = [
        Constraint(rows[row].place, residual, [n for n in left if n in symbols(residual)])
        for row, residual in waiting.items()
    ]
    matched = _matching(draft, remaining)
    return [matched[index] for index in range(len(remaining))]
