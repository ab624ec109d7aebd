"""Steady-state equations of very different pace, solved term by term.

Where a fast exchange and a slow turnover act on the same species, the sum of their rates has lost the slow one to
rounding. Species are therefore combined, in the exact numbers of the stoichiometry, so that the fastest term stands in
one equation alone, the next in one of the others, and so on: no equation adds up terms of a pace that is not its own.
"""

from __future__ import annotations

import numpy as np

from .steady_model import SteadyEquations, SteadyModel

STEPS = 12


def combinations_without_cancellation(
    part: SteadyModel, equations: SteadyEquations, state: np.ndarray, parameters: np.ndarray, time: float
) -> tuple[np.ndarray, np.ndarray]:
    """Combinations of rates without fast terms that cancel, and the slopes of the terms by species.

    Returns
    -------
    combined : array, shape (n_solved - n_totals, n_terms)
        Coefficients of the terms.
    slopes : array, shape (n_terms, n_solved)

    Raises
    ------
    LinAlgError
        If the rates do not decide the state.
    """
    solved = equations.solved
    if part.algebraic.any():
        raise np.linalg.LinAlgError("models with algebraic rules are not solved term by term")
    species = part.model.species
    slopes = part.term_derivatives(tuple(species[i] for i in solved), state, parameters, time)
    size = np.abs(state[solved])
    size = np.maximum(size, 1e-9 * np.max(size, initial=1e-300))
    pace = np.abs(slopes * size).max(axis=1, initial=0.0)
    rows = part.coefficients(parameters)[solved]
    rows, free = rows.copy(), np.ones(len(rows), dtype=bool)
    used = []
    for column in np.argsort(-pace, kind="stable").tolist():
        if pace[column] == 0.0 or not free.any():
            break
        pivot = int(np.argmax(np.abs(rows[:, column]) * free))
        if not free[pivot] or abs(rows[pivot, column]) < 1e-11:
            continue
        free[pivot] = False
        used.append(pivot)
        for other in np.flatnonzero(free & (rows[:, column] != 0.0)).tolist():
            rows[other] -= rows[other, column] / rows[pivot, column] * rows[pivot]
            rows[other][np.abs(rows[other]) < 1e-11] = 0.0
    if len(used) != len(solved) - len(equations.totals):
        raise np.linalg.LinAlgError("the steady state is not isolated: it does not follow from rates and totals")
    return rows[used], slopes


def refined_steady_state(
    part: SteadyModel,
    equations: SteadyEquations,
    state: np.ndarray,
    parameters: np.ndarray,
    wanted: np.ndarray,
    time: float,
) -> np.ndarray:
    """Newton's method on the combined equations, from a state nearby.

    Parameters
    ----------
    state : array, shape (n_species,)
    wanted : array, shape (n_totals,)

    Raises
    ------
    LinAlgError
        If it does not converge.
    """
    y, solved = state.copy(), equations.solved
    totals = equations.totals[:, solved]
    for _ in range(STEPS):
        combined, slopes = combinations_without_cancellation(part, equations, y, parameters, time)
        matrix = np.concatenate([combined @ slopes, totals])
        right = np.concatenate([-combined @ part.term_values(y, parameters, time), wanted - totals @ y[solved]])
        rows = np.abs(matrix * np.maximum(np.abs(y[solved]), 1e-300)).max(axis=1)
        rows = np.where(rows > 0.0, rows, 1.0)
        change = np.linalg.solve(matrix / rows[:, None], right / rows)
        y[solved] += change
        if np.all(np.abs(change) <= 1e-12 * np.abs(y[solved]) + 1e-300):
            return y
        if not np.isfinite(y).all():
            break
    if np.all(np.abs(change) <= 1e-8 * np.abs(y[solved]) + 1e-300):
        return y
    raise np.linalg.LinAlgError("the steady-state equations are too ill-conditioned")
