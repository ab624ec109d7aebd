"""What the data can tell at all: the null space of the sensitivity matrix, before or after any fitting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..objective import Objective


@dataclass(frozen=True, eq=False)
class Identifiability:
    """What can be told apart near a point.

    Attributes
    ----------
    names : tuple of str
    singular_values : array, shape (n,)
        Of the information matrix on the optimizer's scale, largest first.
    rank : int
    unidentifiable : tuple of str
        Parameters with a part in some direction that the data do not see.
    combinations : tuple of dict of str to float
        Each such direction: how much of each parameter it moves, on the optimizer's scale (small parts left out).
    deviations : dict of str to float
        Standard deviation of each parameter on the optimizer's scale from the inverse information; inf if unseen.
    """

    names: tuple[str, ...]
    singular_values: np.ndarray
    rank: int
    unidentifiable: tuple[str, ...]
    combinations: tuple[dict[str, float], ...]
    deviations: dict[str, float]


def identifiability(objective: Objective, x: np.ndarray, threshold: float = 1e-8) -> Identifiability:
    """Local identifiability at a point.

    Parameters
    ----------
    objective : Objective
    x : array, shape (n_estimated,)
        On the optimizer's scale.
    threshold : float
        Directions whose information is below this share of the largest are unseen.

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
    values, vectors = np.linalg.eigh(information)
    values, vectors = values[::-1], vectors[:, ::-1]
    seen = values > threshold * max(float(values[0]), 1e-300)
    rank = int(seen.sum())
    null = vectors[:, rank:]
    share = np.sqrt((null**2).sum(axis=1))
    names = objective.problem.names
    inverse = (vectors[:, :rank] / values[:rank]) @ vectors[:, :rank].T
    combinations = tuple(
        {names[k]: float(v) for k, v in enumerate(column / np.abs(column).max()) if abs(v) > 0.05}
        for column in _simple(null).T
    )
    return Identifiability(
        names=names,
        singular_values=values,
        rank=rank,
        unidentifiable=tuple(n for n, s in zip(names, share, strict=True) if s > 0.05),
        combinations=combinations,
        deviations={
            n: float("inf") if s > 0.05 else float(np.sqrt(max(v, 0.0)))
            for n, s, v in zip(names, share, np.diagonal(inverse), strict=True)
        },
    )


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
