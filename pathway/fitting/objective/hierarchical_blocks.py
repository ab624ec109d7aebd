"""The best scales, offsets and noise levels of blocks of measurements, given what was simulated."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .assembled import AssembledProblem
from .noise import LOG10


@dataclass(frozen=True, eq=False)
class HierarchicalBlock:
    """Measurements that share parameters with a closed form, and no such parameter with others.

    Attributes
    ----------
    rows : int array
        Measurements, in the order of the assembled's groups.
    linear : int array
        Scales and offsets, positions among the estimated parameters.
    noise : int
        The noise level, or -1 where the noise does not depend on such a parameter.
    logarithmic : bool
        Whether the measurements are compared as logarithms: then each has at most one scale, solved as its logarithm.
    laplace : bool
    """

    rows: np.ndarray
    linear: np.ndarray
    noise: int
    logarithmic: bool
    laplace: bool


class HierarchicalBlocks:
    """All blocks as arrays, to be solved together at many points.

    Attributes
    ----------
    blocks : tuple of HierarchicalBlock
    rows : int array, shape (n_rows,)
        Rows of all blocks, one block after the other.
    linear : int array, shape (n_blocks, widest)
        Scales and offsets, positions among the estimated parameters, or -1.
    levels : int array
        Noise levels, of the blocks that have one.
    """

    def __init__(self, assembled: AssembledProblem, blocks: Sequence[HierarchicalBlock]) -> None:
        none, model = np.zeros(0, dtype=int), assembled.noise
        lengths = [len(block.rows) for block in blocks]
        self.blocks, self.starts = tuple(blocks), np.cumsum([0, *lengths[:-1]])
        self.rows = np.concatenate([none, *(block.rows for block in blocks)])
        self.owner = np.repeat(np.arange(len(blocks)), lengths)
        self.linear = np.full((len(blocks), max((len(block.linear) for block in blocks), default=0)), -1)
        for k, block in enumerate(blocks):
            self.linear[k, : len(block.linear)] = block.linear
        noise = np.array([block.noise for block in blocks], dtype=int)
        self.with_level = np.flatnonzero(noise >= 0)
        self.levels = noise[self.with_level]
        self.counted, self.measured = model.counted[self.rows], model.measured[self.rows]
        self.logarithmic = np.array([block.logarithmic for block in blocks], dtype=bool)
        self.unit = np.where(model.transformation[self.rows] == LOG10, math.log(10.0), 1.0)
        self.laplace = np.array([block.laplace for block in blocks], dtype=bool)
        self.n_counted = np.bincount(self.owner, self.counted, len(blocks))
        estimated = assembled.problem.estimated
        lower, upper = np.array([p.lower for p in estimated]), np.array([p.upper for p in estimated])
        self._level_bounds = lower[self.levels], upper[self.levels]
        self._used = self.linear >= 0
        with np.errstate(divide="ignore"):
            self._line_bounds = tuple(
                np.where(self.logarithmic[:, None], np.log(np.maximum(bound, 0.0)), bound)
                for bound in (lower[self.linear], upper[self.linear])
            )
        self._all_counted = bool(self.counted.all())
        self._some_logarithmic, self._some_laplace = bool(self.logarithmic.any()), bool(self.laplace.any())

    def solve(self, natural: np.ndarray, simulated: np.ndarray, deviation: np.ndarray, slopes: np.ndarray) -> None:
        """Write the best values into `natural`, shape (n_points, n_estimated).

        Parameters
        ----------
        simulated, deviation : array, shape (n_points, n_rows)
            At `natural`; the deviation at noise levels of 1.
        slopes : array, shape (n_points, n_rows, widest)
            Of the simulated values by scales and offsets.
        """
        rest, table = simulated - self.measured, slopes
        if self._some_logarithmic:
            logarithmic = self.logarithmic[self.owner]
            rest = np.where(logarithmic, np.log(np.maximum(simulated, 1e-300) / self.measured) / self.unit, rest)
            table = np.where(logarithmic[:, None], (slopes != 0.0) / self.unit[:, None], slopes)
        if self.linear.shape[1]:
            rest = self._with_lines(natural, rest, table, self._of_counted(1.0 / deviation))
        if len(self.levels):
            scaled = self._of_counted(rest / deviation)
            spread = scaled * scaled
            if self._some_laplace:
                spread = np.where(self.laplace[self.owner], np.abs(scaled), spread)
            mean = np.add.reduceat(spread, self.starts, axis=1) / self.n_counted
            best = np.sqrt(mean)
            if self._some_laplace:
                best = np.where(self.laplace, mean, best)
            natural[:, self.levels] = clip_to_bounds(best[:, self.with_level], *self._level_bounds)

    def _of_counted(self, values: np.ndarray) -> np.ndarray:
        """Values of the rows that count, 0 of the others."""
        return values if self._all_counted else np.where(self.counted, values, 0.0)

    def _with_lines(self, natural: np.ndarray, rest: np.ndarray, table: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Write the best scales and offsets into `natural`; returns what then is left of each row."""
        used, (lower, upper) = self._used, self._line_bounds
        now = natural[:, self.linear]
        if self._some_logarithmic:
            now = np.where(self.logarithmic[:, None], np.log(np.maximum(now, 0.0)), now)
        now = np.where(used, now, 0.0)
        weighted = table * share[..., None]
        goal = ((now[:, self.owner] * table).sum(axis=-1) - rest) * share
        # One column has its answer in two sums.
        first, solution = weighted[..., 0], np.zeros(now.shape)
        square = np.add.reduceat(first * first, self.starts, axis=1)
        along = np.add.reduceat(first * goal, self.starts, axis=1)
        best = clip_to_bounds(np.where(square > 0.0, along / square, 0.0), lower[:, 0], upper[:, 0])
        solution[..., 0] = np.where(used[:, 0], best, 0.0)
        for k, block in enumerate(self.blocks):
            n = len(block.linear)
            if n > 1:
                rows = slice(self.starts[k], self.starts[k] + len(block.rows))
                for table_here, goal_here, result in zip(
                    weighted[:, rows, :n], goal[:, rows], solution[:, k, :n], strict=True
                ):
                    if np.isfinite(table_here).all() and np.isfinite(goal_here).all():
                        result[:] = bounded_least_squares(table_here, goal_here, lower[k, :n], upper[k, :n])
        values = np.where(self.logarithmic[:, None], np.exp(solution), solution) if self._some_logarithmic else solution
        natural[:, self.linear[used]] = values[:, used]
        return rest + (table * (solution - now)[:, self.owner]).sum(axis=-1)


def clip_to_bounds(values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Values brought between bounds (several times as fast as `np.clip` for a few)."""
    return np.minimum(np.maximum(values, lower), upper)


def bounded_least_squares(table: np.ndarray, goal: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The minimizer of |table x - goal| in a box, shape (n_columns,), for few columns.

    Columns of zeros get the value nearest to zero that the box allows.
    """
    n = table.shape[1]
    x = np.clip(np.linalg.lstsq(table, goal, rcond=None)[0], lower, upper)
    held = np.zeros(n, bool)
    for _ in range(4 * n + 4):
        free = ~held
        if free.any():
            part = np.linalg.lstsq(table[:, free], goal - table[:, held] @ x[held], rcond=None)[0]
            aim = x.copy()
            aim[free] = part
            outside = free & ((aim < lower) | (aim > upper))
            if outside.any():
                # Go as far as the first wall and hold the column that met it.
                wall = np.where(aim < lower, lower, upper)
                with np.errstate(divide="ignore", invalid="ignore"):
                    share = np.where(outside, (wall - x) / (aim - x), np.inf)
                first = int(np.nanargmin(share))
                x = x + max(min(float(share[first]), 1.0), 0.0) * (aim - x)
                x[first] = wall[first]
                held[first] = True
                continue
            x = aim
        slope = table.T @ (table @ x - goal)
        loose = held & (((x <= lower) & (slope < 0.0)) | ((x >= upper) & (slope > 0.0)))
        if not loose.any():
            break
        held[int(np.argmax(np.where(loose, np.abs(slope), -1.0)))] = False
    return np.clip(x, lower, upper)
