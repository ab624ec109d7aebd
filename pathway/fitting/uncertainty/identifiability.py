"""What the data can tell at all: the null space of the sensitivity matrix, before or after any fitting."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..objective import Objective
from ..problem import Problem

WIDEST = 100.0
"""Standard deviation in decades beyond which a direction counts as unseen."""


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What can be told apart near a point.

    Attributes
    ----------
    names : tuple of str
    singular_values : array, shape (n,)
        Of the information matrix by decades of each parameter, largest first.
    rank : int
    unidentifiable : tuple of str
        Parameters with a part in some direction that the data do not see.
    combinations : tuple of dict of str to float
        Each such direction: by how much it moves each parameter, as relative changes (small parts left out).
    deviations : dict of str to float
        Standard deviation of each parameter on the optimizer's scale from the inverse information; inf if unseen.
    correlations : array, shape (n, n)
        Between the uncertainties of parameters on the optimizer's scale; not a number where one is unseen.
    """

    names: tuple[str, ...]
    singular_values: np.ndarray
    rank: int
    unidentifiable: tuple[str, ...]
    combinations: tuple[dict[str, float], ...]
    deviations: dict[str, float]
    correlations: np.ndarray

    def tied(self, least: float = 0.95) -> list[tuple[str, str, float]]:
        """Pairs of parameters correlated by at least so much, the strongest first."""
        rows, columns = np.nonzero(np.triu(np.abs(np.nan_to_num(self.correlations)) >= least, 1))
        pairs = [
            (self.names[i], self.names[j], float(self.correlations[i, j])) for i, j in zip(rows, columns, strict=True)
        ]
        return sorted(pairs, key=lambda pair: -abs(pair[2]))


def identifiability(objective: Objective, x: np.ndarray, threshold: float = 1e-14) -> Identifiability:
    """Local identifiability at a point.

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        On the optimizer's scale.
    threshold : float
        Directions whose information is below this share of the largest are unseen (the slopes are not more accurate);
        so are those that leave more than `WIDEST` decades open.

    Returns
    -------
    Identifiability

    Notes
    -----
    Rothenberg 1971, doi 10.2307/1913267: a regular point is locally identifiable if and only if the information
    matrix is regular there.
    """
    information = objective(x).information
    if information is None:
        raise ArithmeticError("the objective cannot be computed at this point")
    decades = _decades(objective.problem, x)
    information = information * np.outer(decades, decades)
    values, vectors = np.linalg.eigh(information)
    values, vectors = values[::-1], vectors[:, ::-1]
    seen = values > max(threshold * float(values[0]), WIDEST**-2)
    rank = int(seen.sum())
    null = vectors[:, rank:]
    share = np.sqrt((null**2).sum(axis=1))
    names = objective.problem.names
    unseen = share > 0.05
    inverse = (vectors[:, :rank] / values[:rank]) @ vectors[:, :rank].T * np.outer(decades, decades)
    combinations = tuple(
        {names[k]: float(v) for k, v in enumerate(column / np.abs(column).max()) if abs(v) > 0.05}
        for column in _simple(null).T
    )
    return Identifiability(
        names=names,
        singular_values=values,
        rank=rank,
        unidentifiable=tuple(n for n, hidden in zip(names, unseen, strict=True) if hidden),
        combinations=combinations,
        deviations={
            n: float("inf") if hidden else float(np.sqrt(max(v, 0.0)))
            for n, hidden, v in zip(names, unseen, np.diagonal(inverse), strict=True)
        },
        correlations=_correlations(inverse, unseen),
    )


def _decades(problem: Problem, x: np.ndarray) -> np.ndarray:
    """A decade of each parameter on the optimizer's scale: on a linear one, too, rates of 1e-9 and of 1 weigh alike."""
    size = np.where(x != 0.0, np.abs(x), 1.0)
    unit = {"log10": np.ones_like(x), "log": np.full_like(x, math.log(10.0)), "linear": math.log(10.0) * size}
    return np.array([unit[p.scale][k] for k, p in enumerate(problem.estimated)])


def _correlations(covariance: np.ndarray, unseen: np.ndarray) -> np.ndarray:
    spread = np.sqrt(np.where(unseen, np.nan, np.diagonal(covariance)))
    with np.errstate(all="ignore"):
        return np.clip(covariance / np.outer(spread, spread), -1.0, 1.0)


def _simple(null: np.ndarray) -> np.ndarray:
    """A basis of the same space in which each direction involves few parameters: reduced column echelon form."""
    work = null.T.copy()
    row = 0
    for _ in range(len(work)):
        rest = np.abs(work[row:])
        pivot_row, column = np.unravel_index(int(np.argmax(rest)), rest.shape)
        work[[row, row + int(pivot_row)]] = work[[row + int(pivot_row), row]]
        work[row] /= work[row, column]
        for other in range(len(work)):
            if other != row:
                work[other] -= work[other, column] * work[row]
        row += 1
    return work.T
