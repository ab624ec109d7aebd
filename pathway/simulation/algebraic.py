"""How species that are found from residual = 0 move with all else: their rates and their slopes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression
from pathway.expressions.calculus import gradients
from pathway.expressions.evaluation import evaluate_all

from .errors import SimulationError
from .prepared import PreparedModel
from .solvers.batch import evaluate_kernel_rows
from .solvers.probe import evaluate_right_hand_side


def rates_of_change(prepared: PreparedModel, time: float, state: np.ndarray, parameters: np.ndarray) -> np.ndarray:
    """Rates of change of all species, shape (n_species,); those of algebraic ones by the implicit function theorem."""
    rates = evaluate_right_hand_side(prepared.kernels(1), time, state, parameters)
    if prepared.model.algebraic:
        ties = AlgebraicTies.at(prepared, time, state, parameters)
        rates = ties.forward(rates[:, None], np.zeros((len(parameters), 1)), np.ones(1))[:, 0]
    return rates


@dataclass(frozen=True, eq=False)
class AlgebraicTies:
    """How algebraic species move with all else at one moment, by the implicit function theorem.

    Attributes
    ----------
    fast : bool array, shape (n_species,)
        The algebraic species.
    by_state : array, shape (n_fast, n_species - n_fast)
    by_parameter : array, shape (n_fast, n_parameters)
    by_time : array, shape (n_fast,)
    """

    fast: np.ndarray
    by_state: np.ndarray
    by_parameter: np.ndarray
    by_time: np.ndarray

    @classmethod
    def at(cls, prepared: PreparedModel, time: float, state: np.ndarray, parameters: np.ndarray) -> AlgebraicTies:
        """At a state in which the algebraic rules hold.

        Raises
        ------
        SimulationError
            If they do not determine the species there.
        """
        kernels, pattern, n = prepared.kernels(1), prepared.pattern, len(state)
        where = (np.array([float(time)]), state[None], parameters[None])
        jacobian, moves = np.zeros((n, n)), np.zeros((n, len(parameters) + 1))
        jacobian[pattern.rows, pattern.columns] = evaluate_kernel_rows(
            kernels, kernels.jacobian, kernels.n_jacobian, *where
        )[0]
        values = dict(zip(prepared.model.species, map(float, state), strict=True)) | {TIME: float(time)}
        values |= zip(prepared.model.parameters, map(float, parameters), strict=True)
        for row, partial in prepared.once(_residual_slopes):
            moves[row, list(partial)] = evaluate_all(list(partial.values()), values)
        fast = pattern.mass == 0.0
        tied = np.concatenate([jacobian[np.ix_(fast, ~fast)], moves[fast]], axis=1)
        try:
            ties = -np.linalg.solve(jacobian[np.ix_(fast, fast)], tied)
        except np.linalg.LinAlgError:
            reason = "algebraic species have no slope where their rules do not determine them"
            message = f"{prepared.model.name}: at time {time:.9g}: {reason}"
            raise SimulationError(message, reason, float(time), {}, None) from None
        n_slow = n - int(fast.sum())
        return cls(fast, ties[:, :n_slow], ties[:, n_slow:-1], ties[:, -1])

    def forward(self, slopes: np.ndarray, by_parameter: np.ndarray, moment: np.ndarray) -> np.ndarray:
        """Slopes of all species from those of the others, shape (n_species, n_directions), of the parameters, shape
        (n_parameters, n_directions), and of the time, shape (n_directions,)."""
        made = slopes.copy()
        made[self.fast] = self.by_state @ slopes[~self.fast] + self.by_parameter @ by_parameter
        made[self.fast] += np.outer(self.by_time, moment)
        return made

    def back(self, bar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The transpose at a time that does not move: derivatives by the parameters, shape (n_parameters, n_columns),
        and by the other species, shape (n_species, n_columns)."""
        pulled = np.where(self.fast[:, None], 0.0, bar)
        pulled[~self.fast] += self.by_state.T @ bar[self.fast]
        return self.by_parameter.T @ bar[self.fast], pulled


def _residual_slopes(model: Model) -> list[tuple[int, dict[int, Expression]]]:
    """Rows of algebraic species, and the derivatives of their residuals by the places of parameters and of time."""
    places = {name: k for k, name in enumerate((*model.parameters, TIME))}
    found = []
    for row, name in enumerate(model.species):
        if name in model.algebraic:
            partial = gradients([model.derivatives[name]], set(places))[0]
            found.append((row, {places[moving]: slope for moving, slope in partial.items()}))
    return found
