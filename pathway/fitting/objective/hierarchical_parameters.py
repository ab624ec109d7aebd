"""Scales, offsets and noise levels whose best values follow from the simulation in closed form.

Given the simulated states, an observable `offset + scale * x` with normal noise of one unknown level has its best
offset and scale by linear least squares and its best noise level by the mean square that is left. What enters so is
found from the formulas; the search then moves only the other parameters (variable projection).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pathway.expressions import Expression, differentiate, substitute, symbols
from pathway.expressions.graph import ZERO, is_number
from pathway.kernels import FormulaBatch, compile_batches

from .assembled import AssembledProblem
from .hierarchical_blocks import HierarchicalBlock, HierarchicalBlocks, clip_to_bounds
from .noise import LAPLACE, LINEAR, NORMAL
from .objective import Evaluation, Objective
from .observable_groups import ObservableGroup
from .observed import simulated_and_noise_places


@dataclass(frozen=True, eq=False)
class _Use:
    """One symbol of a group's formulas that stands for closed-form parameters.

    Attributes
    ----------
    name : str
    places : int array, shape (n_rows,)
        Estimated parameter it stands for in each row, or -1.
    in_noise : bool
    first : int
        Position of the group's first row.
    """

    name: str
    places: np.ndarray
    in_noise: bool
    first: int

    @cached_property
    def used(self) -> np.ndarray:
        """Rows of the group in which it stands for such a parameter."""
        return np.flatnonzero(self.places >= 0)

    @cached_property
    def rows(self) -> np.ndarray:
        """The same rows in the order of the problem's groups."""
        return self.used + self.first


class HierarchicalParameters:
    """The closed-form parameters of a problem and their best values.

    Attributes
    ----------
    blocks : HierarchicalBlocks
    inner : int array
        All their parameters, positions among the estimated.

    Notes
    -----
    Golub & Pereyra 1973, doi 10.1137/0710036; for scales, offsets and noise of such problems Weber et al. 2011,
    doi 10.3182/20110828-6-IT-1002.01151, and Schmiester et al. 2020, doi 10.1093/bioinformatics/btz581.
    """

    def __init__(self, assembled: AssembledProblem) -> None:
        self.assembled = assembled
        problem = assembled.problem
        allowed = {int(k) for k in assembled.observed_only if problem.estimated[k].prior is None}
        blocks, uses = _settled(assembled, allowed)
        self.blocks = HierarchicalBlocks(assembled, blocks)
        self.inner = np.unique(np.concatenate([self.blocks.linear[self.blocks.linear >= 0], self.blocks.levels]))
        column = np.full(len(assembled.plan.estimated), -1)
        for block in blocks:
            column[block.linear] = np.arange(len(block.linear))
        lower, upper = problem.bounds
        self._bounds = lower[self.inner], upper[self.inner]
        self._lay_out_lines(uses, column)

    def _lay_out_lines(self, uses: list[list[_Use]], column: np.ndarray) -> None:
        """Compile formulas with their slopes by closed-form parameters, and where these belong."""
        assembled, batches = self.assembled, []
        for group, own in zip(assembled.groups, uses, strict=True):
            names, places = assembled.observed.pool.inputs(group)
            batches.append(FormulaBatch(names, _lines(group, own), places))
        (self._lines,) = compile_batches([batches])
        n = len(assembled.order)
        self._both = simulated_and_noise_places(self._lines)
        # A slope that is there by no use is read from a place that holds none.
        slopes, by_noise = np.full((n, self.blocks.linear.shape[1]), -1), np.full(n, -1)
        for own, slots in zip(uses, self._lines.places, strict=True):
            for use, places in zip(own, slots[2:], strict=True):
                if use.in_noise:
                    by_noise[use.rows] = places[use.used]
                else:
                    slopes[use.rows, column[use.places[use.used]]] = places[use.used]
        self._slopes, self._by_noise = slopes[self.blocks.rows], by_noise[self.blocks.rows]

    def settle(self, pools: np.ndarray, points: np.ndarray, natural: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points with the closed-form parameters at their best.

        Parameters
        ----------
        pools : array, shape (n_points, n_numbers)
            What the formulas read at these points.
        points, natural : array, shape (n_points, n_estimated)
            On the optimizer's scale and in natural units, with any positive values for the closed-form parameters: the
            formulas are straight lines in them.

        Returns
        -------
        points, natural : array, shape (n_points, n_estimated)
        """
        if not len(self.inner):
            return points, natural
        problem, blocks, observed = self.assembled.problem, self.blocks, self.assembled.observed
        natural = natural.copy()
        results = np.concatenate([self._lines(pools), np.zeros((len(pools), 1))], axis=1)
        simulated, noise = results.take(self._both, axis=1).swapaxes(0, 1)
        for values in simulated if observed.axes else ():
            for axis in observed.axes:
                axis.apply(values)
        deviation = np.where(self._by_noise >= 0, results.take(self._by_noise, axis=1), noise[:, blocks.rows])
        blocks.solve(natural, simulated[:, blocks.rows], deviation, results.take(self._slopes, axis=1))
        optimum = points.copy()
        optimum[:, self.inner] = clip_to_bounds(problem.to_scale(natural)[:, self.inner], *self._bounds)
        return optimum, natural


# What has a closed form


def _settled(assembled: AssembledProblem, allowed: set[int]) -> tuple[tuple[HierarchicalBlock, ...], list[list[_Use]]]:
    """Blocks and uses of the largest set of parameters that the conditions below leave."""
    while True:
        uses: list[list[_Use]] = []
        dropped: set[int] = set()
        for group in assembled.groups:
            own, refused = _uses_of(assembled, group, allowed)
            uses.append(own)
            dropped |= refused
        dropped |= allowed - {int(k) for own in uses for use in own for k in use.places}
        if not dropped:
            blocks = []
            for rows, linear, noise in _components(assembled, uses):
                block, refused = _block(assembled, rows, linear, noise, uses)
                dropped |= refused
                if block is not None:
                    blocks.append(block)
            if not dropped:
                return tuple(blocks), uses
        allowed = allowed - dropped


def _uses_of(assembled: AssembledProblem, group: ObservableGroup, allowed: set[int]) -> tuple[list[_Use], set[int]]:
    """How a group's formulas use the allowed parameters, and those that enter in a way without a closed form."""
    candidates, refused = _places(assembled, group, allowed)
    formula, noise = group.formulas
    in_formula = [name for name in candidates if name in symbols(formula)]
    in_noise = [name for name in candidates if name in symbols(noise)]
    logarithmic = bool((assembled.noise.transformation[group.rows] != LINEAR).any())
    kept_linear = _straight(formula, [n for n in in_formula if n not in in_noise], logarithmic)
    kept_noise = [n for n in in_noise if n not in in_formula]
    if len(kept_noise) != 1 or not _proportional(noise, kept_noise[0]) or set(in_noise) != set(kept_noise):
        kept_noise = []
    uses = []
    for name, places in candidates.items():
        if name in kept_linear or name in kept_noise:
            uses.append(_Use(name, places, name in kept_noise, group.rows.start))
        else:
            refused |= {int(k) for k in places if k >= 0}
    return uses, refused


def _places(
    assembled: AssembledProblem, group: ObservableGroup, allowed: set[int]
) -> tuple[dict[str, np.ndarray], set[int]]:
    """Symbols that stand for allowed parameters, row by row; and parameters that do not stand alone, or stand twice."""
    candidates: dict[str, np.ndarray] = {}
    refused: set[int] = set()
    place_of, positions = assembled.plan.estimated_place, assembled.plan.positions
    for name, formulas in group.given.items():
        places = np.full(len(group), -1)
        for i, formula in enumerate(formulas):
            inside = {int(place_of[positions[s]]) for s in symbols(formula) if s in positions} & allowed
            if formula.operator == "symbol" and inside:
                places[i] = next(iter(inside))
            else:
                refused |= inside
        twice = [places == other for other in candidates.values()]
        refused |= {int(k) for same in twice for k in places[same] if k >= 0}
        if (places >= 0).any():
            candidates[name] = places
    return candidates, refused


def _straight(formula: Expression, names: list[str], logarithmic: bool) -> list[str]:
    """The names in which the formula is a straight line (with logarithms: one name that it is proportional to)."""
    proportional = [n for n in names if _proportional(formula, n)]
    if logarithmic:
        return proportional[:1]
    straight: list[str] = []
    for name in [*proportional, *(n for n in names if n not in proportional)]:
        slope = differentiate(formula, name)
        if not symbols(slope) & {name, *straight}:
            straight.append(name)
    return straight


def _proportional(formula: Expression, name: str) -> bool:
    return name not in symbols(differentiate(formula, name)) and is_number(substitute(formula, {name: ZERO}), 0.0)


def _components(assembled: AssembledProblem, uses: list[list[_Use]]) -> Iterator[tuple[np.ndarray, set[int], set[int]]]:
    """Rows connected by shared parameters, with the scales and offsets and the noise levels among these."""
    by_row: list[list[tuple[int, bool]]] = [[] for _ in assembled.order]
    for group, own in zip(assembled.groups, uses, strict=True):
        for use in own:
            for i in use.used:
                by_row[group.rows.start + int(i)].append((int(use.places[i]), use.in_noise))
    root = list(range(len(assembled.plan.estimated)))

    def find(k: int) -> int:
        while root[k] != k:
            k = root[k]
        return k

    for used in by_row:
        for place, _ in used[1:]:
            root[find(place)] = find(used[0][0])
    rows: dict[int, list[int]] = {}
    kinds: dict[int, tuple[set[int], set[int]]] = {}
    for row, used in enumerate(by_row):
        for place, in_noise in used:
            kinds.setdefault(find(place), (set(), set()))[in_noise].add(place)
        if used:
            rows.setdefault(find(used[0][0]), []).append(row)
    for key, members in rows.items():
        yield np.array(members), *kinds[key]


def _block(
    assembled: AssembledProblem, rows: np.ndarray, linear: set[int], noise: set[int], uses: list[list[_Use]]
) -> tuple[HierarchicalBlock | None, set[int]]:
    """The block of a component, or the parameters to leave to the search first."""
    model = assembled.noise
    if not assembled.noise.counted[rows].any():
        return None, linear | noise
    if linear and any(np.isin(rows, (*axis.members, *axis.made_by)).any() for axis in assembled.axes):
        return None, linear
    kinds = set(model.distribution[rows].tolist())
    logarithmic = model.transformation[rows] != LINEAR
    if model.censored[rows].any() or len(kinds) > 1 or not kinds <= {NORMAL, LAPLACE} or linear & noise:
        return None, linear | noise
    covered = np.zeros(len(assembled.order), bool)
    for own in uses:
        for use in own:
            if use.in_noise:
                covered[use.rows] = True
    mixed = len(noise) > 1 or (len(noise) == 1 and not covered[rows].all()) or len(set(logarithmic.tolist())) > 1
    if linear and (mixed or kinds == {LAPLACE}):
        return None, linear
    if len(noise) == 1 and not linear and not covered[rows].all():
        return None, noise
    block = HierarchicalBlock(
        rows, np.array(sorted(linear), dtype=int), min(noise, default=-1), bool(logarithmic[0]), kinds == {LAPLACE}
    )
    return block, set()


def _lines(group: ObservableGroup, uses: list[_Use]) -> list[Expression]:
    formula, noise = group.formulas
    return [formula, noise, *(differentiate(noise if u.in_noise else formula, u.name) for u in uses)]


# The objective over the other parameters


class ReducedObjective:
    """An objective over the parameters without a closed form, the others always at their best.

    Attributes
    ----------
    objective : Objective
    outer, inner : int arrays
        Positions among the estimated parameters.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.form = HierarchicalParameters(objective.assembled)
        self.inner = self.form.inner
        self.outer = np.setdiff1d(np.arange(len(objective.problem.estimated)), self.inner)
        problem = objective.problem
        self._start = np.clip(problem.to_scale(np.ones(len(problem.estimated))), *problem.bounds)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the outer parameters, on the optimizer's scale."""
        lower, upper = self.objective.problem.bounds
        return lower[self.outer], upper[self.outer]

    def value(self, part: np.ndarray) -> float:
        """The objective at outer values `part`, shape (n_outer,)."""
        return float(self.values(np.asarray(part)[None])[0])

    def values(self, parts: np.ndarray) -> np.ndarray:
        """The objective at each of several parts, shape (n_points, n_outer), as `Objective.values` gives it."""
        return self.objective.settled(self._whole(np.asarray(parts)), self.form.settle)[0]

    def complete(self, part: np.ndarray) -> np.ndarray:
        """All estimated parameters, shape (n_estimated,), at outer values `part`."""
        return self.completed(np.asarray(part)[None])[0]

    def completed(self, parts: np.ndarray) -> np.ndarray:
        """The same of each of several parts, shape (n_points, n_outer)."""
        return self.objective.settled(self._whole(np.asarray(parts)), self.form.settle)[1]

    def __call__(self, part: np.ndarray) -> Evaluation:
        """Value, gradient and information over the outer parameters."""
        evaluation, x = self.objective.sloped(self._whole(np.asarray(part)[None])[0], self.form.settle)
        return evaluation if evaluation.gradient is None else self._projected(evaluation, x)

    def _whole(self, parts: np.ndarray) -> np.ndarray:
        """Points over all estimated parameters, the closed-form ones at any positive values."""
        points = np.repeat(self._start[None], len(parts), axis=0)
        points[:, self.outer] = parts
        return points

    def _projected(self, evaluation: Evaluation, x: np.ndarray) -> Evaluation:
        """Slopes and information with the closed-form parameters following (those at a bound stay there)."""
        lower, upper = self.objective.problem.bounds
        moving = self.inner[(x[self.inner] > lower[self.inner]) & (x[self.inner] < upper[self.inner])]
        order, n = np.concatenate([self.outer, moving]), len(self.outer)
        information = evaluation.information[order[:, None], order]  # type: ignore[index]
        reduced = information[:n, :n]
        if len(moving):
            cross = information[n:, :n]
            reduced = reduced - cross.T @ np.linalg.lstsq(information[n:, n:], cross, rcond=1e-12)[0]
        return Evaluation(evaluation.value, evaluation.gradient[self.outer], reduced)  # type: ignore[index]
