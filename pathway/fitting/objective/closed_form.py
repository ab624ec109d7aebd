"""Scales, offsets and noise levels whose best values follow from the simulation in closed form.

Given the simulated states, an observable `offset + scale * x` with normal noise of one unknown level has its best
offset and scale by linear least squares and its best noise level by the mean square that is left. What enters so is
found from the formulas; the search then moves only the other parameters (variable projection).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pathway.expressions import Expression, differentiate, substitute, symbols
from pathway.expressions.graph import ZERO, is_number
from pathway.kernels import compile_formulas

from .layout import Group, Layout
from .noise import LAPLACE, LINEAR, NORMAL
from .objective import Evaluation, Objective, Recorded


@dataclass(frozen=True, eq=False)
class Block:
    """Measurements that share parameters with a closed form, and no such parameter with others.

    Attributes
    ----------
    rows : int array
        Measurements, in the order of the layout's groups.
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
        """The same rows in the order of the layout's groups."""
        return self.used + self.first


class ClosedForm:
    """The closed-form parameters of a layout and their best values.

    Attributes
    ----------
    blocks : tuple of Block
    inner : int array
        All their parameters, positions among the estimated.

    Notes
    -----
    Golub & Pereyra 1973, doi 10.1137/0710036; for scales, offsets and noise of such problems Weber et al. 2011,
    doi 10.3182/20110828-6-IT-1002.01151, and Schmiester et al. 2020, doi 10.1093/bioinformatics/btz581.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        problem = layout.problem
        allowed = {int(k) for k in layout.observed_only if problem.estimated[k].prior is None}
        self.blocks, self._uses = _settled(layout, allowed)
        self.inner = np.array(
            sorted({int(k) for b in self.blocks for k in (*b.linear, *([b.noise] if b.noise >= 0 else []))}), dtype=int
        )
        self._groups = [(g, uses) for g, uses in zip(layout.groups, self._uses, strict=True) if uses]
        self._lines = compile_formulas((g.inputs, _lines(g, uses)) for g, uses in self._groups)
        lower = np.array([p.lower for p in problem.estimated])
        upper = np.array([p.upper for p in problem.estimated])
        self._bounds = lower, upper
        self._column = np.full(len(layout.estimated), -1)
        for block in self.blocks:
            self._column[block.linear] = np.arange(len(block.linear))

    def settle(self, recorded: Recorded, natural: np.ndarray) -> np.ndarray:
        """Natural values of the estimated parameters with the closed-form ones at their best for these states."""
        at = natural.copy()
        # Any positive values do: the formulas are straight lines in them.
        at[self.inner] = np.clip(1.0, self._bounds[0][self.inner], self._bounds[1][self.inner])
        simulated, noise, slopes, by_noise = self._straight(recorded, self.layout.full(at))
        for block in self.blocks:
            self._solve(block, at, simulated, noise, slopes, by_noise)
        return at

    def _straight(self, recorded: Recorded, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Simulated values, noise, their slopes by the closed-form parameters of each row's block."""
        n = len(self.layout.order)
        widest = max((len(b.linear) for b in self.blocks), default=0)
        both, by_noise, slopes = np.empty((2, n)), np.zeros(n), np.zeros((n, widest))
        for (group, uses), lines in zip(self._groups, self._lines, strict=True):
            found = lines(group.columns(recorded.states, recorded.parameters, q))
            both[:, group.rows] = found[:2]
            for use, slope in zip(uses, found[2:], strict=True):
                if use.in_noise:
                    by_noise[use.rows] = slope[use.used]
                else:
                    slopes[use.rows, self._column[use.places[use.used]]] += slope[use.used]
        simulated, noise = both
        for axis in self.layout.axes:
            axis.apply(simulated)
        return simulated, noise, slopes, by_noise

    def _solve(
        self,
        block: Block,
        at: np.ndarray,
        simulated: np.ndarray,
        noise: np.ndarray,
        slopes: np.ndarray,
        by_noise: np.ndarray,
    ) -> None:
        """Write the best values of one block into `at`."""
        rows, model = block.rows, self.layout.noise
        counted = self.layout.counted[rows]
        measured = model.measured[rows]
        deviation = by_noise[rows] if block.noise >= 0 else noise[rows]
        lower, upper = self._bounds
        if block.logarithmic:
            unit = np.where(model.transformation[rows] == 1, 1.0, math.log(10.0))
            rest = np.log(np.maximum(simulated[rows], 1e-300) / measured) / unit
            table = (slopes[rows][:, : len(block.linear)] != 0.0) / unit[:, None]
        else:
            rest = simulated[rows] - measured
            table = slopes[rows][:, : len(block.linear)]
        if len(block.linear):
            now = at[block.linear]
            low, high = lower[block.linear], upper[block.linear]
            if block.logarithmic:
                with np.errstate(divide="ignore"):
                    now, low, high = np.log(now), np.log(np.maximum(low, 0.0)), np.log(high)
            share = counted / deviation
            found = bounded_least_squares(table * share[:, None], (table @ now - rest) * share, low, high)
            rest = rest + table @ (found - now)
            at[block.linear] = np.exp(found) if block.logarithmic else found
        if block.noise >= 0:
            scaled = rest / deviation
            best = float(np.mean(np.abs(scaled[counted]))) if block.laplace else _root_mean_square(scaled[counted])
            at[block.noise] = min(max(best, lower[block.noise]), upper[block.noise])


def _root_mean_square(values: np.ndarray) -> float:
    return math.sqrt(float(np.mean(values**2)))


def bounded_least_squares(table: np.ndarray, goal: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """The minimizer of |table x - goal| in a box, shape (n_columns,), for few columns.

    Columns of zeros get the value nearest to zero that the box allows.
    """
    n = table.shape[1]
    if n == 1:
        square = float(table[:, 0] @ table[:, 0])
        best = float(table[:, 0] @ goal) / square if square > 0.0 else 0.0
        return np.clip(np.array([best]), lower, upper)
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


# What has a closed form


def _settled(layout: Layout, allowed: set[int]) -> tuple[tuple[Block, ...], list[list[_Use]]]:
    """Blocks and uses of the largest set of parameters that the conditions below leave."""
    while True:
        uses: list[list[_Use]] = []
        dropped: set[int] = set()
        for group in layout.groups:
            found, refused = _uses_of(group, allowed)
            uses.append(found)
            dropped |= refused
        dropped |= allowed - {int(k) for found in uses for use in found for k in use.places}
        if not dropped:
            blocks = []
            for rows, linear, noise in _components(layout, uses):
                block, refused = _block(layout, rows, linear, noise, uses)
                dropped |= refused
                if block is not None:
                    blocks.append(block)
            if not dropped:
                return tuple(blocks), uses
        allowed = allowed - dropped


def _uses_of(group: Group, allowed: set[int]) -> tuple[list[_Use], set[int]]:
    """How a group's formulas use the allowed parameters, and those that enter in a way without a closed form."""
    found, refused = _places(group, allowed)
    formula, noise = group.formulas
    in_formula = [name for name in found if name in symbols(formula)]
    in_noise = [name for name in found if name in symbols(noise)]
    logarithmic = bool((group.layout.noise.transformation[group.rows] != LINEAR).any())
    kept_linear = _straight(formula, [n for n in in_formula if n not in in_noise], logarithmic)
    kept_noise = [n for n in in_noise if n not in in_formula]
    if len(kept_noise) != 1 or not _proportional(noise, kept_noise[0]) or set(in_noise) != set(kept_noise):
        kept_noise = []
    uses = []
    for name, places in found.items():
        if name in kept_linear or name in kept_noise:
            uses.append(_Use(name, places, name in kept_noise, group.rows.start))
        else:
            refused |= {int(k) for k in places if k >= 0}
    return uses, refused


def _places(group: Group, allowed: set[int]) -> tuple[dict[str, np.ndarray], set[int]]:
    """Symbols that stand for allowed parameters, row by row; and parameters inside a placeholder's formula."""
    layout, n = group.layout, len(group.outputs)
    found: dict[str, np.ndarray] = {}
    refused: set[int] = set()
    for name, position in group.direct:
        place = int(layout.estimated_place[position])
        if place in allowed:
            found[name] = np.full(n, place)
    for j, name in enumerate(group.given):
        places = np.full(n, -1)
        for i, row in enumerate(group.filled):
            inside = {
                int(layout.estimated_place[layout.positions[s]]) for s in symbols(row[j]) if s in layout.positions
            } & allowed
            if row[j].operator == "symbol" and inside:
                places[i] = next(iter(inside))
            else:
                refused |= inside
        if (places >= 0).any():
            found[name] = places
    return found, refused


def _straight(formula: Expression, names: list[str], logarithmic: bool) -> list[str]:
    """The names in which the formula is a straight line (with logarithms: one name that it is proportional to)."""
    proportional = [n for n in names if _proportional(formula, n)]
    if logarithmic:
        return proportional[:1]
    kept: list[str] = []
    for name in [*proportional, *(n for n in names if n not in proportional)]:
        slope = differentiate(formula, name)
        if not symbols(slope) & {name, *kept}:
            kept.append(name)
    return kept


def _proportional(formula: Expression, name: str) -> bool:
    return name not in symbols(differentiate(formula, name)) and is_number(substitute(formula, {name: ZERO}), 0.0)


def _components(layout: Layout, uses: list[list[_Use]]) -> Iterator[tuple[np.ndarray, set[int], set[int]]]:
    """Rows connected by shared parameters, with the scales and offsets and the noise levels among these."""
    by_row: list[list[tuple[int, bool]]] = [[] for _ in layout.order]
    for group, found in zip(layout.groups, uses, strict=True):
        for use in found:
            for i in use.used:
                by_row[group.rows.start + int(i)].append((int(use.places[i]), use.in_noise))
    root = list(range(len(layout.estimated)))

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
    layout: Layout, rows: np.ndarray, linear: set[int], noise: set[int], uses: list[list[_Use]]
) -> tuple[Block | None, set[int]]:
    """The block of a component, or the parameters to leave to the search first."""
    model = layout.noise
    if not layout.counted[rows].any():
        return None, linear | noise
    if linear and any(np.isin(rows, (*axis.members, *axis.made_by)).any() for axis in layout.axes):
        return None, linear
    kinds = set(model.distribution[rows].tolist())
    logarithmic = model.transformation[rows] != LINEAR
    if model.censored[rows].any() or len(kinds) > 1 or not kinds <= {NORMAL, LAPLACE} or linear & noise:
        return None, linear | noise
    covered = np.zeros(len(layout.order), bool)
    for found in uses:
        for use in found:
            if use.in_noise:
                covered[use.rows] = True
    mixed = len(noise) > 1 or (len(noise) == 1 and not covered[rows].all()) or len(set(logarithmic.tolist())) > 1
    if linear and (mixed or kinds == {LAPLACE}):
        return None, linear
    if len(noise) == 1 and not linear and not covered[rows].all():
        return None, noise
    made = Block(
        rows, np.array(sorted(linear), dtype=int), min(noise, default=-1), bool(logarithmic[0]), kinds == {LAPLACE}
    )
    return made, set()


def _lines(group: Group, uses: list[_Use]) -> list[Expression]:
    formula, noise = group.formulas
    return [formula, noise, *(differentiate(noise if u.in_noise else formula, u.name) for u in uses)]


# The objective over the other parameters


class Reduced:
    """An objective over the parameters without a closed form, the others always at their best.

    Attributes
    ----------
    objective : Objective
    outer, inner : int arrays
        Positions among the estimated parameters.
    """

    def __init__(self, objective: Objective) -> None:
        self.objective = objective
        self.form = ClosedForm(objective.layout)
        self.inner = self.form.inner
        self.outer = np.setdiff1d(np.arange(len(objective.problem.estimated)), self.inner)
        self._start = np.clip(np.zeros(len(objective.problem.estimated)), *objective.problem.bounds)

    @property
    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the outer parameters, on the optimizer's scale."""
        lower, upper = self.objective.problem.bounds
        return lower[self.outer], upper[self.outer]

    def value(self, part: np.ndarray) -> float:
        """The objective at outer values `part`, shape (n_outer,)."""
        return self._evaluate(part, False)[0].value

    def __call__(self, part: np.ndarray) -> Evaluation:
        """Value, gradient and information over the outer parameters."""
        return self._evaluate(part, True)[0]

    def complete(self, part: np.ndarray) -> np.ndarray:
        """All estimated parameters, shape (n_estimated,), at outer values `part`."""
        return self._evaluate(part, False)[1]

    def _evaluate(self, part: np.ndarray, slopes: bool) -> tuple[Evaluation, np.ndarray]:
        x = self._start.copy()
        x[self.outer] = part
        problem = self.objective.problem

        def settle(recorded: Recorded) -> np.ndarray:
            nonlocal x
            if len(self.inner):
                natural = self.form.settle(recorded, problem.from_scale(x))
                inside = np.clip(problem.to_scale(natural), *problem.bounds)
                x[self.inner] = inside[self.inner]
            return x

        made = self.objective.evaluate(x, slopes, settle)
        if made.gradient is None or not math.isfinite(made.value):
            return made, x
        return self._projected(made, x), x

    def _projected(self, made: Evaluation, x: np.ndarray) -> Evaluation:
        """Slopes and information with the closed-form parameters following (those at a bound stay there)."""
        gradient, information = made.gradient, made.information
        lower, upper = self.objective.problem.bounds
        moving = self.inner[(x[self.inner] > lower[self.inner]) & (x[self.inner] < upper[self.inner])]
        kept = information[np.ix_(self.outer, self.outer)]  # type: ignore[index]
        if len(moving):
            cross = information[np.ix_(moving, self.outer)]  # type: ignore[index]
            block = information[np.ix_(moving, moving)]  # type: ignore[index]
            kept = kept - cross.T @ np.linalg.lstsq(block, cross, rcond=1e-12)[0]
        return Evaluation(made.value, gradient[self.outer], kept)  # type: ignore[index]
