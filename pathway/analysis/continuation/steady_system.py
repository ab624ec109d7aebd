"""The steady-state equations of a model, without what cannot rest or need not be solved for.

Left out are pure outputs (cell number), what is held (a drug in the medium), what no one makes (species that are zero
and stay zero), and for each conserved total one species, which follows from the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.equations.totals import conserved_totals
from pathway.expressions import Expression, add, divide, multiply, number, symbol
from pathway.expressions.arrays import evaluate_arrays
from pathway.expressions.calculus import substitute_all
from pathway.expressions.evaluation import evaluate_all

from ..mistakes import unknown_name_error
from .system import ContinuationSystem


@dataclass(frozen=True, eq=False)
class SteadySystem:
    """Steady-state equations and the way back to the whole state.

    Attributes
    ----------
    model : Model
    system : ContinuationSystem
    held : mapping of species name to float
    absent : frozenset of str
        Species that are zero and stay zero.
    dependent : mapping of species name to Expression
        Those that follow from conserved totals.
    """

    model: Model
    system: ContinuationSystem
    held: Mapping[str, float]
    absent: frozenset[str]
    dependent: Mapping[str, Expression]

    def start(self) -> np.ndarray:
        """The model's own initial values of the unknowns, shape (n_unknowns,)."""
        values = dict(zip(self.model.species, self.model.initial_values, strict=True))
        return np.array([values[name] for name in self.system.unknowns])

    def reduce(self, state: np.ndarray) -> np.ndarray:
        """Unknowns out of whole states, shape (..., n_species) -> (..., n_unknowns)."""
        return np.asarray(state)[..., [self.model.species.index(name) for name in self.system.unknowns]]

    def names(
        self, states: np.ndarray, at: np.ndarray | float, constants: Mapping[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Every species, quantity and observable over many steady states.

        Parameters
        ----------
        states : array, shape (k, n_unknowns)
        at : array (k,) or float
            Value of the parameter.
        constants : mapping of name to array, shape (k,), optional
            Override the system's own values, where every state belongs to another parameter set.
        """
        known: dict[str, np.ndarray | float] = {**self.system.constants, **(constants or {})}
        known |= dict(zip(self.system.unknowns, np.asarray(states).T, strict=True))
        known |= {self.system.parameter: np.asarray(at), TIME: 0.0, **self.held}
        known |= dict.fromkeys(self.absent, 0.0) | {name: 0.0 for name in self.model.outputs}
        known |= _computed(self.dependent, known, len(states))
        formulas = {**self.model.closed_assignments}
        formulas |= dict(zip(self.model.observables, self.model.closed(self.model.observables.values()), strict=True))
        known |= _computed({n: f for n, f in formulas.items() if n not in known}, known, len(states))
        return {name: np.broadcast_to(value, len(states)) for name, value in known.items()}


def _computed(
    formulas: Mapping[str, Expression], known: Mapping[str, np.ndarray | float], count: int
) -> dict[str, np.ndarray]:
    values = evaluate_arrays(list(formulas.values()), known)
    return {name: np.broadcast_to(value, count) for name, value in zip(formulas, values, strict=True)}


def steady_system(model: Model, parameter: str, held: Mapping[str, float] | None = None) -> SteadySystem:
    """The steady-state equations of a model over one parameter.

    Parameters
    ----------
    model : Model
        With the initial formulas that set its conserved totals.
    parameter : str
        A parameter, or a species of `held` (a drug's concentration).
    held : mapping of species name to float, optional
        Kept at a value: drugs in the medium.

    Raises
    ------
    AnalysisError
        If the parameter or a held species does not exist; the nearest names are given.
    """
    held = dict(held or {})
    for name in held:
        if name not in model.species:
            raise unknown_name_error("species", name, model.species)
    if parameter not in model.parameters and parameter not in held:
        raise unknown_name_error("parameter", parameter, model.parameters)
    absent = _absent(model, held)
    zeros = {name: number(0.0) for name in absent | model.outputs} | {TIME: number(0.0)}
    dependent = _dependent(model, absent, held)
    unknowns = [n for n in model.species if n not in zeros and n not in dependent and n not in held]
    dependent = dict(zip(dependent, substitute_all(list(dependent.values()), zeros), strict=True))
    residuals = substitute_all([model.derivatives[name] for name in unknowns], {**zeros, **dependent})
    constants = dict(zip(model.parameters, map(float, model.parameter_values), strict=True)) | held
    constants.pop(parameter, None)
    return SteadySystem(model, ContinuationSystem(unknowns, residuals, parameter, constants), held, absent, dependent)


def _absent(model: Model, held: Mapping[str, float]) -> frozenset[str]:
    """Species that start at zero and are made only from each other."""
    start = dict(zip(model.species, model.initial_values, strict=True))
    absent = {n for n in model.species if start[n] == 0.0 and n not in held and n not in model.outputs}
    known = dict(zip(model.parameters, map(float, model.parameter_values), strict=True)) | {TIME: 0.0}
    known |= {name: max(start[name], 0.3) for name in model.species} | dict(held)
    while True:
        trial = {**known, **dict.fromkeys(absent, 0.0)}
        slopes = evaluate_all([model.derivatives[name] for name in sorted(absent)], trial)
        produced = {name for name, slope in zip(sorted(absent), slopes, strict=True) if slope != 0.0}
        if not produced:
            return frozenset(absent)
        absent -= produced


def _dependent(model: Model, absent: frozenset[str], held: Mapping[str, float]) -> dict[str, Expression]:
    """For each conserved total the formula of one species from the others and the parameters."""
    formulas: dict[str, Expression] = {}
    for total in conserved_totals(model):
        names = [name for name in total if name not in absent]
        if not names or any(name in held for name in names):
            continue
        chosen = next((name for name in reversed(names) if name not in formulas), None)
        if chosen is None or all(model.closed_initial[name] is number(0.0) for name in total):
            continue
        amount = add(*(multiply(number(total[name]), model.closed_initial[name]) for name in total))
        others = add(*(multiply(number(-total[n]), symbol(n)) for n in names if n != chosen))
        formula = substitute_all([divide(add(amount, others), number(total[chosen]))], formulas)[0]
        formulas = dict(zip(formulas, substitute_all(list(formulas.values()), {chosen: formula}), strict=True))
        formulas[chosen] = formula
    return formulas
