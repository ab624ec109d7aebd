"""Folds as solutions of a larger system, so that they can be sharpened and followed in a second parameter.

At a fold the Jacobian has a null vector v. The equations f = 0, J v = 0, |v|^2 = 1 are regular there
(Moore and Spence 1980); following them over a second parameter gives the line in the plane of both parameters on one
side of which two more steady states exist.
"""

from __future__ import annotations

import numpy as np

from pathway.expressions import add, multiply, number, symbol
from pathway.expressions.calculus import directional_derivative

from ..mistakes import AnalysisError
from .branch import Branch, SpecialPoint, follow_branch
from .system import ContinuationSystem


def fold_system(system: ContinuationSystem, second: str, weights: np.ndarray) -> ContinuationSystem:
    """The equations of a fold: unknowns, null vector and parameter, over a second parameter.

    Parameters
    ----------
    system : ContinuationSystem
    second : str
        One of its constants.
    weights : array, shape (n_unknowns,)
        Size of each unknown, so that the null vector's parts are comparable.
    """
    if second not in system.constants:
        raise AnalysisError(f"'{second}' is no parameter of these equations")
    null = {name: f"null_{name}" for name in system.unknowns}
    direction = {
        name: multiply(number(float(w)), symbol(null[name])) for name, w in zip(system.unknowns, weights, strict=True)
    }
    along = directional_derivative(list(system.residuals), direction)
    length = add(*(multiply(symbol(v), symbol(v)) for v in null.values()), number(-1.0))
    constants = {name: value for name, value in system.constants.items() if name != second}
    unknowns = (*system.unknowns, *null.values(), system.parameter)
    return ContinuationSystem(unknowns, (*system.residuals, *along, length), second, constants, dynamic=False)


def _start(system: ContinuationSystem, fold: SpecialPoint, weights: np.ndarray) -> np.ndarray:
    _, jacobian, _ = system.linearized(fold.state, fold.value)
    scaled = jacobian * weights
    scaled = scaled / np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-300)
    null = np.linalg.svd(scaled)[2][-1]
    return np.concatenate([fold.state, null, [fold.value]])


def _weights(fold: SpecialPoint) -> np.ndarray:
    return np.maximum(np.abs(fold.state), 1e-6 * np.abs(fold.state).max() + 1e-12)


def sharpen_fold(system: ContinuationSystem, fold: SpecialPoint) -> SpecialPoint:
    """The fold as the solution of its own equations, by Newton's method.

    Raises
    ------
    AnalysisError
        If it does not converge.
    """
    spare = next(iter(system.constants), None)
    if spare is None:
        raise AnalysisError("a fold is sharpened over a second parameter; these equations have only one")
    weights = _weights(fold)
    larger = fold_system(system, spare, weights)
    solved = larger.solve(_start(system, fold, weights), system.constants[spare])
    if solved is None:
        raise AnalysisError(f"the fold at {system.parameter} = {fold.value:.6g} could not be sharpened")
    return SpecialPoint("fold", float(solved[-1]), solved[: len(system.unknowns)])


def fold_curve(
    system: ContinuationSystem,
    fold: SpecialPoint,
    second: str,
    low: float,
    high: float,
    limits: tuple[float, float] | None = None,
    **options: float,
) -> Branch:
    """The fold in the plane of two parameters, both ways from where it was found.

    Parameters
    ----------
    system : ContinuationSystem
    fold : SpecialPoint
    second : str
        The other parameter, followed within [low, high].
    limits : (low, high), optional
        Of the first parameter: the curve also ends outside.

    Returns
    -------
    Branch
        `values` are those of the second parameter; the first is the unknown called by its name. Folds of this branch
        are cusps.
    """
    weights = _weights(fold)
    larger = fold_system(system, second, weights)
    start, value = _start(system, fold, weights), system.constants[second]
    keep = None if limits is None else lambda state: bool(limits[0] <= state[-1] <= limits[1])
    halves = [
        follow_branch(larger, start, value, low, high, towards=sign, keep=keep, **options)  # type: ignore[arg-type]
        for sign in (-1.0, 1.0)
    ]
    back, forth = halves
    joined_values = np.concatenate([back.values[::-1], forth.values[1:]])
    joined_states = np.concatenate([back.states[::-1], forth.states[1:]])
    special = tuple(
        SpecialPoint("cusp", p.value, p.state) for p in (*back.special[::-1], *forth.special) if p.kind == "fold"
    )
    stable = np.zeros(len(joined_values), dtype=bool)
    return Branch(larger.unknowns, second, joined_values, joined_states, stable, special, forth.ended)
