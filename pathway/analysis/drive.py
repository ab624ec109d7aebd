"""Steady states over the miR-21 drive: followed as a branch, over draws, and by raising and lowering it in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pathway.network import circuit
from pathway.network.loops import DRIVE
from pathway.scenario.laboratory import Laboratory
from pathway.simulation import Intervention, simulate_ensemble
from pathway.simulation.steady import steady_states

from .continuation import Branch, SpecialPoint, SteadySystem, follow_branch, steady_system
from .draws import Progress
from .mistakes import AnalysisError


def drive_branch(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    parameter: str = DRIVE,
    low: float = 0.0,
    high: float = 10.0,
    held: Mapping[str, float] | None = None,
) -> tuple[SteadySystem, Branch]:
    """Steady states over the miR-21 drive (or another parameter), from one end of the range to the other.

    Parameters
    ----------
    laboratory : Laboratory
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
        Near a steady state at these parameters.
    parameter : str
        Or a species of `held`.
    low, high : float
    held : mapping of species to float, optional

    Raises
    ------
    AnalysisError
        If the branch cannot be followed.
    """
    resting = steady_system(replace(laboratory.model, parameter_values=parameters), parameter, held)
    (start,) = _at(resting, state[None], parameters[None], low)
    if not np.isfinite(start).all():
        raise AnalysisError(f"no steady state at {parameter} = {low:g}; begin at another value")
    return resting, follow_branch(resting.system, start, low, low, high)


def _at(resting: SteadySystem, states: np.ndarray, parameters: np.ndarray, value: float) -> np.ndarray:
    """Steady states with the parameter at a value, reached by following the model itself; nan where there is none."""
    model, followed = resting.model, resting.system.parameter
    rows, starts = parameters.copy(), np.nan_to_num(states)
    if followed in model.parameters:
        rows[:, model.parameter_index(followed)] = value
    for name, amount in resting.held.items():
        starts[:, model.species_index(name)] = value if name == followed else amount
    return resting.reduce(steady_states(model, starts, rows)[0])


@dataclass(frozen=True, eq=False)
class BranchSpread:
    """Branches of many parameter sets.

    Attributes
    ----------
    values : array, shape (k,)
        Of the parameter.
    readings : mapping of name to array, shape (n_draws, k)
        Nan for draws whose branch was lost or turns round.
    special : mapping of draw to tuple of SpecialPoint
        Draws whose branch has a fold or a Hopf point, and these.
    cut : mapping of draw to tuple of str
        For draws with a fold: the loops that, switched off, take all folds away.
    lost : int
        Draws without a steady state at the beginning, or whose branch could not be followed.
    """

    values: np.ndarray
    readings: Mapping[str, np.ndarray]
    special: Mapping[int, tuple[SpecialPoint, ...]]
    cut: Mapping[int, tuple[str, ...]]
    lost: int

    @property
    def members(self) -> int:
        """Draws that were followed until they left the range."""
        return len(next(iter(self.readings.values()))) - self.lost

    def having(self, kind: str) -> list[int]:
        """Draws with a special point of a kind: "fold", "Hopf"."""
        return [draw for draw, points in self.special.items() if any(point.kind == kind for point in points)]

    def band(self, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Ends of the middle 95 % of a reading, and its median, shape (k,) each."""
        low, high, median = np.nanquantile(self.readings[name], [0.025, 0.975, 0.5], axis=0)
        return low, high, median


def branches_of_draws(
    resting: SteadySystem,
    parameters: np.ndarray,
    states: np.ndarray,
    readings: Sequence[str],
    low: float,
    high: float,
    progress: Progress | None = None,
) -> BranchSpread:
    """The branch of every draw from one end of the range to the other, with its folds and Hopf points counted.

    All draws are stepped along the parameter together. One that does not come along, or whose Jacobian changes the sign
    of its determinant or gets a growing oscillation, may have a fold or a Hopf point: it is followed by itself, by
    pseudo-arclength.

    Parameters
    ----------
    resting : SteadySystem
        As `drive_branch` returns it.
    parameters : array, shape (n_draws, n_parameters)
    states : array, shape (n_draws, n_species)
        Near steady states of the draws.
    readings : sequence of str
    low, high : float
    progress : callable, optional
    """
    values = np.linspace(low, high, _STEPS)
    starts = _at(resting, states, parameters, low)
    followed = resting.system.parameter
    constants = {n: parameters[:, k] for k, n in enumerate(resting.model.parameters) if n != followed}
    courses = {name: np.full((len(parameters), len(values)), np.nan) for name in readings}
    smooth = np.isfinite(starts).all(axis=1)
    current, sign = starts, np.zeros(len(parameters))
    for step, value in enumerate(values):
        current, jacobians = _stepped(resting, current, value, constants)
        smooth &= np.isfinite(current).all(axis=1) & np.isfinite(jacobians).all(axis=(1, 2))
        safe = np.where(smooth[:, None, None], jacobians, np.eye(jacobians.shape[1]))
        now = np.linalg.slogdet(safe / np.abs(safe).max(axis=2, keepdims=True))[0]
        smooth &= (now == sign) | (step == 0)
        sign = now
        if step % _EIGENVALUES_EVERY == 0:
            eigenvalues = np.linalg.eigvals(safe)
            smooth &= ~((eigenvalues.real > 0.0) & (eigenvalues.imag > 0.0)).any(axis=1)
        along = resting.names(np.nan_to_num(current, nan=1.0), value, constants)
        for name in readings:
            courses[name][:, step] = along[name]
        if progress:
            progress("branches", step + 1, len(values))
    for name in readings:
        courses[name][~smooth] = np.nan
    alone = {int(k): _alone(resting, starts[k], parameters[k], low, high) for k in np.flatnonzero(~smooth)}
    special = {k: branch.special for k, branch in alone.items() if branch is not None and branch.special}
    cut = {
        k: _what_cuts(resting, parameters[k], states[k], low, high)
        for k, points in special.items()
        if any(point.kind == "fold" for point in points)
    }
    return BranchSpread(values, courses, special, cut, sum(branch is None for branch in alone.values()))


def _what_cuts(
    resting: SteadySystem, parameters: np.ndarray, state: np.ndarray, low: float, high: float
) -> tuple[str, ...]:
    """What takes the folds of a draw away when it is switched off."""
    names = []
    for loop in circuit().loops:
        if not loop.may_switch:
            continue
        values = parameters.copy()
        for changed, value in loop.switched_off.items():
            values[resting.model.parameter_index(changed)] = value
        branch = _alone(resting, _at(resting, state[None], values[None], low)[0], values, low, high)
        if branch is not None and not branch.folds():
            names.append(loop.name)
    return tuple(names)


_STEPS = 41
_EIGENVALUES_EVERY = 4


def _stepped(
    resting: SteadySystem, states: np.ndarray, value: float, constants: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Newton's method for all draws at once from the last value's states; nan where it does not converge."""
    current = states.copy()
    for _ in range(12):
        residuals, jacobians = resting.system.linearized_over(current, value, constants)
        usable = np.isfinite(residuals).all(axis=1) & np.isfinite(jacobians).all(axis=(1, 2))
        safe = np.where(usable[:, None, None], jacobians, np.eye(jacobians.shape[1]))
        change = np.linalg.solve(safe, np.where(usable[:, None], residuals, np.nan)[..., None])[..., 0]
        current = current - change
        small = np.abs(change) <= 1e-9 * np.abs(current) + 1e-12 * np.abs(current).max(axis=1, keepdims=True)
        converged = small.all(axis=1)
        if (converged | np.isnan(current).any(axis=1)).all():
            break
    current[~converged] = np.nan
    return current, jacobians


def _alone(resting: SteadySystem, start: np.ndarray, parameters: np.ndarray, low: float, high: float) -> Branch | None:
    """One draw's branch by pseudo-arclength until it leaves the range on either side; None if it cannot be followed."""
    constants = dict(zip(resting.model.parameters, map(float, parameters), strict=True))
    constants.pop(resting.system.parameter, None)
    if not np.isfinite(start).all():
        return None
    try:
        branch = follow_branch(resting.system.with_constants(constants), start, low, low, high)
    except AnalysisError:
        return None
    return branch if branch.ended == "limit" else None


@dataclass(frozen=True, eq=False)
class Hysteresis:
    """Readings while the drive is raised slowly and lowered again.

    Attributes
    ----------
    values : array, shape (k,)
    up, down : mapping of name to array, shape (k,)
    """

    values: np.ndarray
    up: Mapping[str, np.ndarray]
    down: Mapping[str, np.ndarray]

    def gap(self, name: str) -> float:
        """Largest relative difference between the way up and the way down."""
        up, down = self.up[name], self.down[name]
        return float(np.max(np.abs(up - down) / np.maximum(np.maximum(np.abs(up), np.abs(down)), 1e-12)))


def hysteresis(
    laboratory: Laboratory,
    parameters: np.ndarray,
    state: np.ndarray,
    values: Sequence[float] | np.ndarray,
    readings: Sequence[str],
    parameter: str = DRIVE,
    wait: float = 2000.0,
) -> Hysteresis:
    """Raise and lower a parameter step by step, waiting at each step, by simulation over time.

    Parameters
    ----------
    wait : float, hours
        At each value.
    """
    steps = np.concatenate([values, np.asarray(values)[::-1]])
    plan = [Intervention(float(k * wait), set={parameter: float(v)}) for k, v in enumerate(steps)]
    times = (np.arange(len(steps)) + 1.0) * wait - 1e-6
    run = simulate_ensemble(
        laboratory.model,
        times,
        parameters[None],
        initial=state,
        interventions=plan,
        observables=tuple(readings),
        start=0.0,
    )
    n = len(values)
    courses = {name: run[name][0] for name in readings}
    return Hysteresis(
        np.asarray(values, dtype=float),
        {name: course[:n] for name, course in courses.items()},
        {name: course[n:][::-1] for name, course in courses.items()},
    )
