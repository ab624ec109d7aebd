"""Who controls what: coefficients of metabolic control analysis, and sensitivities over time.

A control coefficient is the relative change of a reading per relative change of one reaction's rate, all else left to
settle. Rates of all reactions turned up together leave every level where it is and raise every flux by as much, so the
coefficients of a level sum to 0 and those of a flux to 1: a check on everything that went before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pathway.equations import Model
from pathway.equations.model import TIME
from pathway.expressions import Expression, symbols
from pathway.expressions.calculus import directional_derivative
from pathway.expressions.evaluation import evaluate_all
from pathway.expressions.graph import ONE
from pathway.simulation import Intervention, simulate, steady_state_sensitivities
from pathway.simulation.pieces import PieceRunner

from .draws import Progress
from .mistakes import unknown_name_error
from .scaled_model import rate_scale_name, scalable_model


@dataclass(frozen=True, eq=False)
class ControlCoefficients:
    """Control coefficients at a steady state.

    Attributes
    ----------
    readings : tuple of str
        Levels (species, quantities, observables), then fluxes as "flux of REACTION".
    reactions : tuple of str
    coefficients : array, shape (n_readings, n_reactions)
    values : array, shape (n_readings,)
        The readings themselves.
    expected : array, shape (n_readings,)
        What each row must sum to by the summation theorems: 0 for levels, 1 for fluxes.
    low, high, median : array, shape (n_readings, n_reactions), or None
        Ends and middle of what the central 95 % of draws give, where there are draws.
    """

    readings: tuple[str, ...]
    reactions: tuple[str, ...]
    coefficients: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    median: np.ndarray | None = None

    @property
    def violation(self) -> float:
        """Largest distance of a sum from its theorem."""
        return float(np.abs(self.coefficients.sum(axis=1) - self.expected).max())

    def strongest(self, reading: str, count: int = 10) -> list[tuple[str, float]]:
        """Reactions with the largest control over a reading."""
        row = self.coefficients[self.readings.index(reading)]
        order = np.argsort(-np.abs(row), kind="stable")[:count]
        return [(self.reactions[k], float(row[k])) for k in order]

    def strongest_in_words(self, reading: str, count: int = 10) -> list[str]:
        """The same as text, with intervals where there are draws."""
        row = self.readings.index(reading)
        words = []
        for name, value in self.strongest(reading, count):
            place = self.reactions.index(name)
            band = "" if self.low is None or self.high is None else (
                f" ({self.low[row, place]:+.2f} to {self.high[row, place]:+.2f})"
            )  # fmt: skip
            words.append(f"{name} {value:+.2f}{band}")
        return words

    def rows(self) -> tuple[list[str], list[list[Any]]]:
        """The tidy table: one row for each reading and reaction."""
        table: list[list[Any]] = []
        for i, reading in enumerate(self.readings):
            for k, reaction in enumerate(self.reactions):
                drawn = (self.low, self.high, self.median)
                ends = [None if end is None else float(end[i, k]) for end in drawn]
                table.append([reading, reaction, float(self.coefficients[i, k]), *ends])
        return ["reading", "reaction", "control coefficient [1]", "low", "high", "median"], table

    def to_dict(self) -> dict[str, Any]:
        """The JSON form."""
        return {
            "readings": list(self.readings),
            "reactions": list(self.reactions),
            "coefficients": self.coefficients.tolist(),
            "low": None if self.low is None else self.low.tolist(),
            "high": None if self.high is None else self.high.tolist(),
            "median": None if self.median is None else self.median.tolist(),
            "values": self.values.tolist(),
            "sums": self.coefficients.sum(axis=1).tolist(),
            "expected_sums": self.expected.tolist(),
            "violation": self.violation,
        }


def control_coefficients(
    model: Model,
    parameters: np.ndarray,
    state: np.ndarray,
    levels: Sequence[str],
    fluxes: Sequence[str] = (),
) -> ControlCoefficients:
    """Control of every reaction over levels and fluxes at a steady state.

    Parameters
    ----------
    model : Model
    parameters : array, shape (n_parameters,)
    state : array, shape (n_species,)
        A steady state.
    levels : sequence of str
        Species, quantities or observables.
    fluxes : sequence of str
        Reactions.

    Raises
    ------
    AnalysisError
        If a name does not exist.

    Notes
    -----
    Kacser and Burns 1973; Heinrich and Rapoport 1974; summation theorems as there.
    """
    larger = scalable_model(model)
    factors = tuple(rate_scale_name(reaction) for reaction in model.rates)
    values = np.concatenate([parameters, np.ones(len(factors))])
    slopes = steady_state_sensitivities(larger, factors, values, initial=state, state=state)
    formulas = [_formula(larger, name) for name in levels] + [_flux(larger, name) for name in fluxes]
    closed = larger.closed(formulas)
    known = dict(zip(larger.species, map(float, state), strict=True)) | {TIME: larger.start_time}
    known |= dict(zip(larger.parameters, map(float, values), strict=True))
    readings = np.array(evaluate_all(closed, known))
    by_state = _gradient(closed, larger.species, known)
    by_factor = _gradient(closed, factors, known)
    with np.errstate(all="ignore"):
        coefficients = (by_state @ slopes + by_factor) / readings[:, None]
    expected = np.array([0.0] * len(levels) + [1.0] * len(fluxes))
    names = (*levels, *(f"flux of {name}" for name in fluxes))
    return ControlCoefficients(names, tuple(model.rates), np.nan_to_num(coefficients), readings, expected)


def control_coefficients_of_draws(
    model: Model,
    parameters: np.ndarray,
    states: np.ndarray,
    levels: Sequence[str],
    fluxes: Sequence[str] = (),
    progress: Progress | None = None,
    runner: PieceRunner | None = None,
) -> ControlCoefficients:
    """Control coefficients of the first parameter set, with intervals over the others.

    Parameters
    ----------
    model : Model
    parameters : array, shape (1 + n_draws, n_parameters)
    states : array, shape (1 + n_draws, n_species)
        Steady states; draws without one are left out.
    levels, fluxes : sequence of str
    progress : callable, optional
    runner : PieceRunner, optional
        Who does the work; threads of this process unless given.
    """
    chosen = control_coefficients(model, parameters[0], states[0], levels, fluxes)
    draws = [(parameters[k], states[k]) for k in range(1, len(parameters)) if np.isfinite(states[k]).all()]
    work = partial(_coefficients_of_draw, model, tuple(levels), tuple(fluxes))
    drawn = []
    for part in (runner or PieceRunner()).kept("draws", work, draws, (levels, fluxes)):
        drawn.append(part["coefficients"])
        if progress:
            progress("draws", len(drawn), len(draws))
    if len(drawn) < 2:
        return chosen
    low, high, median = np.quantile(drawn, [0.025, 0.975, 0.5], axis=0, method="inverted_cdf")
    return replace(chosen, low=low, high=high, median=median)


def _coefficients_of_draw(
    model: Model, levels: Sequence[str], fluxes: Sequence[str], draw: tuple[np.ndarray, np.ndarray]
) -> dict[str, np.ndarray]:
    return {"coefficients": control_coefficients(model, *draw, levels, fluxes).coefficients}


def _formula(model: Model, name: str) -> Expression:
    from pathway.expressions import symbol

    if name in model.species:
        return symbol(name)
    known = {**model.assignments, **model.observables}
    if name not in known:
        raise unknown_name_error("read-out", name, [*model.species, *known])
    return known[name]


def _flux(model: Model, name: str) -> Expression:
    if name not in model.rates:
        raise unknown_name_error("reaction", name, model.rates)
    return model.rates[name]


def _gradient(formulas: Sequence[Expression], names: Sequence[str], known: dict[str, float]) -> np.ndarray:
    matrix = np.zeros((len(formulas), len(names)))
    for column, name in enumerate(names):
        if rows := [k for k, formula in enumerate(formulas) if name in symbols(formula)]:
            matrix[rows, column] = evaluate_all(directional_derivative([formulas[k] for k in rows], {name: ONE}), known)
    return matrix


@dataclass(frozen=True, eq=False)
class TimeSensitivities:
    """Relative sensitivities of one reading over time.

    Attributes
    ----------
    reading : str
    parameters : tuple of str
    times : array, shape (n_times,)
    values : array, shape (n_times, n_parameters)
        Relative change of the reading per relative change of the parameter; absolute change where the reading is 0.
    low, high, median : array, shape (n_times, n_parameters), or None
        Ends and middle of what the central 95 % of draws give, where there are draws.
    """

    reading: str
    parameters: tuple[str, ...]
    times: np.ndarray
    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    median: np.ndarray | None = None

    def strongest(self, count: int = 10) -> list[tuple[str, float, float]]:
        """Parameters with the largest sensitivity at any time, when that is, and its value."""
        peaks = np.abs(self.values).argmax(axis=0)
        largest = self.values[peaks, np.arange(len(self.parameters))]
        order = np.argsort(-np.abs(largest), kind="stable")[:count]
        return [(self.parameters[k], float(self.times[peaks[k]]), float(largest[k])) for k in order]

    def strongest_in_words(self, count: int = 6) -> list[str]:
        """The same as text, with intervals where there are draws."""
        words = []
        for name, time, value in self.strongest(count):
            place = int(np.flatnonzero(self.times == time)[0]), self.parameters.index(name)
            band = "" if self.low is None or self.high is None else (
                f" ({self.low[place]:+.2f} to {self.high[place]:+.2f})"
            )  # fmt: skip
            words.append(f"{name} {value:+.2f}{band} at {time:g} h")
        return words

    def rows(self) -> list[list[Any]]:
        """One row for each time and parameter: value, low, high, median."""
        drawn = (self.low, self.high, self.median)
        return [
            [
                self.reading, float(time), name, float(self.values[t, k]),
                *(None if end is None else float(end[t, k]) for end in drawn),
            ]
            for t, time in enumerate(self.times)
            for k, name in enumerate(self.parameters)
        ]  # fmt: skip


def sensitivities_over_time(
    model: Model,
    parameters: np.ndarray,
    state: np.ndarray,
    reading: str,
    names: Sequence[str],
    times: np.ndarray,
    interventions: Sequence[Intervention],
    start: float,
) -> TimeSensitivities:
    """How a reading answers to parameters while an experiment runs; the untreated start is held.

    Parameters
    ----------
    model : Model
    parameters, state : array
        Of the cells, and their state at `start`.
    reading : str
    names : sequence of str
        Parameters.
    times : array, shape (n_times,)
    interventions : sequence of Intervention
    start : float
    """
    formula = _formula(model, reading)
    run = simulate(
        model,
        times,
        parameters=parameters,
        initial=state,
        interventions=interventions,
        start=start,
        sensitivities=list(names),
    )
    closed = model.closed([formula])
    slopes = np.zeros((len(times), len(names)))
    level = np.asarray(run[reading])
    state_slopes = run.sensitivities
    assert state_slopes is not None
    for k, time in enumerate(times):
        known = dict(zip(model.species, map(float, run.values[k]), strict=True)) | {TIME: float(time)}
        known |= dict(zip(model.parameters, map(float, run.parameters[k]), strict=True))
        slope = _gradient(closed, model.species, known) @ state_slopes[k]
        slopes[k] = (slope + _gradient(closed, names, known))[0]
    scale = np.array([parameters[model.parameter_index(name)] for name in names])
    relative = slopes * scale / np.where(np.abs(level) > 0, level, 1.0)[:, None]
    return TimeSensitivities(reading, tuple(names), np.asarray(times), relative)
